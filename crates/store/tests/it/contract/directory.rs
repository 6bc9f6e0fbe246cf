//! The directory: an organisation is made once for each request, whatever happens on the way.

use std::time::Duration;

use base::Organisation;
use store::{Call, Db, Deadline, Failure, Placement, State};
use testkit::trial::{Home, REGION, SHARD, TRIAL};

use crate::world::{FREE, Folder, PLACE, RESERVE, TAKE_NUMBER, World, event, nowhere, race};

/// A commit of an organisation with one event.
async fn commits(db: &Db, world: &World, organisation: Organisation) -> Result<(), Failure> {
    let mut commit = db.new_commit(organisation);
    commit.event(event(world.id(), 1));
    db.commit(commit, &db.deadline()).await.map(|_| ())
}

fn is_open(placement: &Placement, organisation: Organisation, shard: &str) -> bool {
    let Placement {
        organisation: number,
        region,
        shard: at,
        epoch,
        state,
        ..
    } = placement;
    (*number, region.as_str(), at.as_str(), *epoch, *state)
        == (organisation, REGION, shard, 1, State::Open)
}

pub(super) async fn one_request_makes_one_organisation(world: World) {
    let (db, deadline) = (world.db(), world.db().deadline());
    let first = db
        .create_organisation("first", SHARD, &deadline)
        .await
        .unwrap();
    assert!(is_open(&first, first.organisation, SHARD), "{first:?}");
    assert_ne!(first.organisation, world.organisation());
    for _ in 0..3 {
        assert_eq!(
            db.create_organisation("first", SHARD, &deadline).await,
            Ok(first.clone())
        );
    }
    let other = db
        .create_organisation("second", SHARD, &deadline)
        .await
        .unwrap();
    assert_ne!(other.organisation, first.organisation);
    assert_eq!(db.directory().find(first.organisation), Some(first.clone()));
    assert_eq!(db.directory().len(), 3);
    commits(db, &world, first.organisation).await.unwrap();
}

pub(super) async fn an_unknown_shard_is_refused_and_makes_nothing(world: World) {
    let (db, deadline) = (world.db(), world.db().deadline());
    let refused = db.create_organisation("first", "nowhere", &deadline).await;
    assert!(matches!(refused, Err(Failure::Malformed(_))), "{refused:?}");
    assert_eq!(db.resume_organisations(&deadline).await, Ok(0));
    let made = db
        .create_organisation("first", SHARD, &deadline)
        .await
        .unwrap();
    assert!(is_open(&made, made.organisation, SHARD));
}

/// Does the first step of making an organisation and no more, as a node that dies then.
async fn reserve(world: &World, number: i64, request: &str, shard: &str) {
    let calls = vec![
        Call::new(&TAKE_NUMBER, ["directory".into()]),
        Call::new(
            &RESERVE,
            [number.into(), request.into(), REGION.into(), shard.into()],
        ),
    ];
    world
        .db()
        .control()
        .transact(calls, &world.db().deadline())
        .await
        .unwrap();
}

/// Does the second step too.
async fn place(world: &World, number: i64) {
    let call = Call::new(&PLACE, [number.into()]);
    world
        .trial
        .shard()
        .transact(vec![call], &world.db().deadline())
        .await
        .unwrap();
}

pub(super) async fn one_that_was_interrupted_is_finished_by_the_same_request(world: World) {
    let (db, deadline) = (world.db(), world.db().deadline());
    reserve(&world, 900, "reserved", SHARD).await;
    reserve(&world, 901, "placed", SHARD).await;
    place(&world, 901).await;
    for (number, request) in [(900, "reserved"), (901, "placed")] {
        let organisation = Organisation::new(number);
        assert_eq!(
            commits(db, &world, organisation).await,
            Err(Failure::Moved(organisation))
        );
        let made = db
            .create_organisation(request, SHARD, &deadline)
            .await
            .unwrap();
        assert!(is_open(&made, organisation, SHARD), "{made:?}");
        commits(db, &world, organisation).await.unwrap();
    }
    assert_eq!(db.resume_organisations(&deadline).await, Ok(0));
}

