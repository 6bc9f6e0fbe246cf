//! The stand-in is first seen to refuse what is wrong, then to do what is right once.

use std::net::SocketAddr;

use base::{Random, Uid, uid};
use serde_json::{Value, json};

use super::{BASIC, PayPal};
use crate::provider::Faults;
use crate::serve::{Reply, try_ask};

struct Guest {
    desk: PayPal,
    token: String,
}

impl Guest {
    fn new() -> Self {
        let desk = PayPal::open(&Random::seeded(1));
        let mut guest = Guest {
            desk,
            token: String::new(),
        };
        let form = ("content-type", "application/x-www-form-urlencoded");
        let heads = [("authorization", BASIC), form];
        let granted = guest.send(
            ("POST", "/v1/oauth2/token"),
            &heads,
            "grant_type=client_credentials",
        );
        assert_eq!(granted.status, 200, "{}", granted.body);
        guest.token = json(&granted)["access_token"].as_str().unwrap().to_owned();
        guest
    }

    fn address(&self) -> SocketAddr {
        self.desk.0.address
    }

    fn send(&self, (method, path): (&str, &str), heads: &[(&str, &str)], body: &str) -> Reply {
        try_ask(self.address(), method, path, heads, body).unwrap()
    }

    fn try_post(&self, path: &str, key: u8, body: &Value) -> std::io::Result<Reply> {
        let bearer = format!("Bearer {}", self.token);
        let key = uid::spell("att", Uid::from_bytes([key; 16]));
        let heads = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("paypal-request-id", &key),
        ];
        try_ask(self.address(), "POST", path, &heads, &body.to_string())
    }

    fn post(&self, path: &str, key: u8, body: &Value) -> (u16, Value) {
        let reply = self.try_post(path, key, body).unwrap();
        (reply.status, json(&reply))
    }

    /// Holds so much.
    fn hold(&self, key: u8, value: &str) -> String {
        let (status, order) = self.post("/v2/checkout/orders", key, &order(value));
        assert_eq!(status, 201, "{order}");
        let held = &order["purchase_units"][0]["payments"]["authorizations"][0]["id"];
        held.as_str().unwrap().to_owned()
    }
}

fn json(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap_or_default()
}

fn issue((status, body): (u16, Value)) -> (u16, String) {
    let issue = body["details"][0]["issue"].as_str().unwrap_or_default();
    (status, issue.to_owned())
}

fn order(value: &str) -> Value {
    json!({
        "intent": "AUTHORIZE",
        "purchase_units": [{ "reference_id": "pay_1.1", "custom_id": "pay_1.1", "amount": amount(value) }],
        "payment_source": { "paypal": { "vault_id": "ok" } },
    })
}

fn amount(value: &str) -> Value {
    json!({ "currency_code": "EUR", "value": value })
}

fn taken(value: &str) -> Value {
    json!({ "amount": amount(value), "invoice_id": "pay_1.2" })
}

#[test]
fn strangers_and_bodies_that_are_none_are_refused() {
    let guest = Guest::new();
    let json = ("content-type", "application/json");
    let (body, place) = (order("5.00").to_string(), ("POST", "/v2/checkout/orders"));
    for bearer in ["", "Bearer A21AAstandin2", "Bearer ", BASIC] {
        let refused = guest.send(place, &[("authorization", bearer), json], &body);
        assert_eq!(refused.status, 401, "{bearer}");
    }
    let form = ("content-type", "application/x-www-form-urlencoded");
    let heads = [("authorization", "Basic c3RhbmQ6d3Jvbmc="), form];
    let asked = "grant_type=client_credentials";
    assert_eq!(
        guest
            .send(("POST", "/v1/oauth2/token"), &heads, asked)
            .status,
        401
    );
    let bearer = format!("Bearer {}", guest.token);
    let keyless = guest.send(place, &[("authorization", &bearer), json], &body);
    assert_eq!(keyless.status, 400);
    let mut wrong = vec![
        json!([]),
        json!({}),
        order("5.0O"),
        order("0.00"),
        order("5"),
    ];
    for (pointer, value) in [
        ("/intent", json!("CAPTURE")),
        ("/purchase_units/0/custom_id", Value::Null),
        ("/purchase_units/0/amount/currency_code", json!("XXQ")),
        ("/purchase_units", json!([])),
        ("/payment_source/paypal", json!({ "vault_id": "stolen" })),
        (
            "/payment_source",
            json!({ "card": { "number": "4111111111111111" } }),
        ),
    ] {
        let mut order = order("5.00");
        *order.pointer_mut(pointer).unwrap() = value;
        wrong.push(order);
    }
    let mut strange = order("5.00");
    strange["more"] = json!(1);
    wrong.push(strange);
    for (key, body) in (10..).zip(wrong) {
        // Whole euros are written without digits, which is right.
        let is_right = body == order("5");
        let (status, said) = guest.post("/v2/checkout/orders", key, &body);
        assert_eq!(status == 201, is_right, "{body}: {said}");
    }
    assert_eq!(guest.desk.held().len(), 1);
}

