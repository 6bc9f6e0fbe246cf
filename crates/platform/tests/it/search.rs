//! What is published reaches every node, is found there, and nothing else is.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::venues::{About, Halt, Held, Reason, Venue};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::search_world::{Town, names, tell_venue};
use super::world::{eventually, on_both};

on_both!(
    events_reach_the_index_of_every_node,
    what_is_suspended_disappears,
    a_brand_publishes_for_all_of_its_restaurants,
    lists_go_on_where_they_ended,
    what_is_asked_wrongly_is_refused,
    a_white_label_shows_its_own,
    only_what_is_published_is_shown,
    what_changes_while_it_is_read_is_not_lost,
    everything_is_published_anew_when_an_operator_wants_it,
);

/// Serves the whole day, on every day.
fn open(lat: f64, lng: f64) -> Venue {
    let venue = json!({
        "profile": {"cuisines": ["italian"], "position": {
            "lat": (lat * 1e6) as i64, "lng": (lng * 1e6) as i64,
        }},
        "hours": {"dayStarts": "00:00", "weeks": {"delivery": [{
            "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "24:00",
        }]}},
        "zones": [{"name": "near", "shape": {"radius": 3000}, "feeMinor": 250, "minimumMinor": 1500, "minutes": 20}],
    });
    Venue {
        profile: serde_json::from_value(venue["profile"].clone()).unwrap(),
        hours: serde_json::from_value(venue["hours"].clone()).unwrap(),
        zones: serde_json::from_value(venue["zones"].clone()).unwrap(),
        ..Venue::default()
    }
}

fn body(name: &str) -> Value {
    json!({
        "name": name, "timeZone": "Europe/Rome", "currency": "EUR", "externalId": format!("secret {name}"),
        "address": {"street": "Via Roma 1", "postalCode": "39100", "city": "Bolzano", "country": "IT"},
    })
}

fn pause(venue: &Venue, town: &Town) -> Venue {
    let now = town.shop.world.clock.now();
    let held = Held {
        about: About::default(),
        halt: Halt::Paused,
        reason: Reason::TooMuch,
        note: None,
        until: now.plus(Duration::from_secs(600)).unwrap(),
    };
    let standing = venue.standing.with(held, now).unwrap();
    Venue {
        standing,
        ..venue.clone()
    }
}

/// A restaurant that is open and sells these items.
async fn restaurant(town: &Town, organisation: &str, (name, items): (&str, &[&str])) -> String {
    let id = town.shop.restaurant(organisation, body(name)).await;
    town.serves(&id, open(46.498, 11.354)).await;
    town.sells(&[&id], &id, items).await;
    id
}

async fn listed(town: &Town, path: &str, expected: &[&str]) {
    for node in [&town.one, &town.two] {
        eventually(async || node.names(path).await == expected).await;
    }
}

async fn events_reach_the_index_of_every_node(engine: Engine) {
    let town = Town::new(engine).await;
    let organisation = town.shop.organisation("Gruppo").await;
    let id = town.shop.restaurant(&organisation, body("Lucia")).await;
    let path = format!("/api/restaurants/{id}");
    for node in [&town.one, &town.two] {
        eventually(async || node.get(&path).await.status == StatusCode::OK).await;
        let page = node.get(&path).await.body;
        assert_eq!(
            (&page["open"], &page["revision"]),
            (&json!(false), &Value::Null)
        );
        assert!(
            node.names("/api/restaurants").await.is_empty(),
            "it sells nothing yet"
        );
    }
    town.sells(&[&id], &id, &["Tagliatelle al ragù"]).await;
    listed(&town, "/api/restaurants", &["Lucia"]).await;
    listed(
        &town,
        "/api/restaurants/search?q=tagliatele%20ragu",
        &["Lucia"],
    )
    .await;
    listed(&town, "/api/restaurants?open=true", &[]).await;
    let venue = open(46.498, 11.354);
    town.serves(&id, venue.clone()).await;
    let near = "/api/restaurants?open=true&service=delivery&cuisine=italian&city=BOLZANO&near=46.5,11.35&radius=2000";
    listed(&town, near, &["Lucia"]).await;
    town.serves(&id, pause(&venue, &town)).await;
    listed(&town, near, &[]).await;
    let page = town.one.get(&path).await.body;
    let service = &page["services"][0];
    assert_eq!(
        (&service["status"], &service["reason"]),
        (&json!("paused"), &json!("too_much"))
    );
    assert_eq!(page["notices"][0]["kind"], "paused");
    assert_eq!(page["zones"][0]["fee"], "2.50");
    let mut renamed = body("Bruno");
    renamed["version"] = json!(1);
    assert_eq!(town.shop.put(&path, renamed).await.status, StatusCode::OK);
    listed(&town, "/api/restaurants/search?q=bruno", &["Bruno"]).await;
    listed(&town, "/api/restaurants/search?q=lucia", &[]).await;
}

