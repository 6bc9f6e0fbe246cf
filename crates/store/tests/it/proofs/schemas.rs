//! One schema, said twice: equal migrations, equal tables, and the tables as the statements believe them to be.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use store::{Class, Kind as ValueKind};
use testkit::postgres::Database;

use super::bases::{KINDS, Kind, texts};

/// A column: its name, its kind in the words of both engines, whether it may be null, and what rows got that stood
/// there before it was added (every insert of ours names all columns).
type Column = (String, &'static str, bool, String);

/// What a table is, apart from the names that an engine makes up itself.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    columns: Vec<Column>,
    primary: Vec<String>,
    /// Unique constraints and indexes, by their columns.
    unique: BTreeSet<Vec<String>>,
    /// Own columns, parent, parent's columns.
    foreign: BTreeSet<(Vec<String>, String, Vec<String>)>,
    /// Indexes with a name of their own: name, columns, condition.
    indexes: BTreeSet<(String, Vec<String>, bool)>,
    checks: usize,
}

type Schema = BTreeMap<String, Shape>;

const COLUMNS: &str = "SELECT table_name, column_name, data_type, is_nullable, coalesce(column_default, '') \
    FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position";

/// Constraints: table, kind, columns, parent, parent's columns.
const CONSTRAINTS: &str = "SELECT c.relname, k.contype, \
    (SELECT string_agg(a.attname, ',' ORDER BY n.at) FROM unnest(k.conkey) WITH ORDINALITY AS n(num, at) \
     JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = n.num), \
    coalesce(p.relname, ''), \
    (SELECT string_agg(a.attname, ',' ORDER BY n.at) FROM unnest(k.confkey) WITH ORDINALITY AS n(num, at) \
     JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = n.num) \
    FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid \
    LEFT JOIN pg_class AS p ON p.oid = k.confrelid WHERE c.relnamespace = 'public'::regnamespace";

/// Indexes that no constraint made: table, name, unique, columns, partial.
const INDEXES: &str = "SELECT c.relname, i.relname, x.indisunique, \
    (SELECT string_agg(coalesce(a.attname, '?'), ',' ORDER BY n.at) \
     FROM unnest(x.indkey::smallint[]) WITH ORDINALITY AS n(num, at) \
     LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = n.num), x.indpred IS NOT NULL \
    FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indrelid JOIN pg_class AS i ON i.oid = x.indexrelid \
    WHERE c.relnamespace = 'public'::regnamespace \
    AND NOT EXISTS (SELECT 1 FROM pg_constraint AS k WHERE k.conindid = x.indexrelid)";

fn split(list: &str) -> Vec<String> {
    list.split(',').map(str::to_owned).collect()
}

/// The histories of migrations are the migrator's own.
fn is_history(table: &str) -> bool {
    table.starts_with("migrations_") || table.starts_with("sqlite_")
}

async fn of_postgres(database: &Database) -> Schema {
    let mut schema = Schema::new();
    for row in texts(database, COLUMNS).await {
        let [table, name, kind, null, default] = row.try_into().unwrap();
        // PostgreSQL adds the type: 'starter'::text.
        let default = default.split("::").next().unwrap_or_default().to_owned();
        let kind = match kind.as_str() {
            "bigint" => "number",
            "text" => "text",
            "uuid" | "bytea" => "bytes",
            _ if is_history(&table) => continue,
            other => panic!("{table}.{name} is {other}"),
        };
        let column = (name, kind, null == "YES", default);
        schema.entry(table).or_default().columns.push(column);
    }
    for row in texts(database, CONSTRAINTS).await {
        let [table, kind, columns, parent, parents] = row.try_into().unwrap();
        let shape = schema.entry(table).or_default();
        match kind.as_str() {
            "p" => shape.primary = split(&columns),
            "u" => drop(shape.unique.insert(split(&columns))),
            "f" => drop(
                shape
                    .foreign
                    .insert((split(&columns), parent, split(&parents))),
            ),
            "c" => shape.checks += 1,
            other => panic!("a constraint of kind {other}"),
        }
    }
    for row in texts(database, INDEXES).await {
        let [table, name, unique, columns, partial] = row.try_into().unwrap();
        let shape = schema.entry(table).or_default();
        if unique == "t" {
            shape.unique.insert(split(&columns));
        }
        shape
            .indexes
            .insert((name, split(&columns), partial == "t"));
    }
    schema.retain(|table, _| !is_history(table));
    schema
}

