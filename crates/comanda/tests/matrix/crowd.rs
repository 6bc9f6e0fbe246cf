//! Many who ask at once, and what they found.
//!
//! What is refused changes nothing, so nobody has to wait for another there: what one waits for, a disk or a database,
//! is the time in which others ask.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::samples::Operation;
use crate::world::Town;

/// How many ask at once.
const AT_ONCE: usize = 24;

/// How many cases were asked, and which of them are wrong.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) count: usize,
    pub(crate) wrong: Vec<String>,
}

impl Found {
    pub(crate) fn add(&mut self, other: Found) {
        self.count += other.count;
        self.wrong.extend(other.wrong);
    }

    /// Fails where something is wrong, and says how many cases there were.
    pub(crate) fn report(mut self) -> usize {
        self.wrong.sort();
        let (all, count) = (self.wrong, self.count);
        assert!(
            all.is_empty(),
            "{} of {count} cases are wrong:\n{}",
            all.len(),
            all[..all.len().min(60)].join("\n")
        );
        count
    }
}

/// Those who are asking.
#[derive(Default)]
pub(crate) struct Crowd {
    asking: JoinSet<Found>,
    found: Found,
}

impl Crowd {
    /// Sends every caller to ask an operation, once there is room for each.
    pub(crate) async fn ask<F>(
        &mut self,
        town: &Arc<Town>,
        operation: &Operation,
        part: fn(Arc<Town>, Operation, usize) -> F,
    ) where
        F: Future<Output = Found> + Send + 'static,
    {
        for caller in 0..town.callers.0.len() {
            while self.asking.len() >= AT_ONCE {
                self.hear().await;
            }
            let asking = part(Arc::clone(town), operation.clone(), caller);
            self.asking.spawn(asking);
        }
    }

    /// Waits for all who still ask.
    pub(crate) async fn all(&mut self) {
        while !self.asking.is_empty() {
            self.hear().await;
        }
    }

    /// Waits for all, and gathers what they found.
    pub(crate) async fn end(mut self) -> Found {
        self.all().await;
        self.found
    }

    async fn hear(&mut self) {
        if let Some(found) = self.asking.join_next().await {
            self.found.add(found.unwrap());
        }
    }
}
