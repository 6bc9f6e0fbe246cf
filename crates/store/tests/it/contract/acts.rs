//! The audit database: what stands there stays.

use store::{Call, Class, Column, Failure, Rule, Scope, Sql, Table, Value};
use testkit::trial::{ACTS, ADD_ACT, ADD_JOB, READ_ACTS, TAKE_JOBS};

use crate::world::World;

/// The acts under a class that would let them be changed: whatever the store believes, the database refuses.
static ACTS_AS_QUEUE: Table = Table::new(
    "trial_acts",
    Class::Queue,
    &[Column::int("number"), Column::text("text")],
    1,
    &[],
);

static REWRITE: Sql = Sql::new(
    "contract.rewrite",
    &ACTS_AS_QUEUE,
    "UPDATE trial_acts SET text = $2 WHERE number = $1",
);

static REMOVE: Sql = Sql::new(
    "contract.remove",
    &ACTS_AS_QUEUE,
    "DELETE FROM trial_acts WHERE number = $1",
);

static REPLACE: Sql = Sql::new(
    "contract.replace",
    &ACTS_AS_QUEUE,
    "INSERT INTO trial_acts (number, text) VALUES ($1, $2) \
     ON CONFLICT (number) DO UPDATE SET text = excluded.text",
);

async fn acts(world: &World) -> Vec<(i64, String)> {
    let (db, calls) = (world.db(), vec![Call::new(&READ_ACTS, [100_i64.into()])]);
    let deadline = db.deadline();
    let read = db.audit().read(Scope::Nobody, calls, &deadline);
    let rows = read.await.unwrap().remove(0);
    rows.iter()
        .map(|row| (row.get(0).unwrap(), row.get(1).unwrap()))
        .collect()
}

pub(super) async fn what_was_done_is_appended_once_and_stays(world: World) {
    let (audit, deadline) = (world.db().audit(), world.db().deadline());
    let add = |number: i64, text: &str| Call::new(&ADD_ACT, [number.into(), text.into()]);
    let calls = vec![
        add(1, "came in"),
        add(2, "looked"),
        add(1, "something else"),
    ];
    let answers = audit.transact(calls, &deadline).await.unwrap();
    let touched: Vec<u64> = answers.iter().map(|answer| answer.touched).collect();
    assert_eq!(touched, [1, 1, 0]);
    let stands = [(1, "came in".to_owned()), (2, "looked".to_owned())];
    assert_eq!(acts(&world).await, stands);

    for call in [
        Call::new(&REWRITE, [1_i64.into(), "did nothing".into()]),
        Call::new(&REMOVE, [1_i64.into()]),
        Call::new(&REPLACE, [1_i64.into(), "did nothing".into()]),
    ] {
        let done = audit.transact(vec![call], &deadline).await;
        assert!(done.is_err(), "{done:?}");
    }
    assert_eq!(acts(&world).await, stands);
}

pub(super) async fn no_commit_writes_into_the_audit_log(world: World) {
    let mut commit = world.commit();
    commit.insert(&ACTS, [1_i64.into(), "forged".into()]);
    let stored = world.store(commit).await;
    assert!(
        matches!(stored, Err(store::Failure::Malformed(_))),
        "{stored:?}"
    );
    assert_eq!(acts(&world).await, []);
}

/// Rows that are added one after the other, and so in one statement where the engine has one for them.
pub(super) async fn rows_that_are_added_together_are_stored_all_or_none(world: World) {
    let (shard, deadline) = (world.trial.shard(), world.db().deadline());
    let ids: Vec<base::Uid> = (0..5).map(|_| world.id()).collect();
    let add = |at: usize, payload: &[u8]| {
        let params: [Value; 3] = [ids[at].into(), 7_i64.into(), payload.to_vec().into()];
        Call::new(&ADD_JOB, params)
    };
    let twice = vec![add(0, b"a"), add(1, b""), add(0, b"b"), add(2, b"c")];
    let refused = shard.transact(twice, &deadline).await;
    assert!(
        matches!(&refused, Err(Failure::Violated { rule: Rule::Unique, table, .. }) if table == "trial_jobs"),
        "{refused:?}"
    );
    let take = |most: i64| Call::new(&TAKE_JOBS, [most.into()]);
    let calls = vec![
        take(9),
        add(0, b"a"),
        add(1, b""),
        add(2, b"c"),
        take(1),
        add(3, b"d"),
        take(0),
        add(4, b"e"),
    ];
    let answers = shard.transact(calls, &deadline).await.unwrap();
    let touched: Vec<u64> = answers.iter().map(|answer| answer.touched).collect();
    assert_eq!(touched, [0, 1, 1, 1, 1, 1, 0, 1]);
    let rest = shard.transact(vec![take(9)], &deadline).await.unwrap();
    let taken = answers.iter().chain(&rest).flat_map(|answer| &answer.rows);
    let mut taken: Vec<Vec<u8>> = taken.map(|row| row.get(2).unwrap()).collect();
    taken.sort();
    let all = ["", "a", "c", "d", "e"].map(|payload| payload.as_bytes().to_vec());
    assert_eq!(taken, all);
}
