//! Plans hold so much and no more, however many ask at once; operators change them, and suspend and resume.

use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::world::{OPERATOR, Shop, on_both};

on_both!(
    of_twenty_at_once_three_are_made,
    a_smaller_plan_takes_nothing_away,
    only_those_who_have_seen_it_change_the_plan,
    an_organisation_is_suspended_with_a_reason,
    people_make_organisations_of_their_own,
    an_operator_chooses_the_shard,
);

fn restaurant(name: &str) -> Value {
    json!({
        "name": name,
        "timeZone": "Europe/Rome",
        "currency": "EUR",
        "address": {"street": "Via Roma 1", "city": "Bolzano", "country": "IT"},
    })
}

fn used(plan: &Value, what: &str) -> (Value, Value) {
    let limits = plan["limits"].as_array().unwrap();
    let limit = limits.iter().find(|limit| limit["what"] == what).unwrap();
    (limit["used"].clone(), limit["most"].clone())
}

async fn of_twenty_at_once_three_are_made(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let path = format!("/api/organisations/{organisation}/restaurants");
    let tries = (0..20).map(|number| shop.post(&path, restaurant(&format!("R{number}"))));
    let said = join_all(tries).await;
    let made = said
        .iter()
        .filter(|said| said.status == StatusCode::CREATED);
    assert_eq!(made.count(), 3, "{said:?}");
    let refused: Vec<_> = said
        .iter()
        .filter(|said| said.code() == (409, "plan_limit"))
        .collect();
    assert_eq!(refused.len(), 17, "{said:?}");
    assert_eq!(refused[0].body["fields"][0]["field"], "restaurants");
    assert_eq!(shop.listed(OPERATOR, &path).await.len(), 3);
    let plan = shop
        .get(&format!("/api/organisations/{organisation}/plan"))
        .await
        .body;
    assert_eq!(used(&plan, "restaurants"), (json!(3), json!(3)));

    let brands = format!("/api/organisations/{organisation}/brands");
    let tries = (0..20).map(|number| {
        let (shop, brands) = (&shop, &brands);
        async move {
            shop.post(brands, json!({"name": format!("B{number}")}))
                .await
        }
    });
    let said = join_all(tries).await;
    let made = said
        .iter()
        .filter(|said| said.status == StatusCode::CREATED);
    assert_eq!(made.count(), 10, "{said:?}");
    shop.verify().await;
}

async fn a_smaller_plan_takes_nothing_away(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.growing("Gruppo").await;
    let path = format!("/api/organisations/{organisation}/restaurants");
    for number in 0..5 {
        shop.restaurant(&organisation, restaurant(&format!("R{number}")))
            .await;
    }
    let plan = format!("/api/organisations/{organisation}/plan");
    let smaller = shop
        .put(&plan, json!({"plan": "starter", "version": 2}))
        .await;
    assert_eq!(smaller.status, StatusCode::OK, "{smaller:?}");
    assert_eq!(shop.listed(OPERATOR, &path).await.len(), 5);
    assert_eq!(
        shop.post(&path, restaurant("more")).await.code(),
        (409, "plan_limit")
    );
    let held = shop.get(&plan).await.body;
    assert_eq!(used(&held, "restaurants"), (json!(5), json!(3)));
    let larger = shop
        .put(&plan, json!({"plan": "enterprise", "version": 3}))
        .await;
    assert_eq!(larger.status, StatusCode::OK, "{larger:?}");
    assert_eq!(
        shop.post(&path, restaurant("more")).await.status,
        StatusCode::CREATED
    );
    assert_eq!(
        used(&shop.get(&plan).await.body, "restaurants"),
        (json!(6), Value::Null)
    );
    shop.verify().await;
}

async fn only_those_who_have_seen_it_change_the_plan(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let plan = format!("/api/organisations/{organisation}/plan");
    let tries = (0..6).map(|_| shop.put(&plan, json!({"plan": "growth", "version": 1})));
    let said = join_all(tries).await;
    let good = said.iter().filter(|said| said.status == StatusCode::OK);
    assert_eq!(good.count(), 1, "{said:?}");
    for wrong in [
        json!({"plan": "golden", "version": 2}),
        json!({"plan": "growth", "version": 0}),
        json!({"plan": "growth"}),
    ] {
        let said = shop.put(&plan, wrong).await;
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY, "{said:?}");
    }
    let person = shop.person();
    let body = json!({"plan": "enterprise", "version": 2});
    let said = shop
        .ask((&person, ""), Method::PUT, &plan, Some(body))
        .await;
    assert_eq!(said.status, StatusCode::FORBIDDEN);
}

async fn an_organisation_is_suspended_with_a_reason(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let path = format!("/api/organisations/{organisation}");
    let suspend = format!("{path}/suspend");
    for wrong in [
        json!({}),
        json!({"reason": "no"}),
        json!({"reason": " x  "}),
    ] {
        let said = shop.post(&suspend, wrong).await;
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY, "{said:?}");
    }
    let why = || json!({"reason": "unpaid since March"});
    let said = shop.post(&suspend, why()).await;
    assert_eq!(
        (&said.body["state"], &said.body["version"]),
        (&json!("suspended"), &json!(2))
    );
    assert_eq!(shop.post(&suspend, why()).await.body, said.body);
    assert_eq!(shop.get(&path).await.body["state"], "suspended");
    let resumed = shop.post(&format!("{path}/resume"), why()).await;
    assert_eq!(
        (&resumed.body["state"], &resumed.body["version"]),
        (&json!("active"), &json!(3))
    );
    let person = shop.person();
    let said = shop
        .ask((&person, ""), Method::POST, &suspend, Some(why()))
        .await;
    assert_eq!(said.status, StatusCode::FORBIDDEN);
    shop.verify().await;
}

async fn people_make_organisations_of_their_own(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (path, person) = ("/api/organisations", shop.person());
    let body = || Some(json!({"name": "Gruppo"}));
    let ask = |who: String, body| {
        let shop = &shop;
        async move { shop.ask((&who, ""), Method::POST, path, body).await }
    };
    let weak = ask(format!("{person} weak"), body()).await;
    assert_eq!(weak.code(), (403, "second_factor_needed"));
    for more in [json!({"owner": person}), json!({"shard": "one"})] {
        let mut sent = body().unwrap();
        sent.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        assert_eq!(
            ask(person.clone(), Some(sent)).await.code(),
            (403, "forbidden")
        );
    }
    assert_eq!(
        ask(String::new(), body()).await.status,
        StatusCode::UNAUTHORIZED
    );
    let made = ask(person.clone(), body()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert_eq!(
        (&made.body["plan"], &made.body["region"]),
        (&json!("starter"), &json!("here"))
    );
    let plan = format!("{path}/{}/plan", made.body["id"].as_str().unwrap());
    assert_eq!(
        used(&shop.get(&plan).await.body, "members"),
        (json!(1), json!(25))
    );
    shop.verify().await;
}

async fn an_operator_chooses_the_shard(engine: Engine) {
    let shop = Shop::new(engine).await;
    let path = "/api/organisations";
    let made = shop
        .post(
            path,
            json!({"name": "Gruppo", "shard": "one", "owner": shop.person()}),
        )
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let absent = shop
        .post(path, json!({"name": "Gruppo", "shard": "two"}))
        .await;
    assert_eq!(absent.code(), (404, "not_found"), "{absent:?}");
    for owner in [
        json!("org_01jd6yv2m00000000000000000"),
        json!("x"),
        json!(1),
    ] {
        let said = shop
            .post(path, json!({"name": "Gruppo", "owner": owner}))
            .await;
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY, "{said:?}");
    }
}
