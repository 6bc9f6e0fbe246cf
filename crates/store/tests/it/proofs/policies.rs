//! The catalog of every kind of database, against the rules of row-level security; and fixtures that break each.

use std::collections::BTreeMap;

use store::{Class, Reach, Table};
use testkit::postgres::Database;

use super::bases::{KINDS, Kind, seen_when_old, texts};

const ROLES: &str = "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles \
    WHERE rolname IN ('comanda_app', 'comanda_queue', 'comanda_owner') \
    AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)";

const MEMBERS: &str = "SELECT pg_get_userbyid(member), pg_get_userbyid(roleid) FROM pg_auth_members \
    WHERE pg_get_userbyid(member) IN ('comanda_app', 'comanda_queue')";

const TABLES: &str = "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner) \
    FROM pg_class AS c WHERE c.relkind IN ('r', 'p', 'f', 'm') AND c.relnamespace = 'public'::regnamespace \
    ORDER BY c.relname";

const POLICIES: &str = "SELECT tablename, permissive, array_to_string(roles, ','), cmd, qual, with_check \
    FROM pg_policies WHERE schemaname = 'public'";

/// A view without `security_invoker`, and a function or procedure that runs as its owner.
const LOOPHOLES: &str = "SELECT 'view ' || relname FROM pg_class WHERE relkind = 'v' \
    AND relnamespace = 'public'::regnamespace \
    AND NOT coalesce(reloptions @> ARRAY['security_invoker=true'], false) \
    UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace";

/// A function that somebody else than the application may run, or whose names another schema could catch.
const FUNCTIONS: &str = "SELECT 'function ' || p.proname FROM pg_proc AS p \
    WHERE p.pronamespace = 'public'::regnamespace AND NOT (pg_get_userbyid(p.proowner) = 'comanda_owner' \
    AND has_function_privilege('comanda_app', p.oid, 'EXECUTE') \
    AND NOT has_function_privilege('comanda_queue', p.oid, 'EXECUTE') \
    AND coalesce(array_to_string(p.proconfig, ',') LIKE '%search_path=%', false))";

/// Unique indexes and foreign keys with the first column that they begin with.
const KEYS: &str = "SELECT c.relname, i.relname, a.attname FROM pg_index AS x \
    JOIN pg_class AS c ON c.oid = x.indrelid JOIN pg_class AS i ON i.oid = x.indexrelid \
    LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = x.indkey[0] \
    WHERE x.indisunique AND c.relnamespace = 'public'::regnamespace \
    UNION ALL SELECT c.relname, f.conname, a.attname FROM pg_constraint AS f \
    JOIN pg_class AS c ON c.oid = f.conrelid \
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = f.conkey[1] \
    WHERE f.contype = 'f' AND c.relnamespace = 'public'::regnamespace \
    UNION ALL SELECT c.relname, f.conname || ' (parent)', a.attname FROM pg_constraint AS f \
    JOIN pg_class AS c ON c.oid = f.conrelid JOIN pg_class AS p ON p.oid = f.confrelid \
    JOIN pg_attribute AS a ON a.attrelid = p.oid AND a.attnum = f.confkey[1] \
    WHERE f.contype = 'f' AND c.relnamespace = 'public'::regnamespace";

const RIGHTS: &str = "SELECT c.relname, r.rolname, string_agg(p.act, ',' ORDER BY p.act) \
    FROM pg_class AS c, unnest(ARRAY['comanda_app', 'comanda_queue', 'public']) AS r(rolname), \
    unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p(act) \
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace \
    AND has_table_privilege(r.rolname, c.oid, p.act) GROUP BY c.relname, r.rolname";

/// What the owner of a table may do to its rows, where it may do anything but read and append.
const OWNERS_RIGHTS: &str = "SELECT c.relname, p.act FROM pg_class AS c, \
    unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS p(act) \
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace \
    AND has_table_privilege('comanda_owner', c.oid, p.act)";

/// The rights of a role on single columns where it has none on the table.
const COLUMN_RIGHTS: &str = "SELECT table_name, grantee, privilege_type || ' ' || column_name \
    FROM information_schema.column_privileges AS p WHERE table_schema = 'public' \
    AND grantee IN ('comanda_app', 'comanda_queue', 'PUBLIC') \
    AND NOT has_table_privilege(lower(grantee), table_name::regclass, privilege_type)";

