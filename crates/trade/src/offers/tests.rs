//! Offers by tables, and properties over whatever orders and offers there may be.

use std::collections::BTreeMap;

use base::{Currency, Money, Time, Uid};
use carte::{Channel, Service};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use domain::pricing::{Reach, Worth};

fn uid(last: u8) -> Uid {
    let mut bytes = [9; 16];
    bytes[15] = last;
    Uid::from_bytes(bytes)
}

fn euro() -> Currency {
    "EUR".parse().unwrap()
}

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

fn terms(more: Value) -> Terms {
    let mut all = json!({
        "name": "Hello", "gives": {"kind": "percent", "millionths": 200_000}, "funder": "restaurant",
        "currency": "EUR", "minimumMinor": 0, "sold": {},
    });
    all.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

fn promotion(last: u8, more: Value) -> Offer {
    let founding = Founding {
        code: None,
        terms: terms(more).checked().unwrap(),
    };
    Offer::created(OfferId::Promotion(uid(last).into()), founding, Time::EPOCH)
}

fn coupon(more: Value) -> Offer {
    let founding = Founding {
        code: Some("SAVE-20".parse().unwrap()),
        terms: terms(more).checked().unwrap(),
    };
    Offer::created(OfferId::Coupon(uid(200).into()), founding, Time::EPOCH)
}

fn line(line: usize, quantity: u32, minor: i64) -> Line {
    Line {
        line,
        item: uid(u8::try_from(line).unwrap()).into(),
        quantity,
        minor,
    }
}

/// An order of a pizza twice and a water, on a Friday at half past seven in the evening.
struct Order {
    lines: Vec<Line>,
    channel: Channel,
    code: Code,
    delivery_minor: i64,
    orders_before: Option<u64>,
}

impl Order {
    fn new() -> Self {
        Order {
            lines: vec![line(0, 2, 2_000), line(1, 1, 301)],
            channel: Channel::default(),
            code: "save-20".parse().unwrap(),
            delivery_minor: 250,
            orders_before: Some(3),
        }
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            restaurant: uid(50).into(),
            brand: Some(uid(52).into()),
            zone: "Europe/Rome".parse().unwrap(),
            currency: euro(),
            service: Service::Delivery,
            channel: &self.channel,
            now: at("2026-11-20T17:00:00Z"),
            at: at("2026-11-20T18:30:00Z"),
            person: Some(uid(60).into()),
            orders_before: self.orders_before,
            lines: &self.lines,
            delivery_minor: self.delivery_minor,
            coupon: Some(&self.code),
        }
    }

    /// What a coupon takes off, or why it does not.
    fn coupon(&self, more: Value) -> Result<i64, Why> {
        let offer = coupon(more);
        let uses = Uses { all: 4, person: 1 };
        let known = Known {
            offer: &offer,
            uses,
        };
        let found = find(&self.asked(), &[], Some(known));
        match found.refused {
            Some(refused) => Err(refused.why),
            None => Ok(found.given.iter().map(|given| given.minor).sum()),
        }
    }
}

fn unused(offer: &Offer) -> Known<'_> {
    Known {
        offer,
        uses: Uses::default(),
    }
}

#[test]
fn a_code_is_written_in_large_letters() {
    assert_eq!(Code::parse("save-20").unwrap().as_str(), "SAVE-20");
    for bad in ["", "ab", "a b c", "größe", "A_B", &"X".repeat(33)] {
        assert_eq!(Code::parse(bad), Err(CodeError), "{bad}");
    }
    assert!(Code::parse(&"X".repeat(32)).is_ok());
}

#[test]
fn a_coupon_takes_off_what_its_terms_say() {
    let order = Order::new();
    let cases = [
        // 20 % of 23.01, rounded once.
        (json!({}), 460),
        (
            json!({"gives": {"kind": "percent", "millionths": 200_000, "mostMinor": 300}}),
            300,
        ),
        (
            json!({"gives": {"kind": "percent", "millionths": 500_000, "items": [item(1)]}}),
            151,
        ),
        (json!({"gives": {"kind": "amount", "minor": 500}}), 500),
        (json!({"gives": {"kind": "amount", "minor": 99_999}}), 2_301),
        (json!({"gives": {"kind": "delivery"}}), 250),
        (
            json!({"gives": {"kind": "delivery", "mostMinor": 100}}),
            100,
        ),
        // Of three pieces, the one that costs 3.01 is free; of two pizzas, one.
        (
            json!({"gives": {"kind": "bundle", "buy": 2, "get": 1, "millionths": 1_000_000}}),
            301,
        ),
        (
            json!({"gives": {"kind": "bundle", "buy": 1, "get": 1, "millionths": 1_000_000, "items": [item(0)]}}),
            1_000,
        ),
        (
            json!({"gives": {"kind": "bundle", "buy": 1, "get": 2, "millionths": 500_000}}),
            651,
        ),
    ];
    for (more, off) in cases {
        assert_eq!(order.coupon(more.clone()), Ok(off), "{more}");
    }
}

