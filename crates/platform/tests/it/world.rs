//! An edge with the routes of the slices over databases of its own, and whoever asks.
//!
//! Who asks is simply stated here, and granted whatever he asks for: how people sign in and who may do what are
//! tested elsewhere. Keys and devices are told by the slices themselves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use base::secret::Secret;
use base::{CursorKey, Error, KeyRing, Organisation, Uid, codes};
use domain::access::Permission;
use domain::people::PersonId;
use edge::{
    Admission, Asked, Authorise, Caller, Edge, FirstOf, Granted, Identify, Means, Parts, Places,
    Rates, Role, Seen, Settings, Strength, Who, Witness,
};
use engine::Tasks;
use fabric::{Bus, Limits, Message, Room, Trust};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use platform::access::{self, Doorkeeper};
use platform::organisations::hosts;
use platform::{devices, keys, organisations};
use rpc::{Deliver, Known, Letter, Letters, People};
use serde_json::{Value, json};
use store::{Db, Parts as Bring, verify};
use testkit::trial::{Engine, World};
use tokio::sync::watch;

static BRING: Bring = Bring {
    shards: platform::SHARDS,
    people: platform::PEOPLE,
    control: platform::CONTROL,
    audit: &[],
};

static FOLDS: verify::Folds = verify::Folds {
    shards: platform::FOLDS,
    people: &[],
    control: &[],
};

/// The operator.
pub(crate) const OPERATOR: &str = "operator";

/// The slices on one engine.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) node: Node,
    pub(crate) doorman: Arc<Doorman>,
    pub(crate) pepper: watch::Sender<KeyRing>,
    cursors: watch::Sender<CursorKey>,
}

/// One process over the databases of a shop.
pub(crate) struct Node {
    pub(crate) edge: Edge,
    pub(crate) keys: keys::App,
    pub(crate) devices: devices::App,
    pub(crate) hosts: hosts::App,
    pub(crate) bus: Bus,
    pub(crate) trust: Trust,
    _tasks: Tasks,
}

/// Nobody's names are known, and no letter goes out.
struct Nothing;

impl Known for Nothing {
    fn names<'a>(
        &'a self,
        people: &'a [PersonId],
    ) -> BoxFuture<'a, base::Result<Vec<Option<String>>>> {
        Box::pin(async move { Ok(vec![None; people.len()]) })
    }
}

/// Operators act; what is written down of it is tested elsewhere.
impl Witness for Nothing {
    fn saw(&self, _seen: Seen) {}

    fn acting<'a>(&'a self, _seen: Seen) -> BoxFuture<'a, base::Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

impl Deliver for Nothing {
    fn deliver(&self, _letter: Letter) -> BoxFuture<'_, base::Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

/// What is made in the same millisecond has ids in an order by chance, and so it would be listed.
pub(crate) async fn after_a_millisecond(made: StatusCode) {
    if made == StatusCode::CREATED {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

/// Whoever says who he is is believed: `operator`, or the id of a person, with `weak` behind it after one factor.
struct Stated;

impl Identify for Stated {
    fn identify<'a>(
        &'a self,
        headers: &'a HeaderMap,
    ) -> BoxFuture<'a, base::Result<Option<Caller>>> {
        let stated = headers
            .get("authorization")
            .map(|text| text.to_str().unwrap());
        Box::pin(async move {
            let Some(stated) = stated else {
                return Ok(None);
            };
            if stated.starts_with("Bearer ") {
                return Ok(None);
            }
            if stated == OPERATOR {
                return Ok(Some(Caller::new(OPERATOR, Role::Operator, None)));
            }
            let (actor, weak) = match stated.split_once(' ') {
                Some((actor, _)) => (actor, true),
                None => (stated, false),
            };
            let person: PersonId = actor.parse().map_err(Error::from)?;
            Ok(Some(Caller::of(Who {
                actor: actor.to_owned(),
                role: Role::Person,
                organisation: None,
                person: Some(person.uid()),
                session: None,
                strength: if weak { Strength::One } else { Strength::Two },
                means: Means::Bearer,
            })))
        })
    }
}

/// Grants everything in every organisation that there is; at the places that were said, where any were. Keys and
/// devices it sends to the real door.
pub(crate) struct Doorman {
    db: Db,
    real: Doorkeeper,
    reaches: Arc<Mutex<HashMap<String, Vec<Uid>>>>,
}

impl Doorman {
    /// From now on this caller reaches these places alone.
    pub(crate) fn only(&self, actor: &str, places: &[&str]) {
        let places = places.iter().map(|place| uid(place));
        let mut reaches = self.reaches.lock().unwrap();
        reaches.insert(actor.to_owned(), places.collect());
    }
}

impl Authorise for Doorman {
    fn may<'a>(&'a self, asked: Asked<'a>) -> BoxFuture<'a, base::Result<Granted>> {
        if matches!(asked.caller.role(), Role::Key | Role::Device) {
            return self.real.may(asked);
        }
        let missing = || Error::missing(codes::NOT_FOUND, "there is no such thing");
        let target = asked.params.first().map(|(_, text)| uid(text));
        let number = target.map_or(Organisation::PEOPLE, |target| target.organisation());
        let reaches = self
            .reaches
            .lock()
            .unwrap()
            .get(asked.caller.actor())
            .cloned();
        let places = reaches.map_or(Places::All, |places| Places::Only(places.into()));
        let known = self.db.directory().find(number).is_some();
        Box::pin(async move {
            if !known {
                return Err(missing());
            }
            Ok(Granted {
                organisation: number,
                plan: "starter".into(),
                acting: false,
                places,
            })
        })
    }

