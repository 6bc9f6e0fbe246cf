//! Webhooks: told in order, signed, again until they are taken, and not for ever.

use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;

use crate::feed::House;
use crate::receiver::Receiver;
use crate::world::{Said, eventually, on_both};

on_both!(
    a_hook_is_told_what_it_asked_for_and_can_check_who_tells,
    a_stream_is_told_in_order_however_often_it_takes,
    a_hook_that_nobody_answers_is_disabled_and_told_again_when_it_is_enabled,
    a_hook_that_says_it_is_gone_is_believed,
    what_fails_by_our_own_fault_is_given_up_and_told_again,
    hooks_are_kept_by_those_who_reach_the_whole_organisation
);

struct Hooked {
    house: House,
    receiver: Receiver,
    path: String,
    secret: String,
}

impl Hooked {
    async fn new(engine: Engine, body: Value) -> Self {
        let (house, receiver) = (House::new(engine).await, Receiver::new().await);
        let mut body = body;
        body["url"] = json!(receiver.url());
        let all = format!("/api/organisations/{}/hooks", house.organisation);
        let made = house.shop.post(&all, body).await.good();
        let id = made["hook"]["id"].as_str().unwrap();
        Hooked {
            path: format!("{all}/{id}"),
            secret: made["secret"].as_str().unwrap().to_owned(),
            house,
            receiver,
        }
    }

    async fn read(&self) -> Value {
        self.house.shop.get(&self.path).await.good()
    }

    async fn enable(&self, enabled: bool) -> Said {
        let edit = json!({"version": self.read().await["version"], "enabled": enabled});
        self.house.shop.patch(&self.path, edit).await
    }

    async fn deliveries(&self, query: &str) -> Vec<Value> {
        let path = format!("{}/deliveries?{query}", self.path);
        let page = self.house.shop.get(&path).await.good();
        page["items"].as_array().unwrap().clone()
    }

    async fn until_calls(&self, count: usize) {
        eventually_long(async || self.receiver.calls().len() >= count).await;
    }
}

/// As [`eventually`], but three times as long.
async fn eventually_long(mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..1_200 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    eventually(is_so).await;
}

async fn a_hook_is_told_what_it_asked_for_and_can_check_who_tells(engine: Engine) {
    let hooked = Hooked::new(engine, json!({"kinds": ["order.*"]})).await;
    let house = &hooked.house;
    let payment = (house.stream(), 1);
    house
        .happen(
            "payment.captured",
            payment,
            json!({"restaurant": house.other}),
        )
        .await;
    house.order(&house.restaurant).await;
    hooked.until_calls(1).await;
    let call = hooked.receiver.calls().remove(0);
    assert_eq!(call.signed_by(&hooked.secret), (1, 1));
    assert_eq!(call.signed_by("whs_another"), (0, 1));
    let feed = format!(
        "/api/organisations/{}/events?kind=order.*",
        house.organisation
    );
    let feed = house.shop.get(&feed).await.good();
    assert_eq!(
        call.json(),
        feed["events"][0],
        "the same form as in the feed"
    );
    assert_eq!(
        call.headers["comanda-event"],
        call.json()["id"].as_str().unwrap()
    );
    eventually_long(async || hooked.deliveries("state=delivered").await.len() == 1).await;
    let told = hooked.deliveries("").await;
    assert_eq!(
        call.headers["comanda-delivery"],
        told[0]["id"].as_str().unwrap()
    );
    assert_eq!(
        (&told[0]["status"], &told[0]["tries"]),
        (&json!(204), &json!(1))
    );
    // While the secret rotates, both hold.
    let rotated = format!("{}/rotate", hooked.path);
    let rotated = house
        .shop
        .ask((crate::world::OPERATOR, ""), Method::POST, &rotated, None);
    let rotated = rotated.await.good();
    let new = rotated["secret"].as_str().unwrap();
    assert!(rotated["hook"]["rotatesUntil"].is_string());
    house.order(&house.restaurant).await;
    hooked.until_calls(2).await;
    let call = hooked.receiver.calls().remove(1);
    assert_eq!(call.signed_by(&hooked.secret), (1, 2));
    assert_eq!(call.signed_by(new), (1, 2));
    // Only one restaurant.
    let edit = json!({"version": hooked.read().await["version"], "restaurants": [house.other]});
    house.shop.patch(&hooked.path, edit).await.good();
    // What a node remembers of hooks is a second old at most.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    house.order(&house.restaurant).await;
    house.order(&house.other).await;
    hooked.until_calls(3).await;
    let call = hooked.receiver.calls().remove(2);
    assert_eq!(call.json()["restaurant"], json!(house.other));
    house.shop.delete(&hooked.path).await.good();
    assert_eq!(
        house.shop.get(&hooked.path).await.code(),
        (404, "not_found")
    );
}

