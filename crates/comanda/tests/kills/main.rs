//! `comanda serve` killed under load, twenty times on each engine: what it acknowledged over HTTP is there, once.
//!
//! In the first drill sixty-four clients make brands, each under a key of its own. A client whose answer was lost sends
//! the same request again after the restart, and must get the answer that belongs to it. In the end the lists are compared
//! with what the clients were told, and the audit log is verified. The others order and pay (`orders`, `pair`, `down`),
//! or all want the same at once (`storms`). `docs/drills.md` says how to read what they print.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a drill measures from outside and may fail wherever it likes"
)]

mod clients;
mod diners;
mod down;
mod house;
mod notices;
mod orders;
mod pair;
mod progress;
mod rows;
mod storms;
mod verdict;

use std::time::{Duration, Instant};

use clients::{Clients, World};
use rows::Ground;
use testkit::serve::{Serve, Start};

const KILLS: u32 = 20;
const READY_WITHIN: Duration = Duration::from_secs(2);
/// A busy machine is no defect; five times the figure is.
const OVERRUN_MAX: u32 = 5;

#[test]
fn sqlite_loses_nothing_that_it_acknowledged() {
    drill(Ground::sqlite());
}

#[test]
fn postgres_loses_nothing_that_it_acknowledged() {
    drill(Ground::postgres());
}

fn drill(mut ground: Ground) {
    let (start, engine) = (ground.start(), ground.engine);
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
    print!("{engine}: ");
    verify_audit(&start, &ground.settings);
    start.remove();
}

/// The chain of the audit log is whole.
fn verify_audit(start: &Start, settings: &[String]) {
    let words = settings.iter().map(String::as_str);
    let words: Vec<&str> = ["audit", "verify"].into_iter().chain(words).collect();
    let verified = start.run(&words);
    let said = [verified.stdout, verified.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(verified.status.success(), "{said}");
    print!("{said}");
}

/// A number that whoever starts a drill gives.
fn number(name: &str, usual: u32) -> u32 {
    let given = std::env::var(name).ok();
    given.map_or(usual, |text| text.parse().expect("a number"))
}

/// After all that it still stops in order.
fn stop(serve: Serve) {
    assert!(serve.stop().success());
}
