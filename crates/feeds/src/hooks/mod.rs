//! Webhooks: an organisation is told of its events at an address of its own, signed, until it has taken them.
//!
//! A consumer of the log writes down what each hook is to be told, and a job for each telling. Tables: `hooks`,
//! `hook_deliveries`, both operational. Of one stream a hook is told in order: the job of the next event waits for that of
//! the one before. Events: `hook.created`, `hook.changed`, `hook.rotated`, `hook.disabled`, `hook.removed`.

mod app;
mod deliver;
mod http;
mod reach;
mod sign;
pub(crate) mod store;
mod tell;
mod view;
mod wire;

use std::time::Duration;

pub(crate) use app::App;
pub(crate) use http::routes;
pub use reach::{Neighbours, OfTheSystem, Resolve};
pub use wire::Wire;

base::typed_id!(
    /// Names a hook.
    pub HookId = "hok";
    /// Names one event for one hook.
    pub DeliveryId = "dlv";
);

/// How patient we are with hooks.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For how long an event is told again.
    pub retry_for: Duration,
    /// The wait after the first try; it doubles.
    pub first: Duration,
    /// The longest wait between two tries.
    pub longest: Duration,
    /// After so many failures without a success between them the hook is disabled.
    pub failures_max: i64,
    /// For how long the secret before holds while they rotate.
    pub rotate_within: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            retry_for: Duration::from_secs(3 * 24 * 3_600),
            first: Duration::from_secs(5),
            longest: Duration::from_secs(3_600),
            failures_max: 500,
            rotate_within: Duration::from_secs(24 * 3_600),
        }
    }
}
