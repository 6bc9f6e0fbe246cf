//! Admission: how much work may be under way at once, found by measuring, and who is turned away first.
//!
//! The limit follows what the work itself shows. Each lane (a route, say) remembers how long its work takes
//! when nothing waits; when work takes much longer than that, it is waiting for something, and the limit falls
//! until it no longer is. Nothing waits here: a request is let in at once or refused at once, and a refusal costs
//! a few atomic operations. Background work is refused first, critical work last.

mod lane;
mod limit;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base::Clock;

use lane::Best;
pub use lane::Lane;
use limit::{Limit, Phase, Refused, Shown};

/// How much a request matters when not all can be served.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Criticality {
    /// Shed last: the state of an order, the webhook of a payment.
    Critical,
    /// What people do all day.
    #[default]
    Normal,
    /// Shed first: reports, exports, prefetching.
    Background,
}

impl Criticality {
    /// All classes, for tables that must be complete.
    pub const ALL: [Self; 3] = [Self::Critical, Self::Normal, Self::Background];

    /// Gives the class's name in small letters, for metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Normal => "normal",
            Self::Background => "background",
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Critical => 0,
            Self::Normal => 1,
            Self::Background => 2,
        }
    }
}

/// Between which bounds the limit is sought, and what counts as waiting.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The limit before anything was measured.
    pub limit_first: u32,
    /// The limit never falls below this, so that something is always measured.
    pub limit_min: u32,
    /// The limit never rises above this.
    pub limit_max: u32,
    /// Work may take this much longer than its best, in per cent of the best, before it counts as waiting.
    pub tolerance_percent: u32,
    /// Work may take this much longer than its best whatever the best is. Below it waiting hurts nobody, and a
    /// database that puts commits together does more at once for a little waiting.
    pub slack: Duration,
    /// How long is measured before the limit is set anew.
    pub window: Duration,
    /// How often the limit is held low for a moment, to see how long the work takes without waiting.
    pub look_every: Duration,
    /// The shortest delay after which a refused request is asked to come again; the longest is three times that.
    pub retry_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limit_first: 32,
            limit_min: 2,
            limit_max: 4096,
            tolerance_percent: 100,
            slack: Duration::from_millis(10),
            window: Duration::from_millis(100),
            look_every: Duration::from_secs(10),
            retry_after: Duration::from_secs(1),
        }
    }
}

/// What admission does at this moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct State {
    /// How many requests of class normal and critical together may be under way.
    pub limit: u32,
    /// How many requests are under way.
    pub in_flight: u32,
    /// How many were refused so far, in the order of [`Criticality::ALL`].
    pub refused: [u64; 3],
}

/// Lets requests in while the work that is under way does not wait. Clones share everything.
#[derive(Clone, Debug)]
pub struct Admission(Arc<Gate>);

#[derive(Debug)]
struct Gate {
    settings: Settings,
    clock: Clock,
    in_flight: AtomicU32,
    /// The most that was in flight at once in this window, which says whether the limit was felt at all.
    in_flight_most: AtomicU32,
    /// How many may be in flight when a request of the class comes, itself not counted.
    caps: [AtomicU32; 3],
    refused: [AtomicU64; 3],
    /// What the metrics say is in flight, so that they are not told again what they say; the highest number where they
    /// say nothing yet.
    shown: AtomicU32,
    /// How many were refused when the window began.
    refused_before: AtomicU64,
    /// When the window ends, in microseconds of the clock's elapsed time.
    window_ends_us: AtomicU64,
    /// Work that began before this moment says nothing about the phase.
    phase_began_us: AtomicU64,
    plain: [Lane; 3],
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    limit: Limit,
    lanes: Vec<Arc<Best>>,
}

impl Inner {
    /// What was measured in one phase is not mixed with the next; a look begins a new best.
    fn begin_phase(&self) {
        for lane in &self.lanes {
            lane.forget_mean();
            if self.limit.phase() == Phase::Looking {
                lane.age();
            }
        }
    }
}

