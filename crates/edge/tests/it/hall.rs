//! A trial app for who may what: every policy, every sort of caller by header or cookie, and an audit log that
//! remembers what it was told.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use base::{Clock, Error, Organisation, Random, Time, codes};
use edge::cookie::{self, Set};
use edge::{
    Answer, Asked, Authorise, Caller, Client, Criticality, Edge, FirstOf, Granted, Hosts, Identify,
    Means, Nobody, Parts, Path, Places, Policy, Rate, Rates, Redirect, Role, Route, Routes, Seen,
    Settings, Site, Strength, What, Who, WithCookie, Witness,
};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::trial::Trial;

/// The organisation of the target `own`.
pub(crate) const OWN: Organisation = Organisation::new(7);
/// The origin that is listed.
pub(crate) const LISTED: &str = "https://shop.example";

/// What happened behind the gate.
#[derive(Default)]
pub(crate) struct Book {
    seen: Mutex<Vec<Seen>>,
    /// Whether nothing can be written down.
    pub(crate) is_away: AtomicBool,
    pub(crate) handled: AtomicUsize,
    pub(crate) asked: AtomicUsize,
    /// How often handlers had run when somebody's acting was written down.
    pub(crate) handled_when_written: AtomicUsize,
}

impl Book {
    pub(crate) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    pub(crate) fn told(&self) -> Vec<What> {
        self.seen().into_iter().map(|seen| seen.what).collect()
    }

    pub(crate) fn handled(&self) -> usize {
        self.handled.swap(0, Ordering::Relaxed)
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::Relaxed)
    }
}

pub(crate) struct Hall {
    pub(crate) trial: Trial,
    pub(crate) clock: Clock,
    pub(crate) book: Arc<Book>,
}

impl Hall {
    pub(crate) fn new() -> Self {
        Self::with(Rates::unlimited())
    }

    pub(crate) fn with(rates: Rates) -> Self {
        Self::with_settings(Settings {
            rates,
            origins: vec![LISTED.to_owned()],
            ..Settings::default()
        })
    }

    pub(crate) fn with_settings(settings: Settings) -> Self {
        let clock = Clock::simulated(Time::EPOCH);
        let book = Arc::new(Book::default());
        let parts = Parts {
            identify: Arc::new(FirstOf(vec![Arc::new(Nobody), Arc::new(Doors)])),
            authorise: Arc::new(Grants(book.clone())),
            witness: Arc::new(Ears(book.clone())),
            hosts: Arc::new(Names),
            ..Parts::new(&clock, &Random::seeded(1))
        };
        let routes = routes().with_state(book.clone());
        let edge = Edge::build(settings, routes, parts).unwrap();
        Self {
            trial: Trial { edge },
            clock,
            book,
        }
    }

    /// Asks and gives status and code.
    pub(crate) async fn ask(&self, line: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let heard = self.trial.ask(line, headers, "").await;
        let code = match heard.status {
            400.. => heard.json()["code"].as_str().unwrap().to_owned(),
            _ => String::new(),
        };
        (heard.status, code)
    }
}

/// Reads `role-strength-name` out of the header or the cookie.
struct Doors;

impl Identify for Doors {
    fn identify<'a>(
        &'a self,
        headers: &'a HeaderMap,
    ) -> BoxFuture<'a, base::Result<Option<Caller>>> {
        let by_header = edge::bearer(headers).map(|text| (text, Means::Bearer));
        let by_cookie = || cookie::read(headers, cookie::SESSION).map(|text| (text, Means::Cookie));
        let found = match by_header.or_else(by_cookie) {
            None => Ok(None),
            Some((text, means)) => read(text, means),
        };
        Box::pin(std::future::ready(found))
    }
}

