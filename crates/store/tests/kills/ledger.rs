//! What the clients said, against what stands in the database.

use std::collections::{BTreeMap, HashMap};

use crate::world::{Truth, World};

/// One order, as its client knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    /// It was sent and nothing was heard.
    Sent,
    /// It was acknowledged with this number and position.
    Stored { number: i64, position: i64 },
    /// It was refused.
    Refused,
}

/// Everything that all clients of all rounds said, by order and commit.
#[derive(Default)]
pub(crate) struct Ledger {
    orders: BTreeMap<String, (String, Said)>,
}

/// The counts of a comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) acknowledged: usize,
    pub(crate) refused: usize,
    /// Sent, not answered, and stored.
    pub(crate) silent_stored: usize,
    /// Sent, not answered, and not stored.
    pub(crate) silent_lost: usize,
}

/// What stands of one order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Stands {
    number: Option<i64>,
    lines: i64,
    events: i64,
    position: i64,
}

impl Ledger {
    /// Takes down what a child said: `i order commit`, `a order number position`, `r order`.
    pub(crate) fn note(&mut self, words: &[String]) {
        for line in words {
            let parts: Vec<&str> = line.split(' ').collect();
            match parts.as_slice() {
                ["i", order, commit] => {
                    let sent = ((*commit).to_owned(), Said::Sent);
                    assert!(self.orders.insert((*order).to_owned(), sent).is_none());
                }
                ["a", order, number, position] => {
                    let (number, position) = (number.parse().unwrap(), position.parse().unwrap());
                    self.answer(order, Said::Stored { number, position });
                }
                ["r", order] => self.answer(order, Said::Refused),
                ["ready" | "done"] => {}
                other => panic!("a child said {other:?}"),
            }
        }
    }

    fn answer(&mut self, order: &str, said: Said) {
        let (_, before) = self.orders.get_mut(order).unwrap();
        assert_eq!(*before, Said::Sent, "{order} was answered twice");
        *before = said;
    }

    /// Compares everything said so far with everything that stands.
    pub(crate) async fn compare(&self, world: &World, stock: i64) -> Counts {
        let mut stands = stands(world).await;
        let commits = ids(world, "id", "commits").await;
        let mut commits: HashMap<String, i64> =
            commits.into_iter().map(|row| (row.0, row.1[0])).collect();
        let mut counts = Counts::default();
        for (order, (commit, said)) in &self.orders {
            let found = stands.remove(order).unwrap_or_default();
            let stored = commits.remove(commit);
            let whole = found.number.is_some() && found.lines == 3 && found.events == 1;
            let nothing = found == Stands::default();
            assert!(whole || nothing, "{order} is there in part: {found:?}");
            assert_eq!(
                stored,
                whole.then_some(1),
                "{order} and its commit {commit}"
            );
            match said {
                Said::Stored { number, position } => {
                    assert!(whole, "LOST: {order} was acknowledged at {position}");
                    assert_eq!(found.number, Some(*number), "{order}");
                    assert_eq!(found.position, *position, "{order}");
                    counts.acknowledged += 1;
                }
                Said::Refused => {
                    assert!(nothing, "{order} was refused and is there");
                    counts.refused += 1;
                }
                Said::Sent if whole => counts.silent_stored += 1,
                Said::Sent => counts.silent_lost += 1,
            }
        }
        assert!(stands.is_empty(), "nobody sent {stands:?}");
        let count = i64::try_from(counts.acknowledged + counts.silent_stored).unwrap();
        let taken =
            format!("SELECT CAST(sum({stock} - free) AS BIGINT) FROM trial_stock WHERE free > 0");
        assert_eq!(
            world.number(&taken).await,
            count,
            "stock taken, orders stored"
        );
        let numbers =
            "SELECT count(*) FROM (SELECT DISTINCT organisation, number FROM trial_orders) AS o";
        assert_eq!(world.number(numbers).await, count, "every number once");
        world.assert_dense().await;
        counts
    }
}

/// All orders with their parts, also those parts whose order is missing.
async fn stands(world: &World) -> BTreeMap<String, Stands> {
    let mut all: BTreeMap<String, Stands> = BTreeMap::new();
    for (id, row) in ids(world, "id, max(number)", "trial_orders").await {
        let order = all.entry(id).or_default();
        assert_eq!(row[1], 1);
        order.number = Some(row[0]);
    }
    for (id, row) in ids(world, "order_id", "trial_lines").await {
        all.entry(id).or_default().lines = row[0];
    }
    for (id, row) in ids(world, "stream, max(position)", "log").await {
        let order = all.entry(id).or_default();
        (order.position, order.events) = (row[0], row[1]);
    }
    all
}

/// Rows by an id: the id's digits, the other columns, how many there are.
async fn ids(world: &World, columns: &str, table: &str) -> Vec<(String, Vec<i64>)> {
    let (id, more) = columns.split_once(", ").unwrap_or((columns, ""));
    let more = if more.is_empty() {
        String::new()
    } else {
        format!("{more}, ")
    };
    // The commits that seeded the world have no event.
    let seeds = if table == "commits" {
        "WHERE answer IS NOT NULL"
    } else {
        ""
    };
    match &world.truth {
        Truth::Postgres(database) => {
            let sql = format!(
                "SELECT replace({id}::text, '-', ''), {more}count(*) FROM {table} {seeds} GROUP BY {id}"
            );
            let rows = database.execute_as_superuser(&sql).await;
            let row = |row: &tokio_postgres::SimpleQueryRow| {
                let numbers = (1..row.len()).map(|at| row.get(at).unwrap().parse().unwrap());
                (row.get(0).unwrap().to_owned(), numbers.collect())
            };
            rows.iter().map(row).collect()
        }
        Truth::Sqlite { file, .. } => {
            let connection = rusqlite::Connection::open(file).unwrap();
            let sql = format!(
                "SELECT lower(hex({id})), {more}count(*) FROM {table} {seeds} GROUP BY {id}"
            );
            let mut statement = connection.prepare(&sql).unwrap();
            let width = statement.column_count();
            let rows = statement.query_map([], |row| {
                let numbers = (1..width).map(|at| row.get(at)).collect::<Result<_, _>>()?;
                Ok((row.get(0)?, numbers))
            });
            rows.unwrap().collect::<Result<_, _>>().unwrap()
        }
        Truth::Elsewhere => panic!("asked where nothing is known"),
    }
}
