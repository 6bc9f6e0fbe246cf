//! Cookies: what is read, what is not, and how they are set and ended.

use std::time::Duration;

use edge::cookie::{self, Set};
use http::HeaderMap;

use crate::hall::Hall;

const ANN: &str = "person-two-ann";

/// What a list of `Cookie` headers does to a request: signed in, not signed in, or refused.
const CASES: &[(&[&str], u16)] = &[
    (&["__Host-comanda=person-two-ann"], 200),
    (&["a=b; __Host-comanda=person-two-ann"], 200),
    (&["__Host-comanda=person-two-ann; a=b; a=c"], 200),
    (&["a; __Host-comanda=person-two-ann;"], 200),
    (&["a=b;__Host-comanda=person-two-ann"], 200),
    (&["a=b;\t __Host-comanda=person-two-ann "], 200),
    (&["a=b", "__Host-comanda=person-two-ann"], 200),
    (
        &["comanda=person-two-ann; __Host-comanda=person-two-ann"],
        200,
    ),
    (&["=; __Host-comanda=person-two-ann"], 200),
    (&["__Host-other=1; __Host-comanda=person-two-ann"], 200),
    (&[], 401),
    (&[""], 401),
    (&[";;;"], 401),
    (&["__Host-comanda"], 401),
    (&["__Host-comanda="], 401),
    (&["__host-comanda=person-two-ann"], 401),
    (&["__HOST-COMANDA=person-two-ann"], 401),
    (&["__Host-comanda =person-two-ann"], 401),
    (&["__Host-comanda= person-two-ann"], 401),
    (&["__Host-comanda=\"person-two-ann\""], 401),
    (&["__Host-comanda=person-two-ann, a=b"], 401),
    (&["__Host-comanda=person-two-ann\\"], 401),
    (&["__Host-comanda=person two ann"], 401),
    (&["__Host-comanda2=person-two-ann"], 401),
    (&["x__Host-comanda=person-two-ann"], 401),
    (&["__Secure-comanda=person-two-ann"], 401),
    (&["comanda=person-two-ann"], 401),
    (&["a=__Host-comanda=person-two-ann"], 401),
    (&["__Host-comanda=person-two-ann=x=y z"], 401),
    (&["a=\"; __Host-comanda=nonsense\""], 401),
    (&["a=b, __Host-comanda=person-two-ann"], 401),
    (
        &["__Host-comanda=person-two-ann; __Host-comanda=person-two-ann"],
        400,
    ),
    (
        &["__Host-comanda=person-two-ann; __Host-comanda=person-two-eve"],
        400,
    ),
    (
        &["__Host-comanda=person-two-ann; a=b; __Host-comanda="],
        400,
    ),
    (&["__Host-comanda; __Host-comanda=person-two-ann"], 400),
    (
        &[
            "__Host-comanda=person-two-ann",
            "__Host-comanda=person-two-eve",
        ],
        400,
    ),
    (
        &["__Host-x=1; __Host-x=2; __Host-comanda=person-two-ann"],
        400,
    ),
];

#[tokio::test]
async fn cookies_are_read_strictly() {
    let hall = Hall::new();
    for (cookies, status) in CASES {
        let headers: Vec<_> = cookies.iter().map(|text| ("cookie", *text)).collect();
        let heard = hall.ask("GET /api/mine", &headers).await;
        assert_eq!(heard.0, *status, "{cookies:?}");
    }
    let mut binary = crate::trial::request("GET /api/mine", &[], "");
    let value = http::HeaderValue::from_bytes(b"__Host-comanda=person-two-ann\xff").unwrap();
    binary.headers_mut().insert("cookie", value);
    assert_eq!(hall.trial.send(binary).await.status, 401);
}

#[tokio::test]
async fn many_cookies_are_not_looked_through() {
    let hall = Hall::new();
    let many: String = (0..3_000).map(|n| format!("__Host-{n}=1;")).collect();
    let (status, code) = hall.ask("GET /api/mine", &[("cookie", &many)]).await;
    assert_eq!((status, &*code), (400, "header_malformed"));
    let strangers: String = (0..300).map(|n| format!("a{n}=1;")).collect();
    let with_ours = format!("{strangers}__Host-comanda={ANN}");
    assert_eq!(
        hall.ask("GET /api/mine", &[("cookie", &with_ours)]).await.0,
        200
    );
}

#[test]
fn one_that_is_there_twice_is_not_there() {
    let mut headers = HeaderMap::new();
    headers.append("cookie", "a=1; b=2; a=1".parse().unwrap());
    assert_eq!(cookie::read(&headers, "b"), Some("2"));
    assert_eq!(cookie::read(&headers, "a"), None);
    headers.append("cookie", "b=2".parse().unwrap());
    assert_eq!(cookie::read(&headers, "b"), None);
    assert_eq!(cookie::read(&headers, "c"), None);
}

#[tokio::test]
async fn a_cookie_is_set_for_this_host_over_tls_alone() {
    let hall = Hall::new();
    let heard = hall.trial.ask("POST /api/sign-in", &[], "").await;
    assert_eq!((heard.status, &*heard.body), (201, b"hello".as_slice()));
    assert_eq!(
        heard.header("set-cookie"),
        Some("__Host-comanda=secret; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60")
    );
    assert_eq!(heard.header("cache-control"), Some("no-store"));
    let set = Set::new(cookie::SESSION, ANN, Duration::from_secs(1)).unwrap();
    assert!(!format!("{set:?}").contains(ANN));
    assert!(Set::end(cookie::SESSION).is_ok());
}

#[test]
fn what_cannot_stand_in_a_cookie_is_not_set() {
    let keeps = Duration::from_secs(60);
    let names = [
        "comanda",
        "__Host-",
        "__Secure-a",
        "__Host-a b",
        "__Host-a=b",
        "__Host-a;b",
        "",
    ];
    for name in names {
        assert!(Set::new(name, "x", keeps).is_err(), "{name:?}");
        assert!(Set::end(name).is_err(), "{name:?}");
    }
    let long = "x".repeat(5_000);
    for value in ["a b", "a;b", "a,b", "\"a\"", "a\\b", "a\r\nb", "ä", &*long] {
        assert!(
            Set::new(cookie::SESSION, value, keeps).is_err(),
            "{value:?}"
        );
    }
}

#[tokio::test]
async fn a_redirect_says_where_to_go() {
    let hall = Hall::new();
    let heard = hall.trial.ask("GET /api/away", &[], "").await;
    assert_eq!((heard.status, heard.body.len()), (303, 0));
    assert_eq!(
        heard.header("location"),
        Some("https://accounts.example/?a=b")
    );
    assert_eq!(heard.header("cache-control"), Some("no-store"));
}
