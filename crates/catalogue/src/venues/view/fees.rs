//! What a restaurant takes besides the price of what it sells.

use std::collections::BTreeMap;

use base::{Currency, Result};
use carte::{Key, Service};
use domain::venues::{Fees, Rounding, ServiceFees};
use serde::{Deserialize, Serialize};
use slice::wrong;
use utoipa::ToSchema;

use super::{amount, minor};
use crate::venues::app::Scene;

/// Millionths in a hundredth.
const MILLIONTHS_A_PERCENT: i64 = 10_000;

/// What of an order has its tax rounded together.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TaxRounding {
    /// All of it.
    #[default]
    Total,
    /// Each line and each fee by itself.
    Line,
}

/// What is taken with one service.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct FeesOfService {
    /// The service fee, in percent of what the items cost: 0 to 50.
    #[schema(
        pattern = "^([0-9]|[1-4][0-9])(\\.[0-9]{1,4})?$|^50(\\.0{1,4})?$",
        max_length = 7
    )]
    service_percent: String,
    /// The service fee is no more than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,4})?$", max_length = 14)]
    service_max: Option<String>,
    /// An order below this is small.
    #[schema(pattern = "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,4})?$", max_length = 14)]
    small_below: String,
    /// What a small order costs besides.
    #[schema(pattern = "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,4})?$", max_length = 14)]
    small_fee: String,
    /// What bags and boxes cost; nothing when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,4})?$", max_length = 14)]
    packaging_fee: Option<String>,
    /// What it costs to pay in cash; nothing when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,4})?$", max_length = 14)]
    cash_fee: Option<String>,
}

/// What is taken with each service. Nothing with one that is left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeesOfServices {
    /// When it is brought; what bringing costs is said of each zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delivery: Option<FeesOfService>,
    /// When it is fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pickup: Option<FeesOfService>,
    /// When it is eaten there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dine_in: Option<FeesOfService>,
}

/// What a restaurant takes besides.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FeesView {
    /// The tax class of all fees; taxed like what is ordered when nothing is said.
    tax: Option<String>,
    /// How taxes are rounded, those of what is sold too.
    tax_rounding: TaxRounding,
    /// What is taken with each service.
    services: FeesOfServices,
    /// What its amounts are in.
    currency: String,
    /// The version of the fees, to be sent along with the next change; 0 when nothing was said yet.
    #[schema(minimum = 0)]
    pub(crate) version: i64,
}

/// What a restaurant takes besides from now on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ChangedFees {
    /// The tax class of all fees, of the classes in the menu.
    #[serde(default)]
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,39}$", max_length = 40)]
    tax: Option<String>,
    /// How taxes are rounded, those of what is sold too: once for the order when nothing is said.
    #[serde(default)]
    tax_rounding: TaxRounding,
    /// What is taken with each service.
    services: FeesOfServices,
    /// The version that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) version: i64,
}

impl FeesOfService {
    fn fees(&self, currency: Currency) -> Result<ServiceFees> {
        let max = self.service_max.as_deref();
        let fee = |name, typed: &Option<String>| match typed {
            Some(typed) => minor(name, typed, currency),
            None => Ok(0),
        };
        Ok(ServiceFees {
            service_millionths: millionths(&self.service_percent)
                .ok_or_else(|| wrong("services.servicePercent", "it is 0 to 50, with 4 digits"))?,
            service_max_minor: max
                .map(|typed| minor("services.serviceMax", typed, currency))
                .transpose()?,
            small_below_minor: minor("services.smallBelow", &self.small_below, currency)?,
            small_minor: minor("services.smallFee", &self.small_fee, currency)?,
            packaging_minor: fee("services.packagingFee", &self.packaging_fee)?,
            cash_minor: fee("services.cashFee", &self.cash_fee)?,
        })
    }

    fn of(fees: &ServiceFees, currency: Currency) -> Self {
        let fee = |minor: i64| (minor > 0).then(|| amount(minor, currency));
        FeesOfService {
            service_percent: percent(fees.service_millionths),
            service_max: fees.service_max_minor.map(|minor| amount(minor, currency)),
            small_below: amount(fees.small_below_minor, currency),
            small_fee: amount(fees.small_minor, currency),
            packaging_fee: fee(fees.packaging_minor),
            cash_fee: fee(fees.cash_minor),
        }
    }
}

/// A percentage with up to four digits after the point.
fn millionths(typed: &str) -> Option<i64> {
    let (whole, fraction) = typed.split_once('.').unwrap_or((typed, "0"));
    let is_number = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !is_number(whole, 2) || !is_number(fraction, 4) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let fraction: i64 = format!("{fraction:0<4}").parse().ok()?;
    whole
        .checked_mul(MILLIONTHS_A_PERCENT)?
        .checked_add(fraction)
}

fn percent(millionths: i64) -> String {
    let whole = millionths / MILLIONTHS_A_PERCENT;
    let fraction = format!("{:04}", millionths % MILLIONTHS_A_PERCENT);
    match fraction.trim_end_matches('0') {
        "" => whole.to_string(),
        fraction => format!("{whole}.{fraction}"),
    }
}

impl ChangedFees {
    /// What it means, in this currency.
    pub(crate) fn fees(&self, currency: Currency) -> Result<Fees> {
        let tax = self.tax.as_deref().map(str::parse::<Key>).transpose();
        let mut services = BTreeMap::new();
        let given = [
            (Service::Delivery, &self.services.delivery),
            (Service::Pickup, &self.services.pickup),
            (Service::DineIn, &self.services.dine_in),
        ];
        for (service, fees) in given {
            if let Some(fees) = fees {
                services.insert(service, fees.fees(currency)?);
            }
        }
        let fees = Fees {
            tax: tax.map_err(|error| wrong("tax", error.to_string()))?,
            services,
            rounding: match self.tax_rounding {
                TaxRounding::Total => Rounding::Total,
                TaxRounding::Line => Rounding::Line,
            },
        };
        fees.checked()
            .map_err(|refusal| wrong("services", refusal.to_string()))
    }
}

impl From<&Scene> for FeesView {
    fn from(scene: &Scene) -> Self {
        let currency = scene.restaurant.details.currency;
        let fees = &scene.venue.fees;
        let of = |service| {
            let fees = fees.services.get(&service);
            fees.map(|fees| FeesOfService::of(fees, currency))
        };
        FeesView {
            tax: fees.tax.as_ref().map(Key::to_string),
            tax_rounding: match fees.rounding {
                Rounding::Total => TaxRounding::Total,
                Rounding::Line => TaxRounding::Line,
            },
            services: FeesOfServices {
                delivery: of(Service::Delivery),
                pickup: of(Service::Pickup),
                dine_in: of(Service::DineIn),
            },
            currency: currency.code().to_owned(),
            version: scene.venue.versions.fees,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_read_and_written_exactly() {
        for (typed, is) in [
            ("0", 0),
            ("5", 50_000),
            ("2.5", 25_000),
            ("12.3456", 123_456),
        ] {
            assert_eq!(millionths(typed), Some(is), "{typed}");
            assert_eq!(percent(is), typed);
        }
        for bad in ["", ".", "5.", ".5", "-1", "1.23456", "100", "+5", "5,5"] {
            assert_eq!(millionths(bad), None, "{bad}");
        }
    }
}
