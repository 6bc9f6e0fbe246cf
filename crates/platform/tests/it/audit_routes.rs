//! Reading the audit log through the gate: whose entries one sees, in which order, and that reading is seen itself.

use std::sync::Arc;

use base::secret::Secret;
use base::{CursorKey, Error, Organisation, Time, codes};
use domain::audit::{Entry, What};
use domain::organisations::OrganisationId;
use edge::{
    Admission, Asked, Authorise, Caller, Edge, Granted, Identify, Parts, Places, Rates, Role,
    Settings,
};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use platform::audit::{self, Period, Whose};
use serde_json::Value;
use testkit::trial::Engine;
use tokio::sync::watch;

use super::audit::{Log, WITHIN};
use super::world::on_both;

on_both!(
    one_sees_what_happened_in_the_own_organisation,
    pages_and_periods_hold_together,
    reports_come_in_parts_with_a_summary,
    reading_is_seen,
);

/// The routes of the audit log, and an operator or member who asks.
struct Desk {
    log: Log,
    edge: Edge,
    mine: OrganisationId,
    other: OrganisationId,
    _cursors: watch::Sender<CursorKey>,
}

/// `operator`, or somebody with all rights in the organisation that he names.
struct Stated;

impl Identify for Stated {
    fn identify<'a>(
        &'a self,
        headers: &'a HeaderMap,
    ) -> BoxFuture<'a, base::Result<Option<Caller>>> {
        let stated = headers
            .get("authorization")
            .map(|text| text.to_str().unwrap().to_owned());
        Box::pin(async move {
            Ok(stated.map(|stated| match stated.as_str() {
                "operator" => Caller::new("opr_1", Role::Operator, None),
                _ => Caller::new(stated, Role::Person, None),
            }))
        })
    }
}

struct OwnOnly;

impl Authorise for OwnOnly {
    fn may<'a>(&'a self, asked: Asked<'a>) -> BoxFuture<'a, base::Result<Granted>> {
        let acting = asked.caller.role() == Role::Operator;
        let is_own = acting || asked.params[0].1 == asked.caller.actor();
        let organisation = super::world::uid(&asked.params[0].1).organisation();
        assert_eq!(asked.permission, "audit.read");
        Box::pin(async move {
            match is_own {
                false => Err(Error::missing(codes::NOT_FOUND, "there is no such thing")),
                true => Ok(Granted {
                    organisation,
                    plan: "starter".into(),
                    acting,
                    places: Places::All,
                }),
            }
        })
    }

    fn knows(&self, permission: &str) -> bool {
        permission == "audit.read"
    }
}

struct Said {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn items(&self) -> Vec<Value> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        let json = self.json();
        let list = json.get("items").or(json.get("entries")).unwrap();
        list.as_array().unwrap().clone()
    }
}

impl Desk {
    async fn new(engine: Engine) -> Self {
        let log = Log::new(engine).await;
        let world = &log.world;
        let (cursors, cursor) =
            watch::channel(CursorKey::new(*Secret::draw(&world.random).bytes()));
        let app = audit::App::with_key(&world.db, cursor);
        let parts = Parts {
            identify: Arc::new(Stated),
            authorise: Arc::new(OwnOnly),
            witness: Arc::new(log.ledger.clone()),
            admission: Admission::new(edge::admission::Settings::default(), world.clock.clone()),
            ..Parts::new(&world.clock, &world.random)
        };
        let settings = Settings {
            rates: Rates::unlimited(),
            ..Settings::default()
        };
        let edge = Edge::build(settings, audit::routes(&app), parts).unwrap();
        let id =
            |number| OrganisationId::make(&world.clock, &world.random, Organisation::new(number));
        Desk {
            mine: id(1),
            other: id(2),
            log,
            edge,
            _cursors: cursors,
        }
    }

