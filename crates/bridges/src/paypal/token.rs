//! The token that PayPal wants to see: fetched once for all who wait, kept until shortly before its end.

use std::time::Duration;

use base::{Clock, base64};
use http::Method;
use serde::Deserialize;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::Credentials;
use crate::credentials::Phrase;
use crate::wire::{Call, Fault, Heard, Wire, hidden};

/// How long before its end a token is not used any more, so that none ends on its way.
const MARGIN: Duration = Duration::from_secs(60);
/// How long a token lives at most to us, whatever it says.
const LIFE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Holds the token.
pub(super) struct Tokens {
    credentials: Credentials,
    clock: Clock,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    token: Phrase,
    /// By how long ago the clock was made.
    until: Duration,
}

#[derive(Deserialize)]
struct Granted {
    access_token: Phrase,
    expires_in: u64,
}

impl Tokens {
    pub(super) fn new(credentials: Credentials, clock: Clock) -> Self {
        Tokens {
            credentials,
            clock,
            kept: Mutex::new(None),
        }
    }

    /// The token in use, or a new one. Whoever comes meanwhile waits for the one that is being fetched.
    ///
    /// # Errors
    /// There is none: whatever was to be sent with it was not sent.
    pub(super) async fn get(&self, wire: &Wire, within: Duration) -> Result<Phrase, Fault> {
        let wait = tokio::time::timeout(within, self.kept.lock()).await;
        let mut kept = wait.map_err(|_| Fault::Unsent("it gives us no token in time"))?;
        if let Some(kept) = kept
            .as_ref()
            .filter(|kept| self.clock.elapsed() < kept.until)
        {
            return Ok(kept.token.clone());
        }
        // Counted from before the question: the answer may have been long on its way.
        let asked = self.clock.elapsed();
        let granted = self.fetch(wire, within).await?;
        let token = granted.access_token;
        let life = Duration::from_secs(granted.expires_in).min(LIFE_MAX);
        let until = asked + life.saturating_sub(MARGIN);
        *kept = Some(Kept {
            token: token.clone(),
            until,
        });
        Ok(token)
    }

    /// Uses this token no more, unless it has been replaced already.
    pub(super) async fn forget(&self, token: &Phrase) {
        let mut kept = self.kept.lock().await;
        if kept
            .as_ref()
            .is_some_and(|kept| kept.token.as_str() == token.as_str())
        {
            *kept = None;
        }
    }

    async fn fetch(&self, wire: &Wire, within: Duration) -> Result<Granted, Fault> {
        let call = Call {
            method: Method::POST,
            path: "/v1/oauth2/token",
            headers: vec![("authorization", hidden(&self.basic())?)],
            body: Some((
                "application/x-www-form-urlencoded",
                b"grant_type=client_credentials".to_vec(),
            )),
        };
        let heard = wire.call(call, within).await;
        // A token moves no money, so whatever went wrong here, nothing was done.
        let heard = heard.map_err(|_| Fault::Unsent("it gives us no token"))?;
        read(&heard).ok_or(Fault::Unsent("it gives us no token"))
    }

    /// Name and secret in the usual alphabet, which is not that of addresses.
    fn basic(&self) -> Zeroizing<String> {
        let Credentials {
            client_id,
            client_secret,
        } = &self.credentials;
        let pair = format!("{}:{}", client_id.as_str(), client_secret.as_str());
        let pair = Zeroizing::new(pair);
        let mut text = base64::encode(pair.as_bytes())
            .replace('-', "+")
            .replace('_', "/");
        while !text.len().is_multiple_of(4) {
            text.push('=');
        }
        Zeroizing::new(format!("Basic {text}"))
    }
}

fn read(heard: &Heard) -> Option<Granted> {
    let is_answer = heard.status.is_success() && heard.is_json;
    is_answer
        .then(|| serde_json::from_slice(&heard.body).ok())
        .flatten()
}
