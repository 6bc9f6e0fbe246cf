//! Drafts: written part by part, by several people at once, by whoever may; what is another's is not there.

use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::world::{OPERATOR, Shop, on_both};

on_both!(
    what_was_written_is_read_back,
    a_page_follows_another,
    single_parts_are_made_changed_and_removed,
    of_two_editors_one_is_late,
    new_parts_are_added_by_many_at_once,
    the_same_request_makes_one_part,
    wrong_edits_change_nothing,
    what_is_of_others_is_not_there,
    whoever_has_one_restaurant_changes_no_brand,
);

/// What holds for a menu in euro.
pub(crate) fn head() -> Value {
    json!({
        "currency": "EUR",
        "language": "it",
        "taxesIncluded": "included",
        "dayparts": [{
            "key": "lunch", "name": {"main": "Pranzo", "other": {"de": "Mittag"}},
            "days": ["mon", "tue", "wed", "thu", "fri"], "from": "11:30", "to": "15:00",
        }],
        "taxes": [{"key": "food", "rates": {"delivery": 100_000, "pickup": 100_000, "dine_in": 100_000}}],
    })
}

/// An item that costs so much.
pub(crate) fn item(name: &str, amount: &str) -> Value {
    json!({"name": {"main": name}, "price": {"amount": amount}, "tax": "food"})
}

/// A draft of a pizza with toppings, at version 2; answers the ids of category, group, pizza and topping.
pub(crate) async fn pizza(shop: &Shop, at: &str) -> [String; 4] {
    let edit = json!({
        "version": 0,
        "head": head(),
        "items": [item("Margherita", "9.50"), {
            "name": {"main": "Mozzarella"}, "price": {"amount": "1.50"}, "tax": "food", "alone": false,
        }],
    });
    let made = shop.patch(&format!("{at}/menu/draft"), edit).await.good();
    let (pizza, cheese) = (text(&made["items"][0]), text(&made["items"][1]));
    let edit = json!({
        "version": 1,
        "categories": [{"name": {"main": "Pizze"}, "items": [pizza]}],
        "groups": [{
            "name": {"main": "Aggiunte"}, "min": 0, "max": 2, "choices": [{"item": cheese, "max": 2}],
        }],
    });
    let made = shop.patch(&format!("{at}/menu/draft"), edit).await.good();
    let group = text(&made["groups"][0]);
    let path = format!("{at}/menu/items/{pizza}");
    let change = json!({
        "version": 2, "groups": [group],
        "price": {"amount": "9.50", "rules": [{"daypart": "lunch", "amount": "7.90"}]},
    });
    shop.patch(&path, change).await.good();
    [text(&made["categories"][0]), group, pizza, cheese]
}

/// A restaurant of an organisation, with the path that it is under.
pub(crate) async fn trattoria(shop: &Shop) -> (String, String) {
    let organisation = shop.organisation("Gruppo").await;
    let restaurant = shop.restaurant(&organisation, None).await;
    (organisation, format!("/api/restaurants/{restaurant}"))
}

async fn what_was_written_is_read_back(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, at) = trattoria(&shop).await;
    let draft = format!("{at}/menu/draft");
    let empty = shop.get(&draft).await.good();
    assert_eq!(
        (&empty["version"], &empty["items"], empty.get("head")),
        (&json!(0), &json!([]), None)
    );
    let [category, group, pizza, cheese] = pizza(&shop, &at).await;
    let read = shop.get(&draft).await;
    assert_eq!(read.etag.as_deref(), Some("\"3\""));
    let read = read.body;
    assert_eq!(
        (&read["version"], &read["published"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(
        read["head"]["dayparts"][0]["name"]["other"]["de"],
        json!("Mittag")
    );
    assert_eq!(read["categories"][0]["id"], json!(category));
    assert_eq!(read["groups"][0]["choices"][0]["item"], json!(cheese));
    let shown = read["items"].as_array().unwrap();
    let shown = shown.iter().find(|one| one["id"] == json!(pizza)).unwrap();
    assert_eq!(shown["price"]["amount"], json!("9.50"));
    assert_eq!(
        shown["price"]["rules"],
        json!([{"daypart": "lunch", "amount": "7.90"}])
    );
    assert_eq!(shown["groups"], json!([group]));
    shop.verify().await;
}

async fn a_page_follows_another(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, at) = trattoria(&shop).await;
    let items: Vec<Value> = (0..23)
        .map(|number| item(&format!("Piatto {number}"), "5.00"))
        .collect();
    let edit = json!({"version": 0, "head": head(), "items": items});
    shop.patch(&format!("{at}/menu/draft"), edit).await.good();
    let (mut seen, mut pages) = (Vec::new(), 0);
    let mut next = format!("{at}/menu/draft?limit=10");
    loop {
        let page = shop.get(&next).await.good();
        pages += 1;
        assert_eq!(page.get("head").is_some(), pages == 1);
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| text(&one["id"])),
        );
        match page["next"].as_str() {
            Some(cursor) => next = format!("{at}/menu/draft?limit=10&cursor={cursor}"),
            None => break,
        }
    }
    let count = seen.len();
    seen.dedup();
    assert_eq!((count, seen.len(), pages), (23, 23, 3));
    let other = trattoria(&shop).await.1;
    let stolen = next.replace(&at, &other);
    assert_eq!(shop.get(&stolen).await.code(), (422, "cursor_refused"));
}

