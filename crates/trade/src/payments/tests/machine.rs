//! The edges one by one.

use super::*;

fn refusal(intent: &Intent, command: &Command) -> Refusal {
    decide(Some(intent), command).unwrap_err()
}

#[test]
fn a_payment_goes_its_way() {
    let intent = captured(900);
    assert_eq!(intent.state, State::Captured);
    assert_eq!(
        (intent.capturable_minor(), intent.refundable_minor()),
        (100, 900)
    );
    let intent = with(intent, (3, Act::Refund, 300), done(300));
    assert_eq!(intent.state, State::PartlyRefunded);
    let intent = with(intent, (4, Act::Refund, 600), done(600));
    assert_eq!(intent.state, State::Refunded);
    assert_eq!((intent.captured_minor, intent.refunded_minor), (900, 900));
    assert_eq!(intent.held_by().map(|held| held.id), Some(attempt(1)));
    let kept = serde_json::to_string(&intent).unwrap();
    assert_eq!(serde_json::from_str::<Intent>(&kept).unwrap(), intent);
}

#[test]
fn nothing_is_asked_twice_while_nobody_knows() {
    for unknown in [Answer::Unknown, action(), pending()] {
        let intent = with(opened(), (1, Act::Authorise, AMOUNT), unknown);
        let again = refusal(&intent, &send(2, Act::Authorise, AMOUNT));
        assert_eq!(again, Refusal::UnderWay);
        let code = String::new();
        assert_eq!(refusal(&intent, &Command::Fail { code }), Refusal::UnderWay);
        assert_eq!(refusal(&intent, &Command::Drop), Refusal::UnderWay);
    }
    // Once it is known that it came to nothing, another one may be asked.
    for nothing in [refused(), Answer::GivenUp] {
        let intent = with(opened(), (1, Act::Authorise, AMOUNT), nothing);
        let intent = with(intent, (2, Act::Authorise, AMOUNT), done(AMOUNT));
        assert_eq!(intent.state, State::Authorised);
    }
}

#[test]
fn what_is_on_its_way_counts() {
    let intent = did(Some(authorised()), &send(2, Act::Capture, 600));
    assert_eq!(
        refusal(&intent, &send(3, Act::Capture, 401)),
        Refusal::Amount
    );
    assert_eq!(
        refusal(&intent, &send(3, Act::Cancel, 0)),
        Refusal::UnderWay
    );
    let intent = with(intent, (3, Act::Capture, 400), done(400));
    assert_eq!(
        refusal(&intent, &send(4, Act::Refund, 1)),
        Refusal::UnderWay
    );
    let intent = did(Some(intent), &settle(2, refused()));
    let intent = did(Some(intent), &send(4, Act::Refund, 300));
    assert_eq!(
        refusal(&intent, &send(5, Act::Refund, 101)),
        Refusal::Amount
    );
    assert_eq!(refusal(&intent, &send(5, Act::Refund, 0)), Refusal::Amount);
    assert_eq!(
        refusal(&intent, &send(5, Act::Capture, 1)),
        Refusal::UnderWay
    );
}

#[test]
fn the_same_again_changes_nothing() {
    let intent = did(Some(opened()), &send(1, Act::Authorise, AMOUNT));
    assert_eq!(
        decide(Some(&intent), &send(1, Act::Authorise, AMOUNT)),
        Ok(vec![])
    );
    let other = refusal(&intent, &send(1, Act::Capture, AMOUNT));
    assert_eq!(other, Refusal::AttemptOther);
    for answer in [Answer::Unknown, action(), pending(), done(AMOUNT)] {
        let intent = did(Some(intent.clone()), &settle(1, answer.clone()));
        assert_eq!(decide(Some(&intent), &settle(1, answer)), Ok(vec![]));
    }
    // What comes late says nothing against what is known.
    for late in [Answer::Unknown, action(), pending(), Answer::GivenUp] {
        assert_eq!(decide(Some(&authorised()), &settle(1, late)), Ok(vec![]));
    }
}

