//! An open loop: requests are sent when they are due, whatever became of those before.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::{Clock, Random};
use edge::Criticality;
use load::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const GIVE_UP: Duration = Duration::from_secs(2);

/// Requests of one class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shot {
    pub(crate) criticality: Criticality,
    pub(crate) per_second: f64,
}

pub(crate) struct Volley {
    pub(crate) shots: Vec<Shot>,
    pub(crate) time: Duration,
    pub(crate) random: Random,
}

/// What became of the requests of one class. Times count from when a request was due.
#[derive(Debug, Default)]
pub(crate) struct Score {
    time: Duration,
    sent: u64,
    served: Histogram,
    served_in: Vec<Duration>,
    pub(crate) refused: u64,
    pub(crate) failed: u64,
}

impl Score {
    pub(crate) fn offered(&self) -> f64 {
        self.sent as f64 / self.time.as_secs_f64()
    }

    /// Requests a second that were served within this time.
    pub(crate) fn goodput(&self, within: Duration) -> f64 {
        let good = self.served_in.iter().filter(|took| **took <= within);
        good.count() as f64 / self.time.as_secs_f64()
    }

    pub(crate) fn share_served(&self) -> f64 {
        self.served_in.len() as f64 / self.sent as f64
    }

    pub(crate) fn slowest_of(&self, per_mille: u64) -> Duration {
        self.served.per_mille(per_mille)
    }
}

#[derive(Clone)]
struct Field {
    address: SocketAddr,
    clock: Clock,
    /// Connections that nobody uses just now.
    idle: Arc<Mutex<Vec<TcpStream>>>,
    scores: Arc<Mutex<Vec<Score>>>,
}

/// Sends all of it, and waits until every request has come to some end.
pub(crate) async fn fire(address: SocketAddr, clock: &Clock, volley: &Volley) -> Vec<Score> {
    let score = |_: &Shot| Score {
        time: volley.time,
        ..Score::default()
    };
    let scores = volley.shots.iter().map(score).collect();
    let field = Field {
        address,
        clock: clock.clone(),
        idle: Arc::default(),
        scores: Arc::new(Mutex::new(scores)),
    };
    let began = clock.elapsed();
    let mut requests = JoinSet::new();
    for (due, class) in schedule(volley) {
        let due = began + due;
        let wait = due.saturating_sub(clock.elapsed());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let name = volley.shots[class].criticality.name();
        requests.spawn(one(field.clone(), class, name, due));
        while requests.try_join_next().is_some() {}
    }
    while requests.join_next().await.is_some() {}
    let mut scores = field.scores.lock().unwrap();
    std::mem::take(&mut *scores)
}

/// When each request is due: at random and without memory, as strangers come.
fn schedule(volley: &Volley) -> Vec<(Duration, usize)> {
    let mut all = Vec::new();
    for (class, shot) in volley.shots.iter().enumerate() {
        let mut at = 0.0;
        loop {
            let drawn = (volley.random.u64() >> 11) as f64 / (1_u64 << 53) as f64;
            at += -(1.0 - drawn).ln() / shot.per_second;
            if at >= volley.time.as_secs_f64() {
                break;
            }
            all.push((Duration::from_secs_f64(at), class));
        }
    }
    all.sort_unstable();
    all
}

async fn one(field: Field, class: usize, name: &'static str, due: Duration) {
    let answer = tokio::time::timeout(GIVE_UP, ask(&field, name)).await;
    let took = field.clock.elapsed().saturating_sub(due);
    let mut scores = field.scores.lock().unwrap();
    let score = &mut scores[class];
    score.sent += 1;
    match answer {
        Ok(Ok(200)) => {
            score.served.record(took);
            score.served_in.push(took);
        }
        Ok(Ok(503)) => score.refused += 1,
        _ => score.failed += 1,
    }
}

async fn ask(field: &Field, name: &str) -> std::io::Result<u16> {
    let idle = field.idle.lock().unwrap().pop();
    let mut stream = match idle {
        Some(stream) => stream,
        None => TcpStream::connect(field.address).await?,
    };
    let request = format!("GET /{name} HTTP/1.1\r\nhost: shop\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(2048);
    loop {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if is_whole(&answer) {
            break;
        }
    }
    field.idle.lock().unwrap().push(stream);
    let digits = answer
        .get(9..12)
        .and_then(|digits| std::str::from_utf8(digits).ok());
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or(std::io::ErrorKind::InvalidData.into())
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
