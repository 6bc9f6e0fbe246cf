//! How often somebody may ask: the table of rates made ready for each class of routes, and the counters of a request.
//!
//! All counters of a request count it, or none does. Nothing here is allocated while a request is counted.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use base::{Error, Organisation, codes};
use fabric::{Limits, Policy, Taken};

use crate::rates::{By, RateRow};
use crate::route::Shape;
use crate::{Caller, Granted, Rate, Rates};

const WINDOW: Duration = Duration::from_secs(60);

/// User, the route's own bound, address, route, organisation.
const COUNTERS_MAX: usize = 5;

const _: () = assert!(COUNTERS_MAX <= fabric::limits::AT_ONCE_MAX);

/// The bounds of all classes.
#[derive(Debug)]
pub(crate) struct Classes([[Bounds; 4]; 4]);

/// The bounds of one class by one kind of counter; the most specific comes first.
#[derive(Debug, Default)]
struct Bounds {
    own: HashMap<Organisation, Vec<Rule>>,
    usual: Vec<Rule>,
    /// What no rule exceeds, where all of them count by one counter and none is without limit.
    loosest: Option<Policy>,
}

#[derive(Clone, Debug)]
struct Rule {
    plan: Option<Box<str>>,
    name: &'static str,
    max: Option<u32>,
}

impl Rule {
    fn policy(&self) -> Option<Policy> {
        let name = self.name;
        self.max.map(|max| Policy {
            name,
            max,
            window: WINDOW,
        })
    }
}

impl Bounds {
    fn new(rates: &Rates, class: Rate, by: By) -> Self {
        let fits = |row: &&RateRow| row.by == by && row.class.is_none_or(|own| own == class);
        // Later rows come first, and the sorting leaves equals in their order.
        let mut rows: Vec<&RateRow> = rates.rows().iter().rev().filter(fits).collect();
        rows.sort_by_key(|row| {
            std::cmp::Reverse((
                row.organisation.is_some(),
                row.plan.is_some(),
                row.class.is_some(),
            ))
        });
        let mut bounds = Self::default();
        for row in &rows {
            let rule = Rule {
                plan: row.plan.as_deref().map(Box::from),
                name: name(row.class, by),
                max: row.max,
            };
            match row.organisation {
                Some(organisation) => bounds.own.entry(organisation).or_default().push(rule),
                None => bounds.usual.push(rule),
            }
        }
        let names = rows.iter().map(|row| name(row.class, by));
        let one_counter = names.clone().eq(rows.iter().map(|_| name(Some(class), by)));
        let maxima: Option<Vec<u32>> = rows.iter().map(|row| row.max).collect();
        bounds.loosest = maxima
            .and_then(|maxima| maxima.into_iter().max())
            .filter(|_| one_counter)
            .map(|max| Policy {
                name: name(Some(class), by),
                max,
                window: WINDOW,
            });
        bounds
    }

    fn find(&self, organisation: Option<Organisation>, plan: Option<&str>) -> Option<Policy> {
        let fits = |rule: &&Rule| rule.plan.is_none() || rule.plan.as_deref() == plan;
        let own = organisation.and_then(|organisation| self.own.get(&organisation));
        let own = own.and_then(|rules| rules.iter().find(fits));
        own.or_else(|| self.usual.iter().find(fits))?.policy()
    }
}

