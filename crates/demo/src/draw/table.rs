//! What stands under the food: the table, a cloth, plates, bowls, leaves.

use std::f32::consts::{PI, TAU};

use super::canvas::{Canvas, Colour, Point, Shape, around, lit, mix, rgb};
use super::hand::Hand;
use super::{HEIGHT, WIDTH};

/// The middle of a picture.
pub(super) const MIDDLE: Point = (WIDTH as f32 / 2.0, HEIGHT as f32 / 2.0);

/// Colours of tables that food looks good on.
const TABLES: [u32; 8] = [
    0xf1dfc2, 0x2f7d78, 0xd8835c, 0xe6b045, 0x35506b, 0xa9bd97, 0xefc5b2, 0xa5ccd8,
];

/// A table, sometimes of boards, sometimes with a cloth.
pub(super) fn table(hand: &mut Hand) -> Canvas {
    let colour = rgb(TABLES[hand.below(TABLES.len())]);
    let (width, height) = (WIDTH as f32, HEIGHT as f32);
    let boards = hand.below(2) == 0;
    let mut canvas = Canvas::new(WIDTH, HEIGHT, |(x, y)| {
        let glow = 1.06 - 0.16 * ((x - width * 0.4) / width).hypot((y - height * 0.35) / height);
        let seam = (x / 80.0).fract() * 80.0;
        let light = match boards {
            true if seam < 2.0 => glow * 0.93,
            true => glow * (1.0 + 0.015 * ((x / 80.0).floor() * 2.4).sin()),
            false => glow,
        };
        lit(colour, light)
    });
    if hand.below(2) == 0 {
        cloth(&mut canvas, hand);
    }
    canvas
}

fn cloth(canvas: &mut Canvas, hand: &mut Hand) {
    let stripe = hand.one_of(&[rgb(0xc8553d), rgb(0x588b8b), rgb(0xe9b44c), rgb(0x6b705c)]);
    let angle = hand.between(-0.5, 0.5);
    let centre = (
        MIDDLE.0 + hand.between(150.0, 230.0),
        MIDDLE.1 + hand.between(60.0, 130.0),
    );
    let shape = Shape::block(centre, (300.0, 260.0), 6.0, angle);
    canvas.shadow(&shape, (4.0, 6.0), 14.0);
    canvas.paint(&shape, 0.5, |(x, y), depth| {
        let across = (x * angle.cos() + y * angle.sin()) / 26.0;
        let is_stripe = across.rem_euclid(1.0) < 0.35 || (8.0..12.0).contains(&depth);
        (
            if is_stripe {
                mix(stripe, [1.0; 3], 0.15)
            } else {
                rgb(0xfaf5ea)
            },
            1.0,
        )
    });
}

/// A round plate: its rim, its well, and the light on both.
pub(super) fn plate(canvas: &mut Canvas, hand: &mut Hand, radius: f32) {
    let colour = hand.one_of(&[rgb(0xfdfaf3), rgb(0xf5efe3), rgb(0xe9eef0), rgb(0x3b4a54)]);
    dish(canvas, radius, colour);
}

/// A plate of this colour.
pub(super) fn dish(canvas: &mut Canvas, radius: f32, colour: Colour) {
    let rim = Shape::circle(MIDDLE, radius);
    canvas.shadow(&rim, (8.0, 12.0), 26.0);
    canvas.round(&rim, colour, 0.10);
    let line = Shape::arc(MIDDLE, radius * 0.965, (0.0, TAU), 2.0);
    canvas.veil(&line, lit(colour, 0.8), 0.6);
    let well = Shape::circle(MIDDLE, radius * 0.76);
    canvas.round(&well, lit(colour, 0.96), -0.10);
    let shine = Shape::arc(MIDDLE, radius * 0.87, (PI * 1.08, 0.75), radius * 0.05);
    canvas.veil(&shine, [1.0; 3], 0.45);
}

