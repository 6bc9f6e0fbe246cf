//! What is eaten from plates and bowls, seen from above.

use std::f32::consts::{PI, TAU};

use super::canvas::{Canvas, Colour, Point, Shape, around, lit, mix, rgb};
use super::hand::Hand;
use super::table::{MIDDLE, deep, dish, egg, herbs, leaf, plate, pool, slice, table, wedge};

pub(super) fn pizza(hand: &mut Hand) -> Canvas {
    let mut canvas = table(hand);
    let board = Shape::circle(MIDDLE, 224.0);
    canvas.shadow(&board, (8.0, 12.0), 24.0);
    canvas.round(&board, rgb(0xb98150), 0.15);
    let crust = Shape::wavy(MIDDLE, 204.0, hand.waves(0.012));
    canvas.shadow(&crust, (3.0, 5.0), 8.0);
    canvas.paint(&crust, 1.0, |_, depth| {
        (mix(rgb(0xc07a34), rgb(0xecbf75), depth / 20.0), 1.0)
    });
    for _ in 0..22 {
        let spot = around(MIDDLE, hand.angle(), hand.between(186.0, 198.0));
        let burnt = Shape::ellipse(spot, (hand.between(4.0, 10.0), 4.0), hand.angle());
        canvas.veil(&burnt, rgb(0x7a4318), 0.45);
    }
    let sauce = Shape::wavy(MIDDLE, 176.0, hand.waves(0.015));
    canvas.fill(&sauce, rgb(0xc93f22));
    let cheese = Shape::wavy(MIDDLE, 168.0, hand.waves(0.03));
    canvas.paint(&cheese, 2.0, |_, depth| {
        (mix(rgb(0xf0b64f), rgb(0xf9dc8c), depth / 26.0), 1.0)
    });
    for point in hand.scatter(MIDDLE, 150.0, (16, 30.0)) {
        let melted = Shape::wavy(point, hand.between(12.0, 22.0), hand.waves(0.08));
        canvas.veil(&melted, rgb(0xfff3cf), 0.75);
    }
    match hand.below(3) {
        0 => salami(&mut canvas, hand),
        1 => mushrooms(&mut canvas, hand),
        _ => tomatoes(&mut canvas, hand),
    }
    for turn in 0..4 {
        let angle = TAU * turn as f32 / 8.0 + 0.2;
        let cut = Shape::line(
            around(MIDDLE, angle, 203.0),
            around(MIDDLE, angle + PI, 203.0),
            2.4,
        );
        canvas.veil(&cut, rgb(0x8a4b1c), 0.4);
    }
    canvas
}

fn salami(canvas: &mut Canvas, hand: &mut Hand) {
    for point in hand.scatter(MIDDLE, 142.0, (13, 56.0)) {
        slice(canvas, point, 25.0, (rgb(0x9c2a22), rgb(0xc7463a)));
        for spot in hand.scatter(point, 17.0, (7, 7.0)) {
            canvas.veil(
                &Shape::circle(spot, hand.between(1.6, 3.0)),
                rgb(0xf2b6a0),
                0.85,
            );
        }
    }
    herbs(canvas, hand, (MIDDLE, 140.0), 10);
}

fn mushrooms(canvas: &mut Canvas, hand: &mut Hand) {
    for point in hand.scatter(MIDDLE, 145.0, (12, 52.0)) {
        let angle = hand.angle();
        let cap =
            Shape::circle(point, 20.0).without(Shape::circle(around(point, angle, 24.0), 20.0));
        let stem = Shape::block(around(point, angle, 8.0), (20.0, 11.0), 4.0, angle);
        canvas.shadow(&cap, (2.0, 3.0), 5.0);
        canvas.round(&stem, rgb(0xf3e3c8), 0.1);
        canvas.round(&cap, rgb(0xd9b48a), 0.3);
    }
    for point in hand.scatter(MIDDLE, 145.0, (16, 30.0)) {
        let ring = Shape::arc(point, 8.0, (0.0, TAU), 5.0);
        canvas.fill(&ring, rgb(0x3a3230));
    }
    herbs(canvas, hand, (MIDDLE, 140.0), 8);
}

