//! A menu as JSON: one document, or a part in each line. The same forms as everywhere, but ids may be left out, and
//! where an id stands an external id may stand.

use std::collections::BTreeSet;

use base::{Currency, Uid};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::columns::Kind;
use super::findings::{Code, Finding, Findings, shown};
use super::line::name;
use super::loose::{self, Amounts, At, Called, Read, Ref, Text};
use super::scan::{Piece, Scanner};
use crate::{
    Allergen, CategoryId, Daypart, Diet, ExternalId, GroupId, ItemId, Key, Language, Metadata,
    PictureId, Prices, Sold, TaxClass, TaxesIncluded, Words,
};

/// Reads one document, as `GET …/menu/export?format=json` writes it.
#[must_use]
pub fn read_json(bytes: &[u8]) -> Read {
    let mut read = Read::default();
    if let Some(text) = utf8(bytes, &mut read.findings) {
        let mut scanner = Scanner::new(text);
        if let Err(finding) = document(&mut scanner, &mut read) {
            read.findings.add(finding);
        }
    }
    read.findings.sort();
    read
}

/// Reads a part in each line: `{"kind":"item",…}`.
#[must_use]
pub fn read_lines(bytes: &[u8]) -> Read {
    let mut read = Read::default();
    if let Some(text) = utf8(bytes, &mut read.findings) {
        for (number, line) in (1_u64..).zip(text.lines()) {
            let piece = Piece {
                text: line,
                line: number,
                column: 1,
            };
            if line.trim().is_empty() {
                continue;
            }
            match piece.read::<Part>("") {
                Ok(part) => take(&mut read, part, &piece),
                Err(finding) => read.findings.add(finding),
            }
        }
    }
    read.findings.sort();
    read
}

fn utf8<'a>(bytes: &'a [u8], findings: &mut Findings) -> Option<&'a str> {
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let breaks = before.iter().filter(|byte| **byte == b'\n').count();
            findings.add(Finding {
                line: u64::try_from(breaks).unwrap_or(0).saturating_add(1),
                column: 0,
                field: String::new(),
                code: Code::Encoding,
                words: "the file is no text in UTF-8".to_owned(),
            });
            None
        }
    }
}

/// Goes through the object of a document. An element that is wrong is said; only what breaks the frame ends it.
fn document(scanner: &mut Scanner<'_>, read: &mut Read) -> Result<(), Finding> {
    if !scanner.take(b'{') {
        return Err(scanner.wrong("a menu begins with `{`"));
    }
    read.head.at = Some(At {
        line: 1,
        ..At::default()
    });
    let mut seen = BTreeSet::new();
    let mut is_first = true;
    while !scanner.take(b'}') {
        if !is_first && !scanner.take(b',') {
            return Err(scanner.wrong("here must be `,` or `}`"));
        }
        is_first = false;
        let field = scanner
            .value()
            .ok_or_else(|| scanner.wrong("here must be the name of a field"))?;
        let name: String = field.read("")?;
        if !scanner.take(b':') {
            return Err(scanner.wrong("here must be `:`"));
        }
        if !seen.insert(name.clone()) {
            let mut finding = scanner.wrong("this field is there before");
            finding.code = Code::Twice;
            return Err(finding);
        }
        match name.as_str() {
            "categories" => elements(scanner, read, |part| Part::Category(Box::new(part)))?,
            "items" => elements(scanner, read, |part| Part::Item(Box::new(part)))?,
            "groups" => elements(scanner, read, |part| Part::Group(Box::new(part)))?,
            _ => {
                let piece = scanner
                    .value()
                    .ok_or_else(|| scanner.wrong("here must be a value"))?;
                if let Err(finding) = of_head(&name, &piece, read) {
                    read.findings.add(finding);
                }
            }
        }
    }
    match scanner.peek() {
        None => Ok(()),
        Some(_) => Err(scanner.wrong("something follows the menu")),
    }
}

fn of_head(name: &str, piece: &Piece<'_>, read: &mut Read) -> Result<(), Finding> {
    let head = &mut read.head;
    match name {
        "currency" => head.currency = Some(piece.read("currency")?),
        "language" => head.language = Some(piece.read("language")?),
        "taxesIncluded" => head.taxes_included = Some(piece.read("taxesIncluded")?),
        "dayparts" => head.dayparts = Some(piece.read("dayparts")?),
        "taxes" => head.taxes = Some(piece.read("taxes")?),
        _ => {
            return Err(Finding {
                line: piece.line,
                column: piece.column,
                field: String::new(),
                code: Code::ColumnUnknown,
                words: format!("a menu has no field {}", shown(name)),
            });
        }
    }
    Ok(())
}

