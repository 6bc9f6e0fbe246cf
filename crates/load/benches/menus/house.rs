//! An installation with the slices that menus need: who asks is simply an operator, and everything else is real.

use std::sync::Arc;

use base::{Clock, CursorKey, KeyRing, Organisation, Random, Secret, Uid};
use bytes::Bytes;
use catalogue::Catalogue;
use domain::people::PersonId;
use edge::{
    Admission, By, Caller, Edge, Identify, Means, Rate, RateRow, Rates, Role, Seen, Settings,
    Strength, Who, Witness,
};
use engine::Tasks;
use fabric::{Blobs, Bus, Limits, Room, Trust, blobs};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use platform::Platform;
use rpc::{Deliver, Known, Letter, Letters, People};
use serde_json::Value;
use slice::Cursors;
use store::{Db, Parts as Bring};
use testkit::trial::{Engine, World};
use tokio::sync::watch;

use crate::Outcome;
use crate::fill::{self, Size};

const CALLERS_MAX: usize = 100_000;

/// The databases of an installation, and what its nodes share.
pub(crate) struct House {
    pub(crate) world: World,
    pub(crate) clock: Clock,
    cursors: watch::Sender<CursorKey>,
    rings: watch::Sender<KeyRing>,
}

/// One process over them.
pub(crate) struct Node {
    pub(crate) edge: Edge,
    _tasks: Tasks,
}

/// Whether what works on its own does so.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Works {
    Yes,
    No,
}

impl House {
    /// An empty installation.
    pub(crate) async fn open(engine: Engine) -> Outcome<Self> {
        let world = World::new(engine).await;
        let shards = [
            &[&engine::PART],
            platform::SHARDS,
            search::SHARDS,
            catalogue::SHARDS,
        ]
        .concat();
        // A bench makes a few of them, so what leaks is little.
        world
            .db
            .migrate(&Bring {
                shards: shards.leak(),
                people: [&[&engine::PART], platform::PEOPLE].concat().leak(),
                control: platform::CONTROL,
                audit: &[],
            })
            .await?;
        let random = &world.random;
        let (cursors, _) = watch::channel(CursorKey::new(*Secret::draw(random).bytes()));
        let (rings, _) = watch::channel(KeyRing::draw(random));
        Ok(House {
            clock: world.clock.clone(),
            world,
            cursors,
            rings,
        })
    }

    /// One of this size in files, each restaurant with a menu.
    pub(crate) async fn filled(size: Size) -> Outcome<Self> {
        let house = Self::open(Engine::Sqlite).await?;
        let folder = house
            .world
            .folder()
            .ok_or("the world has no folder")?
            .to_owned();
        fill::fill(&folder, size)?;
        let db = &house.world.db;
        db.refresh_directory(&db.deadline()).await?;
        Ok(house)
    }

    /// A node of it.
    pub(crate) async fn node(&self, works: Works) -> Outcome<Node> {
        let db = self.world.another_node().await;
        let random = &self.world.random;
        let trust = match works {
            Works::Yes => Trust::withdrawn(),
            Works::No => Trust::granted(),
        };
        let bus = Bus::memory(Room::default());
        let (platform, catalogue) = self.slices(&db, (&bus, &trust))?;
        let tasks = Tasks::new(self.clock.clone(), random.clone());
        if works == Works::Yes {
            catalogue.start(&tasks);
            platform.start(&tasks);
            let parts = engine::Parts {
                db: db.clone(),
                clock: self.clock.clone(),
                random: random.clone(),
                bus,
                trust,
            };
            let name = Uid::make(&self.clock, random, Organisation::PEOPLE);
            let settings = engine::Settings::new(format!("{name:?}"));
            engine::Engine::new(parts, settings, catalogue.consumers()?, catalogue.timers())?
                .start(&tasks);
        }
        let parts = edge::Parts {
            identify: Arc::new(Stated),
            authorise: platform.authorise(),
            witness: Arc::new(Nothing),
            limits: Limits::memory(&self.clock, CALLERS_MAX),
            admission: Admission::new(edge::admission::Settings::default(), self.clock.clone()),
            ..edge::Parts::new(&self.clock, random)
        };
        let settings = Settings {
            rates: rates(),
            ..Settings::default()
        };
        let routes = platform::organisations::routes(&platform.organisations);
        let edge = Edge::build(settings, routes.with(catalogue.routes()), parts)?;
        Ok(Node {
            edge,
            _tasks: tasks,
        })
    }

    fn slices(&self, db: &Db, (bus, trust): (&Bus, &Trust)) -> Outcome<(Platform, Catalogue)> {
        let random: &Random = &self.world.random;
        let platform = Platform::new(platform::Parts {
            db: db.clone(),
            clock: self.clock.clone(),
            random: random.clone(),
            sealer: db.sealer(&KeyRing::draw(random)),
            cursors: Cursors::new(self.cursors.subscribe()),
            pepper: self.rings.subscribe(),
            audit: self.rings.subscribe(),
            bus: bus.clone(),
            trust: trust.clone(),
            people: People::new(Arc::new(Nothing)),
            letters: Letters::new(Arc::new(Nothing)),
            join: "http://localhost/join".to_owned(),
        });
        let folder =
            std::env::temp_dir().join(format!("comanda-bench-blobs-{}", std::process::id()));
        let place = blobs::Place::Folder(folder);
        let catalogue = Catalogue::new(&catalogue::Parts {
            db: db.clone(),
            clock: self.clock.clone(),
            random: random.clone(),
            cursors: Cursors::new(self.cursors.subscribe()),
            bus: bus.clone(),
            trust: trust.clone(),
            blobs: Blobs::open(place, blobs::Settings::default(), &self.clock, random)?,
            restaurants: platform.restaurants(),
        });
        Ok((platform, catalogue))
    }
}

/// Nobody is over a limit, but everybody is counted by each of them.
fn rates() -> Rates {
    let many = Some(u32::MAX);
    Rates::of(many, many, many).reads(many).with(RateRow {
        class: Some(Rate::Api),
        plan: None,
        organisation: None,
        by: By::Organisation,
        max: many,
    })
}

impl Node {
    /// Asks as an operator, and takes the answer as JSON.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Outcome<Value> {
        let mut request = Request::builder().method(&method).uri(path);
        request = request
            .header("host", "localhost")
            .header("x-acting-reason", "a bench");
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        if !body.is_empty() {
            request = request
                .header("content-type", "application/json")
                .header("content-length", body.len());
        }
        let response = self
            .edge
            .call(request.body(Full::new(Bytes::from(body)))?)
            .await;
        let status = response.status();
        let bytes = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            let said = String::from_utf8_lossy(&bytes);
            return Err(format!("{method} {path}: {status} {said}").into());
        }
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

/// Everybody is the operator.
struct Stated;

impl Identify for Stated {
    fn identify<'a>(&'a self, _: &'a HeaderMap) -> BoxFuture<'a, base::Result<Option<Caller>>> {
        Box::pin(async {
            Ok(Some(Caller::of(Who {
                actor: "operator".to_owned(),
                role: Role::Operator,
                organisation: None,
                person: None,
                session: None,
                strength: Strength::Two,
                means: Means::Bearer,
            })))
        })
    }
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
