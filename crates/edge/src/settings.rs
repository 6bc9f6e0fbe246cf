//! What an operator may decide about the edge.

use std::net::IpAddr;
use std::time::Duration;

use base::{Error, Result, codes};

use crate::Rates;

/// The decisions of the operator.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name and version that the document shows.
    pub version: String,
    /// Origins of other sites whose pages may call the API with the caller's sign-in, such as
    /// `https://shop.example`.
    pub origins: Vec<String>,
    /// Addresses of proxies in front of the platform, alone or with the length of a network
    /// (`10.0.0.0/8`); only they are believed about where a request comes from.
    pub proxies: Vec<Network>,
    /// How often somebody may ask.
    pub rates: Rates,
    /// How long a request may take to send its body.
    pub body_within: Duration,
    /// Whether browsers reach the platform over TLS, directly or through a proxy.
    pub tls: bool,
    /// Whether the document of the API and its page are shown.
    pub documentation: Documentation,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            origins: Vec::new(),
            proxies: Vec::new(),
            rates: Rates::default(),
            body_within: Duration::from_secs(10),
            tls: false,
            documentation: Documentation::Shown,
        }
    }
}

/// Whether the document of the API and its page are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Documentation {
    /// At `/api/openapi.json` and `/docs`.
    Shown,
    /// There as well, but written by [`Edge::write_document`](crate::Edge::write_document), or for whoever asks before: it
    /// is most of what putting an edge together takes.
    Later,
    /// Nowhere; only the page of error codes is, because every error answer points to it.
    Hidden,
    /// Nowhere, and it is not even written: for whoever puts the same routes together again and again.
    Unwritten,
}

/// One address, or a network of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether the address is in the network.
    pub fn holds(&self, address: IpAddr) -> bool {
        let (own, other, width) = match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (u128::from(own.to_bits()), u128::from(other.to_bits()), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits(), other.to_bits(), 128),
            _ => return false,
        };
        let shift = width - u32::from(self.bits);
        // A shift by the whole width is not defined; nothing is compared then, so all addresses match.
        own.checked_shr(shift) == other.checked_shr(shift)
    }
}

impl std::str::FromStr for Network {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = || {
            let message =
                format!("{text:?} is neither an address nor a network such as 10.0.0.0/8");
            Error::invalid(codes::LINE_MALFORMED, message)
        };
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| refused())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_| refused())?,
            None => width,
        };
        if bits > width {
            return Err(refused());
        }
        Ok(Self { address, bits })
    }
}
