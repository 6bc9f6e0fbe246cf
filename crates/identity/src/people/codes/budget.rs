//! What letters may cost on a day. Counted in the database by guarded statements, because money that is lost is lost.

use base::{Organisation, Result, Time, Trail};
use store::{Call, Db, Value};

use super::super::store as rows;

const DAY_MICROS: i64 = 86_400_000_000;
/// How many days are kept to look back at.
const DAYS_KEPT: i64 = 40;

/// What may be spent in a scope on a day.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    name: String,
    cap_micros: i64,
}

impl Scope {
    pub(super) fn region(cap_micros: i64) -> Self {
        Scope {
            name: "region".to_owned(),
            cap_micros,
        }
    }

    pub(super) fn organisation(number: Organisation, cap_micros: i64) -> Self {
        Scope {
            name: format!("organisation {number}"),
            cap_micros,
        }
    }
}

/// Money that was taken for a letter.
#[derive(Debug)]
pub(super) struct Spent {
    scopes: Vec<Scope>,
    day: i64,
    micros: i64,
}

/// Takes the price of a letter from all scopes, or from none; then it answers nothing.
pub(super) async fn spend(
    db: &Db,
    now: Time,
    micros: i64,
    scopes: Vec<Scope>,
) -> Result<Option<Spent>> {
    let day = now.as_micros().div_euclid(DAY_MICROS);
    let mut spent = Spent {
        scopes: Vec::new(),
        day,
        micros,
    };
    for scope in scopes {
        let fits = micros <= scope.cap_micros && take(db, &scope, &spent).await?;
        if !fits {
            give_back(db, &spent).await?;
            return Ok(None);
        }
        spent.scopes.push(scope);
    }
    Ok(Some(spent))
}

/// Gives back what was taken, because no letter went out.
pub(super) async fn give_back(db: &Db, spent: &Spent) -> Result<()> {
    let calls: Vec<Call> = spent
        .scopes
        .iter()
        .map(|scope| Call::new(&rows::GIVE_BACK, spent.params(scope)))
        .collect();
    if !calls.is_empty() {
        db.people().transact(calls, &db.deadline()).await.at()?;
    }
    Ok(())
}

/// Takes the price from one scope. The first of a day forgets the days that are long over.
async fn take(db: &Db, scope: &Scope, spent: &Spent) -> Result<bool> {
    let mut params = spent.params(scope).to_vec();
    params.push(scope.cap_micros.into());
    let calls = vec![Call::new(&rows::SPEND, params)];
    let answers = db.people().transact(calls, &db.deadline()).await.at()?;
    let row = answers.iter().flat_map(|answer| &answer.rows).next();
    let Some(row) = row else { return Ok(false) };
    if row.get::<i64>(0).at()? == spent.micros {
        let before = spent.day.saturating_sub(DAYS_KEPT);
        let calls = vec![Call::new(&rows::FORGET_DAYS, [before.into()])];
        db.people().transact(calls, &db.deadline()).await.at()?;
    }
    Ok(true)
}

impl Spent {
    fn params(&self, scope: &Scope) -> [Value; 3] {
        [
            scope.name.as_str().into(),
            self.day.into(),
            self.micros.into(),
        ]
    }
}

/// How long the day still lasts on which nothing more can be spent.
pub(super) fn until_tomorrow(now: Time) -> std::time::Duration {
    let gone = now.as_micros().rem_euclid(DAY_MICROS);
    let left = DAY_MICROS.saturating_sub(gone);
    std::time::Duration::from_micros(u64::try_from(left).unwrap_or_default())
}
