//! Carts: what a diner, signed in or a guest, has put together for one restaurant and not ordered yet.
//!
//! Table: `carts`, operational, of the person, in the people database: so a cart is there on every device of the person,
//! and a guest's carts go over to the person that the guest turns out to be. All of a cart is sealed with the person's key.
//! It has no events. What it costs is found anew whenever it is read, by the quote by which orders are priced; an order
//! that names a cart is placed by the slice of orders, whose commit claims the cart ([`crate::orders`]).

mod app;
mod body;
mod http;
mod pack;
mod shelf;
mod store;
mod view;

use ::store::{Migration, Part};
use engine::Tasks;

pub use app::App;
pub(crate) use body::{Body, Found};
pub use http::routes;
pub(crate) use shelf::Shelf;

/// What the slice brings to the people database.
pub static PEOPLE: Part = Part {
    name: "carts",
    tables: store::TABLES,
    statements: store::STATEMENTS,
    migrations: &[Migration {
        number: 1,
        name: "carts",
        sqlite: include_str!("../../migrations/carts/sqlite/0001_carts.sql"),
        postgres: include_str!("../../migrations/carts/postgres/0001_carts.sql"),
    }],
};

/// Begins what works on its own: removing carts that nobody has touched for a month.
pub(crate) fn start(shelf: &Shelf, tasks: &Tasks) {
    let shelf = shelf.clone();
    tasks.spawn("old carts", move |stop| shelf.clone().clear_old(stop));
}
