//! Refunds: what is left, to the cent; who has to agree; and what holds whatever is asked for.

use base::{Currency, Money};
use proptest::prelude::*;

use super::*;
use crate::ledger::Bearer;
use crate::ledger::tests::{bill, money, order, to_pay, uid};
use crate::orders::{LineKey, MoneyLine};
use crate::payments::{self, Act, Answer, Covers, Intent, Sending, Voucher};
use domain::pricing::{Funder, Kind};

const ALONE: Policy = Policy { alone_minor: None };

fn key(place: usize) -> LineKey {
    LineKey::numbered(place)
}

fn share(place: Option<usize>, minor: impl Into<Option<i64>>) -> Share {
    Share {
        line: place.map(key),
        minor: minor.into(),
    }
}

fn asking(number: u8, shares: Vec<Share>) -> Asking {
    Asking {
        id: uid(number).into(),
        order: order(),
        shares,
        reason: Reason::Missing,
        bearer: Bearer::Restaurant,
        to: Way::Back,
        by: "cook".to_owned(),
    }
}

fn known() -> Vec<MoneyLine> {
    vec![
        money(Kind::Item, Some(0), 1000),
        money(Kind::TaxAdded, Some(0), 70),
        money(Kind::Item, Some(1), 500),
        money(Kind::Discount(Funder::Platform), Some(1), -400),
        money(Kind::TaxIncluded, Some(1), 50),
        money(Kind::DeliveryFee, None, 250),
        money(Kind::Tip, None, 50),
    ]
}

fn left(refunds: &[Refund]) -> Left {
    Left::of(Currency::EUR, &known(), refunds).unwrap()
}

/// The refund after a command, of an order that has had these refunds besides.
fn did(
    refund: Option<Refund>,
    (command, others): (&Command, &[Refund]),
    policy: Policy,
) -> Result<Refund, Refusal> {
    let events = decide(refund.as_ref(), command, &left(others), policy)?;
    let after = events.iter().fold(refund, |refund, event| {
        assert!(Event::KINDS.contains(&event.kind()));
        let kept = serde_json::from_str(&serde_json::to_string(event).unwrap()).unwrap();
        Some(apply(refund, &kept).expect("the event belongs to the refund"))
    });
    Ok(after.unwrap())
}

fn granted(number: u8, shares: Vec<Share>, others: &[Refund]) -> Result<Refund, Refusal> {
    let refund = did(None, (&Command::Ask(asking(number, shares)), others), ALONE)?;
    assert_eq!(refund.state, State::Granted);
    Ok(refund)
}

fn parts(refund: &Refund) -> Vec<(i64, i64)> {
    let parts = refund.parts.iter();
    parts.map(|part| (part.minor, part.tax_minor)).collect()
}

#[test]
fn what_is_left_is_given_back_with_its_tax() {
    let some = vec![share(Some(0), 535), share(None, 100)];
    let first = granted(1, some, &[]).unwrap();
    assert_eq!(parts(&first), [(535, 35), (100, 0)]);
    let rest = granted(2, vec![], std::slice::from_ref(&first)).unwrap();
    // Of the second line the diner has paid a fifth, so a fifth of its tax is in what he gets back.
    assert_eq!(parts(&rest), [(200, 0), (535, 35), (100, 10)]);
    assert_eq!((rest.minor(), rest.tax_minor()), (835, 45));
    let granting = rest.granting();
    assert_eq!((granting.amount.minor(), granting.tax.minor()), (835, 45));
    let nothing = granted(3, vec![], &[first, rest]);
    assert_eq!(nothing, Err(Refusal::Amount));
}

#[test]
fn nothing_is_above_what_is_left() {
    let first = granted(1, vec![share(Some(0), 1000)], &[]).unwrap();
    let others = [first];
    let refused = |shares: Vec<Share>| granted(2, shares, &others).unwrap_err();
    assert_eq!(refused(vec![share(Some(0), 71)]), Refusal::Amount);
    assert_eq!(refused(vec![share(Some(0), 0)]), Refusal::Amount);
    assert_eq!(refused(vec![share(Some(0), -1)]), Refusal::Amount);
    assert_eq!(refused(vec![share(Some(2), 1)]), Refusal::Line);
    assert_eq!(refused(vec![share(None, 1), share(None, 1)]), Refusal::Line);
    assert_eq!(
        granted(2, vec![share(Some(0), 70)], &others)
            .unwrap()
            .tax_minor(),
        5
    );
    assert_eq!(left(&others).of_line(Some(&key(0))), 70);
    assert_eq!((left(&others).minor(), left(&others).given()), (470, 1000));
}

