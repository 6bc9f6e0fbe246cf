//! Tips: in an order and after it, for whom they are, and what becomes of them when something goes wrong.

use std::time::Duration;

use base::Clock;
use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;
use trade::orders::OrderId;
use trade::payments::{Act, Intent, State};

use super::kitchen::{Kitchen, NEAR};
use super::world::{Said, Shop, eventually, on_both};

on_both!(
    a_tip_is_taken_once_and_owed_to_those_for_whom_it_is,
    only_who_has_ordered_tips_and_only_what_was_accepted,
    a_tip_comes_until_a_month_after_the_end,
    a_tip_that_is_refused_costs_nothing,
    an_answer_that_is_lost_is_looked_up,
    a_tip_comes_back_with_an_order_that_comes_to_nothing,
    what_the_bill_gives_back_is_not_the_tip,
    a_tip_is_paid_with_credit_that_is_there,
    who_has_to_confirm_a_tip_has_his_time,
    tips_in_orders_say_for_whom_they_are,
);

fn id(order: &Value) -> String {
    order["id"].as_str().unwrap().to_owned()
}

/// The basket, paid in cash, as far as this.
async fn ordered(kitchen: &Kitchen, diner: &str, statuses: &[&str]) -> String {
    let order = kitchen.order((diner, ""), kitchen.basket()).await.good();
    go(kitchen, &id(&order), statuses).await;
    id(&order)
}

async fn go(kitchen: &Kitchen, order: &str, statuses: &[&str]) {
    for status in statuses {
        kitchen.set(order, json!({"status": status})).await.good();
    }
}

const TO_THE_END: [&str; 4] = ["confirmed", "preparing", "ready_for_pickup", "collected"];

async fn tip(kitchen: &Kitchen, (who, key): (&str, &str), order: &str, body: Value) -> Said {
    let path = format!("/api/orders/{order}/tips");
    let (shop, body) = (&kitchen.shop, Some(body));
    shop.ask((who, key), Method::POST, &path, body).await
}

/// So much for the kitchen, by card.
fn by_card(amount: &str, token: &str) -> Value {
    let payment =
        json!({"method": "card", "token": token, "returnUrl": "https://app.example/back"});
    json!({"amount": amount, "recipient": "kitchen", "payment": payment})
}

async fn own(kitchen: &Kitchen, (diner, order): (&str, &str)) -> Value {
    let path = format!("/api/orders/{order}");
    let said = kitchen.shop.ask((diner, ""), Method::GET, &path, None);
    said.await.good()
}

/// Waits until the last tip of an order stands so, and gives it.
async fn stands(kitchen: &Kitchen, which: (&str, &str), state: &str) -> Value {
    let last = async || {
        own(kitchen, which).await["tips"]
            .as_array()?
            .last()
            .cloned()
    };
    eventually(async || last().await.is_some_and(|tip| tip["state"] == state)).await;
    last().await.unwrap()
}

async fn payments(kitchen: &Kitchen, order: &str) -> Vec<Intent> {
    let id: OrderId = order.parse().unwrap();
    let payments = &kitchen.shop.node.more.commerce.payments;
    payments.all_of_order(id).await.unwrap()
}

/// The payment of the tip of an order that has one.
async fn payment(kitchen: &Kitchen, order: &str) -> Intent {
    let all = payments(kitchen, order).await.into_iter();
    let mut tips = all.filter(|intent| intent.covers.is_tip());
    tips.next().unwrap()
}

/// What stands on accounts of the organisation; all of them together are always nothing.
async fn on<const N: usize>(kitchen: &Kitchen, accounts: [&str; N]) -> [i64; N] {
    let ledger = &kitchen.shop.node.more.commerce.ledger;
    let house = super::world::uid(&kitchen.organisation).organisation();
    let sums = ledger.trial_balance(house).await.unwrap();
    assert!(sums.is_balanced());
    accounts.map(|account| {
        let found = sums.iter().find(|(one, _)| one.to_string() == account);
        found.map_or(0, |(_, sum)| sum.minor())
    })
}

