//! The restaurants of a region in the memory of a node: listed, found by words, nearest first.
//!
//! It is filled from the published tables and holds nothing else. Whether a restaurant is open follows from its hours;
//! the answer is remembered until the moment at which it changes, so that looking through all of them costs little.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use base::{Organisation, Time, Uid};
use carte::Service;
use domain::organisations::RestaurantId;
use domain::venues::{Position, open_at};
use rstar::RTree;
use rstar::primitives::GeomWithData;

use super::card::{Card, MenuWords};
use super::text::fold;
use super::text::terms::{Field, SLOTS_MAX, Terms};

/// A moment that never comes, and for how long it is believed that nothing changes when no change is in sight.
const NEVER: i64 = i64::MAX;
const UNCHANGED_MICROS: i64 = 86_400_000_000;

/// A restaurant's place on the round earth: a point in space, with its slot.
pub(super) type Spot = GeomWithData<[f64; 3], u32>;

/// All restaurants that are published.
#[derive(Debug, Default)]
pub struct Index {
    pub(super) slots: Vec<Option<Box<Slot>>>,
    pub(super) hot: Vec<Hot>,
    pub(super) terms: Terms,
    pub(super) spots: RTree<Spot>,
    free: Vec<u32>,
    by_id: HashMap<Uid, u32>,
    suspended: HashSet<Organisation>,
    items: usize,
}

/// One restaurant.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) card: Arc<Card>,
    pub(super) words: MenuWords,
    /// Its name as it is put in order, and its town as it is compared.
    pub(super) name: Box<str>,
    pub(super) city: Box<str>,
}

/// What is asked of every restaurant for every question, side by side: to fetch each from where its card lies would cost
/// more than all the rest.
#[derive(Debug, Default)]
pub(super) struct Hot {
    pub(super) organisation: u32,
    /// Whether it is there, and sells something.
    pub(super) listed: bool,
    /// Which services it offers at any time.
    pub(super) offers: [bool; 3],
    /// Where it is, if that is known.
    pub(super) point: Option<[f32; 3]>,
    /// Open (positive) or closed (negative) until this moment, for each service; 0 when it is not known.
    open_until: [AtomicI64; 3],
}

/// How much is in an index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    /// Restaurants.
    pub restaurants: usize,
    /// Items of their menus.
    pub items: usize,
    /// Different words.
    pub words: usize,
}

impl Index {
    /// Adds a restaurant, or replaces what was known of it.
    pub fn put(&mut self, card: Card, words: MenuWords) {
        let id = card.id.uid();
        if let Some(known) = self.find(id)
            && *known.card == card
            && known.words == words
        {
            return;
        }
        self.remove(card.id);
        let slot = Slot {
            name: fold::key(card.name.as_str()).into(),
            city: fold::key(card.address.city.as_str()).into(),
            card: Arc::new(card),
            words,
        };
        let number = self
            .free
            .pop()
            .or_else(|| u32::try_from(self.slots.len()).ok());
        let Some(number) = number.filter(|number| *number < SLOTS_MAX) else {
            tracing::error!("more restaurants than can be searched");
            return;
        };
        for (word, fields) in slot.all_words() {
            self.terms.add(&word, number, fields);
        }
        if let Some(position) = slot.card.venue.profile.position {
            self.spots.insert(Spot::new(in_space(position), number));
        }
        self.items += slot.words.len();
        self.by_id.insert(id, number);
        let hot = Hot::of(&slot);
        match self.hot.get_mut(index(number)) {
            Some(empty) => *empty = hot,
            None => self.hot.push(hot),
        }
        match self.slots.get_mut(index(number)) {
            Some(empty) => *empty = Some(Box::new(slot)),
            None => self.slots.push(Some(Box::new(slot))),
        }
    }

    /// Takes a restaurant out.
    pub fn remove(&mut self, id: RestaurantId) {
        let Some(number) = self.by_id.remove(&id.uid()) else {
            return;
        };
        let Some(slot) = self.slots.get_mut(index(number)).and_then(Option::take) else {
            return;
        };
        for word in slot.all_words().keys() {
            self.terms.remove(word, number);
        }
        if let Some(position) = slot.card.venue.profile.position {
            self.spots.remove(&Spot::new(in_space(position), number));
        }
        self.items -= slot.words.len();
        self.free.push(number);
        if let Some(hot) = self.hot.get_mut(index(number)) {
            *hot = Hot::default();
        }
    }

    /// Hides all restaurants of an organisation, or shows them again.
    pub fn set_suspended(&mut self, organisation: Organisation, state: Suspended) {
        match state {
            Suspended::Yes => self.suspended.insert(organisation),
            Suspended::No => self.suspended.remove(&organisation),
        };
    }

