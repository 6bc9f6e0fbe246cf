//! Credit notes: one for each refund whose money has gone back, numbered without gaps.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};
use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::kitchen::Kitchen;
use super::world::{Shop, eventually, on_both};

on_both!(
    a_refund_has_a_note_when_its_money_has_gone_back,
    a_note_says_by_which_means_it_went_back,
    what_comes_to_nothing_has_no_note,
    refunds_at_the_same_time_leave_no_gap,
);

/// Places an order of 27.00 and hands it over.
async fn collected(kitchen: &Kitchen, diner: &str, (how, means): (&str, Value)) -> String {
    let mut basket = kitchen.basket();
    basket[how] = means;
    let order = kitchen.order((diner, ""), basket).await.good();
    let id = order["id"].as_str().unwrap().to_owned();
    let path = format!("/api/orders/{id}");
    eventually(async || {
        let own = kitchen.shop.ask((diner, ""), Method::GET, &path, None);
        own.await.good()["payment"] != "waiting"
    })
    .await;
    for status in ["confirmed", "preparing", "ready_for_pickup", "collected"] {
        kitchen.set(&id, json!({"status": status})).await.good();
    }
    let taken: trade::orders::OrderId = id.parse().unwrap();
    let payments = &kitchen.shop.node.more.commerce.payments;
    eventually(async || {
        let all = payments.of_order(taken).await.unwrap();
        all.iter().all(|one| one.captured_minor == one.minor)
    })
    .await;
    id
}

async fn cash(kitchen: &Kitchen, diner: &str) -> String {
    collected(kitchen, diner, ("payment", json!({"method": "cash"}))).await
}

async fn card(kitchen: &Kitchen, diner: &str) -> String {
    let means = json!({"method": "card", "token": "ok"});
    collected(kitchen, diner, ("payment", means)).await
}

async fn refund(kitchen: &Kitchen, order: &str, body: Value) -> Value {
    let path = format!("/api/orders/{order}/refunds");
    kitchen.shop.post(&path, body).await.good()
}

async fn notes(kitchen: &Kitchen, order: &str) -> Vec<Value> {
    let path = format!("/api/orders/{order}/credit-notes");
    let all = kitchen.shop.get(&path).await.good();
    all["items"].as_array().unwrap().clone()
}

/// The notes of an order, when there are so many.
async fn issued(kitchen: &Kitchen, order: &str, count: usize) -> Vec<Value> {
    eventually(async || notes(kitchen, order).await.len() == count).await;
    notes(kitchen, order).await
}

/// All notes of an organisation and a year, page by page.
async fn listed(kitchen: &Kitchen, year: &str) -> Vec<Value> {
    let path = format!(
        "/api/organisations/{}/credit-notes?year={year}&limit=7",
        kitchen.organisation
    );
    let (mut all, mut next) = (Vec::new(), String::new());
    loop {
        let page = kitchen.shop.get(&format!("{path}{next}")).await.good();
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break all,
        }
    }
}

async fn a_refund_has_a_note_when_its_money_has_gone_back(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let shop = &kitchen.shop;
    let diner = shop.person(&[]);
    let id = card(&kitchen, &diner).await;
    let some =
        json!({"lines": [{"line": "2"}, {"line": "1", "amount": "3.00"}], "reason": "missing"});
    let first = refund(&kitchen, &id, some).await;
    let note = issued(&kitchen, &id, 1).await.remove(0);
    let year = note["number"].as_str().unwrap()[..4].to_owned();
    // 3.00 of the pizzas hold 0.27, and 2.00 of the water 0.18.
    let tax = |amount: &str| json!([{"percent": "10", "included": true, "amount": amount}]);
    let line = |line: &str, name: &str, quantity: u32| json!({"line": line, "name": name, "quantity": quantity});
    let with = |mut line: Value, amount: &str, held: &str| {
        (line["amount"], line["taxes"]) = (amount.into(), tax(held));
        line
    };
    let lines = json!([
        with(line("2", "Water", 1), "2.00", "0.18"),
        with(line("1", "Pizza of the house", 2), "3.00", "0.27"),
    ]);
    let wanted = json!({
        "number": format!("{year}-000001"), "issuedAt": note["issuedAt"], "order": id,
        "refund": first["id"], "restaurantId": kitchen.restaurant, "currency": "EUR",
        "total": "5.00", "lines": lines, "taxes": tax("0.45"), "reason": "missing",
        "bearer": "restaurant", "paidBack": [{"method": "card", "amount": "5.00"}],
    });
    assert_eq!(note, wanted);
    // What is left has a note of its own, and the first is as it was.
    refund(&kitchen, &id, json!({"reason": "late", "to": "credit"})).await;
    let both = issued(&kitchen, &id, 2).await;
    assert_eq!(both[0], note);
    let second = &both[1];
    assert_eq!(second["number"], format!("{year}-000002"));
    assert!(second["issuedAt"].as_str() > note["issuedAt"].as_str());
    assert_eq!(second["total"], "22.00");
    // 27.00 hold 2.45.
    assert_eq!(second["taxes"], tax("2.00"));
    let back = json!([{"method": "store_credit", "amount": "22.00"}]);
    assert_eq!(second["paidBack"], back);

    // Whoever ordered reads them too, and nobody else does.
    let own = format!("/api/me/orders/{id}/credit-notes");
    let seen = shop.ask((&diner, ""), Method::GET, &own, None).await;
    assert_eq!(seen.good()["items"], json!(both));
    let elsewhere = shop.restaurant(&kitchen.organisation, None).await;
    let strangers = [shop.person(&[]), shop.person(&[&elsewhere])];
    for who in &strangers {
        let path = format!("/api/orders/{id}/credit-notes");
        for path in [&own, &path] {
            let said = shop.ask((who, ""), Method::GET, path, None).await;
            assert_eq!(said.code(), (404, "not_found"), "{path}");
        }
    }
    let all = listed(&kitchen, &year).await;
    assert_eq!(all, [second.clone(), note]);
    assert!(listed(&kitchen, "2001").await.is_empty());
    shop.verify().await;
}

