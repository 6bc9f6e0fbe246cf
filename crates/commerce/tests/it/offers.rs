//! Coupons and promotions as their owners make, change and end them, and as orders get them.

use base::{Clock, Time, Uid};
use carte::{Channel, Service};
use commerce::offers::{is_given_back, is_refused, take};
use domain::organisations::OrganisationId;
use domain::people::PersonId;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use store::Failure;
use testkit::trial::Engine;
use trade::offers::{Asked, Code, Found, Line, Why};

use super::world::{Shop, on_both};

on_both!(
    a_coupon_is_made_changed_and_ended,
    what_is_no_offer_is_refused,
    lists_go_on_where_they_ended,
    what_the_platform_pays_only_the_platform_says,
    others_do_not_see_them,
    an_order_gets_promotions_and_a_coupon,
    an_offer_that_changed_since_is_found_again,
    what_an_order_gives_back_can_be_used_again,
);

/// An organisation with a restaurant.
pub(crate) struct House {
    pub(crate) shop: Shop,
    pub(crate) organisation: OrganisationId,
    pub(crate) restaurant: String,
    pub(crate) at: String,
}

/// An order of twenty euros.
pub(crate) struct Order {
    pub(crate) code: Option<Code>,
    pub(crate) person: Option<PersonId>,
    pub(crate) before: u64,
}

/// A Friday evening in Rome.
const EVENING: &str = "2026-11-20T18:00:00Z";

impl House {
    pub(crate) async fn open(engine: Engine) -> Self {
        let clock = Clock::fixed(EVENING.parse().unwrap());
        Self::of(Shop::at(engine, &clock).await).await
    }

    async fn of(shop: Shop) -> Self {
        let organisation = shop.organisation("Lucia").await;
        let restaurant = shop.restaurant(&organisation, None).await;
        House {
            shop,
            at: format!("/api/organisations/{organisation}"),
            organisation: organisation.parse().unwrap(),
            restaurant,
        }
    }

