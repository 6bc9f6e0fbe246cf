//! The money of an order as sagas: asked for when it is placed, taken when it is accepted or ready, as its rules say, let go
//! or given back when it comes to nothing.
//!
//! Each step asks how the payment and the order stand, so it can be repeated at any time by any process. What an order
//! does because of its money is in the same commit as the saga's move.

use std::time::Duration;

use base::{Currency, Kind as ErrorKind, Money, Result, Uid};
use engine::sagas::{At, Begun, Kind, Known as Learnt, Saga, Script, State, Turn};
use serde::{Deserialize, Serialize};
use store::Commit;
use trade::orders::{Actor, Command, Facts, Order, OrderId};
use trade::payments::{AttemptState, PaymentId, State as Standing};

use super::app::App;
use super::moves::itself;
use super::refusals::{All, Come, Refusals};
use super::store::Stored;
use crate::payments::{self, Known, Noted};

/// An order is placed: its money is held, and taken at once where the restaurant's rule accepts it.
pub(super) static PLACE: Kind = Kind::new("order.place", 1);
/// An order has come to where its money is taken.
static CAPTURE: Kind = Kind::new("order.capture", 1);
/// An order comes to nothing: its money is let go, or given back.
static UNWIND: Kind = Kind::new("order.unwind", 1);

/// The wait for a provider that has not answered clearly.
pub(super) const SOON: Duration = Duration::from_secs(1);
/// The wait for a payer; whatever he does wakes the saga.
pub(super) const LATER: Duration = Duration::from_secs(60);

/// Why money that is held or was taken stays so, where no provider has refused to let go of it or to give it back.
const NOT_LET_GO: &str = "not_let_go";

/// What is paid for what.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Written")]
pub(super) struct Paid {
    pub(super) order: OrderId,
    /// The payments, with how much each is to hold or give. One that gives nothing is let go.
    pub(super) parts: Vec<Share>,
    pub(super) currency: Currency,
    /// Whether this saga takes the money, too.
    pub(super) takes: bool,
    /// What was refused when it was to be taken, let go of, or given back.
    #[serde(skip_serializing_if = "Refusals::is_empty")]
    pub(super) refusals: Refusals,
}

/// The same as it may stand in a journal: an order had one payment once.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    order: OrderId,
    parts: Option<Vec<Share>>,
    payment: Option<PaymentId>,
    amount: Option<i64>,
    currency: Currency,
    takes: bool,
    #[serde(default)]
    refusals: Refusals,
}

impl From<Written> for Paid {
    fn from(written: Written) -> Self {
        let alone = written.payment.zip(written.amount);
        let alone = alone.map(|(payment, minor)| Share { payment, minor });
        Paid {
            order: written.order,
            parts: written.parts.unwrap_or(alone.into_iter().collect()),
            currency: written.currency,
            takes: written.takes,
            refusals: written.refusals,
        }
    }
}

/// How much of an order a payment pays.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Share {
    pub(super) payment: PaymentId,
    pub(super) minor: i64,
}

/// What the saga of an order that was just placed need not read.
pub(super) struct Fresh {
    /// The order.
    pub(super) stored: Stored,
    /// Its payment, where it has one.
    pub(super) payment: Option<Known>,
}

/// What the order is told of its money, with what was answered and is not stored yet; or how long to wait.
type Holding = std::result::Result<(Command, Option<Noted>), Duration>;

impl State for Paid {
    fn money(&self) -> Option<Money> {
        let minor = self.parts.iter().map(|part| part.minor);
        let minor = minor.fold(0_i64, i64::saturating_add);
        Some(Money::new(minor, self.currency))
    }
}

impl Paid {
    /// How much of a payment is taken.
    fn taken(&self, part: &Share) -> Money {
        let short = i64::from(base::planted("capture_short"));
        Money::new(part.minor.saturating_sub(short), self.currency)
    }

    /// The payments of an order, to be held, or let go of.
    pub(super) fn of(order: &Order, parts: Vec<Share>) -> Self {
        Paid {
            order: order.id,
            parts,
            currency: order.currency,
            takes: false,
            refusals: Refusals::default(),
        }
    }
}

