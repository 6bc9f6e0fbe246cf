//! The menu as everybody reads it: its faces, its tags, and that a node never believes too long what it remembers.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::world::{Node, OPERATOR, Raw, Shop, eventually, on_both};

on_both!(
    a_menu_has_a_face_for_each_language_service_and_channel,
    the_language_is_the_nearest_that_there_is,
    bytes_are_packed_once_and_known_by_their_tags,
    what_shows_no_menu_is_missing,
    what_has_run_out_is_an_answer_of_its_own,
    other_nodes_see_what_is_published_and_believe_nothing_without_the_log,
    a_brand_is_compiled_once_and_locations_for_themselves,
    what_is_published_is_compiled_before_anybody_asks,
);

/// An organisation with a restaurant that has published its first menu.
pub(crate) struct Table {
    pub(crate) shop: Shop,
    pub(crate) organisation: String,
    pub(crate) restaurant: String,
    pub(crate) pizza: String,
    pub(crate) water: String,
}

impl Table {
    pub(crate) async fn laid(shop: Shop) -> Self {
        let organisation = shop.organisation("Gruppo").await;
        let restaurant = shop.restaurant(&organisation, None).await;
        let at = format!("/api/restaurants/{restaurant}");
        let [pizza, water] = write(&shop, &at).await;
        publish(&shop.node, &at).await;
        Self {
            shop,
            organisation,
            restaurant,
            pizza,
            water,
        }
    }

    pub(crate) fn at(&self) -> String {
        format!("/api/restaurants/{}", self.restaurant)
    }

    pub(crate) async fn menu(&self, query: &str) -> Value {
        read(&self.shop.node, &format!("{}/menu{query}", self.at())).await
    }
}

/// Writes the draft of a place, and gives the ids of its two items.
pub(crate) async fn write(shop: &Shop, at: &str) -> [String; 2] {
    let rates = json!({"delivery": 70000, "pickup": 70000, "dine_in": 190000});
    let head = json!({
        "currency": "EUR", "language": "en", "taxesIncluded": "included",
        "taxes": [{"key": "food", "rates": rates}],
        "dayparts": [{
            "key": "lunch", "name": {"main": "Lunch", "other": {"de": "Mittag"}},
            "days": ["mon", "tue"], "from": "11:30", "to": "14:30",
        }],
    });
    let draft = format!("{at}/menu/draft");
    shop.patch(&draft, json!({"version": 0, "head": head}))
        .await
        .good();
    let add = async |kind: &str, part: Value| {
        let made = shop.post(&format!("{at}/menu/{kind}"), part).await.good();
        made["id"].as_str().unwrap().to_owned()
    };
    let large = json!({
        "name": {"main": "Large", "other": {"de": "Groß"}},
        "price": {"amount": "3.00"}, "tax": "food", "alone": false,
    });
    let large = add("items", large).await;
    let sizes = json!({
        "name": {"main": "Size", "other": {"de": "Größe"}}, "min": 0, "max": 1, "choices": [{"item": large}],
    });
    let sizes = add("groups", sizes).await;
    let pizza = json!({
        "name": {"main": "Pizza of the house", "other": {"de": "Pizza des Hauses", "de-AT": "Hauspizza"}},
        "description": {"main": "Tomatoes and cheese", "other": {"de": "Tomaten und Käse"}},
        "price": {"amount": "12.50", "rules": [
            {"daypart": "lunch", "amount": "9.90"}, {"service": "delivery", "channel": "partner", "amount": "14.00"},
        ]},
        "tax": "food", "groups": [sizes], "allergens": ["gluten", "milk"], "diets": ["vegetarian"],
        "ageMin": 16, "prepMinutes": 12,
    });
    let pizza = add("items", pizza).await;
    let water = json!({"name": {"main": "Water"}, "price": {"amount": "2.00"}, "tax": "food"});
    let water = add("items", water).await;
    let all = json!({"name": {"main": "All", "other": {"de": "Alles"}}, "items": [pizza, water]});
    add("categories", all).await;
    [pizza, water]
}

