//! The log as consumers read it: in order, without gaps, from a position that they keep in the database.

use std::time::Duration;

use base::{Organisation, Time, Uid};

use crate::call::{Call, Deadline, Scope};
use crate::checksum::{Sum, damaged, verified};
use crate::database::Database;
use crate::db::Db;
use crate::failure::{Failure, Outcome};
use crate::row::Row;
use crate::sql::Sql;
use crate::system::{CONSUMERS, FEED, HEAD, LOG, READ_BOUNDS, READ_HEAD};

/// How often the head is read although nobody called.
const FALLBACK: Duration = Duration::from_millis(500);

/// Reads on in the log.
pub(crate) static READ_FEED: Sql = Sql::new(
    "log.feed",
    &FEED,
    "SELECT position, organisation, stream, version, kind, payload, actor, trace, at, \
     checksum FROM log WHERE position > $1 ORDER BY position LIMIT $2",
);

/// Reads on in what happened in one organisation. Its events have gaps between them, where others had theirs.
pub(crate) static READ_OWN: Sql = Sql::new(
    "log.own",
    &LOG,
    "SELECT position, organisation, stream, version, kind, payload, actor, trace, at, \
     checksum FROM log WHERE organisation = $1 AND position > $2 ORDER BY position LIMIT $3",
);

/// Reads on in what happened to one thing of an organisation, in its own order, which is that of the log.
pub(crate) static READ_STREAM: Sql = Sql::new(
    "log.stream",
    &LOG,
    "SELECT position, organisation, stream, version, kind, payload, actor, trace, at, \
     checksum FROM log WHERE organisation = $1 AND stream = $2 AND position > $3 \
     ORDER BY version LIMIT $4",
);

/// Reads how far a consumer has come.
pub(crate) static READ_CONSUMER: Sql = Sql::new(
    "consumers.read",
    &CONSUMERS,
    "SELECT position, checksum FROM consumers WHERE name = $1",
);

/// Makes a consumer that starts at the beginning.
pub(crate) static ADD_CONSUMER: Sql = Sql::new(
    "consumers.add",
    &CONSUMERS,
    "INSERT INTO consumers (name, position, checksum) VALUES ($1, 0, $2) ON CONFLICT (name) DO NOTHING",
);

/// Moves a consumer on, if nobody else has.
pub(crate) static MOVE_CONSUMER: Sql = Sql::new(
    "consumers.move",
    &CONSUMERS,
    "UPDATE consumers SET position = $3, checksum = $4 WHERE name = $1 AND position = $2",
);

/// An event as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Its place in the log of this database: dense, in commit order.
    pub position: i64,
    /// Whose event it is.
    pub organisation: Organisation,
    /// The stream that it belongs to.
    pub stream: Uid,
    /// Its place in the stream, from 1.
    pub version: i64,
    /// What happened.
    pub kind: String,
    /// The facts.
    pub payload: String,
    /// Who did it.
    pub actor: String,
    /// The trace that it belongs to, or empty.
    pub trace: String,
    /// When.
    pub at: Time,
}

/// Tests how far a consumer has come.
pub(crate) fn verify_consumer(name: &str, row: &Row) -> Outcome<()> {
    let sum = mark(name, row.get(0)?);
    verified(CONSUMERS.name, sum, row.get(1)?, || name.to_owned())
}

/// The checksum of a consumer that has come so far.
fn mark(name: &str, position: i64) -> i64 {
    Sum::of(CONSUMERS.name).text(name).int(position).finish()
}

/// The checksum of a row, but for its position: that is laid over it bit by bit, because on PostgreSQL it is given by
/// the last statement of the transaction.
pub(crate) fn checksum(
    (organisation, stream, version): (Organisation, Uid, i64),
    texts: [&str; 4],
    at: Time,
) -> i64 {
    let mut sum = Sum::of(FEED.name);
    sum.organisation(organisation).id(stream).int(version);
    for text in texts {
        sum.text(text);
    }
    sum.time(at).finish()
}

impl Logged {
    /// An event from its row, unless that is damaged.
    pub(crate) fn read(row: &Row) -> Outcome<Self> {
        let logged = Self::columns(row)?;
        let sum = logged.checksum() ^ logged.position;
        verified(FEED.name, sum, row.get(9)?, || {
            format!("position {}", logged.position)
        })?;
        Ok(logged)
    }

    fn checksum(&self) -> i64 {
        let texts = [&self.kind, &self.payload, &self.actor, &self.trace];
        checksum(
            (self.organisation, self.stream, self.version),
            texts.map(String::as_str),
            self.at,
        )
    }

    fn columns(row: &Row) -> Outcome<Self> {
        Ok(Logged {
            position: row.get(0)?,
            organisation: row.get(1)?,
            stream: row.get(2)?,
            version: row.get(3)?,
            kind: row.get(4)?,
            payload: row.get(5)?,
            actor: row.get(6)?,
            trace: row.get(7)?,
            at: row.get(8)?,
        })
    }
}

/// What was asked for of the log, and where it begins and ends.
struct Bounds {
    after: i64,
    limit: i64,
    head: i64,
    /// Up to here events may have been purged.
    floor: i64,
}