impl App {
    /// What the sagas of orders do.
    #[must_use]
    pub fn scripts(&self) -> Vec<Learnt> {
        let step = || self.clone();
        let (holding, taking, capturing, releasing) = (step(), step(), step(), step());
        let mut all = vec![
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
        ];
        all.extend(super::change_pay::scripts(self));
        all.push(super::tip_pay::script(self));
        all
    }

    /// Has a commit begin to take the money of an order.
    pub(super) fn begin_capture(
        &self,
        commit: &mut Commit,
        order: &Order,
        parts: Vec<Share>,
    ) -> Result<Begun> {
        let paid = Paid {
            takes: true,
            ..Paid::of(order, parts)
        };
        let saga = Saga::new(&CAPTURE, order.id.uid(), &paid)?;
        Ok(saga.begin(&self.0.random, commit))
    }

    /// Has a commit begin to let go of the money of an order that came to nothing.
    pub(super) fn begin_unwind(&self, commit: &mut Commit, order: &Order) -> Result<Begun> {
        let saga = Saga::new(&UNWIND, order.id.uid(), &Paid::of(order, Vec::new()))?;
        Ok(saga.begin(&self.0.random, commit))
    }

    /// Holds the money, and tells the order that it is there or will not come. An order that has ended meanwhile is
    /// left to the saga that lets go of its money.
    async fn authorise(self, mut at: At<Paid>) -> Result<Turn<Paid>> {
        let fresh = at.had::<Fresh>();
        let stored = match fresh.as_deref() {
            Some(fresh) => fresh.stored.clone(),
            None => self.find(at.state.order).await?,
        };
        if stored.order.status.is_final() || stored.order.paying.is_safe() {
            return Ok(at.over());
        }
        let known = fresh.and_then(|fresh| fresh.payment.clone());
        let (command, noted) = match self.hold(&mut at, known).await? {
            Ok(held) => held,
            Err(wait) => return Ok(at.wait(wait)),
        };
        let facts = Facts::new(Actor::Platform, self.0.clock.now());
        let ask = itself();
        let moved = self.moved_in(&mut at.commit, &ask, (&stored, &facts), &command);
        // What it begins besides is found by its row: nobody knows here when that is stored.
        let order = moved.await?.order;
        self.arm_anew(&mut at.commit, &stored.order, &order)?;
        // Where its own word has brought the order so far nobody else takes the money.
        at.state.takes = order.takes_money();
        self.begin_to_take(&mut at, noted)?;
        Ok(match at.state.takes {
            true => at.done(),
            false => at.over(),
        })
    }

    /// Stores what was answered with the order's move; where the money is taken at once, also that it is about to be.
    fn begin_to_take(&self, at: &mut At<Paid>, noted: Option<Noted>) -> Result<()> {
        let Some(noted) = noted else {
            return Ok(());
        };
        match at.state.parts.first().filter(|_| at.state.takes) {
            None => noted.store(&mut at.commit),
            Some(part) => {
                let wanted = (at.next, at.state.taken(part));
                let payments = &self.0.payments;
                if let Some(known) = payments.capture_next(noted, &mut at.commit, wanted)? {
                    at.hand(known);
                }
                Ok(())
            }
        }
    }

    /// Takes the money of an order, if that is for this saga to do. Whoever has just accepted it need not ask whether it
    /// was taken back since: the money is on its way, and whoever lets go of it waits for that. What one payment refuses,
    /// because its hold has lapsed, keeps nobody from taking what the others hold.
    async fn capture(self, mut at: At<Paid>) -> Result<Turn<Paid>> {
        let known = at.had::<Known>();
        let is_over = match (&known, at.state.takes) {
            (Some(_), takes) => !takes,
            (None, false) => true,
            (None, true) => self.find(at.state.order).await?.order.gives_back(),
        };
        if is_over {
            return Ok(at.done());
        }
        let mut all = All::default();
        let is_alone = at.state.parts.len() == 1;
        let most = match base::planted("second_not_taken") {
            true => 1,
            false => usize::MAX,
        };
        for part in at.state.parts.clone().into_iter().take(most) {
            let key = match base::planted("capture_key_new") {
                true => Uid::make(&self.0.clock, &self.0.random, at.organisation),
                false => at.key,
            };
            let of = (part.payment, at.key);
            let noted = self.known_refusals(&mut at.state.refusals, of, &at.error);
            let wanted = ((key, noted.await?), at.state.taken(&part));
            let come = match part.minor {
                0 => {
                    let known = (&mut at.state.refusals, at.error.as_str());
                    self.let_go((part.payment, at.key), known).await?
                }
                _ if is_alone => {
                    let payment = (part.payment, known.as_deref().cloned());
                    self.take(&mut at.commit, payment, wanted).await?
                }
                _ => self.take_one(part.payment, wanted).await?,
            };
            all.take(part.payment, come);
        }
        Ok(all.turn(at, |paid| &mut paid.refusals))
    }

