//! What a route says of who may call it, and how often.

use std::time::Duration;

use crate::Strength;

/// Who may call a route. There is no default: a route that does not say it does not start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    /// Everybody, without a sign-in.
    Public,
    /// Everybody who is signed in; the handler narrows it to what is the caller's own.
    SignedIn,
    /// Operators of the platform, with a second factor.
    Operator,
    /// Operators of the platform, with a second factor, who look or act inside the organisation of the first typed id in
    /// the path: they say why, and it is in the audit log first.
    Inside,
    /// Whoever has this permission at the target: the first typed id in the path. Staff need a second factor.
    May(&'static str),
}

impl Policy {
    /// Gives the name that the document shows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::SignedIn => "signed-in",
            Self::Operator => "operator",
            Self::Inside => "operator-inside",
            Self::May(_) => "may",
        }
    }

    /// Gives the permission that the caller needs at the target.
    pub const fn permission(self) -> Option<&'static str> {
        match self {
            Self::May(permission) => Some(permission),
            Self::Public | Self::SignedIn | Self::Operator | Self::Inside => None,
        }
    }

    /// Gives how well the sign-in of a human must be proven.
    pub const fn strength(self) -> Option<Strength> {
        match self {
            Self::Public => None,
            Self::SignedIn => Some(Strength::One),
            Self::Operator | Self::Inside | Self::May(_) => Some(Strength::Two),
        }
    }
}

/// A bound of a single route: for each caller, or each address where nobody is signed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bound {
    pub(crate) max: u32,
    pub(crate) window: Duration,
}

/// How often a caller may call a route; the numbers stand in [`crate::Settings`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Rate {
    /// Most routes.
    Api,
    /// Routes on which secrets could be guessed.
    Auth,
    /// Routes that place orders.
    Orders,
    /// Routes that show everybody what was published: cheap to answer, and asked for often.
    Read,
    /// Routes that machines poll, and pages that never change: not limited.
    Health,
}

impl Rate {
    /// Gives the name that the document and the counters show.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Auth => "auth",
            Self::Orders => "orders",
            Self::Read => "read",
            Self::Health => "health",
        }
    }
}
