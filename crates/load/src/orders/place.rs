//! Places orders for a while, and looks how they go on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base::{Clock, Error, Random, Result, codes};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::baskets::{self, Houses, Service, read};
use super::diners;
use super::wire::{Address, Request, Wire};
use crate::{Answer, Client, Histogram, Pace, Plan, Spacing, Tally};

/// How many read menus beside each other.
const READERS: usize = 8;
/// Between two looks at an order.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// An order that is not whole by then counts as lost.
const WHOLE_WITHIN: Duration = Duration::from_secs(60);
/// The payment of an order that nobody waits for any more.
const SAFE: [&str; 2] = ["secured", "on_delivery"];
/// Behind which a request of an open loop is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is to be set up.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// Where the server is.
    pub address: Address,
    /// How many requests are under way at once at most.
    pub clients: usize,
    /// How many people order.
    pub diners: usize,
    /// How many restaurants they order from.
    pub restaurants: usize,
    /// Which ones; the first that the server lists when none are named.
    pub named: Vec<String>,
    /// How the orders reach them.
    pub service: Service,
    /// The token of their means of payment; they pay in cash when there is none.
    pub token: Option<String>,
}

/// How long orders are placed, and how many.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// How long.
    pub time: Duration,
    /// How many in a second; as many as are answered when nothing is said.
    pub rate: Option<u32>,
}

/// Diners who are signed in, and restaurants whose menus they have read.
#[derive(Debug)]
pub struct Stage {
    clock: Clock,
    random: Random,
    wishes: Wishes,
    diners: Vec<Arc<str>>,
    houses: Arc<Houses>,
}

/// What became of the orders of a while.
#[derive(Debug, Default)]
pub struct Placed {
    /// What the clients saw.
    pub tally: Tally,
    /// How long some of them took until they were whole, from when they were sent.
    pub whole: Histogram,
    /// How many requests ended in each code that is no order, in status or words.
    pub errors: BTreeMap<String, u64>,
    /// How long it took, with what was under way at the end.
    pub took: Duration,
    /// The last order of each client, with who placed it.
    last: Vec<Last>,
}

#[derive(Clone, Debug)]
struct Last {
    session: Arc<str>,
    order: String,
}

/// What the clients of a run share.
#[derive(Debug, Default)]
struct Notes {
    errors: Mutex<BTreeMap<String, u64>>,
    last: Mutex<BTreeMap<usize, Last>>,
}

struct Guest {
    number: usize,
    wire: Wire,
    stage: Arc<Stage>,
    notes: Arc<Notes>,
    random: Random,
    /// Takes an order now and then, and follows it to its end.
    follow: mpsc::Sender<(Last, Duration)>,
    turn: usize,
}

#[derive(Deserialize)]
struct Order {
    id: String,
    payment: String,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
}

impl Stage {
    /// Signs the diners in and reads the menus.
    ///
    /// # Errors
    /// The server is not there, takes no guests, or has no restaurant to order from.
    pub async fn open(wishes: Wishes, clock: &Clock, random: &Random) -> Result<Arc<Self>> {
        let address = wishes.address;
        let sessions = diners::make(address, wishes.diners.max(1), random).await;
        let sessions = sessions.map_err(away)?;
        let ids = match wishes.named.is_empty() {
            true => baskets::listed(address, wishes.restaurants).await,
            false => Ok(wishes.named.clone()),
        };
        let houses = read_all(address, ids.map_err(away)?, wishes.service).await?;
        if houses.is_empty() {
            return Err(away("there is no restaurant to order from".to_owned()));
        }
        Ok(Arc::new(Stage {
            clock: clock.clone(),
            random: random.clone(),
            diners: sessions.into_iter().map(Arc::from).collect(),
            houses: Arc::new(houses),
            wishes,
        }))
    }

    /// How many restaurants have something to order.
    #[must_use]
    pub fn restaurants(&self) -> usize {
        self.houses.len()
    }

