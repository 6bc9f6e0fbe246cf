//! What providers tell by themselves: verified, stored, accepted, and looked at afterwards.
//!
//! The same may be told twice and in any order. What is told of an attempt counts like any other answer to it.

use base::{Result, Trail as _, Uid, codes};
use engine::{Due, Handled, Timer};
use rpc::providers::{Answer, Headers, NOTICES_MAX, Notice};
use serde::{Deserialize, Serialize};
use trade::payments::{Act, Answer as Known, Attempt, Intent, PaymentId};

use super::app::App;
use super::settle::{NOTICE, Step, known, read, wake};
use super::store::{self as rows, Kept};

/// How often a notice is looked at anew because somebody else was faster.
const TRIES: usize = 32;
/// The longest id of a notice that is kept.
const ID_CHARS_MAX: usize = 120;

/// What a provider told, in our words.
#[derive(Debug, Serialize, Deserialize)]
struct Heard {
    /// Which attempt, counted from one, where the provider shows it.
    place: Option<usize>,
    act: Act,
    reference: Option<String>,
    /// Without one something changed, and it is looked up.
    answer: Option<Known>,
    currency: Option<base::Currency>,
}

/// Which notice a timer is about.
#[derive(Debug, Serialize, Deserialize)]
struct Which {
    provider: String,
    notice: String,
    /// The payment that it is about, for whoever looks for what waits about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentId>,
}

/// How a notice was looked at.
enum Read {
    /// Something is to be stored because of it.
    Changed(Box<Step>),
    /// It says nothing new.
    Known,
    /// It is about an attempt that nobody made.
    Nothing,
}

