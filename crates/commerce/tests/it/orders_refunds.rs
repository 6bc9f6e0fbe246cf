//! What is given back of orders that were handed over.

use futures_util::{StreamExt as _, stream};
use http::Method;
use serde_json::{Value, json};
use store::{Class, Column, Sql, Table};
use testkit::trial::Engine;
use trade::orders::OrderId;
use trade::payments::{Act, AttemptState, Intent};

use super::kitchen::Kitchen;
use super::world::{OPERATOR, Shop, eventually, on_both};

on_both!(
    a_part_of_a_card_payment_goes_back,
    of_cash_no_more_goes_back_than_was_paid,
    what_a_provider_refused_to_give_back_is_asked_once_more,
    what_a_cancelled_order_has_cost_is_asked_for_once_more,
    what_an_order_costs_less_is_asked_for_once_more,
    what_was_parked_before_refusals_were_noted_runs_again_at_one_word,
    what_was_given_back_by_hand_is_booked,
    what_was_taken_by_hand_is_booked,
);

/// The journals of sagas, by whoever would write into them past their steps.
static JOURNALS: Table = Table::new(
    "sagas",
    Class::Organisation,
    &[Column::id("id"), Column::text("state")],
    1,
    &[],
);

static FORGET: Sql = Sql::new(
    "sagas.forget",
    &JOURNALS,
    "UPDATE sagas SET state = $3 WHERE organisation = $1 AND id = $2",
);

/// Places an order of 27.00 and hands it over.
async fn collected(kitchen: &Kitchen, payment: Value) -> String {
    let statuses = ["confirmed", "preparing", "ready_for_pickup", "collected"];
    placed(kitchen, payment, &statuses).await
}

/// Places an order of 27.00 that goes so far.
async fn placed(kitchen: &Kitchen, payment: Value, statuses: &[&str]) -> String {
    let diner = kitchen.shop.person(&[]);
    let mut basket = kitchen.basket();
    basket["payment"] = payment;
    let order = kitchen.order((&diner, ""), basket).await.good();
    let id = order["id"].as_str().unwrap().to_owned();
    let path = format!("/api/orders/{id}");
    eventually(async || {
        let own = kitchen
            .shop
            .ask((&diner, ""), Method::GET, &path, None)
            .await;
        own.good()["payment"] != "waiting"
    })
    .await;
    for status in statuses {
        kitchen.set(&id, json!({"status": status})).await.good();
    }
    id
}

