//! Refunds: what is given back of an order that was handed over, line by line.
//!
//! That somebody grants a refund is one commit: its row, its event, what is owed in the ledger, and the saga that gives
//! the money back. That it moved is another. Cash is given back by whoever grants it.

mod http;
mod pay;
mod store;
mod view;

use ::store::{Commit, Failure};
use base::{Error, Money, Result, Trail as _, codes};
use domain::ledger::{About, Means, Transaction};
use domain::orders::{Order, OrderId};
use domain::payments::{PaymentId, RefundId};
use domain::refunds::{
    Asking, Command, Event, Left, Moved, Policy, Refund, Refusal, apply, decide, draw,
};
use edge::Granted;
use engine::sagas::{Begun, Saga};
use slice::Ask;

use self::store::{self as rows, Told};
use self::view::{BearerName, RefundAsked, RefundView, RefundsView};
use super::app::App;
use super::place::unbalanced;
use crate::ledger;

pub(super) use http::routes;
pub(super) use pay::script;
pub(crate) use store::{FOLD, SHARD};

/// How often something is decided anew because somebody else was faster.
const TRIES: usize = 8;
/// Whoever may give back may give back all of it.
const POLICY: Policy = Policy { alone_minor: None };

impl App {
    /// The refunds of an order that a permission reaches.
    async fn refunds(&self, (id, granted): (OrderId, &Granted)) -> Result<RefundsView> {
        let stored = self.find(id).await?;
        self.within(&granted.places, &stored.order).await?;
        let found = rows::of_order(&self.0.db, id).await.at()?;
        Ok(RefundsView {
            items: found.iter().map(RefundView::of).collect(),
        })
    }

    /// Gives something of an order back.
    async fn refund(
        &self,
        ask: &Ask,
        (id, granted): (OrderId, &Granted),
        asked: &RefundAsked,
    ) -> Result<RefundView> {
        let stored = self.find(id).await?;
        self.within(&granted.places, &stored.order).await?;
        if asked.bearer == Some(BearerName::Platform) && !granted.acting {
            return Err(Error::forbidden(
                codes::FORBIDDEN,
                "only the platform says that it bears a refund",
            ));
        }
        let (mut tries, request) = (1, (id, asked));
        loop {
            let mut begun = Vec::new();
            let settled = ask.settle(
                &self.0.db,
                (id.organisation(), "orders.refund"),
                &request,
                async || {
                    let order = self.find(id).await?.order;
                    let (commit, refund, sagas) = self.grant(ask, &order, asked).await?;
                    begun = sagas;
                    Ok((commit, RefundView::of(&refund)))
                },
            );
            match settled.await {
                Err(error) if tries < TRIES && is_outrun(&error) => tries += 1,
                settled => {
                    for begun in begun.into_iter().filter(|_| settled.is_ok()) {
                        self.0.sagas.go(begun);
                    }
                    break settled;
                }
            }
        }
    }

    /// The commit that grants a refund, with all that follows.
    async fn grant(
        &self,
        ask: &Ask,
        order: &Order,
        asked: &RefundAsked,
    ) -> Result<(Commit, Refund, Vec<Begun>)> {
        if !order.status.is_fulfilled() {
            let said = "only what was handed over can be refunded; before that it is cancelled";
            return Err(Error::conflict(codes::ORDER_MOVED, said));
        }
        let before = rows::of_order(&self.0.db, order.id).await.at()?;
        let left = Left::of(order.currency, &order.money, &before);
        let left = left.ok_or_else(|| refused(Refusal::Amount))?;
        let house = order.id.organisation();
        let asking = Asking {
            id: RefundId::make(&self.0.clock, &self.0.random, house),
            order: order.id,
            shares: asked.shares(order.currency)?,
            reason: asked.reason(),
            bearer: asked.bearer(),
            by: ask.actor.clone(),
        };
        let place = i64::try_from(before.len())
            .unwrap_or(i64::MAX)
            .saturating_add(1);
        let events = decide(None, &Command::Ask(asking), &left, POLICY).map_err(refused)?;
        let mut commit = self.0.db.new_commit(house);
        let scene = (order, place);
        let mut refund = tell(&mut commit, ask, scene, (None, &events))?;
        let owed = Transaction::refund_granted(order.id, &refund.granting());
        ledger::post(&mut commit, ask, &owed.map_err(unbalanced)?)?;
        let payments = self.0.payments.of_order(order.id).await?;
        let begun = match payments.is_empty() {
            // It was paid in cash, and is given back in cash by whoever grants it.
            true => {
                let moved = Moved {
                    attempt: None,
                    minor: refund.minor(),
                };
                let events = decide(Some(&refund), &Command::Execute(moved), &left, POLICY);
                let events = events.map_err(refused)?;
                refund = tell(&mut commit, ask, scene, (Some(refund), &events))?;
                let amount = Money::new(refund.minor(), refund.currency);
                let about = About::Refund(refund.id);
                let given = Transaction::refund_executed(order.id, about, &Means::Cash, amount);
                ledger::post(&mut commit, ask, &given.map_err(unbalanced)?)?;
                Vec::new()
            }
            false => {
                let drawn = draw(refund.minor(), &payments);
                let drawn = drawn.ok_or_else(|| refused(Refusal::Amount))?;
                self.begin_refund(&mut commit, (&refund, place), drawn)?
            }
        };
        rows::write(&mut commit, (place, None), &refund).at()?;
        Ok((commit, refund, begun))
    }

    fn begin_refund(
        &self,
        commit: &mut Commit,
        (refund, place): (&Refund, i64),
        drawn: Vec<(PaymentId, i64)>,
    ) -> Result<Vec<Begun>> {
        let each = drawn.into_iter().map(|drawn| {
            let state = pay::Giving::of(refund, place, drawn);
            let saga = Saga::new(&pay::REFUND, refund.order.uid(), &state)?;
            Ok(saga.begin(&self.0.random, commit))
        });
        each.collect()
    }
}

/// Adds the events of a refund to a commit, and gives the refund after them.
fn tell(
    commit: &mut Commit,
    ask: &Ask,
    (order, place): (&Order, i64),
    (mut refund, events): (Option<Refund>, &[Event]),
) -> Result<Refund> {
    for event in events {
        let next = apply(refund, event).ok_or_else(lost)?;
        let told = Told {
            restaurant: order.restaurant,
            order: order.id,
            place,
            data: event.clone(),
        };
        let at = (next.id.uid(), next.version);
        let event = ask.event(commit, at, event.kind(), &told)?;
        commit.event(event);
        refund = Some(next);
    }
    refund.ok_or_else(lost)
}

/// Whether somebody else gave back of the same order at the same time.
fn is_outrun(error: &Error) -> bool {
    let failure = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    failure.is_some_and(|failure: &Failure| rows::is_outrun(failure))
}

#[track_caller]
fn refused(refusal: Refusal) -> Error {
    Error::conflict(codes::PAYMENT_REFUSED, refusal.to_string())
}

#[track_caller]
fn lost() -> Error {
    Error::internal(codes::DAMAGED, "events of a refund that do not follow")
}
