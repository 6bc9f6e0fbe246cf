//! `[listen]`: where requests are answered.

use std::net::SocketAddr;

use base::Result;
use serde::Deserialize;

use super::key::{Key, Section};
use super::refused;

pub(crate) const SECTION: Section = Section {
    name: "listen",
    about: "Where requests are answered.",
    keys: &[
        Key::new(
            "http",
            "\"127.0.0.1:8080\"",
            "The address for everybody: the API and the pages. Port 0 takes a free one.",
        ),
        Key::new(
            "admin",
            "\"127.0.0.1:9080\"",
            "The address for those who operate: Prometheus metrics at /metrics. Keep it private.",
        ),
        Key::new(
            "trust",
            "\"0.0.0.0:8081\"",
            "With `tls.mode = \"local\"`: plain HTTP for the one page by which devices learn to trust this machine.",
        ),
        Key::optional(
            "public_url",
            "\"https://orders.example.com\"",
            "How others reach this machine, where that is not the address above.",
        ),
        Key::new(
            "behind_proxy",
            "[]",
            "Networks of the proxies in front, such as \"10.0.0.0/8\". Only they are believed when they say who asks.",
        ),
    ],
};

/// Where requests are answered.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listen {
    pub(crate) http: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) trust: SocketAddr,
    pub(crate) public_url: Option<String>,
    pub(crate) behind_proxy: Vec<String>,
}

impl Listen {
    /// Refuses an address of the whole that is none, and two doors in one place.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some(url) = &self.public_url {
            let rest = url
                .strip_prefix("https://")
                .or_else(|| url.strip_prefix("http://"));
            if rest.is_none_or(|rest| rest.is_empty() || rest.contains(char::is_whitespace)) {
                return Err(refused(format!(
                    "`listen.public_url` = {url} must begin with https://"
                )));
            }
        }
        let ports = [self.http.port(), self.admin.port()];
        if ports[0] == ports[1] && ports[0] != 0 {
            return Err(refused(
                "`listen.http` and `listen.admin` need different ports",
            ));
        }
        Ok(())
    }
}
