//! The money of changes as sagas: what they cost more is held before they are in force, what they cost less is given
//! back after.
//!
//! A change that costs more has a payment of its own, so nothing that is held or taken already is touched by it. Before
//! the money of an order is taken less is simply taken then.

use base::{Currency, Kind as ErrorKind, Money, Result, Uid};
use engine::sagas::{At, Kind, Known, Script, State, Turn};
use serde::{Deserialize, Serialize};
use trade::ledger::{About, CreditId, Means, Transaction};
use trade::orders::{Actor, Command, Facts, Order, OrderId, Proposal};
use trade::payments::{
    Act, Attempt, AttemptState, Intent, Less, PaymentId, State as Standing, less,
};

use super::app::App;
use super::credits;
use super::moves::itself;
use super::parts;
use super::pay::{LATER, SOON, Share, is_open};
use super::place::unbalanced;
use super::refusals::{All, Come, Refusals};
use crate::{credit, ledger, payments};

/// A change that costs more is agreed: its money is held, then it is in force, then its money is taken.
pub(super) static RAISE: Kind = Kind::new("order.change", 1);
/// An order of which the money was taken costs less: the difference is given back.
pub(super) static LOWER: Kind = Kind::new("order.give_back", 1);

/// Why somebody has credit for what meal vouchers did not give back.
const BOUND: &str = "meal_voucher";

/// Why the difference cannot go back: the payments of the order have not so much, and nothing of them is under way.
const NOT_TAKEN: &str = "not_taken";

/// A change that waits for its money.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Raising {
    order: OrderId,
    proposal: i64,
    payment: PaymentId,
    minor: i64,
    currency: Currency,
    /// Whether the change came to nothing.
    is_dropped: bool,
    /// What was refused when it was to be taken, let go of, or given back.
    #[serde(default, skip_serializing_if = "Refusals::is_empty")]
    refusals: Refusals,
}

/// What is to be given back of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lowering {
    order: OrderId,
    minor: i64,
    currency: Currency,
    /// Through which payments.
    parts: Vec<Share>,
    /// What of it no payment gives back, because meal vouchers give back all or nothing.
    #[serde(default)]
    bound: i64,
    /// What of it meal vouchers are not to pay any more.
    #[serde(default)]
    from_vouchers: i64,
    /// What was refused when it was to be given back.
    #[serde(default, skip_serializing_if = "Refusals::is_empty")]
    refusals: Refusals,
}

impl State for Raising {
    fn money(&self) -> Option<Money> {
        Some(Money::new(self.minor, self.currency))
    }
}

impl State for Lowering {
    fn money(&self) -> Option<Money> {
        Some(Money::new(self.minor, self.currency))
    }
}

impl Raising {
    /// What a change costs more, to be held by a payment.
    pub(super) fn of(order: &Order, proposal: &Proposal, payment: PaymentId) -> Self {
        Raising {
            order: order.id,
            proposal: proposal.number,
            payment,
            minor: proposal.change.difference_minor,
            currency: order.currency,
            is_dropped: false,
            refusals: Refusals::default(),
        }
    }

    fn waits_in(&self, order: &Order) -> bool {
        let proposal = order.proposal.as_deref();
        proposal.is_some_and(|proposal| proposal.number == self.proposal && proposal.agreed)
    }
}

impl Lowering {
    /// So much that is to be given back of an order; through these payments, where that is known.
    pub(super) fn of(order: &Order, minor: i64, parts: Vec<Share>) -> Self {
        Lowering {
            order: order.id,
            minor,
            currency: order.currency,
            parts,
            bound: 0,
            from_vouchers: 0,
            refusals: Refusals::default(),
        }
    }

    /// The same, where meal vouchers are not to pay so much of it any more.
    pub(super) const fn taking_from_vouchers(mut self, minor: i64) -> Self {
        self.from_vouchers = minor;
        self
    }

    /// Leaves out parts of payments that have taken nothing, and will not: nothing of them goes back. What a provider has refused
    /// to take may be taken yet, at somebody's word. Says whether there are others; if not, all stays as it is.
    fn leave_out_lost(&mut self, intents: &[Intent]) -> bool {
        let is_lost = |part: &Share| {
            let found = intents.iter().find(|intent| intent.id == part.payment);
            found.is_some_and(|intent| {
                let is_over = intent.state.is_final() && !is_under_way(intent);
                intent.captured_minor == 0 && is_over
            })
        };
        let are_lost = !self.parts.is_empty() && self.parts.iter().all(is_lost);
        if !are_lost {
            self.parts.retain(|part| !is_lost(part));
        }
        !are_lost
    }

