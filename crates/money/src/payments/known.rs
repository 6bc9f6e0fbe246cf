//! What sagas ask of a payment: they ask again until it is answered, take what was answered for good into the commits of
//! their steps, and may know how the payment stands without reading it.

use base::{Money, Result, Uid};
use store::Commit;
use trade::payments::{Act, Command, PaymentId, Sending};

use super::app::{App, attempt_of, begun_with};
use super::plan::{Again, Wish};
use super::settle::{Into, Step};
use super::standing::Standing;
use super::store::Kept;

/// A payment as it was stored last by who has this. When somebody else has changed it since, what is made of it is refused
/// by the guard of its version.
#[derive(Clone, Debug)]
pub struct Known(pub(super) Kept);

/// What was answered for good, if anything was; it is lost when it is not stored, and then asked again.
#[must_use]
pub struct Noted(pub(super) Option<Step>);

/// Who asks something of a payment.
pub(super) enum Asker<'a> {
    /// Somebody who may go away before it is answered.
    Nobody,
    /// A saga that asks again until it is answered, takes what was answered for good, and may know how the payment stands.
    Saga(&'a mut Option<Step>, Option<Box<Known>>),
}

/// Whether a timer looks after an attempt, should nobody tell the end of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Timed {
    Yes,
    No,
}

impl Asker<'_> {
    /// How the payment stands, if that is known. Said once: it is only asked again when it has changed.
    pub(super) fn known(&mut self) -> Option<Kept> {
        match self {
            Asker::Nobody => None,
            Asker::Saga(_, known) => known.take().map(|known| (*known).0),
        }
    }

    pub(super) const fn timed(&self) -> Timed {
        match self {
            Asker::Nobody => Timed::Yes,
            Asker::Saga(..) => Timed::No,
        }
    }

    /// Where an answer goes.
    pub(super) fn place(&mut self) -> Into<'_> {
        match self {
            Asker::Nobody => Into::Own,
            Asker::Saga(noted, _) => Into::Callers(noted),
        }
    }
}

impl Known {
    /// Which payment.
    #[must_use]
    pub const fn id(&self) -> PaymentId {
        self.0.intent.id
    }
}

impl Noted {
    /// Puts it into a commit.
    ///
    /// # Errors
    /// It cannot be written as JSON: a mistake of its type.
    pub fn store(self, commit: &mut Commit) -> Result<()> {
        self.0.map_or(Ok(()), |step| step.write(commit))
    }
}

impl std::fmt::Debug for Noted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Noted").field(&self.0.is_some()).finish()
    }
}

impl App {
    /// As [`App::authorise`]; what was answered for good is added to a commit of the caller instead of being stored. When
    /// that commit is not stored the same is asked, under the same key, by whoever asks next.
    ///
    /// # Errors
    /// As [`App::authorise`].
    pub async fn authorise_in(&self, commit: &mut Commit, payment: PaymentId) -> Result<Standing> {
        let (standing, noted) = self.authorise_noted(payment, None).await?;
        noted.store(commit)?;
        Ok(standing)
    }

    /// The same, where the caller puts what was answered for good into its commit by itself. It is not read again how the
    /// payment stands, where that is known.
    ///
    /// # Errors
    /// As [`App::authorise`].
    pub async fn authorise_noted(
        &self,
        payment: PaymentId,
        known: Option<Known>,
    ) -> Result<(Standing, Noted)> {
        let mut noted = None;
        let asker = Asker::Saga(&mut noted, known.map(Box::new));
        let standing = self.reach(asker, payment, &Wish::Authorise).await?;
        Ok((standing, Noted(noted)))
    }

    /// Puts an answer into a commit, and with it that so much of the money that is held by it is about to be taken. It is
    /// asked for when the commit is stored, by [`App::capture_in`] for that step. Answers how the payment stands then.
    ///
    /// # Errors
    /// So much is not held.
    pub fn capture_next(
        &self,
        noted: Noted,
        commit: &mut Commit,
        (key, amount): (Uid, Money),
    ) -> Result<Option<Known>> {
        let Some(mut step) = noted.0 else {
            return Ok(None);
        };
        let intent = &step.kept.intent;
        let id = attempt_of(intent.id, key, Act::Capture);
        if let Some(provider) = begun_with(intent) {
            step.decide(&Command::Send(Sending {
                attempt: id,
                act: Act::Capture,
                minor: amount.minor(),
                provider,
                refund: None,
                at: commit.at(),
            }))?;
            self.remember(id);
        }
        step.write(commit)?;
        Ok(Some(Known(step.kept)))
    }

    /// As [`App::capture_again`], with the answer in a commit of the caller as in [`App::authorise_in`]. It is not read again how
    /// the payment stands, where that is known.
    ///
    /// # Errors
    /// As [`App::capture`].
    pub async fn capture_in(
        &self,
        commit: &mut Commit,
        (payment, known): (PaymentId, Option<Known>),
        (asked, amount): ((Uid, u8), Money),
    ) -> Result<Standing> {
        let wish = Wish::Capture(Again::of(payment, asked, Act::Capture), amount);
        let mut noted = None;
        let asker = Asker::Saga(&mut noted, known.map(Box::new));
        let standing = self.reach(asker, payment, &wish).await?;
        Noted(noted).store(commit)?;
        Ok(standing)
    }
}
