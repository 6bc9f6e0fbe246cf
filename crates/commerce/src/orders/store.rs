//! The tables of orders, their SQL and their rows.

use std::collections::BTreeMap;

use base::{Organisation, Uid};
use carte::ItemId;
use domain::organisations::RestaurantId;
use domain::people::PersonId;
use rpc::fraud::FraudScore;
use serde::{Deserialize, Serialize};
use store::{
    Call, Class, Column, Db, Failure, Migration, Outcome, Part, Row, Sealed, Sql, Table, Value,
};
use trade::carts::CartId;
use trade::orders::{Order, OrderId};
use trade::payments::{CashPart, PaymentId};

use super::{claims, heirs, rules};

/// Orders, whole.
pub(crate) static ORDERS: Table = Table::new(
    "orders",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::id("restaurant"),
        Column::id("customer"),
        Column::text("status"),
        Column::int("is_open"),
        Column::int("is_shown"),
        Column::int("version"),
        Column::int("number"),
        Column::text("body"),
        Column::text("held"),
        Column::bytes("address"),
        Column::bytes("instructions"),
        Column::bytes("phone"),
        Column::bytes("contact"),
        Column::bytes("notes"),
    ],
    1,
    &[],
);

/// How many orders a restaurant took on a day.
static NUMBERS: Table = Table::new(
    "order_numbers",
    Class::Organisation,
    &[
        Column::id("restaurant"),
        Column::text("day"),
        Column::int("taken"),
    ],
    2,
    &[],
);

/// Which orders a person has placed.
static PERSON_ORDERS: Table =
    Table::new("person_orders", Class::Person, &[Column::id("id")], 1, &[]);

/// The next number of a day.
pub(super) static TAKE_NUMBER: Sql = Sql::new(
    "order_numbers.take",
    &NUMBERS,
    "INSERT INTO order_numbers (organisation, restaurant, day, taken) VALUES ($1, $2, $3, 1) \
     ON CONFLICT (organisation, restaurant, day) DO UPDATE SET taken = order_numbers.taken + 1 \
     RETURNING taken",
);

/// What became of an order, if it still stood at version `$3`.
pub(super) static MOVE: Sql = Sql::new(
    "orders.move",
    &ORDERS,
    "UPDATE orders SET status = $4, is_open = $5, is_shown = $6, version = $7, body = $8 \
     WHERE organisation = $1 AND id = $2 AND version = $3",
);

/// The same where it holds something else since.
pub(super) static CHANGE: Sql = Sql::new(
    "orders.change",
    &ORDERS,
    "UPDATE orders SET status = $4, is_open = $5, is_shown = $6, version = $7, body = $8, held = $9 \
     WHERE organisation = $1 AND id = $2 AND version = $3",
);

static READ: Sql = Sql::new(
    "orders.read",
    &ORDERS,
    "SELECT id, number, body, held, address, instructions, phone, contact, notes FROM orders \
     WHERE organisation = $1 AND id = $2",
);

/// Those of a list. Each engine takes a list in its own way.
static READ_SOME: Sql = Sql::two(
    "orders.read_some",
    &ORDERS,
    "SELECT id, number, body, held, address, instructions, phone, contact, notes FROM orders \
     WHERE organisation = $1 AND id IN (SELECT value FROM rarray($2))",
    "SELECT id, number, body, held, address, instructions, phone, contact, notes FROM orders \
     WHERE organisation = $1 AND id = ANY ($2)",
);

static LIST: Sql = Sql::new(
    "orders.list",
    &ORDERS,
    "SELECT id, number, body, held, address, instructions, phone, contact, notes FROM orders \
     WHERE organisation = $1 AND restaurant = $2 AND id < $3 AND is_shown = 1 \
     ORDER BY id DESC LIMIT $4",
);

static LIST_OPEN: Sql = Sql::new(
    "orders.list_open",
    &ORDERS,
    "SELECT id, number, body, held, address, instructions, phone, contact, notes FROM orders \
     WHERE organisation = $1 AND restaurant = $2 AND id < $3 AND is_open = 1 AND is_shown = 1 \
     ORDER BY id DESC LIMIT $4",
);

static LIST_STATUS: Sql = Sql::new(
    "orders.list_status",
    &ORDERS,
    "SELECT id, number, body, held, address, instructions, phone, contact, notes FROM orders \
     WHERE organisation = $1 AND restaurant = $2 AND id < $3 AND status = $5 AND is_open = 0 \
     AND is_shown = 1 ORDER BY id DESC LIMIT $4",
);

