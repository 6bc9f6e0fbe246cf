//! When the money of an order is taken that is held: when it is accepted, or when it is ready, as the restaurant says.

use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;
use trade::orders::OrderId;
use trade::payments::{Intent, State};

use super::kitchen::Kitchen;
use super::world::{Shop, eventually, on_both, uid};

on_both!(
    what_is_held_is_taken_when_the_order_is_ready,
    orders_keep_to_what_was_said_when_they_were_placed,
    what_the_rule_accepts_is_held_until_it_is_ready,
    what_is_cancelled_before_it_is_ready_costs_nothing,
    changes_before_it_is_ready_take_less_or_hold_more,
    all_means_and_parts_are_taken_when_it_is_ready,
    a_hold_that_has_lapsed_is_shown_and_waits_for_somebody,
    what_is_cheaper_than_what_was_not_taken_waits_for_somebody,
    what_was_free_and_came_to_cost_something_is_taken,
    what_a_change_of_a_free_order_holds_is_let_go,
);

/// A restaurant that takes money when this is so, and a diner.
async fn open(engine: Engine, takes: &str) -> (Kitchen, String) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    kitchen.count(9).await;
    takes_money(&kitchen, takes).await;
    let diner = kitchen.shop.person(&[]);
    (kitchen, diner)
}

async fn takes_money(kitchen: &Kitchen, when: &str) {
    let path = format!("{}/order-rules", kitchen.at());
    let mut rules = kitchen.shop.get(&path).await.good();
    rules["takeMoney"] = when.into();
    let said = kitchen.shop.put(&path, rules).await.good();
    assert_eq!(said["takeMoney"], when);
}

/// Two cakes and a water, to be fetched: 12.00.
fn basket(kitchen: &Kitchen, paid: (&str, Value)) -> Value {
    let mut body = json!({
        "restaurantId": kitchen.restaurant, "serviceType": "pickup",
        "items": [
            {"menuItemId": kitchen.cake, "quantity": 2},
            {"menuItemId": kitchen.water, "quantity": 1},
        ],
    });
    let (how, means) = paid;
    body[how] = means;
    body
}

fn card(token: &str) -> Value {
    json!({"method": "card", "token": token})
}

/// An order whose money is held.
async fn placed(kitchen: &Kitchen, diner: &str, paid: (&str, Value)) -> String {
    let order = kitchen.order((diner, ""), basket(kitchen, paid)).await;
    let id = order.good()["id"].as_str().unwrap().to_owned();
    eventually(async || own(kitchen, diner, &id).await["payment"] == "secured").await;
    id
}

async fn own(kitchen: &Kitchen, diner: &str, order: &str) -> Value {
    let path = format!("/api/orders/{order}");
    let said = kitchen.shop.ask((diner, ""), Method::GET, &path, None);
    said.await.good()
}

async fn goes(kitchen: &Kitchen, order: &str, statuses: &[&str]) {
    for status in statuses {
        kitchen.set(order, json!({"status": status})).await.good();
    }
}

async fn payments(kitchen: &Kitchen, order: &str) -> Vec<Intent> {
    let id: OrderId = order.parse().unwrap();
    let payments = &kitchen.shop.node.more.commerce.payments;
    payments.of_order(id).await.unwrap()
}

/// What is held, taken and given back by each payment of an order, and how often its provider was asked for something.
async fn moved(kitchen: &Kitchen, order: &str) -> Vec<(i64, i64, i64, usize)> {
    let all = payments(kitchen, order).await.into_iter();
    all.map(|one| {
        let asked = one.attempts.len();
        (
            one.authorised_minor,
            one.captured_minor,
            one.refunded_minor,
            asked,
        )
    })
    .collect()
}

/// What stands on an account of the organisation.
async fn on(kitchen: &Kitchen, account: &str) -> i64 {
    let ledger = &kitchen.shop.node.more.commerce.ledger;
    let house = uid(&kitchen.organisation).organisation();
    let sums = ledger.trial_balance(house).await.unwrap();
    assert!(sums.is_balanced());
    let found = sums.iter().find(|(one, _)| one.to_string() == account);
    found.map_or(0, |(_, sum)| sum.minor())
}

