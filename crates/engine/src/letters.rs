//! Dead letters: the events that a consumer could not handle, to be seen, and handled again when the cause is gone.

use std::sync::Arc;

use base::{Error, Organisation, Result, Time, codes};
use store::{Call, Database, Row, Scope};

use crate::consumer::Reader;
use crate::engine::Engine;
use crate::handle::Trouble;
use crate::part::{LIST_DEAD_LETTERS, REMOVE_DEAD_LETTER};

/// An event that was put aside. What happened is in the log, at its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its place in the log of the database.
    pub position: i64,
    /// Whose event it is.
    pub organisation: Organisation,
    /// What happened.
    pub kind: String,
    /// How the last try failed.
    pub error: String,
    /// How often it was tried.
    pub tries: i64,
    /// When it was tried last.
    pub at: Time,
}

/// What came of handling dead letters again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retried {
    /// So many are handled now.
    pub handled: u64,
    /// So many failed again.
    pub failed: u64,
}

/// Dead letters that are read at once.
const PAGE: i64 = 100;

impl DeadLetter {
    fn read(row: &Row) -> store::Outcome<Self> {
        Ok(DeadLetter {
            position: row.get(0)?,
            organisation: row.get(1)?,
            kind: row.get(2)?,
            error: row.get(3)?,
            tries: row.get(4)?,
            at: row.get(5)?,
        })
    }
}

impl Engine {
    /// What a consumer could not handle on a database, after a position, in the order of the log.
    ///
    /// # Errors
    /// There is no such database, or it is away.
    pub async fn dead_letters(
        &self,
        database: &str,
        consumer: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<DeadLetter>> {
        let database = self.database(database)?;
        Ok(self.letters(database, consumer, after, limit).await?)
    }

    async fn letters(
        &self,
        database: &Database,
        consumer: &str,
        after: i64,
        limit: i64,
    ) -> store::Outcome<Vec<DeadLetter>> {
        let params = [consumer.into(), after.into(), limit.into()];
        let call = Call::new(&LIST_DEAD_LETTERS, params);
        let deadline = self.db().deadline();
        let rows = database.read(Scope::Nobody, vec![call], &deadline).await?;
        rows.iter().flatten().map(DeadLetter::read).collect()
    }

    /// Handles one dead letter again; false when it failed again, and then it stays with the new error.
    ///
    /// # Errors
    /// There is no such database, consumer or letter, or the database is away.
    pub async fn retry(&self, database: &str, consumer: &str, position: i64) -> Result<bool> {
        let reader = self.reader(database, consumer)?;
        let before = position.saturating_sub(1);
        let found = self.letters(&reader.database, consumer, before, 1).await?;
        match found.first() {
            Some(letter) if letter.position == position => again(&reader, letter).await,
            Some(_) | None => Err(Error::missing(
                codes::NOT_FOUND,
                "there is no such dead letter",
            )),
        }
    }

    /// Handles all dead letters of a consumer again, in the order of the log.
    ///
    /// # Errors
    /// There is no such database or consumer, or the database is away; what was handled till then is.
    pub async fn retry_all(&self, database: &str, consumer: &str) -> Result<Retried> {
        let reader = self.reader(database, consumer)?;
        let (mut after, mut retried) = (0, Retried::default());
        loop {
            let page = self
                .letters(&reader.database, consumer, after, PAGE)
                .await?;
            let Some(last) = page.last() else {
                return Ok(retried);
            };
            after = last.position;
            for letter in &page {
                let count = match again(&reader, letter).await? {
                    true => &mut retried.handled,
                    false => &mut retried.failed,
                };
                *count = count.saturating_add(1);
            }
        }
    }
}

async fn again(reader: &Reader, letter: &DeadLetter) -> Result<bool> {
    let deadline = reader.db.deadline();
    let before = letter.position.saturating_sub(1);
    let found = reader.database.log_after(before, 1, &deadline).await?;
    let event = found
        .into_iter()
        .find(|event| event.position == letter.position);
    let event = event.ok_or_else(|| {
        Error::missing(
            codes::NOT_FOUND,
            "the event of a dead letter is in the log no more",
        )
    })?;
    let event = Arc::new(event);
    match reader.attempt(&event).await {
        Ok(()) => {}
        Err(Trouble::Failed(error)) => {
            reader.put_aside(&event, &error, 1).await?;
            return Ok(false);
        }
        Err(Trouble::Away(failure)) => return Err(failure.into()),
    }
    let params = [reader.consumer.name().into(), letter.position.into()];
    let call = Call::new(&REMOVE_DEAD_LETTER, params);
    reader.database.transact(vec![call], &deadline).await?;
    Ok(true)
}
