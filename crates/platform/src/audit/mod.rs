//! Audit: who did what, in a chain of hashes with signed heads, in a database of its own that is only appended to.
//!
//! Tables: `entries`, `heads`, `signers`, `erasures` (audit database), `audit_heads` (control database); nothing is
//! folded, for the log is not its source alone. Events in: all; none out. `docs/audit.md` says what it proves.

mod app;
mod appender;
pub mod csv;
mod erasures;
mod http;
mod ledger;
mod list;
mod personal;
mod signing;
mod store;
mod verify;
mod view;
mod witness;

pub use app::App;
pub use erasures::{Erasure, erased, erasures};
pub use http::routes;
pub use ledger::Ledger;
pub use list::{Count, Period, Place, Whose, counts, oldest_first, reached};
pub(crate) use personal::of_person;
pub use signing::public_keys;
pub use store::{CONTROL, LOG};
pub use verify::{Basis, Verified, verify};
pub use view::{CountView, EntryView, ReportView};
pub use witness::consumer;
