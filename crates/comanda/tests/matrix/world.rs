//! The whole program in one process, with two organisations in it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use base::secret::Secret;
use base::{Clock, CursorKey, KeyRing, Random};
use catalogue::Catalogue;
use commerce::Commerce;
use domain::organisations::{OrganisationId, Plan};
use domain::people::PersonId;
use edge::{Admission, Client, Edge, FirstOf, Rates, Strength};
use engine::Tasks;
use fabric::blobs::{self, Blobs, Place};
use fabric::{Bus, Limits, Room, Trust};
use feeds::{Feeds, Neighbours, OfTheSystem, Patience, Wire};
use futures_util::future::BoxFuture;
use http::{Method, StatusCode};
use identity::{Identity, factors, people, sessions};
use platform::Platform;
use rpc::{Addresses, Deliver, Letter, Letters, Menus, People, Venues};
use serde_json::{Value, json};
use store::{Commit, Part, Settings};
use testkit::trial::{Engine, World};
use tokio::sync::watch;

use crate::ask::{Said, Shown, ask};
use crate::callers::Callers;
use crate::goods::Sold;

type Parts = LazyLock<Vec<&'static Part>>;
static SHARDS: Parts = LazyLock::new(|| {
    [
        &[&engine::PART],
        platform::SHARDS,
        search::SHARDS,
        catalogue::SHARDS,
        commerce::SHARDS,
        feeds::SHARDS,
    ]
    .concat()
});
static PEOPLE: Parts = LazyLock::new(|| {
    [
        &[&engine::PART],
        identity::PEOPLE,
        platform::PEOPLE,
        commerce::PEOPLE,
    ]
    .concat()
});
static CONTROL: Parts = LazyLock::new(|| [&[&identity::CONTROL], platform::CONTROL].concat());

static AUDIT: &[&Part] = &[&platform::audit::LOG];

/// Everything of one organisation has this in its names, so that it can be seen wherever it comes out.
pub(crate) const CANARY_A: &str = "Aquila";
pub(crate) const CANARY_B: &str = "Balena";
/// How often somebody asks again who was told that there is too much to do, and after what time.
const AGAIN_MAX: u32 = 5;
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Why the operator acts.
pub(crate) const REASON: &str = "support call 7";

/// One organisation by its real ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct House {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) owner_shown: Shown,
    pub(crate) brands: Vec<String>,
    pub(crate) restaurants: Vec<String>,
    pub(crate) role: String,
    pub(crate) host: String,
    /// Members with one grant each, by the number of the restaurant where it was given.
    pub(crate) members: Vec<(String, String)>,
    /// Invitations, devices, keys.
    pub(crate) invitations: Vec<String>,
    pub(crate) devices: Vec<String>,
    pub(crate) key: String,
    pub(crate) picture: String,
    /// What its first restaurant and its first brand sell, and an order of the restaurant.
    pub(crate) sold: Sold,
    pub(crate) sold_by_brand: Sold,
    pub(crate) order: String,
    /// An order that was handed over, and a refund of it that waits for a second person.
    pub(crate) refund: (String, String),
    pub(crate) coupon: String,
    pub(crate) promotion: String,
    pub(crate) hook: String,
}

/// The program and who uses it.
pub(crate) struct Town {
    pub(crate) world: World,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) identity: Identity,
    pub(crate) catalogue: Catalogue,
    pub(crate) edge: Edge,
    /// The same sign-ins for another audience.
    pub(crate) elsewhere: Edge,
    pub(crate) operator: Shown,
    pub(crate) operator_person: String,
    pub(crate) second_operator: String,
    pub(crate) a: House,
    pub(crate) b: House,
    /// Something of the diner's own: an address, a session.
    pub(crate) things: BTreeMap<&'static str, String>,
    pub(crate) callers: Callers,
    post: Arc<Post>,
    made: AtomicU32,
    /// How often somebody had to ask again, because there was too much to do.
    pub(crate) again: AtomicU32,
    _tasks: Tasks,
    _keys: Keys,
    _shelf: Shelf,
}

/// The folder of the blobs, which goes with the town.
struct Shelf(PathBuf);

