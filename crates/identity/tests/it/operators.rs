//! The first operator: claimed once, known by his key, sealed where he is kept.

use base::Random;
use http::StatusCode;
use serde_json::json;
use testkit::trial::Engine;

use super::world::{Shop, on_both};

on_both!(
    the_link_works_until_its_key_was_used,
    only_the_printed_link_works,
    a_key_outlives_the_pepper_it_was_made_with,
    wrong_names_and_addresses_are_told_by_field,
    nobody_is_let_in_without_a_key,
);

async fn the_link_works_until_its_key_was_used(engine: Engine) {
    let mut shop = Shop::empty(engine).await;
    assert!(shop.operators.is_open().await.unwrap());
    let lost = shop.claim("Ada", "ada@example.com").await;
    let again = shop.claim("Ada Lovelace", "ada@example.org").await;
    assert_eq!(
        (lost.status, again.status),
        (StatusCode::CREATED, StatusCode::CREATED)
    );

    shop.sign_in(lost.body["key"].as_str().unwrap());
    assert_eq!(
        shop.get("/api/operators/me").await.status,
        StatusCode::UNAUTHORIZED
    );
    shop.sign_in(again.body["key"].as_str().unwrap());
    let me = shop.get("/api/operators/me").await;
    assert_eq!(me.status, StatusCode::OK);
    assert_eq!(me.body["name"], "Ada Lovelace");
    assert_eq!(me.body["email"], "ada@example.org");

    assert!(!shop.operators.is_open().await.unwrap());
    let late = shop.claim("Eve", "eve@example.com").await;
    assert_eq!(late.status, StatusCode::FORBIDDEN);
    assert_eq!(late.body["code"], "setup_refused");
    assert_eq!(
        shop.get("/api/operators/me").await.body["name"],
        "Ada Lovelace"
    );
}

async fn only_the_printed_link_works(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let good = identity::operators::link_token(&shop.pepper.borrow());
    let other = good.replace(|c: char| c.is_ascii_digit(), "a");
    for token in [other.as_str(), &"0".repeat(64)] {
        let body = json!({"token": token, "name": "Eve", "email": "eve@example.com"});
        let said = shop.post("/api/setup", body).await;
        assert_eq!(
            (said.status, &said.body["code"]),
            (StatusCode::FORBIDDEN, &json!("setup_refused"))
        );
    }
    assert!(shop.operators.is_open().await.unwrap());
}

async fn a_key_outlives_the_pepper_it_was_made_with(engine: Engine) {
    let shop = Shop::new(engine).await;
    let rotated = shop.pepper.borrow().rotated(&Random::real()).unwrap();
    shop.pepper.send_replace(rotated);
    assert_eq!(shop.get("/api/operators/me").await.status, StatusCode::OK);
    let retired = shop.pepper.borrow().retired();
    shop.pepper.send_replace(retired);
    assert_eq!(shop.get("/api/operators/me").await.status, StatusCode::OK);
}

async fn wrong_names_and_addresses_are_told_by_field(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let said = shop.claim(" ", "nobody").await;
    assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY, "{said:?}");
    let fields = said.body["fields"].as_array().unwrap();
    let names: Vec<_> = fields
        .iter()
        .map(|field| field["field"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["name", "email"]);
    assert!(shop.operators.is_open().await.unwrap());
}

async fn nobody_is_let_in_without_a_key(engine: Engine) {
    let mut shop = Shop::new(engine).await;
    for key in [
        "cok_",
        "cok_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "x",
        "",
    ] {
        shop.sign_in(key);
        let said = shop.get("/api/organisations").await;
        assert_eq!(said.status, StatusCode::UNAUTHORIZED, "{key}: {said:?}");
    }
}
