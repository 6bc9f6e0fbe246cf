//! What has run out: said, ended, ended by itself, counted down by many buyers at once and never below nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use carte::ItemId;
use catalogue::menus::stock;
use domain::organisations::RestaurantId;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::drafts::{pizza, trattoria};
use super::world::{Shop, eventually, on_both};

on_both!(
    what_is_off_is_said_and_taken_back,
    what_is_off_until_a_time_ends_by_itself,
    many_say_something_at_once,
    of_many_buyers_as_many_get_it_as_there_are,
    what_is_not_sold_there_cannot_be_off,
);

/// A restaurant that sells a pizza; answers its path and the id of the pizza.
async fn selling(shop: &Shop) -> (String, String, String) {
    let (_, at) = trattoria(shop).await;
    let [_, _, pizza, cheese] = pizza(shop, &at).await;
    shop.post(&format!("{at}/menu/publish"), json!({"version": 3}))
        .await
        .good();
    (at, pizza, cheese)
}

async fn availability(shop: &Shop, at: &str) -> Arc<carte::Availability> {
    let id = at.rsplit('/').next().unwrap().parse().unwrap();
    let menus = rpc::Menus::new(Arc::new(shop.node.catalogue.menus.clone()));
    let current = menus.current(id).await.unwrap().unwrap();
    current.availability.clone()
}

async fn what_is_off_is_said_and_taken_back(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (at, pizza, cheese) = selling(&shop).await;
    let path = format!("{at}/menu/stock/{pizza}");
    let off = shop
        .put(&path, json!({"reason": "the oven is cold"}))
        .await
        .good();
    assert_eq!(
        off,
        json!({"version": 1, "item": pizza, "until": null, "left": null, "reason": "the oven is cold"})
    );
    // The same again changes nothing.
    assert_eq!(
        shop.put(&path, json!({"reason": "the oven is cold"}))
            .await
            .good(),
        off
    );
    let other = format!("{at}/menu/stock/{cheese}");
    let off = shop.put(&other, json!({"until": "tomorrow", "left": 3}));
    let off = off.await.good();
    assert_eq!((&off["version"], &off["left"]), (&json!(2), &json!(3)));
    assert!(off["until"].as_str().is_some());
    let listed = shop.get(&format!("{at}/menu/stock")).await.good();
    assert_eq!(
        (
            &listed["version"],
            listed["items"].as_array().unwrap().len()
        ),
        (&json!(2), 2)
    );
    let known = availability(&shop, &at).await;
    let now = shop.world.clock.now();
    assert!(known.is_off(pizza.parse().unwrap(), now));
    assert_eq!(known.left(cheese.parse().unwrap(), now), Some(3));
    for _ in 0..2 {
        assert_eq!(shop.delete(&path).await.status, StatusCode::NO_CONTENT);
    }
    let known = availability(&shop, &at).await;
    assert!(!known.is_off(pizza.parse().unwrap(), now));
    assert_eq!(known.version, 3);
    for wrong in [
        json!({"until": "2020-01-01T00:00:00Z"}),
        json!({"until": "yesterday"}),
        json!({"left": -1}),
        json!({"left": 1_000_001}),
        json!({"reason": ""}),
        json!({"version": 1}),
    ] {
        let said = shop.put(&path, wrong.clone()).await;
        assert_eq!(
            said.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wrong}: {said:?}"
        );
    }
    shop.verify().await;
}

async fn what_is_off_until_a_time_ends_by_itself(engine: Engine) {
    let shop = Shop::working(engine).await;
    let (at, pizza, _) = selling(&shop).await;
    let path = format!("{at}/menu/stock/{pizza}");
    let far = shop
        .world
        .clock
        .now()
        .plus(Duration::from_secs(3_600))
        .unwrap();
    shop.put(&path, json!({"until": far})).await.good();
    let soon = shop
        .world
        .clock
        .now()
        .plus(Duration::from_millis(1_200))
        .unwrap();
    shop.put(&path, json!({"until": soon})).await.good();
    assert!(
        availability(&shop, &at)
            .await
            .is_off(pizza.parse().unwrap(), shop.world.clock.now())
    );
    eventually(async || availability(&shop, &at).await.off.is_empty()).await;
    assert_eq!(availability(&shop, &at).await.version, 3);
    let listed = shop.get(&format!("{at}/menu/stock")).await.good();
    assert_eq!(listed, json!({"version": 3, "items": []}));
    shop.verify().await;
}

