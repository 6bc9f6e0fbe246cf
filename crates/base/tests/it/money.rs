//! Money: checked arithmetic, reading and printing.

use base::money::Error;
use base::{Currency, Kind, Money, codes};
use proptest::prelude::*;

const EUR: Currency = Currency::EUR;

fn euros(minor: i64) -> Money {
    Money::new(minor, EUR)
}

fn any_minor() -> impl Strategy<Value = i64> {
    let edges = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
    prop_oneof![
        any::<i64>(),
        prop::sample::select(edges.to_vec()),
        -1_000..1_000_i64
    ]
}

fn any_currency() -> impl Strategy<Value = Currency> {
    prop::sample::select(Currency::TABLE)
}

#[test]
fn amounts_print_with_the_digits_of_their_currency() {
    let table = [
        (2_549, Currency::EUR, "25.49"),
        (5, Currency::EUR, "0.05"),
        (-5, Currency::EUR, "-0.05"),
        (0, Currency::EUR, "0.00"),
        (2_549, Currency::JPY, "2549"),
        (0, Currency::JPY, "0"),
        (25_490, Currency::KWD, "25.490"),
        (1, Currency::CLF, "0.0001"),
        (i64::MIN, Currency::EUR, "-92233720368547758.08"),
        (i64::MAX, Currency::JPY, "9223372036854775807"),
    ];
    for (minor, currency, text) in table {
        let money = Money::new(minor, currency);
        assert_eq!(money.amount(), text);
        assert_eq!(Money::parse(text, currency), Ok(money));
        assert_eq!(money.to_string(), format!("{text} {currency}"));
        assert_eq!(format!("{money:?}"), format!("{text} {currency}"));
    }
}

#[test]
fn fewer_digits_are_read() {
    for (text, minor) in [
        ("25", 2_500),
        ("25.4", 2_540),
        ("-0", 0),
        ("0.5", 50),
        ("-1", -100),
    ] {
        assert_eq!(Money::parse(text, EUR), Ok(euros(minor)), "{text}");
    }
}

#[test]
fn what_is_no_amount_is_refused() {
    let malformed = [
        "", "-", ".", "25.", ".5", "-.5", "+5", "--5", " 5", "5 ", "1e3", "1,5", "1_000", "007",
        "00", "-01", "0x1", "5.-1", "1.2.3", "٥", "∞",
    ];
    for text in malformed {
        assert_eq!(Money::parse(text, EUR), Err(Error::Malformed), "{text}");
    }
    for (text, currency) in [
        ("1.000", EUR),
        ("1.0", Currency::JPY),
        ("1.0000", Currency::KWD),
    ] {
        assert_eq!(
            Money::parse(text, currency),
            Err(Error::TooFine { currency }),
            "{text}"
        );
    }
    for text in [
        "92233720368547758.08",
        "-92233720368547758.09",
        "99999999999999999999999",
    ] {
        assert_eq!(Money::parse(text, EUR), Err(Error::Overflow), "{text}");
    }
}

#[test]
fn currencies_do_not_mix() {
    let mixed = Err(Error::Mixed {
        left: EUR,
        right: Currency::USD,
    });
    let dollars = Money::new(1, Currency::USD);
    assert_eq!(euros(1).plus(dollars), mixed);
    assert_eq!(euros(1).minus(dollars), mixed);
    assert_eq!(Money::sum(EUR, [euros(1), dollars]), mixed);
    assert_ne!(euros(1), dollars);
}

#[test]
fn sums_add_up() {
    assert_eq!(Money::sum(EUR, []), Ok(euros(0)));
    assert_eq!(
        Money::sum(EUR, [euros(2_549), euros(-49), euros(0)]),
        Ok(euros(2_500))
    );
    assert_eq!(
        Money::sum(EUR, [euros(i64::MAX), euros(1)]),
        Err(Error::Overflow)
    );
}

#[test]
fn json_is_an_amount_and_a_currency() {
    let json = r#"{"amount":"25.49","currency":"EUR"}"#;
    assert_eq!(serde_json::to_string(&euros(2_549)).unwrap(), json);
    assert_eq!(serde_json::from_str::<Money>(json).unwrap(), euros(2_549));
    let refused = [
        r#"{"amount":25.49,"currency":"EUR"}"#,
        r#"{"amount":"25.490","currency":"EUR"}"#,
        r#"{"amount":"25.49","currency":"eur"}"#,
        r#"{"amount":"25.49","currency":"EUR","minor":1}"#,
        r#"{"amount":"25.49"}"#,
        r#""25.49 EUR""#,
    ];
    for json in refused {
        assert!(serde_json::from_str::<Money>(json).is_err(), "{json}");
    }
}

#[test]
fn an_error_becomes_one_of_ours() {
    let table = [
        (
            Error::Overflow,
            codes::MONEY_OVERFLOW,
            "the amount of money is too large",
        ),
        (
            Error::Mixed {
                left: EUR,
                right: Currency::USD,
            },
            codes::CURRENCY_MIXED,
            "amounts in EUR and in USD cannot be put together",
        ),
        (
            Error::Malformed,
            codes::AMOUNT_MALFORMED,
            "an amount must be a decimal number such as 25.49",
        ),
        (
            Error::TooFine {
                currency: Currency::KWD,
            },
            codes::AMOUNT_MALFORMED,
            "an amount in KWD has at most 3 digits after the point",
        ),
        (
            Error::TooFine {
                currency: Currency::JPY,
            },
            codes::AMOUNT_MALFORMED,
            "an amount in JPY has no digits after the point",
        ),
        (
            Error::NoWeight,
            codes::WEIGHTS_EMPTY,
            "money cannot be shared out when every share is zero",
        ),
    ];
    for (error, code, message) in table {
        let ours = base::Error::from(error);
        assert_eq!(
            (ours.kind(), ours.code(), ours.message()),
            (Kind::Invalid, code, message)
        );
    }
}

proptest! {
    #[test]
    fn every_amount_of_every_currency_reads_back(minor in any_minor(), currency in any_currency()) {
        let money = Money::new(minor, currency);
        prop_assert_eq!(Money::parse(&money.amount(), currency), Ok(money));
        let json = serde_json::to_string(&money).unwrap();
        prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
    }

    #[test]
    fn arithmetic_is_exact_or_refused(left in any_minor(), right in any_minor()) {
        let exact = |minor: i128| i64::try_from(minor).map(euros).map_err(|_| Error::Overflow);
        let (wide_left, wide_right) = (i128::from(left), i128::from(right));
        prop_assert_eq!(euros(left).plus(euros(right)), exact(wide_left + wide_right));
        prop_assert_eq!(euros(left).minus(euros(right)), exact(wide_left - wide_right));
        prop_assert_eq!(euros(left).times(right), exact(wide_left * wide_right));
        prop_assert_eq!(euros(left).negate(), exact(-wide_left));
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC*|-?[0-9.]{0,30}", currency in any_currency()) {
        if let Ok(money) = Money::parse(&text, currency) {
            let printed = money.amount();
            prop_assert!(printed.starts_with(&text) || text.starts_with("-0"), "{}", printed);
        }
    }
}
