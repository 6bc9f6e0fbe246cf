//! Nodes with the routes of organisations and access, with the real doorkeeper, an engine each, and a post office.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::secret::Secret;
use base::{CursorKey, KeyRing, Organisation, Result};
use domain::access::Access;
use domain::people::PersonId;
use edge::{
    Admission, Caller, Edge, Identify, Means, Parts, Rates, Role, Seen, Settings, Strength, What,
    Who, Witness,
};
use engine::Tasks;
use fabric::{Bus, Room, Trust};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use platform::access::{self, Doorkeeper, Scopes};
use platform::organisations;
use rpc::{Deliver, Known, Letter, Letters, People, Recipient};
use serde_json::{Value, json};
use store::{Db, Event, Parts as Bring, Sealer, verify};
use testkit::trial::{Engine, World};
use tokio::sync::watch;

use super::world::Said;

static BRING: Bring = Bring {
    shards: platform::SHARDS,
    people: platform::PEOPLE,
    control: &[],
    audit: &[&platform::audit::LOG],
};

static ENGINE: Bring = Bring {
    shards: &[&engine::PART],
    people: &[&engine::PART],
    control: &[],
    audit: &[],
};

static FOLDS: verify::Folds = verify::Folds {
    shards: platform::FOLDS,
    people: &[],
    control: &[],
};

/// Somebody who runs the platform.
pub(crate) const OPERATOR: &str = "operator";

/// One or two nodes over one set of databases.
pub(crate) struct Town {
    pub(crate) world: World,
    pub(crate) sealer: Sealer,
    pub(crate) post: Arc<Post>,
    pub(crate) seen: Arc<Eyes>,
    pub(crate) node: Node,
    cursors: watch::Sender<CursorKey>,
}

/// One node.
pub(crate) struct Node {
    pub(crate) app: access::App,
    pub(crate) trust: Trust,
    edge: Edge,
    _tasks: Tasks,
}

/// Letters that went out.
#[derive(Default)]
pub(crate) struct Post(Mutex<Vec<Letter>>);

/// How often an operator acted.
#[derive(Default)]
pub(crate) struct Eyes(pub(crate) AtomicUsize);

/// Whoever says who he is is believed: `operator`, `operator per_…`, or a person, with `weak` behind it after one factor.
struct Stated;

struct Names;

/// Keys and devices, which are not known here.
struct NoKeys;

impl Identify for Stated {
    fn identify<'a>(&'a self, headers: &'a HeaderMap) -> BoxFuture<'a, Result<Option<Caller>>> {
        let stated = headers.get("authorization");
        let stated = stated.map(|text| text.to_str().unwrap());
        let caller = stated.map(|stated| {
            let (first, second) = stated.split_once(' ').unwrap_or((stated, ""));
            let operator = first == OPERATOR;
            let named = if operator { second } else { first };
            let person = named.parse::<PersonId>().ok().map(|person| person.uid());
            Caller::of(Who {
                actor: if named.is_empty() { first } else { named }.to_owned(),
                role: if operator {
                    Role::Operator
                } else {
                    Role::Person
                },
                organisation: None,
                person,
                session: None,
                strength: if second == "weak" {
                    Strength::One
                } else {
                    Strength::Two
                },
                means: Means::Bearer,
            })
        });
        Box::pin(async move { Ok(caller) })
    }
}

impl Known for Names {
    fn names<'a>(&'a self, people: &'a [PersonId]) -> BoxFuture<'a, Result<Vec<Option<String>>>> {
        let names = people
            .iter()
            .map(|person| Some(format!("Name of {person}")));
        let names = names.collect();
        Box::pin(async move { Ok(names) })
    }
}

impl Deliver for Post {
    fn deliver(&self, letter: Letter) -> BoxFuture<'_, Result<()>> {
        self.0.lock().unwrap().push(letter);
        Box::pin(async { Ok(()) })
    }
}