impl Admission {
    /// Admission that has measured nothing yet.
    pub fn new(settings: Settings, clock: Clock) -> Self {
        let limit = Limit::new(&settings, clock.elapsed());
        let plain = [(); 3].map(|()| Lane(Arc::new(Best::default())));
        let lanes = plain.iter().map(|lane| lane.0.clone()).collect();
        let window_ends = clock.elapsed().saturating_add(settings.window);
        let gate = Gate {
            in_flight: AtomicU32::new(0),
            in_flight_most: AtomicU32::new(0),
            shown: AtomicU32::new(u32::MAX),
            caps: limit.caps().map(AtomicU32::new),
            refused: Default::default(),
            refused_before: AtomicU64::new(0),
            window_ends_us: AtomicU64::new(micros(window_ends)),
            phase_began_us: AtomicU64::new(0),
            plain,
            inner: Mutex::new(Inner { limit, lanes }),
            settings,
            clock,
        };
        Self(Arc::new(gate))
    }

    /// Makes a lane: work that takes about the same time, such as the requests of one route.
    pub fn lane(&self) -> Lane {
        let best = Arc::new(Best::default());
        self.0.inner().lanes.push(best.clone());
        Lane(best)
    }

    /// Refuses a request for which there is no room now, and promises nothing to one for which there is.
    ///
    /// A permit stands for work of ours, and a client that drips its body is none: who held permits while bodies
    /// come would let a few slow clients keep out all others. So this is asked before the body is read, and
    /// [`Admission::enter_lane`] after it.
    ///
    /// # Errors
    ///
    /// As [`Admission::enter`].
    pub fn has_room(&self, criticality: Criticality) -> Result<(), Duration> {
        let gate = &self.0;
        let cap = gate.caps[criticality.index()].load(Ordering::Relaxed);
        match gate.in_flight.load(Ordering::Relaxed) < cap {
            true => Ok(()),
            false => Err(gate.refuse(criticality)),
        }
    }

    /// Lets a request in, or says after how long it may come again.
    ///
    /// # Errors
    ///
    /// The delay after which the refused request may be sent again; it differs from refusal to refusal, so that
    /// those who were refused together do not come back together.
    pub fn enter(&self, criticality: Criticality) -> Result<Permit, Duration> {
        let lane = &self.0.plain[criticality.index()];
        self.enter_lane(lane, criticality)
    }

    /// Lets a request of this lane in, or says after how long it may come again.
    ///
    /// # Errors
    ///
    /// As [`Admission::enter`].
    pub fn enter_lane(&self, lane: &Lane, criticality: Criticality) -> Result<Permit, Duration> {
        let gate = &self.0;
        let cap = gate.caps[criticality.index()].load(Ordering::Relaxed);
        let one_more = |in_flight: u32| (in_flight < cap).then(|| in_flight.saturating_add(1));
        let Ok(before) =
            gate.in_flight
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
        else {
            return Err(gate.refuse(criticality));
        };
        let in_flight = before.saturating_add(1);
        // Reading it is cheap, and it seldom rises.
        if in_flight > gate.in_flight_most.load(Ordering::Relaxed) {
            gate.in_flight_most.fetch_max(in_flight, Ordering::Relaxed);
        }
        Ok(Permit {
            began_us: micros(gate.clock.elapsed()),
            lane: lane.0.clone(),
            gate: gate.clone(),
            finished: Finished::No,
        })
    }

    /// Shows the limit and what is under way.
    pub fn state(&self) -> State {
        let gate = &self.0;
        State {
            limit: gate.inner().limit.now(),
            in_flight: gate.in_flight.load(Ordering::Relaxed),
            refused: [0, 1, 2].map(|index: usize| gate.refused[index].load(Ordering::Relaxed)),
        }
    }
}

