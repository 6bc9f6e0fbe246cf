//! How often somebody may ask: by caller, address, organisation and route; by plan; all or none.

use std::time::Duration;

use base::Organisation;
use edge::{By, Peer, Rate, RateRow, Rates};

use crate::hall::Hall;
use crate::trial::{Heard, request};

const ANN: (&str, &str) = ("authorization", "Bearer person-two-ann");
const BOB: (&str, &str) = ("authorization", "Bearer person-two-bob");

fn row(by: By, max: Option<u32>) -> RateRow {
    RateRow {
        class: None,
        plan: None,
        organisation: None,
        by,
        max,
    }
}

fn table(rows: Vec<RateRow>) -> Hall {
    Hall::with(rows.into_iter().fold(Rates::unlimited(), Rates::with))
}

/// How many of so many are let in.
async fn passed(hall: &Hall, line: &str, headers: &[(&str, &str)], times: usize) -> usize {
    let mut passed = 0;
    for _ in 0..times {
        passed += usize::from(hall.ask(line, headers).await.0 != 429);
    }
    passed
}

fn limits(heard: &Heard) -> [Option<&str>; 3] {
    let names = ["limit", "remaining", "reset"];
    names.map(|name| heard.header(&format!("x-ratelimit-{name}")))
}

#[tokio::test]
async fn callers_are_counted_apart_and_addresses_together() {
    let hall = table(vec![row(By::User, Some(3)), row(By::Address, Some(5))]);
    assert_eq!(passed(&hall, "GET /api/mine", &[ANN], 4).await, 3);
    assert_eq!(passed(&hall, "GET /api/mine", &[BOB], 4).await, 2);
    // Classes share these counters, and what was refused took nothing from the address.
    hall.clock.advance(Duration::from_secs(61)).unwrap();
    assert_eq!(passed(&hall, "GET /api/mine", &[ANN], 2).await, 2);
    assert_eq!(passed(&hall, "POST /api/orders", &[], 9).await, 3);
    // The address is full now, so from elsewhere Ann has her own share left, and no more than that.
    let mut elsewhere = 0;
    for _ in 0..3 {
        let mut asked = request("GET /api/mine", &[ANN], "");
        let peer: std::net::SocketAddr = "198.51.100.1:1".parse().unwrap();
        asked.extensions_mut().insert(Peer(peer));
        elsewhere += usize::from(hall.trial.send(asked).await.status == 200);
    }
    assert_eq!(elsewhere, 1);
}

#[tokio::test]
async fn what_one_bound_refuses_the_others_do_not_count() {
    let hall = table(vec![row(By::User, Some(2)), row(By::Address, Some(4))]);
    assert_eq!(passed(&hall, "GET /api/mine", &[ANN], 50).await, 2);
    assert_eq!(passed(&hall, "GET /api/mine", &[BOB], 50).await, 2);
}

#[tokio::test]
async fn an_organisation_is_bounded_by_its_plan_with_all_its_callers() {
    let plan = |plan: &str, max| RateRow {
        plan: Some(plan.to_owned()),
        ..row(By::Organisation, Some(max))
    };
    let hall = table(vec![
        row(By::Organisation, Some(2)),
        plan("growth", 4),
        plan("starter", 3),
    ]);
    for (target, max) in [("own", 4), ("small", 3), ("odd", 2)] {
        let line = format!("GET /api/things/{target}");
        let mut together = 0;
        for turn in 0..5 {
            let caller = [ANN, BOB][turn % 2];
            together += passed(&hall, &line, &[caller], 1).await;
        }
        assert_eq!(together, max, "{target}");
    }
    // What is refused there is of no concern elsewhere, and operators who act are not its callers.
    assert_eq!(passed(&hall, "GET /api/mine", &[ANN], 9).await, 9);
    let ada = [
        ("authorization", "Bearer operator-two-ada"),
        ("x-acting-reason", "a ticket"),
    ];
    assert_eq!(passed(&hall, "GET /api/things/odd", &ada, 9).await, 9);
    assert_eq!(passed(&hall, "GET /api/things/odd", &[ANN], 9).await, 0);
}

#[tokio::test]
async fn a_full_organisation_costs_its_callers_nothing_elsewhere() {
    let hall = table(vec![row(By::Organisation, Some(1)), row(By::User, Some(4))]);
    assert_eq!(passed(&hall, "GET /api/things/own", &[ANN], 9).await, 1);
    assert_eq!(passed(&hall, "GET /api/mine", &[ANN], 9).await, 3);
}

