//! What nobody knows the end of for three days is listed, whoever had to ask for it, and settled by hand with a reason.

use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Money, Uid};
use commerce::payments::{App, Begin};
use commerce::sagas::SagaId;
use engine::sagas::{At, Begun, Kind, Parts, Saga, Sagas, Script, Stood, Turn};
use futures_util::future::BoxFuture;
use http::Method;
use rpc::Providers;
use rpc::providers::{Answer, Change, Charge, Headers, LookUp, Notice, Provider, Return, Token};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use testkit::trial::Engine;
use trade::orders::OrderId;
use trade::payments::{AttemptId, Covers, PaymentId, State};

use super::kitchen::Kitchen;
use super::more::STILL;
use super::world::{OPERATOR, Shop, on_both};

on_both!(
    what_a_saga_left_unknown_is_listed_and_settled_as_not_done,
    what_a_timer_asks_for_is_listed_and_settled_as_done,
    what_a_parked_saga_left_is_listed_and_looked_after,
    only_one_of_two_humans_settles_it,
    a_provider_that_answers_too_late_contradicts_the_human,
    a_provider_that_did_another_amount_contradicts_the_human,
    what_was_taken_by_hand_is_given_back,
    a_timer_that_does_not_read_hides_no_other,
);

static PAYS: Kind = Kind::new("order.pays", 1);

const DAYS: u64 = 24 * 60 * 60;

/// A kitchen in which nothing goes on by itself, by a clock of the test's own.
struct Idle {
    kitchen: Kitchen,
    clock: Clock,
}

impl Idle {
    async fn open(engine: Engine) -> Self {
        let clock = Clock::simulated(Clock::real().now());
        let kitchen = Kitchen::open(Shop::at(engine, &clock).await).await;
        Idle { kitchen, clock }
    }

    /// So many days, and a little: rows bear the time of the store.
    fn days(&self, days: u64) {
        self.clock
            .advance(Duration::from_secs(days * DAYS + 600))
            .unwrap();
    }

    /// A payment that was begun by this token and never sent.
    async fn begun(&self, covers: Covers, token: &str) -> (PaymentId, OrderId) {
        let shop = &self.kitchen.shop;
        let (clock, random) = shop.chance();
        let house = super::world::uid(&self.kitchen.organisation).organisation();
        let make = || Uid::make(clock, random, house);
        let begin = Begin {
            payment: make().into(),
            order: make().into(),
            restaurant: self.kitchen.restaurant.parse().unwrap(),
            amount: Money::new(2_549, "EUR".parse().unwrap()),
            saga: covers.is_tip().then(make),
            covers,
            voucher: None,
            token: Some(Token::parse(token).unwrap()),
            return_url: None,
        };
        let db = &shop.world.db;
        let mut commit = db.new_commit(house);
        let payments = &shop.node.more.commerce.payments;
        payments.begin(&mut commit, &begin).unwrap();
        db.commit(commit, &db.deadline()).await.unwrap();
        (begin.payment, begin.order)
    }

    /// The payments that need a human.
    async fn stuck(&self) -> Vec<Value> {
        let said = self.kitchen.shop.get("/api/ops/payments").await.good();
        said["items"].as_array().unwrap().clone()
    }

    async fn settle(&self, (payment, attempt): (&str, &str), outcome: Value) -> (u16, Value) {
        let path = format!("/api/ops/payments/{payment}/settle");
        let mut body = json!({"attempt": attempt});
        for (field, value) in outcome.as_object().unwrap() {
            body[field] = value.clone();
        }
        let said = self
            .kitchen
            .shop
            .post_once(&path, outcome["outcome"].as_str().unwrap(), body);
        let said = said.await;
        (said.status.as_u16(), said.body)
    }

