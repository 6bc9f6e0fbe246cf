//! Tokens of apps: drawn, refreshed once each, verified to the letter, and gone with their session.

use std::time::Duration;

use base::Random;
use edge::Strength;
use futures_util::future::join_all;
use http::{HeaderMap, Method, StatusCode};
use identity::sessions::Sessions;
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::sessions_world::{LIST, LOGOUT, Node, OURS, Said, Shop};
use super::tokens_forge::Forge;
use super::world::on_both;

const DRAW: &str = "/api/auth/tokens";
const REFRESH: &str = "/api/auth/tokens/refresh";
const KEYS: &str = "/.well-known/jwks.json";

on_both!(
    an_app_asks_with_what_it_drew,
    a_refresh_token_gives_the_next_once,
    a_refresh_token_that_is_used_twice_ends_everything,
    many_who_refresh_at_once_are_all_signed_out,
    refresh_tokens_end_with_their_session,
    tokens_end_with_their_session,
    an_access_token_ends_by_the_clock,
    tokens_outlive_a_rotation_of_the_keys,
    refresh_tokens_outlive_a_rotation_of_the_pepper,
    tokens_are_drawn_from_the_session_alone,
    drawing_again_puts_the_earlier_one_out_of_use,
    no_other_token_is_accepted,
    a_warm_token_costs_little,
);

async fn an_app_asks_with_what_it_drew(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, started) = shop.diner().await;
    let said = draw(&shop.node, &started.token).await;
    assert_eq!(said.text("tokenType"), "Bearer");
    assert_eq!(said.body["expiresIn"], 300);
    let access = said.text("accessToken");
    assert!(access.len() <= 1_024, "{}", access.len());
    let list = shop.node.bear(Method::GET, LIST, access).await;
    assert_eq!(list.status, StatusCode::OK, "{list:?}");
    assert_eq!(list.body["items"][0]["id"], started.session.to_string());
    // It says who asks and nothing of what he may do.
    let claims = base::base64::decode(access.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    let mut names: Vec<_> = claims
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["aud", "exp", "iat", "iss", "jti", "sid", "sub"]);
    // Its key is published, and nothing else of it.
    let keys = shop.node.ask((Method::GET, KEYS), &[], None).await;
    assert_eq!(keys.status, StatusCode::OK);
    assert_eq!(keys.headers["cache-control"], "public, max-age=300");
    let key = &keys.body["keys"][0];
    let want = json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "1", "x": key["x"]});
    assert_eq!(key, &want);
    let public = base::base64::decode(key["x"].as_str().unwrap()).unwrap();
    let (signed, signature) = access.rsplit_once('.').unwrap();
    let signature = base::base64::decode(signature).unwrap();
    ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, public)
        .verify(signed.as_bytes(), &signature)
        .unwrap();
    // A refresh token is no sign-in.
    let said = shop
        .node
        .bear(Method::GET, LIST, said.text("refreshToken"))
        .await;
    assert_eq!(said.status, StatusCode::UNAUTHORIZED);
}

async fn a_refresh_token_gives_the_next_once(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, started) = shop.diner().await;
    let mut said = draw(&shop.node, &started.token).await;
    for _ in 0..3 {
        shop.later(4);
        let next = refresh(&shop.node, said.text("refreshToken")).await;
        assert_eq!(next.status, StatusCode::OK, "{next:?}");
        assert_ne!(next.text("refreshToken"), said.text("refreshToken"));
        assert_ne!(next.text("accessToken"), said.text("accessToken"));
        let list = shop
            .node
            .bear(Method::GET, LIST, next.text("accessToken"))
            .await;
        assert_eq!(list.status, StatusCode::OK);
        said = next;
    }
    let wrong = base::Secret::draw(&Random::real()).to_text();
    let said = refresh(&shop.node, &wrong).await;
    assert_eq!(
        (said.status, said.code()),
        (StatusCode::UNAUTHORIZED, "refresh_refused")
    );
    assert!(shop.node.knows(&started.token).await);
}

async fn a_refresh_token_that_is_used_twice_ends_everything(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, started) = shop.diner().await;
    let first = draw(&shop.node, &started.token).await;
    let second = refresh(&shop.node, first.text("refreshToken")).await;
    let access = second.text("accessToken");
    assert_eq!(
        shop.node.bear(Method::GET, LIST, access).await.status,
        StatusCode::OK
    );

    let again = refresh(&shop.node, first.text("refreshToken")).await;
    assert_eq!(
        (again.status, again.code()),
        (StatusCode::UNAUTHORIZED, "refresh_refused")
    );
    let refreshed = refresh(&shop.node, second.text("refreshToken")).await;
    assert_eq!(refreshed.status, StatusCode::UNAUTHORIZED);
    let list = shop.node.bear(Method::GET, LIST, access).await;
    assert_eq!(list.status, StatusCode::UNAUTHORIZED, "at once, here");
    assert!(!shop.node.knows(&started.token).await);
    let again = refresh(&shop.node, first.text("refreshToken")).await;
    assert_eq!(again.code(), "refresh_refused");
}

