//! The same binary on PostgreSQL.

use testkit::pgbouncer::{Bouncer, Settings};
use testkit::postgres::{Database, Server};

use crate::World;

/// Databases of one server for all parts.
pub(crate) struct Places {
    pub(crate) words: Vec<String>,
    databases: Vec<Database>,
}

impl Places {
    pub(crate) async fn new() -> Self {
        let mut words = vec!["--set".to_owned(), "storage.owner_role=postgres".to_owned()];
        let mut databases = Vec::new();
        for key in ["control", "people", "audit", "keys", "shards.main"] {
            let database = Server::shared().database(None).await;
            let (host, port, name) = (database.host(), database.port(), database.name());
            words.push("--set".to_owned());
            words.push(format!(
                "storage.{key}=host={host} port={port} dbname={name}"
            ));
            databases.push(database);
        }
        Self { words, databases }
    }

    pub(crate) fn world(&self) -> World {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        World::new().with(&words)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_after_a_migration_and_not_before() {
    let places = Places::new().await;
    let world = places.world();
    let (code, said) = world.refused();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("comanda migrate"), "{said}");

    let migrating = world.0.clone().with(["--migrate"]);
    let serve = migrating.serve().unwrap();
    let link = serve.ready("setup").unwrap().to_owned();
    let token = link.split_once('#').unwrap().1;
    let body =
        format!("{{\"token\":\"{token}\",\"name\":\"Lucia\",\"email\":\"lucia@example.com\"}}");
    let made = serve.post("/api/setup", &[], &body);
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(serve.get("/api/health").status, 200);
    serve.kill();

    let serve = world.serve();
    assert_eq!(serve.get("/api/health/ready").status, 200);
    let doctor: Vec<&str> = ["doctor"]
        .into_iter()
        .chain(places.words.iter().map(String::as_str))
        .collect();
    let ports = [
        "--set",
        "listen.http=127.0.0.1:0",
        "--set",
        "listen.admin=127.0.0.1:0",
    ];
    let (code, said) = world.run(&[doctor.as_slice(), &ports].concat());
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("database main") && said.contains("PostgreSQL"),
        "{said}"
    );
    assert!(!said.contains("pooler"), "{said}");
    assert!(serve.stop().success());

    // A database that an older version left behind.
    let shard = places.databases.last().unwrap();
    shard
        .execute_as_superuser("DELETE FROM migrations_engine")
        .await;
    let (code, said) = world.refused();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("(main: engine)"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_named() {
    let away = |key: &str| format!("storage.{key}=host=127.0.0.1 port=1 dbname={key}");
    let keys = ["control", "people", "audit", "keys", "shards.main"].map(away);
    let mut words = vec!["migrate"];
    for key in &keys {
        words.extend(["--set", key.as_str()]);
    }
    let (code, said) = World::new().run(&words);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("not available"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_pooler_and_asks_for_the_way_past_it() {
    let bouncer = Bouncer::start(Server::shared(), &Settings::new());
    let mut words = vec!["doctor".to_owned()];
    for ports in ["listen.http=127.0.0.1:0", "listen.admin=127.0.0.1:0"] {
        words.extend(["--set".to_owned(), ports.to_owned()]);
    }
    for key in ["control", "people", "audit", "keys", "shards.main"] {
        let port = bouncer.port();
        words.extend([
            "--set".to_owned(),
            format!("storage.{key}=host=127.0.0.1 port={port} dbname={key}"),
        ]);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (code, said) = World::new().run(&words);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("storage.direct.control"), "{said}");
}
