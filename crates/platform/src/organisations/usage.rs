//! What an organisation has of that which its plan limits: counters that are taken by guards, never read and written.
//!
//! Taking is a part of the commit that makes the thing, giving back of the one that removes it. So of many who want
//! the last one at the same time exactly one gets it.

use base::{Error, Organisation, Result, Trail as _, codes};
use domain::organisations::{Counted, Plan};
use store::{Class, Column, Commit, Db, Failure, Fold, Folded, Logged, Outcome, Sql, Table, Value};

use super::House;

/// How much of what there is.
pub(crate) static USAGE: Table = Table::new(
    "usage",
    Class::Organisation,
    &[Column::text("what"), Column::int("used")],
    1,
    &[],
);

/// One more of `$2`, while there are fewer than `$3`. No plan holds less than one, so the first may always be.
pub(crate) static TAKE: Sql = Sql::new(
    "usage.take",
    &USAGE,
    "INSERT INTO usage (organisation, what, used) VALUES ($1, $2, 1) \
     ON CONFLICT (organisation, what) DO UPDATE SET used = usage.used + 1 WHERE usage.used < $3",
);

pub(crate) static GIVE_BACK: Sql = Sql::new(
    "usage.give_back",
    &USAGE,
    "UPDATE usage SET used = used - 1 WHERE organisation = $1 AND what = $2 AND used > 0",
);

pub(crate) static READ: Sql = Sql::new(
    "usage.read",
    &USAGE,
    "SELECT what, used FROM usage WHERE organisation = $1",
);

/// The counters, from the events by which what is counted comes and goes.
pub(crate) static FOLD: Fold = Fold {
    table: &USAGE,
    kinds: &[
        "brand.created",
        "restaurant.created",
        "member.joined",
        "member.removed",
        "key.issued",
        "key.revoked",
        "device.paired",
        "device.revoked",
    ],
    apply,
    read: &READ,
    key: 1,
};

fn apply(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let (what, more) = match event.kind.as_str() {
        "brand.created" => (Counted::Brands, 1),
        "restaurant.created" => (Counted::Restaurants, 1),
        "member.joined" => (Counted::Members, 1),
        "member.removed" => (Counted::Members, -1),
        "key.issued" => (Counted::Keys, 1),
        "key.revoked" => (Counted::Keys, -1),
        "device.paired" => (Counted::Devices, 1),
        _ => (Counted::Devices, -1),
    };
    let row = rows.entry(vec![what.name().into()]);
    let row = row.or_insert_with(|| vec![0.into()]);
    if let [Value::Int(used)] = row.as_mut_slice() {
        *used = used.saturating_add(more);
    }
    Ok(())
}

/// One more, or the commit is refused.
pub(crate) fn take(commit: &mut Commit, what: Counted, plan: Plan) {
    commit.guard(&TAKE, [what.name().into(), plan.most(what).into()]);
}

/// One less.
pub(crate) fn give_back(commit: &mut Commit, what: Counted) {
    commit.change(&GIVE_BACK, [what.name().into()]);
}

/// One member more, or the commit is refused.
pub(crate) fn take_member(commit: &mut Commit, house: &House) {
    take(commit, Counted::Members, house.plan);
}

/// One member less.
pub(crate) fn give_back_member(commit: &mut Commit) {
    give_back(commit, Counted::Members);
}

/// Says which limit a commit was refused for, if it was for that.
pub(crate) fn refused(error: Error, what: Counted, plan: Plan) -> Error {
    let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref());
    match source {
        Some(Failure::Refused { name, .. }) if *name == TAKE.name => {
            let said = format!("the plan {plan} holds {} {}", plan.most(what), what.name());
            Error::conflict(codes::PLAN_LIMIT, said.clone()).field(
                what.name(),
                codes::PLAN_LIMIT,
                said,
            )
        }
        _ => error,
    }
}

/// How many there are of everything that is counted.
pub(crate) async fn read(db: &Db, number: Organisation) -> Result<Vec<(Counted, i64)>> {
    let rows = db.rows(number, &READ, []).await.at()?;
    let mut used = Counted::ALL.map(|what| (what, 0));
    for row in &rows {
        let what: String = row.get(0)?;
        if let Some(known) = used.iter_mut().find(|(known, _)| known.name() == what) {
            known.1 = row.get(1)?;
        }
    }
    Ok(used.to_vec())
}
