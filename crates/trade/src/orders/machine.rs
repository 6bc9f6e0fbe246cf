//! What becomes of an order: commands are decided upon here. Nothing is changed; `fold.rs` changes.
//!
//! A command whose goal is reached already gives no events, so that whoever is not sure may ask again.

use base::Time;

use super::change::{Change, Proposal};
use super::command::{Command, Facts, Word};
use super::event::{Dropped, Event, Said};
use super::policy::{self, later};
use super::reason::{Coded, Why};
use super::refusal::Refusal;
use super::tips::{self, TipState};
use super::types::{Actor, Order, Paying, Status, Ticket, TicketId, TicketState};
use super::{LineCommand, place};
use carte::Service;

/// What a command comes to: what happened, or why it is not done.
type Decided = Result<Vec<Said>, Refusal>;

/// Decides upon a command.
///
/// # Errors
/// It is not for this actor, or not for an order that stands where this one does.
pub fn decide(
    order: Option<&Order>,
    command: &Command,
    facts: &Facts<'_>,
) -> Result<Vec<Event>, Refusal> {
    if !policy::may(facts.actor, command) {
        return Err(Refusal::Forbidden);
    }
    let said = match (order, command) {
        (None, Command::Place(placing)) => place::place(placing, facts),
        (Some(_), Command::Place(_)) => Err(Refusal::Placed),
        (None, _) => Err(Refusal::Missing),
        (Some(order), command) => go_on(order, command, facts),
    };
    let at = facts.now;
    let events = said?.into_iter().map(|said| Event { at, said });
    Ok(events.collect())
}

fn go_on(order: &Order, command: &Command, facts: &Facts<'_>) -> Decided {
    match command {
        Command::Place(_) => Err(Refusal::Placed),
        Command::Secure => secure(order, facts.now),
        Command::PayFailed { code } => pay_failed(order, code),
        Command::Wake => wake(order, facts.now),
        Command::Accept { promised_at } => accept(order, *promised_at, facts.now),
        Command::Reject { why } => reject(order, policy::reason(facts.actor, *why)?),
        Command::Expire => expire(order, facts.now),
        Command::Start { ticket } => start(order, *ticket),
        Command::Ready { ticket } => ready(order, *ticket),
        Command::Leave => hand(order, Service::Delivery, Said::OutForDelivery {}),
        Command::Collect => hand(order, Service::Pickup, Said::Collected {}),
        Command::Serve => hand(order, Service::DineIn, Said::Served {}),
        Command::Deliver => arrive(order, Status::Delivered, Said::Delivered {}),
        Command::Return { why } => {
            let reason = policy::reason(facts.actor, *why)?;
            arrive(order, Status::Returned, Said::Returned { reason })
        }
        Command::Cancel { why } => cancel(order, *why, facts),
        Command::Promise { at } => promise(order, *at, facts.now),
        Command::Change { commands, why } => change(order, (commands, *why), facts),
        Command::Consent(word) => consent(order, *word, facts),
        Command::SecureChange { proposal } => secure_change(order, *proposal),
        Command::ChangePayFailed { proposal } => change_pay_failed(order, *proposal),
        Command::Tip {
            payment,
            minor,
            recipient,
        } => tips::tip(order, (*payment, *minor), *recipient, facts.now),
        Command::TipPaid { payment } => {
            let said = Said::Tipped { payment: *payment };
            tips::settle(order, (*payment, TipState::Paid), said)
        }
        Command::TipFailed { payment, code } => {
            let (payment, code) = (*payment, code.clone());
            let said = Said::TipFailed { payment, code };
            tips::settle(order, (payment, TipState::Failed), said)
        }
    }
}

/// Whether an order stands at one of these places.
fn stands(order: &Order, places: &[Status]) -> Result<(), Refusal> {
    let now = order.status;
    match places.contains(&now) {
        true => Ok(()),
        false if now.is_final() => Err(Refusal::Closed { now }),
        false => Err(Refusal::Moved { now }),
    }
}

/// Whether the restaurant may rely on the money.
const fn is_paid(order: &Order) -> Result<(), Refusal> {
    match order.paying.is_safe() {
        true => Ok(()),
        false => Err(Refusal::Unpaid),
    }
}

