//! Jobs of one database at work: claimed in turn, held while they are done, ended with their effect.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Error, Organisation, Random, Result, Time, Uid, codes};
use futures_util::FutureExt as _;
use store::{Call, Database, Db, Failure, Row, Scope};
use tokio::task::JoinSet;

use super::room::{BEFORE_ALL, Crowd};
use super::table::{
    AGAIN, CLAIM, END, FAIL, FAILED, GIVE_BACK, HOLD, LIST_WAITING, NEXT, RELEASE, TURN, WAITING,
};
use super::{Doing, JobHandler, JobSettings, NOBODY, Priority, Worked};
use crate::backoff::Backoff;
use crate::handle::{PANICKED, Trouble, told};
use crate::held::nap;
use crate::stop::Stop;

/// How often it is looked for jobs that are due; those that are known to come are not waited for so long.
const LOOK: Duration = Duration::from_millis(250);
/// How often it is looked whether something that others wait for has ended without their being told.
const LOOK_FOR_WAITING: Duration = Duration::from_secs(2);
/// How many that wait are looked at in one go.
const WAITING_MAX: i64 = 256;
/// How many organisations are served with one look.
const HOUSES_MAX: usize = 16;
/// For how long a job is left alone of which nobody here knows the kind.
const UNKNOWN: Duration = Duration::from_secs(15);
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// The jobs of one database at work.
#[derive(Clone)]
pub(crate) struct Crew {
    pub(crate) handlers: Arc<BTreeMap<&'static str, JobHandler>>,
    pub(crate) db: Db,
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) settings: JobSettings,
}

/// A job that was claimed.
#[derive(Clone, Debug)]
struct Claimed {
    doing: Doing,
    priority: Priority,
}

/// How the work on a job ended.
type Ended = (Claimed, Result<()>);

/// Where the look for those that wait goes on.
#[derive(Clone, Copy)]
struct Spot(i64, Uid);

impl Crew {
    /// Does what is due, until the stop.
    pub(crate) async fn run(&self, stop: &Stop) -> Result<()> {
        let mut crowd = Crowd::new(&self.settings);
        let mut under_way: JoinSet<Ended> = JoinSet::new();
        let mut claims: BTreeMap<(Organisation, Uid), Claimed> = BTreeMap::new();
        let mut spot = Spot(BEFORE_ALL, NOBODY);
        let mut looked = self.clock.elapsed();
        let mut worked = Ok(());
        while worked.is_ok() && !stop.is_stopping() {
            let claimed = self.claim(&mut crowd).await?;
            let any = !claimed.is_empty();
            for claimed in claimed {
                let key = (claimed.doing.organisation, claimed.doing.id);
                crowd.begun(key.0);
                claims.insert(key, claimed.clone());
                let this = self.clone();
                under_way.spawn(async move {
                    let ended = this.work(&claimed).await;
                    (claimed, ended)
                });
            }
            if self.clock.elapsed().saturating_sub(looked) >= LOOK_FOR_WAITING {
                looked = self.clock.elapsed();
                spot = self.look_for_waiting(spot).await?;
            }
            let wait = if any {
                Duration::from_millis(1)
            } else {
                self.pause().await?
            };
            tokio::select! {
                () = nap(stop, wait) => {}
                Some(ended) = under_way.join_next(), if !crowd.is_idle() => {
                    worked = self.note(ended, &mut crowd, &mut claims);
                }
            }
            while let Some(ended) = under_way.try_join_next() {
                worked = self.note(ended, &mut crowd, &mut claims).and(worked);
            }
        }
        self.finish(under_way, crowd, claims).await;
        worked
    }

