//! A client that asks for menus over one connection, and reads each answer to its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base::Clock;
use load::{Answer, Client, Pace, Tally};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Outcome;
use crate::options::Options;

/// What is asked, one after the other, and again from the beginning.
pub(crate) type Requests = Arc<[Vec<u8>]>;

/// What was seen of a server in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) per_second: f64,
    pub(crate) p99: Duration,
    /// How many requests were answered, those that are not measured included.
    pub(crate) answered: u64,
}

/// What of it is compared.
pub(crate) type Value = fn(&Seen) -> f64;

struct Guest {
    stream: TcpStream,
    requests: Requests,
    next: usize,
    answer: Vec<u8>,
}

impl Seen {
    pub(crate) fn p99_ms(&self) -> f64 {
        self.p99.as_secs_f64() * 1e3
    }
}

impl Guest {
    async fn ask(&mut self) -> Result<(), String> {
        let request = &self.requests[self.next % self.requests.len()];
        self.next += 1;
        let broken = |error: std::io::Error| error.to_string();
        self.stream.write_all(request).await.map_err(broken)?;
        self.answer.clear();
        let mut whole = usize::MAX;
        while self.answer.len() < whole {
            if self
                .stream
                .read_buf(&mut self.answer)
                .await
                .map_err(broken)?
                == 0
            {
                return Err("the server went away".to_owned());
            }
            if whole == usize::MAX {
                whole = length(&self.answer)?.unwrap_or(whole);
            }
        }
        match self.answer.starts_with(b"HTTP/1.1 200 ") {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&self.answer).into_owned()),
        }
    }
}

impl Client for Guest {
    async fn request(&mut self) -> Answer {
        match self.ask().await {
            Ok(()) => Answer::Done(1),
            Err(said) => Answer::Failed(said),
        }
    }
}

/// How long the answer is with its head; none while the head has not come.
fn length(answer: &[u8]) -> Result<Option<usize>, String> {
    const NAME: &[u8] = b"content-length: ";
    let Some(head) = answer.windows(4).position(|part| part == b"\r\n\r\n") else {
        return Ok(None);
    };
    let lines = answer[..head].split(|byte| *byte == b'\n');
    let is_it = |line: &&[u8]| {
        line.get(..NAME.len())
            .is_some_and(|name| name.eq_ignore_ascii_case(NAME))
    };
    let line = lines.into_iter().find(is_it).ok_or("no length")?;
    let digits = std::str::from_utf8(&line[NAME.len()..]).map_err(|_| "no length")?;
    let body: usize = digits.trim().parse().map_err(|_| "no length")?;
    Ok(Some(head + 4 + body))
}

/// Asks once, and gives the bytes of the answer with its head.
pub(crate) async fn once(address: SocketAddr, request: Vec<u8>) -> Outcome<Vec<u8>> {
    let mut guest = connect(address, vec![request].into(), 0).await?;
    guest.ask().await?;
    Ok(guest.answer)
}

/// Asks for everything once over one connection, and gives the bytes of each answer with its head.
pub(crate) async fn each(
    address: SocketAddr,
    requests: &Requests,
    mut take: impl FnMut(&[u8]) -> Outcome<()>,
) -> Outcome<()> {
    let mut guest = connect(address, requests.clone(), 0).await?;
    for _ in 0..requests.len() {
        guest.ask().await?;
        take(&guest.answer)?;
    }
    Ok(())
}

/// Asks for everything once, over several connections.
pub(crate) async fn warm(
    address: SocketAddr,
    requests: &Requests,
    connections: usize,
) -> Outcome<()> {
    let mut guests = JoinSet::new();
    for first in 0..connections {
        let mut guest = connect(address, requests.clone(), first).await?;
        guests.spawn(async move {
            while guest.next < guest.requests.len() {
                guest.ask().await?;
                guest.next += connections - 1;
            }
            Ok::<_, String>(())
        });
    }
    while let Some(ended) = guests.join_next().await {
        ended??;
    }
    Ok(())
}

/// Asks over many connections for a while.
pub(crate) async fn measure(
    clock: &Clock,
    address: SocketAddr,
    requests: &Requests,
    options: &Options,
) -> Outcome<Seen> {
    let pace = Pace::start(clock, options.time / 4, options.time);
    let mut guests = JoinSet::new();
    let apart = requests.len() / options.connections;
    for turn in 0..options.connections {
        let guest = connect(address, requests.clone(), turn * apart).await?;
        guests.spawn(load::drive(pace.clone(), guest));
    }
    let mut all = Tally::default();
    while let Some(ended) = guests.join_next().await {
        all.merge(ended?);
    }
    match all.failure {
        Some(failure) => Err(failure.into()),
        None => Ok(Seen {
            per_second: all.done_per_second(options.time),
            p99: all.latencies.per_mille(990),
            answered: all.done_ever,
        }),
    }
}

async fn connect(address: SocketAddr, requests: Requests, next: usize) -> Outcome<Guest> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(Guest {
        stream,
        requests,
        next,
        answer: Vec::with_capacity(64 * 1024),
    })
}

/// The median of what was seen in all rounds.
pub(crate) fn median(mut all: Vec<Seen>) -> Seen {
    all.sort_by(|one, other| one.per_second.total_cmp(&other.per_second));
    let middle = all[all.len() / 2];
    let mut slow: Vec<Duration> = all.iter().map(|seen| seen.p99).collect();
    slow.sort();
    Seen {
        p99: slow[slow.len() / 2],
        ..middle
    }
}

/// The round in the middle of all in which two were measured right after each other: half of the others were better for the
/// one, and half for the other.
pub(crate) fn middle(one: &[Seen], other: &[Seen], value: Value) -> (f64, f64) {
    let rounds = one.iter().map(value).zip(other.iter().map(value));
    let mut rounds: Vec<(f64, f64)> = rounds.collect();
    rounds.sort_by(|(one, other), (third, fourth)| (one / other).total_cmp(&(third / fourth)));
    rounds[rounds.len() / 2]
}
