//! A restaurant that can be ordered from: open all day, delivering around itself, with a published menu.

use http::Method;
use serde_json::{Value, json};

use super::world::{Said, Shop};

/// Where it is, and where it is brought to.
pub(crate) const NEAR: (f64, f64) = (40.851, 14.26);

/// The restaurant and what it sells.
pub(crate) struct Kitchen {
    pub(crate) shop: Shop,
    pub(crate) organisation: String,
    pub(crate) restaurant: String,
    /// 12.50, as many as anybody wants.
    pub(crate) pizza: String,
    /// 2.00, as many as anybody wants.
    pub(crate) water: String,
    /// 5.00; [`Kitchen::count`] says how many there are.
    pub(crate) cake: String,
    /// An option of the pizza, 3.00.
    pub(crate) large: String,
    /// The group of that option.
    pub(crate) sizes: String,
}

impl Kitchen {
    /// Opens a restaurant in a shop.
    pub(crate) async fn open(shop: Shop) -> Self {
        let organisation = shop.organisation("Gruppo").await;
        let restaurant = shop.restaurant(&organisation, None).await;
        let at = format!("/api/restaurants/{restaurant}");
        serve(&shop, &at).await;
        let [pizza, water, cake, large, sizes] = write(&shop, &at).await;
        publish(&shop, &at).await;
        Kitchen {
            shop,
            organisation,
            restaurant,
            pizza,
            water,
            cake,
            large,
            sizes,
        }
    }

    /// The path of the restaurant.
    pub(crate) fn at(&self) -> String {
        format!("/api/restaurants/{}", self.restaurant)
    }

    /// A body with two pizzas and a water, to be fetched and paid there: 27.00.
    pub(crate) fn basket(&self) -> Value {
        json!({
            "restaurantId": self.restaurant,
            "serviceType": "pickup",
            "items": [
                {"menuItemId": self.pizza, "quantity": 2},
                {"menuItemId": self.water, "quantity": 1},
            ],
        })
    }

    /// The pizza costs something else from now on.
    pub(crate) async fn costs(&self, amount: &str) {
        let price = json!({"price": {"amount": amount}});
        let pizza = format!("items/{}", self.pizza);
        self.rewrite(&pizza, price).await;
    }

    /// Something of a part of the menu is another from now on.
    pub(crate) async fn rewrite(&self, part: &str, mut edit: Value) {
        let draft = format!("{}/menu/draft?limit=1", self.at());
        edit["version"] = self.shop.get(&draft).await.good()["version"].clone();
        let path = format!("{}/menu/{part}", self.at());
        self.shop.patch(&path, edit).await.good();
        publish(&self.shop, &self.at()).await;
    }

    /// So many of the counted item are left.
    pub(crate) async fn count(&self, left: u32) {
        let path = format!("{}/menu/stock/{}", self.at(), self.cake);
        let said = self.shop.put(&path, json!({"left": left})).await;
        said.good();
    }

    /// How many of the counted item are left.
    pub(crate) async fn left(&self) -> Value {
        let path = format!("{}/menu/stock", self.at());
        let stock = self.shop.get(&path).await.good();
        let mut items = stock["items"].as_array().unwrap().iter();
        let cake = items.find(|one| one["item"] == self.cake.as_str());
        cake.map_or(Value::Null, |cake| cake["left"].clone())
    }

    /// Somebody orders, under a key if it is not empty.
    pub(crate) async fn order(&self, (who, key): (&str, &str), body: Value) -> Said {
        let path = "/api/orders";
        self.shop
            .ask((who, key), Method::POST, path, Some(body))
            .await
    }

    /// Somebody who works there says how an order stands.
    pub(crate) async fn set(&self, order: &str, status: Value) -> Said {
        let path = format!("/api/orders/{order}/status");
        self.shop.patch(&path, status).await
    }

    /// An order as the restaurant sees it.
    pub(crate) async fn see(&self, order: &str) -> Value {
        let path = format!("{}/orders/{order}", self.at());
        self.shop.get(&path).await.good()
    }
}

/// It serves everybody at any time, and brings what costs 10.00 at least.
async fn serve(shop: &Shop, at: &str) {
    let days = json!(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
    let always = json!([{"days": days, "from": "00:00", "to": "00:00"}]);
    let weeks = json!({"delivery": always, "pickup": always, "dine_in": always});
    let hours = json!({"weeks": weeks, "version": 0});
    shop.put(&format!("{at}/hours"), hours).await.good();
    let here = json!({"position": {"lat": 40.85, "lng": 14.26}, "version": 0});
    shop.patch(&format!("{at}/profile"), here).await.good();
    let zone = json!({
        "name": "Near", "radiusMetres": 2000, "fee": "2.50", "minimum": "10.00", "minutes": 20,
    });
    let zones = json!({"zones": [zone], "version": 0});
    shop.put(&format!("{at}/zones"), zones).await.good();
}

/// Writes the draft, and gives the ids of its parts.
async fn write(shop: &Shop, at: &str) -> [String; 5] {
    let rates = json!({"delivery": 100_000, "pickup": 100_000, "dine_in": 100_000});
    let head = json!({
        "currency": "EUR", "language": "en", "taxesIncluded": "included",
        "taxes": [{"key": "food", "rates": rates}],
    });
    let draft = format!("{at}/menu/draft");
    let head = json!({"version": 0, "head": head});
    shop.patch(&draft, head).await.good();
    let add = async |kind: &str, part: Value| {
        let path = format!("{at}/menu/{kind}");
        let made = shop.post(&path, part).await.good();
        made["id"].as_str().unwrap().to_owned()
    };
    let item = |name: &str, amount: &str| json!({"name": {"main": name}, "price": {"amount": amount}, "tax": "food"});
    let mut large = item("Large", "3.00");
    large["alone"] = false.into();
    let large = add("items", large).await;
    let sizes = json!({
        "name": {"main": "Size"}, "min": 0, "max": 1, "choices": [{"item": large}],
    });
    let sizes = add("groups", sizes).await;
    let mut pizza = item("Pizza of the house", "12.50");
    pizza["groups"] = json!([sizes]);
    let pizza = add("items", pizza).await;
    let water = add("items", item("Water", "2.00")).await;
    let cake = add("items", item("Cake", "5.00")).await;
    let all = json!({"name": {"main": "All"}, "items": [pizza, water, cake]});
    add("categories", all).await;
    [pizza, water, cake, large, sizes]
}

/// Publishes the draft as it is.
async fn publish(shop: &Shop, at: &str) {
    let draft = shop.get(&format!("{at}/menu/draft?limit=1")).await.good();
    let body = json!({"version": draft["version"]});
    shop.post(&format!("{at}/menu/publish"), body).await.good();
}
