//! Where we may call: hosts of the public network, by their names, over TLS; never our own neighbours.
//!
//! A name is resolved by us, each address is judged, and the connection goes to the address that was judged. Whoever
//! changes the name's address between the two changes nothing.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use futures_util::future::BoxFuture;

/// The most characters of an address.
pub(super) const URL_CHARS_MAX: usize = 500;
const LABEL_CHARS_MAX: usize = 63;
const PORT: u16 = 443;
/// Ports below it belong to services that no hook speaks to.
const PORT_MIN: u16 = 1_024;

/// Finds the addresses of a host.
pub trait Resolve: Send + Sync {
    /// All addresses of this host.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// Asks the resolver of the system.
#[derive(Clone, Copy, Debug)]
pub struct OfTheSystem;

impl Resolve for OfTheSystem {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, PORT)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Whether neighbours may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Neighbours {
    /// No: only what is in the public network.
    #[default]
    Refused,
    /// Yes, for development and tests.
    Allowed,
}

/// An address that a hook may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    /// Path and query.
    pub(super) path: String,
}

impl Target {
    /// Reads an address: `https`, a host by its name in small letters, perhaps a port, perhaps a path.
    pub(super) fn parse(url: &str) -> Option<Self> {
        if url.len() > URL_CHARS_MAX {
            return None;
        }
        let rest = url.strip_prefix("https://")?;
        let at = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        let (host, port) = match authority.split_once(':') {
            None => (authority, PORT),
            Some((host, port)) => (host, parse_port(port)?),
        };
        let path = if path.is_empty() { "/" } else { path };
        (is_host(host) && path.chars().all(is_of_path)).then(|| Target {
            host: host.to_owned(),
            port,
            path: path.to_owned(),
        })
    }

    /// How the host is named in the header of a request.
    pub(super) fn authority(&self) -> String {
        match self.port {
            PORT => self.host.clone(),
            port => format!("{}:{port}", self.host),
        }
    }
}

fn parse_port(text: &str) -> Option<u16> {
    let port: u16 = text.parse().ok()?;
    (port.to_string() == text && (port == PORT || port >= PORT_MIN)).then_some(port)
}

/// At least two labels, and the last begins with a letter: so no number in any base passes for a host.
fn is_host(host: &str) -> bool {
    let labels: Vec<&str> = host.split('.').collect();
    let ends_in_letters = labels
        .last()
        .is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()));
    labels.len() >= 2 && ends_in_letters && labels.iter().all(|label| is_label(label))
}

fn is_label(label: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=LABEL_CHARS_MAX).contains(&label.len())
        && label.starts_with(is_letter)
        && label.ends_with(is_letter)
        && label.chars().all(|c| is_letter(c) || c == '-')
}

fn is_of_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._~!$&'()*+,;=:@%/?-".contains(c)
}

/// Whether an address is in the public network.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127, _, _)              // this network, private, this machine
            | (100, 64..=127, _)          // behind a carrier's translation
            | (169, 254, _)               // this link; services of clouds
            | (172, 16..=31, _)           // private
            | (192, 0, 0 | 2)             // protocols, examples
            | (192, 88, 99)               // relays from IPv6
            | (192, 168, _)               // private
            | (198, 18..=19, _)           // measuring
            | (198, 51, 100)              // examples
            | (203, 0, 113)               // examples
            | (224..=255, _, _) // many at once, reserved, everybody
    )
}

/// Only what was given out as public, and none of the forms that carry an address of IPv4 inside.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let is_given_out = a & 0xe000 == 0x2000;
    let is_special = (a == 0x2001 && (b < 0x0200 || b == 0x0db8)) || a == 0x2002 || a == 0x3fff;
    is_given_out && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for private in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "2a00:1450::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn a_host_has_a_name_and_nothing_else_passes_for_one() {
        for refused in [
            "http://hooks.example.com/",
            "https://localhost/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://1.2.3.0x4/",
            "https://user@hooks.example.com/",
            "https://user:pass@hooks.example.com/",
            "https://hooks.example.com@127.0.0.1/",
            "https://hooks.example.com:22/",
            "https://hooks.example.com:0443/",
            "https://hooks.example.com:99999/",
            "https://hooks.example.com:/",
            "https://hooks.example.com#x",
            "https://example.com./",
            "https://hooks.example.com\\@127.0.0.1/",
            "https://hooks..example.com/",
            "https://",
            "https://-a.example.com/",
            "https://Hooks.example.com/",
            "https://hööks.example.com/",
            "https://hooks.example.com/a b",
            "https://hooks.example.com/\r\nx: y",
            "ftp://a.example",
            "https://127.0.0.1.1/",
            "//hooks.example.com/",
            "file:///etc/passwd",
            "https://①②⑦.example/",
        ] {
            assert_eq!(Target::parse(refused), None, "{refused}");
        }
        let target = Target::parse("https://hooks.example.com:8443/in?x=1").unwrap();
        assert_eq!(target.authority(), "hooks.example.com:8443");
        assert_eq!(target.path, "/in?x=1");
        let plain = Target::parse("https://hooks.example.com").unwrap();
        assert_eq!(
            (plain.authority().as_str(), &*plain.path),
            ("hooks.example.com", "/")
        );
    }
}
