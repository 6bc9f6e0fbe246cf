//! Placing an order: read what is known, price and decide in pure code, and store everything in one commit.

use std::collections::BTreeMap;

use base::{Error, Money, Result, Trail as _, codes};
use carte::ItemId;
use catalogue::menus::stock;
use domain::organisations::RestaurantId;
use domain::people::PersonId;
use domain::venues::business_day;
use engine::sagas::Begun;
use serde_json::{Map, Value as Json};
use slice::{Ask, wrong};
use store::{Commit, Committed, Failure, Key, Reply, Sealed, Taken};
use trade::ledger::Transaction;
use trade::orders::{
    Actor, Command, Event, Facts, LineKey, Order, OrderId, Paying, Placing, Rules, Ticket,
    TicketId, TicketState, Used, apply, counts, decide, of_quote,
};

use super::app::App;
use super::pay::Fresh;
use super::priced::{Priced, Scene, missing};
use super::store::{self as rows, FIELDS, HELD, Held, Stored, TAKE_NUMBER};
use super::view::{Asked, OrderView, Personal};
use super::{cart, claims};
use crate::carts::Body;
use crate::{capacity, credit, ledger, offers};

/// How often an order is decided anew because others took what it was decided upon.
const TRIES: usize = 8;

/// Who places an order, and what he sent.
#[derive(Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) ask: &'a Ask,
    pub(super) person: PersonId,
    /// As whom he places it: where he is not the diner himself, he stands for somebody without an account.
    pub(super) by: Actor,
    /// What he sent. It tells the request from another one: a cart that it names may be changed while it is ordered.
    pub(super) sent: &'a Asked,
    /// What is ordered: the same, or the cart with it.
    pub(super) asked: &'a Asked,
    /// The cart that it is, where it is one: what of it is dearer by now is refused.
    pub(super) seen: Option<&'a Body>,
}

impl Wish<'_> {
    /// Whose order it is; nobody's, where the restaurant takes it.
    pub(super) fn customer(&self) -> Option<PersonId> {
        (self.by == Actor::Diner).then_some(self.person)
    }

    /// Who called, where the restaurant takes it.
    fn caller(&self) -> Option<PersonId> {
        (self.by != Actor::Diner).then_some(self.person)
    }

    /// Under which name requests with the same key are told from those of other operations.
    fn operation(&self) -> &'static str {
        match self.by {
            Actor::Diner => "orders.place",
            Actor::Restaurant | Actor::Courier | Actor::Operator | Actor::Platform => "orders.take",
        }
    }
}

/// What is said in an order, and how often it was tried to place it.
#[derive(Clone, Copy)]
struct Said<'a> {
    keys: &'a [LineKey],
    tries: usize,
}

/// An order that is ready to be stored.
struct Ready {
    commit: Commit,
    /// What it shows, without what is personal.
    view: OrderView,
    personal: Personal,
    /// What comes of it when it is stored.
    after: After,
}

/// What is done when an order is stored.
#[derive(Default)]
struct After {
    /// What is counted of it, with what will be left.
    counted: Vec<(ItemId, Taken)>,
    /// The saga of its money, with what that need not read, but for the number that the commit gives.
    begun: Option<(Begun, Fresh, Taken)>,
}

/// An order that was placed, or the answer that was given when it was.
struct Settled {
    view: OrderView,
    /// What is said of the diner, where it was placed now.
    personal: Option<Personal>,
    after: After,
    committed: Option<Committed>,
}

/// What is stored beside an order.
struct Beside {
    sealed: [Option<Sealed>; 5],
    held: Held,
}

impl App {
    /// Places an order, once under its key, and answers when it is durable.
    pub(super) async fn place(&self, wish: &Wish<'_>) -> Result<OrderView> {
        let key = key(wish)?.filter(|_| !base::planted("key_forgotten"));
        let keys = wish.asked.keys()?;
        let mut said = Said {
            keys: &keys,
            tries: 1,
        };
        let settled = loop {
            match self.settle(wish, key.as_deref(), said).await {
                Err(error) if said.tries < TRIES && is_outrun(&error) => said.tries += 1,
                settled => break settled.map_err(outrun)?,
            }
        };
        if let Some(committed) = &settled.committed {
            self.follow(wish.asked.restaurant_id, settled.after, committed)
                .await;
        }
        // What was answered before is answered again, whatever is said now.
        let personal = match settled.personal {
            Some(personal) => personal,
            None => self.said(&self.find(settled.view.id).await?).await?,
        };
        settled.view.with(personal)
    }

