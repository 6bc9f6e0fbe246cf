//! What the slices keep of a person is given out whole and without others, and who must hand over is told so.

use std::sync::Arc;
use std::time::Duration;

use base::{KeyRing, Organisation, codes};
use domain::people::PersonId;
use edge::{Seen, What, Witness as _};
use serde_json::{Value, json};
use testkit::trial::Engine;
use tokio::sync::watch;

use super::access_world::{Town, eventually};
use super::audit::node;
use super::world::on_both;

on_both!(
    memberships_are_given_out_with_their_roles,
    a_thousand_entries_are_given_out_whole,
    the_last_owner_of_others_hands_over_first,
    the_ledger_of_erasures_keeps_each_once,
);

/// More than two pages.
const ENTRIES: i64 = 2_100;
/// What the requirements give an export.
const EXPORT_WITHIN: Duration = Duration::from_secs(60);

async fn exported(town: &Town, person: &str) -> (Value, Value) {
    let personal = platform::personal(&town.node.app);
    let all = personal.export(person.parse().unwrap()).await.unwrap();
    let read = |name: &str| {
        let (_, text) = all.iter().find(|(found, _)| *found == name).unwrap();
        serde_json::from_str(text).unwrap()
    };
    (read("memberships"), read("audit"))
}

async fn memberships_are_given_out_with_their_roles(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let house = town.organisation(&owner).await;
    let restaurant = town.restaurant(&owner, &house, None).await;
    let cook = town
        .member(&owner, &house, &[("kitchen", &restaurant)])
        .await;
    eventually(async || exported(&town, &cook).await.0 != json!([])).await;
    let (memberships, _) = exported(&town, &cook).await;
    let one = &memberships.as_array().unwrap()[0];
    assert_eq!(one["organisation"], json!(house));
    assert_eq!(one["name"], "Gruppo");
    assert_eq!(one["ended"], false);
    assert_eq!(one["roles"].as_array().unwrap().len(), 1, "{one}");
    let text = memberships.to_string();
    assert!(
        text.contains("kitchen") && text.contains(&restaurant),
        "{text}"
    );
    assert!(!text.contains(&owner), "{text}");
    assert_eq!(exported(&town, &town.person()).await.0, json!([]));
}

async fn a_thousand_entries_are_given_out_whole(engine: Engine) {
    let town = Town::new(engine).await;
    let (keys, _) = watch::channel(KeyRing::draw(&town.world.random));
    let (ledger, tasks) = node(&town.world, &town.world.db, &keys);
    let (person, other) = (town.person(), town.person());
    let seen = |actor: &str, number: i64| Seen {
        actor: actor.to_owned(),
        role: Some(edge::Role::Person),
        organisation: Some(Organisation::new(u32::try_from(number % 3).unwrap())),
        operation: "members.list",
        target: None,
        what: What::Read,
        reason: None,
        correlation: Arc::from("req"),
        at: base::Time::from_micros(number),
    };
    for number in 0..ENTRIES {
        ledger.saw(seen(&person, number));
        ledger.saw(seen(&other, number));
    }
    ledger.saw(Seen {
        target: Some(person.clone()),
        ..seen(&other, ENTRIES)
    });
    let all = usize::try_from(ENTRIES).unwrap() + 1;
    let count = async || {
        let (_, audit) = exported(&town, &person).await;
        audit["entries"].as_array().unwrap().len()
    };
    eventually(async || count().await == all).await;
    let clock = base::Clock::real();
    let (_, audit) = exported(&town, &person).await;
    assert!(clock.elapsed() < EXPORT_WITHIN, "{:?}", clock.elapsed());
    assert_eq!(audit["complete"], true);
    let entries = audit["entries"].as_array().unwrap();
    let own = entries
        .iter()
        .filter(|entry| entry["actor"] == json!(person));
    assert_eq!(own.count(), all - 1);
    // Who else did something about him is not his to know.
    assert!(!audit.to_string().contains(&other));
    tasks.stop(Duration::from_secs(5)).await;
}

async fn the_last_owner_of_others_hands_over_first(engine: Engine) {
    let town = Town::new(engine).await;
    let owner = town.person();
    let id: PersonId = owner.parse().unwrap();
    let house = town.organisation(&owner).await;
    let personal = platform::personal(&town.node.app);
    eventually(async || exported(&town, &owner).await.0 != json!([])).await;
    // Alone he may go.
    personal.may_go(id).await.unwrap();
    let second = town.member(&owner, &house, &[("manager", &house)]).await;
    let refused = personal.may_go(id).await.unwrap_err();
    assert_eq!(refused.code(), codes::LAST_OWNER);
    personal.may_go(second.parse().unwrap()).await.unwrap();
    let given = town
        .give(&owner, (&house, &second), ("owner", &house))
        .await;
    assert_eq!(given.status.as_u16(), 201, "{given:?}");
    personal.may_go(id).await.unwrap();
    personal.erase(id, "").await.unwrap();
    assert_eq!(exported(&town, &owner).await.0, json!([]));
    let second = second.parse().unwrap();
    personal.may_go(second).await.unwrap();
    town.verify().await;
}

async fn the_ledger_of_erasures_keeps_each_once(engine: Engine) {
    let town = Town::new(engine).await;
    let personal = platform::personal(&town.node.app);
    let ledger = personal.erasures();
    let mut people: Vec<PersonId> = (0..3).map(|_| town.person().parse().unwrap()).collect();
    for person in people.iter().chain(&people) {
        let at = town.world.clock.now();
        ledger.write(*person, at, "per_x").await.unwrap();
    }
    people.sort();
    assert_eq!(ledger.after(None).await.unwrap(), people);
    assert_eq!(ledger.after(Some(people[0])).await.unwrap(), people[1..]);
    assert_eq!(ledger.after(Some(people[2])).await.unwrap(), []);
}
