//! Transactions: the constructors, each of which sums to zero or is refused.

use std::collections::BTreeMap;

use base::{Currency, Money, Uid};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::account::{Account, Bearer};
use super::means::Means;
use super::sale;
use super::what::{About, Kind};
use super::{ChangeId, SettlementId, TransactionId};
use crate::orders::{MoneyLine, OrderId};
use crate::payments::{PaymentId, ProviderName, RefundId};
use domain::pricing::Recipient;

/// An amount on an account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posting {
    /// Where.
    pub account: Account,
    /// How much, in minor units: above zero a debit, below zero a credit.
    pub minor: i64,
}

/// Why there is no such transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// Its postings do not add up to zero, or two are on one account.
    #[error("the postings of a transaction, one for each account, must add up to zero")]
    Unbalanced,
    /// An amount does not fit.
    #[error("an amount of a transaction does not fit")]
    TooMuch,
    /// Its amounts are in several currencies.
    #[error("a transaction is in one currency")]
    Mixed,
    /// What moves is below zero.
    #[error("what is taken, given back or paid out cannot be below zero")]
    Negative,
    /// The tax is more than what is given back.
    #[error("the tax in a refund is a part of it")]
    TaxAbove,
}

/// What is given back, as it was decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Granting {
    /// Which refund.
    pub refund: RefundId,
    /// All of it.
    pub amount: Money,
    /// The tax in it, which is owed to the state no more.
    pub tax: Money,
    /// Who bears it.
    pub bearer: Bearer,
}

/// Postings that add up to zero.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Transaction {
    kind: Kind,
    about: About,
    order: Option<OrderId>,
    currency: Currency,
    postings: Vec<Posting>,
}

/// A transaction as it is read, before anything is known of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    kind: Kind,
    about: About,
    order: Option<OrderId>,
    currency: Currency,
    postings: Vec<Posting>,
}

impl TryFrom<Written> for Transaction {
    type Error = Refusal;

    fn try_from(written: Written) -> Result<Self, Refusal> {
        let Written {
            kind,
            about,
            order,
            currency,
            postings,
        } = written;
        Self::read((kind, about), order, currency, postings)
    }
}

impl Transaction {
    /// An order is placed: the diner owes what is to be paid for these lines.
    ///
    /// # Errors
    /// The lines are too much.
    pub fn sale(order: OrderId, currency: Currency, lines: &[MoneyLine]) -> Result<Self, Refusal> {
        let mut draft = Draft::new(currency);
        sale::owe(&mut draft, lines)?;
        draft.done(Kind::Sale, About::Order(order), Some(order))
    }

    /// An order comes to nothing before anything else happened to it: the sale the other way round.
    ///
    /// # Errors
    /// The lines are too much.
    pub fn unsale(
        order: OrderId,
        currency: Currency,
        lines: &[MoneyLine],
    ) -> Result<Self, Refusal> {
        let sale = Self::sale(order, currency, lines)?;
        Self::unwind(order, currency, &[sale])
    }

    /// An order comes to nothing: takes back whatever is owed for it after these transactions, which are all of it.
    /// What remains on the account of the diner is what was taken of him and not given back.
    ///
    /// # Errors
    /// One is in another currency, or too much.
    pub fn unwind(order: OrderId, currency: Currency, posted: &[Self]) -> Result<Self, Refusal> {
        let mut draft = Draft::new(currency);
        let owed = posted.iter().filter(|posted| posted.kind.is_owed());
        for one in owed {
            draft.reverse(one)?;
        }
        draft.done(Kind::Unsale, About::Order(order), Some(order))
    }

    /// The lines of an order are changed: the diner owes the new ones instead of the old ones.
    ///
    /// # Errors
    /// The lines are too much.
    pub fn changed(
        (order, change): (OrderId, ChangeId),
        currency: Currency,
        before: &[MoneyLine],
        after: &[MoneyLine],
    ) -> Result<Self, Refusal> {
        let mut draft = Draft::new(currency);
        draft.reverse(&Self::sale(order, currency, before)?)?;
        sale::owe(&mut draft, after)?;
        draft.done(Kind::Change, About::Change(change), Some(order))
    }