#[test]
fn no_more_is_taken_than_is_held_nor_given_back_than_was_taken() {
    let guest = Guest::new();
    let held = guest.hold(1, "25.49");
    let capture = format!("/v2/payments/authorizations/{held}/capture");
    let above = guest.post(&capture, 2, &taken("25.50"));
    assert_eq!(
        issue(above),
        (422, "MAX_CAPTURE_AMOUNT_EXCEEDED".to_owned())
    );
    let (status, first) = guest.post(&capture, 3, &taken("20.00"));
    assert_eq!((status, &first["status"]), (201, &json!("COMPLETED")));
    // The same key is the same capture; with another body it is an error, and nothing is taken.
    assert_eq!(
        guest.post(&capture, 3, &taken("20.00")),
        (201, first.clone())
    );
    let other = guest.post(&capture, 3, &taken("1.00"));
    assert_eq!(issue(other), (422, "INVALID_PAYPAL_REQUEST_ID".to_owned()));
    assert_eq!(guest.post(&capture, 4, &taken("5.50")).0, 422);
    let refund = format!(
        "/v2/payments/captures/{}/refund",
        first["id"].as_str().unwrap()
    );
    let above = guest.post(&refund, 5, &taken("20.01"));
    assert_eq!(issue(above), (422, "REFUND_AMOUNT_EXCEEDED".to_owned()));
    assert_eq!(guest.post(&refund, 6, &taken("20.00")).0, 201);
    assert_eq!(guest.post(&refund, 7, &taken("0.01")).0, 422);
    let nobody = "/v2/payments/authorizations/FAKE0/capture";
    assert_eq!(guest.post(nobody, 8, &taken("1.00")).0, 404);
    let void = format!("/v2/payments/authorizations/{held}/void");
    assert_eq!(guest.post(&void, 9, &json!({})).0, 422);
    let stands = guest.desk.held()[&held];
    assert_eq!(
        (
            stands.captured_minor,
            stands.refunded_minor,
            stands.cancelled_minor
        ),
        (2_000, 2_000, 0)
    );
    assert_eq!(guest.desk.counts().other_bodies, 1);
}

#[test]
fn what_is_let_go_of_is_let_go_of_once_and_not_taken() {
    let guest = Guest::new();
    let held = guest.hold(1, "25.49");
    let void = format!("/v2/payments/authorizations/{held}/void");
    assert_eq!(guest.post(&void, 2, &json!({})).0, 204);
    let again = guest.post(&void, 2, &json!({}));
    assert_eq!(issue(again), (422, "PREVIOUSLY_VOIDED".to_owned()));
    let capture = format!("/v2/payments/authorizations/{held}/capture");
    assert_eq!(guest.post(&capture, 3, &taken("1.00")).0, 422);
    assert_eq!(guest.desk.held()[&held].cancelled_minor, 2_549);
}

