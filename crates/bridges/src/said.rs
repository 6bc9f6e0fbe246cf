//! What providers say, in our words: reasons of refusals, and what a missing or a senseless answer means.

use http::StatusCode;
use rpc::providers::Answer;
use serde::de::DeserializeOwned;

use crate::wire::{Fault, Heard};

/// How much of a word of a provider is repeated.
const WORD_CHARS_MAX: usize = 60;

/// Why a provider would not, in a word for programs and a sentence for people.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reason {
    Abandoned,
    AccountRestricted,
    AlreadyCancelled,
    AlreadyCaptured,
    AlreadyRefunded,
    AmountExceeded,
    AmountInvalid,
    AuthenticationFailed,
    CardExpired,
    Declined,
    Disputed,
    FraudSuspected,
    InsufficientFunds,
    InvalidRequest,
    IssuerUnavailable,
    Lapsed,
    LimitExceeded,
    MeansInvalid,
    NotFound,
    NotSupported,
    TooEarly,
}

impl Reason {
    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Reason::Abandoned => ("abandoned", "The payer broke the payment off."),
            Reason::AccountRestricted => (
                "account_restricted",
                "The provider has restricted an account that takes part.",
            ),
            Reason::AlreadyCancelled => ("already_cancelled", "The payment was cancelled before."),
            Reason::AlreadyCaptured => ("already_captured", "The payment was taken before."),
            Reason::AlreadyRefunded => ("already_refunded", "The payment was given back before."),
            Reason::AmountExceeded => ("amount_exceeded", "That is more than there is."),
            Reason::AmountInvalid => ("amount_invalid", "The provider cannot move this amount."),
            Reason::AuthenticationFailed => (
                "authentication_failed",
                "The payer could not prove to be the owner.",
            ),
            Reason::CardExpired => ("card_expired", "The card has expired."),
            Reason::Declined => ("declined", "The payment was declined."),
            Reason::Disputed => ("disputed", "The payer disputes the payment."),
            Reason::FraudSuspected => ("fraud_suspected", "The payment was declined as a risk."),
            Reason::InsufficientFunds => ("insufficient_funds", "There is not enough money."),
            Reason::InvalidRequest => (
                "invalid_request",
                "The provider does not accept the request.",
            ),
            Reason::IssuerUnavailable => ("issuer_unavailable", "The payer's bank is away."),
            Reason::Lapsed => ("lapsed", "It is too late for that."),
            Reason::LimitExceeded => ("limit_exceeded", "A limit of the payer is exceeded."),
            Reason::MeansInvalid => ("means_invalid", "The means of payment cannot be used."),
            Reason::NotFound => ("not_found", "The provider does not know the payment."),
            Reason::NotSupported => ("not_supported", "The provider does not do this here."),
            Reason::TooEarly => ("too_early", "It is too early for that."),
        }
    }

    /// The refusal, with what the provider calls it. Only words that are made of letters, digits and `_ - .` are
    /// repeated: sentences of a provider may hold data of the payer.
    pub(crate) fn refuse(self, theirs: &str) -> Answer {
        let (code, words) = self.texts();
        let words = match word(theirs) {
            Some(theirs) => format!("{words} ({theirs})"),
            None => words.to_owned(),
        };
        Answer::Refused {
            code: code.to_owned(),
            words,
        }
    }
}

/// Looks a word of a provider up in its table, which is sorted.
pub(crate) fn find(table: &[(&str, Reason)], theirs: &str) -> Option<Reason> {
    let place = table.binary_search_by(|(known, _)| (*known).cmp(theirs));
    place
        .ok()
        .and_then(|place| table.get(place))
        .map(|row| row.1)
}

pub(crate) fn word(theirs: &str) -> Option<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let fits = !theirs.is_empty() && theirs.len() <= WORD_CHARS_MAX;
    (fits && theirs.chars().all(is_word)).then_some(theirs)
}

/// Nobody knows.
pub(crate) fn unknown(words: &str) -> Answer {
    Answer::Unknown {
        words: words.to_owned(),
    }
}

/// Certainly nothing was done.
pub(crate) fn unsent(words: &str) -> Answer {
    Answer::Unsent {
        words: words.to_owned(),
    }
}

impl From<Fault> for Answer {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unsent(words) => unsent(words),
            Fault::Lost(words) => unknown(words),
        }
    }
}

/// An answer, or what its absence means.
pub(crate) type Said<T> = std::result::Result<T, Answer>;

/// What the status alone says. An answer that is not the provider's own JSON comes from something that stands before
/// it, and nobody knows what became of the request behind; only where it was not let in, nothing can have.
pub(crate) fn by_status(heard: &Heard) -> Said<()> {
    match heard.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if !heard.is_json => {
            Err(unsent("it does not let us in"))
        }
        StatusCode::UNAUTHORIZED => Err(unsent("it does not accept our credentials")),
        StatusCode::TOO_MANY_REQUESTS => Err(unsent("it has too much to do")),
        status if status.is_server_error() => Err(unknown("it failed")),
        status if status.is_redirection() => Err(unknown("it points elsewhere")),
        StatusCode::NO_CONTENT => Ok(()),
        _ if !heard.is_json => Err(unknown("its answer is not JSON")),
        _ => Ok(()),
    }
}

/// Reads an answer; what it has besides is left alone, for messages of providers grow.
pub(crate) fn parse<T: DeserializeOwned>(heard: &Heard) -> Said<T> {
    serde_json::from_slice(&heard.body).map_err(|_| unknown("its answer makes no sense"))
}

/// Takes a name that a provider gave, if it may stand in a path and in a row.
pub(crate) fn name(given: Option<&str>) -> Said<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    given
        .filter(|name| (1..=50).contains(&name.len()) && name.chars().all(is_plain))
        .map(str::to_owned)
        .ok_or_else(|| unknown("its answer has no name that can be used"))
}

/// Takes a name that a provider gave us before, back out of our own rows.
pub(crate) fn known(ours: &str) -> Said<String> {
    name(Some(ours)).map_err(|_| Reason::NotFound.refuse(""))
}

/// Takes a page that the payer is sent to.
pub(crate) fn page(given: &str, is_open_allowed: crate::Loopback) -> Said<String> {
    let is_safe = given.starts_with("https://")
        || (is_open_allowed == crate::Loopback::Plain && given.starts_with("http://127.0.0.1"));
    let is_clean = given.len() <= 8_000 && given.bytes().all(|byte| byte.is_ascii_graphic());
    if is_safe && is_clean {
        Ok(given.to_owned())
    } else {
        Err(unknown("its answer sends the payer to no page"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_of_providers_are_not_repeated() {
        let refused = Reason::Declined.refuse("INSTRUMENT_DECLINED");
        assert!(format!("{refused:?}").contains("(INSTRUMENT_DECLINED)"));
        for sentence in ["Jo Doe's card", "", "x@example.com", &"a".repeat(61)] {
            let refused = Reason::Declined.refuse(sentence);
            let words = "The payment was declined.".to_owned();
            let code = "declined".to_owned();
            assert_eq!(refused, Answer::Refused { code, words });
        }
    }
}
