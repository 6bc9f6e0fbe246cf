//! Mistakes that are planted in the code that is judged: each has to be found.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base::planted::{plant, struck};

use super::fate::Plan;
use super::sweep::tried;

/// How many seeds may be needed to find one.
const SEEDS_MAX: u64 = 1_000;

const ALL: &[&str] = &[
    "absent_is_given_up",
    "added_not_charged",
    "added_not_told",
    "alone_unlimited",
    "answer_not_kept",
    "answered_before_stored",
    "approved_alone",
    "asked_twice",
    "books_unbalanced",
    "cancelled_late",
    "capture_forgotten",
    "capture_key_new",
    "capture_not_posted",
    "capture_short",
    "captured_twice",
    "cart_not_claimed",
    "cash_not_posted",
    "cash_refund_not_posted",
    "cash_too_much",
    "change_not_dropped",
    "change_not_given_back",
    "change_not_posted",
    "change_not_taken",
    "change_unasked",
    "change_unpaid",
    "charged_again",
    "coupon_kept",
    "coupon_not_counted",
    "coupon_use_kept",
    "credit_not_returned",
    "credit_not_spent",
    "end_left",
    "event_skipped",
    "given_back_untaken",
    "hold_kept",
    "hold_not_ended",
    "key_forgotten",
    "line_added_twice",
    "made_given_back",
    "note_not_issued",
    "pending_is_held",
    "person_not_counted",
    "raise_not_settled",
    "refund_not_posted",
    "refund_owed_not_posted",
    "refunded_early",
    "saga_not_ended",
    "sale_not_posted",
    "second_not_taken",
    "settled_twice",
    "slot_count_kept",
    "slot_kept",
    "slot_not_taken",
    "slot_unlimited",
    "state_lost",
    "step_skipped",
    "steps_share_a_key",
    "stock_kept",
    "stock_not_taken",
    "stock_short_back",
    "stock_unguarded",
    "tab_held_short",
    "tab_overdrawn",
    "tab_ready_unseen",
    "tab_taken_early",
    "tab_taken_twice",
    "tab_taken_whole",
    "tab_takes_back",
    "taken_not_given_back",
    "taken_when_accepted",
    "timer_not_ended",
    "timer_not_set",
    "undo_forgotten",
    "unknown_is_refused",
    "unpaid_accepted",
    "unsale_not_posted",
    "unwind_forgotten",
    "version_ignored",
];

/// The first seed that finds a mistake, and what it finds; else how often the place of the mistake was passed.
fn found(name: &'static str) -> Result<(u64, String), u64> {
    let mut passed = 0;
    for seed in 1..=super::set("SIMULATE_SEEDS").unwrap_or(SEEDS_MAX) {
        // Nothing but the seed is drawn from, so each is the same with the mistake and without it until it strikes.
        plant(name);
        let broken = tried(&Plan::of(seed)).broken;
        passed += struck();
        plant("");
        if let Some(why) = broken {
            return Ok((seed, why));
        }
    }
    Err(passed)
}

/// Looks for all of them, or those with this in their names, several at a time, and says what was found.
fn looked_for() -> Vec<(&'static str, Result<(u64, String), u64>)> {
    let part = super::said("SIMULATE_PLANTED").unwrap_or_default();
    let names = ALL.iter().filter(|name| name.contains(&part));
    let names: Vec<&'static str> = names.copied().collect();
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let how = found(name);
                    println!("{name}: {}", shown(&how));
                    all.lock().unwrap().push((*name, how));
                }
            });
        }
    });
    all.into_inner().unwrap()
}

fn shown(how: &Result<(u64, String), u64>) -> String {
    match how {
        Ok((seeds, why)) => {
            let why: String = why.chars().take(90).collect();
            format!("{seeds} seeds, {}", why.replace('\n', " "))
        }
        Err(passed) => format!("NOT FOUND, and its place was passed {passed} times"),
    }
}

#[test]
fn planted() {
    // A mistake may panic where it is found.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let all = looked_for();
    std::panic::set_hook(hook);
    assert!(!all.is_empty(), "none has such a name");
    let missed: Vec<_> = all.iter().filter(|(_, how)| how.is_err()).collect();
    println!("{} of {} found", all.len() - missed.len(), all.len());
    assert!(missed.is_empty(), "{missed:?}");
}
