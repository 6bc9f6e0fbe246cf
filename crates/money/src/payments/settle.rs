//! What was answered becomes rows, and what was not answered is asked for by a timer until it is.

use std::time::Duration;

use base::{Error, Money, Result, Time, Uid, codes};
use domain::organisations::RestaurantId;
use engine::{Due, Handled, Timer, TimerHandler};
use rpc::providers::Answer;
use serde::{Deserialize, Serialize};
use slice::Ask;
use store::Commit;
use trade::ledger::{About, Means, Transaction};
use trade::payments::{
    Act, Answer as Known, Answered, Attempt, AttemptId, AttemptState, Command, Event, Intent,
    PaymentId, Refusal, State, apply, decide,
};

use super::app::{App, TRIES, refused};
use super::standing::Standing;
use super::store::{self as rows, Aside, Kept, Told};
use crate::{credit, ledger};

/// The timer that asks for what was not answered.
pub(super) const SETTLE: &str = "payment.settle";
/// The timer that reads what a provider told.
pub(super) const NOTICE: &str = "payment.notice";
/// What stands before the id of a saga.
pub(super) const SAGA: &str = "sag";
/// How long one look at a payment may take.
const LOOK_WITHIN: Duration = Duration::from_secs(22);
/// An attempt that nobody has told the end of after this is looked after by the timer.
const AFTER: Duration = Duration::from_secs(15);
/// The longest wait between two looks at what nobody knows: it bounds how long it stays unknown once the provider answers.
const UNKNOWN_WAIT_MAX: Duration = Duration::from_secs(20);
/// The longest wait for what a provider, or a payer, takes its time with.
const PENDING_WAIT_MAX: Duration = Duration::from_secs(600);
/// After so many looks even what nobody knows is looked at as rarely as that.
pub(super) const LOOKS_OFTEN: u32 = 5_000;
/// The wait between two looks at what needs a human by now.
const LEFT_ALONE_WAIT: Duration = Duration::from_secs(3_600);
/// Who writes into the log what became of payments.
const ITSELF: &str = "platform";
/// The longest word of a refusal that is kept.
const CODE_CHARS_MAX: usize = 64;

/// How an answer was taken note of.
pub(super) enum Settled {
    /// It stands so now.
    Stands(Standing),
    /// Something changed: what is to be done next has to be decided again.
    Anew,
}

/// A payment on its way from one version to a later one.
pub(super) struct Step {
    pub(super) kept: Kept,
    seen: i64,
    events: Vec<Event>,
    /// Whether the last command was refused because something else has no outcome yet.
    pub(super) is_under_way: bool,
}

/// Whose commit an answer goes into.
pub(super) enum Into<'a> {
    /// One of its own, with a timer that asks again where nothing is known yet.
    Own,
    /// One of the caller, who is handed what to put there, if it was answered for good; else one of its own.
    Callers(&'a mut Option<Step>),
    /// As `Own`, of whoever is not the saga that waits for it: that goes on at once.
    Payers,
    /// One of its own; who calls is the timer itself, and sees to it that it is asked again.
    Timers,
}

/// What the timer is about.
#[derive(Serialize, Deserialize)]
pub(super) struct Chase {
    pub(super) payment: PaymentId,
    looks: u32,
    /// Since when the first of what has no outcome is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<Time>,
}

impl Step {
    /// A payment that begins.
    pub(super) fn open(open: &Command, restaurant: RestaurantId, aside: Aside) -> Result<Self> {
        let events = decide(None, open).map_err(refused)?;
        let intent = events
            .iter()
            .try_fold(None, |intent, event| apply(intent, event).map(Some));
        let intent = intent.flatten().ok_or_else(damaged)?;
        let kept = Kept {
            intent,
            restaurant,
            aside,
        };
        Ok(Step {
            kept,
            seen: 0,
            events,
            is_under_way: false,
        })
    }

    /// A payment as it is stored.
    pub(super) fn of(kept: Kept) -> Self {
        Step {
            seen: kept.intent.version,
            kept,
            events: Vec::new(),
            is_under_way: false,
        }
    }

