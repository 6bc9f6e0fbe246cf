//! Changes of an order's lines after it was placed: who may, who is asked, and that goods, books and money go along.

use base::Clock;
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::trial::Engine;
use trade::orders::OrderId;
use trade::payments::{Intent, State};

use super::kitchen::Kitchen;
use super::world::{Said, Shop, eventually, on_both};

on_both!(
    what_the_restaurant_takes_out_comes_off_at_once,
    a_replacement_waits_for_the_diner,
    what_costs_more_is_held_before_it_is_in_force,
    a_refused_card_drops_the_change,
    what_was_taken_is_given_back_in_part,
    diners_change_until_it_is_accepted,
    nobody_changes_what_is_not_his,
    what_nobody_answers_goes_by_the_rule,
    a_coupon_keeps_its_minimum,
    an_order_that_ends_takes_its_change_along,
    what_a_diner_adds_is_sold_and_made_like_the_rest,
    what_the_restaurant_adds_waits_for_the_diner,
    nothing_is_added_that_cannot_be_sold,
);

fn id(order: &Value) -> String {
    order["id"].as_str().unwrap().to_owned()
}

/// Two cakes and a water, to be fetched: 12.00.
fn basket(kitchen: &Kitchen, token: Option<&str>) -> Value {
    let mut body = json!({
        "restaurantId": kitchen.restaurant, "serviceType": "pickup",
        "items": [
            {"menuItemId": kitchen.cake, "quantity": 2},
            {"menuItemId": kitchen.water, "quantity": 1},
        ],
    });
    if let Some(token) = token {
        body["payment"] = json!({"method": "card", "token": token});
    }
    body
}

async fn open(engine: Engine) -> (Kitchen, String) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    kitchen.count(5).await;
    let diner = kitchen.shop.person(&[]);
    (kitchen, diner)
}

/// An order that the restaurant sees, and has accepted if that is wanted.
async fn placed(kitchen: &Kitchen, diner: &str, (body, accepted): (Value, bool)) -> String {
    let order = kitchen.order((diner, ""), body).await.good();
    let id = id(&order);
    eventually(async || own(kitchen, diner, &id).await["payment"] != "waiting").await;
    if accepted {
        let body = json!({"status": "confirmed"});
        kitchen.set(&id, body).await.good();
    }
    id
}

async fn own(kitchen: &Kitchen, diner: &str, order: &str) -> Value {
    let path = format!("/api/orders/{order}");
    let said = kitchen.shop.ask((diner, ""), Method::GET, &path, None);
    said.await.good()
}

async fn change(kitchen: &Kitchen, order: &str, body: Value) -> Said {
    let path = format!("/api/orders/{order}/lines");
    kitchen.shop.patch(&path, body).await
}

async fn change_own(kitchen: &Kitchen, (diner, order): (&str, &str), body: Value) -> Said {
    let path = format!("/api/orders/{order}");
    let shop = &kitchen.shop;
    shop.ask((diner, ""), Method::PATCH, &path, Some(body))
        .await
}

async fn consent(kitchen: &Kitchen, (diner, order): (&str, &str), body: Value) -> Said {
    let path = format!("/api/orders/{order}/consent");
    let shop = &kitchen.shop;
    shop.ask((diner, ""), Method::POST, &path, Some(body)).await
}

async fn payments(kitchen: &Kitchen, order: &str) -> Vec<Intent> {
    let id: OrderId = order.parse().unwrap();
    let payments = &kitchen.shop.node.more.commerce.payments;
    payments.of_order(id).await.unwrap()
}

/// What was taken for an order and not given back.
async fn taken(kitchen: &Kitchen, order: &str) -> i64 {
    let all = payments(kitchen, order).await;
    let taken = all
        .iter()
        .map(|one| one.captured_minor - one.refunded_minor);
    taken.sum()
}

/// What the diner owes.
async fn owed(kitchen: &Kitchen) -> i64 {
    let books = kitchen.books().await;
    let owed = books.iter().find(|(name, _)| name == "diner");
    owed.map_or(0, |(_, minor)| *minor)
}

/// Water instead of cake, or a pizza.
fn by(item: &str, line: &str) -> Value {
    json!({"replace": [{"line": line, "menuItemId": item, "quantity": 1}], "reason": "sold_out"})
}

