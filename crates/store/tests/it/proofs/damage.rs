//! Damage: bits flip, pages vanish, files end too early; and nobody is told what was never written.

use std::path::Path;

use base::{Organisation, Random, Uid};
use rusqlite::Connection;
use store::{
    Class, Column, Commit, Db, Event, Failure, Fold, Folded, Key, Logged, Migration, Outcome, Part,
    Place, Reply, Settings, Sql, Table, Value, verify,
};
use testkit::postgres::Server;
use testkit::trial::{Engine, SHARD, World};

use super::world::folder;

/// So many files are damaged; a night of it is a larger number here.
const TRIALS: u64 = 200;
const SEED: u64 = 20_261_121;
const NOTES: usize = 120;

static NOTES_TABLE: Table = Table::new(
    "drill_notes",
    Class::Organisation,
    &[
        Column::id("id"),
        Column::text("words"),
        Column::int("number"),
    ],
    1,
    &[],
);

static READ_NOTES: Sql = Sql::new(
    "drill_notes.all",
    &NOTES_TABLE,
    "SELECT id, words, number FROM drill_notes WHERE organisation = $1 ORDER BY id",
);

static READ_NOTE: Sql = Sql::new(
    "drill_notes.read",
    &NOTES_TABLE,
    "SELECT words, number FROM drill_notes WHERE organisation = $1 AND id = $2",
);

/// Change: says something else in the note `$2`.
static CHANGE_NOTE: Sql = Sql::new(
    "drill_notes.change",
    &NOTES_TABLE,
    "UPDATE drill_notes SET words = $3 WHERE organisation = $1 AND id = $2",
);

static DRILL: Part = Part {
    name: "drill",
    tables: &[&NOTES_TABLE],
    statements: &[&READ_NOTES, &READ_NOTE, &CHANGE_NOTE],
    migrations: &[Migration {
        number: 1,
        name: "drill",
        sqlite: "CREATE TABLE drill_notes (organisation INTEGER NOT NULL, id BLOB NOT NULL, \
                 words TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (organisation, id)) STRICT;",
        postgres: "CREATE TABLE drill_notes (organisation BIGINT NOT NULL, id UUID NOT NULL, \
                   words TEXT NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (organisation, id));",
    }],
};

static FOLD: Fold = Fold {
    table: &NOTES_TABLE,
    kinds: &["drill.noted"],
    apply: note_taken,
    read: &READ_NOTES,
    key: 1,
};

const FOLDS: verify::Folds = verify::Folds {
    shards: &[&FOLD],
    people: &[],
    control: &[],
};

fn note_taken(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let damaged = || Failure::Damaged("a note".to_owned());
    let payload: serde_json::Value = serde_json::from_str(&event.payload).map_err(|_| damaged())?;
    let words = payload["words"].as_str().ok_or_else(damaged)?;
    let number = payload["number"].as_i64().ok_or_else(damaged)?;
    rows.insert(vec![event.stream.into()], vec![words.into(), number.into()]);
    Ok(())
}

/// A small shard, and everything that it was told.
struct Drill {
    world: World,
    organisation: Organisation,
    commits: Vec<Commit>,
    notes: Vec<Uid>,
    keys: Vec<Key>,
}

impl Drill {
    async fn new(engine: Engine) -> Self {
        Drill::of(World::new(engine).await).await
    }

    async fn of(world: World) -> Self {
        world.shard().migrate(&[&DRILL]).await.unwrap();
        let deadline = world.db.deadline();
        let placed = world
            .db
            .create_organisation("drill", SHARD, &deadline)
            .await;
        let organisation = placed.unwrap().organisation;
        let mut drill = Drill {
            world,
            organisation,
            commits: Vec::new(),
            notes: Vec::new(),
            keys: Vec::new(),
        };
        for at in 0..NOTES {
            drill.note(at).await;
        }
        drill
    }

