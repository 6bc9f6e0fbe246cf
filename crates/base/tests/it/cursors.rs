//! Cursors: opaque, signed, bound to their list, and refused when a bit is changed.

use base::cursor::PAYLOAD_BYTES_MAX;
use base::{CursorKey, Kind, codes};
use proptest::prelude::*;

const SCOPE: &str = "orders of 7";

fn key() -> CursorKey {
    CursorKey::new([1; 32])
}

fn is_refused(key: &CursorKey, scope: &str, cursor: &str) -> bool {
    match key.open(scope, cursor) {
        Ok(_) => false,
        Err(error) => (error.kind(), error.code()) == (Kind::Invalid, codes::CURSOR_REFUSED),
    }
}

/// Gives every text that differs from this one in a single bit and still is a text.
fn with_one_bit_flipped(text: &str) -> impl Iterator<Item = String> {
    (0..text.len() * 8).filter_map(|bit| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        String::from_utf8(bytes).ok()
    })
}

#[test]
fn a_cursor_is_the_same_everywhere() {
    let cursor = key().seal(SCOPE, b"2026-03-01");
    assert_eq!(cursor, "MjAyNi0wMy0wMXHW0Y74O8D4-wnAXqpvLrQ");
}

#[test]
fn a_cursor_of_another_scope_is_refused() {
    let cursor = key().seal("orders", b"of 7");
    for scope in ["", "order", "orders ", "ordersof 7", "Orders"] {
        assert!(is_refused(&key(), scope, &cursor), "{scope}");
    }
}

#[test]
fn the_end_of_a_scope_does_not_pass_for_the_start_of_a_payload() {
    // Scope and payload behind one another are the same bytes; four letters hold three of them.
    let cursor = key().seal("ab", b"cdefgh");
    assert!(is_refused(&key(), "abcde", &cursor[4..]));
}

#[test]
fn a_rotated_key_opens_old_and_new() {
    let (old, new) = (CursorKey::new([1; 32]), CursorKey::new([2; 32]));
    let rotated = CursorKey::rotated([2; 32], [1; 32]);
    assert_eq!(rotated.open(SCOPE, &old.seal(SCOPE, b"a")).unwrap(), b"a");
    assert_eq!(rotated.open(SCOPE, &new.seal(SCOPE, b"b")).unwrap(), b"b");
    assert_eq!(rotated.seal(SCOPE, b"c"), new.seal(SCOPE, b"c"));
    assert!(is_refused(&new, SCOPE, &old.seal(SCOPE, b"a")));
    assert!(is_refused(
        &CursorKey::rotated([2; 32], [3; 32]),
        SCOPE,
        &old.seal(SCOPE, b"a")
    ));
}

#[test]
fn a_cursor_that_is_too_long_is_refused() {
    let longest = vec![7; PAYLOAD_BYTES_MAX];
    assert_eq!(
        key().open(SCOPE, &key().seal(SCOPE, &longest)).unwrap(),
        longest
    );
    let too_long = vec![7; PAYLOAD_BYTES_MAX + 1];
    assert!(is_refused(&key(), SCOPE, &key().seal(SCOPE, &too_long)));
}

#[test]
fn what_is_shown_of_a_key_gives_nothing_away() {
    assert_eq!(format!("{:?}", key()), "CursorKey(secret)");
}

#[test]
fn a_refusal_never_says_why() {
    let foreign = key().open("other", &key().seal(SCOPE, b"a")).unwrap_err();
    let malformed = key().open("other", "!").unwrap_err();
    assert_eq!(foreign.to_string(), malformed.to_string());
}

proptest! {
    #[test]
    fn a_cursor_opens_where_it_was_sealed(
        scope in "\\PC*",
        payload in prop::collection::vec(any::<u8>(), 0..=PAYLOAD_BYTES_MAX),
    ) {
        let cursor = key().seal(&scope, &payload);
        prop_assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        prop_assert_eq!(key().open(&scope, &cursor).unwrap(), payload);
        prop_assert!(is_refused(&CursorKey::new([2; 32]), &scope, &cursor));
    }

    #[test]
    fn any_flipped_bit_is_refused(payload in prop::collection::vec(any::<u8>(), 0..20)) {
        let cursor = key().seal(SCOPE, &payload);
        for flipped in with_one_bit_flipped(&cursor) {
            prop_assert!(is_refused(&key(), SCOPE, &flipped), "{}", flipped);
        }
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC*|[-_a-zA-Z0-9]*") {
        prop_assert!(is_refused(&key(), SCOPE, &text));
    }
}
