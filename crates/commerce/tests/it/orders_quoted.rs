//! Orders by a quote: what was promised is held, for as long as it was, where it was.

use base::{Clock, Time};
use catalogue::pricing::Promise;
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::trial::Engine;

use super::kitchen::Kitchen;
use super::world::{Said, Shop, on_both};

on_both!(what_was_quoted_is_what_it_costs);

impl Kitchen {
    /// What a restaurant says that a pizza costs.
    async fn quote(&self) -> Value {
        let wish = json!({"service": "pickup", "lines": [{"item": self.pizza, "quantity": 1}]});
        let path = format!("{}/quote", self.at());
        self.shop.post(&path, wish).await.good()
    }

    async fn by_quote(&self, who: &str, quote: &Value, more: Value) -> Said {
        let mut body = json!({
            "restaurantId": self.restaurant, "serviceType": "pickup", "quoteId": quote,
            "items": [{"menuItemId": self.pizza, "quantity": 1}],
        });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.order((who, ""), body).await
    }
}

#[track_caller]
fn refused(said: &Said, code: &str) {
    assert_eq!(said.code(), (409, "order_refused"), "{said:?}");
    let field = &said.body["fields"][0];
    assert_eq!(
        (&field["field"], &field["code"]),
        (&json!("quoteId"), &json!(code)),
        "{said:?}"
    );
}

async fn what_was_quoted_is_what_it_costs(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let quote = kitchen.quote().await;
    assert_eq!(quote["totals"]["total"], "12.50");
    let id = &quote["quoteId"];
    let until: Time = quote["expiresAt"].as_str().unwrap().parse().unwrap();
    assert!(until > Clock::real().now());
    // A tip is no part of it; more than was asked about is.
    let order = kitchen.by_quote(&diner, id, json!({"tip": "3.00"})).await;
    assert_eq!(order.good()["total"], "15.50");
    let two = json!({"items": [{"menuItemId": kitchen.pizza, "quantity": 2}]});
    refused(&kitchen.by_quote(&diner, id, two).await, "dearer");

    kitchen.costs("13.00").await;
    let dearer = kitchen.by_quote(&diner, id, json!({})).await;
    refused(&dearer, "dearer");
    let words = dearer.body["fields"][0]["message"].to_string();
    assert!(
        words.contains("12.50") && words.contains("13.00"),
        "{words}"
    );
    let anew = kitchen.quote().await;
    let order = kitchen.by_quote(&diner, &anew["quoteId"], json!({})).await;
    assert_eq!(order.good()["total"], "13.00");
    kitchen.costs("11.00").await;
    let order = kitchen.by_quote(&diner, id, json!({})).await;
    assert_eq!(order.good()["total"], "11.00");

    // It holds for a while, and where it was given.
    let now = Clock::real().now();
    let long_ago = now.minus(Duration::from_secs(3_600)).unwrap();
    let cursors = &kitchen.shop.node.more.parts.cursors;
    let sealed = |at: &str, when| Promise::made(5_000, when).seal(cursors, at.parse().unwrap());
    let over = json!(sealed(&kitchen.restaurant, long_ago));
    refused(&kitchen.by_quote(&diner, &over, json!({})).await, "expired");
    let beside = kitchen.shop.restaurant(&kitchen.organisation, None).await;
    let elsewhere = json!(sealed(&beside, now));
    refused(
        &kitchen.by_quote(&diner, &elsewhere, json!({})).await,
        "unknown",
    );
    refused(
        &kitchen
            .by_quote(&diner, &json!("nonsense"), json!({}))
            .await,
        "unknown",
    );
    let cannot = json!({"service": "pickup", "lines": [{"item": kitchen.large, "quantity": 1}]});
    let path = format!("{}/quote", kitchen.at());
    let said = kitchen
        .shop
        .ask((&diner, ""), Method::POST, &path, Some(cannot));
    assert_eq!(said.await.good()["quoteId"], Value::Null);
}