async fn a_stream_is_told_in_order_however_often_it_takes(engine: Engine) {
    let hooked = Hooked::new(engine, json!({})).await;
    let house = &hooked.house;
    hooked.receiver.first(&[500, 302, 429]);
    let order = house.order(&house.restaurant).await;
    for (version, kind) in [
        (2, "order.confirmed"),
        (3, "order.preparing"),
        (4, "order.ready"),
    ] {
        let data = json!({"restaurant": house.restaurant});
        house.happen(kind, (order, version), data).await;
    }
    let others = [
        house.order(&house.other).await,
        house.order(&house.other).await,
    ];
    let delivered = async || hooked.deliveries("state=delivered").await.len();
    eventually_long(async || delivered().await == 6).await;
    let calls = hooked.receiver.calls();
    assert_eq!(calls.len(), 9, "three were not taken at first");
    let first = calls[0].place().0;
    let mut told: Vec<(String, i64)> = calls.iter().map(super::receiver::Call::place).collect();
    let spelled = base::uid::spell("ord", order).to_string();
    assert!(
        first == spelled
            || others
                .iter()
                .any(|other| *first == *base::uid::spell("ord", *other))
    );
    told.retain(|(stream, _)| *stream == spelled);
    let places: Vec<i64> = told.iter().map(|(_, place)| *place).collect();
    assert!(places.is_sorted(), "{places:?}");
    let mut different = places;
    different.dedup();
    assert_eq!(different, [1, 2, 3, 4]);
    assert_eq!(hooked.read().await["failures"], json!(0));
}

