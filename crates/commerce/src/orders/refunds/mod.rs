//! Refunds: what is given back of an order that was handed over, line by line.
//!
//! That somebody grants a refund is one commit: its row, its event, what is owed in the ledger, and the saga that gives
//! the money back. That it moved is another. Cash is given back by whoever grants it.

mod http;
mod pay;
mod store;
mod view;

use ::store::Commit;
use base::{Error, Money, Result, Trail as _, codes};
use edge::Granted;
use engine::sagas::{Begun, Saga};
use slice::Ask;
use trade::ledger::{About, Account, Bearer, Kind, Means, Transaction};
use trade::orders::{Order, OrderId};
use trade::payments::{Intent, RefundId};
use trade::refunds::{
    Asking, Back, By, Command, Drawn, Event, Left, Moved, Policy, Refund, Refusal, State, Way,
    apply, bound_minor, decide, draw, draw_shared, kept_minor,
};

use self::store::{self as rows, Told};
use self::view::{RefundAsked, RefundsView};
use super::app::{App, missing};
use super::credits;
use super::parts;
use super::place::unbalanced;
use crate::{credit, ledger};

pub(super) use http::routes;
pub(super) use pay::script;
pub(super) use store::is_outrun;
pub(crate) use store::{FOLD, SHARD};
pub(crate) use view::RefundView;
pub(super) use view::{BearerName, ReasonName};

/// What has been granted asks nobody any more.
const POLICY: Policy = Policy { alone_minor: None };

/// What a second person says to a refund.
#[derive(Clone, Copy)]
enum Word {
    Approve,
    Decline,
}

