//! Orders that are paid by several means, credit that is given, spent and comes back, and refunds that two people decide.

use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Random};
use commerce::Commerce;
use engine::sagas::{Parts, Sagas, Which};
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};
use http::Method;
use rpc::Providers;
use rpc::providers::{Answer, Change, Charge, Headers, LookUp, Notice, Provider, Return};
use serde_json::{Value, json};
use testkit::provider::Fake;
use testkit::trial::Engine;
use trade::orders::OrderId;
use trade::payments::{Intent, State};

use super::kitchen::Kitchen;
use super::more::STILL;
use super::world::{Shop, eventually, on_both};

on_both!(
    several_means_pay_one_order_and_get_back_what_they_gave,
    one_that_is_refused_undoes_the_others,
    what_one_has_given_is_kept_while_another_takes_its_time,
    nobody_spends_more_credit_than_he_has,
    a_second_person_agrees_to_much,
    credit_counts_towards_what_one_gives_back_alone,
    two_who_agree_at_once_draw_one_after_the_other,
    boxes_and_cash_cost_their_fees,
    no_tip_is_taken_where_the_restaurant_takes_none,
);

/// Somebody with so much credit, by an order of his own.
async fn with_credit(kitchen: &Kitchen, amount: &str) -> String {
    let diner = kitchen.shop.person(&[]);
    let order = kitchen.order((&diner, ""), kitchen.basket()).await.good();
    let path = format!("/api/orders/{}/credit", id(&order));
    let body = json!({"amount": amount, "reason": "goodwill"});
    let given = kitchen.shop.post_once(&path, "c", body.clone()).await;
    assert_eq!(given.status, 201, "{given:?}");
    let again = kitchen.shop.post_once(&path, "c", body).await.good();
    assert_eq!(again, given.good());
    cancel(kitchen, (&diner, &id(&order))).await;
    diner
}

async fn cancel(kitchen: &Kitchen, (diner, order): (&str, &str)) {
    let path = format!("/api/orders/{order}/cancel");
    let said = kitchen
        .shop
        .ask((diner, ""), Method::POST, &path, Some(json!({})));
    said.await.good();
}

fn id(order: &Value) -> String {
    order["id"].as_str().unwrap().to_owned()
}

/// The basket of 27.00, paid so.
fn paid(kitchen: &Kitchen, payments: Value) -> Value {
    let mut basket = kitchen.basket();
    basket["payments"] = payments;
    basket
}

async fn own(kitchen: &Kitchen, (diner, order): (&str, &str)) -> Value {
    let path = format!("/api/orders/{order}");
    let said = kitchen.shop.ask((diner, ""), Method::GET, &path, None);
    said.await.good()
}

/// What somebody has as credit; it may take a moment until it is known where.
async fn credit(kitchen: &Kitchen, diner: &str) -> Value {
    let said = kitchen
        .shop
        .ask((diner, ""), Method::GET, "/api/me/credit", None);
    let said = said.await.good();
    said["items"][0]["balances"][0]["balance"].clone()
}

