//! The fault proxy, on an echo server and on PostgreSQL.

use std::net::SocketAddr;
use std::time::Duration;

use testkit::postgres::{Database, Server};
use testkit::proxy::{Cut, Direction, Proxy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_postgres::{Client, NoTls};

pub(crate) const PATIENCE: Duration = Duration::from_millis(200);
pub(crate) const FAILURE: Duration = Duration::from_secs(20);

pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    #[allow(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(work);
}

/// A cut that does not come would leave its test waiting for ever.
pub(crate) async fn in_time<T>(work: impl Future<Output = T>) -> T {
    let outcome = tokio::time::timeout(FAILURE, work).await;
    outcome.expect("nothing came")
}

pub(crate) async fn echo_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            spawn(async move {
                let (mut reader, mut writer) = socket.split();
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
            });
        }
    });
    address
}

pub(crate) async fn echo(socket: &mut TcpStream, text: &str) -> std::io::Result<String> {
    socket.write_all(text.as_bytes()).await?;
    let mut answer = vec![0; text.len()];
    socket.read_exact(&mut answer).await?;
    Ok(String::from_utf8(answer).unwrap())
}

#[tokio::test]
async fn bytes_pass_and_are_counted() {
    let proxy = Proxy::start_bytes(echo_server().await).await;
    let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(echo(&mut socket, "soup").await.unwrap(), "soup");
    assert_eq!(proxy.bytes(Direction::ToServer), 4);
    assert_eq!(proxy.bytes(Direction::ToClient), 4);
    assert_eq!(proxy.messages(), []);
    assert_eq!(proxy.connections(), 1);
    proxy.forget();
    assert_eq!(proxy.bytes(Direction::ToServer), 0);
}

#[tokio::test]
async fn a_half_close_passes_and_the_answer_still_comes() {
    let proxy = Proxy::start_bytes(echo_server().await).await;
    let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
    socket.write_all(b"soup").await.unwrap();
    socket.shutdown().await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "soup");
}

#[tokio::test]
async fn a_cut_lets_through_exactly_the_bytes_before_it() {
    let proxy = Proxy::start_bytes(echo_server().await).await;
    for kept in 0..=6 {
        let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
        proxy.arm(Cut::after_bytes(Direction::ToClient, kept));
        socket.write_all(b"dinner").await.unwrap();
        let mut received = Vec::new();
        let error = in_time(socket.read_to_end(&mut received))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        assert_eq!(received, b"dinner"[..usize::try_from(kept).unwrap()]);
        assert_eq!(proxy.cuts(), kept + 1);
    }
    let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(echo(&mut socket, "healthy").await.unwrap(), "healthy");
}

#[tokio::test]
async fn a_cut_to_the_server_counts_over_pieces_and_a_disarmed_one_does_nothing() {
    let proxy = Proxy::start_bytes(echo_server().await).await;
    let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
    proxy.arm(Cut::after_bytes(Direction::ToServer, 9));
    echo(&mut socket, "soup").await.unwrap();
    proxy.disarm();
    echo(&mut socket, "lasagne").await.unwrap();
    proxy.arm(Cut::after_bytes(Direction::ToServer, 9));
    echo(&mut socket, "soup").await.unwrap();
    assert!(in_time(echo(&mut socket, "lasagne")).await.is_err());
    assert_eq!(proxy.bytes(Direction::ToServer), 4 + 7 + 9);
}

#[tokio::test]
async fn a_refused_connection_is_reset_and_open_ones_stay() {
    let proxy = Proxy::start_bytes(echo_server().await).await;
    let mut open = TcpStream::connect(proxy.address()).await.unwrap();
    echo(&mut open, "before").await.unwrap();
    proxy.refuse();
    let mut refused = TcpStream::connect(proxy.address()).await.unwrap();
    assert!(in_time(echo(&mut refused, "soup")).await.is_err());
    echo(&mut open, "after").await.unwrap();
    proxy.accept();
    let mut welcome = TcpStream::connect(proxy.address()).await.unwrap();
    echo(&mut welcome, "soup").await.unwrap();
}

#[tokio::test]
async fn a_frozen_connection_is_silent_and_goes_on_later() {
    let proxy = Proxy::start_bytes(echo_server().await).await;
    let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
    echo(&mut socket, "soup").await.unwrap();
    proxy.freeze();
    let silent = tokio::time::timeout(PATIENCE, echo(&mut socket, "fish")).await;
    assert!(silent.is_err());
    proxy.thaw();
    let mut answer = [0; 4];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"fish");
}

