//! Orders that are paid with meal vouchers: what these may pay, and how what they paid goes back.

use std::time::Duration;

use base::Clock;
use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;
use trade::orders::OrderId;
use trade::payments::{Intent, State};

use super::kitchen::Kitchen;
use super::world::{Said, Shop, eventually, on_both, uid};

on_both!(
    vouchers_pay_what_they_may_and_others_the_rest,
    they_are_taken_where_the_restaurant_says_so,
    a_part_of_a_voucher_goes_back_by_other_means,
    no_more_goes_back_than_was_taken,
    a_voucher_goes_back_as_a_whole,
    less_is_taken_of_a_voucher_where_less_is_food,
    what_a_voucher_must_not_pay_any_more_becomes_credit,
    what_is_bound_is_not_given_back_again,
    what_a_later_change_has_paid_comes_back_by_card,
    what_is_bound_comes_back_with_an_order_that_comes_to_nothing,
    nothing_takes_the_place_of_food_that_vouchers_pay,
);

/// A restaurant that takes vouchers by this rule and sells water to adults alone, a diner, and the time.
async fn open(engine: Engine, rule: Value) -> (Kitchen, String, Clock) {
    let clock = Clock::simulated(Clock::real().now());
    let kitchen = Kitchen::open(Shop::working_at(engine, &clock).await).await;
    takes(&kitchen, ("mealVouchers", rule)).await;
    let water = format!("items/{}", kitchen.water);
    kitchen.rewrite(&water, json!({"ageMin": 18})).await;
    let diner = kitchen.shop.person(&[]);
    (kitchen, diner, clock)
}

/// Waits until something is so, while time goes on.
async fn comes(kitchen: &Kitchen, mut is_so: impl AsyncFnMut() -> bool) {
    let clock = &kitchen.shop.node.more.parts.clock;
    eventually(async || {
        clock.advance(Duration::from_millis(200)).unwrap();
        is_so().await
    })
    .await;
}

async fn takes(kitchen: &Kitchen, (rule, said): (&str, Value)) {
    let path = format!("{}/order-rules", kitchen.at());
    let mut rules = kitchen.shop.get(&path).await.good();
    rules[rule] = said.clone();
    let now = kitchen.shop.put(&path, rules).await.good();
    assert_eq!(now[rule], said);
}

fn voucher(amount: Option<&str>) -> Value {
    let mut voucher = json!({"method": "meal_voucher", "token": "ok"});
    if let Some(amount) = amount {
        voucher["amount"] = amount.into();
    }
    voucher
}

fn card() -> Value {
    json!({"method": "card", "token": "ok"})
}

/// Two pizzas, which are food, and a water, which is not: 27.00.
async fn ask(kitchen: &Kitchen, diner: &str, (how, means): (&str, Value)) -> Said {
    let mut basket = kitchen.basket();
    basket[how] = means;
    kitchen.order((diner, ""), basket).await
}

/// An order whose money is held.
async fn placed(kitchen: &Kitchen, diner: &str, means: Value) -> String {
    let order = ask(kitchen, diner, ("payments", means)).await.good();
    let id = order["id"].as_str().unwrap().to_owned();
    comes(kitchen, async || {
        own(kitchen, diner, &id).await["payment"] == "secured"
    })
    .await;
    id
}

/// Two orders by a voucher: one whose rest is paid by card, and one whose rest is paid in cash.
async fn by_card_and_in_cash(kitchen: &Kitchen, diner: &str) -> [String; 2] {
    let by_card = placed(kitchen, diner, json!([voucher(None), card()])).await;
    let means = json!([voucher(None), {"method": "cash"}]);
    [by_card, placed(kitchen, diner, means).await]
}

async fn own(kitchen: &Kitchen, diner: &str, order: &str) -> Value {
    let path = format!("/api/orders/{order}");
    let said = kitchen.shop.ask((diner, ""), Method::GET, &path, None);
    said.await.good()
}

async fn goes(kitchen: &Kitchen, order: &str, statuses: &[&str]) {
    for status in statuses {
        let reason = (*status == "cancelled").then_some("sold_out");
        let body = match reason {
            Some(reason) => json!({"status": status, "reason": reason}),
            None => json!({"status": status}),
        };
        kitchen.set(order, body).await.good();
    }
}

/// What is held, taken and given back by each payment of an order, vouchers and small ones first.
async fn moved(kitchen: &Kitchen, order: &str) -> Vec<(i64, i64, i64)> {
    let id: OrderId = order.parse().unwrap();
    let payments = &kitchen.shop.node.more.commerce.payments;
    let mut all = payments.of_order(id).await.unwrap();
    all.sort_by_key(|one| (!one.is_voucher(), one.minor));
    let each = |one: Intent| {
        let held = match one.state {
            State::Cancelled => 0,
            _ => one.authorised_minor,
        };
        (held, one.captured_minor, one.refunded_minor)
    };
    all.into_iter().map(each).collect()
}

