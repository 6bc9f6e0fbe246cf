//! Adyen: payments, pay-links, and modifications that are told about later.

use base::{Currency, Money};
use bridges::adyen::{Adyen, Credentials, Settings};
use rpc::providers::{Answer, Asked, LookUp, Provider as _};
use serde_json::{Value, json};

use crate::desk::{Desk, Reply};
use crate::judge::Vendor;
use crate::paypal::{action, code, done, pending};
use crate::world::{
    BACK, CANARY, HMAC_KEY, adyen, adyen_settings, attempt, back, change, charge, euros, key,
};

const PAYMENT: &str = "993617894903480A";
const OWN: &str = "993617894906488A";
const LINK: &str = "PL61C53A8B97E6915A";
const PAGE: &str = "https://test.adyen.link/PL61C53A8B97E6915A";
const STORED: &str = "stored/shopper-1/8415718415172204";

async fn open() -> Option<(Desk, Adyen)> {
    let desk = Desk::open(Vendor::Adyen).await?;
    let adyen = adyen(&desk);
    Some((desk, adyen))
}

fn link(status: &str) -> Value {
    json!({
        "amount": { "currency": "EUR", "value": 2_549 },
        "id": LINK,
        "merchantAccount": "TestMerchant",
        "reference": attempt(1).1,
        "status": status,
        "url": PAGE,
    })
}

fn look(asked: Asked, reference: Option<&str>) -> LookUp {
    let reference = reference.map(str::to_owned);
    LookUp { asked, reference }
}

#[tokio::test]
async fn a_stored_means_is_charged_and_not_taken_from() {
    let Some((desk, adyen)) = open().await else {
        return;
    };
    let authorised = desk.judge.example("post-payments-card-direct-200");
    desk.answer([Reply::new(200, authorised)]);
    let answer = adyen.authorise(&charge(1, Some(STORED))).await;
    assert_eq!(answer, done("993617895204576J", 2_549));
    let [seen] = &desk.seen()[..] else { panic!() };
    assert_eq!(seen.path, "/v72/payments");
    assert_eq!(seen.key(), Some(key(1).as_str()));
    assert_eq!(seen.header("x-api-key"), Some(&*format!("AQE.{CANARY}")));
    let body = seen.json();
    assert_eq!(body["amount"], json!({ "currency": "EUR", "value": 2_549 }));
    assert_eq!(body["reference"], json!(attempt(1).1));
    assert_eq!(body["additionalData"], json!({ "manualCapture": "true" }));
    assert_eq!(body["shopperReference"], "shopper-1");
    assert_eq!(
        body["paymentMethod"]["storedPaymentMethodId"],
        "8415718415172204"
    );
    assert_eq!(body["returnUrl"], BACK);
    for token in ["stored/x", "stored/ab/1", "stored/shopper/a-b", "a~b", "x"] {
        let refused = adyen.authorise(&charge(2, Some(token))).await;
        assert_eq!(code(&refused), "means_invalid", "{token}");
    }
    assert!(desk.seen().is_empty());
}

