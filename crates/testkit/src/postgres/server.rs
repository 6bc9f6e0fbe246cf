//! Starting, crashing and restarting the server.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio_postgres::SimpleQueryRow;

use super::admin::{self, Admin};
use super::database::Database;
use crate::folder;
use crate::programs::{self, Account};
use crate::watchdog::Watchdog;

const STARTS_MAX: u32 = 5;

/// How a server is set up. The default is quick and forgets everything when the machine loses power,
/// which is right for tests; benches and kill drills ask for [`Settings::durable`].
#[derive(Clone, Debug, Default)]
pub struct Settings {
    fsync: bool,
    extra: Vec<(String, String)>,
    parent: Option<PathBuf>,
}

impl Settings {
    /// Every commit reaches the disk before it is answered, as in production.
    #[must_use]
    pub fn durable() -> Self {
        Self {
            fsync: true,
            ..Self::default()
        }
    }

    /// Adds a line to `postgresql.conf`; a later one of the same name wins.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.extra.push((name.to_owned(), value.to_string()));
        self
    }

    /// Puts the server's folder into this one instead of the system's folder for temporary files, which
    /// may lie in memory. Everybody must be allowed to enter it.
    #[must_use]
    pub fn inside(mut self, parent: impl Into<PathBuf>) -> Self {
        self.parent = Some(parent.into());
        self
    }

    fn configuration(&self, folder: &Path, port: u16) -> String {
        let on_or_off = if self.fsync { "on" } else { "off" };
        let socket_folder = folder.display().to_string();
        let own = [
            ("listen_addresses", "127.0.0.1"),
            ("port", &port.to_string()),
            ("unix_socket_directories", &socket_folder),
            ("max_connections", "300"),
            ("fsync", on_or_off),
            ("full_page_writes", on_or_off),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("lc_messages", "C"),
        ];
        let mut text = String::new();
        let extra = self.extra.iter().map(|(name, value)| (&**name, &**value));
        for (name, value) in own.into_iter().chain(extra) {
            let quoted = value.replace('\'', "''");
            let _ = writeln!(text, "{name} = '{quoted}'");
        }
        text
    }
}

/// A running PostgreSQL server. Dropping it stops it and removes its folder.
#[derive(Debug)]
pub struct Server {
    watchdog: Mutex<Watchdog>,
    folder: PathBuf,
    port: u16,
    admin: Arc<Admin>,
    next_database: AtomicU64,
    templates: tokio::sync::Mutex<Vec<Database>>,
}