impl Witness for Eyes {
    fn saw(&self, _seen: Seen) {}

    fn acting<'a>(&'a self, seen: Seen) -> BoxFuture<'a, Result<()>> {
        assert_eq!(seen.what, What::Acting);
        // What operators change of the platform itself is written down without a reason.
        if seen.reason.is_some() {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
        Box::pin(async { Ok(()) })
    }
}

impl Scopes for NoKeys {
    fn access_of<'a>(&'a self, _: &'a Caller) -> BoxFuture<'a, Result<Option<Arc<Access>>>> {
        Box::pin(async { Ok(None) })
    }
}

impl Town {
    /// One node over databases of its own.
    pub(crate) async fn new(engine: Engine) -> Self {
        let world = World::new(engine).await;
        world.db.migrate(&ENGINE).await.unwrap();
        world.db.migrate(&BRING).await.unwrap();
        let random = &world.random;
        let (cursors, _) = watch::channel(CursorKey::new(*Secret::draw(random).bytes()));
        let sealer = world.db.sealer(&KeyRing::draw(random));
        let (post, seen) = (Arc::new(Post::default()), Arc::new(Eyes::default()));
        let parts = (&sealer, &post, &seen, &cursors);
        let node = Node::new(&world, &world.db, parts, "one");
        let town = Town {
            world,
            sealer,
            post,
            seen,
            node,
            cursors,
        };
        town.trusted(&town.node).await;
        town
    }

    /// Another node over the same databases.
    pub(crate) async fn another(&self) -> Node {
        let db = self.world.another_node().await;
        let parts = (&self.sealer, &self.post, &self.seen, &self.cursors);
        let node = Node::new(&self.world, &db, parts, "two");
        self.trusted(&node).await;
        node
    }

    /// Waits until a node believes its caches.
    async fn trusted(&self, node: &Node) {
        eventually(async || node.trust.holds()).await;
    }

    /// Somebody who signs in.
    pub(crate) fn person(&self) -> String {
        let (clock, random) = (&self.world.clock, &self.world.random);
        PersonId::make(clock, random, Organisation::PEOPLE).to_string()
    }

