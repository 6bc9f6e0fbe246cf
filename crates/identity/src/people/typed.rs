//! Fields of requests as they were typed: what the document says of them, and the one door to what they mean.

use base::Locale;
use base::Result;
use domain::people::{Contact, Line, Phone, Picture};
use serde::{Deserialize, Deserializer};
use slice::{TypedEmail, wrong};
use utoipa::ToSchema;

/// A telephone number has no more characters than this, however it is spaced.
const PHONE_CHARS_MAX: usize = 40;

/// A telephone number in the international form; spaces, dots, hyphens and brackets say nothing.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(
    max_length = 40,
    pattern = "^\\+[ .()/\\-]*[1-9]([ .()/\\-]*[0-9]){6,14}[ .()/\\-]*$",
    example = "+49 30 901820"
)]
pub(crate) struct TypedPhone(String);

/// One line of at most 200 characters, with something to see in it.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(
    min_length = 1,
    max_length = 200,
    pattern = "^[^\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff]*[^\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\s][^\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff]*$",
    example = "Via Roma 1"
)]
pub(crate) struct TypedLine(String);

/// The address of a picture.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(
    max_length = 500,
    pattern = "^https://[A-Za-z0-9][A-Za-z0-9\\-._~:/?#@!$&()*+,;=%]*$",
    example = "https://example.com/me.png"
)]
pub(crate) struct TypedPicture(String);

/// A language.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(
    max_length = 11,
    pattern = "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$",
    example = "de-AT"
)]
pub(crate) struct TypedLocale(String);

impl TypedPhone {
    pub(crate) fn phone(&self) -> Result<Phone> {
        let plain = |c: char| c.is_ascii_digit() || "+ .-()/".contains(c);
        let fits =
            self.0.starts_with('+') && self.0.len() <= PHONE_CHARS_MAX && self.0.chars().all(plain);
        let phone = Phone::parse(if fits { &self.0 } else { "" });
        phone.map_err(|error| wrong("phone", error.to_string()))
    }
}

impl TypedLine {
    pub(crate) fn line(&self, field: &'static str) -> Result<Line> {
        Line::parse(&self.0).map_err(|error| wrong(field, error.to_string()))
    }
}

impl TypedPicture {
    pub(crate) fn picture(&self) -> Result<Picture> {
        Picture::parse(&self.0).map_err(|error| wrong("profileImageUrl", error.to_string()))
    }
}

impl TypedLocale {
    pub(crate) fn locale(&self) -> Result<Locale> {
        Locale::parse(&self.0).map_err(|error| wrong("locale", error.to_string()))
    }
}

/// A telephone number, an e-mail address, or neither.
pub(crate) fn contacts(
    phone: Option<&TypedPhone>,
    email: Option<&TypedEmail>,
) -> Result<Vec<Contact>> {
    let phone = phone.map(TypedPhone::phone).transpose()?;
    let email = email.map(TypedEmail::email).transpose()?;
    let (phone, email) = (phone.map(Contact::from), email.map(Contact::from));
    Ok(phone.into_iter().chain(email).collect())
}

/// A field that may be absent and is never null.
pub(crate) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A field that is absent where nothing is to change, and null where what was there is to go.
pub(crate) type Change<T> = Option<Option<T>>;

/// Reads a [`Change`] that is there.
pub(crate) fn change<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Change<T>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// What a change makes of what was there.
pub(crate) fn changed<T, P>(
    before: Option<P>,
    change: Change<T>,
    parse: impl FnOnce(T) -> Result<P>,
) -> Result<Option<P>> {
    match change {
        None => Ok(before),
        Some(None) => Ok(None),
        Some(Some(typed)) => parse(typed).map(Some),
    }
}