fn tomatoes(canvas: &mut Canvas, hand: &mut Hand) {
    for point in hand.scatter(MIDDLE, 142.0, (10, 60.0)) {
        slice(canvas, point, 22.0, (rgb(0xb42318), rgb(0xe2503a)));
        for turn in 0..5 {
            let seed = around(point, TAU * turn as f32 / 5.0, 10.0);
            canvas.fill(&Shape::ellipse(seed, (4.0, 3.0), 0.0), rgb(0xf6c667));
        }
    }
    for point in hand.scatter(MIDDLE, 130.0, (7, 64.0)) {
        let angle = hand.angle();
        leaf(canvas, point, (angle, 44.0), rgb(0x3f8a3a));
        leaf(canvas, point, (angle + 0.9, 34.0), rgb(0x5aa64a));
    }
}

pub(super) fn pasta(hand: &mut Hand) -> Canvas {
    let mut canvas = table(hand);
    plate(&mut canvas, hand, 212.0);
    for layer in 0..90 {
        let far = 150.0 * (1.0 - layer as f32 / 130.0);
        let centre = around(MIDDLE, hand.angle(), hand.between(0.0, 152.0 - far * 0.8));
        let strand = Shape::arc(
            centre,
            hand.between(far * 0.5, far * 0.8),
            (hand.angle(), hand.between(1.8, 4.2)),
            8.0,
        );
        canvas.veil(&strand, rgb(0xb9812f), 0.55);
        let colour = lit(rgb(0xf3cf77), hand.between(0.95, 1.1));
        canvas.fill(&strand.grown(-1.2), colour);
    }
    match hand.below(3) {
        0 => {
            pool(&mut canvas, hand, (MIDDLE, 88.0), rgb(0xc23b22));
            for point in hand.scatter(MIDDLE, 68.0, (30, 11.0)) {
                canvas.round(
                    &Shape::wavy(point, hand.between(6.0, 10.0), hand.waves(0.1)),
                    rgb(0x8a3d22),
                    0.5,
                );
            }
        }
        1 => {
            pool(&mut canvas, hand, (MIDDLE, 84.0), rgb(0x5f9a3f));
            for point in hand.scatter(MIDDLE, 80.0, (9, 26.0)) {
                slice(&mut canvas, point, 13.0, (rgb(0xb42318), rgb(0xe85d45)));
            }
        }
        _ => {
            for point in hand.scatter(MIDDLE, 100.0, (26, 18.0)) {
                let cube = Shape::block(point, (14.0, 11.0), 3.0, hand.angle());
                canvas.shadow(&cube, (1.0, 2.0), 3.0);
                canvas.round(&cube, hand.one_of(&[rgb(0xc9634f), rgb(0xe39a84)]), 0.4);
            }
        }
    }
    herbs(&mut canvas, hand, (MIDDLE, 60.0), 5);
    for point in hand.scatter(MIDDLE, 110.0, (40, 8.0)) {
        let flake = Shape::block(point, (hand.between(5.0, 11.0), 2.6), 1.0, hand.angle());
        canvas.veil(&flake, rgb(0xfff8e0), 0.9);
    }
    canvas
}

