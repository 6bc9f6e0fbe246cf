//! Capacity as a part of another slice's commit: taken by a guard, so that of many who want the last place one gets it.

use ::store::{Commit, Failure, Value};
use base::{Time, Uid};
use carte::Channel;
use domain::organisations::RestaurantId;
use trade::capacity::{Limits, Load, Slot};

use super::store::{
    GIVE_BACK, GIVE_BACK_CHANNEL, HOLD, Held, RETURN, SHIFT, SHIFT_CHANNEL, TAKE, TAKE_CHANNEL,
    TAKES,
};

/// What an order takes of a slot.
#[derive(Clone, PartialEq, Eq, Debug)]
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
    /// What it takes of its channel, where that has limits of its own.
    pub of_channel: Option<OfChannel>,
}

/// What an order takes of what a slot takes of one channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OfChannel {
    /// Which channel.
    pub channel: Channel,
    /// How much, as it is counted there.
    pub load: Load,
    /// What the slot takes of it.
    pub limits: Limits,
}

/// Takes of a slot what an order needs. The commit is refused when others were faster and the slot is full, and
/// [`is_full`] tells so; then decide again. An order takes once.
pub fn take(commit: &mut Commit, order: Uid, need: &Need) {
    let (restaurant, slot) = (need.restaurant.uid(), need.slot.number());
    let at = need.slot.begins();
    let (load, limits) = (need.load, need.limits);
    let orders_max = limits.orders.filter(|_| !base::planted("slot_unlimited"));
    let params: [Value; 8] = [
        restaurant.into(),
        slot.into(),
        load.minutes.into(),
        load.money_minor.into(),
        at.into(),
        most(orders_max),
        most(limits.minutes),
        most(limits.money_minor),
    ];
    commit.guard(&TAKE, params);
    let mut of_channel: [Value; 3] = [String::new().into(), 0.into(), 0.into()];
    if let Some(OfChannel {
        channel,
        load,
        limits,
    }) = &need.of_channel
    {
        let channel = channel.to_string();
        let (minutes, money) = (load.minutes, load.money_minor);
        let params: [Value; 9] = [
            restaurant.into(),
            slot.into(),
            channel.clone().into(),
            minutes.into(),
            money.into(),
            at.into(),
            most(limits.orders),
            most(limits.minutes),
            most(limits.money_minor),
        ];
        commit.guard(&TAKE_CHANNEL, params);
        of_channel = [channel.into(), minutes.into(), money.into()];
    }
    let cells: [Value; 6] = [
        order.into(),
        restaurant.into(),
        slot.into(),
        load.minutes.into(),
        load.money_minor.into(),
        at.into(),
    ];
    let cells = cells.into_iter().chain(of_channel);
    commit.insert(&TAKES, cells.map(Into::into).collect::<Vec<_>>());
}

/// A limit as a guard wants it.
pub(super) fn most(limit: Option<i64>) -> Value {
    limit.unwrap_or(i64::MAX).into()
}

/// Gives back what an order took, once: the commit is refused if it was given back already.
pub(super) fn give_back(commit: &mut Commit, order: Uid, held: &Held) {
    commit.guard(&RETURN, [order.into()]);
    if base::planted("slot_count_kept") {
        return;
    }
    let (restaurant, slot) = (held.restaurant.uid(), held.slot.number());
    let params: [Value; 4] = [
        restaurant.into(),
        slot.into(),
        held.minutes.into(),
        held.money_minor.into(),
    ];
    commit.change(&GIVE_BACK, params);
    if let Some((channel, minutes, money)) = &held.of_channel {
        let params: [Value; 5] = [
            restaurant.into(),
            slot.into(),
            channel.clone().into(),
            (*minutes).into(),
            (*money).into(),
        ];
        commit.change(&GIVE_BACK_CHANNEL, params);
    }
}

/// Whether a commit was refused because the slot had become full.
#[must_use]
pub fn is_full(failure: &Failure) -> bool {
    let is_one =
        |name: &str| [TAKE.name, TAKE_CHANNEL.name, SHIFT.name, SHIFT_CHANNEL.name].contains(&name);
    matches!(failure, Failure::Refused { name, .. } if is_one(name))
}

/// Whether a commit was refused because what it gives back, or changes, was given back or changed already.
#[must_use]
pub fn is_given_back(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { name, .. } if [RETURN.name, HOLD.name].contains(name))
}
