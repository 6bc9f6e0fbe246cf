//! The use case of pricing: look up what is known, and ask the pure code.

use base::{Clock, Error, Result, Trail as _, codes};
use domain::organisations::{RestaurantId, State};
use domain::people::PersonId;
use domain::pricing::{Facts, PricedLine, Quote, Reason, Refused, quote};
use rpc::places::{Dish, PlaceHeld, PlaceWanted};
use rpc::{Current, Menus, Places, Restaurants, Venues};
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
    places: Places,
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
            places: Places::default(),
        }
    }

    /// The same, having places held by this service. It stands above what is sold, so it comes later.
    #[must_use]
    pub fn holding(self, places: Places) -> Self {
        App { places, ..self }
    }

    /// What an order would cost in a restaurant, and why it cannot be ordered. A restaurant that has published nothing
    /// looks as if it were not there. A place is held for this person, where one is named and it can be ordered.
    pub(super) async fn quote(
        &self,
        id: RestaurantId,
        (wish, holder): (Wish, Option<PersonId>),
    ) -> Result<QuoteView> {
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
        let place = match holder.filter(|_| quote.refusals.is_empty()) {
            Some(person) => {
                let wanted = PlaceWanted {
                    person,
                    restaurant: id,
                    service: facts.service,
                    channel: channel.clone(),
                    now,
                    wanted_at: wish.at,
                    dishes: dishes(&current, &quote),
                    items_minor: quote.totals.items.minor(),
                };
                self.places.hold(wanted).await.at()?
            }
            None => PlaceHeld::Unlimited,
        };
        let hold = match &place {
            PlaceHeld::Until { hold, .. } => Some(*hold),
            PlaceHeld::Unlimited | PlaceHeld::Refused { .. } => None,
        };
        let promise = Promise::made(quote.totals.total.minor(), now).with(hold);
        let is_refused = matches!(place, PlaceHeld::Refused { .. });
        let is_orderable = quote.refusals.is_empty() && !is_refused;
        let sealed = is_orderable.then(|| (promise.seal(&self.cursors, id), promise.until));
        Ok(QuoteView::of(&Shown {
            restaurant: id,
            revision: current.revision,
            menu: &current.menu,
            wish: &wish,
            at: facts.at,
            quote: &quote,
            promised: sealed,
            place: &place,
        }))
    }
}

/// What a kitchen would have to make.
fn dishes(current: &Current, quote: &Quote) -> Vec<Dish> {
    let dish = |line: &PricedLine| Dish {
        minutes: current
            .menu
            .item(line.item)
            .and_then(|item| item.prep_minutes),
        quantity: line.quantity,
    };
    quote.lines.iter().map(dish).collect()
}

#[track_caller]
fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such restaurant")
}
