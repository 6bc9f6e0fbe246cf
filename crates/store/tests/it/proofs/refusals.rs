//! A refused guard that shares its transaction with the COMMIT of others stores nothing and stops nobody.

use futures_util::future::{join, join_all};
use store::{Call, Failure, Outcome, Sql, Value};
use testkit::trial::ADD_JOB;

use super::world::{Engine, NOTHING, Order, PATIENCE, World, dish, hex};

/// What a pipeline written by hand does: PostgreSQL takes a guarded change of no row for a success.
#[tokio::test]
async fn postgres_a_pipeline_with_commit_stores_what_its_guard_refused() {
    let world = World::postgres(|_| {}).await;
    world.seed(1..=1, &[1]).await;
    let client = world.server_side().connect("postgres").await;
    let take = format!(
        "UPDATE trial_stock SET free = free - 5 WHERE organisation = 1 AND dish = '{}' AND free >= 5",
        hex(dish(1))
    );
    let insert = "INSERT INTO trial_restaurants (organisation, id, name) \
                  VALUES (1, '00000000000000000000000000000009', 'Trap')";
    let (guard, rows) = (
        client.prepare(&take).await.unwrap(),
        client.prepare(insert).await.unwrap(),
    );
    let (begin, (guarded, (inserted, committed))) = join(
        client.batch_execute("BEGIN"),
        join(
            client.execute(&guard, &[]),
            join(client.execute(&rows, &[]), client.batch_execute("COMMIT")),
        ),
    )
    .await;
    begin.unwrap();
    committed.unwrap();
    assert_eq!(
        guarded.unwrap(),
        0,
        "the guard did not hold, and that is no error"
    );
    assert_eq!(inserted.unwrap(), 1);
    let trapped = "SELECT count(*) FROM trial_restaurants WHERE name = 'Trap'";
    assert_eq!(world.number(trapped).await, 1, "stored although refused");
}

fn is_refused<T>(answer: &Outcome<T>, at: usize) -> bool {
    matches!(answer, Err(Failure::Refused { guard, name: "trial_stock.take" }) if *guard == at)
}

/// Groups of 64 in which every third commit is refused: alone by its guard, or after another guard had passed.
async fn a_refused_commit_is_not_there(engine: Engine) {
    let world = World::on(engine).await;
    world.seed(1..=4, &[10_000, 0, 10_000]).await;
    for refused in [&[(2, 1)][..], &[(1, 1), (2, 1)], &[(3, 1), (1, 1), (2, 1)]] {
        let before = world.free(1, 1).await;
        let wanted = |at: u32| {
            if at.is_multiple_of(3) {
                refused
            } else {
                &[(1, 1)][..]
            }
        };
        let orders: Vec<Order> = (0..64)
            .map(|at| world.order(at % 4 + 1, wanted(at)))
            .collect();
        let answers = join_all(orders.iter().map(|order| world.commit(&order.commit))).await;
        for ((order, answer), at) in orders.iter().zip(answers).zip(0_u32..) {
            if at.is_multiple_of(3) {
                assert!(is_refused(&answer, refused.len() - 1), "{answer:?}");
                assert_eq!(world.rows_of(order).await, NOTHING);
            } else {
                world.assert_stored(order, &answer.unwrap()).await;
            }
        }
        let passed = (0..64_u32)
            .filter(|at| !at.is_multiple_of(3) && at % 4 == 0)
            .count();
        assert_eq!(
            world.free(1, 1).await,
            before - i64::try_from(passed).unwrap()
        );
        assert_eq!(world.free(1, 3).await, 10_000);
    }
    world.assert_dense().await;
}

#[tokio::test]
async fn sqlite_a_refused_commit_is_not_there_and_the_others_of_its_group_are() {
    a_refused_commit_is_not_there(Engine::Sqlite).await;
}

#[tokio::test]
async fn postgres_a_refused_commit_is_not_there_and_the_others_of_its_group_are() {
    a_refused_commit_is_not_there(Engine::Postgres).await;
}

/// The refused and the stored did share one transaction; otherwise the test above would prove nothing.
#[tokio::test]
async fn postgres_one_transaction_carries_a_group_with_a_refused_commit() {
    let world = World::postgres(|settings| settings.lanes = 1).await;
    world.seed(1..=1, &[100, 0]).await;
    let mut orders: Vec<Order> = (0..8).map(|_| world.order(1, &[(1, 1)])).collect();
    orders[3] = world.order(1, &[(2, 1)]);
    let answers = join_all(orders.iter().map(|order| world.commit(&order.commit))).await;
    assert!(is_refused(&answers[3], 0));
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 7);
    let transactions = "SELECT count(DISTINCT xmin::text) FROM trial_orders";
    assert_eq!(world.number(transactions).await, 1);
}

