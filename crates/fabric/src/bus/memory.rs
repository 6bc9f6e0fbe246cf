//! The bus within one process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use base::{Error, Result, codes};
use tokio::sync::Notify;

use super::ring::Ring;
use super::{Message, Pattern, Received, Room};

#[derive(Debug)]
pub(super) struct Memory {
    room: Room,
    inside: Mutex<Inside>,
}

#[derive(Debug)]
struct Inside {
    recent: Ring,
    queues: Vec<Weak<Queue>>,
}

impl Memory {
    pub(super) fn new(room: Room) -> Self {
        Self {
            room,
            inside: Mutex::new(Inside {
                recent: Ring::new(room.messages_max, room.bytes_max),
                queues: Vec::new(),
            }),
        }
    }

    /// Holds the one lock throughout, so that all subscribers see the same order.
    pub(super) fn publish(&self, message: Message) {
        let message = Arc::new(message);
        let mut inside = locked(&self.inside);
        inside.recent.push(Arc::clone(&message));
        inside.queues.retain(|queue| match queue.upgrade() {
            Some(queue) => {
                queue.offer(&message);
                true
            }
            None => false,
        });
        drop(inside);
        metrics::counter!("bus_published_total").increment(1);
    }

    pub(super) fn subscribe(&self, patterns: &[Pattern]) -> Result<Subscription> {
        let mut inside = locked(&self.inside);
        inside.queues.retain(|queue| queue.strong_count() > 0);
        if inside.queues.len() >= self.room.subscriptions_max {
            return Err(Error::unavailable(
                codes::OVERLOADED,
                "there are as many subscriptions as there may be",
            ));
        }
        let queue = Arc::new(Queue {
            patterns: patterns.to_vec(),
            waiting: Mutex::new(Waiting {
                ring: Ring::new(self.room.messages_max, self.room.bytes_max),
                missed: 0,
                closed: false,
            }),
            news: Notify::new(),
        });
        inside.queues.push(Arc::downgrade(&queue));
        Ok(Subscription(queue))
    }

    pub(super) fn recent(&self, pattern: &Pattern, max: usize) -> Vec<Arc<Message>> {
        let inside = locked(&self.inside);
        let wanted = |message: &&Arc<Message>| pattern.takes(&message.topic);
        let newest = inside.recent.newest_first().filter(wanted).take(max);
        let mut found: Vec<_> = newest.cloned().collect();
        found.reverse();
        found
    }

    pub(super) fn subscriptions(&self) -> usize {
        let inside = locked(&self.inside);
        let is_held = |queue: &&Weak<Queue>| queue.strong_count() > 0;
        inside.queues.iter().filter(is_held).count()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let inside = locked(&self.inside);
        for queue in inside.queues.iter().filter_map(Weak::upgrade) {
            locked(&queue.waiting).closed = true;
            queue.news.notify_one();
        }
    }
}

fn locked<T>(inside: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing under these locks can panic half-way through a change.
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
struct Queue {
    patterns: Vec<Pattern>,
    waiting: Mutex<Waiting>,
    news: Notify,
}

#[derive(Debug)]
struct Waiting {
    ring: Ring,
    missed: u64,
    closed: bool,
}

impl Queue {
    fn offer(&self, message: &Arc<Message>) {
        if !self.patterns.iter().any(|it| it.takes(&message.topic)) {
            return;
        }
        let dropped = {
            let mut waiting = locked(&self.waiting);
            let dropped = waiting.ring.push(Arc::clone(message));
            waiting.missed += dropped;
            dropped
        };
        if dropped > 0 {
            metrics::counter!("bus_lagged_total").increment(dropped);
        }
        self.news.notify_one();
    }
}

/// Receives what is published on some topics. Dropping it ends it.
#[derive(Debug)]
pub struct Subscription(Arc<Queue>);

impl Subscription {
    /// Waits for the next message, or for the news that some were missed, which comes where they would have come.
    /// None when the bus is gone and all that waited was given out. Nothing is lost when the waiting is given up.
    pub async fn receive(&mut self) -> Option<Received> {
        loop {
            // Only this subscription waits here, and news that came before the wait are kept by it.
            if let Some(answer) = self.next() {
                return answer;
            }
            self.0.news.notified().await;
        }
    }

    /// The next that waits already, without waiting for more.
    pub fn try_receive(&mut self) -> Option<Received> {
        self.next().flatten()
    }

    /// None when there is nothing yet, and no message when there will never be one.
    #[allow(
        clippy::option_option,
        reason = "inside is what a subscriber is told, outside is whether to tell it"
    )]
    fn next(&self) -> Option<Option<Received>> {
        let mut waiting = locked(&self.0.waiting);
        if waiting.missed > 0 {
            return Some(Some(Received::Lagged(std::mem::take(&mut waiting.missed))));
        }
        match waiting.ring.pop() {
            Some(message) => Some(Some(Received::Message(message))),
            None => waiting.closed.then_some(None),
        }
    }
}
