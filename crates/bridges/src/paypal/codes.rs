//! Why PayPal would not: its issues in our words, and those that only say that something else is under way.

use http::StatusCode;
use serde::Deserialize;

use crate::said::Reason::{
    AccountRestricted, AlreadyCancelled, AlreadyCaptured, AlreadyRefunded, AmountExceeded,
    AmountInvalid, AuthenticationFailed, CardExpired, Declined, Disputed, InsufficientFunds,
    InvalidRequest, Lapsed, LimitExceeded, MeansInvalid, NotFound, NotSupported, TooEarly,
};
use crate::said::{Reason, Said, by_status, find, unknown, unsent};
use crate::wire::Heard;

/// Issues and what they are to us, sorted. What is not among them is a request that PayPal does not accept.
pub(super) const TABLE: &[(&str, Reason)] = &[
    ("AGREEMENT_ALREADY_CANCELLED", MeansInvalid),
    ("ALIAS_DECLINED_BY_PROCESSOR", Declined),
    ("AUTHORIZATION_ALREADY_CAPTURED", AlreadyCaptured),
    ("AUTHORIZATION_AMOUNT_EXCEEDED", AmountExceeded),
    ("AUTHORIZATION_DENIED", Declined),
    ("AUTHORIZATION_EXPIRED", Lapsed),
    ("AUTHORIZATION_VOIDED", AlreadyCancelled),
    ("AUTH_CAPTURE_CURRENCY_MISMATCH", AmountInvalid),
    ("AUTH_CAPTURE_NOT_ENABLED", NotSupported),
    ("BILLING_AGREEMENT_NOT_FOUND", MeansInvalid),
    ("CANNOT_BE_NEGATIVE", AmountInvalid),
    ("CANNOT_BE_VOIDED", TooEarly),
    ("CANNOT_BE_ZERO_OR_NEGATIVE", AmountInvalid),
    ("CAPTURE_FULLY_REFUNDED", AlreadyRefunded),
    ("CARD_BRAND_NOT_SUPPORTED", MeansInvalid),
    ("CARD_EXPIRED", CardExpired),
    ("COMPLIANCE_VIOLATION", Declined),
    ("CURRENCY_MISMATCH", AmountInvalid),
    ("DECIMALS_NOT_SUPPORTED", AmountInvalid),
    ("DECIMAL_PRECISION", AmountInvalid),
    ("DECLINED_DUE_TO_RELATED_TXN", Declined),
    ("DOMESTIC_TRANSACTION_REQUIRED", NotSupported),
    ("INSTRUMENT_DECLINED", Declined),
    ("INVALID_CURRENCY_CODE", AmountInvalid),
    ("INVALID_RESOURCE_ID", NotFound),
    ("MAX_CAPTURE_AMOUNT_EXCEEDED", AmountExceeded),
    ("MAX_CAPTURE_COUNT_EXCEEDED", LimitExceeded),
    ("MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED", LimitExceeded),
    ("MAX_NUMBER_OF_REFUNDS_EXCEEDED", LimitExceeded),
    ("MAX_VALUE_EXCEEDED", AmountInvalid),
    ("ORDER_COMPLETED_OR_VOIDED", Lapsed),
    ("ORDER_EXPIRED", Lapsed),
    ("PARTIAL_REFUND_NOT_ALLOWED", NotSupported),
    ("PAYEE_ACCOUNT_INVALID", AccountRestricted),
    ("PAYEE_ACCOUNT_LOCKED_OR_CLOSED", AccountRestricted),
    ("PAYEE_ACCOUNT_NOT_VERIFIED", AccountRestricted),
    ("PAYEE_ACCOUNT_RESTRICTED", AccountRestricted),
    ("PAYEE_BLOCKED_TRANSACTION", Declined),
    ("PAYER_ACCOUNT_LOCKED_OR_CLOSED", MeansInvalid),
    ("PAYER_ACCOUNT_RESTRICTED", MeansInvalid),
    ("PAYER_ACTION_REQUIRED", AuthenticationFailed),
    ("PAYER_CANNOT_PAY", Declined),
    ("PAYMENT_SOURCE_CANNOT_BE_USED", MeansInvalid),
    ("PAYMENT_SOURCE_DECLINED_BY_PROCESSOR", Declined),
    (
        "PAYMENT_SOURCE_INFO_CANNOT_BE_VERIFIED",
        AuthenticationFailed,
    ),
    ("PENDING_CAPTURE", TooEarly),
    ("PREVIOUSLY_CAPTURED", AlreadyCaptured),
    ("PREVIOUSLY_VOIDED", AlreadyCancelled),
    ("REFUND_AMOUNT_EXCEEDED", AmountExceeded),
    ("REFUND_AMOUNT_TOO_LOW", AmountInvalid),
    ("REFUND_CAPTURE_CURRENCY_MISMATCH", AmountInvalid),
    ("REFUND_FAILED_INSUFFICIENT_FUNDS", InsufficientFunds),
    ("REFUND_IS_RESTRICTED", NotSupported),
    ("REFUND_NOT_ALLOWED", NotSupported),
    ("REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK", Disputed),
    ("REFUND_TIME_LIMIT_EXCEEDED", Lapsed),
    ("RESOURCE_NOT_FOUND", NotFound),
    ("TOKEN_EXPIRED", MeansInvalid),
    ("TOKEN_ID_NOT_FOUND", MeansInvalid),
    ("TRANSACTION_BLOCKED_BY_PAYEE", Declined),
    ("TRANSACTION_DISPUTED", Disputed),
    ("TRANSACTION_LIMIT_EXCEEDED", LimitExceeded),
    ("TRANSACTION_RECEIVING_LIMIT_EXCEEDED", LimitExceeded),
    ("TRANSACTION_REFUSED", Declined),
];

