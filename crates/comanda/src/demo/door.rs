//! The way in: the same routes that everybody uses, asked in this process by the installation itself.
//!
//! So every rule holds for the city that holds for others. Nobody else can ask here: there is no socket.

use std::sync::Arc;

use base::{Clock, Error, Random, Result, codes};
use bytes::Bytes;
use edge::{
    Admission, Authorise, Caller, Edge, Identify, Means, Parts, Rates, Role, Routes, Seen,
    Settings, Strength, Who, Witness,
};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;

/// Who founds the city, in its events.
const FOUNDER: &str = "demo";
/// How much of an answer that is no good is told.
const TOLD_MAX: usize = 600;
/// How many requests are under way at once at most.
const AT_ONCE: u32 = 256;

/// Asks the platform.
pub(super) struct Door(Edge);

/// Whoever asks here is the founder.
struct Founder;

impl Identify for Founder {
    fn identify<'a>(&'a self, _headers: &'a HeaderMap) -> BoxFuture<'a, Result<Option<Caller>>> {
        let caller = Caller::of(Who {
            actor: FOUNDER.to_owned(),
            role: Role::Operator,
            organisation: None,
            person: None,
            session: None,
            strength: Strength::Two,
            means: Means::Bearer,
        });
        Box::pin(std::future::ready(Ok(Some(caller))))
    }
}

/// The audit log says what people did. What this command did is in the events of the city.
struct Nobody;

impl Witness for Nobody {
    fn saw(&self, _seen: Seen) {}

    fn acting<'a>(&'a self, _seen: Seen) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Door {
    /// A door to these routes.
    pub(super) fn open(
        routes: Routes,
        authorise: Arc<dyn Authorise>,
        (clock, random): (&Clock, &Random),
    ) -> Result<Self> {
        let room = edge::admission::Settings {
            limit_first: AT_ONCE,
            limit_min: AT_ONCE,
            ..edge::admission::Settings::default()
        };
        let parts = Parts {
            identify: Arc::new(Founder),
            authorise,
            witness: Arc::new(Nobody),
            admission: Admission::new(room, clock.clone()),
            ..Parts::new(clock, random)
        };
        let settings = Settings {
            rates: Rates::unlimited(),
            ..Settings::default()
        };
        Edge::build(settings, routes, parts).map(Door)
    }

    /// Asks for a change, which happens once under its key however often it is asked for.
    ///
    /// # Errors
    /// It was not done; the error says what was answered.
    pub(super) async fn ask(
        &self,
        (method, path): (Method, &str),
        body: &Value,
        key: &str,
    ) -> Result<Value> {
        let body = Bytes::from(body.to_string());
        self.send((method, path), ("application/json", body), key)
            .await
    }

    /// Uploads bytes, once under this key.
    ///
    /// # Errors
    /// They were not taken; the error says what was answered.
    pub(super) async fn upload(&self, path: &str, bytes: Bytes, key: &str) -> Result<Value> {
        let body = ("application/octet-stream", bytes);
        self.send((Method::POST, path), body, key).await
    }

    async fn send(
        &self,
        (method, path): (Method, &str),
        (media_type, body): (&str, Bytes),
        key: &str,
    ) -> Result<Value> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("authorization", "Bearer demo")
            .header("x-acting-reason", "founding the demo city")
            .header("idempotency-key", key)
            .header("content-type", media_type)
            .header("content-length", body.len())
            .body(Full::new(body));
        let request = request.map_err(|error| wrong(path, &error.to_string()))?;
        let (head, body) = self.0.call(request).await.into_parts();
        let body = body.collect().await;
        let body = body.map_err(|error| wrong(path, &error.to_string()))?;
        let bytes = body.to_bytes();
        if !head.status.is_success() {
            let told = String::from_utf8_lossy(&bytes);
            let told: String = told.chars().take(TOLD_MAX).collect();
            return Err(wrong(path, &format!("{} {told}", head.status)));
        }
        serde_json::from_slice(&bytes).map_err(|error| wrong(path, &error.to_string()))
    }
}

fn wrong(path: &str, what: &str) -> Error {
    Error::unavailable(codes::UNAVAILABLE, format!("{path}: {what}"))
}

/// The text of a field of an answer.
pub(super) fn text<'a>(answer: &'a Value, field: &str) -> Result<&'a str> {
    let found = answer[field].as_str();
    found.ok_or_else(|| wrong(field, "is not in an answer"))
}

/// The number in a field of an answer.
pub(super) fn number(answer: &Value, field: &str) -> Result<i64> {
    let found = answer[field].as_i64();
    found.ok_or_else(|| wrong(field, "is not in an answer"))
}
