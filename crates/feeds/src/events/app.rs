//! Reading the feed: what may be seen, from where on, and waiting for more.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Error, Organisation, Result, Trail as _, Uid, codes};
use domain::organisations::{BrandId, OrganisationId, RestaurantId};
use edge::Places;
use engine::Stop;
use fabric::Bus;
use rpc::Restaurants;
use serde::Serialize;
use slice::Cursors;
use store::Db;
use utoipa::ToSchema;

use super::news::{Heard, News};
use crate::kinds::{self, TypedStream};
use crate::shown::{About, EventView, shown};

/// How many events of the log are read at once.
const PAGE: i64 = 200;
/// How many are looked through for one answer; whoever asks for rare kinds gets an empty part, and where to go on.
const LOOKED_THROUGH_MAX: i64 = 2_000;
/// What is kept of the deadline for the answer itself.
const FOR_THE_ANSWER: Duration = Duration::from_millis(500);
/// The cursor of whoever wants what happens from now on.
const NOW: &str = "now";
const CURSOR_BYTES: usize = 16;

/// A part of the feed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventsView {
    /// What happened, the oldest first.
    pub(crate) events: Vec<EventView>,
    /// Where to go on: it is there even if nothing happened.
    #[schema(max_length = 1024)]
    pub(crate) next: String,
    /// Whether more may be there already.
    pub(crate) more: bool,
}

/// What somebody wants to read.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) organisation: OrganisationId,
    /// What the permission reaches.
    pub(super) places: Places,
    pub(super) after: Option<String>,
    /// A kind or a family that is public.
    pub(super) kind: Option<String>,
    pub(super) restaurant: Option<RestaurantId>,
    /// What happened to this alone.
    pub(super) stream: Option<TypedStream>,
    pub(super) limit: usize,
    pub(super) wait: Duration,
}

/// The feed. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    cursors: Cursors,
    restaurants: Restaurants,
    bus: Bus,
    news: News,
}

/// What is let through.
struct Sieve {
    kind: Option<String>,
    restaurant: Option<RestaurantId>,
    stream: Option<TypedStream>,
    /// The ids of all places that may be seen; nothing for all of them and the organisation itself.
    places: Option<BTreeSet<Uid>>,
}

/// A part of the log that was looked through.
struct Sifted {
    events: Vec<EventView>,
    reached: i64,
    more: bool,
}

impl App {
    pub(crate) fn new(parts: &crate::Parts) -> Self {
        App(Arc::new(Inner {
            db: parts.db.clone(),
            clock: parts.clock.clone(),
            cursors: parts.cursors.clone(),
            restaurants: parts.restaurants.clone(),
            bus: parts.bus.clone(),
            news: News::default(),
        }))
    }

    /// Wakes those who wait, until the stop.
    pub(crate) async fn follow(self, stop: Stop) -> Result<()> {
        self.0.news.follow(&self.0.bus, &stop).await
    }

    /// How many wait for news on this node.
    pub(crate) fn waiting(&self) -> usize {
        self.0.news.waiting()
    }

    /// Reads on, and waits if nothing is there and the caller has time.
    pub(super) async fn read(&self, wanted: Wanted, left: Duration) -> Result<EventsView> {
        let number = wanted.organisation.organisation();
        let mut reached = self.start(&wanted).await?;
        let sieve = self.sieve(&wanted).await?;
        let mut sifted = self.sift(number, reached, (&sieve, wanted.limit)).await?;
        reached = sifted.reached;
        let wait = wanted.wait.min(left.saturating_sub(FOR_THE_ANSWER));
        let ends = self.0.clock.elapsed().saturating_add(wait);
        let seat = (!wait.is_zero() && sifted.events.is_empty() && !sifted.more)
            .then(|| self.0.news.seat(number))
            .flatten();
        if let Some(seat) = seat {
            loop {
                let left = ends.saturating_sub(self.0.clock.elapsed());
                if left.is_zero() {
                    break;
                }
                let look = async {
                    let found = self.sift(number, reached, (&sieve, wanted.limit)).await?;
                    let news = found.reached > reached;
                    Ok::<_, Error>(news.then_some(found))
                };
                match seat.wait(left, look).await? {
                    Heard::Enough => break,
                    Heard::Perhaps => {}
                    Heard::Found(found) => {
                        // What was looked through and not wanted need not be looked through again.
                        (reached, sifted) = (found.reached, found);
                        if !sifted.events.is_empty() || sifted.more {
                            break;
                        }
                    }
                }
            }
        }
        Ok(EventsView {
            next: self.cursor(wanted.organisation, sifted.reached)?,
            more: sifted.more,
            events: sifted.events,
        })
    }

