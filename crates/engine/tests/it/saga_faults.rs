//! A saga with an effect in the store, one outside and a word to somebody, broken at every point and pair of points.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base::{Organisation, Result, Uid};
use engine::sagas::trial::{Report, Stage, each, exhaust};
use engine::sagas::{At, Direction, Kind, Known, Parts, Saga, Script, State, Turn, key};
use serde::{Deserialize, Serialize};
use store::Db;
use testkit::trial::{ADD_STOCK, HOLD_STOCK, READ_STOCK};

use crate::world::{On, World, run};

static ORDER: Kind = Kind::new("trial.order", 1);
const FREE: i64 = 1_000_000;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Placing {
    held: bool,
    priced: bool,
    told: bool,
}

impl State for Placing {}

/// How a charge stands in the ledger of those outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Charge {
    Asked,
    Done,
    Cancelled,
}

/// Which mistake the saga makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    None,
    /// Gives back what was never taken.
    GivesBackTwice,
    /// Believes that what was not answered did not happen.
    ForgetsTheUnanswered,
    /// Gives the outside another key at each try.
    NewKeys,
}

#[derive(Clone)]
struct Shop {
    db: Db,
    home: testkit::trial::Home,
    charges: Arc<Mutex<BTreeMap<Uid, Charge>>>,
    told: Arc<Mutex<BTreeMap<Uid, u32>>>,
    mistake: Mistake,
    sold: Arc<Mutex<i64>>,
    make: Arc<dyn Fn() -> Uid + Send + Sync>,
}

impl Shop {
    async fn hold(self, mut at: At<Placing>) -> Result<Turn<Placing>> {
        at.commit
            .guard(&HOLD_STOCK, [self.home.dish.into(), 1.into()]);
        at.state.held = true;
        // The next step acts outside, so this one is stored before it all the same.
        Ok(at.then())
    }

    async fn give_back(self, mut at: At<Placing>) -> Result<Turn<Placing>> {
        if at.state.held || self.mistake == Mistake::GivesBackTwice {
            at.commit
                .change(&ADD_STOCK, [self.home.dish.into(), 1.into()]);
        }
        at.state.held = false;
        Ok(at.done())
    }

    async fn price(self, mut at: At<Placing>) -> Result<Turn<Placing>> {
        at.state.priced = true;
        Ok(at.then())
    }

    async fn price_no_more(self, mut at: At<Placing>) -> Result<Turn<Placing>> {
        at.state.priced = false;
        Ok(at.then())
    }

    async fn charge(self, at: At<Placing>) -> Result<Turn<Placing>> {
        let id = match self.mistake {
            Mistake::NewKeys => (self.make)(),
            _ => at.key,
        };
        let mut charges = self.charges.lock().unwrap();
        let charge = charges.entry(id).or_insert(Charge::Asked);
        let seen = *charge;
        if seen == Charge::Asked {
            *charge = Charge::Done;
        }
        Ok(match seen {
            Charge::Asked => at.wait(Duration::from_millis(1)),
            Charge::Done => at.then(),
            Charge::Cancelled => at.failed("CANCELLED"),
        })
    }

    async fn cancel(self, at: At<Placing>) -> Result<Turn<Placing>> {
        let id = key(at.saga, 1, Direction::Forward);
        let mut charges = self.charges.lock().unwrap();
        let known = charges.contains_key(&id);
        if known && self.mistake != Mistake::ForgetsTheUnanswered {
            charges.insert(id, Charge::Cancelled);
        }
        Ok(at.done())
    }

    async fn tell(self, mut at: At<Placing>) -> Result<Turn<Placing>> {
        self.told.lock().unwrap().insert(at.saga, 1);
        at.state.told = true;
        Ok(at.done())
    }
}

impl Stage for Shop {
    fn scripts(&self) -> Vec<Known> {
        let shops: [Shop; 7] = std::array::from_fn(|_| self.clone());
        let [a, b, c, d, e, f, g] = shops;
        let script = Script::new(&ORDER)
            .step(
                "hold",
                move |at| a.clone().hold(at),
                move |at| b.clone().give_back(at),
            )
            .step(
                "charge",
                move |at| e.clone().charge(at),
                move |at| f.clone().cancel(at),
            )
            .step(
                "price",
                move |at| c.clone().price(at),
                move |at| d.clone().price_no_more(at),
            )
            .joins()
            .must("tell", move |at| g.clone().tell(at));
        vec![script.into()]
    }

    async fn begin(&self) -> Result<(Organisation, Uid)> {
        let organisation = self.home.organisation;
        let mut commit = self.db.new_commit(organisation);
        let saga = Saga::new(&ORDER, (self.make)(), &Placing::default())?;
        let begun = saga.begin(&base::Random::real(), &mut commit);
        self.db.commit(commit, &self.db.deadline()).await?;
        Ok((organisation, begun.id))
    }

    async fn leftovers(&self, saga: Uid) -> Result<Vec<String>> {
        let mut wrong = Vec::new();
        let told = self.told.lock().unwrap().contains_key(&saga);
        let charges = std::mem::take(&mut *self.charges.lock().unwrap());
        let paid = charges.values().filter(|charge| **charge == Charge::Done);
        let paid = paid.count();
        if paid != usize::from(told) {
            wrong.push(format!("told: {told}, and paid {paid} times"));
        }
        let rows = self
            .db
            .rows(self.home.organisation, &READ_STOCK, [self.home.dish.into()])
            .await?;
        let free: i64 = rows[0].get(0)?;
        let mut sold = self.sold.lock().unwrap();
        let took = FREE - free - *sold;
        if took != i64::from(told) {
            wrong.push(format!("told: {told}, and took {took} of the stock"));
        }
        *sold += took;
        Ok(wrong)
    }
}

fn proof(mistake: Mistake, judge: impl FnOnce(Report)) {
    run(On::Inline, async |world: Arc<World>| {
        let home = world.trial.home(FREE).await;
        let (same, db) = (Arc::clone(&world), world.db().clone());
        let shop = Shop {
            db: db.clone(),
            home,
            charges: Arc::default(),
            told: Arc::default(),
            mistake,
            sold: Arc::default(),
            make: Arc::new(move || same.id()),
        };
        let (clock, random) = (world.trial.clock.clone(), world.trial.random.clone());
        let parts = Parts { db, clock, random };
        let report = match mistake {
            Mistake::None => exhaust(parts, &shop).await,
            _ => each(parts, &shop).await,
        };
        judge(report.unwrap());
    });
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "how long a test took is no part of what it tests"
)]
fn no_fault_and_no_pair_of_faults_leaves_anything() {
    let began = Instant::now();
    proof(Mistake::None, |report| {
        println!("{report}, in {:?}", began.elapsed());
        assert_eq!(report.wrong, Vec::<String>::new());
        assert!(report.pairs > 500, "{report}");
        assert!(report.parked > 50, "{report}");
    });
}

#[test]
fn an_undo_that_gives_back_what_was_not_taken_is_found() {
    proof(Mistake::GivesBackTwice, |report| {
        assert!(!report.wrong.is_empty());
    });
}

#[test]
fn an_undo_that_forgets_what_was_not_answered_is_found() {
    proof(Mistake::ForgetsTheUnanswered, |report| {
        assert!(!report.wrong.is_empty());
    });
}

#[test]
fn a_key_that_changes_from_try_to_try_is_found() {
    proof(Mistake::NewKeys, |report| {
        assert!(!report.wrong.is_empty());
    });
}
