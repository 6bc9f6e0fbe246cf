//! Capacity as a part of another slice's commit: taken by a guard, so that of many who want the last place one gets it.

use ::store::{Commit, Failure, Value};
use base::{Time, Uid};
use carte::Channel;
use domain::organisations::RestaurantId;
use engine::Timer;
use trade::capacity::{Limits, Load, Shift, Slot};

use super::hold::Instead;

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
    count(commit, need);
    if let Some(of) = &need.of_channel {
        count_of_channel(commit, (need, of));
    }
    note(commit, order, need);
}

/// Has an order, or another hold, take what it needs in place of what was held: counted is what differs. It may need
/// nothing; then all is given back. The commit is refused where the hold has ended meanwhile.
pub(super) fn take_instead(
    commit: &mut Commit,
    (taker, need): (Uid, Option<&Need>),
    instead: &Instead,
) {
    let (hold, held) = (instead.hold, &instead.held);
    Timer::cancel(hold, commit);
    let Some(need) = need.filter(|need| need.slot == held.slot) else {
        give_back(commit, hold, held);
        if let Some(need) = need {
            take(commit, taker, need);
        }
        return;
    };
    commit.guard(&RETURN, [hold.into()]);
    let (load, limits) = (need.load, need.limits);
    let more = |is: Load, minutes: i64, money_minor: i64| Shift {
        minutes: is.minutes.saturating_sub(minutes),
        money_minor: is.money_minor.saturating_sub(money_minor),
    };
    let all = more(load, held.minutes, held.money_minor);
    shift(commit, (held, None), (all, limits));
    match (&need.of_channel, &held.of_channel) {
        (Some(of), Some((channel, minutes, money))) if of.channel.as_str() == channel => {
            let more = more(of.load, *minutes, *money);
            shift(commit, (held, Some(channel)), (more, of.limits));
        }
        (of, was) => {
            if let Some(of) = of {
                count_of_channel(commit, (need, of));
            }
            if let Some(was) = was {
                return_of_channel(commit, held, was);
            }
        }
    }
    note(commit, taker, need);
}

/// Has a slot, or what it takes of a channel, count so much more, or less.
fn shift(
    commit: &mut Commit,
    (held, channel): (&Held, Option<&String>),
    (more, limits): (Shift, Limits),
) {
    if more.is_nothing() {
        return;
    }
    let limit = |more: i64, limit: Option<i64>| most(limit.filter(|_| more > 0));
    let mut params: Vec<Value> = vec![held.restaurant.uid().into(), held.slot.number().into()];
    params.extend(channel.map(|channel| channel.clone().into()));
    params.extend([
        Value::from(more.minutes),
        more.money_minor.into(),
        limit(more.minutes, limits.minutes),
        limit(more.money_minor, limits.money_minor),
    ]);
    match channel {
        None => commit.guard(&SHIFT, params),
        Some(_) => commit.guard(&SHIFT_CHANNEL, params),
    };
}

/// Has a slot count what is needed.
fn count(commit: &mut Commit, need: &Need) {
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
}

/// The same of what a slot takes of its channel.
fn count_of_channel(commit: &mut Commit, (need, of): (&Need, &OfChannel)) {
    let (restaurant, slot) = (need.restaurant.uid(), need.slot.number());
    let (load, limits) = (of.load, of.limits);
    let params: [Value; 9] = [
        restaurant.into(),
        slot.into(),
        of.channel.to_string().into(),
        load.minutes.into(),
        load.money_minor.into(),
        need.slot.begins().into(),
        most(limits.orders),
        most(limits.minutes),
        most(limits.money_minor),
    ];
    commit.guard(&TAKE_CHANNEL, params);
}

/// Notes what was taken, until it is given back.
fn note(commit: &mut Commit, taker: Uid, need: &Need) {
    let (load, at) = (need.load, need.slot.begins());
    let cells: [Value; 6] = [
        taker.into(),
        need.restaurant.uid().into(),
        need.slot.number().into(),
        load.minutes.into(),
        load.money_minor.into(),
        at.into(),
    ];
    let of_channel: [Value; 3] = match &need.of_channel {
        Some(of) => [
            of.channel.to_string().into(),
            of.load.minutes.into(),
            of.load.money_minor.into(),
        ],
        None => [String::new().into(), 0.into(), 0.into()],
    };
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
    if let Some(of_channel) = &held.of_channel {
        return_of_channel(commit, held, of_channel);
    }
}

fn return_of_channel(
    commit: &mut Commit,
    held: &Held,
    (channel, minutes, money): &(String, i64, i64),
) {
    let params: [Value; 5] = [
        held.restaurant.uid().into(),
        held.slot.number().into(),
        channel.clone().into(),
        (*minutes).into(),
        (*money).into(),
    ];
    commit.change(&GIVE_BACK_CHANNEL, params);
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
