//! An address, and how it is connected to: in the clear, or with TLS to a server whose certificate is known.
//!
//! TLS is all or nothing: where it is asked for, the certificate must come from the named roots and bear the name of the
//! host. `sslmode=prefer`, which anybody in between can turn off, is no TLS here.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::stream::{BoxStream, StreamExt as _, poll_fn};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{AsyncMessage, Client, Config, Error, NoTls, Socket};
use tokio_rustls::TlsConnector;

use crate::failure::{Failure, Outcome};

/// What a server says on a connection beside answers; who polls it drives the connection.
pub(super) type Messages = BoxStream<'static, Result<AsyncMessage, Error>>;

/// A database and the way to it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    config: Config,
    tls: Option<Tls>,
    mutate: Option<Mutate>,
}

/// Changes the text of a statement over rows of an organisation, for tests.
pub(super) type Mutate = fn(&str) -> String;

impl Target {
    /// Reads an address of the form `host=… port=… dbname=…`. Besides what the driver knows, `sslrootcert` names the file
    /// of the root certificates, and `sslmode` may be `verify-full`, which is what `require` means here as well.
    pub(super) fn parse(address: &str) -> Outcome<Self> {
        let mut rest = Vec::new();
        let (mut roots, mut verified) = (None, false);
        for word in words(address) {
            match word.split_once('=') {
                Some(("sslrootcert", file)) => roots = Some(unquoted(file)),
                Some(("sslmode", "verify-full")) => verified = true,
                _ => rest.push(word),
            }
        }
        let mut config = rest
            .join(" ")
            .parse::<Config>()
            .map_err(|error| Failure::Malformed(error.to_string()))?;
        verified |= config.get_ssl_mode() == SslMode::Require;
        let tls = match roots {
            Some(file) => Some(Tls::with_roots(&file)?),
            None if verified => {
                let text =
                    "an address asks for TLS and names no root certificates (sslrootcert=FILE)";
                return Err(Failure::Malformed(text.to_owned()));
            }
            None => None,
        };
        config.ssl_mode(if tls.is_some() {
            SslMode::Require
        } else {
            SslMode::Disable
        });
        Ok(Target {
            config,
            tls,
            mutate: None,
        })
    }

    /// The same with texts changed.
    pub(super) fn mutated(self, mutate: Option<Mutate>) -> Self {
        Target { mutate, ..self }
    }

    /// What changes the texts that are sent there.
    pub(super) fn mutate(&self) -> Option<Mutate> {
        self.mutate
    }

    /// Connects. Nothing is answered unless somebody polls the messages.
    pub(super) async fn connect(&self) -> Result<(Client, Messages), Error> {
        match &self.tls {
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                Ok((client, messages(connection)))
            }
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                Ok((client, messages(connection)))
            }
        }
    }
}

fn messages<S>(mut connection: tokio_postgres::Connection<Socket, S>) -> Messages
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    poll_fn(move |context| connection.poll_message(context)).boxed()
}

/// Drives a connection to its end; answers why it ended, if that was no wish of ours.
pub(super) async fn drive(mut messages: Messages) -> Result<(), Error> {
    while let Some(message) = messages.next().await {
        message?;
    }
    Ok(())
}

/// The words of an address; a quoted value may hold blanks.
fn words(address: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in address.chars() {
        quoted ^= c == '\'' && !escaped;
        escaped = c == '\\' && !escaped;
        if c.is_whitespace() && !quoted {
            words.push(String::new());
        } else if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A value as it is meant.
fn unquoted(value: &str) -> String {
    let inner = value
        .strip_prefix('\'')
        .and_then(|value| value.strip_suffix('\''));
    let mut out = String::new();
    let mut escaped = false;
    for c in inner.unwrap_or(value).chars() {
        escaped = c == '\\' && !escaped;
        if !escaped {
            out.push(c);
        }
    }
    out
}

/// What TLS is made with.
#[derive(Clone, Debug)]
struct Tls(Arc<ClientConfig>);

impl Tls {
    fn with_roots(file: &str) -> Outcome<Self> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::Malformed(format!("root certificates in {file}: {error}"))
        };
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_file_iter(file).map_err(|error| failed(&error))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| failed(&error))?;
            roots.add(certificate).map_err(|error| failed(&error))?;
        }
        if roots.is_empty() {
            return Err(failed(&"there are none"));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Tls(Arc::new(config)))
    }
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Stream;
    type TlsConnect = Connect;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Connect, Self::Error> {
        Ok(Connect {
            connector: TlsConnector::from(Arc::clone(&self.0)),
            host: ServerName::try_from(host.to_owned())?,
        })
    }
}

/// One handshake to come.
struct Connect {
    connector: TlsConnector,
    host: ServerName<'static>,
}

impl TlsConnect<Socket> for Connect {
    type Stream = Stream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let stream = self.connector.connect(self.host, socket).await?;
            Ok(Stream(stream))
        })
    }
}

/// A connection under TLS, as the driver wants it.
struct Stream(tokio_rustls::client::TlsStream<Socket>);

impl TlsStream for Stream {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_never_half_asked_for() {
        let plain = Target::parse("host=a port=5 password='two words' sslmode=prefer").unwrap();
        assert_eq!(plain.config.get_ssl_mode(), SslMode::Disable);
        assert_eq!(plain.config.get_password(), Some("two words".as_bytes()));
        for address in ["host=a sslmode=require", "host=a sslmode=verify-full"] {
            assert!(matches!(Target::parse(address), Err(Failure::Malformed(_))));
        }
        let absent = Target::parse("host=a sslrootcert='/no such/file'").err();
        assert!(matches!(absent, Some(Failure::Malformed(text)) if text.contains("/no such/file")));
    }
}
