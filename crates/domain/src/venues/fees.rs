//! What a restaurant takes besides the price of what it sells.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Refusal;
use carte::{Key, Service};

/// The largest part of an order that a service fee may be: half of it, in millionths.
pub const SERVICE_MILLIONTHS_MAX: i64 = 500_000;

/// What is taken with one service.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceFees {
    /// The service fee: so many millionths of what the items cost.
    #[serde(default)]
    pub service_millionths: i64,
    /// The service fee is no more than this, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_max_minor: Option<i64>,
    /// An order below this is small, in minor units.
    #[serde(default)]
    pub small_below_minor: i64,
    /// What a small order costs besides, in minor units.
    #[serde(default)]
    pub small_minor: i64,
    /// What bags and boxes cost, in minor units.
    #[serde(default)]
    pub packaging_minor: i64,
    /// What it costs to pay in cash, in minor units.
    #[serde(default)]
    pub cash_minor: i64,
}

/// What of an order has its tax rounded together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// All of it: the tax of the order is what its rate says of the sum.
    #[default]
    Total,
    /// Each line and each fee by itself: the tax of the order is the sum of theirs.
    Line,
}

/// What a restaurant takes besides, by service. Nothing, for a service that is not here.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Fees {
    /// The tax class of all fees, delivery's too; the tax of what is ordered, in its parts, when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<Key>,
    /// What is taken with each service.
    #[serde(default)]
    pub services: BTreeMap<Service, ServiceFees>,
    /// How taxes are rounded, those of what is sold too.
    #[serde(default)]
    pub rounding: Rounding,
}

impl Fees {
    /// What is taken with this service.
    #[must_use]
    pub fn of(&self, service: Service) -> ServiceFees {
        self.services.get(&service).copied().unwrap_or_default()
    }

    /// The same, if its numbers make sense.
    ///
    /// # Errors
    /// One is negative, or the service fee more than half of an order.
    pub fn checked(self) -> Result<Self, Refusal> {
        let is_sound = |fees: &ServiceFees| {
            let sums = [
                fees.service_max_minor,
                Some(fees.small_below_minor),
                Some(fees.small_minor),
                Some(fees.packaging_minor),
                Some(fees.cash_minor),
            ];
            (0..=SERVICE_MILLIONTHS_MAX).contains(&fees.service_millionths)
                && sums.into_iter().flatten().all(|minor| minor >= 0)
        };
        match self.services.values().all(is_sound) {
            true => Ok(self),
            false => Err(Refusal::OutOfRange),
        }
    }
}
