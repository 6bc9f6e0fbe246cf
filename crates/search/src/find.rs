//! Asking the index: lists that go on where the page before ended, and answers to words.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use base::{Organisation, Time, Uid};
use carte::{ItemId, Key, Service};
use domain::venues::Position;

use super::card::{Card, MenuWords};
use super::index::{Index, Slot, in_space, index, place as column, small};
use super::text::{Asked, Meanings, fold};

/// The most items that are shown of a restaurant that was found by them.
const ITEMS_SHOWN_MAX: usize = 3;
/// The most items that are looked through for one question.
const ITEMS_LOOKED_AT_MAX: usize = 20_000;
/// How much more counts what has all words in one item.
const TOGETHER: f32 = 1.3;
/// From so many metres on, distance takes off half of what it may take.
const HALF_METRES: f32 = 4_000.0;
/// The radius of the earth.
const EARTH_METRES: f32 = 6_371_009.0;
/// What distance leaves of how well something fits: a name far away comes before an item nearby.
const FAR: f32 = 0.25;
/// What a name is put in order by, at most.
const KEY_BYTES: usize = 48;
/// What says where a page has ended: the key, and the id where keys are the same.
pub const PLACE_BYTES: usize = KEY_BYTES + 16;

/// Where a page has ended.
pub type Place = [u8; PLACE_BYTES];

/// Which restaurants are asked for.
#[derive(Clone, Debug)]
pub struct Filter {
    /// At this moment.
    pub now: Time,
    /// Those of one organisation: on its own host.
    pub site: Option<Organisation>,
    /// With this among their cuisines.
    pub cuisine: Option<Key>,
    /// In the town of this name, however it is written.
    pub city: Option<String>,
    /// With this service.
    pub service: Option<Service>,
    /// Open now, or whichever.
    pub open: Open,
    /// Seen from here, and no farther than so many metres.
    pub near: Option<Position>,
    /// No farther than so many metres.
    pub radius: Option<u32>,
}

/// Whether it matters that a restaurant is open.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Open {
    /// It does not.
    #[default]
    Whichever,
    /// It takes orders now, with the service that is asked for or with any.
    Now,
}

/// In which order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sort {
    /// The nearest first; those whose position is not known are left out.
    Distance,
    /// By name.
    Name,
    /// Those first that were made last.
    Newest,
}

/// A restaurant of a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What is published of it.
    pub card: Arc<Card>,
    /// How far it is.
    pub metres: Option<u32>,
}

/// A restaurant that was found by words.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The restaurant.
    pub listed: Listed,
    /// Items of its menu that have the words, with their names.
    pub items: Vec<(ItemId, String)>,
    score: f32,
}

/// A restaurant's slot, how well it fits, how near it is.
type Fit = (u32, f32, f32);

/// The filter with what can be made ready once.
struct Ready<'a> {
    filter: &'a Filter,
    city: Option<String>,
}

/// An entry of a list that is being put together; the greatest is the one to be left out.
#[derive(PartialEq, Eq)]
struct Candidate {
    place: Place,
    slot: u32,
    metres: Option<u32>,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place.cmp(&other.place)
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ready<'_> {
    /// Whether a restaurant is asked for. What is asked of all comes first, what is asked seldom last.
    fn takes(&self, all: &Index, number: u32) -> bool {
        let filter = self.filter;
        let Some(hot) = all.hot.get(index(number)).filter(|hot| hot.listed) else {
            return false;
        };
        let organisation = Organisation::new(hot.organisation);
        let is_wanted = filter.site.is_none_or(|site| organisation == site)
            && all.is_shown(organisation)
            && filter
                .service
                .is_none_or(|service| hot.offers[column(service)]);
        let is_open = |service| all.is_open(number, service, filter.now);
        let is_open = is_wanted
            && match (filter.open, filter.service) {
                (Open::Whichever, _) => true,
                (Open::Now, Some(service)) => is_open(service),
                (Open::Now, None) => Service::ALL.iter().any(|service| is_open(*service)),
            };
        is_open && (self.is_plain() || all.slot(number).is_some_and(|slot| self.fits(slot)))
    }

    /// Whether nothing is asked that the card alone says.
    fn is_plain(&self) -> bool {
        self.city.is_none() && self.filter.cuisine.is_none() && self.filter.radius.is_none()
    }