/// Publishes the draft as it is.
pub(crate) async fn publish(node: &Node, at: &str) {
    let path = format!("{at}/menu/draft?limit=1");
    let draft = node
        .ask((OPERATOR, ""), Method::GET, &path, None)
        .await
        .good();
    let body = json!({"version": draft["version"]});
    let path = format!("{at}/menu/publish");
    let said = node
        .ask((OPERATOR, ""), Method::POST, &path, Some(body))
        .await;
    said.good();
}

pub(crate) async fn send(node: &Node, line: &str, headers: &[(&str, &str)]) -> Raw {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path);
    request = request.header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    node.send(request.body(Full::<Bytes>::default()).unwrap())
        .await
}

pub(crate) async fn read(node: &Node, path: &str) -> Value {
    let raw = send(node, &format!("GET {path}"), &[]).await;
    let body: Value = serde_json::from_slice(&raw.body).unwrap();
    assert_eq!(raw.status, 200, "{path}: {body}");
    body
}

fn pizza_of(menu: &Value) -> &Value {
    let items = menu["items"].as_array().unwrap();
    items
        .iter()
        .find(|item| item["allergens"][0] == "gluten")
        .unwrap()
}

async fn a_menu_has_a_face_for_each_language_service_and_channel(engine: Engine) {
    let table = Table::laid(Shop::new(engine).await).await;
    let menu = table.menu("").await;
    assert_eq!(
        (&menu["mark"], &menu["revision"]),
        (&json!("1~en"), &json!(1))
    );
    assert_eq!(
        (&menu["whole"], &menu["service"]),
        (&json!(true), &json!("delivery"))
    );
    assert_eq!(menu["items"].as_array().unwrap().len(), 3);
    let pizza = pizza_of(&menu);
    assert_eq!(pizza["price"], "12.50");
    assert_eq!(
        pizza["prices"],
        json!([{"daypart": "lunch", "price": "9.90"}])
    );
    let path = format!("{}/menu", table.at());
    let partner = table.menu("?channel=partner").await;
    assert_eq!(pizza_of(&partner)["price"], "14.00");
    let fetched = table.menu("?channel=partner&service=pickup").await;
    assert_eq!(
        (&fetched["service"], &pizza_of(&fetched)["price"]),
        (&json!("pickup"), &json!("12.50"))
    );
    // Channels that the menu does not speak of are all the same to it.
    assert_eq!(table.menu("?channel=elsewhere").await, menu);
    let compiled = table.shop.node.catalogue.menus.compiled();
    for number in 0..20 {
        table
            .menu(&format!("?channel=stranger{number}&language=ta"))
            .await;
    }
    assert_eq!(table.shop.node.catalogue.menus.compiled(), compiled);
    let categories = read(
        &table.shop.node,
        &format!("{}/categories?language=de", table.at()),
    )
    .await;
    assert_eq!(categories["categories"][0]["name"], "Alles");
    for query in [
        "?service=drone",
        "?language=German",
        "?channel=Ä",
        "?page=1",
    ] {
        let raw = send(
            &table.shop.node,
            &format!("GET {path}{}", query.replace('Ä', "%C3%84")),
            &[],
        )
        .await;
        assert_eq!(raw.status, 422, "{query}");
    }
}

async fn the_language_is_the_nearest_that_there_is(engine: Engine) {
    let table = Table::laid(Shop::new(engine).await).await;
    let path = format!("{}/menu", table.at());
    let name = |menu: &Value| pizza_of(menu)["name"].as_str().unwrap().to_owned();
    for (language, shown) in [
        ("de", "Pizza des Hauses"),
        ("de-AT", "Hauspizza"),
        ("de-CH", "Pizza des Hauses"),
        ("fr", "Pizza of the house"),
        ("en", "Pizza of the house"),
    ] {
        let menu = table.menu(&format!("?language={language}")).await;
        assert_eq!(name(&menu), shown, "{language}");
    }
    for (accepted, shown) in [
        ("de-AT, de;q=0.9, en;q=0.5", "de-AT"),
        ("fr, de;q=0.5, en;q=0.2", "de"),
        ("en, de;q=0.5", "en"),
        ("fr;q=0.9", "en"),
        ("de;q=0", "en"),
        ("DE-at", "de-AT"),
        ("*,;q=x", "en"),
    ] {
        let accept = [("accept-language", accepted)];
        let raw = send(&table.shop.node, &format!("GET {path}"), &accept).await;
        let menu: Value = serde_json::from_slice(&raw.body).unwrap();
        assert_eq!(menu["language"], shown, "{accepted}");
        let vary = raw.headers.get_all("vary").iter();
        assert!(vary.into_iter().any(|one| one == "accept-language"));
    }
}

