//! The order-shaped commit: an order with three lines, a payment intent, an event, and one dish taken from stock.

use base::{Clock, Organisation, Random, Time, Uid};
use store::{Commit, Event};

use super::statements::HOLD_STOCK;
use super::tables::{INTENTS, LINES, ORDERS};

/// The kind of the event that the commit carries.
pub const ORDER_CREATED: &str = "trial.order_created";

const PRICES_MINOR: [i64; 3] = [1_290, 450, 380];

base::typed_id! {
    OrderId = "ord";
    RestaurantId = "rst";
    DishId = "dsh";
}

/// All facts of one order, for whoever stores them: the store in a commit, a bench by hand.
#[derive(Clone, Debug)]
pub struct Order {
    /// Whose order it is.
    pub organisation: Organisation,
    /// Its id, which is the stream of its events as well.
    pub id: Uid,
    /// Who cooks.
    pub restaurant: Uid,
    /// Who eats.
    pub diner: Uid,
    /// What was ordered; one of the first line's dish is taken from stock.
    pub lines: [Line; 3],
    /// The id of what is to be paid.
    pub intent: Uid,
    /// How much.
    pub total_minor: i64,
    /// What the diner wants to say.
    pub note: &'static str,
    /// When.
    pub at: Time,
}

/// One line of an order.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Its place, from 1.
    pub line: i64,
    /// What.
    pub dish: Uid,
    /// How many.
    pub quantity: i64,
    /// What one costs.
    pub price_minor: i64,
}

/// The commit of a new order that takes one of this dish from stock.
pub fn order(
    clock: &Clock,
    random: &Random,
    organisation: Organisation,
    restaurant: Uid,
    dish: Uid,
) -> Commit {
    Order::new(clock, random, organisation, restaurant, dish).commit(clock, random)
}

impl Order {
    /// A new order of one of this dish, and of two more that have no stock.
    pub fn new(
        clock: &Clock,
        random: &Random,
        organisation: Organisation,
        restaurant: Uid,
        dish: Uid,
    ) -> Self {
        let make = || Uid::make(clock, random, organisation);
        let line = |line: i64, dish, price_minor| Line {
            line,
            dish,
            quantity: 1,
            price_minor,
        };
        let [first, second, third] = PRICES_MINOR;
        Order {
            organisation,
            id: make(),
            restaurant,
            diner: make(),
            lines: [
                line(1, dish, first),
                line(2, restaurant, second),
                line(3, restaurant, third),
            ],
            intent: make(),
            total_minor: PRICES_MINOR.iter().sum(),
            note: "No onions, and please ring twice",
            at: clock.now(),
        }
    }

    /// What the event says.
    pub fn payload(&self) -> String {
        let (order, restaurant) = (OrderId::from(self.id), RestaurantId::from(self.restaurant));
        let dish = DishId::from(self.lines[0].dish);
        let [first, second, third] = PRICES_MINOR;
        let total_minor = self.total_minor;
        format!(
            "{{\"order\":\"{order}\",\"restaurant\":\"{restaurant}\",\"service\":\"delivery\",\
             \"currency\":\"EUR\",\"total_minor\":{total_minor},\"lines\":[\
             {{\"dish\":\"{dish}\",\"quantity\":1,\"price_minor\":{first}}},\
             {{\"dish\":null,\"quantity\":1,\"price_minor\":{second}}},\
             {{\"dish\":null,\"quantity\":1,\"price_minor\":{third}}}]}}"
        )
    }

    /// The commit that stores it.
    pub fn commit(&self, clock: &Clock, random: &Random) -> Commit {
        let mut commit = Commit::new(clock, random, self.organisation);
        let [first, ..] = self.lines;
        commit.guard(&HOLD_STOCK, [first.dish.into(), first.quantity.into()]);
        self.insert(&mut commit);
        commit.event(Event {
            stream: self.id,
            version: 1,
            kind: ORDER_CREATED,
            payload: self.payload(),
            actor: "diner".to_owned(),
            at: self.at,
            trace: String::new(),
        });
        commit
    }

    /// Adds its rows to a commit that has guards and events of its own.
    pub fn insert(&self, commit: &mut Commit) {
        commit.insert(
            &ORDERS,
            [
                self.id.into(),
                store::Value::Null.into(),
                self.restaurant.into(),
                self.diner.into(),
                "pending".into(),
                self.total_minor.into(),
                self.note.into(),
                1_i64.into(),
                self.at.into(),
            ],
        );
        for line in self.lines {
            let Line {
                line,
                dish,
                quantity,
                price_minor,
            } = line;
            let cells = [
                self.id.into(),
                line.into(),
                dish.into(),
                quantity.into(),
                price_minor.into(),
            ];
            commit.insert(&LINES, cells);
        }
        let intent = [
            self.intent.into(),
            self.id.into(),
            self.total_minor.into(),
            "open".into(),
        ];
        commit.insert(&INTENTS, intent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_is_json_of_a_realistic_size() {
        let (clock, random) = (Clock::real(), Random::real());
        let organisation = Organisation::new(7);
        let id = Uid::make(&clock, &random, organisation);
        let payload = Order::new(&clock, &random, organisation, id, id).payload();
        assert!((250..400).contains(&payload.len()), "{}", payload.len());
        assert!(payload.starts_with('{') && payload.ends_with("}]}"));
    }
}
