//! For whom a menu is compiled: what a caller asks for, brought down to the few cases in which menus differ.
//!
//! Callers choose languages and channels freely. Those that a menu does not speak of are all the same to it, so that
//! nobody can make a node compile more answers than the menu has faces.

use std::collections::BTreeSet;

use carte::{Channel, Item, Language, Menu, Prices, Service, Sold, Words};

/// How many languages of a browser are looked at.
const LANGUAGES_MAX: usize = 16;

/// The languages and channels that a menu speaks of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Faces {
    /// The language of the menu itself.
    pub(super) own: Language,
    /// The others that something in it is written in.
    pub(super) languages: BTreeSet<Language>,
    /// The channels in which it differs.
    pub(super) channels: BTreeSet<Channel>,
    /// Whether the platform's own is one of them.
    usual_is_named: bool,
    /// Stands for all other channels.
    pub(super) elsewhere: Channel,
}

/// What a caller asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) service: Service,
    pub(super) channel: Option<&'a Channel>,
    /// The language that he names.
    pub(super) language: Option<&'a Language>,
    /// Those that his browser names.
    pub(super) accepted: Option<&'a str>,
}

/// The case that he is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Case {
    pub(super) service: Service,
    pub(super) channel: Channel,
    /// None is the menu's own.
    pub(super) language: Option<Language>,
}

impl Faces {
    pub(super) fn of(menu: &Menu) -> Self {
        let mut channels = BTreeSet::new();
        let mut languages = BTreeSet::new();
        let mut say = |words: &Words| {
            let other = words.other().keys();
            languages.extend(other.filter(|one| **one != menu.language).cloned());
        };
        menu.dayparts.iter().for_each(|one| say(&one.name));
        menu.groups.iter().for_each(|one| say(&one.name));
        for category in &menu.categories {
            say(&category.name);
            category.description.iter().for_each(&mut say);
            channels.extend(category.sold.channels.iter().cloned());
        }
        for item in &menu.items {
            say(&item.name);
            item.description.iter().for_each(&mut say);
            channels.extend(of_item(item));
        }
        let choices = menu.groups.iter().flat_map(|group| &group.choices);
        let prices = choices.filter_map(|choice| choice.prices.as_ref());
        channels.extend(prices.flat_map(of_prices));
        Self {
            own: menu.language.clone(),
            languages,
            usual_is_named: channels.contains(&Channel::default()),
            elsewhere: elsewhere(&channels),
            channels,
        }
    }

    /// Brings down what is asked for to a case.
    pub(super) fn case(&self, asked: &Asked<'_>) -> Case {
        let usual = self.usual_is_named.then(Channel::default);
        let named = asked.channel.filter(|one| self.channels.contains(*one));
        let channel = match asked.channel {
            Some(_) => named.cloned(),
            None => usual,
        };
        Case {
            service: asked.service,
            channel: channel.unwrap_or_else(|| self.elsewhere.clone()),
            language: self.language(asked).filter(|one| *one != self.own),
        }
    }

    /// The language of a case.
    pub(super) fn shown<'a>(&'a self, case: &'a Case) -> &'a Language {
        case.language.as_ref().unwrap_or(&self.own)
    }

    /// About how many bytes this takes.
    pub(super) fn bytes(&self) -> usize {
        (self.languages.len() + self.channels.len() + 2) * 64
    }

    /// The language that is named, or the one that the browser likes best of those that there are.
    fn language(&self, asked: &Asked<'_>) -> Option<Language> {
        if self.languages.is_empty() {
            return None;
        }
        if let Some(language) = asked.language {
            return self.nearest(language.as_str());
        }
        let mut best: Option<(u16, Language)> = None;
        for part in asked.accepted?.split(',').take(LANGUAGES_MAX) {
            let (name, weight) = weighed(part);
            let likes_more = best.as_ref().is_none_or(|(most, _)| weight > *most);
            if let Some(found) = self.nearest(name).filter(|_| weight > 0 && likes_more) {
                best = Some((weight, found));
            }
        }
        best.map(|(_, language)| language)
    }

    /// What there is of a language, or of what is wider than it: for `de-AT` also `de`.
    fn nearest(&self, name: &str) -> Option<Language> {
        let mut chain = std::iter::successors(Some(name), |text| {
            text.rsplit_once('-').map(|(wider, _)| wider)
        });
        chain.find_map(|name| {
            let is_it = |one: &&Language| one.as_str().eq_ignore_ascii_case(name);
            let own = Some(&self.own).filter(is_it);
            own.or_else(|| self.languages.iter().find(is_it)).cloned()
        })
    }
}

impl Asked<'_> {
    /// Whether the words that he reads may depend on what he or his browser says.
    pub(super) fn names_a_language(&self) -> bool {
        self.language.is_some() || self.accepted.is_some()
    }
}

impl Case {
    /// The usual one.
    pub(super) fn usual(faces: &Faces, service: Service) -> Self {
        faces.case(&Asked {
            service,
            channel: None,
            language: None,
            accepted: None,
        })
    }
}

/// The name of a language in `Accept-Language` and how much it is liked, in thousandths.
fn weighed(part: &str) -> (&str, u16) {
    let (name, weight) = part.split_once(';').unwrap_or((part, "q=1"));
    let weight = weight.trim().strip_prefix("q=").unwrap_or("0");
    let weight: f32 = weight.parse().unwrap_or(0.0);
    (name.trim(), (weight.clamp(0.0, 1.0) * 1000.0) as u16)
}

fn of_item(item: &Item) -> impl Iterator<Item = Channel> {
    let Sold { channels, .. } = &item.sold;
    channels.iter().cloned().chain(of_prices(&item.price))
}

fn of_prices(prices: &Prices) -> impl Iterator<Item = Channel> {
    prices.rules.iter().filter_map(|rule| rule.channel.clone())
}

/// A channel that is none of these.
fn elsewhere(channels: &BTreeSet<Channel>) -> Channel {
    let usual = Channel::default();
    let others = (0..=channels.len()).filter_map(|number| format!("other{number}").parse().ok());
    let mut all = std::iter::once(usual.clone()).chain(others);
    all.find(|one| !channels.contains(one)).unwrap_or(usual)
}