async fn stands(kitchen: &Kitchen, order: &str, wanted: &[(i64, i64, i64)]) {
    comes(kitchen, async || moved(kitchen, order).await == wanted).await;
}

/// Waits until no saga is under way.
async fn ends(kitchen: &Kitchen) {
    comes(kitchen, async || {
        let open = kitchen.shop.get("/api/ops/sagas?state=open").await.good();
        open["items"].as_array().unwrap().is_empty()
    })
    .await;
}

/// What stands on accounts of the organisation.
async fn on(kitchen: &Kitchen, accounts: [&str; 3]) -> [i64; 3] {
    let ledger = &kitchen.shop.node.more.commerce.ledger;
    let house = uid(&kitchen.organisation).organisation();
    let sums = ledger.trial_balance(house).await.unwrap();
    assert!(sums.is_balanced());
    accounts.map(|account| {
        let mut sums = sums.iter();
        let found = sums.find(|(one, _)| one.to_string() == account);
        found.map_or(0, |(_, sum)| sum.minor())
    })
}

/// What is owed by diners, held by the provider, and owed as credit.
async fn books(kitchen: &Kitchen) -> [i64; 3] {
    on(kitchen, ["diner", "provider:test", "store_credit"]).await
}

/// Gives back so much of the pizzas, or all that is left.
async fn refund(kitchen: &Kitchen, order: &str, amount: Option<&str>) -> Value {
    let path = format!("/api/orders/{order}/refunds");
    let body = match amount {
        Some(amount) => json!({"lines": [{"line": "1", "amount": amount}], "reason": "late"}),
        None => json!({"reason": "late"}),
    };
    let made = kitchen.shop.post(&path, body).await.good();
    comes(kitchen, async || {
        let all = kitchen.shop.get(&path).await.good();
        let mut all = all["items"].as_array().unwrap().iter();
        all.all(|one| one["state"] == "executed")
    })
    .await;
    made
}

async fn change(kitchen: &Kitchen, order: &str, body: Value) -> Said {
    let path = format!("/api/orders/{order}/lines");
    kitchen.shop.patch(&path, body).await
}

fn one_pizza() -> Value {
    json!({"quantity": [{"line": "1", "quantity": 1}], "reason": "sold_out"})
}

const HANDED_OVER: [&str; 4] = ["confirmed", "preparing", "ready_for_pickup", "collected"];

/// The code of the field that says why something is refused.
fn why(said: &Said) -> Value {
    assert_eq!(said.code(), (409, "order_refused"), "{said:?}");
    said.body["fields"][0]["code"].clone()
}

async fn vouchers_pay_what_they_may_and_others_the_rest(engine: Engine) {
    let (kitchen, diner, _) = open(engine, json!({})).await;
    // As much as they may, and the rest by card: the food, but not what adults drink.
    let order = placed(&kitchen, &diner, json!([card(), voucher(None)])).await;
    stands(&kitchen, &order, &[(2_500, 0, 0), (200, 0, 0)]).await;
    let seen = own(&kitchen, &diner, &order).await;
    let shown = |place: usize| {
        (
            &seen["payments"][place]["method"],
            &seen["payments"][place]["amount"],
        )
    };
    assert_eq!(shown(0), (&json!("meal_voucher"), &json!("25.00")));
    assert_eq!(shown(1), (&json!("card"), &json!("2.00")));
    goes(&kitchen, &order, &HANDED_OVER).await;
    stands(&kitchen, &order, &[(2_500, 2_500, 0), (200, 200, 0)]).await;
    comes(&kitchen, async || books(&kitchen).await == [0, 2_700, 0]).await;
    // Several vouchers, and cash.
    let means = json!([voucher(Some("10.00")), voucher(None), {"method": "cash"}]);
    let order = placed(&kitchen, &diner, means).await;
    stands(&kitchen, &order, &[(1_000, 0, 0), (1_500, 0, 0)]).await;
    goes(&kitchen, &order, &HANDED_OVER).await;
    comes(&kitchen, async || books(&kitchen).await == [0, 5_200, 0]).await;
    assert_eq!(on(&kitchen, ["cash", "", ""]).await[0], 200);
    for (means, refused) in [
        (json!([voucher(None)]), "vouchers_too_much"),
        (json!([voucher(Some("25.01")), card()]), "vouchers_too_much"),
    ] {
        let said = ask(&kitchen, &diner, ("payments", means)).await;
        assert_eq!(why(&said), refused);
    }
    let split = json!({"by": "share", "parts": [{"payment": card()}, {"payment": voucher(None)}]});
    assert_eq!(ask(&kitchen, &diner, ("split", split)).await.status, 422);
    let twice = json!([voucher(None), voucher(None), card()]);
    assert_eq!(ask(&kitchen, &diner, ("payments", twice)).await.status, 422);
    let tip = json!({"amount": "2.00", "payment": voucher(None)});
    let path = format!("/api/orders/{order}/tips");
    let said = kitchen
        .shop
        .ask((&diner, ""), Method::POST, &path, Some(tip));
    assert_eq!(said.await.status, 422);
    kitchen.shop.verify().await;
}

