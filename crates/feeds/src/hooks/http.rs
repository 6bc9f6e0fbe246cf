//! The routes of hooks: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::{Error, Result, codes};
use domain::access::Permission;
use domain::organisations::OrganisationId;
use edge::{
    Answer, Caller, Context, Criticality, Granted, Json, Page, Path, Places, Policy, Query, Rate,
    Route, Routes,
};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::{Ask, Turn};
use utoipa::IntoParams;

use super::HookId;
use super::app::App;
use super::view::{
    DeliveryState, DeliveryView, HookEdit, HookView, HookWithSecret, NewHook, Redrive,
};

const READ_WITHIN: Duration = Duration::from_secs(2);
const WRITE_WITHIN: Duration = Duration::from_secs(5);
const ALL: &str = "/api/organisations/{organisation}/hooks";
const ONE: &str = "/api/organisations/{organisation}/hooks/{hook}";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfOrganisation {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfHook {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
    /// Which of its hooks.
    #[param(value_type = String, pattern = "^hok_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    hook: HookId,
}

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Those in this state alone.
    #[param(inline)]
    state: Option<DeliveryState>,
    /// How many entries at most; 20 when nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

/// The routes of hooks.
pub(crate) fn routes(app: &App) -> Routes {
    made().with(kept()).with(told()).with_state(app.clone())
}

fn made() -> Routes<App> {
    Routes::new()
        .add(
            changing(Method::POST, ALL, "hooks.create")
                .about("Make a webhook; the secret that signs its calls is shown this once")
                .path::<OfOrganisation>()
                .takes::<NewHook>()
                .answers::<HookWithSecret>(StatusCode::CREATED)
                .fails(&[codes::NOT_FOUND, codes::PLAN_LIMIT])
                .handler(create),
        )
        .add(
            reading(ALL, "hooks.list")
                .about("List the webhooks of an organisation")
                .path::<OfOrganisation>()
                .answers::<Page<HookView>>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(list),
        )
}

fn kept() -> Routes<App> {
    Routes::new()
        .add(
            reading(ONE, "hooks.read")
                .about("Read a webhook, and why it is disabled if it is")
                .path::<OfHook>()
                .answers::<HookView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(read),
        )
        .add(
            changing(Method::PATCH, ONE, "hooks.change")
                .about("Change a webhook, disable or enable it")
                .path::<OfHook>()
                .takes::<HookEdit>()
                .answers::<HookView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND, codes::VERSION_CHANGED])
                .handler(change),
        )
        .add(
            changing(Method::DELETE, ONE, "hooks.remove")
                .about("Remove a webhook and all that it was told")
                .path::<OfHook>()
                .takes_nothing()
                .answers_nothing(StatusCode::NO_CONTENT)
                .fails(&[codes::NOT_FOUND, codes::VERSION_CHANGED])
                .handler(remove),
        )
}

fn told() -> Routes<App> {
    Routes::new()
        .add(
            changing(
                Method::POST,
                "/api/organisations/{organisation}/hooks/{hook}/rotate",
                "hooks.rotate",
            )
            .about("Give a webhook another secret; for a day its calls are signed with both")
            .path::<OfHook>()
            .takes_nothing()
            .answers::<HookWithSecret>(StatusCode::OK)
            .fails(&[codes::NOT_FOUND, codes::VERSION_CHANGED])
            .handler(rotate),
        )
        .add(
            reading(
                "/api/organisations/{organisation}/hooks/{hook}/deliveries",
                "hooks.deliveries",
            )
            .about("List what a webhook was told or is to be told, the newest first")
            .path::<OfHook>()
            .query::<Which>()
            .answers::<Page<DeliveryView>>(StatusCode::OK)
            .fails(&[
                codes::NOT_FOUND,
                codes::CURSOR_REFUSED,
                codes::LIMIT_OUT_OF_RANGE,
            ])
            .handler(deliveries),
        )
        .add(
            changing(
                Method::POST,
                "/api/organisations/{organisation}/hooks/{hook}/redrive",
                "hooks.redrive",
            )
            .about("Have a webhook told again what was given up, or held while it was disabled")
            .path::<OfHook>()
            .takes::<Redrive>()
            .answers_nothing(StatusCode::ACCEPTED)
            .fails(&[codes::NOT_FOUND])
            .handler(redrive),
        )
}

