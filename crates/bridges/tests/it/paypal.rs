//! PayPal: orders that payers allow, and what follows of them.

use base::{Currency, Money};
use bridges::paypal::{PayPal, Settings};
use futures_util::future::join_all;
use rpc::providers::{Answer, Asked, LookUp, Provider as _};
use serde_json::{Value, json};

use crate::desk::{Desk, Reply, Seen, Way};
use crate::judge::Vendor;
use crate::world::{
    BACK, CANARY, attempt, back, change, charge, clock, euros, key, paypal, paypal_settings,
};

pub(crate) const ORDER: &str = "5O190127TN364715T";
pub(crate) const HELD: &str = "0AW2184448108334S";
pub(crate) const TAKEN: &str = "2GG279541U471931P";
pub(crate) const GIVEN: &str = "1JU08902781691411";
const PAGE: &str = "https://www.sandbox.paypal.com/checkoutnow?token=5O190127TN364715T";

pub(crate) fn amount(value: &str) -> Value {
    json!({ "currency_code": "EUR", "value": value })
}

pub(crate) fn order(status: &str) -> Value {
    json!({
        "id": ORDER,
        "intent": "AUTHORIZE",
        "status": status,
        "purchase_units": [{
            "reference_id": attempt(1).1,
            "custom_id": attempt(1).1,
            "amount": amount("25.49"),
        }],
        "links": [
            { "href": "https://api-m.paypal.com/v2/checkout/orders/5O190127TN364715T", "rel": "self", "method": "GET" },
            { "href": PAGE, "rel": "payer-action", "method": "GET" },
        ],
    })
}

pub(crate) fn thing(id: &str, status: &str, value: &str) -> Value {
    json!({ "id": id, "status": status, "amount": amount(value) })
}

fn authorised(status: &str) -> Value {
    let mut order = order("COMPLETED");
    order["purchase_units"][0]["payments"] =
        json!({ "authorizations": [thing(HELD, status, "25.49")] });
    order
}

pub(crate) fn done(reference: &str, minor: i64) -> Answer {
    let reference = reference.to_owned();
    Answer::Done {
        reference,
        amount: euros(minor),
    }
}

pub(crate) fn pending(reference: &str) -> Answer {
    let reference = reference.to_owned();
    Answer::Pending { reference }
}

pub(crate) fn action(reference: &str, url: &str) -> Answer {
    let (reference, url) = (reference.to_owned(), url.to_owned());
    Answer::Action { reference, url }
}

/// The word of a refusal.
pub(crate) fn code(answer: &Answer) -> &str {
    match answer {
        Answer::Refused { code, .. } => code,
        other => panic!("no refusal: {other:?}"),
    }
}

fn look(asked: Asked, reference: Option<&str>) -> LookUp {
    let reference = reference.map(str::to_owned);
    LookUp { asked, reference }
}

async fn open() -> Option<(Desk, PayPal)> {
    let desk = Desk::open(Vendor::PayPal).await?;
    let paypal = paypal(&desk, &clock());
    Some((desk, paypal))
}

fn lines(seen: &[Seen]) -> Vec<String> {
    let lines = seen
        .iter()
        .map(|seen| format!("{} {}", seen.method, seen.path));
    lines.collect()
}

