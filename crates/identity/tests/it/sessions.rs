//! Sessions: opened by their cookie alone, remembered without the database, ended by the clock and by those who may.

use std::time::Duration;

use base::Random;
use edge::{Caller, Strength};
use engine::{Stop, Tasks};
use fabric::Trust;
use http::{HeaderMap, Method, StatusCode};
use identity::sessions::Sessions;
use testkit::trial::Engine;

use super::sessions_world::{ADDRESS, AGENT, LIST, LOGOUT, Node, OURS, Shop, client};
use super::world::on_both;

on_both!(
    a_session_opens_by_its_cookie_alone,
    nothing_that_opens_a_session_is_stored,
    a_warm_request_reads_nothing,
    a_cookie_that_the_client_brought_is_never_adopted,
    stepping_up_gives_another_session,
    a_session_that_ended_cannot_be_stepped_up,
    sessions_end_by_the_clock,
    a_session_that_is_used_stays,
    uses_are_noted_once_a_minute,
    signing_out_can_be_said_again,
    people_end_their_own_sessions_only,
    other_nodes_forget_within_a_second,
    without_sight_of_the_log_the_database_is_asked,
    sessions_outlive_a_rotation_of_the_pepper,
    two_cookies_are_none,
    strange_cookies_open_nothing,
    the_oldest_of_too_many_ends,
    operators_are_known_while_they_are,
    a_person_takes_everything_along_and_is_forgotten,
    what_is_long_over_is_removed,
);

async fn a_session_opens_by_its_cookie_alone(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, started) = shop.diner().await;
    let said = shop.node.browse(Method::GET, LIST, &started.token).await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
    let all = said.body["items"].as_array().unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["id"], started.session.to_string());
    assert_eq!(all[0]["device"], AGENT);
    assert_eq!(all[0]["place"], "203.0.x.x");
    assert_eq!(all[0]["factors"], 1);
    assert_eq!(all[0]["current"], true);

    let none = shop.node.ask((Method::GET, LIST), &[], None).await;
    assert_eq!(none.status, StatusCode::UNAUTHORIZED);
    // The token is a cookie's, and no header's.
    let header = shop.node.bear(Method::GET, LIST, &started.token).await;
    assert_eq!(header.status, StatusCode::UNAUTHORIZED);
    // What changes something needs a page of ours besides.
    let cookie = format!("__Host-comanda={}", *started.token);
    let alone = [("cookie", cookie.as_str())];
    let said = shop.node.ask((Method::DELETE, LIST), &alone, None).await;
    assert_eq!(said.status, StatusCode::FORBIDDEN);
}

async fn nothing_that_opens_a_session_is_stored(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, started) = shop.diner().await;
    let Some(folder) = shop.world.folder() else {
        return;
    };
    let canaries = [started.token.as_str(), AGENT, ADDRESS, "203.0.x.x"];
    let mut bytes_seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let content = std::fs::read(file.unwrap().path()).unwrap();
        bytes_seen += content.len();
        for canary in canaries {
            let is_there = content
                .windows(canary.len())
                .any(|it| it == canary.as_bytes());
            assert!(!is_there, "{canary}");
        }
    }
    assert!(bytes_seen > 10_000);
}

async fn a_warm_request_reads_nothing(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, started) = shop.diner().await;
    let headers = cookie(&started.token);
    let first = who(&shop.node, &headers).await.unwrap().unwrap();
    let loads = shop.node.app.loads();
    assert_eq!(loads, 1);
    for _ in 0..100 {
        let caller = who(&shop.node, &headers).await.unwrap().unwrap();
        assert_eq!(caller.actor(), first.actor());
    }
    assert_eq!(shop.node.app.loads(), loads);
}

async fn a_cookie_that_the_client_brought_is_never_adopted(engine: Engine) {
    let shop = Shop::new(engine).await;
    let planted = base::Secret::draw(&Random::real()).to_text();
    assert!(!shop.node.knows(&planted).await);
    let (person, started) = shop.diner().await;
    assert_ne!(*started.token, *planted);
    assert!(!shop.node.knows(&planted).await);
    // Each sign-in has a token and an id of its own.
    let again = shop.sign_in(person, Strength::One).await;
    assert_ne!(*started.token, *again.token);
    assert_ne!(started.session, again.session);
    assert!(shop.node.knows(&started.token).await && shop.node.knows(&again.token).await);
}

