//! The limits and deadlines of the server, with the values that hold when nobody says otherwise.

use std::time::Duration;

/// The limits and deadlines of a server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many connections may be open at once.
    pub connections_max: u32,
    /// How many of them from one address (from one /64 for IPv6). Behind a proxy this is as high as the first.
    pub connections_per_address_max: u32,
    /// The longest request head in bytes; at least 8 KiB.
    pub head_bytes_max: usize,
    /// The most header lines in a request.
    pub headers_max: usize,
    /// The longest request target in bytes.
    pub target_bytes_max: usize,
    /// How long a client may take to send a head, and a new connection to send its first.
    pub head_time: Duration,
    /// How long a client that sends or reads too slowly is borne in all.
    pub patience: Duration,
    /// What a client must send or read in a second, lest its patience run down.
    pub bytes_per_second_min: u32,
    /// How long a connection may be open without a request.
    pub idle_time: Duration,
    /// How long a TLS handshake may take.
    pub handshake_time: Duration,
    /// How many HTTP/2 requests may be under way on one connection.
    pub streams_max: u32,
    /// How often an HTTP/2 connection is asked whether it is alive, and how long it may take to say so.
    pub ping_every: Duration,
    /// How many HTTP/2 frames that carry nothing (pings, settings, resets) may come in a heap ...
    pub idle_frames_burst: u32,
    /// ... and how many each second after that.
    pub idle_frames_per_second: u32,
    /// How long the server goes on after it has said that it is not ready, so that others can see it.
    pub lame_duck: Duration,
    /// How long what is under way may take after the server stopped accepting.
    pub drain_time: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            connections_per_address_max: 1_000,
            head_bytes_max: 32 * 1024,
            headers_max: 100,
            target_bytes_max: 8 * 1024,
            head_time: Duration::from_secs(6),
            patience: Duration::from_secs(6),
            bytes_per_second_min: 1024,
            idle_time: Duration::from_secs(60),
            handshake_time: Duration::from_secs(8),
            streams_max: 100,
            ping_every: Duration::from_secs(20),
            idle_frames_burst: 1_000,
            idle_frames_per_second: 200,
            lame_duck: Duration::from_secs(3),
            drain_time: Duration::from_secs(25),
        }
    }
}
