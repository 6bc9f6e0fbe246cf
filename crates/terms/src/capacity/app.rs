//! The use cases of capacity: what an order would take, which slots are free, and what the rules are.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::store::{Call, Commit, Db, Failure, Value};
use base::{Clock, Error, Organisation, Random, Result, Time, Trail as _, Uid, codes};
use carte::{Channel, Service};
use domain::organisations::{Restaurant, RestaurantId, State};
use domain::venues::{self, Venue, open_at};
use engine::Stop;
use fabric::{Bus, Limits};
use rpc::{Restaurants, Venues};
use slice::Ask;
use trade::capacity::{
    Ahead, Goods, Kept, Load, Rules, Serving, Slot, Taken, Told, Why, ahead, make_minutes,
    ready_at, slot_of, stream,
};

use super::fold::CHANGED;
use super::memory::Memory;
use super::store::{self as rows, Held};
use super::take::{self, Need, OfChannel};

/// How many slots are looked at for the next that is free: those of a week.
const SEARCHED: i64 = 7 * 96;
/// How many slots are shown: those of a day.
const SHOWN: i64 = 96;
/// How often something is decided anew because somebody else was faster.
const TRIES: usize = 16;

/// The use cases of capacity. Cheap to clone.
#[derive(Clone)]
pub struct App(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Db,
    pub(super) clock: Clock,
    bus: Bus,
    memory: Memory,
    restaurants: Restaurants,
    venues: Venues,
    pub(super) random: Random,
    pub(super) limits: Limits,
}

/// An order, as far as capacity depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// At which restaurant.
    pub restaurant: RestaurantId,
    /// How it is to reach the diner.
    pub service: Service,
    /// Where it is ordered.
    pub channel: &'a Channel,
    /// When it is ordered.
    pub now: Time,
    /// When it is wanted; as soon as possible when nothing is said.
    pub wanted_at: Option<Time>,
    /// What is to be made.
    pub goods: &'a [Goods],
    /// What the items cost, in minor units.
    pub money_minor: i64,
}

/// What comes of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decided {
    /// No rule speaks of the slot: nothing is taken.
    Free {
        /// When the order is to be ready.
        ready_at: Time,
    },
    /// This is to be taken in the commit of the order.
    Take(Need),
    /// The order cannot be taken for that time.
    Refused {
        /// Why.
        why: Why,
        /// The beginning of the next slot that would take it, if there is one within a week.
        next: Option<Time>,
    },
}

/// A restaurant with all that slots depend on.
pub(super) struct Scene {
    pub(super) restaurant: Arc<Restaurant>,
    pub(super) venue: Arc<Venue>,
    pub(super) kept: Arc<Kept>,
}

/// A slot as it is shown.
pub(super) struct Seen {
    pub(super) slot: Slot,
    pub(super) is_free: bool,
}

impl Scene {
    fn serving<'a>(&'a self, (service, channel): (Service, &'a Channel)) -> Serving<'a> {
        Serving {
            channel,
            rules: &self.kept.rules,
            venue: &self.venue,
            zone: self.restaurant.details.time_zone,
            service,
        }
    }
}

impl App {
    /// The slice over these parts.
    #[must_use]
    pub fn new(parts: &crate::Parts) -> Self {
        App(Arc::new(Inner {
            memory: Memory::new(&parts.clock, &parts.trust),
            db: parts.db.clone(),
            clock: parts.clock.clone(),
            bus: parts.bus.clone(),
            restaurants: parts.restaurants.clone(),
            venues: parts.venues.clone(),
            random: parts.random.clone(),
            limits: parts.limits.clone(),
        }))
    }

    /// Forgets what other nodes have changed, until the stop.
    pub(super) async fn follow(self, stop: Stop) -> Result<()> {
        self.0.memory.follow(&self.0.bus, &stop).await
    }

    /// What an order takes of which slot. The guard of [`take::take`] decides in the end; here it is found out what to
    /// ask for, and whether it is worth it.
    ///
    /// # Errors
    /// There is no such restaurant, or a database is away.
    pub async fn find(&self, asked: &Asked<'_>) -> Result<Decided> {
        Box::pin(self.decide(asked, (None, None))).await
    }

