//! What diners and those who work in restaurants do, and what of it is under way, answered or given up.

use std::time::Duration;

use base::{Random, Uid};
use http::Method;
use serde_json::{Value as Json, json};

use super::book::{Book, Ordered, Rows};
use super::fate::Fault;
use super::kitchen::{Kitchen, NEAR};
use super::run::{Sim, Work};
use super::tabs;
use super::world::{Ground, OPERATOR, Said, Sent, start};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Place,
    /// An order is to stand somewhere, if it stood at this version.
    Move(String, &'static str, Option<i64>),
    Cancel(String),
    Refund(String),
    /// Lines of an order are to be others.
    Change(String),
    /// A line is to come besides, under this name.
    Add(String, String),
    /// A word on a proposal: whether it is a yes.
    Consent(String, i64, bool),
    /// Credit for whoever has placed an order.
    Credit,
    /// A second person's word on a refund of this id.
    Word(String),
    /// A cart is made, or changed.
    Cart,
    /// A restaurant says otherwise when it takes money.
    Rules,
    /// What a basket costs, with a place held for it.
    Quote,
    Notice,
}

/// A request, as often as it is sent.
#[derive(Debug)]
pub(crate) struct Op {
    pub(crate) sent: Sent,
    pub(crate) kind: Kind,
    pub(crate) is_under_way: bool,
    /// Whether a cart is ordered.
    is_of_cart: bool,
    /// The first good answer.
    pub(crate) answer: Option<Json>,
    /// It was refused for good, or nobody waits for it any more.
    is_closed: bool,
}

impl Op {
    fn new(kind: Kind, sent: Sent) -> Self {
        Op {
            sent,
            kind,
            is_under_way: false,
            is_of_cart: false,
            answer: None,
            is_closed: false,
        }
    }

    pub(crate) fn notice(sent: Sent) -> Self {
        Op::new(Kind::Notice, sent)
    }

    /// Whether it is answered in the same way for ever. What a cart or a basket costs is found anew.
    fn is_kept(&self) -> bool {
        ![Kind::Notice, Kind::Cart, Kind::Quote].contains(&self.kind)
    }

    /// Whether two answers say the same. Whoever orders a cart again is shown its order as it stands then.
    fn is_same(&self, one: &Json, other: &Json) -> bool {
        let is_cart = self.kind == Kind::Place && self.is_of_cart;
        one == other || (is_cart && one["id"] == other["id"])
    }

    pub(crate) fn is_open(&self) -> bool {
        self.answer.is_none() && !self.is_closed
    }
}

/// All who ask for something.
pub(crate) struct Clients {
    pub(crate) ground: &'static Ground,
    pub(crate) ops: Vec<Op>,
    pub(crate) wanted: usize,
    pub(crate) placed: usize,
    /// The carts that were made: whose, at which restaurant, and the operation that made them.
    pub(crate) carts: Vec<(String, usize, usize)>,
    /// The baskets that were quoted, with a place: whose, what is ordered, and the operation that asked.
    pub(crate) quoted: Vec<(String, Json, usize)>,
    keys: u64,
    /// What was answered and must not have been.
    pub(crate) wrong: Option<String>,
}

impl Clients {
    pub(crate) fn new(ground: &'static Ground) -> Self {
        Clients {
            ground,
            ops: Vec::new(),
            wanted: 0,
            placed: 0,
            carts: Vec::new(),
            quoted: Vec::new(),
            keys: 0,
            wrong: None,
        }
    }

    /// Whether nobody waits for anything, or wants more.
    pub(crate) fn is_over(&self) -> bool {
        self.placed >= self.wanted && !self.ops.iter().any(Op::is_open)
    }

    /// Takes note of an answer.
    pub(crate) fn answered(&mut self, at: usize, said: Said) {
        let op = &mut self.ops[at];
        op.is_under_way = false;
        let code = said.body["code"].as_str().unwrap_or_default();
        let is_for_later =
            said.status >= 500 || ["idempotency_under_way", "conflict"].contains(&code);
        let is_good = (200..300).contains(&said.status);
        match &op.answer {
            _ if is_for_later => {}
            Some(first) if op.is_kept() && !(is_good && op.is_same(first, &said.body)) => {
                let sent = &op.sent;
                self.wrong = Some(format!(
                    "9: {sent:?} was answered {first} and then {said:?}"
                ));
            }
            Some(_) => {}
            None if is_good => op.answer = Some(said.body),
            None => op.is_closed = true,
        }
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        format!("key-{}", self.keys)
    }

