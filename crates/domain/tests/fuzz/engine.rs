//! Tries inputs by chance until the time is over: takes one that is known, changes it, and asks the target.
//!
//! Nothing looks into the code that is tried. What stands in its place: an input that brings an answer of a kind that was
//! not seen before is kept and changed further. All is drawn from one seed, so a failure can be had again.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Duration;

use base::{Clock, Random};

/// How many inputs are kept to be changed further.
const KEPT_MAX: usize = 2_000;
/// How long an input becomes at most.
pub(crate) const BYTES_MAX: usize = 64 * 1024;
/// How long one input may take, in a build without optimisation on a busy machine.
const ONE_MAX: Duration = Duration::from_secs(5);

/// What is tried.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// Inputs to begin with.
    pub(crate) corpus: fn() -> Vec<Vec<u8>>,
    /// Changes an input into another one of the same sort; chance is all it knows.
    pub(crate) change: fn(&Dice, &mut Vec<u8>, &[Vec<u8>]),
    /// Tries an input and says of what kind the answer was. Panics if the answer is wrong.
    pub(crate) run: fn(&[u8]) -> u64,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) name: &'static str,
    pub(crate) seed: u64,
    pub(crate) executions: u64,
    pub(crate) took: Duration,
    /// How many kinds of answers there were.
    pub(crate) kinds: usize,
    pub(crate) failure: Option<Failure>,
}

/// An input that brought the target down.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) input: Vec<u8>,
    pub(crate) said: String,
}

/// Draws numbers.
pub(crate) struct Dice(Random);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Dice(Random::seeded(seed))
    }

    pub(crate) fn below(&self, bound: usize) -> usize {
        usize::try_from(self.0.below(bound as u64)).unwrap()
    }

    pub(crate) fn one_in(&self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub(crate) fn of<'a, T: ?Sized>(&self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }

    pub(crate) fn u64(&self) -> u64 {
        self.0.u64()
    }
}

/// Tries a target for so long.
pub(crate) fn fuzz(target: &Target, seed: u64, time: Duration) -> Report {
    let (clock, dice) = (Clock::real(), Dice::new(seed));
    let began = clock.elapsed();
    let mut corpus = (target.corpus)();
    let mut seen = BTreeSet::new();
    let mut report = Report {
        name: target.name,
        seed,
        executions: 0,
        took: Duration::ZERO,
        kinds: 0,
        failure: None,
    };
    let first = corpus.clone();
    let mut first = first.into_iter();
    loop {
        let at = clock.elapsed();
        report.took = at.saturating_sub(began);
        if report.took >= time {
            break;
        }
        let input = first.next().unwrap_or_else(|| {
            let mut input = corpus[dice.below(corpus.len())].clone();
            for _ in 0..=dice.below(6) {
                (target.change)(&dice, &mut input, &corpus);
            }
            input.truncate(BYTES_MAX);
            input
        });
        let tried = catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
        report.executions += 1;
        let is_slow = clock.elapsed().saturating_sub(at) > ONE_MAX;
        match tried {
            Ok(kind) if !is_slow => {
                if seen.insert(kind) && corpus.len() < KEPT_MAX {
                    corpus.push(input);
                }
            }
            other => {
                let said = match other {
                    Ok(_) => "it took too long".to_owned(),
                    Err(panic) => words(&*panic),
                };
                let input = shrunk(target, input, is_slow);
                report.failure = Some(Failure { input, said });
                break;
            }
        }
    }
    report.kinds = seen.len();
    report
}

/// What a panic says.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without words").to_owned()
}

/// A shorter input that fails too: pieces are left out while it still fails.
fn shrunk(target: &Target, mut input: Vec<u8>, is_slow: bool) -> Vec<u8> {
    if is_slow {
        return input;
    }
    let fails = |input: &[u8]| catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_err();
    let mut piece = input.len() / 2;
    let mut tries = 2_000;
    while piece > 0 && tries > 0 {
        let mut from = 0;
        while from < input.len() && tries > 0 {
            tries -= 1;
            let mut shorter = input.clone();
            shorter.drain(from..(from + piece).min(input.len()));
            match fails(&shorter) {
                true => input = shorter,
                false => from += piece,
            }
        }
        piece /= 2;
    }
    input
}

/// Where inputs are kept that have ever failed. All of them are tried in the ordinary tests.
pub(crate) fn kept(target: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    folder.join("tests/fuzz/kept").join(target)
}

/// Keeps an input that has failed.
pub(crate) fn keep(target: &str, failure: &Failure) -> PathBuf {
    let folder = kept(target);
    std::fs::create_dir_all(&folder).unwrap();
    let mut name: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in &failure.input {
        name = (name ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let path = folder.join(format!("{name:016x}"));
    std::fs::write(&path, &failure.input).unwrap();
    path
}
