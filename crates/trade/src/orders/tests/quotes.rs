//! From any quote to an order, and back to money: what is placed is what was quoted, and what is taken out is what it
//! had cost.

use base::Money;
use carte::{Menu, TaxesIncluded};
use proptest::prelude::*;

use super::*;
use crate::prices::tests::{Known, group_id, item_id, line as wanted_line, properties, want};
use domain::pricing::{Quote, WantedLine};

fn keys(count: usize) -> Vec<LineKey> {
    (0..count).map(LineKey::numbered).collect()
}

fn placed(quote: &Quote, menu: &Menu) -> Order {
    let keys = keys(quote.lines.len());
    let Repriced { lines, money } = of_quote(quote, menu, &keys).unwrap();
    let placing = Placing {
        currency: quote.currency,
        paying: Paying::OnDelivery,
        lines,
        money,
        tickets: Vec::new(),
        ..placing()
    };
    Story::of(placing).order.unwrap()
}

#[test]
fn an_order_keeps_names_and_prices_of_the_day() {
    let known = Known::new(TaxesIncluded::Included);
    let mut pizza = wanted_line(1, 2);
    pizza.choices = vec![want(1, 5, 2), want(1, 6, 1)];
    let quote = known.quote(&[pizza, wanted_line(3, 1)]);
    assert_eq!(quote.refusals, []);
    let order = placed(&quote, &known.menu);
    let line = order.line(&key("1")).unwrap();
    assert_eq!((line.item, line.name.as_str()), (item_id(1), "Item 1"));
    assert_eq!((line.quantity, line.rate), (2, 70_000));
    let choices: Vec<_> = line
        .choices
        .iter()
        .map(|choice| {
            let names = (choice.group_name.as_str(), choice.name.as_str());
            (
                names,
                choice.group,
                choice.quantity,
                choice.minor,
                choice.rate,
            )
        })
        .collect();
    let group = group_id(1);
    let wanted = [
        (("Group 1", "Item 5"), group, 4, 200, 70_000),
        (("Group 1", "Item 6"), group, 2, 400, 190_000),
    ];
    assert_eq!(choices, wanted);
    assert_eq!(
        Money::new(order.total_minor, order.currency),
        quote.totals.total
    );
    let taken: Vec<_> = counts(order.sold()).into_iter().collect();
    let wanted = [
        (item_id(1), 2),
        (item_id(3), 1),
        (item_id(5), 4),
        (item_id(6), 2),
    ];
    assert_eq!(taken, wanted);
    // Keys that are too few, or another menu, make no order.
    assert_eq!(of_quote(&quote, &known.menu, &keys(1)), None);
    let empty = Menu {
        items: Vec::new(),
        ..known.menu.clone()
    };
    assert_eq!(of_quote(&quote, &empty, &keys(2)), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn whatever_can_be_quoted_can_be_placed_and_changed(
        known in properties::known(),
        wanted in properties::wanted(),
        (place, quantity) in (0_usize..12, 1_u32..12),
    ) {
        let first = known.quote(&wanted);
        let priced: Vec<WantedLine> = first.lines.iter().map(|one| wanted[one.line].clone()).collect();
        let quote = known.quote(&priced);
        prop_assume!(!quote.lines.is_empty() && quote.lines.len() == priced.len());
        let order = placed(&quote, &known.menu);
        let total = Money::new(order.total_minor, order.currency);
        prop_assert_eq!(total, quote.totals.total);
        let totals = order.totals();
        prop_assert_eq!(totals.items_minor, quote.totals.items.minor());
        prop_assert_eq!(totals.fees_minor, quote.totals.fees.minor());
        prop_assert_eq!(totals.tax_minor, quote.totals.tax.minor());
        prop_assert_eq!(totals.discounts_minor, quote.totals.discounts.minor());

        let line = order.lines[place % order.lines.len()].clone();
        let none = Repriced { lines: Vec::new(), money: Vec::new() };
        let counted = [LineCommand::Quantity { line: line.key.clone(), quantity }];
        // What options below zero leave of a line may be less than what is taken off of it.
        let is_worth = line.minor >= line.discount_minor;
        if line.quantity != quantity && is_worth {
            let change = reprice(&order, &counted, &none)
                .and_then(|priced| Change::of(&order, &counted, (Actor::Restaurant, &priced)));
            let is_large = change == Err(Refusal::Amounts("they are too large"));
            prop_assume!(!is_large);
            let change = change.unwrap();
            // A tax on top may be less than nothing where an option is; what is sold is compared without it.
            let on_top = |money: &[MoneyLine]| -> i64 {
                let added = money.iter().filter(|one| one.kind == Kind::TaxAdded);
                added.map(|one| one.minor).sum()
            };
            let net = change.difference_minor - on_top(&change.money) + on_top(&order.money);
            let is_right = match quantity > line.quantity {
                true => net >= 0,
                false => net <= 0,
            };
            prop_assert!(is_right);
        }
        if order.lines.len() > 1 {
            let removed = [LineCommand::Remove { line: line.key.clone() }];
            let priced = reprice(&order, &removed, &none).unwrap();
            let change = Change::of(&order, &removed, (Actor::Restaurant, &priced)).unwrap();
            let on_top = match quote.taxes_included {
                TaxesIncluded::Included => 0,
                TaxesIncluded::Added => line.tax_minor,
            };
            let paid = line.minor - line.discount_minor + on_top;
            prop_assert_eq!(change.difference_minor, -paid);
        }
    }
}
