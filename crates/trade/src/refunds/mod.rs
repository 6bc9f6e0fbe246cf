//! Refunds: what is given back of an order, line by line, why, and who bears it.
//!
//! That somebody grants a refund and that the money has moved are two facts. No refund is above what is left of its
//! line, nor all of them together above what was paid for the order; the tax in them is exact to the last cent. Above a
//! limit that counts all refunds of an order, a second person has to agree. What was given back whole has a credit note.

mod command;
mod credit_note;
mod event;
mod left;
mod machine;
mod types;

pub use command::{Asking, Command, Policy, Share};
pub use credit_note::{Back, By, CreditNote, CreditNoteId, Issued, NoteLine, NoteTax, through};
pub use event::{Asked, Event};
pub use left::Left;
pub use machine::{Refusal, apply, bound_minor, decide, draw, draw_shared, kept_minor};
pub use types::{Drawn, Moved, Part, Reason, Refund, State, Way};

#[cfg(test)]
mod tests;
