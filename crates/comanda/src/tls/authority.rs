//! An authority of our own, for a network without a domain name: devices trust it once, by hand.
//!
//! Its key lies with the secrets. Whoever steals the key could pass for any site on those devices, so its certificate
//! is limited to private networks and to the names of this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base::{Error, Random, Result, Time, codes};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, SanType,
};
use ring::digest;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use zeroize::Zeroizing;

use super::names::Names;
use crate::config::refused;
use crate::secrets::{Secrets, guarded};

const FILE: &str = "authority.pem";
const DAY: Duration = Duration::from_secs(86_400);
/// Devices are taught by hand, so they should not have to be taught often.
const AUTHORITY_DAYS: u32 = 3_650;
/// Short, because it is made anew at every start and before it ends.
const LEAF_DAYS: u32 = 60;

/// Names that are given out inside of networks only (RFC 6762, RFC 8375 and custom).
const PRIVATE_NAMES: [&str; 5] = ["localhost", "local", "lan", "home.arpa", "internal"];

const PRIVATE_NETWORKS: [(IpAddr, u8); 9] = [
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(100, 64, 0, 0)), 10),
    (IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
];

/// The authority: it makes the certificates that this machine shows.
pub(crate) struct Authority {
    name: String,
    /// The names outside of private ones that it may speak for.
    own_names: Vec<String>,
    /// The same for addresses.
    own_addresses: Vec<IpAddr>,
    certificate: CertificateDer<'static>,
    pem: String,
    key: KeyPair,
}

/// A certificate with its chain, and its key, as PEM.
pub(crate) struct Leaf {
    pub(crate) chain: String,
    pub(crate) key: Zeroizing<String>,
}

impl Authority {
    /// Reads the authority of a data folder, and makes it the first time.
    ///
    /// # Errors
    /// The file cannot be used, or a name is to be served that this authority may not speak for.
    pub(crate) fn open(data: &Path, names: &Names, now: Time, random: &Random) -> Result<Self> {
        let path = Self::path(data);
        if path.symlink_metadata().is_err() {
            let text = make(names, now, random)?;
            guarded::write(&path, text.as_bytes())?;
        }
        let authority = Self::read(&guarded::read(&path)?)
            .ok_or_else(|| refused(format!("{} is no authority of ours", path.display())))?;
        let strange = names.dns.iter().find(|name| !authority.may_name(name));
        match strange {
            None => Ok(authority),
            Some(name) => Err(refused(format!(
                "the authority of this machine was made without the name {name}; move {} away for a new one, which every device must learn to trust again",
                path.display()
            ))),
        }
    }

    /// Where the authority of a data folder lies.
    pub(crate) fn path(data: &Path) -> PathBuf {
        Secrets::folder(data).join(FILE)
    }

    fn read(text: &str) -> Option<Self> {
        let field = |name| text.lines().find_map(|line| line.strip_prefix(name));
        let certificate = CertificateDer::from_pem_slice(text.as_bytes()).ok()?;
        let begin = text.find("-----BEGIN CERTIFICATE")?;
        let middle = text.find("-----BEGIN PRIVATE KEY")?;
        let key = KeyPair::from_pem(text.get(middle..)?).ok()?;
        Some(Self {
            name: field("name: ")?.to_owned(),
            own_names: field("names: ")?
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            own_addresses: field("addresses: ")?
                .split_whitespace()
                .map(str::parse)
                .collect::<Result<_, _>>()
                .ok()?,
            certificate,
            pem: text.get(begin..middle)?.to_owned(),
            key,
        })
    }

    /// The certificate for devices, as PEM.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// The certificate for devices, as DER.
    pub(crate) fn der(&self) -> &[u8] {
        &self.certificate
    }

    /// What its certificate is called on the devices.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The digest by which a person can compare what came with what is here.
    pub(crate) fn fingerprint(&self) -> String {
        let digest = digest::digest(&digest::SHA256, &self.certificate);
        let pairs: Vec<String> = digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect();
        pairs.join(":")
    }

    /// Makes a certificate for these names; addresses that this authority may not speak for are left out.
    ///
    /// # Errors
    /// A name cannot be written into a certificate.
    pub(crate) fn leaf(&self, names: &Names, now: Time) -> Result<Leaf> {
        let mut params = CertificateParams::new(names.dns.clone()).map_err(|e| failed(&e))?;
        let known = names
            .addresses
            .iter()
            .filter(|address| is_private(**address) || self.own_addresses.contains(address));
        params
            .subject_alt_names
            .extend(known.map(|address| SanType::IpAddress(*address)));
        params.distinguished_name = called(names.dns.first().map_or("comanda", String::as_str));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        valid_for(&mut params, now, LEAF_DAYS)?;
        let key = KeyPair::generate().map_err(|error| failed(&error))?;
        let issuer = Issuer::new(authority_params(&self.name), &self.key);
        let leaf = params
            .signed_by(&key, &issuer)
            .map_err(|error| failed(&error))?;
        Ok(Leaf {
            chain: format!("{}{}", leaf.pem(), self.pem),
            key: Zeroizing::new(key.serialize_pem()),
        })
    }

