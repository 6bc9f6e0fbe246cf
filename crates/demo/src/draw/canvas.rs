//! A canvas of our own: shapes as distances, edges smoothed by them, colours laid over each other.
//!
//! A shape is a function that says how far a point is from its edge, negative inside. From that come sharp edges
//! without steps, soft shadows and rims, and nothing else is needed for pictures in flat colours.

/// A colour: red, green and blue from 0 to 1.
pub(super) type Colour = [f32; 3];

/// A point or a direction, in pixels of the canvas.
pub(super) type Point = (f32, f32);

/// Pixels that are painted on.
pub(super) struct Canvas {
    width: u32,
    height: u32,
    pixels: Vec<Colour>,
}

/// A shape: how far a point is from its edge, and where all of it lies.
pub(super) struct Shape<'a> {
    distance: Box<dyn Fn(Point) -> f32 + 'a>,
    centre: Point,
    reach: f32,
}

/// The colour of a hexadecimal number such as `0xc8843a`.
pub(super) fn rgb(number: u32) -> Colour {
    let part = |shift: u32| f32::from((number >> shift) as u8) / 255.0;
    [part(16), part(8), part(0)]
}

/// A colour between two: the first at 0, the second at 1.
pub(super) fn mix(one: Colour, other: Colour, at: f32) -> Colour {
    let at = at.clamp(0.0, 1.0);
    std::array::from_fn(|part| one[part] + (other[part] - one[part]) * at)
}

/// The same colour, darker below 1 and lighter above.
pub(super) fn lit(colour: Colour, light: f32) -> Colour {
    match light <= 1.0 {
        true => mix([0.0; 3], colour, light),
        false => mix(colour, [1.0; 3], light - 1.0),
    }
}

/// The point in this direction and distance from another.
pub(super) fn around((x, y): Point, angle: f32, distance: f32) -> Point {
    (x + angle.cos() * distance, y + angle.sin() * distance)
}

fn turned((x, y): Point, centre: Point, angle: f32) -> Point {
    let (x, y) = (x - centre.0, y - centre.1);
    let (sin, cos) = angle.sin_cos();
    (x * cos + y * sin, y * cos - x * sin)
}

impl<'a> Shape<'a> {
    fn new(centre: Point, reach: f32, distance: impl Fn(Point) -> f32 + 'a) -> Self {
        Shape {
            distance: Box::new(distance),
            centre,
            reach,
        }
    }

    pub(super) fn circle(centre: Point, radius: f32) -> Self {
        Self::new(centre, radius, move |(x, y)| {
            (x - centre.0).hypot(y - centre.1) - radius
        })
    }

    /// An ellipse, turned by an angle.
    pub(super) fn ellipse(centre: Point, (wide, high): Point, angle: f32) -> Self {
        Self::new(centre, wide.max(high), move |point| {
            let (x, y) = turned(point, centre, angle);
            let near = (x / wide).hypot(y / high);
            let steep = (x / (wide * wide)).hypot(y / (high * high)).max(1e-6);
            near * (near - 1.0) / steep
        })
    }

    /// A box with round corners, turned by an angle.
    pub(super) fn block(centre: Point, (wide, high): Point, corner: f32, angle: f32) -> Self {
        let (half_wide, half_high) = (wide / 2.0, high / 2.0);
        Self::new(centre, half_wide.hypot(half_high), move |point| {
            let (x, y) = turned(point, centre, angle);
            let (x, y) = (x.abs() - half_wide + corner, y.abs() - half_high + corner);
            x.max(0.0).hypot(y.max(0.0)) + x.max(y).min(0.0) - corner
        })
    }

    /// A line with round ends.
    pub(super) fn line(from: Point, to: Point, thick: f32) -> Self {
        let (along_x, along_y) = (to.0 - from.0, to.1 - from.1);
        let length = along_x.hypot(along_y).max(1e-3);
        let centre = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
        Self::new(centre, length / 2.0 + thick, move |(x, y)| {
            let (x, y) = (x - from.0, y - from.1);
            let at = ((x * along_x + y * along_y) / (length * length)).clamp(0.0, 1.0);
            (x - along_x * at).hypot(y - along_y * at) - thick / 2.0
        })
    }

    /// A part of a ring, from one angle on for so much of a turn, with round ends.
    pub(super) fn arc(centre: Point, radius: f32, (from, sweep): Point, thick: f32) -> Self {
        Self::new(centre, radius + thick, move |(x, y)| {
            let (x, y) = (x - centre.0, y - centre.1);
            let angle = (y.atan2(x) - from).rem_euclid(std::f32::consts::TAU);
            let near = match angle <= sweep {
                true => (x.hypot(y) - radius).abs(),
                false => {
                    let end =
                        |angle: f32| (x - angle.cos() * radius).hypot(y - angle.sin() * radius);
                    end(from).min(end(from + sweep))
                }
            };
            near - thick / 2.0
        })
    }

    /// A round thing with an edge that waves: so many waves, so deep, from this phase on.
    pub(super) fn wavy(centre: Point, radius: f32, waves: [(f32, f32, f32); 2]) -> Self {
        let deepest: f32 = waves.iter().map(|(_, deep, _)| deep).sum();
        Self::new(centre, radius * (1.0 + deepest), move |(x, y)| {
            let (x, y) = (x - centre.0, y - centre.1);
            let angle = y.atan2(x);
            let wave =
                |(count, deep, phase): &(f32, f32, f32)| deep * (count * angle + phase).sin();
            let edge: f32 = 1.0 + waves.iter().map(wave).sum::<f32>();
            (x.hypot(y) - radius * edge) * 0.85
        })
    }

