//! The trial server: real sockets, admission, and work of which only so much can be done.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use base::{Clock, Random};
use bytes::Bytes;
use edge::admission::Admission;
use edge::server::{self, Parts, Readiness};
use edge::{Criticality, Edge, Json, Policy, Rate, Rates, Route, Routes};
use engine::Stop;
use http::Method;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use utoipa::ToSchema;

/// So much that no buffer of any kernel holds it; all answers share it.
static LARGE: [u8; 16 * 1024 * 1024] = [b'x'; 16 * 1024 * 1024];

const PLACES: usize = 3;
const WORK: Duration = Duration::from_millis(10);
/// Requests a second.
pub(crate) const CAPACITY: u32 = 300;

pub(crate) struct Shop {
    address: SocketAddr,
    admission: Admission,
    stop: Stop,
    server: JoinSet<()>,
}

/// When each place is free again. Each request takes the first that is, and has it for exactly the time of the work,
/// so that what can be done is pinned although timers are late.
#[derive(Clone)]
struct Places {
    free_at: Arc<Mutex<[Duration; PLACES]>>,
    clock: Clock,
}

impl Places {
    async fn work(&self) {
        let now = self.clock.elapsed();
        let end = {
            let mut free_at = self.free_at.lock().unwrap();
            let place = free_at.iter_mut().min().unwrap();
            *place = now.max(*place) + WORK;
            *place
        };
        tokio::time::sleep(end.saturating_sub(now)).await;
    }
}

impl Shop {
    pub(crate) async fn open(admission: Admission, clock: &Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let places = Places {
            free_at: Arc::default(),
            clock: clock.clone(),
        };
        let edge = edge(&admission, places);
        let settings = server::Settings {
            lame_duck: Duration::ZERO,
            connections_per_address_max: 5_000,
            ..server::Settings::default()
        };
        let parts = Parts {
            clock: clock.clone(),
            readiness: Readiness::default(),
        };
        let stop = Stop::new();
        let mut server = JoinSet::new();
        let stopped = stop.clone();
        server.spawn(async move {
            server::serve(listener, edge, None, settings, parts, stopped).await;
        });
        Self {
            address,
            admission,
            stop,
            server,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn state(&self) -> String {
        format!("limit {}", self.admission.state().limit)
    }

    pub(crate) async fn close(mut self) {
        self.stop.stop();
        self.server.shutdown().await;
    }
}

/// Routes of each class whose work is pinned, and two that cost next to nothing.
fn edge(admission: &Admission, places: Places) -> Edge {
    let routes = Routes::new()
        .add(
            route(Method::GET, "/normal", Criticality::Normal)
                .takes_nothing()
                .handler(work),
        )
        .add(
            route(Method::GET, "/critical", Criticality::Critical)
                .takes_nothing()
                .handler(work),
        )
        .add(
            route(Method::GET, "/background", Criticality::Background)
                .takes_nothing()
                .handler(work),
        )
        .add(
            route(Method::GET, "/quick", Criticality::Normal)
                .takes_nothing()
                .handler(quick),
        )
        .add(
            route(Method::GET, "/large", Criticality::Critical)
                .takes_nothing()
                .handler(large),
        )
        .add(
            route(Method::POST, "/send", Criticality::Normal)
                .takes::<Sent>()
                .handler(send),
        );
    let clock = places.clock.clone();
    let parts = edge::Parts {
        admission: admission.clone(),
        ..edge::Parts::new(&clock, &Random::seeded(1))
    };
    let settings = edge::Settings {
        // All clients come from one address here, and it is not its rate that is to be limited.
        rates: Rates::unlimited(),
        ..edge::Settings::default()
    };
    Edge::build(settings, routes.with_state(places), parts).unwrap()
}

fn route(method: Method, path: &'static str, criticality: Criticality) -> Route<Places> {
    let operation = path.trim_start_matches('/');
    Route::new(method, path, operation)
        .about("Do the work of the test")
        .tag("trial")
        .policy(Policy::Public)
        .rate(Rate::Api)
        .criticality(criticality)
        .deadline(Duration::from_secs(30))
        .answers_text("text/plain")
}

async fn work(State(places): State<Places>) -> &'static str {
    places.work().await;
    "done"
}

async fn quick() -> &'static str {
    "done"
}

async fn large() -> Bytes {
    Bytes::from_static(&LARGE)
}

async fn send(Json(_sent): Json<Sent>) -> &'static str {
    "done"
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Sent {
    /// Whatever.
    #[serde(rename = "text")]
    _text: String,
}
