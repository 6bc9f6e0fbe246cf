//! `[tls]`: encrypted connections, from certificate files or an authority of our own.

use std::path::PathBuf;

use base::Result;
use serde::Deserialize;

use super::key::{Key, Section};
use super::refused;

pub(crate) const SECTION: Section = Section {
    name: "tls",
    about: "Encrypted connections.",
    keys: &[
        Key::new(
            "mode",
            "\"off\"",
            "`off`; `files`: the certificate below; `local`: an authority of its own, for a network without a domain name.",
        ),
        Key::optional(
            "certificate",
            "\"/etc/comanda/fullchain.pem\"",
            "With `files`: the certificate and its chain. Read again when it changes.",
        ),
        Key::optional(
            "key",
            "\"/etc/comanda/privkey.pem\"",
            "With `files`: the private key. Nobody else may read the file.",
        ),
        Key::new(
            "names",
            "[]",
            "With `local`: more names and addresses of this machine, besides those that it finds itself.",
        ),
    ],
};

/// How connections are encrypted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    pub(crate) mode: Mode,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    pub(crate) names: Vec<String>,
}

/// Where certificates come from.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    Off,
    Files,
    Local,
}

impl Tls {
    /// Refuses certificate files without the mode that reads them, and the mode without files.
    pub(crate) fn check(&self) -> Result<()> {
        let has_files = self.certificate.is_some() && self.key.is_some();
        let has_any = self.certificate.is_some() || self.key.is_some();
        match self.mode {
            Mode::Files if !has_files => Err(refused(
                "`tls.mode = \"files\"` needs both `tls.certificate` and `tls.key`",
            )),
            Mode::Off | Mode::Local if has_any => Err(refused(
                "`tls.certificate` and `tls.key` are read with `tls.mode = \"files\"` only",
            )),
            _ => Ok(()),
        }
    }
}
