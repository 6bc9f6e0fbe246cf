//! PgBouncer 1.18 in transaction mode: everything works without named statements, and why names would be a lie.
//!
//! Only `LISTEN` goes past it: a call is heard by the server connection that asked, and that is nobody's here.

use std::time::Duration;

use futures_util::future::join_all;
use store::postgres::Statements;
use store::{Call, Database, Failure, Place, Scope};
use testkit::pgbouncer::{Bouncer, Settings};
use testkit::postgres::Server;
use testkit::trial::{ADD_JOB, READ_LINES, READ_ORDER, READ_STOCK};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::world::{PATIENCE, World, dish};

const CLIENTS: u32 = 32;
const ROUNDS: i64 = 6;

fn bouncer(pool_size: u32) -> Bouncer {
    let settings = Settings::new().pool_size(pool_size);
    let settings = settings.user("comanda_app").user("comanda_queue");
    Bouncer::start(Server::shared(), &settings)
}

/// A world whose commits, reads and queue work go through PgBouncer.
async fn behind(bouncer: &Bouncer, statements: Statements) -> World {
    let port = bouncer.port();
    let world = World::postgres(|settings| {
        let database = settings.app.split_whitespace().nth(2).unwrap().to_owned();
        let at = |user| format!("host=127.0.0.1 port={port} {database} user={user}");
        settings.app = at("comanda_app");
        settings.queue = at("comanda_queue");
        settings.statements = statements;
        settings.lanes = 4;
        settings.readers = 8;
        // Only a call can wake anybody, so a listener behind the pooler would sleep.
        settings.fallback = Duration::from_secs(60);
    })
    .await;
    if statements == Statements::Unnamed {
        world.seed(1..=8, &[100_000, 0]).await;
    }
    world
}

