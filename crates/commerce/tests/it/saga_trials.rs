//! The sagas of orders, broken at every point and at every pair of points, over a provider with a book of its own.
//!
//! Each stage begins one order after the other over HTTP, lets what comes before run in peace, and hands the saga that it
//! is about to the trial. When that has ended, ours, the provider's and the ledger's books are compared, and stock,
//! coupon, slot and order must be where they belong.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use base::{Clock, Currency, Organisation, Random, Result, Time, Uid};
use commerce::Commerce;
use domain::pricing::Recipient;
use engine::sagas::trial::{Report, Stage, each, exhaust};
use engine::sagas::{At as Where, Kind, Known, Parts, Sagas, Script, State, Which};
use http::Method;
use rpc::Providers;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use testkit::provider::Fake;
use testkit::trial::Engine;
use trade::ledger::{Account, Sums};
use trade::orders::OrderId;
use trade::payments::{Act, AttemptState, Intent, State as Standing};

use super::kitchen::Kitchen;
use super::more::STILL;
use super::world::{Shop, uid};

/// As many cakes as no stage sells.
const CAKES: u32 = 90_000;
/// Two cakes, less a tenth.
const TOTAL: i64 = 900;
/// What is given back of an order that was handed over.
const PART: i64 = 300;
/// What is given back of one that was paid with a voucher and a card: all of the voucher, and some of the card.
const MORE: i64 = 600;
/// What is given after an order was accepted.
const TIP: i64 = 200;
/// More credit than all stages spend.
const CREDIT: i64 = 9_000_000;

/// What is done to an order, and so which of its sagas is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// It is placed, and its money held.
    Held,
    /// It is placed where the rule accepts at once, and its money is taken.
    TakenAtOnce,
    /// It is placed with a card that is refused.
    Refused,
    /// It is taken back before its money was asked for; the saga that asks is broken.
    TakenBack,
    /// It is accepted, and its money taken.
    Accepted,
    /// It is rejected, and its money let go.
    Rejected,
    /// It is cancelled when its money was taken, and that is given back.
    Cancelled,
    /// It was handed over, and a part of its money is given back.
    Refunded,
    /// The same, of a meal voucher that goes back as a whole and a card.
    VoucherRefunded,
    /// It is made dearer when its money was taken, and the diner agrees.
    Dearer,
    /// The same, and his card is refused.
    NotDearer,
    /// It is made cheaper when its money was taken.
    Cheaper,
    /// It is placed with two cards, and credit.
    HeldBySeveral,
    /// The same, and the second card is refused.
    RefusedByOne,
    /// It is accepted, and what two cards and credit hold is taken.
    TakenOfSeveral,
    /// It is cancelled when that was taken.
    SeveralCancelled,
    /// Its money is taken when it is ready.
    TakenWhenReady,
    /// The same, of two cards and credit.
    SeveralWhenReady,
    /// It is accepted and paid, and its diner tips.
    Tipped,
    /// The same, and his card is refused.
    NotTipped,
    /// It is cancelled when the tip was taken as well.
    TipReturned,
}

/// How an order must stand in the end.
struct End {
    status: &'static str,
    /// Whether it is there: what it holds and its money are kept.
    stays: bool,
    captured: i64,
    refunded: i64,
    /// How many cakes it has in the end.
    cakes: i64,
}

impl Deed {
    /// Whether it is paid by two cards and credit.
    const fn is_several(self) -> bool {
        matches!(
            self,
            Deed::HeldBySeveral
                | Deed::RefusedByOne
                | Deed::TakenOfSeveral
                | Deed::SeveralCancelled
                | Deed::SeveralWhenReady
        )
    }

    /// Whether the restaurant takes money when an order is ready.
    const fn is_when_ready(self) -> bool {
        matches!(self, Deed::TakenWhenReady | Deed::SeveralWhenReady)
    }

    /// Whether its money is held in the end, and not taken.
    const fn is_held(self) -> bool {
        matches!(self, Deed::Held | Deed::HeldBySeveral)
    }

