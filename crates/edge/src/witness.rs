//! What the audit log is told by the gate: refusals, reads of personal data, and operators who act for others.

use std::sync::Arc;

use base::{Error, Organisation, Time, codes};
use futures_util::future::BoxFuture;

use crate::Role;

/// What was seen at the gate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// The id of who asked; `nobody` where a sign-in was no good.
    pub actor: String,
    /// What he is to the platform; absent where a sign-in was no good.
    pub role: Option<Role>,
    /// The organisation that it was about, if it is known.
    pub organisation: Option<Organisation>,
    /// The name of the operation.
    pub operation: &'static str,
    /// The first parameter of the path, if it looks like an id.
    pub target: Option<String>,
    /// What happened.
    pub what: What,
    /// Why an operator acted, in his words.
    pub reason: Option<String>,
    /// Names the request in our log.
    pub correlation: Arc<str>,
    /// When.
    pub at: Time,
}

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum What {
    /// The request was refused, with this code.
    Refused(&'static str),
    /// Personal data were read.
    Read,
    /// An operator is about to act inside an organisation.
    Acting,
}

/// Keeps what was seen at the gate.
pub trait Witness: Send + Sync {
    /// Takes note of a refusal or a read. It never waits: what cannot be kept at once is kept later or counted as
    /// lost.
    fn saw(&self, seen: Seen);

    /// Writes down that an operator is about to act. When it fails, the operator does not act.
    fn acting<'a>(&'a self, seen: Seen) -> BoxFuture<'a, base::Result<()>>;
}

/// Keeps nothing; so nobody can act for others.
#[derive(Clone, Copy, Debug)]
pub struct NoWitness;

impl Witness for NoWitness {
    fn saw(&self, _seen: Seen) {}

    fn acting<'a>(&'a self, _seen: Seen) -> BoxFuture<'a, base::Result<()>> {
        let error = Error::unavailable(codes::UNAVAILABLE, "nobody writes down who acts");
        Box::pin(std::future::ready(Err(error)))
    }
}
