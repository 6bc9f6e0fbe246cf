//! Which rows an order writes, counted by PostgreSQL, and copies of such rows: as stored orders of old, and as what SQL by
//! hand writes to do the same.

use std::collections::BTreeMap;
use std::time::Duration;

use testkit::postgres::Database;
use testkit::trial::Engine;

use crate::Outcome;
use crate::fill::{MADE_MS, Size, spell};

/// From one copied order to the next.
const GAP_MS: u64 = 1_300;
/// More rows of one table no order has.
const EACH_MAX: u64 = 64;
/// Copied events stand before all others, so that nobody reads them as news.
const BEFORE: i64 = 1 << 50;
/// The server tells its counts to others after a second.
const COUNTED_AFTER: Duration = Duration::from_millis(2_500);

const COUNTS: &str = "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables";

/// Tables of which a stored order keeps rows for good.
pub(crate) const KEPT: [&str; 5] = [
    "orders",
    "payments",
    "ledger_transactions",
    "ledger_postings",
    "log",
];

/// Columns that differ from copy to copy: `U` is an id of its own, `R` that of the restaurant.
const FRESH: [(&str, &[(&str, &str)]); 10] = [
    ("orders", &[("id", "U"), ("restaurant", "R")]),
    ("payments", &[("id", "U"), ("order_id", "U")]),
    ("ledger_transactions", &[("id", "U"), ("order_id", "U")]),
    ("ledger_postings", &[("transaction_id", "U")]),
    ("log", &[("position", "P"), ("stream", "U")]),
    ("commits", &[("id", "U")]),
    ("idempotency", &[("key", "K")]),
    ("consumed", &[("stream", "U")]),
    ("sagas", &[("id", "U")]),
    ("timers", &[("id", "U")]),
];

/// What was written to a table.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Written {
    pub(crate) inserted: f64,
    pub(crate) updated: f64,
    pub(crate) deleted: f64,
}

/// What was written, by table.
pub(crate) type Counts = BTreeMap<String, Written>;

/// What was written to a database so far.
pub(crate) async fn counts(database: &Database) -> Outcome<Counts> {
    tokio::time::sleep(COUNTED_AFTER).await;
    let mut counts = Counts::new();
    for row in database.execute_as_superuser(COUNTS).await {
        let number = |at| row.get(at).and_then(|text| text.parse::<f64>().ok());
        let written = Written {
            inserted: number(1).unwrap_or_default(),
            updated: number(2).unwrap_or_default(),
            deleted: number(3).unwrap_or_default(),
        };
        counts.insert(row.get(0).unwrap_or_default().to_owned(), written);
    }
    Ok(counts)
}

/// What each of so many orders has written between two counts.
pub(crate) fn each(before: &Counts, after: &Counts, orders: u64) -> Counts {
    let part = |after: f64, before: f64| (after - before) / orders.max(1) as f64;
    let mut each = Counts::new();
    for (table, after) in after {
        let was = before.get(table).copied().unwrap_or_default();
        let written = Written {
            inserted: part(after.inserted, was.inserted),
            updated: part(after.updated, was.updated),
            deleted: part(after.deleted, was.deleted),
        };
        if written.inserted + written.updated + written.deleted >= 0.01 {
            each.insert(table.clone(), written);
        }
    }
    each
}

/// Copies of the rows of an order, into tables of this schema.
pub(crate) struct Copies {
    size: Size,
    schema: &'static str,
    /// How many rows of a table an order has, and its columns.
    tables: BTreeMap<&'static str, (u64, Vec<String>)>,
}

