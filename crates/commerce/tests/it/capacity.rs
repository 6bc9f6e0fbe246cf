//! Capacity: rules said and folded, slots shown, and taken by many at once, on two nodes, and never beyond the rules.

use base::{Clock, Time, Uid};
use carte::{Channel, Service};
use commerce::capacity::{self, Asked, Decided, Need, take};
use domain::organisations::RestaurantId;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use store::Db;
use testkit::trial::Engine;
use trade::capacity::{Goods, Load, Why, slot_of};

use super::world::{Node, Shop, eventually, on_both};

on_both!(
    rules_are_said_by_whoever_has_seen_them,
    slots_are_shown_as_the_rules_and_the_hours_say,
    an_order_takes_its_slot_and_hears_of_the_next,
    of_many_orders_as_many_are_taken_as_the_slot_holds,
    each_channel_takes_what_it_may_and_all_together_no_more,
    what_is_given_back_is_given_back_once,
    where_no_rule_speaks_nothing_is_counted,
    old_counters_are_cleared,
);

/// A restaurant that is open every day from ten to ten in the evening.
struct Kitchen {
    shop: Shop,
    organisation: String,
    id: RestaurantId,
    at: String,
    now: Time,
}

/// A Friday noon in Rome.
const NOON: &str = "2026-11-20T11:00:00Z";