impl Word {
    const fn operation(self) -> &'static str {
        match self {
            Self::Approve => "refunds.approve",
            Self::Decline => "refunds.decline",
        }
    }
}

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

    /// An order and its refunds, for those who find out what became of it.
    pub(crate) async fn inspected(&self, id: OrderId) -> Result<(Order, Vec<Refund>)> {
        let order = self.find(id).await?.order;
        let refunds = rows::of_order(&self.0.db, id).await.at()?;
        Ok((order, refunds))
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
        bearer(asked.bearer, granted)?;
        let request = (id, asked);
        self.settled(ask, (id, "orders.refund"), &request, || async {
            let order = self.find(id).await?.order;
            let (commit, refund, begun) = self.grant(ask, &order, asked).await?;
            Ok((commit, RefundView::of(&refund), begun))
        })
        .await
    }

    /// The commit that grants a refund, or asks somebody else to, with all that follows.
    async fn grant(
        &self,
        ask: &Ask,
        order: &Order,
        asked: &RefundAsked,
    ) -> Result<(Commit, Refund, Vec<Begun>)> {
        if !order.status.is_fulfilled() && !base::planted("refunded_early") {
            let said = "only what was handed over can be refunded; before that it is cancelled";
            return Err(Error::conflict(codes::ORDER_MOVED, said));
        }
        let turn = rows::turn(&self.0.db, order.id).await.at()?;
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
            to: asked.to(),
            by: ask.actor.clone(),
        };
        let place = i64::try_from(before.len())
            .unwrap_or(i64::MAX)
            .saturating_add(1);
        let alone_minor = self.alone_minor(order).await?;
        let command = Command::Ask(asking);
        let events = decide(None, &command, &left, Policy { alone_minor }).map_err(refused)?;
        let mut commit = self.0.db.new_commit(house);
        rows::take_turn(&mut commit, order.id, turn);
        let scene = (order, place);
        let refund = tell(&mut commit, ask, scene, (None, &events))?;
        let carried = self.carry_out(&mut commit, ask, scene, (refund, &before));
        let (refund, begun) = carried.await?;
        rows::write(&mut commit, (place, None), &refund).at()?;
        Ok((commit, refund, begun))
    }

    /// Agrees to a refund that waits for a second person, or ends it.
    async fn answer(
        &self,
        ask: &Ask,
        ((id, refund), granted): ((OrderId, RefundId), &Granted),
        word: Word,
    ) -> Result<RefundView> {
        let stored = self.find(id).await?;
        self.within(&granted.places, &stored.order).await?;
        let request = (id, refund);
        self.settled(ask, (id, word.operation()), &request, || async {
            let order = self.find(id).await?.order;
            let answered = self.answered(ask, (&order, refund), (word, granted));
            let (commit, refund, begun) = answered.await?;
            Ok((commit, RefundView::of(&refund), begun))
        })
        .await
    }

    async fn answered(
        &self,
        ask: &Ask,
        (order, id): (&Order, RefundId),
        (word, granted): (Word, &Granted),
    ) -> Result<(Commit, Refund, Vec<Begun>)> {
        let turn = rows::turn(&self.0.db, order.id).await.at()?;
        let all = rows::of_order(&self.0.db, order.id).await.at()?;
        let mut places = (1_i64..).zip(&all);
        let found = places.find(|(_, refund)| refund.id == id);
        let (place, refund) = found.ok_or_else(missing)?;
        let left = Left::of(order.currency, &order.money, &all).ok_or_else(lost)?;
        let by = ask.actor.clone();
        let command = match word {
            Word::Approve => {
                may_say(refund.bearer, granted)?;
                Command::Approve { by }
            }
            Word::Decline => Command::Decline { by },
        };
        let events = decide(Some(refund), &command, &left, POLICY).map_err(refused)?;
        let mut commit = self.0.db.new_commit(order.id.organisation());
        if events.is_empty() {
            return Ok((commit, refund.clone(), Vec::new()));
        }
        rows::take_turn(&mut commit, order.id, turn);
        let (scene, was) = ((order, place), refund.version);
        let told = (Some(refund.clone()), events.as_slice());
        let refund = tell(&mut commit, ask, scene, told)?;
        let others: Vec<Refund> = all.iter().filter(|one| one.id != id).cloned().collect();
        let carried = self.carry_out(&mut commit, ask, scene, (refund, &others));
        let (refund, begun) = carried.await?;
        rows::write(&mut commit, (place, Some(was)), &refund).at()?;
        Ok((commit, refund, begun))
    }

    /// What follows when a refund is granted: it is owed, and goes to the diner's credit or back the way it came. What was
    /// paid in cash is given back in cash by whoever grants it.
    async fn carry_out(
        &self,
        commit: &mut Commit,
        ask: &Ask,
        (order, place): (&Order, i64),
        (mut refund, others): (Refund, &[Refund]),
    ) -> Result<(Refund, Vec<Begun>)> {
        if refund.state != State::Granted {
            return Ok((refund, Vec::new()));
        }
        let owed = Transaction::refund_granted(order.id, &refund.granting());
        if !base::planted("refund_owed_not_posted") {
            ledger::post(commit, ask, &owed.map_err(unbalanced)?)?;
        }
        let payments = self.0.payments.of_order(order.id).await?;
        self.is_there(&refund, (&payments, others)).await?;
        if refund.to == Way::Credit {
            give_credit(commit, ask, order, (&refund, refund.minor()))?;
            let moved = (refund.minor(), Means::StoreCredit);
            let gone = self.at_once(commit, ask, ((order, place), refund), moved);
            return Ok((gone.await?, Vec::new()));
        }
        let drawn = match self.shared(order, &refund, (&payments, others)).await? {
            Some(drawn) => drawn,
            None => draw(refund.minor(), &payments, others),
        };
        let unit = |payment: &Intent| self.0.payments.unit_minor(payment);
        if let Some(unit) = too_small(&drawn, &payments, unit) {
            let unit = Money::new(unit, refund.currency);
            let said = format!("the provider of the payment gives back multiples of {unit} alone");
            return Err(Error::conflict(codes::PAYMENT_REFUSED, said));
        }
        let sum = drawn
            .iter()
            .map(|one| one.minor)
            .fold(0, i64::saturating_add);
        let rest = refund.minor().saturating_sub(sum);
        if rest > 0 {
            let bound = bound_minor(&payments, &drawn, others);
            let means = self.means_of(order.id, (rest, bound)).await?;
            if means == Means::StoreCredit {
                give_credit(commit, ask, order, (&refund, rest))?;
            }
            let gone = self.at_once(commit, ask, ((order, place), refund), (rest, means));
            refund = gone.await?;
        }
        if drawn.is_empty() {
            return Ok((refund, Vec::new()));
        }
        let command = Command::Draw(drawn);
        let left = Left::of(order.currency, &order.money, others).ok_or_else(lost)?;
        let events = decide(Some(&refund), &command, &left, POLICY).map_err(refused)?;
        let refund = tell(commit, ask, (order, place), (Some(refund), &events))?;
        let each = refund.drawn.iter().map(|drawn| {
            let state = pay::Giving::of(&refund, place, *drawn);
            let saga = Saga::new(&pay::REFUND, refund.order.uid(), &state)?;
            Ok(saga.begin(&self.0.random, commit))
        });
        let begun = each.collect::<Result<Vec<_>>>()?;
        Ok((refund, begun))
    }

    /// From which payments of an order a refund is given back, where its bill was shared.
    async fn shared(
        &self,
        order: &Order,
        refund: &Refund,
        (payments, others): (&[Intent], &[Refund]),
    ) -> Result<Option<Vec<Drawn>>> {
        if !payments.iter().any(|payment| payment.covers.is_part()) {
            return Ok(None);
        }
        let held = self.find(order.id).await?.held;
        let cash = match held.cash_part {
            Some(_) => self.cash_taken(order.id).await?,
            None => 0,
        };
        let parts = parts::of(&held, payments);
        Ok(parts.map(|parts| draw_shared(refund, &parts, others, cash)))
    }

    /// Money that goes back in the commit itself: nobody outside has to be asked. Where it is all of the refund, the commit
    /// issues its credit note.
    async fn at_once(
        &self,
        commit: &mut Commit,
        ask: &Ask,
        (scene, refund): ((&Order, i64), Refund),
        (minor, means): (i64, Means),
    ) -> Result<Refund> {
        let moved = Command::Execute(Moved {
            attempt: None,
            minor,
        });
        let order = scene.0;
        let left = Left::of(order.currency, &order.money, &[]).ok_or_else(lost)?;
        let events = decide(Some(&refund), &moved, &left, POLICY).map_err(refused)?;
        let (about, amount) = (About::Refund(refund.id), Money::new(minor, refund.currency));
        let given = Transaction::refund_executed(order.id, about, &means, amount);
        if !base::planted("cash_refund_not_posted") {
            ledger::post(commit, ask, &given.map_err(unbalanced)?)?;
        }
        let refund = tell(commit, ask, scene, (Some(refund), &events))?;
        let by = match means {
            Means::StoreCredit => By::StoreCredit,
            Means::Cash | Means::Provider(_) => By::Cash,
        };
        let now = Some(Back { by, minor });
        self.issue_note(commit, ask, (order, &refund), now).await?;
        Ok(refund)
    }

    /// Has a commit give so much besides refunds, if one person may decide it alone together with all that was given back
    /// of the order, and given for it before.
    pub(super) async fn alone(&self, commit: &mut Commit, order: &Order, minor: i64) -> Result<()> {
        let turn = rows::turn(&self.0.db, order.id).await.at()?;
        rows::take_turn(commit, order.id, turn);
        let Some(most) = self.alone_minor(order).await? else {
            return Ok(());
        };
        let all = rows::of_order(&self.0.db, order.id).await.at()?;
        let left = Left::of(order.currency, &order.money, &all).ok_or_else(lost)?;
        let sum = left.given().saturating_add(minor);
        match sum <= most {
            true => Ok(()),
            false => Err(Error::forbidden(
                codes::FORBIDDEN,
                "another person has to agree to so much: ask for a refund to credit",
            )),
        }
    }

    /// Nobody gets back more than was taken for the order and not given back. What became credit of what vouchers bind is
    /// given back, though it is not told by any payment.
    async fn is_there(
        &self,
        refund: &Refund,
        (payments, others): (&[Intent], &[Refund]),
    ) -> Result<()> {
        let posted = self.0.ledger.of_order(refund.order).await?;
        let (mut cash, mut credit) = (0_i64, 0_i64);
        for one in posted.iter().map(|one| &one.transaction) {
            cash = cash.saturating_add(one.on(&Account::Cash));
            // What was paid with credit goes back by an attempt, as that of any payment.
            let is_attempt = matches!(one.about(), About::Attempt(_));
            if one.kind() == Kind::RefundExecuted && !is_attempt {
                let given = one.on(&Account::StoreCredit).saturating_neg();
                credit = credit.saturating_add(given);
            }
        }
        let kept = kept_minor(payments, others).saturating_add(cash);
        match refund.minor() <= kept.saturating_sub(credit) {
            true => Ok(()),
            false => Err(refused(Refusal::Amount)),
        }
    }

    /// By which means goes back at once what no payment gives back: in cash, as far as that has all of it. Where more is
    /// left, and bound in meal vouchers that give back all or nothing, all of it becomes credit of the diner.
    async fn means_of(&self, order: OrderId, (rest, bound): (i64, i64)) -> Result<Means> {
        let cash = self.cash_taken(order).await?;
        match rest.saturating_sub(cash) {
            left if left <= 0 => Ok(Means::Cash),
            left if left <= bound => Ok(Means::StoreCredit),
            _ => Err(refused(Refusal::Amount)),
        }
    }

    /// What was taken for an order in cash and not given back.
    async fn cash_taken(&self, order: OrderId) -> Result<i64> {
        let posted = self.0.ledger.of_order(order).await?;
        let cash = posted.iter().map(|one| one.transaction.on(&Account::Cash));
        Ok(cash.fold(0, i64::saturating_add))
    }

    /// Up to how much of an order one person may give back alone, with what was given for it besides refunds taken off.
    async fn alone_minor(&self, order: &Order) -> Result<Option<i64>> {
        let rules = self.rules(order.restaurant).await?.rules;
        let Some(most) = rules.refunds_alone(order.currency) else {
            return Ok(None);
        };
        let posted = self.0.ledger.of_order(order.id).await?;
        let posted = posted.iter().map(|one| &one.transaction);
        let credit = posted.filter(|one| one.kind() == Kind::CreditGiven);
        let credit = credit.map(|one| one.on(&Account::StoreCredit));
        // What is owed stands below zero.
        Ok(Some(credit.fold(most, i64::saturating_add)))
    }
}