#[tokio::test]
async fn a_method_with_a_page_sends_the_payer_there_and_back() {
    let Some((desk, adyen)) = open().await else {
        return;
    };
    let redirect = desk.judge.example("post-payments-ideal-200");
    let url = redirect["action"]["url"].as_str().unwrap().to_owned();
    desk.answer([Reply::new(200, &redirect)]);
    // Adyen has no name for it yet, so it goes by ours.
    let ours = format!("ours/{}", attempt(1).1);
    let answer = adyen.authorise(&charge(1, Some("ideal"))).await;
    assert_eq!(answer, action(&ours, &url));
    let bare = desk.judge.example("post-payments-details-00.redirect-200");
    let said = [("redirectResult", "X6XtfGC3!Y..."), ("other", CANARY)];
    // What was brought may belong to another payment of the payer; Adyen tells of this one.
    let of = |reference: &str| {
        let mut told = bare.clone();
        told["merchantReference"] = reference.into();
        told
    };
    for (foreign, result) in [(bare.clone(), "one"), (of(&attempt(2).1), "other")] {
        desk.answer([Reply::new(200, foreign)]);
        let brought = back(1, &ours, &[("redirectResult", result)]);
        assert_eq!(adyen.go_on(&brought).await, Answer::Absent, "{result}");
    }
    desk.seen();
    desk.answer([Reply::new(200, of(&attempt(1).1))]);
    let answer = adyen.go_on(&back(1, &ours, &said)).await;
    assert_eq!(answer, done("V4HZ4RBFJGXXGN82", 2_549));
    let seen = desk.seen();
    let brought = json!({ "details": { "redirectResult": "X6XtfGC3!Y..." } });
    assert_eq!(
        (seen[0].path.as_str(), seen[0].json()),
        ("/v72/payments/details", brought)
    );
    let said_key = seen[0].key().unwrap().to_owned();
    assert!(
        said_key.starts_with(&key(1)) && said_key != key(1) && said_key.len() <= 64,
        "{said_key}"
    );
    // The same again is the same ask; something else is another.
    assert_eq!(
        adyen.go_on(&back(1, &ours, &said)).await,
        done("V4HZ4RBFJGXXGN82", 2_549)
    );
    assert_eq!(desk.seen()[0].key(), Some(said_key.as_str()));
    desk.answer([Reply::new(
        200,
        json!({ "resultCode": "Refused", "refusalReasonCode": "11", "merchantReference": attempt(1).1 }),
    )]);
    let answer = adyen
        .go_on(&back(1, &ours, &[("redirectResult", "else")]))
        .await;
    assert_eq!(code(&answer), "authentication_failed");
    assert_ne!(desk.seen()[0].key(), Some(said_key.as_str()));
    // Without anything brought there is nothing to ask.
    assert_eq!(adyen.go_on(&back(1, &ours, &[])).await, Answer::Absent);
    // What can only be let go of by our name is.
    let cancelled = json!({ "merchantAccount": "TestMerchant", "paymentReference": attempt(1).1, "pspReference": OWN, "status": "received" });
    desk.answer([Reply::new(201, cancelled)]);
    assert_eq!(adyen.cancel(&change(2, &ours, 2_549)).await, pending(OWN));
    let seen = desk.seen();
    assert_eq!(seen[0].path, "/v72/cancels");
    assert_eq!(seen[0].json()["paymentReference"], json!(attempt(1).1));
}

#[tokio::test]
async fn what_a_payer_brings_that_is_not_accepted_ends_nothing() {
    let Some((desk, adyen)) = open().await else {
        return;
    };
    let ours = format!("ours/{}", attempt(1).1);
    let brought = |result: &str| back(1, &ours, &[("redirectResult", result)]);
    for (status, theirs) in [(422, "14_006"), (422, "101"), (400, "702")] {
        let said = json!({ "status": status, "errorCode": theirs, "message": "Jo Doe", "errorType": "validation" });
        desk.answer([Reply::new(status, said)]);
        let answer = adyen.go_on(&brought(theirs)).await;
        assert_eq!(answer, Answer::Absent, "{theirs}");
    }
    // What the bank refuses is refused.
    let refused = json!({ "resultCode": "Refused", "refusalReasonCode": "2", "merchantReference": attempt(1).1 });
    desk.answer([Reply::new(200, refused)]);
    assert_eq!(code(&adyen.go_on(&brought("right")).await), "declined");
}

#[tokio::test]
async fn who_gives_no_means_pays_on_a_page() {
    let Some((desk, adyen)) = open().await else {
        return;
    };
    let reference = format!("link/{LINK}");
    desk.answer([Reply::new(201, link("active"))]);
    assert_eq!(
        adyen.authorise(&charge(1, None)).await,
        action(&reference, PAGE)
    );
    let body = desk.seen()[0].json();
    assert_eq!(
        (&body["manualCapture"], &body["reusable"]),
        (&json!(true), &json!(false))
    );
    let lapsed = |answer: Answer| assert_eq!(code(&answer), "lapsed");
    desk.answer(
        ["active", "paymentPending", "completed", "expired"]
            .map(|status| Reply::new(200, link(status))),
    );
    let asked = || Asked::GoOn(back(1, &reference, &[]));
    assert_eq!(
        adyen.go_on(&back(1, &reference, &[])).await,
        action(&reference, PAGE)
    );
    assert_eq!(
        adyen.look_up(&look(asked(), Some(&reference))).await,
        pending(&reference)
    );
    assert_eq!(
        adyen.look_up(&look(asked(), None)).await,
        pending(&reference)
    );
    lapsed(
        adyen
            .look_up(&look(Asked::Authorise(charge(1, None)), Some(&reference)))
            .await,
    );
    assert!(
        desk.seen()
            .iter()
            .all(|seen| seen.path == format!("/v72/paymentLinks/{LINK}"))
    );
}

