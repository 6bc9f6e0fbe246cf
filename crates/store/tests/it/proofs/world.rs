//! A database of one proof: migrated, seeded, and open to questions that go past the store.
//!
//! The store is asked for its side; the superuser (or a plain SQLite connection) is asked what really stands there.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base::{Clock, Organisation, Random, Uid};
use store::postgres::Settings;
use store::{
    Call, Cell, Commit, Committed, Database, Deadline, Event, Outcome, Place, Scope, Sql, Taken,
    Value,
};
use testkit::postgres::{self, Server};
use testkit::trial::{COUNTERS, LINES, ORDERS, READ_STOCK, RESTAURANTS, STOCK, TAKE_STOCK, TRIAL};

/// Long enough for anything that ends at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// The restaurant of every seeded organisation.
pub(crate) const RESTAURANT: Uid = Uid::from_bytes([1; 16]);
/// Rows of one stored order: the order, its lines, its event, its commit.
pub(crate) const WHOLE: [i64; 4] = [1, 3, 1, 1];
/// The same of one that was not stored.
pub(crate) const NOTHING: [i64; 4] = [0; 4];

/// The two engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// Where the rows are, past the store.
pub(crate) enum Truth {
    /// In another process, which asks.
    Elsewhere,
    Postgres(postgres::Database),
    Sqlite {
        file: PathBuf,
        folder: PathBuf,
    },
}

/// One migrated database.
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) place: Place,
    pub(crate) database: Database,
    pub(crate) truth: Truth,
}

/// A commit of an order with three lines, an event and one guard.
#[derive(Clone)]
pub(crate) struct Order {
    pub(crate) id: Uid,
    pub(crate) commit: Arc<Commit>,
    pub(crate) taken: Taken,
}

/// A dish by its number.
pub(crate) const fn dish(number: u8) -> Uid {
    Uid::from_bytes([number; 16])
}

/// The settings for a database of a test server; migrations run as the superuser, who makes the roles.
pub(crate) fn settings(port: u16, name: &str) -> Settings {
    let address = format!("host=127.0.0.1 port={port} dbname={name}");
    Settings {
        owner: format!("{address} user=postgres"),
        ..Settings::at(&address)
    }
}

/// A new folder for the files of a test.
pub(crate) fn folder() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(format!("comanda-proofs-{process}-{number}"));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A statement of a part by its name.
pub(crate) fn statement(name: &str) -> &'static Sql {
    let parts = [&store::DATABASE, &store::CONTROL, &TRIAL];
    let mut all = parts.iter().flat_map(|part| part.statements);
    all.find(|sql| sql.name == name).unwrap()
}