    fn fits(&self, slot: &Slot) -> bool {
        let filter = self.filter;
        let cuisines = &slot.card.venue.profile.cuisines;
        let is_near = |radius| self.metres(slot).is_some_and(|metres| metres <= radius);
        self.city.as_deref().is_none_or(|city| *slot.city == *city)
            && filter
                .cuisine
                .as_ref()
                .is_none_or(|cuisine| cuisines.contains(cuisine))
            && filter.radius.is_none_or(is_near)
    }

    /// How far a restaurant is from where it was asked.
    fn metres(&self, slot: &Slot) -> Option<u32> {
        let near = self.filter.near.zip(slot.card.venue.profile.position);
        near.map(|(here, there)| here.metres_to(there))
    }
}

impl Index {
    /// A page of the restaurants that are asked for, after this place; and where it ends, when more follow.
    #[must_use]
    pub fn list(
        &self,
        filter: &Filter,
        sort: Sort,
        (after, limit): (Option<&Place>, usize),
    ) -> (Vec<Listed>, Option<Place>) {
        let ready = Ready {
            city: filter.city.as_deref().map(fold::key),
            filter,
        };
        let mut best = Best::new(after, limit);
        match (sort, filter.near) {
            (Sort::Distance, Some(here)) => self.nearest(&ready, here, &mut best),
            _ => {
                for (number, slot) in (0u32..).zip(&self.slots) {
                    let Some(slot) = slot.as_deref().filter(|_| ready.takes(self, number)) else {
                        continue;
                    };
                    let metres = ready.metres(slot);
                    if let Some(key) = key(sort, slot, metres) {
                        best.offer(&key, number, (slot, metres));
                    }
                }
            }
        }
        best.page(self)
    }

    /// Offers restaurants in the order of their distance until no farther one can be on the page.
    fn nearest(&self, ready: &Ready<'_>, here: Position, best: &mut Best<'_>) {
        for spot in self.spots.nearest_neighbor_iter(in_space(here)) {
            let Some(slot) = self.slot(spot.data) else {
                continue;
            };
            let Some(position) = slot.card.venue.profile.position else {
                continue;
            };
            let metres = here.metres_to(position);
            // Whole metres can put two into another order than the exact distances; by one metre at most.
            let known = metres.saturating_sub(1);
            let is_beyond = ready.filter.radius.is_some_and(|radius| known > radius);
            if is_beyond || best.is_full_before(known) {
                return;
            }
            if ready.takes(self, spot.data)
                && let Some(key) = key(Sort::Distance, slot, Some(metres))
            {
                best.offer(&key, spot.data, (slot, Some(metres)));
            }
        }
    }

    /// The restaurants that fit these words best.
    #[must_use]
    pub fn search(&self, text: &str, filter: &Filter, limit: usize) -> Vec<Hit> {
        let asked = Asked::parse(text);
        if asked.is_empty() {
            return Vec::new();
        }
        let ready = Ready {
            city: filter.city.as_deref().map(fold::key),
            filter,
        };
        let found = asked.find(&self.terms, self.slots.len(), |number| {
            ready.takes(self, number)
        });
        let here = filter.near.map(|near| in_space(near).map(small));
        let mut fits: Vec<Fit> = found
            .fits
            .iter()
            .map(|(number, score)| {
                let there = self.hot.get(index(*number)).and_then(|hot| hot.point);
                let closeness = closeness(here, there);
                (*number, score * closeness, closeness)
            })
            .collect();
        let looked_at = limit.saturating_mul(2);
        // Of those that fit as well, the older: so it is the same on every node.
        let id = |number| self.slot(number).map(|slot| *slot.card.id.uid().as_bytes());
        let best_first = |one: &Fit, other: &Fit| {
            let by_score = other.1.total_cmp(&one.1).then(other.2.total_cmp(&one.2));
            by_score.then_with(|| id(one.0).cmp(&id(other.0)))
        };
        if fits.len() > looked_at {
            fits.select_nth_unstable_by(looked_at, best_first);
            fits.truncate(looked_at);
        }
        fits.sort_unstable_by(best_first);
        let mut budget = ITEMS_LOOKED_AT_MAX;
        let mut hits: Vec<Hit> = fits
            .into_iter()
            .filter_map(|(number, score, _)| {
                let slot = self.slot(number)?;
                let (items, most) = matching(&slot.words, &found.meanings, &mut budget);
                let together = most > 1 && most == found.most;
                Some(Hit {
                    listed: Listed {
                        card: Arc::clone(&slot.card),
                        metres: ready.metres(slot),
                    },
                    items,
                    score: if together { score * TOGETHER } else { score },
                })
            })
            .collect();
        // Where they fit as well, they stay in the order that they were found in.
        hits.sort_by(|one, other| other.score.total_cmp(&one.score));
        hits.truncate(limit);
        hits
    }
}

