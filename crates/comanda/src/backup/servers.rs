//! A backup of whole PostgreSQL servers, by PostgreSQL's own means.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use base::{Clock, Result, Trail};

use super::manifest::{Kind, Manifest, Server, hash};
use super::target::{Target, private, sync};
use super::tools::{self, Tools};
use super::{line, no_file, refused};
use crate::config::Settings;
use crate::progress::{Progress, human};
use crate::secrets::guarded;

/// PostgreSQL's list of the files of a backup, with their sums.
pub(crate) const FILES: &str = "backup_manifest";

/// Which databases are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// All but that of the personal keys.
    Data,
    /// That of the personal keys.
    Keys,
}

/// A server that some of our databases are on.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The number by which a server is told from any other.
    pub(crate) id: String,
    /// Our databases on it.
    pub(crate) databases: BTreeMap<String, String>,
    pub(crate) login: Login,
}

/// How a server is reached by those who copy it.
#[derive(Clone)]
pub(crate) struct Login {
    address: String,
    password: Option<String>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.address)
    }
}

impl Login {
    /// Makes a program of PostgreSQL use it. The password is not in the arguments, which everybody can see.
    pub(crate) fn of(&self, command: &mut Command, more: &str) {
        command.arg("-d").arg(format!("{}{more}", self.address));
        if let Some(password) = &self.password {
            command.env("PGPASSWORD", password);
        }
    }
}

/// Backs up each server once, however many databases it has.
pub(crate) fn make(
    settings: &Settings,
    which: Which,
    (to, keep): (&Path, usize),
    progress: &Progress,
) -> Result<()> {
    let (tools, clock) = (Tools::newest(), Clock::real());
    let found = find(settings, which, &tools)?;
    if which == Which::Data {
        warn_of_keys(&found, settings.storage.keys.as_deref());
    }
    let target = Target::open(to, &[&settings.storage.data])?;
    let partial = target.begin(clock.now())?;
    let kind = match which {
        Which::Data => Kind::Servers,
        Which::Keys => Kind::KeyServers,
    };
    let mut manifest = Manifest::new(kind, &settings.storage.region, clock.now());
    for server in found.iter().filter(|found| !found.databases.is_empty()) {
        let copied = copy(server, &tools, partial.folder(), progress);
        manifest
            .servers
            .push(copied.context(format!("backing up server {}", server.id))?);
    }
    manifest.write(partial.folder())?;
    let folder = partial.finish()?;
    let pruned = target.prune(kind, keep)?;
    println!("{} is whole and checked", folder.display());
    for server in &manifest.servers {
        let names: Vec<&str> = server.databases.keys().map(String::as_str).collect();
        println!(
            "  server {}: PostgreSQL {}, {}, with {}",
            server.folder,
            server.major,
            human(server.bytes),
            names.join(", ")
        );
    }
    println!("  {pruned} older removed");
    Ok(())
}

/// The servers of all databases, each once.
pub(crate) fn find(settings: &Settings, which: Which, tools: &Tools) -> Result<Vec<Found>> {
    let storage = &settings.storage;
    let password = settings.backup.password_file.as_deref();
    let password = password.map(guarded::read).transpose()?;
    let password = password.map(|text| text.trim_end_matches(['\r', '\n']).to_owned());
    let named = |name: &str, address: &Option<String>| Some((name.to_owned(), address.clone()?));
    let fixed = match which {
        Which::Data => vec![
            named("control", &storage.control),
            named("people", &storage.people),
            named("audit", &storage.audit),
        ],
        Which::Keys => vec![named("keys", &storage.keys)],
    };
    let shards = storage.shards.iter().filter(|_| which == Which::Data);
    let shards = shards.map(|(name, address)| (format!("shard {name}"), address.clone()));
    let mut found: Vec<Found> = Vec::new();
    for (name, address) in fixed.into_iter().flatten().chain(shards) {
        let key = name.strip_prefix("shard ").unwrap_or(&name);
        let address = storage.direct.get(key).unwrap_or(&address);
        let login = Login {
            address: format!("{address} user={}", settings.backup.role),
            password: password.clone(),
        };
        let id = identify(&login, tools).context(format!("asking for {name}"))?;
        let database = word(address, "dbname").unwrap_or_default();
        match found.iter_mut().find(|known| known.id == id) {
            Some(known) => {
                known.databases.insert(name, database);
            }
            None => found.push(Found {
                id,
                databases: BTreeMap::from([(name, database)]),
                login,
            }),
        }
    }
    if found.is_empty() {
        return Err(line("no database of the settings is on PostgreSQL"));
    }
    Ok(found)
}

