//! An installation with everything that a request passes, and a thousand people who are signed in.

use std::sync::Arc;

use base::{CursorKey, KeyRing, Secret, Uid};
use bytes::Bytes;
use domain::organisations::{OrganisationId, RestaurantId};
use domain::people::{PersonId, Profile};
use edge::{Admission, Client, Edge, FirstOf, Peer, Rates, Settings, Strength};
use fabric::{Bus, Limits, Trust};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use identity::people::Newcomer;
use identity::sessions::{Kind, Start};
use identity::{Identity, factors, people, sessions};
use platform::Platform;
use rpc::{Inbox, Letters, People};
use slice::Cursors;
use store::Parts as Bring;
use testkit::trial::{Engine, World};
use tokio::sync::watch;

use crate::Outcome;
use crate::fill::{self, Size, Worker};
use crate::steps::Means;

static AUDIT: &[&store::Part] = &[&platform::audit::LOG];
static PEOPLE: &[&[&store::Part]] = &[&[&engine::PART], identity::PEOPLE, platform::PEOPLE];

/// People who are signed in and ask in turn.
const ACTIVE: u32 = 1_000;
const CALLERS_MAX: usize = 100_000;

/// One installation.
pub(crate) struct House {
    _world: World,
    pub(crate) edge: Edge,
    identity: Identity,
    platform: Platform,
    workers: Vec<(Worker, String)>,
    _kept: Box<dyn std::any::Any>,
}

impl House {
    /// Makes one of this size, with everybody signed in.
    pub(crate) async fn open(size: Size) -> Outcome<Self> {
        let world = World::new(Engine::Sqlite).await;
        world.db.migrate(&bring()).await?;
        let random = &world.random;
        let (pepper, peppers) = watch::channel(KeyRing::draw(random));
        let (token, tokens) = watch::channel(KeyRing::draw(random));
        let (cursor, cursors) = watch::channel(CursorKey::new(*Secret::draw(random).bytes()));
        let sealer = world.db.sealer(&KeyRing::draw(random));
        let limits = Limits::memory(&world.clock, CALLERS_MAX);
        let letters = Letters::new(Arc::new(Inbox::new(&world.clock)));
        let (bus, trust) = (Bus::memory(fabric::Room::default()), Trust::granted());
        let identity = Identity::new(identity::Parts {
            db: &world.db,
            sealer: &sealer,
            clock: &world.clock,
            random,
            bus: &bus,
            trust: &trust,
            limits: &limits,
            pepper: peppers.clone(),
            token: tokens.clone(),
            letters: letters.clone(),
            staff: Arc::new(factors::EverybodyIsStaff),
            settings: settings(),
        })?;
        let platform = Platform::new(platform::Parts {
            db: world.db.clone(),
            clock: world.clock.clone(),
            random: random.clone(),
            sealer: sealer.clone(),
            cursors: Cursors::new(cursors),
            pepper: peppers,
            audit: tokens,
            bus,
            trust,
            people: People::new(Arc::new(identity.people.clone())),
            letters,
            join: "http://localhost/join".to_owned(),
        });
        let edge = gate(&world, &limits, (&identity, &platform))?;
        let workers = sign_in(&identity, size).await?;
        let folder = world.folder().ok_or("the world has no folder")?.to_owned();
        let known: Vec<Worker> = workers.iter().map(|(worker, _)| *worker).collect();
        fill::fill(&folder, size, &known)?;
        world.db.refresh_directory(&world.db.deadline()).await?;
        Ok(House {
            _world: world,
            edge,
            identity,
            platform,
            workers,
            _kept: Box::new((pepper, token, cursor)),
        })
    }

    /// How often any of what is measured has asked a database.
    pub(crate) fn loads(&self) -> u64 {
        self.identity.sessions.loads() + self.platform.access.loads() + self.platform.keys.loads()
    }

    /// The requests of everybody who comes in by these means. Asking each once makes them warm.
    pub(crate) async fn requests(&self, means: Means) -> Outcome<Vec<http::request::Parts>> {
        let mut heads = Vec::new();
        for (worker, cookie) in &self.workers {
            let (name, value) = match means {
                Means::Cookie if !worker.is_manager => ("cookie", cookie.clone()),
                Means::Manager if worker.is_manager => ("cookie", cookie.clone()),
                Means::Token if !worker.is_manager => {
                    ("authorization", self.access_token(cookie).await?)
                }
                Means::Key if !worker.is_manager => (
                    "authorization",
                    self.key(worker.organisation, cookie).await?,
                ),
                _ => continue,
            };
            let path = format!(
                "/api/restaurants/{}/record",
                RestaurantId::from(worker.restaurant)
            );
            let build = || Ok::<_, http::Error>(request(Method::GET, &path)?.header(name, &value));
            let warm = self.edge.call(build()?.body(Full::default())?).await;
            if !warm.status().is_success() {
                return Err(format!("{path}: {}", warm.status()).into());
            }
            heads.push(build()?.body(())?.into_parts().0);
        }
        Ok(heads)
    }

