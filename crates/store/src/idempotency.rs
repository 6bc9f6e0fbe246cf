//! The same request twice: one effect, one answer.
//!
//! A record of the answer is claimed in the same commit as the effect, under (organisation, caller, operation,
//! key). Whoever loses a race finds the claim refused and gives the winner's answer. On one node the losers wait
//! for the winner before they do any work, and are told his answer.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base::{Organisation, Time};
use tokio::sync::watch;

use crate::call::{Call, Deadline, Scope};
use crate::checksum::{Sum, verified};
use crate::commit::{Commit, Committed};
use crate::db::Db;
use crate::failure::{Failure, Outcome};
use crate::row::Row;
use crate::sql::Sql;
use crate::system::IDEMPOTENCY;
use crate::value::Value;

/// The answer given under a key.
pub(crate) static FIND_ANSWER: Sql = Sql::new(
    "idempotency.find",
    &IDEMPOTENCY,
    "SELECT body, status, answer, at, checksum FROM idempotency \
     WHERE organisation = $1 AND caller = $2 AND operation = $3 AND key = $4",
);

/// What makes two requests the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Whose resources the request is about; [`Organisation::PEOPLE`] for those of a person, whose commit `decide` then
    /// makes by [`Commit::of_person`].
    pub organisation: Organisation,
    /// Who asks.
    pub caller: String,
    /// What for: the operation's name.
    pub operation: String,
    /// The key that the caller chose.
    pub key: String,
}

/// What was answered to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: i64,
    /// The body.
    pub body: String,
}

/// The requests with a key that this node works on now.
#[derive(Debug, Default)]
pub(crate) struct InFlight(Mutex<HashMap<Key, watch::Receiver<Told>>>);

/// What was answered to which body, when it is known.
type Told = Option<(Vec<u8>, Reply)>;

/// Whether a request goes first, or after another with its key.
enum Turn<'a> {
    First(First<'a>),
    After(watch::Receiver<Told>),
}

/// The right to work on a key; when it is dropped, the others go on who were told nothing.
struct First<'a> {
    key: &'a Key,
    in_flight: &'a InFlight,
    others: watch::Sender<Told>,
}

impl Drop for First<'_> {
    fn drop(&mut self) {
        self.in_flight.lock().remove(self.key);
    }
}

impl InFlight {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, watch::Receiver<Told>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn<'a>(&'a self, key: &'a Key) -> Turn<'a> {
        let mut keys = self.lock();
        if let Some(other) = keys.get(key) {
            return Turn::After(other.clone());
        }
        let (others, told) = watch::channel(None);
        keys.insert(key.clone(), told);
        Turn::First(First {
            key,
            in_flight: self,
            others,
        })
    }
}

impl Reply {
    /// The answer, where the request is the one that it was given to.
    fn of(self, is_same: bool) -> Outcome<Self> {
        is_same.then_some(self).ok_or(Failure::OtherBody)
    }
}

impl Db {
    /// Does once what a request asks: `decide` makes the commit and its answer, unless the answer is known.
    /// `body` is a digest of the request; another one under the same key is refused.
    ///
    /// # Errors
    /// [`Failure::OtherBody`], [`Failure::UnderWay`], or what `decide` or the commit answered.
    pub async fn once<E: From<Failure>>(
        &self,
        key: &Key,
        body: &[u8],
        deadline: &Deadline,
        decide: impl AsyncFnOnce() -> Result<(Commit, Reply), E>,
    ) -> Result<(Reply, Option<Committed>), E> {
        let first = loop {
            match self.in_flight().turn(key) {
                Turn::First(first) => break first,
                Turn::After(mut other) => {
                    let told = other.wait_for(Option::is_some);
                    let told = tokio::time::timeout(deadline.left(), told).await;
                    let told = told.map_err(|_| Failure::UnderWay)?;
                    if let Ok(Some((kept, reply))) = told.as_deref() {
                        return Ok((reply.clone().of(kept == body)?, None));
                    }
                }
            }
        };
        let answer = self.first(key, body, deadline, decide).await?;
        let told = (body.to_vec(), answer.0.clone());
        first.others.send_replace(Some(told));
        Ok(answer)
    }