async fn what_is_held_is_taken_when_the_order_is_ready(engine: Engine) {
    let (kitchen, diner) = open(engine, "ready").await;
    let order = placed(&kitchen, &diner, ("payment", card("ok"))).await;
    goes(&kitchen, &order, &["confirmed", "preparing"]).await;
    // Another one was taken meanwhile, so this one had the time.
    takes_money(&kitchen, "accepted").await;
    let other = placed(&kitchen, &diner, ("payment", card("ok"))).await;
    goes(&kitchen, &other, &["confirmed"]).await;
    eventually(async || moved(&kitchen, &other).await == [(1_200, 1_200, 0, 2)]).await;
    assert_eq!(moved(&kitchen, &order).await, [(1_200, 0, 0, 1)]);
    assert_eq!(
        [
            on(&kitchen, "diner").await,
            on(&kitchen, "provider:test").await
        ],
        [1_200, 1_200]
    );
    assert_eq!(
        kitchen.see(&order).await["payments"][0]["state"],
        "authorised"
    );
    // Nothing is given back of what was not taken: it is cancelled then.
    let path = format!("/api/orders/{order}/refunds");
    let early = kitchen.shop.post(&path, json!({"reason": "late"})).await;
    assert_eq!(early.code(), (409, "order_moved"));
    goes(&kitchen, &order, &["ready_for_pickup"]).await;
    eventually(async || moved(&kitchen, &order).await == [(1_200, 1_200, 0, 2)]).await;
    eventually(async || on(&kitchen, "diner").await == 0).await;
    goes(&kitchen, &order, &["collected"]).await;
    kitchen
        .shop
        .post(&path, json!({"reason": "late"}))
        .await
        .good();
    eventually(async || moved(&kitchen, &order).await == [(1_200, 1_200, 1_200, 3)]).await;
    kitchen.shop.verify().await;
}

async fn orders_keep_to_what_was_said_when_they_were_placed(engine: Engine) {
    let (kitchen, diner) = open(engine, "accepted").await;
    let before = placed(&kitchen, &diner, ("payment", card("ok"))).await;
    takes_money(&kitchen, "ready").await;
    let after = placed(&kitchen, &diner, ("payment", card("ok"))).await;
    goes(&kitchen, &after, &["confirmed"]).await;
    goes(&kitchen, &before, &["confirmed"]).await;
    eventually(async || moved(&kitchen, &before).await == [(1_200, 1_200, 0, 2)]).await;
    assert_eq!(moved(&kitchen, &after).await, [(1_200, 0, 0, 1)]);
    // Where nothing is said it is taken when it is accepted.
    let path = format!("{}/order-rules", kitchen.at());
    let mut rules = kitchen.shop.get(&path).await.good();
    rules.as_object_mut().unwrap().remove("takeMoney");
    let said = kitchen.shop.put(&path, rules.clone()).await.good();
    assert_eq!(said["takeMoney"], "accepted");
    rules["takeMoney"] = "later".into();
    assert_eq!(kitchen.shop.put(&path, rules).await.status, 422);
    kitchen.shop.verify().await;
}

async fn what_the_rule_accepts_is_held_until_it_is_ready(engine: Engine) {
    let (kitchen, diner) = open(engine, "ready").await;
    let path = format!("{}/order-rules", kitchen.at());
    let mut rules = kitchen.shop.get(&path).await.good();
    rules["autoAccept"] = true.into();
    kitchen.shop.put(&path, rules).await.good();
    let order = placed(&kitchen, &diner, ("payment", card("ok"))).await;
    assert_eq!(own(&kitchen, &diner, &order).await["status"], "confirmed");
    assert_eq!(moved(&kitchen, &order).await, [(1_200, 0, 0, 1)]);
    goes(&kitchen, &order, &["preparing", "ready_for_pickup"]).await;
    eventually(async || moved(&kitchen, &order).await == [(1_200, 1_200, 0, 2)]).await;
    kitchen.shop.verify().await;
}