    /// Goes on with an order that was just stored.
    async fn follow(&self, restaurant: RestaurantId, after: After, committed: &Committed) {
        if let Some((begun, mut fresh, number)) = after.begun {
            let number = committed.taken(number).map(u32::try_from);
            self.0.sagas.go(match number {
                Some(Ok(number)) => {
                    fresh.stored.order.number = number;
                    begun.hand(fresh, self.0.clock.now())
                }
                Some(Err(_)) | None => begun,
            });
        }
        for (item, taken) in after.counted {
            if committed.taken(taken) != Some(0) {
                continue;
            }
            if let Err(error) = self.0.stock.tell_left(restaurant, item).await {
                // The guard lets nobody have more than there is; it is only not shown yet.
                tracing::warn!(%restaurant, %item, ?error, "nobody was told that an item is sold out");
            }
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
                personal: Some(ready.personal),
                after: ready.after,
                committed: Some(committed),
            });
        };
        let restaurant = wish.asked.restaurant_id;
        let known = self.0.restaurants.find(restaurant).await.at()?;
        let key = Key {
            organisation: known.ok_or_else(missing)?.id.organisation(),
            caller: wish.ask.actor.clone(),
            operation: wish.operation().to_owned(),
            key: key.to_owned(),
        };
        // What was sent is personal: what tells it from another request must not be guessed from.
        let text = json(wish.sent)?;
        let digest = self.0.sealer.digest("order", &text, &deadline).await.at()?;
        let (mut after, mut personal) = (After::default(), None);
        let once = db.once(&key, &digest, &deadline, async || {
            let ready = self.decide(wish, said).await?;
            after = ready.after;
            personal = Some(ready.personal);
            let body = json(&ready.view)?;
            Ok::<_, Error>((ready.commit, Reply { status: 201, body }))
        });
        let (reply, committed) = once.await?;
        Ok(Settled {
            view: serde_json::from_str(&reply.body).map_err(unreadable)?,
            personal: personal.filter(|_| committed.is_some()),
            after,
            committed,
        })
    }

    /// Reads what is known, prices, decides, and writes the commit with all that belongs to an order.
    async fn decide(&self, wish: &Wish<'_>, said: Said<'_>) -> Result<Ready> {
        let whole = self.addressed(wish.person, wish.asked).await?;
        let asked = whole.as_ref().unwrap_or(wish.asked);
        let wish = &Wish { asked, ..*wish };
        let personal = Personal::of(asked, said.keys)?;
        let scene = self.scene(asked, said.tries).await?;
        let (priced, mut placing, bill) = self.costed(wish, (&scene, said.keys)).await?;
        if let Some(seen) = wish.seen {
            cart::none_dearer(seen, &priced.quote)?;
        }
        let total = priced.quote.totals.total;
        let at_stake = match placing.tab {
            Some(tab) => Money::new(tab.for_total(total.minor()).hold_minor, total.currency()),
            None => total,
        };
        let fraud = self.look_at(wish, &mut placing, at_stake).await?;
        let placed = counts(&placing.lines);
        let facts = Facts::new(wish.by, scene.now);
        let events = decide(None, &Command::Place(Box::new(placing)), &facts)?;
        let house = scene.restaurant.id.organisation();
        let mut commit = self.0.db.new_commit(house);
        let mut beside = Beside {
            sealed: self.seal(wish.person, &personal).await?,
            held: Held {
                cart: wish.asked.cart_id.zip(wish.asked.cart_version),
                minimum: scene.minimum(wish.asked)?,
                fraud,
                caller: wish.caller(),
                ..held(&scene, &placed)
            },
        };
        let order = events
            .iter()
            .try_fold(None, |order, event| apply(order, event).map(Some));
        let order = order?.ok_or_else(nothing)?;
        let paid = (&order, &mut beside.held, bill);
        let begun = self.begin_payments(wish, &mut commit, paid)?;
        let number = self.write(wish, &mut commit, (&scene, &events, &beside))?;
        let counted = match base::planted("stock_not_taken") {
            true => Vec::new(),
            false => stock::take(&mut commit, order.restaurant, &beside.held.stock),
        };
        let uid = order.id.uid();
        claims::take(&mut commit, &order, (wish.asked.cart_id, priced.first()));
        offers::take(&mut commit, uid, wish.customer(), &priced.given);
        priced.take_slot(&mut commit, uid);
        let sale = Transaction::sale(order.id, order.currency, &order.money).map_err(unbalanced)?;
        if !base::planted("sale_not_posted") {
            ledger::post(&mut commit, wish.ask, &sale)?;
        }
        if !base::planted("timer_not_set") {
            self.arm(&mut commit, &order)?;
        }
        self.forget_later(&mut commit, (&order, wish.caller()))?;
        let view = OrderView::of(&order);
        let begun = begun.map(|(begun, payment)| {
            let stored = beside.stored(order);
            (begun, Fresh { stored, payment }, number)
        });
        Ok(Ready {
            commit,
            view,
            personal,
            after: After { counted, begun },
        })
    }

    /// What is to be placed, as it was priced.
    pub(super) fn placing(
        &self,
        wish: &Wish<'_>,
        scene: &Scene,
        (priced, keys, rules): (&Priced, &[LineKey], Rules),
    ) -> Result<Placing> {
        let asked = wish.asked;
        let id = scene.restaurant.id;
        let sold = of_quote(&priced.quote, &scene.current.menu, keys);
        let sold = sold.ok_or_else(|| {
            Error::internal(codes::INTERNAL, "an order that was priced does not add up")
        })?;
        Ok(Placing {
            id: OrderId::make(&self.0.clock, &self.0.random, id.organisation()),
            restaurant: id,
            customer: wish.customer(),
            service: asked.service(),
            channel: asked.channel()?,
            number: 0,
            wanted_at: asked.wanted_at,
            promised_at: Some(priced.promised_at),
            revision: scene.current.revision,
            currency: priced.quote.currency,
            lines: sold.lines,
            money: asked.tipped(sold.money),
            vouchers_minor: 0,
            tab: None,
            tickets: vec![Ticket {
                id: TicketId::make(&self.0.clock, &self.0.random, id.organisation()),
                lines: keys.to_vec(),
                state: TicketState::Waiting,
            }],
            paying: Paying::Waiting,
            rules,
            offers: priced.given.iter().map(Used::from).collect(),
        })
    }

    /// The row and the events of a new order.
    fn write(
        &self,
        wish: &Wish<'_>,
        commit: &mut Commit,
        (scene, events, beside): (&Scene, &[Event], &Beside),
    ) -> Result<Taken> {
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
                beside.tell(&mut payload, wish.person)?;
                let event = wish.ask.event(commit, place, event.kind(), &payload)?;
                commit.event_with(event, [("number", number)]);
            } else {
                let event = wish.ask.event(commit, place, event.kind(), &payload)?;
                commit.event(event);
            }
            order = Some(next);
        }
        let order = order.ok_or_else(nothing)?;
        let sealed = rows::bytes(&beside.sealed);
        let [before, after] = rows::cells(&order, (&beside.held, sealed)).at()?;
        let before = before.into_iter().map(store::Cell::from);
        let after = after.into_iter().map(store::Cell::from);
        let cells = before.chain([number.into()]).chain(after);
        commit.insert(&rows::ORDERS, cells.collect::<Vec<_>>());
        Ok(number)
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