#[test]
fn what_is_lost_was_done_or_not_and_is_known_again() {
    let guest = Guest::new();
    let after = Faults {
        lost_after: 100,
        ..Faults::default()
    };
    let before = Faults {
        lost_before: 100,
        ..Faults::default()
    };
    for (key, faults, held) in [(1, after, 1), (2, before, 1)] {
        guest.desk.set_faults(faults);
        let lost = guest.try_post("/v2/checkout/orders", key, &order("5.00"));
        assert!(lost.is_err());
        assert_eq!(guest.desk.held().len(), held);
    }
    guest.desk.set_faults(Faults::default());
    guest.hold(1, "5.00");
    guest.hold(2, "5.00");
    assert_eq!(guest.desk.held().len(), 2);
    guest.desk.go_down();
    assert!(
        guest
            .try_post("/v2/checkout/orders", 3, &order("5.00"))
            .is_err()
    );
    guest.desk.come_up();
    guest.hold(3, "5.00");
    guest.desk.set_faults(Faults {
        broken: 100,
        ..Faults::default()
    });
    assert_eq!(guest.post("/v2/checkout/orders", 4, &order("5.00")).0, 500);
}

/// A notice as our adapter would have it verified.
fn asked(heads: &[(String, String)], event: &str) -> String {
    let head = |name: &str| {
        let found = heads.iter().find(|(known, _)| known == name);
        json!(found.unwrap().1).to_string()
    };
    format!(
        r#"{{"auth_algo":{},"cert_url":{},"transmission_id":{},"transmission_sig":{},"transmission_time":{},"webhook_id":"WH1","webhook_event":{event}}}"#,
        head("paypal-auth-algo"),
        head("paypal-cert-url"),
        head("paypal-transmission-id"),
        head("paypal-transmission-sig"),
        head("paypal-transmission-time"),
    )
}

#[test]
fn what_it_did_is_told_once_signed_and_what_others_write_is_not_verified() {
    let guest = Guest::new();
    let held = guest.hold(1, "25.49");
    let capture = format!("/v2/payments/authorizations/{held}/capture");
    let (_, first) = guest.post(&capture, 2, &taken("20.00"));
    let refund = format!(
        "/v2/payments/captures/{}/refund",
        first["id"].as_str().unwrap()
    );
    guest.post(&refund, 3, &taken("5.00"));
    let other = guest.hold(4, "1.00");
    let void = format!("/v2/payments/authorizations/{other}/void");
    assert_eq!(guest.post(&void, 5, &json!({})).0, 204);
    // Of what is refused nothing is told.
    assert_eq!(guest.post(&capture, 6, &taken("9.00")).0, 422);
    let told = guest.desk.write_notices();
    assert_eq!(guest.desk.write_notices().len(), 0);
    let kinds: Vec<Value> = told
        .iter()
        .map(|(_, body)| serde_json::from_str::<Value>(body).unwrap()["event_type"].clone())
        .collect();
    let created = "PAYMENT.AUTHORIZATION.CREATED";
    let (taken, back) = ("PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.REFUNDED");
    let let_go = "PAYMENT.AUTHORIZATION.VOIDED";
    assert_eq!(kinds, [created, taken, back, created, let_go]);
    let verify = |asked: &str| {
        let place = "/v1/notifications/verify-webhook-signature";
        let bearer = format!("Bearer {}", guest.token);
        let json_kind = ("content-type", "application/json");
        let heads = [("authorization", bearer.as_str()), json_kind];
        let reply = guest.send(("POST", place), &heads, asked);
        (reply.status, json(&reply)["verification_status"].clone())
    };
    for (heads, body) in &told {
        let good = asked(heads, body);
        assert_eq!(verify(&good), (200, json!("SUCCESS")), "{good}");
        let other_sum = good.replace("\"value\":\"", "\"value\":\"9");
        assert_eq!(verify(&other_sum), (200, json!("FAILURE")), "{other_sum}");
        let other_name = good.replace("\"transmission_id\":\"", "\"transmission_id\":\"x");
        assert_eq!(verify(&other_name), (200, json!("FAILURE")));
        let other_hook = good.replace("\"WH1\"", "\"WH2\"");
        assert_eq!(verify(&other_hook), (200, json!("FAILURE")));
    }
    assert_eq!(verify("{}").0, 400);
}
