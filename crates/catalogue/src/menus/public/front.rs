//! The front of a restaurant: what a node remembers of it, so that a warm request for its menu asks no database.

use std::fmt::Write as _;
use std::sync::Arc;

use base::{Error, Organisation, Result, Trail as _, codes};
use carte::{RevisionNumber, Service};
use domain::organisations::{RestaurantId, State};
use edge::{Encoding, Packed};
use fabric::{Held, Hint};

use super::choice::{Asked, Case, Faces};
use super::mark::Mark;
use crate::menus::app::App;
use crate::menus::place::Place;
use crate::menus::selling::Selling;

/// How many answers are the usual ones: a service and an encoding name each.
const USUAL: usize = 3 * Encoding::ALL.len();

/// What is remembered of a restaurant; first what every warm request reads, which lies together by that.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Front {
    /// The version of what has run out.
    pub(super) availability: u64,
    /// Whether the menu has words in more than its own language.
    is_translated: bool,
    /// Where the whole menu is as most callers ask for it.
    usual: [Hint<Packed>; USUAL],
    pub(super) selling: Arc<Selling>,
    /// Whose restaurant it is; what is compiled for it belongs to it.
    pub(super) organisation: Organisation,
    /// Its brand, whose publishing may concern it.
    pub(super) brand: Option<Place>,
    pub(super) faces: Faces,
    /// The menu as it is sold, in the keys of what is compiled.
    source: String,
}

/// What is compiled of a menu.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// All of it.
    Whole,
    /// Its categories alone.
    Categories,
    /// What has changed since a revision.
    Since(RevisionNumber),
}

impl Front {
    /// The key under which an answer is kept. Nothing of it comes from a stranger as he wrote it.
    pub(super) fn key(&self, case: &Case, kind: Kind, encoding: Encoding) -> String {
        let mut key = String::with_capacity(self.source.len() + 48);
        key.push_str(&self.source);
        match kind {
            Kind::Whole => key.push_str("/w/"),
            Kind::Categories => key.push_str("/c/"),
            // Writing into a string cannot fail.
            Kind::Since(number) => drop(write!(key, "/{number}/")),
        }
        key.push_str(self.faces.shown(case).as_str());
        key.push_str(match case.service {
            Service::Delivery => "/d/",
            Service::Pickup => "/p/",
            Service::DineIn => "/i/",
        });
        key.push_str(case.channel.as_str());
        key.push('/');
        key.push_str(encoding.name());
        key
    }

    /// Where the answer is, to one who asks as most do.
    pub(super) fn hint(&self, asked: &Asked<'_>, encoding: Encoding) -> Option<&Hint<Packed>> {
        let service = match asked.service {
            Service::Delivery => 0,
            Service::Pickup => 1,
            Service::DineIn => 2,
        };
        let encoding = match encoding {
            Encoding::Identity => 0,
            Encoding::Gzip => 1,
            Encoding::Brotli => 2,
            Encoding::Zstd => 3,
        };
        let is_told_apart = self.is_translated && asked.names_a_language();
        let is_usual = asked.channel.is_none() && !is_told_apart;
        let usual = is_usual.then(|| self.usual.get(service * Encoding::ALL.len() + encoding));
        usual.flatten()
    }

    /// What a caller has who reads it now.
    pub(super) fn mark(&self, case: &Case) -> Mark {
        Mark {
            of_brand: Some(matches!(self.selling.place, Place::Brand(_))),
            revision: self.selling.revision,
            location: self.location(),
            language: Some(self.faces.shown(case).clone()),
        }
    }

    /// How often the restaurant has said what it sells, where that makes a difference.
    fn location(&self) -> i64 {
        match self.selling.location.is_empty() {
            true => 0,
            false => self.selling.location_version,
        }
    }

    /// About how many bytes this takes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.source.len() + self.faces.bytes() + 64
    }
}

impl App {
    /// The front of a restaurant, from memory as long as that may be believed. That there is none is not remembered.
    pub(super) async fn front(&self, id: RestaurantId) -> Result<Held<Front>> {
        let load = async || self.read_front(id).await;
        self.0.memory.pages.front(id, load).await
    }

    async fn read_front(&self, id: RestaurantId) -> Result<Front> {
        let record = self.0.restaurants.fresh(id).await.at()?;
        let record = record.ok_or_else(crate::menus::app::missing)?;
        if record.state == State::Suspended {
            return Err(closed("the restaurant is suspended and shows no menu"));
        }
        let unpublished = || closed("the restaurant has not published a menu yet");
        let selling = self.selling_of(&record).await?.ok_or_else(unpublished)?;
        let menu = self.menu_sold(id, &selling).await?;
        let menu = menu.ok_or_else(unpublished)?;
        let stock = self.availability(id).await?;
        let (place, revision) = (selling.place, selling.revision);
        let source = match selling.location.is_empty() {
            true => format!("{place}/{revision}"),
            false => format!("{place}/{revision}/{id}.{}", selling.location_version),
        };
        let faces = Faces::of(&menu);
        Ok(Front {
            availability: stock.version.unsigned_abs(),
            is_translated: !faces.languages.is_empty(),
            usual: Default::default(),
            selling,
            organisation: id.organisation(),
            brand: record.details.brand.map(Place::Brand),
            faces,
            source,
        })
    }
}

#[track_caller]
fn closed(why: &'static str) -> Error {
    Error::missing(codes::NOT_FOUND, why)
}
