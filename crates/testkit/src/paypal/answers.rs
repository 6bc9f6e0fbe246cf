//! What PayPal answers, written as its own description has it.

use base::Money;
use serde_json::{Value, json};

use super::asks::Complaint;
use crate::provider::{Entry, Held};

/// An order whose money is held.
pub(super) fn order(entry: &Entry, held: Held) -> Value {
    let name = &entry.merchant_reference;
    json!({
        "id": entry.reference.replace("FAKE", "ORDR"),
        "intent": "AUTHORIZE",
        "status": "COMPLETED",
        "purchase_units": [{
            "reference_id": name,
            "custom_id": name,
            "amount": amount(entry.amount),
            "payments": { "authorizations": [authorisation(entry, held)] },
        }],
    })
}

/// Money that is or was held.
pub(super) fn authorisation(entry: &Entry, held: Held) -> Value {
    let status = if held.cancelled_minor > 0 {
        "VOIDED"
    } else if held.captured_minor >= held.authorised_minor {
        "CAPTURED"
    } else if held.captured_minor > 0 {
        "PARTIALLY_CAPTURED"
    } else {
        "CREATED"
    };
    json!({
        "id": entry.reference,
        "status": status,
        "amount": amount(entry.amount),
        "custom_id": entry.merchant_reference,
    })
}

/// Money that was taken, and how much of it was not given back.
pub(super) fn capture(entry: &Entry, left_minor: i64) -> Value {
    let status = if left_minor == 0 {
        "REFUNDED"
    } else if left_minor < entry.amount.minor() {
        "PARTIALLY_REFUNDED"
    } else {
        "COMPLETED"
    };
    json!({
        "id": entry.reference,
        "status": status,
        "amount": amount(entry.amount),
        "invoice_id": entry.merchant_reference,
        "final_capture": true,
    })
}

/// Money that was given back.
pub(super) fn refund(entry: &Entry) -> Value {
    json!({
        "id": entry.reference,
        "status": "COMPLETED",
        "amount": amount(entry.amount),
        "invoice_id": entry.merchant_reference,
    })
}

/// A token for all further asks.
pub(super) fn token(token: &str) -> Value {
    json!({
        "scope": "https://uri.paypal.com/services/payments/payment",
        "access_token": token,
        "token_type": "Bearer",
        "app_id": "APP-STANDIN",
        "expires_in": 32_400,
    })
}

/// Why not.
pub(super) fn complaint(complaint: Complaint) -> Value {
    let (name, message) = match complaint.status {
        400 => (
            "INVALID_REQUEST",
            "Request is not well-formed, syntactically incorrect, or violates schema.",
        ),
        401 => (
            "AUTHENTICATION_FAILURE",
            "Authentication failed due to missing authorization header, or invalid authentication credentials.",
        ),
        404 => (
            "RESOURCE_NOT_FOUND",
            "The specified resource does not exist.",
        ),
        415 => (
            "UNSUPPORTED_MEDIA_TYPE",
            "The server does not support the request payload's media type.",
        ),
        500 => (
            "INTERNAL_SERVER_ERROR",
            "An internal server error has occurred.",
        ),
        _ => (
            "UNPROCESSABLE_ENTITY",
            "The requested action could not be performed, semantically incorrect, or failed business validation.",
        ),
    };
    json!({
        "name": name,
        "message": message,
        "debug_id": "5tandin000001",
        "details": [{ "issue": complaint.issue }],
    })
}

fn amount(money: Money) -> Value {
    json!({ "currency_code": money.currency().code(), "value": money.amount() })
}
