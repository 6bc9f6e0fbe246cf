//! The tables of payments and of what providers told, and their rows as values.

use base::{Organisation, Uid};
use domain::organisations::RestaurantId;
use domain::people::PersonId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{
    Class, Column, Commit, Db, Failure, Fold, Folded, Logged, Migration, Outcome, Part, Row, Sql,
    Table, Value,
};
use trade::orders::OrderId;
use trade::payments::{Event, Intent, PaymentId, apply};

/// Payments, one row each: the intent with its attempts.
pub(super) static PAYMENTS: Table = Table::new(
    "payments",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::id("order_id"),
        Column::id("restaurant"),
        Column::int("version"),
        Column::text("state"),
        Column::text("document"),
        Column::text("aside"),
    ],
    1,
    &[],
);

/// What providers told by themselves.
pub(super) static NOTICES: Table = Table::new(
    "payment_notices",
    Class::Organisation,
    &[
        Column::text("provider"),
        Column::text("id"),
        Column::id("payment"),
        Column::int("at"),
        Column::text("told"),
        Column::text("outcome"),
    ],
    2,
    &[],
)
.cleared();

static READ: Sql = Sql::new(
    "payments.read",
    &PAYMENTS,
    "SELECT id, order_id, restaurant, version, state, document, aside \
     FROM payments WHERE organisation = $1 AND id = $2",
);

static OF_ORDER: Sql = Sql::new(
    "payments.of_order",
    &PAYMENTS,
    "SELECT id, order_id, restaurant, version, state, document, aside \
     FROM payments WHERE organisation = $1 AND order_id = $2 ORDER BY id",
);

static AFTER: Sql = Sql::new(
    "payments.after",
    &PAYMENTS,
    "SELECT id, order_id, restaurant, version, state, document, aside \
     FROM payments WHERE organisation = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4",
);

static ALL: Sql = Sql::new(
    "payments.all",
    &PAYMENTS,
    "SELECT id, order_id, restaurant, version, state, document \
     FROM payments WHERE organisation = $1",
);

static CHANGE: Sql = Sql::new(
    "payments.change",
    &PAYMENTS,
    "UPDATE payments SET version = $4, state = $5, document = $6, aside = $7 \
     WHERE organisation = $1 AND id = $2 AND version = $3",
);

static KEEP: Sql = Sql::new(
    "payments.keep",
    &PAYMENTS,
    "UPDATE payments SET aside = $4 WHERE organisation = $1 AND id = $2 AND version = $3",
);

static READ_NOTICE: Sql = Sql::new(
    "payment_notices.read",
    &NOTICES,
    "SELECT payment, told, outcome FROM payment_notices \
     WHERE organisation = $1 AND provider = $2 AND id = $3",
);

static END_NOTICE: Sql = Sql::new(
    "payment_notices.end",
    &NOTICES,
    "UPDATE payment_notices SET outcome = $4 \
     WHERE organisation = $1 AND provider = $2 AND id = $3",
);

/// What the slice brings to every shard.
pub static SHARD: Part = Part {
    name: "payments",
    tables: &[&PAYMENTS, &NOTICES],
    statements: &[
        &READ,
        &OF_ORDER,
        &AFTER,
        &ALL,
        &CHANGE,
        &KEEP,
        &READ_NOTICE,
        &END_NOTICE,
    ],
    migrations: &[Migration {
        number: 1,
        name: "payments",
        sqlite: include_str!("../../migrations/payments/sqlite/0001_payments.sql"),
        postgres: include_str!("../../migrations/payments/postgres/0001_payments.sql"),
    }],
};

/// Payments, from their events.
pub static FOLD: Fold = Fold {
    table: &PAYMENTS,
    kinds: &Event::KINDS,
    apply: fold,
    read: &ALL,
    key: 1,
};

/// What is needed to go on with a payment, and is forgotten when it is no longer.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Aside {
    /// What stands for the payer's means of payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    /// Where the payer comes back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) return_url: Option<String>,
    /// Where the payer has to go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) action_url: Option<String>,
    /// What the payer brought back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) said: Option<std::collections::BTreeMap<String, String>>,
    /// The saga that waits for this payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) saga: Option<String>,
    /// Whose credit it is paid with; as long as the payment is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) credit: Option<PersonId>,
}

/// A payment as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) intent: Intent,
    pub(super) restaurant: RestaurantId,
    pub(super) aside: Aside,
}

/// What the log says of a payment.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) payment: PaymentId,
    pub(super) order: OrderId,
    pub(super) restaurant: RestaurantId,
    pub(super) event: Event,
}

/// What a provider told, as it waits to be looked at.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) payment: PaymentId,
    pub(super) told: String,
    pub(super) is_done: bool,
}

/// A payment.
pub(super) async fn find(db: &Db, id: PaymentId) -> Outcome<Option<Kept>> {
    let rows = db.rows(id.organisation(), &READ, [id.uid().into()]).await?;
    rows.first().map(read).transpose()
}

/// All payments of an order.
pub(super) async fn of_order(db: &Db, order: OrderId) -> Outcome<Vec<Kept>> {
    let rows = db
        .rows(order.organisation(), &OF_ORDER, [order.uid().into()])
        .await?;
    rows.iter().map(read).collect()
}

