//! Operators see what is stuck, with its money, and act upon it with a reason that is written down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base::{Currency, Money, Organisation, Result, Uid};
use commerce::sagas::{SagaId, SagaView};
use domain::organisations::OrganisationId;
use engine::sagas::{At, Begun, Kind, Parts, Saga, Sagas, Script, State, Stood, Turn};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::world::{Shop, on_both};

on_both!(
    what_is_stuck_is_shown_with_its_money_and_runs_again,
    a_saga_is_undone_at_an_operators_word,
    what_was_put_right_by_hand_is_settled,
    a_list_is_read_page_by_page,
    nobody_else_sees_sagas_or_acts,
);

static PAYS: Kind = Kind::new("order.pays", 1);

#[derive(Serialize, Deserialize)]
struct Paying {
    cents: i64,
}

impl State for Paying {
    fn money(&self) -> Option<Money> {
        let euro: Currency = "EUR".parse().ok()?;
        Some(Money::new(self.cents, euro))
    }
}

/// A shop whose sagas hold stock and then pay, which a provider refuses until it is mended.
struct Stuck {
    shop: Shop,
    organisation: Organisation,
    mended: Arc<AtomicBool>,
    /// Those of the shop are at work already, and do not know these.
    sagas: Sagas,
}

impl Stuck {
    async fn open(engine: Engine) -> Self {
        let shop = Shop::new(engine).await;
        let id: OrganisationId = shop.organisation("Lucia").await.parse().unwrap();
        let (db, (clock, random)) = (shop.world.db.clone(), shop.chance());
        let parts = Parts {
            db,
            clock: clock.clone(),
            random: random.clone(),
        };
        let stuck = Stuck {
            sagas: Sagas::new(parts),
            organisation: id.organisation(),
            mended: Arc::default(),
            shop,
        };
        let mended = Arc::clone(&stuck.mended);
        let pays = move |at: At<Paying>| {
            let mended = mended.load(Ordering::SeqCst);
            async move {
                let turn: Result<Turn<Paying>> = match mended {
                    true => Ok(at.done()),
                    false => Ok(at.failed("PROVIDER_CLOSED")),
                };
                turn
            }
        };
        let done = |at: At<Paying>| async move { Ok(at.done()) };
        let script = Script::new(&PAYS)
            .step("hold", done, done)
            .must("pay", pays);
        stuck.sagas.learn(vec![script.into()]).unwrap();
        stuck
    }

    /// Begins one; it is open until it is driven.
    async fn begin(&self) -> SagaId {
        let (clock, random) = self.shop.chance();
        let db = &self.shop.world.db;
        let mut commit = db.new_commit(self.organisation);
        let order = Uid::make(clock, random, self.organisation);
        let saga = Saga::new(&PAYS, order, &Paying { cents: 2_549 }).unwrap();
        let Begun { id, .. } = saga.begin(random, &mut commit);
        db.commit(commit, &db.deadline()).await.unwrap();
        id.into()
    }

    async fn drive(&self, id: SagaId) -> Stood {
        let driven = self.sagas.drive(self.organisation, id.uid()).await;
        driven.unwrap()
    }

    async fn parked(&self) -> SagaId {
        let id = self.begin().await;
        assert_eq!(self.drive(id).await, Stood::Parked);
        id
    }

    async fn act(&self, id: SagaId, act: &str) -> (u16, Value) {
        let path = format!("/api/ops/sagas/{id}/{act}");
        let body = json!({"reason": "The provider says so"});
        let said = self.shop.post(&path, body).await;
        (said.status.as_u16(), said.body)
    }

    /// What the log says of acts upon sagas.
    async fn told(&self) -> Vec<(String, Value)> {
        let (shard, _) = self.shop.world.db.home(self.organisation).unwrap();
        let deadline = self.shop.world.db.deadline();
        let all = shard.log_after(0, 1_000, &deadline).await.unwrap();
        let acts = all
            .into_iter()
            .filter(|event| event.kind.starts_with("saga."));
        acts.map(|event| {
            assert_eq!(event.actor, "operator");
            (event.kind, serde_json::from_str(&event.payload).unwrap())
        })
        .collect()
    }
}

