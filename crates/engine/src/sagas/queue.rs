//! The sagas that this process has: those that wait for their turn in it, those that are at work, and their leases.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base::{Organisation, Time, Uid};
use tokio::sync::mpsc;

use super::handed::Handed;
use super::journal::{Begun, Journal};

/// One lease as this process knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) organisation: Organisation,
    pub(crate) id: Uid,
    pub(crate) attempt: i64,
    pub(crate) until: Time,
}

impl Held {
    pub(crate) fn of(journal: &Journal) -> Self {
        Held {
            organisation: journal.organisation,
            id: journal.id,
            attempt: journal.attempt,
            until: journal.run_at,
        }
    }
}

/// A saga that this process has, with what its first step is handed.
pub(crate) struct Taken {
    pub(crate) journal: Journal,
    pub(crate) handed: Handed,
}

impl From<Journal> for Taken {
    fn from(journal: Journal) -> Self {
        Taken {
            journal,
            handed: Handed::default(),
        }
    }
}

impl From<Begun> for Taken {
    fn from(begun: Begun) -> Self {
        Taken {
            journal: begun.journal,
            handed: begun.handed,
        }
    }
}

/// What waits for its turn, and all leases. The queue has a limit; what does not fit is found again by its row.
pub(crate) struct Queue {
    sender: mpsc::Sender<Taken>,
    pub(crate) receiver: tokio::sync::Mutex<mpsc::Receiver<Taken>>,
    held: Mutex<BTreeMap<(Organisation, Uid), Held>>,
}

impl Queue {
    pub(crate) fn new(waiting_max: usize) -> Self {
        let (sender, receiver) = mpsc::channel(waiting_max.max(1));
        Queue {
            sender,
            receiver: tokio::sync::Mutex::new(receiver),
            held: Mutex::default(),
        }
    }

    /// How many more may wait.
    pub(crate) fn room(&self) -> usize {
        self.sender.capacity()
    }

    /// Takes a saga in, if there is room.
    pub(crate) fn push(&self, taken: Taken) {
        let held = Held::of(&taken.journal);
        if let Ok(place) = self.sender.try_reserve() {
            self.hold(held);
            place.send(taken);
        }
    }

    /// Notes a lease as it was just stored.
    pub(crate) fn hold(&self, held: Held) {
        self.lock().insert((held.organisation, held.id), held);
    }

    /// Notes that a lease was renewed, unless the saga has moved on meanwhile.
    pub(crate) fn renewed(&self, held: Held, until: Time) {
        let mut all = self.lock();
        let found = all.get_mut(&(held.organisation, held.id));
        if let Some(known) = found.filter(|known| known.attempt == held.attempt) {
            known.until = until;
        }
    }

    /// Until when the lease of a saga holds.
    pub(crate) fn until(&self, organisation: Organisation, id: Uid) -> Option<Time> {
        self.lock().get(&(organisation, id)).map(|held| held.until)
    }

    /// Lets go of a lease; answers it as it was.
    pub(crate) fn release(&self, organisation: Organisation, id: Uid) -> Option<Held> {
        self.lock().remove(&(organisation, id))
    }

    /// The leases that end before a time, in the order in which rows are locked.
    pub(crate) fn ending(&self, before: Time) -> Vec<Held> {
        let all = self.lock();
        let ending = all.values().filter(|held| held.until < before);
        ending.copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Organisation, Uid), Held>> {
        // A map is whole after every step, so a poisoned lock spoils nothing.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