    /// Notes that a job has ended. An error means that our own database is away; then the claim runs out.
    fn note(
        &self,
        ended: std::result::Result<Ended, tokio::task::JoinError>,
        crowd: &mut Crowd,
        claims: &mut BTreeMap<(Organisation, Uid), Claimed>,
    ) -> Result<()> {
        let (claimed, done) = ended.map_err(|error| {
            Error::internal(codes::INTERNAL, "the work on a job broke off").caused_by(error)
        })?;
        crowd.ended(claimed.doing.organisation);
        claims.remove(&(claimed.doing.organisation, claimed.doing.id));
        done
    }

    /// Lets what is under way end, and gives back the claims of what does not in time.
    async fn finish(
        &self,
        mut under_way: JoinSet<Ended>,
        mut crowd: Crowd,
        mut claims: BTreeMap<(Organisation, Uid), Claimed>,
    ) {
        let all = async {
            while let Some(ended) = under_way.join_next().await {
                // The next look would have found the same; there is none.
                let _noted = self.note(ended, &mut crowd, &mut claims);
            }
        };
        let _in_time = tokio::time::timeout(self.settings.stop_within, all).await;
        drop(under_way);
        for claimed in claims.values() {
            // If this fails, the claim runs out by itself.
            let _given_back = self.give_back(&claimed.doing, self.clock.now()).await;
        }
    }

    /// How long nothing is due, as far as it is known.
    async fn pause(&self) -> Result<Duration> {
        let calls = Priority::ALL.map(|priority| Call::new(&NEXT, [priority.number().into()]));
        let deadline = self.db.deadline();
        let all = self
            .database
            .read(Scope::Nobody, calls.to_vec(), &deadline)
            .await?;
        let now = self.clock.now();
        let mut wait = LOOK;
        for row in all.iter().filter_map(|rows| rows.first()) {
            let run_at: i64 = row.get(0)?;
            // What is due already waits for room; the end of a job gives some.
            if run_at > now.as_micros() && run_at < WAITING {
                wait = wait.min(Time::from_micros(run_at).since(now));
            }
        }
        Ok(wait.max(Duration::from_millis(2)))
    }

    async fn claim(&self, crowd: &mut Crowd) -> Result<Vec<Claimed>> {
        let mut all = Vec::new();
        for priority in crowd.order() {
            let free = crowd.free(priority).saturating_sub(all.len());
            if free == 0 {
                continue;
            }
            let houses = self.houses(crowd, priority).await?;
            let mut shares = crowd.divide(priority, &houses);
            // All nodes claim in one order.
            shares.sort_unstable();
            if shares.is_empty() {
                continue;
            }
            let claimed = self.claim_of(priority, &shares).await?;
            all.extend(claimed);
            if !all.is_empty() {
                // What is less urgent comes with the next look, when it is known how much room is left.
                break;
            }
        }
        Ok(all)
    }

    /// Organisations with work that is due and room for it, from the one after the last that was served on, and round.
    async fn houses(&self, crowd: &Crowd, priority: Priority) -> Result<Vec<Organisation>> {
        let (now, last) = (self.clock.now(), crowd.last(priority));
        let mut houses = Vec::new();
        let (mut after, mut is_round) = (last, last == BEFORE_ALL);
        // Few can have their share already, so few are passed over.
        while houses.len() < HOUSES_MAX {
            let params = [priority.number().into(), after.into(), now.into()];
            let call = Call::new(&TURN, params);
            let deadline = self.db.deadline();
            let rows = self
                .database
                .read(Scope::Nobody, vec![call], &deadline)
                .await?;
            match rows.iter().flatten().next() {
                Some(row) => {
                    let house: Organisation = row.get(0)?;
                    after = i64::from(house.get());
                    if is_round && last != BEFORE_ALL && after > last {
                        break;
                    }
                    if crowd.has_room_for(house) {
                        houses.push(house);
                    }
                }
                None if is_round => break,
                None => (after, is_round) = (BEFORE_ALL, true),
            }
        }
        Ok(houses)
    }

