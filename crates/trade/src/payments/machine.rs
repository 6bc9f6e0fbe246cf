//! The two machines: what may be asked when, and what each event changes.

use super::command::{Answer, Command, Sending};
use super::event::{Answered, Event, Opened};
use super::provider::REFERENCE_CHARS_MAX;
use super::types::{Act, Attempt, AttemptState, Intent, State};

/// How many attempts an intent may have.
const ATTEMPTS_MAX: usize = 200;

/// Why something cannot be asked of an intent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// There is none.
    #[error("there is no such payment")]
    Missing,
    /// There is one.
    #[error("the payment is there already")]
    There,
    /// There is no such attempt.
    #[error("the payment has no such attempt")]
    AttemptMissing,
    /// The attempt was sent before, for something else.
    #[error("the attempt was made for something else")]
    AttemptOther,
    /// It does not go from this state.
    #[error("the payment is {}, so this cannot be done", .0.name())]
    State(State),
    /// Something else is on its way that it depends upon.
    #[error("another attempt of the payment is not settled yet")]
    UnderWay,
    /// It is zero or below, or more than there is.
    #[error("the amount is not above zero, or more than there is")]
    Amount,
    /// The provider gives back all that was taken, or nothing.
    #[error("the provider of the meal voucher gives back all that was taken, or nothing")]
    Part,
    /// The provider's name for it is too long.
    #[error("the reference of the provider is too long")]
    Reference,
    /// What has this name at the provider counts already, as another attempt: it moved once.
    #[error("another attempt counts as done under this reference")]
    Twice,
    /// It was done, and nobody says anything else of it by hand.
    #[error("the attempt counts as done")]
    Done,
    /// It has as many attempts as it may have.
    #[error("the payment has as many attempts as it may have")]
    TooMany,
}

/// Says what a command does: the events, none where everything is as it says already.
///
/// # Errors
/// It cannot be done as the intent stands.
pub fn decide(intent: Option<&Intent>, command: &Command) -> Result<Vec<Event>, Refusal> {
    let Some(intent) = intent else {
        return open(command);
    };
    match command {
        Command::Open { .. } => Err(Refusal::There),
        Command::Send(sending) => send(intent, sending),
        Command::Settle { attempt, answer } => {
            let attempt = intent.attempt(*attempt).ok_or(Refusal::AttemptMissing)?;
            settle((intent, attempt), answer)
        }
        Command::SettleByHand { attempt, answer } => {
            let attempt = intent.attempt(*attempt).ok_or(Refusal::AttemptMissing)?;
            settle_by_hand((intent, attempt), answer)
        }
        Command::Fail { code } => {
            let code = code.clone();
            leave(intent, State::Failed, Event::Failed { code })
        }
        Command::Drop => leave(intent, State::Cancelled, Event::Dropped),
    }
}

fn open(command: &Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Open {
            id,
            order,
            amount,
            covers,
            voucher,
        } if amount.minor() > 0 => Ok(vec![Event::Opened(Opened {
            id: *id,
            order: *order,
            currency: amount.currency(),
            minor: amount.minor(),
            covers: covers.clone(),
            voucher: *voucher,
        })]),
        Command::Open { .. } => Err(Refusal::Amount),
        Command::Send(_)
        | Command::Settle { .. }
        | Command::SettleByHand { .. }
        | Command::Fail { .. }
        | Command::Drop => Err(Refusal::Missing),
    }
}

/// Ends an intent of which nothing is held; asked again, it has ended already.
fn leave(intent: &Intent, end: State, event: Event) -> Result<Vec<Event>, Refusal> {
    if intent.state == end && intent.authorised_minor == 0 {
        return Ok(Vec::new());
    }
    if !matches!(intent.state, State::Open | State::ActionNeeded) {
        return Err(Refusal::State(intent.state));
    }
    match intent.unsettled().next() {
        Some(_) => Err(Refusal::UnderWay),
        None => Ok(vec![event]),
    }
}

fn send(intent: &Intent, sending: &Sending) -> Result<Vec<Event>, Refusal> {
    if let Some(sent) = intent.attempt(sending.attempt) {
        return match is_same(sent, sending) {
            true => Ok(Vec::new()),
            false => Err(Refusal::AttemptOther),
        };
    }
    if intent.attempts.len() >= ATTEMPTS_MAX {
        return Err(Refusal::TooMany);
    }
    may(intent, sending.act, sending.minor)?;
    Ok(vec![Event::Sent {
        attempt: sending.attempt,
        act: sending.act,
        minor: sending.minor,
        provider: sending.provider.clone(),
        refund: sending.refund,
        at: Some(sending.at),
    }])
}

