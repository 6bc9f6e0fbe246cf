//! The steps that an order can take, written down apart from the machine that takes them: whoever reads the log, or
//! tries the machine, judges by this table.

use super::types::Status;
use Status::{
    Cancelled, Collected, Confirmed, Delivered, Expired, OutForDelivery, Pending, Preparing,
    ReadyForPickup, Rejected, Returned, Scheduled, Served,
};

/// Where an order can go from where; what is not named goes nowhere.
pub const EDGES: &[(Status, &[Status])] = &[
    (Scheduled, &[Pending, Cancelled, Rejected, Expired]),
    (Pending, &[Confirmed, Cancelled, Rejected, Expired]),
    (Confirmed, &[Preparing, Cancelled]),
    (Preparing, &[ReadyForPickup, Cancelled]),
    (
        ReadyForPickup,
        &[OutForDelivery, Collected, Served, Cancelled],
    ),
    (OutForDelivery, &[Delivered, Returned, Cancelled]),
];

/// Where an order can begin.
pub const BEGINNINGS: &[Status] = &[Scheduled, Pending];

/// Whether an order can go from one to the other; staying is no step.
#[must_use]
pub fn is_edge(from: Option<Status>, to: Status) -> bool {
    match from {
        None => BEGINNINGS.contains(&to),
        Some(from) => EDGES
            .iter()
            .any(|(start, ends)| *start == from && ends.contains(&to)),
    }
}
