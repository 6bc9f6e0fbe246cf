//! Whether a restaurant serves, and when that changes.

use proptest::prelude::*;

use super::super::date::Wall;
use super::*;
use carte::Channel;

const ROME: &str = "Europe/Rome";

/// What is said of pickup at a moment: whether it is open, why, and when that changes.
fn pickup(venue: &Venue, name: &str, now: &str) -> (bool, &'static str, Option<Time>) {
    let said = open_at(venue, zone(name), Service::Pickup, at(now));
    (said.open, said.why.name(), said.changes_at)
}

#[test]
fn every_zone_that_can_be_named_has_a_clock() {
    for name in TimeZone::names() {
        assert!(jiff::tz::TimeZone::get(name).is_ok(), "{name}");
    }
}

#[test]
fn spans_over_midnight_touch_and_overlap() {
    use Weekday::{Friday, Monday, Saturday};
    // Monday 09:00-12:00 and 12:00-15:00 touch; Friday night goes into Saturday, which begins before it ends.
    let venue = picking_up(vec![
        weekly(&[Monday], "09:00", "12:00"),
        weekly(&[Monday], "12:00", "15:00"),
        weekly(&[Friday], "18:00", "02:00"),
        weekly(&[Saturday], "01:00", "04:00"),
        weekly(&[Saturday], "22:00", "24:00"),
    ]);
    for (now, open, changes_at) in [
        ("2026-05-04T08:59:59Z", false, "2026-05-04T09:00:00Z"),
        ("2026-05-04T09:00:00Z", true, "2026-05-04T15:00:00Z"),
        ("2026-05-04T12:00:00Z", true, "2026-05-04T15:00:00Z"),
        ("2026-05-04T15:00:00Z", false, "2026-05-08T18:00:00Z"),
        ("2026-05-08T20:00:00Z", true, "2026-05-09T04:00:00Z"),
        ("2026-05-09T03:00:00Z", true, "2026-05-09T04:00:00Z"),
        ("2026-05-09T23:59:59Z", true, "2026-05-10T00:00:00Z"),
        ("2026-05-10T00:00:00Z", false, "2026-05-11T09:00:00Z"),
    ] {
        let why = if open { "open" } else { "closed" };
        assert_eq!(
            pickup(&venue, "UTC", now),
            (open, why, Some(at(changes_at))),
            "{now}"
        );
    }
}

#[test]
fn what_never_changes_has_no_moment_of_change() {
    let always = picking_up(vec![weekly(Weekday::ALL, "00:00", "24:00")]);
    assert_eq!(
        pickup(&always, ROME, "2026-03-20T10:00:00Z"),
        (true, "open", None)
    );
    let round = picking_up(vec![weekly(Weekday::ALL, "06:00", "06:00")]);
    assert_eq!(
        pickup(&round, ROME, "2026-03-20T10:00:00Z"),
        (true, "open", None)
    );
    let said = open_at(
        &always,
        zone(ROME),
        Service::Delivery,
        at("2026-03-20T10:00:00Z"),
    );
    assert_eq!(
        (said.open, said.why, said.changes_at),
        (false, Why::Never, None)
    );
    let nobody = Venue::default();
    assert_eq!(
        pickup(&nobody, ROME, "2026-03-20T10:00:00Z"),
        (false, "not_offered", None)
    );
}

#[test]
fn the_clock_that_is_changed_is_followed() {
    let nights = picking_up(vec![weekly(Weekday::ALL, "22:00", "02:30")]);
    // Spring: 02:30 is skipped, and counts as the moment of skipping. Autumn: the first 02:30 counts.
    for (now, open, changes_at) in [
        ("2026-03-28T22:00:00Z", true, "2026-03-29T01:00:00Z"),
        ("2026-03-29T01:00:00Z", false, "2026-03-29T20:00:00Z"),
        ("2026-10-24T21:00:00Z", true, "2026-10-25T00:30:00Z"),
        ("2026-10-25T00:30:00Z", false, "2026-10-25T21:00:00Z"),
        ("2026-10-25T01:15:00Z", false, "2026-10-25T21:00:00Z"),
    ] {
        let (is, _, changes) = pickup(&nights, ROME, now);
        assert_eq!((is, changes), (open, Some(at(changes_at))), "{now}");
    }
    // A span that the clock skips whole is not served at all; what is left of one is.
    let small = picking_up(vec![
        weekly(&[Weekday::Sunday], "02:10", "02:40"),
        weekly(&[Weekday::Sunday], "02:50", "03:10"),
    ]);
    for (now, open, changes_at) in [
        ("2026-03-29T00:59:59Z", false, "2026-03-29T01:00:00Z"),
        ("2026-03-29T01:00:00Z", true, "2026-03-29T01:10:00Z"),
        ("2026-03-29T01:10:00Z", false, "2026-04-05T00:10:00Z"),
    ] {
        let (is, _, changes) = pickup(&small, ROME, now);
        assert_eq!((is, changes), (open, Some(at(changes_at))), "{now}");
    }
    // Lord Howe Island is put forward by half an hour, at two.
    let wall = Wall::of(zone("Australia/Lord_Howe"));
    let skipped = wall.when(day("2026-10-04"), time("02:15"));
    assert_eq!(skipped, at("2026-10-03T15:30:00Z"));
    assert_eq!(wall.when(day("2026-10-04"), time("02:30")), skipped);
}

