//! Runs one saga from where its journal stands, for as long as steps answer at once.
//!
//! Every turn of a step becomes one commit that moves the journal, or joins the next one. Whoever finds the journal
//! moved by somebody else stops: that one goes on.

use std::borrow::Cow;
use std::time::Duration;

use base::{Error, Result, Time, codes};
use store::{Commit, Failure};

use super::handed::Handed;
use super::inspect::NO_WAY_BACK;
use super::journal::{Journal, LEASE, PARKED};
use super::keys::{Direction, key};
use super::queue::{Held, Taken};
use super::script::{At, Call, Plot, Step, Turn, Written};
use super::store::{END, FAIL, MOVE};
use super::trial::{Fate, Moment};
use super::work::Inner;
use crate::handle::{call, told};
use crate::stop::Stop;

/// How often a saga is taken over in one step before it is parked: something in it ends the process.
const TAKEN_MAX: i64 = 100;
/// How often a step runs again at once because a guard of its own was refused: what it had read was old.
const STALE_MAX: u32 = 3;
/// The shortest wait, so that a step that never waits does not turn in circles.
const WAIT_MIN: Duration = Duration::from_millis(5);

/// How a run of a saga ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stood {
    /// All steps are done.
    Done,
    /// Everything that was done is undone.
    Undone,
    /// It asks again later.
    Waits,
    /// A step erred and is tried again later.
    Erred,
    /// It waits for an operator.
    Parked,
    /// Somebody else has it, or there is no such saga that could run.
    Lost,
    /// The process is about to end; the saga goes on elsewhere.
    Stopped,
    /// Our own database is away; the saga goes on when its lease has run out.
    Away,
}

impl Stood {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Stood::Done => "done",
            Stood::Undone => "undone",
            Stood::Waits => "waits",
            Stood::Erred => "erred",
            Stood::Parked => "parked",
            Stood::Lost => "lost",
            Stood::Stopped => "stopped",
            Stood::Away => "away",
        }
    }
}

/// One saga at work.
pub(crate) struct Run<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) plot: &'a Plot,
    pub(crate) stop: &'a Stop,
    /// As it is stored.
    stored: Journal,
    /// As it will be when what is carried is stored.
    now: Journal,
    /// What steps that need not be waited for have put together.
    carried: Option<Commit>,
    /// What the last step handed on to the next.
    handed: Handed,
    /// The step that was called last.
    last: Option<Called>,
}

/// What follows a step.
enum Next {
    Step,
    End(Stood),
}

/// Why a run does not simply go on.
enum Halt {
    /// Somebody else moved or claimed the saga.
    Lost,
    /// Our own database is away.
    Away(Failure),
    /// What a step had read was old by the time its effect came to be stored.
    Stale(Error),
    /// A step failed, or its effect cannot be stored.
    Erred(Error),
}

/// A step in one direction.
#[derive(Clone)]
struct Called {
    name: &'static str,
    place: i64,
    direction: Direction,
    /// Whether there is no way back from here.
    must: bool,
    function: Call,
}

impl<'a> Run<'a> {
    pub(crate) fn new(inner: &'a Inner, plot: &'a Plot, stop: &'a Stop, taken: Taken) -> Self {
        Run {
            inner,
            plot,
            stop,
            stored: taken.journal.clone(),
            now: taken.journal,
            carried: None,
            handed: taken.handed,
            last: None,
        }
    }

    /// Goes on until the saga ends, waits, or is somebody else's.
    pub(crate) async fn on(mut self) -> Result<Stood> {
        let mut stale = 0;
        if self.stored.tries > TAKEN_MAX {
            return self
                .park("those who were at this step ended too often")
                .await;
        }
        let (place, way) = (self.stored.place(), self.stored.direction);
        if way == Direction::Back && !self.plot.goes_back(place) {
            return self.no_way_back().await;
        }
        loop {
            if self.stop.is_stopping() {
                return Ok(Stood::Stopped);
            }
            let outcome = match self.step() {
                Ok(step) => self.turn(step).await,
                Err(over) => self.end(over).await,
            };
            match outcome {
                Ok(Next::Step) => stale = 0,
                Ok(Next::End(stood)) => return Ok(stood),
                Err(Halt::Lost) => return Ok(Stood::Lost),
                Err(Halt::Away(failure)) => {
                    tracing::warn!(saga = ?self.stored.id, %failure, "a saga waits for the database");
                    return Ok(Stood::Away);
                }
                Err(Halt::Stale(_)) if stale < STALE_MAX => {
                    stale = stale.saturating_add(1);
                    self.back_to_stored();
                }
                Err(Halt::Stale(error) | Halt::Erred(error)) => return self.erred(&error).await,
            }
        }
    }