    async fn note(&mut self, at: usize) {
        let (db, deadline) = (&self.world.db, self.world.db.deadline());
        let id = Uid::make(&self.world.clock, &self.world.random, self.organisation);
        let (words, number) = (
            format!("note {at} {}", "and more ".repeat(at % 40)),
            at as i64,
        );
        let mut commit = db.new_commit(self.organisation);
        let row: [store::Cell; 3] = [id.into(), words.as_str().into(), number.into()];
        commit.insert(&NOTES_TABLE, row);
        commit.event(Event {
            stream: id,
            version: 1,
            kind: "drill.noted",
            payload: serde_json::json!({ "words": words, "number": number }).to_string(),
            actor: "drill".to_owned(),
            at: commit.at(),
            trace: String::new(),
        });
        self.notes.push(id);
        if at.is_multiple_of(4) {
            let key = Key {
                organisation: self.organisation,
                caller: "drill".to_owned(),
                operation: "note".to_owned(),
                key: format!("key {at}"),
            };
            let body = format!("{{\"note\":{at}}}");
            let reply = Reply { status: 201, body };
            let decide = async || Ok::<_, Failure>((commit, reply));
            db.once(&key, b"digest", &deadline, decide).await.unwrap();
            self.keys.push(key);
        } else {
            db.commit(commit.clone(), &deadline).await.unwrap();
            self.commits.push(commit);
        }
    }

    /// Everything that can be asked: of rows with a checksum, and of the others.
    async fn answers(&self, db: &Db) -> (Vec<Told>, Vec<Told>) {
        let deadline = db.deadline();
        let shard = &db.shards()[SHARD];
        let mut summed = Vec::new();
        let mut last = 0;
        while let Ok(page) = shard.log_after(last, 50, &deadline).await {
            let Some(event) = page.last() else { break };
            last = event.position;
            summed.extend(page.iter().map(|event| Some(format!("{event:?}"))));
        }
        summed.resize(NOTES, None);
        for key in &self.keys {
            let reply = db.replay(key, b"digest", &deadline).await;
            summed.push(reply.ok().map(|reply| format!("{reply:?}")));
        }
        let mut plain = Vec::new();
        for id in &self.notes {
            let note = db.rows(self.organisation, &READ_NOTE, [(*id).into()]).await;
            plain.push(note.ok().map(|rows| format!("{rows:?}")));
        }
        let all = db.rows(self.organisation, &READ_NOTES, []).await;
        plain.push(all.ok().map(|rows| format!("{rows:?}")));
        (summed, plain)
    }

    /// How many of the commits, sent again, are stored a second time.
    async fn doubled(&self, db: &Db) -> usize {
        let deadline = db.deadline();
        let mut doubled = 0;
        for commit in &self.commits {
            let before = db.shards()[SHARD].log_head(&deadline).await;
            let again = db.commit(commit.clone(), &deadline).await;
            let after = db.shards()[SHARD].log_head(&deadline).await;
            doubled += usize::from(again.is_ok() && before.is_ok() && before != after);
        }
        doubled
    }
}

/// An answer, or nothing where it was refused.
type Told = Option<String>;

/// Damages a file as the chance says; answers how.
fn damage(bytes: &mut Vec<u8>, random: &Random) -> String {
    const PAGE: usize = 4096;
    let below = |bound: usize| random.below(bound as u64) as usize;
    match below(10) {
        0 => {
            let page = below(bytes.len() / PAGE);
            bytes[page * PAGE..(page + 1) * PAGE].fill(0);
            format!("page {page} of zeros")
        }
        1 => {
            let length = below(bytes.len());
            bytes.truncate(length);
            format!("cut at {length}")
        }
        _ => {
            let (at, bit) = (below(bytes.len()), below(8));
            bytes[at] ^= 1 << bit;
            format!("bit {bit} of byte {at}, in page {}", at / PAGE)
        }
    }
}

/// What became of the trials.
#[derive(Debug, Default)]
struct Tally {
    harmless: usize,
    not_opened: usize,
    refused_when_read: usize,
    plain_answer_wrong_then_found: usize,
    hidden_then_found: usize,
    only_verify_found: usize,
    commits_stored_twice: usize,
}

