//! What is left of an order to be given back.

use std::collections::BTreeMap;

use base::{Currency, Money};

use super::types::{Part, Refund};
use crate::orders::{LineKey, MoneyLine};
use domain::pricing::{Funder, Kind, spread};

/// What was paid for an order and is not given back yet, line by line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Left {
    currency: Currency,
    /// By line; what belongs to no line is under none.
    parts: BTreeMap<Option<LineKey>, Paid>,
    paid: i64,
    given: i64,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Paid {
    /// What the diner pays.
    minor: i64,
    /// What the platform pays of the price.
    funded: i64,
    /// The tax of both.
    tax: i64,
    /// What is given back.
    given: i64,
    /// The tax in that.
    taxed: i64,
}

impl Left {
    /// What is left of an order that has these lines after these refunds, which are all of it.
    /// `None` where an amount does not fit.
    #[must_use]
    pub fn of(currency: Currency, lines: &[MoneyLine], refunds: &[Refund]) -> Option<Self> {
        let mut left = Self {
            currency,
            parts: BTreeMap::new(),
            paid: 0,
            given: 0,
        };
        for line in lines {
            let part = left.parts.entry(line.line.clone()).or_default();
            if line.kind.is_paid() {
                part.minor = part.minor.checked_add(line.minor)?;
                left.paid = left.paid.checked_add(line.minor)?;
            }
            match line.kind {
                Kind::TaxAdded | Kind::TaxIncluded => {
                    part.tax = part.tax.checked_add(line.minor)?;
                }
                Kind::Discount(Funder::Platform) => {
                    part.funded = part.funded.checked_sub(line.minor)?;
                }
                Kind::Item
                | Kind::Option
                | Kind::DeliveryFee
                | Kind::SmallOrderFee
                | Kind::ServiceFee
                | Kind::PackagingFee
                | Kind::PaymentFee
                | Kind::Tip
                | Kind::TipFor(_)
                | Kind::Discount(Funder::Restaurant | Funder::Brand) => {}
            }
        }
        for refund in refunds.iter().filter(|refund| refund.counts()) {
            for given in &refund.parts {
                let part = left.parts.entry(given.line.clone()).or_default();
                part.given = part.given.checked_add(given.minor)?;
                part.taxed = part.taxed.checked_add(given.tax_minor)?;
                left.given = left.given.checked_add(given.minor)?;
            }
        }
        Some(left)
    }

    /// What all amounts are in.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// What is given back already, or about to be.
    #[must_use]
    pub const fn given(&self) -> i64 {
        self.given
    }

    /// What is left of the whole order. Never below zero.
    #[must_use]
    pub fn minor(&self) -> i64 {
        self.paid.saturating_sub(self.given).max(0)
    }

    /// What is left of a line; of none, what is left of fees and the tip. Never below zero.
    #[must_use]
    pub fn of_line(&self, line: Option<&LineKey>) -> i64 {
        let paid = self.parts.get(&line.cloned());
        let left = paid.map_or(0, |paid| paid.minor.saturating_sub(paid.given));
        left.clamp(0, self.minor())
    }

    /// Whether the order has such a line.
    pub(super) fn has(&self, line: Option<&LineKey>) -> bool {
        line.is_none() || self.parts.contains_key(&line.cloned())
    }

    /// All lines, and none for the rest.
    pub(super) fn lines(&self) -> impl Iterator<Item = Option<&LineKey>> {
        self.parts.keys().map(Option::as_ref)
    }

    /// Takes so much of a line, which has as much left.
    pub(super) fn take(&mut self, line: Option<&LineKey>, minor: i64) -> Option<Part> {
        let currency = self.currency;
        let paid = self.parts.get_mut(&line.cloned())?;
        paid.given = paid.given.checked_add(minor)?;
        let whole = paid.tax_of(paid.given, currency)?;
        // Where a refund beside an earlier one was declined, that may have a cent more or less than this comes to.
        let tax_minor = whole.checked_sub(paid.taxed)?.clamp(0, minor);
        paid.taxed = paid.taxed.checked_add(tax_minor)?;
        self.given = self.given.checked_add(minor)?;
        Some(Part {
            line: line.cloned(),
            minor,
            tax_minor,
        })
    }
}

impl Paid {
    /// The tax in so much of it. What every refund gets is this less what others have, so that whatever is given back in
    /// however many parts has the tax that it has as a whole.
    fn tax_of(&self, given: i64, currency: Currency) -> Option<i64> {
        let price = self.minor.checked_add(self.funded)?;
        let rest = price.checked_sub(given)?;
        let weights = [u64::try_from(given).ok()?, u64::try_from(rest).ok()?];
        if weights == [0, 0] {
            return Some(0);
        }
        // Options below zero may be taxed less than what they lower, so that there is more tax than price; then all of
        // the price is tax, and no refund has more tax in it than it has money.
        let tax = Money::new(self.tax.clamp(0, price.max(0)), currency);
        let tax = spread(tax, &weights);
        tax.first().map(|tax| tax.minor())
    }
}
