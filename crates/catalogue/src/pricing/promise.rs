//! What a quote promises: that what it was asked for costs no more for some minutes. It is signed and not stored, and nothing
//! is kept aside for it: what is sold out meanwhile is sold out.

use std::time::Duration;

use base::{Result, Time};
use domain::organisations::RestaurantId;
use slice::Cursors;

/// For how long a price is promised.
const HOLDS_FOR: Duration = Duration::from_secs(10 * 60);

/// A price, and until when it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// What is to be paid at most, without tip, in minor units.
    pub total_minor: i64,
    /// Until when.
    pub until: Time,
}

impl Promise {
    /// That it costs so much from now on.
    #[must_use]
    pub fn made(total_minor: i64, now: Time) -> Self {
        Promise {
            total_minor,
            until: now.plus(HOLDS_FOR).unwrap_or(now),
        }
    }

    /// The text by which an order names it.
    #[must_use]
    pub fn seal(&self, cursors: &Cursors, at: RestaurantId) -> String {
        let [total, until] = [self.total_minor, self.until.as_micros()].map(i64::to_be_bytes);
        cursors.seal(&scope(at), &[total, until].concat())
    }

    /// What a text promises at a restaurant.
    ///
    /// # Errors
    /// It was not made there, or not by us.
    pub fn open(cursors: &Cursors, at: RestaurantId, text: &str) -> Result<Self> {
        let bytes = u128::from_be_bytes(cursors.open::<16>(&scope(at), text)?);
        let half = |bits: u32| {
            let [.., a, b, c, d, e, f, g, h] = (bytes >> bits).to_be_bytes();
            i64::from_be_bytes([a, b, c, d, e, f, g, h])
        };
        Ok(Promise {
            total_minor: half(64),
            until: Time::from_micros(half(0)),
        })
    }
}

fn scope(at: RestaurantId) -> String {
    format!("quotes at {at}")
}

#[cfg(test)]
mod tests {
    use base::{Clock, CursorKey, Organisation, Random};
    use slice::Cursors;

    use super::{Promise, RestaurantId};

    #[test]
    fn a_promise_is_read_as_it_was_made_and_where_it_was_made() {
        let (clock, random) = (Clock::real(), Random::seeded(7));
        let (_held, key) = tokio::sync::watch::channel(CursorKey::new([7; 32]));
        let cursors = Cursors::new(key);
        let [here, there] =
            [(); 2].map(|()| RestaurantId::make(&clock, &random, Organisation::PEOPLE));
        for total in [0, 1, 2_749, -1, i64::MAX] {
            let promise = Promise::made(total, clock.now());
            let text = promise.seal(&cursors, here);
            assert_eq!(Promise::open(&cursors, here, &text).unwrap(), promise);
            assert!(Promise::open(&cursors, there, &text).is_err());
            assert!(Promise::open(&cursors, here, &text[1..]).is_err());
        }
    }
}
