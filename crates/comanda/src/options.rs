//! The command line: what is said to every command, and how it becomes settings.

use std::path::PathBuf;

use base::Result;

use crate::config::{Flag, Line, Settings, refused};

/// What every command takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The folder of everything that this machine keeps [default: comanda-data]
    #[arg(long, global = true, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// The file with settings [default: comanda.toml in the data folder]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Sets one key, as `--set listen.http=127.0.0.1:9000`; may be given many times
    #[arg(long, global = true, value_name = "SECTION.KEY=VALUE")]
    set: Vec<String>,
}

impl Options {
    /// Reads the settings of all layers; `more` are flags that a command has of its own.
    pub(crate) fn settings(&self, more: Vec<Flag>) -> Result<Settings> {
        let line = Line {
            file: self.config.clone(),
            flags: self.flags(more)?,
        };
        Settings::load(&line, environment())
    }

    fn flags(&self, more: Vec<Flag>) -> Result<Vec<Flag>> {
        let mut flags = Vec::new();
        if let Some(data) = &self.data {
            let data = data.to_str();
            let data = data.ok_or_else(|| refused("--data is not in UTF-8"))?;
            flags.push(flag("--data", "storage.data", data));
        }
        for text in &self.set {
            let (key, value) = text
                .split_once('=')
                .ok_or_else(|| refused(format!("--set {text} is not SECTION.KEY=VALUE")))?;
            flags.push(flag("--set", key.trim(), value.trim()));
        }
        flags.extend(more);
        Ok(flags)
    }
}

/// A flag that sets a key.
pub(crate) fn flag(flag: &str, key: &str, value: &str) -> Flag {
    Flag {
        flag: flag.to_owned(),
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

/// The variables of this process that can be read as text.
#[allow(
    clippy::disallowed_methods,
    reason = "this is the door through which configuration enters"
)]
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}
