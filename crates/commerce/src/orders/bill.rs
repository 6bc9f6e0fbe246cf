//! How an order is paid when it is placed: by one means, by several of which each gives its part, or by several people who
//! share the bill.

use base::{Currency, Error, Money, Result, codes};
use domain::people::PersonId;
use engine::sagas::{Begun, Saga};
use rpc::providers::Token;
use slice::wrong;
use store::Commit;
use trade::orders::{LineKey, MoneyLine, Order, Paying, Placing, Refusal, Rules, Tab};
use trade::payments::{CashPart, Covers, PaymentId, Voucher, split};

use super::app::App;
use super::pay::{self, Paid, Share};
use super::place::Wish;
use super::priced::{Priced, Scene, refusal};
use super::store::Held;
use super::view::{Method, PaymentAsked, SplitAsked};
use crate::payments::{Begin, Known};

/// What each of the means gives, and what is left to be paid in cash.
#[derive(Default)]
pub(super) struct Bill {
    parts: Vec<Part>,
    cash: i64,
    /// What of it meal vouchers pay.
    vouchers_minor: i64,
    /// What of a bill that is shared that is.
    cash_part: Option<CashPart>,
}

/// What one of the means gives that is there before the order is shown.
struct Part {
    minor: i64,
    covers: Covers,
    voucher: Option<Voucher>,
    token: Option<Token>,
    return_url: Option<String>,
    /// Whether it is credit.
    is_credit: bool,
}

impl Bill {
    /// How sure the money of such an order is.
    fn paying(&self) -> Paying {
        match self.parts.is_empty() && self.cash > 0 {
            true => Paying::OnDelivery,
            false => Paying::Waiting,
        }
    }
}

impl App {
    /// What an order costs, and by which means it is paid. What it costs to pay in cash is taken where something is left to
    /// be paid so.
    pub(super) async fn costed(
        &self,
        wish: &Wish<'_>,
        (scene, keys): (&Scene, &[LineKey]),
    ) -> Result<(Priced, Placing, Bill)> {
        let rules = self.rules(scene.restaurant.id).await?.rules;
        let said = wish.asked.in_cash()?;
        let mut in_cash = said.unwrap_or_default();
        loop {
            let wanted = (wish.customer(), keys);
            let priced = self.priced((scene, wish.asked, in_cash), wanted).await?;
            let mut placing = self.placing(wish, scene, (&priced, keys, rules))?;
            let total = priced.quote.totals.total;
            placing.tab = tab(wish, &rules, total.currency())?;
            let bill = match placing.tab {
                Some(_) if base::planted("tab_held_short") => {
                    let hold_minor = total.minor();
                    Bill::of_tab(wish, Tab { hold_minor })?
                }
                Some(tab) => Bill::of_tab(wish, tab.for_total(total.minor()))?,
                None => self.bill(wish, (total, &placing)).await?,
            };
            let is_left = said.is_none() && !in_cash && bill.cash > 0;
            if is_left && scene.has_cash_fee(wish.asked.service()) {
                in_cash = true;
                continue;
            }
            placing.vouchers_minor = bill.vouchers_minor;
            placing.paying = match wish.customer() {
                Some(_) => bill.paying(),
                // Also where nothing is to be paid yet: a change may cost more.
                None => Paying::OnDelivery,
            };
            return Ok((priced, placing, bill));
        }
    }

