//! The write-ahead log of PostgreSQL servers, kept while it is written.
//!
//! pg_receivewal holds a replication slot, so that the server keeps what was not received yet, and syncs what it
//! receives at once. Beside the log stands up to which moment it is known to be complete.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base::{Clock, Error, Result, Time, codes};
use serde::{Deserialize, Serialize};
use tokio::process::Command;
use tokio::task::JoinSet;

use super::servers::{self, Found, Which};
use super::target::{private, sync};
use super::tools::{self, Tools};
use super::{line, no_file, refused};
use crate::config::Settings;
use crate::databases;

/// The name of the slot on every server.
pub(crate) const SLOT: &str = "comanda_archive";

/// Beside the log: up to when it is complete.
const CONTACT: &str = "contact.json";
const LOOK_EVERY: Duration = Duration::from_secs(1);
const LOOKS_KEPT: usize = 64;
const TELL_EVERY: Duration = Duration::from_secs(60);
const LATE: Duration = Duration::from_secs(5);
const WAIT_FIRST: Duration = Duration::from_millis(250);
const WAIT_MAX: Duration = Duration::from_secs(30);
const RAN_WELL: Duration = Duration::from_secs(60);

/// Up to when an archive is complete.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contact {
    /// What was committed before is in the archive.
    pub(crate) complete_until: Time,
    /// Where the log of the server was then.
    pub(crate) position: u64,
}

impl Contact {
    /// Of the archive of one server.
    pub(crate) fn read(wal: &Path) -> Result<Self> {
        let path = wal.join(CONTACT);
        let text = no_file(&path, fs::read(&path))?;
        serde_json::from_slice(&text)
            .map_err(|error| refused(format!("{}: {error}", path.display())))
    }

    fn write(self, wal: &Path) -> Result<()> {
        let (path, new) = (wal.join(CONTACT), wal.join(format!("{CONTACT}.new")));
        let text = serde_json::to_vec(&self)
            .map_err(|error| Error::internal(codes::INTERNAL, error.to_string()))?;
        no_file(&new, fs::write(&new, text))?;
        sync(&new)?;
        no_file(&path, fs::rename(&new, &path))
    }
}

/// Where the log of a server is kept.
pub(crate) fn folder_of(to: &Path, server: &str) -> PathBuf {
    to.join("wal").join(server)
}

/// Keeps the log of every server until it is stopped.
pub(crate) fn run(settings: &Settings, to: &Path, clock: &Clock) -> Result<()> {
    let tools = Tools::newest();
    let found = servers::find(settings, Which::Data, &tools)?;
    databases::make_folder(to)?;
    // The receiver has a working folder of its own.
    let to = no_file(to, to.canonicalize())?;
    let runtime = crate::serve::runtime()?;
    runtime.block_on(async {
        let mut set = JoinSet::new();
        for server in found {
            let wal = folder_of(&to, &server.id);
            databases::make_folder(&wal)?;
            private(&wal)?;
            let archive = Archive {
                server,
                wal,
                tools: tools.clone(),
                clock: clock.clone(),
            };
            archive.make_slot()?;
            let watched = archive.clone();
            set.spawn(async move { archive.receive().await });
            set.spawn(async move { watched.watch().await });
        }
        tokio::select! {
            ended = set.join_next() => match ended {
                Some(Ok(result)) => result,
                Some(Err(error)) => Err(Error::internal(codes::INTERNAL, error.to_string())),
                None => Ok(()),
            },
            stopped = stopped() => stopped,
        }
    })
}

async fn stopped() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |error: std::io::Error| Error::internal(codes::INTERNAL, error.to_string());
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(failed),
    }
}

/// The archive of one server.
#[derive(Clone)]
struct Archive {
    server: Found,
    wal: PathBuf,
    tools: Tools,
    clock: Clock,
}

impl Archive {
    fn make_slot(&self) -> Result<()> {
        let mut command = self.receiver()?;
        command.args(["--create-slot", "--if-not-exists"]);
        tools::said(command, "pg_receivewal").map(|_| ())
    }

