//! The way of notices from the stand-in to the program: they come late, twice, out of their order, or never, and what
//! nobody answered is told again, as PayPal does for three days.
//!
//! Beside them go letters of a forger, whose signature is wrong.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::{Clock, Random};

use super::notices::{self, Event};
use super::{Book, PayPal};
use crate::serve::try_ask;

/// Where notices go to.
const PLACE: &str = "/api/payments/paypal/notices";
/// How many are on their way at once.
const CARRIERS: usize = 8;
/// How many wait to be sent; more are lost.
const LETTERS_MAX: usize = 100_000;
/// How often it is looked for something to tell.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// In no order: each takes its own time.
const SOON_MS: u64 = 60;
const LATE_MS: u64 = 2_500;
/// Whoever does not answer is not run down.
const AGAIN_MIN_MS: u64 = 300;
const AGAIN_MS: u64 = 600;

/// How many notices of a hundred fare how.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Habits {
    /// They never come.
    pub lost: u64,
    /// They come twice.
    pub twice: u64,
    /// They come seconds later.
    pub late: u64,
    /// Somebody else writes the same with another sum.
    pub forged: u64,
}

/// What became of the notices.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Told {
    /// What there was to tell.
    pub events: u64,
    /// Never sent.
    pub lost: u64,
    /// Sent twice.
    pub twice: u64,
    /// Sent seconds later.
    pub late: u64,
    /// Sent again because nobody answered, or not now.
    pub again: u64,
    /// Written by a forger.
    pub forged: u64,
    /// The names of those that were accepted.
    pub accepted: BTreeSet<String>,
    /// Answers to real notices that refused them for good.
    pub refused: Vec<String>,
    /// Answers to the forger that accepted what he wrote.
    pub fooled: u64,
}

/// The post of one stand-in. It ends when its last clone goes.
pub struct Post(Arc<Room>);

struct Room {
    book: Arc<Book>,
    clock: Clock,
    random: Random,
    is_closed: AtomicBool,
    desk: Mutex<Desk>,
    rung: Condvar,
}

struct Desk {
    habits: Habits,
    to: Option<SocketAddr>,
    letters: Vec<Letter>,
    under_way: usize,
    sent: u64,
    told: Told,
}

#[derive(Clone)]
struct Letter {
    event: Event,
    due: Duration,
    is_forged: bool,
}

impl PayPal {
    /// From now on it tells what it does, with these habits.
    ///
    /// # Panics
    /// There is no thread left.
    #[must_use]
    pub fn post(&self, habits: Habits) -> Post {
        let room = Arc::new(Room {
            book: Arc::clone(&self.0.book),
            clock: Clock::real(),
            random: self.0.book.random.clone(),
            is_closed: AtomicBool::new(false),
            desk: Mutex::new(Desk {
                habits,
                to: None,
                letters: Vec::new(),
                under_way: 0,
                sent: 0,
                told: Told::default(),
            }),
            rung: Condvar::new(),
        });
        let begin = |work: fn(&Room)| {
            let room = Arc::clone(&room);
            let thread = std::thread::Builder::new().name("paypal post".to_owned());
            thread.spawn(move || work(&room)).expect("no thread");
        };
        begin(Room::collect_on);
        for _ in 0..CARRIERS {
            begin(Room::carry_on);
        }
        Post(room)
    }
}

impl Post {
    /// Where the program is now. Until it is said, everything waits.
    pub fn deliver_to(&self, to: SocketAddr) {
        self.0.lock().to = Some(to);
        self.0.rung.notify_all();
    }

    /// From now on everything comes once and at once, also what waits.
    pub fn hurry(&self) {
        let mut desk = self.0.lock();
        desk.habits = Habits::default();
        desk.letters
            .iter_mut()
            .for_each(|letter| letter.due = Duration::ZERO);
        drop(desk);
        self.0.rung.notify_all();
    }

