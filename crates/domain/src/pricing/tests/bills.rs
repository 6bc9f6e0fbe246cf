//! Bills that were worked out by hand.

use super::*;

#[test]
fn a_bill_of_dishes_options_and_drinks_is_what_it_is_by_hand() {
    let known = Known::new(TaxesIncluded::Included);
    let mut dish = line(1, 2);
    // The cheapest of the three, 1.00, is free; the sauce belongs to the topping of 1.50.
    dish.choices = vec![want(1, 4, 1), want(1, 5, 1), want(1, 6, 1)];
    dish.choices[0].choices = vec![want(2, 7, 1)];
    let quote = known.quote(&[dish, line(3, 3)]);
    assert_eq!(codes(&quote), []);
    let minor: Vec<(i64, i64)> = (quote.lines.iter())
        .map(|line| (line.unit.minor(), line.amount.minor()))
        .collect();
    // 10.00 + 1.50 + 0.30 + 2.00 = 13.80, twice; 2.90 three times.
    assert_eq!(minor, [(1380, 2760), (290, 870)]);
    let parts: Vec<(usize, u64, i64)> = (quote.lines[0].parts.iter())
        .map(|part| (part.depth, part.quantity, part.amount.minor()))
        .collect();
    assert_eq!(
        parts,
        [
            (0, 2, 2000),
            (1, 2, 300),
            (2, 2, 60),
            (1, 2, 0),
            (1, 2, 400)
        ]
    );
    // 23.60 hold 1.54393 of 7 %, 12.70 hold 2.02773 of 19 %.
    let taxes: Vec<(&str, i64, i64)> = (quote.taxes.iter())
        .map(|sum| (sum.class.as_str(), sum.base.minor(), sum.tax.minor()))
        .collect();
    assert_eq!(taxes, [("food", 2360, 154), ("drink", 1270, 203)]);
    assert_eq!(quote.totals.total.minor(), 3630);
    assert_eq!(quote.totals.tax.minor(), 357);
}

#[test]
fn taxes_that_come_on_top_are_paid_and_those_that_prices_hold_are_not() {
    let wanted = [line(2, 1), line(3, 1)];
    let added = Known::new(TaxesIncluded::Added).quote(&wanted);
    // 7.99 at 7 % owe 0.5593, 2.90 at 19 % owe 0.551.
    assert_eq!(added.totals.tax.minor(), 56 + 55);
    assert_eq!(added.totals.total.minor(), 1089 + 111);
    let held = Known::new(TaxesIncluded::Included).quote(&wanted);
    // 7.99 hold 0.52271, 2.90 hold 0.46303.
    assert_eq!(held.totals.tax.minor(), 52 + 46);
    assert_eq!(held.totals.total.minor(), 1089);
}

#[test]
fn the_rate_follows_the_service() {
    let mut known = Known::new(TaxesIncluded::Included);
    known.service = Service::DineIn;
    let quote = known.quote(&[line(1, 1)]);
    assert_eq!(quote.taxes[0].rate_millionths, 190_000);
    assert_eq!(quote.totals.tax.minor(), 160);
}

#[test]
fn a_delivery_costs_its_fee_which_is_taxed_like_the_goods() {
    let mut known = Known::new(TaxesIncluded::Included);
    known.service = Service::Delivery;
    let quote = known.quote(&[line(1, 1), line(3, 1)]);
    assert_eq!(codes(&quote), []);
    // 2.50 in the parts 1000 to 290: 1.94 of food and 0.56 of drinks.
    let bases: Vec<i64> = quote.taxes.iter().map(|sum| sum.base.minor()).collect();
    assert_eq!(bases, [1000 + 194, 290 + 56]);
    assert_eq!(quote.fees.len(), 1);
    assert_eq!(quote.fees[0].kind, Kind::DeliveryFee);
    assert_eq!(quote.totals.total.minor(), 1540);
    // From 30.00 on it is brought for nothing.
    assert_eq!(known.quote(&[line(1, 3)]).fees, []);
    // Where the restaurant names a class for its fees, they are of that one.
    known.venue.fees.tax = Some(key("drink"));
    let quote = known.quote(&[line(1, 1)]);
    let bases: Vec<i64> = quote.taxes.iter().map(|sum| sum.base.minor()).collect();
    assert_eq!(bases, [1000, 250]);
}

#[test]
fn a_zone_has_its_fee_at_the_time_for_which_it_is_ordered() {
    use crate::venues::{Week, Weekly, Zones};

    let mut known = Known::new(TaxesIncluded::Included);
    known.service = Service::Delivery;
    let late = carte::TimeOfDay::from_minutes(14 * 60).unwrap();
    let end = carte::TimeOfDay::from_minutes(1_440).unwrap();
    let mut zone = known.venue.zones.all()[0].clone();
    zone.fee_minor = 400;
    zone.times = Week::new(vec![Weekly {
        days: carte::Weekday::ALL.iter().copied().collect(),
        from: late,
        to: end,
    }])
    .unwrap();
    let always = known.venue.zones.all()[0].clone();
    known.venue.zones = Zones::new(vec![zone, always]).unwrap();
    let fee = |known: &Known| known.quote(&[line(1, 1)]).fees[0].amount.minor();
    assert_eq!(fee(&known), 250);
    known.at = Time::from_micros(NOON.as_micros() + 3 * HOUR_MICROS);
    assert_eq!(fee(&known), 400);
}

