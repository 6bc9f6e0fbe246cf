//! Part (c): what the program holds in memory with 50,000 restaurants, on PostgreSQL, after everybody's menu was read.
//!
//! The program itself runs, made by `cargo build --release`, filled by its own `demo`. Then all restaurants are listed and
//! every menu is asked for once, so that each cache is as full as it may be. What counts is the most that was resident.

use std::path::PathBuf;
use std::time::Duration;

use load::{Figure, Goal};
use testkit::postgres::{Database, Server, Settings};
use testkit::serve::{Serve, Start};

use crate::Outcome;
use crate::options::Options;

/// What may be resident.
const RESIDENT_MIB: f64 = 1_536.0;
/// How long the program may take to read all restaurants.
const READ_WITHIN: u32 = 600;
const EVERYBODY: usize = 8;

/// Runs the program over a server of its own.
pub(crate) fn run(options: &Options) -> Outcome<Vec<Figure>> {
    let program = program()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let server = Server::start(&Settings::default());
    let (words, _databases) = runtime.block_on(places(&server));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let start = Start::new(program);
    let count = options.restaurants.to_string();
    let demo = [
        "demo",
        "--without-pictures",
        "--migrate",
        "--restaurants",
        &count,
    ];
    let filled = start.run(&[&demo, words.as_slice()].concat());
    if !filled.status.success() {
        let said = String::from_utf8_lossy(&filled.stderr).into_owned();
        start.remove();
        return Err(format!("`comanda demo` failed: {said}").into());
    }
    println!("memory: {count} restaurants are filled in");
    let many = ["--set", "edge.rate_read=4000000"];
    let serve = start
        .clone()
        .with(words.iter().chain(&many).copied())
        .serve();
    let serve = serve.map_err(|refused| format!("the program did not start: {refused:?}"))?;
    let resident = fill_memory(&serve, options);
    serve.kill();
    start.remove();
    Ok(vec![Figure::new(
        "resident_50000_mib",
        "MiB",
        resident?,
        RESIDENT_MIB,
        Goal::AtMost(1.0),
    )])
}

/// The program beside this one: `target/release/comanda` for `target/release/deps/menus-…`.
fn program() -> Outcome<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(|deps| deps.parent());
    let program = folder.ok_or("this program lies nowhere")?.join("comanda");
    match program.is_file() {
        true => Ok(program),
        false => Err("part memory needs the program: cargo build --release -p comanda".into()),
    }
}

async fn places(server: &Server) -> (Vec<String>, Vec<Database>) {
    let mut words = vec!["--set".to_owned(), "storage.owner_role=postgres".to_owned()];
    let mut databases = Vec::new();
    for key in ["control", "people", "audit", "keys", "shards.main"] {
        let database = server.database(None).await;
        let (host, port, name) = (database.host(), database.port(), database.name());
        words.push("--set".to_owned());
        words.push(format!(
            "storage.{key}=host={host} port={port} dbname={name}"
        ));
        databases.push(database);
    }
    (words, databases)
}

/// Lists all and reads every menu; the most that was resident meanwhile, in MiB.
fn fill_memory(serve: &Serve, options: &Options) -> Outcome<f64> {
    let wanted = usize::try_from(options.restaurants)?;
    let mut seconds = 0;
    while serve.get("/api/restaurants?limit=1").status != 200 {
        seconds += 1;
        if seconds > READ_WITHIN {
            return Err("the restaurants are not read in time".into());
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    // What `demo` has published last may still be on its way.
    let mut ids = listed(serve)?;
    while ids.len() < wanted && seconds < READ_WITHIN {
        seconds += 5;
        std::thread::sleep(Duration::from_secs(5));
        ids = listed(serve)?;
    }
    println!(
        "memory: {} restaurants are read after {seconds} s, {:.0} MiB",
        ids.len(),
        resident_mib(serve.process())
    );
    let part = ids.len().div_ceil(EVERYBODY).max(1);
    let failed: usize = std::thread::scope(|scope| {
        let readers = ids.chunks(part).map(|ids| {
            scope.spawn(move || {
                let menu = |id: &&String| {
                    let path = format!("/api/restaurants/{id}/menu?service=delivery");
                    serve.get(&path).status != 200
                };
                ids.iter().filter(menu).count()
            })
        });
        let readers: Vec<_> = readers.collect();
        let failed = readers.into_iter().map(|reader| reader.join().unwrap_or(1));
        failed.sum()
    });
    let most = resident_mib(serve.process());
    println!("memory: {most:.0} MiB after every menu was read; {failed} were not");
    Ok(most)
}

/// The ids of all restaurants, page by page.
fn listed(serve: &Serve) -> Outcome<Vec<String>> {
    let (mut ids, mut next) = (Vec::new(), "/api/restaurants?limit=100".to_owned());
    loop {
        let reply = serve.get(&next);
        let page: serde_json::Value = serde_json::from_str(&reply.body)?;
        let items = page["items"].as_array().ok_or("no list was answered")?;
        ids.extend(
            items
                .iter()
                .filter_map(|item| Some(item["id"].as_str()?.to_owned())),
        );
        match page["next"].as_str() {
            Some(cursor) => next = format!("/api/restaurants?limit=100&cursor={cursor}"),
            None => return Ok(ids),
        }
    }
}

/// The most that a process had in memory at a time.
fn resident_mib(process: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    kib.unwrap_or_default() / 1_024.0
}
