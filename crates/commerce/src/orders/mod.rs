//! Orders: placing, reading and moving them, by those who order and those who make it.
//!
//! An order is one row, folded from its events by `trade::orders`; its stream has its id. What is said of the diner is
//! sealed with his key, in the row as in the event. Whatever follows from an order at once (its number, what is taken
//! of counted items, its timer) is in its one commit.

mod app;
mod bill;
mod cart;
pub(crate) mod change;
mod change_http;
mod change_pay;
mod claims;
mod counter;
mod credit_notes;
mod credits;
mod estimate;
mod fold;
mod fraud;
mod heirs;
mod http;
mod moves;
mod parts;
mod pay;
mod place;
mod priced;
mod quoted;
mod react;
mod refunds;
mod refusals;
mod rules;
mod slot;
mod store;
mod tip_pay;
mod tips;
mod view;

pub use app::{App, With};
pub(crate) use credit_notes::{
    FOLD as NOTES_FOLD, FOLD_NUMBERS as NOTE_NUMBERS_FOLD, SHARD as NOTES,
};
pub(crate) use estimate::Estimate;
pub(crate) use fold::FOLD;
pub use http::routes;
pub(crate) use refunds::{FOLD as REFUNDS_FOLD, RefundView, SHARD as REFUNDS};
pub(crate) use rules::FOLD as RULES_FOLD;

pub use store::{PEOPLE, SHARD};
pub(crate) use view::{
    AddressAsked, Asked, ChangedView, LineAsked, OptionAsked, Personal, Place, ProposalView,
    RecipientName, ServiceName,
};

/// Begins what works on its own: forgetting what other nodes have changed, and removing what nobody asks for.
pub fn start(app: &App, tasks: &engine::Tasks) {
    rules::start(app, tasks);
    let app = app.clone();
    tasks.spawn("ordered carts", move |stop| app.clone().clear_carts(stop));
}
