//! An installation: the program itself over databases that were filled before, and diners who order there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base::{Clock, Random};
use load::orders::{Address, How, Placed, Service, Stage, Wishes};
use load::{Busy, Watch};
use rusqlite::Connection;
use std::sync::Arc;
use testkit::postgres::{Database, Server, Settings};
use testkit::serve::{Serve, Start};
use testkit::trial::Engine;

use crate::Outcome;
use crate::asked::Asked;
use crate::fill::Size;

const PARTS: [&str; 5] = ["control", "people", "audit", "keys", "shards.main"];
/// Limits that protect a server would protect it from this, too.
const OPEN: [&str; 5] = [
    "edge.rate_api=0",
    "edge.rate_auth=0",
    "edge.rate_orders=0",
    "edge.rate_read=0",
    "log.levels=warn",
];
/// Sagas that have not ended by then never will.
const LEFT_WITHIN: Duration = Duration::from_secs(60);
const LEFT: &str = "SELECT count(*) FROM sagas";
/// Counts the tables that hold something, as a server does by itself in time. Of one that is counted while it is empty
/// PostgreSQL believes until the next count that any of its indexes is as good as its key, and takes the youngest.
const COUNT_FILLED: &str = "\
    DO $$ DECLARE filled regclass; BEGIN \
        FOR filled IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace \
            AND pg_relation_size(oid) > 0 \
        LOOP EXECUTE format('ANALYZE %s', filled); END LOOP; \
    END $$";

/// An installation that runs.
pub(crate) struct House {
    pub(crate) size: Size,
    clock: Clock,
    folder: PathBuf,
    start: Start,
    serve: Option<Serve>,
    stage: Option<Arc<Stage>>,
    databases: Vec<Database>,
    servers: Vec<u32>,
}

/// What a run came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) accepted: f64,
    pub(crate) whole: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) orders: u64,
}

/// A server whose commits are durable, and in which no checkpoint falls into one run and spares another.
pub(crate) fn durable(folder: &Path) -> Settings {
    Settings::durable()
        .with("shared_buffers", "2GB")
        .with("max_wal_size", "24GB")
        .with("min_wal_size", "4GB")
        .with("checkpoint_timeout", "1h")
        // Filling takes long statements, which are not worth compiling.
        .with("jit", "off")
        .inside(folder)
}

impl House {
    /// An installation of this size that does not run yet; on a server, or in files where there is none.
    pub(crate) async fn fill(
        asked: &Asked,
        (clock, size): (&Clock, Size),
        server: Option<&Server>,
    ) -> Outcome<Self> {
        let begun = clock.elapsed();
        let mut words = Vec::new();
        let (mut databases, mut servers) = (Vec::new(), Vec::new());
        if let Some(server) = server {
            words.push("storage.owner_role=postgres".to_owned());
            for part in PARTS {
                let database = server.database(None).await;
                let (host, port, name) = (database.host(), database.port(), database.name());
                words.push(format!(
                    "storage.{part}=host={host} port={port} dbname={name}"
                ));
                databases.push(database);
            }
            servers.push(postmaster(server)?);
        }
        words.extend(OPEN.map(str::to_owned));
        let words: Vec<String> = words
            .into_iter()
            .flat_map(|word| ["--set".to_owned(), word])
            .collect();
        let start = Start::inside(program(asked)?, &asked.folder).with(words.clone());
        if let Err(said) = prepare(&start, &words, server) {
            start.remove();
            return Err(said);
        }
        let house = House {
            size,
            clock: clock.clone(),
            folder: asked.folder.clone(),
            start,
            serve: None,
            stage: None,
            databases,
            servers,
        };
        let engine = house.engine();
        house.execute("control", size.control(engine)).await?;
        house.execute("main", size.shard(engine)?).await?;
        println!(
            "{engine}: {} restaurants after {:.0} s",
            size.restaurants,
            clock.elapsed().saturating_sub(begun).as_secs_f64()
        );
        Ok(house)
    }

    pub(crate) fn engine(&self) -> Engine {
        match self.databases.is_empty() {
            true => Engine::Sqlite,
            false => Engine::Postgres,
        }
    }

    /// The shard on the server.
    pub(crate) fn shard(&self) -> Outcome<&Database> {
        self.databases.last().ok_or_else(|| "no server".into())
    }

    /// Where people are, on the server.
    pub(crate) fn people(&self) -> Outcome<&Database> {
        self.databases.get(1).ok_or_else(|| "no server".into())
    }

    /// Starts the program, signs the diners in, and has everything be asked for once.
    pub(crate) async fn open(&mut self, clients: usize) -> Outcome<()> {
        let serve = self.start.serve();
        let serve = serve.map_err(|refused| format!("the program did not start: {refused:?}"))?;
        let wishes = Wishes {
            address: Address {
                server: serve.http(),
                from: None,
            },
            clients,
            diners: clients * 4,
            restaurants: 0,
            named: self.size.spelled(),
            service: Service::Delivery,
            token: Some("ok".to_owned()),
        };
        self.servers.push(serve.process());
        self.serve = Some(serve);
        self.stage = Some(Stage::open(wishes, &self.clock, &Random::real()).await?);
        self.place(Duration::from_secs(2), None).await?;
        Ok(())
    }

