//! Places that are held with a quote: there for whoever orders by it, given back once where nobody does, and never more
//! than the slot has.

use std::time::Duration;

use base::{Clock, Time};
use carte::Channel;
use commerce::capacity::Decided;
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::kitchen::Kitchen;
use super::orders_slots::decided;
use super::world::{Node, Said, Shop, eventually, on_both};

on_both!(
    what_is_held_is_there_for_whoever_orders_by_it,
    what_nobody_uses_comes_back_once,
    another_hold_comes_in_place_of_the_first,
    an_order_takes_what_it_needs_more_and_gives_back_what_it_needs_less,
    a_held_slot_stays_while_somebody_thinks,
    a_held_slot_is_for_what_could_be_asked_when_it_was_held,
    what_is_held_is_enough_though_the_slot_takes_less_by_now,
    many_at_once_take_no_more_than_there_is,
    nobody_holds_all_the_time,
);

/// A kitchen whose items take five minutes each, a day before its slots: so no order expires while a hold lapses.
struct Busy {
    kitchen: Kitchen,
    clock: Clock,
}

const NOW: &str = "2026-11-20T10:58:00Z";
const SLOT: &str = "2026-11-21T11:30:00.000000Z";
const LATER: &str = "2026-11-21T12:30:00.000000Z";
/// A little more than a place is held for.
const LAPSED: Duration = Duration::from_secs(5 * 60 + 1);