    /// The same for whoever has this already, which is his to use. A slot that is kept for him since then stays his, though
    /// it is too late to ask for it by now, and though it has begun while he thought: what could be asked for then can be now.
    pub(super) async fn decide(
        &self,
        asked: &Asked<'_>,
        (held, kept): (Option<&Held>, Option<(Slot, Time)>),
    ) -> Result<Decided> {
        let scene = self.scene(asked.restaurant).await?;
        let (rules, zone) = (&scene.kept.rules, scene.restaurant.details.time_zone);
        let load = Load {
            orders: 1,
            minutes: make_minutes(rules, asked.goods),
            money_minor: asked.money_minor,
        };
        let ready_at = match asked.wanted_at {
            Some(wanted) => wanted,
            None => ready_at(rules, asked.goods, busy(&scene, asked), asked.now),
        };
        let slot = slot_of(ready_at);
        let kept = kept.filter(|(kept, _)| match asked.wanted_at {
            Some(_) => *kept == slot,
            None => *kept == slot || kept.next() == slot,
        });
        let since = kept.map_or(asked.now, |(_, since)| since);
        let admitted = asked.wanted_at.map(|wanted| rules.admit(since, wanted));
        if let Some(Err(why)) = admitted {
            let first = rules.first(asked.now);
            let next = match why {
                Why::TooSoon => self.next(&scene, (asked, load), first).await?,
                Why::TooFar { .. } | Why::Full => None,
            };
            return Ok(Decided::Refused { why, next });
        }
        let slot = kept.map_or(slot, |(kept, _)| kept);
        let Some(bounds) = rules.bounds(zone, slot, asked.channel) else {
            return Ok(Decided::Free { ready_at });
        };
        let counted = bounds.channel.map(|_| asked.channel);
        let taken = self.taken(asked.restaurant, (slot, slot), counted).await?;
        let mut taken = taken.get(&slot).copied().unwrap_or_default();
        let held = held.filter(|held| held.slot == slot);
        if let Some(held) = held {
            held.leave(&mut taken, asked.channel);
        }
        let is_covered = held.is_some_and(|held| held.covers(bounds, (load, asked.channel)));
        if !is_covered && !bounds.hold(taken, load) {
            let next = self.next(&scene, (asked, load), slot.next()).await?;
            let why = Why::Full;
            return Ok(Decided::Refused { why, next });
        }
        Ok(Decided::Take(Need {
            restaurant: asked.restaurant,
            slot,
            ready_at,
            load: bounds.all.counted(load),
            limits: bounds.all,
            of_channel: bounds.channel.map(|limits| OfChannel {
                channel: asked.channel.clone(),
                load: limits.counted(load),
                limits,
            }),
        }))
    }

    /// Adds to a commit that an order gives back what it took. It adds nothing when the order took nothing, or has given
    /// it back; when somebody else is faster, the commit is refused and [`take::is_given_back`] tells so.
    ///
    /// # Errors
    /// The database is away.
    pub async fn give_back(&self, commit: &mut Commit, order: Uid) -> Result<()> {
        let found = self.0.db.rows(
            commit.organisation(),
            &rows::READ_TAKE,
            [Value::from(order)],
        );
        if let Some(row) = found.await.at()?.first() {
            take::give_back(commit, order, &rows::read_take(row)?);
        }
        Ok(())
    }

    /// A restaurant with all that slots depend on.
    pub(super) async fn scene(&self, id: RestaurantId) -> Result<Scene> {
        let restaurant = self.0.restaurants.find(id).await.at()?;
        let restaurant = restaurant.ok_or_else(missing)?;
        let venue = self.0.venues.find(id).await.at()?.ok_or_else(missing)?;
        let load = async || rows::find(&self.0.db, id).await.at();
        Ok(Scene {
            restaurant,
            venue,
            kept: self.0.memory.rules(id, load).await?,
        })
    }

    /// The slots of the day that begins then, or now, and whether they take a small order.
    pub(super) async fn slots(
        &self,
        id: RestaurantId,
        (way, from): ((Service, &Channel), Option<Time>),
    ) -> Result<Vec<Seen>> {
        let (scene, now) = (self.scene(id).await?, self.0.clock.now());
        if scene.restaurant.state == State::Suspended {
            return Ok(Vec::new());
        }
        let rules = &scene.kept.rules;
        let first = rules.first(now).max(slot_of(from.unwrap_or(now)));
        let last = Slot::of_number(first.number().saturating_add(SHOWN - 1));
        let range = (first, last.min(slot_of(rules.latest(now))));
        let small = Load {
            orders: 1,
            minutes: 1,
            money_minor: 1,
        };
        let all = ahead(&scene.serving(way), range);
        let taken = self.taken_by(id, &all, way.1).await?;
        Ok(all
            .iter()
            .map(|one| Seen {
                slot: one.slot,
                is_free: takes(one, &taken, small),
            })
            .collect())
    }

