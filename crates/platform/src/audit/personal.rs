//! What the audit log has of one person: what he did, and what was done about him.

use std::collections::BTreeMap;

use base::Result;
use domain::audit::{Entry, Link};
use domain::people::PersonId;
use serde_json::{Value as Json, json};
use store::{Call, Db, Outcome, Scope, Sql};

use super::store::{ENTRIES, link};

/// Entries that are read at once.
const PAGE: usize = 1_000;
/// Entries that are given out at most, of what he did and of what was done about him; the oldest ones.
const EXPORTED_MAX: usize = 20_000;

pub(crate) static OF_ACTOR: Sql = Sql::new(
    "entries.of_actor",
    &ENTRIES,
    "SELECT seq, at, organisation, actor, role, what, operation, target, code, reason, correlation, source, previous, \
     hash FROM entries WHERE actor = $1 AND seq > $2 ORDER BY seq LIMIT $3",
);

pub(crate) static OF_TARGET: Sql = Sql::new(
    "entries.of_target",
    &ENTRIES,
    "SELECT seq, at, organisation, actor, role, what, operation, target, code, reason, correlation, source, previous, \
     hash FROM entries WHERE target = $1 AND seq > $2 ORDER BY seq LIMIT $3",
);

/// The entries of a person, the oldest first, and whether these are all. Who else acted is told by what he is to the
/// platform, not by his id, for that is another person's.
///
/// # Errors
/// The audit database is away.
pub(crate) async fn of_person(db: &Db, person: PersonId) -> Result<(Vec<Json>, bool)> {
    let name = person.to_string();
    let mut all = BTreeMap::new();
    let mut is_whole = true;
    for sql in [&OF_ACTOR, &OF_TARGET] {
        let (mut after, mut count) = (0_i64, 0_usize);
        loop {
            let page = page(db, sql, &name, after).await?;
            let is_last = page.len() < PAGE;
            count = count.saturating_add(page.len());
            after = page.last().map_or(after, |link| link.seq);
            all.extend(page.into_iter().map(|link| (link.seq, link)));
            if is_last {
                break;
            }
            if count >= EXPORTED_MAX {
                is_whole = false;
                break;
            }
        }
    }
    let entries = all.values().map(|link| shown(link, &name)).collect();
    Ok((entries, is_whole))
}

async fn page(db: &Db, sql: &'static Sql, name: &str, after: i64) -> Result<Vec<Link>> {
    let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let calls = vec![Call::new(sql, [name.into(), after.into(), limit.into()])];
    let deadline = db.deadline();
    let read = db.audit().read(Scope::Nobody, calls, &deadline);
    let rows = read.await?;
    Ok(rows.iter().flatten().map(link).collect::<Outcome<_>>()?)
}

fn shown(link: &Link, name: &str) -> Json {
    let Entry {
        at,
        organisation,
        actor,
        role,
        what,
        operation,
        target,
        code,
        reason,
        ..
    } = &link.entry;
    let said = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    json!({
        "number": link.seq,
        "at": at,
        "organisation": i64::from(*organisation),
        "actor": (actor == name).then_some(name),
        "role": role,
        "what": what.name(),
        "operation": operation,
        "target": said(target),
        "code": said(code),
        "reason": said(reason),
    })
}
