//! Row-level security, made from the class of each table.
//!
//! FORCE on every table, so that even its owner is bound; the owner has a policy of its own for migrations. The
//! application sees one organisation (or person) at a time and inserts for a list; the queue role sees queues,
//! control tables and the log, and of a tenant's rows only those that are work or so old that they may go. Held rows
//! are shown to whoever names their digest as well. An absent or empty setting means no rows.

use std::fmt::Write as _;

use crate::system::{COMMITS, HEAD, LOG};
use crate::table::{Class, Reach, Table};

/// Owns every table and runs migrations.
pub(crate) const OWNER: &str = "comanda_owner";
/// Runs commits and reads of one organisation or person at a time.
pub(crate) const APP: &str = "comanda_app";
/// Claims work and tails the log.
pub(crate) const QUEUE: &str = "comanda_queue";

/// Makes the three roles where they are absent, and says how those that serve work: within limits of time, and by the
/// indexes that every statement is written for. A plan that was made while a table was empty reads the table whole, and
/// would go on doing so when it has millions of rows. Other databases of the server may be doing this at the moment.
pub(crate) const ROLES: &str = "\
DO $$
DECLARE
    name TEXT;
    setting TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['comanda_owner', 'comanda_app', 'comanda_queue'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name) THEN
                EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', name);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
    FOREACH name IN ARRAY ARRAY['comanda_app', 'comanda_queue'] LOOP
        FOREACH setting IN ARRAY ARRAY[
            'idle_in_transaction_session_timeout=10s', 'lock_timeout=5s', 'statement_timeout=30s', 'enable_seqscan=off'
        ] LOOP
            BEGIN
                -- What somebody has set by hand stays.
                IF NOT EXISTS (
                    SELECT 1 FROM pg_roles, unnest(rolconfig) AS set_before
                    WHERE rolname = name AND split_part(set_before, '=', 1) = split_part(setting, '=', 1)
                ) THEN
                    EXECUTE format('ALTER ROLE %I SET %I = %L', name, split_part(setting, '=', 1), split_part(setting, '=', 2));
                END IF;
            EXCEPTION WHEN unique_violation OR internal_error THEN
                NULL;
            END;
        END LOOP;
    END LOOP;
END $$;
";

/// Lets the owner make tables here and the others use them. Run as whoever owns the database.
pub(crate) const SCHEMA: &str = "\
GRANT USAGE, CREATE ON SCHEMA public TO comanda_owner;
GRANT USAGE ON SCHEMA public TO comanda_app, comanda_queue;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
";

/// The statements that put the policies and grants of a table in force, whatever stood there before.
pub(crate) fn statements(table: &Table) -> String {
    let name = table.name;
    let mut out = format!(
        "ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;\nALTER TABLE {name} FORCE ROW LEVEL SECURITY;\n\
         REVOKE ALL ON {name} FROM PUBLIC, {APP}, {QUEUE};\n"
    );
    if table.class != Class::Appended {
        let rule = "USING (true) WITH CHECK (true)";
        policy(&mut out, table, "owner_all", "ALL", OWNER, rule);
    }
    match table.class {
        Class::Organisation | Class::Person | Class::Held => tenant(&mut out, table),
        Class::Appended => appended(&mut out, table),
        Class::Queue => all(&mut out, table, QUEUE),
        Class::Published | Class::Control => {
            policy(&mut out, table, "app_read", "SELECT", APP, "USING (true)");
            grant(&mut out, table, "SELECT", APP);
            all(&mut out, table, QUEUE);
        }
    }
    if table.name == HEAD.name {
        policy(
            &mut out,
            table,
            "app_move",
            "UPDATE",
            APP,
            "USING (true) WITH CHECK (true)",
        );
        grant(&mut out, table, "UPDATE (position)", APP);
    }
    if table.name == LOG.name {
        policy(
            &mut out,
            table,
            "queue_read",
            "SELECT",
            QUEUE,
            "USING (true)",
        );
        grant(&mut out, table, "SELECT", QUEUE);
    }
    reach(&mut out, table);
    out
}

/// What is too young to be removed by whatever statement, by the clock of the database: 30 days.
const OLD: &str =
    "USING (at < (SELECT (extract(epoch FROM now()) * 1000000)::bigint - 2592000000000))";

