//! Organisations and brands: made once, read, listed in pages, renamed by whoever has seen the last version.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::world::{Shop, on_both};

on_both!(
    what_was_made_is_read_back,
    the_same_request_makes_one_thing,
    of_two_renames_one_is_late,
    two_brands_cannot_have_one_name,
    lists_come_in_pages,
    foreign_and_absent_look_the_same,
    wrong_bodies_change_nothing,
    many_at_once_are_made_once,
);

const ABSENT: &str = "brd_01jd6yv2m00000000000000000";

async fn what_was_made_is_read_back(engine: Engine) {
    let shop = Shop::new(engine).await;
    let made = shop
        .post("/api/organisations", json!({"name": "  Gruppo Lucia "}))
        .await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(
        (&made.body["name"], &made.body["version"]),
        (&json!("Gruppo Lucia"), &json!(1))
    );
    let path = format!("/api/organisations/{}", text(&made.body["id"]));
    let read = shop.get(&path).await;
    assert_eq!((read.status, &read.body), (StatusCode::OK, &made.body));
    assert_eq!(read.etag.as_deref(), Some("\"1\""));

    let renamed = shop
        .patch(&path, json!({"name": "Lucia & Co", "version": 1}))
        .await;
    assert_eq!(
        (renamed.status, &renamed.body["version"]),
        (StatusCode::OK, &json!(2))
    );
    assert_eq!(shop.get(&path).await.body, renamed.body);
    let same = shop
        .patch(&path, json!({"name": "Lucia & Co", "version": 2}))
        .await;
    assert_eq!(
        (same.status, &same.body["version"]),
        (StatusCode::OK, &json!(2))
    );
}

async fn the_same_request_makes_one_thing(engine: Engine) {
    let shop = Shop::new(engine).await;
    let body = || json!({"name": "Gruppo"});
    let one = shop.post_once("/api/organisations", "first", body()).await;
    let two = shop.post_once("/api/organisations", "first", body()).await;
    assert_eq!((one.status, &one.body), (two.status, &two.body));
    let other = shop
        .post_once("/api/organisations", "first", json!({"name": "Other"}))
        .await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(other.body["code"], "idempotency_other_body");
    let listed = shop.get("/api/organisations").await;
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);

    let brands = format!("/api/organisations/{}/brands", text(&one.body["id"]));
    let one = shop.post_once(&brands, "first", body()).await;
    let two = shop.post_once(&brands, "first", body()).await;
    assert_eq!((one.status, &one.body), (StatusCode::CREATED, &two.body));
}

async fn of_two_renames_one_is_late(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let brand = shop
        .post(&brands(&organisation), json!({"name": "Trattoria"}))
        .await;
    let path = format!("/api/brands/{}", text(&brand.body["id"]));
    let tries = (0..8).map(|number| {
        shop.patch(
            &path,
            json!({"name": format!("Osteria {number}"), "version": 1}),
        )
    });
    let said = join_all(tries).await;
    let good: Vec<_> = said
        .iter()
        .filter(|said| said.status == StatusCode::OK)
        .collect();
    assert_eq!(good.len(), 1, "{said:?}");
    let late = said
        .iter()
        .filter(|said| said.body["code"] == "version_changed");
    assert_eq!(late.count(), 7, "{said:?}");
    assert_eq!(shop.get(&path).await.body, good[0].body);
}

async fn two_brands_cannot_have_one_name(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (one, two) = (
        shop.organisation("One").await,
        shop.organisation("Two").await,
    );
    assert_eq!(
        shop.post(&brands(&one), json!({"name": "Café"}))
            .await
            .status,
        StatusCode::CREATED
    );
    let same = shop.post(&brands(&one), json!({"name": "CAFÉ"})).await;
    assert_eq!(
        (same.status, &same.body["code"]),
        (StatusCode::CONFLICT, &json!("name_taken"))
    );
    assert_eq!(same.body["fields"][0]["field"], "name");
    assert_eq!(
        shop.post(&brands(&two), json!({"name": "Café"}))
            .await
            .status,
        StatusCode::CREATED
    );
}

async fn lists_come_in_pages(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let mut names = BTreeSet::new();
    for number in 0..7 {
        let name = format!("Brand {number}");
        shop.post(&brands(&organisation), json!({"name": name}))
            .await;
        names.insert(name);
    }
    let mut found = Vec::new();
    let mut path = format!("{}?limit=3", brands(&organisation));
    let mut cursor;
    loop {
        let page = shop.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        found.extend(
            page.body["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| text(&item["name"])),
        );
        match page.body["next"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
        path = format!("{}?limit=3&cursor={cursor}", brands(&organisation));
    }
    assert_eq!(found.len(), 7);
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), names);

    let cursor = shop
        .get(&format!("{}?limit=1", brands(&organisation)))
        .await
        .body["next"]
        .clone();
    let other = shop.organisation("Other").await;
    let stolen = shop
        .get(&format!("{}?cursor={}", brands(&other), text(&cursor)))
        .await;
    assert_eq!(stolen.body["code"], "cursor_refused");
    let all = shop.get("/api/organisations?limit=1").await;
    let rest = shop
        .get(&format!(
            "/api/organisations?cursor={}",
            text(&all.body["next"])
        ))
        .await;
    assert_eq!(
        (
            &all.body["items"][0]["name"],
            &rest.body["items"][0]["name"]
        ),
        (&json!("Gruppo"), &json!("Other"))
    );
    for limit in ["0", "101", "-1", "x"] {
        let said = shop.get(&format!("/api/organisations?limit={limit}")).await;
        assert!(said.status.is_client_error(), "{limit}: {said:?}");
    }
}

async fn foreign_and_absent_look_the_same(engine: Engine) {
    let shop = Shop::new(engine).await;
    let mine = shop.organisation("Mine").await;
    let brand = shop
        .post(&brands(&mine), json!({"name": "Trattoria"}))
        .await;
    // The id of a brand that exists, in an organisation that does not have it.
    let real = text(&brand.body["id"]);
    let forged = testkit::ids::absent(&real);
    let mut seen = BTreeSet::new();
    for id in [ABSENT, forged.as_str()] {
        let said = shop.get(&format!("/api/brands/{id}")).await;
        let mut body = said.body.clone();
        body["instance"] = Value::Null;
        seen.insert((said.status.as_u16(), body.to_string()));
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen.first().unwrap().0, 404);
}

async fn wrong_bodies_change_nothing(engine: Engine) {
    let shop = Shop::new(engine).await;
    for body in [
        json!({}),
        json!({"name": 1}),
        json!({"name": ""}),
        json!({"name": "x", "version": 1}),
        json!({"name": "a\u{0}b"}),
        json!({"name": "x".repeat(121)}),
        json!([]),
        json!(null),
    ] {
        let said = shop.post("/api/organisations", body.clone()).await;
        assert!(said.status.is_client_error(), "{body}: {said:?}");
    }
    assert_eq!(
        shop.get("/api/organisations").await.body["items"],
        json!([])
    );
}

async fn many_at_once_are_made_once(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let path = brands(&organisation);
    let tries = (0..64).map(|_| shop.post_once(&path, "same", json!({"name": "Trattoria"})));
    let said = join_all(tries).await;
    let first = &said[0];
    for said in &said {
        assert_eq!(
            (said.status, &said.body),
            (StatusCode::CREATED, &first.body),
            "{said:?}"
        );
    }
    let listed = shop.get(&path).await;
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
}

fn brands(organisation: &str) -> String {
    format!("/api/organisations/{organisation}/brands")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
