//! Those who order: guests, each with a session of his own.

use std::net::{IpAddr, Ipv4Addr};

use base::Random;

use super::wire::{Address, Request, Wire};

/// So many guests are made from one address of this machine, because a server takes no more of one.
const OF_ONE_ADDRESS: usize = 20;
const CREATED: u16 = 201;

/// Makes so many guests and gives the cookies of their sessions. A server on this machine is asked from many of its
/// addresses; any other lets only so many in an hour be guests.
pub(super) async fn make(
    address: Address,
    count: usize,
    random: &Random,
) -> Result<Vec<String>, String> {
    let mut sessions: Vec<String> = Vec::with_capacity(count);
    let mut wire = Wire::to(address);
    while sessions.len() < count {
        if sessions.len().is_multiple_of(OF_ONE_ADDRESS) && is_here(address) {
            wire = Wire::to(Address {
                from: Some(somewhere(random)),
                ..address
            });
        }
        let guest = Request {
            method: "POST",
            ..Request::get("/api/auth/guest")
        };
        let reply = wire.ask(guest).await?;
        match reply.cookie.filter(|_| reply.status == CREATED) {
            Some(cookie) => sessions.push(cookie),
            None => {
                let said = String::from_utf8_lossy(&reply.body);
                return Err(format!("no guest was made: {} {said}", reply.status));
            }
        }
    }
    Ok(sessions)
}

fn is_here(address: Address) -> bool {
    address.server.is_ipv4() && address.server.ip().is_loopback() && address.from.is_none()
}

/// One of the sixteen million addresses that a machine has for itself.
fn somewhere(random: &Random) -> IpAddr {
    let [.., b, c, d] = random.u64().to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(127, b, c, d.clamp(2, 250)))
}