async fn payments(kitchen: &Kitchen, order: &str) -> Vec<Intent> {
    let id: OrderId = order.parse().unwrap();
    let payments = &kitchen.shop.node.more.commerce.payments;
    payments.of_order(id).await.unwrap()
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

async fn hand_over(kitchen: &Kitchen, order: &str) {
    for status in ["confirmed", "preparing", "ready_for_pickup", "collected"] {
        kitchen.set(order, json!({"status": status})).await.good();
    }
}

async fn several_means_pay_one_order_and_get_back_what_they_gave(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = with_credit(&kitchen, "5.00").await;
    eventually(async || credit(&kitchen, &diner).await == "5.00").await;
    let means = json!([
        {"method": "card", "token": "ok", "amount": "10.00"},
        {"method": "store_credit"},
        {"method": "cash"},
    ]);
    let order = kitchen.order((&diner, "k"), paid(&kitchen, means)).await;
    let order = id(&order.good());
    eventually(async || own(&kitchen, (&diner, &order)).await["payment"] == "secured").await;
    assert_eq!(credit(&kitchen, &diner).await, "0.00");
    let amounts = payments(&kitchen, &order).await;
    let mut amounts: Vec<i64> = amounts.iter().map(|one| one.minor).collect();
    amounts.sort_unstable();
    assert_eq!(amounts, [500, 1_000]);
    hand_over(&kitchen, &order).await;
    eventually(async || on(&kitchen, "diner").await == 0).await;
    assert_eq!(on(&kitchen, "cash").await, 1_200);
    assert_eq!(on(&kitchen, "provider:test").await, 1_000);
    assert_eq!(on(&kitchen, "store_credit").await, 0);
    // Two parts of it go back the way they came: the first ones first, and cash at last.
    let path = format!("/api/orders/{order}/refunds");
    let part = json!({"lines": [{"line": "1", "amount": "12.00"}], "reason": "wrong"});
    kitchen.shop.post(&path, part).await.good();
    kitchen
        .shop
        .post(&path, json!({"reason": "quality"}))
        .await
        .good();
    eventually(async || {
        let all = kitchen.shop.get(&path).await.good();
        let mut all = all["items"].as_array().unwrap().iter();
        all.len() == 2 && all.all(|one| one["state"] == "executed")
    })
    .await;
    for account in ["diner", "cash", "provider:test"] {
        assert_eq!(on(&kitchen, account).await, 0, "{account}");
    }
    assert_eq!(on(&kitchen, "store_credit").await, -500);
    assert_eq!(credit(&kitchen, &diner).await, "5.00");
    kitchen.shop.verify().await;
}

/// A provider that says of so many minor units for ever that they are about to be taken, and takes all others.
struct Slow {
    provider: Fake,
    minor: i64,
}

impl Provider for Slow {
    fn name(&self) -> &str {
        self.provider.name()
    }

    fn authorise<'a>(&'a self, charge: &'a Charge) -> BoxFuture<'a, Answer> {
        self.provider.authorise(charge)
    }

    fn go_on<'a>(&'a self, back: &'a Return) -> BoxFuture<'a, Answer> {
        self.provider.go_on(back)
    }

    fn capture<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        if change.amount.minor() != self.minor {
            return self.provider.capture(change);
        }
        Box::pin(async {
            Answer::Pending {
                reference: "slow".to_owned(),
            }
        })
    }

    fn cancel<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        self.provider.cancel(change)
    }

    fn refund<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        self.provider.refund(change)
    }

    fn look_up<'a>(&'a self, look_up: &'a LookUp) -> BoxFuture<'a, Answer> {
        self.provider.look_up(look_up)
    }

    fn read_notices<'a>(
        &'a self,
        headers: Headers<'a>,
        body: &'a [u8],
    ) -> BoxFuture<'a, base::Result<Vec<Notice>>> {
        self.provider.read_notices(headers, body)
    }
}

/// The sagas of orders over another provider, by a clock of the test's own.
fn sagas_over(kitchen: &Kitchen, provider: Slow) -> (Sagas, Clock) {
    let mut parts = kitchen.shop.node.more.parts.clone();
    parts.providers = Providers::new(vec![Arc::new(provider)]);
    let clock = Clock::simulated(parts.clock.now());
    parts.clock = clock.clone();
    let commerce = Commerce::new(&parts);
    let sagas = Sagas::new(Parts {
        db: parts.db,
        clock: parts.clock,
        random: parts.random,
    });
    sagas.learn(commerce.orders.scripts()).unwrap();
    (sagas, clock)
}

/// Has all sagas that are open go on, so many times.
async fn drive(kitchen: &Kitchen, (sagas, clock): (&Sagas, &Clock), times: u32) {
    let house = super::world::uid(&kitchen.organisation).organisation();
    for _ in 0..times {
        for saga in sagas.list(Which::Open, None, 100).await.unwrap() {
            sagas.drive(house, saga.id).await.unwrap();
        }
        clock.advance(Duration::from_secs(3)).unwrap();
    }
}

