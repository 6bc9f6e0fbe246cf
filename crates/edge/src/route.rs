//! A route as a value: everything that is to be known of it, and the handler.
//!
//! Nothing has a default. What a route does not say, `Edge::build` asks for by name.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use futures_util::future::BoxFuture;
use http::{Method, StatusCode};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{RefOr, Required};
use utoipa::{IntoParams, ToSchema};

use crate::policy::Bound;
use crate::{Criticality, Policy, Rate};

/// How large a JSON body may be.
pub(crate) const JSON_BYTES_MAX: u64 = 256 * 1024;

/// A handler without its types.
pub(crate) type Work = Arc<dyn Fn(Request) -> BoxFuture<'static, Response> + Send + Sync>;

type Bind<S> = Box<dyn FnOnce(S) -> Work + Send>;

/// What is known of a route besides its handler.
#[derive(Clone)]
pub(crate) struct Shape {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) policy: Option<Policy>,
    pub(crate) rate: Option<Rate>,
    pub(crate) criticality: Option<Criticality>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) takes: Option<Takes>,
    pub(crate) answers: Vec<Answers>,
    pub(crate) params: Vec<Parameter>,
    pub(crate) query: Vec<Parameter>,
    pub(crate) fails: Vec<&'static str>,
    /// How often one caller may call this very route.
    pub(crate) bound: Option<Bound>,
    /// Whether the audit log is told who read.
    pub(crate) personal: bool,
    /// Whether a request that is sent again under its key has one effect and one answer.
    pub(crate) once: bool,
    /// The names of the types that the handler takes, by which the document knows which headers it reads.
    pub(crate) handler: Option<&'static str>,
    /// The parameter of the query that names what the request is about, where the path does not.
    pub(crate) about_in_query: Option<&'static str>,
    /// Whether the handler mostly waits for news, which is no work of ours.
    pub(crate) waits: bool,
}

/// What a route takes.
#[derive(Clone)]
pub(crate) enum Takes {
    Nothing,
    Json(Named),
    Stream {
        media_type: &'static str,
        bytes_max: u64,
    },
}

/// What a route answers when all goes well.
#[derive(Clone)]
pub(crate) struct Answers {
    pub(crate) status: StatusCode,
    pub(crate) content: Content,
}

/// What an answer consists of.
#[derive(Clone)]
pub(crate) enum Content {
    Nothing,
    Json(Named),
    Text(&'static str),
}

/// A schema with its name and all schemas that it refers to.
#[derive(Clone)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) schemas: Vec<(String, RefOr<Schema>)>,
}

impl Named {
    pub(crate) fn of<T: ToSchema>() -> Self {
        let name = T::name().into_owned();
        let mut schemas = vec![(name.clone(), T::schema())];
        T::schemas(&mut schemas);
        Self { name, schemas }
    }
}

impl Shape {
    /// Gives how many bytes of body the route takes.
    pub(crate) fn bytes_max(&self) -> u64 {
        match &self.takes {
            Some(Takes::Json(_)) => JSON_BYTES_MAX,
            Some(Takes::Stream { bytes_max, .. }) => *bytes_max,
            Some(Takes::Nothing) | None => 0,
        }
    }

    /// Says whether its answers are for one caller alone, so that nobody may keep them.
    pub(crate) fn is_private(&self) -> bool {
        self.personal || self.policy != Some(Policy::Public)
    }

    /// Says whether the handler takes something of this type, such as `extract::IdempotencyKey`.
    pub(crate) fn handler_takes(&self, kind: &str) -> bool {
        let own = |types: &str| types.contains(&format!("edge::{kind}"));
        self.handler.is_some_and(own)
    }
}

/// One route: how it is called, who may, how often, what goes in and out, and what does the work.
pub struct Route<S = ()> {
    pub(crate) shape: Shape,
    pub(crate) bind: Option<Bind<S>>,
}

impl<S> fmt::Debug for Route<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.shape.method, self.shape.path)
    }
}

impl<S> Route<S> {
    /// Begins a route; the operation's name is unique and never changes, such as `organisations.create`.
    pub fn new(method: Method, path: &'static str, operation: &'static str) -> Self {
        let shape = Shape {
            method,
            path,
            operation,
            summary: "",
            tag: "",
            policy: None,
            rate: None,
            criticality: None,
            deadline: None,
            takes: None,
            answers: Vec::new(),
            params: Vec::new(),
            query: Vec::new(),
            fails: Vec::new(),
            bound: None,
            personal: false,
            once: false,
            handler: None,
            about_in_query: None,
            waits: false,
        };
        Self { shape, bind: None }
    }

