//! Randomness: the only place that asks the machine for it.
//!
//! A source is a value that is passed in, and clones draw from the same sequence, so that two clones
//! of a seeded source never make the same id. A seeded source is for simulation and tests: who knows
//! the seed or a few outputs knows all the others, so secrets and tokens never come from one.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Draws random numbers from the machine, or a repeatable sequence from a seed.
#[derive(Clone)]
pub struct Random(Source);

#[derive(Clone)]
enum Source {
    Real,
    Seeded(Arc<Mutex<Xoshiro>>),
}

impl Random {
    /// Makes a source that draws from the operating system; good for secrets.
    pub const fn real() -> Self {
        Self(Source::Real)
    }

    /// Makes a source that always draws the same sequence; never for secrets.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(Xoshiro::new(seed)))))
    }

    /// Draws 64 random bits.
    ///
    /// # Panics
    ///
    /// As [`Random::fill`].
    pub fn u64(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// Fills the whole buffer with random bytes.
    ///
    /// # Panics
    ///
    /// When the operating system gives no randomness. No caller could go on: a predictable token or a
    /// repeated id is worse than a process that ends, and is started again.
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the source that the ban points to"
    )]
    pub fn fill(&self, buffer: &mut [u8]) {
        match &self.0 {
            Source::Real => {
                if let Err(error) = getrandom::fill(buffer) {
                    panic!("the operating system gives no randomness: {error}");
                }
            }
            Source::Seeded(generator) => {
                // The generator is whole after every step, so a poisoned lock spoils nothing.
                generator
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .fill(buffer);
            }
        }
    }

    /// Draws a number below the bound, every one as likely as another; 0 when the bound is 0.
    ///
    /// # Panics
    ///
    /// As [`Random::fill`].
    pub fn below(&self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // Lemire's method: the high half of a product is the number; the few low halves that would
        // make some numbers more likely are drawn again.
        let unfair = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.u64()) * u128::from(bound);
            let (number, low) = ((product >> 64) as u64, product as u64);
            if low >= unfair {
                return number;
            }
        }
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::Real => "Random::real",
            Source::Seeded(_) => "Random::seeded",
        })
    }
}

/// The generator xoshiro256++ of Blackman and Vigna, whose state is filled by splitmix64.
struct Xoshiro([u64; 4]);

impl Xoshiro {
    fn new(seed: u64) -> Self {
        let mut state = seed;
        Self([(); 4].map(|()| splitmix(&mut state)))
    }

    fn fill(&mut self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let bytes = self.next().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }

    fn next(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.0;
        let drawn = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        drawn
    }
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Xoshiro, splitmix};

    #[test]
    fn splitmix_gives_the_published_sequence() {
        let mut state = 1_234_567;
        let drawn = [(); 3].map(|()| splitmix(&mut state));
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!(drawn, published);
    }

    #[test]
    fn xoshiro_gives_the_published_sequence() {
        let mut generator = Xoshiro([1, 2, 3, 4]);
        let drawn = [(); 4].map(|()| generator.next());
        assert_eq!(
            drawn,
            [
                41_943_041,
                58_720_359,
                3_588_806_011_781_223,
                3_591_011_842_654_386
            ]
        );
    }
}
