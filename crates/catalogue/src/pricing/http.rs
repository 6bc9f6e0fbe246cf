//! The routes of pricing: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::{Error, codes};
use domain::organisations::RestaurantId;
use domain::people::PersonId;
use edge::{Answer, Caller, Criticality, Json, Path, Policy, Rate, Route, Routes};
use http::{Method, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::app::App;
use super::view::{QuoteView, Wish};

const WITHIN: Duration = Duration::from_secs(2);
const HELD_WITHIN: Duration = Duration::from_secs(5);
const QUOTE: &str = "/api/restaurants/{restaurant}/quote";
const HOLD: &str = "/api/restaurants/{restaurant}/quote/hold";

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
            route(QUOTE, "restaurants.quote")
                .about("Ask what an order would cost, and why it cannot be ordered")
                .policy(Policy::Public)
                .rate(Rate::Read)
                .deadline(WITHIN)
                .handler(quote),
        )
        .add(
            // It takes from what others can have, so it is asked as seldom as orders are placed.
            route(HOLD, "restaurants.hold")
                .about(
                    "Ask the same, and have the place in the kitchen's slot held for a few minutes",
                )
                .policy(Policy::SignedIn)
                .rate(Rate::Orders)
                .deadline(HELD_WITHIN)
                .fails(&[codes::FORBIDDEN, codes::CONFLICT])
                .handler(hold),
        )
        .with_state(app.clone())
}

fn route(path: &'static str, name: &'static str) -> Route<App> {
    Route::new(Method::POST, path, name)
        .tag("menus")
        .criticality(Criticality::Normal)
        .path::<OfRestaurant>()
        .takes::<Wish>()
        .answers::<QuoteView>(StatusCode::OK)
        .fails(&[codes::NOT_FOUND])
}

async fn quote(
    State(app): State<App>,
    Path(of): Path<OfRestaurant>,
    Json(wish): Json<Wish>,
) -> Answer<Json<QuoteView>> {
    Ok(Json(app.quote(of.restaurant, (wish, None)).await?))
}

async fn hold(
    State(app): State<App>,
    caller: Caller,
    Path(of): Path<OfRestaurant>,
    Json(wish): Json<Wish>,
) -> Answer<Json<QuoteView>> {
    let person = caller.person().map(PersonId::from);
    let person = person.ok_or_else(nobody)?;
    Ok(Json(app.quote(of.restaurant, (wish, Some(person))).await?))
}

#[track_caller]
fn nobody() -> Error {
    Error::forbidden(codes::FORBIDDEN, "places are held for people")
}
