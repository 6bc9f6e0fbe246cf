//! The routes together: nothing missing, nothing twice, nothing that contradicts itself.
//!
//! All defects of all routes are collected and said at once, because whoever writes routes mends them in one go.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use base::{Error, Result, codes};
use http::{HeaderValue, Method};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::observe::Meters;
use crate::route::{Content, Named, Route, Shape, Takes, Work};
use crate::rules::{Limits, Rules};
use crate::{Authorise, Policy, Routes};

/// A route that is complete.
pub(crate) struct Served {
    pub(crate) shape: Shape,
    pub(crate) work: Work,
    /// What is checked of the body besides its types.
    pub(crate) rules: Option<Arc<Rules>>,
    pub(crate) path_limits: Limits,
    pub(crate) query_limits: Limits,
    /// Made with the first request: then the recorder of the process is there.
    pub(crate) meters: OnceLock<Arc<Meters>>,
}

impl Served {
    fn new(shape: Shape, work: Work) -> Self {
        let rules = match &shape.takes {
            Some(Takes::Json(named)) => Some(Arc::new(Rules::new(named))),
            Some(Takes::Nothing | Takes::Stream { .. }) | None => None,
        };
        let (path_limits, query_limits) = (Limits::new(&shape.params), Limits::new(&shape.query));
        Self {
            shape,
            work,
            rules,
            path_limits,
            query_limits,
            meters: OnceLock::new(),
        }
    }
}

/// All methods of one path.
pub(crate) struct Spot {
    /// Positions in [`Registry::routes`].
    pub(crate) methods: Vec<(Method, usize)>,
    /// The names of its parameters, in their order.
    pub(crate) names: Vec<&'static str>,
    /// What `Allow` says.
    pub(crate) allow: HeaderValue,
}

/// All routes, and where to find them.
pub(crate) struct Registry {
    pub(crate) routes: Vec<Served>,
    pub(crate) spots: Vec<Spot>,
    pub(crate) paths: matchit::Router<usize>,
}

impl Registry {
    pub(crate) fn check(routes: Routes, authorise: &dyn Authorise) -> Result<Self> {
        let mut defects: Vec<String> = Vec::new();
        for route in &routes.0 {
            let name = format!(
                "{} {} ({})",
                route.shape.method, route.shape.path, route.shape.operation
            );
            let own = lacks(route).into_iter().chain(contradictions(&route.shape));
            let own = own.chain(permission(&route.shape, authorise));
            defects.extend(own.map(|defect| format!("{name}: {defect}")));
        }
        defects.extend(doubles(&routes));
        let mut registry = Self {
            routes: Vec::new(),
            spots: Vec::new(),
            paths: matchit::Router::new(),
        };
        for route in routes.0 {
            if let Some(bind) = route.bind {
                let served = Served::new(route.shape, bind(()));
                defects.extend(registry.place(served).err());
            }
        }
        if !defects.is_empty() {
            let message = format!("the routes cannot be served:\n- {}", defects.join("\n- "));
            return Err(Error::internal(codes::INTERNAL, message));
        }
        registry.spots.iter_mut().try_for_each(write_allow)?;
        Ok(registry)
    }

    fn place(&mut self, served: Served) -> std::result::Result<(), String> {
        let path = served.shape.path;
        let same = |route: &Served| route.shape.path == path;
        let known = self.routes.iter().find(|route| same(route)).and_then(|_| {
            let found = self.paths.at(path).ok()?;
            Some(*found.value)
        });
        let spot = match known {
            Some(spot) => spot,
            None => {
                let wrong =
                    |error| format!("{path}: it cannot stand beside the other paths: {error}");
                self.paths.insert(path, self.spots.len()).map_err(wrong)?;
                self.spots.push(Spot {
                    methods: Vec::new(),
                    names: names_in(path),
                    allow: HeaderValue::from_static(""),
                });
                self.spots.len() - 1
            }
        };
        let place = (served.shape.method.clone(), self.routes.len());
        if let Some(spot) = self.spots.get_mut(spot) {
            spot.methods.push(place);
        }
        self.routes.push(served);
        Ok(())
    }
}

