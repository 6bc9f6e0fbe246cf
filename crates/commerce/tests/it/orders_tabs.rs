//! Tabs: a guest at a table has an amount held, orders more until he is done, and pays what was served.

use std::time::Duration;

use base::Clock;
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;
use trade::orders::OrderId;
use trade::payments::{Intent, State};

use super::kitchen::Kitchen;
use super::world::{Said, Shop, eventually, on_both};

on_both!(
    what_was_served_is_taken_and_the_rest_let_go,
    what_the_hold_is_not_enough_for_is_refused,
    many_who_add_at_once_order_no_more_than_is_held,
    what_the_restaurant_adds_waits_for_a_word_alone,
    what_is_cancelled_lets_go_of_all_that_is_held,
    no_less_is_held_than_the_order_costs,
    tabs_are_opened_where_they_are_taken,
    a_tab_whose_hold_has_lapsed_waits_for_somebody,
    who_is_closed_takes_no_more_on_a_tab,
    a_tab_goes_on_when_its_slot_is_over,
);

/// Where a tab goes once it was accepted.
const SERVED: [&str; 3] = ["preparing", "ready_for_pickup", "served"];

/// A restaurant that holds 50.00 of a tab, and a guest.
async fn open(engine: Engine) -> (Kitchen, String) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    kitchen.count(9).await;
    takes_tabs(&kitchen, json!({"hold": "50.00"})).await.good();
    let guest = kitchen.shop.person(&[]);
    (kitchen, guest)
}

async fn takes_tabs(kitchen: &Kitchen, tabs: Value) -> Said {
    let path = format!("{}/order-rules", kitchen.at());
    let mut rules = kitchen.shop.get(&path).await.good();
    rules["tabs"] = tabs;
    kitchen.shop.put(&path, rules).await
}

/// A pizza at a table, on a tab: 12.50.
fn basket(kitchen: &Kitchen, token: &str) -> Value {
    json!({
        "restaurantId": kitchen.restaurant, "serviceType": "dine_in", "tab": true,
        "items": [{"menuItemId": kitchen.pizza, "quantity": 1}],
        "payment": {"method": "card", "token": token},
    })
}

/// A tab whose money is held.
async fn placed(kitchen: &Kitchen, guest: &str, body: Value) -> String {
    let order = kitchen.order((guest, ""), body).await.good();
    let id = order["id"].as_str().unwrap().to_owned();
    eventually(async || own(kitchen, (guest, &id)).await["payment"] == "secured").await;
    id
}

async fn own(kitchen: &Kitchen, (guest, order): (&str, &str)) -> Value {
    let path = format!("/api/orders/{order}");
    let said = kitchen.shop.ask((guest, ""), Method::GET, &path, None);
    said.await.good()
}

async fn goes(kitchen: &Kitchen, order: &str, statuses: &[&str]) {
    for status in statuses {
        let seen = kitchen.see(order).await;
        let body = json!({"status": status, "version": seen["version"]});
        kitchen.set(order, body).await.good();
    }
}

/// So many of an item besides.
fn besides(line: &str, (item, quantity): (&str, u32)) -> Value {
    json!({"add": [{"line": line, "menuItemId": item, "quantity": quantity}]})
}

async fn add(kitchen: &Kitchen, (guest, order): (&str, &str), body: Value) -> Said {
    let path = format!("/api/orders/{order}");
    let shop = &kitchen.shop;
    shop.ask((guest, ""), Method::PATCH, &path, Some(body))
        .await
}

async fn payments(kitchen: &Kitchen, order: &str) -> Vec<Intent> {
    let id: OrderId = order.parse().unwrap();
    let payments = &kitchen.shop.node.more.commerce.payments;
    payments.of_order(id).await.unwrap()
}

/// What is held, taken and given back by each payment of an order.
async fn moved(kitchen: &Kitchen, order: &str) -> Vec<(i64, i64, i64)> {
    let sums = |one: Intent| (one.authorised_minor, one.captured_minor, one.refunded_minor);
    let all = payments(kitchen, order).await.into_iter();
    all.map(sums).collect()
}

async fn on(kitchen: &Kitchen, account: &str) -> i64 {
    let books = kitchen.books().await;
    let found = books.iter().find(|(name, _)| name == account);
    found.map_or(0, |(_, minor)| *minor)
}

