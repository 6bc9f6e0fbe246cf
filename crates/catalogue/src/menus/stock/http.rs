//! The routes by which those who work in a restaurant say what has run out.

use axum::extract::State;
use base::codes;
use carte::ItemId;
use domain::organisations::RestaurantId;
use edge::{Answer, Json, Path, Routes, Versioned};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::Ask;
use utoipa::IntoParams;

use super::view::{StockView, StocksView, StopAsked};
use crate::menus::app::App;
use crate::menus::http::{changing, reading};

const PATH: &str = "/api/restaurants/{restaurant}/menu/stock/{item}";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfRestaurant {
    /// Which restaurant.
    #[param(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant: RestaurantId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfItem {
    /// Which restaurant.
    #[param(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant: RestaurantId,
    /// Which item.
    #[param(value_type = String, pattern = "^itm_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    item: ItemId,
}

/// The routes of stock.
pub(crate) fn routes() -> Routes<App> {
    Routes::new()
        .add(
            reading(
                "/api/restaurants/{restaurant}/menu/stock",
                "menu_stock.list",
            )
            .about("List what has run out in a restaurant, or is counted")
            .path::<OfRestaurant>()
            .answers::<StocksView>(StatusCode::OK)
            .fails(&[codes::NOT_FOUND])
            .handler(list),
        )
        .add(
            changing(Method::PUT, PATH, "menu_stock.stop")
                .about("Say that an item or an option has run out, or how many are left")
                .path::<OfItem>()
                .takes::<StopAsked>()
                .answers::<StockView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND, codes::CONFLICT])
                .handler(stop),
        )
        .add(
            changing(Method::DELETE, PATH, "menu_stock.resume")
                .about("Say that there is as much of an item as anybody wants")
                .path::<OfItem>()
                .takes_nothing()
                .answers_nothing(StatusCode::NO_CONTENT)
                .fails(&[codes::NOT_FOUND, codes::CONFLICT])
                .handler(resume),
        )
}

async fn list(
    State(app): State<App>,
    Path(of): Path<OfRestaurant>,
) -> Answer<Versioned<StocksView>> {
    app.restaurant(of.restaurant).await?;
    let standing = app.standing_stock(of.restaurant).await?;
    let version = standing.version;
    let rows = standing.rows.iter();
    let view = StocksView {
        version,
        items: rows
            .map(|stock| StockView::of(version, stock.item, &stock.off))
            .collect(),
    };
    Ok(Versioned(version, view))
}

async fn stop(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfItem>,
    Json(body): Json<StopAsked>,
) -> Answer<Json<StockView>> {
    let stop = body.stop()?;
    Ok(Json(app.stop(&ask, (of.restaurant, of.item), &stop).await?))
}

async fn resume(State(app): State<App>, ask: Ask, Path(of): Path<OfItem>) -> Answer<StatusCode> {
    app.resume(&ask, (of.restaurant, of.item)).await?;
    Ok(StatusCode::NO_CONTENT)
}
