//! The tables of cuisines, a text file each: what their restaurants are called, and what they cook.
//!
//! A line says what it is by its first character: `#` a category, `=` a group of options, `+` an option of it, and
//! anything else a dish, its columns divided by bars. A word with a colon in the first lines says names and sentences.

use std::collections::BTreeSet;

use base::{Error, Result, codes};
use carte::{Allergen, Diet};

/// A text in the two languages of the city.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Text {
    pub(crate) en: &'static str,
    pub(crate) de: &'static str,
}

/// What a kind of restaurant cooks.
#[derive(Debug, Default)]
pub struct Cuisine {
    /// What it is called by.
    pub key: &'static str,
    /// How its restaurants are called: a star stands for a word.
    pub(crate) names: Vec<&'static str>,
    pub(crate) words: Vec<&'static str>,
    /// What they say of themselves.
    pub(crate) about: Vec<Text>,
    pub(crate) categories: Vec<Category>,
    pub(crate) groups: Vec<Group>,
}

/// Dishes that are shown together.
#[derive(Debug)]
pub(crate) struct Category {
    pub(crate) name: Text,
    pub(crate) dishes: Vec<Dish>,
}

/// A dish or a drink.
#[derive(Clone, Debug)]
pub(crate) struct Dish {
    pub(crate) name: Text,
    pub(crate) about: &'static str,
    pub(crate) minor: i64,
    pub(crate) allergens: BTreeSet<Allergen>,
    pub(crate) diets: BTreeSet<Diet>,
    pub(crate) groups: Vec<&'static str>,
    /// What it costs at noon on working days.
    pub(crate) lunch: Option<i64>,
    pub(crate) age: Option<u8>,
    pub(crate) minutes: Option<u16>,
    pub(crate) is_drink: bool,
    /// Whether it is there at noon on working days alone.
    pub(crate) is_lunch: bool,
}

/// A group of options.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) key: &'static str,
    pub(crate) name: Text,
    pub(crate) min: u16,
    pub(crate) max: u16,
    pub(crate) free: u16,
    pub(crate) options: Vec<Choice>,
}

/// An option of a group.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) what: What,
    pub(crate) minor: i64,
    pub(crate) max: u16,
    pub(crate) is_preset: bool,
}