/// Issues that say that this or another ask is under way or has come through: a look shows what there is. An
/// `invoice_id` is that of one attempt alone, so a second one of the same name means that the first had its effect.
const RACES: &[&str] = &[
    "DUPLICATE_INVOICE_ID",
    "MAX_AUTHORIZATION_COUNT_EXCEEDED",
    "ORDER_ALREADY_AUTHORIZED",
    "ORDER_COMPLETION_IN_PROGRESS",
    "ORDER_NOT_APPROVED",
    "PREVIOUS_REQUEST_IN_PROGRESS",
    "RESOURCE_CONFLICT",
];

#[derive(Deserialize)]
struct Complaint {
    name: Option<String>,
    #[serde(default)]
    details: Vec<Detail>,
}

#[derive(Deserialize)]
struct Detail {
    issue: Option<String>,
}

/// Lets a success pass, and says what anything else means.
pub(super) fn judge(heard: &Heard) -> Said<()> {
    by_status(heard)?;
    if heard.status.is_success() {
        return Ok(());
    }
    let Some(issue) = issue(heard) else {
        return Err(unknown("it complains about nothing in particular"));
    };
    if RACES.contains(&issue.as_str()) || heard.status == StatusCode::CONFLICT {
        return Err(unknown(
            "the ask or another is under way, or has come through",
        ));
    }
    match find(TABLE, &issue) {
        Some(reason) => Err(reason.refuse(&issue)),
        None if heard.status == StatusCode::FORBIDDEN => {
            Err(unsent("our account may not do this there"))
        }
        None => Err(InvalidRequest.refuse(&issue)),
    }
}

/// Whether there is nothing to let go of any more, which is what was wanted.
pub(super) fn is_void_already(heard: &Heard) -> bool {
    let issue = issue(heard);
    heard.status.is_client_error()
        && matches!(
            issue.as_deref(),
            Some("PREVIOUSLY_VOIDED" | "AUTHORIZATION_VOIDED" | "AUTHORIZATION_EXPIRED")
        )
}

/// What it complains about: the first issue, or else the name of the whole.
fn issue(heard: &Heard) -> Option<String> {
    if !heard.is_json {
        return None;
    }
    let complaint: Complaint = serde_json::from_slice(&heard.body).ok()?;
    let first = complaint
        .details
        .into_iter()
        .find_map(|detail| detail.issue);
    first.or(complaint.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_no_issue_is_in_both() {
        assert!(TABLE.is_sorted_by(|a, b| a.0 < b.0));
        assert!(RACES.iter().all(|race| find(TABLE, race).is_none()));
    }
}
