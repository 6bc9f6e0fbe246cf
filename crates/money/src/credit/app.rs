//! Reading credit: what somebody has, and how it came about.

use std::sync::Arc;

use base::{Clock, Currency, Money, Organisation, Random, Result, Trail as _};
use domain::people::PersonId;
use engine::{Consumer, Handled};
use futures_util::future::BoxFuture;
use rpc::Keeps;
use serde_json::{Value as Json, json};
use store::{Call, Commit, Db, Logged, Outcome, Row, Value};

use super::part::What;
use super::store::{Entry, FORGET, LAST, NOTE, Noted, READ, TENANTS, read};

/// How many entries are shown of one organisation.
const SHOWN: i64 = 50;
/// How many entries of one organisation an export has.
const EXPORTED: i64 = 10_000;
/// With how many organisations somebody's credit is looked for.
const TENANTS_MAX: i64 = 200;

/// The use cases of credit. Cheap to clone.
#[derive(Clone)]
pub struct App {
    db: Db,
    clock: Clock,
    random: Random,
}

/// What somebody has with an organisation.
#[derive(Clone, Debug)]
pub struct Purse {
    /// By currency.
    pub balances: Vec<Money>,
    /// The newest first.
    pub entries: Vec<Noted>,
}

impl App {
    /// The use cases over these parts.
    #[must_use]
    pub fn new(parts: &crate::Parts) -> Self {
        App {
            db: parts.db.clone(),
            clock: parts.clock.clone(),
            random: parts.random.clone(),
        }
    }

    /// What somebody has in a currency.
    pub async fn balance(
        &self,
        (house, person): (Organisation, PersonId),
        currency: Currency,
    ) -> Result<Money> {
        let all = self.balances(house, person).await?;
        let found = all.into_iter().find(|one| one.currency() == currency);
        Ok(found.unwrap_or(Money::zero(currency)))
    }

    /// What somebody has with an organisation, and the last of what made it so.
    pub async fn purse(&self, house: Organisation, person: PersonId) -> Result<Purse> {
        self.purse_of(house, person, SHOWN).await
    }

    /// What somebody has, wherever that is.
    pub async fn purses(&self, person: PersonId) -> Result<Vec<Purse>> {
        self.all(person, SHOWN).await
    }

    async fn all(&self, person: PersonId, most: i64) -> Result<Vec<Purse>> {
        let deadline = self.db.deadline();
        let call = Call::new(&TENANTS, [Value::from(TENANTS_MAX)]);
        let found = self.db.read_person(person.uid(), vec![call], &deadline);
        let found = found.await.at()?;
        let tenants = found.iter().flatten().map(|row| row.get(0));
        let tenants: Vec<Organisation> = tenants.collect::<Outcome<_>>().at()?;
        let mut purses = Vec::with_capacity(tenants.len());
        for house in tenants {
            if self.db.knows(house).await {
                purses.push(self.purse_of(house, person, most).await?);
            }
        }
        Ok(purses)
    }

    async fn purse_of(&self, house: Organisation, person: PersonId, most: i64) -> Result<Purse> {
        let params: [Value; 2] = [person.uid().into(), most.into()];
        let rows = self.db.rows(house, &LAST, params).await.at()?;
        Ok(Purse {
            balances: self.balances(house, person).await?,
            entries: rows.iter().map(read).collect::<Outcome<_>>().at()?,
        })
    }

    async fn balances(&self, house: Organisation, person: PersonId) -> Result<Vec<Money>> {
        let rows = self.db.rows(house, &READ, [person.uid().into()]);
        let rows = rows.await.at()?;
        let balance = |row: &Row| {
            let currency: Currency = row.get::<String>(0)?.parse().map_err(|_| {
                store::Failure::Damaged("the currency of somebody's credit".to_owned())
            })?;
            Ok(Money::new(row.get(1)?, currency))
        };
        rows.iter().map(balance).collect::<Outcome<_>>().at()
    }

    /// Notes where people have credit.
    ///
    /// # Errors
    /// A pattern is none, which a test would have found.
    pub fn consumer(&self) -> Result<Consumer> {
        let app = self.clone();
        let kinds = [What::Given.kind(), What::Refunded.kind()];
        let note = Consumer::new("credit.people", &kinds, move |event| {
            let app = app.clone();
            async move { app.note(&event).await }
        })?;
        Ok(note.waiting().by_stream())
    }

    async fn note(&self, event: &Arc<Logged>) -> Result<Handled> {
        let entry: Entry = serde_json::from_str(&event.payload).map_err(|error| {
            base::Error::internal(base::codes::DAMAGED, "an event that does not read")
                .caused_by(error)
        })?;
        let mut commit = Commit::of_person(&self.clock, &self.random, entry.person.uid());
        commit.change(&NOTE, [event.organisation.into()]);
        self.db.commit(commit, &self.db.deadline()).await.at()?;
        Ok(Handled::Done)
    }
}

/// What is kept of a person's credit. Erasing forgets where it is; the books keep that the organisation owes it, and
/// to an id that says nothing any more.
impl Keeps for App {
    fn name(&self) -> &'static str {
        "credit"
    }

    fn export<'a>(&'a self, person: PersonId) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            let purses = self.all(person, EXPORTED).await?;
            let purses = purses.into_iter().map(|purse| {
                let balances = purse
                    .balances
                    .iter()
                    .map(|one| json!({"currency": one.currency().code(), "balance": one.amount()}));
                let entries = purse.entries.iter().map(|noted| {
                    let (entry, minor) = (&noted.entry, noted.what.signed(noted.entry.minor));
                    json!({
                        "what": noted.what.kind(), "at": noted.at, "order": entry.order,
                        "amount": Money::new(minor, entry.currency).amount(),
                        "currency": entry.currency.code(), "why": entry.why,
                    })
                });
                let [balances, entries]: [Vec<Json>; 2] = [balances.collect(), entries.collect()];
                json!({"balances": balances, "entries": entries})
            });
            Ok(Json::from(purses.collect::<Vec<_>>()).to_string())
        })
    }

    fn may_go<'a>(&'a self, _person: PersonId) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn erase<'a>(&'a self, person: PersonId, _trace: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut commit = Commit::of_person(&self.clock, &self.random, person.uid());
            commit.change(&FORGET, [0_i64.into()]);
            self.db.commit(commit, &self.db.deadline()).await.at()?;
            Ok(())
        })
    }
}
