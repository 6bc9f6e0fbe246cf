//! People who have second factors, browsers that remember cookies, and a clock that a test moves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::{Clock, KeyRing, Random, Result};
use domain::people::{Contact, Email, PersonId, Profile};
use edge::{Admission, Client, Edge, FirstOf, Parts, Rates, Strength};
use fabric::{Bus, Limits, Room, Trust};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use identity::factors::{self, App, Loopback, Provider, Staff};
use identity::people::{self, Newcomer, Proof};
use identity::sessions::{self, Keys, Kind, Sessions, Start};
use serde_json::{Value, json};
use store::Commit;
use testkit::trial::{Engine, World};
use tokio::sync::watch;

static BRING: store::Parts = store::Parts {
    shards: &[],
    people: identity::PEOPLE,
    control: &[],
    audit: &[],
};

/// The address under which browsers reach the platform, where nothing else is said.
pub(crate) const PUBLIC: &str = "https://eat.example.com";

/// Knows who is staff from what a test said.
#[derive(Clone, Default)]
pub(crate) struct Roster(Arc<Mutex<Vec<PersonId>>>);

impl Staff for Roster {
    fn is_staff(&self, person: PersonId) -> BoxFuture<'_, Result<bool>> {
        Box::pin(std::future::ready(Ok(self
            .0
            .lock()
            .unwrap()
            .contains(&person))))
    }
}

/// The slices on one engine.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) pepper: watch::Sender<KeyRing>,
    pub(crate) people: people::App,
    pub(crate) sessions: sessions::App,
    pub(crate) app: App,
    pub(crate) edge: Edge,
    staff: Roster,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Said {
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap()
    }

    pub(crate) fn location(&self) -> &str {
        self.headers["location"].to_str().unwrap()
    }

    /// That it is this refusal.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) {
        assert_eq!(
            (self.status.as_u16(), self.code()),
            (status, code),
            "{self:?}"
        );
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(self.status.is_success(), "{self:?}");
        self
    }
}

impl Shop {
    pub(crate) async fn new(on: Engine) -> Self {
        Self::with(on, PUBLIC, Vec::new()).await
    }

    pub(crate) async fn with(on: Engine, public: &str, providers: Vec<Provider>) -> Self {
        let world = World::new(on).await;
        world.db.migrate(&BRING).await.unwrap();
        let (random, clock) = (Random::real(), Clock::simulated(world.clock.now()));
        let sealer = world.db.sealer(&KeyRing::draw(&random));
        let (pepper, peppers) = watch::channel(KeyRing::draw(&random));
        let (_, tokens) = watch::channel(KeyRing::draw(&random));
        let sessions = sessions::App::new(sessions::Parts {
            db: &world.db,
            sealer: &sealer,
            clock: &clock,
            random: &random,
            bus: &Bus::memory(Room::default()),
            trust: &Trust::granted(),
            keys: Keys {
                pepper: peppers.clone(),
                token: tokens,
            },
            settings: sessions::Settings::default(),
            is_operator: Arc::new(|_| async { Ok(false) }.boxed()),
        });
        let people = people::App::new(&world.db, &sealer, (&clock, &random));
        let (staff, limits) = (Roster::default(), Limits::memory(&clock, 1_000));
        let app = App::new(factors::Parts {
            db: &world.db,
            sealer: &sealer,
            clock: &clock,
            random: &random,
            pepper: peppers,
            limits: &limits,
            people: &people,
            sessions: &sessions,
            staff: Arc::new(staff.clone()),
            settings: factors::Settings {
                public_url: public.to_owned(),
                name: "Comanda".to_owned(),
                providers,
                loopback: Loopback::Plain,
            },
        });
        let app = app.unwrap();
        let edge = edge_of(&app, &sessions, (&clock, &random));
        Shop {
            world,
            clock,
            random,
            pepper,
            people,
            sessions,
            app,
            edge,
            staff,
        }
    }

    /// Somebody with an account, who is known by an e-mail address.
    pub(crate) async fn person(&self, email: &str) -> PersonId {
        let person = self.people.new_person();
        let mut commit = Commit::of_person(&self.clock, &self.random, person.uid());
        let contact = Contact::from(Email::parse(email).unwrap());
        let newcomer = Newcomer {
            contact: Some((&contact, Proof::Given)),
            profile: &Profile::default(),
            trace: "",
        };
        self.people
            .join(&mut commit, person, &newcomer)
            .await
            .unwrap();
        self.store(commit).await;
        person
    }