pub(super) fn sushi(hand: &mut Hand) -> Canvas {
    let mut canvas = table(hand);
    let board = Shape::block(MIDDLE, (500.0, 300.0), 22.0, 0.0);
    canvas.shadow(&board, (8.0, 14.0), 24.0);
    canvas.round(
        &board,
        hand.one_of(&[rgb(0x33373d), rgb(0x8a5a35), rgb(0xc79a63)]),
        0.15,
    );
    let fillings = [rgb(0xf07f5a), rgb(0xd64545), rgb(0x7fae52), rgb(0xf2c14e)];
    for column in 0..6 {
        let centre = (
            132.0 + 75.0 * column as f32,
            168.0 + hand.between(-2.0, 2.0),
        );
        let outer = Shape::circle(centre, 33.0);
        canvas.shadow(&outer, (4.0, 6.0), 9.0);
        canvas.fill(&outer, rgb(0x23302b));
        canvas.round(&Shape::circle(centre, 29.0), rgb(0xfbf7ee), 0.1);
        for _ in 0..20 {
            let grain = around(centre, hand.angle(), hand.between(17.0, 26.0));
            canvas.veil(
                &Shape::ellipse(grain, (4.0, 2.2), hand.angle()),
                rgb(0xe4dccb),
                0.8,
            );
        }
        let one = hand.one_of(&fillings);
        canvas.round(
            &Shape::block(centre, (21.0, 21.0), 6.0, hand.angle()),
            one,
            0.3,
        );
        let other = hand.one_of(&fillings);
        canvas.round(
            &Shape::block(around(centre, 0.8, 8.0), (9.0, 12.0), 3.0, 0.3),
            other,
            0.3,
        );
    }
    for column in 0..4 {
        let centre = (150.0 + 104.0 * column as f32, 298.0);
        nigiri(&mut canvas, hand, centre);
    }
    let leaf_at = (548.0, 330.0);
    canvas.round(
        &Shape::wavy(leaf_at, 20.0, hand.waves(0.12)),
        rgb(0x9fbf5a),
        0.3,
    );
    canvas.round(
        &Shape::wavy((536.0, 268.0), 19.0, hand.waves(0.15)),
        rgb(0xf6b8a8),
        0.3,
    );
    for down in [0.0, 15.0] {
        let stick = Shape::line((70.0, 408.0 + down), (560.0, 422.0 + down), 7.0);
        canvas.shadow(&stick, (3.0, 5.0), 6.0);
        canvas.fill(&stick, rgb(0xb5542f));
    }
    canvas
}

fn nigiri(canvas: &mut Canvas, hand: &mut Hand, centre: Point) {
    let rice = Shape::block(centre, (84.0, 46.0), 22.0, -0.35);
    canvas.shadow(&rice, (5.0, 7.0), 10.0);
    canvas.round(&rice, rgb(0xfbf7ee), 0.2);
    let fish = hand.one_of(&[rgb(0xf58a5e), rgb(0xd94f4f), rgb(0xf7d9b8)]);
    let slab = Shape::block((centre.0 - 2.0, centre.1 - 6.0), (94.0, 38.0), 17.0, -0.35);
    canvas.shadow(&slab, (2.0, 4.0), 5.0);
    canvas.round(&slab, fish, 0.25);
    for turn in -3..4 {
        let at = around((centre.0 - 2.0, centre.1 - 6.0), -0.35, 12.0 * turn as f32);
        let from = around(at, 0.75, -15.0);
        canvas.veil(
            &Shape::line(from, around(from, 0.75, 30.0), 2.4),
            mix(fish, [1.0; 3], 0.6),
            0.7,
        );
    }
}

