//! The second wall: every statement loses its owner filter, and PostgreSQL still yields no foreign row.
//!
//! Organisation (or person) A has no row at all, B and C have some. So whatever a mutant run for A sees or
//! changes is foreign. The same mutants run as the superuser do find rows of B, or this would prove nothing.

use std::collections::HashMap;

use store::{Class, Sql, Table};
use testkit::postgres::Database;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::bases::{self, KINDS, Kind, UNCHECKED, texts};
use super::world::hex;

const A: u8 = 1;
const B: u8 = 2;
const C: u8 = 3;
const REFUSED: &str = "42501";

/// An owner as a literal.
fn owner(class: Class, number: u8) -> String {
    match class {
        Class::Person | Class::Held => format!("'{}'::uuid", bases::owner(class, number)),
        _ => format!("{number}::bigint"),
    }
}

/// The value that every row has in a column; rows of one table differ by their owner alone.
fn cell(kind: store::Kind) -> &'static str {
    match kind {
        store::Kind::Int => "7::bigint",
        store::Kind::Text => "'placed'::text",
        store::Kind::Bytes => "'\\x07'::bytea",
        store::Kind::Id => "'07070707070707070707070707070707'::uuid",
    }
}

fn tenants(kind: &Kind) -> Vec<&'static Table> {
    let tables = kind.tables().into_iter();
    tables.filter(|table| table.owner().is_some()).collect()
}

/// One row of B and one of C in every table of a tenant.
async fn fill(kind: &Kind, database: &Database) {
    let client = database.connect("postgres").await;
    client.batch_execute(UNCHECKED).await.unwrap();
    for number in [B, C] {
        let rows: String = tenants(kind)
            .iter()
            .map(|table| insert(table, number))
            .collect();
        let sql = format!("SET session_replication_role = replica; {rows}");
        client.batch_execute(&sql).await.unwrap();
    }
}

fn insert(table: &Table, number: u8) -> String {
    let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    // A digest is unique over all people: that of C is another one.
    let cells: Vec<&str> = table
        .columns
        .iter()
        .map(|column| match column.name {
            "digest" if table.class == Class::Held && number == C => "'\\x08'::bytea",
            _ => cell(column.kind),
        })
        .collect();
    format!(
        "INSERT INTO {} ({}, {}) VALUES ({}, {});",
        table.name,
        table.owner().unwrap(),
        names.join(", "),
        owner(table.class, number),
        cells.join(", ")
    )
}

/// The scope of A, as the store sets it: one for what is seen and changed, a list for what is inserted.
fn scope(list: &[u8]) -> String {
    let person = |number: &u8| hex(base::Uid::from_bytes([*number; 16]));
    let persons: Vec<String> = list.iter().map(person).collect();
    let numbers: Vec<String> = list.iter().map(u8::to_string).collect();
    format!(
        "BEGIN; SET LOCAL comanda.organisation = '{A}'; SET LOCAL comanda.organisations = '{{{}}}'; \
         SET LOCAL comanda.person = '{}'; SET LOCAL comanda.persons = '{{{}}}'; SET LOCAL comanda.holder = '01';",
        numbers.join(","),
        person(&A),
        persons.join(",")
    )
}

/// Takes the owner out of a text: `owner = $1` holds for every row.
fn without_owner(text: &str, owner: &str) -> String {
    let kind = match owner {
        "person" => "uuid",
        "digest" => "bytea",
        _ => "bigint",
    };
    let filter = format!("{owner} = $1");
    text.replace(&filter, &format!("$1::{kind} IS NOT NULL"))
}

/// Takes every condition out of a text that has some.
fn without_conditions(text: &str) -> String {
    let Some((head, tail)) = text.split_once(" WHERE ") else {
        return text.to_owned();
    };
    let ends = [" RETURNING ", " ORDER BY ", " LIMIT "];
    let end = ends.iter().filter_map(|word| tail.find(word)).min();
    format!("{head}{}", &tail[end.unwrap_or(tail.len())..])
}

