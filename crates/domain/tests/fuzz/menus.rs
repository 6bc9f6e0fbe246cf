//! Menus by chance: every one of them keeps to what parts may be, and between them they have everything that there is.

use std::collections::{BTreeMap, BTreeSet};

use base::{Clock, Organisation, Random, Time, Uid};
use carte::{
    Allergen, Category, Choice, Daypart, Diet, Group, Item, Key, Language, Menu, Metadata,
    PriceRule, Prices, Service, Sold, TaxClass, TaxesIncluded, TimeOfDay, Weekday, Words,
};

/// Whose menus they are.
pub(crate) const OURS: Organisation = Organisation::new(7);

/// Texts that files have trouble with.
const TEXTS: [&str; 26] = [
    "Margherita",
    "=SUM(A1:A9)",
    "+49 30 1234",
    "-10%",
    "@home",
    "'quoted",
    "''=x",
    "'=1+1",
    "a, b; c",
    "say \"cheese\"",
    "\"",
    "line\nbreak",
    "a|b",
    "Käse & Ei",
    "ラーメン",
    "🍕",
    "nul",
    "true",
    "1.50",
    "00123",
    "itm_",
    "%",
    "| pipe",
    "＝full",
    "{\"a\":1}",
    "a'b",
];
const LANGUAGES: [&str; 5] = ["de", "fr", "pt-BR", "zh-Hant-TW", "en"];
const KEYS: [&str; 6] = ["lunch", "pickup", "always", "happy-hour", "delivery", "x"];
const CHANNELS: [&str; 3] = ["direct", "web", "kiosk-2"];