pub(super) fn ramen(hand: &mut Hand) -> Canvas {
    let mut canvas = table(hand);
    deep(
        &mut canvas,
        208.0,
        hand.one_of(&[rgb(0x2b3a4a), rgb(0xb23a32), rgb(0xf2ede2), rgb(0x3c6e63)]),
    );
    let broth = hand.one_of(&[rgb(0xd99a4a), rgb(0xc9752e), rgb(0xe7c48d)]);
    pool(&mut canvas, hand, (MIDDLE, 184.0), broth);
    for turn in 0..26 {
        let centre = (
            MIDDLE.0 - 20.0 + hand.between(-70.0, 60.0),
            MIDDLE.1 + 40.0 + hand.between(-40.0, 50.0),
        );
        let strand = Shape::arc(
            centre,
            40.0 + turn as f32 * 1.6,
            (hand.angle(), hand.between(1.0, 2.2)),
            7.0,
        );
        let inside = Shape::circle(MIDDLE, 172.0);
        canvas.fill(
            &strand.and(inside),
            lit(rgb(0xf4d88c), hand.between(0.9, 1.08)),
        );
    }
    for (at, angle) in [((250.0, 160.0), 0.5), ((318.0, 140.0), 0.1)] {
        let pork = Shape::ellipse(at, (58.0, 40.0), angle);
        canvas.shadow(&pork, (3.0, 5.0), 8.0);
        canvas.round(&pork, rgb(0xc98a64), 0.25);
        canvas.fill(&Shape::ellipse(at, (47.0, 30.0), angle), rgb(0xe6b594));
        canvas.veil(
            &Shape::arc(at, 20.0, (hand.angle(), 4.0), 6.0),
            rgb(0xc07a55),
            0.8,
        );
    }
    egg(&mut canvas, (418.0, 216.0), 44.0, 1.1);
    egg(&mut canvas, (404.0, 290.0), 44.0, 0.2);
    let sheet = Shape::block((440.0, 130.0), (80.0, 100.0), 4.0, 0.5);
    canvas.shadow(&sheet, (3.0, 5.0), 8.0);
    canvas.round(&sheet, rgb(0x24362c), 0.3);
    for point in hand.scatter((220.0, 290.0), 60.0, (22, 13.0)) {
        canvas.fill(
            &Shape::arc(point, 5.0, (0.0, TAU), 4.0),
            hand.one_of(&[rgb(0x6fae4a), rgb(0x9ccc65)]),
        );
    }
    for point in hand.scatter(MIDDLE, 165.0, (24, 20.0)) {
        canvas.veil(
            &Shape::circle(point, hand.between(2.0, 6.0)),
            rgb(0xffd98a),
            0.35,
        );
    }
    canvas
}

pub(super) fn curry(hand: &mut Hand) -> Canvas {
    let mut canvas = table(hand);
    deep(
        &mut canvas,
        206.0,
        hand.one_of(&[rgb(0xb87333), rgb(0x45616b), rgb(0xf0e9dc)]),
    );
    let sauce = hand.one_of(&[rgb(0xd9822b), rgb(0xc4502a), rgb(0x7f9a3d), rgb(0xe0a63a)]);
    pool(&mut canvas, hand, (MIDDLE, 184.0), sauce);
    let rice = Shape::wavy((236.0, 214.0), 92.0, hand.waves(0.04));
    canvas.shadow(&rice, (4.0, 6.0), 9.0);
    canvas.round(&rice, rgb(0xfaf5e8), 0.15);
    for point in hand.scatter((236.0, 214.0), 84.0, (130, 8.0)) {
        let grain = Shape::ellipse(point, (6.0, 2.6), hand.angle());
        canvas.veil(
            &grain,
            hand.one_of(&[rgb(0xe6dcc2), rgb(0xffffff), rgb(0xf3d17c)]),
            0.75,
        );
    }
    for point in hand.scatter((390.0, 262.0), 92.0, (11, 46.0)) {
        let piece = Shape::wavy(point, hand.between(20.0, 27.0), hand.waves(0.09));
        canvas.shadow(&piece, (3.0, 4.0), 6.0);
        canvas.round(&piece, lit(mix(sauce, rgb(0xf2c98a), 0.45), 1.0), 0.5);
    }
    for _ in 0..3 {
        let at = around((380.0, 260.0), hand.angle(), hand.between(10.0, 60.0));
        canvas.veil(
            &Shape::arc(at, hand.between(16.0, 34.0), (hand.angle(), 2.4), 5.0),
            rgb(0xfff4e0),
            0.8,
        );
    }
    herbs(&mut canvas, hand, ((372.0, 256.0), 90.0), 12);
    canvas
}

pub(super) fn tacos(hand: &mut Hand) -> Canvas {
    let mut canvas = table(hand);
    let tray = Shape::block(MIDDLE, (540.0, 300.0), 40.0, 0.0);
    canvas.shadow(&tray, (8.0, 12.0), 24.0);
    canvas.round(
        &tray,
        hand.one_of(&[rgb(0xf6eee0), rgb(0x3d5a6c), rgb(0xe2a13a)]),
        0.12,
    );
    for turn in 0..3 {
        let centre = (168.0 + 152.0 * turn as f32, 296.0);
        taco(&mut canvas, hand, centre);
    }
    wedge(&mut canvas, (538.0, 138.0), 34.0, (2.4, rgb(0x8bbf3d)));
    wedge(&mut canvas, (92.0, 132.0), 30.0, (0.8, rgb(0x8bbf3d)));
    canvas
}

