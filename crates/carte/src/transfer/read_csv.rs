//! A menu as a table: one line a thing, in the order in which things are shown.

use std::collections::{BTreeMap, BTreeSet};

use base::Currency;

use super::columns::{Column, Kind};
use super::findings::{Code, Finding, shown};
use super::line::{self, Line};
use super::loose::{Amounts, At, Category, Choice, Group, Item, Read, Shelf, Spot};
use super::table::{Row, Rows, about, no_value};
use crate::{
    Allergen, CATEGORIES_MAX, CHOICES_MAX, Daypart, Days, Diet, GROUPS_MAX, ITEMS_MAX, Service,
    TaxClass, TaxesIncluded, Weekday,
};

/// How many lines a table may have that mean something: choices and second places of items are more than items.
const LINES_MAX: usize = 1_000_000;
/// What stands instead of days where there are none.
pub(super) const NEVER: &str = "never";
/// What may stand instead of all days.
const DAILY: &str = "daily";

/// Reads a table. Prices are in the currency of its head or, where the table has none, in the one that is given.
#[must_use]
pub fn read_csv(bytes: &[u8], currency: Option<Currency>) -> Read {
    let mut reader = Reader {
        columns: Vec::new(),
        places: BTreeMap::new(),
        currency,
        read: Read::default(),
        lines: 0,
    };
    for row in Rows::new(bytes) {
        let goes_on = match row {
            Ok(row) if row.is_blank() => true,
            Ok(row) if reader.columns.is_empty() => reader.first(&row),
            Ok(row) => reader.row(&row),
            Err(finding) => {
                reader.read.findings.add(finding);
                !reader.columns.is_empty()
            }
        };
        if !goes_on {
            break;
        }
    }
    if reader.columns.is_empty() && reader.read.findings.is_empty() {
        let words = "the file is empty: its first line must name the columns".to_owned();
        reader.add(1, Code::Missing, words);
    }
    reader.read.findings.sort();
    reader.read
}

struct Reader {
    columns: Vec<Column>,
    places: BTreeMap<Column, usize>,
    currency: Option<Currency>,
    read: Read,
    lines: usize,
}

impl Reader {
    fn add(&mut self, line: u64, code: Code, words: String) {
        self.read.findings.add(Finding {
            line,
            column: 0,
            field: String::new(),
            code,
            words,
        });
    }

    /// The first line names the columns. Without all of them known nothing else is read.
    fn first(&mut self, row: &Row) -> bool {
        for (place, name) in row.cells.iter().enumerate() {
            let name = name.trim();
            let column = Column::find(name).unwrap_or_else(|| {
                let known: Vec<&str> = Column::plain().collect();
                let known = known.join(", ");
                let words = format!("there is no column {}; there is: {known}", shown(name));
                let finding = about(row, (place, ""), Code::ColumnUnknown, words);
                self.read.findings.add(finding);
                Column::Blank
            });
            if column != Column::Blank && self.places.insert(column.clone(), place).is_some() {
                let field = column.to_string();
                let words = "this column is there before".to_owned();
                self.read
                    .findings
                    .add(about(row, (place, &field), Code::ColumnTwice, words));
            }
            self.columns.push(column);
        }
        if !self.places.contains_key(&Column::Plain("kind")) {
            let words = "there is no column `kind`, which says what a line is".to_owned();
            self.add(row.line, Code::Missing, words);
        }
        self.read.findings.is_empty()
    }

    fn row(&mut self, row: &Row) -> bool {
        self.lines = self.lines.saturating_add(1);
        let read = &self.read;
        let is_full = read.items.len() > ITEMS_MAX
            || read.groups.len() > GROUPS_MAX
            || read.categories.len() > CATEGORIES_MAX
            || self.lines > LINES_MAX;
        if is_full {
            let words = format!(
                "a menu has at most {ITEMS_MAX} items, {GROUPS_MAX} groups and {CATEGORIES_MAX} categories"
            );
            self.add(row.line, Code::TooLarge, words);
            return false;
        }
        let place = self.places.get(&Column::Plain("kind")).copied();
        let place = place.unwrap_or_default();
        let name = row.cells.get(place).map_or("", |cell| cell.trim());
        let Some(kind) = Kind::find(name) else {
            let wanted = "head, daypart, tax, category, item, again, group or choice";
            let finding = no_value(row, (place, "kind"), name, wanted);
            self.read.findings.add(finding);
            return true;
        };
        let currency = self.currency;
        let (line, rest) = self.line(row, kind);
        rest.take(line, kind, currency);
        if let (Kind::Head, Some(said)) = (kind, self.read.head.currency) {
            self.currency = Some(said);
        }
        true
    }

