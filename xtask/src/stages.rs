//! Stages with a budget: run in order until one fails, then the table of all.

#![allow(
    clippy::disallowed_methods,
    reason = "it measures programs from outside; there is no clock to be given"
)]

use std::fmt;
use std::time::{Duration, Instant};

use crate::{Outcome, table};

/// A slow machine is no defect; five times the budget is.
const OVERRUN_MAX: u32 = 5;

/// One step of the whole.
#[derive(Clone, Copy)]
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    pub(crate) budget: Duration,
    pub(crate) work: fn() -> Outcome,
}

impl Stage {
    pub(crate) const fn new(name: &'static str, minutes: u64, work: fn() -> Outcome) -> Self {
        Self {
            name,
            budget: Duration::from_secs(minutes * 60),
            work,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Ok,
    Over,
    Failed,
    NotRun,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Over => "over budget",
            Self::Failed => "FAILED",
            Self::NotRun => "not run",
        })
    }
}

/// Runs the stages, prints the table, and gives the first failure.
pub(crate) fn run(stages: &[Stage]) -> Outcome {
    let mut failure = None;
    let mut rows = Vec::new();
    for stage in stages {
        let mut took = Duration::ZERO;
        let mut verdict = Verdict::NotRun;
        if failure.is_none() {
            println!("\n=== {} ===", stage.name);
            let start = Instant::now();
            let outcome = (stage.work)();
            took = start.elapsed();
            verdict = judge(&outcome, took, stage.budget);
            failure = match outcome {
                Ok(()) if verdict == Verdict::Failed => Some(format!(
                    "{} took more than {OVERRUN_MAX} times its budget",
                    stage.name
                )),
                other => other.err().map(|said| format!("{}: {said}", stage.name)),
            };
            let (spent, budget) = (shown(took), shown(stage.budget));
            println!("--- {}: {verdict}, {spent} of {budget}", stage.name);
        }
        rows.push([
            stage.name.to_owned(),
            shown(took),
            shown(stage.budget),
            verdict.to_string(),
        ]);
    }
    println!();
    table::print(["stage", "time", "budget", "result"], &rows);
    failure.map_or(Ok(()), Err)
}

fn judge(outcome: &Outcome, took: Duration, budget: Duration) -> Verdict {
    match outcome {
        Err(_) => Verdict::Failed,
        Ok(()) if took > budget * OVERRUN_MAX => Verdict::Failed,
        Ok(()) if took > budget => Verdict::Over,
        Ok(()) => Verdict::Ok,
    }
}

fn shown(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds < 60.0 {
        true => format!("{seconds:.1} s"),
        false => format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_stops_and_is_named() {
        let stages = [
            Stage::new("good", 1, || Ok(())),
            Stage::new("bad", 1, || Err("broken".to_owned())),
            Stage::new("later", 1, || panic!("runs after a failure")),
        ];
        assert_eq!(run(&stages), Err("bad: broken".to_owned()));
        assert_eq!(run(&stages[..1]), Ok(()));
    }

    #[test]
    fn only_a_gross_overrun_fails() {
        let budget = Duration::from_secs(60);
        assert_eq!(judge(&Ok(()), budget, budget), Verdict::Ok);
        assert_eq!(judge(&Ok(()), budget * 2, budget), Verdict::Over);
        assert_eq!(judge(&Ok(()), budget * 6, budget), Verdict::Failed);
        assert_eq!(judge(&Err(String::new()), budget, budget), Verdict::Failed);
    }

    #[test]
    fn times_are_short() {
        assert_eq!(shown(Duration::from_millis(1_250)), "1.2 s");
        assert_eq!(shown(Duration::from_secs(125)), "2 min 05 s");
    }
}
