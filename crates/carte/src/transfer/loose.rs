//! What a file says, before it is known what it means: ids may be missing, and things name each other by key.
//!
//! `None` in a field that a part must have means that the file is silent about it: an existing part keeps what it has.

use std::collections::{BTreeMap, BTreeSet};

use base::{Currency, Uid};

use super::findings::Findings;
use crate::{
    Allergen, Channel, Daypart, Diet, ExternalId, Key, Language, Metadata, PictureId, PriceRule,
    Prices, Service, TaxClass, TaxesIncluded, Words, WordsError,
};

/// What a file says of a menu.
#[derive(Debug, Default)]
pub struct Read {
    pub(super) head: Head,
    pub(super) categories: Vec<Category>,
    pub(super) items: Vec<Item>,
    pub(super) groups: Vec<Group>,
    /// Choices that stand apart from their group, in the order of the file.
    pub(super) choices: Vec<(Ref, Choice)>,
    /// What stands in which category, item by item, in the order of the file.
    pub(super) shelves: Vec<Shelf>,
    /// What is wrong.
    pub findings: Findings,
}

impl Read {
    /// How many things the file has.
    #[must_use]
    pub fn things(&self) -> usize {
        let Read {
            categories,
            items,
            groups,
            ..
        } = self;
        [categories.len(), items.len(), groups.len()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}

/// A place in a file: the line, and what of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct At {
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) field: &'static str,
}

/// How something is named: by our id or by what another system calls it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    Id(Uid),
    Key(ExternalId),
}

/// A name that leads to something, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Ref {
    pub(super) name: Name,
    pub(super) at: At,
}

/// An item that stands in a category.
#[derive(Clone, Debug)]
pub(super) struct Shelf {
    pub(super) category: Ref,
    pub(super) item: Spot,
}

/// Which item stands somewhere: one of the file by its number, or one that is named.
#[derive(Clone, Debug)]
pub(super) enum Spot {
    Own(usize),
    Named(Ref),
}

/// How a thing is called.
#[derive(Clone, Debug, Default)]
pub(super) struct Called {
    pub(super) at: At,
    pub(super) id: Option<Uid>,
    /// What another system calls it; `None` where the file has no place for it.
    pub(super) key: Option<Option<ExternalId>>,
}

#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) at: Option<At>,
    pub(super) currency: Option<Currency>,
    pub(super) language: Option<Language>,
    pub(super) taxes_included: Option<TaxesIncluded>,
    pub(super) dayparts: Option<Vec<Daypart>>,
    pub(super) taxes: Option<Vec<TaxClass>>,
    /// The order of the categories where the file says another than its own.
    pub(super) order: Option<Vec<Ref>>,
}

#[derive(Debug)]
pub(super) struct Category {
    pub(super) called: Called,
    pub(super) name: Text,
    pub(super) description: Text,
    pub(super) items: Option<Vec<Ref>>,
    pub(super) daypart: Option<Option<Key>>,
    pub(super) sold: Sold,
    pub(super) metadata: Option<Metadata>,
}

#[derive(Debug)]
pub(super) struct Item {
    pub(super) called: Called,
    pub(super) name: Text,
    pub(super) description: Text,
    pub(super) price: Amounts,
    pub(super) groups: Option<Vec<Ref>>,
    pub(super) tax: Option<Key>,
    pub(super) sold: Sold,
    pub(super) allergens: Option<BTreeSet<Allergen>>,
    pub(super) diets: Option<BTreeSet<Diet>>,
    pub(super) age_min: Option<Option<u8>>,
    pub(super) picture: Option<Option<PictureId>>,
    pub(super) prep_minutes: Option<Option<u16>>,
    pub(super) alone: Option<bool>,
    pub(super) metadata: Option<Metadata>,
    /// Whether the file says in which categories it stands.
    pub(super) is_shelved: bool,
}