    pub(crate) fn push(&mut self, kind: Kind, who: &str, path: &str, body: &Json) -> usize {
        let (key, method) = (self.key(), method(&kind, path));
        self.ops.push(Op::new(
            kind,
            Sent::new((who, key.as_str()), method, path, body),
        ));
        if let Some(op) = self.ops.last_mut() {
            op.is_of_cart = body["cartId"].is_string();
        }
        self.ops.len() - 1
    }

    /// Somebody orders something, or asks first what it costs.
    fn place(&mut self, chance: &Random) -> usize {
        let ground = self.ground;
        let op = self.of_cart(chance);
        if let Some(op) = op.or_else(|| self.of_quote(chance)) {
            self.placed += 1;
            return op;
        }
        let kitchen = &ground.kitchens[below(chance, ground.kitchens.len())];
        let who = &ground.diners[below(chance, ground.diners.len())];
        let body = basket(kitchen, chance);
        if chance.below(4) == 0 {
            return self.quote((who, body));
        }
        self.placed += 1;
        self.push(Kind::Place, who, "/api/orders", &body)
    }

    fn set(&mut self, order: &Ordered, (status, version): (&'static str, Option<i64>)) -> usize {
        let path = format!("/api/orders/{}/status", order.id);
        let mut body = json!({"status": status});
        if let Some(version) = version {
            body["version"] = version.into();
        }
        if status == "returned" {
            // What is left to be paid in cash nobody pays who is not there.
            let is_absent = order.number % 2 == 0 && !order.has_cash;
            let why = if is_absent {
                "customer_absent"
            } else {
                "damaged"
            };
            body["reason"] = why.into();
        }
        let kind = Kind::Move(order.id.clone(), status, version);
        // Some of it an operator does.
        let who = match self.keys % 6 {
            0 => OPERATOR,
            _ => self.ground.staff[0].as_str(),
        };
        self.push(kind, who, &path, &body)
    }

    fn cancel(&mut self, order: &Ordered) -> usize {
        let path = format!("/api/orders/{}/cancel", order.id);
        let kind = Kind::Cancel(order.id.clone());
        self.push(kind, &order.customer, &path, &json!({}))
    }

    fn refund(&mut self, order: &Ordered, chance: &Random) -> usize {
        let path = format!("/api/orders/{}/refunds", order.id);
        let mut body = json!({"reason": "missing"});
        if chance.below(3) > 0 {
            let amount = format!("{}.{:02}", chance.below(4), 1 + chance.below(99));
            body["lines"] = json!([{"line": "1", "amount": amount}]);
        }
        if chance.below(3) == 0 {
            body["to"] = "credit".into();
        }
        let kind = Kind::Refund(order.id.clone());
        let staff = &self.ground.staff[below(chance, 2)];
        self.push(kind, staff, &path, &body)
    }

    /// What has to be sent so that everything comes to its end.
    pub(crate) fn unfinished(&mut self, book: &Book, round: u64) -> Vec<usize> {
        let is_waiting = |op: &Op| op.is_open() && !op.is_under_way;
        let mut all: Vec<usize> = (0..self.ops.len())
            .filter(|at| is_waiting(&self.ops[*at]))
            .collect();
        for refund in book.refunds.values().filter(|one| one.state == "asked") {
            let order = book.orders[&refund.order].id.clone();
            all.extend((0..2).map(|who| self.word((&order, &refund.id), (who, round))));
        }
        for (place, (uid, order)) in book.orders.iter().enumerate() {
            let last = match order.service.as_str() {
                "pickup" => "collected",
                "dine_in" => "served",
                _ => "out_for_delivery",
            };
            let next = match order.status.as_str() {
                "pending" if round > 30 + place as u64 => "confirmed",
                "confirmed" => "preparing",
                "preparing" => "ready_for_pickup",
                "ready_for_pickup" => last,
                "out_for_delivery" if place % 3 == 0 => "returned",
                "out_for_delivery" => "delivered",
                _ => continue,
            };
            let is_seen = order.tab.is_some() && next == tabs::READY;
            let version = is_seen.then(|| book.version(*uid));
            all.push(self.set(order, (next, version)));
        }
        all
    }
}

/// Where somebody may want an order to stand, whether it can or not.
const ANYWHERE: [&str; 6] = [
    "confirmed",
    "rejected",
    "ready_for_pickup",
    "delivered",
    "returned",
    "cancelled",
];

fn method(kind: &Kind, path: &str) -> Method {
    match kind {
        Kind::Move(..) | Kind::Change(_) | Kind::Add(..) => Method::PATCH,
        Kind::Rules => Method::PUT,
        Kind::Cart if path.matches('/').count() == 3 => Method::PUT,
        _ => Method::POST,
    }
}

pub(crate) fn below(chance: &Random, bound: usize) -> usize {
    usize::try_from(chance.below(bound as u64)).unwrap()
}

/// What somebody wants, now or later, for cash or by card.
fn basket(kitchen: &Kitchen, chance: &Random) -> Json {
    let cakes = 1 + chance.below(2);
    let mut items = vec![json!({"menuItemId": kitchen.cake, "quantity": cakes})];
    if chance.below(2) == 0 {
        items[0] = json!({"menuItemId": kitchen.pizza, "quantity": 1 + chance.below(2)});
    }
    if chance.below(3) == 0 {
        items.push(json!({"menuItemId": kitchen.water, "quantity": 1}));
    }
    let services = ["pickup", "pickup", tabs::SERVICE, tabs::SERVICE, "delivery"];
    let service = services[below(chance, services.len())];
    let mut body = json!({
        "restaurantId": kitchen.restaurant, "serviceType": service, "items": items,
    });
    if service == "delivery" {
        let (lat, lng) = NEAR;
        body["deliveryAddress"] =
            json!({"street": "Via Roma 2", "position": {"lat": lat, "lng": lng}});
    }
    super::deeds::pay(&mut body, chance);
    tabs::open(&mut body, chance);
    if chance.below(3) == 0 {
        body["couponCode"] = "SAVE10".into();
    }
    if chance.below(4) == 0 {
        body["tip"] = "1.00".into();
    }
    if chance.below(4) == 0 {
        let hours = 2 + chance.below(2);
        let wanted = start().plus(Duration::from_secs(hours * 3_600 + 1_800));
        body["wantedAt"] = wanted.unwrap().to_string().into();
    }
    body
}

impl Sim {
    /// Begins something; says whether there was anything to begin.
    pub(crate) async fn act(&mut self) -> bool {
        for _ in 0..6 {
            let began = match self.chance.below(100) {
                0..12 if self.clients.placed < self.clients.wanted => {
                    let op = self.clients.place(&self.chance);
                    self.send(op);
                    true
                }
                12..30 => self.on_an_order(),
                30..34 => self.on_a_cart(),
                34..46 => self.again(),
                46..58 => self.timers(),
                58..80 => self.some_saga().await,
                80..88 => {
                    let all = self.consumers();
                    let one = all[below(&self.chance, all.len())];
                    let is_idle = !self.is_at(&Work::Read(one));
                    if is_idle {
                        self.read_on(one);
                    }
                    is_idle
                }
                88..97 => self.some_notice(),
                _ => self.weather(),
            };
            if began {
                return true;
            }
        }
        false
    }