async fn single_parts_are_made_changed_and_removed(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, at) = trattoria(&shop).await;
    let made = shop
        .post(&format!("{at}/menu/items"), item("Acqua", "2.00"))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert_eq!(made.body["version"], json!(1));
    let path = format!("{at}/menu/items/{}", text(&made.body["id"]));
    assert_eq!(shop.get(&path).await.good()["item"], made.body["item"]);
    let change = json!({"version": 1, "ageMin": 18, "description": {"main": "Fresca"}});
    let changed = shop.patch(&path, change).await.good();
    assert_eq!(
        (&changed["item"]["ageMin"], &changed["item"]["name"]["main"]),
        (&json!(18), &json!("Acqua"))
    );
    let change = json!({"version": 2, "ageMin": null});
    let changed = shop.patch(&path, change).await.good();
    assert_eq!(
        (
            &changed["item"]["ageMin"],
            &changed["item"]["description"]["main"]
        ),
        (&Value::Null, &json!("Fresca"))
    );
    let late = shop
        .patch(&path, json!({"version": 2, "alone": false}))
        .await;
    assert_eq!(late.code(), (409, "version_changed"));
    let late = shop.delete(&format!("{path}?version=2")).await;
    assert_eq!(late.code(), (409, "version_changed"));
    assert_eq!(
        shop.delete(&format!("{path}?version=3")).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(shop.get(&path).await.code(), (404, "not_found"));
    assert_eq!(shop.delete(&path).await.code(), (404, "not_found"));

    let path = format!("{at}/menu/categories");
    let made = shop.post(&path, json!({"name": {"main": "Bevande"}}));
    let category = text(&made.await.good()["id"]);
    let group = json!({"name": {"main": "Misura"}, "min": 1, "max": 1});
    let group = text(&shop.post(&format!("{at}/menu/groups"), group).await.good()["id"]);
    let change = json!({"version": 6, "name": {"main": "Da bere"}});
    let path = format!("{at}/menu/categories/{category}");
    assert_eq!(
        shop.patch(&path, change).await.good()["category"]["name"]["main"],
        json!("Da bere")
    );
    let path = format!("{at}/menu/groups/{group}");
    let changed = shop
        .patch(&path, json!({"version": 7, "max": 2}))
        .await
        .good();
    assert_eq!(
        (&changed["group"]["min"], &changed["group"]["max"]),
        (&json!(1), &json!(2))
    );
    shop.verify().await;
}

async fn of_two_editors_one_is_late(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, at) = trattoria(&shop).await;
    let [_, _, pizza, _] = pizza(&shop, &at).await;
    let path = format!("{at}/menu/items/{pizza}");
    let tries = (0..8).map(|number| {
        let name = json!({"main": format!("Margherita {number}")});
        shop.patch(&path, json!({"version": 3, "name": name}))
    });
    let said = join_all(tries).await;
    let good: Vec<_> = said
        .iter()
        .filter(|said| said.status.is_success())
        .collect();
    assert_eq!(good.len(), 1, "{said:?}");
    let late = said
        .iter()
        .filter(|said| said.code() == (409, "version_changed"));
    assert_eq!(late.count(), 7, "{said:?}");
    let read = shop.get(&path).await.good();
    assert_eq!(read["item"], good[0].body["item"]);
    shop.verify().await;
}

async fn new_parts_are_added_by_many_at_once(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, at) = trattoria(&shop).await;
    let path = format!("{at}/menu/items");
    let tries = (0..4).map(|number| shop.post(&path, item(&format!("Piatto {number}"), "5")));
    for said in join_all(tries).await {
        assert_eq!(said.status, StatusCode::CREATED, "{said:?}");
    }
    let read = shop.get(&format!("{at}/menu/draft")).await.good();
    assert_eq!(read["items"].as_array().unwrap().len(), 4);
    assert_eq!(read["version"], json!(4));
    shop.verify().await;
}

