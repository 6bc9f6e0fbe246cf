//! The worlds of the contract: a trial world with one organisation, and what only these tests need of it.
//!
//! [`stamp`] makes each contract test once for every engine, with the engine's name in the test's name.

mod gate;
mod tables;

use std::path::PathBuf;
use std::sync::Arc;

use base::{Clock, Organisation, Random, Time, Uid};
use futures_util::future::join_all;
use store::{Call, Commit, Committed, Db, Event, FromValue, Logged, Outcome, Settings, Sql, Value};
use testkit::trial::{self, COUNT_ORDERS, Home, READ_STOCK, SHARD};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

pub(crate) use tables::*;
pub(crate) use testkit::trial::Engine;

/// What the organisation of a world has in stock.
pub(crate) const FREE: i64 = 100;

/// A region with one shard and, in it, one organisation.
pub(crate) struct World {
    pub(crate) trial: trial::World,
    pub(crate) home: Home,
    pub(crate) engine: Engine,
}

/// Runs a contract test in a world of its own.
pub(crate) fn run(engine: Engine, test: impl AsyncFnOnce(World)) {
    run_bare(async || test(World::new(engine).await).await);
}

/// Runs a contract test that makes its world itself.
pub(crate) fn run_bare(test: impl AsyncFnOnce()) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(test());
}

impl World {
    pub(crate) async fn new(engine: Engine) -> Self {
        Self::tuned(engine, |_| {}).await
    }

    pub(crate) async fn tuned(engine: Engine, tune: impl FnOnce(&mut Settings)) -> Self {
        Self::of(trial::World::tuned(engine, tune).await, engine).await
    }

    pub(crate) async fn of(trial: trial::World, engine: Engine) -> Self {
        let home = trial.home(FREE).await;
        World {
            trial,
            home,
            engine,
        }
    }

    pub(crate) fn db(&self) -> &Db {
        &self.trial.db
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.trial.clock
    }

    pub(crate) fn random(&self) -> &Random {
        &self.trial.random
    }

    pub(crate) fn organisation(&self) -> Organisation {
        self.home.organisation
    }

    /// A new id of the organisation.
    pub(crate) fn id(&self) -> Uid {
        Uid::make(self.clock(), self.random(), self.organisation())
    }

    /// An empty commit of the organisation.
    pub(crate) fn commit(&self) -> Commit {
        self.db().new_commit(self.organisation())
    }

    /// Stores a commit.
    pub(crate) async fn store(&self, commit: Commit) -> Outcome<Committed> {
        self.db().commit(commit, &self.db().deadline()).await
    }

    /// Stores commits that all wait at the same time, so that the engine puts them into as few transactions as it
    /// can; the verdicts come in the order of the commits.
    pub(crate) async fn store_together(&self, commits: Vec<Commit>) -> Vec<Outcome<Committed>> {
        let gate = self.shut().await;
        let mut all = std::pin::pin!(join_all(
            commits.into_iter().map(|commit| self.store(commit))
        ));
        // Polled once, every commit stands in the queue.
        if let std::task::Poll::Ready(verdicts) = futures_util::poll!(all.as_mut()) {
            return verdicts;
        }
        gate.open().await;
        all.await
    }

    /// Holds everything back that would be stored on the shard.
    pub(crate) async fn shut(&self) -> gate::Gate {
        gate::Gate::shut(self).await
    }

    /// Sends commits from tasks of their own, over these handles in turn.
    pub(crate) async fn store_racing(
        &self,
        over: &[Db],
        commits: Vec<Commit>,
    ) -> Vec<Outcome<Committed>> {
        let over: Arc<[Db]> = over.into();
        let commits: Arc<[Commit]> = commits.into();
        race(commits.len(), move |at| {
            let (db, commit) = (over[at % over.len()].clone(), commits[at].clone());
            async move { db.commit(commit, &db.deadline()).await }
        })
        .await
    }

    /// The first column of the first row of a statement.
    pub(crate) async fn one<T: FromValue>(
        &self,
        sql: &'static Sql,
        params: impl Into<Vec<Value>>,
    ) -> Option<T> {
        self.one_of(self.organisation(), sql, params).await
    }

    /// The same for another organisation.
    pub(crate) async fn one_of<T: FromValue>(
        &self,
        organisation: Organisation,
        sql: &'static Sql,
        params: impl Into<Vec<Value>>,
    ) -> Option<T> {
        let rows = self.db().rows(organisation, sql, params).await.unwrap();
        rows.first().map(|row| row.get(0).unwrap())
    }

