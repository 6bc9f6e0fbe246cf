//! The statements that only PostgreSQL has: scopes, and the last one of every transaction that writes the log.

/// What the policies read: whose rows statements may see and touch (one), whose rows may be inserted (a list).
pub(crate) const SET_LISTS: &str =
    "SELECT set_config('comanda.organisations', $1, true), set_config('comanda.persons', $2, true)";

/// One organisation and one person; an empty text stands for nobody.
pub(crate) const SET_SCOPE: &str =
    "SELECT set_config('comanda.organisation', $1, true), set_config('comanda.person', $2, true)";

/// The same for a read, with the digest that the reader holds, and the time after which the server gives it up.
pub(crate) const SET_READ: &str = "SELECT set_config('comanda.organisation', $1, true), \
    set_config('comanda.person', $2, true), set_config('comanda.holder', $3, true), \
    set_config('statement_timeout', $4, true)";

/// The functions that run guards for many commits.
pub(crate) const FUNCTIONS: &str = "SELECT proname FROM pg_proc WHERE starts_with(proname, $1) AND has_function_privilege(oid, 'EXECUTE')";

/// Wakes every node that tails the log.
pub(crate) const NOTIFY: &str = "SELECT pg_notify('comanda_log', $1)";

/// Asks to be woken.
pub(crate) const LISTEN: &str = "LISTEN comanda_log";

/// Holds the head where it stands for as long as a group needs that writes no event: whoever moves the head, or an
/// organisation away, waits for all such groups, and they do not wait for each other.
pub(crate) const HOLD_HEAD: &str = "SELECT position FROM head WHERE id = 1 FOR SHARE";

/// Writes the commits of a group without events, after [`HOLD_HEAD`], as [`WRITE_LOG`] does those of others.
///
/// $1 to $6 the commits; $7 and $8 the placements that must hold.
pub(crate) const WRITE_COMMITS: &str = "\
WITH h AS (
    SELECT CASE WHEN (
        SELECT count(*) FROM placements AS p
        JOIN unnest($7::bigint[], $8::bigint[]) AS f(organisation, epoch)
          ON p.organisation = f.organisation AND p.epoch = f.epoch AND p.state = 'open'
    ) = cardinality($7::bigint[]) THEN position END AS start
    FROM head WHERE id = 1
)
INSERT INTO commits (organisation, id, position, answer, at, checksum)
SELECT c.organisation, c.id, h.start + c.last, c.answer, c.at, c.sum # (h.start + c.last)
FROM h, unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[])
    AS c(organisation, id, last, answer, at, sum)";

/// Writes the events and the commits of a group. It runs after `head.move`, so it alone holds the head and sees
/// every placement committed before: one that is closed makes the position null, which the log refuses.
///
/// Positions are laid over the checksums here, where they are given.
///
/// $1 the number of events; $2 to $10 the events; $11 to $16 the commits; $17 and $18 the placements that must hold.
pub(crate) const WRITE_LOG: &str = "\
WITH h AS (
    SELECT CASE WHEN (
        SELECT count(*) FROM placements AS p
        JOIN unnest($17::bigint[], $18::bigint[]) AS f(organisation, epoch)
          ON p.organisation = f.organisation AND p.epoch = f.epoch AND p.state = 'open'
    ) = cardinality($17::bigint[]) THEN position - $1 END AS start
    FROM head WHERE id = 1
), l AS (
    INSERT INTO log (organisation, position, stream, version, kind, payload, actor, trace, at, checksum)
    SELECT e.organisation, h.start + e.n, e.stream, e.version, e.kind, e.payload, e.actor, e.trace, e.at,
        e.sum # (h.start + e.n)
    FROM h, unnest($2::bigint[], $3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[],
        $10::bigint[]) WITH ORDINALITY AS e(organisation, stream, version, kind, payload, actor, trace, at, sum, n)
)
INSERT INTO commits (organisation, id, position, answer, at, checksum)
SELECT c.organisation, c.id, h.start + c.last, c.answer, c.at, c.sum # (h.start + c.last)
FROM h, unnest($11::bigint[], $12::uuid[], $13::bigint[], $14::text[], $15::bigint[], $16::bigint[])
    AS c(organisation, id, last, answer, at, sum)";
