//! Uses of offers under races: many buyers at once, on two nodes, and never more uses than there are.

use base::Uid;
use commerce::offers::{is_given_back, is_refused, take};
use domain::people::PersonId;
use futures_util::future::join_all;
use serde_json::json;
use store::Db;
use testkit::trial::Engine;
use trade::offers::Why;

use super::offers::{House, Order};
use super::world::on_both;

on_both!(
    of_four_hundred_buyers_a_hundred_get_it,
    a_person_uses_it_as_often_as_one_can,
    uses_and_takes_agree_whatever_comes_between,
);

impl House {
    /// Finds and buys until it is known whether the order gets the coupon, as an order does.
    async fn order(&self, db: &Db, code: &str, person: Option<PersonId>) -> Result<Uid, Why> {
        let (order, wanted) = (
            self.uid(),
            Order {
                person,
                ..Order::with(code)
            },
        );
        loop {
            let found = self.find(&wanted).await;
            if let Some(refused) = found.refused {
                return Err(refused.why);
            }
            let mut commit = db.new_commit(self.organisation.organisation());
            take(&mut commit, order, person, &found.given);
            match db.commit(commit, &db.deadline()).await {
                Ok(_) => return Ok(order),
                Err(failure) => assert!(is_refused(&failure), "{failure:?}"),
            }
        }
    }

    async fn used(&self, path: &str) -> i64 {
        let read = self.shop.get(path).await.good();
        read["used"].as_i64().unwrap()
    }
}

async fn of_four_hundred_buyers_a_hundred_get_it(engine: Engine) {
    let house = House::open(engine).await;
    let (path, _) = house.coupon("RUSH", json!({"usesMax": 100})).await;
    let other = house.shop.world.another_node().await;
    let nodes = [&house.shop.world.db, &other];
    let buyers = (0..400).map(|turn| house.order(nodes[turn % 2], "RUSH", None));
    let bought = join_all(buyers).await;
    let got = bought.iter().filter(|one| one.is_ok()).count();
    let late = bought.iter().filter(|one| **one == Err(Why::UsedUp));
    assert_eq!(
        (got, late.count(), house.used(&path).await),
        (100, 300, 100)
    );
    house.shop.verify().await;
}

async fn a_person_uses_it_as_often_as_one_can(engine: Engine) {
    let house = House::open(engine).await;
    let (path, _) = house.coupon("TWICE", json!({"personUsesMax": 2})).await;
    let other = house.shop.world.another_node().await;
    let nodes = [&house.shop.world.db, &other];
    let people: Vec<PersonId> = (0..10).map(|_| house.person()).collect();
    let buyers = (0..120).map(|turn| {
        let person = people[turn % people.len()];
        house.order(nodes[turn % 2], "TWICE", Some(person))
    });
    let bought = join_all(buyers).await;
    let got = bought.iter().filter(|one| one.is_ok()).count();
    let late = bought.iter().filter(|one| **one == Err(Why::UsedByYou));
    assert_eq!((got, late.count(), house.used(&path).await), (20, 100, 20));
}

async fn uses_and_takes_agree_whatever_comes_between(engine: Engine) {
    let house = House::open(engine).await;
    let (path, _) = house.coupon("MIXED", json!({"usesMax": 30})).await;
    let other = house.shop.world.another_node().await;
    let nodes = [&house.shop.world.db, &other];
    let buy = |turn: usize| house.order(nodes[turn % 2], "MIXED", None);
    let bought: Vec<Uid> = join_all((0..20).map(buy))
        .await
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(bought.len(), 20);
    // Buyers, orders that give back (each twice), and an owner who changes the limit, all at once.
    let more = join_all((0..40).map(buy));
    let back = bought.iter().take(8).chain(bought.iter().take(8));
    let back = join_all(back.map(|order| house.give_back(*order)));
    let edit = house
        .shop
        .patch(&path, json!({"usesMax": 25, "version": 1}));
    let (more, back, edited) = tokio::join!(more, back, edit);
    edited.good();
    for gone in back {
        assert!(gone.as_ref().err().is_none_or(is_given_back), "{gone:?}");
    }
    let got = i64::try_from(more.iter().filter(|one| one.is_ok()).count()).unwrap();
    assert_eq!(house.used(&path).await, 20 - 8 + got);
    assert!(20 - 8 + got <= 30, "{got}");
    house.shop.verify().await;
}
