//! Meal vouchers: what they may pay when an order is placed, and what they pay when it is changed.

use super::*;

/// Two pizzas and one, a fee and a tip: 40.30, of which 35.31 is food. So much of it is paid with vouchers.
fn paid(vouchers_minor: i64, per_order: Option<i64>) -> Placing {
    Placing {
        vouchers_minor,
        rules: Rules {
            meal_vouchers: Some(MealVouchers { per_order }),
            ..Rules::default()
        },
        ..placing()
    }
}

/// The same where the second line is sold from an age on.
fn limited(vouchers_minor: i64) -> Placing {
    let mut placing = paid(vouchers_minor, None);
    placing.lines[1].age_min = Some(18);
    placing
}

fn placed(placing: Placing) -> Result<Order, Refusal> {
    let command = Command::Place(Box::new(placing));
    let events = decide(None, &command, &Facts::new(Actor::Diner, NOON))?;
    fold(&events).map_err(|_| Refusal::Missing)
}

fn most(minor: i64) -> Refusal {
    Refusal::Vouchers(base::Money::new(minor, Currency::EUR))
}

#[test]
fn they_pay_food_alone_and_no_more_than_the_restaurant_says() {
    assert_eq!(placed(paid(3_531, None)).unwrap().vouchers_minor, 3_531);
    // Neither the fee nor the tip.
    assert_eq!(placed(paid(3_532, None)), Err(most(3_531)));
    assert_eq!(placed(paid(-1, None)), Err(most(3_531)));
    // Nor what is sold from an age on.
    assert!(placed(limited(2_354)).is_ok());
    assert_eq!(placed(limited(2_355)), Err(most(2_354)));
    assert!(placed(paid(2_500, Some(2_500))).is_ok());
    assert_eq!(placed(paid(2_501, Some(2_500))), Err(most(2_500)));
    let none = Placing {
        rules: Rules::default(),
        ..paid(1, None)
    };
    assert_eq!(placed(none.clone()), Err(Refusal::NoVouchers));
    let none = Placing {
        vouchers_minor: 0,
        ..none
    };
    assert!(placed(none).is_ok());
    // What is taken off the food is not there for them, and neither is what is taken off everything.
    let off = Placing {
        vouchers_minor: 3_531,
        ..discounted(paid(0, None))
    };
    assert_eq!(placed(off), Err(most(3_531 - 235)));
    let mut free = paid(3_531, None);
    let off = Kind::Discount(Funder::Platform);
    free.money.push(money(off, None, -3_000));
    assert_eq!(placed(free), Err(most(730)));
}

#[test]
fn where_no_decimals_are_the_limit_is_in_whole_units() {
    let rules = paid(0, Some(2_550)).rules;
    let (line, money) = line("a", 9);
    let up_to = |currency: &str| {
        let currency = currency.parse().unwrap();
        rules.vouchers_up_to(currency, (std::slice::from_ref(&line), &money))
    };
    assert_eq!(up_to("EUR"), Ok(2_550));
    assert_eq!(up_to("JPY"), Ok(25));
}

#[test]
fn a_change_leaves_them_no_more_than_they_may_pay() {
    let by = Actor::Restaurant;
    let story = |placing| Story::after(placing, &[Command::Secure, accept()]);
    // Others pay 4.99 besides: with less food the vouchers pay less.
    let mut less = story(paid(3_531, None));
    less.change(by, &[remove("b")], 9).unwrap();
    assert_eq!(
        (less.order().total_minor, less.order().vouchers_minor),
        (2_853, 2_354)
    );
    // What is not food goes, so they pay what they did.
    let mut wine = story(limited(2_000));
    wine.change(by, &[remove("b")], 9).unwrap();
    assert_eq!(wine.order().vouchers_minor, 2_000);
    // Wine in the place of food is nothing that they may pay.
    let swapped = |vouchers_minor| {
        let (mut dear, _) = line("c", 1);
        dear.choices.clear();
        dear.age_min = Some(18);
        (dear.unit_minor, dear.minor, dear.tax_minor) = (1_177, 1_177, 0);
        let added = Repriced {
            lines: vec![dear],
            money: vec![money(Kind::Item, Some("c"), 1_177)],
        };
        let commands = [LineCommand::Replace {
            line: key("b"),
            with: key("c"),
        }];
        let mut story = story(paid(vouchers_minor, None));
        story.change_with(by, (&commands, &added), 9)
    };
    assert_eq!(swapped(2_355), Err(Refusal::VouchersLeft));
    assert!(swapped(2_354).is_ok());
}

#[test]
fn an_order_without_them_is_written_as_before() {
    let order = placed(placing()).unwrap();
    let written = serde_json::to_string(&order).unwrap();
    assert!(!written.contains("oucher") && !written.contains("ageMin"));
    let order = placed(limited(100)).unwrap();
    let written = serde_json::to_value(&order).unwrap();
    assert_eq!(written["vouchersMinor"], 100);
    assert_eq!(serde_json::from_value::<Order>(written).unwrap(), order);
}
