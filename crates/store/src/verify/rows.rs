//! What each organisation has on a database: streams, commits, answers, folded tables.

use base::{Organisation, Uid};

use crate::call::{Call, Scope};
use crate::commit;
use crate::failure::Outcome;
use crate::fold::Fold;
use crate::idempotency;
use crate::row::Row;
use crate::sql::Sql;
use crate::system::{COMMITS, IDEMPOTENCY, LOG, PLACEMENTS};
use crate::table::Class;
use crate::value::Value;
use crate::verify::log::Bounds;
use crate::verify::{PAGE, Work};

/// Reads on in the organisations that are or were here.
pub(crate) static READ_PLACES: Sql = Sql::new(
    "placements.all",
    &PLACEMENTS,
    "SELECT organisation FROM placements WHERE organisation > $1 ORDER BY organisation LIMIT $2",
);

/// Reads on in the commits of an organisation.
pub(crate) static READ_COMMITS: Sql = Sql::new(
    "commits.all",
    &COMMITS,
    "SELECT id, position, answer, at, checksum FROM commits \
     WHERE organisation = $1 AND id > $2 ORDER BY id LIMIT $3",
);

/// Reads on in the recorded answers of an organisation.
pub(crate) static READ_ANSWERS: Sql = Sql::new(
    "idempotency.all",
    &IDEMPOTENCY,
    "SELECT caller, operation, key, body, status, answer, at, checksum FROM idempotency \
     WHERE organisation = $1 AND (caller, operation, key) > ($2, $3, $4) \
     ORDER BY caller, operation, key LIMIT $5",
);

/// Reads on in the log of one organisation.
pub(crate) static READ_HISTORY: Sql = Sql::new(
    "log.history",
    &LOG,
    "SELECT position, organisation, stream, version, kind, payload, actor, trace, at, checksum FROM log \
     WHERE organisation = $1 AND position > $2 ORDER BY position LIMIT $3",
);

impl Work<'_> {
    /// Goes through all organisations. Their events together must be those of the feed, or one of them hides some.
    pub(super) async fn organisations(
        &mut self,
        bounds: &Bounds,
        fed: u64,
        folds: &[&'static Fold],
    ) -> Outcome<()> {
        let all = self.places().await?;
        let total = u64::try_from(all.len()).unwrap_or_default();
        let of_all = |fold: &&&'static Fold| fold.table.class != Class::Organisation;
        for fold in folds.iter().filter(of_all) {
            self.fold(fold, None, bounds).await?;
        }
        let mut events = 0_u64;
        for (organisation, done) in all.into_iter().zip(0..) {
            self.tell("organisations", done, total);
            let streams = self.streams(organisation, bounds).await?;
            events = events.saturating_add(streams);
            self.commits(organisation, bounds).await?;
            self.answers(organisation).await?;
            for fold in folds.iter().filter(|fold| !of_all(fold)) {
                self.fold(fold, Some(organisation), bounds).await?;
            }
        }
        self.tell("organisations", total, total);
        if events != fed {
            let what = format!("{fed} events in the order of the log, {events} by organisation");
            self.find(LOG.name, "", what);
        }
        Ok(())
    }

    async fn places(&mut self) -> Outcome<Vec<Organisation>> {
        let mut all: Vec<Organisation> = Vec::new();
        let mut last = -1_i64;
        loop {
            let call = Call::new(&READ_PLACES, [last.into(), PAGE.into()]);
            let deadline = self.deadline();
            let read = self.database.read(Scope::Nobody, vec![call], &deadline);
            let Some(rows) = self.readable(PLACEMENTS.name, "", read.await)? else {
                return Ok(all);
            };
            let found = all.len();
            for row in rows.iter().flatten() {
                last = last.max(row.get(0)?);
                // The placement itself has no checksum; a number that cannot be one is a finding.
                if let Some(number) = self.readable(PLACEMENTS.name, "", row.get(0))? {
                    all.push(number);
                }
            }
            if all.len() == found {
                return Ok(all);
            }
        }
    }

    /// Reads all pages of a statement that goes on behind a key, and gives every row to `check`.
    async fn pages(
        &mut self,
        (organisation, sql): (Organisation, &'static Sql),
        mut after: Vec<Value>,
        check: impl Fn(&mut Self, &Row) -> Outcome<()>,
    ) -> Outcome<()> {
        let key = after.len();
        loop {
            let mut params = after.clone();
            params.push(PAGE.into());
            let (scope, deadline) = (Scope::Organisation(organisation), self.deadline());
            let call = Call::new(sql, params);
            let read = self.database.read(scope, vec![call], &deadline).await;
            let place = format!("rows of organisation {organisation}");
            let Some(rows) = self.readable(sql.table.name, &place, read)? else {
                return Ok(());
            };
            let rows: Vec<Row> = rows.into_iter().flatten().collect();
            for row in &rows {
                check(self, row)?;
            }
            match rows.last() {
                Some(row) if rows.len() >= usize::try_from(PAGE).unwrap_or_default() => {
                    after = row.values().iter().take(key).cloned().collect();
                }
                Some(_) | None => return Ok(()),
            }
        }
    }

    async fn commits(&mut self, organisation: Organisation, bounds: &Bounds) -> Outcome<()> {
        let first = vec![Uid::from_bytes([0; 16]).into()];
        let head = bounds.head;
        self.pages((organisation, &READ_COMMITS), first, |work, row| {
            work.count();
            let id: Uid = row.get(0)?;
            let key = format!("{id:?} of organisation {organisation}");
            let sound = commit::verify_row(organisation, row);
            work.readable(COMMITS.name, &key, sound)?;
            // A commit without events shows the position that is given next.
            let position: i64 = row.get(1)?;
            if position < 1 {
                let what = format!("stands at {position} of a log of {head}");
                work.find(COMMITS.name, &key, what);
            }
            Ok(())
        })
        .await
    }

    async fn answers(&mut self, organisation: Organisation) -> Outcome<()> {
        let first = vec!["".into(), "".into(), "".into()];
        self.pages((organisation, &READ_ANSWERS), first, |work, row| {
            work.count();
            let sound = idempotency::verify_row(organisation, row);
            let key = format!("an answer of organisation {organisation}");
            work.readable(IDEMPOTENCY.name, &key, sound).map(|_| ())
        })
        .await
    }

    fn count(&mut self) {
        self.verified.records = self.verified.records.saturating_add(1);
    }
}
