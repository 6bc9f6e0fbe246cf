//! `[blobs]`: where pictures are kept: in a folder, or in S3-compatible storage.

use std::path::PathBuf;
use std::time::Duration;

use base::{Result, Trail as _};
use fabric::blobs::{Bucket, Place};
use serde::Deserialize;

use super::key::{Key, Section};
use super::{Span, refused};
use crate::secrets::guarded;

pub(crate) const SECTION: Section = Section {
    name: "blobs",
    about: "Where pictures are kept: a folder that all nodes see, unless S3-compatible storage is named.",
    keys: &[
        Key::optional(
            "folder",
            "\"/var/lib/comanda/blobs\"",
            "The folder of blobs; `blobs` in the data folder if not set. Several nodes need one that they share.",
        ),
        Key::optional(
            "endpoint",
            "\"https://s3.example.org\"",
            "The address of S3-compatible storage. Without TLS on this machine alone.",
        ),
        Key::optional(
            "bucket",
            "\"comanda-pictures\"",
            "The bucket there, which must be there already.",
        ),
        Key::new(
            "region",
            "\"us-east-1\"",
            "The region that requests to it are signed for.",
        ),
        Key::optional(
            "access_key_file",
            "\"/etc/comanda/s3.access\"",
            "The file with the access key.",
        ),
        Key::optional(
            "secret_key_file",
            "\"/etc/comanda/s3.secret\"",
            "The file with the secret key.",
        ),
        Key::optional(
            "certificates",
            "\"/etc/ssl/certs/ca-certificates.crt\"",
            "The file of the authorities that the storage's certificate is checked by; those of browsers if not set.",
        ),
        Key::new(
            "within",
            "\"10s\"",
            "How long storing or reading one may take.",
        ),
        Key::new(
            "at_once",
            "32",
            "How many are stored and read at once; others wait for their turn.",
        ),
    ],
};

/// Where pictures are kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Blobs {
    pub(crate) folder: Option<PathBuf>,
    pub(crate) endpoint: Option<String>,
    pub(crate) bucket: Option<String>,
    pub(crate) region: String,
    pub(crate) access_key_file: Option<PathBuf>,
    pub(crate) secret_key_file: Option<PathBuf>,
    pub(crate) certificates: Option<PathBuf>,
    pub(crate) within: Span,
    pub(crate) at_once: usize,
}

impl Blobs {
    /// Refuses half a storage, two places, and numbers that cannot work.
    pub(crate) fn check(&self) -> Result<()> {
        let of_storage = [
            self.endpoint.is_some(),
            self.bucket.is_some(),
            self.access_key_file.is_some(),
            self.secret_key_file.is_some(),
        ];
        let named = of_storage.iter().filter(|named| **named).count();
        if named != 0 && named != of_storage.len() {
            return Err(refused(
                "S3-compatible storage needs `blobs.endpoint`, `blobs.bucket`, `blobs.access_key_file` and `blobs.secret_key_file`; give all of them or none",
            ));
        }
        if named != 0 && self.folder.is_some() {
            return Err(refused(
                "`blobs.folder` and `blobs.endpoint` are two places; give one",
            ));
        }
        if !(1..=1_024).contains(&self.at_once) {
            return Err(refused("`blobs.at_once` must be from 1 to 1024"));
        }
        if self.within.0 < Duration::from_millis(100) {
            return Err(refused("`blobs.within` must be at least 100ms"));
        }
        Ok(())
    }

    /// The folder of blobs, where they are in one.
    pub(crate) fn in_folder(&self, data: &std::path::Path) -> Option<PathBuf> {
        match &self.endpoint {
            Some(_) => None,
            None => Some(self.folder.clone().unwrap_or_else(|| data.join("blobs"))),
        }
    }

    /// The place, with the keys from their files.
    pub(crate) fn place(&self, data: &std::path::Path) -> Result<Place> {
        if let Some(folder) = self.in_folder(data) {
            return Ok(Place::Folder(folder));
        }
        let key = |file: &Option<PathBuf>| -> Result<String> {
            let file = file
                .as_deref()
                .ok_or_else(|| refused("a key of the storage of blobs has no file"))?;
            let text = guarded::read(file).context("reading a key of the storage of blobs")?;
            Ok(text.trim_end().to_owned())
        };
        Ok(Place::Bucket(Bucket {
            endpoint: self.endpoint.clone().unwrap_or_default(),
            name: self.bucket.clone().unwrap_or_default(),
            region: self.region.clone(),
            access_key: key(&self.access_key_file)?,
            secret_key: key(&self.secret_key_file)?,
            certificates: self.certificates.clone(),
        }))
    }

    /// How long and how many at once.
    pub(crate) fn settings(&self) -> fabric::blobs::Settings {
        fabric::blobs::Settings {
            within: self.within.0,
            at_once: self.at_once,
            ..fabric::blobs::Settings::default()
        }
    }
}