/// How much was taken by each payment of an order, and how much of it is still on its way.
async fn taken(kitchen: &Kitchen, order: &str) -> Vec<(i64, usize)> {
    let all = payments(kitchen, order).await.into_iter();
    let mut all: Vec<_> = all
        .map(|one| (one.captured_minor, one.unsettled().count()))
        .collect();
    all.sort_unstable();
    all
}

async fn what_one_has_given_is_kept_while_another_takes_its_time(engine: Engine) {
    let shop = Box::pin(STILL.scope((), Shop::new(engine)));
    let kitchen = Kitchen::open(shop.await).await;
    let diner = kitchen.shop.person(&[]);
    // What the edge begins by the provider `test` is asked of this one.
    let provider = Fake::new("test", &Random::seeded(31));
    let slow = Slow {
        provider: provider.clone(),
        minor: 1_700,
    };
    let (sagas, clock) = sagas_over(&kitchen, slow);
    let means = json!([
        {"method": "card", "token": "ok", "amount": "10.00"},
        {"method": "card", "token": "ok"},
    ]);
    let order = kitchen.order((&diner, "k"), paid(&kitchen, means)).await;
    let order = id(&order.good());
    drive(&kitchen, (&sagas, &clock), 3).await;
    assert_eq!(own(&kitchen, (&diner, &order)).await["payment"], "secured");
    kitchen
        .set(&order, json!({"status": "confirmed"}))
        .await
        .good();
    drive(&kitchen, (&sagas, &clock), 1).await;
    assert_eq!(taken(&kitchen, &order).await, [(0, 1), (1_000, 0)]);
    assert_eq!(on(&kitchen, "provider:test").await, 1_000);
    // Nobody asks for it any more while the other one is waited for.
    let calls = provider.counts().calls;
    drive(&kitchen, (&sagas, &clock), 3).await;
    assert_eq!(provider.counts().calls, calls);
    assert_eq!(taken(&kitchen, &order).await, [(0, 1), (1_000, 0)]);
    kitchen.shop.verify().await;
}

async fn one_that_is_refused_undoes_the_others(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = with_credit(&kitchen, "5.00").await;
    eventually(async || credit(&kitchen, &diner).await == "5.00").await;
    let means = json!([
        {"method": "store_credit", "amount": "3.00"},
        {"method": "card", "token": "ok", "amount": "14.00"},
        {"method": "card", "token": "refused"},
    ]);
    let order = kitchen.order((&diner, "k"), paid(&kitchen, means)).await;
    let order = id(&order.good());
    eventually(async || own(&kitchen, (&diner, &order)).await["status"] == "cancelled").await;
    eventually(async || {
        let all = payments(&kitchen, &order).await;
        all.len() == 3 && all.iter().all(|one| one.state.is_final())
    })
    .await;
    let all = payments(&kitchen, &order).await;
    assert!(all.iter().all(|one| one.captured_minor == 0), "{all:?}");
    assert_eq!(credit(&kitchen, &diner).await, "5.00");
    // What does not add up, or is said twice, is no way to pay.
    for means in [
        json!([{"method": "cash", "amount": "1.00"}]),
        json!([{"method": "card", "token": "ok"}, {"method": "cash"}]),
        json!([{"method": "card", "token": "ok", "amount": "30.00"}]),
        json!([{"method": "store_credit", "amount": "-3.00"}, {"method": "cash"}]),
    ] {
        let said = kitchen.order((&diner, ""), paid(&kitchen, means)).await;
        assert_eq!(said.status, 422, "{said:?}");
    }
    kitchen.shop.verify().await;
}