#[test]
fn what_contradicts_is_recorded_once_and_moves_nothing() {
    let failed = with(opened(), (1, Act::Authorise, AMOUNT), refused());
    let sent = did(Some(opened()), &send(1, Act::Authorise, AMOUNT));
    let cases = [
        (failed, done(AMOUNT)),
        (authorised(), refused()),
        (authorised(), done(AMOUNT - 1)),
        (sent, done(AMOUNT + 1)),
    ];
    for (before, answer) in cases {
        let after = did(Some(before.clone()), &settle(1, answer.clone()));
        assert!(after.attempts[0].is_contradicted);
        assert_eq!(after.state, before.state);
        assert_eq!(after.authorised_minor, before.authorised_minor);
        assert_eq!(after.attempts[0].state, before.attempts[0].state);
        assert_eq!(decide(Some(&after), &settle(1, answer)), Ok(vec![]));
    }
}

#[test]
fn what_is_done_again_under_another_name_is_recorded() {
    let other = |minor| Answer::Done {
        reference: "other".to_owned(),
        minor,
    };
    let refunded = with(captured(900), (3, Act::Refund, 300), done(300));
    let cases = [
        (authorised(), 1, AMOUNT),
        (captured(900), 2, 900),
        (refunded, 3, 300),
    ];
    for (before, number, minor) in cases {
        let again = settle(number, other(minor));
        let after = did(Some(before.clone()), &again);
        let twice = after.attempt(attempt(number)).unwrap();
        assert!(twice.is_contradicted);
        // What follows is asked of the first one.
        assert_eq!(twice.reference, Some(name(number)));
        assert_eq!(after.state, before.state);
        assert_eq!(after.captured_minor, before.captured_minor);
        assert_eq!(decide(Some(&after), &again), Ok(vec![]));
    }
    // Nothing can be let go of twice.
    let gone = with(authorised(), (2, Act::Cancel, AMOUNT), done(AMOUNT));
    assert_eq!(decide(Some(&gone), &settle(2, other(AMOUNT))), Ok(vec![]));
}

#[test]
fn what_was_refused_is_done_where_a_human_has_seen_that() {
    let other = |minor| Answer::Done {
        reference: "other".to_owned(),
        minor,
    };
    let intent = with(authorised(), (2, Act::Capture, 900), refused());
    let intent = did(Some(intent), &by_hand(2, other(600)));
    let taken = &intent.attempts[1];
    assert_eq!((taken.minor, intent.captured_minor), (600, 600));
    let named = (taken.reference.as_deref(), taken.code.as_deref());
    assert_eq!(named, (Some("other"), None));
    let intent = with(intent, (3, Act::Refund, 600), refused());
    // It may be that it was done, says the provider: then a human says what became of it.
    let doubtful = did(Some(intent), &settle(3, done(600)));
    for (answer, refunded) in [(refused(), 0), (done(600), 600), (done(200), 200)] {
        let after = did(Some(doubtful.clone()), &by_hand(3, answer.clone()));
        assert!(!after.attempts[2].is_contradicted);
        assert_eq!(after.refunded_minor, refunded);
        assert_eq!(decide(Some(&after), &by_hand(3, answer)), Ok(vec![]));
    }
    let whole = with(authorised(), (2, Act::Cancel, AMOUNT), refused());
    let gone = did(Some(whole.clone()), &by_hand(2, other(AMOUNT)));
    assert_eq!(gone.state, State::Cancelled);
    assert_eq!(decide(Some(&whole), &by_hand(2, refused())), Ok(vec![]));
}

