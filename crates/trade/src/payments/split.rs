//! One bill, several payers: parts that add up to it, to the last cent.

use std::collections::BTreeSet;

use base::{Currency, Money};

use crate::orders::{LineKey, MoneyLine};
use domain::pricing::spread;

/// The most payers of one order.
pub const PAYERS_MAX: usize = 20;

/// How a bill is shared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Split {
    /// Each pays for his lines, and his part of what belongs to no line.
    ByItem(Vec<Vec<LineKey>>),
    /// Each pays a share, by its weight; equal weights are equal shares.
    ByShare(Vec<u32>),
    /// Each pays what he says, in minor units.
    ByAmount(Vec<i64>),
}

/// Why a bill cannot be shared so.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SplitRefusal {
    /// There is nobody, or there are too many.
    #[error("a bill is shared by 1 to {PAYERS_MAX} payers")]
    Payers,
    /// Somebody would pay nothing, or less.
    #[error("every payer pays something")]
    Nothing,
    /// The amounts are not all of it, or more.
    #[error("the amounts do not add up to the bill")]
    Sum,
    /// A line is there that the order has not, is there twice, or is missing.
    #[error("every line of the order has one payer")]
    Lines,
    /// The bill does not fit.
    #[error("the bill is too much")]
    TooMuch,
}

/// Shares a bill. The parts are in the order of the payers, all above zero, and add up to what is to be paid.
///
/// # Errors
/// The parts would not be all of it, or somebody's would be nothing.
pub fn split(
    currency: Currency,
    lines: &[MoneyLine],
    how: &Split,
) -> Result<Vec<Money>, SplitRefusal> {
    let paid = lines.iter().filter(|line| line.kind.is_paid());
    let total = Money::sum(currency, paid.map(|line| Money::new(line.minor, currency)));
    let total = total.map_err(|_| SplitRefusal::TooMuch)?;
    let payers = match how {
        Split::ByItem(payers) => payers.len(),
        Split::ByShare(weights) => weights.len(),
        Split::ByAmount(amounts) => amounts.len(),
    };
    if !(1..=PAYERS_MAX).contains(&payers) {
        return Err(SplitRefusal::Payers);
    }
    let parts = match how {
        Split::ByItem(payers) => by_item(currency, lines, payers)?,
        Split::ByShare(weights) => {
            let weights: Vec<u64> = weights.iter().copied().map(u64::from).collect();
            spread(total, &weights)
        }
        Split::ByAmount(amounts) => {
            let amounts = amounts.iter().map(|minor| Money::new(*minor, currency));
            amounts.collect()
        }
    };
    if parts.iter().any(|part| part.minor() <= 0) {
        return Err(SplitRefusal::Nothing);
    }
    let sum = Money::sum(currency, parts.iter().copied()).map_err(|_| SplitRefusal::TooMuch)?;
    match sum == total {
        true => Ok(parts),
        false => Err(SplitRefusal::Sum),
    }
}

/// What belongs to no line, fees and the tip, is borne in the proportion of what is.
fn by_item(
    currency: Currency,
    lines: &[MoneyLine],
    payers: &[Vec<LineKey>],
) -> Result<Vec<Money>, SplitRefusal> {
    let too_much = |_| SplitRefusal::TooMuch;
    let payer_of = |line: &LineKey| {
        let mut found = payers.iter().enumerate();
        found.find_map(|(payer, lines)| lines.contains(line).then_some(payer))
    };
    let mut parts = vec![Money::zero(currency); payers.len()];
    let mut rest = Money::zero(currency);
    for line in lines.iter().filter(|line| line.kind.is_paid()) {
        let part = match &line.line {
            None => &mut rest,
            Some(key) => {
                let payer = payer_of(key).ok_or(SplitRefusal::Lines)?;
                parts.get_mut(payer).ok_or(SplitRefusal::Lines)?
            }
        };
        let amount = Money::new(line.minor, currency);
        *part = part.plus(amount).map_err(too_much)?;
    }
    let known: BTreeSet<&LineKey> = lines.iter().filter_map(|line| line.line.as_ref()).collect();
    let asked: BTreeSet<&LineKey> = payers.iter().flatten().collect();
    if asked != known || payers.iter().map(Vec::len).sum::<usize>() != known.len() {
        return Err(SplitRefusal::Lines);
    }
    let weights: Vec<u64> = parts
        .iter()
        .map(|part| u64::try_from(part.minor()).unwrap_or(0))
        .collect();
    let shares = parts.into_iter().zip(spread(rest, &weights));
    shares
        .map(|(part, share)| part.plus(share).map_err(too_much))
        .collect()
}
