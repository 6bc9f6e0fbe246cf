//! The routes of capacity: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::codes;
use domain::access::Permission;
use domain::organisations::RestaurantId;
use edge::{Answer, Criticality, Json, Path, Policy, Query, Rate, Route, Routes, Versioned};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::Ask;
use utoipa::IntoParams;

use super::app::App;
use super::view::{CapacityView, ChangedCapacity, SlotsAsked, SlotsView};

const READ_WITHIN: Duration = Duration::from_secs(2);
const WRITE_WITHIN: Duration = Duration::from_secs(5);
const TAG: &str = "capacity";
const PATH: &str = "/api/restaurants/{restaurant}/capacity";
const SLOTS: &str = "/api/restaurants/{restaurant}/slots";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfRestaurant {
    /// Which restaurant.
    #[param(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant: RestaurantId,
}

/// The routes of the slice.
pub fn routes(app: &App) -> Routes {
    Routes::new()
        .add(
            route(Method::GET, SLOTS, "capacity.slots")
                .about("List the slots of a day for which a restaurant can be asked")
                .policy(Policy::Public)
                .rate(Rate::Read)
                .deadline(READ_WITHIN)
                .query::<SlotsAsked>()
                .takes_nothing()
                .answers::<SlotsView>(StatusCode::OK)
                .handler(slots),
        )
        .add(
            route(Method::GET, PATH, "capacity.read")
                .about("Read how much a restaurant takes on in a quarter of an hour")
                .policy(Policy::May(Permission::RestaurantsRead.name()))
                .rate(Rate::Api)
                .deadline(READ_WITHIN)
                .takes_nothing()
                .answers::<CapacityView>(StatusCode::OK)
                .handler(read),
        )
        .add(
            route(Method::PUT, PATH, "capacity.change")
                .about("Say anew how much a restaurant takes on in a quarter of an hour")
                .policy(Policy::May(Permission::RestaurantsChange.name()))
                .rate(Rate::Api)
                .deadline(WRITE_WITHIN)
                .once()
                .takes::<ChangedCapacity>()
                .answers::<CapacityView>(StatusCode::OK)
                .fails(&[codes::VERSION_CHANGED, codes::CONFLICT])
                .handler(change),
        )
        .with_state(app.clone())
}

fn route(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag(TAG)
        .criticality(Criticality::Normal)
        .path::<OfRestaurant>()
        .fails(&[codes::NOT_FOUND])
}

async fn slots(
    State(app): State<App>,
    Path(of): Path<OfRestaurant>,
    Query(asked): Query<SlotsAsked>,
) -> Answer<Json<SlotsView>> {
    let channel = asked.channel()?;
    let wanted = ((asked.service()?, &channel), asked.from);
    Ok(Json(app.slots(of.restaurant, wanted).await?.into()))
}

async fn read(
    State(app): State<App>,
    Path(of): Path<OfRestaurant>,
) -> Answer<Versioned<CapacityView>> {
    let scene = app.scene(of.restaurant).await?;
    let shown = CapacityView::of(&scene.kept, scene.restaurant.details.currency);
    Ok(Versioned(shown.version, shown))
}

async fn change(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfRestaurant>,
    Json(body): Json<ChangedCapacity>,
) -> Answer<Versioned<CapacityView>> {
    let scene = app.scene(of.restaurant).await?;
    let currency = scene.restaurant.details.currency;
    let (rules, seen) = body.rules(currency)?;
    let kept = app.change(&ask, of.restaurant, (&rules, seen)).await?;
    let shown = CapacityView::of(&kept, currency);
    Ok(Versioned(shown.version, shown))
}
