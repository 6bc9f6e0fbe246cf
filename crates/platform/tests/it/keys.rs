//! Keys of integrators: made once, good for what they were made for, gone when they are revoked.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::world::{OPERATOR, Shop, eventually, on_both};

on_both!(
    a_key_opens_what_it_was_made_for,
    a_revoked_key_opens_nothing,
    another_node_hears_of_a_revocation,
    a_blind_node_asks_the_database,
    what_is_no_key_is_refused_alike,
    a_key_ends_by_itself_and_says_when_it_was_used,
    a_key_outlives_the_rotation_of_its_pepper,
    wrong_wishes_make_no_key,
    a_plan_holds_so_many_keys,
    an_owner_hands_on_what_is_his,
    a_key_of_a_suspended_organisation_reads,
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

/// An organisation with two restaurants.
async fn house(shop: &Shop) -> (String, [String; 2]) {
    let organisation = shop.organisation("Gruppo").await;
    let one = shop.restaurant(&organisation, restaurant("One")).await;
    let two = shop.restaurant(&organisation, restaurant("Two")).await;
    (organisation, [one, two])
}

/// Makes a key: its id, and what is sent in the header.
async fn key(shop: &Shop, organisation: &str, more: Value) -> (String, String) {
    let mut body = json!({"label": "POS", "scopes": ["restaurants.read", "organisation.read"]});
    let fields = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(fields);
    let path = format!("/api/organisations/{organisation}/keys");
    let made = shop.post(&path, body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let secret = text(&made.body["secret"]);
    (text(&made.body["key"]["id"]), format!("Bearer {secret}"))
}

async fn reads(shop: &Shop, bearer: &str, path: &str) -> (u16, String) {
    let said = shop.ask((bearer, ""), Method::GET, path, None).await;
    let (status, code) = said.code();
    (status, code.to_owned())
}

async fn a_key_opens_what_it_was_made_for(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (organisation, [one, two]) = house(&shop).await;
    let (foreign, [other, _]) = house(&shop).await;
    let path = |id: &str| format!("/api/restaurants/{id}/record");
    let (_, wide) = key(&shop, &organisation, json!({})).await;
    let (_, narrow) = key(&shop, &organisation, json!({"restaurants": [one]})).await;
    for own in [
        path(&one),
        path(&two),
        format!("/api/organisations/{organisation}"),
    ] {
        assert_eq!(reads(&shop, &wide, &own).await.0, 200, "{own}");
    }
    assert_eq!(reads(&shop, &narrow, &path(&one)).await.0, 200);
    for far in [
        path(&two),
        path(&other),
        format!("/api/organisations/{foreign}"),
    ] {
        let (status, _) = reads(&shop, &narrow, &far).await;
        assert!([403, 404].contains(&status), "{far}: {status}");
    }
    assert_eq!(
        reads(&shop, &wide, &path(&other)).await,
        (404, "not_found".into())
    );
    let list = format!("/api/organisations/{organisation}/restaurants");
    let reached = shop.listed(&narrow, &list).await;
    assert_eq!(reached, std::slice::from_ref(&one));
    let change = json!({"name": "x", "version": 1});
    let own = format!("/api/organisations/{organisation}");
    let said = shop
        .ask((&wide, ""), Method::PATCH, &own, Some(change))
        .await;
    assert_eq!(said.code(), (403, "forbidden"), "{said:?}");

    // From here on everything is remembered.
    let asked = shop.node.keys.loads();
    for _ in 0..5 {
        assert_eq!(reads(&shop, &wide, &path(&one)).await.0, 200);
        assert_eq!(reads(&shop, &narrow, &path(&one)).await.0, 200);
    }
    assert_eq!(shop.node.keys.loads(), asked);
    shop.verify().await;
}

async fn a_revoked_key_opens_nothing(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (organisation, [one, _]) = house(&shop).await;
    let (foreign, _) = house(&shop).await;
    let (id, bearer) = key(&shop, &organisation, json!({})).await;
    let path = format!("/api/restaurants/{one}/record");
    assert_eq!(reads(&shop, &bearer, &path).await.0, 200);
    let keys = format!("/api/organisations/{organisation}/keys");
    let listed = shop.get(&keys).await;
    assert_eq!(listed.body["items"][0]["id"], json!(id));
    assert!(!listed.body.to_string().contains(&bearer[40..]));

    let elsewhere = format!("/api/organisations/{foreign}/keys/{id}");
    assert_eq!(shop.delete(&elsewhere).await.code(), (404, "not_found"));
    assert_eq!(reads(&shop, &bearer, &path).await.0, 200);
    let own = format!("{keys}/{id}");
    let tries = join_all((0..4).map(|_| shop.delete(&own))).await;
    let good = tries
        .iter()
        .filter(|said| said.status == StatusCode::NO_CONTENT);
    assert_eq!(good.count(), 1, "{tries:?}");
    assert_eq!(
        reads(&shop, &bearer, &path).await,
        (401, "unauthenticated".into())
    );
    assert_eq!(shop.delete(&own).await.code(), (404, "not_found"));
    assert_eq!(shop.get(&keys).await.body["items"], json!([]));
    shop.verify().await;
}

async fn another_node_hears_of_a_revocation(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (organisation, [one, _]) = house(&shop).await;
    let (id, bearer) = key(&shop, &organisation, json!({})).await;
    let other = shop.another().await;
    let path = format!("/api/restaurants/{one}/record");
    let ask = || other.ask((&bearer, ""), Method::GET, &path, None);
    eventually(async || other.bus.subscriptions() == 2).await;
    assert_eq!(ask().await.status, StatusCode::OK);
    let own = format!("/api/organisations/{organisation}/keys/{id}");
    assert_eq!(shop.delete(&own).await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        ask().await.status,
        StatusCode::OK,
        "it has heard of nothing yet"
    );
    other.hear("key.revoked", &organisation).await;
    eventually(async || ask().await.status == StatusCode::UNAUTHORIZED).await;
}

async fn a_blind_node_asks_the_database(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (organisation, [one, _]) = house(&shop).await;
    let (id, bearer) = key(&shop, &organisation, json!({})).await;
    let other = shop.another().await;
    let path = format!("/api/restaurants/{one}/record");
    let ask = || other.ask((&bearer, ""), Method::GET, &path, None);
    assert_eq!(ask().await.status, StatusCode::OK);
    other.trust.withdraw();
    let own = format!("/api/organisations/{organisation}/keys/{id}");
    assert_eq!(shop.delete(&own).await.status, StatusCode::NO_CONTENT);
    assert_eq!(ask().await.status, StatusCode::UNAUTHORIZED);
}

async fn what_is_no_key_is_refused_alike(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (organisation, [one, _]) = house(&shop).await;
    let (id, bearer) = key(&shop, &organisation, json!({})).await;
    let (other, _) = key(&shop, &organisation, json!({})).await;
    let path = format!("/api/restaurants/{one}/record");
    let secret = bearer.split_once('.').unwrap().1.to_owned();
    let last = if secret.ends_with('A') { 'E' } else { 'A' };
    let mut seen = BTreeSet::new();
    for wrong in [
        format!("Bearer {id}"),
        format!("Bearer {id}."),
        format!("Bearer {id}.{}", &secret[1..]),
        format!("Bearer {id}.{}{last}", &secret[..secret.len() - 1]),
        format!("Bearer {id}.{secret}A"),
        format!("Bearer {id}.{secret}="),
        format!("Bearer {id}.{secret}.{secret}"),
        format!("Bearer {other}.{secret}"),
        format!("Bearer {}.{secret}", id.to_uppercase()),
        format!("Bearer key_01jd6yv2m00000000000000000.{secret}"),
        format!("Bearer dev_{}.{secret}", &id[4..]),
        format!("Bearer dev_01jd6yv2m00000000000000000.{secret}"),
        "Bearer key_".to_owned(),
        "Bearer key_.".to_owned(),
        "Bearer x".to_owned(),
    ] {
        let said = shop.ask((&wrong, ""), Method::GET, &path, None).await;
        let mut body = said.body.clone();
        body["instance"] = Value::Null;
        seen.insert((said.status.as_u16(), body.to_string()));
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen.first().unwrap().0, 401);
    assert_eq!(reads(&shop, &bearer, &path).await.0, 200);
}

async fn a_key_ends_by_itself_and_says_when_it_was_used(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (organisation, [one, _]) = house(&shop).await;
    let (_, bearer) = key(&shop, &organisation, json!({"expiresInDays": 1})).await;
    let keys = format!("/api/organisations/{organisation}/keys");
    let listed = shop.get(&keys).await.body["items"][0].clone();
    assert!(listed["expiresAt"].as_str() > listed["createdAt"].as_str());
    assert_eq!(listed["usedAt"], Value::Null);
    assert_eq!(
        reads(&shop, &bearer, &format!("/api/restaurants/{one}/record"))
            .await
            .0,
        200
    );
    shop.node.keys.note_uses().await;
    let used = shop.get(&keys).await.body["items"][0]["usedAt"].clone();
    assert!(used.is_string(), "{used}");
    shop.node.keys.note_uses().await;
    assert_eq!(shop.get(&keys).await.body["items"][0]["usedAt"], used);
    shop.verify().await;
}

async fn a_key_outlives_the_rotation_of_its_pepper(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (organisation, [one, _]) = house(&shop).await;
    let (_, used) = key(&shop, &organisation, json!({})).await;
    let (_, unused) = key(&shop, &organisation, json!({})).await;
    let path = format!("/api/restaurants/{one}/record");
    let rotated = shop.pepper.borrow().rotated(&shop.world.random).unwrap();
    shop.pepper.send_replace(rotated.clone());
    assert_eq!(reads(&shop, &used, &path).await.0, 200);
    assert_eq!(reads(&shop, &used, &path).await.0, 200);
    shop.pepper.send_replace(rotated.retired());
    assert_eq!(reads(&shop, &used, &path).await.0, 200);
    assert_eq!(reads(&shop, &unused, &path).await.0, 401);
    shop.verify().await;
}

async fn wrong_wishes_make_no_key(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (organisation, [one, _]) = house(&shop).await;
    let (_, [foreign, _]) = house(&shop).await;
    let path = format!("/api/organisations/{organisation}/keys");
    let good = || json!({"label": "POS", "scopes": ["restaurants.read"]});
    for (field, value, status) in [
        ("scopes", json!([]), 422),
        ("scopes", json!(["orders"]), 422),
        ("scopes", json!(["members.change"]), 422),
        ("scopes", json!("restaurants.read"), 422),
        ("label", json!(""), 422),
        ("restaurants", json!([]), 422),
        ("restaurants", json!(["x"]), 422),
        ("restaurants", json!([one, foreign]), 404),
        (
            "restaurants",
            json!(["rst_01jd6yv2m00000000000000000"]),
            404,
        ),
        ("expiresInDays", json!(0), 422),
        ("expiresInDays", json!(3_651), 422),
        ("expiresInDays", json!(1.5), 422),
        ("secret", json!("x"), 422),
    ] {
        let mut body = good();
        body[field] = value.clone();
        let said = shop.post(&path, body).await;
        assert_eq!(said.status.as_u16(), status, "{field} {value}: {said:?}");
    }
    // Somebody who is no member has nothing to hand on.
    let stranger = shop.person();
    let said = shop
        .ask((&stranger, ""), Method::POST, &path, Some(good()))
        .await;
    assert_eq!(said.code(), (404, "not_found"), "{said:?}");
    assert!(shop.listed(OPERATOR, &path).await.is_empty());
}

async fn a_plan_holds_so_many_keys(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (organisation, _) = house(&shop).await;
    let path = format!("/api/organisations/{organisation}/keys");
    let body = || json!({"label": "POS", "scopes": ["restaurants.read"]});
    let said = join_all((0..12).map(|_| shop.post(&path, body()))).await;
    let made: Vec<_> = said
        .iter()
        .filter(|said| said.status == StatusCode::CREATED)
        .collect();
    assert_eq!(made.len(), 5, "{said:?}");
    let refused = said
        .iter()
        .filter(|said| said.code() == (409, "plan_limit"));
    assert_eq!(refused.count(), 7, "{said:?}");
    let one = format!("{path}/{}", text(&made[0].body["key"]["id"]));
    assert_eq!(shop.delete(&one).await.status, StatusCode::NO_CONTENT);
    assert_eq!(shop.post(&path, body()).await.status, StatusCode::CREATED);
    assert_eq!(shop.listed(OPERATOR, &path).await.len(), 5);
    shop.verify().await;
}

async fn an_owner_hands_on_what_is_his(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (owner, other) = (shop.person(), shop.person());
    let name = Some(json!({"name": "Gruppo"}));
    let made = shop
        .ask((&owner, ""), Method::POST, "/api/organisations", name)
        .await;
    let organisation = text(&made.body["id"]);
    let path = format!("/api/organisations/{organisation}/keys");
    let body = || Some(json!({"label": "POS", "scopes": ["restaurants.read", "orders.change"]}));
    let said = shop.ask((&other, ""), Method::POST, &path, body()).await;
    assert_eq!(said.code(), (404, "not_found"), "{said:?}");
    let said = shop.ask((&owner, ""), Method::POST, &path, body()).await;
    assert_eq!(said.status, StatusCode::CREATED, "{said:?}");
    assert_eq!(said.body["key"]["createdBy"], json!(owner));
    shop.verify().await;
}

async fn a_key_of_a_suspended_organisation_reads(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (organisation, [one, _]) = house(&shop).await;
    let scopes = json!({"scopes": ["restaurants.read", "restaurants.change"]});
    let (_, bearer) = key(&shop, &organisation, scopes).await;
    // What the gate remembers is forgotten at once where it is changed.
    let path = format!("/api/restaurants/{one}");
    let record = format!("{path}/record");
    assert_eq!(reads(&shop, &bearer, &record).await.0, 200);
    let suspend = format!("/api/organisations/{organisation}/suspend");
    let said = shop.post(&suspend, json!({"reason": "unpaid"})).await;
    assert_eq!(said.status, StatusCode::OK);
    assert_eq!(reads(&shop, &bearer, &record).await.0, 200);
    let close = Some(json!({"version": 1}));
    let close = shop
        .ask(
            (&bearer, ""),
            Method::POST,
            &format!("{path}/suspend"),
            close,
        )
        .await;
    assert_eq!(close.code(), (403, "organisation_suspended"), "{close:?}");
}
