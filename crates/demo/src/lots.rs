//! Chance that can be repeated: every organisation of the city draws from a sequence of its own.

use base::Random;

/// A sequence of numbers that follows from a seed.
#[derive(Debug)]
pub struct Draw(Random);

impl Draw {
    /// The sequence of one thing of the city. What comes before or after it changes nothing.
    #[must_use]
    pub fn of(seed: u64, number: u64) -> Self {
        // An odd number, so that no two things of a city share a sequence.
        Draw(Random::seeded(
            seed ^ number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15),
        ))
    }

    /// A number from the least to the most, both of them too.
    #[must_use]
    pub fn between(&self, least: i64, most: i64) -> i64 {
        let span = most.saturating_sub(least).saturating_add(1);
        let drawn = self.0.below(u64::try_from(span).unwrap_or(1));
        least.saturating_add(i64::try_from(drawn).unwrap_or(0))
    }

    /// Whether something happens that does so many times in a hundred.
    #[must_use]
    pub fn happens(&self, percent: u64) -> bool {
        self.0.below(100) < percent
    }

    /// One of them. Of none it is the default.
    pub(crate) fn one<T: Copy + Default>(&self, of: &[T]) -> T {
        let place = self.0.below(u64::try_from(of.len()).unwrap_or(0));
        let place = usize::try_from(place).unwrap_or(0);
        of.get(place).copied().unwrap_or_default()
    }

    /// Bytes for an id.
    pub(crate) fn bytes(&self) -> [u8; 6] {
        let mut bytes = [0; 6];
        self.0.fill(&mut bytes);
        bytes
    }
}