fn read(text: &str, means: Means) -> base::Result<Option<Caller>> {
    let parts: Vec<&str> = text.split('-').collect();
    let [role, strength, name] = parts[..] else {
        let message = "the key is not known";
        return match text.starts_with("other") {
            true => Ok(None),
            false => Err(Error::unauthenticated(codes::UNAUTHENTICATED, message)),
        };
    };
    let role = match role {
        "operator" => Role::Operator,
        "person" => Role::Person,
        "key" => Role::Key,
        _ => Role::Device,
    };
    let bound = matches!(role, Role::Key | Role::Device);
    Ok(Some(Caller::of(Who {
        actor: format!("{}_{name}", role.name()),
        role,
        organisation: bound.then_some(OWN),
        person: None,
        session: None,
        strength: match strength {
            "one" => Strength::One,
            _ => Strength::Two,
        },
        means: match strength {
            "liar" => Means::Bearer,
            _ => means,
        },
    })))
}

/// The target says what is granted there.
struct Grants(Arc<Book>);

impl Authorise for Grants {
    fn may<'a>(&'a self, asked: Asked<'a>) -> BoxFuture<'a, base::Result<Granted>> {
        self.0.asked.fetch_add(1, Ordering::Relaxed);
        let (_, target) = &asked.params[0];
        let acting = asked.caller.role() == Role::Operator;
        let granted = |number, plan: &str| {
            Ok(Granted {
                organisation: Organisation::new(number),
                plan: plan.into(),
                acting,
                places: Places::All,
            })
        };
        let found = match &**target {
            "own" => granted(7, "growth"),
            "small" => granted(8, "starter"),
            "odd" => granted(9, "odd"),
            "reads" if !asked.changes => granted(7, "growth"),
            "reads" => Err(Error::forbidden(codes::FORBIDDEN, "it may be read alone")),
            "away" => Err(Error::unavailable(codes::UNAVAILABLE, "ask later")),
            _ => Err(Error::missing(codes::NOT_FOUND, "there is no such thing")),
        };
        Box::pin(std::future::ready(found))
    }

    fn knows(&self, permission: &str) -> bool {
        matches!(permission, "things.read" | "things.change")
    }
}

struct Ears(Arc<Book>);

impl Witness for Ears {
    fn saw(&self, seen: Seen) {
        self.0.seen.lock().unwrap().push(seen);
    }

    fn acting<'a>(&'a self, seen: Seen) -> BoxFuture<'a, base::Result<()>> {
        Box::pin(async move {
            // As if it were written somewhere else.
            tokio::task::yield_now().await;
            if self.0.is_away.load(Ordering::Relaxed) {
                return Err(Error::internal(codes::DAMAGED, "the log is away"));
            }
            let before = self.0.handled.load(Ordering::Relaxed);
            self.0.handled_when_written.store(before, Ordering::Relaxed);
            self.saw(seen);
            Ok(())
        })
    }
}

struct Names;

impl Hosts for Names {
    fn of(&self, host: &str) -> Option<Organisation> {
        (host == "pizza.example").then_some(OWN)
    }
}

#[derive(Deserialize, IntoParams)]
pub(crate) struct OfThing {
    /// Which.
    #[param(max_length = 10)]
    thing: String,
}

#[derive(Deserialize, IntoParams)]
pub(crate) struct OfHouse {
    /// Which.
    #[param(max_length = 30)]
    house: String,
}

fn route(method: Method, path: &'static str, operation: &'static str) -> Route<Arc<Book>> {
    Route::new(method, path, operation)
        .about("Try it")
        .tag("trial")
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(Duration::from_secs(5))
        .takes_nothing()
        .answers_text("text/plain; charset=utf-8")
}

pub(crate) fn routes() -> Routes<Arc<Book>> {
    Routes::new().with(policies()).with(others())
}

