//! Rows: what is put in comes out again, and what cannot be a row is refused before anything is sent.

use base::Uid;
use store::{Cell, Commit, Failure, Outcome, Table, Value};
use testkit::trial::{
    ADDRESSES, INTENTS, LINES, LISTING, NEXT_NUMBER, ORDERS, READ_INTENTS, READ_LINES, RESTAURANTS,
    TAKE_STOCK,
};

use crate::world::{COUNT_SAMPLES, READ_SAMPLE, SAMPLES, SEIZE_STOCK, World, event};

pub(super) async fn parents_and_children_come_in_any_order(world: World) {
    const ORDERS_OF_FOUR: [[usize; 4]; 4] =
        [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]];
    for places in ORDERS_OF_FOUR {
        let (restaurant, id) = (world.id(), world.id());
        let mut commit = world.commit();
        for place in places {
            match place {
                0 => commit.insert(&RESTAURANTS, [restaurant.into(), "Osteria".into()]),
                1 => commit.insert(&ORDERS, order_cells(id, restaurant)),
                2 => commit.insert(
                    &LINES,
                    [
                        id.into(),
                        1_i64.into(),
                        id.into(),
                        2_i64.into(),
                        3_i64.into(),
                    ],
                ),
                _ => commit.insert(
                    &INTENTS,
                    [id.into(), id.into(), 6_i64.into(), "open".into()],
                ),
            }
        }
        world.store(commit).await.unwrap();
        for sql in [&READ_LINES, &READ_INTENTS] {
            assert_eq!(
                world
                    .db()
                    .rows(world.organisation(), sql, [id.into()])
                    .await
                    .unwrap()
                    .len(),
                1
            );
        }
    }
}

/// The cells of an order without number and note.
pub(super) fn order_cells(id: Uid, restaurant: Uid) -> Vec<Cell> {
    let (null, one) = (|| Value::Null.into(), || 1_i64.into());
    vec![
        id.into(),
        null(),
        restaurant.into(),
        id.into(),
        "new".into(),
        one(),
        null(),
        one(),
        one(),
    ]
}

fn samples(world: &World) -> Vec<[Value; 4]> {
    let null = || Value::Null;
    let text = |words: &str| [null(), words.into(), null(), null()];
    let number = |number: i64| [number.into(), null(), null(), null()];
    let bytes = |bytes: Vec<u8>| [null(), null(), bytes.into(), null()];
    let id = |id: Uid| [null(), null(), null(), id.into()];
    vec![
        [null(), null(), null(), null()],
        number(i64::MIN),
        number(i64::MAX),
        number(0),
        number(-1),
        text(""),
        text("NULL"),
        text("{\"a\",NULL,\"\\\\\"}"),
        text("Žluťoučký kůň, 東京の寿司, مطعم, 𝄞 👩‍🍳, e\u{301} is not é"),
        text("line\r\n\ttab\u{1}\u{7f} 'quoted' $1 ?1 \\"),
        text(&"long text ✓ ".repeat(100_000)),
        bytes(Vec::new()),
        bytes((0..=255).collect()),
        bytes(vec![0; 1_000_000]),
        id(world.id()),
        id(Uid::from_bytes([0; 16])),
        id(Uid::from_bytes([255; 16])),
    ]
}

/// A sample as it was read.
type Read = (Option<i64>, Option<String>, Option<Vec<u8>>, Option<Uid>);

async fn read_sample(world: &World, id: Uid) -> Read {
    let rows = world
        .db()
        .rows(world.organisation(), &READ_SAMPLE, [id.into()])
        .await
        .unwrap();
    let row = &rows[0];
    (
        row.get(0).unwrap(),
        row.get(1).unwrap(),
        row.get(2).unwrap(),
        row.get(3).unwrap(),
    )
}

fn is_same(read: &Read, put: &[Value; 4]) -> bool {
    let (number, words, bytes, id) = read.clone();
    let read: [Value; 4] = [number.into(), words.into(), bytes.into(), id.into()];
    read == *put
}

pub(super) async fn every_kind_of_value_comes_back_as_it_was(world: World) {
    world.with_samples().await;
    let samples = samples(&world);
    let ids: Vec<Uid> = samples.iter().map(|_| world.id()).collect();
    let commit_of = |at: usize| {
        let mut commit = world.commit();
        let cells = [Value::from(ids[at])]
            .into_iter()
            .chain(samples[at].clone());
        commit.insert(&SAMPLES, cells.map(Cell::from).collect::<Vec<_>>());
        commit
    };
    // Together they become columns of one statement, in which every value stands beside all others.
    let commits: Vec<Commit> = (0..samples.len()).map(commit_of).collect();
    for stored in world.store_together(commits).await {
        stored.unwrap();
    }
    for (id, sample) in ids.iter().zip(&samples) {
        let read = read_sample(&world, *id).await;
        assert!(is_same(&read, sample), "{sample:.80?} came back otherwise");
    }
}

/// A commit that could be stored, but for what is wrong with it.
fn wrong(world: &World, fill: impl FnOnce(&mut Commit)) -> Commit {
    let mut commit = world.commit();
    commit.insert(&RESTAURANTS, [world.id().into(), "Bistro".into()]);
    fill(&mut commit);
    commit
}

