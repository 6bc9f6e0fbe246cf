//! Tests of the SQLite engine, on trial tables of their own.

mod commits;
mod constraints;
mod deadlines;
mod faults;
mod files;
mod groups;
mod reads;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base::{Clock, Organisation, Random, Time, Uid};
use futures_util::FutureExt as _;

use crate::call::{Call, Deadline, Scope};
use crate::commit::{Cell, Commit, Committed, Event};
use crate::failure::Outcome;
use crate::migrate::Migration;
use crate::row::Row;
use crate::sql::{Part, Sql};
use crate::sqlite::faults::Faults;
use crate::sqlite::inline::Inline;
use crate::sqlite::{Engine, Options, Place, Sqlite};
use crate::system::{DATABASE, LOG, PLACEMENTS, READ_HEAD};
use crate::table::{Class, Column, Table};
use crate::value::Value;

pub(super) static STOCK: Table = Table::new(
    "stock",
    Class::Organisation,
    &[Column::text("item"), Column::int("free")],
    1,
    &[],
);

pub(super) static ORDERS: Table = Table::new(
    "orders",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::int("number"),
        Column::text("note"),
    ],
    1,
    &[],
);

pub(super) static LINES: Table = Table::new(
    "lines",
    Class::Organisation,
    &[
        Column::id("order_id"),
        Column::int("line"),
        Column::text("item"),
    ],
    2,
    &[&ORDERS, &STOCK],
);

pub(super) static TAKE: Sql = Sql::new(
    "stock.take",
    &STOCK,
    "UPDATE stock SET free = free - $3 WHERE organisation = $1 AND item = $2 AND free >= $3 RETURNING free",
);

pub(super) static FREE: Sql = Sql::new(
    "stock.free",
    &STOCK,
    "SELECT free FROM stock WHERE organisation = $1 AND item = $2",
);

pub(super) static ORDERS_OF: Sql = Sql::new(
    "orders.all",
    &ORDERS,
    "SELECT id, number, note FROM orders WHERE organisation = $1 ORDER BY number, id",
);

pub(super) static EVENTS_OF: Sql = Sql::new(
    "log.all",
    &LOG,
    "SELECT position, payload FROM log WHERE organisation = $1 ORDER BY position",
);

pub(super) static PLACE: Sql = Sql::new(
    "placements.place",
    &PLACEMENTS,
    "INSERT INTO placements (organisation, epoch, state) VALUES ($1, $2, $3)
     ON CONFLICT (organisation) DO UPDATE SET epoch = excluded.epoch, state = excluded.state",
);

pub(super) static TRIAL: Part = Part {
    name: "trial",
    tables: &[&STOCK, &ORDERS, &LINES],
    statements: &[&TAKE, &FREE, &ORDERS_OF, &EVENTS_OF, &PLACE],
    migrations: &[Migration {
        number: 1,
        name: "trial",
        sqlite: SCHEMA,
        postgres: "",
    }],
};

const SCHEMA: &str = "
CREATE TABLE stock (
    organisation INTEGER NOT NULL,
    item TEXT NOT NULL,
    free INTEGER NOT NULL CHECK (free >= 0),
    PRIMARY KEY (organisation, item)
) STRICT;
CREATE TABLE orders (
    organisation INTEGER NOT NULL,
    id BLOB NOT NULL,
    number INTEGER NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, number),
    CHECK (number <> 13 OR note <> 'unlucky'),
    CHECK (note <> 'number'),
    CONSTRAINT orders_note_short CHECK (length(note) < 1000)
) STRICT;
CREATE UNIQUE INDEX orders_note_once ON orders (organisation, note) WHERE note LIKE 'once%';
CREATE TABLE lines (
    organisation INTEGER NOT NULL,
    order_id BLOB NOT NULL,
    line INTEGER NOT NULL,
    item TEXT,
    PRIMARY KEY (organisation, order_id, line),
    FOREIGN KEY (organisation, order_id) REFERENCES orders (organisation, id),
    FOREIGN KEY (organisation, item) REFERENCES stock
) STRICT;";

/// The organisation of the tests; it lives here at epoch 1.
pub(super) const OURS: Organisation = Organisation::new(7);
/// Long enough for a machine under load.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// A database with trial tables, one organisation, a stock of 100 `soup` and a counter below `number`.
pub(super) struct World {
    pub(super) clock: Clock,
    pub(super) random: Random,
    pub(super) db: Sqlite,
    pub(super) faults: Faults,
    pub(super) folder: Option<Folder>,
}

