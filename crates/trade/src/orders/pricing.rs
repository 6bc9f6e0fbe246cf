//! From a quote to the lines and amounts of an order, and the same again after a change.
//!
//! An order keeps names, prices and rates as they were, so that nobody has to look into a menu to read it. A change
//! leaves what is kept at its price: whoever loses a line gets back exactly what he was to pay for it.

use std::collections::BTreeMap;

use base::{Currency, Money};
use carte::{ItemId, Key, Menu, TaxesIncluded};

use super::change::{LineCommand, Planned, Repriced, plan};
use super::refusal::Refusal;
use super::types::{Choice, Line, LineKey, LineState, MoneyLine, Order};
use domain::pricing::{self, Funder, Kind, PricedLine, PricedPart, Quote};

/// The lines and amounts of an order by a quote without refusals; the keys name what was asked for, in its order.
/// `None` when the quote is not one of this menu and these keys.
#[must_use]
pub fn of_quote(quote: &Quote, menu: &Menu, keys: &[LineKey]) -> Option<Repriced> {
    let rates: BTreeMap<&Key, i64> = quote
        .taxes
        .iter()
        .map(|tax| (&tax.class, tax.rate_millionths))
        .collect();
    let lines = quote.lines.iter().map(|line| {
        let key = keys.get(line.line)?;
        line_of(line, key, (menu, &rates))
    });
    let lines: Vec<Line> = lines.collect::<Option<_>>()?;
    let money = quote.money.iter().map(|one| {
        let line = match one.line {
            Some(place) => Some(keys.get(place)?.clone()),
            None => None,
        };
        Some(MoneyLine {
            kind: one.kind,
            line,
            minor: one.amount.minor(),
        })
    });
    let money = summed(money.collect::<Option<Vec<_>>>()?)?;
    (lines.len() == keys.len()).then_some(Repriced { lines, money })
}

/// How many of which items lines take, with what is chosen: for whoever counts what is left.
#[must_use]
pub fn counts<'a>(lines: impl IntoIterator<Item = &'a Line>) -> BTreeMap<ItemId, u32> {
    let mut counts = BTreeMap::<ItemId, u32>::new();
    for line in lines {
        let choices = line.choices.iter();
        let choices = choices.map(|choice| {
            let quantity = u32::try_from(choice.quantity).unwrap_or(u32::MAX);
            (choice.item, quantity)
        });
        for (item, quantity) in [(line.item, line.quantity)].into_iter().chain(choices) {
            let count = counts.entry(item).or_default();
            *count = count.saturating_add(quantity);
        }
    }
    counts
}

/// What an order holds after these commands. What is kept keeps its price; fees and tip stay as they were; `added` holds
/// the lines that are new, priced by themselves, and may hold more.
///
/// # Errors
/// The commands cannot be carried out, a new line was not priced, or an amount does not fit.
pub fn reprice(
    order: &Order,
    commands: &[LineCommand],
    added: &Repriced,
) -> Result<Repriced, Refusal> {
    let large = || Refusal::Amounts("they are too large");
    let mut all = Repriced {
        lines: Vec::new(),
        money: Vec::new(),
    };
    for planned in plan(order, commands)? {
        match planned {
            Planned::Kept(line) => all.take(line.clone(), of_line(&order.money, &line.key)),
            Planned::New(key) => {
                let line = added.lines.iter().find(|line| line.key == *key);
                let line = line.ok_or(Refusal::Amounts("a new line was not priced"))?;
                all.take(line.clone(), of_line(&added.money, key));
            }
            Planned::Counted(line, quantity) => {
                let counted = counted(order, line, quantity).ok_or_else(large)?;
                all.take(counted.0, counted.1.into_iter());
            }
        }
    }
    let of_order = order.money.iter().filter(|one| one.line.is_none());
    all.money.extend(of_order.cloned());
    Ok(all)
}

impl Repriced {
    fn take(&mut self, line: Line, money: impl Iterator<Item = MoneyLine>) {
        self.lines.push(line);
        self.money.extend(money);
    }
}

fn of_line<'a>(money: &'a [MoneyLine], key: &LineKey) -> impl Iterator<Item = MoneyLine> {
    let key = key.clone();
    let of_line = move |one: &&'a MoneyLine| one.line.as_ref() == Some(&key);
    money.iter().filter(of_line).cloned()
}

/// A line in another number. A discount shrinks with it and does not grow, and the tax is found anew.
fn counted(order: &Order, line: &Line, quantity: u32) -> Option<(Line, Vec<MoneyLine>)> {
    let (now, was) = (i64::from(quantity), i64::from(line.quantity));
    // What is sold is so much a piece, so that nothing is left over.
    let scaled = |minor: i64| minor.checked_mul(now)?.checked_div(was);
    let mut next = line.clone();
    (next.quantity, next.minor) = (quantity, line.unit_minor.checked_mul(now)?);
    for choice in &mut next.choices {
        choice.minor = scaled(choice.minor)?;
        let each = choice.quantity.checked_div(u64::from(line.quantity))?;
        choice.quantity = each.checked_mul(u64::from(quantity))?;
    }
    let mut money = Vec::new();
    let mut tax_kind = None;
    let mut off = BTreeMap::<Funder, i64>::new();
    let mut shrunk = Shrunk {
        now,
        was,
        sum: 0,
        given: 0,
    };
    for one in of_line(&order.money, &line.key) {
        let minor = match one.kind {
            Kind::TaxAdded | Kind::TaxIncluded => {
                tax_kind = Some(one.kind);
                continue;
            }
            Kind::Discount(_) if now > was => one.minor,
            Kind::Discount(_) => shrunk.next(one.minor)?,
            Kind::Item
            | Kind::Option
            | Kind::DeliveryFee
            | Kind::SmallOrderFee
            | Kind::ServiceFee
            | Kind::PackagingFee
            | Kind::PaymentFee
            | Kind::Tip
            | Kind::TipFor(_) => scaled(one.minor)?,
        };
        if let Kind::Discount(funder) = one.kind {
            let sum = off.entry(funder).or_default();
            *sum = sum.checked_sub(minor)?;
        }
        money.push(MoneyLine { minor, ..one });
    }
    money.retain(|one| one.minor != 0 || one.kind == Kind::Item);
    next.discount_minor = off
        .values()
        .try_fold(0_i64, |sum, one| sum.checked_add(*one))?;
    next.tax_minor = match tax_kind {
        Some(kind) => tax(&next, (kind, order.currency), &off)?,
        None => 0,
    };
    if let Some(kind) = tax_kind.filter(|_| next.tax_minor != 0) {
        money.push(MoneyLine {
            kind,
            line: Some(line.key.clone()),
            minor: next.tax_minor,
        });
    }
    Some((next, money))
}