async fn a_hook_that_nobody_answers_is_disabled_and_told_again_when_it_is_enabled(engine: Engine) {
    let hooked = Hooked::new(engine, json!({})).await;
    let house = &hooked.house;
    hooked.receiver.usually(503);
    let order = house.order(&house.restaurant).await;
    let data = json!({"restaurant": house.restaurant});
    house.happen("order.confirmed", (order, 2), data).await;
    eventually_long(async || hooked.read().await["enabled"] == json!(false)).await;
    let why = hooked.read().await["disabledBecause"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(why.contains("could not be told for too long"), "{why}");
    eventually_long(async || hooked.deliveries("state=held").await.len() == 1).await;
    let dead = hooked.deliveries("state=dead").await;
    assert_eq!(dead[0]["status"], json!(503));
    assert!(dead[0]["tries"].as_i64().unwrap() >= 10, "{dead:?}");
    let before = hooked.receiver.calls().len();
    hooked.receiver.usually(200);
    hooked.enable(true).await.good();
    hooked.until_calls(before + 1).await;
    assert_eq!(
        hooked.receiver.calls()[before].json()["kind"],
        json!("order.confirmed")
    );
    let redrive = format!("{}/redrive", hooked.path);
    let said = house.shop.post(&redrive, json!({})).await;
    assert_eq!(said.status.as_u16(), 202);
    hooked.until_calls(before + 2).await;
    assert_eq!(
        hooked.receiver.calls()[before + 1].json()["kind"],
        json!("order.created")
    );
    eventually_long(async || hooked.deliveries("state=delivered").await.len() == 2).await;
}

async fn a_hook_that_says_it_is_gone_is_believed(engine: Engine) {
    let hooked = Hooked::new(engine, json!({})).await;
    hooked.receiver.usually(410);
    hooked.house.order(&hooked.house.restaurant).await;
    eventually_long(async || hooked.read().await["enabled"] == json!(false)).await;
    assert_eq!(hooked.receiver.calls().len(), 1);
    let edit = hooked.enable(true).await.good();
    assert_eq!(
        (&edit["enabled"], &edit["disabledBecause"]),
        (&json!(true), &Value::Null)
    );
    eventually_long(async || hooked.receiver.calls().len() == 2).await;
    hooked.enable(false).await;
}

async fn what_fails_by_our_own_fault_is_given_up_and_told_again(engine: Engine) {
    let hooked = Hooked::new(engine, json!({})).await;
    let (house, url) = (&hooked.house, hooked.receiver.url());
    let change = async |url: &str| {
        let edit = json!({"version": hooked.read().await["version"], "url": url});
        house.shop.patch(&hooked.path, edit).await.good();
    };
    change(&url.replace("hooks.", "broken.")).await;
    let order = house.order(&house.restaurant).await;
    let data = json!({"restaurant": house.restaurant});
    house.happen("order.confirmed", (order, 2), data).await;
    // The second is not held up for ever by the first, and neither is lost.
    eventually_long(async || hooked.deliveries("state=dead").await.len() == 2).await;
    let dead = hooked.deliveries("state=dead").await;
    let why = dead[0]["error"].as_str().unwrap();
    assert!(why.contains("the fault is ours"), "{why}");
    assert_eq!(hooked.read().await["enabled"], json!(true), "not its fault");
    let aside = house.shop.get("/api/ops/work").await.good();
    assert_eq!(aside["items"], json!([]));
    change(&url).await;
    let redrive = format!("{}/redrive", hooked.path);
    house.shop.post(&redrive, json!({})).await.good();
    hooked.until_calls(2).await;
    let told: Vec<i64> = hooked
        .receiver
        .calls()
        .iter()
        .map(|call| call.place().1)
        .collect();
    assert_eq!(told, [1, 2]);
}

async fn hooks_are_kept_by_those_who_reach_the_whole_organisation(engine: Engine) {
    let hooked = Hooked::new(engine, json!({})).await;
    let (house, shop) = (&hooked.house, &hooked.house.shop);
    let all = format!("/api/organisations/{}/hooks", house.organisation);
    let page = shop.get(&all).await.good();
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert!(!page.to_string().contains("whs_"), "secrets are shown once");
    let cook = shop.person(&[&house.restaurant]);
    let said = shop.ask((&cook, ""), Method::GET, &all, None).await;
    assert_eq!(said.code(), (403, "forbidden"));
    for url in [
        "http://hooks.example.com/",
        "https://127.0.0.1/",
        "https://localhost/",
    ] {
        let said = shop.post(&all, json!({"url": url})).await;
        assert_eq!(said.status.as_u16(), 422, "{url}");
    }
    let stranger = shop.organisation("Mario").await;
    let foreign = hooked.path.replace(&house.organisation, &stranger);
    assert_eq!(shop.get(&foreign).await.code(), (404, "not_found"));
    let elsewhere = shop.restaurant(&stranger, None).await;
    let body = json!({"url": hooked.receiver.url(), "restaurants": [elsewhere]});
    assert_eq!(shop.post(&all, body).await.code(), (404, "not_found"));
    let edit = json!({"version": 7, "enabled": false});
    let said = shop.patch(&hooked.path, edit).await;
    assert_eq!(said.code(), (409, "version_changed"));
    for _ in 1..20 {
        shop.post(&all, json!({"url": hooked.receiver.url()}))
            .await
            .good();
    }
    let said = shop.post(&all, json!({"url": hooked.receiver.url()})).await;
    assert_eq!(said.code(), (409, "plan_limit"));
}
