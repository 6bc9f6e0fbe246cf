//! Bodies: counted while they are read, never more in memory than the route takes.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use base::{Error, Result, codes};
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::Body as HttpBody;
use http_body_util::BodyExt;

use crate::server::Broken;

/// Refuses by the announced length what is too large, before a byte of it is read.
pub(crate) fn check_length(headers: &HeaderMap, bytes_max: u64) -> Result<()> {
    let Some(value) = headers.get(CONTENT_LENGTH) else {
        return Ok(());
    };
    let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    match value
        .to_str()
        .ok()
        .filter(digits)
        .and_then(|text| text.parse::<u64>().ok())
    {
        Some(length) if length > bytes_max => Err(too_large(bytes_max)),
        Some(_) => Ok(()),
        None => Err(super::head::malformed(
            "the header content-length is not a number",
        )),
    }
}

/// Whether the server gave the body up because it came too slowly.
fn slow(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if matches!(error.downcast_ref::<Broken>(), Some(Broken::Slow)) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn too_large(bytes_max: u64) -> Error {
    let message = match bytes_max {
        0 => "the operation takes no body".to_owned(),
        bytes_max => format!("the operation takes a body of at most {bytes_max} bytes"),
    };
    Error::invalid(codes::BODY_TOO_LARGE, message)
}

/// A body whose bytes are counted.
#[derive(Debug)]
pub(crate) struct Counted {
    body: Body,
    left: u64,
    bytes_max: u64,
}

impl Counted {
    pub(crate) fn new(body: Body, bytes_max: u64) -> Self {
        Self {
            body,
            left: bytes_max,
            bytes_max,
        }
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        while let Some(frame) = self.body.frame().await {
            let broken = |error: axum::Error| match slow(&error) {
                true => Error::unavailable(codes::REQUEST_TOO_SLOW, "the body came too slowly")
                    .caused_by(error),
                false => {
                    Error::invalid(codes::BODY_MALFORMED, "the body broke off").caused_by(error)
                }
            };
            // Trailers say nothing that we ask for.
            let Ok(data) = frame.map_err(broken)?.into_data() else {
                continue;
            };
            let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
            self.left = self
                .left
                .checked_sub(length)
                .ok_or_else(|| too_large(self.bytes_max))?;
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}

/// Reads a whole body.
pub(crate) async fn read<B>(body: B, bytes_max: u64) -> Result<Bytes>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let mut counted = Counted::new(Body::new(body), bytes_max);
    let Some(first) = counted.next().await? else {
        return Ok(Bytes::new());
    };
    // Most bodies come in one piece, which is then not copied.
    let Some(second) = counted.next().await? else {
        return Ok(first);
    };
    let mut whole = BytesMut::from(first);
    whole.extend_from_slice(&second);
    while let Some(more) = counted.next().await? {
        whole.extend_from_slice(&more);
    }
    Ok(whole.freeze())
}

/// A stream on its way to the handler, to be taken once.
#[derive(Clone, Debug)]
pub(crate) struct Streamed(Arc<Mutex<Option<Counted>>>);

impl Streamed {
    pub(crate) fn new(counted: Counted) -> Self {
        Self(Arc::new(Mutex::new(Some(counted))))
    }

    pub(crate) fn take(&self) -> Option<Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