async fn a_tip_is_taken_once_and_owed_to_those_for_whom_it_is(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let order = ordered(&kitchen, &diner, &TO_THE_END).await;
    let given = tip(&kitchen, (&diner, "t"), &order, by_card("2.00", "ok")).await;
    assert_eq!(given.status, 201, "{given:?}");
    assert_eq!(
        (&given.body["state"], &given.body["recipient"]),
        (&json!("asked"), &json!("kitchen"))
    );
    let again = tip(&kitchen, (&diner, "t"), &order, by_card("2.00", "ok")).await;
    assert_eq!((again.status.as_u16(), &again.body), (201, &given.body));
    let other = tip(&kitchen, (&diner, "t"), &order, by_card("3.00", "ok")).await;
    assert_eq!(other.code(), (422, "idempotency_other_body"));
    stands(&kitchen, (&diner, &order), "paid").await;
    let nobody_said = json!({"amount": "0.50", "payment": {"method": "card"}});
    tip(&kitchen, (&diner, ""), &order, nobody_said)
        .await
        .good();
    stands(&kitchen, (&diner, &order), "paid").await;
    let accounts = [
        "tips:kitchen",
        "tips",
        "tips:service",
        "provider:test",
        "diner",
        "cash",
    ];
    assert_eq!(on(&kitchen, accounts).await, [-200, -50, 0, 250, 0, 2_700]);

    // It stands beside the bill, for whoever ordered and for those who made it.
    let seen = own(&kitchen, (&diner, &order)).await;
    assert_eq!(
        (&seen["total"], &seen["tip"]),
        (&json!("27.00"), &json!("0.00"))
    );
    let of = |payment: &Value| (payment["amount"].clone(), payment["tip"].clone());
    let paid: Vec<_> = seen["payments"]
        .as_array()
        .unwrap()
        .iter()
        .map(of)
        .collect();
    let wanted = [
        (json!("2.00"), json!(true)),
        (json!("0.50"), json!(true)),
        (json!("27.00"), Value::Null),
    ];
    assert_eq!(paid, wanted);
    assert_eq!(kitchen.see(&order).await["tips"], seen["tips"]);
    let mine = async || {
        let (who, path) = ((diner.as_str(), ""), "/api/me/payments");
        let said = kitchen.shop.ask(who, Method::GET, path, None).await;
        said.good()["items"][0].clone()
    };
    eventually(async || mine().await["payments"] == seen["payments"]).await;
    assert_eq!(mine().await["total"], "27.00");

    // All that is left of the bill is 27.00.
    let path = format!("/api/orders/{order}/refunds");
    let refund = kitchen.shop.post(&path, json!({"reason": "quality"})).await;
    assert_eq!(refund.good()["amount"], "27.00");
    assert_eq!(on(&kitchen, accounts).await, [-200, -50, 0, 250, 0, 0]);
    kitchen.shop.verify().await;
}

async fn only_who_has_ordered_tips_and_only_what_was_accepted(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let (diner, stranger) = (kitchen.shop.person(&[]), kitchen.shop.person(&[]));
    let order = ordered(&kitchen, &diner, &[]).await;
    let early = tip(&kitchen, (&diner, ""), &order, by_card("2.00", "ok")).await;
    assert_eq!(early.code(), (409, "order_moved"));
    go(&kitchen, &order, &["confirmed"]).await;
    let foreign = tip(&kitchen, (&stranger, ""), &order, by_card("2.00", "ok")).await;
    assert_eq!(foreign.code(), (404, "not_found"));
    for wrong in [
        by_card("0.00", "ok"),
        by_card("0.001", "ok"),
        json!({"amount": "2.00", "payment": {"method": "cash"}}),
        json!({"amount": "2.00", "payment": {"method": "card", "amount": "1.00"}}),
        json!({"amount": "2.00", "recipient": "owner", "payment": {"method": "card"}}),
    ] {
        let said = tip(&kitchen, (&diner, ""), &order, wrong).await;
        assert_eq!(said.status, 422, "{said:?}");
    }
    // Nobody brings what is fetched.
    let mut courier = by_card("2.00", "ok");
    courier["recipient"] = "courier".into();
    let said = tip(&kitchen, (&diner, ""), &order, courier).await;
    assert_eq!(said.code(), (409, "order_refused"));
    assert_eq!(said.body["fields"][0]["code"], "no_tips", "{said:?}");
    let why = json!({"status": "cancelled", "reason": "sold_out"});
    kitchen.set(&order, why).await.good();
    let late = tip(&kitchen, (&diner, ""), &order, by_card("2.00", "ok")).await;
    assert_eq!(late.code(), (409, "order_closed"));
    assert_eq!(payments(&kitchen, &order).await.len(), 0);
    kitchen.shop.verify().await;
}