async fn what_the_restaurant_takes_out_comes_off_at_once(engine: Engine) {
    let (kitchen, diner) = open(engine).await;
    let order = placed(&kitchen, &diner, (basket(&kitchen, None), true)).await;
    assert_eq!(kitchen.left().await, 3);
    let fewer = json!({"quantity": [{"line": "1", "quantity": 1}], "reason": "sold_out"});
    let said = change(&kitchen, &order, fewer).await.good();
    assert_eq!(
        (&said["total"], &said["tax"]),
        (&json!("7.00"), &json!("0.63"))
    );
    assert_eq!(said["changes"][0]["difference"], "-5.00");
    assert_eq!(said["changes"][0]["reason"], "sold_out");
    eventually(async || kitchen.left().await == 4).await;
    let body = json!({"remove": ["2"], "reason": "sold_out"});
    let said = change(&kitchen, &order, body).await.good();
    assert_eq!(said["items"][1]["state"], "removed");
    assert_eq!(
        (said["total"].as_str(), owed(&kitchen).await),
        (Some("5.00"), 500)
    );
    // The last line is no change, and a line that is not there is none.
    for body in [
        json!({"remove": ["1"]}),
        json!({"remove": ["2"]}),
        json!({}),
    ] {
        let said = change(&kitchen, &order, body).await;
        assert_eq!(said.code(), (422, "field_invalid"));
    }
    for status in ["preparing", "ready_for_pickup", "collected"] {
        kitchen.set(&order, json!({"status": status})).await.good();
    }
    let cash = kitchen.books().await;
    assert!(cash.contains(&("cash".to_owned(), 500)), "{cash:?}");
    let late = change(&kitchen, &order, json!({"remove": ["1"]})).await;
    assert_eq!(late.code(), (409, "order_closed"));
    kitchen.shop.verify().await;
}

async fn a_replacement_waits_for_the_diner(engine: Engine) {
    let (kitchen, diner) = open(engine).await;
    let order = placed(&kitchen, &diner, (basket(&kitchen, None), true)).await;
    let said = change(&kitchen, &order, by(&kitchen.cake, "2"))
        .await
        .good();
    let proposal = &said["proposal"];
    assert_eq!(said["total"], "12.00");
    assert_eq!(
        (
            &proposal["total"],
            &proposal["difference"],
            &proposal["waitsFor"]
        ),
        (&json!("15.00"), &json!("3.00"), &json!("consent"))
    );
    assert_eq!(proposal["items"][1]["line"], "3");
    // It is set aside for him, and nothing else is changed meanwhile.
    eventually(async || kitchen.left().await == 2).await;
    let more = change(&kitchen, &order, json!({"remove": ["2"]})).await;
    assert_eq!(more.code(), (409, "order_moved"));
    let number = proposal["number"].as_i64().unwrap();
    let other = json!({"proposal": number + 1, "accept": true});
    let who = (diner.as_str(), order.as_str());
    let said = consent(&kitchen, who, other).await;
    assert_eq!(said.code(), (409, "version_changed"));
    let no = json!({"proposal": number, "accept": false});
    let said = consent(&kitchen, who, no).await.good();
    assert_eq!(
        (&said["total"], &said["proposal"]),
        (&json!("12.00"), &Value::Null)
    );
    eventually(async || kitchen.left().await == 3).await;

    let said = change(&kitchen, &order, by(&kitchen.cake, "2"))
        .await
        .good();
    let yes = json!({"proposal": said["proposal"]["number"], "accept": true});
    let said = consent(&kitchen, who, yes.clone()).await.good();
    assert_eq!(said["total"], "15.00");
    assert_eq!(said["items"][1]["state"], "replaced");
    assert_eq!(said["tickets"][0]["lines"], json!(["1", "3"]));
    assert_eq!(
        (kitchen.left().await, owed(&kitchen).await),
        (2.into(), 1_500)
    );
    let again = consent(&kitchen, who, yes).await;
    assert_eq!(again.code(), (409, "order_moved"));
    // All of it comes back when the order does not come about.
    let body = json!({"status": "cancelled", "reason": "sold_out"});
    kitchen.set(&order, body).await.good();
    assert_eq!(
        (kitchen.left().await, kitchen.books().await),
        (5.into(), vec![])
    );
    kitchen.shop.verify().await;
}

