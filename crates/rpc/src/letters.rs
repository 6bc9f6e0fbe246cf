//! Short messages to people: codes, invitations, notices. Where they go out is the operator's choice.

use std::fmt;
use std::sync::Arc;

use base::{Organisation, Result};
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
