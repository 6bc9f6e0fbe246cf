//! The routes of keys: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::codes;
use domain::access::{KeyId, Permission};
use domain::organisations::OrganisationId;
use edge::{
    Answer, Caller, Context, Criticality, Json, Page, Path, Policy, Query, Rate, Route, Routes,
};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::{Ask, Part};
use utoipa::IntoParams;

use super::app::App;
use super::view::{Issued, KeyView, NewKey};

const READ_WITHIN: Duration = Duration::from_secs(2);
const WRITE_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfOrganisation {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfKey {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
    /// Which of its keys.
    #[param(value_type = String, pattern = "^key_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    key: KeyId,
}

/// The routes of keys.
pub fn routes(app: &App) -> Routes {
    let all = "/api/organisations/{organisation}/keys";
    Routes::new()
        .add(
            route(Method::POST, all, "keys.issue", Permission::KeysChange)
                .about("Make a key for a program of somebody else; its text is shown this once")
                .deadline(WRITE_WITHIN)
                .path::<OfOrganisation>()
                .takes::<NewKey>()
                .answers::<Issued>(StatusCode::CREATED)
                .fails(&[codes::NOT_FOUND, codes::PLAN_LIMIT, codes::SCOPE_REFUSED])
                .handler(issue),
        )
        .add(
            route(Method::GET, all, "keys.list", Permission::KeysRead)
                .about("List the keys of an organisation")
                .deadline(READ_WITHIN)
                .takes_nothing()
                .path::<OfOrganisation>()
                .query::<Part>()
                .answers::<Page<KeyView>>(StatusCode::OK)
                .fails(&[
                    codes::NOT_FOUND,
                    codes::CURSOR_REFUSED,
                    codes::LIMIT_OUT_OF_RANGE,
                ])
                .handler(list),
        )
        .add(
            route(
                Method::DELETE,
                "/api/organisations/{organisation}/keys/{key}",
                "keys.revoke",
                Permission::KeysChange,
            )
            .about("Revoke a key: it opens nothing from now on")
            .deadline(WRITE_WITHIN)
            .takes_nothing()
            .path::<OfKey>()
            .answers_nothing(StatusCode::NO_CONTENT)
            .fails(&[codes::NOT_FOUND])
            .handler(revoke),
        )
        .with_state(app.clone())
}

fn route(method: Method, path: &'static str, name: &'static str, needs: Permission) -> Route<App> {
    Route::new(method, path, name)
        .tag("keys")
        .policy(Policy::May(needs.name()))
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
}

/// Who asks, without a key of idempotency: an answer with a secret is kept nowhere.
pub(crate) fn asked(caller: &Caller, context: &Context) -> Ask {
    Ask {
        actor: caller.actor().to_owned(),
        trace: trace(context),
        key: None,
    }
}

/// The trace that the events of a request belong to.
pub(crate) fn trace(context: &Context) -> String {
    let bytes = context.trace_id.iter();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

async fn issue(
    State(app): State<App>,
    caller: Caller,
    context: Context,
    Path(of): Path<OfOrganisation>,
    Json(body): Json<NewKey>,
) -> Answer<(StatusCode, Json<Issued>)> {
    let issue = body.issue(&app.ground().clock)?;
    let ask = asked(&caller, &context);
    let issued = app.issue((&ask, &caller), of.organisation, issue).await?;
    Ok((StatusCode::CREATED, Json(issued)))
}

async fn list(
    State(app): State<App>,
    Path(of): Path<OfOrganisation>,
    Query(part): Query<Part>,
) -> Answer<Json<Page<KeyView>>> {
    Ok(Json(app.list(of.organisation, &part.turn()?).await?.into()))
}

async fn revoke(
    State(app): State<App>,
    caller: Caller,
    context: Context,
    Path(of): Path<OfKey>,
) -> Answer<StatusCode> {
    let ask = asked(&caller, &context);
    app.revoke(&ask, of.organisation, of.key).await?;
    Ok(StatusCode::NO_CONTENT)
}