    /// The beginning of the first slot from this one on that takes an order.
    async fn next(
        &self,
        scene: &Scene,
        (asked, load): (&Asked<'_>, Load),
        from: Slot,
    ) -> Result<Option<Time>> {
        let latest = slot_of(scene.kept.rules.latest(asked.now));
        let last = Slot::of_number(from.number().saturating_add(SEARCHED));
        let way = (asked.service, asked.channel);
        let all = ahead(&scene.serving(way), (from, last.min(latest)));
        let taken = self.taken_by(asked.restaurant, &all, asked.channel).await?;
        let free = all.iter().find(|one| takes(one, &taken, load));
        Ok(free.map(|one| one.slot.begins()))
    }

    /// What slots have taken on; nothing is read where nothing is limited.
    async fn taken_by(
        &self,
        id: RestaurantId,
        all: &[Ahead],
        channel: &Channel,
    ) -> Result<BTreeMap<Slot, Taken>> {
        let mut limited = all.iter().filter(|one| one.bounds.is_some());
        let Some(first) = limited.next() else {
            return Ok(BTreeMap::new());
        };
        let last = limited.next_back().unwrap_or(first);
        let is_counted = |one: &Ahead| one.bounds.is_some_and(|bounds| bounds.channel.is_some());
        let counted = all.iter().any(is_counted).then_some(channel);
        self.taken(id, (first.slot, last.slot), counted).await
    }

    /// What slots have taken on of all channels, and of this one where one is named.
    pub(super) async fn taken(
        &self,
        id: RestaurantId,
        (first, last): (Slot, Slot),
        channel: Option<&Channel>,
    ) -> Result<BTreeMap<Slot, Taken>> {
        let params =
            || -> Vec<Value> { vec![id.uid().into(), first.number().into(), last.number().into()] };
        let mut calls = vec![Call::new(&rows::READ_SLOTS, params())];
        calls.extend(channel.map(|channel| {
            let of_channel = Value::from(channel.to_string());
            let params: Vec<Value> = params().into_iter().chain([of_channel]).collect();
            Call::new(&rows::READ_CHANNEL, params)
        }));
        let db = &self.0.db;
        let found = db.read(id.organisation(), calls, &db.deadline()).await;
        let mut all = BTreeMap::<Slot, Taken>::new();
        for (place, rows) in found.at()?.iter().enumerate() {
            for row in rows {
                let (slot, load) = rows::read_slot(row)?;
                let taken = all.entry(slot).or_default();
                match place {
                    0 => taken.all = load,
                    _ => taken.channel = load,
                }
            }
        }
        Ok(all)
    }

    /// Says anew what the rules of a restaurant are, by somebody who has seen them at a version.
    pub(super) async fn change(
        &self,
        ask: &Ask,
        id: RestaurantId,
        (rules, seen): (&Rules, i64),
    ) -> Result<Kept> {
        let (db, number) = (&self.0.db, id.organisation());
        let place: (Organisation, &'static str) = (number, "capacity.change");
        let request = (id, rules, seen);
        let mut tries = 1;
        let settled = loop {
            let settled = ask.settle(db, place, &request, async || {
                let kept = rows::find(db, id).await.at()?;
                let mut commit = db.new_commit(number);
                let version = match kept.change(rules.clone(), seen)? {
                    None => kept.version,
                    Some(next) => {
                        say(ask, &mut commit, id, &next)?;
                        next.version
                    }
                };
                Ok((commit, version))
            });
            match settled.await {
                Err(error) if tries < TRIES && was_refused(&error) => tries += 1,
                settled => break settled,
            }
        };
        self.0.memory.forget(id).await;
        Ok(Kept {
            version: settled?,
            rules: rules.clone(),
        })
    }
}

/// Adds to a commit that the rules of a restaurant are others.
fn say(ask: &Ask, commit: &mut Commit, id: RestaurantId, next: &Kept) -> Result<()> {
    let text = rows::text(&next.rules)?;
    let seen = next.version.saturating_sub(1);
    let mut params: Vec<Value> = vec![id.uid().into()];
    match seen {
        0 => {
            params.extend([next.version.into(), text.into()]);
            commit.claim(&rows::RULES, params);
        }
        _ => {
            params.extend([seen.into(), text.into()]);
            commit.guard(&rows::CHANGE_RULES, params);
        }
    }
    let told = Told {
        restaurant: id,
        rules: next.rules.clone(),
    };
    let event = ask.event(commit, (stream(id), next.version), CHANGED, &told)?;
    commit.event(event);
    Ok(())
}

/// How many minutes longer everything takes in a restaurant now.
fn busy(scene: &Scene, asked: &Asked<'_>) -> u16 {
    let zone = scene.restaurant.details.time_zone;
    match open_at(&scene.venue, zone, asked.service, asked.now).why {
        venues::Why::Busy { minutes, .. } => minutes,
        venues::Why::Hours
        | venues::Why::Paused { .. }
        | venues::Why::Closed
        | venues::Why::Never => 0,
    }
}

fn takes(one: &Ahead, taken: &BTreeMap<Slot, Taken>, load: Load) -> bool {
    let has = taken.get(&one.slot).copied().unwrap_or_default();
    one.bounds.is_none_or(|bounds| bounds.hold(has, load))
}

/// Whether somebody else was faster.
fn was_refused(error: &Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    matches!(source, Some(Failure::Refused { .. }))
}

#[track_caller]
fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such thing")
}