/// The same where the status is one of an order under way.
static LIST_OPEN_STATUS: Sql = Sql::new(
    "orders.list_open_status",
    &ORDERS,
    "SELECT id, number, body, held, address, instructions, phone, contact, notes FROM orders \
     WHERE organisation = $1 AND restaurant = $2 AND id < $3 AND status = $5 AND is_open = 1 \
     AND is_shown = 1 ORDER BY id DESC LIMIT $4",
);

pub(super) static ALL: Sql = Sql::new(
    "orders.all",
    &ORDERS,
    "SELECT id, restaurant, customer, status, is_open, is_shown, version, number, body, held, address, instructions, \
     phone, contact, notes FROM orders WHERE organisation = $1",
);

/// A person has placed an order; saying so again changes nothing.
pub(super) static NOTE: Sql = Sql::new(
    "person_orders.note",
    &PERSON_ORDERS,
    "INSERT INTO person_orders (person, id) VALUES ($1, $2) ON CONFLICT (person, id) DO NOTHING",
);

static LIST_OWN: Sql = Sql::new(
    "person_orders.list",
    &PERSON_ORDERS,
    "SELECT id FROM person_orders WHERE person = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
);

/// A person's list is gone, but for an order that there is not.
pub(super) static FORGET: Sql = Sql::new(
    "person_orders.forget",
    &PERSON_ORDERS,
    "DELETE FROM person_orders WHERE person = $1 AND id <> $2",
);

/// What the slice brings to every shard.
pub static SHARD: Part = Part {
    name: "orders",
    tables: &[
        &ORDERS,
        &NUMBERS,
        &rules::RULES,
        &claims::CARTS,
        &claims::FIRSTS,
    ],
    statements: &[
        &TAKE_NUMBER,
        &MOVE,
        &CHANGE,
        &READ,
        &READ_SOME,
        &LIST,
        &LIST_OPEN,
        &LIST_STATUS,
        &LIST_OPEN_STATUS,
        &ALL,
        &claims::READ_CART,
        &claims::CLEAR_CARTS,
        &claims::READ_BEFORE,
        &claims::READ_FIRST,
        &claims::TAKE_FIRST,
        &rules::READ,
        &rules::ALL,
        &rules::CHANGE,
    ],
    migrations: &[
        Migration {
            number: 1,
            name: "orders",
            sqlite: include_str!("../../migrations/orders/sqlite/0001_orders.sql"),
            postgres: include_str!("../../migrations/orders/postgres/0001_orders.sql"),
        },
        Migration {
            number: 2,
            name: "claims",
            sqlite: include_str!("../../migrations/orders/sqlite/0002_claims.sql"),
            postgres: include_str!("../../migrations/orders/postgres/0002_claims.sql"),
        },
    ],
};

/// What it brings to the people database.
pub static PEOPLE: Part = Part {
    name: "person_orders",
    tables: &[&PERSON_ORDERS, &heirs::HEIRS],
    statements: &[
        &NOTE,
        &LIST_OWN,
        &FORGET,
        &heirs::NAME,
        &heirs::READ,
        &heirs::FORGET,
    ],
    migrations: &[
        Migration {
            number: 1,
            name: "person_orders",
            sqlite: include_str!("../../migrations/person_orders/sqlite/0001_person_orders.sql"),
            postgres: include_str!(
                "../../migrations/person_orders/postgres/0001_person_orders.sql"
            ),
        },
        Migration {
            number: 2,
            name: "heirs",
            sqlite: include_str!("../../migrations/person_orders/sqlite/0002_heirs.sql"),
            postgres: include_str!("../../migrations/person_orders/postgres/0002_heirs.sql"),
        },
    ],
};

/// The names under which personal fields are sealed, in the order of their columns.
pub(super) const FIELDS: [&str; 5] = ["address", "instructions", "phone", "contact", "notes"];

/// What is said of the diner, sealed, in the order of [`FIELDS`].
pub(super) type SealedFields = [Option<Vec<u8>>; 5];

/// Under which name an event tells what an order holds.
pub(super) const HELD: &str = "held";

