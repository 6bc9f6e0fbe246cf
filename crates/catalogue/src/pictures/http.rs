//! The routes of pictures: extract, call, convert.

use std::time::Duration;

use axum::body::Body as Content;
use axum::extract::State;
use axum::response::Response;
use base::{Error, codes};
use bytes::BytesMut;
use carte::PictureId;
use domain::access::Permission;
use domain::organisations::{OrganisationId, Plan, RestaurantId};
use edge::{
    Answer, Body, Criticality, Granted, Json, Page, Path, Policy, Query, Rate, Route, Routes,
};
use http::{HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use slice::{Ask, Part};
use utoipa::IntoParams;

use super::app::{App, Served};
use super::picture::Size;
use super::view::PictureView;

/// How large an upload may be.
pub(crate) const UPLOAD_BYTES_MAX: u64 = 10 << 20;
/// An upload comes over a telephone's line, and waits for its turn.
const UPLOAD_WITHIN: Duration = Duration::from_secs(60);
const READ_WITHIN: Duration = Duration::from_secs(5);
const WRITE_WITHIN: Duration = Duration::from_secs(5);
const TAG: &str = "pictures";

/// What is at an address never changes: another picture has another id.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const INLINE: HeaderValue = HeaderValue::from_static("inline");

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfOrganisation {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfRestaurant {
    /// Which restaurant.
    #[param(value_type = String, pattern = "^rst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    restaurant: RestaurantId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfPicture {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    organisation: OrganisationId,
    /// Which picture.
    #[param(value_type = String, pattern = "^pic_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    picture: PictureId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfSize {
    /// Which picture.
    #[param(value_type = String, pattern = "^pic_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    picture: PictureId,
    /// How large: at most 160, 480 or 1200 pixels on the longer side.
    #[param(value_type = String, pattern = "^(small|medium|large)$")]
    size: Size,
}

/// The routes of the slice.
pub fn routes(app: &App) -> Routes {
    uploads().with(owned()).add(shown()).with_state(app.clone())
}

/// Whoever may change the menus of one restaurant uploads there; the picture is the organisation's all the same.
fn uploads() -> Routes<App> {
    let of_restaurant = upload(
        "/api/restaurants/{restaurant}/pictures",
        "restaurant_pictures.add",
    );
    let of_organisation = upload("/api/organisations/{organisation}/pictures", "pictures.add");
    Routes::new()
        .add(of_organisation.path::<OfOrganisation>().handler(add))
        .add(
            of_restaurant
                .path::<OfRestaurant>()
                .handler(add_of_restaurant),
        )
}

fn upload(path: &'static str, name: &'static str) -> Route<App> {
    route(Method::POST, path, name)
        .about("Upload a picture: JPEG, PNG or WebP; what is shown is made anew from it")
        .policy(Policy::May(Permission::MenusChange.name()))
        .deadline(UPLOAD_WITHIN)
        .once()
        .takes_stream("application/octet-stream", UPLOAD_BYTES_MAX)
        .answers::<PictureView>(StatusCode::CREATED)
        .fails(&[codes::NOT_FOUND, codes::PICTURE_REFUSED, codes::PLAN_LIMIT])
}

fn owned() -> Routes<App> {
    let all = "/api/organisations/{organisation}/pictures";
    let one = "/api/organisations/{organisation}/pictures/{picture}";
    let (see, change) = (Permission::MenusRead, Permission::MenusChange);
    Routes::new()
        .add(
            route(Method::GET, all, "pictures.list")
                .about("List the pictures of an organisation, oldest first")
                .policy(Policy::May(see.name()))
                .deadline(READ_WITHIN)
                .takes_nothing()
                .path::<OfOrganisation>()
                .query::<Part>()
                .answers::<Page<PictureView>>(StatusCode::OK)
                .fails(&[
                    codes::NOT_FOUND,
                    codes::CURSOR_REFUSED,
                    codes::LIMIT_OUT_OF_RANGE,
                ])
                .handler(list),
        )
        .add(
            route(Method::GET, one, "pictures.read")
                .about("Read what is known of a picture")
                .policy(Policy::May(see.name()))
                .deadline(READ_WITHIN)
                .takes_nothing()
                .path::<OfPicture>()
                .answers::<PictureView>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(read),
        )
        .add(
            route(Method::DELETE, one, "pictures.remove")
                .about("Remove a picture; where a menu still names it, nothing is shown")
                .policy(Policy::May(change.name()))
                .deadline(WRITE_WITHIN)
                .once()
                .takes_nothing()
                .path::<OfPicture>()
                .answers_nothing(StatusCode::NO_CONTENT)
                .fails(&[codes::NOT_FOUND])
                .handler(remove),
        )
}

fn shown() -> Route<App> {
    Route::new(
        Method::GET,
        "/api/pictures/{picture}/{size}",
        "pictures.show",
    )
    .about("A picture, in one of its sizes")
    .tag(TAG)
    .policy(Policy::Public)
    .rate(Rate::Read)
    .criticality(Criticality::Background)
    .deadline(READ_WITHIN)
    .takes_nothing()
    .path::<OfSize>()
    .answers_text("image/jpeg")
    .answers_text("image/webp")
    .fails(&[codes::NOT_FOUND])
    .handler(show)
}

fn route(method: Method, path: &'static str, name: &'static str) -> Route<App> {
    Route::new(method, path, name)
        .tag(TAG)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
}

/// An upload as it was answered.
type Added = Answer<(StatusCode, Json<PictureView>)>;

async fn add(
    State(app): State<App>,
    ask: Ask,
    granted: Granted,
    Path(_): Path<OfOrganisation>,
    body: Body,
) -> Added {
    take(&app, &ask, &granted, body).await
}

async fn add_of_restaurant(
    State(app): State<App>,
    ask: Ask,
    granted: Granted,
    Path(of): Path<OfRestaurant>,
    body: Body,
) -> Added {
    app.check(of.restaurant).await?;
    take(&app, &ask, &granted, body).await
}

/// Reads an upload for the organisation that the permission was granted in, and makes a picture of it.
async fn take(app: &App, ask: &Ask, granted: &Granted, mut body: Body) -> Added {
    let plan = Plan::find(&granted.plan).unwrap_or_default();
    let _seat = app.seat(granted.organisation)?;
    let mut upload = BytesMut::new();
    while let Some(piece) = body.next().await? {
        upload.extend_from_slice(&piece);
    }
    let whose = (granted.organisation, plan);
    let made = app.add(ask, whose, upload.freeze()).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn list(
    State(app): State<App>,
    Path(of): Path<OfOrganisation>,
    Query(part): Query<Part>,
) -> Answer<Json<Page<PictureView>>> {
    let found = app.list(of.organisation, &part.turn()?).await?;
    Ok(Json(found.into()))
}

async fn read(State(app): State<App>, Path(of): Path<OfPicture>) -> Answer<Json<PictureView>> {
    Ok(Json(app.read(of.organisation, of.picture).await?))
}

async fn remove(State(app): State<App>, ask: Ask, Path(of): Path<OfPicture>) -> Answer<StatusCode> {
    app.remove(&ask, of.organisation, of.picture).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn show(State(app): State<App>, Path(of): Path<OfSize>) -> Answer<Response> {
    let Served {
        bytes,
        blob,
        media_type,
    } = app.show(of.picture, of.size).await?;
    let mut response = Response::new(Content::from(bytes));
    let tag = HeaderValue::try_from(format!("\"{blob}\""))
        .map_err(|error| Error::internal(codes::INTERNAL, "a tag that is none").caused_by(error))?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CONTENT_DISPOSITION, INLINE);
    headers.insert(header::CACHE_CONTROL, FOR_EVER);
    headers.insert(header::ETAG, tag);
    Ok(response)
}
