//! The trial server: real sockets, admission, and work of which only so much can be done.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::Clock;
use bytes::Bytes;
use edge::Criticality;
use edge::admission::Admission;
use edge::server::{self, Inbound, Parts, Readiness};
use engine::Stop;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const PLACES: usize = 3;
const WORK: Duration = Duration::from_millis(10);
/// Requests a second.
pub(crate) const CAPACITY: f64 = 300.0;

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
        let gate = admission.clone();
        let respond =
            move |request: Request<Inbound>| answer(gate.clone(), places.clone(), request);
        let settings = server::Settings {
            lame_duck: Duration::ZERO,
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
            server::serve(listener, respond, None, settings, parts, stopped).await;
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

async fn answer(
    admission: Admission,
    places: Places,
    request: Request<Inbound>,
) -> Response<http_body_util::combinators::BoxBody<Bytes, Infallible>> {
    use http_body_util::BodyExt;
    let criticality = match request.uri().path() {
        "/critical" => Criticality::Critical,
        "/background" => Criticality::Background,
        _ => Criticality::Normal,
    };
    let mut response = Response::new(Full::from("done").boxed());
    match admission.enter(criticality) {
        Ok(permit) => {
            places.work().await;
            permit.finish();
        }
        Err(_) => *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE,
    }
    response
}