/// The rows of a query over one table, as text.
fn ask(connection: &Connection, sql: &str, about: &str) -> Vec<Vec<String>> {
    let mut statement = connection.prepare(sql).unwrap();
    let width = statement.column_count();
    let rows = statement.query_map([about], |row| {
        let cell = |at| {
            row.get::<_, Option<String>>(at)
                .map(Option::unwrap_or_default)
        };
        (0..width).map(cell).collect::<Result<Vec<_>, _>>()
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

fn of_sqlite(connection: &Connection) -> Schema {
    const TABLES: &str = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name <> ?1";
    let tables = ask(connection, TABLES, "");
    let tables = tables.into_iter().filter(|row| !is_history(&row[0]));
    tables
        .map(|row| (row[0].clone(), shape(connection, &row[0], &row[1])))
        .collect()
}

fn shape(connection: &Connection, table: &str, sql: &str) -> Shape {
    const STRICT: &str = "SELECT CAST(strict AS TEXT) FROM pragma_table_list WHERE name = ?1";
    const INFO: &str = "SELECT name, type, CAST(\"notnull\" AS TEXT), CAST(pk AS TEXT), dflt_value \
        FROM pragma_table_info(?1) ORDER BY cid";
    const INDEXES: &str = "SELECT name, CAST(\"unique\" AS TEXT), origin, CAST(partial AS TEXT) FROM pragma_index_list(?1)";
    const OVER: &str = "SELECT name FROM pragma_index_info(?1) ORDER BY seqno";
    const FOREIGN: &str = "SELECT CAST(id AS TEXT), \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id, seq";
    assert_eq!(
        ask(connection, STRICT, table),
        [["1"]],
        "{table} is not STRICT"
    );
    let mut shape = Shape {
        checks: sql.matches("CHECK (").count(),
        ..Shape::default()
    };
    let mut keys = BTreeMap::new();
    for row in ask(connection, INFO, table) {
        let [name, kind, not_null, key, default] = row.try_into().unwrap();
        let kind = match kind.as_str() {
            "INTEGER" => "number",
            "TEXT" => "text",
            "BLOB" => "bytes",
            other => panic!("{table}.{name} is {other}"),
        };
        if key != "0" {
            keys.insert(key.parse::<u32>().unwrap(), name.clone());
        }
        shape.columns.push((name, kind, not_null == "0", default));
    }
    shape.primary = keys.into_values().collect();
    for row in ask(connection, INDEXES, table) {
        let columns: Vec<String> = ask(connection, OVER, &row[0]).concat();
        if row[1] == "1" && row[2] != "pk" {
            shape.unique.insert(columns.clone());
        }
        if row[2] == "c" {
            shape
                .indexes
                .insert((row[0].clone(), columns, row[3] == "1"));
        }
    }
    let mut foreign: BTreeMap<String, (Vec<String>, String, Vec<String>)> = BTreeMap::new();
    for row in ask(connection, FOREIGN, table) {
        let [id, parent, own, its] = row.try_into().unwrap();
        let key = foreign.entry(id).or_default();
        key.0.push(own);
        key.1 = parent;
        key.2.push(its);
    }
    shape.foreign = foreign.into_values().collect();
    shape
}

#[test]
fn migrations_have_equal_numbers_and_names_on_both_engines() {
    let parts: BTreeMap<&str, _> = KINDS
        .iter()
        .flat_map(Kind::parts)
        .map(|part| (part.name, part))
        .collect();
    for (name, part) in parts {
        let mut seen = BTreeSet::new();
        for (migration, number) in part.migrations.iter().zip(1..) {
            assert_eq!(migration.number, number, "{name} leaves a number out");
            assert!(
                seen.insert(migration.name),
                "{name} has {} twice",
                migration.name
            );
            assert!(!migration.sqlite.trim().is_empty() && !migration.postgres.trim().is_empty());
        }
        assert!(!seen.is_empty(), "{name} migrates nothing");
    }
}

/// The folders hold a file for each step and engine, and no other.
#[test]
fn the_folders_of_migrations_hold_equal_names() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders = 0;
    for parent in ["store/migrations", "testkit/migrations"] {
        for part in std::fs::read_dir(root.join(parent)).unwrap().flatten() {
            let names = |engine: &str| -> BTreeSet<String> {
                let files = std::fs::read_dir(part.path().join(engine)).unwrap();
                let names = files.flatten().map(|file| file.file_name());
                names.map(|name| name.into_string().unwrap()).collect()
            };
            assert_eq!(names("sqlite"), names("postgres"), "{:?}", part.path());
            folders += 1;
        }
    }
    assert!(folders >= 4);
}

#[tokio::test]
async fn both_engines_have_the_same_schema_and_it_is_the_declared_one() {
    for kind in &KINDS {
        let postgres = of_postgres(&kind.postgres().await).await;
        let (folder, connection) = kind.sqlite().await;
        let sqlite = of_sqlite(&connection);
        drop(connection);
        std::fs::remove_dir_all(folder).unwrap();
        let names = |schema: &Schema| schema.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&postgres), names(&sqlite), "{}", kind.name);
        for (name, shape) in &postgres {
            assert_eq!(*shape, sqlite[name], "{name} (left is PostgreSQL)");
            declared(kind.table(name), shape);
        }
        assert_eq!(postgres.len(), kind.tables().len(), "{}", kind.name);
    }
}

