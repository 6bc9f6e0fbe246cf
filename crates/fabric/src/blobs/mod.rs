//! Blobs: bytes too large for rows, each kept under the hash of what it holds, in a folder or in S3-compatible storage.
//!
//! A name is a space, whose letters cannot lead anywhere, and a SHA-256; so putting twice is putting once, and what
//! is read is held against its name. Blobs are no truth of their own: a row says which of them there are, and is
//! committed after they are stored. Every call has a deadline, every blob a size, and few are under way at once.

mod folder;
mod name;
mod s3;
mod wire;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Error, Random, Result, codes};
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use folder::Folder;
pub use name::{BlobId, Space, SpaceError};
pub use s3::Bucket;
use s3::Storage;

/// Where blobs are kept.
#[derive(Clone, Debug)]
pub enum Place {
    /// A folder of this machine, or one that all nodes share.
    Folder(PathBuf),
    /// A bucket of S3-compatible storage.
    Bucket(Bucket),
}

/// How large, how long and how many at once.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How large a blob may be.
    pub bytes_max: usize,
    /// How long a call may take, the wait for its turn included.
    pub within: Duration,
    /// How many calls may be under way.
    pub at_once: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            bytes_max: 16 << 20,
            within: Duration::from_secs(10),
            at_once: 32,
        }
    }
}

/// All blobs of a region. Clones are the same.
#[derive(Clone)]
pub struct Blobs(Arc<Inner>);

struct Inner {
    engine: Engine,
    settings: Settings,
    turns: Arc<Semaphore>,
}

enum Engine {
    Folder(Arc<Folder>),
    Bucket(Box<Storage>),
}

impl Blobs {
    /// Opens the place; a folder is made when it is not there. Storage is not asked yet.
    ///
    /// # Errors
    /// The folder cannot be made, or the address or the certificates of the storage cannot be used.
    pub fn open(place: Place, settings: Settings, clock: &Clock, random: &Random) -> Result<Self> {
        let engine = match place {
            Place::Folder(root) => Engine::Folder(Arc::new(Folder::open(root, clock, random)?)),
            Place::Bucket(bucket) => Engine::Bucket(Box::new(Storage::open(&bucket, clock)?)),
        };
        Ok(Blobs(Arc::new(Inner {
            engine,
            settings,
            turns: Arc::new(Semaphore::new(settings.at_once)),
        })))
    }

    /// Keeps these bytes, and answers once they are durable. Keeping them twice is keeping them once.
    ///
    /// # Errors
    /// They are too many, the disk is full, or the place cannot be reached in time; then nothing half is left.
    pub async fn put(&self, space: &Space, bytes: Bytes) -> Result<BlobId> {
        if bytes.len() > self.0.settings.bytes_max {
            let most = self.0.settings.bytes_max;
            let said = format!("a blob has at most {most} bytes");
            return Err(Error::invalid(codes::BODY_TOO_LARGE, said));
        }
        let id = BlobId::of(&bytes);
        let key = (space.clone(), id);
        self.within("put", async |turn| match &self.0.engine {
            Engine::Folder(folder) => {
                let folder = Arc::clone(folder);
                blocking(turn, move || folder.put(&key, &bytes)).await
            }
            Engine::Bucket(storage) => storage.put(&key, bytes).await,
        })
        .await?;
        Ok(id)
    }

    /// The bytes of this name; nothing where there are none.
    ///
    /// # Errors
    /// They are not those of the name, or the place cannot be reached in time.
    pub async fn get(&self, space: &Space, id: BlobId) -> Result<Option<Bytes>> {
        let (key, most) = ((space.clone(), id), self.0.settings.bytes_max);
        let got = self.within("get", async |turn| match &self.0.engine {
            Engine::Folder(folder) => {
                let folder = Arc::clone(folder);
                blocking(turn, move || folder.get(&key, most)).await
            }
            Engine::Bucket(storage) => storage.get(&key, most).await,
        });
        let Some(bytes) = got.await? else {
            return Ok(None);
        };
        if BlobId::of(&bytes) != id {
            let said = format!("the blob {id} of {space} does not hold what it held");
            return Err(Error::internal(codes::DAMAGED, said));
        }
        Ok(Some(bytes))
    }

    /// Whether there is such a blob.
    ///
    /// # Errors
    /// The place cannot be reached in time.
    pub async fn exists(&self, space: &Space, id: BlobId) -> Result<bool> {
        let key = (space.clone(), id);
        self.within("exists", async |turn| match &self.0.engine {
            Engine::Folder(folder) => {
                let folder = Arc::clone(folder);
                blocking(turn, move || folder.exists(&key)).await
            }
            Engine::Bucket(storage) => storage.exists(&key).await,
        })
        .await
    }

    /// Removes a blob; one that is not there is removed already.
    ///
    /// # Errors
    /// The place cannot be reached in time.
    pub async fn delete(&self, space: &Space, id: BlobId) -> Result<()> {
        let key = (space.clone(), id);
        self.within("delete", async |turn| match &self.0.engine {
            Engine::Folder(folder) => {
                let folder = Arc::clone(folder);
                blocking(turn, move || folder.delete(&key)).await
            }
            Engine::Bucket(storage) => storage.delete(&key).await,
        })
        .await
    }

    /// Takes a turn and does the call, both until the deadline.
    async fn within<T>(
        &self,
        call: &'static str,
        work: impl AsyncFnOnce(OwnedSemaphorePermit) -> Result<T>,
    ) -> Result<T> {
        let done = tokio::time::timeout(self.0.settings.within, async {
            let turn = Arc::clone(&self.0.turns).acquire_owned().await;
            let turn = turn.map_err(|error| away("no turn for a blob").caused_by(error))?;
            work(turn).await
        });
        let done = done
            .await
            .unwrap_or_else(|_| Err(away("the place of blobs does not answer in time")));
        let how = if done.is_ok() { "well" } else { "failed" };
        metrics::counter!("blobs_total", "call" => call, "how" => how).increment(1);
        done
    }
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let engine = match &self.0.engine {
            Engine::Folder(_) => "folder",
            Engine::Bucket(_) => "bucket",
        };
        f.debug_tuple("Blobs").field(&engine).finish()
    }
}

/// Does what waits for a disk where waiting harms nobody. The turn is held until it is done, not until it is given up.
async fn blocking<T: Send + 'static>(
    turn: OwnedSemaphorePermit,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let work = move || {
        let done = work();
        drop(turn);
        done
    };
    let joined = tokio::task::spawn_blocking(work).await;
    joined.unwrap_or_else(|error| {
        let said = "work on a blob ended in a panic";
        Err(Error::internal(codes::INTERNAL, said).caused_by(error))
    })
}

/// The place of blobs is out of reach, for now.
#[track_caller]
fn away(said: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::unavailable(codes::UNAVAILABLE, said).retry_after(Duration::from_secs(1))
}