impl Gate {
    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse(&self, criticality: Criticality) -> Duration {
        let number = self.refused[criticality.index()].fetch_add(1, Ordering::Relaxed);
        metrics::counter!("admission_refused_total", "class" => criticality.name()).increment(1);
        // When nothing is let in, nothing ends either, and so it is a refusal that must end the window.
        let now = self.clock.elapsed();
        if micros(now) >= self.window_ends_us.load(Ordering::Relaxed) {
            self.turn(now);
        }
        self.settings
            .retry_after
            .saturating_add(spread(number, self.settings.retry_after * 2))
    }

    fn end(&self, permit: &Permit) {
        let now = self.clock.elapsed();
        let took_us = micros(now).saturating_sub(permit.began_us);
        if permit.began_us >= self.phase_began_us.load(Ordering::Relaxed) {
            match permit.finished {
                Finished::Yes => permit.lane.note(took_us),
                Finished::No => permit.lane.note_dropped(took_us),
            }
        }
        let left = self
            .in_flight
            .fetch_sub(1, Ordering::Relaxed)
            .saturating_sub(1);
        if micros(now) >= self.window_ends_us.load(Ordering::Relaxed) {
            self.turn(now);
        } else if left == 0 && self.shown.load(Ordering::Relaxed) > 0 {
            self.show(0);
        }
    }

    fn show(&self, in_flight: u32) {
        self.shown.store(in_flight, Ordering::Relaxed);
        metrics::gauge!("admission_in_flight").set(f64::from(in_flight));
    }

    fn refused_in_window(&self) -> Refused {
        let counts = self
            .refused
            .iter()
            .map(|refused| refused.load(Ordering::Relaxed));
        let refused = counts.fold(0, u64::saturating_add);
        match refused > self.refused_before.swap(refused, Ordering::Relaxed) {
            true => Refused::Some,
            false => Refused::Nobody,
        }
    }

    /// Ends the window: sets the limit by what was measured in it. Whoever comes at the same time goes on.
    fn turn(&self, now: Duration) {
        let Ok(mut inner) = self.inner.try_lock() else {
            return;
        };
        if micros(now) < self.window_ends_us.load(Ordering::Relaxed) {
            return;
        }
        let phase_before = inner.limit.phase();
        let mut seen = lane::Seen::default();
        for lane in &inner.lanes {
            seen.add(lane.turn(phase_before == Phase::Looking));
        }
        let in_flight = self.in_flight.load(Ordering::Relaxed);
        let most = self.in_flight_most.swap(in_flight, Ordering::Relaxed);
        let shown = Shown {
            seen,
            most,
            refused: self.refused_in_window(),
        };
        let window = inner.limit.turn(&self.settings, now, shown);
        if inner.limit.phase() != phase_before {
            self.phase_began_us.store(micros(now), Ordering::Relaxed);
            inner.begin_phase();
        }
        for (cap, now) in self.caps.iter().zip(inner.limit.caps()) {
            cap.store(now, Ordering::Relaxed);
        }
        self.window_ends_us
            .store(micros(now.saturating_add(window)), Ordering::Relaxed);
        metrics::gauge!("admission_limit").set(f64::from(inner.limit.now()));
        self.show(in_flight);
    }
}

/// The right to do the work of one request. It measures how long that took, and ends when it is dropped.
#[derive(Debug)]
#[must_use = "the work is under way only as long as its permit is held"]
pub struct Permit {
    began_us: u64,
    lane: Arc<Best>,
    gate: Arc<Gate>,
    finished: Finished,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Finished {
    Yes,
    No,
}

impl Permit {
    /// Says that the work was done to its end. A permit that is only dropped was given up: its time says that the
    /// work took at least so long, and never that it can be so quick.
    pub fn finish(mut self) {
        self.finished = Finished::Yes;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.end(self);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Spreads numbered delays evenly over a span: multiples of the golden ratio fill it without a gap or a heap,
/// better than chance would, and need no source of randomness.
fn spread(number: u64, span: Duration) -> Duration {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let share = number.wrapping_mul(GOLDEN) >> 32;
    let nanos = (span.as_nanos() * u128::from(share)) >> 32;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
