//! How restaurants serve, as their owners say it and as it holds.

use std::time::Duration;

use base::{Clock, Time};
use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::world::{OPERATOR, Said, Shop, on_both};

on_both!(
    a_new_restaurant_is_closed_and_says_why,
    a_profile_is_changed_field_by_field,
    who_has_not_seen_a_part_changes_nothing_of_it,
    hours_hold_through_the_night_and_the_change_of_the_clock,
    special_days_are_patched_one_by_one,
    zones_and_fees_are_kept_to_the_cent,
    what_cannot_be_is_refused,
    others_see_nothing_and_change_nothing,
    the_same_request_is_done_once,
    changes_at_one_time_are_all_kept,
);

/// A restaurant of a new organisation, and the path of its venue.
pub(crate) async fn venue(shop: &Shop) -> (String, String) {
    let organisation = shop.organisation("Gruppo").await;
    let restaurant = shop.restaurant(&organisation, None).await;
    (format!("/api/restaurants/{restaurant}"), restaurant)
}

/// Every day from 10:00 to 22:00, for pickup.
pub(crate) fn all_week(from: &str, to: &str) -> Value {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    json!({"pickup": [{"days": days, "from": from, "to": to}]})
}

/// What is said of pickup now.
pub(crate) fn pickup(said: &Value) -> &Value {
    let now = said["now"].as_array().unwrap();
    now.iter().find(|now| now["service"] == "pickup").unwrap()
}

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

/// Sets a clock to a later time.
fn move_to(clock: &Clock, text: &str) {
    let by = at(text).since(clock.now());
    clock.advance(by).unwrap();
}

async fn a_new_restaurant_is_closed_and_says_why(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (path, _) = venue(&shop).await;
    let hours = shop.get(&format!("{path}/hours")).await;
    assert_eq!(hours.etag.as_deref(), Some("\"0\""));
    let hours = hours.good();
    assert_eq!(hours["version"], 0);
    assert_eq!(hours["dayStarts"], "00:00");
    assert_eq!(hours["timeZone"], "Europe/Rome");
    let now = hours["now"].as_array().unwrap();
    assert_eq!(now.len(), 3);
    for service in now {
        assert_eq!(service["open"], false);
        assert_eq!(service["why"], "not_offered");
        assert!(service.get("changesAt").is_none());
    }
    let profile = shop.get(&format!("{path}/profile")).await.good();
    assert_eq!(profile["cuisines"], json!([]));
    assert_eq!(profile["position"], Value::Null);
    for part in ["zones", "fees", "hours/exceptions"] {
        let said = shop.get(&format!("{path}/{part}")).await.good();
        assert_eq!(said["version"], 0, "{part}");
    }
    let standing = shop.get(&format!("{path}/standing")).await.good();
    assert_eq!(standing["held"], json!([]));
}

async fn a_profile_is_changed_field_by_field(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (path, _) = venue(&shop).await;
    let path = format!("{path}/profile");
    let first = json!({
        "cuisines": ["italian", "pizza"],
        "description": {"main": "Pizza napoletana", "other": {"de": "Neapolitanische Pizza"}},
        "position": {"lat": 40.851_799_4, "lng": 14.268_12},
        "phone": "+390811234567",
        "version": 0,
    });
    let said = shop.patch(&path, first).await.good();
    assert_eq!(said["version"], 1);
    assert_eq!(
        said["position"],
        json!({"lat": 40.851_799, "lng": 14.268_12})
    );
    let said = shop
        .patch(&path, json!({"phone": null, "version": 1}))
        .await
        .good();
    assert_eq!(said["phone"], Value::Null);
    assert_eq!(said["cuisines"], json!(["italian", "pizza"]));
    assert_eq!(said["description"]["other"]["de"], "Neapolitanische Pizza");
    // The same again changes nothing, and is no event.
    let said = shop
        .patch(
            &path,
            json!({"cuisines": ["italian", "pizza"], "version": 2}),
        )
        .await
        .good();
    assert_eq!(said["version"], 2);
    assert_eq!(shop.get(&path).await.good(), said);
    shop.verify().await;
}

