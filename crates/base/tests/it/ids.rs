//! Ids: their text form, their order, and what is said of a wrong one.

use base::uid::ParseError;
use base::{Clock, Error, Organisation, Random, Time, Uid, typed_id};
use proptest::prelude::*;

typed_id!(
    /// Names an order.
    pub OrderId = "ord";
    /// Names a courier.
    pub CourierId = "cour";
);

const FIRST: &str = "ord_00000000000000000000000000";
const LAST: &str = "ord_7zzzzzzzzzzzzzzzzzzzzzzzzz";

fn order(bytes: [u8; 16]) -> OrderId {
    Uid::from_bytes(bytes).into()
}

#[test]
fn an_id_keeps_its_time_and_organisation() {
    let clock = Clock::fixed(Time::from_micros(1_772_389_800_123_999));
    let id = OrderId::make(&clock, &Random::seeded(1), Organisation::new(77));
    assert_eq!(id.time(), Time::from_micros(1_772_389_800_123_000));
    assert_eq!(id.organisation(), Organisation::new(77));
    assert_eq!(
        id.uid().as_bytes()[..10],
        *b"\x01\x9c\xaa\xaa\x18\xbb\0\0\0\x4d"
    );
}

#[test]
fn a_clock_out_of_range_counts_as_the_nearest_end() {
    let made_at = |micros| {
        let clock = Clock::fixed(Time::from_micros(micros));
        OrderId::make(&clock, &Random::seeded(1), Organisation::PEOPLE).time()
    };
    assert_eq!(made_at(i64::MIN), Time::EPOCH);
    assert_eq!(made_at(-1), Time::EPOCH);
    assert_eq!(
        made_at(i64::MAX),
        Time::from_micros(((1 << 48) - 1) * 1_000)
    );
}

#[test]
fn ids_of_one_millisecond_differ() {
    let (clock, random) = (Clock::fixed(Time::EPOCH), Random::real());
    let make = || OrderId::make(&clock, &random, Organisation::new(1));
    let ids: std::collections::HashSet<_> = (0..1_000).map(|_| make()).collect();
    assert_eq!(ids.len(), 1_000);
}

#[test]
fn the_ends_of_the_range_read_and_print() {
    assert_eq!(order([0; 16]).to_string(), FIRST);
    assert_eq!(order([0xff; 16]).to_string(), LAST);
    assert_eq!(FIRST.parse(), Ok(order([0; 16])));
    assert_eq!(LAST.parse(), Ok(order([0xff; 16])));
    assert_eq!(format!("{:?}", order([0; 16])), FIRST);
    assert_eq!(
        format!("{:?}", Uid::from_bytes([0; 16])),
        "Uid(00000000000000000000000000)"
    );
}

#[test]
fn an_error_says_exactly_what_is_wrong() {
    let prefix = |got: &str| ParseError::Prefix {
        expected: "ord",
        got: got.to_owned(),
    };
    let character = |got, at| ParseError::Character { got, at };
    let table = [
        ("", prefix("")),
        ("ord", prefix("ord")),
        ("cour_00000000000000000000000000", prefix("cour")),
        ("ORD_00000000000000000000000000", prefix("ORD")),
        ("orders_00000000000000000000000000", prefix("orders")),
        ("ääääääääääääääääääääääää", prefix("ääääääääääääääää")),
        ("ord_", ParseError::Length { got: 0 }),
        (
            "ord_0000000000000000000000000",
            ParseError::Length { got: 25 },
        ),
        (
            "ord_000000000000000000000000000",
            ParseError::Length { got: 27 },
        ),
        ("ord_00000000000000000000000_00", character('_', 27)),
        ("ord_0000000000000000000000000A", character('A', 29)),
        ("ord_o0000000000000000000000000", character('o', 4)),
        ("ord_0ä000000000000000000000000", character('ä', 5)),
        ("ord_0ä00000000000000000000000l", character('ä', 5)),
        ("ord_80000000000000000000000000", ParseError::TooLarge),
        ("ord_zzzzzzzzzzzzzzzzzzzzzzzzzz", ParseError::TooLarge),
    ];
    for (text, error) in table {
        assert_eq!(text.parse::<OrderId>(), Err(error), "{text}");
    }
}

