//! Under which names and addresses this machine is reached in its network.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::tls::Tls;

/// What a certificate of this machine is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Names {
    pub(crate) dns: Vec<String>,
    pub(crate) addresses: Vec<IpAddr>,
}

impl Names {
    /// The names of this machine: those in the settings and those that the system tells.
    pub(crate) fn find(settings: &Tls) -> Self {
        let mut dns = vec!["localhost".to_owned()];
        if let Some(host) = host_name() {
            dns.push(host.clone());
            if !host.contains('.') {
                dns.push(format!("{host}.local"));
            }
        }
        let mut addresses = own_addresses();
        for name in &settings.names {
            match name.parse() {
                Ok(address) => {
                    addresses.insert(address);
                }
                Err(_) => dns.push(name.to_lowercase()),
            }
        }
        let mut seen = BTreeSet::new();
        dns.retain(|name| seen.insert(name.clone()));
        Self {
            dns,
            addresses: addresses.into_iter().collect(),
        }
    }

    /// The address by which others in the network most likely reach this machine.
    pub(crate) fn best_address(&self) -> IpAddr {
        let usual = |address: &&IpAddr| match address {
            IpAddr::V4(address) => !address.is_loopback() && !address.is_link_local(),
            IpAddr::V6(_) => false,
        };
        let found = self.addresses.iter().find(usual);
        found.copied().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }
}

fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim().to_lowercase();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    (!name.is_empty() && name.chars().all(is_name)).then_some(name)
}

/// The addresses of all interfaces, as the kernel's tables of routes have them.
fn own_addresses() -> BTreeSet<IpAddr> {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let mut addresses = BTreeSet::from([
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ]);
    addresses.extend(version_4(&read("/proc/net/fib_trie")).map(IpAddr::V4));
    addresses.extend(version_6(&read("/proc/net/if_inet6")).map(IpAddr::V6));
    addresses
}

/// An address stands on a line, and on the next one that it is this machine's own.
fn version_4(table: &str) -> impl Iterator<Item = Ipv4Addr> {
    let lines = table.lines().zip(table.lines().skip(1));
    lines.filter_map(|(line, next)| {
        let address = line.trim().strip_prefix("|-- ")?.parse().ok()?;
        next.contains("/32 host LOCAL").then_some(address)
    })
}

fn version_6(table: &str) -> impl Iterator<Item = Ipv6Addr> {
    table.lines().filter_map(|line| {
        let digits = line.split_whitespace().next()?;
        u128::from_str_radix(digits, 16).ok().map(Ipv6Addr::from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_addresses_are_read_from_the_tables_of_the_kernel() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 192.168.1.0\n        /24 link UNICAST\n     |-- 192.168.1.7\n        /32 host LOCAL\n";
        assert_eq!(
            version_4(trie).collect::<Vec<_>>(),
            [Ipv4Addr::new(192, 168, 1, 7)]
        );
        let six = "fe800000000000000000000000000001 02 40 20 80 eth0\n";
        let found: Vec<_> = version_6(six).map(|address| address.to_string()).collect();
        assert_eq!(found, ["fe80::1"]);
    }
}