async fn what_is_suspended_disappears(engine: Engine) {
    let town = Town::new(engine).await;
    let (one, two) = (
        town.shop.organisation("One").await,
        town.shop.organisation("Two").await,
    );
    let lucia = restaurant(&town, &one, ("Lucia", &["Pizza"])).await;
    restaurant(&town, &two, ("Mario", &["Pizza"])).await;
    listed(&town, "/api/restaurants", &["Lucia", "Mario"]).await;
    let path = format!("/api/restaurants/{lucia}");
    let version = |version: i64| json!({"version": version});
    town.shop.post(&format!("{path}/suspend"), version(1)).await;
    listed(&town, "/api/restaurants/search?q=pizza", &["Mario"]).await;
    let absent = "/api/restaurants/rst_01jd6yv2m00000000000000000";
    let (gone, absent) = (town.one.get(&path).await, town.one.get(absent).await);
    assert_eq!(
        (gone.code(), absent.code()),
        ((404, "not_found"), (404, "not_found"))
    );
    town.shop.post(&format!("{path}/resume"), version(2)).await;
    listed(&town, "/api/restaurants", &["Lucia", "Mario"]).await;

    let house = format!("/api/organisations/{one}");
    let why = json!({"reason": "unpaid"});
    let said = town
        .shop
        .post(&format!("{house}/suspend"), why.clone())
        .await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
    listed(&town, "/api/restaurants", &["Mario"]).await;
    assert_eq!(town.two.get(&path).await.code(), (404, "not_found"));
    // What happens there meanwhile shows nothing.
    let mut renamed = body("Lucia 2");
    renamed["version"] = json!(3);
    assert_eq!(town.shop.put(&path, renamed).await.status, StatusCode::OK);
    town.shop.post(&format!("{house}/resume"), why).await;
    listed(&town, "/api/restaurants", &["Lucia 2", "Mario"]).await;
}

async fn a_brand_publishes_for_all_of_its_restaurants(engine: Engine) {
    let town = Town::new(engine).await;
    let organisation = town.shop.organisation("Gruppo").await;
    let brands = format!("/api/organisations/{organisation}/brands");
    let brand = town
        .shop
        .post(&brands, json!({"name": "Trattoria"}))
        .await
        .body["id"]
        .clone();
    let mut ids = Vec::new();
    for name in ["A", "B"] {
        let mut of_brand = body(name);
        of_brand["brand"] = brand.clone();
        ids.push(town.shop.restaurant(&organisation, of_brand).await);
        let path = format!("/api/restaurants/{}", ids[ids.len() - 1]);
        eventually(async || town.one.get(&path).await.status == StatusCode::OK).await;
    }
    town.shop.restaurant(&organisation, body("C")).await;
    let of_brand = [ids[0].as_str(), ids[1].as_str()];
    town.sells(&of_brand, brand.as_str().unwrap(), &["Lasagne"])
        .await;
    listed(&town, "/api/restaurants/search?q=lasagne", &["A", "B"]).await;
}

async fn lists_go_on_where_they_ended(engine: Engine) {
    let town = Town::new(engine).await;
    let organisation = town.shop.growing("Gruppo").await;
    for name in ["Da Carlo", "Ánna", "bruno", "Dora"] {
        restaurant(&town, &organisation, (name, &["Pizza"])).await;
    }
    let all = ["Ánna", "bruno", "Da Carlo", "Dora"];
    listed(&town, "/api/restaurants", &all).await;
    listed(
        &town,
        "/api/restaurants?sort=newest",
        &["Dora", "bruno", "Ánna", "Da Carlo"],
    )
    .await;
    let first = town.one.get("/api/restaurants?limit=2").await;
    assert_eq!(names(&first), all[..2]);
    let next = first.body["next"].as_str().unwrap().to_owned();
    // What is put in before the end of the page is on no page after it.
    restaurant(&town, &organisation, ("Anton", &["Pizza"])).await;
    listed(&town, "/api/restaurants/search?q=anton", &["Anton"]).await;
    let second = town
        .two
        .get(&format!("/api/restaurants?limit=2&cursor={next}"))
        .await;
    assert_eq!(names(&second), all[2..]);
    assert_eq!(second.body["next"], Value::Null);
    for other in ["sort=newest", "open=true", "city=Bolzano", "near=1,1"] {
        let said = town
            .one
            .get(&format!("/api/restaurants?{other}&cursor={next}"))
            .await;
        assert_eq!(said.code(), (422, "cursor_refused"), "{other}");
    }
}

async fn what_is_asked_wrongly_is_refused(engine: Engine) {
    let town = Town::new(engine).await;
    eventually(async || town.one.get("/api/restaurants").await.status == StatusCode::OK).await;
    for wrong in [
        "?near=91,0",
        "?near=0,181",
        "?near=1e1,2",
        "?near=1",
        "?near=0,+1",
        "?near=1.1234567,0",
        "?near=,",
        "?radius=0",
        "?radius=100001",
        "?sort=rating",
        "?service=drone",
        "?cuisine=Italian",
        "?open=1",
        "?limit=0",
        "?limit=101",
        "/search?q=",
        "/search?q=x&limit=51",
        "/search?q=x&sort=name",
    ] {
        let said = town.one.get(&format!("/api/restaurants{wrong}")).await;
        assert_eq!(
            said.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wrong}: {said:?}"
        );
    }
    for good in [
        "?near=90.000000,-180.0&radius=100000",
        "?near=-05.5,007",
        "?near=0,179.999999",
        "/search?q=%20",
        "/search?q=%00",
    ] {
        let said = town.one.get(&format!("/api/restaurants{good}")).await;
        assert_eq!(said.status, StatusCode::OK, "{good}: {said:?}");
    }
}

