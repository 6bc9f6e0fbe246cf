//! Sign-in at a certified OpenID provider: the whole way, and every way in which it must not end well.

use base::base64;
use domain::people::{Contact, Email};
use http::StatusCode;
use identity::factors::Provider;
use ring::digest::{SHA256, digest};
use serde_json::json;
use testkit::trial::Engine;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::on_both;
use crate::provider::{CLIENT, Running, SECRET};
use crate::world::{Browser, PUBLIC, Said, Shop};

on_both!(
    somebody_signs_in_and_is_the_same_later,
    nobody_gets_an_account_by_its_address,
    a_sign_in_comes_back_once,
    many_are_let_in_as_one_person,
    a_guest_is_whoever_comes_back,
);

/// What the databases have no part in is asked once.
const ON: Engine = Engine::Sqlite;

/// A shop with a provider under two names, if one can run here.
async fn open(on: Engine) -> Option<(Shop, Running)> {
    let running = Running::start()?;
    let provider = |name: &str| Provider {
        name: name.to_owned(),
        label: "Sign in".to_owned(),
        issuer: running.issuer.clone(),
        client_id: CLIENT.to_owned(),
        client_secret: Some(SECRET.to_owned().into()),
        scopes: vec!["email".to_owned(), "profile".to_owned()],
    };
    let providers = vec![provider("google"), provider("acme")];
    let shop = Shop::with(on, PUBLIC, providers).await;
    Some((shop, running))
}

const BEGIN: &str = "/api/auth/google";

/// Begins a sign-in and goes through it at the provider: the path that leads back.
async fn go(browser: &mut Browser<'_>, running: &Running, name: &str) -> String {
    let begun = browser.get(BEGIN).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{begun:?}");
    running.visitor().sign_in(begun.location(), name).await
}

async fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    browser.get("/api/me/factors").await.status == StatusCode::OK
}

async fn subject_of(shop: &Shop, name: &str) -> Option<domain::people::PersonId> {
    let contact = Contact::from(Email::parse(&format!("{name}@example.com")).unwrap());
    shop.people.person_of_contact(&contact).await.unwrap()
}

#[track_caller]
fn refused(said: &Said) {
    said.refused(403, "sign_in_refused");
    assert!(!said.headers.contains_key("set-cookie"), "{said:?}");
}

/// The value of a name in a query.
fn value<'a>(address: &'a str, name: &str) -> &'a str {
    let query = address.split_once('?').unwrap().1;
    let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
    pairs.find(|(known, _)| *known == name).unwrap().1
}

async fn somebody_signs_in_and_is_the_same_later(on: Engine) {
    let Some((shop, running)) = open(on).await else {
        return;
    };
    let mut browser = shop.browser();
    let listed = browser.get("/api/auth/providers").await.ok();
    assert_eq!(listed.body["items"][1]["address"], "/api/auth/oidc/acme");

    let begun = browser.get("/api/auth/google?returnTo=/orders?tab=2").await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{begun:?}");
    let address = begun.location().to_owned();
    assert_eq!(value(&address, "code_challenge_method"), "S256");
    assert_eq!(value(&address, "response_type"), "code");
    assert!(value(&address, "scope").contains("openid"));
    assert!(browser.cookies.contains_key("__Host-comanda-browser"));
    let back = running.visitor().sign_in(&address, "lucia").await;
    let arrived = browser.get(&back).await;
    assert_eq!(
        (arrived.status, arrived.location()),
        (StatusCode::SEE_OTHER, "/orders?tab=2")
    );
    assert!(is_signed_in(&mut browser).await);
    let person = subject_of(&shop, "lucia").await.unwrap();
    let exported = shop.app.export(person).await.unwrap();
    assert_eq!(
        exported["subjects"][0]["subject"],
        format!("lucia at {}", running.issuer)
    );

    // The same subject is the same person, under whatever name we keep the provider.
    let mut later = shop.browser();
    let begun = later.get("/api/auth/oidc/acme").await;
    let back = running.visitor().sign_in(begun.location(), "lucia").await;
    later.get(&back).await;
    assert!(is_signed_in(&mut later).await);
    let sessions = later.get("/api/me/sessions").await;
    assert_eq!(sessions.body["items"].as_array().unwrap().len(), 2);
    assert_eq!(running.asked("discovery").await, 2, "once for each name");
}

