//! All routes: those for everybody, behind the gate with everything, and the few for those who operate.

use std::sync::Arc;

use base::Result;
use domain::organisations::Plan;
use edge::health::{Health, Probe, Readiness};
use edge::{Admission, By, Documentation, Edge, Network, RateRow, Rates, Routes};
use store::{Database, Db};

use super::ground::Ground;
use super::pages;
use super::slices::Slices;
use crate::config::refused;
use crate::config::tls::Mode;
use crate::telemetry::probes::{Ask, Disk, OfPayments, TaskStates};

/// The edge for everybody.
pub(super) fn everybody(ground: &Ground, slices: &Slices, readiness: &Readiness) -> Result<Edge> {
    let health = Health::new(
        probes(ground, slices),
        readiness.clone(),
        ground.clock.clone(),
    );
    let routes = slices
        .routes()
        .with(pages::routes())
        .with(edge::health::routes(&health).into())
        .with(ground.telemetry.routes().into());
    Edge::build(settings(ground)?, routes, parts(ground, slices))
}

/// The edge of the admin port.
pub(super) fn operators(ground: &Ground, slices: &Slices) -> Result<Edge> {
    let settings = edge::Settings {
        documentation: Documentation::Unwritten,
        tls: false,
        origins: Vec::new(),
        ..settings(ground)?
    };
    let routes = Routes::from(ground.telemetry.admin_routes());
    Edge::build(settings, routes, parts(ground, slices))
}

fn parts(ground: &Ground, slices: &Slices) -> edge::Parts {
    let clock = &ground.clock;
    edge::Parts {
        identify: slices.identify(),
        authorise: slices.platform.authorise(),
        witness: slices.platform.witness(),
        hosts: slices.platform.hosts(),
        limits: slices.limits.clone(),
        admission: Admission::new(edge::admission::Settings::default(), clock.clone()),
        ..edge::Parts::new(clock, &ground.random)
    }
}

fn settings(ground: &Ground) -> Result<edge::Settings> {
    let settings = &*ground.settings;
    let proxies = settings.listen.behind_proxy.iter().map(|text| text.parse());
    let proxies: Result<Vec<Network>> = proxies.collect();
    let proxies = proxies.map_err(|error| refused(format!("`listen.behind_proxy`: {error}")))?;
    let edge = &settings.edge;
    Ok(edge::Settings {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        origins: edge.cors_origins.clone(),
        // With an authority of its own a browser must go on finding the plain page by which it learns to trust it.
        tls: settings.tls.mode == Mode::Files || !proxies.is_empty(),
        proxies,
        rates: rates(ground),
        body_within: edge.body_within.0,
        documentation: match edge.docs {
            true => Documentation::Later,
            false => Documentation::Unwritten,
        },
    })
}

/// The table of limits: more in production, where one address may stand for a whole restaurant, and what the plans hold.
fn rates(ground: &Ground) -> Rates {
    let api = if ground.is_production { 120 } else { 60 };
    let own = &ground.settings.edge;
    let plans = Plan::ALL.into_iter().fold(own.table(api), |table, plan| {
        table.with(RateRow {
            class: None,
            plan: Some(plan.name().to_owned()),
            organisation: None,
            by: By::Organisation,
            max: Some(plan.requests_a_minute()),
        })
    });
    own.rows().fold(plans, Rates::with)
}

/// What `/api/health` looks after.
fn probes(ground: &Ground, slices: &Slices) -> Vec<Arc<dyn Probe>> {
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
    probes.extend(OfPayments::all(&slices.commerce.payments));
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
