//! Erasing over several nodes, and what files hold of sealed texts and destroyed keys.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use store::{Call, Commit, Db, Opened, Sealer};
use testkit::postgres::Server;
use testkit::trial::{ADDRESSES, READ_ADDRESSES};

use super::sealing::{open, ring, seal, stored_key, text};
use crate::world::{Engine, World, event, race};

/// A text that must be found nowhere.
const CANARY: &str = "Kanarienvogel-7f3a-Anna-Lindqvist";

pub(super) async fn sixteen_nodes_that_race_make_one_key(world: World) {
    let ring = ring(&world);
    let other = world.trial.another_node().await;
    let person = world.id();
    let sealers: Vec<Sealer> = (0..16)
        .map(|at| [world.db(), &other][at % 2].sealer(&ring))
        .collect();
    let deadline = world.db().deadline();
    let all = race(16, |at| {
        let (sealer, deadline) = (sealers[at].clone(), deadline.clone());
        async move { sealer.seal(person, "name", "Ann", &deadline).await.unwrap() }
    })
    .await;
    for (at, sealed) in all.iter().enumerate() {
        let reader = &sealers[(at + 1) % 16];
        assert_eq!(
            open(&world, reader, (person, "name"), sealed.bytes()).await,
            text("Ann")
        );
    }
}

pub(super) async fn another_node_forgets_the_key_within_two_seconds(world: World) {
    let ring = ring(&world);
    let other: Db = world.trial.another_node().await;
    let (here, there) = (world.db().sealer(&ring), other.sealer(&ring));
    let ann = world.id();
    let sealed = seal(&world, &here, ann, "Ann").await;
    assert_eq!(
        open(&world, &there, (ann, "name"), sealed.bytes()).await,
        text("Ann")
    );
    let begun = world.clock().elapsed();
    here.erase(ann, &world.db().deadline()).await.unwrap();
    assert_eq!(
        open(&world, &here, (ann, "name"), sealed.bytes()).await,
        Ok(Opened::Erased)
    );
    while open(&world, &there, (ann, "name"), sealed.bytes()).await != Ok(Opened::Erased) {
        let passed = world.clock().elapsed() - begun;
        assert!(passed.as_millis() < 2_500, "{passed:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(super) async fn no_file_holds_what_was_sealed_nor_an_erased_key(world: World) {
    let ring = ring(&world);
    let sealer = world.db().sealer(&ring);
    let ann = world.id();
    let sealed = seal(&world, &sealer, ann, CANARY).await;
    let wrapped = stored_key(&world, ann).await.unwrap().1.unwrap();
    let id = world.id();
    let mut commit = Commit::of_person(world.clock(), world.random(), ann);
    commit.insert(
        &ADDRESSES,
        [id.into(), sealed.to_json(ann).to_string().into()],
    );
    let mut added = event(id, 1);
    added.payload = json!({ "name": sealed.to_json(ann) }).to_string();
    commit.event(added);
    world.store(commit).await.unwrap();
    let deadline = world.db().deadline();
    let read = world
        .db()
        .read_person(ann, vec![Call::new(&READ_ADDRESSES, [])], &deadline);
    let row: String = read.await.unwrap()[0][0].get(1).unwrap();
    let payload = format!("{{\"name\":{row}}}");
    let opened = sealer.open_payload(&payload, &deadline).await.unwrap();
    assert_eq!(opened["name"], CANARY);
    let folder = match world.engine {
        Engine::Postgres => {
            let server = Server::shared();
            server.execute_as_superuser("postgres", "CHECKPOINT").await;
            server.folder().to_owned()
        }
        Engine::Sqlite | Engine::Inline => world.trial.folder().unwrap().to_owned(),
    };
    // A search that finds nothing must be one that can find: the sealed bytes are there, as is the wrapped key.
    let hex: String = sealed
        .bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert!(!holding(&folder, hex.as_bytes()).is_empty());
    assert!(!holding(&folder, &wrapped).is_empty());
    assert_eq!(holding(&folder, CANARY.as_bytes()), Vec::<PathBuf>::new());
    sealer.erase(ann, &deadline).await.unwrap();
    if world.engine == Engine::Sqlite {
        assert_eq!(holding(&folder, &wrapped), Vec::<PathBuf>::new());
    }
}

/// The files below a folder that hold these bytes.
fn holding(folder: &Path, needle: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        // Files of a running server come and go.
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read(&path).is_ok_and(|bytes| contains(&bytes, needle)) {
                found.push(path);
            }
        }
    }
    found
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    let first = needle[0];
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == first) {
        rest = &rest[at..];
        if rest.starts_with(needle) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}
