//! The hand-written statements: the same rows, keys, guards and policies as the store's.

pub(super) const SET_BOTH: &str = "SELECT set_config('comanda.organisation', $1, true), \
    set_config('comanda.organisations', $2, true)";

pub(super) const SET_LIST: &str = "SELECT set_config('comanda.organisations', $1, true)";

pub(super) const SET_SCOPE: &str = "SELECT set_config('comanda.organisation', $1, true)";

pub(super) const INSERT_ORDER: &str = "INSERT INTO trial_orders (organisation, id, number, restaurant, diner, \
    status, total_minor, note, version, created_at) \
    VALUES ($1, $2, NULL, $3, $4, 'pending', $5, $6, 1, $7)";

pub(super) const INSERT_LINE: &str = "INSERT INTO trial_lines (organisation, order_id, line, dish, quantity, \
    price_minor) VALUES ($1, $2, $3, $4, $5, $6)";

pub(super) const INSERT_INTENT: &str = "INSERT INTO trial_intents (organisation, id, order_id, amount_minor, state) \
    VALUES ($1, $2, $3, $4, 'open')";

pub(super) const INSERT_EVENT: &str = "INSERT INTO log (organisation, position, stream, version, kind, payload, \
    actor, trace, at, checksum) VALUES ($1, $2, $3, 1, 'trial.order_created', $4, 'diner', '', $5, 0)";

pub(super) const INSERT_COMMIT: &str = "INSERT INTO commits (organisation, id, position, answer, at, checksum) VALUES ($1, $2, $3, $4, $5, 0)";

/// The event and the commit of one order at the head of the log, which was moved just before.
pub(super) const INSERT_BOTH_AT_HEAD: &str = "\
WITH h AS (SELECT position FROM head WHERE id = 1), l AS (
    INSERT INTO log (organisation, position, stream, version, kind, payload, actor, trace, at, checksum)
    SELECT $1, position, $2, 1, 'trial.order_created', $3, 'diner', '', $4, 0 FROM h
)
INSERT INTO commits (organisation, id, position, answer, at, checksum)
SELECT $1, $5, position, $6, $4, 0 FROM h";

pub(super) const INSERT_LINES: &str = "INSERT INTO trial_lines (organisation, order_id, line, dish, quantity, \
    price_minor) SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::uuid[], $5::bigint[], $6::bigint[])";

pub(super) const INSERT_ORDERS: &str = "INSERT INTO trial_orders (organisation, id, number, restaurant, diner, \
    status, total_minor, note, version, created_at) \
    SELECT o, i, NULL, r, d, 'pending', t, n, 1, c FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::uuid[], \
    $5::bigint[], $6::text[], $7::bigint[]) AS u(o, i, r, d, t, n, c)";

pub(super) const INSERT_INTENTS: &str = "INSERT INTO trial_intents (organisation, id, order_id, amount_minor, \
    state) SELECT o, i, r, a, 'open' FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::bigint[]) AS u(o, i, r, a)";

/// Events and commits of many orders, up to the head of the log, which was moved by their number just before.
pub(super) const INSERT_ALL_TO_HEAD: &str = "\
WITH h AS (SELECT position - cardinality($1::bigint[]) AS start FROM head WHERE id = 1), e AS (
    SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::bigint[], $5::uuid[], $6::text[])
        WITH ORDINALITY AS u(organisation, stream, payload, at, id, answer, n)
), l AS (
    INSERT INTO log (organisation, position, stream, version, kind, payload, actor, trace, at, checksum)
    SELECT organisation, start + n, stream, 1, 'trial.order_created', payload, 'diner', '', at, 0 FROM h, e
)
INSERT INTO commits (organisation, id, position, answer, at, checksum)
SELECT organisation, id, start + n, answer, at, 0 FROM h, e";
