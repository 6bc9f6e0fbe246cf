//! Reading orders: by those who placed them, and by those who make them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Error, Organisation, Page, Random, Result, Trail as _, Uid, codes};
use domain::organisations::RestaurantId;
use domain::people::PersonId;
use edge::Places;
use engine::sagas::Sagas;
use fabric::Bus;
use rpc::{Addresses, Fraud, Menus, Restaurants, Venues};
use slice::{Cursors, Turn, wrong};
use store::{Db, Opened, Sealer};
use trade::orders::{Order, OrderId, Status};

use super::rules::Remembered;
use super::store::{self as rows, FIELDS, Stored, Which};
use super::view::{OrderView, PaidView, Personal, Returned};
use crate::carts::Shelf;
use crate::{capacity, credit, ledger, offers, payments};

/// For how long those who made an order see for whom, after it has ended.
pub(super) const SEEN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How many orders are given out at once.
const EXPORTED_AT_ONCE: i64 = 100;
/// An id after all others.
const LAST: Uid = Uid::from_bytes([0xff; 16]);

/// The use cases of orders. Cheap to clone.
#[derive(Clone)]
pub struct App(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) random: Random,
    pub(super) cursors: Cursors,
    pub(super) sealer: Sealer,
    pub(super) restaurants: Restaurants,
    pub(super) venues: Venues,
    pub(super) menus: Menus,
    pub(super) fraud: Fraud,
    pub(super) addresses: Addresses,
    pub(super) stock: catalogue::menus::App,
    pub(super) offers: offers::App,
    pub(super) capacity: capacity::App,
    pub(super) payments: payments::App,
    pub(super) credit: credit::App,
    pub(super) ledger: ledger::App,
    pub(super) sagas: Sagas,
    pub(super) bus: Bus,
    pub(super) rules: Remembered,
    pub(super) carts: Shelf,
}

/// The slices whose parts an order's commit has.
#[derive(Clone)]
pub struct With {
    /// What is taken off.
    pub offers: offers::App,
    /// How much kitchens take on.
    pub capacity: capacity::App,
    /// What is paid.
    pub payments: payments::App,
    /// What people have as credit.
    pub credit: credit::App,
    /// What is in the books.
    pub ledger: ledger::App,
    /// What goes on by itself.
    pub sagas: Sagas,
}

impl App {
    /// The slice over these parts and slices.
    #[must_use]
    pub fn new(parts: &crate::Parts, with: With) -> Self {
        App(Arc::new(Inner {
            db: parts.db.clone(),
            clock: parts.clock.clone(),
            random: parts.random.clone(),
            cursors: parts.cursors.clone(),
            sealer: parts.sealer.clone(),
            restaurants: parts.restaurants.clone(),
            venues: parts.venues.clone(),
            menus: parts.menus.clone(),
            fraud: parts.fraud.clone(),
            addresses: parts.addresses.clone(),
            stock: parts.stock.clone(),
            offers: with.offers,
            capacity: with.capacity,
            payments: with.payments,
            credit: with.credit,
            ledger: with.ledger,
            sagas: with.sagas,
            bus: parts.bus.clone(),
            rules: Remembered::new(&parts.clock, &parts.trust),
            carts: Shelf::new(parts),
        }))
    }

    /// An order of whoever asks, with all that he said. Those of others are missing.
    pub(super) async fn own(&self, person: PersonId, id: OrderId) -> Result<OrderView> {
        let stored = self.find_own(person, id).await?;
        let mut view = self.opened(&stored).await?;
        view.payments = self.paid(&stored).await?;
        let mut actions = view.payments.iter().filter_map(|one| one.action.as_ref());
        view.payment_url = actions.next().map(|action| action.url.clone());
        Ok(view)
    }

    /// Goes on with the payment of an order whose diner came back from the provider's page.
    pub(super) async fn came_back(
        &self,
        (person, id): (PersonId, OrderId),
        back: &Returned,
    ) -> Result<OrderView> {
        let stored = self.find_own(person, id).await?;
        if let Some(payment) = self.returned_to(&stored, back).await? {
            self.0.payments.go_on(payment, back.said()).await?;
        }
        self.own(person, id).await
    }