/// `HEAD` comes with `GET`, and `OPTIONS` is always answered.
fn write_allow(spot: &mut Spot) -> Result<()> {
    let mut names: Vec<&str> = spot
        .methods
        .iter()
        .map(|(method, _)| method.as_str())
        .collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    names.sort_unstable();
    names.dedup();
    spot.allow = HeaderValue::try_from(names.join(", ")).map_err(|error| {
        Error::internal(codes::INTERNAL, "a method is no word").caused_by(error)
    })?;
    Ok(())
}

/// What a route does not say.
fn lacks(route: &Route) -> Vec<String> {
    let shape = &route.shape;
    let parts = [
        (shape.operation.is_empty(), "a name of the operation"),
        (shape.summary.is_empty(), "a summary (`.about`)"),
        (shape.tag.is_empty(), "a tag (`.tag`)"),
        (shape.policy.is_none(), "a policy (`.policy`)"),
        (shape.rate.is_none(), "a rate class (`.rate`)"),
        (
            shape.criticality.is_none(),
            "a criticality (`.criticality`)",
        ),
        (shape.deadline.is_none(), "a deadline (`.deadline`)"),
        (
            shape.takes.is_none(),
            "what it takes (`.takes`, `.takes_stream` or `.takes_nothing`)",
        ),
        (
            shape.answers.is_empty(),
            "what it answers (`.answers`, `.answers_text` or `.answers_nothing`)",
        ),
        (route.bind.is_none(), "a handler (`.handler`)"),
    ];
    let missing = parts.iter().filter(|(lacks, _)| *lacks);
    missing
        .map(|(_, what)| format!("it lacks {what}"))
        .collect()
}

/// What a route says that cannot be true together.
fn contradictions(shape: &Shape) -> Vec<String> {
    let mut found = Vec::new();
    let in_path = names_in(shape.path);
    let declared: Vec<&str> = shape
        .params
        .iter()
        .map(|param| param.name.as_str())
        .collect();
    for name in in_path.iter().filter(|name| !declared.contains(name)) {
        found.push(format!(
            "the parameter {{{name}}} of its path is not declared (`.path`)"
        ));
    }
    for name in declared.iter().filter(|name| !in_path.contains(name)) {
        found.push(format!(
            "the parameter {name} is declared and not in its path"
        ));
    }
    for code in shape
        .fails
        .iter()
        .filter(|code| codes::find(code).is_none())
    {
        found.push(format!("the code {code} is not in the table of codes"));
    }
    if shape
        .bound
        .is_some_and(|bound| bound.max == 0 || bound.window.is_zero())
    {
        found.push("its bound lets nobody pass".to_owned());
    }
    if shape.deadline.is_some_and(|deadline| deadline.is_zero()) {
        found.push("its deadline is zero".to_owned());
    }
    let safe = matches!(shape.method, Method::GET | Method::HEAD | Method::OPTIONS);
    match &shape.takes {
        Some(Takes::Json(named)) => found.extend(open(named)),
        Some(Takes::Stream { bytes_max: 0, .. }) => {
            found.push("it takes a stream of no bytes".to_owned())
        }
        Some(Takes::Stream { .. } | Takes::Nothing) | None => {}
    }
    if safe && !matches!(shape.takes, Some(Takes::Nothing) | None) {
        found.push("a GET takes no body".to_owned());
    }
    found.extend(unlike_handler(shape));
    found
}

/// What is wrong with the permission that a route asks for.
fn permission(shape: &Shape, authorise: &dyn Authorise) -> Vec<String> {
    let mut found = Vec::new();
    let asked = shape.policy.and_then(Policy::permission);
    if let Some(name) = asked.filter(|name| !authorise.knows(name)) {
        found.push(format!("nobody knows the permission {name}"));
    }
    let in_query = |name| shape.query.iter().any(|param| param.name == name);
    if shape.about_in_query.is_some_and(|name| !in_query(name)) {
        found.push("what it is about stands in a parameter that its query has not".to_owned());
    }
    if asked.is_some() && names_in(shape.path).is_empty() && shape.about_in_query.is_none() {
        found.push("its path names nothing that a permission could be for".to_owned());
    }
    if shape.policy == Some(Policy::Inside) && names_in(shape.path).is_empty() {
        found.push("its path names nothing of the organisation that an operator enters".to_owned());
    }
    if asked.is_none() && shape.handler_takes("authorise::Granted") {
        found.push("its handler takes what was granted, and its policy grants nothing".to_owned());
    }
    if shape.policy == Some(Policy::Public) && shape.handler_takes("caller::Caller") {
        found.push("its handler takes the caller, and its policy looks for none".to_owned());
    }
    found
}