    /// A tip that was given after the order was placed is paid: it is owed to those who serve. What the diner owes for it
    /// was taken of him.
    ///
    /// # Errors
    /// It is below zero, or too much.
    pub fn tip(
        order: OrderId,
        payment: PaymentId,
        recipient: Option<Recipient>,
        amount: Money,
    ) -> Result<Self, Refusal> {
        let mut draft = Draft::new(amount.currency());
        let account = recipient.map_or(Account::Tips, Account::TipsFor);
        draft.move_to(Account::Diner, account, amount)?;
        draft.done(Kind::Tip, About::Payment(payment), Some(order))
    }

    /// Money was taken for an order. It is about the attempt that took it; of cash, about the order.
    ///
    /// # Errors
    /// It is below zero, or too much.
    pub fn captured(
        order: OrderId,
        about: About,
        means: &Means,
        amount: Money,
    ) -> Result<Self, Refusal> {
        let mut draft = Draft::new(amount.currency());
        draft.move_to(means.account(), Account::Diner, amount)?;
        draft.done(Kind::Captured, about, Some(order))
    }

    /// Money is to be given back: it is owed to the diner from now on.
    ///
    /// # Errors
    /// It is below zero, in two currencies, or the tax is more than all of it.
    pub fn refund_granted(order: OrderId, granting: &Granting) -> Result<Self, Refusal> {
        let Granting {
            refund,
            amount,
            tax,
            bearer,
        } = granting;
        if tax.currency() != amount.currency() {
            return Err(Refusal::Mixed);
        }
        if tax.minor() > amount.minor() {
            return Err(Refusal::TaxAbove);
        }
        let rest = amount.minus(*tax).map_err(money)?;
        let mut draft = Draft::new(amount.currency());
        draft.move_to(Account::Tax, Account::Diner, *tax)?;
        draft.move_to(Account::Refunds(*bearer), Account::Diner, rest)?;
        draft.done(Kind::RefundGranted, About::Refund(*refund), Some(order))
    }

    /// Money was given back, by these means. It is about the attempt that did it; without one, about the refund or order.
    ///
    /// # Errors
    /// It is below zero, or too much.
    pub fn refund_executed(
        order: OrderId,
        about: About,
        means: &Means,
        amount: Money,
    ) -> Result<Self, Refusal> {
        let mut draft = Draft::new(amount.currency());
        draft.move_to(Account::Diner, means.account(), amount)?;
        draft.done(Kind::RefundExecuted, about, Some(order))
    }

    /// A diner gets credit that is no refund of what he paid.
    ///
    /// # Errors
    /// It is below zero, or too much.
    pub fn credit_given(
        order: Option<OrderId>,
        about: About,
        bearer: Bearer,
        amount: Money,
    ) -> Result<Self, Refusal> {
        let mut draft = Draft::new(amount.currency());
        draft.move_to(Account::Refunds(bearer), Account::StoreCredit, amount)?;
        draft.done(Kind::CreditGiven, about, order)
    }

    /// A provider has paid out all of this but its fee.
    ///
    /// # Errors
    /// An amount is below zero or too much, or they are in two currencies.
    pub fn settled(
        settlement: SettlementId,
        provider: &ProviderName,
        gross: Money,
        fee: Money,
    ) -> Result<Self, Refusal> {
        let net = gross.minus(fee).map_err(money)?;
        let from = Account::Provider(provider.clone());
        let mut draft = Draft::new(gross.currency());
        draft.move_to(Account::Bank, from.clone(), net)?;
        draft.move_to(Account::ProviderFees, from, fee)?;
        draft.done(Kind::Settled, About::Settlement(settlement), None)
    }

