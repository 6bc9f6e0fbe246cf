//! Rules of capacity as tables, and as properties over whatever there may be.

use base::Time;
use carte::Channel;
use proptest::prelude::*;

use super::*;
use domain::organisations::TimeZone;
use domain::venues::local;

fn rules(json: serde_json::Value) -> Rules {
    serde_json::from_value(json).unwrap()
}

fn rome() -> TimeZone {
    "Europe/Rome".parse().unwrap()
}

fn channel(name: &str) -> Channel {
    name.parse().unwrap()
}

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

#[test]
fn a_slot_is_a_quarter_of_an_hour() {
    let slot = slot_of(at("2026-11-20T18:07:59Z"));
    assert_eq!(slot.begins(), at("2026-11-20T18:00:00Z"));
    assert_eq!(slot.ends(), at("2026-11-20T18:15:00Z"));
    assert_eq!(slot_of(slot.ends()), slot.next());
    assert_eq!(slot_of(Time::from_micros(-1)).number(), -1);
}

#[test]
fn the_least_of_all_rules_counts_and_none_is_no_limit() {
    let rules = rules(serde_json::json!({
        "leadMinutes": 0, "daysAhead": 7, "itemMinutes": 3,
        "rules": [
            {"days": ["fri", "sat"], "from": "18:00", "to": "02:00", "ordersMax": 10, "minutesMax": 60},
            {"days": ["fri"], "from": "19:00", "to": "20:00", "ordersMax": 4, "moneyMinorMax": 50_000},
        ],
    }));
    let rules = rules.checked().unwrap();
    let limits = |text| {
        let bounds = rules.bounds(rome(), slot_of(at(text)), &Channel::default());
        bounds.map(|bounds| bounds.all)
    };
    // Rome is an hour ahead of UTC in November, and two in June.
    assert_eq!(limits("2026-11-20T16:59:59Z"), None);
    let early = limits("2026-11-20T17:00:00Z").unwrap();
    assert_eq!(
        (early.orders, early.minutes, early.money_minor),
        (Some(10), Some(60), None)
    );
    let rush = limits("2026-11-20T18:30:00Z").unwrap();
    assert_eq!(
        (rush.orders, rush.minutes, rush.money_minor),
        (Some(4), Some(60), Some(50_000))
    );
    // The night of a Saturday is a Sunday's morning.
    assert!(limits("2026-11-22T00:30:00Z").is_some());
    assert_eq!(limits("2026-11-22T01:00:00Z"), None);
    assert!(limits("2026-06-19T16:00:00Z").is_some());
}

#[test]
fn a_rule_of_a_channel_speaks_of_that_channel_and_has_all_counted() {
    let rules = rules(serde_json::json!({
        "leadMinutes": 0, "daysAhead": 7, "itemMinutes": 3,
        "rules": [
            {"days": ["fri"], "from": "18:00", "to": "20:00", "ordersMax": 9},
            {"days": ["fri"], "from": "18:00", "to": "20:00", "channel": "web", "ordersMax": 4},
            {"days": ["fri"], "from": "18:00", "to": "20:00", "channel": "web", "minutesMax": 30},
            {"days": ["sat"], "from": "18:00", "to": "20:00", "channel": "web", "ordersMax": 2},
        ],
    }));
    let bounds = |text, name| rules.bounds(rome(), slot_of(at(text)), &channel(name));
    let friday = "2026-11-20T17:00:00Z";
    let web = bounds(friday, "web").unwrap();
    assert_eq!(web.all.orders, Some(9));
    let limits = web.channel.unwrap();
    assert_eq!((limits.orders, limits.minutes), (Some(4), Some(30)));
    assert_eq!(bounds(friday, "phone").unwrap().channel, None);
    let saturday = "2026-11-21T17:00:00Z";
    let phone = bounds(saturday, "phone").unwrap();
    assert_eq!(phone, Bounds::default());
    assert_eq!(bounds("2026-11-22T17:00:00Z", "web"), None);
    let load = |orders| Load {
        orders,
        ..Load::default()
    };
    let taken = |all, channel| Taken {
        all: load(all),
        channel: load(channel),
    };
    assert!(web.hold(taken(8, 3), load(1)));
    assert!(!web.hold(taken(8, 4), load(1)));
    assert!(!web.hold(taken(9, 3), load(1)));
}

