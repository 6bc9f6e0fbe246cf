//! The routes of venues: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::codes;
use domain::access::Permission;
use domain::organisations::RestaurantId;
use domain::venues::PartSaid;
use edge::{Answer, Criticality, Json, Path, Policy, Rate, Route, Routes, Versioned};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::Ask;
use utoipa::IntoParams;

use super::app::App;
use super::view::{
    ChangedExceptions, ChangedFees, ChangedHours, ChangedZones, ExceptionsView, FeesView,
    HoursView, Opening, ProfileEdit, ProfileView, StandingView, Stop, Strain, ZonesView, seen,
};

const READ_WITHIN: Duration = Duration::from_secs(2);
const WRITE_WITHIN: Duration = Duration::from_secs(5);
const TAG: &str = "venues";
const READ: Permission = Permission::RestaurantsRead;
const CHANGE: Permission = Permission::RestaurantsChange;
/// Whoever takes the orders says when there are too many.
const SERVE: Permission = Permission::OrdersChange;

const PROFILE: &str = "/api/restaurants/{restaurant}/profile";
const HOURS: &str = "/api/restaurants/{restaurant}/hours";
const EXCEPTIONS: &str = "/api/restaurants/{restaurant}/hours/exceptions";
const ZONES: &str = "/api/restaurants/{restaurant}/zones";
const FEES: &str = "/api/restaurants/{restaurant}/fees";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfRestaurant {
    /// Which restaurant.
    #[param(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant: RestaurantId,
}

/// The routes of the slice.
pub fn routes(app: &App) -> Routes {
    said_of_itself()
        .with(hours())
        .with(money())
        .with(standing())
        .with_state(app.clone())
}

fn said_of_itself() -> Routes<App> {
    Routes::new()
        .add(
            reading(PROFILE, "venues.profile")
                .about("Read what a restaurant says of itself")
                .answers::<ProfileView>(StatusCode::OK)
                .handler(profile),
        )
        .add(
            changing(Method::PATCH, PROFILE, "venues.change_profile")
                .about("Change what a restaurant says of itself: cuisines, words, picture, position, telephone")
                .takes::<ProfileEdit>()
                .answers::<ProfileView>(StatusCode::OK)
                .handler(change_profile),
        )
}

fn hours() -> Routes<App> {
    Routes::new()
        .add(
            reading(HOURS, "venues.hours")
                .about("Read when a restaurant serves every week")
                .answers::<HoursView>(StatusCode::OK)
                .handler(read_hours),
        )
        .add(
            changing(Method::PUT, HOURS, "venues.change_hours")
                .about("Say anew when a restaurant serves every week")
                .takes::<ChangedHours>()
                .answers::<HoursView>(StatusCode::OK)
                .handler(change_hours),
        )
        .add(
            reading(EXCEPTIONS, "venues.exceptions")
                .about("List the holidays and special days of a restaurant")
                .answers::<ExceptionsView>(StatusCode::OK)
                .handler(exceptions),
        )
        .add(
            changing(Method::PATCH, EXCEPTIONS, "venues.change_exceptions")
                .about("Add, replace and remove holidays and special days, one by one")
                .takes::<ChangedExceptions>()
                .answers::<ExceptionsView>(StatusCode::OK)
                .handler(change_exceptions),
        )
}

fn money() -> Routes<App> {
    Routes::new()
        .add(
            reading(ZONES, "venues.zones")
                .about("Read where a restaurant delivers to")
                .answers::<ZonesView>(StatusCode::OK)
                .handler(zones),
        )
        .add(
            changing(Method::PUT, ZONES, "venues.change_zones")
                .about("Say anew where a restaurant delivers to, and for what")
                .takes::<ChangedZones>()
                .answers::<ZonesView>(StatusCode::OK)
                .handler(change_zones),
        )
        .add(
            reading(FEES, "venues.fees")
                .about("Read what a restaurant takes besides the price of what it sells")
                .answers::<FeesView>(StatusCode::OK)
                .handler(fees),
        )
        .add(
            changing(Method::PUT, FEES, "venues.change_fees")
                .about("Say anew what a restaurant takes besides the price of what it sells")
                .takes::<ChangedFees>()
                .answers::<FeesView>(StatusCode::OK)
                .handler(change_fees),
        )
}

fn standing() -> Routes<App> {
    Routes::new()
        .add(
            reading("/api/restaurants/{restaurant}/standing", "venues.standing")
                .about("Read whether a restaurant is open now, paused or busy")
                .answers::<StandingView>(StatusCode::OK)
                .handler(stands),
        )
        .add(
            holding("/api/restaurants/{restaurant}/pause", "venues.pause")
                .about("Take no orders for a while")
                .takes::<Stop>()
                .handler(pause),
        )
        .add(
            holding("/api/restaurants/{restaurant}/busy", "venues.busy")
                .about("Let everything take longer for a while")
                .takes::<Strain>()
                .handler(busy),
        )
        .add(
            holding("/api/restaurants/{restaurant}/open", "venues.open")
                .about("Take back pauses and busy times before they end")
                .takes::<Opening>()
                .handler(open),
        )
}

fn route(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag(TAG)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .path::<OfRestaurant>()
}

fn reading(path: &'static str, name: &'static str) -> Route<App> {
    route(Method::GET, path, name)
        .policy(Policy::May(READ.name()))
        .deadline(READ_WITHIN)
        .takes_nothing()
        .fails(&[codes::NOT_FOUND])
}