async fn a_tip_comes_until_a_month_after_the_end(engine: Engine) {
    let clock = Clock::simulated(Clock::real().now());
    let kitchen = Kitchen::open(Shop::working_at(engine, &clock).await).await;
    let diner = kitchen.shop.person(&[]);
    let order = ordered(&kitchen, &diner, &TO_THE_END).await;
    let day = Duration::from_secs(24 * 60 * 60);
    clock.advance(day * 30 - Duration::from_secs(60)).unwrap();
    tip(&kitchen, (&diner, ""), &order, by_card("2.00", "ok"))
        .await
        .good();
    stands(&kitchen, (&diner, &order), "paid").await;
    // The tip has not moved the end.
    clock.advance(Duration::from_secs(120)).unwrap();
    let late = tip(&kitchen, (&diner, ""), &order, by_card("2.00", "ok")).await;
    assert_eq!(late.code(), (409, "order_closed"));
}

async fn a_tip_that_is_refused_costs_nothing(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let order = ordered(&kitchen, &diner, &["confirmed"]).await;
    tip(&kitchen, (&diner, ""), &order, by_card("2.00", "refused"))
        .await
        .good();
    let failed = stands(&kitchen, (&diner, &order), "failed").await;
    assert_eq!(failed["refusedFor"], "card_refused");
    let seen = own(&kitchen, (&diner, &order)).await;
    assert_eq!(
        (&seen["status"], &seen["payments"][0]["state"]),
        (&json!("confirmed"), &json!("failed"))
    );
    let accounts = ["tips:kitchen", "provider:test", "diner"];
    assert_eq!(on(&kitchen, accounts).await, [0, 0, 2_700]);
    // Another card may do.
    tip(&kitchen, (&diner, ""), &order, by_card("2.00", "ok"))
        .await
        .good();
    stands(&kitchen, (&diner, &order), "paid").await;
    assert_eq!(on(&kitchen, accounts).await, [-200, 200, 2_700]);
    kitchen.shop.verify().await;
}

async fn an_answer_that_is_lost_is_looked_up(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let order = ordered(&kitchen, &diner, &TO_THE_END).await;
    tip(&kitchen, (&diner, ""), &order, by_card("2.00", "unknown"))
        .await
        .good();
    stands(&kitchen, (&diner, &order), "paid").await;
    let paid = payment(&kitchen, &order).await;
    assert_eq!((paid.state, paid.captured_minor), (State::Captured, 200));
    assert_eq!(
        paid.attempts
            .iter()
            .filter(|one| one.act == Act::Authorise)
            .count(),
        1
    );
    let accounts = ["tips:kitchen", "provider:test", "diner"];
    assert_eq!(on(&kitchen, accounts).await, [-200, 200, 0]);
    kitchen.shop.verify().await;
}

async fn a_tip_comes_back_with_an_order_that_comes_to_nothing(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let order = ordered(&kitchen, &diner, &["confirmed", "preparing"]).await;
    tip(&kitchen, (&diner, ""), &order, by_card("2.00", "ok"))
        .await
        .good();
    stands(&kitchen, (&diner, &order), "paid").await;
    // This one is asked for when the order ends.
    tip(&kitchen, (&diner, ""), &order, by_card("1.00", "action"))
        .await
        .good();
    eventually(async || own(&kitchen, (&diner, &order)).await["paymentUrl"].is_string()).await;
    let why = json!({"status": "cancelled", "reason": "sold_out"});
    kitchen.set(&order, why).await.good();
    eventually(async || {
        let all = payments(&kitchen, &order).await;
        all.len() == 2 && all.iter().all(|one| one.state.is_final())
    })
    .await;
    let seen = own(&kitchen, (&diner, &order)).await;
    let states: Vec<_> = seen["tips"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tip| &tip["state"])
        .collect();
    assert_eq!(states, ["returned", "returned"]);
    assert!(seen["paymentUrl"].is_null());
    let accounts = ["tips:kitchen", "provider:test", "diner", "sales", "tax"];
    assert_eq!(on(&kitchen, accounts).await, [0; 5]);
    kitchen.shop.verify().await;
}

