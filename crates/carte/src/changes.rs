//! What has changed between two revisions of a menu, in words for those who run the restaurant.

use std::collections::BTreeMap;
use std::fmt::Display;

use base::{Currency, Money};
use serde::Serialize;

use super::{
    Category, Choice, Daypart, Group, GroupId, Item, ItemId, Menu, PartId, PriceRule, Prices,
    RATE_MILLIONTHS, Sold, TaxClass, Words,
};

/// How something has changed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is different.
    Changed,
}

/// One thing that has changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// How it has changed.
    pub turn: Turn,
    /// The part that it is about; none for what holds for the whole menu.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<PartId>,
    /// The field of the part, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    /// What has changed, as a sentence.
    pub words: String,
}

/// Says what has changed from an old menu to a new one: the head, then categories, items and groups.
#[must_use]
pub fn difference(old: &Menu, new: &Menu) -> Vec<Change> {
    let mut teller = Teller {
        old,
        new,
        at: None,
        told: Vec::new(),
    };
    teller.head();
    teller.categories();
    teller.items();
    teller.groups();
    teller.told
}

struct Teller<'a> {
    old: &'a Menu,
    new: &'a Menu,
    at: Option<PartId>,
    told: Vec<Change>,
}

impl<'a> Teller<'a> {
    /// Says that something is different in its details, if nothing has been said of it since so many changes were told.
    fn details(&mut self, told: usize, name: &str) {
        if self.told.len() == told {
            let words = format!("{name} has changed in its details");
            self.say(Turn::Changed, None, words);
        }
    }

    fn say(&mut self, turn: Turn, field: Option<&'static str>, words: String) {
        self.told.push(Change {
            turn,
            part: self.at,
            field,
            words,
        });
    }

    /// Says that a field is different, if it is.
    fn field<T: PartialEq>(
        &mut self,
        field: &'static str,
        pair: (&T, &T),
        words: impl FnOnce(&T, &T) -> String,
    ) {
        let (old, new) = pair;
        if old != new {
            self.say(Turn::Changed, Some(field), words(old, new));
        }
    }

    fn head(&mut self) {
        let (old, new) = (self.old, self.new);
        let told = self.told.len();
        self.field("currency", (&old.currency, &new.currency), |old, new| {
            format!("Prices are now in {new} instead of {old}")
        });
        self.field("language", (&old.language, &new.language), |old, new| {
            format!("The main texts are now in {new} instead of {old}")
        });
        let taxes = (&old.taxes_included, &new.taxes_included);
        self.field("taxesIncluded", taxes, |_, new| {
            format!("Taxes are now {} in relation to the prices", new.name())
        });
        if old.dayparts != new.dayparts {
            self.dayparts();
        }
        if old.taxes != new.taxes {
            self.taxes();
        }
        if (&old.dayparts, &old.taxes) != (&new.dayparts, &new.taxes) {
            self.details(told, "The menu");
        }
    }

    fn dayparts(&mut self) {
        let (old, new) = (self.old, self.new);
        let pairs = pairs(&old.dayparts, &new.dayparts, |one| one.key.clone());
        for pair in pairs {
            let (turn, words) = match pair {
                (None, Some(new)) => (
                    Turn::Added,
                    format!("{} is new: {}", new.name.main(), hours(new)),
                ),
                (Some(old), None) => (Turn::Removed, format!("{} is gone", old.name.main())),
                (Some(old), Some(new)) if old != new => {
                    let words = format!(
                        "{} is now {} instead of {}",
                        new.name.main(),
                        hours(new),
                        hours(old)
                    );
                    (Turn::Changed, words)
                }
                _ => continue,
            };
            self.say(turn, Some("dayparts"), words);
        }
    }

