//! The gate: one function of plain steps, which every request passes from the first to the last.
//!
//! Context, address, origin, admission, identity, policy, rates, body, the audit log when somebody acts for others,
//! handler, headers, observation. What costs little and refuses much comes first. A step that refuses ends the
//! request; the last two are never left out.

pub(crate) mod admit;
pub(crate) mod body;
pub(crate) mod client;
pub(crate) mod compress;
pub(crate) mod conditional;
pub(crate) mod finish;
pub(crate) mod head;
pub(crate) mod origin;
pub(crate) mod rate;
mod tell;

#[doc(hidden)]
pub mod steps;

use std::borrow::Borrow;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base::{Clock, Error, Kind, Result, codes};
use bytes::Bytes;
use fabric::{Limits, Taken};
use futures_util::FutureExt;
use http::request::Parts as Head;
use http::{HeaderMap, HeaderValue, Method, Request, header};
use http_body::Body as HttpBody;

pub use client::Peer;

use crate::admission::Lane;
use crate::context::Ids;
use crate::extract::{Deadline, Passage};
use crate::observe::Observation;
use crate::registry::{Registry, Served, Spot};
use crate::route::Takes;
use crate::{
    Admission, Authorise, Context, Hosts, Identify, Network, Parts, Problem, Settings, Witness,
    text,
};
use admit::{Admitted, Arrived};
use compress::Accepted;

/// What the gate stands on.
pub struct Gate {
    pub(crate) registry: Registry,
    /// One for each route, in the same order.
    lanes: Vec<Lane>,
    clock: Clock,
    ids: Ids,
    identify: Arc<dyn Identify>,
    authorise: Arc<dyn Authorise>,
    witness: Arc<dyn Witness>,
    hosts: Arc<dyn Hosts>,
    limits: Limits,
    admission: Admission,
    classes: rate::Classes,
    origins: origin::Origins,
    proxies: Vec<Network>,
    body_within: Duration,
    finish: finish::Always,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

/// What stands at an address.
enum Found<'a> {
    Route {
        served: &'a Served,
        lane: &'a Lane,
        params: Vec<(&'static str, String)>,
    },
    OtherMethod(&'a Spot),
    Nothing,
}

/// What is learnt of a request on its way and said in its answer, however it ends.
#[derive(Default)]
struct Noted {
    taken: Option<Taken>,
    allow: Option<HeaderValue>,
}

/// One request on its way.
struct Visit<'a> {
    context: &'a Context,
    accepted: Accepted,
    observation: &'a Observation,
    noted: &'a mut Noted,
}

impl Gate {
    pub(crate) fn new(settings: Settings, registry: Registry, parts: Parts) -> Result<Self> {
        let origins = origin::Origins::new(&settings.origins, settings.tls)?;
        Ok(Self {
            lanes: registry
                .routes
                .iter()
                .map(|_| parts.admission.lane())
                .collect(),
            finish: finish::Always::new(&settings),
            registry,
            clock: parts.clock,
            ids: Ids::new(&parts.random),
            identify: parts.identify,
            authorise: parts.authorise,
            witness: parts.witness,
            hosts: parts.hosts,
            limits: parts.limits,
            admission: parts.admission,
            classes: rate::Classes::new(&settings.rates),
            origins,
            proxies: settings.proxies,
            body_within: settings.body_within,
        })
    }

    /// Finds what stands at the address. A path that cannot be decoded is the address of nothing.
    fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let Ok(found) = self.registry.paths.at(path) else {
            return Found::Nothing;
        };
        let Some(spot) = self.registry.spots.get(*found.value) else {
            return Found::Nothing;
        };
        let wanted = if *method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let place = spot.methods.iter().find(|(method, _)| method == wanted);
        let Some(&(_, place)) = place else {
            return Found::OtherMethod(spot);
        };
        // The names come in the order of the path, where they were taken from.
        let names = spot.names.iter();
        let decoded = names.zip(found.params.iter()).map(|(name, (_, value))| {
            let value = text::decode(value, text::Plus::Itself)?;
            Some((*name, value.into_owned()))
        });
        match (
            self.registry.routes.get(place),
            self.lanes.get(place),
            decoded.collect(),
        ) {
            (Some(served), Some(lane), Some(params)) => Found::Route {
                served,
                lane,
                params,
            },
            _ => Found::Nothing,
        }
    }
}

