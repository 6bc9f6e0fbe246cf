//! What the log and the rows keep: it is read as it was written, and what is not known is refused.

use serde_json::{Value, json};

use super::*;
use crate::offers::OfferId;

/// An order with everything that can happen to one.
fn eventful() -> Vec<Event> {
    let mut story = Story::after(placing(), &[Command::Secure, accept()]);
    let at = at(3_000);
    story
        .ask(Actor::Restaurant, Command::Promise { at }, 3)
        .unwrap();
    story.change(Actor::Restaurant, &[remove("b")], 4).unwrap();
    story
        .change(Actor::Restaurant, &[quantity("a", 3)], 5)
        .unwrap();
    story
        .ask(Actor::Diner, Command::Consent(Word::Yes), 6)
        .unwrap();
    story
        .ask(Actor::Diner, Command::Consent(Word::No), 7)
        .unwrap();
    story.ask(Actor::Restaurant, start(), 8).unwrap();
    let why = Why::Damaged;
    for command in [ready(), Command::Leave, Command::Return { why }] {
        story.ask(Actor::Restaurant, command, 9).unwrap();
    }
    story.events
}

#[test]
fn events_are_read_as_they_were_written() {
    let events = eventful();
    let mut order = None;
    for event in &events {
        let after = apply(order, event).unwrap();
        let told = serde_json::to_value(event.told(&after).unwrap()).unwrap();
        assert_eq!(told["restaurant"], json!(after.restaurant));
        assert_eq!(told["customer"], json!(after.customer));
        assert_eq!(told["status"], json!(after.status));
        assert!(Said::KINDS.contains(&event.kind()));
        let read = Event::read(event.kind(), told.clone()).unwrap();
        assert_eq!(read, *event);
        // One word more than is known is not overlooked.
        let mut more = told.clone();
        more["more"] = json!(1);
        assert!(Event::read(event.kind(), more).is_err());
        let mut more = told;
        more["data"]["more"] = json!(1);
        assert!(Event::read(event.kind(), more).is_err(), "{}", event.kind());
        order = Some(after);
    }
    let kinds: Vec<&str> = events.iter().map(Event::kind).collect();
    assert_eq!(kinds.len(), 12);
    assert!(Event::read("order.unheard", json!({})).is_err());
}

#[test]
fn the_number_of_the_day_may_come_with_the_commit() {
    let placing = Placing {
        number: 0,
        ..placing()
    };
    let story = Story::of(placing);
    let event = story.events.first().unwrap();
    let mut told = serde_json::to_value(event.told(story.order()).unwrap()).unwrap();
    told["number"] = json!(41);
    let read = Event::read(event.kind(), told).unwrap();
    assert_eq!(fold([&read]).unwrap().number, 41);
}

#[test]
fn what_took_something_off_is_told_with_the_order() {
    let used = Used {
        offer: OfferId::Coupon(uid(9).into()),
        coupon_code: Some("save10".parse().unwrap()),
        minor: 250,
    };
    let placing = Placing {
        offers: vec![used.clone()],
        ..placing()
    };
    let story = Story::of(placing);
    let order = story.order();
    assert_eq!(order.offers, [used]);
    let told = serde_json::to_value(story.events.first().unwrap().told(order).unwrap()).unwrap();
    let told = &told["data"]["offers"];
    assert_eq!(told[0]["couponCode"], "SAVE10");
    assert!(told[0]["offer"].as_str().unwrap().starts_with("cpn_"));
    assert_eq!(fold(&story.events).unwrap().offers, order.offers);
}

#[test]
fn the_rule_for_taking_money_stays_with_the_order() {
    let before = serde_json::to_value(Rules::default()).unwrap();
    assert_eq!(before["takeMoney"], Value::Null);
    let mut later = before.clone();
    later["takeMoney"] = json!("ready");
    let takes_at = |rules: Value| {
        let rules: Rules = serde_json::from_value(rules).unwrap();
        let placing = Placing { rules, ..placing() };
        let mut story = Story::after(placing, &[Command::Secure]);
        let mut took = vec![story.order().takes_money()];
        for command in [accept(), start(), ready(), Command::Leave, Command::Deliver] {
            story.ask(Actor::Restaurant, command, 9).unwrap();
            // As those see it who have read it from the log.
            let read = story.events.iter().map(|event| {
                let told = event.told(story.order()).unwrap();
                Event::read(event.kind(), serde_json::to_value(told).unwrap()).unwrap()
            });
            took.push(fold(&read.collect::<Vec<_>>()).unwrap().takes_money());
        }
        took
    };
    assert_eq!(takes_at(before), [false, true, true, true, true, true]);
    assert_eq!(takes_at(later), [false, false, false, true, true, true]);
}

