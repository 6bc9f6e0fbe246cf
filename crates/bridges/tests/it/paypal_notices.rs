//! Notices of PayPal: verified by asking PayPal in its own schema, read into our words.

use base::Kind;
use bridges::paypal::PayPal;
use rpc::providers::{Act, Answer, Notice, Provider as _};
use serde_json::{Value, json};

use crate::desk::{Desk, Reply, Way};
use crate::judge::Vendor;
use crate::paypal::{GIVEN, HELD, ORDER, TAKEN, code, done, order, pending, thing};
use crate::world::{attempt, clock, paypal};

const CERTIFICATE: &str =
    "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77";

fn heads() -> Vec<(String, String)> {
    [
        (
            "paypal-transmission-id",
            "69cd13f0-d67a-11e5-baa3-778b53f4ae55",
        ),
        ("paypal-transmission-time", "2026-11-21T18:00:00Z"),
        (
            "paypal-transmission-sig",
            "lmI95Jx3Y9nhR5SJWlHVIWpg4AgFk7n9bCHSRxbrd8A9zrhdu2rMyFrmz+Zjh3s3boXB07VX==",
        ),
        ("paypal-cert-url", CERTIFICATE),
        ("paypal-auth-algo", "SHA256withRSA"),
        ("content-type", "application/json"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

fn event(kind: &str, resource: &Value) -> Value {
    json!({
        "id": "WH-9UG43882HX7271132-6E0871324L7949614",
        "event_version": "1.0",
        "create_time": "2026-11-21T18:00:00Z",
        "resource_type": "capture",
        "event_type": kind,
        "summary": "Something happened",
        "resource": resource,
        "links": [],
    })
}

fn verdict(word: &str) -> Reply {
    Reply::new(200, json!({ "verification_status": word }))
}

async fn open() -> Option<(Desk, PayPal)> {
    let desk = Desk::open(Vendor::PayPal).await?;
    let paypal = paypal(&desk, &clock());
    Some((desk, paypal))
}

async fn read(paypal: &PayPal, body: &str) -> base::Result<Vec<Notice>> {
    paypal.read_notices(&heads(), body.as_bytes()).await
}

#[tokio::test]
async fn paypal_is_asked_whether_a_notice_is_its_own() {
    let Some((desk, paypal)) = open().await else {
        return;
    };
    let body = event(
        "PAYMENT.CAPTURE.COMPLETED",
        &thing(TAKEN, "COMPLETED", "10.00"),
    );
    // As it came, with its blanks: it is signed so.
    let body = format!("{{ \n  {}", &body.to_string()[1..]);
    desk.answer([verdict("SUCCESS")]);
    assert_eq!(read(&paypal, &body).await.unwrap().len(), 1);
    let [seen] = &desk.seen()[..] else { panic!() };
    assert_eq!(seen.path, "/v1/notifications/verify-webhook-signature");
    let asked = String::from_utf8(seen.body.clone()).unwrap();
    assert!(
        asked.ends_with(&format!("\"webhook_event\":{body}}}")),
        "{asked}"
    );
    let asked = seen.json();
    assert_eq!(asked["webhook_id"], "1JE4291016473214C");
    assert_eq!(asked["cert_url"], CERTIFICATE);
    desk.answer([verdict("FAILURE")]);
    assert_eq!(
        read(&paypal, &body).await.unwrap_err().kind(),
        Kind::Forbidden
    );
    desk.answer([Reply::wild(
        400,
        "application/json",
        json!({ "name": "VALIDATION_ERROR" }),
    )]);
    assert_eq!(
        read(&paypal, &body).await.unwrap_err().kind(),
        Kind::Forbidden
    );
    // Whoever cannot be asked now is asked when the notice comes again.
    for reply in [
        Reply::wild(500, "text/html", ""),
        Reply::wild(429, "application/json", "{}"),
        Reply::wild(200, "text/html", "SUCCESS"),
        Reply::wild(200, "application/json", "{}"),
        verdict("SUCCESS").by(Way::LostAfter),
    ] {
        desk.answer([reply]);
        assert_eq!(
            read(&paypal, &body).await.unwrap_err().kind(),
            Kind::Unavailable
        );
    }
}

#[tokio::test]
async fn a_forger_costs_no_call() {
    let Some((desk, paypal)) = open().await else {
        return;
    };
    let body = event(
        "PAYMENT.CAPTURE.COMPLETED",
        &thing(TAKEN, "COMPLETED", "10.00"),
    )
    .to_string();
    for (name, value) in [
        (
            "paypal-cert-url",
            "https://evil.example.com/v1/notifications/certs/CERT-1",
        ),
        (
            "paypal-cert-url",
            "https://api.paypal.com.example.com/v1/notifications/certs/CERT-1",
        ),
        (
            "paypal-cert-url",
            "https://api.paypal.com@example.com/v1/notifications/certs/CERT-1",
        ),
        (
            "paypal-cert-url",
            "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
        ),
        (
            "paypal-cert-url",
            "http://api.paypal.com/v1/notifications/certs/CERT-1",
        ),
        ("paypal-cert-url", "https://api.paypal.com/elsewhere"),
        ("paypal-transmission-time", "yesterday"),
        ("paypal-auth-algo", "none!"),
        ("paypal-transmission-sig", ""),
        ("paypal-transmission-id", "a b"),
    ] {
        let mut heads = heads();
        heads.iter_mut().find(|(known, _)| known == name).unwrap().1 = value.to_owned();
        let error = paypal
            .read_notices(&heads, body.as_bytes())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Forbidden, "{name} {value}");
    }
    for at in 0..5 {
        let mut heads = heads();
        heads.remove(at);
        assert!(paypal.read_notices(&heads, body.as_bytes()).await.is_err());
    }
    let mut twice = heads();
    twice.push(twice[3].clone());
    assert!(paypal.read_notices(&twice, body.as_bytes()).await.is_err());
    let two = format!("{body}{body}");
    for senseless in ["", "[]", "{", two.as_str(), &" ".repeat(65 * 1024)] {
        assert_eq!(
            read(&paypal, senseless).await.unwrap_err().kind(),
            Kind::Invalid,
            "{senseless}"
        );
    }
    assert!(desk.seen().is_empty());
    assert_eq!(desk.tokens(), 0);
}

/// A fact under the names that we gave to an authorisation and to what followed it.
fn named(id: &str, status: &str) -> Value {
    let mut thing = thing(id, status, "10.00");
    thing["custom_id"] = json!(attempt(1).1);
    thing["invoice_id"] = json!(attempt(2).1);
    thing
}

/// What a notice says that PayPal calls its own.
async fn told((desk, paypal): &(Desk, PayPal), kind: &str, resource: &Value) -> Vec<Notice> {
    desk.answer([verdict("SUCCESS")]);
    let body = event(kind, resource).to_string();
    read(paypal, &body).await.unwrap()
}

#[tokio::test]
async fn facts_have_our_words() {
    let Some(both) = open().await else { return };
    let (held, taken) = (done(HELD, 1_000), done(TAKEN, 1_000));
    for (kind, (id, status), act, answer) in [
        (
            "AUTHORIZATION.CREATED",
            (HELD, "CREATED"),
            Act::Authorise,
            &held,
        ),
        (
            "AUTHORIZATION.CREATED",
            (HELD, "PENDING"),
            Act::Authorise,
            &pending(HELD),
        ),
        ("AUTHORIZATION.VOIDED", (HELD, "VOIDED"), Act::Cancel, &held),
        (
            "CAPTURE.COMPLETED",
            (TAKEN, "COMPLETED"),
            Act::Capture,
            &taken,
        ),
        (
            "CAPTURE.PENDING",
            (TAKEN, "PENDING"),
            Act::Capture,
            &pending(TAKEN),
        ),
        (
            "CAPTURE.REFUNDED",
            (GIVEN, "COMPLETED"),
            Act::Refund,
            &done(GIVEN, 1_000),
        ),
    ] {
        let told = told(&both, &format!("PAYMENT.{kind}"), &named(id, status)).await;
        let [notice] = &told[..] else {
            panic!("{kind}")
        };
        assert_eq!((notice.act, &notice.answer), (act, answer), "{kind}");
        assert_eq!(notice.id, "WH-9UG43882HX7271132-6E0871324L7949614");
        assert_eq!(notice.reference.as_deref(), Some(id));
        assert_eq!(notice.merchant_reference, Some(attempt(2).1));
    }
    for (kind, resource) in [
        ("PAYMENT.CAPTURE.DENIED", named(TAKEN, "DECLINED")),
        ("PAYMENT.REFUND.FAILED", named(GIVEN, "FAILED")),
    ] {
        let told = told(&both, kind, &resource).await;
        assert_eq!(code(&told[0].answer), "declined", "{kind}");
    }
}

#[tokio::test]
async fn that_the_payer_has_allowed_it_is_looked_up() {
    let Some(both) = open().await else { return };
    let told = told(&both, "CHECKOUT.ORDER.APPROVED", &order("APPROVED")).await;
    let reference = format!("order/{ORDER}");
    assert_eq!(told[0].reference.as_deref(), Some(reference.as_str()));
    assert_eq!(told[0].merchant_reference, Some(attempt(1).1));
    assert!(matches!(told[0].answer, Answer::Unknown { .. }));
}

#[tokio::test]
async fn what_does_not_concern_us_says_nothing() {
    let Some(both) = open().await else { return };
    for (kind, resource) in [
        ("CUSTOMER.DISPUTE.CREATED", json!({})),
        ("NEW.THING", json!({ "a": 1 })),
        (
            "PAYMENT.CAPTURE.COMPLETED",
            json!({ "status": "COMPLETED" }),
        ),
    ] {
        assert_eq!(told(&both, kind, &resource).await, [], "{kind}");
    }
}
