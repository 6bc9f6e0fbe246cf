//! People: what is said about one person is seen by that person only.

use base::Uid;
use store::{Call, Commit, Failure};
use testkit::trial::{ADDRESSES, CHANGE_ADDRESS, COUNT_ORDERS, READ_ADDRESSES, RESTAURANTS};

use super::guards::refused;
use super::violations::violated;
use crate::world::{World, event};

pub(super) fn about(world: &World, person: Uid) -> Commit {
    Commit::of_person(world.clock(), world.random(), person)
}

async fn add(world: &World, person: Uid, text: &str) -> Uid {
    let id = world.id();
    let mut commit = about(world, person);
    commit.insert(&ADDRESSES, [id.into(), text.into()]);
    commit.event(event(id, 1));
    world.store(commit).await.unwrap();
    id
}

async fn addresses(world: &World, person: Uid) -> Vec<(Uid, String)> {
    let calls = vec![Call::new(&READ_ADDRESSES, [])];
    let rows = world
        .db()
        .read_person(person, calls, &world.db().deadline())
        .await
        .unwrap();
    rows[0]
        .iter()
        .map(|row| (row.get(0).unwrap(), row.get(1).unwrap()))
        .collect()
}

pub(super) async fn a_person_sees_own_rows_only(world: World) {
    let (ann, bob, nobody) = (world.id(), world.id(), world.id());
    let anns = add(&world, ann, "Anděl 1").await;
    let bobs = add(&world, bob, "Brno 2").await;
    assert_eq!(addresses(&world, ann).await, [(anns, "Anděl 1".to_owned())]);
    assert_eq!(addresses(&world, bob).await, [(bobs, "Brno 2".to_owned())]);
    assert_eq!(addresses(&world, nobody).await, []);
}

pub(super) async fn a_person_changes_own_rows_only(world: World) {
    let (ann, bob) = (world.id(), world.id());
    let anns = add(&world, ann, "Anděl 1").await;
    let change = |person: Uid, text: &str| {
        let mut commit = about(&world, person);
        let changed = commit.guard(&CHANGE_ADDRESS, [anns.into(), text.into()]);
        (commit, changed)
    };
    let (commit, _) = change(bob, "Brno 2");
    assert_eq!(
        world.store(commit).await,
        Err(refused(0, "trial_addresses.change"))
    );
    let (commit, changed) = change(ann, "Zoo 3");
    let stored = world.store(commit).await.unwrap();
    assert_eq!(
        stored.rows(changed)[0].get::<String>(0).as_deref(),
        Ok("Zoo 3")
    );
    assert_eq!(addresses(&world, ann).await, [(anns, "Zoo 3".to_owned())]);
}

pub(super) async fn commits_about_many_people_share_a_transaction(world: World) {
    let people: Vec<Uid> = (0..40).map(|_| world.id()).collect();
    let (taken, claimed) = (world.id(), world.id());
    let commits = people.iter().enumerate().map(|(at, person)| {
        let mut commit = about(&world, *person);
        let id = if at % 10 == 9 { taken } else { world.id() };
        commit.insert(&ADDRESSES, [id.into(), format!("home of {at}").into()]);
        commit.claim(&ADDRESSES, [claimed.into(), format!("work of {at}").into()]);
        commit.event(event(world.id(), 1));
        commit
    });
    let verdicts = world
        .store_racing(&[world.db().clone()], commits.collect())
        .await;
    // Another person's row with the same id is no obstacle, and nobody learns of it.
    assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");
    for (at, person) in people.iter().enumerate() {
        let mut texts: Vec<String> = addresses(&world, *person)
            .await
            .into_iter()
            .map(|(_, text)| text)
            .collect();
        texts.sort();
        assert_eq!(texts, [format!("home of {at}"), format!("work of {at}")]);
    }
}

pub(super) async fn a_row_twice_is_named(world: World) {
    let ann = world.id();
    let id = add(&world, ann, "Anděl 1").await;
    let mut commit = about(&world, ann);
    commit.insert(&ADDRESSES, [id.into(), "again".into()]);
    let wanted = violated(
        store::Rule::Unique,
        "trial_addresses",
        "trial_addresses_pkey",
    );
    assert_eq!(world.store(commit).await, Err(wanted));
}

pub(super) async fn people_and_organisations_do_not_mix(world: World) {
    let ann = world.id();
    let mut rows = about(&world, ann);
    rows.insert(&RESTAURANTS, [ann.into(), "Ann's".into()]);
    let mut guards = about(&world, ann);
    guards.claim(&RESTAURANTS, [ann.into(), "Ann's".into()]);
    for commit in [rows, guards] {
        let outcome = world.store(commit).await;
        assert!(matches!(outcome, Err(Failure::Malformed(_))), "{outcome:?}");
    }
    let deadline = world.db().deadline();
    let calls = vec![Call::new(&COUNT_ORDERS, [])];
    let read = world.db().read_person(ann, calls, &deadline).await;
    assert!(matches!(read, Err(Failure::Malformed(_))), "{read:?}");
    let calls = vec![Call::new(&READ_ADDRESSES, [])];
    let read = world
        .db()
        .read(world.organisation(), calls, &deadline)
        .await;
    assert!(matches!(read, Err(Failure::Malformed(_))), "{read:?}");
}
