//! The menu of a restaurant or brand: a choice of what its cuisine cooks, at prices of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base::{Currency, Error, Organisation, Result, Uid, codes};
use carte::{
    Allergen, Category, CategoryId, Choice, Daypart, Diet, Group, Item, ItemId, Key, Language,
    Menu, Metadata, PictureId, PriceRule, Prices, Service, Sold, TaxClass, TaxesIncluded, Weekday,
    Words,
};

use crate::draw::Dish as Drawn;
use crate::lots::Draw;
use crate::table::{self, Cuisine, Dish, Text, What};

/// When the city was founded: the time in the ids of its menus, in milliseconds.
const FOUNDED_MS: u64 = 1_767_225_600_000;
const LUNCH: &str = "lunch";
const FOOD: &str = "food";
const DRINKS: &str = "drinks";
/// Restaurants round to this many cents.
const STEP: i64 = 10;

/// Gives ids that are the same whenever the same organisation is filled from the same seed.
#[derive(Debug)]
pub struct Ids {
    organisation: Organisation,
    draw: Draw,
    given: u64,
}

impl Ids {
    /// Ids of this organisation, in this sequence.
    #[must_use]
    pub const fn new(organisation: Organisation, draw: Draw) -> Self {
        Ids {
            organisation,
            draw,
            given: 0,
        }
    }

    fn next(&mut self) -> Uid {
        self.given += 1;
        let millis = (FOUNDED_MS + self.given).to_be_bytes();
        let mut bytes = [0; 16];
        let parts = millis.iter().skip(2).copied();
        let number = self.organisation.get().to_be_bytes();
        let all = parts.chain(number).chain(self.draw.bytes());
        for (to, from) in bytes.iter_mut().zip(all) {
            *to = from;
        }
        Uid::from_bytes(bytes)
    }
}

/// The pictures of the city: each dish is drawn once and named by all menus.
#[derive(Debug, Default)]
pub struct Pictures(HashMap<Drawn, PictureId>);

impl FromIterator<(Drawn, PictureId)> for Pictures {
    fn from_iter<I: IntoIterator<Item = (Drawn, PictureId)>>(drawn: I) -> Self {
        Pictures(drawn.into_iter().collect())
    }
}

impl Pictures {
    /// What shows a dish, by its name and that of its category.
    fn of(&self, name: &str, category: &str) -> Option<PictureId> {
        self.0.get(&Drawn::of(name, category)?).copied()
    }
}

/// Makes the menu of one place.
///
/// # Errors
/// A table says what no menu can hold, which a test would have found.
pub fn menu(
    (cuisine, drinks): (&Cuisine, &Cuisine),
    pictures: &Pictures,
    draw: &Draw,
    ids: &mut Ids,
) -> Result<Menu> {
    let chosen = Chosen::of(cuisine, drinks, draw);
    let pickup = draw.happens(25).then_some(90);
    let maker = Maker {
        tables: [cuisine, drinks],
        pictures,
        percent: draw.between(88, 118),
        pickup,
    };
    let mut made = Made::default();
    for (_, dish) in &chosen.dishes {
        made.dishes.insert(dish.name.en, ids.next().into());
    }
    maker.groups(&chosen, ids, &mut made)?;
    maker.dishes(&chosen, ids, &mut made)?;
    let Made {
        categories,
        mut items,
        mut groups,
        ..
    } = made;
    items.sort_by_key(|item| item.id);
    groups.sort_by_key(|group| group.id);
    Ok(Menu {
        currency: Currency::EUR,
        language: language("en")?,
        taxes_included: TaxesIncluded::Included,
        dayparts: vec![lunch()?],
        taxes: taxes()?,
        categories,
        items,
        groups,
    })
}

/// The dishes and drinks that a place has, and whose groups it needs.
struct Chosen<'a> {
    /// With the category that they stand in.
    dishes: Vec<(Text, &'a Dish)>,
    groups: Vec<&'a table::Group>,
}

impl<'a> Chosen<'a> {
    fn of(cuisine: &'a Cuisine, drinks: &'a Cuisine, draw: &Draw) -> Self {
        let tables = [cuisine, drinks];
        let all = tables.iter().flat_map(|table| {
            let categories = table.categories.iter();
            categories.flat_map(|category| category.dishes.iter().map(move |dish| (category, dish)))
        });
        let all: Vec<(&table::Category, &Dish)> = all.collect();
        let mut names = BTreeSet::new();
        let mut pending: Vec<&Dish> = Vec::new();
        for (category, dish) in &all {
            // Small categories are served whole.
            if category.dishes.len() <= 3 || draw.happens(88) {
                names.insert(dish.name.en);
                pending.push(dish);
            }
        }
        let mut keys = BTreeSet::new();
        let mut groups = Vec::new();
        while let Some(dish) = pending.pop() {
            let of_dish = tables.iter().flat_map(|table| &table.groups);
            for group in of_dish.filter(|group| dish.groups.contains(&group.key)) {
                if !keys.insert(group.key) {
                    continue;
                }
                groups.push(group);
                for choice in &group.options {
                    let What::Dish(name) = choice.what else {
                        continue;
                    };
                    // What a combo offers is cooked.
                    if names.insert(name) {
                        let found = all.iter().find(|(_, dish)| dish.name.en == name);
                        pending.extend(found.map(|(_, dish)| *dish));
                    }
                }
            }
        }
        let dishes = all.into_iter();
        let dishes = dishes.filter(|(_, dish)| names.contains(dish.name.en));
        Chosen {
            dishes: dishes
                .map(|(category, dish)| (category.name, dish))
                .collect(),
            groups,
        }
    }
}

