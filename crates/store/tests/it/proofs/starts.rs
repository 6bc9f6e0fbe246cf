//! A start looks before it migrates: what this version wrote last is left alone, all else is brought to it.

use std::time::Duration;

use base::Clock;
use store::{Database, Place};
use testkit::postgres::Server;
use testkit::trial::TRIAL;

use super::bases::texts;
use super::world::settings;

const POLICIES: &str = "SELECT policyname FROM pg_policies WHERE tablename = 'trial_orders'";

#[tokio::test]
async fn postgres_a_start_does_over_again_only_what_another_version_did() {
    let database = Server::shared().database(None).await;
    let mut settings = settings(database.port(), database.name());
    settings.fallback = Duration::from_millis(10);
    let place = Place::Postgres(Box::new(settings));
    let opened = Database::open(&place, &Clock::real()).unwrap();
    let both = [&store::DATABASE, &TRIAL];
    // At first there is nothing, then a part is missing.
    opened.catch_up(&both[..1]).await.unwrap();
    assert_eq!(opened.behind(&both).await.unwrap(), ["trial"]);
    opened.catch_up(&both).await.unwrap();
    assert_eq!(opened.behind(&both).await.unwrap(), [""; 0]);
    let policies = texts(&database, POLICIES).await;
    assert!(!policies.is_empty());
    // Nothing is written where nothing is missing: what was broken by hand stays, until it is said to migrate.
    let cut = "DROP POLICY owner_all ON trial_orders";
    database.execute_as_superuser(cut).await;
    opened.catch_up(&both).await.unwrap();
    assert_eq!(texts(&database, POLICIES).await.len() + 1, policies.len());
    opened.migrate(&both).await.unwrap();
    assert_eq!(texts(&database, POLICIES).await, policies);
    // Another version was here, or one was interrupted before its last word.
    for mark in ["'0123456789abcdef'", "NULL"] {
        let other = format!("{cut}; COMMENT ON TABLE migrations_trial IS {mark}");
        database.execute_as_superuser(&other).await;
        opened.catch_up(&both).await.unwrap();
        assert_eq!(texts(&database, POLICIES).await, policies);
    }
}
