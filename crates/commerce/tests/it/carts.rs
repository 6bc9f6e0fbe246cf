//! Carts: put together, priced at every look, ordered once, and gone with whoever made them.

use domain::people::PersonId;
use futures_util::{StreamExt as _, stream};
use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::kitchen::{Kitchen, NEAR};
use super::world::{Said, Shop, eventually, on_both};

on_both!(
    a_cart_is_put_together_and_priced_at_every_look,
    a_cart_that_is_to_be_brought_wants_an_address,
    a_cart_is_ordered_once_however_often,
    what_is_dearer_or_gone_is_told_and_not_ordered,
    an_order_is_put_into_a_cart_again,
    who_does_not_say_where_he_is_pays_the_dearest_zone,
    nobody_sees_the_carts_of_others_and_nobody_has_too_many,
    a_guest_hands_over_and_who_goes_takes_all_along,
);

impl Kitchen {
    async fn cart(&self, who: &str, method: Method, path: &str, body: Option<Value>) -> Said {
        let path = format!("/api/carts{path}");
        self.shop.ask((who, ""), method, &path, body).await
    }

    /// A cart for pickup with two pizzas; answers its path.
    async fn two_pizzas(&self, who: &str) -> String {
        let body = json!({
            "restaurantId": self.restaurant, "serviceType": "pickup",
            "items": [{"menuItemId": self.pizza, "quantity": 2}],
        });
        let made = self.cart(who, Method::POST, "", Some(body)).await;
        assert_eq!(made.status, 201, "{made:?}");
        format!("/{}", made.body["id"].as_str().unwrap())
    }

    async fn order_cart(&self, who: &str, path: &str) -> Said {
        let body = json!({"restaurantId": self.restaurant, "cartId": &path[1..]});
        self.order((who, ""), body).await
    }
}

async fn a_cart_is_put_together_and_priced_at_every_look(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let at = kitchen.two_pizzas(&diner).await;
    let lines = format!("{at}/items");
    let water = json!({"menuItemId": kitchen.water, "quantity": 1, "version": 1});
    let cart = kitchen.cart(&diner, Method::POST, &lines, Some(water.clone()));
    let cart = cart.await.good();
    assert_eq!(
        (&cart["version"], &cart["total"]),
        (&json!(2), &json!("27.00"))
    );
    assert_eq!(cart["items"][1]["name"], "Water");
    assert_eq!(cart["orderable"], true);
    // Somebody else has changed it since; whoever does not say what he saw puts one more in.
    let late = kitchen
        .cart(&diner, Method::POST, &lines, Some(water))
        .await;
    assert_eq!(late.code(), (409, "version_changed"));
    let more = json!({"menuItemId": kitchen.water, "quantity": 2});
    let cart = kitchen
        .cart(&diner, Method::POST, &lines, Some(more))
        .await
        .good();
    assert_eq!(cart["items"][1]["quantity"], 3);
    // A line is said anew, with an option, and another one goes.
    let large = json!({
        "menuItemId": kitchen.pizza, "quantity": 1,
        "options": [{"group": kitchen.sizes, "item": kitchen.large, "quantity": 1}],
    });
    let first = format!("{at}/items/1");
    let cart = kitchen
        .cart(&diner, Method::PUT, &first, Some(large))
        .await
        .good();
    assert_eq!(cart["items"][0]["unitPrice"], "15.50");
    let second = format!("{at}/items/2");
    let cart = kitchen
        .cart(&diner, Method::DELETE, &second, None)
        .await
        .good();
    assert_eq!(cart["items"].as_array().unwrap().len(), 1);
    let gone = kitchen.cart(&diner, Method::DELETE, &second, None).await;
    assert_eq!(gone.code(), (404, "not_found"));
    let unknown = json!({"menuItemId": kitchen.large, "quantity": 1});
    let refused = kitchen
        .cart(&diner, Method::POST, &lines, Some(unknown))
        .await;
    assert_eq!(refused.code(), (409, "order_refused"));
}

