//! How the log gives the rows of orders.

use serde_json::Value as Json;
use store::{Failure, Fold, Folded, Logged, Outcome, Value};
use trade::orders::{Event, Order, Said, apply};

use super::store::{ALL, FIELDS, HELD, Held, ORDERS, SealedFields, cells, of_body, of_held};

/// Orders, from their events.
pub(crate) static FOLD: Fold = Fold {
    table: &ORDERS,
    kinds: Said::KINDS,
    apply: apply_to,
    read: &ALL,
    key: 1,
};

/// Where body and sealed fields stand in a row behind its key.
const NUMBER: usize = 6;
const BODY: usize = 7;

fn apply_to(rows: &mut Folded, event: &Logged) -> Outcome<()> {
    let damaged = |said: String| Failure::Damaged(format!("event {}: {said}", event.position));
    let mut payload: Json =
        serde_json::from_str(&event.payload).map_err(|error| damaged(error.to_string()))?;
    let beside = take_beside(&mut payload).map_err(&damaged)?;
    let happened = Event::read(&event.kind, payload).map_err(|error| damaged(error.to_string()))?;
    let key = vec![Value::Id(event.stream)];
    let row = rows.remove(&key);
    let was = row.as_deref().map(order).transpose()?;
    let kept = match &row {
        Some(row) => {
            let (was, sealed) = kept(row)?;
            (beside.0.unwrap_or(was), sealed)
        }
        None => (beside.0.unwrap_or_default(), beside.1),
    };
    let order = apply(was, &happened).map_err(|error| damaged(error.to_string()))?;
    let [before, after] = cells(&order, (&kept.0, kept.1))?;
    let number = Value::Int(order.number.into());
    let row = before.into_iter().skip(1).chain([number]).chain(after);
    rows.insert(key, row.collect());
    Ok(())
}

/// The order of a folded row.
fn order(row: &[Value]) -> Outcome<Order> {
    let (Some(Value::Int(number)), Some(Value::Text(body))) = (row.get(NUMBER), row.get(BODY))
    else {
        return Err(lost());
    };
    let mut order = of_body(body)?;
    order.number = u32::try_from(*number).map_err(|_| lost())?;
    Ok(order)
}

/// What stands beside the order in a folded row.
fn kept(row: &[Value]) -> Outcome<(Held, SealedFields)> {
    let Some(Value::Text(held)) = row.get(BODY.saturating_add(1)) else {
        return Err(lost());
    };
    let mut all = SealedFields::default();
    let cells = row.iter().skip(BODY.saturating_add(2));
    for (field, cell) in all.iter_mut().zip(cells) {
        *field = match cell {
            Value::Bytes(bytes) => Some(bytes.clone()),
            Value::Null => None,
            _ => return Err(lost()),
        };
    }
    Ok((of_held(held)?, all))
}

/// Takes out of a payload what is kept beside the order, so that the rest is what the domain wrote.
fn take_beside(payload: &mut Json) -> Result<(Option<Held>, SealedFields), String> {
    let mut all = SealedFields::default();
    let Some(payload) = payload.as_object_mut() else {
        return Err("it is no object".to_owned());
    };
    let held = payload.remove(HELD).map(serde_json::from_value).transpose();
    let held = held.map_err(|error| error.to_string())?;
    for (field, name) in all.iter_mut().zip(FIELDS) {
        let Some(sealed) = payload.remove(name) else {
            continue;
        };
        let bytes = sealed["sealed"].as_str().and_then(unhex);
        *field = Some(bytes.ok_or_else(|| format!("{name} is not sealed"))?);
    }
    Ok((held, all))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(high)?.checked_mul(16)?.checked_add(digit(low)?)?).ok(),
        _ => None,
    });
    pairs.collect()
}

fn lost() -> Failure {
    Failure::Damaged("a folded row of an order".to_owned())
}
