//! The way from one menu to the next: a phone that takes it has exactly the new menu.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::trial::Engine;

use super::public::{Table, publish};
use super::world::{Shop, on_both};

on_both!(
    a_phone_that_follows_has_exactly_the_new_menu,
    who_cannot_follow_gets_the_whole_menu,
);

/// Does what the document says to the menu that a phone has.
fn follow(old: &Value, step: &Value) -> Value {
    let mut menu = old.clone();
    let changes = &step["changes"];
    for name in ["mark", "revision"] {
        menu[name] = step[name].clone();
    }
    if let Some(head) = changes["head"].as_object() {
        for (name, value) in head {
            menu[name] = value.clone();
        }
    }
    let id = |part: &Value| part["id"].as_str().unwrap().to_owned();
    let removed: Vec<&str> = changes["removed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    for kind in ["items", "groups"] {
        let parts = menu[kind].as_array().unwrap().iter();
        let mut parts: BTreeMap<String, Value> =
            parts.map(|part| (id(part), part.clone())).collect();
        parts.retain(|id, _| !removed.contains(&&**id));
        for part in changes[kind].as_array().unwrap() {
            parts.insert(id(part), part.clone());
        }
        menu[kind] = parts.into_values().collect();
    }
    let mut categories = menu["categories"].as_array().unwrap().clone();
    categories.retain(|part| !removed.contains(&&*id(part)));
    for part in changes["categories"].as_array().unwrap() {
        match categories.iter_mut().find(|known| id(known) == id(part)) {
            Some(known) => *known = part.clone(),
            None => categories.push(part.clone()),
        }
    }
    if let Some(order) = changes["order"].as_array() {
        categories.sort_by_key(|part| order.iter().position(|one| *one == part["id"]));
    }
    menu["categories"] = categories.into();
    menu
}

/// Changes the draft in one go, and publishes it.
async fn change(table: &Table, mut body: Value) {
    let at = table.at();
    let draft = table
        .shop
        .get(&format!("{at}/menu/draft?limit=1"))
        .await
        .good();
    body["version"] = draft["version"].clone();
    table
        .shop
        .patch(&format!("{at}/menu/draft"), body)
        .await
        .good();
    publish(&table.shop.node, &at).await;
}

async fn a_phone_that_follows_has_exactly_the_new_menu(engine: Engine) {
    let table = Table::laid(Shop::new(engine).await).await;
    let first = table.menu("?language=de").await;
    let mark = first["mark"].as_str().unwrap().to_owned();
    assert_eq!(mark, "1~de");
    let same = table.menu(&format!("?language=de&since={mark}")).await;
    assert_eq!(
        (&same["whole"], follow(&first, &same)),
        (&json!(false), first.clone())
    );
    let soup = json!({
        "name": {"main": "Soup", "other": {"de": "Suppe"}}, "price": {"amount": "5.00"}, "tax": "food",
    });
    change(&table, json!({"items": [soup]})).await;
    let draft = table
        .shop
        .get(&format!("{}/menu/draft", table.at()))
        .await
        .good();
    let soup = draft["items"].as_array().unwrap().iter();
    let soup = soup
        .into_iter()
        .find(|item| item["name"]["main"] == "Soup")
        .unwrap();
    let (soup, old) = (soup["id"].clone(), draft["categories"][0].clone());
    let mut left = old.clone();
    left["items"] = json!([table.pizza]);
    let soups = json!({"name": {"main": "Soups", "other": {"de": "Suppen"}}, "items": [soup]});
    change(
        &table,
        json!({"categories": [left, soups], "removes": [table.water]}),
    )
    .await;
    let draft = table
        .shop
        .get(&format!("{}/menu/draft", table.at()))
        .await
        .good();
    let mut head = draft["head"].clone();
    let ids: Vec<Value> = draft["categories"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].clone())
        .collect();
    head["order"] = json!([ids[1], ids[0]]);
    change(&table, json!({"head": head})).await;
    let last = table.menu("?language=de").await;
    assert_eq!(last["categories"][0]["name"], "Suppen");
    for (since, from) in [
        ("1~de", Some(&first)),
        ("2~de", None),
        ("3~de", None),
        ("4~de", Some(&last)),
    ] {
        let step = table.menu(&format!("?language=de&since={since}")).await;
        // Where the step is longer than the menu, the menu itself is the answer.
        match (step["whole"].as_bool().unwrap(), from) {
            (true, _) => assert_eq!(step, last, "{since}"),
            (false, Some(from)) => assert_eq!(follow(from, &step), last, "{since}"),
            (false, None) => assert_eq!(step["mark"], last["mark"], "{since}"),
        }
    }
}

async fn who_cannot_follow_gets_the_whole_menu(engine: Engine) {
    let table = Table::laid(Shop::new(engine).await).await;
    let name = json!({"name": {"main": "Still water"}});
    let path = format!("{}/menu/items/{}", table.at(), table.water);
    let draft = table
        .shop
        .get(&format!("{}/menu/draft?limit=1", table.at()))
        .await
        .good();
    let mut body = name;
    body["version"] = draft["version"].clone();
    table.shop.patch(&path, body).await.good();
    publish(&table.shop.node, &table.at()).await;
    let whole = table.menu("").await;
    for since in [
        "0",
        "3",
        "999999999",
        "x",
        "",
        "1~de",
        "b1~en",
        "1.4~en",
        "99999999999999999999",
    ] {
        let answer = table.menu(&format!("?since={since}")).await;
        assert_eq!(answer, whole, "{since}");
    }
    for since in ["1", "1~en"] {
        let step = table.menu(&format!("?since={since}")).await;
        assert_eq!(
            (&step["whole"], &step["since"]),
            (&json!(false), &json!(1)),
            "{since}"
        );
        assert_eq!(step["changes"]["items"][0]["name"], "Still water");
        assert_eq!(step["mark"], "2~en");
    }
}
