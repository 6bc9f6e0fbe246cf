//! What the roles can see and change with a scope set, set to another organisation, empty, or never set.

use store::{Class, Column, Reach, Table};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::bases::{self, KINDS, Kind, UNCHECKED, seen_when_old};
use super::world::hex;

const MINE: &str = "1";
const FOREIGN: &str = "2";

fn owner(class: Class, number: &str) -> String {
    bases::owner(class, number.parse().unwrap())
}

/// The digest by which a held row of this owner is found.
fn digest(number: &str) -> String {
    number.repeat(64)
}

fn is_digest(table: &Table, column: &Column) -> bool {
    table.class == Class::Held && column.name == "digest"
}

/// A row of two owners in every table of a tenant, past all policies.
async fn fill(kind: &Kind, client: &Client) {
    let free = format!("{UNCHECKED} SET session_replication_role = replica");
    client.batch_execute(&free).await.unwrap();
    for table in kind.tables() {
        let Some(column) = table.owner() else {
            continue;
        };
        for number in [MINE, FOREIGN] {
            let cells = table.columns.iter().map(|column| match column.kind {
                store::Kind::Int => "7".to_owned(),
                store::Kind::Text => "'a'".to_owned(),
                store::Kind::Bytes if is_digest(table, column) => {
                    format!("'\\x{}'", digest(number))
                }
                store::Kind::Bytes => "'\\x07'".to_owned(),
                store::Kind::Id => format!("'{}'", hex(base::Uid::from_bytes([7; 16]))),
            });
            let names = table.columns.iter().map(|column| column.name);
            let sql = format!(
                "INSERT INTO {} ({column}, {}) VALUES ('{}', {})",
                table.name,
                names.collect::<Vec<_>>().join(", "),
                owner(table.class, number),
                cells.collect::<Vec<_>>().join(", "),
            );
            client.batch_execute(&sql).await.unwrap();
        }
    }
}

/// The settings of a transaction: an owner, an empty text, or none at all.
fn scope(class: Class, one: Option<&str>, many: Option<&str>) -> String {
    let setting = match class {
        Class::Person | Class::Held => "comanda.person",
        _ => "comanda.organisation",
    };
    let text = |number| owner(class, number);
    let one = one.map(|number| match number {
        "" => format!("SET LOCAL {setting} = '';"),
        number => format!("SET LOCAL {setting} = '{}';", text(number)),
    });
    let many = many.map(|number| match number {
        "" => format!("SET LOCAL {setting}s = '';"),
        number => format!("SET LOCAL {setting}s = '{{{}}}';", text(number)),
    });
    format!(
        "BEGIN; {} {}",
        one.unwrap_or_default(),
        many.unwrap_or_default()
    )
}

/// Runs a statement in a scope and rolls back: how many rows it touched, or the code of its error.
async fn run(client: &Client, scope: &str, sql: &str) -> Result<u64, String> {
    client.batch_execute(scope).await.unwrap();
    let touched = client.execute(sql, &[]).await;
    client.batch_execute("ROLLBACK").await.unwrap();
    touched.map_err(|error| {
        error
            .code()
            .map(SqlState::code)
            .unwrap_or_default()
            .to_owned()
    })
}

const REFUSED: &str = "42501";
/// A row with children was reached and could not be deleted.
const HAS_CHILDREN: &str = "23503";