/// Why it is refused, and for what.
#[track_caller]
fn why(said: &Said) -> [&str; 2] {
    assert_eq!(said.code(), (409, "order_refused"), "{said:?}");
    let first = &said.body["fields"][0];
    ["field", "code"].map(|name| first[name].as_str().unwrap())
}

async fn what_was_served_is_taken_and_the_rest_let_go(engine: Engine) {
    let (kitchen, guest) = open(engine).await;
    let order = placed(&kitchen, &guest, basket(&kitchen, "ok")).await;
    let who = (guest.as_str(), order.as_str());
    let shown = own(&kitchen, who).await;
    assert_eq!(shown["tab"], json!({"hold": "50.00", "left": "37.50"}));
    assert_eq!(shown["payments"][0]["amount"], "50.00");
    assert_eq!(shown["total"], "12.50");
    goes(&kitchen, &order, &["confirmed"]).await;
    let said = add(&kitchen, who, besides("second", (&kitchen.water, 2)));
    let said = said.await.good();
    assert_eq!(
        (&said["total"], &said["proposal"], &said["tab"]["left"]),
        (&json!("16.50"), &Value::Null, &json!("33.50"))
    );
    goes(&kitchen, &order, &["preparing"]).await;
    let said = add(&kitchen, who, besides("third", (&kitchen.cake, 1)));
    let said = said.await.good();
    assert_eq!(said["total"], "21.50");
    let lines = &said["tickets"][0]["lines"];
    assert_eq!(*lines, json!(["1", "second", "third"]));
    eventually(async || kitchen.left().await == 8).await;
    // Nobody says that it is ready without having seen what came last.
    let ready = |version: &Value| json!({"status": "ready_for_pickup", "version": version});
    let blind = kitchen.set(&order, ready(&Value::Null)).await;
    assert_eq!(blind.code(), (422, "field_invalid"));
    let before = kitchen.set(&order, ready(&shown["version"])).await;
    assert_eq!(before.code(), (409, "version_changed"));
    // Nothing is taken by the rule of other orders, and nothing more is held.
    goes(&kitchen, &order, &["ready_for_pickup"]).await;
    let made = own(&kitchen, who).await;
    assert_eq!(made["tab"], json!({"hold": "50.00", "left": "0.00"}));
    assert_eq!(moved(&kitchen, &order).await, [(5_000, 0, 0)]);
    assert_eq!(on(&kitchen, "diner").await, 2_150);
    let late = add(&kitchen, who, besides("late", (&kitchen.water, 1))).await;
    assert_eq!(late.code(), (409, "order_moved"));
    goes(&kitchen, &order, &["served"]).await;
    eventually(async || moved(&kitchen, &order).await == [(5_000, 2_150, 0)]).await;
    eventually(async || on(&kitchen, "diner").await == 0).await;
    assert_eq!(on(&kitchen, "provider:test").await, 2_150);
    // No more goes back than was taken, whatever was held.
    let path = format!("/api/orders/{order}/refunds");
    let all = json!({"reason": "quality"});
    kitchen.shop.post(&path, all).await.good();
    eventually(async || moved(&kitchen, &order).await == [(5_000, 2_150, 2_150)]).await;
    eventually(async || on(&kitchen, "provider:test").await == 0).await;
    kitchen.shop.verify().await;
}

