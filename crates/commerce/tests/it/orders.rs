//! Orders from the first request to the last move, by those who order and by those who make it.

use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::kitchen::{Kitchen, NEAR};
use super::more;
use super::world::{OPERATOR, Shop, eventually, on_both};

on_both!(
    an_order_is_placed_made_and_handed_over,
    the_body_of_the_origin_is_taken_as_it_stands,
    what_cannot_be_had_is_refused_in_the_codes_of_a_quote,
    nobody_sees_or_moves_what_is_not_his,
    what_is_said_of_a_diner_goes_with_him,
    lists_have_pages,
);

fn id(order: &Value) -> String {
    order["id"].as_str().unwrap().to_owned()
}

async fn an_order_is_placed_made_and_handed_over(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let mut basket = kitchen.basket();
    basket["items"][0]["options"] =
        json!([{"group": kitchen.sizes, "item": kitchen.large, "quantity": 1}]);
    basket["items"][0]["line"] = "a".into();
    basket["tip"] = "1.00".into();
    let placed = kitchen.order((&diner, ""), basket).await;
    assert_eq!(placed.status, 201, "{placed:?}");
    let order = placed.good();
    assert_eq!(order["status"], "pending");
    assert_eq!(order["payment"], "on_delivery");
    assert_eq!(order["customerId"], diner.as_str());
    assert_eq!(order["subtotal"], "33.00");
    assert_eq!(order["tip"], "1.00");
    assert_eq!(order["tax"], "3.00");
    assert_eq!(order["total"], "34.00");
    assert_eq!(order["items"][0]["line"], "a");
    assert_eq!(order["items"][0]["unitPrice"], "15.50");
    assert_eq!(order["items"][0]["options"][0]["name"], "Large");
    assert_eq!(order["items"][1]["line"], "2");

    let id = id(&order);
    let seen = kitchen.see(&id).await;
    assert_eq!(seen["number"], 1);
    let steps = ["confirmed", "preparing", "ready_for_pickup", "collected"];
    for (done, status) in steps.iter().enumerate() {
        let version = done + 1;
        let body = json!({"status": status, "version": version});
        let said = kitchen.set(&id, body.clone()).await;
        assert_eq!(said.body["status"], *status, "{said:?}");
        // It has moved on since that version was seen.
        assert_eq!(
            kitchen.set(&id, body).await.code(),
            (409, "version_changed")
        );
    }
    // The same again changes nothing, and another way is not open.
    let again = kitchen.set(&id, json!({"status": "collected"})).await;
    assert_eq!(again.good()["version"], 5);
    let late = kitchen.set(&id, json!({"status": "cancelled"})).await;
    assert_eq!(late.code(), (409, "order_closed"));

    let path = format!("/api/orders/{id}");
    let own = kitchen
        .shop
        .ask((&diner, ""), Method::GET, &path, None)
        .await;
    assert_eq!(own.etag.as_deref(), Some("\"5\""));
    assert_eq!(own.good()["status"], "collected");
    let second = kitchen.order((&diner, ""), kitchen.basket()).await.good();
    assert_eq!(kitchen.see(&self::id(&second)).await["number"], 2);
    kitchen.shop.verify().await;
}