/// The smallest amount that a provider moves, where a part is no multiple of it: nobody could give that back.
fn too_small(
    drawn: &[Drawn],
    payments: &[Intent],
    unit_minor: impl Fn(&Intent) -> i64,
) -> Option<i64> {
    drawn.iter().find_map(|one| {
        let payment = payments.iter().find(|payment| payment.id == one.payment)?;
        let unit = unit_minor(payment);
        (one.minor % unit != 0).then_some(unit)
    })
}

/// Has a commit add so much of a refund to the diner's credit.
fn give_credit(
    commit: &mut Commit,
    ask: &Ask,
    order: &Order,
    (refund, minor): (&Refund, i64),
) -> Result<()> {
    let entry = credits::entry(order, minor, refund.reason.name())?;
    let of = (refund.id.uid(), credit::What::Refunded);
    credit::give(commit, ask, of, &entry)?;
    Ok(())
}

/// Who bears what is given back, if whoever asks may say so.
pub(super) fn bearer(said: Option<BearerName>, granted: &Granted) -> Result<Bearer> {
    let bearer = said.map_or(Bearer::Restaurant, Bearer::from);
    may_say(bearer, granted)?;
    Ok(bearer)
}

/// Refuses that somebody else than the restaurant bears it, where nobody acts for the platform.
fn may_say(bearer: Bearer, granted: &Granted) -> Result<()> {
    match bearer == Bearer::Restaurant || granted.acting {
        true => Ok(()),
        false => Err(Error::forbidden(
            codes::FORBIDDEN,
            "only the platform says that somebody else than the restaurant bears it",
        )),
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

#[track_caller]
fn refused(refusal: Refusal) -> Error {
    if refusal == Refusal::SamePerson {
        return Error::forbidden(codes::FORBIDDEN, refusal.to_string());
    }
    Error::conflict(codes::PAYMENT_REFUSED, refusal.to_string())
}

#[track_caller]
fn lost() -> Error {
    Error::internal(codes::DAMAGED, "events of a refund that do not follow")
}

#[cfg(test)]
mod tests {
    use base::{Currency, Uid};
    use trade::payments::{Covers, State as Stands};

    use super::*;

    #[test]
    fn what_a_provider_cannot_give_back_is_not_granted() {
        let id = Uid::from_bytes([1; 16]);
        let payment = Intent {
            id: id.into(),
            order: id.into(),
            currency: Currency::HUF,
            minor: 254_900,
            covers: Covers::Any,
            voucher: None,
            authorised_minor: 254_900,
            captured_minor: 254_900,
            refunded_minor: 0,
            state: Stands::Captured,
            code: None,
            attempts: Vec::new(),
            version: 4,
        };
        let drawn = |minor| Drawn {
            payment: id.into(),
            minor,
        };
        let payments = [payment];
        let found = |minors: [i64; 2], unit| {
            let drawn = minors.map(drawn);
            too_small(&drawn, &payments, |_| unit)
        };
        assert_eq!(found([100, 254_800], 100), None);
        assert_eq!(found([100, 50], 100), Some(100));
        assert_eq!(found([101, 50], 1), None);
    }
}
