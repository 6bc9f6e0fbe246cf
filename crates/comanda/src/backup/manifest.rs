//! What a backup says of itself: `manifest.json`, and `SHA256SUMS` over it and over every file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;

use base::{Result, Time};
use ring::digest;
use serde::{Deserialize, Serialize};

use super::target::sync;
use super::{no_file, refused};

const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const SUMS: &str = "SHA256SUMS";
/// Read at a time while a file is hashed.
const CHUNK: usize = 1 << 20;
/// A manifest names some files; whatever is larger is none.
const MANIFEST_MAX: u64 = 16 << 20;

/// What a backup is of.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The SQLite files of a region, all of one moment, without the personal keys.
    Files,
    /// The personal keys in a SQLite file.
    Keys,
    /// Whole PostgreSQL servers.
    Servers,
    /// The PostgreSQL server that has the personal keys.
    KeyServers,
}

/// What a backup says of itself.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    pub(crate) kind: Kind,
    /// The version of the platform that made it.
    pub(crate) version: String,
    pub(crate) region: String,
    pub(crate) at: Time,
    #[serde(default)]
    pub(crate) files: Vec<Entry>,
    #[serde(default)]
    pub(crate) servers: Vec<Server>,
}

/// A SQLite file of a backup.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// What it is: `control`, `people`, `shard NAME`, `keys`.
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    /// The position of its last event.
    pub(crate) head: Option<i64>,
    /// The last migration of each part.
    pub(crate) schemas: BTreeMap<String, i64>,
}

/// A PostgreSQL server of a backup.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    /// The folder within the backup, named after the system identifier.
    pub(crate) folder: String,
    /// The version of PostgreSQL, such as `15`.
    pub(crate) major: u32,
    pub(crate) bytes: u64,
    /// Of PostgreSQL's own manifest, which has one for each file.
    pub(crate) manifest_sha256: String,
    /// Our databases on it, by what they are: the names that they have there.
    pub(crate) databases: BTreeMap<String, String>,
}

impl Manifest {
    /// An empty one, made now by this version.
    pub(crate) fn new(kind: Kind, region: &str, at: Time) -> Self {
        Manifest {
            format: FORMAT,
            kind,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            region: region.to_owned(),
            at,
            files: Vec::new(),
            servers: Vec::new(),
        }
    }

    /// Writes it, and then the sums, which vouch for everything.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| refused(format!("the manifest cannot be written: {error}")))?;
        write(&folder.join(MANIFEST), &format!("{text}\n"))?;
        let sum = |path: &str, sum: &str| format!("{sum}  {path}\n");
        let mut sums = sum(MANIFEST, &hash(&folder.join(MANIFEST), &mut |_| {})?.sha256);
        for entry in &self.files {
            sums += &sum(&entry.file, &entry.sha256);
        }
        for server in &self.servers {
            let path = format!("{}/backup_manifest", server.folder);
            sums += &sum(&path, &server.manifest_sha256);
        }
        write(&folder.join(SUMS), &sums)
    }

    /// Reads the manifest of a whole backup, and refuses one that is not as it was written.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let broken =
            |why: String| refused(format!("{} is no whole backup: {why}", folder.display()));
        let path = folder.join(MANIFEST);
        let size = fs::metadata(&path).map_err(|error| broken(format!("{MANIFEST}: {error}")))?;
        if size.len() > MANIFEST_MAX {
            return Err(broken(format!("{MANIFEST} is too large")));
        }
        let sums = fs::read_to_string(folder.join(SUMS))
            .map_err(|error| broken(format!("{SUMS}: {error}")))?;
        let text = fs::read(&path).map_err(|error| broken(format!("{MANIFEST}: {error}")))?;
        let own = hex(digest::digest(&digest::SHA256, &text).as_ref());
        if sums.lines().next() != Some(&format!("{own}  {MANIFEST}")) {
            return Err(broken(format!("{MANIFEST} is not as it was written")));
        }
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|error| broken(format!("{MANIFEST}: {error}")))?;
        if manifest.format != FORMAT {
            return Err(broken(format!(
                "it has format {}, and this version reads {FORMAT}",
                manifest.format
            )));
        }
        Ok(manifest)
    }
}

/// The size and hash of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hashed {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// Reads a whole file; `read` is told of every piece.
pub(crate) fn hash(path: &Path, read: &mut dyn FnMut(&[u8])) -> Result<Hashed> {
    let mut file = no_file(path, File::open(path))?;
    let mut context = digest::Context::new(&digest::SHA256);
    let mut chunk = vec![0; CHUNK];
    let mut bytes = 0;
    loop {
        let count = no_file(path, file.read(&mut chunk))?;
        let piece = chunk.get(..count).unwrap_or_default();
        if piece.is_empty() {
            break;
        }
        context.update(piece);
        read(piece);
        bytes += count as u64;
    }
    let sha256 = hex(context.finish().as_ref());
    Ok(Hashed { bytes, sha256 })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write(path: &Path, text: &str) -> Result<()> {
    let written = File::create(path).and_then(|mut file| file.write_all(text.as_bytes()));
    no_file(path, written)?;
    sync(path)
}
