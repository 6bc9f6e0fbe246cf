//! Pricing: what an order would cost, by the same pure code that ordering uses.
//!
//! It has no tables. It asks who knows the restaurant, how it serves and what it sells, mostly from memory, and leaves
//! the rest to `domain::pricing`.

mod app;
mod http;
mod promise;
mod view;

pub use app::App;
pub use http::routes;
pub use promise::Promise;
pub use view::percent;
