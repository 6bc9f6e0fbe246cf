//! Under which host name a request came, and from where: for handlers that show an organisation's own face, and for
//! slices that note where somebody signed in.

use std::borrow::Cow;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use base::Organisation;
use http::request::Parts;
use http::uri::Authority;
use http::{Uri, header};

use crate::extract::passage;
use crate::{Answer, Problem};

/// How much of what a program says of itself is kept.
const AGENT_CHARS_MAX: usize = 200;

/// Knows the host names that organisations brought.
pub trait Hosts: Send + Sync {
    /// Gives the organisation of a host name, which is in lower case and without a port.
    fn of(&self, host: &str) -> Option<Organisation>;
}

/// Knows no host name.
#[derive(Clone, Copy, Debug)]
pub struct NoHosts;

impl Hosts for NoHosts {
    fn of(&self, _host: &str) -> Option<Organisation> {
        None
    }
}

/// The organisation under whose own host name the request came; none under a name of the platform.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Site(pub Option<Organisation>);

impl<S: Send + Sync> FromRequestParts<S> for Site {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Answer<Self> {
        let passage = passage(&parts.extensions)?;
        Ok(Self(
            named(parts)
                .and_then(plain)
                .and_then(|host| passage.hosts.of(&host)),
        ))
    }
}

/// Leaves out the port and the dot of the root, and writes it small.
fn plain(host: &str) -> Option<Cow<'_, str>> {
    let host = match host.strip_prefix('[') {
        Some(_) => host.split_inclusive(']').next()?,
        None => host.split(':').next()?,
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    Some(match host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(host.to_ascii_lowercase()),
        false => Cow::Borrowed(host),
    })
}

/// Where a request comes from and which program sent it, as far as it says so.
#[derive(Clone, PartialEq, Eq)]
pub struct Client {
    /// The address, as far as proxies of ours tell it; none for a call within the process.
    pub address: Option<IpAddr>,
    /// What the program says of itself, at most 200 characters.
    pub agent: Option<Box<str>>,
}

impl std::fmt::Debug for Client {
    /// Addresses are personal data, so neither field is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Answer<Self> {
        let address = passage(&parts.extensions)?.address;
        let agent = parts.headers.get(header::USER_AGENT);
        let agent = agent.and_then(|value| value.to_str().ok());
        let agent = agent.filter(|text| !text.is_empty());
        Ok(Self {
            address,
            agent: agent.map(|text| text.chars().take(AGENT_CHARS_MAX).collect()),
        })
    }
}

/// The host that a request names, for what must be the same as the page that sent it.
pub(crate) fn named(parts: &Parts) -> Option<&str> {
    let host = parts.headers.get(header::HOST);
    let host = host.and_then(|value| value.to_str().ok());
    host.or(Uri::authority(&parts.uri).map(Authority::as_str))
}
