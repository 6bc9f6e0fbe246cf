//! One order in one pipelined transaction: everything is sent at once and awaited once. It cannot look at its guard
//! before COMMIT, so nobody could sell by it; it is what one client's latency is held against.

use base::Clock;
use load::{Answer, Client};
use testkit::postgres::Database;
use testkit::trial::{Bulk, HOLD_STOCK, Order};
use tokio_postgres::Statement;

use super::columns::Columns;
use super::text;
use super::wire::{Fault, Id, answer, hold, pipeline, send, simple};
use crate::shop::{Share, Shop};

/// A client with a connection of its own.
pub(crate) struct Pipelined {
    connection: tokio_postgres::Client,
    statements: Statements,
    shop: Shop,
}

struct Statements {
    set: Statement,
    take: Statement,
    order: Statement,
    lines: Statement,
    intent: Statement,
    head: Statement,
    both: Statement,
}

impl Pipelined {
    pub(crate) async fn client(
        database: &Database,
        clock: &Clock,
        bulk: Bulk,
    ) -> Result<Self, Fault> {
        let connection = database.connect(super::APP).await;
        Ok(Pipelined {
            statements: Statements {
                set: connection.prepare(text::SET_BOTH).await?,
                take: connection.prepare(HOLD_STOCK.postgres()).await?,
                order: connection.prepare(text::INSERT_ORDER).await?,
                lines: connection.prepare(text::INSERT_LINES).await?,
                intent: connection.prepare(text::INSERT_INTENT).await?,
                head: connection.prepare(super::MOVE_HEAD).await?,
                both: connection.prepare(text::INSERT_BOTH_AT_HEAD).await?,
            },
            connection,
            shop: Shop::new(clock, bulk, Share::ALL),
        })
    }

    async fn store(&self, order: &Order) -> Result<(), Fault> {
        let organisation = i64::from(order.organisation);
        let scope = organisation.to_string();
        let list = format!("{{{scope}}}");
        let (id, at) = (Id(order.id), order.at.as_micros());
        let (restaurant, diner, intent) = (Id(order.restaurant), Id(order.diner), Id(order.intent));
        let [first, ..] = order.lines;
        let dish = Id(first.dish);
        let (payload, commit) = (order.payload(), Id(self.shop.commit_id(order.organisation)));
        let (kept, one) = (None::<&str>, 1_i64);
        let rows = Columns::of(std::slice::from_ref(order), &[commit.0]);
        let (total, note) = (order.total_minor, order.note);
        let it = &self.statements;
        pipeline(vec![
            simple(&self.connection, "BEGIN"),
            send(&self.connection, &it.set, vec![&scope as _, &list as _]),
            hold(
                &self.connection,
                &it.take,
                vec![&organisation as _, &dish as _, &first.quantity as _],
            ),
            send(
                &self.connection,
                &it.order,
                vec![
                    &organisation as _,
                    &id as _,
                    &restaurant as _,
                    &diner as _,
                    &total as _,
                    &note as _,
                    &at as _,
                ],
            ),
            send(
                &self.connection,
                &it.lines,
                vec![
                    &rows.line_organisation as _,
                    &rows.line_order as _,
                    &rows.line as _,
                    &rows.dish as _,
                    &rows.quantity as _,
                    &rows.price as _,
                ],
            ),
            send(
                &self.connection,
                &it.intent,
                vec![&organisation as _, &intent as _, &id as _, &total as _],
            ),
            send(&self.connection, &it.head, vec![&one as _]),
            send(
                &self.connection,
                &it.both,
                vec![
                    &organisation as _,
                    &id as _,
                    &payload as _,
                    &at as _,
                    &commit as _,
                    &kept as _,
                ],
            ),
            simple(&self.connection, "COMMIT"),
        ])
        .await
    }
}

impl Client for Pipelined {
    async fn request(&mut self) -> Answer {
        let order = self.shop.order();
        answer(1, self.store(&order).await)
    }
}
