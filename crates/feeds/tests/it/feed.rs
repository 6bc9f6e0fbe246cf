//! The feed: in order, from any point on, only what may be seen, and waiting for more.

use std::time::Duration;

use base::Uid;
use http::Method;
use serde_json::{Value, json};
use store::Event;
use testkit::trial::Engine;

use crate::world::{OPERATOR, Shop, eventually, on_both, uid};

on_both!(
    the_feed_is_read_in_order_and_from_any_point,
    the_feed_is_narrowed_as_it_is_asked,
    what_may_not_be_seen_is_not_in_the_feed,
    whoever_waits_is_woken_and_not_kept_too_long,
    the_feed_is_at_both_addresses
);

/// Two restaurants of one organisation, one of them of a brand.
pub(crate) struct House {
    pub(crate) shop: Shop,
    pub(crate) organisation: String,
    pub(crate) brand: String,
    pub(crate) restaurant: String,
    pub(crate) other: String,
}

impl House {
    pub(crate) async fn new(engine: Engine) -> Self {
        let shop = Shop::working(engine).await;
        let organisation = shop.organisation("Lucia").await;
        let brand = shop.brand(&organisation, "Lucia").await;
        let restaurant = shop.restaurant(&organisation, Some(&brand)).await;
        let other = shop.restaurant(&organisation, None).await;
        House {
            shop,
            organisation,
            brand,
            restaurant,
            other,
        }
    }

    pub(crate) fn stream(&self) -> Uid {
        let (clock, random) = self.shop.chance();
        Uid::make(clock, random, uid(&self.organisation).organisation())
    }

    /// Something happens to an order.
    pub(crate) async fn happen(
        &self,
        kind: &'static str,
        (stream, version): (Uid, i64),
        data: Value,
    ) {
        let db = &self.shop.world.db;
        let mut commit = db.new_commit(uid(&self.organisation).organisation());
        let at = commit.at();
        commit.event(Event {
            stream,
            version,
            kind,
            payload: data.to_string(),
            actor: "test".to_owned(),
            at,
            trace: String::new(),
        });
        db.commit(commit, &db.deadline()).await.unwrap();
    }

    /// The first event of an order.
    pub(crate) async fn order(&self, restaurant: &str) -> Uid {
        let stream = self.stream();
        let data = json!({"restaurant": restaurant, "number": 7});
        self.happen("order.created", (stream, 1), data).await;
        stream
    }

    async fn feed(&self, query: &str) -> Value {
        self.feed_for(OPERATOR, query).await
    }

    async fn feed_for(&self, who: &str, query: &str) -> Value {
        let path = format!("/api/organisations/{}/events?{query}", self.organisation);
        self.shop
            .ask((who, ""), Method::GET, &path, None)
            .await
            .good()
    }
}

fn kinds(feed: &Value) -> Vec<&str> {
    let events = feed["events"].as_array().unwrap();
    events
        .iter()
        .map(|event| event["kind"].as_str().unwrap())
        .collect()
}

