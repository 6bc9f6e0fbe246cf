//! Pages of lists: how many entries at most, and where the next page begins.

use std::str::FromStr;

use serde::Serialize;

use crate::{Error, codes};

/// How many entries a page may have: 1 to 100, and 20 when nobody says otherwise.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Limit(u8);

impl Limit {
    /// The most entries that a page may have.
    pub const MAX: Self = Self(100);

    /// Takes a limit.
    ///
    /// # Errors
    ///
    /// Refuses what is not in 1 to 100, rather than to give fewer entries than were asked for.
    pub fn new(limit: u32) -> Result<Self, Error> {
        match u8::try_from(limit) {
            Ok(limit @ 1..=100) => Ok(Self(limit)),
            _ => Err(out_of_range()),
        }
    }

    /// Gives the bare number.
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(20)
    }
}

impl From<Limit> for i64 {
    fn from(limit: Limit) -> Self {
        Self::from(limit.0)
    }
}

impl FromStr for Limit {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        // `parse` alone would take "+5" as well, which after a URL's decoding is easily an accident.
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(out_of_range());
        }
        Self::new(text.parse().map_err(|_| out_of_range())?)
    }
}

#[track_caller]
fn out_of_range() -> Error {
    Error::invalid(
        codes::LIMIT_OUT_OF_RANGE,
        "a limit is a whole number from 1 to 100",
    )
}

/// A part of a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Page<T> {
    /// The entries, in the order of the list.
    pub items: Vec<T>,
    /// The cursor of the next page, or nothing on the last one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Turns every entry into something else, such as a row into its public view.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(turn).collect(),
            next: self.next,
        }
    }
}
