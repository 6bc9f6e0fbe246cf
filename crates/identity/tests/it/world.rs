//! An edge with all routes of the crate over databases of its own, letters that end in an inbox, and a clock that a
//! test moves. A visitor is a browser with cookies of its own.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::secret::KeyRing;
use base::{Clock, Random};
use edge::{Admission, Edge, FirstOf, Parts, Rates, Seen, Witness};
use fabric::{Bus, Limits, Room, Trust};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use identity::{Identity, factors, operators, people, privacy, sessions};
use rpc::{Inbox, Letters, Personal, Recipient};
use serde_json::{Value, json};
use store::{Parts as Bring, Sealer};
use testkit::trial::{Engine, World};
use tokio::sync::watch;

use crate::privacy::Book;

static BRING: Bring = Bring {
    shards: &[],
    people: identity::PEOPLE,
    control: &[&identity::CONTROL],
    audit: &[],
};

/// The slices on one engine.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) edge: Edge,
    pub(crate) clock: Clock,
    pub(crate) pepper: watch::Sender<KeyRing>,
    pub(crate) sealer: Sealer,
    pub(crate) people: people::App,
    pub(crate) codes: people::Codes,
    pub(crate) operators: operators::App,
    pub(crate) inbox: Inbox,
    pub(crate) privacy: privacy::App,
    pub(crate) book: Arc<Book>,
    _token: watch::Sender<KeyRing>,
    key: Option<String>,
}

/// Lets operators act; what is written down of it is tested elsewhere.
struct Patient;

impl Witness for Patient {
    fn saw(&self, _seen: Seen) {}

    fn acting<'a>(&'a self, _seen: Seen) -> BoxFuture<'a, base::Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Said {
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.body[field]
            .as_str()
            .unwrap_or_else(|| panic!("{field} of {self:?}"))
    }
}

