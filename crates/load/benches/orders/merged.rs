//! The rows of whole orders by hand, merged: 64 orders in one transaction, a statement for each table and kind of change,
//! all of it in one text. As many rows are inserted, changed and deleted as an order and its saga do, with the same columns,
//! sizes and indexes; nothing is read, decided, guarded or refused, and no policy is asked.

use load::{Answer, Client};
use testkit::postgres::Database;
use testkit::trial::Engine;

use crate::Outcome;
use crate::fill::Size;
use crate::rows::{Copies, Counts, whole};

/// Orders that share a transaction.
const ORDERS: u64 = 64;
/// Clients write orders of their own.
const APART: u64 = 10_000_000;

const SCHEMA: &str = "merged";

/// A client with a connection of its own.
pub(crate) struct Merged {
    connection: tokio_postgres::Client,
    /// What is done for a range of orders; where it begins and ends is filled in.
    text: String,
    next: u64,
}

impl Merged {
    /// So many clients, over tables like those of the program.
    pub(crate) async fn clients(
        count: u64,
        (database, size): (&Database, Size),
        each: &Counts,
    ) -> Outcome<Vec<Self>> {
        let copies = Copies::of(database, (size, SCHEMA), each).await?;
        database
            .execute_as_superuser(&format!("CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
            .await;
        for table in copies.tables().chain(["order_numbers", "head"]) {
            let like = format!(
                "CREATE TABLE IF NOT EXISTS {SCHEMA}.{table} (LIKE public.{table} INCLUDING ALL)"
            );
            database.execute_as_superuser(&like).await;
        }
        database
            .execute_as_superuser(
                "INSERT INTO merged.head SELECT * FROM public.head ON CONFLICT DO NOTHING",
            )
            .await;
        let text = text(&copies, size, each);
        let mut clients = Vec::new();
        for number in 0..count {
            let connection = database.connect("postgres").await;
            // Nobody has counted these tables, so the planner would read them whole, and compile what it thinks is long.
            connection
                .batch_execute(
                    "SET jit = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off",
                )
                .await?;
            clients.push(Merged {
                connection,
                text: text.clone(),
                next: 1 + number * APART,
            });
        }
        Ok(clients)
    }
}

impl Client for Merged {
    async fn request(&mut self) -> Answer {
        let (first, last) = (self.next, self.next + ORDERS - 1);
        self.next = last + 1;
        let text = self.text.replace("111111", &first.to_string());
        let text = text.replace("222222", &last.to_string());
        match self.connection.batch_execute(&text).await {
            Ok(()) => Answer::Done(ORDERS),
            Err(error) => Answer::Failed(format!("{error:?}")),
        }
    }
}

/// Everything from BEGIN to COMMIT.
fn text(copies: &Copies, size: Size, each: &Counts) -> String {
    let mut all = vec!["BEGIN".to_owned()];
    all.extend(copies.insert((111_111, 222_222), &[]));
    for table in copies.tables() {
        let written = each.get(table).copied().unwrap_or_default();
        let rows = copies.rows(table);
        let updates = whole(written.updated / rows.max(1) as f64);
        if let Some(column) = changed(table) {
            let change = format!(
                "UPDATE {SCHEMA}.{table} SET {column} = {column} + 1 FROM {} WHERE organisation = o AND id = u",
                ids(copies, size, (table, 0))
            );
            all.extend((0..updates).map(|_| change.clone()));
        }
        let deleted = whole(written.deleted).min(rows);
        if deleted > 0 {
            all.push(format!(
                "DELETE FROM {SCHEMA}.{table} USING {} WHERE organisation = o AND id = u",
                ids(copies, size, (table, rows - deleted))
            ));
        }
    }
    let place = format!("(n.i % {})", size.restaurants);
    all.push(format!(
        "INSERT INTO {SCHEMA}.order_numbers (organisation, restaurant, day, taken) SELECT {}, {}, 'today', count(*) FROM \
         generate_series(111111::bigint, 222222::bigint) AS n(i) GROUP BY 1, 2 \
         ON CONFLICT (organisation, restaurant, day) DO UPDATE SET taken = order_numbers.taken + excluded.taken",
        size.owner(&place),
        size.restaurant(Engine::Postgres, &place),
    ));
    all.push(format!(
        "UPDATE {SCHEMA}.head SET position = position + {}",
        ORDERS * copies.rows("log")
    ));
    all.push("COMMIT".to_owned());
    all.join(";\n")
}

/// The organisations and ids of the rows of these orders in a table, from one of each order on.
fn ids(copies: &Copies, size: Size, (table, from): (&str, u64)) -> String {
    format!(
        "(SELECT {} AS o, {} AS u FROM generate_series(111111::bigint, 222222::bigint) AS n(i), \
         (SELECT r FROM patterns.{table} WHERE r >= {from}) AS p) AS x",
        size.owner(&format!("(n.i % {})", size.restaurants)),
        copies.id()
    )
}

/// A column that is changed with every change, and is in no index.
fn changed(table: &str) -> Option<&'static str> {
    match table {
        "orders" | "payments" => Some("version"),
        "sagas" | "timers" => Some("attempt"),
        _ => None,
    }
}
