//! The open loop on servers within this process: known times give known figures, and a stall is seen.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base::{Clock, Random};
use load::{Answer, Client, Pace, Plan, Spacing, Tally, asking, open_loop};
use tokio::sync::RwLock;
use tokio::task::JoinSet;

fn millis(number: u64) -> Duration {
    Duration::from_millis(number)
}

fn plan(per_second: u32, time: Duration) -> Plan {
    Plan {
        per_second,
        spacing: Spacing::Even,
        warm_up: millis(100),
        time,
        patience: Duration::from_secs(5),
    }
}

fn show(what: &str, tally: &Tally, time: Duration) {
    println!(
        "{what}: {:.0}/s done, {} refused, {} failed; median {:?}, p99 {:?}, longest {:?}; sent late by p99 {:?}",
        tally.done_per_second(time),
        tally.refused,
        tally.failed,
        tally.latencies.per_mille(500),
        tally.latencies.per_mille(990),
        tally.latencies.longest(),
        tally.lateness.per_mille(990),
    );
}

/// A server that needs this long for each request, and stalls while somebody holds it.
#[derive(Clone, Default)]
struct Server {
    needs: Duration,
    held: Arc<RwLock<()>>,
}

impl Server {
    fn needs(needs: Duration) -> Self {
        Self {
            needs,
            ..Self::default()
        }
    }

    async fn answer(&self) -> Answer {
        drop(self.held.read().await);
        tokio::time::sleep(self.needs).await;
        Answer::Done(1)
    }

    fn clients(&self, count: usize) -> Vec<impl Client + Send + use<>> {
        let client = || {
            let server = self.clone();
            asking(move || {
                let server = server.clone();
                async move { server.answer().await }
            })
        };
        (0..count).map(|_| client()).collect()
    }

    async fn stall(&self, after: Duration, time: Duration) {
        tokio::time::sleep(after).await;
        let _held = self.held.write().await;
        tokio::time::sleep(time).await;
    }
}

#[tokio::test]
async fn a_known_service_time_gives_a_known_latency_at_each_rate() {
    let server = Server::needs(millis(20));
    let time = millis(700);
    for rate in [300, 1_500, 3_000] {
        let tally = open_loop(&Clock::real(), plan(rate, time), server.clients(256)).await;
        show(&format!("20 ms at {rate}/s"), &tally, time);
        assert_eq!(
            tally.done,
            u64::from(rate) * 7 / 10,
            "all that was due was asked"
        );
        assert_eq!(tally.done_ever, u64::from(rate) * 8 / 10);
        assert_eq!(tally.done_by_second.iter().sum::<u64>(), tally.done);
        assert_eq!((tally.failed_ever, tally.refused), (0, 0));
        let median = tally.latencies.per_mille(500);
        assert!((millis(20)..millis(100)).contains(&median), "{median:?}");
    }
}

/// The point of an open loop: who waits for answers before asking again hardly notices a stall.
#[tokio::test]
async fn a_stall_shows_in_the_open_loop_and_hides_in_the_closed_one() {
    let (time, stall) = (millis(1_500), millis(400));
    let server = Server::needs(millis(2));
    let clock = Clock::real();
    let open = open_loop(&clock, plan(300, time), server.clients(16));
    let (open, ()) = tokio::join!(open, server.stall(millis(500), stall));
    show("open, stalled for 400 ms", &open, time);
    // Of 450 requests 120 were due in the stall. One in a hundred of all waited for nearly all of it.
    assert_eq!(open.done, 450);
    assert!(open.latencies.per_mille(990) > millis(350));
    assert!(open.latencies.per_mille(800) > millis(40));

    let pace = Pace::start(&clock, millis(100), time);
    let mut driving = JoinSet::new();
    for client in server.clients(16) {
        driving.spawn(load::drive(pace.clone(), client));
    }
    server.stall(millis(500), stall).await;
    let mut closed = Tally::default();
    for tally in driving.join_all().await {
        closed.merge(tally);
    }
    show("closed, stalled for 400 ms", &closed, time);
    assert!(closed.latencies.longest() >= stall);
    assert!(closed.latencies.per_mille(990) < millis(100));
}

/// Few clients and a slow server: what is due waits for them, and its waiting counts.
#[tokio::test]
async fn waiting_for_a_free_client_counts() {
    let server = Server::needs(millis(50));
    let time = millis(400);
    let tally = open_loop(&Clock::real(), plan(100, time), server.clients(1)).await;
    show("50 ms at 100/s by one client", &tally, time);
    // It does 20 in a second; the last that is due at 0.5 s is done at 2.5 s.
    assert_eq!(tally.done, 40);
    assert!(tally.latencies.longest() > millis(1_900));
    assert!(tally.lateness.longest() > millis(1_900));
}

#[tokio::test]
async fn what_is_under_way_is_bounded_and_given_up_in_time() {
    let (under_way, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let client = || {
        let (under_way, most) = (Arc::clone(&under_way), Arc::clone(&most));
        asking(move || {
            most.fetch_max(
                under_way.fetch_add(1, Ordering::SeqCst) + 1,
                Ordering::SeqCst,
            );
            let leaving = Leaving(Arc::clone(&under_way));
            async move {
                let _leaving = leaving;
                std::future::pending().await
            }
        })
    };
    let clock = Clock::real();
    let plan = Plan {
        patience: millis(200),
        ..plan(1_000, millis(900))
    };
    let tally = open_loop(&clock, plan, (0..4).map(|_| client()).collect()).await;
    let took = clock.elapsed();
    println!(
        "a server that never answers: {} failed within {took:?}",
        tally.failed_ever
    );
    assert_eq!(most.load(Ordering::SeqCst), 4);
    assert_eq!(
        (tally.failed_ever, tally.failed, tally.done_ever),
        (1_000, 900, 0)
    );
    assert!(took < Duration::from_secs(5), "{took:?}");
}

struct Leaving(Arc<AtomicUsize>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn answers_are_told_apart_and_a_failure_stops_nobody() {
    let mut turn = 0_u32;
    let client = asking(move || {
        turn += 1;
        let answer = match turn % 4 {
            0 => Answer::Failed("lost".to_owned()),
            1 => Answer::Refused,
            _ => Answer::Done(10),
        };
        async move { answer }
    });
    let time = millis(400);
    let plan = Plan {
        spacing: Spacing::Chance(Random::seeded(3)),
        warm_up: Duration::ZERO,
        ..plan(1_000, time)
    };
    let tally = open_loop(&Clock::real(), plan, vec![client]).await;
    show("done, refused, failed", &tally, time);
    let asked = tally.done / 10 + tally.refused + tally.failed;
    assert_eq!(tally.refused, asked.div_ceil(4));
    assert_eq!(tally.refused, tally.refusals.count());
    assert_eq!((tally.failed, tally.failed_ever), (asked / 4, asked / 4));
    assert_eq!(tally.done / 10, tally.latencies.count());
    assert_eq!(tally.failure.as_deref(), Some("lost"));
}