/// Answers one request.
pub(crate) async fn pass<B>(gate: impl Borrow<Gate>, request: Request<B>) -> Response
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    let gate = gate.borrow();
    let (head, body) = request.into_parts();
    // It goes from step to step, and is not carried about.
    let mut head = Box::new(head);
    // Where both say who asks, the header counts alone: a browser sends cookies on its own, and never the header.
    if head.headers.contains_key(header::AUTHORIZATION) {
        head.headers.remove(header::COOKIE);
    }
    let context = Context::with(&head.headers, gate.ids.draw());
    let found = gate.find(&head.method, head.uri.path());
    let shape = match &found {
        Found::Route { served, .. } => Some(&served.shape),
        Found::OtherMethod(_) | Found::Nothing => None,
    };
    let route = shape.map(|shape| shape.path);
    let private = shape.is_some_and(|shape| shape.is_private());
    let observation = match &found {
        Found::Route { served, .. } if served.shape.method == head.method => {
            Observation::of_route(&context, &gate.clock, served)
        }
        _ => Observation::begin(&context, &gate.clock, &head.method, route),
    };
    let asked = finish::Asked::of(&head, gate.origins.listed(&head.headers));
    let mut noted = Noted::default();
    let visit = Visit {
        context: &context,
        accepted: asked.accepted,
        observation: &observation,
        noted: &mut noted,
    };
    let worked = observation
        .within(work(gate, visit, found, (head, body)))
        .await;
    let mut response = worked.unwrap_or_else(|error| Problem(error).into_response());
    log(&observation, &response);
    finish::finish(&gate.finish, &asked, &context, &mut response).await;
    let headers = response.headers_mut();
    gate.origins.allow(asked.origin.as_ref(), headers);
    finish::note(headers, noted.taken.as_ref(), noted.allow);
    if private {
        finish::keep_nowhere(headers);
    }
    observation.end(
        response.status(),
        response.body().size_hint().exact().unwrap_or(0),
    );
    response
}

/// All steps from the address to the handler.
async fn work<B>(
    gate: &Gate,
    mut visit: Visit<'_>,
    found: Found<'_>,
    (head, body): (Box<Head>, B),
) -> Result<Response>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    let began = visit.observation.began();
    head::check(&head)?;
    let (served, lane, params) = match found {
        Found::Nothing => return Err(head::unknown_path()),
        Found::OtherMethod(spot) if head.method == Method::OPTIONS => {
            return Ok(gate.origins.answer(&head, &spot.allow));
        }
        Found::OtherMethod(spot) => {
            visit.noted.allow = Some(spot.allow.clone());
            let message = "the address does not answer to this method";
            return Err(Error::invalid(codes::METHOD_UNKNOWN, message));
        }
        Found::Route {
            served,
            lane,
            params,
        } => (served, lane, params),
    };
    gate.origins.check(&head)?;
    let criticality = served.shape.criticality.unwrap_or_default();
    gate.admission.has_room(criticality).map_err(overloaded)?;
    let address = client::address(&gate.proxies, &head.extensions, &head.headers);
    let params = head::about(served, &head.uri, params)?;
    let arrived = Arrived {
        served,
        head: &head,
        params: &params,
        address,
    };
    let admitted = admit::admit(gate, &mut visit, &arrived).await?;
    let entered = Entered {
        served,
        lane,
        params,
        accepted: visit.accepted,
        address,
        admitted,
        began,
    };
    serve(gate, visit.context, entered, (head, body)).await
}

/// A request that was let in.
struct Entered<'a> {
    served: &'a Served,
    lane: &'a Lane,
    params: Vec<(&'static str, String)>,
    accepted: Accepted,
    address: Option<IpAddr>,
    admitted: Admitted,
    began: Duration,
}

