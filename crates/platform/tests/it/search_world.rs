//! Nodes that search, over the databases of a shop: with an engine each, and with venues and menus that are simply said.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use base::{KeyRing, Uid};
use carte::{ItemId, Words};
use domain::organisations::RestaurantId;
use domain::venues::{PartSaid, Told, Venue};
use edge::{Admission, Caller, Edge, Identify, Parts, Rates, Role, Seen, Settings, Witness};
use engine::Tasks;
use fabric::{Bus, Room, Trust};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use platform::Platform;
use rpc::{
    Current, Deliver, Indexed, Known, KnowsVenues, Letter, Letters, Menus, People, Sells, Venues,
};
use serde_json::Value;
use store::{Db, Event, Parts as Bring};
use testkit::trial::Engine;
use tokio::sync::watch;

use super::world::{Said, Shop, uid};

static ENGINE: Bring = Bring {
    shards: &[&engine::PART, search::SHARDS[0]],
    people: &[&engine::PART],
    control: &[],
    audit: &[&platform::audit::LOG],
};

/// A shop with two nodes that search.
pub(crate) struct Town {
    pub(crate) shop: Shop,
    pub(crate) one: Node,
    pub(crate) two: Node,
    pub(crate) said: Arc<Spoken>,
}

/// One node.
pub(crate) struct Node {
    edge: Edge,
    pub(crate) platform: Platform,
    _tasks: Tasks,
}

/// What venues and menus are, because the test says so.
#[derive(Default)]
pub(crate) struct Spoken {
    venues: Mutex<HashMap<RestaurantId, Venue>>,
    menus: Mutex<HashMap<RestaurantId, Indexed>>,
    versions: Mutex<HashMap<Uid, i64>>,
    /// What happens once while a venue is read: after it was read, before that is written down.
    meanwhile: Mutex<Option<Meanwhile>>,
}

type Meanwhile = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// Whoever asks is an operator, on the routes that ask who it is.
struct Operator;

struct Nobody;

impl Known for Nobody {
    fn names<'a>(
        &'a self,
        people: &'a [domain::people::PersonId],
    ) -> BoxFuture<'a, base::Result<Vec<Option<String>>>> {
        Box::pin(async move { Ok(vec![None; people.len()]) })
    }
}

impl Deliver for Nobody {
    fn deliver(&self, _letter: Letter) -> BoxFuture<'_, base::Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

impl Witness for Nobody {
    fn saw(&self, _seen: Seen) {}

    fn acting<'a>(&'a self, _seen: Seen) -> BoxFuture<'a, base::Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

impl Identify for Operator {
    fn identify<'a>(
        &'a self,
        _headers: &'a HeaderMap,
    ) -> BoxFuture<'a, base::Result<Option<Caller>>> {
        Box::pin(async { Ok(Some(Caller::new("operator", Role::Operator, None))) })
    }
}

impl KnowsVenues for Spoken {
    fn find<'a>(&'a self, _id: RestaurantId) -> BoxFuture<'a, base::Result<Option<Arc<Venue>>>> {
        // Whoever publishes asks past all memories.
        Box::pin(async { Ok(None) })
    }

    fn fresh<'a>(&'a self, id: RestaurantId) -> BoxFuture<'a, base::Result<Option<Arc<Venue>>>> {
        let found = self.venues.lock().unwrap().get(&id).cloned();
        let meanwhile = self.meanwhile.lock().unwrap().take();
        Box::pin(async move {
            if let Some(meanwhile) = meanwhile {
                meanwhile().await;
            }
            Ok(Some(Arc::new(found.unwrap_or_default())))
        })
    }
}

impl Sells for Spoken {
    fn current(&self, _id: RestaurantId) -> BoxFuture<'_, base::Result<Option<Arc<Current>>>> {
        Box::pin(async { Ok(None) })
    }

    fn fresh(&self, id: RestaurantId) -> BoxFuture<'_, base::Result<Option<Arc<Current>>>> {
        self.current(id)
    }

    fn words(&self, id: RestaurantId) -> BoxFuture<'_, base::Result<Option<Indexed>>> {
        let found = self.menus.lock().unwrap().get(&id).cloned();
        Box::pin(async move { Ok(found) })
    }
}

impl Spoken {
    /// From now on this happens once, while a venue is read.
    pub(crate) fn meanwhile(
        &self,
        happens: impl FnOnce() -> BoxFuture<'static, ()> + Send + 'static,
    ) {
        *self.meanwhile.lock().unwrap() = Some(Box::new(happens));
    }

    /// Says how a restaurant serves, without an event.
    pub(crate) fn serves(&self, restaurant: &str, venue: Venue) {
        let id = restaurant.parse().unwrap();
        self.venues.lock().unwrap().insert(id, venue);
    }

    /// How a restaurant serves.
    pub(crate) fn venue(&self, restaurant: &str) -> Venue {
        let id = restaurant.parse().unwrap();
        self.venues
            .lock()
            .unwrap()
            .get(&id)
            .cloned()
            .unwrap_or_default()
    }

    fn next_version(&self, stream: Uid) -> i64 {
        let mut versions = self.versions.lock().unwrap();
        let version = versions.entry(stream).or_default();
        *version += 1;
        *version
    }
}

