//! The loop that accepts connections, and the order in which everything ends.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};

use super::connection::{self, House};
use super::seats::{Full, Seat, Seats};
use super::{Drained, Peer, Respond, Scheme, Tls};

/// When the process has no more open files, asking again at once only burns time.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);

/// A client may be sending its next request just when we close its quiet connection, and would see it fail. So quiet
/// connections are kept for this long after the last one was accepted; who asks meanwhile is told to go elsewhere.
const FAREWELL_MOST: Duration = Duration::from_secs(1);

const NO_SEAT: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\nconnection: close\r\n\
content-length: 0\r\n\r\n";

pub(super) async fn run<S: Respond>(
    listener: TcpListener,
    house: Arc<House<S>>,
    tls: Option<Tls>,
) -> Drained {
    let settings = &house.settings;
    let seats = Seats::new(
        settings.connections_max,
        settings.connections_per_address_max,
    );
    let hall = Hall {
        house: house.clone(),
        seats,
        tls,
    };
    let mut connections = JoinSet::new();
    tokio::select! {
        () = hall.accept(&listener, &mut connections) => {}
        () = lame_duck(&house) => {}
    }
    hall.accept_waiting(&listener, &mut connections);
    drop(listener);
    drain(&house, connections).await
}

/// Waits for the stop; then says that no more should come, and goes on so long that others can see it.
async fn lame_duck<S: Respond>(house: &House<S>) {
    house.stop.stopped().await;
    house.readiness.stopping();
    tracing::info!(lame_duck = ?house.settings.lame_duck, "the server is going to stop");
    sleep(house.settings.lame_duck).await;
}

async fn drain<S: Respond>(house: &House<S>, mut connections: JoinSet<()>) -> Drained {
    let (ended_before, under_way) = (house.requests.ended(), house.requests.under_way());
    tracing::info!(
        connections = connections.len(),
        under_way,
        "no more connections are accepted"
    );
    house.goodbye.stop();
    let farewell = FAREWELL_MOST.min(house.settings.drain_time / 4);
    let in_time = {
        let mut all_ended = pin!(async {
            while let Some(ended) = connections.join_next().await {
                see(ended);
            }
        });
        match timeout(farewell, &mut all_ended).await {
            Ok(()) => Ok(()),
            Err(_) => {
                house.closing.stop();
                timeout(
                    house.settings.drain_time.saturating_sub(farewell),
                    all_ended,
                )
                .await
            }
        }
    };
    let cut = match in_time {
        Ok(()) => 0,
        Err(_) => house.requests.under_way(),
    };
    connections.shutdown().await;
    let finished = house
        .requests
        .ended()
        .saturating_sub(ended_before)
        .saturating_sub(cut);
    let drained = Drained { finished, cut };
    tracing::info!(finished, cut, "the server has stopped");
    drained
}

/// Where connections are given their seats.
struct Hall<S> {
    house: Arc<House<S>>,
    seats: Arc<Seats>,
    tls: Option<Tls>,
}

impl<S: Respond> Hall<S> {
    /// Accepts without end; whoever calls it stops by dropping it.
    async fn accept(&self, listener: &TcpListener, connections: &mut JoinSet<()>) {
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, address)) => self.seat(stream, address, connections),
                    Err(error) => pause(error).await,
                },
                Some(ended) = connections.join_next() => see(ended),
            }
            metrics::gauge!("server_connections").set(connections.len() as f64);
        }
    }

    /// Accepts those who are connected already and only wait to be seen; closing the port would reset them.
    fn accept_waiting(&self, listener: &TcpListener, connections: &mut JoinSet<()>) {
        while let Some(Ok((stream, address))) = listener.accept().now_or_never() {
            self.seat(stream, address, connections);
        }
    }

    fn seat(&self, stream: TcpStream, address: SocketAddr, connections: &mut JoinSet<()>) {
        match self.seats.take(address.ip()) {
            Ok(seat) => {
                let (house, tls) = (self.house.clone(), self.tls.clone());
                connections.spawn(serve(house, tls, stream, address, seat));
            }
            Err(full) => self.turn_away(stream, full),
        }
    }

    /// Says so in the clear if that can be done without waiting; a client under TLS only sees the end.
    fn turn_away(&self, stream: TcpStream, full: Full) {
        metrics::counter!("server_connections_refused_total", "full" => full.name()).increment(1);
        if self.tls.is_none() {
            let _said_or_not = stream.try_write(NO_SEAT);
        }
    }
}

async fn serve<S: Respond>(
    house: Arc<House<S>>,
    tls: Option<Tls>,
    stream: TcpStream,
    address: SocketAddr,
    seat: Seat,
) {
    // Answers are written whole, so there is nothing to wait for before they are sent.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    match tls {
        None => {
            let peer = Peer {
                address,
                scheme: Scheme::Http,
            };
            connection::run(house, stream, peer).await;
        }
        Some(tls) => {
            let peer = Peer {
                address,
                scheme: Scheme::Https,
            };
            let handshake = timeout(house.settings.handshake_time, tls.shake_hands(stream)).await;
            match handshake {
                Ok(Ok(Some(stream))) => connection::run(house, stream, peer).await,
                Ok(Ok(None)) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
                Err(_) => tracing::debug!("a handshake took too long"),
            }
        }
    }
    drop(seat);
}

async fn pause(error: io::Error) {
    tracing::warn!(%error, "no connection can be accepted");
    metrics::counter!("server_accept_errors_total").increment(1);
    sleep(PAUSE_AFTER_ERROR).await;
}

fn see(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        metrics::counter!("server_panics_total").increment(1);
        tracing::error!(%error, "a connection ended in a panic");
    }
}

/// Tells who speaks plain HTTP to the port of TLS what is wrong.
pub(super) async fn tell_plain(mut stream: TcpStream) -> io::Result<()> {
    const TEXT: &str = "This port speaks HTTPS only. Use an address that begins with https://\n";
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{TEXT}",
        TEXT.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}