impl Drop for Shelf {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

#[derive(Default)]
struct Post(Mutex<Vec<Letter>>);

struct Keys {
    pepper: watch::Sender<KeyRing>,
    token: watch::Sender<KeyRing>,
    audit: watch::Sender<KeyRing>,
    cursors: watch::Sender<CursorKey>,
}

impl Deliver for Post {
    fn deliver(&self, letter: Letter) -> BoxFuture<'_, base::Result<()>> {
        self.0.lock().unwrap().push(letter);
        Box::pin(async { Ok(()) })
    }
}

/// The slices that belong to organisations.
type Slices<'a> = (
    &'a Platform,
    &'a Catalogue,
    &'a Commerce,
    &'a Feeds,
    &'a search::App,
);

/// What both sets of slices stand on.
struct Ground<'a> {
    world: &'a World,
    clock: &'a Clock,
    random: &'a Random,
    sealer: store::Sealer,
    bus: Bus,
    trust: Trust,
    limits: Limits,
    post: Arc<Post>,
    keys: &'a Keys,
    blobs: PathBuf,
}

impl Ground<'_> {
    fn identity(&self, audience: &str) -> Identity {
        Identity::new(identity::Parts {
            db: &self.world.db,
            sealer: &self.sealer,
            clock: self.clock,
            random: self.random,
            bus: &self.bus,
            trust: &self.trust,
            limits: &self.limits,
            pepper: self.keys.pepper.subscribe(),
            token: self.keys.token.subscribe(),
            letters: Letters::new(self.post.clone()),
            staff: Arc::new(factors::EverybodyIsStaff),
            settings: identity::Settings {
                codes: people::codes::Settings::default(),
                sessions: sessions::Settings {
                    audience: audience.to_owned(),
                    ..sessions::Settings::default()
                },
                factors: factors::Settings::default(),
            },
        })
        .unwrap()
    }

    fn platform(&self, identity: &Identity) -> Platform {
        Platform::new(platform::Parts {
            db: self.world.db.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
            sealer: self.sealer.clone(),
            cursors: slice::Cursors::new(self.keys.cursors.subscribe()),
            pepper: self.keys.pepper.subscribe(),
            audit: self.keys.audit.subscribe(),
            bus: self.bus.clone(),
            trust: self.trust.clone(),
            people: People::new(Arc::new(identity.people.clone())),
            letters: Letters::new(self.post.clone()),
            join: "https://comanda.example/join".to_owned(),
        })
    }

    fn catalogue(&self, platform: &Platform) -> Catalogue {
        let (place, settings) = (
            Place::Folder(self.blobs.clone()),
            blobs::Settings::default(),
        );
        Catalogue::new(&catalogue::Parts {
            db: self.world.db.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
            cursors: slice::Cursors::new(self.keys.cursors.subscribe()),
            bus: self.bus.clone(),
            trust: self.trust.clone(),
            blobs: Blobs::open(place, settings, self.clock, self.random).unwrap(),
            restaurants: platform.restaurants(),
        })
    }

    fn commerce(
        &self,
        (identity, platform): (&Identity, &Platform),
        catalogue: &Catalogue,
    ) -> Commerce {
        Commerce::new(&commerce::Parts {
            db: self.world.db.clone(),
            clock: self.world.clock.clone(),
            random: self.random.clone(),
            cursors: slice::Cursors::new(self.keys.cursors.subscribe()),
            sealer: self.sealer.clone(),
            bus: self.bus.clone(),
            trust: self.trust.clone(),
            limits: self.limits.clone(),
            restaurants: platform.restaurants(),
            venues: Venues::new(Arc::new(catalogue.venues.clone())),
            menus: Menus::new(Arc::new(catalogue.menus.clone())),
            stock: catalogue.menus.clone(),
            fraud: rpc::Fraud::default(),
            addresses: Addresses::new(Arc::new(identity.people.clone())),
            providers: rpc::Providers::new(vec![Arc::new(commerce::payments::Pretend::new())]),
        })
    }

    fn feeds(&self, platform: &Platform) -> Feeds {
        Feeds::new(&feeds::Parts {
            db: self.world.db.clone(),
            clock: self.world.clock.clone(),
            random: self.random.clone(),
            cursors: slice::Cursors::new(self.keys.cursors.subscribe()),
            sealer: self.sealer.clone(),
            bus: self.bus.clone(),
            restaurants: platform.restaurants(),
            wire: Wire::new(Arc::new(OfTheSystem), Neighbours::Refused).unwrap(),
            patience: Patience::default(),
        })
    }

    fn search(&self, platform: &Platform, catalogue: &Catalogue) -> search::App {
        search::App::new(search::Parts {
            db: self.world.db.clone(),
            clock: self.world.clock.clone(),
            random: self.random.clone(),
            cursors: slice::Cursors::new(self.keys.cursors.subscribe()),
            restaurants: platform.restaurants(),
            venues: Venues::new(Arc::new(catalogue.venues.clone())),
            menus: Menus::new(Arc::new(catalogue.menus.clone())),
        })
    }

    fn edge(
        &self,
        identity: &Identity,
        (platform, catalogue, commerce, feeds, search): Slices<'_>,
    ) -> Edge {
        let mut known = identity.identify();
        known.extend(platform.identify());
        let room = edge::admission::Settings {
            limit_first: 1_000,
            limit_min: 1_000,
            ..Default::default()
        };
        let parts = edge::Parts {
            identify: Arc::new(FirstOf(known)),
            authorise: platform.authorise(),
            witness: platform.witness(),
            hosts: platform.hosts(),
            admission: Admission::new(room, self.clock.clone()),
            ..edge::Parts::new(self.clock, self.random)
        };
        let settings = edge::Settings {
            rates: Rates::unlimited(),
            ..edge::Settings::default()
        };
        let inbox = rpc::Inbox::new(self.clock);
        let readiness = edge::health::Readiness::default();
        readiness.ready();
        let health = edge::health::Health::new(Vec::new(), readiness, self.clock.clone());
        let privacy = identity::privacy::App::new(
            identity,
            &platform.personal().and(commerce.keepers()),
            self.clock,
        );
        let routes = identity
            .routes()
            .with(identity::privacy::routes(&privacy))
            .with(platform.routes())
            .with(catalogue.routes())
            .with(commerce.routes())
            .with(feeds.routes())
            .with(search::routes(search))
            .with(people::inbox_routes(&inbox))
            .with(edge::health::routes(&health).into());
        Edge::build(settings, routes, parts).unwrap()
    }

    fn start(&self, (platform, catalogue, commerce, feeds, search): Slices<'_>) -> Tasks {
        // What works on its own keeps real time; sign-ins keep a time that the test moves.
        let real = (self.world.clock.clone(), self.world.random.clone());
        let tasks = Tasks::new(real.0.clone(), real.1.clone());
        platform.start(&tasks);
        catalogue.start(&tasks);
        commerce.start(&tasks);
        feeds.start(&tasks);
        search::start(search, &tasks);
        let parts = engine::Parts {
            db: self.world.db.clone(),
            clock: real.0,
            random: real.1,
            bus: self.bus.clone(),
            trust: Trust::withdrawn(),
        };
        let (mut consumers, mut timers) = (platform.consumers().unwrap(), platform.timers());
        consumers.extend(catalogue.consumers().unwrap());
        consumers.extend(commerce.consumers().unwrap());
        consumers.extend(feeds.consumers().unwrap());
        consumers.push(search::consumer(search).unwrap());
        timers.extend(catalogue.timers());
        timers.extend(commerce.timers());
        let engine = engine::Engine::new(parts, engine::Settings::new("one"), consumers, timers);
        let engine = engine.and_then(|engine| engine.with_jobs(feeds.jobs()));
        let engine = engine.unwrap();
        engine.start(&tasks);
        feeds.attend(&engine);
        tasks
    }
}

