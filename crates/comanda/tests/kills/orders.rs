//! `comanda serve` killed while sixty-four clients order and a provider loses answers: every order that was acknowledged
//! is there once, paid once, and everything comes to its end. The provider tells what it does all the while, and none of
//! that is lost either.

use std::time::{Duration, Instant};

use base::Random;
use serde_json::Value;
use testkit::paypal::{PayPal, Post};
use testkit::provider::Faults;
use testkit::serve::{Serve, Start};

use crate::diners::{Diners, Wish};
use crate::house::{House, until_decided};
use crate::notices::{self, HABITS, Notices};
use crate::progress::Progress;
use crate::rows::Ground;
use crate::verdict::Verdict;
use crate::{OVERRUN_MAX, READY_WITHIN};

const KILLS: u32 = 20;
/// Nothing is under way any more so long after the last kill.
const SETTLED_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How many look for their orders at once in the end.
const LOOKERS: usize = 16;
/// So many calls of a hundred go wrong, in each of these ways. Where an answer comes too late, a notice is first.
const FAULTS: Faults = Faults {
    lost_before: 1,
    lost_after: 2,
    late: 1,
    broken: 2,
    twice: 3,
    delayed: 1,
};

#[test]
fn sqlite_keeps_every_order() {
    drill(Ground::sqlite(), KILLS);
}

#[test]
fn postgres_keeps_every_order() {
    drill(Ground::postgres(), KILLS);
}

/// As often as `KILLS` says, on both engines: `cargo xtask drill kill`.
#[test]
#[ignore = "a drill of many minutes"]
fn many() {
    let kills = crate::number("KILLS", 500);
    drill(Ground::sqlite(), kills);
    drill(Ground::postgres(), kills);
}

/// What the kills took.
#[derive(Default)]
struct Times {
    ready: Duration,
    settled: Duration,
    told: Duration,
    asked_again: usize,
    /// Of all kills together: until the clients had ended, until it answered again, until all were answered.
    ended: Duration,
    started: Duration,
    answered: Duration,
}

fn drill(mut ground: Ground, kills: u32) {
    let provider = PayPal::open(&Random::real());
    let start = ground.start();
    let words = provider.words(start.folder());
    let start = start.with(words).with(["--set", "payments.within=2s"]);
    let serve = start.serve().unwrap();
    let house = House::open(&serve, 0);
    let diners = Diners::of(&house);
    let post = provider.post(HABITS);
    provider.set_faults(FAULTS);
    let mut times = Times::default();
    let serve = kill(&start, serve, (&diners, &post, kills), &mut times);
    provider.set_faults(Faults::default());
    times.settled = settle(&serve, &house, &diners);
    provider.deliver_delayed();
    times.told = notices::settle(&ground, &post);
    let balance = format!("/api/organisations/{}/ledger/balance", house.organisation);
    let balance = house.get(serve.http(), &balance);
    assert_eq!(balance["balanced"], true, "{balance}");
    look_for_all(&serve, &house, &diners);
    assert!(serve.stop().success());
    judge((&ground, &provider, &post), &diners, (kills, &times));
    crate::verify_audit(&start, &ground.settings);
    start.remove();
}

/// Prints what came of it, and fails where anything is not as it must be.
fn judge(
    (ground, provider, post): (&Ground, &PayPal, &Post),
    diners: &Diners,
    (kills, times): (u32, &Times),
) {
    let engine = ground.engine;
    let verdict = Verdict::of(ground, provider, &diners.wishes());
    println!(
        "{engine}: {kills} kills under load, {} answers lost with the process; {verdict}; ready again within {:?} \
         (figure: {READY_WITHIN:?}), all sagas at their end after {:?} (figure: {SETTLED_WITHIN:?})",
        times.asked_again, times.ready, times.settled
    );
    let notices = Notices::of(ground, post);
    println!(
        "{engine}: {notices}; all looked at {:?} after the last (figure: {:?})",
        times.told,
        notices::READ_WITHIN
    );
    verdict.assert_clean();
    notices.assert_clean();
    assert_eq!(provider.counts().other_bodies, 0);
    assert!(times.ready < READY_WITHIN * OVERRUN_MAX);
    assert!(times.settled < SETTLED_WITHIN * OVERRUN_MAX);
}

/// Kills it again and again, each time at another point of the work.
fn kill(
    start: &Start,
    serve: Serve,
    (diners, post, kills): (&Diners, &Post, u32),
    times: &mut Times,
) -> Serve {
    let mut serve = serve;
    let mut progress = Progress::of("kills", kills);
    for kill in 0..kills {
        post.deliver_to(serve.http());
        let busy = diners.order(serve.http());
        std::thread::sleep(Duration::from_millis(400 + u64::from(kill * 37 % 211)));
        serve.kill();
        let began = Instant::now();
        busy.join();
        times.ended += began.elapsed();
        let began = Instant::now();
        serve = start.serve().unwrap();
        times.ready = times.ready.max(began.elapsed());
        times.started += began.elapsed();
        let began = Instant::now();
        times.asked_again += diners.ask_again(serve.http());
        times.answered += began.elapsed();
        progress.step();
    }
    post.deliver_to(serve.http());
    println!(
        "{:.1} kills a minute; on average the clients had ended {:?} after a kill, it was ready after {:?} more, and all \
         were answered after {:?} more",
        progress.per_minute(),
        times.ended / kills,
        times.started / kills,
        times.answered / kills
    );
    serve
}

/// The restaurant decides about the rest; how long it takes from then until nothing is under way any more.
fn settle(serve: &Serve, house: &House, diners: &Diners) -> Duration {
    diners.close(serve.http());
    let began = Instant::now();
    loop {
        diners.close(serve.http());
        let open = house.get(serve.http(), "/api/ops/sagas?state=open&limit=1");
        let parked = house.get(serve.http(), "/api/ops/sagas?state=parked");
        assert_eq!(
            parked["items"].as_array().map(Vec::len),
            Some(0),
            "{parked}"
        );
        let is_idle = open["items"].as_array().is_some_and(Vec::is_empty);
        if is_idle && began.elapsed() > LOOK_EVERY {
            return began.elapsed();
        }
        assert!(
            began.elapsed() < SETTLED_WITHIN * OVERRUN_MAX,
            "still under way: {open}"
        );
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Whoever ordered finds the order under the id that he was told.
fn look_for_all(serve: &Serve, house: &House, diners: &Diners) {
    let began = Instant::now();
    let wishes = diners.wishes();
    let look = |wish: &Wish| {
        let id = wish.told.as_ref().expect("it was answered");
        let path = format!("/api/orders/{id}");
        let whose = (serve.http(), wish.guest);
        let reply = until_decided(|| house.as_guest(whose, ("GET", &path), ("", &Value::Null)));
        assert_eq!(reply.status, 200, "{id}: {}", reply.body);
    };
    std::thread::scope(|scope| {
        for some in wishes.chunks(wishes.len().div_ceil(LOOKERS).max(1)) {
            scope.spawn(move || some.iter().for_each(look));
        }
    });
    let took = began.elapsed();
    println!(
        "{} orders were looked at, {LOOKERS} at once, in {took:?}",
        wishes.len()
    );
}