pub(super) async fn those_that_were_interrupted_are_finished_together(world: World) {
    let (db, deadline) = (world.db(), world.db().deadline());
    reserve(&world, 900, "reserved", SHARD).await;
    reserve(&world, 901, "placed", SHARD).await;
    place(&world, 901).await;
    assert_eq!(db.resume_organisations(&deadline).await, Ok(2));
    for (number, request) in [(900, "reserved"), (901, "placed")] {
        let organisation = Organisation::new(number);
        commits(db, &world, organisation).await.unwrap();
        let made = db
            .create_organisation(request, SHARD, &deadline)
            .await
            .unwrap();
        assert!(is_open(&made, organisation, SHARD), "{made:?}");
    }
    assert_eq!(db.resume_organisations(&deadline).await, Ok(0));
}

async fn sixteen(world: &World, nodes: &[Db], requests: usize) -> Vec<Placement> {
    let made = race(16, |at| {
        let db = nodes[at % nodes.len()].clone();
        let request = format!("request {}", at % requests);
        async move {
            db.create_organisation(&request, SHARD, &db.deadline())
                .await
                .unwrap()
        }
    });
    let mut made: Vec<Placement> = made.await;
    made.sort_by_key(|placement| placement.organisation);
    made.dedup();
    for placement in &made {
        assert!(
            is_open(placement, placement.organisation, SHARD),
            "{placement:?}"
        );
        commits(world.db(), world, placement.organisation)
            .await
            .unwrap();
    }
    made
}

pub(super) async fn sixteen_equal_requests_make_one_organisation(world: World) {
    assert_eq!(sixteen(&world, &[world.db().clone()], 1).await.len(), 1);
    assert_eq!(world.db().directory().len(), 2);
}

pub(super) async fn sixteen_equal_requests_on_two_nodes_make_one_organisation(world: World) {
    let nodes = [world.db().clone(), world.trial.another_node().await];
    assert_eq!(sixteen(&world, &nodes, 1).await.len(), 1);
    assert_eq!(world.trial.another_node().await.directory().len(), 2);
}

pub(super) async fn a_new_organisation_is_known_to_another_node_by_its_first_commit(world: World) {
    let node = world.trial.another_node().await;
    let Home { organisation, .. } = world.trial.home(FREE).await;
    assert_eq!(node.directory().find(organisation), None);
    commits(&node, &world, organisation).await.unwrap();
    assert!(is_open(
        &node.directory().find(organisation).unwrap(),
        organisation,
        SHARD
    ));
}

pub(super) async fn a_new_organisation_is_known_to_another_node_at_once(world: World) {
    let node = world.trial.another_node().await;
    for _ in 0..3 {
        let Home { organisation, .. } = world.trial.home(FREE).await;
        assert_eq!(node.directory().find(organisation), None);
        let waiting = (0..20).map(|_| node.knows(organisation));
        let known = futures_util::future::join_all(waiting).await;
        assert!(known.into_iter().all(|known| known));
    }
}

pub(super) async fn numbers_that_are_nobodys_are_looked_for_together_and_seldom(world: World) {
    let node = world.trial.another_node().await;
    let nobody = |number: u32| Organisation::new(1_000_000 + number);
    let begun = world.clock().elapsed();
    let waiting = (0..500).map(|number| node.knows(nobody(number)));
    let known = futures_util::future::join_all(waiting).await;
    assert!(known.into_iter().all(|known| !known));
    // One look for all of them, and one more for those who came while it was under way.
    assert!(world.clock().elapsed() < begun + Duration::from_secs(5));
    let begun = world.clock().elapsed();
    for number in 0..4 {
        assert!(!node.knows(nobody(number)).await);
    }
    assert!(world.clock().elapsed() > begun + Duration::from_millis(300));
}

pub(super) async fn a_shard_that_is_away_is_waited_for_by_whoever_comes_again(world: World) {
    let (db, deadline) = (world.db(), world.db().deadline());
    let half = world.open(&world.settings_without_shard());
    let soon = || Deadline::within(world.clock(), Duration::from_secs(1));
    for request in ["again", "resumed"] {
        for _ in 0..2 {
            let outcome = half.create_organisation(request, SHARD, &soon()).await;
            assert!(
                matches!(outcome, Err(Failure::Unavailable(_) | Failure::TooLate)),
                "{outcome:?}"
            );
        }
    }
    let made = db
        .create_organisation("again", SHARD, &deadline)
        .await
        .unwrap();
    commits(db, &world, made.organisation).await.unwrap();
    assert_eq!(db.resume_organisations(&deadline).await, Ok(1));
    let made = db
        .create_organisation("resumed", SHARD, &deadline)
        .await
        .unwrap();
    commits(db, &world, made.organisation).await.unwrap();
    assert_eq!(db.directory().len(), 3);
}