    /// Whether nothing is on its way or still to be told.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.0.collect();
        let desk = self.0.lock();
        desk.letters.is_empty() && desk.under_way == 0
    }

    /// What became of the notices so far.
    #[must_use]
    pub fn told(&self) -> Told {
        self.0.lock().told.clone()
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.0.is_closed.store(true, Ordering::Relaxed);
        self.0.rung.notify_all();
    }
}

impl Room {
    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    fn collect_on(&self) {
        while !self.is_closed() {
            self.collect();
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Writes down what is to be told, and when.
    fn collect(&self) {
        let mut desk = self.lock();
        let events = notices::events(&self.book.fake, self.clock.now());
        for event in events {
            self.accept(&mut desk, event);
        }
        drop(desk);
        self.rung.notify_all();
    }

    fn accept(&self, desk: &mut Desk, event: Event) {
        let habits = desk.habits;
        let falls = |share: u64| share > 0 && self.random.below(100) < share;
        desk.told.events += 1;
        if falls(habits.lost) || desk.letters.len() >= LETTERS_MAX {
            desk.told.lost += 1;
            return;
        }
        let is_late = falls(habits.late);
        desk.told.late += u64::from(is_late);
        let within = if is_late { LATE_MS } else { SOON_MS };
        let due = || self.clock.elapsed() + Duration::from_millis(self.random.below(within));
        if falls(habits.forged) {
            desk.told.forged += 1;
            desk.letters.push(Letter {
                event: event.forged(),
                due: due(),
                is_forged: true,
            });
        }
        let is_twice = falls(habits.twice);
        desk.told.twice += u64::from(is_twice);
        for _ in 0..1 + usize::from(is_twice) {
            desk.letters.push(Letter {
                event: event.clone(),
                due: due(),
                is_forged: false,
            });
        }
    }

    fn carry_on(&self) {
        while !self.is_closed() {
            let mut desk = self.lock();
            let now = self.clock.elapsed();
            let due = desk.letters.iter().position(|letter| letter.due <= now);
            let (Some(to), Some(place)) = (desk.to, due) else {
                let waited = self.rung.wait_timeout(desk, LOOK_EVERY);
                drop(waited);
                continue;
            };
            let letter = desk.letters.swap_remove(place);
            desk.under_way += 1;
            desk.sent += 1;
            let number = desk.sent;
            drop(desk);
            let answered = self.send(to, &letter, number);
            self.note(letter, answered);
        }
    }

    /// The status that was answered, if anybody did.
    fn send(&self, to: SocketAddr, letter: &Letter, number: u64) -> Option<u16> {
        let seal = if letter.is_forged { 0 } else { self.book.seal };
        let id = format!("stand-in-{number}");
        let heads = notices::heads(seal, (&id, self.clock.now()), &letter.event.body);
        let mut all = vec![("content-type", "application/json")];
        all.extend(heads.iter().map(|(name, value)| (*name, value.as_str())));
        let reply = try_ask(to, "POST", PLACE, &all, &letter.event.body);
        reply.ok().map(|reply| reply.status)
    }

    fn note(&self, mut letter: Letter, answered: Option<u16>) {
        let mut desk = self.lock();
        desk.under_way -= 1;
        match (answered, letter.is_forged) {
            (Some(200..300), true) => desk.told.fooled += 1,
            (Some(200..300), false) => {
                desk.told.accepted.insert(letter.event.id);
            }
            (None | Some(408 | 429 | 500..), _) => {
                desk.told.again += 1;
                let pause = AGAIN_MIN_MS + self.random.below(AGAIN_MS);
                let pause = Duration::from_millis(pause);
                letter.due = self.clock.elapsed() + pause;
                desk.letters.push(letter);
            }
            (Some(_), true) => {}
            (Some(status), false) => {
                let said = format!("{}: {status}", letter.event.id);
                desk.told.refused.push(said);
            }
        }
    }
}
