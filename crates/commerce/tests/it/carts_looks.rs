//! Carts as those meet them who use them: coupons that come and go, a world that changes meanwhile, two devices, and limits.

use std::time::Duration;

use base::Clock;
use futures_util::{StreamExt as _, stream};
use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::kitchen::Kitchen;
use super::world::{Said, Shop, eventually, on_both};

on_both!(
    a_coupon_comes_and_goes,
    what_has_left_the_menu_is_told_and_not_ordered,
    nothing_is_ordered_of_a_restaurant_that_pauses_and_the_cart_stays,
    of_two_devices_one_reads_again,
    a_cart_has_an_end,
    a_cart_is_ordered_where_it_was_made,
    nobody_touches_it_for_a_month_and_it_goes,
);

impl Kitchen {
    /// A request about carts of somebody.
    async fn look(&self, who: &str, method: Method, path: &str, body: Option<Value>) -> Said {
        let path = format!("/api/carts{path}");
        self.shop.ask((who, ""), method, &path, body).await
    }

    /// A cart for pickup with a pizza; answers its path.
    async fn a_pizza(&self, who: &str) -> String {
        let body = json!({
            "restaurantId": self.restaurant, "serviceType": "pickup",
            "items": [{"menuItemId": self.pizza, "quantity": 1}],
        });
        let made = self.look(who, Method::POST, "", Some(body)).await.good();
        format!("/{}", made["id"].as_str().unwrap())
    }

    async fn buy(&self, who: &str, cart: &str) -> Said {
        let body = json!({"restaurantId": self.restaurant, "cartId": &cart[1..]});
        self.order((who, ""), body).await
    }
}

/// The codes of what is wrong with a cart as a whole.
fn problems(cart: &Value) -> Vec<&str> {
    let all = cart["problems"].as_array().unwrap().iter();
    all.map(|one| one["code"].as_str().unwrap()).collect()
}

async fn a_coupon_comes_and_goes(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let path = format!("/api/organisations/{}/coupons", kitchen.organisation);
    let gives = json!({"kind": "percent", "percent": "20"});
    let terms = json!({"name": "Twenty", "currency": "EUR", "minimum": "20.00", "gives": gives, "personUsesMax": 1});
    let coupon = json!({"code": "TWENTY", "terms": terms});
    kitchen.shop.post(&path, coupon).await.good();
    let at = kitchen.a_pizza(&diner).await;
    let put = async |body: Value| {
        let said = kitchen.look(&diner, Method::PUT, &at, Some(body)).await;
        said.good()
    };
    let with = json!({"serviceType": "pickup", "couponCode": "twenty"});
    let cart = put(with.clone()).await;
    assert_eq!(problems(&cart), ["too_small"]);
    assert_eq!(
        (&cart["discount"], &cart["orderable"]),
        (&json!("0.00"), &json!(false))
    );
    // With another pizza it is enough; what is not said any more is taken off no more.
    let more = json!({"menuItemId": kitchen.pizza, "quantity": 1});
    let lines = format!("{at}/items");
    let cart = kitchen.look(&diner, Method::POST, &lines, Some(more));
    let cart = cart.await.good();
    assert_eq!(
        (&cart["discount"], &cart["total"], &cart["orderable"]),
        (&json!("5.00"), &json!("20.00"), &json!(true))
    );
    let cart = put(json!({"serviceType": "pickup"})).await;
    assert_eq!(cart["total"], "25.00");
    assert_eq!(cart["couponCode"], Value::Null);
    put(with.clone()).await;
    let order = kitchen.buy(&diner, &at).await.good();
    assert_eq!(order["total"], "20.00");
    // He has had it, and the next cart says so.
    let at = kitchen.a_pizza(&diner).await;
    let two = json!({"menuItemId": kitchen.pizza, "quantity": 2});
    let line = format!("{at}/items/1");
    let cart = kitchen.look(&diner, Method::PUT, &line, Some(two));
    cart.await.good();
    let cart = kitchen.look(&diner, Method::PUT, &at, Some(with)).await;
    assert_eq!(problems(&cart.good()), ["used_by_you"]);
}

async fn what_has_left_the_menu_is_told_and_not_ordered(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let at = kitchen.a_pizza(&diner).await;
    let lines = format!("{at}/items");
    let large = json!({
        "menuItemId": kitchen.pizza, "quantity": 1,
        "options": [{"group": kitchen.sizes, "item": kitchen.large, "quantity": 1}],
    });
    let cart = kitchen.look(&diner, Method::POST, &lines, Some(large));
    assert_eq!(cart.await.good()["total"], "28.00");
    let group = format!("groups/{}", kitchen.sizes);
    let others = json!({"choices": [{"item": kitchen.water}]});
    kitchen.rewrite(&group, others).await;
    let cart = kitchen.look(&diner, Method::GET, &at, None).await.good();
    let line = &cart["items"][1];
    assert_eq!(
        (&line["since"], &line["name"], &line["seenPrice"]),
        (
            &json!("unavailable"),
            &json!("Pizza of the house"),
            &json!("15.50")
        )
    );
    assert_eq!(cart["orderable"], false);
    let refused = kitchen.buy(&diner, &at).await;
    assert_eq!(refused.code(), (409, "order_refused"));
    assert_eq!(refused.body["fields"][0]["field"], "items.2");
    // Without it the rest is ordered.
    let second = format!("{at}/items/2");
    let cart = kitchen.look(&diner, Method::DELETE, &second, None).await;
    assert_eq!(cart.good()["orderable"], true);
    assert_eq!(kitchen.buy(&diner, &at).await.good()["total"], "12.50");
}

