//! How the log gives the rows of offers, of their codes, and of how many there are. Uses are in no event of offers.

use serde::de::DeserializeOwned;
use store::{Failure, Fold, Folded, Logged, Outcome, Value};
use trade::offers::{Founding, Offer, Told};

use super::store::{ALL, ALL_CODES, ALL_LIVE, CODES, LIVE, OFFERS, Sort, cells, text};

const KINDS: &[&str] = &[
    "coupon.created",
    "coupon.changed",
    "coupon.ended",
    "promotion.created",
    "promotion.changed",
    "promotion.ended",
];

/// Offers, from their events.
pub static FOLD: Fold = Fold {
    table: &OFFERS,
    kinds: KINDS,
    apply,
    read: &ALL,
    key: 1,
};

/// The codes that are taken, from the events by which coupons come to be.
pub static FOLD_CODES: Fold = Fold {
    table: &CODES,
    kinds: &["coupon.created"],
    apply: take_code,
    read: &ALL_CODES,
    key: 1,
};

/// How many offers there are, from their beginnings and ends.
pub static FOLD_LIVE: Fold = Fold {
    table: &LIVE,
    kinds: &[
        "coupon.created",
        "coupon.ended",
        "promotion.created",
        "promotion.ended",
    ],
    apply: count,
    read: &ALL_LIVE,
    key: 1,
};

fn payload<T: DeserializeOwned>(event: &Logged) -> Outcome<T> {
    serde_json::from_str(&event.payload)
        .map_err(|error| Failure::Damaged(format!("event {}: {error}", event.position)))
}

fn sort(event: &Logged) -> Sort {
    match event.kind.starts_with(Sort::Coupon.name()) {
        true => Sort::Coupon,
        false => Sort::Promotion,
    }
}

fn apply(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let key = vec![event.stream.into()];
    if event.kind.ends_with(".created") {
        let id = sort(event).id(event.stream);
        let offer = Offer::created(id, payload::<Founding>(event)?, event.at);
        rows.insert(key, cells(&offer)?.to_vec());
        return Ok(());
    }
    let terms = match event.kind.ends_with(".changed") {
        true => Some(text(&payload::<Told>(event)?.terms)?),
        false => None,
    };
    let row = rows.get_mut(&key).map(Vec::as_mut_slice);
    let Some([_, _, version, state, was, _]) = row else {
        return Err(Failure::Damaged(format!(
            "event {}: of an offer that never was",
            event.position
        )));
    };
    *version = event.version.into();
    match terms {
        Some(terms) => *was = terms.into(),
        None => *state = "ended".into(),
    }
    Ok(())
}

fn take_code(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let founding: Founding = payload(event)?;
    if let Some(code) = founding.code {
        rows.insert(vec![code.as_str().into()], vec![event.stream.into()]);
    }
    Ok(())
}

fn count(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let more = match event.kind.ends_with(".created") {
        true => 1,
        false => -1,
    };
    let row = rows.entry(vec![sort(event).name().into()]);
    let row = row.or_insert_with(|| vec![0.into()]);
    if let [Value::Int(live)] = row.as_mut_slice() {
        *live = live.saturating_add(more);
    }
    Ok(())
}
