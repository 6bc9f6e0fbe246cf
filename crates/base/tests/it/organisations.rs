//! Numbers of organisations.

use base::{Organisation, codes};
use proptest::prelude::*;

#[test]
fn only_one_spelling_is_read() {
    for text in ["", "+5", "-0", "007", " 5", "4294967296", "five"] {
        let error = text.parse::<Organisation>().unwrap_err();
        assert_eq!(error.code(), codes::ORGANISATION_MALFORMED, "{text}");
    }
    assert_eq!("0".parse::<Organisation>().unwrap(), Organisation::PEOPLE);
}

#[test]
fn a_database_number_out_of_range_is_refused() {
    for number in [-1, 1 << 32, i64::MIN, i64::MAX] {
        assert!(Organisation::try_from(number).is_err(), "{number}");
    }
}

proptest! {
    #[test]
    fn every_number_survives_text_and_json_and_database(number: u32) {
        let organisation = Organisation::new(number);
        prop_assert_eq!(organisation.to_string().parse::<Organisation>().unwrap(), organisation);
        prop_assert_eq!(Organisation::try_from(i64::from(organisation)).unwrap(), organisation);
        let json = serde_json::to_string(&organisation).unwrap();
        prop_assert_eq!(&json, &number.to_string());
        prop_assert_eq!(serde_json::from_str::<Organisation>(&json).unwrap(), organisation);
    }
}