/// What an order holds of what others might have, to be given back when it comes to nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Held {
    /// The version of the restaurant's stock that was known when it was taken from.
    pub(super) seen: i64,
    /// What is taken of counted items.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) stock: BTreeMap<ItemId, u32>,
    /// The payment that it is paid by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) payment: Option<PaymentId>,
    /// The payments beside that one, in the order in which they are used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) more: Vec<PaymentId>,
    /// Whether these payments leave something to be paid in cash.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) cash: bool,
    /// What of a shared bill that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cash_part: Option<CashPart>,
    /// What was taken of counted items for lines that came later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) lots: Vec<Lot>,
    /// What is taken for a change that waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reserved: Option<Lot>,
    /// The payment of a change that waits for its money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) raise: Option<PaymentId>,
    /// The saga that waits for that money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) raising: Option<String>,
    /// What the place to which it is brought asked for at least, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) minimum: Option<i64>,
    /// What came back of the last change that came to nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) returned: Vec<ItemId>,
    /// What it looked like to whoever knows fraud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fraud: Option<FraudScore>,
    /// The cart that it was made of, and its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cart: Option<(CartId, i64)>,
    /// Whoever called, where the restaurant has taken the order: nobody with an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) caller: Option<PersonId>,
}

/// What was taken of counted items at once.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Lot {
    /// The version of the restaurant's stock that was known then.
    pub(super) seen: i64,
    /// How many of which.
    pub(super) stock: BTreeMap<ItemId, u32>,
}

impl Held {
    /// All payments that it is paid by, in the order in which they are used.
    pub(super) fn payments(&self) -> impl Iterator<Item = PaymentId> {
        self.payment.into_iter().chain(self.more.iter().copied())
    }

    /// All that is taken for what is sold.
    pub(super) fn taken(&self) -> impl Iterator<Item = (i64, &BTreeMap<ItemId, u32>)> {
        let later = self.lots.iter().map(|lot| (lot.seen, &lot.stock));
        std::iter::once((self.seen, &self.stock)).chain(later)
    }

    /// Takes so many of an item out of what is taken, the latest first, and says of which.
    pub(super) fn less(&mut self, item: ItemId, quantity: u32) -> Vec<(i64, u32)> {
        let later = self.lots.iter_mut().rev();
        let lots = later.map(|lot| (lot.seen, &mut lot.stock));
        let mut left = quantity;
        let mut given = Vec::new();
        for (seen, stock) in lots.chain(std::iter::once((self.seen, &mut self.stock))) {
            let Some(has) = stock.get_mut(&item) else {
                continue;
            };
            let part = left.min(*has);
            left = left.saturating_sub(part);
            *has = has.saturating_sub(part);
            if *has == 0 {
                stock.remove(&item);
            }
            given.push((seen, part));
        }
        given.retain(|(_, part)| *part > 0);
        self.lots.retain(|lot| !lot.stock.is_empty());
        given
    }
}

/// An order as its row tells it.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) order: Order,
    pub(super) held: Held,
    pub(super) sealed: SealedFields,
}

impl Stored {
    /// With whose key is sealed what is said of the diner: his own, or that of whoever called.
    pub(super) fn whose(&self) -> Option<PersonId> {
        self.order.customer.or(self.held.caller)
    }

    /// Whether payments were begun for its bill: when it was placed, or when it came to cost something since.
    pub(super) fn has_payments(&self) -> bool {
        let held = &self.held;
        held.payments().next().or(held.raise).is_some()
    }
}

