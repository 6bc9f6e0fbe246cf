//! Sixty-four clients who order, cancel and accept, and write down what they were told.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::serve::Reply;

use crate::house::{House, is_later, read, text};

/// How many order; some more work for the restaurant.
pub(crate) const CLIENTS: usize = 64;
const STAFF: u64 = 8;
/// How often a request is sent again while the server says that it cannot take it now.
const TRIES_MAX: u32 = 400;
/// How often a refund is asked for while the money is still to be taken.
const REFUND_TRIES: u32 = 20;
/// How many moves an order has at most until it was handed over.
const MOVES_MAX: usize = 4;
/// How long the most hurried diner waits before the next order; the next one twice as long, and so on.
const BREATH: Duration = Duration::from_millis(5);
const SOON: Duration = Duration::from_millis(5);
/// What is given back of an order.
pub(crate) const REFUND_MINOR: i64 = 500;

/// Who looks at the orders, and how far he brings them.
#[derive(Clone, Copy)]
struct Shift {
    moves_max: usize,
    /// Who takes only his own share; nobody else then does the same.
    who: Option<u64>,
}

/// One order that somebody wants.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) key: String,
    pub(crate) guest: usize,
    token: &'static str,
    /// The id that was answered, or nothing while no answer came.
    pub(crate) told: Option<String>,
}

/// The clients together.
pub(crate) struct Diners {
    house: House,
    wishes: Arc<Mutex<Vec<Wish>>>,
    number: Arc<AtomicU64>,
}

/// Clients at work.
pub(crate) struct Busy {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Shift {
    const WHOLE: Self = Shift {
        moves_max: MOVES_MAX,
        who: None,
    };
    const LAST: Self = Shift {
        moves_max: 1,
        who: None,
    };

    const fn of(who: u64) -> Self {
        Shift {
            who: Some(who),
            ..Self::WHOLE
        }
    }
}

impl Diners {
    pub(crate) fn of(house: &House) -> Self {
        Diners {
            house: house.clone(),
            wishes: Arc::default(),
            number: Arc::default(),
        }
    }

    /// Sets all to work, until the server is gone.
    pub(crate) fn order(&self, at: SocketAddr) -> Busy {
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for client in 0..CLIENTS {
            let (house, wishes) = (self.house.clone(), Arc::clone(&self.wishes));
            let (number, stop) = (Arc::clone(&self.number), Arc::clone(&stop));
            threads.push(std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let mut wish = Wish::new(client, number.fetch_add(1, Ordering::Relaxed));
                    // Some lose the answer on their way, and ask again.
                    let is_lost = wish.key.ends_with('3');
                    let reached = wish.send(&house, at);
                    let goes_on = reached
                        && (!is_lost || wish.ask_again(&house, at))
                        && (!wish.key.ends_with('7') || wish.cancel(&house, at));
                    wishes.lock().unwrap().push(wish);
                    if !goes_on {
                        return;
                    }
                    // The restaurant must get something done, too.
                    std::thread::sleep(BREATH * u32::try_from(client).unwrap());
                }
            }));
        }
        for who in 0..STAFF {
            let (house, stop) = (self.house.clone(), Arc::clone(&stop));
            threads.push(std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed)
                    && serve_some(&house, at, Shift::of(who)).is_ok()
                {}
            }));
        }
        Busy { stop, threads }
    }

    /// Sends again at once, under the same keys, what was never answered; how many there were.
    pub(crate) fn ask_again(&self, at: SocketAddr) -> usize {
        let mut wishes = self.wishes.lock().unwrap();
        std::thread::scope(|scope| {
            let open = wishes.iter_mut().filter(|wish| wish.told.is_none());
            let again = open.map(|wish| {
                scope.spawn(|| {
                    wish.ask_again(&self.house, at);
                    assert!(wish.told.is_some(), "{} is never answered", wish.key);
                })
            });
            again.collect::<Vec<_>>().len()
        })
    }

    /// The restaurant takes or rejects all that it sees.
    pub(crate) fn close(&self, at: SocketAddr) {
        std::thread::scope(|scope| {
            for _ in 0..STAFF {
                scope.spawn(|| {
                    serve_some(&self.house, at, Shift::WHOLE).unwrap();
                    while serve_some(&self.house, at, Shift::LAST).unwrap() > 0 {}
                });
            }
        });
    }

    pub(crate) fn wishes(&self) -> Vec<Wish> {
        self.wishes.lock().unwrap().clone()
    }
}

impl Wish {
    pub(crate) fn new(guest: usize, number: u64) -> Self {
        Wish {
            key: format!("wish-{number}"),
            guest,
            token: if number % 16 == 5 { "refused" } else { "ok" },
            told: None,
        }
    }

