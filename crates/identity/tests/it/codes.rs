//! One-time codes: what proves a contact, and everything that does not.

use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;
use identity::people::codes::{Settings, Times};
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::world::{Said, Shop, Visitor, on_both};

on_both!(
    a_code_signs_in_once,
    five_tries_and_no_more,
    of_fifty_at_once_one_gets_in,
    of_fifty_guesses_at_once_five_are_counted,
    a_code_belongs_to_its_challenge,
    a_code_ends_with_its_time,
    a_new_code_ends_the_old_one,
    known_and_unknown_are_told_alike,
    the_cookie_stands_for_the_challenge,
    a_contact_is_sent_three_letters,
    money_is_spent_once,
    wrong_fields_are_told,
    a_closed_purpose_opens_nothing_else,
    two_who_are_new_at_once_are_one,
    letters_go_where_they_may_and_not_in_rows,
    what_is_long_over_is_cleared,
);

const PHONE: &str = "+4930901820";
const SEND: &str = "/api/auth/send-otp";
const VERIFY: &str = "/api/auth/verify-otp";

async fn send(visitor: &Visitor<'_>, contact: Value) -> String {
    let sent = visitor.post(SEND, contact).await;
    assert_eq!(sent.status, StatusCode::OK, "{sent:?}");
    sent.text("challenge").to_owned()
}

fn answer(challenge: &str, code: &str) -> Value {
    json!({"challenge": challenge, "code": code})
}

