//! Meal vouchers: how much of an order they may pay.
//!
//! They pay for food alone: lines with their options, what is taken off them, and the taxes that come on top. They pay no
//! fee, no tip, and no line of which anything is sold from an age on. No change is given, so they never pay more than that,
//! neither when an order is placed nor when it is changed.

use std::collections::BTreeSet;

use base::{Currency, Money};
use serde::{Deserialize, Serialize};

use super::change::Repriced;
use super::refusal::Refusal;
use super::types::{Line, LineKey, MoneyLine, Order, Rules, of_hundredths};
use domain::pricing::Kind;

/// That a restaurant takes meal vouchers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct MealVouchers {
    /// How much of one order they pay at most, in hundredths of the currency; none is all that they may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_order: Option<i64>,
}

impl Rules {
    /// How much of such an order meal vouchers may pay, in minor units.
    ///
    /// # Errors
    /// The restaurant takes none, or an amount does not fit.
    pub fn vouchers_up_to(
        &self,
        currency: Currency,
        (lines, money): (&[Line], &[MoneyLine]),
    ) -> Result<i64, Refusal> {
        let taken = self.meal_vouchers.ok_or(Refusal::NoVouchers)?;
        let food = food_minor(lines, money)?;
        let most = taken.per_order.map(|most| of_hundredths(most, currency));
        Ok(most.map_or(food, |most| food.min(most)))
    }

    /// Whether meal vouchers may pay so much of such an order.
    pub(super) fn takes_vouchers(
        &self,
        (minor, currency): (i64, Currency),
        sold: (&[Line], &[MoneyLine]),
    ) -> Result<(), Refusal> {
        if minor == 0 {
            return Ok(());
        }
        let most = self.vouchers_up_to(currency, sold)?;
        match (0..=most).contains(&minor) {
            true => Ok(()),
            false => Err(Refusal::Vouchers(Money::new(most, currency))),
        }
    }
}

impl Order {
    /// What meal vouchers pay of it when it is changed so. What they must not pay any more the others have to hold already.
    pub(super) fn vouchers_after(
        &self,
        after: &Repriced,
        total_minor: i64,
    ) -> Result<i64, Refusal> {
        if self.vouchers_minor == 0 {
            return Ok(0);
        }
        let large = || Refusal::Amounts("they are too large");
        let food = food_minor(&after.lines, &after.money)?;
        let kept = self.vouchers_minor.min(food);
        let others = total_minor.checked_sub(kept).ok_or_else(large)?;
        // What costs more comes with a payment of its own.
        let most = total_minor.max(self.total_minor);
        let held = most.checked_sub(self.vouchers_minor).ok_or_else(large)?;
        match others <= held {
            true => Ok(kept),
            false => Err(Refusal::VouchersLeft),
        }
    }
}

/// What of an order is food that meal vouchers may pay: never more than the order costs without its tip.
fn food_minor(lines: &[Line], money: &[MoneyLine]) -> Result<i64, Refusal> {
    let large = || Refusal::Amounts("they are too large");
    let limited = lines.iter().filter(|line| line.age_min.is_some());
    let limited: BTreeSet<&LineKey> = limited.map(|line| &line.key).collect();
    let (mut food, mut all) = (0_i64, 0_i64);
    for one in money.iter().filter(|one| one.kind.is_paid()) {
        if matches!(one.kind, Kind::Tip | Kind::TipFor(_)) {
            continue;
        }
        all = all.checked_add(one.minor).ok_or_else(large)?;
        let is_food = one.line.as_ref().is_some_and(|key| !limited.contains(key));
        if is_food {
            food = food.checked_add(one.minor).ok_or_else(large)?;
        }
    }
    Ok(food.min(all).max(0))
}
