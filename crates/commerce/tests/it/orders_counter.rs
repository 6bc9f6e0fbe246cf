//! Orders that a restaurant takes by phone or at its counter.

use std::time::Duration;

use base::Clock;
use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::kitchen::Kitchen;
use super::more;
use super::world::{Said, Shop, eventually, on_both};

on_both!(
    a_restaurant_takes_an_order_for_somebody_who_calls,
    what_nobody_can_take_by_phone_is_refused,
    whoever_called_is_forgotten_after_a_month,
);

impl Kitchen {
    /// Somebody of the restaurant takes an order.
    async fn take(&self, (who, key): (&str, &str), body: Value) -> Said {
        let path = format!("{}/orders", self.at());
        self.shop
            .ask((who, key), Method::POST, &path, Some(body))
            .await
    }

    /// The basket of somebody who calls.
    fn call(&self) -> Value {
        let mut call = self.basket();
        call["contactName"] = "Signora Rossi".into();
        call["phone"] = "+39 081 555 0100".into();
        call["channel"] = "phone".into();
        call
    }
}

async fn a_restaurant_takes_an_order_for_somebody_who_calls(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let staff = kitchen.shop.person(&[&kitchen.restaurant]);
    let taken = kitchen.take((&staff, "call-1"), kitchen.call()).await;
    assert_eq!(taken.status, 201, "{taken:?}");
    let taken = taken.good();
    assert_eq!(taken["status"], "confirmed", "{taken:?}");
    assert_eq!(taken["contactName"], "Signora Rossi");
    assert_eq!(taken["total"], "27.00");
    assert_eq!(taken["customerId"], Value::Null);
    let again = kitchen.take((&staff, "call-1"), kitchen.call()).await;
    assert_eq!(again.good()["id"], taken["id"]);

    // It is one among the others of the restaurant, and nobody's own: not even of who took it.
    let id = taken["id"].as_str().unwrap();
    assert_eq!(kitchen.see(id).await["phone"], "+39 081 555 0100");
    let path = format!("/api/orders/{id}");
    let own = kitchen.shop.ask((&staff, ""), Method::GET, &path, None);
    assert_eq!(own.await.code(), (404, "not_found"));

    // A change needs nobody's consent, also where it costs more.
    let change = json!({"quantity": [{"line": "1", "quantity": 3}], "reason": "customer_asked"});
    let path = format!("/api/orders/{id}/lines");
    kitchen.shop.patch(&path, change).await.good();
    assert_eq!(kitchen.see(id).await["total"], "39.50");
    for status in ["preparing", "ready_for_pickup", "collected"] {
        kitchen.set(id, json!({"status": status})).await.good();
    }
    kitchen.shop.verify().await;
}

async fn what_nobody_can_take_by_phone_is_refused(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let staff = kitchen.shop.person(&[&kitchen.restaurant]);
    let beside = kitchen.shop.restaurant(&kitchen.organisation, None).await;
    for (field, said) in [
        ("payment", json!({"method": "card", "token": "ok"})),
        ("restaurantId", json!(beside)),
        ("deliveryAddressId", json!(more::home())),
        ("cartId", json!("crt_01jb000000000000000000000a")),
    ] {
        let mut call = kitchen.call();
        call[field] = said;
        let refused = kitchen.take((&staff, ""), call).await;
        assert_eq!(
            refused.code(),
            (422, "field_invalid"),
            "{field} {refused:?}"
        );
        assert_eq!(refused.body["fields"][0]["field"], field, "{refused:?}");
    }
    // Nobody knows whether it is his first order.
    let gives = json!({"kind": "percent", "percent": "10"});
    let terms = json!({"name": "First", "currency": "EUR", "gives": gives, "firstOrder": true});
    let coupon = json!({"code": "FIRST", "terms": terms});
    let path = format!("/api/organisations/{}/coupons", kitchen.organisation);
    kitchen.shop.post(&path, coupon).await.good();
    let mut call = kitchen.call();
    call["couponCode"] = "FIRST".into();
    let refused = kitchen.take((&staff, ""), call).await;
    assert_eq!(refused.code(), (409, "order_refused"), "{refused:?}");
    assert_eq!(refused.body["fields"][0]["code"], "sign_in", "{refused:?}");

    let stranger = kitchen.shop.person(&[&beside]);
    let refused = kitchen.take((&stranger, ""), kitchen.call()).await;
    assert!([403, 404].contains(&refused.status.as_u16()), "{refused:?}");
    let diner = kitchen.shop.person(&[]);
    let refused = kitchen.take((&diner, ""), kitchen.call()).await;
    assert!([403, 404].contains(&refused.status.as_u16()), "{refused:?}");
}

async fn whoever_called_is_forgotten_after_a_month(engine: Engine) {
    let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
    // Databases look at the clock, too: it is forty days ago when this begins.
    let began = Clock::real().now().minus(days(40)).unwrap();
    let clock = Clock::simulated(began);
    let kitchen = Kitchen::open(Shop::working_at(engine, &clock).await).await;
    let staff = kitchen.shop.person(&[&kitchen.restaurant]);
    let taken = kitchen.take((&staff, ""), kitchen.call()).await.good();
    let id = taken["id"].as_str().unwrap();
    clock.advance(days(29)).unwrap();
    assert_eq!(kitchen.see(id).await["contactName"], "Signora Rossi");
    clock.advance(days(2)).unwrap();
    eventually(async || kitchen.see(id).await["contactName"] == Value::Null).await;
    assert_eq!(kitchen.see(id).await["total"], "27.00");
}
