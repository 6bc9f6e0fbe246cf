//! What a node remembers of the promotions of organisations, dropped when one of their events comes by on the bus.
//!
//! Coupons are not remembered: an order names one, and its uses are read anyway.

use std::sync::Arc;

use base::{Clock, Organisation, Result};
use engine::{Remembers, Stop};
use fabric::cache::{LISTS_AGE_MAX, Settings};
use fabric::{Bus, Cache, Loaded, Message, Trust};
use trade::offers::Offer;

/// What all promotions that are remembered may take.
const BYTES_MAX: u64 = 32 << 20;
/// What an organisation takes besides its promotions, about; one of them; and something that one of them names.
const ENTRY_BYTES: usize = 128;
const OFFER_BYTES: usize = 640;
const NAMED_BYTES: usize = 40;
/// Events of promotions.
const TOPICS: &str = "promotion.*";

/// The promotions that one node remembers.
pub(super) struct Memory(Cache<Arc<[Offer]>>);

impl Memory {
    pub(super) fn new(clock: &Clock, trust: &Trust) -> Self {
        let settings = Settings {
            bytes_max: BYTES_MAX,
            age_max: LISTS_AGE_MAX,
            ..Settings::default()
        };
        Memory(Cache::new("promotions", settings, clock, trust))
    }

    /// The promotions of an organisation that have not ended.
    pub(super) async fn promotions(
        &self,
        number: Organisation,
        load: impl AsyncFnOnce() -> Result<Vec<Offer>>,
    ) -> Result<Arc<[Offer]>> {
        self.0
            .get_or_set(&number.to_string(), || async {
                let offers = load().await?;
                let bytes = offers.iter().map(bytes).sum::<usize>() + ENTRY_BYTES;
                Ok(Loaded::new(offers.into(), bytes).of(number))
            })
            .await
    }

    /// Forgets the promotions of an organisation.
    pub(super) async fn forget(&self, number: Organisation) {
        self.0.invalidate_key(&number.to_string()).await;
    }

    /// Follows the bus until the stop.
    pub(super) async fn follow(&self, bus: &Bus, stop: &Stop) -> Result<()> {
        engine::follow(self, (bus, &[TOPICS]), stop).await
    }
}

impl Remembers for Memory {
    async fn learn(&self, message: &Message) {
        self.forget(message.organisation).await;
    }

    fn forget_all(&self) {
        self.0.invalidate_all();
    }
}

fn bytes(offer: &Offer) -> usize {
    let terms = &offer.terms;
    let named = terms.restaurants.len()
        + terms.brands.len()
        + terms.hours.len()
        + terms.sold.channels.len();
    OFFER_BYTES + (named + items(offer)) * NAMED_BYTES
}

fn items(offer: &Offer) -> usize {
    use trade::offers::Gives;
    match &offer.terms.gives {
        Gives::Percent { items, .. } | Gives::Bundle { items, .. } => items.len(),
        Gives::Amount { .. } | Gives::Delivery { .. } => 0,
    }
}
