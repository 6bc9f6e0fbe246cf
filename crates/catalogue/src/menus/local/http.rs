//! The routes by which a restaurant says what it sells of its brand's menu.

use axum::extract::State;
use base::codes;
use domain::organisations::RestaurantId;
use edge::{Answer, Json, Path, Routes, Versioned};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::Ask;
use utoipa::IntoParams;

use super::view::{ChangedLocation, LocationView};
use crate::menus::app::App;
use crate::menus::http::{changing, reading};

const PATH: &str = "/api/restaurants/{restaurant}/menu/location";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfRestaurant {
    /// Which restaurant.
    #[param(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant: RestaurantId,
}

/// The routes of locations.
pub(crate) fn routes() -> Routes<App> {
    Routes::new()
        .add(
            reading(PATH, "menu_locations.read")
                .about("Read what a restaurant sells of its brand's menu")
                .path::<OfRestaurant>()
                .answers::<LocationView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(read),
        )
        .add(
            changing(Method::PUT, PATH, "menu_locations.change")
                .about(
                    "Say anew what a restaurant sells of its brand's menu: choice and price only",
                )
                .path::<OfRestaurant>()
                .takes::<ChangedLocation>()
                .answers::<LocationView>(StatusCode::OK)
                .fails(&[
                    codes::NOT_FOUND,
                    codes::VERSION_CHANGED,
                    codes::AMOUNT_MALFORMED,
                    codes::CONFLICT,
                ])
                .handler(change),
        )
}

async fn read(
    State(app): State<App>,
    Path(of): Path<OfRestaurant>,
) -> Answer<Versioned<LocationView>> {
    let (location, version) = app.location(of.restaurant).await?;
    let currency = app.restaurant(of.restaurant).await?.details.currency;
    Ok(Versioned(
        version,
        LocationView::of(&location, version, currency),
    ))
}

async fn change(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfRestaurant>,
    Json(body): Json<ChangedLocation>,
) -> Answer<Versioned<LocationView>> {
    let currency = app.restaurant(of.restaurant).await?.details.currency;
    let (location, seen) = body.location(currency)?;
    let changed = app
        .change_location(&ask, of.restaurant, (&location, seen))
        .await?;
    Ok(Versioned(changed.version, changed))
}
