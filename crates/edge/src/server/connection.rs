//! One connection, from its first byte to its last, and what all connections share.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use base::Clock;
use engine::Stop;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;

use super::outbound::Outbound;
use super::watch::{Verdict, Watch};
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

/// Counts of requests.
#[derive(Debug, Default)]
pub(super) struct Requests {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Requests {
    pub(super) fn ended(&self) -> u64 {
        self.ended.load(Ordering::Acquire)
    }

    pub(super) fn under_way(&self) -> u64 {
        let ended = self.ended();
        self.begun.load(Ordering::Acquire).saturating_sub(ended)
    }
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
pub(super) struct UnderWay {
    watch: Arc<Watch>,
    requests: Arc<Requests>,
}

impl UnderWay {
    pub(super) fn watch(&self) -> &Watch {
        &self.watch
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.watch.request_ended();
        self.requests.ended.fetch_add(1, Ordering::AcqRel);
    }
}

/// Serves one connection to its end.
pub(super) async fn run<S: Respond>(house: Arc<House<S>>, io: impl Socket, peer: Peer) {
    let watch = Arc::new(Watch::new(house.clock.clone(), &house.settings));
    let wire = Wire::new(io, watch.clone(), house.settings.clone());
    let service = {
        let (house, watch) = (house.clone(), watch.clone());
        service_fn(move |request| answer_one(house.clone(), watch.clone(), peer, request))
    };
    let connection = house
        .builder
        .serve_connection_with_upgrades(TokioIo::new(wire), service);
    let mut connection = pin!(connection);
    let mut goodbye = pin!(house.goodbye.stopped());
    let mut closing = pin!(house.closing.stopped());
    let mut look = tokio::time::interval(look_every(&house.settings));
    let mut told = Told::Nothing;
    loop {
        let event = poll_fn(|cx| {
            if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
                return Poll::Ready(Event::Ended(ended.err()));
            }
            let heard = told < Told::Goodbye && goodbye.as_mut().poll(cx).is_ready();
            if heard && watch.is_multiplexed() {
                return Poll::Ready(Event::Closing);
            }
            if heard {
                told = Told::Goodbye;
            }
            if told < Told::Closing && closing.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Event::Closing);
            }
            look.poll_tick(cx).map(|_| Event::Look)
        });
        match event.await {
            Event::Ended(error) => return ended(error),
            Event::Closing => {
                told = Told::Closing;
                connection.as_mut().graceful_shutdown();
            }
            Event::Look => match (watch.verdict(&house.settings), told) {
                (Verdict::Fine, _) | (Verdict::Idle, Told::Closing) => {}
                (Verdict::Idle, Told::Nothing | Told::Goodbye) => {
                    told = Told::Idle;
                    connection.as_mut().graceful_shutdown();
                }
                (verdict, _) => {
                    watch.give_up();
                    return refused(verdict);
                }
            },
        }
    }
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

type Answered<S> = Response<Outbound<<S as Respond>::Body>>;

fn answer_one<S: Respond>(
    house: Arc<House<S>>,
    watch: Arc<Watch>,
    peer: Peer,
    request: Request<Incoming>,
) -> Pin<Box<dyn Future<Output = Result<Answered<S>, Infallible>> + Send>> {
    watch.request_began();
    house.requests.begun.fetch_add(1, Ordering::AcqRel);
    let under_way = UnderWay {
        watch: watch.clone(),
        requests: house.requests.clone(),
    };
    Box::pin(async move { Ok(answer::answer(&house, watch, peer, request, under_way).await) })
}
