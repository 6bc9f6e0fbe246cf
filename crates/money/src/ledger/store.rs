//! The tables of the ledger, and how its rows are made and read. Whatever is read is tested against its checksum.

use std::collections::BTreeMap;

use base::{Organisation, Time, Uid};
use store::{Class, Column, Failure, Outcome, Row, Sql, Table, Value, checksum};
use trade::ledger::{Account, Kind, Posting, Transaction};
use trade::orders::OrderId;

use super::app::Posted;

/// Transactions.
pub(crate) static TRANSACTIONS: Table = Table::new(
    "ledger_transactions",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::id("order_id"),
        Column::text("kind"),
        Column::text("about"),
        Column::text("currency"),
        Column::int("at"),
        Column::int("checksum"),
    ],
    1,
    &[],
);

/// What they post.
pub(crate) static POSTINGS: Table = Table::new(
    "ledger_postings",
    Class::Organisation,
    &[
        Column::id("transaction_id"),
        Column::text("account"),
        Column::int("minor"),
        Column::int("checksum"),
    ],
    2,
    &[],
);

/// All of an order, the oldest first.
pub(crate) static OF_ORDER: Sql = Sql::new(
    "ledger_transactions.of_order",
    &TRANSACTIONS,
    "SELECT id, order_id, kind, about, currency, at, checksum FROM ledger_transactions \
     WHERE organisation = $1 AND order_id = $2 ORDER BY at, id LIMIT $3",
);

/// On in a period, from behind a place, the oldest first.
pub(crate) static LIST: Sql = Sql::new(
    "ledger_transactions.list",
    &TRANSACTIONS,
    "SELECT id, order_id, kind, about, currency, at, checksum FROM ledger_transactions \
     WHERE organisation = $1 AND (at, id) > ($2, $3) AND at < $4 ORDER BY at, id LIMIT $5",
);

/// The postings of some transactions. Each engine takes a list in its own way.
pub(crate) static OF_SOME: Sql = Sql::two(
    "ledger_postings.of_some",
    &POSTINGS,
    "SELECT transaction_id, account, minor, checksum FROM ledger_postings \
     WHERE organisation = $1 AND transaction_id IN (SELECT value FROM rarray($2))",
    "SELECT transaction_id, account, minor, checksum FROM ledger_postings \
     WHERE organisation = $1 AND transaction_id = ANY ($2)",
);

pub(crate) static ALL_TRANSACTIONS: Sql = Sql::new(
    "ledger_transactions.all",
    &TRANSACTIONS,
    "SELECT id, order_id, kind, about, currency, at, checksum FROM ledger_transactions WHERE organisation = $1",
);

pub(crate) static ALL_POSTINGS: Sql = Sql::new(
    "ledger_postings.all",
    &POSTINGS,
    "SELECT transaction_id, account, minor, checksum FROM ledger_postings WHERE organisation = $1",
);

pub(crate) const TABLES: &[&Table] = &[&TRANSACTIONS, &POSTINGS];

pub(crate) const STATEMENTS: &[&Sql] =
    &[&OF_ORDER, &LIST, &OF_SOME, &ALL_TRANSACTIONS, &ALL_POSTINGS];

/// The cells of a transaction, in the order of the columns.
pub(crate) fn cells(organisation: Organisation, at: Time, posted: &Transaction) -> [Value; 7] {
    let [id, order, kind, about, currency, at] = [
        posted.id().uid().into(),
        posted.order().map(|order| order.uid()).into(),
        posted.kind().name().into(),
        posted.about().to_string().into(),
        posted.currency().code().into(),
        Value::from(at),
    ];
    let sum = sum(
        (TRANSACTIONS.name, organisation),
        [&id, &order, &kind, &about, &currency, &at],
    );
    [id, order, kind, about, currency, at, sum.into()]
}

/// The cells of a posting, in the order of the columns.
pub(crate) fn posting(organisation: Organisation, of: Uid, posting: &Posting) -> [Value; 4] {
    let [of, account, minor] = [
        of.into(),
        posting.account.to_string().into(),
        Value::from(posting.minor),
    ];
    let sum = sum((POSTINGS.name, organisation), [&of, &account, &minor]);
    [of, account, minor, sum.into()]
}

/// The checksum of a row, over the name of the table, the organisation and all other cells.
fn sum<const CELLS: usize>(
    (table, organisation): (&'static str, Organisation),
    cells: [&Value; CELLS],
) -> i64 {
    let head = [table.into(), organisation.into()];
    let all: Vec<Value> = head.into_iter().chain(cells.into_iter().cloned()).collect();
    checksum(&all)
}

/// What stands in the rows of transactions and of their postings, in the order of the transactions.
pub(crate) fn read(
    organisation: Organisation,
    transactions: &[Row],
    postings: &[Row],
) -> Outcome<Vec<Posted>> {
    let mut of: BTreeMap<Uid, Vec<Posting>> = BTreeMap::new();
    for row in postings {
        let (id, account, minor): (Uid, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let account: Account = account.parse().map_err(|_| damaged(POSTINGS.name, id))?;
        let one = Posting { account, minor };
        let [.., sum] = posting(organisation, id, &one);
        if sum != Value::Int(row.get(3)?) {
            return Err(damaged(POSTINGS.name, id));
        }
        of.entry(id).or_default().push(one);
    }
    let read = transactions.iter().map(|row| {
        let id: Uid = row.get(0)?;
        let postings = of.remove(&id).unwrap_or_default();
        transaction(organisation, row, postings)
    });
    read.collect()
}

fn transaction(organisation: Organisation, row: &Row, postings: Vec<Posting>) -> Outcome<Posted> {
    let (id, order): (Uid, Option<Uid>) = (row.get(0)?, row.get(1)?);
    let (kind, about, currency): (String, String, String) = (row.get(2)?, row.get(3)?, row.get(4)?);
    let (at, stored): (Time, i64) = (row.get(5)?, row.get(6)?);
    let wrong = || damaged(TRANSACTIONS.name, id);
    let kind = Kind::find(&kind).ok_or_else(wrong)?;
    let about = about.parse().map_err(|_| wrong())?;
    let currency = currency.parse().map_err(|_| wrong())?;
    let order = order.map(OrderId::from);
    // A posting that is missing, or one that does not belong there, spoils the sum.
    let read = Transaction::read((kind, about), order, currency, postings);
    let transaction = read.map_err(|_| wrong())?;
    let [own, .., sum] = cells(organisation, at, &transaction);
    match own == Value::Id(id) && sum == Value::Int(stored) {
        true => Ok(Posted { at, transaction }),
        false => Err(wrong()),
    }
}

fn damaged(table: &'static str, id: Uid) -> Failure {
    metrics::counter!("store_damaged_rows_total", "table" => table).increment(1);
    Failure::Damaged(format!(
        "{table}: the row of {id:?} is not as it was written"
    ))
}
