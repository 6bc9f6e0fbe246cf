//! The routes that everybody reads menus by.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{FromRequestParts, State};
use axum::response::IntoResponse;
use base::codes;
use carte::{Channel, Language, Service};
use domain::organisations::RestaurantId;
use edge::{
    Accepts, Answer, Criticality, Packed, Path, Policy, Query, Rate, Route, Routes, Shelved,
};
use http::header::ACCEPT_LANGUAGE;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::choice::Asked;
use super::front::Kind;
use super::view::{AvailabilityView, CategoriesView, MenuView, ServiceView};
use crate::menus::app::App;

const WITHIN: Duration = Duration::from_secs(5);

/// The version of what has run out, beside a menu that does not say it.
const AVAILABILITY: HeaderName = HeaderName::from_static("x-availability");

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfRestaurant {
    /// Which restaurant.
    #[param(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant: RestaurantId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OfMenu {
    /// How it is to reach the diner; delivery where nothing is said.
    service: Option<ServiceView>,
    /// In which language; where nothing is said, the one of `Accept-Language` that fits best.
    #[param(value_type = Option<String>, pattern = "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")]
    language: Option<Language>,
    /// Where it is ordered; `direct` where nothing is said.
    #[param(value_type = Option<String>, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    channel: Option<Channel>,
    /// The `mark` of the menu that the caller has, or the number of its revision. Ask for the same service and channel.
    #[param(max_length = 64)]
    since: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OfCategories {
    /// How it is to reach the diner; delivery where nothing is said.
    service: Option<ServiceView>,
    /// In which language; where nothing is said, the one of `Accept-Language` that fits best.
    #[param(value_type = Option<String>, pattern = "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")]
    language: Option<Language>,
    /// Where it is ordered; `direct` where nothing is said.
    #[param(value_type = Option<String>, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    channel: Option<Channel>,
}

/// The languages that the caller's browser names.
struct Reads(Option<HeaderValue>);

impl<S: Sync> FromRequestParts<S> for Reads {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get(ACCEPT_LANGUAGE).cloned()))
    }
}

impl Reads {
    fn text(&self) -> Option<&str> {
        self.0.as_ref().and_then(|value| value.to_str().ok())
    }
}

/// The routes of public menus.
pub(in crate::menus) fn routes() -> Routes<App> {
    Routes::new()
        .add(
            route("/api/restaurants/{restaurant}/menu", "menus.show")
                .about("Read what a restaurant sells, or what of it has changed")
                .query::<OfMenu>()
                .answers::<MenuView>(StatusCode::OK)
                .handler(menu),
        )
        .add(
            route(
                "/api/restaurants/{restaurant}/categories",
                "menus.categories",
            )
            .about("Read the categories of what a restaurant sells")
            .query::<OfCategories>()
            .answers::<CategoriesView>(StatusCode::OK)
            .handler(categories),
        )
        .add(
            route(
                "/api/restaurants/{restaurant}/availability",
                "menus.availability",
            )
            .about("Read what has run out in a restaurant")
            .answers::<AvailabilityView>(StatusCode::OK)
            .handler(availability),
        )
}

fn route(path: &'static str, operation: &'static str) -> Route<App> {
    Route::new(Method::GET, path, operation)
        .tag("menus")
        .policy(Policy::Public)
        .rate(Rate::Read)
        .criticality(Criticality::Normal)
        .deadline(WITHIN)
        .path::<OfRestaurant>()
        .takes_nothing()
        .fails(&[codes::NOT_FOUND])
}

async fn menu(
    State(app): State<App>,
    Path(of): Path<OfRestaurant>,
    Query(asked): Query<OfMenu>,
    accepts: Accepts,
    reads: Reads,
) -> Answer<impl IntoResponse> {
    let wanted = Asked {
        service: service(asked.service),
        channel: asked.channel.as_ref(),
        language: asked.language.as_ref(),
        accepted: reads.text(),
    };
    let (availability, packed) = app
        .menu_for(
            of.restaurant,
            &wanted,
            asked.since.as_deref(),
            accepts.best(),
        )
        .await?;
    let availability = edge::header_of(availability);
    Ok(([(AVAILABILITY, availability)], Shelved(packed)))
}

async fn categories(
    State(app): State<App>,
    Path(of): Path<OfRestaurant>,
    Query(asked): Query<OfCategories>,
    accepts: Accepts,
    reads: Reads,
) -> Answer<Shelved> {
    let front = app.front(of.restaurant).await?;
    let case = front.faces.case(&Asked {
        service: service(asked.service),
        channel: asked.channel.as_ref(),
        language: asked.language.as_ref(),
        accepted: reads.text(),
    });
    let kind = Kind::Categories;
    let packed = app
        .answer(of.restaurant, &front, &case, kind, accepts.best())
        .await?;
    Ok(Shelved(packed))
}

async fn availability(
    State(app): State<App>,
    Path(of): Path<OfRestaurant>,
    accepts: Accepts,
) -> Answer<Packed> {
    Ok(app.overlay(of.restaurant, accepts).await?)
}

fn service(asked: Option<ServiceView>) -> Service {
    match asked.unwrap_or_default() {
        ServiceView::Delivery => Service::Delivery,
        ServiceView::Pickup => Service::Pickup,
        ServiceView::DineIn => Service::DineIn,
    }
}
