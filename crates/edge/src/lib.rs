//! The web kit and the gate that every request passes: who are you, may you, how often, how long.
//!
//! A slice declares its routes as values ([`Route`]); [`Edge::build`] refuses those that lack something, makes
//! the OpenAPI document from them, and answers requests. It knows no database and no noun of the business.
//! `docs/api.md` shows how a route is written and what every answer carries.

mod answer;
mod authorise;
mod caller;
mod document;
mod edge;
mod extract;
mod gate;
mod json;
mod packed;
mod pages;
mod policy;
mod problem;
mod rates;
mod registry;
mod route;
mod rules;
mod settings;
mod site;
mod text;
mod witness;

pub mod admission;
pub mod context;
pub mod cookie;
pub mod health;
pub mod info;
pub mod metrics;
pub mod observe;
pub mod server;

pub use admission::{Admission, Criticality};
pub use answer::{Answer, Page, Redirect, Versioned, WithCookie};
pub use authorise::{Asked, Authorise, Granted, NoGrants, Places};
pub use caller::{Caller, FirstOf, Identify, Means, Nobody, Role, Strength, Who, bearer};
pub use context::Context;
pub use edge::{Edge, Parts};
pub use extract::{Acting, Body, Deadline, IdempotencyKey, IfMatch, Path, Query};
pub use gate::Peer;
pub use json::Json;
pub use packed::{Accepts, Encoding, Packed, Shelved, Sort, Variants};
pub use policy::{Policy, Rate};
pub use problem::Problem;
pub use rates::{By, RateRow, Rates};
pub use route::{Route, Routes};
pub use settings::{Documentation, Network, Settings};
pub use site::{Client, Hosts, NoHosts, Site};
pub use text::header_of;
pub use witness::{NoWitness, Seen, What, Witness};

/// What the steps of the gate cost one by one is measured through here; nothing else may use it.
#[doc(hidden)]
pub use gate::steps;
