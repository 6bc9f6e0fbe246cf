//! One connection, from its first byte to its last, and what all connections share.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use base::Clock;
use engine::Stop;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;

use super::watch::{Requests, Verdict, Watch};
use super::wire::{Socket, Wire};
use super::{Parts, Peer, Readiness, Respond, Settings, answer};

/// A connection is looked at so many times within its shortest deadline, but not without need.
const LOOKS: u32 = 3;
const LOOK_LEAST: Duration = Duration::from_millis(50);
const LOOK_MOST: Duration = Duration::from_secs(2);
/// Whatever hyper buffers of one connection; a request head must fit in.
const BUFFER_LEAST: usize = 8 * 1024;
const SEND_BUFFER: usize = 64 * 1024;
const RESETS_MAX: usize = 20;
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;
const PING_TIMEOUT: Duration = Duration::from_secs(8);

/// What all connections of a server share.
pub(super) struct House<S> {
    pub(super) respond: S,
    pub(super) settings: Arc<Settings>,
    pub(super) clock: Clock,
    pub(super) readiness: Readiness,
    /// The stop of the whole program, from which on answers tell clients to go elsewhere.
    pub(super) stop: Stop,
    /// Given when no more connections are accepted. Over HTTP/2 a client can be told so without a quarrel about what
    /// it sent meanwhile.
    pub(super) goodbye: Stop,
    /// Given when connections must end as soon as what is under way on them has ended.
    pub(super) closing: Stop,
    pub(super) requests: Arc<Requests>,
    builder: Builder<TokioExecutor>,
}

impl<S: Respond> House<S> {
    pub(super) fn new(respond: S, settings: Settings, parts: Parts, stop: Stop) -> Self {
        let builder = builder(&settings);
        Self {
            respond,
            settings: Arc::new(settings),
            clock: parts.clock,
            readiness: parts.readiness,
            stop,
            goodbye: Stop::new(),
            closing: Stop::new(),
            requests: Arc::default(),
            builder,
        }
    }
}

fn builder(settings: &Settings) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Deadlines of heads and of quiet connections are the watch's; hyper has one for both, which is too few.
    builder
        .http1()
        .header_read_timeout(None)
        .keep_alive(true)
        .half_close(false)
        .max_headers(settings.headers_max)
        .max_buf_size(settings.head_bytes_max.max(BUFFER_LEAST));
    let head_bytes_max = u32::try_from(settings.head_bytes_max).unwrap_or(u32::MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(settings.ping_every)
        .keep_alive_timeout(PING_TIMEOUT)
        .max_concurrent_streams(settings.streams_max)
        .max_header_list_size(head_bytes_max)
        .max_send_buf_size(SEND_BUFFER)
        .max_pending_accept_reset_streams(RESETS_MAX)
        .max_local_error_reset_streams(RESETS_MAX)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .adaptive_window(false);
    builder
}

/// Counts a request as under way until it is dropped, for the connection and for the house.
pub(super) struct UnderWay(Arc<Watch>);

impl UnderWay {
    fn begin(watch: Arc<Watch>) -> Self {
        watch.request_began();
        Self(watch)
    }

    pub(super) fn watch(&self) -> &Arc<Watch> {
        &self.0
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.request_ended();
    }
}

/// Serves one connection to its end.
pub(super) async fn run<S: Respond>(house: Arc<House<S>>, io: impl Socket, peer: Peer) {
    let (clock, settings) = (house.clock.clone(), house.settings.clone());
    let watch = Arc::new(Watch::new(clock, settings, house.requests.clone()));
    let wire = Wire::new(io, watch.clone());
    let service = {
        let (house, watch) = (house.clone(), watch.clone());
        service_fn(move |request| {
            let under_way = UnderWay::begin(watch.clone());
            answer::answer(house.clone(), peer, request, under_way)
        })
    };
    let connection = house
        .builder
        .serve_connection_with_upgrades(TokioIo::new(wire), service);
    let mut connection = pin!(connection);
    let mut besides = besides(&house);
    let mut told = Told::Nothing;
    loop {
        let event = poll_fn(|cx| match connection.as_mut().poll(cx) {
            Poll::Ready(ended) => Poll::Ready(Event::Ended(ended.err())),
            Poll::Pending => match besides.poll_next_unpin(cx) {
                Poll::Ready(Some(event)) => Poll::Ready(event),
                Poll::Ready(None) | Poll::Pending => Poll::Pending,
            },
        });
        match event.await {
            Event::Ended(error) => return ended(error),
            Event::Goodbye if told >= Told::Goodbye => {}
            Event::Closing if told >= Told::Closing => {}
            Event::Goodbye if !watch.is_multiplexed() => told = Told::Goodbye,
            Event::Goodbye | Event::Closing => {
                told = Told::Closing;
                connection.as_mut().graceful_shutdown();
            }
            Event::Look => {
                besides.push(Box::pin(look(look_every(&house.settings))));
                match (watch.verdict(), told) {
                    (Verdict::Fine, _) | (Verdict::Idle, Told::Closing) => {}
                    (Verdict::Idle, Told::Nothing | Told::Goodbye) => {
                        told = Told::Idle;
                        connection.as_mut().graceful_shutdown();
                    }
                    (verdict, _) => {
                        watch.give_up();
                        return refused(verdict);
                    }
                }
            }
        }
    }
}

type Besides<'a> = FuturesUnordered<Pin<Box<dyn Future<Output = Event> + Send + 'a>>>;

/// What a connection waits for besides its client. Each of these is polled when it was woken itself, and not with
/// every request.
fn besides<S: Respond>(house: &House<S>) -> Besides<'_> {
    let besides = Besides::new();
    besides.push(Box::pin(house.goodbye.stopped().map(|()| Event::Goodbye)));
    besides.push(Box::pin(house.closing.stopped().map(|()| Event::Closing)));
    besides.push(Box::pin(look(look_every(&house.settings))));
    besides
}

async fn look(after: Duration) -> Event {
    tokio::time::sleep(after).await;
    Event::Look
}

fn look_every(settings: &Settings) -> Duration {
    let shortest = settings
        .head_time
        .min(settings.patience)
        .min(settings.idle_time);
    (shortest / LOOKS).clamp(LOOK_LEAST, LOOK_MOST)
}

enum Event {
    Ended(Option<Box<dyn std::error::Error + Send + Sync>>),
    Goodbye,
    Closing,
    Look,
}

/// What the client was told about the end of the connection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Nothing,
    /// The next answer says that it is the last.
    Goodbye,
    /// It was quiet for too long, and may end; if it does not it is ended.
    Idle,
    Closing,
}

fn ended(error: Option<Box<dyn std::error::Error + Send + Sync>>) {
    // A client that goes away or talks nonsense is no fault of ours.
    if let Some(error) = error {
        tracing::debug!(%error, "a connection ended");
    }
}

fn refused(verdict: Verdict) {
    metrics::counter!("server_refused_total", "why" => verdict.name()).increment(1);
    tracing::debug!(why = verdict.name(), "a connection is ended");
}
