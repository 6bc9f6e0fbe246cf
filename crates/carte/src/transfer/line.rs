//! One line of a table of a menu: its cells by the names of their columns, and what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use base::{Currency, Money, Uid};

use super::columns::{Column, Kind, case};
use super::findings::{Code, Findings, shown};
use super::loose::{Amounts, At, Called, Case, Name, Ref, Sold, Text};
use super::table::{Row, about, no_value};
use crate::{CategoryId, GroupId, ItemId, Key, Metadata, PartId, Service};

/// How lists are written.
pub(super) const LIST: char = '|';

/// What an id of ours is, and the uid in it.
pub(super) fn id(kind: Kind, text: &str) -> Option<Uid> {
    match kind {
        Kind::Category => text.parse::<CategoryId>().ok().map(Uid::from),
        Kind::Item | Kind::Again => text.parse::<ItemId>().ok().map(Uid::from),
        Kind::Group | Kind::Choice => text.parse::<GroupId>().ok().map(Uid::from),
        Kind::Head | Kind::Daypart | Kind::Tax => None,
    }
}

/// What a thing is named by: an id if it looks like one, else a key.
pub(super) fn name(kind: Kind, text: &str) -> Option<Name> {
    match id(kind, text) {
        Some(id) => Some(Name::Id(id)),
        None if text.parse::<PartId>().is_ok() => None,
        None => text.parse().ok().map(Name::Key),
    }
}

/// A line and the columns above it.
pub(super) struct Line<'a> {
    pub(super) row: &'a Row,
    pub(super) places: &'a BTreeMap<Column, usize>,
    pub(super) findings: &'a mut Findings,
}

impl<'a> Line<'a> {
    /// The place of a column.
    fn place(&self, column: &'static str) -> Option<usize> {
        self.places.get(&Column::Plain(column)).copied()
    }

