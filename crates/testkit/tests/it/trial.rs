//! Trial worlds: the same on every engine, and full ones made past the store.

use base::Organisation;
use store::Failure;
use testkit::trial::{self, Bulk, Engine, World};

async fn an_order_is_stored_and_stock_runs_out(engine: Engine) {
    let world = World::new(engine).await;
    let [home, other] = world.homes(2, 1).await[..] else {
        panic!("two homes were asked for");
    };
    let deadline = world.db.deadline();
    world
        .db
        .commit(world.order(&home), &deadline)
        .await
        .unwrap();
    let refused = world.db.commit(world.order(&home), &deadline).await;
    let name = trial::HOLD_STOCK.name;
    assert_eq!(refused, Err(Failure::Refused { guard: 0, name }));

    for (home, expected) in [(home, 1_i64), (other, 0)] {
        let rows = world
            .db
            .rows(home.organisation, &trial::COUNT_ORDERS, [])
            .await
            .unwrap();
        assert_eq!(rows[0].get::<i64>(0), Ok(expected), "{engine}");
    }
    if engine != Engine::Inline {
        let node = world.another_node().await;
        assert!(node.home(other.organisation).is_ok());
    }
}

#[tokio::test]
async fn an_order_is_stored_and_stock_runs_out_on_sqlite() {
    an_order_is_stored_and_stock_runs_out(Engine::Sqlite).await;
}

#[tokio::test]
async fn an_order_is_stored_and_stock_runs_out_inline() {
    an_order_is_stored_and_stock_runs_out(Engine::Inline).await;
}

#[tokio::test]
async fn an_order_is_stored_and_stock_runs_out_on_postgres() {
    an_order_is_stored_and_stock_runs_out(Engine::Postgres).await;
}

#[tokio::test]
async fn a_world_filled_in_bulk_takes_more_orders() {
    let world = World::new(Engine::Postgres).await;
    let bulk = Bulk {
        organisations: 3,
        restaurants: 7,
    };
    let (control, shard) = (world.control_on_server(), world.shard_on_server());
    for sql in bulk.control(Engine::Postgres) {
        control.unwrap().execute_as_superuser(&sql).await;
    }
    let mut fill = bulk.shard(Engine::Postgres);
    fill.extend(bulk.orders(Engine::Postgres, 1, 20));
    for sql in fill {
        shard.unwrap().execute_as_superuser(&sql).await;
    }
    let deadline = world.db.deadline();
    world.db.refresh_directory(&deadline).await.unwrap();

    let home = bulk.home(7);
    assert_eq!(home.organisation, Organisation::new(1));
    let committed = world.db.commit(world.order(&home), &deadline).await;
    assert_eq!(committed.unwrap().position, 21);
    let count = "SELECT count(*) FROM trial_lines";
    let rows = shard.unwrap().execute_as_superuser(count).await;
    assert_eq!(rows[0].get(0), Some("63"));
}
