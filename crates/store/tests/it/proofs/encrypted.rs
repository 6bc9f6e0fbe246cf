//! TLS to PostgreSQL: a server whose certificate is not known, or bears another name, is not spoken to.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use base::{Clock, Organisation, Random};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use store::{Call, Commit, Database, Deadline, Failure, Outcome, Place, Scope, Sql, postgres};
use testkit::postgres::{Server, Settings};

use super::world::{folder, statement};
use crate::world::event;

/// Files of a certificate authority, and of a server that it vouches for under this name.
fn certify(folder: &Path, name: &str) {
    let key = KeyPair::generate().unwrap();
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, key).unwrap();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let server = server.signed_by(&key, &root).unwrap();
    for (file, text) in [
        ("root.pem", root.pem()),
        ("server.pem", server.pem()),
        ("server.key", key.serialize_pem()),
    ] {
        std::fs::write(folder.join(file), text).unwrap();
    }
}

/// Hands the files to the server, which takes no key that others may read.
async fn install(server: &Server, folder: &Path) {
    for file in ["server.pem", "server.key"] {
        let to = server.folder().join(file);
        let text = std::fs::read(folder.join(file)).unwrap();
        let owner = std::fs::metadata(server.folder()).unwrap();
        std::fs::write(&to, text).unwrap();
        std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o600)).unwrap();
        use std::os::unix::fs::MetadataExt as _;
        std::os::unix::fs::chown(&to, Some(owner.uid()), Some(owner.gid())).unwrap();
        let name = if file == "server.pem" {
            "ssl_cert_file"
        } else {
            "ssl_key_file"
        };
        let set = format!("ALTER SYSTEM SET {name} = '{}'", to.display());
        server.execute_as_superuser("postgres", &set).await;
    }
    server
        .execute_as_superuser("postgres", "ALTER SYSTEM SET ssl = on")
        .await;
    server
        .execute_as_superuser("postgres", "SELECT pg_reload_conf()")
        .await;
}

fn open(address: &str) -> Outcome<Database> {
    let settings = postgres::Settings {
        owner: format!("{address} user=postgres"),
        ..postgres::Settings::at(address)
    };
    Database::open(&Place::Postgres(Box::new(settings)), &Clock::real())
}

/// How many connections of our roles the server sees, and how many of them under TLS.
async fn connections(server: &Server, name: &str) -> (String, String) {
    let sql = format!(
        "SELECT count(*), count(*) FILTER (WHERE s.ssl) FROM pg_stat_ssl AS s \
         JOIN pg_stat_activity AS a USING (pid) WHERE a.datname = '{name}' AND a.usename LIKE 'comanda%'"
    );
    let rows = server.execute_as_superuser("postgres", &sql).await;
    let count = |at: usize| rows[0].get(at).unwrap().to_owned();
    (count(0), count(1))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_everything_goes_under_tls_and_to_the_right_server_only() {
    let (folder, other) = (folder(), folder());
    certify(&folder, "127.0.0.1");
    certify(&other, "db.example.org");
    let server = Server::start(&Settings::default());
    install(&server, &folder).await;
    let database = server.database(None).await;
    let (port, name) = (database.port(), database.name());
    let roots = |folder: &Path| {
        format!(
            "sslmode=verify-full sslrootcert={}",
            folder.join("root.pem").display()
        )
    };
    let address = format!("host=127.0.0.1 port={port} dbname={name}");
    let right = format!("{address} {}", roots(&folder));
    let opened = open(&right).unwrap();
    opened.migrate(&[&store::DATABASE]).await.unwrap();

    let (clock, random) = (Clock::real(), Random::real());
    let deadline = Deadline::within(&clock, std::time::Duration::from_secs(20));
    let mut commit = Commit::new(&clock, &random, Organisation::PEOPLE);
    commit.event(event(commit.id(), 1));
    opened.commit(commit.into(), 1, &deadline).await.unwrap();
    assert_eq!(opened.log_after(0, 10, &deadline).await.unwrap().len(), 1);
    let head: &'static Sql = statement("head.read");
    opened
        .transact(vec![Call::new(head, [])], &deadline)
        .await
        .unwrap();
    let (all, encrypted) = connections(&server, name).await;
    assert_eq!(all, encrypted);
    assert_ne!(all, "0");

    // An authority that has not signed, a name that is not the server's, and a server that offers no TLS at all.
    let impostors = [
        format!("{address} {}", roots(&other)),
        format!(
            "host=localhost port={port} dbname={name} {}",
            roots(&folder)
        ),
        format!(
            "host=127.0.0.1 port={} dbname={name} {}",
            Server::shared().address().port(),
            roots(&folder)
        ),
    ];
    for address in &impostors {
        let soon = Deadline::within(&clock, std::time::Duration::from_secs(3));
        let read = open(address).unwrap();
        let read = read
            .read(Scope::Nobody, vec![Call::new(head, [])], &soon)
            .await;
        assert!(
            matches!(read, Err(Failure::Unavailable(_))),
            "{address}: {read:?}"
        );
    }
    for folder in [folder, other] {
        std::fs::remove_dir_all(folder).unwrap();
    }
}
