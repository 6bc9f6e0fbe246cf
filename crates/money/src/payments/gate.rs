//! The one way out to providers: breaker, budget and deadline before every call, figures after it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::Clock;
use rpc::Providers;
use rpc::providers::{Answer, Asked, LookUp, Provider, Vouchers};
use trade::payments::{ProviderName, Voucher};

use super::breaker::{Breaker, Budget, Shown};

/// Calls providers. Clones share what they know of them.
#[derive(Clone)]
pub(super) struct Gate {
    providers: Providers,
    clock: Clock,
    known: Arc<Mutex<HashMap<String, Known>>>,
}

struct Known {
    breaker: Breaker,
    budget: Budget,
}

/// Whether it is asked for the first time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Try {
    /// It is the first try, and nobody else has tried.
    First,
    /// It may have been sent before.
    Again,
    /// The provider has just said that it never heard of it; who answers so is not held down by being asked.
    Unheard,
}

impl Gate {
    pub(super) fn new(providers: Providers, clock: &Clock) -> Self {
        Gate {
            providers,
            clock: clock.clone(),
            known: Arc::default(),
        }
    }

    pub(super) fn providers(&self) -> &Providers {
        &self.providers
    }

    /// How the breaker of each provider is, on this node.
    pub(super) fn shown(&self) -> Vec<(String, Shown)> {
        let mut known = self.lock();
        let all = self.providers.all().iter();
        all.map(|provider| {
            let name = provider.name();
            (name.to_owned(), of(&mut known, name).breaker.shown())
        })
        .collect()
    }

    /// How meal vouchers are given back by the first who takes them: where calls pass, if there is one.
    pub(super) fn vouchers(&self) -> Option<Voucher> {
        let now = self.clock.now();
        let mut known = self.lock();
        let all = self.providers.all().iter();
        let takers = all.filter_map(|provider| Some((provider, voucher(provider)?)));
        let takers: Vec<_> = takers.collect();
        let open = takers.iter().find(|(provider, _)| {
            let provider = of(&mut known, provider.name());
            provider.breaker.would_pass(now)
        });
        open.or(takers.first()).map(|(_, voucher)| *voucher)
    }

    /// Who is asked for new money: the first to whom calls pass. Where it is a meal voucher, of those who give it back so.
    pub(super) fn first_open(&self, wanted: Option<Voucher>) -> Option<&Arc<dyn Provider>> {
        self.open_but(&[], wanted)
    }

    /// The same, but none of these.
    pub(super) fn open_but(
        &self,
        spurned: &[ProviderName],
        wanted: Option<Voucher>,
    ) -> Option<&Arc<dyn Provider>> {
        let now = self.clock.now();
        let mut known = self.lock();
        let mut all = self.providers.all().iter();
        all.find(|provider| {
            let name = provider.name();
            let is_spurned = spurned.iter().any(|spurned| spurned.as_str() == name);
            let takes = wanted.is_none() || voucher(provider) == wanted;
            takes && !is_spurned && of(&mut known, name).breaker.would_pass(now)
        })
    }

    /// Sends an ask. `None` where it was not sent: calls do not pass now.
    pub(super) async fn send(&self, name: &str, asked: &Asked, how: Try) -> Option<Answer> {
        let provider = self.enter(name, how)?;
        let call = async {
            match asked {
                Asked::Authorise(charge) => provider.authorise(charge).await,
                Asked::GoOn(back) => provider.go_on(back).await,
                Asked::Capture(change) => {
                    if base::planted("asked_twice") {
                        let _first = provider.capture(change).await;
                    }
                    provider.capture(change).await
                }
                Asked::Cancel(change) => provider.cancel(change).await,
                Asked::Refund(change) => provider.refund(change).await,
            }
        };
        let answer = within(provider, call).await;
        Some(self.leave(provider, asked.act().name(), answer))
    }

    /// Asks what became of something. `None` where it was not asked: calls do not pass now.
    pub(super) async fn look_up(&self, name: &str, look_up: &LookUp) -> Option<Answer> {
        let provider = self.enter(name, Try::Again)?;
        let answer = within(provider, provider.look_up(look_up)).await;
        Some(self.leave(provider, "look_up", answer))
    }

    fn enter(&self, name: &str, how: Try) -> Option<&Arc<dyn Provider>> {
        let provider = self.providers.find(name)?;
        let now = self.clock.now();
        let mut all = self.lock();
        let known = of(&mut all, name);
        if how == Try::First {
            known.budget.first();
        }
        // The breaker is asked first: what does not pass costs nothing. A trial is paid for by nobody.
        let is_trial = known.breaker.shown() != Shown::Closed;
        if !known.breaker.pass(now) {
            return None;
        }
        let pays = how == Try::Again && !is_trial;
        (!pays || known.budget.again(now)).then_some(provider)
    }

    fn leave(&self, provider: &Arc<dyn Provider>, act: &'static str, answer: Answer) -> Answer {
        let how = how(&answer);
        let name = provider.name();
        let shown = {
            let now = self.clock.now();
            let mut all = self.lock();
            let known = of(&mut all, name);
            if is_failure(&answer) {
                known.breaker.failed(now);
            } else {
                known.breaker.answered();
                known.budget.answered();
            }
            known.breaker.shown()
        };
        let labels = [
            ("provider", name.to_owned()),
            ("act", act.to_owned()),
            ("how", how.to_owned()),
        ];
        metrics::counter!("payments_calls_total", &labels).increment(1);
        if is_failure(&answer) {
            let labels = [("provider", name.to_owned()), ("act", act.to_owned())];
            metrics::counter!("payments_failures_total", &labels).increment(1);
        }
        metrics::gauge!("payments_breaker", "provider" => name.to_owned()).set(shown.figure());
        answer
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a provider gives back meal vouchers, if it takes them.
fn voucher(provider: &Arc<dyn Provider>) -> Option<Voucher> {
    provider.vouchers().map(|vouchers| match vouchers {
        Vouchers::Parts => Voucher::Parts,
        Vouchers::Whole => Voucher::Whole,
    })
}

fn of<'a>(known: &'a mut HashMap<String, Known>, name: &str) -> &'a mut Known {
    known.entry(name.to_owned()).or_insert_with(|| Known {
        breaker: Breaker::new(),
        budget: Budget::new(),
    })
}

async fn within(provider: &Arc<dyn Provider>, call: impl Future<Output = Answer>) -> Answer {
    let answered = tokio::time::timeout(provider.deadline(), call).await;
    answered.unwrap_or_else(|_| Answer::Unknown {
        words: "no answer in time".to_owned(),
    })
}

/// A refusal is an answer; whatever tells us nothing is a failure.
fn is_failure(answer: &Answer) -> bool {
    matches!(answer, Answer::Unknown { .. } | Answer::Unsent { .. })
}

fn how(answer: &Answer) -> &'static str {
    match answer {
        Answer::Done { .. } => "done",
        Answer::Action { .. } => "action",
        Answer::Pending { .. } => "pending",
        Answer::Refused { .. } => "refused",
        Answer::Unsent { .. } => "unsent",
        Answer::Unknown { .. } => "unknown",
        Answer::Absent => "absent",
    }
}
