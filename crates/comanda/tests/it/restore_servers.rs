//! PostgreSQL: a server is backed up and archived while it is written, and restored to a chosen moment.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base::Time;
use testkit::postgres::{Server, Settings};
use testkit::trial::{Home, Order, World};

use crate::backup::{Folder, command, names, ran, well};

const STEP: Duration = Duration::from_millis(100);
const MARKS: usize = 20;

/// The archive as it runs; it is stopped when the test ends.
struct Archive(Child);

impl Drop for Archive {
    fn drop(&mut self) {
        let id = self.0.id().to_string();
        let stopped = Command::new("kill").args(["-TERM", &id]).status();
        if !stopped.is_ok_and(|status| status.success()) {
            let _gone = self.0.kill();
        }
        let _ended = self.0.wait();
    }
}

/// An order and when it was on its way.
struct Mark {
    begun: Time,
    answered: Time,
}

/// A settings file that names the databases of this world.
fn settings(folder: &Folder, world: &World) -> PathBuf {
    let database = |database: Option<&testkit::postgres::Database>| {
        let database = database.unwrap();
        let (host, port) = (database.host(), database.port());
        format!("\"host={host} port={port} dbname={}\"", database.name())
    };
    let mut text = String::from("[storage]\nowner_role = \"postgres\"\nregion = \"here\"\n");
    let _ = writeln!(text, "data = {:?}", folder.join("data"));
    let _ = writeln!(text, "control = {}", database(world.control_on_server()));
    let _ = writeln!(text, "people = {}", database(world.people_on_server()));
    let _ = writeln!(text, "audit = {}", database(world.audit_on_server()));
    let _ = writeln!(text, "keys = {}", database(world.keys_on_server()));
    let shard = database(world.shard_on_server());
    let _ = writeln!(text, "shards = {{ one = {shard} }}");
    let path = folder.join("comanda.toml");
    fs::write(&path, text).unwrap();
    path
}

/// One order each tenth of a second.
async fn mark(world: &World, home: &Home, marks: usize) -> Vec<Mark> {
    let mut made = Vec::new();
    for _ in 0..marks {
        let begun = world.clock.now();
        let (clock, random) = (&world.clock, &world.random);
        let order = Order::new(clock, random, home.organisation, home.restaurant, home.dish);
        let commit = order.commit(clock, random);
        let stored = world.db.commit(commit, &world.db.deadline()).await;
        stored.unwrap();
        let answered = world.clock.now();
        made.push(Mark { begun, answered });
        tokio::time::sleep(STEP).await;
    }
    made
}

/// Waits until the archive says that it is complete up to this moment.
async fn archived(to: &Path, until: Time) {
    for _ in 0..200 {
        for server in names(&to.join("wal")) {
            let path = to.join("wal").join(server).join("contact.json");
            let text = fs::read_to_string(path).unwrap_or_default();
            let time = text.split('"').find_map(|word| word.parse::<Time>().ok());
            if time.is_some_and(|time| time >= until) {
                return;
            }
        }
        tokio::time::sleep(STEP).await;
    }
    panic!("the archive does not come so far");
}