    /// What the log says of what was settled.
    async fn told(&self) -> Vec<Value> {
        let db = &self.kitchen.shop.world.db;
        let house = super::world::uid(&self.kitchen.organisation).organisation();
        let (shard, _) = db.home(house).unwrap();
        let all = shard.log_after(0, 1_000, &db.deadline()).await.unwrap();
        let acts = all
            .into_iter()
            .filter(|event| event.kind == "attempt.settled");
        acts.map(|event| {
            assert_eq!(event.actor, OPERATOR);
            serde_json::from_str(&event.payload).unwrap()
        })
        .collect()
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

async fn what_a_saga_left_unknown_is_listed_and_settled_as_not_done(engine: Engine) {
    STILL.scope((), left_by_a_saga(engine)).await;
}

async fn left_by_a_saga(engine: Engine) {
    let idle = Idle::open(engine).await;
    let diner = idle.kitchen.shop.person(&[]);
    let mut basket = idle.kitchen.basket();
    basket["payment"] = json!({"method": "card", "token": "ok"});
    let order = idle.kitchen.order((&diner, ""), basket).await.good();
    let order: OrderId = text(&order, "id").parse().unwrap();
    let payments = &idle.kitchen.shop.node.more.commerce.payments;
    let payment = payments.of_order(order).await.unwrap().remove(0);
    let (id, attempt) = (payment.id.to_string(), payment.attempts[0].id.to_string());
    idle.days(2);
    assert_eq!(idle.stuck().await, Vec::<Value>::new());
    let not_done = json!({"outcome": "not_done"});
    let early = idle.settle((&id, &attempt), not_done.clone()).await;
    assert_eq!(early.0, 409, "{early:?}");

    idle.days(1);
    let listed = idle.stuck().await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    let shown = &listed[0];
    assert_eq!(
        (text(shown, "id"), text(shown, "orderId")),
        (&*id, &*order.to_string())
    );
    let shown = &shown["attempts"][0];
    assert_eq!(
        (text(shown, "id"), text(shown, "state")),
        (&*attempt, "sent")
    );
    assert_eq!(
        (&shown["needsHuman"], shown["sentAt"].is_string()),
        (&json!(true), true)
    );

    let (status, after) = idle.settle((&id, &attempt), not_done.clone()).await;
    assert_eq!(
        (status, text(&after, "state")),
        (200, "failed"),
        "{after:?}"
    );
    assert_eq!(text(&after, "code"), "settled_by_hand");
    assert_eq!(
        idle.settle((&id, &attempt), not_done).await.1,
        after,
        "the key is the same"
    );
    let done = json!({"outcome": "done", "reference": "X"});
    assert_eq!(idle.settle((&id, &attempt), done).await.0, 409);
    assert_eq!(idle.stuck().await, Vec::<Value>::new());
    let told = idle.told().await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        (
            text(&told[0], "was"),
            text(&told[0], "outcome"),
            text(&told[0], "reason")
        ),
        ("sent", "not_done", "a test")
    );
    idle.kitchen.shop.verify().await;
}

async fn what_a_timer_asks_for_is_listed_and_settled_as_done(engine: Engine) {
    STILL.scope((), asked_for_by_a_timer(engine)).await;
}

async fn asked_for_by_a_timer(engine: Engine) {
    let idle = Idle::open(engine).await;
    let (first, _) = idle.begun(Covers::Any, "ok").await;
    let (second, _) = idle.begun(Covers::Any, "ok").await;
    idle.days(3);
    let path = "/api/ops/payments?limit=1";
    let part = idle.kitchen.shop.get(path).await.good();
    assert_eq!(text(&part["items"][0], "id"), first.to_string());
    let rest = format!("{path}&cursor={}", text(&part, "next"));
    let part = idle.kitchen.shop.get(&rest).await.good();
    assert_eq!(text(&part["items"][0], "id"), second.to_string());
    assert_eq!(part["next"], Value::Null);

    let (id, attempt) = (first.to_string(), AttemptId::from(first.uid()).to_string());
    for wrong in [
        json!({"outcome": "done"}),
        json!({"outcome": "not_done", "reference": "X"}),
        json!({"outcome": "done", "reference": ""}),
        json!({"outcome": "done", "reference": "8XY 40213"}),
        json!({"outcome": "done", "reference": "8XY40213\n"}),
        json!({"outcome": "done", "reference": "8XÝ40213"}),
        json!({"outcome": "done", "reference": "X".repeat(121)}),
        // The provider itself gives no names with such signs.
        json!({"outcome": "done", "reference": "8XY/40213"}),
    ] {
        assert_eq!(idle.settle((&id, &attempt), wrong).await.0, 422);
    }
    let other = AttemptId::from(second.uid()).to_string();
    let done = json!({"outcome": "done", "reference": "8XY40213"});
    assert_eq!(idle.settle((&id, &other), done.clone()).await.0, 409);
    let nobody = PaymentId::from(Uid::from_bytes([9; 16])).to_string();
    assert_eq!(idle.settle((&nobody, &attempt), done.clone()).await.0, 404);
    let person = idle.kitchen.shop.person(&[]);
    let asked = idle
        .kitchen
        .shop
        .ask((&person, ""), Method::GET, path, None);
    assert_eq!(asked.await.status.as_u16(), 403);

    let (status, after) = idle.settle((&id, &attempt), done).await;
    assert_eq!(
        (status, text(&after, "state")),
        (200, "authorised"),
        "{after:?}"
    );
    assert_eq!(text(&after["attempts"][0], "reference"), "8XY40213");
    assert_eq!(idle.stuck().await.len(), 1);
    // By that name the money is taken.
    let payments = &idle.kitchen.shop.node.more.commerce.payments;
    let standing = payments.standing(first).await.unwrap();
    assert_eq!(standing.state, State::Authorised);
    assert_eq!(idle.told().await[0]["reference"], "8XY40213");
}

#[derive(Serialize, Deserialize)]
struct Paying {}

impl engine::sagas::State for Paying {
    fn money(&self) -> Option<Money> {
        None
    }
}

impl Idle {
    /// A saga about an order that cannot go on.
    async fn parked(&self, order: OrderId) -> SagaId {
        let shop = &self.kitchen.shop;
        let (clock, random) = shop.chance();
        let db = &shop.world.db;
        let sagas = Sagas::new(Parts {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
        });
        let fails = |at: At<Paying>| async move {
            let turn: base::Result<Turn<Paying>> = Ok(at.failed("DAMAGED"));
            turn
        };
        let script = Script::new(&PAYS).must("pay", fails);
        sagas.learn(vec![script.into()]).unwrap();
        let mut commit = db.new_commit(order.organisation());
        let saga = Saga::new(&PAYS, order.uid(), &Paying {}).unwrap();
        let Begun { id, .. } = saga.begin(random, &mut commit);
        db.commit(commit, &db.deadline()).await.unwrap();
        let stood = sagas.drive(order.organisation(), id).await.unwrap();
        assert_eq!(stood, Stood::Parked);
        id.into()
    }
}

async fn what_a_parked_saga_left_is_listed_and_looked_after(engine: Engine) {
    STILL.scope((), left_by_a_parked_saga(engine)).await;
}

async fn left_by_a_parked_saga(engine: Engine) {
    let idle = Idle::open(engine).await;
    let (payment, order) = idle.begun(Covers::Tip, "ok").await;
    let saga = idle.parked(order).await;
    assert_eq!(idle.stuck().await, Vec::<Value>::new());
    idle.days(3);
    let listed = idle.stuck().await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(text(&listed[0], "id"), payment.to_string());
    // Nobody would ask any more when the saga is ended, so a timer does.
    let path = format!("/api/ops/sagas/{saga}/settle");
    let why = json!({"reason": "Put right by hand"});
    idle.kitchen.shop.post(&path, why).await.good();
    assert_eq!(idle.stuck().await, listed);
    let found = engine::waiting::of_kind(&idle.kitchen.shop.world.db, "payment.settle").await;
    assert_eq!(found.unwrap().len(), 1);
}

async fn only_one_of_two_humans_settles_it(engine: Engine) {
    STILL.scope((), settled_by_two(engine)).await;
}

async fn settled_by_two(engine: Engine) {
    let idle = Idle::open(engine).await;
    let (payment, _) = idle.begun(Covers::Any, "ok").await;
    idle.days(3);
    let (id, attempt) = (
        payment.to_string(),
        AttemptId::from(payment.uid()).to_string(),
    );
    let done = json!({"outcome": "done", "reference": "8XY40213"});
    let (one, other) = tokio::join!(
        idle.settle((&id, &attempt), done),
        idle.settle((&id, &attempt), json!({"outcome": "not_done"})),
    );
    let mut said = [one.0, other.0];
    said.sort_unstable();
    assert_eq!(said, [200, 409], "{one:?} {other:?}");
    assert_eq!(idle.told().await.len(), 1);
    assert_eq!(idle.stuck().await, Vec::<Value>::new());
}

async fn a_provider_that_answers_too_late_contradicts_the_human(engine: Engine) {
    STILL.scope((), answered_too_late(engine)).await;
}

async fn answered_too_late(engine: Engine) {
    let idle = Idle::open(engine).await;
    let (payment, _) = idle.begun(Covers::Any, "slow").await;
    idle.days(3);
    let (id, attempt) = (
        payment.to_string(),
        AttemptId::from(payment.uid()).to_string(),
    );
    let payments = &idle.kitchen.shop.node.more.commerce.payments;
    let by_hand = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        idle.settle((&id, &attempt), json!({"outcome": "not_done"}))
            .await
    };
    let (asked, (status, said)) = tokio::join!(payments.settle(payment), by_hand);
    assert_eq!((status, text(&said, "state")), (200, "failed"), "{said:?}");
    assert_eq!(asked.unwrap().state, State::Failed);
    let after = payments.intent(payment).await.unwrap();
    assert!(after.attempts[0].is_contradicted, "{after:?}");
}

