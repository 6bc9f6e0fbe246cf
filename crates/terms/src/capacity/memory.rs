//! What a node remembers of the rules of restaurants, dropped when one of their events comes by on the bus.

use std::sync::Arc;

use base::{Clock, Result};
use domain::organisations::RestaurantId;
use engine::{Remembers, Stop};
use fabric::cache::{LISTS_AGE_MAX, Settings};
use fabric::{Bus, Cache, Loaded, Message, Trust};
use serde::Deserialize;
use trade::capacity::Kept;

use super::fold::CHANGED;

/// What all rules that are remembered may take.
const BYTES_MAX: u64 = 16 << 20;
/// What the rules of a restaurant take besides each of them, about; and one of them.
const KEPT_BYTES: usize = 192;
const RULE_BYTES: usize = 160;

/// The rules that one node remembers.
pub(super) struct Memory(Cache<Arc<Kept>>);

/// The one field of the event that is of interest here.
#[derive(Deserialize)]
struct About {
    restaurant: RestaurantId,
}

impl Memory {
    pub(super) fn new(clock: &Clock, trust: &Trust) -> Self {
        let settings = Settings {
            bytes_max: BYTES_MAX,
            age_max: LISTS_AGE_MAX,
            ..Settings::default()
        };
        Memory(Cache::new("capacity", settings, clock, trust))
    }

    /// The rules of a restaurant.
    pub(super) async fn rules(
        &self,
        restaurant: RestaurantId,
        load: impl AsyncFnOnce() -> Result<Kept>,
    ) -> Result<Arc<Kept>> {
        self.0
            .get_or_set(&restaurant.to_string(), || async {
                let kept = load().await?;
                let bytes = KEPT_BYTES + kept.rules.rules.len() * RULE_BYTES;
                Ok(Loaded::new(Arc::new(kept), bytes).of(restaurant.organisation()))
            })
            .await
    }

    /// Forgets the rules of a restaurant.
    pub(super) async fn forget(&self, restaurant: RestaurantId) {
        self.0.invalidate_key(&restaurant.to_string()).await;
    }

    /// Follows the bus until the stop.
    pub(super) async fn follow(&self, bus: &Bus, stop: &Stop) -> Result<()> {
        engine::follow(self, (bus, &[CHANGED]), stop).await
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
