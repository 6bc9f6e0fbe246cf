//! The use case of pricing: look up what is known, and ask the pure code.

use base::{Clock, Error, Result, Trail as _, codes};
use domain::organisations::{RestaurantId, State};
use domain::pricing::{Facts, Reason, Refused, quote};
use rpc::{Menus, Restaurants, Venues};
use slice::Cursors;

use super::promise::Promise;
use super::view::{QuoteView, Shown, Wish};

/// The slice at work. Cheap to clone.
#[derive(Clone)]
pub struct App {
    clock: Clock,
    cursors: Cursors,
    restaurants: Restaurants,
    venues: Venues,
    menus: Menus,
}

impl App {
    /// The slice over these parts, and those whom it asks.
    #[must_use]
    pub fn new(parts: &crate::Parts, venues: Venues, menus: Menus) -> Self {
        App {
            clock: parts.clock.clone(),
            cursors: parts.cursors.clone(),
            restaurants: parts.restaurants.clone(),
            venues,
            menus,
        }
    }

    /// What an order would cost in a restaurant, and why it cannot be ordered. A restaurant that has published nothing
    /// looks as if it were not there.
    pub(super) async fn quote(&self, id: RestaurantId, wish: Wish) -> Result<QuoteView> {
        let restaurant = self.restaurants.find(id).await.at()?;
        let restaurant = restaurant.ok_or_else(missing)?;
        let venue = self.venues.find(id).await.at()?.ok_or_else(missing)?;
        let current = self.menus.current(id).await.at()?.ok_or_else(missing)?;
        let now = self.clock.now();
        let channel = wish.channel()?.unwrap_or_default();
        let facts = Facts {
            menu: &current.menu,
            venue: &venue,
            availability: &current.availability,
            zone: restaurant.details.time_zone,
            service: wish.service(),
            channel: &channel,
            now,
            at: wish.at.unwrap_or(now),
            position: wish.position()?,
            discounts: &[],
            in_cash: wish.cash,
            tip_minor: 0,
        };
        let mut quote = quote(&facts, &wish.lines());
        if restaurant.state == State::Suspended {
            let reason = Reason::Closed;
            quote.refusals.retain(|refused| refused.reason != reason);
            quote.refusals.insert(0, Refused { line: None, reason });
        }
        let promise = Promise::made(quote.totals.total.minor(), now);
        let is_orderable = quote.refusals.is_empty();
        let sealed = is_orderable.then(|| (promise.seal(&self.cursors, id), promise.until));
        Ok(QuoteView::of(&Shown {
            restaurant: id,
            revision: current.revision,
            menu: &current.menu,
            wish: &wish,
            at: facts.at,
            quote: &quote,
            promised: sealed,
        }))
    }
}

#[track_caller]
fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such restaurant")
}
