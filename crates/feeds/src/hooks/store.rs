//! The tables of hooks and of what they are told, and their rows as values.

use base::{Time, Uid};
use domain::organisations::RestaurantId;
use store::{Class, Column, Failure, Migration, Outcome, Part, Row, Sql, Table};

/// Where an organisation wants to be told of events.
pub(super) static HOOKS: Table = Table::new(
    "hooks",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::text("url"),
        Column::text("kinds"),
        Column::text("restaurants"),
        Column::int("active"),
        Column::text("why"),
        Column::int("failures"),
        Column::bytes("secret"),
        Column::bytes("previous"),
        Column::int("previous_until"),
        Column::int("version"),
        Column::int("created_at"),
    ],
    1,
    &[],
);

/// What each hook is told.
pub(super) static DELIVERIES: Table = Table::new(
    "hook_deliveries",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::id("hook"),
        Column::int("position"),
        Column::id("stream"),
        Column::int("version"),
        Column::text("kind"),
        Column::int("state"),
        Column::int("tries"),
        Column::int("status"),
        Column::text("error"),
        Column::int("at"),
        Column::int("since"),
        Column::int("tried_at"),
    ],
    1,
    &[],
);

pub(super) static READ: Sql = Sql::new(
    "hooks.read",
    &HOOKS,
    "SELECT id, url, kinds, restaurants, active, why, failures, secret, previous, \
     previous_until, version, created_at FROM hooks WHERE organisation = $1 AND id = $2",
);

pub(super) static LIST: Sql = Sql::new(
    "hooks.list",
    &HOOKS,
    "SELECT id, url, kinds, restaurants, active, why, failures, secret, previous, \
     previous_until, version, created_at FROM hooks WHERE organisation = $1 ORDER BY id",
);

/// Says anew what a hook is.
pub(super) static CHANGE: Sql = Sql::new(
    "hooks.change",
    &HOOKS,
    "UPDATE hooks SET url = $4, kinds = $5, restaurants = $6, active = $7, why = $8, failures = 0, \
     version = version + 1 WHERE organisation = $1 AND id = $2 AND version = $3",
);

/// Gives a hook another secret; the one before holds for a while.
pub(super) static ROTATE: Sql = Sql::new(
    "hooks.rotate",
    &HOOKS,
    "UPDATE hooks SET secret = $4, previous = $5, previous_until = $6, version = version + 1 \
     WHERE organisation = $1 AND id = $2 AND version = $3",
);

pub(super) static REMOVE: Sql = Sql::new(
    "hooks.remove",
    &HOOKS,
    "DELETE FROM hooks WHERE organisation = $1 AND id = $2 AND version = $3",
);

/// Notes that a hook was told something.
pub(super) static WELL: Sql = Sql::new(
    "hooks.well",
    &HOOKS,
    "UPDATE hooks SET failures = 0 WHERE organisation = $1 AND id = $2 AND failures > 0",
);

/// Notes that a hook could not be told something.
pub(super) static ILL: Sql = Sql::new(
    "hooks.ill",
    &HOOKS,
    "UPDATE hooks SET failures = failures + 1 WHERE organisation = $1 AND id = $2",
);

/// Tells a hook nothing more, and says why.
pub(super) static DISABLE: Sql = Sql::new(
    "hooks.disable",
    &HOOKS,
    "UPDATE hooks SET active = 0, why = $4, version = version + 1 \
     WHERE organisation = $1 AND id = $2 AND version = $3 AND active = 1",
);

pub(super) static READ_DELIVERY: Sql = Sql::new(
    "hook_deliveries.read",
    &DELIVERIES,
    "SELECT id, hook, position, stream, version, kind, state, tries, status, error, at, since, \
     tried_at FROM hook_deliveries WHERE organisation = $1 AND id = $2",
);

/// The deliveries of a hook, the newest first.
pub(super) static LIST_DELIVERIES: Sql = Sql::new(
    "hook_deliveries.list",
    &DELIVERIES,
    "SELECT id, hook, position, stream, version, kind, state, tries, status, error, at, since, \
     tried_at FROM hook_deliveries WHERE organisation = $1 AND hook = $2 AND position < $3 \
     ORDER BY position DESC LIMIT $4",
);

/// The deliveries of a hook in one state, the newest first.
pub(super) static LIST_IN_STATE: Sql = Sql::new(
    "hook_deliveries.list_in_state",
    &DELIVERIES,
    "SELECT id, hook, position, stream, version, kind, state, tries, status, error, at, since, \
     tried_at FROM hook_deliveries WHERE organisation = $1 AND hook = $2 AND position < $3 \
     AND state = $5 ORDER BY position DESC LIMIT $4",
);

/// The oldest deliveries of a hook in one state.
pub(super) static OLDEST_IN_STATE: Sql = Sql::new(
    "hook_deliveries.oldest",
    &DELIVERIES,
    "SELECT id, hook, position, stream, version, kind, state, tries, status, error, at, since, \
     tried_at FROM hook_deliveries WHERE organisation = $1 AND hook = $2 AND state = $3 \
     ORDER BY position LIMIT $4",
);

/// The last delivery of a stream that a hook has not been told yet.
pub(super) static LAST_WAITING: Sql = Sql::new(
    "hook_deliveries.last_waiting",
    &DELIVERIES,
    "SELECT id FROM hook_deliveries WHERE organisation = $1 AND hook = $2 AND stream = $3 \
     AND state = $4 ORDER BY position DESC LIMIT 1",
);

