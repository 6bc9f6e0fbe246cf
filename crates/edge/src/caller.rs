//! Who asks, and how the edge finds out without knowing where sign-ins are kept.

use std::sync::Arc;

use base::Organisation;
use futures_util::future::BoxFuture;
use http::HeaderMap;

/// What a caller is to the platform.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// Runs the platform; works on all organisations.
    Operator,
    /// Belongs to one organisation.
    Member,
}

/// Who asks. Clones are cheap.
#[derive(Clone, Debug)]
pub struct Caller(Arc<Who>);

#[derive(Debug)]
struct Who {
    actor: String,
    role: Role,
    organisation: Option<Organisation>,
}

impl Caller {
    /// Names a caller: the id that commits are written under, the role, and the organisation if bound to one.
    pub fn new(actor: impl Into<String>, role: Role, organisation: Option<Organisation>) -> Self {
        let actor = actor.into();
        Self(Arc::new(Who {
            actor,
            role,
            organisation,
        }))
    }

    /// Gives the id that commits are written under; never a name of a person.
    pub fn actor(&self) -> &str {
        &self.0.actor
    }

    /// Gives the role.
    pub fn role(&self) -> Role {
        self.0.role
    }

    /// Gives the organisation that the caller belongs to; operators belong to none.
    pub fn organisation(&self) -> Option<Organisation> {
        self.0.organisation
    }
}

/// Finds out who asks, from the headers of a request.
pub trait Identify: Send + Sync {
    /// Gives the caller, nobody when the request carries no sign-in, or the error when it carries a bad one.
    fn identify(&self, headers: &HeaderMap) -> BoxFuture<'_, base::Result<Option<Caller>>>;
}
