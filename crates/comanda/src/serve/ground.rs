//! What everything else stands on: folder, secrets, databases, tasks.

use std::sync::Arc;

use base::{Clock, Error, Random, Result, Trail as _, codes};
use engine::{Consumer, JobHandler, Tasks, TimerHandler};
use fabric::{Blobs, Bus, Room, Trust};
use store::{Db, Sealer};

use super::Args;
use super::course::Course;
use super::rings::Rings;
use crate::config::Settings;
use crate::databases::{self, Lock};
use crate::migrate;
use crate::secrets::{Live, Secrets};
use crate::telemetry::Telemetry;

/// Everything that is open before requests are answered.
pub(crate) struct Ground {
    pub(crate) settings: Arc<Settings>,
    /// Whether what is only good for trying things out is left away.
    pub(crate) is_production: bool,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) places: store::Settings,
    pub(crate) db: Db,
    pub(crate) sealer: Sealer,
    pub(crate) rings: Rings,
    /// The bus of this node: every committed event of every database is heard on it.
    pub(crate) bus: Bus,
    /// Whether the caches of this node may be believed.
    pub(crate) trust: Trust,
    pub(crate) tasks: Tasks,
    /// How long the parts of this start took.
    pub(crate) course: Course,
    /// Dropped after the databases, so that the last lines of the log are written.
    pub(crate) telemetry: Telemetry,
    /// Held for as long as the databases are open.
    _lock: Option<Lock>,
}

impl Ground {
    /// Opens folder, secrets and databases, in this order: nothing is written before the lock is ours.
    pub(crate) async fn open(settings: &Arc<Settings>, args: &Args) -> Result<Self> {
        let (clock, random) = (Clock::real(), Random::real());
        let course = Course::begin(&clock);
        let telemetry = Telemetry::install(&settings.log, &settings.telemetry, &clock, &random)?;
        let data = &settings.storage.data;
        databases::make_folder(data)?;
        let lock = databases::lock(settings)?;
        let secrets = Secrets::open(data, &random)?;
        course.done("folder and secrets");
        let places = databases::places(settings)?;
        let db = Db::open(&places, &clock, &random).context("opening the databases")?;
        course.done("files");
        schema(settings, &db, args).await?;
        course.done("schema");
        let deadline = db.deadline();
        let unfinished = db.resume_organisations(&deadline).await;
        if let Err(failure) = unfinished {
            // The copy of the directory lets a region start without its control database.
            let error = Error::from(failure);
            tracing::warn!(?error, "the directory is as old as its copy");
        }
        course.done("directory");
        let sealer = db.sealer(&secrets.master);
        sealer
            .check(&db.deadline())
            .await
            .context("opening the personal keys")?;
        course.done("personal keys");
        Ok(Self {
            course,
            settings: Arc::clone(settings),
            is_production: args.production,
            rings: Rings::new(Live::new(data.clone(), secrets), &sealer),
            bus: Bus::memory(Room::default()),
            trust: Trust::withdrawn(),
            tasks: Tasks::new(clock.clone(), random.clone()),
            clock,
            random,
            places,
            db,
            sealer,
            telemetry,
            _lock: lock,
        })
    }
}

/// Brings the schema up to this version where that is ours to do, and otherwise only looks.
async fn schema(settings: &Settings, db: &Db, args: &Args) -> Result<()> {
    if !settings.storage.is_postgres() || args.migrate {
        return migrate::catch_up(db).await;
    }
    let behind = db.behind(&databases::parts()).await;
    let behind = behind.context(
        "looking at the databases; those that were never migrated need `comanda migrate` first",
    )?;
    if behind.is_empty() {
        return Ok(());
    }
    let behind = behind.join("; ");
    let text = format!(
        "the databases are not at the schema of this version ({behind}); run `comanda migrate` first, or say --migrate"
    );
    Err(Error::conflict(codes::CONFLICT, text))
}

impl Ground {
    /// Starts what works on its own: relay, consumers, timers, retention, freshness.
    pub(crate) fn start_engine(
        &self,
        consumers: Vec<Consumer>,
        timers: Vec<TimerHandler>,
        jobs: Vec<JobHandler>,
    ) -> Result<engine::Engine> {
        let kept = &self.settings.retention;
        let parts = engine::Parts {
            db: self.db.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
            bus: self.bus.clone(),
            trust: self.trust.clone(),
        };
        let settings = engine::Settings {
            keep: engine::Keep {
                log: kept.log.map(|span| span.0),
                answers: kept.answers.0,
                commits: kept.commits.0,
                dead_letters: kept.dead_letters.map(|span| span.0),
                ..engine::Keep::default()
            },
            ..engine::Settings::new(self.node())
        };
        let engine = engine::Engine::new(parts, settings, consumers, timers)?.with_jobs(jobs)?;
        engine.start(&self.tasks);
        Ok(engine)
    }

    /// The place of pictures, which the settings name.
    pub(crate) fn blobs(&self) -> Result<Blobs> {
        let (wanted, data) = (&self.settings.blobs, &self.settings.storage.data);
        let (place, settings) = (wanted.place(data)?, wanted.settings());
        let opened = Blobs::open(place, settings, &self.clock, &self.random);
        opened.context("opening the place of blobs")
    }

    /// A name for this process that no other has, also not the next one on this machine.
    fn node(&self) -> String {
        format!("{}-{:016x}", std::process::id(), self.random.u64())
    }
}