async fn what_is_cancelled_before_it_is_ready_costs_nothing(engine: Engine) {
    let (kitchen, diner) = open(engine, "ready").await;
    let why = json!({"status": "cancelled", "reason": "sold_out"});
    for before in [&["confirmed"][..], &["confirmed", "preparing"]] {
        let order = placed(&kitchen, &diner, ("payment", card("ok"))).await;
        goes(&kitchen, &order, before).await;
        kitchen.set(&order, why.clone()).await.good();
        eventually(async || payments(&kitchen, &order).await[0].state == State::Cancelled).await;
        assert_eq!(moved(&kitchen, &order).await, [(1_200, 0, 0, 2)]);
    }
    // When it was taken it is given back.
    let order = placed(&kitchen, &diner, ("payment", card("ok"))).await;
    let ready = ["confirmed", "preparing", "ready_for_pickup"];
    goes(&kitchen, &order, &ready).await;
    eventually(async || moved(&kitchen, &order).await == [(1_200, 1_200, 0, 2)]).await;
    kitchen.set(&order, why).await.good();
    eventually(async || moved(&kitchen, &order).await == [(1_200, 1_200, 1_200, 3)]).await;
    for account in ["diner", "provider:test"] {
        eventually(async || on(&kitchen, account).await == 0).await;
    }
    kitchen.shop.verify().await;
}

async fn changes_before_it_is_ready_take_less_or_hold_more(engine: Engine) {
    let (kitchen, diner) = open(engine, "ready").await;
    let cakes = async |order: &str, quantity: u32| {
        let path = format!("/api/orders/{order}/lines");
        let body = json!({"quantity": [{"line": "1", "quantity": quantity}], "reason": "sold_out"});
        kitchen.shop.patch(&path, body).await.good()
    };
    let cheaper = placed(&kitchen, &diner, ("payment", card("ok"))).await;
    let dearer = placed(&kitchen, &diner, ("payment", card("ok"))).await;
    for order in [&cheaper, &dearer] {
        goes(&kitchen, order, &["confirmed"]).await;
        assert_eq!(cakes(order, 1).await["total"], "7.00");
    }
    let proposal = &cakes(&dearer, 3).await["proposal"]["number"];
    let path = format!("/api/orders/{dearer}/consent");
    let yes = json!({"proposal": proposal, "accept": true, "payment": {"token": "ok"}});
    let who = (diner.as_str(), "");
    let said = kitchen.shop.ask(who, Method::POST, &path, Some(yes)).await;
    said.good();
    eventually(async || own(&kitchen, &diner, &dearer).await["total"] == "17.00").await;
    assert_eq!(
        moved(&kitchen, &dearer).await,
        [(1_200, 0, 0, 1), (1_000, 0, 0, 1)]
    );
    assert_eq!(moved(&kitchen, &cheaper).await, [(1_200, 0, 0, 1)]);
    let ready = ["preparing", "ready_for_pickup", "collected"];
    for order in [&cheaper, &dearer] {
        goes(&kitchen, order, &ready).await;
    }
    eventually(async || moved(&kitchen, &cheaper).await == [(1_200, 700, 0, 2)]).await;
    let both = [(1_200, 1_200, 0, 2), (1_000, 500, 0, 2)];
    eventually(async || moved(&kitchen, &dearer).await == both).await;
    eventually(async || on(&kitchen, "diner").await == 0).await;
    assert_eq!(on(&kitchen, "provider:test").await, 2_400);
    kitchen.shop.verify().await;
}

