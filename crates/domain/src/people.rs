//! What is known of people: who they are, and where letters reach them.

mod address;
mod contact;
mod dialling;
mod profile;

use unicode_normalization::UnicodeNormalization as _;

pub use address::{ADDRESSES_MAX, Address, AddressId, Point, PointError};
pub use contact::{CONTACTS_MAX, Contact, ContactError, ContactId, ContactKind};
pub use dialling::Countries;
pub use profile::{LINE_CHARS_MAX, Line, LineError, Picture, PictureError, Profile};

base::typed_id!(
    /// Names a person.
    pub PersonId = "per";
    /// Names a session of a person.
    pub SessionId = "ses";
);

/// The most characters of an e-mail address, by RFC 5321.
pub const EMAIL_CHARS_MAX: usize = 254;
/// The most characters before the sign.
const LOCAL_CHARS_MAX: usize = 64;

/// An e-mail address that a letter could be sent to; only a letter shows whether it arrives.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

/// A text that is no e-mail address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "an e-mail address is a name, the sign @ and a host, of at most {EMAIL_CHARS_MAX} characters"
)]
pub struct EmailError;

impl Email {
    /// Takes an address as it was typed.
    ///
    /// # Errors
    /// It is not a name and a host with a sign between them, or it is too long.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let (local, host) = text.split_once('@').ok_or(EmailError)?;
        let is_label =
            |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
        let is_host = host.contains('.') && host.split('.').all(is_label);
        let is_local = !local.is_empty() && local.chars().count() <= LOCAL_CHARS_MAX;
        let is_clean = !local.chars().chain(host.chars()).any(is_barred);
        if is_host && is_local && is_clean && text.chars().count() <= EMAIL_CHARS_MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(EmailError)
        }
    }

    /// The address as it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address as it is compared: no mail system in use tells upper from lower case.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.nfkc().flat_map(char::to_lowercase).collect()
    }
}

/// The fewest digits after the sign of any number that can be called.
const PHONE_DIGITS_MIN: usize = 7;
/// The most digits, by E.164.
const PHONE_DIGITS_MAX: usize = 15;

/// A telephone number in the international form, `+` and digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

/// A text that is no telephone number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "a telephone number is written internationally: + and {PHONE_DIGITS_MIN} to {PHONE_DIGITS_MAX} digits, the first not 0"
)]
pub struct PhoneError;

impl Phone {
    /// Takes a number as it was typed: spaces, dots, hyphens and brackets between its digits say nothing.
    ///
    /// # Errors
    /// It does not begin with `+` and a digit other than 0, or it has too few or too many digits.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let digits = text.trim().strip_prefix('+').ok_or(PhoneError)?;
        let digits: String = digits.chars().filter(|c| !" .-()/".contains(*c)).collect();
        let is_number = digits.bytes().all(|digit| digit.is_ascii_digit())
            && (PHONE_DIGITS_MIN..=PHONE_DIGITS_MAX).contains(&digits.len())
            && !digits.starts_with('0');
        if is_number {
            Ok(Self(format!("+{digits}")))
        } else {
            Err(PhoneError)
        }
    }

    /// The number as it is compared and called.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A number is personal: it is never printed by accident.
impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Phone")
    }
}

/// What would need quotes or cannot be seen; nobody's address has it.
fn is_barred(c: char) -> bool {
    c.is_whitespace() || base::text::is_unseen(c) || "@<>()[],;:\\\"".contains(c)
}

/// An address is personal: it is never printed by accident.
impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email")
    }
}

#[cfg(test)]
mod tests;
