//! The trial statements. `$1` is the organisation or person; in a change the table's key follows.

use store::Sql;

use super::tables::{
    ACTS, ADDRESSES, COUNTERS, INTENTS, JOBS, LINES, LISTING, OLD_STUBS, ORDERS, SPENT_TOKENS,
    STOCK, STUBS, TOKENS,
};

/// Guard: takes `$3` of the dish `$2`, if so many are free. Answers what is left.
pub static TAKE_STOCK: Sql = Sql::new(
    "trial_stock.take",
    &STOCK,
    "UPDATE trial_stock SET free = free - $3 \
     WHERE organisation = $1 AND dish = $2 AND free >= $3 RETURNING free",
);

/// Guard: the same, and answers nothing.
pub static HOLD_STOCK: Sql = Sql::new(
    "trial_stock.hold",
    &STOCK,
    "UPDATE trial_stock SET free = free - $3 \
     WHERE organisation = $1 AND dish = $2 AND free >= $3",
);

/// Change: adds `$3` to what is free of the dish `$2`. Answers what is free now.
pub static ADD_STOCK: Sql = Sql::new(
    "trial_stock.add",
    &STOCK,
    "INSERT INTO trial_stock (organisation, dish, free) VALUES ($1, $2, $3) \
     ON CONFLICT (organisation, dish) DO UPDATE SET free = trial_stock.free + excluded.free \
     RETURNING free",
);

/// What is free of the dish `$2`.
pub static READ_STOCK: Sql = Sql::new(
    "trial_stock.read",
    &STOCK,
    "SELECT free FROM trial_stock WHERE organisation = $1 AND dish = $2",
);

/// Change: takes the next number of the counter `$2`, which begins at 1.
pub static NEXT_NUMBER: Sql = Sql::new(
    "trial_counters.next",
    &COUNTERS,
    "INSERT INTO trial_counters (organisation, name, next) VALUES ($1, $2, 1) \
     ON CONFLICT (organisation, name) DO UPDATE SET next = trial_counters.next + 1 RETURNING next",
);

/// Guard: gives the order `$2` the status `$4`, if it still has the version `$3`.
pub static SET_STATUS: Sql = Sql::new(
    "trial_orders.set_status",
    &ORDERS,
    "UPDATE trial_orders SET status = $4, version = version + 1 \
     WHERE organisation = $1 AND id = $2 AND version = $3 RETURNING version",
);

/// The order `$2`: restaurant, number, status, total, note, version, time.
pub static READ_ORDER: Sql = Sql::new(
    "trial_orders.read",
    &ORDERS,
    "SELECT restaurant, number, status, total_minor, note, version, created_at \
     FROM trial_orders WHERE organisation = $1 AND id = $2",
);

/// The lines of the order `$2`, in order: line, dish, quantity, price.
pub static READ_LINES: Sql = Sql::new(
    "trial_lines.read",
    &LINES,
    "SELECT line, dish, quantity, price_minor \
     FROM trial_lines WHERE organisation = $1 AND order_id = $2 ORDER BY line",
);

/// The payments of the order `$2`: id, amount, state.
pub static READ_INTENTS: Sql = Sql::new(
    "trial_intents.read",
    &INTENTS,
    "SELECT id, amount_minor, state FROM trial_intents \
     WHERE organisation = $1 AND order_id = $2 ORDER BY id",
);

/// Those of the orders in the list `$2` that exist: id, version. Each engine takes a list in its own way.
pub static FIND_ORDERS: Sql = Sql::two(
    "trial_orders.find",
    &ORDERS,
    "SELECT id, version FROM trial_orders \
     WHERE organisation = $1 AND id IN (SELECT value FROM rarray($2)) ORDER BY id",
    "SELECT id, version FROM trial_orders WHERE organisation = $1 AND id = ANY ($2) ORDER BY id",
);

/// How many orders there are.
pub static COUNT_ORDERS: Sql = Sql::new(
    "trial_orders.count",
    &ORDERS,
    "SELECT CAST(count(*) AS BIGINT) FROM trial_orders WHERE organisation = $1",
);

/// Guard: removes the line `$3` of the order `$2`.
pub static REMOVE_LINE: Sql = Sql::new(
    "trial_lines.remove",
    &LINES,
    "DELETE FROM trial_lines WHERE organisation = $1 AND order_id = $2 AND line = $3",
);

