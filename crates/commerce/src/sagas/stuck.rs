//! Payments that need a human: an attempt of theirs has been without an outcome for days.
//!
//! Whatever has no outcome is asked for by a saga or by a timer, so they are found by those: sagas that are old, at work or
//! parked, and timers that have asked for long. Nothing has to be kept of the many that are answered at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base::{Error, Kind, Money, Page, Result, Time, Uid, codes};
use engine::sagas::{Shown, Which};
use engine::{Stop, Tasks};
use serde::{Deserialize, Serialize};
use slice::{Ask, Turn, outrun, wrong};
use store::Commit;
use trade::orders::OrderId;
use trade::payments::{Attempt, AttemptId, Intent, LEFT_ALONE, PaymentId};

use super::app::App;
use super::view::OF_ORDERS;
use crate::payments::{Called, PaymentLook, Seen};

/// How many sagas are read at once.
const STEP: usize = 200;
/// How often that is done, for those at work and for those parked.
const STEPS_MAX: usize = 50;
/// How often it is counted.
const COUNT_EVERY: Duration = Duration::from_secs(60);
/// What the signature of a cursor is for.
const SCOPE: &str = "payments that need a human";
/// The operation by which one is settled.
pub(super) const SETTLE: &str = "payments.settle";

/// What somebody says of an attempt, and why.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Saying {
    pub(super) attempt: AttemptId,
    /// What the provider calls it, if it was done.
    pub(super) done: Option<Called>,
    /// How much was moved, where it was not what was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) amount: Option<String>,
    pub(super) reason: String,
}

/// What is written down of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Settled<'a> {
    payment: PaymentId,
    order: OrderId,
    attempt: AttemptId,
    act: &'static str,
    provider: &'a str,
    amount: String,
    currency: &'static str,
    was: &'static str,
    outcome: &'static str,
    reference: Option<&'a str>,
    /// How much was moved, where he says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<&'a str>,
    reason: &'a str,
}

impl Saying {
    fn seen(&self, intent: &Intent) -> Result<Seen> {
        let Some(name) = self.done.clone() else {
            return Ok(Seen::NotDone);
        };
        let amount = self.amount.as_deref();
        let amount = amount.map(|text| Money::parse(text, intent.currency));
        let amount = amount.transpose();
        let amount = amount.map_err(|error| wrong("amount", error.to_string()))?;
        Ok(Seen::Done(name, amount))
    }
}

impl App {
    /// A part of the payments that need a human, the oldest first.
    pub(super) async fn stuck(&self, turn: &Turn) -> Result<Page<PaymentLook>> {
        let after = match &turn.cursor {
            Some(cursor) => Some(self.cursors.open_at(SCOPE, cursor)?),
            None => None,
        };
        let all = self.all_stuck().await?;
        let mut left = all.iter().filter(|(place, _)| Some(**place) > after);
        let part: Vec<_> = left.by_ref().take(turn.limit.get()).collect();
        let last = part.last().filter(|_| left.next().is_some());
        let now = self.clock.now();
        Ok(Page {
            next: last.map(|(place, _)| self.cursors.seal_at(SCOPE, **place)),
            items: part
                .iter()
                .map(|(_, intent)| PaymentLook::of(intent, now))
                .collect(),
        })
    }

    /// Settles an attempt by what an operator has seen at the provider, and writes down who said it and why.
    pub(super) async fn settle_attempt(
        &self,
        ask: &Ask,
        id: PaymentId,
        saying: &Saying,
    ) -> Result<PaymentLook> {
        let house = id.organisation();
        if !self.db.knows(house).await {
            return Err(missing());
        }
        let request = (id, saying);
        let settled = ask.settle(&self.db, (house, SETTLE), &request, async || {
            let before = self.payments.intent(id).await?;
            let mut commit = self.db.new_commit(house);
            let seen = saying.seen(&before)?;
            let which = (id, saying.attempt);
            let after = self.payments.settle_by_hand(&mut commit, which, seen);
            let after = after.await?;
            self.note_settled(ask, &before, saying, &mut commit)?;
            Ok((commit, PaymentLook::of(&after, self.clock.now())))
        });
        let settled = settled.await;
        settled.map_err(|error| outrun(error, "the payment has moved since it was read"))
    }

