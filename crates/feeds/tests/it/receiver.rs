//! A receiver of webhooks: a real server of HTTP under TLS, that answers as a test says and keeps what it got.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{CertifiedKey, KeyPair};
use ring::hmac;
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const HOST: &str = "hooks.example.com";

struct Identity {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
    let made = rcgen::generate_simple_self_signed([HOST.to_owned()]);
    let CertifiedKey { cert, signing_key }: CertifiedKey<KeyPair> = made.unwrap();
    Identity {
        certificate: cert.der().clone(),
        key: signing_key.serialize_der(),
    }
});

/// What our calls believe.
pub(crate) fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(IDENTITY.certificate.clone()).unwrap();
    roots
}

/// A call that came.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Stream and place in it.
    pub(crate) fn place(&self) -> (String, i64) {
        let json = self.json();
        let stream = json["stream"].as_str().unwrap().to_owned();
        (stream, json["sequence"].as_i64().unwrap())
    }

    /// How many of the signatures are those of this secret, as an owner of a hook would count.
    pub(crate) fn signed_by(&self, secret: &str) -> (usize, usize) {
        let said = self.headers["comanda-signature"].to_str().unwrap();
        let (time, signatures) = said.split_once(',').unwrap();
        let time = time.strip_prefix("t=").unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let message = [time.as_bytes(), b".", &self.body].concat();
        let all: Vec<&str> = signatures.split(',').collect();
        let good = all.iter().filter(|signature| {
            let hex = signature.strip_prefix("v1=").unwrap();
            let bytes = (0..hex.len()).step_by(2);
            let bytes: Vec<u8> = bytes
                .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
                .collect();
            hmac::verify(&key, &message, &bytes).is_ok()
        });
        (good.count(), all.len())
    }
}

#[derive(Default)]
struct Heard {
    calls: Vec<Call>,
    answers: VecDeque<u16>,
    usual: u16,
}

/// A receiver, which ends when it is dropped.
pub(crate) struct Receiver {
    port: u16,
    heard: Arc<Mutex<Heard>>,
    _served: JoinSet<()>,
}

impl Receiver {
    pub(crate) async fn new() -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(IDENTITY.key.clone()));
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![IDENTITY.certificate.clone()], key)
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Heard {
            usual: 204,
            ..Heard::default()
        }));
        let (kept, mut served) = (Arc::clone(&heard), JoinSet::new());
        served.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, kept) = (acceptor.clone(), Arc::clone(&kept));
                connections.spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let service = service_fn(move |request| answer(Arc::clone(&kept), request));
                    let _ended = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Receiver {
            port,
            heard,
            _served: served,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{HOST}:{}/told?by=comanda", self.port)
    }

    /// Answers so from now on.
    pub(crate) fn usually(&self, status: u16) {
        self.heard.lock().unwrap().usual = status;
    }

    /// Answers the next calls so, and as usual after them.
    pub(crate) fn first(&self, answers: &[u16]) {
        self.heard.lock().unwrap().answers.extend(answers);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.heard.lock().unwrap().calls.clone()
    }
}

async fn answer(
    heard: Arc<Mutex<Heard>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    assert_eq!(request.uri().path_and_query().unwrap(), "/told?by=comanda");
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let mut heard = heard.lock().unwrap();
    heard.calls.push(Call {
        headers: head.headers,
        body,
    });
    let status = heard.answers.pop_front().unwrap_or(heard.usual);
    let mut response = Response::new(Full::new(Bytes::from_static(b"taken")));
    *response.status_mut() = status.try_into().unwrap();
    let elsewhere = http::HeaderValue::from_static("https://hooks.example.com/elsewhere");
    response.headers_mut().insert("location", elsewhere);
    Ok(response)
}
