//! Other processes: this test binary once more, running one ignored test that takes its orders from its input.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

use base::{Clock, Random};
use store::{Database, Place};

use super::world::{Truth, World, settings};

/// What stands before every word of a child, so that the words of the test harness are not taken for it.
const MARK: char = '#';

/// A running child. It is killed when this value is dropped.
pub(crate) struct Child {
    process: std::process::Child,
    input: ChildStdin,
    output: Option<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts the test of this name, of the module that `module_path!()` names, and gives it its first order.
    pub(crate) fn start(module: &str, test: &str, order: &str) -> Self {
        let (_, module) = module.split_once("::").unwrap();
        let test = format!("{module}::{test}");
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                &test,
                "--ignored",
                "--nocapture",
                "--test-threads=1",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = process.stdout.take().map(BufReader::new);
        let input = process.stdin.take().unwrap();
        let mut child = Child {
            process,
            input,
            output,
        };
        child.tell(order);
        child
    }

    /// Gives an order.
    pub(crate) fn tell(&mut self, order: &str) {
        writeln!(self.input, "{order}").unwrap();
    }

    /// The next words of the child; none when it has ended.
    pub(crate) fn hear(&mut self) -> Option<String> {
        hear(self.output.as_mut().unwrap())
    }

    /// Writes down everything that the child says from now on, until it has ended.
    #[allow(dead_code, reason = "the drills use it")]
    pub(crate) fn record(&mut self) -> JoinHandle<Vec<String>> {
        let mut output = self.output.take().unwrap();
        let record = move || std::iter::from_fn(|| hear(&mut output)).collect();
        std::thread::Builder::new().spawn(record).unwrap()
    }

    /// Waits for exactly these words.
    pub(crate) fn expect(&mut self, word: &str) {
        assert_eq!(self.hear().as_deref(), Some(word));
    }

    /// Ends it as nothing can be caught.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

fn hear(output: &mut BufReader<ChildStdout>) -> Option<String> {
    let mut line = String::new();
    while output.read_line(&mut line).unwrap() > 0 {
        // A line without its end was cut short by the death of the child.
        let whole = line.strip_suffix('\n');
        if let Some((_, said)) = whole.and_then(|line| line.split_once(MARK)) {
            return Some(said.to_owned());
        }
        line.clear();
    }
    None
}

/// In a child: says something.
pub(crate) fn say(words: &str) {
    let mut out = std::io::stdout().lock();
    // One write, so that a kill leaves whole lines.
    out.write_all(format!("{MARK}{words}\n").as_bytes())
        .unwrap();
    out.flush().unwrap();
}

/// In a child: waits for the next order; none when nobody gives one.
pub(crate) fn order() -> Option<String> {
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line).unwrap();
    (read > 0).then(|| line.trim_end().to_owned())
}

/// Names a world in one word, for a child.
pub(crate) fn name(world: &World) -> String {
    match &world.truth {
        Truth::Postgres(database) => format!("postgres:{}:{}", database.port(), database.name()),
        Truth::Sqlite { file, .. } => format!("sqlite:{}", file.display()),
        Truth::Elsewhere => panic!("a child has no children"),
    }
}

/// In a child: the database of that name, with a clock and a source of ids.
pub(crate) fn open(name: &str) -> (Place, Database, Clock, Random) {
    let place = match name.split_once(':').unwrap() {
        ("sqlite", file) => Place::File(Path::new(file).to_owned()),
        (_, address) => {
            let (port, name) = address.split_once(':').unwrap();
            Place::Postgres(Box::new(settings(port.parse().unwrap(), name)))
        }
    };
    let clock = Clock::real();
    let database = Database::open(&place, &clock).unwrap();
    (place, database, clock, Random::real())
}
