//! What cannot be ordered, and why.

use super::*;
use crate::venues::{About, Halt, Held, Reason as Because};
use carte::{DEPTH_MAX, Off};

fn known() -> Known {
    Known::new(TaxesIncluded::Included)
}

#[test]
fn what_can_be_ordered_is_not_refused() {
    let quote = known().quote(&[line(1, 1), line(3, 999)]);
    assert_eq!(codes(&quote), []);
    assert_eq!(quote.notes, []);
}

#[test]
fn limits_are_kept() {
    let quote = |wanted: &[WantedLine]| codes(&known().quote(wanted));
    assert_eq!(quote(&[]), [(None, "empty")]);
    assert_eq!(quote(&vec![line(3, 1); LINES_MAX]), []);
    assert_eq!(
        quote(&vec![line(3, 1); LINES_MAX + 1]),
        [(None, "too_many")]
    );
    assert_eq!(quote(&[line(3, 0)]), [(Some(0), "no_quantity")]);
    assert_eq!(
        quote(&[line(3, 1), line(3, 1_000)]),
        [(Some(1), "too_many")]
    );
    let mut deep = want(1, 4, 1);
    for _ in 0..DEPTH_MAX {
        let mut outer = want(1, 4, 1);
        outer.choices = vec![deep];
        deep = outer;
    }
    let mut dish = line(1, 1);
    dish.choices = vec![deep];
    assert_eq!(quote(&[dish]), [(None, "too_many")]);
    let mut wide = line(1, 1);
    wide.choices = vec![want(1, 4, 1); CHOICES_MAX + 1];
    assert_eq!(quote(&[wide]), [(None, "too_many")]);
}

#[test]
fn items_are_sold_alone_in_their_way_and_at_their_time() {
    let mut known = known();
    assert_eq!(
        codes(&known.quote(&[line(99, 1)])),
        [(Some(0), "unknown_item")]
    );
    // It stands in no category.
    assert_eq!(codes(&known.quote(&[line(4, 1)])), [(Some(0), "not_alone")]);
    known.menu.items[1].alone = false;
    assert_eq!(codes(&known.quote(&[line(2, 1)])), [(Some(0), "not_alone")]);
    known.menu.items[1].alone = true;
    known.menu.items[1].sold.services = BTreeSet::from([Service::Delivery]);
    let quote = known.quote(&[line(2, 1), line(3, 1)]);
    assert_eq!(codes(&quote), [(Some(0), "not_in_service")]);
    // It is shown what it costs all the same.
    assert_eq!(quote.totals.items.minor(), 1089);
    known.menu.items[1].sold = Sold::default();
    known.menu.categories[0].sold.channels = BTreeSet::from(["kiosk".parse().unwrap()]);
    assert_eq!(
        codes(&known.quote(&[line(2, 1)])),
        [(Some(0), "not_in_service")]
    );
    known.menu.categories[0].sold = Sold::default();
    known.menu.categories[0].daypart = Some(key("lunch"));
    assert_eq!(codes(&known.quote(&[line(2, 1)])), []);
    known.at = Time::from_micros(NOON.as_micros() + 3 * HOUR_MICROS);
    assert_eq!(codes(&known.quote(&[line(2, 1)])), [(Some(0), "not_now")]);
}

#[test]
fn what_has_run_out_is_refused_and_what_is_counted_is_counted_over_all_lines() {
    let mut known = known();
    let off = |left| Off {
        left,
        ..Off::default()
    };
    known.availability.off = BTreeMap::from([(item_id(2), off(None)), (item_id(5), off(Some(3)))]);
    assert_eq!(codes(&known.quote(&[line(2, 1)])), [(Some(0), "sold_out")]);
    let dish = |quantity| WantedLine {
        choices: vec![want(1, 5, 1)],
        ..line(1, quantity)
    };
    assert_eq!(codes(&known.quote(&[dish(2), dish(1)])), []);
    assert_eq!(
        codes(&known.quote(&[dish(2), dish(2)])),
        [(Some(0), "sold_out"), (Some(1), "sold_out")]
    );
    // An option that is off altogether is told once, with the choice.
    known.availability.off = BTreeMap::from([(item_id(5), off(None))]);
    assert_eq!(
        codes(&known.quote(&[dish(1)])),
        [(Some(0), "options_unmet")]
    );
}