/// A folder that goes away with its test.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("comanda-sqlite-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.join("shard.db")
    }

    pub(super) fn place(&self) -> Place {
        Place::File(self.file())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl World {
    pub(super) fn inline() -> Self {
        let clock = Clock::simulated(Time::from_micros(1_700_000_000_000_000));
        let faults = Faults::default();
        let inline = Inline::open(&Place::Memory, &clock, &faults).unwrap();
        let db = Sqlite {
            engine: Engine::Inline(inline),
        };
        let random = Random::seeded(1);
        let world = World {
            clock,
            random,
            db,
            faults,
            folder: None,
        };
        world.prepare().now_or_never().unwrap();
        world
    }

    pub(super) async fn threads(options: &Options) -> Self {
        let (clock, faults, folder) = (Clock::real(), Faults::default(), Folder::new());
        let db = Sqlite::open_with(&folder.place(), &clock, options, &faults).unwrap();
        let world = World {
            clock,
            random: Random::real(),
            db,
            faults,
            folder: Some(folder),
        };
        world.prepare().await;
        world
    }

    async fn prepare(&self) {
        self.db.migrate(&[&DATABASE, &TRIAL]).unwrap();
        self.place(OURS, 1, "open").await;
        let mut commit = self.commit();
        commit.insert(&STOCK, [Cell::from("soup"), Cell::from(100)]);
        commit.insert(&STOCK, [Cell::from("number"), Cell::from(1_000_000)]);
        self.store(commit).await.unwrap();
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.as_ref().unwrap().file()
    }

    pub(super) fn deadline(&self) -> Deadline {
        Deadline::within(&self.clock, LONG)
    }

    pub(super) fn id(&self) -> Uid {
        Uid::make(&self.clock, &self.random, OURS)
    }

    pub(super) fn commit(&self) -> Commit {
        Commit::new(&self.clock, &self.random, OURS)
    }

    /// An order with this number and one event.
    pub(super) fn order(&self, number: i64) -> Commit {
        let mut commit = self.commit();
        let id = self.id();
        commit.insert(
            &ORDERS,
            [Cell::from(id), Cell::from(number), Cell::from("")],
        );
        commit.event(event(id, 1, "{}"));
        commit
    }

    pub(super) async fn store(&self, commit: Commit) -> Outcome<Committed> {
        self.send(&Arc::new(commit)).await
    }

    pub(super) async fn send(&self, commit: &Arc<Commit>) -> Outcome<Committed> {
        self.db
            .commit(Arc::clone(commit), 1, &self.deadline())
            .await
    }

    /// Stores inline, which never waits for anything.
    pub(super) fn now(&self, commit: Commit) -> Outcome<Committed> {
        self.store(commit).now_or_never().unwrap()
    }

    pub(super) async fn place(&self, organisation: Organisation, epoch: i64, state: &str) {
        let params = [
            Value::from(organisation),
            Value::from(epoch),
            Value::from(state),
        ];
        self.db
            .transact(vec![Call::new(&PLACE, params)], &self.deadline())
            .await
            .unwrap();
    }

    pub(super) async fn rows(&self, sql: &'static Sql, params: &[Value]) -> Vec<Row> {
        let call = Call::new(sql, params);
        let scope = Scope::Organisation(OURS);
        self.db
            .read(scope, vec![call], &self.deadline())
            .await
            .unwrap()
            .remove(0)
    }

    pub(super) async fn free(&self, item: &str) -> i64 {
        self.rows(&FREE, &[item.into()]).await[0].get(0).unwrap()
    }

    pub(super) async fn orders(&self) -> usize {
        self.rows(&ORDERS_OF, &[]).await.len()
    }

    /// The positions of all events, and the head.
    pub(super) async fn log(&self) -> (Vec<i64>, i64) {
        let positions = self.rows(&EVENTS_OF, &[]).await;
        let head = self.rows(&READ_HEAD, &[]).await[0].get(0).unwrap();
        (
            positions.iter().map(|row| row.get(0).unwrap()).collect(),
            head,
        )
    }
}

pub(super) fn event(stream: Uid, version: i64, payload: &str) -> Event {
    Event {
        stream,
        version,
        kind: "order.placed",
        payload: payload.to_owned(),
        actor: "test".to_owned(),
        at: Time::from_micros(1),
        trace: String::new(),
    }
}

/// `TAKE` so many of an item.
pub(super) fn take(item: &str, count: i64) -> [Value; 2] {
    [item.into(), count.into()]
}
