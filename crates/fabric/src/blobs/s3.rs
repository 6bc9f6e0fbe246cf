//! Blobs in S3-compatible storage: the bucket in the path, requests signed by SigV4 in the query, good for a minute.
//!
//! What is put and removed may be sent again, for a name always means the same bytes; so faults of a moment are tried
//! over within the deadline of the call.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use base::{Clock, Error, Result, codes};
use bytes::Bytes;
use calls::Loopback;
use http::{Method, Request, StatusCode, Uri, header};
use jiff::Timestamp;
use rusty_s3::{Credentials, S3Action, UrlStyle};

use super::away;
use super::name::{BlobId, Space};
use super::wire::Wire;

/// For how long a signed address is good. Clocks may differ, but not by much.
const GOOD_FOR: Duration = Duration::from_secs(60);
/// The waits before the second and the third try.
const WAITS: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];
/// How much of an answer that says only how it went is read.
const SAID_BYTES_MAX: usize = 64 * 1024;

/// A bucket, and who may use it.
#[derive(Clone)]
pub struct Bucket {
    /// The address of the storage: `https://s3.example.org`.
    pub endpoint: String,
    /// What the bucket is called.
    pub name: String,
    /// The region that requests are signed for.
    pub region: String,
    /// The key that names us.
    pub access_key: String,
    /// The key that requests are signed with.
    pub secret_key: String,
    /// The file with the authorities that vouch for the storage, where the usual ones do not.
    pub certificates: Option<PathBuf>,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("endpoint", &self.endpoint)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A blob in its space.
type Key = (Space, BlobId);

/// The storage at work.
pub(super) struct Storage {
    bucket: rusty_s3::Bucket,
    credentials: Credentials,
    wire: Wire,
    clock: Clock,
}

impl Storage {
    /// Reads address and certificates; the storage is not asked yet.
    pub(super) fn open(place: &Bucket, clock: &Clock) -> Result<Self> {
        let endpoint = place.endpoint.parse().map_err(|error| {
            refused("the address of the storage of blobs is none").caused_by(error)
        })?;
        let name_fits =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        if place.name.len() < 3 || place.name.len() > 63 || !place.name.bytes().all(name_fits) {
            return Err(refused(
                "a bucket is called by 3 to 63 small letters, digits, hyphens and dots",
            ));
        }
        let (name, region) = (place.name.clone(), place.region.clone());
        let bucket = rusty_s3::Bucket::new(endpoint, UrlStyle::Path, name, region);
        let bucket = bucket
            .map_err(|error| refused(format!("the address of the storage of blobs: {error:?}")))?;
        let host = bucket.base_url().host_str().unwrap_or_default();
        let is_plain = bucket.base_url().scheme() == "http";
        if is_plain && !calls::is_loopback(host) {
            return Err(refused(
                "the storage of blobs is spoken to under TLS, but on this machine",
            ));
        }
        let loopback = if is_plain {
            Loopback::Plain
        } else {
            Loopback::Tls
        };
        Ok(Storage {
            wire: Wire::new(place.certificates.as_deref(), loopback)?,
            credentials: Credentials::new(place.access_key.clone(), place.secret_key.clone()),
            bucket,
            clock: clock.clone(),
        })
    }

    pub(super) async fn put(&self, key: &Key, bytes: Bytes) -> Result<()> {
        let object = object(key);
        let signed = || self.sign(self.bucket.put_object(Some(&self.credentials), &object));
        let (status, _) = self
            .ask(Method::PUT, signed, (bytes, SAID_BYTES_MAX))
            .await?;
        match status {
            StatusCode::OK | StatusCode::CREATED | StatusCode::NO_CONTENT => Ok(()),
            StatusCode::INSUFFICIENT_STORAGE => Err(away("the storage of blobs is full")),
            status => Err(unexpected(status)),
        }
    }

    pub(super) async fn get(&self, key: &Key, bytes_max: usize) -> Result<Option<Bytes>> {
        let object = object(key);
        let signed = || self.sign(self.bucket.get_object(Some(&self.credentials), &object));
        match self
            .ask(Method::GET, signed, (Bytes::new(), bytes_max))
            .await?
        {
            (StatusCode::OK, bytes) => Ok(Some(bytes)),
            (StatusCode::NOT_FOUND, said) => absent(&said).map(|()| None),
            (status, _) => Err(unexpected(status)),
        }
    }

    pub(super) async fn exists(&self, key: &Key) -> Result<bool> {
        let object = object(key);
        let signed = || self.sign(self.bucket.head_object(Some(&self.credentials), &object));
        let (status, _) = self.ask(Method::HEAD, signed, (Bytes::new(), 0)).await?;
        match status {
            StatusCode::OK => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            status => Err(unexpected(status)),
        }
    }

    pub(super) async fn delete(&self, key: &Key) -> Result<()> {
        let object = object(key);
        let signed = || self.sign(self.bucket.delete_object(Some(&self.credentials), &object));
        let asked = self.ask(Method::DELETE, signed, (Bytes::new(), SAID_BYTES_MAX));
        match asked.await? {
            (StatusCode::OK | StatusCode::NO_CONTENT, _) => Ok(()),
            (StatusCode::NOT_FOUND, said) => absent(&said),
            (status, _) => Err(unexpected(status)),
        }
    }

    fn sign<'a>(&self, action: impl S3Action<'a>) -> Result<Uri> {
        let now = Timestamp::from_microsecond(self.clock.now().as_micros());
        let now = now.map_err(|error| {
            Error::internal(codes::INTERNAL, "a time that nothing is signed at").caused_by(error)
        })?;
        let address = action.sign_with_time(GOOD_FOR, &now);
        address
            .as_str()
            .parse()
            .map_err(|error: http::uri::InvalidUri| {
                Error::internal(codes::INTERNAL, "a signed address is none").caused_by(error)
            })
    }

    /// Asks, and again where the fault may be gone in a moment.
    async fn ask(
        &self,
        method: Method,
        sign: impl Fn() -> Result<Uri>,
        (body, bytes_max): (Bytes, usize),
    ) -> Result<(StatusCode, Bytes)> {
        let mut waits = WAITS.into_iter();
        loop {
            let request = Request::builder().method(method.clone()).uri(sign()?);
            let request = request
                .header(header::CONTENT_TYPE, "application/octet-stream")
                .body(body.clone());
            let request = request.map_err(|error| {
                Error::internal(codes::INTERNAL, "a request to the storage").caused_by(error)
            })?;
            let answered = self.wire.ask(request, bytes_max).await;
            let passing = match &answered {
                Ok((status, _)) => {
                    status.is_server_error() && *status != StatusCode::INSUFFICIENT_STORAGE
                        || *status == StatusCode::TOO_MANY_REQUESTS
                }
                Err(_) => true,
            };
            match waits.next().filter(|_| passing) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return answered,
            }
        }
    }
}

/// What a blob is called in the bucket.
fn object((space, id): &Key) -> String {
    format!("{space}/{id}")
}

/// A blob that is not there is no error; a bucket that is not there is one.
fn absent(said: &[u8]) -> Result<()> {
    let bucket = b"NoSuchBucket";
    match said.windows(bucket.len()).any(|part| part == bucket) {
        true => Err(away("the bucket of the blobs is not there")),
        false => Ok(()),
    }
}

#[track_caller]
fn unexpected(status: StatusCode) -> Error {
    away(format!("the storage of blobs answered {status}"))
}

#[track_caller]
fn refused(said: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::invalid(codes::LINE_MALFORMED, said)
}