    /// The same for the only one on this node.
    async fn first<E: From<Failure>>(
        &self,
        key: &Key,
        body: &[u8],
        deadline: &Deadline,
        decide: impl AsyncFnOnce() -> Result<(Commit, Reply), E>,
    ) -> Result<(Reply, Option<Committed>), E> {
        if let Some(reply) = self.replay(key, body, deadline).await? {
            return Ok((reply, None));
        }
        let (mut commit, reply) = match decide().await {
            Ok(decided) => decided,
            // Another node was faster, and what it did may be why this one decided otherwise.
            Err(error) => {
                let replayed = self.replay(key, body, deadline).await?;
                return replayed.map_or(Err(error), |reply| Ok((reply, None)));
            }
        };
        let record = record(key, body, &reply, &commit);
        if !base::planted("answer_not_kept") {
            commit.claim(&IDEMPOTENCY, record);
        }
        if base::planted("answered_before_stored") {
            return Ok((reply, Some(Committed::default())));
        }
        match self.commit(commit, deadline).await {
            Ok(committed) => Ok((reply, Some(committed))),
            // Another node was faster, even if a different guard or key was named first: its effect may be the reason.
            Err(failure @ (Failure::Refused { .. } | Failure::Violated { .. })) => {
                match self.replay(key, body, deadline).await? {
                    Some(reply) => Ok((reply, None)),
                    None => Err(failure.into()),
                }
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// The answer given before under a key.
    ///
    /// # Errors
    /// The key was used with another body, or the database is away.
    pub async fn replay(
        &self,
        key: &Key,
        body: &[u8],
        deadline: &Deadline,
    ) -> Outcome<Option<Reply>> {
        let params: [Value; 3] = [
            key.caller.as_str().into(),
            key.operation.as_str().into(),
            key.key.as_str().into(),
        ];
        let calls = vec![Call::new(&FIND_ANSWER, params)];
        let home = match key.organisation {
            Organisation::PEOPLE => self.people(),
            organisation => self.home(organisation)?.0,
        };
        let scope = Scope::Organisation(key.organisation);
        let rows = home.read(scope, calls, deadline).await?;
        let Some(row) = rows.first().and_then(|rows| rows.first()) else {
            return Ok(None);
        };
        let kept: Vec<u8> = row.get(0)?;
        let reply = Reply {
            status: row.get(1)?,
            body: row.get(2)?,
        };
        let sum = checksum(key, &kept, &reply, row.get(3)?);
        verified(IDEMPOTENCY.name, sum, row.get(4)?, || format!("{key:?}"))?;
        reply.of(kept == body).map(Some)
    }
}

fn record(key: &Key, body: &[u8], reply: &Reply, commit: &Commit) -> Vec<Value> {
    vec![
        key.caller.as_str().into(),
        key.operation.as_str().into(),
        key.key.as_str().into(),
        body.to_vec().into(),
        reply.status.into(),
        reply.body.as_str().into(),
        commit.at.into(),
        checksum(key, body, reply, commit.at).into(),
    ]
}

/// Tests a row that was read with its key in front, as `verify` reads it.
pub(crate) fn verify_row(organisation: Organisation, row: &Row) -> Outcome<()> {
    let key = Key {
        organisation,
        caller: row.get(0)?,
        operation: row.get(1)?,
        key: row.get(2)?,
    };
    let reply = Reply {
        status: row.get(4)?,
        body: row.get(5)?,
    };
    let sum = checksum(&key, &row.get::<Vec<u8>>(3)?, &reply, row.get(6)?);
    verified(IDEMPOTENCY.name, sum, row.get(7)?, || format!("{key:?}"))
}

/// The checksum of a row.
fn checksum(key: &Key, body: &[u8], reply: &Reply, at: Time) -> i64 {
    let mut sum = Sum::of(IDEMPOTENCY.name);
    sum.organisation(key.organisation);
    sum.text(&key.caller).text(&key.operation).text(&key.key);
    sum.bytes(body).int(reply.status).text(&reply.body);
    sum.time(at).finish()
}