/// The discounts of a line of which fewer are sold. What is rounded is rounded as a sum and for the diner, so that fewer
/// never cost more.
struct Shrunk {
    now: i64,
    was: i64,
    /// What was taken off so far.
    sum: i64,
    /// What is taken off now so far.
    given: i64,
}

impl Shrunk {
    /// The amount of the next discount, below zero as it was.
    fn next(&mut self, minor: i64) -> Option<i64> {
        self.sum = self.sum.checked_sub(minor)?;
        let up = self.was.checked_sub(1)?;
        let share = self.sum.checked_mul(self.now)?.checked_add(up)?;
        let before = std::mem::replace(&mut self.given, share.checked_div(self.was)?);
        before.checked_sub(self.given)
    }
}

/// The tax of a line by itself.
fn tax(
    line: &Line,
    (kind, currency): (Kind, Currency),
    off: &BTreeMap<Funder, i64>,
) -> Option<i64> {
    let choices = line
        .choices
        .iter()
        .map(|choice| (choice.minor, choice.rate));
    let mut item = line.minor;
    for (minor, _) in choices.clone() {
        item = item.checked_sub(minor)?;
    }
    let parts: Vec<(i64, i64)> = [(item, line.rate)].into_iter().chain(choices).collect();
    let way = match kind {
        Kind::TaxAdded => TaxesIncluded::Added,
        Kind::Item
        | Kind::Option
        | Kind::DeliveryFee
        | Kind::SmallOrderFee
        | Kind::ServiceFee
        | Kind::PackagingFee
        | Kind::PaymentFee
        | Kind::TaxIncluded
        | Kind::Tip
        | Kind::TipFor(_)
        | Kind::Discount(_) => TaxesIncluded::Included,
    };
    let off = off.iter().map(|(funder, minor)| (*funder, *minor));
    let tax = pricing::tax_of((currency, way), &parts, &off.collect::<Vec<_>>());
    tax.map(Money::minor)
}

fn line_of(
    priced: &PricedLine,
    key: &LineKey,
    (menu, rates): (&Menu, &BTreeMap<&Key, i64>),
) -> Option<Line> {
    let (item, choices) = priced.parts.split_first()?;
    let choices = choices.iter().map(|part| choice_of(part, (menu, rates)));
    Some(Line {
        key: key.clone(),
        item: priced.item,
        name: menu.item(priced.item)?.name.main().to_owned(),
        quantity: priced.quantity,
        unit_minor: priced.unit.minor(),
        minor: priced.amount.minor(),
        discount_minor: priced.discount.minor(),
        tax_minor: priced.tax.minor(),
        tax: item.class.clone(),
        rate: *rates.get(&item.class)?,
        age_min: age_min(&priced.parts, menu),
        choices: choices.collect::<Option<_>>()?,
        revision: None,
        state: LineState::Sold,
    })
}

/// How old the buyer of a line must be.
fn age_min(parts: &[PricedPart], menu: &Menu) -> Option<u8> {
    let ages = parts.iter().map(|part| menu.item(part.item)?.age_min);
    ages.max().flatten()
}

fn choice_of(part: &PricedPart, (menu, rates): (&Menu, &BTreeMap<&Key, i64>)) -> Option<Choice> {
    let group = part.group?;
    Some(Choice {
        group,
        group_name: menu.group(group)?.name.main().to_owned(),
        item: part.item,
        name: menu.item(part.item)?.name.main().to_owned(),
        quantity: part.quantity,
        depth: u8::try_from(part.depth).ok()?,
        minor: part.amount.minor(),
        tax: part.class.clone(),
        rate: *rates.get(&part.class)?,
    })
}

/// The same amounts with those of one line and kind as one, where the first of them stood.
fn summed(money: Vec<MoneyLine>) -> Option<Vec<MoneyLine>> {
    let mut places = BTreeMap::<(Kind, Option<LineKey>), usize>::new();
    let mut all = Vec::<MoneyLine>::new();
    for one in money {
        let key = (one.kind, one.line.clone());
        match places.get(&key).and_then(|place| all.get_mut(*place)) {
            Some(sum) => sum.minor = sum.minor.checked_add(one.minor)?,
            None => {
                places.insert(key, all.len());
                all.push(one);
            }
        }
    }
    all.retain(|one| one.minor != 0 || one.kind == Kind::Item);
    Some(all)
}
