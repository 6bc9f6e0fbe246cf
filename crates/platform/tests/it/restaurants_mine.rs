//! The restaurants of one person, of all organisations that he belongs to.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::access_world::{Town, eventually};
use super::world::on_both;

on_both!(
    a_person_sees_what_his_roles_reach_everywhere,
    many_organisations_are_seen_in_turn,
    who_has_none_or_is_nobody_sees_nothing,
);

const PATH: &str = "/api/my-restaurants";

/// All pages of what somebody sees, so many entries a page; and how many pages there were.
async fn seen(town: &Town, who: &str, limit: u32) -> (Vec<(String, String)>, usize) {
    let (mut all, mut pages) = (Vec::new(), 0);
    let mut path = format!("{PATH}?limit={limit}");
    loop {
        let said = town.get(who, &path).await;
        assert_eq!(said.status, StatusCode::OK, "{said:?}");
        let items = said.body["items"].as_array().unwrap();
        assert!(items.len() <= limit as usize);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        all.extend(
            items
                .iter()
                .map(|item| (text(&item["organisation"]), text(&item["restaurant"]["id"]))),
        );
        pages += 1;
        match said.body["next"].as_str() {
            Some(next) => path = format!("{PATH}?limit={limit}&cursor={next}"),
            None => return (all, pages),
        }
    }
}

/// Waits until somebody belongs to so many organisations.
async fn belongs(town: &Town, who: &str, count: usize) {
    eventually(async || {
        let said = town.get(who, "/api/me/organisations?limit=100").await;
        said.body["items"].as_array().map(Vec::len) == Some(count)
    })
    .await;
}

async fn a_person_sees_what_his_roles_reach_everywhere(engine: Engine) {
    let town = Town::new(engine).await;
    let (first_owner, second_owner) = (town.person(), town.person());
    let one = town.organisation(&first_owner).await;
    let two = town.organisation(&second_owner).await;
    let brand = town.brand(&first_owner, &one, "Osteria").await;
    let mut of_one = Vec::new();
    for number in 0..5 {
        let of = (number % 2 == 0).then_some(brand.as_str());
        of_one.push(town.restaurant(&first_owner, &one, of).await);
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let of_two = town.restaurant(&second_owner, &two, None).await;
    let beside = town.restaurant(&second_owner, &two, None).await;
    // A manager of a brand here, a cook there.
    let person = town
        .member(&first_owner, &one, &[("manager", &brand)])
        .await;
    let cook = json!([{"role": "kitchen", "place": of_two}]);
    let token = town.invited(&second_owner, &two, cook).await;
    assert_eq!(town.accept(&person, &token).await.status, StatusCode::OK);
    belongs(&town, &person, 2).await;
    let expected: Vec<(String, String)> = [0, 2, 4]
        .into_iter()
        .map(|number| (one.clone(), of_one[number].clone()))
        .chain([(two.clone(), of_two.clone())])
        .collect();
    for limit in [1, 2, 3, 4, 100] {
        assert_eq!(seen(&town, &person, limit).await.0, expected, "{limit}");
    }
    assert_eq!(seen(&town, &person, 100).await.1, 1);
    belongs(&town, &first_owner, 1).await;
    assert_eq!(seen(&town, &first_owner, 2).await.0.len(), 5);
    belongs(&town, &second_owner, 1).await;
    let second = seen(&town, &second_owner, 100).await.0;
    assert_eq!(second.len(), 2);
    assert!(second.contains(&(two.clone(), beside)));
    // The cursor of one is none of another's.
    let page = town.get(&person, &format!("{PATH}?limit=1")).await;
    let next = page.body["next"].as_str().unwrap();
    let stolen = town
        .get(&first_owner, &format!("{PATH}?cursor={next}"))
        .await;
    assert_eq!(stolen.code(), (422, "cursor_refused"));
    // Who leaves sees nothing of it any more.
    let path = format!("/api/organisations/{two}/members/{person}");
    let left = town
        .node
        .ask(&second_owner, Method::DELETE, &path, None)
        .await;
    assert_eq!(left.status, StatusCode::NO_CONTENT, "{left:?}");
    eventually(async || seen(&town, &person, 100).await.0 == expected[..3]).await;
}

async fn many_organisations_are_seen_in_turn(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let mut expected = Vec::new();
    for number in 0..23 {
        let organisation = town.organisation(&owner).await;
        // Most have no restaurant yet.
        if number == 0 || number > 20 {
            let restaurant = town.restaurant(&owner, &organisation, None).await;
            expected.push((organisation, restaurant));
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    belongs(&town, &owner, 23).await;
    for limit in [1, 2, 100] {
        assert_eq!(seen(&town, &owner, limit).await.0, expected, "{limit}");
    }
    assert_eq!(seen(&town, &owner, 100).await.1, 2);
}

async fn who_has_none_or_is_nobody_sees_nothing(engine: Engine) {
    let town = Town::new(engine).await;
    let machine = town.get("key", PATH).await;
    assert_eq!(machine.code(), (403, "forbidden"));
    let person = town.person();
    assert_eq!(seen(&town, &person, 100).await, (Vec::new(), 1));
    let weak = format!("{person} weak");
    let weak = town.get(&weak, PATH).await;
    assert_eq!(weak.code(), (403, "second_factor_needed"));
}
