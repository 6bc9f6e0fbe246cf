//! The routes of restaurants: extract, call, convert.

use axum::extract::State;
use base::codes;
use domain::access::Permission;
use domain::organisations::{BrandId, OrganisationId, RestaurantId, State as Standing};
use edge::{
    Answer, Caller, Criticality, Granted, Json, Page, Path, Policy, Query, Rate, Route, Routes,
    Versioned,
};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::{Ask, Part, Turn};
use utoipa::IntoParams;

use super::mine::MyRestaurantView;
use super::view::{ChangedRestaurant, NewRestaurant, RestaurantEdit, RestaurantView, Seen};
use crate::organisations::app::App;
use crate::organisations::http::{OfOrganisation, READ_WITHIN, TAG, changing, reading};
use crate::organisations::view::seen;

const READ: Permission = Permission::RestaurantsRead;
const CHANGE: Permission = Permission::RestaurantsChange;

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
struct InOrganisation {
    /// Of which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only those of this brand.
    #[param(value_type = Option<String>, pattern = "^brd_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    brand: Option<BrandId>,
    /// How many entries at most; 20 when nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

/// The routes of restaurants.
pub(crate) fn routes() -> Routes<App> {
    lists().with(of_one()).with(turns())
}

fn lists() -> Routes<App> {
    let of_organisation = "/api/organisations/{organisation}/restaurants";
    Routes::new()
        .add(
            changing(Method::POST, of_organisation, "restaurants.create", CHANGE)
                .about("Make a restaurant")
                .path::<OfOrganisation>()
                .takes::<NewRestaurant>()
                .answers::<RestaurantView>(StatusCode::CREATED)
                .fails(&[
                    codes::NOT_FOUND,
                    codes::EXTERNAL_ID_TAKEN,
                    codes::PLAN_LIMIT,
                ])
                .handler(create),
        )
        .add(
            changing(Method::POST, "/api/restaurants", "restaurants.add", CHANGE)
                .about("Make a restaurant of the organisation that the query names")
                .query::<InOrganisation>()
                .about_in_query("organisation")
                .takes::<NewRestaurant>()
                .answers::<RestaurantView>(StatusCode::CREATED)
                .fails(&[
                    codes::NOT_FOUND,
                    codes::EXTERNAL_ID_TAKEN,
                    codes::PLAN_LIMIT,
                ])
                .handler(add),
        )
        .add(
            reading(of_organisation, "restaurants.list", READ)
                .about("List the restaurants of an organisation that the caller may see")
                .path::<OfOrganisation>()
                .query::<Which>()
                .answers::<Page<RestaurantView>>(StatusCode::OK)
                .fails(&[
                    codes::NOT_FOUND,
                    codes::CURSOR_REFUSED,
                    codes::LIMIT_OUT_OF_RANGE,
                ])
                .handler(list),
        )
        .add(
            Route::new(Method::GET, "/api/my-restaurants", "restaurants.mine")
                .tag(TAG)
                .rate(Rate::Api)
                .criticality(Criticality::Normal)
                .policy(Policy::SignedIn)
                .deadline(READ_WITHIN)
                .takes_nothing()
                .about("List the restaurants that the caller may see, of all organisations that he belongs to")
                .query::<Part>()
                .answers::<Page<MyRestaurantView>>(StatusCode::OK)
                .fails(&[
                    codes::CURSOR_REFUSED,
                    codes::FORBIDDEN,
                    codes::LIMIT_OUT_OF_RANGE,
                    codes::SECOND_FACTOR_NEEDED,
                ])
                .handler(mine),
        )
}

fn of_one() -> Routes<App> {
    Routes::new()
        .add(
            reading(
                "/api/restaurants/{restaurant}/record",
                "restaurants.read",
                READ,
            )
            .about("Read what its owners keep of a restaurant")
            .path::<OfRestaurant>()
            .answers::<RestaurantView>(StatusCode::OK)
            .fails(&[codes::NOT_FOUND])
            .handler(read),
        )
        .add(
            changing(
                Method::PUT,
                "/api/restaurants/{restaurant}",
                "restaurants.change",
                CHANGE,
            )
            .about("Say anew what is known of a restaurant")
            .path::<OfRestaurant>()
            .takes::<ChangedRestaurant>()
            .answers::<RestaurantView>(StatusCode::OK)
            .fails(&[
                codes::NOT_FOUND,
                codes::VERSION_CHANGED,
                codes::EXTERNAL_ID_TAKEN,
            ])
            .handler(change),
        )
        .add(
            changing(
                Method::PATCH,
                "/api/restaurants/{restaurant}",
                "restaurants.edit",
                CHANGE,
            )
            .about("Change some of what is known of a restaurant")
            .path::<OfRestaurant>()
            .takes::<RestaurantEdit>()
            .answers::<RestaurantView>(StatusCode::OK)
            .fails(&[
                codes::NOT_FOUND,
                codes::VERSION_CHANGED,
                codes::EXTERNAL_ID_TAKEN,
            ])
            .handler(edit),
        )
}

fn turns() -> Routes<App> {
    Routes::new()
        .add(
            turning(
                "/api/restaurants/{restaurant}/suspend",
                "restaurants.suspend",
            )
            .about("Close a restaurant for business")
            .handler(suspend),
        )
        .add(
            turning("/api/restaurants/{restaurant}/resume", "restaurants.resume")
                .about("Open a restaurant for business again")
                .handler(resume),
        )
}

fn turning(path: &'static str, name: &'static str) -> Route<App> {
    changing(Method::POST, path, name, CHANGE)
        .path::<OfRestaurant>()
        .takes::<Seen>()
        .answers::<RestaurantView>(StatusCode::OK)
        .fails(&[codes::NOT_FOUND, codes::VERSION_CHANGED])
}

async fn create(
    State(app): State<App>,
    ask: Ask,
    Path(of): Path<OfOrganisation>,
    Json(body): Json<NewRestaurant>,
) -> Answer<(StatusCode, Json<RestaurantView>)> {
    let details = body.details()?;
    let made = app.create_restaurant(&ask, of.organisation, &details);
    Ok((StatusCode::CREATED, Json(made.await?)))
}

async fn add(
    State(app): State<App>,
    ask: Ask,
    Query(of): Query<InOrganisation>,
    Json(body): Json<NewRestaurant>,
) -> Answer<(StatusCode, Json<RestaurantView>)> {
    let details = body.details()?;
    let made = app.create_restaurant(&ask, of.organisation, &details);
    Ok((StatusCode::CREATED, Json(made.await?)))
}

async fn list(
    State(app): State<App>,
    granted: Granted,
    Path(of): Path<OfOrganisation>,
    Query(which): Query<Which>,
) -> Answer<Json<Page<RestaurantView>>> {
    let turn = Turn::new(which.limit, which.cursor)?;
    let wanted = (&granted.places, which.brand);
    let found = app.restaurants(of.organisation, wanted, &turn).await?;
    Ok(Json(found.into()))
}

async fn read(
    State(app): State<App>,
    Path(of): Path<OfRestaurant>,
) -> Answer<Versioned<RestaurantView>> {
    let found = app.restaurant(of.restaurant).await?;
    Ok(Versioned(found.version, found))
}

async fn change(
    State(app): State<App>,
    granted: Granted,
    ask: Ask,
    Path(of): Path<OfRestaurant>,
    Json(body): Json<ChangedRestaurant>,
) -> Answer<Versioned<RestaurantView>> {
    let (details, seen) = body.details()?;
    let which = (of.restaurant, "restaurants.change", &granted.places);
    let changed = app.change_restaurant(&ask, which, (&details, seen), |_| Ok(details.clone()));
    let changed = changed.await?;
    Ok(Versioned(changed.version, changed))
}

async fn edit(
    State(app): State<App>,
    granted: Granted,
    ask: Ask,
    Path(of): Path<OfRestaurant>,
    Json(body): Json<RestaurantEdit>,
) -> Answer<Versioned<RestaurantView>> {
    let which = (of.restaurant, "restaurants.edit", &granted.places);
    let request = (&body, seen(body.version)?);
    let changed = app.change_restaurant(&ask, which, request, |was| body.over(was));
    let changed = changed.await?;
    Ok(Versioned(changed.version, changed))
}

async fn mine(
    State(app): State<App>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Answer<Json<Page<MyRestaurantView>>> {
    let found = app.restaurants_of(&caller, &part.turn()?).await?;
    Ok(Json(found.into()))
}

async fn suspend(
    app: State<App>,
    ask: Ask,
    of: Path<OfRestaurant>,
    body: Json<Seen>,
) -> Answer<Versioned<RestaurantView>> {
    turn(Standing::Suspended, &app, &ask, (of, body)).await
}

async fn resume(
    app: State<App>,
    ask: Ask,
    of: Path<OfRestaurant>,
    body: Json<Seen>,
) -> Answer<Versioned<RestaurantView>> {
    turn(Standing::Active, &app, &ask, (of, body)).await
}

async fn turn(
    state: Standing,
    app: &App,
    ask: &Ask,
    (Path(of), Json(body)): (Path<OfRestaurant>, Json<Seen>),
) -> Answer<Versioned<RestaurantView>> {
    let wanted = (state, seen(body.version)?);
    let turned = app.turn_restaurant(ask, of.restaurant, wanted).await?;
    Ok(Versioned(turned.version, turned))
}
