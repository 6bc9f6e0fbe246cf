//! The table of venues and its rows as values.

use base::Uid;
use domain::organisations::RestaurantId;
use domain::venues::Venue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{Class, Column, Commit, Failure, Migration, Outcome, Part, Row, Sql, Table, Value};

/// How restaurants serve.
pub(crate) static VENUES: Table = Table::new(
    "venues",
    Class::Organisation,
    &[
        Column::id("restaurant"),
        Column::int("version"),
        Column::text("versions"),
        Column::text("profile"),
        Column::text("hours"),
        Column::text("exceptions"),
        Column::text("zones"),
        Column::text("fees"),
        Column::text("standing"),
    ],
    1,
    &[],
);

static READ: Sql = Sql::new(
    "venues.read",
    &VENUES,
    "SELECT restaurant, version, versions, profile, hours, exceptions, zones, fees, standing \
     FROM venues WHERE organisation = $1 AND restaurant = $2",
);

pub(crate) static READ_ALL: Sql = Sql::new(
    "venues.all",
    &VENUES,
    "SELECT restaurant, version, versions, profile, hours, exceptions, zones, fees, standing \
     FROM venues WHERE organisation = $1",
);

static CHANGE: Sql = Sql::new(
    "venues.change",
    &VENUES,
    "UPDATE venues SET version = version + 1, versions = $4, profile = $5, hours = $6, \
     exceptions = $7, zones = $8, fees = $9 \
     WHERE organisation = $1 AND restaurant = $2 AND version = $3",
);

static STAND: Sql = Sql::new(
    "venues.stand",
    &VENUES,
    "UPDATE venues SET version = version + 1, standing = $4 \
     WHERE organisation = $1 AND restaurant = $2 AND version = $3",
);

/// What the slice brings to every shard.
pub static SHARD: Part = Part {
    name: "venues",
    tables: &[&VENUES],
    statements: &[&READ, &READ_ALL, &CHANGE, &STAND],
    migrations: &[Migration {
        number: 1,
        name: "venues",
        sqlite: include_str!("../../migrations/venues/sqlite/0001_venues.sql"),
        postgres: include_str!("../../migrations/venues/postgres/0001_venues.sql"),
    }],
};

/// How a restaurant serves; the default where nothing was said yet.
pub(super) async fn find(db: &store::Db, restaurant: RestaurantId) -> Outcome<Venue> {
    let params = [restaurant.uid().into()];
    let rows = db.rows(restaurant.organisation(), &READ, params).await?;
    rows.first().map_or_else(|| Ok(Venue::default()), read)
}

/// Has a commit make of one venue the next, unless another has changed it first.
pub(super) fn write(
    commit: &mut Commit,
    restaurant: RestaurantId,
    (was, next): (&Venue, &Venue),
) -> Outcome<()> {
    if was.version == 0 {
        let mut row = vec![Value::from(restaurant.uid())];
        row.extend(cells(next)?);
        commit.claim(&VENUES, row);
        return Ok(());
    }
    let mut params: Vec<Value> = vec![restaurant.uid().into(), was.version.into()];
    match was.standing == next.standing {
        true => {
            let mut parts = cells(next)?;
            parts.pop();
            params.extend(parts.into_iter().skip(1));
            commit.guard(&CHANGE, params);
        }
        false => {
            params.push(json(&next.standing)?.into());
            commit.guard(&STAND, params);
        }
    }
    Ok(())
}

/// All cells of a venue but its key, in the order of the columns.
pub(super) fn cells(venue: &Venue) -> Outcome<Vec<Value>> {
    Ok(vec![
        venue.version.into(),
        json(&venue.versions)?.into(),
        json(&venue.profile)?.into(),
        json(&venue.hours)?.into(),
        json(&venue.exceptions)?.into(),
        json(&venue.zones)?.into(),
        json(&venue.fees)?.into(),
        json(&venue.standing)?.into(),
    ])
}

fn read(row: &Row) -> Outcome<Venue> {
    let texts = (2..9).map(|at| row.get::<String>(at));
    of_cells(row.get(1)?, &texts.collect::<Outcome<Vec<_>>>()?)
}

/// The venue of a version and of the texts of its other columns.
pub(super) fn of_cells(version: i64, texts: &[String]) -> Outcome<Venue> {
    let [versions, profile, hours, exceptions, zones, fees, standing] = texts else {
        return Err(Failure::Damaged("a venue of other columns".to_owned()));
    };
    Ok(Venue {
        profile: parsed(profile)?,
        hours: parsed(hours)?,
        exceptions: parsed(exceptions)?,
        zones: parsed(zones)?,
        fees: parsed(fees)?,
        standing: parsed(standing)?,
        versions: parsed(versions)?,
        version,
    })
}

fn json(part: &impl Serialize) -> Outcome<String> {
    serde_json::to_string(part).map_err(|error| Failure::Broken(format!("a venue: {error}")))
}

fn parsed<T: DeserializeOwned>(text: &str) -> Outcome<T> {
    serde_json::from_str(text).map_err(|error| Failure::Damaged(format!("a venue: {error}")))
}

/// The stream of a venue as the key of its row.
pub(super) fn key(stream: Uid) -> Value {
    domain::venues::restaurant(stream).uid().into()
}
