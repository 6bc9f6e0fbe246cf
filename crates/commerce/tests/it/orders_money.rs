//! The money of an order: held when it is placed, taken when it is accepted, and all of it back when it comes to nothing.

use base::Clock;
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::trial::Engine;
use trade::orders::OrderId;
use trade::payments::{Intent, State};

use super::kitchen::Kitchen;
use super::world::{Shop, eventually, on_both};

on_both!(
    a_card_is_held_then_charged,
    a_refused_card_leaves_nothing,
    what_is_rejected_after_payment_is_unwound,
    who_does_not_pay_in_time_loses_the_order,
    cash_is_in_the_books_when_it_is_taken,
    a_coupon_is_taken_once_and_comes_back,
    a_full_slot_takes_no_more_and_comes_back,
    what_the_rule_accepts_is_charged_once,
    what_looks_like_fraud_nobody_but_a_human_accepts,
);

/// Two counted cakes by card, 10.00.
fn cakes(kitchen: &Kitchen, token: &str) -> Value {
    json!({
        "restaurantId": kitchen.restaurant, "serviceType": "pickup",
        "items": [{"menuItemId": kitchen.cake, "quantity": 2}],
        "payment": {"method": "card", "token": token},
    })
}

fn id(order: &Value) -> String {
    order["id"].as_str().unwrap().to_owned()
}

async fn own(kitchen: &Kitchen, diner: &str, order: &str) -> Value {
    let path = format!("/api/orders/{order}");
    let said = kitchen.shop.ask((diner, ""), Method::GET, &path, None);
    said.await.good()
}

async fn stands(kitchen: &Kitchen, (diner, order): (&str, &str), field: &str, value: &str) {
    eventually(async || own(kitchen, diner, order).await[field] == value).await;
}

async fn payment(kitchen: &Kitchen, order: &str) -> Intent {
    let id: OrderId = order.parse().unwrap();
    let payments = &kitchen.shop.node.more.commerce.payments;
    payments.of_order(id).await.unwrap().remove(0)
}

async fn a_card_is_held_then_charged(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    kitchen.count(5).await;
    let diner = kitchen.shop.person(&[]);
    let order = kitchen
        .order((&diner, "k"), cakes(&kitchen, "ok"))
        .await
        .good();
    assert_eq!(
        (&order["status"], &order["payment"]),
        (&json!("pending"), &json!("waiting"))
    );
    let id = id(&order);
    stands(&kitchen, (&diner, &id), "payment", "secured").await;
    let held = payment(&kitchen, &id).await;
    assert_eq!((held.state, held.captured_minor), (State::Authorised, 0));
    kitchen
        .set(&id, json!({"status": "confirmed"}))
        .await
        .good();
    eventually(async || payment(&kitchen, &id).await.captured_minor == 1_000).await;
    // What the diner owed was taken of him; the rest is sales and tax.
    eventually(async || {
        !kitchen
            .books()
            .await
            .iter()
            .any(|(name, _)| name.contains("diner"))
    })
    .await;
    for status in ["preparing", "ready_for_pickup", "collected"] {
        kitchen.set(&id, json!({"status": status})).await.good();
    }
    kitchen.shop.verify().await;
}

async fn a_refused_card_leaves_nothing(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    kitchen.count(5).await;
    let diner = kitchen.shop.person(&[]);
    let order = kitchen
        .order((&diner, "k"), cakes(&kitchen, "refused"))
        .await
        .good();
    let id = id(&order);
    stands(&kitchen, (&diner, &id), "status", "cancelled").await;
    let seen = own(&kitchen, &diner, &id).await;
    assert_eq!(
        seen["reason"],
        json!({"code": "payment_failed", "by": "platform"})
    );
    assert_eq!(kitchen.left().await, 5);
    assert_eq!(kitchen.books().await, []);
    // The restaurant has never heard of it.
    let path = format!("{}/orders/{id}", kitchen.at());
    assert_eq!(kitchen.shop.get(&path).await.code(), (404, "not_found"));
    kitchen.shop.verify().await;
}

