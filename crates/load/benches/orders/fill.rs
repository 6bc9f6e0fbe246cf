//! Fills an installation past the store: organisations, restaurants that are always open, deliver, and accept every order
//! by themselves, and a published menu for each.
//!
//! The rows are those that the slices would have written. It runs before anybody asks.

use base::{Organisation, Uid};
use domain::organisations::RestaurantId;
use domain::venues::{Hours, Profile, Venue, Zones};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use testkit::trial::Engine;
use trade::orders::Rules;

use crate::Outcome;
use crate::dishes;

/// When everything was made: the beginning of 2025.
pub(crate) const MADE_MS: u64 = 1_735_689_600_000;
const RESTAURANT: u64 = 1 << 32;
/// How many different menus there are; the others are the same under their own names.
const MENUS: usize = 16;
const LEVEL: i32 = 6;
/// One of so many dishes is counted, so that orders take stock as well: more than anybody will order.
const COUNTED_EACH: usize = 6;
const COUNTED: u32 = 1_000_000;

/// How large an installation is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) organisations: u32,
    pub(crate) restaurants: u32,
}

impl Size {
    /// Ten restaurants of each organisation.
    pub(crate) fn of(restaurants: u32) -> Self {
        Self {
            organisations: (restaurants / 10).max(1),
            restaurants,
        }
    }

    /// All restaurants as they are spelled.
    pub(crate) fn spelled(self) -> Vec<String> {
        let one = |at: u32| {
            let organisation = Organisation::new(1 + at % self.organisations);
            let value = u128::from(MADE_MS) << 80
                | u128::from(organisation.get()) << 48
                | u128::from(RESTAURANT + u64::from(at));
            RestaurantId::from(Uid::from_bytes(value.to_be_bytes())).to_string()
        };
        (0..self.restaurants).map(one).collect()
    }

    /// The number of the organisation of the restaurant number `i`, in SQL.
    pub(crate) fn owner(self, i: &str) -> String {
        format!("(1 + ({i}) % {})", self.organisations)
    }

    /// The id of the restaurant number `i`, in SQL.
    pub(crate) fn restaurant(self, engine: Engine, i: &str) -> String {
        let low = format!("{RESTAURANT} + {i}");
        spell(engine, &MADE_MS.to_string(), &self.owner(i), &low)
    }

    /// The directory: to be run in the control database.
    pub(crate) fn control(self, engine: Engine) -> Vec<String> {
        let (count, rows) = (
            self.organisations,
            series(engine, 1, self.organisations.into()),
        );
        vec![
            format!(
                "INSERT INTO directory (organisation, request, region, shard, epoch, state, version) \
                 SELECT i, 'bench-' || i, 'home', 'main', 1, 'open', i FROM {rows}"
            ),
            format!(
                "UPDATE counters SET value = {count} WHERE name IN ('organisation', 'directory')"
            ),
        ]
    }

    /// All rows of the shard.
    pub(crate) fn shard(self, engine: Engine) -> Outcome<Vec<String>> {
        let of_all = series(engine, 1, self.organisations.into());
        let of_each = series(engine, 0, u64::from(self.restaurants) - 1);
        let (owner, restaurant) = (self.owner("i"), self.restaurant(engine, "i"));
        let at = MADE_MS * 1_000;
        let group = spell(engine, &MADE_MS.to_string(), "i", "1");
        let rules = Rules {
            auto_accept: true,
            ..Rules::default()
        };
        let rules = serde_json::to_string(&rules)?;
        let venue = venue()?;
        let mut all = vec![
            format!(
                "INSERT INTO placements (organisation, epoch, state) SELECT i, 1, 'open' FROM {of_all}"
            ),
            format!(
                "INSERT INTO organisations (organisation, id, name, version, created_at, plan, state) \
                 SELECT i, {group}, 'Group ' || i, 1, {at}, 'enterprise', 'active' FROM {of_all}"
            ),
            format!(
                "INSERT INTO restaurants (organisation, id, brand, name, external_id, time_zone, currency, street, \
                 postal_code, city, country, state, version, created_at) SELECT {owner}, {restaurant}, NULL, \
                 'House ' || i, NULL, 'Europe/Berlin', 'EUR', 'Street 1', '10115', 'Berlin', 'DE', 'active', 1, {at} \
                 FROM {of_each}"
            ),
            format!(
                "INSERT INTO order_rules (organisation, restaurant, version, rules) \
                 SELECT {owner}, {restaurant}, 1, '{rules}' FROM {of_each}"
            ),
            format!(
                "INSERT INTO venues (organisation, restaurant, version, versions, profile, hours, exceptions, zones, \
                 fees, standing) SELECT {owner}, {restaurant}, 1, {venue} FROM {of_each}"
            ),
            format!(
                "INSERT INTO menu_heads (organisation, place, version, revision) \
                 SELECT {owner}, {restaurant}, 1, 1 FROM {of_each}"
            ),
        ];
        all.push(format!(
            "INSERT INTO menu_stock_heads (organisation, restaurant, version) SELECT {owner}, {restaurant}, 1 FROM {of_each}"
        ));
        // What a dish is called by differs from menu to menu, what it is known by does not.
        let dishes = dishes::menu(Organisation::new(1), 0)?.items;
        all.extend(dishes.iter().step_by(COUNTED_EACH).map(|dish| {
            let (nobody, dish) = (id(engine, Uid::from_bytes([0; 16])), id(engine, Uid::from(dish.id)));
            format!(
                "INSERT INTO menu_stock (organisation, restaurant, item, version, timer, until, counted, taken, reason) \
                 SELECT {owner}, {restaurant}, {dish}, 1, {nobody}, NULL, {COUNTED}, 0, '' FROM {of_each}"
            )
        }));
        for seed in 0..MENUS {
            let json = serde_json::to_vec(&dishes::menu(Organisation::new(1), seed)?)?;
            let hash = blob(engine, digest(&SHA256, &json).as_ref());
            let packed = blob(engine, &zstd::bulk::compress(&json, LEVEL)?);
            let size = json.len();
            all.push(format!(
                "INSERT INTO menu_revisions (organisation, place, number, hash, packed, size, items, currency, author, \
                 at, note, restored) SELECT {owner}, {restaurant}, 1, {hash}, {packed}, {size}, 60, 'EUR', 'bench', \
                 {at}, '', 0 FROM {of_each} WHERE i % {MENUS} = {seed}"
            ));
        }
        Ok(all)
    }
}

