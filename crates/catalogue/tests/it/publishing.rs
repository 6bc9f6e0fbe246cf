//! Publishing: checked, at once or when its time has come, never the draft of a moment later; looking back; brands.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::drafts::{head, item, pizza, text, trattoria};
use super::world::{OPERATOR, Shop, eventually, on_both};

on_both!(
    what_is_checked_is_published,
    what_was_published_is_listed_and_read_in_pages,
    what_is_not_whole_is_refused,
    a_draft_that_has_changed_is_not_published,
    who_publishes_at_once_makes_a_revision_each,
    what_was_scheduled_is_published_when_its_time_has_come,
    what_was_taken_back_is_not,
    an_old_revision_is_sold_again,
    a_revision_is_loaded_into_the_draft,
    a_restaurant_sells_its_brands_menu_at_its_prices,
);

async fn publish(shop: &Shop, at: &str, version: i64) -> Value {
    let path = format!("{at}/menu/publish");
    shop.post(&path, json!({"version": version, "note": "summer"}))
        .await
        .good()
}

/// What a restaurant sells, by the client that other slices have.
async fn sold(shop: &Shop, at: &str) -> Option<std::sync::Arc<rpc::Current>> {
    let id = at.rsplit('/').next().unwrap().parse().unwrap();
    let menus = rpc::Menus::new(std::sync::Arc::new(shop.node.catalogue.menus.clone()));
    menus.current(id).await.unwrap()
}

async fn what_is_checked_is_published(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, at) = trattoria(&shop).await;
    pizza(&shop, &at).await;
    assert!(sold(&shop, &at).await.is_none());
    let path = format!("{at}/menu/check");
    let checked = shop.ask((OPERATOR, ""), Method::POST, &path, None).await;
    assert_eq!(checked.good(), json!({"version": 3, "findings": []}));
    let published = publish(&shop, &at, 3).await;
    let revision = &published["revision"];
    assert_eq!(
        (
            &revision["number"],
            &revision["items"],
            &revision["current"],
            &revision["note"]
        ),
        (&json!(1), &json!(2), &json!(true), &json!("summer"))
    );
    assert_eq!(text(&revision["author"]), OPERATOR);
    let current = sold(&shop, &at).await.unwrap();
    assert_eq!((current.revision, current.menu.items.len()), (1, 2));
    let draft = shop.get(&format!("{at}/menu/draft")).await.good();
    assert_eq!(
        (&draft["published"], &draft["revision"]),
        (&json!(3), &json!(1))
    );

    shop.verify().await;
}

async fn what_was_published_is_listed_and_read_in_pages(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, at) = trattoria(&shop).await;
    pizza(&shop, &at).await;
    let revision = publish(&shop, &at, 3).await["revision"].take();
    // The same draft again says the same, under another number.
    let again = publish(&shop, &at, 3).await;
    assert_eq!(
        (&again["revision"]["number"], &again["revision"]["hash"]),
        (&json!(2), &revision["hash"])
    );
    let listed = shop
        .get(&format!("{at}/menu/revisions?limit=1"))
        .await
        .good();
    assert_eq!(listed["items"][0], again["revision"]);
    let next = format!(
        "{at}/menu/revisions?limit=1&cursor={}",
        text(&listed["next"])
    );
    let listed = shop.get(&next).await.good();
    assert_eq!(
        (
            &listed["items"][0]["number"],
            &listed["items"][0]["current"],
            listed.get("next")
        ),
        (&json!(1), &json!(false), None)
    );
    let read = shop
        .get(&format!("{at}/menu/revisions/1?limit=2"))
        .await
        .good();
    assert_eq!(read["head"]["currency"], json!("EUR"));
    let next = format!("{at}/menu/revisions/1?cursor={}", text(&read["next"]));
    assert_eq!(
        shop.get(&next).await.good()["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        shop.get(&format!("{at}/menu/revisions/3")).await.code(),
        (404, "not_found")
    );
    shop.verify().await;
}

