//! The use cases of venues: read, decide, commit.

use std::sync::Arc;

use base::{Clock, Currency, Error, Random, Result, Time, Trail as _, Uid, codes};
use domain::organisations::{Restaurant, RestaurantId};
use domain::venues::{self as nouns, About, Held, PartSaid, Said, Venue};
use engine::{Due, Handled, Stop, Timer, TimerHandler};
use fabric::Bus;
use futures_util::future::BoxFuture;
use rpc::{KnowsVenues, Restaurants, Venues};
use serde::Serialize;
use serde::de::DeserializeOwned;
use slice::Ask;
use store::{Commit, Db, Failure};

use super::memory::Memory;
use super::store as rows;
use super::view::StandingView;

/// How often something is decided anew because somebody else was faster.
const TRIES: usize = 16;
/// The timer that ends what was said for a while.
const OPEN: &str = "venue.open";
/// Who opens a restaurant when its time has come.
const ITSELF: &str = "platform";

/// The use cases of venues. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    random: Random,
    restaurants: Restaurants,
    bus: Bus,
    memory: Memory,
}

/// A restaurant, and how it serves.
pub(super) struct Scene {
    pub(super) restaurant: Arc<Restaurant>,
    pub(super) venue: Arc<Venue>,
    pub(super) now: Time,
}

impl Scene {
    /// What the restaurant's amounts are in.
    pub(super) fn currency(&self) -> Currency {
        self.restaurant.details.currency
    }
}

impl App {
    /// The slice over these parts.
    #[must_use]
    pub fn new(parts: &crate::Parts) -> Self {
        App(Arc::new(Inner {
            db: parts.db.clone(),
            clock: parts.clock.clone(),
            random: parts.random.clone(),
            restaurants: parts.restaurants.clone(),
            bus: parts.bus.clone(),
            memory: Memory::new(&parts.clock, &parts.trust),
        }))
    }

    /// Who knows how restaurants serve, for other slices to ask.
    #[must_use]
    pub fn venues(&self) -> Venues {
        Venues::new(Arc::new(self.clone()))
    }

    /// Forgets what other nodes have changed, until the stop.
    ///
    /// # Errors
    /// The bus is gone.
    pub async fn follow(self, stop: Stop) -> Result<()> {
        self.0.memory.follow(&self.0.bus, &stop).await
    }

    /// What is done when its time has come.
    #[must_use]
    pub fn timers(&self) -> Vec<TimerHandler> {
        let app = self.clone();
        vec![TimerHandler::new(OPEN, move |due| {
            let app = app.clone();
            async move { app.end(&due).await }
        })]
    }

    /// A restaurant and how it serves now, as it is remembered.
    pub(super) async fn scene(&self, id: RestaurantId) -> Result<Scene> {
        let restaurant = self.0.restaurants.find(id).await.at()?;
        let load = async || rows::find(&self.0.db, id).await.at();
        Ok(Scene {
            restaurant: restaurant.ok_or_else(missing)?,
            venue: self.0.memory.venue(id, load).await?,
            now: self.0.clock.now(),
        })
    }

