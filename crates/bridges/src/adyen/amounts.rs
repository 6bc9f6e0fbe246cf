//! Amounts as Adyen counts them: in minor units, of which some currencies have others than the standard says.

use base::{Currency, Money};
use serde::{Deserialize, Serialize};

use crate::said::{Reason, Said};

/// Currencies that Adyen counts with another number of digits than ISO 4217.
const OTHERWISE: [(Currency, u32); 4] = [
    (Currency::CLP, 2),
    (Currency::CVE, 0),
    (Currency::IDR, 0),
    (Currency::ISK, 2),
];

/// An amount as it stands in messages.
#[derive(Serialize, Deserialize, Debug)]
pub(super) struct Amount {
    pub(super) currency: String,
    pub(super) value: i64,
}

/// Writes an amount that is above zero.
pub(super) fn write(money: Money) -> Said<Amount> {
    let currency = money.currency();
    let (ours, theirs) = digits(currency);
    let minor = money.minor();
    let value = if theirs >= ours {
        minor.checked_mul(10_i64.pow(theirs - ours))
    } else {
        let parts = 10_i64.pow(ours - theirs);
        (minor % parts == 0).then_some(minor / parts)
    };
    match value.filter(|value| *value > 0) {
        Some(value) => Ok(Amount {
            currency: currency.code().to_owned(),
            value,
        }),
        None => Err(Reason::AmountInvalid.refuse(currency.code())),
    }
}

/// Reads an amount back.
pub(super) fn read(amount: &Amount) -> Option<Money> {
    let currency: Currency = amount.currency.parse().ok()?;
    let (ours, theirs) = digits(currency);
    let minor = if ours >= theirs {
        amount.value.checked_mul(10_i64.pow(ours - theirs))?
    } else {
        let parts = 10_i64.pow(theirs - ours);
        (amount.value % parts == 0).then_some(amount.value / parts)?
    };
    Some(Money::new(minor, currency))
}

/// The smallest amount that Adyen moves.
pub(super) fn unit_minor(currency: Currency) -> i64 {
    let (ours, theirs) = digits(currency);
    10_i64.pow(ours.saturating_sub(theirs))
}

fn digits(currency: Currency) -> (u32, u32) {
    let ours = u32::from(currency.exponent());
    let otherwise = OTHERWISE.iter().find(|(known, _)| *known == currency);
    (ours, otherwise.map_or(ours, |(_, theirs)| *theirs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_counted_as_adyen_counts_them() {
        for (minor, currency, value) in [
            (2_549, Currency::EUR, Some(2_549)),
            (2_549, Currency::JPY, Some(2_549)),
            (25_490, Currency::TND, Some(25_490)),
            (1_000, Currency::ISK, Some(100_000)),
            (1_000, Currency::CLP, Some(100_000)),
            (100_000, Currency::IDR, Some(1_000)),
            (100_050, Currency::IDR, None),
            (2_500, Currency::CVE, Some(25)),
            (i64::MAX, Currency::ISK, None),
            (0, Currency::EUR, None),
            (-5, Currency::EUR, None),
        ] {
            let written = write(Money::new(minor, currency)).ok();
            assert_eq!(
                written.as_ref().map(|it| it.value),
                value,
                "{minor} {currency}"
            );
            if let Some(written) = written {
                assert_eq!(read(&written), Some(Money::new(minor, currency)));
            }
        }
    }

    #[test]
    fn what_is_smaller_than_the_unit_is_not_written() {
        for (currency, unit) in [
            (Currency::EUR, 1),
            (Currency::JPY, 1),
            (Currency::ISK, 1),
            (Currency::IDR, 100),
            (Currency::CVE, 100),
        ] {
            assert_eq!(unit_minor(currency), unit, "{currency}");
            assert!(write(Money::new(unit, currency)).is_ok());
            assert!(write(Money::new(unit + unit / 2, currency)).is_ok() == (unit == 1));
        }
    }

    #[test]
    fn amounts_that_are_none_are_not_read() {
        for (currency, value) in [("XXX", 1), ("eur", 1), ("ISK", 150), ("IDR", i64::MAX)] {
            let currency = currency.to_owned();
            assert_eq!(read(&Amount { currency, value }), None);
        }
    }
}
