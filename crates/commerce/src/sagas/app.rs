//! The use cases of operators: list sagas, let one run again, have it undone, take it as settled.

use base::{Error, Page, Result, Trail as _, Uid, codes};
use domain::organisations::Reason;
use engine::sagas::{Sagas, Shown, Which};
use serde::Serialize;
use slice::{Ask, Cursors, Turn, outrun};
use store::{Commit, Db};

use super::view::{OF_ORDERS, SagaId, SagaView};
use crate::{ledger, orders, payments};

/// What an operator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Lets it run again from where it stands.
    Retry,
    /// Has it undone.
    Compensate,
    /// Ends it: what was left was put right by hand.
    Settle,
}

impl Act {
    const fn operation(self) -> &'static str {
        match self {
            Act::Retry => "sagas.retry",
            Act::Compensate => "sagas.compensate",
            Act::Settle => "sagas.settle",
        }
    }

    const fn event(self) -> &'static str {
        match self {
            Act::Retry => "saga.retried",
            Act::Compensate => "saga.compensated",
            Act::Settle => "saga.settled",
        }
    }
}

/// What is written down of an act: how the saga stood, and why somebody acted.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Acted<'a> {
    saga: SagaId,
    kind: &'a str,
    step: usize,
    direction: &'a str,
    error: &'a str,
    amount: Option<&'a str>,
    currency: Option<&'a str>,
    reason: &'a str,
}

/// The use cases. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(super) db: Db,
    pub(super) clock: base::Clock,
    pub(super) random: base::Random,
    pub(super) cursors: Cursors,
    pub(super) sagas: Sagas,
    pub(super) orders: orders::App,
    pub(super) payments: payments::App,
    pub(super) ledger: ledger::App,
}

impl App {
    /// The use cases over these parts.
    #[must_use]
    pub fn new(parts: &crate::Parts, orders: &orders::App, with: &orders::With) -> Self {
        App {
            db: parts.db.clone(),
            clock: parts.clock.clone(),
            random: parts.random.clone(),
            cursors: parts.cursors.clone(),
            sagas: with.sagas.clone(),
            orders: orders.clone(),
            payments: with.payments.clone(),
            ledger: with.ledger.clone(),
        }
    }

    /// A part of the sagas of everybody, the oldest first.
    pub(super) async fn list(&self, which: Which, turn: &Turn) -> Result<Page<SagaView>> {
        let scope = format!("sagas {which:?}");
        let after = match &turn.cursor {
            Some(cursor) => Some(self.cursors.open_at(&scope, cursor)?),
            None => None,
        };
        let limit = turn.limit.get();
        let found = self.sagas.list(which, after, limit.saturating_add(1));
        let mut found = found.await.at()?;
        let is_more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| is_more);
        let next = last.map(|last| self.cursors.seal_at(&scope, (last.begun_at, last.id)));
        let items = found.iter().map(SagaView::from).collect();
        Ok(Page { items, next })
    }

    /// One saga that has not ended.
    pub(super) async fn read(&self, id: SagaId) -> Result<SagaView> {
        Ok(SagaView::from(&self.find(id).await?))
    }

    /// Does what an operator says, and writes down who said it and why.
    pub(super) async fn act(
        &self,
        ask: &Ask,
        id: SagaId,
        (act, reason): (Act, Reason),
    ) -> Result<SagaView> {
        let organisation = id.organisation();
        if !self.db.knows(organisation).await {
            return Err(missing());
        }
        let request = (id, act.operation(), &reason);
        let settled = ask.settle(
            &self.db,
            (organisation, act.operation()),
            &request,
            async || {
                let shown = self.find(id).await?;
                let mut commit = self.db.new_commit(organisation);
                match act {
                    Act::Retry => shown.retry(&mut commit),
                    Act::Compensate => shown.compensate(reason.as_str(), &mut commit)?,
                    Act::Settle => {
                        shown.settle(&mut commit)?;
                        self.hand_over(&shown, &mut commit).await?;
                    }
                }
                let view = SagaView::from(&shown);
                self.note(ask, (act, &reason), &shown, &mut commit)?;
                Ok((commit, view))
            },
        );
        let settled = settled.await;
        let before =
            settled.map_err(|error| outrun(error, "the saga has moved since it was read"))?;
        match (act, self.sagas.find(organisation, id.uid()).await.at()?) {
            (Act::Settle, _) => Ok(before.settled()),
            (_, Some(now)) => Ok(SagaView::from(&now)),
            // It has ended meanwhile.
            (_, None) => Ok(before),
        }
    }

    /// What a saga of an order has asked and was not answered, a timer asks for from now on.
    async fn hand_over(&self, shown: &Shown, commit: &mut Commit) -> Result<()> {
        match shown.kind.starts_with(OF_ORDERS) {
            true => {
                let order = shown.subject.into();
                self.payments.look_after(commit, order).await
            }
            false => Ok(()),
        }
    }

    fn note(
        &self,
        ask: &Ask,
        (act, reason): (Act, &Reason),
        shown: &Shown,
        commit: &mut Commit,
    ) -> Result<()> {
        let view = SagaView::from(shown);
        let acted = Acted {
            saga: shown.id.into(),
            kind: &shown.kind,
            step: shown.step,
            direction: &view.direction,
            error: &shown.error,
            amount: view.amount.as_deref(),
            currency: view.currency.as_deref(),
            reason: reason.as_str(),
        };
        // Each act is a stream of its own: a saga has no other events, and two acts may come at once.
        let stream = Uid::make(&self.clock, &self.random, commit.organisation());
        let event = ask.event(commit, (stream, 1), act.event(), &acted)?;
        commit.event(event);
        Ok(())
    }

    async fn find(&self, id: SagaId) -> Result<Shown> {
        if !self.db.knows(id.organisation()).await {
            return Err(missing());
        }
        let found = self.sagas.find(id.organisation(), id.uid()).await.at()?;
        found.ok_or_else(missing)
    }
}

#[track_caller]
fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such saga, or it has ended")
}
