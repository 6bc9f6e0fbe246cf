//! How long work shows how far it is: a bar at a terminal, now and then a line elsewhere, nothing within `serve`.

use std::sync::Mutex;
use std::time::Duration;

use base::Clock;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

/// Between two lines where there is no terminal.
const LINES_EVERY: Duration = Duration::from_secs(5);

/// Shows the steps of one piece of work, one after the other.
pub(crate) struct Progress {
    shown: Shown,
}

enum Shown {
    Bars,
    Lines(Clock),
    Nothing,
}

/// One step, which ends when it is dropped.
pub(crate) struct Step {
    what: String,
    total: u64,
    how: How,
}

enum How {
    Bar(ProgressBar),
    Lines { clock: Clock, next: Mutex<Duration> },
    Nothing,
}

impl Progress {
    /// Shows progress on the standard error output, as it fits what that is.
    pub(crate) fn shown(clock: &Clock) -> Self {
        use std::io::IsTerminal as _;
        let shown = if std::io::stderr().is_terminal() {
            Shown::Bars
        } else {
            Shown::Lines(clock.clone())
        };
        Progress { shown }
    }

    /// Shows nothing.
    pub(crate) const fn silent() -> Self {
        Progress {
            shown: Shown::Nothing,
        }
    }

    /// Begins a step of so many bytes.
    pub(crate) fn bytes(&self, what: impl Into<String>, total: u64) -> Step {
        self.step(
            what.into(),
            total,
            "{msg:24} {bar:30} {bytes}/{total_bytes} {eta}",
        )
    }

    /// Begins a step of so many things of any kind.
    pub(crate) fn counted(&self, what: impl Into<String>, total: u64) -> Step {
        self.step(what.into(), total, "{msg:24} {bar:30} {pos}/{len} {eta}")
    }

    fn step(&self, what: String, total: u64, style: &str) -> Step {
        let how = match &self.shown {
            Shown::Bars => {
                let bar = ProgressBar::new(total).with_message(what.clone());
                How::Bar(match ProgressStyle::with_template(style) {
                    Ok(style) => bar.with_style(style),
                    Err(_) => bar,
                })
            }
            Shown::Lines(clock) => How::Lines {
                clock: clock.clone(),
                next: Mutex::new(clock.elapsed().saturating_add(LINES_EVERY)),
            },
            Shown::Nothing => How::Nothing,
        };
        Step { what, total, how }
    }
}

impl Step {
    /// Shows that so much is done.
    pub(crate) fn at(&self, done: u64) {
        match &self.how {
            How::Bar(bar) => bar.set_position(done),
            How::Lines { clock, next } => {
                let Ok(mut next) = next.try_lock() else {
                    return;
                };
                let now = clock.elapsed();
                if now >= *next {
                    *next = now.saturating_add(LINES_EVERY);
                    let percent = done.saturating_mul(100) / self.total.max(1);
                    eprintln!("{}: {} %", self.what, percent.min(100));
                }
            }
            How::Nothing => {}
        }
    }

    /// Learns how much there is to do.
    pub(crate) fn of(&mut self, total: u64) {
        self.total = total;
        if let How::Bar(bar) = &self.how {
            bar.set_length(total);
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let How::Bar(bar) = &self.how {
            bar.finish_and_clear();
        }
    }
}

/// A number of bytes as people read it.
pub(crate) fn human(bytes: u64) -> String {
    HumanBytes(bytes).to_string()
}
