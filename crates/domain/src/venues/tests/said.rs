//! What is said of venues, and what follows from it.

use base::Uid;
use proptest::prelude::*;

use super::*;
use crate::organisations::RestaurantId;

fn held(service: Option<Service>, halt: Halt, minutes: u64, now: Time) -> Held {
    let until = now.plus(std::time::Duration::from_secs(60 * minutes));
    Held {
        about: About {
            service,
            channel: None,
        },
        halt,
        reason: Reason::Staff,
        note: None,
        until: until.unwrap(),
    }
}

#[test]
fn the_stream_of_a_venue_leads_back_to_its_restaurant() {
    let restaurant = RestaurantId::from(Uid::from_bytes(*b"0123456789abcdef"));
    let stream = stream(restaurant);
    assert_ne!(stream, restaurant.uid());
    assert_eq!(stream.organisation(), restaurant.organisation());
    assert_eq!(super::super::restaurant(stream), restaurant);
}

#[test]
fn whoever_has_not_seen_a_part_changes_nothing_of_it() {
    let venue = Venue::default();
    let profile = |phone: &str| {
        PartSaid::Profile(Profile {
            phone: Some(phone.parse().unwrap()),
            ..Profile::default()
        })
    };
    let one = profile("+390811234567");
    assert_eq!(
        venue.change(one.clone(), 1),
        Err(Refusal::Changed { now: 0 })
    );
    let said = venue.change(one.clone(), 0).unwrap().unwrap();
    assert_eq!(said.kind(), "venue.changed");
    let venue = venue.after(&said).unwrap();
    assert_eq!(
        (venue.version, venue.versions.profile, venue.versions.hours),
        (1, 1, 0)
    );
    assert_eq!(venue.change(one, 1), Ok(None));
    let hours = venue.change(
        PartSaid::Hours(picking_up(vec![weekly(Weekday::ALL, "10:00", "11:00")]).hours),
        0,
    );
    let venue = venue.after(&hours.unwrap().unwrap()).unwrap();
    assert_eq!(
        (venue.version, venue.versions.profile, venue.versions.hours),
        (2, 1, 2)
    );
    assert!(venue.change(profile("+390811234568"), 1).unwrap().is_some());
}

#[test]
fn what_is_out_of_range_is_refused() {
    let now = at("2026-05-04T12:00:00Z");
    let venue = Venue::default();
    for (halt, minutes) in [
        (Halt::Paused, 0),
        (Halt::Paused, 121 * 24 * 60),
        (Halt::Busy(10), 24 * 60 + 1),
        (Halt::Busy(0), 10),
        (Halt::Busy(LONGER_MINUTES_MAX + 1), 10),
    ] {
        let said = venue.hold(held(None, halt, minutes, now), now);
        assert_eq!(said, Err(Refusal::OutOfRange), "{halt:?} {minutes}");
    }
    assert_eq!(
        Week::new(vec![weekly(&[], "10:00", "11:00")]),
        Err(Refusal::NoDay)
    );
    assert_eq!(
        Week::new(vec![weekly(Weekday::ALL, "24:00", "11:00")]),
        Err(Refusal::OutOfRange)
    );
    let many = vec![weekly(Weekday::ALL, "10:00", "11:00"); WEEK_SPANS_MAX + 1];
    assert!(matches!(Week::new(many), Err(Refusal::TooMany(..))));
    let days = (0..=400).map(|more| {
        let mut day = special("2026-01-01", vec![]);
        day.date = day.date.plus(more);
        day
    });
    let edit = ExceptionsEdit {
        put: days.collect(),
        remove: vec![],
    };
    assert_eq!(
        Exceptions::default().edited(&edit),
        Err(Refusal::TooMany("exceptions", EXCEPTIONS_MAX))
    );
    let fees = Fees {
        tax: None,
        rounding: Rounding::Total,
        services: BTreeMap::from([(
            Service::Pickup,
            ServiceFees {
                service_millionths: SERVICE_MILLIONTHS_MAX + 1,
                ..ServiceFees::default()
            },
        )]),
    };
    assert_eq!(fees.checked(), Err(Refusal::OutOfRange));
}

