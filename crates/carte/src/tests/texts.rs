//! Texts, keys, languages, times of the day and parts of the day.

use super::*;

#[test]
fn keys_are_short_and_plain() {
    let long = "k".repeat(KEY_CHARS_MAX);
    for good in ["a", "lunch", "7-up", "a-", long.as_str()] {
        assert_eq!(good.parse::<Key>().unwrap().as_str(), good);
    }
    let longer = format!("{long}k");
    for bad in ["", "-a", "Lunch", "lünch", "a_b", "a b", longer.as_str()] {
        assert_eq!(bad.parse::<Key>(), Err(TextError::Key), "{bad:?}");
    }
    assert_eq!(Channel::default().as_str(), "direct");
    for bad in ["", " a", "a\nb", "a\u{200b}"] {
        assert_eq!(
            bad.parse::<ExternalId>(),
            Err(TextError::ExternalId),
            "{bad:?}"
        );
        assert_eq!(bad.parse::<Remark>(), Err(TextError::Remark), "{bad:?}");
    }
}

#[test]
fn words_fall_back_from_the_narrow_to_the_wide_language() {
    let words = Words::parse("Patate").unwrap();
    let words = words.with("de".parse().unwrap(), "Kartoffeln").unwrap();
    let words = words.with("de-AT".parse().unwrap(), "Erdäpfel").unwrap();
    for (wanted, text) in [
        (None, "Patate"),
        (Some("it"), "Patate"),
        (Some("de"), "Kartoffeln"),
        (Some("de-CH"), "Kartoffeln"),
        (Some("de-Latn-AT"), "Kartoffeln"),
        (Some("de-AT"), "Erdäpfel"),
        (Some("en"), "Patate"),
    ] {
        let wanted = wanted.map(|text| text.parse::<Language>().unwrap());
        assert_eq!(words.in_language(wanted.as_ref()), text, "{wanted:?}");
    }
}

#[test]
fn words_are_checked_also_where_they_are_read() {
    let long = "x".repeat(TEXT_CHARS_MAX + 1);
    for (text, error) in [
        ("", WordsError::Empty),
        (" a", WordsError::Empty),
        ("a\u{202e}b", WordsError::Unseen),
        (long.as_str(), WordsError::TooLong),
    ] {
        assert_eq!(Words::parse(text), Err(error));
        let json = serde_json::json!({ "main": "a", "other": { "de": text } });
        assert!(serde_json::from_value::<Words>(json).is_err(), "{text:?}");
    }
    assert!(Words::parse("Two lines\nare fine").is_ok());
    for json in [
        r#"{"main":"a","more":1}"#,
        r#"{"main":"a","other":{"DE":"b"}}"#,
        r#""a""#,
    ] {
        assert!(serde_json::from_str::<Words>(json).is_err(), "{json}");
    }
    let many = (0..=METADATA_PAIRS_MAX).map(|n| (format!("k{n}"), String::new()));
    assert_eq!(Metadata::of(many.collect()), Err(MetadataError));
}

#[test]
fn times_of_the_day_are_read_strictly() {
    for (text, minutes) in [
        ("00:00", 0),
        ("11:30", 690),
        ("23:59", 1_439),
        ("24:00", 1_440),
    ] {
        assert_eq!(time(text).minutes(), minutes);
        assert_eq!(time(text).to_string(), text);
    }
    for bad in [
        "",
        "1:30",
        "11:60",
        "24:01",
        "25:00",
        "11.30",
        "+1:30",
        "11:30:00",
        "１１:30",
    ] {
        assert_eq!(bad.parse::<TimeOfDay>(), Err(TimeOfDayError), "{bad:?}");
    }
}

