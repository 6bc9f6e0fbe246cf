//! What must not grow without bounds, and who may write: numbers of locks, queues, calls of the provider.

use std::collections::BTreeMap;

use base::{Time, Uid};
use domain::audit::What;
use platform::audit::{Basis, Period, Whose, oldest_first, public_keys, verify};

use super::book::{Book, Rows};
use super::fate::{Fault, Plan};
use super::run::Sim;
use super::world::OPERATOR;

/// Sagas and timers that an order may have at a time, with its payments, refunds and changes.
const OF_ORDER_MAX: (i64, i64) = (12, 24);
/// Places that are held at a time: one for each of four diners in each of two restaurants.
const HOLDS_MAX: i64 = 8;
/// Of each hundred first asks so many may be asked again where nothing is lost.
const AGAIN_MAX: u64 = 10;

/// Who has written to what only one may write to at a time. Whoever writes for the first time has a token that is larger
/// than all before; after that nobody with a smaller one may write any more.
#[derive(Default)]
pub(crate) struct Locks {
    seen: BTreeMap<Uid, i64>,
    tokens: BTreeMap<(u64, Uid), u64>,
    last: BTreeMap<Uid, u64>,
    given: u64,
}

impl Locks {
    /// Takes note of what somebody has written.
    pub(crate) fn wrote(&mut self, who: u64, now: BTreeMap<Uid, i64>) -> Result<(), String> {
        for (lock, fence) in &now {
            let before = self.seen.get(lock);
            if before == Some(fence) {
                continue;
            }
            if before.is_some_and(|before| before > fence) {
                return Err(format!(
                    "11: the number of {lock:?} is {fence}, and was {before:?}"
                ));
            }
            self.given += 1;
            let given = self.given;
            let token = *self.tokens.entry((who, *lock)).or_insert(given);
            let last = self.last.insert(*lock, token).unwrap_or(0);
            if token < last {
                return Err(format!(
                    "11: {lock:?} was written under {token} after {last}"
                ));
            }
        }
        // Who ends it writes to it as well.
        let gone = self.seen.keys().filter(|lock| !now.contains_key(lock));
        for lock in gone {
            let token = self.tokens.get(&(who, *lock)).copied();
            let last = self.last.get(lock).copied().unwrap_or(0);
            if token.is_some_and(|token| token < last) {
                return Err(format!(
                    "11: {lock:?} was ended under {token:?} after {last}"
                ));
            }
        }
        self.seen = now;
        Ok(())
    }
}

/// Queues are as long as there are orders to wait for.
pub(crate) async fn queues(rows: Rows<'_>, book: &Book) -> Result<(), String> {
    let orders = book.orders.len() as i64;
    let (sagas, timers) = rows.waiting().await;
    let sagas_max = orders * OF_ORDER_MAX.0;
    let timers_max = orders * OF_ORDER_MAX.1 + HOLDS_MAX;
    match sagas > sagas_max || timers > timers_max {
        true => Err(format!(
            "17: {sagas} sagas and {timers} timers wait for {orders} orders"
        )),
        false => Ok(()),
    }
}

/// Whether anything may have been asked of the provider more often than once.
fn is_lossy(plan: &Plan) -> bool {
    let lossy = [
        Fault::LostBefore,
        Fault::LostAfter,
        Fault::Late,
        Fault::Broken,
        Fault::Twice,
        Fault::Delayed,
        Fault::Down,
        Fault::Crash,
        Fault::TakenOver,
        Fault::Pause,
    ];
    lossy.into_iter().any(|fault| plan.has(fault))
}

/// Where nothing is lost nothing is asked again.
pub(crate) fn calls(sim: &Sim) -> Result<(), String> {
    let counts = sim.fake.counts();
    let (first, all) = (
        sim.fake.entries().len() as u64,
        counts.calls - counts.look_ups,
    );
    let most = first + first * AGAIN_MAX / 100 + 1;
    match all > most && !is_lossy(&sim.plan) {
        true => Err(format!(
            "17: {all} calls of the provider for {first} attempts"
        )),
        false => Ok(()),
    }
}

/// The audit log is whole, and each time that an operator acted stands in it.
pub(crate) async fn audited(sim: &Sim) -> Result<(), String> {
    let said = |error: base::Error| format!("22: {error:?}");
    let known = public_keys(&sim.ground.signers()).map_err(said)?;
    let basis = Basis {
        known: &known,
        from: 1,
    };
    let verified = verify(&sim.db, basis, &mut |_, _| {}).await.map_err(said)?;
    if let Some(found) = verified.finding {
        return Err(format!("22: the audit log is broken: {found:?}"));
    }
    let (from, until) = (Time::from_micros(0), Time::from_micros(i64::MAX));
    let of = (Whose::Everybodys, Period { from, until });
    let entries = oldest_first(&sim.db, of, None, 100_000)
        .await
        .map_err(said)?;
    let acting = entries.iter().filter(|one| one.entry.what == What::Acting);
    let acting = acting.count() as u64;
    let done = sim.clients.ops.iter().filter(|op| op.sent.who == OPERATOR);
    let done = done.filter(|op| op.answer.is_some()).count() as u64;
    match (done..=sim.acted).contains(&acting) {
        true => Ok(()),
        false => Err(format!(
            "22: an operator has done {done} things, asked {} times, and {acting} stand in the audit log",
            sim.acted
        )),
    }
}