async fn who_has_not_seen_a_part_changes_nothing_of_it(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (path, _) = venue(&shop).await;
    let hours = format!("{path}/hours");
    let week = |version| json!({"weeks": all_week("10:00", "22:00"), "version": version});
    assert_eq!(
        shop.put(&hours, week(3)).await.code(),
        (409, "version_changed")
    );
    assert_eq!(shop.put(&hours, week(0)).await.good()["version"], 1);
    let other = json!({"weeks": all_week("11:00", "22:00"), "version": 0});
    let said = shop.put(&hours, other).await;
    assert_eq!(said.code(), (409, "version_changed"));
    // A pause and another part stand in nobody's way.
    let pause = json!({"reason": "staff", "minutes": 5});
    shop.post(&format!("{path}/pause"), pause).await.good();
    let profile = json!({"cuisines": ["sushi"], "version": 0});
    let said = shop.patch(&format!("{path}/profile"), profile).await.good();
    assert_eq!(said["version"], 3);
    let other = json!({"weeks": all_week("11:00", "22:00"), "version": 1});
    assert_eq!(shop.put(&hours, other).await.good()["version"], 4);
    shop.verify().await;
}

async fn hours_hold_through_the_night_and_the_change_of_the_clock(engine: Engine) {
    let clock = Clock::simulated(at("2026-03-28T20:59:00Z"));
    let shop = Shop::at(engine, &clock).await;
    let (path, _) = venue(&shop).await;
    let nights = json!({
        "dayStarts": "05:00", "weeks": all_week("22:00", "03:00"), "version": 0,
    });
    let said = shop.put(&format!("{path}/hours"), nights).await.good();
    assert_eq!(pickup(&said)["open"], false);
    assert_eq!(pickup(&said)["why"], "closed");
    assert_eq!(
        at(pickup(&said)["changesAt"].as_str().unwrap()),
        at("2026-03-28T21:00:00Z")
    );
    let standing = format!("{path}/standing");
    // The clocks are put forward from 2 to 3: the night has four hours.
    // They are put back from 3 to 2 in October: that night has six.
    for (now, open, changes_at) in [
        ("2026-03-28T21:00:00Z", true, "2026-03-29T01:00:00Z"),
        ("2026-03-29T00:59:59Z", true, "2026-03-29T01:00:00Z"),
        ("2026-03-29T01:00:00Z", false, "2026-03-29T20:00:00Z"),
        ("2026-10-24T20:00:00Z", true, "2026-10-25T02:00:00Z"),
        ("2026-10-25T01:30:00Z", true, "2026-10-25T02:00:00Z"),
        ("2026-10-25T02:00:00Z", false, "2026-10-25T21:00:00Z"),
    ] {
        move_to(&clock, now);
        let said = shop.get(&standing).await.good();
        assert_eq!(pickup(&said)["open"], open, "{now}");
        assert_eq!(
            at(pickup(&said)["changesAt"].as_str().unwrap()),
            at(changes_at),
            "{now}"
        );
    }
}

