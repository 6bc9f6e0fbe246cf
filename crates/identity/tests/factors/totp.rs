//! TOTP apps and recovery codes: in force with the first code, used once, guessed by nobody, and gone when they go.

use http::{Method, StatusCode};
use serde_json::json;
use testkit::trial::Engine;

use crate::world::Shop;
use crate::{code, code_of, on_both};

on_both!(
    an_app_comes_into_force_with_its_first_code,
    a_code_steps_up_once,
    many_at_once_use_a_code_once,
    wrong_codes_are_counted_in_a_row,
    few_tries_fit_into_a_minute,
    recovery_codes_are_good_for_once,
    who_has_a_factor_must_prove_it_to_change_any,
    the_last_factor_of_staff_stays,
    nobody_touches_the_factors_of_others,
    a_person_takes_all_along_and_leaves_nothing,
    there_are_few_apps,
    what_does_not_come_back_is_removed,
);

const LIST: &str = "/api/me/factors";

async fn an_app_comes_into_force_with_its_first_code(on: Engine) {
    let shop = Shop::new(on).await;
    let (person, mut browser) = shop.somebody().await;
    assert!(!shop.app.has_second(person).await.unwrap());
    let offered = browser.poke("/api/me/factors/totp").await.ok();
    let secret = offered.text("secret").to_owned();
    assert!(
        offered.text("uri").starts_with("otpauth://totp/Comanda:"),
        "{offered:?}"
    );
    assert!(
        offered
            .text("uri")
            .contains(&format!("secret={secret}&issuer=Comanda"))
    );
    assert!(!shop.app.has_second(person).await.unwrap());
    let none = browser.get(LIST).await.ok();
    assert_eq!(none.body, json!({"factors": [], "recoveryCodesLeft": 0}));

    let wrong = browser
        .post("/api/me/factors/totp/confirm", json!({"code": "000000"}))
        .await;
    wrong.refused(403, "factor_refused");
    let before = browser.cookies.clone();
    let right = code(&secret, shop.clock.now());
    let confirmed = browser
        .post("/api/me/factors/totp/confirm", json!({"code": right}))
        .await
        .ok();
    assert_eq!(
        confirmed.body["recoveryCodes"].as_array().unwrap().len(),
        10
    );
    assert_ne!(browser.cookies, before, "the session has another id");
    assert!(shop.app.has_second(person).await.unwrap());
    let listed = browser.get(LIST).await.ok();
    assert_eq!(listed.body["factors"][0]["kind"], "totp");
    assert_eq!(listed.body["recoveryCodesLeft"], 10);
    assert!(!listed.body.to_string().contains(&secret));

    let mut old = shop.browser();
    old.cookies = before;
    assert_eq!(old.get(LIST).await.status, StatusCode::UNAUTHORIZED);
    let again = browser
        .post("/api/me/factors/totp/confirm", json!({"code": right}))
        .await;
    again.refused(403, "factor_refused");
}

async fn a_code_steps_up_once(on: Engine) {
    let shop = Shop::new(on).await;
    let (person, mut browser) = shop.somebody().await;
    let (secret, _) = browser.set_up_totp().await;
    let mut other = shop.browser_of(person).await;
    other
        .prove(&code(&secret, shop.clock.now()))
        .await
        .refused(403, "factor_refused");

    shop.later(30);
    let fresh = code(&secret, shop.clock.now());
    let before = other.cookies.clone();
    other.prove(&fresh).await.ok();
    assert_ne!(other.cookies, before);
    assert_eq!(
        factors_of(&mut other).await,
        2,
        "the session says that two things proved it"
    );
    let mut third = shop.browser_of(person).await;
    third.prove(&fresh).await.refused(403, "factor_refused");
    // The telephone may be a step ahead, but a step before the last one that was used is over.
    let ahead = code_of(&secret, shop.clock.now().as_micros() / 30_000_000 + 1);
    third.prove(&ahead).await.ok();
    let mut fourth = shop.browser_of(person).await;
    shop.later(30);
    fourth
        .prove(&code(&secret, shop.clock.now()))
        .await
        .refused(403, "factor_refused");
}

async fn factors_of(browser: &mut crate::world::Browser<'_>) -> i64 {
    let listed = browser.get("/api/me/sessions").await.ok();
    let all = listed.body["items"].as_array().unwrap().clone();
    let own = all
        .iter()
        .find(|session| session["current"] == true)
        .unwrap();
    own["factors"].as_i64().unwrap()
}

async fn many_at_once_use_a_code_once(on: Engine) {
    let shop = Shop::new(on).await;
    let (person, mut browser) = shop.somebody().await;
    let (secret, _) = browser.set_up_totp().await;
    shop.later(90);
    let code = code(&secret, shop.clock.now());
    let mut browsers = Vec::new();
    for _ in 0..5 {
        browsers.push(shop.browser_of(person).await);
    }
    let all = browsers.iter_mut().map(|browser| browser.prove(&code));
    let said = futures_util::future::join_all(all).await;
    let good = said
        .iter()
        .filter(|said| said.status == StatusCode::OK)
        .count();
    assert_eq!(good, 1, "{said:?}");
}