    /// Somebody does something with an order.
    fn on_an_order(&mut self) -> bool {
        let all: Vec<Uid> = self.book.orders.keys().copied().collect();
        if all.is_empty() {
            return false;
        }
        let uid = all[below(&self.chance, all.len())];
        let order = self.book.orders[&uid].clone();
        let next = super::legal::next(&order.status);
        let is_done = ["delivered", "collected", "served"].contains(&order.status.as_str());
        let often = if order.tab.is_some() { 2 } else { 4 };
        let is_about_lines = self.chance.below(often) == 0;
        let on_lines = is_about_lines.then(|| self.on_lines((uid, &order)));
        if let Some(op) = on_lines.flatten() {
            self.send(op);
            return true;
        }
        let op = match self.chance.below(10) {
            0 => self.clients.cancel(&order),
            9 => {
                let any = ANYWHERE[below(&self.chance, ANYWHERE.len())];
                self.clients.set(&order, (any, None))
            }
            1 if is_done && self.chance.below(2) == 0 => self.on_refunds((uid, &order)),
            1 | 2 if is_done || self.chance.below(8) == 0 => {
                self.clients.refund(&order, &self.chance)
            }
            3.. if !next.is_empty() => {
                let mut status = next[0];
                if self.chance.below(4) == 0 {
                    status = next[below(&self.chance, next.len())];
                }
                if order.status == "ready_for_pickup" && status == "out_for_delivery" {
                    status = match order.service.as_str() {
                        "pickup" => "collected",
                        "dine_in" => "served",
                        _ => status,
                    };
                }
                let is_silent = order.status == "pending" && self.plan.has(Fault::NoAnswer);
                if ["pending", "expired"].contains(&status)
                    || (is_silent && order.service != "delivery")
                {
                    return false;
                }
                let is_seen = order.tab.is_some() && status == tabs::READY;
                let version = match self.chance.below(6) {
                    0 => Some(self.book.version(uid)),
                    1 => Some((self.book.version(uid) - 1).max(1)),
                    3.. if is_seen => Some(self.book.version(uid)),
                    _ => None,
                };
                self.clients.set(&order, (status, version))
            }
            _ => return false,
        };
        self.send(op);
        true
    }

