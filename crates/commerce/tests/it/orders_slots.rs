//! Changes and the slot of an order: what is added is taken of it, what is taken out is given back, and nothing is taken
//! beyond it. Also, what a diner cannot go below, and changes that are taken back.

use std::time::Duration;

use base::{Clock, Time};
use carte::{Channel, Service};
use commerce::capacity::{Asked, Decided};
use futures_util::{StreamExt, stream};
use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;
use trade::capacity::Goods;
use trade::orders::OrderId;
use trade::payments::State;

use super::kitchen::{Kitchen, NEAR};
use super::world::{Said, Shop, eventually, on_both};

on_both!(
    a_slot_goes_along_with_the_lines,
    what_is_begun_gives_no_time_back,
    money_is_counted_with_the_lines,
    many_changes_take_no_more_than_there_is,
    a_diner_keeps_to_the_minimum_of_his_place,
    a_delivery_without_a_place_goes_by_the_rule,
    a_proposal_is_taken_back_by_whose_it_is,
    money_on_its_way_is_let_go_when_a_change_is_taken_back,
);

/// A kitchen whose items take five minutes each, with slots for so much, and a time in one of them.
struct Busy {
    kitchen: Kitchen,
    diner: String,
    at: Time,
}

impl Busy {
    async fn open(engine: Engine, limit: Value) -> Self {
        let kitchen = Kitchen::open(Shop::working(engine).await).await;
        kitchen.count(90).await;
        let days = json!(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
        let mut rule = limit;
        rule["when"] = json!({"days": days, "from": "00:00", "to": "24:00"});
        let body = json!({"itemMinutes": 5, "rules": [rule], "version": 0});
        let path = format!("{}/capacity", kitchen.at());
        kitchen.shop.put(&path, body).await.good();
        let diner = kitchen.shop.person(&[]);
        let at = Clock::real().now().plus(Duration::from_secs(1_800));
        Busy {
            at: at.unwrap(),
            kitchen,
            diner,
        }
    }

    /// So many cakes and waters, to be fetched then.
    async fn order(&self, (cakes, waters): (u32, u32)) -> String {
        let item = |item: &str, quantity: u32| json!({"menuItemId": item, "quantity": quantity});
        let all = [(&self.kitchen.cake, cakes), (&self.kitchen.water, waters)];
        let all = all.iter().filter(|(_, quantity)| *quantity > 0);
        let items: Vec<Value> = all.map(|(id, quantity)| item(id, *quantity)).collect();
        let body = json!({
            "restaurantId": self.kitchen.restaurant, "serviceType": "pickup", "items": items,
            "wantedAt": self.at,
        });
        let order = self.kitchen.order((&self.diner, ""), body).await.good();
        order["id"].as_str().unwrap().to_owned()
    }

    /// How many minutes of work the slot takes besides, up to twenty.
    async fn free(&self) -> u16 {
        let times = (Clock::real().now(), self.at);
        for minutes in (1..=20).rev() {
            if let Decided::Take(_) = decided(&self.kitchen, minutes, times).await {
                return minutes;
            }
        }
        0
    }

    async fn lines(&self, order: &str, body: Value) -> Said {
        let path = format!("/api/orders/{order}/lines");
        self.kitchen.shop.patch(&path, body).await
    }

    async fn own(&self, order: &str, body: Value) -> Said {
        let path = format!("/api/orders/{order}");
        self.ask(Method::PATCH, &path, Some(body)).await
    }

    async fn say(&self, order: &str, proposal: &Value, accept: bool) -> Said {
        let path = format!("/api/orders/{order}/consent");
        let body = json!({"proposal": proposal, "accept": accept});
        self.ask(Method::POST, &path, Some(body)).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Said {
        let shop = &self.kitchen.shop;
        shop.ask((&self.diner, ""), method, path, body).await
    }
}

/// What is said to so many minutes of work that are asked for now and to be done by a time.
pub(crate) async fn decided(kitchen: &Kitchen, minutes: u16, (now, at): (Time, Time)) -> Decided {
    let goods = [Goods {
        minutes: Some(minutes),
        quantity: 1,
    }];
    let asked = Asked {
        restaurant: kitchen.restaurant.parse().unwrap(),
        service: Service::Pickup,
        channel: &Channel::default(),
        now,
        wanted_at: Some(at),
        goods: &goods,
        money_minor: 0,
    };
    let capacity = &kitchen.shop.node.more.commerce.capacity;
    capacity.find(&asked).await.unwrap()
}

fn cakes(quantity: u32) -> Value {
    json!({"quantity": [{"line": "1", "quantity": quantity}]})
}

async fn withdraw(kitchen: &Kitchen, order: &str, proposal: &Value) -> Said {
    let path = format!("/api/orders/{order}/lines/withdraw");
    let body = json!({"proposal": proposal});
    kitchen.shop.post(&path, body).await
}

fn is_full(said: &Said) {
    assert_eq!(said.code(), (409, "order_refused"), "{said:?}");
    let field = &said.body["fields"][0];
    assert_eq!(
        (&field["field"], &field["code"]),
        (&json!("wantedAt"), &json!("slot_full"))
    );
}

async fn a_slot_goes_along_with_the_lines(engine: Engine) {
    let busy = Busy::open(engine, json!({"minutesMax": 25})).await;
    // Alone in its slot an order may be as large as it likes: it is not.
    busy.order((0, 1)).await;
    assert_eq!(busy.free().await, 20);
    let order = busy.order((2, 1)).await;
    assert_eq!(busy.free().await, 5);
    busy.lines(&order, cakes(1)).await.good();
    assert_eq!(busy.free().await, 10);
    busy.own(&order, cakes(3)).await.good();
    assert_eq!(busy.free().await, 0);
    is_full(&busy.own(&order, cakes(4)).await);
    is_full(&busy.lines(&order, cakes(4)).await);
    // What takes no longer than what it stands for can be had in a slot that is full.
    let by = json!({"replace": [{"line": "2", "menuItemId": busy.kitchen.cake, "quantity": 1}]});
    let said = busy.lines(&order, by).await.good();
    let number = &said["proposal"]["number"];
    busy.say(&order, number, false).await.good();
    assert_eq!(busy.free().await, 0);
    busy.lines(&order, json!({"remove": ["2"]})).await.good();
    assert_eq!(busy.free().await, 5);
    // What is proposed is set aside until it is answered, or taken back.
    let said = busy.lines(&order, cakes(4)).await.good();
    assert_eq!(busy.free().await, 0);
    let number = &said["proposal"]["number"];
    withdraw(&busy.kitchen, &order, number).await.good();
    assert_eq!(busy.free().await, 5);
    let said = busy.lines(&order, cakes(4)).await.good();
    let number = &said["proposal"]["number"];
    busy.say(&order, number, true).await.good();
    assert_eq!(busy.free().await, 0);
    let body = json!({"reason": "mistake"});
    let path = format!("/api/orders/{order}/cancel");
    busy.ask(Method::POST, &path, Some(body)).await.good();
    assert_eq!(busy.free().await, 20);
    busy.kitchen.shop.verify().await;
}

async fn what_is_begun_gives_no_time_back(engine: Engine) {
    let busy = Busy::open(engine, json!({"minutesMax": 20})).await;
    let order = busy.order((2, 1)).await;
    for status in ["confirmed", "preparing"] {
        let body = json!({"status": status});
        busy.kitchen.set(&order, body).await.good();
    }
    busy.lines(&order, cakes(1)).await.good();
    assert_eq!(busy.free().await, 5);
    // A proposal was never made: what it set aside comes back.
    let said = busy.lines(&order, cakes(2)).await.good();
    assert_eq!(busy.free().await, 0);
    let number = &said["proposal"]["number"];
    withdraw(&busy.kitchen, &order, number).await.good();
    assert_eq!(busy.free().await, 5);
    busy.kitchen.shop.verify().await;
}

async fn money_is_counted_with_the_lines(engine: Engine) {
    let busy = Busy::open(engine, json!({"moneyMax": "16.00"})).await;
    busy.order((0, 1)).await;
    let order = busy.order((2, 1)).await;
    let waters = |quantity: u32| json!({"quantity": [{"line": "2", "quantity": quantity}]});
    busy.own(&order, waters(2)).await.good();
    is_full(&busy.own(&order, waters(3)).await);
    let capacity = format!("{}/capacity", busy.kitchen.at());
    // Limits that have become stricter keep nobody from taking something out.
    let mut stricter = busy.kitchen.shop.get(&capacity).await.good();
    stricter["rules"][0]["moneyMax"] = "6.00".into();
    stricter.as_object_mut().unwrap().remove("currency");
    busy.kitchen.shop.put(&capacity, stricter).await.good();
    let said = busy.own(&order, cakes(1)).await.good();
    assert_eq!(said["total"], "9.00");
    busy.kitchen.shop.verify().await;
}

async fn many_changes_take_no_more_than_there_is(engine: Engine) {
    let busy = Busy::open(engine, json!({"minutesMax": 50})).await;
    let mut orders = Vec::new();
    for _ in 0..6 {
        orders.push(busy.order((1, 0)).await);
    }
    assert_eq!(busy.free().await, 20);
    let asks = orders.iter().map(|order| busy.own(order, cakes(2)));
    let answers: Vec<Said> = stream::iter(asks).buffer_unordered(6).collect().await;
    let good = answers.iter().filter(|said| said.status == 200).count();
    assert_eq!(good, 4, "{answers:?}");
    let refused = answers.iter().filter(|said| said.status != 200);
    refused.for_each(is_full);
    assert_eq!(busy.free().await, 0);
    busy.kitchen.shop.verify().await;
}

async fn a_diner_keeps_to_the_minimum_of_his_place(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    kitchen.count(9).await;
    let diner = kitchen.shop.person(&[]);
    let body = json!({
        "restaurantId": kitchen.restaurant, "deliveryAddress": "Via Toledo 1",
        "position": {"lat": NEAR.0, "lng": NEAR.1},
        "items": [
            {"menuItemId": kitchen.cake, "quantity": 2},
            {"menuItemId": kitchen.water, "quantity": 1},
        ],
    });
    let order = kitchen.order((&diner, ""), body).await.good();
    let id = order["id"].as_str().unwrap();
    let path = format!("/api/orders/{id}");
    let shop = &kitchen.shop;
    let own = async |body| {
        shop.ask((&diner, ""), Method::PATCH, &path, Some(body))
            .await
    };
    let said = own(cakes(1)).await;
    assert_eq!(said.code(), (409, "order_refused"));
    let field = &said.body["fields"][0];
    assert_eq!(
        (&field["field"], &field["code"]),
        (&json!("order"), &json!("below_minimum"))
    );
    let said = own(json!({"remove": ["2"]})).await.good();
    assert_eq!(said["total"], "12.50");
    // What the restaurant has not is not held against him, and what comes nearer to it again he may do.
    let lines = format!("{path}/lines");
    let said = shop.patch(&lines, cakes(1)).await.good();
    assert_eq!(said["total"], "7.50");
    own(cakes(2)).await.good();
    kitchen.shop.verify().await;
}

async fn a_delivery_without_a_place_goes_by_the_rule(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let shop = &kitchen.shop;
    let diner = shop.person(&[]);
    let body = json!({
        "restaurantId": kitchen.restaurant, "deliveryAddress": "Via Toledo 1",
        "items": [{"menuItemId": kitchen.pizza, "quantity": 1}],
    });
    let order = kitchen.order((&diner, ""), body.clone()).await.good();
    assert_eq!(order["deliveryFee"], "2.50");
    let path = format!("{}/order-rules", kitchen.at());
    let mut rules = shop.get(&path).await.good();
    assert_eq!(rules["withoutPosition"], "dearest");
    rules["withoutPosition"] = "refuse".into();
    shop.put(&path, rules).await.good();
    let said = kitchen.order((&diner, ""), body.clone()).await;
    assert_eq!(said.code(), (409, "order_refused"));
    assert_eq!(said.body["fields"][0]["code"], "position_missing");
    let mut placed = body;
    placed["position"] = json!({"lat": NEAR.0, "lng": NEAR.1});
    let order = kitchen.order((&diner, ""), placed).await.good();
    // He has it when it is delivered, and it says so from then on.
    let id = order["id"].as_str().unwrap();
    assert_eq!(order["actualDeliveryTime"], Value::Null);
    let mut last = Value::Null;
    for status in [
        "confirmed",
        "preparing",
        "ready_for_pickup",
        "out_for_delivery",
        "delivered",
    ] {
        last = kitchen.set(id, json!({"status": status})).await.good();
    }
    assert_eq!(last["actualDeliveryTime"], last["updatedAt"]);
}

/// An order by card of which the money is held: two cakes, accepted by the restaurant if that is wanted.
async fn paid(kitchen: &Kitchen, diner: &str, accepted: bool) -> String {
    let body = json!({
        "restaurantId": kitchen.restaurant, "serviceType": "pickup",
        "items": [{"menuItemId": kitchen.cake, "quantity": 2}],
        "payment": {"method": "card", "token": "ok"},
    });
    let order = kitchen.order((diner, ""), body).await.good();
    let id = order["id"].as_str().unwrap().to_owned();
    eventually(async || read(kitchen, diner, &id).await["payment"] == "secured").await;
    if accepted {
        let body = json!({"status": "confirmed"});
        kitchen.set(&id, body).await.good();
    }
    id
}

async fn read(kitchen: &Kitchen, diner: &str, order: &str) -> Value {
    let path = format!("/api/orders/{order}");
    let said = kitchen.shop.ask((diner, ""), Method::GET, &path, None);
    said.await.good()
}

async fn a_proposal_is_taken_back_by_whose_it_is(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    kitchen.count(9).await;
    let shop = &kitchen.shop;
    let diner = shop.person(&[]);
    let order = paid(&kitchen, &diner, true).await;
    let nothing = withdraw(&kitchen, &order, &1.into()).await;
    assert_eq!(nothing.code(), (409, "order_moved"));
    let path = format!("/api/orders/{order}/lines");
    let said = shop.patch(&path, cakes(3)).await.good();
    let number = &said["proposal"]["number"];
    eventually(async || kitchen.left().await == 6).await;
    let other = number.as_i64().unwrap() + 1;
    let said = withdraw(&kitchen, &order, &other.into()).await;
    assert_eq!(said.code(), (409, "version_changed"));
    let elsewhere = shop.restaurant(&kitchen.organisation, None).await;
    let path = format!("/api/orders/{order}/lines/withdraw");
    let body = json!({"proposal": number});
    for who in [shop.person(&[&elsewhere]), diner.clone()] {
        let said = shop.ask((&who, ""), Method::POST, &path, Some(body.clone()));
        assert_eq!(said.await.code(), (404, "not_found"));
    }
    let said = withdraw(&kitchen, &order, number).await.good();
    assert_eq!(said["proposal"], Value::Null);
    let seen = read(&kitchen, &diner, &order).await;
    assert_eq!(
        (&seen["proposal"], &seen["total"]),
        (&Value::Null, &json!("10.00"))
    );
    eventually(async || kitchen.left().await == 7).await;
    let path = format!("/api/orders/{order}/consent");
    let yes = json!({"proposal": number, "accept": true, "payment": {"token": "ok"}});
    let late = shop.ask((&diner, ""), Method::POST, &path, Some(yes));
    assert_eq!(late.await.code(), (409, "order_moved"));
    kitchen.shop.verify().await;
}

async fn money_on_its_way_is_let_go_when_a_change_is_taken_back(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    kitchen.count(9).await;
    let shop = &kitchen.shop;
    let diner = shop.person(&[]);
    // The diner's own change waits for him to confirm a payment: nobody takes it back for him.
    let order = paid(&kitchen, &diner, false).await;
    let mut more = cakes(3);
    more["payment"] = json!({"token": "action", "returnUrl": "https://app.example/back"});
    let path = format!("/api/orders/{order}");
    let said = shop.ask((&diner, ""), Method::PATCH, &path, Some(more));
    let number = said.await.good()["proposal"]["number"].clone();
    eventually(async || read(&kitchen, &diner, &order).await["paymentUrl"].is_string()).await;
    let said = withdraw(&kitchen, &order, &number).await;
    assert_eq!(said.code(), (403, "forbidden"));
    let path = format!("/api/orders/{order}/consent");
    let no = json!({"proposal": number, "accept": false});
    let said = shop.ask((&diner, ""), Method::POST, &path, Some(no));
    assert_eq!(said.await.good()["proposal"], Value::Null);
    // What the payer was asked for is asked for no more, at once; what was held before is held.
    let id: OrderId = order.parse().unwrap();
    let payments = &shop.node.more.commerce.payments;
    let states = async || {
        let all = payments.of_order(id).await.unwrap();
        all.iter().map(|one| one.state).collect::<Vec<_>>()
    };
    let wanted = [State::Authorised, State::Cancelled];
    eventually(async || states().await == wanted).await;
    let body = json!({"status": "confirmed"});
    kitchen.set(&order, body).await.good();
    eventually(async || {
        let all = payments.of_order(id).await.unwrap();
        all.iter().map(|one| one.captured_minor).sum::<i64>() == 1_000
    })
    .await;
    kitchen.shop.verify().await;
}