/// What is chosen.
#[derive(Debug)]
pub(crate) enum What {
    /// Something that is there as an option alone.
    Option(Text, BTreeSet<Allergen>, BTreeSet<Diet>),
    /// A dish or drink by its name.
    Dish(&'static str),
}

const TABLES: [&str; 8] = [
    include_str!("cuisines/italian.txt"),
    include_str!("cuisines/viennese.txt"),
    include_str!("cuisines/japanese.txt"),
    include_str!("cuisines/indian.txt"),
    include_str!("cuisines/burgers.txt"),
    include_str!("cuisines/thai.txt"),
    include_str!("cuisines/mexican.txt"),
    include_str!("cuisines/levantine.txt"),
];

/// All cuisines, and the drinks that all of them pour.
///
/// # Errors
/// A table is not written as it should be, which a test would have found.
pub fn cuisines() -> Result<(Vec<Cuisine>, Cuisine)> {
    let cuisines: Result<Vec<Cuisine>> = TABLES.into_iter().map(cuisine).collect();
    Ok((cuisines?, cuisine(include_str!("cuisines/drinks.txt"))?))
}

fn cuisine(text: &'static str) -> Result<Cuisine> {
    let mut cuisine = Cuisine::default();
    for (number, line) in text.lines().enumerate() {
        let said = cuisine.line(line);
        said.ok_or_else(|| broken(format!("line {} of a cuisine: {line}", number + 1)))?;
    }
    Ok(cuisine)
}

fn broken(what: String) -> Error {
    Error::internal(codes::INTERNAL, what)
}

impl Cuisine {
    fn line(&mut self, line: &'static str) -> Option<()> {
        let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
        let columns: Vec<&'static str> = rest.split('|').map(str::trim).collect();
        match mark {
            "" => {}
            "cuisine:" => self.key = columns.first()?,
            "names:" => self.names = rest.split(';').map(str::trim).collect(),
            "words:" => self.words = rest.split(';').map(str::trim).collect(),
            "about:" => self.about.push(text(&columns)?),
            "#" => self.categories.push(Category {
                name: text(&columns)?,
                dishes: Vec::new(),
            }),
            "=" => self.groups.push(group(&columns)?),
            "+" => self.groups.last_mut()?.options.push(choice(&columns)?),
            _ => {
                let columns: Vec<&'static str> = line.split('|').map(str::trim).collect();
                self.categories.last_mut()?.dishes.push(dish(&columns)?);
            }
        }
        Some(())
    }
}

fn text(columns: &[&'static str]) -> Option<Text> {
    let (en, de) = (*columns.first()?, *columns.get(1)?);
    (!en.is_empty() && !de.is_empty()).then_some(Text { en, de })
}

fn dish(columns: &[&'static str]) -> Option<Dish> {
    let more = columns.get(7).copied().unwrap_or_default();
    let said = |name: &str| {
        let mut words = more.split_whitespace();
        words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    };
    let lunch = match said("lunch") {
        Some(price) => Some(minor(price)?),
        None => None,
    };
    Some(Dish {
        name: text(columns)?,
        about: columns.get(2)?,
        minor: minor(columns.get(3)?)?,
        allergens: allergens(columns.get(4)?)?,
        diets: diets(columns.get(5)?)?,
        groups: columns.get(6)?.split_whitespace().collect(),
        lunch,
        age: said("age").and_then(|years| years.parse().ok()),
        minutes: said("min").and_then(|minutes| minutes.parse().ok()),
        is_drink: said("tax") == Some("drinks"),
        is_lunch: said("when") == Some("lunch"),
    })
}

fn group(columns: &[&'static str]) -> Option<Group> {
    let numbers = columns.get(3)?.split_whitespace();
    let numbers: Vec<u16> = numbers.map_while(|number| number.parse().ok()).collect();
    let &[min, max, free] = numbers.as_slice() else {
        return None;
    };
    Some(Group {
        key: columns.first()?,
        name: text(columns.get(1..)?)?,
        min,
        max,
        free,
        options: Vec::new(),
    })
}

fn choice(columns: &[&'static str]) -> Option<Choice> {
    let (what, price, more) = match columns.first()?.strip_prefix('@') {
        Some(name) => (What::Dish(name), columns.get(1)?, columns.get(2)),
        None => {
            let (allergens, diets) = (allergens(columns.get(3)?)?, diets(columns.get(4)?)?);
            let what = What::Option(text(columns)?, allergens, diets);
            (what, columns.get(2)?, columns.get(5))
        }
    };
    let mut words = more.copied().unwrap_or_default().split_whitespace();
    let most = words.clone().find_map(|word| word.strip_prefix("max="));
    Some(Choice {
        what,
        minor: minor(price)?,
        max: most.map_or(Some(1), |most| most.parse().ok())?,
        is_preset: words.any(|word| word == "preset"),
    })
}

/// An amount with two digits after the point.
fn minor(text: &str) -> Option<i64> {
    let (whole, cents) = text.split_once('.')?;
    let (whole, cents): (i64, i64) = (whole.parse().ok()?, cents.parse().ok()?);
    whole.checked_mul(100)?.checked_add(cents)
}

/// Allergens by the letters that menus in Austria name them by.
fn allergens(letters: &str) -> Option<BTreeSet<Allergen>> {
    let of = |letter: &str| {
        Some(match letter {
            "A" => Allergen::Gluten,
            "B" => Allergen::Crustaceans,
            "C" => Allergen::Eggs,
            "D" => Allergen::Fish,
            "E" => Allergen::Peanuts,
            "F" => Allergen::Soybeans,
            "G" => Allergen::Milk,
            "H" => Allergen::Nuts,
            "L" => Allergen::Celery,
            "M" => Allergen::Mustard,
            "N" => Allergen::Sesame,
            "O" => Allergen::Sulphites,
            "P" => Allergen::Lupin,
            "R" => Allergen::Molluscs,
            _ => return None,
        })
    };
    letters.split_whitespace().map(of).collect()
}

fn diets(letters: &str) -> Option<BTreeSet<Diet>> {
    let mut diets = BTreeSet::new();
    for letter in letters.split_whitespace() {
        let diet = match letter {
            "v" | "V" => Diet::Vegetarian,
            "g" => Diet::GlutenFree,
            "l" => Diet::LactoseFree,
            "h" => Diet::Halal,
            _ => return None,
        };
        diets.insert(diet);
        if letter == "V" {
            diets.insert(Diet::Vegan);
        }
    }
    Some(diets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_written_as_they_should_be() {
        let (cuisines, drinks) = cuisines().unwrap();
        assert_eq!(cuisines.len(), TABLES.len());
        for cuisine in &cuisines {
            let both = [cuisine, &drinks];
            let dishes = || {
                let categories = both.iter().flat_map(|one| &one.categories);
                categories.flat_map(|category| &category.dishes)
            };
            let names: BTreeSet<&str> = dishes().map(|dish| dish.name.en).collect();
            assert_eq!(names.len(), dishes().count(), "{}", cuisine.key);
            let groups: Vec<&Group> = both.iter().flat_map(|one| &one.groups).collect();
            for dish in dishes() {
                let is_there = |key: &&str| groups.iter().any(|group| group.key == *key);
                assert!(dish.groups.iter().all(is_there), "{dish:?}");
                assert!(!dish.about.is_empty(), "{dish:?}");
            }
            for choice in groups.iter().flat_map(|group| &group.options) {
                if let What::Dish(name) = choice.what {
                    assert!(names.contains(name), "{}: {name}", cuisine.key);
                }
            }
            assert!(cuisine.words.len() >= 10 && cuisine.names.len() >= 4);
            assert!(!cuisine.about.is_empty(), "{}", cuisine.key);
        }
    }

    #[test]
    fn a_line_that_says_nothing_sensible_is_refused() {
        for bad in [
            "Soup | Suppe | Hot | 4 | | | |",
            "# Soups | Suppen\nSoup | Suppe | Hot | 4.20 | Z | | |",
            "# Soups | Suppen\nSoup | Suppe | Hot | 4.20 | | x | |",
            "+ Rice | Reis | 1.00 | | |",
            "= rice | Rice | Reis | 1 1",
        ] {
            assert!(cuisine(bad).is_err(), "{bad}");
        }
    }
}