    /// Says anew what a part is, by somebody who has seen it at a version. What is to be said may depend on how it
    /// stands.
    pub(super) async fn change<T: Serialize + DeserializeOwned>(
        &self,
        ask: &Ask,
        place: (RestaurantId, &'static str),
        (request, seen): (&impl Serialize, i64),
        say: impl Fn(&Scene) -> Result<PartSaid>,
        show: impl Fn(&Scene) -> Result<T>,
    ) -> Result<T> {
        let decide = |scene: &Scene| Ok(scene.venue.change(say(scene)?, seen)?);
        self.settle(ask, place, request, decide, show).await
    }

    /// Says that a restaurant takes no orders for now, or that everything takes longer.
    pub(super) async fn hold(
        &self,
        ask: &Ask,
        place: (RestaurantId, &'static str),
        (request, hold): (&impl Serialize, impl Fn(Time) -> Result<Held>),
    ) -> Result<StandingView> {
        let decide = |scene: &Scene| Ok(scene.venue.hold(hold(scene.now)?, scene.now)?);
        let show = |scene: &Scene| Ok(StandingView::from(scene));
        self.settle(ask, place, request, decide, show).await
    }

    /// Takes back what was said for now.
    pub(super) async fn open(
        &self,
        ask: &Ask,
        place: (RestaurantId, &'static str),
        about: &About,
    ) -> Result<StandingView> {
        let decide = |scene: &Scene| Ok(scene.venue.open(about.clone(), scene.now));
        let show = |scene: &Scene| Ok(StandingView::from(scene));
        self.settle(ask, place, about, decide, show).await
    }

    /// Reads, decides and commits, again when somebody else was faster: what he changed may be another part.
    async fn settle<T: Serialize + DeserializeOwned>(
        &self,
        ask: &Ask,
        (id, operation): (RestaurantId, &'static str),
        request: &impl Serialize,
        decide: impl Fn(&Scene) -> Result<Option<Said>>,
        show: impl Fn(&Scene) -> Result<T>,
    ) -> Result<T> {
        let (db, number) = (&self.0.db, id.organisation());
        let restaurant = self.0.restaurants.find(id).await.at()?;
        let restaurant = restaurant.ok_or_else(missing)?;
        let (mut tries, request) = (1, (id, request));
        let settled = loop {
            let settled = ask.settle(db, (number, operation), &request, async || {
                let mut scene = Scene {
                    restaurant: Arc::clone(&restaurant),
                    venue: Arc::new(rows::find(db, id).await.at()?),
                    now: self.0.clock.now(),
                };
                let mut commit = db.new_commit(number);
                if let Some(said) = decide(&scene)? {
                    let next = self.say(ask, &mut commit, (id, &scene.venue), &said)?;
                    scene.venue = Arc::new(next);
                }
                let shown = show(&scene)?;
                Ok((commit, shown))
            });
            match settled.await {
                Err(error) if tries < TRIES && is_lost_race(&error) => tries += 1,
                settled => break settled,
            }
        };
        self.0.memory.forget(id).await;
        settled
    }

    /// Adds to a commit what an event makes of a venue.
    fn say(
        &self,
        ask: &Ask,
        commit: &mut Commit,
        (id, venue): (RestaurantId, &Venue),
        said: &Said,
    ) -> Result<Venue> {
        let next = venue.after(said)?;
        rows::write(commit, id, (venue, &next)).at()?;
        let place = (nouns::stream(id), next.version);
        let event = ask.event(commit, place, said.kind(), &said.told(id))?;
        commit.event(event);
        if let Said::Held(held, _) = said {
            let timer = Timer {
                id: Uid::make(&self.0.clock, &self.0.random, id.organisation()),
                kind: OPEN,
                payload: serde_json::json!({ "restaurant": id }).to_string(),
                due_at: held.until,
            };
            timer.set(commit);
        }
        Ok(next)
    }

    /// Ends what is over, so that everybody hears of it. Nothing is left to do where somebody opened by hand.
    async fn end(&self, due: &Due) -> Result<Handled> {
        #[derive(serde::Deserialize)]
        struct Of {
            restaurant: RestaurantId,
        }
        let of: Of = serde_json::from_str(&due.payload).map_err(|error| {
            Error::internal(codes::DAMAGED, "a timer that does not read").caused_by(error)
        })?;
        let id = of.restaurant;
        let venue = rows::find(&self.0.db, id).await.at()?;
        // Whichever node takes it: its clock may be behind the one that found it due.
        let now = self.0.clock.now().max(due.due_at);
        let Some(said) = venue.end(now) else {
            return Ok(Handled::Done);
        };
        let ask = Ask {
            actor: ITSELF.to_owned(),
            trace: String::new(),
            key: None,
        };
        let mut commit = self.0.db.new_commit(id.organisation());
        self.say(&ask, &mut commit, (id, &venue), &said)?;
        Ok(commit.into())
    }
}

impl KnowsVenues for App {
    fn find<'a>(&'a self, id: RestaurantId) -> BoxFuture<'a, Result<Option<Arc<Venue>>>> {
        Box::pin(async move {
            if self.0.restaurants.find(id).await.at()?.is_none() {
                return Ok(None);
            }
            let load = async || rows::find(&self.0.db, id).await.at();
            self.0.memory.venue(id, load).await.map(Some)
        })
    }

    fn fresh<'a>(&'a self, id: RestaurantId) -> BoxFuture<'a, Result<Option<Arc<Venue>>>> {
        Box::pin(async move {
            match self.0.restaurants.fresh(id).await.at()? {
                None => Ok(None),
                Some(_) => Ok(Some(Arc::new(rows::find(&self.0.db, id).await.at()?))),
            }
        })
    }
}

#[track_caller]
fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such thing")
}

/// Whether somebody else changed the venue between reading and committing.
fn is_lost_race(error: &Error) -> bool {
    let failure = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    matches!(failure, Some(Failure::Refused { name, .. }) if *name == rows::VENUES.name
        || name.starts_with("venues."))
}