async fn what_costs_more_is_held_before_it_is_in_force(engine: Engine) {
    let (kitchen, diner) = open(engine).await;
    let order = placed(&kitchen, &diner, (basket(&kitchen, Some("ok")), true)).await;
    eventually(async || taken(&kitchen, &order).await == 1_200).await;
    let said = change(&kitchen, &order, by(&kitchen.pizza, "2"))
        .await
        .good();
    let who = (diner.as_str(), order.as_str());
    let mut yes = json!({"proposal": said["proposal"]["number"], "accept": true});
    let bare = consent(&kitchen, who, yes.clone()).await;
    assert_eq!(bare.code(), (409, "order_unpaid"));
    yes["payment"] = json!({"token": "slow"});
    let said = consent(&kitchen, who, yes.clone()).await.good();
    assert_eq!(said["proposal"]["waitsFor"], "payment");
    assert_eq!(said["total"], "12.00");
    // Saying so again is saying it once.
    consent(&kitchen, who, yes).await.good();
    // A kitchen is not done as long as it is not known what it makes.
    kitchen
        .set(&order, json!({"status": "preparing"}))
        .await
        .good();
    let early = kitchen
        .set(&order, json!({"status": "ready_for_pickup"}))
        .await;
    assert_eq!(early.code(), (409, "order_moved"));
    eventually(async || own(&kitchen, &diner, &order).await["total"] == "22.50").await;
    eventually(async || taken(&kitchen, &order).await == 2_250).await;
    let all = payments(&kitchen, &order).await;
    let sums: Vec<_> = all
        .iter()
        .map(|one| (one.minor, one.captured_minor))
        .collect();
    assert_eq!(sums, [(1_200, 1_200), (1_050, 1_050)]);
    assert_eq!(owed(&kitchen).await, 0);
    // What it costs is given back of both, and nothing more.
    let body = json!({"status": "cancelled", "reason": "other"});
    kitchen.set(&order, body).await.good();
    eventually(async || taken(&kitchen, &order).await == 0).await;
    eventually(async || kitchen.books().await.is_empty()).await;
    kitchen.shop.verify().await;
}

async fn a_refused_card_drops_the_change(engine: Engine) {
    let (kitchen, diner) = open(engine).await;
    let order = placed(&kitchen, &diner, (basket(&kitchen, Some("ok")), true)).await;
    let said = change(&kitchen, &order, by(&kitchen.pizza, "2"))
        .await
        .good();
    let number = &said["proposal"]["number"];
    let yes = json!({"proposal": number, "accept": true, "payment": {"token": "refused"}});
    consent(&kitchen, (&diner, &order), yes).await.good();
    eventually(async || own(&kitchen, &diner, &order).await["proposal"].is_null()).await;
    assert_eq!(own(&kitchen, &diner, &order).await["total"], "12.00");
    assert_eq!(own(&kitchen, &diner, &order).await["changes"], Value::Null);
    eventually(async || taken(&kitchen, &order).await == 1_200).await;
    let all = payments(&kitchen, &order).await;
    assert_eq!(all.last().unwrap().state, State::Failed);
    kitchen.shop.verify().await;
}

async fn what_was_taken_is_given_back_in_part(engine: Engine) {
    let (kitchen, diner) = open(engine).await;
    let order = placed(&kitchen, &diner, (basket(&kitchen, Some("ok")), true)).await;
    let body = json!({"remove": ["2"], "reason": "sold_out"});
    change(&kitchen, &order, body).await.good();
    let fewer = json!({"quantity": [{"line": "1", "quantity": 1}], "reason": "sold_out"});
    change(&kitchen, &order, fewer).await.good();
    eventually(async || taken(&kitchen, &order).await == 500).await;
    assert_eq!(owed(&kitchen).await, 0);
    for status in ["preparing", "ready_for_pickup", "collected"] {
        kitchen.set(&order, json!({"status": status})).await.good();
    }
    // What is left can be refunded, and nothing of what was given back already.
    let path = format!("/api/orders/{order}/refunds");
    let body = json!({"lines": [{"line": "1", "amount": "5.01"}], "reason": "quality"});
    let said = kitchen.shop.post(&path, body).await;
    assert_eq!(said.code(), (409, "payment_refused"));
    kitchen
        .shop
        .post(&path, json!({"reason": "quality"}))
        .await
        .good();
    eventually(async || taken(&kitchen, &order).await == 0).await;
    kitchen.shop.verify().await;
}