    const fn end(self) -> End {
        let (status, stays, captured, refunded) = match self {
            Deed::Held | Deed::HeldBySeveral => ("pending", true, 0, 0),
            Deed::TakenAtOnce
            | Deed::Accepted
            | Deed::TakenOfSeveral
            | Deed::NotDearer
            | Deed::NotTipped => ("confirmed", true, TOTAL, 0),
            Deed::Tipped => ("confirmed", true, TOTAL + TIP, 0),
            Deed::TipReturned => ("cancelled", false, TOTAL + TIP, TOTAL + TIP),
            Deed::Refused | Deed::TakenBack | Deed::RefusedByOne => ("cancelled", false, 0, 0),
            Deed::Rejected => ("rejected", false, 0, 0),
            Deed::Cancelled | Deed::SeveralCancelled => ("cancelled", false, TOTAL, TOTAL),
            Deed::Refunded => ("collected", true, TOTAL, PART),
            Deed::VoucherRefunded => ("collected", true, TOTAL, MORE),
            Deed::TakenWhenReady | Deed::SeveralWhenReady => ("ready_for_pickup", true, TOTAL, 0),
            Deed::Dearer => ("confirmed", true, TOTAL + 500, 0),
            Deed::Cheaper => ("confirmed", true, TOTAL, TOTAL / 2),
        };
        let cakes = match self {
            Deed::Dearer => 3,
            Deed::Cheaper => 1,
            _ if stays => 2,
            _ => 0,
        };
        End {
            cakes,
            status,
            stays,
            captured,
            refunded,
        }
    }

    /// The kind of the saga that is broken.
    const fn kind(self) -> &'static str {
        match self {
            Deed::Held
            | Deed::TakenAtOnce
            | Deed::Refused
            | Deed::TakenBack
            | Deed::HeldBySeveral
            | Deed::RefusedByOne => "order.place",
            Deed::Accepted
            | Deed::TakenOfSeveral
            | Deed::TakenWhenReady
            | Deed::SeveralWhenReady => "order.capture",
            Deed::Rejected | Deed::Cancelled | Deed::SeveralCancelled | Deed::TipReturned => {
                "order.unwind"
            }
            Deed::Refunded | Deed::VoucherRefunded => "order.refund",
            Deed::Dearer | Deed::NotDearer => "order.change",
            Deed::Cheaper => "order.give_back",
            Deed::Tipped | Deed::NotTipped => "order.tip",
        }
    }
}

/// Which mistake the sagas make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    None,
    /// What is to be let go of is kept.
    KeepsTheMoney,
}

/// Whatever a saga of orders remembers.
#[derive(Serialize, Deserialize)]
struct Anything(Value);

impl State for Anything {}

static UNWIND: Kind = Kind::new("order.unwind", 1);

/// One restaurant, one diner, one provider, and what is done to each order.
struct Counter {
    act: Deed,
    mistake: Mistake,
    kitchen: Kitchen,
    commerce: Commerce,
    /// Runs in peace what comes before and after the saga that is broken.
    calm: Sagas,
    /// Its clock, by which the sagas that are broken go as well.
    clock: Clock,
    fake: Fake,
    diner: String,
    house: Organisation,
    coupon: String,
    /// The only slot of which there is just one, for orders that come to nothing.
    slot: Option<Time>,
    at: Mutex<At>,
}

/// The order that is looked at now, how many were kept so far, and how many cakes.
#[derive(Default)]
struct At {
    order: String,
    kept: i64,
    cakes: i64,
}

