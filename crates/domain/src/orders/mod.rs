//! Orders: what was ordered, what was promised for it, and how it goes on.

mod change;
mod command;
mod event;
mod reason;
mod refusal;
mod types;

pub use change::{Change, LINE_COMMANDS_MAX, LineCommand, Proposal, Repriced};
pub use command::{Command, Facts, Placing, Word};
pub use event::{Dropped, Event, Said, Told, Unreadable};
pub use reason::{Coded, Why};
pub use refusal::Refusal;
pub use types::{
    Actor, Choice, LINE_KEY_CHARS_MAX, LINES_MAX, Line, LineKey, LineKeyError, LineState,
    MoneyLine, Order, OrderId, Paying, Rules, Status, TICKETS_MAX, Ticket, TicketId, TicketState,
};