/// How many orders a restored server has, asked of its files alone.
fn orders(data: &Path, database: &str) -> usize {
    let server = data.join(&names(data)[0]);
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&server).unwrap());
    let major = fs::read_to_string(server.join("PG_VERSION")).unwrap();
    let folder = Path::new("/usr/lib/postgresql")
        .join(major.trim())
        .join("bin");
    let program = folder.join("postgres");
    let program = if program.exists() {
        program
    } else {
        "postgres".into()
    };
    let mut single = Command::new(program);
    single.args(["--single", "-D"]).arg(&server);
    single.args([
        "-c",
        "config_file=/dev/null",
        "-c",
        "log_min_messages=fatal",
    ]);
    single
        .arg(database)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    std::os::unix::process::CommandExt::uid(&mut single, owner);
    let mut single = single.current_dir("/").spawn().unwrap();
    let sql = "SELECT count(*) AS orders FROM trial_orders;\n";
    std::io::Write::write_all(single.stdin.as_mut().unwrap(), sql.as_bytes()).unwrap();
    drop(single.stdin.take());
    let said = single.wait_with_output().unwrap().stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    let count = said
        .split("orders = \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    count.unwrap_or_else(|| panic!("{said}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_restored_to_the_chosen_moment() {
    let server = Server::start(&Settings::default());
    let world = World::on_server(&server, |_| {}).await;
    let role = "CREATE ROLE comanda_backup LOGIN REPLICATION";
    server.execute_as_superuser("postgres", role).await;
    let folder = Folder::new("moment");
    let (file, to) = (settings(&folder, &world), folder.join("to"));
    let config: (&str, &Path) = ("--config", &file);
    well(&["migrate"], &[config]);
    let home = world.home(1_000).await;
    let mut marks = mark(&world, &home, 3).await;
    well(&["backup"], &[config, ("--to", &to)]);
    let mut archive = command(&["backup", "--archive"], &[config, ("--to", &to)]);
    let archive = Archive(archive.stdout(Stdio::null()).spawn().unwrap());
    marks.extend(mark(&world, &home, MARKS).await);
    let until = world.clock.now();
    tokio::time::sleep(STEP).await;
    marks.extend(mark(&world, &home, MARKS).await);
    archived(&to, world.clock.now()).await;
    drop(archive);

    let name = names(&to).into_iter().find(|name| name != "wal").unwrap();
    let (from, wal, new) = (to.join(name), to.join("wal"), folder.join("new"));
    let folders: [(&str, &Path); 3] = [("--from", &from), ("--wal", &wal), ("--data", &new)];
    let said = well(&["restore", "--until", &until.to_string()], &folders);
    assert!(said.contains("as it was at"), "{said}");
    let database = world.shard_on_server().unwrap().name().to_owned();
    let answered = marks.iter().filter(|mark| mark.answered <= until).count();
    let begun = marks.iter().filter(|mark| mark.begun <= until).count();
    assert_eq!((answered, begun), (MARKS + 3, MARKS + 3));
    assert_eq!(orders(&new, &database), answered, "not the chosen moment");

    // To the end of the log: everything. Beyond what the archive knows: refused, never less than asked for.
    let all = folder.join("all");
    well(
        &["restore"],
        &[("--from", &from), ("--wal", &wal), ("--data", &all)],
    );
    assert_eq!(orders(&all, &database), marks.len());
    let later = world.clock.now().plus(Duration::from_secs(3_600)).unwrap();
    let beyond = folder.join("beyond");
    let folders: [(&str, &Path); 3] = [("--from", &from), ("--wal", &wal), ("--data", &beyond)];
    let (code, said) = ran(&["restore", "--until", &later.to_string()], &folders);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("is complete until"), "{said}");

    // The keys are a backup of their own kind, also where they are on the same server.
    let keys_to = folder.join("keys");
    let said = well(&["backup", "--keys"], &[config, ("--to", &keys_to)]);
    assert!(said.contains("with keys"), "{said}");
    let keys = keys_to.join(&names(&keys_to)[0]);
    let restored = folder.join("restored-keys");
    well(&["restore"], &[("--from", &keys), ("--data", &restored)]);

    a_flipped_bit_is_refused(&from, &folder);
    a_damaged_log_is_refused(&from, &wal, &folder);
}

fn a_flipped_bit_is_refused(from: &Path, folder: &Folder) {
    let server = fs::read_dir(from)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let server = server.into_iter().find(|path| path.is_dir()).unwrap();
    let path = server.join("global/pg_control");
    let whole = fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    flipped[40] ^= 1;
    fs::write(&path, flipped).unwrap();
    let new = folder.join("flipped");
    let (code, said) = ran(&["restore"], &[("--from", from), ("--data", &new)]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("pg_control"), "{said}");
    fs::write(&path, whole).unwrap();
}

/// To PostgreSQL a damaged piece is the end of the log. To us it is not.
fn a_damaged_log_is_refused(from: &Path, wal: &Path, folder: &Folder) {
    let kept = wal.join(&names(wal)[0]);
    let mut pieces = names(&kept);
    pieces.retain(|name| name.len() >= 24);
    let path = kept.join(pieces.last().unwrap());
    let mut bytes = fs::read(&path).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let at = used - used / 8;
    bytes[at..used].fill(0x55);
    fs::write(&path, bytes).unwrap();
    let new = folder.join("damaged");
    let folders: [(&str, &Path); 3] = [("--from", from), ("--wal", wal), ("--data", &new)];
    let (code, said) = ran(&["restore"], &folders);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("breaks off"), "{said}");
}