/// A code that is not this one.
fn other(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

fn assert_refused(said: &Said) {
    assert_eq!(
        (said.status, said.code()),
        (StatusCode::UNAUTHORIZED, "code_refused"),
        "{said:?}"
    );
}

async fn a_code_signs_in_once(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let visitor = shop.visitor();
    let sent = visitor
        .post(SEND, json!({"phone": "+49 (30) 901820"}))
        .await;
    assert_eq!(sent.status, StatusCode::OK, "{sent:?}");
    assert_eq!(sent.body["expiresIn"], 300);
    let code = shop.code(PHONE);
    assert!(!sent.body.to_string().contains(&code));
    let body = answer(sent.text("challenge"), &code);
    let said = visitor.post(VERIFY, body.clone()).await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
    assert_eq!(said.body["person"]["phone"], PHONE);
    assert_eq!(said.body["person"]["guest"], false);
    let me = visitor.get("/api/auth/me").await;
    assert_eq!(me.status, StatusCode::OK, "{me:?}");
    assert_eq!(me.body["id"], said.body["person"]["id"]);
    assert_eq!(me.body["strength"], "one");
    // The same answer again opens nothing.
    assert_refused(&shop.visitor().post(VERIFY, body).await);
    // The same contact is the same person.
    let again = shop.visitor().sign_in(json!({"phone": PHONE})).await;
    assert_eq!(again.body["person"]["id"], me.body["id"]);
}

async fn five_tries_and_no_more(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let visitor = shop.visitor();
    let challenge = send(&visitor, json!({"phone": PHONE})).await;
    let code = shop.code(PHONE);
    for _ in 0..5 {
        assert_refused(
            &visitor
                .post(VERIFY, answer(&challenge, &other(&code)))
                .await,
        );
    }
    assert_refused(&visitor.post(VERIFY, answer(&challenge, &code)).await);

    let challenge = send(&visitor, json!({"phone": PHONE})).await;
    let code = shop.code(PHONE);
    for _ in 0..4 {
        assert_refused(
            &visitor
                .post(VERIFY, answer(&challenge, &other(&code)))
                .await,
        );
    }
    let said = visitor.post(VERIFY, answer(&challenge, &code)).await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
}

async fn of_fifty_at_once_one_gets_in(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let challenge = send(&shop.visitor(), json!({"phone": PHONE})).await;
    let body = answer(&challenge, &shop.code(PHONE));
    let all = join_all((0..50).map(|_| {
        let (body, shop) = (body.clone(), &shop);
        async move { shop.visitor().post(VERIFY, body).await }
    }))
    .await;
    let inside = all.iter().filter(|said| said.status == StatusCode::OK);
    assert_eq!(inside.count(), 1);
    let refused = all.iter().filter(|said| said.code() == "code_refused");
    assert_eq!(refused.count(), 49);
}

async fn of_fifty_guesses_at_once_five_are_counted(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let challenge = send(&shop.visitor(), json!({"phone": PHONE})).await;
    let code = shop.code(PHONE);
    // Forty-nine wrong ones go first, so the right one comes after five have been counted.
    let wrong = answer(&challenge, &other(&code));
    let all = join_all((0..49).map(|_| {
        let (body, shop) = (wrong.clone(), &shop);
        async move { shop.visitor().post(VERIFY, body).await }
    }))
    .await;
    all.iter().for_each(assert_refused);
    let late = shop.visitor().post(VERIFY, answer(&challenge, &code)).await;
    assert_refused(&late);
}

async fn a_code_belongs_to_its_challenge(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let (one, two) = (shop.visitor(), shop.visitor());
    let first = send(&one, json!({"phone": PHONE})).await;
    let second = send(&two, json!({"phone": "+4930901821"})).await;
    let (code, code_two) = (shop.code(PHONE), shop.code("+4930901821"));
    if code != code_two {
        assert_refused(&one.post(VERIFY, answer(&second, &code)).await);
    }
    for challenge in [
        first.replace(|c: char| c.is_ascii_digit(), "a"),
        "A".repeat(43),
    ] {
        assert_refused(&one.post(VERIFY, answer(&challenge, &code)).await);
    }
    // Whoever says another number with the right code is not believed.
    let body = json!({"challenge": first, "code": code, "phone": "+4930901821"});
    assert_refused(&one.post(VERIFY, body).await);
    let body = json!({"challenge": first, "code": code, "phone": "+49 30 901820"});
    assert_eq!(one.post(VERIFY, body).await.status, StatusCode::OK);
}

async fn a_code_ends_with_its_time(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let visitor = shop.visitor();
    let challenge = send(&visitor, json!({"email": "lucia@example.com"})).await;
    let code = shop.code("lucia@example.com");
    shop.later(Duration::from_secs(300));
    assert_refused(&visitor.post(VERIFY, answer(&challenge, &code)).await);

    let challenge = send(&visitor, json!({"email": "lucia@example.com"})).await;
    let code = shop.code("lucia@example.com");
    shop.later(Duration::from_secs(299));
    let said = visitor.post(VERIFY, answer(&challenge, &code)).await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
}

async fn a_new_code_ends_the_old_one(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let visitor = shop.visitor();
    let first = send(&visitor, json!({"phone": PHONE})).await;
    let old = shop.code(PHONE);
    let second = send(&visitor, json!({"phone": "+49.30.901820"})).await;
    assert_refused(&visitor.post(VERIFY, answer(&first, &old)).await);
    let said = visitor
        .post(VERIFY, answer(&second, &shop.code(PHONE)))
        .await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
}

async fn known_and_unknown_are_told_alike(engine: Engine) {
    let shop = Shop::empty(engine).await;
    shop.person(json!({"phone": PHONE})).await;
    let mut told = Vec::new();
    for phone in [PHONE, "+4930901829"] {
        let visitor = shop.visitor();
        let sent = visitor.post(SEND, json!({"phone": phone})).await;
        let wrong = other(&shop.code(phone));
        let body = answer(sent.text("challenge"), &wrong);
        let said = visitor.post(VERIFY, body).await;
        let fields = |said: &Said| {
            let names = said.body.as_object().unwrap().keys().cloned();
            names.collect::<Vec<_>>()
        };
        let mut headers: Vec<_> = sent.headers.keys().map(ToString::to_string).collect();
        headers.sort();
        told.push((
            (sent.status, fields(&sent), headers),
            sent.text("challenge").len(),
            (
                sent.body["expiresIn"].clone(),
                sent.body["resendAfter"].clone(),
            ),
            (
                said.status,
                said.code().to_owned(),
                said.body["detail"].clone(),
            ),
        ));
    }
    assert_eq!(told[0], told[1]);
}

async fn the_cookie_stands_for_the_challenge(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let (visitor, stranger) = (shop.visitor(), shop.visitor());
    send(&visitor, json!({"phone": PHONE})).await;
    let body = json!({"phone": PHONE, "code": shop.code(PHONE)});
    assert_refused(&stranger.post(VERIFY, body.clone()).await);
    assert!(visitor.cookie("__Host-comanda-code").is_some());
    let said = visitor.post(VERIFY, body).await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
    assert!(visitor.cookie("__Host-comanda-code").is_none());
    assert!(visitor.cookie("__Host-comanda").is_some());
}

async fn a_contact_is_sent_three_letters(engine: Engine) {
    let shop = Shop::empty(engine).await;
    for n in 0..3 {
        let visitor = shop.visitor_at([192, 0, 2, n].into());
        send(&visitor, json!({"phone": PHONE})).await;
    }
    let visitor = shop.visitor_at([192, 0, 2, 9].into());
    let said = visitor.post(SEND, json!({"phone": PHONE})).await;
    assert_eq!(said.status, StatusCode::TOO_MANY_REQUESTS, "{said:?}");
    assert!(said.headers.contains_key("retry-after"));
    assert_eq!(shop.inbox.recent().len(), 3);
    shop.later(Duration::from_secs(15 * 60 + 1));
    send(&visitor, json!({"phone": PHONE})).await;
}

async fn money_is_spent_once(engine: Engine) {
    let often = Times {
        max: 10_000,
        within: Duration::from_secs(60),
    };
    let settings = Settings {
        per_address: often,
        per_block: often,
        region_cap_micros: 7 * 50_000,
        ..Settings::default()
    };
    let shop = Shop::tuned(engine, settings).await;
    let all = join_all((0..40).map(|n| {
        let shop = &shop;
        async move {
            let phone = json!({"phone": format!("+49309018{n:02}")});
            shop.visitor().post(SEND, phone).await
        }
    }))
    .await;
    let sent = all.iter().filter(|said| said.status == StatusCode::OK);
    assert_eq!((sent.count(), shop.inbox.recent().len()), (7, 7));
    let refused = all.iter().filter(|said| said.code() == "rate_limited");
    assert_eq!(refused.count(), 33);
    shop.later(Duration::from_secs(24 * 60 * 60));
    send(&shop.visitor(), json!({"phone": PHONE})).await;
}

async fn wrong_fields_are_told(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let visitor = shop.visitor();
    for body in [
        json!({}),
        json!({"phone": PHONE, "email": "a@b.de"}),
        json!({"phone": null, "email": "a@b.de"}),
        json!({"phone": "030 901820"}),
        json!({"phone": "+88216123456"}),
        json!({"phone": "+4930901820\t"}),
        json!({"email": "nobody"}),
        json!({"phone": PHONE, "name": "x"}),
    ] {
        let said = visitor.post(SEND, body.clone()).await;
        assert_eq!(
            said.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{body} {said:?}"
        );
    }
    for body in [
        json!({"challenge": "A".repeat(43)}),
        json!({"challenge": "A".repeat(43), "code": "1234567"}),
        json!({"challenge": "A", "code": "123456"}),
        json!({"challenge": null, "code": "123456"}),
    ] {
        let said = visitor.post(VERIFY, body.clone()).await;
        assert_eq!(
            said.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{body} {said:?}"
        );
    }
    assert!(shop.inbox.recent().is_empty());
}

async fn a_closed_purpose_opens_nothing_else(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let lucia = shop.person(json!({"phone": PHONE})).await;
    let mario = shop.person(json!({"phone": "+4930901821"})).await;
    let mail = json!({"email": "lucia@example.com"});
    let sent = lucia.post("/api/me/contacts", mail).await;
    assert_eq!(sent.status, StatusCode::OK, "{sent:?}");
    let body = answer(sent.text("challenge"), &shop.code("lucia@example.com"));
    // A code that adds a contact to one person neither signs in nor adds it to another.
    assert_refused(&shop.visitor().post(VERIFY, body.clone()).await);
    assert_refused(&mario.post("/api/me/contacts/verify", body.clone()).await);
    let said = lucia.post("/api/me/contacts/verify", body).await;
    assert_eq!(said.status, StatusCode::CREATED, "{said:?}");
}

async fn two_who_are_new_at_once_are_one(engine: Engine) {
    let shop = Shop::empty(engine).await;
    let contact =
        domain::people::Contact::parse(domain::people::ContactKind::Phone, PHONE).unwrap();
    let profile = domain::people::Profile::default();
    let newcomer = identity::people::Newcomer {
        contact: Some((&contact, identity::people::Proof::Given)),
        profile: &profile,
        trace: "",
    };
    let one = shop.people.enter(&newcomer).await.unwrap();
    let two = shop.people.enter(&newcomer).await.unwrap();
    assert!(one.is_new && two.is_new);
    assert!(shop.people.admit(one.commit).await.unwrap().is_some());
    assert!(shop.people.admit(two.commit).await.unwrap().is_none());
    let again = shop.people.enter(&newcomer).await.unwrap();
    assert!(!again.is_new);
    assert_eq!(again.person, one.person);
}

async fn letters_go_where_they_may_and_not_in_rows(engine: Engine) {
    let settings = Settings {
        per_block: Times {
            max: 2,
            within: Duration::from_secs(60),
        },
        countries: domain::people::Countries::Only(vec!["49".to_owned()]),
        per_address: Times {
            max: 4,
            within: Duration::from_secs(60),
        },
        ..Settings::default()
    };
    let shop = Shop::tuned(engine, settings).await;
    let far = json!({"phone": "+33612345678"});
    let said = shop.visitor().post(SEND, far).await;
    assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY, "{said:?}");
    let sent = async |from: u8, phone: &str| {
        let visitor = shop.visitor_at([192, 0, 2, from].into());
        let said = visitor.post(SEND, json!({"phone": phone})).await;
        said.status == StatusCode::OK
    };
    // Two of one block, whoever asks; the next block has room of its own.
    assert!(sent(1, "+4930901820").await && sent(2, "+4930901821").await);
    assert!(!sent(3, "+4930901822").await);
    // Four from one address, whatever the number.
    for phone in ["+4930111820", "+4930121820", "+4930131820", "+4930141820"] {
        assert!(sent(4, phone).await);
    }
    assert!(!sent(4, "+4930151820").await);
    assert!(sent(5, "+4930151820").await);
}

async fn what_is_long_over_is_cleared(engine: Engine) {
    let shop = Shop::empty(engine).await;
    send(&shop.visitor(), json!({"phone": PHONE})).await;
    let now = shop.clock.now();
    assert_eq!(shop.codes.clear(10, now).await.unwrap(), 0);
    shop.later(Duration::from_secs(31 * 24 * 60 * 60));
    let cleared = shop.codes.clear(10, shop.clock.now()).await.unwrap();
    // PostgreSQL goes by a clock of its own, for which the code is young.
    assert_eq!(cleared, u64::from(engine == Engine::Sqlite));
}
