//! The table of restaurants and its rows as values.

use base::{Time, Uid};
use domain::organisations::{Address, Country, Details, Name, PostalCode, Restaurant, State};
use store::{Class, Column, Outcome, Row, Sql, Table, Value};

use crate::organisations::store::{BRANDS, damaged, name};

/// The restaurants of an organisation.
pub(crate) static RESTAURANTS: Table = Table::new(
    "restaurants",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::id("brand"),
        Column::text("name"),
        Column::text("external_id"),
        Column::text("time_zone"),
        Column::text("currency"),
        Column::text("street"),
        Column::text("postal_code"),
        Column::text("city"),
        Column::text("country"),
        Column::text("state"),
        Column::int("version"),
        Column::int("created_at"),
    ],
    1,
    &[&BRANDS],
);

pub(crate) static READ: Sql = Sql::new(
    "restaurants.read",
    &RESTAURANTS,
    "SELECT id, brand, name, external_id, time_zone, currency, street, postal_code, city, country, \
     state, version, created_at FROM restaurants WHERE organisation = $1 AND id = $2",
);

pub(crate) static LIST: Sql = Sql::new(
    "restaurants.list",
    &RESTAURANTS,
    "SELECT id, brand, name, external_id, time_zone, currency, street, postal_code, city, country, \
     state, version, created_at FROM restaurants \
     WHERE organisation = $1 AND id > $2 ORDER BY id LIMIT $3",
);

pub(crate) static LIST_OF_BRAND: Sql = Sql::new(
    "restaurants.list_of_brand",
    &RESTAURANTS,
    "SELECT id, brand, name, external_id, time_zone, currency, street, postal_code, city, country, \
     state, version, created_at FROM restaurants \
     WHERE organisation = $1 AND id > $2 AND brand = $4 ORDER BY id LIMIT $3",
);

pub(crate) static IDS_OF_BRAND: Sql = Sql::new(
    "restaurants.ids_of_brand",
    &RESTAURANTS,
    "SELECT id FROM restaurants WHERE organisation = $1 AND brand = $2 AND id > $3 ORDER BY id LIMIT $4",
);

/// Those that are in the list `$4`, or whose brand is. Each engine takes a list in its own way.
pub(crate) static LIST_SOME: Sql = Sql::two(
    "restaurants.list_some",
    &RESTAURANTS,
    "SELECT id, brand, name, external_id, time_zone, currency, street, postal_code, city, country, \
     state, version, created_at FROM restaurants \
     WHERE organisation = $1 AND id > $2 AND (id IN (SELECT value FROM rarray($4)) \
     OR brand IN (SELECT value FROM rarray($4))) ORDER BY id LIMIT $3",
    "SELECT id, brand, name, external_id, time_zone, currency, street, postal_code, city, country, \
     state, version, created_at FROM restaurants \
     WHERE organisation = $1 AND id > $2 AND (id = ANY ($4) OR brand = ANY ($4)) ORDER BY id LIMIT $3",
);

pub(crate) static LIST_SOME_OF_BRAND: Sql = Sql::two(
    "restaurants.list_some_of_brand",
    &RESTAURANTS,
    "SELECT id, brand, name, external_id, time_zone, currency, street, postal_code, city, country, \
     state, version, created_at FROM restaurants \
     WHERE organisation = $1 AND id > $2 AND (id IN (SELECT value FROM rarray($4)) \
     OR brand IN (SELECT value FROM rarray($4))) AND brand = $5 ORDER BY id LIMIT $3",
    "SELECT id, brand, name, external_id, time_zone, currency, street, postal_code, city, country, \
     state, version, created_at FROM restaurants \
     WHERE organisation = $1 AND id > $2 AND (id = ANY ($4) OR brand = ANY ($4)) AND brand = $5 \
     ORDER BY id LIMIT $3",
);

pub(crate) static CHANGE: Sql = Sql::new(
    "restaurants.change",
    &RESTAURANTS,
    "UPDATE restaurants SET brand = $3, name = $4, external_id = $5, time_zone = $6, currency = $7, \
     street = $8, postal_code = $9, city = $10, country = $11, version = version + 1 \
     WHERE organisation = $1 AND id = $2 AND version = $12",
);

pub(crate) static SET_STATE: Sql = Sql::new(
    "restaurants.set_state",
    &RESTAURANTS,
    "UPDATE restaurants SET state = $3, version = version + 1 \
     WHERE organisation = $1 AND id = $2 AND version = $4",
);

/// The cells of what is known of a restaurant, in the order of the columns from `brand` to `country`.
pub(crate) fn cells(details: &Details) -> [Value; 9] {
    let address = &details.address;
    let postal_code = address.postal_code.as_ref().map(PostalCode::as_str);
    [
        details.brand.map(|brand| brand.uid()).into(),
        details.name.as_str().into(),
        details.external_id.as_ref().map(Name::as_str).into(),
        details.time_zone.name().into(),
        details.currency.code().into(),
        address.street.as_str().into(),
        postal_code.into(),
        address.city.as_str().into(),
        address.country.as_str().into(),
    ]
}

/// All cells of a restaurant.
pub(crate) fn row(restaurant: &Restaurant) -> Vec<Value> {
    let mut row: Vec<Value> = vec![restaurant.id.uid().into()];
    row.extend(cells(&restaurant.details));
    row.extend([
        restaurant.state.name().into(),
        restaurant.version.into(),
        restaurant.created_at.into(),
    ]);
    row
}

/// Reads all columns in their order.
pub(crate) fn read(row: &Row) -> Outcome<Restaurant> {
    let text = |at| row.get::<String>(at);
    let external_id = row.get::<Option<String>>(3)?;
    let external_id = external_id.map(|text| Name::parse(&text)).transpose();
    let postal_code = row.get::<Option<String>>(7)?;
    let postal_code = postal_code.map(|text| PostalCode::parse(&text)).transpose();
    let address = Address {
        street: name(row, 6)?,
        postal_code: postal_code.map_err(|_| damaged("postal code"))?,
        city: name(row, 8)?,
        country: Country::parse(&text(9)?).map_err(|_| damaged("country"))?,
    };
    let details = Details {
        name: name(row, 2)?,
        brand: row.get::<Option<Uid>>(1)?.map(Into::into),
        external_id: external_id.map_err(|_| damaged("external id"))?,
        time_zone: text(4)?.parse().map_err(|_| damaged("time zone"))?,
        currency: text(5)?.parse().map_err(|_| damaged("currency"))?,
        address,
    };
    Ok(Restaurant {
        id: row.get::<Uid>(0)?.into(),
        details,
        state: State::find(&text(10)?).ok_or_else(|| damaged("state"))?,
        version: row.get(11)?,
        created_at: row.get::<Time>(12)?,
    })
}
