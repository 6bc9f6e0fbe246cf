//! What the server was asked while orders were placed, and how long each statement took it: where its time goes.

use load::Table;
use testkit::postgres::{Database, Settings};

use crate::Outcome;

/// Statements that are shown: those that took most.
const SHOWN: usize = 40;
/// So much of a text tells one from another.
const TEXT: usize = 110;

const TOOK: &str = "SELECT s.calls, s.total_exec_time * 1000, s.rows, \
    d.datname || ' ' || regexp_replace(s.query, '\\s+', ' ', 'g') \
    FROM pg_stat_statements AS s JOIN pg_database AS d ON d.oid = s.dbid \
    WHERE d.datname <> 'postgres' ORDER BY s.total_exec_time DESC";

/// A server that counts, also what functions do.
pub(crate) fn counted(settings: Settings) -> Settings {
    settings
        .with("shared_preload_libraries", "pg_stat_statements")
        .with("pg_stat_statements.track", "all")
}

/// Begins to count.
pub(crate) async fn begin(database: &Database) {
    for sql in [
        "CREATE EXTENSION IF NOT EXISTS pg_stat_statements",
        "SELECT pg_stat_statements_reset()",
    ] {
        database.execute_as_superuser(sql).await;
    }
}

/// What so many orders have asked of all databases since. A statement within a function counts for itself and for that.
pub(crate) async fn shown(database: &Database, orders: u64) -> Outcome<Table> {
    let mut table = Table::new([
        "statement",
        "us an order",
        "us a call",
        "calls an order",
        "rows a call",
    ]);
    for row in database.execute_as_superuser(TOOK).await.iter().take(SHOWN) {
        let number = |at| row.get(at).and_then(|text| text.parse::<f64>().ok());
        let number = |at| number(at).ok_or("a count that is none");
        let (calls, us, rows) = (number(0)?, number(1)?, number(2)?);
        let each = orders.max(1) as f64;
        table.row([
            row.get(3).unwrap_or_default().chars().take(TEXT).collect(),
            format!("{:.1}", us / each),
            format!("{:.1}", us / calls),
            format!("{:.2}", calls / each),
            format!("{:.1}", rows / calls),
        ]);
    }
    Ok(table)
}
