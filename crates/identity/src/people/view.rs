//! What people look like to themselves, and what they send.

use base::{Result, Time};
use domain::people::{Address, AddressId, ContactId, ContactKind, PersonId, Point, Profile};
use edge::{Caller, Strength};
use serde::{Deserialize, Serialize};
use slice::{TypedEmail, TypedName, wrong};
use utoipa::ToSchema;

use super::addresses::Entered;
use super::app::Person;
use super::profile::Reached;
use super::typed::{
    Change, TypedLine, TypedLocale, TypedPhone, TypedPicture, change, changed, given,
};

/// Where a code is to go: a telephone number or an e-mail address, one of both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(min_properties = 1, max_properties = 1)]
pub(crate) struct SendCode {
    /// A telephone number.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub(crate) phone: Option<TypedPhone>,
    /// An e-mail address.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub(crate) email: Option<TypedEmail>,
}

/// A code as it arrived. Phone or e-mail may be sent along; they must be what the code was sent to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct VerifyCode {
    /// What was answered when the code was asked for. Browsers may leave it out: a cookie holds it.
    #[serde(default, deserialize_with = "given")]
    #[schema(
        nullable = false,
        min_length = 20,
        max_length = 64,
        pattern = "^[A-Za-z0-9_-]+$"
    )]
    pub(crate) challenge: Option<String>,
    /// The six digits.
    #[schema(
        min_length = 6,
        max_length = 6,
        pattern = "^[0-9]{6}$",
        example = "123456"
    )]
    pub(crate) code: String,
    /// The telephone number that the code was sent to.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub(crate) phone: Option<TypedPhone>,
    /// The e-mail address that the code was sent to.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub(crate) email: Option<TypedEmail>,
}

/// A code is on its way, if letters reach the address or number.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CodeSent {
    /// To be sent back with the code.
    pub(crate) challenge: String,
    /// How many seconds the code may be answered.
    #[schema(minimum = 1)]
    pub(crate) expires_in: u64,
    /// After how many seconds another code may be asked for.
    #[schema(minimum = 0)]
    pub(crate) resend_after: u64,
}

/// Somebody is signed in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignedIn {
    /// Who.
    pub(crate) person: MeView,
    /// When the session is over at the latest.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Time,
}

/// Who is signed in, as far as it concerns the person itself.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MeView {
    /// Which person.
    #[schema(value_type = String, pattern = "^per_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) id: PersonId,
    /// What the person is to the platform.
    #[schema(value_type = String)]
    pub(crate) role: &'static str,
    /// How well the sign-in was proven: by one thing or by two.
    #[schema(value_type = String, pattern = "^(one|two)$")]
    pub(crate) strength: &'static str,
    /// Whether the person has given no contact.
    pub(crate) guest: bool,
    /// Whether there is a second factor to step up with.
    pub(crate) has_second_factor: bool,
    /// The first name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_name: Option<String>,
    /// The last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_name: Option<String>,
    /// A picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile_image_url: Option<String>,
    /// The language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) locale: Option<String>,
    /// The city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) city: Option<String>,
    /// The first proven telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<String>,
    /// The first proven e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    /// All contacts.
    pub(crate) contacts: Vec<ContactView>,
    /// Grows with every change of the profile; to be sent along with the next one.
    #[schema(minimum = 1)]
    pub(crate) version: i64,
    /// Since when the person is known.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Time,
}

/// A telephone number or an e-mail address of a person.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContactView {
    /// Which one.
    #[schema(value_type = String, pattern = "^con_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) id: ContactId,
    /// `phone` or `email`.
    #[schema(value_type = String, pattern = "^(phone|email)$")]
    pub(crate) kind: ContactKind,
    /// The number or address.
    pub(crate) value: String,
    /// Whether it was proven.
    pub(crate) verified: bool,
    /// Since when it is known.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Time,
}