    fn knows(&self, permission: &str) -> bool {
        Permission::find(permission).is_some()
    }
}

impl Node {
    fn new(
        world: &World,
        db: &Db,
        (cursors, pepper): (&watch::Sender<CursorKey>, &watch::Sender<KeyRing>),
    ) -> (Self, Arc<Doorman>) {
        let (clock, random) = (&world.clock, &world.random);
        let (bus, trust) = (Bus::memory(Room::default()), Trust::granted());
        let cursors = slice::Cursors::new(cursors.subscribe());
        let access = access::App::new(access::Parts {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            sealer: db.sealer(&KeyRing::draw(random)),
            cursors: cursors.clone(),
            trust: trust.clone(),
            people: People::new(Arc::new(Nothing)),
            letters: Letters::new(Arc::new(Nothing)),
            join: "https://comanda.example/join".to_owned(),
        });
        let ground = keys::Ground {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            cursors: cursors.clone(),
            pepper: pepper.subscribe(),
            bus: bus.clone(),
            trust: trust.clone(),
        };
        let organisations = organisations::App::new(db, clock, random, cursors).telling(&access);
        let keys = keys::App::new(&ground, &access);
        let devices = devices::App::new(&ground, &Limits::memory(clock, 1_000));
        let hosts = hosts::App::new(db, clock, random);
        let (key_door, device_door) = (Arc::new(keys.clone()), Arc::new(devices.clone()));
        let doorman = Arc::new(Doorman {
            db: db.clone(),
            real: Doorkeeper::new(&access, key_door.clone(), device_door.clone()),
            reaches: Arc::default(),
        });
        let parts = Parts {
            identify: Arc::new(FirstOf(vec![key_door, device_door, Arc::new(Stated)])),
            authorise: doorman.clone(),
            witness: Arc::new(Nothing),
            hosts: Arc::new(hosts.clone()),
            admission: Admission::new(roomy(), clock.clone()),
            ..Parts::new(clock, random)
        };
        let settings = Settings {
            rates: Rates::unlimited(),
            ..Settings::default()
        };
        let routes = organisations::routes(&organisations)
            .with(keys::routes(&keys))
            .with(devices::routes(&devices))
            .with(hosts::routes(&hosts));
        let tasks = Tasks::new(clock.clone(), random.clone());
        let (follower, screens) = (keys.clone(), devices.clone());
        tasks.spawn("keys", move |stop| follower.clone().follow(stop));
        tasks.spawn("devices", move |stop| screens.clone().follow(stop));
        let node = Node {
            edge: Edge::build(settings, routes, parts).unwrap(),
            keys,
            devices,
            hosts,
            bus,
            trust,
            _tasks: tasks,
        };
        (node, doorman)
    }

    /// Tells this node what another has committed, as its relay does.
    pub(crate) async fn hear(&self, topic: &str, organisation: &str) {
        let message = Message {
            id: topic.into(),
            topic: topic.into(),
            organisation: uid(organisation).organisation(),
            position: 1,
            payload: "{}".into(),
            trace: "".into(),
            at: base::Time::EPOCH,
        };
        self.bus.publish(message).await.unwrap();
    }

    /// Asks as somebody, under a key if it is not empty.
    pub(crate) async fn ask(
        &self,
        (who, once): (&str, &str),
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Said {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost");
        if !who.is_empty() {
            request = request.header("authorization", who);
        }
        if !once.is_empty() {
            request = request.header("idempotency-key", once);
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        if !body.is_empty() {
            request = request
                .header("content-type", "application/json")
                .header("content-length", body.len());
        }
        let request = request.body(Full::new(bytes::Bytes::from(body))).unwrap();
        let response = self.edge.call(request).await;
        let (head, body) = response.into_parts();
        after_a_millisecond(head.status).await;
        let body = body.collect().await.unwrap().to_bytes();
        let etag = head
            .headers
            .get("etag")
            .map(|tag| tag.to_str().unwrap().to_owned());
        let body = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body).unwrap()
        };
        Said {
            status: head.status,
            etag,
            body,
        }
    }
}

/// The id in a text, whatever its type.
pub(crate) fn uid(text: &str) -> Uid {
    let (prefix, _) = text.split_once('_').unwrap();
    base::uid::read(prefix.to_owned().leak(), text).unwrap()
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) etag: Option<String>,
    pub(crate) body: Value,
}

