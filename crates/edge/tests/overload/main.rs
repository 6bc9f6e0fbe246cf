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

use base::{Clock, Random};
use edge::Criticality;
use edge::admission::{Admission, Settings};

use shooter::{Score, Shot, Volley};
use shop::{CAPACITY, Shop};

/// Held by the test whose turn it is.
pub(crate) static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

const SLOWEST: Duration = Duration::from_millis(500);

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
        let score = volley(&shop, &clock, &normal(5.0), 3).await;
        shop.close().await;
        score
    };
    say("5x without admission", &ruined);
    assert!(ruined.goodput(SLOWEST) < 0.5 * CAPACITY, "{ruined:?}");

    let shop = Shop::open(Admission::new(Settings::default(), clock.clone()), &clock).await;
    for (times, seconds, least) in [(1.0, 3, 0.8), (5.0, 5, 0.9), (10.0, 5, 0.8)] {
        let score = volley(&shop, &clock, &normal(times), seconds).await;
        say(&format!("{times}x, {}", shop.state()), &score);
        assert!(
            score.goodput(SLOWEST) >= least * CAPACITY,
            "{times}: {score:?}"
        );
        assert!(score.slowest_of(990) <= SLOWEST, "{times}: {score:?}");
    }
    recovers(&shop, &clock).await;
    serves_what_matters(&shop, &clock).await;
    shop.close().await;
}

/// After the flood the usual load is served again, and soon.
async fn recovers(shop: &Shop, clock: &Clock) {
    let _while_it_calms_down = volley(shop, clock, &normal(0.8), 2).await;
    let score = volley(shop, clock, &normal(0.8), 4).await;
    say(&format!("0.8x afterwards, {}", shop.state()), &score);
    assert!(score.share_served() >= 0.95, "{score:?}");
}

/// Critical requests are a fifth of what can be done; the rest is several times too much.
async fn serves_what_matters(shop: &Shop, clock: &Clock) {
    let shots = [
        Shot {
            criticality: Criticality::Critical,
            per_second: 0.2 * CAPACITY,
        },
        Shot {
            criticality: Criticality::Normal,
            per_second: 0.6 * CAPACITY,
        },
        Shot {
            criticality: Criticality::Background,
            per_second: 4.0 * CAPACITY,
        },
    ];
    let mut scores = Vec::new();
    for (score, shot) in shooter::fire(shop.address(), clock, &mixed(&shots, 6))
        .await
        .iter()
        .zip(shots)
    {
        say(&format!("mixed, {}", shot.criticality.name()), score);
        scores.push(score.share_served());
    }
    let [critical, normal, background] = scores[..] else {
        panic!("{scores:?}");
    };
    assert!(critical >= 0.999, "{scores:?}");
    assert!(normal > background, "{scores:?}");
    assert!(background < 0.5, "{scores:?}");
}

fn normal(times: f64) -> Shot {
    Shot {
        criticality: Criticality::Normal,
        per_second: times * CAPACITY,
    }
}

async fn volley(shop: &Shop, clock: &Clock, shot: &Shot, seconds: u64) -> Score {
    let scores = shooter::fire(
        shop.address(),
        clock,
        &mixed(std::slice::from_ref(shot), seconds),
    )
    .await;
    scores.into_iter().next().expect("one shot has one score")
}

fn mixed(shots: &[Shot], seconds: u64) -> Volley {
    Volley {
        shots: shots.to_vec(),
        time: Duration::from_secs(seconds),
        random: Random::seeded(7),
    }
}

fn say(what: &str, score: &Score) {
    println!(
        "{what}: offered {:.0}/s, good {:.0}/s, served {:.1} %, p50 {:?}, p99 {:?}, refused {}, failed {}",
        score.offered(),
        score.goodput(SLOWEST),
        score.share_served() * 100.0,
        score.slowest_of(500),
        score.slowest_of(990),
        score.refused,
        score.failed,
    );
}
