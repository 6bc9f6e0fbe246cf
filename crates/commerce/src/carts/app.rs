//! The use cases of carts: each reads, changes, keeps, and answers with what the cart costs now.

use std::sync::Arc;

use base::{Error, Organisation, Result, codes};
use domain::people::PersonId;
use serde::Serialize;
use slice::Ask;
use trade::carts::CartId;
use trade::orders::LineKey;

use super::body::{Body, Found};
use super::shelf::{Shelf, TRIES, is_outrun};
use super::view::{CartBrief, CartDetails, CartLine, CartView, Carts, NewCart};
use crate::orders::{self, Estimate};

/// The use cases of carts. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    shelf: Shelf,
    orders: orders::App,
}

/// Which cart of whom, and by what request it is changed.
#[derive(Clone, Copy)]
pub(super) struct Which<'a> {
    pub(super) ask: &'a Ask,
    pub(super) person: PersonId,
    pub(super) cart: CartId,
}

/// What is done to a cart.
#[derive(Clone, Copy)]
enum Act<'a> {
    Details(&'a CartDetails),
    Put(Option<&'a LineKey>, &'a CartLine),
    TakeOut(&'a LineKey),
}

impl App {
    /// The slice over these parts, asking the slice of orders what things cost.
    #[must_use]
    pub fn new(orders: &orders::App) -> Self {
        App(Arc::new(Inner {
            shelf: orders.carts().clone(),
            orders: orders.clone(),
        }))
    }

    /// Makes a cart.
    pub(super) async fn create(
        &self,
        (ask, person): (&Ask, PersonId),
        asked: &NewCart,
    ) -> Result<CartView> {
        let request = self.0.shelf.digest(&json(asked)?).await?;
        let place = (Organisation::PEOPLE, "carts.create");
        let mut tries = 1;
        let id = loop {
            let settled = ask.settle(self.0.shelf.db(), place, &request, async || {
                let body = self.founded(person, asked).await?;
                self.0.shelf.made(person, &body).await
            });
            match settled.await {
                Err(error) if tries < TRIES && is_outrun(&error) => tries += 1,
                settled => break settled?,
            }
        };
        self.read(person, id).await
    }

    /// A cart with what it costs now.
    pub(super) async fn read(&self, person: PersonId, id: CartId) -> Result<CartView> {
        let found = self.find(person, id).await?;
        let now = self.0.orders.estimate(person, &found.body.asked).await?;
        Ok(CartView::of(&found, &now))
    }

    /// All carts of a person.
    pub(super) async fn list(&self, person: PersonId) -> Result<Carts> {
        let all = self.0.shelf.all(person).await?;
        let items = all.iter().map(CartBrief::of).collect();
        Ok(Carts { items })
    }

    /// Removes a cart. What was removed before is missing.
    pub(super) async fn remove(&self, person: PersonId, id: CartId) -> Result<()> {
        match self.0.shelf.remove(person, id).await? {
            true => Ok(()),
            false => Err(missing()),
        }
    }

    /// Says anew all that a cart says but its lines.
    pub(super) async fn details(&self, which: Which<'_>, said: &CartDetails) -> Result<CartView> {
        let operation = (which, "carts.change");
        self.change(operation, (said, said.version), Act::Details(said))
            .await
    }

    /// Puts a line into a cart: in the place of the one that is called so, or besides all others.
    pub(super) async fn put(
        &self,
        which: Which<'_>,
        (key, said): (Option<&LineKey>, &CartLine),
    ) -> Result<CartView> {
        let (operation, request) = ((which, "carts.put"), (key, said));
        self.change(operation, (&request, said.version), Act::Put(key, said))
            .await
    }

    /// Takes a line out of a cart.
    pub(super) async fn take_out(&self, which: Which<'_>, key: &LineKey) -> Result<CartView> {
        let operation = (which, "carts.take_out");
        self.change(operation, (key, None), Act::TakeOut(key)).await
    }

    /// Reads, changes and keeps, again when somebody else was faster; then reads what it costs.
    async fn change(
        &self,
        (which, operation): (Which<'_>, &'static str),
        (request, seen): (&impl Serialize, Option<i64>),
        act: Act<'_>,
    ) -> Result<CartView> {
        let Which { ask, person, cart } = which;
        let shelf = &self.0.shelf;
        let request = shelf.digest(&json(&(cart, request))?).await?;
        let place = (Organisation::PEOPLE, operation);
        let mut tries = 1;
        loop {
            let settled = ask.settle(shelf.db(), place, &request, async || {
                let mut found = self.find(person, cart).await?;
                if seen.is_some_and(|seen| seen != found.version) {
                    return Err(changed());
                }
                found.body = self.acted(person, found.body.clone(), act).await?;
                Ok((shelf.changed(person, &found).await?, ()))
            });
            match settled.await {
                Err(error) if tries < TRIES && is_outrun(&error) => tries += 1,
                Err(error) if is_outrun(&error) => return Err(changed().caused_by(error)),
                settled => break settled?,
            }
        }
        self.read(person, cart).await
    }

    /// What a cart holds after an act.
    async fn acted(&self, person: PersonId, mut body: Body, act: Act<'_>) -> Result<Body> {
        match act {
            Act::Details(said) => {
                said.clone().over(&mut body.asked);
                if let Some(whole) = self.0.orders.addressed(person, &body.asked).await? {
                    body.asked = whole;
                }
                let now = self.0.orders.estimate(person, &body.asked).await?;
                if said.accept_prices {
                    body.see(&now, None);
                }
            }
            Act::Put(key, said) => {
                let line = said.clone().asked()?;
                let key = match key {
                    None => body.push(line)?,
                    Some(key) => {
                        body.set(key, line)?;
                        key.to_string()
                    }
                };
                let now = self.0.orders.estimate(person, &body.asked).await?;
                can_be_had(&body, std::slice::from_ref(&key), &now)?;
                body.see(&now, Some(&[key]));
            }
            Act::TakeOut(key) => {
                if !body.take_out(key) {
                    return Err(missing());
                }
            }
        }
        Ok(body)
    }

    /// What a new cart holds.
    async fn founded(&self, person: PersonId, asked: &NewCart) -> Result<Body> {
        let mut body = match asked.order_id {
            None => Body::of(asked.asked())?,
            Some(order) => {
                let (order, said) = self.0.orders.again(person, order).await?;
                if order.restaurant != asked.restaurant_id {
                    return Err(missing());
                }
                let mut body = Body::again(&order, &said)?;
                asked.over(&mut body.asked);
                body
            }
        };
        let mut new: Vec<String> = Vec::new();
        if asked.order_id.is_some() {
            for line in asked.items.clone() {
                new.push(body.push(line)?);
            }
        } else {
            let lines = body.asked.items.iter();
            new.extend(lines.filter_map(|line| line.line.clone()));
        }
        let now = self.0.orders.estimate(person, &body.asked).await?;
        can_be_had(&body, &new, &now)?;
        body.see(&now, Some(&new));
        Ok(body)
    }

    async fn find(&self, person: PersonId, id: CartId) -> Result<Found> {
        self.0.shelf.find(person, id).await?.ok_or_else(missing)
    }
}

/// Refuses what cannot be had when it is put in, in the codes of a quote. What was there before is only told.
fn can_be_had(body: &Body, keys: &[String], now: &Estimate) -> Result<()> {
    let refused = now.quote.refusals.iter().filter_map(|refused| {
        let line = body.asked.items.get(refused.line?)?;
        let key = line.line.as_ref().filter(|key| keys.contains(key))?;
        Some((key, &refused.reason))
    });
    let mut error: Option<Error> = None;
    for (key, reason) in refused {
        let was = error.unwrap_or_else(|| {
            let said = "this cannot be had; the fields say why";
            Error::conflict(codes::ORDER_REFUSED, said)
        });
        error = Some(was.field(format!("items.{key}"), reason.code(), reason.to_string()));
    }
    error.map_or(Ok(()), Err)
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| {
        Error::internal(codes::INTERNAL, "a value that is no JSON").caused_by(error)
    })
}

#[track_caller]
fn changed() -> Error {
    let said = "the cart was changed since it was read; read it again";
    Error::conflict(codes::VERSION_CHANGED, said)
}

#[track_caller]
fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such thing")
}
