//! Placing an order: read what is known, price and decide in pure code, and store everything in one commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{Error, Result, Time, Trail as _, codes};
use carte::{Channel, ItemId, Service};
use catalogue::menus::stock;
use domain::orders::{
    Actor, Command, Event, Facts, LineKey, Order, OrderId, Paying, Placing, Rules, apply, counts,
    decide, of_quote,
};
use domain::organisations::{Restaurant, RestaurantId, State};
use domain::people::PersonId;
use domain::pricing::{self, Quote, Reason, Refused};
use domain::venues::{Position, Venue, business_day};
use rpc::Current;
use slice::{Ask, wrong};
use store::{Commit, Committed, Key, Reply, Sealed, Taken};

use super::app::App;
use super::store::{self as rows, FIELDS, HELD, Held, TAKE_NUMBER};
use super::view::{Asked, OrderView, Personal};

/// How often an order is decided anew because others took what it was decided upon.
const TRIES: usize = 8;
/// Under which name requests with the same key are told from those of other operations.
const OPERATION: &str = "orders.place";

/// All that is known of where an order is placed.
struct Scene {
    restaurant: Arc<Restaurant>,
    venue: Arc<Venue>,
    current: Arc<Current>,
    now: Time,
}

/// An order that is ready to be stored.
struct Ready {
    commit: Commit,
    /// What it shows, without what is personal.
    view: OrderView,
    /// What is counted of it, with what will be left.
    counted: Vec<(ItemId, Taken)>,
}

/// What is said in an order, and how often it was tried to place it.
#[derive(Clone, Copy)]
struct Said<'a> {
    keys: &'a [LineKey],
    personal: &'a Personal,
    tries: usize,
}

/// An order that was placed, or the answer that was given when it was.
struct Settled {
    view: OrderView,
    counted: Vec<(ItemId, Taken)>,
    committed: Option<Committed>,
}

/// What is stored beside an order.
struct Beside {
    sealed: [Option<Sealed>; 5],
    held: Held,
}

/// Who places an order, and what he sent.
pub(super) struct Wish<'a> {
    pub(super) ask: &'a Ask,
    pub(super) person: PersonId,
    pub(super) asked: &'a Asked,
}

impl App {
    /// Places an order, once under its key, and answers when it is durable.
    pub(super) async fn place(&self, wish: &Wish<'_>) -> Result<OrderView> {
        let key = key(wish)?;
        let keys = wish.asked.keys()?;
        let personal = Personal::of(wish.asked, &keys)?;
        let restaurant = wish.asked.restaurant_id;
        let mut said = Said {
            keys: &keys,
            personal: &personal,
            tries: 1,
        };
        let settled = loop {
            match self.settle(wish, key.as_deref(), said).await {
                Err(error) if said.tries < TRIES && is_outrun(&error) => said.tries += 1,
                settled => break settled.map_err(outrun)?,
            }
        };
        for (item, taken) in settled.counted {
            let left = settled
                .committed
                .as_ref()
                .and_then(|done| done.taken(taken));
            if left == Some(0) {
                self.tell_left(restaurant, item).await;
            }
        }
        Ok(settled.view.with(personal))
    }

    /// Tells everybody how many are left of a counted item, where that is news.
    pub(super) async fn tell_left(&self, restaurant: RestaurantId, item: ItemId) {
        if let Err(error) = self.0.stock.tell_left(restaurant, item).await {
            // The guard lets nobody have more than there is; it is only not shown yet.
            tracing::warn!(%restaurant, %item, ?error, "nobody was told how much is left of an item");
        }
    }

    /// One try: decides and commits, or finds the answer that was given under the key.
    async fn settle(&self, wish: &Wish<'_>, key: Option<&str>, said: Said<'_>) -> Result<Settled> {
        let db = &self.0.db;
        let deadline = db.deadline();
        let Some(key) = key else {
            let ready = self.decide(wish, said).await?;
            let committed = db.commit(ready.commit, &deadline).await.at()?;
            return Ok(Settled {
                view: ready.view,
                counted: ready.counted,
                committed: Some(committed),
            });
        };
        let restaurant = self
            .0
            .restaurants
            .find(wish.asked.restaurant_id)
            .await
            .at()?;
        let restaurant = restaurant.ok_or_else(missing_restaurant)?;
        let key = Key {
            organisation: restaurant.id.organisation(),
            caller: wish.ask.actor.clone(),
            operation: OPERATION.to_owned(),
            key: key.to_owned(),
        };
        // What was sent is personal: what tells it from another request must not be guessed from.
        let text = json(wish.asked)?;
        let digest = self.0.sealer.digest("order", &text, &deadline).await.at()?;
        let mut counted = Vec::new();
        let once = db.once(&key, &digest, &deadline, async || {
            let ready = self.decide(wish, said).await?;
            counted = ready.counted;
            let body = json(&ready.view)?;
            Ok::<_, Error>((ready.commit, Reply { status: 201, body }))
        });
        let (reply, committed) = once.await?;
        Ok(Settled {
            view: serde_json::from_str(&reply.body).map_err(unreadable)?,
            counted,
            committed,
        })
    }

