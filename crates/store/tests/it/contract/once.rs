//! The same request twice: one effect, one answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base::{Organisation, Uid};
use store::{Call, Commit, Committed, Db, Deadline, Failure, Key, Outcome, Reply};
use testkit::trial::{ADDRESSES, Home, READ_ADDRESSES};
use tokio::sync::Notify;

use super::guards::{refused, take};
use crate::world::{FREE, World, event, race};

pub(super) fn key(organisation: Organisation, key: &str) -> Key {
    Key {
        organisation,
        caller: "usr_1".to_owned(),
        operation: "orders.create".to_owned(),
        key: key.to_owned(),
    }
}

pub(super) fn reply(body: impl ToString) -> Reply {
    Reply {
        status: 201,
        body: body.to_string(),
    }
}

/// An order that takes one of the dish, and an answer that no other attempt would give.
fn effect(world: &World, attempt: usize) -> (Commit, Reply) {
    (world.trial.order(&world.home), reply(attempt))
}

async fn once(
    world: &World,
    key: &Key,
    body: &[u8],
    attempt: usize,
) -> Outcome<(Reply, Option<Committed>)> {
    let deadline = world.db().deadline();
    let decide = async || Ok::<_, Failure>(effect(world, attempt));
    world.db().once(key, body, &deadline, decide).await
}

pub(super) async fn the_same_request_has_one_effect_and_one_reply(world: World) {
    let key = key(world.organisation(), "a");
    let (first, committed) = once(&world, &key, b"body", 1).await.unwrap();
    assert_eq!(first, reply(1));
    assert_eq!(committed.unwrap().position, world.head().await);
    for attempt in 2..4 {
        assert_eq!(
            once(&world, &key, b"body", attempt).await,
            Ok((reply(1), None))
        );
    }
    assert_eq!(
        (world.orders().await, world.free(world.home.dish).await),
        (1, FREE - 1)
    );
    let replayed = world
        .db()
        .replay(&key, b"body", &world.db().deadline())
        .await;
    assert_eq!(replayed, Ok(Some(reply(1))));
}

pub(super) async fn another_body_under_the_same_key_is_refused(world: World) {
    let key = key(world.organisation(), "a");
    once(&world, &key, b"body", 1).await.unwrap();
    assert_eq!(
        once(&world, &key, b"other", 2).await,
        Err(Failure::OtherBody)
    );
    let replayed = world.db().replay(&key, b"", &world.db().deadline()).await;
    assert_eq!(replayed, Err(Failure::OtherBody));
    assert_eq!(world.orders().await, 1);
}

pub(super) async fn every_part_of_a_key_tells_requests_apart(world: World) {
    let other = world.trial.home(FREE).await;
    let one = key(world.organisation(), "a");
    let keys = [
        one.clone(),
        Key {
            caller: "usr_2".to_owned(),
            ..one.clone()
        },
        Key {
            operation: "orders.cancel".to_owned(),
            ..one.clone()
        },
        Key {
            key: "b".to_owned(),
            ..one.clone()
        },
    ];
    for (attempt, key) in keys.iter().enumerate() {
        assert_eq!(
            once(&world, key, b"body", attempt).await.unwrap().0,
            reply(attempt)
        );
    }
    let foreign = Key {
        organisation: other.organisation,
        ..one
    };
    let deadline = world.db().deadline();
    assert_eq!(
        world.db().replay(&foreign, b"body", &deadline).await,
        Ok(None)
    );
    let decide = async || Ok::<_, Failure>((world.trial.order(&other), reply("foreign")));
    let answered = world
        .db()
        .once(&foreign, b"another", &deadline, decide)
        .await
        .unwrap();
    assert_eq!(answered.0, reply("foreign"));
    assert_eq!(world.orders().await, 4);
}

/// Fifty equal requests over these nodes in turn.
async fn fifty(world: World, nodes: Vec<Db>) {
    let (
        key,
        Home {
            organisation,
            restaurant,
            dish,
        },
    ) = (key(world.organisation(), "a"), world.home);
    let answers = race(50, |at| {
        let (db, key) = (nodes[at % nodes.len()].clone(), key.clone());
        let (clock, random) = (world.clock().clone(), world.random().clone());
        async move {
            let order = testkit::trial::order(&clock, &random, organisation, restaurant, dish);
            let deadline = db.deadline();
            let decide = async move || Ok::<_, Failure>((order, reply(at)));
            db.once(&key, b"body", &deadline, decide).await
        }
    });
    let answers = answers.await;
    let first = answers[0].as_ref().unwrap().0.clone();
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_ref().is_ok_and(|(reply, _)| *reply == first)),
        "{answers:?}"
    );
    let effects = answers
        .iter()
        .flatten()
        .filter(|(_, committed)| committed.is_some())
        .count();
    assert_eq!((effects, world.orders().await), (1, 1));
    assert_eq!(world.free(world.home.dish).await, FREE - 1);
}

