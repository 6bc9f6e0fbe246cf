//! What may be asked of a refund when, and what each event changes.

use std::collections::BTreeSet;

use super::command::{Asking, Command, Policy, Share};
use super::event::{Asked, Event};
use super::left::Left;
use super::types::{Drawn, Moved, Part, Refund, State};
use crate::payments::{Intent, Parts};

/// Why something cannot be asked of a refund.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// There is none.
    #[error("there is no such refund")]
    Missing,
    /// There is one.
    #[error("the refund is there already")]
    There,
    /// The order has no such line, or it is named twice.
    #[error("the order has no such line, or it is named twice")]
    Line,
    /// It is zero or below, or more than is left.
    #[error("the amount is not above zero, or more than is left of the line or of the order")]
    Amount,
    /// Whoever asked cannot agree as well.
    #[error("another person has to agree")]
    SamePerson,
    /// It does not go from this state.
    #[error("the refund is {}, so this cannot be done", .0.name())]
    State(State),
}

/// Says what a command does: the events, none where everything is as it says already.
///
/// # Errors
/// It cannot be done as the refund and the order stand.
pub fn decide(
    refund: Option<&Refund>,
    command: &Command,
    left: &Left,
    policy: Policy,
) -> Result<Vec<Event>, Refusal> {
    match (refund, command) {
        (None, Command::Ask(asking)) => ask(asking, left, policy),
        (Some(_), Command::Ask(_)) => Err(Refusal::There),
        (None, _) => Err(Refusal::Missing),
        (Some(refund), Command::Approve { by }) => approve(refund, by),
        (Some(refund), Command::Decline { by }) => match refund.state {
            State::Asked => Ok(vec![Event::Declined { by: by.clone() }]),
            State::Declined => Ok(Vec::new()),
            State::Granted | State::Executed => Err(Refusal::State(refund.state)),
        },
        (Some(refund), Command::Draw(from)) => take_from(refund, from),
        (Some(refund), Command::Execute(moved)) => execute(refund, *moved),
    }
}

fn ask(asking: &Asking, left: &Left, policy: Policy) -> Result<Vec<Event>, Refusal> {
    let mut rest = left.clone();
    let parts = match asking.shares.is_empty() {
        true => all(&mut rest)?,
        false => some(&mut rest, &asking.shares)?,
    };
    let asked = Event::Asked(Asked {
        id: asking.id,
        order: asking.order,
        currency: left.currency(),
        parts,
        reason: asking.reason,
        bearer: asking.bearer,
        to: asking.to,
        by: asking.by.clone(),
    });
    // Many small refunds are one large one.
    let is_alone = policy.alone_minor.is_none_or(|most| rest.given() <= most);
    let is_alone = is_alone || base::planted("alone_unlimited");
    let by = asking.by.clone();
    let granted = is_alone.then_some(Event::Granted { by });
    Ok([asked].into_iter().chain(granted).collect())
}

/// All that is left of the order. Where lines have more left than the order, which has options that cost less than
/// nothing, the last ones get less.
fn all(left: &mut Left) -> Result<Vec<Part>, Refusal> {
    let lines: Vec<_> = left.lines().map(|line| line.cloned()).collect();
    let mut parts = Vec::with_capacity(lines.len());
    for line in lines {
        let minor = left.of_line(line.as_ref());
        if minor > 0 {
            parts.push(left.take(line.as_ref(), minor).ok_or(Refusal::Amount)?);
        }
    }
    match parts.is_empty() {
        true => Err(Refusal::Amount),
        false => Ok(parts),
    }
}

fn some(left: &mut Left, shares: &[Share]) -> Result<Vec<Part>, Refusal> {
    let mut named = BTreeSet::new();
    let mut parts = Vec::with_capacity(shares.len());
    for share in shares {
        let line = share.line.as_ref();
        if !left.has(line) || !named.insert(line) {
            return Err(Refusal::Line);
        }
        let there_is = left.of_line(line);
        let minor = share.minor.unwrap_or(there_is);
        if minor <= 0 || minor > there_is {
            return Err(Refusal::Amount);
        }
        parts.push(left.take(line, minor).ok_or(Refusal::Amount)?);
    }
    Ok(parts)
}

fn approve(refund: &Refund, by: &str) -> Result<Vec<Event>, Refusal> {
    match refund.state {
        State::Asked if refund.asked_by == by && !base::planted("approved_alone") => {
            Err(Refusal::SamePerson)
        }
        State::Asked => Ok(vec![Event::Granted { by: by.to_owned() }]),
        State::Granted | State::Executed if refund.decided_by.as_deref() == Some(by) => {
            Ok(Vec::new())
        }
        State::Granted | State::Declined | State::Executed => Err(Refusal::State(refund.state)),
    }
}

/// Once, and no more than is left to be given back.
fn take_from(refund: &Refund, from: &[Drawn]) -> Result<Vec<Event>, Refusal> {
    if refund.state != State::Granted || !refund.drawn.is_empty() {
        return Err(Refusal::State(refund.state));
    }
    let sum = from
        .iter()
        .map(|one| one.minor)
        .fold(0, i64::saturating_add);
    let left = refund.minor().saturating_sub(refund.moved_minor());
    match from.iter().all(|one| one.minor > 0) && sum <= left {
        true => Ok(vec![Event::Drawn {
            from: from.to_vec(),
        }]),
        false => Err(Refusal::Amount),
    }
}