async fn bytes_are_packed_once_and_known_by_their_tags(engine: Engine) {
    let table = Table::laid(Shop::new(engine).await).await;
    let line = format!("GET {}/menu", table.at());
    let node = &table.shop.node;
    for accepted in ["", "gzip", "gzip, br", "zstd"] {
        let accept = ("accept-encoding", accepted);
        let one = send(node, &line, &[accept]).await;
        let two = send(node, &line, &[accept]).await;
        assert_eq!(
            one.body.as_ptr(),
            two.body.as_ptr(),
            "{accepted}: it was packed again"
        );
        assert_eq!(
            one.header("cache-control"),
            Some("public, max-age=1, must-revalidate")
        );
        let tag = one.header("etag").unwrap();
        assert!(tag.starts_with('"'), "{tag}");
        let known = send(node, &line, &[accept, ("if-none-match", tag)]).await;
        assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));
        assert_eq!(known.header("x-availability"), Some("0"));
        let head = send(node, &line.replace("GET", "HEAD"), &[accept]).await;
        let length = one.body.len().to_string();
        assert_eq!(
            (head.header("content-length"), head.body.len()),
            (Some(&*length), 0)
        );
    }
    let before = send(node, &line, &[]).await;
    rename(&table, "Water without bubbles").await;
    let after = send(
        node,
        &line,
        &[("if-none-match", before.header("etag").unwrap())],
    )
    .await;
    assert_eq!(
        after.status, 200,
        "the answer to the publish is there, and so is the menu"
    );
}

/// Gives the water another name, and publishes.
async fn rename(table: &Table, name: &str) {
    let path = format!("{}/menu/items/{}", table.at(), table.water);
    let draft = table
        .shop
        .get(&format!("{}/menu/draft?limit=1", table.at()))
        .await
        .good();
    let body = json!({"version": draft["version"], "name": {"main": name}});
    table.shop.patch(&path, body).await.good();
    publish(&table.shop.node, &table.at()).await;
}

async fn what_shows_no_menu_is_missing(engine: Engine) {
    let table = Table::laid(Shop::new(engine).await).await;
    let node = &table.shop.node;
    let silent = table.shop.restaurant(&table.organisation, None).await;
    let missing = async |restaurant: &str| {
        for what in ["menu", "categories", "availability"] {
            let line = format!("GET /api/restaurants/{restaurant}/{what}");
            let raw = send(node, &line, &[("accept-encoding", "br")]).await;
            let body: Value = serde_json::from_slice(&raw.body).unwrap();
            assert_eq!(
                (raw.status.as_u16(), &body["code"]),
                (404, &json!("not_found")),
                "{what}"
            );
        }
    };
    missing(&silent).await;
    let absent = testkit::ids::absent(&silent);
    missing(&absent).await;
    table.menu("").await;
    let state = async |word: &str, version: i64| {
        let path = format!("{}/{word}", table.at());
        table
            .shop
            .post(&path, json!({"version": version}))
            .await
            .good();
        node.hear(&format!("restaurant.{word}ed"), &table.organisation, "{}")
            .await;
    };
    // Nothing follows the bus in this world, so what other slices change is believed by trust alone.
    state("suspend", 1).await;
    node.trust.withdraw();
    missing(&table.restaurant).await;
    state("resume", 2).await;
    table.menu("").await;
}

