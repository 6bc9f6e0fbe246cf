//! Sharing out money: sums exact, no share off by more than one minor unit.

use base::money::Error;
use base::{Currency, Money};
use proptest::prelude::*;

fn shares(minor: i64, weights: &[u64]) -> Result<Vec<i64>, Error> {
    let shares = Money::new(minor, Currency::EUR).allocate(weights)?;
    Ok(shares.into_iter().map(Money::minor).collect())
}

#[test]
fn shares_follow_the_table() {
    let table: [(i64, &[u64], &[i64]); 10] = [
        (100, &[1, 1, 1], &[34, 33, 33]),
        (-100, &[1, 1, 1], &[-34, -33, -33]),
        (101, &[1, 1, 1], &[34, 34, 33]),
        (100, &[1, 2], &[33, 67]),
        (10, &[0, 1, 0], &[0, 10, 0]),
        (1, &[0, 1, 1], &[0, 1, 0]),
        (5, &[3, 3, 1], &[2, 2, 1]),
        (0, &[1, 1], &[0, 0]),
        (i64::MIN, &[u64::MAX], &[i64::MIN]),
        (
            i64::MAX,
            &[u64::MAX, u64::MAX],
            &[i64::MAX / 2 + 1, i64::MAX / 2],
        ),
    ];
    for (minor, weights, wanted) in table {
        assert_eq!(
            shares(minor, weights).as_deref(),
            Ok(wanted),
            "{minor} by {weights:?}"
        );
    }
}

#[test]
fn nothing_to_share_by_is_refused() {
    assert_eq!(shares(100, &[]), Err(Error::NoWeight));
    assert_eq!(shares(100, &[0, 0]), Err(Error::NoWeight));
    assert_eq!(shares(0, &[0]), Err(Error::NoWeight));
}

#[test]
fn shares_keep_the_currency() {
    let shares = Money::new(3, Currency::JPY).allocate(&[1, 1]);
    assert_eq!(
        shares,
        Ok(vec![
            Money::new(2, Currency::JPY),
            Money::new(1, Currency::JPY)
        ])
    );
}

fn some_weight(weights: &[u64]) -> bool {
    weights.iter().any(|weight| *weight > 0)
}

proptest! {
    #[test]
    fn shares_add_up_exactly(minor: i64, weights in prop::collection::vec(any::<u64>(), 1..20)) {
        prop_assume!(some_weight(&weights));
        let shares = shares(minor, &weights).unwrap();
        prop_assert_eq!(shares.len(), weights.len());
        prop_assert_eq!(shares.iter().copied().map(i128::from).sum::<i128>(), i128::from(minor));
    }

    #[test]
    fn each_share_is_within_one_unit_of_the_exact_one(
        minor: i64,
        weights in prop::collection::vec(0..u64::from(u32::MAX), 1..20),
    ) {
        prop_assume!(some_weight(&weights));
        let total: i128 = weights.iter().copied().map(i128::from).sum();
        for (share, weight) in shares(minor, &weights).unwrap().into_iter().zip(&weights) {
            // Both sides are multiplied by the total, so that the exact share is a whole number.
            let distance = i128::from(share) * total - i128::from(minor) * i128::from(*weight);
            prop_assert!(distance.abs() < total, "{} for {}", share, weight);
        }
    }

    #[test]
    fn a_larger_weight_never_gets_less(
        minor in 0..i64::MAX,
        weights in prop::collection::vec(0..50_u64, 2..8),
    ) {
        prop_assume!(some_weight(&weights));
        let shares = shares(minor, &weights).unwrap();
        for (left, left_weight) in shares.iter().zip(&weights) {
            for (right, right_weight) in shares.iter().zip(&weights) {
                prop_assert!(left_weight <= right_weight || left >= right);
            }
        }
    }

    #[test]
    fn the_first_of_equals_gets_the_unit(minor in 0..i64::MAX, parts in 1..30_usize) {
        let shares = shares(minor, &vec![1; parts]).unwrap();
        prop_assert!(shares.is_sorted_by(|left, right| left >= right));
    }

    #[test]
    fn a_negative_amount_mirrors_its_counterpart(
        minor in 0..i64::MAX,
        weights in prop::collection::vec(any::<u64>(), 1..10),
    ) {
        prop_assume!(some_weight(&weights));
        let mirrored: Vec<_> = shares(-minor, &weights).unwrap().iter().map(|share| -share).collect();
        prop_assert_eq!(shares(minor, &weights).unwrap(), mirrored);
    }
}
