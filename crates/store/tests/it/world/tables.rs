//! Tables and statements that only the contract needs, beside those of the trial.

use store::{Class, Column, Migration, Part, Sql, Table};
use testkit::trial::{ORDERS, RESTAURANTS, STOCK};

/// A row of every kind of value, and one of every rule.
pub(crate) static SAMPLES: Table = Table::new(
    "contract_samples",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::int("number"),
        Column::text("words"),
        Column::bytes("bytes"),
        Column::id("other"),
    ],
    1,
    &[],
);

/// A table with a column of the same name as one of the log, and constraints with names of their own.
pub(crate) static PLACES: Table = Table::new(
    "contract_places",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::int("position"),
        Column::int("seat"),
    ],
    1,
    &[],
);

/// What only these tests bring to a shard.
pub(crate) static CONTRACT: Part = Part {
    name: "contract",
    tables: &[&SAMPLES, &PLACES],
    statements: &[],
    migrations: &[Migration {
        number: 1,
        name: "contract",
        sqlite: "
            CREATE TABLE contract_samples (
                organisation INTEGER NOT NULL, id BLOB NOT NULL, number INTEGER, words TEXT, bytes BLOB, other BLOB,
                PRIMARY KEY (organisation, id)
            ) STRICT;
            CREATE TABLE contract_places (
                organisation INTEGER NOT NULL, id BLOB NOT NULL, position INTEGER NOT NULL, seat INTEGER NOT NULL,
                PRIMARY KEY (organisation, id),
                CONSTRAINT seat_is_known CHECK (seat >= 1 AND seat <= 9)
            ) STRICT;
            CREATE UNIQUE INDEX one_a_position ON contract_places (organisation, position);",
        postgres: "
            CREATE TABLE contract_samples (
                organisation BIGINT NOT NULL, id UUID NOT NULL, number BIGINT, words TEXT, bytes BYTEA, other UUID,
                PRIMARY KEY (organisation, id)
            );
            CREATE TABLE contract_places (
                organisation BIGINT NOT NULL, id UUID NOT NULL, position BIGINT NOT NULL, seat BIGINT NOT NULL,
                PRIMARY KEY (organisation, id),
                CONSTRAINT seat_is_known CHECK (seat >= 1 AND seat <= 9)
            );
            CREATE UNIQUE INDEX one_a_position ON contract_places (organisation, position);",
    }],
};

pub(crate) static READ_SAMPLE: Sql = Sql::new(
    "contract_samples.read",
    &SAMPLES,
    "SELECT number, words, bytes, other FROM contract_samples WHERE organisation = $1 AND id = $2",
);

pub(crate) static COUNT_SAMPLES: Sql = Sql::new(
    "contract_samples.count",
    &SAMPLES,
    "SELECT CAST(count(*) AS BIGINT) FROM contract_samples WHERE organisation = $1",
);

/// The name of the restaurant `$2`.
pub(crate) static READ_RESTAURANT: Sql = Sql::new(
    "trial_restaurants.read",
    &RESTAURANTS,
    "SELECT name FROM trial_restaurants WHERE organisation = $1 AND id = $2",
);

/// Change: removes the restaurant `$2`, orders or not.
pub(crate) static REMOVE_RESTAURANT: Sql = Sql::new(
    "trial_restaurants.remove",
    &RESTAURANTS,
    "DELETE FROM trial_restaurants WHERE organisation = $1 AND id = $2",
);

/// Change: takes `$3` of the dish `$2` without asking how many there are.
pub(crate) static SEIZE_STOCK: Sql = Sql::new(
    "trial_stock.seize",
    &STOCK,
    "UPDATE trial_stock SET free = free - $3 WHERE organisation = $1 AND dish = $2",
);

/// Where an organisation stands, as the shard knows it.
static PLACEMENTS: Table = Table::new(
    "placements",
    Class::Control,
    &[
        Column::int("organisation"),
        Column::int("epoch"),
        Column::text("state"),
    ],
    1,
    &[],
);

/// Puts the organisation `$1` at the epoch `$2` in the state `$3`.
pub(crate) static SET_PLACEMENT: Sql = Sql::new(
    "placements.set",
    &PLACEMENTS,
    "UPDATE placements SET epoch = $2, state = $3 WHERE organisation = $1",
);

/// Whether the answer comes from a replica.
pub(crate) static IN_RECOVERY: Sql = Sql::two(
    "contract.in_recovery",
    &ORDERS,
    "SELECT 0 WHERE $1 > 0",
    "SELECT CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END WHERE CAST($1 AS BIGINT) > 0",
);

/// Takes much longer than any deadline of a test.
pub(crate) static SLOW: Sql = Sql::two(
    "contract.slow",
    &ORDERS,
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000) \
     SELECT count(*) FROM n WHERE i > $1",
    "SELECT o FROM (SELECT pg_sleep(20), CAST($1 AS BIGINT) AS o OFFSET 0) AS s",
);

static COMMITS: Table = Table::new(
    "commits",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::int("position"),
        Column::text("answer"),
        Column::int("at"),
    ],
    1,
    &[],
);

/// Where the commit `$2` stands, if it was stored.
pub(crate) static FIND_COMMIT: Sql = Sql::new(
    "contract.find_commit",
    &COMMITS,
    "SELECT position FROM commits WHERE organisation = $1 AND id = $2",
);

/// Change: gives all orders of the restaurant `$3` that have the status `$2` the status `closed`.
pub(crate) static CLOSE_ORDERS: Sql = Sql::new(
    "trial_orders.close",
    &ORDERS,
    "UPDATE trial_orders SET status = 'closed', version = version + 1 \
     WHERE organisation = $1 AND status = $2 AND restaurant = $3 RETURNING id",
);

static COUNTERS: Table = Table::new(
    "counters",
    Class::Control,
    &[Column::text("name"), Column::int("value")],
    1,
    &[],
);

static DIRECTORY: Table = Table::new(
    "directory",
    Class::Control,
    &[
        Column::int("organisation"),
        Column::text("request"),
        Column::text("region"),
        Column::text("shard"),
        Column::int("epoch"),
        Column::text("state"),
        Column::int("version"),
    ],
    1,
    &[],
);

/// Takes the next number of the counter `$1` of the control database.
pub(crate) static TAKE_NUMBER: Sql = Sql::new(
    "contract.take_number",
    &COUNTERS,
    "UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING value",
);

/// The first step of making the organisation `$1` for the request `$2`, and no more.
pub(crate) static RESERVE: Sql = Sql::new(
    "contract.reserve",
    &DIRECTORY,
    "INSERT INTO directory (organisation, request, region, shard, epoch, state, version) \
     SELECT $1, $2, $3, $4, 1, 'creating', value FROM counters WHERE name = 'directory'",
);

/// The second step: the shard learns of the organisation `$1`.
pub(crate) static PLACE: Sql = Sql::new(
    "contract.place",
    &PLACEMENTS,
    "INSERT INTO placements (organisation, epoch, state) VALUES ($1, 1, 'open')",
);
