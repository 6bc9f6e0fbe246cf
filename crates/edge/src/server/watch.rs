//! What a connection is waiting for, and since when.
//!
//! Everything that handles the connection notes it here in passing; the connection's own task looks at it every
//! second or two and ends the connection when something took too long. So no deadline costs a timer per request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use base::Clock;

use super::Settings;

#[derive(Debug)]
pub(super) struct Watch {
    clock: Clock,
    settings: Arc<Settings>,
    /// Those of all connections.
    house: Arc<Requests>,
    /// Requests whose answer has not ended.
    under_way: AtomicU32,
    /// Whether there ever was a request.
    spoke: AtomicBool,
    /// Whether requests come beside one another, so that a head is read while others are under way.
    multiplexed: AtomicBool,
    /// Whether nobody will read what was not yet sent.
    given_up: AtomicBool,
    /// When the connection was made or the last request ended.
    quiet_since_us: AtomicU64,
    /// When the head that is being read began; 0 when none is.
    head_since_us: AtomicU64,
    /// Since when the socket takes no more bytes; 0 when it does.
    write_since_us: AtomicU64,
    write_patience_us: AtomicU64,
    /// Answers that gave a piece of their body and were not yet asked for the next.
    owed: AtomicU32,
    owed_moved_us: AtomicU64,
}

/// How many requests all connections of a server have begun and ended.
#[derive(Debug, Default)]
pub(super) struct Requests {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Requests {
    pub(super) fn ended(&self) -> u64 {
        self.ended.load(Ordering::Acquire)
    }

    pub(super) fn under_way(&self) -> u64 {
        let ended = self.ended();
        self.begun.load(Ordering::Acquire).saturating_sub(ended)
    }
}

/// Why a connection is ended before its client ends it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It did what it should.
    Fine,
    /// It was open without a request for so long that it may close orderly.
    Idle,
    /// A head took too long.
    HeadSlow,
    /// The client does not take its answer.
    ReaderSlow,
}

impl Verdict {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Idle => "idle",
            Self::HeadSlow => "head_slow",
            Self::ReaderSlow => "reader_slow",
        }
    }
}

