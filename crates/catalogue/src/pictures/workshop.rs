//! The room in which pictures are made: so many uploads are held in memory, so many made at once, and no organisation
//! has all of it. Whoever finds no room is told to come again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base::{Error, Organisation, Result, codes};
use bytes::Bytes;
use tokio::sync::Semaphore;

use super::make::{Made, make};

/// How many pictures are made at once. Each may take some hundred megabytes for a moment.
const AT_ONCE: usize = 2;
/// How long an upload waits for its turn.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// How many uploads are held in memory at once.
const SEATS: usize = 12;
/// How many of them may be of one organisation.
const SEATS_OF_ONE: usize = 4;
/// When it is worth coming again.
const COME_AGAIN: Duration = Duration::from_secs(2);

/// The room. Clones are the same.
#[derive(Clone)]
pub(crate) struct Workshop {
    turns: Arc<Semaphore>,
    seats: Arc<Mutex<HashMap<Organisation, usize>>>,
}

/// A seat that is taken, until it is dropped.
pub(crate) struct Seat {
    seats: Arc<Mutex<HashMap<Organisation, usize>>>,
    of: Organisation,
}

impl Workshop {
    pub(crate) fn new() -> Self {
        Workshop {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            seats: Arc::default(),
        }
    }

    /// Takes a seat for an upload, before any of it is read.
    pub(crate) fn seat(&self, of: Organisation) -> Result<Seat> {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let taken: usize = seats.values().sum();
        let own = seats.entry(of).or_default();
        if taken >= SEATS || *own >= SEATS_OF_ONE {
            if *own == 0 {
                seats.remove(&of);
            }
            return Err(full("too many pictures are being uploaded"));
        }
        *own += 1;
        let seats = Arc::clone(&self.seats);
        Ok(Seat { seats, of })
    }

    /// Makes a picture when its turn has come. A decoder that fails in a way that nobody foresaw harms no other request.
    pub(crate) async fn make(&self, upload: Bytes) -> Result<Made> {
        let turn = tokio::time::timeout(WAIT_MAX, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(full("too many pictures are being made"));
        };
        // The turn goes along: whoever gives up waiting does not make room for another before the work is done.
        let made = tokio::task::spawn_blocking(move || {
            let made = make(&upload);
            drop(turn);
            made
        });
        match made.await {
            Ok(made) => Ok(made?),
            Err(error) => {
                let said = "nothing is made of the picture: it could not be decoded";
                Err(Error::invalid(codes::PICTURE_REFUSED, said).caused_by(error))
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = seats.get_mut(&self.of) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                seats.remove(&self.of);
            }
        }
    }
}

#[track_caller]
fn full(said: &'static str) -> Error {
    Error::unavailable(codes::OVERLOADED, said).retry_after(COME_AGAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_organisation_has_all_seats() {
        let shop = Workshop::new();
        let of = |number| shop.seat(Organisation::new(number));
        let mut held: Vec<Seat> = (0..4).map(|_| of(1).unwrap()).collect();
        assert_eq!(of(1).err().unwrap().code(), codes::OVERLOADED);
        held.extend((0..8).map(|number| of(2 + number / 4).unwrap()));
        assert!(of(9).is_err(), "all twelve are taken");
        drop(held.remove(0));
        assert!(of(9).is_ok());
        drop(held);
        assert!(shop.seats.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_for_a_turn_comes_again() {
        let shop = Workshop::new();
        let _all = shop.turns.acquire_many(2).await.unwrap();
        let refused = shop.make(Bytes::from_static(b"soup")).await.err().unwrap();
        assert_eq!(refused.code(), codes::OVERLOADED);
        assert_eq!(refused.retry_delay(), Some(COME_AGAIN));
    }
}
