//! The route of pricing: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::codes;
use domain::organisations::RestaurantId;
use edge::{Answer, Criticality, Json, Path, Policy, Rate, Route, Routes};
use http::{Method, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::app::App;
use super::view::{QuoteView, Wish};

const WITHIN: Duration = Duration::from_secs(2);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfRestaurant {
    /// Which restaurant.
    #[param(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant: RestaurantId,
}

/// The routes of the slice.
pub fn routes(app: &App) -> Routes {
    let path = "/api/restaurants/{restaurant}/quote";
    Routes::new()
        .add(
            Route::new(Method::POST, path, "restaurants.quote")
                .about("Ask what an order would cost, and why it cannot be ordered")
                .tag("menus")
                .policy(Policy::Public)
                .rate(Rate::Read)
                .criticality(Criticality::Normal)
                .deadline(WITHIN)
                .path::<OfRestaurant>()
                .takes::<Wish>()
                .answers::<QuoteView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(quote),
        )
        .with_state(app.clone())
}

async fn quote(
    State(app): State<App>,
    Path(of): Path<OfRestaurant>,
    Json(wish): Json<Wish>,
) -> Answer<Json<QuoteView>> {
    Ok(Json(app.quote(of.restaurant, wish).await?))
}