    /// Reads what is known, prices, decides, and writes the commit.
    async fn decide(&self, wish: &Wish<'_>, said: Said<'_>) -> Result<Ready> {
        let (asked, keys) = (wish.asked, said.keys);
        let scene = self.scene(asked, said.tries).await?;
        let mut commit = self.0.db.new_commit(scene.restaurant.id.organisation());
        let quote = priced(&scene, asked)?;
        if !quote.refusals.is_empty() {
            return Err(refused(&quote.refusals, keys));
        }
        let placing = self.placing(wish, &scene, (&quote, keys))?;
        let facts = Facts::new(Actor::Diner, scene.now);
        let placed = counts(&placing.lines);
        let events = decide(None, &Command::Place(Box::new(placing)), &facts)?;
        let beside = Beside {
            sealed: self.seal(wish.person, said.personal).await?,
            held: held(&scene, &placed),
        };
        let order = self.write(wish, &mut commit, (&scene, &events, &beside))?;
        let counted = stock::take(&mut commit, order.restaurant, &beside.held.stock);
        self.arm(&mut commit, &order)?;
        Ok(Ready {
            commit,
            view: OrderView::of(&order),
            counted,
        })
    }

    /// What is known, mostly from memory; past it what is sold, where that has led astray already.
    async fn scene(&self, asked: &Asked, tries: usize) -> Result<Scene> {
        let id = asked.restaurant_id;
        let restaurant = self.0.restaurants.find(id).await.at()?;
        let venue = self.0.venues.find(id).await.at()?;
        let current = match tries {
            1 => self.0.menus.current(id).await.at()?,
            _ => self.0.menus.fresh(id).await.at()?,
        };
        Ok(Scene {
            restaurant: restaurant.ok_or_else(missing_restaurant)?,
            venue: venue.ok_or_else(missing_restaurant)?,
            current: current.ok_or_else(missing_restaurant)?,
            now: self.0.clock.now(),
        })
    }

    /// What is to be placed, as it was priced.
    fn placing(
        &self,
        wish: &Wish<'_>,
        scene: &Scene,
        (quote, keys): (&Quote, &[LineKey]),
    ) -> Result<Placing> {
        let asked = wish.asked;
        let id = scene.restaurant.id;
        let menu = &scene.current.menu;
        let sold = of_quote(quote, menu, keys);
        let sold = sold.ok_or_else(|| {
            Error::internal(codes::INTERNAL, "an order that was priced does not add up")
        })?;
        Ok(Placing {
            id: OrderId::make(&self.0.clock, &self.0.random, id.organisation()),
            restaurant: id,
            customer: Some(wish.person),
            service: asked.service(),
            channel: asked.channel()?,
            number: 0,
            wanted_at: asked.wanted_at,
            promised_at: asked.wanted_at,
            revision: scene.current.revision,
            currency: quote.currency,
            lines: sold.lines,
            money: sold.money,
            tickets: Vec::new(),
            paying: Paying::OnDelivery,
            rules: Rules::default(),
        })
    }

    /// The row and the events of a new order.
    fn write(
        &self,
        wish: &Wish<'_>,
        commit: &mut Commit,
        (scene, events, beside): (&Scene, &[Event], &Beside),
    ) -> Result<Order> {
        let zone = scene.restaurant.details.time_zone;
        let day = business_day(&scene.venue, zone, scene.now).to_string();
        let restaurant = scene.restaurant.id.uid();
        let number = commit.guard(&TAKE_NUMBER, [restaurant.into(), day.into()]);
        let mut order = None;
        for event in events {
            let next = apply(order, event)?;
            let mut payload = payload(event, &next)?;
            let place = (next.id.uid(), next.version);
            if next.version == 1 {
                let held = serde_json::to_value(&beside.held).map_err(unreadable)?;
                payload.insert(HELD.to_owned(), held);
                for (name, sealed) in FIELDS.iter().zip(&beside.sealed) {
                    let sealed = sealed.as_ref().map(|one| one.to_json(wish.person.uid()));
                    payload.extend(sealed.map(|sealed| ((*name).to_owned(), sealed)));
                }
                let event = wish.ask.event(commit, place, event.kind(), &payload)?;
                commit.event_with(event, [("number", number)]);
            } else {
                let event = wish.ask.event(commit, place, event.kind(), &payload)?;
                commit.event(event);
            }
            order = Some(next);
        }
        let order = order.ok_or_else(|| {
            Error::internal(codes::INTERNAL, "an order was placed and nothing happened")
        })?;
        let [before, after] =
            rows::cells(&order, (&beside.held, rows::bytes(&beside.sealed))).at()?;
        let before = before.into_iter().map(store::Cell::from);
        let after = after.into_iter().map(store::Cell::from);
        let cells = before.chain([number.into()]).chain(after);
        commit.insert(&rows::ORDERS, cells.collect::<Vec<_>>());
        Ok(order)
    }