async fn what_the_hold_is_not_enough_for_is_refused(engine: Engine) {
    let (kitchen, guest) = open(engine).await;
    let mut body = basket(&kitchen, "ok");
    body["hold"] = "20.00".into();
    let order = placed(&kitchen, &guest, body).await;
    let who = (guest.as_str(), order.as_str());
    goes(&kitchen, &order, &["confirmed"]).await;
    let much = besides("second", (&kitchen.cake, 2));
    let full = add(&kitchen, who, much.clone()).await;
    assert_eq!(why(&full), ["tab", "tab_full"]);
    let words = full.body["fields"][0].to_string();
    assert!(words.contains("7.50"), "{words}");
    let path = format!("/api/orders/{order}/lines");
    let full = kitchen.shop.patch(&path, much).await;
    assert_eq!(why(&full), ["tab", "tab_full"]);
    // Nothing was taken for it.
    eventually(async || kitchen.left().await == 9).await;
    assert_eq!(on(&kitchen, "diner").await, 1_250);
    let cake = besides("second", (&kitchen.cake, 1));
    let said = add(&kitchen, who, cake.clone()).await.good();
    assert_eq!(said["tab"]["left"], "2.50");
    // The same again is the same line, and under a key the same answer.
    let again = add(&kitchen, who, cake).await;
    assert_eq!(again.code(), (422, "field_invalid"));
    let path = format!("/api/orders/{order}");
    let water = besides("third", (&kitchen.water, 1));
    let ask = async || {
        let shop = &kitchen.shop;
        let said = shop.ask((&guest, "once"), Method::PATCH, &path, Some(water.clone()));
        said.await.good()
    };
    let first = ask().await;
    assert_eq!(first["tab"]["left"], "0.50");
    assert_eq!(ask().await, first);
    // What was accepted is not for the guest to take back.
    let less = add(&kitchen, who, json!({"remove": ["second"]})).await;
    assert_eq!(less.code(), (409, "order_moved"));
    assert_eq!(moved(&kitchen, &order).await, [(2_000, 0, 0)]);
    kitchen.shop.verify().await;
}

async fn many_who_add_at_once_order_no_more_than_is_held(engine: Engine) {
    let (kitchen, guest) = open(engine).await;
    let order = placed(&kitchen, &guest, basket(&kitchen, "ok")).await;
    let who = (guest.as_str(), order.as_str());
    goes(&kitchen, &order, &["confirmed"]).await;
    let asks = (0..6).map(|number| {
        let pizza = besides(&format!("p{number}"), (&kitchen.pizza, 1));
        add(&kitchen, who, pizza)
    });
    let said = join_all(asks).await;
    let (good, others): (Vec<_>, Vec<_>) = said.iter().partition(|said| said.status == 200);
    assert_eq!(good.len(), 3, "{said:?}");
    for said in others {
        assert_eq!(why(said), ["tab", "tab_full"]);
    }
    assert_eq!(own(&kitchen, who).await["total"], "50.00");
    goes(&kitchen, &order, &SERVED).await;
    eventually(async || moved(&kitchen, &order).await == [(5_000, 5_000, 0)]).await;
    eventually(async || on(&kitchen, "diner").await == 0).await;
    kitchen.shop.verify().await;
}

async fn what_the_restaurant_adds_waits_for_a_word_alone(engine: Engine) {
    let (kitchen, guest) = open(engine).await;
    let order = placed(&kitchen, &guest, basket(&kitchen, "ok")).await;
    goes(&kitchen, &order, &["confirmed"]).await;
    let path = format!("/api/orders/{order}/lines");
    let round = besides("round", (&kitchen.water, 4));
    let said = kitchen.shop.patch(&path, round).await.good();
    let proposal = &said["proposal"];
    assert_eq!(
        (&proposal["waitsFor"], &proposal["difference"]),
        (&json!("consent"), &json!("8.00"))
    );
    let yes = json!({"proposal": proposal["number"], "accept": true});
    let path = format!("/api/orders/{order}/consent");
    let asked = kitchen
        .shop
        .ask((&guest, ""), Method::POST, &path, Some(yes));
    let said = asked.await.good();
    assert_eq!(
        (&said["total"], &said["tab"]["left"]),
        (&json!("20.50"), &json!("29.50"))
    );
    // The restaurant takes out what it has not, and less is taken.
    let path = format!("/api/orders/{order}/lines");
    let less = json!({"quantity": [{"line": "round", "quantity": 1}], "reason": "sold_out"});
    let said = kitchen.shop.patch(&path, less).await.good();
    assert_eq!(said["tab"]["left"], "35.50");
    goes(&kitchen, &order, &SERVED).await;
    eventually(async || moved(&kitchen, &order).await == [(5_000, 1_450, 0)]).await;
    eventually(async || on(&kitchen, "diner").await == 0).await;
    kitchen.shop.verify().await;
}

