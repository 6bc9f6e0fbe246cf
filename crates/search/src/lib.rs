//! Search: the public list of restaurants, found by place, by kind, by words.
//!
//! What is public is published by a worker into tables that belong to nobody, one set a shard; every node holds all of it
//! in memory and answers from there. Events in: `restaurant.*`, `venue.*`, `menu.published`, `menu.location_changed`,
//! `organisation.suspended`, `organisation.resumed`; none out. `docs/search.md` says what is found, and how fresh it is.

mod app;
mod card;
mod find;
mod follow;
mod http;
mod index;
mod publish;
mod store;
#[cfg(test)]
mod tests;
mod text;
mod view;

use ::store::Part;

pub use app::{App, Parts, start};
pub use card::{BYTES_MAX, Card, ITEMS_MAX, MenuWords};
pub use find::{Filter, Hit, Listed, Open, PLACE_BYTES, Place, Sort};
pub use http::routes;
pub use index::{Index, Size, Suspended};
pub use publish::consumer;
/// What search brings to every shard.
pub static SHARDS: &[&Part] = &[&store::SHARD];