#[tokio::test]
async fn a_pay_link_is_ended_and_known_again() {
    let Some((desk, adyen)) = open().await else {
        return;
    };
    let reference = format!("link/{LINK}");
    desk.answer([Reply::new(201, link("active"))]);
    adyen.authorise(&charge(1, None)).await;
    desk.seen();
    // It is ended, unless it was used at that very moment.
    desk.answer([
        Reply::new(200, link("expired")),
        Reply::new(200, link("completed")),
    ]);
    assert_eq!(
        adyen.cancel(&change(2, &reference, 2_549)).await,
        done(&reference, 2_549)
    );
    assert_eq!(desk.seen()[0].json(), json!({ "status": "expired" }));
    assert!(matches!(
        adyen.cancel(&change(2, &reference, 2_549)).await,
        Answer::Unknown { .. }
    ));
    // Our name is not told twice: the same link under the same key.
    assert_eq!(
        adyen
            .look_up(&look(Asked::Authorise(charge(1, None)), None))
            .await,
        action(&reference, PAGE)
    );
    assert_eq!(desk.effects(), 1);
    let gone = Reply::wild(
        404,
        "application/json",
        json!({ "status": 404, "errorCode": "1" }),
    );
    desk.answer([gone]);
    let asked = Asked::GoOn(back(1, &reference, &[]));
    assert_eq!(
        adyen.look_up(&look(asked, Some("link/PLX"))).await,
        Answer::Absent
    );
}