async fn stepping_up_gives_another_session(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (person, started) = shop.diner().await;
    let caller = who(&shop.node, &cookie(&started.token))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(caller.strength(), Strength::One);
    let stepped = shop.node.app.step_up(&caller, &client()).await.unwrap();
    assert_ne!(stepped.session, started.session);
    assert_ne!(*stepped.token, *started.token);
    assert!(!shop.node.knows(&started.token).await);
    let caller = who(&shop.node, &cookie(&stepped.token))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(caller.strength(), Strength::Two);
    assert_eq!(caller.person(), Some(person.uid()));
    // Staff is signed out after 30 minutes of silence, and after 12 hours.
    shop.later(31);
    assert!(!shop.node.knows(&stepped.token).await);
    let less = started.expires_at.since(stepped.expires_at);
    assert_eq!(less, Duration::from_secs(12 * 60 * 60));
}

async fn a_session_that_ended_cannot_be_stepped_up(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (person, started) = shop.diner().await;
    let caller = who(&shop.node, &cookie(&started.token))
        .await
        .unwrap()
        .unwrap();
    assert!(shop.node.app.end(person, started.session).await.unwrap());
    let error = shop.node.app.step_up(&caller, &client()).await.unwrap_err();
    assert_eq!(error.code(), "unauthenticated");
    assert_eq!(shop.node.app.end_all(person).await.unwrap(), 0);
}

async fn sessions_end_by_the_clock(engine: Engine) {
    let shop = Shop::new(engine).await;
    let node = shop.node(&shop.world.db, Trust::granted());
    let (_, started) = shop.diner().await;
    assert!(shop.node.knows(&started.token).await);
    shop.later(120);
    let loads = shop.node.app.loads();
    assert!(
        !shop.node.knows(&started.token).await,
        "idle where it is remembered"
    );
    assert_eq!(
        shop.node.app.loads(),
        loads + 1,
        "another node may have seen it"
    );
    assert!(!node.knows(&started.token).await, "idle where it is not");

    let (_, started) = shop.diner().await;
    for _ in 0..23 {
        assert!(shop.node.knows(&started.token).await);
        shop.node.app.flush_notes().await;
        shop.later(60);
    }
    shop.later(59);
    assert!(shop.node.knows(&started.token).await);
    shop.node.app.flush_notes().await;
    shop.later(1);
    let loads = shop.node.app.loads();
    assert!(
        !shop.node.knows(&started.token).await,
        "over where it is remembered"
    );
    assert!(shop.node.app.loads() <= loads + 1);
    assert!(!node.knows(&started.token).await, "over where it is not");
}

async fn a_session_that_is_used_stays(engine: Engine) {
    let shop = Shop::new(engine).await;
    let other = shop.node(&shop.world.db, Trust::granted());
    let (_, started) = shop.diner().await;
    assert!(other.knows(&started.token).await);
    shop.later(100);
    assert!(shop.node.knows(&started.token).await);
    shop.node.app.flush_notes().await;
    shop.later(100);
    // The other node remembers a use of 200 minutes ago, and asks before it says so.
    assert!(other.knows(&started.token).await);
}

async fn uses_are_noted_once_a_minute(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (person, started) = shop.diner().await;
    let seen = async || {
        shop.node.app.flush_notes().await;
        let all = shop.node.app.export(person).await.unwrap();
        all["sessions"][0]["lastSeen"].as_str().unwrap().to_owned()
    };
    let begun = seen().await;
    for seconds in [0, 30, 29] {
        shop.clock.advance(Duration::from_secs(seconds)).unwrap();
        assert!(shop.node.knows(&started.token).await);
    }
    assert_eq!(seen().await, begun);
    shop.clock.advance(Duration::from_secs(1)).unwrap();
    assert!(shop.node.knows(&started.token).await);
    assert!(seen().await > begun);
}