#[tokio::test]
async fn postgres_a_scope_that_is_absent_or_empty_shows_and_changes_nothing() {
    for kind in &KINDS {
        let database = kind.postgres().await;
        fill(kind, &database.connect("postgres").await).await;
        for table in kind.tables() {
            let Some(column) = table.owner() else {
                continue;
            };
            let (name, class) = (table.name, table.class);
            // A connection on which nothing was ever set, and the same after a setting was reset to empty.
            let client = database.connect("comanda_app").await;
            let select = format!("SELECT * FROM {name}");
            let update = format!("UPDATE {name} SET {column} = {column}");
            let delete = format!("DELETE FROM {name}");
            let changes = !["log", "commits"].contains(&name);
            let expected = |touched| {
                if changes {
                    Ok(touched)
                } else {
                    Err(REFUSED.to_owned())
                }
            };
            for (one, seen) in [(None, 0), (Some(MINE), 1), (None, 0), (Some(""), 0)] {
                let scope = scope(class, one, None);
                assert_eq!(
                    run(&client, &scope, &select).await,
                    Ok(seen),
                    "{name} {one:?}"
                );
                let inserted = format!("INSERT INTO {name} {select}");
                let copied = if seen == 0 {
                    Ok(0)
                } else {
                    Err(REFUSED.to_owned())
                };
                assert_eq!(
                    run(&client, &scope, &inserted).await,
                    copied,
                    "{name} {one:?}"
                );
                assert_eq!(
                    run(&client, &scope, &update).await,
                    expected(seen),
                    "{name} {one:?}"
                );
                let deleted = run(&client, &scope, &delete).await;
                if deleted != Err(HAS_CHILDREN.to_owned()) || seen == 0 {
                    assert_eq!(deleted, expected(seen), "{name} {one:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn postgres_a_row_of_a_foreign_organisation_is_neither_written_nor_given_away() {
    for kind in &KINDS {
        let database = kind.postgres().await;
        let superuser = database.connect("postgres").await;
        fill(kind, &superuser).await;
        for table in kind.tables() {
            let Some(column) = table.owner() else {
                continue;
            };
            let (name, class) = (table.name, table.class);
            let client = database.connect("comanda_app").await;
            let key = table.columns[..table.key].last();
            let other = match key.map(|column| column.kind) {
                Some(store::Kind::Int) => "8".to_owned(),
                Some(store::Kind::Text) => "'b'".to_owned(),
                Some(store::Kind::Bytes) => "'\\x08'".to_owned(),
                Some(store::Kind::Id) => format!("'{}'", hex(base::Uid::from_bytes([8; 16]))),
                None => String::new(),
            };
            let cells = table.columns.iter().map(|column| match column.kind {
                _ if Some(column) == key => other.clone(),
                store::Kind::Int => "8".to_owned(),
                store::Kind::Text => "'b'".to_owned(),
                store::Kind::Bytes => "'\\x08'".to_owned(),
                // A parent that is named is one that is there.
                store::Kind::Id => {
                    let number = if table.parents.is_empty() { 8 } else { 7 };
                    format!("'{}'", hex(base::Uid::from_bytes([number; 16])))
                }
            });
            let names = table.columns.iter().map(|column| column.name);
            let (names, cells) = (
                names.collect::<Vec<_>>().join(", "),
                cells.collect::<Vec<_>>().join(", "),
            );
            let insert = |number: &str| {
                let owner = owner(class, number);
                format!("INSERT INTO {name} ({column}, {names}) VALUES ('{owner}', {cells})")
            };
            let mine = scope(class, Some(MINE), Some(MINE));
            let refused = Err(REFUSED.to_owned());
            assert_eq!(
                run(&client, &mine, &insert(FOREIGN)).await,
                refused,
                "{name}"
            );
            // Only the list lets rows in: the one whose rows may be changed is another setting.
            let only_one = scope(class, Some(MINE), Some(""));
            assert_eq!(
                run(&client, &only_one, &insert(MINE)).await,
                refused,
                "{name}"
            );
            // Where the owner is the whole key, a row has to go before another comes.
            let room = match key {
                Some(_) => mine.clone(),
                None => format!("{mine} DELETE FROM {name};"),
            };
            assert_eq!(run(&client, &room, &insert(MINE)).await, Ok(1), "{name}");
            let away = format!("UPDATE {name} SET {column} = '{}'", owner(class, FOREIGN));
            assert_eq!(run(&client, &mine, &away).await, refused, "{name}");
        }
    }
}

#[tokio::test]
async fn postgres_the_queue_role_removes_nothing_that_is_younger_than_thirty_days() {
    const AGE: [(&str, u64); 3] = [("29 days", 0), ("31 days", 2), ("-1 days", 0)];
    for kind in &KINDS {
        let database = kind.postgres().await;
        let superuser = database.connect("postgres").await;
        fill(kind, &superuser).await;
        let client = database.connect("comanda_queue").await;
        let cleared = kind.tables().into_iter();
        for table in cleared.filter(|table| table.reach == Reach::Clears) {
            let name = table.name;
            for (age, gone) in AGE {
                let made = format!(
                    "UPDATE {name} SET at = \
                     (extract(epoch FROM now() - interval '{age}') * 1000000)::bigint"
                );
                superuser.batch_execute(&made).await.unwrap();
                let delete = format!("DELETE FROM {name}");
                let (column, mine) = (table.owner().unwrap(), owner(table.class, MINE));
                let by_key = format!("DELETE FROM {name} WHERE {column} = '{mine}'");
                assert_eq!(
                    run(&client, "BEGIN", &delete).await,
                    Ok(gone),
                    "{name} {age}"
                );
                assert_eq!(
                    run(&client, "BEGIN", &by_key).await,
                    Ok(gone / 2),
                    "{name} {age}"
                );
                let update = format!("UPDATE {name} SET at = at");
                let refused = Err(REFUSED.to_owned());
                assert_eq!(run(&client, "BEGIN", &update).await, refused, "{name}");
            }
            // The queue role reads the whole log anyway.
            let seen = seen_when_old(table);
            let hidden = table.columns.iter().map(|column| column.name);
            for secret in hidden.filter(|column| name != "log" && !seen.contains(column)) {
                let select = format!("SELECT {secret} FROM {name}");
                let refused = Err(REFUSED.to_owned());
                assert_eq!(
                    run(&client, "BEGIN", &select).await,
                    refused,
                    "{name} {secret}"
                );
            }
        }
    }
}

/// Whether the queue role sees every column of a tenant's table: of work, and of what has but a key and an age.
fn sees_all(table: &Table) -> bool {
    let old = seen_when_old(table).len() == table.columns.len() + 1;
    table.reach == Reach::Works || table.reach == Reach::Clears && old
}

#[tokio::test]
async fn postgres_the_queue_role_sees_no_table_of_a_tenant_but_the_log_and_its_work() {
    for kind in &KINDS {
        let database = kind.postgres().await;
        fill(kind, &database.connect("postgres").await).await;
        let client = database.connect("comanda_queue").await;
        for table in kind.tables() {
            let (name, class) = (table.name, table.class);
            let select = format!("SELECT * FROM {name}");
            let refused = Err(REFUSED.to_owned());
            match (class, name) {
                (Class::Organisation, "log") => {
                    assert_eq!(run(&client, "BEGIN", &select).await, Ok(2));
                    let delete = "DELETE FROM log";
                    // All rows of this test are of 1970, and so old that they may go.
                    assert_eq!(run(&client, "BEGIN", delete).await, Ok(2));
                }
                // Of marks there is nothing but the key and the age.
                (Class::Organisation | Class::Person | Class::Held, _) if sees_all(table) => {
                    assert_eq!(run(&client, "BEGIN", &select).await, Ok(2));
                }
                (Class::Organisation | Class::Person | Class::Held, _) => {
                    let mine = scope(class, Some(MINE), Some(MINE));
                    assert_eq!(run(&client, &mine, &select).await, refused, "{name}");
                }
                (Class::Queue | Class::Appended | Class::Published | Class::Control, _) => {
                    assert!(run(&client, "BEGIN", &select).await.is_ok(), "{name}");
                }
            }
        }
    }
}
