//! The audit log as a chain: each entry carries the hash of the one before, and signed heads say how far it reached.
//!
//! Whoever changes, removes or moves an entry breaks the chain there. Whoever writes the rest of it anew would have to
//! sign its heads again, for which the key is needed. Nothing here reads or writes; pages of entries come in.

mod chain;
mod entry;
mod keys;
mod walk;

#[cfg(test)]
mod tests;

pub use chain::{Hash, Link, Tail};
pub use entry::{Entry, What, id_or_nothing};
pub use keys::{Head, Introduced, KeyError, Public, Signer, Untrusted, trusted};
pub use walk::{Fault, Finding, UNSIGNED_MAX, Walk};
