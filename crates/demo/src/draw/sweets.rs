//! What stands up and is seen from the side, and what is sweet.

use std::f32::consts::PI;

use super::canvas::{Canvas, Colour, Point, Shape, lit, mix, rgb};
use super::hand::Hand;
use super::table::MIDDLE;
use super::{HEIGHT, WIDTH};

/// A wall behind and a table below, for what is seen from the side.
pub(super) fn stage(hand: &mut Hand) -> Canvas {
    let walls = [
        rgb(0xf6d7a7),
        rgb(0x9fc9c4),
        rgb(0xf1b5a0),
        rgb(0xb9cfa4),
        rgb(0x7ea6bf),
        rgb(0xe8c15a),
    ];
    let wall = hand.one_of(&walls);
    let top = lit(
        hand.one_of(&[rgb(0x8a5a35), rgb(0xf3ead9), rgb(0x3f5765)]),
        1.0,
    );
    let edge = HEIGHT as f32 * 0.76;
    let mut canvas = Canvas::new(WIDTH, HEIGHT, |(x, y)| match y < edge {
        true => lit(wall, 1.12 - 0.0002 * (x + y)),
        false => lit(top, 1.05 - 0.0009 * (y - edge)),
    });
    let light = Shape::circle((MIDDLE.0, MIDDLE.1 - 30.0), 190.0);
    canvas.paint(&light, 60.0, |_, _| ([1.0; 3], 0.22));
    canvas
}

/// The shadow that something throws on the table.
pub(super) fn foot(canvas: &mut Canvas, (x, y): Point, wide: f32) {
    let shade = Shape::ellipse((x, y), (wide, wide * 0.13), 0.0);
    canvas.paint(&shade, 16.0, |_, _| ([0.1, 0.07, 0.06], 0.4));
}

pub(super) fn burger(hand: &mut Hand) -> Canvas {
    let mut canvas = stage(hand);
    let x = MIDDLE.0;
    foot(&mut canvas, (x + 8.0, 400.0), 190.0);
    let layer = |canvas: &mut Canvas, y: f32, (wide, high): Point, colour: Colour| {
        let slab = Shape::block((x, y), (wide, high), high * 0.48, 0.0);
        canvas.shadow(&slab, (0.0, 6.0), 8.0);
        canvas.round(&slab, colour, 0.25);
    };
    layer(&mut canvas, 370.0, (318.0, 56.0), rgb(0xd79a4b));
    let patties = 1 + hand.below(2);
    let mut y = 334.0;
    for _ in 0..patties {
        layer(&mut canvas, y, (330.0, 46.0), rgb(0x6b3a22));
        for _ in 0..24 {
            let crumb = (
                x + hand.between(-150.0, 150.0),
                y + hand.between(-14.0, 14.0),
            );
            canvas.veil(
                &Shape::circle(crumb, hand.between(2.0, 5.0)),
                rgb(0x8d5232),
                0.7,
            );
        }
        y -= 26.0;
        let drips = [(-110.0, 40.0), (-20.0, 54.0), (90.0, 44.0)];
        let cheese = Shape::block((x, y), (326.0, 15.0), 7.0, 0.0);
        for (at, long) in drips {
            let drip = Shape::corners(vec![
                (x + at - 48.0, y),
                (x + at + 48.0, y),
                (x + at, y + long * 0.75),
            ]);
            canvas.fill(&drip.grown(3.0), rgb(0xf6b52e));
        }
        canvas.round(&cheese, rgb(0xfac748), 0.2);
        y -= 20.0;
    }
    for side in -4..5 {
        let leaf = Shape::wavy((x + 40.0 * side as f32, y + 6.0), 32.0, hand.waves(0.13));
        let flat = Shape::block((x, y + 4.0), (372.0, 30.0), 14.0, 0.0);
        canvas.round(
            &leaf.and(flat),
            hand.one_of(&[rgb(0x6aa83c), rgb(0x8cc152)]),
            0.5,
        );
    }
    y -= 17.0;
    for at in [-84.0, 0.0, 84.0] {
        let tomato = Shape::block((x + at, y), (112.0, 22.0), 10.0, 0.0);
        canvas.shadow(&tomato, (0.0, 3.0), 5.0);
        canvas.round(&tomato, rgb(0xd8402b), 0.3);
    }
    y -= 12.0;
    bun(&mut canvas, hand, (x, y));
    canvas
}

