//! Every code of every error, in one table; the book's page of errors is written from it.
//!
//! A code is part of the public API: programs decide by it, so it never changes its meaning.

use crate::Kind;

/// One row of the table: the code, the kind that it usually comes with, and what it means.
pub type Row = (&'static str, Kind, &'static str);

/// Finds the row of a code.
pub fn find(code: &str) -> Option<&'static Row> {
    TABLE.iter().find(|(name, ..)| *name == code)
}

/// Makes a constant and a row of the table at once, so that neither can be without the other.
macro_rules! codes {
    ($($constant:ident = $code:literal, $kind:ident, $sentence:literal;)+) => {
        $(
            #[doc = $sentence]
            pub const $constant: &str = $code;
        )+

        /// All codes, in alphabetical order.
        pub const TABLE: &[Row] = &[$(($constant, Kind::$kind, $sentence)),+];
    };
}

codes! {
    AMOUNT_MALFORMED = "amount_malformed", Invalid,
        "An amount is not a plain decimal number with the digits that its currency has.";
    CONFLICT = "conflict", Conflict,
        "Others changed the same rows at the same time until the attempts ran out; it may be tried again.";
    CURRENCY_MIXED = "currency_mixed", Invalid,
        "Two amounts of different currencies were to be added or subtracted.";
    CURRENCY_UNKNOWN = "currency_unknown", Invalid,
        "A currency is not an active code of ISO 4217.";
    CURSOR_REFUSED = "cursor_refused", Invalid,
        "A cursor was not given out by this list, or is too old; start again from the first page.";
    DAMAGED = "damaged", Internal,
        "Stored data do not read back as they were written.";
    DEADLINE = "deadline", Unavailable,
        "The deadline passed before the work was begun; nothing was done.";
    ID_MALFORMED = "id_malformed", Invalid,
        "An id is not the expected prefix followed by 26 base-32 digits.";
    IDEMPOTENCY_OTHER_BODY = "idempotency_other_body", Invalid,
        "An idempotency key was used before for another request.";
    IDEMPOTENCY_UNDER_WAY = "idempotency_under_way", Conflict,
        "The same request is still under way; its key is kept, and asking again gives its answer.";
    INTERNAL = "internal", Internal,
        "A mistake of the platform itself; the log has the details.";
    LIMIT_OUT_OF_RANGE = "limit_out_of_range", Invalid,
        "The limit of a page is not a whole number from 1 to 100.";
    LINE_MALFORMED = "line_malformed", Invalid,
        "The command line or a setting cannot be read, or names a place that cannot be used.";
    MONEY_OVERFLOW = "money_overflow", Invalid,
        "An amount of money is too large to be held exactly.";
    MOVED = "moved", Unavailable,
        "The organisation lives on another shard now; the directory must be asked again.";
    ORGANISATION_MALFORMED = "organisation_malformed", Invalid,
        "The number of an organisation is not a whole number of 32 bits.";
    RATIO_MALFORMED = "ratio_malformed", Invalid,
        "A ratio has a denominator that is not above zero.";
    REFUSED = "refused", Conflict,
        "A guard of the commit did not hold; nothing of the commit was stored.";
    TIME_MALFORMED = "time_malformed", Invalid,
        "A time is not a moment in RFC 3339.";
    UNAVAILABLE = "unavailable", Unavailable,
        "A database or service cannot be reached now; nothing was done.";
    UNKNOWN_OUTCOME = "unknown_outcome", Unavailable,
        "The answer was lost, so the work may or may not have been done; ask again under the same id.";
    VIOLATED = "violated", Conflict,
        "A constraint of the database was violated; nothing of the commit was stored.";
    WEIGHTS_EMPTY = "weights_empty", Invalid,
        "Money was to be shared out by weights of which none is above zero.";
}