#[test]
fn special_days_stand_in_place_of_the_week() {
    let week = picking_up(vec![weekly(Weekday::ALL, "18:00", "01:00")]);
    let mut own = special("2026-12-26", vec![span("12:00", "14:00")]);
    own.service = Some(Service::Pickup);
    let venue = except(
        week,
        vec![
            special("2026-12-25", vec![]),
            special("2026-12-26", vec![]),
            own,
        ],
    );
    for (now, open, changes_at) in [
        // What began on the evening before goes on.
        ("2026-12-25T00:30:00Z", true, "2026-12-25T01:00:00Z"),
        ("2026-12-25T01:00:00Z", false, "2026-12-26T12:00:00Z"),
        ("2026-12-26T12:00:00Z", true, "2026-12-26T14:00:00Z"),
        ("2026-12-26T20:00:00Z", false, "2026-12-27T18:00:00Z"),
    ] {
        let (is, _, changes) = pickup(&venue, "UTC", now);
        assert_eq!((is, changes), (open, Some(at(changes_at))), "{now}");
    }
    // A special day for all opens no service that is never offered.
    let party = except(
        venue,
        vec![special("2026-12-31", vec![span("10:00", "20:00")])],
    );
    let said = open_at(
        &party,
        zone("UTC"),
        Service::DineIn,
        at("2026-12-31T12:00:00Z"),
    );
    assert_eq!(said.why, Why::Never);
    let (is, _, _) = pickup(&party, "UTC", "2026-12-31T12:00:00Z");
    assert!(is);
    // After two months of holidays nothing is said.
    let days = (0..70).map(|more| {
        let mut closed = special("2027-01-01", vec![]);
        closed.date = closed.date.plus(more);
        closed
    });
    let closed = except(party, days.collect());
    assert_eq!(
        pickup(&closed, "UTC", "2027-01-01T12:00:00Z"),
        (false, "closed", None)
    );
}

#[test]
fn a_day_of_business_ends_after_midnight() {
    let mut venue = picking_up(vec![]);
    venue.hours.day_starts = time("05:00");
    for (now, business, next) in [
        ("2026-05-04T02:59:59Z", "2026-05-03", "2026-05-04T03:00:00Z"),
        ("2026-05-04T03:00:00Z", "2026-05-04", "2026-05-05T03:00:00Z"),
        ("2026-10-24T22:00:00Z", "2026-10-24", "2026-10-25T04:00:00Z"),
    ] {
        let rome = zone(ROME);
        assert_eq!(business_day(&venue, rome, at(now)), day(business), "{now}");
        assert_eq!(next_business_day(&venue, rome, at(now)), at(next), "{now}");
    }
    let clock = menu_clock(&venue, zone(ROME), at("2026-05-04T00:30:00Z"));
    assert_eq!((clock.day, clock.time), (Weekday::Sunday, time("02:30")));
    assert_eq!(
        local(zone(ROME), at("2026-05-04T00:30:00Z")).date,
        day("2026-05-04")
    );
}

#[test]
fn dates_are_read_strictly() {
    for good in ["2000-01-01", "2026-02-28", "2028-02-29", "2199-12-31"] {
        assert_eq!(
            good.parse::<Date>().map(|day| day.to_string()),
            Ok(good.to_owned())
        );
    }
    for bad in [
        "",
        "2026-02-29",
        "1999-12-31",
        "2200-01-01",
        "2026-1-01",
        "2026-01-01-",
        "+026-01-01",
        "2026-13-01",
    ] {
        assert_eq!(bad.parse::<Date>(), Err(DateError), "{bad}");
    }
}

#[test]
fn pauses_and_busy_times_lie_over_the_hours() {
    let now = at("2026-05-04T12:00:00Z");
    let hours = picking_up(vec![weekly(Weekday::ALL, "10:00", "14:00")]);
    let held = |halt, until: &str, channel: Option<&str>| Held {
        about: About {
            service: None,
            channel: channel.map(|name| name.parse().unwrap()),
        },
        halt,
        reason: Reason::Staff,
        note: None,
        until: at(until),
    };
    let with = |held: Held| Venue {
        standing: Standing::default().with(held, now).unwrap(),
        ..hours.clone()
    };
    let until = "2026-05-04T13:00:00Z";
    let busy = with(held(Halt::Busy(20), until, None));
    let said = open_at(&busy, zone("UTC"), Service::Pickup, now);
    assert_eq!(
        said.why,
        Why::Busy {
            minutes: 20,
            until: at(until)
        }
    );
    assert_eq!(said.changes_at, Some(at("2026-05-04T14:00:00Z")));
    let paused = with(held(Halt::Paused, until, None));
    assert_eq!(
        pickup(&paused, "UTC", "2026-05-04T12:00:00Z"),
        (false, "paused", Some(at(until)))
    );
    assert_eq!(
        pickup(&paused, "UTC", until),
        (true, "open", Some(at("2026-05-04T14:00:00Z")))
    );
    // A pause beyond the end of the day ends with the next opening.
    let long = with(held(Halt::Paused, "2026-05-04T20:00:00Z", None));
    let next = Some(at("2026-05-05T10:00:00Z"));
    assert_eq!(
        pickup(&long, "UTC", "2026-05-04T12:00:00Z"),
        (false, "paused", next)
    );
    assert_eq!(
        pickup(&long, "UTC", "2026-05-04T15:00:00Z"),
        (false, "closed", next)
    );
    // One channel is paused; the others are not, and nobody in particular is not.
    let one = with(held(Halt::Paused, until, Some("marketplace")));
    assert!(pickup(&one, "UTC", "2026-05-04T12:00:00Z").0);
    for (name, open) in [("marketplace", false), ("direct", true)] {
        let channel: Channel = name.parse().unwrap();
        let said = open_on(&one, zone("UTC"), (Service::Pickup, &channel), now);
        assert_eq!(said.open, open, "{name}");
    }
}

