//! Reads: typed rows of one snapshot, of one organisation, within a deadline.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base::{Time, Uid};
use store::{Call, Deadline, Failure, Value};
use testkit::trial::{
    ADD_STOCK, COUNT_ORDERS, FIND_ORDERS, READ_LINES, READ_ORDER, READ_STOCK, TAKE_STOCK,
};

use super::guards::order;
use crate::world::{FREE, SLOW, World, race};

async fn stored_order(world: &World) -> Uid {
    let order = order(world);
    let mut commit = world.commit();
    order.insert(&mut commit);
    world.store(commit).await.unwrap();
    order.id
}

pub(super) async fn columns_come_as_the_types_they_are_asked_for(world: World) {
    let order = order(&world);
    let mut commit = world.commit();
    order.insert(&mut commit);
    world.store(commit).await.unwrap();
    let rows = world
        .db()
        .rows(world.organisation(), &READ_ORDER, [order.id.into()])
        .await
        .unwrap();
    let row = &rows[0];
    assert_eq!(rows.len(), 1);
    assert_eq!(row.get::<Uid>(0), Ok(order.restaurant));
    assert_eq!(
        (row.get::<Option<i64>>(1), row.get::<i64>(3)),
        (Ok(None), Ok(order.total_minor))
    );
    assert_eq!(row.get::<String>(2).as_deref(), Ok("pending"));
    assert_eq!(
        row.get::<Option<String>>(4),
        Ok(Some(order.note.to_owned()))
    );
    assert_eq!(
        (row.get::<bool>(5), row.get::<Time>(6)),
        (Ok(true), Ok(order.at))
    );
    for wrong in [
        row.get::<i64>(1).is_err(),
        row.get::<i64>(2).is_err(),
        row.get::<String>(5).is_err(),
    ] {
        assert!(wrong, "a column became what it is not");
    }
    assert!(matches!(row.get::<i64>(7), Err(Failure::Broken(_))));
    let lines = world
        .db()
        .rows(world.organisation(), &READ_LINES, [order.id.into()])
        .await
        .unwrap();
    let numbers: Vec<i64> = lines.iter().map(|line| line.get(0).unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3]);
}