fn reach(out: &mut String, table: &Table) {
    match table.reach {
        Reach::Nothing => {}
        Reach::Works => {
            let rule = "USING (true) WITH CHECK (true)";
            policy(out, table, "queue_work", "ALL", QUEUE, rule);
            grant(out, table, "SELECT, UPDATE, DELETE", QUEUE);
        }
        Reach::Clears => {
            policy(out, table, "queue_clear", "DELETE", QUEUE, OLD);
            grant(out, table, "DELETE", QUEUE);
            // The queue role reads the whole log already.
            if table.name != LOG.name {
                let columns = table.all_columns().take(table.key.saturating_add(1));
                let names: Vec<&str> = columns.map(|column| column.name).collect();
                policy(out, table, "queue_old", "SELECT", QUEUE, OLD);
                let rights = format!("SELECT ({}, at)", names.join(", "));
                grant(out, table, &rights, QUEUE);
            }
        }
    }
}

/// Whoever names the digest of a held row may read it.
const HOLDER: &str =
    "digest = (SELECT decode(nullif(current_setting('comanda.holder', true), ''), 'hex'))";

fn tenant(out: &mut String, table: &Table) {
    let (one, many) = match table.class {
        Class::Person | Class::Held => (
            "person = (SELECT nullif(current_setting('comanda.person', true), '')::uuid)",
            "person = ANY ((SELECT nullif(current_setting('comanda.persons', true), '')::uuid[])::uuid[])",
        ),
        _ => (
            "organisation = (SELECT nullif(current_setting('comanda.organisation', true), '')::bigint)",
            "organisation = ANY ((SELECT nullif(current_setting('comanda.organisations', true), '')::bigint[])::bigint[])",
        ),
    };
    let shown = match table.class {
        Class::Held => format!("USING ({one} OR {HOLDER})"),
        _ => format!("USING ({one})"),
    };
    policy(out, table, "app_read", "SELECT", APP, &shown);
    policy(
        out,
        table,
        "app_insert",
        "INSERT",
        APP,
        &format!("WITH CHECK ({many})"),
    );
    grant(out, table, "SELECT, INSERT", APP);
    // What happened stays: the log and the commits take no other change from the application.
    if table.name != LOG.name && table.name != COMMITS.name {
        policy(
            out,
            table,
            "app_update",
            "UPDATE",
            APP,
            &format!("USING ({one}) WITH CHECK ({one})"),
        );
        policy(
            out,
            table,
            "app_delete",
            "DELETE",
            APP,
            &format!("USING ({one})"),
        );
        grant(out, table, "UPDATE, DELETE", APP);
    }
}

/// Who appends may read what stands there. Not even the owner, who makes the table, changes or removes a row.
fn appended(out: &mut String, table: &Table) {
    for (role, read, append) in [
        (OWNER, "owner_read", "owner_append"),
        (QUEUE, "queue_read", "queue_append"),
    ] {
        policy(out, table, read, "SELECT", role, "USING (true)");
        policy(out, table, append, "INSERT", role, "WITH CHECK (true)");
        grant(out, table, "SELECT, INSERT", role);
    }
    let name = table.name;
    let _infallible = writeln!(
        out,
        "REVOKE UPDATE, DELETE, TRUNCATE ON {name} FROM {OWNER};"
    );
}

fn all(out: &mut String, table: &Table, role: &str) {
    policy(
        out,
        table,
        "queue_all",
        "ALL",
        role,
        "USING (true) WITH CHECK (true)",
    );
    grant(out, table, "SELECT, INSERT, UPDATE, DELETE", role);
}

fn policy(out: &mut String, table: &Table, policy: &str, act: &str, role: &str, rule: &str) {
    let name = table.name;
    let _infallible = writeln!(
        out,
        "DROP POLICY IF EXISTS {policy} ON {name};\nCREATE POLICY {policy} ON {name} FOR {act} TO {role} {rule};"
    );
}

fn grant(out: &mut String, table: &Table, rights: &str, role: &str) {
    let _infallible = writeln!(out, "GRANT {rights} ON {} TO {role};", table.name);
}