async fn they_are_taken_where_the_restaurant_says_so(engine: Engine) {
    let (kitchen, diner, _) = open(engine, Value::Null).await;
    let both = json!([voucher(None), card()]);
    let said = ask(&kitchen, &diner, ("payments", both.clone())).await;
    assert_eq!(why(&said), "no_vouchers");
    takes(&kitchen, ("mealVouchers", json!({"perOrder": "19.00"}))).await;
    let order = placed(&kitchen, &diner, both.clone()).await;
    stands(&kitchen, &order, &[(1_900, 0, 0), (800, 0, 0)]).await;
    let more = json!([voucher(Some("19.01")), card()]);
    let said = ask(&kitchen, &diner, ("payments", more)).await;
    assert_eq!(why(&said), "vouchers_too_much");
    // Where one is refused nothing is taken of the others.
    let mut bad = voucher(None);
    bad["token"] = "refused".into();
    let order = ask(&kitchen, &diner, ("payments", json!([bad, card()]))).await;
    let order = order.good()["id"].as_str().unwrap().to_owned();
    comes(&kitchen, async || {
        own(&kitchen, &diner, &order).await["status"] == "cancelled"
    })
    .await;
    let nothing = [(0, 0, 0), (0, 0, 0)];
    stands(&kitchen, &order, &nothing).await;
    kitchen.shop.verify().await;
}

async fn a_part_of_a_voucher_goes_back_by_other_means(engine: Engine) {
    let (kitchen, diner, _) = open(engine, json!({})).await;
    let means = json!([voucher(Some("19.00")), card()]);
    let order = placed(&kitchen, &diner, means).await;
    goes(&kitchen, &order, &HANDED_OVER).await;
    stands(&kitchen, &order, &[(1_900, 1_900, 0), (800, 800, 0)]).await;
    refund(&kitchen, &order, Some("5.00")).await;
    stands(&kitchen, &order, &[(1_900, 1_900, 0), (800, 800, 500)]).await;
    // The card has 3.00 left; what the voucher does not divide becomes credit.
    refund(&kitchen, &order, Some("4.00")).await;
    stands(&kitchen, &order, &[(1_900, 1_900, 0), (800, 800, 800)]).await;
    comes(&kitchen, async || books(&kitchen).await == [0, 1_900, -100]).await;
    let rest = refund(&kitchen, &order, None).await;
    assert_eq!(rest["amount"], "18.00");
    comes(&kitchen, async || {
        books(&kitchen).await == [0, 1_900, -1_900]
    })
    .await;
    let path = format!("/api/orders/{order}/refunds");
    let more = kitchen.shop.post(&path, json!({"reason": "late"})).await;
    assert_eq!(more.code(), (409, "payment_refused"));
    kitchen.shop.verify().await;
}

async fn no_more_goes_back_than_was_taken(engine: Engine) {
    let (kitchen, diner, _) = open(engine, json!({})).await;
    takes(&kitchen, ("takeMoney", json!("ready"))).await;
    let mut lapses = card();
    lapses["token"] = "lapses".into();
    let means = json!([voucher(Some("10.00")), lapses]);
    let order = placed(&kitchen, &diner, means).await;
    goes(&kitchen, &order, &HANDED_OVER).await;
    stands(&kitchen, &order, &[(1_000, 1_000, 0), (1_700, 0, 0)]).await;
    refund(&kitchen, &order, Some("8.00")).await;
    // Neither as credit again, nor as the voucher as a whole.
    let path = format!("/api/orders/{order}/refunds");
    for amount in ["2.01", "8.00", "10.00"] {
        let line = json!({"line": "1", "amount": amount});
        let body = json!({"lines": [line], "reason": "late"});
        let said = kitchen.shop.post(&path, body).await;
        assert_eq!(said.code(), (409, "payment_refused"), "{amount}");
    }
    refund(&kitchen, &order, Some("2.00")).await;
    stands(&kitchen, &order, &[(1_000, 1_000, 0), (1_700, 0, 0)]).await;
    // The card still owes its 17.00.
    assert_eq!(books(&kitchen).await, [1_700, 1_000, -1_000]);
    kitchen.shop.verify().await;
}