/// Under which name a row counts. Those of any class count all classes together.
const fn name(class: Option<Rate>, by: By) -> &'static str {
    match (class, by) {
        (None | Some(Rate::Health), By::User) => "user",
        (None | Some(Rate::Health), By::Address) => "address",
        (None | Some(Rate::Health), By::Organisation) => "organisation",
        (None | Some(Rate::Health), By::Route) => "route",
        (Some(Rate::Api), By::User) => "api/user",
        (Some(Rate::Api), By::Address) => "api/address",
        (Some(Rate::Api), By::Organisation) => "api/organisation",
        (Some(Rate::Api), By::Route) => "api/route",
        (Some(Rate::Auth), By::User) => "auth/user",
        (Some(Rate::Auth), By::Address) => "auth/address",
        (Some(Rate::Auth), By::Organisation) => "auth/organisation",
        (Some(Rate::Auth), By::Route) => "auth/route",
        (Some(Rate::Orders), By::User) => "orders/user",
        (Some(Rate::Orders), By::Address) => "orders/address",
        (Some(Rate::Orders), By::Organisation) => "orders/organisation",
        (Some(Rate::Orders), By::Route) => "orders/route",
        (Some(Rate::Read), By::User) => "read/user",
        (Some(Rate::Read), By::Address) => "read/address",
        (Some(Rate::Read), By::Organisation) => "read/organisation",
        (Some(Rate::Read), By::Route) => "read/route",
    }
}

/// Who is counted for a request, with the texts that are keys.
#[derive(Debug)]
pub(crate) struct Asker<'a> {
    caller: Option<&'a Caller>,
    address: Option<Text>,
}

impl<'a> Asker<'a> {
    pub(crate) fn new(caller: Option<&'a Caller>, address: Option<IpAddr>) -> Self {
        let address = address.map(|address| match one_line(address) {
            IpAddr::V4(address) => Text::of_v4(address),
            IpAddr::V6(address) => Text::of(address),
        });
        Self { caller, address }
    }

    /// Whether two bounds, for the caller and for his address, are one: nobody is signed in, and both let pass as many.
    fn is_one(&self, user: Option<Policy>, address: Option<Policy>) -> bool {
        let max = |policy: Option<Policy>| policy.map(|policy| policy.max);
        self.caller.is_none() && self.address.is_some() && max(user) == max(address)
    }

    fn user(&self) -> &str {
        let address = self.address.as_ref().map_or("within", Text::as_str);
        self.caller.map_or(address, Caller::actor)
    }
}

