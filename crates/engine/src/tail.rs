//! The end of a log as this node has it in memory: the relay reads every event once, and the consumers beside it take
//! from here what they would otherwise each read again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use store::Logged;

/// How much is kept; who is further behind reads the database.
const BYTES_MAX: usize = 4 << 20;
/// What an event takes besides its payload, more or less.
const BESIDE: usize = 256;

/// The last events of one database, without a gap between them. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tail(Arc<Mutex<Window>>);

#[derive(Debug, Default)]
struct Window {
    /// The position after which nothing is missing.
    after: i64,
    events: VecDeque<Arc<Logged>>,
    bytes: usize,
}

impl Tail {
    /// Keeps what was read after a position, all that there is up to the last of it.
    pub(crate) fn keep(&self, after: i64, page: &[Arc<Logged>]) {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.last() != after {
            *window = Window {
                after,
                ..Window::default()
            };
        }
        for event in page {
            window.bytes = window.bytes.saturating_add(size(event));
            window.events.push_back(Arc::clone(event));
        }
        while window.bytes > BYTES_MAX
            && let Some(event) = window.events.pop_front()
        {
            window.bytes = window.bytes.saturating_sub(size(&event));
            window.after = event.position;
        }
    }

    /// Keeps nothing of what was read before: it may not be what the database holds now.
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Window::default();
    }

    /// What comes after a position, so many events at most; nothing where it is not known here.
    pub(crate) fn after(&self, position: i64, most: usize) -> Option<Vec<Arc<Logged>>> {
        let window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if position < window.after || position >= window.last() {
            return None;
        }
        let seen = window
            .events
            .partition_point(|event| event.position <= position);
        Some(window.events.range(seen..).take(most).cloned().collect())
    }
}

impl Window {
    fn last(&self) -> i64 {
        self.events
            .back()
            .map_or(self.after, |event| event.position)
    }
}

fn size(event: &Logged) -> usize {
    event.payload.len().saturating_add(BESIDE)
}

#[cfg(test)]
mod tests {
    use base::{Organisation, Time, Uid};

    use super::*;

    fn events(positions: std::ops::RangeInclusive<i64>, bytes: usize) -> Vec<Arc<Logged>> {
        let event = |position| Logged {
            position,
            organisation: Organisation::PEOPLE,
            stream: Uid::from_bytes([0; 16]),
            version: position,
            kind: "order.created".to_owned(),
            payload: "x".repeat(bytes),
            actor: String::new(),
            trace: String::new(),
            at: Time::EPOCH,
        };
        positions
            .map(|position| Arc::new(event(position)))
            .collect()
    }

    fn positions(page: Option<Vec<Arc<Logged>>>) -> Option<Vec<i64>> {
        page.map(|page| page.iter().map(|event| event.position).collect())
    }

    #[test]
    fn it_answers_only_where_nothing_is_missing() {
        let tail = Tail::default();
        assert_eq!(tail.after(0, 9), None);
        tail.keep(10, &events(11..=14, 1));
        assert_eq!(positions(tail.after(10, 9)), Some(vec![11, 12, 13, 14]));
        assert_eq!(positions(tail.after(12, 1)), Some(vec![13]));
        for unknown in [0, 9, 14, 15] {
            assert_eq!(positions(tail.after(unknown, 9)), None, "{unknown}");
        }
        tail.keep(14, &events(15..=15, 1));
        assert_eq!(positions(tail.after(13, 9)), Some(vec![14, 15]));
        // Somebody read from elsewhere: what lies between is not known.
        tail.keep(20, &events(21..=22, 1));
        assert_eq!(positions(tail.after(13, 9)), None);
        assert_eq!(positions(tail.after(20, 9)), Some(vec![21, 22]));
        tail.forget();
        for position in [0, 20, 21] {
            assert_eq!(positions(tail.after(position, 9)), None, "{position}");
        }
        tail.keep(22, &events(23..=23, 1));
        assert_eq!(positions(tail.after(22, 9)), Some(vec![23]));
    }

    #[test]
    fn it_forgets_what_is_old_before_it_grows() {
        let tail = Tail::default();
        let mut after = 0;
        for _ in 0..100 {
            tail.keep(after, &events(after + 1..=after + 10, 10_000));
            after += 10;
        }
        assert_eq!(positions(tail.after(0, 9)), None);
        let kept = tail.0.lock().unwrap();
        assert!(
            kept.bytes <= BYTES_MAX && kept.events.len() > 400,
            "{}",
            kept.events.len()
        );
        let first = kept.events.front().unwrap().position;
        assert_eq!(kept.after, first - 1);
    }
}
