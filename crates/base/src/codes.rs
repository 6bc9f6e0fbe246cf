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
    ADDRESS_TOO_LONG = "address_too_long", Invalid,
        "The address of a request is longer than the server reads.";
    AMOUNT_MALFORMED = "amount_malformed", Invalid,
        "An amount is not a plain decimal number with the digits that its currency has.";
    BACKUP_REFUSED = "backup_refused", Invalid,
        "A backup is not whole, is damaged, or does not belong to what it is to be restored to.";
    BODY_MALFORMED = "body_malformed", Invalid,
        "The body of a request cannot be read as what the operation takes; its fields say where.";
    BODY_TOO_LARGE = "body_too_large", Invalid,
        "The body of a request is larger than the operation takes.";
    CANCEL_TOO_LATE = "cancel_too_late", Conflict,
        "The order cannot be cancelled by the diner any more; the restaurant can.";
    CODE_REFUSED = "code_refused", Unauthenticated,
        "The one-time code is not the one that was sent, was used, has been replaced, or is too old.";
    CONFLICT = "conflict", Conflict,
        "Others changed the same rows at the same time until the attempts ran out; it may be tried again.";
    CONTACT_TAKEN = "contact_taken", Conflict,
        "The telephone number or e-mail address belongs to another person.";
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
    EXTERNAL_ID_TAKEN = "external_id_taken", Conflict,
        "Another restaurant of the organisation has this external id.";
    FACTOR_REFUSED = "factor_refused", Forbidden,
        "The code or passkey is not the right one, was used before, or came too late.";
    FIELD_INVALID = "field_invalid", Invalid,
        "A field has a value that it must not have.";
    FIELD_MISSING = "field_missing", Invalid,
        "A field that must be given is missing.";
    FIELD_UNKNOWN = "field_unknown", Invalid,
        "A field is not known to the operation.";
    FORBIDDEN = "forbidden", Forbidden,
        "The caller is known and may not do this.";
    HEADER_MALFORMED = "header_malformed", Invalid,
        "A header of a request cannot be read, or is there twice.";
    HOST_TAKEN = "host_taken", Conflict,
        "The host name leads to another organisation.";
    ID_MALFORMED = "id_malformed", Invalid,
        "An id is not the expected prefix followed by 26 base-32 digits.";
    IDEMPOTENCY_OTHER_BODY = "idempotency_other_body", Invalid,
        "An idempotency key was used before for another request.";
    IDEMPOTENCY_UNDER_WAY = "idempotency_under_way", Conflict,
        "The same request is still under way; its key is kept, and asking again gives its answer.";
    INTERNAL = "internal", Internal,
        "A mistake of the platform itself; the log has the details.";
    INVITATION_REFUSED = "invitation_refused", Forbidden,
        "The invitation does not work, or does not work any more.";
    LAST_ONE = "last_one", Conflict,
        "It is the last one of its kind, and one must be left.";
    LAST_OWNER = "last_owner", Conflict,
        "The organisation would be left without an owner.";
    LIMIT_OUT_OF_RANGE = "limit_out_of_range", Invalid,
        "The limit of a page is not a whole number from 1 to 100.";
    LINE_MALFORMED = "line_malformed", Invalid,
        "The command line or a setting cannot be read, or names a place that cannot be used.";
    MEDIA_TYPE_UNKNOWN = "media_type_unknown", Invalid,
        "The body of a request is in a form that the operation does not read.";
    MENU_REFUSED = "menu_refused", Invalid,
        "The draft of a menu cannot be published as it is; the fields say why.";
    METHOD_UNKNOWN = "method_unknown", Invalid,
        "The address is known but does not answer to this method.";
    MONEY_OVERFLOW = "money_overflow", Invalid,
        "An amount of money is too large to be held exactly.";
    MOVED = "moved", Unavailable,
        "The organisation lives on another shard now; the directory must be asked again.";
    NAME_TAKEN = "name_taken", Conflict,
        "Something else has this name already.";
    NOT_FOUND = "not_found", Missing,
        "There is no such thing, or none that the caller may know of.";
    NOTICE_REFUSED = "notice_refused", Forbidden,
        "A notice is not from the payment provider in whose name it came, or it is too old.";
    ORDER_CLOSED = "order_closed", Conflict,
        "The order has ended, and nothing follows.";
    ORDER_MOVED = "order_moved", Conflict,
        "The order does not stand where this can be done; read it again.";
    ORDER_REFUSED = "order_refused", Conflict,
        "The order cannot be taken as it is; the fields say why, in the codes of a quote.";
    ORDER_UNPAID = "order_unpaid", Conflict,
        "The payment of the order is not there, so it does not go on.";
    ORGANISATION_MALFORMED = "organisation_malformed", Invalid,
        "The number of an organisation is not a whole number of 32 bits.";
    ORGANISATION_SUSPENDED = "organisation_suspended", Forbidden,
        "The organisation is suspended: its people can read, and change nothing.";
    ORIGIN_REFUSED = "origin_refused", Forbidden,
        "A page of another site may not do this.";
    OVERLOADED = "overloaded", Unavailable,
        "There is more work than can be done in time; nothing was done, and it may be tried again.";
    PAIRING_REFUSED = "pairing_refused", Forbidden,
        "The pairing code is not one that was given out, is too old, or was used before.";
    PATH_UNKNOWN = "path_unknown", Missing,
        "There is nothing at this address.";
    PAYMENT_REFUSED = "payment_refused", Conflict,
        "The payment does not allow this: it is not held, taken or given back far enough, or something of it is under way.";
    PAYMENT_TOKEN_MALFORMED = "payment_token_malformed", Invalid,
        "That is no token of a payment provider; the number of a card is never taken.";
    PICTURE_REFUSED = "picture_refused", Invalid,
        "A picture is of a form that is not taken, is damaged, or has more pixels than are taken.";
    PLAN_LIMIT = "plan_limit", Conflict,
        "The plan of the organisation does not hold more of these; the field names the limit.";
    PROOF_TOO_OLD = "proof_too_old", Forbidden,
        "The second factor was not proven in this session a short while ago; prove it again first.";
    QUERY_MALFORMED = "query_malformed", Invalid,
        "The query of the address cannot be read, or names something twice.";
    RATE_LIMITED = "rate_limited", Limited,
        "The caller asked more often than it may; it may try again later.";
    RATIO_MALFORMED = "ratio_malformed", Invalid,
        "A ratio has a denominator that is not above zero.";
    REASON_NEEDED = "reason_needed", Forbidden,
        "An operator acts inside an organisation only with a reason, in the header x-acting-reason.";
    REFRESH_REFUSED = "refresh_refused", Unauthenticated,
        "A refresh token is not known, was used before, or its session has ended; sign in again.";
    REFUSED = "refused", Conflict,
        "A guard of the commit did not hold; nothing of the commit was stored.";
    REQUEST_TOO_SLOW = "request_too_slow", Unavailable,
        "The operation was not done within its deadline, and was ended.";
    RIGHTS_EXCEEDED = "rights_exceeded", Forbidden,
        "Nobody gives or takes rights that he does not have himself, and nobody gives any to himself.";
    ROLE_IN_USE = "role_in_use", Conflict,
        "Members have this role; take it from them first.";
    SCOPE_REFUSED = "scope_refused", Forbidden,
        "A key cannot do what whoever makes it may not do.";
    SECOND_FACTOR_NEEDED = "second_factor_needed", Forbidden,
        "The caller must prove a second factor first.";
    SETUP_REFUSED = "setup_refused", Forbidden,
        "The set-up link is not the one that was printed, or was used before.";
    SIGN_IN_REFUSED = "sign_in_refused", Forbidden,
        "A sign-in at another provider did not come back as it was begun, or its word could not be believed.";
    STOPPING = "stopping", Unavailable,
        "This node is shutting down; another one will answer.";
    TIME_MALFORMED = "time_malformed", Invalid,
        "A time is not a moment in RFC 3339.";
    TOO_MANY = "too_many", Conflict,
        "There are as many of these as there may be; another one must go first.";
    UNAUTHENTICATED = "unauthenticated", Unauthenticated,
        "Nobody is signed in, or the sign-in is no longer good.";
    UNAVAILABLE = "unavailable", Unavailable,
        "A database or service cannot be reached now; nothing was done.";
    UNKNOWN_OUTCOME = "unknown_outcome", Unavailable,
        "The answer was lost, so the work may or may not have been done; ask again under the same id.";
    VERSION_CHANGED = "version_changed", Conflict,
        "Somebody else changed it since it was read; read it again.";
    VIOLATED = "violated", Conflict,
        "A constraint of the database was violated; nothing of the commit was stored.";
    WEIGHTS_EMPTY = "weights_empty", Invalid,
        "Money was to be shared out by weights of which none is above zero.";
}