    /// Places orders for a while.
    pub async fn place(self: &Arc<Self>, how: How) -> Placed {
        let notes = Arc::new(Notes::default());
        let (follow, followed) = mpsc::channel(1);
        let begun = self.clock.elapsed();
        let guests: Vec<Guest> = (0..self.wishes.clients.max(1))
            .map(|number| self.guest(number, &notes, &follow))
            .collect();
        drop(follow);
        let mut following = JoinSet::new();
        following.spawn(follow_all(Arc::clone(self), followed));
        let tally = match how.rate {
            Some(per_second) => {
                let plan = Plan {
                    per_second,
                    spacing: Spacing::Chance(Random::seeded(self.random.u64())),
                    warm_up: Duration::ZERO,
                    time: how.time,
                    patience: PATIENCE,
                };
                crate::open_loop(&self.clock, plan, guests).await
            }
            None => closed(Pace::start(&self.clock, Duration::ZERO, how.time), guests).await,
        };
        let took = self.clock.elapsed().saturating_sub(begun);
        let whole = following
            .join_next()
            .await
            .and_then(std::result::Result::ok);
        let last = std::mem::take(&mut *lock(&notes.last));
        Placed {
            tally,
            took,
            whole: whole.unwrap_or_default(),
            errors: std::mem::take(&mut *lock(&notes.errors)),
            last: last.into_values().collect(),
        }
    }

    /// Waits until the last orders of all clients are whole, and says how long that took; none when one never was.
    pub async fn settle(&self, placed: &Placed) -> Option<Duration> {
        let begun = self.clock.elapsed();
        let mut wire = Wire::to(self.wishes.address);
        for last in &placed.last {
            self.until_whole(&mut wire, last, begun).await?;
        }
        Some(self.clock.elapsed().saturating_sub(begun))
    }

    fn guest(
        self: &Arc<Self>,
        number: usize,
        notes: &Arc<Notes>,
        follow: &mpsc::Sender<(Last, Duration)>,
    ) -> Guest {
        Guest {
            number,
            wire: Wire::to(self.wishes.address),
            stage: Arc::clone(self),
            notes: Arc::clone(notes),
            random: Random::seeded(self.random.u64()),
            follow: follow.clone(),
            turn: 0,
        }
    }