impl Counter {
    async fn open(act: Deed, mistake: Mistake) -> Self {
        let shop = Box::pin(STILL.scope((), Shop::new(Engine::Inline)));
        let kitchen = Kitchen::open(shop.await).await;
        kitchen.count(CAKES).await;
        let path = format!("{}/order-rules", kitchen.at());
        let mut rules = kitchen.shop.get(&path).await.good();
        rules["autoAccept"] = (act == Deed::TakenAtOnce).into();
        if act.is_when_ready() {
            rules["takeMoney"] = "ready".into();
        }
        if act == Deed::VoucherRefunded {
            rules["mealVouchers"] = json!({});
        }
        kitchen.shop.put(&path, rules).await.good();
        let (diner, coupon) = (kitchen.shop.person(&[]), coupon(&kitchen).await);
        if act.is_several() {
            rich(&kitchen, &diner).await;
        }
        // What is wanted tomorrow is accepted tomorrow.
        let slot = match act {
            Deed::Refused | Deed::TakenBack | Deed::Rejected => Some(narrow(&kitchen).await),
            _ => None,
        };
        // What the edge begins by the provider `test` is asked of this one, which keeps a book.
        let fake = Fake::new("test", &Random::seeded(5));
        let mut parts = kitchen.shop.node.more.parts.clone();
        parts.providers = Providers::new(vec![std::sync::Arc::new(fake.clone())]);
        // Nobody but who has begun to ask for new money sends it in its first moments: these pass when they are waited for.
        let clock = Clock::simulated(parts.clock.now());
        parts.clock = clock.clone();
        let commerce = Commerce::new(&parts);
        let calm = Sagas::new(Parts {
            db: parts.db,
            clock: parts.clock,
            random: parts.random,
        });
        calm.learn(commerce.orders.scripts()).unwrap();
        Counter {
            house: uid(&kitchen.organisation).organisation(),
            at: Mutex::default(),
            mistake,
            act,
            commerce,
            calm,
            fake,
            clock,
            diner,
            coupon,
            slot,
            kitchen,
        }
    }

    fn basket(&self) -> Value {
        let token = match self.act {
            Deed::Refused => "refused",
            _ => "ok",
        };
        let mut basket = json!({
            "restaurantId": self.kitchen.restaurant, "serviceType": "pickup",
            "items": [{"menuItemId": self.kitchen.cake, "quantity": 2}],
            "payment": {"method": "card", "token": token},
            "couponCode": "TENTH",
        });
        if self.act.is_several() {
            let second = match self.act {
                Deed::RefusedByOne => "refused",
                _ => "ok",
            };
            basket.as_object_mut().unwrap().remove("payment");
            basket["payments"] = json!([
                {"method": "card", "token": "ok", "amount": "3.00"},
                {"method": "store_credit", "amount": "1.00"},
                {"method": "card", "token": second},
            ]);
        }
        if self.act == Deed::VoucherRefunded {
            basket.as_object_mut().unwrap().remove("payment");
            basket["payments"] = json!([
                {"method": "meal_voucher", "token": "ok", "amount": "5.00"},
                {"method": "card", "token": "ok"},
            ]);
        }
        if let Some(slot) = self.slot {
            basket["wantedAt"] = slot.to_string().into();
        }
        basket
    }

    /// The sagas of an order that have not ended.
    async fn open_sagas(&self, order: &str) -> Vec<(String, Uid)> {
        let mut all = self.calm.list(Which::Open, None, 100).await.unwrap();
        all.extend(self.calm.list(Which::Parked, None, 100).await.unwrap());
        let of_order = all.into_iter().filter(|saga| saga.subject == uid(order));
        of_order.map(|saga| (saga.kind, saga.id)).collect()
    }

    /// Runs all sagas of an order to their ends; says whether they came there.
    async fn calm_down(&self, order: &str) -> bool {
        for round in 0..20 {
            let open = self.open_sagas(order).await;
            if open.is_empty() {
                return true;
            }
            if round > 1 {
                self.clock.advance(Duration::from_secs(3)).unwrap();
            }
            for (_, saga) in open {
                self.calm.drive(self.house, saga).await.unwrap();
            }
        }
        false
    }

    async fn set(&self, order: &str, statuses: &[&str]) {
        for status in statuses {
            let said = match *status {
                "rejected" => json!({"status": status, "reason": "too_busy"}),
                "cancelled" => json!({"status": status, "reason": "sold_out"}),
                _ => json!({"status": status}),
            };
            self.kitchen.set(order, said).await.good();
        }
    }

