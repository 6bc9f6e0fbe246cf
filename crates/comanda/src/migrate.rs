//! `comanda migrate`.

use base::{Clock, Random, Result, Trail};
use store::{Db, Parts};

use crate::places::Places;

/// Opens all databases and brings each to the schema of this version.
pub(crate) fn run(places: &Places) -> Result<()> {
    let settings = places.settings()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime
        .map_err(|error| base::Error::unavailable(base::codes::UNAVAILABLE, error.to_string()))?;
    runtime.block_on(async {
        let db = Db::open(&settings, &Clock::real(), &Random::real())
            .context("opening the databases")?;
        db.migrate(&Parts::default()).await.context("migrating")?;
        println!(
            "control, people and {} shard(s) are at the schema of this version",
            db.shards().len()
        );
        Ok(())
    })
}