#[tokio::test]
async fn money_is_held_once_the_payer_has_allowed_it() {
    let Some((desk, paypal)) = open().await else {
        return;
    };
    let reference = format!("order/{ORDER}");
    desk.answer([Reply::new(200, order("PAYER_ACTION_REQUIRED"))]);
    let answer = paypal.authorise(&charge(1, None)).await;
    assert_eq!(answer, action(&reference, PAGE));
    let [seen] = &desk.seen()[..] else { panic!() };
    assert_eq!(seen.key(), Some(key(1).as_str()));
    assert_eq!(seen.header("prefer"), Some("return=representation"));
    assert_eq!(
        seen.header("authorization"),
        Some(&*format!("Bearer A21.{CANARY}.1"))
    );
    let body = seen.json();
    assert_eq!(body["intent"], "AUTHORIZE");
    assert_eq!(body["purchase_units"][0]["amount"], amount("25.49"));
    assert_eq!(body["purchase_units"][0]["custom_id"], attempt(1).1);
    assert_eq!(
        body["payment_source"]["paypal"]["experience_context"]["return_url"],
        BACK
    );

    // The payer has not been there yet, then has.
    desk.answer([
        Reply::new(200, order("CREATED")),
        Reply::new(200, order("APPROVED")),
        Reply::new(201, authorised("CREATED")),
    ]);
    let back = back(1, &reference, &[("token", ORDER), ("PayerID", "X")]);
    assert_eq!(paypal.go_on(&back).await, action(&reference, PAGE));
    assert_eq!(paypal.go_on(&back).await, done(HELD, 2_549));
    let seen = desk.seen();
    let get = format!("GET /v2/checkout/orders/{ORDER}");
    let post = format!("POST /v2/checkout/orders/{ORDER}/authorize");
    assert_eq!(lines(&seen), [get.clone(), get, post]);
    assert_eq!(seen[2].key(), Some(&*format!("{}-authorize", key(1))));
}

#[tokio::test]
async fn money_of_a_known_payer_is_held_at_once() {
    let Some((desk, paypal)) = open().await else {
        return;
    };
    desk.answer([Reply::new(201, authorised("CREATED"))]);
    assert_eq!(
        paypal.authorise(&charge(1, Some("vault-1_X"))).await,
        done(HELD, 2_549)
    );
    let [seen] = &desk.seen()[..] else { panic!() };
    assert_eq!(
        seen.json()["payment_source"]["paypal"]["vault_id"],
        "vault-1_X"
    );
    let refused = paypal.authorise(&charge(2, Some("a/b"))).await;
    assert_eq!(code(&refused), "means_invalid");
    assert_eq!(desk.seen().len(), 0);
}

#[tokio::test]
async fn what_became_of_an_order_is_told_apart() {
    let Some((desk, paypal)) = open().await else {
        return;
    };
    let back = back(1, &format!("order/{ORDER}"), &[]);
    for (order, answer) in [
        (authorised("PENDING"), pending(HELD)),
        (authorised("PARTIALLY_CAPTURED"), done(HELD, 2_549)),
    ] {
        desk.answer([Reply::new(200, order)]);
        assert_eq!(paypal.go_on(&back).await, answer);
    }
    for (order, word) in [
        (authorised("DENIED"), "declined"),
        (authorised("VOIDED"), "already_cancelled"),
        (order("VOIDED"), "lapsed"),
    ] {
        desk.answer([Reply::new(200, order)]);
        assert_eq!(code(&paypal.go_on(&back).await), word);
    }
    let gone = desk.judge.complaint("404", "INVALID_RESOURCE_ID");
    desk.answer([Reply::new(404, gone)]);
    assert_eq!(code(&paypal.go_on(&back).await), "lapsed");
    // What makes no sense is not guessed.
    let mut nameless = authorised("CREATED");
    nameless["purchase_units"][0]["payments"]["authorizations"][0]["id"] = Value::Null;
    let mut worthless = authorised("CREATED");
    worthless["purchase_units"][0]["payments"]["authorizations"][0]["amount"]["value"] =
        json!("1,5");
    let mut homeless = order("CREATED");
    homeless["links"] = json!([{ "href": "http://www.example.com/", "rel": "approve" }]);
    for strange in [
        nameless,
        worthless,
        homeless,
        order("COMPLETED"),
        order("NEW"),
        json!({}),
        json!([]),
    ] {
        desk.answer([Reply::wild(200, "application/json", &strange)]);
        let answer = paypal.go_on(&back).await;
        assert!(
            matches!(answer, Answer::Unknown { .. }),
            "{strange} {answer:?}"
        );
    }
}

