//! `comanda migrate`.

use std::time::Duration;

use base::{Clock, Random, Result, Trail as _};
use indicatif::{ProgressBar, ProgressStyle};
use store::Db;

use crate::config::Settings;
use crate::databases;

pub(crate) const ABOUT: &str = "\
Brings every database to the schema of this version: control, people, audit, keys and all shards. Each step is stored
together with the note that it was done, so an interrupted run goes on where it ended, and a second one changes
nothing. On SQLite `comanda serve` does this by itself; on PostgreSQL it must be said, here or by
`comanda serve --migrate`, because it needs the role that owns the tables.

  comanda migrate                             SQLite files in ./comanda-data
  comanda migrate --config /etc/comanda.toml  what the file names
  comanda migrate --set storage.owner_role=postgres      as a superuser, the first time: it makes the roles";

/// What `comanda migrate` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Opens all databases and brings each to the schema of this version.
pub(crate) fn run(settings: &Settings, _args: &Args) -> Result<()> {
    let places = databases::places(settings)?;
    let _lock = databases::lock(settings)?;
    crate::serve::runtime()?.block_on(async {
        let db =
            Db::open(&places, &Clock::real(), &Random::real()).context("opening the databases")?;
        all(&db).await?;
        println!(
            "control, people, audit, keys and {} shard(s) are at the schema of this version",
            db.shards().len()
        );
        Ok(())
    })
}

/// Migrates everything.
pub(crate) async fn all(db: &Db) -> Result<()> {
    shown(db.migrate(&databases::parts())).await
}

/// Migrates what is not as this version left it.
pub(crate) async fn catch_up(db: &Db) -> Result<()> {
    shown(db.catch_up(&databases::parts())).await
}

/// With a sign of life: a large table may take minutes.
async fn shown(migrating: impl Future<Output = store::Outcome<()>>) -> Result<()> {
    let bar = ProgressBar::new_spinner().with_message("migrating the databases");
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    let done = migrating.await;
    bar.finish_and_clear();
    done.context("migrating the databases")
}
