//! White label: names of hosts that lead to an organisation.
//!
//! They are kept in the control database, for a request names no organisation but by its host. Every node holds them
//! all in memory and asks each second for what has changed. Operators give and take them; each time the log of the
//! organisation says so: `organisation.host_added`, `organisation.host_removed`, every act a stream of its own.

mod http;
mod store;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ::store::{Call, Db, Migration, Outcome, Part, Row, Scope, Sql, Value};
use base::{Clock, Error, Organisation, Page, Random, Result, Time, Trail as _, Uid, codes};
use domain::organisations::{Host, OrganisationId};
use edge::Hosts;
use engine::Stop;
use serde::Serialize;
use slice::Ask;
use utoipa::ToSchema;

use super::app::{house, missing};
pub use http::routes;

/// How often a node asks for what has changed.
const LOOK: Duration = Duration::from_secs(1);
/// How many changes are read at once.
const CHANGES_AT_ONCE: i64 = 1_000;
/// How many hosts an organisation may have.
const HOSTS_MAX: usize = 100;

/// What hosts bring to the control database.
pub static CONTROL: Part = Part {
    name: "hosts",
    tables: &[&store::HOSTS, &store::CHANGES],
    statements: &[
        &store::NEXT,
        &store::PUT,
        &store::REMOVE,
        &store::READ,
        &store::LIST,
        &store::READ_CHANGES,
    ],
    migrations: &[Migration {
        number: 1,
        name: "hosts",
        sqlite: include_str!("../../../migrations/hosts/sqlite/0001_hosts.sql"),
        postgres: include_str!("../../../migrations/hosts/postgres/0001_hosts.sql"),
    }],
};

/// The use cases of hosts, and what this node knows of them. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    random: Random,
    known: RwLock<Known>,
}

/// All names that lead somewhere, and the number of the last change that was seen.
#[derive(Default)]
struct Known {
    hosts: HashMap<String, Organisation>,
    version: i64,
}

/// A name of a host that leads to an organisation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HostView {
    /// The name.
    #[schema(max_length = 253)]
    host: String,
    /// Since when it leads there.
    #[schema(value_type = String, format = DateTime)]
    since: Time,
}

/// What the log says of a host.
#[derive(Serialize)]
struct About<'a> {
    host: &'a str,
}

impl App {
    /// The use cases over these databases. It knows no host before the first look.
    #[must_use]
    pub fn new(db: &Db, clock: &Clock, random: &Random) -> Self {
        App(Arc::new(Inner {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            known: RwLock::default(),
        }))
    }

