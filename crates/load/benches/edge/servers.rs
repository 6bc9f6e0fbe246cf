//! Three servers that send the same bytes to the same clients: our server with the gate, our server without it, and
//! hyper alone.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use base::Clock;
use bytes::Bytes;
use edge::server::{self, Inbound, Parts, Readiness, Respond, Settings};
use engine::Stop;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use load::bench::median;
use load::{Answer, Client, Pace, Table, Tally};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::options::Options;
use crate::{Outcome, shop};

/// Requests a second of each, the median of all rounds.
pub(crate) struct Rates {
    pub(crate) edge: f64,
    pub(crate) server: f64,
    pub(crate) bare: f64,
}

impl Rates {
    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new(["server", "requests/s"]);
        for (name, rate) in [
            ("ours, with the gate", self.edge),
            ("ours, without", self.server),
            ("bare", self.bare),
        ] {
            table.row([name.to_owned(), format!("{rate:.0}")]);
        }
        table
    }
}

pub(crate) fn run(options: &Options) -> Outcome<Rates> {
    // Servers have a thread of their own, and so have the clients: neither steals the other's time.
    let (servers, clients) = (one_thread()?, one_thread()?);
    let clock = Clock::real();
    let edge = shop::edge(&clock)?;
    let canned = servers.block_on(canned(&edge))?;
    let addresses = [
        servers.block_on(ours(edge, &clock))?,
        servers.block_on(ours(canned.clone().respond(), &clock))?,
        servers.block_on(bare(canned))?,
    ];
    let mut rates: [Vec<f64>; 3] = Default::default();
    for _ in 0..options.rounds {
        for (address, rates) in addresses.iter().zip(&mut rates) {
            rates.push(clients.block_on(measure(&clock, *address, options))?);
        }
    }
    let [edge, server, bare] = rates.map(median);
    Ok(Rates {
        edge: edge?,
        server: server?,
        bare: bare?,
    })
}

fn one_thread() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
}

/// An answer of the edge, to be sent again and again.
#[derive(Clone)]
struct Canned {
    headers: HeaderMap,
    body: Bytes,
}

impl Canned {
    fn response(&self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::from(self.body.clone()));
        *response.headers_mut() = self.headers.clone();
        response
    }

    fn respond(self) -> impl Respond {
        move |_request: Request<Inbound>| std::future::ready(self.response())
    }
}

async fn canned(edge: &edge::Edge) -> Outcome<Canned> {
    let response = edge.call(shop::request()?).await;
    let headers = response.headers().clone();
    let body = response.into_body().collect().await?.to_bytes();
    Ok(Canned { headers, body })
}

async fn ours(respond: impl Respond, clock: &Clock) -> Outcome<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let parts = Parts {
        clock: clock.clone(),
        readiness: Readiness::default(),
    };
    let serving = server::serve(
        listener,
        respond,
        None,
        Settings::default(),
        parts,
        Stop::new(),
    );
    keep(async {
        serving.await;
    });
    Ok(address)
}

async fn bare(canned: Canned) -> Outcome<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    keep(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let _nodelay = stream.set_nodelay(true);
            let canned = canned.clone();
            let service = hyper::service::service_fn(move |_request| {
                std::future::ready(Ok::<_, Infallible>(canned.response()))
            });
            let io = TokioIo::new(stream);
            connections
                .spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
        }
    });
    Ok(address)
}

/// Runs as long as the runtime does, which is as long as the bench.
fn keep(work: impl Future<Output = ()> + Send + 'static) {
    let mut tasks = JoinSet::new();
    tasks.spawn(work);
    tasks.detach_all();
}

async fn measure(clock: &Clock, address: SocketAddr, options: &Options) -> Outcome<f64> {
    let pace = Pace::start(clock, options.time / 4, options.time);
    let mut clients = JoinSet::new();
    for _ in 0..options.connections {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        clients.spawn(load::drive(pace.clone(), Guest::new(stream)));
    }
    let mut all = Tally::default();
    while let Some(ended) = clients.join_next().await {
        all.merge(ended?);
    }
    if let Some(failure) = all.failure {
        return Err(failure.into());
    }
    Ok(all.done as f64 / options.time.max(Duration::from_millis(1)).as_secs_f64())
}

/// A client that knows after its first answer how long they are.
struct Guest {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
    length: usize,
}

impl Guest {
    fn new(stream: TcpStream) -> Self {
        let headers = shop::HEADERS
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"));
        let request = format!(
            "GET /api/menu HTTP/1.1\r\n{}\r\n",
            headers.collect::<String>()
        );
        Self {
            stream,
            request: request.into_bytes(),
            answer: Vec::new(),
            length: usize::MAX,
        }
    }

    async fn ask(&mut self) -> std::io::Result<()> {
        self.stream.write_all(&self.request).await?;
        self.answer.clear();
        while self.answer.len() < self.length {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if self.length == usize::MAX && self.answer.ends_with(b"}]}") {
                self.length = self.answer.len();
            }
        }
        match self.answer.starts_with(b"HTTP/1.1 200 ") {
            true => Ok(()),
            false => Err(std::io::Error::other("the answer is not 200")),
        }
    }
}

impl Client for Guest {
    async fn request(&mut self) -> Answer {
        match self.ask().await {
            Ok(()) => Answer::Done(1),
            Err(error) => Answer::Failed(error.to_string()),
        }
    }
}