fn reading(path: &'static str, name: &'static str) -> Route<App> {
    route(Method::GET, path, name, Permission::KeysRead)
        .deadline(READ_WITHIN)
        .takes_nothing()
}

fn changing(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    route(method, path, name, Permission::KeysChange).deadline(WRITE_WITHIN)
}

/// Whoever may let programs of others in may also have them told.
fn route(method: Method, path: &'static str, name: &'static str, needs: Permission) -> Route<App> {
    Route::new(method, path, name)
        .tag("hooks")
        .policy(Policy::May(needs.name()))
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
}

/// Hooks belong to the whole organisation, so whoever keeps them must reach all of it.
fn whole(granted: &Granted) -> Result<()> {
    match granted.places {
        Places::All => Ok(()),
        Places::Only(_) => Err(Error::forbidden(
            codes::FORBIDDEN,
            "webhooks belong to the whole organisation",
        )),
    }
}

/// Who asks, without a key of idempotency: an answer with a secret is kept nowhere.
fn asked(caller: &Caller, context: &Context) -> Ask {
    let bytes = context.trace_id.iter();
    Ask {
        actor: caller.actor().to_owned(),
        trace: bytes.map(|byte| format!("{byte:02x}")).collect(),
        key: None,
    }
}

async fn create(
    State(app): State<App>,
    (caller, context, granted): (Caller, Context, Granted),
    Path(of): Path<OfOrganisation>,
    Json(new): Json<NewHook>,
) -> Answer<(StatusCode, Json<HookWithSecret>)> {
    whole(&granted)?;
    let ask = asked(&caller, &context);
    let made = app.create(&ask, of.organisation, &new).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn list(
    State(app): State<App>,
    granted: Granted,
    Path(of): Path<OfOrganisation>,
) -> Answer<Json<Page<HookView>>> {
    whole(&granted)?;
    Ok(Json(app.list(of.organisation).await?.into()))
}

async fn read(
    State(app): State<App>,
    granted: Granted,
    Path(of): Path<OfHook>,
) -> Answer<Json<HookView>> {
    whole(&granted)?;
    Ok(Json(app.show((of.organisation, of.hook)).await?))
}

async fn change(
    State(app): State<App>,
    (caller, context, granted): (Caller, Context, Granted),
    Path(of): Path<OfHook>,
    Json(edit): Json<HookEdit>,
) -> Answer<Json<HookView>> {
    whole(&granted)?;
    let (ask, of) = (asked(&caller, &context), (of.organisation, of.hook));
    Ok(Json(app.change(&ask, of, &edit).await?))
}

async fn remove(
    State(app): State<App>,
    (caller, context, granted): (Caller, Context, Granted),
    Path(of): Path<OfHook>,
) -> Answer<StatusCode> {
    whole(&granted)?;
    let ask = asked(&caller, &context);
    app.remove(&ask, (of.organisation, of.hook)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn rotate(
    State(app): State<App>,
    (caller, context, granted): (Caller, Context, Granted),
    Path(of): Path<OfHook>,
) -> Answer<Json<HookWithSecret>> {
    whole(&granted)?;
    let ask = asked(&caller, &context);
    Ok(Json(app.rotate(&ask, (of.organisation, of.hook)).await?))
}

async fn deliveries(
    State(app): State<App>,
    granted: Granted,
    Path(of): Path<OfHook>,
    Query(which): Query<Which>,
) -> Answer<Json<Page<DeliveryView>>> {
    whole(&granted)?;
    let turn = Turn::new(which.limit, which.cursor)?;
    let state = which.state.map(DeliveryState::state);
    let page = app.deliveries((of.organisation, of.hook), state, &turn);
    Ok(Json(page.await?.into()))
}

async fn redrive(
    State(app): State<App>,
    granted: Granted,
    Path(of): Path<OfHook>,
    Json(body): Json<Redrive>,
) -> Answer<StatusCode> {
    whole(&granted)?;
    let of = (of.organisation, of.hook);
    app.redrive(of, body.state.state()).await?;
    Ok(StatusCode::ACCEPTED)
}
