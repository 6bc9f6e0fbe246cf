//! A connection that is neither closed nor answered must not hold up the store for longer than its callers wait.
//!
//! Unlike a frozen proxy, the hole never gives back what it swallowed, and new connections through it are healthy:
//! that is what a firewall does which has forgotten a connection.

use std::net::SocketAddr;
use std::time::Duration;

use store::{Call, Failure, Scope};
use testkit::postgres::Server;
use testkit::trial::READ_STOCK;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::world::{World, dish};

/// Forwards to a server until it is told to swallow what the connections of that moment carry.
struct Hole {
    address: SocketAddr,
    swallow: watch::Sender<u64>,
}

fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    #[allow(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(work);
}

impl Hole {
    async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let swallow = watch::Sender::new(0);
        let told = swallow.subscribe();
        spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut told = told.clone();
                told.mark_unchanged();
                spawn(async move {
                    let mut server = TcpStream::connect(upstream).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => return,
                        _ = told.changed() => {}
                    }
                    // The server hears that its client is gone; the client hears nothing, ever.
                    drop(server);
                    std::future::pending::<()>().await;
                });
            }
        });
        Hole { address, swallow }
    }

    fn swallow(&self) {
        self.swallow.send_modify(|times| *times += 1);
    }
}

async fn world_behind(hole: &Hole) -> World {
    let port = hole.address.port();
    let world = World::postgres(|settings| {
        let reroute = |text: &str| {
            let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            words[1] = format!("port={port}");
            words.join(" ")
        };
        settings.app = reroute(&settings.app);
        settings.queue = reroute(&settings.queue);
        settings.direct = reroute(&settings.direct);
        settings.lanes = 1;
        settings.fallback = Duration::from_millis(100);
        settings.connect_limit = Duration::from_secs(1);
    })
    .await;
    world.seed(1..=1, &[1_000]).await;
    world
}

#[tokio::test]
async fn postgres_a_lane_gives_up_a_connection_that_never_answers() {
    let hole = Hole::start(Server::shared().address()).await;
    let world = world_behind(&hole).await;
    let before = world.order(1, &[(1, 1)]);
    world.commit(&before.commit).await.unwrap();
    hole.swallow();
    let order = world.order(1, &[(1, 1)]);
    let answer = world
        .commit_within(&order.commit, Duration::from_millis(200))
        .await;
    assert_eq!(answer.err(), Some(Failure::Unknown(order.commit.id())));
    // The same commit again, and others, through the same lane.
    let answer = world.commit(&order.commit).await.unwrap();
    world.assert_stored(&order, &answer).await;
    let after = world.order(1, &[(1, 1)]);
    let answer = world.commit(&after.commit).await.unwrap();
    world.assert_stored(&after, &answer).await;
    assert_eq!(world.free(1, 1).await, 997);
}

#[tokio::test]
async fn postgres_a_read_gives_up_a_connection_that_never_answers() {
    let hole = Hole::start(Server::shared().address()).await;
    let world = world_behind(&hole).await;
    let read = async |time| {
        let scope = Scope::Organisation(base::Organisation::new(1));
        let call = Call::new(&READ_STOCK, [dish(1).into()]);
        let deadline = world.within(time);
        world.database.read(scope, vec![call], &deadline).await
    };
    read(Duration::from_secs(5)).await.unwrap();
    hole.swallow();
    assert_eq!(
        read(Duration::from_millis(200)).await,
        Err(Failure::TooLate)
    );
    assert_eq!(read(Duration::from_secs(5)).await.unwrap()[0].len(), 1);
}

#[tokio::test]
async fn postgres_a_listener_gives_up_a_connection_that_never_answers() {
    let hole = Hole::start(Server::shared().address()).await;
    let world = world_behind(&hole).await;
    let other = store::Database::open(&world.place, &world.clock).unwrap();
    let head = world
        .database
        .log_head(&world.within(super::world::PATIENCE))
        .await
        .unwrap();
    assert!(
        other
            .log_beyond(head - 1, &world.within(Duration::from_secs(5)))
            .await
    );
    hole.swallow();
    // The first attempt may be lost with the lane's old connection; the commit is settled under its id.
    for _ in 0..2 {
        let order = world.order(1, &[(1, 1)]);
        let short = world.commit_within(&order.commit, Duration::from_millis(200));
        if short.await.is_err() {
            world.commit(&order.commit).await.unwrap();
        }
    }
    let deadline = world.within(super::world::PATIENCE);
    let heard = other.log_beyond(head, &deadline).await;
    assert!(heard, "the other node never heard of the commit");
}
