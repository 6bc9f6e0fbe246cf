//! Errors: kinds, codes, the trail of callers, and what is shown to whom.

use std::collections::HashSet;
use std::time::Duration;

use base::error::FieldError;
use base::{Currency, Error, Kind, Limit, Money, Organisation, Ratio, Result, Time, Trail, codes};

#[test]
fn every_kind_has_its_constructor_and_name() {
    type Constructor = fn(&'static str, &'static str) -> Error;
    let constructors: [Constructor; 8] = [
        Error::invalid,
        Error::unauthenticated,
        Error::forbidden,
        Error::missing,
        Error::conflict,
        Error::limited,
        Error::unavailable,
        Error::internal,
    ];
    for (constructor, kind) in constructors.into_iter().zip(Kind::ALL) {
        let error = constructor("some_code", "some message");
        assert_eq!((error.kind(), error.code()), (kind, "some_code"));
        assert_eq!(format!("{kind:?}").to_lowercase(), kind.to_string());
    }
    assert_eq!(HashSet::from(Kind::ALL).len(), 8);
}

#[test]
fn an_error_keeps_what_it_is_told() {
    let error = Error::limited("some_code", "slower")
        .retry_after(Duration::from_secs(3))
        .field("lines.0.quantity", "too_many", "at most 99")
        .caused_by(std::fmt::Error);
    assert_eq!(error.message(), "slower");
    assert_eq!(error.retry_delay(), Some(Duration::from_secs(3)));
    let field = FieldError {
        field: "lines.0.quantity".to_owned(),
        code: "too_many",
        message: "at most 99".into(),
    };
    assert_eq!(error.fields(), [field]);
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.is::<std::fmt::Error>());
}

#[test]
fn display_shows_the_message_and_nothing_more() {
    let error = Error::internal("some_code", "something went wrong")
        .caused_by("password=hunter2")
        .context("while reading card 4711")
        .at();
    assert_eq!(error.to_string(), "something went wrong");
    assert_eq!(format!("{error:>22}|"), "  something went wrong|");
    let shown = format!("{error:?}");
    for part in [
        "Internal",
        "some_code",
        "hunter2",
        "card 4711",
        "errors.rs:",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
}

#[test]
fn the_trail_names_the_lines_that_the_error_passed() {
    const FIRST_LINE: u32 = line!();
    fn read() -> Result<()> {
        Err(Error::missing("some_code", "nothing there"))
    }
    fn load() -> Result<()> {
        read().at()
    }
    fn answer() -> Result<()> {
        load().context("answering")
    }
    let error = answer().unwrap_err();
    let lines: Vec<_> = error
        .trail()
        .iter()
        .map(|step| step.place.line() - FIRST_LINE)
        .collect();
    assert_eq!(lines, [2, 5, 8]);
    assert!(
        error
            .trail()
            .iter()
            .all(|step| step.place.file().ends_with("errors.rs"))
    );
    let notes: Vec<_> = error
        .trail()
        .iter()
        .map(|step| step.note.as_deref())
        .collect();
    assert_eq!(notes, [None, None, Some("answering")]);
}

#[test]
fn smaller_errors_become_ours_on_the_way() {
    let too_fine: Result<Money> = Money::parse("1.234", Currency::EUR).at();
    assert_eq!(too_fine.unwrap_err().code(), codes::AMOUNT_MALFORMED);
    assert_eq!(
        Money::parse("1.23", Currency::EUR)
            .context("reading")
            .unwrap()
            .minor(),
        123
    );
}

#[test]
fn a_question_mark_notes_its_line_too() {
    fn read() -> Result<Money> {
        Ok(Money::parse("?", Currency::EUR)?)
    }
    let error = read().unwrap_err();
    assert!(
        error.trail()[0].place.file().ends_with("errors.rs"),
        "{error:?}"
    );
}

#[test]
fn fields_and_steps_have_an_end() {
    let mut error = Error::invalid("some_code", "all wrong");
    for _ in 0..1_000 {
        error = error.at().field("name", "some_code", "wrong");
    }
    assert_eq!((error.trail().len(), error.fields().len()), (32, 64));
}

#[test]
fn a_result_stays_small() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

#[test]
fn codes_are_unique_sorted_and_snake_case() {
    let names: Vec<_> = codes::TABLE.iter().map(|(code, ..)| *code).collect();
    assert!(names.is_sorted_by(|left, right| left < right), "{names:?}");
    for (code, _, sentence) in codes::TABLE {
        let words = code.split('_');
        let mut words =
            words.map(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()));
        assert!(words.all(|is_word| is_word), "{code}");
        assert!(sentence.ends_with('.') && sentence.len() > 20, "{code}");
        assert!(
            sentence.starts_with(|first: char| first.is_ascii_uppercase()),
            "{code}"
        );
    }
}

#[test]
fn a_code_is_found_by_its_name() {
    assert_eq!(codes::find(codes::DAMAGED).unwrap().1, Kind::Internal);
    assert!(codes::find("no_such_code").is_none());
}

#[test]
fn what_this_crate_raises_stands_in_the_table() {
    let raised = [
        Error::from(base::uid::ParseError::TooLarge),
        Error::from(base::currency::Unknown),
        Error::from(base::money::Error::Overflow),
        Error::from(base::money::Error::Malformed),
        Error::from(base::money::Error::NoWeight),
        Error::from(base::money::Error::Mixed {
            left: Currency::EUR,
            right: Currency::USD,
        }),
        Error::from("".parse::<Time>().unwrap_err()),
        "".parse::<Organisation>().unwrap_err(),
        Limit::new(0).unwrap_err(),
        Ratio::new(1, 0).unwrap_err(),
        base::CursorKey::new([0; 32]).open("", "").unwrap_err(),
    ];
    let codes: HashSet<_> = raised.iter().map(Error::code).collect();
    assert_eq!(codes.len(), raised.len());
    for error in raised {
        let (_, kind, _) = codes::find(error.code()).unwrap();
        assert_eq!(*kind, error.kind(), "{}", error.code());
    }
}