/// A policy as the catalog shows it: role, act, and whether it has a condition and a check.
type Seen = (String, String, String, String);

const HISTORY: [&str; 2] = ["log", "commits"];

type Tables = BTreeMap<&'static str, &'static Table>;

/// What is older than 30 days, as PostgreSQL writes it back.
const OLD: &str = "(at < ( SELECT (((EXTRACT(epoch FROM now()) * (1000000)::numeric))::bigint - '2592000000000'::bigint)))";

/// The conditions that a class must have, as PostgreSQL writes them back.
fn conditions(class: Class) -> (String, String) {
    let (column, setting, kind) = match class {
        Class::Person | Class::Held => ("person", "comanda.person", "uuid"),
        _ => ("organisation", "comanda.organisation", "bigint"),
    };
    let one = format!(
        "({column} = ( SELECT (NULLIF(current_setting('{setting}'::text, true), ''::text))::{kind} AS \"nullif\"))"
    );
    let many = format!(
        "({column} = ANY (( SELECT (NULLIF(current_setting('{setting}s'::text, true), ''::text))::{kind}[] \
         AS \"nullif\")::{kind}[]))"
    );
    (one, many)
}

/// Whose a held row is by its digest, as PostgreSQL writes it back.
const HOLDER: &str = "(digest = ( SELECT decode(NULLIF(current_setting('comanda.holder'::text, true), ''::text), 'hex'::text) AS decode))";

/// The policies that a table must have, and no other.
fn policies(table: &Table) -> Vec<Seen> {
    let (name, class) = (table.name, table.class);
    let policy = |role: &str, act: &str, uses: &str, check: &str| {
        (
            role.to_owned(),
            act.to_owned(),
            uses.to_owned(),
            check.to_owned(),
        )
    };
    let (app, queue, owner) = ("comanda_app", "comanda_queue", "comanda_owner");
    let mut all = Vec::new();
    if class != Class::Appended {
        all.push(policy(owner, "ALL", "true", "true"));
    }
    match class {
        Class::Organisation | Class::Person | Class::Held => {
            let (one, many) = conditions(class);
            let shown = match class {
                Class::Held => format!("({one} OR {HOLDER})"),
                _ => one.clone(),
            };
            all.push(policy(app, "SELECT", &shown, ""));
            all.push(policy(app, "INSERT", "", &many));
            if !HISTORY.contains(&name) {
                all.push(policy(app, "UPDATE", &one, &one));
                all.push(policy(app, "DELETE", &one, ""));
            }
        }
        Class::Queue => all.push(policy(queue, "ALL", "true", "true")),
        Class::Appended => {
            for role in [owner, queue] {
                all.push(policy(role, "SELECT", "true", ""));
                all.push(policy(role, "INSERT", "", "true"));
            }
        }
        Class::Published | Class::Control => {
            all.push(policy(app, "SELECT", "true", ""));
            all.push(policy(queue, "ALL", "true", "true"));
        }
    }
    match name {
        "head" => all.push(policy(app, "UPDATE", "true", "true")),
        "log" => all.push(policy(queue, "SELECT", "true", "")),
        _ => {}
    }
    match table.reach {
        Reach::Nothing => {}
        Reach::Works => all.push(policy(queue, "ALL", "true", "true")),
        Reach::Clears => {
            all.push(policy(queue, "DELETE", OLD, ""));
            if name != "log" {
                all.push(policy(queue, "SELECT", OLD, ""));
            }
        }
    }
    all
}

/// What a role may do to a table as a whole.
fn rights(table: &Table, role: &str) -> &'static str {
    const ALL: &str = "DELETE,INSERT,SELECT,UPDATE";
    match (table.class, role) {
        (Class::Organisation | Class::Person | Class::Held, "comanda_app") => {
            if HISTORY.contains(&table.name) {
                "INSERT,SELECT"
            } else {
                ALL
            }
        }
        (Class::Published | Class::Control, "comanda_app") => "SELECT",
        (Class::Organisation | Class::Person | Class::Held, "comanda_queue") => match table.reach {
            Reach::Clears if table.name == "log" => "DELETE,SELECT",
            Reach::Clears => "DELETE",
            Reach::Works => "DELETE,SELECT,UPDATE",
            Reach::Nothing => "",
        },
        (Class::Appended, "comanda_queue") => "INSERT,SELECT",
        (Class::Queue | Class::Published | Class::Control, "comanda_queue") => ALL,
        _ => "",
    }
}

