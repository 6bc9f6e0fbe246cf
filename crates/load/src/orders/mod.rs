//! Orders as diners place them: over HTTP, by guests with sessions, from menus that were read before, each under a key of
//! its own. It sees of a server what a diner sees, and no more.
//!
//! An order is **accepted** when the server has answered so. It is **whole** when its money is safe, and with it all that
//! was to happen by itself; what was placed is looked up until then.

mod baskets;
mod diners;
mod place;
mod seen;
mod wire;

pub use baskets::Service;
pub use place::{How, Placed, Stage, Wishes};
pub use seen::Seen;
pub use wire::Address;
