//! What can be read of the ledger. Sums are made here and not in SQL, from rows that were tested, and never overflow.

use base::{Error, Organisation, Page, Result, Time, Trail as _, Uid, codes};
use domain::organisations::OrganisationId;
use slice::{Cursors, Turn};
use store::{Db, Row};
use trade::ledger::{Sums, Transaction};
use trade::orders::OrderId;

use super::store as rows;

/// How many transactions of one order are read; what makes them is bounded far below.
const OF_ORDER_MAX: i64 = 10_000;
/// How many transactions are read at once while they are summed up.
const STEP: i64 = 2_000;
/// How many transactions one balance may take.
pub(crate) const SUMMED_MAX: usize = 300_000;

/// The use cases of the ledger. Cheap to clone.
#[derive(Clone)]
pub struct App {
    db: Db,
    cursors: Cursors,
}

/// A transaction as it was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// When.
    pub at: Time,
    /// What.
    pub transaction: Transaction,
}

/// From a moment on and before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first moment.
    pub from: Time,
    /// The moment before which it ends.
    pub until: Time,
}

/// What stands on the accounts by what was posted in a period.
pub(crate) struct Balance {
    pub(crate) sums: Sums,
    pub(crate) transactions: usize,
}

/// Behind which transaction a part of the list begins.
type Place = (Time, Uid);

impl Period {
    /// All that there is.
    pub const ALL: Self = Period {
        from: Time::EPOCH,
        until: Time::from_micros(i64::MAX),
    };
}

impl App {
    /// The use cases over these parts.
    #[must_use]
    pub fn new(parts: &crate::Parts) -> Self {
        App {
            db: parts.db.clone(),
            cursors: parts.cursors.clone(),
        }
    }

    /// All that was posted for an order, the oldest first.
    ///
    /// # Errors
    /// The database is away, or a row is damaged.
    pub async fn of_order(&self, order: OrderId) -> Result<Vec<Posted>> {
        let params = [order.uid().into(), OF_ORDER_MAX.into()];
        let number = order.organisation();
        let found = self.db.rows(number, &rows::OF_ORDER, params).await.at()?;
        self.read(number, &found).await
    }

    /// The sums of all accounts of an organisation, whatever was ever posted.
    ///
    /// # Errors
    /// The database is away, a row is damaged, or there is more than can be summed up at once.
    pub async fn trial_balance(&self, organisation: Organisation) -> Result<Sums> {
        let balance = self.balance(organisation, Period::ALL, usize::MAX).await?;
        Ok(balance.sums)
    }

    /// A part of the transactions of a period, the oldest first.
    pub(crate) async fn list(
        &self,
        organisation: OrganisationId,
        period: Period,
        turn: &Turn,
    ) -> Result<Page<Posted>> {
        let (from, until) = (period.from.as_micros(), period.until.as_micros());
        let scope = format!("ledger of {organisation} from {from} until {until}");
        let after = match &turn.cursor {
            Some(cursor) => self.cursors.open_at(&scope, cursor)?,
            None => beginning(period),
        };
        let limit = turn.limit.get();
        let more = i64::from(turn.limit).saturating_add(1);
        let number = organisation.organisation();
        let mut items = self.part(number, (after, period.until), more).await?;
        let is_more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| is_more);
        let place = |last: &Posted| (last.at, last.transaction.id().uid());
        let next = last.map(|last| self.cursors.seal_at(&scope, place(last)));
        Ok(Page { items, next })
    }

    /// The sums of the accounts over a period, of at most so many transactions.
    pub(crate) async fn balance(
        &self,
        organisation: Organisation,
        period: Period,
        most: usize,
    ) -> Result<Balance> {
        let mut balance = Balance {
            sums: Sums::default(),
            transactions: 0,
        };
        let mut after = beginning(period);
        loop {
            let part = self.part(organisation, (after, period.until), STEP).await?;
            for posted in &part {
                let added = balance.sums.add(&posted.transaction);
                added.map_err(|error| overflow().caused_by(error))?;
            }
            balance.transactions = balance.transactions.saturating_add(part.len());
            if balance.transactions > most {
                return Err(too_long());
            }
            match part.last() {
                Some(last) if i64::try_from(part.len()).is_ok_and(|read| read >= STEP) => {
                    after = (last.at, last.transaction.id().uid());
                }
                _ => return Ok(balance),
            }
        }
    }

    async fn part(
        &self,
        organisation: Organisation,
        ((at, id), until): (Place, Time),
        most: i64,
    ) -> Result<Vec<Posted>> {
        let params = [at.into(), id.into(), until.into(), most.into()];
        let found = self.db.rows(organisation, &rows::LIST, params).await.at()?;
        self.read(organisation, &found).await
    }

    /// Reads the postings of these transactions, which were there before them in the same commit.
    async fn read(&self, organisation: Organisation, found: &[Row]) -> Result<Vec<Posted>> {
        let ids: Vec<Uid> = found
            .iter()
            .map(|row| row.get(0))
            .collect::<Result<_, _>>()?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let postings = self
            .db
            .rows(organisation, &rows::OF_SOME, [ids.into()])
            .await
            .at()?;
        Ok(rows::read(organisation, found, &postings)?)
    }
}

/// Before the first transaction of a period.
const fn beginning(period: Period) -> Place {
    let before = period.from.as_micros().saturating_sub(1);
    (Time::from_micros(before), Uid::from_bytes([u8::MAX; 16]))
}

#[track_caller]
fn too_long() -> Error {
    Error::invalid(
        codes::FIELD_INVALID,
        "there is more in this period than one balance can take",
    )
    .field(
        "from",
        codes::FIELD_INVALID,
        "ask for a shorter period, and add the balances up",
    )
}

#[track_caller]
fn overflow() -> Error {
    Error::invalid(
        codes::MONEY_OVERFLOW,
        "the sum of an account does not fit; ask for a shorter period",
    )
}