    /// Ends the program in order.
    pub(crate) fn close(&mut self) {
        self.stage = None;
        if let Some(serve) = self.serve.take() {
            self.servers.retain(|process| *process != serve.process());
            serve.stop();
        }
    }

    /// Places orders for a while and waits until all of their sagas have ended.
    pub(crate) async fn place(&self, time: Duration, rate: Option<u32>) -> Outcome<(Run, Busy)> {
        let stage = self.stage.as_ref().ok_or("nobody is there")?;
        let watch = Watch::start(&self.clock, &self.folder, &self.servers);
        let begun = self.clock.elapsed();
        let placed: Placed = stage.place(How { time, rate }).await;
        let busy = watch.stop();
        self.until_nothing_is_left().await?;
        let took = self.clock.elapsed().saturating_sub(begun);
        let tally = &placed.tally;
        if !placed.errors.is_empty() || tally.failed_ever > 0 {
            return Err(format!("orders were refused: {:?}", placed.errors).into());
        }
        let ms = |share| tally.latencies.per_mille(share).as_secs_f64() * 1e3;
        let run = Run {
            accepted: tally.done_per_second(time),
            whole: placed.accepted() as f64 / took.as_secs_f64(),
            p50_ms: ms(500),
            p99_ms: ms(990),
            orders: placed.accepted(),
        };
        Ok((run, busy))
    }

    /// The same, told.
    pub(crate) async fn told(&self, name: &str, asked: &Asked, rate: Option<u32>) -> Outcome<Run> {
        let (run, busy) = self.place(asked.time, rate).await?;
        println!(
            "  {name:<26} {:>6.0} accepted/s {:>6.0} whole/s  p50 {:>7.2} ms  p99 {:>7.2} ms  {busy}",
            run.accepted, run.whole, run.p50_ms, run.p99_ms
        );
        Ok(run)
    }

    /// Runs statements in one of the databases, past the program.
    pub(crate) async fn execute(&self, name: &str, statements: Vec<String>) -> Outcome<()> {
        if self.databases.is_empty() {
            let file = self.start.data().join(format!("{name}.db"));
            let file = Connection::open(file)?;
            file.execute_batch("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; BEGIN")?;
            for sql in statements {
                file.execute_batch(&sql)?;
            }
            file.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")?;
            return Ok(());
        }
        let database = match name {
            "control" => self.databases.first().ok_or("no server")?,
            _ => self.shard()?,
        };
        for sql in statements {
            database.execute_as_superuser(&sql).await;
        }
        database.execute_as_superuser(COUNT_FILLED).await;
        Ok(())
    }

    async fn until_nothing_is_left(&self) -> Outcome<()> {
        let begun = self.clock.elapsed();
        while self.left().await? > 0 {
            if self.clock.elapsed().saturating_sub(begun) > LEFT_WITHIN {
                return Err("sagas are left that do not end".into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    async fn left(&self) -> Outcome<i64> {
        if self.databases.is_empty() {
            let file = Connection::open(self.start.data().join("main.db"))?;
            return Ok(file.query_row(LEFT, [], |row| row.get(0))?);
        }
        let rows = self.shard()?.execute_as_superuser(LEFT).await;
        let count = rows.first().and_then(|row| row.get(0)).ok_or("no answer")?;
        Ok(count.parse()?)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.serve = None;
        self.start.remove();
    }
}

/// Has the program bring its databases to their schema. In files it also makes its secrets with them, by starting once.
fn prepare(start: &Start, words: &[String], server: Option<&Server>) -> Outcome<()> {
    if server.is_none() {
        let serve = start.serve();
        serve
            .map_err(|refused| format!("the program did not start: {refused:?}"))?
            .stop();
        return Ok(());
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let migrated = start.run(&[&["migrate"], words.as_slice()].concat());
    match migrated.status.success() {
        true => Ok(()),
        false => {
            let said = String::from_utf8_lossy(&migrated.stderr).into_owned();
            Err(format!("`comanda migrate` failed: {said}").into())
        }
    }
}

/// The program beside this one: `target/release/comanda` for `target/release/deps/orders-…`.
fn program(asked: &Asked) -> Outcome<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(|deps| deps.parent());
    let beside = folder.ok_or("this program lies nowhere")?.join("comanda");
    let program = asked.program.clone().unwrap_or(beside);
    match program.is_file() {
        true => Ok(program),
        false => Err("it needs the program: cargo build --profile bench -p comanda".into()),
    }
}

/// The process that all others of a server are children of.
fn postmaster(server: &Server) -> Outcome<u32> {
    let path = server.folder().join("data/postmaster.pid");
    let text = std::fs::read_to_string(path)?;
    Ok(text.lines().next().unwrap_or_default().parse()?)
}
