//! Who waits for news of an organisation, and is woken by the bus. The bus may forget; so all look by themselves too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::{Error, Organisation, Result, codes};
use engine::Stop;
use fabric::{Bus, Pattern, Received};
use tokio::sync::Notify;

/// How many may wait on a node.
const WAITING_MAX: usize = 1_024;
/// How many of them for one organisation.
const WAITING_OF_ONE_MAX: usize = 16;
/// How often whoever waits looks although nobody called.
const LOOK: Duration = Duration::from_secs(2);

/// Who waits. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct News(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    waiting: Mutex<Waiting>,
    ended: Stop,
}

#[derive(Debug, Default)]
struct Waiting {
    all: usize,
    bells: HashMap<Organisation, (usize, Arc<Notify>)>,
}

/// A place among those who wait. It is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    news: News,
    organisation: Organisation,
    bell: Arc<Notify>,
}

impl News {
    /// A place to wait at; nothing when too many wait already.
    pub(super) fn seat(&self, organisation: Organisation) -> Option<Seat> {
        let mut waiting = self.lock();
        if waiting.all >= WAITING_MAX || self.0.ended.is_stopping() {
            return None;
        }
        let (count, bell) = waiting.bells.entry(organisation).or_default();
        if *count >= WAITING_OF_ONE_MAX {
            return None;
        }
        *count = count.saturating_add(1);
        let bell = Arc::clone(bell);
        waiting.all = waiting.all.saturating_add(1);
        Some(Seat {
            news: self.clone(),
            organisation,
            bell,
        })
    }

    /// How many wait now.
    pub(super) fn waiting(&self) -> usize {
        self.lock().all
    }

    /// Follows the bus until the stop, and wakes those who wait; at the stop all of them, so that they answer in time.
    pub(super) async fn follow(&self, bus: &Bus, stop: &Stop) -> Result<()> {
        let mut news = bus.subscribe(&[Pattern::all()])?;
        loop {
            let received = tokio::select! {
                () = stop.stopped() => {
                    self.0.ended.stop();
                    return Ok(());
                }
                received = news.receive() => received,
            };
            match received {
                Some(Received::Message(message)) => self.wake(message.organisation),
                Some(Received::Lagged(_)) => self.wake_all(),
                None => return Err(Error::unavailable(codes::UNAVAILABLE, "the bus is gone")),
            }
        }
    }

    fn wake(&self, organisation: Organisation) {
        if let Some((_, bell)) = self.lock().bells.get(&organisation) {
            bell.notify_waiters();
        }
    }

    fn wake_all(&self) {
        let waiting = self.lock();
        waiting
            .bells
            .values()
            .for_each(|(_, bell)| bell.notify_waiters());
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Counts are whole after every step, so a poisoned lock spoils nothing.
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Waits until there may be news, so long at most; false when there is no use in waiting on.
    ///
    /// `look` is asked after the bell was taken hold of, so that nothing that comes meanwhile is missed.
    pub(super) async fn wait<T>(
        &self,
        at_most: Duration,
        look: impl Future<Output = Result<Option<T>>>,
    ) -> Result<Heard<T>> {
        let rung = self.bell.notified();
        tokio::pin!(rung);
        rung.as_mut().enable();
        if let Some(found) = look.await? {
            return Ok(Heard::Found(found));
        }
        tokio::select! {
            () = self.news.0.ended.stopped() => return Ok(Heard::Enough),
            () = rung => {}
            () = tokio::time::sleep(at_most.min(LOOK)) => {}
        }
        Ok(Heard::Perhaps)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut waiting = self.news.lock();
        waiting.all = waiting.all.saturating_sub(1);
        let left = waiting.bells.get_mut(&self.organisation).map(|(count, _)| {
            *count = count.saturating_sub(1);
            *count
        });
        if left == Some(0) {
            waiting.bells.remove(&self.organisation);
        }
    }
}

/// What became of waiting.
#[derive(Debug)]
pub(super) enum Heard<T> {
    /// It was there already.
    Found(T),
    /// Somebody called, or it is time to look.
    Perhaps,
    /// The process is about to end.
    Enough,
}

#[cfg(test)]
mod tests {
    use fabric::Room;

    use super::*;

    #[tokio::test]
    async fn at_a_stop_nobody_is_kept_waiting() {
        let (news, bus, stop) = (News::default(), Bus::memory(Room::default()), Stop::new());
        let seat = news.seat(Organisation::new(7)).unwrap();
        let waiting = async {
            loop {
                let nothing = async { Ok(None::<()>) };
                match seat.wait(Duration::from_secs(60), nothing).await.unwrap() {
                    Heard::Enough => break,
                    Heard::Perhaps => {}
                    Heard::Found(()) => panic!("there is nothing to be found"),
                }
            }
        };
        let stopping = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            stop.stop();
        };
        let all = futures_util::future::join3(waiting, news.follow(&bus, &stop), stopping);
        let within = Duration::from_secs(1);
        let (_, followed, _) = tokio::time::timeout(within, all).await.unwrap();
        followed.unwrap();
        assert!(
            news.seat(Organisation::new(8)).is_none(),
            "and nobody begins to"
        );
    }

    #[test]
    fn so_many_may_wait_and_a_place_is_given_back() {
        let news = News::default();
        let one = Organisation::new(7);
        let seats: Vec<Seat> = (0..WAITING_OF_ONE_MAX)
            .map(|_| news.seat(one).unwrap())
            .collect();
        assert!(news.seat(one).is_none());
        let other = news.seat(Organisation::new(8));
        assert!(other.is_some());
        drop((seats, other));
        assert_eq!(news.waiting(), 0);
        assert!(news.seat(one).is_some());
    }
}