fn taco(canvas: &mut Canvas, hand: &mut Hand, (x, y): Point) {
    let back =
        Shape::circle((x, y), 92.0).and(Shape::block((x, y - 46.0), (220.0, 92.0), 0.0, 0.0));
    let tilt = hand.between(-6.0, 6.0);
    canvas.shadow(&back, (6.0, 10.0), 14.0);
    canvas.round(&back, rgb(0xd9a04a), 0.2);
    for point in hand.scatter((x, y - 62.0), 66.0, (16, 20.0)) {
        let lettuce = Shape::wavy(point, hand.between(14.0, 20.0), hand.waves(0.14));
        canvas.round(&lettuce, hand.one_of(&[rgb(0x7cb342), rgb(0x9ccc65)]), 0.4);
    }
    for point in hand.scatter((x, y - 54.0), 62.0, (14, 18.0)) {
        let colour = hand.one_of(&[rgb(0x8a4b2a), rgb(0xa65f36), rgb(0xd64531), rgb(0xf4c542)]);
        let piece = Shape::block(point, (19.0, 13.0), 5.0, hand.angle());
        canvas.shadow(&piece, (1.0, 2.0), 3.0);
        canvas.round(&piece, colour, 0.5);
    }
    let front = Shape::circle((x + tilt, y + 12.0), 92.0).and(Shape::block(
        (x, y - 10.0),
        (220.0, 108.0),
        0.0,
        0.0,
    ));
    canvas.shadow(&front, (0.0, -3.0), 6.0);
    canvas.round(&front, rgb(0xf0c067), 0.2);
    for _ in 0..14 {
        let spot = (x + hand.between(-70.0, 70.0), y + hand.between(-40.0, 12.0));
        canvas.veil(&Shape::ellipse(spot, (5.0, 3.0), 0.4), rgb(0xc98a35), 0.6);
    }
}

pub(super) fn salad(hand: &mut Hand) -> Canvas {
    let mut canvas = table(hand);
    deep(
        &mut canvas,
        208.0,
        hand.one_of(&[rgb(0xf4efe4), rgb(0xc99b62), rgb(0x4f6d7a)]),
    );
    for point in hand.scatter(MIDDLE, 150.0, (46, 26.0)) {
        let colour = hand.one_of(&[rgb(0x5d9b3f), rgb(0x86b94e), rgb(0x3f7d3a), rgb(0xa7cf6b)]);
        let frond = Shape::wavy(point, hand.between(30.0, 42.0), hand.waves(0.13));
        canvas.shadow(&frond, (2.0, 3.0), 6.0);
        canvas.round(&frond, colour, 0.5);
        let angle = hand.angle();
        canvas.veil(
            &Shape::line(around(point, angle, -22.0), around(point, angle, 22.0), 2.0),
            lit(colour, 1.4),
            0.6,
        );
    }
    for (at, point) in hand
        .scatter(MIDDLE, 140.0, (15, 54.0))
        .into_iter()
        .enumerate()
    {
        match at % 4 {
            0 => slice(&mut canvas, point, 23.0, (rgb(0xb42318), rgb(0xe2503a))),
            1 => slice(&mut canvas, point, 22.0, (rgb(0x3f7d3a), rgb(0xd6e8b4))),
            2 => {
                let ring = Shape::arc(point, 18.0, (0.0, TAU), 5.0);
                canvas.veil(&ring, rgb(0x9c3d73), 0.9);
            }
            _ => {
                let cube = Shape::block(point, (27.0, 24.0), 4.0, hand.angle());
                canvas.shadow(&cube, (2.0, 4.0), 5.0);
                canvas.round(&cube, rgb(0xfdfaf2), 0.2);
            }
        }
    }
    for point in hand.scatter(MIDDLE, 140.0, (6, 60.0)) {
        canvas.fill(&Shape::arc(point, 9.0, (0.0, TAU), 7.0), rgb(0x3a2f3a));
    }
    canvas
}