async fn the_same_request_makes_one_part(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, at) = trattoria(&shop).await;
    let path = format!("{at}/menu/items");
    let one = shop.post_once(&path, "key", item("Acqua", "2.00")).await;
    let two = shop.post_once(&path, "key", item("Acqua", "2.00")).await;
    assert_eq!((one.status, &one.body), (StatusCode::CREATED, &two.body));
    let other = shop.post_once(&path, "key", item("Vino", "6.00")).await;
    assert_eq!(other.code(), (422, "idempotency_other_body"));
    let edit = json!({"version": 1, "items": [item("Vino", "6.00")]});
    let draft = format!("{at}/menu/draft");
    let ask = || {
        shop.ask(
            (OPERATOR, "edit"),
            Method::PATCH,
            &draft,
            Some(edit.clone()),
        )
    };
    let (one, two) = (ask().await, ask().await);
    assert_eq!((one.status, &one.body), (StatusCode::OK, &two.body));
    let read = shop.get(&draft).await.good();
    assert_eq!(read["items"].as_array().unwrap().len(), 2);
}

async fn wrong_edits_change_nothing(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, at) = trattoria(&shop).await;
    let draft = format!("{at}/menu/draft");
    let many: Vec<Value> = (0..501).map(|_| item("Piatto", "1")).collect();
    let absent = "itm_01jd6yv2m00000000000000000";
    for edit in [
        json!({"version": 1, "items": [item("Acqua", "2.00")]}),
        json!({"version": 0, "items": [item("Acqua", "2.001")]}),
        json!({"version": 0, "items": [item("Acqua", "02")]}),
        json!({"version": 0, "items": [item("", "2")]}),
        json!({"version": 0, "items": [item(&"x".repeat(121), "2")]}),
        json!({"version": 0, "items": [{"name": {"main": "x"}, "price": {"amount": "1"}, "tax": "FOOD"}]}),
        json!({"version": 0, "removes": [absent]}),
        json!({"version": 0, "items": many}),
        json!({"version": 0, "head": {"currency": "EUR"}}),
        json!({"version": -1}),
        json!({"items": []}),
        json!({"version": 0, "parts": []}),
    ] {
        let said = shop.patch(&draft, edit.clone()).await;
        assert!(said.status.is_client_error(), "{edit}: {said:?}");
    }
    let said = shop
        .patch(
            &draft,
            json!({"version": 0, "items": [item("Acqua", "2.001")]}),
        )
        .await;
    assert_eq!(said.code(), (422, "amount_malformed"));
    assert_eq!(said.body["fields"][0]["field"], json!("items[0].price"));
    assert_eq!(shop.get(&draft).await.good()["version"], json!(0));
    assert_eq!(
        shop.get(&format!("{draft}?limit=0")).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

async fn what_is_of_others_is_not_there(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, mine) = trattoria(&shop).await;
    let (_, other) = trattoria(&shop).await;
    let [_, _, pizza, _] = pizza(&shop, &other).await;
    let absent = testkit::ids::absent(&pizza);
    for id in [&pizza, &absent] {
        let path = format!("{mine}/menu/items/{id}");
        assert_eq!(shop.get(&path).await.code(), (404, "not_found"));
        assert_eq!(shop.delete(&path).await.code(), (404, "not_found"));
        let said = shop.patch(&path, json!({"version": 0})).await;
        assert_eq!(said.code(), (404, "not_found"));
        // An id of another organisation cannot be taken for a part of one's own.
        let mut stolen = item("Margherita", "9.50");
        stolen["id"] = json!(id);
        let edit = json!({"version": 0, "items": [stolen]});
        let said = shop.patch(&format!("{mine}/menu/draft"), edit).await;
        assert_eq!(said.code(), (422, "field_invalid"));
    }
    let absent = "/api/restaurants/rst_01jd6yv2m00000000000000000/menu/draft";
    assert_eq!(shop.get(absent).await.code(), (404, "not_found"));
    let absent = "/api/brands/brd_01jd6yv2m00000000000000000/menu/draft";
    assert_eq!(shop.get(absent).await.code(), (404, "not_found"));
}

async fn whoever_has_one_restaurant_changes_no_brand(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let brand = shop.brand(&organisation, "Lucia").await;
    let restaurant = shop.restaurant(&organisation, Some(&brand)).await;
    let person = shop.person(&[&restaurant]);
    for (at, status) in [
        (format!("/api/brands/{brand}"), StatusCode::FORBIDDEN),
        (format!("/api/restaurants/{restaurant}"), StatusCode::OK),
    ] {
        let path = format!("{at}/menu/draft");
        let edit = Some(json!({"version": 0, "head": head()}));
        let said = shop.ask((&person, ""), Method::PATCH, &path, edit).await;
        assert_eq!(said.status, status, "{said:?}");
    }
    // What prices of a brand's items are in is said by its head.
    let path = format!("/api/brands/{brand}/menu/items");
    assert_eq!(
        shop.post(&path, item("Acqua", "2")).await.code(),
        (409, "conflict")
    );
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