    /// Draws a part anew that its payment could not give when a step asked for it, where there is so much left. Else it is
    /// said what comes of it.
    fn draw_anew(
        &mut self,
        (place, step): (usize, Uid),
        intents: &[Intent],
        vouchers_minor: i64,
    ) -> Option<Come> {
        let part = self.parts.get(place);
        let own = part.and_then(|part| intents.iter().find(|one| one.id == part.payment));
        // What is on its way otherwise may be refused yet, and then this would be given twice.
        if own.is_some_and(|own| own.unsettled().next().is_some()) {
            return Some(Come::Waits);
        }
        let given = own.map_or(0, |own| payments::App::given_minor(own, step));
        // What could not be taken yet is for nobody else to give.
        let is_kept = own.is_some_and(|own| own.state == Standing::Authorised);
        if !is_kept && self.redraw((place, given), intents, vouchers_minor) {
            return None;
        }
        Some(match intents.iter().any(is_under_way) {
            true => Come::Waits,
            false => Come::Refused(NOT_TAKEN.to_owned(), 0),
        })
    }

    /// Draws a part anew that its payment has not, of which so much was given: the rest from the payment itself as far
    /// as it has it, and from those that give nothing yet. Says whether they have so much; if not, all stays as it is.
    fn redraw(
        &mut self,
        (place, given): (usize, i64),
        intents: &[Intent],
        vouchers_minor: i64,
    ) -> bool {
        let Some(part) = self.parts.get(place).copied() else {
            return false;
        };
        let others = self.parts.iter().filter(|one| one.payment != part.payment);
        let others: Vec<PaymentId> = others.map(|one| one.payment).collect();
        let free = intents.iter().rev();
        let free = free.filter(|intent| !others.contains(&intent.id));
        let left = part.minor.saturating_sub(given);
        let Some(less) = less(left, free, (0, vouchers_minor)) else {
            return false;
        };
        let mut drawn = parts::shares(less.parts);
        // What it has given stays its own, or it would be given once more.
        match drawn.iter_mut().find(|one| one.payment == part.payment) {
            Some(own) => own.minor = own.minor.saturating_add(given),
            None if given > 0 => drawn.push(Share {
                minor: given,
                ..part
            }),
            None => {}
        }
        self.parts.remove(place);
        self.parts.extend(drawn);
        self.bound = self.bound.saturating_add(less.bound_minor);
        true
    }
}

/// What the sagas of changes do.
pub(super) fn scripts(app: &App) -> [Known; 2] {
    let step = || app.clone();
    let (holding, ending) = (step(), step());
    let (drawing, giving, crediting) = (step(), step(), step());
    [
        Script::<Raising>::new(&RAISE)
            .must("authorise", move |at| holding.clone().hold_more(at))
            .must("settle", move |at| ending.clone().end_raise(at))
            .into(),
        Script::<Lowering>::new(&LOWER)
            .must("draw", move |at| drawing.clone().draw_less(at))
            .must("refund", move |at| giving.clone().give_less(at))
            .must("credit", move |at| crediting.clone().credit_bound(at))
            .into(),
    ]
}

impl App {
    /// Holds the money of a change, and puts the change in force, or drops it. An order that has ended meanwhile is left
    /// to the saga that lets go of all its money.
    async fn hold_more(self, mut at: At<Raising>) -> Result<Turn<Raising>> {
        let stored = self.find(at.state.order).await?;
        if stored.order.gives_back() {
            return Ok(at.over());
        }
        if !at.state.waits_in(&stored.order) {
            at.state.is_dropped = true;
            return Ok(at.done());
        }
        let payments = &self.0.payments;
        let held = payments.authorise_in(&mut at.commit, at.state.payment);
        let standing = held.await?;
        let proposal = at.state.proposal;
        let is_held = standing.state.is_secured();
        let command = match standing.state {
            _ if is_held => Command::SecureChange { proposal },
            Standing::Failed | Standing::Cancelled | Standing::Refunded => {
                Command::ChangePayFailed { proposal }
            }
            Standing::ActionNeeded => return Ok(at.wait(LATER)),
            _ => return Ok(at.wait(SOON)),
        };
        let facts = Facts::new(Actor::Platform, self.0.clock.now());
        let ask = itself();
        let moved = self.moved_in(&mut at.commit, &ask, (&stored, &facts), &command);
        let order = moved.await?.order;
        self.arm_anew(&mut at.commit, &stored.order, &order)?;
        // What is not taken yet is taken with the rest, when the order has come so far.
        Ok(match is_held && order.takes_money() {
            true => at.done(),
            false => at.over(),
        })
    }

