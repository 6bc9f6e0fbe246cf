//! The ground that every seed starts from, made once: two organisations with a restaurant each, as their owners made them
//! through the gate; and processes over a copy of it, which can be dropped and made anew at any moment.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base::secret::Secret;
use base::{Clock, CursorKey, Error, KeyRing, Organisation, Random, Time, Uid, codes};
use catalogue::Catalogue;
use commerce::Commerce;
use domain::people::PersonId;
use edge::{
    Admission, Asked, Authorise, Caller, Documentation, Edge, Granted, Identify, Means, Places,
    Rates, Role, Routes, Seen, Settings, Strength, Who, Witness,
};
use engine::Engine;
use fabric::{Blobs, Bus, Limits, Room, Trust, blobs};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use platform::Platform;
use rpc::providers::Provider;
use rpc::{Deliver, Known, Letter, Letters, Menus, People, Providers, Venues};
use serde_json::{Value, json};
use store::{Db, Part, Parts as Bring, Place};
use tokio::sync::watch;

use super::kitchen::Kitchen;
use super::tabs::HOLDS;

/// The operator, who may do everything.
pub(crate) const OPERATOR: &str = "operator";
/// The name of the only shard.
pub(crate) const SHARD: &str = "one";
/// How many diners there are.
pub(crate) const DINERS: usize = 4;
/// How many pieces of the counted item there are in the beginning.
pub(crate) const CAKES: i64 = 5;
/// How many orders a slot takes.
pub(crate) const SLOT: i64 = 2;
/// How often the coupon can be used, and by one person.
pub(crate) const COUPON: (i64, i64) = (3, 2);
/// Up to how much one person gives back alone in the first restaurant.
pub(crate) const ALONE: i64 = 600;

/// When every seed begins.
pub(crate) fn start() -> Time {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

/// What every seed starts from.
pub(crate) struct Ground {
    pub(crate) db: Db,
    pub(crate) settings: store::Settings,
    pub(crate) kitchens: Vec<Kitchen>,
    pub(crate) diners: Vec<String>,
    /// Two who work there.
    pub(crate) staff: [String; 2],
    keys: Keys,
}

struct Keys {
    cursors: watch::Sender<CursorKey>,
    rings: watch::Sender<KeyRing>,
    people: KeyRing,
}

/// One process: what a node keeps in memory, over databases that outlive it.
pub(crate) struct Process {
    edge: Edge,
    pub(crate) engine: Engine,
    pub(crate) commerce: Commerce,
    /// Where it is written down who acted.
    pub(crate) ledger: platform::audit::Ledger,
}

/// What a process can be asked for: its routes are looked through whenever it starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Everything,
    Orders,
}

/// What was answered.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// A process in the words that kitchens are opened in.
#[derive(Clone)]
pub(crate) struct Shop(Arc<Process>);

/// What the databases carry.
fn bring() -> Bring {
    let own: &[&Part] = &[&platform::SHARD, &engine::PART];
    Bring {
        shards: [own, catalogue::SHARDS, commerce::SHARDS].concat().leak(),
        people: [&[&engine::PART], commerce::PEOPLE].concat().leak(),
        control: platform::CONTROL,
        audit: vec![&platform::audit::LOG].leak(),
    }
}

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

/// Whoever says who he is is believed.
struct Stated;

impl Identify for Stated {
    fn identify<'a>(
        &'a self,
        headers: &'a HeaderMap,
    ) -> BoxFuture<'a, base::Result<Option<Caller>>> {
        let stated = headers.get("authorization");
        let stated = stated.map(|text| text.to_str().unwrap());
        Box::pin(async move {
            let Some(stated) = stated else {
                return Ok(None);
            };
            if stated == OPERATOR {
                return Ok(Some(caller(stated, Role::Operator, None)));
            }
            let person: PersonId = stated.parse().map_err(Error::from)?;
            Ok(Some(caller(stated, Role::Person, Some(person.uid()))))
        })
    }
}

fn caller(actor: &str, role: Role, person: Option<Uid>) -> Caller {
    Caller::of(Who {
        actor: actor.to_owned(),
        role,
        organisation: None,
        person,
        session: None,
        strength: Strength::Two,
        means: Means::Bearer,
    })
}