    /// The step that is to be called now, or how the saga ended when there is none.
    fn step(&mut self) -> std::result::Result<Called, Stood> {
        loop {
            let place = self.now.place();
            let found = self.plot.steps.get(place);
            match (self.now.direction, found) {
                (Direction::Forward, Some(step)) => return Ok(self.called(step, &step.run)),
                (Direction::Forward, None) => return Err(Stood::Done),
                (Direction::Back, None) => return Err(Stood::Undone),
                (Direction::Back, Some(step)) => match &step.undo {
                    Some(undo) => return Ok(self.called(step, undo)),
                    None => self.now.step = self.now.step.saturating_sub(1),
                },
            }
        }
    }

    fn called(&self, step: &Step, function: &Call) -> Called {
        let direction = self.now.direction;
        Called {
            name: step.name,
            place: self.now.step,
            direction,
            must: direction == Direction::Back || step.undo.is_none(),
            function: function.clone(),
        }
    }

    /// Calls a step and stores what came of it.
    async fn turn(&mut self, called: Called) -> std::result::Result<Next, Halt> {
        self.last = Some(called.clone());
        let commit = match &self.carried {
            Some(commit) => commit.clone(),
            None => self.inner.db().new_commit(self.now.organisation),
        };
        let turn = self.ask(&called, commit).await.map_err(Halt::Erred)?;
        match turn {
            Turn::Over(commit, _) if called.direction == Direction::Forward => {
                self.close(commit, Stood::Done).await
            }
            Turn::Over(commit, written) => self.go_on(commit, written, Handed::default()).await,
            Turn::Done(commit, written, hands) => self.go_on(commit, written, hands).await,
            Turn::Then(commit, written, hands) => match self.pass(written) {
                Some(stood) => self.close(commit, stood).await,
                None if self.may_join() => {
                    self.carried = Some(self.own(commit)?);
                    self.hand(hands);
                    Ok(Next::Step)
                }
                None => self.store(commit, hands).await.map(|()| Next::Step),
            },
            Turn::Wait(time, written) => {
                self.wait(time, written).await?;
                Ok(Next::End(Stood::Waits))
            }
            Turn::Failed(commit, written, why) => self.failed(&called, commit, written, why).await,
        }
    }

    /// Stores a step that is done, and the end of the saga with it where it was the last.
    async fn go_on(
        &mut self,
        commit: Commit,
        written: Written,
        hands: Handed,
    ) -> std::result::Result<Next, Halt> {
        match self.pass(written) {
            Some(stood) => self.close(commit, stood).await,
            None => self.store(commit, hands).await.map(|()| Next::Step),
        }
    }

    /// Keeps what a step handed on for the next one.
    fn hand(&mut self, hands: Handed) {
        self.handed = hands.stored(self.inner.clock().now());
    }

    /// Whether the step that comes now has no effect outside its commit.
    fn may_join(&self) -> bool {
        let next = self.plot.steps.get(self.now.place());
        next.is_some_and(|step| step.joins)
    }

    /// Calls the function of a step.
    async fn ask(&self, called: &Called, commit: Commit) -> Result<Turn<Written>> {
        let at = |commit: Commit| At {
            organisation: self.now.organisation,
            saga: self.now.id,
            subject: self.now.subject,
            key: key(self.now.id, self.now.place(), self.now.direction),
            next: key(
                self.now.id,
                self.now.place().saturating_add(1),
                Direction::Forward,
            ),
            tries: if self.carried.is_some() {
                1
            } else {
                self.now.tries
            },
            reason: self.now.reason.clone(),
            error: self.now.error.clone(),
            state: self.now.state.clone(),
            commit,
            had: self.handed.young(self.inner.clock().now()),
            hands: Handed::default(),
        };
        let fate = self.fate(Moment::Call(self.now.place(), self.now.direction));
        match fate {
            Fate::On => call(&called.function, at(commit)).await,
            Fate::Fails => {
                let at = at(commit);
                let state = Written {
                    state: at.state,
                    money: self.now.money,
                };
                Ok(Turn::Failed(at.commit, state, "TRIAL".into()))
            }
            Fate::Errs => Err(trouble("the step is not reached")),
            Fate::Loses => {
                let _lost = call(&called.function, at(commit)).await;
                Err(trouble("the answer of the step is lost"))
            }
            Fate::Twice => {
                let _lost = call(&called.function, at(commit.clone())).await;
                call(&called.function, at(commit)).await
            }
            Fate::Crash => Err(trouble("a step cannot crash by itself")),
        }
    }

