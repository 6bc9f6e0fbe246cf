//! Who moves money for us: payment providers, spoken to in one language whatever they call their things.
//!
//! A provider is asked under the id of an attempt, which it takes for its idempotency key: the same ask may be sent
//! again at any time and has one effect. What it answers is a fact or [`Answer::Unknown`]; nothing here is guessed.
//! No card number passes: what stands for a card is a [`Token`] that the provider gave to the payer's own device.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base::{Currency, Error, Money, Result, Uid, codes};
use futures_util::future::BoxFuture;

/// How long one call may take, unless the provider says otherwise.
pub const DEADLINE: Duration = Duration::from_secs(10);
/// How many bytes a notice may have.
pub const NOTICE_BYTES_MAX: usize = 64 * 1024;
/// How many facts one body of a notice may hold.
pub const NOTICES_MAX: usize = 100;

/// A token's characters, as a pattern for schemas; besides, no run of digits in it may look like a card number.
pub const TOKEN_PATTERN: &str = "^[A-Za-z0-9_.~:=+/$-]{1,512}$";
const TOKEN_CHARS_MAX: usize = 512;
/// How many digits a card number has.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 12..=19;

/// What stands for the payer's means of payment: made by the provider, worthless to anybody else.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Takes a token as a payer's device gives it.
    ///
    /// # Errors
    /// Refuses other characters, and whatever may be a card number: 12 to 19 digits with a right check digit.
    pub fn parse(text: &str) -> Result<Self> {
        let known = |c: char| c.is_ascii_alphanumeric() || "_.~:=+/$-".contains(c);
        if text.is_empty() || text.len() > TOKEN_CHARS_MAX || !text.chars().all(known) {
            return Err(Error::invalid(
                codes::PAYMENT_TOKEN_MALFORMED,
                "a token of a payment has 1 to 512 letters, digits and _ . ~ : = + / $ -",
            ));
        }
        if has_card_number(text) {
            return Err(Error::invalid(
                codes::PAYMENT_TOKEN_MALFORMED,
                "that looks like a card number; give the token that the payment provider made of it",
            ));
        }
        Ok(Token(text.to_owned()))
    }

    /// The token, for the provider that made it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Whether 12 to 19 digits of the text, written together or apart, could be the number of a card. One may be hidden
/// anywhere in a longer run; of a run that is as long as a card number only the whole is looked at, because providers
/// have tokens of digits alone.
#[must_use]
pub fn has_card_number(text: &str) -> bool {
    let apart = text.split(|c: char| !(c.is_ascii_digit() || " -._".contains(c)));
    let together = text.split(|c: char| !c.is_ascii_digit());
    apart.chain(together).any(|run| {
        let digits: Vec<u32> = run.chars().filter_map(|c| c.to_digit(10)).collect();
        match digits.len() {
            length if length < *CARD_DIGITS.start() => false,
            length if length <= *CARD_DIGITS.end() => has_check_digit(&digits),
            _ => CARD_DIGITS
                .clone()
                .any(|length| digits.windows(length).any(has_check_digit)),
        }
    })
}

/// Whether the last digit is the one that Luhn's rule gives; of zeros alone it is no number.
fn has_check_digit(digits: &[u32]) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            if place % 2 == 1 {
                doubled(*digit)
            } else {
                *digit
            }
        })
        .sum();
    sum > 0 && sum.is_multiple_of(10)
}

/// What a provider is asked to do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Act {
    /// Hold the amount for us.
    Authorise,
    /// Take what was held, or part of it.
    Capture,
    /// Let go of what was held and not taken.
    Cancel,
    /// Give back what was taken, or part of it.
    Refund,
}

impl Act {
    /// All acts.
    pub const ALL: [Self; 4] = [Act::Authorise, Act::Capture, Act::Cancel, Act::Refund];

    /// The act in a word, for rows and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Act::Authorise => "authorise",
            Act::Capture => "capture",
            Act::Cancel => "cancel",
            Act::Refund => "refund",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Act::ALL.into_iter().find(|act| act.name() == name)
    }
}

/// Money that is to be held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Charge {
    /// The attempt: the idempotency key outside.
    pub attempt: Uid,
    /// What we call it, `pay_….N`: the payment, and which of its attempts; the provider shows it in its notices and files.
    pub merchant_reference: String,
    /// How much; always above zero.
    pub amount: Money,
    /// What stands for the payer's means of payment; without one the payer is sent to the provider's page.
    pub token: Option<Token>,
    /// Where the payer comes back to from the provider's page.
    pub return_url: Option<String>,
    /// Whether it is paid with a meal voucher: asked only of who takes these.
    pub is_voucher: bool,
}

