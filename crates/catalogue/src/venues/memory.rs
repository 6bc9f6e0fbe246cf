//! What a node remembers of how restaurants serve, dropped when an event of a venue comes by on the bus.

use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Result};
use domain::organisations::RestaurantId;
use domain::venues::Venue;
use engine::{Remembers, Stop};
use fabric::cache::Settings;
use fabric::{Bus, Cache, Loaded, Message, Trust};
use serde::Deserialize;

/// What all venues that are remembered may take.
const BYTES_MAX: u64 = 64 << 20;
/// What nobody is told of the loss of is believed no longer than this.
const AGE_MAX: Duration = Duration::from_secs(300);
/// What a venue takes besides its lists, about; and an entry of one.
const VENUE_BYTES: usize = 2_048;
const ENTRY_BYTES: usize = 128;
/// What a corner of a zone takes.
const CORNER_BYTES: usize = 8;
/// Events of venues.
const TOPICS: &str = "venue.*";

/// The venues that one node remembers.
pub(super) struct Memory(Cache<Arc<Venue>>);

/// The one field of events that is of interest here.
#[derive(Deserialize)]
struct About {
    restaurant: RestaurantId,
}

impl Memory {
    pub(super) fn new(clock: &Clock, trust: &Trust) -> Self {
        let settings = Settings {
            bytes_max: BYTES_MAX,
            age_max: AGE_MAX,
            ..Settings::default()
        };
        Memory(Cache::new("venues", settings, clock, trust))
    }

    /// How a restaurant serves.
    pub(super) async fn venue(
        &self,
        restaurant: RestaurantId,
        load: impl AsyncFnOnce() -> Result<Venue>,
    ) -> Result<Arc<Venue>> {
        self.0
            .get_or_set(&restaurant.to_string(), || async {
                let venue = load().await?;
                let bytes = bytes(&venue);
                let loaded = Loaded::new(Arc::new(venue), bytes);
                Ok(loaded.of(restaurant.organisation()))
            })
            .await
    }

    /// Forgets how a restaurant serves.
    pub(super) async fn forget(&self, restaurant: RestaurantId) {
        self.0.invalidate_key(&restaurant.to_string()).await;
    }

    /// Follows the bus until the stop.
    pub(super) async fn follow(&self, bus: &Bus, stop: &Stop) -> Result<()> {
        engine::follow(self, (bus, &[TOPICS]), stop).await
    }
}

impl Remembers for Memory {
    async fn learn(&self, message: &Message) {
        match serde_json::from_str::<About>(&message.payload) {
            Ok(about) => self.forget(about.restaurant).await,
            Err(_) => self.forget_all(),
        }
    }

    fn forget_all(&self) {
        self.0.invalidate_all();
    }
}

fn bytes(venue: &Venue) -> usize {
    let weeks = venue.hours.weeks.values().map(|week| week.spans().len());
    let zones = venue.zones.all();
    let times = zones.iter().map(|zone| zone.times.spans().len());
    let entries = weeks.sum::<usize>() + venue.exceptions.iter().count();
    let entries = entries + zones.len() + times.sum::<usize>();
    let corners: usize = zones.iter().map(|zone| zone.corners()).sum();
    VENUE_BYTES + entries * ENTRY_BYTES + corners * CORNER_BYTES
}
