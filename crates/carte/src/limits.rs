//! What a single part must keep to, whatever else is in the menu: lengths, counts, ranges, nothing twice.

use std::collections::BTreeSet;

use super::{
    CATEGORIES_MAX, CATEGORY_ITEMS_MAX, CHANNELS_MAX, CHOICES_MAX, CHOSEN_MAX, Category,
    DAYPARTS_MAX, Daypart, Finding, Group, Head, ITEM_GROUPS_MAX, Item, NAME_CHARS_MAX,
    PRICE_MINOR_MAX, Part, PartId, Prices, RATE_MILLIONTHS, RULES_MAX, Sold, TAXES_MAX, TaxClass,
    Words,
};

/// The most findings that are told at once.
pub const FINDINGS_MAX: usize = 1_000;
/// The longest that anything takes to make: a day.
const PREP_MINUTES_MAX: u16 = 1_440;
/// The highest age that a buyer must have.
const AGE_MAX: u8 = 99;

/// Collects findings, as many as are told.
#[derive(Default)]
pub(super) struct Findings {
    told: Vec<Finding>,
    at: Option<PartId>,
}

impl Findings {
    /// Says which part the findings that follow are about.
    pub(super) const fn about(&mut self, part: Option<PartId>) {
        self.at = part;
    }

    pub(super) fn add(&mut self, code: &'static str, field: impl Into<String>, words: String) {
        if self.told.len() < FINDINGS_MAX {
            self.told.push(Finding {
                code,
                part: self.at,
                field: field.into(),
                words,
            });
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.told.len() >= FINDINGS_MAX
    }

    pub(super) fn all(self) -> Vec<Finding> {
        self.told
    }

    fn no_more_than(&mut self, field: &str, count: usize, max: usize) {
        if count > max {
            self.add(
                "too_many",
                field,
                format!("there are {count}, and at most {max} may be"),
            );
        }
    }

    fn once<T: Ord>(&mut self, field: &str, all: impl Iterator<Item = T>) {
        let mut seen = BTreeSet::new();
        for (place, one) in all.enumerate() {
            if !seen.insert(one) {
                let field = format!("{field}[{place}]");
                self.add("twice", field, "it is there twice".to_owned());
            }
        }
    }

    fn in_range(&mut self, field: &str, number: i64, max: i64) {
        if !(0..=max).contains(&number) {
            let words = format!("it is a number from 0 to {max}, not {number}");
            self.add("out_of_range", field, words);
        }
    }
}

/// What is wrong with a part by itself.
pub(super) fn part(part: &Part, findings: &mut Findings) {
    match part {
        Part::Head(one) => head(one, findings),
        Part::Category(one) => category(one, findings),
        Part::Item(one) => item(one, findings),
        Part::Group(one) => group(one, findings),
    }
}

pub(super) fn head(head: &Head, findings: &mut Findings) {
    findings.about(None);
    plan(&head.dayparts, &head.taxes, findings);
    findings.no_more_than("order", head.order.len(), CATEGORIES_MAX);
    findings.once("order", head.order.iter());
}

/// What is wrong with parts of the day and tax classes.
pub(super) fn plan(dayparts: &[Daypart], taxes: &[TaxClass], findings: &mut Findings) {
    findings.no_more_than("dayparts", dayparts.len(), DAYPARTS_MAX);
    findings.once("dayparts", dayparts.iter().map(|daypart| &daypart.key));
    for (place, daypart) in dayparts.iter().enumerate() {
        name(&format!("dayparts[{place}].name"), &daypart.name, findings);
        if daypart.days.is_empty() {
            let words = format!("{} is on no day", daypart.name.main());
            findings.add("empty", format!("dayparts[{place}].days"), words);
        }
    }
    findings.no_more_than("taxes", taxes.len(), TAXES_MAX);
    findings.once("taxes", taxes.iter().map(|class| &class.key));
    for (place, class) in taxes.iter().enumerate() {
        for (service, rate) in &class.rates {
            let field = format!("taxes[{place}].rates.{}", service.name());
            findings.in_range(&field, *rate, RATE_MILLIONTHS);
        }
    }
}

pub(super) fn category(category: &Category, findings: &mut Findings) {
    findings.about(Some(PartId::Category(category.id)));
    name("name", &category.name, findings);
    findings.no_more_than("items", category.items.len(), CATEGORY_ITEMS_MAX);
    findings.once("items", category.items.iter());
    sold(&category.sold, findings);
}

pub(super) fn item(item: &Item, findings: &mut Findings) {
    findings.about(Some(PartId::Item(item.id)));
    name("name", &item.name, findings);
    prices("price", &item.price, findings);
    findings.no_more_than("groups", item.groups.len(), ITEM_GROUPS_MAX);
    findings.once("groups", item.groups.iter());
    sold(&item.sold, findings);
    if let Some(age) = item.age_min {
        findings.in_range("ageMin", i64::from(age), i64::from(AGE_MAX));
    }
    if let Some(minutes) = item.prep_minutes {
        findings.in_range(
            "prepMinutes",
            i64::from(minutes),
            i64::from(PREP_MINUTES_MAX),
        );
    }
}

pub(super) fn group(group: &Group, findings: &mut Findings) {
    findings.about(Some(PartId::Group(group.id)));
    name("name", &group.name, findings);
    for (field, number) in [("min", group.min), ("max", group.max), ("free", group.free)] {
        findings.in_range(field, i64::from(number), i64::from(CHOSEN_MAX));
    }
    findings.no_more_than("choices", group.choices.len(), CHOICES_MAX);
    findings.once("choices", group.choices.iter().map(|choice| choice.item));
    for (place, choice) in group.choices.iter().enumerate() {
        for (field, number) in [("max", choice.max), ("preset", choice.preset)] {
            let field = format!("choices[{place}].{field}");
            findings.in_range(&field, i64::from(number), i64::from(CHOSEN_MAX));
        }
        if let Some(own) = &choice.prices {
            prices(&format!("choices[{place}].prices"), own, findings);
        }
    }
}

/// What is wrong with amounts.
pub(super) fn prices(field: &str, prices: &Prices, findings: &mut Findings) {
    findings.in_range(&format!("{field}.minor"), prices.minor, PRICE_MINOR_MAX);
    findings.no_more_than(&format!("{field}.rules"), prices.rules.len(), RULES_MAX);
    for (place, rule) in prices.rules.iter().enumerate() {
        let field = format!("{field}.rules[{place}]");
        findings.in_range(&format!("{field}.minor"), rule.minor, PRICE_MINOR_MAX);
        if rule.named() == 0 {
            let words = "a rule names a service, a channel or a part of the day".to_owned();
            findings.add("empty", field, words);
        }
    }
}

fn sold(sold: &Sold, findings: &mut Findings) {
    findings.no_more_than("sold.channels", sold.channels.len(), CHANNELS_MAX);
}

/// A name is a short line, in every language.
fn name(field: &str, words: &Words, findings: &mut Findings) {
    let fits = |text: &str| text.chars().count() <= NAME_CHARS_MAX && !text.contains('\n');
    if !words.all().all(fits) {
        let words = format!("a name is one line of at most {NAME_CHARS_MAX} characters");
        findings.add("name_too_long", field, words);
    }
}
