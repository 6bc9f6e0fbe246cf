//! What holds for every bill: sums are exact, nothing is lost in spreading, and no question ends in a panic.

use proptest::prelude::*;

use super::*;
use crate::venues::Rounding;
use carte::{Off, PriceRule};

fn prices() -> impl Strategy<Value = Prices> {
    let minor = prop_oneof![8 => 0_i64..5_000, 1 => -200_i64..200, 1 => any::<i64>()];
    let rule =
        (any::<bool>(), any::<bool>(), 0_i64..4_000).prop_map(|(of_service, lunch, minor)| {
            PriceRule {
                service: of_service.then_some(Service::Delivery),
                channel: None,
                daypart: lunch.then(|| key("lunch")),
                minor,
            }
        });
    (minor, prop::collection::vec(rule, 0..3)).prop_map(|(minor, rules)| Prices { minor, rules })
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let tax = prop_oneof![Just("food"), Just("drink"), Just("unknown")];
    let groups = prop::collection::vec(1_u8..4, 0..3);
    let one = (prices(), tax, groups, prop::option::of(0_u8..20));
    prop::collection::vec(one, 8).prop_map(|all| {
        let made = all.into_iter().zip(1_u8..);
        made.map(|((price, tax, groups, age_min), number)| Item {
            price,
            groups: groups.into_iter().map(group_id).collect(),
            age_min,
            ..item(number, 0, tax)
        })
        .collect()
    })
}

fn groups() -> impl Strategy<Value = Vec<Group>> {
    let one = (
        0_u16..2,
        1_u16..6,
        0_u16..3,
        prop::collection::vec(1_u8..9, 1..4),
        0_u16..2,
    );
    prop::collection::vec(one, 3).prop_map(|all| {
        let made = all.into_iter().zip(1_u8..);
        made.map(|((min, max, free, items, preset), number)| {
            let mut group = group(number, (min, max, free), &items);
            group
                .choices
                .iter_mut()
                .for_each(|choice| choice.preset = preset);
            group
        })
        .collect()
    })
}

fn choices() -> impl Strategy<Value = Vec<Wanted>> {
    let number = || prop_oneof![9 => 0_u32..3, 1 => any::<u32>()];
    let leaf = (1_u8..5, 1_u8..10, number()).prop_map(|(group, item, n)| want(group, item, n));
    let nested = leaf.prop_recursive(6, 24, 4, move |inner| {
        let choices = prop::collection::vec(inner, 0..4);
        (1_u8..5, 1_u8..10, choices).prop_map(|(group, item, choices)| Wanted {
            choices,
            ..want(group, item, 1)
        })
    });
    prop::collection::vec(nested, 0..4)
}

pub(crate) fn wanted() -> impl Strategy<Value = Vec<WantedLine>> {
    let quantity = prop_oneof![9 => 1_u32..9, 1 => any::<u32>()];
    let one = (1_u8..10, quantity, choices()).prop_map(|(item, quantity, choices)| WantedLine {
        choices,
        ..line(item, quantity)
    });
    prop::collection::vec(one, 0..12)
}

fn discounts() -> impl Strategy<Value = Vec<Discount>> {
    let funder = prop_oneof![
        Just(Funder::Restaurant),
        Just(Funder::Brand),
        Just(Funder::Platform)
    ];
    let worth = prop_oneof![
        (-10_i64..4_000).prop_map(Worth::Amount),
        any::<i64>().prop_map(Worth::Amount),
        (-10_i64..1_200_000).prop_map(Worth::Share),
    ];
    let reach = prop_oneof![
        Just(Reach::Items),
        (0_usize..12).prop_map(Reach::Line),
        Just(Reach::Delivery)
    ];
    let one = (funder, worth, reach).prop_map(|(funder, worth, reach)| Discount {
        funder,
        worth,
        reach,
    });
    prop::collection::vec(one, 0..4)
}

pub(crate) fn known() -> impl Strategy<Value = Known> {
    let service = prop_oneof![
        Just(Service::Delivery),
        Just(Service::Pickup),
        Just(Service::DineIn)
    ];
    let taxes = prop_oneof![Just(TaxesIncluded::Included), Just(TaxesIncluded::Added)];
    let rates = prop::collection::vec(prop_oneof![9 => 0_i64..400_000, 1 => any::<i64>()], 2);
    let fees = (0_i64..500_000, 0_i64..3_000, 0_i64..500, any::<bool>());
    let others = (0_i64..200, 0_i64..200, any::<bool>());
    let roundings = prop_oneof![Just(Rounding::Total), Just(Rounding::Line)];
    let off = prop::collection::btree_map(1_u8..9, prop::option::of(0_u32..9), 0..3);
    let tip = prop_oneof![9 => 0_i64..500, 1 => any::<i64>()];
    (
        (service, taxes, (rates, roundings)),
        (items(), groups()),
        ((fees, others), off, discounts(), tip),
    )
        .prop_map(
            |(
                (service, taxes, (rates, rounding)),
                (items, groups),
                ((fees, others), off, discounts, tip),
            )| {
                let mut known = Known::new(taxes);
                known.service = service;
                known.venue.fees.rounding = rounding;
                for (class, rate) in known.menu.taxes.iter_mut().zip(rates) {
                    class.rates.insert(service, rate);
                }
                known.menu.items = items;
                known.menu.groups = groups;
                known.menu.categories = vec![category(1, &[1, 2, 3, 4, 5, 6, 7, 8])];
                let of_service = known.venue.fees.services.entry(service).or_default();
                let (share, below, small, is_of_class) = fees;
                of_service.service_millionths = share;
                of_service.small_below_minor = below;
                of_service.small_minor = small;
                (
                    of_service.packaging_minor,
                    of_service.cash_minor,
                    known.in_cash,
                ) = others;
                known.venue.fees.tax = is_of_class.then(|| key("drink"));
                let off = off.into_iter().map(|(number, left)| {
                    let off = Off {
                        left,
                        ..Off::default()
                    };
                    (item_id(number), off)
                });
                known.availability.off = off.collect();
                known.discounts = discounts;
                known.tip = tip;
                known
            },
        )
}

