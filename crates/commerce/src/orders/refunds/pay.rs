//! The money of a refund as a saga: it goes back the way it came, and the refund takes note of it.

use std::time::Duration;

use base::{Money, Result, Trail as _, Uid};
use domain::orders::OrderId;
use domain::payments::{Act, AttemptState, Intent, PaymentId};
use domain::refunds::{Command, Left, Moved, Refund, decide};
use engine::sagas::{At, Kind, Known, Script, State, Turn};
use serde::{Deserialize, Serialize};

use super::store as rows;
use super::{App, POLICY, lost, refused, tell};
use crate::orders::moves::itself;

/// A refund is granted: its money is given back.
pub(super) static REFUND: Kind = Kind::new("order.refund", 1);
/// The wait for a provider that has not answered clearly.
const SOON: Duration = Duration::from_secs(1);

/// What is to be given back through which payments.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Giving {
    order: OrderId,
    place: i64,
    currency: base::Currency,
    payment: PaymentId,
    minor: i64,
}

impl State for Giving {
    fn money(&self) -> Option<Money> {
        Some(self.amount())
    }
}

impl Giving {
    /// So much of a refund, through a payment.
    pub(super) fn of(refund: &Refund, place: i64, (payment, minor): (PaymentId, i64)) -> Self {
        Giving {
            order: refund.order,
            place,
            currency: refund.currency,
            payment,
            minor,
        }
    }

    const fn amount(&self) -> Money {
        Money::new(self.minor, self.currency)
    }
}

/// What the saga of refunds does.
pub(in crate::orders) fn script(app: &App) -> Known {
    let app = app.clone();
    let give = move |at| app.clone().give(at);
    Script::<Giving>::new(&REFUND).must("refund", give).into()
}

impl App {
    /// Gives back through the payment, and has the refund take note of it.
    async fn give(self, mut at: At<Giving>) -> Result<Turn<Giving>> {
        let (payment, minor, amount) = (at.state.payment, at.state.minor, at.state.amount());
        let key: Uid = at.key;
        let standing = self.0.payments.refund(payment, key, amount).await?;
        match standing.step {
            Some(AttemptState::Done) => {}
            Some(AttemptState::Refused) => {
                let why = standing
                    .refused
                    .unwrap_or_else(|| "refund refused".to_owned());
                return Ok(at.failed(why));
            }
            Some(AttemptState::Sent | AttemptState::Unknown | AttemptState::GivenUp) | None => {
                return Ok(at.wait(SOON));
            }
        }
        let all = rows::of_order(&self.0.db, at.state.order).await.at()?;
        let intents = self.0.payments.of_order(at.state.order).await?;
        let intent = intents.iter().find(|intent| intent.id == payment);
        let moved = intent.and_then(|intent| unnoted(intent, &all, minor));
        // It was given back, so it is among what the payment tells; another look finds it.
        let Some(moved) = moved else {
            return Ok(at.wait(SOON));
        };
        let place = usize::try_from(at.state.place).unwrap_or(usize::MAX);
        let refund = all.get(place.saturating_sub(1)).cloned().ok_or_else(lost)?;
        let order = self.find(at.state.order).await?.order;
        let left = Left::of(order.currency, &order.money, &all).ok_or_else(lost)?;
        let events = decide(Some(&refund), &Command::Execute(moved), &left, POLICY);
        let events = events.map_err(refused)?;
        let was = refund.version;
        let scene = (&order, at.state.place);
        let told = (Some(refund), events.as_slice());
        let refund = tell(&mut at.commit, &itself(), scene, told)?;
        rows::write(&mut at.commit, (at.state.place, Some(was)), &refund).at()?;
        Ok(at.done())
    }
}

/// What was given back through a payment of so much that no refund has taken note of.
fn unnoted(intent: &Intent, refunds: &[Refund], minor: i64) -> Option<Moved> {
    let noted = |attempt| {
        let mut moved = refunds.iter().flat_map(|refund| &refund.moved);
        moved.any(|moved| moved.attempt == Some(attempt))
    };
    let done = intent.attempts.iter().find(|attempt| {
        let is_ours = attempt.act == Act::Refund && attempt.minor == minor;
        is_ours && attempt.state == AttemptState::Done && !noted(attempt.id)
    })?;
    Some(Moved {
        attempt: Some(done.id),
        minor,
    })
}
