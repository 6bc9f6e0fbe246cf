//! Pages of other sites: who may read answers, and that none changes anything unasked.

use edge::Settings;

use crate::trial::{OPERATOR, THING, Trial};

fn trial() -> Trial {
    let origins = vec!["https://shop.example".to_owned()];
    Trial::with(Settings {
        origins,
        ..Settings::default()
    })
}

#[tokio::test]
async fn only_listed_origins_are_named_in_answers() {
    let trial = trial();
    let cases = [
        ("https://shop.example", true),
        ("https://evil.example", false),
        ("https://shop.example.evil.example", false),
        ("http://shop.example", false),
        ("null", false),
    ];
    for (origin, listed) in cases {
        let heard = trial
            .ask("GET /api/things", &[("origin", origin)], "")
            .await;
        assert_eq!(heard.status, 200, "{origin}");
        assert_eq!(
            heard.header("access-control-allow-origin"),
            listed.then_some(origin)
        );
        assert_eq!(
            heard.header("access-control-allow-credentials"),
            listed.then_some("true")
        );
        assert!(heard.header("vary").unwrap().contains("origin"));
        let asked = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
        ];
        let heard = trial.ask("OPTIONS /api/things", &asked, "").await;
        assert_eq!(heard.status, 204);
        assert_eq!(
            heard.header("access-control-allow-methods").is_some(),
            listed,
            "{origin}"
        );
        assert_eq!(
            heard.header("access-control-allow-origin"),
            listed.then_some(origin)
        );
    }
}

#[tokio::test]
async fn errors_are_readable_for_listed_origins_too() {
    let heard = trial()
        .ask(
            "GET /api/nothing",
            &[("origin", "https://shop.example")],
            "",
        )
        .await;
    assert_eq!(
        heard.header("access-control-allow-origin"),
        Some("https://shop.example")
    );
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing() {
    let trial = trial();
    let cases: [(&[(&str, &str)], u16); 9] = [
        (&[], 201),
        (
            &[
                ("origin", "https://shop.example"),
                ("sec-fetch-site", "cross-site"),
            ],
            201,
        ),
        (
            &[
                ("origin", "http://comanda.example"),
                ("sec-fetch-site", "same-origin"),
            ],
            201,
        ),
        (&[("origin", "https://comanda.example")], 201),
        (&[("sec-fetch-site", "none")], 201),
        (&[("origin", "https://evil.example")], 403),
        (&[("origin", "null")], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (
            &[
                ("origin", "http://comanda.example"),
                ("sec-fetch-site", "same-site"),
            ],
            403,
        ),
    ];
    for (headers, status) in cases {
        let headers = [&[OPERATOR], headers].concat();
        let heard = trial.ask("POST /api/things", &headers, THING).await;
        assert_eq!(heard.status, status, "{headers:?}");
        if status == 403 {
            assert_eq!(heard.json()["code"], "origin_refused");
        }
    }
}

#[tokio::test]
async fn an_origin_is_scheme_and_host_alone() {
    for origin in [
        "*",
        "shop.example",
        "https://shop.example/",
        "https://shop.example/x",
        "ftp://shop.example",
    ] {
        let origins = vec![origin.to_owned()];
        let settings = Settings {
            origins,
            ..Settings::default()
        };
        let clock = base::Clock::fixed(base::Time::EPOCH);
        let built = edge::Edge::build(settings, edge::Routes::new(), crate::trial::parts(&clock));
        assert!(built.is_err(), "{origin}");
    }
}