async fn many_say_something_at_once(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (at, pizza, cheese) = selling(&shop).await;
    let (one, two) = (
        format!("{at}/menu/stock/{pizza}"),
        format!("{at}/menu/stock/{cheese}"),
    );
    let said = tokio::join!(
        shop.put(&one, json!({})),
        shop.put(&two, json!({"left": 2})),
        shop.put(&one, json!({"reason": "sold"})),
        shop.delete(&two),
    );
    for said in [said.0, said.1, said.2, said.3] {
        assert!(said.status.is_success(), "{said:?}");
    }
    shop.verify().await;
}

async fn of_many_buyers_as_many_get_it_as_there_are(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (at, pizza, cheese) = selling(&shop).await;
    let restaurant: RestaurantId = at.rsplit('/').next().unwrap().parse().unwrap();
    let (pizza_id, cheese_id): (ItemId, ItemId) = (pizza.parse().unwrap(), cheese.parse().unwrap());
    let path = format!("{at}/menu/stock/{pizza}");
    shop.put(&path, json!({"left": 7})).await.good();
    let cheeses = format!("{at}/menu/stock/{cheese}");
    shop.put(&cheeses, json!({"left": 100})).await.good();
    let db = &shop.world.db;
    let buy = async || {
        let mut commit = db.new_commit(restaurant.organisation());
        let wanted = BTreeMap::from([(pizza_id, 1), (cheese_id, 2)]);
        let taken = stock::take(&mut commit, restaurant, &wanted);
        let stored = db.commit(commit, &db.deadline()).await;
        let left = |item| {
            let (_, taken) = taken.iter().find(|(one, _)| *one == item).unwrap();
            stored.as_ref().map(|stored| stored.taken(*taken).unwrap())
        };
        match left(pizza_id) {
            Ok(left) => Some(left),
            Err(failure) => {
                assert!(stock::is_short(failure), "{failure:?}");
                None
            }
        }
    };
    let bought = join_all((0..40).map(|_| buy())).await;
    let mut left: Vec<i64> = bought.into_iter().flatten().collect();
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2, 3, 4, 5, 6]);
    // Whoever did not get the pizza took no cheese either.
    let listed = shop.get(&format!("{at}/menu/stock")).await.good();
    let left = |item: &str| {
        let all = listed["items"].as_array().unwrap();
        all.iter().find(|one| one["item"] == json!(item)).unwrap()["left"].clone()
    };
    assert_eq!((left(&pizza), left(&cheese)), (json!(0), json!(86)));

    let menus = &shop.node.catalogue.menus;
    menus.tell_left(restaurant, pizza_id).await.unwrap();
    let known = availability(&shop, &at).await;
    let now = shop.world.clock.now();
    assert!(known.is_off(pizza_id, now));
    assert_eq!((known.left(cheese_id, now), known.version), (Some(86), 3));
    // What was sold and is not wanted can be sold to another, once.
    let give_back = async |seen| {
        let mut commit = db.new_commit(restaurant.organisation());
        let returned = BTreeMap::from([(pizza_id, 1)]);
        let given = stock::give_back(&mut commit, (restaurant, seen), &returned);
        let stored = db.commit(commit, &db.deadline()).await.unwrap();
        stored.taken(given[0].1)
    };
    assert_eq!(give_back(2).await, Some(1));
    menus.tell_left(restaurant, pizza_id).await.unwrap();
    assert!(!availability(&shop, &at).await.is_off(pizza_id, now));
    assert_eq!(buy().await, Some(0));
    shop.verify().await;
    // A new count is not touched by what was bought before.
    let counted = shop.put(&path, json!({"left": 1})).await.good();
    assert_eq!(counted["left"], json!(1));
    assert_eq!(give_back(4).await, None);
    assert_eq!(buy().await, Some(0));
    assert_eq!(buy().await, None);
}

async fn what_is_not_sold_there_cannot_be_off(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (at, pizza, _) = selling(&shop).await;
    let (other, _, _) = selling(&shop).await;
    let (_, empty) = trattoria(&shop).await;
    for at in [other, format!("/api/restaurants/{}", Value::Null), empty] {
        let path = format!("{at}/menu/stock/{pizza}");
        let said = shop.put(&path, json!({})).await;
        assert!(said.status.is_client_error(), "{said:?}");
        assert_ne!(said.status, StatusCode::CONFLICT, "{said:?}");
    }
    let restaurant = at.rsplit('/').next().unwrap();
    let person = shop.person(&[restaurant]);
    let path = format!("{at}/menu/stock/{pizza}");
    let said = shop
        .ask((&person, ""), Method::PUT, &path, Some(json!({"left": 1})))
        .await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
}