    /// Makes a coupon of twenty percent with this besides; answers its path and itself.
    pub(crate) async fn coupon(&self, code: &str, more: Value) -> (String, Value) {
        let body = json!({"code": code, "terms": terms(more)});
        let path = format!("{}/coupons", self.at);
        let made = self.shop.post(&path, body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        let made = made.good();
        (format!("{path}/{}", made["id"].as_str().unwrap()), made)
    }

    async fn promotion(&self, more: Value) -> (String, Value) {
        let path = format!("{}/promotions", self.at);
        let made = self.shop.post(&path, terms(more)).await.good();
        (format!("{path}/{}", made["id"].as_str().unwrap()), made)
    }

    pub(crate) fn uid(&self) -> Uid {
        let (clock, random) = self.shop.chance();
        Uid::make(clock, random, self.organisation.organisation())
    }

    pub(crate) fn person(&self) -> PersonId {
        let (clock, random) = self.shop.chance();
        PersonId::make(clock, random, base::Organisation::PEOPLE)
    }

    /// What an order gets.
    pub(crate) async fn find(&self, order: &Order) -> Found {
        let now: Time = EVENING.parse().unwrap();
        let lines = [Line {
            line: 0,
            item: self.uid().into(),
            quantity: 2,
            minor: 2_000,
        }];
        let asked = Asked {
            restaurant: self.restaurant.parse().unwrap(),
            brand: None,
            zone: "Europe/Rome".parse().unwrap(),
            currency: "EUR".parse().unwrap(),
            service: Service::Delivery,
            channel: &Channel::default(),
            now,
            at: now,
            person: order.person,
            orders_before: Some(order.before),
            lines: &lines,
            delivery_minor: 250,
            coupon: order.code.as_ref(),
        };
        let app = &self.shop.node.more.commerce.offers;
        app.find(self.organisation.organisation(), &asked)
            .await
            .unwrap()
    }

    /// Commits an order with what it was given.
    pub(crate) async fn buy(
        &self,
        (order, person): (Uid, Option<PersonId>),
        found: &Found,
    ) -> Result<(), Failure> {
        let db = &self.shop.world.db;
        let mut commit = db.new_commit(self.organisation.organisation());
        take(&mut commit, order, person, &found.given);
        db.commit(commit, &db.deadline()).await.map(|_| ())
    }

    pub(crate) async fn give_back(&self, order: Uid) -> Result<(), Failure> {
        let db = &self.shop.world.db;
        let mut commit = db.new_commit(self.organisation.organisation());
        let app = &self.shop.node.more.commerce.offers;
        app.give_back(&mut commit, order).await.unwrap();
        db.commit(commit, &db.deadline()).await.map(|_| ())
    }
}

impl Order {
    pub(crate) fn with(code: &str) -> Self {
        Order {
            code: Some(code.parse().unwrap()),
            person: None,
            before: 1,
        }
    }
}

fn terms(more: Value) -> Value {
    let mut terms = json!({
        "name": "A fifth off", "gives": {"kind": "percent", "percent": "20"}, "currency": "EUR",
    });
    let more = more.as_object().unwrap().clone();
    terms.as_object_mut().unwrap().extend(more);
    terms
}

fn why(found: &Found) -> Option<Why> {
    found.refused.as_ref().map(|refused| refused.why)
}

fn minors(found: &Found) -> Vec<i64> {
    let mut minors: Vec<i64> = found.given.iter().map(|given| given.minor).collect();
    minors.sort_unstable();
    minors
}

async fn a_coupon_is_made_changed_and_ended(engine: Engine) {
    let house = House::open(engine).await;
    let shop = &house.shop;
    let more = json!({
        "gives": {"kind": "percent", "percent": "12.5", "most": "7.50"}, "funder": "brand", "minimum": "15.00",
        "from": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z", "usesMax": 100, "personUsesMax": 1,
        "hours": [{"days": ["fri", "sat"], "from": "18:00", "to": "02:00"}], "services": ["pickup", "delivery"],
        "channels": ["web"], "restaurants": [house.restaurant],
    });
    let (path, made) = house.coupon("save-20", more).await;
    assert_eq!(made["code"], "SAVE-20");
    assert_eq!(
        (&made["state"], &made["used"], &made["version"]),
        (&json!("live"), &json!(0), &json!(1))
    );
    let shown = &made["terms"];
    assert_eq!(
        shown["gives"],
        json!({"kind": "percent", "percent": "12.5", "most": "7.50"})
    );
    assert_eq!(shown["services"], json!(["delivery", "pickup"]));
    assert_eq!(shown["minimum"], "15.00");
    let read = shop.get(&path).await;
    assert_eq!(read.etag.as_deref(), Some("\"1\""));
    assert_eq!(read.good(), made);
    // What is left out stays; what is null is taken away.
    let edit = json!({"until": null, "usesMax": 5, "gives": {"kind": "amount", "amount": "3.00"}, "version": 1});
    let changed = shop.patch(&path, edit.clone()).await.good();
    assert_eq!(changed["version"], 2);
    let shown = &changed["terms"];
    assert_eq!(
        (&shown["until"], &shown["usesMax"], &shown["personUsesMax"]),
        (&json!(null), &json!(5), &json!(1))
    );
    assert_eq!(shown["gives"], json!({"kind": "amount", "amount": "3.00"}));
    assert_eq!(
        shop.patch(&path, edit).await.code(),
        (409, "version_changed")
    );
    // The code is taken, in whatever letters, also when the coupon has ended.
    let again = json!({"code": "Save-20", "terms": terms(json!({}))});
    let coupons = format!("{}/coupons", house.at);
    assert_eq!(
        shop.post(&coupons, again.clone()).await.code(),
        (409, "name_taken")
    );
    let end = format!("{path}/end");
    for _ in 0..2 {
        let ended = shop
            .ask(("operator", ""), Method::POST, &end, None)
            .await
            .good();
        assert_eq!(
            (&ended["state"], &ended["version"]),
            (&json!("ended"), &json!(3))
        );
    }
    let late = shop.patch(&path, json!({"usesMax": 6, "version": 3})).await;
    assert_eq!(late.code(), (409, "conflict"));
    assert_eq!(shop.post(&coupons, again).await.code(), (409, "name_taken"));
    shop.verify().await;
}

async fn what_is_no_offer_is_refused(engine: Engine) {
    let house = House::open(engine).await;
    let path = format!("{}/promotions", house.at);
    for (wrong, field) in [
        (json!({"gives": {"kind": "percent"}}), "gives"),
        (
            json!({"gives": {"kind": "percent", "percent": "0.5"}}),
            "gives.percent",
        ),
        (
            json!({"gives": {"kind": "percent", "percent": "101"}}),
            "gives.percent",
        ),
        (
            json!({"gives": {"kind": "amount", "amount": "0"}}),
            "amount",
        ),
        (
            json!({"gives": {"kind": "amount", "amount": "1.001"}}),
            "gives.amount",
        ),
        (
            json!({"gives": {"kind": "amount", "amount": "1", "buy": 1}}),
            "gives",
        ),
        (
            json!({"gives": {"kind": "bundle", "percent": "50", "buy": 1}}),
            "gives",
        ),
        (json!({"minimum": "-1"}), "minimum"),
        (json!({"usesMax": 0}), "usesMax"),
        (
            json!({"from": "2026-12-01T00:00:00Z", "until": "2026-12-01T00:00:00Z"}),
            "until",
        ),
        (
            json!({"restaurants": ["rst_01k9xq4r7vc8b0t2m5n6p7q8r9"]}),
            "restaurants",
        ),
        (
            json!({"brands": ["brd_01k9xq4r7vc8b0t2m5n6p7q8r9"]}),
            "brands",
        ),
    ] {
        let told = house.shop.post(&path, terms(wrong.clone())).await;
        assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert_eq!(told.body["fields"][0]["field"], field, "{wrong}: {told:?}");
    }
    for code in ["ab", "with space", "größe", ""] {
        let body = json!({"code": code, "terms": terms(json!({}))});
        let told = house
            .shop
            .post(&format!("{}/coupons", house.at), body)
            .await;
        assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{code}");
    }
}

async fn lists_go_on_where_they_ended(engine: Engine) {
    // What is made at one fixed time has ids in an order by chance.
    let house = House::of(Shop::new(engine).await).await;
    let mut made = Vec::new();
    for code in ["ONE", "TWO", "THREE"] {
        made.push(house.coupon(code, json!({})).await.1);
    }
    house.promotion(json!({})).await;
    let path = format!("{}/coupons", house.at);
    let first = house.shop.get(&format!("{path}?limit=2")).await.good();
    assert_eq!(first["items"], json!(made[..2]));
    let next = first["next"].as_str().unwrap();
    let rest = house
        .shop
        .get(&format!("{path}?limit=2&cursor={next}"))
        .await;
    let rest = rest.good();
    assert_eq!(
        (&rest["items"], &rest["next"]),
        (&json!(made[2..]), &json!(null))
    );
    let other = format!("{}/promotions?cursor={next}", house.at);
    assert_eq!(house.shop.get(&other).await.code(), (422, "cursor_refused"));
    house.shop.verify().await;
}

async fn what_the_platform_pays_only_the_platform_says(engine: Engine) {
    let house = House::open(engine).await;
    let owner = house.shop.person(&[&house.restaurant]);
    let ours = json!({"code": "OURS", "terms": terms(json!({"funder": "platform"}))});
    let path = format!("{}/coupons", house.at);
    let ask = async |method, path: &str, body: Option<Value>| {
        let said = house.shop.ask((&owner, ""), method, path, body).await;
        (
            said.status.as_u16(),
            said.body["code"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let forbidden = (403, "forbidden".to_owned());
    assert_eq!(ask(Method::POST, &path, Some(ours)).await, forbidden);
    let (platform, _) = house
        .coupon("PLATFORM", json!({"funder": "platform"}))
        .await;
    let edit = json!({"gives": {"kind": "percent", "percent": "100"}, "version": 1});
    assert_eq!(ask(Method::PATCH, &platform, Some(edit)).await, forbidden);
    let (own, _) = house.coupon("OWN", json!({})).await;
    let edit = json!({"funder": "platform", "version": 1});
    assert_eq!(ask(Method::PATCH, &own, Some(edit)).await, forbidden);
    let edit = json!({"funder": "brand", "version": 1});
    assert_eq!(ask(Method::PATCH, &own, Some(edit)).await.0, 200);
    // Nobody has to take part.
    assert_eq!(
        ask(Method::POST, &format!("{platform}/end"), None).await.0,
        200
    );
}

async fn others_do_not_see_them(engine: Engine) {
    let house = House::open(engine).await;
    let (path, made) = house.coupon("HIDDEN", json!({})).await;
    let other = house.shop.organisation("Other").await;
    let id = made["id"].as_str().unwrap();
    let foreign = format!("/api/organisations/{other}/coupons/{id}");
    let as_promotion = format!("{}/promotions/prm_{}", house.at, &id[4..]);
    for path in [&foreign, &as_promotion] {
        assert_eq!(
            house.shop.get(path).await.code(),
            (404, "not_found"),
            "{path}"
        );
        let edit = json!({"usesMax": 1, "version": 1});
        assert_eq!(
            house.shop.patch(path, edit).await.code(),
            (404, "not_found")
        );
        let end = format!("{path}/end");
        let ended = house.shop.ask(("operator", ""), Method::POST, &end, None);
        assert_eq!(ended.await.code(), (404, "not_found"));
    }
    let nobody = house.shop.ask(("", ""), Method::GET, &path, None).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    // The same code in another house is another coupon.
    let body = json!({"code": "HIDDEN", "terms": terms(json!({}))});
    let twin = format!("/api/organisations/{other}/coupons");
    house.shop.post(&twin, body).await.good();
}

async fn an_order_gets_promotions_and_a_coupon(engine: Engine) {
    let house = House::open(engine).await;
    assert_eq!(
        why(&house.find(&Order::with("NONE")).await),
        Some(Why::Unknown)
    );
    house.coupon("FIFTH", json!({})).await;
    house.coupon("OVER", json!({"until": EVENING})).await;
    assert_eq!(minors(&house.find(&Order::with("fifth")).await), [400]);
    assert_eq!(
        why(&house.find(&Order::with("over")).await),
        Some(Why::Expired)
    );
    let (path, _) = house
        .promotion(json!({"gives": {"kind": "percent", "percent": "10"}}))
        .await;
    house
        .promotion(json!({"gives": {"kind": "delivery"}, "firstOrder": true}))
        .await;
    let mut order = Order {
        person: Some(house.person()),
        before: 0,
        ..Order::with("fifth")
    };
    let found = house.find(&order).await;
    assert_eq!((minors(&found), why(&found)), (vec![200, 250, 360], None));
    let uid = house.uid();
    house.buy((uid, order.person), &found).await.unwrap();
    // A first order is one: also while nobody has told us of it yet.
    assert_eq!(minors(&house.find(&order).await), [200, 360]);
    let twice = house.buy((house.uid(), order.person), &found).await;
    assert!(twice.as_ref().is_err_and(is_refused), "{twice:?}");
    (order.person, order.before) = (Some(house.person()), 1);
    assert_eq!(minors(&house.find(&order).await), [200, 360]);
    let end = format!("{path}/end");
    let ended = house.shop.ask(("operator", ""), Method::POST, &end, None);
    ended.await.good();
    assert_eq!(minors(&house.find(&order).await), [400]);
    house.shop.verify().await;
}

async fn an_offer_that_changed_since_is_found_again(engine: Engine) {
    let house = House::open(engine).await;
    let (path, _) = house.coupon("FIFTH", json!({"usesMax": 9})).await;
    let order = Order::with("FIFTH");
    let found = house.find(&order).await;
    let edit = json!({"gives": {"kind": "percent", "percent": "10"}, "version": 1});
    house.shop.patch(&path, edit).await.good();
    let stale = house.buy((house.uid(), None), &found).await;
    assert!(stale.as_ref().is_err_and(is_refused), "{stale:?}");
    let found = house.find(&order).await;
    assert_eq!(minors(&found), [200]);
    house.buy((house.uid(), None), &found).await.unwrap();
    // No more than were used already can be left.
    let edit = json!({"usesMax": 1, "version": 2});
    assert_eq!(house.shop.patch(&path, edit).await.good()["used"], 1);
    assert_eq!(why(&house.find(&order).await), Some(Why::UsedUp));
    let end = format!("{path}/end");
    let ended = house.shop.ask(("operator", ""), Method::POST, &end, None);
    ended.await.good();
    assert_eq!(why(&house.find(&order).await), Some(Why::Ended));
    house.shop.verify().await;
}

async fn what_an_order_gives_back_can_be_used_again(engine: Engine) {
    let house = House::open(engine).await;
    let (path, _) = house
        .coupon("ONCE", json!({"usesMax": 1, "personUsesMax": 1}))
        .await;
    let person = Some(house.person());
    let order = Order {
        person,
        ..Order::with("ONCE")
    };
    let nobody = Order::with("ONCE");
    assert_eq!(why(&house.find(&nobody).await), Some(Why::SignIn));
    let found = house.find(&order).await;
    let first = house.uid();
    house.buy((first, person), &found).await.unwrap();
    assert_eq!(house.shop.get(&path).await.good()["used"], 1);
    assert_eq!(why(&house.find(&order).await), Some(Why::UsedUp));
    for _ in 0..3 {
        house.give_back(first).await.unwrap();
    }
    assert_eq!(house.shop.get(&path).await.good()["used"], 0);
    let found = house.find(&order).await;
    house.buy((house.uid(), person), &found).await.unwrap();
    assert_eq!(why(&house.find(&order).await), Some(Why::UsedUp));
    // Two that have read the same: one of them is refused, whole.
    let db = &house.shop.world.db;
    let (app, second) = (&house.shop.node.more.commerce.offers, house.uid());
    house
        .shop
        .patch(
            &path,
            json!({"usesMax": 9, "personUsesMax": 9, "version": 1}),
        )
        .await
        .good();
    let found = house.find(&order).await;
    house.buy((second, person), &found).await.unwrap();
    let mut failures = Vec::new();
    let mut commits = Vec::new();
    for _ in 0..2 {
        let mut commit = db.new_commit(house.organisation.organisation());
        app.give_back(&mut commit, second).await.unwrap();
        commits.push(commit);
    }
    for commit in commits {
        failures.extend(db.commit(commit, &db.deadline()).await.err());
    }
    assert!(
        matches!(&failures[..], [failure] if is_given_back(failure)),
        "{failures:?}"
    );
    assert_eq!(house.shop.get(&path).await.good()["used"], 1);
}
