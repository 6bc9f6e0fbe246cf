//! Whether there is PgBouncer between us and a PostgreSQL server.
//!
//! A greeting without a user is refused by both before anything else. PostgreSQL's refusal names the routine in its
//! source that refused; a pooler has no such thing to tell.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

const WITHIN: Duration = Duration::from_secs(3);
/// Version 3.0 of the protocol, and no parameter at all.
const GREETING: [u8; 9] = [0, 0, 0, 9, 0, 3, 0, 0, 0];

/// Who answers at an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Behind {
    Postgres,
    Pooler,
}

/// Asks at an address of the form `host=… port=…`. None where nobody can be asked over TCP.
pub(super) fn ask(address: &str) -> Option<Behind> {
    let value = |key| {
        address
            .split_whitespace()
            .find_map(|word| word.strip_prefix(key))
    };
    let host = value("host=").filter(|host| !host.starts_with('/'))?;
    let port = value("port=").unwrap_or("5432").parse().ok()?;
    let to = (host, port).to_socket_addrs().ok()?.next()?;
    let mut stream = TcpStream::connect_timeout(&to, WITHIN).ok()?;
    stream.set_read_timeout(Some(WITHIN)).ok()?;
    stream.set_write_timeout(Some(WITHIN)).ok()?;
    stream.write_all(&GREETING).ok()?;
    let mut said = Vec::new();
    // Whoever refused closes the connection; what was said until then is enough.
    let _ = stream.take(4096).read_to_end(&mut said);
    read(&said)
}

/// An error is `E`, a length, and fields of a letter and a text each.
fn read(said: &[u8]) -> Option<Behind> {
    let fields = said.strip_prefix(b"E")?.get(4..)?;
    let names_routine = fields
        .split(|byte| *byte == 0)
        .any(|field| field.first() == Some(&b'R'));
    Some(match names_routine {
        true => Behind::Postgres,
        false => Behind::Pooler,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart() {
        let postgres =
            b"E\0\0\0\x20SFATAL\0C28000\0Mno user\0Fpostmaster.c\0L1\0RProcessStartupPacket\0\0";
        assert_eq!(read(postgres), Some(Behind::Postgres));
        let pooler = b"E\0\0\0\x20SFATAL\0C08P01\0Mno username supplied\0\0";
        assert_eq!(read(pooler), Some(Behind::Pooler));
        assert_eq!(read(b"HTTP/1.1 400"), None);
    }
}