    /// A surface between straight edges.
    pub(super) fn corners(points: Vec<Point>) -> Self {
        let count = points.len().max(1) as f32;
        let sum = points.iter().fold((0.0, 0.0), |sum: Point, point| {
            (sum.0 + point.0, sum.1 + point.1)
        });
        let centre = (sum.0 / count, sum.1 / count);
        let far = |point: &Point| (point.0 - centre.0).hypot(point.1 - centre.1);
        let reach = points.iter().map(far).fold(0.0, f32::max);
        Self::new(centre, reach, move |point| polygon(&points, point))
    }

    /// The same shape, with edges that are rounded and further out.
    pub(super) fn grown(self, by: f32) -> Self {
        let (centre, reach) = (self.centre, self.reach + by.max(0.0));
        Self::new(centre, reach, move |point| (self.distance)(point) - by)
    }

    /// What both have.
    pub(super) fn and(self, other: Self) -> Self {
        let (centre, reach) = (self.centre, self.reach);
        Self::new(centre, reach, move |point| {
            (self.distance)(point).max((other.distance)(point))
        })
    }

    /// What the other does not have.
    pub(super) fn without(self, other: Self) -> Self {
        let (centre, reach) = (self.centre, self.reach);
        Self::new(centre, reach, move |point| {
            (self.distance)(point).max(-(other.distance)(point))
        })
    }
}

/// How far a point is from a surface between straight edges.
fn polygon(points: &[Point], (x, y): Point) -> f32 {
    let (mut near, mut inside) = (f32::MAX, false);
    let mut before = points.last().copied().unwrap_or_default();
    for &point in points {
        let (along_x, along_y) = (before.0 - point.0, before.1 - point.1);
        let (from_x, from_y) = (x - point.0, y - point.1);
        let length = (along_x * along_x + along_y * along_y).max(1e-6);
        let at = ((from_x * along_x + from_y * along_y) / length).clamp(0.0, 1.0);
        near = near.min((from_x - along_x * at).hypot(from_y - along_y * at));
        if (point.1 > y) != (before.1 > y) && x < along_x * (y - point.1) / along_y + point.0 {
            inside = !inside;
        }
        before = point;
    }
    if inside { -near } else { near }
}

impl Canvas {
    pub(super) fn new(width: u32, height: u32, paint: impl Fn(Point) -> Colour) -> Self {
        let pixel = |at: u32| paint(((at % width) as f32 + 0.5, (at / width) as f32 + 0.5));
        Canvas {
            width,
            height,
            pixels: (0..width * height).map(pixel).collect(),
        }
    }

    /// Fills a shape with one colour.
    pub(super) fn fill(&mut self, shape: &Shape<'_>, colour: Colour) {
        self.paint(shape, 0.5, |_, _| (colour, 1.0));
    }

    /// Fills a shape with one colour that lets through what is below.
    pub(super) fn veil(&mut self, shape: &Shape<'_>, colour: Colour, strength: f32) {
        self.paint(shape, 0.5, |_, _| (colour, strength));
    }

    /// Fills a shape lighter towards the light, which is up on the left.
    pub(super) fn round(&mut self, shape: &Shape<'_>, colour: Colour, depth: f32) {
        let ((x, y), reach) = (shape.centre, shape.reach.max(1.0));
        self.paint(shape, 0.5, |point, _| {
            let towards = ((x - point.0) + (y - point.1)) / (reach * 2.0);
            (lit(colour, 1.0 + towards * depth), 1.0)
        });
    }

    /// Throws a soft shadow of a shape, that far to the right and down.
    pub(super) fn shadow(&mut self, shape: &Shape<'_>, (right, down): Point, soft: f32) {
        let moved = Shape {
            distance: Box::new(|(x, y)| (shape.distance)((x - right, y - down))),
            centre: (shape.centre.0 + right, shape.centre.1 + down),
            reach: shape.reach + soft,
        };
        self.paint(&moved, soft, |_, _| ([0.12, 0.08, 0.1], 0.3));
    }

    /// Paints a shape by a function of the point and of how far inside it is. Its edge is soft over so many pixels.
    pub(super) fn paint(
        &mut self,
        shape: &Shape<'_>,
        soft: f32,
        colour: impl Fn(Point, f32) -> (Colour, f32),
    ) {
        let reach = shape.reach + soft + 2.0;
        let span = |middle: f32, most: u32| {
            let from = (middle - reach).floor().clamp(0.0, most as f32) as u32;
            let to = (middle + reach).ceil().clamp(0.0, most as f32) as u32;
            from..to
        };
        for row in span(shape.centre.1, self.height) {
            for column in span(shape.centre.0, self.width) {
                let point = (column as f32 + 0.5, row as f32 + 0.5);
                let distance = (shape.distance)(point);
                if distance >= soft {
                    continue;
                }
                let edge = ((soft - distance) / (2.0 * soft)).clamp(0.0, 1.0);
                let cover = edge * edge * (3.0 - 2.0 * edge);
                let (colour, strength) = colour(point, -distance);
                let at = (row * self.width + column) as usize;
                if let Some(pixel) = self.pixels.get_mut(at) {
                    *pixel = mix(*pixel, colour, cover * strength);
                }
            }
        }
    }

    /// The pixels as bytes: red, green, blue.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let byte = |part: &f32| (part.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
        self.pixels.iter().flatten().map(byte).collect()
    }
}
