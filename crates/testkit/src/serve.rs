//! The program itself: `comanda serve` on free ports in a folder of its own, asked over real connections.
//!
//! It takes the path of the program, so this crate need not know it. Whatever a test forgets to stop is killed when
//! its value goes.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::folder;

const POLL: Duration = Duration::from_millis(5);
/// A minute of polls: starting on a busy machine may be slow, and a test of speed measures for itself.
const POLLS_MAX: u32 = 12_000;
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// How the program is started.
#[derive(Clone, Debug)]
pub struct Start {
    program: PathBuf,
    folder: PathBuf,
    words: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Start {
    /// The program at this path, on an empty folder for temporary files.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self::inside(program, &std::env::temp_dir())
    }

    /// The same with its folder in this one, for what must not lie in memory.
    #[must_use]
    pub fn inside(program: impl Into<PathBuf>, parent: &Path) -> Self {
        Self {
            program: program.into(),
            folder: folder::create(parent, "serve"),
            words: Vec::new(),
            variables: Vec::new(),
        }
    }

    /// Adds words to the command line, after `serve`.
    #[must_use]
    pub fn with<T: Into<String>>(mut self, words: impl IntoIterator<Item = T>) -> Self {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Where the data are.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The folder around the data, for files beside them. It is never removed by this value; see [`Serve`].
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts the program and waits until it answers requests.
    ///
    /// # Errors
    /// It ended before; what it said and how it ended.
    pub fn serve(&self) -> Result<Serve, Refused> {
        let log = self.folder.join("log");
        let out = self.folder.join("out");
        let create = |path: &Path| std::fs::File::create(path).expect("no file for the output");
        let mut command = Command::new(&self.program);
        command
            .args(["serve", "--ready-json", "--data"])
            .arg(self.data())
            .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .args(["--set", "listen.trust=127.0.0.1:0"])
            .args(&self.words)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(create(&out))
            .stderr(create(&log));
        let child = command.spawn().expect("the program does not start");
        let mut serve = Serve {
            child,
            start: self.clone(),
            ready: String::new(),
        };
        for _ in 0..POLLS_MAX {
            let text = std::fs::read_to_string(&out).unwrap_or_default();
            let whole = text.lines().find(|line| line.starts_with("{\"ready\""));
            if let Some(line) = whole.filter(|_| text.ends_with('\n')) {
                serve.ready = line.to_owned();
                return Ok(serve);
            }
            if let Ok(Some(status)) = serve.child.try_wait() {
                let said = serve.said();
                return Err(Refused { status, said });
            }
            std::thread::sleep(POLL);
        }
        panic!("not ready in time: {}", serve.said());
    }

    /// Runs another command of the program on the same folder to its end.
    ///
    /// # Panics
    /// The program cannot be started.
    #[must_use]
    pub fn run(&self, words: &[&str]) -> std::process::Output {
        Command::new(&self.program)
            .args(words)
            .arg("--data")
            .arg(self.data())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .output()
            .expect("the program does not start")
    }

    /// Removes the folder with all that was kept.
    pub fn remove(&self) {
        // What cannot be removed now goes with the temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The program ended instead of answering requests.
#[derive(Debug)]
pub struct Refused {
    /// How it ended.
    pub status: ExitStatus,
    /// What it said on both outputs.
    pub said: String,
}

/// A running program. It is killed when this value goes; its folder stays for the next start.
#[derive(Debug)]
pub struct Serve {
    child: Child,
    start: Start,
    ready: String,
}

/// An answer over HTTP.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The lines of the head after the first, as they came.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Reply {
    /// The value of a header, by its name in small letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

impl Serve {
    /// A value of the line that says that it is ready, such as `http`, `admin`, `trust` or `setup`.
    #[must_use]
    pub fn ready(&self, name: &str) -> Option<&str> {
        let begin = format!("\"{name}\":\"");
        let at = self.ready.find(&begin)? + begin.len();
        self.ready[at..].split('"').next()
    }

    /// Where requests are answered.
    ///
    /// # Panics
    /// The program did not say so.
    #[must_use]
    pub fn http(&self) -> SocketAddr {
        self.address("http")
    }

    /// Where metrics are.
    ///
    /// # Panics
    /// The program did not say so.
    #[must_use]
    pub fn admin(&self) -> SocketAddr {
        self.address("admin")
    }

    /// An address of the line that says that it is ready.
    ///
    /// # Panics
    /// The program did not say so.
    #[must_use]
    pub fn address(&self, name: &str) -> SocketAddr {
        let text = self.ready(name).unwrap_or_default();
        text.parse()
            .unwrap_or_else(|_| panic!("no address {name} in {}", self.ready))
    }

    /// The id of the process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// All that it wrote so far.
    #[must_use]
    pub fn said(&self) -> String {
        let read = |name| std::fs::read_to_string(self.start.folder.join(name)).unwrap_or_default();
        read("out") + &read("log")
    }

    /// Asks for a page or an answer.
    #[must_use]
    pub fn get(&self, path: &str) -> Reply {
        ask(self.http(), "GET", path, &[], "")
    }

    /// Sends JSON.
    #[must_use]
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let all = [&[("content-type", "application/json")], headers].concat();
        ask(self.http(), "POST", path, &all, body)
    }

    /// Sends a signal by its name, such as `TERM`.
    ///
    /// # Panics
    /// The signal cannot be sent.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status()
            .expect("no program `kill`");
        assert!(status.success(), "the signal {name} was not taken");
    }

    /// Stops it in order and answers how it ended.
    ///
    /// # Panics
    /// It does not end within a minute.
    pub fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// It does not end within a minute.
    pub fn wait(&mut self) -> ExitStatus {
        for _ in 0..POLLS_MAX {
            if let Some(status) = self.child.try_wait().expect("the process is not ours") {
                return status;
            }
            std::thread::sleep(POLL);
        }
        panic!("it does not end: {}", self.said());
    }

    /// Kills it as a power cut would, without a word.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // It may have ended by itself, and then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        self.end();
    }
}

