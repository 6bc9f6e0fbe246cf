//! The databases of one region as one thing: shards, people, control, and the directory that says what is where.

mod inline;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, KeyRing, Organisation, Random, Uid};
use futures_util::future::try_join_all;

use crate::call::{Call, Deadline, Scope};
use crate::commit::{Commit, Committed};
use crate::database::{Database, Place};
use crate::directory::{self, Directory, Placement, State};
use crate::failure::{Failure, Outcome};
use crate::row::Row;
use crate::seal::Sealer;
use crate::sql::{Part, Sql};
use crate::system;
use crate::value::Value;

/// Where the databases of a region are.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name of the region.
    pub region: String,
    /// The directory and the numbers of organisations.
    pub control: Place,
    /// People, who belong to the region and to no organisation.
    pub people: Place,
    /// The audit log, which is only ever appended to.
    pub audit: Place,
    /// The keys of people, apart from what they seal: it has backups of its own.
    pub keys: Place,
    /// The shards by name.
    pub shards: BTreeMap<String, Place>,
    /// Where the directory keeps its copy, for a start without the control database.
    pub directory_copy: Option<PathBuf>,
    /// How long a call may take where the caller says nothing else.
    pub within: Duration,
}

/// What the parts of the platform bring to each kind of database, besides what the store brings itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parts {
    /// To every shard.
    pub shards: &'static [&'static Part],
    /// To the people database.
    pub people: &'static [&'static Part],
    /// To the control database.
    pub control: &'static [&'static Part],
    /// To the audit database.
    pub audit: &'static [&'static Part],
}

/// All databases of a region. Cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    region: String,
    clock: Clock,
    random: Random,
    control: Database,
    people: Database,
    audit: Database,
    keys: Database,
    shards: BTreeMap<String, Database>,
    directory: Directory,
    within: Duration,
    in_flight: crate::idempotency::InFlight,
    looks: crate::look::Looks,
}

impl Db {
    /// Opens all databases. None is connected to yet, and the directory knows what its copy holds.
    ///
    /// # Errors
    /// A file cannot be opened or an address cannot be read.
    pub fn open(settings: &Settings, clock: &Clock, random: &Random) -> Outcome<Self> {
        let open = |place| Database::open(place, clock);
        let shards = settings
            .shards
            .iter()
            .map(|(name, place)| Ok((name.clone(), open(place)?)));
        Ok(Db(Arc::new(Inner {
            region: settings.region.clone(),
            clock: clock.clone(),
            random: random.clone(),
            control: open(&settings.control)?,
            people: open(&settings.people)?,
            audit: open(&settings.audit)?,
            keys: open(&settings.keys)?,
            shards: shards.collect::<Outcome<_>>()?,
            directory: Directory::with_copy(settings.directory_copy.clone())?,
            within: settings.within,
            in_flight: crate::idempotency::InFlight::default(),
            looks: crate::look::Looks::default(),
        })))
    }

    /// Brings every database to the schema of the store and of these parts.
    ///
    /// # Errors
    /// The first migration that failed; the databases before it are done, and running it again goes on.
    pub async fn migrate(&self, parts: &Parts) -> Outcome<()> {
        for (_, database, parts) in self.carried(parts) {
            database.migrate(&parts).await?;
        }
        Ok(())
    }

    /// The same for a start, where most often there is nothing to do: all at a time, and each only as far as this version
    /// was not the last to do it. What somebody else changed by hand is put right by [`Db::migrate`].
    ///
    /// # Errors
    /// The first migration that failed; running it again goes on.
    pub async fn catch_up(&self, parts: &Parts) -> Outcome<()> {
        let all = self.carried(parts);
        let all = all
            .iter()
            .map(|(_, database, parts)| database.catch_up(parts));
        try_join_all(all).await.map(|_| ())
    }

    /// The databases whose schema is older than this version's, each as `database: part, part`.
    ///
    /// # Errors
    /// A database is away.
    pub async fn behind(&self, parts: &Parts) -> Outcome<Vec<String>> {
        let all = self.carried(parts);
        let looked = all.iter().map(async |(name, database, parts)| {
            let old = database.behind(parts).await?;
            Ok((!old.is_empty()).then(|| format!("{name}: {}", old.join(", "))))
        });
        let looked: Vec<Option<String>> = try_join_all(looked).await?;
        Ok(looked.into_iter().flatten().collect())
    }

