//! One server process that cannot outlive the test process.
//!
//! A small shell process holds the reading end of a pipe. When the test process ends, by return, panic
//! or SIGKILL, the kernel closes the writing end; the shell then stops the server and removes its folder.
//! A signal on the death of the parent would not do: it is tied to the thread that started the child, and
//! a test's thread ends long before the process.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use crate::programs::Account;

const SCRIPT: &str = include_str!("watchdog.sh");
const POLL: Duration = Duration::from_millis(10);
const POLLS_MAX: u32 = 3_000;

/// A server process, its folder, and the shell that ends both.
#[derive(Debug)]
pub(crate) struct Watchdog {
    folder: PathBuf,
    shell: Child,
    orders: Option<ChildStdin>,
}

impl Watchdog {
    /// Takes charge of the folder. The server itself starts by [`Watchdog::start`].
    pub(crate) fn guard(
        folder: PathBuf,
        account: Account,
        signal: &str,
        command: &[String],
    ) -> Self {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "watchdog"])
            .arg(&folder)
            .arg(signal)
            .args(account.prefix())
            .args(command)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own: an interrupt typed at the terminal must not hit the shell first.
            .process_group(0)
            .spawn()
            .expect("cannot start /bin/sh");
        let orders = shell.stdin.take();
        Self {
            folder,
            shell,
            orders,
        }
    }

    /// Starts the server and waits until `is_ready`. Says with the log what went wrong otherwise.
    pub(crate) fn start(&mut self, is_ready: impl Fn() -> bool) -> Result<(), String> {
        self.order("start");
        for _ in 0..POLLS_MAX {
            std::thread::sleep(POLL);
            if is_ready() {
                return Ok(());
            }
            if self.server().is_some_and(is_dead) {
                return Err(self.log());
            }
        }
        Err(format!("not ready in time; {}", self.log()))
    }

    /// Stops the server at once, as a crash would, and keeps its folder.
    pub(crate) fn stop(&mut self) {
        self.order("stop");
        for _ in 0..POLLS_MAX {
            if self.server().is_none() {
                return;
            }
            std::thread::sleep(POLL);
        }
        panic!("the server does not stop; {}", self.log());
    }

    /// The process id of the server, while it was told to run.
    pub(crate) fn server(&self) -> Option<u32> {
        let text = std::fs::read_to_string(self.folder.join("pid")).ok()?;
        text.trim().parse().ok()
    }

    /// What the server wrote so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn order(&mut self, word: &str) {
        self.orders
            .as_mut()
            .and_then(|orders| writeln!(orders, "{word}").ok())
            .expect("the shell that watches the server is gone");
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.orders = None;
        // Waiting makes "dropped" mean "gone"; a shell that was killed has nothing to wait for.
        let _ = self.shell.wait();
    }
}

/// A process that has ended but was not yet waited for counts as dead.
fn is_dead(process: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{process}/stat")) {
        Ok(stat) => stat
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.trim_start().starts_with('Z')),
        Err(_) => true,
    }
}
