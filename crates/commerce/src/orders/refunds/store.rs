//! The table of refunds, its SQL, its rows, and how the log gives them.

use base::Uid;
use domain::organisations::RestaurantId;
use serde::{Deserialize, Serialize};
use store::{
    Class, Column, Commit, Db, Failure, Fold, Folded, Logged, Migration, Outcome, Part, Row, Sql,
    Table, Value,
};
use trade::orders::OrderId;
use trade::refunds::{Event, Refund, apply};

/// Refunds, by their order and their place among its refunds.
static REFUNDS: Table = Table::new(
    "refunds",
    Class::Organisation,
    &[
        Column::id("order_id"),
        Column::int("place"),
        Column::id("id"),
        Column::int("version"),
        Column::text("state"),
        Column::text("body"),
    ],
    2,
    &[],
);

/// How often something was decided about the refunds of an order.
static TURNS: Table = Table::new(
    "refund_turns",
    Class::Organisation,
    &[Column::id("order_id"), Column::int("turn")],
    1,
    &[],
);

static READ_TURN: Sql = Sql::new(
    "refund_turns.read",
    &TURNS,
    "SELECT turn FROM refund_turns WHERE organisation = $1 AND order_id = $2",
);

/// The next turn, if it was `$3` until now.
static TAKE_TURN: Sql = Sql::new(
    "refund_turns.take",
    &TURNS,
    "INSERT INTO refund_turns (organisation, order_id, turn) VALUES ($1, $2, 1) \
     ON CONFLICT (organisation, order_id) DO UPDATE SET turn = refund_turns.turn + 1 \
     WHERE refund_turns.turn = $3",
);

static OF_ORDER: Sql = Sql::new(
    "refunds.of_order",
    &REFUNDS,
    "SELECT order_id, place, id, version, state, body FROM refunds \
     WHERE organisation = $1 AND order_id = $2 ORDER BY place",
);

static ALL: Sql = Sql::new(
    "refunds.all",
    &REFUNDS,
    "SELECT order_id, place, id, version, state, body FROM refunds WHERE organisation = $1",
);

/// What became of a refund, if it still stood at version `$4`.
static MOVE: Sql = Sql::new(
    "refunds.move",
    &REFUNDS,
    "UPDATE refunds SET version = $5, state = $6, body = $7 \
     WHERE organisation = $1 AND order_id = $2 AND place = $3 AND version = $4",
);

/// What the refunds of orders bring to every shard.
pub(crate) static SHARD: Part = Part {
    name: "refunds",
    tables: &[&REFUNDS, &TURNS],
    statements: &[&OF_ORDER, &ALL, &MOVE, &READ_TURN, &TAKE_TURN],
    migrations: &[
        Migration {
            number: 1,
            name: "refunds",
            sqlite: include_str!("../../../migrations/refunds/sqlite/0001_refunds.sql"),
            postgres: include_str!("../../../migrations/refunds/postgres/0001_refunds.sql"),
        },
        Migration {
            number: 2,
            name: "turns",
            sqlite: include_str!("../../../migrations/refunds/sqlite/0002_turns.sql"),
            postgres: include_str!("../../../migrations/refunds/postgres/0002_turns.sql"),
        },
    ],
};

/// Refunds, from their events.
pub(crate) static FOLD: Fold = Fold {
    table: &REFUNDS,
    kinds: &Event::KINDS,
    apply: fold,
    read: &ALL,
    key: 2,
};

/// The payload of an event of a refund.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Told {
    /// Who sold it.
    pub(super) restaurant: RestaurantId,
    /// Of which order.
    pub(super) order: OrderId,
    /// Its place among the refunds of the order.
    pub(super) place: i64,
    /// What happened.
    pub(super) data: Event,
}

/// All refunds of an order, in their places.
pub(super) async fn of_order(db: &Db, order: OrderId) -> Outcome<Vec<Refund>> {
    let params = [order.uid().into()];
    let rows = db.rows(order.organisation(), &OF_ORDER, params).await?;
    rows.iter().map(read).collect()
}

/// How often something was decided about the refunds of an order. Read before they are.
pub(super) async fn turn(db: &Db, order: OrderId) -> Outcome<i64> {
    let params = [order.uid().into()];
    let rows = db.rows(order.organisation(), &READ_TURN, params).await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// Has a commit be the next that decides about the refunds of an order, or be refused: what they draw from its payments,
/// and from what was paid in cash, was looked up together.
pub(super) fn take_turn(commit: &mut Commit, order: OrderId, turn: i64) {
    commit.guard(&TAKE_TURN, [order.uid().into(), turn.into()]);
}

/// Has a commit write a refund at a place: a new one, or what it became since a version.
pub(super) fn write(
    commit: &mut Commit,
    (place, was): (i64, Option<i64>),
    refund: &Refund,
) -> Outcome<()> {
    let Some(was) = was else {
        let key: [Value; 2] = [refund.order.uid().into(), place.into()];
        let row: Vec<Value> = key.into_iter().chain(rest(refund)?).collect();
        commit.claim(&REFUNDS, row);
        return Ok(());
    };
    let params: [Value; 6] = [
        refund.order.uid().into(),
        place.into(),
        was.into(),
        refund.version.into(),
        refund.state.name().into(),
        body(refund)?.into(),
    ];
    commit.guard(&MOVE, params);
    Ok(())
}

/// Whether a commit was refused because somebody else gave back, or took note of it, at the same time.
pub(in crate::orders) fn is_outrun(failure: &Failure) -> bool {
    let is_one = |name: &str| [REFUNDS.name, MOVE.name, TAKE_TURN.name].contains(&name);
    matches!(failure, Failure::Refused { name, .. } if is_one(name))
}

fn rest(refund: &Refund) -> Outcome<[Value; 4]> {
    Ok([
        refund.id.uid().into(),
        refund.version.into(),
        refund.state.name().into(),
        body(refund)?.into(),
    ])
}

fn body(refund: &Refund) -> Outcome<String> {
    serde_json::to_string(refund).map_err(|error| Failure::Broken(format!("a refund: {error}")))
}

fn of_body(text: &str) -> Outcome<Refund> {
    serde_json::from_str(text).map_err(|error| Failure::Damaged(format!("a refund: {error}")))
}

fn read(row: &Row) -> Outcome<Refund> {
    let refund = of_body(&row.get::<String>(5)?)?;
    let (id, version): (Uid, i64) = (row.get(2)?, row.get(3)?);
    match refund.id.uid() == id && refund.version == version {
        true => Ok(refund),
        false => Err(Failure::Damaged("a refund under another id".to_owned())),
    }
}

fn fold(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let damaged = |said: String| Failure::Damaged(format!("event {}: {said}", event.position));
    let told: Told =
        serde_json::from_str(&event.payload).map_err(|error| damaged(error.to_string()))?;
    let key = vec![Value::Id(told.order.uid()), Value::Int(told.place)];
    let was = match rows.get(&key).and_then(|row| row.last()) {
        None => None,
        Some(Value::Text(text)) => Some(of_body(text)?),
        Some(_) => return Err(damaged("a folded row of a refund".to_owned())),
    };
    let next = apply(was, &told.data).ok_or_else(|| damaged("it does not follow".to_owned()))?;
    rows.insert(key, rest(&next)?.to_vec());
    Ok(())
}
