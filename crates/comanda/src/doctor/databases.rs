//! Every database: is it reachable, of which version, at our schema, with checksums; and what stands before it.

use base::{Clock, Error, Random};
use store::{Call, Class, Column, Database, Db, Failure, Place, Scope, Sql, Table};

use super::Report;
use super::pooler::{self, Behind};
use crate::config::Settings;
use crate::config::storage::Statements;
use crate::databases;
use crate::secrets::Secrets;

/// Versions before it lack what the store uses.
const POSTGRES_MIN: i64 = 15;
/// Clocks of two machines that differ by more confuse whoever reads times of both.
const SKEW_MICROS_MAX: i64 = 2_000_000;

static SERVER: Table = Table::new("server", Class::Queue, &[Column::text("version")], 1, &[]);

static ASK_SERVER: Sql = Sql::two(
    "server.ask",
    &SERVER,
    "SELECT sqlite_version(), 0, 'off', 0",
    "SELECT current_setting('server_version'), CAST(current_setting('server_version_num') AS BIGINT) / 10000, \
     current_setting('data_checksums'), CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
);

pub(super) async fn look(
    settings: &Settings,
    (clock, random): (&Clock, &Random),
    report: &mut Report,
) {
    if !settings.storage.is_postgres() && !settings.storage.data.join("control.db").exists() {
        report.ok("databases", "SQLite files are made at the first start");
        return;
    }
    let places = match databases::places(settings) {
        Ok(places) => places,
        Err(error) => return report.fail("databases", error.to_string(), "correct `storage`"),
    };
    let db = match Db::open(&places, clock, random) {
        Ok(db) => db,
        Err(failure) => {
            let said = Error::from(failure).to_string();
            return report.fail(
                "databases",
                said,
                "`comanda verify` finds damage; `comanda restore` brings a backup back",
            );
        }
    };
    let named = [
        ("control", &places.control, db.control()),
        ("people", &places.people, db.people()),
        ("audit", &places.audit, db.audit()),
        ("keys", &places.keys, db.keys()),
    ];
    let shards = places
        .shards
        .iter()
        .filter_map(|(name, place)| Some((name.as_str(), place, db.shards().get(name)?)));
    for (name, place, database) in named.into_iter().chain(shards) {
        one(name, database, (&db, clock), report).await;
        if let Place::Postgres(place) = place {
            before(settings, name, &place.app, report);
        }
    }
    keys(settings, &db, report).await;
}

async fn one(name: &str, database: &Database, (db, clock): (&Db, &Clock), report: &mut Report) {
    let what = format!("database {name}");
    let asked = database
        .read(
            Scope::Nobody,
            vec![Call::new(&ASK_SERVER, [])],
            &db.deadline(),
        )
        .await;
    let rows = match asked {
        Ok(rows) => rows,
        Err(failure) => {
            let said = Error::from(failure).to_string();
            return report.fail(
                what,
                said,
                "is the server up, the address right, and may comanda_app log in?",
            );
        }
    };
    let row = rows.iter().flatten().next();
    let read = row.and_then(|row| {
        let text = |place| row.get::<String>(place).ok();
        Some((
            text(0)?,
            row.get::<i64>(1).ok()?,
            text(2)?,
            row.get::<i64>(3).ok()?,
        ))
    });
    let Some((version, major, checksums, at_micros)) = read else {
        return report.fail(what, "it answers something else", "is this PostgreSQL?");
    };
    let is_postgres = major > 0;
    if is_postgres && major < POSTGRES_MIN {
        report.fail(
            &*what,
            format!("PostgreSQL {version}"),
            "use PostgreSQL 15 or newer",
        );
    }
    if is_postgres && checksums != "on" {
        report.warn(
            &*what,
            "no checksums of pages",
            "a damaged disk would go unseen; stop the server and run: pg_checksums --enable",
        );
    }
    let skew = (clock.now().as_micros() - at_micros).abs();
    if is_postgres && skew > SKEW_MICROS_MAX {
        let found = format!("its clock differs from ours by {} s", skew / 1_000_000);
        report.warn(&*what, found, "let both follow a time server");
    }
    match database.slowest_consumer(&db.deadline()).await {
        Ok(_) if is_postgres => report.ok(what, format!("PostgreSQL {version}")),
        Ok(_) => report.ok(what, format!("SQLite {version}")),
        Err(Failure::Unavailable(said)) => report.fail(what, said, "is the server up?"),
        Err(_) => report.fail(
            what,
            "it has not the schema of this version",
            "run: comanda migrate",
        ),
    }
}

/// A pooler is fine where it is known to be there.
fn before(settings: &Settings, name: &str, address: &str, report: &mut Report) {
    let storage = &settings.storage;
    if pooler::ask(address) != Some(Behind::Pooler) {
        return;
    }
    let what = format!("pooler of {name}");
    if !storage.direct.contains_key(name) {
        report.fail(
            what,
            "PgBouncer stands between, and there is no way past it",
            &format!(
                "set `storage.direct.{name}` to the address of the server itself: LISTEN needs it"
            ),
        );
    } else if storage.statements == Statements::Prepared {
        report.ok(
            what,
            "PgBouncer; it must be 1.21 or newer with max_prepared_statements above 0",
        );
    } else {
        report.ok(what, "PgBouncer, and statements are sent without names");
    }
}

async fn keys(settings: &Settings, db: &Db, report: &mut Report) {
    let Ok(secrets) = Secrets::read(&settings.storage.data) else {
        return;
    };
    match db.sealer(&secrets.master).check(&db.deadline()).await {
        Ok(()) => report.ok("personal keys", "the master key opens them"),
        Err(Failure::Unavailable(_) | Failure::TooLate) => {}
        Err(failure) => {
            let said = Error::from(failure).to_string();
            report.fail(
                "personal keys",
                said,
                "these secrets do not belong to these databases; restore the right ones",
            );
        }
    }
}
