//! Every registered statement: prepared on both engines, parsed by both grammars, and bound to its owner.

use std::collections::BTreeSet;

use sqlparser::dialect::{Dialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};
use store::{Class, Reach, Sql, Table};
use tokio_postgres::types::Type;

use super::bases::{KINDS, Kind, role};
use super::parsed::{keyed, read, subject};

/// Statements that the store itself runs as the application although their tables are the queue role's.
const ALSO_APP: [&str; 3] = ["head.read", "head.move", "placements.read"];
/// The log as the queue role reads it.
const FEED: [&str; 2] = ["log.feed", "log.young"];

/// Claims, which PostgreSQL writes with a list made once; the parser takes the list for a table.
const CLAIMS: [&str; 3] = ["jobs.claim", "sagas.claim", "timers.claim"];

/// What no text may contain, and what only a text for one engine may.
const NEVER: [&str; 14] = [
    "now",
    "current_timestamp",
    "current_date",
    "current_time",
    "random",
    "like",
    "ilike",
    "glob",
    "lower",
    "upper",
    "avg",
    "true",
    "false",
    "nextval",
];
const NOT_IN_SHARED: [&str; 5] = ["with", "for", "any", "rarray", "unnest"];

/// Complaints about the words and marks of a text.
fn words(text: &str, dialect: &dyn Dialect, shared: bool) -> Vec<String> {
    let tokens = Tokenizer::new(dialect, text).tokenize().unwrap();
    let tokens: Vec<Token> = tokens
        .into_iter()
        .filter(|token| !matches!(token, Token::Whitespace(_)))
        .collect();
    let mut out = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Word(word) => {
                let lower = word.value.to_lowercase();
                if NEVER.contains(&lower.as_str())
                    || (shared && NOT_IN_SHARED.contains(&lower.as_str()))
                {
                    out.push(format!("the word {}", word.value));
                }
                if lower == "sum" && !is_cast(&tokens, at) {
                    out.push("SUM without CAST … AS BIGINT".to_owned());
                }
                if word.keyword != Keyword::NoKeyword
                    && is_clause(word.keyword)
                    && word.value != word.value.to_uppercase()
                {
                    out.push(format!("{} in small letters", word.value));
                }
            }
            Token::DoubleColon if shared => out.push("::".to_owned()),
            Token::Arrow | Token::LongArrow | Token::HashArrow | Token::HashLongArrow => {
                out.push("-> or ->>".to_owned());
            }
            Token::Number(number, _) if number.contains(['.', 'e', 'E']) => {
                out.push(format!("the fraction {number}"));
            }
            _ => {}
        }
    }
    out
}

fn is_clause(keyword: Keyword) -> bool {
    use Keyword::{
        AND, BY, CONFLICT, DELETE, FROM, INSERT, INTO, LIMIT, ORDER, RETURNING, SELECT, SET,
        UPDATE, VALUES, WHERE,
    };
    [
        AND, BY, CONFLICT, DELETE, FROM, INSERT, INTO, LIMIT, ORDER, RETURNING, SELECT, SET,
        UPDATE, VALUES, WHERE,
    ]
    .contains(&keyword)
}

fn is_cast(tokens: &[Token], at: usize) -> bool {
    at >= 2 && tokens[at - 2].to_string().eq_ignore_ascii_case("cast")
}

/// Whether the queue role may run this over a table of tenants: work that it claims, and what it removes when it is old.
fn may_reach(table: &Table, sql: &Sql) -> bool {
    let clears = sql.postgres().starts_with("DELETE") || FEED.contains(&sql.name);
    sql.table.class == Class::Queue
        && match table.reach {
            Reach::Nothing => false,
            Reach::Works => true,
            Reach::Clears => clears,
        }
}

