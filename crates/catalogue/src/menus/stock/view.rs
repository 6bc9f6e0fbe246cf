//! What has run out, as it is said and shown to those who work there.

use base::{Result, Time};
use carte::{ItemId, Off, Stop, Until};
use serde::{Deserialize, Serialize};
use slice::wrong;
use utoipa::ToSchema;

/// What somebody says of an item that has run out.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct StopAsked {
    /// When it is there again: a time ahead of us, by at most 400 days, or `tomorrow`, which is when the next business
    /// day begins. Without it: when somebody says so.
    #[serde(default)]
    #[schema(example = "tomorrow", max_length = 40)]
    until: Option<String>,
    /// How many can still be sold. Without it: none at all.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000)]
    left: Option<u32>,
    /// Why, for those who work there.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 120)]
    reason: Option<String>,
}

/// What is said of an item.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StockView {
    /// The version of the restaurant's stock.
    #[schema(minimum = 0)]
    pub(crate) version: i64,
    /// The item.
    #[schema(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(crate) item: ItemId,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) until: Option<Time>,
    /// How many can still be sold; none at all where nothing is said.
    pub(crate) left: Option<u32>,
    /// Why.
    pub(crate) reason: Option<String>,
}

/// All that has run out in a restaurant, or is counted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StocksView {
    /// Grows with every change.
    #[schema(minimum = 0)]
    pub(crate) version: i64,
    /// What is off or counted, in the order of the ids.
    pub(crate) items: Vec<StockView>,
}

/// The most that can be counted.
const LEFT_MAX: u32 = 1_000_000;
/// What stands for the next business day.
const TOMORROW: &str = "tomorrow";

impl StopAsked {
    /// What it means.
    pub(super) fn stop(&self) -> Result<Stop> {
        let until = match self.until.as_deref() {
            None => Until::Further,
            Some(TOMORROW) => Until::Tomorrow,
            Some(text) => Until::At(text.parse().map_err(|_| {
                wrong(
                    "until",
                    "it is a time like 2026-03-01T18:30:00Z, or tomorrow",
                )
            })?),
        };
        if self.left.is_some_and(|left| left > LEFT_MAX) {
            return Err(wrong("left", "it is a number from 0 to 1,000,000"));
        }
        let reason = self.reason.as_deref().map(str::parse).transpose();
        Ok(Stop {
            until,
            left: self.left,
            reason: reason.map_err(|error: carte::TextError| wrong("reason", error.to_string()))?,
        })
    }
}

impl StockView {
    /// What is said of an item at a version.
    pub(super) fn of(version: i64, item: ItemId, off: &Off) -> Self {
        StockView {
            version,
            item,
            until: off.until,
            left: off.left,
            reason: off.reason.as_ref().map(|reason| reason.as_str().to_owned()),
        }
    }
}