async fn a_cart_that_is_to_be_brought_wants_an_address(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let at = kitchen.two_pizzas(&diner).await;
    // It is to be brought: with a fee, and not without an address.
    let bring = json!({"couponCode": "NONE", "tip": "2.00"});
    let cart = kitchen
        .cart(&diner, Method::PUT, &at, Some(bring))
        .await
        .good();
    assert_eq!(
        (&cart["deliveryFee"], &cart["tip"]),
        (&json!("2.50"), &json!("2.00"))
    );
    let codes: Vec<&Value> = cart["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["code"])
        .collect();
    assert_eq!(codes, ["address_missing", "unknown"]);
    assert_eq!(cart["orderable"], false);
    let list = kitchen.cart(&diner, Method::GET, "", None).await.good();
    assert_eq!(list["items"][0]["pieces"], 2);
    assert_eq!(
        kitchen.cart(&diner, Method::DELETE, &at, None).await.status,
        204
    );
    assert_eq!(
        kitchen.cart(&diner, Method::GET, &at, None).await.code(),
        (404, "not_found")
    );
}

async fn a_cart_is_ordered_once_however_often(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let at = kitchen.two_pizzas(&diner).await;
    let asks = (0..40).map(|_| kitchen.order_cart(&diner, &at));
    let answers: Vec<Said> = stream::iter(asks).buffer_unordered(20).collect().await;
    let mut ids: Vec<String> = answers
        .into_iter()
        .map(|said| {
            assert_eq!(said.status, 201, "{said:?}");
            assert_eq!(said.body["total"], "25.00");
            said.body["id"].to_string()
        })
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let path = format!("{}/orders", kitchen.at());
    let orders = kitchen.shop.get(&path).await.good();
    assert_eq!(orders["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        kitchen.cart(&diner, Method::GET, &at, None).await.code(),
        (404, "not_found")
    );
    // Nobody else orders it, or learns of the order; and a cart is not ordered beside lines.
    let other = kitchen.shop.person(&[]);
    assert_eq!(
        kitchen.order_cart(&other, &at).await.code(),
        (404, "not_found")
    );
    let mut both = kitchen.basket();
    both["cartId"] = at[1..].into();
    assert_eq!(
        kitchen.order((&diner, ""), both).await.code(),
        (422, "field_invalid")
    );
    // Of a cart that stands elsewhere than it was seen nothing is ordered.
    let at = kitchen.two_pizzas(&diner).await;
    let body = json!({"restaurantId": kitchen.restaurant, "cartId": &at[1..], "cartVersion": 2});
    assert_eq!(
        kitchen.order((&diner, ""), body).await.code(),
        (409, "version_changed")
    );
    kitchen.shop.verify().await;
}

async fn what_is_dearer_or_gone_is_told_and_not_ordered(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let at = kitchen.two_pizzas(&diner).await;
    kitchen.costs("13.00").await;
    let cart = kitchen.cart(&diner, Method::GET, &at, None).await.good();
    let line = &cart["items"][0];
    assert_eq!(
        (&line["since"], &line["seenPrice"], &line["unitPrice"]),
        (&json!("dearer"), &json!("12.50"), &json!("13.00"))
    );
    assert_eq!(cart["orderable"], false);
    let refused = kitchen.order_cart(&diner, &at).await;
    assert_eq!(refused.code(), (409, "order_refused"));
    assert_eq!(refused.body["fields"][0]["code"], "dearer");
    let taken = json!({"serviceType": "pickup", "acceptPrices": true});
    let cart = kitchen
        .cart(&diner, Method::PUT, &at, Some(taken))
        .await
        .good();
    assert_eq!(
        (&cart["items"][0]["since"], &cart["orderable"]),
        (&json!("same"), &json!(true))
    );
    kitchen.costs("11.00").await;
    let cart = kitchen.cart(&diner, Method::GET, &at, None).await.good();
    assert_eq!(
        (&cart["items"][0]["since"], &cart["orderable"]),
        (&json!("cheaper"), &json!(true))
    );
    let path = format!("{}/menu/stock/{}", kitchen.at(), kitchen.pizza);
    kitchen.shop.put(&path, json!({"left": 1})).await.good();
    eventually(async || {
        let cart = kitchen.cart(&diner, Method::GET, &at, None).await.good();
        cart["items"][0]["since"] == "unavailable"
            && cart["items"][0]["problems"][0]["code"] == "sold_out"
    })
    .await;
    let refused = kitchen.order_cart(&diner, &at).await;
    assert_eq!(refused.body["fields"][0]["code"], "sold_out", "{refused:?}");
}

async fn an_order_is_put_into_a_cart_again(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let body = json!({
        "restaurantId": kitchen.restaurant,
        "items": [{
            "line": "a", "menuItemId": kitchen.pizza, "quantity": 2, "specialInstructions": "No onions",
            "options": [{"group": kitchen.sizes, "item": kitchen.large, "quantity": 1}],
        }],
        "deliveryAddress": {"street": "Main St 1", "position": {"lat": NEAR.0, "lng": NEAR.1}},
    });
    let order = kitchen.order((&diner, ""), body).await.good();
    kitchen.costs("13.00").await;
    let again = json!({"restaurantId": kitchen.restaurant, "orderId": order["id"]});
    let other = kitchen.shop.person(&[]);
    let foreign = kitchen
        .cart(&other, Method::POST, "", Some(again.clone()))
        .await;
    assert_eq!(foreign.code(), (404, "not_found"));
    let cart = kitchen
        .cart(&diner, Method::POST, "", Some(again))
        .await
        .good();
    let line = &cart["items"][0];
    assert_eq!(line["specialInstructions"], "No onions");
    assert_eq!(line["options"][0]["item"], kitchen.large.as_str());
    assert_eq!(
        (&line["since"], &line["seenPrice"]),
        (&json!("dearer"), &json!("15.50"))
    );
    assert_eq!(cart["deliveryAddress"]["street"], "Main St 1");
    assert_eq!(cart["deliveryFee"], "2.50");
}

async fn nobody_sees_the_carts_of_others_and_nobody_has_too_many(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let (diner, other) = (kitchen.shop.person(&[]), kitchen.shop.person(&[]));
    let at = kitchen.two_pizzas(&diner).await;
    for (method, body) in [
        (Method::GET, None),
        (Method::DELETE, None),
        (Method::PUT, Some(json!({}))),
    ] {
        let said = kitchen.cart(&other, method, &at, body).await;
        assert_eq!(said.code(), (404, "not_found"));
    }
    // Twenty at once find places of their own; one more finds none.
    let body = json!({"restaurantId": kitchen.restaurant});
    let asks = (0..25).map(|_| kitchen.cart(&other, Method::POST, "", Some(body.clone())));
    let answers: Vec<Said> = stream::iter(asks).buffer_unordered(5).collect().await;
    let made = answers.iter().filter(|said| said.status == 201).count();
    let full = answers
        .iter()
        .filter(|said| said.code() == (409, "too_many"))
        .count();
    assert_eq!((made, full), (20, 5), "{answers:?}");
    // The same key makes the same cart.
    let once = async || {
        let asked = (diner.as_str(), "key");
        let said = kitchen
            .shop
            .ask(asked, Method::POST, "/api/carts", Some(body.clone()));
        said.await.good()["id"].clone()
    };
    assert_eq!(once().await, once().await);
}

async fn a_guest_hands_over_and_who_goes_takes_all_along(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let (guest, diner) = (kitchen.shop.person(&[]), kitchen.shop.person(&[]));
    let at = kitchen.two_pizzas(&guest).await;
    kitchen.two_pizzas(&diner).await;
    let mut keepers = kitchen.shop.node.more.commerce.keepers();
    keepers.retain(|keeper| ["orders", "carts"].contains(&keeper.name()));
    let of = |text: &str| text.parse::<PersonId>().unwrap();
    for _ in 0..2 {
        for keeper in &keepers {
            keeper.hand_over(of(&guest), of(&diner)).await.unwrap();
        }
    }
    assert_eq!(
        kitchen.cart(&guest, Method::GET, &at, None).await.code(),
        (404, "not_found")
    );
    let cart = kitchen.cart(&diner, Method::GET, &at, None).await.good();
    assert_eq!(cart["total"], "25.00");

    let order = kitchen.order((&diner, ""), kitchen.basket()).await.good();
    let exported = async || {
        let mut all = Vec::new();
        for keeper in &keepers {
            let text = keeper.export(of(&diner)).await.unwrap();
            let text: Value = serde_json::from_str(&text).unwrap();
            all.push((keeper.name(), text.as_array().unwrap().clone()));
        }
        all
    };
    eventually(async || exported().await[0].1.len() == 1).await;
    let all = exported().await;
    assert_eq!((all[0].0, all[1].0), ("orders", "carts"));
    assert_eq!(all[0].1[0]["id"], order["id"]);
    assert_eq!(all[1].1.len(), 2);
    for _ in 0..2 {
        for keeper in &keepers {
            keeper.may_go(of(&diner)).await.unwrap();
            keeper.erase(of(&diner), "").await.unwrap();
        }
    }
    assert!(exported().await.iter().all(|(_, kept)| kept.is_empty()));
    let list = kitchen.cart(&diner, Method::GET, "", None).await.good();
    assert_eq!(list["items"], json!([]));
}

async fn who_does_not_say_where_he_is_pays_the_dearest_zone(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let zone = |name: &str, metres: u32, fee: &str| json!({"name": name, "radiusMetres": metres, "fee": fee, "minimum": "10.00", "minutes": 20});
    let zones = [zone("Near", 2000, "2.50"), zone("Far", 9000, "6.00")];
    let path = format!("{}/zones", kitchen.at());
    let version = kitchen.shop.get(&path).await.good()["version"].clone();
    let body = json!({"zones": zones, "version": version});
    kitchen.shop.put(&path, body).await.good();
    let mut body = json!({
        "restaurantId": kitchen.restaurant,
        "items": [{"menuItemId": kitchen.pizza, "quantity": 2}],
        "deliveryAddress": "123 Main St, City",
    });
    let nowhere = kitchen.order((&diner, ""), body.clone()).await.good();
    assert_eq!(nowhere["deliveryFee"], "6.00");
    body["position"] = json!({"lat": NEAR.0, "lng": NEAR.1});
    let here = kitchen.order((&diner, ""), body).await.good();
    assert_eq!(here["deliveryFee"], "2.50");
}