#[tokio::test]
async fn refusals_have_our_words() {
    let Some((desk, paypal)) = open().await else {
        return;
    };
    let back = back(1, &format!("order/{ORDER}"), &[]);
    for (issue, word) in [
        ("PAYER_CANNOT_PAY", "declined"),
        ("TRANSACTION_REFUSED", "declined"),
        ("TRANSACTION_LIMIT_EXCEEDED", "limit_exceeded"),
        ("PAYEE_BLOCKED_TRANSACTION", "declined"),
        ("ORDER_EXPIRED", "lapsed"),
        ("ACTION_DOES_NOT_MATCH_INTENT", "invalid_request"),
    ] {
        let complaint = desk.judge.complaint("orders.authorize-422", issue);
        desk.answer([
            Reply::new(200, order("APPROVED")),
            Reply::new(422, complaint),
        ]);
        let answer = paypal.go_on(&back).await;
        assert_eq!(code(&answer), word, "{issue}");
        assert!(format!("{answer:?}").contains(issue));
    }
    desk.answer([Reply::new(
        422,
        desk.judge.complaint("422", "INSTRUMENT_DECLINED"),
    )]);
    assert_eq!(code(&paypal.authorise(&charge(2, None)).await), "declined");
    // Another ask is under way, or has come through: what there is will be seen.
    for issue in ["ORDER_ALREADY_AUTHORIZED", "ORDER_NOT_APPROVED"] {
        let complaint = desk.judge.complaint("orders.authorize-422", issue);
        desk.answer([
            Reply::new(200, order("APPROVED")),
            Reply::new(422, complaint),
        ]);
        assert!(
            matches!(paypal.go_on(&back).await, Answer::Unknown { .. }),
            "{issue}"
        );
    }
}

#[tokio::test]
async fn money_is_taken_in_parts_and_given_back_in_parts() {
    let Some((desk, paypal)) = open().await else {
        return;
    };
    desk.answer([
        Reply::new(201, thing(TAKEN, "COMPLETED", "10.00")),
        Reply::new(201, thing(TAKEN, "PENDING", "15.49")),
        Reply::new(201, thing(TAKEN, "DECLINED", "15.49")),
        Reply::new(201, thing(GIVEN, "COMPLETED", "2.50")),
        Reply::new(201, thing(GIVEN, "PENDING", "2.50")),
        Reply::new(201, thing(GIVEN, "FAILED", "2.50")),
    ]);
    assert_eq!(
        paypal.capture(&change(2, HELD, 1_000)).await,
        done(TAKEN, 1_000)
    );
    assert_eq!(
        paypal.capture(&change(3, HELD, 1_549)).await,
        pending(TAKEN)
    );
    assert_eq!(
        code(&paypal.capture(&change(4, HELD, 1_549)).await),
        "declined"
    );
    assert_eq!(
        paypal.refund(&change(5, TAKEN, 250)).await,
        done(GIVEN, 250)
    );
    assert_eq!(paypal.refund(&change(6, TAKEN, 250)).await, pending(GIVEN));
    assert_eq!(
        code(&paypal.refund(&change(7, TAKEN, 250)).await),
        "declined"
    );
    let seen = desk.seen();
    let taken = seen[0].json();
    assert_eq!(taken["amount"], amount("10.00"));
    assert_eq!(
        (&taken["invoice_id"], &taken["final_capture"]),
        (&json!(attempt(2).1), &json!(true))
    );
    assert_eq!(seen[3].json()["custom_id"], json!(attempt(5).1));
    assert_eq!(
        seen[3].path,
        format!("/v2/payments/captures/{TAKEN}/refund")
    );
    for (number, seen) in (2..).zip(&seen) {
        assert_eq!(seen.key(), Some(key(number).as_str()));
    }
    for (issue, word) in [
        ("REFUND_AMOUNT_EXCEEDED", "amount_exceeded"),
        ("CAPTURE_FULLY_REFUNDED", "already_refunded"),
        ("REFUND_TIME_LIMIT_EXCEEDED", "lapsed"),
        ("TRANSACTION_DISPUTED", "disputed"),
    ] {
        desk.answer([Reply::new(
            422,
            desk.judge.complaint("captures.refund-422", issue),
        )]);
        assert_eq!(
            code(&paypal.refund(&change(8, TAKEN, 250)).await),
            word,
            "{issue}"
        );
    }
}