impl Kitchen {
    async fn open(engine: Engine) -> Self {
        let now: Time = NOON.parse().unwrap();
        let clock = Clock::fixed(now);
        let shop = Shop::at(engine, &clock).await;
        let organisation = shop.organisation("Lucia").await;
        let restaurant = shop.restaurant(&organisation, None).await;
        let at = format!("/api/restaurants/{restaurant}");
        let days = json!(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
        let all = json!([{"days": days, "from": "10:00", "to": "22:00"}]);
        let hours = json!({"weeks": {"delivery": all, "pickup": all, "dine_in": []}, "version": 0});
        shop.put(&format!("{at}/hours"), hours).await.good();
        Kitchen {
            shop,
            organisation,
            id: restaurant.parse().unwrap(),
            at,
            now,
        }
    }

    async fn rule(&self, rule: Value, version: i64) -> Value {
        self.rules(&[rule], version).await
    }

    async fn rules(&self, rules: &[Value], version: i64) -> Value {
        let when = json!({"days": ["fri"], "from": "12:00", "to": "20:00"});
        let mut rules = rules.to_vec();
        for rule in &mut rules {
            rule["when"] = when.clone();
        }
        let body = json!({"leadMinutes": 15, "daysAhead": 7, "itemMinutes": 5, "rules": rules, "version": version});
        self.shop
            .put(&format!("{}/capacity", self.at), body)
            .await
            .good()
    }

    fn order(&self) -> Uid {
        let (clock, random) = self.shop.chance();
        Uid::make(clock, random, self.id.organisation())
    }

    /// What becomes of an order of one item that takes so long.
    async fn find(&self, node: &Node, wanted: (Option<&str>, u16)) -> Decided {
        self.find_by(node, wanted, Channel::default().as_str())
            .await
    }

    /// The same of another channel than the platform's own.
    async fn find_by(
        &self,
        node: &Node,
        (wanted, minutes): (Option<&str>, u16),
        channel: &str,
    ) -> Decided {
        let goods = [Goods {
            minutes: Some(minutes),
            quantity: 2,
        }];
        let asked = Asked {
            restaurant: self.id,
            service: Service::Pickup,
            channel: &channel.parse().unwrap(),
            now: self.now,
            wanted_at: wanted.map(|at| at.parse().unwrap()),
            goods: &goods,
            money_minor: 1_000,
        };
        node.more.commerce.capacity.find(&asked).await.unwrap()
    }

    /// Takes what an order needs; nothing if the slot is full.
    async fn take(&self, db: &Db, (order, need): (Uid, &Need)) -> Option<()> {
        let mut commit = db.new_commit(self.id.organisation());
        take(&mut commit, order, need);
        match db.commit(commit, &db.deadline()).await {
            Ok(_) => Some(()),
            Err(failure) => {
                assert!(capacity::is_full(&failure), "{failure:?}");
                None
            }
        }
    }

    async fn give_back(&self, node: &Node, db: &Db, order: Uid) -> Result<(), store::Failure> {
        let mut commit = db.new_commit(self.id.organisation());
        let app = &node.more.commerce.capacity;
        app.give_back(&mut commit, order).await.unwrap();
        db.commit(commit, &db.deadline()).await.map(|_| ())
    }
}

fn need(decided: Decided) -> Need {
    let Decided::Take(need) = decided else {
        panic!("{decided:?}")
    };
    need
}

fn refused(decided: Decided) -> (Why, Option<Time>) {
    let Decided::Refused { why, next } = decided else {
        panic!("{decided:?}")
    };
    (why, next)
}

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

async fn rules_are_said_by_whoever_has_seen_them(engine: Engine) {
    let kitchen = Kitchen::open(engine).await;
    let (shop, path) = (&kitchen.shop, format!("{}/capacity", kitchen.at));
    let none = shop.get(&path).await.good();
    assert_eq!(
        none,
        json!({"leadMinutes": 0, "daysAhead": 62, "itemMinutes": 0, "rules": [], "currency": "EUR", "version": 0})
    );
    let rule = json!({"ordersMax": 3, "minutesMax": 60, "moneyMax": "250.50"});
    let said = kitchen.rule(rule.clone(), 0).await;
    assert_eq!(said["version"], 1);
    assert_eq!(said["rules"][0]["moneyMax"], "250.50");
    assert_eq!(shop.get(&path).await.etag.as_deref(), Some("\"1\""));
    assert_eq!(shop.get(&path).await.good(), said);
    // The same again is no change, and whoever has not seen it is told so.
    assert_eq!(kitchen.rule(rule, 1).await["version"], 1);
    let stale = json!({"rules": [], "version": 0});
    let told = shop.put(&path, stale).await;
    assert_eq!(told.code(), (409, "version_changed"));
    let when = json!({"days": ["fri"], "from": "12:00", "to": "20:00"});
    for wrong in [
        json!({"rules": [{"when": when}], "version": 1}),
        json!({"rules": [{"when": when, "ordersMax": 0}], "version": 1}),
        json!({"rules": [{"when": when, "moneyMax": "1.234"}], "version": 1}),
        json!({"rules": [{"when": {"days": [], "from": "12:00", "to": "20:00"}, "ordersMax": 1}], "version": 1}),
        json!({"rules": [{"when": {"days": ["fri"], "from": "24:00", "to": "20:00"}, "ordersMax": 1}], "version": 1}),
        json!({"rules": [], "daysAhead": 0, "version": 1}),
        json!({"rules": [], "daysAhead": 63, "version": 1}),
        json!({"rules": [], "leadMinutes": 10_081, "version": 1}),
        json!({"rules": [], "version": -1}),
        json!({"rules": [], "version": 1, "more": 1}),
    ] {
        let told = shop.put(&path, wrong.clone()).await;
        assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    shop.put(&path, json!({"rules": [], "version": 1}))
        .await
        .good();
    let nobody = shop.ask(("", ""), Method::GET, &path, None).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    let other = shop.organisation("Other").await;
    let foreign = shop.restaurant(&other, None).await;
    let person = shop.person(&[&foreign]);
    let told = shop.ask((&person, ""), Method::GET, &path, None).await;
    assert!(told.status.is_client_error());
    shop.verify().await;
}

async fn slots_are_shown_as_the_rules_and_the_hours_say(engine: Engine) {
    let kitchen = Kitchen::open(engine).await;
    kitchen.rule(json!({"ordersMax": 1}), 0).await;
    let shop = &kitchen.shop;
    let slots = async |query: &str| {
        let path = format!("{}/slots?{query}", kitchen.at);
        let shown = shop.ask(("", ""), Method::GET, &path, None).await.good();
        shown["slots"].as_array().unwrap().clone()
    };
    let all = slots("service=pickup").await;
    // It is noon in Rome; with a lead of a quarter of an hour there are 39 slots until ten in the evening, and nine on
    // the day after: the last of them ends a day after the first begins.
    assert_eq!(all.len(), 39 + 9, "{all:?}");
    assert_eq!(all[0]["at"], "2026-11-20T11:15:00.000000Z");
    assert_eq!(all[0]["until"], "2026-11-20T11:30:00.000000Z");
    assert!(all.iter().all(|slot| slot["free"] == true));
    assert_eq!(all[39]["at"], "2026-11-21T09:00:00.000000Z");
    let wanted = "2026-11-20T12:20:00Z";
    let need = need(kitchen.find(&shop.node, (Some(wanted), 10)).await);
    let taken = kitchen.take(&shop.world.db, (kitchen.order(), &need));
    assert_eq!(taken.await, Some(()));
    let all = slots("service=delivery&from=2026-11-20T12:00:00Z").await;
    let free: Vec<bool> = all
        .iter()
        .take(3)
        .map(|slot| slot["free"] == true)
        .collect();
    assert_eq!(free, [true, false, true], "{all:?}");
    assert_eq!(slots("service=dine_in").await.len(), 0);
    assert_eq!(
        slots("service=pickup&from=2026-12-20T12:00:00Z")
            .await
            .len(),
        0
    );
    for wrong in ["", "service=fax", "service=pickup&from=noon"] {
        let path = format!("{}/slots?{wrong}", kitchen.at);
        let told = shop.ask(("", ""), Method::GET, &path, None).await;
        assert!(told.status.is_client_error(), "{wrong}: {told:?}");
    }
    let path = "/api/restaurants/rst_01k9xq4r7vc8b0t2m5n6p7q8r9/slots?service=pickup";
    let told = shop.ask(("", ""), Method::GET, path, None).await;
    assert_eq!(told.status, StatusCode::NOT_FOUND);
}

async fn an_order_takes_its_slot_and_hears_of_the_next(engine: Engine) {
    let kitchen = Kitchen::open(engine).await;
    let (node, db) = (&kitchen.shop.node, &kitchen.shop.world.db);
    kitchen.rule(json!({"minutesMax": 50}), 0).await;
    // As soon as possible: after the twenty minutes that the slowest item takes.
    let first = need(kitchen.find(node, (None, 20)).await);
    assert_eq!(first.ready_at, time("2026-11-20T11:20:00Z"));
    assert_eq!(first.slot, slot_of(time("2026-11-20T11:15:00Z")));
    assert_eq!(
        first.load,
        Load {
            orders: 1,
            minutes: 40,
            money_minor: 1_000
        }
    );
    let order = kitchen.order();
    assert_eq!(kitchen.take(db, (order, &first)).await, Some(()));
    let (why, next) = refused(kitchen.find(node, (None, 20)).await);
    assert_eq!((why, next), (Why::Full, Some(time("2026-11-20T11:30:00Z"))));
    // Ten minutes still fit.
    let small = need(kitchen.find(node, (Some("2026-11-20T11:29:59Z"), 5)).await);
    assert_eq!(small.slot, first.slot);
    let (why, next) = refused(kitchen.find(node, (Some("2026-11-20T11:10:00Z"), 20)).await);
    assert_eq!(
        (why, next),
        (Why::TooSoon, Some(time("2026-11-20T11:30:00Z")))
    );
    let far = kitchen.find(node, (Some("2026-11-28T11:00:00Z"), 5)).await;
    assert_eq!(refused(far), (Why::TooFar { days: 7 }, None));
    // A feast takes an empty slot, and nothing else fits beside it.
    let feast = need(
        kitchen
            .find(node, (Some("2026-11-20T15:00:00Z"), 500))
            .await,
    );
    assert_eq!(feast.load.minutes, 50);
    assert_eq!(kitchen.take(db, (kitchen.order(), &feast)).await, Some(()));
    let (why, next) = refused(kitchen.find(node, (Some("2026-11-20T15:14:00Z"), 1)).await);
    assert_eq!((why, next), (Why::Full, Some(time("2026-11-20T15:15:00Z"))));
}

async fn of_many_orders_as_many_are_taken_as_the_slot_holds(engine: Engine) {
    let kitchen = Kitchen::open(engine).await;
    kitchen
        .rule(json!({"ordersMax": 17, "minutesMax": 1_000}), 0)
        .await;
    let wanted = Some("2026-11-20T12:00:00Z");
    let other = kitchen.shop.world.another_node().await;
    let nodes = [&kitchen.shop.world.db, &other];
    // The row of the slot is not there yet, and many would be the first at once.
    let first = need(kitchen.find(&kitchen.shop.node, (wanted, 4)).await);
    let buy = async |turn: usize| {
        let order = kitchen.order();
        let bought = kitchen.take(nodes[turn % 2], (order, &first)).await;
        bought.map(|()| order)
    };
    let bought = join_all((0..120).map(buy)).await;
    let orders: Vec<Uid> = bought.into_iter().flatten().collect();
    assert_eq!(orders.len(), 17);
    let full = refused(kitchen.find(&kitchen.shop.node, (wanted, 4)).await);
    assert_eq!(full.0, Why::Full);
    // Some are given back by two at once, and as many get in again.
    let node = &kitchen.shop.node;
    let back = orders.iter().take(5).flat_map(|order| {
        let (order, kitchen) = (*order, &kitchen);
        nodes.map(|db| async move { kitchen.give_back(node, db, order).await })
    });
    for gone in join_all(back).await {
        assert!(
            gone.as_ref().err().is_none_or(capacity::is_given_back),
            "{gone:?}"
        );
    }
    let bought = join_all((0..40).map(buy)).await;
    assert_eq!(bought.into_iter().flatten().count(), 5);
    kitchen.shop.verify().await;
}

async fn each_channel_takes_what_it_may_and_all_together_no_more(engine: Engine) {
    let kitchen = Kitchen::open(engine).await;
    let rules = [
        json!({"ordersMax": 24}),
        json!({"channel": "web", "ordersMax": 17, "minutesMax": 1_000}),
    ];
    let said = kitchen.rules(&rules, 0);
    assert_eq!(said.await["rules"][1]["channel"], "web");
    let (node, wanted) = (&kitchen.shop.node, Some("2026-11-20T12:00:00Z"));
    let other = kitchen.shop.world.another_node().await;
    let nodes = [&kitchen.shop.world.db, &other];
    let web = need(kitchen.find_by(node, (wanted, 4), "web").await);
    let phone = need(kitchen.find_by(node, (wanted, 4), "phone").await);
    assert_eq!(phone.of_channel, None);
    let buy = async |turn: usize, need: &Need| {
        let order = kitchen.order();
        let bought = kitchen.take(nodes[turn % 2], (order, need)).await;
        bought.map(|()| order)
    };
    let bought = join_all((0..120).map(|turn| buy(turn, &web))).await;
    let orders: Vec<Uid> = bought.into_iter().flatten().collect();
    assert_eq!(orders.len(), 17);
    let full = refused(kitchen.find_by(node, (wanted, 4), "web").await);
    let next = Some(time("2026-11-20T12:15:00Z"));
    assert_eq!(full, (Why::Full, next));
    let path = |channel| {
        format!(
            "{}/slots?service=pickup&from={NOON}&channel={channel}",
            kitchen.at
        )
    };
    let is_free = async |channel| {
        let path = path(channel);
        let shown = kitchen.shop.ask(("", ""), Method::GET, &path, None);
        let shown = shown.await.good();
        let mut slots = shown["slots"].as_array().unwrap().iter();
        let slot = slots.find(|slot| slot["at"] == "2026-11-20T12:00:00.000000Z");
        slot.unwrap()["free"] == true
    };
    assert_eq!(
        (is_free("web").await, is_free("phone").await),
        (false, true)
    );
    // The rest is for all others together.
    let bought = join_all((0..120).map(|turn| buy(turn, &phone))).await;
    assert_eq!(bought.into_iter().flatten().count(), 7);
    assert_eq!(
        refused(kitchen.find_by(node, (wanted, 4), "phone").await).0,
        Why::Full
    );
    // What comes back of a channel comes back to it and to all.
    for order in orders.iter().take(3) {
        kitchen.give_back(node, nodes[0], *order).await.unwrap();
    }
    let bought = join_all((0..2).map(|turn| buy(turn, &phone))).await;
    assert_eq!(bought.into_iter().flatten().count(), 2);
    let bought = join_all((0..120).map(|turn| buy(turn, &web))).await;
    assert_eq!(bought.into_iter().flatten().count(), 1);
    kitchen.shop.verify().await;
}

async fn what_is_given_back_is_given_back_once(engine: Engine) {
    let kitchen = Kitchen::open(engine).await;
    kitchen.rule(json!({"ordersMax": 2}), 0).await;
    let (node, db) = (&kitchen.shop.node, &kitchen.shop.world.db);
    let (one, two) = (kitchen.order(), kitchen.order());
    for order in [one, two] {
        let need = need(kitchen.find(node, (None, 5)).await);
        assert_eq!(kitchen.take(db, (order, &need)).await, Some(()));
    }
    for _ in 0..3 {
        kitchen.give_back(node, db, one).await.unwrap();
    }
    // Two that have read the same: one of them is refused, whole.
    let app = &node.more.commerce.capacity;
    let mut commits = Vec::new();
    for _ in 0..2 {
        let mut commit = db.new_commit(kitchen.id.organisation());
        app.give_back(&mut commit, two).await.unwrap();
        commits.push(commit);
    }
    let mut failures = Vec::new();
    for commit in commits {
        failures.extend(db.commit(commit, &db.deadline()).await.err());
    }
    assert!(
        matches!(&failures[..], [failure] if capacity::is_given_back(failure)),
        "{failures:?}"
    );
    for order in [kitchen.order(), kitchen.order()] {
        let need = need(kitchen.find(node, (None, 5)).await);
        assert_eq!(kitchen.take(db, (order, &need)).await, Some(()));
    }
    assert_eq!(refused(kitchen.find(node, (None, 5)).await).0, Why::Full);
}

async fn where_no_rule_speaks_nothing_is_counted(engine: Engine) {
    let kitchen = Kitchen::open(engine).await;
    let node = &kitchen.shop.node;
    let free = kitchen.find(node, (None, 20)).await;
    let ready_at = time("2026-11-20T11:20:00Z");
    assert_eq!(free, Decided::Free { ready_at });
    kitchen.rule(json!({"ordersMax": 2}), 0).await;
    // In the evening no rule speaks any more; and a busy kitchen is ready later.
    let late = kitchen.find(node, (Some("2026-11-20T19:00:00Z"), 20)).await;
    assert!(matches!(late, Decided::Free { .. }), "{late:?}");
    let busy = json!({"reason": "too_much", "minutes": 60, "longerMinutes": 25});
    kitchen
        .shop
        .post(&format!("{}/busy", kitchen.at), busy)
        .await
        .good();
    let need = need(kitchen.find(node, (None, 20)).await);
    assert_eq!(need.ready_at, time("2026-11-20T11:45:00Z"));
    let order = kitchen.order();
    let nothing = kitchen.give_back(node, &kitchen.shop.world.db, order).await;
    nothing.unwrap();
    assert!(!kitchen.organisation.is_empty());
}

async fn old_counters_are_cleared(engine: Engine) {
    let kitchen = Kitchen::open(engine).await;
    kitchen.rule(json!({"ordersMax": 1}), 0).await;
    let (node, db) = (&kitchen.shop.node, &kitchen.shop.world.db);
    let fresh = need(kitchen.find(node, (None, 5)).await);
    // What is old is judged by the clock of the database too, so this one is of a year ago.
    let old = Need {
        slot: slot_of(time("2025-11-20T11:15:00Z")),
        ..fresh.clone()
    };
    for need in [&fresh, &old] {
        assert_eq!(kitchen.take(db, (kitchen.order(), need)).await, Some(()));
        assert_eq!(kitchen.take(db, (kitchen.order(), need)).await, None);
    }
    // Every node looks for what is old when it starts.
    let _another = kitchen.shop.another_at(&Clock::fixed(kitchen.now)).await;
    eventually(async || kitchen.take(db, (kitchen.order(), &old)).await.is_some()).await;
    assert_eq!(kitchen.take(db, (kitchen.order(), &fresh)).await, None);
}
