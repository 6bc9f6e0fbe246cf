//! Capacity as a part of another slice's commit: taken by a guard, so that of many who want the last place one gets it.

use ::store::{Commit, Failure};
use base::{Time, Uid};
use domain::capacity::{Limits, Load, Slot};
use domain::organisations::RestaurantId;

use super::store::{GIVE_BACK, Held, RETURN, TAKE, TAKES};

/// What an order takes of a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Need {
    /// Of which restaurant.
    pub restaurant: RestaurantId,
    /// Of which slot.
    pub slot: Slot,
    /// When it is to be ready.
    pub ready_at: Time,
    /// How much, as the slot counts it.
    pub load: Load,
    /// What the slot takes, by the rules as they stood when it was decided.
    pub limits: Limits,
}

/// Takes of a slot what an order needs. The commit is refused when others were faster and the slot is full, and
/// [`is_full`] tells so; then decide again. An order takes once.
pub fn take(commit: &mut Commit, order: Uid, need: &Need) {
    let most = |limit: Option<i64>| limit.unwrap_or(i64::MAX);
    let (restaurant, slot) = (need.restaurant.uid(), need.slot.number());
    let (minutes, money) = (need.load.minutes, need.load.money_minor);
    let at = need.slot.begins();
    commit.guard(
        &TAKE,
        [
            restaurant.into(),
            slot.into(),
            minutes.into(),
            money.into(),
            at.into(),
            most(need.limits.orders).into(),
            most(need.limits.minutes).into(),
            most(need.limits.money_minor).into(),
        ],
    );
    let cells: [::store::Value; 6] = [
        order.into(),
        restaurant.into(),
        slot.into(),
        minutes.into(),
        money.into(),
        at.into(),
    ];
    commit.insert(&TAKES, cells.map(Into::into));
}

/// Gives back what an order took, once: the commit is refused if it was given back already.
pub(super) fn give_back(commit: &mut Commit, order: Uid, held: &Held) {
    commit.guard(&RETURN, [order.into()]);
    commit.change(
        &GIVE_BACK,
        [
            held.restaurant.uid().into(),
            held.slot.number().into(),
            held.minutes.into(),
            held.money_minor.into(),
        ],
    );
}

/// Whether a commit was refused because the slot had become full.
#[must_use]
pub fn is_full(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { name, .. } if *name == TAKE.name)
}

/// Whether a commit was refused because what it gives back was given back already.
#[must_use]
pub fn is_given_back(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { name, .. } if *name == RETURN.name)
}