/// What a person changes of its profile. What is absent stays; what is null goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ChangeMe {
    /// The version that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) version: i64,
    /// The first name.
    #[serde(default, deserialize_with = "change")]
    #[schema(value_type = Option<TypedName>)]
    first_name: Change<TypedName>,
    /// The last name.
    #[serde(default, deserialize_with = "change")]
    #[schema(value_type = Option<TypedName>)]
    last_name: Change<TypedName>,
    /// A picture.
    #[serde(default, deserialize_with = "change")]
    #[schema(value_type = Option<TypedPicture>)]
    profile_image_url: Change<TypedPicture>,
    /// The language.
    #[serde(default, deserialize_with = "change")]
    #[schema(value_type = Option<TypedLocale>)]
    locale: Change<TypedLocale>,
    /// The city.
    #[serde(default, deserialize_with = "change")]
    #[schema(value_type = Option<TypedLine>)]
    city: Change<TypedLine>,
}

impl ChangeMe {
    pub(crate) fn apply(self, before: Profile) -> Result<Profile> {
        let name = |typed: TypedName| typed.name();
        Ok(Profile {
            first_name: changed(before.first_name, self.first_name, name)?,
            last_name: changed(before.last_name, self.last_name, name)?,
            picture: changed(before.picture, self.profile_image_url, |typed| {
                typed.picture()
            })?,
            locale: changed(before.locale, self.locale, |typed| typed.locale())?,
            city: changed(before.city, self.city, |typed| typed.line("city"))?,
        })
    }
}

/// A place on the earth, in degrees.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Location {
    /// How far north.
    #[schema(minimum = -90, maximum = 90)]
    latitude: f64,
    /// How far east.
    #[schema(minimum = -180, maximum = 180)]
    longitude: f64,
}

impl Location {
    fn point(self) -> Result<Point> {
        Point::new(self.latitude, self.longitude)
            .map_err(|error| wrong("location", error.to_string()))
    }
}

/// A new entry of the address book.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewAddress {
    /// What the person calls it.
    #[serde(default)]
    label: Option<TypedLine>,
    /// Street and number.
    street: TypedLine,
    /// The city.
    #[serde(default)]
    city: Option<TypedLine>,
    /// The post code.
    #[serde(default)]
    post_code: Option<TypedLine>,
    /// What the courier should know.
    #[serde(default)]
    instructions: Option<TypedLine>,
    /// Where that is.
    #[serde(default)]
    location: Option<Location>,
}

impl NewAddress {
    pub(crate) fn address(&self) -> Result<Address> {
        let line = |typed: &Option<TypedLine>, field| {
            let line = typed.as_ref().map(|typed| typed.line(field));
            line.transpose()
        };
        Ok(Address {
            label: line(&self.label, "label")?,
            street: self.street.line("street")?,
            city: line(&self.city, "city")?,
            post_code: line(&self.post_code, "postCode")?,
            instructions: line(&self.instructions, "instructions")?,
            point: self.location.map(Location::point).transpose()?,
        })
    }
}

/// What is changed of an address. What is absent stays; what is null goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ChangeAddress {
    /// The version that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) version: i64,
    /// What the person calls it.
    #[serde(default, deserialize_with = "change")]
    #[schema(value_type = Option<TypedLine>)]
    label: Change<TypedLine>,
    /// Street and number.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    street: Option<TypedLine>,
    /// The city.
    #[serde(default, deserialize_with = "change")]
    #[schema(value_type = Option<TypedLine>)]
    city: Change<TypedLine>,
    /// The post code.
    #[serde(default, deserialize_with = "change")]
    #[schema(value_type = Option<TypedLine>)]
    post_code: Change<TypedLine>,
    /// What the courier should know.
    #[serde(default, deserialize_with = "change")]
    #[schema(value_type = Option<TypedLine>)]
    instructions: Change<TypedLine>,
    /// Where that is.
    #[serde(default, deserialize_with = "change")]
    #[schema(value_type = Option<Location>)]
    location: Change<Location>,
}

