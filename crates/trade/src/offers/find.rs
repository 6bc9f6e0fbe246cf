//! Which offers an order gets, and what each takes off.

use base::{Currency, Money, Time};
use carte::{Channel, ItemId, Service};
use serde::{Deserialize, Serialize};

use super::change::{Offer, OfferId, State};
use super::code::Code;
use super::terms::Terms;
use super::why::Why;
use super::worth::{Off, off};
use crate::capacity::is_within;
use domain::organisations::{BrandId, Name, RestaurantId, TimeZone};
use domain::people::PersonId;
use domain::pricing::{Discount, Funder, Reach, Worth};
use domain::venues;

/// A line of the order as it is without any offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// Its place in what was asked for, from 0.
    pub line: usize,
    /// The item.
    pub item: ItemId,
    /// How many.
    pub quantity: u32,
    /// What all of them cost with their options, in minor units.
    pub minor: i64,
}

/// The order, as far as offers depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Where it is ordered.
    pub restaurant: RestaurantId,
    /// The brand of that restaurant.
    pub brand: Option<BrandId>,
    /// The zone by which the restaurant's hours are meant.
    pub zone: TimeZone,
    /// What all amounts are in.
    pub currency: Currency,
    /// How it is to reach the diner.
    pub service: Service,
    /// By which way it comes.
    pub channel: &'a Channel,
    /// When it is ordered: by this an offer has begun or expired.
    pub now: Time,
    /// For when it is wanted: by this it falls into the hours of an offer.
    pub at: Time,
    /// Who orders, where that is known.
    pub person: Option<PersonId>,
    /// How many orders he has had in the organisation, where that is known.
    pub orders_before: Option<u64>,
    /// Its lines.
    pub lines: &'a [Line],
    /// The delivery fee, in minor units.
    pub delivery_minor: i64,
    /// The coupon that the diner names.
    pub coupon: Option<&'a Code>,
}

/// How often an offer was used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Uses {
    /// In all.
    pub all: i64,
    /// By the person who orders.
    pub person: i64,
}

/// An offer, and how often it was used.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The offer.
    pub offer: &'a Offer,
    /// How often it was used.
    pub uses: Uses,
}

/// An offer that an order gets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Given {
    /// Which one.
    pub offer: OfferId,
    /// The version of it.
    pub version: i64,
    /// What it is called.
    pub name: Name,
    /// The code of a coupon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Who pays for it.
    pub funder: Funder,
    /// What it takes off in all, in minor units.
    pub minor: i64,
    /// Whether its uses are counted.
    pub counted: bool,
    /// How often one person can use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_most: Option<u32>,
    /// Whether it is for a person's first order alone.
    #[serde(default)]
    pub first_order: bool,
}

/// Why the coupon that was named takes nothing off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// The coupon.
    pub code: Code,
    /// Why.
    pub why: Why,
}

/// What an order gets.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Found {
    /// What is taken off, for [`domain::pricing::Facts`].
    pub discounts: Vec<Discount>,
    /// By which offers.
    pub given: Vec<Given>,
    /// Why the coupon is not among them.
    pub refused: Option<Refused>,
}

/// Finds what an order gets of these promotions and of the coupon that it names. Whatever it is asked, it answers.
#[must_use]
pub fn find(asked: &Asked<'_>, promotions: &[Known<'_>], coupon: Option<Known<'_>>) -> Found {
    let mut found = Found::default();
    let apply = |known: &&Known<'_>| judge(asked, known).is_ok();
    let offs = promotions.iter().filter(apply).map(|known| {
        let terms = &known.offer.terms;
        let off = off(
            &terms.gives,
            asked.currency,
            asked.lines,
            asked.delivery_minor,
        );
        (known.offer, off)
    });
    let mut offs: Vec<(&Offer, Off)> = offs.collect();
    // The older one wins where two take off the same.
    offs.sort_by_key(|(offer, _)| offer.id.uid());
    let taken = best(asked, &offs, &mut found);
    if let Some(code) = asked.coupon {
        let why = match coupon {
            None => Err(Why::Unknown),
            Some(known) => with_coupon(asked, &known, &taken, &mut found),
        };
        found.refused = why.err().map(|why| Refused {
            code: code.clone(),
            why,
        });
    }
    found
}

/// Gives each line, and the delivery, the best of the promotions. Answers what is taken off by them.
fn best(asked: &Asked<'_>, offs: &[(&Offer, Off)], found: &mut Found) -> Off {
    let mut taken = Off::nothing(asked.lines.len());
    let mut won: Vec<Off> = offs
        .iter()
        .map(|_| Off::nothing(asked.lines.len()))
        .collect();
    for (place, line) in taken.lines.iter_mut().enumerate() {
        let of_line = |off: &Off| off.lines.get(place).copied().unwrap_or(0);
        if let Some((winner, minor)) = largest(offs, of_line) {
            *line = minor;
            let won = won.get_mut(winner).and_then(|won| won.lines.get_mut(place));
            won.into_iter().for_each(|won| *won = minor);
        }
    }
    if let Some((winner, minor)) = largest(offs, |off| off.delivery) {
        taken.delivery = minor;
        won.get_mut(winner)
            .into_iter()
            .for_each(|won| won.delivery = minor);
    }
    for ((offer, _), won) in offs.iter().zip(&won) {
        give(asked, offer, won, found);
    }
    taken
}

