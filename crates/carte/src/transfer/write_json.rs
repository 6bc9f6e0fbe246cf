//! A menu written as JSON, some parts at a time: as one document, or a part in each line.

use std::sync::Arc;

use base::Currency;
use serde::Serialize;

use crate::{Category, Daypart, Group, Head, Item, Language, Menu, TaxClass, TaxesIncluded};

/// How many parts are written at once.
const PARTS_AT_ONCE: usize = 500;

/// A menu as one document. Put together it is the very text that a revision's hash is of.
#[derive(Debug)]
pub struct Document(Pieces);

/// A menu as parts, one in each line.
#[derive(Debug)]
pub struct Lines(Pieces);

#[derive(Debug)]
struct Pieces {
    menu: Arc<Menu>,
    at: Where,
}

/// Which part comes next.
#[derive(Clone, Copy, Debug)]
enum Where {
    Beginning,
    Categories(usize),
    Items(usize),
    Groups(usize),
    End,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Top<'a> {
    currency: Currency,
    language: &'a Language,
    taxes_included: TaxesIncluded,
    #[serde(skip_serializing_if = "<[Daypart]>::is_empty")]
    dayparts: &'a [Daypart],
    #[serde(skip_serializing_if = "<[TaxClass]>::is_empty")]
    taxes: &'a [TaxClass],
}

/// A part with its kind, lent.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Lent<'a> {
    Head(Head),
    Category(&'a Category),
    Item(&'a Item),
    Group(&'a Group),
}

impl Document {
    /// Gets a menu ready to be written.
    #[must_use]
    pub fn new(menu: Arc<Menu>) -> Self {
        let at = Where::Beginning;
        Document(Pieces { menu, at })
    }
}

impl Lines {
    /// Gets a menu ready to be written.
    #[must_use]
    pub fn new(menu: Arc<Menu>) -> Self {
        let at = Where::Beginning;
        Lines(Pieces { menu, at })
    }
}

impl Iterator for Document {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let Pieces { menu, at } = &mut self.0;
        let mut out = String::new();
        *at = match *at {
            Where::Beginning => {
                let top = json(&Top {
                    currency: menu.currency,
                    language: &menu.language,
                    taxes_included: menu.taxes_included,
                    dayparts: &menu.dayparts,
                    taxes: &menu.taxes,
                });
                out.push_str(top.strip_suffix('}').unwrap_or_default());
                out.push_str(",\"categories\":[");
                Where::Categories(0)
            }
            Where::Categories(from) => match some(&mut out, &menu.categories, from) {
                Some(next) => Where::Categories(next),
                None => {
                    out.push_str("],\"items\":[");
                    Where::Items(0)
                }
            },
            Where::Items(from) => match some(&mut out, &menu.items, from) {
                Some(next) => Where::Items(next),
                None => {
                    out.push_str("],\"groups\":[");
                    Where::Groups(0)
                }
            },
            Where::Groups(from) => match some(&mut out, &menu.groups, from) {
                Some(next) => Where::Groups(next),
                None => {
                    out.push_str("]}");
                    Where::End
                }
            },
            Where::End => return None,
        };
        Some(out)
    }
}

impl Iterator for Lines {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let Pieces { menu, at } = &mut self.0;
        let mut out = String::new();
        *at = match *at {
            Where::Beginning => {
                let head = Head {
                    currency: menu.currency,
                    language: menu.language.clone(),
                    taxes_included: menu.taxes_included,
                    dayparts: menu.dayparts.clone(),
                    taxes: menu.taxes.clone(),
                    order: menu.categories.iter().map(|one| one.id).collect(),
                };
                out.push_str(&json(&Lent::Head(head)));
                out.push('\n');
                Where::Categories(0)
            }
            Where::Categories(from) => {
                let (some, next) = part_of(&menu.categories, from);
                some.iter()
                    .for_each(|one| line(&mut out, &Lent::Category(one)));
                next.map_or(Where::Items(0), Where::Categories)
            }
            Where::Items(from) => {
                let (some, next) = part_of(&menu.items, from);
                some.iter().for_each(|one| line(&mut out, &Lent::Item(one)));
                next.map_or(Where::Groups(0), Where::Items)
            }
            Where::Groups(from) => {
                let (some, next) = part_of(&menu.groups, from);
                some.iter()
                    .for_each(|one| line(&mut out, &Lent::Group(one)));
                next.map_or(Where::End, Where::Groups)
            }
            Where::End => return None,
        };
        Some(out)
    }
}

fn line(out: &mut String, part: &Lent<'_>) {
    out.push_str(&json(part));
    out.push('\n');
}

/// Some of a list, and where it goes on.
fn part_of<T>(all: &[T], from: usize) -> (&[T], Option<usize>) {
    let end = from.saturating_add(PARTS_AT_ONCE).min(all.len());
    let next = (end < all.len()).then_some(end);
    (all.get(from..end).unwrap_or_default(), next)
}

/// Writes some of a list, and says where it goes on.
fn some<T: Serialize>(out: &mut String, all: &[T], from: usize) -> Option<usize> {
    let (some, next) = part_of(all, from);
    for (one, place) in some.iter().zip(from..) {
        if place > 0 {
            out.push(',');
        }
        out.push_str(&json(one));
    }
    next
}

/// Everything that menus are made of can be written.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