impl App {
    /// Stores what a provider tells, and answers what it wants to hear.
    ///
    /// # Errors
    /// There is no such provider, it is not from it, or it could not be stored: then it will tell it again.
    pub async fn take_in(
        &self,
        provider: &str,
        headers: Headers<'_>,
        body: &[u8],
    ) -> Result<&'static str> {
        let providers = self.0.gate.providers();
        let adapter = providers
            .find(provider)
            .ok_or_else(|| base::Error::missing(codes::NOT_FOUND, "there is no such thing"))?;
        let read = tokio::time::timeout(adapter.deadline(), adapter.read_notices(headers, body));
        let notices = read.await.map_err(|_| {
            base::Error::unavailable(codes::DEADLINE, "a notice could not be verified in time")
        })??;
        for notice in notices.iter().take(NOTICES_MAX) {
            self.store_notice(provider, notice).await?;
        }
        Ok(adapter.accepted())
    }

    async fn store_notice(&self, provider: &str, notice: &Notice) -> Result<()> {
        let named = notice.merchant_reference.as_deref().and_then(named);
        let organisation = named.map(|(payment, _)| payment.organisation());
        let (Some((payment, place)), Some(organisation)) = (named, organisation) else {
            return skipped(provider, "of no payment of ours");
        };
        if !self.0.db.knows(organisation).await || notice.id.chars().count() > ID_CHARS_MAX {
            return skipped(provider, "of no organisation of ours");
        }
        let heard = serde_json::to_string(&Heard::of(place, notice)).map_err(|error| {
            base::Error::internal(codes::INTERNAL, "a notice that is no JSON").caused_by(error)
        })?;
        let db = &self.0.db;
        let mut commit = db.new_commit(organisation);
        rows::store_notice(&mut commit, (provider, &notice.id), payment, heard);
        let which = Which {
            provider: provider.to_owned(),
            notice: notice.id.clone(),
            payment: Some(payment),
        };
        let timer = Timer {
            id: Uid::make(&self.0.clock, &self.0.random, organisation),
            kind: NOTICE,
            payload: serde_json::json!(which).to_string(),
            due_at: commit.at(),
        };
        timer.set(&mut commit);
        match db.commit(commit, &db.deadline()).await {
            Ok(_) => counted(provider, "stored"),
            Err(failure) if rows::is_told_before(&failure) => counted(provider, "repeated"),
            Err(failure) => return Err(failure.into()),
        }
        Ok(())
    }

    /// Looks at what a provider told, as the timer of a notice does. Several are about the same payment at a time, so whoever is outrun looks again.
    ///
    /// # Errors
    /// Our own database is away, or the timer is about something else.
    pub async fn hear(&self, due: &Due) -> Result<Handled> {
        let which: Which = read(&due.payload)?;
        let (db, key) = (&self.0.db, (which.provider.as_str(), which.notice.as_str()));
        let waiting = rows::find_notice(db, due.organisation, key).await.at()?;
        let Some(waiting) = waiting.filter(|waiting| !waiting.is_done) else {
            return Ok(Handled::Done);
        };
        let heard: Heard = read(&waiting.told)?;
        let mut looked_up = None;
        for _ in 0..TRIES {
            let mut commit = db.new_commit(due.organisation);
            let outcome = match rows::find(db, waiting.payment).await.at()? {
                None => "no_payment",
                Some(kept) => {
                    let told = (which.provider.as_str(), &heard);
                    match self.weigh(&kept, told, &mut looked_up).await? {
                        Read::Changed(step) => {
                            step.write(&mut commit)?;
                            wake(&mut commit, &step.kept);
                            "changed"
                        }
                        Read::Known => "known",
                        Read::Nothing => "no_attempt",
                    }
                }
            };
            rows::end_notice(&mut commit, key, outcome);
            match db.commit(commit, &db.deadline()).await {
                Ok(_) => {
                    if outcome.starts_with("no_") {
                        // It was verified and names us, so it should have been about something of ours.
                        let payment = waiting.payment.to_string();
                        let provider = which.provider.as_str();
                        tracing::warn!(provider, payment, outcome, "a notice is about nothing");
                        counted(provider, outcome);
                    }
                    return Ok(Handled::Done);
                }
                Err(failure) if rows::is_lost_race(&failure) => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(base::Error::unavailable(
            codes::OVERLOADED,
            "a payment is changed by too many at a time",
        ))
    }

    async fn weigh(
        &self,
        kept: &Kept,
        (provider, heard): (&str, &Heard),
        looked_up: &mut Option<Known>,
    ) -> Result<Read> {
        let Some(attempt) = meant(&kept.intent, provider, heard) else {
            return Ok(Read::Nothing);
        };
        let id = attempt.id;
        let is_other = heard
            .currency
            .is_some_and(|currency| currency != kept.intent.currency);
        let answer = match &heard.answer {
            Some(answer) if !is_other => answer.clone(),
            _ => match self.ask_about(kept, attempt, looked_up).await? {
                Some(answer) => answer,
                None => return Ok(Read::Known),
            },
        };
        let mut step = Step::of(kept.clone());
        step.note(id, answer)?;
        match step.has_changed() {
            true => Ok(Read::Changed(Box::new(step))),
            false => Ok(Read::Known),
        }
    }

    /// What the provider says of an attempt when it is asked, if it says anything of it. While it does not answer, the notice
    /// of what has no outcome waits: what it told would be lost with it.
    ///
    /// Of a hold whose end is known it is not asked: whoever looks after the payer has allowed it places it, and nobody would
    /// let go of it; and what was let go is called refused. What was looked up before somebody else ended the attempt is what
    /// the provider says of it.
    async fn ask_about(
        &self,
        kept: &Kept,
        attempt: &Attempt,
        looked_up: &mut Option<Known>,
    ) -> Result<Option<Known>> {
        let id = attempt.id;
        if attempt.act == Act::Authorise && attempt.state.is_settled() {
            return Ok(looked_up.clone());
        }
        match self.look(kept, id).await? {
            None | Some(Answer::Unknown { .. } | Answer::Unsent { .. })
                if attempt.state.is_settled() =>
            {
                Ok(None)
            }
            None | Some(Answer::Unknown { .. } | Answer::Unsent { .. }) => {
                let said = "the provider does not say what became of it";
                Err(base::Error::unavailable(codes::OVERLOADED, said))
            }
            Some(Answer::Absent) => Ok(None),
            Some(answer) => {
                *looked_up = known(kept, id, &answer);
                Ok(looked_up.clone())
            }
        }
    }
}

impl Heard {
    fn of(place: Option<usize>, notice: &Notice) -> Self {
        let (answer, currency) = match &notice.answer {
            Answer::Done { reference, amount } => {
                let done = Known::Done {
                    reference: reference.clone(),
                    minor: amount.minor(),
                };
                (Some(done), Some(amount.currency()))
            }
            Answer::Refused { code, .. } => (Some(Known::Refused { code: code.clone() }), None),
            Answer::Pending { reference } => {
                let reference = reference.clone();
                (Some(Known::Pending { reference }), None)
            }
            Answer::Action { .. }
            | Answer::Unsent { .. }
            | Answer::Unknown { .. }
            | Answer::Absent => (None, None),
        };
        Heard {
            place,
            act: act(notice.act),
            reference: notice.reference.clone(),
            answer,
            currency,
        }
    }
}

/// The attempt that a notice is about: the one that it names, or else the one act of its kind that fits.
fn meant<'a>(intent: &'a Intent, provider: &str, heard: &Heard) -> Option<&'a Attempt> {
    let fits =
        |attempt: &&Attempt| attempt.act == heard.act && attempt.provider.as_str() == provider;
    let named = heard
        .place
        .and_then(|place| intent.attempts.get(place.checked_sub(1)?));
    if let Some(named) = named.filter(fits) {
        return Some(named);
    }
    let all = || intent.attempts.iter().filter(fits);
    let same =
        all().find(|attempt| heard.reference.is_some() && attempt.reference == heard.reference);
    same.or_else(|| {
        // One that has another name by now is another one.
        let may_be = |attempt: &&Attempt| attempt.reference.is_none() || heard.reference.is_none();
        let mut open = all().filter(|attempt| !attempt.state.is_settled() && may_be(attempt));
        let only = open.next()?;
        open.next().is_none().then_some(only)
    })
}

