//! The body of an answer: it tells the connection's watch when the client does not take it, and when it ended.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::connection::UnderWay;

/// Over HTTP/2 an answer is given to hyper in pieces of this size. hyper holds one in hand until the client's window
/// has room, so a client that keeps its window shut is seen, and costs no more memory than this.
const PIECE: usize = 32 * 1024;

pub(super) struct Outbound<B> {
    body: Said<B>,
    under_way: UnderWay,
    /// What is left of a frame that is given in pieces.
    rest: Bytes,
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

    pub(super) fn of_server(text: Vec<u8>, under_way: UnderWay) -> Self {
        Self::new(Said::Server(Some(text.into())), under_way)
    }

    fn new(body: Said<B>, under_way: UnderWay) -> Self {
        Self {
            body,
            under_way,
            rest: Bytes::new(),
            owes: false,
        }
    }

    /// Gives the next piece of a frame, which the client then owes us to take.
    fn piece(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        self.owes = true;
        self.under_way.watch().owes();
        match frame.into_data() {
            Ok(mut data) => {
                let piece = data.split_to(data.len().min(PIECE));
                self.rest = data;
                Frame::data(piece)
            }
            Err(frame) => frame,
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
        let frame = match (&mut this.body, this.rest.is_empty()) {
            (_, false) => Some(Ok(Frame::data(std::mem::take(&mut this.rest)))),
            (Said::Edge(body), true) => ready!(Pin::new(body).poll_frame(cx)),
            (Said::Server(text), true) => text.take().map(|text| Ok(Frame::data(text))),
        };
        // HTTP/1 has one answer at a time, and the wire sees for itself when that one is not taken.
        let multiplexed = this.under_way.watch().is_multiplexed();
        Poll::Ready(match frame {
            Some(Ok(frame)) if multiplexed => Some(Ok(this.piece(frame))),
            frame => frame,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
            && match &self.body {
                Said::Edge(body) => body.is_end_stream(),
                Said::Server(text) => text.is_none(),
            }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            // In the midst of a frame nobody asks for the size.
            Said::Edge(body) if self.rest.is_empty() => body.size_hint(),
            Said::Edge(_) => SizeHint::default(),
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