    fn taxes(&mut self) {
        let (old, new) = (self.old, self.new);
        for pair in pairs(&old.taxes, &new.taxes, |one| one.key.clone()) {
            let (turn, words) = match pair {
                (None, Some(new)) => (
                    Turn::Added,
                    format!("The tax class {} is new: {}", new.key, rates(new)),
                ),
                (Some(old), None) => (Turn::Removed, format!("The tax class {} is gone", old.key)),
                (Some(old), Some(new)) if old != new => {
                    let words = format!(
                        "The tax class {} is now {} instead of {}",
                        new.key,
                        rates(new),
                        rates(old)
                    );
                    (Turn::Changed, words)
                }
                _ => continue,
            };
            self.say(turn, Some("taxes"), words);
        }
    }

    fn categories(&mut self) {
        let (old, new) = (self.old, self.new);
        for pair in pairs(&old.categories, &new.categories, |one| one.id) {
            self.at = pair.0.or(pair.1).map(|one| PartId::Category(one.id));
            match pair {
                (None, Some(new)) => {
                    let (name, count) = (new.name.main(), new.items.len());
                    let words = format!("The category {name} is new, with {}", items(count));
                    self.say(Turn::Added, None, words);
                }
                (Some(old), None) => {
                    let words = format!("The category {} is gone", old.name.main());
                    self.say(Turn::Removed, None, words);
                }
                (Some(old), Some(new)) if old != new => self.category(old, new),
                _ => {}
            }
        }
        self.at = None;
        let stayed = |menu: &'a Menu, other: &'a Menu| {
            let known: std::collections::BTreeSet<_> =
                other.categories.iter().map(|one| one.id).collect();
            let ids = menu.categories.iter().map(|one| one.id);
            ids.filter(|id| known.contains(id)).collect::<Vec<_>>()
        };
        let orders = (&stayed(old, new), &stayed(new, old));
        self.field("categories", orders, |_, _| {
            "The categories are in another order".to_owned()
        });
    }

    fn category(&mut self, old: &'a Category, new: &'a Category) {
        let name = new.name.main();
        self.texts(
            ("The category ", &old.name, &new.name),
            (&old.description, &new.description),
        );
        let lists = (&old.items[..], &new.items[..]);
        self.list("items", name, lists, |menu, id| item_name(menu, *id));
        self.field(
            "daypart",
            (&old.daypart, &new.daypart),
            |_, new| match new {
                Some(key) => format!("{name} is now sold in {key} only"),
                None => format!("{name} is now sold at all times"),
            },
        );
        self.sold(name, (&old.sold, &new.sold));
        self.quiet(
            name,
            (&old.external_id, &new.external_id),
            (&old.metadata, &new.metadata),
        );
    }

    fn items(&mut self) {
        let (old, new) = (self.old, self.new);
        for pair in pairs(&old.items, &new.items, |one| one.id) {
            self.at = pair.0.or(pair.1).map(|one| PartId::Item(one.id));
            match pair {
                (None, Some(one)) => {
                    let price = amount(one.price.minor, new.currency);
                    let words = format!("{} is new, for {price}", one.name.main());
                    self.say(Turn::Added, None, words);
                }
                (Some(one), None) => {
                    self.say(Turn::Removed, None, format!("{} is gone", one.name.main()));
                }
                (Some(old), Some(new)) if old != new => self.item(old, new),
                _ => {}
            }
        }
    }

