//! An edge with the routes of the slices over databases of its own, and an operator who asks.
//!
//! Who asks is simply stated here: how people sign in is another crate's concern.

use std::sync::Arc;

use base::CursorKey;
use base::secret::Secret;
use edge::{Admission, Caller, Edge, Identify, Parts, Rates, Role, Settings};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use platform::organisations;
use serde_json::{Value, json};
use store::Parts as Bring;
use testkit::trial::{Engine, World};
use tokio::sync::watch;

static BRING: Bring = Bring {
    shards: &[&platform::SHARD],
    people: &[],
    control: &[],
    audit: &[],
};

/// The slices on one engine.
pub(crate) struct Shop {
    _world: World,
    pub(crate) edge: Edge,
    _cursors: watch::Sender<CursorKey>,
}

/// Whoever says that he is the operator is believed.
struct Stated;

impl Identify for Stated {
    fn identify(&self, headers: &HeaderMap) -> BoxFuture<'_, base::Result<Option<Caller>>> {
        let stated = headers.contains_key("authorization");
        Box::pin(async move { Ok(stated.then(|| Caller::new("operator", Role::Operator, None))) })
    }
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) etag: Option<String>,
    pub(crate) body: Value,
}

impl Shop {
    /// The slices, and an operator who asks.
    pub(crate) async fn new(engine: Engine) -> Self {
        let world = World::new(engine).await;
        world.db.migrate(&BRING).await.unwrap();
        let random = &world.random;
        let (cursors, cursor) = watch::channel(CursorKey::new(*Secret::draw(random).bytes()));
        let organisations =
            organisations::App::new(&world.db, &world.clock, random, slice::Cursors::new(cursor));
        let parts = Parts {
            identify: Arc::new(Stated),
            admission: Admission::new(roomy(), world.clock.clone()),
            ..Parts::new(&world.clock, random)
        };
        let settings = Settings {
            rates: Rates::unlimited(),
            ..Settings::default()
        };
        let routes = organisations::routes(&organisations);
        let edge = Edge::build(settings, routes, parts).unwrap();
        Shop {
            _world: world,
            edge,
            _cursors: cursors,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Said {
        self.ask(Method::GET, path, "", None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Said {
        self.ask(Method::POST, path, "", Some(body)).await
    }

    pub(crate) async fn post_once(&self, path: &str, key: &str, body: Value) -> Said {
        self.ask(Method::POST, path, key, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Said {
        self.ask(Method::PATCH, path, "", Some(body)).await
    }

    async fn ask(&self, method: Method, path: &str, once: &str, body: Option<Value>) -> Said {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("authorization", "operator");
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

    /// Makes an organisation and answers its id.
    pub(crate) async fn organisation(&self, name: &str) -> String {
        let made = self.post("/api/organisations", json!({"name": name})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        made.body["id"].as_str().unwrap().to_owned()
    }
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