    /// Takes the money of a change that is in force, or lets go of it.
    async fn end_raise(self, mut at: At<Raising>) -> Result<Turn<Raising>> {
        let order = self.find(at.state.order).await?.order;
        if order.gives_back() {
            return Ok(at.done());
        }
        let (payment, key) = (at.state.payment, at.key);
        let amount = Money::new(at.state.minor, at.state.currency);
        let known = (&mut at.state.refusals, at.error.as_str());
        let come = match at.state.is_dropped {
            _ if base::planted("raise_not_settled") => Come::There,
            true => self.let_go((payment, key), known).await?,
            false => {
                let known = self.known_refusals(known.0, (payment, key), known.1);
                let wanted = ((key, known.await?), amount);
                self.take(&mut at.commit, (payment, None), wanted).await?
            }
        };
        Ok(match come {
            Come::There => at.done(),
            Come::Waits => at.wait(SOON),
            Come::Refused(why, times) => {
                at.state.refusals.note(payment, times);
                at.failed(why)
            }
        })
    }

    /// Says through which payments the difference goes back: the last ones first, where refunds draw upon the first.
    async fn draw_less(self, mut at: At<Lowering>) -> Result<Turn<Lowering>> {
        let order = self.find(at.state.order).await?.order;
        if order.gives_back() {
            return Ok(at.over());
        }
        let intents = self.0.payments.of_order(order.id).await?;
        if !at.state.leave_out_lost(&intents) {
            return Ok(at.failed(NOT_TAKEN));
        }
        if let Some(is_there) = are_there(&at.state.parts, &intents) {
            return Ok(match is_there {
                true => at.done(),
                false => at.wait(SOON),
            });
        }
        // What is not there yet is still about to be taken.
        let from_vouchers = at.state.from_vouchers;
        let vouchers = (from_vouchers, order.vouchers_minor);
        let less = less(at.state.minor, intents.iter().rev(), vouchers);
        let is_bound = |less: &Less| less.bound_minor > 0 || from_vouchers > 0;
        let is_early = |less: &Less| is_bound(less) && intents.iter().any(is_to_be_taken);
        Ok(match less {
            Some(less) if !is_early(&less) => {
                at.state.parts = parts::shares(less.parts);
                at.state.bound = less.bound_minor;
                at.done()
            }
            None if !intents.iter().any(is_under_way) => at.failed(NOT_TAKEN),
            Some(_) | None => at.wait(SOON),
        })
    }

    /// Gives the difference back.
    async fn give_less(self, mut at: At<Lowering>) -> Result<Turn<Lowering>> {
        let order = self.find(at.state.order).await?.order;
        if order.gives_back() {
            return Ok(at.done());
        }
        let (parts, mut all) = (at.state.parts.clone(), All::default());
        // Of all of them before any is waited for.
        for of in parts.iter().map(|part| (part.payment, at.key)) {
            let known = self.known_refusals(&mut at.state.refusals, of, &at.error);
            known.await?;
        }
        for (place, part) in parts.into_iter().enumerate() {
            match self.give_part(&mut at, &order, (place, part)).await? {
                Some(come) => all.take(part.payment, come),
                None => return Ok(at.wait(SOON)),
            }
        }
        Ok(all.turn(at, |lowering| &mut lowering.refusals))
    }