/// Writes literals in place of the parameters: the owner is A, a key is that of the rows, the rest fits by its type.
fn literally(text: &str, table: &Table, kinds: &[Type], writes_owner: u8) -> String {
    let mut values: HashMap<usize, String> = HashMap::new();
    let held = text.contains("digest = $1") || text.contains("$1::bytea");
    let first = match held && table.class == Class::Held {
        true => "'\\x01'::bytea".to_owned(),
        false => owner(table.class, writes_owner),
    };
    values.insert(1, first);
    for (kind, at) in kinds.iter().zip(1..).skip(1) {
        let column = table.columns.iter().find(|column| {
            text.contains(&format!("{} = ${at} ", column.name))
                || text.ends_with(&format!("{} = ${at}", column.name))
        });
        let by_type = match *kind {
            Type::INT8 => "1::bigint".to_owned(),
            Type::TEXT => "'placed'::text".to_owned(),
            Type::BYTEA => cell(store::Kind::Bytes).to_owned(),
            Type::UUID => cell(store::Kind::Id).to_owned(),
            Type::UUID_ARRAY => format!("ARRAY[{}]", cell(store::Kind::Id)),
            Type::INT8_ARRAY => "ARRAY[7]::bigint[]".to_owned(),
            ref other => panic!("{text} takes a {other}"),
        };
        let assigned = text.split(" WHERE ").next().unwrap();
        let is_condition =
            column.is_some_and(|column| !assigned.contains(&format!("{} = ${at}", column.name)));
        let value = match column {
            None if is_passed(text, at) => match *kind {
                Type::INT8 => "0::bigint".to_owned(),
                Type::TEXT => "''::text".to_owned(),
                _ => "'00000000000000000000000000000000'::uuid".to_owned(),
            },
            Some(column) if is_condition => cell(column.kind).to_owned(),
            _ => by_type,
        };
        values.insert(at, value);
    }
    let mut out = text.to_owned();
    for at in (1..=kinds.len()).rev() {
        out = out.replace(&format!("${at}"), &values[&at]);
    }
    out
}

/// Whether what is read must lie beyond this parameter, as where a list goes on.
fn is_passed(text: &str, at: usize) -> bool {
    let parameter = format!("${at}");
    text.split(" > ").skip(1).any(|rest| {
        let end = if rest.starts_with('(') { ')' } else { ' ' };
        let beyond = rest.split(end).next().unwrap_or_default();
        let mut words = beyond.split(|c: char| c != '$' && !c.is_ascii_digit());
        words.any(|word| word == parameter)
    })
}

/// How many rows a text sees or changes in a scope that is rolled back, or the code of its error.
async fn touched(client: &Client, scope: &str, text: &str) -> Result<u64, String> {
    client.batch_execute(scope).await.unwrap();
    let touched = client.execute(text, &[]).await;
    client.batch_execute("ROLLBACK").await.unwrap();
    touched.map_err(|error| {
        let code = error.code().map(SqlState::code);
        code.map_or_else(|| panic!("{text}: {error:?}"), str::to_owned)
    })
}

/// How many rows a text reaches where no policy is in its way; one that makes two rows alike has reached both.
async fn reached(superuser: &Client, text: &str) -> u64 {
    match touched(superuser, "BEGIN", text).await {
        Ok(count) => count,
        Err(code) if code == SqlState::UNIQUE_VIOLATION.code() => 2,
        Err(code) => panic!("{text}: {code}"),
    }
}

/// Whether a text reads or changes rows that are there, rather than adding one.
fn has_filter(sql: &Sql) -> bool {
    !sql.postgres().starts_with("INSERT")
}

#[tokio::test]
async fn postgres_a_statement_without_its_owner_filter_finds_no_foreign_row() {
    let (mut mutants, mut blind, mut inserts) = (0, 0, 0);
    for kind in &KINDS {
        let database = kind.postgres().await;
        fill(kind, &database).await;
        let app = database.connect("comanda_app").await;
        let superuser = database.connect("postgres").await;
        let parts = kind.parts();
        let statements = parts.iter().flat_map(|part| part.statements);
        for sql in statements.filter(|sql| sql.scoped()) {
            let (name, table) = (sql.name, sql.table);
            let kinds = app.prepare(sql.postgres()).await.unwrap().params().to_vec();
            if !has_filter(sql) {
                // An upsert: the mutant writes B's name where the store would write A's.
                let foreign = literally(sql.postgres(), table, &kinds, B);
                let refused = touched(&app, &scope(&[A, C]), &foreign).await;
                assert_eq!(refused, Err(REFUSED.to_owned()), "{name}: {foreign}");
                // A row that is there may be passed over, by a condition of the statement.
                blind += u64::from(reached(&superuser, &foreign).await == 0);
                inserts += 1;
                continue;
            }
            let unfiltered = without_owner(sql.postgres(), sql.scope_column().unwrap());
            assert_ne!(unfiltered, sql.postgres(), "{name} has no filter to drop");
            for (how, mutant) in [
                ("owner", literally(&unfiltered, table, &kinds, A)),
                (
                    "all",
                    literally(&without_conditions(sql.postgres()), table, &kinds, A),
                ),
            ] {
                // Aggregates answer one row over no rows.
                let none = u64::from(mutant.to_lowercase().contains("count("));
                let seen = touched(&app, &scope(&[A]), &mutant).await;
                assert_eq!(seen, Ok(none), "{name} without {how}: {mutant}");
                if none == 1 {
                    app.batch_execute(&scope(&[A])).await.unwrap();
                    let count: i64 = app.query_one(mutant.as_str(), &[]).await.unwrap().get(0);
                    app.batch_execute("ROLLBACK").await.unwrap();
                    assert_eq!(count, 0, "{name} without {how}");
                }
                // With its other conditions left it may pass over the rows of this test.
                let without_wall = reached(&superuser, &mutant).await;
                assert!(
                    without_wall >= 1 || how == "owner",
                    "{name} without {how} finds nothing anyway: {mutant}"
                );
                blind += u64::from(without_wall == 0);
                mutants += 1;
            }
        }
    }
    println!(
        "{mutants} mutants with a filter dropped ({blind} blind), {inserts} with a foreign owner"
    );
    assert!(mutants >= 20 && blind * 5 <= mutants && inserts >= 2);
}