async fn what_is_cancelled_lets_go_of_all_that_is_held(engine: Engine) {
    let (kitchen, guest) = open(engine).await;
    let early = placed(&kitchen, &guest, basket(&kitchen, "ok")).await;
    let path = format!("/api/orders/{early}/cancel");
    let body = Some(json!({"reason": "changed_mind"}));
    let shop = &kitchen.shop;
    let said = shop.ask((&guest, ""), Method::POST, &path, body).await;
    assert_eq!(said.good()["tab"], json!({"hold": "50.00", "left": "0.00"}));
    let late = placed(&kitchen, &guest, basket(&kitchen, "ok")).await;
    goes(&kitchen, &late, &["confirmed"]).await;
    let cake = besides("second", (&kitchen.cake, 1));
    add(&kitchen, (&guest, &late), cake).await.good();
    goes(&kitchen, &late, &["preparing", "ready_for_pickup"]).await;
    let why = json!({"status": "cancelled", "reason": "other"});
    kitchen.set(&late, why).await.good();
    for order in [&early, &late] {
        eventually(async || payments(&kitchen, order).await[0].state == State::Cancelled).await;
        assert_eq!(moved(&kitchen, order).await, [(5_000, 0, 0)]);
    }
    assert!(kitchen.books().await.is_empty());
    // A card that is refused opens none.
    let refused = kitchen.order((&guest, ""), basket(&kitchen, "refused"));
    let refused = refused.await.good();
    let id = refused["id"].as_str().unwrap();
    eventually(async || own(&kitchen, (&guest, id)).await["status"] == "cancelled").await;
    kitchen.shop.verify().await;
}

async fn no_less_is_held_than_the_order_costs(engine: Engine) {
    let (kitchen, guest) = open(engine).await;
    let mut body = basket(&kitchen, "ok");
    body["hold"] = "1.00".into();
    let small = placed(&kitchen, &guest, body.clone()).await;
    let who = (guest.as_str(), small.as_str());
    let shown = own(&kitchen, who).await;
    assert_eq!(shown["tab"], json!({"hold": "12.50", "left": "0.00"}));
    let full = add(&kitchen, who, besides("second", (&kitchen.water, 1))).await;
    assert_eq!(why(&full), ["tab", "tab_full"]);
    // Also where it costs more than the restaurant holds of others.
    body.as_object_mut().unwrap().remove("hold");
    body["items"][0]["quantity"] = 5.into();
    let large = placed(&kitchen, &guest, body).await;
    assert_eq!(moved(&kitchen, &large).await, [(6_250, 0, 0)]);
    let statuses = ["confirmed", "preparing", "ready_for_pickup", "served"];
    goes(&kitchen, &large, &statuses).await;
    eventually(async || moved(&kitchen, &large).await == [(6_250, 6_250, 0)]).await;
    kitchen.shop.verify().await;
}

async fn tabs_are_opened_where_they_are_taken(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let guest = kitchen.shop.person(&[]);
    let place = async |change: Value| {
        let mut body = basket(&kitchen, "ok");
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        if !change["split"].is_null() || !change["payments"].is_null() {
            body.as_object_mut().unwrap().remove("payment");
        }
        kitchen.order((&guest, ""), body).await
    };
    assert_eq!(why(&place(json!({})).await), ["tab", "no_tabs"]);
    for unfit in [
        json!({}),
        json!({"hold": "0.00"}),
        json!({"hold": "-1.00"}),
        json!({"hold": "5.00", "most": "9.00"}),
    ] {
        assert_eq!(takes_tabs(&kitchen, unfit).await.status, 422);
    }
    let rules = takes_tabs(&kitchen, json!({"hold": "50.00"})).await.good();
    assert_eq!(rules["tabs"], json!({"hold": "50.00"}));
    let card = json!({"method": "card", "token": "ok"});
    let cash = json!({"method": "cash"});
    let mut whole = card.clone();
    whole["amount"] = "12.50".into();
    let split = json!({"by": "share", "parts": [{"payment": card}]});
    let refused = [
        (json!({"serviceType": "pickup"}), "tab_service"),
        (json!({"hold": "50.01"}), "tab_hold"),
        (json!({"hold": "0.00"}), "tab_hold"),
        (json!({"payment": cash}), "tab_card"),
        (json!({"payment": whole}), "tab_card"),
        (json!({"payment": {"method": "store_credit"}}), "tab_card"),
        (json!({"payments": [whole, cash]}), "tab_card"),
        (json!({"split": split}), "tab_card"),
    ];
    for (change, code) in refused {
        let said = place(change.clone()).await;
        assert_eq!(why(&said), ["tab", code], "{change}");
    }
    let alone = place(json!({"tab": false, "hold": "20.00"})).await;
    assert_eq!(alone.code(), (422, "field_invalid"));
    // The restaurant itself takes none: what it takes is paid at the table.
    let path = format!("{}/orders", kitchen.at());
    let mut called = basket(&kitchen, "ok");
    called["payment"] = cash;
    let called = kitchen.shop.post(&path, called).await;
    assert_eq!(why(&called), ["tab", "tab_card"]);
    let none = place(json!({"tab": false})).await.good();
    assert_eq!(none["tab"], Value::Null);
    // A tab keeps to what was held of it.
    let order = placed(&kitchen, &guest, basket(&kitchen, "ok")).await;
    takes_tabs(&kitchen, json!({"hold": "10.00"})).await.good();
    let who = (guest.as_str(), order.as_str());
    let said = add(&kitchen, who, besides("second", (&kitchen.pizza, 1)));
    assert_eq!(said.await.good()["tab"]["left"], "25.00");
    kitchen.shop.verify().await;
}

