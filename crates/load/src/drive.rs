//! The closed loop: a client asks, waits for the answer, and asks again until the time is over.

use std::future::Future;
use std::time::Duration;

use base::Clock;

use crate::histogram::Histogram;

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
        self.done_ever = self.done_ever.saturating_add(other.done_ever);
        self.failed_ever = self.failed_ever.saturating_add(other.failed_ever);
        self.failure = self.failure.take().or(other.failure);
    }

    fn count(&mut self, answer: &Answer) {
        match answer {
            Answer::Done(things) => self.done_ever = self.done_ever.saturating_add(*things),
            Answer::Refused => {}
            Answer::Failed(how) => {
                self.failed_ever = self.failed_ever.saturating_add(1);
                self.failure.get_or_insert_with(|| how.clone());
            }
        }
    }

    fn measure(&mut self, answer: &Answer, took: Duration) {
        match answer {
            Answer::Done(things) => {
                self.done = self.done.saturating_add(*things);
                self.latencies.record(took);
            }
            Answer::Refused => self.refused = self.refused.saturating_add(1),
            Answer::Failed(_) => {}
        }
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
