//! Chance: bounds, seeds, and no two alike.

use base::Random;
use proptest::prelude::*;

const DRAWS: usize = 30_000;

/// Counts how often each class is drawn; `class` must say less than the number of classes.
fn counts<const CLASSES: usize>(class: impl Fn(&Random) -> u64) -> [usize; CLASSES] {
    let random = Random::seeded(7);
    let mut counts = [0; CLASSES];
    for _ in 0..DRAWS {
        counts[class(&random) as usize] += 1;
    }
    counts
}

/// Six standard deviations of a fair count, so that only a real bias is seen.
fn assert_even<const CLASSES: usize>(counts: [usize; CLASSES]) {
    let share = DRAWS as f64 / CLASSES as f64;
    let allowed = 6.0 * share.sqrt();
    assert!(
        counts
            .iter()
            .all(|count| (*count as f64 - share).abs() < allowed),
        "{counts:?}"
    );
}

#[test]
fn small_bounds_are_even() {
    assert_even(counts::<2>(|random| random.below(2)));
    assert_even(counts::<6>(|random| random.below(6)));
    assert_even(counts::<100>(|random| random.below(100)));
}

#[test]
fn a_bound_that_does_not_divide_the_range_is_even() {
    // Three quarters of the range: a bare remainder makes the first third twice as likely, a bare
    // product one of three residues.
    const BOUND: u64 = 3 << 62;
    assert_even(counts::<3>(|random| random.below(BOUND) / (1 << 62)));
    assert_even(counts::<3>(|random| random.below(BOUND) % 3));
}

#[test]
fn bits_are_even() {
    for bit in 0..64 {
        assert_even(counts::<2>(|random| random.u64() >> bit & 1));
    }
}

#[test]
fn the_sequence_of_a_seed_never_changes() {
    let random = Random::seeded(42);
    let drawn = [(); 3].map(|()| random.u64());
    let kept = [
        15_021_278_609_987_233_951,
        5_881_210_131_331_364_753,
        18_149_643_915_985_481_100,
    ];
    assert_eq!(drawn, kept);
}

#[test]
fn clones_draw_from_one_sequence() {
    let (random, alone) = (Random::seeded(1), Random::seeded(1));
    let clone = random.clone();
    assert_eq!([random.u64(), clone.u64()], [alone.u64(), alone.u64()]);
}

#[test]
fn the_machine_does_not_repeat_itself() {
    let (left, right) = (Random::real(), Random::real());
    assert_ne!([left.u64(), left.u64()], [right.u64(), right.u64()]);
    let mut buffer = [0; 64];
    left.fill(&mut buffer);
    assert_ne!(buffer, [0; 64]);
}

#[test]
fn what_is_shown_gives_nothing_away() {
    assert_eq!(
        format!("{:?} {:?}", Random::real(), Random::seeded(5)),
        "Random::real Random::seeded"
    );
}

proptest! {
    #[test]
    fn one_seed_gives_one_sequence(seed: u64, bound: u64, length in 0..40_usize) {
        let (left, right) = (Random::seeded(seed), Random::seeded(seed));
        let (mut from_left, mut from_right) = (vec![0; length], vec![0; length]);
        left.fill(&mut from_left);
        right.fill(&mut from_right);
        prop_assert_eq!(from_left, from_right);
        prop_assert_eq!(left.below(bound), right.below(bound));
        prop_assert_ne!(left.u64(), Random::seeded(seed ^ 1).u64());
    }

    #[test]
    fn a_draw_is_below_its_bound(seed: u64, bound in 1_u64..) {
        let random = Random::seeded(seed);
        prop_assert!(random.below(bound) < bound);
        prop_assert_eq!(random.below(1), 0);
        prop_assert_eq!(random.below(0), 0);
    }
}