    /// How many orders the organisation has.
    pub(crate) async fn orders(&self) -> i64 {
        self.one(&COUNT_ORDERS, []).await.unwrap()
    }

    /// What is free of a dish.
    pub(crate) async fn free(&self, dish: Uid) -> i64 {
        self.one(&READ_STOCK, [dish.into()]).await.unwrap()
    }

    /// The position of the last event of the shard.
    pub(crate) async fn head(&self) -> i64 {
        let deadline = self.db().deadline();
        self.trial.shard().log_head(&deadline).await.unwrap()
    }

    /// All events of the shard after a position.
    pub(crate) async fn log(&self, position: i64) -> Vec<Logged> {
        let deadline = self.db().deadline();
        let log = self.trial.shard().log_after(position, 1_000_000, &deadline);
        log.await.unwrap()
    }

    /// Says on the shard where an organisation stands.
    pub(crate) async fn place(&self, organisation: Organisation, epoch: i64, state: &str) {
        let call = Call::new(
            &SET_PLACEMENT,
            [organisation.into(), epoch.into(), state.into()],
        );
        let deadline = self.db().deadline();
        let done = self.trial.shard().transact(vec![call], &deadline).await;
        assert_eq!(done.unwrap()[0].touched, 1);
    }

    /// Makes the tables of the contract's own on the shard.
    pub(crate) async fn with_samples(&self) {
        self.trial.shard().migrate(&[&CONTRACT]).await.unwrap();
    }

    /// The same settings with the shard at an address where nobody is.
    pub(crate) fn settings_without_shard(&self) -> Settings {
        let mut settings = self.trial.settings.clone();
        settings.shards.insert(SHARD.to_owned(), nowhere());
        settings
    }

    /// The databases opened with other settings.
    pub(crate) fn open(&self, settings: &Settings) -> Db {
        Db::open(settings, self.clock(), self.random()).unwrap()
    }
}

/// A folder that goes away with this value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name = format!("comanda-contract-{:016x}", Random::real().u64());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is litter, no reason to fail.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A place that refuses every connection.
pub(crate) fn nowhere() -> store::Place {
    let settings = store::postgres::Settings::at("host=127.0.0.1 port=1 dbname=nowhere");
    store::Place::Postgres(Box::new(settings))
}

/// A bare event of a stream.
pub(crate) fn event(stream: Uid, version: i64) -> Event {
    Event {
        stream,
        version,
        kind: "contract.happened",
        payload: "{}".to_owned(),
        actor: "tester".to_owned(),
        at: Time::from_micros(1_700_000_000_000_000),
        trace: String::new(),
    }
}

/// Runs so many tasks at once and gives what they answered, in their order.
pub(crate) async fn race<F>(count: usize, task: impl Fn(usize) -> F) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for at in 0..count {
        let work = task(at);
        tasks.spawn(async move { (at, work.await) });
    }
    let mut done = tasks.join_all().await;
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, answer)| answer).collect()
}

/// Stamps tests on the engines: `all` on each, `shared` where two handles can open the same databases,
/// `postgres` there only, in worlds of their own.
macro_rules! stamp {
    (
        all { $($area:ident { $($test:ident)* })* }
        shared { $($shared_area:ident { $($shared:ident)* })* }
        postgres { $($server_area:ident { $($server:ident)* })* }
    ) => {
        mod sqlite {
            $($crate::world::stamp!(@ Sqlite $area { $($test)* });)*
            $($crate::world::stamp!(@ Sqlite $shared_area { $($shared)* });)*
        }
        mod inline {
            $($crate::world::stamp!(@ Inline $area { $($test)* });)*
        }
        mod postgres {
            $($crate::world::stamp!(@ Postgres $area { $($test)* });)*
            $($crate::world::stamp!(@ Postgres $shared_area { $($shared)* });)*
            $(mod $server_area {
                $(
                    #[test]
                    fn $server() {
                        $crate::world::run_bare($crate::contract::$server_area::$server);
                    }
                )*
            })*
        }
    };
    (@ $engine:ident $area:ident { $($test:ident)* }) => {
        mod $area {
            $(
                #[test]
                fn $test() {
                    $crate::world::run($crate::world::Engine::$engine, $crate::contract::$area::$test);
                }
            )*
        }
    };
}

pub(crate) use stamp;