async fn a_white_label_shows_its_own(engine: Engine) {
    let town = Town::new(engine).await;
    let (one, two) = (
        town.shop.organisation("One").await,
        town.shop.organisation("Two").await,
    );
    let lucia = restaurant(&town, &one, ("Lucia", &["Pizza"])).await;
    let mario = restaurant(&town, &two, ("Mario", &["Pizza"])).await;
    let hosts = format!("/api/organisations/{one}/hosts");
    town.shop.put_nothing(&format!("{hosts}/eat.example")).await;
    listed(&town, "/api/restaurants", &["Lucia", "Mario"]).await;
    town.one.platform.hosts.look().await.unwrap();
    let at = async |path: &str| town.one.at("eat.example", Method::GET, path).await;
    for path in ["/api/restaurants", "/api/restaurants/search?q=pizza"] {
        assert_eq!(names(&at(path).await), ["Lucia"], "{path}");
    }
    let own = at(&format!("/api/restaurants/{lucia}")).await;
    let foreign = at(&format!("/api/restaurants/{mario}")).await;
    assert_eq!(
        (own.status, foreign.code()),
        (StatusCode::OK, (404, "not_found"))
    );
}

async fn only_what_is_published_is_shown(engine: Engine) {
    let town = Town::new(engine).await;
    let organisation = town.shop.organisation("Gruppo Segreto").await;
    let id = restaurant(&town, &organisation, ("Lucia", &["Pizza"])).await;
    listed(&town, "/api/restaurants?open=true", &["Lucia"]).await;
    let page = town.one.get(&format!("/api/restaurants/{id}")).await;
    let near = town.one.get("/api/restaurants?near=46,11").await;
    let found = town.one.get("/api/restaurants/search?q=pizza").await;
    let listed: BTreeSet<&str> = [
        "id", "brand", "name", "cuisines", "address", "position", "currency", "picture", "open",
        "services",
    ]
    .into();
    let more = [
        "description",
        "phone",
        "timeZone",
        "revision",
        "hours",
        "days",
        "notices",
        "zones",
    ];
    let keys = |value: &Value| -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let expected = |more: &[&str]| -> BTreeSet<String> {
        let all = listed.iter().chain(more);
        all.map(|key| (*key).to_owned()).collect()
    };
    assert_eq!(keys(&page.body), expected(&more));
    assert_eq!(keys(&near.body["items"][0]), expected(&["distanceMetres"]));
    assert_eq!(keys(&found.body["items"][0]["restaurant"]), expected(&[]));
    assert_eq!(found.body["items"][0]["items"][0]["name"], "Pizza");
    for said in [page, near, found] {
        let text = said.body.to_string();
        assert!(
            !text.contains("ecret") && !text.contains("Segreto"),
            "{text}"
        );
    }
}

async fn what_changes_while_it_is_read_is_not_lost(engine: Engine) {
    let town = Town::new(engine).await;
    let organisation = town.shop.organisation("Gruppo").await;
    let id = restaurant(&town, &organisation, ("Lucia", &["Pizza"])).await;
    listed(&town, "/api/restaurants?open=true", &["Lucia"]).await;
    // The venue was read as open; before that is written down, it pauses.
    let paused = pause(&town.said.venue(&id), &town);
    let (db, said, own) = (town.shop.world.db.clone(), town.said.clone(), id.clone());
    town.said.meanwhile(move || {
        Box::pin(async move {
            said.serves(&own, paused);
            tell_venue(&db, &said, &own).await;
            // Long enough for the event to be heard.
            tokio::time::sleep(Duration::from_millis(300)).await;
        })
    });
    town.tell_venue(&id).await;
    listed(&town, "/api/restaurants?open=true", &[]).await;
}

async fn everything_is_published_anew_when_an_operator_wants_it(engine: Engine) {
    let town = Town::new(engine).await;
    let organisation = town.shop.organisation("Gruppo").await;
    let id = restaurant(&town, &organisation, ("Lucia", &["Pizza"])).await;
    listed(&town, "/api/restaurants?open=true", &["Lucia"]).await;
    // Something that no event told of.
    town.said.serves(&id, Venue::default());
    let wanted = town
        .one
        .at("localhost", Method::POST, "/api/search/rebuild")
        .await;
    assert_eq!(wanted.status, StatusCode::ACCEPTED, "{wanted:?}");
    listed(&town, "/api/restaurants?open=true", &[]).await;
    eventually(async || town.one.get("/api/search").await.body["stale"] == 0).await;
    let size = town.two.get("/api/search").await.body;
    assert_eq!(
        (&size["restaurants"], &size["items"]),
        (&json!(1), &json!(1)),
        "{size}"
    );
}
