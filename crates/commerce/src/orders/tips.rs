//! Tips that are given after an order was placed. Each is a payment of its own, held and taken at once, beside the bill of
//! the order: what the order costs, and what is given back of it, does not know of them.

use axum::extract::State;
use base::{Error, Money, Result, codes};
use domain::people::PersonId;
use edge::{Answer, Caller, Criticality, Json, Path, Rate, Routes};
use engine::sagas::Saga;
use http::{Method, StatusCode};
use slice::{Ask, wrong};
use store::Commit;
use trade::ledger::Transaction;
use trade::orders::{Actor, Command, Facts, Order, OrderId, Refusal, Tip};
use trade::payments::{Covers, PaymentId};

use super::app::App;
use super::change::{Along, Means};
use super::http::{CHANGE_WITHIN, OfOrder, diner, person};
use super::place::unbalanced;
use super::priced::refusal;
use super::tip_pay::{TIP, Tipping};
use super::view::{Method as By, TipAsked, TipView};
use crate::ledger;
use crate::payments::Begin;

impl App {
    /// Gives a tip for an order, as whoever placed it says.
    async fn give_tip(
        &self,
        ask: &Ask,
        (person, id): (PersonId, OrderId),
        asked: &TipAsked,
    ) -> Result<TipView> {
        let currency = self.find_own(person, id).await?.order.currency;
        let amount = asked.amount(currency)?;
        let means = means(asked, person)?;
        self.settled(ask, (id, "orders.tip"), &(id, asked), || async {
            let stored = self.find(id).await?;
            let (order, recipient) = (&stored.order, asked.recipient());
            let taken = order.rules.tip(order.service, recipient);
            taken.map_err(|why| no_tips(why, ("amount", "recipient")))?;
            self.affords(order, (&means, amount)).await?;
            let house = id.organisation();
            let payment = PaymentId::make(&self.0.clock, &self.0.random, house);
            let command = Command::Tip {
                payment,
                minor: amount.minor(),
                recipient,
            };
            let facts = Facts::new(Actor::Diner, self.0.clock.now());
            let wanted = (&command, &means);
            let (commit, moved) = self.moved_with(ask, (&stored, &facts), wanted).await?;
            let view = shown(&moved.order, payment)?;
            Ok((commit, view, moved.begun.into_iter().collect()))
        })
        .await
    }

    /// Whether there is so much credit, where that is what pays. The guard of the commit lets nobody spend it twice.
    async fn affords(&self, order: &Order, (means, amount): (&Means, Money)) -> Result<()> {
        let Some(person) = means.credit else {
            return Ok(());
        };
        let whose = (order.id.organisation(), person);
        let has = self.0.credit.balance(whose, amount.currency()).await?;
        if has.minor() >= amount.minor() {
            return Ok(());
        }
        let said = "there is not so much credit";
        Err(refusal().field("payment", codes::PAYMENT_REFUSED, said))
    }

    /// Begins to ask for the money of a tip.
    pub(super) fn ask_for_tip(
        &self,
        commit: &mut Commit,
        ask: &Ask,
        (order, tip): (&Order, &Tip),
        along: &mut Along<'_>,
    ) -> Result<()> {
        let saga = Saga::new(&TIP, order.id.uid(), &Tipping::of(order, tip))?;
        let begun = saga.begin(&self.0.random, commit);
        let begin = Begin {
            payment: tip.payment,
            order: order.id,
            restaurant: order.restaurant,
            amount: Money::new(tip.minor, order.currency),
            covers: Covers::Tip,
            voucher: None,
            token: along.means.token.clone(),
            return_url: along.means.return_url.clone(),
            saga: Some(begun.id),
        };
        let payments = &self.0.payments;
        match along.means.credit {
            Some(person) => payments.begin_with_credit(commit, &begin, (ask, person))?,
            None => payments.begin(commit, &begin)?,
        };
        along.begun = Some(begun);
        Ok(())
    }

    /// A tip that was taken is owed to those for whom it is.
    pub(super) fn book_tip(
        &self,
        commit: &mut Commit,
        ask: &Ask,
        (order, payment): (&Order, PaymentId),
    ) -> Result<()> {
        let tip = order.tip(payment).ok_or_else(lost)?;
        let amount = Money::new(tip.minor, order.currency);
        let owed = Transaction::tip(order.id, payment, tip.recipient, amount);
        ledger::post(commit, ask, &owed.map_err(unbalanced)?)
    }
}

/// Why a restaurant takes no tip, or none for those who were named, by the fields that say it.
pub(super) fn no_tips(why: Refusal, (amount, recipient): (&str, &str)) -> Error {
    let field = match why {
        Refusal::NoTipsFor(_) => recipient,
        _ => amount,
    };
    refusal().field(field, "no_tips", why.to_string())
}

/// What a tip is paid with.
fn means(asked: &TipAsked, person: PersonId) -> Result<Means> {
    let payment = &asked.payment;
    if payment.has_amount() {
        return Err(wrong("payment", "the tip itself says how much"));
    }
    let credit = match payment.method() {
        By::Cash => return Err(wrong("payment", "a tip in cash is given by hand")),
        By::MealVoucher => return Err(wrong("payment", "meal vouchers pay no tips")),
        By::Card => None,
        By::StoreCredit => Some(person),
    };
    Ok(Means {
        token: payment.token()?,
        return_url: payment.return_url(),
        credit,
    })
}

fn shown(order: &Order, payment: PaymentId) -> Result<TipView> {
    let tip = order.tip(payment).ok_or_else(lost)?;
    Ok(TipView::of(order, tip))
}

#[track_caller]
fn lost() -> Error {
    Error::internal(codes::DAMAGED, "an event of a tip that does not follow")
}

/// The route of tips.
pub(super) fn routes() -> Routes<App> {
    Routes::new().add(
        diner(Method::POST, "/api/orders/{order}/tips", "orders.tip")
            .about("Give a tip for an order that the caller has placed and that was accepted")
            .rate(Rate::Orders)
            .criticality(Criticality::Normal)
            .deadline(CHANGE_WITHIN)
            .path::<OfOrder>()
            .takes::<TipAsked>()
            .answers::<TipView>(StatusCode::CREATED)
            .fails(&[
                codes::FORBIDDEN,
                codes::NOT_FOUND,
                codes::ORDER_CLOSED,
                codes::ORDER_MOVED,
                codes::ORDER_REFUSED,
            ])
            .handler(give),
    )
}

async fn give(
    State(app): State<App>,
    caller: Caller,
    ask: Ask,
    Path(of): Path<OfOrder>,
    Json(asked): Json<TipAsked>,
) -> Answer<(StatusCode, Json<TipView>)> {
    let which = (person(&caller)?, of.order);
    let given = app.give_tip(&ask, which, &asked).await?;
    Ok((StatusCode::CREATED, Json(given)))
}