#[test]
fn a_slot_counts_what_lines_bring_and_take_away() {
    let limits = Limits {
        orders: Some(9),
        minutes: Some(60),
        money_minor: None,
    };
    let load = |minutes| Load {
        orders: 1,
        minutes,
        money_minor: minutes * 10,
    };
    let asks = |sold, waiting: Option<i64>| Asks {
        sold: load(sold),
        waiting: waiting.map(load),
    };
    let minutes = |before, after, kitchen| limits.shift((before, after), kitchen).minutes;
    let (early, late) = (Kitchen::Waits, Kitchen::Works);
    let was = asks(20, None);
    assert_eq!(minutes(was, asks(30, None), early), 10);
    assert_eq!(minutes(was, asks(12, None), early), -8);
    assert_eq!(minutes(was, asks(12, None), late), 0);
    // What waits is set aside, what it would give back is not given back before, and all of it goes with the change.
    assert_eq!(minutes(was, asks(20, Some(35)), early), 15);
    assert_eq!(minutes(was, asks(20, Some(5)), early), 0);
    for kitchen in [early, late] {
        assert_eq!(minutes(asks(20, Some(35)), asks(35, None), kitchen), 0);
        assert_eq!(minutes(asks(20, Some(35)), was, kitchen), -15);
    }
    // A feast takes a slot whole, however large it is, and as long as it is one.
    assert_eq!(minutes(asks(500, None), asks(490, None), early), 0);
    assert_eq!(minutes(asks(500, None), asks(50, None), early), -10);
    let shift = limits.shift((was, asks(30, None)), early);
    assert_eq!(shift.money_minor, 100);
    assert!(limits.take(load(50), shift) && !limits.take(load(51), shift));
    let back = limits.shift((was, asks(1, None)), early);
    assert!(limits.take(load(500), back));
    assert_eq!(back.of_held(5, 1_000).minutes, -5);
}

#[test]
fn an_order_larger_than_a_slot_takes_an_empty_one() {
    let limits = Limits {
        orders: Some(3),
        minutes: Some(60),
        money_minor: None,
    };
    let feast = Load {
        orders: 1,
        minutes: 500,
        money_minor: 99_999,
    };
    assert!(limits.hold(Load::default(), feast));
    let one = Load {
        orders: 1,
        minutes: 1,
        money_minor: 0,
    };
    assert!(!limits.hold(one, feast));
    assert!(!limits.hold(limits.counted(feast), one));
}

#[test]
fn the_work_of_an_order_is_what_its_lines_take() {
    let rules = Rules {
        item_minutes: 4,
        lead_minutes: 10,
        ..Rules::default()
    };
    let line = |minutes, quantity| Goods { minutes, quantity };
    let goods = [line(Some(12), 2), line(None, 3), line(Some(0), 99)];
    assert_eq!(make_minutes(&rules, &goods), 36);
    let now = at("2026-11-20T18:00:00Z");
    assert_eq!(ready_at(&rules, &goods, 5, now), at("2026-11-20T18:17:00Z"));
    assert_eq!(
        ready_at(&rules, &goods[1..2], 0, now),
        at("2026-11-20T18:10:00Z")
    );
    assert_eq!(
        make_minutes(&rules, &[line(Some(u16::MAX), u32::MAX); 9]),
        i64::from(u16::MAX) * i64::from(u32::MAX) * 9
    );
}

#[test]
fn orders_come_neither_too_late_nor_too_early() {
    let rules = Rules {
        lead_minutes: 30,
        days_ahead: 2,
        ..Rules::default()
    };
    let now = at("2026-11-20T18:01:00Z");
    assert_eq!(
        rules.admit(now, at("2026-11-20T18:30:59Z")),
        Err(Why::TooSoon)
    );
    assert_eq!(rules.admit(now, at("2026-11-20T18:31:00Z")), Ok(()));
    assert_eq!(rules.admit(now, at("2026-11-22T18:01:00Z")), Ok(()));
    let far = rules.admit(now, at("2026-11-22T18:01:01Z"));
    assert_eq!(far, Err(Why::TooFar { days: 2 }));
    assert_eq!(rules.first(now).begins(), at("2026-11-20T18:45:00Z"));
}