#[tokio::test]
async fn the_most_specific_row_counts() {
    let rows = vec![
        row(By::User, Some(1)),
        RateRow {
            class: Some(Rate::Api),
            ..row(By::User, Some(2))
        },
        RateRow {
            plan: Some("growth".to_owned()),
            ..row(By::User, Some(3))
        },
        RateRow {
            organisation: Some(Organisation::new(8)),
            ..row(By::User, Some(4))
        },
        RateRow {
            organisation: Some(Organisation::new(9)),
            ..row(By::User, None)
        },
        // Among equals the last.
        RateRow {
            class: Some(Rate::Api),
            ..row(By::User, Some(5))
        },
    ];
    let cases = [
        ("POST /api/orders", 1),
        ("GET /api/mine", 5),
        ("GET /api/things/own", 3),
        ("GET /api/things/small", 4),
        ("GET /api/things/odd", 9),
    ];
    for (line, max) in cases {
        let hall = table(rows.clone());
        assert_eq!(passed(&hall, line, &[ANN], 9).await, max, "{line}");
    }
}

#[tokio::test]
async fn routes_are_bounded_for_all_and_by_their_own_bound() {
    let hall = table(vec![RateRow {
        class: Some(Rate::Api),
        ..row(By::Route, Some(3))
    }]);
    let together = passed(&hall, "GET /api/mine", &[ANN], 2).await
        + passed(&hall, "GET /api/mine", &[BOB], 2).await;
    assert_eq!(together, 3);
    assert_eq!(passed(&hall, "POST /api/mine", &[ANN], 2).await, 2);
    let hall = Hall::new();
    assert_eq!(passed(&hall, "POST /api/codes", &[], 5).await, 2);
    let heard = hall.trial.ask("POST /api/codes", &[], "").await;
    assert_eq!(limits(&heard), [Some("2"), Some("0"), Some("10")]);
    assert_eq!(heard.header("retry-after"), Some("10"));
    hall.clock.advance(Duration::from_secs(10)).unwrap();
    assert_eq!(passed(&hall, "POST /api/codes", &[], 5).await, 2);
}

#[tokio::test]
async fn what_is_said_of_limits_is_of_the_tightest() {
    let hall = table(vec![
        row(By::User, Some(10)),
        row(By::Address, Some(3)),
        row(By::Organisation, Some(40)),
    ]);
    let line = "GET /api/things/own";
    let heard = hall.trial.ask(line, &[ANN], "").await;
    assert_eq!(limits(&heard), [Some("3"), Some("2"), Some("60")]);
    hall.trial.ask(line, &[ANN], "").await;
    hall.clock.advance(Duration::from_secs(20)).unwrap();
    hall.trial.ask(line, &[BOB], "").await;
    let heard = hall.trial.ask(line, &[BOB], "").await;
    assert_eq!(heard.status, 429);
    assert_eq!(limits(&heard), [Some("3"), Some("0"), Some("60")]);
    assert_eq!(heard.header("retry-after"), Some("40"));
    assert_eq!(heard.json()["code"], "rate_limited");
    assert_eq!(heard.json()["retryAfter"], 40);
    let nothing = Hall::new().trial.ask(line, &[ANN], "").await;
    assert_eq!(limits(&nothing), [None; 3]);
}

#[tokio::test]
async fn trying_has_a_limit_and_does_not_reach_the_grants() {
    let hall = table(vec![RateRow {
        class: Some(Rate::Api),
        ..row(By::User, Some(3))
    }]);
    for (place, line) in ["GET /api/things/gone", "GET /api/things/away"]
        .iter()
        .cycle()
        .take(8)
        .enumerate()
    {
        let (status, _) = hall.ask(line, &[ANN]).await;
        assert_eq!(status == 429, place >= 3, "{place} {line}");
    }
    assert_eq!(hall.book.asked(), 3, "the others were refused before");
    let limited = edge::What::Refused("rate_limited");
    assert_eq!(
        hall.book
            .told()
            .iter()
            .filter(|what| **what == limited)
            .count(),
        5
    );
    // A sign-in that is no good is counted for the address, whatever it says.
    for place in 0..6 {
        let guess = format!("Bearer guess{place}");
        let (status, _) = hall
            .ask("GET /api/mine", &[("authorization", &guess)])
            .await;
        assert_eq!(status, if place < 3 { 401 } else { 429 });
    }
}

#[test]
fn the_usual_table_is_as_it_is_documented() {
    let find = |rates: &Rates, class, by| {
        let rows = rates.rows().iter();
        let found = rows.filter(|row| row.class == class && row.by == by);
        found.map(|row| row.max).collect::<Vec<_>>()
    };
    let (usual, production) = (Rates::default(), Rates::production());
    for (class, max) in [(Rate::Api, 60), (Rate::Auth, 5), (Rate::Orders, 10)] {
        let class = Some(class);
        assert_eq!(find(&usual, class, By::User), [Some(max)]);
        assert_eq!(find(&usual, class, By::Address), [Some(10 * max)]);
    }
    for by in [By::User, By::Address] {
        assert_eq!(find(&usual, Some(Rate::Read), by), [Some(600)]);
    }
    assert_eq!(find(&production, Some(Rate::Api), By::User), [Some(120)]);
    assert_eq!(find(&production, None, By::Organisation), []);
}
