//! What is known of where an order is placed, and what it costs there: prices, offers and slots, by pure code over what
//! is read here.

use std::sync::Arc;

use base::{Error, Result, Time, Trail as _, Uid, codes};
use carte::{Channel, Service};
use domain::organisations::{Restaurant, State, TimeZone};
use domain::people::PersonId;
use domain::pricing::{self, Discount, Kind, Quote, Reason, Refused};
use domain::venues::{Position, Shape, Venue, Zone, Zones, local, zone_at};
use rpc::Current;
use slice::wrong;
use store::Commit;
use trade::capacity::Goods;
use trade::offers::{Code, Found, Given, Line};
use trade::orders::LineKey;

use super::app::App;
use super::claims::Before;
use super::slot::prep_minutes;
use super::tips::no_tips;
use super::view::Asked;
use crate::capacity::{self, Decided, Instead, Need};

/// A distance at which a restaurant itself is.
const AROUND_METRES: u32 = 1_000;

/// All that is known of where an order is placed.
pub(super) struct Scene {
    pub(super) restaurant: Arc<Restaurant>,
    pub(super) venue: Arc<Venue>,
    pub(super) current: Arc<Current>,
    pub(super) now: Time,
}

/// What an order costs, what it gets, and when it can be there.
pub(super) struct Priced {
    pub(super) quote: Quote,
    pub(super) given: Vec<Given>,
    /// What the diner has had before, where an offer depends on it.
    pub(super) before: Option<Before>,
    /// What it takes of a slot, where slots are counted.
    pub(super) need: Option<Need>,
    /// The place that was held for it.
    pub(super) instead: Option<Instead>,
    pub(super) promised_at: Time,
}

impl Priced {
    /// What the diner has had before, where something that is given is for the first order alone.
    pub(super) fn first(&self) -> Option<Before> {
        let mut given = self.given.iter();
        self.before.filter(|_| given.any(|given| given.first_order))
    }

    /// Has the commit of an order take its place in a slot: the one that was held for it, or one of its own.
    pub(super) fn take_slot(&self, commit: &mut Commit, order: Uid) {
        let need = self.need.as_ref();
        let need = need.filter(|_| !base::planted("slot_not_taken"));
        match (&self.instead, need) {
            (Some(instead), need) => capacity::use_hold(commit, order, (need, instead)),
            (None, Some(need)) => capacity::take(commit, order, need),
            (None, None) => {}
        }
    }
}

impl App {
    /// What is known, mostly from memory; past it what is sold, where that has led astray already.
    pub(super) async fn scene(&self, asked: &Asked, tries: usize) -> Result<Scene> {
        let id = asked.restaurant_id;
        let restaurant = self.0.restaurants.find(id).await.at()?;
        let venue = self.0.venues.find(id).await.at()?;
        let restaurant = restaurant.ok_or_else(missing)?;
        let venue = venue.ok_or_else(missing)?;
        let now = self.0.clock.now();
        let current = match tries {
            1 => self.0.menus.current(id).await.at()?,
            _ => self.0.menus.fresh(id).await.at()?,
        };
        Ok(Scene {
            venue: match asked.is_unplaced() {
                true => {
                    let at = asked.wanted_at.unwrap_or(now);
                    at_its_dearest(venue, (restaurant.details.time_zone, at))
                }
                false => venue,
            },
            restaurant,
            current: current.ok_or_else(missing)?,
            now,
        })
    }

    /// What an order costs, or why it cannot be taken: the codes are those of a quote, of a coupon, or of a slot.
    pub(super) async fn priced(
        &self,
        (scene, asked, in_cash): (&Scene, &Asked, bool),
        (person, keys): (Option<PersonId>, &[LineKey]),
    ) -> Result<Priced> {
        if asked.service() == Service::Delivery && asked.delivery_address.is_none() {
            return Err(wrong("deliveryAddress", "a delivery needs an address"));
        }
        let rules = self.rules(scene.restaurant.id).await?.rules;
        let tip = asked.tip(scene.current.menu.currency)?;
        if tip.minor() > 0 {
            let taken = rules.tip(asked.service(), asked.tip_for());
            taken.map_err(|why| no_tips(why, ("tip", "tipFor")))?;
        }
        if asked.is_unplaced() && rules.place_needed {
            let reason = Reason::PositionMissing;
            return Err(refused(&[Refused { line: None, reason }], keys));
        }
        let bare = scene.quote((asked, in_cash), &[])?;
        if !bare.refusals.is_empty() {
            return Err(refused(&bare.refusals, keys));
        }
        let hold = self.holds_promise(asked, scene.now, &bare)?;
        let offered = self.offered((scene, asked, in_cash), person, bare);
        let (quote, given, before) = offered.await?;
        if !quote.refusals.is_empty() {
            return Err(refused(&quote.refusals, keys));
        }
        let ((need, instead), ready_at) = self.slot((scene, asked), (&quote, hold)).await?;
        Ok(Priced {
            promised_at: scene.there_at(asked, ready_at)?,
            quote,
            given,
            before,
            need,
            instead,
        })
    }