async fn the_feed_is_read_in_order_and_from_any_point(engine: Engine) {
    let house = House::new(engine).await;
    let order = house.order(&house.restaurant).await;
    let sealed = json!({"sealed": "00", "person": "01"});
    let data = json!({"restaurant": house.restaurant, "courier": sealed, "reason": "late"});
    house.happen("order.confirmed", (order, 2), data).await;
    house.happen("order.eaten", (order, 3), json!({})).await;
    house.order(&house.other).await;
    let all = house.feed("").await;
    assert_eq!(
        kinds(&all),
        ["order.created", "order.confirmed", "order.created"]
    );
    assert_eq!(all["more"], false);
    let second = &all["events"][1];
    assert_eq!(
        second["data"],
        json!({"restaurant": house.restaurant, "reason": "late"})
    );
    assert_eq!(
        (&second["sequence"], &second["version"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(second["restaurant"], json!(house.restaurant));
    assert!(second["stream"].as_str().unwrap().starts_with("ord_"));
    // One by one it is the same.
    let (mut after, mut one_by_one) = (String::new(), Vec::new());
    for _ in 0..3 {
        let part = house.feed(&format!("limit=1{after}")).await;
        one_by_one.push(part["events"][0].clone());
        after = format!("&after={}", part["next"].as_str().unwrap());
    }
    assert_eq!(json!(one_by_one), all["events"]);
    assert_eq!(house.feed(&after[1..]).await["events"], json!([]));
}

async fn the_feed_is_narrowed_as_it_is_asked(engine: Engine) {
    let house = House::new(engine).await;
    let order = house.order(&house.restaurant).await;
    let data = json!({"restaurant": house.restaurant});
    house.happen("order.confirmed", (order, 2), data).await;
    house.order(&house.other).await;
    let now = house.feed("after=now").await["next"]
        .as_str()
        .unwrap()
        .to_owned();
    house
        .happen(
            "order.cancelled",
            (order, 3),
            json!({"restaurant": house.restaurant}),
        )
        .await;
    assert_eq!(
        kinds(&house.feed(&format!("after={now}")).await),
        ["order.cancelled"]
    );
    assert_eq!(
        kinds(&house.feed("kind=order.confirmed").await),
        ["order.confirmed"]
    );
    assert_eq!(
        house.feed("kind=order.*").await["events"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    let there = house.feed(&format!("restaurant={}", house.other)).await;
    assert_eq!(kinds(&there), ["order.created"]);
    // The history of one order, whatever happened to others meanwhile, and from any point on.
    let stream = base::uid::spell("ord", order);
    let history = house.feed(&format!("stream={stream}")).await;
    let all = ["order.created", "order.confirmed", "order.cancelled"];
    assert_eq!(kinds(&history), all);
    let part = house.feed(&format!("stream={stream}&limit=1")).await;
    let next = part["next"].as_str().unwrap();
    let rest = house.feed(&format!("stream={stream}&after={next}")).await;
    assert_eq!(
        (kinds(&part), kinds(&rest)),
        (all[..1].into(), all[1..].into())
    );
    let other = base::uid::spell("pay", order);
    assert!(kinds(&house.feed(&format!("stream={other}")).await).is_empty());
    for (query, status) in [
        ("stream=per_00000000000000000000000000", 422),
        ("stream=ord_1", 422),
        ("kind=order.eaten", 422),
        ("kind=key.issued", 422),
        ("limit=0", 422),
        ("wait=31", 422),
        ("after=nonsense", 422),
    ] {
        let path = format!("/api/organisations/{}/events?{query}", house.organisation);
        assert_eq!(
            house.shop.get(&path).await.status.as_u16(),
            status,
            "{query}"
        );
    }
}

async fn what_may_not_be_seen_is_not_in_the_feed(engine: Engine) {
    let house = House::new(engine).await;
    house.order(&house.restaurant).await;
    house.order(&house.other).await;
    let stream = house.stream();
    house
        .happen("menu.published", (stream, 1), json!({"place": house.brand}))
        .await;
    house
        .happen("payment.captured", (house.stream(), 1), json!({"minor": 7}))
        .await;
    let of_one = house.shop.person(&[&house.other]);
    let seen = house.feed_for(&of_one, "").await;
    assert_eq!(kinds(&seen), ["order.created"]);
    assert_eq!(seen["events"][0]["restaurant"], json!(house.other));
    // Whoever reaches a brand reaches its restaurants.
    let of_brand = house.shop.person(&[&house.brand]);
    let seen = house.feed_for(&of_brand, "").await;
    assert_eq!(kinds(&seen), ["order.created", "menu.published"]);
    assert_eq!(seen["events"][0]["restaurant"], json!(house.restaurant));
    let path = format!(
        "/api/organisations/{}/events?restaurant={}",
        house.organisation, house.restaurant
    );
    let said = house
        .shop
        .ask((&of_one, ""), Method::GET, &path, None)
        .await;
    assert_eq!(said.code(), (404, "not_found"));
    // The cursor of one organisation is none of another's.
    let stranger = house.shop.organisation("Mario").await;
    let next = house.feed("").await["next"].as_str().unwrap().to_owned();
    let path = format!("/api/organisations/{stranger}/events");
    assert_eq!(house.shop.get(&path).await.good()["events"], json!([]));
    let said = house.shop.get(&format!("{path}?after={next}")).await;
    assert_eq!(said.code(), (422, "cursor_refused"));
    let said = house
        .shop
        .get(&format!("{path}?restaurant={}", house.other))
        .await;
    assert_eq!(said.code(), (404, "not_found"));
}

async fn whoever_waits_is_woken_and_not_kept_too_long(engine: Engine) {
    let house = House::new(engine).await;
    let now = house.feed("after=now").await["next"]
        .as_str()
        .unwrap()
        .to_owned();
    let clock = house.shop.world.clock.clone();
    let began = clock.elapsed();
    assert_eq!(
        house.feed(&format!("after={now}&wait=1")).await["events"],
        json!([])
    );
    let waited = clock.elapsed().saturating_sub(began);
    assert!(
        waited >= Duration::from_millis(900) && waited < Duration::from_secs(5),
        "{waited:?}"
    );
    let query = format!("after={now}&wait=30&kind=order.ready");
    let waiting = async { (house.feed(&query).await, clock.elapsed()) };
    let happening = async {
        let feeds = &house.shop.node.more.feeds;
        eventually(async || feeds.waiting() == 1).await;
        let order = house.order(&house.restaurant).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let told = clock.elapsed();
        let data = json!({"restaurant": house.restaurant});
        house.happen("order.ready", (order, 2), data).await;
        told
    };
    let ((heard, at), told) = futures_util::future::join(waiting, happening).await;
    assert_eq!(kinds(&heard), ["order.ready"]);
    assert!(
        at - told < Duration::from_secs(2),
        "the bus wakes who waits"
    );
    assert_eq!(house.shop.node.more.feeds.waiting(), 0);
}

async fn the_feed_is_at_both_addresses(engine: Engine) {
    let house = House::new(engine).await;
    house.order(&house.restaurant).await;
    let path = format!("/api/events?organisation={}", house.organisation);
    assert_eq!(house.shop.get(&path).await.good(), {
        let mut same = house.feed("").await;
        // Cursors are sealed anew each time, and lead to the same place.
        let next = house.shop.get(&path).await.good()["next"].clone();
        same["next"] = next;
        same
    });
    let nobody = house.shop.person(&[]);
    house
        .shop
        .ask((&nobody, ""), Method::GET, &path, None)
        .await
        .good();
    let said = house.shop.get("/api/events").await;
    assert!(said.status.is_client_error(), "{said:?}");
    let said = house.shop.ask(("", ""), Method::GET, &path, None).await;
    assert_eq!(said.status.as_u16(), 401);
}