/// Lets the operator do everything, and those who work there what the operator may, in their own name.
struct Door {
    real: Arc<dyn Authorise>,
    staff: [String; 2],
}

impl Authorise for Door {
    fn may<'a>(&'a self, asked: Asked<'a>) -> BoxFuture<'a, base::Result<Granted>> {
        Box::pin(async move {
            let is_operator = asked.caller.role() == Role::Operator;
            let is_staff = self.staff.iter().any(|one| one == asked.caller.actor());
            if !is_operator && !is_staff {
                let said = "there is no such thing";
                return Err(Error::missing(codes::NOT_FOUND, said));
            }
            let operator = caller(OPERATOR, Role::Operator, None);
            let granted = self.real.may(Asked {
                caller: &operator,
                reason: Some("a test"),
                ..asked
            });
            let granted = granted.await?;
            Ok(match is_operator {
                true => granted,
                false => Granted {
                    acting: false,
                    places: Places::All,
                    ..granted
                },
            })
        })
    }

    fn knows(&self, permission: &str) -> bool {
        self.real.knows(permission)
    }
}

/// Pictures are no part of this; the folder is never written to.
fn shelf(clock: &Clock, random: &Random) -> Blobs {
    let root = std::env::temp_dir().join(format!("comanda-simulation-{}", std::process::id()));
    let place = blobs::Place::Folder(root);
    Blobs::open(place, blobs::Settings::default(), clock, random).unwrap()
}

/// What a process runs by.
pub(crate) struct Runs<'a> {
    pub(crate) clock: &'a Clock,
    pub(crate) random: &'a Random,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) name: String,
    pub(crate) asked: What,
}

/// The gate of a process, with room for everybody.
fn gate(
    (clock, random): (&Clock, &Random),
    routes: Routes,
    (real, staff): (Arc<dyn Authorise>, &[String; 2]),
    witness: Arc<dyn Witness>,
) -> Edge {
    let staff = staff.clone();
    let door = Door { real, staff };
    let parts = edge::Parts {
        identify: Arc::new(Stated),
        authorise: Arc::new(door),
        witness,
        admission: Admission::new(roomy(), clock.clone()),
        ..edge::Parts::new(clock, random)
    };
    let settings = Settings {
        rates: Rates::unlimited(),
        documentation: Documentation::Unwritten,
        ..Settings::default()
    };
    Edge::build(settings, routes, parts).unwrap()
}

/// What a process can be asked for, and who hears of it. While the ground is laid nobody appends to the audit log.
fn asked(
    what: What,
    (platform, catalogue, commerce): (&Platform, &Catalogue, &Commerce),
) -> (Routes, Arc<dyn Witness>) {
    if what == What::Everything {
        let routes = platform::organisations::routes(&platform.organisations)
            .with(catalogue.routes())
            .with(commerce.routes());
        return (routes, Arc::new(Nothing));
    }
    let carts = commerce::carts::App::new(&commerce.orders);
    let routes = commerce::orders::routes(&commerce.orders)
        .with(commerce::payments::routes(&commerce.payments))
        .with(commerce::carts::routes(&carts))
        .with(catalogue::pricing::routes(&catalogue.pricing));
    (routes, Arc::new(platform.ledger.clone()))
}