fn secure(order: &Order, now: Time) -> Decided {
    if order.paying.is_safe() {
        return Ok(Vec::new());
    }
    stands(order, &[Status::Scheduled, Status::Pending])?;
    let is_pending = order.status == Status::Pending;
    let asked_at = match is_pending {
        true => now,
        false => order.wake_at().unwrap_or(now).max(now),
    };
    let accept_by = later(asked_at, order.rules.accept_seconds);
    let mut said = vec![Said::Secured { accept_by }];
    if is_pending && order.rules.auto_accept {
        said.push(place::accepted(order.promised_at));
    }
    Ok(said)
}

fn pay_failed(order: &Order, code: &str) -> Decided {
    if order.paying == Paying::Failed {
        return Ok(Vec::new());
    }
    stands(order, &[Status::Scheduled, Status::Pending])?;
    if order.paying.is_safe() {
        return Err(Refusal::Moved { now: order.status });
    }
    let failed = Said::PaymentFailed {
        code: code.to_owned(),
    };
    let reason = Coded {
        why: Why::PaymentFailed,
        by: Actor::Platform,
    };
    Ok(vec![failed, Said::Cancelled { reason }])
}

fn wake(order: &Order, now: Time) -> Decided {
    if order.status != Status::Scheduled && !order.status.is_final() {
        return Ok(Vec::new());
    }
    stands(order, &[Status::Scheduled])?;
    is_paid(order)?;
    if let Some(at) = order.wake_at().filter(|at| now < *at) {
        return Err(Refusal::TooEarly { at });
    }
    let accept_by = later(now, order.rules.accept_seconds);
    let mut said = vec![Said::Released { accept_by }];
    if order.rules.auto_accept {
        said.push(place::accepted(order.promised_at));
    }
    Ok(said)
}

fn accept(order: &Order, promised_at: Option<Time>, now: Time) -> Decided {
    if order.status == Status::Confirmed {
        return Ok(Vec::new());
    }
    stands(order, &[Status::Pending])?;
    if !base::planted("unpaid_accepted") {
        is_paid(order)?;
    }
    if let Some(at) = promised_at {
        policy::promise(at, now)?;
    }
    Ok(vec![Said::Confirmed {
        promised_at: promised_at.or(order.promised_at),
        auto: false,
    }])
}

fn reject(order: &Order, reason: Coded) -> Decided {
    if order.status == Status::Rejected {
        return Ok(Vec::new());
    }
    stands(order, &[Status::Scheduled, Status::Pending])?;
    is_paid(order)?;
    Ok(vec![Said::Rejected { reason }])
}

fn expire(order: &Order, now: Time) -> Decided {
    if order.status == Status::Expired {
        return Ok(Vec::new());
    }
    stands(order, &[Status::Scheduled, Status::Pending])?;
    let is_safe = order.paying.is_safe();
    if is_safe && order.status == Status::Scheduled {
        return Err(Refusal::Moved { now: order.status });
    }
    if now < order.accept_by {
        return Err(Refusal::TooEarly {
            at: order.accept_by,
        });
    }
    let why = match is_safe {
        true => Why::NoAnswer,
        false => Why::PaymentMissing,
    };
    let by = Actor::Platform;
    Ok(vec![Said::Expired {
        reason: Coded { why, by },
    }])
}

fn ticket(order: &Order, id: TicketId) -> Result<&Ticket, Refusal> {
    let mut tickets = order.tickets.iter();
    let ticket = tickets.find(|ticket| ticket.id == id && ticket.state != TicketState::Void);
    ticket.ok_or(Refusal::NoTicket)
}

fn start(order: &Order, id: Option<TicketId>) -> Decided {
    stands(order, &[Status::Confirmed, Status::Preparing])?;
    let is_first = order.status == Status::Confirmed;
    let Some(id) = id else {
        let preparing = is_first.then_some(Said::Preparing { ticket: None });
        return Ok(preparing.into_iter().collect());
    };
    match ticket(order, id)?.state {
        TicketState::Waiting if is_first => Ok(vec![Said::Preparing { ticket: Some(id) }]),
        TicketState::Waiting => Ok(vec![Said::TicketMoved {
            ticket: id,
            state: TicketState::Started,
        }]),
        TicketState::Started | TicketState::Ready | TicketState::Void => Ok(Vec::new()),
    }
}

