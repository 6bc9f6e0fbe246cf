//! Pictures for the demo city, drawn by our own code: the same dish and seed give the same picture to the byte.
//!
//! Flat shapes in good colours on a table, seen from above where a plate is and from the side where a glass is. They
//! are no photographs and pretend to be none.

mod canvas;
mod glasses;
mod hand;
mod plates;
mod sweets;
mod table;
mod words;

use base::{Error, Result, codes};
use hand::Hand;
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

/// How wide a picture is.
pub const WIDTH: u32 = 640;
/// How high a picture is.
pub const HEIGHT: u32 = 480;

/// What can be drawn.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Dish {
    Pizza,
    Pasta,
    Burger,
    Sushi,
    Ramen,
    Curry,
    Tacos,
    Salad,
    Soup,
    Bowl,
    Schnitzel,
    Steak,
    Fish,
    Fries,
    Sandwich,
    Kebab,
    Dumplings,
    Pancakes,
    Cake,
    IceCream,
    Coffee,
    Drink,
    Beer,
}

impl Dish {
    /// All of them.
    pub const ALL: [Dish; 23] = [
        Dish::Pizza,
        Dish::Pasta,
        Dish::Burger,
        Dish::Sushi,
        Dish::Ramen,
        Dish::Curry,
        Dish::Tacos,
        Dish::Salad,
        Dish::Soup,
        Dish::Bowl,
        Dish::Schnitzel,
        Dish::Steak,
        Dish::Fish,
        Dish::Fries,
        Dish::Sandwich,
        Dish::Kebab,
        Dish::Dumplings,
        Dish::Pancakes,
        Dish::Cake,
        Dish::IceCream,
        Dish::Coffee,
        Dish::Drink,
        Dish::Beer,
    ];
}

/// Draws a dish as a JPEG, to be uploaded like any other.
///
/// # Errors
/// It cannot be written, which no drawing has been found to do.
pub fn jpeg(dish: Dish, seed: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 92);
    let written = encoder.encode(&draw(dish, seed), WIDTH, HEIGHT, ExtendedColorType::Rgb8);
    written.map_err(|error| {
        Error::internal(codes::INTERNAL, "a drawing cannot be written").caused_by(error)
    })?;
    Ok(bytes)
}

/// Draws a dish: three bytes a pixel, from the top left.
#[must_use]
pub fn draw(dish: Dish, seed: u64) -> Vec<u8> {
    let mut hand = Hand::new(seed ^ ((dish as u64 + 1) << 32));
    let canvas = match dish {
        Dish::Pizza => plates::pizza(&mut hand),
        Dish::Pasta => plates::pasta(&mut hand),
        Dish::Sushi => plates::sushi(&mut hand),
        Dish::Ramen => plates::ramen(&mut hand),
        Dish::Curry => plates::curry(&mut hand),
        Dish::Tacos => plates::tacos(&mut hand),
        Dish::Salad => plates::salad(&mut hand),
        Dish::Soup => plates::soup(&mut hand),
        Dish::Bowl => plates::bowl(&mut hand),
        Dish::Schnitzel => plates::schnitzel(&mut hand),
        Dish::Steak => plates::steak(&mut hand),
        Dish::Fish => plates::fish(&mut hand),
        Dish::Dumplings => plates::dumplings(&mut hand),
        Dish::Burger => sweets::burger(&mut hand),
        Dish::Fries => sweets::fries(&mut hand),
        Dish::Sandwich => sweets::sandwich(&mut hand),
        Dish::Kebab => sweets::kebab(&mut hand),
        Dish::Pancakes => sweets::pancakes(&mut hand),
        Dish::Cake => sweets::cake(&mut hand),
        Dish::IceCream => sweets::ice_cream(&mut hand),
        Dish::Coffee => glasses::coffee(&mut hand),
        Dish::Drink => glasses::drink(&mut hand),
        Dish::Beer => glasses::beer(&mut hand),
    };
    canvas.bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_and_another_another() {
        for dish in [Dish::Pizza, Dish::Cake, Dish::Coffee] {
            let drawn = draw(dish, 1);
            assert_eq!(drawn.len(), (WIDTH * HEIGHT * 3) as usize);
            assert_eq!(drawn, draw(dish, 1));
            assert_ne!(drawn, draw(dish, 2));
        }
    }

    #[test]
    fn every_dish_shows_something_in_many_colours() {
        for dish in Dish::ALL {
            let drawn = draw(dish, 3);
            let colours: std::collections::BTreeSet<&[u8]> = drawn.chunks(3).collect();
            assert!(
                colours.len() > 500,
                "{dish:?} has {} colours",
                colours.len()
            );
            assert!(jpeg(dish, 3).unwrap().len() > 8_000, "{dish:?}");
        }
    }
}