    async fn access_token(&self, cookie: &str) -> Outcome<String> {
        let answer = self.post("/api/auth/tokens", cookie, "").await?;
        let token = answer["accessToken"].as_str().ok_or("no access token")?;
        Ok(format!("Bearer {token}"))
    }

    async fn key(&self, organisation: Uid, cookie: &str) -> Outcome<String> {
        let path = format!(
            "/api/organisations/{}/keys",
            OrganisationId::from(organisation)
        );
        let body = r#"{"label":"bench","scopes":["restaurants.read"]}"#;
        let answer = self.post(&path, cookie, body).await?;
        let key = answer["secret"].as_str().ok_or("no key")?;
        Ok(format!("Bearer {key}"))
    }

    async fn post(&self, path: &str, cookie: &str, body: &str) -> Outcome<serde_json::Value> {
        let mut request = request(Method::POST, path)?
            .header("cookie", cookie)
            .header("sec-fetch-site", "same-origin");
        if !body.is_empty() {
            request = request
                .header("content-type", "application/json")
                .header("content-length", body.len());
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(body.as_bytes())))?;
        let response = self.edge.call(request).await;
        let status = response.status();
        let bytes = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            return Err(format!("{path}: {status} {}", String::from_utf8_lossy(&bytes)).into());
        }
        Ok(serde_json::from_slice(&bytes)?)
    }
}

fn bring() -> Bring {
    let shards = [&[&engine::PART], platform::SHARDS].concat();
    // A bench makes two of them, so what leaks is little.
    Bring {
        shards: shards.leak(),
        people: PEOPLE.concat().leak(),
        control: [&[&identity::CONTROL], platform::CONTROL].concat().leak(),
        audit: AUDIT,
    }
}

fn settings() -> identity::Settings {
    identity::Settings {
        codes: people::codes::Settings::default(),
        sessions: sessions::Settings::default(),
        factors: factors::Settings {
            public_url: "http://localhost".to_owned(),
            name: "bench".to_owned(),
            providers: Vec::new(),
            loopback: factors::Loopback::Plain,
        },
    }
}

/// The gate with everything; nobody is over a limit, but everybody is counted by each of them.
fn gate(
    world: &World,
    limits: &Limits,
    (identity, platform): (&Identity, &Platform),
) -> Outcome<Edge> {
    let many = Some(u32::MAX);
    let rates = Rates::of(many, many, many).with(edge::RateRow {
        class: None,
        plan: None,
        organisation: None,
        by: edge::By::Organisation,
        max: many,
    });
    let settings = Settings {
        rates,
        ..Settings::default()
    };
    let mut known = identity.identify();
    known.extend(platform.identify());
    let parts = edge::Parts {
        identify: Arc::new(FirstOf(known)),
        authorise: platform.authorise(),
        witness: platform.witness(),
        hosts: platform.hosts(),
        limits: limits.clone(),
        admission: Admission::new(edge::admission::Settings::default(), world.clock.clone()),
        ..edge::Parts::new(&world.clock, &world.random)
    };
    let routes = identity.routes().with(platform.routes());
    Ok(Edge::build(settings, routes, parts)?)
}

/// Signs everybody in, spread over the whole installation; every second one is a manager of many restaurants.
async fn sign_in(identity: &Identity, size: Size) -> Outcome<Vec<(Worker, String)>> {
    let client = Client {
        address: None,
        agent: None,
    };
    let profile = Profile::default();
    let mut workers = Vec::new();
    for turn in 0..ACTIVE {
        let newcomer = Newcomer {
            contact: None,
            profile: &profile,
            trace: "",
        };
        let mut entry = identity.people.enter(&newcomer).await?;
        let start = Start {
            person: entry.person,
            strength: Strength::Two,
            kind: Kind::Person,
            client: &client,
            trace: "",
        };
        let started = identity.sessions.begin(&mut entry.commit, start).await?;
        let person: PersonId = entry.person;
        identity
            .people
            .admit(entry.commit)
            .await?
            .ok_or("nobody was let in")?;
        let step = size.restaurants / ACTIVE.min(size.restaurants);
        let restaurant = size.restaurant(turn * step % size.restaurants);
        let worker = Worker {
            person: person.uid(),
            organisation: size.organisation(restaurant.organisation().get()),
            restaurant,
            is_manager: turn % 2 == 1,
        };
        let cookie = format!("{}={}", edge::cookie::SESSION, &*started.token);
        workers.push((worker, cookie));
    }
    Ok(workers)
}

fn request(method: Method, path: &str) -> Result<http::request::Builder, http::Error> {
    let peer = std::net::SocketAddr::from(([127, 0, 0, 1], 50_000));
    let request = Request::builder().method(method).uri(path);
    Ok(request.extension(Peer(peer)).header("host", "localhost"))
}
