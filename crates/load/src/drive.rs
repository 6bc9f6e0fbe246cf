//! The closed loop: a client asks, waits for the answer, and asks again until the time is over.

use std::future::Future;
use std::time::Duration;

use base::Clock;

use crate::histogram::Histogram;

/// A day.
const SECONDS_MAX: usize = 86_400;

/// What a request came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// So many things were done by it.
    Done(u64),
    /// It was refused, as it should be.
    Refused,
    /// It went wrong.
    Failed(String),
}

/// Somebody who makes requests.
pub trait Client {
    /// Makes one request and waits for its answer.
    fn request(&mut self) -> impl Future<Output = Answer> + Send;
}

/// When clients begin to be measured, and when they stop. Clones share the times.
#[derive(Clone, Debug)]
pub struct Pace {
    clock: Clock,
    measured_from: Duration,
    until: Duration,
}

impl Pace {
    /// Begins now: first a time that does not count, then the time that does.
    #[must_use]
    pub fn start(clock: &Clock, warm_up: Duration, time: Duration) -> Self {
        let measured_from = clock.elapsed().saturating_add(warm_up);
        Pace {
            clock: clock.clone(),
            measured_from,
            until: measured_from.saturating_add(time),
        }
    }

    /// How long is left until requests count.
    #[must_use]
    pub fn warm_up_left(&self) -> Duration {
        self.measured_from.saturating_sub(self.clock.elapsed())
    }

    /// How long requests count.
    #[must_use]
    pub fn time(&self) -> Duration {
        self.until.saturating_sub(self.measured_from)
    }
}

/// What one client saw, or all of them together.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How long the requests took that ended well in the measured time.
    pub latencies: Histogram,
    /// What was done in the measured time.
    pub done: u64,
    /// How many requests were refused in the measured time.
    pub refused: u64,
    /// How long those took that were refused in the measured time.
    pub refusals: Histogram,
    /// How many requests went wrong in the measured time.
    pub failed: u64,
    /// How late requests were sent, in an open loop: a generator that is itself too slow is seen here.
    pub lateness: Histogram,
    /// What was done in each second of the measured time and after it, in an open loop, by when it was done.
    pub done_by_second: Vec<u64>,
    /// What was done from beginning to end: what must be found afterwards.
    pub done_ever: u64,
    /// How many requests went wrong, from beginning to end.
    pub failed_ever: u64,
    /// How the first of them went wrong.
    pub failure: Option<String>,
}

impl Tally {
    /// Adds what another client saw.
    pub fn merge(&mut self, other: Tally) {
        self.latencies.merge(&other.latencies);
        self.done = self.done.saturating_add(other.done);
        self.refused = self.refused.saturating_add(other.refused);
        self.refusals.merge(&other.refusals);
        self.failed = self.failed.saturating_add(other.failed);
        self.lateness.merge(&other.lateness);
        for (second, things) in other.done_by_second.into_iter().enumerate() {
            self.add_to_second(second, things);
        }
        self.done_ever = self.done_ever.saturating_add(other.done_ever);
        self.failed_ever = self.failed_ever.saturating_add(other.failed_ever);
        self.failure = self.failure.take().or(other.failure);
    }

    pub(crate) fn count(&mut self, answer: &Answer) {
        match answer {
            Answer::Done(things) => self.done_ever = self.done_ever.saturating_add(*things),
            Answer::Refused => {}
            Answer::Failed(how) => {
                self.failed_ever = self.failed_ever.saturating_add(1);
                self.failure.get_or_insert_with(|| how.clone());
            }
        }
    }

    pub(crate) fn measure(&mut self, answer: &Answer, took: Duration) {
        match answer {
            Answer::Done(things) => {
                self.done = self.done.saturating_add(*things);
                self.latencies.record(took);
            }
            Answer::Refused => {
                self.refused = self.refused.saturating_add(1);
                self.refusals.record(took);
            }
            Answer::Failed(_) => self.failed = self.failed.saturating_add(1),
        }
    }

    /// Takes note of what was done at this time after the begin of the measured time.
    pub(crate) fn done_in(&mut self, at: Duration, things: u64) {
        self.add_to_second(usize::try_from(at.as_secs()).unwrap_or(usize::MAX), things);
    }

    fn add_to_second(&mut self, second: usize, things: u64) {
        // No run is so long; it only keeps a wrong clock from filling the memory.
        let second = second.min(SECONDS_MAX);
        if self.done_by_second.len() <= second {
            self.done_by_second.resize(second.saturating_add(1), 0);
        }
        if let Some(done) = self.done_by_second.get_mut(second) {
            *done = done.saturating_add(things);
        }
    }

    /// What was done in a second of the measured time, which was so long: the goodput.
    #[must_use]
    pub fn done_per_second(&self, time: Duration) -> f64 {
        self.done as f64 / time.as_secs_f64()
    }
}

/// Lets a client make requests, one after the other, until the time is over. What is under way then is waited for.
/// Ends early when a request goes wrong: what follows would measure something else.
pub async fn drive(pace: Pace, mut client: impl Client) -> Tally {
    let mut tally = Tally::default();
    let mut begun = pace.clock.elapsed();
    while begun < pace.until && tally.failed_ever == 0 {
        let answer = client.request().await;
        let ended = pace.clock.elapsed();
        tally.count(&answer);
        if ended >= pace.measured_from && ended < pace.until {
            tally.measure(&answer, ended.saturating_sub(begun));
        }
        begun = ended;
    }
    tally
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use base::Time;

    use super::*;

    /// Takes a second for each request on a simulated clock.
    struct Script(Clock, Vec<Answer>);

    impl Client for Script {
        async fn request(&mut self) -> Answer {
            self.0.advance(Duration::from_secs(1)).unwrap();
            self.1.pop().unwrap_or(Answer::Done(1))
        }
    }

    fn run(answers: Vec<Answer>) -> Tally {
        let clock = Clock::simulated(Time::EPOCH);
        let pace = Pace::start(&clock, Duration::from_secs(2), Duration::from_secs(5));
        let mut driven = pin!(drive(pace, Script(clock.clone(), answers)));
        match driven
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(tally) => tally,
            Poll::Pending => panic!("the script never waits"),
        }
    }

    #[test]
    fn only_what_ends_in_the_measured_time_is_measured() {
        let tally = run(vec![Answer::Done(64), Answer::Refused]);
        // Ends at 1 s (refused) and at 7 s do not count, the end at 2 s does.
        assert_eq!((tally.done, tally.refused), (64 + 4, 0));
        assert_eq!(tally.done_ever, 64 + 5);
        assert_eq!(tally.latencies.count(), 5);
        assert_eq!(tally.latencies.longest(), Duration::from_secs(1));
    }

    #[test]
    fn a_client_stops_when_something_goes_wrong() {
        let tally = run(vec![Answer::Failed("lost".to_owned()), Answer::Done(1)]);
        assert_eq!((tally.done_ever, tally.failed_ever), (1, 1));
        assert_eq!(tally.failure.as_deref(), Some("lost"));
    }
}