    /// The line of a row, checked for what does not belong there, and what of the reading is not lent to it.
    fn line<'a>(&'a mut self, row: &'a Row, kind: Kind) -> (Line<'a>, Rest<'a>) {
        let Read {
            head,
            categories,
            items,
            groups,
            choices,
            shelves,
            findings,
        } = &mut self.read;
        let places = &self.places;
        let mut line = Line {
            row,
            places,
            findings,
        };
        line.check(kind, &self.columns);
        let rest = Rest {
            head,
            categories,
            items,
            groups,
            choices,
            shelves,
        };
        (line, rest)
    }
}

/// What has been read, without its findings.
struct Rest<'a> {
    head: &'a mut super::loose::Head,
    categories: &'a mut Vec<Category>,
    items: &'a mut Vec<Item>,
    groups: &'a mut Vec<Group>,
    choices: &'a mut Vec<(super::loose::Ref, Choice)>,
    shelves: &'a mut Vec<Shelf>,
}

impl Rest<'_> {
    fn take(self, mut line: Line<'_>, kind: Kind, currency: Option<Currency>) {
        match kind {
            Kind::Head => self.head(&mut line),
            Kind::Daypart => {
                if let Some(daypart) = daypart(&mut line) {
                    self.head.dayparts.get_or_insert_default().push(daypart);
                }
            }
            Kind::Tax => {
                if let Some(tax) = tax(&mut line) {
                    self.head.taxes.get_or_insert_default().push(tax);
                }
            }
            Kind::Category => self.categories.push(category(&mut line)),
            Kind::Item => self.item(&mut line, currency),
            Kind::Again => {
                let category = line.reference("category", Kind::Category);
                let item = line.reference("item", Kind::Item);
                if let (Some(category), Some(item)) = (category, item) {
                    let item = Spot::Named(item);
                    self.shelves.push(Shelf { category, item });
                }
            }
            Kind::Group => self.groups.push(group(&mut line)),
            Kind::Choice => {
                let group = line.reference("group", Kind::Group);
                if let (Some(group), Some(choice)) = (group, choice(&mut line, currency)) {
                    self.choices.push((group, choice));
                }
            }
        }
    }

    fn head(self, line: &mut Line<'_>) {
        if self.head.at.is_some() {
            let words = "a menu has one head".to_owned();
            line.wrong("kind", Code::Twice, words);
            return;
        }
        if !(self.items.is_empty() && self.choices.is_empty()) {
            let words = "the head stands before everything that has a price".to_owned();
            line.wrong("kind", Code::Value, words);
        }
        self.head.at = Some(line.at("kind"));
        let currency = line.one("currency", "a currency such as EUR", |text| {
            text.parse().ok()
        });
        self.head.currency = currency.flatten();
        let language = line.one("language", "a language such as de", |text| {
            text.parse().ok()
        });
        self.head.language = language.flatten();
        let taxes = line.one("taxes", "`included` or `added`", TaxesIncluded::find);
        self.head.taxes_included = taxes.flatten();
    }

    fn item(self, line: &mut Line<'_>, currency: Option<Currency>) {
        let number = self.items.len();
        let stands_in = line.references("category", Kind::Category);
        let is_shelved = stands_in.is_some();
        let shelves = stands_in.into_iter().flatten().map(|category| Shelf {
            category,
            item: Spot::Own(number),
        });
        self.shelves.extend(shelves);
        let price = line.amounts(currency);
        if let (Amounts::Some { minor: Some(_), .. }, None) = (&price, currency) {
            line.wrong(
                "price",
                Code::Missing,
                "nothing says the currency".to_owned(),
            );
        }
        let number = "a whole number";
        self.items.push(Item {
            called: line.called(Kind::Item),
            name: line.text("name"),
            description: line.text("description"),
            price,
            groups: line.references("groups", Kind::Group),
            tax: line
                .one("tax", "the key of a tax class", line::key)
                .flatten(),
            sold: line.sold(),
            allergens: line.list("allergens", "an allergen", Allergen::find),
            diets: line.list("diets", "a diet", Diet::find),
            age_min: line.one("age", number, |text| text.parse().ok()),
            picture: line.one("picture", "the id of a picture", |text| text.parse().ok()),
            prep_minutes: line.one("minutes", number, |text| text.parse().ok()),
            alone: line
                .one("alone", "`yes` or `no`", line::truth)
                .map(|said| said.unwrap_or(true)),
            metadata: line.metadata(),
            is_shelved,
        });
    }
}

