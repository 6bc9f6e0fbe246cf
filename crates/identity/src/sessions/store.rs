//! The tables of sessions and refresh tokens, and their statements.
//!
//! Both are found by the keyed hash of what opens them, and seen and changed as rows of their person. `ended_at` and
//! `used_at` are 0 for as long as nothing has ended and nothing was used.

use store::{Class, Column, Sql, Table};

/// Who is signed in, and until when.
pub(crate) static SESSIONS: Table = Table::new(
    "sessions",
    Class::Held,
    &[
        Column::bytes("digest"),
        Column::id("id"),
        Column::int("strength"),
        Column::text("kind"),
        Column::int("started_at"),
        Column::int("seen_at"),
        Column::int("ends_at"),
        Column::int("idle_us"),
        Column::bytes("agent"),
        Column::bytes("address"),
        Column::int("ended_at"),
        Column::int("at"),
    ],
    1,
    &[],
)
.cleared();

/// What an app gets its next access token with. The family is the session.
pub(crate) static REFRESH: Table = Table::new(
    "refresh",
    Class::Held,
    &[
        Column::bytes("digest"),
        Column::id("family"),
        Column::int("used_at"),
        Column::int("ends_at"),
        Column::int("at"),
    ],
    1,
    &[],
)
.cleared();

/// Both as the queue role sees what is older than 30 days: long over, whatever was set.
static OLD_SESSIONS: Table = SESSIONS.as_queue();
static OLD_REFRESH: Table = REFRESH.as_queue();

/// Whose session a digest opens. The columns are those of [`READ_ONE`].
pub(crate) static FIND: Sql = Sql::new(
    "sessions.find",
    &SESSIONS,
    "SELECT person, id, digest, strength, kind, started_at, seen_at, ends_at, idle_us, ended_at \
     FROM sessions WHERE digest = $1",
);

/// One session of a person.
pub(crate) static READ_ONE: Sql = Sql::new(
    "sessions.read",
    &SESSIONS,
    "SELECT person, id, digest, strength, kind, started_at, seen_at, ends_at, idle_us, ended_at \
     FROM sessions WHERE person = $1 AND id = $2",
);

/// The sessions of a person that were not ended and are not over, the newest first.
pub(crate) static READ_LIVE: Sql = Sql::new(
    "sessions.read_live",
    &SESSIONS,
    "SELECT id, digest, strength, started_at, seen_at, ends_at, idle_us, agent, address \
     FROM sessions WHERE person = $1 AND ended_at = 0 AND ends_at > $2 \
     ORDER BY started_at DESC, id DESC LIMIT $3",
);

/// Every session of a person, the newest first.
pub(crate) static READ_ALL: Sql = Sql::new(
    "sessions.read_all",
    &SESSIONS,
    "SELECT id, digest, strength, started_at, seen_at, ends_at, idle_us, agent, address, kind, ended_at \
     FROM sessions WHERE person = $1 ORDER BY started_at DESC, id DESC LIMIT $2",
);

/// Ends a session that has not ended.
pub(crate) static END: Sql = Sql::new(
    "sessions.end",
    &SESSIONS,
    "UPDATE sessions SET ended_at = $3 WHERE person = $1 AND digest = $2 AND ended_at = 0",
);

/// Notes that a session was used, which never makes it seen earlier than it was.
pub(crate) static SEEN: Sql = Sql::new(
    "sessions.seen",
    &SESSIONS,
    "UPDATE sessions SET seen_at = $3 \
     WHERE person = $1 AND digest = $2 AND ended_at = 0 AND seen_at < $3",
);

/// Holds a session that is live, while something is made of it.
pub(crate) static HOLD: Sql = Sql::new(
    "sessions.hold",
    &SESSIONS,
    "UPDATE sessions SET seen_at = CASE WHEN seen_at < $3 THEN $3 ELSE seen_at END \
     WHERE person = $1 AND digest = $2 AND ended_at = 0",
);

/// Keeps a session findable after the pepper that its digest was made with.
pub(crate) static REDIGEST: Sql = Sql::new(
    "sessions.redigest",
    &SESSIONS,
    "UPDATE sessions SET digest = $3 WHERE person = $1 AND digest = $2",
);

/// Removes a session of a person who is erased.
pub(crate) static REMOVE: Sql = Sql::new(
    "sessions.remove",
    &SESSIONS,
    "DELETE FROM sessions WHERE person = $1 AND digest = $2",
);

/// Whose refresh token it is.
pub(crate) static FIND_REFRESH: Sql = Sql::new(
    "refresh.find",
    &REFRESH,
    "SELECT person, family, used_at, ends_at FROM refresh WHERE digest = $1",
);

/// The refresh tokens of a session that nobody has used.
pub(crate) static READ_UNUSED: Sql = Sql::new(
    "refresh.read_unused",
    &REFRESH,
    "SELECT digest FROM refresh WHERE person = $1 AND family = $2 AND used_at = 0 LIMIT $3",
);

/// Every refresh token of a person.
pub(crate) static READ_REFRESH: Sql = Sql::new(
    "refresh.read_all",
    &REFRESH,
    "SELECT digest FROM refresh WHERE person = $1 LIMIT $2",
);

/// Uses a refresh token, which can be done once.
pub(crate) static USE_REFRESH: Sql = Sql::new(
    "refresh.use",
    &REFRESH,
    "UPDATE refresh SET used_at = $3 WHERE person = $1 AND digest = $2 AND used_at = 0",
);

/// Removes a refresh token of a person who is erased.
pub(crate) static REMOVE_REFRESH: Sql = Sql::new(
    "refresh.remove",
    &REFRESH,
    "DELETE FROM refresh WHERE person = $1 AND digest = $2",
);

/// Removes old sessions.
pub(crate) static CLEAR_SESSIONS: Sql = Sql::new(
    "sessions.clear",
    &OLD_SESSIONS,
    "DELETE FROM sessions WHERE digest IN (SELECT digest FROM sessions WHERE at < $1 LIMIT $2)",
);

/// Removes old refresh tokens.
pub(crate) static CLEAR_REFRESH: Sql = Sql::new(
    "refresh.clear",
    &OLD_REFRESH,
    "DELETE FROM refresh WHERE digest IN (SELECT digest FROM refresh WHERE at < $1 LIMIT $2)",
);

pub(crate) const TABLES: &[&Table] = &[&SESSIONS, &REFRESH];

pub(crate) const STATEMENTS: &[&Sql] = &[
    &FIND,
    &READ_ONE,
    &READ_LIVE,
    &READ_ALL,
    &END,
    &SEEN,
    &HOLD,
    &REDIGEST,
    &REMOVE,
    &FIND_REFRESH,
    &READ_UNUSED,
    &READ_REFRESH,
    &USE_REFRESH,
    &REMOVE_REFRESH,
    &CLEAR_SESSIONS,
    &CLEAR_REFRESH,
];