/// Whether an act about so much can be asked for, or have been done.
fn may(intent: &Intent, act: Act, minor: i64) -> Result<(), Refusal> {
    match act {
        Act::Authorise => may_authorise(intent, minor),
        Act::Capture => may_capture(intent, minor),
        Act::Cancel => may_cancel(intent),
        Act::Refund => may_refund(intent, minor),
    }
}

fn is_same(sent: &Attempt, sending: &Sending) -> bool {
    sent.act == sending.act
        && sent.minor == sending.minor
        && sent.provider == sending.provider
        && sent.refund == sending.refund
}

/// One at a time: while nobody knows whether the money is held, it is not held again.
fn may_authorise(intent: &Intent, minor: i64) -> Result<(), Refusal> {
    match intent.state {
        State::Open | State::ActionNeeded
            if intent.unsettled().next().is_some() && !base::planted("charged_again") =>
        {
            Err(Refusal::UnderWay)
        }
        State::Open if minor == intent.minor => Ok(()),
        State::Open => Err(Refusal::Amount),
        State::ActionNeeded
        | State::Authorised
        | State::Captured
        | State::PartlyRefunded
        | State::Refunded
        | State::Cancelled
        | State::Failed => Err(Refusal::State(intent.state)),
    }
}

fn may_capture(intent: &Intent, minor: i64) -> Result<(), Refusal> {
    match intent.state {
        State::Authorised | State::Captured => {}
        State::Open
        | State::ActionNeeded
        | State::PartlyRefunded
        | State::Refunded
        | State::Cancelled
        | State::Failed => return Err(Refusal::State(intent.state)),
    }
    if intent.is_under_way(Act::Cancel) || intent.is_under_way(Act::Refund) {
        return Err(Refusal::UnderWay);
    }
    match minor > 0 && minor <= intent.capturable_minor() {
        true => Ok(()),
        false => Err(Refusal::Amount),
    }
}

/// What is held is let go as a whole. So is what may be held, where the provider waits for the diner or nobody knows.
fn may_cancel(intent: &Intent) -> Result<(), Refusal> {
    let is_begun = intent.is_under_way(Act::Authorise);
    match intent.state {
        State::Authorised => {}
        State::Open | State::ActionNeeded if is_begun => {}
        State::Open
        | State::ActionNeeded
        | State::Captured
        | State::PartlyRefunded
        | State::Refunded
        | State::Cancelled
        | State::Failed => return Err(Refusal::State(intent.state)),
    }
    match intent.is_under_way(Act::Capture) || intent.is_under_way(Act::Cancel) {
        true => Err(Refusal::UnderWay),
        false => Ok(()),
    }
}

fn may_refund(intent: &Intent, minor: i64) -> Result<(), Refusal> {
    match intent.state {
        State::Captured | State::PartlyRefunded => {}
        State::Open
        | State::ActionNeeded
        | State::Authorised
        | State::Refunded
        | State::Cancelled
        | State::Failed => return Err(Refusal::State(intent.state)),
    }
    if intent.is_under_way(Act::Capture) {
        return Err(Refusal::UnderWay);
    }
    match minor > 0 && minor <= intent.refundable_minor() {
        true if intent.is_whole() && minor != intent.captured_minor => Err(Refusal::Part),
        true => Ok(()),
        false => Err(Refusal::Amount),
    }
}

fn settle((intent, attempt): (&Intent, &Attempt), answer: &Answer) -> Result<Vec<Event>, Refusal> {
    is_short(answer)?;
    let answered = Answered {
        attempt: attempt.id,
        act: attempt.act,
        answer: answer.clone(),
        by_hand: false,
    };
    // Another amount than was asked for is no outcome that anybody could go on with.
    let is_other = matches!(answer, Answer::Done { minor, .. } if is_other(attempt, *minor));
    let is_second =
        matches!(answer, Answer::Done { reference, .. } if is_second(attempt, reference));
    let is_taken =
        matches!(answer, Answer::Done { reference, .. } if is_taken((intent, attempt), reference));
    let contradicts = match attempt.state {
        AttemptState::Sent | AttemptState::Unknown => is_other || is_taken,
        AttemptState::Done => is_other || is_second || matches!(answer, Answer::Refused { .. }),
        AttemptState::Refused | AttemptState::GivenUp => matches!(answer, Answer::Done { .. }),
    };
    if contradicts {
        return match attempt.is_contradicted {
            true => Ok(Vec::new()),
            false => Ok(vec![Event::Contradicted(answered)]),
        };
    }
    let is_settled = attempt.state.is_settled() && !base::planted("settled_twice");
    match is_settled || says_nothing_new(attempt, answer) {
        true => Ok(Vec::new()),
        false => Ok(vec![Event::Answered(answered)]),
    }
}

