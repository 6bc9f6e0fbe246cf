//! What is published, in tables that belong to nobody: cards and words of restaurants, and who is suspended.
//!
//! Each change takes the next number, so that nodes ask for what has changed since the last one that they saw. A row is
//! stale when more is wanted of it than was done: whoever hears of an event adds to what is wanted, and whoever
//! publishes says up to where he has seen it, so that no change is lost between the two.

use base::{Organisation, Uid};
use store::{Class, Column, Migration, Outcome, Part, Row, Sql, Table};

/// In which form cards and words are written. A row of another form is published anew.
pub(super) const FORM: i64 = 1;

/// Restaurants.
pub(super) static RESTAURANTS: Table = Table::new(
    "search_restaurants",
    Class::Published,
    &[
        Column::id("restaurant"),
        Column::int("organisation"),
        Column::id("brand"),
        Column::int("change"),
        Column::int("wanted"),
        Column::int("done"),
        Column::int("form"),
        Column::text("card"),
        Column::text("words"),
    ],
    1,
    &[],
);

/// Organisations that were suspended at some time.
pub(super) static ORGANISATIONS: Table = Table::new(
    "search_organisations",
    Class::Published,
    &[
        Column::int("organisation"),
        Column::int("change"),
        Column::int("position"),
        Column::int("suspended"),
    ],
    1,
    &[],
);

/// The number of the last change: one row.
pub(super) static CHANGES: Table = Table::new(
    "search_changes",
    Class::Published,
    &[Column::int("id"), Column::int("number")],
    1,
    &[],
);

/// Takes the next number. Whoever has it holds the row, so that changes are seen in the order of their numbers.
pub(super) static NEXT: Sql = Sql::new(
    "search.next",
    &CHANGES,
    "UPDATE search_changes SET number = number + 1 WHERE id = 1",
);

/// Wants a restaurant to be published anew.
pub(super) static WANT: Sql = Sql::new(
    "search.want",
    &RESTAURANTS,
    "INSERT INTO search_restaurants (restaurant, organisation, change, wanted, done, form) \
     VALUES ($1, $2, 0, 1, 0, 0) \
     ON CONFLICT (restaurant) DO UPDATE SET wanted = search_restaurants.wanted + 1",
);

/// Wants all restaurants of a brand to be published anew.
pub(super) static WANT_BRAND: Sql = Sql::new(
    "search.want_brand",
    &RESTAURANTS,
    "UPDATE search_restaurants SET wanted = wanted + 1 WHERE brand = $1",
);

/// Wants everything to be published anew that is written in an older form.
pub(super) static WANT_OLD: Sql = Sql::new(
    "search.want_old",
    &RESTAURANTS,
    "UPDATE search_restaurants SET wanted = wanted + 1 WHERE form < $1 AND done = wanted",
);

/// Wants everything to be published anew.
pub(super) static WANT_ALL: Sql = Sql::new(
    "search.want_all",
    &RESTAURANTS,
    "UPDATE search_restaurants SET wanted = wanted + 1 WHERE done = wanted",
);

/// Restaurants to be published, after this one, with what is wanted.
pub(super) static STALE: Sql = Sql::new(
    "search.stale",
    &RESTAURANTS,
    "SELECT restaurant, wanted FROM search_restaurants \
     WHERE done < wanted AND restaurant > $1 ORDER BY restaurant LIMIT $2",
);

/// How many are to be published.
pub(super) static COUNT_STALE: Sql = Sql::new(
    "search.count_stale",
    &RESTAURANTS,
    "SELECT CAST(COUNT(*) AS BIGINT) FROM search_restaurants WHERE done < wanted",
);

/// Publishes a restaurant as it was read after this much was wanted, unless a later reading is there.
pub(super) static PUBLISH: Sql = Sql::new(
    "search.publish",
    &RESTAURANTS,
    "UPDATE search_restaurants SET done = $2, brand = $3, form = $4, card = $5, words = $6, \
     change = (SELECT number FROM search_changes WHERE id = 1) \
     WHERE restaurant = $1 AND done <= $2",
);

/// Says whether an organisation is suspended, as the event at this position says, unless a later one was heard.
pub(super) static TURN: Sql = Sql::new(
    "search.turn",
    &ORGANISATIONS,
    "INSERT INTO search_organisations (organisation, change, position, suspended) \
     SELECT $1, number, $2, $3 FROM search_changes WHERE id = 1 \
     ON CONFLICT (organisation) DO UPDATE SET change = excluded.change, position = excluded.position, \
     suspended = excluded.suspended WHERE search_organisations.position < excluded.position",
);

/// What was published after a number.
pub(super) static READ_RESTAURANTS: Sql = Sql::new(
    "search.restaurants",
    &RESTAURANTS,
    "SELECT change, restaurant, card, words FROM search_restaurants \
     WHERE change > $1 ORDER BY change LIMIT $2",
);

/// Who was suspended or resumed after a number.
pub(super) static READ_ORGANISATIONS: Sql = Sql::new(
    "search.organisations",
    &ORGANISATIONS,
    "SELECT change, organisation, suspended FROM search_organisations \
     WHERE change > $1 ORDER BY change LIMIT $2",
);

/// What search brings to every shard.
pub(crate) static SHARD: Part = Part {
    name: "search",
    tables: &[&RESTAURANTS, &ORGANISATIONS, &CHANGES],
    statements: &[
        &NEXT,
        &WANT,
        &WANT_BRAND,
        &WANT_OLD,
        &WANT_ALL,
        &STALE,
        &COUNT_STALE,
        &PUBLISH,
        &TURN,
        &READ_RESTAURANTS,
        &READ_ORGANISATIONS,
    ],
    migrations: &[Migration {
        number: 1,
        name: "search",
        sqlite: include_str!("../migrations/sqlite/0001_search.sql"),
        postgres: include_str!("../migrations/postgres/0001_search.sql"),
    }],
};

/// A restaurant as it was published: nothing where it is not to be seen.
pub(super) struct Published {
    pub(super) change: i64,
    pub(super) restaurant: Uid,
    pub(super) card: Option<String>,
    pub(super) words: Option<String>,
}

/// Reads a row of [`READ_RESTAURANTS`].
pub(super) fn published(row: &Row) -> Outcome<Published> {
    Ok(Published {
        change: row.get(0)?,
        restaurant: row.get(1)?,
        card: row.get(2)?,
        words: row.get(3)?,
    })
}

/// Reads a row of [`READ_ORGANISATIONS`]: the number, who, and whether he is suspended.
pub(super) fn turned(row: &Row) -> Outcome<(i64, Organisation, bool)> {
    Ok((row.get(0)?, row.get(1)?, row.get::<i64>(2)? != 0))
}
