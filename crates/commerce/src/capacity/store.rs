//! The tables of capacity, their SQL and their rows.

use base::Uid;
use domain::capacity::{Kept, Load, Rules, Slot};
use domain::organisations::RestaurantId;
use store::{Class, Column, Failure, Outcome, Row, Sql, Table};

/// What restaurants say of their capacity.
pub(crate) static RULES: Table = Table::new(
    "capacity_rules",
    Class::Organisation,
    &[
        Column::id("restaurant"),
        Column::int("version"),
        Column::text("rules"),
    ],
    1,
    &[],
);

/// How much each slot has taken on. A slot that has taken on nothing has no row.
pub(crate) static SLOTS: Table = Table::new(
    "capacity_slots",
    Class::Organisation,
    &[
        Column::id("restaurant"),
        Column::int("slot"),
        Column::int("taken"),
        Column::int("minutes"),
        Column::int("money"),
        Column::int("at"),
    ],
    2,
    &[],
)
.cleared();

/// What an order has taken of which slot, until it gives it back.
pub(crate) static TAKES: Table = Table::new(
    "capacity_takes",
    Class::Organisation,
    &[
        Column::id("purchase"),
        Column::id("restaurant"),
        Column::int("slot"),
        Column::int("minutes"),
        Column::int("money"),
        Column::int("at"),
    ],
    1,
    &[],
)
.cleared();

/// Both as the queue role sees what is older than 30 days.
static OLD_SLOTS: Table = SLOTS.as_queue();
static OLD_TAKES: Table = TAKES.as_queue();

pub(crate) static READ_RULES: Sql = Sql::new(
    "capacity_rules.read",
    &RULES,
    "SELECT restaurant, version, rules FROM capacity_rules WHERE organisation = $1 AND restaurant = $2",
);

pub(crate) static ALL_RULES: Sql = Sql::new(
    "capacity_rules.all",
    &RULES,
    "SELECT restaurant, version, rules FROM capacity_rules WHERE organisation = $1",
);

/// Other rules, for a restaurant whose rules stood at `$3`.
pub(crate) static CHANGE_RULES: Sql = Sql::new(
    "capacity_rules.change",
    &RULES,
    "UPDATE capacity_rules SET version = version + 1, rules = $4 \
     WHERE organisation = $1 AND restaurant = $2 AND version = $3",
);

/// Takes of a slot, if it takes so much besides. The row is made by whoever is first; of two at once the second finds
/// it there, so nobody slips past the limits.
pub(crate) static TAKE: Sql = Sql::new(
    "capacity_slots.take",
    &SLOTS,
    "INSERT INTO capacity_slots (organisation, restaurant, slot, taken, minutes, money, at) \
     VALUES ($1, $2, $3, 1, $4, $5, $6) ON CONFLICT (organisation, restaurant, slot) DO UPDATE \
     SET taken = capacity_slots.taken + 1, minutes = capacity_slots.minutes + $4, \
     money = capacity_slots.money + $5 WHERE capacity_slots.taken + 1 <= $7 \
     AND capacity_slots.minutes + $4 <= $8 AND capacity_slots.money + $5 <= $9",
);

/// Gives back what an order took of a slot.
pub(crate) static GIVE_BACK: Sql = Sql::new(
    "capacity_slots.give_back",
    &SLOTS,
    "UPDATE capacity_slots SET taken = taken - 1, minutes = minutes - $4, money = money - $5 \
     WHERE organisation = $1 AND restaurant = $2 AND slot = $3 \
     AND taken >= 1 AND minutes >= $4 AND money >= $5",
);

/// An order has taken nothing any more; once.
pub(crate) static RETURN: Sql = Sql::new(
    "capacity_takes.return",
    &TAKES,
    "DELETE FROM capacity_takes WHERE organisation = $1 AND purchase = $2",
);

pub(crate) static READ_TAKE: Sql = Sql::new(
    "capacity_takes.read",
    &TAKES,
    "SELECT restaurant, slot, minutes, money FROM capacity_takes WHERE organisation = $1 AND purchase = $2",
);

/// How much slots of a restaurant have taken on, from `$3` to `$4`, both with.
pub(crate) static READ_SLOTS: Sql = Sql::new(
    "capacity_slots.read",
    &SLOTS,
    "SELECT slot, taken, minutes, money FROM capacity_slots \
     WHERE organisation = $1 AND restaurant = $2 AND slot >= $3 AND slot <= $4",
);

/// Removes counters of slots that are long past.
pub(crate) static CLEAR_SLOTS: Sql = Sql::new(
    "capacity_slots.clear",
    &OLD_SLOTS,
    "DELETE FROM capacity_slots WHERE (organisation, restaurant, slot) IN \
     (SELECT organisation, restaurant, slot FROM capacity_slots WHERE at < $1 LIMIT $2)",
);

/// Removes what was taken of slots that are long past.
pub(crate) static CLEAR_TAKES: Sql = Sql::new(
    "capacity_takes.clear",
    &OLD_TAKES,
    "DELETE FROM capacity_takes WHERE (organisation, purchase) IN \
     (SELECT organisation, purchase FROM capacity_takes WHERE at < $1 LIMIT $2)",
);

pub(crate) const TABLES: &[&Table] = &[&RULES, &SLOTS, &TAKES];

pub(crate) const STATEMENTS: &[&Sql] = &[
    &READ_RULES,
    &ALL_RULES,
    &CHANGE_RULES,
    &TAKE,
    &GIVE_BACK,
    &RETURN,
    &READ_TAKE,
    &READ_SLOTS,
    &CLEAR_SLOTS,
    &CLEAR_TAKES,
];

/// What an order has taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Held {
    pub(crate) restaurant: RestaurantId,
    pub(crate) slot: Slot,
    pub(crate) minutes: i64,
    pub(crate) money_minor: i64,
}

/// What a restaurant says; the default where it has said nothing yet.
pub(crate) async fn find(db: &store::Db, restaurant: RestaurantId) -> Outcome<Kept> {
    let params = [restaurant.uid().into()];
    let rows = db.rows(restaurant.organisation(), &READ_RULES, params);
    let rows = rows.await?;
    let Some(row) = rows.first() else {
        return Ok(Kept::default());
    };
    let text: String = row.get(2)?;
    Ok(Kept {
        version: row.get(1)?,
        rules: serde_json::from_str(&text).map_err(|_| damaged("rules"))?,
    })
}

/// The rules as they are stored.
pub(crate) fn text(rules: &Rules) -> Outcome<String> {
    serde_json::to_string(rules).map_err(|error| Failure::Broken(format!("rules: {error}")))
}

/// Reads `slot, taken, minutes, money`.
pub(crate) fn read_slot(row: &Row) -> Outcome<(Slot, Load)> {
    let load = Load {
        orders: row.get(1)?,
        minutes: row.get(2)?,
        money_minor: row.get(3)?,
    };
    Ok((Slot::of_number(row.get(0)?), load))
}

/// Reads `restaurant, slot, minutes, money`.
pub(crate) fn read_take(row: &Row) -> Outcome<Held> {
    Ok(Held {
        restaurant: row.get::<Uid>(0)?.into(),
        slot: Slot::of_number(row.get(1)?),
        minutes: row.get(2)?,
        money_minor: row.get(3)?,
    })
}

pub(crate) fn damaged(what: &str) -> Failure {
    Failure::Damaged(format!("the {what} of a capacity cannot be read"))
}