impl Town {
    /// Two organisations, A with two brands and three restaurants, B with one and two, and all callers.
    pub(crate) async fn new(engine: Engine, tune: impl FnOnce(&mut Settings)) -> Self {
        let world = World::tuned(engine, tune).await;
        let bring = store::Parts {
            shards: &SHARDS,
            people: &PEOPLE,
            control: &CONTROL,
            audit: AUDIT,
        };
        world.db.migrate(&bring).await.unwrap();
        let random = Random::real();
        let clock = Clock::simulated(world.clock.now());
        let ring = || watch::channel(KeyRing::draw(&random)).0;
        let keys = Keys {
            pepper: ring(),
            token: ring(),
            audit: ring(),
            cursors: watch::channel(CursorKey::new(*Secret::draw(&random).bytes())).0,
        };
        let post = Arc::new(Post::default());
        let shelf = std::env::temp_dir().join(format!("comanda-matrix-{:016x}", random.u64()));
        let ground = Ground {
            sealer: world.db.sealer(&KeyRing::draw(&random)),
            bus: Bus::memory(Room::default()),
            trust: Trust::granted(),
            limits: Limits::memory(&clock, 100_000),
            world: &world,
            clock: &clock,
            random: &random,
            post: post.clone(),
            keys: &keys,
            blobs: shelf.clone(),
        };
        let identity = ground.identity("comanda");
        let platform = ground.platform(&identity);
        let catalogue = ground.catalogue(&platform);
        let search = ground.search(&platform, &catalogue);
        let commerce = ground.commerce((&identity, &platform), &catalogue);
        let catalogue = catalogue.holding(commerce.places());
        let feeds = ground.feeds(&platform);
        let slices = (&platform, &catalogue, &commerce, &feeds, &search);
        let edge = ground.edge(&identity, slices);
        let other = ground.identity("somewhere else");
        let elsewhere = ground.edge(&other, slices);
        let tasks = ground.start(slices);
        drop(ground);
        let mut town = Town {
            world,
            clock,
            random,
            identity,
            catalogue,
            edge,
            elsewhere,
            operator: Shown::default(),
            operator_person: String::new(),
            second_operator: String::new(),
            a: House::default(),
            b: House::default(),
            things: BTreeMap::new(),
            callers: Callers::default(),
            post,
            made: AtomicU32::new(0),
            again: AtomicU32::new(0),
            _tasks: tasks,
            _keys: keys,
            _shelf: Shelf(shelf),
        };
        town.settle().await;
        town
    }

