//! Brings a PostgreSQL database to the schema of its parts, one node at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use refinery::{Migration, Runner};
use tokio_postgres::Client;

use crate::failure::{Failure, Outcome};
use crate::postgres::connection::unavailable;
use crate::postgres::functions;
use crate::postgres::policies;
use crate::postgres::target::{self, Mutate, Target};
use crate::sql::Part;

/// The number of the advisory lock that keeps two nodes from migrating one database at once.
const LOCK: i64 = 0x636f_6d61_6e64_6100;

/// Runs what is missing of each part, then puts every policy in force.
pub(crate) async fn migrate(owner: &Target, parts: &[&Part], limit: Duration) -> Outcome<()> {
    connected(owner, limit, async |mut client| {
        run_alone(&mut client, parts, owner.mutate()).await
    })
    .await
}

/// The same where this version was not the last to do it, and nothing otherwise: policies and functions are some
/// hundred statements, which lock every table and are the most of a start.
pub(crate) async fn catch_up(owner: &Target, parts: &[&Part], limit: Duration) -> Outcome<()> {
    connected(owner, limit, async |mut client| {
        match is_ours(&client, parts, owner.mutate()).await? {
            true => Ok(()),
            false => run_alone(&mut client, parts, owner.mutate()).await,
        }
    })
    .await
}

/// One node after the other.
async fn run_alone(client: &mut Client, parts: &[&Part], mutate: Option<Mutate>) -> Outcome<()> {
    client
        .execute("SELECT pg_advisory_lock($1)", &[&LOCK])
        .await
        .map_err(broken)?;
    let done = run(client, parts, mutate).await;
    client
        .execute("SELECT pg_advisory_unlock($1)", &[&LOCK])
        .await
        .map_err(broken)?;
    done
}

/// Whether every part bears the mark of this version, which is the last thing that is written of it.
async fn is_ours(client: &Client, parts: &[&Part], mutate: Option<Mutate>) -> Outcome<bool> {
    const READ: &str = "SELECT name, obj_description(to_regclass(name), 'pg_class') FROM unnest($1::text[]) AS name";
    let tables: Vec<String> = parts.iter().map(|part| table(part)).collect();
    let rows = client.query(READ, &[&tables]).await.map_err(unavailable)?;
    let marks = rows.iter().map(|row| (row.get(0), row.get(1)));
    let marks: BTreeMap<String, Option<String>> = marks.collect();
    Ok(parts.iter().all(|part| {
        let found = marks.get(&table(part)).and_then(Option::as_ref);
        found.is_some_and(|found| *found == mark(part, mutate))
    }))
}

/// What of a part this version writes into a database, as a number.
fn mark(part: &Part, mutate: Option<Mutate>) -> String {
    let steps = part.migrations.iter();
    let steps = steps.map(|step| format!("{} {} {}", step.number, step.name, step.postgres));
    let policies = part.tables.iter().map(|table| policies::statements(table));
    let mut all: Vec<String> = steps.chain(policies).collect();
    all.extend([policies::ROLES, policies::SCHEMA].map(str::to_owned));
    all.push(functions::spelled(part, mutate));
    format!("{:016x}", functions::fingerprint(&all.join("\n")))
}

/// The table that tells which steps of a part were taken.
fn table(part: &Part) -> String {
    format!("migrations_{}", part.name)
}

/// The parts of which the database has not seen every migration.
pub(crate) async fn behind(
    app: &Target,
    parts: &[&Part],
    limit: Duration,
) -> Outcome<Vec<&'static str>> {
    connected(app, limit, async |client| {
        let mut behind = Vec::new();
        for part in parts {
            let number = part
                .migrations
                .last()
                .map_or(0, |step| i64::from(step.number));
            if newest(&client, part).await? < number {
                behind.push(part.name);
            }
        }
        Ok(behind)
    })
    .await
}

/// Does something on a connection of its own, for as long as that holds; only the handshake is limited in time.
async fn connected<T>(
    target: &Target,
    limit: Duration,
    work: impl AsyncFnOnce(Client) -> Outcome<T>,
) -> Outcome<T> {
    let connecting = tokio::time::timeout(limit, target.connect()).await;
    let (client, driver) = connecting
        .map_err(|_| unavailable("no answer to the handshake"))?
        .map_err(unavailable)?;
    tokio::select! {
        done = work(client) => done,
        ended = target::drive(driver) => {
            let why = ended.err().map_or_else(|| "closed".to_owned(), |error| error.to_string());
            Err(unavailable(why))
        }
    }
}

/// The number of the last migration of a part; 0 where there was none.
async fn newest(client: &Client, part: &Part) -> Outcome<i64> {
    let table = table(part);
    let exists = client
        .query_one("SELECT to_regclass($1) IS NOT NULL", &[&table])
        .await
        .map_err(unavailable)?;
    if !exists.get::<_, bool>(0) {
        return Ok(0);
    }
    let newest = format!("SELECT coalesce(max(version), 0)::bigint FROM {table}");
    let newest = client.query_one(&newest, &[]).await.map_err(unavailable)?;
    Ok(newest.get(0))
}

async fn run(client: &mut Client, parts: &[&Part], mutate: Option<Mutate>) -> Outcome<()> {
    become_owner(client).await?;
    for part in parts {
        let table = table(part);
        let steps: Result<Vec<Migration>, _> = part
            .migrations
            .iter()
            .map(|step| {
                Migration::unapplied(&format!("V{}__{}", step.number, step.name), step.postgres)
            })
            .collect();
        // A step and its record must be one transaction, or a crash between them would leave neither way open.
        let mut runner = Runner::new(&steps.map_err(broken)?).set_grouped(true);
        runner.set_migration_table_name(&table);
        runner.run_async(client).await.map_err(broken)?;
        let policies: String = part
            .tables
            .iter()
            .map(|table| policies::statements(table))
            .collect();
        // Whoever serves may look whether the schema is the one of its version.
        let shown = format!("GRANT SELECT ON {table} TO {};\n", policies::APP);
        client
            .batch_execute(&format!("BEGIN;\n{policies}{shown}COMMIT;"))
            .await
            .map_err(broken)?;
        functions::make(client, part, mutate)
            .await
            .map_err(broken)?;
        let mark = format!("COMMENT ON TABLE {table} IS '{}'", mark(part, mutate));
        client.batch_execute(&mark).await.map_err(broken)?;
    }
    Ok(())
}

/// Everything is made by, and belongs to, the owner role. Whoever may do so makes the roles first.
async fn become_owner(client: &Client) -> Outcome<()> {
    let row = client
        .query_one("SELECT current_user = 'comanda_owner', (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)", &[])
        .await
        .map_err(broken)?;
    let (owner, superuser): (bool, bool) = (row.get(0), row.get(1));
    if superuser {
        client
            .batch_execute(policies::ROLES)
            .await
            .map_err(broken)?;
        client
            .batch_execute(policies::SCHEMA)
            .await
            .map_err(broken)?;
        return client
            .batch_execute("SET ROLE comanda_owner")
            .await
            .map_err(broken);
    }
    if owner {
        return Ok(());
    }
    Err(Failure::Broken(
        "migrations run as comanda_owner, or as a superuser who becomes it".to_owned(),
    ))
}

fn broken(error: impl std::error::Error) -> Failure {
    let cause = error
        .source()
        .map(|cause| format!(": {cause}"))
        .unwrap_or_default();
    Failure::Broken(format!("migration: {error}{cause}"))
}
