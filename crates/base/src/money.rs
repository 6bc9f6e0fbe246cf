//! Money: an exact number of a currency's smallest units.
//!
//! There are no floats. What does not fit and what mixes currencies is an error, never a wrapped or a
//! guessed amount. Amounts may be negative: a discount or a refund is money too.

#![warn(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing
)]

mod allocate;
mod decimal;

use std::fmt;

use crate::{Currency, Ratio, Rounding, codes};

/// An amount in the smallest units of its currency: 2549 of EUR is 25.49 euros.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Says why there is no such money.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    /// The amount does not fit into 64 bits of minor units.
    Overflow,
    /// The two amounts are of different currencies.
    Mixed {
        /// The currency of the first amount.
        left: Currency,
        /// The currency of the second amount.
        right: Currency,
    },
    /// The text is not a plain decimal number.
    Malformed,
    /// The text has more digits after the point than the currency.
    TooFine {
        /// The currency that the amount should be in.
        currency: Currency,
    },
    /// Money was to be shared out by weights of which none is above zero.
    NoWeight,
}

impl Money {
    /// Takes an amount in minor units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Gives no money, in this currency.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Gives the amount in minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// Gives the currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Adds another amount of the same currency.
    ///
    /// # Errors
    ///
    /// Refuses another currency and a sum that does not fit.
    pub fn plus(self, other: Self) -> Result<Self, Error> {
        self.same_currency(other)?;
        self.with(self.minor.checked_add(other.minor))
    }

    /// Subtracts another amount of the same currency.
    ///
    /// # Errors
    ///
    /// Refuses another currency and a difference that does not fit.
    pub fn minus(self, other: Self) -> Result<Self, Error> {
        self.same_currency(other)?;
        self.with(self.minor.checked_sub(other.minor))
    }

    /// Turns the sign round.
    ///
    /// # Errors
    ///
    /// Refuses the one amount that has no counterpart, the lowest of all.
    pub fn negate(self) -> Result<Self, Error> {
        self.with(self.minor.checked_neg())
    }

    /// Multiplies by a quantity.
    ///
    /// # Errors
    ///
    /// Refuses a product that does not fit.
    pub fn times(self, quantity: i64) -> Result<Self, Error> {
        self.with(self.minor.checked_mul(quantity))
    }

    /// Multiplies by a ratio and rounds once, at the end.
    ///
    /// # Errors
    ///
    /// Refuses a product that does not fit.
    pub fn scale(self, ratio: Ratio, rounding: Rounding) -> Result<Self, Error> {
        self.with(ratio.of(self.minor, rounding))
    }

    /// Adds up amounts of one currency; of none at all the sum is zero.
    ///
    /// # Errors
    ///
    /// Refuses amounts of another currency and a sum that does not fit.
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, Error> {
        amounts
            .into_iter()
            .try_fold(Self::zero(currency), Self::plus)
    }

    fn same_currency(self, other: Self) -> Result<(), Error> {
        let (left, right) = (self.currency, other.currency);
        if left == right {
            Ok(())
        } else {
            Err(Error::Mixed { left, right })
        }
    }

    fn with(self, minor: Option<i64>) -> Result<Self, Error> {
        minor
            .map(|minor| Self::new(minor, self.currency))
            .ok_or(Error::Overflow)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overflow => f.write_str("the amount of money is too large"),
            Self::Mixed { left, right } => {
                write!(f, "amounts in {left} and in {right} cannot be put together")
            }
            Self::Malformed => f.write_str("an amount must be a decimal number such as 25.49"),
            Self::TooFine { currency } => match currency.exponent() {
                0 => write!(f, "an amount in {currency} has no digits after the point"),
                digits => {
                    write!(
                        f,
                        "an amount in {currency} has at most {digits} digits after the point"
                    )
                }
            },
            Self::NoWeight => f.write_str("money cannot be shared out when every share is zero"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for crate::Error {
    #[track_caller]
    fn from(error: Error) -> Self {
        let code = match error {
            Error::Overflow => codes::MONEY_OVERFLOW,
            Error::Mixed { .. } => codes::CURRENCY_MIXED,
            Error::Malformed | Error::TooFine { .. } => codes::AMOUNT_MALFORMED,
            Error::NoWeight => codes::WEIGHTS_EMPTY,
        };
        Self::invalid(code, error.to_string()).caused_by(error)
    }
}