async fn wrong_codes_are_counted_in_a_row(on: Engine) {
    let shop = Shop::new(on).await;
    let (person, mut browser) = shop.somebody().await;
    let (secret, recovery) = browser.set_up_totp().await;
    let mut guesser = shop.browser_of(person).await;
    for wrong in 0..10 {
        shop.later(61);
        let never = code_of(&secret, wrong);
        guesser.prove(&never).await.refused(403, "factor_refused");
    }
    shop.later(61);
    let kept_out = guesser.prove(&code(&secret, shop.clock.now())).await;
    kept_out.refused(429, "rate_limited");
    let seconds: u64 = kept_out.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((800..=900).contains(&seconds), "{seconds}");
    let by_recovery = json!({"recoveryCode": recovery[0]});
    guesser
        .post("/api/auth/second-factor", by_recovery)
        .await
        .refused(429, "rate_limited");
    shop.later(15 * 60);
    guesser.prove(&code(&secret, shop.clock.now())).await.ok();
}

async fn few_tries_fit_into_a_minute(on: Engine) {
    let shop = Shop::new(on).await;
    let (person, mut browser) = shop.somebody().await;
    let (secret, _) = browser.set_up_totp().await;
    shop.later(61);
    for wrong in 0..5 {
        // Another session does not give another try.
        let mut guesser = shop.browser_of(person).await;
        guesser
            .prove(&code_of(&secret, wrong))
            .await
            .refused(403, "factor_refused");
    }
    let mut guesser = shop.browser_of(person).await;
    guesser
        .prove(&code(&secret, shop.clock.now()))
        .await
        .refused(429, "rate_limited");
    let (_, mut another) = shop.somebody().await;
    another.set_up_totp().await;
}

async fn recovery_codes_are_good_for_once(on: Engine) {
    let shop = Shop::new(on).await;
    let (person, mut browser) = shop.somebody().await;
    let (_, codes) = browser.set_up_totp().await;
    let given = |code: &str| json!({"recoveryCode": code});
    let path = "/api/auth/second-factor";
    let mut lost = shop.browser_of(person).await;
    lost.post(path, given("0000-0000-0000-0000"))
        .await
        .refused(403, "factor_refused");
    lost.post(path, given(&codes[0].to_uppercase())).await.ok();
    assert_eq!(lost.get(LIST).await.body["recoveryCodesLeft"], 9);
    let mut again = shop.browser_of(person).await;
    again
        .post(path, given(&codes[0]))
        .await
        .refused(403, "factor_refused");

    let (_, mut stranger) = shop.somebody().await;
    stranger.set_up_totp().await;
    stranger
        .post(path, given(&codes[1]))
        .await
        .refused(403, "factor_refused");

    let renewed = lost.poke("/api/me/factors/recovery-codes").await.ok();
    let fresh = renewed.body["recoveryCodes"][0]
        .as_str()
        .unwrap()
        .to_owned();
    again
        .post(path, given(&codes[1]))
        .await
        .refused(403, "factor_refused");
    shop.later(61);
    again.post(path, given(&fresh)).await.ok();
    // The pepper of sign-ins is rotated often; codes on paper outlive it.
    let rotated = shop
        .pepper
        .borrow()
        .rotated(&shop.random)
        .unwrap()
        .retired();
    shop.pepper.send_replace(rotated);
    let mut later = shop.browser_of(person).await;
    let second = renewed.body["recoveryCodes"][1].as_str().unwrap();
    later.post(path, given(second)).await.ok();
}

async fn who_has_a_factor_must_prove_it_to_change_any(on: Engine) {
    let shop = Shop::new(on).await;
    let (person, mut browser) = shop.somebody().await;
    let (secret, _) = browser.set_up_totp().await;
    let listed = browser.get(LIST).await;
    let one = format!(
        "{LIST}/{}",
        listed.body["factors"][0]["id"].as_str().unwrap()
    );
    let mut thief = shop.browser_of(person).await;
    let needed = "second_factor_needed";
    thief
        .poke("/api/me/factors/totp")
        .await
        .refused(403, needed);
    let confirm = thief
        .post("/api/me/factors/totp/confirm", json!({"code": "000000"}))
        .await;
    confirm.refused(403, needed);
    thief
        .poke("/api/me/factors/passkeys/begin")
        .await
        .refused(403, needed);
    thief
        .poke("/api/me/factors/recovery-codes")
        .await
        .refused(403, needed);
    thief
        .ask(Method::PATCH, &one, Some(json!({"name": "mine"})))
        .await
        .refused(403, needed);
    thief.delete(&one).await.refused(403, needed);

    browser
        .ask(Method::PATCH, &one, Some(json!({"name": "Telephone"})))
        .await
        .ok();
    assert_eq!(
        browser.get(LIST).await.body["factors"][0]["name"],
        "Telephone"
    );
    shop.later(11 * 60);
    browser.delete(&one).await.refused(403, "proof_too_old");
    // A proof in another session is none in this one.
    let mut other = shop.browser_of(person).await;
    other.prove(&code(&secret, shop.clock.now())).await.ok();
    browser.delete(&one).await.refused(403, "proof_too_old");
    other.delete(&one).await.ok();
    assert!(!shop.app.has_second(person).await.unwrap());
    assert_eq!(
        other.get(LIST).await.body,
        json!({"factors": [], "recoveryCodesLeft": 0})
    );
    other.delete(&one).await.refused(404, "not_found");
}

