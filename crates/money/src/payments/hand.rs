//! What nobody knows for too long, for a human to settle by what the provider's own console shows.

use base::{Error, Result, Time, Trail as _, codes};
use engine::Timer;
use store::Commit;
use trade::orders::OrderId;
use trade::payments::{Answer as Known, AttemptId, Intent, PaymentId, Refusal};

use super::app::{App, refused};
use super::settle::{Chase, LOOKS_OFTEN, SETTLE, Step, wake};
use super::store::{self as rows};

/// Why an attempt is refused that a human has seen to have come to nothing.
const BY_HAND: &str = "settled_by_hand";

/// What a human has seen at the provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    /// It was done, of the amount that was asked, under this name.
    Done(String),
    /// It was not done.
    NotDone,
}

impl App {
    /// The payments of which a timer has asked for so long that a human has to look.
    ///
    /// # Errors
    /// A database is away.
    pub async fn overdue(&self) -> Result<Vec<PaymentId>> {
        let now = self.0.clock.now();
        let mut found = Vec::new();
        for payload in engine::waiting::of_kind(&self.0.db, SETTLE).await.at()? {
            let chase: Chase = super::settle::read(&payload)?;
            let since = chase.since.unwrap_or(Time::EPOCH);
            if now.since(since) >= trade::payments::LEFT_ALONE {
                found.push(chase.payment);
            }
        }
        Ok(found)
    }

    /// Has a commit see to it that somebody asks for what has no outcome yet of an order's payments, when the saga that did
    /// is ended.
    ///
    /// # Errors
    /// Our own database is away.
    pub async fn look_after(&self, commit: &mut Commit, order: OrderId) -> Result<()> {
        for kept in rows::of_order(&self.0.db, order).await.at()? {
            if kept.intent.unsettled().next().is_some() {
                self.set_next(commit, &kept.intent, LOOKS_OFTEN);
            }
        }
        Ok(())
    }

    /// Has a commit settle an attempt by what a human has seen, with all that follows from it. Answers the payment as it
    /// stands then.
    ///
    /// # Errors
    /// There is no such payment or attempt, or it is still left to the platform to find out.
    pub async fn settle_by_hand(
        &self,
        commit: &mut Commit,
        (payment, attempt): (PaymentId, AttemptId),
        seen: Seen,
    ) -> Result<Intent> {
        let mut step = Step::of(self.find(payment).await?);
        let found = step.kept.intent.attempt(attempt);
        let found = found.ok_or_else(|| refused(Refusal::AttemptMissing))?;
        if !found.needs_human(self.0.clock.now()) {
            let said = "the attempt has an outcome, or the platform still finds out by itself";
            return Err(Error::conflict(codes::REFUSED, said));
        }
        if found.provider.is_credit() {
            let said = "nobody outside was asked: whoever asks again is answered";
            return Err(Error::conflict(codes::REFUSED, said));
        }
        let minor = found.minor;
        let answer = match seen {
            Seen::Done(reference) => Known::Done { reference, minor },
            Seen::NotDone => Known::Refused {
                code: BY_HAND.to_owned(),
            },
        };
        step.note(attempt, answer)?;
        Timer::cancel(attempt.uid(), commit);
        step.write(commit)?;
        wake(commit, &step.kept);
        Ok(step.kept.intent)
    }
}
