//! The store's own tables and statements: head, log, commits, placements, answers, consumers, leases, directory.

use crate::migrate::Migration;
use crate::sql::{Part, Sql};
use crate::table::{Class, Column, Table};
use crate::{directory, idempotency, lease, log, retention, seal, verify};

/// The head of the log.
pub(crate) static HEAD: Table = Table::new(
    "head",
    Class::Control,
    &[
        Column::int("id"),
        Column::int("position"),
        Column::int("floor"),
    ],
    1,
    &[],
);

/// Which organisations live on a database.
pub(crate) static PLACEMENTS: Table = Table::new(
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

/// The event log.
pub(crate) static LOG: Table = Table::new(
    "log",
    Class::Organisation,
    &[
        Column::int("position"),
        Column::id("stream"),
        Column::int("version"),
        Column::text("kind"),
        Column::text("payload"),
        Column::text("actor"),
        Column::text("trace"),
        Column::int("at"),
        Column::int("checksum"),
    ],
    1,
    &[],
)
.cleared();

/// The log as the queue role reads it: the events of all organisations, in order. It is never written this way.
pub(crate) static FEED: Table = LOG.as_queue();

/// Stored commits and what they answered.
pub(crate) static COMMITS: Table = Table::new(
    "commits",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::int("position"),
        Column::text("answer"),
        Column::int("at"),
        Column::int("checksum"),
    ],
    1,
    &[],
)
.cleared();

/// Answers given under a caller's key.
pub(crate) static IDEMPOTENCY: Table = Table::new(
    "idempotency",
    Class::Organisation,
    &[
        Column::text("caller"),
        Column::text("operation"),
        Column::text("key"),
        Column::bytes("body"),
        Column::int("status"),
        Column::text("answer"),
        Column::int("at"),
        Column::int("checksum"),
    ],
    3,
    &[],
)
.for_people()
.cleared();

/// How far each consumer of the log has read.
pub(crate) static CONSUMERS: Table = Table::new(
    "consumers",
    Class::Queue,
    &[
        Column::text("name"),
        Column::int("position"),
        Column::int("checksum"),
    ],
    1,
    &[],
);

/// Leases with fencing numbers.
pub(crate) static LEASES: Table = Table::new(
    "leases",
    Class::Queue,
    &[
        Column::text("name"),
        Column::text("holder"),
        Column::int("fence"),
        Column::int("expires_at"),
    ],
    1,
    &[],
);

/// Numbers of the control database.
pub(crate) static COUNTERS: Table = Table::new(
    "counters",
    Class::Control,
    &[Column::text("name"), Column::int("value")],
    1,
    &[],
);

/// Wrapped keys of people, in the keys database.
pub(crate) static PERSON_KEYS: Table = Table::new(
    "person_keys",
    Class::Queue,
    &[
        Column::id("person"),
        Column::int("master"),
        Column::bytes("wrapped"),
        Column::int("made_at"),
        Column::int("erased_at"),
    ],
    1,
    &[],
);

