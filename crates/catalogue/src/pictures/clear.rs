//! Clears blobs that no picture shows: of uploads that were never committed, and of pictures that were removed.
//!
//! Every commit that announces or leaves a blob sets a timer for an hour later, so nothing is ever searched for. What
//! is shown again by then, or was announced anew, stays. A blob is claimed in its row, removed, and then its row.

use std::time::Duration;

use base::{Error, Result, Time, Trail as _, Uid, codes};
use engine::{Due, Handled, Timer, TimerHandler};
use fabric::blobs::BlobId;
use serde::{Deserialize, Serialize};
use store::{Commit, Failure};

use super::app::{App, space};
use super::store as rows;

/// The timer that clears blobs.
const CLEAR: &str = "picture.clear";
/// How long a blob stays that no picture shows: an upload takes less, and so do caches of other nodes.
pub(crate) const KEPT: Duration = Duration::from_secs(60 * 60);

#[derive(Serialize, Deserialize)]
struct What {
    blobs: Vec<String>,
}

impl App {
    /// Has it looked at these blobs when they have been left alone for long enough.
    pub(crate) fn clear_later(&self, commit: &mut Commit, blobs: &[BlobId]) -> Result<()> {
        let inner = &self.0;
        let what = What {
            blobs: blobs.iter().map(ToString::to_string).collect(),
        };
        let payload = serde_json::to_string(&what).map_err(unreadable)?;
        let due_at = commit.at().plus(KEPT).unwrap_or(commit.at());
        let id = Uid::make(&inner.clock, &inner.random, commit.organisation());
        let timer = Timer {
            id,
            kind: CLEAR,
            payload,
            due_at,
        };
        timer.set(commit);
        Ok(())
    }

    async fn clear(&self, due: &Due) -> Result<Handled> {
        let what: What = serde_json::from_str(&due.payload).map_err(unreadable)?;
        // What was announced at the time that set the timer, or before.
        let left_at = due.due_at.minus(KEPT).unwrap_or(Time::EPOCH);
        for text in &what.blobs {
            let blob: BlobId = text.parse().map_err(|_| {
                Error::internal(codes::DAMAGED, "a timer names a blob that is none")
            })?;
            self.clear_one(due, blob, left_at).await?;
        }
        Ok(Handled::Done)
    }

    async fn clear_one(&self, due: &Due, blob: BlobId, left_at: Time) -> Result<()> {
        let (db, number) = (&self.0.db, due.organisation);
        let digest = || blob.as_bytes().to_vec();
        let mut claim = db.new_commit(number);
        claim.guard(&rows::CLAIM, [digest().into(), left_at.into()]);
        match db.commit(claim, &db.deadline()).await {
            Ok(_) => {}
            // Shown, announced anew, or cleared already.
            Err(Failure::Refused { .. }) => return Ok(()),
            Err(failure) => return Err(failure.into()),
        }
        self.0.blobs.delete(&space(number)?, blob).await?;
        let mut cleared = db.new_commit(number);
        cleared.change(&rows::CLEARED, [digest().into()]);
        db.commit(cleared, &db.deadline()).await.at()?;
        metrics::counter!("picture_blobs_cleared_total").increment(1);
        Ok(())
    }
}

/// The timers of this slice.
pub(crate) fn timers(app: &App) -> Vec<TimerHandler> {
    let app = app.clone();
    let clear = move |due: Due| {
        let app = app.clone();
        async move { app.clear(&due).await }
    };
    vec![TimerHandler::new(CLEAR, clear)]
}

#[track_caller]
fn unreadable(error: serde_json::Error) -> Error {
    Error::internal(codes::INTERNAL, "a value that is no JSON").caused_by(error)
}
