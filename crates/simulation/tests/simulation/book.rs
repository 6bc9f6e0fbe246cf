//! What the simulator knows by itself: read from the log and the rows, past the code that it judges.

use std::collections::{BTreeMap, BTreeSet};

use base::Uid;
use serde_json::Value as Json;
use store::{Call, Class, Column, Db, Logged, Row, Scope, Sql, Table};

use super::change::{self, Fate, Items, Line, Proposed};
use super::purse::{Granted, Purses};
use super::world::SHARD;

/// Any table, read as a whole.
static ROWS: Table = Table::new("any", Class::Control, &[Column::int("n")], 1, &[]);

macro_rules! reads {
    ($($(#[$doc:meta])* $name:ident = $sql:literal;)+) => {
        $($(#[$doc])* static $name: Sql = Sql::new(concat!("simulation.", stringify!($name)), &ROWS, $sql);)+
    };
}

reads! {
    ORDERS = "SELECT id, status, version, number, body, is_open, is_shown FROM orders";
    STOCK = "SELECT restaurant, item, counted, taken FROM menu_stock";
    COUPONS = "SELECT offer, used, uses_max FROM offer_counts";
    COUPON_PEOPLE = "SELECT used FROM offer_people";
    COUPON_TAKES = "SELECT purchase FROM offer_takes";
    SLOTS = "SELECT restaurant, slot, taken FROM capacity_slots";
    HOLDS = "SELECT hold FROM capacity_holds";
    SLOT_TAKES = "SELECT purchase, restaurant, slot FROM capacity_takes";
    BOOKS = "SELECT organisation, SUM(minor) FROM ledger_postings GROUP BY organisation";
    POSTED = "SELECT t.order_id, t.kind, p.account, SUM(p.minor), COUNT(*) FROM ledger_transactions t \
              JOIN ledger_postings p ON p.organisation = t.organisation AND p.transaction_id = t.id \
              WHERE t.order_id IS NOT NULL GROUP BY t.order_id, t.kind, p.account";
    PAYMENTS = "SELECT id, order_id, state, document FROM payments";
    REFUNDS = "SELECT order_id, id, state, body FROM refunds";
    NOTES = "SELECT organisation, year, number, body FROM credit_notes ORDER BY organisation, year, number";
    SAGAS = "SELECT organisation, id, run_at, tries, subject, kind, error FROM sagas ORDER BY begun_at, id";
    TIMERS = "SELECT kind, run_at, error FROM timers ORDER BY run_at, id";
    NOTICES = "SELECT id, outcome FROM payment_notices";
    ANSWERS = "SELECT operation, COUNT(*) FROM idempotency GROUP BY operation";
    BEHIND = "SELECT COUNT(*) FROM consumers WHERE position < (SELECT MAX(position) FROM log)";
    DEAD = "SELECT consumer, kind, error FROM dead_letters";
    PERSON_ORDERS = "SELECT person, id FROM person_orders";
    CREDITS = "SELECT organisation, person, minor FROM credits";
    PERSON_CREDITS = "SELECT person, tenant FROM person_credits";
    LOCKS = "SELECT id, attempt FROM sagas";
    WAITING = "SELECT (SELECT COUNT(*) FROM sagas), (SELECT COUNT(*) FROM timers)";
}

/// What was ordered, as the log tells it.
#[derive(Clone, Debug)]
pub(crate) struct Ordered {
    pub(crate) id: String,
    pub(crate) restaurant: String,
    pub(crate) customer: String,
    /// Where it stands, and where it stood before that.
    pub(crate) status: String,
    pub(crate) before: String,
    pub(crate) been: BTreeSet<String>,
    pub(crate) is_card: bool,
    pub(crate) total: i64,
    pub(crate) service: String,
    /// What is sold, by line.
    pub(crate) lines: BTreeMap<String, Line>,
    /// What is taken for that of what is counted.
    pub(crate) held: Items,
    /// The names that its lines have, or had.
    pub(crate) had: BTreeSet<String>,
    /// How much is held of it, where it is a tab.
    pub(crate) tab: Option<i64>,
    /// The version at which it was made ready.
    pub(crate) ready_at: Option<i64>,
    /// The change that waits, and what became of all of them, by number.
    pub(crate) proposal: Option<Proposed>,
    pub(crate) proposals: BTreeMap<i64, Fate>,
    pub(crate) is_changed: bool,
    /// The most that may have been taken for it.
    pub(crate) most: i64,
    /// Whether a part of it is paid in cash beside its payments.
    pub(crate) has_cash: bool,
    /// The cart that it was, and the version of that.
    pub(crate) cart: Option<String>,
    pub(crate) has_coupon: bool,
    /// Whether its money is taken when it is ready, and not when it is accepted.
    pub(crate) when_ready: bool,
    pub(crate) is_of_diner: bool,
    pub(crate) number: i64,
    pub(crate) day: String,
    pub(crate) accept_by: base::Time,
}

impl Ordered {
    /// Whether it came to nothing and nothing of it is paid.
    pub(crate) fn gives_back(&self) -> bool {
        match self.status.as_str() {
            "cancelled" | "rejected" | "expired" => true,
            "returned" => !self.is_card || !self.is_of_diner,
            _ => false,
        }
    }

    /// Whether what it took of stock and slots is still taken.
    pub(crate) fn holds(&self) -> bool {
        let is_early = ["scheduled", "pending", "confirmed"].contains(&self.before.as_str());
        !(self.gives_back() && is_early)
    }

    /// Whether it has been where its money may be taken.
    pub(crate) fn may_be_taken(&self) -> bool {
        let mut been = self.been.iter();
        been.any(|status| match (self.tab, self.when_ready) {
            (Some(_), _) => status == "served",
            (None, true) => super::legal::is_made(status),
            (None, false) => super::legal::is_accepted(status),
        })
    }

    pub(crate) fn is_final(&self) -> bool {
        super::legal::next(&self.status).is_empty()
    }
}

/// What the simulator has read.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) position: i64,
    pub(crate) versions: BTreeMap<Uid, i64>,
    pub(crate) orders: BTreeMap<Uid, Ordered>,
    /// The order of each payment.
    pub(crate) payments: BTreeMap<String, Uid>,
    pub(crate) contradicted: u64,
    /// Those of them that are credit.
    pub(crate) of_credit: BTreeSet<String>,
    pub(crate) purses: Purses,
    /// What was given as credit for an order, besides refunds.
    pub(crate) gifts: BTreeMap<Uid, i64>,
    pub(crate) gifts_given: i64,
    /// What was spent as credit for an order; the log tells of it before it tells of the order.
    pub(crate) spent: BTreeMap<Uid, i64>,
    /// Refunds, by stream.
    pub(crate) refunds: BTreeMap<Uid, Granted>,
    /// The restaurants in which one person gives back only so much alone.
    pub(crate) careful: BTreeSet<String>,
    /// Whether restaurants ever took money when an order was ready, and whether ever when it was accepted.
    pub(crate) rules: BTreeSet<(String, bool)>,
}

/// What an event touched.
#[derive(Default)]
pub(crate) struct Touched {
    pub(crate) orders: BTreeSet<Uid>,
    pub(crate) has_money: bool,
    pub(crate) has_credit: bool,
}

impl Book {
    /// Takes note of events, and says what is wrong with them.
    pub(crate) fn read(&mut self, events: &[Logged]) -> Result<Touched, String> {
        let mut touched = Touched::default();
        for event in events {
            if event.position != self.position + 1 {
                return Err(format!("7: a gap in the log before {}", event.position));
            }
            self.position = event.position;
            let version = self.versions.entry(event.stream).or_insert(0);
            if event.version != *version + 1 {
                let (kind, was) = (&event.kind, *version);
                return Err(format!(
                    "7: {kind} has version {} after {was}",
                    event.version
                ));
            }
            *version = event.version;
            let payload: Json = serde_json::from_str(&event.payload).unwrap();
            if event.kind.starts_with("order.") {
                self.order(event, &payload)?;
                if self.orders.contains_key(&event.stream) {
                    touched.orders.insert(event.stream);
                }
            } else if event.kind.starts_with("payment.") {
                self.payment(event, &payload);
                touched.has_money = true;
            } else if event.kind.starts_with("refund.") {
                self.refund(event, &payload)?;
            } else if event.kind == "order_rules.changed" {
                let is_ready = payload["rules"]["takeMoney"] == "ready";
                let restaurant = text(&payload["restaurant"]);
                self.rules.insert((restaurant, is_ready));
            } else if event.kind.starts_with("credit.") {
                self.credit(event, &payload)?;
                touched.has_credit = true;
            } else if event.kind.starts_with("ledger.") {
                touched.has_money = true;
            }
        }
        Ok(touched)
    }

    /// How many events something has had.
    pub(crate) fn version(&self, stream: Uid) -> i64 {
        self.versions.get(&stream).copied().unwrap_or(0)
    }

    fn order(&mut self, event: &Logged, payload: &Json) -> Result<(), String> {
        let status = text(&payload["status"]);
        if event.kind == "order.created" {
            if !["scheduled", "pending"].contains(&status.as_str()) {
                return Err(format!("6: an order begins as {status}"));
            }
            let order = created(payload, status);
            let rule = (order.restaurant.clone(), order.when_ready);
            if !self.rules.contains(&rule) {
                let id = &order.id;
                return Err(format!("6: {id} is under a rule that never was: {rule:?}"));
            }
            let same = |one: &&Ordered| {
                let place = (&one.restaurant, one.number, &one.day);
                place == (&order.restaurant, order.number, &order.day)
            };
            if self.orders.values().any(|one| same(&one)) {
                return Err(format!("6: two orders have the number {}", order.number));
            }
            let is_of_same_cart = |one: &Ordered| one.cart.is_some() && one.cart == order.cart;
            if self.orders.values().any(is_of_same_cart) {
                return Err(format!("9: {:?} was ordered twice", order.cart));
            }
            self.orders.insert(event.stream, order);
            return Ok(());
        }
        let Some(order) = self.orders.get_mut(&event.stream) else {
            return Ok(());
        };
        if status != order.status {
            if !super::legal::next(&order.status).contains(&status.as_str()) {
                return Err(format!(
                    "6: {} goes from {} to {status}",
                    order.id, order.status
                ));
            }
            order.before = std::mem::replace(&mut order.status, status.clone());
            order.been.insert(status);
        } else if order.is_final() {
            return Err(format!(
                "6: {} happens to {} in the end",
                event.kind, order.id
            ));
        }
        if event.kind == "order.ready" {
            order.ready_at = Some(event.version);
        }
        order.changes(&event.kind, payload)?;
        if event.kind.starts_with("order.change") {
            return Ok(());
        }
        let reason = &payload["data"]["reason"];
        let why = reason["code"].as_str().or(reason["why"].as_str());
        order.is_of_diner = matches!(why, Some("customer_absent" | "not_collected" | "not_taken"));
        let is_late = !["scheduled", "pending", "confirmed"].contains(&order.before.as_str());
        if event.kind == "order.cancelled" && reason["by"] == "diner" && is_late {
            return Err(format!(
                "6: {} was cancelled by its diner when it was {}",
                order.id, order.before
            ));
        }
        if let Some(until) = payload["data"]["acceptBy"].as_str() {
            order.accept_by = until.parse().unwrap();
        }
        let at: base::Time = payload["at"].as_str().unwrap().parse().unwrap();
        if event.kind == "order.expired" && at < order.accept_by {
            return Err(format!("6: {} has expired before its time", order.id));
        }
        Ok(())
    }

    fn payment(&mut self, event: &Logged, payload: &Json) {
        if event.kind == "payment.opened" {
            let order = base::uid::read("ord", payload["order"].as_str().unwrap()).unwrap();
            self.payments.insert(text(&payload["payment"]), order);
        }
        if event.kind == "payment.sent" && payload["event"]["provider"] == "credit" {
            self.of_credit.insert(text(&payload["payment"]));
        }
        if event.kind == "payment.contradicted" {
            self.contradicted += 1;
        }
    }
}

fn created(payload: &Json, status: String) -> Ordered {
    let data = &payload["data"];
    let lines = change::lines(&data["lines"]);
    let total = data["totalMinor"].as_i64().unwrap();
    let held = &payload["held"];
    Ordered {
        id: text(&data["id"]),
        restaurant: text(&data["restaurant"]),
        customer: text(&data["customer"]),
        been: [status.clone()].into(),
        before: String::new(),
        status,
        is_card: data["paying"] == "waiting",
        total,
        most: total,
        service: text(&data["service"]),
        held: change::items(&lines),
        has_coupon: lines.values().any(|line| line.off > 0),
        had: lines.keys().cloned().collect(),
        tab: data["tab"]["holdMinor"].as_i64(),
        ready_at: None,
        lines,
        proposal: None,
        proposals: BTreeMap::new(),
        is_changed: false,
        has_cash: held["cash"] == true,
        when_ready: data["rules"]["takeMoney"] == "ready",
        cart: held["cart"].as_array().map(|cart| format!("{cart:?}")),
        is_of_diner: false,
        number: payload["number"].as_i64().unwrap_or(0),
        day: text(&data["placedAt"]).chars().take(10).collect(),
        accept_by: text(&data["acceptBy"]).parse().unwrap(),
    }
}

pub(crate) fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The rows that are judged, past the slices.
pub(crate) struct Rows<'a>(pub(crate) &'a Db);

impl Rows<'_> {
    async fn all(&self, sql: &'static Sql) -> Vec<Row> {
        let shard = &self.0.shards()[SHARD];
        let calls = vec![Call::new(sql, [])];
        let read = shard.read(Scope::Nobody, calls, &self.0.deadline()).await;
        read.unwrap().into_iter().flatten().collect()
    }

    /// Status, version and body of each order.
    pub(crate) async fn orders(&self) -> BTreeMap<Uid, (String, i64, Json)> {
        let rows = self.all(&ORDERS).await;
        let rows = rows.iter().map(|row| {
            let body: String = row.get(4).unwrap();
            let body = serde_json::from_str(&body).unwrap();
            (
                row.get(0).unwrap(),
                (row.get(1).unwrap(), row.get(2).unwrap(), body),
            )
        });
        rows.collect()
    }

    /// How much is counted of which item, and how much is taken of that.
    pub(crate) async fn stock(&self) -> Vec<(Uid, Uid, i64, i64)> {
        let rows = self.all(&STOCK).await;
        let rows = rows.iter().map(|row| {
            let counted: Option<i64> = row.get(2).unwrap();
            let (restaurant, item) = (row.get(0).unwrap(), row.get(1).unwrap());
            (restaurant, item, counted.unwrap_or(0), row.get(3).unwrap())
        });
        rows.collect()
    }

    /// How often coupons were used and can be, how often the most eager person, and by which orders.
    pub(crate) async fn coupons(&self) -> (Vec<(i64, i64)>, i64, Vec<Uid>) {
        let counts = self.all(&COUPONS).await;
        let counts = counts
            .iter()
            .map(|row| (row.get(1).unwrap(), row.get(2).unwrap()));
        let people = self.all(&COUPON_PEOPLE).await;
        let people = people.iter().map(|row| row.get::<i64>(0).unwrap());
        let takes = self.all(&COUPON_TAKES).await;
        let takes = takes.iter().map(|row| row.get(0).unwrap());
        (counts.collect(), people.max().unwrap_or(0), takes.collect())
    }

    /// How much is taken of slots, and which orders have taken of which.
    pub(crate) async fn slots(&self) -> (BTreeMap<(Uid, i64), i64>, Vec<(Uid, (Uid, i64))>) {
        let slots = self.all(&SLOTS).await;
        let place = |row: &Row, at: usize| (row.get(at).unwrap(), row.get(at + 1).unwrap());
        let slots = slots.iter().map(|row| (place(row, 0), row.get(2).unwrap()));
        let takes = self.all(&SLOT_TAKES).await;
        let takes = takes.iter().map(|row| (row.get(0).unwrap(), place(row, 1)));
        (slots.collect(), takes.collect())
    }

    /// The places that are held for whoever is about to order.
    pub(crate) async fn holds(&self) -> Vec<Uid> {
        let holds = self.all(&HOLDS).await;
        holds.iter().map(|row| row.get(0).unwrap()).collect()
    }

    /// What people have as credit with whom.
    pub(crate) async fn credits(&self) -> BTreeMap<(i64, Uid), i64> {
        let rows = self.all(&CREDITS).await;
        let house = |row: &Row| i64::from(row.get::<base::Organisation>(0).unwrap().get());
        let rows = rows.iter().map(|row| {
            let place = (house(row), row.get(1).unwrap());
            (place, row.get(2).unwrap())
        });
        rows.collect()
    }

    /// The fencing number of each saga.
    pub(crate) async fn locks(&self) -> BTreeMap<Uid, i64> {
        let rows = self.all(&LOCKS).await;
        let rows = rows.iter();
        rows.map(|row| (row.get(0).unwrap(), row.get(1).unwrap()))
            .collect()
    }

    /// How many sagas and timers there are.
    pub(crate) async fn waiting(&self) -> (i64, i64) {
        let rows = self.all(&WAITING).await;
        (rows[0].get(0).unwrap(), rows[0].get(1).unwrap())
    }

    /// With whom people are known to have credit.
    pub(crate) async fn purses(&self) -> BTreeSet<(i64, Uid)> {
        let rows = self.of_people(&PERSON_CREDITS).await;
        let rows = rows.iter();
        rows.map(|row| (row.get(1).unwrap(), row.get(0).unwrap()))
            .collect()
    }

    async fn of_people(&self, sql: &'static Sql) -> Vec<Row> {
        let calls = vec![Call::new(sql, [])];
        let people = self.0.people();
        let rows = people.read(Scope::Nobody, calls, &self.0.deadline()).await;
        rows.unwrap().into_iter().flatten().collect()
    }

    /// What all books add up to.
    pub(crate) async fn books(&self) -> Vec<i64> {
        let rows = self.all(&BOOKS).await;
        rows.iter().map(|row| row.get(1).unwrap()).collect()
    }

    /// What stands for an order, of a kind, on an account, and how often.
    pub(crate) async fn posted(&self) -> Vec<(Uid, String, String, i64, i64)> {
        let rows = self.all(&POSTED).await;
        let rows = rows.iter().map(|row| {
            let (order, kind, account) = (
                row.get(0).unwrap(),
                row.get(1).unwrap(),
                row.get(2).unwrap(),
            );
            (
                order,
                kind,
                account,
                row.get(3).unwrap(),
                row.get(4).unwrap(),
            )
        });
        rows.collect()
    }

    /// Payments as they stand: their order, state and document.
    pub(crate) async fn payments(&self) -> Vec<(Uid, String, Json)> {
        let rows = self.all(&PAYMENTS).await;
        let rows = rows.iter().map(|row| {
            let document: String = row.get(3).unwrap();
            let document = serde_json::from_str(&document).unwrap();
            (row.get(1).unwrap(), row.get(2).unwrap(), document)
        });
        rows.collect()
    }

    /// Refunds: their order, id, state and body.
    pub(crate) async fn refunds(&self) -> Vec<(Uid, Uid, String, Json)> {
        let rows = self.all(&REFUNDS).await;
        let rows = rows.iter().map(|row| {
            let body: String = row.get(3).unwrap();
            let body = serde_json::from_str(&body).unwrap();
            (
                row.get(0).unwrap(),
                row.get(1).unwrap(),
                row.get(2).unwrap(),
                body,
            )
        });
        rows.collect()
    }

    /// Credit notes: whose, of which year, their number and body, in this order.
    pub(crate) async fn notes(&self) -> Vec<(i64, i64, i64, Json)> {
        let rows = self.all(&NOTES).await;
        let rows = rows.iter().map(|row| {
            let (house, year, number) = (
                row.get(0).unwrap(),
                row.get(1).unwrap(),
                row.get(2).unwrap(),
            );
            let body: String = row.get(3).unwrap();
            (house, year, number, serde_json::from_str(&body).unwrap())
        });
        rows.collect()
    }

    /// Sagas: whose, which, when they may run, how often this step was tried, of what kind, and their last error.
    pub(crate) async fn sagas(&self) -> Vec<(base::Organisation, Uid, i64, i64, String, String)> {
        let rows = self.all(&SAGAS).await;
        let rows = rows.iter().map(|row| {
            let (organisation, id) = (row.get(0).unwrap(), row.get(1).unwrap());
            let (run_at, tries) = (row.get(2).unwrap(), row.get(3).unwrap());
            (
                organisation,
                id,
                run_at,
                tries,
                row.get(5).unwrap(),
                row.get(6).unwrap(),
            )
        });
        rows.collect()
    }

    /// Timers: their kind, when they may run, and their last error.
    pub(crate) async fn timers(&self) -> Vec<(String, i64, String)> {
        let rows = self.all(&TIMERS).await;
        let rows = rows.iter();
        rows.map(|row| {
            (
                row.get(0).unwrap(),
                row.get(1).unwrap(),
                row.get(2).unwrap(),
            )
        })
        .collect()
    }

    /// What providers told and nobody has looked at.
    pub(crate) async fn unheard(&self) -> usize {
        let rows = self.all(&NOTICES).await;
        let is_open = |row: &&Row| row.get::<String>(1).unwrap().is_empty();
        rows.iter().filter(is_open).count()
    }

    /// How many answers are kept of each operation.
    pub(crate) async fn answers(&self) -> BTreeMap<String, i64> {
        let rows = self.all(&ANSWERS).await;
        let rows = rows.iter();
        rows.map(|row| (row.get(0).unwrap(), row.get(1).unwrap()))
            .collect()
    }

    /// How many consumers have not read all of the log.
    pub(crate) async fn behind(&self) -> i64 {
        let rows = self.all(&BEHIND).await;
        rows[0].get(0).unwrap()
    }

    /// Events that were put aside, and why.
    pub(crate) async fn dead(&self) -> Vec<String> {
        let rows = self.all(&DEAD).await;
        let told = |row: &Row| [row.get::<String>(0), row.get(1), row.get(2)].map(Result::unwrap);
        rows.iter().map(|row| told(row).join(" ")).collect()
    }

    /// Who has which orders in his list.
    pub(crate) async fn listed(&self) -> BTreeSet<(Uid, Uid)> {
        let rows = self.of_people(&PERSON_ORDERS).await;
        let rows = rows.iter();
        rows.map(|row| (row.get(0).unwrap(), row.get(1).unwrap()))
            .collect()
    }
}
