//! Many at once: the same order a thousand times, and more buyers than portions.

use std::collections::BTreeSet;
use std::time::Duration;

use base::{Clock, Time};
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use testkit::trial::Engine;

use super::kitchen::Kitchen;
use super::world::{Shop, eventually, on_both};

on_both!(
    the_same_key_a_thousand_times_is_one_order,
    of_a_hundred_portions_a_hundred_are_sold,
    what_was_taken_comes_back_once,
    time_ends_what_nobody_answers_and_wakes_what_is_for_later,
);

/// How many ask at one time.
const SIDE_BY_SIDE: usize = 64;

async fn the_same_key_a_thousand_times_is_one_order(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let asks = (0..1_000).map(|_| kitchen.order((&diner, "one"), kitchen.basket()));
    let answers = stream::iter(asks).buffer_unordered(SIDE_BY_SIDE);
    let answers: Vec<_> = answers.collect().await;
    let all: BTreeSet<String> = answers
        .into_iter()
        .map(|said| {
            assert_eq!(said.status, 201, "{said:?}");
            said.body.to_string()
        })
        .collect();
    assert_eq!(all.len(), 1);
    let path = format!("{}/orders", kitchen.at());
    let orders = kitchen.shop.get(&path).await.good();
    assert_eq!(orders["items"].as_array().unwrap().len(), 1);
    assert_eq!(orders["items"][0]["number"], 1);
    kitchen.shop.verify().await;
}

async fn of_a_hundred_portions_a_hundred_are_sold(engine: Engine) {
    const PORTIONS: usize = 100;
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    kitchen.count(100).await;
    let body = json!({
        "restaurantId": kitchen.restaurant, "serviceType": "pickup",
        "items": [{"menuItemId": kitchen.cake, "quantity": 1}],
    });
    let buyers: Vec<String> = (0..300).map(|_| kitchen.shop.person(&[])).collect();
    let asks = buyers
        .iter()
        .map(|buyer| kitchen.order((buyer, "cake"), body.clone()));
    let answers = stream::iter(asks).buffer_unordered(SIDE_BY_SIDE);
    let answers: Vec<_> = answers.collect().await;
    let sold = answers.iter().filter(|said| said.status == 201).count();
    let refused = answers
        .iter()
        .filter(|said| said.code() == (409, "order_refused"));
    let refused = refused.filter(|said| said.body["fields"][0]["code"] == "sold_out");
    assert_eq!((sold, refused.count()), (PORTIONS, buyers.len() - PORTIONS));
    assert_eq!(kitchen.left().await, 0);
    kitchen.shop.verify().await;
}

async fn what_was_taken_comes_back_once(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    kitchen.count(3).await;
    let diner = kitchen.shop.person(&[]);
    let body = json!({
        "restaurantId": kitchen.restaurant, "serviceType": "pickup",
        "items": [{"menuItemId": kitchen.cake, "quantity": 3}],
    });
    let order = kitchen.order((&diner, ""), body).await.good();
    let id = order["id"].as_str().unwrap();
    assert_eq!(kitchen.left().await, 0);
    let rejections = (0..20).map(|_| kitchen.set(id, json!({"status": "rejected"})));
    let answers: Vec<_> = stream::iter(rejections)
        .buffer_unordered(20)
        .collect()
        .await;
    assert!(answers.iter().all(|said| said.status == 200), "{answers:?}");
    assert_eq!(kitchen.left().await, 3);
    // Everybody hears that there is some again.
    eventually(async || {
        let one = json!({
            "restaurantId": kitchen.restaurant, "serviceType": "pickup",
            "items": [{"menuItemId": kitchen.cake, "quantity": 1}],
        });
        kitchen.order((&diner, ""), one).await.status == 201
    })
    .await;
    // What a kitchen has begun does not come back.
    let path = format!("{}/orders?status=open", kitchen.at());
    let open = kitchen.shop.get(&path).await.good();
    let id = open["items"][0]["id"].as_str().unwrap();
    for status in ["confirmed", "preparing", "cancelled"] {
        kitchen.set(id, json!({"status": status})).await.good();
    }
    assert_eq!(kitchen.left().await, 2);
    kitchen.shop.verify().await;
}

async fn time_ends_what_nobody_answers_and_wakes_what_is_for_later(engine: Engine) {
    let start: Time = "2026-03-02T12:00:00Z".parse().unwrap();
    let clock = Clock::simulated(start);
    let kitchen = Kitchen::open(Shop::working_at(engine, &clock).await).await;
    kitchen.count(5).await;
    let diner = kitchen.shop.person(&[]);
    let mut body = kitchen.basket();
    body["items"] = json!([{"menuItemId": kitchen.cake, "quantity": 2}]);
    let now = kitchen.order((&diner, ""), body.clone()).await.good();
    body["wantedAt"] = "2026-03-02T18:00:00Z".into();
    let later = kitchen.order((&diner, ""), body).await.good();
    assert_eq!(
        (&now["status"], &later["status"]),
        (&json!("pending"), &json!("scheduled"))
    );
    assert_eq!(kitchen.left().await, 1);
    let stands = async |order: &serde_json::Value, status: &str| {
        let seen = kitchen.see(order["id"].as_str().unwrap()).await;
        seen["status"] == status
    };
    clock.advance(Duration::from_secs(6 * 60)).unwrap();
    eventually(async || stands(&now, "expired").await).await;
    let seen = kitchen.see(now["id"].as_str().unwrap()).await;
    assert_eq!(
        seen["reason"],
        json!({"code": "no_answer", "by": "platform"})
    );
    assert_eq!(kitchen.left().await, 3);
    assert!(stands(&later, "scheduled").await);
    clock.advance(Duration::from_secs(5 * 60 * 60)).unwrap();
    eventually(async || stands(&later, "pending").await).await;
    clock.advance(Duration::from_secs(6 * 60)).unwrap();
    eventually(async || stands(&later, "expired").await).await;
    assert_eq!(kitchen.left().await, 5);
    kitchen.shop.verify().await;
}