    /// Learns what has changed, each second until the stop.
    ///
    /// # Errors
    /// None: while the control database is away, what is known stays in force.
    pub async fn follow(self, stop: Stop) -> Result<()> {
        let mut was_away = false;
        loop {
            let looked = self.look().await;
            if let (Err(error), false) = (&looked, was_away) {
                tracing::warn!(%error, "the hosts cannot be read; those that are known stay in force");
            }
            was_away = looked.is_err();
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Learns what has changed since the last look.
    ///
    /// # Errors
    /// The control database is away.
    pub async fn look(&self) -> Result<()> {
        loop {
            let version = self
                .0
                .known
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .version;
            let params = [version.into(), CHANGES_AT_ONCE.into()];
            let news = self.read(&store::READ_CHANGES, params).await?;
            let is_last = i64::try_from(news.len()).is_ok_and(|count| count < CHANGES_AT_ONCE);
            self.learn(&news).at()?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Leads a name to an organisation. Again is the same.
    pub(crate) async fn put(&self, ask: &Ask, id: OrganisationId, host: &Host) -> Result<HostView> {
        let (db, number) = (&self.0.db, self.number(id).await?);
        let own = self.list(id).await?.items;
        if let Some(known) = own.iter().find(|known| known.host == host.as_str()) {
            return Ok(known.clone());
        }
        if own.len() >= HOSTS_MAX {
            let said = format!("an organisation has at most {HOSTS_MAX} hosts");
            return Err(Error::conflict(codes::PLAN_LIMIT, said));
        }
        let since = self.0.clock.now();
        let params: [Value; 4] = [
            host.as_str().into(),
            number.into(),
            since.into(),
            ask.actor.as_str().into(),
        ];
        let is_done = self.change(Call::new(&store::PUT, params)).await?;
        // Who sent the same at the same time has it now.
        if !is_done && self.leads_to(host).await? != Some(number) {
            let said = "the host leads to another organisation";
            return Err(Error::conflict(codes::HOST_TAKEN, said));
        }
        self.note(ask, number, ("organisation.host_added", host))
            .await?;
        tracing::debug!(region = db.region(), "a host was added");
        Ok(HostView {
            host: host.as_str().to_owned(),
            since,
        })
    }

    /// Takes a name away from an organisation.
    pub(crate) async fn remove(&self, ask: &Ask, id: OrganisationId, host: &Host) -> Result<()> {
        let number = self.number(id).await?;
        let params: [Value; 4] = [
            host.as_str().into(),
            number.into(),
            self.0.clock.now().into(),
            ask.actor.as_str().into(),
        ];
        if !self.change(Call::new(&store::REMOVE, params)).await? {
            return Err(missing());
        }
        self.note(ask, number, ("organisation.host_removed", host))
            .await
    }

    /// Lists the names that lead to an organisation, in their order.
    pub(crate) async fn list(&self, id: OrganisationId) -> Result<Page<HostView>> {
        let number = self.number(id).await?;
        let limit = i64::try_from(HOSTS_MAX).unwrap_or(i64::MAX);
        let found = self
            .read(&store::LIST, [number.into(), limit.into()])
            .await?;
        let shown = |row: &Row| {
            Ok(HostView {
                host: row.get(0)?,
                since: row.get(1)?,
            })
        };
        let items: Outcome<Vec<HostView>> = found.iter().map(shown).collect();
        Ok(Page {
            items: items.at()?,
            next: None,
        })
    }

    async fn number(&self, id: OrganisationId) -> Result<Organisation> {
        let found = house(&self.0.db, id.organisation()).await?;
        let found = found.filter(|found| found.id == id).ok_or_else(missing)?;
        Ok(found.id.organisation())
    }

    async fn leads_to(&self, host: &Host) -> Result<Option<Organisation>> {
        let found = self.read(&store::READ, [host.as_str().into()]).await?;
        found.first().map(|row| row.get(2)).transpose().at()
    }

    /// Makes one change under the next number, and learns it; says whether it has changed anything.
    async fn change(&self, call: Call) -> Result<bool> {
        let db = &self.0.db;
        let calls = vec![Call::new(&store::NEXT, []), call];
        let answers = db.control().transact(calls, &db.deadline()).await.at()?;
        self.look().await?;
        Ok(answers.last().is_some_and(|answer| !answer.rows.is_empty()))
    }

    async fn note(
        &self,
        ask: &Ask,
        number: Organisation,
        (kind, host): (&'static str, &Host),
    ) -> Result<()> {
        let Inner {
            db, clock, random, ..
        } = &*self.0;
        let mut commit = db.new_commit(number);
        let stream = Uid::make(clock, random, number);
        let about = About {
            host: host.as_str(),
        };
        let event = ask.event(&commit, (stream, 1), kind, &about)?;
        commit.event(event);
        db.commit(commit, &db.deadline()).await.at()?;
        Ok(())
    }

    async fn read(&self, sql: &'static Sql, params: impl Into<Vec<Value>>) -> Result<Vec<Row>> {
        let (db, calls) = (&self.0.db, vec![Call::new(sql, params)]);
        let control = db.control();
        let rows = control
            .read(Scope::Nobody, calls, &db.deadline())
            .await
            .at()?;
        Ok(rows.into_iter().flatten().collect())
    }

    fn learn(&self, news: &[Row]) -> Outcome<()> {
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        for row in news {
            let (host, number, version) = (row.get::<String>(0)?, row.get(1)?, row.get(2)?);
            match number {
                Some(number) => known.hosts.insert(host, number),
                None => known.hosts.remove(&host),
            };
            known.version = known.version.max(version);
        }
        Ok(())
    }
}

impl Hosts for App {
    fn of(&self, host: &str) -> Option<Organisation> {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
        known.hosts.get(host).copied()
    }
}