    /// Moves on in memory; answers how the saga ends, if that was the last.
    fn pass(&mut self, written: Written) -> Option<Stood> {
        self.keep(written);
        self.now.tries = 1;
        self.now.error.clear();
        match self.now.direction {
            Direction::Forward => {
                let steps = 1 + i64::from(base::planted("step_skipped"));
                self.now.step = self.now.step.saturating_add(steps);
            }
            Direction::Back => self.now.step = self.now.step.saturating_sub(1),
        }
        self.step().err()
    }

    fn keep(&mut self, written: Written) {
        if !base::planted("state_lost") {
            self.now.state = written.state;
        }
        self.now.money = written.money;
    }

    /// The step failed for good and left nothing: goes back, or stands where there is no way back.
    async fn failed(
        &mut self,
        called: &Called,
        commit: Commit,
        written: Written,
        why: Cow<'static, str>,
    ) -> std::result::Result<Next, Halt> {
        self.keep(written);
        if called.must {
            self.now.run_at = Time::from_micros(PARKED);
            self.now.error = short(&why);
            self.commit(commit).await?;
            self.told_parked();
            return Ok(Next::End(Stood::Parked));
        }
        (self.now.direction, self.now.reason) = (Direction::Back, short(&why));
        self.now.step = self.now.step.saturating_sub(1);
        (self.now.tries, self.now.error) = (1, String::new());
        match self.step() {
            Err(stood) => self.close(commit, stood).await,
            Ok(_) => self
                .store(commit, Handed::default())
                .await
                .map(|()| Next::Step),
        }
    }

    /// Stores what steps have put together, and that the saga asks again later. Why it was parked before, or how it erred, is
    /// said by then: what comes of asking again is nobody's word of before.
    async fn wait(&mut self, time: Duration, written: Written) -> std::result::Result<(), Halt> {
        let commit = self.take_carried();
        self.keep(written);
        self.now.error.clear();
        self.now.run_at = self.later(time.max(WAIT_MIN));
        (self.now.tries, self.now.waiting) = (0, true);
        self.commit(commit).await
    }

    /// Nothing is left to be called.
    async fn end(&mut self, stood: Stood) -> std::result::Result<Next, Halt> {
        let commit = self.take_carried();
        self.close(commit, stood).await
    }

    /// Stores the effect of a step and goes on with the saga under a lease that holds.
    async fn store(&mut self, commit: Commit, hands: Handed) -> std::result::Result<(), Halt> {
        let now = self.inner.clock().now();
        let known = self.inner.queue.until(self.now.organisation, self.now.id);
        let until = known.unwrap_or(self.stored.run_at);
        let enough = LEASE.checked_div(2).unwrap_or_default();
        let renew = until <= now || until.since(now) < enough;
        self.now.run_at = if renew { self.later(LEASE) } else { until };
        self.commit(commit).await?;
        self.inner.queue.hold(Held::of(&self.stored));
        self.hand(hands);
        Ok(())
    }

    async fn commit(&mut self, commit: Commit) -> std::result::Result<(), Halt> {
        let mut commit = self.own(commit)?;
        self.now.attempt = self.stored.attempt.saturating_add(1);
        self.stored.moves(&self.now, &mut commit);
        self.send(commit).await?;
        self.carried = None;
        self.stored = self.now.clone();
        // Whoever goes on takes the lease anew; a wait and a parked saga must not be renewed.
        self.inner.queue.release(self.now.organisation, self.now.id);
        Ok(())
    }

    async fn close(&mut self, commit: Commit, stood: Stood) -> std::result::Result<Next, Halt> {
        let mut commit = self.own(commit)?;
        if !base::planted("saga_not_ended") {
            self.stored.ends(&mut commit);
        }
        self.send(commit).await?;
        Ok(Next::End(stood))
    }

    async fn send(&self, commit: Commit) -> std::result::Result<(), Halt> {
        if self.fate(Moment::Before) == Fate::Crash {
            return Err(Halt::Lost);
        }
        let db = self.inner.db();
        let sent = db.commit(commit, &db.deadline()).await;
        if self.fate(Moment::After) == Fate::Crash {
            return Err(Halt::Lost);
        }
        match sent {
            Ok(_) => Ok(()),
            Err(Failure::Refused { name, .. }) if name == MOVE.name || name == END.name => {
                Err(Halt::Lost)
            }
            Err(
                failure @ (Failure::Unavailable(_)
                | Failure::TooLate
                | Failure::Unknown(_)
                | Failure::Moved(_)),
            ) => Err(Halt::Away(failure)),
            Err(failure @ Failure::Refused { .. }) => Err(Halt::Stale(failure.into())),
            Err(failure) => Err(Halt::Erred(failure.into())),
        }
    }