async fn all_means_and_parts_are_taken_when_it_is_ready(engine: Engine) {
    let (kitchen, diner) = open(engine, "ready").await;
    let first = kitchen.order((&diner, ""), kitchen.basket()).await.good();
    let path = format!("/api/orders/{}/credit", first["id"].as_str().unwrap());
    let gift = json!({"amount": "4.00", "reason": "goodwill"});
    kitchen.shop.post_once(&path, "c", gift).await.good();
    let cancel = format!("/api/orders/{}/cancel", first["id"].as_str().unwrap());
    let who = (diner.as_str(), "");
    let said = kitchen
        .shop
        .ask(who, Method::POST, &cancel, Some(json!({})));
    said.await.good();
    let means = json!([
        {"method": "card", "token": "ok", "amount": "5.00"},
        {"method": "store_credit"},
        {"method": "cash"},
    ]);
    let parts = json!([{"payment": card("ok")}, {"payment": {"method": "cash"}}]);
    let split = json!({"by": "share", "parts": parts});
    let several = placed(&kitchen, &diner, ("payments", means)).await;
    let shared = placed(&kitchen, &diner, ("split", split)).await;
    for order in [&several, &shared] {
        goes(&kitchen, order, &["confirmed", "preparing"]).await;
    }
    let taken = async |order: &str| {
        let all = moved(&kitchen, order).await.into_iter();
        let mut all: Vec<i64> = all.map(|(_, taken, ..)| taken).collect();
        all.sort_unstable();
        all
    };
    assert_eq!(taken(&several).await, [0, 0]);
    assert_eq!(taken(&shared).await, [0]);
    for order in [&several, &shared] {
        goes(&kitchen, order, &["ready_for_pickup"]).await;
    }
    eventually(async || taken(&several).await == [400, 500]).await;
    eventually(async || taken(&shared).await == [600]).await;
    assert_eq!(on(&kitchen, "cash").await, 0);
    for order in [&several, &shared] {
        goes(&kitchen, order, &["collected"]).await;
    }
    eventually(async || on(&kitchen, "diner").await == 0).await;
    assert_eq!(on(&kitchen, "cash").await, 300 + 600);
    assert_eq!(on(&kitchen, "provider:test").await, 500 + 600);
    kitchen.shop.verify().await;
}

async fn a_hold_that_has_lapsed_is_shown_and_waits_for_somebody(engine: Engine) {
    let (kitchen, diner) = open(engine, "ready").await;
    let means = json!([
        {"method": "card", "token": "lapses", "amount": "5.00"},
        card("ok"),
    ]);
    let order = placed(&kitchen, &diner, ("payments", means)).await;
    let ready = ["confirmed", "preparing", "ready_for_pickup"];
    goes(&kitchen, &order, &ready).await;
    // What the other one holds is taken all the same.
    let taken = [(500, 0, 0, 2), (700, 700, 0, 2)];
    eventually(async || {
        let mut all = moved(&kitchen, &order).await;
        all.sort_unstable();
        all == taken
    })
    .await;
    let seen = kitchen.see(&order).await;
    let shown = |place: usize| {
        let one = &seen["payments"][place];
        ["amount", "captured", "refusedFor"].map(|field| one[field].clone())
    };
    let why = json!("authorisation_expired");
    assert_eq!(shown(0), [json!("5.00"), json!("0.00"), why.clone()]);
    assert_eq!(shown(1), [json!("7.00"), json!("7.00"), Value::Null]);
    let path = "/api/ops/sagas?state=parked";
    eventually(async || {
        let parked = kitchen.shop.get(path).await.good();
        let first = &parked["items"][0];
        let fields = ["kind", "orderId", "error", "amount"].map(|field| first[field].clone());
        fields
            == [
                json!("order.capture"),
                json!(order),
                why.clone(),
                json!("12.00"),
            ]
    })
    .await;
    // It is owed as long as nobody has put it right, and nobody gets back more than was taken.
    goes(&kitchen, &order, &["collected"]).await;
    assert_eq!(on(&kitchen, "diner").await, 500);
    let path = format!("/api/orders/{order}/refunds");
    for to in ["back", "credit"] {
        let all = json!({"reason": "late", "to": to});
        let said = kitchen.shop.post(&path, all).await;
        assert_eq!(said.code(), (409, "payment_refused"), "{to}");
    }
    let part = json!({"lines": [{"line": "1", "amount": "7.00"}], "reason": "late"});
    kitchen.shop.post(&path, part).await.good();
    eventually(async || on(&kitchen, "provider:test").await == 0).await;
    kitchen.shop.verify().await;
}

