//! Devices: paired once by a code, good for one restaurant, gone when they are revoked.

use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::world::{OPERATOR, Said, Shop, on_both};

on_both!(
    a_code_pairs_one_device,
    a_device_sees_its_restaurant_alone,
    of_many_who_type_a_code_one_is_paired,
    five_wrong_tries_end_a_code,
    five_wrong_codes_end_an_address,
    a_revoked_device_opens_nothing,
    lists_show_what_is_reached,
    what_is_no_code_pairs_nothing,
    young_codes_are_not_cleared,
);

fn restaurant(name: &str) -> Value {
    json!({
        "name": name, "timeZone": "Europe/Rome", "currency": "EUR",
        "address": {"street": "Via Roma 1", "city": "Bolzano", "country": "IT"},
    })
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

async fn house(shop: &Shop) -> (String, [String; 2]) {
    let organisation = shop.organisation("Gruppo").await;
    let one = shop.restaurant(&organisation, restaurant("One")).await;
    let two = shop.restaurant(&organisation, restaurant("Two")).await;
    (organisation, [one, two])
}

async fn code(shop: &Shop, restaurant: &str, kind: &str) -> String {
    let path = format!("/api/restaurants/{restaurant}/devices");
    let body = json!({"kind": kind, "label": "Pass"});
    let made = shop.post(&path, body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert_eq!(made.body["expiresIn"], 600);
    text(&made.body["code"])
}

async fn pair(shop: &Shop, code: &str) -> Said {
    let body = Some(json!({"code": code}));
    shop.ask(("", ""), Method::POST, "/api/devices/pair", body)
        .await
}

/// Pairs a device: its id, and what is sent in the header.
async fn paired(shop: &Shop, restaurant: &str, kind: &str) -> (String, String) {
    let code = code(shop, restaurant, kind).await;
    let said = pair(shop, &code).await;
    assert_eq!(said.status, StatusCode::CREATED, "{said:?}");
    let secret = text(&said.body["secret"]);
    (text(&said.body["device"]["id"]), format!("Bearer {secret}"))
}

async fn a_code_pairs_one_device(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (organisation, [one, _]) = house(&shop).await;
    let code = code(&shop, &one, "kitchen").await;
    assert_eq!(code.len(), 8);
    let typed = format!("{}-{}", &code[..4], &code[4..]).to_lowercase();
    let said = pair(&shop, &typed).await;
    assert_eq!(said.status, StatusCode::CREATED, "{said:?}");
    assert_eq!(
        (&said.body["device"]["kind"], &said.body["device"]["label"]),
        (&json!("kitchen"), &json!("Pass"))
    );
    assert_eq!(said.body["device"]["pairedBy"], OPERATOR);
    assert_eq!(pair(&shop, &code).await.code(), (403, "pairing_refused"));
    let listed = shop
        .get(&format!("/api/organisations/{organisation}/devices"))
        .await;
    assert_eq!(listed.body["items"], json!([said.body["device"]]));
    shop.verify().await;
}

async fn a_device_sees_its_restaurant_alone(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (organisation, [one, two]) = house(&shop).await;
    let (_, [other, _]) = house(&shop).await;
    for kind in ["kitchen", "kiosk"] {
        let (_, bearer) = paired(&shop, &one, kind).await;
        let read = |path: String| {
            let (shop, bearer) = (&shop, &bearer);
            async move { shop.ask((bearer, ""), Method::GET, &path, None).await }
        };
        assert_eq!(
            read(format!("/api/restaurants/{one}/record")).await.status,
            StatusCode::OK
        );
        for far in [&two, &other] {
            let said = read(format!("/api/restaurants/{far}/record")).await;
            assert!([403, 404].contains(&said.status.as_u16()), "{said:?}");
        }
        let said = read(format!("/api/organisations/{organisation}/keys")).await;
        assert!([403, 404].contains(&said.status.as_u16()), "{said:?}");
        let asked = shop.node.devices.loads();
        read(format!("/api/restaurants/{one}/record")).await;
        assert_eq!(shop.node.devices.loads(), asked);
    }
    shop.node.devices.note_uses().await;
    let listed = shop
        .get(&format!("/api/organisations/{organisation}/devices"))
        .await;
    assert!(listed.body["items"][0]["seenAt"].is_string(), "{listed:?}");
    shop.verify().await;
}

async fn of_many_who_type_a_code_one_is_paired(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (organisation, [one, _]) = house(&shop).await;
    let code = code(&shop, &one, "kiosk").await;
    let said = join_all((0..8).map(|_| pair(&shop, &code))).await;
    let made = said
        .iter()
        .filter(|said| said.status == StatusCode::CREATED);
    assert_eq!(made.count(), 1, "{said:?}");
    let listed = shop
        .listed(
            OPERATOR,
            &format!("/api/organisations/{organisation}/devices"),
        )
        .await;
    assert_eq!(listed.len(), 1);
    shop.verify().await;
}

/// A code that finds the same pairing and does not prove to be it.
fn near(code: &str, number: usize) -> String {
    let other = ["2345", "6789", "ABCD", "EFGH", "JKMN", "PQRS", "TVWX"];
    let mut others = other.iter().filter(|other| !code.ends_with(**other));
    format!("{}{}", &code[..4], others.nth(number).unwrap())
}

async fn five_wrong_tries_end_a_code(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, [one, _]) = house(&shop).await;
    // Each node counts addresses for itself; what is counted for a code is counted for all.
    let code = code(&shop, &one, "kiosk").await;
    let other = shop.another().await;
    let body = |code: &str| Some(json!({"code": code}));
    for number in 0..5 {
        let node = if number < 3 { &shop.node } else { &other };
        let wrong = body(&near(&code, number));
        let said = node
            .ask(("", ""), Method::POST, "/api/devices/pair", wrong)
            .await;
        assert_eq!(said.code(), (403, "pairing_refused"), "{said:?}");
    }
    let said = other
        .ask(("", ""), Method::POST, "/api/devices/pair", body(&code))
        .await;
    assert_eq!(said.code(), (403, "pairing_refused"), "{said:?}");
}

async fn five_wrong_codes_end_an_address(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, [one, _]) = house(&shop).await;
    let good = code(&shop, &one, "kiosk").await;
    for number in 0..5 {
        let unknown = format!("ZZZ{number}ZZZ{number}");
        assert_eq!(pair(&shop, &unknown).await.code(), (403, "pairing_refused"));
    }
    let said = pair(&shop, &good).await;
    assert_eq!(said.code(), (429, "rate_limited"), "{said:?}");
    assert!(said.body["retryAfter"].as_u64().unwrap() > 0);
}

