//! The directory: which organisation lives in which region, on which shard, at which epoch.
//!
//! It is held whole in memory, kept in the control database, and copied to a file that is read when the control
//! database is away. A change takes the next version, so a node asks only for what is newer than what it knows.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use base::Organisation;
use serde::{Deserialize, Serialize};

use crate::call::{Call, Deadline, Scope};
use crate::database::Database;
use crate::failure::{Failure, Outcome};
use crate::row::Row;
use crate::sql::Sql;
use crate::system::{COUNTERS, DIRECTORY, PLACEMENTS};

/// Takes the next number of a counter of the control database.
pub(crate) static TAKE_NUMBER: Sql = Sql::new(
    "counters.take",
    &COUNTERS,
    "UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING value",
);

/// Writes down that an organisation is being made, under the version taken just before in the same transaction.
pub(crate) static ADD_PLACEMENT: Sql = Sql::new(
    "directory.add",
    &DIRECTORY,
    "INSERT INTO directory (organisation, request, region, shard, epoch, state, version) \
     SELECT $1, $2, $3, $4, 1, 'creating', value FROM counters WHERE name = 'directory' \
     ON CONFLICT (request) DO NOTHING",
);

/// Opens an organisation whose shard knows it.
pub(crate) static OPEN_PLACEMENT: Sql = Sql::new(
    "directory.open",
    &DIRECTORY,
    "UPDATE directory SET state = 'open', version = (SELECT value FROM counters WHERE name = 'directory') \
     WHERE organisation = $1 AND state = 'creating'",
);

/// Finds the organisation that a request made.
pub(crate) static FIND_REQUEST: Sql = Sql::new(
    "directory.find_request",
    &DIRECTORY,
    "SELECT organisation, region, shard, epoch, state, version FROM directory WHERE request = $1",
);

/// All changes after a version.
pub(crate) static READ_CHANGES: Sql = Sql::new(
    "directory.changes",
    &DIRECTORY,
    "SELECT organisation, region, shard, epoch, state, version FROM directory WHERE version > $1 \
     ORDER BY version LIMIT $2",
);

/// Tells a shard that an organisation lives there.
pub(crate) static PLACE: Sql = Sql::new(
    "placements.add",
    &PLACEMENTS,
    "INSERT INTO placements (organisation, epoch, state) VALUES ($1, 1, 'open') \
     ON CONFLICT (organisation) DO NOTHING",
);

/// Whether an organisation can be used where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is being made; its shard may not know it yet.
    Creating,
    /// It is open for business.
    Open,
    /// It is on its way to another shard or region, and still open where it stands.
    Moving,
}

/// Where one organisation lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Its number.
    pub organisation: Organisation,
    /// The region that owns its writes.
    pub region: String,
    /// Its shard in that region.
    pub shard: String,
    /// Grows with every move.
    pub epoch: i64,
    /// Whether it can be used.
    pub state: State,
    /// The change of the directory that made it so.
    pub version: i64,
}

impl Placement {
    fn read(row: &Row) -> Outcome<Self> {
        let state = match row.get::<String>(4)?.as_str() {
            "creating" => State::Creating,
            "open" => State::Open,
            "moving" => State::Moving,
            other => return Err(Failure::Damaged(format!("a placement in state {other}"))),
        };
        let (organisation, region, shard) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Placement {
            organisation,
            region,
            shard,
            epoch: row.get(3)?,
            state,
            version: row.get(5)?,
        })
    }
}

/// The directory in memory.
#[derive(Debug, Default)]
pub struct Directory {
    known: RwLock<HashMap<Organisation, Placement>>,
    copy: Option<PathBuf>,
    /// Held while the copy is written: two that write one file at once would leave neither.
    writing: Mutex<()>,
}

impl Directory {
    /// A directory that keeps a copy of itself in this file. What the file holds already is known at once.
    ///
    /// # Errors
    /// There is a file and it cannot be read as a directory.
    pub fn with_copy(copy: Option<PathBuf>) -> Outcome<Self> {
        let known = match copy.as_deref().filter(|path| path.exists()) {
            None => HashMap::new(),
            Some(path) => read_copy(path)?,
        };
        Ok(Directory {
            known: RwLock::new(known),
            copy,
            writing: Mutex::default(),
        })
    }

