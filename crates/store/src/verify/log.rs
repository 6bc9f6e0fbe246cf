//! The log as a whole: every row by its checksum, positions without a gap, versions of every stream without a gap.

use base::{Organisation, Uid};

use crate::call::{Call, Scope};
use crate::failure::Outcome;
use crate::log::{Logged, READ_FEED, verify_consumer};
use crate::row::Row;
use crate::sql::Sql;
use crate::system::{CONSUMERS, HEAD, LOG, READ_BOUNDS};
use crate::verify::{PAGE, Work};

/// Reads on in the streams of an organisation, through another index than the feed.
pub(crate) static READ_STREAMS: Sql = Sql::new(
    "log.streams",
    &LOG,
    "SELECT stream, version, position FROM log \
     WHERE organisation = $1 AND (stream, version) > ($2, $3) ORDER BY stream, version LIMIT $4",
);

/// Reads on in the consumers.
pub(crate) static READ_CONSUMERS: Sql = Sql::new(
    "consumers.all",
    &CONSUMERS,
    "SELECT position, checksum, name FROM consumers WHERE name > $1 ORDER BY name LIMIT $2",
);

/// Where the log begins and ends. What is stored behind its end meanwhile is not looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) head: i64,
    /// Up to here events may have been purged.
    pub(super) floor: i64,
}

/// The last event that was met of a stream.
struct Last {
    stream: Uid,
    version: i64,
    position: i64,
}

impl Work<'_> {
    pub(super) async fn bounds(&mut self) -> Outcome<Option<Bounds>> {
        let deadline = self.deadline();
        let call = Call::new(&READ_BOUNDS, []);
        let read = self.database.read(Scope::Nobody, vec![call], &deadline);
        let Some(rows) = self.readable(HEAD.name, "", read.await)? else {
            return Ok(None);
        };
        let Some(row) = rows.first().and_then(|rows| rows.first()) else {
            self.find(HEAD.name, "", "the log has no head");
            return Ok(None);
        };
        let bounds = Bounds {
            head: row.get(0)?,
            floor: row.get(1)?,
        };
        if bounds.floor < 0 || bounds.floor > bounds.head {
            let what = format!("purged up to {} of {}", bounds.floor, bounds.head);
            self.find(HEAD.name, "1", what);
        }
        Ok(Some(bounds))
    }

    /// Reads the feed from its beginning; answers how many events there are up to the head.
    pub(super) async fn log(&mut self, bounds: &Bounds) -> Outcome<u64> {
        let (mut events, mut last) = (0_u64, 0_i64);
        let mut next = bounds.floor.saturating_add(1);
        loop {
            let total = u64::try_from(bounds.head).unwrap_or_default();
            self.tell("log", u64::try_from(last).unwrap_or_default(), total);
            let call = Call::new(&READ_FEED, [last.into(), PAGE.into()]);
            let deadline = self.deadline();
            let read = self.database.read(Scope::Nobody, vec![call], &deadline);
            let key = format!("after position {last}");
            let Some(rows) = self.readable(LOG.name, &key, read.await)? else {
                // What can be read behind the damage is read too.
                last = last.saturating_add(PAGE);
                next = next.max(last.saturating_add(1));
                if last >= bounds.head {
                    return Ok(events);
                }
                continue;
            };
            let rows: Vec<Row> = rows.into_iter().flatten().collect();
            for row in &rows {
                let position: i64 = row.get(0)?;
                last = last.max(position);
                events = events.saturating_add(u64::from(position <= bounds.head));
                self.event(row, position, bounds, &mut next)?;
            }
            if rows.len() < usize::try_from(PAGE).unwrap_or_default() {
                break;
            }
        }
        if next <= bounds.head {
            let missing = format!("{next} to {}", bounds.head);
            self.find(LOG.name, &missing, "the log ends before its head");
        }
        Ok(events)
    }

    fn event(&mut self, row: &Row, position: i64, bounds: &Bounds, next: &mut i64) -> Outcome<()> {
        self.verified.events = self.verified.events.saturating_add(1);
        let read = Logged::read(row).map(|_| ());
        self.readable(LOG.name, &position.to_string(), read)?;
        if position <= bounds.floor || position > bounds.head {
            return Ok(());
        }
        if position > *next {
            let missing = format!("{next} to {}", position.saturating_sub(1));
            self.find(LOG.name, &missing, "events are missing");
        } else if position < *next {
            self.find(LOG.name, &position.to_string(), "a position is there twice");
        }
        *next = (*next).max(position.saturating_add(1));
        Ok(())
    }

    /// Reads how far each consumer has come.
    pub(super) async fn consumers(&mut self) -> Outcome<()> {
        let mut last = String::new();
        loop {
            let call = Call::new(&READ_CONSUMERS, [last.as_str().into(), PAGE.into()]);
            let deadline = self.deadline();
            let read = self.database.read(Scope::Nobody, vec![call], &deadline);
            let read = read.await;
            let Some(rows) = self.readable(CONSUMERS.name, "", read)? else {
                return Ok(());
            };
            let Some(name) = rows.iter().flatten().next_back() else {
                return Ok(());
            };
            last = name.get(2)?;
            for row in rows.iter().flatten() {
                let name: String = row.get(2)?;
                let sound = verify_consumer(&name, row);
                self.readable(CONSUMERS.name, &name, sound)?;
            }
        }
    }

    /// Reads the streams of an organisation; answers how many events there are up to the head.
    pub(super) async fn streams(
        &mut self,
        organisation: Organisation,
        bounds: &Bounds,
    ) -> Outcome<u64> {
        let mut events = 0_u64;
        let mut last = Last {
            stream: Uid::from_bytes([0; 16]),
            version: 0,
            position: 0,
        };
        loop {
            let from = [last.stream.into(), last.version.into(), PAGE.into()];
            let call = Call::new(&READ_STREAMS, from);
            let (scope, deadline) = (Scope::Organisation(organisation), self.deadline());
            let read = self.database.read(scope, vec![call], &deadline).await;
            let key = format!(
                "streams of organisation {organisation} after {:?}",
                last.stream
            );
            let Some(rows) = self.readable(LOG.name, &key, read)? else {
                return Ok(events);
            };
            let rows: Vec<Row> = rows.into_iter().flatten().collect();
            for row in &rows {
                let this = Last {
                    stream: row.get(0)?,
                    version: row.get(1)?,
                    position: row.get(2)?,
                };
                events = events.saturating_add(u64::from(this.position <= bounds.head));
                self.follows(&last, &this, bounds);
                last = this;
            }
            if rows.len() < usize::try_from(PAGE).unwrap_or_default() {
                return Ok(events);
            }
        }
    }

    /// An event must be the next of its stream, unless those between may have been purged.
    fn follows(&mut self, last: &Last, this: &Last, bounds: &Bounds) {
        let same = last.stream == this.stream;
        let (version, position) = if same {
            (last.version, last.position)
        } else {
            (0, 0)
        };
        let key = format!("{:?} version {}", this.stream, this.version);
        if this.version > version.saturating_add(1) && position >= bounds.floor {
            self.find(
                LOG.name,
                &key,
                format!("follows version {version} of its stream"),
            );
        }
        if this.position <= position {
            self.find(
                LOG.name,
                &key,
                "stands before an earlier version of its stream",
            );
        }
    }
}