async fn special_days_are_patched_one_by_one(engine: Engine) {
    let clock = Clock::simulated(at("2026-12-24T10:00:00Z"));
    let shop = Shop::at(engine, &clock).await;
    let (path, _) = venue(&shop).await;
    let hours = json!({"weeks": all_week("10:00", "22:00"), "version": 0});
    shop.put(&format!("{path}/hours"), hours).await.good();
    let days = format!("{path}/hours/exceptions");
    let put = json!({"put": [
        {"date": "2026-12-24", "spans": [{"from": "10:00", "to": "14:00"}], "note": "Christmas Eve"},
        {"date": "2026-12-25"},
    ], "version": 0});
    let said = shop.patch(&days, put).await.good();
    assert_eq!(said["version"], 2);
    assert_eq!(said["items"].as_array().unwrap().len(), 2);
    let standing = shop.get(&format!("{path}/standing")).await.good();
    assert_eq!(
        pickup(&standing)["changesAt"],
        "2026-12-24T13:00:00.000000Z"
    );
    move_to(&clock, "2026-12-24T13:00:00Z");
    let standing = shop.get(&format!("{path}/standing")).await.good();
    assert_eq!(pickup(&standing)["open"], false);
    assert_eq!(
        pickup(&standing)["changesAt"],
        "2026-12-26T09:00:00.000000Z"
    );
    // One goes, one comes, the others stay.
    let edit = json!({
        "put": [{"date": "2026-12-26", "service": "pickup", "spans": [{"from": "18:00", "to": "24:00"}]}],
        "remove": [{"date": "2026-12-24"}, {"date": "2027-01-01"}],
        "version": 2,
    });
    let said = shop.patch(&days, edit).await.good();
    let dates: Vec<&str> = said["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| day["date"].as_str().unwrap())
        .collect();
    assert_eq!(dates, ["2026-12-25", "2026-12-26"]);
    let standing = shop.get(&format!("{path}/standing")).await.good();
    assert_eq!(pickup(&standing)["open"], true);
    let old = json!({"put": [{"date": "2026-12-31"}], "version": 2});
    assert_eq!(
        shop.patch(&days, old).await.code(),
        (409, "version_changed")
    );
    shop.verify().await;
}

async fn zones_and_fees_are_kept_to_the_cent(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (path, _) = venue(&shop).await;
    let zones = json!([
        {"name": "Centro", "radiusMetres": 1500, "fee": "1.50", "minimum": "0.00", "minutes": 15},
        {"name": "Vomero", "polygon": [
            {"lat": 40.84, "lng": 14.21}, {"lat": 40.86, "lng": 14.21}, {"lat": 40.85, "lng": 14.24},
        ], "fee": "3.99", "minimum": "15.00", "freeFrom": "40.00", "minutes": 35,
           "times": [{"days": ["fri", "sat"], "from": "22:00", "to": "02:00"}]},
    ]);
    let said = shop
        .put(
            &format!("{path}/zones"),
            json!({"zones": zones, "version": 0}),
        )
        .await
        .good();
    assert_eq!(said["currency"], "EUR");
    assert_eq!(said["zones"], zones);
    assert_eq!(shop.get(&format!("{path}/zones")).await.good(), said);
    let services = json!({
        "delivery": {"servicePercent": "2.5", "serviceMax": "1.99", "smallBelow": "12.00", "smallFee": "2.00"},
        "pickup": {"servicePercent": "0", "smallBelow": "0.00", "smallFee": "0.00"},
    });
    let fees =
        json!({"tax": "standard", "taxRounding": "line", "services": services, "version": 0});
    let said = shop.put(&format!("{path}/fees"), fees).await.good();
    assert_eq!(said["services"], services);
    assert_eq!(
        (&said["tax"], &said["taxRounding"]),
        (&json!("standard"), &json!("line"))
    );
    assert_eq!(said["version"], 2);
    shop.verify().await;
}

/// Zones that nobody could deliver to.
fn wrong_zones() -> Vec<Value> {
    let far = json!([{"lat": 0, "lng": 0}, {"lat": 1, "lng": 0}, {"lat": 0, "lng": 9}]);
    let shapes = [
        json!({}),
        json!({"radiusMetres": 10, "polygon": far}),
        json!({"polygon": far}),
        json!({"radiusMetres": 100_001}),
        json!({"radiusMetres": 10, "fee": "1.005"}),
        json!({"radiusMetres": 10, "fee": "-1"}),
    ];
    let zones = shapes.map(|more| {
        let mut zone = json!({"name": "Z", "fee": "1.00", "minimum": "0.00", "minutes": 5});
        let zone_fields = zone.as_object_mut().unwrap();
        zone_fields.extend(more.as_object().unwrap().clone());
        json!({"zones": [zone], "version": 0})
    });
    zones.to_vec()
}

/// What cannot be the hours of a restaurant.
fn wrong_hours() -> Vec<Value> {
    let week = |from: &str, to: &str| json!({"weeks": all_week(from, to), "version": 0});
    let no_day = json!([{"days": [], "from": "09:00", "to": "10:00"}]);
    vec![
        week("24:00", "10:00"),
        week("9:00", "10:00"),
        json!({"weeks": {"pickup": no_day}, "version": 0}),
    ]
}

/// What cannot be said of a restaurant.
fn wrong_profiles() -> Vec<Value> {
    vec![
        json!({"cuisines": ["a", "a"], "version": 0}),
        json!({"cuisines": ["a", "b", "c", "d", "e", "f"], "version": 0}),
        json!({"cuisines": ["Italian"], "version": 0}),
        json!({"position": {"lat": 91, "lng": 0}, "version": 0}),
        json!({"phone": "081", "version": 0}),
        json!({"name": "Lucia", "version": 0}),
    ]
}

async fn what_cannot_be_is_refused(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (path, _) = venue(&shop).await;
    let fees = json!({"servicePercent": "51", "smallBelow": "0", "smallFee": "0"});
    let day = |more: Value| json!({"put": [more], "version": 0});
    let past = "2020-01-01T00:00:00Z";
    let groups = [
        (Method::PUT, "zones", wrong_zones()),
        (Method::PUT, "hours", wrong_hours()),
        (Method::PATCH, "profile", wrong_profiles()),
        (
            Method::PATCH,
            "hours/exceptions",
            vec![
                day(json!({"date": "2026-02-30"})),
                day(json!({"date": "2026-02-01", "service": "drone"})),
            ],
        ),
        (
            Method::PUT,
            "fees",
            vec![json!({"services": {"pickup": fees}, "version": 0})],
        ),
        (
            Method::POST,
            "pause",
            vec![
                json!({"reason": "staff"}),
                json!({"reason": "staff", "until": past}),
                json!({"reason": "staff", "minutes": 5, "until": "2099-01-01T00:00:00Z"}),
            ],
        ),
        (
            Method::POST,
            "busy",
            vec![json!({"reason": "staff", "minutes": 5, "longerMinutes": 0})],
        ),
        (Method::POST, "open", vec![json!({"service": "drone"})]),
    ];
    for (method, part, bodies) in groups {
        for body in bodies {
            let path = format!("{path}/{part}");
            let asked = (method.clone(), Some(body.clone()));
            let said = shop.ask((OPERATOR, ""), asked.0, &path, asked.1).await;
            assert_eq!(said.status.as_u16(), 422, "{part} {body} {said:?}");
        }
    }
    let hours = shop.get(&format!("{path}/hours")).await.good();
    assert_eq!(hours["version"], 0);
}

async fn others_see_nothing_and_change_nothing(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let own = shop.restaurant(&organisation, None).await;
    let other = shop.restaurant(&organisation, None).await;
    let person = shop.person(&[&own]);
    let stranger = shop.person(&[]);
    let absent = testkit::ids::absent(&own);
    let profile = json!({"cuisines": ["sushi"], "version": 0});
    let asked = [
        (Method::GET, "profile", None),
        (Method::GET, "hours", None),
        (Method::GET, "hours/exceptions", None),
        (Method::GET, "zones", None),
        (Method::GET, "fees", None),
        (Method::GET, "standing", None),
        (Method::PATCH, "profile", Some(profile.clone())),
        (
            Method::POST,
            "pause",
            Some(json!({"reason": "staff", "minutes": 5})),
        ),
        (Method::POST, "open", Some(json!({}))),
    ];
    for (method, part, body) in asked {
        for (who, restaurant, code) in [
            (person.as_str(), &own, 200),
            (&person, &other, 403),
            (&stranger, &other, 403),
            (OPERATOR, &absent, 404),
            ("", &own, 401),
        ] {
            let path = format!("/api/restaurants/{restaurant}/{part}");
            let said = shop
                .ask((who, ""), method.clone(), &path, body.clone())
                .await;
            assert_eq!(said.status.as_u16(), code, "{method} {path} {said:?}");
        }
    }
    let untouched = shop
        .get(&format!("/api/restaurants/{other}/profile"))
        .await
        .good();
    assert_eq!(untouched["version"], 0);
}

async fn the_same_request_is_done_once(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (path, _) = venue(&shop).await;
    let pause = format!("{path}/pause");
    let body = || Some(json!({"reason": "staff", "minutes": 30}));
    let ask = async || {
        shop.ask((OPERATOR, "one"), Method::POST, &pause, body())
            .await
    };
    let first: Said = ask().await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(first.good(), ask().await.good());
    let other = Some(json!({"reason": "weather", "minutes": 30}));
    let said = shop
        .ask((OPERATOR, "one"), Method::POST, &pause, other)
        .await;
    assert_eq!(said.code(), (422, "idempotency_other_body"));
}

async fn changes_at_one_time_are_all_kept(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (path, _) = venue(&shop).await;
    let profile = format!("{path}/profile");
    let hours = format!("{path}/hours");
    let pause = format!("{path}/pause");
    // Two owners change the profile: one is told. Hours and pauses of the kitchen are kept besides.
    let cuisine = |key: &str| json!({"cuisines": [key], "version": 0});
    let paused = |service: &str| json!({"service": service, "reason": "staff", "minutes": 9});
    let week = json!({"weeks": all_week("10:00", "22:00"), "version": 0});
    let (one, two, week, three, four) = tokio::join!(
        shop.patch(&profile, cuisine("sushi")),
        shop.patch(&profile, cuisine("pizza")),
        shop.put(&hours, week),
        shop.post(&pause, paused("pickup")),
        shop.post(&pause, paused("delivery")),
    );
    let mut codes = [one.status.as_u16(), two.status.as_u16()];
    codes.sort_unstable();
    assert_eq!(codes, [200, 409]);
    week.good();
    three.good();
    four.good();
    let standing = shop.get(&format!("{path}/standing")).await.good();
    assert_eq!(standing["held"].as_array().unwrap().len(), 2);
    assert_eq!(pickup(&standing)["open"], false);
    shop.verify().await;
}
