//! Requests as callers send them, and what is answered.

use std::net::{Ipv4Addr, SocketAddr};

use edge::{Edge, Peer};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;

use crate::targets::hidden;

/// What a caller shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    /// The cookie of a session.
    pub(crate) cookie: Option<String>,
    /// What stands behind `Bearer`.
    pub(crate) bearer: Option<String>,
    /// Why an operator acts.
    pub(crate) reason: Option<&'static str>,
    /// A number for the address that he asks from.
    pub(crate) from: u32,
}

/// What was answered.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Said {
    pub(crate) fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    pub(crate) fn code(&self) -> String {
        self.field("code")
    }

    pub(crate) fn field(&self, path: &str) -> String {
        let body = self.body();
        let found = path.split('.').fold(&body, |value, key| &value[key]);
        found.as_str().unwrap_or_default().to_owned()
    }

    /// What a caller can tell this answer by: all of it but what differs from request to request.
    pub(crate) fn look(&self) -> String {
        let mut body = self.body();
        if let Some(fields) = body.as_object_mut() {
            fields.remove("instance");
        }
        let body = match body.is_null() {
            true => self.text.clone(),
            false => body.to_string(),
        };
        let told = self.headers.iter().filter(|(name, _)| {
            let varies = ["x-correlation-id", "date", "server-timing", "traceparent"];
            !varies.contains(&name.as_str()) && !name.as_str().starts_with("x-ratelimit")
        });
        let mut told: Vec<String> = told
            .map(|(name, value)| {
                format!(
                    "{name}: {}",
                    hidden(&String::from_utf8_lossy(value.as_bytes()))
                )
            })
            .collect();
        told.sort();
        format!("{} {told:?} {}", self.status, hidden(&body))
    }
}

/// Sends a request.
pub(crate) async fn ask(
    edge: &Edge,
    (method, path): (&Method, &str),
    shown: &Shown,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Said {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost");
    if let Some(cookie) = &shown.cookie {
        request = request.header("cookie", format!("__Host-comanda={cookie}"));
        if headers.iter().all(|(name, _)| *name != "sec-fetch-site") {
            request = request.header("sec-fetch-site", "same-origin");
        }
    }
    if let Some(bearer) = &shown.bearer {
        request = request.header("authorization", format!("Bearer {bearer}"));
    }
    if let Some(reason) = shown.reason {
        request = request.header("x-acting-reason", reason);
    }
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        request = request.header(*name, *value);
    }
    // A text alone is no request in JSON: it is sent as the bytes that it stands for.
    let (body, media_type) = match body {
        Some(Value::String(bytes)) if bytes.contains(',') => (bytes.clone(), "text/csv"),
        Some(Value::String(bytes)) => (bytes.clone(), "application/octet-stream"),
        body => (
            body.map(Value::to_string).unwrap_or_default(),
            "application/json",
        ),
    };
    if !body.is_empty() {
        request = request
            .header("content-type", media_type)
            .header("content-length", body.len());
    }
    let mut request = request.body(Full::new(bytes::Bytes::from(body))).unwrap();
    let peer = SocketAddr::from((Ipv4Addr::from(0x0a00_0007 + (shown.from << 12)), 50_000));
    request.extensions_mut().insert(Peer(peer));
    let (head, body) = edge.call(request).await.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Said {
        status: head.status,
        headers: head.headers,
        text: String::from_utf8_lossy(&body).into_owned(),
    }
}
