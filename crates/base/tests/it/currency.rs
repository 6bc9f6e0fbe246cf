//! Currencies: the table of ISO 4217, its exponents, and what is not in it.

use base::{Currency, Error, codes};
use proptest::prelude::*;

#[test]
fn codes_are_sorted_and_three_capitals() {
    let codes: Vec<_> = Currency::TABLE
        .iter()
        .map(|currency| currency.code())
        .collect();
    assert!(codes.is_sorted_by(|left, right| left < right));
    for code in codes {
        assert!(
            code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()),
            "{code}"
        );
    }
}

#[test]
fn exponents_are_those_of_the_standard() {
    let with = |exponent| {
        let codes = Currency::TABLE
            .iter()
            .filter(|currency| currency.exponent() == exponent);
        codes
            .map(|currency| currency.code())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let without = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
    assert_eq!(with(0), without);
    assert_eq!(with(3), "BHD IQD JOD KWD LYD OMR TND");
    assert_eq!(with(4), "CLF UYW");
    let others = Currency::TABLE.len() - with(2).split(' ').count();
    assert_eq!((Currency::TABLE.len(), others), (165, 26));
}

#[test]
fn what_is_not_in_use_is_unknown() {
    for code in [
        "", "eur", "EU", "EURO", "DEM", "HRK", "BGN", "XAU", "XTS", "XXX", "ÄÖ",
    ] {
        let error = Error::from(code.parse::<Currency>().unwrap_err());
        assert_eq!(error.code(), codes::CURRENCY_UNKNOWN, "{code}");
    }
}

#[test]
fn every_code_reads_back() {
    for currency in Currency::TABLE {
        assert_eq!(currency.code().parse(), Ok(*currency));
        let json = serde_json::to_string(currency).unwrap();
        assert_eq!(json, format!("\"{currency}\""));
        assert_eq!(serde_json::from_str::<Currency>(&json).unwrap(), *currency);
    }
    assert_eq!(Currency::KWD.to_string(), "KWD");
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in "\\PC*|[A-Z]{3}") {
        if let Ok(currency) = text.parse::<Currency>() {
            prop_assert_eq!(currency.code(), text);
        }
    }
}