/// A table is declared as it stands: columns in order, kinds, key, parents.
fn declared(table: &store::Table, shape: &Shape) {
    let name = table.name;
    let own = table.columns.iter().map(|column| {
        let kind = match column.kind {
            ValueKind::Int => "number",
            ValueKind::Text => "text",
            ValueKind::Bytes | ValueKind::Id => "bytes",
        };
        (column.name, kind)
    });
    let owner = table.owner().map(|owner| match owner {
        "person" => (owner, "bytes"),
        _ => (owner, "number"),
    });
    let wanted: Vec<(&str, &str)> = owner.into_iter().chain(own).collect();
    let stands: Vec<(&str, &str)> = shape
        .columns
        .iter()
        .map(|(name, kind, _, _)| (name.as_str(), *kind))
        .collect();
    assert_eq!(stands, wanted, "columns of {name}");
    // A digest is unique over all people, so there the key begins behind the person.
    let held = table.class == Class::Held;
    let key = usize::from(table.owner().is_some()) + table.key;
    let wanted = wanted.iter().take(key).skip(usize::from(held));
    let wanted: Vec<&str> = wanted.map(|(name, _)| *name).collect();
    assert_eq!(shape.primary, wanted, "key of {name}");
    assert!(!held || (wanted[0] == "digest" && table.columns[0].kind == ValueKind::Bytes));
    let parents: BTreeSet<&str> = table.parents.iter().map(|parent| parent.name).collect();
    let stands: BTreeSet<&str> = shape.foreign.iter().map(|key| key.1.as_str()).collect();
    assert_eq!(stands, parents, "parents of {name}");
    for (at, (column, _, null, _)) in shape.columns.iter().enumerate() {
        assert!(
            !null || at >= key,
            "{name}.{column} is of the key and may be null"
        );
    }
}

/// Ids and bytes are one kind on SQLite; PostgreSQL tells them apart, and so must the declaration.
#[tokio::test]
async fn postgres_ids_are_declared_as_ids() {
    for kind in &KINDS {
        let database = kind.postgres().await;
        for row in texts(&database, COLUMNS).await {
            let [table, name, stands, _, _] = row.try_into().unwrap();
            if is_history(&table) {
                continue;
            }
            let table = kind.table(&table);
            let column = table.columns.iter().find(|column| column.name == name);
            let wanted = match column.map(|column| column.kind) {
                Some(ValueKind::Int) => "bigint",
                Some(ValueKind::Text) => "text",
                Some(ValueKind::Bytes) => "bytea",
                Some(ValueKind::Id) => "uuid",
                None if name == "person" => "uuid",
                None => "bigint",
            };
            assert_eq!(stands, wanted, "{}.{name}", table.name);
        }
    }
}

/// The comparison sees what it must: every one of these changes makes a schema another one.
#[test]
fn a_changed_schema_is_another_one() {
    const TABLE: &str = "CREATE TABLE a (organisation INTEGER NOT NULL, id BLOB NOT NULL, n INTEGER CHECK (n > 0), \
        PRIMARY KEY (organisation, id), UNIQUE (organisation, n)) STRICT; CREATE INDEX by_n ON a (n);";
    let schema = |sql: &str| {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(sql).unwrap();
        of_sqlite(&connection)
    };
    let right = schema(TABLE);
    let changes = [
        ("n INTEGER", "n TEXT"),
        ("n INTEGER", "n INTEGER NOT NULL"),
        (" CHECK (n > 0)", ""),
        ("(organisation, id)", "(id, organisation)"),
        (", UNIQUE (organisation, n)", ""),
        ("by_n ON a (n)", "by_n ON a (id)"),
        ("by_n ON a (n)", "by_n ON a (n) WHERE n > 5"),
        ("CREATE INDEX by_n", "CREATE UNIQUE INDEX by_n"),
        (
            "UNIQUE (organisation, n)",
            "UNIQUE (organisation, n), FOREIGN KEY (organisation, id) REFERENCES a (organisation, id)",
        ),
    ];
    for (from, to) in changes {
        assert_ne!(
            schema(&TABLE.replace(from, to)),
            right,
            "{from} became {to}"
        );
    }
}
