//! What failed too often: operators see it, have it done again or discard it, and it is written down who did and why.

use std::sync::atomic::Ordering;

use base::{Organisation, Uid};
use engine::{Job, Timer};
use http::Method;
use serde_json::{Value, json};
use testkit::trial::Engine;

use crate::feed::House;
use crate::world::{eventually, on_both, uid};

on_both!(
    a_job_that_failed_too_often_is_shown_and_discarded,
    a_timer_that_failed_too_often_rings_again,
    an_event_that_nobody_could_handle_is_handled_again,
    an_event_that_nobody_could_handle_is_discarded,
    a_list_of_work_is_read_page_by_page,
    nobody_else_sees_work_or_acts,
);

struct Broken(House);

impl Broken {
    async fn new(engine: Engine) -> Self {
        Broken(House::new(engine).await)
    }

    fn number(&self) -> Organisation {
        uid(&self.0.organisation).organisation()
    }

    fn mend(&self) {
        let more = &self.0.shop.node.more;
        more.is_mended.store(true, Ordering::SeqCst);
    }

    /// A job that says nothing that its handler can read.
    async fn job(&self) -> Uid {
        let (db, id) = (&self.0.shop.world.db, self.0.stream());
        let mut commit = db.new_commit(self.number());
        Job::new("hook.deliver", "{}").enqueue(id, &mut commit);
        db.commit(commit, &db.deadline()).await.unwrap();
        id
    }

    async fn timer(&self) -> Uid {
        let (db, id) = (&self.0.shop.world.db, self.0.stream());
        let mut commit = db.new_commit(self.number());
        let timer = Timer {
            id,
            kind: "tests.picky",
            payload: "{}".to_owned(),
            due_at: commit.at(),
        };
        timer.set(&mut commit);
        db.commit(commit, &db.deadline()).await.unwrap();
        id
    }

    async fn letter(&self) {
        let happened = (self.0.stream(), 1);
        self.0.happen("tests.picky", happened, json!({})).await;
    }

    async fn list(&self, of: &str) -> Vec<Value> {
        let page = self.0.shop.get(&format!("/api/ops/work?of={of}")).await;
        page.good()["items"].as_array().unwrap().clone()
    }

    /// What was put aside, once so much was.
    async fn aside(&self, of: &str, count: usize) -> Vec<Value> {
        eventually(async || self.list(of).await.len() == count).await;
        self.list(of).await
    }

    async fn act(&self, work: &Value, act: &str) -> (u16, Value) {
        let path = format!("/api/ops/work/{}/{act}", work["id"].as_str().unwrap());
        let said = self.0.shop.post(&path, json!({"reason": "It is mended"}));
        let said = said.await;
        (said.status.as_u16(), said.body)
    }

    /// What the organisation's log says of such acts.
    async fn told(&self) -> Vec<(String, Value)> {
        let db = &self.0.shop.world.db;
        let deadline = db.deadline();
        let all = db.log_of(self.number(), (0, 1_000), &deadline);
        let all = all.await.unwrap().into_iter();
        let acts = all.filter(|event| event.kind.starts_with("work."));
        acts.map(|event| {
            assert_eq!(event.actor, "operator");
            (event.kind, serde_json::from_str(&event.payload).unwrap())
        })
        .collect()
    }
}

async fn a_job_that_failed_too_often_is_shown_and_discarded(engine: Engine) {
    let broken = Broken::new(engine).await;
    let id = broken.job().await;
    let aside = broken.aside("jobs", 1).await.remove(0);
    let spelled = base::uid::spell("job", id).to_string();
    for (field, is) in [
        ("id", json!(spelled)),
        ("what", json!("job")),
        ("kind", json!("hook.deliver")),
        ("state", json!("aside")),
        ("memory", json!("{}")),
        ("organisation", json!(broken.number().get())),
    ] {
        assert_eq!(aside[field], is, "{field}");
    }
    let path = format!("/api/ops/work/{spelled}");
    assert_eq!(broken.0.shop.get(&path).await.good(), aside);
    // It runs again with all its tries, and fails again.
    let (status, again) = broken.act(&aside, "reprocess").await;
    assert_eq!((status, &again["state"]), (200, &json!("again")));
    let gone = broken.0.shop.get(&path).await;
    assert_eq!(gone.code(), (404, "not_found"));
    let aside = broken.aside("jobs", 1).await.remove(0);
    let (status, discarded) = broken.act(&aside, "discard").await;
    assert_eq!((status, &discarded["state"]), (200, &json!("discarded")));
    assert_eq!(broken.list("jobs").await, [] as [Value; 0]);
    assert_eq!(broken.act(&aside, "discard").await.0, 404);
    let told = broken.told().await;
    let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["work.reprocessed", "work.discarded"]);
    assert_eq!(told[1].1["work"], json!(spelled));
    assert_eq!(told[1].1["reason"], "It is mended");
}