    /// The same quote with what offers take off.
    async fn offered(
        &self,
        (scene, asked, in_cash): (&Scene, &Asked, bool),
        person: Option<PersonId>,
        bare: Quote,
    ) -> Result<(Quote, Vec<Given>, Option<Before>)> {
        let (found, before) = self.offers_for((scene, asked), person, &bare).await?;
        if let Some(refused) = found.refused {
            return Err(refusal().field("couponCode", refused.why.code(), refused.why.to_string()));
        }
        if found.discounts.is_empty() {
            return Ok((bare, found.given, before));
        }
        let quote = scene.quote((asked, in_cash), &found.discounts)?;
        Ok((quote, found.given, before))
    }

    /// Which offers an order gets; also, what its diner has had before, where an offer depends on it.
    pub(super) async fn offers_for(
        &self,
        (scene, asked): (&Scene, &Asked),
        person: Option<PersonId>,
        bare: &Quote,
    ) -> Result<(Found, Option<Before>)> {
        let code = asked.coupon_code.as_deref().map(Code::parse).transpose();
        let code = code.map_err(|error| wrong("couponCode", error.to_string()))?;
        let lines: Vec<Line> = bare
            .lines
            .iter()
            .map(|line| Line {
                line: line.line,
                item: line.item,
                quantity: line.quantity,
                minor: line.amount.minor(),
            })
            .collect();
        let delivery = bare.fees.iter().find(|fee| fee.kind == Kind::DeliveryFee);
        let id = scene.restaurant.id;
        let wanted = trade::offers::Asked {
            restaurant: id,
            brand: scene.restaurant.details.brand,
            zone: scene.restaurant.details.time_zone,
            currency: bare.currency,
            service: asked.service(),
            channel: &asked.channel()?,
            now: scene.now,
            at: asked.wanted_at.unwrap_or(scene.now),
            person,
            orders_before: None,
            lines: &lines,
            delivery_minor: delivery.map_or(0, |fee| fee.amount.minor()),
            coupon: code.as_ref(),
        };
        let mut before = None;
        let count = async || {
            // Of whoever is not known nobody knows that it is the first.
            let Some(person) = person else {
                return Ok(u64::MAX);
            };
            let found = self.had_before(id, person).await?;
            before = Some(found);
            Ok(u64::from(found.any))
        };
        let found = self
            .0
            .offers
            .find_counting(id.organisation(), &wanted, count);
        let found = found.await.at()?;
        Ok((found, before))
    }

    /// What an order takes of which slot, the place that was held for it, and when it is ready.
    async fn slot(
        &self,
        (scene, asked): (&Scene, &Asked),
        (quote, hold): (&Quote, Option<Uid>),
    ) -> Result<((Option<Need>, Option<Instead>), Time)> {
        let goods = quote.lines.iter().map(|line| Goods {
            minutes: prep_minutes(Some(&scene.current), line.item),
            quantity: line.quantity,
        });
        let goods: Vec<Goods> = goods.collect();
        let wanted = capacity::Asked {
            restaurant: scene.restaurant.id,
            service: asked.service(),
            channel: &asked.channel()?,
            now: scene.now,
            wanted_at: asked.wanted_at,
            goods: &goods,
            money_minor: quote.totals.items.minor(),
        };
        let (decided, instead) = self.0.capacity.find_held(&wanted, hold).await.at()?;
        match decided {
            Decided::Free { ready_at } => Ok(((None, instead), ready_at)),
            Decided::Take(need) => {
                let ready_at = need.ready_at;
                Ok(((Some(need), instead), ready_at))
            }
            Decided::Refused { why, next } => {
                let said = match next {
                    Some(next) => format!("{why} The next time is {next}."),
                    None => why.to_string(),
                };
                Err(refusal().field("wantedAt", why.code(), said))
            }
        }
    }
}

impl Scene {
    /// Whether it costs more to pay in cash.
    pub(super) fn has_cash_fee(&self, service: Service) -> bool {
        self.venue.fees.of(service).cash_minor > 0
    }

