//! Tells the gate who asks: by the cookie of a session, or by an access token that names one.

use std::sync::Arc;

use base::{Result, base64};
use edge::{Caller, Identify, Means};
use fabric::Loaded;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use ring::digest::{SHA256, digest};

use super::app::{App, unauthenticated};
use super::jwt::{BYTES_MAX, Verified};

/// What each access token begins with: its head is JSON, and so do those of all others.
const BEGINS: &str = "eyJ";
/// About how much memory a token takes that was found to be good.
const VERIFIED_BYTES: usize = 256;

/// Knows sessions by their cookies and access tokens. Keys of operators, integrators and devices are not known here.
#[derive(Clone)]
pub struct Sessions(App);

impl Sessions {
    /// Sessions are looked up by this slice.
    #[must_use]
    pub fn new(app: &App) -> Self {
        Sessions(app.clone())
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sessions")
    }
}

impl Identify for Sessions {
    fn identify<'a>(&'a self, headers: &'a HeaderMap) -> BoxFuture<'a, Result<Option<Caller>>> {
        Box::pin(self.0.who(headers))
    }
}

impl App {
    /// Who a request comes from, if it carries a sign-in of a kind that is known here.
    pub(super) async fn who(&self, headers: &HeaderMap) -> Result<Option<Caller>> {
        if let Some(bearer) = edge::bearer(headers) {
            return match bearer.starts_with(BEGINS) {
                true => self.by_access_token(bearer).await.map(Some),
                false => Ok(None),
            };
        }
        if headers.contains_key(http::header::AUTHORIZATION) {
            return Ok(None);
        }
        match edge::cookie::read(headers, edge::cookie::SESSION) {
            Some(token) => {
                let live = self.by_token(token).await?;
                Ok(Some(live.caller(Means::Cookie)))
            }
            None => Ok(None),
        }
    }

    async fn by_access_token(&self, token: &str) -> Result<Caller> {
        let verified = self.verified(token).await?;
        let (key, person, session) = (&verified.key, verified.person, verified.session);
        let live = self.by_id(key, person, session).await?;
        // What is remembered was found by the session alone.
        match live.stored.person == person {
            true => Ok(live.caller(Means::Bearer)),
            false => Err(unauthenticated()),
        }
    }

    /// What a token says, if it is good. A signature is looked at once; time and key with every request.
    async fn verified(&self, token: &str) -> Result<Arc<Verified>> {
        if token.len() > BYTES_MAX {
            return Err(unauthenticated());
        }
        let key = base64::encode(digest(&SHA256, token.as_bytes()).as_ref());
        let now = self.0.clock.now();
        let load = async || {
            let verified = self
                .0
                .signer
                .verify(token, now)
                .ok_or_else(unauthenticated)?;
            let left = verified.expires_at.since(now);
            Ok(Loaded::new(Arc::new(verified), VERIFIED_BYTES).age_max(left))
        };
        let verified = self.0.verified.get_or_set(&key, load).await?;
        match self.0.signer.holds(&verified, now) {
            true => Ok(verified),
            false => Err(unauthenticated()),
        }
    }
}
