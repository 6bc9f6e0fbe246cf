//! A region with migrated databases on one of the engines, gone when it is dropped.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base::{Clock, Organisation, Random, Uid};
use store::{Commit, Database, Db, Part, Place, Settings};

use super::{ADD_STOCK, PARTS, RESTAURANTS};
use crate::folder;
use crate::postgres::{self, Server};

/// The name of the region.
pub const REGION: &str = "here";
/// The name of its only shard.
pub const SHARD: &str = "one";

const WITHIN: Duration = Duration::from_secs(20);

/// What a world runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// SQLite files.
    Sqlite,
    /// SQLite in memory, on the caller's thread.
    Inline,
    /// A PostgreSQL server of our own.
    Postgres,
}

impl Engine {
    /// Every engine, for suites that run on all of them.
    pub const ALL: [Engine; 3] = [Engine::Sqlite, Engine::Inline, Engine::Postgres];
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Engine::Sqlite => "sqlite",
            Engine::Inline => "inline",
            Engine::Postgres => "postgres",
        })
    }
}

/// An organisation with one restaurant and one dish in stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Home {
    /// The organisation.
    pub organisation: Organisation,
    /// Its restaurant.
    pub restaurant: Uid,
    /// What it has in stock.
    pub dish: Uid,
}

/// A region with one shard, on databases of its own.
pub struct World {
    /// The region's databases.
    pub db: Db,
    /// What they were opened with; another process or node opens the same by it.
    pub settings: Settings,
    /// The clock of the world.
    pub clock: Clock,
    /// The randomness of the world.
    pub random: Random,
    made: AtomicU64,
    ground: Ground,
}

/// What goes away with the world, after its databases are closed.
#[derive(Debug)]
enum Ground {
    Memory,
    Files(Files),
    Server(Box<Servers>),
}

#[derive(Debug)]
struct Servers {
    control: postgres::Database,
    people: postgres::Database,
    audit: postgres::Database,
    keys: postgres::Database,
    shard: postgres::Database,
}

#[derive(Debug)]
struct Files(PathBuf);

