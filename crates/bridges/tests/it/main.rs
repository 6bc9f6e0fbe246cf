//! Adapters against a desk that records: every request is judged by the provider's own published schema.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on must fail at once, with the cause"
)]

mod adyen;
mod adyen_notices;
mod desk;
mod faults;
mod judge;
mod paypal;
mod paypal_notices;
mod stand_in;
mod world;
