//! Bills that several share: who pays what, what is given back to whom, and payments whose payers have to do something.

use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::kitchen::Kitchen;
use super::world::{Said, Shop, eventually, on_both};

on_both!(
    a_bill_is_shared_by_lines_and_goes_back_by_lines,
    a_bill_is_shared_by_shares_and_amounts,
    what_does_not_add_up_is_no_way_to_share,
    each_payment_that_waits_for_its_payer_goes_on,
    a_line_that_is_taken_out_is_taken_off_whose_it_is,
);

async fn own(kitchen: &Kitchen, (diner, order): (&str, &str)) -> Value {
    let path = format!("/api/orders/{order}");
    let said = kitchen.shop.ask((diner, ""), Method::GET, &path, None);
    said.await.good()
}

fn id(order: &Value) -> String {
    order["id"].as_str().unwrap().to_owned()
}

fn card(token: &str) -> Value {
    json!({"method": "card", "token": token})
}

/// The basket of 25.00 and 2.00, with a tip of 2.70, shared so.
fn shared(kitchen: &Kitchen, split: Value) -> Value {
    let mut basket = kitchen.basket();
    basket["tip"] = "2.70".into();
    basket["split"] = split;
    basket
}

/// What is shown of the payments: how, how much, how it stands, what of it was taken and given back, and for which lines.
fn payments(order: &Value) -> Vec<[String; 6]> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let fields = ["method", "amount", "state", "captured", "refunded", "lines"];
    let all = order["payments"].as_array().unwrap().iter();
    all.map(|one| fields.map(|field| text(&one[field])))
        .collect()
}

async fn secured(kitchen: &Kitchen, (diner, order): (&str, &str)) -> Value {
    eventually(async || own(kitchen, (diner, order)).await["payment"] == "secured").await;
    own(kitchen, (diner, order)).await
}

async fn hand_over(kitchen: &Kitchen, order: &str) {
    for status in ["confirmed", "preparing", "ready_for_pickup", "collected"] {
        kitchen.set(order, json!({"status": status})).await.good();
    }
}

async fn refund(kitchen: &Kitchen, order: &str, body: Value) -> Said {
    let path = format!("/api/orders/{order}/refunds");
    kitchen.shop.post(&path, body).await
}

/// All that was granted has moved.
async fn executed(kitchen: &Kitchen, order: &str) {
    let path = format!("/api/orders/{order}/refunds");
    eventually(async || {
        let all = kitchen.shop.get(&path).await.good();
        let mut all = all["items"].as_array().unwrap().iter();
        all.all(|one| one["state"] == "executed")
    })
    .await;
}

/// What stands on an account of the organisation.
async fn on(kitchen: &Kitchen, account: &str) -> i64 {
    let ledger = &kitchen.shop.node.more.commerce.ledger;
    let house = super::world::uid(&kitchen.organisation).organisation();
    let sums = ledger.trial_balance(house).await.unwrap();
    assert!(sums.is_balanced());
    let found = sums.iter().find(|(one, _)| one.to_string() == account);
    found.map_or(0, |(_, sum)| sum.minor())
}

