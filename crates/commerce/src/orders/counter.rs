//! Orders that a restaurant takes itself, by phone or at its counter, for somebody who has no account there.
//!
//! Such an order has no customer: it counts for nobody's offers, is changed without anybody's consent, and is paid where it is
//! handed over. What is said of whoever called is sealed all the same, with a key that belongs to this order alone and
//! is thrown away a month after the time for which the order was promised ([`App::forget_caller`]).

use base::{Error, Organisation, Result, Trail as _, Uid, codes};
use domain::organisations::RestaurantId;
use domain::people::PersonId;
use edge::Granted;
use engine::{Due, Handled, Timer, TimerHandler};
use serde::{Deserialize, Serialize};
use slice::{Ask, wrong};
use store::Commit;
use trade::orders::Order;

use super::app::{App, SEEN_FOR};
use super::moves::actor;
use super::place::Wish;
use super::view::{Asked, Method, OrderView};

/// What is said of somebody without an account is to be forgotten.
const FORGET: &str = "orders.forget_caller";

/// The payload of its timer.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Of {
    caller: PersonId,
}

impl App {
    /// Places an order that somebody of the restaurant takes.
    pub(super) async fn take_call(
        &self,
        (ask, granted): (&Ask, &Granted),
        restaurant: RestaurantId,
        asked: &Asked,
    ) -> Result<OrderView> {
        if asked.restaurant_id != restaurant {
            return Err(wrong("restaurantId", "it is the restaurant of the path"));
        }
        let is_cash = asked.split.is_none()
            && asked
                .payments()?
                .iter()
                .all(|part| part.method() == Method::Cash);
        if !is_cash {
            let said = "what the restaurant takes itself is paid where it is handed over";
            return Err(wrong("payment", said));
        }
        for (is_said, field) in [
            (asked.cart_id.is_some(), "cartId"),
            (asked.delivery_address_id.is_some(), "deliveryAddressId"),
        ] {
            if is_said {
                return Err(wrong(field, "whoever calls has none"));
            }
        }
        let wish = Wish {
            ask,
            person: PersonId::make(&self.0.clock, &self.0.random, Organisation::PEOPLE),
            by: actor(granted),
            sent: asked,
            asked,
            seen: None,
        };
        Box::pin(self.place(&wish)).await
    }

    /// What is done when somebody who called is to be forgotten.
    pub(super) fn forgets_callers(&self) -> TimerHandler {
        let app = self.clone();
        TimerHandler::new(FORGET, move |due| {
            let app = app.clone();
            async move { app.forget_caller(&due).await }
        })
    }

    /// Has a commit remember when to forget whoever called, if somebody did.
    pub(super) fn forget_later(
        &self,
        commit: &mut Commit,
        (order, caller): (&Order, Option<PersonId>),
    ) -> Result<()> {
        let Some(caller) = caller else {
            return Ok(());
        };
        let payload = serde_json::to_string(&Of { caller }).map_err(|error| {
            Error::internal(codes::INTERNAL, "a timer that is no JSON").caused_by(error)
        })?;
        let promised = order.promised_at.unwrap_or(order.placed_at);
        let timer = Timer {
            id: Uid::make(&self.0.clock, &self.0.random, order.id.organisation()),
            kind: FORGET,
            payload,
            due_at: promised.plus(SEEN_FOR).unwrap_or(promised),
        };
        timer.set(commit);
        Ok(())
    }

    async fn forget_caller(&self, due: &Due) -> Result<Handled> {
        let of: Of = serde_json::from_str(&due.payload).map_err(|error| {
            Error::internal(codes::DAMAGED, "a timer that does not read").caused_by(error)
        })?;
        let deadline = self.0.db.deadline();
        let erased = self.0.sealer.erase(of.caller.uid(), &deadline);
        erased.await.at()?;
        Ok(Handled::Done)
    }
}
