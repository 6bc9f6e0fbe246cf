//! PgBouncer: that it shares server connections, and the danger for which it is here.

use testkit::pgbouncer::{Bouncer, Settings};
use testkit::postgres::Server;
use tokio_postgres::{Client, Config, NoTls};

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    #[allow(clippy::disallowed_methods, reason = "ends with its client")]
    tokio::spawn(connection);
    client
}

async fn backend(client: &Client) -> String {
    let messages = client.simple_query("SELECT pg_backend_pid()").await;
    let rows = messages.unwrap().into_iter().find_map(|message| {
        let tokio_postgres::SimpleQueryMessage::Row(row) = message else {
            return None;
        };
        row.get(0).map(str::to_owned)
    });
    rows.unwrap()
}

#[tokio::test]
async fn clients_share_server_connections_but_not_within_a_transaction() {
    let server = Server::shared();
    let database = server.database(None).await;
    let bouncer = Bouncer::start(server, &Settings::new().pool_size(2));
    let config = database.config_through(bouncer.port(), "postgres");
    let (one, two) = (connect(&config).await, connect(&config).await);
    assert_eq!(backend(&one).await, backend(&two).await);
    one.simple_query("BEGIN").await.unwrap();
    assert_ne!(
        backend(&one).await,
        backend(&two).await,
        "{}",
        bouncer.log()
    );
}

#[tokio::test]
async fn a_prepared_name_of_another_client_answers_wrongly() {
    let server = Server::shared();
    let database = server.database(None).await;
    let bouncer = Bouncer::start(server, &Settings::new().pool_size(1));
    let config = database.config_through(bouncer.port(), "postgres");
    let (one, two) = (connect(&config).await, connect(&config).await);
    one.simple_query("PREPARE dish AS SELECT 111")
        .await
        .unwrap();
    let messages = two.simple_query("EXECUTE dish").await.unwrap();
    let answers = messages.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    assert_eq!(answers.collect::<Vec<_>>(), ["111"]);
}

#[tokio::test]
async fn only_known_roles_come_in() {
    let server = Server::shared();
    let database = server.database(None).await;
    let role = "CREATE ROLE waiter LOGIN";
    server.execute_as_superuser("postgres", role).await;
    let strict = Bouncer::start(server, &Settings::new());
    let config = database.config_through(strict.port(), "waiter");
    assert!(config.connect(NoTls).await.is_err());
    let open = Bouncer::start(server, &Settings::new().user("waiter"));
    connect(&database.config_through(open.port(), "waiter")).await;
}