async fn what_is_not_whole_is_refused(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, at) = trattoria(&shop).await;
    let path = format!("{at}/menu/publish");
    let nothing = shop.post(&path, json!({"version": 0})).await;
    assert_eq!(nothing.code(), (422, "menu_refused"));
    let [_, _, _, cheese] = pizza(&shop, &at).await;
    let gone = shop.delete(&format!("{at}/menu/items/{cheese}")).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let refused = shop.post(&path, json!({"version": 4})).await;
    assert_eq!(refused.code(), (422, "menu_refused"));
    assert!(
        text(&refused.body["fields"][0]["field"]).contains("choices[0].item"),
        "{refused:?}"
    );
    let mut dollars = head();
    dollars["currency"] = json!("USD");
    let (_, other) = trattoria(&shop).await;
    let edit = json!({"version": 0, "head": dollars, "items": [item("Acqua", "2")]});
    shop.patch(&format!("{other}/menu/draft"), edit)
        .await
        .good();
    let refused = shop
        .post(&format!("{other}/menu/publish"), json!({"version": 1}))
        .await;
    assert_eq!(refused.code(), (422, "menu_refused"));
    assert!(sold(&shop, &at).await.is_none() && sold(&shop, &other).await.is_none());
}

async fn a_draft_that_has_changed_is_not_published(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, at) = trattoria(&shop).await;
    pizza(&shop, &at).await;
    let path = format!("{at}/menu/publish");
    let stale = shop.post(&path, json!({"version": 2})).await;
    assert_eq!(stale.code(), (409, "version_changed"));
    for _ in 0..4 {
        let draft = shop.get(&format!("{at}/menu/draft")).await.good();
        let version = draft["version"].as_i64().unwrap();
        let edit = json!({"version": version, "items": [item("Acqua", "2")]});
        let draft_path = format!("{at}/menu/draft");
        let (edited, published) = tokio::join!(
            shop.patch(&draft_path, edit),
            shop.post(&path, json!({"version": version})),
        );
        edited.good();
        match published.status {
            // It was faster than the edit, so it does not have what the edit brought.
            StatusCode::OK => {
                let number = &published.body["revision"]["number"];
                let read = shop
                    .get(&format!("{at}/menu/revisions/{number}"))
                    .await
                    .good();
                let count = draft["items"].as_array().unwrap().len();
                assert_eq!(read["items"].as_array().unwrap().len(), count);
            }
            _ => assert_eq!(published.code(), (409, "version_changed")),
        }
    }
    shop.verify().await;
    published_as_it_stood(&shop).await;
}

/// By the log, every revision was made of the draft as it stood at that very moment.
async fn published_as_it_stood(shop: &Shop) {
    let mut stands = 0;
    let deadline = shop.world.db.deadline();
    let feed = shop.world.shard().log_after(0, 1_000, &deadline);
    let feed = feed.await.unwrap();
    for event in feed {
        match event.kind.as_str() {
            "menu.changed" => stands = event.version,
            "menu.published" => {
                let said: Value = serde_json::from_str(&event.payload).unwrap();
                assert_eq!(said["draft"], json!(stands));
            }
            _ => {}
        }
    }
}

async fn who_publishes_at_once_makes_a_revision_each(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, at) = trattoria(&shop).await;
    pizza(&shop, &at).await;
    let path = format!("{at}/menu/publish");
    let body = || json!({"version": 3});
    let said = tokio::join!(
        shop.post_once(&path, "one", body()),
        shop.post_once(&path, "one", body()),
        shop.post_once(&path, "two", body()),
    );
    assert_eq!(said.0.body, said.1.body);
    let number = |said: Value| said["revision"]["number"].as_i64().unwrap();
    let mut numbers = [number(said.0.good()), number(said.2.good())];
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2]);
    shop.verify().await;
}

