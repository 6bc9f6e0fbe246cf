//! What has run out ("86"): until a time, for good, or by a count. It changes by the minute and is no part of a menu.

use std::collections::BTreeMap;

use base::Time;
use serde::{Deserialize, Serialize};

use super::{ItemId, Remark};

/// What is off or counted in a restaurant.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Availability {
    /// How often it has changed.
    pub version: i64,
    /// The items of which something is to be said.
    #[serde(default)]
    pub off: BTreeMap<ItemId, Off>,
}

/// That an item is off, or how many are left of it.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Off {
    /// When this ends by itself; none means not before somebody ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// How many are left; none means that it is off altogether.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u32>,
    /// Why, for those who work there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Remark>,
}
