//! Which offers an order gets: what is known is looked up, and the pure code decides.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::store::{Call, Commit, Row, Value};
use base::{Organisation, Result, Trail as _, Uid};
use trade::offers::{Asked, Found, Known, Offer, Uses, find};

use super::app::App;
use super::store::{self as rows, Sort};
use super::take;

impl App {
    /// What an order gets in an organisation: the best of its promotions, and the coupon that it names. The guards of
    /// [`take::take`] decide in the end how often an offer is used.
    ///
    /// # Errors
    /// The database is away.
    pub async fn find(&self, number: Organisation, asked: &Asked<'_>) -> Result<Found> {
        let count = async || Ok(asked.orders_before.unwrap_or(u64::MAX));
        self.find_counting(number, asked, count).await
    }

    /// The same, where it is only counted how many orders there were before if an offer depends on it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn find_counting(
        &self,
        number: Organisation,
        asked: &Asked<'_>,
        before: impl AsyncFnOnce() -> Result<u64>,
    ) -> Result<Found> {
        let promotions = self.promotions(number).await?;
        let coupon = match asked.coupon {
            None => None,
            Some(code) => {
                let params = [Value::from(code.as_str())];
                let found = self.0.db.rows(number, &rows::READ_BY_CODE, params);
                let found = found.await.at()?;
                found.first().map(rows::read).transpose()?
            }
        };
        let limited = promotions.iter().filter(|offer| offer.terms.is_limited());
        let counted: Vec<Uid> = limited.chain(&coupon).map(|offer| offer.id.uid()).collect();
        let uses = self.uses(number, counted, asked).await?;
        let mut all = promotions.iter().chain(&coupon);
        let orders_before = match all.any(|offer| offer.terms.first_order) {
            true => Some(before().await?),
            false => asked.orders_before,
        };
        let asked = &Asked {
            orders_before,
            ..*asked
        };
        let known = |offer| known(&uses, offer);
        let all: Vec<Known<'_>> = promotions.iter().map(known).collect();
        Ok(find(asked, &all, coupon.as_ref().map(known)))
    }

    /// Adds to a commit that an order gives back what it uses. It adds nothing when the order uses nothing, or has given
    /// it back; when somebody else is faster, the commit is refused and [`take::is_given_back`] tells so.
    ///
    /// # Errors
    /// The database is away.
    pub async fn give_back(&self, commit: &mut Commit, order: Uid) -> Result<()> {
        let number = commit.organisation();
        let params = [Value::from(order)];
        let found = self.0.db.rows(number, &rows::READ_TAKES, params);
        for row in &found.await.at()? {
            take::give_back(commit, order, (row.get(0)?, row.get(1)?));
        }
        Ok(())
    }

    /// How much the items of an order must cost at least for what it uses, where that is counted.
    ///
    /// # Errors
    /// The database is away.
    pub async fn minimum(&self, number: Organisation, order: Uid) -> Result<Option<i64>> {
        let db = &self.0.db;
        let found = db.rows(number, &rows::READ_TAKES, [Value::from(order)]);
        let mut most = None;
        for row in &found.await.at()? {
            let offer: Uid = row.get(0)?;
            let found = db
                .rows(number, &rows::READ, [Value::from(offer)])
                .await
                .at()?;
            for row in &found {
                let minimum = rows::read(row)?.terms.minimum_minor;
                most = most.max(Some(minimum));
            }
        }
        Ok(most)
    }

    /// The promotions of an organisation that have not ended.
    async fn promotions(&self, number: Organisation) -> Result<Arc<[Offer]>> {
        let load = async || {
            let most = Sort::Promotion.most();
            let params: [Value; 2] = [Sort::Promotion.name().into(), most.into()];
            let found = self.0.db.rows(number, &rows::LIST_LIVE, params);
            let found = found.await.at()?;
            Ok(found.iter().map(rows::read).collect::<Result<_, _>>()?)
        };
        self.0.memory.promotions(number, load).await
    }

    /// How often offers were used; nothing is read where none is counted.
    async fn uses(
        &self,
        number: Organisation,
        offers: Vec<Uid>,
        asked: &Asked<'_>,
    ) -> Result<BTreeMap<Uid, Uses>> {
        let mut uses: BTreeMap<Uid, Uses> = BTreeMap::new();
        if offers.is_empty() {
            return Ok(uses);
        }
        let mut calls = vec![Call::new(&rows::READ_COUNTS, [offers.clone().into()])];
        if let Some(person) = asked.person {
            let params: [Value; 2] = [offers.into(), person.uid().into()];
            calls.push(Call::new(&rows::READ_PEOPLE, params));
        }
        let db = &self.0.db;
        let found = db.read(number, calls, &db.deadline()).await.at()?;
        let counts = |at: usize| found.get(at).map(Vec::as_slice).unwrap_or_default();
        for row in counts(0) {
            let (offer, used) = counted(row)?;
            uses.entry(offer).or_default().all = used;
        }
        for row in counts(1) {
            let (offer, used) = counted(row)?;
            uses.entry(offer).or_default().person = used;
        }
        Ok(uses)
    }
}

fn counted(row: &Row) -> Result<(Uid, i64)> {
    Ok((row.get(0)?, row.get(1)?))
}

fn known<'a>(uses: &BTreeMap<Uid, Uses>, offer: &'a Offer) -> Known<'a> {
    let uses = uses.get(&offer.id.uid()).copied().unwrap_or_default();
    Known { offer, uses }
}
