//! What an organisation sells and was asked for: a menu that is open all day, an order of it, offers, a webhook.

use std::time::Duration;

use edge::Strength;
use http::Method;
use serde_json::{Value, json};

use crate::ask::Shown;
use crate::world::{House, Town};

/// What a place sells, by real ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sold {
    pub(crate) item: String,
    pub(crate) category: String,
    pub(crate) group: String,
    pub(crate) import: String,
    pub(crate) revision: String,
}

impl Town {
    /// Lets the first restaurant of a house and its brand sell something, and somebody order it.
    pub(crate) async fn sell(&self, house: &mut House) {
        let owner = house.owner_shown.clone();
        let at = format!("/api/restaurants/{}", house.restaurants[0]);
        let days = json!(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
        let always = json!([{"days": days, "from": "00:00", "to": "00:00"}]);
        let weeks = json!({"delivery": always, "pickup": always, "dine_in": always});
        let hours = json!({"weeks": weeks, "version": 0});
        self.done(&owner, Method::PUT, &format!("{at}/hours"), hours)
            .await;
        house.sold = self.publish(&owner, &at).await;
        let brand = format!("/api/brands/{}", house.brands[0]);
        house.sold_by_brand = self.publish(&owner, &brand).await;
        // Nobody is to answer an order, and none is to expire while everybody is asked. A refund wants two.
        let rules = json!({
            "autoAccept": false, "acceptSeconds": 3600, "paySeconds": 3600, "wakeSeconds": 1800,
            "cancelSeconds": 3600, "refundsAlone": "2.00", "version": 0,
        });
        self.done(&owner, Method::PUT, &format!("{at}/order-rules"), rules)
            .await;
        let path = format!("/api/organisations/{}", house.id);
        let terms = terms("A fifth off");
        let coupon = json!({"code": "SAVE20", "terms": terms});
        house.coupon = self.made(&owner, &format!("{path}/coupons"), coupon).await;
        let path_of = format!("{path}/promotions");
        house.promotion = self.made(&owner, &path_of, terms).await;
        let hook = json!({"url": "https://hooks.example.org/comanda"});
        let hooks = format!("{path}/hooks");
        let made = self.done(&owner, Method::POST, &hooks, hook).await;
        house.hook = made.field("hook.id");
        house.order = self.order(&owner, house).await;
        house.refund = self.refund(house).await;
    }

    /// An order that was handed over, and a refund of it that somebody else has to agree to.
    async fn refund(&self, house: &House) -> (String, String) {
        let order = self.order(&house.owner_shown, house).await;
        let path = format!("/api/orders/{order}");
        for status in ["confirmed", "preparing", "ready_for_pickup", "collected"] {
            let (path, status) = (format!("{path}/status"), json!({"status": status}));
            self.done(&house.owner_shown, Method::PATCH, &path, status)
                .await;
        }
        // By somebody who asks nothing else, so that whoever may agree is another one.
        let grants = [("manager", house.id.as_str())];
        let manager = self.member(house, "granter", &grants).await;
        let manager = self.shown(&manager, Strength::Two).await;
        let path = format!("{path}/refunds");
        let refund = self.made(&manager, &path, json!({"reason": "quality"}));
        let refund = refund.await;
        (order, refund)
    }

    /// An order of the house's first restaurant by somebody, to be paid there.
    pub(crate) async fn order(&self, by: &Shown, house: &House) -> String {
        self.made(by, "/api/orders", basket(house)).await
    }

    /// Work that is under way: an order whose payer is at the page of his bank, and stays there.
    pub(crate) async fn saga(&self, by: &Shown) -> String {
        let mut order = basket(&self.a);
        order["payment"] = json!({
            "method": "card", "token": "action", "returnUrl": "https://diner.example.org/back",
        });
        self.made(by, "/api/orders", order).await;
        for _ in 0..2_000 {
            let all = self.done(&self.operator, Method::GET, "/api/ops/sagas", Value::Null);
            if let Some(saga) = all.await.body()["items"][0]["id"].as_str() {
                return saga.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("nothing is under way");
    }

    /// The payment that a saga waits for.
    pub(crate) async fn payment(&self, saga: &str) -> String {
        let path = format!("/api/ops/sagas/{saga}");
        let saga = self.done(&self.operator, Method::GET, &path, Value::Null);
        let order = saga.await.field("orderId");
        let path = format!("/api/ops/orders/{order}");
        let order = self.done(&self.operator, Method::GET, &path, Value::Null);
        let payments = order.await.body()["payments"].clone();
        payments[0]["id"].as_str().unwrap().to_owned()
    }

    /// Work that was put aside: it stands at the end of time, as what failed too often does.
    pub(crate) async fn work(&self) -> String {
        let house = self.a.id.parse::<domain::organisations::OrganisationId>();
        let db = &self.world.db;
        let number = house.unwrap().organisation();
        let id = base::Uid::make(&self.clock, &self.random, number);
        let mut commit = db.new_commit(number);
        let end = base::Time::from_micros(i64::MAX);
        let job = engine::Job::new("hook.deliver", "{}").not_before(end);
        job.enqueue(id, &mut commit);
        db.commit(commit, &db.deadline()).await.unwrap();
        base::uid::spell("job", id).to_string()
    }

    /// Puts something of everything into the draft of a place, which was begun, publishes it, and tries a file on it.
    async fn publish(&self, owner: &Shown, at: &str) -> Sold {
        let draft = format!("{at}/menu/draft");
        let rates = json!({"delivery": 100_000, "pickup": 100_000, "dine_in": 100_000});
        let head = json!({
            "currency": "EUR", "language": "de", "taxesIncluded": "included",
            "taxes": [{"key": "food", "rates": rates}],
        });
        let head = json!({"version": 1, "head": head});
        self.done(owner, Method::PATCH, &draft, head).await;
        let name = json!({"main": self.name()});
        let item = json!({"name": name, "price": {"amount": "9.00"}, "tax": "food"});
        let item = self.made(owner, &format!("{at}/menu/items"), item).await;
        let all = json!({"name": {"main": self.name()}, "items": [item]});
        let path = format!("{at}/menu/categories");
        let category = self.made(owner, &path, all).await;
        self.publish_now(owner, at).await;
        // Another revision, so that there is one to compare it with.
        let all = json!({"name": {"main": self.name()}, "items": [item]});
        self.made(owner, &path, all).await;
        self.publish_now(owner, at).await;
        // Nobody sells a group that has no choices, but there is one.
        let choice = json!({"name": {"main": self.name()}, "min": 0, "max": 1});
        let path = format!("{at}/menu/groups");
        let group = self.made(owner, &path, choice).await;
        // No menu, and only tried: it is refused, and can be read afterwards.
        let path = format!("{at}/menu/import?format=csv&dry=true");
        Sold {
            import: self.made(owner, &path, "soup".into()).await,
            revision: "2".to_owned(),
            item,
            category,
            group,
        }
    }

    /// Publishes the draft of a place as it stands.
    async fn publish_now(&self, owner: &Shown, at: &str) {
        let draft = format!("{at}/menu/draft");
        let now = self.done(owner, Method::GET, &draft, Value::Null).await;
        let version = json!({"version": now.body()["version"]});
        let path = format!("{at}/menu/publish");
        self.done(owner, Method::POST, &path, version).await;
    }

    /// Makes something and answers its id.
    pub(crate) async fn made(&self, by: &Shown, path: &str, body: Value) -> String {
        let id = self.done(by, Method::POST, path, body).await.field("id");
        assert!(!id.is_empty(), "{path} names nothing that it made");
        id
    }
}

/// The terms of an offer.
pub(crate) fn terms(name: &str) -> Value {
    json!({"name": name, "gives": {"kind": "percent", "percent": "20"}, "currency": "EUR"})
}

/// A cart at the first restaurant of a house, with a line that is called 1.
pub(crate) fn cart(house: &House) -> Value {
    json!({
        "restaurantId": house.restaurants[0], "serviceType": "pickup",
        "items": [{"line": "1", "menuItemId": house.sold.item, "quantity": 1}],
    })
}

/// One of what the house sells, to be fetched and paid there.
pub(crate) fn basket(house: &House) -> Value {
    json!({
        "restaurantId": house.restaurants[0],
        "serviceType": "pickup",
        "payment": {"method": "cash"},
        "items": [{"menuItemId": house.sold.item, "quantity": 1}],
    })
}