async fn what_was_scheduled_is_published_when_its_time_has_come(engine: Engine) {
    let shop = Shop::working(engine).await;
    let (_, at) = trattoria(&shop).await;
    let [_, _, pizza, _] = pizza(&shop, &at).await;
    let path = format!("{at}/menu/publish");
    let past = json!({"version": 3, "at": "2020-01-01T00:00:00Z"});
    assert_eq!(shop.post(&path, past).await.code(), (422, "field_invalid"));
    let later = shop
        .world
        .clock
        .now()
        .plus(Duration::from_secs(3600))
        .unwrap();
    shop.post(&path, json!({"version": 3, "at": later}))
        .await
        .good();
    // Said again, it is another time.
    let soon = shop
        .world
        .clock
        .now()
        .plus(Duration::from_millis(1_500))
        .unwrap();
    let planned = shop
        .post(&path, json!({"version": 3, "at": soon}))
        .await
        .good();
    assert_eq!(planned["scheduled"]["draft"], json!(3));
    let change = json!({"version": 3, "name": {"main": "Marinara"}});
    shop.patch(&format!("{at}/menu/items/{pizza}"), change)
        .await
        .good();
    let draft = shop.get(&format!("{at}/menu/draft")).await.good();
    assert_eq!(draft["scheduled"], planned["scheduled"]);
    assert_eq!(draft["revision"], json!(0));
    eventually(async || sold(&shop, &at).await.is_some()).await;
    let current = sold(&shop, &at).await.unwrap();
    let item = current.menu.item(pizza.parse().unwrap()).unwrap();
    assert_eq!((current.revision, item.name.main()), (1, "Margherita"));
    let draft = shop.get(&format!("{at}/menu/draft")).await.good();
    assert_eq!(
        (
            draft.get("scheduled"),
            &draft["published"],
            &draft["version"]
        ),
        (Some(&Value::Null), &json!(3), &json!(4))
    );
    let revision = shop.get(&format!("{at}/menu/revisions/1")).await.good();
    assert_eq!(revision["revision"]["hash"], planned["scheduled"]["hash"]);
    shop.verify().await;
}

async fn what_was_taken_back_is_not(engine: Engine) {
    let shop = Shop::working(engine).await;
    let (_, at) = trattoria(&shop).await;
    pizza(&shop, &at).await;
    let path = format!("{at}/menu/publish");
    assert_eq!(shop.delete(&path).await.status, StatusCode::NO_CONTENT);
    let soon = shop
        .world
        .clock
        .now()
        .plus(Duration::from_millis(700))
        .unwrap();
    shop.post(&path, json!({"version": 3, "at": soon}))
        .await
        .good();
    assert_eq!(shop.delete(&path).await.status, StatusCode::NO_CONTENT);
    tokio::time::sleep(Duration::from_millis(2_000)).await;
    assert!(sold(&shop, &at).await.is_none());
    shop.verify().await;
}

async fn an_old_revision_is_sold_again(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, at) = trattoria(&shop).await;
    let [_, _, pizza, _] = pizza(&shop, &at).await;
    let first = publish(&shop, &at, 3).await;
    let change = json!({"version": 3, "price": {"amount": "12"}});
    shop.patch(&format!("{at}/menu/items/{pizza}"), change)
        .await
        .good();
    publish(&shop, &at, 4).await;
    let changes = shop
        .get(&format!("{at}/menu/revisions/2/changes"))
        .await
        .good();
    assert_eq!((&changes["from"], &changes["to"]), (&json!(1), &json!(2)));
    let words = changes["changes"].to_string();
    assert!(
        words.contains("Margherita") && words.contains("12.00"),
        "{words}"
    );
    let back = shop
        .get(&format!("{at}/menu/revisions/1/changes?from=2"))
        .await
        .good();
    assert!(back["changes"].to_string().contains("9.50"), "{back}");
    assert_eq!(
        shop.get(&format!("{at}/menu/revisions/1/changes"))
            .await
            .code(),
        (404, "not_found")
    );

    let path = format!("{at}/menu/revisions/1/restore");
    let one = shop
        .post_once(&path, "back", json!({"note": "too dear"}))
        .await
        .good();
    let two = shop
        .post_once(&path, "back", json!({"note": "too dear"}))
        .await
        .good();
    assert_eq!(one, two);
    assert_eq!(
        (&one["number"], &one["restored"], &one["hash"]),
        (&json!(3), &json!(1), &first["revision"]["hash"])
    );
    let current = sold(&shop, &at).await.unwrap();
    let item = current.menu.item(pizza.parse().unwrap()).unwrap();
    assert_eq!((current.revision, item.price.minor), (3, 950));
    // The draft is the owner's, and stays as it is.
    let draft = shop.get(&format!("{at}/menu/items/{pizza}")).await.good();
    assert_eq!(draft["item"]["price"]["amount"], json!("12.00"));
    let absent = shop
        .post(&format!("{at}/menu/revisions/9/restore"), json!({}))
        .await;
    assert_eq!(absent.code(), (404, "not_found"));
    shop.verify().await;
}

