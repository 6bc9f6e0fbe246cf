//! Taxes: for each class one sum, rounded once, of which every amount bears its part.
//!
//! So the taxes of the lines add up to the tax of the order, and the tax of the order is what its class says of all
//! amounts together; or, where that is the way of the country, of each line by itself.

use std::collections::BTreeMap;

use super::spread::{self, Exact};

/// Millionths of a whole.
pub(super) const WHOLE: i64 = 1_000_000;

/// An amount that is taxed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Taxed {
    /// The place of its tax in the table of the order.
    pub(super) class: usize,
    /// The amount in minor units: with the tax where prices hold it, else without.
    pub(super) minor: i64,
    /// Amounts of one unit are rounded together.
    pub(super) unit: usize,
}

/// What is owed of a class.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Owed {
    /// All amounts that it is taken of.
    pub(super) base: i64,
    /// The tax.
    pub(super) tax: i64,
}

/// How a rate becomes an amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// The amounts hold the tax.
    Included,
    /// The tax comes on top.
    Added,
}

/// Finds the tax of each class, and what each amount bears of it. Rates are in millionths, one for each class.
pub(super) fn taxes(way: Way, rates: &[i64], amounts: &[Taxed]) -> Option<(Vec<Owed>, Vec<i64>)> {
    let mut owed = Vec::with_capacity(rates.len());
    let mut borne = vec![0; amounts.len()];
    for (class, rate) in rates.iter().enumerate() {
        let of_class = amounts
            .iter()
            .enumerate()
            .filter(|(_, amount)| amount.class == class);
        let mut units = BTreeMap::<usize, (Vec<usize>, Vec<i64>)>::new();
        for (place, amount) in of_class {
            let (places, minor) = units.entry(amount.unit).or_default();
            places.push(place);
            minor.push(amount.minor);
        }
        let mut all = Owed { base: 0, tax: 0 };
        for (places, minor) in units.into_values() {
            let (sum, parts) = of_one(way, *rate, &minor)?;
            all.tax = all.tax.checked_add(sum)?;
            for minor in minor {
                all.base = all.base.checked_add(minor)?;
            }
            for (place, part) in places.into_iter().zip(parts) {
                *borne.get_mut(place)? = part;
            }
        }
        owed.push(all);
    }
    Some((owed, borne))
}

fn of_one(way: Way, rate: i64, minor: &[i64]) -> Option<(i64, Vec<i64>)> {
    let rate = rate.clamp(0, WHOLE);
    let denominator = match way {
        Way::Included => WHOLE.checked_add(rate)?,
        Way::Added => WHOLE,
    };
    let exact = |minor: &i64| {
        let numerator = i128::from(*minor).checked_mul(i128::from(rate))?;
        Some(Exact { numerator })
    };
    let exact: Option<Vec<Exact>> = minor.iter().map(exact).collect();
    spread::round(&exact?, i128::from(denominator))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn taxed(amounts: &[(usize, i64)]) -> Vec<Taxed> {
        let taxed = |(class, minor): &(usize, i64)| Taxed {
            class: *class,
            minor: *minor,
            unit: 0,
        };
        amounts.iter().map(taxed).collect()
    }

    #[test]
    fn known_bills_give_known_taxes() {
        // 11.90 hold 1.90 of 19 %; 10.70 hold 0.70 of 7 %.
        let bill = taxed(&[(0, 1190), (1, 1070)]);
        let (owed, borne) = taxes(Way::Included, &[190_000, 70_000], &bill).unwrap();
        assert_eq!(
            owed.iter().map(|owed| owed.tax).collect::<Vec<_>>(),
            [190, 70]
        );
        assert_eq!(borne, [190, 70]);
        // 8.875 % on 10.00 is 0.8875.
        let (owed, _) = taxes(Way::Added, &[88_750], &taxed(&[(0, 1000)])).unwrap();
        assert_eq!(
            owed,
            [Owed {
                base: 1000,
                tax: 89
            }]
        );
        // Three lines of 0.03 at 10 % owe 0.009 together, so 0.01, and one of them bears it.
        let (owed, borne) =
            taxes(Way::Added, &[100_000], &taxed(&[(0, 3), (0, 3), (0, 3)])).unwrap();
        assert_eq!((owed[0].tax, borne), (1, vec![1, 0, 0]));
        // Each by itself they owe nothing, and of 0.05 each half a cent is one.
        let alone = |minor: i64| -> Vec<Taxed> {
            let mut bill = taxed(&[(0, minor), (0, minor), (0, minor)]);
            bill.iter_mut()
                .enumerate()
                .for_each(|(place, one)| one.unit = place);
            bill
        };
        for (minor, tax) in [(4, 0), (5, 1)] {
            let (owed, borne) = taxes(Way::Added, &[100_000], &alone(minor)).unwrap();
            assert_eq!((owed[0].tax, borne), (3 * tax, vec![tax; 3]), "{minor}");
        }
    }

    proptest! {
        #[test]
        fn lines_bear_exactly_what_is_owed(
            amounts in prop::collection::vec((0_usize..4, -1_000_000_000_i64..1_000_000_000_000), 0..60),
            rates in prop::collection::vec(0_i64..=WHOLE, 4),
            is_added in any::<bool>(),
        ) {
            let way = if is_added { Way::Added } else { Way::Included };
            let amounts = taxed(&amounts);
            let (owed, borne) = taxes(way, &rates, &amounts).unwrap();
            for (class, owed) in owed.iter().enumerate() {
                let of_class = || amounts.iter().zip(&borne).filter(move |(amount, _)| amount.class == class);
                prop_assert_eq!(of_class().map(|(_, tax)| tax).sum::<i64>(), owed.tax);
                prop_assert_eq!(of_class().map(|(amount, _)| amount.minor).sum::<i64>(), owed.base);
                // What is owed is within half a unit of what the rate says of the whole.
                let whole = i128::from(if is_added { WHOLE } else { WHOLE + rates[class] });
                let off = i128::from(owed.base) * i128::from(rates[class]) - i128::from(owed.tax) * whole;
                prop_assert!(off.abs() * 2 <= whole);
            }
        }

        #[test]
        fn no_amount_and_no_rate_panics(
            amounts in prop::collection::vec((any::<usize>(), any::<i64>()), 0..9),
            rates in prop::collection::vec(any::<i64>(), 0..4),
        ) {
            let _ = taxes(Way::Added, &rates, &taxed(&amounts));
            let _ = taxes(Way::Included, &rates, &taxed(&amounts));
        }
    }
}