    /// Does to an order what this is about, up to where the saga begins that is to be broken.
    async fn do_it(&self, order: &str) {
        let shop = &self.kitchen.shop;
        match self.act {
            Deed::Held
            | Deed::TakenAtOnce
            | Deed::Refused
            | Deed::HeldBySeveral
            | Deed::RefusedByOne => return,
            Deed::TakenBack => {
                let path = format!("/api/orders/{order}/cancel");
                let who = (self.diner.as_str(), "");
                let said = shop.ask(who, Method::POST, &path, Some(json!({})));
                said.await.good();
                return;
            }
            _ => assert!(self.calm_down(order).await),
        }
        match self.act {
            Deed::Rejected => self.set(order, &["rejected"]).await,
            Deed::Accepted | Deed::TakenOfSeveral => self.set(order, &["confirmed"]).await,
            Deed::Dearer | Deed::NotDearer | Deed::Cheaper => self.change(order).await,
            Deed::TakenWhenReady | Deed::SeveralWhenReady => {
                let ready = ["confirmed", "preparing", "ready_for_pickup"];
                self.set(order, &ready).await;
            }
            Deed::Cancelled | Deed::SeveralCancelled => {
                self.set(order, &["confirmed"]).await;
                assert!(self.calm_down(order).await);
                self.set(order, &["cancelled"]).await;
            }
            Deed::Tipped | Deed::NotTipped => self.tip(order).await,
            Deed::TipReturned => {
                self.tip(order).await;
                assert!(self.calm_down(order).await);
                self.set(order, &["cancelled"]).await;
            }
            _ => {
                self.set(
                    order,
                    &["confirmed", "preparing", "ready_for_pickup", "collected"],
                )
                .await;
                assert!(self.calm_down(order).await);
                let path = format!("/api/orders/{order}/refunds");
                let amount = match self.act {
                    Deed::VoucherRefunded => "6.00",
                    _ => "3.00",
                };
                let body = json!({"lines": [{"line": "1", "amount": amount}], "reason": "late"});
                shop.post(&path, body).await.good();
            }
        }
    }

    /// Has another number of cakes in an order that is accepted and paid; the diner agrees to more.
    async fn change(&self, order: &str) {
        let shop = &self.kitchen.shop;
        self.set(order, &["confirmed"]).await;
        assert!(self.calm_down(order).await);
        let quantity = if self.act == Deed::Cheaper { 1 } else { 3 };
        let body = json!({"quantity": [{"line": "1", "quantity": quantity}], "reason": "sold_out"});
        let path = format!("/api/orders/{order}/lines");
        let said = shop.patch(&path, body).await.good();
        if self.act == Deed::Cheaper {
            return;
        }
        let token = if self.act == Deed::Dearer {
            "ok"
        } else {
            "refused"
        };
        let number = &said["proposal"]["number"];
        let yes = json!({"proposal": number, "accept": true, "payment": {"token": token}});
        let path = format!("/api/orders/{order}/consent");
        let who = (self.diner.as_str(), "");
        shop.ask(who, Method::POST, &path, Some(yes)).await.good();
    }

    /// Tips for an order that is accepted and paid.
    async fn tip(&self, order: &str) {
        self.set(order, &["confirmed"]).await;
        assert!(self.calm_down(order).await);
        let token = match self.act {
            Deed::NotTipped => "refused",
            _ => "ok",
        };
        let payment = json!({"method": "card", "token": token});
        let tip = json!({"amount": "2.00", "recipient": "kitchen", "payment": payment});
        let (who, path) = (self.diner.as_str(), format!("/api/orders/{order}/tips"));
        let shop = &self.kitchen.shop;
        let said = shop.ask((who, ""), Method::POST, &path, Some(tip));
        said.await.good();
    }

