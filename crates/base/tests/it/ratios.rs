//! Ratios and rounding.

use base::{Currency, Money, Ratio, Rounding, codes};
use proptest::prelude::*;

use Rounding::{Down, HalfEven, HalfUp, Up};

fn scaled(minor: i64, ratio: Ratio, rounding: Rounding) -> Option<i64> {
    Money::new(minor, Currency::EUR)
        .scale(ratio, rounding)
        .ok()
        .map(Money::minor)
}

#[test]
fn rounding_follows_the_table() {
    // Quarters of a unit, and what each way makes of them.
    let table = [
        // quarters, half up, half even, down, up
        (0, 0, 0, 0, 0),
        (1, 0, 0, 0, 1),
        (2, 1, 0, 0, 1),
        (3, 1, 1, 0, 1),
        (4, 1, 1, 1, 1),
        (5, 1, 1, 1, 2),
        (6, 2, 2, 1, 2),
        (7, 2, 2, 1, 2),
        (9, 2, 2, 2, 3),
        (10, 3, 2, 2, 3),
        (11, 3, 3, 2, 3),
        (14, 4, 4, 3, 4),
    ];
    let quarter = Ratio::new(1, 4).unwrap();
    for (quarters, half_up, half_even, down, up) in table {
        let wanted = [
            (HalfUp, half_up),
            (HalfEven, half_even),
            (Down, down),
            (Up, up),
        ];
        for (rounding, units) in wanted {
            assert_eq!(
                scaled(quarters, quarter, rounding),
                Some(units),
                "{quarters} {rounding:?}"
            );
            let negative = scaled(-quarters, quarter, rounding);
            assert_eq!(negative, Some(-units), "-{quarters} {rounding:?}");
        }
    }
}

#[test]
fn a_tax_rate_is_exact() {
    let tax = Money::new(2_549, Currency::EUR).scale(Ratio::basis_points(1_900), HalfUp);
    assert_eq!(tax, Ok(Money::new(484, Currency::EUR)));
    assert_eq!(
        scaled(2_550, Ratio::basis_points(1_000), HalfEven),
        Some(255)
    );
}

#[test]
fn a_denominator_below_one_is_refused() {
    for denominator in [0, -1, i64::MIN] {
        let error = Ratio::new(1, denominator).unwrap_err();
        assert_eq!(error.code(), codes::RATIO_MALFORMED);
    }
}

#[test]
fn the_largest_numbers_are_exact_or_refused() {
    let whole = Ratio::new(i64::MAX, i64::MAX).unwrap();
    let minus_one = Ratio::new(-1, 1).unwrap();
    for rounding in [HalfUp, HalfEven, Down, Up] {
        assert_eq!(scaled(i64::MIN, whole, rounding), Some(i64::MIN));
        assert_eq!(scaled(i64::MIN, minus_one, rounding), None);
        assert_eq!(
            scaled(i64::MAX, Ratio::basis_points(10_001), rounding),
            None
        );
    }
}

proptest! {
    #[test]
    fn every_way_is_one_of_the_neighbours(minor: i64, numerator: i64, denominator in 1..i64::MAX) {
        let ratio = Ratio::new(numerator, denominator).unwrap();
        let (product, divisor) = (i128::from(minor) * i128::from(numerator), i128::from(denominator));
        let floor = product.div_euclid(divisor);
        let ceiling = -((-product).div_euclid(divisor));
        let (inner, outer) = if product < 0 { (ceiling, floor) } else { (floor, ceiling) };
        // Twice the distances cannot overflow, since both are below the denominator.
        let (to_floor, to_ceiling) = (product - floor * divisor, ceiling * divisor - product);
        let nearest = |in_the_middle| match to_floor.cmp(&to_ceiling) {
            std::cmp::Ordering::Less => floor,
            std::cmp::Ordering::Equal => in_the_middle,
            std::cmp::Ordering::Greater => ceiling,
        };
        let even = if floor % 2 == 0 { floor } else { ceiling };
        for (rounding, exact) in [(Down, inner), (Up, outer), (HalfUp, nearest(outer)), (HalfEven, nearest(even))] {
            prop_assert_eq!(scaled(minor, ratio, rounding), i64::try_from(exact).ok(), "{:?}", rounding);
        }
    }

    #[test]
    fn small_ratios_agree_with_the_neighbours_too(minor in -500..500_i64, numerator in -9..9_i64, denominator in 1..9_i64) {
        let ratio = Ratio::new(numerator, denominator).unwrap();
        let product = minor * numerator;
        let twice = (product.abs() * 2 + denominator) / (denominator * 2) * product.signum();
        prop_assert_eq!(scaled(minor, ratio, HalfUp), Some(twice));
        prop_assert_eq!(scaled(minor, ratio, Down), Some(product / denominator));
    }
}
