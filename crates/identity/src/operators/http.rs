//! The routes of the first operator, and how the gate learns whose key a request carries.

use std::time::Duration;

use axum::extract::State;
use base::{Error, codes};
use edge::{Answer, Caller, Criticality, Identify, Json, Policy, Rate, Role, Route, Routes};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
        }
    }
}

/// The routes of the first operator.
pub fn routes(app: &App) -> Routes {
    Routes::new()
        .add(
            Route::new(Method::POST, "/api/setup", "setup.claim")
                .about("Become the first operator, by the link that was printed at the first start")
                .tag(TAG)
                .policy(Policy::Public)
                .rate(Rate::Auth)
                .criticality(Criticality::Normal)
                .deadline(WITHIN)
                .takes::<Claim>()
                .answers::<Claimed>(StatusCode::CREATED)
                .fails(&[codes::SETUP_REFUSED])
                .handler(claim),
        )
        .add(
            Route::new(Method::GET, "/api/operators/me", "operators.me")
                .about("Who the key belongs to")
                .tag(TAG)
                .policy(Policy::Operator)
                .rate(Rate::Api)
                .criticality(Criticality::Normal)
                .deadline(WITHIN)
                .takes_nothing()
                .answers::<OperatorView>(StatusCode::OK)
                .handler(me),
        )
        .with_state(app.clone())
}

async fn claim(
    State(app): State<App>,
    Json(body): Json<Claim>,
) -> Answer<(StatusCode, Json<Claimed>)> {
    let (name, email) = (body.name.name(), body.email.email());
    let (name, email) = match (name, email) {
        (Ok(name), Ok(email)) => (name, email),
        // Both are told at once, for people fill in both at once.
        (Err(name), Err(email)) => return Err(both(name, &email).into()),
        (Err(error), _) | (_, Err(error)) => return Err(error.into()),
    };
    let (operator, key) = app.claim(&body.token, &name, &email).await?;
    Ok((
        StatusCode::CREATED,
        Json(Claimed {
            operator: operator.into(),
            key,
        }),
    ))
}

fn both(one: Error, other: &Error) -> Error {
    let fields = other.fields().iter();
    fields.fold(one, |error, field| {
        error.field(field.field.clone(), field.code, field.message.clone())
    })
}

async fn me(State(app): State<App>, caller: Caller) -> Answer<Json<OperatorView>> {
    let id: OperatorId = caller.actor().parse().map_err(base::Error::from)?;
    Ok(Json(app.operator(id).await?.into()))
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
            Ok(found.map(|id| Caller::new(id.to_string(), Role::Operator, None)))
        })
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