/// The steps from being let in to the answer of the handler.
async fn serve<B>(
    gate: &Gate,
    context: &Context,
    entered: Entered<'_>,
    (head, body): (Box<Head>, B),
) -> Result<Response>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    let (served, shape) = (entered.served, &entered.served.shape);
    head::query(&served.query_limits, &head.uri)?;
    let texts = entered.params.iter();
    let texts = texts.map(|(name, value)| (*name, &**value));
    served.path_limits.check(texts)?;
    let key = head::key(&head.headers)?;
    let if_match = head::if_match(&head.headers)?;
    let deadline = Deadline {
        clock: gate.clock.clone(),
        ends: entered
            .began
            .saturating_add(head::deadline(shape, &head.headers)?),
    };
    body::check_length(&head.headers, shape.bytes_max())?;
    let (body, stream) = take(gate, served, &head.headers, &deadline, body).await?;
    // Not before the body is here: whoever sends slowly must not take the room of others.
    let criticality = shape.criticality.unwrap_or_default();
    let permit = gate.admission.enter_lane(entered.lane, criticality);
    let mut permit = Some(permit.map_err(overloaded)?);
    if shape.waits {
        // Others have this room while it waits, and its time says nothing about how much fits.
        drop(permit.take());
    }
    let passage = Arc::new(Passage {
        context: context.clone(),
        caller: entered.admitted.caller,
        granted: entered.admitted.granted,
        reason: entered.admitted.reason,
        address: entered.address,
        hosts: gate.hosts.clone(),
        params: entered.params,
        accepted: entered.accepted,
        body,
        rules: served.rules.clone(),
        key,
        if_match,
        deadline: deadline.clone(),
    });
    if tell::is_told_before(shape, &passage) {
        Box::pin(tell::before(gate, shape, &passage)).await?;
    }
    let mut request = Request::from_parts(*head, Body::empty());
    request.extensions_mut().insert(passage.clone());
    if let Some(stream) = stream {
        request.extensions_mut().insert(stream);
    }
    let response = run(served, request, deadline.left()).await?;
    if let Some(permit) = permit {
        permit.finish();
    }
    tell::after(gate, shape, &passage, &response);
    Ok(response)
}

fn overloaded(delay: Duration) -> Error {
    let message = "there is more work than can be done in time";
    Error::unavailable(codes::OVERLOADED, message).retry_after(delay)
}

/// Reads the body as the route takes it: whole, or as a stream for the handler.
async fn take<B>(
    gate: &Gate,
    served: &Served,
    headers: &HeaderMap,
    deadline: &Deadline,
    body: B,
) -> Result<(Bytes, Option<body::Streamed>)>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    let shape = &served.shape;
    let bytes_max = shape.bytes_max();
    let streams = matches!(shape.takes, Some(Takes::Stream { .. }));
    if body.is_end_stream() && !streams {
        return match shape.takes {
            Some(Takes::Json(_)) => Err(Error::invalid(
                codes::BODY_MALFORMED,
                "the operation takes a body",
            )),
            _ => Ok((Bytes::new(), None)),
        };
    }
    head::media_type(shape, headers)?;
    if streams {
        let counted = body::Counted::new(Body::new(body), bytes_max);
        return Ok((Bytes::new(), Some(body::Streamed::new(counted))));
    }
    let within = gate.body_within.min(deadline.left());
    // Most requests have none, and need no room for the reading of it.
    let read = Box::pin(body::read(body, bytes_max));
    let read = tokio::time::timeout(within, read).await;
    let slow = |_| Error::unavailable(codes::REQUEST_TOO_SLOW, "the body did not come in time");
    Ok((read.map_err(slow)??, None))
}

/// Lets the handler work until the deadline; then its work is dropped where it stands.
fn run(
    served: &Served,
    request: axum::extract::Request,
    left: Duration,
) -> impl Future<Output = Result<Response>> + use<> {
    let too_slow = || {
        Error::unavailable(
            codes::REQUEST_TOO_SLOW,
            "the operation was not done in time",
        )
    };
    let panicked = |_| Error::internal(codes::INTERNAL, "a handler panicked");
    // A handler that panics must not take the connection with it. Calling it may panic as well as waiting for it.
    let work = match left.is_zero() {
        true => Err(too_slow()),
        false => catch_unwind(AssertUnwindSafe(|| (served.work)(request))).map_err(panicked),
    };
    async move {
        let mut work = AssertUnwindSafe(work?).catch_unwind();
        // Most handlers answer from memory, without waiting: no timer is armed for those.
        let done = match futures_util::poll!(&mut work) {
            Poll::Ready(done) => done,
            Poll::Pending => tokio::time::timeout(left, work)
                .await
                .map_err(|_late| too_slow())?,
        };
        done.map_err(panicked)
    }
}

/// Writes an error to the log, once. What is the caller's fault may quote the caller, so only its code is written.
fn log(observation: &Observation, response: &Response) {
    let Some(crate::problem::Carried(error)) = response.extensions().get() else {
        return;
    };
    match error.kind() {
        Kind::Internal => observation.failed(error),
        Kind::Unavailable => observation.within_sync(|| {
            tracing::warn!(
                code = error.code(),
                message = error.message(),
                "a request could not be served"
            );
        }),
        kind => observation.within_sync(|| {
            tracing::debug!(
                code = error.code(),
                kind = kind.name(),
                "a request was refused"
            );
        }),
    }
}