async fn signing_out_can_be_said_again(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, started) = shop.diner().await;
    assert!(shop.node.knows(&started.token).await);
    for _ in 0..2 {
        let said = shop.node.browse(Method::POST, LOGOUT, &started.token).await;
        assert_eq!(said.status, StatusCode::NO_CONTENT, "{said:?}");
        let set = said.headers["set-cookie"].to_str().unwrap();
        assert!(
            set.starts_with("__Host-comanda=;") && set.contains("Max-Age=0"),
            "{set}"
        );
        assert!(!shop.node.knows(&started.token).await);
    }
    let nobody = shop.node.ask((Method::POST, LOGOUT), &[OURS], None).await;
    assert_eq!(nobody.status, StatusCode::NO_CONTENT);
    // A page of another site signs nobody out.
    let (_, started) = shop.diner().await;
    let cookie = format!("__Host-comanda={}", *started.token);
    let foreign = [
        ("cookie", cookie.as_str()),
        ("sec-fetch-site", "cross-site"),
    ];
    let said = shop.node.ask((Method::POST, LOGOUT), &foreign, None).await;
    assert_eq!(said.status, StatusCode::FORBIDDEN);
    assert!(shop.node.knows(&started.token).await);
}

async fn people_end_their_own_sessions_only(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (person, one) = shop.diner().await;
    let two = shop.sign_in(person, Strength::One).await;
    let three = shop.sign_in(person, Strength::One).await;
    let (_, eve) = shop.diner().await;
    let end = |session: &str| format!("{LIST}/{session}");
    let foreign = end(&one.session.to_string());
    let said = shop.node.browse(Method::DELETE, &foreign, &eve.token).await;
    assert_eq!(said.status, StatusCode::NOT_FOUND);
    let absent = end("ses_01jd6yv2m00000000000000000");
    let same = shop.node.browse(Method::DELETE, &absent, &eve.token).await;
    assert_eq!(
        (said.status, said.code(), &said.body["detail"]),
        (same.status, same.code(), &same.body["detail"])
    );
    let wrong = shop
        .node
        .browse(Method::DELETE, &end("ses_1"), &eve.token)
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);

    let said = shop.node.browse(Method::DELETE, &foreign, &two.token).await;
    assert_eq!(said.status, StatusCode::NO_CONTENT);
    assert!(!shop.node.knows(&one.token).await);
    let again = shop.node.browse(Method::DELETE, &foreign, &two.token).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    let said = shop.node.browse(Method::DELETE, LIST, &three.token).await;
    assert_eq!(said.status, StatusCode::NO_CONTENT);
    assert!(!shop.node.knows(&two.token).await);
    assert!(shop.node.knows(&three.token).await && shop.node.knows(&eve.token).await);
}

async fn other_nodes_forget_within_a_second(engine: Engine) {
    let shop = Shop::new(engine).await;
    let db = shop.world.another_node().await;
    let (clock, random) = (&shop.world.clock, &shop.world.random);
    let other = shop.node(&db, Trust::withdrawn());
    let tasks = Tasks::new(clock.clone(), random.clone());
    let parts = engine::Parts {
        db,
        clock: clock.clone(),
        random: random.clone(),
        bus: other.bus.clone(),
        trust: other.trust.clone(),
    };
    let engine = engine::Engine::new(parts, engine::Settings::new("other"), vec![], vec![]);
    engine.unwrap().start(&tasks);
    let app = other.app.clone();
    tasks.spawn("sessions", move |stop| app.clone().follow(stop));
    let (person, started) = shop.diner().await;
    until("remembered", async || {
        let loads = other.app.loads();
        other.knows(&started.token).await
            && other.knows(&started.token).await
            && other.app.loads() == loads
    })
    .await;
    for (session, end) in [
        (started, true),
        (shop.sign_in(person, Strength::One).await, false),
    ] {
        assert!(other.knows(&session.token).await);
        let ended_at = clock.elapsed();
        match end {
            true => {
                let said = shop.node.browse(Method::POST, LOGOUT, &session.token).await;
                assert_eq!(said.status, StatusCode::NO_CONTENT);
            }
            false => assert_eq!(shop.node.app.end_all(person).await.unwrap(), 1),
        }
        until("forgotten", async || !other.knows(&session.token).await).await;
        let took = clock.elapsed().saturating_sub(ended_at);
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
    tasks.stop(Duration::from_secs(5)).await;
}

async fn without_sight_of_the_log_the_database_is_asked(engine: Engine) {
    let shop = Shop::new(engine).await;
    let other = shop.node(&shop.world.db, Trust::granted());
    let (person, started) = shop.diner().await;
    assert!(shop.node.knows(&started.token).await && other.knows(&started.token).await);
    other.trust.withdraw();
    for _ in 0..3 {
        let loads = other.app.loads();
        assert!(other.knows(&started.token).await);
        assert_eq!(other.app.loads(), loads + 1);
    }
    shop.node.app.end(person, started.session).await.unwrap();
    assert!(
        !other.knows(&started.token).await,
        "nobody told it, so it asked"
    );
}

async fn sessions_outlive_a_rotation_of_the_pepper(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, visited) = shop.diner().await;
    let (_, away) = shop.diner().await;
    let (person, ended) = shop.diner().await;
    assert!(shop.node.knows(&visited.token).await);
    let rotated = shop.pepper.borrow().rotated(&Random::real()).unwrap();
    shop.pepper.send_replace(rotated);
    assert!(shop.node.knows(&visited.token).await);
    assert!(shop.node.app.end(person, ended.session).await.unwrap());
    assert!(!shop.node.knows(&ended.token).await);
    let retired = shop.pepper.borrow().retired();
    shop.pepper.send_replace(retired);
    assert!(shop.node.knows(&visited.token).await, "it was written anew");
    assert!(
        !shop.node.knows(&away.token).await,
        "nobody can tell whose it is"
    );
    // It is still the same session, and ends as one.
    let said = shop.node.browse(Method::POST, LOGOUT, &visited.token).await;
    assert_eq!(said.status, StatusCode::NO_CONTENT);
    assert!(!shop.node.knows(&visited.token).await);
    let other = base::KeyRing::draw(&Random::real());
    let (_, started) = shop.diner().await;
    shop.pepper.send_replace(other);
    assert!(
        !shop.node.knows(&started.token).await,
        "another pepper opens nothing"
    );
}

