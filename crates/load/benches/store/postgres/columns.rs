//! Orders turned by a quarter: one array a column, for multi-row inserts.

use base::Uid;
use testkit::trial::Order;

use super::wire::Id;

/// The rows of all tables, column by column.
#[derive(Default)]
pub(super) struct Columns<'a> {
    pub(super) count: i64,
    pub(super) organisation: Vec<i64>,
    pub(super) id: Vec<Id>,
    pub(super) restaurant: Vec<Id>,
    pub(super) diner: Vec<Id>,
    pub(super) total: Vec<i64>,
    pub(super) note: Vec<&'a str>,
    pub(super) at: Vec<i64>,
    pub(super) intent: Vec<Id>,
    pub(super) line_organisation: Vec<i64>,
    pub(super) line_order: Vec<Id>,
    pub(super) line: Vec<i64>,
    pub(super) dish: Vec<Id>,
    pub(super) quantity: Vec<i64>,
    pub(super) price: Vec<i64>,
    pub(super) payload: Vec<String>,
    pub(super) commit: Vec<Id>,
    pub(super) kept: Vec<Option<&'static str>>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(orders: &'a [Order], ids: &[Uid]) -> Self {
        let mut rows = Columns::default();
        for (order, commit) in orders.iter().zip(ids) {
            rows.count += 1;
            rows.organisation.push(order.organisation.into());
            rows.id.push(Id(order.id));
            rows.restaurant.push(Id(order.restaurant));
            rows.diner.push(Id(order.diner));
            rows.total.push(order.total_minor);
            rows.note.push(order.note);
            rows.at.push(order.at.as_micros());
            rows.intent.push(Id(order.intent));
            rows.payload.push(order.payload());
            rows.commit.push(Id(*commit));
            // The guard answers nothing that would be kept.
            rows.kept.push(None);
            for line in &order.lines {
                rows.line_organisation.push(order.organisation.into());
                rows.line_order.push(Id(order.id));
                rows.line.push(line.line);
                rows.dish.push(Id(line.dish));
                rows.quantity.push(line.quantity);
                rows.price.push(line.price_minor);
            }
        }
        rows
    }
}
