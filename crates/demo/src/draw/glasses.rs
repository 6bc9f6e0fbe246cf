//! What is drunk.

use std::f32::consts::{PI, TAU};

use super::canvas::{Canvas, Shape, around, lit, mix, rgb};
use super::hand::Hand;
use super::sweets::{foot, stage};
use super::table::{MIDDLE, leaf, table};

/// A cup on its saucer, from above.
pub(super) fn coffee(hand: &mut Hand) -> Canvas {
    let mut canvas = table(hand);
    let china = hand.one_of(&[rgb(0xfdfaf3), rgb(0x2f6f73), rgb(0xd9785a), rgb(0x35506b)]);
    let saucer = Shape::circle(MIDDLE, 206.0);
    canvas.shadow(&saucer, (8.0, 12.0), 26.0);
    canvas.round(&saucer, china, 0.12);
    canvas.round(&Shape::circle(MIDDLE, 150.0), lit(china, 0.93), -0.15);
    let handle = around(MIDDLE, 0.5, 158.0);
    let grip = Shape::arc(handle, 34.0, (0.0, TAU), 20.0);
    canvas.shadow(&grip, (5.0, 8.0), 9.0);
    canvas.round(&grip, china, 0.3);
    let cup = Shape::circle(MIDDLE, 136.0);
    canvas.shadow(&cup, (9.0, 14.0), 20.0);
    canvas.round(&cup, lit(china, 1.04), 0.3);
    canvas.round(&Shape::circle(MIDDLE, 122.0), lit(china, 0.85), -0.25);
    let brew = hand.one_of(&[rgb(0x8a5329), rgb(0x6b3d1e), rgb(0xa9713f)]);
    let top = Shape::circle(MIDDLE, 114.0);
    canvas.paint(&top, 1.0, |_, depth| {
        (mix(lit(brew, 0.75), brew, depth / 18.0), 1.0)
    });
    let foam = rgb(0xf7e8cf);
    match hand.below(2) {
        0 => {
            for row in 0..5 {
                let y = MIDDLE.1 + 52.0 - 26.0 * row as f32;
                let wide = 84.0 - 13.0 * row as f32;
                for side in [-1.0, 1.0] {
                    let frond = Shape::ellipse(
                        (MIDDLE.0 + side * wide * 0.46, y),
                        (wide * 0.5, 10.0),
                        side * -0.5,
                    );
                    canvas.veil(&frond, foam, 0.95);
                }
            }
            canvas.fill(
                &Shape::line(
                    (MIDDLE.0, MIDDLE.1 + 82.0),
                    (MIDDLE.0, MIDDLE.1 - 72.0),
                    5.0,
                ),
                lit(brew, 0.95),
            );
        }
        _ => {
            for side in [-1.0, 1.0] {
                canvas.fill(
                    &Shape::circle((MIDDLE.0 + side * 33.0, MIDDLE.1 - 18.0), 42.0),
                    foam,
                );
            }
            let point = Shape::corners(vec![
                (MIDDLE.0 - 68.0, MIDDLE.1 + 2.0),
                (MIDDLE.0 + 68.0, MIDDLE.1 + 2.0),
                (MIDDLE.0, MIDDLE.1 + 82.0),
            ]);
            canvas.fill(&point.grown(4.0), foam);
        }
    }
    let spoon = around(MIDDLE, 2.5, 178.0);
    let stem = Shape::line(spoon, around(spoon, 1.2, 130.0), 9.0);
    canvas.shadow(&stem, (3.0, 5.0), 6.0);
    canvas.round(&stem, rgb(0xb9bec2), 0.4);
    canvas.round(
        &Shape::ellipse(spoon, (30.0, 19.0), 1.2),
        rgb(0xd3d8db),
        0.4,
    );
    canvas
}