impl Busy {
    async fn open(engine: Engine, limit: Value) -> Self {
        let clock = Clock::simulated(NOW.parse().unwrap());
        let kitchen = Kitchen::open(Shop::working_at(engine, &clock).await).await;
        kitchen.count(900).await;
        let days = json!(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
        let mut of_all = limit;
        of_all["when"] = json!({"days": days, "from": "00:00", "to": "24:00"});
        let mut of_channel = of_all.clone();
        of_channel["channel"] = Channel::default().as_str().into();
        let rules = json!([of_all, of_channel]);
        let body = json!({"itemMinutes": 5, "rules": rules, "version": 0});
        let path = format!("{}/capacity", kitchen.at());
        kitchen.shop.put(&path, body).await.good();
        Busy { kitchen, clock }
    }

    fn diner(&self) -> String {
        self.kitchen.shop.person(&[])
    }

    /// Asks for a quote for so many cakes, with a place.
    async fn hold_on(&self, node: &Node, (who, cakes): (&str, u32), at: impl Into<Value>) -> Said {
        let body = json!({
            "service": "pickup", "at": at.into(),
            "lines": [{"item": self.kitchen.cake, "quantity": cakes}],
        });
        let path = format!("{}/quote/hold", self.kitchen.at());
        let ask = node.ask((who, ""), Method::POST, &path, Some(body));
        ask.await
    }

    async fn hold(&self, what: (&str, u32), at: impl Into<Value>) -> Value {
        let held = self.hold_on(&self.kitchen.shop.node, what, at).await.good();
        assert_eq!(held["orderable"], true, "{held}");
        held
    }

    /// Orders so many cakes, by a quote where there is one.
    async fn order_on(
        &self,
        node: &Node,
        (who, cakes, quote): (&str, u32, &Value),
        at: impl Into<Value>,
    ) -> Said {
        let mut body = json!({
            "restaurantId": self.kitchen.restaurant, "serviceType": "pickup", "wantedAt": at.into(),
            "items": [{"menuItemId": self.kitchen.cake, "quantity": cakes}],
        });
        if !quote.is_null() {
            body["quoteId"] = quote["quoteId"].clone();
        }
        node.ask((who, ""), Method::POST, "/api/orders", Some(body))
            .await
    }

    async fn order(&self, what: (&str, u32, &Value), at: impl Into<Value>) -> Said {
        self.order_on(&self.kitchen.shop.node, what, at).await
    }

    /// How many minutes of work a slot takes besides, up to a hundred.
    async fn free(&self, at: &str) -> u16 {
        let times = (self.clock.now(), at.parse().unwrap());
        for minutes in (1..=100).rev() {
            if let Decided::Take(need) = decided(&self.kitchen, minutes, times).await
                && need.load.minutes == i64::from(minutes)
            {
                return minutes;
            }
        }
        0
    }

    /// How many orders the slot takes besides.
    async fn room(&self) -> usize {
        let mut room = 0;
        let diner = self.diner();
        while self.order((&diner, 1, &Value::Null), SLOT).await.status == 201 {
            room += 1;
        }
        room
    }

    fn lapse(&self) {
        self.clock.advance(LAPSED).unwrap();
    }
}

#[track_caller]
fn full(said: &Said) {
    assert_eq!(said.code(), (409, "order_refused"), "{said:?}");
    assert_eq!(said.body["fields"][0]["code"], "slot_full", "{said:?}");
}

async fn what_is_held_is_there_for_whoever_orders_by_it(engine: Engine) {
    let busy = Busy::open(engine, json!({"ordersMax": 1})).await;
    let node = &busy.kitchen.shop.node;
    let (diner, other) = (busy.diner(), busy.diner());
    let nobody = busy.hold_on(node, ("", 1), SLOT).await;
    assert_eq!(nobody.code(), (401, "unauthenticated"));
    let held = busy.hold((&diner, 1), SLOT).await;
    let until: Time = held["heldUntil"].as_str().unwrap().parse().unwrap();
    assert_eq!(until.since(busy.clock.now()), Duration::from_secs(300));

    full(&busy.order((&other, 1, &Value::Null), SLOT).await);
    let none = busy.hold_on(node, (&other, 1), SLOT).await.good();
    assert_eq!(none["orderable"], false, "{none}");
    assert_eq!(none["refusals"][0]["code"], "slot_full", "{none}");
    assert_eq!(
        (&none["quoteId"], &none["heldUntil"]),
        (&Value::Null, &Value::Null)
    );
    let words = none["refusals"][0]["words"].to_string();
    assert!(words.contains("11:45"), "{words}");

    // Of many who name it at once one has it.
    let quote = &held;
    let asks = (0..8).map(|_| busy.order((&diner, 1, quote), SLOT));
    let said = join_all(asks).await;
    let placed: Vec<&Said> = said.iter().filter(|said| said.status == 201).collect();
    assert_eq!(placed.len(), 1, "{said:?}");
    said.iter().filter(|said| said.status != 201).for_each(full);

    // What the order gives back is its own, and comes back once; the hold is no more.
    busy.lapse();
    let id = placed[0].body["id"].as_str().unwrap();
    full(&busy.order((&other, 1, &Value::Null), SLOT).await);
    let path = format!("/api/orders/{id}/cancel");
    let why = Some(json!({"reason": "changed_mind"}));
    node.ask((&diner, ""), Method::POST, &path, why)
        .await
        .good();
    assert_eq!(busy.room().await, 1);
    busy.kitchen.shop.verify().await;
}

async fn what_nobody_uses_comes_back_once(engine: Engine) {
    let busy = Busy::open(engine, json!({"ordersMax": 3})).await;
    // Both nodes look after timers; what is held on one may be given back on the other.
    let another = busy.kitchen.shop.another_at(&busy.clock).await;
    let (one, two, three) = (busy.diner(), busy.diner(), busy.diner());
    let held = busy.hold((&one, 1), SLOT).await;
    busy.hold_on(&another, (&two, 1), SLOT).await.good();
    busy.order((&three, 1, &Value::Null), SLOT).await.good();
    full(&busy.order((&three, 1, &Value::Null), SLOT).await);
    busy.lapse();
    let is_free = async || busy.free(SLOT).await > 0;
    eventually(is_free).await;
    eventually(async || {
        let hold = busy.hold_on(&another, (&two, 1), SLOT).await;
        hold.good()["orderable"] == true
    })
    .await;
    // Who comes late takes a place as if he had held none.
    busy.order((&one, 1, &held), SLOT).await.good();
    full(&busy.order((&one, 1, &held), SLOT).await);
    busy.lapse();
    let is_free = async || busy.free(SLOT).await > 0;
    eventually(is_free).await;
    assert_eq!(busy.room().await, 1);
    busy.kitchen.shop.verify().await;
}

async fn another_hold_comes_in_place_of_the_first(engine: Engine) {
    let busy = Busy::open(engine, json!({"minutesMax": 20})).await;
    let diner = busy.diner();
    busy.hold((&diner, 2), SLOT).await;
    assert_eq!(busy.free(SLOT).await, 10);
    // What he has is his to use for more.
    let all = busy.hold((&diner, 4), SLOT).await;
    assert_eq!(busy.free(SLOT).await, 0);
    busy.hold((&diner, 1), SLOT).await;
    assert_eq!(busy.free(SLOT).await, 15);
    let last = busy.hold((&diner, 3), LATER).await;
    assert_eq!((busy.free(SLOT).await, busy.free(LATER).await), (20, 5));
    // Quotes of before still say what it costs.
    busy.order((&diner, 4, &all), SLOT).await.good();
    assert_eq!((busy.free(SLOT).await, busy.free(LATER).await), (0, 5));
    busy.order((&diner, 3, &last), LATER).await.good();
    assert_eq!(busy.free(LATER).await, 5);
    busy.lapse();
    // Where there is no room for another, what was held stays.
    let diner = busy.diner();
    let held = busy.hold((&diner, 1), LATER).await;
    let node = &busy.kitchen.shop.node;
    let none = busy.hold_on(node, (&diner, 1), SLOT).await.good();
    assert_eq!(none["orderable"], false);
    assert_eq!(busy.free(LATER).await, 0);
    busy.order((&diner, 1, &held), LATER).await.good();
}

async fn an_order_takes_what_it_needs_more_and_gives_back_what_it_needs_less(engine: Engine) {
    let busy = Busy::open(engine, json!({"minutesMax": 20})).await;
    let kitchen = &busy.kitchen;
    let diner = busy.diner();
    // Two waters cost less than a cake, and are ten minutes of work.
    let held = busy.hold((&diner, 1), SLOT).await;
    let body = |waters: u32| {
        json!({
            "restaurantId": kitchen.restaurant, "serviceType": "pickup", "wantedAt": SLOT,
            "items": [{"menuItemId": kitchen.water, "quantity": waters}],
            "quoteId": held["quoteId"],
        })
    };
    kitchen.order((&diner, ""), body(2)).await.good();
    assert_eq!(busy.free(SLOT).await, 10);
    let held = busy.hold((&diner, 2), SLOT).await;
    busy.order((&diner, 1, &held), SLOT).await.good();
    assert_eq!(busy.free(SLOT).await, 5);
    // Another slot: what was held is free at once.
    let held = busy.hold((&diner, 1), SLOT).await;
    assert_eq!(busy.free(SLOT).await, 0);
    busy.order((&diner, 1, &held), LATER).await.good();
    assert_eq!((busy.free(SLOT).await, busy.free(LATER).await), (5, 15));
    // Nothing is limited any more: what was held goes back as well.
    let held = busy.hold((&diner, 1), SLOT).await;
    let path = format!("{}/capacity", kitchen.at());
    let rules = kitchen.shop.get(&path).await.good()["rules"].clone();
    let say = async |rules: &Value, version: i64| {
        let body = json!({"itemMinutes": 5, "rules": rules, "version": version});
        kitchen.shop.put(&path, body).await.good();
    };
    say(&json!([]), 1).await;
    busy.order((&diner, 1, &held), SLOT).await.good();
    say(&rules, 2).await;
    assert_eq!(busy.free(SLOT).await, 5);
    busy.lapse();
    kitchen.shop.verify().await;
}

async fn a_held_slot_stays_while_somebody_thinks(engine: Engine) {
    let busy = Busy::open(engine, json!({"ordersMax": 1})).await;
    let (diner, other) = (busy.diner(), busy.diner());
    // As soon as possible is in five minutes, at 11:13; four minutes on, it would be in the slot of 11:15.
    busy.clock.advance(Duration::from_secs(10 * 60)).unwrap();
    let held = busy.hold((&diner, 1), Value::Null).await;
    busy.clock.advance(Duration::from_secs(4 * 60)).unwrap();
    busy.order((&other, 1, &Value::Null), Value::Null)
        .await
        .good();
    full(&busy.order((&other, 1, &Value::Null), Value::Null).await);
    let order = busy.order((&diner, 1, &held), Value::Null).await;
    order.good();
    full(&busy.order((&diner, 1, &held), Value::Null).await);
}

async fn a_held_slot_is_for_what_could_be_asked_when_it_was_held(engine: Engine) {
    let busy = Busy::open(engine, json!({"ordersMax": 1})).await;
    let diner = busy.diner();
    let kitchen = &busy.kitchen;
    let path = format!("{}/capacity", kitchen.at());
    let rules = kitchen.shop.get(&path).await.good()["rules"].clone();
    let body = json!({"itemMinutes": 5, "leadMinutes": 5, "rules": rules, "version": 1});
    kitchen.shop.put(&path, body).await.good();
    // It is 11:08: the slot of 11:00 has begun, and 11:12 is too soon to be asked for.
    busy.clock.advance(Duration::from_secs(10 * 60)).unwrap();
    let held = busy.hold((&diner, 1), "2026-11-20T11:14:00Z").await;
    busy.clock.advance(Duration::from_secs(2 * 60)).unwrap();
    let soon = busy.order((&diner, 1, &held), "2026-11-20T11:12:00Z").await;
    assert_eq!(soon.code(), (409, "order_refused"), "{soon:?}");
    assert_eq!(soon.body["fields"][0]["code"], "too_soon", "{soon:?}");
    busy.order((&diner, 1, &held), "2026-11-20T11:14:00Z")
        .await
        .good();
}

async fn what_is_held_is_enough_though_the_slot_takes_less_by_now(engine: Engine) {
    let busy = Busy::open(engine, json!({"minutesMax": 20})).await;
    let kitchen = &busy.kitchen;
    let (diner, other) = (busy.diner(), busy.diner());
    busy.order((&other, 2, &Value::Null), SLOT).await.good();
    let held = busy.hold((&diner, 1), SLOT).await;
    let path = format!("{}/capacity", kitchen.at());
    let mut rules = kitchen.shop.get(&path).await.good()["rules"].clone();
    for rule in rules.as_array_mut().unwrap() {
        rule["minutesMax"] = 10.into();
    }
    let body = json!({"itemMinutes": 5, "rules": rules, "version": 1});
    kitchen.shop.put(&path, body).await.good();
    full(&busy.order((&diner, 1, &Value::Null), SLOT).await);
    busy.order((&diner, 1, &held), SLOT).await.good();
    kitchen.shop.verify().await;
}

async fn many_at_once_take_no_more_than_there_is(engine: Engine) {
    const ROOM: usize = 9;
    let busy = Busy::open(engine, json!({"ordersMax": ROOM})).await;
    let another = busy.kitchen.shop.another_at(&busy.clock).await;
    let nodes = [&busy.kitchen.shop.node, &another];
    let diners: Vec<String> = (0..12).map(|_| busy.diner()).collect();
    // Each asks on both nodes at once; of those who have a place every second orders, and others order without.
    let busy = &busy;
    let act = async |turn: usize| {
        let (who, node) = (diners[turn % diners.len()].as_str(), nodes[turn % 2]);
        // Whoever is told that it took too long may have his place all the same, until it lapses.
        let held = busy.hold_on(node, (who, 1), SLOT).await.body;
        let quote = match held["quoteId"].is_null() {
            true => &Value::Null,
            false => &held,
        };
        match turn % 3 {
            0 => false,
            1 => busy.order_on(node, (who, 1, quote), SLOT).await.status == 201,
            _ => {
                let said = busy.order_on(node, (who, 1, &Value::Null), SLOT);
                said.await.status == 201
            }
        }
    };
    let lapse = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        busy.lapse();
        false
    };
    let (placed, _) = futures_util::join!(join_all((0..36).map(act)), lapse);
    let placed = placed.into_iter().filter(|placed| *placed).count();
    assert!(placed <= ROOM, "{placed}");
    busy.lapse();
    let mut more = 0;
    eventually(async || {
        more += busy.room().await;
        placed + more >= ROOM
    })
    .await;
    assert_eq!(placed + more, ROOM);
    // Nothing comes back a second time.
    busy.lapse();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(busy.room().await, 0);
    busy.kitchen.shop.verify().await;
}

async fn nobody_holds_all_the_time(engine: Engine) {
    let busy = Busy::open(engine, json!({"ordersMax": 3})).await;
    let (diner, node) = (busy.diner(), &busy.kitchen.shop.node);
    for _ in 0..6 {
        busy.hold((&diner, 1), LATER).await;
    }
    // They were one after the other: there is room for two besides.
    assert!(busy.free(LATER).await > 0);
    let often = busy.hold_on(node, (&diner, 1), LATER).await;
    assert_eq!(often.code(), (429, "rate_limited"));
    let other = busy.diner();
    busy.hold((&other, 1), LATER).await;
}