    fn item(&mut self, old: &'a Item, new: &'a Item) {
        let told = self.told.len();
        let name = new.name.main();
        self.texts(
            ("", &old.name, &new.name),
            (&old.description, &new.description),
        );
        self.prices("price", name, (&old.price, &new.price));
        let lists = (&old.groups[..], &new.groups[..]);
        self.list("groups", name, lists, |menu, id| group_name(menu, *id));
        self.field("tax", (&old.tax, &new.tax), |old, new| {
            format!("{name} is now taxed as {new} instead of {old}")
        });
        self.sold(name, (&old.sold, &new.sold));
        self.field("allergens", (&old.allergens, &new.allergens), |_, new| {
            format!(
                "{name} now contains {}",
                listed(new.iter().map(|one| one.name()))
            )
        });
        self.field("diets", (&old.diets, &new.diets), |_, new| {
            format!("{name} is now {}", listed(new.iter().map(|one| one.name())))
        });
        self.field("ageMin", (&old.age_min, &new.age_min), |_, new| match new {
            Some(age) => format!("{name} is now sold from {age} years of age"),
            None => format!("{name} is now sold at any age"),
        });
        self.field(
            "picture",
            (&old.picture, &new.picture),
            |_, new| match new {
                Some(_) => format!("{name} has another picture"),
                None => format!("{name} has no picture any more"),
            },
        );
        let minutes = (&old.prep_minutes, &new.prep_minutes);
        self.field("prepMinutes", minutes, |_, new| match new {
            Some(minutes) => format!("{name} now takes {minutes} minutes to make"),
            None => format!("{name} does not say any more how long it takes to make"),
        });
        self.field("alone", (&old.alone, &new.alone), |_, new| match new {
            true => format!("{name} can now be ordered by itself"),
            false => format!("{name} is now a choice only"),
        });
        self.quiet(
            name,
            (&old.external_id, &new.external_id),
            (&old.metadata, &new.metadata),
        );
        self.details(told, name);
    }

    fn groups(&mut self) {
        let (old, new) = (self.old, self.new);
        for pair in pairs(&old.groups, &new.groups, |one| one.id) {
            self.at = pair.0.or(pair.1).map(|one| PartId::Group(one.id));
            match pair {
                (None, Some(new)) => {
                    let (name, count) = (new.name.main(), new.choices.len());
                    let words = format!("The group {name} is new, with {count} choices");
                    self.say(Turn::Added, None, words);
                }
                (Some(old), None) => {
                    let words = format!("The group {} is gone", old.name.main());
                    self.say(Turn::Removed, None, words);
                }
                (Some(old), Some(new)) if old != new => self.group(old, new),
                _ => {}
            }
        }
    }

    fn group(&mut self, old: &'a Group, new: &'a Group) {
        let told = self.told.len();
        let name = new.name.main();
        self.texts(("The group ", &old.name, &new.name), (&None, &None));
        for (field, what, old, new) in [
            ("min", "at least", old.min, new.min),
            ("max", "at most", old.max, new.max),
        ] {
            self.field(field, (&old, &new), |old, new| {
                format!("In {name} {what} {new} can be chosen instead of {old}")
            });
        }
        self.field("free", (&old.free, &new.free), |old, new| {
            format!("In {name} {new} are free instead of {old}")
        });
        let ids = |group: &Group| group.choices.iter().map(|one| one.item).collect::<Vec<_>>();
        let lists = (&ids(old)[..], &ids(new)[..]);
        self.list("choices", name, lists, |menu, id| item_name(menu, *id));
        for pair in pairs(&old.choices, &new.choices, |one| one.item) {
            if let (Some(old), Some(new)) = pair
                && old != new
            {
                self.choice(name, old, new);
            }
        }
        self.quiet(
            name,
            (&old.external_id, &new.external_id),
            (&old.metadata, &new.metadata),
        );
        self.details(told, name);
    }

    fn choice(&mut self, group: &str, old: &'a Choice, new: &'a Choice) {
        let told = self.told.len();
        let name = format!("{} in {group}", item_name(self.new, new.item));
        match (&old.prices, &new.prices) {
            (Some(old), Some(new)) => self.prices("choices", &name, (old, new)),
            (old, new) => self.field("choices", (old, new), |_, new| match new {
                Some(new) => format!("{name} now costs {}", amount(new.minor, self.new.currency)),
                None => format!("{name} now costs what it costs by itself"),
            }),
        }
        self.field("choices", (&old.max, &new.max), |old, new| {
            format!("{name} can now be chosen {new} times instead of {old}")
        });
        self.field("choices", (&old.preset, &new.preset), |old, new| {
            format!("{name} is now preset {new} times instead of {old}")
        });
        self.details(told, &name);
    }

