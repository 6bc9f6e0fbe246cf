//! The moves that are legal, written down a second time: the simulator does not ask the code that it judges.

/// Where an order can go.
pub(crate) fn next(status: &str) -> &'static [&'static str] {
    match status {
        "scheduled" => &["pending", "cancelled", "rejected", "expired"],
        "pending" => &["confirmed", "cancelled", "rejected", "expired"],
        "confirmed" => &["preparing", "cancelled"],
        "preparing" => &["ready_for_pickup", "cancelled"],
        "ready_for_pickup" => &["out_for_delivery", "collected", "served", "cancelled"],
        "out_for_delivery" => &["delivered", "returned", "cancelled"],
        _ => &[],
    }
}

/// Whether it is made.
pub(crate) fn is_made(status: &str) -> bool {
    const ALL: [&str; 6] = [
        "ready_for_pickup",
        "out_for_delivery",
        "delivered",
        "collected",
        "served",
        "returned",
    ];
    ALL.contains(&status)
}

/// Whether the restaurant has bound itself to it.
pub(crate) fn is_accepted(status: &str) -> bool {
    const ALL: [&str; 8] = [
        "confirmed",
        "preparing",
        "ready_for_pickup",
        "out_for_delivery",
        "delivered",
        "collected",
        "served",
        "returned",
    ];
    ALL.contains(&status)
}
