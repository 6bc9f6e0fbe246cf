//! The table of what restaurants sell differently, its SQL and its rows.

use carte::Location;
use store::{Class, Column, Failure, Outcome, Row, Sql, Table};

use crate::menus::store::damaged;

/// What a restaurant sells of its brand's menu, where it is not all of it at the brand's prices.
pub(crate) static LOCATIONS: Table = Table::new(
    "menu_locations",
    Class::Organisation,
    &[
        Column::id("restaurant"),
        Column::int("version"),
        Column::text("body"),
    ],
    1,
    &[],
);

/// Says anew what a restaurant sells; it stood at `$3`, where 0 is that nothing was ever said.
pub(crate) static CHANGE: Sql = Sql::new(
    "menu_locations.change",
    &LOCATIONS,
    "INSERT INTO menu_locations (organisation, restaurant, version, body) VALUES ($1, $2, 1, $4) \
     ON CONFLICT (organisation, restaurant) DO UPDATE SET version = menu_locations.version + 1, \
     body = excluded.body WHERE menu_locations.version = $3",
);

pub(crate) static READ: Sql = Sql::new(
    "menu_locations.read",
    &LOCATIONS,
    "SELECT version, body FROM menu_locations WHERE organisation = $1 AND restaurant = $2",
);

pub(crate) static ALL: Sql = Sql::new(
    "menu_locations.all",
    &LOCATIONS,
    "SELECT restaurant, version, body FROM menu_locations WHERE organisation = $1",
);

/// Reads `version, body`.
pub(crate) fn read(row: &Row) -> Outcome<(i64, Location)> {
    let body: String = row.get(1)?;
    let location = serde_json::from_str(&body).map_err(|_| damaged("location"))?;
    Ok((row.get(0)?, location))
}

/// How it is written.
pub(crate) fn body(location: &Location) -> Outcome<String> {
    serde_json::to_string(location)
        .map_err(|error| Failure::Malformed(format!("a location that is no JSON: {error}")))
}
