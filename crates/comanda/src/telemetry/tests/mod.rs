//! What reaches the log and the collector, in process.

mod lines;
mod sending;
mod spans;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::{Clock, Random, Time};
use edge::Context;
use edge::observe::Observation;
use http::{HeaderMap, Method};

use super::log::Writer;

/// Keeps what is written.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Buffer {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn clock() -> Clock {
    Clock::simulated("2026-11-21T08:00:00Z".parse::<Time>().unwrap())
}

fn request(clock: &Clock, headers: &[(&'static str, &str)]) -> Observation {
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        all.append(*name, value.parse().unwrap());
    }
    let context = Context::of(&all, &Random::seeded(7));
    Observation::begin(&context, clock, &Method::GET, Some("/api/things/{thing}"))
}

fn levels(levels: &str) -> crate::config::log::Log {
    toml::from_str(&format!("format = \"json\"\nlevels = \"{levels}\"")).unwrap()
}

fn written(writer: &Writer, buffer: &Buffer) -> String {
    writer.lines().flush(Duration::from_secs(10));
    buffer.text()
}