#[test]
fn a_human_says_no_more_than_a_payment_can_bear() {
    let refusals = [
        // More than was asked, or nothing.
        (with(authorised(), (2, Act::Capture, 600), refused()), 601),
        (with(authorised(), (2, Act::Capture, 600), refused()), 0),
        (did(Some(authorised()), &send(2, Act::Capture, 600)), 601),
        // What is held is held as a whole.
        (did(Some(opened()), &send(2, Act::Authorise, AMOUNT)), 999),
        // What is done is posted.
        (captured(900), 899),
    ];
    for (intent, minor) in refusals {
        assert_eq!(refusal(&intent, &by_hand(2, done(minor))), Refusal::Amount);
    }
    assert_eq!(
        refusal(&captured(900), &by_hand(2, refused())),
        Refusal::Done
    );
    // Others have given it back since.
    let intent = with(captured(900), (3, Act::Refund, 600), refused());
    let intent = with(intent, (4, Act::Refund, 400), done(400));
    assert_eq!(refusal(&intent, &by_hand(3, done(501))), Refusal::Amount);
    assert_eq!(
        did(Some(intent), &by_hand(3, done(500))).refunded_minor,
        900
    );
    let gone = with(authorised(), (2, Act::Capture, 600), refused());
    let gone = with(gone, (3, Act::Cancel, AMOUNT), done(AMOUNT));
    let late = refusal(&gone, &by_hand(2, done(600)));
    assert_eq!(late, Refusal::State(State::Cancelled));
}

/// A refund that was refused, and another one of the same after it, which has no outcome yet.
fn asked_anew() -> Intent {
    let intent = with(captured(900), (3, Act::Refund, 300), refused());
    did(Some(intent), &send(4, Act::Refund, 300))
}

#[test]
fn what_has_moved_once_counts_once() {
    // It may be the other one that he has seen.
    let intent = asked_anew();
    assert_eq!(refusal(&intent, &by_hand(3, done(300))), Refusal::UnderWay);
    let other = did(Some(intent.clone()), &send(5, Act::Refund, 100));
    let other = did(Some(other), &settle(4, refused()));
    assert_eq!(refusal(&other, &by_hand(3, done(300))), Refusal::UnderWay);
    // It was the other one.
    let intent = did(Some(intent), &settle(4, done(300)));
    let seen = |number| Answer::Done {
        reference: name(number),
        minor: 300,
    };
    assert_eq!(refusal(&intent, &by_hand(3, seen(4))), Refusal::Twice);
    let both = did(Some(intent), &by_hand(3, seen(3)));
    assert_eq!(both.refunded_minor, 600);
    assert!(both.attempts[2].was_refused && !both.attempts[3].was_refused);
    // What a human has seen is told by the provider, as something that it was asked for later.
    let told = with(captured(900), (3, Act::Refund, 300), refused());
    let told = did(Some(told), &by_hand(3, seen(4)));
    let told = with(told, (4, Act::Refund, 300), seen(4));
    assert!(told.attempts[3].is_contradicted);
    assert_eq!(told.refunded_minor, 300);
}

#[test]
fn what_is_held_is_let_go() {
    let intent = with(authorised(), (2, Act::Cancel, AMOUNT), done(AMOUNT));
    assert_eq!(intent.state, State::Cancelled);
    // So is what may be held, where the diner never came back: then the ask itself has come to nothing.
    let waiting = with(opened(), (1, Act::Authorise, AMOUNT), action());
    assert_eq!(waiting.state, State::ActionNeeded);
    let intent = did(Some(waiting.clone()), &send(2, Act::Cancel, AMOUNT));
    // He may have come back meanwhile.
    let back = did(Some(intent.clone()), &settle(1, done(AMOUNT)));
    assert_eq!(back.state, State::Authorised);
    for intent in [intent, back] {
        let intent = did(Some(intent), &settle(2, done(0)));
        assert_eq!(intent.state, State::Cancelled);
        assert_eq!(intent.unsettled().count(), 0);
    }
    let kept = with(waiting, (2, Act::Cancel, AMOUNT), refused());
    assert_eq!(kept.state, State::ActionNeeded);
    assert_eq!(did(Some(opened()), &Command::Drop).state, State::Cancelled);
    assert_eq!(
        refusal(&opened(), &send(1, Act::Cancel, AMOUNT)),
        Refusal::State(State::Open)
    );
    let taken = captured(1);
    assert_eq!(
        refusal(&taken, &send(3, Act::Cancel, AMOUNT)),
        Refusal::State(State::Captured)
    );
}