impl Process {
    /// A process that has just started.
    fn new(db: &Db, (keys, staff): (&Keys, &[String; 2]), means: Runs<'_>) -> Self {
        let Runs { clock, random, .. } = means;
        // Its memory of what it has read is never believed: nobody tells it of what others do.
        let (bus, trust) = (Bus::memory(Room::default()), Trust::withdrawn());
        let cursors = || slice::Cursors::new(keys.cursors.subscribe());
        let platform = Platform::new(platform::Parts {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            sealer: db.sealer(&keys.people),
            cursors: cursors(),
            pepper: keys.rings.subscribe(),
            audit: keys.rings.subscribe(),
            bus: bus.clone(),
            trust: trust.clone(),
            people: People::new(Arc::new(Nothing)),
            letters: Letters::new(Arc::new(Nothing)),
            join: "https://comanda.example/join".to_owned(),
        });
        let catalogue = Catalogue::new(&catalogue::Parts {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            cursors: cursors(),
            bus: bus.clone(),
            trust: trust.clone(),
            blobs: shelf(clock, random),
            restaurants: platform.restaurants(),
        });
        let commerce = Commerce::new(&commerce::Parts {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            cursors: cursors(),
            sealer: db.sealer(&keys.people),
            bus: bus.clone(),
            trust: trust.clone(),
            limits: Limits::memory(clock, 1_000),
            restaurants: platform.restaurants(),
            venues: Venues::new(Arc::new(catalogue.venues.clone())),
            menus: Menus::new(Arc::new(catalogue.menus.clone())),
            stock: catalogue.menus.clone(),
            fraud: rpc::Fraud::default(),
            addresses: rpc::Addresses::default(),
            providers: Providers::new(vec![means.provider]),
        });
        let catalogue = catalogue.holding(commerce.places());
        commerce.sagas.learn(commerce.orders.scripts()).unwrap();
        let parts = engine::Parts {
            db: db.clone(),
            clock: clock.clone(),
            random: random.clone(),
            bus,
            trust,
        };
        let (mut consumers, mut timers) = (catalogue.consumers().unwrap(), catalogue.timers());
        consumers.extend(commerce.consumers().unwrap());
        timers.extend(commerce.timers());
        let settings = engine::Settings::new(means.name);
        let engine = Engine::new(parts, settings, consumers, timers).unwrap();
        let (routes, witness) = asked(means.asked, (&platform, &catalogue, &commerce));
        let door = (platform.authorise(), staff);
        Process {
            edge: gate((clock, random), routes, door, witness),
            engine,
            commerce,
            ledger: platform.ledger.clone(),
        }
    }

    /// Sends a request.
    pub(crate) async fn send(&self, asked: &Sent) -> Said {
        let mut request = Request::builder()
            .method(asked.method.clone())
            .uri(&asked.path)
            .header("host", "localhost");
        if !asked.who.is_empty() {
            request = request.header("authorization", &asked.who);
        }
        if asked.who == OPERATOR {
            request = request.header("x-acting-reason", "a test");
        }
        if !asked.key.is_empty() {
            request = request.header("idempotency-key", &asked.key);
        }
        for (name, value) in &asked.headers {
            request = request.header(name, value);
        }
        if !asked.body.is_empty() {
            request = request
                .header("content-type", "application/json")
                .header("content-length", asked.body.len());
        }
        let body = Full::new(bytes::Bytes::from(asked.body.clone()));
        let answer = self.edge.call(request.body(body).unwrap()).await;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Said {
            status: head.status.as_u16(),
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        }
    }
}

/// A request as it is sent, once or again.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) who: String,
    pub(crate) key: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Sent {
    pub(crate) fn new((who, key): (&str, &str), method: Method, path: &str, body: &Value) -> Self {
        Sent {
            who: who.to_owned(),
            key: key.to_owned(),
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: match body {
                Value::Null => Vec::new(),
                body => body.to_string().into_bytes(),
            },
        }
    }
}

impl Said {
    /// The body of an answer that is well.
    #[track_caller]
    pub(crate) fn good(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.body
    }
}