pub(super) fn soup(hand: &mut Hand) -> Canvas {
    let mut canvas = table(hand);
    dish(&mut canvas, 222.0, rgb(0xf3ece0));
    let own = hand.one_of(&[rgb(0xf2f0ea), rgb(0x3f6f73), rgb(0xc85a3c)]);
    let bowl = Shape::circle(MIDDLE, 176.0);
    canvas.shadow(&bowl, (8.0, 12.0), 20.0);
    canvas.round(&bowl, own, 0.2);
    canvas.round(&Shape::circle(MIDDLE, 162.0), lit(own, 0.75), -0.2);
    let broth = hand.one_of(&[rgb(0xd9582b), rgb(0xe8a33d), rgb(0x8ba94a), rgb(0xe9cf8f)]);
    pool(&mut canvas, hand, (MIDDLE, 154.0), broth);
    let mut turn = hand.angle();
    for step in 0..26 {
        let from = around(MIDDLE, turn, 8.0 + 3.6 * step as f32);
        turn += 0.42;
        let to = around(MIDDLE, turn, 8.0 + 3.6 * (step + 1) as f32);
        canvas.veil(&Shape::line(from, to, 7.0), rgb(0xfff6e6), 0.75);
    }
    for point in hand.scatter((MIDDLE.0 + 30.0, MIDDLE.1 + 20.0), 76.0, (12, 26.0)) {
        let cube = Shape::block(point, (20.0, 20.0), 4.0, hand.angle());
        canvas.shadow(&cube, (2.0, 3.0), 5.0);
        canvas.round(&cube, rgb(0xd9a253), 0.4);
    }
    herbs(&mut canvas, hand, (MIDDLE, 80.0), 8);
    canvas
}

pub(super) fn bowl(hand: &mut Hand) -> Canvas {
    let mut canvas = table(hand);
    deep(
        &mut canvas,
        208.0,
        hand.one_of(&[rgb(0xf4efe4), rgb(0x2f4858), rgb(0xe0a899)]),
    );
    pool(&mut canvas, hand, (MIDDLE, 186.0), rgb(0xf7f1e0));
    let kinds: [(Colour, Colour); 6] = [
        (rgb(0xf58a5e), rgb(0xf9b08d)),
        (rgb(0x7cb342), rgb(0xa5d06a)),
        (rgb(0xf2a33a), rgb(0xf7bf6b)),
        (rgb(0x8e3b6d), rgb(0xb2618f)),
        (rgb(0xd8412f), rgb(0xe87464)),
        (rgb(0xf4dd7a), rgb(0xfaeba6)),
    ];
    let first = hand.angle();
    for (at, (dark, light)) in kinds.into_iter().enumerate() {
        let heap = around(MIDDLE, first + TAU * at as f32 / 6.0, 112.0);
        for point in hand.scatter(heap, 46.0, (15, 17.0)) {
            let piece = match at % 3 {
                0 => Shape::block(point, (30.0, 26.0), 6.0, hand.angle()),
                1 => Shape::circle(point, 12.0),
                _ => Shape::block(point, (40.0, 9.0), 3.0, hand.angle()),
            };
            canvas.shadow(&piece, (2.0, 3.0), 4.0);
            canvas.round(&piece, hand.one_of(&[dark, light]), 0.35);
        }
    }
    egg(&mut canvas, (MIDDLE.0 + 4.0, MIDDLE.1), 46.0, hand.angle());
    for point in hand.scatter(MIDDLE, 150.0, (60, 9.0)) {
        let seed = Shape::ellipse(point, (3.4, 1.8), hand.angle());
        canvas.veil(&seed, hand.one_of(&[rgb(0xfff6dc), rgb(0x2b2b2b)]), 0.9);
    }
    canvas
}