/// A second shard beside the first: a SQLite file, whatever the first one is.
async fn with_second_shard(world: &World, folder: &Folder) -> store::Settings {
    let mut settings = world.trial.settings.clone();
    settings
        .shards
        .insert("b".to_owned(), store::Place::File(folder.path("b.db")));
    let db = world.open(&settings);
    db.shards()["b"]
        .migrate(&[&store::DATABASE, &TRIAL])
        .await
        .unwrap();
    settings
}

pub(super) async fn shards_have_logs_of_their_own(world: World) {
    let folder = Folder::new();
    let db = world.open(&with_second_shard(&world, &folder).await);
    let deadline = db.deadline();
    let there = db
        .create_organisation("there", "b", &deadline)
        .await
        .unwrap();
    assert!(is_open(&there, there.organisation, "b"));
    let head = world.head().await;
    for _ in 0..3 {
        commits(&db, &world, there.organisation).await.unwrap();
    }
    commits(&db, &world, world.organisation()).await.unwrap();
    assert_eq!(db.shards()["b"].log_head(&deadline).await, Ok(3));
    assert_eq!(world.head().await, head + 1);
    // A node that does not have this shard cannot serve it.
    let moved = Err(Failure::Moved(there.organisation));
    assert_eq!(commits(world.db(), &world, there.organisation).await, moved);
}

pub(super) async fn a_shard_that_is_away_does_not_hold_up_organisations_of_others(world: World) {
    let folder = Folder::new();
    let mut settings = with_second_shard(&world, &folder).await;
    reserve(&world, 900, "away", SHARD).await;
    reserve(&world, 901, "here", "b").await;
    settings.shards.insert(SHARD.to_owned(), nowhere());
    let db = world.open(&settings);
    let soon = Deadline::within(world.clock(), Duration::from_secs(2));
    let outcome = db.resume_organisations(&soon).await;
    assert!(
        matches!(outcome, Err(Failure::Unavailable(_) | Failure::TooLate)),
        "{outcome:?}"
    );
    commits(&db, &world, Organisation::new(901)).await.unwrap();
}

/// Opens the world's databases with a copy of the directory, which is written at once.
async fn with_copy(world: &World, folder: &Folder) -> store::Settings {
    let mut settings = world.trial.settings.clone();
    settings.directory_copy = Some(folder.path("directory.json"));
    let db = world.open(&settings);
    db.refresh_directory(&db.deadline()).await.unwrap();
    settings
}

pub(super) async fn without_the_control_database_the_copy_serves(world: World) {
    let folder = Folder::new();
    let mut settings = with_copy(&world, &folder).await;
    settings.control = nowhere();
    let db = world.open(&settings);
    let stored = db
        .commit(world.trial.order(&world.home), &db.deadline())
        .await;
    stored.unwrap();
    assert_eq!(world.orders().await, 1);
    let soon = Deadline::within(world.clock(), Duration::from_secs(1));
    let made = db.create_organisation("new", SHARD, &soon).await;
    assert!(
        matches!(made, Err(Failure::Unavailable(_) | Failure::TooLate)),
        "{made:?}"
    );
    settings.directory_copy = None;
    let without = world.open(&settings);
    assert!(
        commits(&without, &world, world.organisation())
            .await
            .is_err()
    );
}

pub(super) async fn a_damaged_copy_is_refused_by_its_name(world: World) {
    let folder = Folder::new();
    let settings = with_copy(&world, &folder).await;
    let file = folder.path("directory.json");
    let whole = std::fs::read(&file).unwrap();
    for damaged in [&whole[..whole.len() - 1], b"", b"{}", b"\xff\xfe"] {
        std::fs::write(&file, damaged).unwrap();
        let opened = Db::open(&settings, world.clock(), world.random());
        let Err(Failure::Damaged(said)) = opened.map(|_| ()) else {
            panic!("{damaged:?} was read");
        };
        assert!(said.contains(&file.display().to_string()), "{said}");
    }
    std::fs::write(&file, whole).unwrap();
    world.open(&settings);
}

pub(super) async fn racing_changes_leave_a_whole_copy(world: World) {
    let folder = Folder::new();
    let mut settings = with_copy(&world, &folder).await;
    let db = world.open(&settings);
    db.refresh_directory(&db.deadline()).await.unwrap();
    let made = sixteen(&world, &[db], 16).await;
    assert_eq!(made.len(), 16);
    settings.control = nowhere();
    let from_copy = world.open(&settings);
    assert_eq!(from_copy.directory().len(), 17);
}
