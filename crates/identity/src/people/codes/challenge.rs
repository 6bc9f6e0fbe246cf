//! The challenge: a secret that whoever asked for a code holds, and that binds the code to this one request.
//!
//! The database knows its digest alone. The contact that the code was sent to is kept under a key made of it, so that
//! nobody reads it there: who does not prove a contact leaves none with us.

use base::{Error, KeyRing, Random, Result, Secret, codes};
use domain::people::{Contact, ContactKind, PersonId};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

const DIGITS: usize = 6;
const CODES: u64 = 1_000_000;
const CODE: &str = "one-time code";
const NONCE: [u8; 12] = [0; 12];

/// What a code is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To sign in.
    SignIn,
    /// To add a contact to this person.
    Contact(PersonId),
}

impl Purpose {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Purpose::SignIn => "sign_in",
            Purpose::Contact(_) => "contact",
        }
    }

    fn person(self) -> [u8; 16] {
        match self {
            Purpose::SignIn => [0; 16],
            Purpose::Contact(person) => *person.uid().as_bytes(),
        }
    }
}

/// A secret that binds a code to the request that asked for it.
#[derive(Debug)]
pub(super) struct Challenge(Secret);

impl Challenge {
    pub(super) fn draw(random: &Random) -> Self {
        Challenge(Secret::draw(random))
    }

    /// Reads what a caller sent; whatever is none is a challenge that was never given out.
    pub(super) fn read(text: &str) -> Option<Self> {
        Secret::from_text(text).ok().map(Challenge)
    }

    pub(super) fn text(&self) -> String {
        self.0.to_text().to_string()
    }

    /// What the row is found by.
    pub(super) fn digest(&self) -> [u8; 32] {
        self.0.tag("challenge", b"digest")
    }

    /// Hides a contact from whoever does not hold the challenge.
    pub(super) fn hide(&self, contact: &Contact) -> Result<Vec<u8>> {
        let mut bytes = format!("{} {}", contact.kind().name(), contact.as_str()).into_bytes();
        self.key()?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(NONCE),
                Aad::empty(),
                &mut bytes,
            )
            .map_err(|_| broken())?;
        Ok(bytes)
    }

    pub(super) fn show(&self, hidden: &[u8]) -> Result<Contact> {
        let mut bytes = hidden.to_vec();
        let plain = self
            .key()?
            .open_in_place(
                Nonce::assume_unique_for_key(NONCE),
                Aad::empty(),
                &mut bytes,
            )
            .map_err(|_| broken())?;
        let text = std::str::from_utf8(plain).map_err(|_| broken())?;
        let (kind, text) = text.split_once(' ').ok_or_else(broken)?;
        let kind: ContactKind = kind.parse().map_err(|_| broken())?;
        Contact::parse(kind, text).map_err(|_| broken())
    }

    /// What is kept of a code: without the pepper nobody finds the code by trying all of them.
    pub(super) fn tag(&self, pepper: &KeyRing, purpose: Purpose, code: &str) -> [u8; 32] {
        pepper.current.1.tag(CODE, &self.message(purpose, code))
    }

    /// Says, in constant time, whether this is the code that the tag was made of.
    pub(super) fn is_tag(
        &self,
        pepper: &KeyRing,
        (purpose, code): (Purpose, &str),
        tag: &[u8],
    ) -> bool {
        let message = self.message(purpose, code);
        pepper.all().fold(false, |found, (_, secret)| {
            secret.is_tag(CODE, &message, tag) | found
        })
    }

    fn message(&self, purpose: Purpose, code: &str) -> Vec<u8> {
        let mut message = self.digest().to_vec();
        message.extend(purpose.person());
        message.extend(purpose.name().as_bytes());
        message.extend(b" ");
        message.extend(code.as_bytes());
        message
    }

    /// A key that encrypts one text and never another, so its nonce may stand still.
    fn key(&self) -> Result<LessSafeKey> {
        let key = self.0.derive("challenge contact");
        let key = UnboundKey::new(&AES_256_GCM, key.bytes()).map_err(|_| broken())?;
        Ok(LessSafeKey::new(key))
    }
}

/// Draws a code: six digits, each as likely as any other.
pub(super) fn draw_code(random: &Random) -> String {
    format!("{:0DIGITS$}", random.below(CODES))
}

#[track_caller]
fn broken() -> Error {
    Error::internal(codes::DAMAGED, "a code does not belong to its challenge")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_shown_to_the_holder_alone() {
        let random = Random::seeded(7);
        let (one, other) = (Challenge::draw(&random), Challenge::draw(&random));
        let contact = Contact::parse(ContactKind::Email, "Lucia@example.com").unwrap();
        let hidden = one.hide(&contact).unwrap();
        assert_eq!(one.show(&hidden).unwrap(), contact);
        assert!(other.show(&hidden).is_err());
        let again = Challenge::read(&one.text()).unwrap();
        assert_eq!(again.digest(), one.digest());
        assert_ne!(other.digest(), one.digest());
    }

    #[test]
    fn a_code_belongs_to_challenge_purpose_and_pepper() {
        let random = Random::seeded(8);
        let pepper = KeyRing::draw(&random);
        let (one, other) = (Challenge::draw(&random), Challenge::draw(&random));
        let person = |n| PersonId::from(base::Uid::from_bytes([n; 16]));
        let tag = one.tag(&pepper, Purpose::Contact(person(1)), "012345");
        let is = |challenge: &Challenge, pepper: &KeyRing, purpose, code| {
            challenge.is_tag(pepper, (purpose, code), &tag)
        };
        let own = Purpose::Contact(person(1));
        assert!(is(&one, &pepper, own, "012345"));
        assert!(!is(&one, &pepper, own, "012346"));
        assert!(!is(&one, &pepper, Purpose::Contact(person(2)), "012345"));
        assert!(!is(&one, &pepper, Purpose::SignIn, "012345"));
        assert!(!is(&other, &pepper, own, "012345"));
        let rotated = pepper.rotated(&random).unwrap();
        assert!(is(&one, &rotated, own, "012345"));
        assert!(!is(&one, &rotated.retired(), own, "012345"));
    }

    #[test]
    fn codes_have_six_digits() {
        let random = Random::seeded(9);
        for _ in 0..1_000 {
            let code = draw_code(&random);
            assert!(code.len() == DIGITS && code.bytes().all(|digit| digit.is_ascii_digit()));
        }
    }
}