    fn at_place(&self, place: usize) -> &'a str {
        self.row.cells.get(place).map_or("", |cell| cell.trim())
    }

    /// A cell without the blanks at its ends; empty where the line is short, none where there is no such column.
    pub(super) fn cell(&self, column: &'static str) -> Option<&'a str> {
        self.place(column).map(|place| self.at_place(place))
    }

    /// Where a cell of this line stands.
    pub(super) fn at(&self, field: &'static str) -> At {
        let column = self.place(field).map_or(0, |place| place.saturating_add(1));
        At {
            line: self.row.line,
            column: u64::try_from(column).unwrap_or(u64::MAX),
            field,
        }
    }

    pub(super) fn wrong(&mut self, column: &'static str, code: Code, words: String) {
        let place = self.place(column).unwrap_or(0);
        self.findings
            .add(about(self.row, (place, column), code, words));
    }

    /// A value; an empty cell is none.
    pub(super) fn one<T>(
        &mut self,
        column: &'static str,
        wanted: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<Option<T>> {
        let text = self.cell(column)?;
        if text.is_empty() {
            return Some(None);
        }
        let value = parse(text);
        if value.is_none() {
            self.wrong(
                column,
                Code::Value,
                format!("{} is not {wanted}", shown(text)),
            );
        }
        value.map(Some)
    }

    /// A value that must be there.
    pub(super) fn must<T>(
        &mut self,
        column: &'static str,
        wanted: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        match self.one(column, wanted, parse) {
            Some(Some(value)) => Some(value),
            Some(None) => {
                let place = self.place(column).unwrap_or(0);
                self.findings
                    .add(no_value(self.row, (place, column), "", wanted));
                None
            }
            None if self.place(column).is_none() => {
                self.wrong(
                    column,
                    Code::Missing,
                    format!("there is no column `{column}`"),
                );
                None
            }
            None => None,
        }
    }

    /// A list of values.
    pub(super) fn list<T: Ord>(
        &mut self,
        column: &'static str,
        wanted: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<BTreeSet<T>> {
        let text = self.cell(column)?;
        let mut all = BTreeSet::new();
        for word in text.split([LIST, ',', ';', '\n']) {
            let word = word.trim();
            match parse(word) {
                _ if word.is_empty() => {}
                Some(value) => {
                    all.insert(value);
                }
                None => {
                    self.wrong(
                        column,
                        Code::Value,
                        format!("{} is not {wanted}", shown(word)),
                    );
                    return None;
                }
            }
        }
        Some(all)
    }

    /// A name of something, if there is one.
    pub(super) fn reference(&mut self, column: &'static str, kind: Kind) -> Option<Ref> {
        let found = self.must(column, "the key or id of such a thing", |text| {
            name(kind, text)
        });
        let at = self.at(column);
        found.map(|name| Ref { name, at })
    }

    /// The names of some things.
    pub(super) fn references(&mut self, column: &'static str, kind: Kind) -> Option<Vec<Ref>> {
        let text = self.cell(column)?;
        let mut all = Vec::new();
        for word in text
            .split([LIST, '\n'])
            .map(str::trim)
            .filter(|word| !word.is_empty())
        {
            match name(kind, word) {
                Some(name) => all.push(Ref {
                    name,
                    at: self.at(column),
                }),
                None => {
                    let words = format!("{} is no key and no id of such a thing", shown(word));
                    self.wrong(column, Code::Value, words);
                    return None;
                }
            }
        }
        Some(all)
    }

    /// How the thing of this line is called.
    pub(super) fn called(&mut self, kind: Kind) -> Called {
        let id = self.one("id", "an id of such a thing", |text| id(kind, text));
        let key = self.one("key", "a key", |text| text.parse().ok());
        Called {
            at: self.at("key"),
            id: id.flatten(),
            key,
        }
    }

    /// A text in all languages that there are columns for.
    pub(super) fn text(&self, column: &'static str) -> Text {
        let is_name = column == "name";
        let other = self.places.iter().filter_map(|(known, place)| {
            let language = match known {
                Column::Name(language) if is_name => language,
                Column::Description(language) if !is_name => language,
                _ => return None,
            };
            Some((language.clone(), lines(self.at_place(*place))))
        });
        Text::Some {
            main: self.cell(column).map(lines),
            other: other.collect(),
        }
    }

    /// Where the thing is sold.
    pub(super) fn sold(&mut self) -> Sold {
        let services = "a service: delivery, pickup or dine_in";
        Sold {
            services: self.list("services", services, Service::find),
            channels: self.list("channels", "a sales channel", |text| text.parse().ok()),
        }
    }

    /// The small pairs of the owner's programs, as a JSON object.
    pub(super) fn metadata(&mut self) -> Option<Metadata> {
        let wanted = "a JSON object of at most 16 short texts";
        let parsed = self.one("metadata", wanted, |text| serde_json::from_str(text).ok())?;
        Some(parsed.unwrap_or_default())
    }

    /// The prices.
    pub(super) fn amounts(&mut self, currency: Option<Currency>) -> Amounts {
        let amount = |text: &str| amount(text, currency);
        let minor = self.one("price", WANTED, amount).flatten();
        let all = self.one("prices", "a list like `pickup 9.50 | lunch 8.00`", |text| {
            text.split([LIST, '\n'])
                .map(|one| {
                    let (of, price) = one.trim().rsplit_once(' ')?;
                    Some((case(of.trim())?, Some(amount(price)?)))
                })
                .collect::<Option<Vec<_>>>()
        });
        let (listed, is_all) = match all {
            Some(Some(listed)) => (Some(listed), true),
            Some(None) => (None, true),
            None => (None, false),
        };
        let cases = self.cases(amount);
        if let (Some(_), true) = (&listed, cases.iter().any(|(_, amount)| amount.is_some())) {
            let words = "prices stand here and in columns of their own".to_owned();
            self.wrong("prices", Code::Twice, words);
        }
        Amounts::Some {
            minor,
            cases: listed.unwrap_or(cases),
            is_all,
        }
    }

    /// The prices that stand in columns of their own.
    fn cases(&mut self, amount: impl Fn(&str) -> Option<i64>) -> Vec<(Case, Option<i64>)> {
        let mut cases = Vec::new();
        let places = self.places;
        for (column, place) in places {
            let Column::Price(case) = column else {
                continue;
            };
            let text = self.at_place(*place);
            let minor = amount(text);
            if minor.is_none() && !text.is_empty() {
                let field = column.to_string();
                self.findings
                    .add(no_value(self.row, (*place, &field), text, WANTED));
            }
            cases.push((case.clone(), minor));
        }
        cases
    }

    /// Says what is filled and does not belong to things of this kind.
    pub(super) fn check(&mut self, kind: Kind, columns: &[Column]) {
        for (place, cell) in self.row.cells.iter().enumerate() {
            if cell.trim().is_empty() {
                continue;
            }
            let column = columns.get(place).unwrap_or(&Column::Blank);
            if !column.belongs(kind) {
                let words = match column {
                    Column::Blank => "the column of this cell has no name".to_owned(),
                    _ => format!("a line of kind {} has no `{column}`", kind.name()),
                };
                let field = column.to_string();
                let finding = about(self.row, (place, &field), Code::NotOfKind, words);
                self.findings.add(finding);
            }
        }
    }
}

const WANTED: &str = "an amount in the currency of the menu, such as 9.50";

/// An amount as people and spreadsheets write it: `9.50`, `9,50`, `9.5`.
fn amount(text: &str, currency: Option<Currency>) -> Option<i64> {
    let plain = text.replacen(',', ".", 1);
    Money::parse(&plain, currency?)
        .ok()
        .map(|money| money.minor())
}

/// A text with the line breaks that texts have here.
fn lines(text: &str) -> String {
    match text.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "\n"),
        false => text.to_owned(),
    }
}

/// A number of percent with at most four digits after the point, in millionths.
pub(super) fn rate(text: &str) -> Option<i64> {
    const DIGITS: usize = 4;
    const SCALE: i64 = 10_000;
    let plain = text.trim_end_matches('%').trim_end().replacen(',', ".", 1);
    let (sign, plain) = match plain.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, plain.as_str()),
    };
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > DIGITS {
        return None;
    }
    let fraction: i64 = format!("{fraction:0<DIGITS$}").parse().ok()?;
    let fraction = fraction.checked_mul(sign)?;
    let whole = whole.parse::<i64>().ok()?.checked_mul(sign)?;
    whole.checked_mul(SCALE)?.checked_add(fraction)
}

/// Writes a rate as [`rate`] reads it.
pub(super) fn shown_rate(millionths: i64) -> String {
    const SCALE: u64 = 10_000;
    let sign = if millionths < 0 { "-" } else { "" };
    let size = millionths.unsigned_abs();
    let (whole, fraction) = (size / SCALE, size % SCALE);
    let fraction = format!("{fraction:04}");
    match fraction.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        digits => format!("{sign}{whole}.{digits}"),
    }
}

/// A time of the day as spreadsheets write it too: `9:30`, `09:30`, `09:30:00`.
pub(super) fn time(text: &str) -> Option<crate::TimeOfDay> {
    let text = match text.strip_suffix(":00") {
        Some(front) if front.contains(':') => front,
        _ => text,
    };
    match text.find(':') {
        Some(1) => format!("0{text}").parse().ok(),
        _ => text.parse().ok(),
    }
}

/// A yes or no.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "true" | "1" => Some(true),
        "no" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// A key of a part of the day or a tax class.
pub(super) fn key(text: &str) -> Option<Key> {
    text.parse().ok()
}