async fn diners_change_until_it_is_accepted(engine: Engine) {
    let (kitchen, diner) = open(engine).await;
    let order = placed(&kitchen, &diner, (basket(&kitchen, Some("ok")), false)).await;
    let who = (diner.as_str(), order.as_str());
    let more = json!({"quantity": [{"line": "2", "quantity": 3}]});
    let bare = change_own(&kitchen, who, more.clone()).await;
    assert_eq!(bare.code(), (409, "order_unpaid"));
    let mut paid = more;
    paid["payment"] = json!({"token": "ok"});
    let said = change_own(&kitchen, who, paid).await.good();
    assert_eq!(said["proposal"]["waitsFor"], "payment");
    eventually(async || own(&kitchen, &diner, &order).await["total"] == "16.00").await;
    let less = json!({"quantity": [{"line": "1", "quantity": 1}]});
    let said = change_own(&kitchen, who, less).await.good();
    assert_eq!(said["total"], "11.00");
    let six = json!({"quantity": [{"line": "1", "quantity": 6}], "payment": {"token": "ok"}});
    let short = change_own(&kitchen, who, six).await;
    assert_eq!(short.code(), (409, "order_refused"));
    assert_eq!(short.body["fields"][0]["code"], "sold_out");
    kitchen
        .set(&order, json!({"status": "confirmed"}))
        .await
        .good();
    // Less is taken than was held, and what nothing is taken of is let go.
    eventually(async || taken(&kitchen, &order).await == 1_100).await;
    eventually(async || {
        let all = payments(&kitchen, &order).await;
        all.last().unwrap().state == State::Cancelled
    })
    .await;
    assert_eq!(owed(&kitchen).await, 0);
    let late = change_own(&kitchen, who, json!({"remove": ["2"]})).await;
    assert_eq!(late.code(), (409, "order_moved"));
    kitchen.shop.verify().await;
}

async fn nobody_changes_what_is_not_his(engine: Engine) {
    let (kitchen, diner) = open(engine).await;
    let order = placed(&kitchen, &diner, (basket(&kitchen, None), false)).await;
    let shop = &kitchen.shop;
    let other = shop.person(&[]);
    let elsewhere = shop.restaurant(&kitchen.organisation, None).await;
    let staff = shop.person(&[&elsewhere]);
    let body = json!({"remove": ["2"]});
    let said = change_own(&kitchen, (&other, &order), body.clone()).await;
    assert_eq!(said.code(), (404, "not_found"));
    let yes = json!({"proposal": 1, "accept": true});
    let said = consent(&kitchen, (&other, &order), yes.clone()).await;
    assert_eq!(said.code(), (404, "not_found"));
    let said = consent(&kitchen, (&diner, &order), yes).await;
    assert_eq!(said.code(), (409, "order_moved"));
    let path = format!("/api/orders/{order}/lines");
    let said = shop.ask((&staff, ""), Method::PATCH, &path, Some(body.clone()));
    assert_eq!(said.await.code(), (404, "not_found"));
    let said = shop.ask((&diner, ""), Method::PATCH, &path, Some(body.clone()));
    assert_eq!(said.await.code(), (404, "not_found"));
    let mut seen = body;
    seen["version"] = 7.into();
    let said = change(&kitchen, &order, seen).await;
    assert_eq!(said.code(), (409, "version_changed"));
}

async fn what_nobody_answers_goes_by_the_rule(engine: Engine) {
    let clock = Clock::simulated(Clock::real().now());
    let kitchen = Kitchen::open(Shop::working_at(engine, &clock).await).await;
    kitchen.count(5).await;
    let diner = kitchen.shop.person(&[]);
    let path = format!("{}/order-rules", kitchen.at());
    for (rule, total) in [("keep", "12.00"), ("remove", "10.00")] {
        let mut rules = kitchen.shop.get(&path).await.good();
        assert_eq!(rules["consentSeconds"], 300);
        rules["noConsent"] = rule.into();
        kitchen.shop.put(&path, rules).await.good();
        let order = placed(&kitchen, &diner, (basket(&kitchen, None), true)).await;
        let left = kitchen.left().await;
        change(&kitchen, &order, by(&kitchen.cake, "2"))
            .await
            .good();
        clock.advance(Duration::from_secs(301)).unwrap();
        eventually(async || own(&kitchen, &diner, &order).await["proposal"].is_null()).await;
        assert_eq!(own(&kitchen, &diner, &order).await["total"], total);
        eventually(async || kitchen.left().await == left).await;
    }
    assert_eq!(owed(&kitchen).await, 2_200);
    kitchen.shop.verify().await;
}

