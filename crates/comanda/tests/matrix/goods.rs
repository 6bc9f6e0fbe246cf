//! What an organisation sells and was asked for: a menu that is open all day, an order of it, offers, a webhook.

use http::Method;
use serde_json::{Value, json};

use crate::ask::Shown;
use crate::world::{House, Town};

impl Town {
    /// Lets the first restaurant of a house sell something, and somebody order it.
    pub(crate) async fn sell(&self, house: &mut House) {
        let owner = house.owner_shown.clone();
        let at = format!("/api/restaurants/{}", house.restaurants[0]);
        let days = json!(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
        let always = json!([{"days": days, "from": "00:00", "to": "00:00"}]);
        let weeks = json!({"delivery": always, "pickup": always, "dine_in": always});
        let hours = json!({"weeks": weeks, "version": 0});
        self.done(&owner, Method::PUT, &format!("{at}/hours"), hours)
            .await;
        house.item = self.publish(&owner, &at).await;
        // Nobody is to answer an order, and none is to expire while everybody is asked.
        let rules = json!({
            "autoAccept": false, "acceptSeconds": 3600, "paySeconds": 3600, "wakeSeconds": 1800,
            "cancelSeconds": 3600, "version": 0,
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
    }

    /// An order of the house's first restaurant by somebody, to be paid there.
    pub(crate) async fn order(&self, by: &Shown, house: &House) -> String {
        self.made(by, "/api/orders", basket(house)).await
    }

    /// Puts an item into the draft, which was begun, and publishes it.
    async fn publish(&self, owner: &Shown, at: &str) -> String {
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
        self.made(owner, &format!("{at}/menu/categories"), all)
            .await;
        let now = self.done(owner, Method::GET, &draft, Value::Null).await;
        let version = json!({"version": now.body()["version"]});
        let path = format!("{at}/menu/publish");
        self.done(owner, Method::POST, &path, version).await;
        item
    }

    /// Makes something and answers its id.
    async fn made(&self, by: &Shown, path: &str, body: Value) -> String {
        let id = self.done(by, Method::POST, path, body).await.field("id");
        assert!(!id.is_empty(), "{path} names nothing that it made");
        id
    }
}

/// The terms of an offer.
pub(crate) fn terms(name: &str) -> Value {
    json!({"name": name, "gives": {"kind": "percent", "percent": "20"}, "currency": "EUR"})
}

/// One of what the house sells, to be fetched and paid there.
pub(crate) fn basket(house: &House) -> Value {
    json!({
        "restaurantId": house.restaurants[0],
        "serviceType": "pickup",
        "payment": {"method": "cash"},
        "items": [{"menuItemId": house.item, "quantity": 1}],
    })
}