    /// Every database with its name and all that it carries.
    fn carried(&self, parts: &Parts) -> Vec<(&str, &Database, Vec<&'static Part>)> {
        let with = |own: &[&'static Part], more: &[&'static Part]| [own, more].concat();
        let control = with(&[&system::DATABASE, &system::CONTROL], parts.control);
        let people = with(&[&system::DATABASE], parts.people);
        let audit = with(&[&system::DATABASE], parts.audit);
        let keys = with(&[&system::DATABASE, &system::KEYS], &[]);
        let shard = with(&[&system::DATABASE], parts.shards);
        let mut all = vec![
            ("control", self.control(), control),
            ("people", self.people(), people),
            ("audit", self.audit(), audit),
            ("keys", self.keys(), keys),
        ];
        let shards = self.0.shards.iter();
        all.extend(shards.map(|(name, database)| (name.as_str(), database, shard.clone())));
        all
    }

    /// A deadline so far from now as the settings say.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        Deadline::within(&self.0.clock, self.0.within)
    }

    /// An empty commit of an organisation.
    #[must_use]
    pub fn new_commit(&self, organisation: Organisation) -> Commit {
        Commit::new(&self.0.clock, &self.0.random, organisation)
    }

    /// Stores a commit where its organisation lives (or its person), and answers when it is durable.
    ///
    /// # Errors
    /// See [`Failure`]. After anything but `Unknown` nothing was stored; after `Unknown` the same commit may be
    /// sent again.
    pub async fn commit(&self, commit: Commit, deadline: &Deadline) -> Outcome<Committed> {
        let commit = Arc::new(commit);
        let organisation = commit.organisation();
        if organisation == Organisation::PEOPLE {
            return self.people().commit(commit, 1, deadline).await;
        }
        match self.commit_once(&commit, deadline).await {
            // It has moved, or was made on another node: the directory may know by now.
            Err(Failure::Moved(_)) => {
                self.refresh_directory(deadline).await?;
                self.commit_once(&commit, deadline).await
            }
            outcome => outcome,
        }
    }

    async fn commit_once(&self, commit: &Arc<Commit>, deadline: &Deadline) -> Outcome<Committed> {
        let (shard, placement) = self.home(commit.organisation())?;
        shard
            .commit(Arc::clone(commit), placement.epoch, deadline)
            .await
    }

    /// The shard of an organisation, and its placement.
    ///
    /// # Errors
    /// It is not known, not open yet, or lives in another region.
    pub fn home(&self, organisation: Organisation) -> Outcome<(&Database, Placement)> {
        let placement = self.0.directory.find(organisation);
        let placement = placement
            .filter(|placement| {
                placement.region == self.0.region && placement.state != State::Creating
            })
            .ok_or(Failure::Moved(organisation))?;
        let shard = self
            .0
            .shards
            .get(&placement.shard)
            .ok_or(Failure::Moved(organisation))?;
        Ok((shard, placement))
    }

    /// The rows of one statement for an organisation, from the primary.
    ///
    /// # Errors
    /// The organisation does not live here, the deadline passed, the database is away, or a statement is wrong.
    pub async fn rows(
        &self,
        organisation: Organisation,
        sql: &'static Sql,
        params: impl Into<Vec<Value>>,
    ) -> Outcome<Vec<Row>> {
        let call = Call::new(sql, params);
        let all = self
            .read(organisation, vec![call], &self.deadline())
            .await?;
        Ok(all.into_iter().flatten().collect())
    }

    /// The rows of several statements for an organisation, all of one snapshot of the primary.
    ///
    /// # Errors
    /// As for [`Db::rows`].
    pub async fn read(
        &self,
        organisation: Organisation,
        calls: Vec<Call>,
        deadline: &Deadline,
    ) -> Outcome<Vec<Vec<Row>>> {
        let (shard, _) = self.home(organisation)?;
        shard
            .read(Scope::Organisation(organisation), calls, deadline)
            .await
    }

    /// The same from a replica that has seen the given position (of an earlier commit; 0 for any), or from the
    /// primary when none has. Never read for a decision this way.
    ///
    /// # Errors
    /// As for [`Db::rows`].
    pub async fn read_replica(
        &self,
        organisation: Organisation,
        calls: Vec<Call>,
        position: i64,
        deadline: &Deadline,
    ) -> Outcome<Vec<Vec<Row>>> {
        let (shard, _) = self.home(organisation)?;
        shard
            .read_replica(Scope::Organisation(organisation), calls, position, deadline)
            .await
    }

    /// The rows of several statements about one person.
    ///
    /// # Errors
    /// As for [`Db::rows`].
    pub async fn read_person(
        &self,
        person: Uid,
        calls: Vec<Call>,
        deadline: &Deadline,
    ) -> Outcome<Vec<Vec<Row>>> {
        self.people()
            .read(Scope::Person(person), calls, deadline)
            .await
    }

    /// The rows of several statements that bear a digest, for whoever holds the secret that it was made of.
    ///
    /// # Errors
    /// As for [`Db::rows`].
    pub async fn read_held(
        &self,
        digest: [u8; 32],
        calls: Vec<Call>,
        deadline: &Deadline,
    ) -> Outcome<Vec<Vec<Row>>> {
        self.people()
            .read(Scope::Holder(digest), calls, deadline)
            .await
    }

    /// Makes an organisation on a shard, once for each request: the same request finishes what it had begun.
    ///
    /// # Errors
    /// A database is away; what was done stands, and the same request goes on from there.
    pub async fn create_organisation(
        &self,
        request: &str,
        shard: &str,
        deadline: &Deadline,
    ) -> Outcome<Placement> {
        if !self.0.shards.contains_key(shard) {
            return Err(Failure::Malformed(format!(
                "there is no shard {shard} here"
            )));
        }
        let begun = directory::find_request(self.control(), request, deadline).await?;
        let begun = match begun {
            Some(begun) => begun,
            None => {
                directory::reserve(self.control(), request, &self.0.region, shard, deadline).await?
            }
        };
        self.finish_organisation(&begun, deadline).await?;
        self.refresh_directory(deadline).await?;
        self.0
            .directory
            .find(begun.organisation)
            .ok_or(Failure::Moved(begun.organisation))
    }

    /// Finishes every organisation of this region whose making was interrupted; answers how many.
    ///
    /// # Errors
    /// A database is away; whatever does not need it is finished, and the next call goes on.
    pub async fn resume_organisations(&self, deadline: &Deadline) -> Outcome<usize> {
        self.refresh_directory(deadline).await?;
        let begun = self.0.directory.creating(&self.0.region);
        let mut finished = Ok(begun.len());
        for placement in &begun {
            let this = self.finish_organisation(placement, deadline).await;
            finished = finished.and_then(|count| this.map(|()| count));
        }
        self.refresh_directory(deadline).await?;
        finished
    }

    async fn finish_organisation(&self, begun: &Placement, deadline: &Deadline) -> Outcome<()> {
        if begun.state != State::Creating {
            return Ok(());
        }
        let shard = self.0.shards.get(&begun.shard);
        let shard = shard
            .ok_or_else(|| Failure::Malformed(format!("there is no shard {} here", begun.shard)))?;
        directory::place(shard, begun.organisation, deadline).await?;
        directory::open(self.control(), begun.organisation, deadline).await
    }

    /// Learns what changed in the directory.
    ///
    /// # Errors
    /// The control database is away; what is known stays in force.
    pub async fn refresh_directory(&self, deadline: &Deadline) -> Outcome<()> {
        self.0.directory.refresh(self.control(), deadline).await
    }

    /// The directory as this node knows it.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.0.directory
    }

    /// The name of this region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.0.region
    }

    /// The control database.
    #[must_use]
    pub fn control(&self) -> &Database {
        &self.0.control
    }

    /// The people database.
    #[must_use]
    pub fn people(&self) -> &Database {
        &self.0.people
    }

    /// The database of the audit log. Its tables are of class `Appended`: read and appended to by
    /// [`Database::read`] of nobody and [`Database::transact`].
    #[must_use]
    pub fn audit(&self) -> &Database {
        &self.0.audit
    }

    /// The database of the keys of people.
    #[must_use]
    pub fn keys(&self) -> &Database {
        &self.0.keys
    }

    /// What seals and opens personal fields, with the master keys of this ring. One is made for the whole process, so
    /// that erasing is in force in it at once.
    #[must_use]
    pub fn sealer(&self, ring: &KeyRing) -> Sealer {
        let (clock, random) = (self.0.clock.clone(), self.0.random.clone());
        Sealer::new(self.0.keys.clone(), ring.clone(), clock, random)
    }

    /// The shards by name.
    #[must_use]
    pub fn shards(&self) -> &BTreeMap<String, Database> {
        &self.0.shards
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn looks(&self) -> &crate::look::Looks {
        &self.0.looks
    }

    pub(crate) fn in_flight(&self) -> &crate::idempotency::InFlight {
        &self.0.in_flight
    }
}