/// A merged insert as the store writes it: one array a column.
fn merged(table: &Table, owners: &[u8], key: i64) -> String {
    let kind = |kind| match kind {
        store::Kind::Int => "bigint",
        store::Kind::Text => "text",
        store::Kind::Bytes => "bytea",
        store::Kind::Id => "uuid",
    };
    let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let key_columns = &table.columns[..table.key];
    let last_of_key = key_columns.last().map(|column| column.name);
    let arrays = table.columns.iter().map(|column| {
        let new = match column.kind {
            store::Kind::Int => format!("{key}::bigint"),
            store::Kind::Text => format!("'{key}'::text"),
            store::Kind::Bytes => format!("'\\x{key:02x}'::bytea"),
            store::Kind::Id => format!("'{key:032x}'::uuid"),
        };
        // Where a parent is named, it is the one that B and C have.
        let is_new = Some(column.name) == last_of_key
            || table.parents.is_empty()
            || column.kind != store::Kind::Id;
        let value = if is_new {
            new
        } else {
            cell(column.kind).to_owned()
        };
        let held = table.class == Class::Held && column.name == "digest";
        let values = owners.iter().map(|owner| match held {
            true => format!("'\\x{key:02x}{owner:02x}'::bytea"),
            false => value.clone(),
        });
        let values: Vec<String> = values.collect();
        format!("ARRAY[{}]::{}[]", values.join(","), kind(column.kind))
    });
    let owner_names: Vec<String> = owners
        .iter()
        .map(|number| owner(table.class, *number))
        .collect();
    format!(
        "INSERT INTO {} ({}, {}) SELECT * FROM unnest(ARRAY[{}], {})",
        table.name,
        table.owner().unwrap(),
        names.join(", "),
        owner_names.join(","),
        arrays.collect::<Vec<_>>().join(", ")
    )
}

#[tokio::test]
async fn postgres_a_merged_insert_that_names_a_foreign_organisation_is_refused() {
    let mut tables = 0;
    for kind in &KINDS {
        let database = kind.postgres().await;
        fill(kind, &database).await;
        let app = database.connect("comanda_app").await;
        let superuser = database.connect("postgres").await;
        for table in tenants(kind) {
            // Foreign keys are checked without policies; here only the policies are asked.
            let free = format!(
                "BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM {};",
                table.name
            );
            for owners in [&[A, C, B][..], &[B], &[A, B, C]] {
                // Where the owner is the whole key, C has its row.
                let all = owners.iter().copied();
                let owners = &all
                    .filter(|it| table.key > 0 || *it != C)
                    .collect::<Vec<u8>>()[..];
                let insert = merged(table, owners, 99);
                let refused = touched(&app, &scope(&[A, C]), &insert).await;
                assert_eq!(refused, Err(REFUSED.to_owned()), "{insert}");
                let claim = format!("{insert} ON CONFLICT DO NOTHING");
                let refused = touched(&app, &scope(&[A, C]), &claim).await;
                assert_eq!(refused, Err(REFUSED.to_owned()), "{claim}");
                let rows = u64::try_from(owners.len()).unwrap();
                assert_eq!(
                    touched(&superuser, &free, &insert).await,
                    Ok(rows),
                    "{insert}"
                );
            }
            if table.parents.is_empty() {
                let owners = if table.key == 0 { &[A][..] } else { &[A, C] };
                let own = merged(table, owners, 99);
                let rows = u64::try_from(owners.len()).unwrap();
                assert_eq!(
                    touched(&app, &scope(&[A, C]), &own).await,
                    Ok(rows),
                    "{own}"
                );
            }
            tables += 1;
        }
    }
    println!("{tables} tables");
    assert!(tables >= 9);
}