impl Copies {
    /// Keeps rows that were written last as patterns: as many of each table as an order writes.
    pub(crate) async fn of(
        database: &Database,
        (size, schema): (Size, &'static str),
        each: &Counts,
    ) -> Outcome<Self> {
        let mut tables = BTreeMap::new();
        database
            .execute_as_superuser("CREATE SCHEMA IF NOT EXISTS patterns")
            .await;
        for (table, _) in FRESH {
            let inserted = each.get(table).map_or(0.0, |written| written.inserted);
            let rows = whole(inserted).min(EACH_MAX);
            if rows == 0 {
                continue;
            }
            let columns = columns(database, table).await?;
            let keeps = format!(
                "DROP TABLE IF EXISTS patterns.{table}; CREATE TABLE patterns.{table} AS \
                 SELECT row_number() OVER () - 1 AS r, t.* FROM \
                 (SELECT * FROM public.{table} ORDER BY ctid DESC LIMIT {rows}) AS t"
            );
            database.execute_as_superuser(&keeps).await;
            if table == "sagas" {
                database.execute_as_superuser(&ended_sagas(rows)).await;
            }
            tables.insert(table, (rows, columns));
        }
        Ok(Copies {
            size,
            schema,
            tables,
        })
    }

    /// Statements that write the rows of these orders into those of the tables that are wanted.
    pub(crate) fn insert(&self, (first, last): (u64, u64), wanted: &[&str]) -> Vec<String> {
        let tables = self.tables.iter();
        let wanted = tables.filter(|(table, _)| wanted.is_empty() || wanted.contains(table));
        let statement = |(table, (rows, columns)): (&&'static str, &(u64, Vec<String>))| {
            let fresh = FRESH.iter().find(|(name, _)| name == table);
            let fresh = fresh.map_or(&[][..], |(_, fresh)| fresh);
            let value = |column: &String| match fresh.iter().find(|(name, _)| name == column) {
                Some((_, sort)) => self.fresh(sort, *rows),
                None if column == "organisation" => self.owner(),
                None => format!("p.{column}"),
            };
            let values: Vec<String> = columns.iter().map(value).collect();
            format!(
                "INSERT INTO {}.{table} ({}) SELECT {} FROM generate_series({first}::bigint, {last}::bigint) AS n(i), \
                 patterns.{table} AS p",
                self.schema,
                columns.join(", "),
                values.join(", ")
            )
        };
        wanted.map(statement).collect()
    }

    fn fresh(&self, sort: &str, rows: u64) -> String {
        match sort {
            "U" => self.id(),
            "R" => self.size.restaurant(Engine::Postgres, &self.place()),
            "P" => format!("n.i * {rows} + p.r - {BEFORE}"),
            _ => "'copy-' || n.i || '-' || p.r".to_owned(),
        }
    }

    /// The id of a row: no other copy of its table has it.
    pub(crate) fn id(&self) -> String {
        let at = format!("{MADE_MS} + n.i * {GAP_MS}");
        let low = format!("n.i * {EACH_MAX} + p.r");
        spell(Engine::Postgres, &at, &self.owner(), &low)
    }

    fn owner(&self) -> String {
        self.size.owner(&self.place())
    }

    fn place(&self) -> String {
        format!("(n.i % {})", self.size.restaurants)
    }

    /// How many rows of a table an order has.
    pub(crate) fn rows(&self, table: &str) -> u64 {
        self.tables.get(table).map_or(0, |(rows, _)| *rows)
    }

    /// The tables that there are copies of.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &'static str> {
        self.tables.keys().copied()
    }
}

/// A count of rows as a number of rows.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an order writes a few rows"
)]
pub(crate) fn whole(count: f64) -> u64 {
    count.max(0.0).round() as u64
}

/// Sagas that have ended are not there any more, so their pattern is made up.
fn ended_sagas(rows: u64) -> String {
    let none = "'00000000-0000-0000-0000-000000000000'::uuid";
    format!(
        "INSERT INTO patterns.sagas SELECT r, 1, {none}, 'order.place', 1, {none}, repeat('x', 230), 0, 0, 1, 1, 1, 0, '', \
         '', 2500, 'EUR', 1 FROM generate_series(0, {rows} - 1) AS n(r) WHERE NOT EXISTS (SELECT FROM patterns.sagas)"
    )
}

async fn columns(database: &Database, table: &str) -> Outcome<Vec<String>> {
    let sql = format!(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' \
         AND table_name = '{table}' ORDER BY ordinal_position"
    );
    let rows = database.execute_as_superuser(&sql).await;
    let names: Vec<String> = rows
        .iter()
        .filter_map(|row| Some(row.get(0)?.to_owned()))
        .collect();
    match names.is_empty() {
        true => Err(format!("there is no table {table}").into()),
        false => Ok(names),
    }
}
