//! Files into drafts and back, over HTTP, on both engines.

use std::sync::Arc;

use base::Clock;
use carte::Menu;
use carte::transfer::{Document, Lines, Sheet};
use catalogue::menus::Place;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use testkit::trial::Engine;

use crate::chance::Chance;
use crate::drafts::{item, pizza, trattoria};
use crate::world::{OPERATOR, Raw, Said, Shop, eventually, on_both};

on_both!(
    an_export_is_imported_as_the_same_revision,
    what_is_published_out_of_a_file_has_the_hash_of_what_went_into_it,
    a_dry_run_changes_nothing,
    what_is_wrong_is_said_and_nothing_is_done,
    one_file_at_a_time,
    a_large_file_is_taken_step_by_step,
    an_import_is_stopped,
    a_killed_import_goes_on_elsewhere,
    places_do_not_see_each_others_imports,
);

/// A restaurant and its organisation.
struct Ground {
    shop: Shop,
    menu: String,
}

impl Ground {
    async fn new(engine: Engine) -> Self {
        Self::of(Shop::new(engine).await).await
    }

    /// With relay, consumers and timers.
    async fn working(engine: Engine) -> Self {
        Self::of(Shop::working(engine).await).await
    }

    async fn of(shop: Shop) -> Self {
        let organisation = shop.organisation("Lucia").await;
        let restaurant = shop.restaurant(&organisation, None).await;
        let menu = format!("/api/restaurants/{restaurant}/menu");
        Ground { shop, menu }
    }

    async fn send(&self, method: Method, path: &str, body: Vec<u8>) -> Raw {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("authorization", OPERATOR)
            .header("x-acting-reason", "a test");
        if !body.is_empty() {
            request = request
                .header("content-type", "application/octet-stream")
                .header("content-length", body.len());
        }
        let request = request.body(Full::new(bytes::Bytes::from(body))).unwrap();
        self.shop.node.send(request).await
    }

    async fn import(&self, how: &str, file: impl Into<Vec<u8>>) -> Said {
        let path = format!("{}/import?{how}", self.menu);
        let raw = self.send(Method::POST, &path, file.into()).await;
        Said {
            status: raw.status,
            etag: None,
            body: serde_json::from_slice(&raw.body).unwrap(),
        }
    }

    async fn export(&self, what: &str) -> String {
        let path = format!("{}/export?{what}", self.menu);
        let raw = self.send(Method::GET, &path, Vec::new()).await;
        assert_eq!(raw.status, StatusCode::OK, "{raw:?}");
        String::from_utf8(raw.body.to_vec()).unwrap()
    }

    async fn draft(&self) -> Menu {
        serde_json::from_str(&self.export("format=json").await).unwrap()
    }

    /// Publishes the draft as it is, and answers the revision.
    async fn publish(&self) -> Value {
        let draft = self.shop.get(&format!("{}/draft", self.menu)).await;
        let version = draft.good()["version"].take();
        let path = format!("{}/publish", self.menu);
        let published = self.shop.post(&path, json!({"version": version})).await;
        published.good()["revision"].take()
    }

