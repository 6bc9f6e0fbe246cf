//! What of an order's bill a payment is for, and how much each of several gives of what is to be paid, or given back.
//!
//! Of a bill that is shared by lines, what belongs to a line is paid, and given back, by whom it belongs to. What belongs to
//! no line, fees and the tip, and all of a bill that is shared otherwise, is everybody's in the proportion of what each pays.

use base::{Currency, Money};
use serde::{Deserialize, Serialize};

use super::{Act, Intent, PaymentId, State};
use crate::orders::{LineKey, MoneyLine};
use domain::pricing::spread;

/// What of an order's bill a payment is for.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Covers {
    /// Whatever is to be paid: the bill is not shared.
    #[default]
    Any,
    /// A part of everything.
    Share,
    /// These lines, with their part of what belongs to no line.
    Lines(Vec<LineKey>),
    /// Nothing of the bill: it is a tip that was given later.
    Tip,
}

/// What of a shared bill is paid where the order is handed over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CashPart {
    /// What it is for.
    pub covers: Covers,
    /// How much, when the bill was shared, in minor units.
    pub minor: i64,
}

/// Some of an amount: so much of a line, or of what belongs to none.
pub type Piece<'a> = (Option<&'a LineKey>, i64);

/// Those who pay a bill that is shared.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    payments: Vec<&'a Intent>,
    cash: Option<&'a CashPart>,
}

/// One of those who pay, and how much it can give at most.
struct Party<'a> {
    covers: &'a Covers,
    minor: i64,
    has: i64,
}

impl Covers {
    /// Whether it is a part of a bill that is shared.
    #[must_use]
    pub const fn is_part(&self) -> bool {
        match self {
            Self::Any | Self::Tip => false,
            Self::Share | Self::Lines(_) => true,
        }
    }

    /// The lines that it is for; none where it is not for single ones.
    #[must_use]
    pub fn lines(&self) -> &[LineKey] {
        match self {
            Self::Any | Self::Share | Self::Tip => &[],
            Self::Lines(lines) => lines,
        }
    }

    /// Whether it is a tip beside the bill.
    #[must_use]
    pub const fn is_tip(&self) -> bool {
        matches!(self, Self::Tip)
    }

    pub(super) const fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }
}

impl<'a> Parts<'a> {
    /// Those who pay, in the order in which they are used. Nothing where the bill is not shared.
    #[must_use]
    pub fn of(
        payments: impl Iterator<Item = &'a Intent>,
        cash: Option<&'a CashPart>,
    ) -> Option<Self> {
        let payments: Vec<&Intent> = payments.collect();
        let is_shared = payments.iter().any(|payment| payment.covers.is_part());
        is_shared.then_some(Parts { payments, cash })
    }

    /// What is to be taken from each, of what it holds.
    #[must_use]
    pub fn taken(&self, currency: Currency, money: &[MoneyLine]) -> Vec<(PaymentId, i64)> {
        let given = self.give(currency, &pieces(money), Intent::capturable_minor, i64::MAX);
        self.named(&given)
    }

    /// What is to be paid in cash where it is handed over.
    #[must_use]
    pub fn cash(&self, currency: Currency, money: &[MoneyLine]) -> i64 {
        let given = self.give(currency, &pieces(money), took, i64::MAX);
        let cash = self.cash.and_then(|_| given.last());
        cash.copied().unwrap_or(0)
    }

    /// What each is to be given back of what was taken, because less is to be paid than before.
    #[must_use]
    pub fn less(
        &self,
        currency: Currency,
        (was, money): (&[MoneyLine], &[MoneyLine]),
    ) -> Vec<(PaymentId, i64)> {
        let before = self.give(currency, &pieces(was), took, i64::MAX);
        let after = self.give(currency, &pieces(money), took, i64::MAX);
        let less = before.iter().zip(after);
        let less: Vec<i64> = less
            .map(|(before, after)| before.saturating_sub(after).max(0))
            .collect();
        let named = self.named(&less).into_iter();
        named.filter(|(_, minor)| *minor > 0).collect()
    }

