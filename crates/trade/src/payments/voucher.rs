//! Payments with meal vouchers, of which some providers give back all or nothing.

use serde::{Deserialize, Serialize};

use super::{Intent, PaymentId};

/// A meal voucher, by what its provider gives back of what it has paid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Voucher {
    /// Any part of it.
    Parts,
    /// All that was taken, or nothing.
    Whole,
}

/// What is given back of an order that costs less, after its money was taken.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Less {
    /// How much through which payments.
    pub parts: Vec<(PaymentId, i64)>,
    /// What no payment gives back: it is bound in vouchers that give back all or nothing.
    pub bound_minor: i64,
}

impl Intent {
    /// Whether it is paid with a meal voucher.
    #[must_use]
    pub const fn is_voucher(&self) -> bool {
        self.voucher.is_some()
    }

    /// Whether its provider gives back all that was taken, or nothing.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.voucher == Some(Voucher::Whole)
    }

    /// What it gives back where so much is wanted and so much of it is free.
    pub(crate) fn gives(&self, wanted: i64, free: i64) -> i64 {
        match self.is_whole() {
            false => free.min(wanted).max(0),
            true if free == self.captured_minor && free <= wanted => free.max(0),
            true => 0,
        }
    }
}

/// What these payments pay, where each is counted so and meal vouchers pay so much at most.
#[must_use]
pub fn paid_by<'a>(
    payments: impl Iterator<Item = &'a Intent>,
    vouchers_minor: i64,
    count: impl Fn(&Intent) -> i64,
) -> i64 {
    let (mut vouchers, mut others) = (0_i64, 0_i64);
    for payment in payments {
        let sum = match payment.is_voucher() {
            true => &mut vouchers,
            false => &mut others,
        };
        *sum = sum.saturating_add(count(payment));
    }
    others.saturating_add(vouchers.min(vouchers_minor))
}

/// Through which payments so much is given back, the first ones first, where meal vouchers are to pay so much less of the
/// order, and so much of it still. What they are to pay less comes from them; else they give last, and only of what they
/// still pay: what they have besides is bound by other changes. `None` where not so much was taken.
#[must_use]
pub fn less<'a>(
    minor: i64,
    payments: impl Iterator<Item = &'a Intent>,
    (above, still): (i64, i64),
) -> Option<Less> {
    let payments: Vec<&Intent> = payments.collect();
    let free = |payment: &&Intent| payment.refundable_minor();
    let sum = |minors: &mut dyn Iterator<Item = i64>| minors.fold(0, i64::saturating_add);
    let (vouchers, others): (Vec<&Intent>, Vec<&Intent>) =
        payments.iter().partition(|one| one.is_voucher());
    let paid = sum(&mut vouchers.iter().map(free));
    let has = sum(&mut others.iter().map(free));
    let above = above.min(paid.saturating_sub(still)).min(minor).max(0);
    let kept = paid.saturating_sub(above).min(still);
    let rest = minor.saturating_sub(above);
    if has.saturating_add(kept) < rest {
        return None;
    }
    let mut given = vec![0_i64; payments.len()];
    let bound = give(above, (&payments, &mut given), Intent::is_voucher);
    let rest = give(rest, (&payments, &mut given), |one| !one.is_voucher());
    let rest = give(rest, (&payments, &mut given), Intent::is_voucher);
    let parts = payments.iter().map(|one| one.id).zip(given);
    Some(Less {
        parts: parts.filter(|(_, minor)| *minor > 0).collect(),
        bound_minor: bound.saturating_add(rest),
    })
}

/// Has those who are asked give what they can of an amount, and answers what they cannot.
fn give(
    minor: i64,
    (payments, given): (&[&Intent], &mut [i64]),
    is_asked: impl Fn(&Intent) -> bool,
) -> i64 {
    let mut left = minor;
    for (payment, given) in payments.iter().zip(given) {
        if is_asked(payment) {
            let free = payment.refundable_minor().saturating_sub(*given);
            let part = payment.gives(left, free);
            *given = given.saturating_add(part);
            left = left.saturating_sub(part);
        }
    }
    left
}