#[test]
fn a_second_person_agrees_above_the_limit() {
    let policy = Policy {
        alone_minor: Some(500),
    };
    let ask = |number, minor| Command::Ask(asking(number, vec![share(Some(0), minor)]));
    let small = did(None, (&ask(1, 500), &[]), policy).unwrap();
    assert_eq!(
        (small.state, small.decided_by.as_deref()),
        (State::Granted, Some("cook"))
    );
    // Many small ones are one large one.
    let others = [small];
    let more = did(None, (&ask(2, 1), &others), policy).unwrap();
    assert_eq!(
        (more.state, more.decided_by.as_deref()),
        (State::Asked, None)
    );
    let by = |who: &str| who.to_owned();
    let moved = Moved {
        attempt: None,
        minor: 1,
    };
    let early = did(
        Some(more.clone()),
        (&Command::Execute(moved), &others),
        policy,
    );
    assert_eq!(early, Err(Refusal::State(State::Asked)));
    let alone = did(
        Some(more.clone()),
        (&Command::Approve { by: by("cook") }, &others),
        policy,
    );
    assert_eq!(alone, Err(Refusal::SamePerson));
    let agreed = Command::Approve { by: by("owner") };
    let both = did(Some(more.clone()), (&agreed, &others), policy).unwrap();
    assert_eq!(
        (both.state, both.decided_by.as_deref()),
        (State::Granted, Some("owner"))
    );
    assert_eq!(
        decide(Some(&both), &agreed, &left(&others), policy),
        Ok(vec![])
    );
    // What waits takes of what is left; what was declined does not.
    let all = [others[0].clone(), more.clone()];
    assert_eq!(left(&all).of_line(Some(&key(0))), 569);
    let declined = did(
        Some(more),
        (&Command::Decline { by: by("cook") }, &others),
        policy,
    );
    let declined = declined.unwrap();
    assert_eq!(declined.state, State::Declined);
    assert_eq!(
        left(&[others[0].clone(), declined.clone()]).of_line(Some(&key(0))),
        570
    );
    let late = did(Some(declined), (&agreed, &others), policy);
    assert_eq!(late, Err(Refusal::State(State::Declined)));
}

#[test]
fn granting_and_executing_are_two_facts() {
    let refund = granted(1, vec![share(Some(0), 300)], &[]).unwrap();
    let moved = |number: u8, minor| Moved {
        attempt: Some(uid(number).into()),
        minor,
    };
    let execute =
        |refund: &Refund, moved| did(Some(refund.clone()), (&Command::Execute(moved), &[]), ALONE);
    assert_eq!(execute(&refund, moved(1, 301)), Err(Refusal::Amount));
    let half = execute(&refund, moved(1, 100)).unwrap();
    assert_eq!((half.state, half.moved_minor()), (State::Granted, 100));
    assert_eq!(execute(&half, moved(1, 100)).unwrap(), half);
    assert_eq!(execute(&half, moved(1, 200)), Err(Refusal::Amount));
    assert_eq!(execute(&half, moved(2, 201)), Err(Refusal::Amount));
    let whole = execute(&half, moved(2, 200)).unwrap();
    assert_eq!((whole.state, whole.moved_minor()), (State::Executed, 300));
    assert_eq!(
        execute(&whole, moved(3, 1)),
        Err(Refusal::State(State::Executed))
    );
    let none = decide(None, &Command::Execute(moved(1, 1)), &left(&[]), ALONE);
    assert_eq!(none, Err(Refusal::Missing));
}

/// A payment of which so much was taken.
fn paid(number: u8, minor: i64) -> Intent {
    paid_for(number, minor, Covers::Any)
}

/// The same, of a part of a bill.
fn paid_for(number: u8, minor: i64, covers: Covers) -> Intent {
    paid_with(number, minor, (covers, None))
}

