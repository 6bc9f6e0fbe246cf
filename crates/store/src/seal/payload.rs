//! Sealed fields inside the JSON of an event: `{"sealed":"…","person":"…"}` where the text would stand.
//!
//! The name of the field that holds the object is what it was sealed as, so that the same bytes may stand in a table and
//! in the log, and no field can take another's place.

use base::Uid;
use serde_json::{Map, Value as Json, json};

use crate::call::Deadline;
use crate::failure::{Failure, Outcome};
use crate::seal::{Opened, Sealed, Sealer};

const SEALED: &str = "sealed";
const PERSON: &str = "person";

/// A sealed field that was found: the way to it, what it was sealed as, and itself.
struct Found {
    pointer: String,
    field: String,
    person: Uid,
    bytes: Vec<u8>,
}

impl Sealed {
    /// What stands in the payload of an event, in the field of the name that it was sealed as.
    #[must_use]
    pub fn to_json(&self, person: Uid) -> Json {
        json!({ SEALED: hex(self.bytes()), PERSON: hex(person.as_bytes()) })
    }
}

impl Sealer {
    /// The payload of an event with every sealed field opened: a text where the key is there, `{"erased":true}` where it
    /// was destroyed.
    ///
    /// # Errors
    /// [`Failure::Damaged`] where the payload or a sealed field is not as it was written; or the keys database is away.
    pub async fn open_payload(&self, payload: &str, deadline: &Deadline) -> Outcome<Json> {
        let damaged = |error: serde_json::Error| Failure::Damaged(format!("a payload: {error}"));
        let mut json: Json = serde_json::from_str(payload).map_err(damaged)?;
        let mut found = Vec::new();
        find(&json, "", "", &mut found)?;
        for sealed in found {
            let Found {
                pointer,
                field,
                person,
                bytes,
            } = sealed;
            let opened = match self.open(person, &field, &bytes, deadline).await? {
                Opened::Text(text) => Json::String(text),
                Opened::Erased => json!({ "erased": true }),
            };
            if let Some(place) = json.pointer_mut(&pointer) {
                *place = opened;
            }
        }
        Ok(json)
    }
}

/// Finds the sealed fields below a value. serde_json has limited how deep it goes.
fn find(json: &Json, pointer: &str, field: &str, found: &mut Vec<Found>) -> Outcome<()> {
    match json {
        Json::Object(fields) => {
            if let Some((person, bytes)) = sealed(fields)? {
                let (pointer, field) = (pointer.to_owned(), field.to_owned());
                found.push(Found {
                    pointer,
                    field,
                    person,
                    bytes,
                });
                return Ok(());
            }
            fields.iter().try_for_each(|(name, value)| {
                let escaped = name.replace('~', "~0").replace('/', "~1");
                find(value, &format!("{pointer}/{escaped}"), name, found)
            })
        }
        Json::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(at, value)| find(value, &format!("{pointer}/{at}"), field, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Ok(()),
    }
}

fn sealed(fields: &Map<String, Json>) -> Outcome<Option<(Uid, Vec<u8>)>> {
    let (Some(Json::String(text)), Some(Json::String(person)), 2) =
        (fields.get(SEALED), fields.get(PERSON), fields.len())
    else {
        return Ok(None);
    };
    let person = unhex(person).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    match (person.map(Uid::from_bytes), unhex(text)) {
        (Some(person), Some(bytes)) => Ok(Some((person, bytes))),
        _ => Err(Failure::Damaged("a sealed field of a payload".to_owned())),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .bytes()
        .map(|digit| match digit {
            b'0'..=b'9' => Some(digit.wrapping_sub(b'0')),
            b'a'..=b'f' => Some(digit.wrapping_sub(b'a').wrapping_add(10)),
            _ => None,
        })
        .collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    let byte = |pair: &[u8]| pair.iter().fold(0, |byte: u8, digit| byte << 4 | digit);
    Some(digits.chunks(2).map(byte).collect())
}
