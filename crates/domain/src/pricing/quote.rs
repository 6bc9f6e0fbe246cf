//! The quote: what is asked for, what is known, and what comes out.

use std::time::Duration;

use base::{Currency, Money, Time};

use super::bill::{Bill, Discount, Entry};
use super::goods::{self, Goods};
use super::money::{Kind, MoneyLine};
use super::reasons::{Note, Reason, Refused};
use super::tax::Way;
use super::{fees, told};
use crate::organisations::TimeZone;
use crate::venues::{self, Position, Venue};
use carte::{
    Availability, Channel, Context, GroupId, ItemId, Key, Menu, Service, TaxesIncluded, Wanted,
};

/// How far ahead an order can be.
const AHEAD_MAX: Duration = Duration::from_secs(venues::AHEAD_DAYS.unsigned_abs() as u64 * 86_400);

/// A line that somebody would like to order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WantedLine {
    /// The item.
    pub item: ItemId,
    /// How many.
    pub quantity: u32,
    /// What is chosen with each of them.
    pub choices: Vec<Wanted>,
}

/// What is known when the question is asked.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What the restaurant sells, as it sells it.
    pub menu: &'a Menu,
    /// How and when it serves.
    pub venue: &'a Venue,
    /// What has run out there.
    pub availability: &'a Availability,
    /// The zone by which its hours are meant.
    pub zone: TimeZone,
    /// How it is to reach the diner.
    pub service: Service,
    /// Where it is ordered.
    pub channel: &'a Channel,
    /// When the question is asked.
    pub now: Time,
    /// When it is to be served.
    pub at: Time,
    /// Where it is to be brought.
    pub position: Option<Position>,
    /// What is taken off, one after another.
    pub discounts: &'a [Discount],
    /// Whether it, or a part of it, is paid in cash.
    pub in_cash: bool,
    /// What the diner gives to those who serve him, in minor units.
    pub tip_minor: i64,
}

/// What an order would cost, and why it cannot be ordered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quote {
    /// What all amounts are in.
    pub currency: Currency,
    /// Whether the amounts hold their taxes.
    pub taxes_included: TaxesIncluded,
    /// The lines that have a price, in their order.
    pub lines: Vec<PricedLine>,
    /// What is taken besides.
    pub fees: Vec<Fee>,
    /// What is taken off, in the order in which it was asked for.
    pub discounts: Vec<Money>,
    /// The taxes, a class each.
    pub taxes: Vec<TaxSum>,
    /// The sums.
    pub totals: Totals,
    /// All of it as typed amounts.
    pub money: Vec<MoneyLine>,
    /// Why it cannot be ordered; empty when it can.
    pub refusals: Vec<Refused>,
    /// What the diner should know.
    pub notes: Vec<Note>,
}

/// A line with its price.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PricedLine {
    /// The place of the line in what was asked for, from 0.
    pub line: usize,
    /// The item.
    pub item: ItemId,
    /// How many.
    pub quantity: u32,
    /// What one costs with what is chosen.
    pub unit: Money,
    /// What all of them cost.
    pub amount: Money,
    /// What is taken off of it; not below zero.
    pub discount: Money,
    /// The tax of it.
    pub tax: Money,
    /// The item by itself, then what is chosen.
    pub parts: Vec<PricedPart>,
}

/// The item of a line or an option of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PricedPart {
    /// Whether it is the item or an option.
    pub kind: Kind,
    /// The item that it is.
    pub item: ItemId,
    /// The group in which it was chosen.
    pub group: Option<GroupId>,
    /// How deep among the options it is: 0 for the item of the line.
    pub depth: usize,
    /// How many of it, in all pieces of the line.
    pub quantity: u64,
    /// What they cost.
    pub amount: Money,
    /// What is taken off of it; not below zero.
    pub discount: Money,
    /// Its tax class.
    pub class: Key,
    /// The tax of it.
    pub tax: Money,
}

/// What is taken besides the price of what is sold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fee {
    /// What for.
    pub kind: Kind,
    /// How much.
    pub amount: Money,
    /// What is taken off of it; not below zero.
    pub discount: Money,
    /// The tax of it.
    pub tax: Money,
}

/// What is owed of one tax class.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TaxSum {
    /// The class.
    pub class: Key,
    /// Its rate, in millionths.
    pub rate_millionths: i64,
    /// What it is taken of: with the tax where the amounts hold it, else without.
    pub base: Money,
    /// The tax.
    pub tax: Money,
}

/// The sums of an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Totals {
    /// Items and options.
    pub items: Money,
    /// All fees.
    pub fees: Money,
    /// All that is taken off; not below zero.
    pub discounts: Money,
    /// All taxes, whether they come on top or not.
    pub tax: Money,
    /// The tip.
    pub tip: Money,
    /// What is to be paid.
    pub total: Money,
}

/// Says what an order would cost and why it cannot be ordered. Whatever it is asked, it answers.
#[must_use]
pub fn quote(facts: &Facts<'_>, wanted: &[WantedLine]) -> Quote {
    let is_near = facts.now <= facts.at && facts.at.since(facts.now) <= AHEAD_MAX;
    let at = if is_near { facts.at } else { facts.now };
    let facts = &Facts { at, ..*facts };
    let local = venues::menu_clock(facts.venue, facts.zone, facts.at);
    let dayparts = facts.menu.dayparts_at(&local);
    let context = Context {
        service: facts.service,
        channel: facts.channel,
        dayparts: &dayparts,
    };
    let mut goods = goods::price(facts, &context, wanted);
    let mut refusals = fees::standing(facts, &mut goods.notes);
    if !is_near {
        let reason = Reason::TimeRefused;
        refusals.push(Refused { line: None, reason });
    }
    refusals.append(&mut goods.refusals);
    let fees = goods
        .sum()
        .and_then(|items| fees::fees(facts, items, &mut refusals));
    let bill = fees.map(|fees| bill(facts, &mut goods, &fees));
    let settled = bill.and_then(|bill| {
        let settled = bill.settle(facts.discounts)?;
        Some((bill, settled))
    });
    match settled {
        Some((bill, settled)) => told::told(facts, goods, (&bill, settled), refusals),
        None => {
            let reason = Reason::TooMuch;
            refusals.push(Refused { line: None, reason });
            told::nothing(facts, refusals, goods.notes)
        }
    }
}

/// The amounts of the goods, then those of the fees, as entries of one bill.
fn bill(facts: &Facts<'_>, goods: &mut Goods, fees: &[(Kind, i64)]) -> Bill {
    let tax = facts.venue.fees.tax.as_ref();
    let class = tax
        .filter(|_| !fees.is_empty())
        .map(|key| goods.classes.place(facts, key));
    let parts = goods.lines.iter().flat_map(|line| {
        line.parts.iter().map(|part| Entry {
            kind: part.kind,
            line: Some(line.line),
            item: Some(part.item),
            group: part.group,
            minor: part.minor,
            class: Some(part.class),
        })
    });
    let fees = fees.iter().map(|(kind, minor)| Entry {
        kind: *kind,
        line: None,
        item: None,
        group: None,
        minor: *minor,
        class,
    });
    Bill {
        currency: facts.menu.currency,
        way: match facts.menu.taxes_included {
            TaxesIncluded::Included => Way::Included,
            TaxesIncluded::Added => Way::Added,
        },
        rounding: facts.venue.fees.rounding,
        rates: goods.classes.rates(),
        entries: parts.chain(fees).collect(),
        tip: facts.tip_minor.max(0),
    }
}