    /// What is not as it must be with the order and what it holds.
    async fn held(&self, order: &str, wrong: &mut Vec<String>) -> Result<()> {
        let (shop, end) = (&self.kitchen.shop, self.act.end());
        let path = format!("/api/orders/{order}");
        let seen = shop.ask((&self.diner, ""), Method::GET, &path, None);
        let seen = seen.await.good();
        if seen["status"] != end.status {
            wrong.push(format!("it is {}", seen["status"]));
        }
        let (kept, cakes) = {
            let mut at = self.at.lock().unwrap();
            at.kept += i64::from(end.stays);
            at.cakes += end.cakes;
            (at.kept, at.cakes)
        };
        let tip = match self.act {
            Deed::Tipped => json!("paid"),
            Deed::NotTipped => json!("failed"),
            Deed::TipReturned => json!("returned"),
            _ => Value::Null,
        };
        if seen["tips"][0]["state"] != tip {
            wrong.push(format!("the tip is {}", seen["tips"]));
        }
        let left = self.kitchen.left().await;
        if left != json!(i64::from(CAKES) - cakes) {
            wrong.push(format!("{left} are left of the stock after {cakes}"));
        }
        if self.act.is_several() {
            let order: OrderId = order.parse().unwrap();
            let place = (order.organisation(), self.diner.parse().unwrap());
            let has = self.commerce.credit.balance(place, euro()).await?.minor();
            if has != CREDIT - 100 * kept {
                wrong.push(format!("{has} is left of the credit after {kept}"));
            }
        }
        let path = format!(
            "/api/organisations/{}/coupons/{}",
            self.kitchen.organisation, self.coupon
        );
        let used = shop.get(&path).await.good()["used"].clone();
        if used != json!(kept) {
            wrong.push(format!("the coupon is used {used} times after {kept}"));
        }
        if let Some(slot) = self.slot
            && !is_free(&self.kitchen, slot).await
        {
            wrong.push("the slot is not given back".to_owned());
        }
        if matches!(self.act, Deed::Refunded | Deed::VoucherRefunded) {
            let path = format!("/api/orders/{order}/refunds");
            let all = shop.get(&path).await.good()["items"].clone();
            let states: Vec<_> = all
                .as_array()
                .unwrap()
                .iter()
                .map(|one| &one["state"])
                .collect();
            if states != [&json!("executed")] {
                wrong.push(format!("refunds: {states:?}"));
            }
            let path = format!("/api/orders/{order}/credit-notes");
            let notes = shop.get(&path).await.good()["items"].clone();
            let totals = notes.as_array().unwrap().iter();
            let totals: Vec<_> = totals.map(|one| &one["total"]).collect();
            if totals != [&all[0]["amount"]] {
                wrong.push(format!("credit notes: {notes}"));
            }
        }
        Ok(())
    }

    /// What is not as it must be with its money, in our books and in those of the provider.
    async fn money(&self, order: OrderId, wrong: &mut Vec<String>) -> Result<()> {
        let end = self.act.end();
        let intents = self.commerce.payments.all_of_order(order).await?;
        let sum = |of: fn(&Intent) -> i64| intents.iter().map(of).sum::<i64>();
        let taken = (sum(|one| one.captured_minor), sum(|one| one.refunded_minor));
        if taken != (end.captured, end.refunded) {
            wrong.push(format!("taken, and given back: {taken:?}"));
        }
        for intent in &intents {
            if intent.unsettled().count() > 0 {
                wrong.push("something has no outcome".to_owned());
            }
            let is_held = matches!(intent.state, Standing::Authorised);
            if is_held != self.act.is_held() {
                wrong.push(format!("the payment is {:?}", intent.state));
            }
            // What is paid with credit no provider knows.
            if !intent.attempts.iter().any(|one| one.provider.is_credit()) {
                wrong.extend(differences(&self.fake, intent));
            }
        }
        let posted = self.commerce.ledger.of_order(order).await?;
        let sums = Sums::of(posted.iter().map(|one| &one.transaction)).unwrap();
        let on: Vec<_> = sums.iter().filter(|(_, sum)| sum.minor() != 0).collect();
        let tips = Account::TipsFor(Recipient::Kitchen);
        let tip = if self.act == Deed::Tipped { -TIP } else { 0 };
        if sums.on(&tips, euro()).minor() != tip {
            wrong.push(format!("the kitchen is owed other tips: {on:?}"));
        }
        let owed = if self.act.is_held() { TOTAL } else { 0 };
        let currency = euro();
        if !sums.is_balanced()
            || sums.owed(currency).minor() != owed
            || !end.stays && !on.is_empty()
        {
            wrong.push(format!("the ledger says {on:?}"));
        }
        Ok(())
    }
}