async fn what_is_rejected_after_payment_is_unwound(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    kitchen.count(4).await;
    let diner = kitchen.shop.person(&[]);
    let mut ids = Vec::new();
    for _ in 0..2 {
        let order = kitchen
            .order((&diner, ""), cakes(&kitchen, "ok"))
            .await
            .good();
        stands(&kitchen, (&diner, &id(&order)), "payment", "secured").await;
        ids.push(id(&order));
    }
    assert_eq!(kitchen.left().await, 0);
    // One is rejected with its money held, the other cancelled after it was taken.
    kitchen
        .set(&ids[0], json!({"status": "rejected", "reason": "too_busy"}))
        .await
        .good();
    kitchen
        .set(&ids[1], json!({"status": "confirmed"}))
        .await
        .good();
    eventually(async || payment(&kitchen, &ids[1]).await.captured_minor == 1_000).await;
    let cancel = json!({"status": "cancelled", "reason": "sold_out"});
    kitchen.set(&ids[1], cancel.clone()).await.good();
    kitchen.set(&ids[1], cancel).await.good();
    eventually(async || payment(&kitchen, &ids[0]).await.state == State::Cancelled).await;
    eventually(async || payment(&kitchen, &ids[1]).await.state == State::Refunded).await;
    assert_eq!(payment(&kitchen, &ids[1]).await.refunded_minor, 1_000);
    assert_eq!(kitchen.left().await, 4);
    assert_eq!(kitchen.books().await, []);
    kitchen.shop.verify().await;
}

async fn who_does_not_pay_in_time_loses_the_order(engine: Engine) {
    let clock = Clock::simulated(Clock::real().now());
    let kitchen = Kitchen::open(Shop::working_at(engine, &clock).await).await;
    kitchen.count(2).await;
    let diner = kitchen.shop.person(&[]);
    let order = kitchen
        .order((&diner, ""), cakes(&kitchen, "action"))
        .await
        .good();
    let id = id(&order);
    eventually(async || payment(&kitchen, &id).await.state == State::ActionNeeded).await;
    assert_eq!(kitchen.left().await, 0);
    clock.advance(Duration::from_secs(16 * 60)).unwrap();
    stands(&kitchen, (&diner, &id), "status", "expired").await;
    let seen = own(&kitchen, &diner, &id).await;
    assert_eq!(
        seen["reason"],
        json!({"code": "payment_missing", "by": "platform"})
    );
    assert_eq!(kitchen.left().await, 2);
    // What a timer begins is found when nobody has taken it up for a while.
    clock.advance(Duration::from_secs(60)).unwrap();
    eventually(async || payment(&kitchen, &id).await.state.is_final()).await;
    assert_eq!(kitchen.books().await, []);
    kitchen.shop.verify().await;
}

async fn cash_is_in_the_books_when_it_is_taken(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let order = kitchen.order((&diner, ""), kitchen.basket()).await.good();
    let id = id(&order);
    let owed = kitchen.books().await;
    assert!(owed.iter().any(|(_, minor)| *minor == 2_700), "{owed:?}");
    for status in ["confirmed", "preparing", "ready_for_pickup", "collected"] {
        kitchen.set(&id, json!({"status": status})).await.good();
    }
    let taken = kitchen.books().await;
    assert!(taken.contains(&("cash".to_owned(), 2_700)), "{taken:?}");
    let second = kitchen.order((&diner, ""), kitchen.basket()).await.good();
    let cancel = format!("/api/orders/{}/cancel", self::id(&second));
    let said = kitchen
        .shop
        .ask((&diner, ""), Method::POST, &cancel, Some(json!({})));
    said.await.good();
    assert_eq!(kitchen.books().await, taken);
    kitchen.shop.verify().await;
}

async fn a_coupon_is_taken_once_and_comes_back(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let path = format!("/api/organisations/{}/coupons", kitchen.organisation);
    let gives = json!({"kind": "percent", "percent": "10"});
    let terms = json!({
        "name": "Ten percent", "currency": "EUR", "usesMax": 1, "gives": gives,
    });
    let coupon = json!({"code": "SAVE10", "terms": terms});
    kitchen.shop.post(&path, coupon).await.good();
    let mut basket = kitchen.basket();
    basket["couponCode"] = "save10".into();
    let first = kitchen.order((&diner, ""), basket.clone()).await.good();
    assert_eq!(first["discount"], "2.70");
    assert_eq!(first["total"], "24.30");
    assert_eq!(first["couponCode"], "SAVE10");
    let said = kitchen.order((&diner, ""), basket.clone()).await;
    assert_eq!(said.code(), (409, "order_refused"));
    assert_eq!(said.body["fields"][0]["field"], "couponCode");
    assert_eq!(said.body["fields"][0]["code"], "used_up");
    kitchen
        .set(&id(&first), json!({"status": "rejected"}))
        .await
        .good();
    assert_eq!(kitchen.books().await, []);
    let again = kitchen.order((&diner, ""), basket.clone()).await.good();
    assert_eq!(again["total"], "24.30");
    basket["couponCode"] = "NONE".into();
    let said = kitchen.order((&diner, ""), basket).await;
    assert_eq!(said.body["fields"][0]["code"], "unknown");
    kitchen.shop.verify().await;
}