async fn two_cookies_are_none(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, one) = shop.diner().await;
    let (_, two) = shop.diner().await;
    let both = format!(
        "__Host-comanda={}; __Host-comanda={}",
        *one.token, *two.token
    );
    let same = format!(
        "__Host-comanda={}; __Host-comanda={}",
        *one.token, *one.token
    );
    for cookies in [both, same] {
        let said = shop
            .node
            .ask((Method::GET, LIST), &[("cookie", &cookies)], None)
            .await;
        assert_ne!(said.status, StatusCode::OK, "{cookies}");
    }
    let (a, b) = (
        format!("__Host-comanda={}", *one.token),
        format!("__Host-comanda={}", *two.token),
    );
    let said = shop
        .node
        .ask((Method::GET, LIST), &[("cookie", &a), ("cookie", &b)], None)
        .await;
    assert_ne!(said.status, StatusCode::OK);
}

async fn strange_cookies_open_nothing(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (_, started) = shop.diner().await;
    let token = started.token.as_str();
    assert!(shop.node.knows(token).await);
    let loads = shop.node.app.loads();
    let strange = [
        format!("__Host-comanda={token}A"),
        format!("__Host-comanda={}", &token[1..]),
        format!("__Host-comanda={}", token.to_ascii_lowercase()),
        format!("__Host-comanda=\"{token}\""),
        format!("__Host-comanda={token}="),
        format!("__Host-comanda={}", started.session),
        format!("__host-comanda={token}"),
        format!("__Host-Comanda={token}"),
        format!("__Secure-comanda={token}"),
        format!("comanda={token}"),
        format!("Host-comanda={token}"),
        format!("__Host-comanda{token}"),
        "__Host-comanda=".to_owned(),
        format!("__Host-comanda={}", "a".repeat(43)),
        format!("__Host-comanda={}", "a".repeat(4_000)),
        format!("__Host-comanda=../{}", &token[3..]),
        format!("__Host-comanda={}%00", &token[3..]),
    ];
    for cookie in &strange {
        let said = shop
            .node
            .ask((Method::GET, LIST), &[("cookie", cookie)], None)
            .await;
        assert_eq!(said.status, StatusCode::UNAUTHORIZED, "{cookie}");
    }
    // Only what has the form of a token asks the database: the token in small letters, and the letters a.
    assert!(shop.node.app.loads() <= loads + 2);
}

async fn the_oldest_of_too_many_ends(engine: Engine) {
    let shop = Shop::new(engine).await;
    let person = shop.person();
    let mut all = Vec::new();
    for _ in 0..51 {
        shop.clock.advance(Duration::from_millis(5)).unwrap();
        all.push(shop.sign_in(person, Strength::One).await);
    }
    assert!(!shop.node.knows(&all[0].token).await);
    assert!(shop.node.knows(&all[1].token).await);
    let said = shop.node.browse(Method::GET, LIST, &all[50].token).await;
    assert_eq!(said.body["items"].as_array().unwrap().len(), 50);
    assert_eq!(shop.node.app.end_all(person).await.unwrap(), 50);
    assert!(!shop.node.knows(&all[50].token).await);
}