/// The best so far of what comes after a place.
struct Best<'a> {
    after: Option<&'a Place>,
    /// One more than the page has, to know whether another follows.
    limit: usize,
    heap: BinaryHeap<Candidate>,
}

impl<'a> Best<'a> {
    fn new(after: Option<&'a Place>, limit: usize) -> Self {
        Best {
            after,
            limit: limit.saturating_add(1),
            heap: BinaryHeap::with_capacity(limit.saturating_add(2)),
        }
    }

    fn offer(&mut self, key: &[u8], number: u32, (slot, metres): (&Slot, Option<u32>)) {
        let place = place(key, slot.card.id.uid());
        if self.after.is_some_and(|after| place <= *after) {
            return;
        }
        let is_full = self.heap.len() >= self.limit;
        if is_full && self.heap.peek().is_some_and(|last| last.place < place) {
            return;
        }
        self.heap.push(Candidate {
            place,
            slot: number,
            metres,
        });
        if self.heap.len() > self.limit {
            self.heap.pop();
        }
    }

    /// Whether nothing that is farther than this can be on the page.
    fn is_full_before(&self, metres: u32) -> bool {
        let last = self.heap.peek().and_then(|last| last.metres);
        self.heap.len() >= self.limit && last.is_some_and(|last| last < metres)
    }

    fn page(self, index: &Index) -> (Vec<Listed>, Option<Place>) {
        let most = self.limit - 1;
        let sorted = self.heap.into_sorted_vec();
        let next = match sorted.len() > most {
            true => sorted.get(most.wrapping_sub(1)).map(|last| last.place),
            false => None,
        };
        let listed = sorted.into_iter().take(most).filter_map(|candidate| {
            Some(Listed {
                card: Arc::clone(&index.slot(candidate.slot)?.card),
                metres: candidate.metres,
            })
        });
        (listed.collect(), next)
    }
}

/// What a restaurant is put in order by, as bytes that compare like it.
fn key(sort: Sort, slot: &Slot, metres: Option<u32>) -> Option<Vec<u8>> {
    Some(match sort {
        Sort::Distance => metres?.to_be_bytes().to_vec(),
        Sort::Name => slot.name.as_bytes().to_vec(),
        Sort::Newest => {
            let age = i64::MAX.saturating_sub(slot.card.created_at.as_micros());
            age.to_be_bytes().to_vec()
        }
    })
}

fn place(key: &[u8], id: Uid) -> Place {
    let mut place = [0; PLACE_BYTES];
    let (first, last) = place.split_at_mut(KEY_BYTES);
    first.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    last.copy_from_slice(id.as_bytes());
    place
}

/// How much of its score a restaurant keeps that is there, when it is asked from here. The straight way through the earth
/// is as good as the one over it at the distances that matter.
fn closeness(here: Option<[f32; 3]>, there: Option<[f32; 3]>) -> f32 {
    match (here, there) {
        (None, _) => 1.0,
        (Some(_), None) => FAR,
        (Some(here), Some(there)) => {
            let squares = here
                .iter()
                .zip(&there)
                .map(|(one, other)| (one - other).powi(2));
            let metres = squares.sum::<f32>().sqrt() * EARTH_METRES;
            FAR + (1.0 - FAR) / (1.0 + metres / HALF_METRES)
        }
    }
}

/// The items that have most of what was meant, and how many words of the question that is.
fn matching(
    words: &MenuWords,
    meanings: &Meanings<'_>,
    budget: &mut usize,
) -> (Vec<(ItemId, String)>, u32) {
    let mut found: Vec<(u32, ItemId, &str)> = Vec::new();
    let mut most = 0;
    for (id, line) in words.items().take(*budget) {
        let mut has = 0_u8;
        fold::each_word(line, |word| {
            has |= meanings.get(word).copied().unwrap_or_default();
        });
        let count = has.count_ones();
        if count == 0 || count < most {
            continue;
        }
        if count > most {
            most = count;
            found.clear();
        }
        if found.len() < ITEMS_SHOWN_MAX {
            found.push((count, id, line));
        }
    }
    *budget = budget.saturating_sub(words.len());
    let shown = found
        .into_iter()
        .map(|(_, id, line)| (id, MenuWords::main(line).to_owned()));
    (shown.collect(), most)
}