    /// What each of the means gives of a total. One of them may leave out how much: it gives the rest.
    pub(super) async fn bill(
        &self,
        wish: &Wish<'_>,
        (total, placing): (Money, &Placing),
    ) -> Result<Bill> {
        let asked = wish.asked.payments()?;
        if let Some(shared) = &wish.asked.split {
            let wanted = (total, placing.money.as_slice());
            return self.shared_bill(wish, shared, wanted).await;
        }
        let mut said = Vec::with_capacity(asked.len());
        for part in asked {
            said.push(part.amount(total.currency())?);
        }
        let fixed = said.iter().flatten().map(|amount| amount.minor());
        let fixed = fixed.fold(0, i64::saturating_add);
        let mut left = total.minor().saturating_sub(fixed);
        if left < 0 {
            return Err(not_all());
        }
        let mut bill = Bill::default();
        // Credit gives the rest only as far as there is some, so another of the means may have to give what is left then.
        let (credit, others): (Vec<_>, Vec<_>) = asked
            .iter()
            .zip(said)
            .partition(|(part, _)| part.method() == Method::StoreCredit);
        for (part, amount) in credit {
            let house = wish.asked.restaurant_id.organisation();
            let has = self
                .0
                .credit
                .balance((house, wish.person), total.currency());
            let has = has.await?.minor();
            let minor = match amount {
                Some(amount) if amount.minor() > has => return Err(short()),
                Some(amount) => amount.minor(),
                None => left.min(has),
            };
            left = left.saturating_sub(amount.map_or(minor, |_| 0));
            bill.add(part, minor)?;
        }
        let (vouchers, others): (Vec<_>, Vec<_>) = others
            .into_iter()
            .partition(|(part, _)| part.method() == Method::MealVoucher);
        left = self.vouchers(&mut bill, &vouchers, (left, placing))?;
        for (part, amount) in others {
            let minor = amount.map_or(left, Money::minor);
            left = left.saturating_sub(amount.map_or(minor, |_| 0));
            bill.add(part, minor)?;
        }
        match left {
            0 => Ok(bill),
            _ if vouchers.iter().any(|(_, amount)| amount.is_none()) => {
                let most = Money::new(bill.vouchers_minor, total.currency());
                Err(no_vouchers(Refusal::Vouchers(most)))
            }
            _ => Err(not_all()),
        }
    }

    /// Adds what meal vouchers give, and answers what is left for others. One that does not say how much gives all that
    /// vouchers may pay.
    fn vouchers(
        &self,
        bill: &mut Bill,
        asked: &[(&PaymentAsked, Option<Money>)],
        (left, placing): (i64, &Placing),
    ) -> Result<i64> {
        if asked.is_empty() {
            return Ok(left);
        }
        let sold = (placing.lines.as_slice(), placing.money.as_slice());
        let most = placing.rules.vouchers_up_to(placing.currency, sold);
        let most = most.map_err(no_vouchers)?;
        let voucher = self.0.payments.vouchers().ok_or_else(not_supported)?;
        let fixed = asked.iter().filter_map(|(_, amount)| *amount);
        let fixed = fixed.map(Money::minor).fold(0, i64::saturating_add);
        let free = most.saturating_sub(fixed);
        if free < 0 {
            let most = Money::new(most, placing.currency);
            return Err(no_vouchers(Refusal::Vouchers(most)));
        }
        let mut left = left;
        for (part, amount) in asked {
            let minor = amount.map_or(free.min(left), Money::minor);
            left = left.saturating_sub(amount.map_or(minor, |_| 0));
            bill.vouchers_minor = bill.vouchers_minor.saturating_add(minor);
            bill.add_voucher(part, (minor, voucher))?;
        }
        Ok(left)
    }

    /// What each pays of a bill that is shared. All parts together are all of it, to the last cent.
    async fn shared_bill(
        &self,
        wish: &Wish<'_>,
        asked: &SplitAsked,
        (total, money): (Money, &[MoneyLine]),
    ) -> Result<Bill> {
        let currency = total.currency();
        let amounts = split(currency, money, &asked.how(total)?);
        let amounts = amounts.map_err(|refusal| wrong("split", refusal.to_string()))?;
        let mut bill = Bill::default();
        for (part, amount) in asked.parts.iter().zip(amounts) {
            let house = wish.asked.restaurant_id.organisation();
            if part.payment.method() == Method::StoreCredit {
                let has = self.0.credit.balance((house, wish.person), currency);
                if has.await?.minor() < amount.minor() {
                    return Err(short());
                }
            }
            bill.add_part((&part.payment, part.covers()?), amount.minor())?;
        }
        Ok(bill)
    }

    /// Begins to ask for the money of an order that is not paid when it is handed over. Answers the saga that does, and how the
    /// first payment stands when all of it is stored.
    pub(super) fn begin_payments(
        &self,
        wish: &Wish<'_>,
        commit: &mut Commit,
        (order, held, bill): (&Order, &mut Held, Bill),
    ) -> Result<Option<(Begun, Option<Known>)>> {
        if order.paying != Paying::Waiting {
            return Ok(None);
        }
        held.cash = bill.cash > 0;
        held.cash_part = bill.cash_part;
        let house = order.id.organisation();
        let shares = bill.parts.iter().map(|part| Share {
            payment: PaymentId::make(&self.0.clock, &self.0.random, house),
            minor: part.minor,
        });
        let shares: Vec<Share> = shares.collect();
        let mut payments = shares.iter().map(|share| share.payment);
        (held.payment, held.more) = (payments.next(), payments.collect());
        let paid = Paid::of(order, shares.clone());
        let begun = Saga::new(&pay::PLACE, order.id.uid(), &paid)?.begin(&self.0.random, commit);
        let mut first = None;
        for (part, share) in bill.parts.into_iter().zip(shares) {
            let begin = Begin {
                payment: share.payment,
                order: order.id,
                restaurant: order.restaurant,
                amount: Money::new(share.minor, order.currency),
                covers: part.covers,
                voucher: part.voucher,
                token: part.token,
                return_url: part.return_url,
                saga: Some(begun.id),
            };
            let person: PersonId = wish.person;
            let payments = &self.0.payments;
            let known = match part.is_credit {
                true => payments.begin_with_credit(commit, &begin, (wish.ask, person))?,
                false => payments.begin(commit, &begin)?,
            };
            first = first.or(Some(known));
        }
        Ok(Some((begun, first)))
    }
}