/// The number of a server.
fn identify(login: &Login, tools: &Tools) -> Result<String> {
    let mut psql = tools.command("psql")?;
    login.of(&mut psql, " replication=true");
    psql.args(["-XAtw", "-F", " ", "-c", "IDENTIFY_SYSTEM"]);
    let said = tools::said(psql, "psql")?;
    let id = said.split_whitespace().next();
    let id = id.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
    id.map(str::to_owned)
        .ok_or_else(|| refused(format!("the server answered `{}`", said.trim())))
}

fn copy(found: &Found, tools: &Tools, into: &Path, progress: &Progress) -> Result<Server> {
    let folder = into.join(&found.id);
    let mut command = tools.command("pg_basebackup")?;
    found.login.of(&mut command, "");
    command.arg("-D").arg(&folder).args([
        "--no-password",
        "--checkpoint=fast",
        "--wal-method=stream",
        "--manifest-checksums=SHA256",
        "--progress",
        "--label=comanda",
    ]);
    let step = progress.counted(format!("server {}", found.id), 100);
    tools::said_with_percents(command, "pg_basebackup", &step)?;
    drop(step);
    private(&folder)?;
    check(&folder, tools)?;
    let manifest = hash(&folder.join(FILES), &mut |_| {})?;
    sync(&folder)?;
    Ok(Server {
        folder: found.id.clone(),
        major: major(&folder)?,
        bytes: size(&folder)?,
        manifest_sha256: manifest.sha256,
        databases: found.databases.clone(),
    })
}

/// Has PostgreSQL compare each file with its sum, and read the log that belongs to it.
pub(crate) fn check(folder: &Path, tools: &Tools) -> Result<()> {
    let mut command = tools.command("pg_verifybackup")?;
    command.arg("--exit-on-error").arg(folder);
    tools::said(command, "pg_verifybackup")
        .map(|_| ())
        .map_err(|error| refused(error.message().to_owned()).caused_by(error))
}

/// The version of a server by its files.
fn major(folder: &Path) -> Result<u32> {
    let path = folder.join("PG_VERSION");
    let text = no_file(&path, std::fs::read_to_string(&path))?;
    let number = text.trim().parse();
    number.map_err(|_| refused(format!("{} names no version", path.display())))
}

fn size(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in no_file(folder, std::fs::read_dir(folder))? {
        let entry = no_file(folder, entry)?;
        let kind = no_file(folder, entry.file_type())?;
        bytes += if kind.is_dir() {
            size(&entry.path())?
        } else {
            no_file(folder, entry.metadata())?.len()
        };
    }
    Ok(bytes)
}

/// A backup that has data and keys together erases nobody before it goes itself.
fn warn_of_keys(found: &[Found], keys: Option<&str>) {
    let place = |address: &str| (word(address, "host"), word(address, "port"));
    let beside = keys.is_some_and(|keys| {
        let of_keys = place(keys);
        found
            .iter()
            .any(|found| place(&found.login.address) == of_keys)
    });
    if beside {
        eprintln!(
            "the personal keys are on a server that is backed up with the data: an erased person can be read from this \
             backup until it is removed; give the keys a server of their own (docs/backup.md)"
        );
    }
}

/// One word of an address.
fn word(address: &str, name: &str) -> Option<String> {
    let words = address.split_whitespace();
    let mut pairs = words.filter_map(|word| word.split_once('='));
    let (_, value) = pairs.rfind(|(key, _)| *key == name)?;
    Some(value.trim_matches('\'').to_owned())
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn words_of_an_address_are_found() {
        let address = "host=db1 port=5433 dbname='comanda_main' user=a";
        assert_eq!(word(address, "dbname").as_deref(), Some("comanda_main"));
        assert_eq!(word(address, "port").as_deref(), Some("5433"));
        assert_eq!(word(address, "hostaddr"), None);
    }
}
