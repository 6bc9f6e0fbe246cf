//! The built-in provider `test`: it moves no money, answers at once, and does what its tokens say.
//!
//! `ok` is done, `refused` refused, `slow` takes two seconds, of `unknown` the first answer is lost, and `action` sends
//! the payer to a page first. What it did is kept in memory: after a restart it has never heard of anything, and is
//! told again. No node in production has it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::{Error, Result, Uid, codes};
use futures_util::future::BoxFuture;
use rpc::Provider;
use rpc::providers::{Answer, Asked, Change, Charge, Headers, LookUp, Notice, Return, Token};

/// Its name.
const NAME: &str = "test";
/// What stands before its references.
const PREFIX: &str = "test";
/// How long `slow` takes.
const SLOW: Duration = Duration::from_secs(2);
/// How many effects it remembers; the oldest go first.
const EFFECTS_MAX: usize = 100_000;

/// The provider `test`.
#[derive(Debug, Default)]
pub struct Pretend(Mutex<Effects>);

#[derive(Debug, Default)]
struct Effects {
    by_attempt: HashMap<Uid, Answer>,
    order: VecDeque<Uid>,
}

impl Pretend {
    /// The provider, which has never heard of anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Effects> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it did under this key before, or else what it does now.
    fn once(&self, attempt: Uid, answer: Answer) -> Answer {
        let mut effects = self.lock();
        if let Some(before) = effects.by_attempt.get(&attempt) {
            return before.clone();
        }
        effects.put(attempt, answer.clone());
        answer
    }

    async fn charge(&self, charge: &Charge) -> Answer {
        let done = Answer::Done {
            reference: reference(charge.attempt),
            amount: charge.amount,
        };
        match charge.token.as_ref().map_or("ok", Token::as_str) {
            "ok" => self.once(charge.attempt, done),
            "slow" => {
                tokio::time::sleep(SLOW).await;
                self.once(charge.attempt, done)
            }
            "unknown" => {
                let is_new = !self.lock().by_attempt.contains_key(&charge.attempt);
                let done = self.once(charge.attempt, done);
                match is_new {
                    true => Answer::Unknown {
                        words: "the token says that the answer is lost".to_owned(),
                    },
                    false => done,
                }
            }
            "action" => {
                let action = Answer::Action {
                    reference: reference(charge.attempt),
                    url: charge
                        .return_url
                        .clone()
                        .unwrap_or_else(|| "about:blank".to_owned()),
                };
                self.once(charge.attempt, action)
            }
            "refused" => self.once(charge.attempt, refused("card_refused")),
            _ => self.once(charge.attempt, refused("token_unknown")),
        }
    }

    fn change(&self, change: &Change) -> Answer {
        let done = Answer::Done {
            reference: reference(change.attempt),
            amount: change.amount,
        };
        self.once(change.attempt, done)
    }
}

impl Effects {
    fn put(&mut self, attempt: Uid, answer: Answer) {
        if self.order.len() >= EFFECTS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_attempt.remove(&oldest);
        }
        if self.by_attempt.insert(attempt, answer).is_none() {
            self.order.push_back(attempt);
        }
    }
}

impl Provider for Pretend {
    fn name(&self) -> &str {
        NAME
    }

    fn authorise<'a>(&'a self, charge: &'a Charge) -> BoxFuture<'a, Answer> {
        Box::pin(self.charge(charge))
    }

    fn go_on<'a>(&'a self, back: &'a Return) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let done = Answer::Done {
                reference: back.reference.clone(),
                amount: back.amount,
            };
            self.lock().put(back.attempt, done.clone());
            done
        })
    }

    fn capture<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        Box::pin(async move { self.change(change) })
    }

    fn cancel<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        Box::pin(async move { self.change(change) })
    }

    fn refund<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Answer> {
        Box::pin(async move { self.change(change) })
    }

    fn look_up<'a>(&'a self, look_up: &'a LookUp) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let known = self
                .lock()
                .by_attempt
                .get(&look_up.asked.attempt())
                .cloned();
            match (known, &look_up.asked) {
                (Some(known), _) => known,
                // It forgot at a restart that the payer was sent to a page; the payer is still there.
                (None, Asked::GoOn(back)) => Answer::Pending {
                    reference: back.reference.clone(),
                },
                (None, _) => Answer::Absent,
            }
        })
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

fn reference(attempt: Uid) -> String {
    base::uid::spell(PREFIX, attempt)
}

fn refused(code: &str) -> Answer {
    Answer::Refused {
        code: code.to_owned(),
        words: "the token says so".to_owned(),
    }
}