fn item(last: u8) -> String {
    carte::ItemId::from(uid(last)).to_string()
}

#[test]
fn a_coupon_that_does_not_apply_says_why() {
    let money = |minor| Money::new(minor, euro());
    let order = Order::new();
    let [here, other] =
        [50, 51].map(|one| domain::organisations::RestaurantId::from(uid(one)).to_string());
    let brand = |one| domain::organisations::BrandId::from(uid(one)).to_string();
    let friday = |from, to| json!({"hours": [{"days": ["fri"], "from": from, "to": to}]});
    let too_small = Why::TooSmall {
        minimum: money(2_400),
        missing: money(99),
    };
    let cases = [
        (json!({"from": "2026-11-20T17:00:00.000001Z"}), Why::NotYet),
        (json!({"until": "2026-11-20T17:00:00Z"}), Why::Expired),
        (json!({"restaurants": [other]}), Why::NotHere),
        (json!({"brands": [brand(53)]}), Why::NotHere),
        (
            json!({"brands": [brand(53)], "restaurants": [other]}),
            Why::NotHere,
        ),
        (json!({"currency": "USD"}), Why::OtherCurrency),
        (
            json!({"sold": {"services": ["pickup", "dine_in"]}}),
            Why::NotThisService,
        ),
        (
            json!({"sold": {"channels": ["kiosk"]}}),
            Why::NotThisChannel,
        ),
        (friday("18:00", "19:30"), Why::NotThen),
        (json!({"minimumMinor": 2_400}), too_small),
        (json!({"usesMax": 4}), Why::UsedUp),
        (json!({"personUsesMax": 1}), Why::UsedByYou),
        (json!({"firstOrder": true}), Why::NotFirst),
        (
            json!({"gives": {"kind": "percent", "millionths": 1, "items": [item(1)]}}),
            Why::NothingLeft,
        ),
    ];
    for (more, why) in cases {
        assert_eq!(order.coupon(more.clone()), Err(why), "{more}");
        assert!(why.to_string().ends_with('.'), "{why}");
    }
    for more in [
        json!({"from": "2026-11-20T17:00:00Z", "until": "2026-11-20T17:00:00.000001Z"}),
        json!({"brands": [brand(52)]}),
        json!({"brands": [brand(52)], "restaurants": [other]}),
        json!({"brands": [brand(53)], "restaurants": [here]}),
        friday("19:30", "19:31"),
        json!({"minimumMinor": 2_301, "usesMax": 5, "personUsesMax": 2}),
    ] {
        assert_eq!(order.coupon(more), Ok(460));
    }
    let found = find(&order.asked(), &[], None);
    assert_eq!(found.refused.unwrap().why, Why::Unknown);
    let ended = coupon(json!({})).ended();
    let found = find(&order.asked(), &[], Some(unused(&ended)));
    assert_eq!(found.refused.unwrap().why, Why::Ended);
    let nobody = Asked {
        person: None,
        ..order.asked()
    };
    let personal = coupon(json!({"personUsesMax": 1}));
    let found = find(&nobody, &[], Some(unused(&personal)));
    assert_eq!(found.refused.unwrap().why, Why::SignIn);
}

