//! Organisations with their brands and restaurants, what their plans hold, and the hosts that lead to them.
//!
//! Tables: `organisations`, `brands`, `restaurants`, `usage` (folded from events), on the organisation's shard.
//! Events out: `organisation.created`, `.renamed`, `.plan_changed`, `.suspended`, `.resumed`; `brand.created`,
//! `.renamed`; `restaurant.created`, `.changed`, `.suspended`, `.resumed`; those of [`hosts`]. None in.

mod app;
mod brands;
pub(crate) mod fold;
pub mod hosts;
mod http;
pub(crate) mod restaurants;
pub(crate) mod store;
mod tenants;
pub(crate) mod usage;
pub(crate) mod view;

pub use app::App;
#[allow(
    unused_imports,
    reason = "for the slices of this crate that give access"
)]
pub(crate) use app::{House, brand_exists, brand_of, house, house_of, missing};
pub use http::routes;
pub use restaurants::Records;
