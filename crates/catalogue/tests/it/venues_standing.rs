//! Pauses and busy times: said, taken back, ended by time alone and heard of by every node.

use base::{Clock, Time};
use serde_json::json;
use testkit::trial::Engine;

use super::venues::{all_week, pickup, venue};
use super::world::{Shop, eventually, on_both};

on_both!(
    a_pause_ends_by_itself,
    what_is_said_again_replaces_what_was_said,
    one_channel_or_service_is_paused_alone,
    a_timer_tells_that_it_is_open_again,
    other_nodes_hear_of_a_pause,
    a_restaurant_that_is_gone_from_memory_is_read_again,
);

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

async fn open_all_week(shop: &Shop, path: &str) {
    let mut weeks = all_week("00:00", "00:00");
    weeks["delivery"] = weeks["pickup"].clone();
    let hours = json!({"weeks": weeks, "version": 0});
    shop.put(&format!("{path}/hours"), hours).await.good();
}

async fn a_pause_ends_by_itself(engine: Engine) {
    let clock = Clock::simulated(at("2026-05-05T12:00:00Z"));
    let shop = Shop::at(engine, &clock).await;
    let (path, _) = venue(&shop).await;
    open_all_week(&shop, &path).await;
    let said = shop
        .post(
            &format!("{path}/pause"),
            json!({"reason": "equipment", "note": "the oven", "until": "2026-05-05T13:00:00Z"}),
        )
        .await
        .good();
    assert_eq!(
        said["held"],
        json!([{"state": "paused", "reason": "equipment", "note": "the oven",
            "until": "2026-05-05T13:00:00.000000Z"}])
    );
    assert_eq!(pickup(&said)["why"], "paused");
    assert_eq!(pickup(&said)["changesAt"], "2026-05-05T13:00:00.000000Z");
    let standing = format!("{path}/standing");
    clock
        .advance(std::time::Duration::from_secs(3_599))
        .unwrap();
    assert_eq!(pickup(&shop.get(&standing).await.good())["open"], false);
    // No timer runs here: that it is over follows from the time alone.
    clock.advance(std::time::Duration::from_secs(1)).unwrap();
    let said = shop.get(&standing).await.good();
    assert_eq!(pickup(&said)["open"], true);
    assert_eq!(pickup(&said)["why"], "open");
    assert!(pickup(&said).get("changesAt").is_none());
    assert_eq!(said["held"], json!([]));
}

async fn what_is_said_again_replaces_what_was_said(engine: Engine) {
    let clock = Clock::simulated(at("2026-05-05T12:00:00Z"));
    let shop = Shop::at(engine, &clock).await;
    let (path, _) = venue(&shop).await;
    open_all_week(&shop, &path).await;
    let busy = |longer, minutes| json!({"reason": "too_much", "longerMinutes": longer, "minutes": minutes});
    for (longer, minutes) in [(15, 30), (25, 60)] {
        let said = shop
            .post(&format!("{path}/busy"), busy(longer, minutes))
            .await
            .good();
        assert_eq!(said["held"].as_array().unwrap().len(), 1);
        assert_eq!(pickup(&said)["open"], true);
        assert_eq!(pickup(&said)["why"], "busy");
        assert_eq!(pickup(&said)["longerMinutes"], longer);
    }
    // A pause stands beside it, and counts first.
    let pause = json!({"reason": "staff", "minutes": 10});
    let said = shop.post(&format!("{path}/pause"), pause).await.good();
    assert_eq!(said["held"].as_array().unwrap().len(), 2);
    assert_eq!(pickup(&said)["why"], "paused");
    let said = shop.post(&format!("{path}/open"), json!({})).await.good();
    assert_eq!(said["held"], json!([]));
    assert_eq!(pickup(&said)["why"], "open");
    shop.verify().await;
}

