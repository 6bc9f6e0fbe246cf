//! What `--production` refuses. Each refusal says what to do.

use base::Result;

use crate::config::sign_in::Way;
use crate::config::tls::Mode;
use crate::config::{Settings, refused};

/// Refuses all that must not be so in production, at once.
pub(crate) fn check(settings: &Settings) -> Result<()> {
    let found: Vec<&str> = RULES
        .iter()
        .filter(|(is_wrong, _)| is_wrong(settings))
        .map(|(_, what_to_do)| *what_to_do)
        .collect();
    match found.len() {
        0 => Ok(()),
        _ => Err(refused(format!(
            "--production refuses these settings:\n  - {}",
            found.join("\n  - ")
        ))),
    }
}

type Rule = (fn(&Settings) -> bool, &'static str);

const RULES: &[Rule] = &[
    (
        is_plain_and_open,
        "requests would be answered in the clear beyond this machine; set `tls.mode`, or listen on 127.0.0.1 behind a proxy that is named in `listen.behind_proxy`",
    ),
    (
        is_plain_without_proxy,
        "nobody encrypts: set `tls.mode` to `files` or `local`, or name the proxy that does it in `listen.behind_proxy`",
    ),
    (
        |settings| !is_private(settings.listen.admin.ip()),
        "the admin port is on a public address; set `listen.admin` to 127.0.0.1 or an address of the private network",
    ),
    (
        |settings| settings.sign_in.letters == Way::Inbox,
        "codes would be shown to everybody at /dev/inbox; set `sign_in.letters` to `folder` with a sender behind it, or to `none`",
    ),
    (
        |settings| settings.payments.pretends(),
        "payments would be pretended; name real providers in `payments.providers`, or none (`[]`) where only cash is taken",
    ),
    (
        |settings| !settings.storage.is_postgres() && settings.backup.to.is_none(),
        "SQLite files have no backup; set `backup.to` to a folder on another disk",
    ),
    (
        |settings| !settings.storage.is_postgres() && settings.backup.keys_to.is_none(),
        "personal keys have no backup; set `backup.keys_to` to a folder apart from `backup.to`",
    ),
    (
        |settings| {
            settings.storage.is_postgres()
                && settings.storage.app_password_file.is_none()
                && is_remote(settings)
        },
        "PostgreSQL is on another machine without a password; set `storage.app_password_file` and its sisters",
    ),
    (
        |settings| {
            settings.storage.data.starts_with("/tmp")
                || settings.storage.data.starts_with("/dev/shm")
        },
        "the data folder is one for temporary files; set `storage.data`",
    ),
    (
        |settings| {
            settings
                .edge
                .cors_origins
                .iter()
                .any(|origin| origin.starts_with("http://"))
        },
        "pages of a site without encryption may call the API; only https:// origins belong into `edge.cors_origins`",
    ),
];

fn is_plain_and_open(settings: &Settings) -> bool {
    let listen = &settings.listen;
    settings.tls.mode == Mode::Off
        && !listen.http.ip().is_loopback()
        && listen.behind_proxy.is_empty()
}

fn is_plain_without_proxy(settings: &Settings) -> bool {
    let listen = &settings.listen;
    settings.tls.mode == Mode::Off
        && listen.http.ip().is_loopback()
        && listen.behind_proxy.is_empty()
}

/// Whether an address is of this machine or of a network that is not routed in public.
fn is_private(address: std::net::IpAddr) -> bool {
    match address {
        std::net::IpAddr::V4(address) => {
            address.is_loopback() || address.is_private() || address.is_link_local()
        }
        std::net::IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

fn is_remote(settings: &Settings) -> bool {
    let storage = &settings.storage;
    let addresses = storage.shards.values().chain(&storage.control);
    let mut hosts = addresses.flat_map(|address| {
        address
            .split_whitespace()
            .filter_map(|word| word.strip_prefix("host="))
    });
    hosts.any(|host| !host.starts_with('/') && !matches!(host, "localhost" | "127.0.0.1" | "::1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::payments::Name;

    fn said(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = Settings::defaults().unwrap();
        settings.tls.mode = Mode::Local;
        settings.backup.to = Some("/backup/data".into());
        settings.backup.keys_to = Some("/backup/keys".into());
        settings.sign_in.letters = Way::None;
        settings.payments.providers = Vec::new();
        check(&settings).unwrap();
        change(&mut settings);
        check(&settings).map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn each_risk_is_refused_with_what_to_do() {
        let plain = said(|settings| settings.tls.mode = Mode::Off);
        assert!(plain.contains("`tls.mode`"), "{plain}");
        let open = said(|settings| {
            settings.tls.mode = Mode::Off;
            settings.listen.http = "0.0.0.0:80".parse().unwrap();
        });
        assert!(open.contains("in the clear"), "{open}");
        let proxied = said(|settings| {
            settings.tls.mode = Mode::Off;
            settings.listen.behind_proxy = vec!["10.0.0.0/8".to_owned()];
        });
        assert_eq!(proxied, "");
        let admin = said(|settings| settings.listen.admin = "0.0.0.0:9080".parse().unwrap());
        assert!(admin.contains("`listen.admin`"), "{admin}");
        let inbox = said(|settings| settings.sign_in.letters = Way::Inbox);
        assert!(inbox.contains("`sign_in.letters`"), "{inbox}");
        let pretended = said(|settings| settings.payments.providers = vec![Name::Test]);
        assert!(pretended.contains("`payments.providers`"), "{pretended}");
        let nothing_kept = said(|settings| settings.backup.to = None);
        assert!(nothing_kept.contains("`backup.to`"), "{nothing_kept}");
        let temporary = said(|settings| settings.storage.data = "/tmp/data".into());
        assert!(temporary.contains("`storage.data`"), "{temporary}");
        let remote = said(|settings| {
            for place in [&mut settings.storage.control, &mut settings.storage.people] {
                *place = Some("host=db1 dbname=a".to_owned());
            }
        });
        assert!(remote.contains("password"), "{remote}");
    }
}