    async fn claim_of(
        &self,
        priority: Priority,
        shares: &[(Organisation, usize)],
    ) -> Result<Vec<Claimed>> {
        let now = self.clock.now();
        let until = later(now, self.settings.lease)?;
        let calls = shares.iter().map(|(house, size)| {
            let size = i64::try_from(*size).unwrap_or(i64::MAX);
            let params = [
                priority.number().into(),
                (*house).into(),
                now.into(),
                until.into(),
                size.into(),
            ];
            Call::new(&CLAIM, params)
        });
        let deadline = self.db.deadline();
        let answers = self.database.transact(calls.collect(), &deadline).await?;
        let rows = answers.iter().flat_map(|answer| &answer.rows);
        let read = |row: &Row| Doing::read(row).map(|doing| Claimed { doing, priority });
        Ok(rows.map(read).collect::<store::Outcome<_>>()?)
    }

    /// Does one job. An error means that our own database is away; then the claim runs out.
    async fn work(&self, claimed: &Claimed) -> Result<()> {
        let Some(handler) = self.handlers.get(claimed.doing.kind.as_str()) else {
            let later = later(self.clock.now(), UNKNOWN)?;
            return self.give_back(&claimed.doing, later).await;
        };
        let how = match self.attempt(handler, claimed).await {
            Ok(how) => how,
            Err(Trouble::Away(failure)) => return Err(failure.into()),
            Err(Trouble::Failed(error)) => self.failed(handler, claimed, &error).await?,
        };
        metrics::counter!("jobs_total", "kind" => handler.kind(), "priority" => claimed.priority.name(), "how" => how)
            .increment(1);
        if how == "done" {
            self.release(claimed.doing.organisation, claimed.doing.batch)
                .await?;
        }
        Ok(())
    }