/// One request over a connection of its own, without encryption.
///
/// # Panics
/// There is no answer, or it is no HTTP.
#[must_use]
pub fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    try_ask(address, method, path, headers, body)
        .unwrap_or_else(|error| panic!("{method} {path} at {address}: {error}"))
}

/// The same, for a server that may be gone.
///
/// # Errors
/// There is no answer, or it is no HTTP.
pub fn try_ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_WITHIN)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    stream.set_write_timeout(Some(ANSWER_WITHIN))?;
    stream.write_all(request(address, method, path, headers, body).as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    reply(&bytes).ok_or_else(|| std::io::Error::other("the answer is no HTTP"))
}

/// A whole request as text; the connection is to be closed after the answer.
#[must_use]
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || method != "GET" {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    text + "\r\n" + body
}

/// Reads an answer that came whole.
#[must_use]
pub fn reply(bytes: &[u8]) -> Option<Reply> {
    let at = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
    let (first, head) = head.split_once("\r\n")?;
    let status = first.split(' ').nth(1)?.parse().ok()?;
    let reply = Reply {
        status,
        head: head.to_owned(),
        body: String::new(),
    };
    let is_chunked = reply.header("transfer-encoding") == Some("chunked");
    let body = &bytes[at + 4..];
    let body = if is_chunked {
        unchunk(body)?
    } else {
        body.to_vec()
    };
    Some(Reply {
        body: String::from_utf8_lossy(&body).into_owned(),
        ..reply
    })
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let at = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..at]).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        rest = &rest[at + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_with_and_without_chunks() {
        let plain = reply(b"HTTP/1.1 200 OK\r\nA: b\r\ncontent-length: 2\r\n\r\nhi").unwrap();
        assert_eq!(
            (plain.status, &*plain.body, plain.header("a")),
            (200, "hi", Some("b"))
        );
        let chunked =
            b"HTTP/1.1 404 X\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n3\r\n ho\r\n0\r\n\r\n";
        assert_eq!(reply(chunked).unwrap().body, "hi ho");
        assert!(reply(b"SSH-2.0").is_none());
    }
}
