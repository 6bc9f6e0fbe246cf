//! What can go wrong on the way, with either provider: nothing is guessed, nothing is done twice.

use std::time::Duration;

use bridges::{Loopback, adyen, paypal};
use rpc::providers::{Answer, Asked, LookUp, Provider};
use serde_json::json;
use tokio::time::timeout;

use crate::desk::{Desk, Reply, Way};
use crate::judge::Vendor;
use crate::paypal::{HELD, TAKEN, done, pending, thing};
use crate::world::{adyen, adyen_settings, change, clock, key, paypal, paypal_settings};

const JSON: &str = "application/json";

/// A desk, an adapter that speaks to it, and what it answers to a capture that went well.
async fn both() -> Option<Vec<(Desk, Box<dyn Provider>, Reply, Answer)>> {
    let (one, other) = (
        Desk::open(Vendor::PayPal).await?,
        Desk::open(Vendor::Adyen).await?,
    );
    let (paypal, adyen) = (paypal(&one, &clock()), adyen(&other));
    let taken = Reply::new(201, thing(TAKEN, "COMPLETED", "10.00"));
    let received = other
        .judge
        .example("post-payments-paymentPspReference-captures-capture-201");
    let received = Reply::new(201, received);
    let told = pending("993617894903480A/993617894906488A");
    Some(vec![
        (one, Box::new(paypal), taken, done(TAKEN, 1_000)),
        (other, Box::new(adyen), received, told),
    ])
}

fn is_unknown(answer: &Answer) -> bool {
    matches!(answer, Answer::Unknown { .. })
}

fn is_unsent(answer: &Answer) -> bool {
    matches!(answer, Answer::Unsent { .. })
}

#[tokio::test]
async fn an_ask_whose_answer_is_lost_is_unknown_and_has_one_effect() {
    let Some(both) = both().await else { return };
    for (desk, provider, reply, good) in both {
        let ask = change(2, HELD, 1_000);
        let look_up = LookUp {
            asked: Asked::Capture(ask.clone()),
            reference: None,
        };
        // The answer is lost: what is asked again gets the first outcome.
        desk.answer([reply.clone().by(Way::LostAfter)]);
        assert!(is_unknown(&provider.capture(&ask).await));
        assert_eq!(desk.effects(), 1);
        assert_eq!(provider.look_up(&look_up).await, good);
        assert_eq!(provider.capture(&ask).await, good);
        assert_eq!(desk.effects(), 1);
        let keys: Vec<_> = desk
            .seen()
            .iter()
            .map(|seen| seen.key().unwrap().to_owned())
            .collect();
        assert_eq!(keys, [key(2), key(2), key(2)]);
        // The request is lost: what is asked again is done then.
        let ask = change(3, HELD, 1_000);
        let look_up = LookUp {
            asked: Asked::Capture(ask.clone()),
            reference: None,
        };
        desk.answer([reply.clone().by(Way::LostBefore), reply]);
        assert!(is_unknown(&provider.capture(&ask).await));
        assert_eq!(desk.effects(), 1);
        assert_eq!(provider.look_up(&look_up).await, good);
        assert_eq!(desk.effects(), 2);
    }
}