/// A row of A cannot name a parent of B: the key of every parent begins with its owner.
#[tokio::test]
async fn postgres_a_row_cannot_hang_on_a_foreign_parent() {
    let kind = &KINDS[0];
    let database = kind.postgres().await;
    fill(kind, &database).await;
    let app = database.connect("comanda_app").await;
    let mut children = 0;
    for table in tenants(kind)
        .into_iter()
        .filter(|table| !table.parents.is_empty())
    {
        let orphan = merged(table, &[A], 99);
        let refused = touched(&app, &scope(&[A]), &orphan).await;
        assert_eq!(
            refused,
            Err(SqlState::FOREIGN_KEY_VIOLATION.code().to_owned()),
            "{orphan}"
        );
        let sql = format!("SELECT count(*) FROM {}", table.parents[0].name);
        assert_eq!(
            texts(&database, &sql).await[0],
            ["2"],
            "B and C do have such a parent"
        );
        children += 1;
    }
    assert!(children >= 3);
}

/// The functions that run guards for many commits: name, kinds of their parameters, definition.
const FUNCTIONS: &str = "SELECT p.proname, pg_get_function_identity_arguments(p.oid), pg_get_functiondef(p.oid) \
    FROM pg_proc AS p WHERE p.pronamespace = 'public'::regnamespace AND p.prolang <> 12";

#[tokio::test]
async fn postgres_a_merged_guard_without_its_owner_filter_finds_no_foreign_row() {
    let (mut mutants, mut blind, mut inserts) = (0, 0, 0);
    for kind in &KINDS {
        let database = kind.postgres().await;
        fill(kind, &database).await;
        let app = database.connect("comanda_app").await;
        let superuser = database.connect("postgres").await;
        for row in texts(&database, FUNCTIONS).await {
            let [name, inputs, definition] = row.try_into().unwrap();
            let class = if inputs.starts_with("_p1 uuid[]") {
                Class::Person
            } else {
                Class::Organisation
            };
            let arguments = |number| {
                let kinds = inputs
                    .split(", ")
                    .map(|input| input.rsplit(' ').next().unwrap());
                let cells = kinds.enumerate().map(|(at, kind)| match kind {
                    "bigint" => "0".to_owned(),
                    _ if at == 0 => format!("ARRAY[{}]", owner(class, number)),
                    "bigint[]" => format!("ARRAY[{}]", cell(store::Kind::Int)),
                    "text[]" => format!("ARRAY[{}]", cell(store::Kind::Text)),
                    "uuid[]" => format!("ARRAY[{}]", cell(store::Kind::Id)),
                    "bytea[]" => format!("ARRAY[{}]", cell(store::Kind::Bytes)),
                    other => panic!("{name} takes a {other}"),
                });
                cells.collect::<Vec<_>>().join(", ")
            };
            let filter = match class {
                Class::Person | Class::Held => "person = _p1[_i]",
                _ => "organisation = _p1[_i]",
            };
            // The mutant works for A; an insert writes B's name, anything else has lost its filter.
            let (from, to) = if definition.contains("SELECT _p1[_i]") {
                ("SELECT _p1[_i]", format!("SELECT {}", owner(class, B)))
            } else if definition.contains(filter) {
                (filter, "_p1[_i] IS NOT NULL".to_owned())
            } else {
                ("VALUES (_p1[_i]", format!("VALUES ({}", owner(class, B)))
            };
            assert!(definition.contains(from), "{definition}");
            let mutant = definition.replace(from, &to).replace(&name, "mutant");
            let mutant = format!("{mutant}; ALTER FUNCTION mutant OWNER TO comanda_owner");
            superuser.batch_execute(&mutant).await.unwrap();
            let call = format!("SELECT * FROM mutant({})", arguments(A));
            let answer = touched(&app, &scope(&[A, C]), &call).await;
            if from == filter {
                assert_eq!(answer, Ok(0), "{mutant}");
                blind += u64::from(reached(&superuser, &call).await == 0);
                mutants += 1;
            } else {
                assert_eq!(answer, Err(REFUSED.to_owned()), "{mutant}");
                inserts += 1;
            }
            superuser
                .batch_execute("DROP FUNCTION mutant")
                .await
                .unwrap();
        }
    }
    println!(
        "{mutants} functions with a filter dropped ({blind} blind), {inserts} with a foreign owner"
    );
    assert!(mutants >= 3 && blind * 2 <= mutants && inserts >= 8);
}