pub(super) async fn fifty_at_once_have_one_effect_and_equal_replies(world: World) {
    let nodes = vec![world.db().clone()];
    fifty(world, nodes).await;
}

pub(super) async fn fifty_over_two_nodes_have_one_effect_and_equal_replies(world: World) {
    let nodes = vec![world.db().clone(), world.trial.another_node().await];
    fifty(world, nodes).await;
}

pub(super) async fn one_whose_time_ends_while_the_first_works_is_told_so(world: World) {
    let key = key(world.organisation(), "a");
    let (begun, go_on) = (Notify::new(), Notify::new());
    let deadline = world.db().deadline();
    let slow = world.db().once(&key, b"body", &deadline, async || {
        begun.notify_one();
        go_on.notified().await;
        Ok::<_, Failure>(effect(&world, 1))
    });
    let loser = async {
        begun.notified().await;
        let soon = Deadline::within(world.clock(), Duration::from_millis(50));
        let decide = async || Ok::<_, Failure>(effect(&world, 2));
        let lost = world.db().once(&key, b"body", &soon, decide).await;
        go_on.notify_one();
        lost
    };
    let (won, lost) = tokio::join!(slow, loser);
    assert_eq!(lost, Err(Failure::UnderWay));
    assert_eq!(won.unwrap().0, reply(1));
    assert_eq!(once(&world, &key, b"body", 3).await, Ok((reply(1), None)));
    assert_eq!(world.orders().await, 1);
}

pub(super) async fn a_decision_that_fails_leaves_its_key_free(world: World) {
    let key = key(world.organisation(), "a");
    let deadline = world.db().deadline();
    let no = async || Err::<(Commit, Reply), _>(Failure::TooLate);
    assert_eq!(
        world.db().once(&key, b"body", &deadline, no).await,
        Err(Failure::TooLate)
    );
    let refuse = async || Ok::<_, Failure>((take(&world, world.id(), 1), reply("refused")));
    let outcome = world.db().once(&key, b"body", &deadline, refuse).await;
    assert_eq!(outcome, Err(refused(0, "trial_stock.take")));
    assert_eq!(world.db().replay(&key, b"body", &deadline).await, Ok(None));
    assert_eq!(once(&world, &key, b"another", 2).await.unwrap().0, reply(2));
}

pub(super) async fn a_first_that_was_dropped_lets_the_next_go_on(world: World) {
    let key = key(world.organisation(), "a");
    let deadline = world.db().deadline();
    let never = world.db().once(&key, b"body", &deadline, async || {
        std::future::pending::<()>().await;
        Ok::<_, Failure>(effect(&world, 1))
    });
    let ended = tokio::time::timeout(Duration::from_millis(20), never).await;
    assert!(ended.is_err());
    assert_eq!(once(&world, &key, b"body", 2).await.unwrap().0, reply(2));
}

/// Both come while the first one works; who asked for something else is not given its answer.
pub(super) async fn those_who_waited_are_told_what_belongs_to_their_body(world: World) {
    let key = key(world.organisation(), "a");
    let (begun, go_on) = (Notify::new(), Notify::new());
    let deadline = world.db().deadline();
    let first = world.db().once(&key, b"body", &deadline, async || {
        begun.notify_one();
        go_on.notified().await;
        Ok::<_, Failure>(effect(&world, 1))
    });
    let others = async {
        begun.notified().await;
        let release = async {
            tokio::task::yield_now().await;
            go_on.notify_one();
        };
        let same = once(&world, &key, b"body", 2);
        let (same, other, ()) = tokio::join!(same, once(&world, &key, b"other body", 3), release);
        (same, other)
    };
    let (first, (same, other)) = tokio::join!(first, others);
    assert_eq!(first.unwrap().0, reply(1));
    assert_eq!(same, Ok((reply(1), None)));
    assert_eq!(other, Err(Failure::OtherBody));
    assert_eq!(world.orders().await, 1);
}

