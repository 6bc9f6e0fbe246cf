//! The whole store with the organisation's filter taken out of every text: row-level security alone keeps rows apart.
//!
//! Tests of the API do the same: `World::tuned(Engine::Postgres, trial::without_filters)`, then `migrate`.

use store::{Sql, Value};
use testkit::trial::{
    self, COUNT_ORDERS, HOLD_STOCK, READ_ORDER, READ_STOCK, REMOVE_LINE, SET_STATUS, TAKE_STOCK,
};

use super::bases::texts;
use crate::world::{Engine, FREE, World};

/// A world whose shard answers without the filter, and is asked without it.
async fn unfiltered() -> World {
    let world = trial::World::tuned(Engine::Postgres, trial::without_filters).await;
    world.db.migrate(&trial::PARTS).await.unwrap();
    World::of(world, Engine::Postgres).await
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_without_any_filter_the_policies_keep_organisations_apart() {
    let world = unfiltered().await;
    let foreign = world.trial.home(FREE).await;
    let mine = world.organisation();
    world.store(world.trial.order(&world.home)).await.unwrap();
    let theirs = world.trial.order(&foreign);
    world.store(theirs).await.unwrap();
    let shard = world.trial.shard_on_server().unwrap();
    let sql = format!(
        "SELECT replace(id::text, '-', '') FROM trial_orders WHERE organisation = {}",
        foreign.organisation
    );
    let order = base::Uid::from_bytes(bytes(&texts(shard, &sql).await[0][0]));

    let seen = async |sql: &'static Sql, params: Vec<Value>| {
        world.db().rows(mine, sql, params).await.unwrap().len()
    };
    assert_eq!(world.orders().await, 1);
    assert_eq!(seen(&READ_ORDER, vec![order.into()]).await, 0);
    assert_eq!(seen(&READ_STOCK, vec![foreign.dish.into()]).await, 0);
    // Some answer rows, some go in one statement for many commits, some both.
    let guards: [(&'static Sql, Vec<Value>); 4] = [
        (&TAKE_STOCK, vec![foreign.dish.into(), 1.into()]),
        (&HOLD_STOCK, vec![foreign.dish.into(), 1.into()]),
        (&SET_STATUS, vec![order.into(), 1.into(), "paid".into()]),
        (&REMOVE_LINE, vec![order.into(), 1.into()]),
    ];
    for (sql, params) in &guards {
        let mut commit = world.commit();
        commit.guard(sql, params.clone());
        let stored = world.store(commit).await;
        let refused = store::Failure::Refused {
            guard: 0,
            name: sql.name,
        };
        assert_eq!(stored, Err(refused));
    }

    // Without the second wall the same calls do reach the other organisation, or this would prove nothing.
    for table in ["trial_orders", "trial_stock", "trial_lines"] {
        let open = format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY");
        shard.execute_as_superuser(&open).await;
    }
    let all: Option<i64> = world.one(&COUNT_ORDERS, []).await;
    assert_eq!(all, Some(2));
    for (sql, params) in guards {
        let mut commit = world.commit();
        commit.guard(sql, params);
        world.store(commit).await.unwrap();
    }
}

fn bytes(digits: &str) -> [u8; 16] {
    std::array::from_fn(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
}
