//! The tables of the audit log, and their rows as values. All but the newest head stand in a database of their own.

use base::{Organisation, Time};
use domain::audit::{Entry, Hash, Head, Introduced, Link, Tail, What};
use domain::people::PersonId;
use store::{Class, Column, Failure, Migration, Outcome, Part, Row, Sql, Table, Value};

/// The chain.
pub(crate) static ENTRIES: Table = Table::new(
    "entries",
    Class::Appended,
    &[
        Column::int("seq"),
        Column::int("at"),
        Column::int("organisation"),
        Column::text("actor"),
        Column::text("role"),
        Column::text("what"),
        Column::text("operation"),
        Column::text("target"),
        Column::text("code"),
        Column::text("reason"),
        Column::text("correlation"),
        Column::text("source"),
        Column::bytes("previous"),
        Column::bytes("hash"),
    ],
    1,
    &[],
);

const HEAD_COLUMNS: [Column; 5] = [
    Column::int("seq"),
    Column::bytes("hash"),
    Column::int("at"),
    Column::int("signer"),
    Column::bytes("signature"),
];

/// How far the chain had come when, signed.
pub(crate) static HEADS: Table = Table::new("heads", Class::Appended, &HEAD_COLUMNS, 1, &[]);

/// The keys that signed, each introduced by the one before.
pub(crate) static SIGNERS: Table = Table::new(
    "signers",
    Class::Appended,
    &[
        Column::int("number"),
        Column::bytes("public_key"),
        Column::int("at"),
        Column::bytes("previous"),
        Column::bytes("own"),
        Column::bytes("endorsed"),
    ],
    1,
    &[],
);

/// The people who were erased. It outlives every backup of people.
pub(crate) static ERASURES: Table = Table::new(
    "erasures",
    Class::Appended,
    &[
        Column::id("person"),
        Column::int("at"),
        Column::text("erased_by"),
    ],
    1,
    &[],
);

/// The newest head of each region, in the control database: whoever cuts the chain off has to change it too.
pub(crate) static NEWEST: Table = Table::new(
    "audit_heads",
    Class::Control,
    &[
        Column::text("region"),
        Column::int("seq"),
        Column::bytes("hash"),
        Column::int("at"),
        Column::int("signer"),
        Column::bytes("signature"),
    ],
    1,
    &[],
);

pub(crate) static ADD_ENTRY: Sql = Sql::new(
    "entries.add",
    &ENTRIES,
    "INSERT INTO entries (seq, at, organisation, actor, role, what, operation, target, code, reason, correlation, \
     source, previous, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
);

pub(crate) static READ_TAIL: Sql = Sql::new(
    "entries.tail",
    &ENTRIES,
    "SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1",
);

pub(crate) static READ_HASH: Sql = Sql::new(
    "entries.hash",
    &ENTRIES,
    "SELECT seq, hash FROM entries WHERE seq = $1",
);

pub(crate) static FIND_SOURCE: Sql = Sql::new(
    "entries.source",
    &ENTRIES,
    "SELECT seq FROM entries WHERE source = $1",
);

pub(crate) static READ_LINKS: Sql = Sql::new(
    "entries.links",
    &ENTRIES,
    "SELECT seq, at, organisation, actor, role, what, operation, target, code, reason, correlation, source, previous, \
     hash FROM entries WHERE seq > $1 ORDER BY seq LIMIT $2",
);

pub(crate) static ADD_HEAD: Sql = Sql::new(
    "heads.add",
    &HEADS,
    "INSERT INTO heads (seq, hash, at, signer, signature) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (seq) DO NOTHING",
);

pub(crate) static READ_HEADS: Sql = Sql::new(
    "heads.read",
    &HEADS,
    "SELECT seq, hash, at, signer, signature FROM heads WHERE seq > $1 ORDER BY seq LIMIT $2",
);

pub(crate) static READ_LAST_HEAD: Sql = Sql::new(
    "heads.last",
    &HEADS,
    "SELECT seq, hash, at, signer, signature FROM heads ORDER BY seq DESC LIMIT 1",
);

pub(crate) static ADD_SIGNER: Sql = Sql::new(
    "signers.add",
    &SIGNERS,
    "INSERT INTO signers (number, public_key, at, previous, own, endorsed) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (number) DO NOTHING",
);

pub(crate) static READ_SIGNERS: Sql = Sql::new(
    "signers.read",
    &SIGNERS,
    "SELECT number, public_key, at, previous, own, endorsed FROM signers ORDER BY number",
);

pub(crate) static ADD_ERASURE: Sql = Sql::new(
    "erasures.add",
    &ERASURES,
    "INSERT INTO erasures (person, at, erased_by) VALUES ($1, $2, $3) ON CONFLICT (person) DO NOTHING",
);

pub(crate) static READ_ERASURES: Sql = Sql::new(
    "erasures.read",
    &ERASURES,
    "SELECT person, at, erased_by FROM erasures WHERE person > $1 ORDER BY person LIMIT $2",
);

pub(crate) static PUT_NEWEST: Sql = Sql::new(
    "audit_heads.put",
    &NEWEST,
    "INSERT INTO audit_heads (region, seq, hash, at, signer, signature) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (region) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, at = excluded.at, \
     signer = excluded.signer, signature = excluded.signature WHERE audit_heads.seq < excluded.seq",
);

pub(crate) static READ_NEWEST: Sql = Sql::new(
    "audit_heads.read",
    &NEWEST,
    "SELECT seq, hash, at, signer, signature FROM audit_heads WHERE region = $1",
);