async fn a_provider_that_did_another_amount_contradicts_the_human(engine: Engine) {
    STILL.scope((), done_of_another_amount(engine)).await;
}

/// A provider that takes its time and then has held this many minor units.
struct Late(i64);

impl Late {
    fn answer(&self) -> BoxFuture<'_, Answer> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            Answer::Done {
                reference: "8XY40213".to_owned(),
                amount: Money::new(self.0, "EUR".parse().unwrap()),
            }
        })
    }
}

impl Provider for Late {
    fn name(&self) -> &str {
        "test"
    }

    fn authorise<'a>(&'a self, _charge: &'a Charge) -> BoxFuture<'a, Answer> {
        self.answer()
    }

    fn go_on<'a>(&'a self, _back: &'a Return) -> BoxFuture<'a, Answer> {
        self.answer()
    }

    fn capture<'a>(&'a self, _change: &'a Change) -> BoxFuture<'a, Answer> {
        self.answer()
    }

    fn cancel<'a>(&'a self, _change: &'a Change) -> BoxFuture<'a, Answer> {
        self.answer()
    }

    fn refund<'a>(&'a self, _change: &'a Change) -> BoxFuture<'a, Answer> {
        self.answer()
    }

    fn look_up<'a>(&'a self, _look_up: &'a LookUp) -> BoxFuture<'a, Answer> {
        self.answer()
    }