    /// Where an organisation lives.
    #[must_use]
    pub fn find(&self, organisation: Organisation) -> Option<Placement> {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&organisation)
            .cloned()
    }

    /// The open organisations of a region with numbers above this one, in the order of their numbers.
    #[must_use]
    pub fn page(&self, region: &str, after: Organisation, limit: usize) -> Vec<Placement> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let wanted = |placement: &&Placement| {
            placement.organisation > after
                && placement.region == region
                && placement.state != State::Creating
        };
        let mut page: Vec<&Placement> = known.values().filter(wanted).collect();
        page.sort_unstable_by_key(|placement| placement.organisation);
        page.into_iter().take(limit).cloned().collect()
    }

    /// How many organisations live on a shard of a region.
    #[must_use]
    pub fn count(&self, region: &str, shard: &str) -> usize {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let there = |placement: &&Placement| placement.region == region && placement.shard == shard;
        known.values().filter(there).count()
    }

    /// How many organisations it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Whether it knows none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Learns what changed in the control database since the last time.
    ///
    /// # Errors
    /// The control database is away, and then what is known stays; or the copy cannot be written.
    pub async fn refresh(&self, control: &Database, deadline: &Deadline) -> Outcome<()> {
        const PAGE: i64 = 10_000;
        let mut changed = false;
        loop {
            let call = Call::new(&READ_CHANGES, [self.version().into(), PAGE.into()]);
            let rows = control.read(Scope::Nobody, vec![call], deadline).await?;
            let news: Vec<Placement> = rows
                .iter()
                .flatten()
                .map(Placement::read)
                .collect::<Outcome<_>>()?;
            let last = i64::try_from(news.len()).unwrap_or(PAGE) < PAGE;
            changed |= !news.is_empty();
            self.learn(news);
            if last {
                break;
            }
        }
        if changed { self.write_copy() } else { Ok(()) }
    }

    /// The organisations of a region whose making has not come to its end.
    pub(crate) fn creating(&self, region: &str) -> Vec<Placement> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let begun = |placement: &&Placement| {
            placement.state == State::Creating && placement.region == region
        };
        let mut all: Vec<Placement> = known.values().filter(begun).cloned().collect();
        all.sort_by_key(|placement| placement.organisation);
        all
    }

    fn learn(&self, news: Vec<Placement>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for placement in news {
            // Who asked before and reads his answer later must not bring back what has changed meanwhile.
            let known = known.entry(placement.organisation);
            let known = known.or_insert_with(|| placement.clone());
            if known.version < placement.version {
                *known = placement;
            }
        }
    }

    fn version(&self) -> i64 {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known
            .values()
            .map(|placement| placement.version)
            .max()
            .unwrap_or(0)
    }

    /// Writes the copy beside itself first, so that a crash leaves the old or the new one.
    fn write_copy(&self) -> Outcome<()> {
        let Some(path) = &self.copy else {
            return Ok(());
        };
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Placement> = self
            .known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect();
        all.sort_by_key(|placement| placement.organisation);
        let failed = |error: &dyn std::fmt::Display| {
            Failure::Unavailable(format!("{}: {error}", path.display()))
        };
        let text = serde_json::to_vec(&all).map_err(|error| failed(&error))?;
        let next = path.with_extension("next");
        let written = std::fs::File::create(&next).and_then(|mut file| {
            std::io::Write::write_all(&mut file, &text)?;
            file.sync_all()
        });
        written
            .and_then(|()| std::fs::rename(&next, path))
            .map_err(|error| failed(&error))
    }
}

fn read_copy(path: &Path) -> Outcome<HashMap<Organisation, Placement>> {
    let failed =
        |error: &dyn std::fmt::Display| Failure::Damaged(format!("{}: {error}", path.display()));
    let text = std::fs::read(path).map_err(|error| failed(&error))?;
    let all: Vec<Placement> = serde_json::from_slice(&text).map_err(|error| failed(&error))?;
    Ok(all
        .into_iter()
        .map(|placement| (placement.organisation, placement))
        .collect())
}

/// Reads what a request has made so far.
pub(crate) async fn find_request(
    control: &Database,
    request: &str,
    deadline: &Deadline,
) -> Outcome<Option<Placement>> {
    let rows = control
        .read(
            Scope::Nobody,
            vec![Call::new(&FIND_REQUEST, [request.into()])],
            deadline,
        )
        .await?;
    rows.iter()
        .flatten()
        .next()
        .map(Placement::read)
        .transpose()
}

/// First step of making an organisation: it gets a number and a place, once for each request.
pub(crate) async fn reserve(
    control: &Database,
    request: &str,
    region: &str,
    shard: &str,
    deadline: &Deadline,
) -> Outcome<Placement> {
    // A number that is taken and then not used leaves a hole, which harms nobody.
    let taken = control
        .transact(
            vec![Call::new(&TAKE_NUMBER, ["organisation".into()])],
            deadline,
        )
        .await?;
    let row = taken.first().and_then(|answer| answer.rows.first());
    let number: i64 = row
        .ok_or_else(|| Failure::Damaged("no counter of organisations".to_owned()))?
        .get(0)?;
    let calls = vec![
        Call::new(&TAKE_NUMBER, ["directory".into()]),
        Call::new(
            &ADD_PLACEMENT,
            [number.into(), request.into(), region.into(), shard.into()],
        ),
    ];
    control.transact(calls, deadline).await?;
    let found = find_request(control, request, deadline).await?;
    found.ok_or_else(|| Failure::Broken(format!("request {request} made no organisation")))
}

/// Second step: the shard learns that the organisation lives there.
pub(crate) async fn place(
    shard: &Database,
    organisation: Organisation,
    deadline: &Deadline,
) -> Outcome<()> {
    shard
        .transact(vec![Call::new(&PLACE, [organisation.into()])], deadline)
        .await
        .map(|_| ())
}

/// Third step: the organisation is open, and every node will hear of it.
pub(crate) async fn open(
    control: &Database,
    organisation: Organisation,
    deadline: &Deadline,
) -> Outcome<()> {
    let calls = vec![
        Call::new(&TAKE_NUMBER, ["directory".into()]),
        Call::new(&OPEN_PLACEMENT, [organisation.into()]),
    ];
    control.transact(calls, deadline).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placement(state: State, version: i64) -> Placement {
        Placement {
            organisation: Organisation::new(7),
            region: "here".to_owned(),
            shard: "one".to_owned(),
            epoch: 1,
            state,
            version,
        }
    }

    #[test]
    fn old_news_change_nothing() {
        let directory = Directory::default();
        directory.learn(vec![placement(State::Creating, 1)]);
        directory.learn(vec![placement(State::Open, 3)]);
        directory.learn(vec![placement(State::Creating, 2)]);
        assert_eq!(
            directory.find(Organisation::new(7)),
            Some(placement(State::Open, 3))
        );
    }
}
