//! The money of an order as sagas: asked for when it is placed, taken when it is accepted, let go or given back when it
//! comes to nothing.
//!
//! Each step asks how the payment and the order stand, so it can be repeated at any time by any process. What an order
//! does because of its money is in the same commit as the saga's move.

use std::time::Duration;

use base::{Kind as ErrorKind, Money, Result, Uid};
use domain::orders::{Actor, Command, Facts, Order, OrderId};
use domain::payments::{AttemptState, PaymentId, State as Standing};
use engine::sagas::{At, Kind, Known, Saga, Script, State, Turn};
use serde::{Deserialize, Serialize};
use store::Commit;

use super::app::App;
use super::moves::itself;
use crate::payments;

/// An order is placed: its money is held, and taken at once where the restaurant's rule accepts it.
pub(super) static PLACE: Kind = Kind::new("order.place", 1);
/// An order is accepted: its money is taken.
static CAPTURE: Kind = Kind::new("order.capture", 1);
/// An order comes to nothing: its money is let go, or given back.
static UNWIND: Kind = Kind::new("order.unwind", 1);

/// The wait for a provider that has not answered clearly.
const SOON: Duration = Duration::from_secs(1);
/// The wait for a payer; whatever he does wakes the saga.
const LATER: Duration = Duration::from_secs(60);

/// What is paid for what.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Paid {
    order: OrderId,
    payment: PaymentId,
    amount: i64,
    currency: base::Currency,
    /// Whether this saga takes the money, too.
    takes: bool,
}

impl State for Paid {
    fn money(&self) -> Option<Money> {
        Some(self.money())
    }
}

impl Paid {
    /// The payment of an order, to be held, or let go of.
    pub(super) fn of(order: &Order, payment: PaymentId) -> Self {
        Paid {
            order: order.id,
            payment,
            amount: order.total_minor,
            currency: order.currency,
            takes: false,
        }
    }

    /// The payment of an order that was accepted, to be taken.
    fn taken(order: &Order, payment: PaymentId) -> Self {
        Paid {
            takes: true,
            ..Paid::of(order, payment)
        }
    }

    const fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }
}

impl App {
    /// What the sagas of orders do.
    #[must_use]
    pub fn scripts(&self) -> Vec<Known> {
        let step = || self.clone();
        let (holding, taking, capturing, releasing) = (step(), step(), step(), step());
        vec![
            Script::<Paid>::new(&PLACE)
                .must("authorise", move |at| holding.clone().authorise(at))
                .must("capture", move |at| taking.clone().capture(at))
                .into(),
            Script::<Paid>::new(&CAPTURE)
                .must("capture", move |at| capturing.clone().capture(at))
                .into(),
            Script::<Paid>::new(&UNWIND)
                .must("release", move |at| releasing.clone().release(at))
                .into(),
            super::refunds::script(self),
        ]
    }

    /// Has a commit begin to take the money of an order that was accepted.
    pub(super) fn begin_capture(
        &self,
        commit: &mut Commit,
        order: &Order,
        payment: PaymentId,
    ) -> Result<engine::sagas::Begun> {
        let saga = Saga::new(&CAPTURE, order.id.uid(), &Paid::taken(order, payment))?;
        Ok(saga.begin(&self.0.random, commit))
    }

    /// Has a commit begin to let go of the money of an order that came to nothing.
    pub(super) fn begin_unwind(
        &self,
        commit: &mut Commit,
        order: &Order,
        payment: PaymentId,
    ) -> Result<engine::sagas::Begun> {
        let saga = Saga::new(&UNWIND, order.id.uid(), &Paid::of(order, payment))?;
        Ok(saga.begin(&self.0.random, commit))
    }

    /// Holds the money, and tells the order that it is there or will not come. An order that has ended meanwhile is
    /// left to the saga that lets go of its money.
    async fn authorise(self, mut at: At<Paid>) -> Result<Turn<Paid>> {
        let stored = self.find(at.state.order).await?;
        if stored.order.status.is_final() || stored.order.paying.is_safe() {
            return Ok(at.done());
        }
        let payments = &self.0.payments;
        let standing = payments
            .authorise_in(&mut at.commit, at.state.payment)
            .await?;
        let command = match standing.state {
            state if state.is_secured() => Command::Secure,
            Standing::Failed | Standing::Cancelled | Standing::Refunded => Command::PayFailed {
                code: standing.refused.unwrap_or_else(|| "failed".to_owned()),
            },
            Standing::ActionNeeded => return Ok(at.wait(LATER)),
            _ => return Ok(at.wait(SOON)),
        };
        let facts = Facts::new(Actor::Platform, self.0.clock.now());
        let ask = itself();
        let moved = self.moved_in(&mut at.commit, &ask, (&stored, &facts), &command);
        // What it begins besides is found by its row: nobody knows here when that is stored.
        let order = moved.await?.order;
        self.arm_anew(&mut at.commit, &stored.order, &order)?;
        // Where its own word has accepted the order nobody else takes the money.
        at.state.takes = order.status.is_accepted();
        Ok(at.done())
    }

    /// Takes the money of an order, if that is for this saga to do.
    async fn capture(self, mut at: At<Paid>) -> Result<Turn<Paid>> {
        let order = self.find(at.state.order).await?.order;
        if !at.state.takes || order.gives_back() {
            return Ok(at.done());
        }
        let (payment, wanted) = (at.state.payment, at.state.money());
        let key: Uid = at.key;
        let payments = &self.0.payments;
        let asked = payments.capture_in(&mut at.commit, payment, (key, wanted));
        let standing = asked.await?;
        Ok(match standing.step {
            Some(AttemptState::Done) => at.done(),
            Some(AttemptState::Refused) => at.failed(
                standing
                    .refused
                    .unwrap_or_else(|| "capture refused".to_owned()),
            ),
            Some(AttemptState::Sent | AttemptState::Unknown | AttemptState::GivenUp) | None => {
                at.wait(SOON)
            }
        })
    }

    /// Lets go of what is held, or gives back what was taken.
    async fn release(self, at: At<Paid>) -> Result<Turn<Paid>> {
        let (payment, key) = (at.state.payment, at.key);
        let payments = &self.0.payments;
        let standing = payments.settle(payment).await?;
        if is_open(&standing) && standing.state != Standing::ActionNeeded {
            return Ok(at.wait(SOON));
        }
        let taken = standing.captured.minor() > 0;
        let asked = match taken {
            true => {
                let left = standing.captured.minus(standing.refunded)?;
                match left.minor() {
                    0 => return Ok(at.done()),
                    _ => payments.refund(payment, key, left).await,
                }
            }
            false => match standing.state {
                Standing::Cancelled | Standing::Failed => return Ok(at.done()),
                _ => payments.cancel(payment, key).await,
            },
        };
        let standing = match asked {
            Ok(standing) => standing,
            // Something was taken, or came to be under way, since it was looked at.
            Err(error) if error.kind() == ErrorKind::Conflict => return Ok(at.wait(SOON)),
            Err(error) => return Err(error),
        };
        let is_let_go = matches!(standing.state, Standing::Cancelled | Standing::Failed);
        let is_given_back = taken && standing.refunded == standing.captured;
        Ok(match standing.step {
            _ if is_let_go || is_given_back => at.done(),
            Some(AttemptState::Refused) => at.failed(standing.refused.unwrap_or_default()),
            _ => at.wait(SOON),
        })
    }
}

/// Whether something has no outcome yet, or nobody could be asked.
fn is_open(standing: &payments::Standing) -> bool {
    standing.under_way.is_some() || standing.is_out_of_reach
}
