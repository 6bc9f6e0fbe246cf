//! Notices of Adyen: verified by the published known answer, read into our words.

use base::Kind;
use bridges::adyen::{Adyen, Credentials, Settings};
use ring::hmac;
use rpc::providers::{Act, Answer, Notice, Provider as _};
use serde_json::{Value, json};

use crate::judge::{self, Vendor};
use crate::paypal::code;
use crate::world::{HMAC_KEY, adyen_settings, attempt, euros};

const OTHER_KEY: &str = "0F1E2D3C4B5A69788796A5B4C3D2E1F00123456789ABCDEFFEDCBA9876543210";

fn adyen(keys: &str) -> Adyen {
    let credentials = Credentials::parse(&format!("api_key = x\n{keys}\n")).unwrap();
    let settings = adyen_settings("https://checkout-test.adyen.com/v72");
    Adyen::new(Settings {
        credentials,
        ..settings
    })
    .unwrap()
}

fn usual() -> Adyen {
    adyen(&format!("hmac_key = {HMAC_KEY}"))
}

/// The fact of the known answer, as it was published.
fn known() -> Value {
    json!({
        "additionalData": { "hmacSignature": "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0=" },
        "amount": { "currency": "EUR", "value": 1130 },
        "eventCode": "AUTHORISATION",
        "eventDate": "2021-01-01T01:00:00+01:00",
        "merchantAccountCode": "TestMerchant",
        "merchantReference": "TestPayment-1407325143704",
        "pspReference": "7914073381342284",
        "reason": "",
        "success": "true",
    })
}

fn list(items: &[Value]) -> Vec<u8> {
    let items: Vec<Value> = items
        .iter()
        .map(|item| json!({ "NotificationRequestItem": item }))
        .collect();
    json!({ "live": "false", "notificationItems": items })
        .to_string()
        .into_bytes()
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

/// Signs a fact as the file says that it is signed.
fn sign(mut item: Value, key: &str) -> Value {
    let text = |pointer: &str| match item.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let said = [
        "/pspReference",
        "/originalReference",
        "/merchantAccountCode",
        "/merchantReference",
        "/amount/value",
        "/amount/currency",
        "/eventCode",
        "/success",
    ];
    let said: Vec<String> = said.iter().map(|pointer| text(pointer)).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes(key));
    let signature = hmac::sign(&key, said.join(":").as_bytes());
    let mut encoded = base::base64::encode(signature.as_ref())
        .replace('-', "+")
        .replace('_', "/");
    encoded.push('=');
    item["additionalData"]["hmacSignature"] = json!(encoded);
    item
}

async fn read(adyen: &Adyen, body: &[u8]) -> base::Result<Vec<Notice>> {
    adyen.read_notices(&[], body).await
}

#[tokio::test]
async fn the_known_answer_is_verified() {
    if let Some(published) = judge::open("adyen/webhook-known-answer.json") {
        assert_eq!(published["hmacKeyHex"], HMAC_KEY);
        assert_eq!(
            published["signatureBase64"],
            known()["additionalData"]["hmacSignature"]
        );
    } else {
        assert!(judge::of(Vendor::Adyen).is_none());
    }
    assert_eq!(sign(known(), HMAC_KEY), known());
    let notices = read(&usual(), &list(&[known()])).await.unwrap();
    let (reference, amount) = ("7914073381342284".to_owned(), euros(1_130));
    let notice = Notice {
        id: "7914073381342284:AUTHORISATION:true".to_owned(),
        act: Act::Authorise,
        reference: Some(reference.clone()),
        merchant_reference: Some("TestPayment-1407325143704".to_owned()),
        answer: Answer::Done { reference, amount },
    };
    assert_eq!(notices, [notice]);
    assert_eq!(usual().accepted(), "[accepted]");
}

#[tokio::test]
async fn one_forged_fact_makes_the_list_forged() {
    for (pointer, value) in [
        ("/amount/value", json!(1131)),
        ("/amount/currency", json!("USD")),
        ("/pspReference", json!("7914073381342285")),
        ("/originalReference", json!("1")),
        ("/merchantReference", json!("att_1")),
        ("/eventCode", json!("CAPTURE")),
        ("/success", json!("false")),
        ("/merchantAccountCode", json!("Other")),
        (
            "/additionalData/hmacSignature",
            json!("coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo1="),
        ),
        ("/additionalData/hmacSignature", json!("")),
        ("/additionalData/hmacSignature", Value::Null),
        ("/additionalData/hmacSignature", json!("x".repeat(10_000))),
    ] {
        let mut forged = known();
        forged["originalReference"] = json!("");
        *forged.pointer_mut(pointer).unwrap() = value.clone();
        let error = read(&usual(), &list(&[known(), forged])).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Forbidden, "{pointer} {value}");
    }
    let mut bare = known();
    bare.as_object_mut().unwrap().remove("additionalData");
    assert_eq!(
        read(&usual(), &list(&[bare])).await.unwrap_err().kind(),
        Kind::Forbidden
    );
    for senseless in [
        &b""[..],
        b"{}",
        b"[]",
        b"\xff",
        &list(&vec![known(); 101]),
        &vec![b' '; 65 * 1024],
    ] {
        assert_eq!(
            read(&usual(), senseless).await.unwrap_err().kind(),
            Kind::Invalid
        );
    }
    assert_eq!(read(&usual(), &list(&[])).await.unwrap(), []);
}