async fn a_revoked_device_opens_nothing(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (organisation, [one, _]) = house(&shop).await;
    let (foreign, _) = house(&shop).await;
    let (id, bearer) = paired(&shop, &one, "kitchen").await;
    let path = format!("/api/restaurants/{one}/record");
    let read = || shop.ask((&bearer, ""), Method::GET, &path, None);
    assert_eq!(read().await.status, StatusCode::OK);
    let elsewhere = format!("/api/organisations/{foreign}/devices/{id}");
    assert_eq!(shop.delete(&elsewhere).await.code(), (404, "not_found"));
    let own = format!("/api/organisations/{organisation}/devices/{id}");
    assert_eq!(shop.delete(&own).await.status, StatusCode::NO_CONTENT);
    assert_eq!(read().await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(shop.delete(&own).await.code(), (404, "not_found"));
    shop.verify().await;
}

async fn lists_show_what_is_reached(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (organisation, [one, two]) = house(&shop).await;
    let (first, _) = paired(&shop, &one, "kitchen").await;
    let (second, _) = paired(&shop, &two, "kitchen").await;
    let path = format!("/api/organisations/{organisation}/devices");
    assert_eq!(
        shop.listed(OPERATOR, &path).await,
        [first.clone(), second.clone()]
    );
    let manager = shop.person();
    shop.doorman.only(&manager, &[&two]);
    let reached = shop.listed(&manager, &path).await;
    assert_eq!(reached, std::slice::from_ref(&second));
    for (id, status) in [(first, 404), (second, 204)] {
        let own = format!("{path}/{id}");
        let said = shop.ask((&manager, ""), Method::DELETE, &own, None).await;
        assert_eq!(said.status.as_u16(), status, "{said:?}");
    }
}

async fn what_is_no_code_pairs_nothing(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, [one, _]) = house(&shop).await;
    for wrong in [
        json!({}),
        json!({"code": ""}),
        json!({"code": "1234567"}),
        json!({"code": 12_345_678}),
    ] {
        let said = shop
            .ask(("", ""), Method::POST, "/api/devices/pair", Some(wrong))
            .await;
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY, "{said:?}");
    }
    let path = format!("/api/restaurants/{one}/devices");
    for wrong in [
        json!({"kind": "oven", "label": "x"}),
        json!({"kind": "kiosk"}),
        json!({"kind": "kiosk", "label": " "}),
    ] {
        let said = shop.post(&path, wrong).await;
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY, "{said:?}");
    }
    let absent = "/api/restaurants/rst_01jd6yv2m00000000000000000/devices";
    let said = shop
        .post(absent, json!({"kind": "kiosk", "label": "x"}))
        .await;
    assert_eq!(said.code(), (404, "not_found"));
}

async fn young_codes_are_not_cleared(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, [one, _]) = house(&shop).await;
    let code = code(&shop, &one, "kiosk").await;
    assert_eq!(shop.node.devices.clear_codes().await.unwrap(), 0);
    assert_eq!(pair(&shop, &code).await.status, StatusCode::CREATED);
}
