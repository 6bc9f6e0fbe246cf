//! Traces as a real collector gets them from the running binary.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use testkit::serve::{Reply, Serve, ask};

use crate::World;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// A collector that writes down what it gets.
pub(crate) struct Collector {
    child: Child,
    out: PathBuf,
    port: u16,
}

impl Collector {
    /// Starts one that writes into a folder.
    pub(crate) fn start(folder: &Path) -> Self {
        let (port, other) = (free_port(), free_port());
        let out = folder.join("collector");
        let child = Command::new(program())
            .args(["start", "--exporter", "blackhole", "--debug-log", "traces"])
            .args([
                "--debug-log-verbosity",
                "detailed",
                "--batch-timeout",
                "100ms",
            ])
            .arg("--pid-file")
            .arg(folder.join("collector.pid"))
            .args(["--otlp-http-endpoint", &format!("127.0.0.1:{port}")])
            .args(["--otlp-grpc-endpoint", &format!("127.0.0.1:{other}")])
            .stdout(std::fs::File::create(&out).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let collector = Self { child, out, port };
        let up = until(|| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        assert!(up, "the collector does not start: {}", collector.got());
        collector
    }

    pub(crate) fn endpoint(&self) -> String {
        format!(
            "telemetry.endpoint=http://127.0.0.1:{}/v1/traces",
            self.port
        )
    }

    /// All that it got so far.
    pub(crate) fn got(&self) -> String {
        std::fs::read_to_string(&self.out).unwrap_or_default()
    }

    /// Waits until it got something.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        let came = until(|| self.got().contains(text));
        assert!(came, "no {text} in {}", self.got());
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing to kill.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// The package brings its program beside its Python files.
fn program() -> PathBuf {
    let python = testkit::programs::tool("rotel", "python");
    let lib = python.parent().unwrap().parent().unwrap().join("lib");
    let versions = std::fs::read_dir(lib).unwrap().flatten();
    let mut programs =
        versions.map(|version| version.path().join("site-packages/rotel/rotel-agent"));
    programs.find(|program| program.is_file()).unwrap()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

pub(crate) fn until(mut done: impl FnMut() -> bool) -> bool {
    let mut tries = 0..400;
    tries.any(|_| {
        let is_done = done();
        if !is_done {
            std::thread::sleep(Duration::from_millis(50));
        }
        is_done
    })
}

fn get(serve: &Serve, path: &str) -> Reply {
    let parent = format!("00-{TRACE}-{PARENT}-01");
    ask(serve.http(), "GET", path, &[("traceparent", &parent)], "")
}

/// The sum of a metric over its labels.
pub(crate) fn metric(serve: &Serve, name: &str) -> f64 {
    let text = ask(serve.admin(), "GET", "/metrics", &[], "").body;
    let lines = text.lines().filter(|line| line.starts_with(name));
    lines
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
        .sum()
}

#[test]
fn a_request_arrives_at_the_collector_in_the_trace_of_who_asked() {
    let world = World::new();
    let collector = Collector::start(world.0.folder());
    let world = world.with(&["--set", &collector.endpoint(), "--set", "telemetry.ratio=1"]);
    let serve = world.serve();
    let reply = get(&serve, "/api/info");
    let given_back = reply.header("traceparent").unwrap().to_owned();
    assert!(
        given_back.starts_with(&format!("00-{TRACE}-")),
        "{given_back}"
    );
    let own = given_back.split('-').nth(2).unwrap();
    collector.wait_for("Name           : GET /api/info");
    let got = collector.got();
    let span = got
        .split("Span #")
        .find(|span| span.contains("GET /api/info"));
    let span = span.unwrap();
    for part in [
        format!("Trace ID       : {TRACE}"),
        format!("Parent ID      : {PARENT}"),
        format!("    ID             : {own}"),
        "Kind           : SPAN_KIND_SERVER".to_owned(),
        "http.route: Str(/api/info)".to_owned(),
        "http.response.status_code: Int(200)".to_owned(),
    ] {
        assert!(span.contains(&part), "no {part} in {span}");
    }
    assert!(got.contains("service.name: Str(comanda)"), "{got}");
    assert!(until(|| metric(&serve, "spans_exported_total") >= 1.0));
    // What is kept when the process is told to end still arrives.
    let last = get(&serve, "/api/health/live");
    assert_eq!(last.status, 200);
    assert!(serve.stop().success());
    collector.wait_for("Name           : GET /api/health/live");
}

#[test]
fn what_is_neither_drawn_nor_failed_is_not_sent() {
    let world = World::new();
    let collector = Collector::start(world.0.folder());
    let sets = ["--set", "telemetry.ratio=0", "--set", "telemetry.slow=1h"];
    let world = world.with(&[["--set", &collector.endpoint()].as_slice(), &sets].concat());
    let serve = world.serve();
    assert_eq!(get(&serve, "/api/info").status, 200);
    assert_eq!(get(&serve, "/api/nothing-there").status, 404);
    assert!(serve.stop().success());
    assert!(!collector.got().contains("Span #"), "{}", collector.got());
}

#[test]
fn a_collector_that_is_away_costs_nothing_but_counted_traces() {
    let gone = format!(
        "telemetry.endpoint=http://127.0.0.1:{}/v1/traces",
        free_port()
    );
    let world = World::new().with(&["--set", &gone, "--set", "telemetry.ratio=1"]);
    let serve = world.serve();
    let began = metric(&serve, "http_requests_total");
    for _ in 0..40 {
        assert_eq!(get(&serve, "/api/info").status, 200);
    }
    assert!(metric(&serve, "http_requests_total") >= began + 40.0);
    assert!(until(|| metric(&serve, "traces_dropped_total") >= 40.0));
    assert_eq!(metric(&serve, "spans_exported_total"), 0.0);
    assert!(serve.stop().success());
}