    /// A browser in which the person has signed in by one thing.
    pub(crate) async fn browser_of(&self, person: PersonId) -> Browser<'_> {
        self.browser_with(person, Kind::Person).await
    }

    /// Somebody who orders without an account.
    pub(crate) async fn guest(&self) -> (PersonId, Browser<'_>) {
        let nobody = Newcomer {
            contact: None,
            profile: &Profile::default(),
            trace: "",
        };
        let entry = self.people.enter(&nobody).await.unwrap();
        let guest = entry.person;
        self.store(entry.commit).await;
        (guest, self.browser_with(guest, Kind::Guest).await)
    }

    /// The guests that a person was, as the person is told.
    pub(crate) async fn guests_of(&self, person: PersonId) -> Value {
        self.app.export(person).await.unwrap()["guests"].clone()
    }

    async fn browser_with(&self, person: PersonId, kind: Kind) -> Browser<'_> {
        let mut commit = self.people.commit_of(person);
        let client = Client {
            address: None,
            agent: None,
        };
        let start = Start {
            person,
            strength: Strength::One,
            kind,
            client: &client,
            trace: "",
        };
        let started = self.sessions.begin(&mut commit, start).await.unwrap();
        self.store(commit).await;
        let mut browser = self.browser();
        browser.take("__Host-comanda", &started.token);
        browser
    }

    /// Somebody new who has signed in by one thing.
    pub(crate) async fn somebody(&self) -> (PersonId, Browser<'_>) {
        let person = self
            .person(&format!("p{}@example.com", self.random.u64()))
            .await;
        (person, self.browser_of(person).await)
    }

    /// A browser that knows nothing yet.
    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser {
            shop: self,
            cookies: BTreeMap::new(),
        }
    }

    pub(crate) fn employ(&self, person: PersonId) {
        self.staff.0.lock().unwrap().push(person);
    }

    pub(crate) fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds)).unwrap();
    }

    async fn store(&self, commit: Commit) {
        let db = &self.world.db;
        db.commit(commit, &db.deadline()).await.unwrap();
    }
}

fn edge_of(app: &App, sessions: &sessions::App, (clock, random): (&Clock, &Random)) -> Edge {
    let room = edge::admission::Settings {
        limit_first: 1_000,
        limit_min: 1_000,
        ..Default::default()
    };
    let parts = Parts {
        identify: Arc::new(FirstOf(vec![Arc::new(Sessions::new(sessions))])),
        admission: Admission::new(room, clock.clone()),
        ..Parts::new(clock, random)
    };
    let settings = edge::Settings {
        rates: Rates::unlimited(),
        ..edge::Settings::default()
    };
    let routes = factors::routes(app).with(sessions::routes(sessions));
    Edge::build(settings, routes, parts).unwrap()
}

/// A browser: it keeps the cookies that it is given and sends them along.
pub(crate) struct Browser<'a> {
    shop: &'a Shop,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser<'_> {
    pub(crate) fn take(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) async fn get(&mut self, path: &str) -> Said {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Said {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn poke(&mut self, path: &str) -> Said {
        self.ask(Method::POST, path, None).await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> Said {
        self.ask(Method::DELETE, path, None).await
    }

    /// Proves the second factor by a code of an app.
    pub(crate) async fn prove(&mut self, code: &str) -> Said {
        self.post("/api/auth/second-factor", json!({"code": code}))
            .await
    }

    /// Sets up an app: its secret, and the recovery codes.
    pub(crate) async fn set_up_totp(&mut self) -> (String, Vec<String>) {
        let offered = self.poke("/api/me/factors/totp").await.ok();
        let secret = offered.text("secret").to_owned();
        let code = crate::code(&secret, self.shop.clock.now());
        let confirmed = self
            .post("/api/me/factors/totp/confirm", json!({"code": code}))
            .await
            .ok();
        let codes = confirmed.body["recoveryCodes"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned());
        (secret, codes.collect())
    }

    pub(crate) async fn ask(&mut self, method: Method, path: &str, body: Option<Value>) -> Said {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "eat.example.com")
            .header("sec-fetch-site", "same-origin");
        if !self.cookies.is_empty() {
            let pairs = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            request = request.header("cookie", pairs.collect::<Vec<_>>().join("; "));
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        if !body.is_empty() {
            request = request
                .header("content-type", "application/json")
                .header("content-length", body.len());
        }
        let request = request.body(Full::new(bytes::Bytes::from(body))).unwrap();
        let (head, body) = self.shop.edge.call(request).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        for cookie in head.headers.get_all("set-cookie") {
            self.keep(cookie.to_str().unwrap());
        }
        Said {
            status: head.status,
            headers: head.headers,
            body: match body.is_empty() {
                true => Value::Null,
                false => serde_json::from_slice(&body).unwrap(),
            },
        }
    }

    fn keep(&mut self, cookie: &str) {
        for needed in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(needed), "{cookie}");
        }
        let (name, rest) = cookie.split_once('=').unwrap();
        let value = rest.split(';').next().unwrap();
        match value.is_empty() {
            true => self.cookies.remove(name),
            false => self.cookies.insert(name.to_owned(), value.to_owned()),
        };
    }
}