    /// Entries of both organisations, and of none.
    async fn fill(&self, entries: i64) {
        for number in 1..=entries {
            let entry = Entry {
                at: Time::from_micros(number * 1_000_000),
                organisation: Organisation::new(u32::try_from(number % 3).unwrap()),
                actor: format!("per_{}", number % 2),
                role: "person".to_owned(),
                what: What::Action,
                operation: "brand.renamed".to_owned(),
                target: String::new(),
                code: String::new(),
                reason: String::new(),
                correlation: String::new(),
                source: Some(number.to_string()),
            };
            if number == entries {
                self.log.ledger.append(entry, WITHIN).await.unwrap();
            } else {
                self.log.ledger.tell(entry);
            }
        }
    }

    async fn ask(&self, who: &str, reason: &str, path: &str) -> Said {
        let mut request = Request::builder()
            .method(Method::GET)
            .uri(path)
            .header("host", "localhost")
            .header("authorization", who);
        if !reason.is_empty() {
            request = request.header("x-acting-reason", reason);
        }
        let request = request.body(Full::new(bytes::Bytes::new())).unwrap();
        let (head, body) = self.edge.call(request).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Said {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    async fn mine(&self, rest: &str) -> Said {
        let mine = self.mine.to_string();
        let path = format!("/api/organisations/{mine}/audit{rest}");
        self.ask(&mine, "", &path).await
    }

    /// Waits until what was seen is written, and answers all of it.
    async fn seen(&self, what: What, at_least: usize) -> Vec<Entry> {
        let of = (Whose::Everybodys, Period::new(None, None));
        for _ in 0..200 {
            let all = audit::oldest_first(&self.log.world.db, of, None, 1_000).await;
            let all = all.unwrap().into_iter().map(|link| link.entry);
            let found: Vec<Entry> = all.filter(|entry| entry.what == what).collect();
            if found.len() >= at_least {
                return found;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("it was not written");
    }
}

async fn one_sees_what_happened_in_the_own_organisation(engine: Engine) {
    let desk = Desk::new(engine).await;
    desk.fill(30).await;
    let path = format!("/api/organisations/{}/audit", desk.mine);
    let acted = desk.ask("operator", "ticket 4711", &path).await;
    assert_eq!(acted.status, StatusCode::OK, "{}", acted.text);
    let items = desk.mine("").await.items();
    assert!(
        items.iter().all(|item| item["organisation"] == 1),
        "{items:?}"
    );
    let acting = items.iter().find(|item| item["what"] == "acting").unwrap();
    assert_eq!(acting["reason"], "ticket 4711");
    assert_eq!(acting["actor"], "opr_1");
    assert_eq!(
        items.iter().filter(|item| item["what"] == "action").count(),
        10
    );
    // Another organisation, and one that is not there, look the same.
    let mine = desk.mine.to_string();
    let foreign = format!("/api/organisations/{}/audit", desk.other);
    for rest in ["", "/export", "/export.csv"] {
        let said = desk.ask(&mine, "", &format!("{foreign}{rest}")).await;
        assert_eq!(said.status, StatusCode::NOT_FOUND);
        assert!(!said.text.contains("brand.renamed"));
    }
    for rest in ["", "/export", "/export.csv"] {
        let said = desk.ask(&mine, "", &format!("/api/ops/audit{rest}")).await;
        assert_eq!(said.status, StatusCode::FORBIDDEN);
    }
    let all = desk
        .ask("operator", "", "/api/ops/audit?limit=100")
        .await
        .items();
    assert!(all.iter().any(|item| item["organisation"] == 2));
}

async fn pages_and_periods_hold_together(engine: Engine) {
    let desk = Desk::new(engine).await;
    desk.fill(90).await;
    let (mut numbers, mut rest) = (Vec::new(), "?limit=7".to_owned());
    let until = "&to=1970-01-01T00:01:00Z&from=1970-01-01T00:00:10Z";
    loop {
        let said = desk.mine(&format!("{rest}{until}")).await;
        numbers.extend(
            said.items()
                .iter()
                .map(|item| item["number"].as_i64().unwrap()),
        );
        match said.json()["next"].as_str() {
            Some(cursor) => rest = format!("?limit=7&cursor={cursor}"),
            None => break,
        }
    }
    let expected: Vec<i64> = (10..60).rev().filter(|number| number % 3 == 1).collect();
    assert_eq!(numbers, expected);
    // A cursor leads on in its own list only.
    let cursor = desk.mine("?limit=7").await.json()["next"].clone();
    let cursor = cursor.as_str().unwrap();
    let said = desk.mine(&format!("?limit=7&cursor={cursor}{until}")).await;
    assert_eq!(said.json()["code"], "cursor_refused");
    let path = format!("/api/ops/audit?limit=7&cursor={cursor}");
    let said = desk.ask("operator", "", &path).await;
    assert_eq!(said.json()["code"], "cursor_refused");
    for wrong in [
        "?from=x",
        "?to=1970-01-01",
        "?limit=0",
        "?limit=101",
        "?other=1",
        "/export?limit=1",
    ] {
        let said = desk.mine(wrong).await;
        assert!(said.status.is_client_error(), "{wrong}: {}", said.text);
    }
    let none = desk
        .mine("?from=1970-01-01T00:01:00Z&to=1970-01-01T00:00:10Z")
        .await;
    assert!(none.items().is_empty());
}

async fn reports_come_in_parts_with_a_summary(engine: Engine) {
    const ENTRIES: i64 = 7_000;
    let desk = Desk::new(engine).await;
    desk.fill(ENTRIES).await;
    // What this test reads is written down too, later than the period.
    let until = "to=1970-01-02T00:00:00Z";
    let first = desk.mine(&format!("/export?{until}")).await;
    let summary = first.json()["summary"].clone();
    let of = |actor: &str| {
        let mine = (1..=ENTRIES).filter(|number| number % 3 == 1);
        mine.filter(|number| format!("per_{}", number % 2) == actor)
            .count()
    };
    let counted = summary.as_array().unwrap();
    assert_eq!(counted.len(), 2, "{summary}");
    for line in counted {
        assert_eq!(line["operation"], "brand.renamed");
        assert_eq!(line["entries"], of(line["actor"].as_str().unwrap()));
    }
    let mut numbers: Vec<i64> = Vec::new();
    let mut said = first;
    loop {
        numbers.extend(
            said.items()
                .iter()
                .map(|item| item["number"].as_i64().unwrap()),
        );
        let json = said.json();
        let Some(next) = json["next"].as_str() else {
            break;
        };
        said = desk.mine(&format!("/export?{until}&cursor={next}")).await;
        assert!(said.json().get("summary").is_none());
    }
    let expected: Vec<i64> = (1..=ENTRIES).filter(|number| number % 3 == 1).collect();
    assert_eq!(numbers, expected);

    let mut rows = Vec::new();
    let mut said = desk.mine(&format!("/export.csv?{until}")).await;
    loop {
        assert_eq!(said.headers["content-type"], "text/csv; charset=utf-8");
        let mut lines = said.text.lines();
        assert!(lines.next().unwrap().starts_with("number,at,"));
        rows.extend(lines.map(|line| line.split(',').next().unwrap().replace('"', "")));
        let Some(next) = said.headers.get("x-next-cursor") else {
            break;
        };
        let next = next.to_str().unwrap().to_owned();
        said = desk
            .mine(&format!("/export.csv?{until}&cursor={next}"))
            .await;
    }
    let expected: Vec<String> = expected.iter().map(i64::to_string).collect();
    assert_eq!(rows, expected);
}

async fn reading_is_seen(engine: Engine) {
    let desk = Desk::new(engine).await;
    desk.mine("").await.items();
    desk.mine("/export").await.items();
    let mine = desk.mine.to_string();
    let read = desk.seen(What::Read, 2).await;
    let operations: Vec<&str> = read.iter().map(|entry| entry.operation.as_str()).collect();
    assert_eq!(operations, ["audit.list", "audit.export"]);
    assert!(read.iter().all(|entry| entry.target == mine));
    assert!(
        read.iter()
            .all(|entry| entry.organisation == Organisation::new(1))
    );
    desk.ask(&mine, "", "/api/ops/audit").await;
    let refused = desk.seen(What::Refused, 1).await;
    assert_eq!(
        (refused[0].code.as_str(), refused[0].operation.as_str()),
        ("forbidden", "ops.audit.list")
    );
}
