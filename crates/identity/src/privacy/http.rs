//! The routes of privacy.

use std::time::Duration;

use axum::extract::State;
use base::codes;
use domain::people::PersonId;
use edge::{Answer, Caller, Criticality, Json, Path, Policy, Rate, Route, Routes};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::Ask;
use utoipa::IntoParams;

use super::app::App;
use super::view::{BecauseOf, EraseMe, Export};
use crate::people::Asked;

const TAG: &str = "privacy";
/// What the requirements give an export.
const EXPORT_WITHIN: Duration = Duration::from_secs(60);
const ERASE_WITHIN: Duration = Duration::from_secs(30);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfPerson {
    /// Which person.
    #[param(value_type = String, pattern = "^per_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    person: PersonId,
}

/// The routes of privacy.
#[must_use]
pub fn routes(app: &App) -> Routes {
    Routes::new()
        .add(
            route(Method::GET, "/api/me/export", "me.export")
                .about("Everything that is kept of oneself, for programs to read")
                .policy(Policy::SignedIn)
                .deadline(EXPORT_WITHIN)
                .reads_personal()
                .takes_nothing()
                .answers::<Export>(StatusCode::OK)
                .fails(&[codes::FORBIDDEN, codes::SECOND_FACTOR_NEEDED, codes::NOT_FOUND])
                .handler(export),
        )
        .add(
            route(Method::POST, "/api/me/erase", "me.erase")
                .about("Be forgotten, for ever; it wants a sign-in or a second factor of the last five minutes")
                .policy(Policy::SignedIn)
                .takes::<EraseMe>()
                .answers_nothing(StatusCode::NO_CONTENT)
                .fails(&[
                    codes::FORBIDDEN,
                    codes::SECOND_FACTOR_NEEDED,
                    codes::PROOF_TOO_OLD,
                    codes::LAST_OWNER,
                ])
                .handler(erase_me),
        )
        .add(
            about_person("/api/operators/people/{person}/erase", "operators.people.erase")
                .about("Erase somebody who has asked for it in another way")
                .handler(erase_person),
        )
        .add(
            about_person("/api/operators/people/{person}/disable", "operators.people.disable")
                .about("Shut somebody out: all sessions end, and no sign-in is taken until it is undone")
                .handler(disable),
        )
        .add(
            about_person("/api/operators/people/{person}/enable", "operators.people.enable")
                .about("Let somebody sign in again")
                .handler(enable),
        )
        .with_state(app.clone())
}

fn route(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag(TAG)
        .rate(Rate::Auth)
        .criticality(Criticality::Normal)
        .deadline(ERASE_WITHIN)
}

/// What an operator does about somebody, with a reason.
fn about_person(path: &'static str, name: &'static str) -> Route<App> {
    route(Method::POST, path, name)
        .policy(Policy::Operator)
        .path::<OfPerson>()
        .takes::<BecauseOf>()
        .answers_nothing(StatusCode::NO_CONTENT)
        .fails(&[codes::NOT_FOUND, codes::FORBIDDEN])
}

async fn export(State(app): State<App>, caller: Caller) -> Answer<Json<Export>> {
    Ok(Json(app.export(&caller).await?))
}

async fn erase_me(
    State(app): State<App>,
    caller: Caller,
    ask: Ask,
    Json(body): Json<EraseMe>,
) -> Answer<StatusCode> {
    body.is_confirmed()?;
    app.leave(&caller, &ask.trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn erase_person(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfPerson>,
    Json(body): Json<BecauseOf>,
) -> Answer<StatusCode> {
    let asked = asked(&ask, &body)?;
    app.remove(of.person, &asked).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn disable(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfPerson>,
    Json(body): Json<BecauseOf>,
) -> Answer<StatusCode> {
    let asked = asked(&ask, &body)?;
    app.disable(of.person, &asked).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn enable(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfPerson>,
    Json(body): Json<BecauseOf>,
) -> Answer<StatusCode> {
    let asked = asked(&ask, &body)?;
    app.enable(of.person, &asked).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who asks for something about somebody else, and why.
fn asked<'a>(ask: &'a Ask, body: &'a BecauseOf) -> base::Result<Asked<'a>> {
    Ok(Asked {
        actor: &ask.actor,
        trace: &ask.trace,
        reason: Some(body.reason()?),
    })
}