/// The payer came back from the provider's page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Return {
    /// The attempt that sent the payer there.
    pub attempt: Uid,
    /// What we call it.
    pub merchant_reference: String,
    /// What the provider called it in [`Answer::Action`].
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// The query of the address that the payer came back to; empty when it is only looked whether anything changed.
    pub said: BTreeMap<String, String>,
}

/// What is to become of money that is held or taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The attempt: the idempotency key outside.
    pub attempt: Uid,
    /// What we call it, `pay_….N`.
    pub merchant_reference: String,
    /// What the provider called the authorisation; for a refund, the capture.
    pub reference: String,
    /// How much; always above zero. To cancel, all that is still held.
    pub amount: Money,
}

/// An ask as it was sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Asked {
    /// To hold money.
    Authorise(Charge),
    /// To hold it now that the payer has allowed it.
    GoOn(Return),
    /// To take it.
    Capture(Change),
    /// To let it go.
    Cancel(Change),
    /// To give it back.
    Refund(Change),
}

impl Asked {
    /// What is asked.
    #[must_use]
    pub const fn act(&self) -> Act {
        match self {
            Asked::Authorise(_) | Asked::GoOn(_) => Act::Authorise,
            Asked::Capture(_) => Act::Capture,
            Asked::Cancel(_) => Act::Cancel,
            Asked::Refund(_) => Act::Refund,
        }
    }

    /// The attempt it belongs to.
    #[must_use]
    pub const fn attempt(&self) -> Uid {
        match self {
            Asked::Authorise(charge) => charge.attempt,
            Asked::GoOn(back) => back.attempt,
            Asked::Capture(change) | Asked::Cancel(change) | Asked::Refund(change) => {
                change.attempt
            }
        }
    }

    /// How much it is about.
    #[must_use]
    pub const fn amount(&self) -> Money {
        match self {
            Asked::Authorise(charge) => charge.amount,
            Asked::GoOn(back) => back.amount,
            Asked::Capture(change) | Asked::Cancel(change) | Asked::Refund(change) => change.amount,
        }
    }
}

/// An ask whose answer was lost, or is still to come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LookUp {
    /// The ask as it was sent last.
    pub asked: Asked,
    /// What the provider called it, if it ever said so.
    pub reference: Option<String>,
}

/// What a provider says. Its references are texts of its own, at most 120 characters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It is done; this is the provider's name for it, and how much it was about.
    Done {
        /// What the provider calls it.
        reference: String,
        /// How much.
        amount: Money,
    },
    /// The payer has to do something first, on the provider's page.
    Action {
        /// What the provider calls it.
        reference: String,
        /// The page.
        url: String,
    },
    /// The provider has taken it over and will tell by a notice, or when it is looked up.
    Pending {
        /// What the provider calls it.
        reference: String,
    },
    /// The provider will not do it, and has done nothing. Final for this attempt.
    Refused {
        /// A word for programs, of the provider or ours: small letters, digits and `_`.
        code: String,
        /// A sentence for people; nothing of the payer's data.
        words: String,
    },
    /// The provider certainly did nothing of this, because it was not reached or would not listen now. May be tried
    /// again, or elsewhere.
    Unsent {
        /// Why.
        words: String,
    },
    /// Nobody knows: no answer, a torn one, or one that makes no sense. To be looked up.
    Unknown {
        /// What happened.
        words: String,
    },
    /// To a look-up: the provider has never heard of the attempt, which may be sent again under its key. To a payer who came
    /// back, and to a look-up of that: it knows nothing of what he brought, which says nothing of the attempt.
    Absent,
}

/// A verified fact that a provider told by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// The provider's own id of the fact, at most 120 characters: the same fact told again bears the same.
    pub id: String,
    /// What it is about.
    pub act: Act,
    /// What the provider calls it: as it stood in our ask, or in the answer to it.
    pub reference: Option<String>,
    /// What we call it, as the provider shows it: of the attempt itself, or of the authorisation that it follows.
    pub merchant_reference: Option<String>,
    /// What became of it. [`Answer::Unknown`] says no more than that something changed: it is looked up. A refusal of
    /// what was done before says that no money has moved in the end.
    pub answer: Answer,
}

/// How a provider gives back what was paid with a meal voucher.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Vouchers {
    /// Any part of it.
    Parts,
    /// All that was taken, or nothing.
    Whole,
}

/// The head of a request: names in small letters, and values.
pub type Headers<'a> = &'a [(String, String)];

