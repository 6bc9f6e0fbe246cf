//! Work that one node does at a time: under a lease that is renewed while the work goes on.
//!
//! The lease only saves work. Whoever loses it is stopped at its next wait, which may be too late; so the work itself
//! must bear to be done by two at once.

use std::future::Future;
use std::time::Duration;

use base::{Clock, Result};
use store::{Database, Deadline, Failure};

use crate::stop::Stop;

/// Who holds leases here, and for how long.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    pub(crate) clock: Clock,
    pub(crate) node: String,
    pub(crate) time: Duration,
}

/// How the work ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// Somebody else has the lease.
    Elsewhere,
    /// The work ended, or had to.
    Ended,
}

impl Holder {
    /// Does the work if nobody else holds the lease, for as long as the lease can be kept.
    pub(crate) async fn hold(
        &self,
        database: &Database,
        name: &str,
        stop: &Stop,
        work: impl Future<Output = Result<()>>,
    ) -> Result<Held> {
        let taken = database
            .take_lease(&self.clock, name, &self.node, self.time, &self.deadline())
            .await?;
        let Some(mut lease) = taken else {
            return Ok(Held::Elsewhere);
        };
        let renewed = async {
            let third = self.time.checked_div(3).unwrap_or_default();
            loop {
                tokio::time::sleep(third).await;
                let kept = database
                    .renew_lease(&self.clock, &mut lease, self.time, &self.deadline())
                    .await;
                match kept {
                    Ok(true) => {}
                    Ok(false) => return Ok(()),
                    Err(Failure::Unavailable(_) | Failure::TooLate)
                        if self.clock.now() < lease.expires_at => {}
                    Err(failure) => return Err(failure.into()),
                }
            }
        };
        let done = tokio::select! {
            done = work => done,
            lost = renewed => lost,
            () = stop.stopped() => Ok(()),
        };
        // Whoever waits for the lease can have it at once; if this fails, it ends by itself.
        let _given_back = database.release_lease(&lease, &self.deadline()).await;
        done.map(|()| Held::Ended)
    }

    fn deadline(&self) -> Deadline {
        Deadline::within(&self.clock, self.time)
    }
}

/// Waits, but not beyond the stop.
pub(crate) async fn nap(stop: &Stop, time: Duration) {
    tokio::select! {
        () = stop.stopped() => {}
        () = tokio::time::sleep(time) => {}
    }
}