#[test]
fn taxes_are_rounded_as_the_restaurant_says() {
    let mut known = Known::new(TaxesIncluded::Added);
    // 5 % of 0.30 are one and a half cents: of three lines 4.5 together, two each by itself.
    known.menu.items[0].price = carte::Prices::flat(30);
    let all: BTreeMap<_, _> = Service::ALL.iter().map(|one| (*one, 50_000)).collect();
    for class in &mut known.menu.taxes {
        class.rates.clone_from(&all);
    }
    let lines = [line(1, 1), line(1, 1), line(1, 1)];
    let taxes = |known: &Known| -> Vec<i64> {
        let quote = known.quote(&lines);
        let taxes = quote.lines.iter().map(|line| line.tax.minor());
        [quote.totals.tax.minor()]
            .into_iter()
            .chain(taxes)
            .collect()
    };
    assert_eq!(taxes(&known), [5, 2, 2, 1]);
    known.venue.fees.rounding = crate::venues::Rounding::Line;
    assert_eq!(taxes(&known), [6, 2, 2, 2]);
}

#[test]
fn small_orders_and_service_cost_what_the_restaurant_says() {
    let mut known = Known::new(TaxesIncluded::Included);
    let fees = known
        .venue
        .fees
        .services
        .entry(Service::Pickup)
        .or_default();
    fees.small_below_minor = 800;
    fees.small_minor = 120;
    fees.service_millionths = 50_000;
    fees.service_max_minor = Some(45);
    let kinds = |quote: &Quote| -> Vec<(Kind, i64)> {
        let fees = quote.fees.iter();
        fees.map(|fee| (fee.kind, fee.amount.minor())).collect()
    };
    // 5 % of 7.99 are 0.39950.
    assert_eq!(
        kinds(&known.quote(&[line(2, 1)])),
        [(Kind::SmallOrderFee, 120), (Kind::ServiceFee, 40)]
    );
    assert_eq!(kinds(&known.quote(&[line(1, 1)])), [(Kind::ServiceFee, 45)]);
}

#[test]
fn boxes_and_paying_in_cash_cost_what_the_restaurant_says() {
    let mut known = Known::new(TaxesIncluded::Included);
    known.venue.fees.tax = Some(key("drink"));
    let fees = known.venue.fees.services.entry(Service::Pickup);
    let fees = fees.or_default();
    (fees.packaging_minor, fees.cash_minor) = (30, 100);
    let told = |quote: &Quote| -> Vec<(&str, i64)> {
        let fees = quote.fees.iter();
        fees.map(|fee| (fee.kind.name(), fee.amount.minor()))
            .collect()
    };
    let quote = known.quote(&[line(1, 1)]);
    assert_eq!(told(&quote), [("packaging_fee", 30)]);
    assert_eq!(quote.totals.total.minor(), 1030);
    known.in_cash = true;
    let quote = known.quote(&[line(1, 1)]);
    assert_eq!(told(&quote), [("packaging_fee", 30), ("payment_fee", 100)]);
    assert_eq!(quote.totals.fees.minor(), 130);
    // Both are taxed as the restaurant says of its fees.
    let bases: Vec<i64> = quote.taxes.iter().map(|sum| sum.base.minor()).collect();
    assert_eq!(bases, [1000, 130]);
}

#[test]
fn prices_are_those_of_service_channel_and_time_of_the_day() {
    let mut known = Known::new(TaxesIncluded::Included);
    known.menu.items[1].price.rules = vec![carte::PriceRule {
        service: Some(Service::Pickup),
        channel: None,
        daypart: Some(key("lunch")),
        minor: 690,
    }];
    assert_eq!(known.quote(&[line(2, 1)]).totals.total.minor(), 690);
    known.at = Time::from_micros(NOON.as_micros() + 3 * HOUR_MICROS);
    assert_eq!(known.quote(&[line(2, 1)]).totals.total.minor(), 799);
}

#[test]
fn who_funds_a_discount_decides_whether_the_seller_owes_tax_upon_it() {
    let mut known = Known::new(TaxesIncluded::Included);
    let quote = |known: &mut Known, funder, worth, reach| {
        known.discounts = vec![Discount {
            funder,
            worth,
            reach,
        }];
        known.quote(&[line(1, 1), line(2, 1)])
    };
    // A tenth of 17.99 is 1.799, so 1.80: 1.00 of the one and 0.80 of the other.
    let own = quote(
        &mut known,
        Funder::Restaurant,
        Worth::Share(100_000),
        Reach::Items,
    );
    let off: Vec<i64> = own.lines.iter().map(|line| line.discount.minor()).collect();
    assert_eq!((off, own.totals.total.minor()), (vec![100, 80], 1619));
    assert_eq!(own.taxes[0].base.minor(), 1619);
    let given = quote(
        &mut known,
        Funder::Platform,
        Worth::Share(100_000),
        Reach::Items,
    );
    assert_eq!(given.totals.total.minor(), 1619);
    assert_eq!(given.taxes[0].base.minor(), 1799);
    // More than there is cannot be taken off.
    let all = quote(
        &mut known,
        Funder::Brand,
        Worth::Amount(5_000),
        Reach::Line(1),
    );
    assert_eq!(all.discounts[0].minor(), 799);
    assert_eq!(all.totals.total.minor(), 1000);
}

#[test]
fn tips_are_paid_and_not_taxed() {
    let mut known = Known::new(TaxesIncluded::Added);
    known.tip = 200;
    let quote = known.quote(&[line(1, 1)]);
    assert_eq!(quote.totals.total.minor(), 1000 + 70 + 200);
    assert_eq!(
        to_pay(Currency::EUR, &quote.money),
        Some(quote.totals.total)
    );
}