    /// Decides a command, and takes what it does.
    pub(super) fn decide(&mut self, command: &Command) -> Result<()> {
        let events = decide(Some(&self.kept.intent), command).map_err(|refusal| {
            self.is_under_way = matches!(refusal, Refusal::UnderWay);
            refused(refusal)
        })?;
        for event in events {
            let next = apply(Some(self.kept.intent.clone()), &event);
            self.kept.intent = next.ok_or_else(damaged)?;
            self.events.push(event);
        }
        Ok(())
    }

    /// Takes note of what is known of an attempt. A payment whose money was refused comes to nothing.
    pub(super) fn note(&mut self, attempt: AttemptId, answer: Known) -> Result<()> {
        let code = code(&answer);
        self.decide(&Command::Settle { attempt, answer })?;
        self.noted(attempt, code)
    }

    /// The same, of what a human has seen.
    pub(super) fn note_by_hand(&mut self, attempt: AttemptId, answer: Known) -> Result<()> {
        let code = code(&answer);
        self.decide(&Command::SettleByHand { attempt, answer })?;
        self.noted(attempt, code)
    }

    fn noted(&mut self, attempt: AttemptId, code: Option<String>) -> Result<()> {
        let intent = &self.kept.intent;
        let act = intent.attempt(attempt).map(|attempt| attempt.act);
        let is_over = matches!(intent.state, State::Open | State::ActionNeeded)
            && intent.unsettled().next().is_none();
        if let (Some(code), Some(Act::Authorise), true) = (code, act, is_over) {
            self.decide(&Command::Fail { code })?;
        }
        if self.kept.intent.held_by().is_some() || self.kept.intent.state.is_final() {
            let (saga, credit) = (self.kept.aside.saga.take(), self.kept.aside.credit);
            self.kept.aside = Aside {
                saga,
                credit,
                ..Aside::default()
            };
        }
        Ok(())
    }

    pub(super) fn has_changed(&self) -> bool {
        !self.events.is_empty()
    }

    /// Puts everything into a commit: the row, the events, and what is posted because of them.
    pub(super) fn write(&self, commit: &mut Commit) -> Result<()> {
        let (kept, intent) = (&self.kept, &self.kept.intent);
        match self.seen {
            0 => rows::insert(commit, kept)?,
            seen => rows::change(commit, seen, kept)?,
        }
        let ask = Ask {
            actor: ITSELF.to_owned(),
            trace: String::new(),
            key: None,
        };
        for (version, event) in (self.seen.saturating_add(1)..).zip(&self.events) {
            let told = Told {
                payment: intent.id,
                order: intent.order,
                restaurant: kept.restaurant,
                event: event.clone(),
            };
            let place = (intent.id.uid(), version);
            let logged = ask.event(commit, place, event.kind(), &told)?;
            commit.event(logged);
            if let Some(posted) = posted(intent, event)? {
                ledger::post(commit, &ask, &posted)?;
            }
            if let Some((attempt, minor)) = given_back(intent, event)
                && let Some(entry) = kept.credit(minor)
                && !base::planted("credit_not_returned")
            {
                let place = (attempt.uid(), credit::What::Returned);
                credit::give(commit, &ask, place, &entry)?;
            }
            if let Event::Contradicted(answered) = event {
                metrics::counter!("payments_contradicted_total").increment(1);
                tracing::error!(payment = %intent.id, attempt = %answered.attempt, "a provider contradicts itself");
            }
        }
        Ok(())
    }
}

impl Kept {
    /// So much of the credit that is paid with.
    pub(super) fn credit(&self, minor: i64) -> Option<credit::Entry> {
        Some(credit::Entry {
            person: self.aside.credit?,
            currency: self.intent.currency,
            minor,
            order: self.intent.order,
            restaurant: self.restaurant,
            why: None,
        })
    }
}

impl App {
    /// What is done when its time has come.
    #[must_use]
    pub fn timers(&self) -> Vec<TimerHandler> {
        let (chaser, reader) = (self.clone(), self.clone());
        vec![
            TimerHandler::new(SETTLE, move |due| {
                let app = chaser.clone();
                async move { app.chase(&due).await }
            }),
            TimerHandler::new(NOTICE, move |due| {
                let app = reader.clone();
                async move { app.hear(&due).await }
            }),
        ]
    }

