//! Whether somebody may be spoken to without TLS: this machine alone, and only where it was said so.

use std::net::IpAddr;

use http::Uri;

/// Whether others on this machine may be spoken to without TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Loopback {
    /// No: everybody must have TLS.
    #[default]
    Tls,
    /// Yes, for development and tests.
    Plain,
}

impl Loopback {
    /// Whether an address may be called: it has a host, and TLS or a reason to do without.
    #[must_use]
    pub fn lets(self, address: &Uri) -> bool {
        match (address.scheme_str(), address.host()) {
            (Some("https"), Some(_)) => true,
            (Some("http"), Some(host)) => self == Loopback::Plain && is_loopback(host),
            _ => false,
        }
    }
}

/// Whether a host can be nothing but this machine.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let address: Result<IpAddr, _> = bare(host).parse();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// A host without the brackets that an address of IPv6 has in a URL.
#[must_use]
pub fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_with_tls_are_called_and_on_this_machine_those_without() {
        for (address, by_strict, by_loose) in [
            ("https://accounts.example.com/token", true, true),
            ("http://127.0.0.1:4000/token", false, true),
            ("http://[::1]:4000/token", false, true),
            ("http://localhost/token", false, true),
            ("http://accounts.example.com/token", false, false),
            ("http://localhost.example.com/token", false, false),
            ("http://169.254.169.254/latest", false, false),
            ("http://127.0.0.1.example.com/", false, false),
            ("/token", false, false),
            ("ftp://127.0.0.1/token", false, false),
        ] {
            let uri = Uri::try_from(address).unwrap();
            assert_eq!(Loopback::Tls.lets(&uri), by_strict, "{address}");
            assert_eq!(Loopback::Plain.lets(&uri), by_loose, "{address}");
        }
    }
}
