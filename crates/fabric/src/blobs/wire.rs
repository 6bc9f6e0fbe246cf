//! Connections to S3-compatible storage: over TLS, kept open for the next call, answers no larger than expected.
//!
//! A redirect is an answer like any other and is not followed. The deadline is that of whoever calls.

use std::path::Path;
use std::time::Duration;

use base::{Error, Result, codes};
use bytes::Bytes;
use calls::{Connector, Loopback};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::RootCertStore;

use super::away;

/// How long a connection may take to come about.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// For how long a connection is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(20);
/// How many are kept.
const IDLE_MAX: usize = 16;

/// Speaks to the storage.
pub(super) struct Wire(Client<Connector, Full<Bytes>>);

impl Wire {
    /// Believes the authorities of the file, or else those that browsers believe.
    pub(super) fn new(certificates: Option<&Path>, loopback: Loopback) -> Result<Self> {
        let tls = calls::tls(believed(certificates)?)?;
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_MAX)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .build(Connector::new(tls, loopback, CONNECT_WITHIN));
        Ok(Wire(client))
    }

    /// Asks, and reads the answer, which may not be larger than this.
    pub(super) async fn ask(
        &self,
        request: Request<Bytes>,
        bytes_max: usize,
    ) -> Result<(StatusCode, Bytes)> {
        let answer = self.0.request(request.map(Full::new)).await;
        let (head, body) = answer.map_err(unreachable)?.into_parts();
        let body = Limited::new(body, bytes_max).collect().await;
        let body = body.map_err(|error| {
            away("an answer of the storage of blobs cannot be read").caused_by(error)
        })?;
        Ok((head.status, body.to_bytes()))
    }
}

fn believed(certificates: Option<&Path>) -> Result<RootCertStore> {
    let Some(file) = certificates else {
        return Ok(calls::of_browsers());
    };
    calls::of_file(file).map_err(|error| {
        let said = format!("{} holds no certificates that can be used", file.display());
        Error::invalid(codes::LINE_MALFORMED, said).caused_by(error)
    })
}

#[track_caller]
fn unreachable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    away("the storage of blobs cannot be reached").caused_by(error)
}