async fn operators_are_known_while_they_are(engine: Engine) {
    let shop = Shop::new(engine).await;
    let person = shop.person();
    shop.operators
        .lock()
        .unwrap()
        .as_mut()
        .unwrap()
        .insert(person);
    let weak = shop.sign_in(person, Strength::One).await;
    let strong = shop.sign_in(person, Strength::Two).await;
    let role = async |token: &str| {
        who(&shop.node, &cookie(token))
            .await
            .unwrap()
            .unwrap()
            .role()
    };
    assert_eq!(role(&weak.token).await, edge::Role::Person);
    assert_eq!(role(&strong.token).await, edge::Role::Operator);
    // Nobody is one while it cannot be asked, and who is signed in stays so.
    let known = shop.operators.lock().unwrap().take();
    shop.clock.advance(Duration::from_secs(3)).unwrap();
    assert_eq!(role(&strong.token).await, edge::Role::Person);
    *shop.operators.lock().unwrap() = known;
    shop.clock.advance(Duration::from_secs(3)).unwrap();
    assert_eq!(role(&strong.token).await, edge::Role::Operator);
    shop.operators.lock().unwrap().as_mut().unwrap().clear();
    shop.clock.advance(Duration::from_secs(3)).unwrap();
    assert_eq!(role(&strong.token).await, edge::Role::Person);
}

async fn a_person_takes_everything_along_and_is_forgotten(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (person, one) = shop.diner().await;
    let two = shop.sign_in(person, Strength::Two).await;
    let (other, third) = shop.diner().await;
    let said = shop
        .node
        .browse(Method::POST, "/api/auth/tokens", &two.token)
        .await;
    assert_eq!(said.status, StatusCode::OK);
    shop.node.app.end(person, one.session).await.unwrap();
    let all = shop.node.app.export(person).await.unwrap();
    assert_eq!(all["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(all["sessions"][0]["device"], AGENT);
    let text = all.to_string();
    assert!(!text.contains(&other.to_string()) && !text.contains(one.token.as_str()));
    assert!(text.contains("endedAt") && !text.contains(ADDRESS));

    shop.node.app.erase(person).await.unwrap();
    assert!(!shop.node.knows(&two.token).await);
    let all = shop.node.app.export(person).await.unwrap();
    assert_eq!(all["sessions"].as_array().unwrap().len(), 0);
    shop.node.app.erase(person).await.unwrap();
    assert!(shop.node.knows(&third.token).await);
}

async fn what_is_long_over_is_removed(engine: Engine) {
    let shop = Shop::new(engine).await;
    let person = shop.person();
    for days in [29, 31] {
        let then = shop.clock.now().minus(Duration::from_secs(days * 86_400));
        let then = base::Clock::fixed(then.unwrap());
        let mut commit = store::Commit::of_person(&then, &shop.random, person.uid());
        let client = client();
        let start = identity::sessions::Start {
            person,
            strength: Strength::One,
            kind: identity::sessions::Kind::Guest,
            client: &client,
            trace: "",
        };
        shop.node.app.begin(&mut commit, start).await.unwrap();
        let db = &shop.world.db;
        db.commit(commit, &db.deadline()).await.unwrap();
    }
    let kept = async || {
        let all = shop.node.app.export(person).await.unwrap();
        all["sessions"].as_array().unwrap().len()
    };
    assert_eq!(kept().await, 2);
    let app = shop.node.app.clone();
    let cleared = app.clear_old(Stop::new());
    let cleared = tokio::time::timeout(Duration::from_millis(500), cleared);
    assert!(cleared.await.is_err(), "it goes on until the stop");
    assert_eq!(kept().await, 1);
}

fn cookie(token: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let value = format!("__Host-comanda={token}").parse().unwrap();
    headers.insert("cookie", value);
    headers
}

async fn who(node: &Node, headers: &HeaderMap) -> base::Result<Option<Caller>> {
    edge::Identify::identify(&Sessions::new(&node.app), headers).await
}

async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    for _ in 0..400 {
        if is().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not {what} within four seconds");
}