/// Somebody who moves money. Implemented by adapters; called through the slice of payments alone, which stores every
/// ask before it is sent.
///
/// An adapter answers within [`Provider::deadline`]; the caller stops waiting then and takes it for unknown. It sends
/// an ask once, without trying again by itself: the caller counts tries.
pub trait Provider: Send + Sync {
    /// Its name in rows, routes and metrics: small letters, digits, `-`; at most 20.
    fn name(&self) -> &str;

    /// How long one call may take.
    fn deadline(&self) -> Duration {
        DEADLINE
    }

    /// Whether it takes meal vouchers, and how it gives back what was paid with one. Who says nothing takes none.
    fn vouchers(&self) -> Option<Vouchers> {
        None
    }

    /// The smallest amount of a currency that it moves, in minor units: above one where it counts in larger ones.
    fn unit_minor(&self, _currency: Currency) -> i64 {
        1
    }

    /// Holds money.
    fn authorise<'a>(&'a self, charge: &'a Charge) -> BoxFuture<'a, Answer>;

    /// Goes on after [`Answer::Action`], when the payer came back.
    fn go_on<'a>(&'a self, back: &'a Return) -> BoxFuture<'a, Answer>;

    /// Takes money that is held.
    fn capture<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer>;

    /// Lets go of money that is held.
    fn cancel<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer>;

    /// Gives money back.
    fn refund<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer>;

    /// Says what became of an ask. It may finish what the payer has allowed meanwhile; where a provider cannot be
    /// asked, the adapter sends the same ask again under its key.
    fn look_up<'a>(&'a self, look_up: &'a LookUp) -> BoxFuture<'a, Answer>;

    /// Verifies a body that came in as notices, and reads them; none if it is about things that do not concern us.
    ///
    /// # Errors
    /// Of kind `Forbidden` if it is not from the provider or stale, `Invalid` if it makes no sense, `Unavailable` if
    /// it could not be verified now.
    fn read_notices<'a>(
        &'a self,
        headers: Headers<'a>,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<Notice>>>;

    /// The name by which we ask about it later, where somebody has read a name of what was asked in the provider's own
    /// console. `None` where the provider gives no such names.
    fn called(&self, _asked: &Asked, read: &str) -> Option<String> {
        Some(read.to_owned())
    }

    /// What the provider wants to read when its notice was stored.
    fn accepted(&self) -> &'static str {
        ""
    }
}

/// The providers of a region: the first is asked, the next ones stand in for it where new charges are concerned.
#[derive(Clone)]
pub struct Providers(Arc<[Arc<dyn Provider>]>);

impl Providers {
    /// These, in the order in which new charges go to them.
    #[must_use]
    pub fn new(order: Vec<Arc<dyn Provider>>) -> Self {
        Providers(order.into())
    }

    /// The one of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Arc<dyn Provider>> {
        self.0.iter().find(|provider| provider.name() == name)
    }

    /// All, in their order.
    #[must_use]
    pub fn all(&self) -> &[Arc<dyn Provider>] {
        &self.0
    }

    /// The one that new charges go to first.
    #[must_use]
    pub fn first(&self) -> Option<&Arc<dyn Provider>> {
        self.0.first()
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|provider| provider.name());
        f.debug_list().entries(names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Token, has_card_number};

    #[test]
    fn numbers_of_cards_are_no_tokens() {
        for card in [
            "4111111111111111",
            "4111-1111-1111-1111",
            "tok_5555555555554444",
            "378282246310005",
            "x.6011.0009.9013.9424.y",
            "a_4222222222222_b",
            "00004111111111111111",
        ] {
            assert!(has_card_number(card), "{card}");
            assert!(Token::parse(card).is_err(), "{card}");
        }
        assert!(has_card_number("4111 1111 1111 1111"));
    }

    #[test]
    fn tokens_of_providers_are() {
        for token in [
            "ok",
            "5O190127TN364715T",
            "pm_1NvPbh2eZvKYlo2C0a1b2c3d",
            "4111111111111112",
            "7219687191761346",
            "0000000000000000",
            "123456789",
        ] {
            assert!(Token::parse(token).is_ok(), "{token}");
        }
        for other in ["", " ", "a b", "ä", "a\n", &"x".repeat(513)] {
            assert!(Token::parse(other).is_err(), "{other:?}");
        }
    }

    #[test]
    fn tokens_are_not_shown() {
        let token = Token::parse("secret_thing").unwrap();
        assert!(!format!("{token:?}").contains("secret"));
    }
}