    fn may_name(&self, name: &str) -> bool {
        let allowed = self
            .own_names
            .iter()
            .map(String::as_str)
            .chain(PRIVATE_NAMES);
        allowed.into_iter().any(|allowed| {
            name == allowed
                || name
                    .strip_suffix(allowed)
                    .is_some_and(|rest| rest.ends_with('.'))
        })
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Makes an authority for this machine, as the text of its file.
fn make(names: &Names, now: Time, random: &Random) -> Result<Zeroizing<String>> {
    // Two authorities of one name confuse devices that trust both.
    let name = format!("Comanda local authority {:08X}", random.u64() >> 32);
    let is_common = |name: &str| PRIVATE_NAMES.iter().any(|end| name.ends_with(end));
    let own: Vec<&str> = names
        .dns
        .iter()
        .map(String::as_str)
        .filter(|name| !is_common(name))
        .collect();
    let mut params = authority_params(&name);
    let domains = own.iter().copied().chain(PRIVATE_NAMES);
    let domains = domains.map(|name| GeneralSubtree::DnsName(name.to_owned()));
    let addresses: Vec<IpAddr> = names
        .addresses
        .iter()
        .copied()
        .filter(|address| !is_private(*address))
        .collect();
    let whole = addresses
        .iter()
        .map(|address| (*address, if address.is_ipv4() { 32 } else { 128 }));
    let networks = PRIVATE_NETWORKS
        .into_iter()
        .chain(whole)
        .map(|(address, bits)| {
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, bits))
        });
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: domains.chain(networks).collect(),
        excluded_subtrees: Vec::new(),
    });
    valid_for(&mut params, now, AUTHORITY_DAYS)?;
    let key = KeyPair::generate().map_err(|error| failed(&error))?;
    let certificate = params.self_signed(&key).map_err(|error| failed(&error))?;
    let secret = Zeroizing::new(key.serialize_pem());
    let own = own.join(" ");
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let addresses = addresses.join(" ");
    Ok(Zeroizing::new(format!(
        "name: {name}\nnames: {own}\naddresses: {addresses}\n{}{}",
        certificate.pem(),
        *secret
    )))
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = called(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn called(name: &str) -> DistinguishedName {
    let mut called = DistinguishedName::new();
    called.push(DnType::CommonName, name);
    called
}

/// From a day before now, for devices whose clocks are slow.
fn valid_for(params: &mut CertificateParams, now: Time, days: u32) -> Result<()> {
    let begin = now.minus(DAY).and_then(ymd);
    let end = now.plus(DAY * days).and_then(ymd);
    let (begin, end) = begin.zip(end).ok_or_else(|| {
        refused("the clock of this machine shows a time that no certificate can have")
    })?;
    params.not_before = rcgen::date_time_ymd(begin.0, begin.1, begin.2);
    params.not_after = rcgen::date_time_ymd(end.0, end.1, end.2);
    Ok(())
}

fn ymd(time: Time) -> Option<(i32, u8, u8)> {
    let text = time.to_string();
    let mut parts = text.split('T').next()?.split('-');
    let mut next = || parts.next()?.parse::<u16>().ok();
    let (year, month, day) = (next()?, next()?, next()?);
    Some((
        i32::from(year),
        month.try_into().ok()?,
        day.try_into().ok()?,
    ))
}

fn is_private(address: IpAddr) -> bool {
    PRIVATE_NETWORKS
        .iter()
        .any(|(network, bits)| match (network, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(*bits);
                network.to_bits() >> shift == address.to_bits() >> shift
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(*bits);
                network.to_bits() >> shift == address.to_bits() >> shift
            }
            _ => false,
        })
}

#[track_caller]
fn failed(error: &rcgen::Error) -> Error {
    Error::invalid(
        codes::LINE_MALFORMED,
        format!("no certificate can be made: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dns: &[&str], addresses: &[&str]) -> Names {
        Names {
            dns: dns.iter().map(|name| (*name).to_owned()).collect(),
            addresses: addresses
                .iter()
                .map(|address| address.parse().unwrap())
                .collect(),
        }
    }

    #[test]
    fn an_authority_reads_back_and_speaks_for_its_names_alone() {
        let now = "2026-11-21T08:00:00Z".parse().unwrap();
        let names = names(
            &["kitchen", "kitchen.local", "shop.example"],
            &["192.168.1.5", "8.8.8.8"],
        );
        let text = make(&names, now, &Random::seeded(1)).unwrap();
        let authority = Authority::read(&text).unwrap();
        for name in [
            "kitchen",
            "kitchen.local",
            "any.lan",
            "shop.example",
            "a.shop.example",
        ] {
            assert!(authority.may_name(name), "{name}");
        }
        for name in ["bank.example", "myshop.example", "local.example"] {
            assert!(!authority.may_name(name), "{name}");
        }
        let leaf = authority.leaf(&names, now).unwrap();
        assert_eq!(leaf.chain.matches("BEGIN CERTIFICATE").count(), 2);
        assert_eq!(authority.own_addresses, [IpAddr::from([8, 8, 8, 8])]);
        assert_eq!(authority.fingerprint().len(), 32 * 3 - 1);
        assert!(!authority.pem().contains("PRIVATE"));
    }

    #[test]
    fn private_networks_are_told_from_others() {
        let private = |text: &str| is_private(text.parse().unwrap());
        assert!(
            private("192.168.4.4") && private("127.0.0.1") && private("::1") && private("fd00::1")
        );
        assert!(!private("192.169.0.1") && !private("8.8.8.8") && !private("2001:db8::1"));
    }
}