impl ChangeAddress {
    pub(crate) fn apply(self, before: Address) -> Result<Address> {
        let line = |field| move |typed: TypedLine| typed.line(field);
        let street = self.street.map(|typed| typed.line("street"));
        Ok(Address {
            label: changed(before.label, self.label, line("label"))?,
            street: street.transpose()?.unwrap_or(before.street),
            city: changed(before.city, self.city, line("city"))?,
            post_code: changed(before.post_code, self.post_code, line("postCode"))?,
            instructions: changed(before.instructions, self.instructions, line("instructions"))?,
            point: changed(before.point, self.location, Location::point)?,
        })
    }
}

/// An entry of the address book.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AddressView {
    /// Which one.
    #[schema(value_type = String, pattern = "^adr_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    id: AddressId,
    /// What the person calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// Street and number.
    street: String,
    /// The city.
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    /// The post code.
    #[serde(skip_serializing_if = "Option::is_none")]
    post_code: Option<String>,
    /// What the courier should know.
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<String>,
    /// Where that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location>,
    /// Grows with every change; to be sent along with the next one.
    #[schema(minimum = 1)]
    version: i64,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

/// The whole address book: it is small.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AddressBook {
    /// The entries, the oldest first.
    pub(crate) items: Vec<AddressView>,
}

impl MeView {
    pub(crate) fn of(
        person: &Person,
        contacts: &[Reached],
        (role, strength): (&'static str, Strength),
        second: Second,
    ) -> Self {
        let first = |kind| {
            let proven = |reached: &&Reached| {
                reached.contact.kind() == kind && reached.verified_at != Time::EPOCH
            };
            let found = contacts.iter().find(proven);
            found.map(|reached| reached.contact.as_str().to_owned())
        };
        let Profile {
            first_name,
            last_name,
            picture,
            locale,
            city,
        } = &person.profile;
        MeView {
            id: person.id,
            role,
            strength: match strength {
                Strength::One => "one",
                Strength::Two => "two",
            },
            guest: person.contacts == 0,
            has_second_factor: second == Second::There,
            first_name: first_name.as_ref().map(|name| name.as_str().to_owned()),
            last_name: last_name.as_ref().map(|name| name.as_str().to_owned()),
            profile_image_url: picture.as_ref().map(|picture| picture.as_str().to_owned()),
            locale: locale.as_ref().map(|locale| locale.as_str().to_owned()),
            city: city.as_ref().map(|city| city.as_str().to_owned()),
            phone: first(ContactKind::Phone),
            email: first(ContactKind::Email),
            contacts: contacts.iter().map(ContactView::from).collect(),
            version: person.version,
            created_at: person.created_at,
        }
    }
}

/// Whether somebody has a second factor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Second {
    There,
    Absent,
}

impl From<bool> for Second {
    fn from(there: bool) -> Self {
        match there {
            true => Second::There,
            false => Second::Absent,
        }
    }
}

/// How a caller is shown to itself.
pub(crate) fn shown(caller: &Caller) -> (&'static str, Strength) {
    (caller.role().name(), caller.strength())
}

impl From<&Reached> for ContactView {
    fn from(reached: &Reached) -> Self {
        ContactView {
            id: reached.id,
            kind: reached.contact.kind(),
            value: reached.contact.as_str().to_owned(),
            verified: reached.verified_at != Time::EPOCH,
            created_at: reached.created_at,
        }
    }
}

impl From<&Entered> for AddressView {
    fn from(entered: &Entered) -> Self {
        let address = &entered.address;
        let text = |line: &Option<domain::people::Line>| {
            line.as_ref().map(|line| line.as_str().to_owned())
        };
        AddressView {
            id: entered.id,
            label: text(&address.label),
            street: address.street.as_str().to_owned(),
            city: text(&address.city),
            post_code: text(&address.post_code),
            instructions: text(&address.instructions),
            location: address.point.map(|point| Location {
                latitude: point.latitude(),
                longitude: point.longitude(),
            }),
            version: entered.version,
            created_at: entered.created_at,
        }
    }
}