async fn nobody_spends_more_credit_than_he_has(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = with_credit(&kitchen, "5.00").await;
    eventually(async || credit(&kitchen, &diner).await == "5.00").await;
    let means = json!([{"method": "store_credit", "amount": "2.00"}, {"method": "cash"}]);
    let body = paid(&kitchen, means);
    let asks = (0..12).map(|_| kitchen.order((&diner, ""), body.clone()));
    let answers: Vec<_> = stream::iter(asks).buffer_unordered(12).collect().await;
    let placed: Vec<_> = answers.iter().filter(|said| said.status == 201).collect();
    assert_eq!(placed.len(), 2, "{answers:?}");
    let refused = answers.iter().filter(|said| said.status == 409);
    assert_eq!(refused.count(), 10);
    assert_eq!(credit(&kitchen, &diner).await, "1.00");
    // One is taken back before, one after it was accepted: both come back, once.
    let [one, other] = [id(&placed[0].body), id(&placed[1].body)];
    eventually(async || own(&kitchen, (&diner, &other)).await["payment"] == "secured").await;
    cancel(&kitchen, (&diner, &one)).await;
    kitchen
        .set(&other, json!({"status": "confirmed"}))
        .await
        .good();
    eventually(async || payments(&kitchen, &other).await[0].state == State::Captured).await;
    let why = json!({"status": "cancelled", "reason": "sold_out"});
    kitchen.set(&other, why).await.good();
    eventually(async || credit(&kitchen, &diner).await == "5.00").await;
    eventually(async || on(&kitchen, "store_credit").await == -500).await;
    assert_eq!(on(&kitchen, "diner").await, 0);
    kitchen.shop.verify().await;
}

async fn a_second_person_agrees_to_much(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let (shop, diner) = (&kitchen.shop, kitchen.shop.person(&[]));
    let rules = format!("{}/order-rules", kitchen.at());
    let mut said = shop.get(&rules).await.good();
    said["refundsAlone"] = "6.00".into();
    let said = shop.put(&rules, said).await.good();
    assert_eq!(said["refundsAlone"], "6.00");
    let order = kitchen.order((&diner, ""), kitchen.basket()).await.good();
    let order = id(&order);
    hand_over(&kitchen, &order).await;
    let path = format!("/api/orders/{order}/refunds");
    let ask = |amount: &str| json!({"lines": [{"line": "1", "amount": amount}], "reason": "late", "to": "credit"});
    let small = shop.post(&path, ask("5.00")).await.good();
    assert_eq!(small["state"], "executed");
    let much = shop.post(&path, ask("5.00")).await.good();
    assert_eq!(
        (&much["state"], &much["to"]),
        (&json!("asked"), &json!("credit"))
    );
    assert_eq!(on(&kitchen, "store_credit").await, -500);
    let answer = |word: &str| format!("{path}/{}/{word}", id(&much));
    let staff = shop.person(&[&kitchen.restaurant]);
    let approve = answer("approve");
    let asks = (0..8).map(|_| shop.ask((&staff, ""), Method::POST, &approve, None));
    let answers: Vec<_> = stream::iter(asks).buffer_unordered(8).collect().await;
    assert!(answers.iter().all(|said| said.status == 200), "{answers:?}");
    eventually(async || credit(&kitchen, &diner).await == "10.00").await;
    assert_eq!(on(&kitchen, "store_credit").await, -1_000);
    let decline = answer("decline");
    let late = shop.ask((&staff, ""), Method::POST, &decline, None);
    assert_eq!(late.await.code(), (409, "payment_refused"));
    // Whoever asked does not agree as well; what is declined is there for others.
    let mine = shop
        .ask((&staff, ""), Method::POST, &path, Some(ask("2.00")))
        .await
        .good();
    let word = |word: &str| format!("{path}/{}/{word}", id(&mine));
    let [approve, decline] = [word("approve"), word("decline")];
    let said = shop.ask((&staff, ""), Method::POST, &approve, None);
    assert_eq!(said.await.code(), (403, "forbidden"));
    let said = shop.ask((&staff, ""), Method::POST, &decline, None);
    assert_eq!(said.await.good()["state"], "declined");
    // What others bear is agreed to by those who act for the platform.
    let mut theirs = ask("2.00");
    theirs["bearer"] = "courier".into();
    let theirs = shop.post(&path, theirs).await.good();
    assert_eq!(theirs["state"], "asked");
    let [approve, decline] =
        ["approve", "decline"].map(|word| format!("{path}/{}/{word}", id(&theirs)));
    let said = shop.ask((&staff, ""), Method::POST, &approve, None);
    assert_eq!(said.await.code(), (403, "forbidden"));
    let said = shop.ask((&staff, ""), Method::POST, &decline, None);
    assert_eq!(said.await.good()["state"], "declined");
    let all = shop.get(&path).await.good();
    let states = all["items"].as_array().unwrap().iter();
    let states: Vec<&str> = states.map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["executed", "executed", "declined", "declined"]);
    kitchen.shop.verify().await;
}