/// What the handler takes and the route does not say.
fn unlike_handler(shape: &Shape) -> Vec<String> {
    let json = matches!(shape.takes, Some(Takes::Json(_)));
    let stream = matches!(shape.takes, Some(Takes::Stream { .. }));
    let parts = [
        ("json::Json<", json, "JSON (`.takes`)"),
        ("extract::Body", stream, "a stream (`.takes_stream`)"),
        (
            "extract::Query<",
            !shape.query.is_empty(),
            "a query (`.query`)",
        ),
        (
            "extract::Path<",
            !shape.params.is_empty(),
            "parameters of the path (`.path`)",
        ),
    ];
    let mut found = Vec::new();
    for (kind, declared, what) in parts {
        match (shape.handler_takes(kind), declared) {
            (true, false) => found.push(format!(
                "its handler takes {what}, which the route does not declare"
            )),
            (false, true) if shape.handler.is_some() => {
                found.push(format!(
                    "it declares {what}, which its handler does not take"
                ));
            }
            _ => {}
        }
    }
    found
}

/// The names in braces of a path.
pub(crate) fn names_in(path: &str) -> Vec<&str> {
    let parts = path.split('{').skip(1);
    parts.filter_map(|part| part.split('}').next()).collect()
}

/// What is there twice: operations, method and path, and different schemas of one name.
fn doubles(routes: &Routes) -> Vec<String> {
    let mut found = Vec::new();
    let mut operations = HashSet::new();
    let mut places = HashSet::new();
    let mut schemas: std::collections::HashMap<&str, &RefOr<Schema>> =
        std::collections::HashMap::new();
    for shape in routes.0.iter().map(|route| &route.shape) {
        if !operations.insert(shape.operation) {
            found.push(format!("the operation {} is there twice", shape.operation));
        }
        if !places.insert((&shape.method, shape.path)) {
            found.push(format!("{} {} is there twice", shape.method, shape.path));
        }
        for (name, schema) in schemas_of(shape) {
            if schemas
                .insert(name, schema)
                .is_some_and(|before| before != schema)
            {
                found.push(format!("two different schemas are named {name}"));
            }
        }
    }
    found
}

/// All schemas that a route speaks of.
pub(crate) fn schemas_of(shape: &Shape) -> impl Iterator<Item = (&str, &RefOr<Schema>)> {
    let taken = match &shape.takes {
        Some(Takes::Json(named)) => Some(named),
        _ => None,
    };
    let answered = shape
        .answers
        .iter()
        .filter_map(|answers| match &answers.content {
            Content::Json(named) => Some(named),
            Content::Nothing | Content::Text(_) => None,
        });
    let all = taken.into_iter().chain(answered);
    all.flat_map(|named| {
        named
            .schemas
            .iter()
            .map(|(name, schema)| (name.as_str(), schema))
    })
}

/// The objects of a request that would let unknown fields pass.
fn open(named: &Named) -> Vec<String> {
    let mut found = Vec::new();
    for (name, schema) in &named.schemas {
        // A schema of our own can always be written.
        let schema = serde_json::to_value(schema).unwrap_or_default();
        if is_open(&schema) {
            found.push(format!(
                "{name} admits unknown fields (`#[serde(deny_unknown_fields)]`)"
            ));
        }
    }
    found
}

fn is_open(schema: &Value) -> bool {
    match schema {
        Value::Object(parts) => {
            let has_fields = parts.get("properties").is_some_and(Value::is_object);
            let closed = parts.get("additionalProperties") == Some(&Value::Bool(false));
            (has_fields && !closed) || parts.values().any(is_open)
        }
        Value::Array(parts) => parts.iter().any(is_open),
        _ => false,
    }
}