/// Everything in the catalog that is not as it must be.
async fn complaints(kind: &Kind, database: &Database) -> Vec<String> {
    let mut out = Vec::new();
    for row in texts(database, ROLES).await {
        out.push(format!("role {} may too much", row[0]));
    }
    for row in texts(database, MEMBERS).await {
        out.push(format!("role {} is a member of {}", row[0], row[1]));
    }
    for row in texts(database, LOOPHOLES).await {
        out.push(format!("{} runs as its owner", row[0]));
    }
    for row in texts(database, FUNCTIONS).await {
        out.push(format!("{} is not the application's alone", row[0]));
    }
    let history = |name: &str| name.starts_with("migrations_");
    let tables: Tables = kind
        .tables()
        .into_iter()
        .map(|table| (table.name, table))
        .collect();
    for row in texts(database, TABLES).await {
        if row[3] != "comanda_owner" {
            out.push(format!("table {} belongs to {}", row[0], row[3]));
        }
        if history(&row[0]) {
            continue;
        }
        if row[1..3] != ["t", "t"] {
            out.push(format!("table {} is without forced row security", row[0]));
        }
        if !tables.contains_key(row[0].as_str()) {
            out.push(format!("table {} is not declared", row[0]));
        }
    }
    complain_of_policies(&mut out, &tables, database).await;
    complain_of_rights(&mut out, &tables, database).await;
    for row in texts(database, KEYS).await {
        let begins: &[&str] = match tables.get(row[0].as_str()).map(|table| table.class) {
            Some(Class::Organisation) => &["organisation"],
            Some(Class::Person) => &["person"],
            // Who holds the secret of a digest may learn that it is taken; that is what it is for.
            Some(Class::Held) if row[1].ends_with("_pkey") => &["digest"],
            Some(Class::Held) => &["person", "digest"],
            _ => continue,
        };
        if !begins.contains(&row[2].as_str()) {
            out.push(format!(
                "key {} of {} begins with {}",
                row[1], row[0], row[2]
            ));
        }
    }
    out
}

async fn complain_of_policies(out: &mut Vec<String>, tables: &Tables, database: &Database) {
    let mut seen: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
    for row in texts(database, POLICIES).await {
        let [name, permissive, role, act, uses, check] = row.try_into().unwrap();
        if permissive != "PERMISSIVE" {
            out.push(format!("a policy of {name} is {permissive}"));
        }
        seen.entry(name).or_default().push((role, act, uses, check));
    }
    for (name, table) in tables {
        let mut found = seen.remove(*name).unwrap_or_default();
        for wanted in policies(table) {
            match found.iter().position(|policy| *policy == wanted) {
                Some(at) => drop(found.swap_remove(at)),
                None => out.push(format!("policies of {name}: {wanted:?} is missing")),
            }
        }
        let wrong = |policy| format!("policies of {name}: {policy:?} is wrong");
        out.extend(found.into_iter().map(wrong));
    }
    out.extend(
        seen.into_keys()
            .map(|name| format!("policies of the unknown {name}")),
    );
}

async fn complain_of_rights(out: &mut Vec<String>, tables: &Tables, database: &Database) {
    let mut seen: BTreeMap<(String, String), String> = BTreeMap::new();
    for row in texts(database, RIGHTS).await {
        let [name, role, rights] = row.try_into().unwrap();
        seen.insert((name, role), rights);
    }
    for (name, table) in tables {
        for role in ["comanda_app", "comanda_queue", "public"] {
            let key = ((*name).to_owned(), role.to_owned());
            let found = seen.remove(&key).unwrap_or_default();
            let wanted = rights(table, role);
            if found != wanted {
                out.push(format!("{role} may {found} on {name}, not {wanted}"));
            }
        }
    }
    out.extend(
        seen.into_iter()
            // Whoever serves may see how far the schema is, and nothing more.
            .filter(|((name, role), rights)| {
                !(name.starts_with("migrations_") && role == "comanda_app" && rights == "SELECT")
            })
            .map(|((name, role), rights)| format!("{role} may {rights} on {name}")),
    );
    for row in texts(database, OWNERS_RIGHTS).await {
        let table = tables.get(row[0].as_str());
        if table.is_some_and(|table| table.class == Class::Appended) {
            out.push(format!("comanda_owner may {} on {}", row[1], row[0]));
        }
    }
    for row in texts(database, COLUMN_RIGHTS).await {
        let column = row[2].strip_prefix("SELECT ").unwrap_or_default();
        let cleared = tables.get(row[0].as_str()).is_some_and(|table| {
            table.reach == Reach::Clears && seen_when_old(table).contains(&column)
        });
        let sees = cleared && row[1] == "comanda_queue";
        if row != ["head", "comanda_app", "UPDATE position"] && !sees {
            out.push(format!("{} may {} of {}", row[1], row[2], row[0]));
        }
    }
}

