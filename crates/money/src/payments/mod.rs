//! Payments: what providers are asked for an order's money, and what became of it.
//!
//! Every ask is stored before it is sent and its answer after, so whatever dies in between is asked again under the same
//! key. What nobody knows is looked up until somebody does, by a timer, and never guessed. A refused call to a provider
//! that is down costs nothing: a breaker and a budget stand before the only way out.
//!
//! Tables: `payments`, folded from `payment.*`; `payment_notices`, what providers told by themselves.

mod app;
mod breaker;
mod gate;
mod hand;
mod http;
mod known;
mod notices;
mod plan;
mod pretend;
mod reached;
mod reconcile;
mod settle;
mod standing;
mod store;
mod view;

pub use app::{App, Begin};
pub use hand::{Called, Seen};
pub use http::routes;
pub use known::{Known, Noted};
pub use pretend::Pretend;
pub use reached::Reached;
pub use reconcile::{Difference, Line, Moved, reconcile};
pub use standing::Standing;
pub use store::FOLD;
pub use store::SHARD;
pub use view::{AttemptView, PaymentLook};
