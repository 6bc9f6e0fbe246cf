//! Where a request comes from: the peer of the connection, or what a proxy of ours says.

use std::net::{IpAddr, SocketAddr};

use http::{Extensions, HeaderMap, HeaderName, header};

use crate::{Network, server};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The other end of the connection, for requests that come from no server of ours; that one says it with
/// [`server::Peer`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer(pub SocketAddr);

/// Finds the address of the client; nothing for a call within the process.
pub(crate) fn address(
    proxies: &[Network],
    extensions: &Extensions,
    headers: &HeaderMap,
) -> Option<IpAddr> {
    let within = || extensions.get::<Peer>().map(|peer| peer.0);
    let served = extensions.get::<server::Peer>().map(|peer| peer.address);
    let peer = served.or_else(within)?.ip().to_canonical();
    let ours = |address: IpAddr| proxies.iter().any(|network| network.holds(address));
    if !ours(peer) {
        return Some(peer);
    }
    // Each proxy adds at the end whom it heard; whatever stands before the last foreign one may be invented.
    let mut nearest = peer;
    for heard in heard(headers).into_iter().rev() {
        let Some(heard) = heard else { break };
        nearest = heard;
        if !ours(heard) {
            break;
        }
    }
    Some(nearest)
}

/// Whom the proxies heard, in their order; nothing for what is no address.
fn heard(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let texts = |name: HeaderName| {
        let values = headers.get_all(name).iter();
        values.flat_map(|value| value.to_str().unwrap_or("?").split(','))
    };
    if headers.contains_key(FORWARDED_FOR) {
        return texts(FORWARDED_FOR).map(read).collect();
    }
    texts(header::FORWARDED)
        .map(|element| read(forwarded_for(element)?))
        .collect()
}

/// Takes `for=` out of an element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<&str> {
    let mut pairs = element
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    Some(value.trim_matches('"'))
}

fn read(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.split(']').next());
    let alone = bare.unwrap_or(text).parse::<IpAddr>();
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    alone
        .or_else(|_| with_port())
        .ok()
        .map(|address| address.to_canonical())
}
