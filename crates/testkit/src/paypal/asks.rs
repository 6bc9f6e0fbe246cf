//! What is asked of PayPal, read as strictly as it would be there: whatever is wrong is complained about by its name.

use std::str::FromStr as _;

use base::{Currency, Money, Uid, uid};
use rpc::providers::{Change, Charge, Token};
use serde_json::Value;

use super::wire::Seen;

/// What begins the key of an ask: the id of our attempt follows.
const KEY: &str = "att";

/// Why something cannot be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Complaint {
    pub(super) status: u16,
    pub(super) issue: &'static str,
}

/// A complaint of this status about this.
pub(super) const fn complaint(status: u16, issue: &'static str) -> Complaint {
    Complaint { status, issue }
}

/// The key of an ask; without one, nothing that moves money is done.
pub(super) fn key(seen: &Seen) -> Result<Uid, Complaint> {
    let key = seen.header("paypal-request-id");
    let key = key.ok_or(complaint(400, "PAYPAL_REQUEST_ID_REQUIRED"))?;
    uid::read(KEY, key).map_err(|_| complaint(400, "INVALID_PARAMETER_VALUE"))
}

/// The body, which must be an object of JSON and say so.
pub(super) fn body(seen: &Seen) -> Result<Value, Complaint> {
    if seen.header("content-type") != Some("application/json") {
        return Err(complaint(415, "UNSUPPORTED_MEDIA_TYPE"));
    }
    let body: Value =
        serde_json::from_slice(&seen.body).map_err(|_| complaint(400, "MALFORMED_REQUEST_JSON"))?;
    match body.is_object() {
        true => Ok(body),
        false => Err(complaint(400, "MALFORMED_REQUEST_JSON")),
    }
}

/// An order that is paid by a means that PayPal keeps for the payer.
pub(super) fn charge(seen: &Seen) -> Result<Charge, Complaint> {
    let (attempt, body) = (key(seen)?, body(seen)?);
    only(&body, &["intent", "purchase_units", "payment_source"])?;
    if body["intent"] != "AUTHORIZE" {
        return Err(complaint(422, "ACTION_DOES_NOT_MATCH_INTENT"));
    }
    let units = body["purchase_units"].as_array();
    let [unit] = units.map(Vec::as_slice).unwrap_or_default() else {
        return Err(complaint(400, "INVALID_ARRAY_MAX_ITEMS"));
    };
    only(unit, &["reference_id", "custom_id", "amount"])?;
    let vault = &body["payment_source"]["paypal"]["vault_id"];
    let vault = vault
        .as_str()
        .ok_or(complaint(422, "PAYMENT_SOURCE_CANNOT_BE_USED"))?;
    Ok(Charge {
        attempt,
        merchant_reference: text(&unit["custom_id"], 255)?,
        amount: amount(&unit["amount"])?,
        token: Some(Token::parse(vault).map_err(|_| complaint(422, "TOKEN_ID_NOT_FOUND"))?),
        return_url: None,
        is_voucher: false,
    })
}

/// The capture of an authorisation.
pub(super) fn capture(seen: &Seen, of: &str) -> Result<Change, Complaint> {
    let (attempt, body) = (key(seen)?, body(seen)?);
    only(&body, &["amount", "invoice_id", "final_capture"])?;
    change(attempt, &body, of)
}

/// The refund of a capture.
pub(super) fn refund(seen: &Seen, of: &str) -> Result<Change, Complaint> {
    let (attempt, body) = (key(seen)?, body(seen)?);
    only(&body, &["amount", "invoice_id", "custom_id"])?;
    change(attempt, &body, of)
}

fn change(attempt: Uid, body: &Value, of: &str) -> Result<Change, Complaint> {
    Ok(Change {
        attempt,
        merchant_reference: text(&body["invoice_id"], 127)?,
        reference: of.to_owned(),
        amount: amount(&body["amount"])?,
    })
}

fn amount(value: &Value) -> Result<Money, Complaint> {
    only(value, &["currency_code", "value"])?;
    let (currency, value) = (value["currency_code"].as_str(), value["value"].as_str());
    let (Some(currency), Some(value)) = (currency, value) else {
        return Err(complaint(400, "MISSING_REQUIRED_PARAMETER"));
    };
    let currency =
        Currency::from_str(currency).map_err(|_| complaint(400, "INVALID_PARAMETER_VALUE"))?;
    let money =
        Money::parse(value, currency).map_err(|_| complaint(400, "INVALID_PARAMETER_SYNTAX"))?;
    match money.minor() > 0 {
        true => Ok(money),
        false => Err(complaint(422, "CANNOT_BE_ZERO_OR_NEGATIVE")),
    }
}

fn text(value: &Value, chars_max: usize) -> Result<String, Complaint> {
    let text = value.as_str().filter(|text| !text.is_empty());
    let text = text.ok_or(complaint(400, "MISSING_REQUIRED_PARAMETER"))?;
    match text.chars().count() <= chars_max {
        true => Ok(text.to_owned()),
        false => Err(complaint(400, "INVALID_STRING_MAX_LENGTH")),
    }
}

/// Nothing else may stand in it: what we do not know we cannot have meant.
fn only(value: &Value, known: &[&str]) -> Result<(), Complaint> {
    let fields = value.as_object();
    let fields = fields.ok_or(complaint(400, "MISSING_REQUIRED_PARAMETER"))?;
    match fields.keys().all(|name| known.contains(&name.as_str())) {
        true => Ok(()),
        false => Err(complaint(400, "MALFORMED_REQUEST_JSON")),
    }
}
