//! The routes of devices: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::codes;
use domain::access::{DeviceId, Permission};
use domain::organisations::{OrganisationId, RestaurantId};
use edge::{
    Answer, Caller, Client, Context, Criticality, Granted, Json, Page, Path, Policy, Query, Rate,
    Route, Routes,
};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::Part;
use utoipa::IntoParams;

use super::app::App;
use super::view::{DeviceView, NewDevice, Offered, Paired, Typed};
use crate::keys::http::{asked, trace};

const READ_WITHIN: Duration = Duration::from_secs(2);
const WRITE_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfRestaurant {
    /// Which restaurant.
    #[param(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant: RestaurantId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfOrganisation {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfDevice {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
    /// Which of its devices.
    #[param(value_type = String, pattern = "^dev_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    device: DeviceId,
}

/// The routes of devices.
pub fn routes(app: &App) -> Routes {
    let change = Policy::May(Permission::DevicesChange.name());
    Routes::new()
        .add(
            route(
                Method::POST,
                "/api/restaurants/{restaurant}/devices",
                "devices.offer",
            )
            .about("Make a code by which a screen or kiosk is paired with a restaurant")
            .policy(change)
            .rate(Rate::Api)
            .deadline(WRITE_WITHIN)
            .path::<OfRestaurant>()
            .takes::<NewDevice>()
            .answers::<Offered>(StatusCode::CREATED)
            .fails(&[codes::NOT_FOUND])
            .handler(offer),
        )
        .add(
            route(Method::POST, "/api/devices/pair", "devices.pair")
                .about("Pair the device that a code was typed into; its key is shown this once")
                .policy(Policy::Public)
                .rate(Rate::Auth)
                .deadline(WRITE_WITHIN)
                .takes::<Typed>()
                .answers::<Paired>(StatusCode::CREATED)
                .fails(&[codes::PAIRING_REFUSED, codes::PLAN_LIMIT])
                .handler(pair),
        )
        .add(
            route(
                Method::GET,
                "/api/organisations/{organisation}/devices",
                "devices.list",
            )
            .about("List the devices of an organisation where the caller may see them")
            .policy(Policy::May(Permission::DevicesRead.name()))
            .rate(Rate::Api)
            .deadline(READ_WITHIN)
            .takes_nothing()
            .path::<OfOrganisation>()
            .query::<Part>()
            .answers::<Page<DeviceView>>(StatusCode::OK)
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
                "/api/organisations/{organisation}/devices/{device}",
                "devices.revoke",
            )
            .about("Revoke a device: it opens nothing from now on")
            .policy(change)
            .rate(Rate::Api)
            .deadline(WRITE_WITHIN)
            .takes_nothing()
            .path::<OfDevice>()
            .answers_nothing(StatusCode::NO_CONTENT)
            .fails(&[codes::NOT_FOUND])
            .handler(revoke),
        )
        .with_state(app.clone())
}

fn route(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag("devices")
        .criticality(Criticality::Normal)
}

async fn offer(
    State(app): State<App>,
    caller: Caller,
    Path(of): Path<OfRestaurant>,
    Json(body): Json<NewDevice>,
) -> Answer<(StatusCode, Json<Offered>)> {
    let pairing = body.pairing(of.restaurant)?;
    let offered = app.offer(&caller, &pairing).await?;
    Ok((StatusCode::CREATED, Json(offered)))
}

async fn pair(
    State(app): State<App>,
    client: Client,
    context: Context,
    Json(body): Json<Typed>,
) -> Answer<(StatusCode, Json<Paired>)> {
    let code = body.code()?;
    let paired = app.pair((&code, trace(&context)), client.address).await?;
    Ok((StatusCode::CREATED, Json(paired)))
}

async fn list(
    State(app): State<App>,
    granted: Granted,
    Path(of): Path<OfOrganisation>,
    Query(part): Query<Part>,
) -> Answer<Json<Page<DeviceView>>> {
    let (places, turn) = (&granted.places, part.turn()?);
    Ok(Json(app.list(of.organisation, places, &turn).await?.into()))
}

async fn revoke(
    State(app): State<App>,
    granted: Granted,
    caller: Caller,
    context: Context,
    Path(of): Path<OfDevice>,
) -> Answer<StatusCode> {
    let ask = asked(&caller, &context);
    let which = (of.organisation, of.device);
    app.revoke(&ask, which, &granted.places).await?;
    Ok(StatusCode::NO_CONTENT)
}
