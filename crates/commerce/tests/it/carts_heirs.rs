//! Guests who sign in as somebody: their carts and orders go over, also while a cart is being ordered.

use std::collections::BTreeSet;

use domain::people::PersonId;
use futures_util::{StreamExt as _, stream};
use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::kitchen::Kitchen;
use super::world::{Said, Shop, eventually, on_both};

on_both!(
    what_a_guest_has_ordered_is_found_by_whom_he_turned_out_to_be,
    a_guest_has_one_heir,
    a_cart_that_is_ordered_meanwhile_is_ordered_once,
    a_cart_that_was_left_over_goes_when_it_is_ordered_again,
    carts_keep_their_versions_and_go_as_far_as_there_is_room,
);

impl Kitchen {
    /// Somebody signs in who was a guest until now.
    async fn hand_over(&self, guest: &str, person: &str) {
        let of = |text: &str| text.parse::<PersonId>().unwrap();
        for keeper in self.shop.node.more.commerce.keepers() {
            keeper.hand_over(of(guest), of(person)).await.unwrap();
        }
    }

    /// The orders that somebody finds in his list.
    async fn orders_of(&self, who: &str) -> Vec<Value> {
        let list = self.shop.ask((who, ""), Method::GET, "/api/orders", None);
        let list = list.await.good();
        let items = list["items"].as_array().unwrap().iter();
        items.map(|order| order["id"].clone()).collect()
    }

    async fn carts_of(&self, who: &str) -> Vec<Value> {
        let list = self.shop.ask((who, ""), Method::GET, "/api/carts", None);
        list.await.good()["items"].as_array().unwrap().clone()
    }

    /// A cart with two pizzas that was changed since; answers its id.
    async fn changed_cart(&self, who: &str) -> String {
        let body = json!({
            "restaurantId": self.restaurant, "serviceType": "pickup",
            "items": [{"menuItemId": self.pizza, "quantity": 1}],
        });
        let made = self
            .shop
            .ask((who, ""), Method::POST, "/api/carts", Some(body));
        let id = made.await.good()["id"].as_str().unwrap().to_owned();
        let path = format!("/api/carts/{id}/items");
        let more = json!({"menuItemId": self.pizza, "quantity": 1});
        let cart = self.shop.ask((who, ""), Method::POST, &path, Some(more));
        assert_eq!(cart.await.good()["version"], 2);
        id
    }

    async fn order_the_cart(&self, who: &str, cart: &str) -> Said {
        let body = json!({"restaurantId": self.restaurant, "cartId": cart});
        self.order((who, ""), body).await
    }

    async fn one(&self, who: &str, order: &Value) -> Said {
        let path = format!("/api/orders/{}", order.as_str().unwrap());
        self.shop.ask((who, ""), Method::GET, &path, None).await
    }
}

async fn what_a_guest_has_ordered_is_found_by_whom_he_turned_out_to_be(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let [guest, diner, other] = [(); 3].map(|()| kitchen.shop.person(&[]));
    let mut body = kitchen.basket();
    body["specialInstructions"] = json!("Ring twice");
    let before = kitchen.order((&guest, ""), body.clone()).await.good();
    kitchen.hand_over(&guest, &diner).await;
    // A request of the guest may have been under way.
    let after = kitchen.order((&guest, ""), body).await.good();
    let both = [after["id"].clone(), before["id"].clone()];
    eventually(async || kitchen.orders_of(&diner).await == both).await;
    for order in [&before, &after] {
        let found = kitchen.one(&diner, &order["id"]).await.good();
        assert_eq!(found["specialInstructions"], "Ring twice");
        let foreign = kitchen.one(&other, &order["id"]).await;
        assert_eq!(foreign.code(), (404, "not_found"));
    }
    // He may do with them what the guest could.
    let again = json!({"restaurantId": kitchen.restaurant, "orderId": before["id"]});
    let cart = kitchen
        .shop
        .ask((&diner, ""), Method::POST, "/api/carts", Some(again));
    assert_eq!(cart.await.good()["items"].as_array().unwrap().len(), 2);
    let path = format!("/api/orders/{}", before["id"].as_str().unwrap());
    let cancelled = json!({"status": "cancelled"});
    let ask = |who| {
        let path = format!("{path}/status");
        let body = Some(cancelled.clone());
        let shop = &kitchen.shop;
        async move { shop.ask((who, ""), Method::PATCH, &path, body).await }
    };
    let foreign = ask(other.as_str()).await;
    assert_eq!(foreign.status.as_u16() / 100, 4, "{foreign:?}");
    // Who is forgotten finds nothing.
    for keeper in kitchen.shop.node.more.commerce.keepers() {
        let person = diner.parse().unwrap();
        keeper.erase(person, "").await.unwrap();
    }
    assert!(kitchen.orders_of(&diner).await.is_empty());
    kitchen.shop.verify().await;
}