fn daypart(line: &mut Line<'_>) -> Option<Daypart> {
    let key = line.must(
        "key",
        "the key of a part of the day, such as lunch",
        line::key,
    );
    let days = line.must("days", "a list like mon|tue, `daily` or `never`", days);
    let from = line.must("from", "a time such as 11:30", line::time);
    let to = line.must("to", "a time such as 14:30", line::time);
    let name = match line.text("name").over(None) {
        Ok(Some(name)) => Some(name),
        Ok(None) => line.must("name", "a name", |_| None),
        Err(error) => {
            line.wrong("name", Code::Value, error.to_string());
            None
        }
    };
    Some(Daypart {
        key: key?,
        name: name?,
        days: days?,
        from: from?,
        to: to?,
    })
}

fn days(text: &str) -> Option<Days> {
    match text {
        NEVER => Some(BTreeSet::new()),
        DAILY => Some(Weekday::ALL.iter().copied().collect()),
        _ => {
            let words = text.split([line::LIST, ',', ';', ' ']).map(str::trim);
            let words = words.filter(|word| !word.is_empty());
            words.map(Weekday::find).collect()
        }
    }
}

fn tax(line: &mut Line<'_>) -> Option<TaxClass> {
    const WANTED: &str = "a number of percent, such as 7 or 9.975";
    let key = line.must("key", "the key of a tax class, such as food", line::key);
    let all = line.one("rate", WANTED, line::rate).flatten();
    let mut rates = BTreeMap::new();
    for service in Service::ALL {
        let place = line.places.get(&Column::Rate(*service)).copied();
        let text = place.and_then(|place| line.row.cells.get(place));
        let text = text.map_or("", |cell| cell.trim());
        let rate = match text.is_empty() {
            true => all,
            false => line::rate(text),
        };
        if let (None, false, Some(place)) = (rate, text.is_empty(), place) {
            let field = Column::Rate(*service).to_string();
            line.findings
                .add(no_value(line.row, (place, &field), text, WANTED));
        }
        rates.extend(rate.map(|rate| (*service, rate)));
    }
    Some(TaxClass { key: key?, rates })
}

fn category(line: &mut Line<'_>) -> Category {
    Category {
        called: line.called(Kind::Category),
        name: line.text("name"),
        description: line.text("description"),
        items: None,
        daypart: line.one("daypart", "the key of a part of the day", line::key),
        sold: line.sold(),
        metadata: line.metadata(),
    }
}

fn group(line: &mut Line<'_>) -> Group {
    let number = |text: &str| text.parse().ok();
    const WANTED: &str = "a whole number";
    Group {
        called: line.called(Kind::Group),
        name: line.text("name"),
        min: line.one("min", WANTED, number).flatten(),
        max: line.one("max", WANTED, number).flatten(),
        free: line.one("free", WANTED, number).flatten(),
        choices: None,
        metadata: line.metadata(),
    }
}

fn choice(line: &mut Line<'_>, currency: Option<Currency>) -> Option<Choice> {
    const WANTED: &str = "a whole number";
    let item = line.reference("item", Kind::Item);
    let amounts = line.amounts(currency);
    let prices = amounts.over(None);
    if let (None, Amounts::Some { cases, .. }) = (&prices, &amounts)
        && cases.iter().any(|(_, amount)| amount.is_some())
    {
        let words = "prices of cases want a price for all other cases".to_owned();
        line.wrong("price", Code::Missing, words);
    }
    let max = line.one("max", WANTED, |text| text.parse().ok()).flatten();
    let preset = line
        .one("preset", WANTED, |text| text.parse().ok())
        .flatten();
    Some(Choice {
        item: item?,
        prices,
        max: max.unwrap_or(1),
        preset: preset.unwrap_or(0),
    })
}

/// How many choices of one group a file may have is for the plan to say; this is what a place is called there.
pub(super) fn too_many_choices(at: At) -> Finding {
    Finding {
        line: at.line,
        column: 0,
        field: "group".to_owned(),
        code: Code::TooLarge,
        words: format!("a group has at most {CHOICES_MAX} choices"),
    }
}
