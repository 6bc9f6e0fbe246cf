//! The edge: routes, settings and parts put together; answers one request at a time, in process or from a server.

use std::borrow::Borrow;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context as Poller, Poll};

use axum::response::Response;
use base::{Clock, Random, Result};
use bytes::Bytes;
use fabric::Limits;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::Request;
use http_body::Body as HttpBody;

use crate::gate::{self, Gate};
use crate::registry::Registry;
use crate::{
    Admission, Authorise, Documentation, Hosts, Identify, NoGrants, NoHosts, NoWitness, Nobody,
    Routes, Settings, Witness, admission, document, pages,
};

/// Callers who are counted at once where nothing else is said.
const CALLERS_MAX: usize = 10_000;

/// What the edge stands on.
pub struct Parts {
    /// The time.
    pub clock: Clock,
    /// Chance, for ids.
    pub random: Random,
    /// Finds out who asks.
    pub identify: Arc<dyn Identify>,
    /// Says what a caller may do in an organisation.
    pub authorise: Arc<dyn Authorise>,
    /// Tells the audit log what was seen.
    pub witness: Arc<dyn Witness>,
    /// Knows the host names that organisations brought.
    pub hosts: Arc<dyn Hosts>,
    /// Counts how often somebody asks.
    pub limits: Limits,
    /// Lets in as many as can be served.
    pub admission: Admission,
}

impl Parts {
    /// Knows nobody, grants nothing, tells nobody, and lets in as many as the usual settings do; for routes that are
    /// for everybody, and to put one's own parts into.
    pub fn new(clock: &Clock, random: &Random) -> Self {
        Self {
            clock: clock.clone(),
            random: random.clone(),
            identify: Arc::new(Nobody),
            authorise: Arc::new(NoGrants),
            witness: Arc::new(NoWitness),
            hosts: Arc::new(NoHosts),
            limits: Limits::memory(clock, CALLERS_MAX),
            admission: Admission::new(admission::Settings::default(), clock.clone()),
        }
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

/// Answers requests. Clones share everything.
#[derive(Clone)]
pub struct Edge(Arc<Built>);

struct Built {
    gate: Gate,
    openapi: Arc<str>,
    shelf: pages::Shelf,
}

impl Borrow<Gate> for Edge {
    fn borrow(&self) -> &Gate {
        &self.0.gate
    }
}

impl std::fmt::Debug for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Edge").finish_non_exhaustive()
    }
}

impl Edge {
    /// Checks the routes and puts everything together.
    ///
    /// # Errors
    ///
    /// When routes lack something or contradict each other; the message names all of it at once.
    pub fn build(settings: Settings, routes: impl Into<Routes>, parts: Parts) -> Result<Self> {
        let shelf = pages::Shelf::default();
        let routes = routes
            .into()
            .with(pages::routes(&shelf, settings.documentation));
        let registry = Registry::check(routes, &*parts.authorise)?;
        let openapi: Arc<str> = match settings.documentation {
            Documentation::Later | Documentation::Unwritten => Arc::default(),
            Documentation::Shown | Documentation::Hidden => {
                document::write(&registry, &settings)?.into()
            }
        };
        if settings.documentation == Documentation::Shown {
            shelf.fill(&openapi)?;
        }
        let kept = settings.clone();
        let gate = Gate::new(settings, registry, parts)?;
        let built = Arc::new(Built {
            gate,
            openapi,
            shelf: shelf.clone(),
        });
        if kept.documentation == Documentation::Later {
            let weak = Arc::downgrade(&built);
            shelf.leave(Box::new(move || match weak.upgrade() {
                Some(built) => document::write(&built.gate.registry, &kept),
                None => Ok(String::new()),
            }));
        }
        Ok(Self(built))
    }

    /// Writes and packs what [`Documentation::Later`] left for later, unless that was done. It takes a while, on the thread
    /// of the caller.
    ///
    /// # Errors
    ///
    /// When routes refer to schemas that there are not.
    pub fn write_document(&self) -> Result<()> {
        self.0.shelf.pack()
    }

    /// Answers a request.
    pub fn call<B>(&self, request: Request<B>) -> impl Future<Output = Response> + use<B>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        gate::pass(self.clone(), request)
    }

    /// Gives the document of the API, OpenAPI 3.1; nothing where it is not written.
    pub fn openapi(&self) -> &str {
        &self.0.openapi
    }

    /// Gives method, path and operation of each route that is served.
    pub fn routes(&self) -> impl Iterator<Item = (&http::Method, &'static str, &'static str)> {
        let shapes = self.0.gate.registry.routes.iter().map(|route| &route.shape);
        shapes.map(|shape| (&shape.method, shape.path, shape.operation))
    }

    #[doc(hidden)]
    pub fn gate(&self) -> &Gate {
        &self.0.gate
    }
}

impl<B> hyper::service::Service<Request<B>> for Edge
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, std::result::Result<Response, Infallible>>;

    fn call(&self, request: Request<B>) -> Self::Future {
        Box::pin(Edge::call(self, request).map(Ok))
    }
}

impl<B> tower::Service<Request<B>> for Edge
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, std::result::Result<Response, Infallible>>;

    fn poll_ready(
        &mut self,
        _poller: &mut Poller<'_>,
    ) -> Poll<std::result::Result<(), Infallible>> {
        // Nothing waits at the door: a request that cannot be served is refused, which costs little.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        hyper::service::Service::call(&*self, request)
    }
}
