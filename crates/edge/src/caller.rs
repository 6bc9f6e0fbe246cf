//! Who asks, and how the edge finds out without knowing where sign-ins are kept.

use std::sync::Arc;

use base::{Error, Organisation, Uid, codes};
use futures_util::future::BoxFuture;
use http::{HeaderMap, header};

/// What a caller is to the platform.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Runs the platform; acts inside an organisation only with a reason that the organisation can read.
    Operator,
    /// A human: a diner, or staff of the organisations that gave grants.
    Person,
    /// A program of somebody else, which an organisation let in.
    Key,
    /// A screen or kiosk that an organisation paired.
    Device,
}

impl Role {
    /// Gives the name that the document and the audit log show.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Person => "person",
            Self::Key => "key",
            Self::Device => "device",
        }
    }
}

/// How well a sign-in was proven.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Strength {
    /// By one thing: a code that was sent, or another provider's word.
    One,
    /// By a second thing too. What staff and operators do needs it.
    Two,
}

impl Strength {
    /// Gives the name that the document shows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Two => "two",
        }
    }
}

/// By what a request says who asks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Means {
    /// A browser sends it on its own, so pages of others could make it do so.
    Cookie,
    /// The header `Authorization`, which a program sends because it wants to.
    Bearer,
}

/// All that is known of who asks.
#[derive(Clone, Debug)]
pub struct Who {
    /// The id that commits are written under, as text; never a name of a person.
    pub actor: String,
    /// What the caller is to the platform.
    pub role: Role,
    /// The organisation that the caller is bound to: of keys and devices.
    pub organisation: Option<Organisation>,
    /// The human who asks.
    pub person: Option<Uid>,
    /// The session that the request belongs to.
    pub session: Option<Uid>,
    /// How well the sign-in was proven.
    pub strength: Strength,
    /// By what the request says who asks.
    pub means: Means,
}

/// Who asks. Clones are cheap.
#[derive(Clone, Debug)]
pub struct Caller(Arc<Who>);

impl Caller {
    /// Makes a caller of what is known.
    pub fn of(who: Who) -> Self {
        Self(Arc::new(who))
    }

    /// Names a caller in short: a program with a header that proves enough for everything.
    pub fn new(actor: impl Into<String>, role: Role, organisation: Option<Organisation>) -> Self {
        Self::of(Who {
            actor: actor.into(),
            role,
            organisation,
            person: None,
            session: None,
            strength: Strength::Two,
            means: Means::Bearer,
        })
    }

    /// Gives the id that commits are written under; never a name of a person.
    pub fn actor(&self) -> &str {
        &self.0.actor
    }

    /// Gives the role.
    pub fn role(&self) -> Role {
        self.0.role
    }

    /// Gives the organisation that the caller is bound to; people and operators are bound to none.
    pub fn organisation(&self) -> Option<Organisation> {
        self.0.organisation
    }

    /// Gives the human who asks; nobody for keys, devices and the keys of operators.
    pub fn person(&self) -> Option<Uid> {
        self.0.person
    }

    /// Gives the session that the request belongs to.
    pub fn session(&self) -> Option<Uid> {
        self.0.session
    }

    /// Says how well the sign-in was proven.
    pub fn strength(&self) -> Strength {
        self.0.strength
    }

    /// Says by what the request tells who asks.
    pub fn means(&self) -> Means {
        self.0.means
    }
}

/// Finds out who asks, from the headers of a request.
pub trait Identify: Send + Sync {
    /// Gives the caller, nobody when the request carries no sign-in of a kind that is known here, or the error when
    /// it carries a bad one. Where a request has both `Authorization` and cookies, the gate takes the cookies away.
    fn identify<'a>(
        &'a self,
        headers: &'a HeaderMap,
    ) -> BoxFuture<'a, base::Result<Option<Caller>>>;
}

/// Asks several in turn; the first that knows the sign-in decides. A header that nobody knows is a bad sign-in.
pub struct FirstOf(pub Vec<Arc<dyn Identify>>);

impl std::fmt::Debug for FirstOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("FirstOf").field(&self.0.len()).finish()
    }
}

impl Identify for FirstOf {
    fn identify<'a>(
        &'a self,
        headers: &'a HeaderMap,
    ) -> BoxFuture<'a, base::Result<Option<Caller>>> {
        Box::pin(async move {
            for one in &self.0 {
                if let Some(caller) = one.identify(headers).await? {
                    return Ok(Some(caller));
                }
            }
            match headers.contains_key(header::AUTHORIZATION) {
                true => Err(Error::unauthenticated(
                    codes::UNAUTHENTICATED,
                    "the sign-in is of no kind that is known",
                )),
                false => Ok(None),
            }
        })
    }
}

/// Knows nobody; for routes that are for everybody.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Identify for Nobody {
    fn identify<'a>(
        &'a self,
        _headers: &'a HeaderMap,
    ) -> BoxFuture<'a, base::Result<Option<Caller>>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// Gives what stands behind `Bearer` in the header `Authorization`, if it is written in that form.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = text.split_once(' ')?;
    let rest = rest.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty()).then_some(rest)
}