/// The only payment of an order.
async fn intent(kitchen: &Kitchen, order: &str) -> Intent {
    let order: OrderId = order.parse().unwrap();
    let payments = &kitchen.shop.node.more.commerce.payments;
    let mut all = payments.of_order(order).await.unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

async fn parked(kitchen: &Kitchen) -> Vec<Value> {
    let list = "/api/ops/sagas?state=parked";
    let parked = kitchen.shop.get(list).await.good();
    parked["items"].as_array().unwrap().clone()
}

/// Waits until a saga is parked, and has it be as it was stored before sagas took note of refusals.
async fn forget(kitchen: &Kitchen) {
    eventually(async || parked(kitchen).await.len() == 1).await;
    let saga = parked(kitchen).await.remove(0);
    let memory = saga["memory"].as_str().unwrap();
    let mut memory: Value = serde_json::from_str(memory).unwrap();
    let noted = memory.as_object_mut().unwrap().remove("refusals");
    assert!(noted.is_some(), "{memory}");
    let id = super::world::uid(saga["id"].as_str().unwrap());
    let db = &kitchen.shop.world.db;
    let mut commit = db.new_commit(id.organisation());
    commit.change(&FORGET, [id.into(), memory.to_string().into()]);
    db.commit(commit, &db.deadline()).await.unwrap();
}

/// Waits until a saga of this kind is parked, because a provider has nothing to give back, and has it run again.
async fn run_again(kitchen: &Kitchen, kind: &str) {
    eventually(async || parked(kitchen).await.len() == 1).await;
    let saga = parked(kitchen).await.remove(0);
    assert_eq!(
        (&saga["kind"], &saga["error"]),
        (&json!(kind), &json!("balance_short"))
    );
    let again = format!("/api/ops/sagas/{}/retry", saga["id"].as_str().unwrap());
    let why = json!({"reason": "There is money on the account again"});
    kitchen.shop.post(&again, why).await.good();
}

/// So much has gone back by one attempt after one that was refused, and nothing is left to be done.
async fn went_back_once(kitchen: &Kitchen, order: &str, minor: i64) {
    eventually(async || intent(kitchen, order).await.refunded_minor == minor).await;
    eventually(async || parked(kitchen).await.is_empty()).await;
    let intent = intent(kitchen, order).await;
    let back = intent.attempts.iter().filter(|one| one.act == Act::Refund);
    let back: Vec<_> = back.map(|one| (one.state, one.minor)).collect();
    assert_eq!(
        back,
        [(AttemptState::Refused, minor), (AttemptState::Done, minor)]
    );
}

async fn sums(kitchen: &Kitchen) -> Vec<(String, i64)> {
    let ledger = &kitchen.shop.node.more.commerce.ledger;
    let house = super::world::uid(&kitchen.organisation).organisation();
    let sums = ledger.trial_balance(house).await.unwrap();
    assert!(sums.is_balanced());
    let sums = sums
        .iter()
        .map(|(account, sum)| (account.to_string(), sum.minor()));
    sums.filter(|(_, minor)| *minor != 0).collect()
}

async fn a_part_of_a_card_payment_goes_back(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let id = collected(&kitchen, json!({"method": "card", "token": "ok"})).await;
    let path = format!("/api/orders/{id}/refunds");
    let order: trade::orders::OrderId = id.parse().unwrap();
    let payments = &kitchen.shop.node.more.commerce.payments;
    eventually(async || payments.of_order(order).await.unwrap()[0].captured_minor == 2_700).await;
    let body =
        json!({"lines": [{"line": "2"}, {"line": "1", "amount": "3.00"}], "reason": "missing"});
    let made = kitchen.shop.post_once(&path, "r", body.clone()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.good();
    assert_eq!(
        (&made["amount"], &made["state"]),
        (&json!("5.00"), &json!("granted"))
    );
    assert_eq!(kitchen.shop.post_once(&path, "r", body).await.good(), made);
    eventually(async || {
        let all = kitchen.shop.get(&path).await.good();
        all["items"][0]["state"] == "executed"
    })
    .await;
    let intent = payments.of_order(order).await.unwrap().remove(0);
    assert_eq!((intent.captured_minor, intent.refunded_minor), (2_700, 500));
    // The diner is owed nothing, and the restaurant has borne it.
    let sums = sums(&kitchen).await;
    assert!(
        !sums.iter().any(|(account, _)| account == "diner"),
        "{sums:?}"
    );
    // Two of the same amount are two, and each is borne by whom it says.
    for bearer in ["courier", "provider"] {
        let lines = json!([{"line": "1", "amount": "1.00"}]);
        let body = json!({"lines": lines, "reason": "late", "bearer": bearer});
        let made = kitchen.shop.post_once(&path, bearer, body).await.good();
        assert_eq!(made["bearer"], bearer);
    }
    eventually(async || {
        let all = kitchen.shop.get(&path).await.good();
        let mut all = all["items"].as_array().unwrap().iter();
        all.len() == 3 && all.all(|one| one["state"] == "executed")
    })
    .await;
    let intent = payments.of_order(order).await.unwrap().remove(0);
    assert_eq!(intent.refunded_minor, 700);
    let sums = self::sums(&kitchen).await;
    for account in ["refunds:courier", "refunds:provider"] {
        let borne = sums.iter().find(|(name, _)| name == account);
        assert_eq!(borne.unwrap().1, 91, "without its tax: {sums:?}");
    }
    kitchen.shop.verify().await;
}

/// What a provider has refused is asked once more when an operator says so, and is given back once.
async fn what_a_provider_refused_to_give_back_is_asked_once_more(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let id = collected(&kitchen, json!({"method": "card", "token": "short"})).await;
    eventually(async || intent(&kitchen, &id).await.captured_minor == 2_700).await;
    let path = format!("/api/orders/{id}/refunds");
    let body = json!({"lines": [{"line": "1", "amount": "3.00"}], "reason": "missing"});
    kitchen.shop.post(&path, body).await.good();
    run_again(&kitchen, "order.refund").await;
    eventually(async || {
        let all = kitchen.shop.get(&path).await.good();
        all["items"][0]["state"] == "executed"
    })
    .await;
    went_back_once(&kitchen, &id, 300).await;
    kitchen.shop.verify().await;
}

async fn what_a_cancelled_order_has_cost_is_asked_for_once_more(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let paid = json!({"method": "card", "token": "short"});
    let id = placed(&kitchen, paid, &["confirmed"]).await;
    eventually(async || intent(&kitchen, &id).await.captured_minor == 2_700).await;
    let ends = json!({"status": "cancelled", "reason": "other"});
    kitchen.set(&id, ends).await.good();
    run_again(&kitchen, "order.unwind").await;
    went_back_once(&kitchen, &id, 2_700).await;
    eventually(async || sums(&kitchen).await.is_empty()).await;
    kitchen.shop.verify().await;
}

async fn what_an_order_costs_less_is_asked_for_once_more(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let paid = json!({"method": "card", "token": "short"});
    let id = placed(&kitchen, paid, &["confirmed"]).await;
    eventually(async || intent(&kitchen, &id).await.captured_minor == 2_700).await;
    let path = format!("/api/orders/{id}/lines");
    let less = json!({"remove": ["2"], "reason": "sold_out"});
    kitchen.shop.patch(&path, less).await.good();
    run_again(&kitchen, "order.give_back").await;
    went_back_once(&kitchen, &id, 200).await;
    kitchen.shop.verify().await;
}

/// Says of the last attempt of an order's only payment what the provider's console shows.
async fn settle(kitchen: &Kitchen, order: &str, seen: Value) -> Value {
    let intent = intent(kitchen, order).await;
    let path = format!("/api/ops/payments/{}/settle", intent.id);
    let mut body = seen;
    body["attempt"] = intent.attempts.last().unwrap().id.to_string().into();
    let key = body.to_string();
    let key = key.bytes().map(u64::from).sum::<u64>().to_string();
    let said = kitchen.shop.post_once(&path, &key, body).await;
    json!({"status": said.status.as_u16(), "body": said.body})
}

/// What is put right in the provider's console is in the books, and what is left of it is asked for.
async fn what_was_given_back_by_hand_is_booked(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let id = collected(&kitchen, json!({"method": "card", "token": "short"})).await;
    eventually(async || intent(&kitchen, &id).await.captured_minor == 2_700).await;
    let path = format!("/api/orders/{id}/refunds");
    let body = json!({"lines": [{"line": "1", "amount": "3.00"}], "reason": "missing"});
    kitchen.shop.post(&path, body).await.good();
    eventually(async || parked(&kitchen).await.len() == 1).await;
    for (amount, status) in [("3.01", 422), ("0.00", 422), ("x", 422), ("1.00", 200)] {
        let seen = json!({"outcome": "done", "reference": "BYHAND", "amount": amount});
        let said = settle(&kitchen, &id, seen).await;
        assert_eq!(said["status"], status, "{amount}: {said}");
    }
    let given = intent(&kitchen, &id).await;
    assert_eq!(given.refunded_minor, 100);
    let again = json!({"outcome": "not_done"});
    assert_eq!(settle(&kitchen, &id, again).await["status"], 409);
    run_again(&kitchen, "order.refund").await;
    eventually(async || parked(&kitchen).await.is_empty()).await;
    eventually(async || {
        let all = kitchen.shop.get(&path).await.good();
        all["items"][0]["state"] == "executed"
    })
    .await;
    let after = intent(&kitchen, &id).await;
    let back = after.attempts.iter().filter(|one| one.act == Act::Refund);
    let back: Vec<_> = back.map(|one| (one.state, one.minor)).collect();
    assert_eq!(back, [(AttemptState::Done, 100), (AttemptState::Done, 200)]);
    let sums = sums(&kitchen).await;
    let moved = sums.iter().find(|(name, _)| name == "provider:test");
    assert_eq!(moved.unwrap().1, 2_400, "{sums:?}");
    kitchen.shop.verify().await;
}

/// What could not be taken is asked once more at somebody's word. Where it was taken by hand it is in the books, and the saga
/// ends.
async fn what_was_taken_by_hand_is_booked(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let paid = json!({"method": "card", "token": "lapses"});
    let id = placed(&kitchen, paid, &["confirmed"]).await;
    let retry = async || {
        eventually(async || parked(&kitchen).await.len() == 1).await;
        let saga = parked(&kitchen).await.remove(0);
        assert_eq!(saga["kind"], "order.capture");
        let again = format!("/api/ops/sagas/{}/retry", saga["id"].as_str().unwrap());
        let why = json!({"reason": "It may be held again"});
        kitchen.shop.post(&again, why).await.good();
    };
    let taken = async || {
        let intent = intent(&kitchen, &id).await;
        let taken = intent.attempts.iter();
        let taken = taken.filter(|one| one.act == Act::Capture);
        taken.map(|one| one.state).collect::<Vec<_>>()
    };
    retry().await;
    let refused = AttemptState::Refused;
    eventually(async || taken().await == [refused, refused]).await;
    eventually(async || parked(&kitchen).await.len() == 1).await;
    assert_eq!(taken().await, [refused, refused], "once for a word");
    assert_eq!(intent(&kitchen, &id).await.captured_minor, 0);
    let seen = json!({"outcome": "done", "reference": "BYHAND"});
    let said = settle(&kitchen, &id, seen).await;
    assert_eq!(said["body"]["state"], "captured", "{said}");
    retry().await;
    eventually(async || parked(&kitchen).await.is_empty()).await;
    assert_eq!(taken().await, [refused, AttemptState::Done]);
    assert_eq!(intent(&kitchen, &id).await.captured_minor, 2_700);
    let sums = sums(&kitchen).await;
    let moved = sums.iter().find(|(name, _)| name == "provider:test");
    assert_eq!(moved.unwrap().1, 2_700, "{sums:?}");
    kitchen.shop.verify().await;
}

async fn what_was_parked_before_refusals_were_noted_runs_again_at_one_word(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let paid = json!({"method": "card", "token": "short"});
    let first = collected(&kitchen, paid.clone()).await;
    eventually(async || intent(&kitchen, &first).await.captured_minor == 2_700).await;
    let path = format!("/api/orders/{first}/refunds");
    let body = json!({"lines": [{"line": "1", "amount": "3.00"}], "reason": "missing"});
    kitchen.shop.post(&path, body).await.good();
    forget(&kitchen).await;
    run_again(&kitchen, "order.refund").await;
    went_back_once(&kitchen, &first, 300).await;

    let second = placed(&kitchen, paid, &["confirmed"]).await;
    eventually(async || intent(&kitchen, &second).await.captured_minor == 2_700).await;
    let ends = json!({"status": "cancelled", "reason": "other"});
    kitchen.set(&second, ends).await.good();
    forget(&kitchen).await;
    run_again(&kitchen, "order.unwind").await;
    went_back_once(&kitchen, &second, 2_700).await;
    kitchen.shop.verify().await;
}

async fn of_cash_no_more_goes_back_than_was_paid(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let shop = &kitchen.shop;
    let id = collected(&kitchen, json!({"method": "cash"})).await;
    let path = format!("/api/orders/{id}/refunds");
    let asks = (0..20).map(|_| shop.post(&path, json!({"reason": "quality"})));
    let answers: Vec<_> = stream::iter(asks).buffer_unordered(20).collect().await;
    let made: Vec<_> = answers.iter().filter(|said| said.status == 201).collect();
    assert_eq!(made.len(), 1, "{answers:?}");
    assert_eq!(made[0].body["amount"], "27.00");
    assert_eq!(made[0].body["state"], "executed");
    let others = answers
        .iter()
        .filter(|said| said.code() == (409, "payment_refused"));
    assert_eq!(others.count(), 19);
    let cash = sums(&kitchen).await;
    assert!(
        !cash.iter().any(|(account, _)| account == "cash"),
        "{cash:?}"
    );

    // Not before it was handed over, not for others, and not at the cost of others than the restaurant.
    let diner = shop.person(&[]);
    let fresh = kitchen.order((&diner, ""), kitchen.basket()).await.good();
    let early = format!("/api/orders/{}/refunds", fresh["id"].as_str().unwrap());
    let said = shop.post(&early, json!({"reason": "quality"})).await;
    assert_eq!(said.code(), (409, "order_moved"));
    let elsewhere = shop.restaurant(&kitchen.organisation, None).await;
    let stranger = shop.person(&[&elsewhere]);
    let said = shop.ask((&stranger, ""), Method::GET, &path, None).await;
    assert_eq!(said.code(), (404, "not_found"));
    let staff = shop.person(&[&kitchen.restaurant]);
    for bearer in ["platform", "courier", "provider"] {
        let body = json!({"reason": "goodwill", "bearer": bearer});
        let said = shop
            .ask((&staff, ""), Method::POST, &path, Some(body.clone()))
            .await;
        assert_eq!(said.code(), (403, "forbidden"));
        let said = shop
            .ask((OPERATOR, ""), Method::POST, &path, Some(body))
            .await;
        assert_eq!(said.code(), (409, "payment_refused"));
    }
    shop.verify().await;
}