pub(super) async fn keys_do_not_wait_for_each_other(world: World) {
    let (one, two) = (
        key(world.organisation(), "a"),
        key(world.organisation(), "b"),
    );
    let go_on = Notify::new();
    let deadline = world.db().deadline();
    let slow = world.db().once(&one, b"body", &deadline, async || {
        go_on.notified().await;
        Ok::<_, Failure>(effect(&world, 1))
    });
    let quick = async {
        let answered = once(&world, &two, b"body", 2).await;
        go_on.notify_one();
        answered
    };
    let (slow, quick) = tokio::join!(slow, quick);
    assert_eq!((slow.unwrap().0, quick.unwrap().0), (reply(1), reply(2)));
}

/// The loser reads what the winner on another node has done already, and decides otherwise because of it.
pub(super) async fn a_decision_made_in_sight_of_the_winners_effect_gives_the_winners_reply(
    world: World,
) {
    let node = world.trial.another_node().await;
    let key = key(world.organisation(), "a");
    let deadline = world.db().deadline();
    let decisions = Arc::new(AtomicUsize::new(0));
    let late = node.once(&key, b"body", &deadline, async || {
        // Nothing was stored when this node looked; now the other one is done.
        once(&world, &key, b"body", 1).await.unwrap();
        decisions.fetch_add(1, Ordering::SeqCst);
        Err::<(Commit, Reply), _>(refused(0, "the table is taken"))
    });
    let answered = late.await;
    assert_eq!(decisions.load(Ordering::SeqCst), 1);
    assert_eq!(answered, Ok((reply(1), None)));
    let late = node.once(&key, b"other body", &deadline, async || {
        Err::<(Commit, Reply), _>(Failure::TooLate)
    });
    assert_eq!(late.await, Err(Failure::OtherBody));
}

pub(super) async fn a_winner_on_another_node_is_found_by_the_claim(world: World) {
    let node = world.trial.another_node().await;
    let key = key(world.organisation(), "a");
    let deadline = world.db().deadline();
    let late = node.once(&key, b"body", &deadline, async || {
        once(&world, &key, b"body", 1).await.unwrap();
        let mut commit = world.trial.order(&world.home);
        commit.event(event(world.id(), 1));
        Ok::<_, Failure>((commit, reply(2)))
    });
    assert_eq!(late.await, Ok((reply(1), None)));
    assert_eq!(
        (world.orders().await, world.free(world.home.dish).await),
        (1, FREE - 1)
    );
}

/// What sixteen ask at once for one person, over these nodes in turn: each of them would add another address.
async fn ask_for_a_person(world: &World, nodes: &[Db]) {
    let (clock, random) = (world.clock().clone(), world.random().clone());
    let person = world.id();
    let key = key(Organisation::PEOPLE, "a");
    let nodes: Arc<[Db]> = nodes.into();
    let replies = race(16, |at| {
        let (db, key) = (nodes[at % nodes.len()].clone(), key.clone());
        let (clock, random) = (clock.clone(), random.clone());
        async move {
            let decide = async || {
                let mut commit = Commit::of_person(&clock, &random, person);
                let id = Uid::make(&clock, &random, Organisation::PEOPLE);
                commit.insert(&ADDRESSES, [id.into(), at.to_string().into()]);
                commit.event(event(id, 1));
                Ok::<_, Failure>((commit, reply(at)))
            };
            db.once(&key, b"body", &db.deadline(), decide).await
        }
    })
    .await;
    let replies: Vec<(Reply, Option<Committed>)> =
        replies.into_iter().map(Result::unwrap).collect();
    let first = &replies[0].0;
    assert!(
        replies.iter().all(|(reply, _)| reply == first),
        "{replies:?}"
    );
    let effects = replies.iter().filter(|(_, committed)| committed.is_some());
    assert_eq!(effects.count(), 1);
    let (db, calls) = (world.db(), vec![Call::new(&READ_ADDRESSES, [])]);
    let rows = db.read_person(person, calls, &db.deadline()).await.unwrap();
    assert_eq!(rows[0].len(), 1);
    assert_eq!(rows[0][0].get::<String>(1).unwrap(), first.body);

    let replayed = db.replay(&key, b"body", &db.deadline()).await;
    assert_eq!(replayed.as_ref(), Ok(&Some(first.clone())));
    let other = db.replay(&key, b"other", &db.deadline()).await;
    assert_eq!(other, Err(Failure::OtherBody));
}

pub(super) async fn what_a_person_asks_is_done_once(world: World) {
    ask_for_a_person(&world, &[world.db().clone()]).await;
}

pub(super) async fn what_a_person_asks_two_nodes_is_done_once(world: World) {
    let nodes = [world.db().clone(), world.trial.another_node().await];
    ask_for_a_person(&world, &nodes).await;
}
