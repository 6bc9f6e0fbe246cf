//! `[storage]`: SQLite files in the data folder, or PostgreSQL databases.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base::Result;
use serde::Deserialize;

use super::key::{Key, Section};
use super::{Span, refused};

pub(crate) const SECTION: Section = Section {
    name: "storage",
    about: "SQLite files in the data folder, unless addresses of PostgreSQL databases are given.",
    keys: &[
        Key::new(
            "data",
            "\"comanda-data\"",
            "The folder of everything that this machine keeps, made when it is not there.",
        ),
        Key::new("region", "\"home\"", "The name of this region."),
        Key::optional(
            "control",
            "\"host=db1 dbname=comanda_control\"",
            "The control database on PostgreSQL: directory and numbers of organisations.",
        ),
        Key::optional(
            "people",
            "\"host=db1 dbname=comanda_people\"",
            "The people database on PostgreSQL.",
        ),
        Key::optional(
            "audit",
            "\"host=db1 dbname=comanda_audit\"",
            "The database of the audit log on PostgreSQL.",
        ),
        Key::optional(
            "keys",
            "\"host=db1 dbname=comanda_keys\"",
            "The database of personal keys on PostgreSQL. Back it up apart from the others.",
        ),
        Key::new(
            "shards",
            "{}",
            "The shards on PostgreSQL by name: main = \"host=db2 dbname=comanda_main\".",
        ),
        Key::new(
            "direct",
            "{}",
            "For databases behind PgBouncer: the address past it, by `control`, `people`, `audit`, `keys` or the shard's name.",
        ),
        Key::new(
            "replicas",
            "{}",
            "Replicas that may be read from, by the same names, separated by commas.",
        ),
        Key::new(
            "owner_role",
            "\"comanda_owner\"",
            "The role that migrates: the owner of the tables, or a superuser who becomes it.",
        ),
        Key::optional(
            "app_password_file",
            "\"/etc/comanda/app.password\"",
            "The file with the password of comanda_app.",
        ),
        Key::optional(
            "queue_password_file",
            "\"/etc/comanda/queue.password\"",
            "The file with the password of comanda_queue.",
        ),
        Key::optional(
            "owner_password_file",
            "\"/etc/comanda/owner.password\"",
            "The file with the password of the role that migrates.",
        ),
        Key::new(
            "statements",
            "\"prepared\"",
            "`prepared`, or `unnamed` behind a PgBouncer before 1.21, which does not follow prepared statements.",
        ),
        Key::new("lanes", "2", "Connections of a shard that commit."),
        Key::new("readers", "8", "Connections of a database that read."),
        Key::new("waiting_max", "4096", "Commits that may wait in a lane."),
        Key::new(
            "within",
            "\"5s\"",
            "How long a call may take where nothing else is said.",
        ),
    ],
};

/// Where everything is kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Storage {
    pub(crate) data: PathBuf,
    pub(crate) region: String,
    pub(crate) control: Option<String>,
    pub(crate) people: Option<String>,
    pub(crate) audit: Option<String>,
    pub(crate) keys: Option<String>,
    pub(crate) shards: BTreeMap<String, String>,
    pub(crate) direct: BTreeMap<String, String>,
    pub(crate) replicas: BTreeMap<String, String>,
    pub(crate) owner_role: String,
    pub(crate) app_password_file: Option<PathBuf>,
    pub(crate) queue_password_file: Option<PathBuf>,
    pub(crate) owner_password_file: Option<PathBuf>,
    pub(crate) statements: Statements,
    pub(crate) lanes: usize,
    pub(crate) readers: usize,
    pub(crate) waiting_max: usize,
    pub(crate) within: Span,
}

/// Whether statements are prepared by name.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Statements {
    Prepared,
    Unnamed,
}

impl Storage {
    /// Whether the databases are PostgreSQL's.
    pub(crate) fn is_postgres(&self) -> bool {
        self.control.is_some()
    }

    /// Refuses half a PostgreSQL, passwords where they can be read, and numbers that cannot work.
    pub(crate) fn check(&self) -> Result<()> {
        let given = [&self.control, &self.people, &self.audit, &self.keys];
        let count = given.iter().filter(|address| address.is_some()).count();
        let wants_postgres = count > 0 || !self.shards.is_empty();
        if wants_postgres && (count < given.len() || self.shards.is_empty()) {
            return Err(refused(
                "PostgreSQL needs `storage.control`, `storage.people`, `storage.audit`, `storage.keys` and at least one of `storage.shards`; give all of them or none",
            ));
        }
        let named = [&self.shards, &self.direct, &self.replicas];
        let addresses = named.into_iter().flat_map(BTreeMap::values);
        for address in given.into_iter().flatten().chain(addresses) {
            if address.to_lowercase().contains("password") || address.contains("://") {
                return Err(refused(
                    "an address in `storage` is written as `host=… port=… dbname=…`, without user or password; name a file by `storage.app_password_file` and its sisters",
                ));
            }
        }
        let mut places: Vec<&str> = given.into_iter().flatten().map(String::as_str).collect();
        places.extend(self.shards.values().map(String::as_str));
        places.sort_unstable();
        if let Some([twice, _]) = places.array_windows().find(|[one, two]| one == two) {
            return Err(refused(format!(
                "`{twice}` is named twice in `storage`: each part has a database of its own, which may be on one server"
            )));
        }
        for (name, number, most) in [
            ("lanes", self.lanes, 64),
            ("readers", self.readers, 256),
            ("waiting_max", self.waiting_max, 1 << 20),
        ] {
            if number == 0 || number > most {
                return Err(refused(format!(
                    "`storage.{name}` must be from 1 to {most}"
                )));
            }
        }
        Ok(())
    }
}
