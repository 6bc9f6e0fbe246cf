//! Guards: what must hold for a commit to be stored, and what changes with it.

use base::Uid;
use store::{Commit, Failure, Rule, Value};
use testkit::trial::{
    ADD_STOCK, NEXT_NUMBER, ORDERS, Order, READ_ORDER, RESTAURANTS, SET_STATUS, TAKE_STOCK,
};

use crate::world::{CLOSE_ORDERS, FREE, READ_RESTAURANT, SEIZE_STOCK, World, event};

pub(super) fn refused(guard: usize, name: &'static str) -> Failure {
    Failure::Refused { guard, name }
}

/// An order of the world's restaurant that takes nothing from stock.
pub(super) fn order(world: &World) -> Order {
    let home = world.home;
    Order::new(
        world.clock(),
        world.random(),
        home.organisation,
        home.restaurant,
        home.dish,
    )
}

async fn stored_order(world: &World) -> Uid {
    let order = order(world);
    let mut commit = world.commit();
    order.insert(&mut commit);
    world.store(commit).await.unwrap();
    order.id
}

async fn status_and_version(world: &World, order: Uid) -> (String, i64) {
    let rows = world
        .db()
        .rows(world.organisation(), &READ_ORDER, [order.into()])
        .await
        .unwrap();
    (rows[0].get(2).unwrap(), rows[0].get(5).unwrap())
}

fn set_status(world: &World, order: Uid, version: i64, status: &str) -> Commit {
    let mut commit = world.commit();
    commit.guard(&SET_STATUS, [order.into(), version.into(), status.into()]);
    commit
}

/// A commit that takes so many of a dish.
pub(super) fn take(world: &World, dish: Uid, count: i64) -> Commit {
    let mut commit = world.commit();
    commit.guard(&TAKE_STOCK, [dish.into(), count.into()]);
    commit
}

pub(super) async fn a_version_that_is_right_passes_and_one_that_is_not_is_refused(world: World) {
    let order = stored_order(&world).await;
    world
        .store(set_status(&world, order, 1, "accepted"))
        .await
        .unwrap();
    assert_eq!(
        status_and_version(&world, order).await,
        ("accepted".to_owned(), 2)
    );
    let late = world.store(set_status(&world, order, 1, "rejected")).await;
    assert_eq!(late, Err(refused(0, "trial_orders.set_status")));
    assert_eq!(
        status_and_version(&world, order).await,
        ("accepted".to_owned(), 2)
    );
}

pub(super) async fn a_counter_gives_what_it_has_and_no_more(world: World) {
    let dish = world.home.dish;
    let mut all = world.commit();
    let left = all.guard(&TAKE_STOCK, [dish.into(), FREE.into()]);
    assert_eq!(world.store(all).await.unwrap().taken(left), Some(0));
    let mut one_more = take(&world, dish, 1);
    one_more.event(event(world.id(), 1));
    let head = world.head().await;
    assert_eq!(
        world.store(one_more).await,
        Err(refused(0, "trial_stock.take"))
    );
    assert_eq!((world.free(dish).await, world.head().await), (0, head));
}

pub(super) async fn a_key_is_claimed_once(world: World) {
    let id = world.id();
    let claim = |name: &str| {
        let mut commit = world.commit();
        commit.claim(&RESTAURANTS, [id.into(), name.into()]);
        let order = Order {
            restaurant: id,
            ..order(&world)
        };
        order.insert(&mut commit);
        commit.event(event(order.id, 1));
        commit
    };
    world.store(claim("first")).await.unwrap();
    let head = world.head().await;
    assert_eq!(
        world.store(claim("second")).await,
        Err(refused(0, "trial_restaurants"))
    );
    let name: Option<String> = world.one(&READ_RESTAURANT, [id.into()]).await;
    assert_eq!(name.as_deref(), Some("first"));
    assert_eq!((world.orders().await, world.head().await), (1, head));
}