fn ready(order: &Order, id: Option<TicketId>) -> Decided {
    if order.status == Status::ReadyForPickup {
        return Ok(Vec::new());
    }
    stands(order, &[Status::Preparing])?;
    if let Some(id) = id {
        if ticket(order, id)?.state == TicketState::Ready {
            return Ok(Vec::new());
        }
        let is_done = |other: &Ticket| {
            let is_through = matches!(other.state, TicketState::Ready | TicketState::Void);
            other.id == id || is_through
        };
        if !order.tickets.iter().all(is_done) {
            return Ok(vec![Said::TicketMoved {
                ticket: id,
                state: TicketState::Ready,
            }]);
        }
    }
    // What is done cannot be changed, so a change that waits must be answered or taken back first.
    match order.proposal {
        None => Ok(vec![Said::Ready {}]),
        Some(_) => Err(Refusal::ChangeOpen),
    }
}

/// The step out of the restaurant, which each service has of its own.
fn hand(order: &Order, service: Service, said: Said) -> Decided {
    if order.service != service {
        return Err(Refusal::OtherService);
    }
    let goal = match service {
        Service::Delivery => Status::OutForDelivery,
        Service::Pickup => Status::Collected,
        Service::DineIn => Status::Served,
    };
    if order.status == goal {
        return Ok(Vec::new());
    }
    stands(order, &[Status::ReadyForPickup])?;
    Ok(vec![said])
}

fn arrive(order: &Order, goal: Status, said: Said) -> Decided {
    if order.service != Service::Delivery {
        return Err(Refusal::OtherService);
    }
    if order.status == goal {
        return Ok(Vec::new());
    }
    if !(base::planted("end_left") && order.status == Status::Delivered) {
        stands(order, &[Status::OutForDelivery])?;
    }
    Ok(vec![said])
}

fn cancel(order: &Order, why: Why, facts: &Facts<'_>) -> Decided {
    let reason = policy::reason(facts.actor, why)?;
    let now = order.status;
    if now == Status::Cancelled {
        return Ok(Vec::new());
    }
    if now.is_final() {
        return Err(Refusal::Closed { now });
    }
    policy::cancel(order, facts)?;
    Ok(vec![Said::Cancelled { reason }])
}

fn promise(order: &Order, at: Time, now: Time) -> Decided {
    stands(
        order,
        &[
            Status::Confirmed,
            Status::Preparing,
            Status::ReadyForPickup,
            Status::OutForDelivery,
        ],
    )?;
    if order.promised_at == Some(at) {
        return Ok(Vec::new());
    }
    policy::promise(at, now)?;
    Ok(vec![Said::Promised { promised_at: at }])
}

/// Whether an actor may change the lines of an order as it stands; whoever prices a change asks before.
///
/// # Errors
/// It is too early or too late, or another change waits.
pub fn changeable(order: &Order, actor: Actor) -> Result<(), Refusal> {
    stands(order, policy::changes(actor, order.tab))?;
    is_paid(order)?;
    match order.proposal {
        None => Ok(()),
        Some(_) => Err(Refusal::ChangeOpen),
    }
}

fn change(
    order: &Order,
    (commands, why): (&[LineCommand], Option<Why>),
    facts: &Facts<'_>,
) -> Decided {
    if let Some(why) = why {
        policy::reason(facts.actor, why)?;
    }
    changeable(order, facts.actor)?;
    order.takes_lines(facts.actor, commands)?;
    let repriced = facts.repriced;
    let repriced = repriced.ok_or(Refusal::Amounts("nothing was priced"))?;
    let change = Change {
        why,
        ..Change::of(order, commands, (facts.actor, repriced))?
    };
    order.holds(change.total_minor)?;
    let (needs_word, needs_money) = (change.needs_word(order), change.needs_money(order));
    if !needs_word && !needs_money {
        return Ok(vec![Said::Changed {
            change: Box::new(change),
            proposal: None,
        }]);
    }
    let seconds = match needs_word {
        true => order.rules.consent_seconds,
        false => order.rules.pay_seconds,
    };
    Ok(vec![Said::ChangeProposed(Box::new(Proposal {
        number: order.version.saturating_add(1),
        change,
        until: later(facts.now, seconds),
        agreed: !needs_word,
    }))])
}