async fn a_coupon_keeps_its_minimum(engine: Engine) {
    let (kitchen, diner) = open(engine).await;
    let path = format!("/api/organisations/{}/coupons", kitchen.organisation);
    let gives = json!({"kind": "percent", "percent": "10"});
    let terms = json!({"name": "Ten", "currency": "EUR", "minimum": "10.00", "gives": gives});
    let coupon = json!({"code": "SAVE10", "terms": terms});
    kitchen.shop.post(&path, coupon).await.good();
    let mut body = basket(&kitchen, None);
    body["couponCode"] = "SAVE10".into();
    let order = placed(&kitchen, &diner, (body, false)).await;
    assert_eq!(own(&kitchen, &diner, &order).await["total"], "10.80");
    let less = json!({"quantity": [{"line": "1", "quantity": 1}]});
    let said = change_own(&kitchen, (&diner, &order), less.clone()).await;
    assert_eq!(said.code(), (409, "order_refused"));
    assert_eq!(said.body["fields"][0]["field"], "couponCode");
    // What the restaurant has not is not held against him.
    let said = change(&kitchen, &order, less).await.good();
    assert_eq!(
        (&said["total"], &said["discount"]),
        (&json!("6.30"), &json!("0.70"))
    );
    kitchen.shop.verify().await;
}

async fn an_order_that_ends_takes_its_change_along(engine: Engine) {
    let (kitchen, diner) = open(engine).await;
    let order = placed(&kitchen, &diner, (basket(&kitchen, Some("ok")), true)).await;
    let body = json!({"replace": [{"line": "2", "menuItemId": kitchen.cake, "quantity": 2}]});
    let said = change(&kitchen, &order, body).await.good();
    let number = &said["proposal"]["number"];
    let yes = json!({"proposal": number, "accept": true, "payment": {"token": "slow"}});
    consent(&kitchen, (&diner, &order), yes).await.good();
    eventually(async || kitchen.left().await == 1).await;
    let body = json!({"status": "cancelled", "reason": "sold_out"});
    kitchen.set(&order, body).await.good();
    assert_eq!(kitchen.left().await, 5);
    eventually(async || {
        let all = payments(&kitchen, &order).await;
        all.iter().all(|one| one.state.is_final())
    })
    .await;
    assert_eq!(taken(&kitchen, &order).await, 0);
    eventually(async || kitchen.books().await.is_empty()).await;
    kitchen.shop.verify().await;
}

/// So many of an item besides.
fn besides(line: &str, (item, quantity): (&str, u32)) -> Value {
    json!({"add": [{"line": line, "menuItemId": item, "quantity": quantity}]})
}

async fn what_a_diner_adds_is_sold_and_made_like_the_rest(engine: Engine) {
    let (kitchen, diner) = open(engine).await;
    kitchen.count(9).await;
    let order = placed(&kitchen, &diner, (basket(&kitchen, None), false)).await;
    let who = (diner.as_str(), order.as_str());
    let said = change_own(&kitchen, who, besides("more", (&kitchen.cake, 2)))
        .await
        .good();
    assert_eq!(
        (&said["total"], &said["tax"], &said["proposal"]),
        (&json!("22.00"), &json!("2.00"), &Value::Null)
    );
    let added = &said["items"][2];
    assert_eq!(
        (&added["line"], &added["amount"], &added["state"]),
        (&json!("more"), &json!("10.00"), &json!("sold"))
    );
    assert_eq!(said["tickets"][0]["lines"], json!(["1", "2", "more"]));
    eventually(async || kitchen.left().await == 5).await;
    assert_eq!(owed(&kitchen).await, 2_200);
    // What is chosen with it costs what the menu says.
    let mut large = besides("large", (&kitchen.pizza, 1));
    let size = json!([{"group": kitchen.sizes, "item": kitchen.large, "quantity": 1}]);
    large["add"][0]["options"] = size;
    let said = change_own(&kitchen, who, large).await.good();
    assert_eq!(said["total"], "37.50");
    assert_eq!(said["items"][3]["options"][0]["amount"], "3.00");
    // By card it is paid before it is so.
    let card = placed(&kitchen, &diner, (basket(&kitchen, Some("ok")), false)).await;
    let who = (diner.as_str(), card.as_str());
    let mut paid = besides("more", (&kitchen.water, 3));
    let bare = change_own(&kitchen, who, paid.clone()).await;
    assert_eq!(bare.code(), (409, "order_unpaid"));
    paid["payment"] = json!({"token": "ok"});
    let said = change_own(&kitchen, who, paid).await.good();
    assert_eq!(said["proposal"]["waitsFor"], "payment");
    eventually(async || own(&kitchen, &diner, &card).await["total"] == "18.00").await;
    let why = json!({"status": "cancelled", "reason": "sold_out"});
    for order in [&order, &card] {
        kitchen
            .set(order, json!({"status": "confirmed"}))
            .await
            .good();
        kitchen.set(order, why.clone()).await.good();
    }
    eventually(async || kitchen.left().await == 9).await;
    eventually(async || taken(&kitchen, &card).await == 0).await;
    eventually(async || kitchen.books().await.is_empty()).await;
    kitchen.shop.verify().await;
}

