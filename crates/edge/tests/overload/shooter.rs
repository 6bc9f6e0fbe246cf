//! Clients over real sockets, driven in an open loop: requests are sent when they are due, whatever became of those
//! before.

use std::net::SocketAddr;
use std::time::Duration;

use base::{Clock, Random};
use edge::Criticality;
use load::{Answer, Client, Plan, Spacing, Tally, open_loop};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// An answer that comes later is good for nobody, and is not waited for.
pub(crate) const SLOWEST: Duration = Duration::from_millis(500);

/// More than are under way at once while answers come in time.
const CLIENTS: usize = 800;

/// Requests of one class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shot {
    pub(crate) criticality: Criticality,
    pub(crate) per_second: u32,
}

/// What became of the requests of one class.
#[derive(Debug)]
pub(crate) struct Score {
    time: Duration,
    pub(crate) tally: Tally,
}

impl Score {
    fn sent(&self) -> f64 {
        (self.tally.done + self.tally.refused + self.tally.failed) as f64
    }

    pub(crate) fn offered(&self) -> f64 {
        self.sent() / self.time.as_secs_f64()
    }

    /// Requests a second that were served in time.
    pub(crate) fn goodput(&self) -> f64 {
        self.tally.done as f64 / self.time.as_secs_f64()
    }

    pub(crate) fn share_served(&self) -> f64 {
        self.tally.done as f64 / self.sent()
    }
}

/// Sends requests of several classes at the same time, and waits until each has come to some end.
pub(crate) async fn fire(
    address: SocketAddr,
    clock: &Clock,
    shots: &[Shot],
    seconds: u64,
) -> Vec<Score> {
    let time = Duration::from_secs(seconds);
    let mut classes = JoinSet::new();
    for (place, shot) in shots.iter().enumerate() {
        let plan = Plan {
            per_second: shot.per_second,
            spacing: Spacing::Chance(Random::seeded(7)),
            warm_up: Duration::ZERO,
            time,
            patience: SLOWEST,
        };
        let path = shot.criticality.name();
        let clients = (0..CLIENTS)
            .map(|_| Guest {
                address,
                path,
                stream: None,
            })
            .collect();
        let clock = clock.clone();
        classes.spawn(async move { (place, open_loop(&clock, plan, clients).await) });
    }
    let mut tallies = classes.join_all().await;
    tallies.sort_by_key(|(place, _)| *place);
    tallies
        .into_iter()
        .map(|(_, tally)| Score { time, tally })
        .collect()
}

struct Guest {
    address: SocketAddr,
    path: &'static str,
    /// The connection, unless a request on it was given up.
    stream: Option<TcpStream>,
}

impl Client for Guest {
    async fn request(&mut self) -> Answer {
        match self.ask().await {
            Ok(200) => Answer::Done(1),
            Ok(503) => Answer::Refused,
            Ok(status) => Answer::Failed(status.to_string()),
            Err(error) => Answer::Failed(error.to_string()),
        }
    }
}

impl Guest {
    async fn ask(&mut self) -> std::io::Result<u16> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => TcpStream::connect(self.address).await?,
        };
        let request = format!("GET /{} HTTP/1.1\r\nhost: shop\r\n\r\n", self.path);
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::with_capacity(2048);
        while !is_whole(&answer) {
            if stream.read_buf(&mut answer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.stream = Some(stream);
        let digits = answer
            .get(9..12)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let status = digits.and_then(|digits| digits.parse().ok());
        status.ok_or(std::io::ErrorKind::InvalidData.into())
    }
}

/// Whether the answer has come to the end that its length says.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(&answer[..end]);
    let length = head
        .split("\r\n")
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    answer.len() >= end + 4 + length
}