async fn the_body_of_the_origin_is_taken_as_it_stands(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let path = format!("/api/organisations/{}/coupons", kitchen.organisation);
    let gives = json!({"kind": "percent", "percent": "10"});
    let terms = json!({"name": "Ten", "currency": "EUR", "gives": gives});
    let coupon = json!({"code": "SAVE10", "terms": terms});
    kitchen.shop.post(&path, coupon).await.good();
    let body = json!({
        "restaurantId": kitchen.restaurant,
        "items": [{
            "menuItemId": kitchen.pizza, "quantity": 2, "specialInstructions": "No onions",
        }],
        "deliveryAddress": "123 Main St, City",
        "couponCode": "SAVE10",
        "specialInstructions": "Ring doorbell",
        "idempotencyKey": "order-1701936000-abc123",
    });
    let first = kitchen.order((&diner, ""), body.clone()).await;
    assert_eq!(first.status, 201, "{first:?}");
    let first = first.good();
    assert_eq!(first["subtotal"], "25.00");
    assert_eq!(first["deliveryFee"], "2.50");
    assert_eq!(first["discount"], "2.50");
    assert_eq!(first["total"], "25.00");
    assert!(first["estimatedDeliveryTime"].is_string());
    assert_eq!(first["deliveryAddress"], "123 Main St, City");
    assert_eq!(first["specialInstructions"], "Ring doorbell");
    assert_eq!(first["items"][0]["specialInstructions"], "No onions");
    assert!(first["createdAt"].is_string());

    // An address of the address book stands in the order as it is now.
    let mut by_book = body.clone();
    by_book["idempotencyKey"] = "by-book".into();
    by_book["deliveryAddressId"] = json!(more::home());
    let both = kitchen.order((&diner, ""), by_book.clone()).await;
    assert_eq!(
        both.body["fields"][0]["field"], "deliveryAddressId",
        "{both:?}"
    );
    by_book.as_object_mut().unwrap().remove("deliveryAddress");
    let order = kitchen.order((&diner, ""), by_book.clone()).await.good();
    assert_eq!(order["deliveryAddress"]["street"], "Via dei Tribunali 32");
    assert_eq!(order["deliveryAddress"]["position"]["lat"], NEAR.0);
    // What becomes of it in the book changes nothing about what was ordered.
    for street in [Some("Via Toledo 1"), None] {
        kitchen.shop.node.more.home.is_in(street);
        let again = kitchen.order((&diner, ""), by_book.clone()).await.good();
        assert_eq!(again, order);
    }
    by_book["idempotencyKey"] = "unknown".into();
    by_book["deliveryAddressId"] = "adr_01jb00000000000000000000aa".into();
    let unknown = kitchen.order((&diner, ""), by_book).await;
    assert_eq!(unknown.code(), (422, "field_invalid"), "{unknown:?}");

    // The same again is the same order, in body and header; another one under the key is refused.
    let key = "order-1701936000-abc123";
    let again = kitchen.order((&diner, ""), body.clone()).await;
    assert_eq!(again.good(), first);
    let mut by_header = body.clone();
    by_header.as_object_mut().unwrap().remove("idempotencyKey");
    let other = kitchen.order((&diner, key), by_header).await;
    assert_eq!(other.code(), (422, "idempotency_other_body"));
    let both = kitchen.order((&diner, "other"), body).await;
    assert_eq!(both.code(), (422, "field_invalid"));
    kitchen.shop.verify().await;
}

