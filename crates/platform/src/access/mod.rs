//! Access: who belongs to an organisation, with which roles, and what follows from that at the gate.
//!
//! Tables on the shard: `roles`, `members`, `grants`, `tallies` (folded from their events) and `invitations`
//! (operational); in the people database `memberships`. Events out: `role.defined`, `.changed`, `.removed`;
//! `member.joined`, `.removed`; `grant.given`, `.revoked`; `invitation.created`, `.accepted`, `.withdrawn`. Events in:
//! `person.erased`, and its own, by which all nodes forget what they remember.

mod app;
mod change;
mod doorkeeper;
pub(crate) mod fold;
mod http;
mod invitations;
mod joining;
mod leaving;
mod letters;
mod members;
mod memberships;
mod memory;
mod roles;
pub(crate) mod store;
mod view;

use base::Result;
use engine::{Consumer, TimerHandler};

use ::store::{Migration, Part};

pub use app::{App, Parts};
#[allow(
    unused_imports,
    reason = "for the slice of this crate that makes organisations"
)]
pub(crate) use change::first_owner;
pub use doorkeeper::{Doorkeeper, Scopes};
pub use http::routes;
pub use memberships::{Membership, PEOPLE};

/// What access brings to every shard.
pub static SHARD: Part = Part {
    name: "access",
    tables: store::TABLES,
    statements: store::STATEMENTS,
    migrations: &[Migration {
        number: 1,
        name: "access",
        sqlite: include_str!("../../migrations/access/sqlite/0001_access.sql"),
        postgres: include_str!("../../migrations/access/postgres/0001_access.sql"),
    }],
};

/// What works on its own by events: memberships are kept, letters sent, the erased removed.
///
/// # Errors
/// A pattern is none.
pub fn consumers(app: &App) -> Result<Vec<Consumer>> {
    Ok(vec![app.keeping()?, app.sending()?, app.erasing()?])
}

/// What works on its own by time: invitations run out.
#[must_use]
pub fn timers(app: &App) -> Vec<TimerHandler> {
    vec![app.expiring()]
}
