//! Reading the log: newest first in pages, oldest first for reports, and counted.

use base::{Organisation, Result, Time};
use domain::audit::{Link, What};
use store::{Call, Database, Db, Deadline, Outcome, Row, Scope, Sql, Value};

use super::store::{ENTRIES, link};

pub(crate) static LIST_ALL: Sql = Sql::new(
    "entries.list_all",
    &ENTRIES,
    "SELECT seq, at, organisation, actor, role, what, operation, target, code, reason, correlation, source, previous, \
     hash FROM entries WHERE at >= $1 AND at <= $2 AND (at < $2 OR seq < $3) ORDER BY at DESC, seq DESC LIMIT $4",
);

pub(crate) static LIST_OF: Sql = Sql::new(
    "entries.list_of",
    &ENTRIES,
    "SELECT seq, at, organisation, actor, role, what, operation, target, code, reason, correlation, source, previous, \
     hash FROM entries WHERE organisation = $5 AND at >= $1 AND at <= $2 AND (at < $2 OR seq < $3) \
     ORDER BY at DESC, seq DESC LIMIT $4",
);

pub(crate) static SINCE_ALL: Sql = Sql::new(
    "entries.since_all",
    &ENTRIES,
    "SELECT seq, at, organisation, actor, role, what, operation, target, code, reason, correlation, source, previous, \
     hash FROM entries WHERE at >= $1 AND at <= $2 AND (at > $1 OR seq > $3) ORDER BY at, seq LIMIT $4",
);

pub(crate) static SINCE_OF: Sql = Sql::new(
    "entries.since_of",
    &ENTRIES,
    "SELECT seq, at, organisation, actor, role, what, operation, target, code, reason, correlation, source, previous, \
     hash FROM entries WHERE organisation = $5 AND at >= $1 AND at <= $2 AND (at > $1 OR seq > $3) \
     ORDER BY at, seq LIMIT $4",
);

pub(crate) static COUNT_ALL: Sql = Sql::new(
    "entries.count_all",
    &ENTRIES,
    "SELECT what, operation, actor, COUNT(*) FROM entries WHERE at >= $1 AND at <= $2 \
     GROUP BY what, operation, actor ORDER BY COUNT(*) DESC, what, operation, actor LIMIT $3",
);

pub(crate) static COUNT_OF: Sql = Sql::new(
    "entries.count_of",
    &ENTRIES,
    "SELECT what, operation, actor, COUNT(*) FROM entries WHERE organisation = $4 AND at >= $1 AND at <= $2 \
     GROUP BY what, operation, actor ORDER BY COUNT(*) DESC, what, operation, actor LIMIT $3",
);

pub(crate) static READ_LAST: Sql = Sql::new(
    "entries.last",
    &ENTRIES,
    "SELECT seq, at FROM entries ORDER BY seq DESC LIMIT 1",
);

/// Whose entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Of everybody; for operators.
    Everybodys,
    /// Of one organisation, the acts of operators inside it included.
    Of(Organisation),
}

/// A span of time; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first moment.
    pub from: Time,
    /// The last moment.
    pub until: Time,
}

impl Period {
    /// From the one moment to the other, which does not belong to it any more; open where nothing is said.
    #[must_use]
    pub fn new(from: Option<Time>, to: Option<Time>) -> Self {
        let before = |to: Time| Time::from_micros(to.as_micros().saturating_sub(1));
        Period {
            from: from.unwrap_or(Time::from_micros(i64::MIN)),
            until: to.map_or(Time::from_micros(i64::MAX), before),
        }
    }
}

/// A place between two entries: after the one of this time and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The time of the entry.
    pub at: Time,
    /// Its number.
    pub seq: i64,
}

/// How often somebody did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// What sort of thing.
    pub what: What,
    /// The operation or kind of event.
    pub operation: String,
    /// Who.
    pub actor: String,
    /// How often.
    pub entries: i64,
}

/// The number and time of the last entry of an audit database, if it has any.
///
/// # Errors
/// The database is away, or is none of the audit log.
pub async fn reached(database: &Database, deadline: &Deadline) -> Result<Option<(i64, Time)>> {
    let calls = vec![Call::new(&READ_LAST, [])];
    let rows = database.read(Scope::Nobody, calls, deadline).await?;
    match rows.iter().flatten().next() {
        Some(row) => Ok(Some((row.get(0)?, row.get(1)?))),
        None => Ok(None),
    }
}

/// Entries of a period, the newest first, older than the place.
///
/// # Errors
/// The audit database is away.
pub(crate) async fn newest_first(
    db: &Db,
    (whose, period): (Whose, Period),
    before: Option<Place>,
    limit: i64,
) -> Result<Vec<Link>> {
    let place = before.unwrap_or(Place {
        at: period.until,
        seq: i64::MAX,
    });
    let params = [
        period.from.into(),
        place.at.into(),
        place.seq.into(),
        limit.into(),
    ];
    links(db, whose, (&LIST_ALL, &LIST_OF), params.to_vec()).await
}

/// Entries of a period, the oldest first, newer than the place.
///
/// # Errors
/// The audit database is away.
pub async fn oldest_first(
    db: &Db,
    (whose, period): (Whose, Period),
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Link>> {
    let place = after.unwrap_or(Place {
        at: period.from,
        seq: 0,
    });
    let params = [
        place.at.into(),
        period.until.into(),
        place.seq.into(),
        limit.into(),
    ];
    links(db, whose, (&SINCE_ALL, &SINCE_OF), params.to_vec()).await
}

/// What was done how often and by whom, the most frequent first.
///
/// # Errors
/// The audit database is away.
pub async fn counts(db: &Db, (whose, period): (Whose, Period), limit: i64) -> Result<Vec<Count>> {
    let params = [period.from.into(), period.until.into(), limit.into()];
    let rows = rows(db, whose, (&COUNT_ALL, &COUNT_OF), params.to_vec()).await?;
    let count = |row: &Row| {
        let what: String = row.get(0)?;
        Ok(Count {
            what: What::find(&what).unwrap_or(What::Action),
            operation: row.get(1)?,
            actor: row.get(2)?,
            entries: row.get(3)?,
        })
    };
    Ok(rows.iter().map(count).collect::<Outcome<_>>()?)
}

async fn links(
    db: &Db,
    whose: Whose,
    texts: (&'static Sql, &'static Sql),
    params: Vec<Value>,
) -> Result<Vec<Link>> {
    let rows = rows(db, whose, texts, params).await?;
    Ok(rows.iter().map(link).collect::<Outcome<_>>()?)
}

/// The one place where it is chosen whose rows a statement sees.
async fn rows(
    db: &Db,
    whose: Whose,
    (all, of): (&'static Sql, &'static Sql),
    mut params: Vec<Value>,
) -> Result<Vec<Row>> {
    let sql = match whose {
        Whose::Everybodys => all,
        Whose::Of(organisation) => {
            params.push(organisation.into());
            of
        }
    };
    let calls = vec![Call::new(sql, params)];
    let mut rows = db
        .audit()
        .read(Scope::Nobody, calls, &db.deadline())
        .await?;
    Ok(rows.pop().unwrap_or_default())
}
