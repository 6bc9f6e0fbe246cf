//! What is written down of a panic: where it was, and nothing of what it said.
//!
//! The text of a panic may hold what a request brought. Place and thread are enough to find the line, and the
//! request is named by its correlation id.

use std::panic::{self, PanicHookInfo};

/// Writes down each panic of this process from now on.
pub(crate) fn install() {
    panic::set_hook(Box::new(note));
}

fn note(panic: &PanicHookInfo<'_>) {
    metrics::counter!("panics_total").increment(1);
    let place = panic.location();
    let file = place.map_or("unknown", |place| place.file());
    let line = place.map_or(0, |place| u64::from(place.line()));
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    tracing::error!(target: "panic", file, line, thread, "a panic");
}
