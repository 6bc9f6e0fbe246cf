//! A menu as it is kept: its JSON, packed, beside the hash of that JSON.
//!
//! A menu of 100,000 items is tens of megabytes, so packing and unpacking happen beside the tasks that answer.

use std::io::Read as _;

use base::{Error, Result, codes};
use carte::Menu;
use ring::digest::{SHA256, digest};

/// How hard it is packed: what is written once and read often deserves some work.
const LEVEL: i32 = 6;
/// The most that a menu may be when it is unpacked.
const SIZE_MAX: i64 = 512 << 20;

/// A menu, packed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Packed {
    /// The SHA-256 of its JSON: two menus that say the same have the same.
    pub(crate) hash: [u8; 32],
    /// Its JSON under zstd.
    pub(crate) bytes: Vec<u8>,
    /// How long its JSON is.
    pub(crate) size: i64,
    /// How many items it has.
    pub(crate) items: i64,
    /// The code of what its prices are in.
    pub(crate) currency: String,
}

/// Packs a menu.
pub(crate) async fn pack(menu: Menu) -> Result<(Menu, Packed)> {
    aside(move || {
        let json = serde_json::to_vec(&menu).map_err(|error| unreadable().caused_by(error))?;
        let bytes =
            zstd::bulk::compress(&json, LEVEL).map_err(|error| unreadable().caused_by(error))?;
        let packed = Packed {
            hash: hash(&json),
            bytes,
            size: i64::try_from(json.len()).unwrap_or(i64::MAX),
            items: i64::try_from(menu.items.len()).unwrap_or(i64::MAX),
            currency: menu.currency.code().to_owned(),
        };
        match packed.size <= SIZE_MAX {
            true => Ok((menu, packed)),
            false => Err(Error::invalid(
                codes::FIELD_INVALID,
                "the menu is larger than a menu may be",
            )),
        }
    })
    .await
}

/// Unpacks a menu, and proves that it is the one that was packed.
pub(crate) async fn unpack(packed: Packed) -> Result<Menu> {
    aside(move || {
        if !(0..=SIZE_MAX).contains(&packed.size) {
            return Err(unreadable());
        }
        let size = u64::try_from(packed.size).unwrap_or_default();
        let reader = zstd::stream::read::Decoder::new(packed.bytes.as_slice());
        let reader = reader.map_err(|error| unreadable().caused_by(error))?;
        let mut json = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        reader
            .take(size.saturating_add(1))
            .read_to_end(&mut json)
            .map_err(|error| unreadable().caused_by(error))?;
        if hash(&json) != packed.hash {
            return Err(unreadable());
        }
        serde_json::from_slice(&json).map_err(|error| unreadable().caused_by(error))
    })
    .await
}

/// Does work that takes long beside the tasks that answer.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        Err(
            Error::internal(codes::INTERNAL, "the work on a menu did not end well")
                .caused_by(error),
        )
    })
}

fn hash(json: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, json).as_ref());
    hash
}

#[track_caller]
fn unreadable() -> Error {
    Error::internal(codes::DAMAGED, "a stored menu cannot be read")
}
