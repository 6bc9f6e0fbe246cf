//! Orders at random restaurants, the same for every system, and the clients that place them through the store.

use base::{Clock, Organisation, Random, Uid};
use load::{Answer, Client};
use store::{Db, Failure};
use testkit::trial::{Bulk, HOLD_STOCK, Home, Order};

/// One order in so many is for a dish that is sold out, where refusals are wanted.
const REFUSED_EVERY: u64 = 10;

/// Where orders come from. Each client has its own.
pub(crate) struct Shop {
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    bulk: Bulk,
    choice: Random,
    share: Share,
}

/// The organisations that a client orders from: those whose number has this remainder.
#[derive(Clone, Copy)]
pub(crate) struct Share {
    pub(crate) remainder: u32,
    pub(crate) of: u32,
}

impl Share {
    pub(crate) const ALL: Share = Share {
        remainder: 0,
        of: 1,
    };
}

impl Shop {
    pub(crate) fn new(clock: &Clock, bulk: Bulk, share: Share) -> Self {
        let random = Random::real();
        // Choices need no secrets, and every client makes other ones.
        let choice = Random::seeded(random.u64());
        Shop {
            clock: clock.clone(),
            random,
            bulk,
            choice,
            share,
        }
    }

    /// The next order.
    pub(crate) fn order(&self) -> Order {
        let home = loop {
            let restaurant = self.choice.below(self.bulk.restaurants.into()) + 1;
            let home = self.bulk.home(u32::try_from(restaurant).unwrap_or(1));
            if home.organisation.get() % self.share.of == self.share.remainder {
                break home;
            }
        };
        let Home {
            organisation,
            restaurant,
            dish,
        } = home;
        Order::new(&self.clock, &self.random, organisation, restaurant, dish)
    }

    /// The id under which an order is stored.
    pub(crate) fn commit_id(&self, organisation: Organisation) -> Uid {
        Uid::make(&self.clock, &self.random, organisation)
    }
}

/// A client of our store.
pub(crate) struct Ours {
    db: Db,
    shop: Shop,
    /// How many requests are made until one is refused; none where refusals are not wanted.
    refused_in: Option<u64>,
}

impl Ours {
    /// So many clients whose orders are all fulfilled.
    pub(crate) fn clients(count: u64, db: &Db, clock: &Clock, bulk: Bulk) -> Vec<Self> {
        let client = |_| Ours {
            db: db.clone(),
            shop: Shop::new(clock, bulk, Share::ALL),
            refused_in: None,
        };
        (0..count).map(client).collect()
    }

    /// So many clients of whose orders one in ten is refused, not all at the same time.
    pub(crate) fn refused_clients(count: u64, db: &Db, clock: &Clock, bulk: Bulk) -> Vec<Self> {
        let clients = Self::clients(count, db, clock, bulk).into_iter();
        let with_refusals = |(client, place)| Ours {
            refused_in: Some(place % REFUSED_EVERY),
            ..client
        };
        clients.zip(0..).map(with_refusals).collect()
    }

    /// Whether the next order is to be refused.
    fn count_down(&mut self) -> bool {
        let next = match self.refused_in {
            None => return false,
            Some(0) => REFUSED_EVERY - 1,
            Some(left) => left - 1,
        };
        self.refused_in.replace(next) == Some(0)
    }
}

impl Client for Ours {
    async fn request(&mut self) -> Answer {
        let refused = self.count_down();
        let mut order = self.shop.order();
        if refused {
            order.lines[0].dish = self.shop.bulk.sold_out(order.organisation);
        }
        let commit = order.commit(&self.shop.clock, &self.shop.random);
        match self.db.commit(commit, &self.db.deadline()).await {
            Ok(_) if !refused => Answer::Done(1),
            Err(Failure::Refused { guard: 0, name }) if refused && name == HOLD_STOCK.name => {
                Answer::Refused
            }
            Ok(_) => Answer::Failed("an order was stored without stock".to_owned()),
            Err(failure) => Answer::Failed(failure.to_string()),
        }
    }
}