    /// Holds the money of all payments. One that is refused is enough to know that it will not come; else it is waited for
    /// the one that takes longest. What is answered of a single one is for the commit of who asks.
    async fn hold(&self, at: &mut At<Paid>, known: Option<Known>) -> Result<Holding> {
        let payments = &self.0.payments;
        let parts = at.state.parts.clone();
        let (mut wait, mut noted) = (None, None);
        for part in &parts {
            let standing = match parts.len() {
                1 => {
                    let asked = payments.authorise_noted(part.payment, known.clone());
                    let (standing, answered) = asked.await?;
                    noted = Some(answered);
                    standing
                }
                _ => payments.authorise(part.payment).await?,
            };
            let longer = match standing.state {
                state if state.is_secured() || base::planted("pending_is_held") => continue,
                Standing::Failed | Standing::Cancelled | Standing::Refunded => {
                    let code = standing.refused.unwrap_or_else(|| "failed".to_owned());
                    return Ok(Ok((Command::PayFailed { code }, noted)));
                }
                Standing::ActionNeeded => LATER,
                _ => SOON,
            };
            wait = Some(wait.map_or(longer, |wait: Duration| wait.min(longer)));
        }
        Ok(match wait {
            Some(wait) => Err(wait),
            None => Ok((Command::Secure, noted)),
        })
    }

    /// Takes so much of what a payment holds; once more, where a saga that was parked knows how often that was refused.
    pub(super) async fn take(
        &self,
        commit: &mut Commit,
        payment: (PaymentId, Option<Known>),
        wanted: ((Uid, u8), Money),
    ) -> Result<Come> {
        let ((_, known), _) = wanted;
        let asked = self.0.payments.capture_in(commit, payment, wanted);
        Ok(come(asked.await?, known))
    }

    /// The same, of one of several payments: what it gives is stored at once. The commit of a step that waits for another one
    /// is not, and everything would be asked again each time.
    async fn take_one(
        &self,
        payment: PaymentId,
        ((key, known), amount): ((Uid, u8), Money),
    ) -> Result<Come> {
        let payments = &self.0.payments;
        let asked = payments.capture_again(payment, (key, known), amount);
        Ok(come(asked.await?, known))
    }

    /// Lets go of what is held of an order, or gives back what was taken, through whatever it was paid, its tips too.
    async fn release(self, mut at: At<Paid>) -> Result<Turn<Paid>> {
        let mut all = All::default();
        for intent in self.0.payments.all_of_order(at.state.order).await? {
            let known = (&mut at.state.refusals, at.error.as_str());
            let come = self.let_go((intent.id, at.key), known).await?;
            all.take(intent.id, come);
        }
        Ok(all.turn(at, |paid| &mut paid.refusals))
    }