fn sum(amounts: impl Iterator<Item = base::Money>) -> i128 {
    amounts.map(|money| i128::from(money.minor())).sum()
}

/// Every sum of a quote is the sum of what it is of.
fn adds_up(quote: &Quote) -> Result<(), TestCaseError> {
    let minor = |money: base::Money| i128::from(money.minor());
    let (lines, fees, totals) = (&quote.lines, &quote.fees, &quote.totals);
    prop_assert_eq!(
        sum(lines.iter().map(|line| line.amount)),
        minor(totals.items)
    );
    prop_assert_eq!(sum(fees.iter().map(|fee| fee.amount)), minor(totals.fees));
    let off =
        sum(lines.iter().map(|line| line.discount)) + sum(fees.iter().map(|fee| fee.discount));
    prop_assert_eq!(off, minor(totals.discounts));
    prop_assert_eq!(
        sum(quote.discounts.iter().copied()),
        minor(totals.discounts)
    );
    let taxes = sum(lines.iter().map(|line| line.tax)) + sum(fees.iter().map(|fee| fee.tax));
    prop_assert_eq!(taxes, minor(totals.tax));
    prop_assert_eq!(
        sum(quote.taxes.iter().map(|tax| tax.tax)),
        minor(totals.tax)
    );
    for line in lines {
        let parts = &line.parts;
        prop_assert_eq!(
            sum(parts.iter().map(|part| part.amount)),
            minor(line.amount)
        );
        prop_assert_eq!(
            sum(parts.iter().map(|part| part.discount)),
            minor(line.discount)
        );
        prop_assert_eq!(sum(parts.iter().map(|part| part.tax)), minor(line.tax));
        prop_assert_eq!(
            minor(line.unit) * i128::from(line.quantity),
            minor(line.amount)
        );
        for part in parts {
            prop_assert!(part.discount.minor() >= 0);
            prop_assert!(part.discount.minor() <= part.amount.minor().max(0));
        }
    }
    let on_top = match quote.taxes_included {
        TaxesIncluded::Included => 0,
        TaxesIncluded::Added => minor(totals.tax),
    };
    let total = minor(totals.items) + minor(totals.fees) - minor(totals.discounts)
        + on_top
        + minor(totals.tip);
    prop_assert_eq!(total, minor(totals.total));
    prop_assert_eq!(to_pay(quote.currency, &quote.money), Some(totals.total));
    Ok(())
}

/// Each class is owed what its rate says of all of its amounts, to the nearest cent, or to the nearest cent of each line and
/// each fee.
fn is_taxed(quote: &Quote, rounding: Rounding) -> Result<(), TestCaseError> {
    let units = match rounding {
        Rounding::Total => 1,
        Rounding::Line => quote.lines.len() + quote.fees.len(),
    };
    for tax in &quote.taxes {
        let rate = i128::from(tax.rate_millionths.clamp(0, 1_000_000));
        let whole = match quote.taxes_included {
            TaxesIncluded::Included => 1_000_000 + rate,
            TaxesIncluded::Added => 1_000_000,
        };
        let off = i128::from(tax.base.minor()) * rate - i128::from(tax.tax.minor()) * whole;
        prop_assert!(off.abs() * 2 <= whole * i128::try_from(units).unwrap());
    }
    let own = |kind: Kind| {
        matches!(kind, Kind::Discount(Funder::Restaurant | Funder::Brand))
            || !matches!(
                kind,
                Kind::Discount(_)
                    | Kind::Tip
                    | Kind::TipFor(_)
                    | Kind::TaxAdded
                    | Kind::TaxIncluded
            )
    };
    let taxed = quote.money.iter().filter(|line| own(line.kind));
    let taxed = sum(taxed.map(|line| line.amount));
    if !quote.taxes.is_empty() {
        prop_assert_eq!(sum(quote.taxes.iter().map(|tax| tax.base)), taxed);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_bill_adds_up(known in known(), wanted in wanted()) {
        let quote = known.quote(&wanted);
        adds_up(&quote)?;
        is_taxed(&quote, known.venue.fees.rounding)?;
        let is_told = |place: usize| {
            let is_refused = quote.refusals.iter().any(|refused| {
                refused.line == Some(place) || refused.line.is_none()
            });
            is_refused || quote.lines.iter().any(|line| line.line == place)
        };
        prop_assert!((0..wanted.len()).all(is_told));
        prop_assert_eq!(&quote, &known.quote(&wanted));
    }
}
