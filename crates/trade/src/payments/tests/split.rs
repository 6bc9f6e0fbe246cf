//! Bills that are shared.

use proptest::prelude::*;

use super::*;
use crate::ledger::tests::{bill, money, to_pay};
use crate::orders::{LineKey, MoneyLine};
use domain::pricing::Kind;

fn key(place: usize) -> LineKey {
    LineKey::numbered(place)
}

fn known() -> Vec<MoneyLine> {
    vec![
        money(Kind::Item, Some(0), 1000),
        money(Kind::Item, Some(1), 500),
        money(Kind::TaxIncluded, Some(0), 70),
        money(Kind::DeliveryFee, None, 250),
        money(Kind::Tip, None, 101),
    ]
}

fn shared(how: &Split) -> Result<Vec<i64>, SplitRefusal> {
    let parts = split(Currency::EUR, &known(), how)?;
    Ok(parts.into_iter().map(Money::minor).collect())
}

#[test]
fn known_bills_are_shared() {
    // The 3.51 that belong to no line are borne two to one.
    let by_item = Split::ByItem(vec![vec![key(0)], vec![key(1)]]);
    assert_eq!(shared(&by_item), Ok(vec![1234, 617]));
    let one = Split::ByItem(vec![vec![key(1), key(0)]]);
    assert_eq!(shared(&one), Ok(vec![1851]));
    assert_eq!(
        shared(&Split::ByShare(vec![1, 1, 1])),
        Ok(vec![617, 617, 617])
    );
    assert_eq!(shared(&Split::ByShare(vec![1, 1])), Ok(vec![926, 925]));
    assert_eq!(shared(&Split::ByAmount(vec![1850, 1])), Ok(vec![1850, 1]));
}

#[test]
fn what_is_no_share_is_refused() {
    let cases = [
        (Split::ByAmount(vec![1850, 2]), SplitRefusal::Sum),
        (Split::ByAmount(vec![1852, -1]), SplitRefusal::Nothing),
        (Split::ByAmount(vec![i64::MAX, 1]), SplitRefusal::TooMuch),
        (Split::ByAmount(vec![]), SplitRefusal::Payers),
        (
            Split::ByShare(vec![1; PAYERS_MAX + 1]),
            SplitRefusal::Payers,
        ),
        (Split::ByShare(vec![1, 0]), SplitRefusal::Nothing),
        (Split::ByItem(vec![vec![key(0)]]), SplitRefusal::Lines),
        (
            Split::ByItem(vec![vec![key(0)], vec![key(1), key(0)]]),
            SplitRefusal::Lines,
        ),
        (
            Split::ByItem(vec![vec![key(0)], vec![key(1), key(2)]]),
            SplitRefusal::Lines,
        ),
        (
            Split::ByItem(vec![vec![key(0), key(1)], vec![]]),
            SplitRefusal::Nothing,
        ),
    ];
    for (how, refusal) in cases {
        assert_eq!(shared(&how), Err(refusal), "{how:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_cent_is_lost(lines in bill(), weights in prop::collection::vec(0_u32..9, 1..9)) {
        let total = to_pay(&lines);
        let mut payers = vec![Vec::new(); weights.len()];
        let mut keys: Vec<&LineKey> = lines.iter().filter_map(|line| line.line.as_ref()).collect();
        keys.sort();
        keys.dedup();
        for (place, key) in keys.into_iter().enumerate() {
            payers[weights[place % weights.len()] as usize % weights.len()].push(key.clone());
        }
        for how in [Split::ByItem(payers), Split::ByShare(weights)] {
            match split(Currency::EUR, &lines, &how) {
                Ok(parts) => {
                    prop_assert_eq!(parts.iter().map(|part| part.minor()).sum::<i64>(), total);
                    prop_assert!(parts.iter().all(|part| part.minor() > 0));
                }
                Err(SplitRefusal::Nothing) => {}
                Err(refusal) => prop_assert!(false, "{refusal}"),
            }
        }
    }
}