    /// Has a commit see to it that somebody looks after an attempt, should nobody tell the end of it.
    pub(super) fn settle_later(&self, commit: &mut Commit, payment: PaymentId, attempt: AttemptId) {
        let chase = Chase {
            payment,
            looks: 0,
            since: Some(commit.at()),
        };
        self.set(commit, (attempt.uid(), AFTER), &chase);
    }

    /// Drops a payment of which nothing was ever asked.
    pub(super) async fn drop_it(&self, kept: &Kept) -> Result<Settled> {
        let mut step = Step::of(kept.clone());
        step.decide(&Command::Drop)?;
        let mut commit = self.0.db.new_commit(kept.intent.id.organisation());
        step.write(&mut commit)?;
        self.store(commit, &step).await
    }

    /// Stores that nobody knows what became of an attempt which somebody else has begun. From then on he can store nothing of
    /// what he makes of his own call, least of all that it never left and that he asks elsewhere.
    pub(super) async fn disown(&self, kept: &Kept, attempt: AttemptId) -> Result<Settled> {
        let mut step = Step::of(kept.clone());
        step.note(attempt, Known::Unknown)?;
        let mut commit = self.0.db.new_commit(kept.intent.id.organisation());
        step.write(&mut commit)?;
        self.store(commit, &step).await
    }

    /// Takes note of an answer. Without one the attempt certainly came to nothing, and it may be asked elsewhere.
    pub(super) async fn answered(
        &self,
        into: Into<'_>,
        kept: &Kept,
        (attempt, answer): (AttemptId, Option<Answer>),
    ) -> Result<Settled> {
        let mut step = Step::of(kept.clone());
        let known = match &answer {
            None => Some(Known::GivenUp),
            Some(answer) => known(kept, attempt, answer),
        };
        if let Some(Answer::Action { url, .. }) = &answer {
            step.kept.aside.action_url = Some(url.clone());
        }
        if let Some(known) = known {
            step.note(attempt, known)?;
        }
        if !step.has_changed() {
            return Ok(Settled::Stands(Standing::of(kept)));
        }
        let after = step.kept.intent.attempt(attempt);
        let is_settled = after.is_some_and(|attempt| attempt.state.is_settled());
        let is_left = is_left(kept, attempt, self.0.clock.now());
        let mut commit = match into {
            // No timer looks after what a saga asks again.
            Into::Callers(noted) if is_settled && !is_left && answer.is_some() => {
                let standing = Standing::of(&step.kept);
                *noted = Some(step);
                return Ok(Settled::Stands(standing));
            }
            Into::Timers => self.of_timers(&step),
            Into::Own | Into::Callers(_) => self.with_timers(&step, (attempt, is_settled)),
            Into::Payers => {
                let mut commit = self.with_timers(&step, (attempt, is_settled));
                wake(&mut commit, &step.kept);
                commit
            }
        };
        step.write(&mut commit)?;
        match self.store(commit, &step).await? {
            // Nobody holds the money: another provider may be asked.
            Settled::Stands(_) if answer.is_none() => Ok(Settled::Anew),
            Settled::Anew if is_left || matches!(answer, Some(Answer::Done { .. })) => {
                self.too_late(kept.intent.id, (attempt, answer)).await
            }
            settled => Ok(settled),
        }
    }

    /// Has an answer contradict what a human, or whoever let go of the payment, has said of the attempt meanwhile, if it does.
    /// The provider may have done it after he looked, and will not be asked again.
    async fn too_late(
        &self,
        payment: PaymentId,
        (attempt, answer): (AttemptId, Option<Answer>),
    ) -> Result<Settled> {
        for _ in 0..TRIES {
            let kept = self.find(payment).await?;
            let was = kept.intent.attempt(attempt).map(|attempt| attempt.state);
            let said = answer.as_ref();
            let said = said.and_then(|answer| known(&kept, attempt, answer));
            let said = match (was, said) {
                (
                    Some(AttemptState::Refused | AttemptState::GivenUp),
                    Some(said @ Known::Done { .. }),
                )
                | (
                    Some(AttemptState::Done),
                    Some(said @ (Known::Refused { .. } | Known::Done { .. })),
                ) => said,
                _ => return Ok(Settled::Anew),
            };
            let mut step = Step::of(kept);
            step.note(attempt, said)?;
            if !step.has_changed() {
                return Ok(Settled::Anew);
            }
            let mut commit = self.0.db.new_commit(payment.organisation());
            step.write(&mut commit)?;
            if let Settled::Stands(_) = self.store(commit, &step).await? {
                return Ok(Settled::Anew);
            }
        }
        Err(too_many())
    }

