//! Capacity: how much a kitchen takes on in a quarter of an hour, over all services and channels.
//!
//! A day is cut into slots of 15 minutes. Rules by weekday and time say how many orders, minutes of work and money one
//! slot takes of all channels together, or of one; where several rules speak of a slot, the least of each counts. Where
//! no rule speaks, nothing is counted. An order that is larger than a slot takes all of an empty one, so no order is
//! impossible. When its lines change, a slot takes on what came, and has back what went.

mod ahead;
mod change;
mod clock;
mod load;
mod rules;
mod shift;
#[cfg(test)]
mod tests;

pub use ahead::{Ahead, Serving, ahead};
pub use change::{Kept, Refusal, Told, restaurant, stream};
pub(crate) use clock::is_within;
pub use clock::{SLOT_MINUTES, Slot, slot_of};
pub use load::{Goods, Load, make_minutes, ready_at};
pub use rules::{
    Bounds, DAYS_AHEAD_MAX, ITEM_MINUTES_MAX, LEAD_MINUTES_MAX, Limits, MONEY_MINOR_MAX,
    ORDERS_MAX, RULES_MAX, Rule, Rules, Taken, WORK_MINUTES_MAX, Why,
};
pub use shift::{Asks, Kitchen, Shift};