    /// The position after which the caller reads.
    async fn start(&self, wanted: &Wanted) -> Result<i64> {
        let (database, placement) = self.0.db.home(wanted.organisation.organisation())?;
        match wanted.after.as_deref() {
            None => Ok(0),
            Some(NOW) => Ok(database.log_head(&self.0.db.deadline()).await.at()?),
            Some(cursor) => {
                let bytes: [u8; CURSOR_BYTES] =
                    self.0.cursors.open(&scope(wanted.organisation), cursor)?;
                let [epoch, position] = numbers(bytes);
                if epoch != placement.epoch {
                    return Err(Error::invalid(
                        codes::CURSOR_REFUSED,
                        "the organisation has moved since; read from the beginning",
                    ));
                }
                Ok(position)
            }
        }
    }

    fn cursor(&self, organisation: OrganisationId, position: i64) -> Result<String> {
        let (_, placement) = self.0.db.home(organisation.organisation())?;
        let bytes = [placement.epoch.to_be_bytes(), position.to_be_bytes()].concat();
        Ok(self.0.cursors.seal(&scope(organisation), &bytes))
    }

    async fn sieve(&self, wanted: &Wanted) -> Result<Sieve> {
        let restaurant = wanted.restaurant;
        let own = |id: &RestaurantId| id.organisation() == wanted.organisation.organisation();
        if restaurant.is_some_and(|id| !own(&id)) {
            return Err(missing());
        }
        let places = match &wanted.places {
            Places::All => None,
            Places::Only(places) => {
                let mut all: BTreeSet<Uid> = places.iter().copied().collect();
                for place in places.iter() {
                    let brand = BrandId::from(*place);
                    let of_brand = self.0.restaurants.of_brand(brand).await?;
                    all.extend(of_brand.iter().map(|id| id.uid()));
                }
                Some(all)
            }
        };
        let reached = |id: RestaurantId| places.as_ref().is_none_or(|all| all.contains(&id.uid()));
        if restaurant.is_some_and(|id| !reached(id)) {
            return Err(missing());
        }
        Ok(Sieve {
            kind: wanted.kind.clone(),
            restaurant,
            stream: wanted.stream,
            places,
        })
    }

    async fn sift(
        &self,
        number: Organisation,
        after: i64,
        (sieve, limit): (&Sieve, usize),
    ) -> Result<Sifted> {
        let mut sifted = Sifted {
            events: Vec::new(),
            reached: after,
            more: true,
        };
        let mut looked: i64 = 0;
        while looked < LOOKED_THROUGH_MAX {
            let deadline = self.0.db.deadline();
            let page = (sifted.reached, PAGE);
            let page = match &sieve.stream {
                None => self.0.db.log_of(number, page, &deadline).await,
                Some(stream) => {
                    let of = (number, stream.uid());
                    self.0.db.log_of_stream(of, page, &deadline).await
                }
            };
            let page = page.at()?;
            let is_last = i64::try_from(page.len()).is_ok_and(|length| length < PAGE);
            for event in &page {
                if sifted.events.len() >= limit {
                    return Ok(sifted);
                }
                sifted.reached = event.position;
                let seen = shown(event).filter(|(view, about)| sieve.lets(view, *about));
                sifted.events.extend(seen.map(|(view, _)| view));
            }
            if is_last {
                sifted.more = false;
                return Ok(sifted);
            }
            looked = looked.saturating_add(PAGE);
        }
        Ok(sifted)
    }
}

impl Sieve {
    fn lets(&self, view: &EventView, about: About) -> bool {
        let asked = self.kind.as_deref();
        let is_asked = asked.is_none_or(|asked| kinds::is_of(asked, view.kind));
        // An id of another kind of thing names nothing.
        let is_named = |stream: &TypedStream| stream.to_string() == view.stream;
        let is_it = self.stream.as_ref().is_none_or(is_named);
        let is_there = self.restaurant.is_none() || self.restaurant == view.restaurant;
        let may = match (&self.places, about.place()) {
            (None, _) => true,
            (Some(places), Some(place)) => places.contains(&place),
            (Some(_), None) => false,
        };
        is_asked && is_it && is_there && may
    }
}

fn scope(organisation: OrganisationId) -> String {
    format!("events of {organisation}")
}

fn numbers(bytes: [u8; CURSOR_BYTES]) -> [i64; 2] {
    let value = u128::from_be_bytes(bytes);
    let [low, high] = [value, value >> 64].map(|half| {
        // The upper bits are cut off on purpose: each half is one number.
        i64::from_be_bytes(
            u64::try_from(half & u128::from(u64::MAX))
                .unwrap_or(0)
                .to_be_bytes(),
        )
    });
    [high, low]
}

#[track_caller]
fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such restaurant")
}