impl Watch {
    pub(super) fn new(clock: Clock, settings: Arc<Settings>, house: Arc<Requests>) -> Self {
        let now = micros(clock.elapsed());
        Self {
            clock,
            house,
            under_way: AtomicU32::new(0),
            spoke: AtomicBool::new(false),
            multiplexed: AtomicBool::new(false),
            given_up: AtomicBool::new(false),
            quiet_since_us: AtomicU64::new(now),
            head_since_us: AtomicU64::new(0),
            write_since_us: AtomicU64::new(0),
            write_patience_us: AtomicU64::new(micros(settings.patience)),
            owed: AtomicU32::new(0),
            owed_moved_us: AtomicU64::new(now),
            settings,
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The time now; never 0, because 0 stands for "not waiting".
    pub(super) fn now_us(&self) -> u64 {
        micros(self.clock.elapsed()).max(1)
    }

    pub(super) fn goes_multiplexed(&self) {
        self.multiplexed.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_multiplexed(&self) -> bool {
        self.multiplexed.load(Ordering::Relaxed)
    }

    pub(super) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }

    pub(super) fn request_began(&self) {
        self.spoke.store(true, Ordering::Relaxed);
        self.under_way.fetch_add(1, Ordering::Relaxed);
        self.house.begun.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn request_ended(&self) {
        self.quiet_since_us.store(self.now_us(), Ordering::Relaxed);
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        self.house.ended.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn head_began(&self) {
        self.head_since_us.store(self.now_us(), Ordering::Relaxed);
    }

    pub(super) fn head_ended(&self) {
        self.head_since_us.store(0, Ordering::Relaxed);
    }

    pub(super) fn write_waits(&self) {
        if self.write_since_us.load(Ordering::Relaxed) == 0 {
            self.write_since_us.store(self.now_us(), Ordering::Relaxed);
        }
    }

    /// Bytes were taken: what it waited is spent, what was taken earns some of it back.
    pub(super) fn wrote(&self, bytes: usize) {
        let since = self.write_since_us.load(Ordering::Relaxed);
        if since == 0 {
            return;
        }
        self.write_since_us.store(0, Ordering::Relaxed);
        let waited = self.now_us().saturating_sub(since);
        let left = self.write_patience_us.load(Ordering::Relaxed);
        let left = Patience { left_us: left }.after(waited, bytes, &self.settings);
        self.write_patience_us
            .store(left.left_us, Ordering::Relaxed);
    }

    pub(super) fn owes(&self) {
        self.owed_moved_us.store(self.now_us(), Ordering::Relaxed);
        self.owed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn paid(&self) {
        self.owed_moved_us.store(self.now_us(), Ordering::Relaxed);
        self.owed.fetch_sub(1, Ordering::Relaxed);
    }

    /// Looks whether the client takes too long for anything.
    pub(super) fn verdict(&self) -> Verdict {
        let (now, settings) = (self.now_us(), &self.settings);
        let since = |moment: &AtomicU64| now.saturating_sub(moment.load(Ordering::Relaxed));
        let under_way = self.under_way.load(Ordering::Relaxed) > 0;
        let waits_to_write = self.write_since_us.load(Ordering::Relaxed) > 0;
        if waits_to_write
            && since(&self.write_since_us) > self.write_patience_us.load(Ordering::Relaxed)
        {
            return Verdict::ReaderSlow;
        }
        let owed = self.owed.load(Ordering::Relaxed) > 0;
        if owed && since(&self.owed_moved_us) > micros(settings.patience) {
            return Verdict::ReaderSlow;
        }
        let in_head = self.head_since_us.load(Ordering::Relaxed) > 0;
        let head = since(&self.head_since_us);
        let head_time = micros(settings.head_time);
        if in_head && head > head_time && self.is_multiplexed() {
            return Verdict::HeadSlow;
        }
        if under_way {
            return Verdict::Fine;
        }
        // The next head may have come in part while an answer was under way; then nobody was reading it.
        let quiet = since(&self.quiet_since_us);
        let spoke_never = !self.spoke.load(Ordering::Relaxed);
        if in_head && quiet.min(head) > head_time || spoke_never && quiet > head_time {
            return Verdict::HeadSlow;
        }
        match quiet > micros(settings.idle_time) {
            true => Verdict::Idle,
            false => Verdict::Fine,
        }
    }
}

/// How long a slow client is still borne: waiting spends it, bytes earn it back, never beyond the setting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Patience {
    pub(super) left_us: u64,
}

impl Patience {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            left_us: micros(settings.patience),
        }
    }

    pub(super) fn left(self) -> Duration {
        Duration::from_micros(self.left_us)
    }

    pub(super) fn after(self, waited_us: u64, bytes: usize, settings: &Settings) -> Self {
        let rate = u64::from(settings.bytes_per_second_min).max(1);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let earned = bytes.saturating_mul(1_000_000) / rate;
        let left = self
            .left_us
            .saturating_sub(waited_us)
            .saturating_add(earned);
        Self {
            left_us: left.min(micros(settings.patience)),
        }
    }
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_is_spent_by_waiting_and_earned_by_bytes() {
        let settings = Settings {
            bytes_per_second_min: 1000,
            ..Settings::default()
        };
        let full = Patience::new(&settings);
        let less = full.after(4_000_000, 1000, &settings);
        assert_eq!(less.left_us, full.left_us - 3_000_000);
        assert_eq!(less.after(0, usize::MAX, &settings), full);
        // One byte a second is not what keeps a connection open.
        let dripping = (0..7).fold(full, |patience, _| patience.after(1_000_000, 1, &settings));
        assert!(dripping.left_us < 10_000, "{dripping:?}");
    }

    #[test]
    fn each_way_of_being_slow_is_seen_and_work_of_ours_is_not_one() {
        let clock = Clock::simulated(base::Time::EPOCH);
        let pass = |seconds| clock.advance(Duration::from_secs(seconds)).unwrap();
        let settings = Arc::new(Settings::default());
        let watch = Watch::new(clock.clone(), settings, Arc::default());
        let verdict = || watch.verdict();
        pass(5);
        assert_eq!(verdict(), Verdict::Fine);
        pass(2);
        assert_eq!(verdict(), Verdict::HeadSlow);
        watch.request_began();
        pass(1000);
        assert_eq!(verdict(), Verdict::Fine);
        watch.request_ended();
        watch.head_began();
        pass(5);
        assert_eq!(verdict(), Verdict::Fine);
        pass(2);
        assert_eq!(verdict(), Verdict::HeadSlow);
        watch.head_ended();
        pass(54);
        assert_eq!(verdict(), Verdict::Idle);
        watch.request_began();
        watch.owes();
        pass(7);
        assert_eq!(verdict(), Verdict::ReaderSlow);
        watch.paid();
        watch.write_waits();
        assert_eq!(verdict(), Verdict::Fine);
        pass(7);
        assert_eq!(verdict(), Verdict::ReaderSlow);
        watch.wrote(1);
        assert_eq!(verdict(), Verdict::Fine);
    }
}