    async fn settle(&mut self) {
        self.claim().await;
        // Whoever signed in long ago: before everything else, for the clock only goes forward.
        let owner = self.person("owner-a").await;
        let late = self.shown(&owner, Strength::Two).await;
        let late_token = self.token(&self.edge, &late).await;
        self.clock.advance(Duration::from_secs(25 * 3_600)).unwrap();
        self.a = self.house(CANARY_A, owner, 3).await;
        let owner = self.person("owner-b").await;
        self.b = self.house(CANARY_B, owner, 2).await;
        self.callers = Callers::gather(self, (late, late_token)).await;
    }

    /// A picture of an organisation, of one point.
    pub(crate) async fn picture(&self, house: &House) -> String {
        let mut upload = std::io::Cursor::new(Vec::new());
        let point = image::DynamicImage::new_rgb8(1, 1);
        point
            .write_to(&mut upload, image::ImageFormat::Png)
            .unwrap();
        let ask = slice::Ask {
            actor: house.owner.clone(),
            trace: String::new(),
            key: None,
        };
        let id: OrganisationId = house.id.parse().unwrap();
        let whose = (id.organisation(), Plan::Enterprise);
        let added = self
            .catalogue
            .pictures
            .add(&ask, whose, upload.into_inner().into());
        added.await.unwrap().id.to_string()
    }

    async fn claim(&mut self) {
        let token = identity::operators::link_token(&self._keys.pepper.borrow());
        let body = json!({"token": token, "name": "Ada", "email": "ada@example.com"});
        let claimed = self
            .done(&Shown::default(), Method::POST, "/api/setup", body)
            .await;
        self.operator_person = claimed.field("operator.person");
        self.operator = Shown {
            bearer: Some(claimed.field("key")),
            reason: Some(REASON),
            ..Shown::default()
        };
        let body = json!({"name": "Bo", "email": "bo@example.com"});
        let second = self
            .done(&self.operator, Method::POST, "/api/operators", body)
            .await;
        self.second_operator = second.field("id");
    }