#[tokio::test]
async fn postgres_every_table_of_every_database_keeps_the_rules() {
    for kind in &KINDS {
        let database = kind.postgres().await;
        let count = texts(&database, POLICIES).await.len();
        println!(
            "{}: {} tables, {count} policies",
            kind.name,
            kind.tables().len()
        );
        assert!(count >= 2 * kind.tables().len());
        assert_eq!(
            complaints(kind, &database).await,
            [] as [String; 0],
            "{}",
            kind.name
        );
    }
}

/// Each of these is noticed. The first word is what the complaint must contain.
const BREAKS: [(&str, &str); 19] = [
    (
        "not the application's alone",
        "CREATE FUNCTION peek_at() RETURNS BIGINT LANGUAGE sql AS 'SELECT 1::bigint'",
    ),
    (
        "without forced",
        "ALTER TABLE trial_orders NO FORCE ROW LEVEL SECURITY",
    ),
    (
        "without forced",
        "ALTER TABLE trial_lines DISABLE ROW LEVEL SECURITY",
    ),
    ("belongs to", "ALTER TABLE trial_stock OWNER TO comanda_app"),
    (
        "not declared",
        "CREATE TABLE forgotten (id BIGINT PRIMARY KEY)",
    ),
    (
        "runs as its owner",
        "CREATE VIEW peek AS SELECT * FROM trial_orders",
    ),
    (
        "runs as its owner",
        "CREATE FUNCTION peek_at() RETURNS BIGINT LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::bigint'",
    ),
    (
        "begins with",
        "CREATE UNIQUE INDEX leak ON trial_orders (number)",
    ),
    (
        "begins with",
        "CREATE UNIQUE INDEX leak ON trial_orders ((number + 1), organisation)",
    ),
    (
        "begins with",
        "ALTER TABLE trial_lines ADD CONSTRAINT stray FOREIGN KEY (order_id, organisation) REFERENCES trial_orders (id, organisation)",
    ),
    (
        "policies of trial_orders",
        "CREATE POLICY leak ON trial_orders FOR SELECT TO comanda_queue USING (true)",
    ),
    (
        "policies of trial_orders",
        "ALTER POLICY app_read ON trial_orders USING (true)",
    ),
    (
        "policies of trial_orders",
        "ALTER POLICY app_read ON trial_orders USING (organisation = current_setting('comanda.organisation')::bigint)",
    ),
    (
        "policies of trial_orders",
        "ALTER POLICY app_read ON trial_orders TO PUBLIC",
    ),
    (
        "policies of trial_orders",
        "DROP POLICY app_update ON trial_orders; CREATE POLICY app_update ON trial_orders FOR UPDATE TO comanda_app USING (organisation = (SELECT nullif(current_setting('comanda.organisation', true), '')::bigint))",
    ),
    (
        "may INSERT,SELECT,UPDATE on log",
        "GRANT UPDATE ON log TO comanda_app",
    ),
    (
        "comanda_queue may SELECT on trial_orders",
        "GRANT SELECT ON trial_orders TO comanda_queue",
    ),
    (
        "comanda_queue may SELECT id of trial_orders",
        "GRANT SELECT (id) ON trial_orders TO comanda_queue",
    ),
    (
        "public may SELECT",
        "GRANT SELECT ON trial_orders TO PUBLIC",
    ),
];

