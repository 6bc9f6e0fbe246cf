//! All routes: those for everybody, behind the gate with everything, and the few for those who operate.

use std::sync::Arc;

use base::Result;
use edge::health::{Health, Probe, Readiness};
use edge::{Admission, Documentation, Edge, Network, Rates, Routes};
use identity::operators::Operators;
use store::{Database, Db};

use super::ground::Ground;
use super::pages;
use crate::config::tls::Mode;
use crate::config::{Settings, refused};
use crate::telemetry::probes::{Ask, Disk, TaskStates};

/// Callers whose requests are counted at once; those who came last stay.
const CALLERS_MAX: usize = 100_000;

/// The edge for everybody.
pub(super) fn everybody(
    ground: &Ground,
    operators: &identity::operators::App,
    readiness: &Readiness,
) -> Result<Edge> {
    let Ground {
        db, clock, random, ..
    } = ground;
    let organisations = platform::organisations::App::new(
        db,
        clock,
        random,
        slice::Cursors::new(ground.rings.cursors()),
    );
    let health = Health::new(probes(ground), readiness.clone(), clock.clone());
    let routes = Routes::new()
        .with(identity::operators::routes(operators))
        .with(platform::organisations::routes(&organisations))
        .with(pages::routes())
        .with(edge::health::routes(&health).into())
        .with(ground.telemetry.routes().into());
    Edge::build(
        settings(&ground.settings)?,
        routes,
        parts(ground, operators),
    )
}

/// The edge of the admin port.
pub(super) fn operators(ground: &Ground, operators: &identity::operators::App) -> Result<Edge> {
    let settings = edge::Settings {
        documentation: Documentation::Hidden,
        tls: false,
        origins: Vec::new(),
        ..settings(&ground.settings)?
    };
    let routes = Routes::from(ground.telemetry.admin_routes());
    Edge::build(settings, routes, parts(ground, operators))
}

fn parts(ground: &Ground, operators: &identity::operators::App) -> edge::Parts {
    let clock = &ground.clock;
    edge::Parts {
        identify: Arc::new(Operators::new(operators)),
        limits: fabric::Limits::memory(clock, CALLERS_MAX),
        admission: Admission::new(edge::admission::Settings::default(), clock.clone()),
        ..edge::Parts::new(clock, &ground.random)
    }
}

fn settings(settings: &Settings) -> Result<edge::Settings> {
    let proxies = settings.listen.behind_proxy.iter().map(|text| text.parse());
    let proxies: Result<Vec<Network>> = proxies.collect();
    let proxies = proxies.map_err(|error| refused(format!("`listen.behind_proxy`: {error}")))?;
    let edge = &settings.edge;
    let rate = |a_minute: u32| (a_minute > 0).then_some(a_minute);
    Ok(edge::Settings {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        origins: edge.cors_origins.clone(),
        // With an authority of its own a browser must go on finding the plain page by which it learns to trust it.
        tls: settings.tls.mode == Mode::Files || !proxies.is_empty(),
        proxies,
        rates: Rates::of(
            rate(edge.rate_api),
            rate(edge.rate_auth),
            rate(edge.rate_orders),
        ),
        body_within: edge.body_within.0,
        documentation: match edge.docs {
            true => Documentation::Shown,
            false => Documentation::Hidden,
        },
    })
}

/// What `/api/health` looks after.
fn probes(ground: &Ground) -> Vec<Arc<dyn Probe>> {
    let db = &ground.db;
    let named = [
        ("control", db.control()),
        ("people", db.people()),
        ("audit", db.audit()),
        ("keys", db.keys()),
    ];
    let shards = db
        .shards()
        .iter()
        .map(|(name, shard)| (name.as_str(), shard));
    let databases = named.into_iter().chain(shards);
    let mut probes: Vec<Arc<dyn Probe>> = databases
        .map(|(name, database)| probe(name, database, db))
        .collect();
    probes.push(Arc::new(TaskStates(ground.tasks.clone())));
    probes.push(Arc::new(Disk(ground.settings.storage.data.clone())));
    probes
}

fn probe(name: &str, database: &Database, db: &Db) -> Arc<dyn Probe> {
    let (database, db) = (database.clone(), db.clone());
    Ask::of(format!("database {name}"), move || {
        let (database, db) = (database.clone(), db.clone());
        Box::pin(async move {
            database.slowest_consumer(&db.deadline()).await?;
            Ok(())
        })
    })
}
