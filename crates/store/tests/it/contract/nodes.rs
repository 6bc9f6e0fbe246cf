//! Two nodes on the same databases: what one stores binds the other.

use std::time::Duration;

use testkit::trial::SHARD;

pub(super) use super::directory::{
    a_damaged_copy_is_refused_by_its_name, a_new_organisation_is_known_to_another_node_at_once,
    a_new_organisation_is_known_to_another_node_by_its_first_commit,
    a_shard_that_is_away_does_not_hold_up_organisations_of_others,
    a_shard_that_is_away_is_waited_for_by_whoever_comes_again,
    numbers_that_are_nobodys_are_looked_for_together_and_seldom, racing_changes_leave_a_whole_copy,
    shards_have_logs_of_their_own, sixteen_equal_requests_on_two_nodes_make_one_organisation,
    without_the_control_database_the_copy_serves,
};
use super::events::{
    one_gets_each_version, positions_are_dense, quickest_wake, reader_misses_nothing,
};
use super::held::race_for_digests;
pub(super) use super::leases::of_sixteen_on_two_nodes_one_gets_it as of_sixteen_on_two_nodes_one_gets_a_lease;
pub(super) use super::limits::{
    a_full_queue_takes_nothing_more_and_loses_nothing,
    who_waits_too_long_in_the_queue_is_not_stored_later,
};
pub(super) use super::once::{
    a_decision_made_in_sight_of_the_winners_effect_gives_the_winners_reply,
    a_winner_on_another_node_is_found_by_the_claim,
    fifty_over_two_nodes_have_one_effect_and_equal_replies as fifty_requests_on_two_nodes_have_one_effect,
    what_a_person_asks_two_nodes_is_done_once,
};
use super::resend::{COPIES, all_equal, numbered};
use crate::world::{Engine, FREE, World};

pub(super) async fn copies_sent_over_two_nodes_are_stored_once(world: World) {
    let nodes = [world.db().clone(), world.trial.another_node().await];
    let head = world.head().await;
    let mut commits = Vec::new();
    for _ in 0..10 {
        commits.extend(vec![numbered(&world); COPIES]);
    }
    let verdicts = world.store_racing(&nodes, commits).await;
    for copies in verdicts.chunks(COPIES) {
        all_equal(copies, copies[0].as_ref().unwrap());
    }
    assert_eq!((world.orders().await, world.head().await), (10, head + 20));
    assert_eq!(world.free(world.home.dish).await, FREE - 10);
}

pub(super) async fn writers_on_two_nodes_leave_dense_positions(world: World) {
    let nodes = [world.db().clone(), world.trial.another_node().await];
    positions_are_dense(&world, &nodes).await;
}

pub(super) async fn a_reader_sees_every_event_of_two_nodes_in_order(world: World) {
    let nodes = [
        world.trial.another_node().await,
        world.trial.another_node().await,
    ];
    reader_misses_nothing(&world, &nodes).await;
}

pub(super) async fn of_racing_claims_on_two_nodes_one_wins_each_digest(world: World) {
    let nodes = [world.db().clone(), world.trial.another_node().await];
    race_for_digests(&world, &nodes).await;
}

pub(super) async fn of_appends_on_two_nodes_exactly_one_gets_each_version(world: World) {
    let nodes = [world.db().clone(), world.trial.another_node().await];
    one_gets_each_version(&world, &nodes).await;
}

/// PostgreSQL calls; its slow read, which makes good for a lost call, comes only after half a second. Nobody calls
/// for a file.
pub(super) async fn a_waiting_reader_wakes_when_another_node_stores_something(world: World) {
    let node = world.trial.another_node().await;
    let reader = node.shards()[SHARD].clone();
    let quickest = quickest_wake(&world, &reader).await;
    let soon = match world.engine {
        Engine::Postgres => Duration::from_millis(200),
        Engine::Sqlite | Engine::Inline => Duration::from_millis(900),
    };
    assert!(quickest < soon, "{quickest:?}");
}
