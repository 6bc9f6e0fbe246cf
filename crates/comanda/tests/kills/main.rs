//! `comanda serve` killed under load, twenty times on each engine: what it acknowledged over HTTP is there, once.
//!
//! Sixty-four clients make brands, each under a key of its own. A client whose answer was lost sends the same request
//! again after the restart, and must get the answer that belongs to it. In the end the lists are compared with what the
//! clients were told, and the audit log is verified.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a drill measures from outside and may fail wherever it likes"
)]

mod clients;

use std::time::{Duration, Instant};

use clients::{Clients, World};
use testkit::postgres::Server;
use testkit::serve::{Serve, Start};

const KILLS: u32 = 20;
const READY_WITHIN: Duration = Duration::from_secs(2);
/// A busy machine is no defect; five times the figure is.
const OVERRUN_MAX: u32 = 5;

#[test]
fn sqlite_loses_nothing_that_it_acknowledged() {
    drill("sqlite", &start(), &[]);
}

#[test]
fn postgres_loses_nothing_that_it_acknowledged() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let names = ["control", "people", "audit", "keys", "shards.main"];
    let mut start = start().with(["--migrate", "--set", "storage.owner_role=postgres"]);
    let mut databases = Vec::new();
    let mut settings = Vec::new();
    for name in names {
        let database = runtime.block_on(Server::shared().database(None));
        let (host, port, own) = (database.host(), database.port(), database.name());
        let setting = format!("storage.{name}=host={host} port={port} dbname={own}");
        start = start.with(["--set", &setting]);
        settings.extend(["--set".to_owned(), setting]);
        databases.push(database);
    }
    drill("postgres", &start, &settings);
}

/// Without limits of how often somebody may ask: the drill is one address and one operator.
fn start() -> Start {
    let unlimited = ["api", "auth"].map(|class| format!("edge.rate_{class}=0"));
    Start::new(env!("CARGO_BIN_EXE_comanda")).with(
        unlimited
            .into_iter()
            .flat_map(|setting| ["--set".to_owned(), setting]),
    )
}

fn drill(engine: &str, start: &Start, settings: &[String]) {
    let serve = start.serve().unwrap();
    let world = World::make(&serve);
    let clients = Clients::new(&world);
    let mut serve = Some(serve);
    let mut slowest = Duration::ZERO;
    for kill in 0..KILLS {
        let running = serve.take().unwrap();
        let busy = clients.write(running.http());
        // Not always at the same point of the work: the pause is not a multiple of anything.
        std::thread::sleep(Duration::from_millis(150 + u64::from(kill * 37 % 211)));
        running.kill();
        busy.join();
        let began = Instant::now();
        let next = start.serve().unwrap();
        slowest = slowest.max(began.elapsed());
        clients.ask_again(next.http());
        serve = Some(next);
    }
    let serve = serve.unwrap();
    let listed = world.list(serve.http());
    let verdict = clients.compare(&listed);
    println!(
        "{engine}: {KILLS} kills, {verdict}, ready again within {slowest:?} (figure: {READY_WITHIN:?})"
    );
    verdict.assert_clean();
    assert!(
        slowest < READY_WITHIN * OVERRUN_MAX,
        "ready again after {slowest:?}"
    );
    stop(serve);
    let words = settings.iter().map(String::as_str);
    let words: Vec<&str> = ["audit", "verify"].into_iter().chain(words).collect();
    let verified = start.run(&words);
    let said = [verified.stdout, verified.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    print!("{engine}: {said}");
    assert!(verified.status.success(), "{said}");
    start.remove();
}

/// After all that it still stops in order.
fn stop(serve: Serve) {
    assert!(serve.stop().success());
}