    /// What it costs with these discounts, in cash or not, or why it cannot be ordered.
    pub(super) fn quote(
        &self,
        (asked, in_cash): (&Asked, bool),
        discounts: &[Discount],
    ) -> Result<Quote> {
        let channel: Channel = asked.channel()?;
        let facts = pricing::Facts {
            menu: &self.current.menu,
            venue: &self.venue,
            availability: &self.current.availability,
            zone: self.restaurant.details.time_zone,
            service: asked.service(),
            channel: &channel,
            now: self.now,
            at: asked.wanted_at.unwrap_or(self.now),
            position: self.position(asked)?,
            discounts,
            in_cash,
            tip_minor: asked.tip(self.current.menu.currency)?.minor(),
        };
        let mut quote = pricing::quote(&facts, &asked.wanted());
        self.closes_if_suspended(&mut quote);
        Ok(quote)
    }

    /// A restaurant that is suspended is closed, whatever its hours say.
    pub(super) fn closes_if_suspended(&self, quote: &mut Quote) {
        if self.restaurant.state == State::Suspended {
            let reason = Reason::Closed;
            quote.refusals.retain(|refused| refused.reason != reason);
            quote.refusals.insert(0, Refused { line: None, reason });
        }
    }

    /// Where it is brought. An address without a place is taken for one in the dearest zone ([`at_its_dearest`]), which
    /// the restaurant sees before it accepts.
    fn position(&self, asked: &Asked) -> Result<Option<Position>> {
        let said = asked.position()?;
        match asked.service() {
            Service::Delivery => Ok(said.or(self.venue.profile.position)),
            Service::Pickup | Service::DineIn => Ok(said),
        }
    }

    /// The zone to which it is brought.
    fn zone(&self, asked: &Asked) -> Result<Option<&Zone>> {
        let place = match asked.service() {
            Service::Delivery => self.position(asked)?,
            Service::Pickup | Service::DineIn => None,
        };
        let at = asked.wanted_at.unwrap_or(self.now);
        let when = (self.restaurant.details.time_zone, at);
        Ok(place.and_then(|place| zone_at(&self.venue, place, when)))
    }

    /// What the place to which it is brought asks for at least, in minor units.
    pub(super) fn minimum(&self, asked: &Asked) -> Result<Option<i64>> {
        let zone = self.zone(asked)?;
        Ok(zone
            .map(|zone| zone.minimum_minor)
            .filter(|minor| *minor > 0))
    }

    /// When it is with the diner: when he wants it, or as soon as it is made and brought.
    fn there_at(&self, asked: &Asked, ready_at: Time) -> Result<Time> {
        if let Some(wanted) = asked.wanted_at {
            return Ok(wanted);
        }
        let minutes = self.zone(asked)?.map_or(0, |zone| u64::from(zone.minutes));
        let way = std::time::Duration::from_secs(minutes.saturating_mul(60));
        Ok(ready_at.plus(way).unwrap_or(ready_at))
    }
}

/// A restaurant for somebody who says no place: the dearest of its zones then is all around it. So nobody pays less by
/// saying nothing, and nobody is sent away whose address the restaurant knows well.
fn at_its_dearest(venue: Arc<Venue>, (zone, at): (TimeZone, Time)) -> Arc<Venue> {
    let zones = venue.zones.on(local(zone, at));
    let dearest = zones.max_by_key(|zone| (zone.fee_minor, zone.minimum_minor, zone.minutes));
    let around = dearest.map(|zone| Zone {
        shape: Shape::Radius(AROUND_METRES),
        ..zone.clone()
    });
    match around.map(|zone| Zones::new(vec![zone])) {
        Some(Ok(zones)) => Arc::new(Venue {
            zones,
            ..Venue::clone(&venue)
        }),
        Some(Err(_)) | None => venue,
    }
}

/// Why an order cannot be taken: the codes are those of a quote.
pub(super) fn refused(refusals: &[Refused], keys: &[LineKey]) -> Error {
    refusals.iter().fold(refusal(), |error, refused| {
        let key = refused.line.and_then(|line| keys.get(line));
        let field = key.map_or_else(|| "order".to_owned(), |key| format!("items.{key}"));
        error.field(field, refused.reason.code(), refused.reason.to_string())
    })
}

#[track_caller]
pub(super) fn refusal() -> Error {
    let said = "the order cannot be taken as it is; the fields say why";
    Error::conflict(codes::ORDER_REFUSED, said)
}

#[track_caller]
pub(super) fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such restaurant")
}
