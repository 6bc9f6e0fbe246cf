//! The saga that is measured, and who waits for its end.

use base::{Organisation, Random, Result, Uid};
use engine::sagas::{At, Kind, Saga, Sagas, Script, State, Stood, Turn};
use load::{Answer, Client};
use serde::{Deserialize, Serialize};
use store::Db;

use crate::ground::Ground;

static FOUR: Kind = Kind::new("bench.four", 1);

/// What a saga of an order remembers, more or less.
#[derive(Serialize, Deserialize)]
struct Placing {
    payment: String,
    total_minor: i64,
    done: Vec<u8>,
}

impl State for Placing {}

pub(crate) fn script() -> Script<impl State> {
    let step = |number: u8| move |at| answers_at_once(at, number);
    Script::<Placing>::new(&FOUR)
        .step("validate", step(1), step(101))
        .step("create", step(2), step(102))
        .step("charge", step(3), step(103))
        .must("notify", step(4))
}

async fn answers_at_once(mut at: At<Placing>, number: u8) -> Result<Turn<Placing>> {
    at.state.done.push(number);
    Ok(at.done())
}

/// Begins a saga, waits for its end, and begins the next.
pub(crate) struct Guest {
    db: Db,
    random: Random,
    sagas: Sagas,
    organisations: Vec<Organisation>,
    next: usize,
}

impl Guest {
    pub(crate) fn new(ground: &Ground, number: usize) -> Self {
        Guest {
            db: ground.db.clone(),
            random: ground.random.clone(),
            sagas: ground.sagas.clone(),
            organisations: ground.organisations.clone(),
            next: number,
        }
    }

    async fn saga(&mut self) -> Result<Stood> {
        let turn = self.next % self.organisations.len().max(1);
        let organisation = self.organisations.get(turn).copied();
        let organisation = organisation.unwrap_or(Organisation::PEOPLE);
        self.next = self.next.wrapping_add(1);
        let mut commit = self.db.new_commit(organisation);
        let subject: Uid = commit.id();
        let state = Placing {
            payment: "pay_01jd6yv2m00000000000000000".to_owned(),
            total_minor: 2_549,
            done: Vec::new(),
        };
        let begun = Saga::new(&FOUR, subject, &state)?.begin(&self.random, &mut commit);
        self.db.commit(commit, &self.db.deadline()).await?;
        self.sagas.finish(begun).await
    }
}

impl Client for Guest {
    async fn request(&mut self) -> Answer {
        match self.saga().await {
            Ok(Stood::Done) => Answer::Done(1),
            Ok(stood) => Answer::Failed(format!("it ended as {stood:?}")),
            Err(error) => Answer::Failed(format!("{error:?}")),
        }
    }
}
