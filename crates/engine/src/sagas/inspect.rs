//! What operators see of sagas, and what they may do: let one run again, have it undone, take it as settled by hand.
//!
//! Each act is a part of a commit of the saga's organisation, so that whoever offers it can tell in the same commit who
//! did it and why. Each is fenced by the attempt that was shown.

use base::{Error, Money, Organisation, Result, Time, Uid, codes};
use store::{Call, Commit, Scope};

use super::journal::{Journal, PARKED};
use super::keys::Direction;
use super::store::{ABOUT, END, LIST, READ, TURN};
use super::work::Sagas;

/// What is said of a saga that has nothing to undo.
pub(crate) const NO_WAY_BACK: &str = "there is no way back from here";

/// How many are read that are about one thing.
const ABOUT_MAX: i64 = 1_000;

/// Which sagas are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that may run: at work, waiting, or to be tried again.
    Open,
    /// Those that wait for an operator.
    Parked,
}

/// How a saga stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Somebody is at it, or will be in a moment.
    Running,
    /// It waits for the outside and asks again.
    Waiting,
    /// A step erred and is tried again.
    Retrying,
    /// It waits for an operator.
    Parked,
}

/// A saga as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Whose it is.
    pub organisation: Organisation,
    /// The saga.
    pub id: Uid,
    /// Its kind.
    pub kind: String,
    /// The version of its journal.
    pub version: i64,
    /// What it is about.
    pub subject: Uid,
    /// The names of its steps; none when this version of the platform does not know them.
    pub steps: Vec<&'static str>,
    /// Whether there is something to undo from where it stands. What this version does not know is taken to have it: whoever
    /// knows it finds out.
    pub can_go_back: bool,
    /// The place of the step whose run or undo comes next, from 0.
    pub step: usize,
    /// Which way it goes.
    pub direction: Direction,
    /// How it stands.
    pub standing: Standing,
    /// When it goes on, at the latest; nobody knows when it is parked.
    pub run_at: Option<Time>,
    /// Larger with every move and every claim.
    pub attempt: i64,
    /// How often this step was tried.
    pub tries: i64,
    /// How the last try erred, or why it is parked.
    pub error: String,
    /// Why it is being undone.
    pub reason: String,
    /// The money that is at stake.
    pub money: Option<Money>,
    /// What it remembers, as JSON; ids and sums.
    pub state: String,
    /// When it was begun.
    pub begun_at: Time,
}

impl Shown {
    /// Lets it run again from where it stands, the way it was going, with all its tries.
    pub fn retry(&self, commit: &mut Commit) {
        let (direction, reason) = (self.direction, self.reason.clone());
        self.turn(direction, reason, commit);
    }

    /// Has it undone, beginning with the step at which it stands.
    ///
    /// # Errors
    /// It is being undone already, or none of the steps up to this one can be undone: it would just be gone.
    pub fn compensate(&self, reason: &str, commit: &mut Commit) -> Result<()> {
        if self.direction == Direction::Back {
            return Err(Error::conflict(
                codes::REFUSED,
                "the saga is being undone already",
            ));
        }
        if !self.can_go_back {
            let said = format!("{NO_WAY_BACK}: let it run again, or settle it by hand");
            return Err(Error::conflict(codes::REFUSED, said));
        }
        self.turn(Direction::Back, reason.to_owned(), commit);
        Ok(())
    }

    /// Ends it as it stands: somebody has put right by hand what it could not.
    ///
    /// # Errors
    /// It is not parked: it may still do something by itself.
    pub fn settle(&self, commit: &mut Commit) -> Result<()> {
        if self.standing != Standing::Parked {
            return Err(Error::conflict(
                codes::REFUSED,
                "only a parked saga can be settled by hand",
            ));
        }
        commit.guard(&END, [self.id.into(), self.attempt.into()]);
        Ok(())
    }

    fn turn(&self, direction: Direction, reason: String, commit: &mut Commit) {
        let now = commit.at();
        let params = [
            self.id.into(),
            self.attempt.into(),
            direction.number().into(),
            reason.into(),
            now.into(),
        ];
        commit.guard(&TURN, params);
    }
}

impl Sagas {
    /// Reads on in the sagas of all organisations, the oldest first, after the one that is named by its time and id.
    ///
    /// # Errors
    /// A database is away.
    pub async fn list(
        &self,
        which: Which,
        after: Option<(Time, Uid)>,
        limit: usize,
    ) -> Result<Vec<Shown>> {
        let (low, high) = match which {
            Which::Open => (i64::MIN, PARKED.saturating_sub(1)),
            Which::Parked => (PARKED, PARKED),
        };
        let (time, id) = after.unwrap_or((Time::from_micros(i64::MIN), Uid::from_bytes([0; 16])));
        let limit_rows = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut all = Vec::new();
        for database in self.0.db().shards().values() {
            let params = [
                low.into(),
                high.into(),
                time.into(),
                id.into(),
                limit_rows.into(),
            ];
            let (calls, deadline) = (vec![Call::new(&LIST, params)], self.0.db().deadline());
            for row in database
                .read(Scope::Nobody, calls, &deadline)
                .await?
                .iter()
                .flatten()
            {
                all.push(self.shown(Journal::read(row)?));
            }
        }
        all.sort_by_key(|shown| (shown.begun_at, shown.id));
        all.truncate(limit);
        Ok(all)
    }

    /// One saga; none when it has ended.
    ///
    /// # Errors
    /// The database is away.
    pub async fn find(&self, organisation: Organisation, saga: Uid) -> Result<Option<Shown>> {
        let rows = self.0.db().rows(organisation, &READ, [saga.into()]).await?;
        let journal = rows.first().map(Journal::read).transpose()?;
        Ok(journal.map(|journal| self.shown(journal)))
    }

    /// The sagas about one thing that have not ended, the oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn about(&self, subject: Uid) -> Result<Vec<Shown>> {
        let params = [subject.into(), ABOUT_MAX.into()];
        let rows = self.0.db().rows(subject.organisation(), &ABOUT, params);
        let mut all = Vec::new();
        for row in &rows.await? {
            all.push(self.shown(Journal::read(row)?));
        }
        Ok(all)
    }

    fn shown(&self, journal: Journal) -> Shown {
        let plot = self.0.plot(&journal.kind, journal.version);
        let parked = journal.run_at.as_micros() == PARKED;
        let standing = match (parked, journal.waiting, journal.error.is_empty()) {
            (true, _, _) => Standing::Parked,
            (false, true, _) => Standing::Waiting,
            (false, false, false) => Standing::Retrying,
            (false, false, true) => Standing::Running,
        };
        Shown {
            can_go_back: plot
                .as_ref()
                .is_none_or(|plot| plot.goes_back(journal.place())),
            steps: plot.map_or(Vec::new(), |plot| {
                plot.steps.iter().map(|step| step.name).collect()
            }),
            step: journal.place(),
            run_at: (!parked).then_some(journal.run_at),
            organisation: journal.organisation,
            id: journal.id,
            kind: journal.kind,
            version: journal.version,
            subject: journal.subject,
            direction: journal.direction,
            standing,
            attempt: journal.attempt,
            tries: journal.tries,
            error: journal.error,
            reason: journal.reason,
            money: journal.money,
            state: journal.state,
            begun_at: journal.begun_at,
        }
    }
}
