//! The hand that draws: it varies what it does, always in the same way for the same seed.

use std::f32::consts::TAU;

use super::canvas::{Colour, Point, around};

/// A sequence of chances from a seed.
pub(super) struct Hand(u64);

impl Hand {
    pub(super) fn new(seed: u64) -> Self {
        Hand(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number between two.
    pub(super) fn between(&mut self, least: f32, most: f32) -> f32 {
        let part = (self.next() >> 40) as f32 / (1_u64 << 24) as f32;
        least + (most - least) * part
    }

    /// An angle.
    pub(super) fn angle(&mut self) -> f32 {
        self.between(0.0, TAU)
    }

    /// A whole number below this.
    pub(super) fn below(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }

    /// One of some colours.
    pub(super) fn one_of(&mut self, colours: &[Colour]) -> Colour {
        let at = self.below(colours.len());
        colours.get(at).copied().unwrap_or([0.5; 3])
    }

    /// Waves for an edge that looks as if nobody had drawn it with a compass.
    pub(super) fn waves(&mut self, deep: f32) -> [(f32, f32, f32); 2] {
        let few = 3.0 + self.below(3) as f32;
        let many = 7.0 + self.below(4) as f32;
        [(few, deep, self.angle()), (many, deep * 0.5, self.angle())]
    }

    /// Points inside a circle that keep apart from each other.
    pub(super) fn scatter(
        &mut self,
        centre: Point,
        radius: f32,
        (count, apart): (usize, f32),
    ) -> Vec<Point> {
        let mut points: Vec<Point> = Vec::new();
        for _ in 0..count * 30 {
            let (angle, far) = (self.angle(), self.between(0.0, 1.0).sqrt() * radius);
            let point = around(centre, angle, far);
            let near = |other: &Point| (other.0 - point.0).hypot(other.1 - point.1) < apart;
            if points.len() < count && !points.iter().any(near) {
                points.push(point);
            }
        }
        points
    }
}
