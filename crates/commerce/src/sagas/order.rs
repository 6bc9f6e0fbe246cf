//! One order as an operator sees it who finds out what became of it: what goes on, what waits, its money, its books.
//! Nothing of who ordered, nor of what he said.

use base::{Money, Result, Time, Trail as _, codes};
use engine::sagas::Shown;
use engine::waiting::{Found, Waiting};
use ledger::{AccountView, Posted, TransactionView};
use serde::{Deserialize, Serialize};
use trade::ledger::Sums;
use trade::orders::{Order, OrderId};
use trade::payments::Intent;
use trade::refunds::Refund;
use utoipa::ToSchema;

use super::app::App;
use super::view::SagaView;
use crate::ledger;
use crate::orders::{ChangedView, ProposalView, RefundView};
use crate::payments::PaymentLook;

/// What stands before the id of a timer.
const TIMER: &str = "tmr";

/// An order with all that goes on about it.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderLook)]
pub(super) struct OrderLook {
    /// Which one.
    #[schema(pattern = "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub id: String,
    /// The number of the organisation.
    #[schema(minimum = 0)]
    pub organisation: i64,
    /// Who sells it.
    #[schema(pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub restaurant_id: String,
    /// Where it stands.
    #[schema(example = "confirmed")]
    pub status: String,
    /// How sure its money is: `waiting`, `secured`, `on_delivery` or `failed`.
    #[schema(example = "secured")]
    pub payment: String,
    /// Larger with everything that happened to it.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was placed.
    #[schema(value_type = String, format = DateTime)]
    pub placed_at: Time,
    /// Since when it stands there.
    #[schema(value_type = String, format = DateTime)]
    pub moved_at: Time,
    /// What all its amounts are in.
    #[schema(pattern = "^[A-Z]{3}$")]
    pub currency: String,
    /// What is to be paid.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "25.49")]
    pub total: String,
    /// The work of several steps about it that has not ended, the oldest first. What has ended leaves no journal.
    pub sagas: Vec<SagaView>,
    /// What waits for its time, the first to be done first.
    pub timers: Vec<TimerView>,
    /// Whether all timers of the organisation were looked at; some about the order may be missing otherwise.
    pub timers_whole: bool,
    /// Its payments with every attempt.
    pub payments: Vec<PaymentLook>,
    /// What was given back, or is to be.
    pub refunds: Vec<RefundView>,
    /// A change that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ProposalView>,
    /// The changes that were carried out.
    pub changes: Vec<ChangedView>,
    /// What the books say of it.
    pub ledger: LedgerLook,
}

/// A timer that has not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TimerLook)]
pub(super) struct TimerView {
    /// Which one.
    #[schema(pattern = "^tmr_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub id: String,
    /// What is to be done.
    #[schema(example = "payment.settle")]
    pub kind: String,
    /// When it is to be done.
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Time,
    /// When it may be tried next; one that failed too often is not, until somebody says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_at: Option<Time>,
    /// How often it was tried.
    #[schema(minimum = 0)]
    pub tries: i64,
    /// How the last try failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What the books say of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderLedger)]
pub(super) struct LedgerLook {
    /// What the diner owes for it; below zero, what is owed to him.
    #[schema(pattern = "^-?[0-9]+(\\.[0-9]+)?$")]
    pub owed: String,
    /// Whether all accounts add up to zero, as they must.
    pub balanced: bool,
    /// What stands on each account.
    pub accounts: Vec<AccountView>,
    /// What was posted, the oldest first.
    pub transactions: Vec<TransactionView>,
}

/// All that is shown of an order.
struct Facts {
    order: Order,
    sagas: Vec<Shown>,
    timers: Found,
    payments: Vec<Intent>,
    refunds: Vec<Refund>,
    posted: Vec<Posted>,
}

impl App {
    /// An order with all that goes on about it. Its parts are read one after the other, so what moves meanwhile may be seen
    /// before in one of them and after in another.
    pub(super) async fn look(&self, id: OrderId) -> Result<OrderLook> {
        let (order, refunds) = self.orders.inspected(id).await?;
        let payments = self.payments.all_of_order(id).await?;
        let mut words = vec![id.to_string()];
        words.extend(payments.iter().map(|payment| payment.id.to_string()));
        let timers = engine::waiting::naming(&self.db, id.organisation(), &words);
        let facts = Facts {
            timers: timers.await.at()?,
            sagas: self.sagas.about(id.uid()).await.at()?,
            posted: self.ledger.of_order(id).await?,
            order,
            payments,
            refunds,
        };
        OrderLook::of(&facts, self.clock.now())
    }
}

impl OrderLook {
    fn of(facts: &Facts, now: Time) -> Result<Self> {
        let order = &facts.order;
        let currency = order.currency;
        let (payments, refunds) = (facts.payments.iter(), facts.refunds.iter());
        let (proposal, changes) = (order.proposal.as_deref(), order.changes.iter());
        Ok(OrderLook {
            id: order.id.to_string(),
            organisation: order.id.organisation().get().into(),
            restaurant_id: order.restaurant.to_string(),
            status: order.status.name().to_owned(),
            payment: order.paying.name().to_owned(),
            version: order.version,
            placed_at: order.placed_at,
            moved_at: order.moved_at,
            currency: currency.code().to_owned(),
            total: Money::new(order.total_minor, currency).amount(),
            sagas: facts.sagas.iter().map(SagaView::from).collect(),
            timers: facts.timers.timers.iter().map(TimerView::from).collect(),
            timers_whole: facts.timers.is_whole,
            payments: payments.map(|one| PaymentLook::of(one, now)).collect(),
            refunds: refunds.map(RefundView::of).collect(),
            proposal: proposal.map(|one| ProposalView::of(one, currency)),
            changes: changes.map(|one| ChangedView::of(one, currency)).collect(),
            ledger: LedgerLook::of(order, &facts.posted)?,
        })
    }
}

impl From<&Waiting> for TimerView {
    fn from(timer: &Waiting) -> Self {
        TimerView {
            id: base::uid::spell(TIMER, timer.id).to_string(),
            kind: timer.kind.clone(),
            due_at: timer.due_at,
            next_at: timer.run_at,
            tries: timer.tries,
            error: (!timer.error.is_empty()).then(|| timer.error.clone()),
        }
    }
}

impl LedgerLook {
    fn of(order: &Order, posted: &[Posted]) -> Result<Self> {
        let sums = Sums::of(posted.iter().map(|posted| &posted.transaction));
        let sums = sums.map_err(|error| {
            base::Error::internal(codes::DAMAGED, "the books of an order do not fit")
                .caused_by(error)
        })?;
        Ok(LedgerLook {
            owed: sums.owed(order.currency).amount(),
            balanced: sums.is_balanced(),
            accounts: sums.iter().map(AccountView::from).collect(),
            transactions: posted.iter().map(TransactionView::from).collect(),
        })
    }
}