/// The place of the first offer that takes off most, if any takes off something.
fn largest(offs: &[(&Offer, Off)], of: impl Fn(&Off) -> i64) -> Option<(usize, i64)> {
    let mut largest = None;
    for (place, (_, off)) in offs.iter().enumerate() {
        let minor = of(off);
        if minor > largest.map_or(0, |(_, most)| most) {
            largest = Some((place, minor));
        }
    }
    largest
}

/// Takes the coupon off what the promotions have left.
fn with_coupon(
    asked: &Asked<'_>,
    known: &Known<'_>,
    taken: &Off,
    found: &mut Found,
) -> Result<(), Why> {
    judge(asked, known)?;
    let left = asked.lines.iter().zip(&taken.lines);
    let left: Vec<Line> = left
        .map(|(line, off)| Line {
            minor: line.minor.saturating_sub(*off),
            ..*line
        })
        .collect();
    let delivery = asked.delivery_minor.saturating_sub(taken.delivery);
    let off = off(&known.offer.terms.gives, asked.currency, &left, delivery);
    if off.sum() == 0 {
        return Err(Why::NothingLeft);
    }
    give(asked, known.offer, &off, found);
    Ok(())
}

/// Notes what an offer takes off, if it is anything.
fn give(asked: &Asked<'_>, offer: &Offer, off: &Off, found: &mut Found) {
    let (minor, terms) = (off.sum(), &offer.terms);
    if minor == 0 {
        return;
    }
    let funder = terms.funder;
    let of_lines = asked.lines.iter().zip(&off.lines);
    let of_lines = of_lines.map(|(line, off)| (Reach::Line(line.line), *off));
    let all = of_lines.chain(std::iter::once((Reach::Delivery, off.delivery)));
    let all = all.filter(|(_, minor)| *minor > 0);
    found.discounts.extend(all.map(|(reach, minor)| Discount {
        funder,
        worth: Worth::Amount(minor),
        reach,
    }));
    found.given.push(Given {
        offer: offer.id,
        version: offer.version,
        name: terms.name.clone(),
        code: offer.code.clone(),
        funder,
        minor,
        counted: offer.id.is_coupon() || terms.is_limited(),
        person_most: terms.person_most(),
        first_order: terms.first_order,
    });
}

/// Whether an offer is for this order.
fn judge(asked: &Asked<'_>, known: &Known<'_>) -> Result<(), Why> {
    let terms = &known.offer.terms;
    ensure(known.offer.state == State::Live, Why::Ended)?;
    ensure(terms.from.is_none_or(|from| from <= asked.now), Why::NotYet)?;
    ensure(
        terms.until.is_none_or(|until| asked.now < until),
        Why::Expired,
    )?;
    let (restaurants, brands) = (&terms.restaurants, &terms.brands);
    let is_here = restaurants.is_empty() && brands.is_empty()
        || restaurants.contains(&asked.restaurant)
        || asked.brand.is_some_and(|brand| brands.contains(&brand));
    ensure(is_here, Why::NotHere)?;
    ensure(terms.currency == asked.currency, Why::OtherCurrency)?;
    let (services, channels) = (&terms.sold.services, &terms.sold.channels);
    let is_so = services.is_empty() || services.contains(&asked.service);
    ensure(is_so, Why::NotThisService)?;
    let is_so = channels.is_empty() || channels.contains(asked.channel);
    ensure(is_so, Why::NotThisChannel)?;
    ensure(is_then(terms, asked), Why::NotThen)?;
    is_enough(terms, asked)?;
    is_left(terms, asked, known.uses)
}

fn is_then(terms: &Terms, asked: &Asked<'_>) -> bool {
    if terms.hours.is_empty() {
        return true;
    }
    let shown = venues::local(asked.zone, asked.at);
    let mut hours = terms.hours.iter();
    hours.any(|span| is_within(&span.days, (span.from, span.to), &shown))
}

fn is_enough(terms: &Terms, asked: &Asked<'_>) -> Result<(), Why> {
    let items = asked.lines.iter().map(|line| line.minor);
    let items = items.fold(0_i64, i64::saturating_add);
    let missing = terms.minimum_minor.saturating_sub(items);
    let money = |minor| Money::new(minor, asked.currency);
    let why = Why::TooSmall {
        minimum: money(terms.minimum_minor),
        missing: money(missing),
    };
    ensure(missing <= 0, why)
}

fn is_left(terms: &Terms, asked: &Asked<'_>, uses: Uses) -> Result<(), Why> {
    let is_below = |used: i64, most: Option<u32>| most.is_none_or(|most| used < i64::from(most));
    ensure(is_below(uses.all, terms.uses_max), Why::UsedUp)?;
    if terms.person_most().is_some() {
        ensure(asked.person.is_some(), Why::SignIn)?;
    }
    if terms.first_order {
        ensure(asked.orders_before == Some(0), Why::NotFirst)?;
    }
    ensure(is_below(uses.person, terms.person_most()), Why::UsedByYou)
}

fn ensure(is_so: bool, why: Why) -> Result<(), Why> {
    match is_so {
        true => Ok(()),
        false => Err(why),
    }
}