    fn texts(
        &mut self,
        names: (&str, &Words, &Words),
        descriptions: (&Option<Words>, &Option<Words>),
    ) {
        let (kind, old, new) = names;
        if old.main() != new.main() {
            let words = format!("{kind}{} is now called {}", old.main(), new.main());
            self.say(Turn::Changed, Some("name"), words);
        }
        let name = new.main();
        self.field("name", (old.other(), new.other()), |_, _| {
            format!("{name} is called differently in other languages")
        });
        let (old, new) = descriptions;
        self.field("description", (old, new), |_, new| match new {
            Some(_) => format!("{name} is described differently"),
            None => format!("{name} is not described any more"),
        });
    }

    /// Says what came into a list, what left it, or that its order is another.
    fn list<T: Ord>(
        &mut self,
        field: &'static str,
        name: &str,
        lists: (&[T], &[T]),
        called: impl Fn(&Menu, &T) -> String,
    ) {
        let (old, new) = lists;
        if old == new {
            return;
        }
        let (menu_old, menu_new) = (self.old, self.new);
        let before: std::collections::BTreeSet<&T> = old.iter().collect();
        let after: std::collections::BTreeSet<&T> = new.iter().collect();
        let added = new.iter().filter(|one| !before.contains(one));
        let added: Vec<_> = added.map(|one| called(menu_new, one)).collect();
        let gone = old.iter().filter(|one| !after.contains(one));
        let gone: Vec<_> = gone.map(|one| called(menu_old, one)).collect();
        let words = match (added.is_empty(), gone.is_empty()) {
            (true, true) => format!("{name} has its {field} in another order"),
            (false, true) => format!("{name} now has {}", listed(added)),
            (true, false) => format!("{name} does not have {} any more", listed(gone)),
            (false, false) => {
                format!(
                    "{name} now has {} instead of {}",
                    listed(added),
                    listed(gone)
                )
            }
        };
        self.say(Turn::Changed, Some(field), words);
    }

    fn prices(&mut self, field: &'static str, name: &str, pair: (&Prices, &Prices)) {
        let (old, new) = pair;
        let (was, is) = (self.old.currency, self.new.currency);
        self.field(field, (&old.minor, &new.minor), |old, new| {
            let (old, new) = (amount(*old, was), amount(*new, is));
            format!("{name} now costs {new} instead of {old}")
        });
        let pairs = pairs(&old.rules, &new.rules, case);
        for pair in pairs {
            let (case, words) = match pair {
                (None, Some(new)) => (case_words(new), format!("costs {}", amount(new.minor, is))),
                (Some(old), None) => (
                    case_words(old),
                    "has no price of its own any more".to_owned(),
                ),
                (Some(old), Some(new)) if old.minor != new.minor => {
                    let (old_amount, new_amount) = (amount(old.minor, was), amount(new.minor, is));
                    (
                        case_words(new),
                        format!("costs {new_amount} instead of {old_amount}"),
                    )
                }
                _ => continue,
            };
            self.say(
                Turn::Changed,
                Some(field),
                format!("{name} now {words} {case}"),
            );
        }
    }

    fn sold(&mut self, name: &str, pair: (&Sold, &Sold)) {
        self.field("sold", pair, |_, new| {
            let services = new.services.iter().map(|one| one.name().to_owned());
            let channels = new.channels.iter().map(ToString::to_string);
            match new.is_everywhere() {
                true => format!("{name} is now sold in every way"),
                false => format!(
                    "{name} is now sold by {} only",
                    listed(services.chain(channels))
                ),
            }
        });
    }