/// The digits of an id.
pub(crate) fn hex(id: Uid) -> String {
    let digits = id.as_bytes().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

impl World {
    /// A world on either engine.
    pub(crate) async fn on(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => World::sqlite().await,
            Engine::Postgres => World::postgres(|_| {}).await,
        }
    }

    /// A migrated SQLite file.
    pub(crate) async fn sqlite() -> Self {
        let folder = folder();
        let file = folder.join("shard.sqlite");
        let place = Place::File(file.clone());
        let world = World::open(place, Truth::Sqlite { file, folder });
        let parts = [&store::DATABASE, &TRIAL];
        world.database.migrate(&parts).await.unwrap();
        world
    }

    /// A migrated database of the shared server, reached as `change` says.
    pub(crate) async fn postgres(change: impl FnOnce(&mut Settings)) -> Self {
        World::postgres_of(Server::shared(), change).await
    }

    /// A migrated database of this server.
    pub(crate) async fn postgres_of(server: &Server, change: impl FnOnce(&mut Settings)) -> Self {
        let fill = async |database: &postgres::Database| {
            let mut settings = settings(database.port(), database.name());
            settings.fallback = Duration::from_millis(10);
            let place = Place::Postgres(Box::new(settings));
            let opened = Database::open(&place, &Clock::real()).unwrap();
            opened.migrate(&[&store::DATABASE, &TRIAL]).await.unwrap();
        };
        let template = server.template("proofs", fill).await;
        let database = server.database(Some(&template)).await;
        let mut settings = settings(database.port(), database.name());
        change(&mut settings);
        World::open(
            Place::Postgres(Box::new(settings)),
            Truth::Postgres(database),
        )
    }

    /// The world of a child process: an opened database of its parent.
    pub(crate) fn of(opened: (Place, Database, Clock, Random)) -> Self {
        let (place, database, clock, random) = opened;
        World {
            clock,
            random,
            place,
            database,
            truth: Truth::Elsewhere,
        }
    }

    fn open(place: Place, truth: Truth) -> Self {
        let clock = Clock::real();
        World {
            database: Database::open(&place, &clock).unwrap(),
            random: Random::real(),
            clock,
            place,
            truth,
        }
    }

    /// The PostgreSQL database of a world that is one.
    pub(crate) fn server_side(&self) -> &postgres::Database {
        match &self.truth {
            Truth::Postgres(database) => database,
            Truth::Elsewhere | Truth::Sqlite { .. } => panic!("not a PostgreSQL world"),
        }
    }

    pub(crate) fn within(&self, time: Duration) -> Deadline {
        Deadline::within(&self.clock, time)
    }

    /// Lets organisations live here, each with a restaurant and so much of dishes 1, 2, ….
    pub(crate) async fn seed(&self, organisations: std::ops::RangeInclusive<u32>, stock: &[i64]) {
        for number in organisations {
            let place = Call::new(statement("placements.add"), [i64::from(number).into()]);
            let deadline = self.within(PATIENCE);
            let placed = self.database.transact(vec![place], &deadline).await;
            placed.unwrap();
            let mut commit = self.new_commit(number);
            commit.insert(&RESTAURANTS, [RESTAURANT.into(), "Corner".into()]);
            for (free, number) in stock.iter().zip(1..) {
                commit.insert(&STOCK, [dish(number).into(), (*free).into()]);
            }
            self.commit(&Arc::new(commit)).await.unwrap();
        }
    }

    pub(crate) fn new_commit(&self, organisation: u32) -> Commit {
        Commit::new(&self.clock, &self.random, Organisation::new(organisation))
    }

    /// An order that takes so much of these dishes, in this order; its number is what is left of the last.
    pub(crate) fn order(&self, organisation: u32, wanted: &[(u8, i64)]) -> Order {
        let mut commit = self.new_commit(organisation);
        let mut taken = None;
        for (number, quantity) in wanted {
            taken = Some(commit.guard(&TAKE_STOCK, [dish(*number).into(), (*quantity).into()]));
        }
        let taken = taken.unwrap();
        self.fill(commit, taken, taken.into())
    }

    /// An order whose guards answer nothing that its rows need: keys that must be new.
    pub(crate) fn claiming_order(&self, organisation: u32, keys: &[&str]) -> Order {
        let mut commit = self.new_commit(organisation);
        let mut taken = None;
        for key in keys {
            taken = Some(commit.claim(&COUNTERS, [(*key).into(), 7.into()]));
        }
        self.fill(commit, taken.unwrap(), Value::Null.into())
    }

    fn fill(&self, mut commit: Commit, taken: Taken, number: Cell) -> Order {
        let id = Uid::make(&self.clock, &self.random, commit.organisation());
        let answers = number == taken.into();
        commit.insert(
            &ORDERS,
            [
                id.into(),
                number,
                RESTAURANT.into(),
                id.into(),
                "placed".into(),
                1200.into(),
                "".into(),
                1.into(),
                self.clock.now().into(),
            ],
        );
        for line in 1..=3_i64 {
            let cells = [id.into(), line.into(), dish(1).into(), 1.into(), 400.into()];
            commit.insert(&LINES, cells);
        }
        let numbers = if answers {
            vec![("number", taken)]
        } else {
            Vec::new()
        };
        commit.event_with(self.event(id, 1), numbers);
        let commit = Arc::new(commit);
        Order { id, commit, taken }
    }

    pub(crate) fn event(&self, stream: Uid, version: i64) -> Event {
        Event {
            stream,
            version,
            kind: "order.created",
            payload: r#"{"total":1200}"#.to_owned(),
            actor: "proof".to_owned(),
            at: self.clock.now(),
            trace: String::new(),
        }
    }

    /// Stores a commit, with patience.
    pub(crate) async fn commit(&self, commit: &Arc<Commit>) -> Outcome<Committed> {
        self.commit_within(commit, PATIENCE).await
    }

    pub(crate) async fn commit_within(
        &self,
        commit: &Arc<Commit>,
        time: Duration,
    ) -> Outcome<Committed> {
        let deadline = self.within(time);
        self.database.commit(Arc::clone(commit), 1, &deadline).await
    }

    /// An id as this engine writes it.
    pub(crate) fn literal(&self, id: Uid) -> String {
        match &self.truth {
            Truth::Postgres(_) => format!("'{}'::uuid", hex(id)),
            Truth::Elsewhere | Truth::Sqlite { .. } => format!("X'{}'", hex(id)),
        }
    }

    /// The numbers that a query answers, past the store and its roles. NULL is -1.
    pub(crate) async fn numbers(&self, sql: &str) -> Vec<Vec<i64>> {
        match &self.truth {
            Truth::Postgres(database) => {
                let rows = database.execute_as_superuser(sql).await;
                let cell = |text: Option<&str>| text.map_or(-1, |text| text.parse().unwrap());
                let row = |row: &tokio_postgres::SimpleQueryRow| {
                    (0..row.len()).map(|at| cell(row.get(at))).collect()
                };
                rows.iter().map(row).collect()
            }
            Truth::Elsewhere => panic!("asked where nothing is known"),
            Truth::Sqlite { file, .. } => {
                let connection = rusqlite::Connection::open(file).unwrap();
                connection.busy_timeout(PATIENCE).unwrap();
                let mut statement = connection.prepare(sql).unwrap();
                let width = statement.column_count();
                let rows = statement.query_map([], |row| {
                    (0..width)
                        .map(|at| row.get::<_, Option<i64>>(at).map(|cell| cell.unwrap_or(-1)))
                        .collect()
                });
                rows.unwrap().collect::<Result<_, _>>().unwrap()
            }
        }
    }

    /// The one number that a query answers.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.numbers(sql).await[0][0]
    }

    /// How many rows of an order there are: the order, its lines, its event, its commit.
    pub(crate) async fn rows_of(&self, order: &Order) -> [i64; 4] {
        let (id, commit) = (self.literal(order.id), self.literal(order.commit.id()));
        let sql = format!(
            "SELECT (SELECT count(*) FROM trial_orders WHERE id = {id}), \
             (SELECT count(*) FROM trial_lines WHERE order_id = {id}), \
             (SELECT count(*) FROM log WHERE stream = {id}), \
             (SELECT count(*) FROM commits WHERE id = {commit})"
        );
        self.numbers(&sql).await[0].clone().try_into().unwrap()
    }

    /// Asserts that an order is stored exactly once, and that what the store answered is what stands there.
    pub(crate) async fn assert_stored(&self, order: &Order, answer: &Committed) {
        assert_eq!(self.rows_of(order).await, WHOLE);
        let id = self.literal(order.id);
        let sql = format!(
            "SELECT o.number, l.position FROM trial_orders AS o \
             JOIN log AS l ON l.stream = o.id WHERE o.id = {id}"
        );
        let stands = self.numbers(&sql).await[0].clone();
        let number = answer.taken(order.taken);
        assert_eq!(stands, [number.unwrap_or(-1), answer.position]);
    }

    /// What is left of a dish.
    pub(crate) async fn free(&self, organisation: u32, number: u8) -> i64 {
        let dish = self.literal(dish(number));
        let sql = format!(
            "SELECT free FROM trial_stock WHERE organisation = {organisation} AND dish = {dish}"
        );
        self.number(&sql).await
    }

    /// What the store says is left of a dish.
    pub(crate) async fn free_by_store(&self, organisation: u32, number: u8) -> i64 {
        let scope = Scope::Organisation(Organisation::new(organisation));
        let call = Call::new(&READ_STOCK, [dish(number).into()]);
        let deadline = self.within(PATIENCE);
        let rows = self.database.read(scope, vec![call], &deadline).await;
        rows.unwrap()[0][0].get(0).unwrap()
    }

    /// Asserts that positions are 1, 2, … up to the head.
    pub(crate) async fn assert_dense(&self) {
        let sql = "SELECT count(*), count(DISTINCT position), coalesce(min(position), 1), \
                   coalesce(max(position), 0), (SELECT position FROM head) FROM log";
        let row = self.numbers(sql).await[0].clone();
        let head = row[4];
        assert_eq!(row, [head, head, 1, head, head]);
    }
}

impl Drop for Truth {
    fn drop(&mut self) {
        if let Truth::Sqlite { folder, .. } = self {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