/// The texts of a venue that is always open and delivers all around, in the order of the columns.
fn venue() -> Outcome<String> {
    let always = json!([{
        "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "00:00"
    }]);
    let hours = json!({"dayStarts": "00:00", "weeks": {"delivery": always, "pickup": always}});
    let zones = json!([{
        "name": "All around", "shape": {"radius": 5_000}, "feeMinor": 299, "minimumMinor": 0, "minutes": 20
    }]);
    let profile = json!({"cuisines": [], "position": {"lat": 52_520_000, "lng": 13_400_000}});
    let venue = Venue {
        hours: read::<Hours>("hours", hours)?,
        zones: read::<Zones>("zones", zones)?,
        profile: read::<Profile>("profile", profile)?,
        version: 1,
        ..Venue::default()
    };
    let texts = [
        serde_json::to_string(&venue.versions)?,
        serde_json::to_string(&venue.profile)?,
        serde_json::to_string(&venue.hours)?,
        serde_json::to_string(&venue.exceptions)?,
        serde_json::to_string(&venue.zones)?,
        serde_json::to_string(&venue.fees)?,
        serde_json::to_string(&venue.standing)?,
    ];
    Ok(texts.map(|text| format!("'{text}'")).join(", "))
}

fn read<T: serde::de::DeserializeOwned>(what: &str, value: Value) -> Outcome<T> {
    serde_json::from_value(value).map_err(|error| format!("{what}: {error}").into())
}

fn blob(engine: Engine, bytes: &[u8]) -> String {
    match engine {
        Engine::Postgres => format!("'\\x{}'::bytea", hex(bytes)),
        Engine::Sqlite | Engine::Inline => format!("x'{}'", hex(bytes)),
    }
}

fn id(engine: Engine, id: Uid) -> String {
    match engine {
        Engine::Postgres => format!("'{}'::uuid", hex(id.as_bytes())),
        Engine::Sqlite | Engine::Inline => blob(engine, id.as_bytes()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An id of these three parts, made by the database.
pub(crate) fn spell(engine: Engine, millis: &str, organisation: &str, low: &str) -> String {
    match engine {
        Engine::Postgres => format!(
            "(lpad(to_hex(({millis})::bigint), 12, '0') || lpad(to_hex(({organisation})::bigint), 8, '0') \
             || lpad(to_hex(({low})::bigint), 12, '0'))::uuid"
        ),
        Engine::Sqlite | Engine::Inline => {
            format!("unhex(printf('%012x%08x%012x', {millis}, {organisation}, {low}))")
        }
    }
}

/// The numbers from one to another, as `n(i)`.
pub(crate) fn series(engine: Engine, first: u64, last: u64) -> String {
    match engine {
        Engine::Postgres => format!("generate_series({first}::bigint, {last}::bigint) AS n(i)"),
        Engine::Sqlite | Engine::Inline => format!(
            "(WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) \
             SELECT i FROM n) AS n"
        ),
    }
}