    fn note_settled(
        &self,
        ask: &Ask,
        before: &Intent,
        saying: &Saying,
        commit: &mut Commit,
    ) -> Result<()> {
        let attempt = before.attempt(saying.attempt).ok_or_else(missing)?;
        let settled = Settled {
            payment: before.id,
            order: before.order,
            attempt: attempt.id,
            act: attempt.act.name(),
            provider: attempt.provider.as_str(),
            amount: Money::new(attempt.minor, before.currency).amount(),
            currency: before.currency.code(),
            was: attempt.state.name(),
            outcome: match saying.done {
                Some(_) => "done",
                None => "not_done",
            },
            reference: saying.done.as_ref().map(Called::as_str),
            moved: saying.amount.as_deref(),
            reason: &saying.reason,
        };
        // Each act is a stream of its own, as those upon sagas.
        let stream = Uid::make(&self.clock, &self.random, commit.organisation());
        let event = ask.event(commit, (stream, 1), "attempt.settled", &settled)?;
        commit.event(event);
        Ok(())
    }

    /// All payments that need a human, by the time of the oldest attempt that does.
    async fn all_stuck(&self) -> Result<BTreeMap<(Time, Uid), Intent>> {
        let now = self.clock.now();
        let mut all = BTreeMap::new();
        for order in self.old_orders(now).await? {
            if self.db.knows(order.organisation()).await {
                let payments = whole(self.payments.all_of_order(order).await)?;
                let payments = payments.into_iter().flatten();
                all.extend(payments.filter_map(|one| placed(one, now)));
            }
        }
        for payment in self.payments.overdue().await? {
            if !self.db.knows(payment.organisation()).await {
                continue;
            }
            let intent = whole(self.payments.intent(payment).await)?;
            all.extend(intent.and_then(|intent| placed(intent, now)));
        }
        Ok(all)
    }

    /// The orders whose sagas were begun so long ago that their attempts may need a human.
    async fn old_orders(&self, now: Time) -> Result<BTreeSet<OrderId>> {
        let mut orders = BTreeSet::new();
        let is_old = |shown: &Shown| now.since(shown.begun_at) >= LEFT_ALONE;
        for which in [Which::Open, Which::Parked] {
            let mut after = None;
            for step in 1..=STEPS_MAX {
                let part = self.sagas.list(which, after, STEP).await?;
                after = part.last().map(|last| (last.begun_at, last.id));
                let old = part.iter().filter(|shown| is_old(shown));
                let of_orders = old.filter(|shown| shown.kind.starts_with(OF_ORDERS));
                orders.extend(of_orders.map(|shown| OrderId::from(shown.subject)));
                if part.len() < STEP || !part.last().is_some_and(is_old) {
                    break;
                }
                if step == STEPS_MAX {
                    tracing::warn!(?which, "there are more old sagas than are looked through");
                }
            }
        }
        Ok(orders)
    }

    /// Tells how many payments need a human, until the stop.
    async fn count(self, stop: Stop) -> Result<()> {
        loop {
            match self.count_now().await {
                Err(error) if error.kind() != Kind::Unavailable => return Err(error),
                Ok(()) | Err(_) => {}
            }
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = tokio::time::sleep(COUNT_EVERY) => {}
            }
        }
    }

    async fn count_now(&self) -> Result<()> {
        let names = self.db.shards().keys();
        let mut counts: BTreeMap<String, u32> = names.map(|name| (name.clone(), 0)).collect();
        for intent in self.all_stuck().await?.values() {
            let (_, home) = self.db.home(intent.id.organisation())?;
            let count = counts.entry(home.shard).or_default();
            *count = count.saturating_add(1);
        }
        for (shard, count) in counts {
            metrics::gauge!("payments_stuck", "shard" => shard).set(f64::from(count));
        }
        Ok(())
    }
}

/// Begins to count the payments that need a human.
pub(crate) fn start(app: &App, tasks: &Tasks) {
    let app = app.clone();
    tasks.spawn("stuck payments", move |stop| app.clone().count(stop));
}

/// What was read, if it is there and whole: what is damaged hides none of the others.
fn whole<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.kind() == Kind::Missing => Ok(None),
        Err(error) if error.kind() == Kind::Internal => {
            tracing::warn!(?error, "a payment that may need a human is left out");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// A payment by the time of the oldest attempt that needs a human, if one does.
fn placed(intent: Intent, now: Time) -> Option<((Time, Uid), Intent)> {
    let stuck = intent.unsettled().filter(|one| one.needs_human(now));
    let since = stuck.map(Attempt::since).min()?;
    Some(((since, intent.id.uid()), intent))
}

#[track_caller]
fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such payment")
}
