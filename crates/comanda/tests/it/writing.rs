//! Clients that write while something is done to the databases, and what they know afterwards.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use base::Uid;
use store::{Call, Commit, Db, Place};
use testkit::trial::{
    ADDRESSES, COUNT_ORDERS, FIND_ORDERS, Home, Order, READ_ADDRESSES, READ_INTENTS, READ_LINES,
    REGION, SHARD, World,
};

use crate::backup::well;

/// Clients that order, beside the one that writes to people and shard in turn.
pub(crate) const CLIENTS: usize = 64;
const ORGANISATIONS: usize = 8;
const STOCK: i64 = 1_000_000;
/// Orders that are looked up at once.
const LOOKED_UP: usize = 500;

/// A running region with writing clients.
pub(crate) struct Writing {
    pub(crate) world: Arc<World>,
    homes: Vec<Home>,
    /// Of the client that writes to two databases in turn.
    walker: (Uid, Home),
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    clients: tokio::task::JoinSet<Vec<(u64, Home, Uid)>>,
    walk: tokio::task::JoinSet<()>,
}

/// What the clients know: the order of acknowledgement, whose order, which order.
pub(crate) struct Known {
    orders: Vec<(u64, Home, Uid)>,
    walker: (Uid, Home),
}

/// A world whose files are named as the binary names them, with the tables of the binary besides.
pub(crate) async fn world() -> World {
    let world = World::in_folder(&std::env::temp_dir(), |settings| {
        let Place::File(control) = &settings.control else {
            return;
        };
        let main = Place::File(control.with_file_name("main.db"));
        settings.shards.insert(SHARD.to_owned(), main);
    })
    .await;
    well(&["migrate"], &[("--data", world.folder().unwrap())]);
    world
}