/// The same for what people hold, and for what is only appended to.
const MORE_BREAKS: [(&str, &str, &str); 8] = [
    (
        "people",
        "trial_tokens_pkey of trial_tokens begins with person",
        "ALTER TABLE trial_tokens DROP CONSTRAINT trial_tokens_pkey, ADD PRIMARY KEY (person, digest)",
    ),
    (
        "people",
        "begins with text",
        "CREATE UNIQUE INDEX leak ON trial_tokens (text)",
    ),
    (
        "people",
        "policies of trial_tokens",
        "ALTER POLICY app_read ON trial_tokens USING (true)",
    ),
    (
        "people",
        "policies of trial_tokens",
        "ALTER POLICY app_update ON trial_tokens USING (digest = (SELECT decode(current_setting('comanda.holder', true), 'hex')))",
    ),
    (
        "people",
        "comanda_queue may SELECT person",
        "GRANT SELECT (person) ON trial_addresses TO comanda_queue",
    ),
    (
        "audit",
        "may INSERT,SELECT,UPDATE on trial_acts",
        "GRANT UPDATE ON trial_acts TO comanda_queue",
    ),
    (
        "audit",
        "comanda_owner may TRUNCATE on trial_acts",
        "GRANT TRUNCATE ON trial_acts TO comanda_owner",
    ),
    (
        "audit",
        "policies of trial_acts",
        "CREATE POLICY leak ON trial_acts FOR SELECT TO comanda_app USING (true)",
    ),
];

#[tokio::test]
async fn postgres_every_broken_rule_of_people_and_audit_is_noticed() {
    for (name, complaint, sql) in MORE_BREAKS {
        let kind = KINDS.iter().find(|kind| kind.name == name).unwrap();
        let database = kind.postgres().await;
        database.execute_as_superuser(sql).await;
        let found = complaints(kind, &database).await;
        let noticed = found.iter().any(|found| found.contains(complaint));
        assert!(noticed, "{sql}: {found:#?}");
    }
}

#[tokio::test]
async fn postgres_every_broken_rule_is_noticed() {
    let kind = &KINDS[0];
    let database = kind.postgres().await;
    // A unique key that a foreign key in the wrong order can name.
    let other_way = "CREATE UNIQUE INDEX other_way ON trial_orders (id, organisation)";
    for (complaint, sql) in BREAKS {
        let client = database.connect("postgres").await;
        let needs = if sql.contains("REFERENCES") {
            other_way
        } else {
            ""
        };
        client
            .batch_execute(&format!("{needs};{sql}"))
            .await
            .unwrap();
        let found = complaints(kind, &database).await;
        assert!(
            found.iter().any(|found| found.contains(complaint)),
            "{sql}: {found:#?}"
        );
        undo(&database, sql).await;
        assert_eq!(
            complaints(kind, &database).await,
            [] as [String; 0],
            "{sql} was not undone"
        );
    }
}

/// Takes back what one of the breaks did.
async fn undo(database: &Database, sql: &str) {
    database
        .execute_as_superuser(
            "DROP TABLE IF EXISTS forgotten; DROP VIEW IF EXISTS peek; DROP FUNCTION IF EXISTS peek_at(); \
             DROP INDEX IF EXISTS leak; ALTER TABLE trial_lines DROP CONSTRAINT IF EXISTS stray; \
             DROP INDEX IF EXISTS other_way; DROP POLICY IF EXISTS leak ON trial_orders; \
             ALTER TABLE trial_stock OWNER TO comanda_owner; \
             REVOKE SELECT (id) ON trial_orders FROM comanda_queue",
        )
        .await;
    // The policies and rights of a table are put in force anew by every migration.
    let mut settings = super::world::settings(database.port(), database.name());
    settings.fallback = std::time::Duration::from_millis(10);
    let place = store::Place::Postgres(Box::new(settings));
    let opened = store::Database::open(&place, &base::Clock::real()).unwrap();
    let done = opened.migrate(&KINDS[0].parts()).await;
    done.unwrap_or_else(|failure| panic!("{sql}: {failure}"));
}

/// Roles are of the whole server, so a break of theirs would disturb other tests; the query alone is shown to see.
#[tokio::test]
async fn postgres_a_role_that_may_too_much_would_be_seen() {
    let database = KINDS[0].postgres().await;
    let sql = ROLES.replace("comanda_app", "postgres");
    assert_eq!(texts(&database, &sql).await[0][0], "postgres");
}