    /// Something that was not answered is sent again, or something that was.
    fn again(&mut self) -> bool {
        let ops = &self.clients.ops;
        let is_waiting = |at: &usize| ops[*at].is_open() && !ops[*at].is_under_way;
        let open: Vec<usize> = (0..ops.len()).filter(is_waiting).collect();
        let repeats = self.plan.has(Fault::Repeated) && self.chance.below(3) == 0;
        let one = match repeats {
            true => Some(below(&self.chance, ops.len().max(1))).filter(|at| *at < ops.len()),
            false => self.pick(&open),
        };
        let Some(op) = one else { return false };
        if self.clients.ops[op].is_closed {
            return false;
        }
        let is_lost = self.clients.ops[op].is_open() && !self.clients.ops[op].is_under_way;
        if is_lost && self.plan.has(Fault::GivesUp) && self.chance.below(4) == 0 {
            self.clients.ops[op].is_closed = true;
            return true;
        }
        self.send(op);
        true
    }

    fn timers(&mut self) -> bool {
        if let Some(claimed) = self.claimed.pop_front() {
            self.ring(claimed);
            return true;
        }
        let is_slow = self.plan.has(Fault::SlowTimers) && self.chance.below(8) > 0;
        if is_slow || self.is_at(&Work::Claim) {
            return false;
        }
        self.claim();
        true
    }

    async fn some_saga(&mut self) -> bool {
        let now = self.clock.now().as_micros();
        let takes_over = self.plan.has(Fault::TakenOver) && self.chance.below(10) == 0;
        let all = Rows(&self.db).sagas().await;
        let may = all.into_iter().filter(|(_, id, run_at, tries, ..)| {
            let is_at_work = self.is_at(&Work::Drive(*id));
            let is_parked = *run_at == i64::MAX;
            let is_due = *run_at <= now;
            // Who has begun it goes on with it at once; anybody else waits for the end of his lease.
            let is_free = !is_at_work && (is_due || *tries == 1);
            !is_parked && (is_free || (is_due && takes_over))
        });
        let may: Vec<_> = may.collect();
        if may.is_empty() {
            return false;
        }
        let (organisation, id, ..) = may[below(&self.chance, may.len())];
        self.drive(organisation, id);
        true
    }

    fn some_notice(&mut self) -> bool {
        let fresh = self.fake.take_notices();
        for notice in fresh {
            let is_lost = self.plan.has(Fault::NoticeLost) && self.chance.below(3) == 0;
            let is_twice = self.plan.has(Fault::NoticeTwice) && self.chance.below(2) == 0;
            if !is_lost {
                self.told.extend(is_twice.then(|| notice.clone()));
                self.told.push(notice);
            }
        }
        if self.told.is_empty() {
            return false;
        }
        let is_late = self.plan.has(Fault::NoticeLate);
        if is_late && self.chance.below(3) > 0 {
            return false;
        }
        let at = match is_late {
            true => below(&self.chance, self.told.len()),
            false => 0,
        };
        let notice = self.told.remove(at);
        self.tell(&notice);
        true
    }

    /// What comes over all of them.
    fn weather(&mut self) -> bool {
        match self.chance.below(4) {
            0 if self.plan.has(Fault::Down) => {
                self.is_down = !self.is_down;
                match self.is_down {
                    true => self.fake.go_down(),
                    false => self.fake.come_up(),
                }
            }
            1 if self.plan.has(Fault::Delayed) => self.fake.deliver_delayed(),
            2 if self.plan.has(Fault::Pause) => {
                let minutes = [1, 2, 6, 16, 40][below(&self.chance, 5)];
                self.pass(Duration::from_secs(minutes * 60));
            }
            3 if self.rules.is_some() => self.on_rules(),
            _ => self.pass(Duration::from_millis(self.chance.below(1_500))),
        }
        true
    }
}
