//! Part (e): from the answer to a publish until another node serves what was published, over one PostgreSQL.

use std::time::Duration;

use domain::organisations::RestaurantId;
use http::Method;
use load::{Figure, Goal, Histogram, Table};
use serde_json::{Value, json};
use testkit::trial::Engine;

use crate::Outcome;
use crate::house::{House, Node, Works};
use crate::options::Options;

/// Within what it must be seen everywhere.
const LIMIT_MS: f64 = 1_000.0;
const GIVEN_UP: Duration = Duration::from_secs(10);

pub(crate) fn run(options: &Options) -> Outcome<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let times = runtime.block_on(measure(options))?;
    let ms = |share| times.per_mille(share).as_secs_f64() * 1e3;
    let mut table = Table::new(["from publish to visible", "ms"]);
    for (name, share) in [("p50", 500), ("p99", 990)] {
        table.row([name.to_owned(), format!("{:.1}", ms(share))]);
    }
    table.row([
        "longest".to_owned(),
        format!("{:.1}", times.longest().as_secs_f64() * 1e3),
    ]);
    println!("{table}");
    let goal = Goal::AtMost(1.0);
    Ok(vec![Figure::new(
        "publish_to_visible_p99_ms",
        "ms",
        ms(990),
        LIMIT_MS,
        goal,
    )])
}

async fn measure(options: &Options) -> Outcome<Histogram> {
    let house = House::open(Engine::Postgres).await?;
    let one = house.node(Works::Yes).await?;
    let made = one
        .ask(
            Method::POST,
            "/api/organisations",
            Some(json!({"name": "Bench"})),
        )
        .await?;
    let organisation = text(&made, "id")?;
    let path = format!("/api/organisations/{organisation}/restaurants");
    let body = json!({
        "name": "Trattoria Lucia", "timeZone": "Europe/Rome", "currency": "EUR",
        "address": {"street": "Via Roma 1", "city": "Napoli", "country": "IT"},
    });
    let made = one.ask(Method::POST, &path, Some(body)).await?;
    let restaurant: RestaurantId = text(&made, "id")?.parse()?;
    let two = house.node(Works::Yes).await?;
    let mut times = Histogram::default();
    let mut version = 0;
    for number in 1..=options.publishes {
        version = change(&one, restaurant, (version, number)).await?;
        let path = format!("/api/restaurants/{restaurant}/menu/publish");
        let body = json!({"version": version});
        one.ask(Method::POST, &path, Some(body)).await?;
        let took = seen(&house, &two, (restaurant, i64::try_from(number)?)).await?;
        times.record(took);
    }
    Ok(times)
}

/// Changes the draft, and gives its new version.
async fn change(
    node: &Node,
    restaurant: RestaurantId,
    (version, number): (i64, usize),
) -> Outcome<i64> {
    let path = format!("/api/restaurants/{restaurant}/menu/draft");
    if number == 1 {
        let body = json!({
            "version": version,
            "head": {
                "currency": "EUR", "language": "en", "taxesIncluded": "included",
                "taxes": [{"key": "food", "rates": {"delivery": 70000, "pickup": 70000, "dine_in": 190000}}],
            },
        });
        node.ask(Method::PATCH, &path, Some(body)).await?;
        let path = format!("/api/restaurants/{restaurant}/menu/items");
        let body = json!({"name": {"main": "Soup"}, "price": {"amount": "4.50"}, "tax": "food"});
        let item = node.ask(Method::POST, &path, Some(body)).await?;
        let path = format!("/api/restaurants/{restaurant}/menu/categories");
        let body = json!({"name": {"main": "All"}, "items": [item["id"]]});
        let made = node.ask(Method::POST, &path, Some(body)).await?;
        return Ok(made["version"].as_i64().ok_or("no version")?);
    }
    let path = format!("/api/restaurants/{restaurant}/menu/items");
    let body = json!({"name": {"main": format!("Soup {number}")}, "price": {"amount": "4.50"}, "tax": "food"});
    let made = node.ask(Method::POST, &path, Some(body)).await?;
    Ok(made["version"].as_i64().ok_or("no version")?)
}

/// How long it takes until a node shows this revision.
async fn seen(
    house: &House,
    node: &Node,
    (restaurant, revision): (RestaurantId, i64),
) -> Outcome<Duration> {
    let path = format!("/api/restaurants/{restaurant}/menu");
    let began = house.clock.elapsed();
    loop {
        let menu = node.ask(Method::GET, &path, None).await;
        let took = house.clock.elapsed().saturating_sub(began);
        match menu {
            Ok(menu) if menu["revision"].as_i64() >= Some(revision) => return Ok(took),
            _ if took > GIVEN_UP => return Err("a revision was not seen within ten seconds".into()),
            _ => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

fn text(value: &Value, name: &str) -> Outcome<String> {
    Ok(value[name].as_str().ok_or("a text is missing")?.to_owned())
}
