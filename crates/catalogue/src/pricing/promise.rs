//! What a quote promises: that what it was asked for costs no more for some minutes. It is signed and not stored. A place in a
//! slot may be held with it, which it names; nothing else is kept aside for it: what is sold out meanwhile is sold out.

use std::time::Duration;

use base::{Result, Time, Uid};
use domain::organisations::RestaurantId;
use slice::Cursors;

/// How long a promise is, and how long with the place that is held.
const BYTES: usize = 16;
const HELD_BYTES: usize = 32;
/// For how long a price is promised.
const HOLDS_FOR: Duration = Duration::from_secs(10 * 60);

/// A price, and until when it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// What is to be paid at most, without tip, in minor units.
    pub total_minor: i64,
    /// Until when.
    pub until: Time,
    /// The place in a slot that is held with it.
    pub hold: Option<Uid>,
}

impl Promise {
    /// That it costs so much from now on.
    #[must_use]
    pub fn made(total_minor: i64, now: Time) -> Self {
        Promise {
            total_minor,
            until: now.plus(HOLDS_FOR).unwrap_or(now),
            hold: None,
        }
    }

    /// The same with a place that is held.
    #[must_use]
    pub fn with(self, hold: Option<Uid>) -> Self {
        Promise { hold, ..self }
    }

    /// The text by which an order names it.
    #[must_use]
    pub fn seal(&self, cursors: &Cursors, at: RestaurantId) -> String {
        let [total, until] = [self.total_minor, self.until.as_micros()].map(i64::to_be_bytes);
        let hold = self.hold.as_ref().map(|hold| hold.as_bytes().as_slice());
        let all = [total.as_slice(), &until, hold.unwrap_or_default()].concat();
        cursors.seal(&scope(at), &all)
    }

    /// What a text promises at a restaurant.
    ///
    /// # Errors
    /// It was not made there, or not by us.
    pub fn open(cursors: &Cursors, at: RestaurantId, text: &str) -> Result<Self> {
        let scope = scope(at);
        let opened = cursors.open::<HELD_BYTES>(&scope, text);
        let (bytes, is_held) = match opened {
            Ok(bytes) => (bytes, true),
            Err(_) => {
                let short = cursors.open::<BYTES>(&scope, text)?;
                let mut bytes = [0; HELD_BYTES];
                bytes
                    .iter_mut()
                    .zip(short)
                    .for_each(|(place, byte)| *place = byte);
                (bytes, false)
            }
        };
        let (mut total, mut until, mut hold) = ([0; 8], [0; 8], [0; 16]);
        let all = [total.as_mut_slice(), &mut until, &mut hold];
        let places = all.into_iter().flatten();
        places.zip(bytes).for_each(|(place, byte)| *place = byte);
        Ok(Promise {
            total_minor: i64::from_be_bytes(total),
            until: Time::from_micros(i64::from_be_bytes(until)),
            hold: is_held.then(|| Uid::from_bytes(hold)),
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

    use super::{Promise, RestaurantId, Uid};

    #[test]
    fn a_promise_is_read_as_it_was_made_and_where_it_was_made() {
        let (clock, random) = (Clock::real(), Random::seeded(7));
        let (_held, key) = tokio::sync::watch::channel(CursorKey::new([7; 32]));
        let cursors = Cursors::new(key);
        let [here, there] =
            [(); 2].map(|()| RestaurantId::make(&clock, &random, Organisation::PEOPLE));
        let hold = Uid::make(&clock, &random, Organisation::PEOPLE);
        let all = [0, 1, 2_749, -1, i64::MAX].into_iter();
        for (total, hold) in all.flat_map(|total| [(total, None), (total, Some(hold))]) {
            let promise = Promise::made(total, clock.now()).with(hold);
            let text = promise.seal(&cursors, here);
            assert_eq!(Promise::open(&cursors, here, &text).unwrap(), promise);
            assert!(Promise::open(&cursors, there, &text).is_err());
            assert!(Promise::open(&cursors, here, &text[1..]).is_err());
        }
    }

    #[test]
    fn a_promise_without_a_place_is_as_it_was_before_places_were_held() {
        let (clock, random) = (Clock::real(), Random::seeded(7));
        let (_held, key) = tokio::sync::watch::channel(CursorKey::new([7; 32]));
        let cursors = Cursors::new(key);
        let here = RestaurantId::make(&clock, &random, Organisation::PEOPLE);
        let promise = Promise::made(2_549, clock.now());
        let [total, until] = [promise.total_minor, promise.until.as_micros()];
        let before = [total.to_be_bytes(), until.to_be_bytes()].concat();
        let before = cursors.seal(&super::scope(here), &before);
        assert_eq!(Promise::open(&cursors, here, &before).unwrap(), promise);
        assert_eq!(promise.seal(&cursors, here), before);
    }
}
