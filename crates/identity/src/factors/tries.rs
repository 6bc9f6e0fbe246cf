//! How often somebody may try: a few times a minute, and after many wrong tries in a row not for a while.

use std::time::Duration;

use base::{Error, Result, Time, Trail as _, Uid, codes};
use domain::people::PersonId;
use edge::{Caller, Strength};
use fabric::limits::Policy;
use store::{Commit, Failure, Value};

use super::app::{App, person_of};
use super::store as rows;

/// The one sort of tries that is counted.
pub(crate) const WHAT: &str = "second";

/// How often one person may try.
const A_MINUTE: Policy = Policy {
    name: "second-factor",
    max: 5,
    window: Duration::from_secs(60),
};
/// After so many wrong tries in a row the person is kept out.
const WRONG_MAX: i64 = 10;
/// For so long.
const KEPT_OUT: Duration = Duration::from_secs(15 * 60);
/// So long a factor that was proven in a session lets it change factors.
const PROOF_AGE_MAX: Duration = Duration::from_secs(10 * 60);

impl App {
    /// Counts a try before it is looked at.
    ///
    /// # Errors
    /// There were too many.
    pub(super) async fn count_try(&self, person: PersonId) -> Result<()> {
        let taken = self.0.limits.take(&A_MINUTE, &person.to_string()).await;
        if !taken.allowed {
            let error = Error::limited(codes::RATE_LIMITED, "too many tries in a minute");
            return Err(error.retry_after(taken.retry_after.unwrap_or(A_MINUTE.window)));
        }
        let now = self.0.clock.now();
        let until = now.plus(KEPT_OUT).unwrap_or(now);
        let params: [Value; 4] = [WHAT.into(), now.into(), until.into(), WRONG_MAX.into()];
        let mut commit = self.commit(person);
        commit.guard(&rows::COUNT_TRY, params);
        match self.store(commit).await {
            Err(Failure::Refused { .. }) => Err(self.kept_out(person).await?),
            outcome => outcome.at(),
        }
    }

    /// Why a try was not counted: the person is kept out, or has nothing to try.
    async fn kept_out(&self, person: PersonId) -> Result<Error> {
        let found = self
            .rows(person, &rows::READ_ATTEMPTS, [WHAT.into()])
            .await?;
        let Some(row) = found.first() else {
            return Ok(refused("there is no second factor"));
        };
        let until: Time = row.get(1)?;
        let error = Error::limited(codes::RATE_LIMITED, "too many wrong tries in a row");
        Ok(error.retry_after(until.since(self.0.clock.now())))
    }

    /// Makes the row in which tries are counted, where there is none yet.
    pub(super) async fn make_room_for_tries(&self, person: PersonId) -> Result<()> {
        let found = self
            .rows(person, &rows::READ_ATTEMPTS, [WHAT.into()])
            .await?;
        if !found.is_empty() {
            return Ok(());
        }
        let cells: [Value; 5] = [WHAT.into(), 0.into(), 0.into(), 0.into(), Value::Null];
        let mut commit = self.commit(person);
        commit.claim(&rows::ATTEMPTS, cells);
        match self.store(commit).await {
            // Another request of the same person was quicker.
            Err(Failure::Refused { .. }) => Ok(()),
            outcome => outcome.at(),
        }
    }

    /// Notes that the try was right, and in which session.
    pub(super) fn note_proof(&self, commit: &mut Commit, session: Uid) {
        let params: [Value; 3] = [WHAT.into(), commit.at().into(), session.into()];
        commit.change(&rows::PASS_TRY, params);
    }

    /// Lets only those go on who proved a factor in this very session a short while ago.
    pub(super) async fn need_recent_proof(&self, caller: &Caller) -> Result<PersonId> {
        let person = person_of(caller)?;
        if caller.strength() == Strength::One {
            return Err(Error::forbidden(
                codes::SECOND_FACTOR_NEEDED,
                "the second factor must be proven first",
            ));
        }
        let found = self
            .rows(person, &rows::READ_ATTEMPTS, [WHAT.into()])
            .await?;
        let (at, session): (Time, Option<Uid>) = match found.first() {
            Some(row) => (row.get(2)?, row.get(3)?),
            None => (Time::EPOCH, None),
        };
        let is_here = session.is_some() && session == caller.session();
        let is_recent = self.0.clock.now().since(at) <= PROOF_AGE_MAX;
        match is_here && is_recent {
            true => Ok(person),
            false => Err(Error::forbidden(
                codes::PROOF_TOO_OLD,
                "the second factor was not proven in this session lately",
            )),
        }
    }
}

/// What was given proves nothing.
#[track_caller]
pub(super) fn refused(said: &'static str) -> Error {
    Error::forbidden(codes::FACTOR_REFUSED, said)
}