    async fn seal(&self, person: PersonId, said: &Personal) -> Result<[Option<Sealed>; 5]> {
        let deadline = self.0.db.deadline();
        let mut all: [Option<Sealed>; 5] = Default::default();
        for ((sealed, name), text) in all.iter_mut().zip(FIELDS).zip(said.texts()) {
            if let Some(text) = text {
                let seal = self.0.sealer.seal(person.uid(), name, text, &deadline);
                *sealed = Some(seal.await.at()?);
            }
        }
        Ok(all)
    }
}

/// What it costs, or why it cannot be ordered.
fn priced(scene: &Scene, asked: &Asked) -> Result<Quote> {
    let currency = scene.current.menu.currency;
    let channel: Channel = asked.channel()?;
    let service = asked.service();
    let facts = pricing::Facts {
        menu: &scene.current.menu,
        venue: &scene.venue,
        availability: &scene.current.availability,
        zone: scene.restaurant.details.time_zone,
        service,
        channel: &channel,
        now: scene.now,
        at: asked.wanted_at.unwrap_or(scene.now),
        position: position(scene, asked, service)?,
        discounts: &[],
        tip_minor: asked.tip(currency)?.minor(),
    };
    let mut quote = pricing::quote(&facts, &asked.wanted());
    if scene.restaurant.state == State::Suspended {
        let reason = Reason::Closed;
        quote.refusals.retain(|refused| refused.reason != reason);
        quote.refusals.insert(0, Refused { line: None, reason });
    }
    Ok(quote)
}

/// Where it is brought. An address without a place counts as near the restaurant, which sees it before it accepts.
fn position(scene: &Scene, asked: &Asked, service: Service) -> Result<Option<Position>> {
    let said = asked.position()?;
    if service != Service::Delivery {
        return Ok(said);
    }
    if asked.delivery_address.is_none() {
        return Err(wrong("deliveryAddress", "a delivery needs an address"));
    }
    Ok(said.or(scene.venue.profile.position))
}

/// What an order takes of what is counted.
fn held(scene: &Scene, placed: &BTreeMap<ItemId, u32>) -> Held {
    let availability = &scene.current.availability;
    let is_counted = |item: ItemId| availability.left(item, scene.now).is_some();
    let counted = placed.iter().filter(|(item, _)| is_counted(**item));
    Held {
        seen: availability.version,
        stock: counted.map(|(item, quantity)| (*item, *quantity)).collect(),
    }
}

/// The payload of an event, as an object that fields may be added to.
pub(super) fn payload(
    event: &Event,
    after: &Order,
) -> Result<serde_json::Map<String, serde_json::Value>> {
    let told = event.told(after).map_err(|error| {
        Error::internal(codes::INTERNAL, "an event that is no JSON").caused_by(error)
    })?;
    match serde_json::to_value(told).map_err(unreadable)? {
        serde_json::Value::Object(fields) => Ok(fields),
        _ => Err(Error::internal(
            codes::INTERNAL,
            "an event that is no object",
        )),
    }
}

/// The key of a request, from its header or its body; if both say one they say the same.
fn key(wish: &Wish<'_>) -> Result<Option<String>> {
    let (header, body) = (&wish.ask.key, &wish.asked.idempotency_key);
    if let Some(body) = body {
        let is_visible = body.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
        if !is_visible || header.as_ref().is_some_and(|header| header != body) {
            let said = "it has visible characters, the same as in the header Idempotency-Key";
            return Err(wrong("idempotencyKey", said));
        }
    }
    Ok(header.clone().or_else(|| body.clone()))
}

/// Why an order cannot be taken: the codes are those of a quote.
fn refused(refusals: &[Refused], keys: &[LineKey]) -> Error {
    let said = "the order cannot be taken as it is; the fields say why";
    let error = Error::conflict(codes::ORDER_REFUSED, said);
    refusals.iter().fold(error, |error, refused| {
        let key = refused.line.and_then(|line| keys.get(line));
        let field = key.map_or_else(|| "order".to_owned(), |key| format!("items.{key}"));
        error.field(field, refused.reason.code(), refused.reason.to_string())
    })
}

/// Whether somebody else was faster, so that deciding again may lead elsewhere.
fn is_outrun(error: &Error) -> bool {
    let failure = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    failure.is_some_and(stock::is_short)
}

/// What is said in the end, when others were faster again and again.
fn outrun(error: Error) -> Error {
    match is_outrun(&error) {
        true => Error::conflict(
            codes::CONFLICT,
            "others took the last of it at the same time, again and again",
        )
        .caused_by(error),
        false => error,
    }
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(unreadable)
}

#[track_caller]
fn unreadable(error: serde_json::Error) -> Error {
    Error::internal(codes::INTERNAL, "a value that is no JSON").caused_by(error)
}

#[track_caller]
fn missing_restaurant() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such restaurant")
}
