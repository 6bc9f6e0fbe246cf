//! The open loop: requests are due at times that were fixed in advance, whether earlier ones were answered or not.
//!
//! A latency counts from when its request was due, not from when somebody was free to send it. So a server that
//! stalls is charged for all that should have been asked meanwhile, and not only for what happened to be under way.
//! Nothing is asked twice: a client that should connect again does so by itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base::{Clock, Random};
use tokio::task::JoinSet;

use crate::drive::{Answer, Client, Tally};

/// How the times between requests are chosen.
#[derive(Clone, Debug)]
pub enum Spacing {
    /// All alike.
    Even,
    /// By chance, as people come who do not know of each other; the same for the same seed.
    Chance(Random),
}

/// What is to be asked, and when.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many requests are due in a second.
    pub per_second: u32,
    /// How the times between them are chosen.
    pub spacing: Spacing,
    /// The time at the beginning that does not count.
    pub warm_up: Duration,
    /// The time in which what is due counts.
    pub time: Duration,
    /// How long after it was due a request is given up; one that could not be sent by then is not sent at all.
    pub patience: Duration,
}

/// The times at which requests are due. Clones hand out the same times, each of them once, in order.
#[derive(Clone, Debug)]
pub struct Schedule {
    clock: Clock,
    plan: Plan,
    begun: Duration,
    next: Arc<Mutex<Next>>,
}

#[derive(Debug, Default)]
struct Next {
    number: u64,
    /// When it is due, after the beginning.
    due: Duration,
}

impl Schedule {
    /// Begins now.
    #[must_use]
    pub fn start(clock: &Clock, plan: Plan) -> Self {
        Schedule {
            clock: clock.clone(),
            begun: clock.elapsed(),
            plan,
            next: Arc::default(),
        }
    }

    /// When the next request is due, on the clock; none when the time is over.
    fn take(&self) -> Option<Duration> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let due = next.due;
        if due >= self.plan.warm_up.saturating_add(self.plan.time) {
            return None;
        }
        next.number = next.number.saturating_add(1);
        next.due = match &self.plan.spacing {
            Spacing::Even => self.even(next.number),
            Spacing::Chance(random) => due.saturating_add(self.pause(random)),
        };
        Some(self.begun.saturating_add(due))
    }

    /// From the number, not from the time before, so that rounding does not add up.
    fn even(&self, number: u64) -> Duration {
        let nanos = u128::from(number).saturating_mul(1_000_000_000) / u128::from(self.rate());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// The time between two events that know nothing of each other is distributed exponentially.
    fn pause(&self, random: &Random) -> Duration {
        let share = (random.below(1 << 53) as f64 + 0.5) / (1_u64 << 53) as f64;
        Duration::from_secs_f64(-share.ln() / f64::from(self.rate()))
    }

    fn rate(&self) -> u32 {
        self.plan.per_second.max(1)
    }

    fn measured_from(&self) -> Duration {
        self.begun.saturating_add(self.plan.warm_up)
    }

    async fn sleep_until(&self, due: Duration) {
        let left = due.saturating_sub(self.clock.elapsed());
        if left > Duration::ZERO {
            tokio::time::sleep(left).await;
        }
    }
}

/// Lets a client make requests when they are due, or as soon as it is free if that is later, until the schedule is
/// over. How many run on one schedule is how many requests may be under way at once.
pub async fn drive_open(schedule: Schedule, mut client: impl Client) -> Tally {
    let mut tally = Tally::default();
    let patience = schedule.plan.patience;
    while let Some(due) = schedule.take() {
        schedule.sleep_until(due).await;
        let late = schedule.clock.elapsed().saturating_sub(due);
        let answer = match patience.checked_sub(late) {
            None | Some(Duration::ZERO) => Answer::Failed("no client was free in time".to_owned()),
            Some(left) => tokio::time::timeout(left, client.request())
                .await
                .unwrap_or_else(|_| Answer::Failed("no answer came in time".to_owned())),
        };
        let ended = schedule.clock.elapsed();
        tally.count(&answer);
        if due >= schedule.measured_from() {
            tally.lateness.record(late);
            tally.measure(&answer, ended.saturating_sub(due));
            if let Answer::Done(things) = answer {
                tally.done_in(ended.saturating_sub(schedule.measured_from()), things);
            }
        }
    }
    tally
}

/// Lets these clients, each on a task of its own, do what is planned, and adds up what they saw. It ends no later
/// than the patience after the planned time. A client that panics counts as one failed request.
pub async fn open_loop<C: Client + Send + 'static>(
    clock: &Clock,
    plan: Plan,
    clients: Vec<C>,
) -> Tally {
    let schedule = Schedule::start(clock, plan);
    let mut driving = JoinSet::new();
    for client in clients {
        driving.spawn(drive_open(schedule.clone(), client));
    }
    let mut tally = Tally::default();
    while let Some(ended) = driving.join_next().await {
        tally.merge(ended.unwrap_or_else(|error| Tally {
            failed: 1,
            failed_ever: 1,
            failure: Some(error.to_string()),
            ..Tally::default()
        }));
    }
    tally
}

/// A client that asks by calling this.
pub fn asking<A, F>(ask: A) -> impl Client + Send + 'static
where
    A: FnMut() -> F + Send + 'static,
    F: Future<Output = Answer> + Send,
{
    Asking(ask)
}

struct Asking<A>(A);

impl<A, F> Client for Asking<A>
where
    A: FnMut() -> F + Send,
    F: Future<Output = Answer> + Send,
{
    fn request(&mut self) -> impl Future<Output = Answer> + Send {
        (self.0)()
    }
}

#[cfg(test)]
mod tests {
    use base::Time;

    use super::*;

    fn times(spacing: Spacing) -> Vec<Duration> {
        let plan = Plan {
            per_second: 300,
            spacing,
            warm_up: Duration::from_secs(1),
            time: Duration::from_secs(9),
            patience: Duration::from_secs(1),
        };
        let schedule = Schedule::start(&Clock::fixed(Time::EPOCH), plan);
        std::iter::from_fn(|| schedule.clone().take()).collect()
    }

    #[test]
    fn even_times_are_exact_to_the_end() {
        let times = times(Spacing::Even);
        assert_eq!(times.len(), 3_000);
        assert_eq!(times[0], Duration::ZERO);
        assert_eq!(times[300], Duration::from_secs(1));
        assert_eq!(times[2_700], Duration::from_secs(9));
    }

    #[test]
    fn times_by_chance_are_the_same_for_a_seed_and_as_many_on_average() {
        let (one, same, other) = (
            times(Spacing::Chance(Random::seeded(1))),
            times(Spacing::Chance(Random::seeded(1))),
            times(Spacing::Chance(Random::seeded(2))),
        );
        assert!(one.is_sorted() && one == same && one != other);
        // The deviation is the root of 3,000, about 55.
        assert!((2_725..3_275).contains(&one.len()), "{}", one.len());
        let mean = Duration::from_secs(1) / 300;
        let pauses = one.windows(2).map(|pair| pair[1] - pair[0]);
        let short = pauses.filter(|pause| *pause < mean).count() * 100 / one.len();
        assert!(
            (59..68).contains(&short),
            "63 of 100 are below the mean, not {short}"
        );
    }
}