impl Tally {
    async fn count(&mut self, drill: &Drill, settings: &Settings, right: &Answers, how: &str) {
        let clock = &drill.world.clock;
        let Ok(db) = Db::open(settings, clock, &drill.world.random) else {
            self.not_opened += 1;
            return;
        };
        db.refresh_directory(&db.deadline()).await.unwrap();
        let (summed, plain) = drill.answers(&db).await;
        let mut hidden = 0;
        for (told, right) in summed.iter().zip(&right.0) {
            // An index that lost its way finds nothing; that is the one thing that no checksum of a row can tell.
            hidden += usize::from(told.as_deref() == Some("None"));
            let fine = told.is_none() || told == right || told.as_deref() == Some("None");
            assert!(fine, "{how}: {told:?} was never written, but {right:?}");
        }
        let refused = summed
            .iter()
            .chain(&plain)
            .filter(|told| told.is_none())
            .count();
        let wrong = plain
            .iter()
            .zip(&right.1)
            .filter(|(told, right)| told.is_some() && told != right);
        let wrong = wrong.count();
        let verified = db.verify(settings, &FOLDS, &mut |_| {}).await;
        let found = verified
            .as_ref()
            .map_or(true, |verified| !verified.is_sound());
        assert!(
            found || refused + wrong + hidden == 0,
            "{how}: {wrong} wrong, {hidden} hidden, not found"
        );
        match (refused, wrong, hidden, found) {
            (_, 1.., _, _) => self.plain_answer_wrong_then_found += 1,
            (_, _, 1.., _) => self.hidden_then_found += 1,
            (1.., ..) => self.refused_when_read += 1,
            (_, _, _, true) => self.only_verify_found += 1,
            _ => self.harmless += 1,
        }
        if found {
            self.commits_stored_twice += drill.doubled(&db).await;
        } else {
            assert_eq!(drill.doubled(&db).await, 0, "{how}");
        }
    }
}

type Answers = (Vec<Told>, Vec<Told>);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_is_refused_or_found_and_never_answered() {
    let drill = Drill::new(Engine::Sqlite).await;
    let right = drill.answers(&drill.world.db).await;
    assert!(right.0.iter().chain(&right.1).all(Option::is_some));
    let sound = drill
        .world
        .db
        .verify(&drill.world.settings, &FOLDS, &mut |_| {})
        .await;
    let sound = sound.unwrap();
    assert_eq!(sound.findings, []);
    assert_eq!((sound.events, sound.folded), (NOTES as u64, NOTES as u64));
    assert!(sound.records >= NOTES as u64 + drill.keys.len() as u64);

    let folder = folder();
    let (whole, trial) = (folder.join("whole.db"), folder.join("trial.db"));
    copy(drill.world.shard_file().unwrap(), &whole);
    let bytes = std::fs::read(&whole).unwrap();
    let mut settings = drill.world.settings.clone();
    settings
        .shards
        .insert(SHARD.to_owned(), Place::File(trial.clone()));
    let random = Random::seeded(SEED);
    let mut tally = Tally::default();
    for number in 0..TRIALS {
        let mut damaged = bytes.clone();
        let how = format!(
            "seed {SEED}, trial {number}: {}",
            damage(&mut damaged, &random)
        );
        for side in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{side}", trial.display()));
        }
        std::fs::write(&trial, &damaged).unwrap();
        tally.count(&drill, &settings, &right, &how).await;
    }
    println!("{TRIALS} files of {} bytes: {tally:#?}", bytes.len());
    assert!(tally.refused_when_read + tally.only_verify_found > 0);
    std::fs::remove_dir_all(folder).unwrap();
}

/// The whole database in one file, without a write-ahead log beside it.
fn copy(from: &Path, to: &Path) {
    let connection = Connection::open(from).unwrap();
    let to = to.to_str().unwrap();
    connection.execute("VACUUM INTO ?1", [to]).unwrap();
}

/// Runs a statement past the store, as damage does.
async fn spoil(drill: &Drill, sql: &str) {
    match (drill.world.shard_file(), drill.world.shard_on_server()) {
        (Some(file), _) => Connection::open(file).unwrap().execute_batch(sql).unwrap(),
        (None, Some(database)) => {
            let (server, name) = (Server::shared(), database.name());
            let sql = format!("SET session_replication_role = replica; {sql}");
            server.execute_as_superuser(name, &sql).await;
        }
        (None, None) => panic!("a world without a file or a server"),
    }
}