#[tokio::test]
async fn amounts_have_the_digits_of_their_currency() {
    let Some((desk, paypal)) = open().await else {
        return;
    };
    for (minor, currency, value) in [
        (2_549, Currency::JPY, "2549"),
        (25_490, Currency::TND, "25.490"),
        (254_900, Currency::HUF, "2549"),
    ] {
        let mut change = change(2, HELD, 1);
        change.amount = Money::new(minor, currency);
        let mut taken = thing(TAKEN, "COMPLETED", value);
        taken["amount"]["currency_code"] = json!(currency.code());
        desk.answer([Reply::new(201, taken)]);
        change.attempt = attempt(u8::try_from(value.len()).unwrap() + currency.exponent()).0;
        let answer = paypal.capture(&change).await;
        let reference = TAKEN.to_owned();
        assert_eq!(
            answer,
            Answer::Done {
                reference,
                amount: change.amount
            }
        );
        assert_eq!(desk.seen()[0].json()["amount"]["value"], value);
    }
    let mut change = change(9, HELD, 1);
    change.amount = Money::new(254_950, Currency::HUF);
    assert_eq!(code(&paypal.capture(&change).await), "amount_invalid");
}

#[tokio::test]
async fn money_is_let_go() {
    let Some((desk, paypal)) = open().await else {
        return;
    };
    let void = |status: &str| Reply::new(200, thing(HELD, status, "25.49"));
    desk.answer([
        void("VOIDED"),
        Reply::new(204, ""),
        Reply::new(
            422,
            desk.judge
                .complaint("authorizations.void-422", "PREVIOUSLY_VOIDED"),
        ),
    ]);
    for number in 2..5 {
        assert_eq!(
            paypal.cancel(&change(number, HELD, 2_549)).await,
            done(HELD, 2_549)
        );
    }
    assert!(
        desk.seen()
            .iter()
            .all(|seen| seen.path.ends_with("/void") && seen.body.is_empty())
    );
    desk.answer([Reply::new(
        422,
        desk.judge
            .complaint("authorizations.void-422", "PREVIOUSLY_CAPTURED"),
    )]);
    assert_eq!(
        code(&paypal.cancel(&change(5, HELD, 2_549)).await),
        "already_captured"
    );
    // An order holds nothing until it is authorised.
    let order_name = format!("order/{ORDER}");
    let gone = desk.judge.complaint("404", "INVALID_RESOURCE_ID");
    desk.answer([
        Reply::new(200, order("APPROVED")),
        Reply::new(404, gone),
        Reply::new(200, authorised("CREATED")),
        void("VOIDED"),
    ]);
    assert_eq!(
        paypal.cancel(&change(6, &order_name, 2_549)).await,
        done(&order_name, 2_549)
    );
    assert_eq!(
        paypal.cancel(&change(7, &order_name, 2_549)).await,
        done(&order_name, 2_549)
    );
    assert_eq!(
        paypal.cancel(&change(8, &order_name, 2_549)).await,
        done(HELD, 2_549)
    );
}

