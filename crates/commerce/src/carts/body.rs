//! What a cart holds: an order that is not given yet, and what each line cost when it was put in.

use std::collections::BTreeMap;
use std::fmt;

use base::{Error, Result, Time, codes};
use serde::{Deserialize, Serialize};
use slice::wrong;
use trade::carts::{CartId, LINES_MAX};
use trade::orders::LineKey;

use crate::orders::{Asked, Estimate, LineAsked};

/// The most bytes of a cart. Many options and long instructions are large together, though each is small.
const BYTES_MAX: usize = 96 * 1024;

/// What somebody saw of a line when it was put in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    /// What it was called.
    pub(crate) name: String,
    /// What one cost with what is chosen, in minor units.
    pub(crate) unit_minor: i64,
}

/// What a cart holds.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    /// The order as it would be given now. Every line has a key.
    pub(crate) asked: Asked,
    /// What was seen of its lines, by their keys.
    #[serde(default)]
    pub(crate) seen: BTreeMap<String, Seen>,
}

/// A cart, opened.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) id: CartId,
    pub(crate) version: i64,
    /// When it was touched last.
    pub(crate) at: Time,
    pub(crate) body: Body,
    pub(super) place: i64,
}

impl Body {
    /// A cart that holds what is asked for; lines without keys get some.
    pub(super) fn of(mut asked: Asked) -> Result<Self> {
        let lines = std::mem::take(&mut asked.items);
        let mut body = Body {
            asked,
            seen: BTreeMap::new(),
        };
        for line in lines {
            body.push(line)?;
        }
        Ok(body)
    }

    /// Where a line of this key stands.
    pub(super) fn place(&self, key: &str) -> Option<usize> {
        let mut lines = self.asked.items.iter();
        lines.position(|line| line.line.as_deref() == Some(key))
    }

    /// Puts a line in. One without a key that is like another one makes that one more; answers the key of the line.
    pub(super) fn push(&mut self, mut line: LineAsked) -> Result<String> {
        if let Some(said) = &line.line {
            let key = key(said)?;
            if self.place(key.as_str()).is_some() {
                let said = format!("there is a line {key} already");
                return Err(wrong("line", said));
            }
        } else {
            let alike = |other: &&mut LineAsked| {
                other.menu_item_id == line.menu_item_id
                    && other.options == line.options
                    && other.special_instructions == line.special_instructions
            };
            if let Some(other) = self.asked.items.iter_mut().find(alike) {
                other.quantity = other.quantity.saturating_add(line.quantity);
                return Ok(other.line.clone().unwrap_or_default());
            }
        }
        if self.asked.items.len() >= LINES_MAX {
            let said = format!("a cart has at most {LINES_MAX} lines");
            return Err(Error::conflict(codes::TOO_MANY, said));
        }
        let key = line.line.take().unwrap_or_else(|| self.free_key());
        line.line = Some(key.clone());
        self.asked.items.push(line);
        Ok(key)
    }

    /// Puts a line in the place of the one of its key, or at the end.
    pub(super) fn set(&mut self, key: &LineKey, line: LineAsked) -> Result<()> {
        let line = LineAsked {
            line: Some(key.as_str().to_owned()),
            ..line
        };
        let there = self.place(key.as_str());
        match there.and_then(|place| self.asked.items.get_mut(place)) {
            Some(there) => {
                *there = line;
                Ok(())
            }
            None => self.push(line).map(drop),
        }
    }

    /// Takes a line out; false when there is none of this key.
    pub(super) fn take_out(&mut self, key: &LineKey) -> bool {
        let before = self.asked.items.len();
        let lines = &mut self.asked.items;
        lines.retain(|line| line.line.as_deref() != Some(key.as_str()));
        self.seen.remove(key.as_str());
        self.asked.items.len() < before
    }

    /// Notes what is seen of lines now: of all that have a price, or of those of these keys.
    pub(super) fn see(&mut self, priced: &Estimate, only: Option<&[String]>) {
        for line in &priced.quote.lines {
            let asked = self.asked.items.get(line.line);
            let Some(key) = asked.and_then(|asked| asked.line.clone()) else {
                continue;
            };
            if only.is_some_and(|only| !only.contains(&key)) {
                continue;
            }
            let seen = Seen {
                name: priced.name(line.item),
                unit_minor: line.unit.minor(),
            };
            self.seen.insert(key, seen);
        }
    }

    /// The text that is sealed.
    pub(super) fn text(&self) -> Result<String> {
        let text = serde_json::to_string(self).map_err(|error| {
            Error::internal(codes::INTERNAL, "a cart that is no JSON").caused_by(error)
        })?;
        match text.len() <= BYTES_MAX {
            true => Ok(text),
            false => Err(Error::conflict(
                codes::TOO_MANY,
                "the options and instructions of the cart are too long together; say less, or order in two carts",
            )),
        }
    }

    /// Reads what was sealed.
    pub(super) fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| {
            Error::internal(codes::DAMAGED, "a cart that cannot be read").caused_by(error)
        })
    }

    /// The first number that no line is called by.
    fn free_key(&self) -> String {
        let numbers = (0..=self.asked.items.len()).map(LineKey::numbered);
        let mut free = numbers.filter(|key| self.place(key.as_str()).is_none());
        free.next().map(|key| key.to_string()).unwrap_or_default()
    }
}

/// What a line is called, as somebody said it.
pub(super) fn key(said: &str) -> Result<LineKey> {
    let words = "a line is called by 1 to 40 letters, digits, - and _";
    said.parse().map_err(|_| wrong("line", words))
}

/// What a cart holds is personal: it is never printed by accident.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.id, self.version)
    }
}
