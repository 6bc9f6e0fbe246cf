//! What Adyen is asked, as it wants it written.

use std::collections::BTreeMap;

use rpc::providers::{Change, Charge, Token};
use serde_json::{Value, json};

use super::{amounts, cannot};
use crate::said::{Reason, Said};

/// What begins a token of a stored means of payment: then the payer's name at Adyen, `/`, and the means'.
const STORED: &str = "stored/";
/// How long what the payer brings back may be.
const RESULT_CHARS_MAX: usize = 20_000;

/// A page on which the payer chooses how to pay, for one payment.
pub(super) fn link(account: &str, charge: &Charge, back: &str) -> Said<Value> {
    Ok(json!({
        "merchantAccount": account,
        "amount": amounts::write(charge.amount)?,
        "reference": charge.merchant_reference,
        "returnUrl": back,
        "manualCapture": true,
        "reusable": false,
    }))
}

/// A payment by a stored means, or by a method on whose page the payer goes on.
pub(super) fn payment(
    account: &str,
    (charge, token): (&Charge, &Token),
    back: &str,
) -> Said<Value> {
    let mut body = json!({
        "merchantAccount": account,
        "amount": amounts::write(charge.amount)?,
        "reference": charge.merchant_reference,
        "returnUrl": back,
        "channel": "Web",
        // The payer is asked on a page of Adyen and never on one of ours.
        "authenticationData": { "threeDSRequestData": { "nativeThreeDS": "disabled" } },
        "additionalData": { "manualCapture": "true" },
    });
    match token.as_str().strip_prefix(STORED) {
        Some(stored) => {
            let (payer, means) = stored.split_once('/').ok_or_else(no_means)?;
            if payer.len() < 3 || payer.len() > 256 || !is_word(means) {
                return Err(no_means());
            }
            body["paymentMethod"] = json!({ "type": "scheme", "storedPaymentMethodId": means });
            body["shopperReference"] = payer.into();
            body["shopperInteraction"] = "ContAuth".into();
            body["recurringProcessingModel"] = "CardOnFile".into();
        }
        None if is_word(token.as_str()) => {
            body["paymentMethod"] = json!({ "type": token.as_str() });
        }
        None => return Err(no_means()),
    }
    Ok(body)
}

/// What the payer brought back from Adyen's page, and what of it was chosen; nothing else of the address is passed on.
pub(super) fn details(said: &BTreeMap<String, String>) -> Option<(Value, String)> {
    let known = ["redirectResult", "payload"].into_iter();
    let (name, value) = known
        .filter_map(|name| Some((name, said.get(name)?)))
        .find(|(_, value)| (1..=RESULT_CHARS_MAX).contains(&value.len()))?;
    let mut details = serde_json::Map::new();
    details.insert(name.to_owned(), value.as_str().into());
    Some((json!({ "details": details }), value.clone()))
}

/// A capture or a refund of an amount.
pub(super) fn amount(account: &str, change: &Change) -> Said<Value> {
    Ok(json!({
        "merchantAccount": account,
        "amount": amounts::write(change.amount)?,
        "reference": change.merchant_reference,
    }))
}

/// The end of all that is held.
pub(super) fn cancel(account: &str, change: &Change) -> Value {
    json!({ "merchantAccount": account, "reference": change.merchant_reference })
}

/// The same, of a payment that only we have a name for.
pub(super) fn cancel_ours(account: &str, change: &Change, ours: &str) -> Value {
    json!({
        "merchantAccount": account,
        "paymentReference": ours,
        "reference": change.merchant_reference,
    })
}

/// The end of a pay-link.
pub(super) fn link_end() -> Value {
    json!({ "status": "expired" })
}

fn is_word(text: &str) -> bool {
    let is_plain = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    (2..=64).contains(&text.len()) && text.bytes().all(is_plain)
}

fn no_means() -> rpc::providers::Answer {
    cannot(Reason::MeansInvalid)
}