async fn nothing_is_ordered_of_a_restaurant_that_pauses_and_the_cart_stays(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let at = kitchen.a_pizza(&diner).await;
    let path = format!("{}/pause", kitchen.at());
    let pause = json!({"service": "pickup", "reason": "staff", "minutes": 9});
    kitchen.shop.post(&path, pause).await.good();
    eventually(async || {
        let cart = kitchen.look(&diner, Method::GET, &at, None).await.good();
        problems(&cart) == ["paused"] && cart["orderable"] == false
    })
    .await;
    let refused = kitchen.buy(&diner, &at).await;
    assert_eq!(refused.code(), (409, "order_refused"));
    assert_eq!(refused.body["fields"][0]["code"], "paused");
    // It can still be changed, and is ordered when the restaurant is back.
    let lines = format!("{at}/items");
    let water = json!({"menuItemId": kitchen.water, "quantity": 1});
    let cart = kitchen.look(&diner, Method::POST, &lines, Some(water));
    assert_eq!(cart.await.good()["total"], "14.50");
    let on = format!("{}/open", kitchen.at());
    kitchen
        .shop
        .post(&on, json!({"service": "pickup"}))
        .await
        .good();
    eventually(async || kitchen.buy(&diner, &at).await.status == 201).await;
}

async fn of_two_devices_one_reads_again(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let at = kitchen.a_pizza(&diner).await;
    let lines = format!("{at}/items");
    let seen = json!({"menuItemId": kitchen.water, "quantity": 1, "version": 1});
    let asks = (0..8).map(|_| kitchen.look(&diner, Method::POST, &lines, Some(seen.clone())));
    let answers: Vec<Said> = stream::iter(asks).buffer_unordered(8).collect().await;
    let mut late = answers.iter().filter(|said| said.status != 200);
    assert_eq!(answers.iter().filter(|said| said.status == 200).count(), 1);
    assert!(late.all(|said| {
        said.code() == (409, "version_changed")
            && said.body["detail"]
                .as_str()
                .unwrap()
                .contains("read it again")
    }));
    let cart = kitchen.look(&diner, Method::GET, &at, None).await.good();
    assert_eq!(
        (&cart["version"], &cart["total"]),
        (&json!(2), &json!("14.50"))
    );
    // Whoever does not say what he saw, changes it as it stands: none is lost.
    let blind = json!({"menuItemId": kitchen.water, "quantity": 1});
    let asks = (0..8).map(|_| kitchen.look(&diner, Method::POST, &lines, Some(blind.clone())));
    let answers: Vec<Said> = stream::iter(asks).buffer_unordered(8).collect().await;
    assert!(answers.iter().all(|said| said.status == 200), "{answers:?}");
    let cart = kitchen.look(&diner, Method::GET, &at, None).await.good();
    assert_eq!(cart["items"][1]["quantity"], 9);
}

async fn a_cart_has_an_end(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let note = |turn: usize| format!("{turn:03} {}", "x".repeat(400));
    let line = |turn: usize| json!({"menuItemId": kitchen.water, "quantity": 1, "specialInstructions": note(turn)});
    let items: Vec<Value> = (0..100).map(line).collect();
    let body = json!({"restaurantId": kitchen.restaurant, "serviceType": "pickup", "items": items});
    let cart = kitchen.look(&diner, Method::POST, "", Some(body)).await;
    let at = format!("/{}", cart.good()["id"].as_str().unwrap());
    let lines = format!("{at}/items");
    let full = kitchen.look(&diner, Method::POST, &lines, Some(line(100)));
    let full = full.await;
    assert_eq!(full.code(), (409, "too_many"));
    assert!(full.body["detail"].as_str().unwrap().contains("100 lines"));
    // What is in it alike becomes more, as long as a line may be so many.
    let mut many = line(0);
    many["quantity"] = json!(998);
    let cart = kitchen.look(&diner, Method::POST, &lines, Some(many));
    assert_eq!(cart.await.good()["items"][0]["quantity"], 999);
    let refused = kitchen.look(&diner, Method::POST, &lines, Some(line(0)));
    let refused = refused.await;
    assert_eq!(refused.code(), (409, "order_refused"));
    assert_eq!(refused.body["fields"][0]["code"], "too_many");
}

async fn a_cart_is_ordered_where_it_was_made(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let at = kitchen.a_pizza(&diner).await;
    let other = kitchen.shop.organisation("Altro").await;
    let there = kitchen.shop.restaurant(&other, None).await;
    let beside = kitchen.shop.restaurant(&kitchen.organisation, None).await;
    for restaurant in [there, beside] {
        let body = json!({"restaurantId": restaurant, "cartId": &at[1..]});
        let said = kitchen.order((&diner, ""), body).await;
        assert_eq!(said.code(), (404, "not_found"), "{said:?}");
    }
    let order = kitchen.buy(&diner, &at).await.good();
    assert_eq!(order["total"], "12.50");
}

async fn nobody_touches_it_for_a_month_and_it_goes(engine: Engine) {
    // Databases look at the clock, too: it is forty days ago when this begins.
    let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
    let began = Clock::real().now().minus(days(40)).unwrap();
    let clock = Clock::simulated(began);
    let kitchen = Kitchen::open(Shop::working_at(engine, &clock).await).await;
    let diner = kitchen.shop.person(&[]);
    let at = kitchen.a_pizza(&diner).await;
    clock.advance(days(20)).unwrap();
    let kept = kitchen.a_pizza(&diner).await;
    clock.advance(days(20)).unwrap();
    // A node looks for them when it begins, and then every hour.
    let _node = kitchen.shop.another_at(&clock).await;
    eventually(async || kitchen.look(&diner, Method::GET, &at, None).await.status == 404).await;
    kitchen.look(&diner, Method::GET, &kept, None).await.good();
}
