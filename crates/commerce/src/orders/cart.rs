//! Ordering a cart. The cart is in the people database and the order in that of its organisation, so no commit has both:
//! the order's own commit claims the cart ([`super::claims`]), which one order alone can do, and the cart is removed
//! afterwards, at once and, should that fail, by whoever hears of the order ([`super::react`]). A cart that is still there
//! is therefore ordered or not ordered, never twice; ordering it again answers the order.

use base::{Error, Result, codes};
use domain::people::PersonId;
use slice::{Ask, wrong};
use store::Failure;
use trade::carts::{CartId, Since, compare};
use trade::orders::Actor;

use super::app::App;
use super::claims;
use super::place::Wish;
use super::priced::refusal;
use super::view::{Asked, OrderView};
use crate::carts::{Body, Shelf};
use domain::pricing::Quote;

impl App {
    /// Where carts are kept.
    pub(crate) fn carts(&self) -> &Shelf {
        &self.0.carts
    }

    /// Places the order that is sent, or the one that the cart is that it names.
    pub(super) async fn order(
        &self,
        (ask, person): (&Ask, PersonId),
        asked: Asked,
    ) -> Result<OrderView> {
        let Some(cart) = asked.cart_id else {
            let wish = Wish {
                ask,
                person,
                by: Actor::Diner,
                sent: &asked,
                asked: &asked,
                seen: None,
            };
            return Box::pin(self.place(&wish)).await;
        };
        if !asked.items.is_empty() {
            return Err(wrong("items", "what is ordered is in the cart"));
        }
        if let Some(order) = self.ordered(person, (&asked, cart)).await? {
            return Ok(order);
        }
        let Some(found) = self.0.carts.find(person, cart).await? else {
            // Somebody may have ordered it this very moment.
            return self
                .ordered(person, (&asked, cart))
                .await?
                .ok_or_else(missing);
        };
        if found.body.asked.restaurant_id != asked.restaurant_id {
            return Err(missing());
        }
        if asked.cart_version.is_some_and(|seen| seen != found.version) {
            let said = "the cart was changed since it was read; read it again";
            return Err(Error::conflict(codes::VERSION_CHANGED, said));
        }
        let mut whole = found.body.asked.clone().and(asked.clone());
        whole.cart_version = Some(found.version);
        let wish = Wish {
            ask,
            person,
            by: Actor::Diner,
            sent: &asked,
            asked: &whole,
            seen: Some(&found.body),
        };
        match Box::pin(self.place(&wish)).await {
            Ok(order) => {
                self.try_close(person, (cart, found.version)).await;
                Ok(order)
            }
            Err(error) if is_ordered(&error) => {
                let order = self.ordered(person, (&asked, cart)).await?;
                order.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// The same with the address of the diner's address book that it names, as it stands there now; nothing where it
    /// names none.
    pub(crate) async fn addressed(&self, person: PersonId, asked: &Asked) -> Result<Option<Asked>> {
        let Some(id) = asked.delivery_address_id else {
            return Ok(None);
        };
        if asked.delivery_address.is_some() {
            let said = "it is said instead of deliveryAddress";
            return Err(wrong("deliveryAddressId", said));
        }
        let found = self.0.addresses.find(person, id).await?;
        let found = found.ok_or_else(|| wrong("deliveryAddressId", "there is no such address"))?;
        Ok(Some(Asked {
            delivery_address: Some((&found).into()),
            delivery_address_id: None,
            ..asked.clone()
        }))
    }

    /// The order that was made of a cart, if one was, as it stands now. The cart is gone then, if it was there still.
    async fn ordered(
        &self,
        person: PersonId,
        (asked, cart): (&Asked, CartId),
    ) -> Result<Option<OrderView>> {
        let Some(order) = self.of_cart(asked.restaurant_id, cart).await? else {
            return Ok(None);
        };
        if let Some(cart) = self.find_own(person, order).await?.held.cart {
            self.try_close(person, cart).await;
        }
        Ok(Some(self.own(person, order).await?))
    }

    /// Removes a cart that was ordered. Where that fails, whoever hears of the order does it, or who orders it again.
    async fn try_close(&self, person: PersonId, cart: (CartId, i64)) {
        if let Err(error) = self.close(person, cart).await {
            tracing::warn!(cart = %cart.0, ?error, "a cart that was ordered is still there");
        }
    }
}

/// Refuses what is dearer than the diner has seen it in his cart. What is cheaper he gets for less.
pub(super) fn none_dearer(body: &Body, quote: &Quote) -> Result<()> {
    let mut error: Option<Error> = None;
    for line in &quote.lines {
        let asked = body.asked.items.get(line.line);
        let Some(key) = asked.and_then(|asked| asked.line.as_ref()) else {
            continue;
        };
        let seen = body.seen.get(key).map(|seen| seen.unit_minor);
        if compare(seen, Some(line.unit.minor())) == Since::Dearer {
            let said = format!("It costs {} by now.", line.unit);
            let was = error.unwrap_or_else(refusal);
            error = Some(was.field(format!("items.{key}"), Since::Dearer.name(), said));
        }
    }
    error.map_or(Ok(()), Err)
}

/// Whether an order was refused because the cart was ordered before.
fn is_ordered(error: &Error) -> bool {
    let failure = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    failure.is_some_and(|failure: &Failure| claims::is_ordered(failure))
}

#[track_caller]
fn missing() -> Error {
    Error::missing(codes::NOT_FOUND, "there is no such thing")
}