#[test]
fn errors_read_well() {
    let message = |text: &str| Error::from(text.parse::<OrderId>().unwrap_err()).to_string();
    assert_eq!(
        message("cour_0"),
        "the id must begin with \"ord_\", not with \"cour\""
    );
    assert_eq!(
        message("ord_0"),
        "the id must have 26 digits after its prefix, not 1"
    );
    let spoiled = LAST.replace("_7zz", "_7z!");
    assert_eq!(
        message(&spoiled),
        "the id has '!' at place 6, which is no digit of an id"
    );
    assert_eq!(
        message(&LAST.replace('7', "8")),
        "the id must not begin with a digit above 7"
    );
}

#[test]
fn in_json_an_id_is_its_text() {
    assert_eq!(
        serde_json::to_string(&order([0xff; 16])).unwrap(),
        format!("\"{LAST}\"")
    );
    assert_eq!(
        serde_json::from_str::<OrderId>(&format!("\"{LAST}\"")).unwrap(),
        order([0xff; 16])
    );
    let error = serde_json::from_str::<CourierId>(&format!("\"{LAST}\"")).unwrap_err();
    assert!(
        error.to_string().contains("must begin with \"cour_\""),
        "{error}"
    );
    assert!(serde_json::from_str::<OrderId>("5").is_err());
    // Escapes make the format hand over an owned text instead of a borrowed one.
    let escaped = format!("\"{}\"", LAST.replace('o', "\\u006f"));
    assert_eq!(
        serde_json::from_str::<OrderId>(&escaped).unwrap(),
        order([0xff; 16])
    );
}

proptest! {
    #[test]
    fn text_reads_back(bytes: [u8; 16]) {
        let text = order(bytes).to_string();
        prop_assert_eq!(text.len(), "ord_".len() + 26);
        prop_assert_eq!(text.parse(), Ok(order(bytes)));
        let json = serde_json::to_string(&order(bytes)).unwrap();
        prop_assert_eq!(serde_json::from_str::<OrderId>(&json).unwrap(), order(bytes));
        prop_assert!(text.parse::<CourierId>().is_err());
        prop_assert_eq!(*Uid::from(order(bytes)).as_bytes(), bytes);
    }

    #[test]
    fn a_text_that_is_read_is_the_only_spelling(text in "ord_[0-9a-zA-Z]{26}|ord_[0-8][0-9a-hjkmnp-tv-z]{25}") {
        if let Ok(id) = text.parse::<OrderId>() {
            prop_assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC*|ord_.*|ord_\\PC{26}") {
        if let Err(error) = text.parse::<OrderId>() {
            prop_assert!(error.to_string().len() < 250);
        }
    }

    #[test]
    fn order_of_text_and_bytes_and_ids_is_one(left: [u8; 16], right: [u8; 16]) {
        let by_bytes = left.cmp(&right);
        let (left, right) = (order(left), order(right));
        prop_assert_eq!(left.cmp(&right), by_bytes);
        prop_assert_eq!(left.to_string().cmp(&right.to_string()), by_bytes);
    }

    #[test]
    fn later_ids_are_greater(
        millis in 0..1_i64 << 47,
        later in 1..1_i64 << 40,
        organisations: [u32; 2],
        seed: u64,
    ) {
        let random = Random::seeded(seed);
        let make = |millis: i64, organisation| {
            let clock = Clock::fixed(Time::from_micros(millis * 1_000));
            OrderId::make(&clock, &random, Organisation::new(organisation))
        };
        let first = make(millis, organisations[0]);
        let second = make(millis + later, organisations[1]);
        prop_assert!(first < second && first.to_string() < second.to_string());
        prop_assert_eq!(first.time(), Time::from_micros(millis * 1_000));
        prop_assert_eq!(second.organisation().get(), organisations[1]);
    }
}
