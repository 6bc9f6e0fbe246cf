//! The sums of an order: its amounts must add up, line by line and as a whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use super::types::{Line, LineKey, MoneyLine, Order};
use domain::pricing::Kind;

/// What the amounts of one line come to.
#[derive(Clone, Copy, Default)]
struct Sums {
    goods: i64,
    discount: i64,
    tax: i64,
}

/// The sums of an order, in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Totals {
    /// Items and options.
    pub items_minor: i64,
    /// All fees.
    pub fees_minor: i64,
    /// All that is taken off; not below zero.
    pub discounts_minor: i64,
    /// All taxes, whether they come on top or not.
    pub tax_minor: i64,
    /// The tip.
    pub tip_minor: i64,
    /// What is to be paid.
    pub total_minor: i64,
}

/// What is to be paid for these lines, when their amounts add up.
///
/// # Errors
/// They do not.
pub(super) fn total(lines: &[Line], money: &[MoneyLine]) -> Result<i64, Refusal> {
    let large = Refusal::Amounts("they are too large");
    let mut sums: BTreeMap<&LineKey, Sums> = lines
        .iter()
        .map(|line| (&line.key, Sums::default()))
        .collect();
    let mut total = 0_i64;
    for one in money {
        if one.kind.is_paid() {
            total = total.checked_add(one.minor).ok_or(large.clone())?;
        }
        if matches!(one.kind, Kind::Discount(_)) && one.minor > 0 {
            return Err(Refusal::Amounts("a discount is above zero"));
        }
        let Some(key) = &one.line else { continue };
        let sums = sums.get_mut(key);
        let sums = sums.ok_or(Refusal::Amounts("an amount belongs to no line"))?;
        sums.add(one).ok_or(large.clone())?;
    }
    for line in lines {
        let sums = sums.get(&line.key).copied().unwrap_or_default();
        let goods = line.unit_minor.checked_mul(i64::from(line.quantity));
        let is_right = goods == Some(line.minor)
            && line.minor >= 0
            && sums.goods == line.minor
            && sums.discount.checked_neg() == Some(line.discount_minor)
            && sums.tax == line.tax_minor;
        if !is_right {
            return Err(Refusal::Amounts("those of a line are not its sums"));
        }
    }
    match total >= 0 {
        true => Ok(total),
        false => Err(Refusal::Amounts("their sum is below zero")),
    }
}

impl Sums {
    fn add(&mut self, one: &MoneyLine) -> Option<()> {
        let sum = match one.kind {
            Kind::Item | Kind::Option => &mut self.goods,
            Kind::Discount(_) => &mut self.discount,
            Kind::TaxAdded | Kind::TaxIncluded => &mut self.tax,
            Kind::DeliveryFee
            | Kind::SmallOrderFee
            | Kind::ServiceFee
            | Kind::PackagingFee
            | Kind::PaymentFee
            | Kind::Tip
            | Kind::TipFor(_) => return Some(()),
        };
        *sum = sum.checked_add(one.minor)?;
        Some(())
    }
}

impl Order {
    /// The sums of what is sold. Each is a part of sums that were proven to fit.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for one in &self.money {
            let (sum, minor) = match one.kind {
                Kind::Item | Kind::Option => (&mut totals.items_minor, one.minor),
                Kind::DeliveryFee
                | Kind::SmallOrderFee
                | Kind::ServiceFee
                | Kind::PackagingFee
                | Kind::PaymentFee => (&mut totals.fees_minor, one.minor),
                Kind::TaxAdded | Kind::TaxIncluded => (&mut totals.tax_minor, one.minor),
                Kind::Tip | Kind::TipFor(_) => (&mut totals.tip_minor, one.minor),
                Kind::Discount(_) => (&mut totals.discounts_minor, one.minor.saturating_neg()),
            };
            *sum = sum.saturating_add(minor);
        }
        totals.total_minor = self.total_minor;
        totals
    }
}