    async fn house(&self, canary: &str, owner: String, restaurants: usize) -> House {
        let shown = self.shown(&owner, Strength::Two).await;
        let body = json!({"name": canary});
        let made = self
            .done(&shown, Method::POST, "/api/organisations", body)
            .await;
        let id = made.field("id");
        let plan = json!({"plan": "enterprise", "version": 1});
        let path = format!("/api/organisations/{id}");
        self.done(&self.operator, Method::PUT, &format!("{path}/plan"), plan)
            .await;
        let mut house = House {
            id,
            owner,
            owner_shown: shown.clone(),
            host: format!("{}.example.org", canary.to_lowercase()),
            ..House::default()
        };
        for number in 1..restaurants {
            let name = json!({"name": format!("{canary} {number}")});
            let made = self
                .done(&shown, Method::POST, &format!("{path}/brands"), name)
                .await;
            house.brands.push(made.field("id"));
        }
        for number in 0..restaurants {
            // The first two belong to the first brand, the third to the second.
            let brand = &house.brands[number / 2];
            let body = restaurant(&format!("{canary} {number}"), Some(brand));
            let made = self
                .done(&shown, Method::POST, &format!("{path}/restaurants"), body)
                .await;
            house.restaurants.push(made.field("id"));
        }
        let role = json!({"name": format!("{canary} watcher"), "permissions": ["members.read"]});
        let made = self
            .done(&shown, Method::POST, &format!("{path}/roles"), role)
            .await;
        house.role = made.field("role");
        let host = format!("{path}/hosts/{}", house.host);
        self.done(&self.operator, Method::PUT, &host, Value::Null)
            .await;
        self.furnish(&mut house, canary).await;
        house.picture = self.picture(&house).await;
        self.begin_menus(&house).await;
        self.sell(&mut house).await;
        house
    }

    /// Begins a draft for each brand and restaurant, so that there is something to take out of it.
    async fn begin_menus(&self, house: &House) {
        let brands = house.brands.iter().map(|brand| format!("brands/{brand}"));
        let restaurants = house.restaurants.iter();
        let restaurants = restaurants.map(|restaurant| format!("restaurants/{restaurant}"));
        let head = json!({"currency": "EUR", "language": "de", "taxesIncluded": "included"});
        for place in brands.chain(restaurants) {
            let path = format!("/api/{place}/menu/draft");
            let body = json!({"version": 0, "head": head});
            self.done(&house.owner_shown, Method::PATCH, &path, body)
                .await;
        }
    }

    /// At the first and the last restaurant: a member, an invitation, a device. And a key.
    async fn furnish(&self, house: &mut House, canary: &str) {
        let owner = house.owner_shown.clone();
        let places = [
            house.restaurants[0].clone(),
            house.restaurants.last().unwrap().clone(),
        ];
        for (number, place) in places.iter().enumerate() {
            let person = self
                .member(house, &format!("{canary}-{number}"), &[("staff", place)])
                .await;
            let path = format!("/api/organisations/{}/members/{person}/grants", house.id);
            let grants = self.done(&owner, Method::GET, &path, Value::Null).await;
            let grant = grants.body()["items"][0]["id"].as_str().unwrap().to_owned();
            house.members.push((person, grant));
            let (invitation, _) = self.invite(house, &[("staff", place)]).await;
            house.invitations.push(invitation);
            let (device, _) = self.device(&owner, place, ("kitchen", canary)).await;
            house.devices.push(device);
        }
        house.key = self.key(house, json!(["orders.read"]), None).await.0;
    }

    /// Asks and is let.
    pub(crate) async fn done(
        &self,
        shown: &Shown,
        method: Method,
        path: &str,
        body: Value,
    ) -> Said {
        let sent = Some(&body).filter(|body| !body.is_null());
        let said = self.heard((&method, path), shown, sent).await;
        assert!(said.status.is_success(), "{method} {path} {body}: {said:?}");
        said
    }

