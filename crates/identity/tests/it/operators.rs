//! The first operator: claimed once, known by his key, sealed where he is kept.

use base::Random;
use domain::people::PersonId;
use http::StatusCode;
use serde_json::json;
use testkit::trial::Engine;

use futures_util::future::join_all;

use super::world::{Said, Shop, on_both};

on_both!(
    the_link_works_until_its_key_was_used,
    only_the_printed_link_works,
    a_key_outlives_the_pepper_it_was_made_with,
    wrong_names_and_addresses_are_told_by_field,
    nobody_is_let_in_without_a_key,
    an_operator_is_the_person_of_his_address,
    others_are_made_and_ended_and_one_is_left,
    only_operators_make_operators,
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
        let said = shop.get("/api/operators/me").await;
        assert_eq!(said.status, StatusCode::UNAUTHORIZED, "{key}: {said:?}");
    }
}

/// The person behind an operator of this answer.
fn person(said: &Said) -> PersonId {
    said.text("person").parse().unwrap()
}

async fn an_operator_is_the_person_of_his_address(engine: Engine) {
    let shop = Shop::new(engine).await;
    let me = shop.get("/api/operators/me").await;
    assert_eq!(me.body["email"], "ada@example.com");
    let ada = shop.person(json!({"email": "Ada@Example.com"})).await;
    let profile = ada.get("/api/auth/me").await;
    assert_eq!(profile.body["id"], me.body["person"]);
    assert_eq!(profile.body["firstName"], "Ada");
    assert_eq!(profile.body["contacts"][0]["verified"], true);
    assert!(shop.operators.is_operator(person(&me)).await.unwrap());
    // One thing proven is not enough to act as an operator.
    let said = ada.get("/api/operators").await;
    assert_eq!(said.status, StatusCode::FORBIDDEN, "{said:?}");
}

async fn others_are_made_and_ended_and_one_is_left(engine: Engine) {
    let shop = Shop::new(engine).await;
    let lucia = shop.person(json!({"email": "lucia@example.com"})).await;
    let id = lucia.get("/api/me").await.text("id").parse().unwrap();
    assert!(!shop.operators.is_operator(id).await.unwrap());
    let body = json!({"name": "Lucia Rossi", "email": "Lucia@example.com"});
    let added = shop.post("/api/operators", body.clone()).await;
    assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
    assert_eq!(person(&added), id);
    // It is in force at once where it was done, though it was remembered otherwise.
    assert!(shop.operators.is_operator(id).await.unwrap());
    let again = shop.post("/api/operators", body).await;
    assert_eq!(
        (again.status, again.code()),
        (StatusCode::CONFLICT, "name_taken")
    );
    let list = shop.get("/api/operators").await;
    let items = list.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);

    let path =
        |item: &serde_json::Value| format!("/api/operators/{}", item["id"].as_str().unwrap());
    let ended = join_all(items.iter().map(|item| {
        let (shop, path) = (&shop, path(item));
        async move { shop.delete(&path).await }
    }))
    .await;
    let gone = ended
        .iter()
        .filter(|said| said.status == StatusCode::NO_CONTENT);
    assert_eq!(gone.count(), 1, "{ended:?}");
    let mut left = 0;
    for item in items {
        let id = item["person"].as_str().unwrap().parse().unwrap();
        left += usize::from(shop.operators.is_operator(id).await.unwrap());
    }
    assert_eq!(left, 1);
}

async fn only_operators_make_operators(engine: Engine) {
    let shop = Shop::new(engine).await;
    let lucia = shop.person(json!({"email": "lucia@example.com"})).await;
    let body = json!({"name": "Lucia", "email": "lucia@example.com"});
    let said = lucia.post("/api/operators", body.clone()).await;
    assert_eq!(said.status, StatusCode::FORBIDDEN, "{said:?}");
    let said = shop.visitor().post("/api/operators", body).await;
    assert_eq!(said.status, StatusCode::UNAUTHORIZED, "{said:?}");
    let me = shop.get("/api/operators/me").await;
    let last = shop
        .delete(&format!("/api/operators/{}", me.text("id")))
        .await;
    assert_eq!(
        (last.status, last.code()),
        (StatusCode::CONFLICT, "last_one")
    );
    let nobody = "/api/operators/opr_00000000000000000000000000";
    assert_eq!(shop.delete(nobody).await.status, StatusCode::NOT_FOUND);
}