async fn what_is_stuck_is_shown_with_its_money_and_runs_again(engine: Engine) {
    let stuck = Stuck::open(engine).await;
    let id = stuck.begin().await;
    let open = stuck.shop.get("/api/ops/sagas").await.good();
    assert_eq!(open["items"][0]["id"], id.to_string());
    assert_eq!(open["items"][0]["state"], "running");
    assert_eq!(stuck.drive(id).await, Stood::Parked);

    let parked = stuck.shop.get("/api/ops/sagas?state=parked").await.good();
    let shown = &parked["items"][0];
    assert_eq!(
        shown,
        &stuck.shop.get(&format!("/api/ops/sagas/{id}")).await.good()
    );
    for (field, is) in [
        ("kind", json!("order.pays")),
        ("state", json!("parked")),
        ("direction", json!("forward")),
        ("error", json!("PROVIDER_CLOSED")),
        ("amount", json!("25.49")),
        ("currency", json!("EUR")),
        ("memory", json!("{\"cents\":2549}")),
        ("nextAt", Value::Null),
        ("steps", json!([])),
    ] {
        assert_eq!(shown[field], is, "{field}");
    }
    assert!(shown["orderId"].as_str().unwrap().starts_with("ord_"));
    let found = stuck.sagas.find(stuck.organisation, id.uid()).await;
    let known = SagaView::from(&found.unwrap().unwrap());
    let steps = known.steps.iter();
    let steps: Vec<_> = steps.map(|step| (&*step.name, &*step.state)).collect();
    assert_eq!(steps, [("hold", "done"), ("pay", "running")]);
    let alone = stuck.drive(id).await;
    assert_eq!(alone, Stood::Lost, "a parked saga runs by itself");

    let (status, now) = stuck.act(id, "retry").await;
    assert_eq!((status, &now["state"]), (200, &json!("retrying")));
    stuck.mended.store(true, Ordering::SeqCst);
    assert_eq!(stuck.drive(id).await, Stood::Done);
    assert_eq!(stuck.act(id, "retry").await.0, 404);
    let told = stuck.told().await;
    assert_eq!((told.len(), told[0].0.as_str()), (1, "saga.retried"));
    assert_eq!(told[0].1["reason"], "The provider says so");
    assert_eq!(
        (&told[0].1["amount"], &told[0].1["error"]),
        (&json!("25.49"), &json!("PROVIDER_CLOSED"))
    );
}

async fn a_saga_is_undone_at_an_operators_word(engine: Engine) {
    let stuck = Stuck::open(engine).await;
    let id = stuck.parked().await;
    let path = format!("/api/ops/sagas/{id}/compensate");
    let body = json!({"reason": "The guest has gone"});
    let first = stuck
        .shop
        .post_once(&path, "key-1", body.clone())
        .await
        .good();
    assert_eq!(
        (&first["direction"], &first["reason"]),
        (&json!("back"), &json!("The guest has gone"))
    );
    let again = stuck.shop.post_once(&path, "key-1", body).await.good();
    assert_eq!(again["direction"], "back");
    assert_eq!(stuck.told().await.len(), 1, "one request is done twice");
    assert_eq!(stuck.act(id, "compensate").await.0, 409);
    assert_eq!(stuck.act(id, "settle").await.0, 409, "it is not parked");
    assert_eq!(stuck.drive(id).await, Stood::Undone);
    assert_eq!(stuck.told().await.len(), 1);
}

async fn what_was_put_right_by_hand_is_settled(engine: Engine) {
    let stuck = Stuck::open(engine).await;
    let open = stuck.begin().await;
    assert_eq!(stuck.act(open, "settle").await.0, 409);
    let id = stuck.parked().await;
    let (status, now) = stuck.act(id, "settle").await;
    assert_eq!((status, &now["state"]), (200, &json!("settled")));
    assert_eq!(stuck.drive(id).await, Stood::Lost);
    let parked = stuck.shop.get("/api/ops/sagas?state=parked").await.good();
    assert_eq!(parked["items"], json!([]));
    assert_eq!(stuck.told().await[0].0, "saga.settled");
}

async fn a_list_is_read_page_by_page(engine: Engine) {
    let stuck = Stuck::open(engine).await;
    let mut begun = Vec::new();
    for _ in 0..5 {
        begun.push(stuck.begin().await.to_string());
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/ops/sagas?state=open&limit=2{cursor}");
        let page = stuck.shop.get(&path).await.good();
        let ids = page["items"].as_array().unwrap().iter();
        found.extend(ids.map(|saga| saga["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
        let other = format!("/api/ops/sagas?state=parked{cursor}");
        assert_eq!(stuck.shop.get(&other).await.status.as_u16(), 422);
    }
    assert_eq!(found, begun);
}

async fn nobody_else_sees_sagas_or_acts(engine: Engine) {
    let stuck = Stuck::open(engine).await;
    let id = stuck.parked().await;
    let person = stuck.shop.person(&[]);
    let asked = stuck
        .shop
        .ask((&person, ""), Method::GET, "/api/ops/sagas", None);
    assert_eq!(asked.await.status.as_u16(), 403);
    let path = format!("/api/ops/sagas/{id}/settle");
    let body = Some(json!({"reason": "I say so"}));
    let asked = stuck.shop.ask((&person, ""), Method::POST, &path, body);
    assert_eq!(asked.await.status.as_u16(), 403);

    let (clock, random) = stuck.shop.chance();
    let foreign = SagaId::make(clock, random, Organisation::new(4_000_000_000));
    let absent = SagaId::make(clock, random, stuck.organisation);
    for unknown in [foreign, absent] {
        assert_eq!(stuck.act(unknown, "retry").await.0, 404);
        let read = stuck.shop.get(&format!("/api/ops/sagas/{unknown}")).await;
        assert_eq!(read.status.as_u16(), 404);
    }
    let nothing = stuck.shop.post(&path, json!({"reason": "  "})).await;
    assert_eq!(nothing.status.as_u16(), 422);
    assert_eq!(stuck.told().await, []);
}
