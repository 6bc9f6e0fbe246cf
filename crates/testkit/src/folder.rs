//! Folders and ports that belong to one server of one test process.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Makes an empty folder whose name no other living process uses.
pub(crate) fn create(parent: &Path, label: &str) -> PathBuf {
    let process = std::process::id();
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("comanda-{label}-{process}-{number}"));
        match std::fs::create_dir(&path) {
            Ok(()) => return path,
            // A process id that came round again may have left a folder behind.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => panic!("cannot create the folder {}: {error}", path.display()),
        }
    }
}

/// A port that was free a moment ago. Somebody may take it before the server does, so starting a
/// server is tried again with another port.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("no free port on 127.0.0.1")
        .port()
}