/// Both where the person is new and where it is known, it takes over from the guest; a guest who is none any more stops nobody.
async fn a_guest_is_whoever_comes_back(on: Engine) {
    let Some((shop, running)) = open(on).await else {
        return;
    };
    let mut all = Vec::new();
    for _ in 0..2 {
        let (guest, mut browser) = shop.guest().await;
        let before = browser.cookies["__Host-comanda"].clone();
        let back = go(&mut browser, &running, "lucia").await;
        browser.get(&back).await;
        assert!(is_signed_in(&mut browser).await);
        let mut old = shop.browser();
        old.take("__Host-comanda", &before);
        assert!(!is_signed_in(&mut old).await, "the guest's session ended");
        let back = go(&mut old, &running, "lucia").await;
        old.get(&back).await;
        assert!(is_signed_in(&mut old).await);
        all.push(guest);
    }
    all.sort();
    let person = subject_of(&shop, "lucia").await.unwrap();
    assert_eq!(shop.guests_of(person).await, json!(all));
    // Who is signed in as somebody is no guest.
    let (somebody, mut browser) = shop.somebody().await;
    let back = go(&mut browser, &running, "lucia").await;
    browser.get(&back).await;
    assert_eq!(shop.guests_of(person).await, json!(all), "not {somebody}");
}