async fn one_channel_or_service_is_paused_alone(engine: Engine) {
    let clock = Clock::simulated(at("2026-05-05T12:00:00Z"));
    let shop = Shop::at(engine, &clock).await;
    let (path, restaurant) = venue(&shop).await;
    open_all_week(&shop, &path).await;
    let delivery = json!({"service": "delivery", "reason": "weather", "minutes": 60});
    let said = shop.post(&format!("{path}/pause"), delivery).await.good();
    assert_eq!(pickup(&said)["open"], true);
    assert_eq!(said["now"][0]["service"], "delivery");
    assert_eq!(said["now"][0]["why"], "paused");
    let marketplace = json!({"channel": "marketplace", "reason": "too_much", "minutes": 60});
    let said = shop
        .post(&format!("{path}/pause"), marketplace)
        .await
        .good();
    assert_eq!(pickup(&said)["open"], true);
    assert_eq!(said["held"].as_array().unwrap().len(), 2);
    let known = shop.node.catalogue.venues.venues();
    let found = known
        .find(restaurant.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    let zone = "Europe/Rome".parse().unwrap();
    for (channel, open) in [("direct", true), ("marketplace", false)] {
        let channel = channel.parse().unwrap();
        let asked = (carte::Service::Pickup, &channel);
        let openness = domain::venues::open_on(&found, zone, asked, clock.now());
        assert_eq!(openness.open, open);
    }
    // Opening one channel leaves the other pause.
    let channel = json!({"channel": "marketplace"});
    let said = shop.post(&format!("{path}/open"), channel).await.good();
    assert_eq!(said["held"].as_array().unwrap().len(), 1);
    assert_eq!(said["held"][0]["service"], "delivery");
}

async fn a_timer_tells_that_it_is_open_again(engine: Engine) {
    let shop = Shop::working(engine).await;
    let (path, restaurant) = venue(&shop).await;
    open_all_week(&shop, &path).await;
    let mut news = shop
        .node
        .bus
        .subscribe(&["venue.*".parse().unwrap()])
        .unwrap();
    let until = shop
        .chance()
        .0
        .now()
        .plus(std::time::Duration::from_millis(300));
    let pause = json!({"reason": "staff", "until": until.unwrap()});
    shop.post(&format!("{path}/pause"), pause).await.good();
    let mut topics = Vec::new();
    while topics.last().map(String::as_str) != Some("venue.opened") {
        let heard = tokio::time::timeout(std::time::Duration::from_secs(10), news.receive());
        let Some(fabric::Received::Message(message)) = heard.await.unwrap() else {
            panic!("nothing was heard");
        };
        assert!(message.payload.contains(&restaurant), "{}", message.payload);
        topics.push(message.topic.to_string());
    }
    assert!(topics.contains(&"venue.paused".to_owned()));
    let row = shop.get(&format!("{path}/standing")).await.good();
    assert_eq!(row["held"], json!([]));
    shop.verify().await;
}

async fn other_nodes_hear_of_a_pause(engine: Engine) {
    let shop = Shop::working(engine).await;
    let (path, restaurant) = venue(&shop).await;
    open_all_week(&shop, &path).await;
    let node = shop.another().await;
    let known = node.catalogue.venues.venues();
    let id = restaurant.parse().unwrap();
    let is_paused = async || {
        let found = known.find(id).await.unwrap().unwrap();
        !found.standing.all().is_empty()
    };
    eventually(async || node.trust.holds()).await;
    assert!(!is_paused().await);
    let pause = json!({"reason": "staff", "minutes": 60});
    shop.post(&format!("{path}/pause"), pause).await.good();
    eventually(is_paused).await;
}

async fn a_restaurant_that_is_gone_from_memory_is_read_again(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (path, restaurant) = venue(&shop).await;
    let node = shop.another().await;
    let known = node.catalogue.venues.venues();
    let id = restaurant.parse().unwrap();
    assert_eq!(known.find(id).await.unwrap().unwrap().version, 0);
    open_all_week(&shop, &path).await;
    // Nothing tells this node, so it may remember; whoever asks past its memory is told.
    assert_eq!(known.fresh(id).await.unwrap().unwrap().version, 1);
    let stream = domain::venues::stream(id);
    assert_eq!(domain::venues::restaurant(stream), id);
    let organisation = restaurant.as_str();
    let told = json!({"restaurant": restaurant}).to_string();
    eventually(async || {
        node.hear("venue.changed", organisation, &told).await;
        known.find(id).await.unwrap().unwrap().version == 1
    })
    .await;
    let absent = testkit::ids::absent(&restaurant);
    assert!(known.find(absent.parse().unwrap()).await.unwrap().is_none());
}