async fn what_cannot_be_had_is_refused_in_the_codes_of_a_quote(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let codes = async |body: Value| {
        let said = kitchen.order((&diner, ""), body).await;
        let fields = said.body["fields"].as_array().cloned().unwrap_or_default();
        let fields = fields
            .iter()
            .map(|field| field["code"].as_str().unwrap().to_owned());
        (
            said.code().0,
            said.code().1.to_owned(),
            fields.collect::<Vec<_>>(),
        )
    };
    let refused = |codes: &[&str]| {
        let codes = codes.iter().map(|code| (*code).to_owned());
        (409, "order_refused".to_owned(), codes.collect::<Vec<_>>())
    };
    let (lat, lng) = NEAR;
    let mut small = kitchen.basket();
    small["serviceType"] = "delivery".into();
    small["deliveryAddress"] =
        json!({"street": "Via Roma 2", "position": {"lat": lat, "lng": lng}});
    small["items"] = json!([{"menuItemId": kitchen.water, "quantity": 1}]);
    assert_eq!(codes(small.clone()).await, refused(&["below_minimum"]));
    let mut far = small;
    far["items"] = json!([{"menuItemId": kitchen.pizza, "quantity": 1}]);
    far["deliveryAddress"]["position"] = json!({"lat": 41.9, "lng": 12.5});
    assert_eq!(codes(far.clone()).await, refused(&["outside_zones"]));
    far.as_object_mut().unwrap().remove("deliveryAddress");
    assert_eq!(codes(far).await.1, "field_invalid");

    kitchen.count(1).await;
    let mut cakes = kitchen.basket();
    cakes["items"] = json!([{"menuItemId": kitchen.cake, "quantity": 2}]);
    assert_eq!(codes(cakes).await, refused(&["sold_out"]));
    let mut later = kitchen.basket();
    later["wantedAt"] = "2001-01-01T00:00:00Z".into();
    assert_eq!(codes(later).await, refused(&["time_refused"]));
    let mut coupon = kitchen.basket();
    coupon["items"][1]["line"] = "1".into();
    assert_eq!(codes(coupon).await.1, "field_invalid");
    let pause = json!({"minutes": 30, "reason": "too_much"});
    let path = format!("{}/pause", kitchen.at());
    kitchen.shop.post(&path, pause).await.good();
    assert_eq!(codes(kitchen.basket()).await, refused(&["paused"]));
    // What is refused has left nothing.
    let path = format!("{}/orders", kitchen.at());
    assert_eq!(kitchen.shop.get(&path).await.good()["items"], json!([]));
}

async fn nobody_sees_or_moves_what_is_not_his(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let shop = &kitchen.shop;
    let (diner, other) = (shop.person(&[]), shop.person(&[]));
    let order = kitchen.order((&diner, ""), kitchen.basket()).await.good();
    let id = id(&order);
    let path = format!("/api/orders/{id}");
    let cancel = format!("{path}/cancel");
    for who in [&other, OPERATOR] {
        let said = shop.ask((who, ""), Method::GET, &path, None).await;
        assert!(
            [(404, "not_found"), (403, "forbidden")].contains(&said.code()),
            "{said:?}"
        );
    }
    let said = shop
        .ask((&other, ""), Method::POST, &cancel, Some(json!({})))
        .await;
    assert_eq!(said.code(), (404, "not_found"));
    // Those of another restaurant neither see it nor move it.
    let elsewhere = shop.restaurant(&kitchen.organisation, None).await;
    let staff = shop.person(&[&elsewhere]);
    let status = format!("{path}/status");
    let body = Some(json!({"status": "confirmed"}));
    let said = shop
        .ask((&staff, ""), Method::PATCH, &status, body.clone())
        .await;
    assert_eq!(said.code(), (404, "not_found"));
    let at = format!("/api/restaurants/{elsewhere}/orders");
    let said = shop
        .ask((&staff, ""), Method::GET, &format!("{at}/{id}"), None)
        .await;
    assert_eq!(said.code(), (404, "not_found"));
    let said = shop.ask((&staff, ""), Method::GET, &at, None).await;
    assert_eq!(said.good()["items"], json!([]));
    let staff = shop.person(&[&kitchen.restaurant]);
    let said = shop.ask((&staff, ""), Method::PATCH, &status, body).await;
    assert_eq!(said.good()["status"], "confirmed");
    // The diner may still cancel for a while, and nothing follows upon that.
    let said = shop
        .ask((&diner, ""), Method::POST, &cancel, Some(json!({})))
        .await;
    assert_eq!(
        said.good()["reason"],
        json!({"code": "other", "by": "diner"})
    );
    let absent = format!("/api/orders/{}", testkit::ids::absent(&id));
    let said = shop.ask((&diner, ""), Method::GET, &absent, None).await;
    assert_eq!(said.code(), (404, "not_found"));
    shop.verify().await;
}