async fn what_the_restaurant_adds_waits_for_the_diner(engine: Engine) {
    let (kitchen, diner) = open(engine).await;
    let order = placed(&kitchen, &diner, (basket(&kitchen, Some("ok")), true)).await;
    eventually(async || taken(&kitchen, &order).await == 1_200).await;
    let who = (diner.as_str(), order.as_str());
    let said = change(&kitchen, &order, besides("more", (&kitchen.cake, 1)))
        .await
        .good();
    assert_eq!(
        (&said["total"], &said["proposal"]["total"]),
        (&json!("12.00"), &json!("17.00"))
    );
    // It is set aside until he has answered, and comes back when he does not want it.
    eventually(async || kitchen.left().await == 2).await;
    let number = said["proposal"]["number"].clone();
    let no = json!({"proposal": number, "accept": false});
    consent(&kitchen, who, no).await.good();
    eventually(async || kitchen.left().await == 3).await;
    // What was not added has left its name free.
    let said = change(&kitchen, &order, besides("more", (&kitchen.cake, 1)))
        .await
        .good();
    let number = said["proposal"]["number"].clone();
    let yes = json!({"proposal": number, "accept": true, "payment": {"token": "ok"}});
    consent(&kitchen, who, yes).await.good();
    eventually(async || own(&kitchen, &diner, &order).await["total"] == "17.00").await;
    eventually(async || taken(&kitchen, &order).await == 1_700).await;
    let seen = kitchen.see(&order).await;
    assert_eq!(seen["tickets"][0]["lines"], json!(["1", "2", "more"]));
    for status in ["preparing", "ready_for_pickup", "collected"] {
        kitchen.set(&order, json!({"status": status})).await.good();
    }
    assert_eq!(owed(&kitchen).await, 0);
    kitchen.shop.verify().await;
}

async fn nothing_is_added_that_cannot_be_sold(engine: Engine) {
    let (kitchen, diner) = open(engine).await;
    let order = placed(&kitchen, &diner, (basket(&kitchen, None), false)).await;
    let who = (diner.as_str(), order.as_str());
    let many = change_own(&kitchen, who, besides("more", (&kitchen.cake, 4))).await;
    assert_eq!(many.code(), (409, "order_refused"));
    let first = &many.body["fields"][0];
    assert_eq!(
        (&first["field"], &first["code"]),
        (&json!("items.more"), &json!("sold_out"))
    );
    // The option alone is nothing that is sold.
    let alone = change_own(&kitchen, who, besides("more", (&kitchen.large, 1))).await;
    assert_eq!(alone.code(), (409, "order_refused"));
    assert_eq!(alone.body["fields"][0]["field"], "items.more");
    // Names are new, and what is sent again under one key is asked for once.
    let taken = change_own(&kitchen, who, besides("1", (&kitchen.water, 1))).await;
    assert_eq!(taken.code(), (422, "field_invalid"));
    let path = format!("/api/orders/{order}");
    let more = besides("more", (&kitchen.water, 1));
    let ask = async || {
        let shop = &kitchen.shop;
        let said = shop.ask((&diner, "once"), Method::PATCH, &path, Some(more.clone()));
        said.await.good()
    };
    let first = ask().await;
    assert_eq!((&ask().await, &first["total"]), (&first, &json!("14.00")));
    let again = change_own(&kitchen, who, more.clone()).await;
    assert_eq!(again.code(), (422, "field_invalid"));
    for body in [
        json!({"add": [{"menuItemId": kitchen.water, "quantity": 1}]}),
        besides("", (&kitchen.water, 1)),
    ] {
        let said = change_own(&kitchen, who, body).await;
        assert_eq!(said.status, 422, "{said:?}");
    }
    kitchen
        .set(&order, json!({"status": "confirmed"}))
        .await
        .good();
    let late = change_own(&kitchen, who, besides("late", (&kitchen.water, 1))).await;
    assert_eq!(late.code(), (409, "order_moved"));
    assert_eq!(owed(&kitchen).await, 1_400);
    kitchen.shop.verify().await;
}
