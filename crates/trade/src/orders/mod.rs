//! Orders: what was ordered, what was promised for it, and how it goes on.
//!
//! An order begins *pending*, or *scheduled* when it is for much later; a scheduled one is *pending* when its time has
//! come. It is shown to the restaurant only once its money is safe: secured, or paid on delivery. From *pending* the
//! restaurant, or its rule, makes it *confirmed*, or *rejected*; it is *expired* when the payment or the answer does not
//! come in time. Then it is *preparing* and *ready_for_pickup*, and after that, by its service: *out_for_delivery* and
//! *delivered*, or *returned* when nobody takes it; *collected*; or *served*. It is *cancelled* by the diner until it is
//! confirmed and a short while longer, by the restaurant until it leaves, by operators until it has arrived, and by
//! itself when its payment fails. Nothing follows upon a final state.
//!
//! An order at a table may be a [tab](Tab): more is held than it costs, it takes more lines until it is made, and its money is
//! taken when it was served.
//!
//! Tips are given until a while after the end: [`Tip`] says how they go on, and that they are no part of the bill.
//!
//! Beside that, lines are changed: [`change`](Change) says who must agree to what, and what is paid besides or given
//! back. Every event is one version. Nothing personal is in an order, nor in its events.

mod change;
mod command;
mod edges;
mod event;
mod fold;
mod machine;
mod money;
mod place;
mod policy;
mod pricing;
mod reason;
mod refusal;
mod tabs;
mod tips;
mod types;
mod vouchers;

pub use change::{Change, Done, LINE_COMMANDS_MAX, LineCommand, Planned, Proposal, Repriced, plan};
pub use command::{Command, Facts, Placing, Word};
pub use edges::{BEGINNINGS, EDGES, is_edge};
pub use event::{Dropped, Event, Said, Told, Unreadable};
pub use fold::{Broken, Due, apply, fold};
pub use machine::{changeable, decide};
pub use money::Totals;
pub use policy::may;
pub use pricing::{counts, of_quote, reprice};
pub use reason::{Coded, Why};
pub use refusal::Refusal;
pub use tabs::{Tab, Tabs};
pub use tips::{Recipients, TIP_DAYS, TIPS_MAX, Tip, TipState, TipsFor};
pub use types::{
    Actor, Choice, LINE_KEY_CHARS_MAX, LINES_MAX, Lapse, Line, LineKey, LineKeyError, LineState,
    MoneyLine, NoTips, Order, OrderId, Paying, Rules, Status, TICKETS_MAX, Taking, Ticket,
    TicketId, TicketState, Used,
};
pub use vouchers::MealVouchers;

#[cfg(test)]
pub(crate) mod tests;
