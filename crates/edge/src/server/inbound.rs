//! The body of a request, with an end to patience: a client that drips it is not waited for.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Sleep;

use super::watch::{Patience, Watch};

/// The body of a request as it comes from the wire.
#[derive(Debug)]
pub struct Inbound {
    incoming: Incoming,
    watch: Arc<Watch>,
    patience: Patience,
    wait: Option<Wait>,
}

#[derive(Debug)]
struct Wait {
    since_us: u64,
    ends: Pin<Box<Sleep>>,
}

/// Why a body came to no good end.
#[derive(Debug)]
pub enum Broken {
    /// The client sent it too slowly.
    Slow,
    /// The connection broke, or the framing of the body was wrong.
    Wire(hyper::Error),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slow => f.write_str("the body of the request came too slowly"),
            Self::Wire(error) => write!(f, "the body of the request broke off: {error}"),
        }
    }
}

impl std::error::Error for Broken {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Slow => None,
            Self::Wire(error) => Some(error),
        }
    }
}

impl Inbound {
    pub(super) fn new(incoming: Incoming, watch: Arc<Watch>) -> Self {
        let patience = Patience::new(watch.settings());
        Self {
            incoming,
            watch,
            patience,
            wait: None,
        }
    }

    fn waits(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let wait = self.wait.get_or_insert_with(|| Wait {
            since_us: self.watch.now_us(),
            ends: Box::pin(tokio::time::sleep(self.patience.left())),
        });
        match wait.ends.as_mut().poll(cx) {
            Poll::Ready(()) => {
                metrics::counter!("server_refused_total", "why" => "body_slow").increment(1);
                Poll::Ready(Some(Err(Broken::Slow)))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn came(&mut self, bytes: usize) {
        if let Some(wait) = self.wait.take() {
            let waited = self.watch.now_us().saturating_sub(wait.since_us);
            self.patience = self.patience.after(waited, bytes, self.watch.settings());
        }
    }
}

impl Body for Inbound {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.incoming).poll_frame(cx) {
            Poll::Pending => this.waits(cx),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(Broken::Wire(error)))),
            Poll::Ready(Some(Ok(frame))) => {
                this.came(frame.data_ref().map_or(0, Bytes::len));
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
