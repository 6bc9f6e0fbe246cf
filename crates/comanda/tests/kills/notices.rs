//! Holds what the provider told by itself, while the program was killed again and again, against what was stored of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

use testkit::paypal::{Habits, Post, Told};

use crate::OVERRUN_MAX;
use crate::rows::Ground;

/// So many notices of a hundred come late, twice or never, or are written by a forger.
pub(crate) const HABITS: Habits = Habits {
    lost: 10,
    twice: 15,
    late: 20,
    forged: 3,
};
/// What was told has been looked at so long after it was told: the timer of a notice that a killed process held rings again
/// when its lease is over.
pub(crate) const READ_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What came of the notices. Every list must be empty.
#[derive(Debug)]
pub(crate) struct Notices {
    told: Told,
    /// Accepted, and not there.
    lost: Vec<String>,
    /// There, and nobody told them.
    strange: Vec<String>,
    /// Never looked at.
    unread: Vec<String>,
    /// Of payments that nobody made.
    foreign: Vec<String>,
    outcomes: BTreeMap<String, u32>,
}

/// Has everything told that is still to be told, and waits until it has been looked at; how long that took from when the
/// last was accepted.
pub(crate) fn settle(ground: &Ground, post: &Post) -> Duration {
    let began = Instant::now();
    let limit = READ_WITHIN * OVERRUN_MAX;
    post.hurry();
    while !post.is_idle() {
        assert!(began.elapsed() < limit, "not told: {:?}", post.told());
        std::thread::sleep(LOOK_EVERY);
    }
    let began = Instant::now();
    while ground.count("SELECT COUNT(*) FROM payment_notices WHERE outcome = ''") > 0 {
        assert!(began.elapsed() < limit, "notices are never looked at");
        std::thread::sleep(LOOK_EVERY);
    }
    began.elapsed()
}

impl Notices {
    /// Compares everything. The program has been stopped, or is at rest.
    pub(crate) fn of(ground: &Ground, post: &Post) -> Self {
        let told = post.told();
        let rows = ground.rows("SELECT id, outcome FROM payment_notices WHERE provider = 'paypal'");
        let stored: BTreeSet<String> = rows.iter().map(|row| row[0].clone()).collect();
        let mut outcomes: BTreeMap<String, u32> = BTreeMap::new();
        for row in &rows {
            *outcomes.entry(row[1].clone()).or_default() += 1;
        }
        let with = |outcome: &str| {
            let found = rows.iter().filter(|row| row[1] == outcome);
            found.map(|row| row[0].clone()).collect::<Vec<String>>()
        };
        Notices {
            lost: told.accepted.difference(&stored).cloned().collect(),
            strange: stored.difference(&told.accepted).cloned().collect(),
            unread: with(""),
            foreign: with("no_payment"),
            outcomes,
            told,
        }
    }

    /// None was lost, none is left, and no forger was believed.
    #[track_caller]
    pub(crate) fn assert_clean(&self) {
        let all = [
            &self.lost,
            &self.strange,
            &self.unread,
            &self.foreign,
            &self.told.refused,
        ];
        assert!(all.iter().all(|list| list.is_empty()), "{self:#?}");
        assert_eq!(self.told.fooled, 0, "a forger was believed");
        let told = &self.told;
        let seen = [
            told.accepted.len() as u64,
            told.again,
            told.twice,
            told.late,
            told.lost,
        ];
        assert!(seen.iter().all(|count| *count > 0), "{self:#?}");
    }
}

impl fmt::Display for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = &self.told;
        let outcomes = self.outcomes.iter();
        let outcomes: Vec<String> = outcomes
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        write!(
            f,
            "{} notices to tell, {} of them lost on the way, {} told twice, {} late, {} sent again to whoever was away; \
             {} accepted, {} of those lost, {} never looked at, {} that nobody told, {} refused; {} forged, {} believed; \
             what they said: {}",
            told.events,
            told.lost,
            told.twice,
            told.late,
            told.again,
            told.accepted.len(),
            self.lost.len(),
            self.unread.len(),
            self.strange.len(),
            told.refused.len(),
            told.forged,
            told.fooled,
            outcomes.join(", ")
        )
    }
}