impl Node {
    async fn new(shop: &Shop, db: &Db, (name, said): (&str, &Arc<Spoken>)) -> Self {
        let (clock, random) = (&shop.world.clock, &shop.world.random);
        let (bus, trust) = (Bus::memory(Room::default()), Trust::withdrawn());
        let (rings, _) = watch::channel(KeyRing::draw(random));
        let platform = Platform::new(platform::Parts {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            sealer: db.sealer(&KeyRing::draw(random)),
            cursors: shop.cursors(),
            pepper: rings.subscribe(),
            audit: rings.subscribe(),
            bus: bus.clone(),
            trust: trust.clone(),
            people: People::new(Arc::new(Nobody)),
            letters: Letters::new(Arc::new(Nobody)),
            join: "https://comanda.example/join".to_owned(),
        });
        let app = search::App::new(search::Parts {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            cursors: shop.cursors(),
            restaurants: platform.restaurants(),
            venues: Venues::new(said.clone()),
            menus: Menus::new(said.clone()),
        });
        let tasks = Tasks::new(clock.clone(), random.clone());
        let parts = engine::Parts {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            bus,
            trust,
        };
        let consumers = vec![search::consumer(&app).unwrap()];
        let settings = engine::Settings::new(name);
        let engine = engine::Engine::new(parts, settings, consumers, vec![]).unwrap();
        engine.start(&tasks);
        search::start(&app, &tasks);
        let parts = Parts {
            identify: Arc::new(Operator),
            witness: Arc::new(Nobody),
            hosts: platform.hosts(),
            admission: Admission::new(super::world::roomy(), clock.clone()),
            ..Parts::new(clock, random)
        };
        let settings = Settings {
            rates: Rates::unlimited(),
            ..Settings::default()
        };
        Node {
            edge: Edge::build(settings, search::routes(&app), parts).unwrap(),
            platform,
            _tasks: tasks,
        }
    }

    /// Asks as nobody, under a host name.
    pub(crate) async fn at(&self, host: &str, method: Method, path: &str) -> Said {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", host);
        let request = request.body(Full::new(bytes::Bytes::new())).unwrap();
        let (head, body) = self.edge.call(request).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Said {
            status: head.status,
            etag: None,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Said {
        self.at("localhost", Method::GET, path).await
    }

    /// The names of restaurants in an answer.
    pub(crate) async fn names(&self, path: &str) -> Vec<String> {
        let said = self.get(path).await;
        names(&said)
    }
}

/// The names of restaurants in an answer, of a list or of what was found.
pub(crate) fn names(said: &Said) -> Vec<String> {
    let items = said.body["items"].as_array();
    let name = |item: &Value| {
        let listed = item.get("restaurant").unwrap_or(item);
        listed["name"].as_str().unwrap().to_owned()
    };
    items
        .map(|items| items.iter().map(name).collect())
        .unwrap_or_default()
}

impl Town {
    /// Two nodes, as they find nothing.
    pub(crate) async fn new(engine: Engine) -> Self {
        let shop = Shop::new(engine).await;
        shop.world.db.migrate(&ENGINE).await.unwrap();
        let said = Arc::new(Spoken::default());
        let one = Node::new(&shop, &shop.world.db.clone(), ("one", &said)).await;
        let db = shop.world.another_node().await;
        let two = Node::new(&shop, &db, ("two", &said)).await;
        Town {
            shop,
            one,
            two,
            said,
        }
    }

    /// Says how a restaurant serves, and tells everybody.
    pub(crate) async fn serves(&self, restaurant: &str, venue: Venue) {
        self.said.serves(restaurant, venue);
        self.tell_venue(restaurant).await;
    }

    /// Tells everybody that a venue has changed.
    pub(crate) async fn tell_venue(&self, restaurant: &str) {
        tell_venue(&self.shop.world.db, &self.said, restaurant).await;
    }

    /// Publishes a menu of these items for a restaurant, and tells everybody whose menu it is.
    pub(crate) async fn sells(&self, restaurants: &[&str], place: &str, items: &[&str]) {
        let world = &self.shop.world;
        for restaurant in restaurants {
            let id: RestaurantId = restaurant.parse().unwrap();
            let item = |name: &&str| {
                let uid = Uid::make(&world.clock, &world.random, id.organisation());
                (ItemId::from(uid), Words::parse(name).unwrap())
            };
            let indexed = Indexed {
                revision: 7,
                categories: vec![Words::parse("Antipasti").unwrap()],
                items: items.iter().map(item).collect(),
            };
            self.said.menus.lock().unwrap().insert(id, indexed);
        }
        let payload = serde_json::json!({"place": place, "revision": 7}).to_string();
        let organisation = uid(place).organisation();
        let stream = Uid::make(&world.clock, &world.random, organisation);
        tell(&world.db, (stream, 1), "menu.published", payload).await;
    }
}

/// Tells everybody that a venue has changed.
pub(crate) async fn tell_venue(db: &Db, said: &Spoken, restaurant: &str) {
    let id: RestaurantId = restaurant.parse().unwrap();
    let stream = domain::venues::stream(id);
    let told = Told {
        restaurant: id,
        part: Some(PartSaid::Zones(said.venue(restaurant).zones)),
        held: None,
        since: None,
        ended: None,
    };
    let payload = serde_json::to_string(&told).unwrap();
    let version = said.next_version(stream);
    tell(db, (stream, version), "venue.changed", payload).await;
}

async fn tell(db: &Db, (stream, version): (Uid, i64), kind: &'static str, payload: String) {
    let mut commit = db.new_commit(stream.organisation());
    commit.event(Event {
        stream,
        version,
        kind,
        payload,
        actor: "test".to_owned(),
        at: commit.at(),
        trace: String::new(),
    });
    db.commit(commit, &db.deadline()).await.unwrap();
}