pub(super) async fn a_number_taken_by_a_guard_stands_in_rows_and_events(world: World) {
    for (number, payload) in [(1_i64, "{}"), (2, "{\"total\":7}"), (3, "{ }")] {
        let id = world.id();
        let mut commit = world.commit();
        let taken = commit.change(&NEXT_NUMBER, ["orders".into()]);
        let mut cells = vec![id.into(), taken.into()];
        let rest = [
            world.home.restaurant.into(),
            id.into(),
            "new".into(),
            7_i64.into(),
        ];
        cells.extend(rest.map(|value: Value| value.into()));
        cells.extend([Value::Null.into(), 1_i64.into(), 0_i64.into()]);
        commit.insert(&ORDERS, cells);
        let mut said = event(id, 1);
        said.payload = payload.to_owned();
        commit.event_with(said, [("number", taken), ("again", taken)]);
        let committed = world.store(commit).await.unwrap();

        assert_eq!(committed.taken(taken), Some(number));
        let rows = world
            .db()
            .rows(world.organisation(), &READ_ORDER, [id.into()])
            .await
            .unwrap();
        assert_eq!(rows[0].get::<i64>(1), Ok(number));
        let logged = world.log(committed.position - 1).await;
        let said: serde_json::Value = serde_json::from_str(&logged[0].payload).unwrap();
        assert_eq!(
            (&said["number"], &said["again"]),
            (&number.into(), &number.into())
        );
        assert_eq!(said.get("total").is_some(), payload.contains("total"));
    }
}

pub(super) async fn a_refused_second_guard_leaves_nothing_of_the_first(world: World) {
    let (dish, absent) = (world.home.dish, world.id());
    let mut commit = take(&world, dish, 3);
    commit.guard(&TAKE_STOCK, [absent.into(), 1_i64.into()]);
    order(&world).insert(&mut commit);
    commit.event(event(world.id(), 1));
    let head = world.head().await;
    assert_eq!(
        world.store(commit).await,
        Err(refused(1, "trial_stock.take"))
    );
    assert_eq!(
        (
            world.free(dish).await,
            world.orders().await,
            world.head().await
        ),
        (FREE, 0, head)
    );
}

pub(super) async fn in_a_group_only_the_refused_are_refused(world: World) {
    const GROUP: usize = 64;
    let (dish, absent) = (world.home.dish, world.id());
    let bad = |at: usize| at % 4 == 1;
    let commits = (0..GROUP).map(|at| {
        let mut commit = take(&world, dish, 1);
        if bad(at) {
            // Some are refused at their first guard, most after they have taken something.
            let gone = if at % 8 == 1 { absent } else { world.id() };
            commit.guard(&TAKE_STOCK, [gone.into(), 1_i64.into()]);
        }
        order(&world).insert(&mut commit);
        commit.event(event(world.id(), 1));
        commit
    });
    let head = world.head().await;
    let verdicts = world.store_together(commits.collect()).await;
    for (at, verdict) in verdicts.iter().enumerate() {
        match verdict {
            Ok(_) => assert!(!bad(at), "commit {at} passed"),
            Err(failure) => assert_eq!(
                (bad(at), failure),
                (true, &refused(1, "trial_stock.take")),
                "commit {at}"
            ),
        }
    }
    assert_eq!(world.free(dish).await, FREE - 48);
    assert_eq!((world.orders().await, world.head().await - head), (48, 48));
}

pub(super) async fn a_group_takes_from_a_counter_exactly_what_it_has(world: World) {
    let dish = world.id();
    let mut fill = world.commit();
    fill.change(&ADD_STOCK, [dish.into(), 40_i64.into()]);
    world.store(fill).await.unwrap();
    let commits: Vec<Commit> = (0..64).map(|_| take(&world, dish, 1)).collect();
    let verdicts = world.store_together(commits).await;
    let passed = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
    assert_eq!((passed, world.free(dish).await), (40, 0));
    let other = Err(refused(0, "trial_stock.take"));
    assert!(
        verdicts
            .iter()
            .filter(|verdict| verdict.is_err())
            .all(|verdict| *verdict == other)
    );
}

pub(super) async fn what_a_refused_commit_took_is_there_for_the_others_of_its_group(world: World) {
    let (dish, absent) = (world.home.dish, world.id());
    // The greedy one takes all and is refused then; it stands before and after the modest ones.
    let greedy = || {
        let mut commit = take(&world, dish, FREE);
        commit.guard(&TAKE_STOCK, [absent.into(), 1_i64.into()]);
        commit
    };
    let modest = || take(&world, dish, 1);
    let commits = vec![greedy(), modest(), greedy(), modest(), modest(), greedy()];
    let verdicts = world.store_together(commits).await;
    let passed: Vec<bool> = verdicts.iter().map(Result::is_ok).collect();
    assert_eq!(passed, [false, true, false, true, true, false]);
    assert_eq!(world.free(dish).await, FREE - 3);
}

