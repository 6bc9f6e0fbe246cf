//! The limit: how it moves after each window, and when it is held low to look.
//!
//! By Little's law the time that requests take together is what was in flight, and the time that they would have
//! taken at best is what would have been in flight had nothing waited. So the two sums say by how much the
//! limit is too high. It falls in proportion, and rises by little steps while it is felt and nothing waits.
//!
//! A limit that only listens forgets what "nothing waits" was: under an overload without end each best is
//! measured with others waiting. So now and then the limit is held below what can wait, for a moment.

use std::time::Duration;

use super::Settings;
use super::lane::Seen;

/// The limit never falls by more than half after one window.
const FALL_MOST: f64 = 0.5;
/// The share of the limit that must have been in flight before it may rise.
const FELT: f64 = 0.75;
/// How many requests must have ended before the limit is set anew.
const SEEN_MIN: u64 = 10;
/// The share by which the limit rises after one window, beside a step of one.
const RISE_SHARE: f64 = 1.0 / 16.0;
/// The limit does not fall below what was needed in flight a moment ago, and a bit. When the whole machine
/// stands still for a moment everything takes long, and letting in fewer does not make it quicker.
const NEEDED_TIMES: f64 = 1.5;
/// Of the limit: what background work, all but critical work, and critical work may fill.
const BACKGROUND_SHARE: f64 = 0.6;
const NORMAL_SHARE: f64 = 1.0;
const CRITICAL_SHARE: f64 = 2.0;
/// What critical work may have beyond its share, so that a small limit refuses it no more than a large one.
const CRITICAL_MORE: u32 = 8;
/// How much of what seems to fit without waiting is let in during a look, and how much of the limit at most: when
/// the best is wrong, so is what seems to fit.
const LOOK_SHARE: f64 = 0.75;
const LOOK_MOST_SHARE: f64 = 0.125;
/// The first look comes soon, because the first best may have been measured in the midst of an overload.
const LOOK_FIRST: Duration = Duration::from_secs(1);
/// A look lasts so many times as long as a request took before it.
const LOOK_TIMES: u32 = 4;
const LOOK_SHORTEST: Duration = Duration::from_millis(50);
const LOOK_LONGEST: Duration = Duration::from_millis(500);

/// What the limit is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// It follows what is measured.
    Following,
    /// It is held low, to see how long the work takes when nothing waits.
    Looking,
}

#[derive(Debug)]
pub(super) struct Limit {
    limit: f64,
    phase: Phase,
    /// How many normal and background requests may be in flight during the look.
    look: u32,
    look_at: Duration,
    /// Whether the limit was felt since the last look; a look at an idle server shows nothing new.
    felt: bool,
    /// What was seen since the limit was last set.
    seen: Seen,
    set_at: Duration,
    /// What was needed in flight lately; it is forgotten by half each second.
    needed: f64,
}

/// What a window has shown to the limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) seen: Seen,
    /// The most that was in flight at once.
    pub(super) most: u32,
    /// Whether anybody was refused.
    pub(super) refused: Refused,
}

/// Whether anybody was refused in a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refused {
    Some,
    Nobody,
}

impl Limit {
    pub(super) fn new(settings: &Settings, now: Duration) -> Self {
        Self {
            limit: f64::from(
                settings
                    .limit_first
                    .clamp(settings.limit_min, settings.limit_max),
            ),
            phase: Phase::Following,
            look: 1,
            look_at: now.saturating_add(LOOK_FIRST),
            felt: false,
            seen: Seen::default(),
            set_at: now,
            needed: 0.0,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// The limit in whole requests.
    pub(super) fn now(&self) -> u32 {
        whole(self.limit)
    }

    /// How many may be in flight when one more of each class comes.
    pub(super) fn caps(&self) -> [u32; 3] {
        let critical = whole(self.limit * CRITICAL_SHARE).saturating_add(CRITICAL_MORE);
        match self.phase {
            Phase::Following => [
                critical,
                whole(self.limit * NORMAL_SHARE),
                whole((self.limit * BACKGROUND_SHARE).ceil()),
            ],
            // Critical work is not turned away for the sake of a measurement.
            Phase::Looking => [critical, self.look, self.look],
        }
    }

    /// Sets the limit after a window, and says how long the next window is.
    pub(super) fn turn(&mut self, settings: &Settings, now: Duration, shown: Shown) -> Duration {
        if self.phase == Phase::Looking {
            self.phase = Phase::Following;
            self.felt = false;
            self.seen = Seen::default();
            self.set_at = now;
            self.look_at = now.saturating_add(settings.look_every);
            return settings.window;
        }
        self.seen.add(shown.seen);
        let felt = shown.refused == Refused::Some || f64::from(shown.most) >= self.limit * FELT;
        self.felt |= felt;
        if self.seen.count < SEEN_MIN {
            return settings.window;
        }
        let seen = std::mem::take(&mut self.seen);
        self.note_needed(seen, now);
        if felt {
            self.follow(settings, seen);
        }
        match self.felt && now >= self.look_at {
            true => self.begin_look(seen),
            false => settings.window,
        }
    }

    /// Falls in proportion to the waiting, or rises by a step. Only a limit that is felt moves: while it is not,
    /// the work is slow for other reasons than too many at once, or the limit is high enough.
    fn follow(&mut self, settings: &Settings, seen: Seen) {
        let tolerance = 1.0 + f64::from(settings.tolerance_percent) / 100.0;
        let slack = settings.slack.as_secs_f64() * 1e6;
        let allowed = seen.best_us as f64 * tolerance + seen.count as f64 * slack;
        let share = allowed / (seen.took_us as f64).max(1.0);
        let wanted = match share < 1.0 {
            true => self.limit * share.max(FALL_MOST),
            false => self.limit + 1.0 + self.limit * RISE_SHARE,
        };
        let (least, most) = (f64::from(settings.limit_min), f64::from(settings.limit_max));
        let needed = self.needed * NEEDED_TIMES;
        self.limit = wanted
            .max(needed.min(self.limit))
            .clamp(least, most.max(least));
    }

    /// What was done, had it taken its best time, would have needed so many in flight.
    fn note_needed(&mut self, seen: Seen, now: Duration) {
        let passed = now.saturating_sub(self.set_at).as_secs_f64();
        self.set_at = now;
        let needed = seen.best_us as f64 / (passed * 1e6).max(1.0);
        self.needed = needed.max(self.needed * 0.5_f64.powf(passed));
    }

    fn begin_look(&mut self, seen: Seen) -> Duration {
        let unhindered = seen.best_us as f64 / (seen.took_us as f64).max(1.0);
        let share = (unhindered * LOOK_SHARE).min(LOOK_MOST_SHARE);
        self.look = whole(self.limit * share).max(1);
        self.phase = Phase::Looking;
        let mean = Duration::from_micros(seen.took_us / seen.count.max(1));
        (mean * LOOK_TIMES).clamp(LOOK_SHORTEST, LOOK_LONGEST)
    }
}

fn whole(number: f64) -> u32 {
    // A cast of a float stops at the bounds of the type.
    number as u32
}
