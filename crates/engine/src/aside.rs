//! What was put aside: jobs and timers that failed too often, and events that a consumer could not handle.
//!
//! Here an operator sees all three alike and acts on one of them. A job or a timer is acted on in a commit of its
//! organisation, so that it stands in the same commit who did it and why; the rows of dead letters are of no
//! organisation, so whoever acts on one writes that down first.

use base::{Organisation, Result, Time, Uid};
use store::{Call, Commit, Database, Row, Scope, Value};

use crate::engine::{Engine, PEOPLE};
use crate::jobs::table as jobs;
use crate::part::{
    DISCARD_TIMER, FIND_DEAD_LETTER, FIND_PARKED, LIST_ALL_DEAD_LETTERS, LIST_PARKED_AFTER,
    REMOVE_DEAD_LETTER, RERUN_TIMER,
};
use crate::timers::PARKED;

/// Before the first organisation.
const BEFORE_ALL: i64 = -1;
/// Before the first id.
const NOBODY: Uid = Uid::from_bytes([0; 16]);

/// Which of what was put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Work beside the requests.
    Jobs,
    /// What was to be done at a time.
    Timers,
    /// Events that a consumer could not handle.
    Letters,
}

/// What names one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A job by its id.
    Job(Uid),
    /// A timer by its id.
    Timer(Uid),
    /// An event by its place in a log, and whoever could not handle it.
    Letter {
        /// The name of the shard, or [`PEOPLE`].
        database: String,
        /// The name of the consumer.
        consumer: String,
        /// The place of the event in the log of the database.
        position: i64,
    },
}

impl Name {
    /// Whether it is one of those.
    #[must_use]
    pub const fn of(&self) -> Of {
        match self {
            Name::Job(_) => Of::Jobs,
            Name::Timer(_) => Of::Timers,
            Name::Letter { .. } => Of::Letters,
        }
    }
}

/// Something that was put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// What names it.
    pub name: Name,
    /// Whose it is.
    pub organisation: Organisation,
    /// The kind of the job, of the timer or of the event.
    pub kind: String,
    /// What it is about: ids. Empty for an event, which the log has.
    pub payload: String,
    /// How the last try failed.
    pub error: String,
    /// How often it was tried.
    pub tries: i64,
    /// When a job or timer was to begin; when an event was tried last.
    pub at: Time,
    /// Larger with every claim of a job or timer.
    pub attempt: i64,
}

impl Aside {
    /// Lets a job or a timer run again with all its tries, when the commit of its organisation is stored and nobody
    /// else has done something about it. An event is handled by [`Engine::retry`].
    pub fn reprocess(&self, commit: &mut Commit) {
        let (sql, id) = match self.name {
            Name::Job(id) => (&jobs::RERUN, id),
            Name::Timer(id) => (&RERUN_TIMER, id),
            Name::Letter { .. } => return,
        };
        let [id, attempt, end] = self.fence(id);
        let now = commit.at();
        commit.guard(sql, [id, attempt, end, now.into()]);
    }

    /// Takes a job or a timer away when the commit is stored. An event is taken away by [`Engine::discard_letter`].
    pub fn discard(&self, commit: &mut Commit) {
        let (sql, id) = match self.name {
            Name::Job(id) => (&jobs::THROW_AWAY, id),
            Name::Timer(id) => (&DISCARD_TIMER, id),
            Name::Letter { .. } => return,
        };
        commit.guard(sql, self.fence(id));
    }

    /// It must stand where it was seen, as nobody has claimed it since.
    fn fence(&self, id: Uid) -> [Value; 3] {
        [id.into(), self.attempt.into(), PARKED.into()]
    }

    fn job(row: &Row) -> store::Outcome<Self> {
        Ok(Aside {
            name: Name::Job(row.get(1)?),
            organisation: row.get(0)?,
            kind: row.get(2)?,
            payload: row.get(3)?,
            at: row.get(6)?,
            attempt: row.get(7)?,
            tries: row.get(8)?,
            error: row.get(9)?,
        })
    }

    fn timer(row: &Row) -> store::Outcome<Self> {
        Ok(Aside {
            name: Name::Timer(row.get(1)?),
            organisation: row.get(0)?,
            kind: row.get(2)?,
            payload: row.get(3)?,
            at: row.get(4)?,
            attempt: row.get(5)?,
            tries: row.get(6)?,
            error: row.get(7)?,
        })
    }

    fn letter(database: &str, row: &Row) -> store::Outcome<Self> {
        Ok(Aside {
            name: Name::Letter {
                database: database.to_owned(),
                consumer: row.get(0)?,
                position: row.get(1)?,
            },
            organisation: row.get(2)?,
            kind: row.get(3)?,
            payload: String::new(),
            error: row.get(4)?,
            tries: row.get(5)?,
            at: row.get(6)?,
            attempt: 0,
        })
    }

    fn place(&self) -> (i64, Uid) {
        let id = match self.name {
            Name::Job(id) | Name::Timer(id) => id,
            Name::Letter { .. } => NOBODY,
        };
        (i64::from(self.organisation.get()), id)
    }
}