/// Complaints about one text of a statement of this kind of database.
fn complaints(kind: &Kind, sql: &Sql, text: &str, dialect: &dyn Dialect) -> Vec<String> {
    let shared = sql.sqlite() == sql.postgres().replace('$', "?");
    let mut out = words(text, dialect, shared);
    // To the parser the bare word is a keyword of another database.
    let text = text.replace("INTO directory", "INTO \"directory\"");
    let parsed = match Parser::parse_sql(dialect, &text) {
        Ok(parsed) if parsed.len() == 1 => parsed,
        other => return vec![format!("not one statement: {other:?}")],
    };
    let statement = &parsed[0];
    let tables = kind.tables();
    // Held rows are those of whoever holds their digest, where the statement says so: then it only reads.
    let scope = sql.scope_column();
    let of = |table: &Table| match table.class {
        Class::Held => scope,
        _ => table.owner(),
    };
    let owner = |name: &str| {
        if name == sql.table.name {
            return Some(of(sql.table));
        }
        let table = tables.iter().find(|table| table.name == name)?;
        Some(of(table))
    };
    let (_, more) = read(statement, &owner);
    out.extend(more);
    if scope == Some("digest") && !text.starts_with("SELECT") {
        out.push("it changes rows for whoever holds their digest".to_owned());
    }
    let found = subject(statement);
    if found.as_deref() != Some(sql.table.name) {
        out.push(format!("it is about {found:?}, not {}", sql.table.name));
    }
    let declared = tables.iter().find(|table| table.name == sql.table.name);
    let same_class = declared.is_some_and(|table| table.class == sql.table.class);
    if !same_class && !declared.is_some_and(|table| may_reach(table, sql)) {
        out.push(format!("{} is declared as another class", sql.table.name));
    }
    if CLAIMS.contains(&sql.name) {
        out.retain(|said| !said.contains("due is not declared") && !said.contains("about None"));
    }
    // Guards are sorted by the parameters after the owner; where the whole key is given, they must be the key.
    let keyed = keyed(statement);
    let from = usize::from(sql.scoped()) + 1;
    // What the queue role does is not sorted; it is nobody's guard.
    let sorted = if same_class { sql.table.key } else { 0 };
    let key: Vec<_> = sql.table.columns.iter().take(sorted).collect();
    let given = |name: &str| {
        keyed
            .iter()
            .find(|(column, _)| column == name)
            .map(|(_, n)| n.clone())
    };
    if key.iter().all(|column| given(column.name).is_some()) {
        for (column, number) in key.iter().zip(from..) {
            if given(column.name) != Some(format!("${number}")) {
                out.push(format!("the key column {} is not ${number}", column.name));
            }
        }
    }
    out
}

fn statements(kind: &Kind) -> Vec<&'static Sql> {
    let parts = kind.parts().into_iter();
    parts.flat_map(|part| part.statements).copied().collect()
}

#[test]
fn every_statement_is_bound_to_its_owner_and_portable() {
    let mut wrong = Vec::new();
    for kind in &KINDS {
        let mut names = BTreeSet::new();
        for sql in statements(kind) {
            assert!(names.insert(sql.name), "{} is registered twice", sql.name);
            assert!(sql.name.contains('.'), "{} is not noun.act", sql.name);
            let postgres = complaints(kind, sql, sql.postgres(), &PostgreSqlDialect {});
            let sqlite = complaints(kind, sql, sql.sqlite(), &SQLiteDialect {});
            wrong.extend(
                postgres
                    .iter()
                    .chain(&sqlite)
                    .map(|said| format!("{}: {said}", sql.name)),
            );
        }
        println!("{}: {} statements", kind.name, names.len());
    }
    assert_eq!(wrong, [] as [String; 0]);
}