/// The tab that an order opens, if it opens one.
fn tab(wish: &Wish<'_>, rules: &Rules, currency: Currency) -> Result<Option<Tab>> {
    let hold = wish.asked.hold(currency)?;
    if !wish.asked.tab {
        return Ok(None);
    }
    let wanted = (hold.map(Money::minor), currency);
    Ok(Some(rules.tab(wish.asked.service(), wanted)?))
}

impl Bill {
    /// What is held of a tab: by one card, which pays whatever it comes to.
    fn of_tab(wish: &Wish<'_>, tab: Tab) -> Result<Self> {
        let [card] = wish.asked.payments()? else {
            return Err(Refusal::TabCard.into());
        };
        let is_card = card.method() == Method::Card && !card.has_amount();
        if !is_card || wish.asked.split.is_some() {
            return Err(Refusal::TabCard.into());
        }
        let mut bill = Bill::default();
        bill.add(card, tab.hold_minor)?;
        Ok(bill)
    }

    /// Adds what one pays of a bill that is shared.
    fn add_part(&mut self, (part, covers): (&PaymentAsked, Covers), minor: i64) -> Result<()> {
        if part.method() != Method::Cash {
            self.add(part, minor)?;
            if let Some(added) = self.parts.last_mut() {
                added.covers = covers;
            }
            return Ok(());
        }
        self.cash = self.cash.saturating_add(minor);
        let cash = self.cash_part.get_or_insert(CashPart {
            covers: Covers::Share,
            minor: 0,
        });
        cash.minor = cash.minor.saturating_add(minor);
        cash.covers = match (&cash.covers, covers) {
            (Covers::Lines(before), Covers::Lines(lines)) => {
                Covers::Lines(before.iter().cloned().chain(lines).collect())
            }
            (_, covers) => covers,
        };
        Ok(())
    }

    /// Adds what a meal voucher pays, which is given back so.
    fn add_voucher(&mut self, part: &PaymentAsked, (minor, voucher): (i64, Voucher)) -> Result<()> {
        self.add(part, minor)?;
        if let Some(added) = self.parts.last_mut().filter(|_| minor > 0) {
            added.voucher = Some(voucher);
        }
        Ok(())
    }

    fn add(&mut self, part: &PaymentAsked, minor: i64) -> Result<()> {
        match part.method() {
            // One of the means that gives nothing is not asked.
            _ if minor == 0 => {}
            Method::Cash => self.cash = self.cash.saturating_add(minor),
            Method::Card | Method::StoreCredit | Method::MealVoucher => self.parts.push(Part {
                minor,
                covers: Covers::Any,
                voucher: None,
                token: part.token()?,
                return_url: part.return_url(),
                is_credit: part.method() == Method::StoreCredit,
            }),
        }
        Ok(())
    }
}

#[track_caller]
fn not_all() -> Error {
    wrong("payments", "the amounts add up to the total of the order")
}

/// Why meal vouchers do not pay it, or not so much.
#[track_caller]
fn no_vouchers(why: Refusal) -> Error {
    let code = match why {
        Refusal::NoVouchers => "no_vouchers",
        Refusal::Vouchers(_) => "vouchers_too_much",
        _ => return why.into(),
    };
    refusal().field("payments", code, why.to_string())
}

#[track_caller]
fn not_supported() -> Error {
    let said = "no payment provider takes meal vouchers here";
    refusal().field("payments", "vouchers_not_supported", said)
}

#[track_caller]
fn short() -> Error {
    refusal().field(
        "payments",
        codes::PAYMENT_REFUSED,
        "there is not so much credit",
    )
}
