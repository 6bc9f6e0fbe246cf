//! Says what runs here: `GET /api/info`.
//!
//! It names version and build, how long the process runs and what it takes of the machine; nothing of its
//! configuration.

use std::sync::Arc;

use base::Clock;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Json, Route, health};

/// What the program is; it does not change while it runs.
#[derive(Clone, Copy, Debug)]
pub struct Build {
    /// The name of the program.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The commit that it was built from, if that is known.
    pub commit: Option<&'static str>,
}

/// What the process takes of the machine at a moment; `None` where the system does not say.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Usage {
    /// Memory in bytes that is really held.
    pub memory_bytes: Option<u64>,
    /// Open files and connections.
    pub open_files: Option<u64>,
    /// How many of them there may be.
    pub open_files_max: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Seconds of processor time since the start.
    pub cpu_seconds: Option<f64>,
}

/// What runs here.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Info {
    /// The name of the program.
    #[schema(example = "comanda")]
    pub name: String,
    /// Its version.
    #[schema(example = "0.1.0")]
    pub version: String,
    /// The commit that it was built from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// For how many seconds it runs.
    #[schema(minimum = 0)]
    pub uptime_seconds: u64,
    /// Memory in bytes that is really held.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    pub memory_bytes: Option<u64>,
    /// Threads.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    pub threads: Option<u64>,
    /// Open files and connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    pub open_files: Option<u64>,
}

/// The route. `usage` asks the system; it must be quick.
pub fn routes(
    build: Build,
    clock: Clock,
    usage: Arc<dyn Fn() -> Usage + Send + Sync>,
) -> Vec<Route> {
    let tell = move || {
        let now = usage();
        Json(Info {
            name: build.name.to_owned(),
            version: build.version.to_owned(),
            commit: build.commit.map(str::to_owned),
            uptime_seconds: clock.elapsed().as_secs(),
            memory_bytes: now.memory_bytes,
            threads: now.threads,
            open_files: now.open_files,
        })
    };
    let route = health::route("/api/info", "info.show")
        .about("What runs here and for how long")
        .answers::<Info>(StatusCode::OK)
        .handler(move || async move { tell() });
    vec![route]
}