impl Drop for Files {
    fn drop(&mut self) {
        // A folder that cannot be removed is litter, no reason to fail.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl World {
    /// A migrated world without organisations.
    pub async fn new(engine: Engine) -> Self {
        Self::tuned(engine, |_| {}).await
    }

    /// The same, with settings of the test's own: lanes, group sizes, a proxy in between.
    pub async fn tuned(engine: Engine, tune: impl FnOnce(&mut Settings)) -> Self {
        match engine {
            Engine::Inline => {
                let inline = || Place::Inline;
                let mut settings = settings([(); 5].map(|()| inline()));
                tune(&mut settings);
                Self::open(settings, Ground::Memory).await
            }
            Engine::Sqlite => Self::in_folder(&std::env::temp_dir(), tune).await,
            Engine::Postgres => Self::on_server(Server::shared(), tune).await,
        }
    }

    /// A world of SQLite files in a folder of its own inside this one.
    pub async fn in_folder(parent: &Path, tune: impl FnOnce(&mut Settings)) -> Self {
        let files = Files(folder::create(parent, "trial"));
        let place = |name: &str| Place::File(files.0.join(name));
        let names = ["control.db", "people.db", "audit.db", "keys.db", "shard.db"];
        let mut settings = settings(names.map(place));
        tune(&mut settings);
        Self::open(settings, Ground::Files(files)).await
    }

    /// A world on a server, in databases copied from ones that are migrated once.
    pub async fn on_server(server: &Server, tune: impl FnOnce(&mut Settings)) -> Self {
        let control = copy(server, "control", &[&store::DATABASE, &store::CONTROL]).await;
        let people = copy(server, "people", &with_store(PARTS.people)).await;
        let audit = copy(server, "audit", &with_store(PARTS.audit)).await;
        let keys = copy(server, "keys", &[&store::DATABASE, &store::KEYS]).await;
        let shard = copy(server, "shard", &with_store(PARTS.shards)).await;
        let place = |database| Place::Postgres(Box::new(address(database)));
        let mut settings = settings([&control, &people, &audit, &keys, &shard].map(place));
        tune(&mut settings);
        let servers = Servers {
            control,
            people,
            audit,
            keys,
            shard,
        };
        Self::open(settings, Ground::Server(Box::new(servers))).await
    }

    async fn open(settings: Settings, ground: Ground) -> Self {
        let (clock, random) = (Clock::real(), Random::real());
        let db = Db::open(&settings, &clock, &random).expect("the databases cannot be opened");
        if !matches!(ground, Ground::Server(_)) {
            db.migrate(&PARTS).await.expect("a migration failed");
        }
        World {
            db,
            settings,
            clock,
            random,
            made: AtomicU64::new(0),
            ground,
        }
    }

    /// The same databases opened once more, as another node does it. It knows the same organisations.
    /// A world in memory has no other node: it would open an empty one.
    pub async fn another_node(&self) -> Db {
        let db = Db::open(&self.settings, &self.clock, &self.random)
            .expect("the databases cannot be opened");
        db.refresh_directory(&db.deadline())
            .await
            .expect("the directory cannot be read");
        db
    }

    /// Makes an organisation that has so much of its dish in stock.
    pub async fn home(&self, free: i64) -> Home {
        let request = format!("trial-{}", self.made.fetch_add(1, Ordering::Relaxed));
        let deadline = self.db.deadline();
        let placed = self
            .db
            .create_organisation(&request, SHARD, &deadline)
            .await;
        let organisation = placed.expect("no organisation was made").organisation;
        let make = || Uid::make(&self.clock, &self.random, organisation);
        let (restaurant, dish) = (make(), make());
        let mut commit = Commit::new(&self.clock, &self.random, organisation);
        commit.change(&ADD_STOCK, [dish.into(), free.into()]);
        commit.insert(&RESTAURANTS, [restaurant.into(), "Trattoria".into()]);
        let stored = self.db.commit(commit, &deadline).await;
        stored.expect("the restaurant was not stored");
        Home {
            organisation,
            restaurant,
            dish,
        }
    }

    /// Makes so many organisations, each with so much of its dish in stock.
    pub async fn homes(&self, count: usize, free: i64) -> Vec<Home> {
        let mut homes = Vec::with_capacity(count);
        for _ in 0..count {
            homes.push(self.home(free).await);
        }
        homes
    }

    /// The commit of an order at this restaurant.
    pub fn order(&self, home: &Home) -> Commit {
        let Home {
            organisation,
            restaurant,
            dish,
        } = *home;
        super::order(&self.clock, &self.random, organisation, restaurant, dish)
    }

    /// The only shard.
    pub fn shard(&self) -> &Database {
        &self.db.shards()[SHARD]
    }

    /// The PostgreSQL database of the shard, for questions past the store.
    pub fn shard_on_server(&self) -> Option<&postgres::Database> {
        self.servers().map(|servers| &servers.shard)
    }

    /// The PostgreSQL database of the people.
    pub fn people_on_server(&self) -> Option<&postgres::Database> {
        self.servers().map(|servers| &servers.people)
    }

    /// The PostgreSQL database of the audit log.
    pub fn audit_on_server(&self) -> Option<&postgres::Database> {
        self.servers().map(|servers| &servers.audit)
    }

    /// The PostgreSQL database of the keys of people.
    pub fn keys_on_server(&self) -> Option<&postgres::Database> {
        self.servers().map(|servers| &servers.keys)
    }

    /// The PostgreSQL control database.
    pub fn control_on_server(&self) -> Option<&postgres::Database> {
        self.servers().map(|servers| &servers.control)
    }

    /// The SQLite file of the shard.
    pub fn shard_file(&self) -> Option<&Path> {
        match self.settings.shards.get(SHARD) {
            Some(Place::File(path)) => Some(path),
            _ => None,
        }
    }

    /// The folder of the SQLite files.
    pub fn folder(&self) -> Option<&Path> {
        match &self.ground {
            Ground::Files(files) => Some(&files.0),
            Ground::Memory | Ground::Server(_) => None,
        }
    }

    fn servers(&self) -> Option<&Servers> {
        match &self.ground {
            Ground::Server(servers) => Some(servers),
            Ground::Memory | Ground::Files(_) => None,
        }
    }
}

/// Takes the organisation's filter out of every statement on PostgreSQL, for [`World::tuned`]: row-level security has to
/// keep organisations apart without it. The functions of guards lose it when the test migrates its own parts.
pub fn without_filters(settings: &mut Settings) {
    for place in settings.shards.values_mut() {
        if let Place::Postgres(shard) = place {
            shard.mutate = Some(store::postgres::without_organisation);
        }
    }
}

/// How the store reaches a database of a test server.
pub fn address(database: &postgres::Database) -> store::postgres::Settings {
    let (host, port, name) = (database.host(), database.port(), database.name());
    store::postgres::Settings::at(&format!("host={host} port={port} dbname={name}"))
}

fn settings([control, people, audit, keys, shard]: [Place; 5]) -> Settings {
    Settings {
        region: REGION.to_owned(),
        control,
        people,
        audit,
        keys,
        shards: BTreeMap::from([(SHARD.to_owned(), shard)]),
        directory_copy: None,
        within: WITHIN,
    }
}

fn with_store(parts: &[&'static Part]) -> Vec<&'static Part> {
    [&[&store::DATABASE], parts].concat()
}

/// A copy of a database that the server migrates when it is first asked for.
async fn copy(server: &Server, name: &str, parts: &[&'static Part]) -> postgres::Database {
    let fill = async |database: &postgres::Database| {
        let mut address = address(database);
        address.owner = format!(
            "host={} port={} dbname={} user=postgres",
            database.host(),
            database.port(),
            database.name()
        );
        // The listener, which nobody needs here, ends soon after the database is closed.
        address.fallback = Duration::from_millis(10);
        let place = Place::Postgres(Box::new(address));
        let opened = Database::open(&place, &Clock::real()).expect("the database cannot be opened");
        opened.migrate(parts).await.expect("a migration failed");
    };
    let template = server.template(&format!("trial_{name}"), fill).await;
    server.database(Some(&template)).await
}