/// A deep bowl of this colour; what is in it comes within nine tenths of the radius.
pub(super) fn deep(canvas: &mut Canvas, radius: f32, colour: Colour) {
    let rim = Shape::circle(MIDDLE, radius);
    canvas.shadow(&rim, (10.0, 16.0), 30.0);
    canvas.round(&rim, colour, 0.22);
    let inside = Shape::circle(MIDDLE, radius * 0.92);
    canvas.round(&inside, lit(colour, 0.72), -0.25);
    let shine = Shape::arc(MIDDLE, radius * 0.96, (PI * 1.1, 0.8), radius * 0.025);
    canvas.veil(&shine, [1.0; 3], 0.55);
}

/// A pointed leaf from here in this direction.
pub(super) fn leaf(canvas: &mut Canvas, from: Point, (angle, long): Point, colour: Colour) {
    let middle = around(from, angle, long / 2.0);
    let side = long * 0.62;
    let one = around(middle, angle + PI / 2.0, side * 0.5);
    let two = around(middle, angle - PI / 2.0, side * 0.5);
    let shape = Shape::circle(one, side).and(Shape::circle(two, side));
    canvas.shadow(&shape, (2.0, 3.0), 4.0);
    canvas.round(&shape, colour, 0.5);
    let vein = Shape::line(
        around(from, angle, long * 0.1),
        around(from, angle, long * 0.85),
        1.6,
    );
    canvas.veil(&vein, lit(colour, 1.35), 0.7);
}

/// Small leaves strewn over something.
pub(super) fn herbs(
    canvas: &mut Canvas,
    hand: &mut Hand,
    (centre, radius): (Point, f32),
    count: usize,
) {
    for point in hand.scatter(centre, radius, (count, 14.0)) {
        let (angle, long) = (hand.angle(), hand.between(11.0, 19.0));
        let colour = hand.one_of(&[rgb(0x4f8a3c), rgb(0x6aa84f), rgb(0x3c7a45)]);
        leaf(canvas, point, (angle, long), colour);
    }
}

/// Sauce, soup, cheese: a surface with an edge that waves and a light on it.
pub(super) fn pool(
    canvas: &mut Canvas,
    hand: &mut Hand,
    (centre, radius): (Point, f32),
    colour: Colour,
) {
    // What fills a bowl keeps to its wall.
    let deep = if radius > 120.0 { 0.003 } else { 0.03 };
    let shape = Shape::wavy(centre, radius, hand.waves(deep));
    canvas.paint(&shape, 1.2, |_, depth| {
        (
            lit(colour, 0.86 + 0.18 * (depth / 16.0).clamp(0.0, 1.0)),
            1.0,
        )
    });
    let shine = Shape::arc(centre, radius * 0.78, (PI * 1.15, 0.6), radius * 0.06);
    canvas.veil(&shine, [1.0; 3], 0.22);
}

/// Half an egg, from above.
pub(super) fn egg(canvas: &mut Canvas, centre: Point, size: f32, angle: f32) {
    let white = Shape::ellipse(centre, (size, size * 0.78), angle);
    canvas.shadow(&white, (3.0, 4.0), 7.0);
    canvas.round(&white, rgb(0xfffaf0), 0.12);
    let yolk = Shape::circle(around(centre, angle, size * 0.1), size * 0.45);
    canvas.round(&yolk, rgb(0xf5a623), 0.35);
}

/// A slice of something round: skin, flesh, and light on it.
pub(super) fn slice(
    canvas: &mut Canvas,
    centre: Point,
    radius: f32,
    (skin, flesh): (Colour, Colour),
) {
    let whole = Shape::circle(centre, radius);
    canvas.shadow(&whole, (2.0, 3.0), 5.0);
    canvas.fill(&whole, skin);
    canvas.round(&Shape::circle(centre, radius * 0.84), flesh, 0.2);
}

/// A wedge of lemon or lime.
pub(super) fn wedge(canvas: &mut Canvas, centre: Point, radius: f32, (angle, skin): (f32, Colour)) {
    let far = around(centre, angle, radius);
    let half =
        |radius: f32| Shape::circle(centre, radius).without(Shape::circle(far, radius * 1.02));
    canvas.shadow(&half(radius), (2.0, 4.0), 6.0);
    canvas.fill(&half(radius), skin);
    canvas.fill(&half(radius * 0.88), rgb(0xfdf6d8));
    canvas.fill(&half(radius * 0.80), mix(skin, [1.0; 3], 0.3));
}
