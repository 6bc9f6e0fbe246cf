//! The id of a step: the same on every try, another for every step and for its undo.

use base::Uid;

/// Which way a saga goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the first step to the last.
    Forward,
    /// Back over what was done.
    Back,
}

impl Direction {
    pub(crate) const fn number(self) -> i64 {
        match self {
            Direction::Forward => 0,
            Direction::Back => 1,
        }
    }

    pub(crate) const fn of(number: i64) -> Self {
        if number == 0 {
            Direction::Forward
        } else {
            Direction::Back
        }
    }
}

/// The id of a step of a saga, to be given to the outside as its idempotency key. It bears the time and the
/// organisation of the saga.
#[must_use]
pub fn key(saga: Uid, step: usize, direction: Direction) -> Uid {
    /// Spreads small numbers over 64 bits; odd, so that no two fall together.
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    let step = u64::try_from(step).unwrap_or(u64::MAX);
    let way = direction.number().unsigned_abs();
    let number = step.wrapping_mul(2).wrapping_add(way).wrapping_add(1);
    let chance = number.wrapping_mul(SPREAD) >> 16;
    let value = u128::from_be_bytes(*saga.as_bytes()) ^ u128::from(chance);
    Uid::from_bytes(value.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use base::{Clock, Organisation, Random};

    use super::*;

    #[test]
    fn every_step_has_ids_of_its_own_which_never_change() {
        let (clock, random) = (Clock::real(), Random::seeded(1));
        let saga = Uid::make(&clock, &random, Organisation::new(7));
        let all = || {
            let steps = 0..1_000;
            steps.flat_map(|step| {
                [Direction::Forward, Direction::Back].map(|way| key(saga, step, way))
            })
        };
        let ids: BTreeSet<Uid> = all().chain([saga]).collect();
        assert_eq!(ids.len(), 2_001);
        assert!(all().eq(all()));
        assert!(
            ids.iter()
                .all(|id| id.organisation() == Organisation::new(7))
        );
        assert!(ids.iter().all(|id| id.time() == saga.time()));
    }
}
