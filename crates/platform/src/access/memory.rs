//! What a node remembers of who may do what, so that a warm request asks no database.
//!
//! What a person may do is kept by person and organisation, what an organisation is and which restaurant is of which
//! brand apart from it. A change is forgotten at once by the node that made it, and by the others when the event comes
//! by on the bus; while the log is out of sight nothing is believed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base::{Clock, Organisation, Result, Uid};
use domain::access::{Access, Place};
use domain::organisations::{BrandId, OrganisationId};
use domain::people::PersonId;
use engine::{Remembers, Stop};
use fabric::cache::Settings;
use fabric::{Bus, Cache, Loaded, Message, Trust};
use serde::Deserialize;

/// What nobody is told of the loss of is believed no longer than this.
const AGE_MAX: Duration = Duration::from_secs(300);
/// What is not there is believed for a shorter time: nothing is lost by asking again.
const ABSENT_AGE_MAX: Duration = Duration::from_secs(30);
/// What each of the caches may take.
const BYTES_MAX: u64 = 32 << 20;
/// Topics of what is remembered here.
const TOPICS: [&str; 6] = [
    "member.*",
    "grant.*",
    "role.*",
    "organisation.*",
    "brand.*",
    "restaurant.*",
];

/// What is remembered of an organisation.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) id: OrganisationId,
    pub(crate) plan: Arc<str>,
    pub(crate) suspended: bool,
}

/// The caches of one node.
pub(crate) struct Memory {
    members: Cache<Option<Arc<Access>>>,
    houses: Cache<Option<Arc<Standing>>>,
    places: Cache<Option<BrandId>>,
    loads: AtomicU64,
}

/// The one field of events about members that is of interest here.
#[derive(Deserialize)]
struct About {
    person: PersonId,
}

impl Memory {
    pub(crate) fn new(clock: &Clock, trust: &Trust) -> Self {
        let settings = Settings {
            bytes_max: BYTES_MAX,
            age_max: AGE_MAX,
            ..Settings::default()
        };
        Memory {
            members: Cache::new("access_members", settings, clock, trust),
            houses: Cache::new("access_houses", settings, clock, trust),
            places: Cache::new("access_places", settings, clock, trust),
            loads: AtomicU64::new(0),
        }
    }

    /// How often a database was asked because something was not remembered.
    pub(crate) fn loads(&self) -> u64 {
        self.loads.load(Ordering::Relaxed)
    }

    /// What a person may do in an organisation; nothing when he is no member.
    pub(crate) async fn member(
        &self,
        (person, number): (PersonId, Organisation),
        load: impl AsyncFnOnce() -> Result<Option<Access>>,
    ) -> Result<Option<Arc<Access>>> {
        let key = key(person, number);
        self.members
            .get_or_set(&key, || async {
                self.loads.fetch_add(1, Ordering::Relaxed);
                let access = load().await?.map(Arc::new);
                let (bytes, age) = match &access {
                    Some(access) => (access.size_bytes(), AGE_MAX),
                    None => (0, ABSENT_AGE_MAX),
                };
                let loaded = Loaded::new(access, bytes).age_max(age);
                Ok(loaded.tag(tag(number)).tag(person.to_string()))
            })
            .await
    }

    /// What is known of an organisation; nothing when there is none.
    pub(crate) async fn house(
        &self,
        number: Organisation,
        load: impl AsyncFnOnce() -> Result<Option<Standing>>,
    ) -> Result<Option<Arc<Standing>>> {
        self.houses
            .get_or_set(&number.to_string(), || async {
                self.loads.fetch_add(1, Ordering::Relaxed);
                let house = load().await?.map(Arc::new);
                let age = if house.is_some() {
                    AGE_MAX
                } else {
                    ABSENT_AGE_MAX
                };
                Ok(Loaded::new(house, size_of::<Standing>())
                    .age_max(age)
                    .tag(tag(number)))
            })
            .await
    }

    /// The brand of a restaurant, if it has one. That a place is not there is not remembered.
    pub(crate) async fn place(
        &self,
        place: &Place,
        load: impl AsyncFnOnce() -> Result<Option<BrandId>>,
    ) -> Result<Option<BrandId>> {
        self.places
            .get_or_set(&place.to_string(), || async {
                self.loads.fetch_add(1, Ordering::Relaxed);
                let brand = load().await?;
                let number = place.uid().organisation();
                Ok(Loaded::new(brand, size_of::<Uid>()).tag(tag(number)))
            })
            .await
    }

    /// Forgets all of an organisation.
    pub(crate) fn forget(&self, number: Organisation) {
        let tag = tag(number);
        self.members.invalidate_tag(&tag);
        self.houses.invalidate_tag(&tag);
        self.places.invalidate_tag(&tag);
    }

    /// Forgets what a person may do in an organisation.
    pub(crate) async fn forget_member(&self, person: PersonId, number: Organisation) {
        self.members.invalidate_key(&key(person, number)).await;
    }

    /// Follows the bus until the stop.
    pub(crate) async fn follow(&self, bus: &Bus, stop: &Stop) -> Result<()> {
        engine::follow(self, (bus, &TOPICS), stop).await
    }
}

impl Remembers for Memory {
    async fn learn(&self, message: &Message) {
        let of_member = message.topic.starts_with("member.") || message.topic.starts_with("grant.");
        let about = of_member
            .then(|| serde_json::from_str::<About>(&message.payload))
            .and_then(std::result::Result::ok);
        match about {
            Some(about) => self.forget_member(about.person, message.organisation).await,
            None => self.forget(message.organisation),
        }
    }

    fn forget_all(&self) {
        self.members.invalidate_all();
        self.houses.invalidate_all();
        self.places.invalidate_all();
    }
}

fn key(person: PersonId, number: Organisation) -> String {
    format!("{number}/{person}")
}

fn tag(number: Organisation) -> String {
    format!("org/{number}")
}