/// The change that waits for an order that goes on.
fn waiting(order: &Order) -> Result<&Proposal, Refusal> {
    if order.status.is_final() {
        return Err(Refusal::Closed { now: order.status });
    }
    order.proposal.as_deref().ok_or(Refusal::NoChange)
}

fn consent(order: &Order, word: Word, facts: &Facts<'_>) -> Decided {
    let proposal = waiting(order)?;
    let dropped = |why| {
        Ok(vec![Said::ChangeDropped {
            proposal: proposal.number,
            why,
        }])
    };
    match (word, facts.actor) {
        (Word::Yes, _) if proposal.agreed => Ok(Vec::new()),
        (Word::Yes, _) if proposal.change.needs_money(order) => Ok(vec![Said::ChangeAgreed {
            proposal: proposal.number,
            until: later(facts.now, order.rules.pay_seconds),
        }]),
        (Word::Yes, _) => Ok(vec![carried_out(proposal)]),
        (Word::No, actor) if is_of_other(actor, proposal.change.by) => Err(Refusal::Forbidden),
        (Word::No, Actor::Diner) => dropped(match proposal.change.by {
            Actor::Diner => Dropped::Withdrawn,
            Actor::Restaurant | Actor::Courier | Actor::Operator | Actor::Platform => {
                Dropped::Declined
            }
        }),
        (Word::No, Actor::Platform) if facts.now < proposal.until => {
            Err(Refusal::TooEarly { at: proposal.until })
        }
        (Word::No, Actor::Platform) => {
            let mut said = dropped(Dropped::Lapsed)?;
            said.extend(taken_out(order, proposal, facts)?);
            Ok(said)
        }
        (Word::No, Actor::Restaurant | Actor::Operator | Actor::Courier) => {
            dropped(Dropped::Withdrawn)
        }
    }
}

/// Whether a change is the diner's own, which those who make the order do not take back for him.
fn is_of_other(actor: Actor, by: Actor) -> bool {
    by == Actor::Diner && !matches!(actor, Actor::Diner | Actor::Platform)
}

/// What the restaurant's rule takes out of the order when nobody answers, where that was priced and makes nothing dearer.
fn taken_out(
    order: &Order,
    proposal: &Proposal,
    facts: &Facts<'_>,
) -> Result<Option<Said>, Refusal> {
    let commands = order.lapsing();
    let Some(repriced) = facts.repriced.filter(|_| !commands.is_empty()) else {
        return Ok(None);
    };
    let change = Change {
        why: proposal.change.why,
        ..Change::of(order, &commands, (proposal.change.by, repriced))?
    };
    Ok((change.difference_minor <= 0).then(|| Said::Changed {
        change: Box::new(change),
        proposal: None,
    }))
}

fn carried_out(proposal: &Proposal) -> Said {
    Said::Changed {
        change: Box::new(proposal.change.clone()),
        proposal: Some(proposal.number),
    }
}

fn secure_change(order: &Order, number: i64) -> Decided {
    if number != 0 && order.paid_proposal == number {
        return Ok(Vec::new());
    }
    let proposal = waiting(order)?;
    match proposal.number == number && proposal.agreed {
        true => Ok(vec![carried_out(proposal)]),
        false => Err(Refusal::NoChange),
    }
}

fn change_pay_failed(order: &Order, number: i64) -> Decided {
    let of_number = order.proposal.as_ref();
    match of_number.is_some_and(|proposal| proposal.number == number && proposal.agreed) {
        true => Ok(vec![Said::ChangeDropped {
            proposal: number,
            why: Dropped::Unpaid,
        }]),
        false if order.paid_proposal == number => Err(Refusal::NoChange),
        false => Ok(Vec::new()),
    }
}
