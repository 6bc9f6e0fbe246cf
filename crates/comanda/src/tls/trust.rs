//! The page `/trust`, on a port of its own and in the clear: a device that does not trust us yet must be able to open it.
//!
//! It gives the certificate of the authority, never its key, and nothing else. What arrives can be compared with the
//! fingerprint on the terminal.

use std::net::SocketAddr;

use bytes::Bytes;
use edge::server::Inbound;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use qrcode::QrCode;
use qrcode::render::svg;
use qrcode::render::unicode::Dense1x2;

use super::Local;

const PAGE: &str = include_str!("../../assets/trust.html");
const STYLE: &str = include_str!("../../assets/page.css");
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the page says about this machine.
#[derive(Clone)]
pub(crate) struct Page {
    local: Local,
    /// Where this page listens, and where everything else does.
    listen: [SocketAddr; 2],
}

/// A media type and what is sent under it.
type Content = (&'static str, Bytes);

impl Page {
    /// The page at one address about the platform at the other.
    pub(crate) fn new(local: &Local, trust: SocketAddr, https: SocketAddr) -> Self {
        Self {
            local: local.clone(),
            listen: [trust, https],
        }
    }

    /// Where a device in the network opens the page.
    pub(crate) fn address(&self) -> String {
        format!("http://{}/trust", self.reached(self.listen[0]))
    }

    /// The address of a listener as others see it.
    fn reached(&self, mut listener: SocketAddr) -> SocketAddr {
        if listener.ip().is_unspecified() {
            listener.set_ip(self.local.names().best_address());
        }
        listener
    }

    /// The address for the cameras of phones, as letters for a terminal.
    pub(crate) fn picture(&self) -> Vec<String> {
        let code = QrCode::new(self.address()).ok();
        let drawn = code.map(|code| code.render::<Dense1x2>().quiet_zone(true).build());
        drawn
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// Answers a request.
    pub(crate) fn answer(&self, request: &Request<Inbound>) -> Response<Full<Bytes>> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return with(StatusCode::METHOD_NOT_ALLOWED, ("text/plain", Bytes::new()));
        }
        match self.content(request.uri().path()) {
            Some(content) => with(StatusCode::OK, content),
            None => with(
                StatusCode::NOT_FOUND,
                ("text/plain", Bytes::from_static(b"open /trust\n")),
            ),
        }
    }

    fn content(&self, path: &str) -> Option<Content> {
        let authority = &self.local.authority;
        Some(match path {
            "/" | "/trust" => ("text/html; charset=utf-8", self.html().into()),
            "/trust/page.css" => (
                "text/css; charset=utf-8",
                Bytes::from_static(STYLE.as_bytes()),
            ),
            "/trust/qr.svg" => ("image/svg+xml", qr(&self.address())?.into()),
            // Phones begin to install what comes under this type.
            "/trust/comanda.crt" => (
                "application/x-x509-ca-cert",
                Bytes::copy_from_slice(authority.der()),
            ),
            "/trust/comanda.pem" => (
                "application/x-pem-file",
                Bytes::copy_from_slice(authority.pem().as_bytes()),
            ),
            _ => return None,
        })
    }

    fn html(&self) -> String {
        let authority = &self.local.authority;
        PAGE.replace("{{name}}", authority.name())
            .replace("{{fingerprint}}", &authority.fingerprint())
            .replace("{{address}}", &self.address())
            .replace(
                "{{https}}",
                &format!("https://{}/", self.reached(self.listen[1])),
            )
    }
}

/// The address as a picture for the camera of a phone.
fn qr(address: &str) -> Option<String> {
    let code = QrCode::new(address).ok()?;
    Some(
        code.render::<svg::Color<'_>>()
            .min_dimensions(240, 240)
            .build(),
    )
}

fn with(status: StatusCode, (media_type, body): Content) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, http::HeaderValue::from_static(value));
    }
    response
}
