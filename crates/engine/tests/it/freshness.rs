//! A node that cannot see the log stops believing what it remembers, and believes again when it can.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use store::Place;
use testkit::postgres::Server;
use testkit::proxy::Proxy;
use testkit::trial;

use crate::world::{On, PARTS, World, run, settings, stamp, until};

stamp! {
    sqlite Sqlite: a_node_that_sees_the_log_is_trusted;
    postgres Postgres: a_node_that_sees_the_log_is_trusted;
}

async fn a_node_that_sees_the_log_is_trusted(world: Arc<World>) {
    let node = world.node(world.db(), settings("a"), vec![], vec![]);
    until("trusted", || async { node.trust.holds() }).await;
    let watched = async {
        for _ in 0..30 {
            assert!(
                node.trust.holds(),
                "it was not trusted although nothing happened"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    watched.await;
    assert!(
        node.engine
            .freshness()
            .values()
            .all(engine::Freshness::trusted)
    );
    node.stop().await;
}

/// Cuts the shard off in one way, and sees trust go and come.
async fn cut_off(cut: impl Fn(&Proxy), mend: impl Fn(&Proxy)) {
    let server = Server::shared();
    let port = server.database(None).await.port();
    let upstream = SocketAddr::from(([127, 0, 0, 1], port));
    let proxy = Proxy::start(upstream).await;
    let trial = trial::World::on_server(server, |settings| {
        for place in settings.shards.values_mut() {
            let Place::Postgres(address) = place else {
                panic!("a world on a server");
            };
            let through = |text: &str| {
                text.replace(&format!("port={port}"), &format!("port={}", proxy.port()))
            };
            address.app = through(&address.app);
            address.queue = through(&address.queue);
            address.direct = through(&address.direct);
            address.connect_limit = Duration::from_secs(1);
        }
    })
    .await;
    trial.db.migrate(&PARTS).await.unwrap();
    let home = trial.home(0).await;
    let world = World { trial, home };
    let node = world.node(world.db(), settings("a"), vec![], vec![]);
    until("trusted", || async { node.trust.holds() }).await;
    for _ in 0..2 {
        let clock = &world.trial.clock;
        let began = clock.elapsed();
        cut(&proxy);
        until("trust is lost", || async { !node.trust.holds() }).await;
        let lost = clock.elapsed() - began;
        assert!(lost <= Duration::from_secs(3));
        assert!(lost >= Duration::from_secs(1), "nothing was wrong yet");
        mend(&proxy);
        let began = clock.elapsed();
        until("trust is regained", || async { node.trust.holds() }).await;
        assert!(clock.elapsed() - began <= Duration::from_secs(5));
    }
    node.stop().await;
}

#[test]
fn postgres_trust_is_lost_when_connections_are_cut_and_regained() {
    run(On::Inline, async |_| {
        let cut = |proxy: &Proxy| {
            proxy.refuse();
            proxy.sever();
        };
        cut_off(cut, Proxy::accept).await;
    });
}

#[test]
fn postgres_trust_is_lost_when_the_network_falls_silent_and_regained() {
    run(On::Inline, async |_| {
        let mend = |proxy: &Proxy| {
            proxy.thaw();
            proxy.sever();
        };
        cut_off(Proxy::freeze, mend).await;
    });
}
