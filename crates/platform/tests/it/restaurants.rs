//! Restaurants: made, read, listed by brand and by what somebody reaches, changed, closed.

use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::world::{OPERATOR, Shop, on_both};

on_both!(
    what_was_made_is_read_back,
    the_query_says_of_which_organisation,
    some_fields_are_changed_and_the_others_stay,
    of_many_changes_one_is_in_time,
    external_ids_are_unique_in_an_organisation,
    lists_show_what_is_asked_for_and_reached,
    a_brand_of_others_is_none,
    wrong_bodies_change_nothing,
    foreign_and_absent_look_the_same,
    a_restaurant_is_closed_and_opened,
);

fn body(name: &str) -> Value {
    json!({
        "name": name,
        "timeZone": "Europe/Rome",
        "currency": "EUR",
        "address": {"street": "Via Roma 1", "postalCode": "39100", "city": "Bolzano", "country": "IT"},
    })
}

fn with(name: &str, more: Value) -> Value {
    let mut body = body(name);
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

async fn what_was_made_is_read_back(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let path = format!("/api/organisations/{organisation}/restaurants");
    let brands = format!("/api/organisations/{organisation}/brands");
    let brand = shop.post(&brands, json!({"name": "Trattoria"})).await.body["id"].clone();
    let made = shop
        .post(
            &path,
            with(" Lucia ", json!({"brand": brand, "externalId": "POS 7"})),
        )
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let expected = json!({
        "id": made.body["id"], "brand": brand, "name": "Lucia", "externalId": "POS 7",
        "timeZone": "Europe/Rome", "currency": "EUR", "state": "active", "version": 1,
        "address": {"street": "Via Roma 1", "postalCode": "39100", "city": "Bolzano", "country": "IT"},
        "createdAt": made.body["createdAt"],
    });
    assert_eq!(made.body, expected);
    let own = format!("/api/restaurants/{}", text(&made.body["id"]));
    let record = format!("{own}/record");
    let read = shop.get(&record).await;
    assert_eq!((read.status, &read.body), (StatusCode::OK, &made.body));
    assert_eq!(read.etag.as_deref(), Some("\"1\""));

    // What is left out is gone afterwards.
    let mut bare = with(
        "Lucia 2",
        json!({"version": 1, "timeZone": "Asia/Tokyo", "currency": "JPY"}),
    );
    bare["address"]["postalCode"] = Value::Null;
    let changed = shop.put(&own, bare).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    assert_eq!(changed.body["version"], 2);
    for gone in ["brand", "externalId"] {
        assert_eq!(changed.body[gone], Value::Null);
    }
    assert_eq!(shop.get(&record).await.body, changed.body);
    shop.verify().await;
}

async fn the_query_says_of_which_organisation(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let path = |of: &str| format!("/api/restaurants?organisation={of}");
    let made = shop.post(&path(&organisation), body("Lucia")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let listed = format!("/api/organisations/{organisation}/restaurants");
    assert_eq!(shop.listed(OPERATOR, &listed).await.len(), 1);
    for (wrong, code) in [
        ("/api/restaurants".to_owned(), (422, "field_missing")),
        (
            format!("{}&organisation={organisation}", path(&organisation)),
            (400, "query_malformed"),
        ),
    ] {
        let said = shop.post(&wrong, body("Mario")).await;
        assert_eq!(said.code(), code, "{wrong}");
    }
    assert_eq!(shop.listed(OPERATOR, &listed).await.len(), 1);
}

async fn some_fields_are_changed_and_the_others_stay(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let brands = format!("/api/organisations/{organisation}/brands");
    let brand = shop.post(&brands, json!({"name": "Trattoria"})).await.body["id"].clone();
    let new = with("Lucia", json!({"brand": brand, "externalId": "POS 7"}));
    let own = shop.restaurant(&organisation, new).await;
    let path = format!("/api/restaurants/{own}");
    let before = shop.get(&format!("{path}/record")).await.body;
    let edited = shop
        .patch(
            &path,
            json!({"name": "Lucia 2", "externalId": null, "version": 1}),
        )
        .await;
    let mut expected = before.clone();
    expected["name"] = json!("Lucia 2");
    expected["externalId"] = Value::Null;
    expected["version"] = json!(2);
    assert_eq!((edited.status, &edited.body), (StatusCode::OK, &expected));
    assert_eq!(edited.etag.as_deref(), Some("\"2\""));
    assert_eq!(shop.get(&format!("{path}/record")).await.body, expected);
    // The same again is no event, what was not seen is not changed, and what cannot be is refused.
    let same = shop
        .patch(&path, json!({"name": "Lucia 2", "version": 2}))
        .await;
    assert_eq!(same.body, expected);
    let late = shop
        .patch(&path, json!({"name": "Lucia 3", "version": 1}))
        .await;
    assert_eq!(late.code(), (409, "version_changed"));
    for wrong in [
        json!({"name": "", "version": 2}),
        json!({"timeZone": "Europe/Roma", "version": 2}),
        json!({"currency": null}),
        json!({"state": "active", "version": 2}),
        json!({"brand": "rst_01jd6yv2m00000000000000000", "version": 2}),
        json!({"address": {"city": "Roma"}, "version": 2}),
    ] {
        let said = shop.patch(&path, wrong.clone()).await;
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let absent = json!({"brand": "brd_01jd6yv2m00000000000000000", "version": 2});
    assert_eq!(shop.patch(&path, absent).await.code(), (404, "not_found"));
    // Eight edit at once: one is in time.
    let tries = (0..8).map(|number| {
        shop.patch(
            &path,
            json!({"name": format!("Osteria {number}"), "version": 2}),
        )
    });
    let said = join_all(tries).await;
    let good = said.iter().filter(|said| said.status == StatusCode::OK);
    assert_eq!(good.count(), 1, "{said:?}");
    shop.verify().await;
}

async fn of_many_changes_one_is_in_time(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let own = shop.restaurant(&organisation, body("Lucia")).await;
    let path = format!("/api/restaurants/{own}");
    let tries = (0..8).map(|number| {
        shop.put(
            &path,
            with(&format!("Lucia {number}"), json!({"version": 1})),
        )
    });
    let said = join_all(tries).await;
    let good = said.iter().filter(|said| said.status == StatusCode::OK);
    assert_eq!(good.count(), 1, "{said:?}");
    let late = said
        .iter()
        .filter(|said| said.code() == (409, "version_changed"));
    assert_eq!(late.count(), 7, "{said:?}");
    shop.verify().await;
}

async fn external_ids_are_unique_in_an_organisation(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (one, two) = (
        shop.organisation("One").await,
        shop.organisation("Two").await,
    );
    let named = || with("Lucia", json!({"externalId": "7"}));
    shop.restaurant(&one, named()).await;
    let other = shop.restaurant(&one, body("Lucia")).await;
    shop.restaurant(&two, named()).await;
    let same = shop
        .post(&format!("/api/organisations/{one}/restaurants"), named())
        .await;
    assert_eq!(same.code(), (409, "external_id_taken"), "{same:?}");
    assert_eq!(same.body["fields"][0]["field"], "externalId");
    let changed = shop
        .put(
            &format!("/api/restaurants/{other}"),
            with("Lucia", json!({"externalId": "7", "version": 1})),
        )
        .await;
    assert_eq!(changed.code(), (409, "external_id_taken"), "{changed:?}");
    // What was refused is not counted: the starter plan holds three.
    shop.restaurant(&one, body("Third")).await;
}

async fn lists_show_what_is_asked_for_and_reached(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.growing("Gruppo").await;
    let brands = format!("/api/organisations/{organisation}/brands");
    let mut made = Vec::new();
    let mut ids = Vec::new();
    for name in ["A", "B"] {
        let brand = shop.post(&brands, json!({"name": name})).await.body["id"].clone();
        for number in 0..3 {
            let body = with(&format!("{name}{number}"), json!({"brand": brand}));
            made.push(shop.restaurant(&organisation, body).await);
        }
        ids.push(text(&brand).to_owned());
    }
    made.push(shop.restaurant(&organisation, body("of none")).await);
    let path = format!("/api/organisations/{organisation}/restaurants");
    let all = shop.listed(OPERATOR, &path).await;
    assert_eq!(all, made);
    let of_b = shop
        .listed(OPERATOR, &format!("{path}?brand={}", ids[1]))
        .await;
    assert_eq!(of_b, made[3..6]);

    let manager = shop.person();
    shop.doorman.only(&manager, &[&ids[0], &made[4]]);
    let reached = shop.listed(&manager, &path).await;
    let expected = [&made[0], &made[1], &made[2], &made[4]];
    assert_eq!(reached.iter().collect::<Vec<_>>(), expected);
    let of_b = shop
        .listed(&manager, &format!("{path}?brand={}", ids[1]))
        .await;
    assert_eq!(of_b, made[4..5]);
    let brands_reached = shop.listed(&manager, &brands).await;
    assert_eq!(brands_reached, ids[..1]);

    // He may change his own, and gives it to no brand that he does not reach.
    let own = format!("/api/restaurants/{}", made[0]);
    for (brand, status) in [
        (json!(ids[1]), 403),
        (Value::Null, 403),
        (json!(ids[0]), 200),
    ] {
        let body = with("A0 new", json!({"version": 1, "brand": brand}));
        let said = shop
            .ask((&manager, ""), Method::PUT, &own, Some(body))
            .await;
        assert_eq!(said.status.as_u16(), status, "{said:?}");
    }
    let cursor = shop.get(&format!("{path}?limit=1")).await.body["next"].clone();
    let stolen = format!("{path}?brand={}&cursor={}", ids[0], text(&cursor));
    assert_eq!(shop.get(&stolen).await.code(), (422, "cursor_refused"));
}

async fn a_brand_of_others_is_none(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (one, two) = (
        shop.organisation("One").await,
        shop.organisation("Two").await,
    );
    let path = format!("/api/organisations/{two}/brands");
    let foreign = shop.post(&path, json!({"name": "Trattoria"})).await.body["id"].clone();
    let absent = json!("brd_01jd6yv2m00000000000000000");
    let own = shop.restaurant(&one, body("Lucia")).await;
    for brand in [foreign, absent] {
        let new = with("Lucia", json!({"brand": brand}));
        let path = format!("/api/organisations/{one}/restaurants");
        assert_eq!(shop.post(&path, new).await.code(), (404, "not_found"));
        let changed = with("Lucia", json!({"brand": brand, "version": 1}));
        let path = format!("/api/restaurants/{own}");
        assert_eq!(shop.put(&path, changed).await.code(), (404, "not_found"));
    }
}

async fn wrong_bodies_change_nothing(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let path = format!("/api/organisations/{organisation}/restaurants");
    let mut address = body("x")["address"].clone();
    address["country"] = json!("it");
    let mut code = body("x")["address"].clone();
    code["postalCode"] = json!("-1");
    let mut more = body("x")["address"].clone();
    more["floor"] = json!(1);
    for wrong in [
        json!({}),
        json!({"timeZone": "Europe/Roma"}),
        json!({"timeZone": "CET"}),
        json!({"currency": "eur"}),
        json!({"currency": "XXX"}),
        json!({"name": ""}),
        json!({"externalId": ""}),
        json!({"externalId": "x".repeat(121)}),
        json!({"brand": "rst_01jd6yv2m00000000000000000"}),
        json!({"address": null}),
        json!({"address": address}),
        json!({"address": code}),
        json!({"address": more}),
        json!({"state": "active"}),
        json!({"version": 1}),
    ] {
        let sent = match wrong.as_object().unwrap().is_empty() {
            true => wrong.clone(),
            false => with("Lucia", wrong.clone()),
        };
        let said = shop.post(&path, sent).await;
        assert_eq!(
            said.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wrong}: {said:?}"
        );
    }
    assert!(shop.listed(OPERATOR, &path).await.is_empty());
}

async fn foreign_and_absent_look_the_same(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let own = shop.restaurant(&organisation, body("Lucia")).await;
    let forged = testkit::ids::absent(&own);
    let mut seen = std::collections::BTreeSet::new();
    for id in ["rst_01jd6yv2m00000000000000000", &forged] {
        let path = format!("/api/restaurants/{id}");
        let changed = with("x", json!({"version": 1}));
        let record = format!("{path}/record");
        let edited = json!({"name": "x", "version": 1});
        for said in [
            shop.get(&record).await,
            shop.put(&path, changed).await,
            shop.patch(&path, edited).await,
        ] {
            let mut body = said.body.clone();
            body["instance"] = Value::Null;
            seen.insert((said.status.as_u16(), body.to_string()));
        }
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen.first().unwrap().0, 404);
}

async fn a_restaurant_is_closed_and_opened(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let own = shop.restaurant(&organisation, body("Lucia")).await;
    let path = format!("/api/restaurants/{own}");
    let suspend = format!("{path}/suspend");
    let closed = shop.post(&suspend, json!({"version": 1})).await;
    assert_eq!(
        (&closed.body["state"], &closed.body["version"]),
        (&json!("suspended"), &json!(2))
    );
    let again = shop.post(&suspend, json!({"version": 2})).await;
    assert_eq!((again.status, &again.body), (StatusCode::OK, &closed.body));
    let late = shop
        .post(&format!("{path}/resume"), json!({"version": 1}))
        .await;
    assert_eq!(late.code(), (409, "version_changed"));
    let changed = shop
        .put(&path, with("Lucia 2", json!({"version": 2})))
        .await;
    assert_eq!(changed.body["state"], "suspended");
    let open = shop
        .post(&format!("{path}/resume"), json!({"version": 3}))
        .await;
    assert_eq!(
        (&open.body["state"], &open.body["version"]),
        (&json!("active"), &json!(4))
    );
    shop.verify().await;
}
