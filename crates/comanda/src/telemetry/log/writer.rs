//! The thread that writes lines out. Whoever logs never waits for it: what finds no room is dropped and counted.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::Builder;
use std::time::Duration;

use base::{Error, Result, codes};

/// How many lines may wait.
const WAITING_MAX: usize = 8_192;
/// How often a thread that has nothing to write looks whether lines were dropped.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Takes lines. Clones lead to the same thread.
#[derive(Clone)]
pub(crate) struct Lines {
    sender: SyncSender<Order>,
    dropped: Arc<AtomicU64>,
}

enum Order {
    Line(Box<[u8]>),
    Flush(SyncSender<()>),
    End,
}

impl Lines {
    /// Leaves a line to be written.
    pub(crate) fn send(&self, line: &[u8]) {
        match self.sender.try_send(Order::Line(line.into())) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                metrics::counter!("log_lines_dropped_total").increment(1);
            }
        }
    }

    /// Counts the lines that found no room.
    #[cfg(test)]
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits until all lines of before are written, at most so long.
    pub(crate) fn flush(&self, within: Duration) {
        let (done, wait) = sync_channel(1);
        // A queue that is full will be written when it can; there is nothing more to be had by waiting.
        if self.sender.try_send(Order::Flush(done)).is_ok() {
            let _late = wait.recv_timeout(within);
        }
    }
}

/// Stands for the thread; when it is dropped, what is left is written and the thread ends.
pub(crate) struct Writer {
    lines: Lines,
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(out: impl Write + Send + 'static) -> Result<Self> {
        let (sender, orders) = sync_channel(WAITING_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&dropped);
        Builder::new()
            .name("log".to_owned())
            .spawn(move || write(&orders, &counted, out))
            .map_err(|error| {
                Error::internal(codes::INTERNAL, "the thread of the log cannot be started")
                    .caused_by(error)
            })?;
        Ok(Self {
            lines: Lines { sender, dropped },
        })
    }

    /// Gives the way to it.
    pub(crate) fn lines(&self) -> Lines {
        self.lines.clone()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The thread is not waited for: one that hangs in a dead pipe must not hold up the end of the process.
        self.lines.flush(Duration::from_secs(2));
        let _full = self.lines.sender.try_send(Order::End);
    }
}

fn write(orders: &Receiver<Order>, dropped: &AtomicU64, mut out: impl Write) {
    let mut told = 0;
    loop {
        match orders.recv_timeout(LOOK_EVERY) {
            // Nobody can be told that the log cannot be written, so failures end here.
            Ok(Order::Line(line)) => drop(out.write_all(&line)),
            Ok(Order::Flush(done)) => {
                let _failed = out.flush();
                let _gone = done.send(());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Ok(Order::End) | Err(RecvTimeoutError::Disconnected) => return,
        }
        let lost = dropped.load(Ordering::Relaxed);
        if lost > told {
            tracing::warn!(lines = lost - told, "lines of the log were dropped");
            told = lost;
        }
    }
}