async fn a_revision_is_loaded_into_the_draft(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, at) = trattoria(&shop).await;
    let [_, _, pizza, _] = pizza(&shop, &at).await;
    publish(&shop, &at, 3).await;
    let change = json!({"version": 3, "price": {"amount": "12"}});
    shop.patch(&format!("{at}/menu/items/{pizza}"), change)
        .await
        .good();
    // More than one edit may say.
    for round in 0..4 {
        let items: Vec<Value> = (0..200)
            .map(|at| item(&format!("{round} {at}"), "1"))
            .collect();
        let edit = json!({"version": 4 + round, "items": items});
        shop.patch(&format!("{at}/menu/draft"), edit).await.good();
    }
    let path = format!("{at}/menu/revisions/1/load");
    assert_eq!(
        shop.post(&path, json!({"version": 7})).await.code(),
        (409, "version_changed")
    );
    let loaded = shop.post(&path, json!({"version": 8})).await.good();
    let draft = shop.get(&format!("{at}/menu/draft")).await.good();
    assert_eq!(draft["version"], loaded["version"]);
    assert_eq!(draft["items"].as_array().unwrap().len(), 2);
    let again = publish(&shop, &at, draft["version"].as_i64().unwrap()).await;
    let first = shop.get(&format!("{at}/menu/revisions/1")).await.good();
    assert_eq!(again["revision"]["hash"], first["revision"]["hash"]);
    shop.verify().await;
}

async fn a_restaurant_sells_its_brands_menu_at_its_prices(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let brand = shop.brand(&organisation, "Lucia").await;
    let one = shop.restaurant(&organisation, Some(&brand)).await;
    let two = shop.restaurant(&organisation, Some(&brand)).await;
    let at = format!("/api/brands/{brand}");
    let (one_at, two_at) = (
        format!("/api/restaurants/{one}"),
        format!("/api/restaurants/{two}"),
    );
    let [category, group, pizza, cheese] = pizza(&shop, &at).await;
    assert!(sold(&shop, &one_at).await.is_none());
    publish(&shop, &at, 3).await;
    assert_eq!(sold(&shop, &one_at).await.unwrap().menu.items.len(), 2);

    let path = format!("{one_at}/menu/location");
    assert_eq!(shop.get(&path).await.good()["version"], json!(0));
    let said = json!({
        "version": 0,
        "prices": [{"item": pizza, "price": {"amount": "11.00"}}],
        "choicePrices": [{"group": group, "item": cheese, "price": {"amount": "2.00"}}],
    });
    let put = shop.put(&path, said.clone()).await.good();
    assert_eq!(put["prices"][0]["price"]["amount"], json!("11.00"));
    assert_eq!(shop.get(&path).await.good(), put);
    assert_eq!(shop.put(&path, said).await.code(), (409, "version_changed"));
    let price = async |at: &str| {
        let current = sold(&shop, at).await.unwrap();
        let item = current.menu.item(pizza.parse().unwrap()).unwrap();
        (
            item.price.minor,
            current.menu.groups[0].choices[0].prices.clone(),
        )
    };
    assert_eq!(price(&two_at).await, (950, None));
    let (dear, choice) = price(&one_at).await;
    assert_eq!(
        (dear, choice.map(|prices| prices.minor)),
        (1_100, Some(200))
    );
    let said = json!({"version": 1, "hidden": [category, cheese]});
    shop.put(&path, said).await.good();
    assert_eq!(sold(&shop, &one_at).await.unwrap().menu.items.len(), 1);

    let absent = json!({"version": 2, "prices": [{"item": "itm_01jd6yv2m00000000000000000", "price": {"amount": "1"}}]});
    assert_eq!(shop.put(&path, absent).await.code(), (422, "field_invalid"));
    let (_, stranger) = trattoria(&shop).await;
    let path = format!("{stranger}/menu/location");
    assert_eq!(
        shop.put(&path, json!({"version": 0})).await.code(),
        (409, "conflict")
    );

    // A menu of its own comes before that of its brand.
    let edit = json!({"version": 0, "head": head(), "items": [item("Acqua", "2")],
        "categories": []});
    let made = shop
        .patch(&format!("{two_at}/menu/draft"), edit)
        .await
        .good();
    let category = json!({"name": {"main": "Bevande"}, "items": made["items"]});
    shop.post(&format!("{two_at}/menu/categories"), category)
        .await
        .good();
    publish(&shop, &two_at, 2).await;
    assert_eq!(sold(&shop, &two_at).await.unwrap().menu.items.len(), 1);
    shop.verify().await;
}
