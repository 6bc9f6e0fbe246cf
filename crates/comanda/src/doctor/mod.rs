//! `comanda doctor`.

use base::Result;

use crate::config::Settings;
use crate::ended::Ended;

pub(crate) const ABOUT: &str = "";

/// What `comanda doctor` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) fn run(_settings: &Settings, _args: &Args) -> Result<Ended> {
    Ok(Ended::Well)
}