async fn what_is_said_of_a_diner_goes_with_him(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let shop = &kitchen.shop;
    let diner = shop.person(&[]);
    let mut basket = kitchen.basket();
    basket["contactName"] = "Lucia".into();
    basket["phone"] = "+39 333 1234567".into();
    basket["items"][1]["specialInstructions"] = "No ice".into();
    let order = kitchen.order((&diner, "k"), basket).await.good();
    let id = id(&order);
    let seen = kitchen.see(&id).await;
    assert_eq!(seen["contactName"], "Lucia");
    assert_eq!(seen["phone"], "+39 333 1234567");
    assert_eq!(seen["items"][1]["specialInstructions"], "No ice");
    let sealer = &shop.node.more.sealer;
    let person = super::world::uid(&diner);
    sealer
        .erase(person, &shop.world.db.deadline())
        .await
        .unwrap();
    eventually(async || {
        let seen = kitchen.see(&id).await;
        seen["contactName"].is_null() && seen["items"][1]["specialInstructions"].is_null()
    })
    .await;
    shop.verify().await;
}

async fn lists_have_pages(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let shop = &kitchen.shop;
    let diner = shop.person(&[]);
    let mut ids = Vec::new();
    for _ in 0..3 {
        let order = kitchen.order((&diner, ""), kitchen.basket()).await.good();
        ids.insert(0, id(&order));
    }
    let listed = async |who: &str, path: &str| {
        let page = shop.ask((who, ""), Method::GET, path, None).await.good();
        let items = page["items"].as_array().unwrap().iter();
        let next = page["next"].as_str().map(str::to_owned);
        (items.map(id).collect::<Vec<_>>(), next)
    };
    // The list of the diner is written a moment later.
    eventually(async || listed(&diner, "/api/orders").await.0 == ids).await;
    let at = format!("{}/orders", kitchen.at());
    for (who, path) in [(diner.as_str(), "/api/orders"), (OPERATOR, &at)] {
        let (first, next) = listed(who, &format!("{path}?limit=2")).await;
        assert_eq!(first, ids[..2]);
        let next = next.unwrap();
        let (rest, end) = listed(who, &format!("{path}?limit=2&cursor={next}")).await;
        assert_eq!((rest, end), (ids[2..].to_vec(), None));
    }
    let paid = async |who: &str, cursor: &str| {
        let path = format!("/api/me/payments?limit=2{cursor}");
        shop.ask((who, ""), Method::GET, &path, None).await.good()
    };
    let first = paid(&diner, "").await;
    let [latest, _] = first["items"].as_array().unwrap().as_slice() else {
        panic!("{first}");
    };
    assert_eq!(
        (&latest["orderId"], &latest["total"]),
        (&json!(ids[0]), &json!("27.00"))
    );
    assert_eq!(latest["restaurantId"], kitchen.restaurant);
    let cash = json!([{
        "method": "cash", "amount": "27.00", "state": "open", "captured": "0.00", "refunded": "0.00",
    }]);
    assert_eq!(latest["payments"], cash);
    let rest = paid(
        &diner,
        &format!("&cursor={}", first["next"].as_str().unwrap()),
    )
    .await;
    assert_eq!(rest["items"][0]["orderId"], json!(ids[2]));
    assert_eq!(paid(&shop.person(&[]), "").await["items"], json!([]));
    let rejected = json!({"status": "rejected", "reason": "too_busy"});
    kitchen.set(&ids[0], rejected).await.good();
    kitchen
        .set(&ids[1], json!({"status": "confirmed"}))
        .await
        .good();
    for (status, which) in [
        ("open", &ids[1..]),
        ("pending", &ids[2..]),
        ("confirmed", &ids[1..2]),
        ("rejected", &ids[..1]),
        ("served", &[][..]),
    ] {
        let (found, _) = listed(OPERATOR, &format!("{at}?status={status}")).await;
        assert_eq!(found, which, "{status}");
    }
    let said = shop.get(&format!("{at}?status=lost")).await;
    assert_eq!(said.code(), (422, "field_invalid"));
}
