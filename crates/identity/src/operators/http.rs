//! The routes of operators, and how the gate learns whose key a request carries.

use std::time::Duration;

use axum::extract::State;
use base::{Error, codes};
use domain::organisations::Name;
use domain::people::{Email, PersonId};
use edge::{
    Answer, Caller, Criticality, Identify, Json, Means, Path, Policy, Rate, Role, Route, Routes,
    Strength, Who,
};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::{App, Operator, OperatorId};
use slice::{TypedEmail, TypedName};

const WITHIN: Duration = Duration::from_secs(5);
const TAG: &str = "operators";

/// What the set-up page sends.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Claim {
    /// The token of the link that was printed at the start.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    token: String,
    /// The name of the first operator.
    name: TypedName,
    /// His e-mail address.
    email: TypedEmail,
}

/// An operator: somebody who runs this installation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OperatorView {
    /// Which one.
    #[schema(value_type = String, pattern = "^opr_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    id: OperatorId,
    /// His name.
    name: String,
    /// His e-mail address.
    email: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    created_at: base::Time,
    /// The person that he signs in as.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^per_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    person: Option<PersonId>,
}

/// Who is to be an operator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct NewOperator {
    /// His name.
    name: TypedName,
    /// His e-mail address. He signs in by a code that is sent there.
    email: TypedEmail,
}

/// All operators.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OperatorsView {
    /// The operators, the oldest first.
    items: Vec<OperatorView>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfOperator {
    /// Which operator.
    #[param(value_type = String, pattern = "^opr_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    operator: OperatorId,
}

/// The first operator with his key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Claimed {
    /// The operator.
    operator: OperatorView,
    /// The key that he signs in with. It is shown this once.
    key: String,
}

impl From<Operator> for OperatorView {
    fn from(operator: Operator) -> Self {
        OperatorView {
            id: operator.id,
            name: operator.name,
            email: operator.email,
            created_at: operator.created_at,
            person: operator.person,
        }
    }
}

/// The routes of operators.
pub fn routes(app: &App) -> Routes {
    Routes::new()
        .add(
            route(Method::POST, "/api/setup", "setup.claim")
                .about("Become the first operator, by the link that was printed at the first start")
                .policy(Policy::Public)
                .rate(Rate::Auth)
                .takes::<Claim>()
                .answers::<Claimed>(StatusCode::CREATED)
                .fails(&[codes::SETUP_REFUSED])
                .handler(claim),
        )
        .add(
            route(Method::GET, "/api/operators/me", "operators.me")
                .about("Which operator asks")
                .takes_nothing()
                .answers::<OperatorView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(me),
        )
        .add(
            route(Method::GET, "/api/operators", "operators.list")
                .about("List the operators")
                .takes_nothing()
                .answers::<OperatorsView>(StatusCode::OK)
                .handler(list),
        )
        .add(
            route(Method::POST, "/api/operators", "operators.add")
                .about("Make somebody an operator")
                .takes::<NewOperator>()
                .answers::<OperatorView>(StatusCode::CREATED)
                .fails(&[codes::NAME_TAKEN])
                .handler(add),
        )
        .add(
            route(Method::DELETE, "/api/operators/{operator}", "operators.end")
                .about("Let somebody be an operator no more; the last one stays")
                .path::<OfOperator>()
                .takes_nothing()
                .answers_nothing(StatusCode::NO_CONTENT)
                .fails(&[codes::NOT_FOUND, codes::LAST_ONE])
                .handler(end),
        )
        .with_state(app.clone())
}

fn route(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag(TAG)
        .policy(Policy::Operator)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(WITHIN)
}

async fn claim(
    State(app): State<App>,
    Json(body): Json<Claim>,
) -> Answer<(StatusCode, Json<Claimed>)> {
    let (name, email) = typed(&body.name, &body.email)?;
    let (operator, key) = app.claim(&body.token, &name, &email).await?;
    Ok((
        StatusCode::CREATED,
        Json(Claimed {
            operator: operator.into(),
            key,
        }),
    ))
}

/// Name and address. If both are wrong both are told at once, for people fill in both at once.
fn typed(name: &TypedName, email: &TypedEmail) -> base::Result<(Name, Email)> {
    match (name.name(), email.email()) {
        (Ok(name), Ok(email)) => Ok((name, email)),
        (Err(name), Err(email)) => Err(both(name, &email)),
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

fn both(one: Error, other: &Error) -> Error {
    let fields = other.fields().iter();
    fields.fold(one, |error, field| {
        error.field(field.field.clone(), field.code, field.message.clone())
    })
}

async fn me(State(app): State<App>, caller: Caller) -> Answer<Json<OperatorView>> {
    // A key names the operator, a session the person.
    let found = match caller.actor().parse::<OperatorId>() {
        Ok(id) => app.operator(id).await?,
        Err(error) => {
            let person = caller.person().ok_or(base::Error::from(error))?;
            app.operator_of(person.into()).await?
        }
    };
    Ok(Json(found.into()))
}

async fn list(State(app): State<App>) -> Answer<Json<OperatorsView>> {
    let items = app.list().await?.into_iter().map(Into::into).collect();
    Ok(Json(OperatorsView { items }))
}

async fn add(
    State(app): State<App>,
    Json(body): Json<NewOperator>,
) -> Answer<(StatusCode, Json<OperatorView>)> {
    let (name, email) = typed(&body.name, &body.email)?;
    let added = app.add(&name, &email).await?;
    Ok((StatusCode::CREATED, Json(added.into())))
}

async fn end(State(app): State<App>, Path(of): Path<OfOperator>) -> Answer<StatusCode> {
    app.end(of.operator).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tells the gate whose key a request carries.
pub struct Operators(App);

impl Operators {
    /// Keys are looked up by this slice.
    #[must_use]
    pub fn new(app: &App) -> Self {
        Operators(app.clone())
    }
}

impl Identify for Operators {
    fn identify(&self, headers: &HeaderMap) -> BoxFuture<'_, base::Result<Option<Caller>>> {
        let key = bearer(headers).map(str::to_owned);
        Box::pin(async move {
            let Some(key) = key else { return Ok(None) };
            let found = self.0.find(&key).await?;
            Ok(found.map(|holder| {
                Caller::of(Who {
                    actor: holder.id.to_string(),
                    role: Role::Operator,
                    organisation: None,
                    person: holder.person.map(|person| person.uid()),
                    session: None,
                    strength: Strength::Two,
                    means: Means::Bearer,
                })
            }))
        })
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
