//! People who are signed in, on nodes with a clock that a test moves.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::{Clock, Error, KeyRing, Organisation, Random};
use domain::people::PersonId;
use edge::{Admission, Client, Edge, FirstOf, Parts, Rates, Strength};
use fabric::{Bus, Room, Trust};
use futures_util::FutureExt as _;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use identity::sessions::{self, App, Keys, Kind, Sessions, Settings, Start, Started};
use serde_json::Value;
use store::{Commit, Db, Sealer};
use testkit::trial::{Engine, World};
use tokio::sync::watch;

pub(crate) static BRING: store::Parts = store::Parts {
    shards: &[&engine::PART],
    people: &[&engine::PART, &identity::sessions::PART],
    control: &[],
    audit: &[],
};

/// The page that asks, as a browser of ours says.
pub(crate) const OURS: (&str, &str) = ("sec-fetch-site", "same-origin");
pub(crate) const AGENT: &str = "Mozilla/5.0 (canary-device)";
pub(crate) const ADDRESS: &str = "203.0.113.77";

/// Who runs the platform; nothing while that cannot be asked.
type Operators = Arc<Mutex<Option<HashSet<PersonId>>>>;

/// Who may sign in, and where that is kept.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) pepper: watch::Sender<KeyRing>,
    pub(crate) token: watch::Sender<KeyRing>,
    pub(crate) sealer: Sealer,
    pub(crate) operators: Operators,
    pub(crate) node: Node,
}

/// One node.
pub(crate) struct Node {
    pub(crate) app: App,
    pub(crate) edge: Edge,
    pub(crate) bus: Bus,
    pub(crate) trust: Trust,
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
}

impl Shop {
    pub(crate) async fn new(on: Engine) -> Self {
        let world = World::new(on).await;
        world.db.migrate(&BRING).await.unwrap();
        let random = Random::real();
        let clock = Clock::simulated(world.clock.now());
        let sealer = world.db.sealer(&KeyRing::draw(&random));
        let (pepper, peppers) = watch::channel(KeyRing::draw(&random));
        let (token, tokens) = watch::channel(KeyRing::draw(&random));
        let operators = Arc::new(Mutex::new(Some(HashSet::new())));
        let keys = Keys {
            pepper: peppers,
            token: tokens,
        };
        let made = Made {
            clock: &clock,
            sealer: &sealer,
            keys,
            operators: &operators,
        };
        let node = made.node(&world.db, Trust::granted());
        Shop {
            world,
            clock,
            random,
            pepper,
            token,
            sealer,
            operators,
            node,
        }
    }

    /// One more node over the same databases.
    pub(crate) fn node(&self, db: &Db, trust: Trust) -> Node {
        let keys = Keys {
            pepper: self.pepper.subscribe(),
            token: self.token.subscribe(),
        };
        let made = Made {
            clock: &self.clock,
            sealer: &self.sealer,
            keys,
            operators: &self.operators,
        };
        made.node(db, trust)
    }

    pub(crate) fn person(&self) -> PersonId {
        PersonId::make(&self.clock, &self.random, Organisation::PEOPLE)
    }

    /// A person signs in.
    pub(crate) async fn sign_in(&self, person: PersonId, strength: Strength) -> Started {
        let mut commit = Commit::of_person(&self.clock, &self.random, person.uid());
        let client = client();
        let start = Start {
            person,
            strength,
            kind: Kind::Person,
            client: &client,
            trace: "",
        };
        let started = self.node.app.begin(&mut commit, start).await.unwrap();
        let db = &self.world.db;
        db.commit(commit, &db.deadline()).await.unwrap();
        started
    }

    /// Somebody new signs in.
    pub(crate) async fn diner(&self) -> (PersonId, Started) {
        let person = self.person();
        (person, self.sign_in(person, Strength::One).await)
    }

    pub(crate) fn later(&self, minutes: u64) {
        self.clock
            .advance(Duration::from_secs(minutes * 60))
            .unwrap();
    }
}

/// From where people sign in here.
pub(crate) fn client() -> Client {
    Client {
        address: Some(ADDRESS.parse::<IpAddr>().unwrap()),
        agent: Some(AGENT.into()),
    }
}

struct Made<'a> {
    clock: &'a Clock,
    sealer: &'a Sealer,
    keys: Keys,
    operators: &'a Operators,
}

impl Made<'_> {
    fn node(self, db: &Db, trust: Trust) -> Node {
        let random = Random::real();
        let bus = Bus::memory(Room::default());
        let operators = Arc::clone(self.operators);
        let app = App::new(sessions::Parts {
            db,
            sealer: self.sealer,
            clock: self.clock,
            random: &random,
            bus: &bus,
            trust: &trust,
            keys: self.keys,
            settings: Settings::default(),
            is_operator: Arc::new(move |person| {
                let known = operators.lock().unwrap();
                let is = known.as_ref().map(|known| known.contains(&person));
                let away = || Error::unavailable(base::codes::UNAVAILABLE, "away");
                std::future::ready(is.ok_or_else(away)).boxed()
            }),
        });
        let room = edge::admission::Settings {
            limit_first: 1_000,
            limit_min: 1_000,
            ..Default::default()
        };
        let parts = Parts {
            identify: Arc::new(FirstOf(vec![Arc::new(Sessions::new(&app))])),
            admission: Admission::new(room, self.clock.clone()),
            ..Parts::new(self.clock, &random)
        };
        let settings = edge::Settings {
            rates: Rates::unlimited(),
            ..edge::Settings::default()
        };
        let edge = Edge::build(settings, sessions::routes(&app), parts).unwrap();
        Node {
            app,
            edge,
            bus,
            trust,
        }
    }
}

impl Node {
    /// Asks with these headers; a body is JSON.
    pub(crate) async fn ask(
        &self,
        (method, path): (Method, &str),
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Said {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        if !body.is_empty() {
            request = request
                .header("content-type", "application/json")
                .header("content-length", body.len());
        }
        let request = request.body(Full::new(bytes::Bytes::from(body))).unwrap();
        let (head, body) = self.edge.call(request).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = match body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&body).unwrap(),
        };
        Said {
            status: head.status,
            headers: head.headers,
            body,
        }
    }

    /// Asks as a browser that holds this token.
    pub(crate) async fn browse(&self, method: Method, path: &str, token: &str) -> Said {
        let cookie = format!("__Host-comanda={token}");
        self.ask((method, path), &[("cookie", &cookie), OURS], None)
            .await
    }

    /// Asks as an app that holds this token.
    pub(crate) async fn bear(&self, method: Method, path: &str, token: &str) -> Said {
        let bearer = format!("Bearer {token}");
        self.ask((method, path), &[("authorization", &bearer)], None)
            .await
    }

    /// Whether this token opens a session.
    pub(crate) async fn knows(&self, token: &str) -> bool {
        match self.browse(Method::GET, LIST, token).await.status {
            StatusCode::OK => true,
            StatusCode::UNAUTHORIZED => false,
            other => panic!("{other}"),
        }
    }
}

pub(crate) const LIST: &str = "/api/me/sessions";
pub(crate) const LOGOUT: &str = "/api/auth/logout";