async fn credit_counts_towards_what_one_gives_back_alone(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let (shop, diner) = (&kitchen.shop, kitchen.shop.person(&[]));
    let rules = format!("{}/order-rules", kitchen.at());
    let mut said = shop.get(&rules).await.good();
    said["refundsAlone"] = "6.00".into();
    shop.put(&rules, said).await.good();
    let order = kitchen.order((&diner, ""), kitchen.basket()).await.good();
    let order = id(&order);
    hand_over(&kitchen, &order).await;
    let given = json!({"amount": "4.00", "reason": "goodwill"});
    let path = format!("/api/orders/{order}/credit");
    shop.post(&path, given).await.good();
    let path = format!("/api/orders/{order}/refunds");
    for (amount, state) in [("2.00", "executed"), ("0.01", "asked")] {
        let lines = json!([{"line": "1", "amount": amount}]);
        let body = json!({"lines": lines, "reason": "late", "to": "credit"});
        let said = shop.post(&path, body).await.good();
        assert_eq!(said["state"], state, "{amount}");
    }
    kitchen.shop.verify().await;
}

async fn two_who_agree_at_once_draw_one_after_the_other(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let (shop, diner) = (&kitchen.shop, kitchen.shop.person(&[]));
    let rules = format!("{}/order-rules", kitchen.at());
    let mut said = shop.get(&rules).await.good();
    said["refundsAlone"] = "0".into();
    shop.put(&rules, said).await.good();
    let means = json!([{"method": "card", "token": "ok", "amount": "13.50"}, {"method": "cash"}]);
    let order = kitchen.order((&diner, ""), paid(&kitchen, means)).await;
    let order = id(&order.good());
    eventually(async || own(&kitchen, (&diner, &order)).await["payment"] == "secured").await;
    hand_over(&kitchen, &order).await;
    eventually(async || payments(&kitchen, &order).await[0].captured_minor == 1_350).await;
    let path = format!("/api/orders/{order}/refunds");
    let mut waiting = Vec::new();
    for line in ["10.00", "8.00"] {
        let body = json!({"lines": [{"line": "1", "amount": line}], "reason": "wrong"});
        let made = shop.post(&path, body).await.good();
        assert_eq!(made["state"], "asked");
        waiting.push(format!("{path}/{}/approve", id(&made)));
    }
    let staff = shop.person(&[&kitchen.restaurant]);
    let asks = waiting
        .iter()
        .map(|path| shop.ask((&staff, ""), Method::POST, path, None));
    let answers: Vec<_> = stream::iter(asks).buffer_unordered(2).collect().await;
    assert!(answers.iter().all(|said| said.status == 200), "{answers:?}");
    eventually(async || {
        let all = shop.get(&path).await.good();
        let mut all = all["items"].as_array().unwrap().iter();
        all.all(|one| one["state"] == "executed")
    })
    .await;
    // 18.00 went back: all of the card, and the rest in cash.
    assert_eq!(payments(&kitchen, &order).await[0].refunded_minor, 1_350);
    assert_eq!(on(&kitchen, "cash").await, 900);
    assert_eq!(on(&kitchen, "diner").await, 0);
    kitchen.shop.verify().await;
}

