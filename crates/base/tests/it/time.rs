//! Times: arithmetic and RFC 3339.

use std::time::Duration;

use base::Time;
use base::time::ParseError;
use proptest::prelude::*;

/// The first moment of the year 0 and the last one of the year 9999.
const RFC_3339_MICROS: std::ops::RangeInclusive<i64> =
    -62_167_219_200_000_000..=253_402_300_799_999_999;

fn at(micros: i64) -> Time {
    Time::from_micros(micros)
}

#[test]
fn known_moments_print_as_rfc_3339() {
    let table = [
        (0, "1970-01-01T00:00:00.000000Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (951_827_696_789_012, "2000-02-29T12:34:56.789012Z"),
        (1_772_389_800_000_000, "2026-03-01T18:30:00.000000Z"),
        (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
        (*RFC_3339_MICROS.start(), "0000-01-01T00:00:00.000000Z"),
        (*RFC_3339_MICROS.end(), "9999-12-31T23:59:59.999999Z"),
    ];
    for (micros, text) in table {
        assert_eq!(at(micros).to_string(), text);
        assert_eq!(text.parse(), Ok(at(micros)));
    }
}

#[test]
fn years_beyond_rfc_3339_have_a_sign() {
    assert_eq!(
        at(RFC_3339_MICROS.end() + 1).to_string(),
        "+010000-01-01T00:00:00.000000Z"
    );
    assert_eq!(
        at(RFC_3339_MICROS.start() - 1).to_string(),
        "-000001-12-31T23:59:59.999999Z"
    );
    assert_eq!(at(i64::MAX).to_string(), "+294247-01-10T04:00:54.775807Z");
    assert_eq!(at(i64::MIN).to_string(), "-290308-12-21T19:59:05.224192Z");
}

#[test]
fn offsets_and_fractions_are_read() {
    let same = [
        "2026-03-01T18:30:00Z",
        "2026-03-01T18:30:00.0Z",
        "2026-03-01T18:30:00.000000999Z",
        "2026-03-01T20:00:00+01:30",
        "2026-02-28T20:30:00-22:00",
    ];
    for text in same {
        assert_eq!(text.parse(), Ok(at(1_772_389_800_000_000)), "{text}");
    }
    assert_eq!("1970-01-01T00:00:00.5Z".parse(), Ok(at(500_000)));
}

#[test]
fn what_is_no_moment_is_refused() {
    let table = [
        "",
        "2026-03-01",
        "2026-03-01T18:30:00",
        "2026-03-01 18:30:00Z",
        "2026-3-1T18:30:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-06-30T23:59:60Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.1234567890Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+01:60",
        "2026-01-01T00:00:00+0100",
        "2026-01-01T00:00:00+01:00Z",
        "+2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00Zx",
        "2026-01-01T00:00:00äZ",
    ];
    for text in table {
        assert_eq!(text.parse::<Time>(), Err(ParseError), "{text}");
    }
}

#[test]
fn adding_beyond_the_range_gives_nothing() {
    let micro = Duration::from_micros(1);
    assert_eq!(at(i64::MAX).plus(micro), None);
    assert_eq!(at(i64::MIN).minus(micro), None);
    assert_eq!(Time::EPOCH.plus(Duration::MAX), None);
    assert_eq!(Time::EPOCH.minus(Duration::MAX), None);
    assert_eq!(
        at(i64::MAX).since(at(i64::MIN)),
        Duration::from_micros(u64::MAX)
    );
}

proptest! {
    #[test]
    fn text_reads_back(micros in RFC_3339_MICROS) {
        let text = at(micros).to_string();
        prop_assert_eq!(text.len(), 27);
        prop_assert_eq!(text.parse(), Ok(at(micros)));
        let json = serde_json::to_string(&at(micros)).unwrap();
        prop_assert_eq!(&json, &format!("\"{text}\""));
        prop_assert_eq!(serde_json::from_str::<Time>(&json).unwrap(), at(micros));
    }

    #[test]
    fn texts_sort_like_moments(left in RFC_3339_MICROS, right in RFC_3339_MICROS) {
        prop_assert_eq!(at(left).to_string().cmp(&at(right).to_string()), left.cmp(&right));
    }

    #[test]
    fn every_moment_prints(micros: i64) {
        prop_assert!(at(micros).to_string().ends_with('Z'));
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC*|[-+.:0-9TZ]{0,40}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.0-9Z+:-]*") {
        let _ = text.parse::<Time>();
    }

    #[test]
    fn plus_and_since_and_minus_agree(micros: i64, later in 0..i64::MAX) {
        let (start, duration) = (at(micros), Duration::from_micros(later.unsigned_abs()));
        match start.plus(duration) {
            Some(end) => {
                prop_assert_eq!(end.since(start), duration);
                prop_assert_eq!(end.minus(duration), Some(start));
                prop_assert_eq!(start.since(end), Duration::ZERO);
            }
            None => prop_assert_eq!(micros.checked_add(later), None),
        }
    }
}
