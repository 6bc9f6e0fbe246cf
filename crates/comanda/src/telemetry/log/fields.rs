//! The fields of an event as texts, each cut at a limit.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};

/// How long one value may be; the way of an error through the code is the longest of ours.
const VALUE_BYTES_MAX: usize = 8 * 1024;

/// What a value is, as far as JSON tells it apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Stands in a line as it is.
    Bare,
    /// Needs quotes and escapes.
    Text,
}

/// Hands over the fields of an event one by one; the message first, wherever it stands.
pub(super) struct Fields<F: FnMut(&'static str, Kind, &str)>(pub(super) F);

impl<F: FnMut(&'static str, Kind, &str)> Fields<F> {
    fn give(&mut self, field: &Field, kind: Kind, value: fmt::Arguments<'_>) {
        let mut text = Short(String::new());
        // Only the limit makes it fail, and then what fits is there.
        let _cut = text.write_fmt(value);
        (self.0)(field.name(), kind, &text.0);
    }
}

/// A text that takes no more than its limit.
struct Short(String);

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = VALUE_BYTES_MAX - self.0.len();
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        self.0.push_str(&text[..text.floor_char_boundary(room)]);
        Err(fmt::Error)
    }
}

impl<F: FnMut(&'static str, Kind, &str)> Visit for Fields<F> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no infinity and no "not a number".
        let kind = if value.is_finite() {
            Kind::Bare
        } else {
            Kind::Text
        };
        self.give(field, kind, format_args!("{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.give(field, Kind::Bare, format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.give(field, Kind::Bare, format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.give(field, Kind::Bare, format_args!("{value}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.give(field, Kind::Text, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.give(field, Kind::Text, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.give(field, Kind::Text, format_args!("{value:?}"));
    }
}