#[test]
fn parts_of_the_day_belong_to_the_business_day_on_which_they_begin() {
    use Weekday::{Friday, Saturday, Sunday};
    let on = |from: &str, to: &str, day: Weekday, now: &str| {
        let late = Daypart {
            days: [Friday].into(),
            from: time(from),
            to: time(to),
            ..lunch()
        };
        late.is_on(&Local {
            day,
            time: time(now),
            day_starts: time("04:00"),
        })
    };
    for (from, to, day, now, is_on) in [
        ("11:30", "14:30", Friday, "11:29", false),
        ("11:30", "14:30", Friday, "11:30", true),
        ("11:30", "14:30", Friday, "14:29", true),
        ("11:30", "14:30", Friday, "14:30", false),
        ("11:30", "14:30", Saturday, "12:00", false),
        // At one in the night it is still the business day of Friday.
        ("22:00", "02:00", Friday, "23:00", true),
        ("22:00", "02:00", Friday, "01:00", true),
        ("22:00", "02:00", Friday, "02:00", false),
        ("22:00", "02:00", Saturday, "01:00", false),
        // What ends after the business day goes on into the next one.
        ("22:00", "06:00", Friday, "03:59", true),
        ("22:00", "06:00", Saturday, "04:00", true),
        ("22:00", "06:00", Saturday, "05:59", true),
        ("22:00", "06:00", Saturday, "06:00", false),
        ("22:00", "06:00", Friday, "05:00", false),
        // A part that begins after midnight is late in its business day.
        ("01:00", "03:00", Friday, "02:00", true),
        ("01:00", "03:00", Saturday, "02:00", false),
        // What begins before the business day begins on its day of the calendar.
        ("03:00", "15:00", Weekday::Thursday, "02:59", false),
        ("03:00", "15:00", Weekday::Thursday, "03:00", true),
        ("03:00", "15:00", Friday, "14:59", true),
        ("03:00", "15:00", Friday, "15:00", false),
        ("03:00", "15:00", Friday, "03:30", false),
        // All day is the whole business day.
        ("00:00", "24:00", Friday, "04:00", true),
        ("00:00", "24:00", Friday, "03:59", true),
        ("12:00", "12:00", Friday, "11:59", true),
        ("00:00", "24:00", Saturday, "05:00", false),
        ("00:00", "24:00", Sunday, "05:00", false),
    ] {
        assert_eq!(on(from, to, day, now), is_on, "{from}-{to} {day:?} {now}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn any_menu_reads_back_as_it_was_written(menu in any_menu()) {
        let json = serde_json::to_string(&menu).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Menu>(&json).unwrap(), &menu);
        let edit = Draft::default().towards(&menu);
        let json = serde_json::to_string(&edit).unwrap();
        prop_assert_eq!(serde_json::from_str::<Edit>(&json).unwrap(), edit);
    }

    /// A part of the day is on for as long as it lasts, once for each of its days.
    #[test]
    fn a_part_of_the_day_is_on_for_its_length(part in any_daypart(), starts in 0..1_440_u16) {
        let day_starts = TimeOfDay::from_minutes(starts).unwrap();
        let (from, to) = (u32::from(part.from.minutes()), u32::from(part.to.minutes()));
        let length = (to + 2_880 - from) % 1_440;
        let length = if length == 0 { 1_440 } else { length };
        let mut on = 0;
        for day in Weekday::ALL {
            for minute in 0..1_440 {
                let time = TimeOfDay::from_minutes(minute).unwrap();
                on += u32::from(part.is_on(&Local { day: *day, time, day_starts }));
            }
        }
        prop_assert_eq!(on, length * part.days.len() as u32);
    }
}

#[test]
fn prices_go_by_what_says_most() {
    let lunch = key("lunch");
    let rule = |service, channel: Option<&str>, daypart: Option<&Key>, minor| PriceRule {
        service,
        channel: channel.map(|text| text.parse().unwrap()),
        daypart: daypart.cloned(),
        minor,
    };
    let prices = Prices {
        minor: 1000,
        rules: vec![
            rule(Some(Service::Pickup), None, None, 900),
            rule(None, Some("partner"), None, 1200),
            rule(None, None, Some(&lunch), 800),
            rule(Some(Service::Pickup), None, Some(&lunch), 700),
            rule(Some(Service::Pickup), Some("partner"), Some(&lunch), 950),
        ],
    };
    for (service, channel, is_lunch, minor) in [
        (Service::Delivery, "direct", false, 1000),
        (Service::Delivery, "direct", true, 800),
        (Service::Pickup, "direct", false, 900),
        (Service::Pickup, "direct", true, 700),
        (Service::Pickup, "partner", true, 950),
        // One each: the first wins.
        (Service::Pickup, "partner", false, 900),
        (Service::Delivery, "partner", true, 1200),
    ] {
        let on = [&lunch];
        let context = Context {
            service,
            channel: &channel.parse().unwrap(),
            dayparts: if is_lunch { &on } else { &[] },
        };
        assert_eq!(
            prices.at(&context),
            minor,
            "{service:?} {channel} {is_lunch}"
        );
    }
}
