//! An edge with the routes of these slices and of the organisations that they serve, over databases of its own. What a
//! crate above has besides comes from its module `more`, so that its tests have this world too.
//!
//! Who asks is simply stated. Operators reach everything that there is; a person reaches the places that were said
//! for him. Who may do what is tested elsewhere.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use base::secret::Secret;
use base::{Clock, CursorKey, Error, KeyRing, Organisation, Random, Time, Uid, codes};
use catalogue::Catalogue;
use domain::people::PersonId;
use edge::{
    Admission, Asked, Authorise, Caller, Edge, Granted, Identify, Means, Parts, Places, Rates,
    Role, Routes, Seen, Settings, Strength, Who, Witness,
};
use engine::Tasks;
use fabric::{Blobs, Bus, Message, Room, Trust, blobs};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use platform::Platform;
use rpc::{Deliver, Known, Letter, Letters, People};
use serde_json::{Value, json};
use store::{Db, Part, Parts as Bring, Sealer, verify};
use testkit::trial::{Engine, World};
use tokio::sync::watch;

use crate::more::{self, More};

/// What the databases of these tests carry.
pub(crate) static BRING: LazyLock<Bring> = LazyLock::new(|| {
    let own: &[&Part] = &[&platform::SHARD, &engine::PART];
    Bring {
        shards: [own, catalogue::SHARDS, more::SHARDS].concat().leak(),
        people: [&[&engine::PART], more::PEOPLE].concat().leak(),
        control: platform::CONTROL,
        audit: &[],
    }
});

static FOLDS: LazyLock<verify::Folds> = LazyLock::new(|| verify::Folds {
    shards: [catalogue::FOLDS, more::FOLDS].concat().leak(),
    people: &[],
    control: &[],
});

/// The operator, who may do everything.
pub(crate) const OPERATOR: &str = "operator";

/// The slices on one engine.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) node: Node,
    pub(crate) doorman: Arc<Doorman>,
    keys: Keys,
    works: Works,
}

/// The secrets that all nodes of a shop share.
struct Keys {
    cursors: watch::Sender<CursorKey>,
    rings: watch::Sender<KeyRing>,
    people: KeyRing,
    shelf: Shelf,
}

/// Whether relay, consumers and timers run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Works {
    Yes,
    No,
}

/// One process over the databases of a shop.
pub(crate) struct Node {
    pub(crate) edge: Edge,
    pub(crate) catalogue: Catalogue,
    /// What the crate of these tests has besides.
    #[allow(dead_code, reason = "the crate below has nothing more")]
    pub(crate) more: More,
    pub(crate) bus: Bus,
    pub(crate) trust: Trust,
    _tasks: Tasks,
}

/// What the slices of a crate above stand on.
#[allow(dead_code, reason = "the crate below has nothing more")]
pub(crate) struct Below<'a> {
    pub(crate) db: &'a Db,
    pub(crate) clock: &'a Clock,
    pub(crate) random: &'a Random,
    pub(crate) cursors: slice::Cursors,
    pub(crate) sealer: Sealer,
    pub(crate) bus: &'a Bus,
    pub(crate) trust: &'a Trust,
    pub(crate) platform: &'a Platform,
    pub(crate) catalogue: &'a Catalogue,
}

/// Nobody's names are known, no letter goes out, nothing is written down.
struct Nothing;

impl Known for Nothing {
    fn names<'a>(
        &'a self,
        people: &'a [PersonId],
    ) -> BoxFuture<'a, base::Result<Vec<Option<String>>>> {
        Box::pin(async move { Ok(vec![None; people.len()]) })
    }
}

impl Deliver for Nothing {
    fn deliver(&self, _letter: Letter) -> BoxFuture<'_, base::Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

impl Witness for Nothing {
    fn saw(&self, _seen: Seen) {}

    fn acting<'a>(&'a self, _seen: Seen) -> BoxFuture<'a, base::Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

/// Whoever says who he is is believed: `operator`, or the id of a person.
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
            if stated == OPERATOR {
                return Ok(Some(operator()));
            }
            let person: PersonId = stated.parse().map_err(Error::from)?;
            Ok(Some(Caller::of(Who {
                actor: stated.to_owned(),
                role: Role::Person,
                organisation: None,
                person: Some(person.uid()),
                session: None,
                strength: Strength::Two,
                means: Means::Bearer,
            })))
        })
    }
}

fn operator() -> Caller {
    Caller::of(Who {
        actor: OPERATOR.to_owned(),
        role: Role::Operator,
        organisation: None,
        person: None,
        session: None,
        strength: Strength::Two,
        means: Means::Bearer,
    })
}

