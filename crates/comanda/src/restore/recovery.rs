//! A restored server that recovers: on a socket that only we know, with settings of ours, until it is promoted.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use base::{Result, Time};

use super::wal::Wal;
use crate::backup::archive::position;
use crate::backup::target::private;
use crate::backup::tools::{self, Account, Tools};
use crate::backup::{line, no_file, refused};
use crate::databases::make_folder;
use crate::progress::{Progress, Step};

/// It is the name of the socket, too.
pub(crate) const PORT: u16 = 5432;

const SIGNAL: &str = "recovery.signal";
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How PostgreSQL says that the log ended before the moment that it was to go to.
const NOT_REACHED: &str = "recovery ended before configured recovery target was reached";
const FETCHED: &str = "restored log file";
const LOG_LINES: usize = 12;

/// A server that was restored and is to recover.
pub(crate) struct Recovery<'r> {
    pub(crate) data: &'r Path,
    pub(crate) major: u32,
    pub(crate) wal: Option<Wal>,
    pub(crate) until: Option<Time>,
    pub(crate) account: Account,
    /// Where its copy of the log may stand.
    pub(crate) copies: PathBuf,
}

/// A server that has recovered and answers on its socket. Dropping it stops it.
pub(crate) struct Running {
    child: Child,
    tools: Tools,
    account: Account,
    data: PathBuf,
    /// The folder of its socket.
    pub(crate) socket: PathBuf,
}

impl Recovery<'_> {
    /// Starts the server and waits until it has recovered.
    pub(crate) fn run(&self, progress: &Progress) -> Result<Running> {
        let pieces = self.wal.as_ref().map_or(1, |wal| wal.pieces);
        let step = progress.counted("recovering", pieces);
        let mut running = self.start(self.until)?;
        if running.wait(&step)? {
            let reached = self.until.is_some();
            return self.complete(running, reached);
        }
        let said = running.log();
        if !said.contains(NOT_REACHED) {
            return Err(refused(format!(
                "the server does not recover: {}",
                tail(&said)
            )));
        }
        // Nothing was committed after that moment, if only the log is complete up to then.
        self.is_known_until()?;
        drop(running);
        let mut running = self.start(None)?;
        if running.wait(&step)? {
            return self.complete(running, false);
        }
        Err(refused(format!(
            "the server does not recover: {}",
            tail(&running.log())
        )))
    }

    fn is_known_until(&self) -> Result<()> {
        let known = self.wal.as_ref().and_then(|wal| wal.contact);
        let known = known.map(|contact| contact.complete_until);
        let until = self.until.unwrap_or(Time::EPOCH);
        match known {
            Some(known) if known >= until => Ok(()),
            Some(known) => Err(refused(format!(
                "the kept log is complete until {known} only; restore until then, or say no --until for all that it has"
            ))),
            None => Err(refused(
                "the kept log ends before that moment; say no --until for all that it has",
            )),
        }
    }

    /// A damaged piece looks to PostgreSQL like the end of the log. So whoever went to the end must have come as far
    /// as the server is known to have been.
    fn complete(&self, running: Running, reached: bool) -> Result<Running> {
        let contact = self.wal.as_ref().and_then(|wal| wal.contact);
        if let (Some(contact), false) = (contact, reached) {
            let end = end_of_log(self.data)?;
            if end.is_some_and(|end| end < contact.position) {
                return Err(refused(format!(
                    "the kept log breaks off before {}, up to when it was complete; a piece of it is damaged",
                    contact.complete_until
                )));
            }
        }
        Ok(running)
    }

    fn start(&self, until: Option<Time>) -> Result<Running> {
        let tools = Tools::of(self.major);
        let socket = self.socket()?;
        let mut command = tools.command("postgres")?;
        command.arg("-D").arg(self.data);
        let mut set = |name: &str, value: &str| {
            command.arg("-c").arg(format!("{name}={value}"));
        };
        for name in ["postgresql.conf", "pg_hba.conf", "pg_ident.conf"] {
            let text = if name == "pg_hba.conf" {
                "local all all trust\n"
            } else {
                ""
            };
            let path = socket.join(name);
            no_file(&path, fs::write(&path, text))?;
            let setting = match name {
                "postgresql.conf" => "config_file",
                "pg_hba.conf" => "hba_file",
                _ => "ident_file",
            };
            set(setting, &path.display().to_string());
        }
        // Nothing of this server may reach what the original talks to.
        for name in [
            "listen_addresses",
            "synchronous_standby_names",
            "primary_conninfo",
            "shared_preload_libraries",
        ] {
            set(name, "");
        }
        for name in ["archive_mode", "ssl", "hot_standby", "logging_collector"] {
            set(name, "off");
        }
        set("port", &PORT.to_string());
        set("unix_socket_directories", &socket.display().to_string());
        set("log_destination", "stderr");
        if let Some(wal) = &self.wal {
            set("restore_command", &wal.command(self.account, &self.copies)?);
            if let Some(until) = until {
                // PostgreSQL reads a space and an offset here, and neither T nor Z.
                let until = until.to_string().replace('T', " ").replace('Z', "+00");
                set("recovery_target_time", &until);
            }
            set("recovery_target_action", "promote");
            let signal = self.data.join(SIGNAL);
            no_file(&signal, fs::write(&signal, ""))?;
            self.account.owns(&signal)?;
        }
        self.account.owns(&socket)?;
        self.account.runs(&mut command);
        let log = no_file(&socket, File::create(socket.join("log")))?;
        // A file that says how the server is may be left from its last run.
        let _none = fs::remove_file(self.data.join("postmaster.pid"));
        let child = command.stdout(Stdio::null()).stderr(log).spawn();
        let child = child.map_err(|error| line(format!("postgres cannot be run: {error}")))?;
        Ok(Running {
            child,
            tools,
            account: self.account,
            data: self.data.to_owned(),
            socket,
        })
    }

    /// A folder with a short name: the path of a socket must not be long.
    fn socket(&self) -> Result<PathBuf> {
        let server = self.data.file_name().unwrap_or_default();
        let name = format!(
            "comanda-restore-{}-{}",
            std::process::id(),
            server.to_string_lossy()
        );
        let folder = std::env::temp_dir().join(name);
        make_folder(&folder)?;
        private(&folder)?;
        Ok(folder)
    }
}