#[test]
fn each_line_gets_the_best_promotion_and_the_coupon_takes_the_rest() {
    let order = Order::new();
    let tenth = promotion(
        1,
        json!({"gives": {"kind": "percent", "millionths": 100_000}}),
    );
    let waters = json!({"kind": "percent", "millionths": 500_000, "items": [item(1)]});
    let waters = promotion(2, json!({"gives": waters, "usesMax": 7}));
    let twin = promotion(
        3,
        json!({"gives": {"kind": "percent", "millionths": 100_000}}),
    );
    let free = promotion(
        4,
        json!({"gives": {"kind": "delivery"}, "funder": "platform"}),
    );
    let of =
        coupon(json!({"gives": {"kind": "percent", "millionths": 200_000}, "funder": "brand"}));
    let all = [&twin, &free, &waters, &tenth].map(unused);
    let found = find(&order.asked(), &all, Some(unused(&of)));
    let given: Vec<(OfferId, i64, bool)> = found
        .given
        .iter()
        .map(|given| (given.offer, given.minor, given.counted))
        .collect();
    // A tenth of 23.01 is 2.30: 2.00 of it off the pizzas. Half of the water is 1.51, and the older of two alike wins.
    // The coupon then takes a fifth of 18.00 and 1.50.
    assert_eq!(
        given,
        [
            (tenth.id, 200, false),
            (waters.id, 151, true),
            (free.id, 250, false),
            (of.id, 390, true)
        ]
    );
    let reaches: Vec<(Reach, Worth)> = found
        .discounts
        .iter()
        .map(|one| (one.reach, one.worth))
        .collect();
    assert_eq!(
        reaches,
        [
            (Reach::Line(0), Worth::Amount(200)),
            (Reach::Line(1), Worth::Amount(151)),
            (Reach::Delivery, Worth::Amount(250)),
            (Reach::Line(0), Worth::Amount(360)),
            (Reach::Line(1), Worth::Amount(30)),
        ]
    );
    assert_eq!(found.refused, None);
}

#[test]
fn a_first_order_is_one_by_somebody_who_had_none() {
    let mut order = Order::new();
    let first = promotion(1, json!({"firstOrder": true}));
    assert_eq!(first.terms.person_most(), Some(1));
    for (before, given) in [(Some(0), 1), (Some(1), 0), (None, 0)] {
        order.orders_before = before;
        let asked = Asked {
            coupon: None,
            ..order.asked()
        };
        let found = find(&asked, &[unused(&first)], None);
        assert_eq!(found.given.len(), given, "{before:?}");
    }
}

#[test]
fn terms_that_nobody_can_mean_are_refused() {
    let bad = [
        (
            json!({"gives": {"kind": "percent", "millionths": 0}}),
            "percent",
        ),
        (
            json!({"gives": {"kind": "percent", "millionths": 1_000_001}}),
            "percent",
        ),
        (json!({"gives": {"kind": "amount", "minor": 0}}), "amount"),
        (
            json!({"gives": {"kind": "bundle", "buy": 0, "get": 1, "millionths": 1}}),
            "buy",
        ),
        (json!({"minimumMinor": -1}), "minimum"),
        (json!({"usesMax": 0}), "usesMax"),
        (json!({"personUsesMax": 0}), "personUsesMax"),
        (
            json!({"from": "2026-11-20T17:00:00Z", "until": "2026-11-20T17:00:00Z"}),
            "until",
        ),
        (
            json!({"hours": [{"days": [], "from": "10:00", "to": "11:00"}]}),
            "hours",
        ),
    ];
    for (more, field) in bad {
        assert_eq!(
            terms(more.clone()).checked(),
            Err(Refusal::OutOfRange(field)),
            "{more}"
        );
    }
}

#[test]
fn an_offer_changes_for_whoever_has_seen_it_until_it_ends() {
    let offer = promotion(1, json!({}));
    let other = terms(json!({"minimumMinor": 5}));
    assert_eq!(
        offer.change(other.clone(), 0),
        Err(Refusal::Changed { now: 1 })
    );
    assert_eq!(offer.change(offer.terms.clone(), 1), Ok(None));
    let dollars = terms(json!({"currency": "USD"}));
    assert_eq!(offer.change(dollars, 1), Err(Refusal::Currency));
    let told = offer.change(other.clone(), 1).unwrap().unwrap();
    let offer = offer.changed(told);
    assert_eq!((offer.version, &offer.terms), (2, &other));
    assert!(offer.ends());
    let offer = offer.ended();
    assert!(!offer.ends());
    assert_eq!(offer.change(terms(json!({})), 3), Err(Refusal::Ended));
    let text = serde_json::to_string(&offer.id).unwrap();
    assert_eq!(serde_json::from_str::<OfferId>(&text).unwrap(), offer.id);
    let text = serde_json::to_string(&OfferId::Coupon(uid(1).into())).unwrap();
    assert!(serde_json::from_str::<OfferId>(&text).unwrap().is_coupon());
}

