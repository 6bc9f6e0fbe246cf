//! What tests share: adapters that speak to a desk, and asks.

use std::time::Duration;

use base::{Clock, Currency, Money, Time, Uid, uid};
use bridges::{Loopback, adyen, paypal};
use rpc::providers::{Change, Charge, Return, Token};

use crate::desk::Desk;

/// A word in every secret, which must not be seen anywhere.
pub(crate) const CANARY: &str = "CANARY";
/// How the name `id` and the secret `CANARY-secret?>` are shown.
pub(crate) const BASIC: &str = "Basic aWQ6Q0FOQVJZLXNlY3JldD8+";
/// The key of notices that is published with its known answer.
pub(crate) const HMAC_KEY: &str =
    "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";
/// How long a call may take here.
pub(crate) const WITHIN: Duration = Duration::from_millis(700);
/// Where payers come back to.
pub(crate) const BACK: &str = "https://restaurant.example.com/orders/paid";

pub(crate) fn clock() -> Clock {
    Clock::simulated("2026-11-21T18:00:00Z".parse::<Time>().unwrap())
}

pub(crate) fn paypal_settings(base_url: &str) -> paypal::Settings {
    let credentials = format!("client_id = id\nclient_secret = {CANARY}-secret?>\n");
    paypal::Settings {
        base_url: base_url.to_owned(),
        loopback: Loopback::Plain,
        credentials: paypal::Credentials::parse(&credentials).unwrap(),
        webhook_id: "1JE4291016473214C".to_owned(),
        return_url: BACK.to_owned(),
        within: WITHIN,
    }
}

pub(crate) fn paypal(desk: &Desk, clock: &Clock) -> paypal::PayPal {
    paypal::PayPal::new(paypal_settings(&desk.url), clock.clone()).unwrap()
}

pub(crate) fn adyen_settings(base_url: &str) -> adyen::Settings {
    let credentials = format!("api_key = AQE.{CANARY}\nhmac_key = {HMAC_KEY}\n");
    adyen::Settings {
        base_url: base_url.to_owned(),
        loopback: Loopback::Plain,
        credentials: adyen::Credentials::parse(&credentials).unwrap(),
        merchant_account: "TestMerchant".to_owned(),
        return_url: BACK.to_owned(),
        within: WITHIN,
    }
}

pub(crate) fn adyen(desk: &Desk) -> adyen::Adyen {
    adyen::Adyen::new(adyen_settings(&desk.url)).unwrap()
}

/// An attempt, and what we call it.
pub(crate) fn attempt(number: u8) -> (Uid, String) {
    let attempt = Uid::from_bytes([number; 16]);
    let payment = Uid::from_bytes([7; 16]);
    (attempt, format!("{}.{number}", uid::spell("pay", payment)))
}

/// Under which key the other side knows an attempt again.
pub(crate) fn key(number: u8) -> String {
    uid::spell("att", Uid::from_bytes([number; 16])).to_string()
}

pub(crate) fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

pub(crate) fn charge(number: u8, token: Option<&str>) -> Charge {
    let (attempt, merchant_reference) = attempt(number);
    Charge {
        attempt,
        merchant_reference,
        amount: euros(2_549),
        token: token.map(|token| Token::parse(token).unwrap()),
        return_url: None,
        is_voucher: false,
    }
}

pub(crate) fn change(number: u8, reference: &str, minor: i64) -> Change {
    let (attempt, merchant_reference) = attempt(number);
    Change {
        attempt,
        merchant_reference,
        reference: reference.to_owned(),
        amount: euros(minor),
    }
}

pub(crate) fn back(number: u8, reference: &str, said: &[(&str, &str)]) -> Return {
    let (attempt, merchant_reference) = attempt(number);
    let said = said.iter();
    Return {
        attempt,
        merchant_reference,
        reference: reference.to_owned(),
        amount: euros(2_549),
        said: said
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    }
}