/// The payment, and which of its attempts, that a reference of ours names.
fn named(reference: &str) -> Option<(PaymentId, Option<usize>)> {
    match reference.split_once('.') {
        Some((payment, place)) => Some((payment.parse().ok()?, place.parse().ok())),
        None => Some((reference.parse().ok()?, None)),
    }
}

fn act(act: rpc::providers::Act) -> Act {
    match act {
        rpc::providers::Act::Authorise => Act::Authorise,
        rpc::providers::Act::Capture => Act::Capture,
        rpc::providers::Act::Cancel => Act::Cancel,
        rpc::providers::Act::Refund => Act::Refund,
    }
}

/// What is about nothing of ours is accepted, or it would be told again for days.
fn skipped(provider: &str, why: &'static str) -> Result<()> {
    tracing::warn!(provider, why, "a notice is left alone");
    counted(provider, "skipped");
    Ok(())
}

fn counted(provider: &str, how: &'static str) {
    let labels = [("provider", provider.to_owned()), ("how", how.to_owned())];
    metrics::counter!("payments_notices_total", &labels).increment(1);
}

#[cfg(test)]
mod tests {
    use base::{Currency, Time};
    use trade::payments::{AttemptId, AttemptState, Covers, State};

    use super::*;

    /// A payment of which these are to be given back, under these names.
    fn giving(names: &[Option<&str>]) -> Intent {
        let id = Uid::from_bytes([1; 16]);
        let attempts = (1_u8..).zip(names).map(|(number, name)| Attempt {
            id: AttemptId::from(Uid::from_bytes([number; 16])),
            act: Act::Refund,
            minor: 300,
            provider: "test".parse().unwrap(),
            refund: None,
            sent_at: Some(Time::EPOCH),
            state: AttemptState::Sent,
            needs_action: false,
            reference: name.map(str::to_owned),
            code: None,
            is_contradicted: false,
            was_refused: false,
        });
        Intent {
            id: id.into(),
            order: id.into(),
            currency: Currency::EUR,
            minor: 900,
            covers: Covers::Any,
            voucher: None,
            authorised_minor: 900,
            captured_minor: 900,
            refunded_minor: 0,
            state: State::Captured,
            code: None,
            attempts: attempts.collect(),
            version: 1,
        }
    }

    fn heard_of(name: Option<&str>) -> Heard {
        Heard {
            place: None,
            act: Act::Refund,
            reference: name.map(str::to_owned),
            answer: None,
            currency: None,
        }
    }

    #[test]
    fn a_notice_that_names_no_attempt_is_about_none_of_another_name() {
        let place = |names: &[Option<&str>], name| {
            let intent = giving(names);
            let found = meant(&intent, "test", &heard_of(name)).map(|attempt| attempt.id);
            let mut all = intent.attempts.iter();
            found.and_then(|id| all.position(|attempt| attempt.id == id))
        };
        assert_eq!(place(&[None], Some("A")), Some(0));
        assert_eq!(place(&[Some("A")], Some("A")), Some(0));
        assert_eq!(place(&[Some("B")], Some("A")), None, "it is another one");
        assert_eq!(place(&[Some("B"), None], Some("A")), Some(1));
        assert_eq!(place(&[None, None], Some("A")), None, "it may be either");
        assert_eq!(place(&[Some("B")], None), Some(0));
    }
}