#[test]
fn options_must_be_as_the_menu_allows() {
    let mut known = known();
    known.menu.groups[0].min = 2;
    let mut dish = line(1, 1);
    assert_eq!(
        codes(&known.quote(&[dish.clone()])),
        [(Some(0), "options_unmet")]
    );
    dish.choices = vec![want(1, 4, 2), want(9, 4, 1)];
    assert_eq!(
        codes(&known.quote(&[dish.clone()])),
        [(Some(0), "options_unmet")]
    );
    dish.choices.pop();
    assert_eq!(codes(&known.quote(&[dish])), []);
}

#[test]
fn deliveries_go_to_zones_and_cost_their_minimum() {
    let mut known = known();
    known.service = Service::Delivery;
    let quote = known.quote(&[line(2, 1)]);
    assert_eq!(codes(&quote), [(None, "below_minimum")]);
    let words = quote.refusals[0].reason.to_string();
    assert_eq!(words, "The least order is 10.00 EUR; 2.01 EUR is missing.");
    known.position = Some(Position::new(48_308_000, 16_373_000).unwrap());
    assert_eq!(
        codes(&known.quote(&[line(1, 1)])),
        [(None, "outside_zones")]
    );
    known.position = None;
    assert_eq!(
        codes(&known.quote(&[line(1, 1)])),
        [(None, "position_missing")]
    );
    known.service = Service::Pickup;
    assert_eq!(codes(&known.quote(&[line(2, 1)])), []);
}

#[test]
fn a_restaurant_that_is_closed_paused_or_never_does_it_takes_no_orders() {
    let mut known = known();
    let quote = |known: &Known| known.quote(&[line(1, 1)]);
    known.at = Time::from_micros(NOON.as_micros() + 11 * HOUR_MICROS);
    assert_eq!(codes(&quote(&known)), [(None, "closed")]);
    known.at = NOON;
    let held = |halt| Held {
        about: About::default(),
        halt,
        reason: Because::TooMuch,
        note: Some("A party of sixty".parse().unwrap()),
        until: Time::from_micros(NOON.as_micros() + HOUR_MICROS),
    };
    let standing = known.venue.standing.with(held(Halt::Busy(15)), NOON);
    known.venue.standing = standing.unwrap();
    assert_eq!(codes(&quote(&known)), []);
    assert_eq!(quote(&known).notes, [Note::Busy { minutes: 15 }]);
    let standing = known.venue.standing.with(held(Halt::Paused), NOON);
    known.venue.standing = standing.unwrap();
    let refused = quote(&known);
    assert_eq!(codes(&refused), [(None, "paused")]);
    let words = refused.refusals[0].reason.to_string();
    assert!(words.ends_with("A party of sixty"), "{words}");
    // An order for the time after the pause is taken.
    known.at = Time::from_micros(NOON.as_micros() + HOUR_MICROS);
    assert_eq!(codes(&quote(&known)), []);
    known.at = Time::from_micros(NOON.as_micros() - 1);
    assert_eq!(codes(&quote(&known))[1..], [(None, "time_refused")]);
    known.at = Time::from_micros(i64::MAX);
    assert_eq!(codes(&quote(&known))[1..], [(None, "time_refused")]);
    known.at = Time::from_micros(NOON.as_micros() + HOUR_MICROS);
    known.venue.hours.weeks.remove(&Service::Pickup);
    assert_eq!(codes(&quote(&known)), [(None, "not_offered")]);
}

#[test]
fn an_age_is_a_note_and_refuses_nothing() {
    let mut known = known();
    known.menu.items[2].age_min = Some(16);
    known.menu.items[5].age_min = Some(18);
    let dish = WantedLine {
        choices: vec![want(1, 6, 1)],
        ..line(1, 1)
    };
    let quote = known.quote(&[line(3, 1), dish]);
    assert_eq!(codes(&quote), []);
    let ages: Vec<(Option<usize>, String)> = (quote.notes.iter())
        .map(|note| (note.line(), note.to_string()))
        .collect();
    assert_eq!(ages[0].0, Some(0));
    assert_eq!(
        ages[1],
        (Some(1), "Only for people of 18 years and more.".to_owned())
    );
}

#[test]
fn amounts_that_do_not_fit_are_refused() {
    let mut known = known();
    known.menu.items[1].price = Prices::flat(i64::MAX);
    assert_eq!(codes(&known.quote(&[line(2, 2)])), [(Some(0), "too_much")]);
    let quote = known.quote(&[line(2, 1), line(2, 1)]);
    assert_eq!(codes(&quote), [(None, "too_much")]);
    assert_eq!(quote.totals.total.minor(), 0);
    known.menu.items[1].price = Prices::flat(-1);
    assert_eq!(codes(&known.quote(&[line(2, 1)])), [(Some(0), "too_much")]);
}
