//! The world that the other tests stand on: whoever may is let in, and what is not there is missing.

use http::Method;
use serde_json::json;
use testkit::trial::Engine;

use super::world::{Shop, on_both};

on_both!(what_is_reached_is_let_in);

async fn what_is_reached_is_let_in(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let brand = shop.brand(&organisation, "Lucia").await;
    let restaurant = shop.restaurant(&organisation, Some(&brand)).await;
    let other = shop.restaurant(&organisation, None).await;
    let person = shop.person(&[&restaurant]);
    let rename = || json!({"name": "Osteria", "version": 1});
    let path = format!("/api/brands/{brand}");
    let said = shop
        .ask((&person, ""), Method::PATCH, &path, Some(rename()))
        .await;
    assert_eq!(said.code(), (403, "forbidden"));
    for (id, code) in [(&restaurant, 200), (&other, 403)] {
        let path = format!("/api/restaurants/{id}/suspend");
        let said = shop
            .ask(
                (&person, ""),
                Method::POST,
                &path,
                Some(json!({"version": 1})),
            )
            .await;
        assert_eq!(said.code().0, code, "{said:?}");
    }
    let absent = testkit::ids::absent(&brand);
    let said = shop.patch(&format!("/api/brands/{absent}"), rename()).await;
    assert_eq!(said.code(), (404, "not_found"));
}