/// Lets operators do everything in what there is, and persons what they do in the places that were said.
pub(crate) struct Doorman {
    real: Arc<dyn Authorise>,
    reaches: Mutex<HashMap<String, Vec<Uid>>>,
}

impl Doorman {
    /// From now on this person reaches these brands and restaurants, and no others.
    pub(crate) fn only(&self, actor: &str, places: &[&str]) {
        let places = places.iter().map(|place| uid(place));
        let mut reaches = self.reaches.lock().unwrap();
        reaches.insert(actor.to_owned(), places.collect());
    }
}

impl Authorise for Doorman {
    fn may<'a>(&'a self, asked: Asked<'a>) -> BoxFuture<'a, base::Result<Granted>> {
        let reaches = self.reaches.lock().unwrap();
        let reach = reaches.get(asked.caller.actor()).cloned();
        drop(reaches);
        let is_operator = asked.caller.role() == Role::Operator;
        Box::pin(async move {
            // The real door knows what there is.
            let caller = operator();
            let as_operator = Asked {
                caller: &caller,
                reason: Some("a test"),
                ..asked
            };
            let granted = self.real.may(as_operator).await?;
            if is_operator {
                return Ok(granted);
            }
            let missing = || Error::missing(codes::NOT_FOUND, "there is no such thing");
            let places = Places::Only(reach.ok_or_else(missing)?.into());
            let target = asked
                .params
                .first()
                .filter(|(_, text)| text.starts_with("brd_") || text.starts_with("rst_"));
            if target.is_some_and(|(_, text)| !places.hold(uid(text))) {
                return Err(Error::forbidden(
                    codes::FORBIDDEN,
                    "the caller may not do this",
                ));
            }
            Ok(Granted {
                acting: false,
                places,
                ..granted
            })
        })
    }

    fn knows(&self, permission: &str) -> bool {
        self.real.knows(permission)
    }
}

impl Node {
    fn new(
        (world, clock): (&World, &Clock),
        db: &Db,
        keys: &Keys,
        works: Works,
    ) -> (Self, Arc<Doorman>) {
        let random = &world.random;
        let trust = match works {
            Works::Yes => Trust::withdrawn(),
            Works::No => Trust::granted(),
        };
        let bus = Bus::memory(Room::default());
        let platform = platform((db, clock, random), keys, (&bus, &trust));
        let catalogue = Catalogue::new(&catalogue::Parts {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            cursors: slice::Cursors::new(keys.cursors.subscribe()),
            bus: bus.clone(),
            trust: trust.clone(),
            blobs: keys.shelf.open(clock, random),
            restaurants: platform.restaurants(),
        });
        let more = More::new(&Below {
            db,
            clock,
            random,
            cursors: slice::Cursors::new(keys.cursors.subscribe()),
            sealer: db.sealer(&keys.people),
            bus: &bus,
            trust: &trust,
            platform: &platform,
            catalogue: &catalogue,
        });
        let catalogue = more.holding(catalogue);
        let parts = engine::Parts {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            bus: bus.clone(),
            trust: trust.clone(),
        };
        let tasks = work(parts, (&catalogue, &more), works);
        let routes = platform::organisations::routes(&platform.organisations)
            .with(catalogue.routes())
            .with(more.routes());
        let (edge, doorman) = door(world, routes, platform.authorise());
        let node = Node {
            edge,
            catalogue,
            more,
            bus,
            trust,
            _tasks: tasks,
        };
        (node, doorman)
    }

    /// Tells this node what another has committed, as its relay does.
    pub(crate) async fn hear(&self, topic: &str, organisation: &str, payload: &str) {
        let message = Message {
            id: topic.into(),
            topic: topic.into(),
            organisation: uid(organisation).organisation(),
            position: 1,
            payload: payload.into(),
            trace: "".into(),
            at: Time::EPOCH,
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
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("host", "localhost");
        if !who.is_empty() {
            request = request.header("authorization", who);
        }
        if who == OPERATOR {
            request = request.header("x-acting-reason", "a test");
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
        let raw = self.send(request).await;
        after_a_millisecond(raw.status).await;
        let body = if raw.body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&raw.body).unwrap()
        };
        Said {
            status: raw.status,
            etag: raw.header("etag").map(str::to_owned),
            body,
        }
    }