    /// Gives a part of the difference back. Nothing comes of it where it is drawn anew.
    async fn give_part(
        &self,
        at: &mut At<Lowering>,
        order: &Order,
        (place, part): (usize, Share),
    ) -> Result<Option<Come>> {
        let (payments, key) = (&self.0.payments, at.key);
        let known = at.state.refusals.of(part.payment);
        let amount = Money::new(part.minor, at.state.currency);
        let asked = payments.refund_again(part.payment, (key, known), amount);
        let standing = match asked.await {
            Ok(standing) => standing,
            // It was given back otherwise before this was asked.
            Err(error) if error.kind() == ErrorKind::Conflict => {
                let intents = payments.of_order(order.id).await?;
                let wanted = (place, key);
                return Ok(at.state.draw_anew(wanted, &intents, order.vouchers_minor));
            }
            Err(error) => return Err(error),
        };
        let is_news = standing.refusals > known;
        Ok(Some(match standing.step {
            Some(AttemptState::Done) => Come::There,
            // What somebody has asked once more, and was not possible yet, is waited for.
            Some(AttemptState::Refused) if is_news || !is_open(&standing) => {
                let why = standing.refused;
                let why = why.unwrap_or_else(|| "refund refused".to_owned());
                Come::Refused(why, standing.refusals)
            }
            Some(_) | None => Come::Waits,
        }))
    }

    /// What is bound in meal vouchers becomes credit of the diner once the order was handed over. Before that it may come to
    /// nothing, and then the vouchers are given back as a whole.
    async fn credit_bound(self, mut at: At<Lowering>) -> Result<Turn<Lowering>> {
        if at.state.bound == 0 {
            return Ok(at.done());
        }
        let order = self.find(at.state.order).await?.order;
        if order.gives_back() {
            return Ok(at.done());
        }
        if !order.status.is_final() {
            return Ok(at.wait(LATER));
        }
        let (ask, house) = (itself(), order.id.organisation());
        let entry = credits::entry(&order, at.state.bound, BOUND)?;
        let fresh = CreditId::make(&self.0.clock, &self.0.random, house);
        let of = (fresh.uid(), credit::What::Refunded);
        let id = credit::give(&mut at.commit, &ask, of, &entry)?;
        let amount = Money::new(at.state.bound, at.state.currency);
        let about = About::Credit(id);
        let given = Transaction::refund_executed(order.id, about, &Means::StoreCredit, amount);
        ledger::post(&mut at.commit, &ask, &given.map_err(unbalanced)?)?;
        Ok(at.done())
    }
}

/// Whether what a payment holds is still about to be taken.
fn is_to_be_taken(intent: &Intent) -> bool {
    let refused = |attempt: &Attempt| {
        let is_end = matches!(attempt.act, Act::Capture | Act::Cancel);
        is_end && attempt.state == AttemptState::Refused
    };
    intent.state == Standing::Authorised && !intent.attempts.iter().any(refused)
}

/// Whether a payment may still come to hold more that can go back than it has now.
fn is_under_way(intent: &Intent) -> bool {
    let is_open = |attempt: &Attempt| !attempt.state.is_settled();
    let is_new = matches!(intent.state, Standing::Open | Standing::ActionNeeded);
    is_new || is_to_be_taken(intent) || intent.attempts.iter().any(is_open)
}

/// Whether what is known to go back through payments was taken already, as far as it will be by itself. Nothing where that is
/// not known, or was given back otherwise.
fn are_there(parts: &[Share], intents: &[Intent]) -> Option<bool> {
    let each = parts.iter().map(|part| {
        let found = intents.iter().find(|intent| intent.id == part.payment);
        found.filter(|intent| intent.captured_minor == 0 || intent.refundable_minor() >= part.minor)
    });
    let found: Vec<&Intent> = each.collect::<Option<_>>()?;
    let is_there = |intent: &&Intent| intent.captured_minor > 0 || !is_under_way(intent);
    let is_there = found.iter().all(is_there);
    (!found.is_empty()).then_some(is_there)
}

#[cfg(test)]
mod tests {
    use trade::payments::Covers;

    use super::*;

    /// A payment of which so much was taken, and all but this went back.
    fn intent(number: u8, left: i64) -> Intent {
        Intent {
            id: Uid::from_bytes([number; 16]).into(),
            order: Uid::from_bytes([9; 16]).into(),
            currency: Currency::EUR,
            minor: 900,
            covers: Covers::Any,
            voucher: None,
            authorised_minor: 900,
            captured_minor: 900,
            refunded_minor: 900 - left,
            state: Standing::PartlyRefunded,
            code: None,
            attempts: Vec::new(),
            version: 4,
        }
    }

