//! Where a person can be reached, and what proves who somebody is: a telephone number or an e-mail address.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Email, Phone};

base::typed_id!(
    /// Names a contact of a person.
    pub ContactId = "con";
);

/// The most contacts that one person has.
pub const CONTACTS_MAX: i64 = 10;

/// Which sort of contact it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContactKind {
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
}

impl ContactKind {
    /// Its name, as it is stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ContactKind::Phone => "phone",
            ContactKind::Email => "email",
        }
    }
}

/// A text that is no kind of contact.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a contact is a phone or an email")]
pub struct ContactError;

impl FromStr for ContactKind {
    type Err = ContactError;

    fn from_str(text: &str) -> Result<Self, ContactError> {
        match text {
            "phone" => Ok(ContactKind::Phone),
            "email" => Ok(ContactKind::Email),
            _ => Err(ContactError),
        }
    }
}

/// A telephone number or an e-mail address.
#[derive(Clone, PartialEq, Eq)]
pub enum Contact {
    /// A telephone number.
    Phone(Phone),
    /// An e-mail address.
    Email(Email),
}

impl Contact {
    /// Reads a contact back from its kind and its text.
    ///
    /// # Errors
    /// The text is none of this kind.
    pub fn parse(kind: ContactKind, text: &str) -> Result<Self, ContactError> {
        match kind {
            ContactKind::Phone => Phone::parse(text)
                .map(Contact::Phone)
                .map_err(|_| ContactError),
            ContactKind::Email => Email::parse(text)
                .map(Contact::Email)
                .map_err(|_| ContactError),
        }
    }

    /// Which sort it is.
    #[must_use]
    pub const fn kind(&self) -> ContactKind {
        match self {
            Contact::Phone(_) => ContactKind::Phone,
            Contact::Email(_) => ContactKind::Email,
        }
    }

    /// As it was typed, and as letters are sent to it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Contact::Phone(phone) => phone.as_str(),
            Contact::Email(email) => email.as_str(),
        }
    }

    /// As it is compared, with its kind in front: two texts that reach the same person give the same.
    #[must_use]
    pub fn compared(&self) -> String {
        match self {
            Contact::Phone(phone) => format!("phone {}", phone.as_str()),
            Contact::Email(email) => format!("email {}", email.folded()),
        }
    }

    /// So much of it that its owner knows which one it is, and others do not learn it.
    #[must_use]
    pub fn masked(&self) -> String {
        match self {
            Contact::Phone(phone) => {
                let text = phone.as_str();
                let begin: String = text.chars().take(3).collect();
                let end: String = text.chars().skip(text.len().saturating_sub(2)).collect();
                format!("{begin}…{end}")
            }
            Contact::Email(email) => {
                let text = email.as_str();
                let (local, host) = text.split_once('@').unwrap_or((text, ""));
                let begin: String = local.chars().take(1).collect();
                format!("{begin}…@{host}")
            }
        }
    }
}

/// A contact is personal: it is never printed by accident.
impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().name())
    }
}

impl From<Phone> for Contact {
    fn from(phone: Phone) -> Self {
        Contact::Phone(phone)
    }
}

impl From<Email> for Contact {
    fn from(email: Email) -> Self {
        Contact::Email(email)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_the_same_person_is_compared_alike() {
        let parse = |kind, text| Contact::parse(kind, text).unwrap();
        let one = parse(ContactKind::Phone, "+49 (30) 901820");
        assert_eq!(
            one.compared(),
            parse(ContactKind::Phone, "+4930901820").compared()
        );
        let mail = parse(ContactKind::Email, "Lucia@Example.com");
        assert_eq!(
            mail.compared(),
            parse(ContactKind::Email, "lucia@example.COM").compared()
        );
        assert_ne!(one.compared(), mail.compared());
    }

    #[test]
    fn masks_show_little() {
        let phone = Contact::parse(ContactKind::Phone, "+4930901820").unwrap();
        assert_eq!(phone.masked(), "+49…20");
        let mail = Contact::parse(ContactKind::Email, "lucia@example.com").unwrap();
        assert_eq!(mail.masked(), "l…@example.com");
        assert_eq!(format!("{phone:?} {mail:?}"), "phone email");
    }
}
