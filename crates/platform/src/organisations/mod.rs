//! Organisations and their brands: made, read, listed, renamed.
//!
//! Tables: `organisations`, `brands` (both folded from their events). Events out: `organisation.created`,
//! `organisation.renamed`, `brand.created`, `brand.renamed`; none in.

mod app;
pub(crate) mod fold;
mod http;
pub(crate) mod store;
mod view;

pub use app::App;
pub use http::routes;