async fn a_guest_has_one_heir(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let [guest, diner, other] = [(); 3].map(|()| kitchen.shop.person(&[]));
    let order = kitchen.order((&guest, ""), kitchen.basket()).await.good();
    eventually(async || kitchen.orders_of(&guest).await.len() == 1).await;
    kitchen.changed_cart(&guest).await;
    kitchen.hand_over(&guest, &diner).await;
    kitchen.hand_over(&guest, &other).await;
    assert_eq!(kitchen.orders_of(&diner).await, [order["id"].clone()]);
    assert_eq!(kitchen.carts_of(&diner).await.len(), 1);
    assert!(kitchen.orders_of(&other).await.is_empty());
    assert!(kitchen.carts_of(&other).await.is_empty());
    assert_eq!(kitchen.one(&other, &order["id"]).await.status, 404);
}

/// Twenty times the guest orders his cart, and twenty times the person whom he signs in as, while it goes over.
async fn a_cart_that_is_ordered_meanwhile_is_ordered_once(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    for round in 0..4_usize {
        let (guest, diner) = (kitchen.shop.person(&[]), kitchen.shop.person(&[]));
        let cart = kitchen.changed_cart(&guest).await;
        let ordering = stream::iter(0..40_usize)
            .map(|turn| {
                let who = [&guest, &diner][turn % 2];
                kitchen.order_the_cart(who, &cart)
            })
            .buffer_unordered(40)
            .collect::<Vec<Said>>();
        let handing = async {
            // It goes over early, or late.
            for _ in 0..round * 20 {
                tokio::task::yield_now().await;
            }
            tokio::join!(
                kitchen.hand_over(&guest, &diner),
                kitchen.hand_over(&guest, &diner)
            )
        };
        let (answers, _) = Box::pin(async { tokio::join!(ordering, handing) }).await;
        let mut ids = BTreeSet::new();
        for said in &answers {
            match said.status.as_u16() {
                201 => ids.insert(said.body["id"].to_string()),
                _ => {
                    assert_eq!(said.code(), (404, "not_found"), "{said:?}");
                    continue;
                }
            };
        }
        assert!(ids.len() <= 1, "{ids:?}");
        // Now it is the person's, ordered or not; and it is there once.
        let order = kitchen.order_the_cart(&diner, &cart).await;
        assert_eq!(order.status, 201, "{order:?}");
        ids.insert(order.body["id"].to_string());
        assert_eq!(ids.len(), 1, "{ids:?}");
        let mine = [order.body["id"].clone()];
        eventually(async || kitchen.orders_of(&diner).await == mine).await;
        eventually(async || kitchen.carts_of(&diner).await.is_empty()).await;
        assert!(kitchen.carts_of(&guest).await.is_empty());
    }
    let path = format!("{}/orders", kitchen.at());
    let orders = kitchen.shop.get(&path).await.good();
    assert_eq!(orders["items"].as_array().unwrap().len(), 4);
    kitchen.shop.verify().await;
}

/// Whatever could not be removed goes at the next try to order it.
async fn a_cart_that_was_left_over_goes_when_it_is_ordered_again(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let (guest, diner) = (kitchen.shop.person(&[]), kitchen.shop.person(&[]));
    let cart = kitchen.changed_cart(&guest).await;
    let order = kitchen.order_the_cart(&guest, &cart).await.good();
    eventually(async || kitchen.orders_of(&guest).await.len() == 1).await;
    kitchen.hand_over(&guest, &diner).await;
    let again = kitchen.order_the_cart(&diner, &cart).await.good();
    assert_eq!(again["id"], order["id"]);
    assert!(kitchen.carts_of(&diner).await.is_empty());
}

async fn carts_keep_their_versions_and_go_as_far_as_there_is_room(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let (guest, diner) = (kitchen.shop.person(&[]), kitchen.shop.person(&[]));
    let body = json!({"restaurantId": kitchen.restaurant});
    for _ in 0..19 {
        let made = kitchen
            .shop
            .ask((&diner, ""), Method::POST, "/api/carts", Some(body.clone()));
        made.await.good();
    }
    let first = kitchen.changed_cart(&guest).await;
    let second = kitchen.changed_cart(&guest).await;
    kitchen.hand_over(&guest, &diner).await;
    let mine = kitchen.carts_of(&diner).await;
    assert_eq!(mine.len(), 20);
    let had: Vec<&Value> = mine
        .iter()
        .filter(|cart| [&first, &second].contains(&&cart["id"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(had.len(), 1, "{mine:?}");
    assert_eq!(had[0]["version"], 2);
    assert_eq!(kitchen.carts_of(&guest).await.len(), 1);
    // The device that changed it goes on with the version that it has read.
    let path = format!("/api/carts/{}/items", had[0]["id"].as_str().unwrap());
    let more = json!({"menuItemId": kitchen.water, "quantity": 1, "version": 2});
    let cart = kitchen
        .shop
        .ask((&diner, ""), Method::POST, &path, Some(more));
    assert_eq!(cart.await.good()["version"], 3);
}