    /// Lets go of what a payment holds, or gives back what it has taken; once more, where a saga that was parked knows
    /// that this was refused.
    pub(super) async fn let_go(
        &self,
        (payment, key): (PaymentId, Uid),
        (known, parked): (&mut Refusals, &str),
    ) -> Result<Come> {
        let payments = &self.0.payments;
        // Before anything is waited for: who has waited does not know any more why it was parked.
        let refusals = self.known_refusals(known, (payment, key), parked).await?;
        let standing = payments.settle(payment).await?;
        if is_open(&standing) && standing.state != Standing::ActionNeeded {
            return Ok(Come::Waits);
        }
        let taken = standing.captured.minor() > 0;
        if base::planted("taken_not_given_back") && taken {
            return Ok(Come::There);
        }
        let asked = match taken {
            true => {
                let left = standing.captured.minus(standing.refunded)?;
                match left.minor() {
                    0 => return Ok(Come::There),
                    _ => payments.refund_rest(payment, (key, refusals)).await,
                }
            }
            false => match standing.state {
                Standing::Cancelled | Standing::Failed => return Ok(Come::There),
                // What was perhaps taken could not be given back any more once it is let go of.
                _ if standing.is_perhaps_taken() => {
                    return Ok(Come::Refused(NOT_LET_GO.to_owned(), refusals));
                }
                _ => payments.cancel_again(payment, (key, refusals)).await,
            },
        };
        let standing = match asked {
            Ok(standing) => standing,
            Err(error) if error.kind() == ErrorKind::Conflict => {
                let now = payments.standing(payment).await?;
                return Ok(stopped((&standing, &now), refusals));
            }
            Err(error) => return Err(error),
        };
        let is_let_go = matches!(standing.state, Standing::Cancelled | Standing::Failed);
        let is_given_back = taken && standing.refunded == standing.captured;
        let is_news = standing.refusals > refusals;
        Ok(match standing.step {
            _ if is_let_go || is_given_back => Come::There,
            // Somebody has it asked once more, which was not possible yet.
            Some(AttemptState::Refused) if !is_news && is_open(&standing) => Come::Waits,
            Some(AttemptState::Refused) => {
                let why = standing.refused.unwrap_or_else(|| "refused".to_owned());
                Come::Refused(why, standing.refusals)
            }
            _ => Come::Waits,
        })
    }
}

/// How far taking money has come, for whoever knew of so many refusals.
fn come(standing: payments::Standing, known: u8) -> Come {
    match standing.step {
        Some(AttemptState::Done) => Come::There,
        // Somebody has it asked once more, which was not possible yet.
        Some(AttemptState::Refused) if standing.refusals <= known && is_open(&standing) => {
            Come::Waits
        }
        Some(AttemptState::Refused) => {
            let why = standing.refused;
            let why = why.unwrap_or_else(|| "capture refused".to_owned());
            Come::Refused(why, standing.refusals)
        }
        Some(AttemptState::Sent | AttemptState::Unknown | AttemptState::GivenUp) | None => {
            Come::Waits
        }
    }
}

/// What it means that a payment can neither be let go of nor given back: where something was taken, or came to be under way,
/// since it was looked at, it is looked at again. Where nothing has changed, nothing will any more by itself.
fn stopped((seen, now): (&payments::Standing, &payments::Standing), refusals: u8) -> Come {
    match is_open(now) || seen != now {
        true => Come::Waits,
        false => Come::Refused(NOT_LET_GO.to_owned(), refusals),
    }
}

/// Whether something has no outcome yet, or nobody could be asked.
pub(super) fn is_open(standing: &payments::Standing) -> bool {
    standing.under_way.is_some() || standing.is_out_of_reach
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_of_before_orders_had_several_payments_is_read() {
        let (order, payment) = (
            "ord_01jd6yv2m00000000000000000",
            "pay_01jd6yv2m00000000000000000",
        );
        let paid = Paid {
            order: order.parse().unwrap(),
            parts: vec![Share {
                payment: payment.parse().unwrap(),
                minor: 2_549,
            }],
            currency: "EUR".parse().unwrap(),
            takes: true,
            refusals: Refusals::default(),
        };
        let now = serde_json::to_value(&paid).unwrap();
        let before = serde_json::json!({
            "order": order, "payment": payment, "amount": 2_549, "currency": "EUR", "takes": true
        });
        for written in [now, before] {
            assert_eq!(serde_json::from_value::<Paid>(written).unwrap(), paid);
        }
    }

    #[test]
    fn a_journal_keeps_what_was_refused() {
        let payment: PaymentId = "pay_01jd6yv2m00000000000000000".parse().unwrap();
        let mut paid = Paid {
            order: "ord_01jd6yv2m00000000000000000".parse().unwrap(),
            parts: Vec::new(),
            currency: "EUR".parse().unwrap(),
            takes: false,
            refusals: Refusals::default(),
        };
        paid.refusals.note(payment, 2);
        let written = serde_json::to_string(&paid).unwrap();
        let read: Paid = serde_json::from_str(&written).unwrap();
        assert_eq!((read.refusals.of(payment), read), (2, paid));
    }
}