#[test]
fn rules_that_nobody_can_mean_are_refused() {
    let day = |more: serde_json::Value| {
        let mut rule = serde_json::json!({"days": ["mon"], "from": "10:00", "to": "11:00"});
        rule.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let one = serde_json::json!({"leadMinutes": 0, "daysAhead": 1, "itemMinutes": 0, "rules": [rule]});
        rules(one).checked().map(|_| ())
    };
    assert_eq!(day(serde_json::json!({"ordersMax": 1})), Ok(()));
    assert_eq!(day(serde_json::json!({})), Err(Refusal::NoLimit));
    assert_eq!(
        day(serde_json::json!({"ordersMax": 0})),
        Err(Refusal::OutOfRange)
    );
    assert_eq!(
        day(serde_json::json!({"moneyMinorMax": -1})),
        Err(Refusal::OutOfRange)
    );
    assert_eq!(
        day(serde_json::json!({"minutesMax": 1, "days": []})),
        Err(Refusal::NoDay)
    );
    assert_eq!(
        day(serde_json::json!({"minutesMax": 1, "from": "24:00"})),
        Err(Refusal::OutOfRange)
    );
    let none = Rules {
        days_ahead: 0,
        ..Rules::default()
    };
    assert_eq!(none.checked(), Err(Refusal::OutOfRange));
}

#[test]
fn rules_change_for_whoever_has_seen_them() {
    let kept = Kept::default();
    assert_eq!(kept.change(Rules::default(), 0), Ok(None));
    assert_eq!(
        kept.change(Rules::default(), 1),
        Err(Refusal::Changed { now: 0 })
    );
    let busy = Rules {
        lead_minutes: 5,
        ..Rules::default()
    };
    assert_eq!(kept.change(busy, 0).unwrap().unwrap().version, 1);
    let id: domain::organisations::RestaurantId = base::Uid::from_bytes([7; 16]).into();
    assert_eq!(restaurant(stream(id)), id);
    assert_ne!(stream(id), id.uid());
    assert_ne!(stream(id), domain::venues::stream(id));
}

proptest! {
    /// Whatever is taken on while the limits hold is never more than they say.
    #[test]
    fn a_slot_never_takes_more_than_its_limits(
        limits in (proptest::option::of(1..50_i64), proptest::option::of(1..500_i64), proptest::option::of(1..9_000_i64)),
        orders in proptest::collection::vec((0..200_i64, 0..9_999_i64), 0..60),
    ) {
        let (orders_max, minutes, money_minor) = limits;
        let limits = Limits { orders: orders_max, minutes, money_minor };
        let mut taken = Load::default();
        for (minutes, money_minor) in orders {
            let order = Load { orders: 1, minutes, money_minor };
            prop_assert!(limits.hold(Load::default(), order), "an empty slot takes any order");
            if limits.hold(taken, order) {
                taken = taken.plus(limits.counted(order));
            }
        }
        prop_assert!(limits.orders.is_none_or(|most| taken.orders <= most));
        prop_assert!(limits.minutes.is_none_or(|most| taken.minutes <= most));
        prop_assert!(limits.money_minor.is_none_or(|most| taken.money_minor <= most));
    }

    /// A moment lies in exactly the slot whose number says so, and a rule for all of the week speaks of every slot.
    #[test]
    fn every_moment_has_its_slot(micros in 0..4_000_000_000_000_000_i64) {
        let moment = Time::from_micros(micros);
        let slot = slot_of(moment);
        prop_assert!(slot.begins() <= moment && moment < slot.ends());
        prop_assert_eq!(Slot::of_number(slot.number()), slot);
        let all = carte::Weekday::ALL.iter().copied().collect();
        let span = ("00:00".parse().unwrap(), "24:00".parse().unwrap());
        prop_assert!(is_within(&all, span, &local(rome(), moment)));
    }
}
