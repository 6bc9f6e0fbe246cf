//! The demo city: filled by the command, served by the program, the same from the same seed.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testkit::serve::Serve;

use crate::World;
use crate::browser::wait_for;
use crate::postgres::Places;

const CITY: [&str; 4] = ["demo", "--restaurants", "12", "--without-pictures"];

#[test]
fn the_city_is_listed_read_and_priced_on_sqlite() {
    let world = World::new();
    let (code, said) = world.run(&CITY);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("12 restaurants"), "{said}");
    look_around(&world.serve());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_city_is_listed_read_and_priced_on_postgres() {
    let places = Places::new().await;
    let world = places.world();
    let words = places.words.iter().map(String::as_str);
    let words: Vec<&str> = CITY.into_iter().chain(["--migrate"]).chain(words).collect();
    let (code, said) = world.run(&words);
    assert_eq!(code, Some(0), "{said}");
    look_around(&world.serve());
}

#[test]
fn one_seed_makes_one_city() {
    let (one, same, other) = (World::new(), World::new(), World::new());
    for world in [&one, &same] {
        assert_eq!(world.run(&CITY).0, Some(0));
    }
    let seeded = [CITY.as_slice(), &["--seed", "8"]].concat();
    assert_eq!(other.run(&seeded).0, Some(0));
    let shown = |world: &World| {
        let serve = world.serve();
        let all = restaurants(&serve);
        let menus = all.iter().map(|one| names_and_prices(&serve, one));
        menus.collect::<BTreeSet<String>>()
    };
    let first = shown(&one);
    assert_eq!(first, shown(&same));
    assert_ne!(first, shown(&other));
}

#[test]
fn what_is_there_already_is_left_alone() {
    let world = World::new();
    assert_eq!(world.run(&CITY).0, Some(0));
    let (code, said) = world.run(&CITY);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("there already"), "{said}");
    let (code, said) = world.run(&["demo", "--restaurants", "13"]);
    assert_ne!(code, Some(0));
    assert!(said.contains("12 restaurants"), "{said}");
    // Organisations that no city was made of belong to somebody.
    std::fs::remove_file(world.0.data().join("demo-city.json")).unwrap();
    let (code, said) = world.run(&CITY);
    assert_ne!(code, Some(0));
    assert!(said.contains("organisations already"), "{said}");
}

#[test]
fn a_run_that_was_interrupted_goes_on_and_makes_nothing_twice() {
    let world = World::new();
    assert_eq!(world.run(&CITY).0, Some(0));
    // As it is while the city is being made.
    let mark = world.0.data().join("demo-city.json");
    let text = std::fs::read_to_string(&mark).unwrap();
    std::fs::write(&mark, text.replace("true", "false")).unwrap();
    let (code, said) = world.run(&CITY);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(restaurants(&world.serve()).len(), 12);
}

/// What a diner sees: the list, a menu, and what an order would cost.
fn look_around(serve: &Serve) {
    let all = restaurants(serve);
    let cities: BTreeSet<&str> = (all.iter())
        .filter_map(|one| one["address"]["city"].as_str())
        .collect();
    assert_eq!(cities, BTreeSet::from(["Marienfurt"]));
    for restaurant in &all {
        let menu = menu(serve, restaurant);
        let items = menu["items"].as_array().unwrap();
        assert!(items.len() > 30, "{} items", items.len());
        let path = format!("/api/restaurants/{}/quote", text(restaurant, "id"));
        let dish = items.iter().find(|item| item["groups"].is_null()).unwrap();
        let wanted = json!({
            "service": "pickup",
            "lines": [{"line": "mine", "item": dish["id"], "quantity": 2}],
        });
        let reply = serve.post(&path, &[], &wanted.to_string());
        assert_eq!(reply.status, 200, "{}", reply.body);
        let quote: Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(quote["lines"][0]["line"], "mine", "{quote}");
        assert_eq!(quote["lines"][0]["amount"], quote["totals"]["items"]);
    }
}

/// All restaurants, as soon as all of them are listed.
fn restaurants(serve: &Serve) -> Vec<Value> {
    wait_for(|| {
        let reply = serve.get("/api/restaurants?limit=100");
        let list: Value = serde_json::from_str(&reply.body).ok()?;
        let items = list["items"].as_array()?;
        (items.len() >= 12).then(|| items.clone())
    })
}

fn menu(serve: &Serve, restaurant: &Value) -> Value {
    let path = format!(
        "/api/restaurants/{}/menu?service=pickup",
        text(restaurant, "id")
    );
    let reply = serve.get(&path);
    assert_eq!(reply.status, 200, "{}", reply.body);
    serde_json::from_str(&reply.body).unwrap()
}

/// What a restaurant is called and sells, and for how much, without ids.
fn names_and_prices(serve: &Serve, restaurant: &Value) -> String {
    let menu = menu(serve, restaurant);
    let items = menu["items"].as_array().unwrap();
    let mut told: Vec<String> = (items.iter())
        .map(|item| format!("{} {}", item["name"], item["price"]))
        .collect();
    told.sort_unstable();
    format!("{}: {}", restaurant["name"], told.join(", "))
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}