async fn a_timer_that_failed_too_often_rings_again(engine: Engine) {
    let broken = Broken::new(engine).await;
    let id = broken.timer().await;
    let aside = broken.aside("timers", 1).await.remove(0);
    assert_eq!(aside["id"], base::uid::spell("tmr", id).as_str());
    assert_eq!(aside["kind"], "tests.picky");
    assert!(aside["error"].as_str().unwrap().contains("picky"));
    broken.mend();
    assert_eq!(broken.act(&aside, "reprocess").await.0, 200);
    let rung = &broken.0.shop.node.more.rung;
    eventually(async || rung.load(Ordering::SeqCst) == 1).await;
    assert_eq!(broken.list("timers").await, [] as [Value; 0]);
    // One that is not mended goes, and never rings.
    broken
        .0
        .shop
        .node
        .more
        .is_mended
        .store(false, Ordering::SeqCst);
    broken.timer().await;
    let aside = broken.aside("timers", 1).await.remove(0);
    assert_eq!(broken.act(&aside, "discard").await.0, 200);
    assert_eq!(broken.list("timers").await, [] as [Value; 0]);
    assert_eq!(broken.told().await.len(), 2);
}

async fn an_event_that_nobody_could_handle_is_handled_again(engine: Engine) {
    let broken = Broken::new(engine).await;
    broken.letter().await;
    let aside = broken.aside("letters", 1).await.remove(0);
    assert_eq!(aside["consumer"], "tests.picky");
    assert_eq!(aside["what"], "letter");
    let (status, failed) = broken.act(&aside, "reprocess").await;
    assert_eq!((status, &failed["state"]), (200, &json!("aside")));
    assert_eq!(broken.list("letters").await.len(), 1);
    broken.mend();
    let (status, handled) = broken.act(&aside, "reprocess").await;
    assert_eq!((status, &handled["state"]), (200, &json!("handled")));
    assert_eq!(broken.list("letters").await, [] as [Value; 0]);
    assert_eq!(broken.act(&aside, "reprocess").await.0, 404);
}

async fn an_event_that_nobody_could_handle_is_discarded(engine: Engine) {
    let broken = Broken::new(engine).await;
    broken.letter().await;
    let aside = broken.aside("letters", 1).await.remove(0);
    let (status, discarded) = broken.act(&aside, "discard").await;
    assert_eq!((status, &discarded["state"]), (200, &json!("discarded")));
    assert_eq!(broken.list("letters").await, [] as [Value; 0]);
    // A letter is the platform's, so what was done about it stands in the log of people.
    let people = broken.0.shop.world.db.people();
    let deadline = broken.0.shop.world.db.deadline();
    let log = people.log_after(0, 1_000, &deadline).await.unwrap();
    let acts = log.iter().filter(|event| event.kind == "work.discarded");
    assert_eq!(acts.count(), 1);
}

async fn a_list_of_work_is_read_page_by_page(engine: Engine) {
    let broken = Broken::new(engine).await;
    let each = [
        ("jobs", broken.job().await, broken.job().await),
        ("timers", broken.timer().await, broken.timer().await),
    ];
    broken.letter().await;
    broken.letter().await;
    let all = each.map(|(of, ..)| of).into_iter().chain(["letters"]);
    for of in all {
        let whole = broken.aside(of, 2).await;
        let path = format!("/api/ops/work?of={of}&limit=1");
        let first = broken.0.shop.get(&path).await.good();
        let next = first["next"].as_str().unwrap();
        let second = broken.0.shop.get(&format!("{path}&cursor={next}")).await;
        let second = second.good();
        assert_eq!(
            [&first["items"][0], &second["items"][0]],
            [&whole[0], &whole[1]]
        );
        assert_eq!(second["next"], Value::Null, "{of}");
    }
}

async fn nobody_else_sees_work_or_acts(engine: Engine) {
    let broken = Broken::new(engine).await;
    broken.job().await;
    let aside = broken.aside("jobs", 1).await.remove(0);
    let path = format!("/api/ops/work/{}", aside["id"].as_str().unwrap());
    let shop = &broken.0.shop;
    let owner = shop.person(&[&broken.0.organisation]);
    for path in ["/api/ops/work", &path] {
        let said = shop.ask((&owner, ""), Method::GET, path, None).await;
        assert_eq!(said.status.as_u16(), 403, "{path}");
    }
    let why = json!({"reason": "It is mended"});
    for act in ["reprocess", "discard"] {
        let path = format!("{path}/{act}");
        let said = shop.ask((&owner, ""), Method::POST, &path, Some(why.clone()));
        assert_eq!(said.await.status.as_u16(), 403, "{act}");
        assert_eq!(shop.post(&path, json!({})).await.status.as_u16(), 422);
    }
    assert_eq!(shop.get("/api/ops/work/job_1").await.status.as_u16(), 422);
    assert_eq!(broken.list("jobs").await.len(), 1);
}
