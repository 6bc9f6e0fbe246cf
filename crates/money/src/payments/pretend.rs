//! The built-in provider `test`: it moves no money, answers at once, and does what its tokens say.
//!
//! `ok` is done, `refused` refused, `slow` takes two seconds, of `unknown` the answer is lost, `action` sends the
//! payer to a page first, what `lapses` holds is gone when it is to be taken, and of what is `short` there is nothing to give
//! back when that is asked first. What was paid with a meal voucher it gives back as a whole. It remembers nothing: its
//! names of things say what was done and how much, so every answer follows from the ask alone, in any process and after
//! any restart. No node in production has it.

use std::time::Duration;

use base::{Error, Money, Result, Uid, codes, uid};
use futures_util::future::BoxFuture;
use rpc::Provider;
use rpc::providers::{
    Answer, Asked, Change, Charge, Headers, LookUp, Notice, Return, Token, Vouchers,
};

/// Its name.
const NAME: &str = "test";
/// What stands before its references; the attempt and the minor units of the amount follow.
const PREFIX: &str = "test";
/// The same, of what is held and cannot be taken; the token is called so, too.
const LAPSES: &str = "lapses";
/// The same, of what is not given back at the first time; so is its token.
const SHORT: &str = "short";
/// The same, of what is paid with a meal voucher.
const VOUCHER: &str = "voucher";
/// How long `slow` takes.
const SLOW: Duration = Duration::from_secs(2);

/// The provider `test`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pretend;

impl Pretend {
    /// The provider.
    #[must_use]
    pub const fn new() -> Self {
        Pretend
    }
}

impl Provider for Pretend {
    fn name(&self) -> &str {
        NAME
    }

    fn vouchers(&self) -> Option<Vouchers> {
        Some(Vouchers::Whole)
    }

    fn authorise<'a>(&'a self, charge: &'a Charge) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            match token(charge) {
                "slow" => tokio::time::sleep(SLOW).await,
                "unknown" => {
                    return Answer::Unknown {
                        words: "the token says that the answer is lost".to_owned(),
                    };
                }
                _ => {}
            }
            charged(charge)
        })
    }

    fn go_on<'a>(&'a self, back: &'a Return) -> BoxFuture<'a, Answer> {
        Box::pin(async move { allowed(back) })
    }

    fn capture<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        Box::pin(async move { taken(change) })
    }

    fn cancel<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        Box::pin(async move { changed(change) })
    }

    fn refund<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        Box::pin(async move { given_back(change) })
    }

    fn look_up<'a>(&'a self, look_up: &'a LookUp) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            match &look_up.asked {
                Asked::Authorise(charge) => charged(charge),
                // The payer is still at the page, which is known by now: nothing new is said.
                Asked::GoOn(back) if back.said.is_empty() => Answer::Action {
                    reference: back.reference.clone(),
                    url: "about:blank".to_owned(),
                },
                Asked::GoOn(back) => allowed(back),
                Asked::Capture(change) => taken(change),
                Asked::Cancel(change) => changed(change),
                Asked::Refund(change) => given_back(change),
            }
        })
    }

    fn called(&self, asked: &Asked, read: &str) -> Option<String> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        let read = Some(read).filter(|read| read.chars().all(is_name))?;
        match asked {
            Asked::Authorise(_) | Asked::GoOn(_) => Some(read.to_owned()),
            Asked::Capture(change) | Asked::Cancel(change) | Asked::Refund(change) => {
                Some(follows(change))
            }
        }
    }

    fn read_notices<'a>(
        &'a self,
        _headers: Headers<'a>,
        _body: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<Notice>>> {
        Box::pin(async {
            Err(Error::forbidden(
                codes::NOTICE_REFUSED,
                "the provider `test` tells nothing by itself",
            ))
        })
    }
}