/// A browser, or a program that keeps cookies.
pub(crate) struct Visitor<'a> {
    shop: &'a Shop,
    address: IpAddr,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Shop {
    /// The slices, with nobody set up.
    pub(crate) async fn empty(engine: Engine) -> Self {
        Self::tuned(engine, people::codes::Settings::default()).await
    }

    /// The same with other numbers for codes.
    pub(crate) async fn tuned(engine: Engine, settings: people::codes::Settings) -> Self {
        let world = World::new(engine).await;
        world.db.migrate(&BRING).await.unwrap();
        let random = Random::real();
        let clock = Clock::simulated(world.clock.now());
        let inbox = Inbox::new(&clock);
        let (pepper, peppers) = watch::channel(KeyRing::draw(&random));
        let (token, tokens) = watch::channel(KeyRing::draw(&random));
        let sealer = world.db.sealer(&KeyRing::draw(&random));
        let (bus, trust) = (Bus::memory(Room::default()), Trust::granted());
        let limits = Limits::memory(&clock, 100_000);
        let identity = Identity::new(identity::Parts {
            db: &world.db,
            sealer: &sealer,
            clock: &clock,
            random: &random,
            bus: &bus,
            trust: &trust,
            limits: &limits,
            pepper: peppers,
            token: tokens,
            letters: Letters::new(Arc::new(inbox.clone())),
            staff: Arc::new(factors::EverybodyIsStaff),
            settings: identity::Settings {
                codes: settings,
                sessions: sessions::Settings::default(),
                factors: factors::Settings::default(),
            },
        })
        .unwrap();
        let book = Arc::new(Book::default());
        let personal = Personal::new(vec![book.clone()], book.clone());
        let privacy = privacy::App::new(&identity, &personal, &clock);
        let routes = identity
            .routes()
            .with(privacy::routes(&privacy))
            .with(people::inbox_routes(&inbox));
        let parts = Parts {
            identify: Arc::new(FirstOf(identity.identify())),
            witness: Arc::new(Patient),
            admission: Admission::new(roomy(), clock.clone()),
            ..Parts::new(&clock, &random)
        };
        let settings = edge::Settings {
            rates: Rates::unlimited(),
            ..edge::Settings::default()
        };
        Shop {
            world,
            edge: Edge::build(settings, routes, parts).unwrap(),
            clock,
            pepper,
            sealer,
            people: identity.people,
            codes: identity.codes,
            operators: identity.operators,
            inbox,
            privacy,
            book,
            _token: token,
            key: None,
        }
    }

    /// The slices with their first operator.
    pub(crate) async fn new(engine: Engine) -> Self {
        let mut shop = Self::empty(engine).await;
        let claimed = shop.claim("Ada", "ada@example.com").await;
        assert_eq!(claimed.status, StatusCode::CREATED, "{claimed:?}");
        shop.sign_in(claimed.text("key"));
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
        self.with_key((Method::GET, path), None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Said {
        self.with_key((Method::POST, path), Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Said {
        self.with_key((Method::DELETE, path), None).await
    }

    /// Somebody who has not been here before.
    pub(crate) fn visitor(&self) -> Visitor<'_> {
        self.visitor_at([192, 0, 2, 1].into())
    }

    /// The same from another place.
    pub(crate) fn visitor_at(&self, address: IpAddr) -> Visitor<'_> {
        Visitor {
            shop: self,
            address,
            cookies: Mutex::default(),
        }
    }

    /// Somebody who has signed in with this contact.
    pub(crate) async fn person(&self, contact: Value) -> Visitor<'_> {
        let visitor = self.visitor();
        let said = visitor.sign_in(contact).await;
        assert_eq!(said.status, StatusCode::OK, "{said:?}");
        visitor
    }

    pub(crate) fn later(&self, by: Duration) {
        self.clock.advance(by).unwrap();
    }

    /// The last code that was sent to a number or address.
    pub(crate) fn code(&self, to: &str) -> String {
        let letters = self.inbox.recent();
        let found = letters.iter().find(|kept| match &kept.letter.to {
            Recipient::Phone(phone) => phone.as_str() == to,
            Recipient::Email(email) => email.as_str() == to,
        });
        let text = &found.expect("no letter was sent").letter.text;
        text.chars().take(6).collect()
    }

    async fn with_key(&self, (method, path): (Method, &str), body: Option<Value>) -> Said {
        let bearer = self.key.as_ref().map(|key| format!("Bearer {key}"));
        let headers: Vec<_> = bearer
            .iter()
            .map(|bearer| ("authorization", bearer.as_str()))
            .collect();
        self.ask((method, path), &headers, (None, body)).await
    }

    async fn ask(
        &self,
        (method, path): (Method, &str),
        headers: &[(&str, &str)],
        (from, body): (Option<IpAddr>, Option<Value>),
    ) -> Said {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        if !body.is_empty() {
            request = request
                .header("content-type", "application/json")
                .header("content-length", body.len());
        }
        let mut request = request.body(Full::new(bytes::Bytes::from(body))).unwrap();
        if let Some(from) = from {
            let peer = edge::Peer(SocketAddr::new(from, 50_000));
            request.extensions_mut().insert(peer);
        }
        let (head, body) = self.edge.call(request).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Said {
            status: head.status,
            headers: head.headers,
            body: serde_json::from_slice(&body).unwrap_or_default(),
        }
    }
}

impl Visitor<'_> {
    /// Asks for a code for `{"phone": …}` or `{"email": …}` and answers it.
    pub(crate) async fn sign_in(&self, contact: Value) -> Said {
        let sent = self.post("/api/auth/send-otp", contact.clone()).await;
        assert_eq!(sent.status, StatusCode::OK, "{sent:?}");
        let to = contact.as_object().unwrap().values().next().unwrap();
        let code = self.shop.code(to.as_str().unwrap());
        let body = json!({"challenge": sent.text("challenge"), "code": code});
        self.post("/api/auth/verify-otp", body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Said {
        self.ask(Method::GET, path, &[], None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Said {
        self.ask(Method::POST, path, &[], Some(body)).await
    }

    pub(crate) async fn post_once(&self, path: &str, key: &str, body: Value) -> Said {
        let once = [("idempotency-key", key)];
        self.ask(Method::POST, path, &once, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Said {
        self.ask(Method::PATCH, path, &[], Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Said {
        self.ask(Method::DELETE, path, &[], None).await
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        more: &[(&str, &str)],
        body: Option<Value>,
    ) -> Said {
        let cookies: Vec<String> = {
            let cookies = self.cookies.lock().unwrap();
            let pairs = cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            pairs.collect()
        };
        let cookies = cookies.join("; ");
        let mut headers = vec![("sec-fetch-site", "same-origin")];
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        headers.extend(more);
        let said = self
            .shop
            .ask((method, path), &headers, (Some(self.address), body))
            .await;
        let mut kept = self.cookies.lock().unwrap();
        for set in said.headers.get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match value.is_empty() {
                true => kept.remove(name),
                false => kept.insert(name.to_owned(), value.to_owned()),
            };
        }
        said
    }

    /// The browser holds this under a name from now on.
    pub(crate) fn bring(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.lock().unwrap();
        cookies.insert(name.to_owned(), value.to_owned());
    }

    /// What the browser holds under a name.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
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