    /// Looks at an order until it is whole, and says when that was.
    async fn until_whole(&self, wire: &mut Wire, last: &Last, since: Duration) -> Option<Duration> {
        let path = format!("/api/orders/{}", last.order);
        loop {
            let reply = wire.ask(Request::get(&path).by(&last.session)).await;
            let order = reply.and_then(|reply| read::<Order>(reply, &path));
            let now = self.clock.elapsed();
            if order.is_ok_and(|order| SAFE.contains(&order.payment.as_str())) {
                return Some(now);
            }
            if now.saturating_sub(since) > WHOLE_WITHIN {
                return None;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn order(&self, random: &Random, house: &baskets::House) -> String {
        let payment = match &self.wishes.token {
            Some(token) => json!({"method": "card", "token": token}),
            None => json!({"method": "cash"}),
        };
        let address = match self.wishes.service {
            Service::Delivery => json!("12 Harbour Street, third floor"),
            Service::Pickup => json!(null),
        };
        let order = json!({
            "restaurantId": house.id,
            "items": house.lines(random),
            "serviceType": self.wishes.service.name(),
            "deliveryAddress": address,
            "specialInstructions": "Please ring twice",
            "contactName": "Robin Load",
            "payment": payment,
        });
        order.to_string()
    }
}

impl Placed {
    /// Orders that were accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.tally.done_ever
    }
}

impl Guest {
    async fn place(&mut self) -> std::result::Result<(), Answer> {
        let stage = Arc::clone(&self.stage);
        let session = self.session();
        let nobody = || Answer::Failed("there is no restaurant".to_owned());
        let house = stage.houses.draw(&self.random).ok_or_else(nobody)?;
        let body = stage.order(&self.random, house);
        let key = format!(
            "load-{:016x}{:016x}",
            stage.random.u64(),
            stage.random.u64()
        );
        let begun = stage.clock.elapsed();
        let order = Request {
            method: "POST",
            key: Some(&key),
            body: &body,
            ..Request::get("/api/orders").by(&session)
        };
        let reply = match self.wire.ask(order).await {
            Ok(reply) => reply,
            Err(said) => {
                self.note(said.clone());
                return Err(Answer::Failed(said));
            }
        };
        if reply.status != 201 {
            let problem: Option<Problem> = serde_json::from_slice(&reply.body).ok();
            let code = problem.map(|problem| problem.code);
            let code = code.unwrap_or_else(|| reply.status.to_string());
            if code == "order_refused" {
                house.refused();
            }
            self.note(code);
            return Err(Answer::Refused);
        }
        house.took();
        let order: Order = read(reply, "an order").map_err(Answer::Failed)?;
        let order = order.id;
        let last = Last { session, order };
        // Who follows is busy most of the time; then this one is not followed.
        let _not_followed = self.follow.try_send((last.clone(), begun));
        lock(&self.notes.last).insert(self.number, last);
        Ok(())
    }

    /// Who orders next: each client stands for diners of its own.
    fn session(&mut self) -> Arc<str> {
        let diners = &self.stage.diners;
        let clients = self.stage.wishes.clients.max(1);
        let own = (diners.len() / clients).max(1);
        let at = self
            .number
            .saturating_add((self.turn % own).saturating_mul(clients));
        self.turn = self.turn.wrapping_add(1);
        diners.get(at % diners.len()).cloned().unwrap_or_default()
    }

    fn note(&self, code: String) {
        let mut errors = lock(&self.notes.errors);
        let count = errors.entry(code).or_default();
        *count = count.saturating_add(1);
    }
}

impl Client for Guest {
    async fn request(&mut self) -> Answer {
        match self.place().await {
            Ok(()) => Answer::Done(1),
            Err(answer) => answer,
        }
    }
}

async fn closed(pace: Pace, guests: Vec<Guest>) -> Tally {
    let mut driving = JoinSet::new();
    for guest in guests {
        driving.spawn(crate::drive(pace.clone(), guest));
    }
    let mut tally = Tally::default();
    while let Some(ended) = driving.join_next().await {
        tally.merge(ended.unwrap_or_else(|error| Tally {
            failed_ever: 1,
            failure: Some(error.to_string()),
            ..Tally::default()
        }));
    }
    tally
}

/// Follows one order after the other to its end.
async fn follow_all(stage: Arc<Stage>, mut orders: mpsc::Receiver<(Last, Duration)>) -> Histogram {
    let mut wire = Wire::to(stage.wishes.address);
    let mut took = Histogram::default();
    while let Some((last, begun)) = orders.recv().await {
        if let Some(at) = stage.until_whole(&mut wire, &last, begun).await {
            took.record(at.saturating_sub(begun));
        }
        // The others are what is measured; a few are enough to know.
        tokio::time::sleep(LOOK_EVERY.saturating_mul(5)).await;
    }
    took
}

/// Reads all menus, several at a time.
async fn read_all(address: Address, ids: Vec<String>, service: Service) -> Result<Houses> {
    let each = ids.len().div_ceil(READERS).max(1);
    let mut reading = JoinSet::new();
    for (number, part) in ids.chunks(each).enumerate() {
        let part = part.to_vec();
        reading.spawn(async move {
            let houses = baskets::menus(address, part, service).await?;
            let first = number.saturating_mul(each);
            let placed = houses.into_iter();
            let placed = placed.map(|(at, house)| (at.saturating_add(first), house));
            Ok::<_, String>(placed.collect::<Vec<_>>())
        });
    }
    let mut all = Vec::new();
    while let Some(ended) = reading.join_next().await {
        let part = ended.map_err(|error| away(error.to_string()))?;
        all.extend(part.map_err(away)?);
    }
    Ok(baskets::gathered(all))
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[track_caller]
fn away(said: String) -> Error {
    Error::unavailable(codes::UNAVAILABLE, said)
}
