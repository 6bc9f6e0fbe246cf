//! What is committed is told on the bus of every node, in order.

use std::sync::Arc;

use fabric::{Pattern, Received};

use crate::world::{World, settings, stamp, until};

stamp! {
    sqlite Sqlite: each_node_tells_all_events_in_order;
    postgres Postgres: each_node_tells_all_events_in_order;
}

async fn each_node_tells_all_events_in_order(world: Arc<World>) {
    const EVENTS: i64 = 600;
    world.happen("before.start").await;
    let other = world.trial.another_node().await;
    let nodes = [
        world.node(world.db(), settings("a"), vec![], vec![]),
        world.node(&other, settings("b"), vec![], vec![]),
    ];
    for node in &nodes {
        until("the log is seen", || async { node.trust.holds() }).await;
    }
    let mut told = nodes
        .each_ref()
        .map(|node| node.bus.subscribe(&[Pattern::all()]).unwrap());
    let writers = (0..4).map(|_| async {
        for _ in 0..EVENTS / 4 {
            world.happen("thing.happened").await;
        }
    });
    futures_util::future::join_all(writers).await;
    for told in &mut told {
        let mut last = 1;
        for _ in 0..EVENTS {
            let Some(Received::Message(message)) = told.receive().await else {
                panic!("something was missed");
            };
            assert_eq!(message.position, last + 1);
            assert_eq!(&*message.topic, "thing.happened");
            assert!(message.id.starts_with("evt_") && message.id.ends_with(".1"));
            last = message.position;
        }
        assert_eq!(told.try_receive(), None);
    }
    for node in nodes {
        node.stop().await;
    }
}