    /// Says that a request sent again under its `Idempotency-Key` has one effect and one answer. A handler that takes
    /// the key itself says so by that; this is for one that takes it inside of something else.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.shape.once = true;
        self
    }

    /// Says in one line what the route is for.
    #[must_use]
    pub fn about(mut self, summary: &'static str) -> Self {
        self.shape.summary = summary;
        self
    }

    /// Says what the route belongs to; the document groups by it.
    #[must_use]
    pub fn tag(mut self, tag: &'static str) -> Self {
        self.shape.tag = tag;
        self
    }

    /// Says who may call it.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.shape.policy = Some(policy);
        self
    }

    /// Says how often one caller may call it.
    #[must_use]
    pub fn rate(mut self, rate: Rate) -> Self {
        self.shape.rate = Some(rate);
        self
    }

    /// Bounds this very route besides its class: so many from one caller, or one address where nobody is signed in,
    /// in any stretch of time as long as the window.
    #[must_use]
    pub fn bound(mut self, max: u32, window: Duration) -> Self {
        self.shape.bound = Some(Bound { max, window });
        self
    }

    /// Says that the answer shows personal data: the audit log is told who read it, and nobody keeps it.
    #[must_use]
    pub fn reads_personal(mut self) -> Self {
        self.shape.personal = true;
        self
    }

    /// Says that the handler mostly waits for news. Such a request is let in like any other, but then it neither takes
    /// room nor is measured: the handler bounds by itself how many wait.
    #[must_use]
    pub fn waits(mut self) -> Self {
        self.shape.waits = true;
        self
    }

    /// Says how long it is served under overload.
    #[must_use]
    pub fn criticality(mut self, criticality: Criticality) -> Self {
        self.shape.criticality = Some(criticality);
        self
    }

    /// Says after how long the work is given up, the reading of the body included.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.shape.deadline = Some(deadline);
        self
    }

    /// Takes JSON of this schema, at most 256 KiB.
    #[must_use]
    pub fn takes<T: ToSchema>(mut self) -> Self {
        self.shape.takes = Some(Takes::Json(Named::of::<T>()));
        self
    }

    /// Takes no body.
    #[must_use]
    pub fn takes_nothing(mut self) -> Self {
        self.shape.takes = Some(Takes::Nothing);
        self
    }

    /// Takes a body of this media type that is read piece by piece, at most so many bytes.
    #[must_use]
    pub fn takes_stream(mut self, media_type: &'static str, bytes_max: u64) -> Self {
        self.shape.takes = Some(Takes::Stream {
            media_type,
            bytes_max,
        });
        self
    }

    /// Answers JSON of this schema with this status. A route may have several such answers.
    #[must_use]
    pub fn answers<T: ToSchema>(self, status: StatusCode) -> Self {
        self.answer(status, Content::Json(Named::of::<T>()))
    }

    /// Answers nothing but this status.
    #[must_use]
    pub fn answers_nothing(self, status: StatusCode) -> Self {
        self.answer(status, Content::Nothing)
    }

    /// Answers text of this media type with status 200.
    #[must_use]
    pub fn answers_text(self, media_type: &'static str) -> Self {
        self.answer(StatusCode::OK, Content::Text(media_type))
    }

    /// Answers with the address of another page ([`crate::Redirect`]).
    #[must_use]
    pub fn answers_redirect(self) -> Self {
        self.answer(StatusCode::SEE_OTHER, Content::Nothing)
    }

    fn answer(mut self, status: StatusCode, content: Content) -> Self {
        self.shape.answers.push(Answers { status, content });
        self
    }

    /// Names the parameters of the path.
    #[must_use]
    pub fn path<P: IntoParams>(mut self) -> Self {
        let place = |mut param: Parameter| {
            param.parameter_in = ParameterIn::Path;
            param.required = Required::True;
            param
        };
        let params = P::into_params(|| Some(ParameterIn::Path));
        self.shape.params.extend(params.into_iter().map(place));
        self
    }

    /// Names the parameters of the query.
    #[must_use]
    pub fn query<Q: IntoParams>(mut self) -> Self {
        let params = Q::into_params(|| Some(ParameterIn::Query));
        self.shape.query.extend(params);
        self
    }

    /// Says that this parameter of the query, which must be there, names what the request is about, and not the first
    /// of the path: whether the caller may is asked for that.
    #[must_use]
    pub fn about_in_query(mut self, name: &'static str) -> Self {
        self.shape.about_in_query = Some(name);
        self
    }

    /// Names the codes of errors that are this route's own; those of the gate are known.
    #[must_use]
    pub fn fails(mut self, codes: &[&'static str]) -> Self {
        self.shape.fails.extend(codes);
        self
    }

    /// Says what does the work.
    #[must_use]
    pub fn handler<T, H>(mut self, handler: H) -> Self
    where
        T: 'static,
        H: Handler<T, S> + Sync,
        S: Clone + Send + Sync + 'static,
    {
        self.shape.handler = Some(std::any::type_name::<T>());
        self.bind = Some(Box::new(move |state: S| {
            Arc::new(move |request| -> BoxFuture<'static, Response> {
                Box::pin(handler.clone().call(request, state.clone()))
            })
        }));
        self
    }

    fn with_state(self, state: S) -> Route
    where
        S: Send + 'static,
    {
        let bind = self.bind.map(|bind| -> Bind<()> {
            let work = bind(state);
            Box::new(move |()| work)
        });
        Route {
            shape: self.shape,
            bind,
        }
    }
}

/// Routes that share a state.
#[derive(Debug)]
pub struct Routes<S = ()>(pub(crate) Vec<Route<S>>);

impl<S> Routes<S> {
    /// No routes.
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a route.
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "routes are added to routes, and nothing is summed up"
    )]
    pub fn add(mut self, route: Route<S>) -> Self {
        self.0.push(route);
        self
    }

    /// Adds the routes of somebody else.
    #[must_use]
    pub fn with(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Gives the state that the handlers take, so that routes of different states fit together.
    #[must_use]
    pub fn with_state(self, state: S) -> Routes
    where
        S: Clone + Send + 'static,
    {
        let bound = self
            .0
            .into_iter()
            .map(|route| route.with_state(state.clone()));
        Routes(bound.collect())
    }
}

impl<S> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> From<Vec<Route<S>>> for Routes<S> {
    fn from(routes: Vec<Route<S>>) -> Self {
        Self(routes)
    }
}
