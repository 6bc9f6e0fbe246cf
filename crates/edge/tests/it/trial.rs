//! A trial app with a route of each shape, called in process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use base::{Clock, Error, Random, Time, codes};
use bytes::Bytes;
use edge::{
    Answer, Body, Caller, Criticality, Edge, IdempotencyKey, Identify, IfMatch, Json, Parts, Path,
    Peer, Policy, Query, Rate, Role, Route, Routes, Seen, Settings, Versioned, Witness,
};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The text that no answer may ever show.
pub(crate) const SECRET: &str = "SELECT secret FROM vault";

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) clock: Clock,
}

#[derive(Deserialize, IntoParams)]
pub(crate) struct OfThing {
    /// Which thing.
    #[param(minimum = 1, maximum = 1000)]
    thing: u64,
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Part {
    /// How many at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Only those of this colour.
    only_colour: Option<Colour>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Colour {
    Red,
    DarkBlue,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewThing {
    /// What it is called.
    #[schema(min_length = 1, max_length = 40)]
    name: String,
    /// Its lines.
    lines: Vec<Line>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Line {
    /// How many.
    #[schema(minimum = 0, maximum = 100)]
    quantity: u32,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Thing {
    /// What it is called.
    name: String,
    /// Its colour.
    colour: Colour,
    /// How many lines it has.
    lines: usize,
}

/// Routes that answer all that their schemas let in.
pub(crate) fn sound_routes() -> Routes<App> {
    things()
        .add(
            reading("/api/me", "me.read", "odd")
                .policy(Policy::SignedIn)
                .answers_text("text/plain; charset=utf-8")
                .handler(me),
        )
        .add(
            Route::new(Method::POST, "/api/uploads", "uploads.create")
                .about("Send much")
                .tag("odd")
                .policy(Policy::Public)
                .rate(Rate::Auth)
                .criticality(Criticality::Background)
                .deadline(Duration::from_secs(5))
                .takes_stream("application/octet-stream", 1_000_000)
                .answers_text("text/plain; charset=utf-8")
                .handler(upload),
        )
}

pub(crate) fn routes() -> Routes<App> {
    sound_routes()
        .add(
            reading("/api/large", "large.read", "large")
                .answers::<Thing>(StatusCode::OK)
                .handler(large),
        )
        .add(
            reading("/api/slow", "slow.read", "odd")
                .deadline(Duration::from_millis(50))
                .answers::<Thing>(StatusCode::OK)
                .handler(slow),
        )
        .add(
            reading("/api/panic", "panic.read", "odd")
                .answers::<Thing>(StatusCode::OK)
                .handler(panics),
        )
        .add(
            reading("/api/broken", "broken.read", "odd")
                .answers::<Thing>(StatusCode::OK)
                .handler(broken),
        )
}

fn things() -> Routes<App> {
    Routes::new()
        .add(
            reading("/api/things", "things.list", "things")
                .query::<Part>()
                .answers::<Thing>(StatusCode::OK)
                .handler(list),
        )
        .add(
            changing(Method::POST, "/api/things", "things.create")
                .takes::<NewThing>()
                .answers::<Thing>(StatusCode::CREATED)
                .handler(create),
        )
        .add(
            reading("/api/things/{thing}", "things.read", "things")
                .path::<OfThing>()
                .answers::<Thing>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(read),
        )
        .add(
            changing(Method::PATCH, "/api/things/{thing}", "things.change")
                .path::<OfThing>()
                .takes::<NewThing>()
                .answers::<Thing>(StatusCode::OK)
                .fails(&[codes::VERSION_CHANGED])
                .handler(change),
        )
        .add(
            changing(Method::DELETE, "/api/things/{thing}", "things.remove")
                .path::<OfThing>()
                .takes_nothing()
                .answers_nothing(StatusCode::NO_CONTENT)
                .handler(remove),
        )
}

fn reading(path: &'static str, operation: &'static str, tag: &'static str) -> Route<App> {
    Route::new(Method::GET, path, operation)
        .about("Read something")
        .tag(tag)
        .policy(Policy::Public)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(Duration::from_secs(5))
        .takes_nothing()
}

fn changing(method: Method, path: &'static str, operation: &'static str) -> Route<App> {
    Route::new(method, path, operation)
        .about("Change something")
        .tag("things")
        .policy(Policy::Operator)
        .rate(Rate::Api)
        .criticality(Criticality::Critical)
        .deadline(Duration::from_secs(5))
}

fn thing(name: impl Into<String>, lines: usize) -> Thing {
    Thing {
        name: name.into(),
        colour: Colour::Red,
        lines,
    }
}

async fn list(Query(part): Query<Part>) -> Answer<Json<Thing>> {
    let limit = part.limit.unwrap_or(20);
    let name = format!("{limit} {:?}", part.only_colour);
    Ok(Json(thing(name, 0)))
}

async fn create(
    State(_app): State<App>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Json(new): Json<NewThing>,
) -> Answer<(StatusCode, Json<Thing>)> {
    let lines = new.lines.iter().map(|line| line.quantity as usize).sum();
    let name = format!(
        "{} {} {}",
        new.name,
        caller.actor(),
        key.as_deref().unwrap_or("-")
    );
    Ok((StatusCode::CREATED, Json(thing(name, lines))))
}

async fn read(Path(of): Path<OfThing>) -> Answer<Versioned<Thing>> {
    if of.thing == 1000 {
        return Err(Error::missing(codes::NOT_FOUND, "there is no such thing").into());
    }
    Ok(Versioned(7, thing(of.thing.to_string(), 0)))
}

async fn change(
    Path(of): Path<OfThing>,
    IfMatch(version): IfMatch,
    Json(new): Json<NewThing>,
) -> Answer<Versioned<Thing>> {
    if version.is_some_and(|version| version != 7) {
        return Err(Error::conflict(codes::VERSION_CHANGED, "it was changed").into());
    }
    Ok(Versioned(
        8,
        thing(new.name, usize::try_from(of.thing).unwrap()),
    ))
}

async fn remove(Path(_of): Path<OfThing>) -> Answer<StatusCode> {
    Ok(StatusCode::NO_CONTENT)
}

async fn large() -> Json<Thing> {
    Json(thing("large ".repeat(2000), 0))
}

async fn slow(State(app): State<App>) -> Json<Thing> {
    let _held = app.clock;
    std::future::pending().await
}

async fn panics() -> Json<Thing> {
    panic!("{SECRET}")
}

async fn broken() -> Answer<Json<Thing>> {
    let cause = std::io::Error::other(SECRET);
    let error = Error::internal(codes::DAMAGED, SECRET).caused_by(cause);
    Err(error
        .field("vault", codes::DAMAGED, SECRET)
        .context(SECRET)
        .into())
}

async fn me(caller: Caller) -> String {
    caller.actor().to_owned()
}

async fn upload(mut body: Body) -> Answer<String> {
    let mut bytes = 0;
    while let Some(piece) = body.next().await? {
        bytes += piece.len();
    }
    Ok(bytes.to_string())
}

/// Knows two sign-ins.
struct Doors;

impl Identify for Doors {
    fn identify<'a>(
        &'a self,
        headers: &'a HeaderMap,
    ) -> BoxFuture<'a, base::Result<Option<Caller>>> {
        let found = match headers
            .get("authorization")
            .map(|value| value.to_str().unwrap_or("?"))
        {
            None => Ok(None),
            Some("Bearer operator") => Ok(Some(Caller::new("opr_1", Role::Operator, None))),
            Some("Bearer member") => Ok(Some(Caller::new("per_1", Role::Person, None))),
            Some(_) => Err(Error::unauthenticated(
                codes::UNAUTHENTICATED,
                "the key is not known",
            )),
        };
        Box::pin(std::future::ready(found))
    }
}

pub(crate) struct Trial {
    pub(crate) edge: Edge,
}

/// What was answered.
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Heard {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// Takes down whatever it is told, and forgets it.
struct Forgetful;

impl Witness for Forgetful {
    fn saw(&self, _seen: Seen) {}

    fn acting<'a>(&'a self, _seen: Seen) -> BoxFuture<'a, base::Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

pub(crate) fn parts(clock: &Clock) -> Parts {
    Parts {
        identify: Arc::new(Doors),
        witness: Arc::new(Forgetful),
        ..Parts::new(clock, &Random::seeded(1))
    }
}

impl Trial {
    pub(crate) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let clock = Clock::simulated(Time::EPOCH);
        let routes = routes().with_state(App {
            clock: clock.clone(),
        });
        let edge = Edge::build(settings, routes, parts(&clock)).unwrap();
        Self { edge }
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Heard {
        let response = self.edge.call(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Heard {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        }
    }

    pub(crate) async fn ask(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Heard {
        self.send(request(line, headers, body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Heard {
        self.ask(&format!("GET {path}"), &[], "").await
    }
}

/// Makes a request from `METHOD /path`; a body that is there is JSON unless a header says otherwise.
pub(crate) fn request(line: &str, headers: &[(&str, &str)], body: &str) -> Request<Full<Bytes>> {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "comanda.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header("content-type", "application/json");
    }
    let peer: SocketAddr = "192.0.2.7:5000".parse().unwrap();
    let request = request.extension(Peer(peer));
    request.body(Full::from(body.to_owned())).unwrap()
}

pub(crate) const OPERATOR: (&str, &str) = ("authorization", "Bearer operator");
pub(crate) const MEMBER: (&str, &str) = ("authorization", "Bearer member");
pub(crate) const THING: &str = r#"{"name":"a","lines":[{"quantity":2},{"quantity":3}]}"#;