/// Notes how a try ended, unless somebody has noted it otherwise.
pub(super) static NOTE: Sql = Sql::new(
    "hook_deliveries.note",
    &DELIVERIES,
    "UPDATE hook_deliveries SET state = $4, tries = tries + 1, status = $5, error = $6, \
     tried_at = $7 WHERE organisation = $1 AND id = $2 AND state = $3",
);

/// Puts a delivery into another state.
pub(super) static MOVE: Sql = Sql::new(
    "hook_deliveries.move",
    &DELIVERIES,
    "UPDATE hook_deliveries SET state = $4, since = $5 \
     WHERE organisation = $1 AND id = $2 AND state = $3",
);

/// Removes what a hook was told long ago.
pub(super) static FORGET_OLD: Sql = Sql::new(
    "hook_deliveries.forget_old",
    &DELIVERIES,
    "DELETE FROM hook_deliveries \
     WHERE organisation = $1 AND hook = $2 AND state = $3 AND at < $4",
);

/// Removes all that a hook was told.
pub(super) static FORGET: Sql = Sql::new(
    "hook_deliveries.forget",
    &DELIVERIES,
    "DELETE FROM hook_deliveries WHERE organisation = $1 AND hook = $2",
);

/// What hooks bring to every shard.
pub(crate) static SHARD: Part = Part {
    name: "hooks",
    tables: &[&HOOKS, &DELIVERIES],
    statements: &[
        &READ,
        &LIST,
        &CHANGE,
        &ROTATE,
        &REMOVE,
        &WELL,
        &ILL,
        &DISABLE,
        &READ_DELIVERY,
        &LIST_DELIVERIES,
        &LIST_IN_STATE,
        &OLDEST_IN_STATE,
        &LAST_WAITING,
        &NOTE,
        &MOVE,
        &FORGET_OLD,
        &FORGET,
    ],
    migrations: &[Migration {
        number: 1,
        name: "hooks",
        sqlite: include_str!("../../migrations/sqlite/0001_hooks.sql"),
        postgres: include_str!("../../migrations/postgres/0001_hooks.sql"),
    }],
};

/// A hook as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Hook {
    pub(super) id: Uid,
    pub(super) url: String,
    /// Kinds and families; none for all.
    pub(super) kinds: Vec<String>,
    /// Restaurants; none for all, and the organisation itself.
    pub(super) restaurants: Vec<RestaurantId>,
    pub(super) is_active: bool,
    pub(super) why: String,
    pub(super) failures: i64,
    pub(super) secret: Vec<u8>,
    pub(super) previous: Vec<u8>,
    pub(super) previous_until: Time,
    pub(super) version: i64,
    pub(super) created_at: Time,
}

impl Hook {
    /// Reads what [`READ`] and [`LIST`] answer.
    pub(super) fn read(row: &Row) -> Outcome<Self> {
        Ok(Hook {
            id: row.get(0)?,
            url: row.get(1)?,
            kinds: list(row, 2)?,
            restaurants: list(row, 3)?,
            is_active: row.get::<i64>(4)? != 0,
            why: row.get(5)?,
            failures: row.get(6)?,
            secret: row.get(7)?,
            previous: row.get(8)?,
            previous_until: row.get(9)?,
            version: row.get(10)?,
            created_at: row.get(11)?,
        })
    }
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is to be told, or told again.
    Waiting,
    /// It was told.
    Delivered,
    /// It could not be told, and is given up.
    Dead,
    /// Its hook was disabled before it was told.
    Held,
}

impl State {
    pub(super) const ALL: [State; 4] = [State::Waiting, State::Delivered, State::Dead, State::Held];

    pub(super) const fn number(self) -> i64 {
        match self {
            State::Waiting => 0,
            State::Delivered => 1,
            State::Dead => 2,
            State::Held => 3,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Delivered => "delivered",
            State::Dead => "dead",
            State::Held => "held",
        }
    }
}

/// One event for one hook.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) id: Uid,
    pub(super) hook: Uid,
    pub(super) position: i64,
    pub(super) stream: Uid,
    pub(super) version: i64,
    pub(super) kind: String,
    pub(super) state: State,
    pub(super) tries: i64,
    pub(super) status: i64,
    pub(super) error: String,
    pub(super) at: Time,
    pub(super) since: Time,
    pub(super) tried_at: Time,
}

impl Delivery {
    pub(super) fn read(row: &Row) -> Outcome<Self> {
        let state: i64 = row.get(6)?;
        let state = State::ALL.into_iter().find(|known| known.number() == state);
        Ok(Delivery {
            id: row.get(0)?,
            hook: row.get(1)?,
            position: row.get(2)?,
            stream: row.get(3)?,
            version: row.get(4)?,
            kind: row.get(5)?,
            state: state.ok_or_else(|| damaged("a state"))?,
            tries: row.get(7)?,
            status: row.get(8)?,
            error: row.get(9)?,
            at: row.get(10)?,
            since: row.get(11)?,
            tried_at: row.get(12)?,
        })
    }
}

fn list<T: serde::de::DeserializeOwned>(row: &Row, at: usize) -> Outcome<Vec<T>> {
    serde_json::from_str(&row.get::<String>(at)?).map_err(|_| damaged("a list"))
}

fn damaged(what: &str) -> Failure {
    Failure::Damaged(format!("{what} of a hook is none"))
}
