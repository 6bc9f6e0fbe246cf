//! Changes that meet others: an end, a kitchen that is done, a second word, a second change.

use futures_util::{StreamExt, stream};
use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;
use trade::orders::OrderId;

use super::kitchen::Kitchen;
use super::world::{Said, Shop, eventually, on_both, uid};

on_both!(
    one_of_two_changes_waits,
    a_word_counts_once,
    ends_and_changes_meet
);

/// Two cakes and a water by card: 12.00; accepted.
async fn accepted(kitchen: &Kitchen, diner: &str) -> String {
    let body = json!({
        "restaurantId": kitchen.restaurant, "serviceType": "pickup",
        "items": [
            {"menuItemId": kitchen.cake, "quantity": 2},
            {"menuItemId": kitchen.water, "quantity": 1},
        ],
        "payment": {"method": "card", "token": "ok"},
    });
    let order = kitchen.order((diner, ""), body).await.good();
    let id = order["id"].as_str().unwrap().to_owned();
    let accept = json!({"status": "confirmed"});
    eventually(async || kitchen.set(&id, accept.clone()).await.status == 200).await;
    id
}

async fn all_at_once<F: Future<Output = Said>>(asks: impl Iterator<Item = F>) -> Vec<Said> {
    stream::iter(asks).buffer_unordered(8).collect().await
}

/// What was taken for an order and not given back, when nothing is under way any more.
async fn taken(kitchen: &Kitchen, order: &str) -> i64 {
    let id: OrderId = order.parse().unwrap();
    let payments = &kitchen.shop.node.more.commerce.payments;
    let all = payments.of_order(id).await.unwrap();
    let taken = all
        .iter()
        .map(|one| one.captured_minor - one.refunded_minor);
    taken.sum()
}

/// Nobody owes anything, and everything adds up.
async fn is_even(kitchen: &Kitchen) -> bool {
    let ledger = &kitchen.shop.node.more.commerce.ledger;
    let house = uid(&kitchen.organisation).organisation();
    let sums = ledger.trial_balance(house).await.unwrap();
    assert!(sums.is_balanced());
    let mut diner = sums
        .iter()
        .filter(|(account, _)| account.to_string() == "diner");
    diner.all(|(_, sum)| sum.minor() == 0)
}

async fn own(kitchen: &Kitchen, diner: &str, order: &str) -> Value {
    let path = format!("/api/orders/{order}");
    let said = kitchen.shop.ask((diner, ""), Method::GET, &path, None);
    said.await.good()
}

async fn one_of_two_changes_waits(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    kitchen.count(10).await;
    let diner = kitchen.shop.person(&[]);
    let order = accepted(&kitchen, &diner).await;
    let path = format!("/api/orders/{order}/lines");
    let body = json!({"replace": [{"line": "2", "menuItemId": kitchen.cake, "quantity": 1}]});
    let asks = (0..8).map(|_| kitchen.shop.patch(&path, body.clone()));
    let answers = all_at_once(asks).await;
    let good = answers.iter().filter(|said| said.status == 200).count();
    let open = answers
        .iter()
        .filter(|said| said.code() == (409, "order_moved"))
        .count();
    assert_eq!((good, open), (1, 7), "{answers:?}");
    // What was set aside was set aside once.
    eventually(async || kitchen.left().await == 7).await;
    kitchen.shop.verify().await;
}

async fn a_word_counts_once(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    kitchen.count(10).await;
    let diner = kitchen.shop.person(&[]);
    let order = accepted(&kitchen, &diner).await;
    let path = format!("/api/orders/{order}/lines");
    let body = json!({"replace": [{"line": "2", "menuItemId": kitchen.pizza, "quantity": 1}]});
    let said = kitchen.shop.patch(&path, body).await.good();
    let number = &said["proposal"]["number"];
    let yes = json!({"proposal": number, "accept": true, "payment": {"token": "ok"}});
    let path = format!("/api/orders/{order}/consent");
    let shop = &kitchen.shop;
    let asks = (0..8).map(|_| shop.ask((&diner, ""), Method::POST, &path, Some(yes.clone())));
    let answers = all_at_once(asks).await;
    assert!(answers.iter().any(|said| said.status == 200), "{answers:?}");
    eventually(async || own(&kitchen, &diner, &order).await["total"] == "22.50").await;
    eventually(async || taken(&kitchen, &order).await == 2_250).await;
    eventually(async || is_even(&kitchen).await).await;
    let changes = own(&kitchen, &diner, &order).await["changes"].clone();
    assert_eq!(changes.as_array().unwrap().len(), 1);
    kitchen.shop.verify().await;
}

async fn ends_and_changes_meet(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    kitchen.count(30).await;
    let diner = kitchen.shop.person(&[]);
    let cancel = json!({"status": "cancelled", "reason": "sold_out"});
    let ready = json!({"status": "ready_for_pickup"});
    for round in 0..6 {
        let order = accepted(&kitchen, &diner).await;
        let lines = format!("/api/orders/{order}/lines");
        let status = format!("/api/orders/{order}/status");
        let is_end = round % 2 == 0;
        if !is_end {
            let body = json!({"status": "preparing"});
            kitchen.set(&order, body).await.good();
        }
        let move_to = if is_end { &cancel } else { &ready };
        let less = json!({"remove": ["2"], "reason": "sold_out"});
        let asks = [(&lines, &less), (&status, move_to)];
        let asks = asks.map(|(path, body)| kitchen.shop.patch(path, body.clone()));
        let answers = Box::pin(all_at_once(asks.into_iter())).await;
        assert!(answers.iter().any(|said| said.status == 200), "{answers:?}");
        let total = match is_end {
            true => 0,
            false if own(&kitchen, &diner, &order).await["total"] == "10.00" => 1_000,
            false => 1_200,
        };
        eventually(async || taken(&kitchen, &order).await == total).await;
        eventually(async || is_even(&kitchen).await).await;
    }
    kitchen.shop.verify().await;
}