/// Lemonade, iced tea, juice: a glass from the side.
pub(super) fn drink(hand: &mut Hand) -> Canvas {
    let mut canvas = stage(hand);
    let x = MIDDLE.0;
    foot(&mut canvas, (x + 14.0, 424.0), 100.0);
    let juice = hand.one_of(&[
        rgb(0xf59b2d),
        rgb(0xd83a52),
        rgb(0xf4d03f),
        rgb(0x9ccc4b),
        rgb(0x8a4a2b),
        rgb(0xf28ca0),
    ]);
    let glass = |inset: f32| {
        Shape::corners(vec![
            (x - 104.0 + inset, 96.0),
            (x + 104.0 - inset, 96.0),
            (x + 80.0 - inset, 414.0 - inset),
            (x - 80.0 + inset, 414.0 - inset),
        ])
        .grown(6.0)
    };
    canvas.veil(&glass(0.0), [1.0; 3], 0.45);
    let filled = glass(9.0).and(Shape::block((x, 290.0), (400.0, 270.0), 0.0, 0.0));
    canvas.paint(&filled, 0.5, |(_, y), _| {
        (
            mix(lit(juice, 1.18), lit(juice, 0.9), (y - 155.0) / 260.0),
            0.94,
        )
    });
    for point in hand.scatter((x, 236.0), 70.0, (6, 52.0)) {
        let cube = Shape::block(point, (54.0, 50.0), 10.0, hand.angle());
        canvas.veil(&cube, [1.0; 3], 0.34);
        canvas.veil(
            &Shape::block((point.0 - 8.0, point.1 - 8.0), (20.0, 16.0), 6.0, 0.3),
            [1.0; 3],
            0.35,
        );
    }
    for point in hand.scatter((x, 320.0), 84.0, (26, 18.0)) {
        canvas.veil(&Shape::circle(point, hand.between(2.0, 5.0)), [1.0; 3], 0.5);
    }
    let straw = Shape::line((x - 14.0, 330.0), (x + 62.0, 26.0), 15.0);
    let colour = hand.one_of(&[rgb(0xd8402b), rgb(0x2f6f73), rgb(0xf5efe3)]);
    canvas.paint(&straw, 0.5, |(_, y), _| {
        let stripe = (y / 18.0).rem_euclid(2.0) < 1.0;
        (
            if stripe { colour } else { [1.0; 3] },
            if y > 155.0 { 0.45 } else { 1.0 },
        )
    });
    let round = (x - 92.0, 112.0);
    let fruit = hand.one_of(&[rgb(0xf0c419), rgb(0xf39c34), rgb(0x8bbf3d)]);
    canvas.shadow(&Shape::circle(round, 48.0), (3.0, 5.0), 7.0);
    canvas.fill(&Shape::circle(round, 48.0), fruit);
    canvas.fill(&Shape::circle(round, 42.0), rgb(0xfdf7dc));
    canvas.fill(&Shape::circle(round, 38.0), mix(fruit, [1.0; 3], 0.3));
    for turn in 0..8 {
        let ray = Shape::line(round, around(round, TAU * turn as f32 / 8.0, 39.0), 3.0);
        canvas.fill(&ray, rgb(0xfdf7dc));
    }
    for (angle, long) in [(-2.2, 58.0), (-1.5, 66.0), (-0.8, 54.0)] {
        leaf(&mut canvas, (x + 8.0, 150.0), (angle, long), rgb(0x4f9a44));
    }
    canvas.veil(
        &Shape::line((x - 78.0, 180.0), (x - 64.0, 380.0), 11.0),
        [1.0; 3],
        0.35,
    );
    canvas
}

/// A glass of beer, with its head.
pub(super) fn beer(hand: &mut Hand) -> Canvas {
    let mut canvas = stage(hand);
    let x = MIDDLE.0 - 20.0;
    foot(&mut canvas, (x + 20.0, 424.0), 130.0);
    let grip = Shape::arc((x + 122.0, 266.0), 66.0, (-PI / 2.0 - 0.3, PI + 0.6), 28.0);
    canvas.veil(&grip, rgb(0xf3f6f6), 0.85);
    canvas.veil(
        &Shape::arc((x + 122.0, 266.0), 66.0, (-1.2, 1.0), 6.0),
        [1.0; 3],
        0.8,
    );
    let glass = Shape::block((x, 270.0), (236.0, 300.0), 24.0, 0.0);
    canvas.veil(&glass, rgb(0xf3f6f6), 0.8);
    let brew = hand.one_of(&[rgb(0xf2b632), rgb(0xd9892b), rgb(0x6b3417)]);
    let filled = Shape::block((x, 276.0), (208.0, 272.0), 16.0, 0.0);
    canvas.paint(&filled, 0.5, |(px, y), _| {
        let light = 1.16 - (px - x + 104.0) / 620.0;
        (
            lit(mix(lit(brew, 1.15), brew, (y - 150.0) / 240.0), light),
            1.0,
        )
    });
    for column in -2..3 {
        let at = x + 42.0 * column as f32;
        canvas.veil(
            &Shape::block((at, 290.0), (22.0, 200.0), 11.0, 0.0),
            [1.0; 3],
            0.13,
        );
    }
    for point in hand.scatter((x, 300.0), 100.0, (34, 16.0)) {
        canvas.veil(
            &Shape::circle(point, hand.between(1.6, 4.0)),
            [1.0; 3],
            0.55,
        );
    }
    let foam = rgb(0xfffaf0);
    canvas.round(
        &Shape::block((x, 146.0), (240.0, 66.0), 30.0, 0.0),
        foam,
        0.12,
    );
    for column in 0..7 {
        let at = x - 106.0 + 35.0 * column as f32;
        let bubble = Shape::circle(
            (at, 122.0 + hand.between(-12.0, 10.0)),
            hand.between(26.0, 36.0),
        );
        canvas.round(&bubble, foam, 0.16);
    }
    for (at, long) in [(-84.0, 40.0), (-20.0, 26.0), (70.0, 52.0)] {
        canvas.round(
            &Shape::line((x + at, 160.0), (x + at, 168.0 + long), 26.0),
            foam,
            0.15,
        );
    }
    for point in hand.scatter((x, 138.0), 100.0, (16, 22.0)) {
        if (point.1 - 140.0).abs() < 24.0 {
            canvas.veil(
                &Shape::circle(point, hand.between(2.0, 6.0)),
                rgb(0xe8dcc4),
                0.7,
            );
        }
    }
    canvas
}
