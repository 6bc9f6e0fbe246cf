//! The log: one line an event, written by a thread of its own.
//!
//! Each line carries time, level, target and message, and within a request its organisation, correlation and trace
//! id. All texts are escaped, so nothing that a stranger sends can begin a line or steer a terminal.

mod fields;
mod line;
mod writer;

use std::cell::RefCell;

use base::Clock;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

pub(crate) use line::Look;
pub(crate) use writer::{Lines, Writer};

/// A line that grew beyond this gives its memory back.
const KEPT_BYTES_MAX: usize = 16 * 1024;

/// Writes events down.
pub(crate) struct Log {
    pub(crate) clock: Clock,
    pub(crate) look: Look,
    pub(crate) lines: Lines,
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        thread_local! {
            static LINE: RefCell<String> = const { RefCell::new(String::new()) };
        }
        LINE.with(|line| {
            // An event within the writing of another one cannot have the place; it is one of a Debug
            // implementation that logs, and is left out.
            let Ok(mut line) = line.try_borrow_mut() else {
                return;
            };
            line.clear();
            line::write(&mut line, self.look, self.clock.now(), event);
            self.lines.send(line.as_bytes());
            if line.capacity() > KEPT_BYTES_MAX {
                *line = String::new();
            }
        });
    }
}