pub(super) async fn several_statements_see_one_snapshot(world: World) {
    let (one, other) = (world.home.dish, world.id());
    let mut commit = world.commit();
    commit.change(&ADD_STOCK, [other.into(), 0_i64.into()]);
    world.store(commit).await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let mover = async {
        for _ in 0..FREE {
            let mut commit = world.commit();
            commit.guard(&TAKE_STOCK, [one.into(), 1_i64.into()]);
            commit.change(&ADD_STOCK, [other.into(), 1_i64.into()]);
            world.store(commit).await.unwrap();
            // Inline nothing ever waits, so the readers need to be let in.
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
        done.store(true, Ordering::SeqCst);
    };
    let (db, organisation, seen) = (world.db().clone(), world.organisation(), Arc::clone(&done));
    let readers = race(2, move |_| {
        let (db, done) = (db.clone(), Arc::clone(&seen));
        async move {
            let mut reads = 0;
            while !done.load(Ordering::SeqCst) {
                let calls = vec![
                    Call::new(&READ_STOCK, [one.into()]),
                    Call::new(&READ_STOCK, [other.into()]),
                ];
                let all = db.read(organisation, calls, &db.deadline()).await.unwrap();
                let free: i64 = all.iter().map(|rows| rows[0].get::<i64>(0).unwrap()).sum();
                assert_eq!(free, FREE);
                reads += 1;
                tokio::task::yield_now().await;
            }
            reads
        }
    });
    let (reads, ()) = tokio::join!(readers, mover);
    assert!(reads.iter().sum::<i32>() > 0);
    assert_eq!((world.free(one).await, world.free(other).await), (0, FREE));
}

pub(super) async fn rows_of_another_organisation_are_not_seen(world: World) {
    let own = stored_order(&world).await;
    let stranger = world.trial.home(FREE).await.organisation;
    for sql in [&READ_ORDER, &READ_LINES] {
        assert_eq!(
            world.db().rows(stranger, sql, [own.into()]).await,
            Ok(Vec::new())
        );
    }
    assert_eq!(world.one_of(stranger, &COUNT_ORDERS, []).await, Some(0));
    assert_eq!(
        world
            .one_of(stranger, &FIND_ORDERS, [vec![own].into()])
            .await,
        None::<Uid>
    );
    let (calls, deadline) = (
        vec![Call::new(&READ_ORDER, [own.into()])],
        world.db().deadline(),
    );
    let replica = world.db().read_replica(stranger, calls, 0, &deadline).await;
    assert_eq!(replica, Ok(vec![Vec::new()]));
}

pub(super) async fn a_list_finds_what_is_in_it(world: World) {
    let mut own = vec![
        stored_order(&world).await,
        stored_order(&world).await,
        stored_order(&world).await,
    ];
    let left_out = own.pop().unwrap();
    let mut list = own.clone();
    list.push(world.id());
    let rows = world
        .db()
        .rows(world.organisation(), &FIND_ORDERS, [list.into()])
        .await
        .unwrap();
    let found: Vec<Uid> = rows.iter().map(|row| row.get(0).unwrap()).collect();
    own.sort();
    assert_eq!(found, own);
    assert!(!found.contains(&left_out));
    let none = world
        .db()
        .rows(
            world.organisation(),
            &FIND_ORDERS,
            [Vec::<Uid>::new().into()],
        )
        .await;
    assert_eq!(none, Ok(Vec::new()));
}

pub(super) async fn a_read_ends_near_its_deadline_and_harms_no_other(world: World) {
    const LIMIT: Duration = Duration::from_millis(150);
    const AT_THE_LATEST: Duration = Duration::from_secs(5);
    let (db, organisation) = (world.db().clone(), world.organisation());
    let began_at = world.clock().elapsed();
    let slow = if world.engine == crate::world::Engine::Inline {
        2
    } else {
        20
    };
    let outcomes = race(slow, |_| {
        let (db, deadline) = (db.clone(), Deadline::within(world.clock(), LIMIT));
        async move {
            db.read(organisation, vec![Call::new(&SLOW, [])], &deadline)
                .await
        }
    });
    for outcome in outcomes.await {
        assert!(
            matches!(outcome, Err(Failure::TooLate | Failure::Unavailable(_))),
            "{outcome:?}"
        );
    }
    let after = race(20, |_| {
        let db = db.clone();
        async move { db.rows(organisation, &COUNT_ORDERS, []).await }
    });
    for rows in after.await {
        assert_eq!(rows.unwrap()[0].get(0), Ok(0_i64));
    }
    // Nobody still works for those who have gone.
    let took = world.clock().elapsed() - began_at;
    assert!(took < AT_THE_LATEST, "{took:?}");
}

pub(super) async fn without_replicas_the_primary_answers(world: World) {
    let stored = world.store(world.trial.order(&world.home)).await.unwrap();
    for position in [0, stored.position, stored.position + 1_000] {
        let calls = vec![Call::new(&COUNT_ORDERS, [])];
        let (db, deadline) = (world.db(), world.db().deadline());
        let read = db.read_replica(world.organisation(), calls, position, &deadline);
        assert_eq!(read.await.unwrap()[0][0].get(0), Ok(1_i64));
    }
}

pub(super) async fn a_statement_that_is_wrong_spoils_nothing(world: World) {
    let (dish, deadline) = (world.home.dish, world.db().deadline());
    let changes = Call::new(&TAKE_STOCK, [dish.into(), 1_i64.into()]);
    let too_few = Call::new(&READ_STOCK, []);
    let another_kind = Call::new(&READ_STOCK, [Value::from("no id")]);
    for wrong in [changes, too_few] {
        let right = Call::new(&READ_STOCK, [dish.into()]);
        for calls in [
            vec![wrong.clone()],
            vec![right.clone(), wrong.clone(), right],
        ] {
            let outcome = world
                .db()
                .read(world.organisation(), calls, &deadline)
                .await;
            assert!(outcome.is_err(), "{outcome:?}");
        }
        assert_eq!(world.free(dish).await, FREE);
    }
    let _ = world
        .db()
        .read(world.organisation(), vec![another_kind], &deadline)
        .await;
    assert_eq!(world.free(dish).await, FREE);
}
