//! SQL that fills a trial world with many rows at once, past the store: for benches that need a full database.
//!
//! It must never run beside the store's own writes. The rows look like those of a month of business: every
//! restaurant in turn, ids in the order of time, each order with its lines, payment, event and commit.

use base::{Organisation, Uid};

use super::world::{Engine, Home, REGION, SHARD};

/// When the first of these orders was placed: the beginning of 2025.
const START_MS: u64 = 1_735_689_600_000;
/// From one order to the next: a million orders make a month.
const GAP_MS: u64 = 2_592;
/// Tells ids of dishes from those of restaurants, and ids of dishes that are sold out from both.
const DISH: u64 = 1 << 40;
const SOLD_OUT: u64 = 2 << 40;
/// More than any bench sells.
const FREE: i64 = 1_000_000_000_000;

/// How much to fill in. Organisations and restaurants are numbered from 1.
#[derive(Clone, Copy, Debug)]
pub struct Bulk {
    /// How many organisations.
    pub organisations: u32,
    /// How many restaurants, dealt out to the organisations in turn. Each has one dish in stock.
    pub restaurants: u32,
}

impl Bulk {
    /// A restaurant by its number.
    pub fn home(&self, restaurant: u32) -> Home {
        let organisation = 1 + restaurant.saturating_sub(1) % self.organisations.max(1);
        Home {
            organisation: Organisation::new(organisation),
            restaurant: id(organisation, restaurant.into()),
            dish: id(organisation, DISH | u64::from(restaurant)),
        }
    }

    /// A dish of which this organisation has nothing left.
    pub fn sold_out(&self, organisation: Organisation) -> Uid {
        id(organisation.get(), SOLD_OUT)
    }

    /// How much was free of all dishes together at the beginning.
    pub fn free(&self) -> i64 {
        FREE.saturating_mul(self.restaurants.into())
    }

    /// The directory: to be run in the control database.
    pub fn control(&self, engine: Engine) -> Vec<String> {
        let (count, rows) = (
            self.organisations,
            series(engine, 1, self.organisations.into()),
        );
        vec![
            format!(
                "INSERT INTO directory (organisation, request, region, shard, epoch, state, version) \
                 SELECT i, 'bulk-' || i, '{REGION}', '{SHARD}', 1, 'open', i FROM {rows}"
            ),
            format!(
                "UPDATE counters SET value = {count} WHERE name IN ('organisation', 'directory')"
            ),
        ]
    }

    /// Organisations, restaurants and stock: to be run in the shard.
    pub fn shard(&self, engine: Engine) -> Vec<String> {
        let organisations = self.organisations;
        let (of_all, of_each) = (
            series(engine, 1, organisations.into()),
            series(engine, 1, self.restaurants.into()),
        );
        let owner = format!("1 + (i - 1) % {organisations}");
        let restaurant = spell(engine, &START_MS.to_string(), &owner, "i");
        let dish = spell(
            engine,
            &START_MS.to_string(),
            &owner,
            &format!("{DISH} + i"),
        );
        let sold_out = spell(engine, &START_MS.to_string(), "i", &SOLD_OUT.to_string());
        vec![
            format!(
                "INSERT INTO placements (organisation, epoch, state) SELECT i, 1, 'open' FROM {of_all}"
            ),
            format!(
                "INSERT INTO trial_restaurants (organisation, id, name) \
                 SELECT {owner}, {restaurant}, 'Restaurant ' || i FROM {of_each}"
            ),
            format!(
                "INSERT INTO trial_stock (organisation, dish, free) \
                 SELECT {owner}, {dish}, {FREE} FROM {of_each}"
            ),
            format!(
                "INSERT INTO trial_stock (organisation, dish, free) SELECT i, {sold_out}, 0 FROM {of_all}"
            ),
        ]
    }

    /// The orders of these numbers (from 1, the last included), which follow those that are there already: to be
    /// run in the shard in one transaction.
    pub fn orders(&self, engine: Engine, first: u64, last: u64) -> Vec<String> {
        let rows = series(engine, first, last);
        let restaurant = format!("(1 + (i - 1) % {})", self.restaurants);
        let owner = format!("1 + ({restaurant} - 1) % {}", self.organisations);
        let at_ms = format!("{START_MS} + i * {GAP_MS}");
        let order = spell(engine, &at_ms, &owner, "i");
        let cook = spell(engine, &START_MS.to_string(), &owner, &restaurant);
        let dish = spell(
            engine,
            &START_MS.to_string(),
            &owner,
            &format!("{DISH} + {restaurant}"),
        );
        let at = format!("({at_ms}) * 1000");
        let event = "'{\"order\":\"' || i || '\",\"service\":\"delivery\",\"currency\":\"EUR\",\
                     \"total_minor\":2120,\"note\":\"' || substr('a month of orders that were placed before, each \
                     with an event of the usual size, so that the log is as large as it would be, and its indexes \
                     are as deep, when the next order comes', 1, 190) || '\"}'";
        vec![
            format!(
                "INSERT INTO trial_orders (organisation, id, number, restaurant, diner, status, total_minor, note, \
                 version, created_at) SELECT {owner}, {order}, NULL, {cook}, {order}, 'delivered', 2120, \
                 'No onions, and please ring twice', 1, {at} FROM {rows}"
            ),
            format!(
                "INSERT INTO trial_lines (organisation, order_id, line, dish, quantity, price_minor) \
                 SELECT {owner}, {order}, l.line, {dish}, 1, 700 FROM {rows} \
                 CROSS JOIN (SELECT 1 AS line UNION ALL SELECT 2 UNION ALL SELECT 3) AS l"
            ),
            format!(
                "INSERT INTO trial_intents (organisation, id, order_id, amount_minor, state) \
                 SELECT {owner}, {order}, {order}, 2120, 'captured' FROM {rows}"
            ),
            format!(
                "INSERT INTO log (organisation, position, stream, version, kind, payload, actor, trace, at, \
                 checksum) SELECT {owner}, i, {order}, 1, 'trial.order_created', {event}, 'diner', '', {at}, 0 FROM {rows}"
            ),
            format!(
                "INSERT INTO commits (organisation, id, position, answer, at, checksum) \
                 SELECT {owner}, {order}, i, NULL, {at}, 0 FROM {rows}"
            ),
            format!("UPDATE head SET position = {last} WHERE id = 1"),
        ]
    }
}

fn id(organisation: u32, low: u64) -> Uid {
    let value = u128::from(START_MS) << 80 | u128::from(organisation) << 48 | u128::from(low);
    Uid::from_bytes(value.to_be_bytes())
}

/// An id of these three parts, made by the database.
fn spell(engine: Engine, millis: &str, organisation: &str, low: &str) -> String {
    match engine {
        Engine::Postgres => format!(
            "(lpad(to_hex({millis}), 12, '0') || lpad(to_hex({organisation}), 8, '0') \
             || lpad(to_hex({low}), 12, '0'))::uuid"
        ),
        Engine::Sqlite | Engine::Inline => {
            format!("unhex(printf('%012x%08x%012x', {millis}, {organisation}, {low}))")
        }
    }
}

fn series(engine: Engine, first: u64, last: u64) -> String {
    match engine {
        Engine::Postgres => {
            format!("generate_series({first}::bigint, {last}::bigint) AS n(i)")
        }
        Engine::Sqlite | Engine::Inline => format!(
            "(WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) \
             SELECT i FROM n) AS n"
        ),
    }
}