/// One client: commits, is refused, reads what it wrote, adds a job; again and again.
async fn client(world: &World, number: u32) {
    let organisation = number % 8 + 1;
    for _ in 0..ROUNDS {
        let order = world.order(organisation, &[(1, 1)]);
        let answer = world.commit(&order.commit).await.unwrap();
        let refused = world.order(organisation, &[(1, 1), (2, 1)]);
        let refused = world.commit(&refused.commit).await;
        assert!(matches!(refused, Err(Failure::Refused { guard: 1, .. })));
        let again = world.commit(&order.commit).await.unwrap();
        assert_eq!(again, answer, "the same commit once more is a no-op");

        let scope = Scope::Organisation(base::Organisation::new(organisation));
        let calls = vec![
            Call::new(&READ_ORDER, [order.id.into()]),
            Call::new(&READ_LINES, [order.id.into()]),
            Call::new(&READ_STOCK, [dish(2).into()]),
        ];
        let deadline = world.within(PATIENCE);
        let rows = world.database.read(scope, calls, &deadline).await.unwrap();
        assert_eq!([rows[0].len(), rows[1].len(), rows[2].len()], [1, 3, 1]);
        assert_eq!(rows[0][0].get::<i64>(1).ok(), answer.taken(order.taken));
        assert_eq!(rows[2][0].get::<i64>(0), Ok(0));

        let job = [
            order.id.into(),
            i64::from(organisation).into(),
            vec![7_u8].into(),
        ];
        let added = world
            .database
            .transact(vec![Call::new(&ADD_JOB, job)], &deadline);
        assert_eq!(added.await.unwrap()[0].touched, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_everything_works_behind_a_pool_smaller_than_lanes_and_readers() {
    let bouncer = bouncer(3);
    let world = behind(&bouncer, Statements::Unnamed).await;
    join_all((0..CLIENTS).map(|number| client(&world, number))).await;
    let expected = i64::from(CLIENTS) * ROUNDS;
    let sql = "SELECT (SELECT count(*) FROM trial_orders), (SELECT count(*) FROM trial_jobs), \
               (SELECT sum(100000 - free) FROM trial_stock WHERE free > 0)";
    assert_eq!(world.numbers(sql).await[0], [expected; 3]);
    world.assert_dense().await;
    let name = world.server_side().name();
    let servers = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND usename = 'comanda_app'"
    );
    assert!(world.number(&servers).await <= 3, "{}", bouncer.log());
}

#[tokio::test]
async fn postgres_a_listener_past_the_pooler_hears_the_commit_of_another_node() {
    let bouncer = bouncer(2);
    let world = behind(&bouncer, Statements::Unnamed).await;
    let other = Database::open(&world.place, &world.clock).unwrap();
    let deadline = world.within(PATIENCE);
    // Until both listen; a call before that is nobody's.
    for _ in 0..100 {
        let order = world.order(1, &[(1, 1)]);
        let answer = world.commit(&order.commit).await.unwrap();
        let short = world.within(Duration::from_millis(200));
        if other.log_beyond(answer.position - 1, &short).await {
            let order = world.order(1, &[(1, 1)]);
            let answer = world.commit(&order.commit).await.unwrap();
            assert!(other.log_beyond(answer.position - 1, &deadline).await);
            return;
        }
    }
    panic!("the other node never woke");
}

async fn connect(world: &World, port: u16) -> Client {
    let config = world.server_side().config_through(port, "comanda_app");
    let (client, connection) = config.connect(NoTls).await.unwrap();
    #[allow(clippy::disallowed_methods, reason = "ends with its client")]
    tokio::spawn(connection);
    client
}

async fn ask(client: &Client, sql: &str) -> Vec<String> {
    let messages = client.simple_query(sql).await.unwrap();
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    rows.collect()
}

/// Leaves statements of the names that a driver would choose next, on every server connection of the pool.
async fn litter(world: &World, bouncer: &Bouncer, clients: usize, names: std::ops::Range<u32>) {
    let mut all = Vec::new();
    for _ in 0..clients {
        let client = connect(world, bouncer.port()).await;
        // A transaction each, so that each has a server connection of its own.
        ask(&client, "BEGIN").await;
        let used = ask(&client, "SELECT name FROM pg_prepared_statements").await;
        let fresh = names.clone().map(|n| format!("s{n}"));
        let fresh = fresh.filter(|name| !used.contains(name));
        let prepare: String = fresh
            .map(|name| format!("PREPARE {name} AS SELECT 111::bigint;"))
            .collect();
        ask(&client, &prepare).await;
        all.push(client);
    }
    for client in all {
        ask(&client, "COMMIT").await;
    }
}

#[tokio::test]
async fn postgres_a_named_statement_answers_for_another_one_and_the_store_does_not() {
    let bouncer = bouncer(2);
    let world = behind(&bouncer, Statements::Unnamed).await;
    let (careless, holder) = (
        connect(&world, bouncer.port()).await,
        connect(&world, bouncer.port()).await,
    );
    let statement = careless.prepare("SELECT 222::bigint").await.unwrap();
    let name = "SELECT name FROM pg_prepared_statements WHERE statement LIKE 'SELECT 222%'";
    let name = ask(&careless, name).await.remove(0);
    assert_eq!(
        careless
            .query_one(&statement, &[])
            .await
            .unwrap()
            .get::<_, i64>(0),
        222
    );

    // Somebody else takes the server connection that knows the statement; another has left his own elsewhere.
    ask(&holder, "BEGIN").await;
    assert_eq!(
        ask(&holder, "SELECT count(*) FROM pg_prepared_statements").await,
        ["1"],
        "the holder has the connection of the statement"
    );
    let other = connect(&world, bouncer.port()).await;
    ask(&other, &format!("PREPARE {name} AS SELECT 111::bigint")).await;
    let lie = careless.query_one(&statement, &[]).await.unwrap();
    assert_eq!(
        lie.get::<_, i64>(0),
        111,
        "asked for 222, without any error"
    );
    ask(&holder, "COMMIT").await;

    // The same litter under the store: unnamed statements answer for themselves.
    let next: u32 = name[1..].parse().unwrap();
    litter(&world, &bouncer, 2, next..next + 300).await;
    for free in (99_990..100_000_i64).rev() {
        let order = world.order(1, &[(1, 1)]);
        let answer = world.commit(&order.commit).await.unwrap();
        assert_eq!(answer.taken(order.taken), Some(free));
        world.assert_stored(&order, &answer).await;
        assert_eq!(world.free_by_store(1, 1).await, free);
    }
}

/// The setting is what makes the difference: with named statements the same world fails or lies.
#[tokio::test]
async fn postgres_named_statements_do_not_work_behind_the_pooler() {
    let bouncer = bouncer(2);
    let unnamed = behind(&bouncer, Statements::Unnamed).await;
    let named = match &unnamed.place {
        Place::Postgres(settings) => {
            let mut settings = settings.clone();
            settings.statements = Statements::Prepared;
            Database::open(&Place::Postgres(settings), &unnamed.clock).unwrap()
        }
        other => panic!("{other:?}"),
    };
    let probe = connect(&unnamed, bouncer.port()).await;
    let _kept = probe.prepare("SELECT 'probe'").await.unwrap();
    let name = "SELECT name FROM pg_prepared_statements WHERE statement LIKE '%probe%'";
    let next: u32 = ask(&probe, name).await[0][1..].parse().unwrap();
    litter(&unnamed, &bouncer, 2, next + 1..next + 1_500).await;
    let scope = Scope::Organisation(base::Organisation::new(1));
    let deadline = unnamed.within(Duration::from_secs(2));
    let call = Call::new(&READ_STOCK, [dish(1).into()]);
    let answer = named.read(scope, vec![call], &deadline).await;
    assert!(matches!(answer, Err(Failure::Broken(_))), "{answer:?}");
    assert_eq!(unnamed.free_by_store(1, 1).await, 100_000);
}