    /// The orders of a person, the newest first, wherever they are kept.
    pub(super) async fn owns(&self, person: PersonId, turn: &Turn) -> Result<Page<OrderView>> {
        let (ids, next) = self.own_ids("orders", person, turn).await?;
        let items = self.views(&ids).await?;
        Ok(Page { items, next })
    }

    /// What a person has paid for his orders, the newest first.
    pub(super) async fn pays(&self, person: PersonId, turn: &Turn) -> Result<Page<PaidView>> {
        let (ids, next) = self.own_ids("payments", person, turn).await?;
        let mut items = Vec::with_capacity(ids.len());
        for stored in self.all(&ids).await? {
            items.push(PaidView::of(&stored.order, self.paid(&stored).await?));
        }
        Ok(Page { items, next })
    }

    /// The ids of a part of a person's orders, and the cursor to the rest if there is one.
    async fn own_ids(
        &self,
        what: &str,
        person: PersonId,
        turn: &Turn,
    ) -> Result<(Vec<Uid>, Option<String>)> {
        let scope = format!("{what} of {person}");
        let before = self.before(&scope, turn)?;
        let limit = turn.limit.get();
        let wanted = (before, one_more(limit));
        let mut ids = rows::own(&self.0.db, person, wanted).await.at()?;
        let next = self.next(&scope, &mut ids, limit);
        Ok((ids, next))
    }

    /// Orders by their ids as they are shown, in the order of the ids.
    async fn views(&self, ids: &[Uid]) -> Result<Vec<OrderView>> {
        let mut items = Vec::with_capacity(ids.len());
        for stored in self.all(ids).await? {
            items.push(self.opened(&stored).await?);
        }
        Ok(items)
    }