/// Draws menus.
pub(crate) struct Chance {
    pub(crate) random: Random,
    pub(crate) clock: Clock,
    organisation: Organisation,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self::of(seed, OURS)
    }

    /// Menus of this organisation.
    pub(crate) fn of(seed: u64, organisation: Organisation) -> Self {
        Chance {
            organisation,
            random: Random::seeded(seed),
            clock: Clock::fixed(Time::from_micros(1_790_000_000_000_000)),
        }
    }

    pub(crate) fn below(&self, bound: usize) -> usize {
        usize::try_from(self.random.below(bound as u64)).unwrap()
    }

    pub(crate) fn one_in(&self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub(crate) fn pick<'a, T>(&self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    pub(crate) fn uid(&self) -> Uid {
        Uid::make(&self.clock, &self.random, self.organisation)
    }

    fn some<T: Copy + Ord>(&self, all: &[T]) -> BTreeSet<T> {
        all.iter().copied().filter(|_| self.one_in(4)).collect()
    }

    /// A name is one line; other texts may have several.
    fn name(&self) -> Words {
        let line = |text: &str| text.replace('\n', " ");
        let words = self.words();
        let other = words
            .other()
            .iter()
            .map(|(language, text)| (language.clone(), line(text)));
        Words::of(line(words.main()), other.collect()).unwrap()
    }

    fn words(&self) -> Words {
        let mut other = BTreeMap::new();
        for language in LANGUAGES {
            if self.one_in(6) {
                let language: Language = language.parse().unwrap();
                other.insert(language, (*self.pick(&TEXTS)).to_owned());
            }
        }
        Words::of((*self.pick(&TEXTS)).to_owned(), other).unwrap()
    }

    fn key(&self) -> Key {
        self.pick(&KEYS).parse().unwrap()
    }

    fn maybe<T>(&self, value: impl FnOnce() -> T) -> Option<T> {
        self.one_in(3).then(value)
    }

    fn minor(&self) -> i64 {
        match self.below(4) {
            0 => 0,
            1 => 1_000_000_000_000,
            _ => self.below(5_000) as i64,
        }
    }

    fn prices(&self) -> Prices {
        let mut prices = Prices::flat(self.minor());
        let mut cases = BTreeSet::new();
        for _ in 0..self.below(4) {
            let rule = PriceRule {
                service: self.maybe(|| *self.pick(Service::ALL)),
                channel: self.maybe(|| self.pick(&CHANNELS).parse().unwrap()),
                daypart: self.maybe(|| self.key()),
                minor: self.minor(),
            };
            let case = (rule.service, rule.channel.clone(), rule.daypart.clone());
            if case != (None, None, None) && cases.insert(case) {
                prices.rules.push(rule);
            }
        }
        prices
    }

    fn sold(&self) -> Sold {
        if !self.one_in(4) {
            return Sold::default();
        }
        let channels = CHANNELS.iter().filter(|_| self.one_in(2));
        Sold {
            services: self.some(Service::ALL),
            channels: channels.map(|one| one.parse().unwrap()).collect(),
        }
    }

    fn metadata(&self) -> Metadata {
        let count = if self.one_in(4) { self.below(4) } else { 0 };
        let value = |text: &str| match text.contains(['\n', '\t']) {
            true => String::new(),
            false => text.to_owned(),
        };
        let pairs =
            (0..count).map(|number| (format!("k{number}"), value(self.pick::<&str>(&TEXTS))));
        Metadata::of(pairs.collect()).unwrap()
    }

    fn external_id(&self, number: usize) -> Option<carte::ExternalId> {
        let text = match self.below(4) {
            0 => return None,
            1 => format!(
                "{}{number}",
                self.pick(&["=", "'", "a|", "\"", "itm_", "x y ", "-"])
            ),
            _ => format!("sku-{number}"),
        };
        text.parse().ok()
    }

    fn dayparts(&self) -> Vec<Daypart> {
        let keys = KEYS.iter().filter(|_| self.one_in(2));
        keys.map(|key| {
            let time = || TimeOfDay::from_minutes(self.below(1_441) as u16).unwrap();
            let mut days = self.some(Weekday::ALL);
            days.insert(*self.pick(Weekday::ALL));
            Daypart {
                key: key.parse().unwrap(),
                name: self.name(),
                days,
                from: time(),
                to: time(),
            }
        })
        .collect()
    }

    fn taxes(&self) -> Vec<TaxClass> {
        let keys = KEYS.iter().filter(|_| self.one_in(2));
        keys.map(|key| {
            let rates = Service::ALL.iter().filter(|_| self.one_in(2));
            TaxClass {
                key: key.parse().unwrap(),
                rates: rates
                    .map(|service| (*service, self.below(1_000_001) as i64))
                    .collect(),
            }
        })
        .collect()
    }

    fn item(&self, number: usize, groups: &[Uid]) -> Item {
        let groups: BTreeSet<Uid> = groups.iter().copied().filter(|_| self.one_in(5)).collect();
        Item {
            id: self.uid().into(),
            name: self.name(),
            description: self.maybe(|| self.words()),
            price: self.prices(),
            groups: groups.into_iter().map(Into::into).collect(),
            tax: self.key(),
            sold: self.sold(),
            allergens: self.some(Allergen::ALL),
            diets: self.some(Diet::ALL),
            age_min: self.maybe(|| self.below(100) as u8),
            picture: self.maybe(|| self.uid().into()),
            prep_minutes: self.maybe(|| self.below(1_441) as u16),
            alone: !self.one_in(3),
            external_id: self.external_id(number),
            metadata: self.metadata(),
        }
    }

    fn group(&self, (number, id): (usize, Uid), items: &[Item]) -> Group {
        let mut offered = BTreeSet::new();
        let choices = (0..self.below(5)).filter_map(|_| {
            let item = items.get(self.below(items.len().max(1)))?.id;
            offered.insert(item).then(|| Choice {
                item,
                prices: self.maybe(|| self.prices()),
                max: 1 + self.below(4) as u16,
                preset: self.below(2) as u16,
            })
        });
        Group {
            choices: choices.collect(),
            id: id.into(),
            name: self.name(),
            min: self.below(2) as u16,
            max: 1 + self.below(5) as u16,
            free: self.below(2) as u16,
            external_id: self.external_id(number),
            metadata: self.metadata(),
        }
    }

    fn category(&self, number: usize, items: &[Item]) -> Category {
        let mut shown = BTreeSet::new();
        let drawn = (0..self.below(8)).filter_map(|_| items.get(self.below(items.len().max(1))));
        let drawn = drawn.map(|item| item.id).filter(|id| shown.insert(*id));
        Category {
            items: drawn.collect(),
            id: self.uid().into(),
            name: self.name(),
            description: self.maybe(|| self.words()),
            daypart: self.maybe(|| self.key()),
            sold: self.sold(),
            external_id: self.external_id(number),
            metadata: self.metadata(),
        }
    }

    /// A menu of at most so many items.
    pub(crate) fn menu(&self, items_max: usize) -> Menu {
        let groups: Vec<Uid> = (0..self.below(6)).map(|_| self.uid()).collect();
        let count = self.below(items_max.saturating_add(1));
        let mut items: Vec<Item> = (0..count)
            .map(|number| self.item(number, &groups))
            .collect();
        items.sort_by_key(|item| item.id);
        let groups = groups
            .into_iter()
            .enumerate()
            .map(|group| self.group(group, &items));
        let mut groups: Vec<Group> = groups.collect();
        groups.sort_by_key(|group| group.id);
        let categories = (0..self.below(5)).map(|number| self.category(number, &items));
        Menu {
            categories: categories.collect(),
            currency: self.pick(&["EUR", "JPY", "KWD"]).parse().unwrap(),
            language: self.pick(&LANGUAGES).parse().unwrap(),
            taxes_included: *self.pick(TaxesIncluded::ALL),
            dayparts: self.dayparts(),
            taxes: self.taxes(),
            items,
            groups,
        }
    }
}