async fn a_voucher_goes_back_as_a_whole(engine: Engine) {
    let (kitchen, diner, _) = open(engine, json!({})).await;
    let means = json!([voucher(Some("10.00")), card()]);
    let order = placed(&kitchen, &diner, means.clone()).await;
    goes(&kitchen, &order, &HANDED_OVER).await;
    stands(&kitchen, &order, &[(1_000, 1_000, 0), (1_700, 1_700, 0)]).await;
    refund(&kitchen, &order, Some("12.00")).await;
    stands(
        &kitchen,
        &order,
        &[(1_000, 1_000, 1_000), (1_700, 1_700, 200)],
    )
    .await;
    // What is cancelled comes back through each.
    let order = placed(&kitchen, &diner, means).await;
    goes(&kitchen, &order, &["confirmed"]).await;
    stands(&kitchen, &order, &[(1_000, 1_000, 0), (1_700, 1_700, 0)]).await;
    goes(&kitchen, &order, &["cancelled"]).await;
    stands(
        &kitchen,
        &order,
        &[(1_000, 1_000, 1_000), (1_700, 1_700, 1_700)],
    )
    .await;
    comes(&kitchen, async || books(&kitchen).await == [0, 1_500, 0]).await;
    kitchen.shop.verify().await;
}

async fn less_is_taken_of_a_voucher_where_less_is_food(engine: Engine) {
    let (kitchen, diner, _) = open(engine, json!({})).await;
    takes(&kitchen, ("takeMoney", json!("ready"))).await;
    let [by_card, in_cash] = by_card_and_in_cash(&kitchen, &diner).await;
    for order in [&by_card, &in_cash] {
        goes(&kitchen, order, &["confirmed"]).await;
        let less = change(&kitchen, order, one_pizza()).await.good();
        assert_eq!(less["total"], "14.50");
        goes(&kitchen, order, &HANDED_OVER[1..]).await;
    }
    stands(&kitchen, &by_card, &[(2_500, 1_250, 0), (200, 200, 0)]).await;
    stands(&kitchen, &in_cash, &[(2_500, 1_250, 0)]).await;
    comes(&kitchen, async || books(&kitchen).await == [0, 2_700, 0]).await;
    assert_eq!(on(&kitchen, ["cash", "", ""]).await[0], 200);
    kitchen.shop.verify().await;
}

async fn what_a_voucher_must_not_pay_any_more_becomes_credit(engine: Engine) {
    let (kitchen, diner, clock) = open(engine, json!({})).await;
    let [by_card, in_cash] = by_card_and_in_cash(&kitchen, &diner).await;
    for order in [&by_card, &in_cash] {
        goes(&kitchen, order, &["confirmed"]).await;
    }
    comes(&kitchen, async || books(&kitchen).await[1] == 5_200).await;
    for order in [&by_card, &in_cash] {
        change(&kitchen, order, one_pizza()).await.good();
    }
    // It is owed as long as the order may still come to nothing.
    clock.advance(Duration::from_secs(61)).unwrap();
    assert_eq!(books(&kitchen).await[1..], [5_200, 0]);
    for order in [&by_card, &in_cash] {
        goes(&kitchen, order, &HANDED_OVER[1..]).await;
    }
    clock.advance(Duration::from_secs(121)).unwrap();
    comes(&kitchen, async || {
        books(&kitchen).await == [0, 5_200, -2_500]
    })
    .await;
    assert_eq!(on(&kitchen, ["cash", "", ""]).await[0], 200);
    stands(&kitchen, &by_card, &[(2_500, 2_500, 0), (200, 200, 0)]).await;
    // What is left of the order still comes back, and no more.
    let rest = refund(&kitchen, &by_card, None).await;
    assert_eq!(rest["amount"], "14.50");
    comes(&kitchen, async || {
        books(&kitchen).await == [0, 5_000, -3_750]
    })
    .await;
    kitchen.shop.verify().await;
}

fn no_water() -> Value {
    json!({"remove": ["2"], "reason": "sold_out"})
}

