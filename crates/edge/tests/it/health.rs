//! What is said of a node by what its probes find.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base::{Clock, Time};
use edge::health::{Finding, Health, Probe, Readiness, Status};
use futures_util::future::{BoxFuture, join_all};

struct Told {
    name: &'static str,
    critical: bool,
    finding: Option<Finding>,
    asked: Arc<AtomicU32>,
}

impl Probe for Told {
    fn name(&self) -> &str {
        self.name
    }

    fn critical(&self) -> bool {
        self.critical
    }

    fn check(&self) -> BoxFuture<'_, Finding> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let finding = self.finding.clone();
        Box::pin(async move {
            tokio::task::yield_now().await;
            match finding {
                Some(finding) => finding,
                None => std::future::pending().await,
            }
        })
    }
}

fn clock() -> Clock {
    Clock::simulated(Time::EPOCH)
}

fn health(told: Vec<(bool, Option<Finding>)>, clock: &Clock) -> (Health, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let probe = |(critical, finding)| {
        let asked = Arc::clone(&asked);
        Arc::new(Told {
            name: "it",
            critical,
            finding,
            asked,
        }) as Arc<dyn Probe>
    };
    let probes = told.into_iter().map(probe).collect();
    (Health::new(probes, Readiness::new(), clock.clone()), asked)
}

async fn status(told: Vec<(bool, Option<Finding>)>) -> Status {
    health(told, &clock()).0.report().await.status
}

#[tokio::test]
async fn only_what_is_critical_takes_the_node_down() {
    let (up, limps, down) = (Finding::up(), Finding::degraded("so"), Finding::down("so"));
    assert_eq!(status(vec![]).await, Status::Up);
    assert_eq!(status(vec![(true, Some(up.clone()))]).await, Status::Up);
    assert_eq!(
        status(vec![(true, Some(limps)), (true, Some(up))]).await,
        Status::Degraded
    );
    assert_eq!(
        status(vec![(false, Some(down.clone()))]).await,
        Status::Degraded
    );
    assert_eq!(status(vec![(true, Some(down))]).await, Status::Down);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_hangs_is_down_after_its_deadline() {
    // Both wait at the same time, so it is over long before twice the deadline.
    let looked = status(vec![(true, None), (true, None)]);
    let looked = tokio::time::timeout(Duration::from_secs(3), looked).await;
    assert_eq!(looked.ok(), Some(Status::Down));
}

#[tokio::test]
async fn many_who_ask_within_a_second_cost_one_look() {
    let clock = clock();
    let (health, asked) = health(vec![(true, Some(Finding::up()))], &clock);
    join_all((0..100).map(|_| health.report())).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    clock.advance(Duration::from_millis(1_001)).unwrap();
    join_all((0..100).map(|_| health.report())).await;
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[test]
fn a_node_that_stops_is_never_ready_again() {
    let readiness = Readiness::new();
    assert!(!readiness.is_ready());
    readiness.ready();
    assert!(readiness.clone().is_ready());
    readiness.stopping();
    readiness.ready();
    assert!(!readiness.is_ready());
}