fn bun(canvas: &mut Canvas, hand: &mut Hand, (x, y): Point) {
    let dome = Shape::ellipse((x, y), (168.0, 118.0), 0.0);
    let above = Shape::block((x, y - 70.0), (400.0, 140.0), 16.0, 0.0);
    let top = dome.and(above);
    canvas.shadow(&top, (0.0, 6.0), 8.0);
    canvas.paint(&top, 0.7, |(px, py), _| {
        let light = ((x - px) * 0.3 + (y - py)) / 130.0;
        (mix(rgb(0xb9702a), rgb(0xf0b763), light), 1.0)
    });
    canvas.veil(
        &Shape::arc((x - 20.0, y + 10.0), 104.0, (PI * 1.2, 0.7), 12.0),
        [1.0; 3],
        0.22,
    );
    for point in hand.scatter((x, y - 56.0), 112.0, (40, 19.0)) {
        let on_top = (point.0 - x).hypot((point.1 - y) * 1.45) < 140.0 && point.1 < y - 26.0;
        if on_top {
            let seed = Shape::ellipse(point, (6.5, 3.8), hand.between(-0.6, 0.6));
            canvas.veil(&seed, rgb(0xfff1cf), 0.95);
        }
    }
}

pub(super) fn fries(hand: &mut Hand) -> Canvas {
    let mut canvas = stage(hand);
    let x = MIDDLE.0;
    foot(&mut canvas, (x + 10.0, 412.0), 140.0);
    for at in 0..30 {
        let place = at as f32 / 29.0 * 2.0 - 1.0;
        let lean = place * 0.3 + hand.between(-0.08, 0.08);
        let high = 190.0 - place.abs() * 46.0 + hand.between(-30.0, 30.0);
        let root = (x + place * 88.0, 300.0);
        let tip = (root.0 + lean * high, root.1 - high);
        let stick = Shape::line(root, tip, 18.0);
        canvas.shadow(&stick, (2.0, 2.0), 4.0);
        let colour = hand.one_of(&[rgb(0xf4c64f), rgb(0xf7d36c), rgb(0xe9b13c)]);
        canvas.round(&stick, colour, 0.25);
    }
    let bag = Shape::corners(vec![
        (x - 128.0, 250.0),
        (x - 60.0, 276.0),
        (x, 282.0),
        (x + 60.0, 276.0),
        (x + 128.0, 250.0),
        (x + 96.0, 404.0),
        (x - 96.0, 404.0),
    ])
    .grown(5.0);
    canvas.shadow(&bag, (0.0, -3.0), 8.0);
    let red = hand.one_of(&[rgb(0xc8372d), rgb(0x2f6f73), rgb(0xe07b39)]);
    canvas.paint(&bag, 0.5, |(px, _), _| {
        let stripe = ((px - x) / 27.0).floor().rem_euclid(2.0) < 1.0;
        let light = 1.08 - (px - x + 128.0) / 1_200.0;
        (lit(if stripe { red } else { rgb(0xfdf6ea) }, light), 1.0)
    });
    let dip = Shape::block((x + 190.0, 380.0), (96.0, 52.0), 16.0, 0.0);
    foot(&mut canvas, (x + 194.0, 408.0), 56.0);
    canvas.round(&dip, rgb(0xf5efe3), 0.2);
    canvas.round(
        &Shape::ellipse((x + 190.0, 358.0), (44.0, 11.0), 0.0),
        rgb(0xc8331f),
        0.3,
    );
    canvas
}

