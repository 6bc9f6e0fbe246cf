//! Who may: every policy for every sort of caller, strength and means; what an operator needs to act; and what the
//! audit log is told of it.

use std::sync::atomic::Ordering;

use edge::{Role, What};

use crate::hall::{Hall, OWN};

const ROLES: [&str; 4] = ["operator", "person", "key", "device"];
const REASON: (&str, &str) = ("x-acting-reason", "A ticket of the owner");

/// What is asked, with which headers, and what the audit log is told of it.
type Told<'a> = (&'a str, &'a [(&'a str, &'a str)], Vec<What>);

/// What a policy answers to somebody who is known.
fn expected(path: &str, role: &str, strength: &str) -> (u16, &'static str) {
    let human = matches!(role, "operator" | "person");
    let weak = human && strength == "one";
    match path {
        "/api/public" | "/api/mine" => (200, ""),
        "/api/installation" if role != "operator" => (403, "forbidden"),
        "/api/installation" if weak => (403, "second_factor_needed"),
        "/api/installation" => (200, ""),
        _ if weak => (403, "second_factor_needed"),
        "/api/things/own" => (200, ""),
        "/api/things/gone" => (404, "not_found"),
        "/api/things/away" => (503, "unavailable"),
        "/api/things/reads" => (403, "forbidden"),
        _ => unreachable!("{path}"),
    }
}