    /// What only programs see.
    fn quiet<E: PartialEq, M: PartialEq>(&mut self, name: &str, ids: (&E, &E), data: (&M, &M)) {
        self.field("externalId", ids, |_, _| {
            format!("{name} has another external id")
        });
        self.field("metadata", data, |_, _| {
            format!("{name} has other metadata")
        });
    }
}

/// What there is of the same key in two lists: first in the order of the new one, then what is gone.
fn pairs<'a, T, K: Ord>(
    old: &'a [T],
    new: &'a [T],
    key: impl Fn(&T) -> K,
) -> Vec<(Option<&'a T>, Option<&'a T>)> {
    let mut before: BTreeMap<K, &T> = old.iter().map(|one| (key(one), one)).collect();
    let mut pairs: Vec<_> = new
        .iter()
        .map(|one| (before.remove(&key(one)), Some(one)))
        .collect();
    let is_gone = |one: &&T| before.contains_key(&key(one));
    pairs.extend(old.iter().filter(is_gone).map(|one| (Some(one), None)));
    pairs
}

/// What a rule is for, to be compared.
fn case(
    rule: &PriceRule,
) -> (
    Option<super::Service>,
    Option<super::Channel>,
    Option<super::Key>,
) {
    (rule.service, rule.channel.clone(), rule.daypart.clone())
}

fn case_words(rule: &PriceRule) -> String {
    let service = rule
        .service
        .map(|service| format!("for {}", service.name()));
    let channel = rule.channel.as_ref().map(|channel| format!("on {channel}"));
    let daypart = rule.daypart.as_ref().map(|daypart| format!("at {daypart}"));
    let all: Vec<_> = [service, channel, daypart].into_iter().flatten().collect();
    all.join(" ")
}

fn amount(minor: i64, currency: Currency) -> String {
    Money::new(minor, currency).amount()
}

fn item_name(menu: &Menu, id: ItemId) -> String {
    let item = menu.item(id);
    item.map_or_else(|| id.to_string(), |item| item.name.main().to_owned())
}

fn group_name(menu: &Menu, id: GroupId) -> String {
    let group = menu.group(id);
    group.map_or_else(|| id.to_string(), |group| group.name.main().to_owned())
}

fn items(count: usize) -> String {
    match count {
        1 => "1 item".to_owned(),
        count => format!("{count} items"),
    }
}

/// Several things in a sentence; of many, the first few and how many more.
fn listed<T: Display>(all: impl IntoIterator<Item = T>) -> String {
    /// How many are named.
    const NAMED_MAX: usize = 8;
    let all: Vec<String> = all.into_iter().map(|one| one.to_string()).collect();
    match all.len() {
        0 => "nothing".to_owned(),
        count if count > NAMED_MAX => {
            let more = count.saturating_sub(NAMED_MAX);
            let named: Vec<_> = all.into_iter().take(NAMED_MAX).collect();
            format!("{} and {more} more", named.join(", "))
        }
        _ => all.join(", "),
    }
}

fn hours(daypart: &Daypart) -> String {
    let days = listed(daypart.days.iter().map(|day| day.name()));
    format!("{days} from {} to {}", daypart.from, daypart.to)
}

fn rates(class: &TaxClass) -> String {
    let rate = |(service, rate): (&super::Service, &i64)| {
        format!("{} for {}", percent(*rate), service.name())
    };
    listed(class.rates.iter().map(rate))
}

/// A rate as people write it: 70,000 millionths are 7 %, and 5,500 are 0.55 %.
fn percent(rate: i64) -> String {
    /// How many millionths are one percent.
    const OF_PERCENT: i64 = RATE_MILLIONTHS / 100;
    let (whole, rest) = (rate.div_euclid(OF_PERCENT), rate.rem_euclid(OF_PERCENT));
    let rest = format!("{rest:04}");
    match rest.trim_end_matches('0') {
        "" => format!("{whole} %"),
        rest => format!("{whole}.{rest} %"),
    }
}
