//! What a browser sends on its own is no proof that somebody wants it: every method, origin, fetch site and means.

use edge::{Rates, Settings};

use crate::hall::{Hall, LISTED};

const COOKIE: (&str, &str) = ("cookie", "__Host-comanda=person-two-ann");
const BEARER: (&str, &str) = ("authorization", "Bearer person-two-ann");

const OWN: &str = "https://comanda.example";
const ORIGINS: [Option<&str>; 8] = [
    None,
    Some(OWN),
    Some(LISTED),
    Some("https://evil.example"),
    Some("null"),
    Some("https://comanda.example.evil.example"),
    Some("https://comanda.example:8443"),
    Some("comanda.example"),
];
const SITES: [Option<&str>; 6] = [
    None,
    Some("same-origin"),
    Some("none"),
    Some("same-site"),
    Some("cross-site"),
    Some("Same-Origin"),
];

/// What the rules say, told apart from how the gate works it out.
fn is_let_in(method: &str, origin: Option<&str>, site: Option<&str>, by_cookie: bool) -> bool {
    let foreign_origin = !matches!(origin, None | Some(OWN | LISTED));
    let foreign_site = !matches!(site, None | Some("same-origin" | "none"));
    match (method, origin) {
        ("GET", _) | (_, Some(LISTED)) => true,
        _ if foreign_origin || foreign_site => false,
        (_, None) if site.is_none() => !by_cookie,
        _ => true,
    }
}

#[tokio::test]
async fn cookies_count_only_where_the_browser_says_that_a_page_of_ours_asks() {
    let hall = Hall::new();
    let mut cases = 0;
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        for origin in ORIGINS {
            for site in SITES {
                for sign_in in [COOKIE, BEARER] {
                    let mut headers = vec![sign_in];
                    headers.extend(origin.map(|origin| ("origin", origin)));
                    headers.extend(site.map(|site| ("sec-fetch-site", site)));
                    let (status, code) = hall.ask(&format!("{method} /api/mine"), &headers).await;
                    let expected = match is_let_in(method, origin, site, sign_in == COOKIE) {
                        true => (200, ""),
                        false => (403, "origin_refused"),
                    };
                    assert_eq!((status, &*code), expected, "{method} {headers:?}");
                    assert_eq!(hall.book.handled(), usize::from(status == 200));
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, 5 * 8 * 6 * 2);
}

#[tokio::test]
async fn every_unsafe_route_needs_the_evidence() {
    let hall = Hall::new();
    let operator = ("cookie", "__Host-comanda=operator-two-ada");
    let reason = ("x-acting-reason", "a ticket");
    for line in [
        "POST /api/mine",
        "DELETE /api/installation",
        "POST /api/things/own",
        "POST /api/things/gone",
    ] {
        let said = hall.ask(line, &[operator, reason]).await;
        assert_eq!(said, (403, "origin_refused".to_owned()), "{line}");
    }
    assert_eq!(hall.book.asked(), 0);
    assert_eq!(hall.book.handled(), 0);
}

#[tokio::test]
async fn a_cookie_is_a_cookie_whatever_is_said_of_it() {
    let hall = Hall::new();
    let liar = ("cookie", "__Host-comanda=person-liar-ann");
    let said = hall.ask("POST /api/mine", &[liar]).await;
    assert_eq!(said, (403, "origin_refused".to_owned()));
    assert_eq!(hall.ask("GET /api/mine", &[liar]).await.0, 200);
}

#[tokio::test]
async fn a_page_that_came_without_tls_does_not_use_the_session() {
    let hall = Hall::with_settings(Settings {
        tls: true,
        rates: Rates::unlimited(),
        ..Settings::default()
    });
    for (origin, status) in [("http://comanda.example", 403), (OWN, 200)] {
        let headers = [COOKIE, ("origin", origin)];
        assert_eq!(
            hall.ask("POST /api/mine", &headers).await.0,
            status,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn what_a_browser_says_twice_is_refused() {
    let hall = Hall::new();
    let cases = [
        [
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "cross-site"),
        ],
        [("origin", OWN), ("origin", "https://evil.example")],
    ];
    for [first, second] in cases {
        let said = hall.ask("POST /api/mine", &[COOKIE, first, second]).await;
        assert_eq!(said, (400, "header_malformed".to_owned()));
    }
}