async fn what_has_run_out_is_an_answer_of_its_own(engine: Engine) {
    let table = Table::laid(Shop::new(engine).await).await;
    let node = &table.shop.node;
    let path = format!("{}/availability", table.at());
    assert_eq!(read(node, &path).await, json!({"version": 0, "items": []}));
    let line = format!("GET {}/menu", table.at());
    let before = send(node, &line, &[]).await;
    let empty = send(node, &format!("GET {path}"), &[]).await;
    let stock = format!("{}/menu/stock/{}", table.at(), table.pizza);
    table.shop.put(&stock, json!({"left": 3})).await.good();
    let off = read(node, &path).await;
    assert_eq!(off["items"], json!([{"item": table.pizza, "left": 3}]));
    let version = off["version"].as_i64().unwrap();
    let after = send(node, &line, &[]).await;
    assert_eq!(
        after.header("etag"),
        before.header("etag"),
        "the menu is the same"
    );
    assert_eq!(after.header("x-availability"), Some(&*version.to_string()));
    let known = [("if-none-match", empty.header("etag").unwrap())];
    assert_eq!(send(node, &format!("GET {path}"), &known).await.status, 200);
    table.shop.delete(&stock).await;
    assert_eq!(read(node, &path).await["items"], json!([]));
}

async fn other_nodes_see_what_is_published_and_believe_nothing_without_the_log(engine: Engine) {
    let table = Table::laid(Shop::new(engine).await).await;
    let other = table.shop.another().await;
    // When it begins to follow the bus it forgets everything once more.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let path = format!("{}/menu", table.at());
    let seen = async || read(&other, &path).await["revision"].as_i64().unwrap();
    assert_eq!(seen().await, 1);
    rename(&table, "Acqua").await;
    assert_eq!(
        table.menu("").await["revision"],
        2,
        "the node that published knows it"
    );
    // Nobody has told this node, and it believes that it would have been told.
    assert_eq!(seen().await, 1);
    other.trust.withdraw();
    assert_eq!(
        seen().await,
        2,
        "without the log in sight it asks the database"
    );
    other.trust.grant();
    assert_eq!(seen().await, 2);
}

async fn a_brand_is_compiled_once_and_locations_for_themselves(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let brand = shop.brand(&organisation, "Lucia").await;
    let [here, there] = [
        shop.restaurant(&organisation, Some(&brand)).await,
        shop.restaurant(&organisation, Some(&brand)).await,
    ];
    let at = format!("/api/brands/{brand}");
    let [pizza, water] = write(&shop, &at).await;
    publish(&shop.node, &at).await;
    let line = |restaurant: &str| format!("GET /api/restaurants/{restaurant}/menu");
    let one = send(&shop.node, &line(&here), &[]).await;
    let two = send(&shop.node, &line(&there), &[]).await;
    assert_eq!(
        one.body.as_ptr(),
        two.body.as_ptr(),
        "both send the same bytes"
    );
    let location = format!("/api/restaurants/{there}/menu/location");
    let body = json!({
        "version": 0, "hidden": [water], "prices": [{"item": pizza, "price": {"amount": "13.00"}}],
    });
    shop.put(&location, body).await.good();
    let own = read(&shop.node, &format!("/api/restaurants/{there}/menu")).await;
    assert_eq!(own["mark"], "b1.1~en");
    assert_eq!(pizza_of(&own)["price"], "13.00");
    assert_eq!(own["items"].as_array().unwrap().len(), 2);
    let others = send(&shop.node, &line(&here), &[]).await;
    assert_eq!(others.body, one.body);
    // Who has the menu from before the location changed gets it whole.
    let since = read(
        &shop.node,
        &format!("/api/restaurants/{there}/menu?since=b1~en"),
    )
    .await;
    assert_eq!(since["whole"], true);
}

async fn what_is_published_is_compiled_before_anybody_asks(engine: Engine) {
    let table = Table::laid(Shop::working(engine).await).await;
    let menus = &table.shop.node.catalogue.menus;
    // Three services in three packed forms.
    eventually(async || menus.compiled() >= 9).await;
    let compiled = menus.compiled();
    for service in ["delivery", "pickup", "dine_in"] {
        let line = format!("GET {}/menu?service={service}", table.at());
        let raw = send(&table.shop.node, &line, &[("accept-encoding", "br")]).await;
        assert_eq!(raw.status, 200);
    }
    assert_eq!(menus.compiled(), compiled, "it was there already");
}