/// Publishes a name.
pub static PUT_LISTING: Sql = Sql::new(
    "trial_listing.put",
    &LISTING,
    "INSERT INTO trial_listing (id, name) VALUES ($1, $2) \
     ON CONFLICT (id) DO UPDATE SET name = excluded.name",
);

/// All that is published, by name.
pub static READ_LISTING: Sql = Sql::new(
    "trial_listing.read",
    &LISTING,
    "SELECT id, name FROM trial_listing ORDER BY name LIMIT $1",
);

/// Adds a job.
pub static ADD_JOB: Sql = Sql::new(
    "trial_jobs.add",
    &JOBS,
    "INSERT INTO trial_jobs (id, organisation, payload) VALUES ($1, $2, $3)",
);

/// Takes up to `$1` jobs away: id, organisation, payload. On PostgreSQL two takers never wait for each other.
pub static TAKE_JOBS: Sql = Sql::two(
    "trial_jobs.take",
    &JOBS,
    "DELETE FROM trial_jobs WHERE id IN (SELECT id FROM trial_jobs ORDER BY id LIMIT $1) \
     RETURNING id, organisation, payload",
    "DELETE FROM trial_jobs WHERE id = ANY (ARRAY(\
     SELECT id FROM trial_jobs ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)) \
     RETURNING id, organisation, payload",
);

/// The addresses of a person.
pub static READ_ADDRESSES: Sql = Sql::new(
    "trial_addresses.read",
    &ADDRESSES,
    "SELECT id, text FROM trial_addresses WHERE person = $1 ORDER BY id",
);

/// Guard: changes the text of the address `$2`.
pub static CHANGE_ADDRESS: Sql = Sql::new(
    "trial_addresses.change",
    &ADDRESSES,
    "UPDATE trial_addresses SET text = $3 WHERE person = $1 AND id = $2 RETURNING text",
);

/// For whoever holds the digest: person, text and uses of the token.
pub static READ_TOKEN: Sql = Sql::new(
    "trial_tokens.read",
    &TOKENS,
    "SELECT person, text, uses FROM trial_tokens WHERE digest = $1",
);

/// The tokens of a person: digest, text.
pub static READ_TOKENS: Sql = Sql::new(
    "trial_tokens.of_person",
    &TOKENS,
    "SELECT digest, text FROM trial_tokens WHERE person = $1 ORDER BY digest",
);

/// Guard: uses the token `$2` of a person once. Answers how many uses are left.
pub static USE_TOKEN: Sql = Sql::new(
    "trial_tokens.use",
    &TOKENS,
    "UPDATE trial_tokens SET uses = uses - 1 \
     WHERE person = $1 AND digest = $2 AND uses > 0 RETURNING uses",
);

/// Change: ends every token of a person that has the text `$2`.
pub static END_TOKENS: Sql = Sql::new(
    "trial_tokens.end",
    &TOKENS,
    "DELETE FROM trial_tokens WHERE person = $1 AND text = $2",
);

/// As the queue role: removes up to `$1` tokens that are used up.
pub static CLEAR_TOKENS: Sql = Sql::new(
    "trial_tokens.clear",
    &SPENT_TOKENS,
    "DELETE FROM trial_tokens WHERE digest IN \
     (SELECT digest FROM trial_tokens WHERE uses = 0 LIMIT $1)",
);

/// For whoever holds the digest: the numbers under it.
pub static READ_STUBS: Sql = Sql::new(
    "trial_stubs.read",
    &STUBS,
    "SELECT number FROM trial_stubs WHERE digest = $1 ORDER BY number",
);

/// As the queue role: removes up to `$2` stubs from before `$1`.
pub static CLEAR_STUBS: Sql = Sql::new(
    "trial_stubs.clear",
    &OLD_STUBS,
    "DELETE FROM trial_stubs WHERE (digest, number) IN \
     (SELECT digest, number FROM trial_stubs WHERE at < $1 LIMIT $2)",
);

/// Appends the act `$1`, unless it stands there.
pub static ADD_ACT: Sql = Sql::new(
    "trial_acts.add",
    &ACTS,
    "INSERT INTO trial_acts (number, text) VALUES ($1, $2) ON CONFLICT (number) DO NOTHING",
);

/// All acts in order: number, text.
pub static READ_ACTS: Sql = Sql::new(
    "trial_acts.read",
    &ACTS,
    "SELECT number, text FROM trial_acts ORDER BY number LIMIT $1",
);
