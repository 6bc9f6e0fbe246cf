//! Faults at every point of a saga, alone and in pairs, for the proof that none of them leaves anything behind.
//!
//! A slice describes a [`Stage`]: its scripts, how one saga is begun, and what is left that must not be. [`exhaust`]
//! begins a saga for each case, breaks it there, and lets it be taken over until it has ended.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::{Error, Organisation, Result, Uid, codes};

use super::inspect::{Shown, Standing};
use super::keys::Direction;
use super::run::Stood;
use super::work::{Known, Pace, Parts, Sagas};

/// More runs than any saga of a case needs.
const RUNS_MAX: usize = 100;

/// A point of a run at which something can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A step is about to be called: its place and its direction.
    Call(usize, Direction),
    /// A commit that moves the journal is about to be sent.
    Before,
    /// Such a commit is stored.
    After,
}

/// What happens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing special.
    On,
    /// The step says that it failed, and was not called.
    Fails,
    /// The step errs, and was not called.
    Errs,
    /// The step is called, and its answer is lost.
    Loses,
    /// The step is called twice, and its second answer counts.
    Twice,
    /// The process ends.
    Crash,
}

/// Says what happens at each point.
pub(crate) type Probe = Arc<dyn Fn(Moment) -> Fate + Send + Sync>;

/// A fault that can be put to a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The step fails without ever having been called.
    Fails,
    /// The step errs once without having been called.
    Errs,
    /// The step is done once, and its answer is lost.
    Loses,
    /// The step is done twice.
    Twice,
    /// The step is never reached, until an operator has mended it.
    Unreached,
    /// The step is done each time, and its answer always lost, until an operator has mended it.
    Unanswered,
    /// The process ends.
    Crash,
}

impl Fault {
    const OF_A_STEP: [Fault; 6] = [
        Fault::Fails,
        Fault::Errs,
        Fault::Loses,
        Fault::Twice,
        Fault::Unreached,
        Fault::Unanswered,
    ];

    /// What can go wrong at a point. An undo never says that it cannot be done: it is tried until it is.
    fn at(moment: Moment) -> &'static [Fault] {
        match moment {
            Moment::Call(_, Direction::Forward) => &Self::OF_A_STEP,
            Moment::Call(_, Direction::Back) => Self::OF_A_STEP.get(1..).unwrap_or(&[]),
            Moment::Before | Moment::After => &[Fault::Crash],
        }
    }
}

/// What is put to the proof.
pub trait Stage: Sync {
    /// The sagas as they are shipped, over an outside that counts.
    fn scripts(&self) -> Vec<Known>;

    /// Stores the beginning of a saga about something new, and names it.
    fn begin(&self) -> impl Future<Output = Result<(Organisation, Uid)>> + Send;

    /// What is not as it must be, now that a saga has ended: neither all done nor all undone.
    fn leftovers(&self, saga: Uid) -> impl Future<Output = Result<Vec<String>>> + Send;
}

/// What came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Sagas that were run, each with faults of its own.
    pub cases: usize,
    /// Those with two faults.
    pub pairs: usize,
    /// Those that were parked on their way, and mended.
    pub parked: usize,
    /// What was wrong: the faults, and what they left.
    pub wrong: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cases, pairs, parked) = (self.cases, self.pairs, self.parked);
        write!(
            f,
            "{cases} cases, {pairs} of them pairs, {parked} parked and mended"
        )?;
        self.wrong
            .iter()
            .try_for_each(|wrong| write!(f, "\n  {wrong}"))
    }
}

/// Breaks sagas of a stage at every point in every way.
///
/// # Errors
/// The stage itself failed, or a database is away.
pub async fn each(parts: Parts, stage: &impl Stage) -> Result<Report> {
    let (trial, mut report) = (Trial::new(parts, stage)?, Report::default());
    trial.singles(&mut report).await?;
    Ok(report)
}

/// Breaks sagas of a stage at every point, and at every pair of points, in every way.
///
/// # Errors
/// The stage itself failed, or a database is away.
pub async fn exhaust(parts: Parts, stage: &impl Stage) -> Result<Report> {
    let (trial, mut report) = (Trial::new(parts, stage)?, Report::default());
    for (first, after) in trial.singles(&mut report).await? {
        for (at, moment) in after.iter().enumerate().skip(first.0.saturating_add(1)) {
            for fault in Fault::at(*moment) {
                trial.case(&[first, (at, *fault)], &mut report).await?;
                report.pairs = report.pairs.saturating_add(1);
            }
        }
    }
    Ok(report)
}

/// The faults of one case, and what was passed in it.
#[derive(Default)]
struct Case {
    faults: Vec<(usize, Fault)>,
    passed: Vec<Moment>,
    /// The steps that were called: what they did outside is there, and none of them could say that it failed.
    called: BTreeSet<(usize, Direction)>,
    unreached: BTreeSet<(usize, Direction)>,
    unanswered: BTreeSet<(usize, Direction)>,
}

