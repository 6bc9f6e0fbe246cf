//! Overload: what a server of pinned capacity still does when several times as much comes.
//!
//! The work of the trial server takes ten milliseconds in one of three places, so it can do 300 requests a second
//! and not one more. Load comes in an open loop over real
//! sockets and through the whole gate: it does not slow down when answers do.
//! The tests here take turns, because two of them at once would measure each other.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on must fail at once, with the cause, and its figures are for people"
)]

mod shooter;
mod shop;
mod slow;

use std::time::Duration;

use base::Clock;
use edge::Criticality;
use edge::admission::{Admission, Settings};

use shooter::{SLOWEST, Score, Shot};
use shop::{CAPACITY, Shop};

/// Held by the test whose turn it is.
pub(crate) static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Requests that are sent so much later than they were due show that the machine has other work.
const LATE: Duration = Duration::from_millis(50);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_goes_on_working_however_much_comes() {
    let _alone = ALONE.lock().await;
    let clock = Clock::real();
    let unlimited = Settings {
        limit_first: 1_000_000,
        limit_min: 1_000_000,
        limit_max: 1_000_000,
        ..Settings::default()
    };
    // Without admission the same load must ruin the server, or nothing is shown by what follows.
    let ruined = {
        let shop = Shop::open(Admission::new(unlimited, clock.clone()), &clock).await;
        let score = volley(&shop, &clock, 500, 3).await;
        shop.close().await;
        score
    };
    say("5x without admission", &ruined);
    assert!(share(&ruined) < 0.5, "{ruined:?}");

    let shop = Shop::open(Admission::new(Settings::default(), clock.clone()), &clock).await;
    for (percent, seconds, least) in [(100, 3, 0.8), (500, 5, 0.9), (1_000, 5, 0.8)] {
        let score = quiet_volley(&shop, &clock, percent, seconds).await;
        // A machine that is too busy to send in time does not work in time either; it must still work.
        let late = is_late(&score);
        let least = if late { 0.5 } else { least };
        assert!(share(&score) >= least, "{percent}: {score:?}");
        // What takes longer is not waited for, and counts as failed.
        assert!(
            late || score.tally.failed * 100 <= score.tally.done,
            "{percent}: {score:?}"
        );
    }
    recovers(&shop, &clock).await;
    serves_what_matters(&shop, &clock).await;
    shop.close().await;
}

/// After the flood the usual load is served again, and soon.
async fn recovers(shop: &Shop, clock: &Clock) {
    let _while_it_calms_down = volley(shop, clock, 80, 2).await;
    let score = volley(shop, clock, 80, 4).await;
    say(&format!("80 % afterwards, {}", shop.state()), &score);
    assert!(score.share_served() >= 0.95, "{score:?}");
}

/// Critical requests are a fifth of what can be done; the rest is several times too much.
async fn serves_what_matters(shop: &Shop, clock: &Clock) {
    let shots = [
        shot(Criticality::Critical, 20),
        shot(Criticality::Normal, 60),
        shot(Criticality::Background, 400),
    ];
    let scores = shooter::fire(shop.address(), clock, &shots, 6).await;
    for (score, shot) in scores.iter().zip(shots) {
        say(&format!("mixed, {}", shot.criticality.name()), score);
    }
    let served: Vec<f64> = scores.iter().map(Score::share_served).collect();
    assert!(served[0] >= 0.999, "critical: {served:?}");
    assert!(served[1] > 0.6 && served[2] < 0.4, "the rest: {served:?}");
}

fn shot(criticality: Criticality, percent: u32) -> Shot {
    Shot {
        criticality,
        per_second: CAPACITY * percent / 100,
    }
}

/// Sends so many per cent of what can be done.
async fn volley(shop: &Shop, clock: &Clock, percent: u32, seconds: u64) -> Score {
    let shots = [shot(Criticality::Normal, percent)];
    let mut scores = shooter::fire(shop.address(), clock, &shots, seconds).await;
    scores.remove(0)
}

/// As [`volley`], and again while the machine has other work to do.
async fn quiet_volley(shop: &Shop, clock: &Clock, percent: u32, seconds: u64) -> Score {
    let mut score = volley(shop, clock, percent, seconds).await;
    say(&format!("{percent} %, {}", shop.state()), &score);
    for _again in 0..2 {
        if !is_late(&score) {
            break;
        }
        score = volley(shop, clock, percent, seconds).await;
        say(&format!("{percent} % again, {}", shop.state()), &score);
    }
    score
}

fn is_late(score: &Score) -> bool {
    score.tally.lateness.per_mille(990) >= LATE
}

/// The goodput as a share of what can be done.
fn share(score: &Score) -> f64 {
    score.goodput() / f64::from(CAPACITY)
}

fn say(what: &str, score: &Score) {
    let Score { tally, .. } = score;
    println!(
        "{what}: offered {:.0}/s, within {SLOWEST:?} {:.0}/s ({:.1} % of the offered), p50 {:?}, p99 {:?}, refused {}, \
         failed {}, sent late by p99 {:?}",
        score.offered(),
        score.goodput(),
        score.share_served() * 100.0,
        tally.latencies.per_mille(500),
        tally.latencies.per_mille(990),
        tally.refused,
        tally.failed,
        tally.lateness.per_mille(990),
    );
}