#[tokio::test]
async fn postgres_every_statement_is_prepared_by_the_role_that_runs_it() {
    const SENT: [Type; 6] = [
        Type::INT8,
        Type::TEXT,
        Type::BYTEA,
        Type::UUID,
        Type::INT8_ARRAY,
        Type::UUID_ARRAY,
    ];
    const READ: [Type; 7] = [
        Type::INT8,
        Type::INT4,
        Type::TEXT,
        Type::VARCHAR,
        Type::NAME,
        Type::UUID,
        Type::BYTEA,
    ];
    for kind in &KINDS {
        let database = kind.postgres().await;
        for sql in statements(kind) {
            let also = ALSO_APP.contains(&sql.name).then_some("comanda_app");
            for role in [role(sql)].into_iter().chain(also) {
                let client = database.connect(role).await;
                let name = sql.name;
                let prepared = client.prepare(sql.postgres()).await;
                let prepared = prepared.unwrap_or_else(|error| panic!("{name}: {error:?}"));
                for kind in prepared.params() {
                    assert!(SENT.contains(kind), "{name} takes a {kind}");
                }
                for column in prepared.columns() {
                    assert!(
                        READ.contains(column.type_()),
                        "{name} answers a {}",
                        column.type_()
                    );
                }
                // Preparing asks for no rights, beginning to run does.
                let nulls = vec!["NULL"; prepared.params().len()].join(", ");
                let call = if nulls.is_empty() {
                    String::new()
                } else {
                    format!("({nulls})")
                };
                let explain = format!("PREPARE s AS {}; EXPLAIN EXECUTE s{call}", sql.postgres());
                let explained = client.simple_query(&explain).await;
                explained.unwrap_or_else(|error| panic!("{name} as {role}: {error:?}"));
            }
        }
    }
}

#[tokio::test]
async fn postgres_a_role_without_the_right_is_noticed() {
    let database = KINDS[0].postgres().await;
    let client = database.connect("comanda_queue").await;
    let text = super::world::statement("trial_stock.read").postgres();
    client.prepare(text).await.unwrap();
    let explain = format!("PREPARE s AS {text}; EXPLAIN EXECUTE s(NULL, NULL)");
    assert!(client.simple_query(&explain).await.is_err());
}

#[tokio::test]
async fn sqlite_every_statement_is_prepared() {
    for kind in &KINDS {
        let (folder, connection) = kind.sqlite().await;
        for sql in statements(kind) {
            let prepared = connection.prepare(sql.sqlite());
            let prepared = prepared.unwrap_or_else(|error| panic!("{}: {error}", sql.name));
            let highest = (1..=prepared.parameter_count()).map(|n| format!("?{n}"));
            for name in highest {
                assert!(
                    sql.sqlite().contains(&name),
                    "{} leaves {name} out",
                    sql.name
                );
            }
            assert_eq!(
                prepared.readonly(),
                sql.sqlite().starts_with("SELECT"),
                "{}",
                sql.name
            );
        }
        drop(connection);
        std::fs::remove_dir_all(folder).unwrap();
    }
}

/// A statement with one text, about the orders of an organisation.
fn fixture(text: &'static str) -> Sql {
    Sql::new("fixture.text", &testkit::trial::ORDERS, text)
}