#[tokio::test]
async fn results_are_told_apart() {
    let Some((desk, adyen)) = open().await else {
        return;
    };
    let paid = |code: &str| json!({ "resultCode": code, "pspReference": PAYMENT });
    let mut number = 10;
    let mut ask = async |reply: Value| {
        number += 1;
        desk.answer([Reply::new(200, reply)]);
        adyen.authorise(&charge(number, Some("ideal"))).await
    };
    for (result, answer) in [
        (paid("Authorised"), done(PAYMENT, 2_549)),
        (paid("Pending"), pending(PAYMENT)),
        (paid("Received"), pending(PAYMENT)),
    ] {
        assert_eq!(ask(result).await, answer);
    }
    let mut part = paid("PartiallyAuthorised");
    assert!(matches!(ask(part.clone()).await, Answer::Unknown { .. }));
    part["amount"] = json!({ "currency": "EUR", "value": 1_000 });
    assert_eq!(ask(part).await, done(PAYMENT, 1_000));
    for (reason, word) in [
        ("2", "declined"),
        ("5", "means_invalid"),
        ("6", "card_expired"),
        ("9", "issuer_unavailable"),
        ("12", "insufficient_funds"),
        ("20", "fraud_suspected"),
        ("999", "declined"),
    ] {
        let mut refused = paid("Refused");
        refused["refusalReason"] = json!("Jo Doe's card");
        refused["refusalReasonCode"] = json!(reason);
        let answer = ask(refused).await;
        assert_eq!(code(&answer), word);
        assert!(!format!("{answer:?}").contains("Jo Doe"));
    }
    assert_eq!(code(&ask(paid("Cancelled")).await), "abandoned");
    assert_eq!(code(&ask(paid("Error")).await), "declined");
    // Without a page that a browser can open, with a result that is no end, or without a name: nobody knows.
    let form = json!({ "resultCode": "RedirectShopper", "action": { "type": "redirect", "method": "POST", "url": "https://x.example.com/", "paymentMethodType": "scheme" } });
    for strange in [
        form,
        paid("ChallengeShopper"),
        paid("AuthenticationFinished"),
        json!({ "resultCode": "Authorised" }),
    ] {
        let answer = ask(strange.clone()).await;
        assert!(
            matches!(answer, Answer::Unknown { .. }),
            "{strange}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn modifications_are_pending_under_the_name_of_their_payment() {
    let Some((desk, adyen)) = open().await else {
        return;
    };
    let name = format!("{PAYMENT}/{OWN}");
    let example = |what: &str| {
        let name = format!("post-payments-paymentPspReference-{what}-201");
        Reply::new(201, desk.judge.example(&name))
    };
    desk.answer([
        example("captures-capture"),
        example("refunds-refund"),
        example("cancels-cancel-with-psp-reference"),
    ]);
    assert_eq!(
        adyen.capture(&change(2, PAYMENT, 2_000)).await,
        pending(&name)
    );
    // A refund is of the capture, which bears the payment's name.
    assert_eq!(adyen.refund(&change(3, &name, 250)).await, pending(&name));
    assert_eq!(
        adyen.cancel(&change(4, PAYMENT, 2_549)).await,
        pending(&name)
    );
    let seen = desk.seen();
    for (number, (seen, what)) in (2..).zip(seen.iter().zip(["captures", "refunds", "cancels"])) {
        assert_eq!(seen.path, format!("/v72/payments/{PAYMENT}/{what}"));
        assert_eq!(seen.key(), Some(key(number).as_str()));
        assert_eq!(seen.json()["reference"], json!(attempt(number).1));
        assert_eq!(seen.json()["merchantAccount"], "TestMerchant");
    }
    assert_eq!(
        seen[1].json()["amount"],
        json!({ "currency": "EUR", "value": 250 })
    );
    // What was taken over cannot be read: a notice tells. Nothing is asked for that.
    for asked in [
        Asked::Capture(change(2, PAYMENT, 2_000)),
        Asked::Refund(change(3, &name, 250)),
        Asked::Cancel(change(4, PAYMENT, 2_549)),
    ] {
        assert_eq!(
            adyen.look_up(&look(asked.clone(), Some(&name))).await,
            pending(&name)
        );
        assert!(desk.seen().is_empty());
        // Where no name was heard, the same ask under its key gives the first outcome.
        assert_eq!(adyen.look_up(&look(asked, None)).await, pending(&name));
        assert_eq!((desk.seen().len(), desk.effects()), (1, 3));
    }
    for bad in ["", "../x", "a?b", "link/", "link/../x"] {
        assert_eq!(
            code(&adyen.cancel(&change(5, bad, 1)).await),
            "not_found",
            "{bad}"
        );
    }
    assert!(desk.seen().is_empty());
}

#[tokio::test]
async fn complaints_have_our_words() {
    let Some((desk, adyen)) = open().await else {
        return;
    };
    let complain = |status: u16, code: &str| {
        let said = json!({ "status": status, "errorCode": code, "message": "Jo Doe", "errorType": "validation" });
        Reply::new(status, said)
    };
    let mut number = 10;
    for (status, theirs, word) in [
        (422, "14_030", "invalid_request"),
        (422, "167", "not_found"),
        (422, "137", "amount_invalid"),
        (400, "702", "invalid_request"),
        (422, "101", "means_invalid"),
    ] {
        number += 1;
        desk.answer([complain(status, theirs)]);
        let answer = adyen.capture(&change(number, PAYMENT, 1)).await;
        assert_eq!(code(&answer), word, "{theirs}");
        assert!(!format!("{answer:?}").contains("Jo Doe"));
    }
    desk.answer([
        complain(422, "704"),
        complain(401, "000"),
        complain(403, "010"),
        complain(422, "901"),
    ]);
    let mut ask = async || {
        number += 1;
        adyen.capture(&change(number, PAYMENT, 1)).await
    };
    // The same key is under way; and who may not come in has done nothing.
    assert!(matches!(ask().await, Answer::Unknown { .. }));
    for _ in 0..3 {
        assert!(matches!(ask().await, Answer::Unsent { .. }));
    }
    // That it may be asked again does not say that nothing was done.
    desk.answer([
        complain(422, "905").with("transient-error: true\r\n"),
        complain(422, "704").with("transient-error: true\r\n"),
        complain(500, "905").with("transient-error: true\r\n"),
        complain(500, "905"),
    ]);
    for _ in 0..4 {
        assert!(matches!(ask().await, Answer::Unknown { .. }));
    }
}

#[tokio::test]
async fn amounts_are_counted_as_adyen_counts_them() {
    let Some((desk, adyen)) = open().await else {
        return;
    };
    let received = desk
        .judge
        .example("post-payments-paymentPspReference-captures-capture-201");
    for (number, minor, currency, value) in [
        (2, 2_549, Currency::JPY, 2_549),
        (3, 25_490, Currency::TND, 25_490),
        (4, 1_000, Currency::ISK, 100_000),
        (5, 100_000, Currency::IDR, 1_000),
    ] {
        desk.answer([Reply::new(201, &received)]);
        let mut change = change(number, PAYMENT, 1);
        change.amount = Money::new(minor, currency);
        adyen.capture(&change).await;
        let amount = json!({ "currency": currency.code(), "value": value });
        assert_eq!(desk.seen()[0].json()["amount"], amount);
    }
    for money in [euros(0), euros(-1), Money::new(150, Currency::IDR)] {
        let mut change = change(9, PAYMENT, 1);
        change.amount = money;
        assert_eq!(code(&adyen.refund(&change).await), "amount_invalid");
    }
}

#[tokio::test]
async fn answers_may_grow() {
    let Some((desk, adyen)) = open().await else {
        return;
    };
    let mut received = desk
        .judge
        .example("post-payments-paymentPspReference-captures-capture-201");
    received["newMember"] = json!({ "a": [null] });
    desk.answer([Reply::wild(201, "application/json", received)]);
    assert_eq!(
        adyen.capture(&change(2, PAYMENT, 1)).await,
        pending(&format!("{PAYMENT}/{OWN}"))
    );
}

#[tokio::test]
async fn no_secret_is_shown() {
    let Some((desk, adyen)) = open().await else {
        return;
    };
    let complaint = json!({ "errorCode": format!("{CANARY} of Jo Doe"), "message": CANARY });
    desk.answer([
        Reply::wild(422, "application/json", complaint),
        Reply::wild(500, "text/html", CANARY),
    ]);
    let mut said = format!("{adyen:?} {:?}", adyen_settings(&desk.url));
    said += &format!("{:?}", adyen.capture(&change(2, PAYMENT, 1)).await);
    said += &format!("{:?}", adyen.capture(&change(3, PAYMENT, 1)).await);
    for bad in [
        format!("api_key = {CANARY}"),
        format!("{CANARY} = x"),
        format!("api_key = x\nhmac_key = {CANARY}"),
        format!("api_key = x\nhmac_key = {HMAC_KEY}\nhmac_key_other = {CANARY}"),
        format!("api_key = {CANARY} {CANARY}\nhmac_key = {HMAC_KEY}"),
    ] {
        said += &format!("{:?}", Credentials::parse(&bad).unwrap_err());
    }
    assert!(!said.contains(CANARY) && !said.contains("Jo Doe"), "{said}");
    assert!(!said.to_uppercase().contains(&HMAC_KEY[..8]), "{said}");
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let good = || adyen_settings("https://checkout-test.adyen.com/v72");
    assert!(Adyen::new(good()).is_ok());
    for merchant_account in ["", "a b", "a:b", &"x".repeat(81)] {
        let merchant_account = merchant_account.to_owned();
        assert!(
            Adyen::new(Settings {
                merchant_account,
                ..good()
            })
            .is_err()
        );
    }
    for weak in ["00".repeat(32), "4".repeat(63), "ä".repeat(32)] {
        assert!(Credentials::parse(&format!("api_key = x\nhmac_key = {weak}")).is_err());
    }
}

#[tokio::test]
async fn a_name_from_their_console_leads_later_asks_to_the_payment() {
    let Some((_desk, adyen)) = open().await else {
        return;
    };
    let begun = Asked::Authorise(charge(1, Some(STORED)));
    assert_eq!(adyen.called(&begun, PAYMENT).as_deref(), Some(PAYMENT));
    let own = format!("{PAYMENT}/{OWN}");
    for of in [PAYMENT, &own] {
        let taken = Asked::Capture(change(2, of, 2_549));
        assert_eq!(adyen.called(&taken, OWN).as_deref(), Some(&*own));
        for none in ["", "a b", "a/b", "8XY_4", &"9".repeat(51)] {
            assert_eq!(adyen.called(&taken, none), None, "{none:?}");
        }
    }
}
