//! Jobs that failed too often: what they were and why, and what is done about them.

use base::{Organisation, Result, Uid};
use store::{Call, Row, Scope};

use super::Doing;
use super::room::BEFORE_ALL;
use super::table::{DISCARD, FAILED, LIST_FAILED, REPROCESS, REPROCESS_ALL};
use crate::engine::Engine;

/// A job that failed too often and waits for somebody to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedJob {
    /// The job.
    pub job: Doing,
    /// How the last try failed.
    pub error: String,
}

impl Engine {
    /// The jobs of a database that failed too often, after one of them.
    ///
    /// # Errors
    /// There is no such database, or it is away.
    pub async fn failed_jobs(
        &self,
        database: &str,
        after: Option<(Organisation, Uid)>,
        limit: i64,
    ) -> Result<Vec<FailedJob>> {
        let database = self.database(database)?;
        let (house, id) = match after {
            Some((house, id)) => (i64::from(house.get()), id),
            None => (BEFORE_ALL, super::NOBODY),
        };
        let params = [FAILED.into(), house.into(), id.into(), limit.into()];
        let call = Call::new(&LIST_FAILED, params);
        let deadline = self.db().deadline();
        let rows = database.read(Scope::Nobody, vec![call], &deadline).await?;
        let failed = |row: &Row| {
            Ok(FailedJob {
                job: Doing::read(row)?,
                error: row.get(9)?,
            })
        };
        let all: store::Outcome<_> = rows.iter().flatten().map(failed).collect();
        Ok(all?)
    }

    /// Lets a job that failed too often run again; false when there is none.
    ///
    /// # Errors
    /// As for [`Engine::failed_jobs`].
    pub async fn reprocess_job(
        &self,
        database: &str,
        (organisation, id): (Organisation, Uid),
    ) -> Result<bool> {
        let now = self.clock().now();
        let params = [organisation.into(), id.into(), FAILED.into(), now.into()];
        Ok(self.change(database, Call::new(&REPROCESS, params)).await? > 0)
    }

    /// Lets all jobs of a kind that failed too often run again; answers how many.
    ///
    /// # Errors
    /// As for [`Engine::failed_jobs`].
    pub async fn reprocess_jobs(&self, database: &str, kind: &str) -> Result<u64> {
        let now = self.clock().now();
        let params = [kind.into(), FAILED.into(), now.into()];
        self.change(database, Call::new(&REPROCESS_ALL, params))
            .await
    }

    /// Takes away a job that failed too often; false when there is none. What waited for it may begin then.
    ///
    /// # Errors
    /// As for [`Engine::failed_jobs`].
    pub async fn discard_job(
        &self,
        database: &str,
        (organisation, id): (Organisation, Uid),
    ) -> Result<bool> {
        let params = [organisation.into(), id.into(), FAILED.into()];
        Ok(self.change(database, Call::new(&DISCARD, params)).await? > 0)
    }

    async fn change(&self, database: &str, call: Call) -> Result<u64> {
        let database = self.database(database)?;
        let deadline = self.db().deadline();
        let answers = database.transact(vec![call], &deadline).await?;
        Ok(answers.first().map_or(0, |answer| answer.touched))
    }
}