    fn read_notices<'a>(
        &'a self,
        _headers: Headers<'a>,
        _body: &'a [u8],
    ) -> BoxFuture<'a, base::Result<Vec<Notice>>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

async fn done_of_another_amount(engine: Engine) {
    let idle = Idle::open(engine).await;
    let shop = &idle.kitchen.shop;
    for (minor, is_contradicted) in [(2_500, true), (2_549, false)] {
        let (payment, _) = idle.begun(Covers::Any, "ok").await;
        idle.days(3);
        let (id, attempt) = (
            payment.to_string(),
            AttemptId::from(payment.uid()).to_string(),
        );
        let late: Arc<dyn Provider> = Arc::new(Late(minor));
        let parts = (&shop.world.db, &idle.clock, shop.chance().1);
        let payments = App::over(parts, &Providers::new(vec![late]));
        let by_hand = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let path = format!("/api/ops/payments/{id}/settle");
            let done = json!({"attempt": attempt, "outcome": "done", "reference": "8XY40213"});
            shop.post_once(&path, &id, done).await
        };
        let (asked, said) = tokio::join!(payments.settle(payment), by_hand);
        assert_eq!(text(&said.good(), "state"), "authorised");
        assert_eq!(asked.unwrap().state, State::Authorised);
        let after = payments.intent(payment).await.unwrap();
        assert_eq!(
            after.attempts[0].is_contradicted, is_contradicted,
            "{after:?}"
        );
    }
}

async fn what_was_taken_by_hand_is_given_back(engine: Engine) {
    STILL.scope((), taken_by_hand(engine)).await;
}

async fn taken_by_hand(engine: Engine) {
    let idle = Idle::open(engine).await;
    let (payment, _) = idle.begun(Covers::Any, "ok").await;
    let shop = &idle.kitchen.shop;
    let (db, payments) = (&shop.world.db, &shop.node.more.commerce.payments);
    let (clock, random) = shop.chance();
    let make = || Uid::make(clock, random, payment.organisation());
    let amount = Money::new(2_549, "EUR".parse().unwrap());
    // It is about to be taken when the process ends.
    let (_, noted) = payments.authorise_noted(payment, None).await.unwrap();
    let mut commit = db.new_commit(payment.organisation());
    let next = payments.capture_next(noted, &mut commit, (make(), amount));
    assert!(next.unwrap().is_some());
    db.commit(commit, &db.deadline()).await.unwrap();
    idle.days(3);
    let intent = payments.intent(payment).await.unwrap();
    let attempt = intent.attempts[1].id.to_string();
    let done = json!({"outcome": "done", "reference": "8XY40213"});
    let (status, after) = idle.settle((&payment.to_string(), &attempt), done).await;
    assert_eq!(
        (status, text(&after, "state")),
        (200, "captured"),
        "{after:?}"
    );
    assert_eq!(idle.told().await[0]["reference"], "8XY40213");
    let refunded = payments.refund(payment, make(), amount).await.unwrap();
    assert_eq!(refunded.state, State::Refunded);
}

async fn a_timer_that_does_not_read_hides_no_other(engine: Engine) {
    STILL.scope((), beside_a_damaged_timer(engine)).await;
}

async fn beside_a_damaged_timer(engine: Engine) {
    let idle = Idle::open(engine).await;
    let (payment, _) = idle.begun(Covers::Any, "ok").await;
    let shop = &idle.kitchen.shop;
    let (db, (clock, random)) = (&shop.world.db, shop.chance());
    let mut commit = db.new_commit(payment.organisation());
    let damaged = engine::Timer {
        id: Uid::make(clock, random, payment.organisation()),
        kind: "payment.settle",
        payload: "{}".to_owned(),
        due_at: clock.now(),
    };
    damaged.set(&mut commit);
    db.commit(commit, &db.deadline()).await.unwrap();
    idle.days(3);
    let listed = idle.stuck().await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(text(&listed[0], "id"), payment.to_string());
}