#[derive(Debug)]
pub(super) struct Group {
    pub(super) called: Called,
    pub(super) name: Text,
    pub(super) min: Option<u16>,
    pub(super) max: Option<u16>,
    pub(super) free: Option<u16>,
    pub(super) choices: Option<Vec<Choice>>,
    pub(super) metadata: Option<Metadata>,
}

#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) item: Ref,
    pub(super) prices: Option<Prices>,
    pub(super) max: u16,
    pub(super) preset: u16,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Sold {
    pub(super) services: Option<BTreeSet<Service>>,
    pub(super) channels: Option<BTreeSet<Channel>>,
}

/// What is said of a text.
#[derive(Debug)]
pub(super) enum Text {
    /// All of it.
    Whole(Option<Words>),
    /// Some languages of it, an empty text for one that goes; the main text first, if there is a place for it.
    Some {
        main: Option<String>,
        other: Vec<(Language, String)>,
    },
}

impl Text {
    /// The text that follows from what is there; none where the main text is empty.
    pub(super) fn over(&self, before: Option<&Words>) -> Result<Option<Words>, WordsError> {
        let (main, said) = match self {
            Text::Whole(words) => return Ok(words.clone()),
            Text::Some { main, other } => (main, other),
        };
        let main = match main {
            Some(main) => main.as_str(),
            None => before.map_or("", Words::main),
        };
        let mut other: BTreeMap<Language, String> = before
            .map(|words| words.other().clone())
            .unwrap_or_default();
        for (language, text) in said {
            match text.is_empty() {
                true => other.remove(language.as_str()),
                false => other.insert(language.clone(), text.clone()),
            };
        }
        match main.is_empty() && other.is_empty() {
            true => Ok(None),
            false => Words::of(main.to_owned(), other).map(Some),
        }
    }
}

/// In which case a price holds.
pub(super) type Case = (Option<Service>, Option<Channel>, Option<Key>);

/// What is said of prices.
#[derive(Debug)]
pub(super) enum Amounts {
    /// All of them.
    Whole(Prices),
    /// The price itself where there is a place for it, and prices of cases: an empty one goes.
    Some {
        minor: Option<i64>,
        cases: Vec<(Case, Option<i64>)>,
        /// Whether these are all cases there are, in this order.
        is_all: bool,
    },
}

impl Amounts {
    /// The prices that follow from what is there; none where nobody says the price itself.
    pub(super) fn over(&self, before: Option<&Prices>) -> Option<Prices> {
        let (minor, cases, is_all) = match self {
            Amounts::Whole(prices) => return Some(prices.clone()),
            Amounts::Some {
                minor,
                cases,
                is_all,
            } => (*minor, cases, *is_all),
        };
        let minor = minor.or(before.map(|prices| prices.minor))?;
        let said = cases
            .iter()
            .filter_map(|(case, amount)| Some(rule_of(case, (*amount)?)));
        if is_all {
            let rules = said.collect();
            return Some(Prices { minor, rules });
        }
        let old: &[PriceRule] = before.map_or(&[], |prices| &prices.rules);
        let is_old = |case: &Case| old.iter().any(|rule| case_of(rule) == *case);
        let kept = old.iter().filter_map(|rule| {
            let case = case_of(rule);
            match cases.iter().find(|(one, _)| *one == case) {
                Some((_, amount)) => Some(rule_of(&case, (*amount)?)),
                None => Some(rule.clone()),
            }
        });
        let new = said.filter(|rule| !is_old(&case_of(rule)));
        let rules = kept.chain(new).collect();
        Some(Prices { minor, rules })
    }
}

/// The case of a rule.
pub(super) fn case_of(rule: &PriceRule) -> Case {
    (rule.service, rule.channel.clone(), rule.daypart.clone())
}

/// The rule of a case.
pub(super) fn rule_of((service, channel, daypart): &Case, minor: i64) -> PriceRule {
    PriceRule {
        service: *service,
        channel: channel.clone(),
        daypart: daypart.clone(),
        minor,
    }
}