impl Stage for Counter {
    fn scripts(&self) -> Vec<Known> {
        let nothing = |at: Where<Anything>| async move { Ok(at.done()) };
        match self.mistake {
            Mistake::None => self.commerce.orders.scripts(),
            Mistake::KeepsTheMoney => vec![Script::new(&UNWIND).must("release", nothing).into()],
        }
    }

    async fn begin(&self) -> Result<(Organisation, Uid)> {
        let diner = (self.diner.as_str(), "");
        let placed = self.kitchen.order(diner, self.basket()).await.good();
        let order = placed["id"].as_str().unwrap().to_owned();
        self.do_it(&order).await;
        let mut open = self.open_sagas(&order).await.into_iter();
        let found = open.find(|(kind, _)| kind == self.act.kind());
        let (_, saga) = found.expect("no such saga was begun");
        self.at.lock().unwrap().order = order;
        Ok((self.house, saga))
    }

    async fn leftovers(&self, _saga: Uid) -> Result<Vec<String>> {
        let order = self.at.lock().unwrap().order.clone();
        let mut wrong = Vec::new();
        if !self.calm_down(&order).await {
            wrong.push("what it has begun does not end".to_owned());
        }
        self.held(&order, &mut wrong).await?;
        self.money(order.parse().unwrap(), &mut wrong).await?;
        Ok(wrong)
    }
}

fn euro() -> Currency {
    "EUR".parse().unwrap()
}

/// Gives a diner more credit than he can spend, for an order that he takes back.
async fn rich(kitchen: &Kitchen, diner: &str) {
    let body = json!({
        "restaurantId": kitchen.restaurant, "serviceType": "pickup",
        "items": [{"menuItemId": kitchen.water, "quantity": 1}],
    });
    let order = kitchen.order((diner, ""), body).await.good();
    let at = format!("/api/orders/{}", order["id"].as_str().unwrap());
    let gift = json!({"amount": "90000.00", "reason": "goodwill"});
    let shop = &kitchen.shop;
    shop.post(&format!("{at}/credit"), gift).await.good();
    let back = format!("{at}/cancel");
    let said = shop.ask((diner, ""), Method::POST, &back, Some(json!({})));
    said.await.good();
}

/// A coupon of ten percent; answers its id.
async fn coupon(kitchen: &Kitchen) -> String {
    let path = format!("/api/organisations/{}/coupons", kitchen.organisation);
    let gives = json!({"kind": "percent", "percent": "10"});
    let terms = json!({"name": "A tenth", "currency": "EUR", "usesMax": 90_000, "gives": gives});
    let coupon = json!({"code": "TENTH", "terms": terms});
    let made = kitchen.shop.post(&path, coupon).await.good();
    made["id"].as_str().unwrap().to_owned()
}

/// Has the kitchen take one order a slot; answers one of the slots of tomorrow.
async fn narrow(kitchen: &Kitchen) -> Time {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let when = json!({"days": days, "from": "00:00", "to": "24:00"});
    let rules = json!({"rules": [{"when": when, "ordersMax": 1}], "version": 0});
    let path = format!("{}/capacity", kitchen.at());
    kitchen.shop.put(&path, rules).await.good();
    let tomorrow = kitchen.shop.world.clock.now();
    let tomorrow = tomorrow.plus(Duration::from_secs(86_400)).unwrap();
    let slots = slots(kitchen, tomorrow).await;
    slots[2]["at"].as_str().unwrap().parse().unwrap()
}

async fn slots(kitchen: &Kitchen, from: Time) -> Vec<Value> {
    let path = format!("{}/slots?service=pickup&from={from}", kitchen.at());
    let slots = kitchen.shop.get(&path).await.good();
    slots["slots"].as_array().unwrap().clone()
}

async fn is_free(kitchen: &Kitchen, slot: Time) -> bool {
    let slots = slots(kitchen, slot).await;
    let found = slots.iter().find(|one| one["at"] == slot.to_string());
    found.is_some_and(|one| one["free"] == true)
}