/// The same, with a meal voucher.
fn paid_with(number: u8, minor: i64, (covers, voucher): (Covers, Option<Voucher>)) -> Intent {
    let mut intent = None;
    let sending = |act, attempt: u8| {
        payments::Command::Send(Sending {
            attempt: uid(attempt).into(),
            act,
            minor,
            provider: crate::ledger::tests::provider(),
            refund: None,
            at: base::Time::EPOCH,
        })
    };
    let settling = |attempt: u8| payments::Command::Settle {
        attempt: uid(attempt).into(),
        answer: Answer::Done {
            reference: "ref".to_owned(),
            minor,
        },
    };
    let open = payments::Command::Open {
        id: uid(number).into(),
        order: order(),
        amount: Money::new(minor, Currency::EUR),
        covers,
        voucher,
    };
    let (authorise, capture) = (sending(Act::Authorise, 1), sending(Act::Capture, 2));
    for command in [open, authorise, settling(1), capture, settling(2)] {
        for event in payments::decide(intent.as_ref(), &command).unwrap() {
            intent = payments::apply(intent, &event);
        }
    }
    intent.unwrap()
}

#[test]
fn what_several_have_paid_is_given_back_to_each() {
    let both = [paid(1, 300), paid(2, 500)];
    let ids = [both[0].id, both[1].id];
    let of = |place: usize, minor| Drawn {
        payment: ids[place],
        minor,
    };
    assert_eq!(draw(200, &both, &[]), vec![of(0, 200)]);
    assert_eq!(draw(301, &both, &[]), vec![of(0, 300), of(1, 1)]);
    assert_eq!(draw(801, &both, &[]), vec![of(0, 300), of(1, 500)]);
    assert_eq!(draw(0, &both, &[]), vec![]);
    // What another one still has to draw is not there for this one.
    let mut other = granted(1, vec![share(Some(0), 500)], &[]).unwrap();
    other.drawn = vec![of(0, 300), of(1, 200)];
    assert_eq!(
        draw(301, &both, std::slice::from_ref(&other)),
        vec![of(1, 300)]
    );
    // What was perhaps given for it is taken off once.
    let [first, second] = both;
    other.drawn = vec![of(0, 100)];
    let asked = payments::Command::Send(Sending {
        attempt: uid(3).into(),
        act: Act::Refund,
        minor: 100,
        provider: crate::ledger::tests::provider(),
        refund: Some(other.id),
        at: base::Time::EPOCH,
    });
    let answers = [
        Answer::Refused {
            code: String::new(),
        },
        Answer::Done {
            reference: "ref".to_owned(),
            minor: 100,
        },
    ];
    let answers = answers.map(|answer| payments::Command::Settle {
        attempt: uid(3).into(),
        answer,
    });
    let mut first = Some(first);
    for command in [asked].into_iter().chain(answers) {
        for event in payments::decide(first.as_ref(), &command).unwrap() {
            first = payments::apply(first, &event);
        }
    }
    let both = [first.unwrap(), second];
    assert_eq!(draw(500, &both, &[other]), vec![of(0, 200), of(1, 300)]);
}