impl Shop {
    pub(crate) async fn get(&self, path: &str) -> Said {
        let asked = (OPERATOR, "");
        self.ask(asked, Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Said {
        let asked = (OPERATOR, "");
        self.ask(asked, Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Said {
        let asked = (OPERATOR, "");
        self.ask(asked, Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Said {
        let asked = (OPERATOR, "");
        self.ask(asked, Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn ask(
        &self,
        who: (&str, &str),
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Said {
        let body = body.unwrap_or_default();
        self.0.send(&Sent::new(who, method, path, &body)).await
    }

    pub(crate) async fn organisation(&self, name: &str) -> String {
        let made = self.post("/api/organisations", json!({"name": name})).await;
        let id = made.good()["id"].as_str().unwrap().to_owned();
        let plan = json!({"plan": "growth", "version": 1});
        let path = format!("/api/organisations/{id}/plan");
        self.put(&path, plan).await.good();
        id
    }

    pub(crate) async fn restaurant(&self, organisation: &str, brand: Option<&str>) -> String {
        let path = format!("/api/organisations/{organisation}/restaurants");
        let address = json!({
            "street": "Via Roma 1", "postalCode": "80100", "city": "Napoli", "country": "IT",
        });
        let body = json!({
            "name": "Trattoria Lucia", "brand": brand, "timeZone": "Europe/Rome",
            "currency": "EUR", "address": address,
        });
        let made = self.post(&path, body).await.good();
        made["id"].as_str().unwrap().to_owned()
    }
}

impl Ground {
    /// The one that all seeds of this program share.
    pub(crate) fn get() -> &'static Ground {
        static GROUND: OnceLock<Ground> = OnceLock::new();
        GROUND.get_or_init(|| runtime().block_on(Ground::make()))
    }

    async fn make() -> Self {
        let (clock, random) = (Clock::simulated(start()), Random::seeded(0xC0A7DA));
        let inline = || Place::Inline;
        let settings = store::Settings {
            region: "here".to_owned(),
            control: inline(),
            people: inline(),
            audit: inline(),
            keys: inline(),
            shards: [(SHARD.to_owned(), inline())].into(),
            directory_copy: None,
            within: Duration::from_secs(20),
        };
        let db = Db::open(&settings, &clock, &random).unwrap();
        db.migrate(&bring()).await.unwrap();
        let keys = Keys {
            cursors: watch::channel(CursorKey::new(*Secret::draw(&random).bytes())).0,
            rings: watch::channel(KeyRing::draw(&random)).0,
            people: KeyRing::draw(&random),
        };
        let person = || PersonId::make(&clock, &random, Organisation::PEOPLE).to_string();
        let (diners, staff) = (
            (0..DINERS).map(|_| person()).collect(),
            [person(), person()],
        );
        let means = Runs {
            clock: &clock,
            random: &random,
            provider: Arc::new(testkit::provider::Fake::new("fake", &random)),
            name: "ground".to_owned(),
            asked: What::Everything,
        };
        let process = Process::new(&db, (&keys, &staff), means);
        let shop = Shop(Arc::new(process));
        let mut kitchens = Vec::new();
        for place in 0..2 {
            clock.advance(Duration::from_millis(10)).unwrap();
            kitchens.push(furnished(&shop, place).await);
        }
        Ground {
            db,
            settings,
            kitchens,
            diners,
            staff,
            keys,
        }
    }

    /// What the heads of the audit log are signed with.
    pub(crate) fn signers(&self) -> KeyRing {
        self.keys.rings.borrow().clone()
    }

    /// A process over databases.
    pub(crate) fn process(&self, db: &Db, means: Runs<'_>) -> Process {
        Process::new(db, (&self.keys, &self.staff), means)
    }
}

/// A restaurant with a counted item, slots and a coupon. The first one lets one person give back only so much, the second
/// one accepts by itself and takes out what nobody answers about.
async fn furnished(shop: &Shop, place: usize) -> Kitchen {
    let kitchen = Kitchen::open(shop.clone()).await;
    kitchen.count(u32::try_from(CAKES).unwrap()).await;
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let when = json!({"days": days, "from": "00:00", "to": "24:00"});
    let rules = json!({"rules": [{"when": when, "ordersMax": SLOT}], "version": 0});
    let path = format!("{}/capacity", kitchen.at());
    shop.put(&path, rules).await.good();
    let terms = json!({
        "name": "Ten percent", "currency": "EUR", "usesMax": COUPON.0, "personUsesMax": COUPON.1,
        "gives": {"kind": "percent", "percent": "10"},
    });
    let path = format!("/api/organisations/{}/coupons", kitchen.organisation);
    let coupon = json!({"code": "SAVE10", "terms": terms});
    shop.post(&path, coupon).await.good();
    let path = format!("{}/order-rules", kitchen.at());
    let mut rules = shop.get(&path).await.good();
    rules["tabs"] = json!({"hold": HOLDS[place]});
    if place == 1 {
        rules["autoAccept"] = true.into();
        rules["noConsent"] = "remove".into();
    } else {
        rules["refundsAlone"] = "6.00".into();
    }
    shop.put(&path, rules).await.good();
    kitchen
}

/// A runtime with one thread, whose time runs only when nobody has anything to do.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .max_blocking_threads(1)
        .start_paused(true)
        .build()
        .unwrap()
}

/// This asks what is right, not how much of it fits.
fn roomy() -> edge::admission::Settings {
    edge::admission::Settings {
        limit_first: 1_000,
        limit_min: 1_000,
        ..Default::default()
    }
}