async fn a_tab_whose_hold_has_lapsed_waits_for_somebody(engine: Engine) {
    let (kitchen, guest) = open(engine).await;
    let order = placed(&kitchen, &guest, basket(&kitchen, "lapses")).await;
    let statuses = ["confirmed", "preparing", "ready_for_pickup", "served"];
    goes(&kitchen, &order, &statuses).await;
    eventually(async || {
        let seen = kitchen.see(&order).await;
        seen["payments"][0]["refusedFor"] == "authorisation_expired"
    })
    .await;
    assert_eq!(moved(&kitchen, &order).await, [(5_000, 0, 0)]);
    // What was served is owed, and no more.
    assert_eq!(on(&kitchen, "diner").await, 1_250);
    let path = "/api/ops/sagas?state=parked";
    eventually(async || {
        let parked = kitchen.shop.get(path).await.good();
        let first = &parked["items"][0];
        (&first["kind"], &first["amount"]) == (&json!("order.capture"), &json!("12.50"))
    })
    .await;
    kitchen.shop.verify().await;
}

async fn who_is_closed_takes_no_more_on_a_tab(engine: Engine) {
    let (kitchen, guest) = open(engine).await;
    let order = placed(&kitchen, &guest, basket(&kitchen, "ok")).await;
    let who = (guest.as_str(), order.as_str());
    let path = format!("{}/pause", kitchen.at());
    let pause = json!({"reason": "staff", "minutes": 30});
    kitchen.shop.post(&path, pause).await.good();
    let late = add(&kitchen, who, besides("late", (&kitchen.water, 1))).await;
    assert_eq!(why(&late), ["order", "paused"]);
    // The restaurant itself may serve one more.
    let path = format!("/api/orders/{order}/lines");
    let last = besides("last", (&kitchen.water, 1));
    kitchen.shop.patch(&path, last).await.good();
}

async fn a_tab_goes_on_when_its_slot_is_over(engine: Engine) {
    let clock = Clock::simulated(Clock::real().now());
    let kitchen = Kitchen::open(Shop::working_at(engine, &clock).await).await;
    takes_tabs(&kitchen, json!({"hold": "50.00"})).await.good();
    let days = json!(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
    let when = json!({"days": days, "from": "00:00", "to": "24:00"});
    let rules = json!([{"minutesMax": 15, "when": when}]);
    let path = format!("{}/capacity", kitchen.at());
    let body = json!({"itemMinutes": 5, "rules": rules, "version": 0});
    kitchen.shop.put(&path, body).await.good();
    let guest = kitchen.shop.person(&[]);
    // Another one is made then, too: who is alone in a slot may have all of it.
    let place = || kitchen.order((&guest, ""), basket(&kitchen, "ok"));
    place().await.good();
    let placed = place().await.good();
    let who = (guest.as_str(), placed["id"].as_str().unwrap());
    eventually(async || {
        clock.advance(Duration::from_millis(200)).unwrap();
        own(&kitchen, who).await["payment"] == "secured"
    })
    .await;
    goes(&kitchen, who.1, &["confirmed"]).await;
    let round = |line| besides(line, (&kitchen.pizza, 1));
    add(&kitchen, who, round("second")).await.good();
    let full = add(&kitchen, who, round("third")).await;
    assert_eq!(why(&full), ["wantedAt", "slot_full"]);
    clock.advance(Duration::from_secs(3_600)).unwrap();
    add(&kitchen, who, round("third")).await.good();
}
