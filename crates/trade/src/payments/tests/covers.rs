//! Who gives how much of a bill that is shared: when it is taken, when less is to be paid, and when some is given back.

use proptest::prelude::*;

use super::*;
use crate::ledger::tests::{bill, money, to_pay};
use crate::orders::{LineKey, MoneyLine};
use domain::pricing::Kind;

fn key(place: usize) -> LineKey {
    LineKey::numbered(place)
}

fn lines(places: &[usize]) -> Covers {
    Covers::Lines(places.iter().copied().map(key).collect())
}

/// A payment that holds so much, or has taken it.
fn part(number: u8, minor: i64, covers: Covers) -> Intent {
    let open = Command::Open {
        id: uid(number).into(),
        order: order(),
        amount: eur(minor),
        covers,
        voucher: None,
    };
    let intent = did(None, &open);
    with(
        intent,
        (number + 100, Act::Authorise, minor),
        super::done(minor),
    )
}

fn taken(intent: Intent, minor: i64) -> Intent {
    with(intent, (90, Act::Capture, minor), super::done(minor))
}

fn minors(given: &[(PaymentId, i64)]) -> Vec<i64> {
    given.iter().map(|(_, minor)| *minor).collect()
}

/// 10.00 and 5.00, with 3.00 of fees that are borne two to one.
fn known() -> Vec<MoneyLine> {
    vec![
        money(Kind::Item, Some(0), 1_000),
        money(Kind::Item, Some(1), 500),
        money(Kind::DeliveryFee, None, 300),
    ]
}

#[test]
fn what_belongs_to_a_line_is_whose_line_it_is() {
    let both = [part(1, 1_200, lines(&[0])), part(2, 600, lines(&[1]))];
    let parts = Parts::of(both.iter(), None).unwrap();
    let eur = Currency::EUR;
    assert_eq!(minors(&parts.taken(eur, &known())), [1_200, 600]);
    // The first line is gone: who had it pays his part of the fees alone.
    let less = &known()[1..];
    assert_eq!(minors(&parts.taken(eur, less)), [200, 600]);
    // Another line stands for it: who has something left gives it.
    let mut other = less.to_vec();
    other.push(money(Kind::Item, Some(7), 900));
    assert_eq!(minors(&parts.taken(eur, &other)), [1_100, 600]);
    let both = both.map(|one| {
        let minor = one.minor;
        taken(one, minor)
    });
    let parts = Parts::of(both.iter(), None).unwrap();
    let given = parts.less(eur, (&known(), less));
    assert_eq!(given, [(both[0].id, 1_000)]);
    let has = |intent: &Intent| intent.refundable_minor();
    let second = key(1);
    let given = parts.drawn(eur, &[(Some(&second), 500)], (has, 0));
    assert_eq!(given, [(both[1].id, 500)]);
    // Fees go back to both.
    assert_eq!(
        minors(&parts.drawn(eur, &[(None, 300)], (has, 0))),
        [200, 100]
    );
    // What is not there goes to the other.
    let given = parts.drawn(eur, &[(Some(&second), 700)], (has, 0));
    assert_eq!(minors(&given), [100, 600]);
}

#[test]
fn what_came_later_is_whose_payment_of_its_own_it_is() {
    let all = [
        part(1, 1_200, lines(&[0])),
        part(2, 600, lines(&[1])),
        part(3, 900, Covers::Any),
    ];
    let all = all.map(|one| {
        let minor = one.minor;
        taken(one, minor)
    });
    let parts = Parts::of(all.iter(), None).unwrap();
    let (eur, later) = (Currency::EUR, key(7));
    let has = |intent: &Intent| intent.refundable_minor();
    let given = parts.drawn(eur, &[(Some(&later), 900)], (has, 0));
    assert_eq!(given, [(all[2].id, 900)]);
    // Who has lost a line pays for no other that somebody else has paid for.
    let mut known = known();
    known.push(money(Kind::Item, Some(7), 900));
    let given = parts.less(eur, (&known, &known[1..]));
    assert_eq!(given, [(all[0].id, 1_000)]);
}

#[test]
fn cash_is_a_part_as_well() {
    let one = [part(1, 1_200, lines(&[0]))];
    let cash = CashPart {
        covers: lines(&[1]),
        minor: 600,
    };
    let parts = Parts::of(one.iter(), Some(&cash)).unwrap();
    let eur = Currency::EUR;
    assert_eq!(parts.cash(eur, &known()), 600);
    assert_eq!(parts.cash(eur, &known()[..1]), 0);
    assert_eq!(parts.cash(eur, &known()[1..]), 600);
    let one = one.map(|one| taken(one, 1_200));
    let parts = Parts::of(one.iter(), Some(&cash)).unwrap();
    let has = |intent: &Intent| intent.refundable_minor();
    let second = key(1);
    let given = parts.drawn(eur, &[(Some(&second), 500)], (has, 600));
    assert_eq!(given, []);
    // What was not taken in cash is not given back in cash.
    let given = parts.drawn(eur, &[(Some(&second), 500)], (has, 200));
    assert_eq!(minors(&given), [300]);
}

#[test]
fn a_share_is_a_share_of_everything() {
    let both = [part(1, 1_200, Covers::Share), part(2, 600, Covers::Share)];
    let parts = Parts::of(both.iter(), None).unwrap();
    let eur = Currency::EUR;
    assert_eq!(minors(&parts.taken(eur, &known())), [1_200, 600]);
    assert_eq!(minors(&parts.taken(eur, &known()[..1])), [667, 333]);
    assert!(Parts::of([opened()].iter(), None).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_is_lost_and_nobody_gives_more_than_he_has(
        whole in bill(),
        left in prop::collection::vec(any::<bool>(), 24),
        by_lines in any::<bool>(),
    ) {
        let total = to_pay(&whole);
        let half = total / 2;
        prop_assume!(half > 0);
        let covers = |places: &[usize]| match by_lines {
            true => lines(places),
            false => Covers::Share,
        };
        let both = [
            part(1, half, covers(&[0, 2, 4])),
            part(2, total - half, covers(&[1, 3, 5])),
        ];
        let parts = Parts::of(both.iter(), None).unwrap();
        let some: Vec<MoneyLine> = whole
            .iter()
            .zip(left.iter().chain(std::iter::repeat(&true)))
            .filter(|(_, stays)| **stays)
            .map(|(line, _)| line.clone())
            .collect();
        for lines in [&whole, &some] {
            let given = minors(&parts.taken(Currency::EUR, lines));
            let sum: i64 = given.iter().sum();
            prop_assert_eq!(sum, to_pay(lines).clamp(0, total));
            for (given, intent) in given.iter().zip(&both) {
                prop_assert!((0..=intent.minor).contains(given));
            }
        }
    }
}