    /// Sends any request, and answers what came back to the byte.
    pub(crate) async fn send(&self, request: Request<Full<bytes::Bytes>>) -> Raw {
        let (head, body) = self.edge.call(request).await.into_parts();
        Raw {
            status: head.status,
            headers: head.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }
}

/// The folder of the blobs of a shop, which goes with it.
struct Shelf(PathBuf);

impl Shelf {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("comanda-shelf-{}-{number}", std::process::id());
        let root = std::env::temp_dir().join(name);
        let _old = std::fs::remove_dir_all(&root);
        Shelf(root)
    }

    fn open(&self, clock: &Clock, random: &Random) -> Blobs {
        let place = blobs::Place::Folder(self.0.clone());
        Blobs::open(place, blobs::Settings::default(), clock, random).unwrap()
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// The organisations that the slices serve.
fn platform(
    (db, clock, random): (&Db, &Clock, &Random),
    keys: &Keys,
    (bus, trust): (&Bus, &Trust),
) -> Platform {
    Platform::new(platform::Parts {
        db: db.clone(),
        clock: clock.clone(),
        random: random.clone(),
        sealer: db.sealer(&keys.people),
        cursors: slice::Cursors::new(keys.cursors.subscribe()),
        pepper: keys.rings.subscribe(),
        audit: keys.rings.subscribe(),
        bus: bus.clone(),
        trust: trust.clone(),
        people: People::new(Arc::new(Nothing)),
        letters: Letters::new(Arc::new(Nothing)),
        join: "https://comanda.example/join".to_owned(),
    })
}

/// The edge with these routes, and who stands at its door.
fn door(world: &World, routes: Routes, real: Arc<dyn Authorise>) -> (Edge, Arc<Doorman>) {
    let doorman = Arc::new(Doorman {
        real,
        reaches: Mutex::default(),
    });
    let parts = Parts {
        identify: Arc::new(Stated),
        authorise: doorman.clone(),
        witness: Arc::new(Nothing),
        admission: Admission::new(roomy(), world.clock.clone()),
        ..Parts::new(&world.clock, &world.random)
    };
    let settings = Settings {
        rates: Rates::unlimited(),
        ..Settings::default()
    };
    (Edge::build(settings, routes, parts).unwrap(), doorman)
}

/// Starts what works on its own; relay, consumers and timers only where they are asked for.
fn work(parts: engine::Parts, (catalogue, more): (&Catalogue, &More), works: Works) -> Tasks {
    let tasks = Tasks::new(parts.clock.clone(), parts.random.clone());
    catalogue.start(&tasks);
    more.start(&tasks);
    if works == Works::Yes {
        let name = Uid::make(&parts.clock, &parts.random, Organisation::PEOPLE);
        let settings = engine::Settings::new(format!("{name:?}"));
        let (mut consumers, mut timers) = (catalogue.consumers().unwrap(), catalogue.timers());
        consumers.extend(more.consumers());
        timers.extend(more.timers());
        let engine = engine::Engine::new(parts, settings, consumers, timers).unwrap();
        engine.start(&tasks);
    }
    tasks
}

/// What is made in the same millisecond has ids in an order by chance, and so it would be listed.
async fn after_a_millisecond(made: StatusCode) {
    if made == StatusCode::CREATED {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

/// The id in a text, whatever its type.
pub(crate) fn uid(text: &str) -> Uid {
    let (prefix, _) = text.split_once('_').unwrap();
    base::uid::read(prefix.to_owned().leak(), text).unwrap()
}

/// What was answered, as JSON.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) etag: Option<String>,
    pub(crate) body: Value,
}

/// What was answered, as bytes.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: bytes::Bytes,
}

impl Said {
    /// The code of the error, if it is one.
    pub(crate) fn code(&self) -> (u16, &str) {
        let code = self.body["code"].as_str().unwrap_or_default();
        (self.status.as_u16(), code)
    }

    /// The body of an answer that is well.
    #[track_caller]
    pub(crate) fn good(self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        self.body
    }
}

impl Raw {
    /// A header of the answer.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Shop {
    /// The slices, and an operator who asks. Nothing works on its own.
    pub(crate) async fn new(engine: Engine) -> Self {
        Self::open(engine, None, Works::No).await
    }

    /// The same, with relay, consumers and timers at work.
    pub(crate) async fn working(engine: Engine) -> Self {
        Self::open(engine, None, Works::Yes).await
    }

    /// The same as [`Shop::working`], with a clock of the test's own for the slices and the engine.
    pub(crate) async fn working_at(engine: Engine, clock: &Clock) -> Self {
        Self::open(engine, Some(clock), Works::Yes).await
    }

    /// The same as [`Shop::new`], with a clock of the test's own for the slices.
    pub(crate) async fn at(engine: Engine, clock: &Clock) -> Self {
        Self::open(engine, Some(clock), Works::No).await
    }

    async fn open(engine: Engine, clock: Option<&Clock>, works: Works) -> Self {
        let world = World::new(engine).await;
        world.db.migrate(&BRING).await.unwrap();
        let (random, clock) = (&world.random, clock.unwrap_or(&world.clock).clone());
        let (cursors, _) = watch::channel(CursorKey::new(*Secret::draw(random).bytes()));
        let (rings, _) = watch::channel(KeyRing::draw(random));
        let shelf = Shelf::new();
        let keys = Keys {
            cursors,
            rings,
            people: KeyRing::draw(random),
            shelf,
        };
        let (node, doorman) = Node::new((&world, &clock), &world.db, &keys, works);
        Shop {
            world,
            node,
            doorman,
            keys,
            works,
        }
    }

    /// Another node over the same databases.
    pub(crate) async fn another(&self) -> Node {
        let db = self.world.another_node().await;
        Node::new(
            (&self.world, &self.world.clock),
            &db,
            &self.keys,
            self.works,
        )
        .0
    }

    /// Another node over the same databases, by this clock.
    pub(crate) async fn another_at(&self, clock: &Clock) -> Node {
        let db = self.world.another_node().await;
        Node::new((&self.world, clock), &db, &self.keys, self.works).0
    }

    /// Compares every folded table with the log.
    pub(crate) async fn verify(&self) {
        let (db, settings) = (&self.world.db, &self.world.settings);
        let verified = db.verify(settings, &FOLDS, &mut |_| {}).await.unwrap();
        assert!(verified.is_sound(), "{:#?}", verified.findings);
        assert!(verified.folded > 0);
    }

    /// The folder of the blobs.
    pub(crate) fn shelf(&self) -> &Path {
        &self.keys.shelf.0
    }

    /// Clock and randomness of the world.
    pub(crate) fn chance(&self) -> (&Clock, &Random) {
        (&self.world.clock, &self.world.random)
    }

    /// Somebody who signs in, and reaches these brands and restaurants alone.
    pub(crate) fn person(&self, places: &[&str]) -> String {
        let (clock, random) = self.chance();
        let person = PersonId::make(clock, random, Organisation::PEOPLE).to_string();
        self.doorman.only(&person, places);
        person
    }

    pub(crate) async fn get(&self, path: &str) -> Said {
        self.ask((OPERATOR, ""), Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Said {
        self.ask((OPERATOR, ""), Method::POST, path, Some(body))
            .await
    }

    pub(crate) async fn post_once(&self, path: &str, key: &str, body: Value) -> Said {
        self.ask((OPERATOR, key), Method::POST, path, Some(body))
            .await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Said {
        self.ask((OPERATOR, ""), Method::PUT, path, Some(body))
            .await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Said {
        self.ask((OPERATOR, ""), Method::PATCH, path, Some(body))
            .await
    }

    pub(crate) async fn delete(&self, path: &str) -> Said {
        self.ask((OPERATOR, ""), Method::DELETE, path, None).await
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

    /// Makes an organisation on the plan `growth` and answers its id.
    pub(crate) async fn organisation(&self, name: &str) -> String {
        let made = self.post("/api/organisations", json!({"name": name})).await;
        let id = made.good()["id"].as_str().unwrap().to_owned();
        let plan = json!({"plan": "growth", "version": 1});
        let path = format!("/api/organisations/{id}/plan");
        self.put(&path, plan).await.good();
        id
    }

    /// Makes a brand and answers its id.
    pub(crate) async fn brand(&self, organisation: &str, name: &str) -> String {
        let path = format!("/api/organisations/{organisation}/brands");
        let made = self.post(&path, json!({"name": name})).await.good();
        made["id"].as_str().unwrap().to_owned()
    }

    /// Makes a restaurant, of a brand if one is said, and answers its id.
    pub(crate) async fn restaurant(&self, organisation: &str, brand: Option<&str>) -> String {
        let path = format!("/api/organisations/{organisation}/restaurants");
        let body = json!({
            "name": "Trattoria Lucia",
            "brand": brand,
            "timeZone": "Europe/Rome",
            "currency": "EUR",
            "address": {
                "street": "Via Roma 1", "postalCode": "80100", "city": "Napoli", "country": "IT",
            },
        });
        let made = self.post(&path, body).await.good();
        made["id"].as_str().unwrap().to_owned()
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
fn roomy() -> edge::admission::Settings {
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
