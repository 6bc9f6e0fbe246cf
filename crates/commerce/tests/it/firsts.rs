//! What is for a person's first order: counted by the orders that there are, and had by one order alone.

use futures_util::{StreamExt as _, stream};
use serde_json::json;
use testkit::trial::Engine;

use super::kitchen::Kitchen;
use super::world::{Said, Shop, on_both};

on_both!(
    of_two_first_orders_at_once_one_has_it,
    what_came_to_nothing_was_not_the_first,
);

/// A restaurant where a first order costs half, by two promotions that reach different things.
async fn kitchen(engine: Engine) -> Kitchen {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let organisation = kitchen.organisation.clone();
    let path = format!("/api/organisations/{organisation}/promotions");
    for item in [&kitchen.pizza, &kitchen.water] {
        let terms = json!({
            "name": "Welcome", "currency": "EUR", "firstOrder": true,
            "gives": {"kind": "percent", "percent": "50", "items": [item]},
        });
        kitchen.shop.post(&path, terms).await.good();
    }
    kitchen
}

fn of(kitchen: &Kitchen, item: &str) -> serde_json::Value {
    json!({
        "restaurantId": kitchen.restaurant, "serviceType": "pickup",
        "items": [{"menuItemId": item, "quantity": 1}],
    })
}

async fn of_two_first_orders_at_once_one_has_it(engine: Engine) {
    let kitchen = kitchen(engine).await;
    for _ in 0..5 {
        let diner = kitchen.shop.person(&[]);
        // Each is reached by another promotion, so the uses of neither stop the other.
        let items = [
            &kitchen.pizza,
            &kitchen.water,
            &kitchen.pizza,
            &kitchen.water,
        ];
        let asks = items.map(|item| kitchen.order((&diner, ""), of(&kitchen, item)));
        let asking = stream::iter(asks).buffer_unordered(4).collect();
        let answers: Vec<Said> = Box::pin(asking).await;
        let is_less = |said: &&Said| said.body["discount"] != "0.00";
        assert!(answers.iter().all(|said| said.status == 201), "{answers:?}");
        assert_eq!(answers.iter().filter(is_less).count(), 1, "{answers:?}");
    }
    kitchen.shop.verify().await;
}

async fn what_came_to_nothing_was_not_the_first(engine: Engine) {
    let kitchen = kitchen(engine).await;
    let diner = kitchen.shop.person(&[]);
    let buy = async || {
        let said = kitchen
            .order((&diner, ""), of(&kitchen, &kitchen.pizza))
            .await;
        said.good()
    };
    let first = buy().await;
    assert_eq!(first["total"], "6.25");
    assert_eq!(buy().await["total"], "12.50");
    let other = kitchen.shop.person(&[]);
    let elsewhere = kitchen
        .order((&other, ""), of(&kitchen, &kitchen.water))
        .await;
    assert_eq!(elsewhere.good()["total"], "1.00");
    // Both are rejected: the next one is the first again.
    let list = kitchen
        .shop
        .get(&format!("{}/orders?status=open", kitchen.at()))
        .await
        .good();
    for order in list["items"].as_array().unwrap() {
        if order["customerId"] == diner.as_str() {
            let id = order["id"].as_str().unwrap();
            kitchen.set(id, json!({"status": "rejected"})).await.good();
        }
    }
    assert_eq!(buy().await["total"], "6.25");
    assert_eq!(buy().await["total"], "12.50");
    kitchen.shop.verify().await;
}