/// What becomes of money that is to be held.
fn charged(charge: &Charge) -> Answer {
    let prefix = match charge.is_voucher {
        true => VOUCHER,
        false => PREFIX,
    };
    let reference = named(prefix, (charge.attempt, charge.amount));
    match token(charge) {
        "ok" | "slow" | "unknown" => Answer::Done {
            reference,
            amount: charge.amount,
        },
        "action" => Answer::Action {
            reference,
            url: charge
                .return_url
                .clone()
                .unwrap_or_else(|| "about:blank".to_owned()),
        },
        own @ (LAPSES | SHORT) => Answer::Done {
            reference: named(own, (charge.attempt, charge.amount)),
            amount: charge.amount,
        },
        "refused" => refused("card_refused", "the token says so"),
        _ => refused("token_unknown", "there is no such token"),
    }
}

/// The payer came back from the page.
fn allowed(back: &Return) -> Answer {
    within(&back.reference, back.amount, back.reference.clone())
}

/// Money that is held is taken, if it is held for so long.
fn taken(change: &Change) -> Answer {
    match change.reference.starts_with(LAPSES) {
        true => refused("authorisation_expired", "it is not held any more"),
        false => changed(change),
    }
}

/// Money that was held or taken goes where it is to go.
fn changed(change: &Change) -> Answer {
    within(&change.reference, change.amount, follows(change))
}

/// The name of what is made of money that is held or was taken.
fn follows(change: &Change) -> String {
    let mut kept = [VOUCHER, SHORT].into_iter();
    let prefix = kept.find(|one| change.reference.starts_with(one));
    let prefix = prefix.unwrap_or(PREFIX);
    named(prefix, (change.attempt, change.amount))
}

/// Money that was taken goes back; of a meal voucher all of it.
fn given_back(change: &Change) -> Answer {
    let is_of = |prefix| change.reference.starts_with(prefix);
    let is_part = minor(&change.reference) != Some(change.amount.minor());
    // It was held and taken before.
    let is_first = change.merchant_reference.ends_with(".3");
    if is_of(VOUCHER) && is_part {
        return refused("part_refused", "a meal voucher is given back as a whole");
    }
    if is_of(SHORT) && is_first {
        return refused("balance_short", "there is not enough to give back now");
    }
    changed(change)
}

/// Done, if what it refers to is one of our names for at least so much.
fn within(of: &str, amount: Money, reference: String) -> Answer {
    match minor(of) {
        None => refused("not_found", "that is no name that this provider gave"),
        Some(minor) if amount.minor() <= 0 || amount.minor() > minor => {
            refused("amount_exceeded", "that is more than there is")
        }
        Some(_) => Answer::Done { reference, amount },
    }
}

fn token(charge: &Charge) -> &str {
    charge.token.as_ref().map_or("ok", Token::as_str)
}

fn named(prefix: &str, (attempt, amount): (Uid, Money)) -> String {
    format!("{}_{}", uid::spell(prefix, attempt), amount.minor())
}

/// How much a name of ours is for.
fn minor(reference: &str) -> Option<i64> {
    let (attempt, minor) = reference.rsplit_once('_')?;
    let known = [PREFIX, LAPSES, SHORT, VOUCHER];
    let mut known = known.iter().map(|prefix| uid::read(prefix, attempt));
    known.find_map(std::result::Result::ok)?;
    minor.parse().ok().filter(|minor| *minor > 0)
}