async fn a_bill_is_shared_by_lines_and_goes_back_by_lines(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let mut basket = shared(&kitchen, Value::Null);
    let cake = json!({"menuItemId": kitchen.cake, "quantity": 1, "line": "cake"});
    basket["items"].as_array_mut().unwrap().push(cake);
    basket["tip"] = "3.20".into();
    basket["split"] = json!({"by": "lines", "parts": [
        {"lines": ["2"], "payment": card("ok")},
        {"lines": ["1"], "payment": card("ok")},
        {"lines": ["cake"], "payment": {"method": "cash"}},
    ]});
    let order = id(&kitchen.order((&diner, "k"), basket).await.good());
    let seen = secured(&kitchen, (&diner, &order)).await;
    // The tip is a tenth of the lines, so each gives a tenth of his.
    let held = |minor: &str, lines: &str| {
        ["card", minor, "authorised", "0.00", "0.00", lines].map(str::to_owned)
    };
    let cash = |state: &str, taken: &str| {
        ["cash", "5.50", state, taken, "0.00", r#"["cake"]"#].map(str::to_owned)
    };
    assert_eq!(
        payments(&seen),
        [
            held("2.20", r#"["2"]"#),
            held("27.50", r#"["1"]"#),
            cash("open", "0.00")
        ]
    );
    assert_eq!(payments(&kitchen.see(&order).await), payments(&seen));
    hand_over(&kitchen, &order).await;
    eventually(async || on(&kitchen, "diner").await == 0).await;
    assert_eq!(on(&kitchen, "cash").await, 550);
    assert_eq!(on(&kitchen, "provider:test").await, 2_970);
    // What was paid for the water goes back to whoever paid the water, the tip to all of them.
    let water = json!({"lines": [{"line": "2"}], "reason": "missing"});
    refund(&kitchen, &order, water).await.good();
    executed(&kitchen, &order).await;
    let seen = own(&kitchen, (&diner, &order)).await;
    let moved = |seen: &Value| payments(seen).map_refunded();
    assert_eq!(moved(&seen), ["2.00", "0.00"]);
    let tip = json!({"lines": [{}], "reason": "goodwill"});
    refund(&kitchen, &order, tip).await.good();
    executed(&kitchen, &order).await;
    assert_eq!(
        moved(&own(&kitchen, (&diner, &order)).await),
        ["2.20", "2.50"]
    );
    assert_eq!(on(&kitchen, "cash").await, 500);
    refund(&kitchen, &order, json!({"reason": "quality"}))
        .await
        .good();
    executed(&kitchen, &order).await;
    for account in ["diner", "cash", "provider:test"] {
        assert_eq!(on(&kitchen, account).await, 0, "{account}");
    }
    kitchen.shop.verify().await;
}

/// What was given back of each payment that has an id.
trait Refunded {
    fn map_refunded(self) -> Vec<String>;
}

impl Refunded for Vec<[String; 6]> {
    fn map_refunded(self) -> Vec<String> {
        let cards = self.into_iter().filter(|one| one[0] == "card");
        cards.map(|[_, _, _, _, refunded, _]| refunded).collect()
    }
}

async fn a_bill_is_shared_by_shares_and_amounts(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let parts = json!([
        {"payment": card("ok")}, {"payment": card("ok")}, {"weight": 2, "payment": card("ok")},
    ]);
    let body = shared(&kitchen, json!({"by": "share", "parts": parts}));
    let order = id(&kitchen.order((&diner, ""), body).await.good());
    let seen = secured(&kitchen, (&diner, &order)).await;
    let amounts: Vec<String> = payments(&seen)
        .into_iter()
        .map(|one| one[1].clone())
        .collect();
    assert_eq!(amounts, ["7.43", "7.42", "14.85"]);
    hand_over(&kitchen, &order).await;
    eventually(async || on(&kitchen, "provider:test").await == 2_970).await;
    let part = json!({"lines": [{"line": "1", "amount": "8.00"}], "reason": "wrong"});
    refund(&kitchen, &order, part).await.good();
    executed(&kitchen, &order).await;
    let seen = own(&kitchen, (&diner, &order)).await;
    assert_eq!(payments(&seen).map_refunded(), ["2.00", "2.00", "4.00"]);

    let parts = json!([
        {"amount": "20.00", "payment": card("ok")}, {"payment": {"method": "cash"}},
    ]);
    let body = shared(&kitchen, json!({"by": "amount", "parts": parts}));
    let order = id(&kitchen.order((&diner, ""), body).await.good());
    let seen = secured(&kitchen, (&diner, &order)).await;
    assert_eq!(seen["payments"][1]["amount"], "9.70");
    // One part that is refused ends the order, and nothing is taken of the others.
    let parts = json!([{"payment": card("ok")}, {"payment": card("refused")}]);
    let body = shared(&kitchen, json!({"by": "share", "parts": parts}));
    let order = id(&kitchen.order((&diner, ""), body).await.good());
    eventually(async || {
        let seen = own(&kitchen, (&diner, &order)).await;
        let mut all = payments(&seen).into_iter();
        seen["status"] == "cancelled"
            && all.all(|one| ["cancelled", "failed"].contains(&one[2].as_str()))
    })
    .await;
    kitchen.shop.verify().await;
}

async fn what_does_not_add_up_is_no_way_to_share(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let cash = json!({"method": "cash"});
    for (by, parts) in [
        // A line that nobody pays, one that two pay, one that there is not.
        ("lines", json!([{"lines": ["1"], "payment": cash}])),
        (
            "lines",
            json!([{"lines": ["1", "2"], "payment": cash}, {"lines": ["2"], "payment": cash}]),
        ),
        (
            "lines",
            json!([{"lines": ["1", "2"], "payment": cash}, {"lines": ["3"], "payment": cash}]),
        ),
        ("lines", json!([{"payment": cash}])),
        (
            "amount",
            json!([{"amount": "29.00", "payment": cash}, {"amount": "0.71", "payment": cash}]),
        ),
        (
            "amount",
            json!([{"amount": "29.70", "payment": cash}, {"payment": cash}]),
        ),
        ("amount", json!([{"payment": cash}, {"payment": cash}])),
        ("share", json!([{"amount": "29.70", "payment": cash}])),
        (
            "share",
            json!([{"payment": {"method": "cash", "amount": "29.70"}}]),
        ),
        ("share", json!([])),
    ] {
        let split = json!({"by": by, "parts": parts});
        let said = kitchen.order((&diner, ""), shared(&kitchen, split)).await;
        assert_eq!(said.status, 422, "{said:?}");
    }
    let mut twice = shared(
        &kitchen,
        json!({"by": "share", "parts": [{"payment": cash}]}),
    );
    twice["payment"] = cash;
    let said = kitchen.order((&diner, ""), twice).await;
    assert_eq!(said.status, 422, "{said:?}");
}

async fn each_payment_that_waits_for_its_payer_goes_on(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let payment =
        json!({"method": "card", "token": "action", "returnUrl": "https://app.example/back"});
    let parts = json!([{"payment": payment}, {"payment": card("ok")}, {"payment": payment}]);
    let body = shared(&kitchen, json!({"by": "share", "parts": parts}));
    let order = id(&kitchen.order((&diner, ""), body).await.good());
    let waiting = |seen: &Value| -> Vec<String> {
        let all = seen["payments"].as_array().unwrap().iter();
        let waiting = all.filter(|one| one["action"]["type"] == "redirect");
        waiting.map(id).collect()
    };
    eventually(async || waiting(&own(&kitchen, (&diner, &order)).await).len() == 2).await;
    let seen = own(&kitchen, (&diner, &order)).await;
    assert_eq!(seen["paymentUrl"], seen["payments"][0]["action"]["url"]);
    let ids = waiting(&seen);
    let path = format!("/api/orders/{order}/payment");
    let back = async |body: Value| {
        let said = kitchen
            .shop
            .ask((&diner, ""), Method::POST, &path, Some(body));
        said.await
    };
    // Which one it is has to be said, and it is one of this order.
    assert_eq!(back(json!({"query": "?done=1"})).await.status, 422);
    let absent = testkit::ids::absent(&ids[0]);
    let said = back(json!({"query": "?done=1", "payment": absent})).await;
    assert_eq!(said.status, 404);
    let said = back(json!({"query": "?done=1", "payment": ids[1]})).await;
    assert_eq!(waiting(&said.good()), ids[..1]);
    assert_eq!(own(&kitchen, (&diner, &order)).await["payment"], "waiting");
    let said = back(json!({"query": "?done=1"})).await.good();
    assert_eq!(waiting(&said), Vec::<String>::new());
    let seen = secured(&kitchen, (&diner, &order)).await;
    assert_eq!(seen["paymentUrl"], Value::Null);
    kitchen.shop.verify().await;
}

async fn a_line_that_is_taken_out_is_taken_off_whose_it_is(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let split = json!({"by": "lines", "parts": [
        {"lines": ["1"], "payment": card("ok")},
        {"lines": ["2"], "payment": {"method": "cash"}},
    ]});
    let body = shared(&kitchen, split);
    let lines = |quantity: u32| json!({"quantity": [{"line": "1", "quantity": quantity}], "reason": "sold_out"});
    let order = id(&kitchen.order((&diner, ""), body).await.good());
    secured(&kitchen, (&diner, &order)).await;
    kitchen
        .set(&order, json!({"status": "confirmed"}))
        .await
        .good();
    let taken = async |captured: &str, refunded: &str| {
        eventually(async || {
            let seen = own(&kitchen, (&diner, &order)).await;
            let [_, _, _, was, back, _] = payments(&seen).remove(0);
            (was.as_str(), back.as_str()) == (captured, refunded)
        })
        .await;
    };
    taken("27.50", "0.00").await;
    // One of two pizzas: who paid for them has 12.50 back, and the water is paid in cash as before.
    let path = format!("/api/orders/{order}/lines");
    kitchen.shop.patch(&path, lines(1)).await.good();
    taken("27.50", "12.50").await;
    let seen = own(&kitchen, (&diner, &order)).await;
    assert_eq!(payments(&seen)[1][1], "2.20");
    for status in ["preparing", "ready_for_pickup", "collected"] {
        kitchen.set(&order, json!({"status": status})).await.good();
    }
    assert_eq!(on(&kitchen, "cash").await, 220);
    assert_eq!(on(&kitchen, "diner").await, 0);
    kitchen.shop.verify().await;
}
