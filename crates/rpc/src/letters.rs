//! Short messages to people: codes, invitations, notices. Where they go out is the operator's choice.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::{Clock, Error, Organisation, Result, Time, codes};
use domain::people::{Contact, Email, Phone};
use futures_util::future::BoxFuture;

/// Where a letter goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Recipient {
    /// By text message.
    Phone(Phone),
    /// By e-mail.
    Email(Email),
}

impl From<Contact> for Recipient {
    fn from(contact: Contact) -> Self {
        match contact {
            Contact::Phone(phone) => Recipient::Phone(phone),
            Contact::Email(email) => Recipient::Email(email),
        }
    }
}

/// What a letter is for; senders may treat them apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum About {
    /// A one-time code.
    Code,
    /// An invitation into an organisation.
    Invitation,
    /// Something happened that the person should know of.
    Notice,
}

/// One letter. Its text may hold a secret, so it is never logged as a whole but by the development inbox.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// To whom.
    pub to: Recipient,
    /// What for.
    pub about: About,
    /// One line, for senders that have a subject.
    pub subject: String,
    /// The text.
    pub text: String,
    /// On whose behalf, when an organisation's.
    pub organisation: Option<Organisation>,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("about", &self.about)
            .finish_non_exhaustive()
    }
}

/// Somebody who brings letters out.
pub trait Deliver: Send + Sync {
    /// Takes over a letter; when this answers, it is on its way.
    fn deliver(&self, letter: Letter) -> BoxFuture<'_, Result<()>>;
}

/// The way out for letters. Clones are the same.
#[derive(Clone)]
pub struct Letters(Arc<dyn Deliver>);

impl Letters {
    /// Letters go out here.
    #[must_use]
    pub fn new(deliver: Arc<dyn Deliver>) -> Self {
        Letters(deliver)
    }

    /// Sends a letter.
    ///
    /// # Errors
    /// The sender does not take it; it may be tried again.
    pub async fn send(&self, letter: Letter) -> Result<()> {
        self.0.deliver(letter).await
    }
}

impl fmt::Debug for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Letters")
    }
}

/// How many letters the development inbox keeps; the oldest go first.
const KEPT_MAX: usize = 200;

/// A letter that went nowhere, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// The letter.
    pub letter: Letter,
    /// When it was taken over.
    pub at: Time,
}

/// Keeps letters in memory instead of sending them: for development and tests alone. Clones are the same.
#[derive(Clone)]
pub struct Inbox {
    clock: Clock,
    kept: Arc<Mutex<VecDeque<Kept>>>,
}

impl Inbox {
    /// An empty inbox.
    #[must_use]
    pub fn new(clock: &Clock) -> Self {
        Inbox {
            clock: clock.clone(),
            kept: Arc::default(),
        }
    }

    /// What was kept, the newest first.
    #[must_use]
    pub fn recent(&self) -> Vec<Kept> {
        self.lock().iter().rev().cloned().collect()
    }

    fn keep(&self, letter: Letter) {
        let at = self.clock.now();
        let mut kept = self.lock();
        if kept.len() >= KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back(Kept { letter, at });
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inbox")
    }
}

impl Deliver for Inbox {
    fn deliver(&self, letter: Letter) -> BoxFuture<'_, Result<()>> {
        self.keep(letter);
        Box::pin(async { Ok(()) })
    }
}

/// Writes letters into the log and the development inbox: for development alone, because whoever reads the log could
/// sign in as anybody.
#[derive(Clone, Debug)]
pub struct Log(Inbox);

impl Log {
    /// Letters are written, and kept here.
    #[must_use]
    pub fn new(inbox: &Inbox) -> Self {
        Log(inbox.clone())
    }
}

impl Deliver for Log {
    fn deliver(&self, letter: Letter) -> BoxFuture<'_, Result<()>> {
        tracing::warn!(
            subject = letter.subject,
            "no sender of letters is set; this one is in the development inbox"
        );
        self.0.deliver(letter)
    }
}

/// Why a node in production does not begin with [`Inbox`] or [`Log`].
#[track_caller]
#[must_use]
pub fn refused_in_production() -> Error {
    Error::invalid(
        codes::LINE_MALFORMED,
        "letters would stay in the development inbox, where anybody could read the codes of others: production needs \
         a sender",
    )
}
