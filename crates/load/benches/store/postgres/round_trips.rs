//! An order by hand, one statement a round trip: what most programs do.

use std::sync::atomic::{AtomicI64, Ordering};

use base::Clock;
use load::{Answer, Client};
use testkit::postgres::Database;
use testkit::trial::{Bulk, HOLD_STOCK, Order};
use tokio_postgres::Statement;

use super::text;
use super::wire::{Fault, Id, answer, hold};
use crate::shop::{Share, Shop};

/// A client with a connection of its own.
pub(crate) struct RoundTrips {
    connection: tokio_postgres::Client,
    statements: Statements,
    shop: Shop,
    headless: bool,
}

/// Far beyond the head of the log.
static NEXT_POSITION: AtomicI64 = AtomicI64::new(1 << 50);

struct Statements {
    set: Statement,
    take: Statement,
    order: Statement,
    line: Statement,
    intent: Statement,
    head: Statement,
    event: Statement,
    commit: Statement,
}

impl RoundTrips {
    pub(crate) async fn clients(
        count: usize,
        database: &Database,
        clock: &Clock,
        bulk: Bulk,
    ) -> Result<Vec<Self>, Fault> {
        let mut clients = Vec::with_capacity(count);
        for _ in 0..count {
            let connection = database.connect(super::APP).await;
            clients.push(RoundTrips {
                statements: Statements {
                    set: connection.prepare(text::SET_BOTH).await?,
                    take: connection.prepare(HOLD_STOCK.postgres()).await?,
                    order: connection.prepare(text::INSERT_ORDER).await?,
                    line: connection.prepare(text::INSERT_LINE).await?,
                    intent: connection.prepare(text::INSERT_INTENT).await?,
                    head: connection.prepare(super::MOVE_HEAD).await?,
                    event: connection.prepare(text::INSERT_EVENT).await?,
                    commit: connection.prepare(text::INSERT_COMMIT).await?,
                },
                connection,
                shop: Shop::new(clock, bulk, Share::ALL),
                headless: false,
            });
        }
        Ok(clients)
    }

    /// From now on takes positions from a counter of this process instead of the head of the log.
    pub(crate) fn leave_the_head(&mut self) {
        self.headless = true;
    }

    async fn position(&self) -> Result<i64, Fault> {
        if self.headless {
            return Ok(NEXT_POSITION.fetch_add(1, Ordering::Relaxed));
        }
        let row = self
            .connection
            .query_one(&self.statements.head, &[&1_i64])
            .await?;
        row.try_get(0)
    }

    async fn store(&self, order: &Order) -> Result<(), Fault> {
        let (sql, it) = (&self.connection, &self.statements);
        let organisation = i64::from(order.organisation);
        let (id, at) = (Id(order.id), order.at.as_micros());
        sql.batch_execute("BEGIN").await?;
        let scope = organisation.to_string();
        sql.query(&it.set, &[&scope, &format!("{{{scope}}}")])
            .await?;
        let [first, ..] = order.lines;
        let params = [
            &organisation as _,
            &Id(first.dish) as _,
            &first.quantity as _,
        ];
        hold(sql, &it.take, params.to_vec()).await?;
        let (restaurant, diner) = (Id(order.restaurant), Id(order.diner));
        let params = [
            &organisation as _,
            &id as _,
            &restaurant as _,
            &diner as _,
            &order.total_minor as _,
            &order.note as _,
            &at as _,
        ];
        sql.execute(&it.order, &params).await?;
        for line in &order.lines {
            let params = [
                &organisation as _,
                &id as _,
                &line.line as _,
                &Id(line.dish) as _,
                &line.quantity as _,
                &line.price_minor as _,
            ];
            sql.execute(&it.line, &params).await?;
        }
        let params = [
            &organisation as _,
            &Id(order.intent) as _,
            &id as _,
            &order.total_minor as _,
        ];
        sql.execute(&it.intent, &params).await?;
        // The head last: whoever holds it keeps all others from their COMMIT.
        let position = self.position().await?;
        let params = [
            &organisation as _,
            &position as _,
            &id as _,
            &order.payload() as _,
            &at as _,
        ];
        sql.execute(&it.event, &params).await?;
        let commit = Id(self.shop.commit_id(order.organisation));
        let kept = None::<&str>;
        let params = [
            &organisation as _,
            &commit as _,
            &position as _,
            &kept as _,
            &at as _,
        ];
        sql.execute(&it.commit, &params).await?;
        sql.batch_execute("COMMIT").await
    }
}

impl Client for RoundTrips {
    async fn request(&mut self) -> Answer {
        let order = self.shop.order();
        answer(1, self.store(&order).await)
    }
}