    /// From which of them so much is given back, where each has so much left to give, and so much was paid in cash. What is
    /// not in it is cash.
    #[must_use]
    pub fn drawn(
        &self,
        currency: Currency,
        pieces: &[Piece<'_>],
        (has, cash): (impl Fn(&Intent) -> i64, i64),
    ) -> Vec<(PaymentId, i64)> {
        let given = self.give(currency, pieces, has, cash);
        let named = self.named(&given).into_iter();
        named.filter(|(_, minor)| *minor > 0).collect()
    }

    fn named(&self, given: &[i64]) -> Vec<(PaymentId, i64)> {
        let payments = self.payments.iter().map(|payment| payment.id);
        payments.zip(given.iter().copied()).collect()
    }

    /// What each gives, cash as the last.
    fn give(
        &self,
        currency: Currency,
        pieces: &[Piece<'_>],
        has: impl Fn(&Intent) -> i64,
        cash: i64,
    ) -> Vec<i64> {
        let payments = self.payments.iter().map(|payment| Party {
            covers: &payment.covers,
            minor: payment.minor,
            has: has(payment),
        });
        let cash = self.cash.map(|part| Party {
            covers: &part.covers,
            minor: part.minor,
            has: cash,
        });
        let parties: Vec<Party<'_>> = payments.chain(cash).collect();
        apportion(currency, pieces, &parties)
    }
}

impl Intent {
    /// What stays with it, but for what a refund of somebody gives back: what it has taken, or is about to, after what was
    /// given back because less was to be paid.
    #[must_use]
    pub fn kept_minor(&self) -> i64 {
        if matches!(self.state, State::Cancelled | State::Failed) {
            return 0;
        }
        let given = self.done(Act::Refund);
        let given = given.filter(|attempt| attempt.refund.is_none());
        took(self).saturating_sub(sum(given.map(|attempt| attempt.minor)))
    }
}

/// What a payment has taken, or is about to.
fn took(intent: &Intent) -> i64 {
    match intent.captured_minor {
        0 => intent.authorised_minor,
        taken => taken,
    }
}

/// What is to be paid, line by line.
fn pieces(money: &[MoneyLine]) -> Vec<Piece<'_>> {
    let paid = money.iter().filter(|line| line.kind.is_paid());
    paid.map(|line| (line.line.as_ref(), line.minor)).collect()
}

/// How much of these pieces each of the parties gives. Together they give all of it, as long as they have it.
///
/// What is as much as was shared is shared as it was. Else each gives for what is his, as far as he has it, and what is
/// nobody's, as lines that came later are, is given by the first who have more than that: by those who share nothing before
/// the others.
fn apportion(currency: Currency, pieces: &[Piece<'_>], parties: &[Party<'_>]) -> Vec<i64> {
    let total = sum(pieces.iter().map(|(_, minor)| *minor)).max(0);
    let shared = sum(parties.iter().map(|party| party.minor));
    let wanted = match total == shared {
        true => parties.iter().map(|party| party.minor).collect(),
        false => wanted(currency, pieces, parties),
    };
    let mut left = total;
    let mut given: Vec<i64> = Vec::with_capacity(parties.len());
    for (party, wanted) in parties.iter().zip(wanted) {
        let minor = wanted.min(party.has).min(left).max(0);
        left = left.saturating_sub(minor);
        given.push(minor);
    }
    // Who shares nothing has paid what came later.
    for is_part in [false, true] {
        let all = parties.iter().zip(&mut given);
        for (party, given) in all.filter(|(party, _)| party.covers.is_part() == is_part) {
            let more = party.has.saturating_sub(*given).min(left).max(0);
            *given = given.saturating_add(more);
            left = left.saturating_sub(more);
        }
    }
    given
}

/// What each should give, however much that is.
fn wanted(currency: Currency, pieces: &[Piece<'_>], parties: &[Party<'_>]) -> Vec<i64> {
    let owner = |line: &LineKey| {
        let mut parties = parties.iter();
        parties.position(|party| party.covers.lines().contains(line))
    };
    let mut all = parties.iter();
    let is_by_lines = all.any(|party| !party.covers.lines().is_empty());
    let mut wanted = vec![0_i64; parties.len()];
    let mut common = 0_i64;
    for (line, minor) in pieces {
        let owner = line.and_then(owner);
        match owner.and_then(|owner| wanted.get_mut(owner)) {
            Some(wanted) => *wanted = wanted.saturating_add(*minor),
            // It came later, and is nobody's.
            None if line.is_some() && is_by_lines => {}
            None => common = common.saturating_add(*minor),
        }
    }
    let weights = parties.iter().map(|party| match party.covers.is_part() {
        true => u64::try_from(party.minor).unwrap_or(0),
        false => 0,
    });
    let weights: Vec<u64> = weights.collect();
    let shares = spread(Money::new(common, currency), &weights);
    let each = wanted.into_iter().zip(shares);
    each.map(|(wanted, share)| wanted.saturating_add(share.minor()))
        .collect()
}

/// What was bounded by a bill when it was made fits.
fn sum(minor: impl Iterator<Item = i64>) -> i64 {
    minor.fold(0, i64::saturating_add)
}
