//! The settings: defaults, then the file, then the environment, then the command line.
//!
//! Each concern has a file here with a table of its keys and the type that they are read into. The tables are the
//! only list of keys: defaults, help, hints and what `comanda config` shows come from them.

pub(crate) mod backup;
pub(crate) mod blobs;
pub(crate) mod edge;
pub(crate) mod key;
mod layers;
pub(crate) mod limits;
pub(crate) mod listen;
pub(crate) mod log;
mod nearest;
pub(crate) mod payments;
pub(crate) mod retention;
pub(crate) mod show;
pub(crate) mod sign_in;
pub(crate) mod storage;
pub(crate) mod telemetry;
#[cfg(test)]
mod tests;
pub(crate) mod tls;
pub(crate) mod values;

use std::path::{Path, PathBuf};

use base::{Error, Result, codes};
use serde::de::DeserializeOwned;

use key::Section;
use layers::Layers;

pub(crate) use values::{Size, Span};

/// All sections, in the order in which they are shown.
const SECTIONS: [Section; 12] = [
    listen::SECTION,
    storage::SECTION,
    blobs::SECTION,
    tls::SECTION,
    edge::SECTION,
    sign_in::SECTION,
    payments::SECTION,
    limits::SECTION,
    retention::SECTION,
    backup::SECTION,
    log::SECTION,
    telemetry::SECTION,
];

/// The file that is read from the data folder when no other is named.
pub(crate) const FILE: &str = "comanda.toml";

/// What is in force, and where each value came from.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) listen: listen::Listen,
    pub(crate) storage: storage::Storage,
    pub(crate) blobs: blobs::Blobs,
    pub(crate) tls: tls::Tls,
    pub(crate) edge: edge::Edge,
    pub(crate) sign_in: sign_in::SignIn,
    pub(crate) payments: payments::Payments,
    pub(crate) limits: limits::Limits,
    pub(crate) retention: retention::Retention,
    pub(crate) backup: backup::Backup,
    pub(crate) log: log::Log,
    pub(crate) telemetry: telemetry::Telemetry,
    layers: Layers,
}

/// What the command line says about settings.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// The file named by `--config`.
    pub(crate) file: Option<PathBuf>,
    /// Keys with values, each with the flag that it came from.
    pub(crate) flags: Vec<Flag>,
}

/// A flag that sets a key.
#[derive(Debug)]
pub(crate) struct Flag {
    /// How the person wrote it, such as `--listen`.
    pub(crate) flag: String,
    /// The key with its section, such as `listen.http`.
    pub(crate) key: String,
    /// The value as text.
    pub(crate) value: String,
}

impl Settings {
    /// Reads all layers. `environment` are the variables of the process.
    pub(crate) fn load(
        line: &Line,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        let mut above = Layers::default();
        above.environment(environment)?;
        for flag in &line.flags {
            above.flag(flag)?;
        }
        let mut layers = Layers::defaults()?;
        match &line.file {
            Some(path) => layers.file(path, &text(path)?)?,
            None => layers.data_file(&above)?,
        }
        layers.put_on_top(above);
        Self::read(layers)
    }

    /// The settings of a process to which nothing was said; for tests.
    #[cfg(test)]
    pub(crate) fn defaults() -> Result<Self> {
        Self::read(Layers::defaults()?)
    }

    fn read(layers: Layers) -> Result<Self> {
        let settings = Self {
            listen: section(&layers, &listen::SECTION)?,
            storage: section(&layers, &storage::SECTION)?,
            blobs: section(&layers, &blobs::SECTION)?,
            tls: section(&layers, &tls::SECTION)?,
            edge: section(&layers, &edge::SECTION)?,
            sign_in: section(&layers, &sign_in::SECTION)?,
            payments: section(&layers, &payments::SECTION)?,
            limits: section(&layers, &limits::SECTION)?,
            retention: section(&layers, &retention::SECTION)?,
            backup: section(&layers, &backup::SECTION)?,
            log: section(&layers, &log::SECTION)?,
            telemetry: section(&layers, &telemetry::SECTION)?,
            layers,
        };
        settings.listen.check()?;
        settings.storage.check()?;
        settings.blobs.check()?;
        settings.tls.check()?;
        settings.edge.check()?;
        settings.sign_in.check()?;
        settings.payments.check()?;
        settings.limits.check()?;
        settings.backup.check()?;
        settings.telemetry.check()?;
        Ok(settings)
    }
}

fn section<T: DeserializeOwned>(layers: &Layers, section: &Section) -> Result<T> {
    let table = layers.table(section, |_| true);
    table
        .try_into()
        .map_err(|error| layers.blame::<T>(section, &error.to_string()))
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .map_err(|error| refused(format!("{} cannot be read: {error}", path.display())))
}

/// A setting that cannot be used. The command ends with the exit code for it.
#[track_caller]
pub(crate) fn refused(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::invalid(codes::LINE_MALFORMED, message)
}
