//! What a caller may do in an organisation: asked here, answered by the slice that keeps roles and grants.

use std::sync::Arc;

use base::{Error, Organisation, Uid, codes};
use futures_util::future::BoxFuture;

use crate::Caller;

/// What is asked of a route with [`crate::Policy::May`].
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// The name of the permission that the route needs.
    pub permission: &'static str,
    /// The parameters of the path, checked against their limits; the first typed id among them names the target.
    pub params: &'a [(&'static str, String)],
    /// Why an operator acts: the header `x-acting-reason`.
    pub reason: Option<&'a str>,
    /// Whether the request is meant to change something.
    pub changes: bool,
}

/// A permission that was found, and how far it reaches.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The organisation of the target.
    pub organisation: Organisation,
    /// The plan of the organisation, which bounds how much all its callers together may ask.
    pub plan: Arc<str>,
    /// Whether an operator acts for the organisation. It is written down before the handler runs.
    pub acting: bool,
    /// The brands and restaurants that the permission reaches.
    pub places: Places,
}

/// How far a permission reaches within an organisation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Places {
    /// The whole organisation.
    All,
    /// These brands and restaurants alone.
    Only(Arc<[Uid]>),
}

impl Places {
    /// Says whether the permission reaches this brand or restaurant.
    pub fn hold(&self, place: Uid) -> bool {
        match self {
            Self::All => true,
            Self::Only(places) => places.contains(&place),
        }
    }
}

/// Answers who may do what in an organisation.
pub trait Authorise: Send + Sync {
    /// Gives what was granted. What the caller may not know of is missing (404), as if it were not there; what he
    /// may know of and not do is forbidden (403).
    fn may<'a>(&'a self, asked: Asked<'a>) -> BoxFuture<'a, base::Result<Granted>>;

    /// Says whether there is such a permission. Routes with any other are refused at the start.
    fn knows(&self, permission: &str) -> bool;
}

/// Knows no permission, and grants none.
#[derive(Clone, Copy, Debug)]
pub struct NoGrants;

impl Authorise for NoGrants {
    fn may<'a>(&'a self, _asked: Asked<'a>) -> BoxFuture<'a, base::Result<Granted>> {
        let error = Error::forbidden(codes::FORBIDDEN, "the caller may not do this");
        Box::pin(std::future::ready(Err(error)))
    }

    fn knows(&self, _permission: &str) -> bool {
        false
    }
}