#[tokio::test]
async fn each_policy_lets_in_whom_it_names() {
    let paths = [
        "/api/public",
        "/api/mine",
        "/api/installation",
        "/api/things/own",
        "/api/things/gone",
        "/api/things/away",
        "/api/things/reads",
    ];
    let mut cases = 0;
    for path in paths {
        for role in ROLES {
            for strength in ["one", "two"] {
                for by_cookie in [false, true] {
                    let hall = Hall::new();
                    let who = format!("{role}-{strength}-ann");
                    let header = match by_cookie {
                        true => ("cookie", format!("__Host-comanda={who}")),
                        false => ("authorization", format!("Bearer {who}")),
                    };
                    let headers = [
                        (header.0, &*header.1),
                        ("sec-fetch-site", "same-origin"),
                        REASON,
                    ];
                    let (status, code) = hall.ask(&format!("POST {path}"), &headers).await;
                    let what = format!("{path} {role} {strength} {by_cookie}");
                    let expected = expected(path, role, strength);
                    assert_eq!((status, &*code), expected, "{what}");
                    let handled = hall.book.handled();
                    assert_eq!(handled, usize::from(status == 200), "{what}");
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, 7 * 4 * 2 * 2);
}

#[tokio::test]
async fn nobody_and_bad_sign_ins_get_no_further_than_public_routes() {
    let bad: [&[(&str, &str)]; 7] = [
        &[],
        &[("authorization", "Bearer nonsense")],
        &[("authorization", "Bearer other")],
        &[("authorization", "Basic YTpi")],
        &[("authorization", "Bearer ")],
        &[("cookie", "__Host-comanda=nonsense")],
        // The header counts alone, however good the cookie is.
        &[
            ("authorization", "Bearer nonsense"),
            ("cookie", "__Host-comanda=person-two-ann"),
        ],
    ];
    let hall = Hall::new();
    for headers in bad {
        for path in [
            "/api/mine",
            "/api/installation",
            "/api/things/own",
            "/api/things/gone",
        ] {
            let said = hall.ask(&format!("GET {path}"), headers).await;
            assert_eq!(said, (401, "unauthenticated".to_owned()), "{headers:?}");
        }
        assert_eq!(hall.ask("GET /api/public", headers).await.0, 200);
    }
    assert_eq!(hall.book.handled(), bad.len());
    assert_eq!(hall.book.asked(), 0, "nobody is asked what nobody may do");
}

#[tokio::test]
async fn a_handler_sees_no_cookie_beside_the_header() {
    let hall = Hall::new();
    let cookie = ("cookie", "__Host-comanda=person-two-eve; a=b");
    let headers = [cookie, ("authorization", "Bearer person-two-ann")];
    let heard = hall.trial.ask("POST /api/mine", &headers, "").await;
    assert_eq!((heard.status, &*heard.body), (200, b"done".as_slice()));
    let heard = hall.trial.ask("GET /api/mine", &[cookie], "").await;
    assert_eq!(&*heard.body, b"with cookies");
}

#[tokio::test]
async fn what_was_granted_reaches_the_handler() {
    let hall = Hall::new();
    let ann = [("authorization", "Bearer person-two-ann")];
    let heard = hall.trial.ask("GET /api/things/own", &ann, "").await;
    assert_eq!(&*heard.body, b"7 growth");
    assert_eq!(heard.header("cache-control"), Some("no-store"));
    let (status, code) = hall.ask("GET /api/things/much-too-long", &ann).await;
    assert_eq!((status, &*code), (422, "field_invalid"));
    assert_eq!(hall.book.asked(), 1, "what is malformed is not asked about");
}

#[tokio::test]
async fn operators_act_with_a_reason_that_is_written_down_first() {
    let hall = Hall::new();
    let ada = ("authorization", "Bearer operator-two-ada");
    for line in ["GET /api/things/own", "POST /api/things/own"] {
        let said = hall.ask(line, &[ada]).await;
        assert_eq!(said, (403, "reason_needed".to_owned()), "{line}");
        assert_eq!(hall.book.told(), [What::Refused("reason_needed")]);
        assert_eq!(hall.ask(line, &[ada, REASON]).await.0, 200, "{line}");
        let [seen] = &hall.book.seen()[..] else {
            panic!("one entry");
        };
        assert_eq!(seen.what, What::Acting);
        assert_eq!(seen.reason.as_deref(), Some(REASON.1));
        assert_eq!(
            (seen.role, seen.organisation),
            (Some(Role::Operator), Some(OWN))
        );
        assert_eq!(
            (&*seen.actor, seen.target.as_deref()),
            ("operator_ada", Some("own"))
        );
        let before = hall.book.handled_when_written.load(Ordering::Relaxed);
        assert_eq!((before, hall.book.handled()), (0, 1));
    }
    hall.book.is_away.store(true, Ordering::Relaxed);
    let said = hall.ask("GET /api/things/own", &[ada, REASON]).await;
    assert_eq!(said, (503, "unavailable".to_owned()), "it fails closed");
    assert_eq!(hall.book.handled(), 0);
    let ann = ("authorization", "Bearer person-two-ann");
    assert_eq!(hall.ask("GET /api/things/own", &[ann]).await.0, 200);
}

#[tokio::test]
async fn operators_enter_with_a_reason_that_is_written_down_first_and_nobody_else_does() {
    let hall = Hall::new();
    let ada = ("authorization", "Bearer operator-two-ada");
    let id = base::uid::spell(
        "ord",
        base::Uid::make(&base::Clock::real(), &base::Random::seeded(7), OWN),
    );
    let line = format!("GET /api/entered/{id}");
    let said = hall.ask(&line, &[ada]).await;
    assert_eq!(said, (403, "reason_needed".to_owned()));
    assert_eq!(hall.book.told(), [What::Refused("reason_needed")]);
    for who in ["person-two-ann", "key-two-ann", "device-two-ann"] {
        let bearer = format!("Bearer {who}");
        let headers = [("authorization", &*bearer), REASON];
        let said = hall.ask(&line, &headers).await;
        assert_eq!(said, (403, "forbidden".to_owned()), "{who}");
    }
    let weak = [("authorization", "Bearer operator-one-ada"), REASON];
    let said = hall.ask(&line, &weak).await;
    assert_eq!(said, (403, "second_factor_needed".to_owned()));
    assert_eq!(hall.book.handled(), 0);

    hall.book.told();
    assert_eq!(hall.ask(&line, &[ada, REASON]).await.0, 200);
    let [seen] = &hall.book.seen()[..] else {
        panic!("one entry");
    };
    assert_eq!((seen.what, seen.organisation), (What::Acting, Some(OWN)));
    assert_eq!(seen.reason.as_deref(), Some(REASON.1));
    let before = hall.book.handled_when_written.load(Ordering::Relaxed);
    assert_eq!((before, hall.book.handled()), (0, 1));

    hall.book.is_away.store(true, Ordering::Relaxed);
    let said = hall.ask(&line, &[ada, REASON]).await;
    assert_eq!(said, (503, "unavailable".to_owned()), "it fails closed");
    assert_eq!(hall.book.handled(), 0);
}

#[tokio::test]
async fn a_reason_is_read_strictly() {
    let long = "x".repeat(200);
    let longer = "x".repeat(201);
    let sound = ["abc", "Grüße aus Köln", &long, "the owner asked: #12"];
    let bad = ["", "ab", &longer, "a\u{202e}bc", "a\u{200b}bc", "\u{85}abc"];
    let hall = Hall::new();
    let ada = ("authorization", "Bearer operator-two-ada");
    for reason in sound {
        let headers = [ada, ("x-acting-reason", reason)];
        assert_eq!(hall.ask("GET /api/things/own", &headers).await.0, 200);
        assert_eq!(hall.book.seen()[0].reason.as_deref(), Some(reason));
        hall.book.handled();
    }
    for reason in bad {
        let headers = [ada, ("x-acting-reason", reason)];
        let said = hall.ask("GET /api/things/own", &headers).await;
        assert_eq!(said, (400, "header_malformed".to_owned()), "{reason:?}");
    }
    let twice = [ada, REASON, ("x-acting-reason", "another")];
    assert_eq!(hall.ask("GET /api/things/own", &twice).await.0, 400);
    // Where nobody acts it is not read.
    let odd = [ada, ("x-acting-reason", "x")];
    assert_eq!(hall.ask("GET /api/mine", &odd).await.0, 200);
    assert_eq!(hall.book.told(), []);
}

#[tokio::test]
async fn the_audit_log_is_told_of_refusals_and_reads() {
    let ann = ("authorization", "Bearer person-two-ann");
    let weak = ("authorization", "Bearer person-one-ann");
    let bad = ("authorization", "Bearer nonsense");
    let cookie = ("cookie", "__Host-comanda=person-two-ann");
    let refused = |code| vec![What::Refused(code)];
    let cases: [Told<'_>; 15] = [
        ("GET /api/mine", &[ann], vec![]),
        ("GET /api/mine", &[], vec![]),
        ("GET /api/mine", &[bad], refused("unauthenticated")),
        ("GET /api/public", &[bad], vec![]),
        ("GET /api/installation", &[ann], refused("forbidden")),
        (
            "GET /api/things/own",
            &[weak],
            refused("second_factor_needed"),
        ),
        ("GET /api/things/own", &[ann], vec![]),
        ("GET /api/things/gone", &[ann], refused("not_found")),
        ("GET /api/things/away", &[ann], vec![]),
        ("GET /api/things/much-too-long", &[ann], vec![]),
        ("POST /api/mine", &[cookie], refused("origin_refused")),
        ("GET /api/people/ada", &[ann], vec![What::Read]),
        ("HEAD /api/people/ada", &[cookie], vec![What::Read]),
        ("GET /api/people/nobody", &[ann], vec![]),
        ("GET /api/people/closed", &[ann], refused("forbidden")),
    ];
    for (line, headers, told) in cases {
        let hall = Hall::new();
        hall.ask(line, headers).await;
        assert_eq!(hall.book.told(), told, "{line} {headers:?}");
    }
}

#[tokio::test]
async fn what_operators_change_of_the_platform_is_written_down_first() {
    let ada = [("authorization", "Bearer operator-two-ada")];
    let hall = Hall::new();
    hall.ask("GET /api/installation", &ada).await;
    assert_eq!((hall.book.told(), hall.book.handled()), (vec![], 1));
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let line = format!("{method} /api/installation");
        hall.ask(&line, &ada).await;
        let before = hall.book.handled_when_written.load(Ordering::Relaxed);
        let done = (hall.book.told(), hall.book.handled(), before);
        assert_eq!(done, (vec![What::Acting], 1, 0), "{line}");
    }
    hall.book.is_away.store(true, Ordering::Relaxed);
    let said = hall.ask("POST /api/installation", &ada).await;
    assert_eq!((said.0, hall.book.handled()), (503, 0));
}

#[tokio::test]
async fn the_audit_log_is_told_who_and_never_what_strangers_write() {
    let hall = Hall::new();
    let correlation = ("x-correlation-id", "abc");
    let key = ("authorization", "Bearer key-two-pos");
    hall.ask("POST /api/things/reads", &[key, correlation])
        .await;
    let seen = hall.book.seen().remove(0);
    assert_eq!(
        (&*seen.actor, seen.role, seen.organisation),
        ("key_pos", Some(Role::Key), Some(OWN))
    );
    assert_eq!(
        (seen.operation, seen.target.as_deref()),
        ("things.change", Some("reads"))
    );
    assert_eq!(
        (&*seen.correlation, seen.reason, seen.at),
        ("abc", None, hall.clock.now())
    );
    let bad = ("authorization", "Bearer nonsense");
    hall.ask("GET /api/things/a%20b%0a", &[bad]).await;
    let seen = hall.book.seen().remove(0);
    assert_eq!(
        (&*seen.actor, seen.role, seen.target),
        ("nobody", None, None)
    );
}

#[tokio::test]
async fn private_answers_are_kept_nowhere_and_hosts_have_their_organisation() {
    let hall = Hall::new();
    let ann = [("authorization", "Bearer person-two-ann")];
    for line in [
        "GET /api/mine",
        "GET /api/careless",
        "GET /api/people/ada",
        "GET /api/things/own",
    ] {
        let heard = hall.trial.ask(line, &ann, "").await;
        assert_eq!(heard.header("cache-control"), Some("no-store"), "{line}");
    }
    let hosts = [
        ("pizza.example", true),
        ("Pizza.Example:8443", true),
        ("pizza.example.", true),
        ("pizza.example.evil.example", false),
        ("comanda.example", false),
    ];
    for (host, own) in hosts {
        let mut request = crate::trial::request("GET /api/site", &[("user-agent", "a b")], "");
        request.headers_mut().insert("host", host.parse().unwrap());
        let heard = hall.trial.send(request).await;
        let expected = format!("{:?} Some(192.0.2.7) 3", own.then_some(OWN));
        assert_eq!(std::str::from_utf8(&heard.body), Ok(&*expected), "{host}");
    }
    let long = "x".repeat(300);
    let agent = [("user-agent", &*long)];
    let heard = hall.trial.ask("GET /api/site", &agent, "").await;
    assert!(heard.body.ends_with(b" 200"));
}