    /// A step erred: it is tried again, undone, or parked.
    async fn erred(&mut self, error: &Error) -> Result<Stood> {
        let (told, tries) = (told(error), self.stored.tries);
        let Some(last) = self.last.clone() else {
            return self.park(&told).await;
        };
        let (kind, step, back) = (
            self.plot.kind.name,
            last.name,
            last.direction == Direction::Back,
        );
        tracing::error!(kind, step, back, tries, saga = ?self.now.id, error = told, "a step of a saga erred");
        if last.must && tries >= self.inner.tries.must {
            return self.park(&told).await;
        }
        if !last.must && tries >= self.inner.tries.run {
            return self.unwind(&last, told).await;
        }
        let failures = u32::try_from(tries).unwrap_or(u32::MAX);
        let wait = self.inner.between().wait(failures, self.inner.random());
        self.note(self.later(wait), told).await?;
        Ok(Stood::Erred)
    }

    /// Nobody knows what the step did: the saga is undone from its own undo on. Nothing that was carried is stored.
    async fn unwind(&mut self, last: &Called, told: String) -> Result<Stood> {
        // What the state says of this step was not stored either.
        self.back_to_stored();
        (self.now.step, self.now.direction) = (last.place, Direction::Back);
        (self.now.tries, self.now.error, self.now.reason) = (0, told.clone(), told);
        self.now.run_at = self.inner.clock().now();
        let commit = self.inner.db().new_commit(self.now.organisation);
        match self.commit(commit).await {
            Ok(()) => Ok(Stood::Erred),
            Err(Halt::Lost) => Ok(Stood::Lost),
            Err(Halt::Away(_)) => Ok(Stood::Away),
            Err(Halt::Stale(error) | Halt::Erred(error)) => Err(error),
        }
    }

    /// Somebody had a saga undone that has nothing to undo: it stands where it stood, and is not just gone.
    async fn no_way_back(&mut self) -> Result<Stood> {
        self.now.direction = Direction::Forward;
        self.now.run_at = Time::from_micros(PARKED);
        self.now.error = NO_WAY_BACK.to_owned();
        let commit = self.inner.db().new_commit(self.now.organisation);
        match self.commit(commit).await {
            Ok(()) => {
                self.told_parked();
                Ok(Stood::Parked)
            }
            Err(Halt::Lost) => Ok(Stood::Lost),
            Err(Halt::Away(_)) => Ok(Stood::Away),
            Err(Halt::Stale(error) | Halt::Erred(error)) => Err(error),
        }
    }

    async fn park(&mut self, why: &str) -> Result<Stood> {
        self.back_to_stored();
        self.now.error = short(why);
        self.note(Time::from_micros(PARKED), self.now.error.clone())
            .await?;
        self.told_parked();
        Ok(Stood::Parked)
    }

    /// Writes beside the row how it stands, without moving it.
    async fn note(&self, run_at: Time, error: String) -> Result<()> {
        let params = [
            self.stored.organisation.into(),
            self.stored.id.into(),
            self.stored.attempt.into(),
            run_at.into(),
            error.into(),
        ];
        let (shard, _) = self.inner.db().home(self.stored.organisation)?;
        let call = store::Call::new(&FAIL, params);
        shard
            .transact(vec![call], &self.inner.db().deadline())
            .await?;
        Ok(())
    }

    fn told_parked(&self) {
        let (kind, money) = (
            self.plot.kind.name,
            self.now.money.map(|money| money.to_string()),
        );
        tracing::error!(kind, saga = ?self.now.id, money, error = self.now.error, "a saga is parked");
    }

    fn take_carried(&mut self) -> Commit {
        let carried = self.carried.take();
        carried.unwrap_or_else(|| self.inner.db().new_commit(self.now.organisation))
    }

    fn back_to_stored(&mut self) {
        self.carried = None;
        self.handed = Handed::default();
        self.now = self.stored.clone();
    }

    fn own(&self, commit: Commit) -> std::result::Result<Commit, Halt> {
        if commit.organisation() == self.now.organisation {
            return Ok(commit);
        }
        Err(Halt::Erred(Error::internal(
            codes::INTERNAL,
            "an effect belongs to the organisation of its saga",
        )))
    }

    fn later(&self, by: Duration) -> Time {
        let now = self.inner.clock().now();
        now.plus(by).unwrap_or(now)
    }

    fn fate(&self, moment: Moment) -> Fate {
        let probe = self.inner.probe.as_ref();
        probe.map_or(Fate::On, |probe| probe(moment))
    }
}

/// What is kept of a reason.
fn short(why: &str) -> String {
    const CHARS_MAX: usize = 500;
    why.chars().filter(|c| *c != '\0').take(CHARS_MAX).collect()
}

fn trouble(how: &'static str) -> Error {
    Error::unavailable(codes::UNAVAILABLE, how)
}