#[tokio::test]
async fn what_was_lost_is_looked_up() {
    let Some((desk, paypal)) = open().await else {
        return;
    };
    let take = || Asked::Capture(change(2, HELD, 1_000));
    let give = || Asked::Refund(change(3, TAKEN, 250));
    // By the name that was heard.
    for (asked, known, reply, answer) in [
        (
            take(),
            TAKEN,
            thing(TAKEN, "COMPLETED", "10.00"),
            done(TAKEN, 1_000),
        ),
        (
            take(),
            TAKEN,
            thing(TAKEN, "PARTIALLY_REFUNDED", "10.00"),
            done(TAKEN, 1_000),
        ),
        (
            give(),
            GIVEN,
            thing(GIVEN, "COMPLETED", "2.50"),
            done(GIVEN, 250),
        ),
        (
            Asked::Authorise(charge(1, None)),
            HELD,
            thing(HELD, "CREATED", "25.49"),
            done(HELD, 2_549),
        ),
    ] {
        desk.answer([Reply::new(200, reply)]);
        assert_eq!(paypal.look_up(&look(asked, Some(known))).await, answer);
    }
    for what in ["captures", "refunds", "authorizations"] {
        let asked = match what {
            "captures" => take(),
            "refunds" => give(),
            _ => Asked::Authorise(charge(1, None)),
        };
        desk.answer([Reply::new(
            404,
            desk.judge.complaint("404", "INVALID_RESOURCE_ID"),
        )]);
        assert_eq!(
            paypal.look_up(&look(asked, Some("9X"))).await,
            Answer::Absent,
            "{what}"
        );
        assert_eq!(
            desk.seen().last().unwrap().path,
            format!("/v2/payments/{what}/9X")
        );
    }
}

#[tokio::test]
async fn what_has_no_name_is_asked_again_under_its_key() {
    let Some((desk, paypal)) = open().await else {
        return;
    };
    let take = || Asked::Capture(change(2, HELD, 1_000));
    // The first outcome, and one effect.
    desk.answer([Reply::new(201, thing(TAKEN, "COMPLETED", "10.00")).by(Way::LostAfter)]);
    let lost = paypal.capture(&change(2, HELD, 1_000)).await;
    assert!(matches!(lost, Answer::Unknown { .. }), "{lost:?}");
    for _ in 0..3 {
        assert_eq!(
            paypal.look_up(&look(take(), None)).await,
            done(TAKEN, 1_000)
        );
    }
    assert_eq!(desk.effects(), 1);
    desk.answer([Reply::new(200, order("CREATED"))]);
    let asked = Asked::Authorise(charge(1, None));
    let answer = paypal.look_up(&look(asked, None)).await;
    assert_eq!(answer, action(&format!("order/{ORDER}"), PAGE));
    let asked = Asked::GoOn(back(1, &format!("order/{ORDER}"), &[]));
    desk.answer([Reply::new(200, authorised("CREATED"))]);
    assert_eq!(paypal.look_up(&look(asked, None)).await, done(HELD, 2_549));
}

#[tokio::test]
async fn names_that_are_none_are_not_put_into_addresses() {
    let Some((desk, paypal)) = open().await else {
        return;
    };
    for bad in [
        "",
        "../orders",
        "a/b",
        "a?b",
        "a b",
        "order/",
        "order/../x",
        &"x".repeat(51),
    ] {
        assert_eq!(
            code(&paypal.capture(&change(2, bad, 1)).await),
            "not_found",
            "{bad}"
        );
        assert_eq!(
            code(&paypal.cancel(&change(2, bad, 1)).await),
            "not_found",
            "{bad}"
        );
        assert_eq!(
            code(&paypal.go_on(&back(2, bad, &[])).await),
            "not_found",
            "{bad}"
        );
    }
    assert!(desk.seen().is_empty());
}