pub(super) fn schnitzel(hand: &mut Hand) -> Canvas {
    let mut canvas = table(hand);
    plate(&mut canvas, hand, 214.0);
    for (at, size) in [((286.0, 218.0), 108.0), ((372.0, 276.0), 88.0)] {
        let crumb = Shape::wavy(at, size, hand.waves(0.05));
        canvas.shadow(&crumb, (5.0, 7.0), 12.0);
        canvas.paint(&crumb, 1.0, |_, depth| {
            (mix(rgb(0xa9651f), rgb(0xdf9f43), depth / 22.0), 1.0)
        });
        for point in hand.scatter(at, size * 0.86, (90, 8.0)) {
            let grain = Shape::wavy(point, hand.between(3.0, 7.0), hand.waves(0.15));
            canvas.veil(
                &grain,
                hand.one_of(&[rgb(0xf0bb66), rgb(0xc07c2c), rgb(0xf7cf86)]),
                0.6,
            );
        }
    }
    wedge(&mut canvas, (250.0, 318.0), 34.0, (5.6, rgb(0xf3cf3c)));
    wedge(&mut canvas, (420.0, 172.0), 30.0, (2.2, rgb(0xf3cf3c)));
    for point in hand.scatter((230.0, 330.0), 40.0, (5, 24.0)) {
        leaf(&mut canvas, point, (hand.angle(), 26.0), rgb(0x4f8a3c));
    }
    canvas.round(
        &Shape::wavy((438.0, 238.0), 24.0, hand.waves(0.06)),
        rgb(0x9c1f33),
        0.5,
    );
    canvas
}

pub(super) fn steak(hand: &mut Hand) -> Canvas {
    let mut canvas = table(hand);
    let slate = Shape::block(MIDDLE, (520.0, 340.0), 10.0, 0.0);
    canvas.shadow(&slate, (8.0, 12.0), 24.0);
    canvas.round(
        &slate,
        hand.one_of(&[rgb(0x3a3f45), rgb(0x9a6b43), rgb(0xf0ebe1)]),
        0.15,
    );
    let at = (262.0, 234.0);
    let meat = Shape::wavy(at, 112.0, [(2.0, 0.16, 0.4), (5.0, 0.035, 1.0)]);
    canvas.shadow(&meat, (6.0, 9.0), 14.0);
    canvas.round(&meat, rgb(0x7a4127), 0.4);
    let inner = Shape::wavy(at, 98.0, [(2.0, 0.16, 0.4), (5.0, 0.035, 1.0)]);
    canvas.round(&inner, rgb(0x8d4d2e), 0.3);
    for turn in -3..4 {
        let middle = around(at, -0.6, 27.0 * turn as f32);
        let long = 92.0 - 7.0 * (turn as f32).abs();
        let mark = Shape::line(around(middle, 0.97, -long), around(middle, 0.97, long), 8.0);
        let inside = Shape::wavy(at, 106.0, [(2.0, 0.16, 0.4), (5.0, 0.035, 1.0)]);
        canvas.veil(&mark.and(inside), rgb(0x38190d), 0.75);
    }
    let butter = Shape::block((276.0, 222.0), (36.0, 32.0), 6.0, 0.4);
    canvas.shadow(&butter, (2.0, 4.0), 6.0);
    canvas.round(&butter, rgb(0xf8dd7d), 0.2);
    for row in 0..6 {
        let from = (430.0 + hand.between(-6.0, 6.0), 150.0 + 17.0 * row as f32);
        let spear = Shape::line(from, (540.0, from.1 + hand.between(-12.0, 12.0)), 12.0);
        canvas.shadow(&spear, (2.0, 3.0), 5.0);
        canvas.round(&spear, rgb(0x6b9a44), 0.5);
        canvas.round(&Shape::ellipse(from, (16.0, 8.0), 0.0), rgb(0x4f7d3a), 0.4);
    }
    for point in hand.scatter((470.0, 322.0), 56.0, (6, 40.0)) {
        let potato = Shape::ellipse(point, (26.0, 21.0), hand.angle());
        canvas.shadow(&potato, (3.0, 4.0), 7.0);
        canvas.round(&potato, rgb(0xe0b25a), 0.45);
    }
    herbs(&mut canvas, hand, ((276.0, 222.0), 50.0), 4);
    canvas
}

