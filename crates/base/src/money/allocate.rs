//! Sharing money out by weights, by the method of the largest remainder.

use super::{Error, Money};

/// What one weight gets: whole units first, and of the few units left over perhaps one.
struct Share {
    place: usize,
    units: u128,
    remainder: u128,
}

impl Money {
    /// Shares the amount out by weights, so that the shares add up to it exactly.
    ///
    /// Every share is within one minor unit of the exact one. Left-over units go to the largest
    /// remainders, and among equal ones to the first. A weight of zero gets nothing. A negative amount
    /// is shared out like its counterpart.
    ///
    /// # Errors
    ///
    /// Refuses to share by no weights, or by weights that are all zero.
    pub fn allocate(self, weights: &[u64]) -> Result<Vec<Self>, Error> {
        let whole = u128::from(self.minor.unsigned_abs());
        let mut shares = shares(whole, weights).ok_or(Error::NoWeight)?;
        let given = shares.iter().map(|share| share.units).sum();
        let left_over = whole.saturating_sub(given);
        // The sort is stable, which is what makes the first of equal remainders win.
        shares.sort_by_key(|share| std::cmp::Reverse(share.remainder));
        for (share, _) in shares.iter_mut().zip(0..left_over) {
            share.units = share.units.saturating_add(1);
        }
        shares.sort_by_key(|share| share.place);
        shares
            .into_iter()
            .map(|share| self.signed_like(share.units))
            .collect()
    }

    fn signed_like(self, units: u128) -> Result<Self, Error> {
        let units = i128::try_from(units).map_err(|_| Error::Overflow)?;
        let minor = units.checked_mul(i128::from(self.minor.signum()));
        self.with(minor.and_then(|minor| i64::try_from(minor).ok()))
    }
}

/// Gives every weight its whole units, or nothing when there is nothing to divide by.
fn shares(whole: u128, weights: &[u64]) -> Option<Vec<Share>> {
    let total: u128 = weights.iter().copied().map(u128::from).sum();
    let share = |(place, weight): (usize, &u64)| {
        // At most 2^63 times 2^64: within 128 bits.
        let product = whole.checked_mul(u128::from(*weight))?;
        let units = product.checked_div(total)?;
        let remainder = product.checked_rem(total)?;
        Some(Share {
            place,
            units,
            remainder,
        })
    };
    if weights.is_empty() {
        return None;
    }
    weights.iter().enumerate().map(share).collect()
}
