//! Held rows: a person's own, and whoever can name the digest may read them.

use base::Uid;
use store::{Call, Commit, Db, Failure, Rule, Sql};
use testkit::trial::{
    CLEAR_STUBS, CLEAR_TOKENS, END_TOKENS, READ_ADDRESSES, READ_STUBS, READ_TOKEN, READ_TOKENS,
    RESTAURANTS, STUBS, TOKENS, USE_TOKEN,
};

use super::guards::refused;
use super::people::about;
use super::violations::violated;
use crate::world::World;

type Digest = [u8; 32];

fn token(world: &World, person: Uid, digest: Digest, text: &str) -> Commit {
    let mut commit = about(world, person);
    let uses = 1;
    commit.claim(
        &TOKENS,
        [digest.to_vec().into(), text.into(), i64::into(uses)],
    );
    commit
}

/// Who holds the token of a digest, by that digest.
async fn holder(db: &Db, digest: Digest) -> Option<(Uid, String)> {
    let calls = vec![Call::new(&READ_TOKEN, [])];
    let rows = db.read_held(digest, calls, &db.deadline()).await.unwrap();
    let row = rows[0].first()?;
    Some((row.get(0).unwrap(), row.get(1).unwrap()))
}

async fn tokens(world: &World, person: Uid) -> Vec<Vec<u8>> {
    let (db, calls) = (world.db(), vec![Call::new(&READ_TOKENS, [])]);
    let rows = db.read_person(person, calls, &db.deadline()).await.unwrap();
    rows[0].iter().map(|row| row.get(0).unwrap()).collect()
}

pub(super) async fn whoever_names_the_digest_sees_the_row(world: World) {
    let (ann, bob) = (world.id(), world.id());
    world
        .store(token(&world, ann, [1; 32], "a session"))
        .await
        .unwrap();
    world
        .store(token(&world, bob, [2; 32], "a code"))
        .await
        .unwrap();
    let db = world.db();
    assert_eq!(
        holder(db, [1; 32]).await,
        Some((ann, "a session".to_owned()))
    );
    assert_eq!(holder(db, [2; 32]).await, Some((bob, "a code".to_owned())));
    assert_eq!(holder(db, [3; 32]).await, None);
    assert_eq!(tokens(&world, ann).await, [vec![1; 32]]);
    assert_eq!(tokens(&world, bob).await, [vec![2; 32]]);
    assert_eq!(tokens(&world, world.id()).await, [] as [Vec<u8>; 0]);
}

pub(super) async fn a_digest_is_claimed_once_over_all_people(world: World) {
    let (ann, bob) = (world.id(), world.id());
    world
        .store(token(&world, ann, [1; 32], "hers"))
        .await
        .unwrap();
    assert_eq!(
        world.store(token(&world, bob, [1; 32], "his")).await,
        Err(refused(0, "trial_tokens"))
    );
    let mut insert = about(&world, bob);
    insert.insert(&TOKENS, [vec![1_u8; 32].into(), "his".into(), 1_i64.into()]);
    let wanted = violated(Rule::Unique, "trial_tokens", "trial_tokens_pkey");
    assert_eq!(world.store(insert).await, Err(wanted));
    assert_eq!(tokens(&world, bob).await, [] as [Vec<u8>; 0]);
    assert_eq!(
        holder(world.db(), [1; 32]).await,
        Some((ann, "hers".to_owned()))
    );
}

/// Forty people want ten digests, each in an order of their own: the groups of two nodes must not wait for each other.
pub(super) async fn of_racing_claims_one_wins_each_digest(world: World) {
    race_for_digests(&world, &[world.db().clone()]).await;
}

pub(super) async fn race_for_digests(world: &World, nodes: &[Db]) {
    let people: Vec<Uid> = (0..40).map(|_| world.id()).collect();
    let commits = (0..400_u32).map(|at| {
        let person = people[usize::try_from(at * 7 % 40).unwrap()];
        let digest = u8::try_from((at * 3 + at / 10) % 10).unwrap();
        token(world, person, [digest; 32], &at.to_string())
    });
    let verdicts = world.store_racing(nodes, commits.collect()).await;
    let won = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
    let lost = Err(refused(0, "trial_tokens"));
    let others = verdicts.iter().filter(|verdict| verdict.is_err());
    let others: Vec<_> = others.filter(|verdict| **verdict != lost).collect();
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(won, 10);
    for digest in 0..10 {
        assert!(holder(world.db(), [digest; 32]).await.is_some());
    }
}

