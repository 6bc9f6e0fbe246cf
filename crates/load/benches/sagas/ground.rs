//! Databases that make every commit durable, organisations, and the sagas of one node over them.

use std::time::Duration;

use base::{Clock, Organisation, Random};
use engine::sagas::{Parts, Sagas, Which};
use engine::{PART, Tasks};
use store::Db;
use testkit::postgres::{Server, Settings};
use testkit::trial::{Engine, World};

use crate::options::Options;
use crate::{Outcome, steps};

/// Organisations that the sagas belong to, in turn.
const ORGANISATIONS: usize = 100;

const PARTS: store::Parts = store::Parts {
    shards: &[&PART],
    people: &[&PART],
    control: &[],
    audit: &[],
};

pub(crate) struct Ground {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) sagas: Sagas,
    pub(crate) organisations: Vec<Organisation>,
    tasks: Tasks,
    /// Both are gone when the ground is.
    _world: World,
    _server: Option<Server>,
}

impl Ground {
    pub(crate) async fn make(engine: Engine, options: &Options) -> Outcome<Self> {
        let (world, server) = match engine {
            Engine::Postgres => {
                let server = Server::start(&durable(options));
                (World::on_server(&server, |_| {}).await, Some(server))
            }
            Engine::Sqlite | Engine::Inline => {
                (World::in_folder(&options.folder, |_| {}).await, None)
            }
        };
        world.db.migrate(&PARTS).await?;
        let mut organisations = Vec::new();
        for _ in 0..ORGANISATIONS {
            organisations.push(world.home(0).await.organisation);
        }
        let (db, clock, random) = (world.db.clone(), world.clock.clone(), world.random.clone());
        let sagas = Sagas::new(Parts {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
        });
        sagas.learn(vec![steps::script().into()])?;
        let tasks = Tasks::new(clock.clone(), random.clone());
        sagas.start(&tasks);
        Ok(Ground {
            db,
            clock,
            random,
            sagas,
            organisations,
            tasks,
            _world: world,
            _server: server,
        })
    }

    /// How many sagas have not ended.
    pub(crate) async fn left(&self) -> Outcome<usize> {
        let open = self.sagas.list(Which::Open, None, 100).await?;
        let parked = self.sagas.list(Which::Parked, None, 100).await?;
        Ok(open.len() + parked.len())
    }

    pub(crate) async fn end(self) {
        // What is late ends with the process.
        let _late = self.tasks.stop(Duration::from_secs(5)).await;
    }
}

/// No checkpoint falls into one run and spares another.
fn durable(options: &Options) -> Settings {
    Settings::durable()
        .with("shared_buffers", "256MB")
        .with("max_wal_size", "8GB")
        .with("min_wal_size", "2GB")
        .with("checkpoint_timeout", "1h")
        .inside(&options.folder)
}