impl Case {
    fn fate(&mut self, moment: Moment) -> Fate {
        let at = self.passed.len();
        self.passed.push(moment);
        let fault = self.faults.iter().find(|(place, _)| *place == at);
        let fate = match (moment, fault) {
            (_, None) => Fate::On,
            (_, Some((_, Fault::Crash))) => Fate::Crash,
            (_, Some((_, Fault::Fails))) => Fate::Fails,
            (_, Some((_, Fault::Errs))) => Fate::Errs,
            (_, Some((_, Fault::Loses))) => Fate::Loses,
            (_, Some((_, Fault::Twice))) => Fate::Twice,
            (Moment::Call(step, way), Some((_, Fault::Unreached))) => {
                self.unreached.insert((step, way));
                Fate::Errs
            }
            (Moment::Call(step, way), Some((_, Fault::Unanswered))) => {
                self.unanswered.insert((step, way));
                Fate::Loses
            }
            (Moment::Before | Moment::After, Some(_)) => Fate::On,
        };
        let Moment::Call(step, way) = moment else {
            return fate;
        };
        let fate = match fate {
            _ if self.unreached.contains(&(step, way)) => Fate::Errs,
            _ if self.unanswered.contains(&(step, way)) => Fate::Loses,
            Fate::Fails if self.called.contains(&(step, way)) => Fate::On,
            fate => fate,
        };
        if matches!(fate, Fate::On | Fate::Loses | Fate::Twice) {
            self.called.insert((step, way));
        }
        fate
    }

    fn mended(&mut self) {
        self.unreached.clear();
        self.unanswered.clear();
    }
}

struct Trial<'a, S> {
    parts: Parts,
    stage: &'a S,
    sagas: Sagas,
    case: Arc<Mutex<Case>>,
}

impl<'a, S: Stage> Trial<'a, S> {
    fn new(parts: Parts, stage: &'a S) -> Result<Self> {
        let case = Arc::new(Mutex::new(Case::default()));
        let asked = Arc::clone(&case);
        let probe: Probe = Arc::new(move |moment| lock(&asked).fate(moment));
        let sagas = Sagas::probed(parts.clone(), Pace::default(), Some(probe));
        sagas.learn(stage.scripts())?;
        Ok(Trial {
            parts,
            stage,
            sagas,
            case,
        })
    }

    /// Runs a saga without a fault, and one for each fault; answers the points that each of these passed.
    async fn singles(&self, report: &mut Report) -> Result<Vec<((usize, Fault), Vec<Moment>)>> {
        let mut singles = Vec::new();
        for (at, moment) in self.case(&[], report).await?.into_iter().enumerate() {
            for fault in Fault::at(moment) {
                let first = (at, *fault);
                singles.push((first, self.case(&[first], report).await?));
            }
        }
        Ok(singles)
    }

    /// Runs one saga with these faults to its end; answers the points that it passed.
    async fn case(&self, faults: &[(usize, Fault)], report: &mut Report) -> Result<Vec<Moment>> {
        *lock(&self.case) = Case {
            faults: faults.to_vec(),
            ..Case::default()
        };
        report.cases = report.cases.saturating_add(1);
        let (organisation, saga) = self.stage.begin().await?;
        let mut wrong = Vec::new();
        match self.to_the_end(organisation, saga).await? {
            Some(parked) => report.parked = report.parked.saturating_add(parked),
            None => wrong.push("it does not end".to_owned()),
        }
        wrong.extend(self.stage.leftovers(saga).await?);
        let passed = std::mem::take(&mut lock(&self.case).passed);
        let named = |(at, fault): &(usize, Fault)| match passed.get(*at) {
            Some(moment) => format!("{fault:?} at {moment:?} (#{at})"),
            None => format!("{fault:?} at #{at}"),
        };
        let named: Vec<String> = faults.iter().map(named).collect();
        let wrong = wrong.into_iter();
        report
            .wrong
            .extend(wrong.map(|what| format!("{}: {what}", named.join(", then "))));
        Ok(passed)
    }

    /// Lets the saga be taken over until it has ended. Where it was parked, what is broken is mended, and it is let run
    /// again. None: it does not end.
    async fn to_the_end(&self, organisation: Organisation, saga: Uid) -> Result<Option<usize>> {
        let mut parked = 0_usize;
        for _ in 0..RUNS_MAX {
            match self.sagas.drive(organisation, saga).await? {
                Stood::Done | Stood::Undone => return Ok(Some(parked)),
                Stood::Away => return Err(Error::unavailable(codes::UNAVAILABLE, "no database")),
                Stood::Waits | Stood::Erred | Stood::Stopped => continue,
                // Who died may have ended it before, or parked it.
                Stood::Parked | Stood::Lost => {}
            }
            match self.sagas.find(organisation, saga).await? {
                None => return Ok(Some(parked)),
                Some(shown) if shown.standing == Standing::Parked => {
                    parked = parked.saturating_add(1);
                    self.mend(&shown).await?;
                }
                Some(_) => {}
            }
        }
        Ok(None)
    }

    async fn mend(&self, parked: &Shown) -> Result<()> {
        lock(&self.case).mended();
        if parked.error.is_empty() {
            let said = "a parked saga does not say what it stands for";
            return Err(Error::internal(codes::INTERNAL, said));
        }
        let mut commit = self.parts.db.new_commit(parked.organisation);
        parked.retry(&mut commit);
        self.parts
            .db
            .commit(commit, &self.parts.db.deadline())
            .await?;
        Ok(())
    }
}

fn lock(case: &Mutex<Case>) -> MutexGuard<'_, Case> {
    // A case is whole after every step, so a poisoned lock spoils nothing.
    case.lock().unwrap_or_else(PoisonError::into_inner)
}
