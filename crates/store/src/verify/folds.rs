//! A folded table beside the log that it comes from.

use base::Organisation;

use crate::call::{Call, Scope};
use crate::failure::Outcome;
use crate::fold::{Fold, Folded};
use crate::log::{Logged, READ_FEED};
use crate::row::Row;
use crate::value::Value;
use crate::verify::log::Bounds;
use crate::verify::rows::READ_HISTORY;
use crate::verify::{PAGE, Work};

impl Work<'_> {
    /// Folds the log of an organisation, or of all, and compares.
    pub(super) async fn fold(
        &mut self,
        fold: &'static Fold,
        organisation: Option<Organisation>,
        bounds: &Bounds,
    ) -> Outcome<()> {
        if bounds.floor > 0 {
            self.note(format!(
                "{} is not compared, because events up to {} were purged",
                fold.table.name, bounds.floor
            ));
            return Ok(());
        }
        let name = fold.table.name;
        let (mut folded, mut last) = (Folded::new(), 0_i64);
        // The last page of the log and the rows are read in one snapshot, so that no commit comes between.
        let mut with_rows = false;
        loop {
            let mut calls = vec![history(organisation, last)];
            if with_rows {
                calls.push(Call::new(fold.read, []));
            }
            let scope = organisation.map_or(Scope::Nobody, Scope::Organisation);
            let deadline = self.deadline();
            let read = self.database.read(scope, calls, &deadline).await;
            let Some(read) = self.readable(name, &format!("after position {last}"), read)? else {
                return Ok(());
            };
            let mut read = read.into_iter();
            let events = read.next().unwrap_or_default();
            for row in &events {
                last = row.get(0)?;
                // A damaged event has been found already, and what it would have done is not known.
                let Ok(event) = Logged::read(row) else {
                    self.note(format!(
                        "{name} is not compared, because the event at {last} is damaged"
                    ));
                    return Ok(());
                };
                if fold.kinds.contains(&event.kind.as_str()) {
                    let applied = (fold.apply)(&mut folded, &event);
                    self.readable(name, &format!("position {last}"), applied)?;
                }
            }
            let ended = events.len() < usize::try_from(PAGE).unwrap_or_default();
            if ended && with_rows {
                self.compare(fold, organisation, folded, &read.next().unwrap_or_default());
                return Ok(());
            }
            with_rows = ended;
        }
    }

    fn compare(
        &mut self,
        fold: &'static Fold,
        organisation: Option<Organisation>,
        folded: Folded,
        rows: &[Row],
    ) {
        let whose =
            organisation.map_or_else(String::new, |number| format!(" of organisation {number}"));
        let mut expected: Folded = folded
            .into_iter()
            .map(|(key, rest)| (plain(&key), plain(&rest)))
            .collect();
        for row in rows {
            self.verified.folded = self.verified.folded.saturating_add(1);
            let values = plain(row.values());
            let (key, rest) = values.split_at(fold.key.min(values.len()));
            let named = format!("{}{whose}", spelt(key));
            match expected.remove(key) {
                None => self.find(fold.table.name, &named, "the log knows nothing of this row"),
                Some(right) if right == rest => {}
                Some(right) => {
                    let differs = right.iter().zip(rest).position(|(one, other)| one != other);
                    let at = differs.unwrap_or(right.len().min(rest.len()));
                    let what = format!("column {at} after the key is not what the log says");
                    self.find(fold.table.name, &named, what);
                }
            }
        }
        for key in expected.keys() {
            let named = format!("{}{whose}", spelt(key));
            self.find(
                fold.table.name,
                &named,
                "the log knows a row that is not there",
            );
        }
    }
}

fn history(organisation: Option<Organisation>, last: i64) -> Call {
    let sql = if organisation.is_some() {
        &READ_HISTORY
    } else {
        &READ_FEED
    };
    Call::new(sql, [last.into(), PAGE.into()])
}

/// Ids as their bytes: SQLite does not know the difference.
fn plain(values: &[Value]) -> Vec<Value> {
    let plain = |value: &Value| match value {
        Value::Id(id) => Value::Bytes(id.as_bytes().to_vec()),
        other => other.clone(),
    };
    values.iter().map(plain).collect()
}

/// A key in words. A text may be about a person, so it is not shown.
fn spelt(key: &[Value]) -> String {
    let word = |value: &Value| match value {
        Value::Int(number) => number.to_string(),
        Value::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        Value::Id(id) => format!("{id:?}"),
        Value::Null => "null".to_owned(),
        Value::Text(_) | Value::Ints(_) | Value::Ids(_) => "…".to_owned(),
    };
    key.iter().map(word).collect::<Vec<_>>().join("/")
}
