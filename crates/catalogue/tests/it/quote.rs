//! What an order would cost: over HTTP, by the published menu, the venue and what has run out.

use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::public::Table;
use super::world::{Said, Shop, on_both};

on_both!(
    an_order_is_priced_and_what_hinders_it_is_told,
    what_is_not_published_or_not_well_formed_is_no_quote,
);

/// A restaurant that is open all day and delivers around itself.
async fn laid(engine: Engine) -> Table {
    let table = Table::laid(Shop::new(engine).await).await;
    let at = table.at();
    let days = json!(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
    let always = json!([{"days": days, "from": "00:00", "to": "00:00"}]);
    let hours = json!({
        "weeks": {"delivery": always, "pickup": always, "dine_in": always}, "version": 0,
    });
    table.shop.put(&format!("{at}/hours"), hours).await.good();
    let here = json!({"position": {"lat": 40.85, "lng": 14.26}, "version": 0});
    let profile = format!("{at}/profile");
    table.shop.patch(&profile, here).await.good();
    let zone = json!({
        "name": "Near", "radiusMetres": 2000, "fee": "2.50", "minimum": "30.00", "minutes": 20,
    });
    let zones = json!({"zones": [zone], "version": 0});
    table.shop.put(&format!("{at}/zones"), zones).await.good();
    table
}

async fn quote(table: &Table, body: &Value) -> Said {
    let path = format!("{}/quote", table.at());
    let body = Some(body.clone());
    table.shop.ask(("", ""), Method::POST, &path, body).await
}

fn codes(quote: &Value) -> Vec<&str> {
    let refusals = quote["refusals"].as_array().unwrap();
    let codes = refusals.iter().map(|one| one["code"].as_str().unwrap());
    codes.collect()
}

async fn an_order_is_priced_and_what_hinders_it_is_told(engine: Engine) {
    let table = laid(engine).await;
    let mut wish = json!({
        "service": "dine_in",
        "lines": [
            {"line": "a", "item": table.pizza, "quantity": 2},
            {"item": table.water, "quantity": 1},
        ],
    });
    let answer = quote(&table, &wish).await.good();
    assert_eq!(codes(&answer), [""; 0], "{answer}");
    assert_eq!(answer["orderable"], true);
    assert_eq!(answer["revision"], 1);
    assert_eq!(answer["lines"][0]["line"], "a");
    assert_eq!(answer["lines"][1]["line"], "1");
    let total = answer["totals"]["total"].as_str().unwrap().to_owned();
    assert_eq!(answer["totals"]["items"], total.as_str());
    assert_eq!(answer["taxSums"][0]["percent"], "19");

    // It is brought for a fee, from a minimum on, and not everywhere.
    wish["service"] = "delivery".into();
    let answer = quote(&table, &wish).await.good();
    assert_eq!(codes(&answer), ["position_missing"]);
    wish["position"] = json!({"lat": 40.851, "lng": 14.26});
    wish["lines"] = json!([{"item": table.pizza, "quantity": 1}]);
    let answer = quote(&table, &wish).await.good();
    assert_eq!(codes(&answer), ["below_minimum"]);
    assert_eq!(answer["fees"][0]["kind"], "delivery_fee");
    assert_eq!(answer["totals"]["fees"], "2.50");
    wish["position"] = json!({"lat": 41.9, "lng": 12.5});
    assert_eq!(codes(&quote(&table, &wish).await.good()), ["outside_zones"]);

    // What has run out is refused, in this restaurant and at once.
    wish["service"] = "pickup".into();
    assert_eq!(codes(&quote(&table, &wish).await.good()), [""; 0]);
    let stock = format!("{}/menu/stock/{}", table.at(), table.pizza);
    table.shop.put(&stock, json!({})).await.good();
    let answer = quote(&table, &wish).await.good();
    assert_eq!(codes(&answer), ["sold_out"]);
    assert_eq!(answer["refusals"][0]["item"], table.pizza.as_str());
    assert_eq!(answer["orderable"], false);

    // A pause says why.
    let pause = json!({"minutes": 30, "reason": "too_much"});
    let paused = table
        .shop
        .post(&format!("{}/pause", table.at()), pause)
        .await;
    paused.good();
    let answer = quote(&table, &wish).await.good();
    assert_eq!(codes(&answer), ["paused", "sold_out"]);
}

async fn what_is_not_published_or_not_well_formed_is_no_quote(engine: Engine) {
    let table = laid(engine).await;
    let line = json!({"item": table.pizza, "quantity": 1});
    let wish = |line: &Value| json!({"service": "pickup", "lines": [line]});
    let other = table.shop.restaurant(&table.organisation, None).await;
    let path = format!("/api/restaurants/{other}/quote");
    let body = Some(wish(&line));
    let said = table.shop.ask(("", ""), Method::POST, &path, body).await;
    assert_eq!(said.code(), (404, "not_found"));

    let refused = [
        json!({"service": "by_air", "lines": [line]}),
        json!({"service": "pickup", "lines": []}),
        json!({"service": "pickup", "lines": vec![line.clone(); 101]}),
        json!({"service": "pickup", "channel": "No Channel", "lines": [line]}),
        json!({"service": "pickup", "lines": [{"item": table.pizza, "quantity": 0}]}),
        json!({"service": "pickup", "lines": [{"item": table.pizza, "quantity": 1000}]}),
        json!({"service": "delivery", "position": {"lat": 91, "lng": 0}, "lines": [line]}),
        json!({"service": "pickup", "lines": [line], "tip": "1.00"}),
    ];
    for body in &refused {
        let said = quote(&table, body).await;
        assert_eq!(said.status, 422, "{body}: {said:?}");
    }
    // An item of nobody's menu is a refusal and no error: the rest of the order has a price.
    let stranger = json!({"item": "itm_01jd6yv2m00000000000000000", "quantity": 1});
    let mut both = wish(&line);
    both["lines"] = json!([stranger, line]);
    let answer = quote(&table, &both).await.good();
    assert_eq!(codes(&answer), ["unknown_item"]);
    assert_eq!(answer["lines"].as_array().unwrap().len(), 1);
    assert_eq!(answer["lines"][0]["line"], "1");
}
