//! Two nodes on the same databases: what one stores binds the other.

use super::resend::{COPIES, all_equal, numbered};
use crate::world::{FREE, World};

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
