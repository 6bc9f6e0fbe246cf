//! What nobody knows for too long, what was refused, and what the provider contradicts, for a human to settle by what the
//! provider's own console shows.

use base::{Error, Money, Result, Time, Trail as _, codes};
use engine::Timer;
use rpc::providers::{Asked, Provider};
use serde::{Deserialize, Serialize};
use slice::wrong;
use store::Commit;
use trade::orders::OrderId;
use trade::payments::{
    Act, Answer as Known, Attempt, AttemptId, AttemptState, Intent, PaymentId, Refusal,
};

use super::app::{App, refused};
use super::plan;
use super::settle::{Chase, LOOKS_OFTEN, SETTLE, Step, wake};
use super::store::{self as rows, Kept};

/// Why an attempt is refused that a human has seen to have come to nothing.
const BY_HAND: &str = "settled_by_hand";

/// The longest name of a provider.
const CALLED_CHARS_MAX: usize = 120;

/// What a provider calls something, as a human has read it in the provider's console.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Called(String);

impl Called {
    /// Takes a name of 1 to 120 visible characters of ASCII, exactly as it was typed.
    ///
    /// # Errors
    /// It has other characters, is empty or too long; the error names the field.
    pub fn parse(text: &str) -> Result<Self> {
        let fits = (1..=CALLED_CHARS_MAX).contains(&text.len());
        match fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(Called(text.to_owned())),
            false => Err(wrong(
                "reference",
                "a name has 1 to 120 letters, digits and signs, and no spaces",
            )),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Called {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Called::parse(&text)
    }
}

/// What a human has seen at the provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    /// It was done, under this name; of so much, or of the amount that was asked where nothing is said.
    Done(Called, Option<Money>),
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
            let chase: Chase = match super::settle::read(&payload) {
                Ok(chase) => chase,
                // One that is damaged hides none of the others.
                Err(error) => {
                    tracing::warn!(?error, "a timer of a payment is left out");
                    continue;
                }
            };
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
        if !found.is_for_human(self.0.clock.now()) {
            let said = "the attempt was done, or the platform still finds out by itself";
            return Err(Error::conflict(codes::REFUSED, said));
        }
        if found.provider.is_credit() {
            let said = "nobody outside was asked: whoever asks again is answered";
            return Err(Error::conflict(codes::REFUSED, said));
        }
        let answer = match seen {
            Seen::Done(read, moved) => Known::Done {
                reference: self.name_of(&step.kept, found, &read)?,
                minor: moved_minor(found, (&step.kept.intent, moved))?,
            },
            Seen::NotDone if found.state == AttemptState::GivenUp => Known::GivenUp,
            Seen::NotDone => Known::Refused {
                code: BY_HAND.to_owned(),
            },
        };
        step.note_by_hand(attempt, answer)?;
        if !step.has_changed() {
            let said = "the attempt counts as not done already";
            return Err(Error::conflict(codes::REFUSED, said));
        }
        Timer::cancel(attempt.uid(), commit);
        step.write(commit)?;
        wake(commit, &step.kept);
        Ok(step.kept.intent)
    }

    /// The name under which an attempt is kept that a human has seen to be done.
    fn name_of(&self, kept: &Kept, attempt: &Attempt, read: &Called) -> Result<String> {
        let provider = self.0.gate.providers().find(attempt.provider.as_str());
        let provider = provider.ok_or_else(|| {
            let said = "the provider is not set up here, so nobody knows what it calls things";
            Error::conflict(codes::REFUSED, said)
        })?;
        let asked = plan::asked(kept, attempt.id);
        let asked = asked.ok_or_else(|| {
            let said = "the provider never had a name for what it follows";
            Error::conflict(codes::REFUSED, said)
        })?;
        name(provider.as_ref(), (attempt, &asked), read.as_str())
            .ok_or_else(|| wrong("reference", "the provider gives no such names"))
    }
}

/// How much a human has seen to have moved: never more than was asked, and less only of what is taken or given back.
fn moved_minor(attempt: &Attempt, (intent, moved): (&Intent, Option<Money>)) -> Result<i64> {
    let Some(moved) = moved else {
        return Ok(attempt.minor);
    };
    let is_whole = match attempt.act {
        Act::Authorise | Act::Cancel => true,
        Act::Capture | Act::Refund => false,
    };
    let minor = moved.minor();
    let fits = match is_whole {
        true => minor == attempt.minor,
        false => (1..=attempt.minor).contains(&minor),
    };
    match fits && moved.currency() == intent.currency {
        true => Ok(minor),
        false if is_whole => Err(wrong(
            "amount",
            "it is done of the whole amount, or not at all",
        )),
        false => Err(wrong(
            "amount",
            "it is above zero, and no more than was asked",
        )),
    }
}

/// What the provider itself has called an attempt stays, for what follows is asked by it; a hold may have got another name
/// since the payer was sent away, and what was done after a refusal has one of its own. Nothing where the provider gives no
/// such names as were read.
fn name(
    provider: &dyn Provider,
    (attempt, asked): (&Attempt, &Asked),
    read: &str,
) -> Option<String> {
    let built = provider.called(asked, read)?;
    let stays = attempt.act != Act::Authorise && !attempt.state.is_settled();
    let own = attempt.reference.clone().filter(|_| stays);
    Some(own.unwrap_or(built))
}

#[cfg(test)]
mod tests {
    use base::{Clock, Money, Organisation, Random, Time, Uid};
    use rpc::providers::{Asked, Change};
    use trade::payments::{Act, Attempt, AttemptState, ProviderName};

    use super::super::pretend::Pretend;
    use super::{Called, name};

    #[test]
    fn the_name_that_the_provider_gave_stays_but_of_a_hold() {
        let id = Uid::make(&Clock::real(), &Random::seeded(3), Organisation::PEOPLE);
        let asked = Asked::Capture(Change {
            attempt: id,
            merchant_reference: "pay_1.2".to_owned(),
            reference: "PAY".to_owned(),
            amount: Money::new(900, "EUR".parse().unwrap()),
        });
        let attempt = |act, reference: Option<&str>| Attempt {
            id: id.into(),
            act,
            minor: 900,
            provider: "test".parse::<ProviderName>().unwrap(),
            refund: None,
            sent_at: Some(Time::EPOCH),
            state: AttemptState::Sent,
            needs_action: false,
            reference: reference.map(str::to_owned),
            code: None,
            is_contradicted: false,
            was_refused: false,
        };
        let named = |attempt: &Attempt| name(&Pretend::new(), (attempt, &asked), "OWN");
        let pending = attempt(Act::Capture, Some("PAY/OWN"));
        assert_eq!(named(&pending).as_deref(), Some("PAY/OWN"));
        for other in [
            attempt(Act::Authorise, Some("link/PL1")),
            attempt(Act::Refund, None),
        ] {
            let built = rpc::Provider::called(&Pretend::new(), &asked, "OWN");
            assert_eq!(named(&other), built);
        }
        let refused = Attempt {
            state: AttemptState::Refused,
            ..pending
        };
        let built = rpc::Provider::called(&Pretend::new(), &asked, "OWN");
        assert_eq!(named(&refused), built, "it was done anew");
    }

    #[test]
    fn names_are_taken_as_they_were_typed_or_not_at_all() {
        let long = "x".repeat(120);
        for name in ["8XY40213", "PAY/OWN", "!~", &long] {
            assert_eq!(Called::parse(name).unwrap().as_str(), name);
        }
        for wrong in ["", " X", "X ", "X\n", "a b", "é", &format!("{long}x")] {
            assert!(Called::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
