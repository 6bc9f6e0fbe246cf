//! Who may ask what of an order, and until when.

use std::time::Duration;

use base::Time;

use super::command::{Command, Facts, Word};
use super::reason::{Coded, Why};
use super::refusal::Refusal;
use super::tabs::Tab;
use super::types::{Actor, Order, Status};
use domain::venues::AHEAD_DAYS;

/// Whether an actor may ask this of any order at all; whose order it is was judged before.
#[must_use]
pub const fn may(actor: Actor, command: &Command) -> bool {
    match command {
        Command::Place(_) => !matches!(actor, Actor::Courier),
        Command::Secure
        | Command::PayFailed { .. }
        | Command::Wake
        | Command::Expire
        | Command::SecureChange { .. }
        | Command::ChangePayFailed { .. }
        | Command::TipPaid { .. }
        | Command::TipFailed { .. } => matches!(actor, Actor::Platform),
        Command::Accept { .. }
        | Command::Reject { .. }
        | Command::Start { .. }
        | Command::Ready { .. }
        | Command::Collect
        | Command::Serve => matches!(actor, Actor::Restaurant | Actor::Operator),
        Command::Leave | Command::Deliver | Command::Return { .. } => {
            matches!(actor, Actor::Restaurant | Actor::Courier | Actor::Operator)
        }
        Command::Cancel { .. } | Command::Change { .. } => {
            matches!(actor, Actor::Diner | Actor::Restaurant | Actor::Operator)
        }
        Command::Promise { .. } => !matches!(actor, Actor::Diner),
        Command::Consent(Word::Yes) | Command::Tip { .. } => matches!(actor, Actor::Diner),
        Command::Consent(Word::No) => !matches!(actor, Actor::Courier),
    }
}

/// The reason that an actor gives, when it is one for him.
///
/// # Errors
/// It is not.
pub(super) fn reason(actor: Actor, why: Why) -> Result<Coded, Refusal> {
    match why.is_said_by(actor) {
        true => Ok(Coded { why, by: actor }),
        false => Err(Refusal::ReasonForbidden),
    }
}

/// Whether an actor may cancel an order where it stands.
///
/// # Errors
/// The diner is too late, the restaurant does not know of it yet, or it is on its way.
pub(super) fn cancel(order: &Order, facts: &Facts<'_>) -> Result<(), Refusal> {
    match facts.actor {
        Actor::Diner => diner_cancels(order, facts.now),
        Actor::Restaurant if !order.paying.is_safe() => Err(Refusal::Unpaid),
        Actor::Restaurant if order.status == Status::OutForDelivery => {
            Err(Refusal::Moved { now: order.status })
        }
        Actor::Restaurant | Actor::Operator => Ok(()),
        Actor::Courier | Actor::Platform => Err(Refusal::Forbidden),
    }
}

/// Until the restaurant has accepted, a diner is free; after that as long as its rules say and nobody has begun.
fn diner_cancels(order: &Order, now: Time) -> Result<(), Refusal> {
    let is_free = match order.status {
        Status::Scheduled | Status::Pending => true,
        Status::Confirmed => now < later(order.moved_at, order.rules.cancel_seconds),
        Status::Preparing => base::planted("cancelled_late"),
        Status::ReadyForPickup
        | Status::OutForDelivery
        | Status::Delivered
        | Status::Collected
        | Status::Served
        | Status::Cancelled
        | Status::Rejected
        | Status::Expired
        | Status::Returned => false,
    };
    match is_free {
        true => Ok(()),
        false => Err(Refusal::CancelTooLate),
    }
}

/// Where an actor may change an order: the diner until it is accepted, the restaurant until it is made. Where there is a tab
/// the diner orders more until then, too.
pub(super) const fn changes(actor: Actor, tab: Option<Tab>) -> &'static [Status] {
    match (actor, tab) {
        (Actor::Diner, None) => &[Status::Scheduled, Status::Pending],
        (Actor::Restaurant | Actor::Operator, _) | (Actor::Diner, Some(_)) => &[
            Status::Scheduled,
            Status::Pending,
            Status::Confirmed,
            Status::Preparing,
        ],
        (Actor::Courier | Actor::Platform, _) => &[],
    }
}

/// Whether an order can be promised for this time.
///
/// # Errors
/// It is past, or too far ahead.
pub(super) fn promise(at: Time, now: Time) -> Result<(), Refusal> {
    let days = AHEAD_DAYS.unsigned_abs();
    let furthest = later(now, days.saturating_mul(86_400));
    match now <= at && at <= furthest {
        true => Ok(()),
        false => Err(Refusal::PromiseRefused { days }),
    }
}

/// The time so many seconds later; what is beyond all times is the time itself.
pub(super) fn later(at: Time, seconds: u32) -> Time {
    let duration = Duration::from_secs(u64::from(seconds));
    at.plus(duration).unwrap_or(at)
}
