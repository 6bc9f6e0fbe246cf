//! How a call to the store can end other than well, and what a caller may conclude from it.

use base::{Error, Organisation, Uid, codes};
use std::time::Duration;

/// Which rule of the database a row broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A unique or primary key.
    Unique,
    /// A foreign key.
    Foreign,
    /// A check.
    Check,
    /// A column that must have a value.
    NotNull,
}

/// Why a call ended without doing what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A guard did not hold. Nothing was stored.
    #[error("guard {guard} ({name}) did not hold")]
    Refused {
        /// The place of the guard in the commit, from 0.
        guard: usize,
        /// The name of its statement, or of the table whose key was taken.
        name: &'static str,
    },
    /// A row broke a rule of the database. Nothing was stored.
    #[error("constraint {constraint} of {table} is violated")]
    Violated {
        /// The kind of rule.
        rule: Rule,
        /// The table.
        table: String,
        /// The name of the constraint, as PostgreSQL names it, on both engines.
        constraint: String,
    },
    /// The organisation does not live on this shard, or not at this epoch. Nothing was stored; look it up again.
    #[error("organisation {0} does not live here")]
    Moved(Organisation),
    /// The commit or statement is not well formed; a mistake of the caller. Nothing was stored.
    #[error("not well formed: {0}")]
    Malformed(String),
    /// Too much waits already, or the database is away. Nothing was stored.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The deadline came before anything of a commit was sent; nothing was stored. Of work that the queue role sends in
    /// statements of its own (`transact`, `clear`) it is open whether it was stored.
    #[error("the deadline passed before the work was done")]
    TooLate,
    /// The deadline came before it was known whether the commit was stored. The same commit may be sent again.
    #[error("it is not known whether commit {0:?} was stored")]
    Unknown(Uid),
    /// The key was used before with another body.
    #[error("the idempotency key was used before for another request")]
    OtherBody,
    /// The same request is under way and has not ended within the deadline; its key is kept.
    #[error("the same request is still under way")]
    UnderWay,
    /// The store refuses to go on because what it reads is damaged.
    #[error("damaged: {0}")]
    Damaged(String),
    /// A mistake of the store or of a statement; the database said why.
    #[error("the database refused a statement: {0}")]
    Broken(String),
}

/// What a call to the store answers.
pub type Outcome<T> = Result<T, Failure>;

const RETRY_AFTER: Duration = Duration::from_secs(1);

impl From<Failure> for Error {
    #[track_caller]
    fn from(failure: Failure) -> Self {
        let text = failure.to_string();
        match &failure {
            Failure::Refused { .. } => Error::conflict(codes::REFUSED, text),
            Failure::OtherBody => Error::invalid(codes::IDEMPOTENCY_OTHER_BODY, text),
            Failure::UnderWay => {
                Error::conflict(codes::IDEMPOTENCY_UNDER_WAY, text).retry_after(RETRY_AFTER)
            }
            Failure::Violated { .. } => Error::conflict(codes::VIOLATED, text),
            Failure::Moved(_) => Error::unavailable(codes::MOVED, text).retry_after(RETRY_AFTER),
            Failure::Unavailable(_) => {
                Error::unavailable(codes::UNAVAILABLE, text).retry_after(RETRY_AFTER)
            }
            Failure::TooLate => Error::unavailable(codes::DEADLINE, text).retry_after(RETRY_AFTER),
            Failure::Unknown(_) => {
                Error::unavailable(codes::UNKNOWN_OUTCOME, text).retry_after(RETRY_AFTER)
            }
            Failure::Damaged(_) => Error::internal(codes::DAMAGED, text),
            Failure::Malformed(_) | Failure::Broken(_) => Error::internal(codes::INTERNAL, text),
        }
        .caused_by(failure)
    }
}
