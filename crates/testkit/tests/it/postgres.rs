//! The server: settings, databases, crash, and that nothing of it outlives the process.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use testkit::postgres::{Server, Settings};

async fn show(server: &Server, name: &str) -> String {
    let rows = server
        .execute_as_superuser("postgres", &format!("SHOW {name}"))
        .await;
    rows[0].get(0).unwrap().to_owned()
}

#[tokio::test]
async fn the_shared_server_is_quick_and_checked() {
    let server = Server::shared();
    assert_eq!(show(server, "fsync").await, "off");
    assert_eq!(show(server, "data_checksums").await, "on");
    assert_eq!(show(server, "max_connections").await, "300");
    assert_eq!(show(server, "timezone").await, "UTC");
    assert_eq!(show(server, "listen_addresses").await, "127.0.0.1");
    assert!(std::ptr::eq(server, Server::shared()));
}

#[tokio::test]
async fn a_server_never_runs_as_root() {
    let pid_file = Server::shared().folder().join("data/postmaster.pid");
    let text = std::fs::read_to_string(pid_file).unwrap();
    let process = text.lines().next().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let owner = status.lines().find(|line| line.starts_with("Uid:"));
    let fields: Vec<&str> = owner.unwrap().split_whitespace().collect();
    assert!(fields[1..].iter().all(|uid| *uid != "0"), "{fields:?}");
}

#[tokio::test]
async fn databases_start_empty_with_collation_c_and_are_dropped() {
    let server = Server::shared();
    let database = server.database(None).await;
    let client = database.connect("postgres").await;
    let sql = "SELECT datcollate, datctype FROM pg_database WHERE datname = current_database()";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), ("C", "C"));
    assert!(database.url("postgres").ends_with(database.name()));

    let gone = format!(
        "SELECT 1 FROM pg_database WHERE datname = '{}'",
        database.name()
    );
    drop(database);
    for _ in 0..500 {
        if server
            .execute_as_superuser("postgres", &gone)
            .await
            .is_empty()
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the database is still there");
}

#[tokio::test]
async fn a_template_is_filled_once_and_copied() {
    let server = Server::shared();
    let fill = async |database: &testkit::postgres::Database| {
        database
            .execute_as_superuser("CREATE TABLE dish AS SELECT 'soup' AS name")
            .await;
    };
    let (first, second) = tokio::join!(server.template("menu", fill), async {
        server
            .template("menu", async |_| panic!("filled twice"))
            .await
    });
    assert_eq!(first, second);
    let (left, right) = tokio::join!(
        server.database(Some(&first)),
        server.database(Some(&second))
    );
    left.execute_as_superuser("DELETE FROM dish").await;
    let rows = right.execute_as_superuser("SELECT name FROM dish").await;
    assert_eq!(rows[0].get(0), Some("soup"));
}

#[tokio::test]
#[should_panic(expected = "syntax error")]
async fn a_failing_statement_of_the_superuser_fails_the_test() {
    Server::shared()
        .execute_as_superuser("postgres", "SELEKT 1")
        .await;
}

#[tokio::test]
async fn a_durable_server_keeps_commits_over_a_crash_and_leaves_nothing_behind() {
    let server = Server::start(&Settings::durable().with("work_mem", "5MB"));
    assert_eq!(show(&server, "fsync").await, "on");
    assert_eq!(show(&server, "work_mem").await, "5MB");
    let database = server.database(None).await;
    database
        .execute_as_superuser("CREATE TABLE kept AS SELECT 7 AS n")
        .await;
    server.crash();
    assert!(TcpStream::connect(server.address()).is_err());
    server.restart();
    let rows = database.execute_as_superuser("SELECT n FROM kept").await;
    assert_eq!(rows[0].get(0), Some("7"));
    assert!(server.log().contains("automatic recovery in progress"));

    let (folder, address) = (server.folder().to_owned(), server.address());
    drop(database);
    drop(server);
    assert!(!folder.exists());
    assert!(TcpStream::connect(address).is_err());
}

/// Not a test: the process that the test below kills.
#[test]
#[ignore = "started by the test of the watchdog, as a process of its own"]
fn a_process_with_a_server() {
    let server = Server::start(&Settings::default());
    let folder = server.folder().display().to_string();
    eprintln!("server {} {folder}", server.address().port());
    std::thread::sleep(Duration::from_secs(120));
}

fn start_process_with_server() -> (Child, u16, PathBuf) {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "postgres::a_process_with_a_server", "--ignored"])
        .arg("--nocapture")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let line = lines
        .find_map(|line| line.unwrap().strip_prefix("server ").map(str::to_owned))
        .unwrap();
    let (port, folder) = line.split_once(' ').unwrap();
    (process, port.parse().unwrap(), PathBuf::from(folder))
}

fn wait_until_gone(port: u16, folder: &Path) {
    for _ in 0..1_000 {
        if !folder.exists() && TcpStream::connect(("127.0.0.1", port)).is_err() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("port {port} or {} is still there", folder.display());
}

#[test]
fn a_killed_process_leaves_neither_server_nor_folder() {
    let (mut process, port, folder) = start_process_with_server();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    process.kill().unwrap();
    process.wait().unwrap();
    wait_until_gone(port, &folder);
}