    /// The card of a restaurant that may be shown.
    #[must_use]
    pub fn card(&self, id: RestaurantId) -> Option<Arc<Card>> {
        let slot = self.find(id.uid())?;
        let organisation = slot.card.id.organisation();
        self.is_shown(organisation).then(|| Arc::clone(&slot.card))
    }

    /// How much there is.
    #[must_use]
    pub fn size(&self) -> Size {
        Size {
            restaurants: self.by_id.len(),
            items: self.items,
            words: self.terms.len(),
        }
    }

    /// Gives back room that was taken while much was added at once.
    pub fn shrink(&mut self) {
        self.terms.shrink();
        self.slots.shrink_to_fit();
        self.hot.shrink_to_fit();
    }

    /// Learns anew which restaurants are open, where that has changed by this moment.
    pub fn refresh(&self, now: Time) {
        for number in (0u32..).take(self.hot.len()) {
            for service in Service::ALL {
                self.is_open(number, *service, now);
            }
        }
    }

    /// Whether an organisation is open for business.
    pub(super) fn is_shown(&self, organisation: Organisation) -> bool {
        self.suspended.is_empty() || !self.suspended.contains(&organisation)
    }

    /// Whether a service of a restaurant is open at this moment.
    pub(super) fn is_open(&self, number: u32, service: Service, now: Time) -> bool {
        let Some(hot) = self.hot.get(index(number)) else {
            return false;
        };
        let known = &hot.open_until[place(service)];
        let until = known.load(Ordering::Relaxed);
        if now.as_micros() < until.saturating_abs() {
            return until > 0;
        }
        let found = self.slot(number).map(|slot| slot.look(service, now));
        let until = found.unwrap_or(-NEVER);
        known.store(until, Ordering::Relaxed);
        until > 0
    }

    pub(super) fn slot(&self, number: u32) -> Option<&Slot> {
        self.slots.get(index(number))?.as_deref()
    }

    fn find(&self, id: Uid) -> Option<&Slot> {
        self.slot(*self.by_id.get(&id)?)
    }
}

/// Whether an organisation is suspended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Suspended {
    /// It is.
    Yes,
    /// It is not.
    No,
}

impl Slot {
    /// Every word that it is found by, with the fields in which it stands.
    fn all_words(&self) -> BTreeMap<String, u32> {
        let mut all = BTreeMap::new();
        let mut add = |text: &str, field: Field| {
            fold::each_word(text, |word| match all.get_mut(word) {
                Some(fields) => *fields |= field.bit(),
                None => {
                    all.insert(word.to_owned(), field.bit());
                }
            });
        };
        add(self.card.name.as_str(), Field::Name);
        add(self.card.address.city.as_str(), Field::City);
        for cuisine in &self.card.venue.profile.cuisines {
            add(cuisine.as_str(), Field::Cuisine);
        }
        add(self.words.categories(), Field::Category);
        add(self.words.all_items(), Field::Item);
        all
    }

    /// Whether it offers a service, at any time.
    fn offers(&self, service: Service) -> bool {
        self.card.venue.hours.of(service).is_some()
    }

    /// Open or closed, and until when.
    fn look(&self, service: Service, now: Time) -> i64 {
        if !self.offers(service) {
            return -NEVER;
        }
        let found = open_at(&self.card.venue, self.card.time_zone, service, now);
        let unchanged = now.as_micros().saturating_add(UNCHANGED_MICROS);
        let until = found.changes_at.map_or(unchanged, Time::as_micros);
        if found.open { until } else { -until }
    }
}

impl Hot {
    fn of(slot: &Slot) -> Self {
        let position = slot.card.venue.profile.position;
        Hot {
            organisation: slot.card.id.organisation().get(),
            listed: slot.card.revision.is_some(),
            offers: [Service::Delivery, Service::Pickup, Service::DineIn]
                .map(|service| slot.offers(service)),
            point: position.map(|position| in_space(position).map(small)),
            open_until: Default::default(),
        }
    }
}

/// A coordinate to the nearest metre, for ranks.
#[allow(
    clippy::cast_possible_truncation,
    reason = "a rank needs no exact metres"
)]
pub(super) fn small(coordinate: f64) -> f32 {
    coordinate as f32
}

pub(super) const fn place(service: Service) -> usize {
    match service {
        Service::Delivery => 0,
        Service::Pickup => 1,
        Service::DineIn => 2,
    }
}

/// A point on the unit sphere. The straight way between two of them grows with the way over ground, also over the date
/// line and the poles.
pub(super) fn in_space(position: Position) -> [f64; 3] {
    let (lat, lng) = position.degrees();
    let (lat, lng) = (lat.to_radians(), lng.to_radians());
    [lat.cos() * lng.cos(), lat.cos() * lng.sin(), lat.sin()]
}

pub(super) fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
