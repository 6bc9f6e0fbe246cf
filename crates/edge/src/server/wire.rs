//! The wire: the bytes of one connection on their way to and from hyper.
//!
//! What comes in is read strictly before hyper gets it. When something is odd, hyper gets bytes that it refuses in
//! its own way: it answers what came before, then 400, and closes; or it fails the body that is being read.
//! What goes out is watched for a client that does not take it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;
use tokio_rustls::server::TlsStream;

use super::frames::Frames;
use super::framing::{Framing, Place};
use super::watch::Watch;

/// No part of any request: hyper refuses it wherever it comes, and the empty line makes it look at once.
const REFUSED_BY_ALL: &[u8] = b"\0\r\n\r\n";

/// After our last word the client may still be sending. Closing at once would reset the connection, and the reset
/// would overtake the answer; so what it sends is thrown away for a moment.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 256 * 1024;

/// A stream under which there is a socket.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    fn socket(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.get_ref().0
    }
}

pub(super) struct Wire<Io: Socket> {
    io: Io,
    framing: Framing,
    frames: Option<Frames>,
    watch: Arc<Watch>,
    in_head: bool,
    /// What is still to be said instead of what came; none while all is well.
    instead: Option<&'static [u8]>,
    linger: Option<Pin<Box<Sleep>>>,
    lingered_bytes: usize,
}

impl<Io: Socket> Wire<Io> {
    pub(super) fn new(io: Io, watch: Arc<Watch>) -> Self {
        Self {
            io,
            framing: Framing::new(watch.settings().head_bytes_max),
            frames: None,
            watch,
            in_head: false,
            instead: None,
            linger: None,
            lingered_bytes: 0,
        }
    }

    /// Looks at what has come; says how much of it is passed on.
    fn look(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut pass = bytes.len();
        let mut beyond_from = 0;
        if self.framing.place() != Place::Beyond {
            if let Err(odd) = self.framing.read(bytes) {
                metrics::counter!("server_refused_total", "why" => "framing").increment(1);
                tracing::debug!(why = odd.why, "a connection is refused");
                self.instead = Some(REFUSED_BY_ALL);
                pass = odd.pass;
            }
            beyond_from = self.framing.beyond_from();
            if self.framing.place() == Place::Beyond {
                let now = self.watch.now_us();
                self.frames = Some(Frames::after_first_line(self.watch.settings(), now));
                self.watch.goes_multiplexed();
            }
        }
        if let Some(frames) = &mut self.frames {
            let rest = bytes.get(beyond_from..).unwrap_or_default();
            if let Err(why) = frames.read(rest, self.watch.settings(), self.watch.now_us()) {
                metrics::counter!("server_refused_total", "why" => "flood").increment(1);
                tracing::debug!(why, "a connection is refused");
                return Err(io::Error::other(why));
            }
        }
        self.note_head();
        Ok(pass)
    }

    fn note_head(&mut self) {
        let in_head = match &self.frames {
            Some(frames) => frames.in_headers(),
            None => self.framing.place() == Place::Head,
        };
        if in_head != self.in_head {
            self.in_head = in_head;
            match in_head {
                true => self.watch.head_began(),
                false => self.watch.head_ended(),
            }
        }
    }

    /// Sees whether the answer leaves HTTP/1.
    fn look_at_answer(&mut self, bytes: &[u8]) {
        if self.framing.asked_upgrade() && bytes.starts_with(b"HTTP/1.1 101") {
            self.framing.go_beyond();
        }
    }
}

impl<Io: Socket> AsyncRead for Wire<Io> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        if this.instead.is_none() {
            ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
            let pass = this.look(buf.filled().get(before..).unwrap_or_default())?;
            buf.set_filled(before.saturating_add(pass));
        }
        if let Some(instead) = this.instead {
            let (now, later) = instead.split_at(buf.remaining().min(instead.len()));
            buf.put_slice(now);
            this.instead = Some(later);
        }
        Poll::Ready(Ok(()))
    }
}

impl<Io: Socket> Wire<Io> {
    fn wrote(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Ready(Ok(bytes)) => self.watch.wrote(*bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.watch.write_waits(),
        }
        written
    }

    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.instead.is_none() && self.framing.place() != Place::Body {
            return Poll::Ready(());
        }
        let linger = self
            .linger
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        if linger.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut scratch = [0; 4096];
        while self.lingered_bytes < LINGER_BYTES_MAX {
            let mut buf = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut self.io).poll_read(cx, &mut buf)) {
                Ok(()) if !buf.filled().is_empty() => {
                    self.lingered_bytes = self.lingered_bytes.saturating_add(buf.filled().len());
                }
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(())
    }
}

impl<Io: Socket> AsyncWrite for Wire<Io> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.look_at_answer(buf);
        let written = Pin::new(&mut this.io).poll_write(cx, buf);
        this.wrote(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.look_at_answer(bufs.first().map_or(&[], |buf| buf));
        let written = Pin::new(&mut this.io).poll_write_vectored(cx, bufs);
        this.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.io).poll_flush(cx);
        match &flushed {
            Poll::Ready(_) => this.watch.wrote(0),
            // A socket is always flushed, but TLS may hold records that it could not write.
            Poll::Pending => this.watch.write_waits(),
        }
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
        }
        this.poll_linger(cx).map(Ok)
    }
}

impl<Io: Socket> Drop for Wire<Io> {
    /// A client that does not take its answer would leave it in the kernel's memory after the end, for minutes.
    fn drop(&mut self) {
        if self.watch.is_given_up()
            && let Err(error) = self.io.socket().set_zero_linger()
        {
            tracing::debug!(%error, "a connection is closed without a reset");
        }
    }
}
