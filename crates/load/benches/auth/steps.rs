//! What the step costs that finds out who asks, whether he may, and how often he has asked.

use base::Clock;
use tokio::runtime::Runtime;

use crate::Outcome;
use crate::house::House;
use crate::options::Options;

/// The step of the gate that is measured.
const STEP: &str = "admit";

/// How somebody comes in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Means {
    /// An owner by the cookie of a session.
    Cookie,
    /// A member with a grant for each of his restaurants, by cookie.
    Manager,
    /// An owner by an access token.
    Token,
    /// A program of others by its key.
    Key,
}

/// What a request costs in both houses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Costs {
    pub(crate) few_us: f64,
    pub(crate) many_us: f64,
    /// How often a database was asked meanwhile.
    pub(crate) loads: u64,
}

type Turn<'a> = Box<dyn FnMut() + 'a>;

impl Means {
    pub(crate) const ALL: [Means; 4] = [Means::Cookie, Means::Manager, Means::Token, Means::Key];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Means::Cookie => "owner by cookie",
            Means::Manager => "member with a grant for each restaurant, by cookie",
            Means::Token => "owner by access token",
            Means::Key => "integrator by key",
        }
    }

    pub(crate) const fn figure(self) -> &'static str {
        match self {
            Means::Cookie => "auth_us",
            Means::Manager => "auth_many_grants_us",
            Means::Token => "auth_token_us",
            Means::Key => "auth_key_us",
        }
    }
}

/// Microseconds a request in both houses, measured in turn.
pub(crate) fn compare(
    means: Means,
    (small, large): (&House, &House),
    options: &Options,
    runtime: &Runtime,
) -> Outcome<Costs> {
    let heads =
        |house: &House| tokio::task::block_in_place(|| runtime.block_on(house.requests(means)));
    let (of_small, of_large) = (heads(small)?, heads(large)?);
    let (mut few, mut many) = (turns(small, &of_small), turns(large, &of_large));
    // Whoever asked databases to become warm has done so by now.
    let before = small.loads() + large.loads();
    let clock = Clock::real();
    let mut best = (f64::INFINITY, f64::INFINITY);
    for _ in 0..options.batches {
        best.0 = best.0.min(batch(&clock, &mut few));
        best.1 = best.1.min(batch(&clock, &mut many));
    }
    Ok(Costs {
        few_us: best.0,
        many_us: best.1,
        loads: small.loads() + large.loads() - before,
    })
}

fn turns<'a>(house: &'a House, heads: &'a [http::request::Parts]) -> Vec<Turn<'a>> {
    let of = |head: &'a http::request::Parts| {
        let all = edge::steps::all(house.edge.gate(), head);
        all.into_iter()
            .find_map(|(name, turn)| (name == STEP).then_some(turn))
    };
    heads.iter().filter_map(of).collect()
}

/// Everybody asks once.
fn batch(clock: &Clock, turns: &mut [Turn<'_>]) -> f64 {
    let began = clock.elapsed();
    turns.iter_mut().for_each(|turn| turn());
    let micros = clock.elapsed().saturating_sub(began).as_secs_f64() * 1e6;
    let count = u32::try_from(turns.len().max(1)).unwrap_or(u32::MAX);
    micros / f64::from(count)
}