    /// Asks, and asks again where there was too much to do: of a machine that cannot keep up nothing was done.
    pub(crate) async fn heard(
        &self,
        asked: (&Method, &str),
        shown: &Shown,
        body: Option<&Value>,
    ) -> Said {
        let mut said = ask(&self.edge, asked, shown, &[], body).await;
        for _ in 0..AGAIN_MAX {
            if said.status != StatusCode::SERVICE_UNAVAILABLE {
                break;
            }
            self.again.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(AGAIN_AFTER).await;
            said = ask(&self.edge, asked, shown, &[], body).await;
        }
        said
    }

    /// A name that nothing has yet.
    pub(crate) fn name(&self) -> String {
        format!("New {}", self.made.fetch_add(1, Ordering::Relaxed))
    }

    /// Somebody who has signed in by a code once.
    pub(crate) async fn person(&self, name: &str) -> String {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let email = format!("{}-{number}@example.com", name.to_lowercase());
        // Everybody comes from elsewhere: the limits of letters are tested elsewhere too.
        let nobody = Shown {
            from: number,
            ..Shown::default()
        };
        let body = json!({"email": email});
        let sent = self
            .done(&nobody, Method::POST, "/api/auth/send-otp", body)
            .await;
        let code = self
            .letter(&email, |text| Some(text.chars().take(6).collect()))
            .await;
        let body = json!({"challenge": sent.field("challenge"), "code": code});
        let said = self
            .done(&nobody, Method::POST, "/api/auth/verify-otp", body)
            .await;
        let cookies = said.headers.get_all("set-cookie").into_iter();
        let mut cookies = cookies.map(|set| set.to_str().unwrap().split(';').next().unwrap());
        let cookie = cookies
            .find_map(|set| set.strip_prefix("__Host-comanda="))
            .unwrap();
        let shown = Shown {
            cookie: Some(cookie.to_owned()),
            ..Shown::default()
        };
        let me = self.done(&shown, Method::GET, "/api/me", Value::Null).await;
        me.field("id")
    }

    /// A new session of somebody.
    pub(crate) async fn shown(&self, person: &str, strength: Strength) -> Shown {
        let person: PersonId = person.parse().unwrap();
        let mut commit = Commit::of_person(&self.clock, &self.random, person.uid());
        let start = sessions::Start {
            person,
            strength,
            kind: sessions::Kind::Person,
            client: &Client {
                address: None,
                agent: None,
            },
            trace: "",
        };
        let started = self
            .identity
            .sessions
            .begin(&mut commit, start)
            .await
            .unwrap();
        let db = &self.world.db;
        db.commit(commit, &db.deadline()).await.unwrap();
        Shown {
            cookie: Some(started.token.to_string()),
            ..Shown::default()
        }
    }

    /// An access token of a session.
    pub(crate) async fn token(&self, edge: &Edge, shown: &Shown) -> Shown {
        let said = ask(edge, (&Method::POST, "/api/auth/tokens"), shown, &[], None).await;
        assert_eq!(said.status, StatusCode::OK, "{said:?}");
        Shown {
            bearer: Some(said.field("accessToken")),
            ..Shown::default()
        }
    }

    pub(crate) async fn invite(&self, house: &House, grants: &[(&str, &str)]) -> (String, String) {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let email = format!("guest-{number}@example.com");
        let grants: Vec<Value> = grants
            .iter()
            .map(|(role, place)| json!({"role": role, "place": place}))
            .collect();
        let path = format!("/api/organisations/{}/invitations", house.id);
        let body = json!({"email": email, "grants": grants});
        let made = self
            .done(&house.owner_shown, Method::POST, &path, body)
            .await;
        (made.field("id"), email)
    }

    /// A new member with these roles, each in a place.
    pub(crate) async fn member(
        &self,
        house: &House,
        name: &str,
        grants: &[(&str, &str)],
    ) -> String {
        let (_, email) = self.invite(house, grants).await;
        let token = self.letter(&email, |text| {
            let line = text.lines().find(|line| line.starts_with("https://"))?;
            Some(line.split_once('#')?.1.to_owned())
        });
        let token = token.await;
        let person = self.person(name).await;
        let shown = self.shown(&person, Strength::Two).await;
        let body = json!({"token": token});
        self.done(&shown, Method::POST, "/api/invitations/accept", body)
            .await;
        person
    }

