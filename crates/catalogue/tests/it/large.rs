//! A menu of 100,000 items: written in edits of 500 parts, checked, published and sold. It says how long each takes.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::drafts::{head, item, trattoria};
use super::world::{OPERATOR, Shop};

/// Items of the menu.
const ITEMS: usize = 100_000;
/// Items of an edit.
const AT_ONCE: usize = 500;

#[tokio::test]
#[ignore = "it takes minutes; run it alone"]
async fn a_hundred_thousand_items_on_sqlite() {
    hundred_thousand(Engine::Sqlite).await;
}

#[tokio::test]
#[ignore = "it takes minutes; run it alone"]
async fn a_hundred_thousand_items_on_postgres() {
    hundred_thousand(Engine::Postgres).await;
}

#[allow(clippy::print_stdout, reason = "figures for whoever runs it by hand")]
async fn hundred_thousand(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, at) = trattoria(&shop).await;
    let draft = format!("{at}/menu/draft");
    shop.patch(&draft, json!({"version": 0, "head": head()}))
        .await
        .good();
    let mut version = 1;
    let began = shop.world.clock.elapsed();
    for edit in 0..ITEMS / AT_ONCE {
        let new = (0..AT_ONCE).map(|at| {
            let mut new = item(&format!("Piatto {edit} {at}"), "7.50");
            new["description"] =
                json!({"main": "Con pomodoro, olio e basilico", "other": {"de": "Mit Basilikum"}});
            new["allergens"] = json!(["milk", "gluten"]);
            new
        });
        let new: Vec<Value> = new.collect();
        let edit = json!({"version": version, "items": new});
        let made = shop.patch(&draft, edit).await.good();
        version += 1;
        let ids = &made["items"];
        let category = json!({"name": {"main": format!("Categoria {version}")}, "items": ids});
        let edit = json!({"version": version, "categories": [category]});
        shop.patch(&draft, edit).await.good();
        version += 1;
    }
    let written = shop.world.clock.elapsed();
    let path = format!("{at}/menu/check");
    let said = shop.ask((OPERATOR, ""), Method::POST, &path, None).await;
    assert_eq!(said.good()["findings"], json!([]));
    let checked = shop.world.clock.elapsed();
    let path = format!("{at}/menu/publish");
    let said = shop.post(&path, json!({"version": version})).await.good();
    assert_eq!(said["revision"]["items"], json!(ITEMS));
    let published = shop.world.clock.elapsed();
    let read = shop.get(&format!("{at}/menu/revisions/1")).await.good();
    assert_eq!(
        read["categories"].as_array().unwrap().len(),
        ITEMS / AT_ONCE
    );
    let reading = shop.world.clock.elapsed();
    let took = |from: Duration, to: Duration| to.saturating_sub(from).as_millis();
    println!(
        "{engine}: written {} ms, checked {} ms, published {} ms, read {} ms",
        took(began, written),
        took(written, checked),
        took(checked, published),
        took(published, reading)
    );
}