async fn many_who_refresh_at_once_are_all_signed_out(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, started) = shop.diner().await;
    let drawn = draw(&shop.node, &started.token).await;
    let all = (0..50).map(|_| refresh(&shop.node, drawn.text("refreshToken")));
    let said = join_all(all).await;
    let won: Vec<_> = said
        .iter()
        .filter(|said| said.status == StatusCode::OK)
        .collect();
    assert_eq!(won.len(), 1);
    for lost in said.iter().filter(|said| said.status != StatusCode::OK) {
        assert_eq!(
            (lost.status, lost.code()),
            (StatusCode::UNAUTHORIZED, "refresh_refused")
        );
    }
    assert!(!shop.node.knows(&started.token).await);
    let next = refresh(&shop.node, won[0].text("refreshToken")).await;
    assert_eq!(next.status, StatusCode::UNAUTHORIZED);
    let list = shop
        .node
        .bear(Method::GET, LIST, won[0].text("accessToken"))
        .await;
    assert_eq!(list.status, StatusCode::UNAUTHORIZED);
}

async fn refresh_tokens_end_with_their_session(engine: Engine) {
    let shop = Shop::new(engine).await;
    let ends: [(&str, u64); 3] = [("logout", 0), ("idle", 120), ("over", 24 * 60)];
    for (how, minutes) in ends {
        let (_, started) = shop.diner().await;
        let drawn = draw(&shop.node, &started.token).await;
        match how {
            "logout" => {
                shop.node.browse(Method::POST, LOGOUT, &started.token).await;
            }
            _ => shop.later(minutes),
        }
        let said = refresh(&shop.node, drawn.text("refreshToken")).await;
        assert_eq!(
            (said.status, said.code()),
            (StatusCode::UNAUTHORIZED, "refresh_refused"),
            "{how}"
        );
    }
    // Refreshing is using.
    let (_, started) = shop.diner().await;
    let mut drawn = draw(&shop.node, &started.token).await;
    for _ in 0..3 {
        shop.later(100);
        drawn = refresh(&shop.node, drawn.text("refreshToken")).await;
        assert_eq!(drawn.status, StatusCode::OK);
    }
}

async fn tokens_end_with_their_session(engine: Engine) {
    let shop = Shop::new(engine).await;
    let other = shop.node(&shop.world.db, fabric::Trust::granted());
    let (_, started) = shop.diner().await;
    let drawn = draw(&shop.node, &started.token).await;
    let access = drawn.text("accessToken");
    for node in [&shop.node, &other] {
        assert_eq!(
            node.bear(Method::GET, LIST, access).await.status,
            StatusCode::OK
        );
    }
    // An app signs out with its token as a browser does with its cookie.
    let said = shop.node.bear(Method::POST, LOGOUT, access).await;
    assert_eq!(said.status, StatusCode::NO_CONTENT);
    let list = shop.node.bear(Method::GET, LIST, access).await;
    assert_eq!(list.status, StatusCode::UNAUTHORIZED);
    assert!(!shop.node.knows(&started.token).await);
    other.trust.withdraw();
    let list = other.bear(Method::GET, LIST, access).await;
    assert_eq!(
        list.status,
        StatusCode::UNAUTHORIZED,
        "the signature is good, the session is not"
    );
}

async fn an_access_token_ends_by_the_clock(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, started) = shop.diner().await;
    let drawn = draw(&shop.node, &started.token).await;
    let access = drawn.text("accessToken");
    let status = async |node: &Node| node.bear(Method::GET, LIST, access).await.status;
    let second = Duration::from_secs(1);
    shop.clock.advance(second * 298).unwrap();
    assert_eq!(status(&shop.node).await, StatusCode::OK);
    shop.clock.advance(second * 2).unwrap();
    assert_eq!(
        status(&shop.node).await,
        StatusCode::UNAUTHORIZED,
        "where it is remembered"
    );
    let other = shop.node(&shop.world.db, fabric::Trust::granted());
    assert_eq!(
        status(&other).await,
        StatusCode::UNAUTHORIZED,
        "where it is not"
    );
    // None outlives its session.
    let (person, _) = shop.diner().await;
    let strong = shop.sign_in(person, Strength::Two).await;
    for _ in 0..25 {
        shop.later(28);
        assert!(shop.node.knows(&strong.token).await);
        shop.node.app.flush_notes().await;
    }
    shop.later(17);
    let drawn = draw(&shop.node, &strong.token).await;
    assert_eq!(drawn.body["expiresIn"], 180);
}

async fn tokens_outlive_a_rotation_of_the_keys(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, started) = shop.diner().await;
    let old = draw(&shop.node, &started.token).await;
    let works = async |said: &Said| {
        let list = shop
            .node
            .bear(Method::GET, LIST, said.text("accessToken"))
            .await;
        list.status == StatusCode::OK
    };
    assert!(works(&old).await);
    let rotated = shop.token.borrow().rotated(&Random::real()).unwrap();
    shop.token.send_replace(rotated);
    assert!(works(&old).await);
    let new = draw(&shop.node, &started.token).await;
    assert!(works(&new).await);
    let keys = shop.node.ask((Method::GET, KEYS), &[], None).await;
    let kids: Vec<_> = keys.body["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["kid"])
        .collect();
    assert_eq!(kids, ["2", "1"]);
    let retired = shop.token.borrow().retired();
    shop.token.send_replace(retired);
    assert!(!works(&old).await, "also where it is remembered");
    assert!(works(&new).await);
}

