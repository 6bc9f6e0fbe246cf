//! Meal vouchers that give back all or nothing, and orders that cost less after they were taken.

use proptest::prelude::*;

use super::*;

/// A payment of which so much was taken.
fn paid(number: u8, minor: i64, voucher: Option<Voucher>) -> Intent {
    let open = Command::Open {
        id: uid(number).into(),
        order: order(),
        amount: eur(minor),
        covers: Covers::Any,
        voucher,
    };
    let held = with(
        did(None, &open),
        (number + 100, Act::Authorise, minor),
        super::done(minor),
    );
    with(held, (90, Act::Capture, minor), super::done(minor))
}

fn minors(less: &Less) -> Vec<i64> {
    less.parts.iter().map(|(_, minor)| *minor).collect()
}

#[test]
fn all_of_a_voucher_is_given_back_or_nothing() {
    let whole = paid(1, 1_000, Some(Voucher::Whole));
    for minor in [1, 999] {
        let asked = decide(Some(&whole), &send(91, Act::Refund, minor));
        assert_eq!(asked, Err(Refusal::Part), "{minor}");
    }
    assert!(decide(Some(&whole), &send(91, Act::Refund, 1_000)).is_ok());
    // Of what was held less may be taken: all is what was taken then.
    let parts = paid(1, 1_000, Some(Voucher::Parts));
    assert!(decide(Some(&parts), &send(91, Act::Refund, 1)).is_ok());
}

#[test]
fn what_costs_less_comes_from_others_unless_vouchers_pay_too_much() {
    let less = |payments: &[Intent], minor, most| {
        let vouchers = payments.iter().filter(|one| one.is_voucher());
        let paid: i64 = vouchers.map(Intent::refundable_minor).sum();
        less(minor, payments.iter(), (paid - most, most))
    };
    for voucher in [Voucher::Parts, Voucher::Whole] {
        let both = [paid(1, 1_000, Some(voucher)), paid(2, 500, None)];
        let found = less(&both, 400, 1_000).unwrap();
        assert_eq!((minors(&found), found.bound_minor), (vec![400], 0));
        assert_eq!(found.parts[0].0, both[1].id);
        assert_eq!(less(&both, 1_501, 1_000), None);
        let all = less(&both, 1_500, 0).unwrap();
        assert_eq!((minors(&all), all.bound_minor), (vec![1_000, 500], 0));
    }
    let parts = [paid(1, 1_000, Some(Voucher::Parts)), paid(2, 500, None)];
    let found = less(&parts, 400, 700).unwrap();
    assert_eq!((minors(&found), found.bound_minor), (vec![300, 100], 0));
    let whole = [paid(1, 1_000, Some(Voucher::Whole)), paid(2, 500, None)];
    let found = less(&whole, 400, 700).unwrap();
    assert_eq!((minors(&found), found.bound_minor), (vec![100], 300));
    let alone = less(&whole[..1], 400, 600).unwrap();
    assert_eq!((minors(&alone), alone.bound_minor), (vec![], 400));
}

#[test]
fn what_was_perhaps_given_is_not_given_again() {
    let intent = with(paid(1, 1_000, None), (91, Act::Refund, 300), refused());
    assert_eq!(intent.refundable_minor(), 1_000);
    let intent = did(Some(intent), &settle(91, super::done(300)));
    assert_eq!(intent.refundable_minor(), 700);
    let found = less(700, [&intent].into_iter(), (0, 0)).unwrap();
    assert_eq!(minors(&found), vec![700]);
    assert_eq!(less(701, [&intent].into_iter(), (0, 0)), None);
    let asked = decide(Some(&intent), &send(92, Act::Refund, 701));
    assert_eq!(asked, Err(Refusal::Amount));
}

#[test]
fn what_earlier_changes_have_bound_is_not_given_again() {
    let whole = [paid(1, 1_000, Some(Voucher::Whole)), paid(2, 500, None)];
    // Of the voucher 6.00 are bound: it pays 4.00.
    let found = less(200, whole.iter(), (0, 400)).unwrap();
    assert_eq!((minors(&found), found.bound_minor), (vec![200], 0));
    let found = less(700, whole.iter(), (0, 400)).unwrap();
    assert_eq!((minors(&found), found.bound_minor), (vec![500], 200));
    assert_eq!(less(901, whole.iter(), (0, 400)), None);
    let found = less(400, whole.iter(), (300, 100)).unwrap();
    assert_eq!((minors(&found), found.bound_minor), (vec![100], 300));
    // The same while what an earlier change gives back is not asked for yet.
    let parts = [paid(1, 1_000, Some(Voucher::Parts)), paid(2, 500, None)];
    let found = less(900, parts.iter(), (0, 400)).unwrap();
    assert_eq!((minors(&found), found.bound_minor), (vec![400, 500], 0));
    assert_eq!(less(901, parts.iter(), (0, 400)), None);
}

#[test]
fn vouchers_pay_no_more_than_they_are_to() {
    let both = [paid(1, 1_000, Some(Voucher::Parts)), paid(2, 500, None)];
    let paid = |most| paid_by(both.iter(), most, |one| one.captured_minor);
    assert_eq!([paid(1_000), paid(600), paid(0)], [1_500, 1_100, 500]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_costs_less_is_given_back_or_bound(
        payments in prop::collection::vec((1_i64..2_000, 0_u8..3), 1..6),
        minor in 0_i64..9_000,
        above in 0_i64..9_000,
        still in 0_i64..9_000,
    ) {
        let payments: Vec<Intent> = (1_u8..).zip(payments).map(|(number, (minor, kind))| {
            let voucher = [None, Some(Voucher::Parts), Some(Voucher::Whole)][usize::from(kind)];
            paid(number, minor, voucher)
        }).collect();
        let free = |is_voucher: bool| -> i64 {
            let asked = payments.iter().filter(|one| one.is_voucher() == is_voucher);
            asked.map(Intent::refundable_minor).sum()
        };
        let most = free(false) + free(true).min(above + still);
        let Some(less) = less(minor, payments.iter(), (above, still)) else {
            prop_assert!(minor > free(false) + free(true).min(still));
            return Ok(());
        };
        prop_assert!(minor <= most);
        let given: i64 = minors(&less).iter().sum();
        prop_assert_eq!(given + less.bound_minor, minor);
        for (id, minor) in &less.parts {
            let payment = payments.iter().find(|one| one.id == *id).unwrap();
            let asked = decide(Some(payment), &send(91, Act::Refund, *minor));
            prop_assert!(asked.is_ok(), "{:?} of {:?}", asked, payment);
        }
        let is_bound = payments.iter().any(Intent::is_whole);
        prop_assert!(is_bound || less.bound_minor == 0);
    }
}