    /// So much is to go back by the first of these payments.
    fn lowering(minor: i64, intents: &[Intent]) -> Lowering {
        Lowering {
            order: intents[0].order,
            minor,
            currency: Currency::EUR,
            parts: vec![Share {
                payment: intents[0].id,
                minor,
            }],
            bound: 0,
            from_vouchers: 0,
            refusals: Refusals::default(),
        }
    }

    #[test]
    fn who_has_paid_nothing_and_will_not_is_left_out() {
        let (paid, mut lost) = (intent(1, 300), intent(2, 900));
        (lost.captured_minor, lost.refunded_minor) = (0, 0);
        lost.state = Standing::Cancelled;
        let intents = [paid, lost];
        let mut less = lowering(100, &intents);
        less.parts.push(Share {
            payment: intents[1].id,
            minor: 200,
        });
        assert!(less.leave_out_lost(&intents));
        assert_eq!(drawn(&less), [(intents[0].id, 100)]);
        // While its money may still come it is waited for.
        let mut less = lowering(100, &intents);
        less.parts[0].payment = intents[1].id;
        assert!(!less.leave_out_lost(&intents), "nobody gives it");
        let mut coming = intents;
        coming[1].state = Standing::Authorised;
        assert!(less.leave_out_lost(&coming));
        assert_eq!(drawn(&less), [(coming[1].id, 100)]);
    }

    fn drawn(lowering: &Lowering) -> Vec<(PaymentId, i64)> {
        let parts = lowering.parts.iter();
        parts.map(|part| (part.payment, part.minor)).collect()
    }

    #[test]
    fn what_a_payment_has_not_any_more_goes_back_through_others_and_itself() {
        let intents = [intent(1, 100), intent(2, 250)];
        let mut less = lowering(300, &intents);
        assert!(less.redraw((0, 0), &intents, 0));
        assert_eq!(drawn(&less), [(intents[1].id, 250), (intents[0].id, 50)]);
        // Nobody has so much: it is left as it is, for somebody to see.
        let mut less = lowering(351, &intents);
        assert!(!less.redraw((0, 0), &intents, 0));
        assert_eq!(drawn(&less), [(intents[0].id, 351)]);
    }

    #[test]
    fn what_a_part_has_given_is_not_given_once_more() {
        let intents = [intent(1, 0), intent(2, 900)];
        let mut less = lowering(300, &intents);
        assert!(less.redraw((0, 100), &intents, 0));
        assert_eq!(drawn(&less), [(intents[1].id, 200), (intents[0].id, 100)]);
        // The payment itself gives what the others have not.
        let intents = [intent(1, 50), intent(2, 150)];
        let mut less = lowering(300, &intents);
        assert!(less.redraw((0, 100), &intents, 0));
        assert_eq!(drawn(&less), [(intents[1].id, 150), (intents[0].id, 150)]);
    }

    #[test]
    fn what_could_not_be_taken_yet_is_for_nobody_else_to_give() {
        let (mut kept, paid) = (intent(1, 900), intent(2, 900));
        (kept.captured_minor, kept.refunded_minor) = (0, 0);
        kept.state = Standing::Authorised;
        kept.attempts = vec![Attempt {
            id: Uid::from_bytes([3; 16]).into(),
            act: Act::Capture,
            minor: 900,
            provider: "test".parse().unwrap(),
            refund: None,
            sent_at: None,
            state: AttemptState::Refused,
            needs_action: false,
            reference: None,
            code: None,
            is_contradicted: false,
            was_refused: false,
        }];
        let intents = [kept, paid];
        let mut less = lowering(300, &intents);
        // Somebody may have it taken yet: it is not left out, nor waited for.
        assert!(less.leave_out_lost(&intents));
        assert_eq!(are_there(&less.parts, &intents), Some(true));
        let step = Uid::from_bytes([4; 16]);
        let come = less.draw_anew((0, step), &intents, 0);
        let why = Come::Refused(NOT_TAKEN.to_owned(), 0);
        assert_eq!(come, Some(why));
        assert_eq!(drawn(&less), [(intents[0].id, 300)]);
    }
}