/// Texts that must be refused, each with what must be said of it.
const REFUSED: [(&str, &str); 31] = [
    ("not bound", "SELECT id FROM trial_orders"),
    ("not bound", "SELECT id FROM trial_orders WHERE id = $1"),
    (
        "not bound",
        "SELECT id FROM trial_orders WHERE organisation = $2 AND id = $1",
    ),
    (
        "not bound",
        "SELECT id FROM trial_orders WHERE organisation = $1 OR id = $2",
    ),
    (
        "not bound",
        "SELECT id FROM trial_orders WHERE NOT organisation = $1",
    ),
    (
        "not bound",
        "SELECT id FROM trial_orders WHERE organisation >= $1",
    ),
    (
        "not bound",
        "SELECT id FROM trial_orders WHERE organisation = organisation",
    ),
    (
        "l is not bound",
        "SELECT o.id FROM trial_orders AS o JOIN trial_lines AS l ON l.order_id = o.id WHERE o.organisation = $1",
    ),
    (
        "o is not bound",
        "SELECT o.id FROM trial_orders AS o LEFT JOIN trial_lines AS l ON l.organisation = o.organisation AND o.organisation = $1",
    ),
    (
        "trial_lines is not bound",
        "SELECT id FROM trial_orders WHERE organisation = $1 AND id IN (SELECT order_id FROM trial_lines WHERE line = $2)",
    ),
    (
        "trial_lines is not bound",
        "SELECT id, (SELECT count(*) FROM trial_lines) FROM trial_orders WHERE organisation = $1",
    ),
    (
        "not bound",
        "UPDATE trial_orders SET note = $3 WHERE id = $2",
    ),
    (
        "organisation is assigned",
        "UPDATE trial_orders SET organisation = $2 WHERE organisation = $1",
    ),
    ("not bound", "DELETE FROM trial_orders WHERE id = $2"),
    (
        "not given $1",
        "INSERT INTO trial_orders (organisation, id) VALUES ($2, $1)",
    ),
    ("not given $1", "INSERT INTO trial_orders (id) VALUES ($1)"),
    (
        "not name its columns",
        "INSERT INTO trial_orders VALUES ($1, $2)",
    ),
    (
        "without the owner",
        "INSERT INTO trial_orders (organisation, id) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
    ),
    (
        "organisation is assigned",
        "INSERT INTO trial_orders (organisation, id) VALUES ($1, $2) ON CONFLICT (organisation, id) DO UPDATE SET organisation = $3",
    ),
    (
        "not declared",
        "SELECT id FROM trial_orders WHERE organisation = $1 AND id IN (SELECT id FROM secrets)",
    ),
    (
        "it is about",
        "SELECT line FROM trial_lines WHERE organisation = $1",
    ),
    (
        "the key column id",
        "UPDATE trial_orders SET note = $2 WHERE organisation = $1 AND id = $3",
    ),
    (
        "the word now",
        "SELECT id FROM trial_orders WHERE organisation = $1 AND created_at < now()",
    ),
    (
        "the word LIKE",
        "SELECT id FROM trial_orders WHERE organisation = $1 AND note LIKE $2",
    ),
    (
        "the word lower",
        "SELECT id FROM trial_orders WHERE organisation = $1 AND lower(note) = $2",
    ),
    (
        "::",
        "SELECT id FROM trial_orders WHERE organisation = $1 AND id = $2::uuid",
    ),
    (
        "->",
        "SELECT note ->> 'a' FROM trial_orders WHERE organisation = $1",
    ),
    (
        "the word FOR",
        "SELECT id FROM trial_orders WHERE organisation = $1 FOR UPDATE",
    ),
    (
        "the word WITH",
        "WITH x AS (SELECT id FROM trial_orders WHERE organisation = $1) SELECT id FROM x",
    ),
    (
        "SUM without",
        "SELECT sum(total_minor) FROM trial_orders WHERE organisation = $1",
    ),
    (
        "the fraction",
        "SELECT id FROM trial_orders WHERE organisation = $1 AND total_minor > 1.5",
    ),
];

#[test]
fn statements_that_must_be_refused_are() {
    for (complaint, text) in REFUSED {
        let found = complaints(&KINDS[0], &fixture(text), text, &PostgreSqlDialect {});
        assert!(
            found.iter().any(|said| said.contains(complaint)),
            "{text}: {found:?}"
        );
    }
    let text = "INSERT OR IGNORE INTO trial_orders (organisation, id) VALUES (?1, ?2)";
    let found = complaints(&KINDS[0], &fixture(text), text, &SQLiteDialect {});
    assert!(found.contains(&"INSERT OR".to_owned()), "{found:?}");
}