pub(super) fn fish(hand: &mut Hand) -> Canvas {
    let mut canvas = table(hand);
    plate(&mut canvas, hand, 216.0);
    pool(&mut canvas, hand, ((300.0, 292.0), 70.0), rgb(0xf3d98c));
    for point in hand.scatter((410.0, 300.0), 62.0, (13, 26.0)) {
        let green = hand.one_of(&[rgb(0x5d9b3f), rgb(0x7db54d)]);
        canvas.round(&Shape::wavy(point, 19.0, hand.waves(0.16)), green, 0.5);
    }
    let fillet = Shape::block((300.0, 222.0), (250.0, 104.0), 44.0, -0.22);
    canvas.shadow(&fillet, (6.0, 9.0), 14.0);
    let pink = hand.one_of(&[rgb(0xf28c63), rgb(0xf4e3cf)]);
    canvas.round(&fillet, pink, 0.25);
    for turn in -4..5 {
        let middle = around((300.0, 222.0), -0.22, 26.0 * turn as f32);
        let rib = Shape::arc(around(middle, -0.22, -40.0), 52.0, (-1.1, 1.9), 4.0);
        let inside = Shape::block((300.0, 222.0), (240.0, 94.0), 40.0, -0.22);
        canvas.veil(&rib.and(inside), mix(pink, [1.0; 3], 0.55), 0.7);
    }
    for (x, y) in [(262.0, 214.0), (322.0, 206.0)] {
        slice(&mut canvas, (x, y), 27.0, (rgb(0xf0c419), rgb(0xfbe27a)));
        for turn in 0..8 {
            let angle = TAU * turn as f32 / 8.0;
            canvas.veil(
                &Shape::line((x, y), around((x, y), angle, 22.0), 1.6),
                [1.0; 3],
                0.8,
            );
        }
    }
    herbs(&mut canvas, hand, ((300.0, 222.0), 90.0), 9);
    canvas
}

pub(super) fn dumplings(hand: &mut Hand) -> Canvas {
    let mut canvas = table(hand);
    let basket = Shape::circle(MIDDLE, 216.0);
    canvas.shadow(&basket, (8.0, 12.0), 26.0);
    canvas.round(&basket, rgb(0xb9854c), 0.2);
    canvas.round(&Shape::circle(MIDDLE, 196.0), rgb(0xe0b981), -0.15);
    for row in -9..10 {
        let y = MIDDLE.1 + 20.0 * row as f32;
        let slat = Shape::line((MIDDLE.0 - 210.0, y), (MIDDLE.0 + 210.0, y), 3.0);
        canvas.veil(&slat.and(Shape::circle(MIDDLE, 194.0)), rgb(0xa87643), 0.6);
    }
    let places = (0..6).map(|turn| around(MIDDLE, TAU * turn as f32 / 6.0 + 0.3, 122.0));
    for point in places.chain([MIDDLE]) {
        let bun = Shape::circle(point, 54.0);
        canvas.shadow(&bun, (5.0, 8.0), 12.0);
        canvas.round(&bun, rgb(0xfaf1df), 0.25);
        let first = hand.angle();
        for fold in 0..11 {
            let angle = first + TAU * fold as f32 / 11.0;
            let crease = Shape::line(
                around(point, angle, 8.0),
                around(point, angle + 0.5, 38.0),
                3.0,
            );
            canvas.veil(&crease, rgb(0xd9c6a1), 0.75);
        }
        canvas.round(&Shape::circle(point, 10.0), rgb(0xf3e5c6), 0.4);
        if hand.below(3) == 0 {
            herbs(&mut canvas, hand, (point, 14.0), 3);
        }
    }
    canvas
}