#[test]
fn what_is_opened_by_hand_is_not_opened_again_by_time() {
    let now = at("2026-05-04T12:00:00Z");
    let later = at("2026-05-04T12:30:00Z");
    let venue = Venue::default();
    let said = venue
        .hold(held(None, Halt::Paused, 30, now), now)
        .unwrap()
        .unwrap();
    let paused = venue.after(&said).unwrap();
    assert_eq!(
        paused.hold(held(None, Halt::Paused, 30, now), now),
        Ok(None)
    );
    assert_eq!(paused.standing.ends_at(now), Some(later));
    // Opening delivery alone leaves a pause of everything.
    let delivery = About {
        service: Some(Service::Delivery),
        channel: None,
    };
    assert_eq!(paused.open(delivery, now), None);
    let mut one = held(None, Halt::Paused, 30, now);
    one.about.channel = Some("marketplace".parse().unwrap());
    let channel = |name: &str| About {
        service: None,
        channel: Some(name.parse().unwrap()),
    };
    let held = Standing::default().with(one, now).unwrap();
    assert_eq!(held.without(&channel("direct"), now), held);
    assert!(held.without(&channel("marketplace"), now).all().is_empty());
    let said = paused.open(About::default(), now).unwrap();
    assert_eq!(said.kind(), "venue.opened");
    let open = paused.after(&said).unwrap();
    assert_eq!(open.end(later), None);
    assert_eq!(paused.end(now), None);
    let ended = paused.after(&paused.end(later).unwrap()).unwrap();
    assert!(ended.standing.all().is_empty());
}

#[derive(Clone, Debug)]
enum Act {
    Profile(u8),
    Hours(u8),
    Exception(i32, bool),
    Pause(Option<Service>, u64),
    Busy(u16, u64),
    Open(Option<Service>),
    End,
}

fn any_act() -> impl Strategy<Value = Act> {
    let service =
        || proptest::option::of(prop_oneof![Just(Service::Pickup), Just(Service::Delivery)]);
    prop_oneof![
        (0..3_u8).prop_map(Act::Profile),
        (0..3_u8).prop_map(Act::Hours),
        (0..4_i32, any::<bool>()).prop_map(|(day, put)| Act::Exception(day, put)),
        (service(), 1..90_u64).prop_map(|(service, minutes)| Act::Pause(service, minutes)),
        (1..200_u16, 1..90_u64).prop_map(|(longer, minutes)| Act::Busy(longer, minutes)),
        service().prop_map(Act::Open),
        Just(Act::End),
    ]
}

/// What is decided upon an act by somebody who has seen everything.
fn decide(venue: &Venue, act: &Act, now: Time) -> Option<Said> {
    let seen = venue.versions;
    match act {
        Act::Profile(number) => {
            let cuisines = vec![format!("kind-{number}").parse().unwrap()];
            let profile = Profile {
                cuisines,
                ..Profile::default()
            };
            venue
                .change(PartSaid::Profile(profile), seen.profile)
                .unwrap()
        }
        Act::Hours(number) => {
            let hours = picking_up(vec![weekly(
                Weekday::ALL,
                &format!("1{number}:00"),
                "20:00",
            )])
            .hours;
            venue.change(PartSaid::Hours(hours), seen.hours).unwrap()
        }
        Act::Exception(more, is_put) => {
            let mut one = special("2026-05-04", vec![]);
            one.date = one.date.plus(*more);
            let edit = match is_put {
                true => ExceptionsEdit {
                    put: vec![one],
                    remove: vec![],
                },
                false => ExceptionsEdit {
                    put: vec![],
                    remove: vec![one.key()],
                },
            };
            venue
                .change(PartSaid::Exceptions(edit), seen.exceptions)
                .unwrap()
        }
        Act::Pause(service, minutes) => venue
            .hold(held(*service, Halt::Paused, *minutes, now), now)
            .unwrap(),
        Act::Busy(longer, minutes) => venue
            .hold(held(None, Halt::Busy(*longer), *minutes, now), now)
            .unwrap(),
        Act::Open(service) => venue.open(
            About {
                service: *service,
                channel: None,
            },
            now,
        ),
        Act::End => venue.end(now),
    }
}

proptest! {
    /// Any sequence of acts: each event has an effect, reads back from its payload, and replaying gives the same.
    #[test]
    fn replaying_gives_the_same_venue(acts in proptest::collection::vec((any_act(), 0..40_u64), 0..30)) {
        let restaurant = RestaurantId::from(Uid::from_bytes([7; 16]));
        let mut now = at("2026-05-04T12:00:00Z");
        let (mut venue, mut replayed) = (Venue::default(), Venue::default());
        for (act, minutes) in acts {
            now = now.plus(std::time::Duration::from_secs(60 * minutes)).unwrap();
            let Some(said) = decide(&venue, &act, now) else { continue };
            let next = venue.after(&said).unwrap();
            prop_assert_eq!(next.version, venue.version + 1);
            let told = said.told(restaurant);
            let written = serde_json::to_string(&told).unwrap();
            prop_assert_eq!(serde_json::from_str::<Told>(&written).unwrap().said(), Some(said));
            replayed = replayed.after(&told.said().unwrap()).unwrap();
            prop_assert_eq!(decide(&next, &act, now), None);
            venue = next;
        }
        prop_assert!(venue.standing.all().len() <= HALTS_MAX);
        prop_assert_eq!(venue, replayed);
    }
}