impl Said {
    /// The code of the error, if it is one.
    pub(crate) fn code(&self) -> (u16, &str) {
        let code = self.body["code"].as_str().unwrap_or_default();
        (self.status.as_u16(), code)
    }
}

impl Shop {
    /// The slices, and an operator who asks.
    pub(crate) async fn new(engine: Engine) -> Self {
        let world = World::new(engine).await;
        world.db.migrate(&BRING).await.unwrap();
        let random = &world.random;
        let (cursors, _) = watch::channel(CursorKey::new(*Secret::draw(random).bytes()));
        let (pepper, _) = watch::channel(KeyRing::draw(random));
        let (node, doorman) = Node::new(&world, &world.db, (&cursors, &pepper));
        Shop {
            world,
            node,
            doorman,
            pepper,
            cursors,
        }
    }

    /// Signs cursors as all nodes of the shop do.
    pub(crate) fn cursors(&self) -> slice::Cursors {
        slice::Cursors::new(self.cursors.subscribe())
    }

    /// Another node over the same databases.
    pub(crate) async fn another(&self) -> Node {
        let db = self.world.another_node().await;
        Node::new(&self.world, &db, (&self.cursors, &self.pepper)).0
    }

    /// Compares every folded table with the log.
    pub(crate) async fn verify(&self) {
        let (db, settings) = (&self.world.db, &self.world.settings);
        let verified = db.verify(settings, &FOLDS, &mut |_| {}).await.unwrap();
        assert!(verified.is_sound(), "{:#?}", verified.findings);
        assert!(verified.folded > 0);
    }

    /// Somebody who signs in.
    pub(crate) fn person(&self) -> String {
        let (clock, random) = (&self.world.clock, &self.world.random);
        PersonId::make(clock, random, Organisation::PEOPLE).to_string()
    }

    pub(crate) async fn get(&self, path: &str) -> Said {
        self.ask((OPERATOR, ""), Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Said {
        self.ask((OPERATOR, ""), Method::POST, path, Some(body))
            .await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Said {
        self.ask((OPERATOR, ""), Method::PUT, path, Some(body))
            .await
    }

    pub(crate) async fn post_once(&self, path: &str, key: &str, body: Value) -> Said {
        self.ask((OPERATOR, key), Method::POST, path, Some(body))
            .await
    }

    pub(crate) async fn put_nothing(&self, path: &str) -> Said {
        self.ask((OPERATOR, ""), Method::PUT, path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Said {
        self.ask((OPERATOR, ""), Method::DELETE, path, None).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Said {
        self.ask((OPERATOR, ""), Method::PATCH, path, Some(body))
            .await
    }

    /// Asks as somebody, under a key if it is not empty.
    pub(crate) async fn ask(
        &self,
        (who, once): (&str, &str),
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Said {
        self.node.ask((who, once), method, path, body).await
    }

    /// Makes an organisation and answers its id.
    pub(crate) async fn organisation(&self, name: &str) -> String {
        let made = self.post("/api/organisations", json!({"name": name})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        made.body["id"].as_str().unwrap().to_owned()
    }
}

impl Shop {
    /// Makes an organisation on the plan `growth`, at version 2, and answers its id.
    pub(crate) async fn growing(&self, name: &str) -> String {
        let id = self.organisation(name).await;
        let path = format!("/api/organisations/{id}/plan");
        let said = self
            .put(&path, json!({"plan": "growth", "version": 1}))
            .await;
        assert_eq!(said.status, StatusCode::OK, "{said:?}");
        id
    }

    /// Makes a restaurant and answers its id.
    pub(crate) async fn restaurant(&self, organisation: &str, body: Value) -> String {
        let path = format!("/api/organisations/{organisation}/restaurants");
        let made = self.post(&path, body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        made.body["id"].as_str().unwrap().to_owned()
    }

    /// The ids of all pages of a list.
    pub(crate) async fn listed(&self, who: &str, path: &str) -> Vec<String> {
        let more = if path.contains('?') { '&' } else { '?' };
        let (mut ids, mut next) = (Vec::new(), format!("{path}{more}limit=2"));
        loop {
            let page = self.ask((who, ""), Method::GET, &next, None).await;
            assert_eq!(page.status, StatusCode::OK, "{page:?}");
            let items = page.body["items"].as_array().unwrap().iter();
            ids.extend(items.map(|item| item["id"].as_str().unwrap().to_owned()));
            match page.body["next"].as_str() {
                Some(cursor) => next = format!("{path}{more}limit=2&cursor={cursor}"),
                None => return ids,
            }
        }
    }
}

/// Waits for something that comes by itself.
pub(crate) async fn eventually(mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..400 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it did not come");
}

/// These tests ask what is right, not how much of it fits.
pub(crate) fn roomy() -> edge::admission::Settings {
    edge::admission::Settings {
        limit_first: 1_000,
        limit_min: 1_000,
        ..Default::default()
    }
}

/// Stamps tests on both engines: the name of the test function, with the engine behind it.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(testkit::trial::Engine::Sqlite).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(testkit::trial::Engine::Postgres).await;
            })+
        }
    };
}
pub(crate) use on_both;