fn any_gives() -> impl Strategy<Value = Value> {
    let items = proptest::collection::btree_set(0..6_u8, 0..3);
    let items = items.prop_map(|items| items.into_iter().map(item).collect::<Vec<_>>());
    prop_oneof![
        (1..=1_000_000_i64, proptest::option::of(1..3_000_i64), items.clone()).prop_map(
            |(millionths, most, items)| {
                let mut gives = json!({"kind": "percent", "millionths": millionths, "items": items});
                if let Some(most) = most {
                    gives["mostMinor"] = most.into();
                }
                gives
            }
        ),
        (1..9_000_i64).prop_map(|minor| json!({"kind": "amount", "minor": minor})),
        Just(json!({"kind": "delivery"})),
        (1..5_u32, 1..5_u32, 1..=1_000_000_i64, items).prop_map(|(buy, get, millionths, items)| {
            json!({"kind": "bundle", "buy": buy, "get": get, "millionths": millionths, "items": items})
        }),
    ]
}

proptest! {
    /// Whatever is offered, nothing is sold for less than nothing, caps hold, and what is given is what is taken off.
    #[test]
    fn no_line_goes_below_nothing(
        lines in proptest::collection::vec((1..9_u32, -200..5_000_i64), 0..6),
        gives in proptest::collection::vec(any_gives(), 0..5),
        coupon_gives in any_gives(),
        delivery in 0..900_i64,
    ) {
        let mut order = Order::new();
        order.delivery_minor = delivery;
        order.lines = lines
            .iter()
            .enumerate()
            .map(|(place, (quantity, each))| line(place, *quantity, each * i64::from(*quantity)))
            .collect();
        let offers: Vec<Offer> = (1..)
            .zip(&gives)
            .map(|(last, gives)| promotion(last, json!({"gives": gives})))
            .collect();
        let known: Vec<Known<'_>> = offers.iter().map(unused).collect();
        let of = coupon(json!({"gives": coupon_gives}));
        let found = find(&order.asked(), &known, Some(unused(&of)));
        let mut left: Vec<i64> = order.lines.iter().map(|line| line.minor).collect();
        let (mut fee, mut off) = (delivery, 0);
        for discount in &found.discounts {
            let Worth::Amount(minor) = discount.worth else { panic!("an amount") };
            prop_assert!(minor > 0);
            off += minor;
            match discount.reach {
                Reach::Line(place) => left[place] -= minor,
                Reach::Delivery => fee -= minor,
                Reach::Items => panic!("a line"),
            }
        }
        for (left, line) in left.iter().zip(&order.lines) {
            prop_assert!(*left >= line.minor.min(0), "{left} of {}", line.minor);
        }
        prop_assert!(fee >= 0);
        prop_assert_eq!(off, found.given.iter().map(|given| given.minor).sum::<i64>());
        for given in &found.given {
            let offer = offers.iter().chain([&of]).find(|offer| offer.id == given.offer).unwrap();
            let Gives::Percent { most_minor: Some(most), .. } = offer.terms.gives else { continue };
            prop_assert!(given.minor <= most);
        }
    }

    /// Of promotions, every line and the delivery get exactly the best.
    #[test]
    fn the_best_promotion_wins_line_by_line(
        lines in proptest::collection::vec((1..9_u32, 0..5_000_i64), 0..6),
        gives in proptest::collection::vec(any_gives(), 1..5),
    ) {
        let mut order = Order::new();
        order.lines = lines
            .iter()
            .enumerate()
            .map(|(place, (quantity, each))| line(place, *quantity, each * i64::from(*quantity)))
            .collect();
        let offers: Vec<Offer> = (1..)
            .zip(&gives)
            .map(|(last, gives)| promotion(last, json!({"gives": gives})))
            .collect();
        let asked = Asked { coupon: None, ..order.asked() };
        let known: Vec<Known<'_>> = offers.iter().map(unused).collect();
        let mut best = BTreeMap::new();
        for one in &known {
            for (reach, minor) in off(&find(&asked, &[*one], None)) {
                let most = best.entry(reach).or_insert(0);
                *most = minor.max(*most);
            }
        }
        prop_assert_eq!(off(&find(&asked, &known, None)), best);
    }
}

/// What is taken off, by what it is taken from.
fn off(found: &Found) -> BTreeMap<String, i64> {
    let mut all = BTreeMap::new();
    for discount in &found.discounts {
        let Worth::Amount(minor) = discount.worth else {
            panic!("an amount")
        };
        *all.entry(format!("{:?}", discount.reach)).or_default() += minor;
    }
    all
}
