//! Lists in parts: how a caller asks for one, and the signed cursors that lead from one to the next.

use base::{CursorKey, Error, Limit, Result, Time, Uid, codes};
use serde::Deserialize;
use tokio::sync::watch;
use utoipa::IntoParams;

/// Which part of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// How many entries at most; 20 when nothing is said.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// Where a part of a list begins and how long it is.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    /// How many entries at most.
    pub limit: Limit,
    /// The end of the part before.
    pub cursor: Option<String>,
}

impl Part {
    /// What was asked for.
    ///
    /// # Errors
    /// The limit is out of range.
    pub fn turn(self) -> Result<Turn> {
        Turn::new(self.limit, self.cursor)
    }
}

impl Turn {
    /// A turn of so many entries after a cursor; for queries that have more fields than [`Part`].
    ///
    /// # Errors
    /// The limit is out of range.
    pub fn new(limit: Option<u32>, cursor: Option<String>) -> Result<Self> {
        let limit = limit.map(Limit::new).transpose()?.unwrap_or_default();
        Ok(Turn { limit, cursor })
    }
}

/// Signs cursors with the key that is current. Clones follow the same key.
#[derive(Clone, Debug)]
pub struct Cursors(watch::Receiver<CursorKey>);

impl Cursors {
    /// Cursors under the key that this channel holds.
    #[must_use]
    pub fn new(key: watch::Receiver<CursorKey>) -> Self {
        Cursors(key)
    }

    /// A cursor that leads to this place of the list that the scope names.
    #[must_use]
    pub fn seal(&self, scope: &str, place: &[u8]) -> String {
        self.0.borrow().seal(scope, place)
    }

    /// The place that a cursor leads to.
    ///
    /// # Errors
    /// It was not made for this list, or not by us.
    pub fn open<const BYTES: usize>(&self, scope: &str, cursor: &str) -> Result<[u8; BYTES]> {
        let place = self.0.borrow().open(scope, cursor)?;
        place.try_into().map_err(|_| {
            Error::invalid(
                codes::CURSOR_REFUSED,
                "the cursor does not belong to this list",
            )
        })
    }

    /// The same as [`Cursors::seal`] of a list that goes by time, and by id where two have the same.
    #[must_use]
    pub fn seal_at(&self, scope: &str, (at, id): (Time, Uid)) -> String {
        let mut place = [0; 24];
        let (first, rest) = place.split_at_mut(8);
        first.copy_from_slice(&at.as_micros().to_be_bytes());
        rest.copy_from_slice(id.as_bytes());
        self.seal(scope, &place)
    }

    /// The time and the id that a cursor leads to.
    ///
    /// # Errors
    /// It was not made for this list, or not by us.
    pub fn open_at(&self, scope: &str, cursor: &str) -> Result<(Time, Uid)> {
        let place: [u8; 24] = self.open(scope, cursor)?;
        let (mut at, mut id) = ([0; 8], [0; 16]);
        let (first, rest) = place.split_at(8);
        at.copy_from_slice(first);
        id.copy_from_slice(rest);
        let at = Time::from_micros(i64::from_be_bytes(at));
        Ok((at, Uid::from_bytes(id)))
    }
}