fn any_time() -> impl Strategy<Value = TimeOfDay> {
    (0_u16..1_440).prop_map(|minutes| TimeOfDay::from_minutes(minutes).unwrap())
}

fn any_week() -> impl Strategy<Value = Vec<Weekly>> {
    let days = proptest::sample::subsequence(Weekday::ALL.to_vec(), 1..=7);
    let weekly = (days, any_time(), any_time()).prop_map(|(days, from, to)| Weekly {
        days: days.into_iter().collect(),
        from,
        to,
    });
    proptest::collection::vec(weekly, 1..6)
}

fn any_exceptions() -> impl Strategy<Value = Vec<Exception>> {
    let span = (any_time(), any_time()).prop_map(|(from, to)| Span { from, to });
    let spans = proptest::collection::vec(span, 0..3);
    let exception = (0..40_i32, spans).prop_map(|(day, spans)| {
        let mut exception = special("2026-03-20", spans);
        exception.date = exception.date.plus(day);
        exception
    });
    proptest::collection::vec(exception, 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Until the moment of change nothing changes, and then it does; in any zone, over the change of clocks.
    #[test]
    fn nothing_changes_before_it_is_said_to(
        week in any_week(), exceptions in any_exceptions(), minutes in 0..57_600_i64,
        zone_at in 0..500_usize,
    ) {
        let venue = except(picking_up(week), exceptions);
        let names = TimeZone::names();
        let zone = zone(names[zone_at % names.len()]);
        let first = at("2026-03-20T00:00:00Z").as_micros();
        let now = Time::from_micros(first + minutes * 60_000_000);
        let open = |now| open_at(&venue, zone, Service::Pickup, now);
        let said = open(now);
        if let Some(changes_at) = said.changes_at {
            prop_assert!(changes_at > now);
            prop_assert_eq!(open(changes_at).open, !said.open);
            let before = Time::from_micros(changes_at.as_micros() - 1);
            prop_assert_eq!(open(before).open, said.open);
            for part in 1..8 {
                let way = (changes_at.as_micros() - now.as_micros()) / 8 * part;
                let between = open(Time::from_micros(now.as_micros() + way));
                prop_assert_eq!((between.open, between.changes_at), (said.open, said.changes_at));
            }
        }
    }

    /// Where no clock is ever changed, it is open just when the clock shows a time of one of the spans.
    #[test]
    fn it_is_open_when_the_clock_says_so(
        week in any_week(), exceptions in any_exceptions(), minutes in 0..57_600_i64,
    ) {
        let venue = except(picking_up(week), exceptions);
        let first = at("2026-03-20T00:00:00Z").as_micros();
        let now = Time::from_micros(first + minutes * 60_000_000);
        let shown = local(zone("UTC"), now);
        let spans = |date: Date| -> Vec<Span> {
            match venue.exceptions.of(date, Service::Pickup) {
                Some(exception) => exception.spans.clone(),
                None => venue.hours.weeks[&Service::Pickup].on(date.weekday()).collect(),
            }
        };
        let today = spans(shown.date).into_iter().any(|span| {
            span.from <= shown.time && (shown.time < span.to || span.is_over_midnight())
        });
        let yesterday = spans(shown.date.plus(-1)).into_iter()
            .any(|span| span.is_over_midnight() && shown.time < span.to);
        let said = open_at(&venue, zone("UTC"), Service::Pickup, now);
        prop_assert_eq!(said.open, today || yesterday);
    }

    /// Whatever moment and zone: no panic, and the clock goes forward.
    #[test]
    fn no_moment_is_too_early_or_too_late(micros: i64, zone_at in 0..500_usize) {
        let names = TimeZone::names();
        let zone = zone(names[zone_at % names.len()]);
        let venue = picking_up(vec![weekly(Weekday::ALL, "22:00", "03:00")]);
        let now = Time::from_micros(micros);
        let _ = open_at(&venue, zone, Service::Pickup, now);
        let _ = next_business_day(&venue, zone, now);
        let _ = menu_clock(&venue, zone, now);
    }
}
