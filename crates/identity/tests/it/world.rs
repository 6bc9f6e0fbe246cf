//! An edge with the routes of the slices over databases of its own, and an operator who asks.

use std::sync::Arc;

use base::secret::KeyRing;
use edge::{Admission, Edge, Parts, Rates, Settings};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use identity::operators;
use serde_json::{Value, json};
use store::Parts as Bring;
use testkit::trial::{Engine, World};
use tokio::sync::watch;

static BRING: Bring = Bring {
    shards: &[],
    people: &[],
    control: &[&identity::CONTROL],
    audit: &[],
};

/// The slices on one engine.
pub(crate) struct Shop {
    _world: World,
    pub(crate) edge: Edge,
    pub(crate) pepper: watch::Sender<KeyRing>,
    pub(crate) operators: operators::App,
    key: Option<String>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) etag: Option<String>,
    pub(crate) body: Value,
}

impl Shop {
    /// The slices, with nobody set up.
    pub(crate) async fn empty(engine: Engine) -> Self {
        let world = World::new(engine).await;
        world.db.migrate(&BRING).await.unwrap();
        let random = &world.random;
        let (pepper, peppers) = watch::channel(KeyRing::draw(random));
        let sealer = world.db.sealer(&KeyRing::draw(random));
        let operators = operators::App::new(&world.db, &sealer, (&world.clock, random), peppers);
        let parts = Parts {
            identify: Arc::new(operators::Operators::new(&operators)),
            admission: Admission::new(roomy(), world.clock.clone()),
            ..Parts::new(&world.clock, random)
        };
        let settings = Settings {
            rates: Rates::unlimited(),
            ..Settings::default()
        };
        let routes = operators::routes(&operators);
        let edge = Edge::build(settings, routes, parts).unwrap();
        Shop {
            _world: world,
            edge,
            pepper,
            operators,
            key: None,
        }
    }

    /// The slices with their first operator.
    pub(crate) async fn new(engine: Engine) -> Self {
        let mut shop = Self::empty(engine).await;
        let claimed = shop.claim("Ada", "ada@example.com").await;
        assert_eq!(claimed.status, StatusCode::CREATED, "{claimed:?}");
        shop.sign_in(claimed.body["key"].as_str().unwrap());
        shop
    }

    /// Asks with this key from now on.
    pub(crate) fn sign_in(&mut self, key: &str) {
        self.key = Some(key.to_owned());
    }

    /// Follows the set-up link.
    pub(crate) async fn claim(&self, name: &str, email: &str) -> Said {
        let token = operators::link_token(&self.pepper.borrow());
        let body = json!({"token": token, "name": name, "email": email});
        self.post("/api/setup", body).await
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
            .header("host", "localhost");
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
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
