//! What a route says of who may call it, and how often.

/// Who may call a route. There is no default: a route that does not say it does not start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    /// Everybody, without a sign-in.
    Public,
    /// Everybody who is signed in; the handler narrows it to what is the caller's own.
    SignedIn,
    /// Operators of the platform.
    Operator,
}

impl Policy {
    /// Gives the name that the document shows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::SignedIn => "signed-in",
            Self::Operator => "operator",
        }
    }
}

/// How often a caller may call a route; the numbers stand in [`crate::Settings`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rate {
    /// Most routes.
    Api,
    /// Routes on which secrets could be guessed.
    Auth,
    /// Routes that place orders.
    Orders,
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
            Self::Health => "health",
        }
    }
}