async fn a_note_says_by_which_means_it_went_back(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let diner = kitchen.shop.person(&[]);
    let means = json!([{"method": "card", "token": "ok", "amount": "10.00"}, {"method": "cash"}]);
    let id = collected(&kitchen, &diner, ("payments", means)).await;
    let part = json!({"lines": [{"line": "1", "amount": "12.00"}], "reason": "wrong"});
    refund(&kitchen, &id, part).await;
    let note = issued(&kitchen, &id, 1).await.remove(0);
    let back = json!([
        {"method": "card", "amount": "10.00"}, {"method": "cash", "amount": "2.00"},
    ]);
    assert_eq!(
        (&note["total"], &note["paidBack"]),
        (&json!("12.00"), &back)
    );
    kitchen.shop.verify().await;
}

async fn what_comes_to_nothing_has_no_note(engine: Engine) {
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let shop = &kitchen.shop;
    let path = format!("{}/order-rules", kitchen.at());
    let mut rules = shop.get(&path).await.good();
    rules["refundsAlone"] = "2.00".into();
    shop.put(&path, rules).await.good();
    let diner = shop.person(&[]);
    let id = cash(&kitchen, &diner).await;
    let asked = refund(&kitchen, &id, json!({"reason": "quality"})).await;
    assert_eq!(asked["state"], "asked");
    assert!(notes(&kitchen, &id).await.is_empty());
    let refund_id = asked["id"].as_str().unwrap();
    let decline = format!("/api/orders/{id}/refunds/{refund_id}/decline");
    let staff = shop.person(&[&kitchen.restaurant]);
    let said = shop.ask((&staff, ""), Method::POST, &decline, None);
    assert_eq!(said.await.good()["state"], "declined");
    // An order that comes to nothing is no refund.
    let cancelled = kitchen.order((&diner, ""), kitchen.basket()).await.good();
    let cancelled = cancelled["id"].as_str().unwrap();
    let body = json!({"status": "rejected"});
    kitchen.set(cancelled, body).await.good();
    for order in [&id, cancelled] {
        assert!(notes(&kitchen, order).await.is_empty());
    }
    shop.verify().await;
}

async fn refunds_at_the_same_time_leave_no_gap(engine: Engine) {
    const ORDERS: usize = 8;
    const OF_EACH: usize = 3;
    let kitchen = Kitchen::open(Shop::working(engine).await).await;
    let shop = &kitchen.shop;
    let diner = shop.person(&[]);
    let mut orders = Vec::new();
    for place in 0..ORDERS {
        orders.push(match place % 2 {
            0 => card(&kitchen, &diner).await,
            _ => cash(&kitchen, &diner).await,
        });
    }
    let paths = orders.iter().map(|id| format!("/api/orders/{id}/refunds"));
    let paths: Vec<String> = paths.flat_map(|path| vec![path; OF_EACH]).collect();
    // More is asked for than there is: what is refused takes no number.
    let much = json!({"lines": [{"line": "1", "amount": "9.00"}], "reason": "late"});
    let asks = paths.iter().map(|path| shop.post(path, much.clone()));
    let answers: Vec<_> = stream::iter(asks).buffer_unordered(64).collect().await;
    let made = answers.iter().filter(|said| said.status == 201).count();
    assert_eq!(made, ORDERS * 2, "{answers:?}");
    let mut numbers = BTreeSet::new();
    for order in &orders {
        for note in issued(&kitchen, order, 2).await {
            assert_eq!(note["total"], "9.00");
            assert!(numbers.insert(note["number"].as_str().unwrap().to_owned()));
        }
    }
    let year = numbers.first().unwrap()[..4].to_owned();
    let wanted: BTreeSet<String> = (1..=made).map(|one| format!("{year}-{one:06}")).collect();
    assert_eq!(numbers, wanted);
    let all = listed(&kitchen, &year).await;
    let all = all.iter().map(|note| note["number"].as_str().unwrap());
    assert!(all.rev().eq(wanted.iter().map(String::as_str)));
    shop.verify().await;
}
