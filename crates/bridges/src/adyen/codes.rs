//! Why Adyen or the payer's bank would not: their codes in our words.

use serde::Deserialize;

use crate::said::Reason::{
    Abandoned, AmountExceeded, AmountInvalid, AuthenticationFailed, CardExpired, Declined,
    FraudSuspected, InsufficientFunds, InvalidRequest, IssuerUnavailable, LimitExceeded,
    MeansInvalid, NotFound, NotSupported,
};
use crate::said::{Reason, Said, by_status, find, unknown, unsent};
use crate::wire::Heard;

/// Codes of refusals of payments, sorted as texts. What is not among them is a decline.
const REFUSALS: &[(&str, Reason)] = &[
    ("10", NotSupported),
    ("11", AuthenticationFailed),
    ("12", InsufficientFunds),
    ("14", FraudSuspected),
    ("15", Abandoned),
    ("16", Abandoned),
    ("17", AuthenticationFailed),
    ("18", LimitExceeded),
    ("19", AuthenticationFailed),
    ("20", FraudSuspected),
    ("22", FraudSuspected),
    ("23", NotSupported),
    ("24", AuthenticationFailed),
    ("25", MeansInvalid),
    ("28", LimitExceeded),
    ("29", LimitExceeded),
    ("31", FraudSuspected),
    ("32", AuthenticationFailed),
    ("34", MeansInvalid),
    ("35", MeansInvalid),
    ("38", AuthenticationFailed),
    ("39", AuthenticationFailed),
    ("4", IssuerUnavailable),
    ("42", AuthenticationFailed),
    ("46", LimitExceeded),
    ("5", MeansInvalid),
    ("6", CardExpired),
    ("7", AmountInvalid),
    ("8", MeansInvalid),
    ("9", IssuerUnavailable),
];

/// Codes of errors of calls, sorted as texts. What is not among them is a request that Adyen does not accept.
const ERRORS: &[(&str, Reason)] = &[
    ("100", AmountInvalid),
    ("101", MeansInvalid),
    ("103", MeansInvalid),
    ("105", AuthenticationFailed),
    ("129", MeansInvalid),
    ("137", AmountInvalid),
    ("138", AmountInvalid),
    ("14_012", MeansInvalid),
    ("167", NotFound),
    ("170", MeansInvalid),
    ("172", CardExpired),
    ("800", MeansInvalid),
    ("803", MeansInvalid),
    ("905", NotSupported),
];

/// The same key is being worked on, or was used for another ask.
const SAME_KEY: &str = "704";
/// Our account may not do it.
const NOT_ALLOWED: [&str; 4] = ["000", "010", "901", "903"];

/// Words that notices have for a refusal, in small letters, and what they are to us.
const WORDS: &[(&str, Reason)] = &[
    ("expired card", CardExpired),
    ("not enough balance", InsufficientFunds),
    ("insufficient balance", InsufficientFunds),
    ("insufficient funds", InsufficientFunds),
    ("fraud", FraudSuspected),
    ("3d not authenticated", AuthenticationFailed),
    ("authentication required", AuthenticationFailed),
    ("invalid card number", MeansInvalid),
    ("blocked card", MeansInvalid),
    ("cancelled", Abandoned),
    ("issuer unavailable", IssuerUnavailable),
    ("amount too high", AmountExceeded),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    error_code: Option<String>,
}

/// What a code of a refusal is to us.
pub(super) fn refusal(theirs: &str) -> Reason {
    find(REFUSALS, theirs).unwrap_or(Declined)
}

/// What the words of a notice are to us. They are read and not repeated.
pub(super) fn refusal_in_words(theirs: &str) -> Reason {
    let theirs = theirs.to_lowercase();
    let known = WORDS.iter().find(|(words, _)| theirs.contains(words));
    known.map_or(Declined, |(_, reason)| *reason)
}

/// Lets a success pass, and says what anything else means.
pub(super) fn judge(heard: &Heard) -> Said<()> {
    by_status(heard)?;
    if heard.status.is_success() {
        return Ok(());
    }
    // It says that the same may be asked again under its key, and not that nothing was done: also of an ask that is under way.
    if heard.is_transient {
        return Err(unknown("it is to be asked again under the same key"));
    }
    let complaint: Option<Complaint> = serde_json::from_slice(&heard.body).ok();
    let code = complaint.and_then(|complaint| complaint.error_code);
    let Some(code) = code else {
        return Err(unknown("it complains about nothing in particular"));
    };
    if code == SAME_KEY || heard.status == http::StatusCode::CONFLICT {
        return Err(unknown("the same ask is under way, or has come through"));
    }
    if NOT_ALLOWED.contains(&code.as_str()) || heard.status == http::StatusCode::FORBIDDEN {
        return Err(unsent("our account may not do this there"));
    }
    Err(find(ERRORS, &code).unwrap_or(InvalidRequest).refuse(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted() {
        assert!(REFUSALS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(ERRORS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn words_of_notices_are_understood() {
        for (words, reason) in [
            ("Expired Card", CardExpired),
            ("FRAUD-CANCELLED", FraudSuspected),
            ("Not enough balance", InsufficientFunds),
            ("Refused", Declined),
            ("", Declined),
        ] {
            assert_eq!(refusal_in_words(words), reason, "{words}");
        }
    }
}
