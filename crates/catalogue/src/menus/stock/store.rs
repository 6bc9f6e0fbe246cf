//! The tables of what has run out, their SQL and their rows.

use base::{Time, Uid};
use carte::{ItemId, Off};
use store::{Class, Column, Outcome, Row, Sql, Table};

use crate::menus::store::damaged;

/// How often it changed in a restaurant what is off.
pub(crate) static HEADS: Table = Table::new(
    "menu_stock_heads",
    Class::Organisation,
    &[Column::id("restaurant"), Column::int("version")],
    1,
    &[],
);

/// What is off in a restaurant, or counted. What is sold of it is counted by orders and is in no event of menus.
pub(crate) static STOCK: Table = Table::new(
    "menu_stock",
    Class::Organisation,
    &[
        Column::id("restaurant"),
        Column::id("item"),
        Column::int("version"),
        Column::id("timer"),
        Column::int("until"),
        Column::int("counted"),
        Column::int("taken"),
        Column::text("reason"),
    ],
    2,
    &[],
);

/// One more change in the restaurant `$2`, which stood at `$3`.
pub(crate) static CHANGE_HEAD: Sql = Sql::new(
    "menu_stock_heads.change",
    &HEADS,
    "INSERT INTO menu_stock_heads (organisation, restaurant, version) VALUES ($1, $2, 1) \
     ON CONFLICT (organisation, restaurant) DO UPDATE SET version = menu_stock_heads.version + 1 \
     WHERE menu_stock_heads.version = $3",
);

/// Says anew what of an item there is; whatever was taken before was taken of something else.
pub(crate) static PUT: Sql = Sql::new(
    "menu_stock.put",
    &STOCK,
    "INSERT INTO menu_stock (organisation, restaurant, item, version, timer, until, counted, taken, reason) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8) ON CONFLICT (organisation, restaurant, item) \
     DO UPDATE SET version = excluded.version, timer = excluded.timer, until = excluded.until, \
     counted = excluded.counted, taken = 0, reason = excluded.reason",
);

/// There is as much of an item as anybody wants.
pub(crate) static REMOVE: Sql = Sql::new(
    "menu_stock.remove",
    &STOCK,
    "DELETE FROM menu_stock WHERE organisation = $1 AND restaurant = $2 AND item = $3",
);

/// The same when its time has come, if it is still what was said then.
pub(crate) static END: Sql = Sql::new(
    "menu_stock.end",
    &STOCK,
    "DELETE FROM menu_stock WHERE organisation = $1 AND restaurant = $2 AND item = $3 AND timer = $4",
);

/// Takes `$4` of what is left of an item, if there are as many.
pub(crate) static TAKE: Sql = Sql::new(
    "menu_stock.take",
    &STOCK,
    "UPDATE menu_stock SET taken = taken + $4 WHERE organisation = $1 AND restaurant = $2 AND item = $3 \
     AND counted >= taken + $4 RETURNING counted - taken",
);

/// Gives back `$4` of an item, unless it was counted anew after the version `$5`: that count knows nothing of them.
pub(crate) static GIVE_BACK: Sql = Sql::new(
    "menu_stock.give_back",
    &STOCK,
    "UPDATE menu_stock SET taken = taken - $4 WHERE organisation = $1 AND restaurant = $2 AND item = $3 \
     AND taken >= $4 AND version <= $5 RETURNING counted - taken",
);

pub(crate) static READ_HEAD: Sql = Sql::new(
    "menu_stock_heads.read",
    &HEADS,
    "SELECT version FROM menu_stock_heads WHERE organisation = $1 AND restaurant = $2",
);

pub(crate) static READ: Sql = Sql::new(
    "menu_stock.read",
    &STOCK,
    "SELECT item, version, timer, until, counted, taken, reason FROM menu_stock \
     WHERE organisation = $1 AND restaurant = $2 ORDER BY item",
);

pub(crate) static READ_ITEM: Sql = Sql::new(
    "menu_stock.read_item",
    &STOCK,
    "SELECT item, version, timer, until, counted, taken, reason FROM menu_stock \
     WHERE organisation = $1 AND restaurant = $2 AND item = $3",
);

pub(crate) static ALL_HEADS: Sql = Sql::new(
    "menu_stock_heads.all",
    &HEADS,
    "SELECT restaurant, version FROM menu_stock_heads WHERE organisation = $1",
);

/// Without what was taken, which is in the events of orders.
pub(crate) static ALL: Sql = Sql::new(
    "menu_stock.all",
    &STOCK,
    "SELECT restaurant, item, version, until, counted, reason FROM menu_stock WHERE organisation = $1",
);

/// What is said of an item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stock {
    pub(crate) item: ItemId,
    /// The version of the restaurant's stock that said so.
    pub(crate) version: i64,
    pub(crate) timer: Uid,
    pub(crate) off: Off,
}

/// Reads `item, version, timer, until, counted, taken, reason`.
pub(crate) fn read(row: &Row) -> Outcome<Stock> {
    let (counted, taken): (Option<i64>, i64) = (row.get(4)?, row.get(5)?);
    let left = counted.map(|counted| u32::try_from(counted.saturating_sub(taken)));
    let reason: String = row.get(6)?;
    let reason = (!reason.is_empty()).then(|| reason.parse()).transpose();
    Ok(Stock {
        item: row.get::<Uid>(0)?.into(),
        version: row.get(1)?,
        timer: row.get(2)?,
        off: Off {
            until: row.get::<Option<Time>>(3)?,
            left: left.transpose().map_err(|_| damaged("count"))?,
            reason: reason.map_err(|_| damaged("reason"))?,
        },
    })
}
