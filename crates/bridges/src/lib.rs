//! Adapters to the outside: what a provider calls its things, turned into what we call ours, and back.
//!
//! An adapter sends an ask once and says what was answered. What may have happened without an answer is unknown and
//! is never guessed; messages of providers may grow, but not beyond a size; no card number and no secret is repeated.

pub mod adyen;
mod credentials;
mod left;
pub mod paypal;
mod said;
mod wire;

pub use calls::Loopback;
pub use credentials::Phrase;
