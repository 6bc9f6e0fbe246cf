//! Guards of many commits in one statement: a function for each guard, made by `migrate` from its text.
//!
//! The function runs the guard once for each commit, and sets that commit's organisation (or person) before it, as
//! the pipeline does where no function is there. It saves two statements a commit, which is most of what a guard
//! costs. With `must` it fails where a guard does not hold, so that COMMIT may stand in the same pipeline.

use std::fmt::Write as _;

use tokio_postgres::types::Kind as TypeKind;
use tokio_postgres::{Client, Statement};

use crate::postgres::policies::APP;
use crate::postgres::target::Mutate;
use crate::sql::{Part, replace_parameters};
use crate::system::{COMMITS, LOG};
use crate::table::{Class, Table};

/// The error by which a function says that a guard does not hold.
pub(crate) const REFUSED: &str = "CM409";

/// What the names of all functions begin with.
pub(crate) const PREFIX: &str = "comanda_guard_";

/// Grows when the shape of the functions changes, because a function is never replaced: other versions of the
/// platform may be using it.
const SHAPE: u64 = 1;

/// The name of the function of a guard, and the statement that calls it.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) name: String,
    pub(crate) call: String,
    /// How many values each commit gives it, with the owner.
    pub(crate) parameters: usize,
}

impl Merged {
    /// The function for a text.
    pub(crate) fn of(text: &str) -> Self {
        let name = format!("{PREFIX}{:016x}", fingerprint(text));
        let mut parameters = 0_usize;
        replace_parameters(text, |number| {
            parameters = parameters.max(number.parse().unwrap_or(0));
            String::new()
        });
        let listed = (1..=parameters.saturating_add(1)).map(|number| format!("${number}"));
        let call = format!(
            "SELECT * FROM {name}({})",
            listed.collect::<Vec<_>>().join(", ")
        );
        Merged {
            name,
            call,
            parameters,
        }
    }
}

/// FNV-1a: a number that is the same in every build, and different for every text that we write.
pub(crate) fn fingerprint(text: &str) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let start = (BASIS ^ SHAPE).wrapping_mul(PRIME);
    text.bytes().fold(start, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    })
}

/// Makes the functions of a part that are not there yet. Mutants, which tests ask for, take the place of what is there.
pub(crate) async fn make(
    client: &Client,
    part: &Part,
    mutate: Option<Mutate>,
) -> Result<(), tokio_postgres::Error> {
    for (table, text) in guards(part) {
        let statement = client.prepare(text).await?;
        // A list for each commit would be a list of lists, which arrays are not.
        if statement
            .params()
            .iter()
            .any(|kind| matches!(kind.kind(), TypeKind::Array(_)))
        {
            continue;
        }
        let merged = Merged::of(text);
        let known = client
            .query("SELECT 1 FROM pg_proc WHERE proname = $1", &[&merged.name])
            .await?;
        match mutate.filter(|_| table.class == Class::Organisation) {
            Some(mutate) => {
                let made = definition(&merged, table, &mutate(text), &statement);
                let made = made.replacen("CREATE", "CREATE OR REPLACE", 1);
                client.batch_execute(&made).await?;
            }
            None if known.is_empty() => {
                let made = definition(&merged, table, text, &statement);
                client.batch_execute(&made).await?;
            }
            None => {}
        }
    }
    Ok(())
}

/// The texts that may be guards, each with its table.
fn guards(part: &Part) -> impl Iterator<Item = (&'static Table, &'static str)> {
    let changing = part.statements.iter();
    let changing = changing.filter(|sql| changes(sql.postgres()));
    let changing = changing.map(|sql| (sql.table, sql.postgres()));
    let claim = |table: &&'static Table| (*table, table.texts().claim_row_postgres.as_str());
    let all = changing.chain(part.tables.iter().map(claim));
    all.filter(|(table, _)| {
        table.owner().is_some() && table.name != LOG.name && table.name != COMMITS.name
    })
}

/// What [`make`] would make of a part, as one text that is another where anything of it is.
pub(crate) fn spelled(part: &Part, mutate: Option<Mutate>) -> String {
    let names = guards(part).map(|(_, text)| match mutate {
        Some(mutate) => Merged::of(&mutate(text)).name,
        None => Merged::of(text).name,
    });
    names.collect::<Vec<_>>().join(" ")
}

fn changes(text: &str) -> bool {
    ["UPDATE", "DELETE", "INSERT"]
        .iter()
        .any(|verb| text.starts_with(verb))
}

/// The function: `place` is the commit's place in the arrays, from 1; `touched` how many rows its guard touched.
fn definition(merged: &Merged, table: &Table, text: &str, statement: &Statement) -> String {
    let name = &merged.name;
    let inputs: Vec<String> = statement
        .params()
        .iter()
        .enumerate()
        .map(|(at, kind)| format!("_p{} {}[]", at.saturating_add(1), kind.name()))
        .collect();
    let mut outputs = "_place BIGINT, _touched BIGINT".to_owned();
    let mut take = String::new();
    for (at, column) in statement.columns().iter().enumerate() {
        let _infallible = write!(outputs, ", _c{at} {}", column.type_().name());
        let _infallible = write!(take, " _c{at} := _row.\"{}\";", column.name());
    }
    let body = replace_parameters(text, |number| format!("_p{number}[_i]"));
    let scope = match table.class {
        Class::Person | Class::Held => {
            "set_config('comanda.organisation', '0', true), set_config('comanda.person', _p1[_i]::text, true)"
        }
        _ => {
            "set_config('comanda.organisation', _p1[_i]::text, true), set_config('comanda.person', '', true)"
        }
    };
    let run = if statement.columns().is_empty() {
        format!(
            "{body}; GET DIAGNOSTICS _touched = ROW_COUNT; IF _touched > 0 THEN RETURN NEXT; END IF;"
        )
    } else {
        format!(
            "_touched := 0; FOR _row IN {body} LOOP _touched := _touched + 1;{take} RETURN NEXT; END LOOP;"
        )
    };
    format!(
        "CREATE FUNCTION {name}({}, _must BIGINT) RETURNS TABLE ({outputs})
         LANGUAGE plpgsql SECURITY INVOKER SET search_path FROM CURRENT AS $function$
         #variable_conflict use_column
         DECLARE _row RECORD;
         BEGIN
             FOR _i IN 1 .. cardinality(_p1) LOOP
                 _place := _i;
                 PERFORM {scope};
                 {run}
                 IF _must = 1 AND _touched <> 1 THEN
                     RAISE EXCEPTION 'a guard does not hold' USING ERRCODE = '{REFUSED}';
                 END IF;
             END LOOP;
         END $function$;
         REVOKE ALL ON FUNCTION {name} FROM PUBLIC;
         GRANT EXECUTE ON FUNCTION {name} TO {APP};",
        inputs.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_has_the_parameters_of_the_text_whoever_calls_it_first() {
        let merged = Merged::of("UPDATE t SET a = a - $3 WHERE o = $1 AND k = $2 AND a >= $3");
        assert_eq!(merged.parameters, 3);
        let called = merged.call.split_once('(').map(|(_, list)| list);
        assert_eq!(called, Some("$1, $2, $3, $4)"));
    }

    #[test]
    fn another_text_has_another_name() {
        let (one, other) = (
            Merged::of("UPDATE t SET a = $1"),
            Merged::of("UPDATE t SET b = $1"),
        );
        assert_ne!(one.name, other.name);
        assert_eq!(one.name, Merged::of("UPDATE t SET a = $1").name);
    }
}