/// Texts about what people hold that must be refused, each with what must be said of it.
const REFUSED_OF_HELD: [(&str, &str); 9] = [
    ("not bound", "SELECT person FROM trial_tokens"),
    (
        "not bound",
        "SELECT person FROM trial_tokens WHERE digest = $2 AND text = $1",
    ),
    (
        "not bound",
        "SELECT person FROM trial_tokens WHERE digest = $1 OR text = $2",
    ),
    (
        "changes rows for whoever",
        "UPDATE trial_tokens SET uses = 0 WHERE digest = $1",
    ),
    (
        "changes rows for whoever",
        "DELETE FROM trial_tokens WHERE digest = $1",
    ),
    (
        "trial_addresses is not bound",
        "SELECT text FROM trial_tokens WHERE digest = $1 AND text IN (SELECT text FROM trial_addresses WHERE id = $2)",
    ),
    (
        "the key column digest",
        "UPDATE trial_tokens SET uses = $2 WHERE person = $1 AND digest = $3",
    ),
    (
        "person is assigned",
        "UPDATE trial_tokens SET person = $2 WHERE person = $1",
    ),
    (
        "without the owner",
        "INSERT INTO trial_tokens (person, digest, text, uses) VALUES ($1, $2, $3, 1) ON CONFLICT (digest) DO UPDATE SET uses = 1",
    ),
];

#[test]
fn statements_about_what_people_hold_ask_as_a_person_or_as_a_holder() {
    let fixture = |text| Sql::new("fixture.held", &testkit::trial::TOKENS, text);
    let of = |text| complaints(people(), &fixture(text), text, &PostgreSqlDialect {});
    for (complaint, text) in REFUSED_OF_HELD {
        let found = of(text);
        let said = found.iter().any(|said| said.contains(complaint));
        assert!(said, "{text}: {found:?}");
    }
    for text in [
        "SELECT person FROM trial_tokens WHERE digest = $1 AND uses > $2",
        "SELECT text FROM trial_tokens WHERE person = $1 AND digest = $2",
        "DELETE FROM trial_tokens WHERE person = $1 AND digest <> $2",
    ] {
        assert_eq!(of(text), [] as [String; 0], "{text}");
    }
}

/// The queue role reaches a table of tenants only as far as the table says.
#[test]
fn what_the_queue_role_may_not_reach_is_refused() {
    static TOKENS: Table = testkit::trial::ADDRESSES.as_queue();
    static STUBS: Table = testkit::trial::STUBS.as_queue();
    for (table, text) in [
        (&TOKENS, "DELETE FROM trial_addresses WHERE id = $1"),
        (&STUBS, "SELECT number FROM trial_stubs WHERE at < $1"),
        (&STUBS, "UPDATE trial_stubs SET at = $1"),
    ] {
        let sql = Sql::new("fixture.queue", table, text);
        let found = complaints(people(), &sql, text, &PostgreSqlDialect {});
        let said = found.iter().any(|said| said.contains("another class"));
        assert!(said, "{text}: {found:?}");
    }
}

fn people() -> &'static Kind {
    KINDS.iter().find(|kind| kind.name == "people").unwrap()
}

#[test]
fn statements_that_are_right_are_taken() {
    const TAKEN: [&str; 6] = [
        "SELECT id FROM trial_orders WHERE organisation = $1 AND (id = $2 OR number = $3)",
        "SELECT o.id FROM trial_orders AS o JOIN trial_lines AS l ON l.organisation = o.organisation AND l.order_id = o.id WHERE o.organisation = $1",
        "SELECT o.id FROM trial_orders AS o LEFT JOIN trial_lines AS l ON l.organisation = $1 AND l.order_id = o.id WHERE o.organisation = $1",
        "SELECT o.id FROM trial_orders AS o WHERE o.organisation = $1 AND EXISTS (SELECT 1 FROM trial_lines AS l WHERE l.organisation = o.organisation AND l.order_id = o.id)",
        "INSERT INTO trial_orders (organisation, id) SELECT $1, id FROM trial_restaurants WHERE organisation = $1 ON CONFLICT (organisation, id) DO NOTHING",
        "SELECT CAST(sum(total_minor) AS BIGINT) FROM trial_orders WHERE organisation = $1",
    ];
    for text in TAKEN {
        let found = complaints(&KINDS[0], &fixture(text), text, &PostgreSqlDialect {});
        assert_eq!(found, [] as [String; 0], "{text}");
    }
    assert_eq!(testkit::trial::ORDERS.class, Class::Organisation);
}
