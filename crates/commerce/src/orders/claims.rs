//! What an order lays claim to in its commit, so that of two at once one has it: its cart, and being the first.

use base::{Result, Trail as _, Uid};
use domain::organisations::RestaurantId;
use domain::people::PersonId;
use engine::Stop;
use store::{Call, Class, Column, Commit, Failure, Outcome, Sql, Table, Value, retention};
use trade::carts::CartId;
use trade::orders::{Order, OrderId};

use super::app::App;

/// How often it is looked for carts that nobody asks for any more, and how many are removed at once.
const CLEAR_EVERY: std::time::Duration = std::time::Duration::from_secs(60 * 60);
const AT_ONCE: i64 = 500;
/// An id that nothing has.
const NOBODY: Uid = Uid::from_bytes([0; 16]);

/// Which order was made of which cart.
pub(super) static CARTS: Table = Table::new(
    "order_carts",
    Class::Organisation,
    &[
        Column::id("cart"),
        Column::id("purchase"),
        Column::int("at"),
    ],
    1,
    &[],
)
.cleared();

static OLD_CARTS: Table = CARTS.as_queue();

/// By which order a person has what is for the first order.
pub(super) static FIRSTS: Table = Table::new(
    "order_firsts",
    Class::Organisation,
    &[Column::id("person"), Column::id("purchase")],
    1,
    &[],
);

pub(super) static READ_CART: Sql = Sql::new(
    "order_carts.read",
    &CARTS,
    "SELECT purchase FROM order_carts WHERE organisation = $1 AND cart = $2",
);

/// Removes what was ordered so long ago that the cart is gone for certain.
pub(super) static CLEAR_CARTS: Sql = Sql::new(
    "order_carts.clear",
    &OLD_CARTS,
    "DELETE FROM order_carts WHERE (organisation, cart) IN \
     (SELECT organisation, cart FROM order_carts WHERE at < $1 LIMIT $2)",
);

/// An order of a person that has not come to nothing, if there is one.
pub(super) static READ_BEFORE: Sql = Sql::new(
    "orders.before",
    &super::store::ORDERS,
    "SELECT id FROM orders WHERE organisation = $1 AND customer = $2 \
     AND status NOT IN ('cancelled', 'rejected', 'expired') LIMIT 1",
);

pub(super) static READ_FIRST: Sql = Sql::new(
    "order_firsts.read",
    &FIRSTS,
    "SELECT purchase FROM order_firsts WHERE organisation = $1 AND person = $2",
);

/// Guard: the person has no other order, and nobody was faster. What an order had that came to nothing (`$4`) is taken
/// over; whoever took it over before, or has it for the first time, is another one by now.
pub(super) static TAKE_FIRST: Sql = Sql::new(
    "order_firsts.take",
    &FIRSTS,
    "INSERT INTO order_firsts (organisation, person, purchase) SELECT $1, $2, $3 WHERE NOT EXISTS \
     (SELECT 1 FROM orders WHERE organisation = $1 AND customer = $2 \
     AND status NOT IN ('cancelled', 'rejected', 'expired')) \
     ON CONFLICT (organisation, person) DO UPDATE SET purchase = excluded.purchase \
     WHERE order_firsts.purchase = $4",
);

/// What a person has had in an organisation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Before {
    /// Whether there is an order that has not come to nothing.
    pub(super) any: bool,
    /// The order that has, or had, what is for the first one.
    had: Uid,
}

impl App {
    /// What a person has had in the organisation of a restaurant, as it stands in its database.
    pub(super) async fn had_before(&self, at: RestaurantId, person: PersonId) -> Result<Before> {
        let db = &self.0.db;
        let params = || vec![Value::from(person.uid())];
        let calls = vec![
            Call::new(&READ_BEFORE, params()),
            Call::new(&READ_FIRST, params()),
        ];
        let deadline = db.deadline();
        let found = db.read(at.organisation(), calls, &deadline).await.at()?;
        let first = |call: usize| found.get(call).and_then(|rows| rows.first());
        Ok(Before {
            any: first(0).is_some(),
            had: first(1)
                .map(|row| row.get(0))
                .transpose()?
                .unwrap_or(NOBODY),
        })
    }

    /// The order that was made of a cart in the organisation of a restaurant, if one was.
    pub(super) async fn of_cart(&self, at: RestaurantId, cart: CartId) -> Result<Option<OrderId>> {
        let house = at.organisation();
        if !self.0.db.knows(house).await {
            return Ok(None);
        }
        let found = self.0.db.rows(house, &READ_CART, [cart.uid().into()]);
        let found = found.await.at()?;
        let order = found.first().map(|row| row.get::<Uid>(0)).transpose()?;
        Ok(order.map(OrderId::from))
    }

    /// Removes what nobody asks for any more, until the stop.
    pub(super) async fn clear_carts(self, stop: Stop) -> Result<()> {
        loop {
            match self.clear_now(&stop).await {
                Ok(()) | Err(Failure::Unavailable(_) | Failure::TooLate) => {}
                Err(failure) => return Err(failure.into()),
            }
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = tokio::time::sleep(CLEAR_EVERY) => {}
            }
        }
    }

    async fn clear_now(&self, stop: &Stop) -> Outcome<()> {
        let db = &self.0.db;
        let before = retention::old(&self.0.clock, std::time::Duration::ZERO)?;
        for database in db.shards().values() {
            loop {
                let call = Call::new(&CLEAR_CARTS, [before.into(), AT_ONCE.into()]);
                let removed = database.clear(call, &db.deadline()).await?;
                if i64::try_from(removed).unwrap_or(i64::MAX) < AT_ONCE || stop.is_stopping() {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Adds to a commit what an order lays claim to: that it is the one that was made of its cart, and the first of its diner
/// where it has what is for the first one.
pub(super) fn take(
    commit: &mut Commit,
    order: &Order,
    (cart, first): (Option<CartId>, Option<Before>),
) {
    let (uid, at) = (order.id.uid(), commit.at());
    if let Some(cart) = cart.filter(|_| !base::planted("cart_not_claimed")) {
        commit.claim(&CARTS, [cart.uid().into(), uid.into(), at.into()]);
    }
    if let Some((before, person)) = first.zip(order.customer) {
        let params: [Value; 3] = [person.uid().into(), uid.into(), before.had.into()];
        commit.guard(&TAKE_FIRST, params);
    }
}

/// Whether a commit was refused because an order was made of the cart before.
pub(super) fn is_ordered(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { name, .. } if *name == CARTS.name)
}

/// Whether a commit was refused because the order is not the first any more.
pub(super) fn is_second(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { name, .. } if *name == TAKE_FIRST.name)
}