pub(super) async fn the_first_refused_guard_in_the_order_of_the_commit_is_named(world: World) {
    let (one, two) = (world.id(), world.id());
    let (low, high) = (one.min(two), one.max(two));
    for (first, second) in [(low, high), (high, low)] {
        let mut commit = take(&world, world.home.dish, 1);
        commit.guard(&TAKE_STOCK, [first.into(), 1_i64.into()]);
        commit.guard(&SET_STATUS, [second.into(), 1_i64.into(), "x".into()]);
        commit.expect(world.id(), 9);
        assert_eq!(
            world.store(commit).await,
            Err(refused(1, "trial_stock.take"))
        );
    }
    let mut commit = world.commit();
    commit.guard(&TAKE_STOCK, [high.into(), 1_i64.into()]);
    commit.guard(&TAKE_STOCK, [low.into(), 1_i64.into()]);
    assert_eq!(
        world.store(commit).await,
        Err(refused(0, "trial_stock.take"))
    );
    let mut commit = world.commit();
    commit.guard(&SET_STATUS, [high.into(), 1_i64.into(), "x".into()]);
    commit.expect(world.id(), 9);
    assert_eq!(
        world.store(commit).await,
        Err(refused(0, "trial_orders.set_status"))
    );
}

pub(super) async fn a_stream_must_stand_where_it_is_expected(world: World) {
    let stream = world.id();
    let append = |expected: i64| {
        let mut commit = world.commit();
        commit.expect(stream, expected);
        commit.event(event(stream, expected + 1));
        commit
    };
    world.store(append(0)).await.unwrap();
    assert_eq!(world.store(append(0)).await, Err(refused(0, "log.stream")));
    assert_eq!(world.store(append(5)).await, Err(refused(0, "log.stream")));
    world.store(append(1)).await.unwrap();
    let versions: Vec<i64> = world
        .log(0)
        .await
        .iter()
        .map(|logged| logged.version)
        .collect();
    assert_eq!(versions, [1, 2]);
}

pub(super) async fn rows_of_a_change_are_answered(world: World) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(stored_order(&world).await);
    }
    let close = |status: &str| {
        let mut commit = world.commit();
        let closed = commit.change(&CLOSE_ORDERS, [status.into(), world.home.restaurant.into()]);
        (commit, closed)
    };
    let (commit, closed) = close("pending");
    let committed = world.store(commit).await.unwrap();
    let mut answered: Vec<Uid> = committed
        .rows(closed)
        .iter()
        .map(|row| row.get(0).unwrap())
        .collect();
    answered.sort();
    ids.sort();
    assert_eq!(answered, ids);
    let (commit, closed) = close("pending");
    let committed = world.store(commit).await.unwrap();
    assert_eq!(
        (committed.rows(closed), committed.taken(closed)),
        (&[][..], None)
    );
}

pub(super) async fn a_guard_does_not_reach_rows_of_another_organisation(world: World) {
    let foreign = world.trial.home(FREE).await;
    let commit = take(&world, foreign.dish, 1);
    assert_eq!(
        world.store(commit).await,
        Err(refused(0, "trial_stock.take"))
    );
    let free: Option<i64> = world
        .one_of(
            foreign.organisation,
            &testkit::trial::READ_STOCK,
            [foreign.dish.into()],
        )
        .await;
    assert_eq!(free, Some(FREE));
}

pub(super) async fn a_rule_broken_by_a_guard_is_named(world: World) {
    let dish = world.home.dish;
    let mut commit = world.commit();
    commit.change(&SEIZE_STOCK, [dish.into(), (FREE + 1).into()]);
    let violated = Failure::Violated {
        rule: Rule::Check,
        table: "trial_stock".to_owned(),
        constraint: "trial_stock_free_check".to_owned(),
    };
    assert_eq!(world.store(commit).await, Err(violated));
    assert_eq!(world.free(dish).await, FREE);
}