pub(super) async fn a_held_row_changes_for_its_person_only(world: World) {
    let (ann, bob) = (world.id(), world.id());
    world
        .store(token(&world, ann, [1; 32], "once"))
        .await
        .unwrap();
    let using = |person| {
        let mut commit = about(&world, person);
        let left = commit.guard(&USE_TOKEN, [vec![1_u8; 32].into()]);
        (commit, left)
    };
    let lost = Err(refused(0, "trial_tokens.use"));
    assert_eq!(world.store(using(bob).0).await, lost);
    let (commit, left) = using(ann);
    assert_eq!(world.store(commit).await.unwrap().taken(left), Some(0));
    assert_eq!(world.store(using(ann).0).await, lost, "it is used up");

    let ending = |person| {
        let mut commit = about(&world, person);
        commit.change(&END_TOKENS, ["once".into()]);
        commit
    };
    world.store(ending(bob)).await.unwrap();
    assert!(holder(world.db(), [1; 32]).await.is_some());
    world.store(ending(ann)).await.unwrap();
    assert_eq!(holder(world.db(), [1; 32]).await, None);
}

pub(super) async fn several_rows_may_bear_one_digest(world: World) {
    let (ann, bob) = (world.id(), world.id());
    for (person, number) in [(ann, 1_i64), (bob, 2), (ann, 3)] {
        let mut commit = about(&world, person);
        commit.claim(&STUBS, [vec![1_u8; 32].into(), number.into(), 0_i64.into()]);
        world.store(commit).await.unwrap();
    }
    let (db, calls) = (world.db(), vec![Call::new(&READ_STUBS, [])]);
    let rows = db
        .read_held([1; 32], calls, &db.deadline())
        .await
        .unwrap()
        .remove(0);
    let numbers: Vec<i64> = rows.iter().map(|row| row.get(0).unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3]);
}

pub(super) async fn a_call_that_does_not_fit_its_scope_is_malformed(world: World) {
    let (ann, db) = (world.id(), world.db());
    let deadline = db.deadline();
    let malformed = |outcome: &dyn std::fmt::Debug, failure: Option<&Failure>| {
        let right = matches!(failure, Some(Failure::Malformed(_)));
        assert!(right, "{outcome:?}");
    };
    let call = |sql: &'static Sql| vec![Call::new(sql, [])];
    for sql in [&READ_TOKENS, &READ_ADDRESSES] {
        let read = db.read_held([1; 32], call(sql), &deadline).await;
        malformed(&read, read.as_ref().err());
    }
    let read = db.read_person(ann, call(&READ_TOKEN), &deadline).await;
    malformed(&read, read.as_ref().err());
    let read = db
        .read(world.organisation(), call(&READ_TOKEN), &deadline)
        .await;
    malformed(&read, read.as_ref().err());

    let mut by_digest = about(&world, ann);
    by_digest.change(&READ_TOKEN, [vec![1_u8; 32].into()]);
    let mut of_an_organisation = world.commit();
    let cells = [vec![1_u8; 32].into(), "x".into(), 1_i64.into()];
    of_an_organisation.claim(&TOKENS, cells);
    let mut mixed = token(&world, ann, [1; 32], "hers");
    mixed.claim(&RESTAURANTS, [ann.into(), "Ann's".into()]);
    for commit in [by_digest, of_an_organisation, mixed] {
        let stored = world.store(commit).await;
        malformed(&stored, stored.as_ref().err());
    }
}

pub(super) async fn the_queue_role_removes_what_it_may(world: World) {
    const YOUNG: i64 = 4_000_000_000_000_000;
    let ann = world.id();
    let mut commit = about(&world, ann);
    for (digest, uses) in [(1_u8, 0_i64), (2, 1), (3, 0)] {
        let digest = vec![digest; 32];
        commit.insert(&TOKENS, [digest.clone().into(), "x".into(), uses.into()]);
        let at = if uses == 0 { 0 } else { YOUNG };
        commit.insert(&STUBS, [digest.into(), 1_i64.into(), at.into()]);
    }
    world.store(commit).await.unwrap();
    let (people, deadline) = (world.db().people(), world.db().deadline());
    let used_up = Call::new(&CLEAR_TOKENS, [10_i64.into()]);
    assert_eq!(people.clear(used_up, &deadline).await, Ok(2));
    assert_eq!(tokens(&world, ann).await, [vec![2; 32]]);
    let old = Call::new(&CLEAR_STUBS, [YOUNG.into(), 10_i64.into()]);
    assert_eq!(people.clear(old, &deadline).await, Ok(2));
}
