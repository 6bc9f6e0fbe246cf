//! What an error of PostgreSQL means for the commit or statement that met it.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::failure::{Failure, Rule};
use crate::postgres::functions::REFUSED;
use crate::system::{COMMITS, LOG};

/// What to do about an error.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The connection is gone; what was sent may have been done or not.
    Lost,
    /// The database chose this transaction as a victim; it was not done and may be tried again.
    Retry(String),
    /// A guard of a commit that was sent together with COMMIT does not hold; it was not done.
    Refused,
    /// An organisation of the group has moved away.
    Fenced,
    /// The database cannot now; it was not done.
    Away(String),
    /// A row or a statement is wrong; it was not done.
    Wrong(Failure),
}

impl Fault {
    /// Reads an error of the driver.
    pub(crate) fn of(error: &Error) -> Self {
        match error.as_db_error() {
            None if error.is_closed() || is_io(error) => Fault::Lost,
            None => Fault::Wrong(Failure::Malformed(describe(error))),
            Some(error) => Fault::of_database(error),
        }
    }

    fn of_database(error: &DbError) -> Self {
        let code = error.code();
        let text = || error.message().to_owned();
        let fenced = [LOG.name, COMMITS.name].map(Some).contains(&error.table());
        if fenced && *code == SqlState::NOT_NULL_VIOLATION && error.column() == Some("position") {
            return Fault::Fenced;
        }
        if code.code() == REFUSED {
            return Fault::Refused;
        }
        if let Some(rule) = rule(code) {
            let name = |name: Option<&str>| name.unwrap_or_default().to_owned();
            let constraint = name(error.constraint().or(error.column()));
            return Fault::Wrong(Failure::Violated {
                rule,
                table: name(error.table()),
                constraint,
            });
        }
        if *code == SqlState::QUERY_CANCELED {
            return Fault::Retry(text());
        }
        match code.code().get(..2) {
            Some("40" | "55") => Fault::Retry(text()),
            Some("53" | "58") => Fault::Away(text()),
            // The server is going down, or ended this connection: it may have done what was asked.
            Some("57" | "08") => Fault::Lost,
            Some("25") if *code == SqlState::READ_ONLY_SQL_TRANSACTION => Fault::Away(text()),
            Some("XX") => Fault::Wrong(Failure::Damaged(text())),
            _ => Fault::Wrong(Failure::Broken(format!(
                "{}: {}",
                code.code(),
                error.message()
            ))),
        }
    }

    /// The failure for a caller who has nothing to retry.
    pub(crate) fn failure(self) -> Failure {
        match self {
            Fault::Lost => Failure::Unavailable("the connection was lost".to_owned()),
            Fault::Refused => Failure::Unavailable("a guard does not hold any more".to_owned()),
            Fault::Fenced => Failure::Unavailable("an organisation is moving".to_owned()),
            Fault::Retry(text) | Fault::Away(text) => Failure::Unavailable(text),
            Fault::Wrong(failure) => failure,
        }
    }
}

fn rule(code: &SqlState) -> Option<Rule> {
    match *code {
        SqlState::UNIQUE_VIOLATION => Some(Rule::Unique),
        SqlState::FOREIGN_KEY_VIOLATION => Some(Rule::Foreign),
        SqlState::CHECK_VIOLATION => Some(Rule::Check),
        SqlState::NOT_NULL_VIOLATION => Some(Rule::NotNull),
        _ => None,
    }
}

fn is_io(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<std::io::Error>() {
            return true;
        }
        source = cause.source();
    }
    error.to_string().starts_with("unexpected message")
}

fn describe(error: &Error) -> String {
    use std::error::Error as _;
    error
        .source()
        .map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}