async fn the_last_factor_of_staff_stays(on: Engine) {
    let shop = Shop::new(on).await;
    let (person, mut browser) = shop.somebody().await;
    shop.employ(person);
    browser.set_up_totp().await;
    let one = browser.get(LIST).await.body["factors"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    browser
        .delete(&format!("{LIST}/{one}"))
        .await
        .refused(409, "last_one");
    browser.set_up_totp().await;
    browser.delete(&format!("{LIST}/{one}")).await.ok();
    assert_eq!(browser.get(LIST).await.body["recoveryCodesLeft"], 10);
    let left = browser.get(LIST).await.body["factors"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    browser
        .delete(&format!("{LIST}/{left}"))
        .await
        .refused(409, "last_one");
}

async fn nobody_touches_the_factors_of_others(on: Engine) {
    let shop = Shop::new(on).await;
    let (_, mut browser) = shop.somebody().await;
    browser.set_up_totp().await;
    let id = browser.get(LIST).await.body["factors"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let (_, mut other) = shop.somebody().await;
    other.set_up_totp().await;
    let absent = "fac_00000000000000000000000000";
    for path in [format!("{LIST}/{id}"), format!("{LIST}/{absent}")] {
        other.delete(&path).await.refused(404, "not_found");
        let named = other
            .ask(Method::PATCH, &path, Some(json!({"name": "mine"})))
            .await;
        named.refused(404, "not_found");
    }
    let mut nobody = shop.browser();
    assert_eq!(nobody.get(LIST).await.status, StatusCode::UNAUTHORIZED);
}

async fn a_person_takes_all_along_and_leaves_nothing(on: Engine) {
    let shop = Shop::new(on).await;
    let (person, mut browser) = shop.somebody().await;
    let (secret, codes) = browser.set_up_totp().await;
    let exported = shop.app.export(person).await.unwrap().to_string();
    assert!(exported.contains("\"totp\"") && exported.contains("\"recoveryCodesLeft\":10"));
    assert!(!exported.contains(&secret) && !exported.contains(&codes[0]));
    shop.app.erase(person).await.unwrap();
    shop.app.erase(person).await.unwrap();
    assert!(!shop.app.has_second(person).await.unwrap());
    let exported = shop.app.export(person).await.unwrap();
    assert_eq!(
        exported,
        json!({"factors": [], "recoveryCodesLeft": 0, "subjects": [], "guests": []})
    );
    let mut other = shop.browser_of(person).await;
    shop.later(61);
    other
        .prove(&code(&secret, shop.clock.now()))
        .await
        .refused(403, "factor_refused");
}

async fn there_are_few_apps(on: Engine) {
    let shop = Shop::new(on).await;
    let (_, mut browser) = shop.somebody().await;
    browser.set_up_totp().await;
    // An offer that was never taken up makes room for the next.
    browser.poke("/api/me/factors/totp").await.ok();
    shop.later(61);
    let (second, _) = browser.set_up_totp().await;
    browser
        .poke("/api/me/factors/totp")
        .await
        .refused(409, "too_many");
    shop.later(61);
    browser.prove(&code(&second, shop.clock.now())).await.ok();
    let both = browser.post(
        "/api/auth/second-factor",
        json!({"code": "123456", "recoveryCode": "0000-0000-0000-0000"}),
    );
    both.await.refused(422, "field_invalid");
    browser
        .post("/api/auth/second-factor", json!({"code": "12345x"}))
        .await
        .refused(422, "field_invalid");
}

async fn what_does_not_come_back_is_removed(on: Engine) {
    let shop = Shop::new(on).await;
    let mut browser = shop.browser();
    for _ in 0..3 {
        browser.poke("/api/auth/passkey/begin").await.ok();
        shop.later(120);
    }
    assert_eq!(shop.app.clear_now().await.unwrap(), 1);
    shop.later(5 * 60);
    assert_eq!(shop.app.clear_now().await.unwrap(), 2);
    assert_eq!(shop.app.clear_now().await.unwrap(), 0);
}