async fn a_full_slot_takes_no_more_and_comes_back(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let path = format!("{}/capacity", kitchen.at());
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let when = json!({"days": days, "from": "00:00", "to": "24:00"});
    let rules = json!({"rules": [{"when": when, "ordersMax": 1}], "version": 0});
    kitchen.shop.put(&path, rules).await.good();
    let tomorrow = kitchen
        .shop
        .world
        .clock
        .now()
        .plus(Duration::from_secs(86_400));
    let mut basket = kitchen.basket();
    basket["wantedAt"] = tomorrow.unwrap().to_string().into();
    let first = kitchen.order((&diner, ""), basket.clone()).await.good();
    assert_eq!(first["status"], "scheduled");
    let said = kitchen.order((&diner, ""), basket.clone()).await;
    assert_eq!(said.code(), (409, "order_refused"));
    assert_eq!(said.body["fields"][0]["field"], "wantedAt");
    assert_eq!(said.body["fields"][0]["code"], "slot_full");
    let cancel = format!("/api/orders/{}/cancel", id(&first));
    let said = kitchen
        .shop
        .ask((&diner, ""), Method::POST, &cancel, Some(json!({})));
    said.await.good();
    kitchen.order((&diner, ""), basket).await.good();
    kitchen.shop.verify().await;
}

async fn what_the_rule_accepts_is_charged_once(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    kitchen.count(5).await;
    let diner = kitchen.shop.person(&[]);
    let path = format!("{}/order-rules", kitchen.at());
    let mut rules = kitchen.shop.get(&path).await.good();
    assert_eq!(
        (&rules["autoAccept"], &rules["version"]),
        (&json!(false), &json!(0))
    );
    rules["autoAccept"] = true.into();
    kitchen.shop.put(&path, rules.clone()).await.good();
    let again = kitchen.shop.put(&path, rules).await;
    assert_eq!(again.code(), (409, "version_changed"));
    // In cash at once, by card when the money is held; then it is taken.
    let cash = kitchen.order((&diner, ""), kitchen.basket()).await.good();
    assert_eq!(cash["status"], "confirmed");
    let order = kitchen
        .order((&diner, "k"), cakes(&kitchen, "ok"))
        .await
        .good();
    let id = id(&order);
    stands(&kitchen, (&diner, &id), "status", "confirmed").await;
    eventually(async || payment(&kitchen, &id).await.captured_minor == 1_000).await;
    assert_eq!(payment(&kitchen, &id).await.attempts.len(), 2);
    kitchen.shop.verify().await;
}

async fn what_looks_like_fraud_nobody_but_a_human_accepts(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let path = format!("{}/order-rules", kitchen.at());
    let mut rules = kitchen.shop.get(&path).await.good();
    rules["autoAccept"] = true.into();
    kitchen.shop.put(&path, rules).await.good();
    let pizzas = |quantity: u32| {
        let mut basket = kitchen.basket();
        basket["items"] = json!([{"menuItemId": kitchen.pizza, "quantity": quantity}]);
        basket
    };
    let plain = kitchen.order((&diner, ""), pizzas(4)).await.good();
    assert_eq!(plain["status"], "confirmed");
    let seen = kitchen.see(&id(&plain)).await;
    let low = json!({"score": 5, "risk": "low", "flags": [], "recommendation": "accept"});
    assert_eq!(seen["fraud"], low);
    // Who orders is not told.
    assert_eq!(plain["fraud"], Value::Null);
    let large = kitchen.order((&diner, ""), pizzas(40)).await.good();
    assert_eq!(large["status"], "pending");
    let seen = kitchen.see(&id(&large)).await;
    assert_eq!(seen["fraud"]["recommendation"], "review");
    assert_eq!(seen["fraud"]["flags"], json!(["large"]));
    let body = json!({"status": "confirmed"});
    kitchen.set(&id(&large), body).await.good();
    let said = kitchen.order((&diner, ""), pizzas(80)).await;
    assert_eq!(said.code(), (409, "order_refused"));
    assert_eq!(said.body["fields"][0]["code"], "suspicious");
    // Nothing is lost where nobody says anything.
    let unknown = kitchen.order((&diner, ""), pizzas(33)).await.good();
    assert_eq!(unknown["status"], "confirmed");
    let seen = kitchen.see(&id(&unknown)).await;
    assert_eq!(seen["fraud"], Value::Null);
    kitchen.shop.verify().await;
}