fn wrong_rows(world: &World) -> Vec<(&'static str, Commit)> {
    let id = world.id();
    let row = |table: &'static Table, cells: Vec<Cell>| {
        wrong(world, |commit| commit.insert(table, cells))
    };
    let claim =
        |cells: Vec<Value>| wrong(world, |commit| drop_it(commit.claim(&RESTAURANTS, cells)));
    vec![
        ("too few cells", row(&RESTAURANTS, vec![id.into()])),
        (
            "too many cells",
            row(&RESTAURANTS, vec![id.into(), "a".into(), "b".into()]),
        ),
        (
            "a number for a text",
            row(&RESTAURANTS, vec![id.into(), 1_i64.into()]),
        ),
        (
            "a text for an id",
            row(&RESTAURANTS, vec!["id".into(), "a".into()]),
        ),
        (
            "a list",
            row(&RESTAURANTS, vec![id.into(), vec![1_i64].into()]),
        ),
        (
            "a table of persons",
            row(&ADDRESSES, vec![id.into(), "a".into()]),
        ),
        (
            "a published table",
            row(&LISTING, vec![id.into(), "a".into()]),
        ),
        ("a claim with too few cells", claim(vec![id.into()])),
        (
            "a claim of another kind",
            claim(vec![id.into(), 1_i64.into()]),
        ),
    ]
}

fn wrong_guards_and_events(world: &World) -> Vec<(&'static str, Commit)> {
    let id = world.id();
    let mut not_an_object = event(id, 1);
    not_an_object.payload = "[1]".to_owned();
    let mut foreign = world.commit();
    foreign.change(&NEXT_NUMBER, ["orders".into()]);
    let of_another = foreign.change(&NEXT_NUMBER, ["orders".into()]);
    let number_in_text = |commit: &mut Commit| {
        let taken = commit.change(&NEXT_NUMBER, ["orders".into()]);
        commit.insert(&RESTAURANTS, [id.into(), taken.into()]);
    };
    let nobodys_number =
        |commit: &mut Commit| commit.event_with(event(id, 1), [("number", of_another)]);
    vec![
        (
            "a guard without its key",
            wrong(world, |commit| drop_it(commit.guard(&TAKE_STOCK, []))),
        ),
        (
            "a payload that is no object",
            wrong(world, |commit| commit.event(not_an_object)),
        ),
        (
            "version 0",
            wrong(world, |commit| commit.event(event(id, 0))),
        ),
        ("a number in a text", wrong(world, number_in_text)),
        ("a number that no guard takes", wrong(world, nobodys_number)),
    ]
}

fn drop_it<T>(_: T) {}

fn is_malformed<T>(outcome: &Outcome<T>) -> bool {
    matches!(outcome, Err(Failure::Malformed(_)))
}

pub(super) async fn what_is_no_row_is_malformed_and_nothing_is_stored(world: World) {
    let head = world.head().await;
    let all = [wrong_rows(&world), wrong_guards_and_events(&world)];
    for (what, commit) in all.into_iter().flatten() {
        let outcome = world.store(commit.clone()).await;
        assert!(is_malformed(&outcome), "{what}: {outcome:?}");
        let id = commit.id();
        assert!(!is_stored(&world, id).await, "{what} was stored");
    }
    assert_eq!(world.head().await, head);
}

/// Whether the commit stands among the stored ones.
pub(super) async fn is_stored(world: &World, commit: Uid) -> bool {
    world
        .one::<i64>(&crate::world::FIND_COMMIT, [commit.into()])
        .await
        .is_some()
}

pub(super) async fn a_text_with_a_zero_byte_is_malformed(world: World) {
    world.with_samples().await;
    let row = |words: &str| -> Vec<Cell> {
        vec![
            world.id().into(),
            Value::Null.into(),
            words.into(),
            Value::Null.into(),
            Value::Null.into(),
        ]
    };
    let mut inserted = world.commit();
    inserted.insert(&SAMPLES, row("a\0b"));
    let mut claimed = world.commit();
    claimed.claim(&RESTAURANTS, [world.id().into(), "a\0b".into()]);
    let mut said = world.commit();
    let mut what = event(world.id(), 1);
    what.actor = "a\0b".to_owned();
    said.event(what);
    let mut asked = world.commit();
    asked.change(&NEXT_NUMBER, ["a\0b".into()]);
    for commit in [inserted, claimed, said, asked] {
        let outcome = world.store(commit).await;
        assert!(is_malformed(&outcome), "{outcome:?}");
    }
    assert_eq!(world.one::<i64>(&COUNT_SAMPLES, []).await, Some(0));
    let (db, deadline) = (world.db(), world.db().deadline());
    let read = db
        .rows(world.organisation(), &READ_SAMPLE, ["a\0b".into()])
        .await;
    assert!(is_malformed(&read), "{read:?}");
    let consumer = world.trial.shard().consumer("a\0b", &deadline).await;
    assert!(is_malformed(&consumer), "{consumer:?}");
}

pub(super) async fn a_guard_that_answers_no_number_cannot_fill_a_place(world: World) {
    let id = world.id();
    let wrong = || {
        let mut commit = world.commit();
        let nothing = commit.change(&SEIZE_STOCK, [world.home.dish.into(), 1_i64.into()]);
        let mut cells = order_cells(world.id(), world.home.restaurant);
        cells[1] = nothing.into();
        commit.insert(&ORDERS, cells);
        commit.event(event(id, 1));
        commit
    };
    let free = world.free(world.home.dish).await;
    assert!(is_malformed(&world.store(wrong()).await));
    let right = (0..7).map(|_| super::guards::take(&world, world.home.dish, 1));
    let mut commits: Vec<Commit> = right.collect();
    commits.insert(3, wrong());
    let verdicts = world.store_together(commits).await;
    assert!(is_malformed(&verdicts[3]), "{:?}", verdicts[3]);
    assert_eq!(verdicts.iter().filter(|verdict| verdict.is_ok()).count(), 7);
    assert_eq!(
        (world.free(world.home.dish).await, world.orders().await),
        (free - 7, 0)
    );
}
