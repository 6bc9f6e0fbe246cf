//! Where the databases are, as the command line says it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use base::{Error, Result, codes};
use clap::Args;
use store::{Place, Settings, postgres};

/// SQLite files in one folder, unless addresses of PostgreSQL databases are given.
#[derive(Debug, Args)]
pub(crate) struct Places {
    /// The folder of the SQLite files, made if it is not there
    #[arg(long, default_value = "comanda-data")]
    data: PathBuf,
    /// The name of this region
    #[arg(long, default_value = "home")]
    region: String,
    /// Address of the control database on PostgreSQL, as `host=… port=… dbname=…`
    #[arg(long, requires = "people", requires = "shard")]
    control: Option<String>,
    /// Address of the people database on PostgreSQL
    #[arg(long, requires = "control")]
    people: Option<String>,
    /// A shard on PostgreSQL, as `NAME=ADDRESS`; once for each
    #[arg(long, requires = "control", value_name = "NAME=ADDRESS")]
    shard: Vec<String>,
    /// The role that migrates: the owner of the tables, or a superuser who becomes it
    #[arg(long, default_value = "comanda_owner")]
    owner: String,
}

impl Places {
    /// The settings of the store for these places. Makes the folder if it is needed.
    pub(crate) fn settings(&self) -> Result<Settings> {
        let settings = |control, people, shards, directory_copy| Settings {
            region: self.region.clone(),
            control,
            people,
            shards,
            directory_copy,
            within: Duration::from_secs(5),
        };
        if let (Some(control), Some(people)) = (&self.control, &self.people) {
            let shards: Result<BTreeMap<_, _>> =
                self.shard.iter().map(|shard| self.shard(shard)).collect();
            return Ok(settings(
                self.postgres(control),
                self.postgres(people),
                shards?,
                None,
            ));
        }
        std::fs::create_dir_all(&self.data).map_err(|error| {
            let text = format!("{} cannot be made: {error}", self.data.display());
            Error::invalid(codes::LINE_MALFORMED, text)
        })?;
        let file = |name: &str| Place::File(self.data.join(name));
        let shards = BTreeMap::from([("main".to_owned(), file("main.db"))]);
        Ok(settings(
            file("control.db"),
            file("people.db"),
            shards,
            Some(self.data.join("directory.json")),
        ))
    }

    fn shard(&self, text: &str) -> Result<(String, Place)> {
        let (name, address) = text
            .split_once('=')
            .filter(|(name, address)| !name.is_empty() && address.contains('='))
            .ok_or_else(|| {
                Error::invalid(
                    codes::LINE_MALFORMED,
                    format!("`{text}` is not NAME=ADDRESS"),
                )
            })?;
        Ok((name.to_owned(), self.postgres(address)))
    }

    fn postgres(&self, address: &str) -> Place {
        let owner = format!("{address} user={}", self.owner);
        Place::Postgres(Box::new(postgres::Settings {
            owner,
            ..postgres::Settings::at(address)
        }))
    }
}
