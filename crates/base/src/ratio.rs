//! Exact ratios and the four ways to round: how money is multiplied by a part of a whole.

#![warn(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing
)]

use crate::{Error, codes};

const BASIS_POINTS_PER_WHOLE: i64 = 10_000;

/// A fraction with a denominator above zero, such as a tax rate; it is never a float.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ratio {
    numerator: i64,
    denominator: i64,
}

impl Ratio {
    /// Takes a fraction as it stands, without reducing it.
    ///
    /// # Errors
    ///
    /// Refuses a denominator that is not above zero.
    pub fn new(numerator: i64, denominator: i64) -> Result<Self, Error> {
        if denominator <= 0 {
            let message = "the denominator of a ratio must be above zero";
            return Err(Error::invalid(codes::RATIO_MALFORMED, message));
        }
        Ok(Self {
            numerator,
            denominator,
        })
    }

    /// Takes hundredths of a percent: 1900 is 19 %.
    pub const fn basis_points(basis_points: i64) -> Self {
        Self {
            numerator: basis_points,
            denominator: BASIS_POINTS_PER_WHOLE,
        }
    }

    /// Multiplies a number and rounds the product, or gives nothing when it is out of range.
    pub(crate) fn of(self, number: i64, rounding: Rounding) -> Option<i64> {
        // The product of two 64-bit numbers always fits into 128 bits, so nothing is lost here.
        let product = i128::from(number).checked_mul(i128::from(self.numerator))?;
        let rounded = rounding.divide(product, i128::from(self.denominator))?;
        i64::try_from(rounded).ok()
    }
}

/// What becomes of a part of a minor unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rounding {
    /// To the nearest, and from the middle away from zero: 2.5 to 3, -2.5 to -3.
    HalfUp,
    /// To the nearest, and from the middle to the even neighbour: 2.5 to 2, 3.5 to 4.
    HalfEven,
    /// Towards zero: 2.9 to 2, -2.9 to -2.
    Down,
    /// Away from zero: 2.1 to 3, -2.1 to -3.
    Up,
}

impl Rounding {
    fn divide(self, product: i128, denominator: i128) -> Option<i128> {
        let towards_zero = product.checked_div(denominator)?;
        let rest = product.checked_rem(denominator)?.unsigned_abs();
        if rest == 0 {
            return Some(towards_zero);
        }
        // The rest is below the denominator, which has 63 bits, so twice the rest cannot overflow.
        let beside_middle = rest.checked_mul(2)?.cmp(&denominator.unsigned_abs());
        let is_odd = towards_zero.checked_rem(2)? != 0;
        let away = match self {
            Self::HalfUp => beside_middle.is_ge(),
            Self::HalfEven => beside_middle.is_gt() || beside_middle.is_eq() && is_odd,
            Self::Down => false,
            Self::Up => true,
        };
        let step = if away { product.signum() } else { 0 };
        towards_zero.checked_add(step)
    }
}