#[test]
fn what_has_failed_stays_so() {
    let code = "no_money".to_owned();
    let fail = Command::Fail { code: code.clone() };
    let intent = with(opened(), (1, Act::Authorise, AMOUNT), refused());
    let intent = did(Some(intent), &fail);
    assert_eq!(
        (intent.state, intent.code.clone()),
        (State::Failed, Some(code))
    );
    assert_eq!(decide(Some(&intent), &fail), Ok(vec![]));
    let states = [
        send(2, Act::Authorise, AMOUNT),
        send(2, Act::Capture, 1),
        send(2, Act::Cancel, 1),
        send(2, Act::Refund, 1),
        Command::Drop,
    ];
    for command in states {
        assert_eq!(refusal(&intent, &command), Refusal::State(State::Failed));
    }
    assert_eq!(
        refusal(&authorised(), &fail),
        Refusal::State(State::Authorised)
    );
}

#[test]
fn what_is_not_there_is_refused() {
    let open = |minor| Command::Open {
        id: uid(1).into(),
        order: order(),
        amount: eur(minor),
        covers: Covers::Any,
        voucher: None,
    };
    assert_eq!(decide(None, &open(0)), Err(Refusal::Amount));
    assert_eq!(decide(None, &Command::Drop), Err(Refusal::Missing));
    assert_eq!(refusal(&opened(), &open(5)), Refusal::There);
    assert_eq!(
        refusal(&opened(), &settle(1, done(1))),
        Refusal::AttemptMissing
    );
    let half = send(1, Act::Authorise, AMOUNT / 2);
    assert_eq!(refusal(&opened(), &half), Refusal::Amount);
    let long = Answer::Pending {
        reference: "x".repeat(REFERENCE_CHARS_MAX + 1),
    };
    let sent = did(Some(opened()), &send(1, Act::Authorise, AMOUNT));
    assert_eq!(refusal(&sent, &settle(1, long)), Refusal::Reference);
    for name in ["", "Test", "1st", "a_b", "a-name-of-21-letters-"] {
        assert_eq!(
            name.parse::<ProviderName>(),
            Err(ProviderNameError),
            "{name}"
        );
    }
}

#[test]
fn every_event_has_a_name_in_the_log() {
    let intent = opened();
    let mut seen = std::collections::BTreeSet::new();
    let mut name = |event: &Event| {
        assert!(Event::KINDS.contains(&event.kind()), "{event:?}");
        seen.insert(event.kind());
    };
    let answers = [
        done(1),
        action(),
        pending(),
        refused(),
        Answer::Unknown,
        Answer::GivenUp,
    ];
    for act in Act::ALL {
        for answer in answers.clone() {
            let answered = Answered {
                attempt: attempt(1),
                act,
                answer,
                by_hand: false,
            };
            name(&Event::Answered(answered.clone()));
            name(&Event::Contradicted(answered));
        }
    }
    let code = String::new();
    for command in [
        send(1, Act::Authorise, AMOUNT),
        Command::Fail { code },
        Command::Drop,
    ] {
        decide(Some(&intent), &command)
            .unwrap()
            .iter()
            .for_each(&mut name);
    }
    let open = Command::Open {
        id: intent.id,
        order: order(),
        amount: eur(1),
        covers: Covers::Any,
        voucher: None,
    };
    decide(None, &open).unwrap().iter().for_each(&mut name);
    assert_eq!(seen.len(), Event::KINDS.len());
}