#[test]
fn a_voucher_gives_back_all_or_nothing() {
    let whole = |number, minor| paid_with(number, minor, (Covers::Any, Some(Voucher::Whole)));
    let all = [paid(1, 300), whole(2, 500)];
    let of = |place: usize, minor| Drawn {
        payment: all[place].id,
        minor,
    };
    assert_eq!(draw(200, &all, &[]), vec![of(0, 200)]);
    assert_eq!(draw(500, &all, &[]), vec![of(1, 500)]);
    assert_eq!(draw(600, &all, &[]), vec![of(0, 100), of(1, 500)]);
    // The voucher has more than is left then: so much is bound in it.
    let short = draw(400, &all, &[]);
    assert_eq!(short, vec![of(0, 300)]);
    assert_eq!(bound_minor(&all, &short, &[]), 500);
    assert_eq!(bound_minor(&all, &draw(500, &all, &[]), &[]), 0);
    // One that gives back parts gives them.
    let parts = [paid_with(3, 500, (Covers::Any, Some(Voucher::Parts)))];
    assert_eq!(draw(200, &parts, &[])[0].minor, 200);
    // What another refund draws all of is not there for this one.
    let mut other = granted(1, vec![share(Some(0), 500)], &[]).unwrap();
    other.drawn = vec![of(1, 500)];
    let others = [other];
    assert_eq!(draw(500, &all, &others), vec![of(0, 300)]);
    assert_eq!(bound_minor(&all, &[of(0, 300)], &others), 0);
    assert_eq!(
        [kept_minor(&all, &[]), kept_minor(&all, &others)],
        [800, 300]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_vouchers_pay_all_is_given_back_or_bound(
        payments in prop::collection::vec((1_i64..1_000, 0_u8..3), 1..6),
        asked in prop::collection::vec(1_i64..1_500, 1..8),
    ) {
        let payments: Vec<Intent> = (1_u8..).zip(payments).map(|(number, (minor, kind))| {
            let voucher = [None, Some(Voucher::Parts), Some(Voucher::Whole)][usize::from(kind)];
            paid_with(number, minor, (Covers::Any, voucher))
        }).collect();
        let paid: i64 = payments.iter().map(|one| one.captured_minor).sum();
        let (mut refunds, mut given) = (Vec::<Refund>::new(), 0_i64);
        for (minor, number) in asked.into_iter().zip(1_u8..) {
            let minor = minor.min(paid - given);
            if minor == 0 { break }
            let drawn = draw(minor, &payments, &refunds);
            let sum: i64 = drawn.iter().map(|one| one.minor).sum();
            prop_assert!(sum <= minor);
            // What no payment gives is bound in a voucher, so that it is never more than there was.
            prop_assert!(minor - sum <= bound_minor(&payments, &drawn, &refunds));
            for one in &drawn {
                let payment = payments.iter().find(|payment| payment.id == one.payment).unwrap();
                let before = refunds.iter().flat_map(|refund| &refund.drawn);
                let before: i64 = before.filter(|two| two.payment == one.payment).map(|two| two.minor).sum();
                prop_assert!(before + one.minor <= payment.captured_minor);
                prop_assert!(!payment.is_whole() || one.minor == payment.captured_minor);
            }
            given += minor;
            let mut refund = granted(number, vec![share(Some(0), 1)], &[]).unwrap();
            refund.drawn = drawn;
            refunds.push(refund);
        }
    }

    #[test]
    fn whatever_is_asked_for_no_more_is_given_back_than_was_paid(
        lines in bill(),
        asked in prop::collection::vec(prop::collection::vec((0_usize..13, 0_i64..1_200), 0..4), 0..8),
    ) {
        let Some(before) = Left::of(Currency::EUR, &lines, &[]) else { return Ok(()) };
        let of_line = |place: usize| (place < 12).then(|| key(place));
        let mut refunds: Vec<Refund> = Vec::new();
        for (shares, number) in asked.into_iter().zip(1_u8..) {
            let left = Left::of(Currency::EUR, &lines, &refunds).unwrap();
            let shares = shares.into_iter().map(|(place, thousandths)| {
                let line = of_line(place);
                let most = i128::from(left.of_line(line.as_ref()));
                let minor = i64::try_from(most * i128::from(thousandths) / 1_000).ok();
                Share { line, minor }
            });
            let asking = asking(number, shares.collect());
            let Ok(events) = decide(None, &Command::Ask(asking), &left, ALONE) else { continue };
            let refund = events.iter().fold(None, apply).unwrap();
            for part in &refund.parts {
                prop_assert!(part.minor > 0 && part.minor <= left.of_line(part.line.as_ref()));
                prop_assert!((0..=part.minor).contains(&part.tax_minor), "{:?}", part);
            }
            refunds.push(refund);
        }
        let given: i64 = refunds.iter().map(Refund::minor).sum();
        prop_assert!(given <= to_pay(&lines).max(0));
        // Then all that is left: of each line exactly as much, and as much tax, as if it had been given back at once.
        let left = Left::of(Currency::EUR, &lines, &refunds).unwrap();
        if let Ok(events) = decide(None, &Command::Ask(asking(99, vec![])), &left, ALONE) {
            refunds.push(events.iter().fold(None, apply).unwrap());
        }
        let at_once = decide(None, &Command::Ask(asking(99, vec![])), &before, ALONE);
        let at_once = at_once.ok().and_then(|events| events.iter().fold(None, apply));
        let (given, tax): (i64, i64) = refunds.iter()
            .fold((0, 0), |(given, tax), refund| (given + refund.minor(), tax + refund.tax_minor()));
        prop_assert_eq!(given, at_once.as_ref().map_or(0, Refund::minor));
        // Where a line costs less than nothing, the lines together have more left than the order, and which of them
        // bears the difference depends on what was asked for first.
        let is_plain = (0..12).all(|place| lines.iter()
            .filter(|line| line.kind.is_paid() && line.line == Some(key(place)))
            .map(|line| i128::from(line.minor)).sum::<i128>() >= 0);
        if is_plain {
            prop_assert_eq!(tax, at_once.as_ref().map_or(0, Refund::tax_minor));
        }
    }
}
