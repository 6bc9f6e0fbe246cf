//! PgBouncer in transaction mode in front of a test server.
//!
//! Debian's 1.18 does not follow prepared statements over its server connections, which is the very
//! thing that a test wants to see.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};

use crate::folder;
use crate::postgres::Server;
use crate::programs::{self, Account};
use crate::watchdog::Watchdog;

const STARTS_MAX: u32 = 5;
const CLIENTS_MAX: u32 = 1_000;

/// How PgBouncer is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Server connections per database and user. With one, two clients surely share it.
    pub pool_size: u32,
    /// The roles that may log in; nobody is asked for a password.
    pub users: Vec<String>,
}

impl Settings {
    /// Ten server connections, as PgBouncer is run mostly, for the superuser alone.
    pub fn new() -> Self {
        Self {
            pool_size: 10,
            users: vec!["postgres".to_owned()],
        }
    }

    /// Sets the number of server connections per database and user.
    #[must_use]
    pub fn pool_size(mut self, pool_size: u32) -> Self {
        self.pool_size = pool_size;
        self
    }

    /// Lets a role log in.
    #[must_use]
    pub fn user(mut self, name: &str) -> Self {
        self.users.push(name.to_owned());
        self
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

/// A running PgBouncer that knows every database of its server under the same name. Dropping it
/// stops it.
#[derive(Debug)]
pub struct Bouncer {
    watchdog: Watchdog,
    port: u16,
}

impl Bouncer {
    /// Starts PgBouncer in front of the server. Blocks for some milliseconds.
    #[track_caller]
    pub fn start(server: &Server, settings: &Settings) -> Self {
        let program = programs::require("pgbouncer", &[PathBuf::from("/usr/sbin")]);
        let account = Account::pick();
        let folder = folder::create(&std::env::temp_dir(), "pgbouncer");
        account.give(&folder);
        let configuration = folder.join("pgbouncer.ini");
        let command = [program, "-q".into(), configuration.clone()];
        let command = command.map(|word| word.display().to_string());
        let mut watchdog = Watchdog::guard(folder.clone(), account, "TERM", &command);

        let users = settings.users.iter().fold(String::new(), |mut text, user| {
            let _ = writeln!(text, "\"{user}\" \"\"");
            text
        });
        write(&folder.join("users"), &users);
        let mut log = String::new();
        for _ in 0..STARTS_MAX {
            let port = folder::free_port();
            let text = configuration_text(server, settings, &folder, port);
            write(&configuration, &text);
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            match watchdog.start(|| TcpStream::connect(address).is_ok()) {
                Ok(()) => return Self { watchdog, port },
                Err(said) => log = said,
            }
            watchdog.stop();
        }
        panic!("PgBouncer does not start: {log}");
    }

    /// Where PgBouncer listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The port alone, for `Database::url_through` and `Database::config_through`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What PgBouncer wrote so far.
    pub fn log(&self) -> String {
        self.watchdog.log()
    }
}

/// There is no `pidfile` and no `logfile`: the watchdog knows the process, and the log is its output.
fn configuration_text(server: &Server, settings: &Settings, folder: &Path, port: u16) -> String {
    let upstream = server.address();
    format!(
        "[databases]\n\
         * = host={} port={}\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         auth_type = trust\n\
         auth_file = {}\n\
         pool_mode = transaction\n\
         max_client_conn = {CLIENTS_MAX}\n\
         default_pool_size = {}\n\
         ignore_startup_parameters = extra_float_digits\n\
         unix_socket_dir =\n",
        upstream.ip(),
        upstream.port(),
        folder.join("users").display(),
        settings.pool_size,
    )
}

#[track_caller]
fn write(path: &Path, text: &str) {
    if let Err(error) = std::fs::write(path, text) {
        panic!("cannot write {}: {error}", path.display());
    }
}
