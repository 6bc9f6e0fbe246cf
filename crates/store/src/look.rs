//! Looking for an organisation that this node has not heard of.
//!
//! Nodes learn of new organisations by asking the control database every second. Whoever was just told of one may ask
//! another node sooner; so a node that is asked for an unknown number looks at once. Anybody may ask for numbers that
//! are nobody's: all who ask meanwhile share a look, and between two looks there is a pause.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base::Organisation;
use tokio::sync::Mutex;

use crate::db::Db;
use crate::directory::State;

/// The pause between two looks, which bounds what strangers can make of them.
const PAUSE: Duration = Duration::from_millis(100);

/// The looks of a node.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    /// How many were begun.
    begun: AtomicU64,
    /// When the last one ended, by the clock's age.
    ended: Mutex<Option<Duration>>,
}

impl Db {
    /// Whether there is an organisation of this number that can be used. One that this node has not heard of is
    /// looked for, together with others that are asked for at the same time, so this may take a tenth of a second.
    ///
    /// While the control database is away what is known counts.
    pub async fn knows(&self, organisation: Organisation) -> bool {
        if self.is_open(organisation) {
            return true;
        }
        let looks = self.looks();
        let asked = looks.begun.load(Ordering::Acquire);
        let mut ended = looks.ended.lock().await;
        // A look that was begun after this was asked has seen what there was to see.
        if looks.begun.load(Ordering::Acquire) == asked {
            let now = self.clock().elapsed();
            let pause = ended.map_or(Duration::ZERO, |ended| (ended + PAUSE).saturating_sub(now));
            if !pause.is_zero() {
                tokio::time::sleep(pause.min(PAUSE)).await;
            }
            looks.begun.fetch_add(1, Ordering::AcqRel);
            // Without the control database what is known stays in force.
            let _kept = self.refresh_directory(&self.deadline()).await;
            *ended = Some(self.clock().elapsed());
        }
        self.is_open(organisation)
    }

    /// Whether this node knows of such an organisation.
    fn is_open(&self, organisation: Organisation) -> bool {
        let found = self.directory().find(organisation);
        found.is_some_and(|found| found.state != State::Creating)
    }
}