impl Writing {
    /// Starts all clients on a world.
    pub(crate) async fn begin(world: World) -> Self {
        let homes = world.homes(ORGANISATIONS, STOCK).await;
        let walker = (person(&world), world.home(STOCK).await);
        let mut writing = Writing {
            world: Arc::new(world),
            homes,
            walker,
            stop: Arc::default(),
            acknowledged: Arc::default(),
            clients: tokio::task::JoinSet::new(),
            walk: tokio::task::JoinSet::new(),
        };
        for client in 0..CLIENTS {
            let home = writing.homes[client % ORGANISATIONS];
            let (world, stop) = (Arc::clone(&writing.world), Arc::clone(&writing.stop));
            let acknowledged = Arc::clone(&writing.acknowledged);
            let mut orders = Vec::new();
            writing.clients.spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let order = order(&world, &home).await;
                    // Taken after the answer, so a smaller number was answered before.
                    orders.push((acknowledged.fetch_add(1, Ordering::SeqCst), home, order));
                }
                orders
            });
        }
        let (world, stop) = (Arc::clone(&writing.world), Arc::clone(&writing.stop));
        writing.walk.spawn(async move {
            let (person, home) = walker;
            while !stop.load(Ordering::SeqCst) {
                let mut commit = Commit::of_person(&world.clock, &world.random, person);
                let id = Uid::make(&world.clock, &world.random, base::Organisation::PEOPLE);
                commit.insert(&ADDRESSES, [id.into(), "here".into()]);
                let stored = world.db.commit(commit, &world.db.deadline()).await;
                stored.unwrap();
                order(&world, &home).await;
            }
        });
        writing
    }

    /// How many orders were acknowledged so far.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// Waits until so many more were.
    pub(crate) async fn more(&self, orders: u64) {
        let until = self.acknowledged() + orders;
        while self.acknowledged() < until {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The folder of the files.
    pub(crate) fn folder(&self) -> PathBuf {
        self.world.folder().unwrap().to_owned()
    }

    /// Stops everybody, and answers what they know.
    pub(crate) async fn end(mut self) -> (Known, Arc<World>) {
        self.stop.store(true, Ordering::SeqCst);
        let mut orders = Vec::new();
        while let Some(done) = self.clients.join_next().await {
            orders.extend(done.unwrap());
        }
        while let Some(done) = self.walk.join_next().await {
            done.unwrap();
        }
        let walker = self.walker;
        (Known { orders, walker }, self.world)
    }
}

impl Known {
    /// Compares a copy of the databases with what is known: all that was acknowledged before this number is there,
    /// everything is whole, and all databases are of one moment.
    pub(crate) async fn compare(&self, db: &Db, acknowledged_before: u64) -> usize {
        db.refresh_directory(&db.deadline()).await.unwrap();
        let mut by_home: BTreeMap<base::Organisation, Vec<(u64, Uid)>> = BTreeMap::new();
        for (number, home, order) in &self.orders {
            let known = by_home.entry(home.organisation).or_default();
            known.push((*number, *order));
        }
        let mut there = 0;
        for (organisation, known) in &by_home {
            let mut found = 0;
            for some in known.chunks(LOOKED_UP) {
                found += self
                    .look_up(db, *organisation, some, acknowledged_before)
                    .await;
            }
            let count: i64 = count(db, *organisation).await;
            assert_eq!(
                count,
                i64::try_from(found).unwrap(),
                "orders that nobody made"
            );
            there += found;
        }
        let (person, home) = self.walker;
        let calls = vec![Call::new(&READ_ADDRESSES, [])];
        let rows = db.read_person(person, calls, &db.deadline()).await.unwrap();
        let addresses = i64::try_from(rows[0].len()).unwrap();
        let orders = count(db, home.organisation).await;
        assert!(
            addresses == orders || addresses == orders + 1,
            "people are of another moment than the shard: {addresses} addresses, {orders} orders"
        );
        there
    }

    async fn look_up(
        &self,
        db: &Db,
        organisation: base::Organisation,
        some: &[(u64, Uid)],
        acknowledged_before: u64,
    ) -> usize {
        let ids: Vec<Uid> = some.iter().map(|(_, order)| *order).collect();
        let rows = db
            .rows(organisation, &FIND_ORDERS, [ids.into()])
            .await
            .unwrap();
        let there: Vec<Uid> = rows.iter().map(|row| row.get(0).unwrap()).collect();
        for (number, order) in some {
            if !there.contains(order) {
                assert!(
                    *number >= acknowledged_before,
                    "LOST: order {number} of {acknowledged_before}"
                );
                continue;
            }
            let calls = vec![
                Call::new(&READ_LINES, [(*order).into()]),
                Call::new(&READ_INTENTS, [(*order).into()]),
            ];
            let rows = db.read(organisation, calls, &db.deadline()).await.unwrap();
            let parts = (rows[0].len(), rows[1].len());
            assert_eq!(parts, (3, 1), "an order is there in part");
        }
        there.len()
    }
}

/// Opens restored files.
pub(crate) fn open(folder: &Path, world: &World) -> Db {
    let place = |name: &str| Place::File(folder.join(name));
    let settings = store::Settings {
        region: REGION.to_owned(),
        control: place("control.db"),
        people: place("people.db"),
        audit: place("audit.db"),
        keys: place("keys.db"),
        shards: BTreeMap::from([(SHARD.to_owned(), place("main.db"))]),
        directory_copy: None,
        within: Duration::from_secs(20),
    };
    Db::open(&settings, &world.clock, &world.random).unwrap()
}

async fn count(db: &Db, organisation: base::Organisation) -> i64 {
    let rows = db.rows(organisation, &COUNT_ORDERS, []).await.unwrap();
    rows[0].get(0).unwrap()
}

fn person(world: &World) -> Uid {
    Uid::make(&world.clock, &world.random, base::Organisation::PEOPLE)
}

/// One order, sent until its fate is known. Being busy is no excuse: a backup must never make a commit fail.
async fn order(world: &World, home: &Home) -> Uid {
    let order = Order::new(
        &world.clock,
        &world.random,
        home.organisation,
        home.restaurant,
        home.dish,
    );
    let id = order.id;
    let commit = order.commit(&world.clock, &world.random);
    match world.db.commit(commit, &world.db.deadline()).await {
        Ok(_) => id,
        Err(failure) => panic!("a commit failed meanwhile: {failure}"),
    }
}