impl Server {
    /// The one server of this process with default settings, started on first use.
    #[track_caller]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&Settings::default()))
    }

    /// Starts a server of one's own. Takes about a second and blocks the thread meanwhile.
    #[track_caller]
    pub fn start(settings: &Settings) -> Self {
        Self::fill_and_launch(settings, "initdb", initdb_arguments)
    }

    /// Starts another server that follows this one and can be read from: a streaming replica. It takes about a
    /// second and blocks the thread meanwhile; databases made later appear on it too.
    #[track_caller]
    pub fn replica(&self, settings: &Settings) -> Self {
        Self::fill_and_launch(settings, "pg_basebackup", |data| {
            let (port, data) = (self.port.to_string(), data.display().to_string());
            let words = [
                "-h",
                "127.0.0.1",
                "-p",
                &port,
                "-U",
                admin::SUPERUSER,
                "-D",
                &data,
            ];
            let how = [
                "--write-recovery-conf",
                "--wal-method=stream",
                "--checkpoint=fast",
                "--no-sync",
            ];
            words.into_iter().chain(how).map(str::to_owned).collect()
        })
    }

    /// Makes a folder, has a program fill its `data`, and starts a server there.
    #[track_caller]
    fn fill_and_launch(
        settings: &Settings,
        filler: &str,
        arguments: impl FnOnce(&Path) -> Vec<String>,
    ) -> Self {
        let folders = programs::postgres_folders();
        let filler = programs::require(filler, &folders);
        let postgres = programs::require("postgres", &folders);
        let account = Account::pick();
        let parent = settings.parent.clone().unwrap_or_else(std::env::temp_dir);
        let folder = folder::create(&parent, "postgres");
        account.give(&folder);
        let data = folder.join("data");
        let command = [postgres, "-D".into(), data.clone()].map(|word| word.display().to_string());
        let mut watchdog = Watchdog::guard(folder.clone(), account, "QUIT", &command);
        account.run(&filler, &arguments(&data));

        let mut log = String::new();
        for _ in 0..STARTS_MAX {
            let port = folder::free_port();
            write_configuration(&data, &settings.configuration(&folder, port));
            match watchdog.start(|| is_ready(&data)) {
                Ok(()) => {
                    return Self {
                        watchdog: Mutex::new(watchdog),
                        folder,
                        port,
                        admin: Arc::new(Admin::new(port)),
                        next_database: AtomicU64::new(0),
                        templates: tokio::sync::Mutex::default(),
                    };
                }
                Err(said) => log = said,
            }
            watchdog.stop();
        }
        panic!("PostgreSQL does not start: {log}");
    }

    /// Creates an empty database with collation C, or a copy of the named one. A database that is
    /// copied must have no open connection; see [`Server::template`].
    pub async fn database(&self, template: Option<&str>) -> Database {
        let number = self.next_database.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        let source = template.unwrap_or("template0");
        // Copying files would force two checkpoints; a copy through the log does not.
        let sql = format!("CREATE DATABASE {name} TEMPLATE {source} STRATEGY wal_log");
        self.admin.execute("postgres", sql).await;
        Database::new(name, self.port, Arc::clone(&self.admin))
    }

    /// Fills a database once per server and gives its name, to copy databases from. The name is part of
    /// the database's name, so it is a plain word; `fill` must not leave connections open.
    pub async fn template(&self, name: &str, fill: impl AsyncFnOnce(&Database)) -> String {
        let name = format!("template_{name}");
        let mut templates = self.templates.lock().await;
        if templates.iter().all(|known| known.name() != name) {
            let sql = format!("CREATE DATABASE {name} TEMPLATE template0");
            self.admin.execute("postgres", sql).await;
            let database = Database::new(name.clone(), self.port, Arc::clone(&self.admin));
            fill(&database).await;
            self.admin.close(&name).await;
            templates.push(database);
        }
        name
    }

    /// Runs statements as the superuser, without parameters, in the named database, and gives the rows.
    ///
    /// # Panics
    /// When a statement fails, with PostgreSQL's message.
    pub async fn execute_as_superuser(&self, database: &str, sql: &str) -> Vec<SimpleQueryRow> {
        self.admin.execute(database, sql.to_owned()).await
    }

    /// Stops the server at once, without a checkpoint, as a crash of its process does. Databases,
    /// port and folder stay; [`Server::restart`] recovers from the log.
    pub fn crash(&self) {
        let mut watchdog = self.watchdog.lock().unwrap_or_else(PoisonError::into_inner);
        watchdog.stop();
    }

    /// Starts a crashed server again on its port and waits for the end of recovery.
    #[track_caller]
    pub fn restart(&self) {
        let data = self.folder.join("data");
        let mut watchdog = self.watchdog.lock().unwrap_or_else(PoisonError::into_inner);
        // The file of the crashed server says "ready" until the new one writes its own.
        let _ = std::fs::remove_file(data.join("postmaster.pid"));
        if let Err(log) = watchdog.start(|| is_ready(&data)) {
            panic!("PostgreSQL does not start again: {log}");
        }
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The server's folder: `data` inside is PostgreSQL's own, the socket lies beside it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the server wrote into its log so far.
    pub fn log(&self) -> String {
        let watchdog = self.watchdog.lock().unwrap_or_else(PoisonError::into_inner);
        watchdog.log()
    }
}

fn initdb_arguments(data: &Path) -> Vec<String> {
    let folder = data.display().to_string();
    let words = [
        "--data-checksums",
        "--auth=trust",
        "--no-sync",
        "--username=postgres",
        "--locale=C",
        "--encoding=UTF8",
        "-D",
        &folder,
    ];
    words.map(str::to_owned).to_vec()
}

/// Our settings lie in a file of their own, which only we write; PostgreSQL's file includes it.
fn write_configuration(data: &Path, configuration: &str) {
    let main = data.join("postgresql.conf");
    let include = "include = 'comanda.conf'\n";
    let written = std::fs::write(data.join("comanda.conf"), configuration)
        .and_then(|()| std::fs::read_to_string(&main))
        .and_then(|text| match text.ends_with(include) {
            true => Ok(()),
            false => std::fs::write(&main, text + include),
        });
    if let Err(error) = written {
        panic!("cannot configure {}: {error}", data.display());
    }
}

/// The last line of this file is PostgreSQL's own word for "takes connections", or for "takes connections that
/// only read" on a replica; `pg_ctl` waits for it too.
fn is_ready(data: &Path) -> bool {
    std::fs::read_to_string(data.join("postmaster.pid")).is_ok_and(|text| {
        matches!(
            text.lines().nth(7).map(str::trim),
            Some("ready" | "standby")
        )
    })
}
