//! The row of a saga: begun in a commit, read when it is claimed, moved in the commit of a step.

use std::any::Any;
use std::time::Duration;

use base::{Currency, Money, Organisation, Random, Result, Time, Uid};
use store::{Commit, Outcome, Row};

use super::handed::Handed;
use super::keys::Direction;
use super::script::{Kind, State, Written};
use super::store::{END, MOVE, SAGAS, WAKE};

/// For how long a holder has a saga without renewing. Together with the look of others, and what claiming takes, this
/// is how long a saga waits whose holder died: two seconds at most.
pub(crate) const LEASE: Duration = Duration::from_millis(1_400);

/// Where parked sagas stand: at the end of time.
pub(crate) const PARKED: i64 = i64::MAX;

/// A saga to begin.
#[derive(Clone, Debug)]
pub struct Saga {
    kind: Kind,
    subject: Uid,
    written: Written,
}

impl Saga {
    /// A saga of a kind about something.
    ///
    /// # Errors
    /// The state cannot be written as JSON: a mistake of its type.
    pub fn new<S: State>(kind: &Kind, subject: Uid, state: &S) -> Result<Self> {
        Ok(Saga {
            kind: *kind,
            subject,
            written: Written::of(state)?,
        })
    }

    /// Begins it when the commit is stored. Give the answer to [`super::Sagas::go`] then; if that does not happen,
    /// somebody finds the row within two seconds.
    pub fn begin(self, random: &Random, commit: &mut Commit) -> Begun {
        let (at, organisation) = (commit.at(), commit.organisation());
        let id = Uid::make(&base::Clock::fixed(at), random, organisation);
        let journal = Journal {
            organisation,
            id,
            kind: self.kind.name.to_owned(),
            version: self.kind.version,
            subject: self.subject,
            state: self.written.state,
            money: self.written.money,
            step: 0,
            direction: Direction::Forward,
            run_at: at.plus(LEASE).unwrap_or(at),
            attempt: 1,
            tries: 1,
            waiting: false,
            error: String::new(),
            reason: String::new(),
            begun_at: at,
        };
        let (minor, currency) = cells(journal.money);
        commit.insert(
            &SAGAS,
            [
                id.into(),
                self.kind.name.into(),
                self.kind.version.into(),
                self.subject.into(),
                journal.state.as_str().into(),
                0_i64.into(),
                journal.direction.number().into(),
                journal.run_at.into(),
                journal.attempt.into(),
                journal.tries.into(),
                false.into(),
                "".into(),
                "".into(),
                minor.into(),
                currency.into(),
                at.into(),
            ],
        );
        Begun {
            id,
            journal,
            handed: Handed::default(),
        }
    }
}

/// A saga that a commit begins, in the hands of who begins it.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The saga.
    pub id: Uid,
    pub(crate) journal: Journal,
    pub(crate) handed: Handed,
}

impl Begun {
    /// Hands something to the first step, which finds it by [`super::At::had`] as long as it is young. To be said when the
    /// commit is stored, and of what that commit has stored.
    #[must_use]
    pub fn hand<T: Any + Send + Sync>(self, thing: T, stored_at: Time) -> Self {
        Begun {
            handed: Handed::new(thing).stored(stored_at),
            ..self
        }
    }
}

/// Has a saga that waits asked again at once when the commit is stored; one that has ended is left alone.
pub fn wake(saga: Uid, commit: &mut Commit) {
    let now = commit.at();
    commit.change(&WAKE, [saga.into(), now.into(), PARKED.into()]);
}

/// A row of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Journal {
    pub(crate) organisation: Organisation,
    pub(crate) id: Uid,
    pub(crate) kind: String,
    pub(crate) version: i64,
    pub(crate) subject: Uid,
    pub(crate) state: String,
    pub(crate) money: Option<Money>,
    pub(crate) step: i64,
    pub(crate) direction: Direction,
    pub(crate) run_at: Time,
    pub(crate) attempt: i64,
    pub(crate) tries: i64,
    pub(crate) waiting: bool,
    pub(crate) error: String,
    pub(crate) reason: String,
    pub(crate) begun_at: Time,
}

impl Journal {
    pub(crate) fn read(row: &Row) -> Outcome<Self> {
        let (minor, currency): (i64, String) = (row.get(14)?, row.get(15)?);
        let currency: Option<Currency> = currency.parse().ok();
        Ok(Journal {
            organisation: row.get(0)?,
            id: row.get(1)?,
            kind: row.get(2)?,
            version: row.get(3)?,
            subject: row.get(4)?,
            state: row.get(5)?,
            money: currency.map(|currency| Money::new(minor, currency)),
            step: row.get(6)?,
            direction: Direction::of(row.get(7)?),
            run_at: row.get(8)?,
            attempt: row.get(9)?,
            tries: row.get(10)?,
            waiting: row.get(11)?,
            error: row.get(12)?,
            reason: row.get(13)?,
            begun_at: row.get(16)?,
        })
    }

    /// Writes `next` over this row when the commit is stored, if nobody else has moved or claimed it since.
    pub(crate) fn moves(&self, next: &Journal, commit: &mut Commit) {
        let (minor, currency) = cells(next.money);
        commit.guard(
            &MOVE,
            [
                self.id.into(),
                self.attempt.into(),
                next.state.as_str().into(),
                next.step.into(),
                next.direction.number().into(),
                next.run_at.into(),
                next.tries.into(),
                next.waiting.into(),
                next.error.as_str().into(),
                next.reason.as_str().into(),
                minor.into(),
                currency.into(),
            ],
        );
    }

    /// Ends the saga when the commit is stored, if nobody else has moved or claimed it since.
    pub(crate) fn ends(&self, commit: &mut Commit) {
        commit.guard(&END, [self.id.into(), self.attempt.into()]);
    }

    /// The place of the step in its script; a row that says anything else has none.
    pub(crate) fn place(&self) -> usize {
        usize::try_from(self.step).unwrap_or(usize::MAX)
    }
}

fn cells(money: Option<Money>) -> (i64, &'static str) {
    money.map_or((0, ""), |money| (money.minor(), money.currency().code()))
}
