//! The clock: the only place that asks the machine for the time.
//!
//! A clock is a value that is passed in, and clones show the same time. Tests pass a fixed or a
//! simulated one; nothing else in the workspace may call `SystemTime::now` or `Instant::now`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::Time;

/// Shows the time of the machine, one fixed time, or a time that a test moves forward.
#[derive(Clone, Debug)]
pub struct Clock(Hands);

#[derive(Clone, Debug)]
enum Hands {
    Real {
        made: Instant,
    },
    Fixed(Time),
    Simulated {
        start: Time,
        now_micros: Arc<AtomicI64>,
    },
}

impl Clock {
    /// Makes a clock that shows the time of the machine.
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the clock that the ban points to"
    )]
    pub fn real() -> Self {
        Self(Hands::Real {
            made: Instant::now(),
        })
    }

    /// Makes a clock that always shows this time.
    pub const fn fixed(time: Time) -> Self {
        Self(Hands::Fixed(time))
    }

    /// Makes a clock that shows this time until it is advanced; all clones advance together.
    pub fn simulated(start: Time) -> Self {
        let now_micros = Arc::new(AtomicI64::new(start.as_micros()));
        Self(Hands::Simulated { start, now_micros })
    }

    /// Tells the time of day; on a real clock it may jump back when the machine's clock is set.
    pub fn now(&self) -> Time {
        match &self.0 {
            Hands::Real { .. } => machine_time(),
            Hands::Fixed(time) => *time,
            Hands::Simulated { now_micros, .. } => {
                Time::from_micros(now_micros.load(Ordering::SeqCst))
            }
        }
    }

    /// Tells how long ago the clock was made; never less than before. A fixed clock always says zero.
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the clock that the ban points to"
    )]
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Hands::Real { made } => made.elapsed(),
            Hands::Fixed(_) => Duration::ZERO,
            Hands::Simulated { start, .. } => self.now().since(*start),
        }
    }

    /// Moves a simulated clock, and with it all of its clones, forward.
    ///
    /// # Errors
    ///
    /// Refuses to move a clock that is not simulated, and to move one beyond the last time.
    pub fn advance(&self, by: Duration) -> Result<(), AdvanceError> {
        let Hands::Simulated { now_micros, .. } = &self.0 else {
            return Err(AdvanceError::NotSimulated);
        };
        let later = |now| Time::from_micros(now).plus(by).map(Time::as_micros);
        now_micros
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, later)
            .map(|_| ())
            .map_err(|_| AdvanceError::OutOfRange)
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "this is the clock that the ban points to"
)]
fn machine_time() -> Time {
    let now = SystemTime::now();
    // A machine set to before 1970 or beyond 292,000 years shows the nearest time that we can hold.
    match now.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => Time::EPOCH
            .plus(after)
            .unwrap_or(Time::from_micros(i64::MAX)),
        Err(before) => Time::EPOCH
            .minus(before.duration())
            .unwrap_or(Time::from_micros(i64::MIN)),
    }
}

/// Says why a clock was not moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AdvanceError {
    /// The clock is real or fixed; only a simulated clock can be moved.
    NotSimulated,
    /// The clock would show a time that does not fit into 64 bits of microseconds.
    OutOfRange,
}

impl fmt::Display for AdvanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSimulated => "only a simulated clock can be advanced",
            Self::OutOfRange => "the clock cannot be advanced beyond the last time",
        })
    }
}

impl std::error::Error for AdvanceError {}