impl Beside {
    /// An order as it is stored with this.
    fn stored(self, order: Order) -> Stored {
        Stored {
            order,
            sealed: rows::bytes(&self.sealed),
            held: self.held,
        }
    }

    /// Adds what is kept beside an order to the payload of its first event.
    fn tell(&self, payload: &mut Map<String, Json>, person: PersonId) -> Result<()> {
        let held = serde_json::to_value(&self.held).map_err(unreadable)?;
        payload.insert(HELD.to_owned(), held);
        for (name, sealed) in FIELDS.iter().zip(&self.sealed) {
            let sealed = sealed.as_ref().map(|one| one.to_json(person.uid()));
            payload.extend(sealed.map(|sealed| ((*name).to_owned(), sealed)));
        }
        Ok(())
    }
}

/// What an order takes of what is counted.
fn held(scene: &Scene, placed: &BTreeMap<ItemId, u32>) -> Held {
    let availability = &scene.current.availability;
    let is_counted = |item: ItemId| availability.left(item, scene.now).is_some();
    let counted = placed.iter().filter(|(item, _)| is_counted(**item));
    Held {
        seen: availability.version,
        stock: counted.map(|(item, quantity)| (*item, *quantity)).collect(),
        ..Held::default()
    }
}

/// The payload of an event, as an object that fields may be added to.
pub(super) fn payload(event: &Event, after: &Order) -> Result<Map<String, Json>> {
    let told = event.told(after).map_err(|error| {
        Error::internal(codes::INTERNAL, "an event that is no JSON").caused_by(error)
    })?;
    match serde_json::to_value(told).map_err(unreadable)? {
        Json::Object(fields) => Ok(fields),
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

/// Whether somebody else was faster, so that deciding again may lead elsewhere.
fn is_outrun(error: &Error) -> bool {
    let failure = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    failure.is_some_and(|failure: &Failure| {
        stock::is_short(failure)
            || capacity::is_full(failure)
            || capacity::is_given_back(failure)
            || credit::is_short(failure)
            || offers::is_refused(failure)
            || claims::is_second(failure)
    })
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

/// What was priced adds up, or it would not have come so far.
#[track_caller]
pub(super) fn unbalanced(refusal: trade::ledger::Refusal) -> Error {
    Error::internal(codes::INTERNAL, "an order that does not balance").caused_by(refusal)
}

#[track_caller]
fn nothing() -> Error {
    Error::internal(codes::INTERNAL, "an order was placed and nothing happened")
}
