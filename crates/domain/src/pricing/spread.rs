//! Sharing whole units out by weights, so that no unit is lost and none is made.
//!
//! Discounts, fees and taxes are rounded once, as sums; what each line bears of them is found here, by the method of
//! the largest remainder. So the lines always add up to the sum.

use base::Money;

/// An exact amount of which a line bears a rounded part: a fraction below a positive denominator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Exact {
    /// The amount, times the denominator that all amounts of one sharing have.
    pub(super) numerator: i128,
}

/// Shares a total out by weights. The shares add up to the total, whatever the weights are.
///
/// Every share is within one unit of the exact one, and none is above its weight as long as the total is not above all
/// of them. Weights that are all zero count as equal ones. Without weights there are no shares.
#[must_use]
pub fn spread(total: Money, weights: &[u64]) -> Vec<Money> {
    if let Ok(shares) = total.allocate(weights) {
        return shares;
    }
    let equal = vec![1; weights.len()];
    total.allocate(&equal).unwrap_or_default()
}

/// Rounds the sum of exact amounts half up, away from zero, and gives each its part of the rounded sum.
///
/// Each part is the exact amount rounded down or up. Those that lose most by rounding down are rounded up, the first
/// among equals; so the parts add up to the rounded sum. `None` when something does not fit.
pub(super) fn round(amounts: &[Exact], denominator: i128) -> Option<(i64, Vec<i64>)> {
    let mut exact: i128 = 0;
    let mut below: i128 = 0;
    let mut parts = Vec::with_capacity(amounts.len());
    for (place, amount) in amounts.iter().enumerate() {
        let whole = amount.numerator.checked_div_euclid(denominator)?;
        let rest = amount.numerator.checked_rem_euclid(denominator)?;
        exact = exact.checked_add(amount.numerator)?;
        below = below.checked_add(whole)?;
        parts.push((place, whole, rest));
    }
    let sum = half_up(exact, denominator)?;
    let left = usize::try_from(sum.checked_sub(below)?).ok()?;
    // The sort is stable, which is what makes the first of equal rests win.
    parts.sort_by_key(|(_, _, rest)| std::cmp::Reverse(*rest));
    for (_, whole, _) in parts.iter_mut().take(left) {
        *whole = whole.checked_add(1)?;
    }
    parts.sort_by_key(|(place, _, _)| *place);
    let parts: Option<Vec<i64>> = parts
        .into_iter()
        .map(|(_, whole, _)| i64::try_from(whole).ok())
        .collect();
    Some((i64::try_from(sum).ok()?, parts?))
}

/// To the nearest whole, and from the middle away from zero.
pub(super) fn half_up(numerator: i128, denominator: i128) -> Option<i128> {
    let towards_zero = numerator.checked_div(denominator)?;
    let rest = numerator.checked_rem(denominator)?.checked_abs()?;
    match rest.checked_mul(2)? >= denominator {
        true => towards_zero.checked_add(numerator.signum()),
        false => Some(towards_zero),
    }
}

#[cfg(test)]
mod tests {
    use base::Currency;
    use proptest::prelude::*;

    use super::*;

    fn exact(numerators: &[i128]) -> Vec<Exact> {
        let exact = |numerator: &i128| Exact {
            numerator: *numerator,
        };
        numerators.iter().map(exact).collect()
    }

    #[test]
    fn a_total_without_weights_goes_nowhere_and_by_no_weight_to_all_alike() {
        let ten = Money::new(10, Currency::EUR);
        let minor = |weights: &[u64]| -> Vec<i64> {
            spread(ten, weights).into_iter().map(Money::minor).collect()
        };
        assert!(minor(&[]).is_empty());
        assert_eq!(minor(&[0, 0, 0]), [4, 3, 3]);
        assert_eq!(minor(&[1, 0, 2]), [3, 0, 7]);
    }

    #[test]
    fn sums_are_rounded_once_and_the_largest_rest_goes_up() {
        // Three times 0.4 is 1.2, so 1: one of the three bears it.
        assert_eq!(round(&exact(&[4, 4, 4]), 10), Some((1, vec![1, 0, 0])));
        assert_eq!(round(&exact(&[14, 19, 12]), 10), Some((5, vec![2, 2, 1])));
        assert_eq!(round(&exact(&[-15]), 10), Some((-2, vec![-2])));
        assert_eq!(round(&exact(&[-14, 5]), 10), Some((-1, vec![-1, 0])));
        assert_eq!(round(&[], 10), Some((0, vec![])));
    }

    proptest! {
        #[test]
        fn no_unit_is_lost(minor in any::<i64>(), weights in prop::collection::vec(any::<u64>(), 1..40)) {
            let shares = spread(Money::new(minor, Currency::EUR), &weights);
            prop_assert_eq!(shares.len(), weights.len());
            let sum: i128 = shares.iter().map(|share| i128::from(share.minor())).sum();
            prop_assert_eq!(sum, i128::from(minor));
        }

        #[test]
        fn rounded_parts_add_up_and_are_within_one_unit(
            amounts in prop::collection::vec(-1_000_000_000_000_i128..1_000_000_000_000, 0..40),
            denominator in 1_i128..3_000_000,
        ) {
            let (sum, parts) = round(&exact(&amounts), denominator).unwrap();
            prop_assert_eq!(parts.iter().map(|part| i128::from(*part)).sum::<i128>(), i128::from(sum));
            for (amount, part) in amounts.iter().zip(&parts) {
                let off = amount - i128::from(*part) * denominator;
                prop_assert!(off.abs() < denominator);
            }
            let off = amounts.iter().sum::<i128>() - i128::from(sum) * denominator;
            prop_assert!(off.abs() * 2 <= denominator);
        }
    }
}
