//! `[backup]`: how backups are made.

use std::path::PathBuf;
use std::time::Duration;

use base::Result;
use serde::Deserialize;

use super::key::{Key, Section};
use super::{Span, refused};

pub(crate) const SECTION: Section = Section {
    name: "backup",
    about: "How backups are made.",
    keys: &[
        Key::optional(
            "to",
            "\"/var/backups/comanda\"",
            "The folder into which `serve` itself backs up SQLite files now and then. Best on another disk.",
        ),
        Key::new("every", "\"24h\"", "How often `serve` does so."),
        Key::new(
            "keep",
            "7",
            "Backups that are kept; older ones go once a new one was made and checked.",
        ),
        Key::optional(
            "keys_to",
            "\"/var/backups/comanda-keys\"",
            "The folder for backups of the personal keys, made right after those of the data. Apart from `to`.",
        ),
        Key::new(
            "keys_keep",
            "1",
            "Backups of the personal keys that are kept: an erased person is erased once the last one from before is gone.",
        ),
        Key::new(
            "role",
            "\"comanda_backup\"",
            "The role with REPLICATION that backs up PostgreSQL servers.",
        ),
        Key::optional(
            "password_file",
            "\"/etc/comanda/backup.password\"",
            "The file with the password of that role.",
        ),
    ],
};

/// How backups are made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Backup {
    pub(crate) to: Option<PathBuf>,
    pub(crate) every: Span,
    pub(crate) keep: usize,
    pub(crate) keys_to: Option<PathBuf>,
    pub(crate) keys_keep: usize,
    pub(crate) role: String,
    pub(crate) password_file: Option<PathBuf>,
}

impl Backup {
    /// Refuses what would keep nothing, never rest, or mix keys with what they open.
    pub(crate) fn check(&self) -> Result<()> {
        if self.keep == 0 || self.keys_keep == 0 {
            return Err(refused(
                "`backup.keep` and `backup.keys_keep` must be at least 1",
            ));
        }
        if self.every.0 < Duration::from_secs(1) {
            return Err(refused("`backup.every` must be at least 1s"));
        }
        if self.to.is_some() && self.to == self.keys_to {
            return Err(refused(
                "`backup.keys_to` must be another folder than `backup.to`: a backup beside its keys erases nobody",
            ));
        }
        Ok(())
    }
}
