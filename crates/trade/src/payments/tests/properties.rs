//! Whatever is asked, and whatever providers answer, late, twice or against what they said before.

use proptest::prelude::*;

use super::*;

/// What is done next: asked or answered.
fn steps() -> impl Strategy<Value = Vec<Command>> {
    let minor =
        || prop_oneof![3 => Just(i64::MIN), 1 => Just(400), 1 => Just(1), 1 => -1..AMOUNT + 2];
    let act = prop_oneof![
        2 => Just(Act::Authorise),
        3 => Just(Act::Capture),
        1 => Just(Act::Cancel),
        3 => Just(Act::Refund),
    ];
    let answer = || {
        prop_oneof![
            1 => minor().prop_map(done),
            9 => Just(done(i64::MIN)),
            1 => Just(refused()),
            1 => Just(action()),
            1 => Just(pending()),
            2 => Just(Answer::Unknown),
            1 => Just(Answer::GivenUp),
        ]
    };
    let code = String::new;
    let step = prop_oneof![
        10 => (1_u8..9, act, minor()).prop_map(|(number, act, minor)| send(number, act, minor)),
        14 => (1_u8..9, answer()).prop_map(|(number, answer)| settle(number, answer)),
        2 => (1_u8..9, answer()).prop_map(|(number, answer)| by_hand(number, answer)),
        1 => Just(Command::Fail { code: code() }),
        1 => Just(Command::Drop),
    ];
    prop::collection::vec(step, 0..60)
}

/// The amount `i64::MIN` stands for all that there is, and in an answer for what was asked for.
fn meant(intent: &Intent, command: &Command) -> Command {
    let mut meant = command.clone();
    match &mut meant {
        Command::Settle {
            attempt,
            answer: Answer::Done { minor, .. },
        }
        | Command::SettleByHand {
            attempt,
            answer: Answer::Done { minor, .. },
        } if *minor == i64::MIN => {
            *minor = intent.attempt(*attempt).map_or(1, |attempt| attempt.minor);
        }
        Command::Send(sending) if sending.minor == i64::MIN => {
            sending.minor = match sending.act {
                Act::Authorise | Act::Cancel => AMOUNT,
                Act::Capture => intent.capturable_minor(),
                Act::Refund => intent.refundable_minor(),
            };
        }
        _ => {}
    }
    meant
}

/// The sums of what has worked, which nothing but answers can make.
fn holds(intent: &Intent) -> Result<(), TestCaseError> {
    let sum = |act| intent.done(act).map(|attempt| attempt.minor).sum::<i64>();
    prop_assert_eq!(intent.authorised_minor, sum(Act::Authorise));
    prop_assert_eq!(intent.captured_minor, sum(Act::Capture));
    prop_assert_eq!(intent.refunded_minor, sum(Act::Refund));
    prop_assert!(intent.authorised_minor <= intent.minor);
    prop_assert!(
        intent.captured_minor + intent.on_its_way(Act::Capture) <= intent.authorised_minor
    );
    prop_assert!(intent.refunded_minor + intent.on_its_way(Act::Refund) <= intent.captured_minor);
    prop_assert!(intent.done(Act::Authorise).count() <= 1);
    if intent.state.is_final() {
        prop_assert_eq!(intent.unsettled().count(), 0);
    }
    let nothing = intent.state == State::Cancelled || intent.state == State::Failed;
    prop_assert!(!nothing || intent.captured_minor == 0);
    prop_assert!(!intent.state.is_secured() || intent.authorised_minor > 0);
    prop_assert_eq!(
        intent.captured_minor > 0,
        matches!(
            intent.state,
            State::Captured | State::PartlyRefunded | State::Refunded
        )
    );
    Ok(())
}

/// A step changes only what it may: what counts as done stays so, and what has another outcome changes by a human's word alone.
fn follows((before, event): (&Intent, &Event), after: &Intent) -> Result<(), TestCaseError> {
    let by_hand = matches!(event, Event::Answered(answered) if answered.by_hand);
    prop_assert!(!before.state.is_final() || before.state == after.state);
    for (old, new) in before.attempts.iter().zip(&after.attempts) {
        prop_assert_eq!(old.id, new.id);
        let may_change = !old.state.is_settled() || by_hand && old.state != AttemptState::Done;
        prop_assert!(may_change || old.state == new.state);
        prop_assert!(by_hand || old.minor == new.minor);
    }
    let moved = (
        after.authorised_minor,
        after.captured_minor,
        after.refunded_minor,
    );
    prop_assert!(moved.0 >= before.authorised_minor);
    prop_assert!(moved.1 >= before.captured_minor);
    prop_assert!(moved.2 >= before.refunded_minor);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_money_moves_that_may_not(steps in steps()) {
        let mut intent = opened();
        let mut events = Vec::new();
        for step in steps {
            let step = meant(&intent, &step);
            let Ok(said) = decide(Some(&intent), &step) else { continue };
            prop_assert!(said.len() <= 1);
            for event in said {
                let after = apply(Some(intent.clone()), &event).unwrap();
                prop_assert_eq!(after.version, intent.version + 1);
                follows((&intent, &event), &after)?;
                holds(&after)?;
                // The very same again is nothing new.
                prop_assert_eq!(decide(Some(&after), &step), Ok(vec![]), "{:?}", step);
                intent = after;
                events.push(event);
            }
        }
        // The log gives the same intent, as it is written and read.
        let again = events.iter().try_fold(opened(), |intent, event| {
            let event = serde_json::from_str(&serde_json::to_string(event).unwrap()).unwrap();
            apply(Some(intent), &event)
        });
        prop_assert_eq!(again, Some(intent));
    }
}

#[test]
fn the_steps_reach_every_state() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut seen, strategy) = (std::collections::BTreeSet::new(), steps());
    for _ in 0..1_500 {
        let mut intent = opened();
        for step in strategy.new_tree(&mut runner).unwrap().current() {
            let step = meant(&intent, &step);
            let said = decide(Some(&intent), &step).unwrap_or_default();
            intent = said
                .iter()
                .fold(intent, |intent, event| apply(Some(intent), event).unwrap());
            seen.insert(intent.state);
        }
    }
    assert_eq!(seen.len(), State::ALL.len(), "{seen:?}");
}
