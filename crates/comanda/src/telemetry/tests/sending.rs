//! How a batch reaches a collector over TLS, and whom it is not given to.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Uri};
use opentelemetry_http::HttpClient as _;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::super::traces::Client;
use super::super::traces::read_headers;

/// Answers one request over TLS and gives what it was.
async fn serve(listener: TcpListener, own: CertifiedKey<rcgen::KeyPair>) -> Option<String> {
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = TlsAcceptor::from(Arc::new(config))
        .accept(stream)
        .await
        .ok()?;
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"batch") {
        let mut piece = [0; 1024];
        let count = stream
            .read(&mut piece)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        bytes.extend_from_slice(&piece[..count]);
    }
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    stream.write_all(answer).await.ok()?;
    stream.shutdown().await.ok()?;
    String::from_utf8(bytes).ok()
}

/// Sends a batch to a collector of this certificate, trusting that one; gives the answer and what it got.
async fn send(own: CertifiedKey<rcgen::KeyPair>, trusted: &str) -> (Option<Bytes>, Option<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = JoinSet::new();
    tasks.spawn(serve(listener, own));
    let folder = std::env::temp_dir();
    let file = folder.join(format!("comanda-authority-{}-{port}", std::process::id()));
    std::fs::write(&file, trusted).unwrap();
    let uri: Uri = format!("https://localhost:{port}/v1/traces")
        .parse()
        .unwrap();
    let client = Client::for_endpoint(&uri, Some(&file)).unwrap();
    std::fs::remove_file(&file).unwrap();
    let request = Request::post(uri).header("content-length", "5");
    let request = request.body(Bytes::from_static(b"batch")).unwrap();
    let answer = client.send_bytes(request).await.ok();
    let got = tasks.join_next().await.unwrap().unwrap();
    (answer.map(http::Response::into_body), got)
}

fn certificate() -> CertifiedKey<rcgen::KeyPair> {
    generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap()
}

#[tokio::test]
async fn a_collector_gets_a_batch_only_when_its_certificate_is_trusted() {
    let own = certificate();
    let trusted = own.cert.pem();
    let (answer, got) = send(own, &trusted).await;
    let got = got.unwrap();
    assert_eq!(answer.unwrap(), "ok");
    assert!(got.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{got}");
    assert!(got.contains("host: localhost:"), "{got}");
    let (answer, got) = send(certificate(), &certificate().cert.pem()).await;
    assert_eq!((answer, got), (None, None));
}

#[test]
fn a_file_of_headers_is_read_and_a_bad_line_is_named_without_its_value() {
    let file = std::env::temp_dir().join(format!("comanda-headers-{}", std::process::id()));
    let read = |text: &str| {
        std::fs::write(&file, text).unwrap();
        read_headers(&file)
    };
    let sound = read("# token\n\nauthorization: Bearer a:b\n x-team : ours \n").unwrap();
    assert_eq!(sound["authorization"], "Bearer a:b");
    assert_eq!(sound["x-team"], "ours");
    let error = read("authorization: a\nsecret-without-colon\n").unwrap_err();
    let said = format!("{error:?}");
    assert!(
        said.contains("line 2") && !said.contains("secret"),
        "{said}"
    );
    std::fs::remove_file(&file).unwrap();
    assert!(read_headers(Path::new("/nowhere/at/all")).is_err());
}