/// What a human says counts against a refusal, too, as far as the payment can still bear it, and nothing is on its way that he
/// may have seen instead. Of what is taken or given back a part may have been done. What counts as done stays so: it is posted.
fn settle_by_hand(
    (intent, attempt): (&Intent, &Attempt),
    answer: &Answer,
) -> Result<Vec<Event>, Refusal> {
    is_short(answer)?;
    let answered = Answered {
        attempt: attempt.id,
        act: attempt.act,
        answer: answer.clone(),
        by_hand: true,
    };
    let is_lost = matches!(attempt.state, AttemptState::Refused | AttemptState::GivenUp);
    match answer {
        Answer::Done { minor, reference } => {
            let in_parts = matches!(attempt.act, Act::Capture | Act::Refund);
            let is_part = in_parts && (1..attempt.minor).contains(minor);
            let is_done = attempt.state == AttemptState::Done;
            if is_other(attempt, *minor) && (is_done || !is_part) {
                return Err(Refusal::Amount);
            }
            if is_done {
                return Ok(Vec::new());
            }
            if is_taken((intent, attempt), reference) {
                return Err(Refusal::Twice);
            }
            if is_lost {
                let is_alike =
                    |one: &Attempt| one.act == attempt.act && one.refund == attempt.refund;
                if intent.unsettled().any(is_alike) {
                    return Err(Refusal::UnderWay);
                }
                // What it has perhaps done is told just now.
                let mut others = intent.clone();
                others.attempts.retain(|other| other.id != attempt.id);
                may(&others, attempt.act, *minor)?;
            }
        }
        Answer::Refused { .. } | Answer::GivenUp if attempt.state == AttemptState::Done => {
            return Err(Refusal::Done);
        }
        Answer::Refused { .. } | Answer::GivenUp if !is_lost || attempt.is_contradicted => {}
        Answer::Refused { .. }
        | Answer::GivenUp
        | Answer::Action { .. }
        | Answer::Pending { .. }
        | Answer::Unknown => return Ok(Vec::new()),
    }
    Ok(vec![Event::Answered(answered)])
}

fn is_short(answer: &Answer) -> Result<(), Refusal> {
    match reference(answer) {
        Some(name) if name.chars().count() > REFERENCE_CHARS_MAX => Err(Refusal::Reference),
        _ => Ok(()),
    }
}

/// Whether a provider has done another amount than it was asked for. What is let go has no amount of its own.
fn is_other(attempt: &Attempt, minor: i64) -> bool {
    attempt.act != Act::Cancel && attempt.minor != minor
}

/// Whether what a provider has done under this name it has done under another one before: then the money moved, or is held,
/// twice. What is let go is let go once, whatever that is called.
fn is_second(attempt: &Attempt, reference: &str) -> bool {
    let known = attempt.reference.as_deref();
    attempt.act != Act::Cancel && known.is_some_and(|known| known != reference)
}

/// Whether what a provider has taken or given back under this name counts already, as another attempt.
fn is_taken((intent, attempt): (&Intent, &Attempt), reference: &str) -> bool {
    let mut done = intent.done(attempt.act);
    matches!(attempt.act, Act::Capture | Act::Refund)
        && done.any(|one| one.id != attempt.id && one.reference.as_deref() == Some(reference))
}

fn says_nothing_new(attempt: &Attempt, answer: &Answer) -> bool {
    let is_named = |reference: &String| attempt.reference.as_ref() == Some(reference);
    let is_sent = attempt.state == AttemptState::Sent;
    match answer {
        Answer::Unknown => attempt.state == AttemptState::Unknown,
        Answer::Action { reference } => is_sent && attempt.needs_action && is_named(reference),
        Answer::Pending { reference } => is_sent && !attempt.needs_action && is_named(reference),
        Answer::Done { .. } | Answer::Refused { .. } | Answer::GivenUp => false,
    }
}

fn reference(answer: &Answer) -> Option<&String> {
    match answer {
        Answer::Done { reference, .. }
        | Answer::Action { reference }
        | Answer::Pending { reference } => Some(reference),
        Answer::Refused { .. } | Answer::Unknown | Answer::GivenUp => None,
    }
}

