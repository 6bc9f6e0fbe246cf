//! Leases: who does a piece of work for now, with a fencing number that only grows.
//!
//! A lease is advice. Clocks of nodes differ, and a paused holder wakes late; so whoever writes under a lease puts
//! its number into the guard of the row, and the row refuses a smaller one.

use std::time::Duration;

use base::{Clock, Time};

use crate::call::{Call, Deadline};
use crate::database::Database;
use crate::failure::{Failure, Outcome};
use crate::sql::Sql;
use crate::system::LEASES;

/// Takes a lease that nobody holds or whose time is over.
pub(crate) static TAKE_LEASE: Sql = Sql::new(
    "leases.take",
    &LEASES,
    "INSERT INTO leases (name, holder, fence, expires_at) VALUES ($1, $2, 1, $4) \
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = leases.fence + 1, \
     expires_at = excluded.expires_at WHERE leases.expires_at <= $3 RETURNING fence",
);

/// Holds on to a lease that is still one's own.
pub(crate) static RENEW_LEASE: Sql = Sql::new(
    "leases.renew",
    &LEASES,
    "UPDATE leases SET expires_at = $4 WHERE name = $1 AND holder = $2 AND fence = $3",
);

/// Gives a lease back before its time.
pub(crate) static RELEASE_LEASE: Sql = Sql::new(
    "leases.release",
    &LEASES,
    "UPDATE leases SET expires_at = 0 WHERE name = $1 AND holder = $2 AND fence = $3",
);

/// A lease that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What it is for.
    pub name: String,
    /// Who took it.
    pub holder: String,
    /// Larger than that of every earlier holder.
    pub fence: i64,
    /// When others may take it.
    pub expires_at: Time,
}

impl Database {
    /// Takes a lease for some time, or says that somebody else has it.
    ///
    /// # Errors
    /// The deadline passed or the database is away.
    pub async fn take_lease(
        &self,
        clock: &Clock,
        name: &str,
        holder: &str,
        time: Duration,
        deadline: &Deadline,
    ) -> Outcome<Option<Lease>> {
        let now = clock.now();
        let expires_at = after(now, time)?;
        let call = Call::new(
            &TAKE_LEASE,
            [name.into(), holder.into(), now.into(), expires_at.into()],
        );
        let answers = self.transact(vec![call], deadline).await?;
        let Some(row) = answers.first().and_then(|answer| answer.rows.first()) else {
            return Ok(None);
        };
        let (name, holder) = (name.to_owned(), holder.to_owned());
        Ok(Some(Lease {
            name,
            holder,
            fence: row.get(0)?,
            expires_at,
        }))
    }

    /// Holds on to a lease; false when it is somebody else's by now.
    ///
    /// # Errors
    /// The deadline passed or the database is away.
    pub async fn renew_lease(
        &self,
        clock: &Clock,
        lease: &mut Lease,
        time: Duration,
        deadline: &Deadline,
    ) -> Outcome<bool> {
        let expires_at = after(clock.now(), time)?;
        let kept = self
            .touch(&RENEW_LEASE, lease, Some(expires_at), deadline)
            .await?;
        if kept {
            lease.expires_at = expires_at;
        }
        Ok(kept)
    }

    /// Gives a lease back, so that the next need not wait for its end.
    ///
    /// # Errors
    /// The deadline passed or the database is away.
    pub async fn release_lease(&self, lease: &Lease, deadline: &Deadline) -> Outcome<bool> {
        self.touch(&RELEASE_LEASE, lease, None, deadline).await
    }

    async fn touch(
        &self,
        sql: &'static Sql,
        lease: &Lease,
        expires_at: Option<Time>,
        deadline: &Deadline,
    ) -> Outcome<bool> {
        let mut params = vec![
            lease.name.as_str().into(),
            lease.holder.as_str().into(),
            lease.fence.into(),
        ];
        params.extend(expires_at.map(Into::into));
        let answers = self
            .transact(vec![Call::new(sql, params)], deadline)
            .await?;
        Ok(answers.first().is_some_and(|answer| answer.touched == 1))
    }
}

fn after(now: Time, time: Duration) -> Outcome<Time> {
    now.plus(time)
        .ok_or_else(|| Failure::Malformed("a lease beyond the end of time".to_owned()))
}