    fn receiver(&self) -> Result<std::process::Command> {
        let mut command = self.tools.command("pg_receivewal")?;
        self.server.login.of(&mut command, "");
        command.arg("--slot").arg(SLOT).arg("--no-password");
        Ok(command)
    }

    /// Runs the receiver, again and again.
    async fn receive(&self) -> Result<()> {
        let mut wait = WAIT_FIRST;
        loop {
            let mut command = self.receiver()?;
            command.arg("-D").arg(&self.wal);
            command.args(["--synchronous", "--no-loop", "--status-interval=1"]);
            let began = self.clock.elapsed();
            let mut command = Command::from(command);
            command.kill_on_drop(true);
            command.stdout(std::process::Stdio::null());
            let said = command.output().await;
            let why = said.map_or_else(
                |error| error.to_string(),
                |output| String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            );
            if self.clock.elapsed().saturating_sub(began) >= RAN_WELL {
                wait = WAIT_FIRST;
            }
            eprintln!("server {}: {why}; again in {wait:?}", self.server.id);
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2).min(WAIT_MAX);
        }
    }

    /// Looks how far server and archive are, writes it down, and tells when it is late, and now and then anyway.
    async fn watch(&self) -> Result<()> {
        let mut looks: VecDeque<Contact> = VecDeque::new();
        let mut complete: Option<Contact> = None;
        let (mut told, mut was_late) = (None, false);
        loop {
            let at = self.clock.now();
            // A server that is away is told of by the receiver; the lag below tells how long.
            if let Ok((position, archived)) = self.look().await {
                looks.push_back(Contact {
                    complete_until: at,
                    position,
                });
                if looks.len() > LOOKS_KEPT {
                    looks.pop_front();
                }
                while let Some(look) = looks.pop_front_if(|look| look.position <= archived) {
                    complete = Some(look);
                }
                if let Some(complete) = complete {
                    complete.write(&self.wal)?;
                }
            }
            let lag = complete.map(|complete| self.clock.now().since(complete.complete_until));
            let is_late = lag.is_none_or(|lag| lag > LATE);
            let now = self.clock.elapsed();
            let due = told.is_none_or(|told| now.saturating_sub(told) >= TELL_EVERY);
            if due || is_late != was_late {
                (told, was_late) = (Some(now), is_late);
                let id = &self.server.id;
                match lag {
                    Some(lag) => println!("server {id}: {:.1} s behind", lag.as_secs_f64()),
                    None => println!("server {id}: nothing received yet"),
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The position of the server, and that up to which the archive has it.
    async fn look(&self) -> Result<(u64, u64)> {
        let mut command = self.tools.command("psql")?;
        self.server.login.of(&mut command, " replication=true");
        command.args(["-XAtw", "-F", " ", "-c", "IDENTIFY_SYSTEM"]);
        command
            .arg("-c")
            .arg(format!("READ_REPLICATION_SLOT {SLOT}"));
        let mut command = Command::from(command);
        command.kill_on_drop(true);
        let output = tokio::time::timeout(WAIT_MAX, command.output()).await;
        let output = output.map_err(|_| line("psql does not answer"))?;
        let output = no_file(Path::new("psql"), output)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let positions: Vec<u64> = text.split_whitespace().filter_map(position).collect();
        match positions.as_slice() {
            [server, archived] => Ok((*server, *archived)),
            _ => Err(refused(format!("the server answered `{}`", text.trim()))),
        }
    }
}

/// A position in PostgreSQL's log, as it writes it: `16/B374D848`.
pub(crate) fn position(text: &str) -> Option<u64> {
    let (high, low) = text.split_once('/')?;
    let [high, low] = [high, low].map(|digits| u64::from_str_radix(digits, 16));
    Some((high.ok()? << 32) | low.ok()?)
}

#[cfg(test)]
mod tests {
    use super::position;

    #[test]
    fn positions_are_read() {
        assert_eq!(position("16/B374D848"), Some(0x16_B374_D848));
        assert_eq!(position("physical"), None);
    }
}
