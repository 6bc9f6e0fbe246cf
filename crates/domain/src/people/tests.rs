//! Whatever is typed: what is taken stays itself, and what is compared is compared alike.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn a_number_that_is_taken_is_plain(text in "\\PC{0,24}|\\+[0-9 ()./-]{0,24}") {
        if let Ok(phone) = Phone::parse(&text) {
            let plain = phone.as_str();
            prop_assert!(plain.len() <= 16 && plain.starts_with('+'));
            prop_assert!(plain.bytes().skip(1).all(|byte| byte.is_ascii_digit()));
            prop_assert_eq!(Phone::parse(plain).unwrap(), phone.clone());
            prop_assert!(plain.get(1..).is_some_and(|digits| digits.starts_with(phone.block())));
            if let Some(country) = phone.country() {
                prop_assert!(plain.get(1..).is_some_and(|digits| digits.starts_with(country)));
            }
        }
    }

    #[test]
    fn numbers_are_the_same_however_they_are_spaced(
        digits in "[1-9][0-9]{6,14}",
        gaps in proptest::collection::vec("[ .()/-]{0,2}", 15),
    ) {
        let spaced: String = digits.chars().zip(&gaps).map(|(digit, gap)| format!("{gap}{digit}")).collect();
        let phone = Phone::parse(&format!("+{spaced}")).unwrap();
        prop_assert_eq!(phone.as_str(), format!("+{digits}"));
    }

    #[test]
    fn an_address_that_is_taken_comes_back(text in "\\PC{0,40}|[a-zA-Z.]{1,9}@[a-zA-Z-]{1,9}\\.[a-z]{2,3}") {
        if let Ok(email) = Email::parse(&text) {
            prop_assert_eq!(email.as_str(), text.as_str());
            let contact = Contact::Email(email);
            let upper = text.to_ascii_uppercase();
            if let Ok(other) = Contact::parse(ContactKind::Email, &upper) {
                prop_assert_eq!(other.compared(), contact.compared());
            }
            let (local, _) = text.split_once('@').unwrap();
            prop_assert!(local.chars().count() < 2 || !contact.masked().starts_with(local));
        }
    }

    #[test]
    fn what_is_taken_is_taken_again(text in "\\PC{0,60}|https://[ -~]{0,40}|[a-z]{2,3}(-[A-Za-z0-9]{2,4}){0,3}") {
        if let Ok(line) = Line::parse(&text) {
            prop_assert_eq!(Line::parse(line.as_str()).unwrap(), line);
        }
        if let Ok(picture) = Picture::parse(&text) {
            prop_assert!(!picture.as_str().contains(['"', '<', '>', ' ', '\'']));
        }
        if let Ok(locale) = base::Locale::parse(&text) {
            prop_assert!(locale.as_str().len() <= 11);
        }
    }

    #[test]
    fn names_are_told_apart_and_joined(first in "[^\\s\\pC]{1,20}", last in "[^\\s\\pC]{1,20}( [^\\s\\pC]{1,9}){0,2}") {
        let whole = format!("{first} {last}");
        if let Ok(name) = crate::organisations::Name::parse(&whole) {
            let profile = Profile::named(&name);
            if profile.first_name.is_some() && profile.last_name.is_some() {
                prop_assert_eq!(profile.name().unwrap(), whole);
            }
        }
    }
}

#[test]
fn addresses_have_a_name_and_a_host() {
    for good in [
        "a@b.de",
        "Lucia.Rossi+x@mail.example.com",
        "grün@münchen.example",
    ] {
        assert_eq!(Email::parse(good).unwrap().as_str(), good);
    }
    let long = format!("{}@b.de", "x".repeat(LOCAL_CHARS_MAX + 1));
    let longer = format!("a@{}.de", "x.".repeat(150));
    for bad in [
        "",
        "a",
        "a@",
        "@b.de",
        "a@b",
        "a b@c.de",
        "a@b..de",
        "a@-b.de",
        "a@b@c.de",
        "a\r\n@b.de",
        " a@b.de",
        &long,
        &longer,
    ] {
        assert_eq!(Email::parse(bad), Err(EmailError), "{bad:?}");
    }
}

#[test]
fn numbers_are_international() {
    for good in ["+49 (30) 901820", "+49.30/901-820", " +4930901820"] {
        assert_eq!(Phone::parse(good).unwrap().as_str(), "+4930901820");
    }
    for bad in [
        "",
        "+",
        "030 901820",
        "+0301234567",
        "+123456",
        "+1234567890123456",
        "+49x30901820",
        "+٤٩٣٠٩٠١٨٢٠",
    ] {
        assert_eq!(Phone::parse(bad), Err(PhoneError), "{bad:?}");
    }
}

#[test]
fn case_does_not_make_another_address() {
    let one = Email::parse("Lucia@Example.com").unwrap();
    assert_eq!(one.folded(), "lucia@example.com");
    assert_eq!(format!("{one:?}"), "Email");
}
