//! The hosts of organisations in the control database. A name that was taken away stays as a row without organisation,
//! so that nodes which ask for what is new hear of it.

use store::{Class, Column, Sql, Table};

/// The names of hosts.
pub(crate) static HOSTS: Table = Table::new(
    "hosts",
    Class::Control,
    &[
        Column::text("host"),
        Column::int("organisation"),
        Column::int("since"),
        Column::text("actor"),
        Column::int("version"),
    ],
    1,
    &[],
);

/// The number of the last change: one row.
pub(crate) static CHANGES: Table = Table::new(
    "host_changes",
    Class::Control,
    &[Column::int("id"), Column::int("version")],
    1,
    &[],
);

/// Takes the next number. Whoever has it holds the row, so that changes are seen in the order of their numbers.
pub(crate) static NEXT: Sql = Sql::new(
    "host_changes.next",
    &CHANGES,
    "UPDATE host_changes SET version = version + 1 WHERE id = 1",
);

/// Leads a name to an organisation, unless it leads to another one.
pub(crate) static PUT: Sql = Sql::new(
    "hosts.put",
    &HOSTS,
    "INSERT INTO hosts (host, organisation, since, actor, version) \
     SELECT $1, $2, $3, $4, version FROM host_changes WHERE id = 1 \
     ON CONFLICT (host) DO UPDATE SET organisation = excluded.organisation, since = excluded.since, \
     actor = excluded.actor, version = excluded.version WHERE hosts.organisation IS NULL \
     RETURNING host",
);

/// Takes a name away from an organisation.
pub(crate) static REMOVE: Sql = Sql::new(
    "hosts.remove",
    &HOSTS,
    "UPDATE hosts SET organisation = NULL, since = $3, actor = $4, \
     version = (SELECT version FROM host_changes WHERE id = 1) \
     WHERE host = $1 AND organisation = $2 RETURNING host",
);

pub(crate) static READ: Sql = Sql::new(
    "hosts.read",
    &HOSTS,
    "SELECT host, since, organisation FROM hosts WHERE host = $1 AND organisation IS NOT NULL",
);

pub(crate) static LIST: Sql = Sql::new(
    "hosts.list",
    &HOSTS,
    "SELECT host, since, organisation FROM hosts WHERE organisation = $1 ORDER BY host LIMIT $2",
);

/// All changes after a number.
pub(crate) static READ_CHANGES: Sql = Sql::new(
    "hosts.changes",
    &HOSTS,
    "SELECT host, organisation, version FROM hosts WHERE version > $1 ORDER BY version, host LIMIT $2",
);
