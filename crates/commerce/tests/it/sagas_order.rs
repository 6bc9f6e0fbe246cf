//! Operators look at one order: what goes on about it, its payments with every attempt, its books, and nobody's name.

use base::{Organisation, Uid};
use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;
use trade::orders::OrderId;

use super::kitchen::Kitchen;
use super::world::{Shop, eventually, on_both};

on_both!(
    an_order_is_seen_with_its_money_and_its_books,
    what_is_under_way_is_seen_and_nothing_of_who_ordered,
    nobody_else_looks_and_what_is_not_there_is_missing,
);

/// Places an order of 27.00 by card; whoever ordered says who he is.
async fn ordered(kitchen: &Kitchen, token: &str) -> (String, String) {
    let diner = kitchen.shop.person(&[]);
    let mut basket = kitchen.basket();
    basket["payment"] = json!({
        "method": "card", "token": token, "returnUrl": "https://diner.example/secret",
    });
    basket["contactName"] = "Signora Rossi".into();
    basket["phone"] = "+390815551234".into();
    basket["specialInstructions"] = "Ring twice".into();
    let order = kitchen.order((&diner, ""), basket).await.good();
    (diner, order["id"].as_str().unwrap().to_owned())
}

async fn look(kitchen: &Kitchen, order: &str) -> Value {
    let path = format!("/api/ops/orders/{order}");
    kitchen.shop.get(&path).await.good()
}

/// The names under which something stands in a list.
fn each<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    let items = list.as_array().unwrap().iter();
    items.map(|one| one[field].as_str().unwrap()).collect()
}

/// Nothing says who ordered, nor how he pays.
fn is_nobodys(seen: &Value, diner: &str) {
    let text = seen.to_string();
    for said in [diner, "Rossi", "5551234", "Ring twice", "diner.example"] {
        assert!(!text.contains(said), "{said}: {text}");
    }
}

async fn an_order_is_seen_with_its_money_and_its_books(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let (diner, id) = ordered(&kitchen, "ok").await;
    eventually(async || look(&kitchen, &id).await["payment"] == "secured").await;
    for status in ["confirmed", "preparing", "ready_for_pickup", "collected"] {
        kitchen.set(&id, json!({"status": status})).await.good();
    }
    eventually(async || look(&kitchen, &id).await["payments"][0]["captured"] == "27.00").await;
    let path = format!("/api/orders/{id}/refunds");
    let asked = json!({"lines": [{"line": "2"}], "reason": "missing"});
    let refund = kitchen.shop.post(&path, asked).await.good();
    eventually(async || {
        let seen = look(&kitchen, &id).await;
        seen["refunds"][0]["state"] == "executed" && seen["sagas"] == json!([])
    })
    .await;

    let seen = look(&kitchen, &id).await;
    is_nobodys(&seen, &diner);
    assert_eq!(
        (&seen["id"], &seen["status"], &seen["total"]),
        (&json!(id), &json!("collected"), &json!("27.00"))
    );
    let payment = &seen["payments"][0];
    assert_eq!(
        (&payment["state"], &payment["refunded"]),
        (&json!("partly_refunded"), &json!("2.00"))
    );
    let attempts = &payment["attempts"];
    assert_eq!(each(attempts, "act"), ["authorise", "capture", "refund"]);
    assert_eq!(each(attempts, "state"), ["done"; 3]);
    assert_eq!(each(attempts, "provider"), ["test"; 3]);
    assert_eq!(each(attempts, "reference").len(), 3);
    assert_eq!(attempts[2]["refundId"], refund["id"]);
    let sent = each(attempts, "sentAt");
    assert!(sent.is_sorted() && sent[0] < sent[2], "{sent:?}");
    let ledger = &seen["ledger"];
    assert_eq!(
        (&ledger["owed"], &ledger["balanced"]),
        (&json!("0.00"), &json!(true))
    );
    let kinds = ["sale", "captured", "refund_granted", "refund_executed"];
    assert_eq!(each(&ledger["transactions"], "kind"), kinds);
    let accounts = ledger["accounts"].as_array().unwrap();
    let provider = accounts
        .iter()
        .find(|one| one["account"] == "provider:test");
    assert_eq!(provider.unwrap()["balance"], "25.00");
    kitchen.shop.verify().await;
}

async fn what_is_under_way_is_seen_and_nothing_of_who_ordered(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let (diner, id) = ordered(&kitchen, "action").await;
    let (_, other) = ordered(&kitchen, "action").await;
    let waits = async |order: &str| {
        let seen = look(&kitchen, order).await;
        seen["sagas"][0]["state"] == "waiting"
    };
    eventually(async || waits(&id).await && waits(&other).await).await;
    let seen = look(&kitchen, &id).await;
    is_nobodys(&seen, &diner);
    assert_eq!(each(&seen["sagas"], "kind"), ["order.place"]);
    assert_eq!(seen["sagas"][0]["orderId"], json!(id));
    assert_eq!(
        each(&seen["timers"], "kind"),
        ["payment.settle", "order.due"]
    );
    assert_eq!(seen["timersWhole"], true);
    let attempt = &seen["payments"][0]["attempts"][0];
    assert_eq!(
        (
            &attempt["state"],
            &attempt["needsAction"],
            &attempt["needsHuman"]
        ),
        (&json!("sent"), &json!(true), &json!(false))
    );
    assert_eq!(seen["ledger"]["owed"], "27.00");
}

async fn nobody_else_looks_and_what_is_not_there_is_missing(engine: Engine) {
    let kitchen = Kitchen::open(Shop::new(engine).await).await;
    let (diner, id) = ordered(&kitchen, "ok").await;
    let member = kitchen.shop.person(&[&kitchen.organisation]);
    let path = format!("/api/ops/orders/{id}");
    for who in [&diner, &member] {
        let said = kitchen.shop.ask((who, ""), Method::GET, &path, None).await;
        assert_eq!(said.code(), (403, "forbidden"));
    }
    let (clock, random) = kitchen.shop.chance();
    let house = super::world::uid(&kitchen.organisation).organisation();
    for number in [house, Organisation::new(4_000_000_000)] {
        let absent = OrderId::from(Uid::make(clock, random, number));
        let said = kitchen.shop.get(&format!("/api/ops/orders/{absent}")).await;
        assert_eq!(said.code(), (404, "not_found"));
    }
}
