//! S3-compatible storage for tests: `moto_server` from PyPI, which keeps everything in memory.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::folder;
use crate::programs::{self, Account};
use crate::watchdog::Watchdog;

const STARTS_MAX: u32 = 5;
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Running storage. It takes any keys. Dropping it stops it.
#[derive(Debug)]
pub struct Moto {
    _watchdog: Watchdog,
    port: u16,
}

impl Moto {
    /// Starts the storage. Blocks for about a second.
    ///
    /// # Panics
    /// It does not start.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        let program = programs::tool("moto", "moto_server");
        let mut log = String::new();
        for _ in 0..STARTS_MAX {
            let (port, folder) = (
                folder::free_port(),
                folder::create(&std::env::temp_dir(), "moto"),
            );
            let words = ["-H", "127.0.0.1", "-p"].map(str::to_owned);
            let mut command = vec![program.display().to_string()];
            command.extend(words);
            command.push(port.to_string());
            // It lies in the cache of whoever runs the tests, where no other account may read.
            let mut watchdog = Watchdog::guard(folder, Account::Own, "TERM", &command);
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            match watchdog.start(|| TcpStream::connect(address).is_ok()) {
                Ok(()) => {
                    return Self {
                        _watchdog: watchdog,
                        port,
                    };
                }
                Err(said) => log = said,
            }
        }
        panic!("moto_server does not start: {log}");
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes a bucket.
    ///
    /// # Panics
    /// It is not made.
    #[track_caller]
    pub fn make_bucket(&self, name: &str) {
        let said = self.ask("PUT", &format!("/{name}"));
        assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    }

    /// Sends a request without a body, and gives the whole answer.
    ///
    /// # Panics
    /// It does not answer.
    #[must_use]
    #[track_caller]
    pub fn ask(&self, method: &str, path: &str) -> String {
        let mut stream =
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("moto_server is gone");
        stream
            .set_read_timeout(Some(ANSWER_WITHIN))
            .expect("no deadline for reading");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        stream
            .write_all(request.as_bytes())
            .expect("moto_server does not listen");
        let mut said = Vec::new();
        stream
            .read_to_end(&mut said)
            .expect("moto_server does not answer");
        String::from_utf8_lossy(&said).into_owned()
    }
}
