//! A settled bill as the quote that tells of it.

use base::Money;

use super::bill::{Bill, Off, Settled};
use super::goods::{Goods, Line};
use super::money::{Kind, MoneyLine};
use super::quote::{Facts, Fee, PricedLine, PricedPart, Quote, TaxSum, Totals};
use super::reasons::{Note, Refused};
use super::tax::Way;

/// The quote of a bill. Its entries are the parts of the goods in their order, and the fees behind them.
pub(super) fn told(
    facts: &Facts<'_>,
    goods: Goods,
    (bill, settled): (&Bill, Settled),
    refusals: Vec<Refused>,
) -> Quote {
    let money = |minor: i64| Money::new(minor, bill.currency);
    let amounts = amounts(bill, &settled);
    let classes = goods.classes.all().iter().zip(&settled.owed);
    let taxes = classes.map(|(class, owed)| TaxSum {
        class: class.key.clone(),
        rate_millionths: class.rate,
        base: money(owed.base),
        tax: money(owed.tax),
    });
    let taxes = taxes.collect();
    let mut borne = settled.off.iter().zip(settled.tax.iter().copied());
    let mut lines = Vec::with_capacity(goods.lines.len());
    for line in &goods.lines {
        let of_line: Vec<(&Off, i64)> = borne.by_ref().take(line.parts.len()).collect();
        lines.push(priced(&goods, line, &of_line, money));
    }
    let fees = bill.entries.iter().filter(|entry| entry.line.is_none());
    let fees = fees.zip(borne).map(|(entry, (off, tax))| Fee {
        kind: entry.kind,
        amount: money(entry.minor),
        discount: money(off.all),
        tax: money(tax),
    });
    Quote {
        currency: bill.currency,
        taxes_included: facts.menu.taxes_included,
        lines,
        fees: fees.collect(),
        discounts: settled
            .given
            .iter()
            .map(|given| money(given.minor))
            .collect(),
        taxes,
        totals: Totals {
            items: money(settled.items),
            fees: money(settled.fees),
            discounts: money(settled.discounts),
            tax: money(settled.taxes),
            tip: money(bill.tip),
            total: money(settled.total),
        },
        money: amounts,
        refusals,
        notes: goods.notes,
    }
}

/// A quote in which nothing has a price.
pub(super) fn nothing(facts: &Facts<'_>, refusals: Vec<Refused>, notes: Vec<Note>) -> Quote {
    let zero = Money::zero(facts.menu.currency);
    Quote {
        currency: facts.menu.currency,
        taxes_included: facts.menu.taxes_included,
        lines: Vec::new(),
        fees: Vec::new(),
        discounts: vec![zero; facts.discounts.len()],
        taxes: Vec::new(),
        totals: Totals {
            items: zero,
            fees: zero,
            discounts: zero,
            tax: zero,
            tip: zero,
            total: zero,
        },
        money: Vec::new(),
        refusals,
        notes,
    }
}

fn priced(
    goods: &Goods,
    line: &Line,
    borne: &[(&Off, i64)],
    money: impl Fn(i64) -> Money,
) -> PricedLine {
    let parts = line.parts.iter().zip(borne);
    let parts = parts.filter_map(|(part, (off, tax))| {
        Some(PricedPart {
            kind: part.kind,
            item: part.item,
            group: part.group,
            depth: part.depth,
            quantity: part.quantity,
            amount: money(part.minor),
            discount: money(off.all),
            class: goods.classes.key(part.class)?,
            tax: money(*tax),
        })
    });
    // Every part was bounded with the sum of all, so these sums fit.
    let sum = |of: &dyn Fn(&(&Off, i64)) -> i64| {
        borne
            .iter()
            .fold(0_i64, |sum, one| sum.saturating_add(of(one)))
    };
    PricedLine {
        line: line.line,
        item: line.item,
        quantity: line.quantity,
        unit: money(line.unit),
        amount: money(line.minor),
        discount: money(sum(&|(off, _)| off.all)),
        tax: money(sum(&|(_, tax)| *tax)),
        parts: parts.collect(),
    }
}

/// All of it as typed amounts. Their sum, without the taxes that others hold, is what is to be paid.
fn amounts(bill: &Bill, settled: &Settled) -> Vec<MoneyLine> {
    let mut all = Vec::with_capacity(bill.entries.len().saturating_mul(2));
    let line = |kind, place: usize, minor: i64| {
        let entry = bill.entries.get(place);
        MoneyLine {
            kind,
            line: entry.and_then(|entry| entry.line),
            item: entry.and_then(|entry| entry.item),
            group: entry.and_then(|entry| entry.group),
            amount: Money::new(minor, bill.currency),
        }
    };
    for (place, entry) in bill.entries.iter().enumerate() {
        all.push(line(entry.kind, place, entry.minor));
    }
    for given in &settled.given {
        for (place, part) in given.parts.iter().enumerate() {
            let kind = Kind::Discount(given.discount.funder);
            all.push(line(kind, place, part.saturating_neg()));
        }
    }
    let kind = match bill.way {
        Way::Included => Kind::TaxIncluded,
        Way::Added => Kind::TaxAdded,
    };
    for (place, tax) in settled.tax.iter().enumerate() {
        all.push(line(kind, place, *tax));
    }
    all.push(line(Kind::Tip, usize::MAX, bill.tip));
    // What costs nothing is still sold; a discount, a tax or a tip of nothing is none.
    all.retain(|line| line.amount.minor() != 0 || matches!(line.kind, Kind::Item | Kind::Option));
    all
}