    /// A device that was paired, and its secret.
    pub(crate) async fn device(
        &self,
        by: &Shown,
        place: &str,
        (kind, label): (&str, &str),
    ) -> (String, String) {
        let path = format!("/api/restaurants/{place}/devices");
        let body = json!({"kind": kind, "label": label});
        let offered = self.done(by, Method::POST, &path, body).await;
        let body = json!({"code": offered.field("code")});
        let from = self.made.fetch_add(1, Ordering::Relaxed);
        let nobody = Shown {
            from,
            ..Shown::default()
        };
        let paired = self
            .done(&nobody, Method::POST, "/api/devices/pair", body)
            .await;
        (paired.field("device.id"), paired.field("secret"))
    }

    /// A key and its secret.
    pub(crate) async fn key(
        &self,
        house: &House,
        scopes: Value,
        at: Option<&str>,
    ) -> (String, String) {
        let path = format!("/api/organisations/{}/keys", house.id);
        let mut body = json!({"label": "POS", "scopes": scopes});
        if let Some(at) = at {
            body["restaurants"] = json!([at]);
        }
        let issued = self
            .done(&house.owner_shown, Method::POST, &path, body)
            .await;
        (issued.field("key.id"), issued.field("secret"))
    }

    async fn letter(&self, to: &str, find: impl Fn(&str) -> Option<String>) -> String {
        for _ in 0..2_000 {
            let found = {
                let letters = self.post.0.lock().unwrap();
                let mine = |letter: &&Letter| match &letter.to {
                    rpc::Recipient::Email(email) => email.as_str() == to,
                    rpc::Recipient::Phone(_) => false,
                };
                letters
                    .iter()
                    .rev()
                    .find(mine)
                    .and_then(|letter| find(&letter.text))
            };
            if let Some(found) = found {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("no letter came to {to}");
    }

    /// What can be told of everything that is kept: how far each log has come, and all that owners and operators see.
    pub(crate) async fn state(&self) -> Vec<String> {
        let db = &self.world.db;
        let shards = db.shards().values();
        let logs = shards.chain([db.control(), db.people()]);
        let mut state: Vec<String> = logs.map(|log| log.head().borrow().to_string()).collect();
        for house in [&self.a, &self.b] {
            let of = |end: &str| format!("/api/organisations/{}{end}", house.id);
            let mut paths = vec![
                of(""),
                "/api/me".into(),
                "/api/me/addresses".into(),
                "/api/me/organisations".into(),
            ];
            let lists = [
                "brands",
                "restaurants",
                "roles",
                "members",
                "invitations",
                "keys",
                "devices",
                "hosts",
                "plan",
            ];
            paths.extend(lists.map(|list| of(&format!("/{list}?limit=100"))));
            for path in paths {
                let path = path
                    .replace("roles?limit=100", "roles")
                    .replace("hosts?limit=100", "hosts")
                    .replace("plan?limit=100", "plan");
                let said = self
                    .done(&house.owner_shown, Method::GET, &path, Value::Null)
                    .await;
                // When something was used last is no change of it.
                let mut body = said.body();
                for item in body["items"].as_array_mut().into_iter().flatten() {
                    for fleeting in ["seenAt", "usedAt"] {
                        item.as_object_mut().unwrap().remove(fleeting);
                    }
                }
                state.push(format!("{path} {body}"));
            }
        }
        for path in ["/api/organisations?limit=100", "/api/operators"] {
            let said = self
                .done(&self.operator, Method::GET, path, Value::Null)
                .await;
            state.push(said.text);
        }
        state
    }
}

/// A restaurant as it is sent.
pub(crate) fn restaurant(name: &str, brand: Option<&str>) -> Value {
    json!({
        "name": name, "brand": brand, "timeZone": "Europe/Rome", "currency": "EUR",
        "address": {"street": "Via Roma 1", "city": "Bolzano", "country": "IT"},
    })
}
