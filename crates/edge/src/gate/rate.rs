//! How often somebody may ask: one counter for each class of routes and each caller or address.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use base::{Error, codes};
use fabric::{Limits, Policy, Taken};

use crate::{Caller, Rate, Rates};

const WINDOW: Duration = Duration::from_secs(60);

/// The limits of all classes.
#[derive(Debug)]
pub(crate) struct Classes {
    api: Option<Policy>,
    auth: Option<Policy>,
    orders: Option<Policy>,
}

impl Classes {
    pub(crate) fn new(rates: &Rates) -> Self {
        let policy = |rate: Rate| {
            let name = rate.name();
            let row = rates.rows().iter().find(|row| row.class == Some(rate))?;
            row.max.map(|max| Policy {
                name,
                max,
                window: WINDOW,
            })
        };
        Self {
            api: policy(Rate::Api),
            auth: policy(Rate::Auth),
            orders: policy(Rate::Orders),
        }
    }

    fn of(&self, rate: Rate) -> Option<&Policy> {
        match rate {
            Rate::Api => self.api.as_ref(),
            Rate::Auth => self.auth.as_ref(),
            Rate::Orders => self.orders.as_ref(),
            Rate::Health => None,
        }
    }

    /// Counts a request; nothing when its class has no limit.
    pub(crate) async fn take(
        &self,
        limits: &Limits,
        rate: Rate,
        caller: Option<&Caller>,
        address: Option<IpAddr>,
    ) -> Option<Taken> {
        let policy = self.of(rate)?;
        let taken = match (caller, address) {
            (Some(caller), _) => limits.take(policy, caller.actor()).await,
            (None, Some(address)) => limits.take(policy, &one_line(address).to_string()).await,
            (None, None) => limits.take(policy, "within").await,
        };
        Some(taken)
    }
}

/// One line of IPv6 has a network of 64 bits, all of whose addresses are one client.
fn one_line(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(
            address.to_bits() & !u128::from(u64::MAX),
        )),
    }
}

pub(crate) fn refusal(taken: &Taken) -> Error {
    let message = format!("no more than {} requests a minute", taken.limit);
    let delay = taken.retry_after.unwrap_or(WINDOW);
    Error::limited(codes::RATE_LIMITED, message).retry_after(delay)
}
