//! What must be found in the end: every order that was acknowledged, whole, once, and nothing else.

use testkit::trial::Bulk;

use crate::Outcome;
use crate::course::Runs;

/// Asked of both engines.
pub(crate) const QUESTIONS: [&str; 7] = [
    "SELECT count(*) FROM trial_orders",
    "SELECT count(*) FROM trial_lines",
    "SELECT count(*) FROM trial_intents",
    "SELECT count(*) FROM log",
    "SELECT count(*) FROM commits",
    "SELECT CAST(sum(free) AS BIGINT) FROM trial_stock",
    "SELECT position FROM head",
];

/// The right answers.
pub(crate) fn expected(bulk: Bulk, preload: u64, runs: &Runs) -> [i64; 7] {
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let sold = signed(runs.acknowledged());
    let orders = signed(preload) + sold;
    [
        orders,
        3 * orders,
        orders,
        orders,
        orders,
        bulk.free() - sold,
        orders,
    ]
}

/// Says what is different, if something is.
pub(crate) fn check(engine: &str, found: &[i64], expected: &[i64; 7]) -> Outcome<()> {
    for ((question, found), expected) in QUESTIONS.iter().zip(found).zip(expected) {
        if found != expected {
            return Err(format!("{engine}: {question}: {found} instead of {expected}").into());
        }
    }
    println!(
        "{engine}: {} orders, all that were acknowledged and no other",
        expected[0]
    );
    Ok(())
}