fn refused(code: &str, words: &str) -> Answer {
    Answer::Refused {
        code: code.to_owned(),
        words: words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use base::Currency;
    use futures_util::FutureExt as _;

    use super::*;

    fn change(reference: &str, minor: i64) -> Change {
        Change {
            attempt: Uid::from_bytes([2; 16]),
            merchant_reference: "pay_1.2".to_owned(),
            reference: reference.to_owned(),
            amount: Money::new(minor, Currency::EUR),
        }
    }

    fn now(answer: BoxFuture<'_, Answer>) -> Answer {
        answer.now_or_never().unwrap()
    }

    #[test]
    fn another_process_goes_on_with_what_this_one_held() {
        let charge = Charge {
            attempt: Uid::from_bytes([1; 16]),
            merchant_reference: "pay_1.1".to_owned(),
            amount: Money::new(2_549, Currency::EUR),
            token: Some(Token::parse("unknown").unwrap()),
            return_url: None,
            is_voucher: false,
        };
        let asked = Asked::Authorise(charge.clone());
        assert!(matches!(
            now(Pretend::new().authorise(&charge)),
            Answer::Unknown { .. }
        ));
        let found = LookUp {
            asked,
            reference: None,
        };
        let Answer::Done { reference, .. } = now(Pretend::new().look_up(&found)) else {
            panic!("it is not found");
        };
        let taken = change(&reference, 2_549);
        let Answer::Done { reference, .. } = now(Pretend::new().capture(&taken)) else {
            panic!("it is not taken");
        };
        let again = LookUp {
            asked: Asked::Capture(taken.clone()),
            reference: Some(reference.clone()),
        };
        let other = Pretend::new();
        assert_eq!(now(other.look_up(&again)), now(other.capture(&taken)));
        assert!(matches!(
            now(other.refund(&change(&reference, 2_549))),
            Answer::Done { .. }
        ));
    }

    #[test]
    fn a_hold_that_lapses_is_let_go_and_not_taken() {
        let charge = Charge {
            attempt: Uid::from_bytes([1; 16]),
            merchant_reference: "pay_1.1".to_owned(),
            amount: Money::new(2_549, Currency::EUR),
            token: Some(Token::parse("lapses").unwrap()),
            return_url: None,
            is_voucher: false,
        };
        let Answer::Done { reference, .. } = now(Pretend.authorise(&charge)) else {
            panic!("it is not held");
        };
        let change = change(&reference, 2_549);
        let again = LookUp {
            asked: Asked::Capture(change.clone()),
            reference: None,
        };
        let refused = now(Pretend.capture(&change));
        assert!(
            matches!(&refused, Answer::Refused { code, .. } if code == "authorisation_expired")
        );
        assert_eq!(now(Pretend.look_up(&again)), refused);
        assert!(matches!(now(Pretend.cancel(&change)), Answer::Done { .. }));
    }

    #[test]
    fn a_voucher_is_given_back_as_a_whole() {
        let charge = Charge {
            attempt: Uid::from_bytes([1; 16]),
            merchant_reference: "pay_1.1".to_owned(),
            amount: Money::new(2_549, Currency::EUR),
            token: None,
            return_url: None,
            is_voucher: true,
        };
        let reference = |answer: Answer| match answer {
            Answer::Done { reference, .. } => reference,
            other => panic!("{other:?}"),
        };
        let held = reference(now(Pretend.authorise(&charge)));
        let taken = reference(now(Pretend.capture(&change(&held, 2_000))));
        for minor in [1, 1_999] {
            let change = change(&taken, minor);
            let refused = now(Pretend.refund(&change));
            assert!(matches!(&refused, Answer::Refused { code, .. } if code == "part_refused"));
            let again = LookUp {
                asked: Asked::Refund(change),
                reference: None,
            };
            assert_eq!(now(Pretend.look_up(&again)), refused);
        }
        reference(now(Pretend.refund(&change(&taken, 2_000))));
    }

    #[test]
    fn strange_names_and_more_than_there_is_are_refused() {
        let of = (Uid::from_bytes([1; 16]), Money::new(1_000, Currency::EUR));
        let name = named(PREFIX, of);
        let none = uid::spell(PREFIX, Uid::from_bytes([1; 16]));
        for (of, minor) in [
            (name.as_str(), 1_001),
            (&name, 0),
            (&none, 1),
            ("test_x_1000", 1),
            ("", 1),
        ] {
            let answer = now(Pretend.capture(&change(of, minor)));
            assert!(matches!(answer, Answer::Refused { .. }), "{of} {minor}");
        }
    }
}