/// Payments of an organisation between two ids, the first of them.
pub(super) async fn between(
    db: &Db,
    organisation: Organisation,
    (after, before): (Uid, Uid),
    limit: i64,
) -> Outcome<Vec<Kept>> {
    let params = [after.into(), before.into(), limit.into()];
    let rows = db.rows(organisation, &AFTER, params).await?;
    rows.iter().map(read).collect()
}

/// Adds a payment to a commit.
pub(super) fn insert(commit: &mut Commit, kept: &Kept) -> Outcome<()> {
    let intent = &kept.intent;
    let mut cells: Vec<Value> = vec![intent.id.uid().into()];
    cells.extend(folded(kept)?);
    cells.push(json(&kept.aside)?.into());
    commit.insert(
        &PAYMENTS,
        cells
            .into_iter()
            .map(Into::into)
            .collect::<Vec<store::Cell>>(),
    );
    Ok(())
}

/// Has a commit make of a payment its next version, unless somebody was faster.
pub(super) fn change(commit: &mut Commit, seen: i64, kept: &Kept) -> Outcome<()> {
    let intent = &kept.intent;
    let params: [Value; 6] = [
        intent.id.uid().into(),
        seen.into(),
        intent.version.into(),
        intent.state.name().into(),
        json(intent)?.into(),
        json(&kept.aside)?.into(),
    ];
    commit.guard(&CHANGE, params);
    Ok(())
}

/// Has a commit keep something beside a payment that has no history.
pub(super) fn keep(commit: &mut Commit, kept: &Kept) -> Outcome<()> {
    let intent = &kept.intent;
    let params: [Value; 3] = [
        intent.id.uid().into(),
        intent.version.into(),
        json(&kept.aside)?.into(),
    ];
    commit.guard(&KEEP, params);
    Ok(())
}

/// Has a commit store what a provider told, if it is new.
pub(super) fn store_notice(
    commit: &mut Commit,
    (provider, id): (&str, &str),
    payment: PaymentId,
    told: String,
) {
    let cells: [Value; 6] = [
        provider.into(),
        id.into(),
        payment.uid().into(),
        commit.at().into(),
        told.into(),
        "".into(),
    ];
    commit.claim(&NOTICES, cells);
}

/// What a provider told.
pub(super) async fn find_notice(
    db: &Db,
    organisation: Organisation,
    (provider, id): (&str, &str),
) -> Outcome<Option<Waiting>> {
    let params = [provider.into(), id.into()];
    let rows = db.rows(organisation, &READ_NOTICE, params).await?;
    let waiting = |row: &Row| {
        Ok(Waiting {
            payment: PaymentId::from(row.get::<Uid>(0)?),
            told: row.get(1)?,
            is_done: !row.get::<String>(2)?.is_empty(),
        })
    };
    rows.first().map(waiting).transpose()
}

/// Has a commit say what became of what a provider told.
pub(super) fn end_notice(commit: &mut Commit, (provider, id): (&str, &str), outcome: &str) {
    let params: [Value; 3] = [provider.into(), id.into(), outcome.into()];
    commit.change(&END_NOTICE, params);
}

/// Whether somebody else changed the payment between reading and committing.
pub(super) fn is_lost_race(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { name, .. } if name.starts_with("payments."))
}

/// Whether a provider has told the same before.
pub(super) fn is_told_before(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { name, .. } if *name == NOTICES.name)
}

fn folded(kept: &Kept) -> Outcome<Vec<Value>> {
    let intent = &kept.intent;
    Ok(vec![
        intent.order.uid().into(),
        kept.restaurant.uid().into(),
        intent.version.into(),
        intent.state.name().into(),
        json(intent)?.into(),
    ])
}

fn read(row: &Row) -> Outcome<Kept> {
    Ok(Kept {
        intent: parsed(&row.get::<String>(5)?)?,
        restaurant: RestaurantId::from(row.get::<Uid>(2)?),
        aside: parsed(&row.get::<String>(6)?)?,
    })
}

fn fold(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let damaged = |said: &str| Failure::Damaged(format!("event {}: {said}", event.position));
    let told: Told =
        serde_json::from_str(&event.payload).map_err(|error| damaged(&error.to_string()))?;
    let key = vec![Value::from(event.stream)];
    let was = match rows.get(&key).and_then(|row| row.get(4)) {
        Some(Value::Text(document)) => Some(parsed::<Intent>(document)?),
        _ => None,
    };
    let intent = apply(was, &told.event).ok_or_else(|| damaged("it belongs to no payment"))?;
    let kept = Kept {
        intent,
        restaurant: told.restaurant,
        aside: Aside::default(),
    };
    rows.insert(key, folded(&kept)?);
    Ok(())
}

fn json(part: &impl Serialize) -> Outcome<String> {
    serde_json::to_string(part).map_err(|error| Failure::Broken(format!("a payment: {error}")))
}

fn parsed<T: DeserializeOwned>(text: &str) -> Outcome<T> {
    serde_json::from_str(text).map_err(|error| Failure::Damaged(format!("a payment: {error}")))
}