/// Goes through a list of parts.
fn elements<T: DeserializeOwned>(
    scanner: &mut Scanner<'_>,
    read: &mut Read,
    part: impl Fn(T) -> Part,
) -> Result<(), Finding> {
    if !scanner.take(b'[') {
        return Err(scanner.wrong("here must be a list"));
    }
    let mut is_first = true;
    while !scanner.take(b']') {
        if !is_first && !scanner.take(b',') {
            return Err(scanner.wrong("here must be `,` or `]`"));
        }
        is_first = false;
        let piece = scanner
            .value()
            .ok_or_else(|| scanner.wrong("here must be a value"))?;
        match piece.read("") {
            Ok(read_part) => take(read, part(read_part), &piece),
            Err(finding) => read.findings.add(finding),
        }
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Part {
    Head(Box<Head>),
    Category(Box<Category>),
    Item(Box<Item>),
    Group(Box<Group>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Head {
    currency: Currency,
    language: Language,
    taxes_included: TaxesIncluded,
    #[serde(default)]
    dayparts: Vec<Daypart>,
    #[serde(default)]
    taxes: Vec<TaxClass>,
    order: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Category {
    id: Option<CategoryId>,
    name: Words,
    description: Option<Words>,
    #[serde(default)]
    items: Vec<String>,
    daypart: Option<Key>,
    #[serde(default)]
    sold: Sold,
    external_id: Option<ExternalId>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Item {
    id: Option<ItemId>,
    name: Words,
    description: Option<Words>,
    price: Prices,
    #[serde(default)]
    groups: Vec<String>,
    tax: Key,
    #[serde(default)]
    sold: Sold,
    #[serde(default)]
    allergens: BTreeSet<Allergen>,
    #[serde(default)]
    diets: BTreeSet<Diet>,
    age_min: Option<u8>,
    picture: Option<PictureId>,
    prep_minutes: Option<u16>,
    alone: Option<bool>,
    external_id: Option<ExternalId>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Group {
    id: Option<GroupId>,
    name: Words,
    min: u16,
    max: u16,
    #[serde(default)]
    free: u16,
    #[serde(default)]
    choices: Vec<Choice>,
    external_id: Option<ExternalId>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Choice {
    item: String,
    prices: Option<Prices>,
    max: Option<u16>,
    #[serde(default)]
    preset: u16,
}

/// Takes what a piece says.
fn take(read: &mut Read, part: Part, piece: &Piece<'_>) {
    let place = |field| At {
        line: piece.line,
        column: piece.column,
        field,
    };
    let mut names = Names {
        findings: &mut read.findings,
        place: place(""),
    };
    match part {
        Part::Head(head) => {
            if read.head.at.is_some() {
                let finding = Finding {
                    line: piece.line,
                    column: piece.column,
                    field: String::new(),
                    code: Code::Twice,
                    words: "a menu has one head".to_owned(),
                };
                read.findings.add(finding);
                return;
            }
            let order = head
                .order
                .map(|order| names.all("order", Kind::Category, order));
            read.head = loose::Head {
                at: Some(place("")),
                currency: Some(head.currency),
                language: Some(head.language),
                taxes_included: Some(head.taxes_included),
                dayparts: Some(head.dayparts),
                taxes: Some(head.taxes),
                order,
            };
        }
        Part::Category(part) => read.categories.push(category(*part, &mut names)),
        Part::Item(part) => read.items.push(item(*part, &mut names)),
        Part::Group(part) => read.groups.push(group(*part, &mut names)),
    }
}

/// Reads names of things where ids or external ids stand.
struct Names<'a> {
    findings: &'a mut Findings,
    place: At,
}

impl Names<'_> {
    fn one(&mut self, field: &'static str, kind: Kind, text: &str) -> Option<Ref> {
        let at = At {
            field,
            ..self.place
        };
        let found = name(kind, text).map(|name| Ref { name, at });
        if found.is_none() {
            self.findings.add(Finding {
                line: at.line,
                column: at.column,
                field: field.to_owned(),
                code: Code::Value,
                words: format!(
                    "{} is no id and no external id of such a thing",
                    shown(text)
                ),
            });
        }
        found
    }

    fn all(&mut self, field: &'static str, kind: Kind, texts: Vec<String>) -> Vec<Ref> {
        let texts = texts.iter();
        texts
            .filter_map(|text| self.one(field, kind, text))
            .collect()
    }

    fn called(&self, id: Option<Uid>, key: Option<ExternalId>) -> Called {
        Called {
            at: self.place,
            id,
            key: Some(key),
        }
    }
}

fn sold(sold: Sold) -> loose::Sold {
    loose::Sold {
        services: Some(sold.services),
        channels: Some(sold.channels),
    }
}

fn category(part: Category, names: &mut Names<'_>) -> loose::Category {
    loose::Category {
        called: names.called(part.id.map(Uid::from), part.external_id),
        name: Text::Whole(Some(part.name)),
        description: Text::Whole(part.description),
        items: Some(names.all("items", Kind::Item, part.items)),
        daypart: Some(part.daypart),
        sold: sold(part.sold),
        metadata: Some(part.metadata),
    }
}

fn item(part: Item, names: &mut Names<'_>) -> loose::Item {
    loose::Item {
        called: names.called(part.id.map(Uid::from), part.external_id),
        name: Text::Whole(Some(part.name)),
        description: Text::Whole(part.description),
        price: Amounts::Whole(part.price),
        groups: Some(names.all("groups", Kind::Group, part.groups)),
        tax: Some(part.tax),
        sold: sold(part.sold),
        allergens: Some(part.allergens),
        diets: Some(part.diets),
        age_min: Some(part.age_min),
        picture: Some(part.picture),
        prep_minutes: Some(part.prep_minutes),
        alone: Some(part.alone.unwrap_or(true)),
        metadata: Some(part.metadata),
        is_shelved: false,
    }
}

fn group(part: Group, names: &mut Names<'_>) -> loose::Group {
    let called = names.called(part.id.map(Uid::from), part.external_id);
    let choices = part.choices.into_iter().filter_map(|choice| {
        Some(loose::Choice {
            item: names.one("choices", Kind::Item, &choice.item)?,
            prices: choice.prices,
            max: choice.max.unwrap_or(1),
            preset: choice.preset,
        })
    });
    loose::Group {
        choices: Some(choices.collect()),
        called,
        name: Text::Whole(Some(part.name)),
        min: Some(part.min),
        max: Some(part.max),
        free: Some(part.free),
        metadata: Some(part.metadata),
    }
}