/// Which orders of a restaurant.
#[derive(Clone, Debug)]
pub(super) enum Which {
    /// All.
    All,
    /// Those under way.
    Open,
    /// Those of one status, which is one of an order under way.
    OpenAs(&'static str),
    /// Those of one status.
    As(&'static str),
}

/// The cells of an order in the order of the columns, but for its number, which a counter gives.
pub(super) fn cells(
    order: &Order,
    (held, sealed): (&Held, SealedFields),
) -> Outcome<[Vec<Value>; 2]> {
    let customer = order.customer.map(|person| person.uid());
    let mut rest = vec![Value::from(body(order)?), held_text(held)?.into()];
    rest.extend(sealed.into_iter().map(Value::from));
    Ok([
        vec![
            order.id.uid().into(),
            order.restaurant.uid().into(),
            customer.into(),
            order.status.name().into(),
            is_open(order).into(),
            order.is_shown().into(),
            order.version.into(),
        ],
        rest,
    ])
}

/// The parameters of [`MOVE`] for what an order has become since a version.
pub(super) fn moved(was: i64, order: &Order) -> Outcome<[Value; 7]> {
    Ok([
        order.id.uid().into(),
        was.into(),
        order.status.name().into(),
        is_open(order).into(),
        order.is_shown().into(),
        order.version.into(),
        body(order)?.into(),
    ])
}

/// Whether something may still happen to an order.
pub(super) const fn is_open(order: &Order) -> bool {
    !order.status.is_final()
}

/// The text that is stored of an order. Its number has a column of its own.
pub(super) fn body(order: &Order) -> Outcome<String> {
    let bare = Order {
        number: 0,
        ..order.clone()
    };
    serde_json::to_string(&bare).map_err(|error| Failure::Broken(format!("an order: {error}")))
}

/// What an order holds, as its events tell it.
pub(super) fn held_json(held: &Held) -> Outcome<serde_json::Value> {
    serde_json::to_value(held).map_err(|error| Failure::Broken(format!("an order: {error}")))
}

pub(super) fn held_text(held: &Held) -> Outcome<String> {
    serde_json::to_string(held).map_err(|error| Failure::Broken(format!("an order: {error}")))
}

/// Reads the text that is stored of what an order holds.
pub(super) fn of_held(text: &str) -> Outcome<Held> {
    serde_json::from_str(text).map_err(|error| Failure::Damaged(format!("an order: {error}")))
}

/// Reads the text that is stored of an order.
pub(super) fn of_body(text: &str) -> Outcome<Order> {
    serde_json::from_str(text).map_err(|error| Failure::Damaged(format!("an order: {error}")))
}

/// An order, if there is one under that very id.
pub(super) async fn find(db: &Db, id: OrderId) -> Outcome<Option<Stored>> {
    let rows = db.rows(id.organisation(), &READ, [id.uid().into()]).await?;
    rows.first().map(read).transpose()
}

/// Orders of one organisation by their ids, those that are there, in any order.
pub(super) async fn some(
    db: &Db,
    organisation: Organisation,
    ids: Vec<Uid>,
) -> Outcome<Vec<Stored>> {
    let rows = db.rows(organisation, &READ_SOME, [ids.into()]).await?;
    rows.iter().map(read).collect()
}

/// Orders of a restaurant before an id, the newest first.
pub(super) async fn list(
    db: &Db,
    (restaurant, which): (RestaurantId, &Which),
    (before, limit): (Uid, i64),
) -> Outcome<Vec<Stored>> {
    let mut params: Vec<Value> = vec![restaurant.uid().into(), before.into(), limit.into()];
    let sql = match which {
        Which::All => &LIST,
        Which::Open => &LIST_OPEN,
        Which::OpenAs(status) | Which::As(status) => {
            params.push((*status).into());
            match which {
                Which::OpenAs(_) => &LIST_OPEN_STATUS,
                _ => &LIST_STATUS,
            }
        }
    };
    let rows = db.rows(restaurant.organisation(), sql, params).await?;
    rows.iter().map(read).collect()
}

/// The orders of a person before an id, the newest first.
pub(super) async fn own(
    db: &Db,
    person: PersonId,
    (before, limit): (Uid, i64),
) -> Outcome<Vec<Uid>> {
    let call = Call::new(&LIST_OWN, [before.into(), limit.into()]);
    let deadline = db.deadline();
    let found = db.read_person(person.uid(), vec![call], &deadline);
    let rows = found.await?;
    rows.iter().flatten().map(|row| row.get(0)).collect()
}

/// Reads `id, number, body, held` and the sealed fields.
fn read(row: &Row) -> Outcome<Stored> {
    let mut order = of_body(&row.get::<String>(2)?)?;
    let number: i64 = row.get(1)?;
    order.number =
        u32::try_from(number).map_err(|_| Failure::Damaged("a number of an order".to_owned()))?;
    let mut sealed = SealedFields::default();
    for (at, field) in sealed.iter_mut().enumerate() {
        *field = row.get(at.saturating_add(4))?;
    }
    if order.id.uid() != row.get(0)? {
        return Err(Failure::Damaged("an order under another id".to_owned()));
    }
    Ok(Stored {
        order,
        held: of_held(&row.get::<String>(3)?)?,
        sealed,
    })
}

/// The bytes of sealed fields.
pub(super) fn bytes(sealed: &[Option<Sealed>; 5]) -> SealedFields {
    let mut all = SealedFields::default();
    for (field, sealed) in all.iter_mut().zip(sealed) {
        *field = sealed.as_ref().map(|sealed| sealed.bytes().to_vec());
    }
    all
}