/// Where the book of the provider says of a payment something else than ours.
fn differences(fake: &Fake, intent: &Intent) -> Vec<String> {
    let mut wrong = Vec::new();
    let name = intent.id.to_string();
    let theirs = fake.entries();
    let theirs = theirs
        .iter()
        .filter(|(_, entry)| entry.merchant_reference.starts_with(&name));
    let mut asked = 0;
    for (key, entry) in theirs {
        asked += usize::from(entry.done.is_ok());
        let ours = intent.attempts.iter().find(|one| one.id.uid() == *key);
        let state = match entry.done {
            Ok(()) => AttemptState::Done,
            Err(_) => AttemptState::Refused,
        };
        if ours.is_none_or(|ours| ours.state != state || ours.minor != entry.amount.minor()) {
            wrong.push(format!("they have {entry:?}, we have {ours:?}"));
        }
    }
    let all = &intent.attempts;
    let done = all.iter().filter(|one| one.state == AttemptState::Done);
    if done.count() != asked || intent.done(Act::Authorise).count() > 1 {
        wrong.push(format!("they did {asked}, we have {all:?}"));
    }
    let held = intent.held_by().and_then(|by| by.reference.as_ref());
    if let Some(book) = held.map(|by| fake.held()[by]) {
        let left = book.authorised_minor - book.captured_minor - book.cancelled_minor;
        let is_same = book.captured_minor == intent.captured_minor
            && book.refunded_minor == intent.refunded_minor;
        if !is_same || (left > 0) != (intent.state == Standing::Authorised) {
            wrong.push(format!("they hold {book:?}, we have {intent:?}"));
        }
    }
    wrong
}

#[allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it shows figures, and how long a test took is no part of what it tests"
)]
async fn proof(act: Deed, mistake: Mistake) -> Report {
    let began = Instant::now();
    let counter = Counter::open(act, mistake).await;
    let more = &counter.kitchen.shop.node.more.parts;
    let parts = Parts {
        db: more.db.clone(),
        clock: more.clock.clone(),
        random: more.random.clone(),
    };
    let report = match mistake {
        Mistake::None => exhaust(parts, &counter).await,
        Mistake::KeepsTheMoney => each(parts, &counter).await,
    };
    let report = report.unwrap();
    println!("{act:?}: {report}, in {:?}", began.elapsed());
    assert_eq!(counter.fake.counts().other_bodies, 0);
    let balance = counter.commerce.ledger.trial_balance(counter.house).await;
    assert!(balance.unwrap().is_balanced());
    counter.kitchen.shop.verify().await;
    report
}

async fn nothing_is_left(act: Deed) {
    let report = proof(act, Mistake::None).await;
    assert_eq!(report.wrong, Vec::<String>::new());
    assert!(report.pairs > 10 && report.parked > 0, "{report}");
}

macro_rules! nothing_is_left_when {
    ($($name:ident: $act:ident),+ $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            nothing_is_left(Deed::$act).await;
        })+
    };
}

nothing_is_left_when! {
    money_is_held: Held,
    money_is_taken_at_once: TakenAtOnce,
    a_card_is_refused: Refused,
    an_order_is_taken_back_at_once: TakenBack,
    an_order_is_accepted: Accepted,
    an_order_is_rejected: Rejected,
    what_was_paid_is_cancelled: Cancelled,
    a_part_is_given_back: Refunded,
    a_voucher_and_a_part_of_a_card_are_given_back: VoucherRefunded,
    an_order_is_made_dearer: Dearer,
    what_is_dearer_is_refused: NotDearer,
    an_order_is_made_cheaper: Cheaper,
    several_means_hold_the_money: HeldBySeveral,
    one_of_several_means_is_refused: RefusedByOne,
    several_means_give_the_money: TakenOfSeveral,
    what_several_means_paid_is_cancelled: SeveralCancelled,
    an_order_is_ready: TakenWhenReady,
    several_means_give_when_it_is_ready: SeveralWhenReady,
    a_tip_is_given: Tipped,
    a_tip_is_refused: NotTipped,
    a_tip_is_given_back: TipReturned,
}

#[tokio::test]
async fn money_that_is_kept_is_found() {
    let report = proof(Deed::Rejected, Mistake::KeepsTheMoney).await;
    let found = report
        .wrong
        .iter()
        .filter(|wrong| wrong.contains("the payment is Authorised"));
    assert_eq!(found.count(), report.cases, "{report}");
}
