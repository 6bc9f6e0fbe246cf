//! How long each part of a start took, for whoever wonders why a process is not ready yet.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base::Clock;

/// The course of one start, from its first line to the one that says that requests are answered.
pub(crate) struct Course {
    clock: Clock,
    steps: Mutex<Vec<(&'static str, Duration)>>,
}

impl Course {
    /// It begins now. The clock has just been made.
    pub(crate) fn begin(clock: &Clock) -> Self {
        Course {
            clock: clock.clone(),
            steps: Mutex::default(),
        }
    }

    /// What has this name is done now.
    pub(crate) fn done(&self, name: &'static str) {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.push((name, self.clock.elapsed()));
    }

    /// Writes it to the log, with the longest way from one step to the next to be seen.
    pub(crate) fn tell(&self) {
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let took_ms = steps.last().map_or(0, |(_, at)| at.as_millis());
        tracing::info!(took_ms, course = spelled(&steps), "requests are answered");
    }
}

fn spelled(steps: &[(&'static str, Duration)]) -> String {
    let (mut text, mut before) = (String::new(), Duration::ZERO);
    for (name, at) in steps {
        let sign = if text.is_empty() { "" } else { ", " };
        let took = at.saturating_sub(before).as_millis();
        // A text takes whatever is written to it.
        let _written = write!(text, "{sign}{name} {took} ms");
        before = *at;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_told_with_its_own_time() {
        let at = Duration::from_millis;
        let steps = [("secrets", at(3)), ("schema", at(45)), ("routes", at(60))];
        let told = "secrets 3 ms, schema 42 ms, routes 15 ms";
        assert_eq!(spelled(&steps), told);
    }
}