fn execute(refund: &Refund, moved: Moved) -> Result<Vec<Event>, Refusal> {
    if refund.moved.contains(&moved) {
        return Ok(Vec::new());
    }
    if refund.state != State::Granted {
        return Err(Refusal::State(refund.state));
    }
    let is_known = refund.moved.iter().any(|one| one.attempt == moved.attempt);
    let left = refund.minor().saturating_sub(refund.moved_minor());
    match !is_known && moved.minor > 0 && moved.minor <= left {
        true => Ok(vec![Event::Executed(moved)]),
        false => Err(Refusal::Amount),
    }
}

/// The refund after an event. `None` where the event belongs to no such refund, which only damage can make.
#[must_use]
pub fn apply(refund: Option<Refund>, event: &Event) -> Option<Refund> {
    let Some(mut refund) = refund else {
        let Event::Asked(asked) = event else {
            return None;
        };
        return Some(Refund {
            id: asked.id,
            order: asked.order,
            currency: asked.currency,
            parts: asked.parts.clone(),
            reason: asked.reason,
            bearer: asked.bearer,
            to: asked.to,
            asked_by: asked.by.clone(),
            decided_by: None,
            state: State::Asked,
            drawn: Vec::new(),
            moved: Vec::new(),
            version: 1,
        });
    };
    refund.version = refund.version.checked_add(1)?;
    match event {
        Event::Asked(_) => return None,
        Event::Granted { by } => {
            refund.state = State::Granted;
            refund.decided_by = Some(by.clone());
        }
        Event::Declined { by } => {
            refund.state = State::Declined;
            refund.decided_by = Some(by.clone());
        }
        Event::Drawn { from } => refund.drawn.clone_from(from),
        Event::Executed(moved) => {
            refund.moved.push(*moved);
            if refund.moved_minor() >= refund.minor() {
                refund.state = State::Executed;
            }
        }
    }
    Some(refund)
}

/// From which payments so much is given back: the first ones first, each as far as it can after what other refunds of the
/// order still have to draw from it. Vouchers that give back all or nothing come before all others, so that as little as can
/// be is bound in them. What the payments cannot give back is not in it.
#[must_use]
pub fn draw(minor: i64, payments: &[Intent], others: &[Refund]) -> Vec<Drawn> {
    let mut left = minor;
    let mut given = vec![0_i64; payments.len()];
    for is_whole in [true, false] {
        let asked = payments.iter().zip(&mut given);
        for (payment, given) in asked.filter(|(payment, _)| payment.is_whole() == is_whole) {
            *given = payment.gives(left, free(payment, others));
            left = left.saturating_sub(*given);
        }
    }
    let drawn = payments.iter().map(|payment| payment.id).zip(given);
    drawn
        .filter(|(_, minor)| *minor > 0)
        .map(|(payment, minor)| Drawn { payment, minor })
        .collect()
}

/// What is bound in vouchers that give back all or nothing, and that this does not draw upon: so much of a refund may go to
/// the diner's credit, where neither other payments nor cash give it back.
#[must_use]
pub fn bound_minor(payments: &[Intent], drawn: &[Drawn], others: &[Refund]) -> i64 {
    let is_drawn = |payment: &Intent| drawn.iter().any(|one| one.payment == payment.id);
    let bound = payments
        .iter()
        .filter(|payment| payment.is_whole() && !is_drawn(payment));
    bound
        .map(|payment| free(payment, others).max(0))
        .fold(0, i64::saturating_add)
}

/// What was taken by these payments and not given back, after what other refunds still have to draw from them.
#[must_use]
pub fn kept_minor(payments: &[Intent], others: &[Refund]) -> i64 {
    let kept = payments.iter().map(|payment| free(payment, others).max(0));
    kept.fold(0, i64::saturating_add)
}

/// What can be given back of a payment, after what other refunds still have to draw from it.
fn free(payment: &Intent, others: &[Refund]) -> i64 {
    let owed = others.iter().map(|refund| owed(refund, payment));
    let owed = owed.fold(0, i64::saturating_add);
    payment.refundable_minor().saturating_sub(owed)
}

/// The same of an order whose bill was shared: what was paid for a line goes back to whoever paid for it, the rest to all of
/// them. What was paid in cash gives back so much at most.
#[must_use]
pub fn draw_shared(refund: &Refund, parts: &Parts<'_>, others: &[Refund], cash: i64) -> Vec<Drawn> {
    let pieces = refund.parts.iter();
    let pieces: Vec<_> = pieces
        .map(|part| (part.line.as_ref(), part.minor))
        .collect();
    let has = |payment: &Intent| free(payment, others);
    let drawn = parts.drawn(refund.currency, &pieces, (has, cash));
    let drawn = drawn.into_iter();
    drawn
        .map(|(payment, minor)| Drawn { payment, minor })
        .collect()
}

/// What a refund draws from a payment and has not asked for yet.
fn owed(refund: &Refund, payment: &Intent) -> i64 {
    let drawn = refund.drawn.iter().filter(|one| one.payment == payment.id);
    let drawn = drawn.map(|one| one.minor).fold(0, i64::saturating_add);
    // What was perhaps given is not free, and so not owed besides.
    let asked = payment.attempts.iter();
    let asked = asked.filter(|attempt| attempt.refund == Some(refund.id) && !attempt.is_lost());
    let asked = asked
        .map(|attempt| attempt.minor)
        .fold(0, i64::saturating_add);
    drawn.saturating_sub(asked).max(0)
}