/// Nobody waits for ever for what was refused.
async fn what_is_cheaper_than_what_was_not_taken_waits_for_somebody(engine: Engine) {
    let (kitchen, diner) = open(engine, "accepted").await;
    let order = placed(&kitchen, &diner, ("payment", card("lapses"))).await;
    goes(&kitchen, &order, &["confirmed"]).await;
    let parked = async || {
        let path = "/api/ops/sagas?state=parked";
        let parked = kitchen.shop.get(path).await.good();
        let all = parked["items"].as_array().unwrap().iter();
        let all = all
            .map(|one| [&one["kind"], &one["error"]].map(|word| word.as_str().map(str::to_owned)));
        all.collect::<Vec<_>>()
    };
    eventually(async || parked().await.len() == 1).await;
    let path = format!("/api/orders/{order}/lines");
    let body = json!({"quantity": [{"line": "1", "quantity": 1}], "reason": "sold_out"});
    kitchen.shop.patch(&path, body).await.good();
    let waits = ["order.give_back", "not_taken"].map(|word| Some(word.to_owned()));
    eventually(async || parked().await.contains(&waits)).await;
    kitchen.shop.verify().await;
}

/// A coupon takes off all that an order costs.
async fn gives_all(kitchen: &Kitchen) {
    let path = format!("/api/organisations/{}/coupons", kitchen.organisation);
    let terms = json!({
        "name": "All of it", "currency": "EUR", "gives": {"kind": "percent", "percent": "100"},
    });
    let coupon = json!({"code": "FREE", "terms": terms});
    kitchen.shop.post(&path, coupon).await.good();
}

/// An order that costs nothing.
async fn free(kitchen: &Kitchen, diner: &str) -> String {
    let mut body = basket(kitchen, ("payment", card("ok")));
    body["couponCode"] = "FREE".into();
    let placed = kitchen.order((diner, ""), body).await.good();
    assert_eq!(
        (&placed["total"], &placed["payment"]),
        (&json!("0.00"), &json!("secured"))
    );
    placed["id"].as_str().unwrap().to_owned()
}

/// Its diner asks for one more, which he pays.
async fn third(kitchen: &Kitchen, (diner, order): (&str, &str), token: &str) -> Value {
    let path = format!("/api/orders/{order}");
    let third = json!({"quantity": [{"line": "1", "quantity": 3}], "payment": {"token": token}});
    let said = kitchen
        .shop
        .ask((diner, ""), Method::PATCH, &path, Some(third));
    said.await.good()
}

async fn what_was_free_and_came_to_cost_something_is_taken(engine: Engine) {
    let (kitchen, diner) = open(engine, "ready").await;
    gives_all(&kitchen).await;
    let dearer = async || {
        let order = free(&kitchen, &diner).await;
        third(&kitchen, (&diner, &order), "ok").await;
        eventually(async || own(&kitchen, &diner, &order).await["total"] == "5.00").await;
        assert_eq!(moved(&kitchen, &order).await, [(500, 0, 0, 1)]);
        order
    };
    let kept = dearer().await;
    let ready = ["confirmed", "preparing", "ready_for_pickup"];
    goes(&kitchen, &kept, &ready).await;
    eventually(async || moved(&kitchen, &kept).await == [(500, 500, 0, 2)]).await;
    assert_eq!(kitchen.see(&kept).await["payments"][0]["captured"], "5.00");
    let dropped = dearer().await;
    goes(&kitchen, &dropped, &["confirmed"]).await;
    let why = json!({"status": "cancelled", "reason": "sold_out"});
    kitchen.set(&dropped, why).await.good();
    eventually(async || payments(&kitchen, &dropped).await[0].state == State::Cancelled).await;
    eventually(async || on(&kitchen, "diner").await == 0).await;
    kitchen.shop.verify().await;
}

async fn what_a_change_of_a_free_order_holds_is_let_go(engine: Engine) {
    let (kitchen, diner) = open(engine, "ready").await;
    gives_all(&kitchen).await;
    let order = free(&kitchen, &diner).await;
    let asked = third(&kitchen, (&diner, &order), "slow").await;
    // Nobody wants it any more before it is known whether the money is held.
    let no = json!({"proposal": asked["proposal"]["number"], "accept": false});
    for (what, body) in [("consent", no), ("cancel", json!({"reason": "mistake"}))] {
        let path = format!("/api/orders/{order}/{what}");
        let said = kitchen
            .shop
            .ask((&diner, ""), Method::POST, &path, Some(body));
        said.await.good();
    }
    eventually(async || payments(&kitchen, &order).await[0].state == State::Cancelled).await;
    kitchen.shop.verify().await;
}