/// The intent after an event. `None` where the event belongs to no such intent, which only damage can make.
#[must_use]
pub fn apply(intent: Option<Intent>, event: &Event) -> Option<Intent> {
    let Some(mut intent) = intent else {
        return opened(event);
    };
    intent.version = intent.version.checked_add(1)?;
    match event {
        Event::Opened(_) => return None,
        Event::Sent {
            attempt,
            act,
            minor,
            provider,
            refund,
            at,
        } => intent.attempts.push(Attempt {
            id: *attempt,
            act: *act,
            minor: *minor,
            provider: provider.clone(),
            refund: *refund,
            sent_at: *at,
            state: AttemptState::Sent,
            needs_action: false,
            reference: None,
            code: None,
            is_contradicted: false,
            was_refused: false,
        }),
        Event::Answered(answered) => answer(&mut intent, answered)?,
        Event::Contradicted(answered) => {
            find(&mut intent, answered)?.is_contradicted = true;
        }
        Event::Failed { code } => {
            intent.state = State::Failed;
            intent.code = Some(code.clone());
        }
        Event::Dropped => intent.state = State::Cancelled,
    }
    Some(intent)
}

fn opened(event: &Event) -> Option<Intent> {
    let Event::Opened(opened) = event else {
        return None;
    };
    Some(Intent {
        id: opened.id,
        order: opened.order,
        currency: opened.currency,
        minor: opened.minor,
        covers: opened.covers.clone(),
        voucher: opened.voucher,
        authorised_minor: 0,
        captured_minor: 0,
        refunded_minor: 0,
        state: State::Open,
        code: None,
        attempts: Vec::new(),
        version: 1,
    })
}

fn find<'a>(intent: &'a mut Intent, answered: &Answered) -> Option<&'a mut Attempt> {
    let mut attempts = intent.attempts.iter_mut();
    attempts.find(|attempt| attempt.id == answered.attempt)
}

fn answer(intent: &mut Intent, answered: &Answered) -> Option<()> {
    let attempt = find(intent, answered)?;
    attempt.needs_action = matches!(answered.answer, Answer::Action { .. });
    if let Some(reference) = reference(&answered.answer) {
        attempt.reference = Some(reference.clone());
    }
    match &answered.answer {
        Answer::Refused { code } => attempt.code = Some(code.clone()),
        // A human may have seen that a part of it was done, and after it was refused.
        Answer::Done { minor, .. } if answered.by_hand => {
            attempt.code = None;
            attempt.was_refused = attempt.state == AttemptState::Refused;
            if answered.act != Act::Cancel {
                attempt.minor = *minor;
            }
        }
        Answer::Done { .. }
        | Answer::Action { .. }
        | Answer::Pending { .. }
        | Answer::Unknown
        | Answer::GivenUp => {}
    }
    if answered.by_hand {
        attempt.is_contradicted = false;
    }
    attempt.state = match answered.answer {
        Answer::Action { .. } | Answer::Pending { .. } => AttemptState::Sent,
        Answer::Unknown => AttemptState::Unknown,
        Answer::Done { .. } => AttemptState::Done,
        Answer::Refused { .. } => AttemptState::Refused,
        Answer::GivenUp => AttemptState::GivenUp,
    };
    let (is_done, minor) = (attempt.state == AttemptState::Done, attempt.minor);
    if is_done {
        done(intent, answered.act, minor)?;
    }
    intent.state = standing(intent);
    Some(())
}

/// What an attempt that worked has moved.
fn done(intent: &mut Intent, act: Act, minor: i64) -> Option<()> {
    match act {
        Act::Authorise => intent.authorised_minor = minor,
        Act::Capture => {
            intent.captured_minor = intent.captured_minor.checked_add(minor)?;
        }
        Act::Refund => {
            intent.refunded_minor = intent.refunded_minor.checked_add(minor)?;
        }
        Act::Cancel => {
            intent.state = State::Cancelled;
            // What was not held yet never will be: the provider let go of it as well.
            for attempt in &mut intent.attempts {
                if !attempt.state.is_settled() {
                    attempt.state = AttemptState::GivenUp;
                    attempt.needs_action = false;
                }
            }
        }
    }
    Some(())
}

/// The state that the amounts and the attempts make.
fn standing(intent: &Intent) -> State {
    if intent.state.is_final() {
        return intent.state;
    }
    let needs_action = intent.unsettled().any(|attempt| attempt.needs_action);
    match (
        intent.authorised_minor,
        intent.captured_minor,
        intent.refunded_minor,
    ) {
        (0, _, _) if needs_action => State::ActionNeeded,
        (0, _, _) => State::Open,
        (_, 0, _) => State::Authorised,
        (_, _, 0) => State::Captured,
        (_, captured, refunded) if refunded < captured => State::PartlyRefunded,
        (_, _, _) => State::Refunded,
    }
}