fn policies() -> Routes<Arc<Book>> {
    let mut routes = Routes::new();
    let names = [
        ("/api/public", "public", Policy::Public),
        ("/api/mine", "mine", Policy::SignedIn),
        ("/api/installation", "installation", Policy::Operator),
    ];
    for (path, name, policy) in names {
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ] {
            let operation: &'static str = format!("{name}.{method}").to_lowercase().leak();
            routes = routes.add(
                route(method, path, operation)
                    .policy(policy)
                    .handler(handled),
            );
        }
    }
    routes
        .add(
            route(Method::GET, "/api/entered/{house}", "house.enter")
                .policy(Policy::Inside)
                .path::<OfHouse>()
                .handler(entered),
        )
        .add(
            route(Method::GET, "/api/things/{thing}", "things.read")
                .policy(Policy::May("things.read"))
                .path::<OfThing>()
                .handler(granted),
        )
        .add(
            route(Method::POST, "/api/things/{thing}", "things.change")
                .policy(Policy::May("things.change"))
                .path::<OfThing>()
                .handler(granted),
        )
}

fn others() -> Routes<Arc<Book>> {
    Routes::new()
        .add(
            route(Method::GET, "/api/people/{thing}", "people.read")
                .policy(Policy::SignedIn)
                .reads_personal()
                .path::<OfThing>()
                .fails(&[codes::NOT_FOUND, codes::FORBIDDEN])
                .handler(person),
        )
        .add(
            route(Method::POST, "/api/codes", "codes.send")
                .policy(Policy::Public)
                .bound(2, Duration::from_secs(10))
                .handler(handled),
        )
        .add(
            route(Method::POST, "/api/orders", "orders.place")
                .policy(Policy::Public)
                .rate(Rate::Orders)
                .handler(handled),
        )
        .add(
            route(Method::POST, "/api/sign-in", "sign.in")
                .policy(Policy::Public)
                .handler(sign_in),
        )
        .add(
            route(Method::GET, "/api/careless", "careless")
                .policy(Policy::SignedIn)
                .handler(careless),
        )
        .add(
            route(Method::GET, "/api/away", "away")
                .policy(Policy::Public)
                .answers_redirect()
                .handler(away),
        )
        .add(
            route(Method::GET, "/api/site", "site")
                .policy(Policy::Public)
                .handler(site),
        )
}

async fn handled(State(book): State<Arc<Book>>, headers: HeaderMap) -> &'static str {
    book.handled.fetch_add(1, Ordering::Relaxed);
    match headers.contains_key("cookie") {
        true => "with cookies",
        false => "done",
    }
}

async fn entered(State(book): State<Arc<Book>>, Path(of): Path<OfHouse>) -> String {
    book.handled.fetch_add(1, Ordering::Relaxed);
    of.house
}

async fn granted(
    State(book): State<Arc<Book>>,
    Path(_of): Path<OfThing>,
    granted: Granted,
) -> String {
    book.handled.fetch_add(1, Ordering::Relaxed);
    format!("{} {}", granted.organisation, granted.plan)
}

async fn person(Path(of): Path<OfThing>) -> Answer<&'static str> {
    match &*of.thing {
        "nobody" => Err(Error::missing(codes::NOT_FOUND, "nobody").into()),
        "closed" => Err(Error::forbidden(codes::FORBIDDEN, "not this one").into()),
        _ => Ok("Ada"),
    }
}

async fn sign_in() -> Answer<(StatusCode, WithCookie<&'static str>)> {
    let cookie = Set::new(cookie::SESSION, "secret", Duration::from_secs(60))?;
    Ok((StatusCode::CREATED, WithCookie(cookie, "hello")))
}

/// Says of what is one caller's alone that everybody may keep it.
async fn careless() -> ([(&'static str, &'static str); 1], &'static str) {
    ([("cache-control", "public, max-age=60")], "secret")
}

async fn away() -> Redirect {
    Redirect("https://accounts.example/?a=b".to_owned())
}

async fn site(Site(organisation): Site, client: Client) -> String {
    let agent = client.agent.as_deref().unwrap_or("-").len();
    format!("{organisation:?} {:?} {agent}", client.address)
}
