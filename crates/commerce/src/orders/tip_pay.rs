//! The money of a tip as a saga: held, then taken, then the tip is paid. What cannot be taken is let go of, and the tip has
//! failed. An order that comes to nothing meanwhile leaves it to the saga that lets go of all its money.

use std::time::Duration;

use base::{Currency, Money, Result, Time};
use engine::sagas::{At, Kind, Known, Script, State, Turn};
use serde::{Deserialize, Serialize};
use trade::orders::{Actor, Command, Facts, Order, OrderId, Tip};
use trade::payments::{PaymentId, State as Standing};

use super::app::App;
use super::moves::itself;
use super::pay::{LATER, SOON};
use super::refusals::{Come, Refusals};
use super::store::Stored;

/// A tip is given: its money is held and taken.
pub(super) static TIP: Kind = Kind::new("order.tip", 1);
/// Why a tip fails whose money was not held in as long as one has to pay an order.
const UNPAID: &str = "payment_missing";

/// A tip whose money is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tipping {
    order: OrderId,
    payment: PaymentId,
    minor: i64,
    currency: Currency,
    /// Until when its money has to be held.
    until: Time,
    /// Why its money will not come.
    refused: Option<String>,
    /// What was refused when it was to be given back.
    #[serde(default, skip_serializing_if = "Refusals::is_empty")]
    refusals: Refusals,
}

impl State for Tipping {
    fn money(&self) -> Option<Money> {
        Some(self.amount())
    }
}

impl Tipping {
    /// A tip that was just given.
    pub(super) fn of(order: &Order, tip: &Tip) -> Self {
        let pay = Duration::from_secs(u64::from(order.rules.pay_seconds));
        Tipping {
            order: order.id,
            payment: tip.payment,
            minor: tip.minor,
            currency: order.currency,
            until: tip.at.plus(pay).unwrap_or(tip.at),
            refused: None,
            refusals: Refusals::default(),
        }
    }

    const fn amount(&self) -> Money {
        Money::new(self.minor, self.currency)
    }
}

/// What the saga of tips does.
pub(super) fn script(app: &App) -> Known {
    let step = || app.clone();
    let (holding, taking, releasing) = (step(), step(), step());
    Script::<Tipping>::new(&TIP)
        .must("authorise", move |at| holding.clone().hold_tip(at))
        .must("capture", move |at| taking.clone().take_tip(at))
        .must("release", move |at| releasing.clone().drop_tip(at))
        .into()
}

impl App {
    /// Holds the money of a tip, or learns that it will not come.
    async fn hold_tip(self, mut at: At<Tipping>) -> Result<Turn<Tipping>> {
        if self.find(at.state.order).await?.order.gives_back() {
            return Ok(at.over());
        }
        let (payments, payment) = (&self.0.payments, at.state.payment);
        let standing = payments.authorise_in(&mut at.commit, payment).await?;
        let left = at.state.until.since(self.0.clock.now());
        let wait = match standing.state {
            state if state.is_secured() => return Ok(at.done()),
            Standing::Failed | Standing::Cancelled | Standing::Refunded => {
                let code = standing.refused.unwrap_or_else(|| "failed".to_owned());
                at.state.refused = Some(code);
                return Ok(at.done());
            }
            _ if left.is_zero() => {
                at.state.refused = Some(UNPAID.to_owned());
                return Ok(at.done());
            }
            Standing::ActionNeeded => LATER.min(left),
            _ => SOON,
        };
        Ok(at.wait(wait))
    }

    /// Takes the money of a tip that is held: then the tip is paid, and owed to those for whom it is.
    async fn take_tip(self, mut at: At<Tipping>) -> Result<Turn<Tipping>> {
        if at.state.refused.is_some() {
            return Ok(at.done());
        }
        let stored = self.find(at.state.order).await?;
        if stored.order.gives_back() {
            return Ok(at.over());
        }
        let payment = at.state.payment;
        // What is refused is let go of.
        let wanted = ((at.key, 0), at.state.amount());
        match self.take(&mut at.commit, (payment, None), wanted).await? {
            Come::There => {}
            Come::Waits => return Ok(at.wait(SOON)),
            Come::Refused(why, _) => {
                at.state.refused = Some(why);
                return Ok(at.done());
            }
        }
        let paid = Command::TipPaid { payment };
        self.tip_settled(&mut at, (&stored, &paid)).await?;
        Ok(at.over())
    }

    /// Lets go of what is held for a tip whose money will not come: then the tip has failed.
    async fn drop_tip(self, mut at: At<Tipping>) -> Result<Turn<Tipping>> {
        let stored = self.find(at.state.order).await?;
        let Some(code) = at.state.refused.clone() else {
            return Ok(at.done());
        };
        if stored.order.gives_back() {
            return Ok(at.over());
        }
        let payment = at.state.payment;
        let known = (&mut at.state.refusals, at.error.as_str());
        match self.let_go((payment, at.key), known).await? {
            Come::There => {}
            Come::Waits => return Ok(at.wait(SOON)),
            Come::Refused(why, times) => {
                at.state.refusals.note(payment, times);
                return Ok(at.failed(why));
            }
        }
        let failed = Command::TipFailed { payment, code };
        self.tip_settled(&mut at, (&stored, &failed)).await?;
        Ok(at.done())
    }

    /// Has the commit of a step say what became of the tip.
    async fn tip_settled(
        &self,
        at: &mut At<Tipping>,
        (stored, command): (&Stored, &Command),
    ) -> Result<()> {
        let facts = Facts::new(Actor::Platform, self.0.clock.now());
        let ask = itself();
        let moved = self.moved_in(&mut at.commit, &ask, (stored, &facts), command);
        moved.await?;
        Ok(())
    }
}
