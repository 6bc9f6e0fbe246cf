//! What search stands on, and what it answers from memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use base::{Clock, Error, Organisation, Random, Result, Time, codes};
use domain::organisations::RestaurantId;
use engine::Tasks;
use rpc::{Menus, Restaurants, Venues};
use slice::{Cursors, Turn};
use store::Db;
use tokio::sync::{Mutex, Notify};

use super::card::Card;
use super::find::{Filter, Hit, Listed, Place, Sort};
use super::index::{Index, Size};

/// What search stands on.
#[derive(Clone)]
pub struct Parts {
    /// All databases of the region.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// The randomness.
    pub random: Random,
    /// Signs cursors.
    pub cursors: Cursors,
    /// Who knows restaurants.
    pub restaurants: Restaurants,
    /// Who knows how they serve.
    pub venues: Venues,
    /// Who knows what they sell.
    pub menus: Menus,
}

/// The use cases of search, and all that this node knows of restaurants. Cheap to clone.
#[derive(Clone)]
pub struct App(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) parts: Parts,
    /// Who this node is, where one of several publishes.
    pub(super) node: String,
    pub(super) index: RwLock<Index>,
    /// For each shard, the last change of restaurants and of organisations that was seen.
    pub(super) seen: Mutex<HashMap<String, (i64, i64)>>,
    /// Whether everything was read once.
    pub(super) is_read: AtomicBool,
    /// Something is to be published; something was.
    pub(super) wanted: Notify,
    pub(super) published: Notify,
}

/// Begins what works on its own: learning what is published, and publishing what is stale.
pub fn start(app: &App, tasks: &Tasks) {
    let follower = app.clone();
    tasks.spawn("search", move |stop| follower.clone().follow(stop));
    let publisher = app.clone();
    tasks.spawn("publishing", move |stop| publisher.clone().publish(stop));
}

impl App {
    /// The use cases over these parts. It knows no restaurant before the first look.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        App(Arc::new(Inner {
            node: format!("search-{:016x}", parts.random.u64()),
            parts,
            index: RwLock::default(),
            seen: Mutex::default(),
            is_read: AtomicBool::new(false),
            wanted: Notify::new(),
            published: Notify::new(),
        }))
    }

    /// How much is known here.
    #[must_use]
    pub fn size(&self) -> Size {
        self.known().size()
    }

    /// A page of restaurants.
    pub(super) fn list(
        &self,
        filter: &Filter,
        (sort, scope): (Sort, &str),
        turn: &Turn,
    ) -> Result<(Vec<Listed>, Option<String>)> {
        let cursors = &self.0.parts.cursors;
        let after: Option<Place> = match &turn.cursor {
            Some(cursor) => Some(cursors.open(scope, cursor)?),
            None => None,
        };
        let index = self.ready()?;
        let (listed, next) = index.list(filter, sort, (after.as_ref(), turn.limit.get()));
        Ok((listed, next.map(|place| cursors.seal(scope, &place))))
    }

    /// Restaurants that fit words.
    pub(super) fn search(&self, text: &str, filter: &Filter, limit: usize) -> Result<Vec<Hit>> {
        Ok(self.ready()?.search(text, filter, limit))
    }

    /// A restaurant that everybody may see; on the host of an organisation, one of its own.
    pub(super) fn card(&self, id: RestaurantId, site: Option<Organisation>) -> Result<Arc<Card>> {
        let is_here = site.is_none_or(|site| id.organisation() == site);
        let card = self.ready()?.card(id).filter(|_| is_here);
        card.ok_or_else(|| Error::missing(codes::NOT_FOUND, "there is no such restaurant"))
    }

    /// Before everything was read once, nobody is told that there is nothing.
    fn ready(&self) -> Result<RwLockReadGuard<'_, Index>> {
        match self.0.is_read.load(Ordering::Acquire) {
            true => Ok(self.known()),
            false => Err(Error::unavailable(
                codes::UNAVAILABLE,
                "the restaurants are being read",
            )),
        }
    }

    /// The time.
    pub(super) fn now(&self) -> Time {
        self.0.parts.clock.now()
    }

    pub(super) fn known(&self) -> RwLockReadGuard<'_, Index> {
        self.0.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn changing(&self) -> RwLockWriteGuard<'_, Index> {
        self.0.index.write().unwrap_or_else(PoisonError::into_inner)
    }
}