impl Bounds {
    /// An index that lost an entry must not hide an event: what was asked for is all there.
    fn without_gap(&self, events: &[Logged]) -> Outcome<()> {
        let mut next = self.after.max(self.floor).saturating_add(1);
        for event in events.iter().filter(|event| event.position > self.floor) {
            if event.position != next {
                return Err(damaged(FEED.name, format!("position {next}")));
            }
            next = next.saturating_add(1);
        }
        if next > self.head.saturating_add(1) && !events.is_empty() {
            return Err(damaged(HEAD.name, format!("position {}", self.head)));
        }
        let full = i64::try_from(events.len()).unwrap_or(i64::MAX) >= self.limit;
        if full || next > self.head {
            return Ok(());
        }
        Err(damaged(FEED.name, format!("position {next}")))
    }
}

impl Db {
    /// Up to `limit` events of an organisation after a position, in order.
    ///
    /// # Errors
    /// The organisation does not live here, the deadline passed, or the database is away; or an event is damaged.
    pub async fn log_of(
        &self,
        organisation: Organisation,
        (position, limit): (i64, i64),
        deadline: &Deadline,
    ) -> Outcome<Vec<Logged>> {
        let call = Call::new(&READ_OWN, [position.into(), limit.into()]);
        let rows = self.read(organisation, vec![call], deadline).await?;
        rows.iter().flatten().map(Logged::read).collect()
    }
}

impl Db {
    /// Up to `limit` events of one stream of an organisation after a position, in order.
    ///
    /// # Errors
    /// As for [`Db::log_of`].
    pub async fn log_of_stream(
        &self,
        (organisation, stream): (Organisation, Uid),
        (position, limit): (i64, i64),
        deadline: &Deadline,
    ) -> Outcome<Vec<Logged>> {
        let params = [stream.into(), position.into(), limit.into()];
        let call = Call::new(&READ_STREAM, params);
        let rows = self.read(organisation, vec![call], deadline).await?;
        rows.iter().flatten().map(Logged::read).collect()
    }
}

impl Database {
    /// The position of the last event.
    ///
    /// # Errors
    /// The deadline passed or the database is away.
    pub async fn log_head(&self, deadline: &Deadline) -> Outcome<i64> {
        let rows = self
            .read(Scope::Nobody, vec![Call::new(&READ_HEAD, [])], deadline)
            .await?;
        let row = rows.first().and_then(|rows| rows.first());
        row.ok_or_else(|| Failure::Damaged("the log has no head".to_owned()))?
            .get(0)
    }

    /// Up to `limit` events after a position, in order.
    ///
    /// # Errors
    /// The deadline passed or the database is away; or a gap was seen, which must never be.
    pub async fn log_after(
        &self,
        position: i64,
        limit: i64,
        deadline: &Deadline,
    ) -> Outcome<Vec<Logged>> {
        let calls = vec![
            Call::new(&READ_FEED, [position.into(), limit.into()]),
            Call::new(&READ_BOUNDS, []),
        ];
        let mut rows = self.read(Scope::Nobody, calls, deadline).await?;
        let bounds = rows.pop().and_then(|rows| rows.into_iter().next());
        let bounds = bounds.ok_or_else(|| Failure::Damaged("the log has no head".to_owned()))?;
        let bounds = Bounds {
            after: position,
            limit,
            head: bounds.get(0)?,
            floor: bounds.get(1)?,
        };
        let events: Vec<Logged> = rows
            .iter()
            .flatten()
            .map(Logged::read)
            .collect::<Outcome<_>>()?;
        bounds.without_gap(&events)?;
        Ok(events)
    }

    /// Waits until the log has gone beyond a position or the deadline passes; true for the former.
    ///
    /// Whoever commits wakes the waiting at once, on every node of a PostgreSQL database and within the process on
    /// SQLite. The head is read now and then besides: for another process on a file, and for a call that was lost.
    pub async fn log_beyond(&self, position: i64, deadline: &Deadline) -> bool {
        let mut head = self.head();
        if tokio::runtime::Handle::try_current().is_err() {
            // In a simulation nobody else can commit while we wait.
            return *head.borrow() > position;
        }
        loop {
            let nap = deadline.left().min(FALLBACK);
            if tokio::time::timeout(nap, head.wait_for(|head| *head > position))
                .await
                .is_ok()
            {
                return *head.borrow() > position;
            }
            // A database that is away has nothing new to show; the next look may find it again.
            if self
                .log_head(deadline)
                .await
                .is_ok_and(|head| head > position)
            {
                return true;
            }
            if deadline.passed() {
                return false;
            }
        }
    }

    /// How far a consumer has come; one that is not known yet starts at 0.
    ///
    /// # Errors
    /// The deadline passed or the database is away.
    pub async fn consumer(&self, name: &str, deadline: &Deadline) -> Outcome<i64> {
        let calls = vec![
            Call::new(&ADD_CONSUMER, [name.into(), mark(name, 0).into()]),
            Call::new(&READ_CONSUMER, [name.into()]),
        ];
        let answers = self.transact(calls, deadline).await?;
        let row = answers.get(1).and_then(|answer| answer.rows.first());
        let row = row.ok_or_else(|| Failure::Broken(format!("consumer {name} is not there")))?;
        verify_consumer(name, row)?;
        row.get(0)
    }

    /// Moves a consumer from one position to another; false when somebody else has moved it.
    ///
    /// # Errors
    /// The deadline passed or the database is away.
    pub async fn move_consumer(
        &self,
        name: &str,
        from: i64,
        to: i64,
        deadline: &Deadline,
    ) -> Outcome<bool> {
        let moved = [name.into(), from.into(), to.into(), mark(name, to).into()];
        let call = Call::new(&MOVE_CONSUMER, moved);
        let answers = self.transact(vec![call], deadline).await?;
        Ok(answers.first().is_some_and(|answer| answer.touched == 1))
    }
}
