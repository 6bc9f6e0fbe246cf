//! What an offer would take off each line, and off the delivery.

use std::collections::BTreeSet;

use base::{Currency, Money};
use carte::ItemId;

use super::find::Line;
use super::terms::{Gives, WHOLE_MILLIONTHS};
use domain::pricing::spread;

/// What is taken off, in minor units and never below zero.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Off {
    /// Of each line, in their order.
    pub(super) lines: Vec<i64>,
    /// Of the delivery fee.
    pub(super) delivery: i64,
}

impl Off {
    pub(super) fn nothing(lines: usize) -> Self {
        Off {
            lines: vec![0; lines],
            delivery: 0,
        }
    }

    /// All of it together.
    pub(super) fn sum(&self) -> i64 {
        let lines = self
            .lines
            .iter()
            .fold(0_i64, |sum, off| sum.saturating_add(*off));
        lines.saturating_add(self.delivery)
    }
}

/// What an offer takes off lines that cost so much. No line gives more than it costs.
pub(super) fn off(gives: &Gives, currency: Currency, lines: &[Line], delivery_minor: i64) -> Off {
    let mut off = Off::nothing(lines.len());
    match gives {
        Gives::Percent {
            millionths,
            most_minor,
            items,
        } => {
            let weights = weights(lines, items);
            let part = part(sum(&weights), *millionths);
            off.lines = shared(part.min(most_minor.unwrap_or(i64::MAX)), currency, &weights);
        }
        Gives::Amount { minor } => {
            let weights = weights(lines, &BTreeSet::new());
            off.lines = shared(*minor, currency, &weights);
        }
        Gives::Delivery { most_minor } => {
            off.delivery = delivery_minor.max(0).min(most_minor.unwrap_or(i64::MAX));
        }
        Gives::Bundle {
            buy,
            get,
            millionths,
            items,
        } => off.lines = bundle((*buy, *get), *millionths, lines, items),
    }
    off
}

/// What each line costs, as far as the offer is about it.
fn weights(lines: &[Line], items: &BTreeSet<ItemId>) -> Vec<u64> {
    let weight = |line: &Line| match is_meant(line, items) {
        true => u64::try_from(line.minor).unwrap_or(0),
        false => 0,
    };
    lines.iter().map(weight).collect()
}

fn is_meant(line: &Line, items: &BTreeSet<ItemId>) -> bool {
    items.is_empty() || items.contains(&line.item)
}

fn sum(weights: &[u64]) -> i64 {
    let all = weights
        .iter()
        .fold(0_u64, |sum, one| sum.saturating_add(*one));
    i64::try_from(all).unwrap_or(i64::MAX)
}

/// Shares an amount out over the lines, as much as they bear.
fn shared(minor: i64, currency: Currency, weights: &[u64]) -> Vec<i64> {
    let minor = minor.min(sum(weights)).max(0);
    if minor == 0 {
        return vec![0; weights.len()];
    }
    let shares = spread(Money::new(minor, currency), weights);
    shares.into_iter().map(Money::minor).collect()
}

/// A part of an amount, rounded half up once.
fn part(minor: i64, millionths: i64) -> i64 {
    let whole = i128::from(WHOLE_MILLIONTHS);
    let twice = i128::from(minor)
        .saturating_mul(millionths.into())
        .saturating_mul(2)
        .saturating_add(whole);
    let part = twice.checked_div_euclid(whole.saturating_mul(2));
    part.and_then(|part| i64::try_from(part).ok()).unwrap_or(0)
}

/// Of every `buy + get` pieces, the `get` cheapest cost less. Pieces of a line cost alike.
fn bundle(
    (buy, get): (u32, u32),
    millionths: i64,
    lines: &[Line],
    items: &BTreeSet<ItemId>,
) -> Vec<i64> {
    let each = |line: &Line| {
        line.minor
            .checked_div(i64::from(line.quantity))
            .unwrap_or(0)
    };
    let mut meant: Vec<(i64, usize, u64)> = Vec::with_capacity(lines.len());
    let mut pieces = 0_u64;
    for (place, line) in lines.iter().enumerate() {
        if is_meant(line, items) && line.quantity > 0 && line.minor > 0 {
            meant.push((each(line), place, line.quantity.into()));
            pieces = pieces.saturating_add(line.quantity.into());
        }
    }
    meant.sort_unstable();
    let set = u64::from(buy).saturating_add(get.into());
    let sets = pieces.checked_div(set).unwrap_or(0);
    let mut cheap = sets.saturating_mul(get.into());
    let mut off = vec![0; lines.len()];
    for (each, place, quantity) in meant {
        let here = quantity.min(cheap);
        cheap = cheap.saturating_sub(here);
        let count = i64::try_from(here).unwrap_or(0);
        if let Some(off) = off.get_mut(place) {
            *off = part(each, millionths).saturating_mul(count);
        }
    }
    off
}
