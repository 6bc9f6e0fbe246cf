//! Removes the counters of slots that are long past, a few at a time. Any node may do it.

use std::time::Duration;

use ::store::{Call, Failure, Outcome, retention};
use base::Result;
use engine::Stop;

use super::app::App;
use super::store::{CLEAR_CHANNELS, CLEAR_SLOTS, CLEAR_TAKES};

/// How often it is looked for what is old.
const EVERY: Duration = Duration::from_secs(60 * 60);
/// How many rows are removed at once, and the pause after them.
const AT_ONCE: i64 = 500;
const PAUSE: Duration = Duration::from_millis(100);

impl App {
    /// Removes what is old now and then, until the stop.
    ///
    /// # Errors
    /// A statement is wrong; a database that is away is asked again later.
    pub(super) async fn clear_old(self, stop: Stop) -> Result<()> {
        loop {
            match self.clear_now(&stop).await {
                Ok(_) | Err(Failure::Unavailable(_) | Failure::TooLate) => {}
                Err(failure) => return Err(failure.into()),
            }
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Removes all that is old now; answers how many rows.
    pub(super) async fn clear_now(&self, stop: &Stop) -> Outcome<u64> {
        let before = retention::old(&self.0.clock, Duration::ZERO)?;
        let mut all = 0_u64;
        for database in self.0.db.shards().values() {
            for sql in [&CLEAR_SLOTS, &CLEAR_CHANNELS, &CLEAR_TAKES] {
                loop {
                    let call = Call::new(sql, [before.into(), AT_ONCE.into()]);
                    let removed = database.clear(call, &self.0.db.deadline()).await?;
                    all = all.saturating_add(removed);
                    if i64::try_from(removed).unwrap_or(i64::MAX) < AT_ONCE || stop.is_stopping() {
                        break;
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        Ok(all)
    }
}