async fn boxes_and_cash_cost_their_fees(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let of_pickup = json!({
        "servicePercent": "0", "smallBelow": "0.00", "smallFee": "0.00",
        "packagingFee": "0.44", "cashFee": "1.10",
    });
    let fees = json!({"version": 0, "services": {"pickup": of_pickup}});
    let path = format!("{}/fees", kitchen.at());
    let said = kitchen.shop.put(&path, fees).await.good();
    assert_eq!(said["services"]["pickup"], of_pickup);

    // A quote says what it costs in cash only to who asks for that.
    let quote = async |cash: bool| {
        let lines =
            json!([{"item": kitchen.pizza, "quantity": 2}, {"item": kitchen.water, "quantity": 1}]);
        let wish = json!({"service": "pickup", "cash": cash, "lines": lines});
        let path = format!("{}/quote", kitchen.at());
        kitchen.shop.post(&path, wish).await.good()
    };
    let (by_card, in_cash) = (quote(false).await, quote(true).await);
    assert_eq!(by_card["totals"]["total"], "27.44");
    assert_eq!(in_cash["totals"]["total"], "28.54");
    assert_eq!(in_cash["fees"][1]["kind"], "payment_fee");

    let diner = kitchen.shop.person(&[]);
    let mut basket = kitchen.basket();
    basket["quoteId"] = by_card["quoteId"].clone();
    let dearer = kitchen.order((&diner, ""), basket.clone()).await;
    assert_eq!(dearer.code(), (409, "order_refused"), "{dearer:?}");
    basket["payment"] = json!({"method": "card"});
    let order = kitchen.order((&diner, ""), basket).await.good();
    assert_eq!(
        (&order["total"], &order["serviceFee"]),
        (&json!("27.44"), &json!("0.44"))
    );
    assert_eq!(
        [
            on(&kitchen, "packaging_fees").await,
            on(&kitchen, "payment_fees").await
        ],
        [-40, 0]
    );

    // Where credit pays all of it nothing is left to be paid in cash.
    let rich = with_credit(&kitchen, "27.44").await;
    eventually(async || credit(&kitchen, &rich).await == "27.44").await;
    let payments = json!([{"method": "store_credit"}, {"method": "cash"}]);
    let order = kitchen.order((&rich, ""), paid(&kitchen, payments));
    assert_eq!(order.await.good()["total"], "27.44");

    // What is left costs the fee. Taxes of a tenth are in both fees.
    let payments = json!([{"method": "card", "amount": "20.00"}, {"method": "cash"}]);
    let order = kitchen
        .order((&diner, ""), paid(&kitchen, payments))
        .await
        .good();
    assert_eq!(order["total"], "28.54");
    assert_eq!(
        [
            on(&kitchen, "packaging_fees").await,
            on(&kitchen, "payment_fees").await
        ],
        [-120, -100]
    );
    kitchen.shop.verify().await;
}

async fn no_tip_is_taken_where_the_restaurant_takes_none(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let path = format!("{}/order-rules", kitchen.at());
    let mut rules = kitchen.shop.get(&path).await.good();
    assert_eq!(rules["noTips"], Value::Null);
    rules["noTips"] = json!(["pickup"]);
    let said = kitchen.shop.put(&path, rules).await.good();
    assert_eq!(said["noTips"], json!(["pickup"]));
    let diner = kitchen.shop.person(&[]);
    let mut basket = kitchen.basket();
    basket["tip"] = "1.00".into();
    let refused = kitchen.order((&diner, ""), basket.clone()).await;
    assert_eq!(refused.code(), (409, "order_refused"), "{refused:?}");
    assert_eq!(refused.body["fields"][0]["code"], "no_tips", "{refused:?}");
    basket["serviceType"] = "dine_in".into();
    let order = kitchen.order((&diner, ""), basket.clone()).await.good();
    assert_eq!(order["tip"], "1.00");
    basket["serviceType"] = "pickup".into();
    basket["tip"] = "0".into();
    kitchen.order((&diner, ""), basket).await.good();
}