/// Where each organisation lives.
pub(crate) static DIRECTORY: Table = Table::new(
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

/// Reads the head.
pub(crate) static READ_HEAD: Sql =
    Sql::new("head.read", &HEAD, "SELECT position FROM head WHERE id = 1");

/// Reads the head, and up to where the log was purged.
pub(crate) static READ_BOUNDS: Sql = Sql::new(
    "head.bounds",
    &HEAD,
    "SELECT position, floor FROM head WHERE id = 1",
);

/// The last version of a stream.
pub(crate) static READ_STREAM_VERSION: Sql = Sql::new(
    "log.stream_version",
    &LOG,
    "SELECT version FROM log WHERE organisation = $1 AND stream = $2 ORDER BY version DESC LIMIT 1",
);

/// What a commit answered when it was stored.
pub(crate) static FIND_COMMIT: Sql = Sql::new(
    "commits.find",
    &COMMITS,
    "SELECT position, answer, at, checksum FROM commits WHERE organisation = $1 AND id = $2",
);

/// Moves the head on by the events of a transaction. It is the last lock that a transaction takes.
pub(crate) static MOVE_HEAD: Sql = Sql::new(
    "head.move",
    &HEAD,
    "UPDATE head SET position = position + $1 WHERE id = 1 RETURNING position",
);

/// Which of these organisations are open here, at which epoch.
pub(crate) static READ_PLACEMENT: Sql = Sql::new(
    "placements.read",
    &PLACEMENTS,
    "SELECT epoch FROM placements WHERE organisation = $1 AND state = 'open'",
);

/// What every database carries.
pub static DATABASE: Part = Part {
    name: "store",
    tables: &[
        &HEAD,
        &PLACEMENTS,
        &LOG,
        &COMMITS,
        &IDEMPOTENCY,
        &CONSUMERS,
        &LEASES,
    ],
    statements: &[
        &READ_HEAD,
        &READ_BOUNDS,
        &READ_STREAM_VERSION,
        &FIND_COMMIT,
        &MOVE_HEAD,
        &READ_PLACEMENT,
        &log::READ_FEED,
        &log::READ_OWN,
        &log::READ_STREAM,
        &log::READ_CONSUMER,
        &log::ADD_CONSUMER,
        &log::MOVE_CONSUMER,
        &lease::TAKE_LEASE,
        &lease::RENEW_LEASE,
        &lease::RELEASE_LEASE,
        &idempotency::FIND_ANSWER,
        &directory::PLACE,
        &verify::READ_PLACES,
        &verify::READ_STREAMS,
        &verify::READ_CONSUMERS,
        &verify::READ_COMMITS,
        &verify::READ_ANSWERS,
        &verify::READ_HISTORY,
        &retention::CLEAR_COMMITS,
        &retention::CLEAR_ANSWERS,
        &retention::CLEAR_LOG,
        &retention::RAISE_FLOOR,
        &retention::SLOWEST_CONSUMER,
        &retention::FIRST_YOUNG,
    ],
    migrations: &[
        Migration {
            number: 1,
            name: "log",
            sqlite: include_str!("../migrations/database/sqlite/0001_log.sql"),
            postgres: include_str!("../migrations/database/postgres/0001_log.sql"),
        },
        Migration {
            number: 2,
            name: "retention",
            sqlite: include_str!("../migrations/database/sqlite/0002_retention.sql"),
            postgres: include_str!("../migrations/database/postgres/0002_retention.sql"),
        },
    ],
};

/// What the control database carries besides.
pub static CONTROL: Part = Part {
    name: "control",
    tables: &[&COUNTERS, &DIRECTORY],
    statements: &[
        &directory::TAKE_NUMBER,
        &directory::ADD_PLACEMENT,
        &directory::OPEN_PLACEMENT,
        &directory::FIND_REQUEST,
        &directory::READ_CHANGES,
    ],
    migrations: &[Migration {
        number: 1,
        name: "directory",
        sqlite: include_str!("../migrations/control/sqlite/0001_directory.sql"),
        postgres: include_str!("../migrations/control/postgres/0001_directory.sql"),
    }],
};

/// What the keys database carries besides.
pub static KEYS: Part = Part {
    name: "keys",
    tables: &[&PERSON_KEYS],
    statements: &[
        &seal::MAKE_KEY,
        &seal::READ_KEY,
        &seal::READ_KEYS,
        &seal::ERASE_KEY,
        &seal::FORGET_KEY,
        &seal::READ_OTHERS,
        &seal::COUNT_OTHERS,
        &seal::REWRAP_KEY,
        &seal::READ_SAMPLES,
    ],
    migrations: &[Migration {
        number: 1,
        name: "keys",
        sqlite: include_str!("../migrations/keys/sqlite/0001_keys.sql"),
        postgres: include_str!("../migrations/keys/postgres/0001_keys.sql"),
    }],
};
