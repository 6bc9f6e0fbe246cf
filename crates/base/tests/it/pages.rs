//! Pages and their limits.

use base::{Limit, Page, codes};

#[test]
fn a_limit_is_from_1_to_100_and_20_by_default() {
    assert_eq!(Limit::default().get(), 20);
    for limit in 1..=100 {
        assert_eq!(Limit::new(limit).unwrap().get(), limit as usize);
        assert_eq!(
            limit.to_string().parse::<Limit>().unwrap(),
            Limit::new(limit).unwrap()
        );
    }
    assert_eq!((Limit::MAX.get(), i64::from(Limit::MAX)), (100, 100));
}

#[test]
fn other_limits_are_refused() {
    for limit in [0, 101, 256 + 20, u32::MAX] {
        assert_eq!(
            Limit::new(limit).unwrap_err().code(),
            codes::LIMIT_OUT_OF_RANGE
        );
    }
    for text in [
        "",
        "0",
        "101",
        "-1",
        "+5",
        " 5",
        "5.0",
        "many",
        "99999999999999",
    ] {
        let error = text.parse::<Limit>().unwrap_err();
        assert_eq!(error.code(), codes::LIMIT_OUT_OF_RANGE, "{text}");
    }
}

#[test]
fn a_page_keeps_its_cursor_when_its_entries_turn() {
    let page = Page {
        items: vec![1, 2],
        next: Some("abc".to_owned()),
    };
    let page = page.map(|number| format!("<{number}>"));
    let json = serde_json::to_string(&page).unwrap();
    assert_eq!(json, r#"{"items":["<1>","<2>"],"next":"abc"}"#);
    let last = Page::<u8> {
        items: vec![],
        next: None,
    };
    assert_eq!(
        serde_json::to_string(&last).unwrap(),
        r#"{"items":[],"next":null}"#
    );
}
