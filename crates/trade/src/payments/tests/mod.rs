//! Payments: every edge by a table, and what holds whatever is asked and answered in whatever order.

mod covers;
mod machine;
mod properties;
mod split;
mod vouchers;

use base::{Currency, Money};

use super::*;
use crate::ledger::tests::{order, provider, uid};

const AMOUNT: i64 = 1_000;

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn attempt(number: u8) -> AttemptId {
    uid(number).into()
}

fn opened() -> Intent {
    let open = Command::Open {
        id: uid(1).into(),
        order: order(),
        amount: eur(AMOUNT),
        covers: Covers::Any,
        voucher: None,
    };
    did(None, &open)
}

/// When all attempts are sent.
const SENT_AT: base::Time = base::Time::from_micros(1_700_000_000_000_000);

/// The intent after a command that must be possible.
fn did(intent: Option<Intent>, command: &Command) -> Intent {
    let events = decide(intent.as_ref(), command).unwrap();
    let intent = events.iter().fold(intent, |intent, event| {
        Some(apply(intent, event).expect("the event belongs to the intent"))
    });
    intent.unwrap()
}

fn send(number: u8, act: Act, minor: i64) -> Command {
    Command::Send(Sending {
        attempt: attempt(number),
        act,
        minor,
        provider: provider(),
        refund: None,
        at: SENT_AT,
    })
}

fn settle(number: u8, answer: Answer) -> Command {
    Command::Settle {
        attempt: attempt(number),
        answer: named(number, answer),
    }
}

fn by_hand(number: u8, answer: Answer) -> Command {
    Command::SettleByHand {
        attempt: attempt(number),
        answer: named(number, answer),
    }
}

/// The answer under a name of its own, where it has none yet.
fn named(number: u8, mut answer: Answer) -> Answer {
    if let Answer::Done { reference, .. }
    | Answer::Action { reference }
    | Answer::Pending { reference } = &mut answer
        && reference == "ref"
    {
        *reference = name(number);
    }
    answer
}

/// What the provider calls an attempt.
fn name(number: u8) -> String {
    format!("ref {number}")
}

fn done(minor: i64) -> Answer {
    Answer::Done {
        reference: "ref".to_owned(),
        minor,
    }
}

fn refused() -> Answer {
    Answer::Refused {
        code: "no_money".to_owned(),
    }
}

fn action() -> Answer {
    Answer::Action {
        reference: "ref".to_owned(),
    }
}

fn pending() -> Answer {
    Answer::Pending {
        reference: "ref".to_owned(),
    }
}

/// Sent and answered.
fn with(intent: Intent, (number, act, minor): (u8, Act, i64), answer: Answer) -> Intent {
    let sent = did(Some(intent), &send(number, act, minor));
    did(Some(sent), &settle(number, answer))
}

fn authorised() -> Intent {
    with(opened(), (1, Act::Authorise, AMOUNT), done(AMOUNT))
}

fn captured(minor: i64) -> Intent {
    with(authorised(), (2, Act::Capture, minor), done(minor))
}