async fn findings(drill: &Drill) -> Vec<String> {
    let verified = drill
        .world
        .db
        .verify(&drill.world.settings, &FOLDS, &mut |_| {})
        .await;
    let line = |finding: verify::Finding| format!("{}: {}", finding.table, finding.what);
    verified.unwrap().findings.into_iter().map(line).collect()
}

/// Every kind of damage to rows is named, on a world of its own each.
async fn every_damage_is_named(engine: Engine) {
    let cases = [
        (
            "UPDATE log SET payload = '{}' WHERE position = 7",
            "log: log: the row of position 7",
        ),
        (
            "UPDATE log SET position = 500 WHERE position = 7",
            "log: events are missing",
        ),
        (
            "DELETE FROM log WHERE position = 9",
            "log: events are missing",
        ),
        (
            "DELETE FROM log WHERE position = 120",
            "log: the log ends before its head",
        ),
        (
            "UPDATE head SET position = 200",
            "log: the log ends before its head",
        ),
        (
            "UPDATE commits SET position = position + 1 WHERE position = 6",
            "commits: commits: the row",
        ),
        (
            "UPDATE idempotency SET status = 200",
            "idempotency: idempotency: the row",
        ),
        (
            "UPDATE drill_notes SET number = 77 WHERE number = 5",
            "drill_notes: column 1 after the key",
        ),
        (
            "DELETE FROM drill_notes WHERE number = 5",
            "drill_notes: the log knows a row that is not there",
        ),
        (
            "UPDATE log SET version = 3 WHERE position = 7",
            "log: follows version 0 of its stream",
        ),
        (
            "UPDATE log SET organisation = 77 WHERE position = 7",
            "log: 120 events in the order of the log, 119",
        ),
    ];
    assert_eq!(findings(&Drill::new(engine).await).await, [""; 0]);
    for (sql, wanted) in cases {
        let drill = Drill::new(engine).await;
        spoil(&drill, sql).await;
        let found = findings(&drill).await;
        let named = found.iter().any(|line| line.starts_with(wanted));
        assert!(named, "{sql}: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_damage_is_named_on_sqlite() {
    every_damage_is_named(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_damage_is_named_on_postgres() {
    every_damage_is_named(Engine::Postgres).await;
}

/// An event that is gone is missed by whoever reads past it, and at the end, unless it was purged.
async fn a_missing_event_is_missed(drill: &Drill) {
    let (shard, deadline) = (drill.world.shard(), drill.world.db.deadline());
    spoil(drill, "DELETE FROM log WHERE position IN (9, 120)").await;
    for (after, missed) in [(5, 9), (115, 120), (119, 120)] {
        let page = shard.log_after(after, 10, &deadline).await;
        let wanted = format!("position {missed} is not");
        assert!(
            matches!(&page, Err(Failure::Damaged(what)) if what.contains(&wanted)),
            "{page:?}"
        );
    }
    spoil(drill, "UPDATE head SET floor = 9").await;
    assert_eq!(shard.log_after(5, 10, &deadline).await.unwrap().len(), 10);
    spoil(drill, "UPDATE head SET floor = 0, position = 100").await;
    let beyond = shard.log_after(95, 10, &deadline).await;
    assert!(
        matches!(&beyond, Err(Failure::Damaged(what)) if what.starts_with("head")),
        "{beyond:?}"
    );
    spoil(drill, "UPDATE head SET position = 119").await;
}

/// A row that was changed past the store is not answered by any of the ways that lead to it.
async fn a_damaged_row_is_not_answered(engine: Engine) {
    let drill = Drill::new(engine).await;
    let (db, deadline) = (&drill.world.db, drill.world.db.deadline());
    spoil(
        &drill,
        "UPDATE commits SET at = at + 1; UPDATE idempotency SET answer = '{}'; \
                   UPDATE log SET actor = 'somebody' WHERE position = 3",
    )
    .await;
    let again = db.commit(drill.commits[0].clone(), &deadline).await;
    assert!(
        matches!(&again, Err(Failure::Damaged(what)) if what.starts_with("commits")),
        "{again:?}"
    );
    let reply = db.replay(&drill.keys[0], b"digest", &deadline).await;
    assert!(
        matches!(&reply, Err(Failure::Damaged(what)) if what.starts_with("idempotency")),
        "{reply:?}"
    );
    let shard = drill.world.shard();
    assert_eq!(shard.consumer("mail", &deadline).await, Ok(0));
    assert_eq!(shard.move_consumer("mail", 0, 7, &deadline).await, Ok(true));
    assert_eq!(shard.consumer("mail", &deadline).await, Ok(7));
    spoil(&drill, "UPDATE consumers SET position = 15").await;
    let mail = shard.consumer("mail", &deadline).await;
    assert!(
        matches!(&mail, Err(Failure::Damaged(what)) if what.starts_with("consumers")),
        "{mail:?}"
    );
    let found = findings(&drill).await;
    assert!(found.iter().any(|line| line.starts_with("consumers")));
    let page = drill.world.shard().log_after(0, 10, &deadline).await;
    assert!(
        matches!(&page, Err(Failure::Damaged(what)) if what.contains("position 3")),
        "{page:?}"
    );
    assert_eq!(
        drill
            .world
            .shard()
            .log_after(3, 10, &deadline)
            .await
            .unwrap()
            .len(),
        10
    );
    spoil(&drill, "UPDATE log SET actor = 'drill' WHERE position = 3").await;
    a_missing_event_is_missed(&drill).await;
    // What was changed by a use case without an event is seen as well: it is no damage of a disk, but as wrong.
    let mut silent = db.new_commit(drill.organisation);
    silent.change(
        &CHANGE_NOTE,
        [drill.notes[0].into(), Value::from("otherwise")],
    );
    db.commit(silent, &deadline).await.unwrap();
    let found = findings(&drill).await;
    assert!(
        found
            .iter()
            .any(|line| line.starts_with("drill_notes: column 0")),
        "{found:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_row_is_not_answered_on_sqlite() {
    a_damaged_row_is_not_answered(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_row_is_not_answered_on_postgres() {
    a_damaged_row_is_not_answered(Engine::Postgres).await;
}

/// The server itself refuses a page that a disk has changed; `verify` names the table and reads on behind it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_a_flipped_bit_of_a_page_is_refused_and_found() {
    let server = Server::start(&testkit::postgres::Settings::default());
    let drill = Drill::of(World::on_server(&server, |_| {}).await).await;
    let name = drill.world.shard_on_server().unwrap().name().to_owned();
    let path = "SELECT pg_relation_filepath('log')";
    let rows = server.execute_as_superuser(&name, path).await;
    let file = server.folder().join("data").join(rows[0].get(0).unwrap());
    server.execute_as_superuser(&name, "CHECKPOINT").await;
    server.crash();
    let mut bytes = std::fs::read(&file).unwrap();
    assert!(bytes.len() > 3 * 8_192);
    bytes[8_192 + 5_000] ^= 4;
    std::fs::write(&file, bytes).unwrap();
    server.restart();

    let (shard, deadline) = (drill.world.shard(), drill.world.db.deadline());
    let mut last = 0;
    let refused = loop {
        match shard.log_after(last, 5, &deadline).await {
            Ok(page) => last = page.last().map(|event| event.position).unwrap(),
            Err(Failure::Damaged(what)) => break what,
            // The connections of before are gone, and the next call makes new ones.
            Err(_) => {}
        }
    };
    assert!(refused.contains("invalid page in block 1"), "{refused}");
    assert!((5..NOTES as i64).contains(&last));
    let verified = drill
        .world
        .db
        .verify(&drill.world.settings, &FOLDS, &mut |_| {})
        .await;
    let verified = verified.unwrap();
    let in_log = |finding: &&verify::Finding| finding.table == "log";
    let found = verified.findings.iter().find(in_log).unwrap();
    assert!(found.what.contains("invalid page in block 1"), "{found:?}");
    assert!(
        verified
            .notes
            .iter()
            .all(|note| !note.contains("keeps no checksums"))
    );
}