    /// Waits until an import is over.
    async fn over(&self, said: &Said) -> Said {
        let id = said.body["id"].as_str().unwrap();
        let path = format!("{}/imports/{id}", self.menu);
        loop {
            let now = self.shop.get(&path).await;
            assert_eq!(now.status, StatusCode::OK, "{now:?}");
            if now.body.get("endedAt").is_some() {
                return now;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

/// A menu of this organisation by chance.
fn menu(ground: &Ground, seed: u64, items_max: usize) -> Arc<Menu> {
    let place: Place = ground.menu.split('/').nth(3).unwrap().parse().unwrap();
    Arc::new(Chance::of(seed, place.organisation()).menu(items_max))
}

fn sheet(menu: &Arc<Menu>) -> String {
    Sheet::new(menu.clone()).unwrap().collect()
}

async fn an_export_is_imported_as_the_same_revision(engine: Engine) {
    let ground = Ground::new(engine).await;
    let (first, other) = (menu(&ground, 3, 40), menu(&ground, 4, 40));
    let file: String = Document::new(first.clone()).collect();
    for how in [
        "format=json&mode=replace",
        "format=csv&mode=replace",
        "format=lines&mode=replace",
    ] {
        // Something else is there before.
        let lines: String = Lines::new(other.clone()).collect();
        let said = ground.import("format=lines&mode=replace", lines).await;
        assert_eq!(said.body["state"], "done", "{said:?}");
        assert_eq!(ground.draft().await, *other);
        let file = match how.split(['=', '&']).nth(1).unwrap() {
            "csv" => sheet(&first),
            "lines" => Lines::new(first.clone()).collect(),
            _ => file.clone(),
        };
        let said = ground.import(how, file.clone()).await;
        assert_eq!(
            (said.status, &said.body["state"]),
            (StatusCode::OK, &json!("done")),
            "{said:?}"
        );
        let form = how.split('&').next().unwrap();
        assert_eq!(ground.export(form).await, file, "{how}");
        // Once more, and there is nothing to be done.
        let again = ground.import(how, file).await;
        assert_eq!(again.body["total"], 0, "{again:?}");
    }
    ground.shop.verify().await;
}

/// A small menu that can be published.
const TABLE: &str = "\
kind,key,name,price,category,tax,currency,language,taxes,rate\r\n\
head,,,,,,EUR,en,included,\r\n\
tax,food,,,,,,,,7\r\n\
category,mains,Mains,,,,,,,\r\n\
item,p1,Pizza,9.50,mains,food,,,,\r\n\
item,p2,Pasta,8.00,mains,food,,,,\r\n";

async fn what_is_published_out_of_a_file_has_the_hash_of_what_went_into_it(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, at) = trattoria(&shop).await;
    pizza(&shop, &at).await;
    let menu = format!("{at}/menu");
    let ground = Ground { shop, menu };
    let first = ground.publish().await;
    for form in ["csv", "json", "lines"] {
        let file = ground.export(&format!("format={form}")).await;
        let other: String = Lines::new(self::menu(&ground, 5, 20)).collect();
        let replaced = ground.import("format=lines&mode=replace", other).await;
        assert_eq!(replaced.body["state"], "done", "{replaced:?}");
        assert_ne!(ground.export(&format!("format={form}")).await, file);
        let how = format!("format={form}&mode=replace");
        let said = ground.import(&how, file).await;
        assert_eq!(said.body["state"], "done", "{said:?}");
        let again = ground.publish().await;
        assert_ne!(again["number"], first["number"]);
        assert_eq!(again["hash"], first["hash"], "{form}");
    }
    // What differs has another hash, or the comparison would say nothing.
    let path = format!("{}/items", ground.menu);
    ground.shop.post(&path, item("Caffè", "1.20")).await.good();
    assert_ne!(ground.publish().await["hash"], first["hash"]);
}

async fn a_dry_run_changes_nothing(engine: Engine) {
    let ground = Ground::new(engine).await;
    let said = ground.import("format=csv&dry=true", TABLE).await;
    assert_eq!(
        (said.status, &said.body["state"]),
        (StatusCode::OK, &json!("done")),
        "{said:?}"
    );
    assert_eq!(said.body["counts"]["items"]["added"], 2);
    assert_eq!(
        said.body["changesTotal"],
        said.body["changes"].as_array().unwrap().len()
    );
    assert_eq!(said.body["problems"], json!([]));
    let path = format!("{}/export", ground.menu);
    let nothing = ground.send(Method::GET, &path, Vec::new()).await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    ground.import("format=csv", TABLE).await;
    let before = ground.export("format=json").await;
    let prices = "kind,key,price\r\nitem,p1,10.00\r\n";
    let said = ground.import("format=csv&dry=true", prices).await;
    assert_eq!(
        said.body["counts"]["items"],
        json!({"added": 0, "changed": 1, "removed": 0, "same": 0})
    );
    assert!(
        said.body["changes"][0].as_str().unwrap().contains("10.00"),
        "{said:?}"
    );
    assert_eq!(ground.export("format=json").await, before);
    ground.import("format=csv", prices).await;
    assert_ne!(ground.export("format=json").await, before);
}

async fn what_is_wrong_is_said_and_nothing_is_done(engine: Engine) {
    let ground = Ground::new(engine).await;
    let wrong = TABLE
        .replace("9.50", "cheap")
        .replace("mains,food,,,,\r\n", "sides,food,,,,\r\n");
    let said = ground.import("format=csv", wrong).await;
    assert_eq!(
        (said.status, &said.body["state"]),
        (StatusCode::OK, &json!("refused"))
    );
    let lines: Vec<&Value> = said.body["findings"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&lines[0]["line"], &lines[0]["column"]),
        (&json!(5), &json!(4))
    );
    assert_eq!(
        (&lines[0]["code"], &lines[0]["field"]),
        (&json!("value"), &json!("price"))
    );
    // It is remembered, and nothing is there.
    let kept = ground.over(&said).await;
    assert_eq!(kept.body, said.body);
    let path = format!("{}/export", ground.menu);
    assert_eq!(
        ground.send(Method::GET, &path, Vec::new()).await.status,
        StatusCode::NOT_FOUND
    );
    for how in ["", "format=xls", "format=csv&mode=mix", "format=csv&more=1"] {
        let said = ground.import(how, TABLE).await;
        assert!(said.status.is_client_error(), "{how}: {said:?}");
    }
}

async fn one_file_at_a_time(engine: Engine) {
    // No timer runs here, so a large file waits.
    let ground = Ground::new(engine).await;
    let large = large(2_000, 700);
    let said = ground.import("format=csv", large.clone()).await;
    assert_eq!(
        (said.status, &said.body["state"]),
        (StatusCode::ACCEPTED, &json!("waiting"))
    );
    assert_eq!(said.body["bytes"], large.len());
    assert_eq!(
        ground.import("format=csv", TABLE).await.code(),
        (409, "too_many")
    );
    assert_eq!(
        ground.import("format=csv", large).await.code(),
        (409, "too_many")
    );
    let id = said.body["id"].as_str().unwrap();
    let path = format!("{}/imports/{id}", ground.menu);
    let stopped = ground.shop.delete(&path).await;
    assert_eq!(stopped.body["state"], "cancelled", "{stopped:?}");
    assert_eq!(ground.shop.delete(&path).await.body, stopped.body);
    let said = ground.import("format=csv", TABLE).await;
    assert_eq!(said.body["state"], "done");
}

/// A table of so many items, each with a description of so many characters.
fn large(items: usize, long: usize) -> String {
    let mut table = String::from(
        "kind,key,name,description,price,category,tax,currency,language,taxes,rate\r\n",
    );
    table.push_str("head,,,,,,,EUR,en,included,\r\ntax,food,,,,,,,,,7\r\n");
    let words = "x".repeat(long);
    for number in 0..items {
        if number % 4_000 == 0 {
            table.push_str(&format!(
                "category,c{},Part {number},,,,,,,,\r\n",
                number / 4_000
            ));
        }
        let category = number / 4_000;
        let price = format!("{}.{:02}", number / 100 + 1, number % 100);
        table.push_str(&format!(
            "item,i{number},Item {number},{words},{price},c{category},food,,,,\r\n"
        ));
    }
    table
}

async fn a_large_file_is_taken_step_by_step(engine: Engine) {
    let ground = Ground::working(engine).await;
    let said = ground.import("format=csv", large(2_600, 700)).await;
    assert_eq!(said.status, StatusCode::ACCEPTED, "{said:?}");
    let over = ground.over(&said).await;
    assert_eq!(over.body["state"], "done", "{over:?}");
    assert_eq!(
        (&over.body["done"], &over.body["total"]),
        (&json!(2_602), &json!(2_602))
    );
    let draft = ground.draft().await;
    assert_eq!(
        (draft.items.len(), draft.categories[0].items.len()),
        (2_600, 2_600)
    );
    // A dry run of a large file, and one that has nothing to do.
    let said = ground
        .import("format=csv&dry=true", large(2_500, 700))
        .await;
    let over = ground.over(&said).await;
    assert_eq!(over.body["counts"]["items"]["same"], 2_500, "{over:?}");
    let said = ground
        .import("format=csv&mode=replace", large(2_000, 700))
        .await;
    let over = ground.over(&said).await;
    assert_eq!(over.body["counts"]["items"]["removed"], 600, "{over:?}");
    assert_eq!(ground.draft().await.items.len(), 2_000);
    ground.shop.verify().await;
}

async fn an_import_is_stopped(engine: Engine) {
    let ground = Ground::working(engine).await;
    let said = ground.import("format=csv", large(4_000, 400)).await;
    let id = said.body["id"].as_str().unwrap();
    let path = format!("{}/imports/{id}", ground.menu);
    eventually(async || ground.shop.get(&path).await.good()["done"].as_u64() != Some(0)).await;
    let stopped = ground.shop.delete(&path).await.good();
    assert_eq!(stopped["state"], "cancelled", "{stopped:?}");
    let done = stopped["done"].as_u64().unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let later = ground.shop.get(&path).await;
    assert_eq!(later.body["done"], done);
    // What was done stays, to the part, and the same file does the rest.
    let items = ground.draft().await.items.len() as u64;
    assert!(items <= done && done <= items + 2, "{items} {done}");
    let said = ground.import("format=csv", large(4_000, 400)).await;
    let over = ground.over(&said).await;
    assert_eq!(over.body["state"], "done", "{over:?}");
    assert_eq!(ground.draft().await.items.len(), 4_000);
}

async fn places_do_not_see_each_others_imports(engine: Engine) {
    let ground = Ground::new(engine).await;
    let said = ground.import("format=csv", TABLE).await;
    let id = said.body["id"].as_str().unwrap();
    let organisation = ground.shop.organisation("Other").await;
    let other = ground.shop.restaurant(&organisation, None).await;
    let foreign = format!("/api/restaurants/{other}/menu/imports/{id}");
    let own = format!(
        "{}/imports/{}",
        ground.menu,
        id.replace(&id[10..14], "zzzz")
    );
    for path in [foreign, own] {
        assert_eq!(
            ground.shop.get(&path).await.code(),
            (404, "not_found"),
            "{path}"
        );
        assert_eq!(
            ground.shop.delete(&path).await.code(),
            (404, "not_found"),
            "{path}"
        );
    }
}

/// The node that does the work goes away in the middle of it, three times.
async fn a_killed_import_goes_on_elsewhere(engine: Engine) {
    let clock = Clock::simulated(Clock::real().now());
    let mut ground = Ground::of(Shop::working_at(engine, &clock).await).await;
    let said = ground.import("format=csv", large(10_000, 130)).await;
    assert_eq!(said.status, StatusCode::ACCEPTED, "{said:?}");
    let path = format!(
        "{}/imports/{}",
        ground.menu,
        said.body["id"].as_str().unwrap()
    );
    let mut seen = Vec::new();
    for kill in 0..3 {
        let least = kill * 2_500;
        let mut now = ground.shop.get(&path).await;
        while now.body["done"].as_u64().unwrap() <= least {
            wait(&clock).await;
            now = ground.shop.get(&path).await;
        }
        let next = ground.shop.another_at(&clock).await;
        drop(std::mem::replace(&mut ground.shop.node, next));
        seen.push(ground.shop.get(&path).await.body["done"].as_u64().unwrap());
        // Only when the claim of the dead is over may others go on.
        clock.advance(std::time::Duration::from_secs(90)).unwrap();
    }
    let mut over = ground.shop.get(&path).await;
    while over.body.get("endedAt").is_none() {
        wait(&clock).await;
        over = ground.shop.get(&path).await;
    }
    assert_eq!(over.body["state"], "done", "{over:?}");
    assert_eq!(over.body["done"], over.body["total"]);
    assert!(
        seen.iter().any(|done| *done < 10_000),
        "never killed in the middle: {seen:?}"
    );
    let draft = ground.draft().await;
    assert_eq!(draft.items.len(), 10_000);
    // 10,000 items, 3 categories and the head in edits of 500: not one of them twice.
    let version = ground.shop.get(&format!("{}/draft", ground.menu)).await;
    assert_eq!(version.body["version"], 21, "{:?}", version.body["version"]);
    ground.shop.verify().await;
}

/// A moment passes, and more of it by the clock: what failed is tried again after seconds.
async fn wait(clock: &Clock) {
    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    clock
        .advance(std::time::Duration::from_millis(100))
        .unwrap();
}

/// Figures for whoever runs it by hand: `cargo test -p catalogue --test it hundred_thousand_imported -- --ignored`.
#[tokio::test]
#[ignore = "it takes minutes; run it alone"]
async fn hundred_thousand_imported_on_sqlite() {
    hundred_thousand(Engine::Sqlite).await;
}

#[tokio::test]
#[ignore = "it takes minutes; run it alone"]
async fn hundred_thousand_imported_on_postgres() {
    hundred_thousand(Engine::Postgres).await;
}

#[allow(clippy::print_stdout, reason = "it shows figures")]
async fn hundred_thousand(engine: Engine) {
    let clock = Clock::real();
    let ground = Ground::working(engine).await;
    let file = large(100_000, 60);
    println!(
        "{engine:?}: a file of {} bytes; memory {}",
        file.len(),
        memory()
    );
    for how in [
        "format=csv",
        "format=csv&dry=true",
        "format=csv&mode=replace",
    ] {
        let began = clock.elapsed();
        let said = ground.import(how, file.clone()).await;
        assert_eq!(said.status, StatusCode::ACCEPTED, "{said:?}");
        let sent = clock.elapsed();
        let over = ground.over(&said).await;
        assert_eq!(over.body["state"], "done", "{over:?}");
        let (sent, all) = (sent - began, clock.elapsed() - began);
        println!(
            "{engine:?}: {how}: sent in {sent:?}, done in {all:?}; memory {}",
            memory()
        );
    }
    for form in ["csv", "json", "lines"] {
        let began = clock.elapsed();
        let text = ground.export(&format!("format={form}")).await;
        let took = clock.elapsed() - began;
        println!(
            "{engine:?}: export {form} {} bytes in {took:?}; memory {}",
            text.len(),
            memory()
        );
    }
    assert_eq!(ground.draft().await.items.len(), 100_000);
}

/// What the process has and has had at most.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let lines = status
        .lines()
        .filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"));
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join(", ")
}