/// What has been made so far.
#[derive(Default)]
struct Made {
    /// Dishes and drinks by their names.
    dishes: BTreeMap<&'static str, ItemId>,
    by_key: BTreeMap<&'static str, carte::GroupId>,
    categories: Vec<Category>,
    items: Vec<Item>,
    groups: Vec<Group>,
}

/// How one place makes prices of those in the tables.
struct Maker<'a> {
    tables: [&'a Cuisine; 2],
    pictures: &'a Pictures,
    percent: i64,
    /// What is paid of a price, in percent, by those who fetch it.
    pickup: Option<i64>,
}

impl Maker<'_> {
    fn groups(&self, chosen: &Chosen<'_>, ids: &mut Ids, made: &mut Made) -> Result<()> {
        for group in &chosen.groups {
            let mut choices = Vec::with_capacity(group.options.len());
            for option in &group.options {
                let (item, prices) = match &option.what {
                    What::Dish(name) => {
                        let id = made.dishes.get(name).copied();
                        let id = id.ok_or_else(|| wrong(format!("there is no {name}")))?;
                        (id, Some(Prices::flat(self.price(option.minor))))
                    }
                    What::Option(name, allergens, diets) => {
                        let id = ItemId::from(ids.next());
                        let of = (option.minor, self.tax_of_group(group.key));
                        let item = self.option(id, *name, (allergens, diets), of)?;
                        made.items.push(item);
                        (id, None)
                    }
                };
                choices.push(Choice {
                    item,
                    prices,
                    max: option.max,
                    preset: u16::from(option.is_preset),
                });
            }
            let id = ids.next().into();
            made.by_key.insert(group.key, id);
            made.groups.push(Group {
                id,
                name: words(group.name)?,
                min: group.min,
                max: group.max,
                free: group.free,
                choices,
                external_id: None,
                metadata: Metadata::default(),
            });
        }
        Ok(())
    }

    fn dishes(&self, chosen: &Chosen<'_>, ids: &mut Ids, made: &mut Made) -> Result<()> {
        let mut noon = Vec::new();
        for (category, dish) in &chosen.dishes {
            let Some(id) = made.dishes.get(dish.name.en).copied() else {
                continue;
            };
            let item = self.dish(id, dish, &made.by_key)?;
            made.items.push(Item {
                picture: self.pictures.of(dish.name.en, category.en),
                ..item
            });
            if dish.is_lunch {
                noon.push(id);
                continue;
            }
            let name = words(*category)?;
            match made.categories.last_mut() {
                Some(last) if last.name == name => last.items.push(id),
                _ => made.categories.push(shown(ids, name, vec![id])),
            }
        }
        if !noon.is_empty() {
            let name = Text {
                en: "At noon",
                de: "Zu Mittag",
            };
            let category = Category {
                daypart: Some(key(LUNCH)?),
                ..shown(ids, words(name)?, noon)
            };
            made.categories.insert(0, category);
        }
        Ok(())
    }

    fn dish(
        &self,
        id: ItemId,
        dish: &Dish,
        groups: &BTreeMap<&'static str, carte::GroupId>,
    ) -> Result<Item> {
        let minor = self.price(dish.minor);
        let mut rules = Vec::new();
        if let Some(lunch) = dish.lunch {
            rules.push(PriceRule {
                service: None,
                channel: None,
                daypart: Some(key(LUNCH)?),
                minor: self.price(lunch),
            });
        }
        if let Some(percent) = self.pickup.filter(|_| !dish.is_drink) {
            rules.push(PriceRule {
                service: Some(Service::Pickup),
                channel: None,
                daypart: None,
                minor: rounded(minor, percent),
            });
        }
        let of_dish = dish.groups.iter();
        Ok(Item {
            description: Some(Words::parse(dish.about).map_err(|error| wrong(error.to_string()))?),
            price: Prices { minor, rules },
            groups: of_dish.filter_map(|key| groups.get(key).copied()).collect(),
            age_min: dish.age,
            prep_minutes: dish.minutes,
            alone: true,
            ..item(
                id,
                words(dish.name)?,
                key(if dish.is_drink { DRINKS } else { FOOD })?,
                (&dish.allergens, &dish.diets),
            )
        })
    }

    fn option(
        &self,
        id: ItemId,
        name: Text,
        declared: (&BTreeSet<Allergen>, &BTreeSet<Diet>),
        (minor, tax): (i64, &str),
    ) -> Result<Item> {
        Ok(Item {
            price: Prices::flat(self.price(minor)),
            ..item(id, words(name)?, key(tax)?, declared)
        })
    }

    fn tax_of_group(&self, key: &str) -> &'static str {
        let [_, drinks] = self.tables;
        match drinks.groups.iter().any(|group| group.key == key) {
            true => DRINKS,
            false => FOOD,
        }
    }

    fn price(&self, minor: i64) -> i64 {
        rounded(minor, self.percent)
    }
}

