//! Publishing: events say which restaurants are stale, and a worker reads them anew and writes their cards.
//!
//! Many events of one restaurant are one reading. Of all nodes one works at a time, under a lease that only saves work:
//! what two publish at once is right all the same.

use std::sync::Arc;
use std::time::Duration;

use base::{Result, Trail as _, Uid};
use domain::organisations::{BrandId, Restaurant, RestaurantId, State};
use engine::{Consumer, Handled, Stop};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use serde::Deserialize;
use store::{Call, Database, Logged, Row, Scope, Value};

use super::app::App;
use super::card::{Card, MenuWords};
use super::store::{
    COUNT_STALE, FORM, NEXT, PUBLISH, STALE, TURN, WANT, WANT_ALL, WANT_BRAND, WANT_OLD,
};

/// How often it is looked whether another node has heard of something.
const LOOK: Duration = Duration::from_millis(500);
/// How many restaurants are read at once, and how many of them side by side.
const AT_ONCE: i64 = 64;
const SIDE_BY_SIDE: usize = 8;
/// For how long one node publishes before another may.
const LEASE: Duration = Duration::from_secs(20);
const LEASE_NAME: &str = "search";

/// What events about menus say of whose menu it is.
#[derive(Deserialize)]
struct About {
    restaurant: Option<RestaurantId>,
    place: Option<String>,
}

/// A restaurant that is to be published.
struct Stale {
    restaurant: RestaurantId,
    wanted: i64,
}

/// Hears of everything that changes what is published.
///
/// # Errors
/// A pattern is none, which a test would have found.
pub fn consumer(app: &App) -> Result<Consumer> {
    let app = app.clone();
    let kinds = [
        "restaurant.*",
        "venue.*",
        "menu.published",
        "menu.location_changed",
        "organisation.suspended",
        "organisation.resumed",
    ];
    Consumer::new("search", &kinds, move |event| {
        let app = app.clone();
        async move { app.hear(&event).await.map(|()| Handled::Done) }
    })
    .map(Consumer::waiting)
}

impl App {
    /// Writes down what an event makes stale. To do so twice does no harm.
    async fn hear(&self, event: &Arc<Logged>) -> Result<()> {
        let (db, number) = (&self.0.parts.db, event.organisation);
        let turn = |suspended: i64| {
            let params: [Value; 3] = [number.into(), event.position.into(), suspended.into()];
            vec![Call::new(&NEXT, []), Call::new(&TURN, params)]
        };
        let want = |restaurant: Uid| vec![Call::new(&WANT, [restaurant.into(), number.into()])];
        let calls = match event.kind.as_str() {
            "organisation.suspended" => turn(1),
            "organisation.resumed" => turn(0),
            kind if kind.starts_with("restaurant.") => want(event.stream),
            kind if kind.starts_with("venue.") => {
                want(domain::venues::restaurant(event.stream).uid())
            }
            _ => {
                let about: About = serde_json::from_str(&event.payload).map_err(|error| {
                    let said = "an event of a menu does not say whose it is";
                    base::Error::internal(base::codes::INTERNAL, said).caused_by(error)
                })?;
                let place = about.place.unwrap_or_default();
                let own = about.restaurant.or_else(|| place.parse().ok());
                match (own, place.parse::<BrandId>()) {
                    (Some(restaurant), _) => want(restaurant.uid()),
                    (None, Ok(brand)) => vec![Call::new(&WANT_BRAND, [brand.uid().into()])],
                    (None, Err(_)) => return Ok(()),
                }
            }
        };
        let (database, _) = db.home(number).at()?;
        database.transact(calls, &db.deadline()).await.at()?;
        self.0.wanted.notify_one();
        self.0.published.notify_one();
        Ok(())
    }

    /// Wants everything to be published anew, as an operator may.
    pub(super) async fn want_all(&self) -> Result<i64> {
        let db = &self.0.parts.db;
        for database in db.shards().values() {
            let calls = vec![Call::new(&WANT_ALL, [])];
            database.transact(calls, &db.deadline()).await.at()?;
        }
        self.0.wanted.notify_one();
        self.stale().await
    }

    /// How many restaurants are to be published.
    pub(super) async fn stale(&self) -> Result<i64> {
        let db = &self.0.parts.db;
        let mut all = 0_i64;
        for database in db.shards().values() {
            let calls = vec![Call::new(&COUNT_STALE, [])];
            let rows = database
                .read(Scope::Nobody, calls, &db.deadline())
                .await
                .at()?;
            let count = rows.first().and_then(|rows| rows.first());
            let count: i64 = count.map_or(Ok(0), |row| row.get(0)).at()?;
            all = all.saturating_add(count);
        }
        Ok(all)
    }

