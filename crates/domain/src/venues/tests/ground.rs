//! Positions, distances, zones.

use proptest::prelude::*;

use super::*;
use crate::organisations::Name;

/// On a Monday.
fn noon() -> Local {
    local("2026-05-04", 720)
}

/// What calendar and clock show.
fn local(date: &str, minutes: u16) -> Local {
    Local {
        date: date.parse().unwrap(),
        time: TimeOfDay::from_minutes(minutes).unwrap(),
    }
}

fn place(lat: f64, lng: f64) -> Position {
    Position::of_degrees(lat, lng).unwrap()
}

fn a_zone(name: &str, shape: Shape) -> Zone {
    Zone {
        name: Name::parse(name).unwrap(),
        shape,
        fee_minor: 250,
        minimum_minor: 0,
        free_from_minor: None,
        minutes: 30,
        times: Week::default(),
    }
}

/// The name of the first zone that a place is in.
fn found(zones: &Zones, place: Position) -> Option<&str> {
    let found = zones.at(Some(self::place(40.85, 14.26)), place, noon());
    found.map(|zone| zone.name.as_str())
}

#[test]
fn distances_are_those_of_the_globe() {
    for (from, to, metres) in [
        ((41.902_8, 12.496_4), (45.464_2, 9.19), 476_500..=477_500),
        ((0.0, 0.0), (0.0, 0.0), 0..=0),
        ((0.0, 0.0), (0.0, 1.0), 111_190..=111_200),
        ((0.0, 179.9), (0.0, -179.9), 22_230..=22_250),
        ((90.0, 0.0), (-90.0, 0.0), 20_015_000..=20_015_200),
        ((52.0, 13.0), (52.000_001, 13.0), 0..=1),
    ] {
        let got = place(from.0, from.1).metres_to(place(to.0, to.1));
        assert!(metres.contains(&got), "{from:?} {to:?} {got}");
    }
    for (lat, lng) in [
        (90.1, 0.0),
        (0.0, 180.1),
        (f64::NAN, 0.0),
        (0.0, f64::INFINITY),
    ] {
        assert_eq!(Position::of_degrees(lat, lng), Err(Refusal::NoPosition));
    }
    assert_eq!(place(40.851_799_4, -14.268_119_6).lat(), 40_851_799);
    assert_eq!(place(40.851_799_4, -14.268_119_6).lng(), -14_268_120);
}

#[test]
fn the_first_zone_that_fits_counts() {
    // A form like the letter U, open to the north.
    let letter = [
        (0.0, 0.0),
        (0.0, 3.0),
        (3.0, 3.0),
        (3.0, 2.0),
        (1.0, 2.0),
        (1.0, 1.0),
        (3.0, 1.0),
        (3.0, 0.0),
    ];
    let corners = letter.map(|(lat, lng)| place(40.0 + lat / 10.0, 14.0 + lng / 10.0));
    let zones = Zones::new(vec![
        a_zone("near", Shape::Radius(1_000)),
        a_zone("letter", Shape::Polygon(corners.to_vec())),
        a_zone("far", Shape::Radius(30_000)),
    ])
    .unwrap();
    for (lat, lng, name) in [
        (40.855, 14.26, Some("near")),
        (40.05, 14.15, Some("letter")),
        (40.2, 14.05, Some("letter")),
        (40.2, 14.15, None),
        (40.65, 14.15, Some("far")),
        (40.05, 13.99, None),
        (40.05, 14.31, None),
    ] {
        assert_eq!(found(&zones, place(lat, lng)), name, "{lat} {lng}");
    }
    // Nobody knows where the restaurant is: a radius has nothing in it.
    assert!(zones.at(None, place(40.855, 14.26), noon()).is_none());
    assert!(zones.at(None, place(40.05, 14.15), noon()).is_some());
}

#[test]
fn zones_that_are_there_at_times_count_then() {
    let on = |days: &[Weekday], from, to| Weekly {
        days: days.iter().copied().collect(),
        from: local("2026-05-04", from).time,
        to: local("2026-05-04", to).time,
    };
    // In the night of Friday and of Saturday, until two; all of Monday; from Wednesday evening for a day.
    let mut night = a_zone("night", Shape::Radius(1_000));
    let days = [Weekday::Friday, Weekday::Saturday];
    night.times = Week::new(vec![on(&days, 22 * 60, 2 * 60)]).unwrap();
    let mut monday = a_zone("monday", Shape::Radius(2_000));
    monday.times = Week::new(vec![
        on(&[Weekday::Monday], 0, 0),
        on(&[Weekday::Wednesday], 18 * 60, 18 * 60),
    ])
    .unwrap();
    let always = a_zone("always", Shape::Radius(1_500));
    let zones = Zones::new(vec![night, monday, always]).unwrap();
    let here = place(40.85, 14.26);
    let at = |place, date, minutes| {
        let found = zones.at(Some(here), place, local(date, minutes));
        found.map(|zone| zone.name.as_str())
    };
    let (mon, tue, wed, thu) = ("2026-05-04", "2026-05-05", "2026-05-06", "2026-05-07");
    let (fri, sat, sun) = ("2026-05-08", "2026-05-09", "2026-05-10");
    for (date, minutes, name) in [
        (fri, 22 * 60 - 1, "always"),
        (fri, 22 * 60, "night"),
        (sat, 60, "night"),
        (sat, 2 * 60, "always"),
        (sun, 60, "night"),
        (mon, 60, "monday"),
        (tue, 0, "always"),
        (wed, 18 * 60 - 1, "always"),
        (wed, 18 * 60, "monday"),
        (thu, 18 * 60 - 1, "monday"),
        (thu, 18 * 60, "always"),
    ] {
        assert_eq!(at(here, date, minutes), Some(name), "{date} {minutes}");
    }
    // Between one and a half and two kilometres nobody is brought anything but then.
    let far = place(40.865, 14.26);
    assert_eq!(at(far, mon, 1_439), Some("monday"));
    assert_eq!(at(far, tue, 1), None);
}

