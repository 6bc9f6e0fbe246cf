//! Offers: coupons and promotions of an organisation, and their uses, counted in the commits of orders.
//!
//! Tables: `offers`, `offer_codes` and `offer_live`, folded from the events of offers; `offer_counts`, `offer_people` and
//! `offer_takes` count uses and are in no event of this slice. Events out: `coupon.created`, `.changed`, `.ended`, and the
//! same of `promotion`. None in.

mod app;
mod edit;
mod find;
mod fold;
mod http;
mod memory;
mod store;
mod take;
mod view;

use ::store::{Migration, Part};
use engine::Tasks;

pub use app::App;
pub use fold::{FOLD, FOLD_CODES, FOLD_LIVE};
pub use http::routes;
pub use take::{is_given_back, is_refused, take};

/// What the slice brings to every shard.
pub static SHARD: Part = Part {
    name: "offers",
    tables: store::TABLES,
    statements: store::STATEMENTS,
    migrations: &[Migration {
        number: 1,
        name: "offers",
        sqlite: include_str!("../../migrations/offers/sqlite/0001_offers.sql"),
        postgres: include_str!("../../migrations/offers/postgres/0001_offers.sql"),
    }],
};

/// Begins what works on its own: following other nodes.
pub fn start(app: &App, tasks: &Tasks) {
    let app = app.clone();
    tasks.spawn("offers", move |stop| app.clone().follow(stop));
}