#[tokio::test]
async fn answers_that_make_no_sense_are_unknown() {
    let Some(both) = both().await else { return };
    for (desk, provider, reply, _) in both {
        let huge = format!("{{\"x\":\"{}\"}}", "x".repeat(1024 * 1024));
        let strange = [
            reply.clone().by(Way::Half),
            Reply::wild(201, JSON, "{"),
            Reply::wild(201, JSON, ""),
            Reply::wild(201, JSON, "[]"),
            Reply::wild(201, JSON, "{}"),
            Reply::wild(201, "text/html", &reply.body),
            Reply::wild(201, JSON, huge),
            Reply::wild(
                500,
                JSON,
                json!({ "status": 500, "errorCode": "905", "name": "INTERNAL_SERVER_ERROR" }),
            ),
            Reply::wild(502, "text/html", "<h1>Bad gateway</h1>"),
            Reply::wild(503, JSON, json!({ "name": "SERVICE_UNAVAILABLE" })),
            Reply::wild(404, "text/html", "<h1>Not found</h1>"),
            Reply::wild(400, JSON, "{}"),
            Reply::wild(302, "text/html", "").with("location: https://example.com/\r\n"),
            Reply::wild(307, JSON, "{}").with("location: /elsewhere\r\n"),
            Reply::wild(
                409,
                JSON,
                json!({ "name": "RESOURCE_CONFLICT", "errorCode": "1" }),
            ),
        ];
        for reply in strange {
            let said = format!("{} {} {:?}", reply.status, reply.kind, reply.way);
            desk.answer([reply.clone()]);
            let answer = provider.capture(&change(number(&desk), HELD, 1_000)).await;
            assert!(is_unknown(&answer), "{said}: {answer:?}");
        }
        // Nobody followed where it was pointed to.
        let seen = desk.seen();
        assert_eq!(seen.len(), 15);
        assert!(
            seen.iter()
                .all(|seen| seen.path.ends_with("/capture") || seen.path.ends_with("/captures"))
        );
    }
}

/// An attempt that this desk has not seen.
fn number(desk: &Desk) -> u8 {
    u8::try_from(desk.effects()).unwrap() + 100
}

#[tokio::test]
async fn where_nothing_was_let_in_nothing_was_done() {
    let Some(both) = both().await else { return };
    for (desk, provider, _, _) in both {
        for reply in [
            Reply::wild(429, JSON, json!({ "name": "RATE_LIMIT_REACHED" })),
            Reply::wild(429, "text/html", ""),
            Reply::wild(403, "text/html", "<h1>Forbidden</h1>"),
            Reply::wild(
                403,
                JSON,
                json!({ "name": "NOT_AUTHORIZED", "errorCode": "010", "details": [{ "issue": "PERMISSION_DENIED" }] }),
            ),
        ] {
            let said = format!("{} {}", reply.status, reply.kind);
            desk.answer([reply]);
            let answer = provider.capture(&change(2, HELD, 1_000)).await;
            assert!(is_unsent(&answer), "{said}: {answer:?}");
        }
        assert_eq!(desk.effects(), 0);
    }
}

#[tokio::test]
async fn who_cannot_be_reached_has_done_nothing() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let paypal = paypal::PayPal::new(paypal_settings(&address), clock()).unwrap();
    let adyen = adyen::Adyen::new(adyen_settings(&address)).unwrap();
    // A name that cannot be: without TLS a stranger's certificate would be worth nothing either.
    let mut nowhere = adyen_settings("https://nowhere.invalid");
    nowhere.loopback = Loopback::Tls;
    let nowhere = adyen::Adyen::new(nowhere).unwrap();
    let providers: [&dyn Provider; 3] = [&paypal, &adyen, &nowhere];
    for provider in providers {
        let answer = provider.capture(&change(2, HELD, 1_000)).await;
        assert!(is_unsent(&answer), "{answer:?}");
    }
}

#[tokio::test]
async fn silence_ends_within_the_deadline() {
    let Some(both) = both().await else { return };
    for (desk, provider, reply, good) in both {
        desk.answer([reply.by(Way::Silent)]);
        let ask = change(2, HELD, 1_000);
        let answer = timeout(provider.deadline(), provider.capture(&ask))
            .await
            .unwrap();
        assert!(is_unknown(&answer), "{answer:?}");
        // It had its effect all the same.
        assert_eq!(provider.capture(&ask).await, good);
        assert_eq!(desk.effects(), 1);
    }
}

#[tokio::test]
async fn a_token_that_does_not_come_means_that_nothing_was_sent() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", closed.local_addr().unwrap());
    // It takes connections and says nothing.
    let paypal = paypal::PayPal::new(paypal_settings(&address), clock()).unwrap();
    let ask = change(2, HELD, 1_000);
    let answer = timeout(Duration::from_secs(3), paypal.capture(&ask))
        .await
        .unwrap();
    assert!(is_unsent(&answer), "{answer:?}");
}