    /// Orders by their ids, wherever they are kept, in the order of the ids.
    async fn all(&self, ids: &[Uid]) -> Result<Vec<Stored>> {
        let mut by_house: BTreeMap<Organisation, Vec<Uid>> = BTreeMap::new();
        for id in ids {
            by_house.entry(id.organisation()).or_default().push(*id);
        }
        let mut found = BTreeMap::new();
        for (house, ids) in by_house {
            for stored in rows::some(&self.0.db, house, ids).await.at()? {
                found.insert(stored.order.id.uid(), stored);
            }
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// All orders that a person has placed, as JSON, with all that was said in them.
    pub(crate) async fn export(&self, person: PersonId) -> Result<String> {
        let mut all = Vec::new();
        let mut before = LAST;
        loop {
            let wanted = (before, EXPORTED_AT_ONCE);
            let ids = rows::own(&self.0.db, person, wanted).await.at()?;
            let Some(last) = ids.last() else { break };
            before = *last;
            for view in self.views(&ids).await? {
                all.push(serde_json::to_value(&view).map_err(|error| {
                    Error::internal(codes::INTERNAL, "an order that is no JSON").caused_by(error)
                })?);
            }
        }
        Ok(serde_json::Value::from(all).to_string())
    }

    /// An order as the restaurant sees it, once its money is safe.
    pub(super) async fn seen(&self, restaurant: RestaurantId, id: OrderId) -> Result<OrderView> {
        let stored = self.find(id).await?;
        if stored.order.restaurant != restaurant || !stored.order.is_shown() {
            return Err(missing());
        }
        let mut view = self.shown(&stored).await?;
        view.payments = self.paid(&stored).await?;
        // What its payer has to do is for him alone.
        for payment in &mut view.payments {
            payment.action = None;
        }
        Ok(view)
    }

    /// The orders of a restaurant whose money is safe, the newest first.
    pub(super) async fn list(
        &self,
        restaurant: RestaurantId,
        status: Option<&str>,
        turn: &Turn,
    ) -> Result<Page<OrderView>> {
        let which = which(status)?;
        let scope = format!("orders at {restaurant} {}", status.unwrap_or_default());
        let before = self.before(&scope, turn)?;
        let limit = turn.limit.get();
        let wanted = (before, one_more(limit));
        let mut found = rows::list(&self.0.db, (restaurant, &which), wanted)
            .await
            .at()?;
        let mut ids: Vec<Uid> = found.iter().map(|one| one.order.id.uid()).collect();
        let next = self.next(&scope, &mut ids, limit);
        found.truncate(ids.len());
        let people = found.iter().filter_map(Stored::whose);
        let people: Vec<Uid> = people.map(|person| person.uid()).collect();
        let deadline = self.0.db.deadline();
        self.0.sealer.prepare(&people, &deadline).await.at()?;
        let mut items = Vec::with_capacity(found.len());
        for stored in &found {
            items.push(self.shown(stored).await?);
        }
        Ok(Page { items, next })
    }

    /// An order by its id.
    pub(super) async fn find(&self, id: OrderId) -> Result<Stored> {
        if !self.0.db.knows(id.organisation()).await {
            return Err(missing());
        }
        let found = rows::find(&self.0.db, id).await.at()?;
        found.ok_or_else(missing)
    }

    /// An order of a person; those of others are missing.
    pub(super) async fn find_own(&self, person: PersonId, id: OrderId) -> Result<Stored> {
        let stored = self.find(id).await?;
        match self.is_of(&stored.order, person).await? {
            true => Ok(stored),
            false => Err(missing()),
        }
    }

    /// An order of a restaurant that a permission reaches; any other is missing.
    pub(super) async fn within(&self, places: &Places, order: &Order) -> Result<()> {
        if places.hold(order.restaurant.uid()) {
            return Ok(());
        }
        let restaurant = self.0.restaurants.find(order.restaurant).await.at()?;
        let brand = restaurant.and_then(|found| found.details.brand);
        match brand.is_some_and(|brand| places.hold(brand.uid())) {
            true => Ok(()),
            false => Err(missing()),
        }
    }

    /// An order as those see it who make it: for whom it is they see while it is open, and a while longer.
    async fn shown(&self, stored: &Stored) -> Result<OrderView> {
        let order = &stored.order;
        let ended = self.0.clock.now().since(order.moved_at);
        let view = match order.status.is_final() && ended > SEEN_FOR {
            true => OrderView::of(order),
            false => self.opened(stored).await?,
        };
        Ok(view.judged(stored.held.fraud.as_ref()))
    }

    /// An order of whoever asks as it is kept, with what he said, to be ordered again.
    pub(crate) async fn again(&self, person: PersonId, id: OrderId) -> Result<(Order, Personal)> {
        let stored = self.find_own(person, id).await?;
        let said = self.said(&stored).await?;
        Ok((stored.order, said))
    }

    /// An order with what is said of the diner, as long as he was not erased.
    async fn opened(&self, stored: &Stored) -> Result<OrderView> {
        let said = self.said(stored).await?;
        OrderView::of(&stored.order).with(said)
    }

    /// What is said of the diner of an order.
    pub(super) async fn said(&self, stored: &Stored) -> Result<Personal> {
        let Some(person) = stored.whose() else {
            return Ok(Personal::default());
        };
        let deadline = self.0.db.deadline();
        let mut texts: [Option<String>; 5] = Default::default();
        let fields = texts.iter_mut().zip(FIELDS).zip(&stored.sealed);
        for ((text, field), sealed) in fields {
            let Some(sealed) = sealed else { continue };
            let opened = self.0.sealer.open(person.uid(), field, sealed, &deadline);
            *text = match opened.await.at()? {
                Opened::Text(text) => Some(text),
                Opened::Erased => None,
            };
        }
        Ok(Personal::of_texts(texts))
    }

    fn before(&self, scope: &str, turn: &Turn) -> Result<Uid> {
        match &turn.cursor {
            Some(cursor) => Ok(Uid::from_bytes(self.0.cursors.open(scope, cursor)?)),
            None => Ok(LAST),
        }
    }

    /// Keeps as many as fit, and gives the cursor to the rest if there is one.
    fn next(&self, scope: &str, ids: &mut Vec<Uid>, limit: usize) -> Option<String> {
        let more = ids.len() > limit;
        ids.truncate(limit);
        let last = ids.last().filter(|_| more)?;
        Some(self.0.cursors.seal(scope, last.as_bytes()))
    }
}

/// Which orders a status means: none is all, `open` is all that are under way.
fn which(status: Option<&str>) -> Result<Which> {
    let Some(name) = status else {
        return Ok(Which::All);
    };
    if name == "open" {
        return Ok(Which::Open);
    }
    let status = Status::find(name);
    let status = status.ok_or_else(|| wrong("status", "it is a status of an order, or open"))?;
    Ok(match status.is_final() {
        true => Which::As(status.name()),
        false => Which::OpenAs(status.name()),
    })
}

fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

#[track_caller]
pub(super) fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such thing")
}