/// What the audit database carries.
pub static LOG: Part = Part {
    name: "audit",
    tables: &[&ENTRIES, &HEADS, &SIGNERS, &ERASURES],
    statements: &[
        &ADD_ENTRY,
        &READ_TAIL,
        &READ_HASH,
        &FIND_SOURCE,
        &READ_LINKS,
        &ADD_HEAD,
        &READ_HEADS,
        &READ_LAST_HEAD,
        &ADD_SIGNER,
        &READ_SIGNERS,
        &ADD_ERASURE,
        &READ_ERASURES,
        &super::list::READ_LAST,
        &super::list::LIST_ALL,
        &super::list::LIST_OF,
        &super::list::SINCE_ALL,
        &super::list::SINCE_OF,
        &super::list::COUNT_ALL,
        &super::list::COUNT_OF,
        &super::personal::OF_ACTOR,
        &super::personal::OF_TARGET,
    ],
    migrations: &[
        Migration {
            number: 1,
            name: "audit",
            sqlite: include_str!("../../migrations/audit/log/sqlite/0001_audit.sql"),
            postgres: include_str!("../../migrations/audit/log/postgres/0001_audit.sql"),
        },
        Migration {
            number: 2,
            name: "people",
            sqlite: include_str!("../../migrations/audit/log/sqlite/0002_people.sql"),
            postgres: include_str!("../../migrations/audit/log/postgres/0002_people.sql"),
        },
    ],
};

/// What the control database carries of the audit log.
pub static CONTROL: Part = Part {
    name: "audit_control",
    tables: &[&NEWEST],
    statements: &[&PUT_NEWEST, &READ_NEWEST],
    migrations: &[Migration {
        number: 1,
        name: "audit",
        sqlite: include_str!("../../migrations/audit/control/sqlite/0001_audit.sql"),
        postgres: include_str!("../../migrations/audit/control/postgres/0001_audit.sql"),
    }],
};

/// The row of a link.
pub(crate) fn row_of(link: &Link) -> Vec<Value> {
    let entry = &link.entry;
    vec![
        link.seq.into(),
        entry.at.into(),
        entry.organisation.into(),
        entry.actor.as_str().into(),
        entry.role.as_str().into(),
        entry.what.name().into(),
        entry.operation.as_str().into(),
        entry.target.as_str().into(),
        entry.code.as_str().into(),
        entry.reason.as_str().into(),
        entry.correlation.as_str().into(),
        entry.source.as_deref().map_or(Value::Null, Value::from),
        link.previous.0.to_vec().into(),
        link.hash.0.to_vec().into(),
    ]
}

/// Reads all columns of a link.
pub(crate) fn link(row: &Row) -> Outcome<Link> {
    let what: String = row.get(5)?;
    let damaged = || Failure::Damaged(format!("an audit entry is {what:?}, which nothing is"));
    Ok(Link {
        seq: row.get(0)?,
        entry: Entry {
            at: row.get::<Time>(1)?,
            organisation: row.get::<Organisation>(2)?,
            actor: row.get(3)?,
            role: row.get(4)?,
            what: What::find(&what).ok_or_else(damaged)?,
            operation: row.get(6)?,
            target: row.get(7)?,
            code: row.get(8)?,
            reason: row.get(9)?,
            correlation: row.get(10)?,
            source: row.get(11)?,
        },
        previous: hash(row, 12)?,
        hash: hash(row, 13)?,
    })
}

/// Reads `seq, hash`.
pub(crate) fn tail(row: &Row) -> Outcome<Tail> {
    Ok(Tail {
        seq: row.get(0)?,
        hash: hash(row, 1)?,
    })
}

/// Reads a hash. One of another length belongs to nothing, so that whoever looks for damage finds it.
fn hash(row: &Row, at: usize) -> Outcome<Hash> {
    let bytes: Vec<u8> = row.get(at)?;
    Ok(Hash::from_stored(&bytes).unwrap_or(Hash([0xff; 32])))
}

/// The row of a head, without the region.
pub(crate) fn row_of_head(head: &Head) -> Vec<Value> {
    vec![
        head.tail.seq.into(),
        head.tail.hash.0.to_vec().into(),
        head.at.into(),
        i64::from(head.key).into(),
        head.signature.clone().into(),
    ]
}

/// Reads `seq, hash, at, signer, signature`.
pub(crate) fn head(row: &Row) -> Outcome<Head> {
    Ok(Head {
        tail: tail(row)?,
        at: row.get(2)?,
        key: number(row, 3)?,
        signature: row.get(4)?,
    })
}

/// The row of a key.
pub(crate) fn row_of_signer(signer: &Introduced) -> Vec<Value> {
    vec![
        i64::from(signer.number).into(),
        signer.public.to_vec().into(),
        signer.at.into(),
        signer.before.0.to_vec().into(),
        signer.own.clone().into(),
        signer.endorsed.clone().into(),
    ]
}

/// Reads `number, public_key, at, previous, own, endorsed`.
pub(crate) fn signer(row: &Row) -> Outcome<Introduced> {
    let public: Vec<u8> = row.get(1)?;
    Ok(Introduced {
        number: number(row, 0)?,
        // A key of another length signs nothing.
        public: public.try_into().unwrap_or_default(),
        at: row.get(2)?,
        before: hash(row, 3)?,
        own: row.get(4)?,
        endorsed: row.get(5)?,
    })
}

/// Reads `person, at, erased_by`.
pub(crate) fn erasure(row: &Row) -> Outcome<(PersonId, Time, String)> {
    let person: base::Uid = row.get(0)?;
    Ok((person.into(), row.get(1)?, row.get(2)?))
}

/// A number that no key has reads as 0, which none has.
fn number(row: &Row, at: usize) -> Outcome<u32> {
    Ok(u32::try_from(row.get::<i64>(at)?).unwrap_or_default())
}
