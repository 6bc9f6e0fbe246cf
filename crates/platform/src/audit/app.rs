//! What can be read of the audit log: pages for people who look, reports for people who keep.

use base::{CursorKey, Page, Result, Time};
use domain::audit::Link;
use slice::{Cursors, Turn};
use store::Db;
use tokio::sync::watch;

use super::list::{Count, Period, Place, Whose, counts, newest_first, oldest_first};

/// Entries of one part of a report.
pub(crate) const REPORT_ENTRIES_MAX: usize = 2_000;
/// Lines of a summary; the rarest are left out.
const COUNTS_MAX: i64 = 500;

/// Reads the audit log. Cheap to clone.
#[derive(Clone)]
pub struct App {
    db: Db,
    cursors: Cursors,
}

/// A part of a report.
pub(crate) struct Report {
    pub(crate) entries: Vec<Link>,
    /// What the whole period came to; in the first part only.
    pub(crate) summary: Option<Vec<Count>>,
    /// The cursor of the next part.
    pub(crate) next: Option<String>,
}

impl App {
    /// Reads the log of these databases; cursors are signed with the key that is current.
    #[must_use]
    pub fn new(db: &Db, cursors: Cursors) -> Self {
        App {
            db: db.clone(),
            cursors,
        }
    }

    /// The same with a key of its own channel.
    #[must_use]
    pub fn with_key(db: &Db, key: watch::Receiver<CursorKey>) -> Self {
        Self::new(db, Cursors::new(key))
    }

    /// A page, the newest entries first.
    pub(crate) async fn page(&self, of: (Whose, Period), turn: &Turn) -> Result<Page<Link>> {
        let scope = scope_of("audit", of);
        let before = self.place(&scope, turn.cursor.as_deref())?;
        let limit = turn.limit.get();
        let more = i64::from(turn.limit).saturating_add(1);
        let mut items = newest_first(&self.db, of, before, more).await?;
        let next = self.next(&scope, &mut items, limit);
        Ok(Page { items, next })
    }

    /// A part of a report, the oldest entries first.
    pub(crate) async fn report(&self, of: (Whose, Period), cursor: Option<&str>) -> Result<Report> {
        let scope = scope_of("audit report", of);
        let after = self.place(&scope, cursor)?;
        let limit = i64::try_from(REPORT_ENTRIES_MAX).unwrap_or(i64::MAX);
        let mut entries = oldest_first(&self.db, of, after, limit.saturating_add(1)).await?;
        let next = self.next(&scope, &mut entries, REPORT_ENTRIES_MAX);
        let summary = match after {
            None => Some(counts(&self.db, of, COUNTS_MAX).await?),
            Some(_) => None,
        };
        Ok(Report {
            entries,
            summary,
            next,
        })
    }

    /// Cuts what was read one too many, and makes the cursor behind the last.
    fn next(&self, scope: &str, items: &mut Vec<Link>, limit: usize) -> Option<String> {
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more)?;
        let mut place = [0; 16];
        let numbers = [last.entry.at.as_micros(), last.seq];
        for (eight, number) in place.chunks_mut(8).zip(numbers) {
            eight.copy_from_slice(&number.to_be_bytes());
        }
        Some(self.cursors.seal(scope, &place))
    }

    fn place(&self, scope: &str, cursor: Option<&str>) -> Result<Option<Place>> {
        let Some(cursor) = cursor else {
            return Ok(None);
        };
        let place = u128::from_be_bytes(self.cursors.open(scope, cursor)?).to_be_bytes();
        let (at, seq) = place.split_at(8);
        let number = |bytes: &[u8]| bytes.try_into().map_or(0, i64::from_be_bytes);
        Ok(Some(Place {
            at: Time::from_micros(number(at)),
            seq: number(seq),
        }))
    }
}

/// A cursor leads on in the list that it came from, of the same organisation and period.
fn scope_of(list: &str, (whose, period): (Whose, Period)) -> String {
    let whose = match whose {
        Whose::Everybodys => "all".to_owned(),
        Whose::Of(organisation) => organisation.to_string(),
    };
    let (from, until) = (period.from.as_micros(), period.until.as_micros());
    format!("{list} of {whose} from {from} until {until}")
}
