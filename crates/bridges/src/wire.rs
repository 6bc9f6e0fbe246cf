//! Calls to providers: over TLS, connections kept for the next call, with a time and a size that answers must keep to.
//!
//! A redirect is an answer like any other and is not followed. What failed is told apart by one question alone: can
//! the other side have heard us? Only a connection that never came about says no.

use std::fmt;
use std::time::Duration;

use base::{Error, Result, codes};
use bytes::Bytes;
use calls::{Connector, Loopback};
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// How large an answer may be.
pub(crate) const BYTES_MAX: usize = 1024 * 1024;
/// How long opening a connection may take; what is slower counts as not reached.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// For how long a connection is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(20);
/// How many are kept.
const IDLE_MAX: usize = 16;

/// Why there is no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// The other side cannot have heard us.
    Unsent(&'static str),
    /// It may have heard us, and may have done it.
    Lost(&'static str),
}

/// What is sent.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    /// Below the base address, beginning with a slash; its parts are checked by whoever makes it.
    pub(crate) path: &'a str,
    pub(crate) headers: Vec<(&'static str, HeaderValue)>,
    /// The type of the body and its bytes, if there is one.
    pub(crate) body: Option<(&'static str, Vec<u8>)>,
}

/// What was answered, whole.
pub(crate) struct Heard {
    pub(crate) status: StatusCode,
    pub(crate) is_json: bool,
    /// The provider says itself that the same may be asked again.
    pub(crate) is_transient: bool,
    pub(crate) body: Bytes,
}

/// Speaks to one provider.
pub(crate) struct Wire {
    client: Client<Connector, Full<Bytes>>,
    base: String,
}

impl Wire {
    /// Speaks to this address, and believes the certificates that browsers believe.
    ///
    /// # Errors
    /// The address is none, or has no TLS and is not on this machine.
    pub(crate) fn new(base: &str, loopback: Loopback) -> Result<Self> {
        let base = base.trim_end_matches('/');
        if !may_call(base, loopback) {
            let said =
                "the address of a payment provider must begin with https:// and have no query";
            return Err(Error::invalid(codes::LINE_MALFORMED, said));
        }
        let tls = calls::tls(calls::of_browsers())?;
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_MAX)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .build(Connector::new(tls, loopback, CONNECT_WITHIN));
        let base = base.to_owned();
        Ok(Wire { client, base })
    }

    /// Makes one call.
    pub(crate) async fn call(&self, call: Call<'_>, within: Duration) -> Result<Heard, Fault> {
        let request = self.request(call)?;
        match tokio::time::timeout(within, self.go(request)).await {
            Ok(answered) => answered,
            Err(_) => Err(Fault::Lost("it did not answer in time")),
        }
    }

    fn request(&self, call: Call<'_>) -> Result<Request<Full<Bytes>>, Fault> {
        let address = format!("{}{}", self.base, call.path);
        let mut request = Request::builder().method(call.method).uri(address);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        request = request.header(header::ACCEPT, "application/json");
        let body = match call.body {
            Some((kind, body)) => {
                request = request.header(header::CONTENT_TYPE, kind);
                body
            }
            None => Vec::new(),
        };
        let request = request.body(Full::new(Bytes::from(body)));
        request.map_err(|_| Fault::Unsent("the request cannot be written"))
    }

    async fn go(&self, request: Request<Full<Bytes>>) -> Result<Heard, Fault> {
        let answer = self.client.request(request).await.map_err(|error| {
            if error.is_connect() {
                Fault::Unsent("it cannot be reached")
            } else {
                Fault::Lost("the connection broke before it answered")
            }
        })?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, BYTES_MAX).collect().await;
        let body = body.map_err(|_| Fault::Lost("its answer broke off or was too large"))?;
        let kind = head.headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        Ok(Heard {
            status: head.status,
            is_json: kind.eq_ignore_ascii_case("application/json"),
            is_transient: head
                .headers
                .get("transient-error")
                .is_some_and(|said| said == "true"),
            body: body.to_bytes(),
        })
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// A value that no log of headers may show.
///
/// # Errors
/// It has characters that no header can have.
pub(crate) fn hidden(value: &str) -> Result<HeaderValue, Fault> {
    let value = HeaderValue::from_str(value);
    let mut value = value.map_err(|_| Fault::Unsent("our credentials cannot be sent"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn may_call(base: &str, loopback: Loopback) -> bool {
    let Ok(address) = Uri::try_from(base) else {
        return false;
    };
    let is_bare = address.query().is_none() && !base.contains(['#', '@']);
    is_bare && loopback.lets(&address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_with_tls_are_called_and_on_this_machine_those_without() {
        for (base, by_strict, by_loose) in [
            ("https://api-m.sandbox.paypal.com", true, true),
            ("https://checkout-test.adyen.com/v72", true, true),
            ("http://127.0.0.1:4000", false, true),
            ("http://[::1]:4000/v72", false, true),
            ("http://localhost", false, true),
            ("http://api-m.paypal.com", false, false),
            ("http://127.0.0.1.example.com", false, false),
            ("http://169.254.169.254", false, false),
            ("https://api-m.paypal.com?x=1", false, false),
            ("https://name:word@api-m.paypal.com", false, false),
            ("api-m.paypal.com", false, false),
            ("", false, false),
        ] {
            assert_eq!(Wire::new(base, Loopback::Tls).is_ok(), by_strict, "{base}");
            assert_eq!(Wire::new(base, Loopback::Plain).is_ok(), by_loose, "{base}");
        }
    }
}