/// A part of a price, as restaurants write it.
#[must_use]
pub fn rounded(minor: i64, percent: i64) -> i64 {
    let exact = minor.saturating_mul(percent) / 100;
    (exact.saturating_add(STEP / 2) / STEP).saturating_mul(STEP)
}

fn item(
    id: ItemId,
    name: Words,
    tax: Key,
    (allergens, diets): (&BTreeSet<Allergen>, &BTreeSet<Diet>),
) -> Item {
    Item {
        id,
        name,
        description: None,
        price: Prices::flat(0),
        groups: Vec::new(),
        tax,
        sold: Sold::default(),
        allergens: allergens.clone(),
        diets: diets.clone(),
        age_min: None,
        picture: None,
        prep_minutes: None,
        alone: false,
        external_id: None,
        metadata: Metadata::default(),
    }
}

fn shown(ids: &mut Ids, name: Words, items: Vec<ItemId>) -> Category {
    Category {
        id: CategoryId::from(ids.next()),
        name,
        description: None,
        items,
        daypart: None,
        sold: Sold::default(),
        external_id: None,
        metadata: Metadata::default(),
    }
}

fn lunch() -> Result<Daypart> {
    let time = |text: &str| text.parse().map_err(|_| wrong(text.to_owned()));
    let days = Weekday::ALL.iter().copied();
    Ok(Daypart {
        key: key(LUNCH)?,
        name: words(Text {
            en: "Lunch on working days",
            de: "Mittag an Werktagen",
        })?,
        days: days
            .filter(|day| !matches!(day, Weekday::Saturday | Weekday::Sunday))
            .collect(),
        from: time("11:30")?,
        to: time("14:30")?,
    })
}

fn taxes() -> Result<Vec<TaxClass>> {
    let class = |name: &str, rate: i64| {
        let rates = Service::ALL.iter().map(|service| (*service, rate));
        Ok::<_, Error>(TaxClass {
            key: key(name)?,
            rates: rates.collect(),
        })
    };
    Ok(vec![class(FOOD, 100_000)?, class(DRINKS, 200_000)?])
}

/// A text in both languages.
pub(crate) fn words(text: Text) -> Result<Words> {
    let words = Words::parse(text.en);
    let words = match text.en == text.de {
        true => words,
        false => words.and_then(|words| {
            let german = language("de").map_err(|_| carte::WordsError::Languages)?;
            words.with(german, text.de)
        }),
    };
    words.map_err(|error| wrong(format!("{}: {error}", text.en)))
}

fn language(text: &str) -> Result<Language> {
    text.parse().map_err(|_| wrong(text.to_owned()))
}

fn key(text: &str) -> Result<Key> {
    text.parse().map_err(|_| wrong(text.to_owned()))
}

fn wrong(what: String) -> Error {
    Error::internal(codes::INTERNAL, what)
}

#[cfg(test)]
mod tests {
    use carte::check;

    use super::*;
    use crate::table;

    #[test]
    fn every_cuisine_makes_menus_that_can_be_published() {
        let (cuisines, drinks) = table::cuisines().unwrap();
        for (number, cuisine) in cuisines.iter().enumerate() {
            for seed in 0..12 {
                let draw = || Draw::of(seed, number as u64);
                let mut ids = Ids::new(Organisation::new(7), draw());
                let menu =
                    menu((cuisine, &drinks), &Pictures::default(), &draw(), &mut ids).unwrap();
                assert_eq!(check(&menu), [], "{}", cuisine.key);
                let alone = menu.items.iter().filter(|item| item.alone).count();
                assert!((36..70).contains(&alone), "{}: {alone}", cuisine.key);
                assert!(menu.items.len() >= 50, "{}", cuisine.key);
            }
        }
    }

    #[test]
    fn one_seed_makes_one_menu() {
        let (cuisines, drinks) = table::cuisines().unwrap();
        let made = |seed: u64| {
            let mut ids = Ids::new(Organisation::new(7), Draw::of(seed, 1));
            menu(
                (&cuisines[0], &drinks),
                &Pictures::default(),
                &Draw::of(seed, 2),
                &mut ids,
            )
            .unwrap()
        };
        assert_eq!(made(7), made(7));
        assert_ne!(made(7), made(8));
    }

    #[test]
    fn prices_are_rounded_as_restaurants_do() {
        assert_eq!(rounded(940, 100), 940);
        assert_eq!(rounded(945, 100), 950);
        assert_eq!(rounded(940, 88), 830);
        assert_eq!(rounded(0, 118), 0);
    }
}