    pub(crate) async fn get(&self, who: &str, path: &str) -> Said {
        self.node.ask(who, Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, who: &str, path: &str, body: Value) -> Said {
        self.node.ask(who, Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, who: &str, path: &str, body: Value) -> Said {
        self.node.ask(who, Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, who: &str, path: &str) -> Said {
        self.node.ask(who, Method::DELETE, path, None).await
    }

    /// An organisation that belongs to this person, on a plan with room.
    pub(crate) async fn organisation(&self, owner: &str) -> String {
        let made = self
            .post(owner, "/api/organisations", json!({"name": "Gruppo"}))
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        let id = text(&made.body["id"]);
        let path = format!("/api/organisations/{id}/plan");
        let plan = json!({"plan": "growth", "version": 1});
        let said = self.put(OPERATOR, &path, plan).await;
        assert_eq!(said.status, StatusCode::OK, "{said:?}");
        id
    }

    pub(crate) async fn brand(&self, owner: &str, organisation: &str, name: &str) -> String {
        let path = format!("/api/organisations/{organisation}/brands");
        let made = self.post(owner, &path, json!({"name": name})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        text(&made.body["id"])
    }

    pub(crate) async fn restaurant(
        &self,
        owner: &str,
        organisation: &str,
        brand: Option<&str>,
    ) -> String {
        let path = format!("/api/organisations/{organisation}/restaurants");
        let body = json!({
            "name": "Trattoria", "brand": brand, "timeZone": "Europe/Rome", "currency": "EUR",
            "address": {"street": "Via Roma 1", "city": "Bolzano", "country": "IT"},
        });
        let made = self.post(owner, &path, body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        text(&made.body["id"])
    }

    /// The token of an invitation that this member sends.
    pub(crate) async fn invited(&self, by: &str, organisation: &str, grants: Value) -> String {
        let (_, token) = self.invitation(by, organisation, grants).await;
        token
    }

    /// The id and the token of an invitation that this member sends.
    pub(crate) async fn invitation(
        &self,
        by: &str,
        organisation: &str,
        grants: Value,
    ) -> (String, String) {
        let path = format!("/api/organisations/{organisation}/invitations");
        let body = json!({"email": "lucia@example.com", "grants": grants});
        let made = self.post(by, &path, body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        let id = text(&made.body["id"]);
        let token = self.post.token(&id).await;
        (id, token)
    }

    /// A new member with these roles, each in a place.
    pub(crate) async fn member(
        &self,
        by: &str,
        organisation: &str,
        grants: &[(&str, &str)],
    ) -> String {
        let grants = grants
            .iter()
            .map(|(role, place)| json!({"role": role, "place": place}));
        let token = self.invited(by, organisation, grants.collect()).await;
        let person = self.person();
        let joined = self.accept(&person, &token).await;
        assert_eq!(joined.status, StatusCode::OK, "{joined:?}");
        person
    }

    pub(crate) async fn accept(&self, who: &str, token: &str) -> Said {
        self.post(who, "/api/invitations/accept", json!({"token": token}))
            .await
    }

    /// The grants of a member, as the owner sees them: id, role, place.
    pub(crate) async fn grants(
        &self,
        by: &str,
        organisation: &str,
        person: &str,
    ) -> Vec<(String, String, String)> {
        let path = format!("/api/organisations/{organisation}/members/{person}/grants");
        let said = self.get(by, &path).await;
        assert_eq!(said.status, StatusCode::OK, "{said:?}");
        let items = said.body["items"].as_array().unwrap().iter();
        items
            .map(|item| (text(&item["id"]), text(&item["role"]), text(&item["place"])))
            .collect()
    }

    /// Gives a role and answers the grant.
    pub(crate) async fn give(
        &self,
        by: &str,
        (organisation, person): (&str, &str),
        (role, place): (&str, &str),
    ) -> Said {
        let path = format!("/api/organisations/{organisation}/members/{person}/grants");
        self.post(by, &path, json!({"role": role, "place": place}))
            .await
    }

    /// Erases a person as the slice of people does: by its event.
    pub(crate) async fn erase(&self, person: &str) {
        let person = person.parse::<PersonId>().unwrap().uid();
        let (clock, random) = (&self.world.clock, &self.world.random);
        let mut commit = store::Commit::of_person(clock, random, person);
        commit.event(Event {
            stream: person,
            version: 1,
            kind: "person.erased",
            payload: "{}".to_owned(),
            actor: "test".to_owned(),
            at: commit.at(),
            trace: String::new(),
        });
        let db = &self.world.db;
        db.commit(commit, &db.deadline()).await.unwrap();
    }

    /// Compares every folded table with the log.
    pub(crate) async fn verify(&self) {
        let (db, settings) = (&self.world.db, &self.world.settings);
        let verified = db.verify(settings, &FOLDS, &mut |_| {}).await.unwrap();
        assert!(verified.is_sound(), "{:#?}", verified.findings);
        assert!(verified.folded > 0);
    }
}

type NodeParts<'a> = (
    &'a Sealer,
    &'a Arc<Post>,
    &'a Arc<Eyes>,
    &'a watch::Sender<CursorKey>,
);

impl Node {
    fn new(
        world: &World,
        db: &Db,
        (sealer, post, seen, cursors): NodeParts<'_>,
        name: &str,
    ) -> Self {
        let (clock, random) = (&world.clock, &world.random);
        let (bus, trust) = (Bus::memory(Room::default()), Trust::withdrawn());
        let cursors = slice::Cursors::new(cursors.subscribe());
        let app = access::App::new(access::Parts {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            sealer: sealer.clone(),
            cursors: cursors.clone(),
            trust: trust.clone(),
            people: People::new(Arc::new(Names)),
            letters: Letters::new(post.clone()),
            join: "https://comanda.example/join".to_owned(),
        });
        let organisations = organisations::App::new(db, clock, random, cursors).telling(&app);
        let tasks = Tasks::new(clock.clone(), random.clone());
        let parts = engine::Parts {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            bus: bus.clone(),
            trust: trust.clone(),
        };
        let settings = engine::Settings::new(name);
        let (consumers, timers) = (access::consumers(&app).unwrap(), access::timers(&app));
        let engine = engine::Engine::new(parts, settings, consumers, timers).unwrap();
        engine.start(&tasks);
        let follower = app.clone();
        tasks.spawn("access", move |stop| {
            follower.clone().follow(bus.clone(), stop)
        });
        let routes = organisations::routes(&organisations).with(access::routes(&app));
        let parts = Parts {
            identify: Arc::new(Stated),
            authorise: Arc::new(Doorkeeper::new(&app, Arc::new(NoKeys), Arc::new(NoKeys))),
            witness: seen.clone(),
            admission: Admission::new(roomy(), clock.clone()),
            ..Parts::new(clock, random)
        };
        let settings = Settings {
            rates: Rates::unlimited(),
            ..Settings::default()
        };
        Node {
            app,
            trust,
            edge: Edge::build(settings, routes, parts).unwrap(),
            _tasks: tasks,
        }
    }

    /// Asks as somebody. Behind a bar stands the reason of an operator: `operator|support call 7`.
    pub(crate) async fn ask(
        &self,
        who: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Said {
        self.send((who, ""), method, path, body).await
    }

    /// Asks under a key.
    pub(crate) async fn ask_once(&self, who: &str, key: &str, path: &str, body: Value) -> Said {
        self.send((who, key), Method::POST, path, Some(body)).await
    }

    async fn send(
        &self,
        (who, key): (&str, &str),
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Said {
        let (who, reason) = who.split_once('|').unwrap_or((who, ""));
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("authorization", who);
        for (name, value) in [("x-acting-reason", reason), ("idempotency-key", key)] {
            if !value.is_empty() {
                request = request.header(name, value);
            }
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        if !body.is_empty() {
            request = request
                .header("content-type", "application/json")
                .header("content-length", body.len());
        }
        let request = request.body(Full::new(bytes::Bytes::from(body))).unwrap();
        let (head, body) = self.edge.call(request).await.into_parts();
        crate::world::after_a_millisecond(head.status).await;
        let body = body.collect().await.unwrap().to_bytes();
        let body = match body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&body).unwrap(),
        };
        Said {
            status: head.status,
            etag: None,
            body,
        }
    }
}

impl Post {
    /// How many letters went out.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// The token in the letter of an invitation, when it has arrived.
    pub(crate) async fn token(&self, invitation: &str) -> String {
        let find = || {
            let letters = self.0.lock().unwrap();
            let mut links = letters.iter().filter_map(|letter| {
                let link = letter
                    .text
                    .lines()
                    .find(|line| line.starts_with("https://"))?;
                let (address, token) = link.split_once('#')?;
                assert_eq!(address, "https://comanda.example/join");
                assert!(
                    matches!(&letter.to, Recipient::Email(to) if to.as_str() == "lucia@example.com")
                );
                token.starts_with(invitation).then(|| token.to_owned())
            });
            links.next()
        };
        eventually(async || find().is_some()).await;
        find().unwrap()
    }
}

/// Waits for something that comes by itself.
pub(crate) async fn eventually(mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    waited.expect("it did not come");
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// These tests ask what is right, not how much of it fits.
fn roomy() -> edge::admission::Settings {
    edge::admission::Settings {
        limit_first: 1_000,
        limit_min: 1_000,
        ..Default::default()
    }
}
