//! The body of an answer: it tells the connection's watch when the client does not take it, and when it ended.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::connection::UnderWay;

/// A piece of this size or less is in the buffers of the kernel at once; a larger one is only taken for delivered
/// when hyper asks for the next, because HTTP/2 keeps what the client's window does not admit.
const PIECE_SMALL: usize = 16 * 1024;

pub(super) struct Outbound<B> {
    body: Said<B>,
    under_way: UnderWay,
    owes: bool,
}

/// What is said: an answer of the edge, or a short text of the server itself.
enum Said<B> {
    Edge(B),
    Server(Option<Bytes>),
}

impl<B> Outbound<B> {
    pub(super) fn of_edge(body: B, under_way: UnderWay) -> Self {
        Self::new(Said::Edge(body), under_way)
    }

    pub(super) fn of_server(text: String, under_way: UnderWay) -> Self {
        Self::new(Said::Server(Some(text.into())), under_way)
    }

    fn new(body: Said<B>, under_way: UnderWay) -> Self {
        Self {
            body,
            under_way,
            owes: false,
        }
    }

    fn paid(&mut self) {
        if std::mem::take(&mut self.owes) {
            self.under_way.watch().paid();
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Outbound<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        this.paid();
        let frame = match &mut this.body {
            Said::Edge(body) => ready!(Pin::new(body).poll_frame(cx)),
            Said::Server(text) => text.take().map(|text| Ok(Frame::data(text))),
        };
        let length = |frame: &Frame<Bytes>| frame.data_ref().map_or(0, Bytes::len);
        if let Some(Ok(frame)) = &frame
            && length(frame) > PIECE_SMALL
        {
            this.owes = true;
            this.under_way.watch().owes();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        !self.owes
            && match &self.body {
                Said::Edge(body) => body.is_end_stream(),
                Said::Server(text) => text.is_none(),
            }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Said::Edge(body) => body.size_hint(),
            Said::Server(text) => {
                let length = text.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
        }
    }
}

impl<B> Drop for Outbound<B> {
    fn drop(&mut self) {
        self.paid();
    }
}