#[tokio::test]
async fn one_token_serves_all_until_shortly_before_its_end() {
    let Some(desk) = Desk::open(Vendor::PayPal).await else {
        return;
    };
    let clock = clock();
    let paypal = paypal(&desk, &clock);
    desk.answer(std::iter::repeat_n(
        Reply::new(201, thing(TAKEN, "COMPLETED", "0.01")),
        8,
    ));
    let changes: Vec<_> = (1..=8).map(|number| change(number, HELD, 1)).collect();
    let answers = join_all(changes.iter().map(|change| paypal.capture(change))).await;
    assert!(
        answers.iter().all(|answer| answer == &done(TAKEN, 1)),
        "{answers:?}"
    );
    assert_eq!(desk.tokens(), 1);
    let seconds = std::time::Duration::from_secs;
    for (later, tokens) in [(32_400 - 61, 1), (2, 2), (60, 2)] {
        clock.advance(seconds(later)).unwrap();
        desk.answer([Reply::new(200, thing(TAKEN, "COMPLETED", "0.01"))]);
        let asked = Asked::Capture(change(1, HELD, 1));
        assert_eq!(
            paypal.look_up(&look(asked, Some(TAKEN))).await,
            done(TAKEN, 1)
        );
        assert_eq!(desk.tokens(), tokens, "{later}");
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once() {
    let Some((desk, paypal)) = open().await else {
        return;
    };
    let no = || {
        let body = json!({ "name": "AUTHENTICATION_FAILURE", "message": "…" });
        Reply::wild(401, "application/json", body)
    };
    desk.answer([no(), Reply::new(201, thing(TAKEN, "COMPLETED", "0.01"))]);
    assert_eq!(paypal.capture(&change(1, HELD, 1)).await, done(TAKEN, 1));
    let bearers: Vec<String> = desk
        .seen()
        .iter()
        .map(|seen| seen.header("authorization").unwrap().to_owned())
        .collect();
    assert_eq!(
        bearers,
        [
            format!("Bearer A21.{CANARY}.1"),
            format!("Bearer A21.{CANARY}.2")
        ]
    );
    desk.answer([no(), no()]);
    let answer = paypal.capture(&change(2, HELD, 1)).await;
    assert!(matches!(answer, Answer::Unsent { .. }), "{answer:?}");
    assert_eq!(desk.seen().len(), 2);
    assert_eq!(desk.tokens(), 3);
}

#[tokio::test]
async fn answers_may_grow() {
    let Some((desk, paypal)) = open().await else {
        return;
    };
    let mut taken = thing(TAKEN, "COMPLETED", "0.01");
    taken["new_member"] = json!({ "a": [1, 2, { "b": null }] });
    taken["amount"]["newer"] = json!(1.5);
    taken["status_details"] = json!({ "reason": "OTHER", "more": [] });
    desk.answer([Reply::wild(201, "application/json", taken)]);
    assert_eq!(paypal.capture(&change(1, HELD, 1)).await, done(TAKEN, 1));
}

#[tokio::test]
async fn no_secret_is_shown() {
    let Some((desk, paypal)) = open().await else {
        return;
    };
    desk.answer([
        Reply::wild(400, "application/json", json!({ "name": CANARY.repeat(20), "details": [{ "issue": format!("{CANARY} of Jo Doe") }] })),
        Reply::wild(500, "text/html", CANARY),
    ]);
    let mut said = format!("{paypal:?} {:?}", paypal_settings(&desk.url));
    said += &format!("{:?}", paypal.capture(&change(1, HELD, 1)).await);
    said += &format!("{:?}", paypal.capture(&change(1, HELD, 1)).await);
    said += &format!("{:?}", charge(1, Some(CANARY)));
    let bad = bridges::paypal::Credentials::parse(&format!("client_id = {CANARY}"));
    said += &format!("{:?}", bad.unwrap_err());
    let bad = bridges::paypal::Credentials::parse(&format!("{CANARY} = x"));
    said += &format!("{:?}", bad.unwrap_err());
    assert!(!said.contains(CANARY) && !said.contains("Jo Doe"), "{said}");
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let good = || paypal_settings("https://api-m.sandbox.paypal.com");
    let make = |settings: Settings| PayPal::new(settings, clock());
    assert!(make(good()).is_ok());
    for webhook_id in ["", "a b", "a/b", &"x".repeat(51)] {
        let webhook_id = webhook_id.to_owned();
        assert!(
            make(Settings {
                webhook_id,
                ..good()
            })
            .is_err()
        );
    }
    let base_url = "http://api-m.paypal.com".to_owned();
    assert!(make(Settings { base_url, ..good() }).is_err());
}
