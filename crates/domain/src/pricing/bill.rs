//! The bill: amounts with their taxes, what is taken off them, and the sums.
//!
//! Every amount is an entry. Discounts are rounded as sums and spread over the entries that they are taken from; fees
//! that have no tax of their own are taxed like the goods that they came with. Nothing here knows a menu.

use super::money::{Funder, Kind};
use super::spread::{half_up, spread};
use super::tax::{self, Owed, Taxed, WHOLE, Way};
use base::{Currency, Money};

use carte::{GroupId, ItemId, TaxesIncluded};

use super::reasons::LINES_MAX;
use crate::venues::Rounding;

/// How much a discount takes off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Worth {
    /// So many minor units, or all that there is.
    Amount(i64),
    /// So many millionths.
    Share(i64),
}

/// What a discount is taken from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// All items and options.
    Items,
    /// One line, by its place from 0.
    Line(usize),
    /// The delivery fee.
    Delivery,
}

/// A discount that somebody has decided to give.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Discount {
    /// Who pays for it.
    pub funder: Funder,
    /// How much it takes off.
    pub worth: Worth,
    /// What it is taken from.
    pub reach: Reach,
}

/// One amount of the bill.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) line: Option<usize>,
    pub(super) item: Option<ItemId>,
    pub(super) group: Option<GroupId>,
    pub(super) minor: i64,
    /// The place of its tax; none for what is taxed like the goods.
    pub(super) class: Option<usize>,
}

/// What is taken off an entry.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Off {
    /// By all discounts.
    pub(super) all: i64,
    /// By those that the seller pays himself: upon these he owes no tax.
    pub(super) own: i64,
}

/// A discount as it came out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Given {
    pub(super) discount: Discount,
    /// What it takes off, above zero.
    pub(super) minor: i64,
    /// What it takes off each entry.
    pub(super) parts: Vec<i64>,
}

/// What the bill is made of.
#[derive(Clone, Debug)]
pub(super) struct Bill {
    pub(super) currency: Currency,
    pub(super) way: Way,
    pub(super) rounding: Rounding,
    /// In millionths, one for each class.
    pub(super) rates: Vec<i64>,
    pub(super) entries: Vec<Entry>,
    pub(super) tip: i64,
}

/// The bill with all its sums.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Settled {
    /// The tax that each entry bears.
    pub(super) tax: Vec<i64>,
    pub(super) off: Vec<Off>,
    pub(super) given: Vec<Given>,
    pub(super) owed: Vec<Owed>,
    pub(super) items: i64,
    pub(super) fees: i64,
    pub(super) discounts: i64,
    pub(super) taxes: i64,
    pub(super) total: i64,
}

impl Bill {
    /// Takes the discounts off, finds the taxes and adds everything up. `None` when something does not fit.
    pub(super) fn settle(&self, discounts: &[Discount]) -> Option<Settled> {
        let mut off = vec![Off::default(); self.entries.len()];
        let mut given = Vec::with_capacity(discounts.len());
        for discount in discounts {
            given.push(self.take_off(*discount, &mut off)?);
        }
        let (owed, tax) = self.tax(&off)?;
        let items = self.sum(|kind| matches!(kind, Kind::Item | Kind::Option))?;
        let fees = self.sum(|kind| !matches!(kind, Kind::Item | Kind::Option))?;
        let discounts = total(given.iter().map(|given| given.minor))?;
        let taxes = total(owed.iter().map(|owed| owed.tax))?;
        let on_top = match self.way {
            Way::Included => 0,
            Way::Added => taxes,
        };
        let total = items
            .checked_add(fees)?
            .checked_sub(discounts)?
            .checked_add(on_top)?
            .checked_add(self.tip)?;
        Some(Settled {
            tax,
            off,
            given,
            owed,
            items,
            fees,
            discounts,
            taxes,
            total,
        })
    }

    fn sum(&self, of: impl Fn(Kind) -> bool) -> Option<i64> {
        let entries = self.entries.iter().filter(|entry| of(entry.kind));
        total(entries.map(|entry| entry.minor))
    }

    /// Spreads a discount over what is left of the entries that it reaches.
    fn take_off(&self, discount: Discount, off: &mut [Off]) -> Option<Given> {
        let mut left = Vec::with_capacity(self.entries.len());
        for (entry, off) in self.entries.iter().zip(off.iter()) {
            let is_reached = reaches(discount.reach, entry);
            left.push(if is_reached {
                entry.minor.checked_sub(off.all)?
            } else {
                0
            });
        }
        // Options may cost less than nothing; they bear no part, and they lower what there is to be taken off.
        let weights: Vec<u64> = left
            .iter()
            .map(|left| u64::try_from(*left).unwrap_or(0))
            .collect();
        let there_is = total(left.into_iter())?.max(0);
        let minor = match discount.worth {
            Worth::Amount(minor) => minor,
            Worth::Share(millionths) => {
                let share = i128::from(there_is).checked_mul(millionths.clamp(0, WHOLE).into())?;
                i64::try_from(half_up(share, WHOLE.into())?).ok()?
            }
        };
        let minor = minor.clamp(0, there_is);
        let parts: Vec<i64> = match minor {
            0 => vec![0; weights.len()],
            _ => {
                let shares = spread(Money::new(minor, self.currency), &weights);
                shares.into_iter().map(Money::minor).collect()
            }
        };
        for (off, part) in off.iter_mut().zip(&parts) {
            off.all = off.all.checked_add(*part)?;
            if lowers_tax(discount.funder) {
                off.own = off.own.checked_add(*part)?;
            }
        }
        Some(Given {
            discount,
            minor,
            parts,
        })
    }