fn changing(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    route(method, path, name)
        .policy(Policy::May(CHANGE.name()))
        .deadline(WRITE_WITHIN)
        .once()
        .fails(&[codes::NOT_FOUND, codes::VERSION_CHANGED])
}

fn holding(path: &'static str, name: &'static str) -> Route<App> {
    route(Method::POST, path, name)
        .policy(Policy::May(SERVE.name()))
        .deadline(WRITE_WITHIN)
        .once()
        .answers::<StandingView>(StatusCode::OK)
        .fails(&[codes::NOT_FOUND])
}

async fn profile(
    State(app): State<App>,
    Path(of): Path<OfRestaurant>,
) -> Answer<Versioned<ProfileView>> {
    let shown = ProfileView::from(&app.scene(of.restaurant).await?);
    Ok(Versioned(shown.version, shown))
}

async fn change_profile(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfRestaurant>,
    Json(body): Json<ProfileEdit>,
) -> Answer<Versioned<ProfileView>> {
    let changed = app.change(
        &ask,
        (of.restaurant, "venues.change_profile"),
        (&body, seen(body.version)?),
        |scene| Ok(PartSaid::Profile(body.over(&scene.venue.profile)?)),
        |scene| Ok(ProfileView::from(scene)),
    );
    let shown = changed.await?;
    Ok(Versioned(shown.version, shown))
}

async fn read_hours(
    State(app): State<App>,
    Path(of): Path<OfRestaurant>,
) -> Answer<Versioned<HoursView>> {
    let shown = HoursView::from(&app.scene(of.restaurant).await?);
    Ok(Versioned(shown.version, shown))
}

async fn change_hours(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfRestaurant>,
    Json(body): Json<ChangedHours>,
) -> Answer<Versioned<HoursView>> {
    let changed = app.change(
        &ask,
        (of.restaurant, "venues.change_hours"),
        (&body, seen(body.version)?),
        |_| Ok(PartSaid::Hours(body.hours()?)),
        |scene| Ok(HoursView::from(scene)),
    );
    let shown = changed.await?;
    Ok(Versioned(shown.version, shown))
}

async fn exceptions(
    State(app): State<App>,
    Path(of): Path<OfRestaurant>,
) -> Answer<Versioned<ExceptionsView>> {
    let shown = ExceptionsView::from(&app.scene(of.restaurant).await?);
    Ok(Versioned(shown.version, shown))
}

async fn change_exceptions(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfRestaurant>,
    Json(body): Json<ChangedExceptions>,
) -> Answer<Versioned<ExceptionsView>> {
    let changed = app.change(
        &ask,
        (of.restaurant, "venues.change_exceptions"),
        (&body, seen(body.version)?),
        |_| Ok(PartSaid::Exceptions(body.edit()?)),
        |scene| Ok(ExceptionsView::from(scene)),
    );
    let shown = changed.await?;
    Ok(Versioned(shown.version, shown))
}

async fn zones(
    State(app): State<App>,
    Path(of): Path<OfRestaurant>,
) -> Answer<Versioned<ZonesView>> {
    let shown = ZonesView::of(&app.scene(of.restaurant).await?)?;
    Ok(Versioned(shown.version, shown))
}

async fn change_zones(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfRestaurant>,
    Json(body): Json<ChangedZones>,
) -> Answer<Versioned<ZonesView>> {
    let changed = app.change(
        &ask,
        (of.restaurant, "venues.change_zones"),
        (&body, seen(body.version)?),
        |scene| Ok(PartSaid::Zones(body.zones(scene.currency())?)),
        ZonesView::of,
    );
    let shown = changed.await?;
    Ok(Versioned(shown.version, shown))
}

async fn fees(State(app): State<App>, Path(of): Path<OfRestaurant>) -> Answer<Versioned<FeesView>> {
    let shown = FeesView::from(&app.scene(of.restaurant).await?);
    Ok(Versioned(shown.version, shown))
}

async fn change_fees(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfRestaurant>,
    Json(body): Json<ChangedFees>,
) -> Answer<Versioned<FeesView>> {
    let changed = app.change(
        &ask,
        (of.restaurant, "venues.change_fees"),
        (&body, seen(body.version)?),
        |scene| Ok(PartSaid::Fees(body.fees(scene.currency())?)),
        |scene| Ok(FeesView::from(scene)),
    );
    let shown = changed.await?;
    Ok(Versioned(shown.version, shown))
}

async fn stands(
    State(app): State<App>,
    Path(of): Path<OfRestaurant>,
) -> Answer<Json<StandingView>> {
    let scene = app.scene(of.restaurant).await?;
    Ok(Json(StandingView::from(&scene)))
}

async fn pause(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfRestaurant>,
    Json(body): Json<Stop>,
) -> Answer<Json<StandingView>> {
    let (place, hold) = ((of.restaurant, "venues.pause"), |now| body.held(now));
    Ok(Json(app.hold(&ask, place, (&body, hold)).await?))
}

async fn busy(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfRestaurant>,
    Json(body): Json<Strain>,
) -> Answer<Json<StandingView>> {
    let (place, hold) = ((of.restaurant, "venues.busy"), |now| body.held(now));
    Ok(Json(app.hold(&ask, place, (&body, hold)).await?))
}

async fn open(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfRestaurant>,
    Json(body): Json<Opening>,
) -> Answer<Json<StandingView>> {
    let place = (of.restaurant, "venues.open");
    Ok(Json(app.open(&ask, place, &body.about()?).await?))
}
