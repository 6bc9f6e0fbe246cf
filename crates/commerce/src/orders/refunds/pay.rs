//! The money of a refund as a saga: it goes back the way it came, and the refund takes note of it.

use std::time::Duration;

use base::{Money, Result, Trail as _, Uid};
use engine::sagas::{At, Kind, Known, Script, State, Turn};
use serde::{Deserialize, Serialize};
use trade::orders::OrderId;
use trade::payments::{AttemptState, PaymentId, RefundId};
use trade::refunds::{Command, Drawn, Left, Moved, Refund, State as Stands, decide};

use super::store as rows;
use super::{App, POLICY, lost, refused as not_so, tell};
use crate::orders::moves::itself;
use crate::orders::pay::is_open;

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
    refund: RefundId,
    payment: PaymentId,
    minor: i64,
    /// How often the provider had refused it when it was last left to somebody, who has it asked once more.
    #[serde(default)]
    refusals: u8,
}

impl State for Giving {
    fn money(&self) -> Option<Money> {
        Some(self.amount())
    }
}

impl Giving {
    /// So much of a refund, through a payment.
    pub(super) fn of(refund: &Refund, place: i64, Drawn { payment, minor }: Drawn) -> Self {
        Giving {
            order: refund.order,
            place,
            currency: refund.currency,
            refund: refund.id,
            payment,
            minor,
            refusals: 0,
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
    /// Gives back through the payment, and has the refund take note of what has moved, which may be a part of it.
    async fn give(self, mut at: At<Giving>) -> Result<Turn<Giving>> {
        let (key, amount): (Uid, Money) = (at.key, at.state.amount());
        let of = (at.state.payment, at.state.refund);
        // It may have been parked before it took note of that.
        if at.state.refusals == 0 && !at.error.is_empty() {
            let found = self.0.payments.refusals(at.state.payment, key, &at.error);
            at.state.refusals = found.await?;
        }
        let asked = (key, at.state.refusals);
        let standing = self.0.payments.refund_for(of, asked, amount).await?;
        let is_news = standing.refusals > at.state.refusals;
        let refused = match standing.step {
            Some(AttemptState::Done) => None,
            // Somebody has it asked once more, which was not possible yet.
            Some(AttemptState::Refused) if !is_news && is_open(&standing) => {
                return Ok(at.wait(SOON));
            }
            Some(AttemptState::Refused) => Some(
                standing
                    .refused
                    .unwrap_or_else(|| "refund refused".to_owned()),
            ),
            Some(AttemptState::Sent | AttemptState::Unknown | AttemptState::GivenUp) | None => {
                return Ok(at.wait(SOON));
            }
        };
        at.state.refusals = standing.refusals;
        // Of when the money has gone back, and not of when it was asked for.
        at.commit = self.0.db.new_commit(at.organisation);
        let turn = rows::turn(&self.0.db, at.state.order).await.at()?;
        let all = rows::of_order(&self.0.db, at.state.order).await.at()?;
        let place = usize::try_from(at.state.place).unwrap_or(usize::MAX);
        let mut refund = all.get(place.saturating_sub(1)).cloned().ok_or_else(lost)?;
        let order = self.find(at.state.order).await?.order;
        let left = Left::of(order.currency, &order.money, &all).ok_or_else(lost)?;
        let (was, scene) = (refund.version, (&order, at.state.place));
        let mut share = amount.minor();
        for (attempt, part) in standing.moved {
            let minor = part.minor().min(share);
            share = share.saturating_sub(minor);
            if minor < part.minor() {
                tracing::error!(refund = %refund.id, ?attempt, "more was given back than was granted");
            }
            if minor == 0 {
                continue;
            }
            let moved = Command::Execute(Moved {
                attempt: Some(attempt),
                minor,
            });
            let events = decide(Some(&refund), &moved, &left, POLICY).map_err(not_so)?;
            let told = (Some(refund), events.as_slice());
            refund = tell(&mut at.commit, &itself(), scene, told)?;
        }
        if refund.version != was {
            rows::write(&mut at.commit, (at.state.place, Some(was)), &refund).at()?;
            if refund.state == Stands::Executed {
                rows::take_turn(&mut at.commit, refund.order, turn);
                let by = itself();
                let issued = self.issue_note(&mut at.commit, &by, (&order, &refund), None);
                issued.await?;
            }
        }
        Ok(match refused {
            None => at.done(),
            Some(why) => at.failed(why),
        })
    }
}