    fn with_timers(&self, step: &Step, (attempt, is_settled): (AttemptId, bool)) -> Commit {
        let payment = step.kept.intent.id;
        let mut commit = self.0.db.new_commit(payment.organisation());
        Timer::cancel(attempt.uid(), &mut commit);
        if !is_settled {
            self.set_next(&mut commit, &step.kept.intent, 0);
        }
        commit
    }

    fn of_timers(&self, step: &Step) -> Commit {
        let mut commit = self.0.db.new_commit(step.kept.intent.id.organisation());
        wake(&mut commit, &step.kept);
        commit
    }

    async fn store(&self, commit: Commit, step: &Step) -> Result<Settled> {
        match self.0.db.commit(commit, &self.0.db.deadline()).await {
            Ok(_) => Ok(Settled::Stands(Standing::of(&step.kept))),
            Err(failure) if rows::is_lost_race(&failure) => Ok(Settled::Anew),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Looks after what has no outcome, and sets the time of the next look if there still is none.
    async fn chase(&self, due: &Due) -> Result<Handled> {
        let chase: Chase = read(&due.payload)?;
        let settled = tokio::time::timeout(LOOK_WITHIN, self.settle_all(chase.payment)).await;
        match settled {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(?error, payment = %chase.payment, "a payment is not settled yet")
            }
            Err(_) => tracing::warn!(payment = %chase.payment, "a provider takes its time"),
        }
        let kept = self.find(chase.payment).await?;
        if kept.intent.unsettled().next().is_none() {
            return Ok(Handled::Done);
        }
        let mut commit = self.0.db.new_commit(due.organisation);
        self.set_next(&mut commit, &kept.intent, chase.looks.saturating_add(1));
        Ok(commit.into())
    }

    async fn settle_all(&self, payment: PaymentId) -> Result<()> {
        let mut kept = self.find(payment).await?;
        let open: Vec<AttemptId> = kept.intent.unsettled().map(|attempt| attempt.id).collect();
        for attempt in open {
            self.push(Into::Timers, &kept, attempt).await?;
            kept = self.find(payment).await?;
        }
        Ok(())
    }

    pub(super) fn set_next(&self, commit: &mut Commit, intent: &Intent, looks: u32) {
        let id = Uid::make(&self.0.clock, &self.0.random, intent.id.organisation());
        let chase = Chase {
            payment: intent.id,
            looks,
            since: intent.unsettled().map(Attempt::since).min(),
        };
        let wait = wait(intent, looks, self.0.clock.now());
        self.set(commit, (id, wait), &chase);
    }

    fn set(&self, commit: &mut Commit, (id, wait): (Uid, Duration), chase: &Chase) {
        let now = self.0.clock.now();
        let timer = Timer {
            id,
            kind: SETTLE,
            payload: serde_json::json!(chase).to_string(),
            due_at: now.plus(wait).unwrap_or(now),
        };
        timer.set(commit);
    }
}

/// Has a commit wake the saga that waits for a payment.
pub(super) fn wake(commit: &mut Commit, kept: &Kept) {
    let saga = kept.aside.saga.as_deref();
    if let Some(Ok(saga)) = saga.map(|saga| base::uid::read(SAGA, saga)) {
        engine::sagas::wake(saga, commit);
    }
}

/// Whether an attempt may be settled by a human while it is asked for: an answer is lost then when it is not told at once.
fn is_left(kept: &Kept, attempt: AttemptId, now: Time) -> bool {
    let attempt = kept.intent.attempt(attempt);
    attempt.is_some_and(|attempt| attempt.is_for_human(now))
}

/// Why an answer refuses, if it does.
fn code(answer: &Known) -> Option<String> {
    match answer {
        Known::Refused { code } => Some(code.clone()),
        _ => None,
    }
}

/// What an answer says of an attempt, if it says anything new.
pub(super) fn known(kept: &Kept, attempt: AttemptId, answer: &Answer) -> Option<Known> {
    let attempt = kept.intent.attempt(attempt)?;
    let is_named = attempt.reference.is_some();
    match answer {
        Answer::Done { reference, amount } if amount.currency() == kept.intent.currency => {
            Some(Known::Done {
                reference: reference.clone(),
                minor: amount.minor(),
            })
        }
        Answer::Done { .. } => {
            tracing::error!(payment = %kept.intent.id, "a provider answers in another currency");
            Some(Known::Unknown)
        }
        Answer::Action { reference, .. } => Some(Known::Action {
            reference: reference.clone(),
        }),
        Answer::Pending { reference } => Some(Known::Pending {
            reference: reference.clone(),
        }),
        Answer::Refused { code, .. } => Some(Known::Refused {
            code: code.chars().take(CODE_CHARS_MAX).collect(),
        }),
        // The provider has it, that much is known: only what it says next counts.
        Answer::Unsent { .. } | Answer::Unknown { .. } | Answer::Absent if is_named => None,
        Answer::Unknown { .. } if base::planted("unknown_is_refused") => Some(Known::Refused {
            code: "unknown".to_owned(),
        }),
        Answer::Unsent { .. } | Answer::Unknown { .. } | Answer::Absent => Some(Known::Unknown),
    }
}

/// How long until it is looked again.
fn wait(intent: &Intent, looks: u32, now: Time) -> Duration {
    if intent.unsettled().all(|attempt| attempt.needs_human(now)) {
        return LEFT_ALONE_WAIT;
    }
    let doubled = |first: Duration| first.saturating_mul(2_u32.saturating_pow(looks.min(20)));
    let is_unknown = intent
        .unsettled()
        .any(|attempt| attempt.reference.is_none());
    match is_unknown && looks < LOOKS_OFTEN {
        true => doubled(Duration::from_secs(1)).min(UNKNOWN_WAIT_MAX),
        false => doubled(Duration::from_secs(30)).min(PENDING_WAIT_MAX),
    }
}

/// What a timer is about.
pub(super) fn read<T: serde::de::DeserializeOwned>(payload: &str) -> Result<T> {
    serde_json::from_str(payload).map_err(|error| {
        Error::internal(codes::DAMAGED, "a timer that does not read").caused_by(error)
    })
}

#[track_caller]
pub(super) fn too_many() -> Error {
    Error::unavailable(
        codes::OVERLOADED,
        "a payment is changed by too many at a time",
    )
}

#[track_caller]
fn damaged() -> Error {
    Error::internal(codes::DAMAGED, "an event of no such payment")
}

/// What an event gives back of credit that somebody pays with: what was let go of, given back, or held and not taken,
/// because it is taken once.
fn given_back(intent: &Intent, event: &Event) -> Option<(AttemptId, i64)> {
    let Event::Answered(Answered {
        attempt,
        answer: Known::Done { minor, .. },
        act,
        ..
    }) = event
    else {
        return None;
    };
    let provider = &intent.attempt(*attempt)?.provider;
    let back = match act {
        Act::Authorise => 0,
        Act::Capture => intent.authorised_minor.saturating_sub(*minor),
        Act::Cancel | Act::Refund => *minor,
    };
    (provider.is_credit() && back > 0).then_some((*attempt, back))
}

/// What the ledger says of an event.
fn posted(intent: &Intent, event: &Event) -> Result<Option<Transaction>> {
    let Event::Answered(Answered {
        attempt,
        answer: Known::Done { minor, .. },
        act,
        ..
    }) = event
    else {
        return Ok(None);
    };
    let Some(known) = intent.attempt(*attempt) else {
        return Ok(None);
    };
    let (about, means) = (About::Attempt(*attempt), Means::of(&known.provider));
    let amount = Money::new(*minor, intent.currency);
    let transaction = match act {
        Act::Capture if base::planted("capture_not_posted") => return Ok(None),
        Act::Refund if base::planted("refund_not_posted") => return Ok(None),
        Act::Capture => Transaction::captured(intent.order, about, &means, amount),
        Act::Refund => Transaction::refund_executed(intent.order, about, &means, amount),
        Act::Authorise | Act::Cancel => return Ok(None),
    };
    let refused = |refusal: trade::ledger::Refusal| {
        Error::internal(
            codes::INTERNAL,
            format!("money that cannot be posted: {refusal}"),
        )
    };
    transaction.map(Some).map_err(refused)
}