async fn nobody_gets_an_account_by_its_address(on: Engine) {
    let Some((shop, running)) = open(on).await else {
        return;
    };
    let victim = shop.person("victim@example.com").await;
    let mut browser = shop.browser();
    let back = go(&mut browser, &running, "victim").await;
    assert_eq!(browser.get(&back).await.status, StatusCode::SEE_OTHER);
    assert!(is_signed_in(&mut browser).await);
    // Whoever has the address at the provider is somebody else, and the address stays where it was.
    let mut own = shop.browser_of(victim).await;
    let sessions = own.get("/api/me/sessions").await;
    assert_eq!(sessions.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(subject_of(&shop, "victim").await, Some(victim));
    assert_eq!(
        shop.app.export(victim).await.unwrap()["subjects"],
        json!([])
    );

    let mut other = shop.browser();
    let back = go(&mut other, &running, "unproven-bob").await;
    other.get(&back).await;
    assert!(is_signed_in(&mut other).await);
    assert_eq!(
        subject_of(&shop, "unproven-bob").await,
        None,
        "nobody has proven the address"
    );
}

async fn a_sign_in_comes_back_once(on: Engine) {
    let Some((shop, running)) = open(on).await else {
        return;
    };
    let mut browser = shop.browser();
    let back = go(&mut browser, &running, "lucia").await;
    let cookies = browser.cookies.clone();
    let mut copies = [(); 4].map(|()| shop.browser());
    for copy in &mut copies {
        copy.cookies.clone_from(&cookies);
    }
    let all = copies.iter_mut().map(|copy| copy.get(&back));
    let said = futures_util::future::join_all(all).await;
    let good = said
        .iter()
        .filter(|said| said.status == StatusCode::SEE_OTHER)
        .count();
    assert_eq!(good, 1, "{said:?}");
    assert_eq!(running.asked("tokens").await, 1, "the code was shown once");
    let mut replay = shop.browser();
    replay.cookies = cookies;
    refused(&replay.get(&back).await);
}

#[tokio::test]
async fn only_the_browser_that_began_can_end() {
    let Some((shop, running)) = open(ON).await else {
        return;
    };
    let mut attacker = shop.browser();
    let back = go(&mut attacker, &running, "mallory").await;
    let mut victim = shop.browser();
    refused(&victim.get(&back).await);
    victim.get(BEGIN).await;
    refused(&victim.get(&back).await);
    assert_eq!(running.asked("tokens").await, 0);
    // It was not used up by that: two windows of one browser may both end.
    let second = go(&mut attacker, &running, "mallory").await;
    for path in [back, second] {
        let said = attacker.get(&path).await;
        assert_eq!(said.status, StatusCode::SEE_OTHER, "{said:?}");
    }
}

#[tokio::test]
async fn what_comes_back_must_be_what_was_begun() {
    let Some((shop, running)) = open(ON).await else {
        return;
    };
    let mut browser = shop.browser();
    let back = go(&mut browser, &running, "lucia").await;
    let (state, issuer) = (value(&back, "state"), value(&back, "iss"));
    let other = base64::encode(&[7; 32]);
    refused(&browser.get(&back.replace(state, &other)).await);
    // The same state at another provider is none: whoever answers there must not get our code.
    refused(&browser.get(&back.replace("/google/", "/oidc/acme/")).await);
    let cases = [
        back.replace(issuer, "https%3A%2F%2Fevil.example"),
        back.replace(&format!("&iss={issuer}"), ""),
    ];
    for case in cases {
        let mut browser = shop.browser();
        let fresh = go(&mut browser, &running, "lucia").await;
        let wrong = case.replace(state, value(&fresh, "state"));
        refused(&browser.get(&wrong).await);
    }
    let cancelled =
        format!("/api/auth/google/callback?state={state}&error=access_denied&iss={issuer}");
    refused(&browser.get(&cancelled).await);
    assert_eq!(
        running.asked("tokens").await,
        0,
        "no code was shown to anybody"
    );
    for path in [
        "/api/auth/oidc/google",
        "/api/auth/oidc/nobody",
        "/api/auth/oidc/google/callback?state=x",
    ] {
        browser.get(path).await.refused(404, "not_found");
    }
    for foreign in [
        "//evil.example",
        "/%5Cevil.example",
        "https://evil.example",
        "/api/auth/google",
    ] {
        let foreign = foreign.replace('/', "%2F");
        let said = browser.get(&format!("{BEGIN}?returnTo={foreign}")).await;
        said.refused(422, "field_invalid");
    }
}

#[tokio::test]
async fn no_forged_word_is_believed() {
    let Some((shop, running)) = open(ON).await else {
        return;
    };
    let forgeries = [
        "issuer",
        "audience",
        "audiences",
        "no_audience",
        "expired",
        "no_end",
        "old",
        "future",
        "nonce",
        "no_nonce",
        "no_subject",
        "foreign_key",
        "unknown_key",
        "none",
        "shared_secret",
        "public_as_secret",
        "changed",
        "no_token",
    ];
    for how in forgeries {
        let mut browser = shop.browser();
        let back = go(&mut browser, &running, "lucia").await;
        running.forge(how).await;
        let said = browser.get(&back).await;
        assert_eq!(
            (said.status.as_u16(), said.code()),
            (403, "sign_in_refused"),
            "{how}: {said:?}"
        );
        assert!(!is_signed_in(&mut browser).await, "{how}");
    }
    assert_eq!(subject_of(&shop, "lucia").await, None);
    // The same machinery with an honest word: what was refused was the forgery.
    let mut browser = shop.browser();
    let back = go(&mut browser, &running, "lucia").await;
    running.forge("honest").await;
    assert_eq!(browser.get(&back).await.status, StatusCode::SEE_OTHER);
    assert!(is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn a_code_is_worth_nothing_without_its_verifier() {
    let Some((shop, running)) = open(ON).await else {
        return;
    };
    let mut browser = shop.browser();
    let begun = browser.get(BEGIN).await;
    let address = begun.location().to_owned();
    let back = running.visitor().sign_in(&address, "lucia").await;
    let redirect = "redirect_uri=https%3A%2F%2Feat.example.com%2Fapi%2Fauth%2Fgoogle%2Fcallback";
    let code = value(&back, "code");
    // A thief who has the code, and even the secret of the client, has no verifier: neither one of his own nor any that
    // can be seen on the way.
    let challenge = value(&address, "code_challenge").to_owned();
    let hashed = base64::encode(digest(&SHA256, value(&address, "state").as_bytes()).as_ref());
    for verifier in [
        String::new(),
        "a".repeat(43),
        challenge,
        value(&address, "state").to_owned(),
        hashed,
    ] {
        let form = format!(
            "grant_type=authorization_code&code={code}&{redirect}&code_verifier={verifier}"
        );
        let (status, said) = running.visitor().post_as_client("/token", &form).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{said}");
        assert!(
            said.contains("invalid_grant") || said.contains("invalid_request"),
            "{said}"
        );
    }
    // The provider itself insists on it, so a way without would have been seen.
    let (path, query) = address.split_once('?').unwrap();
    let kept = query
        .split('&')
        .filter(|pair| !pair.starts_with("code_challenge"));
    let plain = format!("{path}?{}", kept.collect::<Vec<_>>().join("&"));
    let denied = running.visitor().sign_in(&plain, "lucia").await;
    assert!(denied.contains("error=invalid_request"), "{denied}");
}

#[tokio::test]
async fn a_sign_in_ends_in_time() {
    let Some((shop, running)) = open(ON).await else {
        return;
    };
    let mut browser = shop.browser();
    let back = go(&mut browser, &running, "lucia").await;
    shop.later(10 * 60);
    refused(&browser.get(&back).await);
    assert_eq!(running.asked("tokens").await, 0);
}

async fn many_are_let_in_as_one_person(on: Engine) {
    let Some((shop, running)) = open(on).await else {
        return;
    };
    let mut ways = Vec::new();
    for _ in 0..3 {
        let mut browser = shop.browser();
        let back = go(&mut browser, &running, "lucia").await;
        ways.push((browser, back));
    }
    let all = ways.iter_mut().map(|(browser, back)| browser.get(back));
    for said in futures_util::future::join_all(all).await {
        assert_eq!(said.status, StatusCode::SEE_OTHER, "{said:?}");
    }
    let (browser, _) = &mut ways[0];
    let sessions = browser.get("/api/me/sessions").await;
    assert_eq!(
        sessions.body["items"].as_array().unwrap().len(),
        3,
        "{sessions:?}"
    );
}

#[tokio::test]
async fn another_key_of_the_provider_is_found() {
    let Some((shop, running)) = open(ON).await else {
        return;
    };
    let mut browser = shop.browser();
    let back = go(&mut browser, &running, "lucia").await;
    browser.get(&back).await;
    assert!(is_signed_in(&mut browser).await);
    running.rotate().await;
    // Whoever makes up keys cannot make us ask again and again.
    let mut early = shop.browser();
    let back = go(&mut early, &running, "lucia").await;
    refused(&early.get(&back).await);
    shop.later(60);
    let mut later = shop.browser();
    let back = go(&mut later, &running, "lucia").await;
    assert_eq!(later.get(&back).await.status, StatusCode::SEE_OTHER);
    assert!(is_signed_in(&mut later).await);
    assert_eq!(running.asked("discovery").await, 2);
}

#[tokio::test]
async fn a_provider_leads_us_nowhere_and_keeps_us_no_longer_than_we_want() {
    let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = other.local_addr().unwrap();
    let large = "x".repeat(300 * 1024);
    let answers = [
        format!("HTTP/1.1 302 Found\r\nlocation: http://{elsewhere}/\r\ncontent-length: 0\r\n\r\n"),
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{large}",
            large.len()
        ),
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
            .to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n".to_owned(),
        "nonsense\r\n\r\n".to_owned(),
    ];
    for answer in answers {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let provider = Provider {
            name: "google".to_owned(),
            label: "Sign in".to_owned(),
            issuer,
            client_id: CLIENT.to_owned(),
            client_secret: None,
            scopes: Vec::new(),
        };
        let shop = Shop::with(ON, PUBLIC, vec![provider]).await;
        let mut browser = shop.browser();
        let asked = browser.get(BEGIN);
        let served = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 1024];
            let _ = stream.read(&mut head).await;
            // The other side hangs up in the midst of what is too large.
            let _ = stream.write_all(answer.as_bytes()).await;
            // Held open, as one does who wants to be waited for.
            stream
        };
        let (said, _stream) = futures_util::future::join(asked, served).await;
        assert_eq!(said.status, StatusCode::SERVICE_UNAVAILABLE, "{said:?}");
    }
    let led = tokio::time::timeout(std::time::Duration::from_millis(100), other.accept());
    assert!(led.await.is_err(), "a redirect was followed");
}