    /// One whose money can be held.
    pub(crate) fn payable(guest: usize, number: u64) -> Self {
        Wish {
            token: "ok",
            ..Wish::new(guest, number)
        }
    }

    /// Whether the money of it can be held.
    pub(crate) fn can_be_paid(&self) -> bool {
        self.token == "ok"
    }

    /// Sends it; false when nobody answered. Refusals for want of room are no answers to the wish.
    pub(crate) fn send(&mut self, house: &House, at: SocketAddr) -> bool {
        let body = house.basket(&house.dish, Some(self.token));
        for _ in 0..TRIES_MAX {
            let to = ("POST", "/api/orders");
            let Ok(reply) = house.as_guest((at, self.guest), to, (&self.key, &body)) else {
                return false;
            };
            match reply.status {
                200 | 201 => {
                    self.told = Some(text(&read(&reply)["id"]));
                    return true;
                }
                _ if is_later(&reply) => std::thread::sleep(SOON),
                status => panic!("{status}: {}", reply.body),
            }
        }
        true
    }

    /// Forgets what was answered, and sends it again under its key; false when nobody answered.
    fn ask_again(&mut self, house: &House, at: SocketAddr) -> bool {
        self.told = None;
        self.send(house, at)
    }

    /// The diner thinks better of it, which may be too late; false when nobody answered.
    fn cancel(&self, house: &House, at: SocketAddr) -> bool {
        let Some(order) = &self.told else { return true };
        let path = format!("/api/orders/{order}/cancel");
        let body = json!({"reason": "changed_mind"});
        let reply = house.as_guest((at, self.guest), ("POST", &path), ("", &body));
        reply.is_ok_and(|reply| is_decided(&reply))
    }
}

/// Looks at what came in, and does something with each; how many there were.
fn serve_some(house: &House, at: SocketAddr, shift: Shift) -> std::io::Result<usize> {
    let path = format!(
        "/api/restaurants/{}/orders?status=pending&limit=100",
        house.restaurant
    );
    let reply = house.as_staff(at, ("GET", &path), ("", &Value::Null))?;
    if reply.status != 200 {
        std::thread::sleep(SOON);
        return Ok(0);
    }
    let list: Value = serde_json::from_str(&reply.body).map_err(std::io::Error::other)?;
    let items = list["items"].as_array().map_or(&[][..], Vec::as_slice);
    for order in items {
        let id = text(&order["id"]);
        // What is done with it depends on its name alone, whoever comes first.
        let sum = id
            .bytes()
            .fold(0_u64, |sum, byte| sum * 31 % 1_009 + u64::from(byte));
        if shift.who.is_some_and(|who| sum / 5 % STAFF != who) {
            continue;
        }
        let moves: &[&str] = match sum % 5 {
            0 => &["rejected"],
            1 => &["confirmed", "cancelled"],
            2 => &["confirmed", "preparing", "ready_for_pickup", "collected"],
            _ => &["confirmed"],
        };
        for status in moves.iter().take(shift.moves_max) {
            step(house, at, &id, status)?;
        }
        if moves.len() == MOVES_MAX && shift.moves_max == MOVES_MAX {
            give_back(house, at, &id)?;
        }
    }
    Ok(items.len())
}

fn step(house: &House, at: SocketAddr, order: &str, status: &str) -> std::io::Result<()> {
    let path = format!("/api/orders/{order}/status");
    let body = match status {
        "rejected" | "cancelled" => json!({"status": status, "reason": "too_busy"}),
        _ => json!({ "status": status }),
    };
    let reply = house.as_staff(at, ("PATCH", &path), ("", &body))?;
    assert!(is_decided(&reply), "{}: {}", reply.status, reply.body);
    Ok(())
}

/// A part of it, under a key of the order: however often it is said, it is given back once. It may have to be taken first.
fn give_back(house: &House, at: SocketAddr, order: &str) -> std::io::Result<()> {
    let path = format!("/api/orders/{order}/refunds");
    let body = json!({"lines": [{"line": "1", "amount": "5.00"}], "reason": "missing"});
    let key = format!("refund-{order}");
    for _ in 0..REFUND_TRIES {
        let reply = house.as_staff(at, ("POST", &path), (&key, &body))?;
        assert!(is_decided(&reply), "{}: {}", reply.status, reply.body);
        if reply.status < 300 {
            break;
        }
        std::thread::sleep(SOON);
    }
    Ok(())
}

/// Done, or refused for good: others were first, or it is too late.
fn is_decided(reply: &Reply) -> bool {
    (200..300).contains(&reply.status) || reply.status == 409 || reply.status == 503
}

impl Busy {
    /// Waits for all of them.
    pub(crate) fn join(self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
    }
}