pub(super) fn sandwich(hand: &mut Hand) -> Canvas {
    let mut canvas = stage(hand);
    foot(&mut canvas, (MIDDLE.0 + 10.0, 404.0), 215.0);
    let colours = [
        (rgb(0xe9c48a), 34.0),
        (rgb(0x8cc152), 18.0),
        (rgb(0xd8402b), 16.0),
        (rgb(0xfac748), 14.0),
        (rgb(0xe7a39a), 22.0),
        (rgb(0x6aa83c), 14.0),
        (rgb(0xe9c48a), 34.0),
    ];
    for (at, tilt) in [(MIDDLE.0 - 92.0, -0.12), (MIDDLE.0 + 96.0, 0.1)] {
        let mut y = 384.0;
        for (row, (colour, thick)) in colours.into_iter().rev().enumerate() {
            let bread = row == 0 || row == 6;
            let wide = if bread {
                178.0
            } else {
                hand.between(180.0, 196.0)
            };
            let centre = (at + tilt * (384.0 - y), y - thick / 2.0);
            let slab = Shape::block(
                centre,
                (wide, thick),
                if bread { 9.0 } else { 6.0 },
                tilt * 0.4,
            );
            canvas.shadow(&slab, (0.0, 4.0), 5.0);
            canvas.round(&slab, colour, 0.2);
            if bread {
                for _ in 0..26 {
                    let hole = (
                        centre.0 + hand.between(-80.0, 80.0),
                        centre.1 + hand.between(-11.0, 11.0),
                    );
                    canvas.veil(
                        &Shape::circle(hole, hand.between(1.0, 3.0)),
                        rgb(0xc9995a),
                        0.7,
                    );
                }
                let crust = Shape::block(
                    (centre.0, if row == 0 { y - 2.0 } else { y - thick + 3.0 }),
                    (wide, 7.0),
                    3.0,
                    tilt * 0.4,
                );
                canvas.fill(&crust, rgb(0xb5762f));
            }
            y -= thick - 1.0;
        }
        let top = (at + tilt * 150.0, y);
        canvas.fill(
            &Shape::line((top.0, y - 62.0), (top.0, y + 20.0), 4.0),
            rgb(0xd8b27a),
        );
        canvas.round(
            &Shape::ellipse((top.0, y - 34.0), (15.0, 18.0), 0.0),
            rgb(0x7a9a3c),
            0.5,
        );
    }
    canvas
}

pub(super) fn kebab(hand: &mut Hand) -> Canvas {
    let mut canvas = stage(hand);
    let x = MIDDLE.0;
    foot(&mut canvas, (x + 8.0, 416.0), 110.0);
    let back = Shape::ellipse((x, 214.0), (132.0, 116.0), 0.0);
    canvas.round(&back, rgb(0xe2b574), 0.2);
    let fillings = [
        rgb(0x8a4b2a),
        rgb(0xa3623a),
        rgb(0x8cc152),
        rgb(0xd8402b),
        rgb(0x9c3d73),
        rgb(0xf5efe0),
    ];
    for point in hand.scatter((x, 190.0), 112.0, (64, 15.0)) {
        let colour = hand.one_of(&fillings);
        let piece = match hand.below(2) {
            0 => Shape::block(point, (44.0, 14.0), 6.0, hand.between(-1.0, 1.0)),
            _ => Shape::wavy(point, 17.0, hand.waves(0.14)),
        };
        canvas.shadow(&piece, (1.0, 3.0), 4.0);
        canvas.round(&piece, colour, 0.4);
    }
    let front = Shape::corners(vec![
        (x - 134.0, 210.0),
        (x - 60.0, 248.0),
        (x + 40.0, 246.0),
        (x + 134.0, 206.0),
        (x + 62.0, 408.0),
        (x - 62.0, 408.0),
    ])
    .grown(8.0);
    canvas.shadow(&front, (0.0, -4.0), 8.0);
    canvas.round(&front, rgb(0xf0cd92), 0.25);
    let paper = Shape::corners(vec![
        (x - 108.0, 286.0),
        (x + 108.0, 268.0),
        (x + 66.0, 414.0),
        (x - 66.0, 414.0),
    ])
    .grown(6.0);
    let colour = hand.one_of(&[rgb(0xfaf5ea), rgb(0xd9c3a0)]);
    let dots = hand.one_of(&[rgb(0xc8372d), rgb(0x2f6f73)]);
    canvas.shadow(&paper, (0.0, -2.0), 6.0);
    canvas.paint(&paper, 0.5, |(px, py), _| {
        let cell = ((px + py) / 22.0).floor() + ((px - py) / 22.0).floor();
        let checked = cell.rem_euclid(2.0) < 1.0;
        (
            if checked {
                colour
            } else {
                mix(colour, dots, 0.55)
            },
            1.0,
        )
    });
    for _ in 0..4 {
        let at = (
            x + hand.between(-80.0, 80.0),
            186.0 + hand.between(-40.0, 30.0),
        );
        canvas.veil(
            &Shape::arc(at, 24.0, (hand.angle(), 2.2), 8.0),
            rgb(0xfffaf0),
            0.9,
        );
    }
    canvas
}

