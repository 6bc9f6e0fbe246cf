//! Host names lead to one organisation each, and every node knows them.

use edge::Hosts as _;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::json;
use testkit::trial::Engine;

use super::world::{Shop, on_both, uid};

on_both!(
    a_host_leads_to_its_organisation,
    two_organisations_cannot_have_one_host,
    what_is_no_host_is_refused,
    only_operators_give_and_take,
);

async fn a_host_leads_to_its_organisation(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (one, two) = (
        shop.organisation("One").await,
        shop.organisation("Two").await,
    );
    let other = shop.another().await;
    let hosts = format!("/api/organisations/{one}/hosts");
    let put = shop
        .put_nothing(&format!("{hosts}/Order.Example.com"))
        .await;
    assert_eq!(
        (put.status, &put.body["host"]),
        (StatusCode::OK, &json!("order.example.com"))
    );
    let again = shop
        .put_nothing(&format!("{hosts}/order.example.com"))
        .await;
    assert_eq!((again.status, &again.body), (StatusCode::OK, &put.body));
    let (number, host) = (Some(uid(&one).organisation()), "order.example.com");
    assert_eq!(shop.node.hosts.of(host), number);
    assert_eq!(other.hosts.of(host), None);
    other.hosts.look().await.unwrap();
    assert_eq!(other.hosts.of(host), number);
    assert_eq!(shop.get(&hosts).await.body["items"], json!([put.body]));

    assert_eq!(
        shop.delete(&format!("{hosts}/{host}")).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        shop.delete(&format!("{hosts}/{host}")).await.code(),
        (404, "not_found")
    );
    other.hosts.look().await.unwrap();
    assert_eq!(
        (shop.node.hosts.of(host), other.hosts.of(host)),
        (None, None)
    );
    let taken_up = shop
        .put_nothing(&format!("/api/organisations/{two}/hosts/{host}"))
        .await;
    assert_eq!(taken_up.status, StatusCode::OK, "{taken_up:?}");
    other.hosts.look().await.unwrap();
    assert_eq!(other.hosts.of(host), Some(uid(&two).organisation()));
    let fresh = shop.another().await;
    fresh.hosts.look().await.unwrap();
    assert_eq!(fresh.hosts.of(host), Some(uid(&two).organisation()));
    shop.verify().await;
}

async fn two_organisations_cannot_have_one_host(engine: Engine) {
    let shop = Shop::new(engine).await;
    let mut organisations = Vec::new();
    for number in 0..4 {
        organisations.push(shop.organisation(&format!("O{number}")).await);
    }
    let tries = organisations.iter().map(|organisation| {
        let path = format!("/api/organisations/{organisation}/hosts/eat.example");
        let shop = &shop;
        async move { shop.put_nothing(&path).await }
    });
    let said = join_all(tries).await;
    let good = said.iter().filter(|said| said.status == StatusCode::OK);
    assert_eq!(good.count(), 1, "{said:?}");
    let taken = said
        .iter()
        .filter(|said| said.code() == (409, "host_taken"));
    assert_eq!(taken.count(), 3, "{said:?}");
}

async fn what_is_no_host_is_refused(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("One").await;
    for wrong in [
        "localhost",
        "127.0.0.1",
        "a_b.example",
        "-a.example",
        "example.com.",
        "a..b",
        "x.1a",
    ] {
        let path = format!("/api/organisations/{organisation}/hosts/{wrong}");
        let said = shop.put_nothing(&path).await;
        assert_eq!(
            said.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wrong}: {said:?}"
        );
    }
    let absent = "/api/organisations/org_01jd6yv2m00000000000000000/hosts/a.example";
    assert_eq!(shop.put_nothing(absent).await.code(), (404, "not_found"));
}

async fn only_operators_give_and_take(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (organisation, person) = (shop.organisation("One").await, shop.person());
    let hosts = format!("/api/organisations/{organisation}/hosts");
    for method in [Method::PUT, Method::DELETE] {
        let path = format!("{hosts}/a.example");
        let said = shop.ask((&person, ""), method, &path, None).await;
        assert_eq!(said.status, StatusCode::FORBIDDEN, "{said:?}");
    }
    let said = shop.ask((&person, ""), Method::GET, &hosts, None).await;
    assert_eq!(
        (said.status, &said.body["items"]),
        (StatusCode::OK, &json!([]))
    );
}