    async fn attempt(
        &self,
        handler: &JobHandler,
        claimed: &Claimed,
    ) -> std::result::Result<&'static str, Trouble> {
        let doing = &claimed.doing;
        let within = handler.within.unwrap_or(claimed.priority.within());
        let called = async { (handler.work)(doing.clone()).await };
        let called = AssertUnwindSafe(called).catch_unwind();
        let worked = tokio::select! {
            worked = tokio::time::timeout(within, called) => worked,
            () = self.hold(doing) => return Ok("lost"),
        };
        let worked = match worked {
            Ok(Ok(worked)) => worked.map_err(Trouble::Failed)?,
            Ok(Err(_)) => return Err(failed(PANICKED)),
            Err(_) => return Err(failed("it took longer than it may")),
        };
        let (mut commit, again) = match worked {
            Worked::Done => (self.db.new_commit(doing.organisation), None),
            Worked::Commit(commit) => (*commit, None),
            Worked::Again { commit, at } => (*commit, Some(at)),
        };
        if commit.organisation() != doing.organisation {
            return Err(failed("an effect belongs to the organisation of its job"));
        }
        let (id, attempt) = (doing.id.into(), doing.attempt.into());
        match again {
            None => commit.guard(&END, [id, attempt]),
            Some(at) => commit.guard(&AGAIN, [id, attempt, at.into()]),
        };
        match self.db.commit(commit, &self.db.deadline()).await {
            Ok(_) if again.is_some() => Ok("again"),
            Ok(_) => Ok("done"),
            // It was taken back, or somebody else has claimed it since, and has the right to its effect.
            Err(Failure::Refused { name, .. }) if name == END.name || name == AGAIN.name => {
                Ok("lost")
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Renews the claim for as long as it can be; ends when somebody else has the job.
    async fn hold(&self, doing: &Doing) {
        let third = self.settings.lease.checked_div(3).unwrap_or_default();
        loop {
            tokio::time::sleep(third.max(Duration::from_millis(10))).await;
            let Ok(until) = later(self.clock.now(), self.settings.lease) else {
                return;
            };
            let call = Call::new(&HOLD, moved(doing, until.as_micros()));
            let held = self
                .database
                .transact(vec![call], &self.db.deadline())
                .await;
            // While the database is away nobody else can claim it either; the guard decides in the end.
            let Ok(answers) = held else { continue };
            if answers.first().is_none_or(|answer| answer.touched == 0) {
                return;
            }
        }
    }

    /// Says when a job that failed is tried again, or puts it aside.
    async fn failed(
        &self,
        handler: &JobHandler,
        claimed: &Claimed,
        error: &Error,
    ) -> Result<&'static str> {
        let doing = &claimed.doing;
        let most = handler.tries.unwrap_or(claimed.priority.tries());
        let run_at = if doing.tries >= i64::from(most) {
            FAILED
        } else {
            let failures = u32::try_from(doing.tries).unwrap_or(u32::MAX);
            let between = Backoff {
                first: self.settings.wait,
                longest: LONGEST_WAIT,
            };
            let wait = between.wait(failures, &self.random);
            later(self.clock.now(), wait)?.as_micros()
        };
        let mut params = moved(doing, run_at).to_vec();
        params.push(told(error).into());
        let call = Call::new(&FAIL, params);
        self.database
            .transact(vec![call], &self.db.deadline())
            .await?;
        let aside = run_at == FAILED;
        tracing::error!(kind = handler.kind(), organisation = %doing.organisation, aside, error = told(error), "a job failed");
        Ok(if aside { "aside" } else { "failed" })
    }

    async fn give_back(&self, doing: &Doing, at: Time) -> Result<()> {
        let call = Call::new(&GIVE_BACK, moved(doing, at.as_micros()));
        self.database
            .transact(vec![call], &self.db.deadline())
            .await?;
        Ok(())
    }

    /// Lets those begin that waited for a batch, if nothing is left of it. Whoever ends its last job comes here after
    /// the commit, so of two that end at once the later one finds nothing left.
    async fn release(&self, house: Organisation, batch: Uid) -> Result<()> {
        let params = [
            house.into(),
            batch.into(),
            WAITING.into(),
            self.clock.now().into(),
        ];
        let call = Call::new(&RELEASE, params);
        self.database
            .transact(vec![call], &self.db.deadline())
            .await?;
        Ok(())
    }

    /// Looks whether those that wait have something left to wait for: whoever was to tell them may have died, or what
    /// they wait for had ended before they were enqueued.
    async fn look_for_waiting(&self, Spot(house, id): Spot) -> Result<Spot> {
        let params = [WAITING.into(), house.into(), id.into(), WAITING_MAX.into()];
        let call = Call::new(&LIST_WAITING, params);
        let deadline = self.db.deadline();
        let rows = self
            .database
            .read(Scope::Nobody, vec![call], &deadline)
            .await?;
        let mut last = Spot(BEFORE_ALL, NOBODY);
        let mut awaited: Vec<(Organisation, Uid)> = Vec::new();
        for row in rows.iter().flatten() {
            let house: Organisation = row.get(0)?;
            last = Spot(i64::from(house.get()), row.get(1)?);
            let awaits = (house, row.get(2)?);
            if !awaited.contains(&awaits) {
                awaited.push(awaits);
            }
        }
        for (house, batch) in awaited {
            self.release(house, batch).await?;
        }
        let all = rows.iter().flatten().count();
        let is_full = i64::try_from(all).is_ok_and(|all| all >= WAITING_MAX);
        Ok(if is_full {
            last
        } else {
            Spot(BEFORE_ALL, NOBODY)
        })
    }
}

/// Names a claim, and where it is moved.
fn moved(doing: &Doing, run_at: i64) -> [store::Value; 4] {
    [
        doing.organisation.into(),
        doing.id.into(),
        doing.attempt.into(),
        run_at.into(),
    ]
}

#[track_caller]
fn failed(said: &'static str) -> Trouble {
    Trouble::Failed(Error::internal(codes::INTERNAL, said))
}

fn later(now: Time, by: Duration) -> Result<Time> {
    now.plus(by)
        .ok_or_else(|| Error::internal(codes::INTERNAL, "a time beyond the end of time"))
}