pub(super) fn pancakes(hand: &mut Hand) -> Canvas {
    let mut canvas = stage(hand);
    let x = MIDDLE.0;
    foot(&mut canvas, (x + 10.0, 408.0), 240.0);
    let under = Shape::ellipse((x, 388.0), (232.0, 30.0), 0.0);
    canvas.round(&under, rgb(0xfaf6ee), 0.15);
    canvas.veil(
        &Shape::ellipse((x, 382.0), (180.0, 18.0), 0.0),
        rgb(0xd9d2c4),
        0.6,
    );
    let count = 5 + hand.below(3);
    let mut y = 370.0;
    for _ in 0..count {
        let at = x + hand.between(-7.0, 7.0);
        let side = Shape::block((at, y), (306.0, 32.0), 15.0, 0.0);
        canvas.shadow(&side, (0.0, 5.0), 6.0);
        canvas.round(&side, rgb(0xf4cf86), 0.2);
        let brown = Shape::block((at, y - 10.0), (304.0, 14.0), 7.0, 0.0);
        canvas.round(&brown, rgb(0xb9752f), 0.3);
        y -= 25.0;
    }
    let top = Shape::ellipse((x, y + 12.0), (150.0, 24.0), 0.0);
    canvas.round(&top, rgb(0xc98a3f), 0.25);
    let syrup = Shape::ellipse((x, y + 10.0), (112.0, 17.0), 0.0);
    let colour = hand.one_of(&[rgb(0x8a4310), rgb(0x5a2d16), rgb(0xb3243a)]);
    for (at, long) in [(-92.0, 70.0), (-36.0, 108.0), (48.0, 60.0), (98.0, 92.0)] {
        canvas.round(
            &Shape::line((x + at, y + 16.0), (x + at, y + long), 19.0),
            colour,
            0.5,
        );
    }
    canvas.round(&syrup, colour, 0.4);
    for (at, berry) in [
        (-44.0, rgb(0x40528f)),
        (-8.0, rgb(0xc92b3d)),
        (30.0, rgb(0x40528f)),
        (58.0, rgb(0xc92b3d)),
    ] {
        let point = (x + at, y - hand.between(2.0, 10.0));
        canvas.shadow(&Shape::circle(point, 17.0), (2.0, 4.0), 5.0);
        canvas.round(&Shape::circle(point, 17.0), berry, 0.5);
        canvas.veil(
            &Shape::circle((point.0 - 5.0, point.1 - 6.0), 4.0),
            [1.0; 3],
            0.5,
        );
    }
    let butter = Shape::block((x + 2.0, y - 20.0), (40.0, 24.0), 6.0, 0.1);
    canvas.round(&butter, rgb(0xfae08a), 0.2);
    canvas
}

pub(super) fn cake(hand: &mut Hand) -> Canvas {
    let mut canvas = stage(hand);
    let x = MIDDLE.0;
    foot(&mut canvas, (x + 10.0, 408.0), 220.0);
    canvas.round(
        &Shape::ellipse((x, 390.0), (214.0, 26.0), 0.0),
        rgb(0xfaf6ee),
        0.15,
    );
    let (sponge, cream) = [
        (rgb(0x5b2f1c), rgb(0xf3dfc4)),
        (rgb(0xf0cf8e), rgb(0xfff6ea)),
        (rgb(0xb5343f), rgb(0xfdf3ec)),
    ][hand.below(3)];
    for (row, y) in [364.0, 316.0, 268.0].into_iter().enumerate() {
        let layer = Shape::corners(vec![
            (x - 130.0, y - 22.0),
            (x + 150.0, y - 22.0),
            (x + 150.0, y + 22.0),
            (x - 130.0, y + 22.0),
        ]);
        canvas.round(&layer, lit(sponge, 1.0 + 0.04 * row as f32), 0.2);
        for _ in 0..40 {
            let crumb = (
                x + hand.between(-124.0, 146.0),
                y + hand.between(-18.0, 18.0),
            );
            canvas.veil(
                &Shape::circle(crumb, hand.between(1.0, 3.0)),
                lit(sponge, 0.8),
                0.6,
            );
        }
        let filling = Shape::block((x + 10.0, y - 24.0), (284.0, 15.0), 6.0, 0.0);
        canvas.round(&filling, cream, 0.15);
    }
    icing(&mut canvas, hand, x);
    canvas
}