    /// Publishes what is stale until the stop.
    ///
    /// # Errors
    /// None: while a database is away, what is published stays as it is.
    pub async fn publish(self, stop: Stop) -> Result<()> {
        let mut has_old = true;
        let mut was_away = false;
        loop {
            let done = async {
                if has_old {
                    self.want_old().await?;
                }
                self.publish_stale().await
            };
            let done = done.await;
            has_old = has_old && done.is_err();
            if let (Err(error), false) = (&done, was_away) {
                tracing::warn!(%error, "restaurants cannot be published for now");
            }
            was_away = done.is_err();
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = self.0.wanted.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    async fn want_old(&self) -> Result<()> {
        let db = &self.0.parts.db;
        for database in db.shards().values() {
            let calls = vec![Call::new(&WANT_OLD, [FORM.into()])];
            database.transact(calls, &db.deadline()).await.at()?;
        }
        Ok(())
    }

    /// Publishes what is stale now, on all shards.
    ///
    /// # Errors
    /// A database is away.
    pub async fn publish_stale(&self) -> Result<()> {
        let (db, clock) = (&self.0.parts.db, &self.0.parts.clock);
        for database in db.shards().values() {
            if self
                .next_stale(database, Uid::from_bytes([0; 16]))
                .await?
                .is_empty()
            {
                continue;
            }
            let (node, deadline) = (&self.0.node, db.deadline());
            let lease = database.take_lease(clock, LEASE_NAME, node, LEASE, &deadline);
            let Some(mut lease) = lease.await.at()? else {
                continue;
            };
            let mut after = Uid::from_bytes([0; 16]);
            loop {
                let stale = self.next_stale(database, after).await?;
                let Some(last) = stale.last() else { break };
                after = last.restaurant.uid();
                self.publish_these(database, &stale).await?;
                self.0.published.notify_one();
                let deadline = db.deadline();
                let kept = database.renew_lease(clock, &mut lease, LEASE, &deadline);
                if !kept.await.at()? {
                    break;
                }
            }
            database.release_lease(&lease, &db.deadline()).await.at()?;
        }
        Ok(())
    }

    async fn next_stale(&self, database: &Database, after: Uid) -> Result<Vec<Stale>> {
        let deadline = self.0.parts.db.deadline();
        let calls = vec![Call::new(&STALE, [after.into(), AT_ONCE.into()])];
        let rows = database.read(Scope::Nobody, calls, &deadline).await.at()?;
        let stale = |row: &Row| {
            Ok(Stale {
                restaurant: row.get::<Uid>(0)?.into(),
                wanted: row.get(1)?,
            })
        };
        let all: store::Outcome<_> = rows.iter().flatten().map(stale).collect();
        all.at()
    }

    async fn publish_these(&self, database: &Database, stale: &[Stale]) -> Result<()> {
        let read = stale
            .iter()
            .map(|stale| self.read_if_possible(stale).boxed());
        let read = stream::iter(read.collect::<Vec<_>>()).buffer_unordered(SIDE_BY_SIDE);
        let calls: Vec<Option<[Call; 2]>> = read.collect().await;
        // What cannot be read holds nobody else up; the next round begins with it again.
        let deadline = self.0.parts.db.deadline();
        let calls: Vec<Call> = calls.into_iter().flatten().flatten().collect();
        if !calls.is_empty() {
            database.transact(calls, &deadline).await.at()?;
        }
        Ok(())
    }

    async fn read_if_possible(&self, stale: &Stale) -> Option<[Call; 2]> {
        let read = self.read(stale).await;
        if let Err(error) = &read {
            let restaurant = stale.restaurant;
            tracing::warn!(%error, %restaurant, "a restaurant cannot be read; it is tried again");
        }
        read.ok()
    }

    /// Reads a restaurant past all memories, and says what is to be written of it.
    async fn read(&self, stale: &Stale) -> Result<[Call; 2]> {
        let parts = &self.0.parts;
        let id = stale.restaurant;
        let found = parts.restaurants.fresh(id).await?;
        let found = found.filter(|found| found.state == State::Active);
        let (mut brand, mut card, mut words) = (None, None, None);
        if let Some(found) = &found {
            let (written, said) = self.written(found).await?;
            brand = found.details.brand.map(|brand| brand.uid());
            (card, words) = (Some(written), Some(said));
        }
        let params: [Value; 6] = [
            id.uid().into(),
            stale.wanted.into(),
            brand.into(),
            FORM.into(),
            card.into(),
            words.into(),
        ];
        Ok([Call::new(&NEXT, []), Call::new(&PUBLISH, params)])
    }

    async fn written(&self, found: &Restaurant) -> Result<(String, String)> {
        let parts = &self.0.parts;
        let venue = parts.venues.fresh(found.id).await?.unwrap_or_default();
        let sold = parts.menus.words(found.id).await?;
        let words = sold.as_ref().map(|sold| {
            let items = sold.items.iter().map(|(id, words)| (*id, words));
            MenuWords::of(&sold.categories, items)
        });
        let card = Card::of(found, &venue, sold.as_ref().map(|sold| sold.revision));
        let unwritten = |error| {
            let said = "a card cannot be written";
            base::Error::internal(base::codes::INTERNAL, said).caused_by(error)
        };
        let words = words.unwrap_or_default().to_json().map_err(unwritten)?;
        Ok((card.to_json().map_err(unwritten)?, words))
    }
}
