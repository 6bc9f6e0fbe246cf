//! Ports, and how long the certificate is good.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use base::{Clock, Time};
use edge::server::Tls;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::Report;
use crate::config::Settings;
use crate::config::tls::Mode;
use crate::databases;
use crate::secrets::guarded;
use crate::tls::authority::Authority;
use crate::tls::validity;

const DAY: Duration = Duration::from_secs(86_400);
/// Whoever renews certificates has done so by then.
const WARN_BEFORE_DAYS: u32 = 21;

pub(super) fn look(settings: &Settings, clock: &Clock, report: &mut Report) {
    ports(settings, report);
    certificate(settings, clock, report);
}

fn ports(settings: &Settings, report: &mut Report) {
    let listen = &settings.listen;
    let mut all = vec![("listen.http", listen.http), ("listen.admin", listen.admin)];
    if settings.tls.mode == Mode::Local {
        all.push(("listen.trust", listen.trust));
    }
    let runs = settings.storage.data.is_dir() && databases::lock(settings).is_err();
    for (key, address) in all {
        port(key, address, runs, report);
    }
}

fn port(key: &str, address: SocketAddr, runs: bool, report: &mut Report) {
    match TcpListener::bind(address) {
        Ok(_) => report.ok(key, format!("{address} is free")),
        Err(_) if runs => report.ok(
            key,
            format!("{address} is taken, and comanda runs on this folder"),
        ),
        Err(error) => report.fail(
            key,
            format!("{address}: {error}"),
            &format!("stop what listens there, or set `{key}`; see: ss -ltnp"),
        ),
    }
}

fn certificate(settings: &Settings, clock: &Clock, report: &mut Report) {
    let tls = &settings.tls;
    let pem = match (tls.mode, &tls.certificate, &tls.key) {
        (Mode::Files, Some(certificate), Some(key)) => {
            if let Err(error) = guarded::read(key) {
                report.fail(
                    "certificate key",
                    error.to_string(),
                    "its owner alone may read a private key",
                );
            }
            if let Err(error) = Tls::from_files(certificate, key) {
                report.fail(
                    "certificate",
                    error.to_string(),
                    "set `tls.certificate` and `tls.key` to files that belong together",
                );
                return;
            }
            std::fs::read(certificate).unwrap_or_default()
        }
        (Mode::Local, ..) => {
            let path = Authority::path(&settings.storage.data);
            if path.symlink_metadata().is_err() {
                report.ok("authority", "not there yet; it is made at the first start");
                return;
            }
            match guarded::read(&path) {
                Ok(text) => text.as_bytes().to_vec(),
                Err(error) => {
                    report.fail(
                        "authority",
                        error.to_string(),
                        "bring it back by `comanda secrets restore`",
                    );
                    return;
                }
            }
        }
        _ => return,
    };
    let certificate = CertificateDer::from_pem_slice(&pem).ok();
    match certificate.and_then(|certificate| validity::ends(&certificate)) {
        Some(ends) => graded(ends, clock.now(), report),
        None => report.warn(
            "certificate",
            "its end cannot be read",
            "look with: openssl x509 -noout -dates",
        ),
    }
}

fn graded(ends: Time, now: Time, report: &mut Report) {
    let found = format!("good until {ends}");
    if ends <= now {
        report.fail(
            "certificate",
            found,
            "it has ended: no client accepts it; renew it now",
        );
    } else if ends.since(now) < DAY * WARN_BEFORE_DAYS {
        report.warn(
            "certificate",
            found,
            "renew it; a running `serve` takes the new files within seconds",
        );
    } else {
        report.ok("certificate", found);
    }
}
