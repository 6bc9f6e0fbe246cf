//! Transactions: known ones to the cent, and what holds for every bill and whatever happens to it.

mod known;
mod properties;

use base::{Currency, Money, Uid};
use proptest::prelude::*;

use super::*;
use crate::orders::{LineKey, MoneyLine, OrderId};
use crate::payments::{AttemptId, PaymentId, ProviderName, RefundId};
use crate::prices::tests::properties as bills;
use domain::pricing::{Funder, Kind as For, Quote, Recipient};

pub(crate) fn uid(number: u8) -> Uid {
    Uid::from_bytes([number; 16])
}

pub(crate) fn order() -> OrderId {
    uid(7).into()
}

pub(super) fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

pub(crate) fn provider() -> ProviderName {
    "test".parse().unwrap()
}

pub(super) fn means() -> Means {
    Means::Provider(provider())
}

pub(crate) fn money(kind: For, line: Option<usize>, minor: i64) -> MoneyLine {
    MoneyLine {
        kind,
        line: line.map(LineKey::numbered),
        minor,
    }
}

/// The lines of a quote as an order has them.
pub(crate) fn lines(quote: &Quote) -> Vec<MoneyLine> {
    let lines = quote.money.iter();
    lines
        .map(|one| money(one.kind, one.line, one.amount.minor()))
        .collect()
}

/// Any bill: taxes in the prices or on top, discounts of all funders, fees and a tip, amounts that do not fit too.
pub(crate) fn bill() -> impl Strategy<Value = Vec<MoneyLine>> {
    (bills::known(), bills::wanted()).prop_map(|(known, wanted)| lines(&known.quote(&wanted)))
}

/// What is to be paid for it.
pub(crate) fn to_pay(lines: &[MoneyLine]) -> i64 {
    let paid = lines.iter().filter(|line| line.kind.is_paid());
    paid.fold(0, |sum, line| sum.saturating_add(line.minor))
}