async fn what_the_bill_gives_back_is_not_the_tip(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let mut basket = kitchen.basket();
    basket["payment"] = json!({"method": "card", "token": "ok"});
    let order = id(&kitchen.order((&diner, ""), basket).await.good());
    eventually(async || own(&kitchen, (&diner, &order)).await["payment"] == "secured").await;
    go(&kitchen, &order, &["confirmed"]).await;
    tip(&kitchen, (&diner, ""), &order, by_card("20.00", "ok"))
        .await
        .good();
    stands(&kitchen, (&diner, &order), "paid").await;
    eventually(async || {
        let all = payments(&kitchen, &order).await;
        all.iter().all(|one| one.state == State::Captured)
    })
    .await;
    // A pizza less: 12.50 go back through what paid the bill, though the tip was paid last.
    let less = json!({"quantity": [{"line": "1", "quantity": 1}], "reason": "sold_out"});
    let path = format!("/api/orders/{order}/lines");
    kitchen.shop.patch(&path, less).await.good();
    go(&kitchen, &order, &TO_THE_END[1..]).await;
    let path = format!("/api/orders/{order}/refunds");
    let refund = kitchen
        .shop
        .post(&path, json!({"reason": "late"}))
        .await
        .good();
    assert_eq!(refund["amount"], "14.50");
    eventually(async || {
        let all = payments(&kitchen, &order).await;
        let bill = all.iter().find(|one| !one.covers.is_tip());
        bill.is_some_and(|bill| bill.state == State::Refunded)
    })
    .await;
    let kept = payment(&kitchen, &order).await;
    assert_eq!((kept.state, kept.refunded_minor), (State::Captured, 0));
    let accounts = ["tips:kitchen", "provider:test", "diner"];
    assert_eq!(on(&kitchen, accounts).await, [-2_000, 2_000, 0]);
    kitchen.shop.verify().await;
}

async fn a_tip_is_paid_with_credit_that_is_there(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let order = ordered(&kitchen, &diner, &TO_THE_END).await;
    let with_credit = |amount: &str| {
        let payment = json!({"method": "store_credit"});
        json!({"amount": amount, "recipient": "service", "payment": payment})
    };
    let none = tip(&kitchen, (&diner, ""), &order, with_credit("2.00")).await;
    assert_eq!(none.code(), (409, "order_refused"));
    let gift = json!({"amount": "3.00", "reason": "late"});
    let path = format!("/api/orders/{order}/credit");
    kitchen.shop.post(&path, gift).await.good();
    tip(&kitchen, (&diner, ""), &order, with_credit("2.00"))
        .await
        .good();
    stands(&kitchen, (&diner, &order), "paid").await;
    let more = tip(&kitchen, (&diner, ""), &order, with_credit("2.00")).await;
    assert_eq!(more.code(), (409, "order_refused"));
    let accounts = ["tips:service", "store_credit", "diner"];
    assert_eq!(on(&kitchen, accounts).await, [-200, -100, 0]);
    kitchen.shop.verify().await;
}