async fn what_is_bound_is_not_given_back_again(engine: Engine) {
    let (kitchen, diner, clock) = open(engine, json!({})).await;
    let [by_card, in_cash] = by_card_and_in_cash(&kitchen, &diner).await;
    for order in [&by_card, &in_cash] {
        goes(&kitchen, order, &["confirmed"]).await;
    }
    comes(&kitchen, async || books(&kitchen).await[1] == 5_200).await;
    for order in [&by_card, &in_cash] {
        change(&kitchen, order, one_pizza()).await.good();
        let less = change(&kitchen, order, no_water()).await.good();
        assert_eq!(less["total"], "12.50");
    }
    // The water was paid by card, and was to be paid in cash.
    stands(&kitchen, &by_card, &[(2_500, 2_500, 0), (200, 200, 200)]).await;
    for order in [&by_card, &in_cash] {
        goes(&kitchen, order, &HANDED_OVER[1..]).await;
    }
    clock.advance(Duration::from_secs(121)).unwrap();
    ends(&kitchen).await;
    assert_eq!(books(&kitchen).await, [0, 5_000, -2_500]);
    assert_eq!(on(&kitchen, ["cash", "", ""]).await[0], 0);
    kitchen.shop.verify().await;
}

async fn what_a_later_change_has_paid_comes_back_by_card(engine: Engine) {
    let (kitchen, diner, clock) = open(engine, json!({})).await;
    let means = json!([voucher(None), {"method": "cash"}]);
    let order = placed(&kitchen, &diner, means).await;
    goes(&kitchen, &order, &["confirmed"]).await;
    stands(&kitchen, &order, &[(2_500, 2_500, 0)]).await;
    change(&kitchen, &order, one_pizza()).await.good();
    let two = json!({"quantity": [{"line": "1", "quantity": 2}], "reason": "sold_out"});
    let asked = change(&kitchen, &order, two).await.good();
    let number = &asked["proposal"]["number"];
    let yes = json!({"proposal": number, "accept": true, "payment": {"token": "ok"}});
    let path = format!("/api/orders/{order}/consent");
    let said = kitchen
        .shop
        .ask((&diner, ""), Method::POST, &path, Some(yes));
    said.await.good();
    stands(&kitchen, &order, &[(2_500, 2_500, 0), (1_250, 1_250, 0)]).await;
    let less = change(&kitchen, &order, one_pizza()).await.good();
    assert_eq!(less["total"], "14.50");
    // The card pays for the water, so nothing is left to be paid in cash.
    stands(
        &kitchen,
        &order,
        &[(2_500, 2_500, 0), (1_250, 1_250, 1_050)],
    )
    .await;
    goes(&kitchen, &order, &HANDED_OVER[1..]).await;
    clock.advance(Duration::from_secs(121)).unwrap();
    ends(&kitchen).await;
    assert_eq!(books(&kitchen).await, [0, 2_700, -1_250]);
    assert_eq!(on(&kitchen, ["cash", "", ""]).await[0], 0);
    kitchen.shop.verify().await;
}

async fn what_is_bound_comes_back_with_an_order_that_comes_to_nothing(engine: Engine) {
    let (kitchen, diner, clock) = open(engine, json!({})).await;
    let order = placed(&kitchen, &diner, json!([voucher(None), card()])).await;
    goes(&kitchen, &order, &["confirmed"]).await;
    stands(&kitchen, &order, &[(2_500, 2_500, 0), (200, 200, 0)]).await;
    change(&kitchen, &order, one_pizza()).await.good();
    goes(&kitchen, &order, &["cancelled"]).await;
    stands(&kitchen, &order, &[(2_500, 2_500, 2_500), (200, 200, 200)]).await;
    clock.advance(Duration::from_secs(121)).unwrap();
    ends(&kitchen).await;
    assert_eq!(books(&kitchen).await, [0, 0, 0]);
    kitchen.shop.verify().await;
}

async fn nothing_takes_the_place_of_food_that_vouchers_pay(engine: Engine) {
    let (kitchen, diner, _) = open(engine, json!({})).await;
    let water = json!({"line": "1", "menuItemId": kitchen.water, "quantity": 12});
    let swap = json!({"replace": [water], "reason": "sold_out"});
    let order = placed(&kitchen, &diner, json!([voucher(None), card()])).await;
    goes(&kitchen, &order, &["confirmed"]).await;
    let said = change(&kitchen, &order, swap).await;
    assert_eq!(said.code(), (409, "order_refused"), "{said:?}");
    // What vouchers do not pay may go, and what they pay stays.
    let gone = json!({"remove": ["2"], "reason": "sold_out"});
    let said = change(&kitchen, &order, gone).await.good();
    assert_eq!(said["total"], "25.00");
    stands(&kitchen, &order, &[(2_500, 2_500, 0), (200, 200, 200)]).await;
    kitchen.shop.verify().await;
}