impl Running {
    /// True when it takes connections, false when it has ended.
    fn wait(&mut self, step: &Step) -> Result<bool> {
        loop {
            let ended = no_file(&self.data, self.child.try_wait())?;
            if ended.is_some() {
                return Ok(false);
            }
            step.at(self.log().matches(FETCHED).count() as u64);
            if is_ready(&self.data) {
                return Ok(true);
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.socket.join("log")).unwrap_or_default()
    }

    /// Ends it in order.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.end("fast")
    }

    fn end(&mut self, how: &str) -> Result<()> {
        if no_file(&self.data, self.child.try_wait())?.is_none() {
            let mut command = self.tools.command("pg_ctl")?;
            command.arg("-D").arg(&self.data);
            command.args(["-m", how, "-w", "-t", "600", "stop"]);
            self.account.runs(&mut command);
            tools::said(command, "pg_ctl")?;
            no_file(&self.data, self.child.wait())?;
        }
        // It holds nothing but settings and words of the server.
        let _left = fs::remove_dir_all(&self.socket);
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Whoever gives up has a better error to tell.
        let _ended = self.end("immediate");
    }
}

/// The last line of this file is PostgreSQL's own word for how it is.
fn is_ready(data: &Path) -> bool {
    fs::read_to_string(data.join("postmaster.pid"))
        .is_ok_and(|text| text.lines().nth(7).map(str::trim) == Some("ready"))
}

/// Where the log of the old timeline ended: the last line of the newest history says it.
fn end_of_log(data: &Path) -> Result<Option<u64>> {
    let folder = data.join("pg_wal");
    let mut histories = Vec::new();
    for entry in no_file(&folder, fs::read_dir(&folder))? {
        let path = no_file(&folder, entry)?.path();
        if path.extension().is_some_and(|kind| kind == "history") {
            histories.push(path);
        }
    }
    histories.sort();
    let Some(newest) = histories.last() else {
        return Ok(None);
    };
    let text = no_file(newest, fs::read_to_string(newest))?;
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    Ok(last.and_then(|line| position(line.split_whitespace().nth(1)?)))
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let from = lines.len().saturating_sub(LOG_LINES);
    lines.get(from..).unwrap_or_default().join("\n  ")
}
