//! The tables of credit, their SQL, and how the log gives their rows.

use base::{Currency, Time, Uid};
use domain::organisations::RestaurantId;
use domain::people::PersonId;
use serde::{Deserialize, Serialize};
use store::{
    Class, Column, Failure, Fold, Folded, Logged, Migration, Outcome, Part, Row, Sql, Table, Value,
};
use trade::ledger::CreditId;
use trade::orders::OrderId;

use super::part::What;

/// What people have.
static CREDITS: Table = Table::new(
    "credits",
    Class::Organisation,
    &[
        Column::id("person"),
        Column::text("currency"),
        Column::int("minor"),
    ],
    2,
    &[],
);

/// What made it so.
pub(super) static ENTRIES: Table = Table::new(
    "credit_entries",
    Class::Organisation,
    &[
        Column::id("person"),
        Column::id("id"),
        Column::text("kind"),
        Column::int("at"),
        Column::text("body"),
    ],
    2,
    &[],
);

/// With which organisations a person has, or had, credit.
static OF_PERSON: Table = Table::new(
    "person_credits",
    Class::Person,
    &[Column::int("tenant")],
    1,
    &[],
);

pub(super) static READ: Sql = Sql::new(
    "credits.read",
    &CREDITS,
    "SELECT currency, minor FROM credits WHERE organisation = $1 AND person = $2 ORDER BY currency",
);

static ALL: Sql = Sql::new(
    "credits.all",
    &CREDITS,
    "SELECT person, currency, minor FROM credits WHERE organisation = $1",
);

/// So much more.
pub(super) static GIVE: Sql = Sql::new(
    "credits.give",
    &CREDITS,
    "INSERT INTO credits (organisation, person, currency, minor) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (organisation, person, currency) DO UPDATE SET minor = credits.minor + $4",
);

/// So much less, if there is so much.
pub(super) static SPEND: Sql = Sql::new(
    "credits.spend",
    &CREDITS,
    "UPDATE credits SET minor = minor - $4 \
     WHERE organisation = $1 AND person = $2 AND currency = $3 AND minor >= $4",
);

/// The last entries of a person, the newest first.
pub(super) static LAST: Sql = Sql::new(
    "credit_entries.last",
    &ENTRIES,
    "SELECT id, kind, at, body FROM credit_entries \
     WHERE organisation = $1 AND person = $2 ORDER BY id DESC LIMIT $3",
);

static ALL_ENTRIES: Sql = Sql::new(
    "credit_entries.all",
    &ENTRIES,
    "SELECT person, id, kind, at, body FROM credit_entries WHERE organisation = $1",
);

/// Saying so again changes nothing.
pub(super) static NOTE: Sql = Sql::new(
    "person_credits.note",
    &OF_PERSON,
    "INSERT INTO person_credits (person, tenant) VALUES ($1, $2) ON CONFLICT (person, tenant) DO NOTHING",
);

pub(super) static TENANTS: Sql = Sql::new(
    "person_credits.list",
    &OF_PERSON,
    "SELECT tenant FROM person_credits WHERE person = $1 ORDER BY tenant LIMIT $2",
);

pub(super) static FORGET: Sql = Sql::new(
    "person_credits.forget",
    &OF_PERSON,
    "DELETE FROM person_credits WHERE person = $1 AND tenant >= $2",
);

/// What the slice brings to every shard.
pub static SHARD: Part = Part {
    name: "credits",
    tables: &[&CREDITS, &ENTRIES],
    statements: &[&READ, &ALL, &GIVE, &SPEND, &LAST, &ALL_ENTRIES],
    migrations: &[Migration {
        number: 1,
        name: "credits",
        sqlite: include_str!("../../migrations/credits/sqlite/0001_credits.sql"),
        postgres: include_str!("../../migrations/credits/postgres/0001_credits.sql"),
    }],
};

/// What it brings to the people database.
pub static PEOPLE: Part = Part {
    name: "person_credits",
    tables: &[&OF_PERSON],
    statements: &[&NOTE, &TENANTS, &FORGET],
    migrations: &[Migration {
        number: 1,
        name: "person_credits",
        sqlite: include_str!("../../migrations/person_credits/sqlite/0001_person_credits.sql"),
        postgres: include_str!("../../migrations/person_credits/postgres/0001_person_credits.sql"),
    }],
};

/// Balances, from the events of their changes.
pub static FOLD: Fold = Fold {
    table: &CREDITS,
    kinds: &What::KINDS,
    apply: balance,
    read: &ALL,
    key: 2,
};

/// Entries, from the same events.
pub static FOLD_ENTRIES: Fold = Fold {
    table: &ENTRIES,
    kinds: &What::KINDS,
    apply: entry,
    read: &ALL_ENTRIES,
    key: 2,
};

/// What is added to somebody's credit, or taken off it: the payload of its event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Entry {
    /// Whose credit.
    pub person: PersonId,
    /// In which currency.
    pub currency: Currency,
    /// How much, in minor units; above zero.
    pub minor: i64,
    /// For which order.
    pub order: OrderId,
    /// Who sold that.
    pub restaurant: RestaurantId,
    /// Why, where somebody gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// An entry as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Noted {
    /// Names it.
    pub id: CreditId,
    /// What it does.
    pub what: What,
    /// When it was made.
    pub at: Time,
    /// What it says.
    pub entry: Entry,
}

/// The cells of an entry, in the order of the columns.
pub(super) fn cells((id, what): (CreditId, What), at: Time, entry: &Entry) -> Outcome<[Value; 5]> {
    let body = serde_json::to_string(entry)
        .map_err(|error| Failure::Broken(format!("an entry of credit: {error}")))?;
    Ok([
        entry.person.uid().into(),
        id.uid().into(),
        what.kind().into(),
        at.into(),
        body.into(),
    ])
}

pub(super) fn read(row: &Row) -> Outcome<Noted> {
    let damaged = || Failure::Damaged("an entry of credit".to_owned());
    let what = What::find(&row.get::<String>(1)?).ok_or_else(damaged)?;
    let entry = serde_json::from_str(&row.get::<String>(3)?).map_err(|_| damaged())?;
    Ok(Noted {
        id: CreditId::from(row.get::<Uid>(0)?),
        what,
        at: row.get(2)?,
        entry,
    })
}

fn told(event: &Logged) -> Outcome<(What, Entry)> {
    let damaged = |said: &str| Failure::Damaged(format!("event {}: {said}", event.position));
    let what = What::find(&event.kind).ok_or_else(|| damaged("no change of credit"))?;
    let entry = serde_json::from_str(&event.payload).map_err(|error| damaged(&error.to_string()));
    Ok((what, entry?))
}

fn balance(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let (what, entry) = told(event)?;
    let key = vec![
        Value::Id(entry.person.uid()),
        Value::from(entry.currency.code()),
    ];
    let was = match rows.get(&key).and_then(|row| row.first()) {
        Some(Value::Int(minor)) => *minor,
        _ => 0,
    };
    let minor = was.saturating_add(what.signed(entry.minor));
    rows.insert(key, vec![minor.into()]);
    Ok(())
}

fn entry(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let (what, entry) = told(event)?;
    let id = CreditId::from(event.stream);
    let [person, id, rest @ ..] = cells((id, what), event.at, &entry)?;
    rows.insert(vec![person, id], rest.to_vec());
    Ok(())
}
