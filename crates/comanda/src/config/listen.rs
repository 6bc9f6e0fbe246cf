//! `[listen]`: where requests are answered.

use std::net::SocketAddr;

use serde::Deserialize;

use super::key::{Key, Section};

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