/// All refused, one refused alone, and one whose row breaks a key among 63 good ones.
async fn nothing_is_left(engine: Engine) {
    let world = World::on(engine).await;
    world.seed(1..=1, &[1_000, 0]).await;
    let refused: Vec<Order> = (0..8).map(|_| world.order(1, &[(1, 1), (2, 1)])).collect();
    let answers = join_all(refused.iter().map(|order| world.commit(&order.commit))).await;
    assert!(answers.iter().all(|answer| is_refused(answer, 1)));
    assert!(is_refused(&world.commit(&refused[0].commit).await, 1));
    assert_eq!(world.free(1, 1).await, 1_000);
    world.assert_dense().await;

    let mut orders: Vec<Order> = (0..64).map(|_| world.order(1, &[(1, 1)])).collect();
    let mut broken = world.order(1, &[(1, 1)]);
    let mut commit = (*broken.commit).clone();
    commit.event(world.event(broken.id, 1));
    broken.commit = commit.into();
    orders[17] = broken;
    let answers = join_all(orders.iter().map(|order| world.commit(&order.commit))).await;
    for (at, (order, answer)) in orders.iter().zip(&answers).enumerate() {
        if at == 17 {
            assert!(
                matches!(answer, Err(Failure::Violated { .. })),
                "{answer:?}"
            );
            assert_eq!(world.rows_of(order).await, NOTHING);
        } else {
            world.assert_stored(order, answer.as_ref().unwrap()).await;
        }
    }
    assert_eq!(world.free(1, 1).await, 1_000 - 63);
    world.assert_dense().await;
}

#[tokio::test]
async fn sqlite_nothing_is_left_of_what_was_refused_or_violated() {
    nothing_is_left(Engine::Sqlite).await;
}

#[tokio::test]
async fn postgres_nothing_is_left_of_what_was_refused_or_violated() {
    nothing_is_left(Engine::Postgres).await;
}

/// A lone commit whose guards answer nothing goes in one pipeline with its COMMIT: refused, it must not be there.
async fn a_key_that_is_taken_refuses(engine: Engine) {
    let world = World::on(engine).await;
    world.seed(1..=2, &[100]).await;
    let first = world.claiming_order(1, &["a"]);
    let answer = world.commit(&first.commit).await.unwrap();
    world.assert_stored(&first, &answer).await;
    for (keys, at) in [(&["a"][..], 0), (&["b", "a"], 1), (&["a", "c"], 0)] {
        let order = world.claiming_order(1, keys);
        let answer = world.commit(&order.commit).await;
        let named = Failure::Refused {
            guard: at,
            name: "trial_counters",
        };
        assert_eq!(answer, Err(named));
        assert_eq!(world.rows_of(&order).await, NOTHING);
    }
    let keys = "SELECT count(*) FROM trial_counters";
    assert_eq!(
        world.number(keys).await,
        1,
        "a key of a refused commit has stayed"
    );
    let other = world.claiming_order(2, &["a"]);
    let answer = world.commit(&other.commit).await.unwrap();
    world.assert_stored(&other, &answer).await;
    // Sent again, a stored commit gives its first answer, though its own key refuses it now.
    assert_eq!(world.commit(&other.commit).await, Ok(answer));
    assert_eq!(world.number(keys).await, 2);
    world.assert_dense().await;
}

#[tokio::test]
async fn sqlite_a_key_that_is_taken_refuses_and_leaves_nothing() {
    a_key_that_is_taken_refuses(Engine::Sqlite).await;
}

#[tokio::test]
async fn postgres_a_key_that_is_taken_refuses_and_leaves_nothing() {
    a_key_that_is_taken_refuses(Engine::Postgres).await;
}

/// Never of use but for its parameter, whose type the server finds out by itself where nothing is known of it at first.
static SMALL: Sql = Sql::new(
    "trial_jobs.small",
    ADD_JOB.table,
    "DELETE FROM trial_jobs WHERE CAST($1 AS INTEGER) = 7",
);

/// What cannot be sent is no error of the server, which would store what came before it.
#[tokio::test]
async fn postgres_a_statement_that_cannot_be_sent_has_nothing_stored_that_came_before_it() {
    let world = World::postgres(|_| {}).await;
    let deadline = world.within(PATIENCE);
    let small = |number| Call::new(&SMALL, [number]);
    let known = world.database.transact(vec![small(Value::Null)], &deadline);
    known.await.unwrap();

    let id = world.order(1, &[(1, 1)]).id;
    let job = [id.into(), 1_i64.into(), vec![7_u8].into()];
    let calls = vec![Call::new(&ADD_JOB, job), small((1_i64 << 40).into())];
    let unsent = world.database.transact(calls, &deadline).await;
    assert!(matches!(unsent, Err(Failure::Malformed(_))), "{unsent:?}");
    let jobs = "SELECT count(*) FROM trial_jobs";
    assert_eq!(world.number(jobs).await, 0, "nothing of it is stored");

    // Whoever is next gets no connection on which that is still under way.
    let next = world
        .database
        .transact(vec![small(1_i64.into())], &deadline);
    next.await.unwrap();
    assert_eq!(world.number(jobs).await, 0);
}
