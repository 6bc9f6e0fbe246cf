//! Many orders in one transaction as multi-row SQL, by hand: no queue, no refusals, nothing but these orders.
//!
//! As in the store, COMMIT is sent when it is known that every guard held: two pipelines a transaction.

use base::{Clock, Uid};
use load::{Answer, Client};
use testkit::postgres::Database;
use testkit::trial::{Bulk, HOLD_STOCK, Order};
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use super::columns::Columns;
use super::text;
use super::wire::{Fault, Id, answer, hold, pipeline, send, simple};
use crate::shop::{Share, Shop};

/// Orders that share a transaction.
pub(crate) const ORDERS: u64 = 64;

/// A client with a connection of its own and organisations that no other client writes to.
pub(crate) struct Batch {
    connection: tokio_postgres::Client,
    statements: Statements,
    shop: Shop,
}

struct Statements {
    list: Statement,
    scope: Statement,
    take: Statement,
    orders: Statement,
    lines: Statement,
    intents: Statement,
    head: Statement,
    all: Statement,
}

impl Batch {
    pub(crate) async fn clients(
        count: u32,
        database: &Database,
        clock: &Clock,
        bulk: Bulk,
    ) -> Result<Vec<Self>, Fault> {
        let mut clients = Vec::new();
        for remainder in 0..count {
            let connection = database.connect(super::APP).await;
            clients.push(Batch {
                statements: Statements {
                    list: connection.prepare(text::SET_LIST).await?,
                    scope: connection.prepare(text::SET_SCOPE).await?,
                    take: connection.prepare(HOLD_STOCK.postgres()).await?,
                    orders: connection.prepare(text::INSERT_ORDERS).await?,
                    lines: connection.prepare(text::INSERT_LINES).await?,
                    intents: connection.prepare(text::INSERT_INTENTS).await?,
                    head: connection.prepare(super::MOVE_HEAD).await?,
                    all: connection.prepare(text::INSERT_ALL_TO_HEAD).await?,
                },
                connection,
                shop: Shop::new(
                    clock,
                    bulk,
                    Share {
                        remainder,
                        of: count,
                    },
                ),
            });
        }
        Ok(clients)
    }

    async fn store(&self, orders: &[Order], ids: &[Uid]) -> Result<(), Fault> {
        self.guard(orders).await?;
        self.insert(&Columns::of(orders, ids)).await
    }

    /// Takes everything from stock.
    async fn guard(&self, orders: &[Order]) -> Result<(), Fault> {
        let it = &self.statements;
        let owners: Vec<String> = orders
            .iter()
            .map(|order| order.organisation.to_string())
            .collect();
        let mut listed = owners.clone();
        listed.dedup();
        let list = format!("{{{}}}", listed.join(","));
        let guards: Vec<(i64, Id, i64)> = orders
            .iter()
            .map(|order| {
                let [first, ..] = order.lines;
                (order.organisation.into(), Id(first.dish), first.quantity)
            })
            .collect();
        let mut sent = vec![
            simple(&self.connection, "BEGIN"),
            send(&self.connection, &it.list, vec![&list]),
        ];
        let mut last = None;
        for (owner, (organisation, dish, quantity)) in owners.iter().zip(&guards) {
            if last.replace(organisation) != Some(organisation) {
                sent.push(send(&self.connection, &it.scope, vec![owner]));
            }
            sent.push(hold(
                &self.connection,
                &it.take,
                vec![organisation, dish, quantity],
            ));
        }
        pipeline(sent).await
    }

    async fn insert(&self, rows: &Columns<'_>) -> Result<(), Fault> {
        let it = &self.statements;
        let orders: Vec<&(dyn ToSql + Sync)> = vec![
            &rows.organisation,
            &rows.id,
            &rows.restaurant,
            &rows.diner,
            &rows.total,
            &rows.note,
            &rows.at,
        ];
        let lines: Vec<&(dyn ToSql + Sync)> = vec![
            &rows.line_organisation,
            &rows.line_order,
            &rows.line,
            &rows.dish,
            &rows.quantity,
            &rows.price,
        ];
        let all: Vec<&(dyn ToSql + Sync)> = vec![
            &rows.organisation,
            &rows.id,
            &rows.payload,
            &rows.at,
            &rows.commit,
            &rows.kept,
        ];
        let sent = vec![
            send(&self.connection, &it.orders, orders),
            send(
                &self.connection,
                &it.intents,
                vec![&rows.organisation, &rows.intent, &rows.id, &rows.total],
            ),
            send(&self.connection, &it.lines, lines),
            send(&self.connection, &it.head, vec![&rows.count]),
            send(&self.connection, &it.all, all),
            simple(&self.connection, "COMMIT"),
        ];
        pipeline(sent).await
    }
}

impl Client for Batch {
    async fn request(&mut self) -> Answer {
        let mut orders: Vec<Order> = (0..ORDERS).map(|_| self.shop.order()).collect();
        orders.sort_by_key(|order| (order.organisation, order.lines[0].dish));
        let ids: Vec<Uid> = orders
            .iter()
            .map(|order| self.shop.commit_id(order.organisation))
            .collect();
        answer(ORDERS, self.store(&orders, &ids).await)
    }
}