    /// What is rounded together with the entry at a place: its line, or, behind all lines, the fee that it is.
    fn unit(&self, place: usize) -> usize {
        match (self.rounding, self.entries.get(place)) {
            (Rounding::Total, _) | (Rounding::Line, None) => 0,
            (Rounding::Line, Some(entry)) => entry
                .line
                .unwrap_or_else(|| LINES_MAX.saturating_add(place)),
        }
    }

    /// What each class is owed, and what each entry bears of all classes.
    fn tax(&self, off: &[Off]) -> Option<(Vec<Owed>, Vec<i64>)> {
        let mut amounts = Vec::with_capacity(self.entries.len());
        let mut owners = Vec::with_capacity(self.entries.len());
        let mut goods = vec![0_i64; self.rates.len()];
        for (place, (entry, off)) in self.entries.iter().zip(off).enumerate() {
            let minor = entry.minor.checked_sub(off.own)?;
            let Some(class) = entry.class else { continue };
            let unit = self.unit(place);
            amounts.push(Taxed { class, minor, unit });
            owners.push(place);
            if let Some(good) = goods.get_mut(class) {
                *good = good.checked_add(minor)?;
            }
        }
        let weights: Vec<u64> = goods
            .iter()
            .map(|good| u64::try_from(*good).unwrap_or(0))
            .collect();
        for (place, (entry, off)) in self.entries.iter().zip(off).enumerate() {
            if entry.class.is_some() {
                continue;
            }
            let minor = Money::new(entry.minor.checked_sub(off.own)?, self.currency);
            let unit = self.unit(place);
            for (class, share) in spread(minor, &weights).into_iter().enumerate() {
                let minor = share.minor();
                amounts.push(Taxed { class, minor, unit });
                owners.push(place);
            }
        }
        let (owed, borne) = tax::taxes(self.way, &self.rates, &amounts)?;
        let mut of_entries = vec![0_i64; self.entries.len()];
        for (owner, tax) in owners.into_iter().zip(borne) {
            let of_entry = of_entries.get_mut(owner)?;
            *of_entry = of_entry.checked_add(tax)?;
        }
        Some((owed, of_entries))
    }
}

/// What the platform pays is a part of the price, so the seller owes tax upon it.
const fn lowers_tax(funder: Funder) -> bool {
    match funder {
        Funder::Restaurant | Funder::Brand => true,
        Funder::Platform => false,
    }
}

fn reaches(reach: Reach, entry: &Entry) -> bool {
    let is_sold = matches!(entry.kind, Kind::Item | Kind::Option);
    match reach {
        Reach::Items => is_sold,
        Reach::Line(line) => is_sold && entry.line == Some(line),
        Reach::Delivery => entry.kind == Kind::DeliveryFee,
    }
}

fn total(minor: impl Iterator<Item = i64>) -> Option<i64> {
    minor
        .into_iter()
        .try_fold(0_i64, |sum, minor| sum.checked_add(minor))
}

/// The tax of one line by itself: its parts as (minor units, rate in millionths), and what each funder takes off them.
/// `None` when something does not fit.
pub fn tax_of(
    (currency, included): (Currency, TaxesIncluded),
    parts: &[(i64, i64)],
    off: &[(Funder, i64)],
) -> Option<Money> {
    // Parts of one rate are rounded together, as they are in a whole bill.
    let mut rates: Vec<i64> = parts.iter().map(|(_, rate)| *rate).collect();
    rates.sort_unstable();
    rates.dedup();
    let entries = parts.iter().map(|(minor, rate)| Entry {
        kind: Kind::Item,
        line: None,
        item: None,
        group: None,
        minor: *minor,
        class: rates.binary_search(rate).ok(),
    });
    let entries = entries.collect();
    let bill = Bill {
        currency,
        way: match included {
            TaxesIncluded::Included => Way::Included,
            TaxesIncluded::Added => Way::Added,
        },
        rounding: Rounding::Total,
        rates,
        entries,
        tip: 0,
    };
    let discounts: Vec<Discount> = off
        .iter()
        .map(|(funder, minor)| Discount {
            funder: *funder,
            worth: Worth::Amount(*minor),
            reach: Reach::Items,
        })
        .collect();
    let settled = bill.settle(&discounts)?;
    Some(Money::new(settled.taxes, currency))
}