#[tokio::test]
async fn both_keys_are_accepted_while_one_takes_the_others_place() {
    let (old, new) = (list(&[known()]), list(&[sign(known(), OTHER_KEY)]));
    let both = [
        adyen(&format!(
            "hmac_key = {HMAC_KEY}\nhmac_key_other = {OTHER_KEY}"
        )),
        adyen(&format!(
            "hmac_key = {OTHER_KEY}\nhmac_key_other = {HMAC_KEY}"
        )),
    ];
    for adyen in &both {
        assert!(read(adyen, &old).await.is_ok() && read(adyen, &new).await.is_ok());
    }
    assert!(read(&usual(), &new).await.is_err());
    assert!(
        read(&adyen(&format!("hmac_key = {OTHER_KEY}")), &old)
            .await
            .is_err()
    );
}

const PAYMENT: &str = "QFQTPCQ8HXSKGK82";
const FOLLOWING: &str = "9913140798220028/QFQTPCQ8HXSKGK82";
/// Examples of the file, what they are to us, and the word of a refusal.
#[rustfmt::skip]
const FACTS: &[(&str, Act, &str, Option<&str>)] = &[
    ("AUTHORISATION-authorisation", Act::Authorise, PAYMENT, None),
    ("EXPIRE-expire", Act::Authorise, PAYMENT, Some("lapsed")),
    ("CAPTURE-capture", Act::Capture, FOLLOWING, None),
    ("CAPTURE_FAILED-capture_failed", Act::Capture, FOLLOWING, Some("declined")),
    ("CANCELLATION-cancellation", Act::Cancel, FOLLOWING, None),
    ("REFUND-refund", Act::Refund, FOLLOWING, Some("declined")),
    ("REFUND_WITH_DATA-refund_with_data", Act::Refund, FOLLOWING, None),
    ("REFUND_FAILED-refund_failed", Act::Refund, FOLLOWING, Some("declined")),
    ("REFUNDED_REVERSED-refunded_reversed", Act::Refund, FOLLOWING, Some("declined")),
];

#[tokio::test]
async fn facts_have_our_words() {
    let Some(file) = judge::open("adyen/Webhooks-v1.json") else {
        assert!(judge::of(Vendor::Adyen).is_none());
        return;
    };
    let ours = attempt(2).1;
    for (example, act, reference, word) in FACTS {
        let example = &file["components"]["examples"][format!("post-{example}")]["value"];
        let mut item = example["notificationItems"][0]["NotificationRequestItem"].clone();
        item["merchantAccountCode"] = json!("TestMerchant");
        item["merchantReference"] = json!(ours);
        let notices = read(&usual(), &list(&[sign(item.clone(), HMAC_KEY)]))
            .await
            .unwrap();
        let [notice] = &notices[..] else {
            panic!("{item}")
        };
        assert_eq!(
            (notice.act, notice.reference.as_deref()),
            (*act, Some(*reference)),
            "{item}"
        );
        assert_eq!(notice.merchant_reference.as_deref(), Some(ours.as_str()));
        match word {
            Some(word) => assert_eq!(code(&notice.answer), *word, "{item}"),
            None => {
                let (reference, amount) = ((*reference).to_owned(), euros(1_000));
                assert_eq!(notice.answer, Answer::Done { reference, amount });
            }
        }
        // The house next door does not concern us.
        item["merchantAccountCode"] = json!("OtherMerchant");
        assert_eq!(
            read(&usual(), &list(&[sign(item, HMAC_KEY)]))
                .await
                .unwrap(),
            []
        );
    }
}

#[tokio::test]
async fn some_facts_say_nothing_yet() {
    let mut failed = known();
    failed["success"] = json!("false");
    failed["reason"] = json!("Expired Card");
    let told = read(&usual(), &list(&[sign(failed.clone(), HMAC_KEY)]))
        .await
        .unwrap();
    assert_eq!(code(&told[0].answer), "card_expired");
    assert_eq!(told[0].id, "7914073381342284:AUTHORISATION:false");
    // On the page of a pay-link the payer may try again.
    failed["additionalData"]["paymentLinkId"] = json!("PL61C53A8B97E6915A");
    assert_eq!(
        read(&usual(), &list(&[sign(failed, HMAC_KEY)]))
            .await
            .unwrap(),
        []
    );
    for code in ["REPORT_AVAILABLE", "CHARGEBACK", "NEW_THING"] {
        let mut other = known();
        other["eventCode"] = json!(code);
        assert_eq!(
            read(&usual(), &list(&[sign(other, HMAC_KEY)]))
                .await
                .unwrap(),
            []
        );
    }
    // An amount of a currency that we do not know is signed all the same, and is to be looked up.
    let mut strange = known();
    strange["amount"]["currency"] = json!("XXX");
    let told = read(&usual(), &list(&[sign(strange, HMAC_KEY)]))
        .await
        .unwrap();
    assert!(matches!(told[0].answer, Answer::Unknown { .. }));
}
