//! What PayPal is asked, as it wants it written: amounts are decimal texts with the currency's own digits.

use base::{Currency, Money};
use rpc::providers::{Change, Charge};
use serde_json::{Value, json};

use crate::said::{Reason, Said};

/// Currencies that PayPal moves in whole units alone, though they have smaller ones.
const WHOLE_ONLY: [Currency; 2] = [Currency::HUF, Currency::TWD];

/// An order that holds money once the payer has allowed it.
pub(super) fn order(charge: &Charge, back: &str) -> Said<Value> {
    let mut paypal = json!({
        "experience_context": {
            "return_url": back,
            "cancel_url": back,
            "user_action": "PAY_NOW",
            "shipping_preference": "NO_SHIPPING",
        }
    });
    if let Some(token) = &charge.token {
        let token = token.as_str();
        let is_known = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        if token.len() > 255 || !token.chars().all(is_known) {
            return Err(Reason::MeansInvalid.refuse(""));
        }
        paypal = json!({ "vault_id": token });
    }
    Ok(json!({
        "intent": "AUTHORIZE",
        "purchase_units": [{
            "reference_id": charge.merchant_reference,
            "custom_id": charge.merchant_reference,
            "amount": amount(charge.amount)?,
        }],
        "payment_source": { "paypal": paypal },
    }))
}

/// The capture of an amount, which is all that is ever taken of what is held: the rest of it is let go.
pub(super) fn capture(change: &Change) -> Said<Value> {
    Ok(json!({
        "amount": amount(change.amount)?,
        "invoice_id": change.merchant_reference,
        "final_capture": true,
    }))
}

/// The refund of an amount.
pub(super) fn refund(change: &Change) -> Said<Value> {
    Ok(json!({
        "amount": amount(change.amount)?,
        "custom_id": change.merchant_reference,
        "invoice_id": change.merchant_reference,
    }))
}

/// The smallest amount that PayPal moves.
pub(super) fn unit_minor(currency: Currency) -> i64 {
    match WHOLE_ONLY.contains(&currency) {
        true => 10_i64.pow(u32::from(currency.exponent())),
        false => 1,
    }
}

fn amount(money: Money) -> Said<Value> {
    let currency = money.currency();
    let invalid = || Reason::AmountInvalid.refuse(currency.code());
    if money.minor() <= 0 {
        return Err(invalid());
    }
    let mut value = money.amount();
    if WHOLE_ONLY.contains(&currency) {
        let whole = value
            .split_once('.')
            .filter(|(_, rest)| rest.bytes().all(|c| c == b'0'));
        value = whole.ok_or_else(invalid)?.0.to_owned();
    }
    Ok(json!({ "currency_code": currency.code(), "value": value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        for (minor, currency, value) in [
            (2_549, Currency::EUR, Some("25.49")),
            (5, Currency::USD, Some("0.05")),
            (2_549, Currency::JPY, Some("2549")),
            (25_490, Currency::TND, Some("25.490")),
            (254_900, Currency::HUF, Some("2549")),
            (254_901, Currency::HUF, None),
            (100, Currency::TWD, Some("1")),
            (0, Currency::EUR, None),
            (-1, Currency::EUR, None),
        ] {
            let made = amount(Money::new(minor, currency)).ok();
            let written = made.map(|made| made["value"].as_str().unwrap().to_owned());
            assert_eq!(written.as_deref(), value, "{minor} {currency}");
            let is_written = minor > 0 && minor % unit_minor(currency) == 0;
            assert_eq!(is_written, value.is_some(), "{minor} {currency}");
        }
    }
}
