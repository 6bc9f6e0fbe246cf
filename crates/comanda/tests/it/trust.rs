//! TLS with an authority of our own, as a device meets it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::World;

/// Asks over TLS as a client that trusts one authority.
fn get(address: SocketAddr, name: &str, authority: &str, path: &str) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut stream = StreamOwned::new(connection, stream);
    stream.write_all(testkit::serve::request(address, "GET", path, &[], "").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn a_device_that_trusts_the_authority_is_served() {
    let world = World::new().with(&["--tls", "local"]);
    let serve = world.serve();
    assert!(serve.ready("url").unwrap().starts_with("https://"));
    let trust = serve.address("trust");
    let from_page = |path: &str| testkit::serve::ask(trust, "GET", path, &[], "");
    let page = from_page("/trust");
    assert_eq!(page.status, 200);
    for word in [
        "iPhone",
        "Android",
        "macOS",
        "Windows",
        "Linux",
        "/trust/qr.svg",
    ] {
        assert!(page.body.contains(word), "{word}");
    }
    assert!(!page.body.contains("{{"), "{}", page.body);
    assert!(from_page("/trust/qr.svg").body.contains("<svg"));
    let certificate = from_page("/trust/comanda.crt");
    assert_eq!(
        certificate.header("content-type"),
        Some("application/x-x509-ca-cert")
    );
    assert_eq!(
        from_page("/api/health").status,
        404,
        "only the page is served in the clear"
    );
    let authority = from_page("/trust/comanda.pem").body;
    assert!(!authority.contains("PRIVATE"));
    for name in ["127.0.0.1", "localhost"] {
        let answer = get(serve.http(), name, &authority, "/api/health/live").unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    assert!(get(serve.http(), "shop.example", &authority, "/").is_err());

    // The same authority after a restart, another one elsewhere.
    serve.stop();
    let serve = world.serve();
    assert!(get(serve.http(), "localhost", &authority, "/api/health/live").is_ok());
    let other = World::new().with(&["--tls", "local"]);
    assert!(get(other.serve().http(), "localhost", &authority, "/").is_err());
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let (certificate, key) = (
        world.0.folder().join("a.pem"),
        world.0.folder().join("a.key"),
    );
    std::fs::write(&certificate, "none").unwrap();
    std::fs::write(&key, "none").unwrap();
    let paths = [certificate.display().to_string(), key.display().to_string()];
    let world = world.with(&[
        "--tls",
        "files",
        "--certificate",
        &paths[0],
        "--key",
        &paths[1],
    ]);
    let (code, said) = world.refused();
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("chmod 600"), "{said}");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (code, said) = world.refused();
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("PEM") || said.contains("certificates"),
        "{said}"
    );
}