impl Engine {
    /// Reads on in what was put aside in all databases, one after the other, after the one that is named.
    ///
    /// # Errors
    /// A database is away.
    pub async fn put_aside(
        &self,
        of: Of,
        after: Option<&Name>,
        limit: usize,
    ) -> Result<Vec<Aside>> {
        let mut all = Vec::new();
        let from = after.and_then(|name| self.database_of(name));
        let from = from.map(|(name, _)| name);
        let mut is_reached = from.is_none();
        for (name, database) in self.databases() {
            let is_first = from == Some(name);
            is_reached |= is_first;
            if !is_reached {
                continue;
            }
            let left = limit.saturating_sub(all.len());
            if left == 0 {
                break;
            }
            let after = after.filter(|_| is_first);
            let part = i64::try_from(left).unwrap_or(i64::MAX);
            let found = match of {
                Of::Jobs => self.jobs_aside(database, after, part).await?,
                Of::Timers => self.timers_aside(database, after, part).await?,
                Of::Letters => self.letters_aside((name, database), after, part).await?,
            };
            all.extend(found);
        }
        all.truncate(limit);
        Ok(all)
    }

    /// One of what was put aside; nothing when it is no more.
    ///
    /// # Errors
    /// The database is away.
    pub async fn find_aside(&self, name: &Name) -> Result<Option<Aside>> {
        let Some((place, database)) = self.database_of(name) else {
            return Ok(None);
        };
        let end = jobs::FAILED.into();
        let call = match name {
            Name::Job(id) => {
                let params = [id.organisation().into(), (*id).into(), end];
                Call::new(&jobs::FIND_FAILED, params)
            }
            Name::Timer(id) => {
                let params = [id.organisation().into(), (*id).into(), end];
                Call::new(&FIND_PARKED, params)
            }
            Name::Letter {
                consumer, position, ..
            } => Call::new(
                &FIND_DEAD_LETTER,
                [consumer.as_str().into(), (*position).into()],
            ),
        };
        let rows = self.asked(database, call).await?;
        let read = |row: &Row| match name {
            Name::Job(_) => Aside::job(row),
            Name::Timer(_) => Aside::timer(row),
            Name::Letter { .. } => Aside::letter(place, row),
        };
        Ok(rows.first().map(read).transpose()?)
    }

    /// Takes a dead letter away, if it is there. What the event should have led to is not done.
    ///
    /// # Errors
    /// There is no such database, or it is away.
    pub async fn discard_letter(
        &self,
        database: &str,
        consumer: &str,
        position: i64,
    ) -> Result<()> {
        let params = [consumer.into(), position.into()];
        let call = Call::new(&REMOVE_DEAD_LETTER, params);
        let deadline = self.db().deadline();
        let database = self.database(database)?;
        database.transact(vec![call], &deadline).await?;
        Ok(())
    }

    async fn jobs_aside(
        &self,
        database: &Database,
        after: Option<&Name>,
        limit: i64,
    ) -> Result<Vec<Aside>> {
        let (house, id) = spot(after);
        let params = [jobs::FAILED.into(), house.into(), id.into(), limit.into()];
        let rows = self.asked(database, Call::new(&jobs::LIST_FAILED, params));
        let all: store::Outcome<_> = rows.await?.iter().map(Aside::job).collect();
        Ok(all?)
    }

    /// Each kind by itself, by the index that finds what is due: there is none over all of them.
    async fn timers_aside(
        &self,
        database: &Database,
        after: Option<&Name>,
        limit: i64,
    ) -> Result<Vec<Aside>> {
        let (house, id) = spot(after);
        let mut all: Vec<Aside> = Vec::new();
        for kind in self.timer_kinds() {
            let params = [
                kind.into(),
                PARKED.into(),
                house.into(),
                id.into(),
                limit.into(),
            ];
            let rows = self.asked(database, Call::new(&LIST_PARKED_AFTER, params));
            for row in &rows.await? {
                all.push(Aside::timer(row)?);
            }
        }
        all.sort_by_key(Aside::place);
        all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(all)
    }

    async fn letters_aside(
        &self,
        (name, database): (&str, &Database),
        after: Option<&Name>,
        limit: i64,
    ) -> Result<Vec<Aside>> {
        let (consumer, position) = match after {
            Some(Name::Letter {
                consumer, position, ..
            }) => (consumer.as_str(), *position),
            Some(Name::Job(_) | Name::Timer(_)) | None => ("", 0),
        };
        let params = [consumer.into(), position.into(), limit.into()];
        let rows = self.asked(database, Call::new(&LIST_ALL_DEAD_LETTERS, params));
        let read = |row: &Row| Aside::letter(name, row);
        let all: store::Outcome<_> = rows.await?.iter().map(read).collect();
        Ok(all?)
    }

    async fn asked(&self, database: &Database, call: Call) -> Result<Vec<Row>> {
        let deadline = self.db().deadline();
        let rows = database.read(Scope::Nobody, vec![call], &deadline).await?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// Where it is, if there is such a place.
    fn database_of(&self, name: &Name) -> Option<(&str, &Database)> {
        let shard = match name {
            Name::Letter { database, .. } => database.clone(),
            Name::Job(id) | Name::Timer(id) => match id.organisation() {
                Organisation::PEOPLE => PEOPLE.to_owned(),
                number => self.db().home(number).ok()?.1.shard,
            },
        };
        self.databases().find(|(known, _)| **known == *shard)
    }
}

/// After which job or timer one reads on.
fn spot(after: Option<&Name>) -> (i64, Uid) {
    match after {
        Some(Name::Job(id) | Name::Timer(id)) => (i64::from(id.organisation().get()), *id),
        Some(Name::Letter { .. }) | None => (BEFORE_ALL, NOBODY),
    }
}
