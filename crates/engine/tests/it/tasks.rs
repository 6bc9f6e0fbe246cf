//! Tasks that panic, fail, end, and do not end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base::{Clock, Error, Random, codes};
use engine::Tasks;

fn tasks() -> Tasks {
    Tasks::new(Clock::real(), Random::seeded(1))
}

async fn until(holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait)
        .await
        .expect("it never came true");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_or_fails_is_started_again_and_counted() {
    let (tasks, runs) = (tasks(), Arc::new(AtomicU32::new(0)));
    let counted = Arc::clone(&runs);
    tasks.spawn("shaky", move |stop| {
        let run = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            match run {
                0 => panic!("first run"),
                1 => Err(Error::internal(codes::INTERNAL, "second run")),
                _ => {
                    stop.stopped().await;
                    Ok(())
                }
            }
        }
    });
    until(|| tasks.states()[0].restarts == 2).await;
    let state = &tasks.states()[0];
    assert!(state.running, "the third run goes on");
    assert!(state.last_failure.as_ref().unwrap().contains("second run"));
    assert_eq!(
        tasks.stop(Duration::from_secs(1)).await,
        Vec::<String>::new()
    );
    assert!(!tasks.states()[0].running);
    assert_eq!(runs.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_told_with_its_text() {
    let tasks = tasks();
    tasks.spawn("broken", |_| async { panic!("number {}", 7) });
    until(|| tasks.states()[0].last_failure.is_some()).await;
    let failure = tasks.states()[0].last_failure.clone().unwrap();
    assert_eq!(failure, "it panicked; the log says where");
}

#[tokio::test(start_paused = true)]
async fn work_that_is_done_is_not_started_again() {
    let (tasks, runs) = (tasks(), Arc::new(AtomicU32::new(0)));
    let counted = Arc::clone(&runs);
    tasks.spawn("brief", move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        async { Ok(()) }
    });
    until(|| !tasks.states()[0].running).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_eq!(tasks.states()[0].last_failure, None);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_end_in_time_is_named_and_ended() {
    let tasks = tasks();
    tasks.spawn("stubborn", |_| std::future::pending());
    tasks.spawn("orderly", |stop| async move {
        stop.stopped().await;
        Ok(())
    });
    let dropped = Arc::new(());
    let held = Arc::clone(&dropped);
    let endless = async move {
        let _held = held;
        std::future::pending().await
    };
    tasks.once("endless", endless).unwrap();
    assert_eq!(tasks.states().len(), 3);
    let late = tasks.stop(Duration::from_secs(2)).await;
    assert_eq!(late, ["stubborn", "endless"]);
    until(|| Arc::strong_count(&dropped) == 1).await;
    assert!(tasks.once("late", async { Ok(()) }).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_the_next_start_of_a_failed_task() {
    let tasks = tasks();
    tasks.spawn("failing", |_| async {
        Err(Error::internal(codes::INTERNAL, "always"))
    });
    until(|| tasks.states()[0].restarts > 8).await;
    let none: Vec<String> = Vec::new();
    assert_eq!(tasks.stop(Duration::from_millis(10)).await, none);
}

#[tokio::test(start_paused = true)]
async fn work_done_once_may_panic_and_harms_nobody() {
    let tasks = tasks();
    tasks.once("panics", async { panic!("once") }).unwrap();
    tasks.once("ends", async { Ok(()) }).unwrap();
    until(|| tasks.states().is_empty()).await;
    assert_eq!(
        tasks.stop(Duration::from_secs(1)).await,
        Vec::<String>::new()
    );
}