async fn who_has_to_confirm_a_tip_has_his_time(engine: Engine) {
    let clock = Clock::simulated(Clock::real().now());
    let kitchen = Kitchen::open(Shop::working_at(engine, &clock).await).await;
    let diner = kitchen.shop.person(&[]);
    let order = ordered(&kitchen, &diner, &TO_THE_END).await;
    tip(&kitchen, (&diner, ""), &order, by_card("2.00", "action"))
        .await
        .good();
    eventually(async || own(&kitchen, (&diner, &order)).await["paymentUrl"].is_string()).await;
    let path = format!("/api/orders/{order}/payment");
    let back = Some(json!({"query": "?done=1"}));
    let said = kitchen.shop.ask((&diner, ""), Method::POST, &path, back);
    said.await.good();
    let becomes = async |state: &str| {
        eventually(async || {
            clock.advance(Duration::from_secs(1)).unwrap();
            let seen = own(&kitchen, (&diner, &order)).await;
            let tips = seen["tips"].as_array().unwrap();
            tips.last().unwrap()["state"] == state
        })
        .await;
    };
    becomes("paid").await;
    // Of the next one nobody comes back.
    tip(&kitchen, (&diner, ""), &order, by_card("1.00", "action"))
        .await
        .good();
    eventually(async || own(&kitchen, (&diner, &order)).await["paymentUrl"].is_string()).await;
    clock.advance(Duration::from_secs(16 * 60)).unwrap();
    becomes("failed").await;
    let failed = stands(&kitchen, (&diner, &order), "failed").await;
    assert_eq!(failed["refusedFor"], "payment_missing");
    let accounts = ["tips:kitchen", "provider:test", "diner"];
    assert_eq!(on(&kitchen, accounts).await, [-200, 200, 0]);
}

async fn tips_in_orders_say_for_whom_they_are(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let wish = |service: &str, recipient: &str| {
        let mut wish = kitchen.basket();
        wish["serviceType"] = service.into();
        if service == "delivery" {
            wish["deliveryAddress"] = "Via dei Tribunali 32".into();
            wish["position"] = json!({"lat": NEAR.0, "lng": NEAR.1});
        }
        (wish["tip"], wish["tipFor"]) = ("2.00".into(), recipient.into());
        wish
    };
    let order = async |wish| kitchen.order((&diner, ""), wish).await;
    let brought = order(wish("delivery", "courier")).await.good();
    assert_eq!(
        (&brought["tip"], &brought["tipFor"]),
        (&json!("2.00"), &json!("courier"))
    );
    order(wish("pickup", "kitchen")).await.good();
    let said = order(wish("pickup", "courier")).await;
    assert_eq!(said.code(), (409, "order_refused"));
    assert_eq!(said.body["fields"][0]["field"], "tipFor", "{said:?}");
    let accounts = ["tips:courier", "tips:kitchen", "tips"];
    assert_eq!(on(&kitchen, accounts).await, [-200, -200, 0]);

    // The restaurant says for whom.
    let path = format!("{}/order-rules", kitchen.at());
    let mut rules = kitchen.shop.get(&path).await.good();
    rules["tipsFor"] = json!({"pickup": ["service"]});
    rules["noTips"] = json!(["dine_in"]);
    let rules = kitchen.shop.put(&path, rules).await.good();
    assert_eq!(rules["tipsFor"], json!({"pickup": ["service"]}));
    assert_eq!(
        order(wish("pickup", "kitchen")).await.code(),
        (409, "order_refused")
    );
    assert_eq!(
        order(wish("dine_in", "service")).await.code(),
        (409, "order_refused")
    );
    order(wish("delivery", "kitchen")).await.good();
    let mut whole = order(wish("pickup", "service")).await.good();
    assert_eq!(whole["total"], "29.00");
    let accounts = ["tips:courier", "tips:kitchen", "tips:service", "tips"];
    assert_eq!(on(&kitchen, accounts).await, [-200, -400, -200, 0]);

    // What comes to nothing is owed to nobody; what is given back is borne by the restaurant, and not by those who got it.
    let cancel = format!("/api/orders/{}/cancel", id(&brought));
    let said = kitchen
        .shop
        .ask((&diner, ""), Method::POST, &cancel, Some(json!({})));
    said.await.good();
    go(&kitchen, &id(&whole), &TO_THE_END).await;
    let path = format!("/api/orders/{}/refunds", id(&whole));
    let refund = kitchen.shop.post(&path, json!({"reason": "quality"})).await;
    assert_eq!(refund.good()["amount"], "29.00");
    assert_eq!(on(&kitchen, accounts).await, [0, -400, -200, 0]);
    // Later ones follow the rules by which it was ordered.
    whole = tip(&kitchen, (&diner, ""), &id(&whole), by_card("1.00", "ok"))
        .await
        .body;
    assert_eq!(whole["code"], "order_refused");
    kitchen.shop.verify().await;
}