    /// A transaction as it was stored.
    ///
    /// # Errors
    /// It is none: its postings do not add up to zero, or an account is there twice.
    pub fn read(
        (kind, about): (Kind, About),
        order: Option<OrderId>,
        currency: Currency,
        mut postings: Vec<Posting>,
    ) -> Result<Self, Refusal> {
        postings.sort_by(|one, other| one.account.cmp(&other.account));
        let is_twice = postings.windows(2).any(|two| match two {
            [one, other] => one.account == other.account,
            _ => false,
        });
        let sum = postings
            .iter()
            .try_fold(0_i64, |sum, posting| sum.checked_add(posting.minor))
            .ok_or(Refusal::TooMuch)?;
        if (sum != 0 && !base::planted("books_unbalanced")) || is_twice {
            return Err(Refusal::Unbalanced);
        }
        Ok(Self {
            kind,
            about,
            order,
            currency,
            postings,
        })
    }

    /// Its id, which says what happened to what: the same thing that happened twice would have the same id twice.
    #[must_use]
    pub fn id(&self) -> TransactionId {
        const KEPT: usize = 10;
        let about = self.about.uid();
        let name = self.kind.name().as_bytes();
        let digest = digest(&SHA256, &[about.as_bytes(), name].concat());
        let mut bytes = *about.as_bytes();
        // Time and organisation are those of what it is about; only the chance in it becomes another.
        for (byte, digest) in bytes.iter_mut().skip(KEPT).zip(digest.as_ref()) {
            *byte = *digest;
        }
        Uid::from_bytes(bytes).into()
    }

    /// What happened.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What it happened to.
    #[must_use]
    pub const fn about(&self) -> About {
        self.about
    }

    /// The order that it belongs to.
    #[must_use]
    pub const fn order(&self) -> Option<OrderId> {
        self.order
    }

    /// The currency of all postings.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// The postings, one for each account; none is zero.
    #[must_use]
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }

    /// What stands on an account by it, in minor units.
    #[must_use]
    pub fn on(&self, account: &Account) -> i64 {
        let found = self.postings.iter().find(|one| one.account == *account);
        found.map_or(0, |posting| posting.minor)
    }
}

/// A transaction in the making: what stands on each account.
pub(super) struct Draft {
    currency: Currency,
    accounts: BTreeMap<Account, i64>,
}

impl Draft {
    fn new(currency: Currency) -> Self {
        Self {
            currency,
            accounts: BTreeMap::new(),
        }
    }

    /// An amount in the currency of the transaction.
    pub(super) const fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    /// Debits an account; what is below zero credits it.
    pub(super) fn debit(&mut self, account: Account, amount: Money) -> Result<(), Refusal> {
        if amount.currency() != self.currency {
            return Err(Refusal::Mixed);
        }
        let on = self.accounts.entry(account).or_insert(0);
        *on = on.checked_add(amount.minor()).ok_or(Refusal::TooMuch)?;
        Ok(())
    }

    /// Credits an account.
    pub(super) fn credit(&mut self, account: Account, amount: Money) -> Result<(), Refusal> {
        self.debit(account, amount.negate().map_err(money)?)
    }

    fn move_to(&mut self, to: Account, from: Account, amount: Money) -> Result<(), Refusal> {
        if amount.minor() < 0 {
            return Err(Refusal::Negative);
        }
        self.debit(to, amount)?;
        self.credit(from, amount)
    }

    fn reverse(&mut self, posted: &Transaction) -> Result<(), Refusal> {
        for posting in &posted.postings {
            let amount = Money::new(posting.minor, posted.currency);
            self.credit(posting.account.clone(), amount)?;
        }
        Ok(())
    }

    fn done(
        self,
        kind: Kind,
        about: About,
        order: Option<OrderId>,
    ) -> Result<Transaction, Refusal> {
        let is_kept =
            |account: &Account| *account != Account::Tax || !base::planted("books_unbalanced");
        let postings = self.accounts.into_iter();
        let postings = postings.filter(|(account, minor)| *minor != 0 && is_kept(account));
        let postings = postings.map(|(account, minor)| Posting { account, minor });
        Transaction::read((kind, about), order, self.currency, postings.collect())
    }
}

fn money(error: base::money::Error) -> Refusal {
    match error {
        base::money::Error::Mixed { .. } => Refusal::Mixed,
        base::money::Error::Overflow
        | base::money::Error::Malformed
        | base::money::Error::TooFine { .. }
        | base::money::Error::NoWeight => Refusal::TooMuch,
    }
}