/// What one request is counted under.
struct Counters<'a> {
    asked: [(Policy, &'a str); COUNTERS_MAX],
    count: usize,
}

impl<'a> Counters<'a> {
    fn new() -> Self {
        const NONE: (Policy, &str) = (
            Policy {
                name: "",
                max: 0,
                window: WINDOW,
            },
            "",
        );
        Self {
            asked: [NONE; COUNTERS_MAX],
            count: 0,
        }
    }

    fn add(&mut self, policy: Option<Policy>, key: Option<&'a str>) {
        let free = self.asked.get_mut(self.count);
        if let (Some(place), Some(policy), Some(key)) = (free, policy, key) {
            *place = (policy, key);
            self.count += 1;
        }
    }

    async fn ask(&self, limits: &Limits, mode: Mode) -> Option<Taken> {
        let asked = &self.asked[..self.count];
        let answer = match mode {
            Mode::Take => limits.take_all(asked).await,
            Mode::Look => limits.would_take_all(asked).await,
        };
        answer.tightest
    }
}

enum Mode {
    Take,
    Look,
}

impl Classes {
    pub(crate) fn new(rates: &Rates) -> Self {
        let classes = [Rate::Api, Rate::Auth, Rate::Orders, Rate::Read];
        Self(classes.map(|class| By::ALL.map(|by| Bounds::new(rates, class, by))))
    }

    fn of(&self, rate: Rate) -> Option<&[Bounds; 4]> {
        let [api, auth, orders, read] = &self.0;
        match rate {
            Rate::Api => Some(api),
            Rate::Auth => Some(auth),
            Rate::Orders => Some(orders),
            Rate::Read => Some(read),
            Rate::Health => None,
        }
    }

    /// Says whether a request would be refused whatever turns out of its organisation, and counts nothing; for before
    /// it is asked what the caller may do there, which can cost much.
    pub(crate) async fn look(
        &self,
        limits: &Limits,
        shape: &Shape,
        asker: &Asker<'_>,
    ) -> Option<Taken> {
        let bounds = self.of(shape.rate?);
        let mut counters = Counters::new();
        if let Some([user, address, _, route]) = bounds {
            counters.add(user.loosest, Some(asker.user()));
            counters.add(own(shape), Some(asker.user()));
            counters.add(address.loosest, asker.address.as_ref().map(Text::as_str));
            counters.add(route.loosest, Some(shape.operation));
        }
        counters.ask(limits, Mode::Look).await
    }

    /// Counts a request under all that bounds it, or under nothing when one of that refuses it. Operators who act
    /// for an organisation take nothing of what its own callers may ask.
    pub(crate) async fn take(
        &self,
        limits: &Limits,
        shape: &Shape,
        asker: &Asker<'_>,
        granted: Option<&Granted>,
    ) -> Option<Taken> {
        let bounds = self.of(shape.rate?);
        let plan = granted.map(|granted| &*granted.plan);
        let organisation = granted.map(|granted| granted.organisation);
        let organisation = organisation.or(asker.caller.and_then(Caller::organisation));
        let counted = granted.filter(|granted| !granted.acting);
        let counted = counted.map(|granted| Text::of(granted.organisation));
        let mut counters = Counters::new();
        if let Some([user, address, together, route]) = bounds {
            let find = |bounds: &Bounds| bounds.find(organisation, plan);
            let (user, address) = (find(user), find(address));
            if !asker.is_one(user, address) {
                counters.add(user, Some(asker.user()));
            }
            counters.add(own(shape), Some(asker.user()));
            counters.add(address, asker.address.as_ref().map(Text::as_str));
            counters.add(find(route), Some(shape.operation));
            if let Some(key) = &counted {
                counters.add(find(together), Some(key.as_str()));
            }
        }
        counters.ask(limits, Mode::Take).await
    }
}

/// The bound that the route itself names.
fn own(shape: &Shape) -> Option<Policy> {
    shape.bound.map(|bound| Policy {
        name: shape.operation,
        max: bound.max,
        window: bound.window,
    })
}

/// A short text that needs no memory of its own: an address or a number.
#[derive(Debug)]
struct Text {
    bytes: [u8; 48],
    length: usize,
}

impl Text {
    fn of(shown: impl std::fmt::Display) -> Self {
        let mut text = Self {
            bytes: [0; 48],
            length: 0,
        };
        // The longest address has 39 characters.
        let _fits = write!(text, "{shown}");
        text
    }

    /// An address of IPv4, without the ways round that a general form takes: it is written for nearly every request.
    fn of_v4(address: Ipv4Addr) -> Self {
        let mut text = Self {
            bytes: [0; 48],
            length: 0,
        };
        for (place, octet) in address.octets().into_iter().enumerate() {
            if place > 0 {
                text.push(b'.');
            }
            if octet >= 100 {
                text.push(b'0' + octet / 100);
            }
            if octet >= 10 {
                text.push(b'0' + octet / 10 % 10);
            }
            text.push(b'0' + octet % 10);
        }
        text
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl std::fmt::Write for Text {
    fn write_str(&mut self, more: &str) -> std::fmt::Result {
        let end = self.length + more.len();
        let place = self.bytes.get_mut(self.length..end);
        place
            .ok_or(std::fmt::Error)?
            .copy_from_slice(more.as_bytes());
        self.length = end;
        Ok(())
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
    let message = format!("no more than {} requests in this time", taken.limit);
    let delay = taken.retry_after.unwrap_or(WINDOW);
    Error::limited(codes::RATE_LIMITED, message).retry_after(delay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_the_general_way_writes_them() {
        for octets in [
            [0, 0, 0, 0],
            [127, 0, 0, 1],
            [9, 10, 99, 100],
            [203, 0, 113, 7],
            [255; 4],
        ] {
            let address = Ipv4Addr::from(octets);
            assert_eq!(Text::of_v4(address).as_str(), address.to_string());
        }
    }
}