#[tokio::test]
async fn severed_and_dropped_proxies_close_what_is_open() {
    let proxy = Proxy::start_bytes(echo_server().await).await;
    let address = proxy.address();
    let mut socket = TcpStream::connect(address).await.unwrap();
    echo(&mut socket, "soup").await.unwrap();
    proxy.sever();
    assert!(in_time(echo(&mut socket, "fish")).await.is_err());
    let mut next = TcpStream::connect(address).await.unwrap();
    echo(&mut next, "soup").await.unwrap();
    drop(proxy);
    assert!(in_time(echo(&mut next, "fish")).await.is_err());
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_delay_holds_data_back() {
    let proxy = Proxy::start_bytes(echo_server().await).await;
    let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
    proxy.delay(PATIENCE);
    let early = tokio::time::timeout(PATIENCE, echo(&mut socket, "soup")).await;
    assert!(
        early.is_err(),
        "both directions wait, so twice the delay passes"
    );
    let mut answer = [0; 4];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"soup");
}

async fn connect(database: &Database, proxy: &Proxy) -> Client {
    let config = database.config_through(proxy.port(), "postgres");
    let (client, connection) = config.connect(NoTls).await.unwrap();
    spawn(async {
        let _ = connection.await;
    });
    client
}

fn kinds(proxy: &Proxy, direction: Direction) -> String {
    let messages = proxy.messages();
    let one_way = messages.iter().filter(|seen| seen.direction == direction);
    one_way.map(|message| char::from(message.kind)).collect()
}

const ADD: &str = "INSERT INTO dish VALUES (1)";

#[tokio::test]
async fn the_messages_of_a_statement_are_seen_with_their_types() {
    let database = Server::shared().database(None).await;
    database
        .execute_as_superuser("CREATE TABLE dish (n BIGINT)")
        .await;
    let proxy = Proxy::start(Server::shared().address()).await;
    let client = in_time(connect(&database, &proxy)).await;
    assert_eq!(kinds(&proxy, Direction::ToServer), "\0");
    assert!(kinds(&proxy, Direction::ToClient).ends_with("KZ"));
    let add = client.prepare(ADD).await.unwrap();
    proxy.forget();
    client.execute(&add, &[]).await.unwrap();
    assert_eq!(kinds(&proxy, Direction::ToServer), "BES");
    assert_eq!(kinds(&proxy, Direction::ToClient), "2CZ");
    assert_eq!(proxy.count(Direction::ToServer), 3);
    let sizes = proxy
        .messages()
        .iter()
        .map(|seen| seen.size_bytes)
        .sum::<usize>() as u64;
    assert_eq!(
        sizes,
        proxy.bytes(Direction::ToServer) + proxy.bytes(Direction::ToClient)
    );
}

/// A statement is stored if and only if its Sync went out whole, wherever the connection is cut.
#[tokio::test]
async fn postgresql_is_cut_at_every_message_and_inside_each() {
    let database = Server::shared().database(None).await;
    let table = "CREATE TABLE dish (n BIGINT)";
    database.execute_as_superuser(table).await;
    let proxy = Proxy::start(Server::shared().address()).await;
    for whole in 0..3 {
        for bytes in [0, 3] {
            let cut = Cut::inside(Direction::ToServer, whole, bytes);
            assert_eq!(cut_and_count(&database, &proxy, cut).await, (false, 0));
            let cut = Cut::inside(Direction::ToClient, whole, bytes);
            assert_eq!(cut_and_count(&database, &proxy, cut).await, (false, 1));
        }
    }
    let behind_sync = Cut::after_messages(Direction::ToServer, 3);
    assert_eq!(
        cut_and_count(&database, &proxy, behind_sync).await,
        (false, 1)
    );
    let behind_all = Cut::after_messages(Direction::ToClient, 3);
    assert_eq!(
        cut_and_count(&database, &proxy, behind_all).await,
        (true, 1)
    );
}

/// Whether the client got its answer, and how many rows are stored.
async fn cut_and_count(database: &Database, proxy: &Proxy, cut: Cut) -> (bool, usize) {
    database.execute_as_superuser("TRUNCATE dish").await;
    let client = connect(database, proxy).await;
    let add = client.prepare(ADD).await.unwrap();
    let cuts_before = proxy.cuts();
    proxy.arm(cut);
    let answer = in_time(client.execute(&add, &[])).await;
    assert_eq!(proxy.cuts(), cuts_before + 1, "{cut:?}");
    wait_for_the_end_of_others(database).await;
    let rows = database.execute_as_superuser("SELECT n FROM dish").await;
    (answer.is_ok(), rows.len())
}

/// The server may still be working on what was let through.
async fn wait_for_the_end_of_others(database: &Database) {
    let others = "SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    while !database.execute_as_superuser(others).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
