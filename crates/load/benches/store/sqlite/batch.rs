//! Many orders in one transaction by hand: one thread, prepared statements, the store's own settings, no queue.

use std::path::Path;

use base::{Clock, Uid};
use load::{Answer, Client};
use rusqlite::{Connection, Error, Result, params};
use testkit::trial::{Bulk, HOLD_STOCK, Order};

use crate::shop::{Share, Shop};

/// Orders that share a transaction.
const ORDERS: u64 = 64;

const INSERT_ORDER: &str = "INSERT INTO trial_orders (organisation, id, number, restaurant, diner, status, \
    total_minor, note, version, created_at) VALUES (?1, ?2, NULL, ?3, ?4, 'pending', ?5, ?6, 1, ?7)";

const INSERT_LINE: &str = "INSERT INTO trial_lines (organisation, order_id, line, dish, quantity, price_minor) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const INSERT_INTENT: &str = "INSERT INTO trial_intents (organisation, id, order_id, amount_minor, state) \
    VALUES (?1, ?2, ?3, ?4, 'open')";

const MOVE_HEAD: &str = "UPDATE head SET position = position + ?1 WHERE id = 1 RETURNING position";

const INSERT_EVENT: &str = "INSERT INTO log (organisation, position, stream, version, kind, payload, actor, trace, \
    at, checksum) VALUES (?1, ?2, ?3, 1, 'trial.order_created', ?4, 'diner', '', ?5, 0)";

const INSERT_COMMIT: &str = "INSERT INTO commits (organisation, id, position, answer, at, checksum) VALUES (?1, ?2, ?3, ?4, ?5, 0)";

/// A client with a connection of its own.
pub(crate) struct Batch {
    connection: Connection,
    shop: Shop,
}

impl Batch {
    pub(crate) fn open(shard: &Path, clock: &Clock, bulk: Bulk) -> Result<Self> {
        let connection = Connection::open(shard)?;
        connection.execute_batch(
            "PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;
             PRAGMA temp_store = MEMORY;
             PRAGMA trusted_schema = OFF;
             PRAGMA cell_size_check = ON;
             PRAGMA cache_size = -65536;
             PRAGMA wal_autocheckpoint = 8192;",
        )?;
        let shop = Shop::new(clock, bulk, Share::ALL);
        Ok(Batch { connection, shop })
    }

    fn store(&self, orders: &[Order]) -> Result<()> {
        let sql = &self.connection;
        sql.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let count = i64::try_from(orders.len()).unwrap_or(i64::MAX);
        let mut head = sql.prepare_cached(MOVE_HEAD)?;
        let end: i64 = head.query_row([count], |row| row.get(0))?;
        for (order, position) in orders.iter().zip(end - count + 1..) {
            self.store_one(order, position)?;
        }
        sql.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }

    fn store_one(&self, order: &Order, position: i64) -> Result<()> {
        let sql = &self.connection;
        let (organisation, at) = (i64::from(order.organisation), order.at.as_micros());
        let id = bytes(&order.id);
        let [first, ..] = &order.lines;
        let mut take = sql.prepare_cached(HOLD_STOCK.sqlite())?;
        let guard = params![organisation, bytes(&first.dish), first.quantity];
        let held = take.execute(guard)?;
        assert_eq!(held, 1, "a guard of the hand-written SQL does not hold");
        let (restaurant, diner) = (bytes(&order.restaurant), bytes(&order.diner));
        let (total, note) = (order.total_minor, order.note);
        let row = params![organisation, id, restaurant, diner, total, note, at];
        sql.prepare_cached(INSERT_ORDER)?.execute(row)?;
        let mut insert = sql.prepare_cached(INSERT_LINE)?;
        for line in &order.lines {
            let (dish, quantity, price) = (bytes(&line.dish), line.quantity, line.price_minor);
            insert.execute(params![organisation, id, line.line, dish, quantity, price])?;
        }
        let intent = params![organisation, bytes(&order.intent), id, total];
        sql.prepare_cached(INSERT_INTENT)?.execute(intent)?;
        let event = params![organisation, position, id, order.payload(), at];
        sql.prepare_cached(INSERT_EVENT)?.execute(event)?;
        let commit = self.shop.commit_id(order.organisation);
        let kept = None::<&str>;
        let commit = params![organisation, bytes(&commit), position, kept, at];
        sql.prepare_cached(INSERT_COMMIT)?.execute(commit)?;
        Ok(())
    }
}

impl Client for Batch {
    async fn request(&mut self) -> Answer {
        let orders: Vec<Order> = (0..ORDERS).map(|_| self.shop.order()).collect();
        match self.store(&orders) {
            Ok(()) => Answer::Done(ORDERS),
            Err(Error::QueryReturnedNoRows) => Answer::Failed("a guard did not hold".to_owned()),
            Err(error) => Answer::Failed(error.to_string()),
        }
    }
}

fn bytes(id: &Uid) -> &[u8] {
    id.as_bytes()
}