#[test]
fn zones_that_nobody_could_deliver_to_are_none() {
    let near = [place(40.0, 14.0), place(40.1, 14.0), place(40.0, 14.1)];
    let far = [place(40.0, 14.0), place(40.1, 14.0), place(44.0, 14.1)];
    let many = vec![near[0]; CORNERS_MAX + 1];
    for shape in [
        Shape::Radius(0),
        Shape::Radius(RADIUS_METRES_MAX + 1),
        Shape::Polygon(near[..2].to_vec()),
        Shape::Polygon(far.to_vec()),
        Shape::Polygon(many),
    ] {
        let zones = Zones::new(vec![a_zone("none", shape.clone())]);
        assert_eq!(zones, Err(Refusal::NoArea), "{shape:?}");
    }
    let mut dear = a_zone("dear", Shape::Radius(5));
    dear.fee_minor = -1;
    assert_eq!(Zones::new(vec![dear]), Err(Refusal::OutOfRange));
    let small = || a_zone("small", Shape::Radius(5));
    assert!(Zones::new((0..ZONES_MAX).map(|_| small()).collect()).is_ok());
    let many = Zones::new((0..=ZONES_MAX).map(|_| small()).collect());
    assert_eq!(many, Err(Refusal::TooMany("zones", ZONES_MAX)));
    let wide = || {
        a_zone(
            "wide",
            Shape::Polygon([near[0], near[1], near[2]].repeat(66)),
        )
    };
    let many = Zones::new((0..11).map(|_| wide()).collect());
    assert_eq!(
        many,
        Err(Refusal::TooMany("corners of all zones", ALL_CORNERS_MAX))
    );
}

/// Whether a place is in a rectangle that is this far around another place.
fn is_in_box((lat, lng): (i32, i32), (up, right): (i32, i32), from: (i32, i32)) -> bool {
    let east = |lng: i32| {
        let wrapped = (i64::from(lng) + 540_000_000).rem_euclid(360_000_000) - 180_000_000;
        i32::try_from(wrapped).unwrap()
    };
    let corner = |n: i32, e: i32| Position::new(from.0 + n, east(from.1 + e)).unwrap();
    let corners = vec![
        corner(-up, -right),
        corner(-up, right),
        corner(up, right),
        corner(up, -right),
    ];
    let zones = Zones::new(vec![a_zone("box", Shape::Polygon(corners))]).unwrap();
    let place = Position::new(from.0 + lat, east(from.1 + lng)).unwrap();
    zones.at(None, place, noon()).is_some()
}

proptest! {
    /// A box has in it what lies between its sides, also over the date line.
    #[test]
    fn a_box_holds_what_is_between_its_sides(
        lat in -900_000..900_000_i32, lng in -900_000..900_000_i32,
        up in 1..800_000_i32, right in 1..800_000_i32, from in prop_oneof![Just(0), Just(180_000_000), Just(-179_999_000)],
    ) {
        // On the border itself either answer is right.
        prop_assume!(lat.abs() != up && lng.abs() != right);
        let inside = lat.abs() < up && lng.abs() < right;
        prop_assert_eq!(is_in_box((lat, lng), (up, right), (40_000_000, from)), inside);
    }

    #[test]
    fn ways_are_as_long_back_and_no_detour_is_shorter(
        a in any_place(), b in any_place(), c in any_place(),
    ) {
        prop_assert_eq!(a.metres_to(b), b.metres_to(a));
        prop_assert!(a.metres_to(c) <= a.metres_to(b) + b.metres_to(c) + 2);
        prop_assert!(a.metres_to(b) <= 20_015_200);
    }

    #[test]
    fn what_is_written_reads_back(a in any_place()) {
        let (lat, lng) = a.degrees();
        prop_assert_eq!(Position::of_degrees(lat, lng), Ok(a));
    }
}

fn any_place() -> impl Strategy<Value = Position> {
    (-90_000_000..=90_000_000, -180_000_000..=180_000_000)
        .prop_map(|(lat, lng)| Position::new(lat, lng).unwrap())
}