#[test]
fn orders_and_commands_are_read_as_they_were_written() {
    let order = fold(&eventful()).unwrap();
    let written = serde_json::to_string(&order).unwrap();
    assert_eq!(serde_json::from_str::<Order>(&written).unwrap(), order);
    assert!(written.len() < 2_600, "{} bytes: {written}", written.len());
    let mut more = serde_json::to_value(&order).unwrap();
    more["more"] = json!(1);
    assert!(serde_json::from_value::<Order>(more).is_err());
    let commands = [
        Command::Place(Box::new(placing())),
        Command::Secure,
        accept(),
        Command::Cancel { why: Why::Other },
        Command::Change {
            commands: vec![remove("a"), quantity("b", 2), addition("c", 450).0],
            why: Some(Why::SoldOut),
        },
        Command::Consent(Word::No),
    ];
    for command in commands {
        let written = serde_json::to_string(&command).unwrap();
        assert_eq!(serde_json::from_str::<Command>(&written).unwrap(), command);
    }
    let unknown = json!({"cancel": {"why": "other", "words": "no"}});
    assert!(serde_json::from_value::<Command>(unknown).is_err());
}

#[test]
fn a_tab_stays_with_the_order_and_others_have_none() {
    let order = Story::of(tab(6_000, placing())).order.unwrap();
    let written = serde_json::to_value(&order).unwrap();
    assert_eq!(written["tab"], json!({"holdMinor": 6_000}));
    assert_eq!(written["rules"]["tabs"], json!({"hold": 10_000}));
    assert_eq!(serde_json::from_value::<Order>(written).unwrap(), order);
    let written = serde_json::to_string(&Story::of(placing()).order).unwrap();
    assert!(!written.contains("tab"));
    let add = json!({"add": {"line": "c"}});
    let read: LineCommand = serde_json::from_value(add).unwrap();
    assert_eq!(read, addition("c", 0).0);
}

/// These stand in logs: a change of this test breaks what was written.
#[test]
fn names_stay_as_they_are() {
    let event = |said| Event { at: NOON, said };
    let order = Story::of(placing()).order.unwrap();
    let told = |said| {
        let told = event(said).told(&order).unwrap();
        serde_json::to_value(told).unwrap()["data"].take()
    };
    let reason = Coded {
        why: Why::SoldOut,
        by: Actor::Restaurant,
    };
    assert_eq!(
        told(Said::Cancelled { reason }),
        json!({"reason": {"why": "sold_out", "by": "restaurant"}})
    );
    let accept_by = NOON;
    assert_eq!(
        told(Said::Secured { accept_by }),
        json!({"acceptBy": "2026-03-05T11:00:00.000000Z"})
    );
    assert_eq!(told(Said::Ready {}), json!({}));
    let names: Vec<&str> = Status::ALL.iter().map(|status| status.name()).collect();
    let wanted = "scheduled pending confirmed preparing ready_for_pickup out_for_delivery \
                  delivered collected served cancelled rejected expired returned";
    assert_eq!(names.join(" "), wanted);
    let created: Value = told(Said::Created(Box::new(order.clone())));
    let fields: Vec<&str> = created
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let wanted = "acceptBy channel currency customer id lines money movedAt number paying \
                  placedAt promisedAt restaurant revision rules service status tickets totalMinor version";
    assert_eq!(fields.join(" "), wanted);
}

#[test]
fn keys_of_lines_are_short_and_plain() {
    for right in ["1", "a-B_9", &"x".repeat(40)] {
        assert_eq!(right.parse::<LineKey>().unwrap().as_str(), right);
    }
    for wrong in ["", " ", "a b", "ä", "a/b", &"x".repeat(41)] {
        assert_eq!(wrong.parse::<LineKey>(), Err(LineKeyError));
    }
    assert_eq!(LineKey::numbered(0).as_str(), "1");
}