/// What is on a cake: icing that runs down, cream, and a cherry.
fn icing(canvas: &mut Canvas, hand: &mut Hand, x: f32) {
    let top = Shape::corners(vec![
        (x - 134.0, 240.0),
        (x + 154.0, 240.0),
        (x + 60.0, 196.0),
        (x - 66.0, 206.0),
    ])
    .grown(7.0);
    let colour = hand.one_of(&[rgb(0x4a2414), rgb(0xfff1e6), rgb(0xf2a7b5)]);
    canvas.shadow(&top, (0.0, 5.0), 6.0);
    canvas.round(&top, colour, 0.3);
    for (at, long) in [
        (-112.0, 28.0),
        (-60.0, 44.0),
        (-4.0, 24.0),
        (50.0, 50.0),
        (112.0, 32.0),
    ] {
        canvas.round(
            &Shape::line((x + at, 240.0), (x + at, 240.0 + long), 24.0),
            colour,
            0.3,
        );
    }
    let swirl = (x + 6.0, 204.0);
    for (wide, up) in [(46.0, 0.0), (34.0, 20.0), (20.0, 38.0)] {
        canvas.round(
            &Shape::ellipse((swirl.0, swirl.1 - up), (wide, wide * 0.5), 0.0),
            rgb(0xfffaf2),
            0.3,
        );
    }
    let berry = Shape::circle((swirl.0, swirl.1 - 60.0), 22.0);
    canvas.round(&berry, hand.one_of(&[rgb(0xc4213a), rgb(0x8f1d4a)]), 0.5);
    canvas.veil(
        &Shape::circle((swirl.0 - 7.0, swirl.1 - 68.0), 5.0),
        [1.0; 3],
        0.6,
    );
    canvas.fill(
        &Shape::line(
            (swirl.0 + 2.0, swirl.1 - 80.0),
            (swirl.0 + 20.0, swirl.1 - 112.0),
            3.5,
        ),
        rgb(0x5a7a34),
    );
}

pub(super) fn ice_cream(hand: &mut Hand) -> Canvas {
    let mut canvas = stage(hand);
    let x = MIDDLE.0;
    foot(&mut canvas, (x + 8.0, 420.0), 96.0);
    let flavours = [
        rgb(0xfbe7c0),
        rgb(0xf4a7b9),
        rgb(0x8a5a3c),
        rgb(0xa8d5ba),
        rgb(0xf6c453),
        rgb(0xb49ad2),
    ];
    for (at, y) in [(-62.0, 196.0), (62.0, 196.0), (0.0, 128.0)] {
        let centre = (x + at, y);
        let flavour = hand.one_of(&flavours);
        let ball = Shape::circle(centre, 76.0);
        canvas.shadow(&ball, (2.0, 6.0), 10.0);
        canvas.round(&ball, flavour, 0.35);
        for turn in 0..7 {
            let skirt = (
                centre.0 - 66.0 + 22.0 * turn as f32,
                centre.1 + 62.0 - (turn as f32 - 3.0).abs() * 4.0,
            );
            canvas.round(&Shape::circle(skirt, 16.0), flavour, 0.25);
        }
        for point in hand.scatter(centre, 60.0, (12, 16.0)) {
            let crumb = Shape::block(point, (10.0, 4.0), 2.0, hand.angle());
            canvas.veil(
                &crumb,
                hand.one_of(&[rgb(0xd8402b), rgb(0x40528f), rgb(0xf6c453), rgb(0xffffff)]),
                0.9,
            );
        }
        canvas.veil(
            &Shape::circle((centre.0 - 28.0, centre.1 - 30.0), 13.0),
            [1.0; 3],
            0.3,
        );
    }
    let cup = Shape::corners(vec![
        (x - 140.0, 246.0),
        (x + 140.0, 246.0),
        (x + 92.0, 412.0),
        (x - 92.0, 412.0),
    ])
    .grown(8.0);
    canvas.shadow(&cup, (0.0, -3.0), 8.0);
    let colour = hand.one_of(&[rgb(0xd9a862), rgb(0xe9eef0), rgb(0xe8837a)]);
    canvas.paint(&cup, 0.5, |(px, py), _| {
        let lattice = ((px + py * 0.8) / 26.0).fract().abs() < 0.12
            || ((px - py * 0.8) / 26.0).fract().abs() < 0.12;
        let light = 1.12 - (px - x + 140.0) / 900.0;
        (lit(colour, if lattice { light * 0.85 } else { light }), 1.0)
    });
    canvas.round(
        &Shape::block((x, 246.0), (306.0, 24.0), 11.0, 0.0),
        lit(colour, 1.08),
        0.2,
    );
    let wafer = Shape::block((x + 76.0, 92.0), (24.0, 130.0), 8.0, 0.35);
    canvas.shadow(&wafer, (3.0, 4.0), 6.0);
    canvas.round(&wafer, rgb(0xd49a52), 0.3);
    canvas
}