async fn refresh_tokens_outlive_a_rotation_of_the_pepper(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, started) = shop.diner().await;
    let first = draw(&shop.node, &started.token).await;
    let rotated = shop.pepper.borrow().rotated(&Random::real()).unwrap();
    shop.pepper.send_replace(rotated);
    let second = refresh(&shop.node, first.text("refreshToken")).await;
    assert_eq!(second.status, StatusCode::OK);
    let retired = shop.pepper.borrow().retired();
    shop.pepper.send_replace(retired);
    let third = refresh(&shop.node, second.text("refreshToken")).await;
    assert_eq!(third.status, StatusCode::OK);
}

async fn tokens_are_drawn_from_the_session_alone(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, started) = shop.diner().await;
    let drawn = draw(&shop.node, &started.token).await;
    let said = shop
        .node
        .bear(Method::POST, DRAW, drawn.text("accessToken"))
        .await;
    assert_eq!(said.status, StatusCode::FORBIDDEN);
    let nobody = shop.node.ask((Method::POST, DRAW), &[OURS], None).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
}

async fn drawing_again_puts_the_earlier_one_out_of_use(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, started) = shop.diner().await;
    let first = draw(&shop.node, &started.token).await;
    let second = draw(&shop.node, &started.token).await;
    let next = refresh(&shop.node, second.text("refreshToken")).await;
    assert_eq!(next.status, StatusCode::OK);
    let late = refresh(&shop.node, first.text("refreshToken")).await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED);
    assert!(!shop.node.knows(&started.token).await);
}

async fn no_other_token_is_accepted(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (person, started) = shop.diner().await;
    let (other, theirs) = shop.diner().await;
    let whose = (person.to_string(), started.session.to_string());
    let forge = Forge::with_our_key(&shop.token.borrow(), shop.clock.now(), whose);
    let good = shop.node.bear(Method::GET, LIST, &forge.good()).await;
    assert_eq!(
        good.status,
        StatusCode::OK,
        "but for its fault each would be accepted: {good:?}"
    );
    let (sub, sid) = (other.to_string(), theirs.session.to_string());
    let mut cases = forge.heads();
    cases.extend(forge.bodies((&sub, &sid)));
    cases.extend(forge.forms());
    let ended = {
        let (person, started) = shop.diner().await;
        shop.node.app.end(person, started.session).await.unwrap();
        let whose = (person.to_string(), started.session.to_string());
        Forge::with_our_key(&shop.token.borrow(), shop.clock.now(), whose).good()
    };
    cases.push(("of a session that has ended", ended));
    let stranger = base::KeyRing::draw(&Random::real());
    let whose = (person.to_string(), started.session.to_string());
    let strange = Forge::with_our_key(&stranger, shop.clock.now(), whose).good();
    cases.push(("with a key of somebody else", strange));
    assert!(cases.len() >= 60, "{}", cases.len());
    let mut accepted = Vec::new();
    for (name, token) in &cases {
        let said = shop.node.bear(Method::GET, LIST, token).await;
        if said.status != StatusCode::UNAUTHORIZED {
            accepted.push((*name, said.status));
        }
    }
    assert!(accepted.is_empty(), "{accepted:?} of {}", cases.len());
}

#[allow(
    clippy::print_stdout,
    reason = "a figure is there to be read; without optimisation it says little"
)]
async fn a_warm_token_costs_little(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, started) = shop.diner().await;
    let drawn = draw(&shop.node, &started.token).await;
    let identify = Sessions::new(&shop.node.app);
    let bearer = header(
        "authorization",
        &format!("Bearer {}", drawn.text("accessToken")),
    );
    let cookie = header("cookie", &format!("__Host-comanda={}", *started.token));
    for (name, headers) in [("token", bearer), ("cookie", cookie)] {
        let who = async || {
            edge::Identify::identify(&identify, &headers)
                .await
                .unwrap()
                .unwrap()
        };
        who().await;
        let loads = shop.node.app.loads();
        let clock = base::Clock::real();
        for _ in 0..10_000 {
            who().await;
        }
        let each = clock.elapsed() / 10_000;
        assert_eq!(shop.node.app.loads(), loads);
        println!("a warm {name}: {each:?}");
        assert!(each < Duration::from_micros(200), "{name}: {each:?}");
    }
}

async fn draw(node: &Node, token: &str) -> Said {
    let said = node.browse(Method::POST, DRAW, token).await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
    said
}

async fn refresh(node: &Node, token: &str) -> Said {
    let body = json!({"refreshToken": token});
    node.ask((Method::POST, REFRESH), &[], Some(body)).await
}

fn header(name: &'static str, value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(name, value.parse().unwrap());
    headers
}
