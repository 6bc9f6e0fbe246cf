//! What stands on the accounts after many transactions.

use std::collections::BTreeMap;

use base::{Currency, Money};

use super::account::Account;
use super::transaction::{Refusal, Transaction};

/// The sums of all accounts, by currency.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Sums(BTreeMap<(Currency, Account), i64>);

impl Sums {
    /// The sums of these transactions.
    ///
    /// # Errors
    /// A sum does not fit.
    pub fn of<'a>(posted: impl IntoIterator<Item = &'a Transaction>) -> Result<Self, Refusal> {
        let mut sums = Self::default();
        for one in posted {
            sums.add(one)?;
        }
        Ok(sums)
    }

    /// Adds one transaction.
    ///
    /// # Errors
    /// A sum does not fit.
    pub fn add(&mut self, posted: &Transaction) -> Result<(), Refusal> {
        for posting in posted.postings() {
            let key = (posted.currency(), posting.account.clone());
            let sum = self.0.entry(key).or_insert(0);
            *sum = sum.checked_add(posting.minor).ok_or(Refusal::TooMuch)?;
        }
        Ok(())
    }

    /// What stands on an account.
    #[must_use]
    pub fn on(&self, account: &Account, currency: Currency) -> Money {
        let found = self.0.get(&(currency, account.clone()));
        Money::new(found.copied().unwrap_or(0), currency)
    }

    /// What diners owe; below zero, what is owed to them.
    #[must_use]
    pub fn owed(&self, currency: Currency) -> Money {
        self.on(&Account::Diner, currency)
    }

    /// All accounts that were posted to, by currency and account.
    pub fn iter(&self) -> impl Iterator<Item = (&Account, Money)> {
        let sums = self.0.iter();
        sums.map(|((currency, account), minor)| (account, Money::new(*minor, *currency)))
    }

    /// What all accounts of each currency add up to: zero, or the books are wrong.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<Currency, i128> {
        let mut totals = BTreeMap::new();
        for ((currency, _), minor) in &self.0 {
            let total: &mut i128 = totals.entry(*currency).or_insert(0);
            *total = total.saturating_add(i128::from(*minor));
        }
        totals
    }

    /// Whether the accounts of each currency add up to zero.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.totals().values().all(|total| *total == 0)
    }
}
