//! What the steps of the gate cost one by one and together, and what a refusal costs.

use std::hint::black_box;

use base::Clock;
use edge::Criticality;
use edge::admission::{Admission, Settings};

use crate::{Outcome, shop};

/// How often something is done in a row between two looks at the clock.
const TURNS: u32 = 2_000;

pub(crate) const REFUSAL: &str = "admission_refusal_us";

/// What something costs.
pub(crate) struct Cost {
    pub(crate) name: &'static str,
    pub(crate) us: f64,
}

pub(crate) fn run(batches: u32) -> Outcome<Vec<Cost>> {
    let clock = Clock::real();
    let edge = shop::edge(&clock)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Some steps arm timers, which only work within a runtime.
    let _within = runtime.enter();
    let (head, _) = shop::request()?.into_parts();
    let mut costs = Vec::new();
    for (step, mut turn) in edge::steps::all(edge.gate(), &head) {
        let us = quickest(&clock, batches, &mut turn);
        costs.push(Cost {
            name: name(step),
            us,
        });
    }
    let mut failed = 0_u32;
    let whole = quickest(&clock, batches, || {
        let answer = shop::request().map(|request| runtime.block_on(edge.call(request)));
        failed += u32::from(!answer.is_ok_and(|answer| answer.status().is_success()));
    });
    if failed > 0 {
        return Err(format!("{failed} requests were not answered well").into());
    }
    let asking = quickest(&clock, batches, || {
        let _asked = black_box(shop::request());
        runtime.block_on(async {});
    });
    costs.push(Cost {
        name: "layer_all_us",
        us: whole - asking,
    });
    costs.push(Cost {
        name: REFUSAL,
        us: refusal(&clock, batches),
    });
    Ok(costs)
}

/// A name that a figure can have; there are a dozen of them in a run.
fn name(step: &str) -> &'static str {
    Box::leak(format!("layer_{step}_us").into_boxed_str())
}

/// Microseconds that one turn takes in the quickest batch.
fn quickest(clock: &Clock, batches: u32, mut turn: impl FnMut()) -> f64 {
    let batch = |_| {
        let began = clock.elapsed();
        (0..TURNS).for_each(|_| turn());
        clock.elapsed().saturating_sub(began).as_secs_f64() * 1e6 / f64::from(TURNS)
    };
    (0..batches.max(1)).map(batch).fold(f64::INFINITY, f64::min)
}

fn refusal(clock: &Clock, batches: u32) -> f64 {
    let one = Settings {
        limit_first: 1,
        limit_min: 1,
        limit_max: 1,
        ..Settings::default()
    };
    let admission = Admission::new(one, clock.clone());
    let held = admission.enter(Criticality::Normal);
    let us = quickest(clock, batches, || {
        let _refused = black_box(admission.enter(Criticality::Normal));
    });
    drop(held);
    us
}
